--
-- Repair in a session that means harm, or only has odd settings
--
-- In a database of its own.
--
SET client_min_messages = warning;
SELECT current_database() AS maindb \gset
CREATE DATABASE sl_regression_heal_hostile;
\c sl_regression_heal_hostile
SET client_min_messages = warning;
CREATE EXTENSION schema_lifecycle;
SELECT sl_register('1', $$
CREATE SCHEMA "od'd ""S";
CREATE TABLE "od'd ""S"."a.b; drop" ("select" int PRIMARY KEY, "x""
y" text DEFAULT E'a\\b''c', d date DEFAULT '2020-01-02', i interval DEFAULT '1 day 02:03', ts timestamptz DEFAULT '2020-01-02 03:04:05+00', b bytea DEFAULT '\x00ff', f float8 DEFAULT 0.1 + 0.2, m money DEFAULT '1.50');
CREATE TABLE part (d date) PARTITION BY RANGE (d);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM ('2020-01-02') TO ('2020-12-03');
CREATE VIEW v AS SELECT * FROM "od'd ""S"."a.b; drop" WHERE d > '2020-01-02' AND "x""
y" <> E'\\';
CREATE FUNCTION text_of(d date) RETURNS text LANGUAGE sql IMMUTABLE AS $f$SELECT $a$'$a$ || d$f$;
CREATE INDEX odd ON part ((d - '2020-01-02'::date));
COMMENT ON VIEW v IS E'a\\b''c';
CREATE TABLE users (id int PRIMARY KEY, n int);
CREATE UNIQUE INDEX one_n ON users (n);
$$) \gset
SELECT revision FROM sl_apply_pending();
SELECT sl_fingerprint() AS fresh \gset
INSERT INTO users VALUES (1, 1);

-- settings under which texts mean something else
DROP SCHEMA "od'd ""S" CASCADE;
DROP TABLE part;
DROP FUNCTION text_of;
SET DateStyle = 'German, DMY';
SET IntervalStyle = 'sql_standard';
SET TimeZone = 'Asia/Kolkata';
SET extra_float_digits = -5;
SET bytea_output = 'escape';
SET quote_all_identifiers = on;
SET standard_conforming_strings = off;
SET escape_string_warning = off;
SET transform_null_equals = on;
SET default_toast_compression = 'pglz';
SET default_transaction_deferrable = on;
SELECT count(*) FROM sl_repair_plan();
SELECT outcome, count(*) FROM sl_repair() GROUP BY 1;
SELECT sl_fingerprint() = :'fresh';
RESET ALL;
SET client_min_messages = warning;
SELECT sl_fingerprint() = :'fresh';

-- objects that lie in wait for names
CREATE TEMP TABLE users (id int, n int);
CREATE SCHEMA evil;
CREATE FUNCTION evil.boom(int4, int4) RETURNS bool LANGUAGE plpgsql AS $$BEGIN RAISE 'boom'; END$$;
CREATE OPERATOR evil.= (FUNCTION = evil.boom, LEFTARG = int4, RIGHTARG = int4);
CREATE FUNCTION evil.max(int) RETURNS int LANGUAGE plpgsql AS $$BEGIN RAISE 'boom'; END$$;
CREATE FUNCTION evil.concat(text, text) RETURNS text LANGUAGE plpgsql AS $$BEGIN RAISE 'boom'; END$$;
SET search_path = evil, pg_temp, pg_catalog, public;
DROP INDEX public.one_n;
INSERT INTO public.users VALUES (2, 1);
SELECT public.sl_repair();
DELETE FROM public.users WHERE id OPERATOR(pg_catalog.=) 2;
SELECT public.sl_repair();
RESET search_path;
DROP TABLE pg_temp.users;
DROP SCHEMA evil CASCADE;
SELECT sl_fingerprint() = :'fresh', sl_verify();

-- an event trigger that refuses: nothing is half done
CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'no DDL today'; END$$;
CREATE EVENT TRIGGER refuse ON ddl_command_end WHEN TAG IN ('COMMENT') EXECUTE FUNCTION refuse();
DROP VIEW v;
SELECT outcome FROM sl_repair();
SELECT to_regclass('v');
DROP EVENT TRIGGER refuse;
DROP FUNCTION refuse;
SELECT outcome FROM sl_repair();

-- a plan can be had without USAGE of the schema that it is about
CREATE ROLE regress_heal_hostile;
SELECT sl_grant('regress_heal_hostile', 'read');
ALTER TABLE "od'd ""S"."a.b; drop" ALTER COLUMN d DROP DEFAULT;
SET ROLE regress_heal_hostile;
SELECT statement, safe FROM sl_repair_plan();
RESET ROLE;
SELECT outcome FROM sl_repair();
DROP OWNED BY regress_heal_hostile;
DROP ROLE regress_heal_hostile;

-- inside a migration, in a function with other rights
SELECT sl_register('2', 'SELECT sl_repair()') \gset
SELECT revision FROM sl_apply_pending();
SELECT sl_unregister('2');
CREATE FUNCTION definer() RETURNS bigint SECURITY DEFINER LANGUAGE sql AS 'SELECT count(*) FROM sl_repair()';
SELECT definer();
DROP FUNCTION definer;
SELECT sl_verify();

-- a row is named without what the owner of its key's type made of it
CREATE TYPE pair AS (a int);
CREATE FUNCTION evil(pair) RETURNS text LANGUAGE plpgsql AS $$BEGIN RAISE 'boom, as %', current_user; END$$;
CREATE CAST (pair AS text) WITH FUNCTION evil(pair);
CREATE TABLE paired (p pair PRIMARY KEY, n int);
INSERT INTO paired VALUES (ROW(7), -1);
SELECT sl_register('3', 'ALTER TABLE paired ADD CONSTRAINT positive CHECK (n > 0)') \gset
SELECT count(*) FROM sl_stamp('3', true, 'forced');
SELECT sl_import_manifest(jsonb_set(sl_manifest(), '{revisions}', (SELECT jsonb_agg(CASE WHEN r ->> 'revision' = '3' THEN
	r || '{"footprint": [{"change": "added", "class": "constraint", "identity": "public.paired.positive", "definition": {"kind": "check", "columns": ["n"], "expression": "n > 0", "validated": true}}]}' ELSE r END)
	FROM jsonb_array_elements(sl_manifest() -> 'revisions') AS r)));
SELECT outcome FROM sl_repair('{"replay": "off"}') WHERE revision = '3';
\c :maindb
DROP DATABASE sl_regression_heal_hostile;
