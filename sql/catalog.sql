--
-- Facts: every class with its attributes, canonical whatever the way.
--
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS schema_lifecycle;
CREATE SCHEMA sl;
CREATE EXTENSION schema_lifecycle SCHEMA sl;
\pset format unaligned
\pset tuples_only on
\set facts 'SELECT class, identity, jsonb_pretty(definition) FROM sl.sl_catalog(''{app}'')'

--
-- An empty database has its schema and the extension plpgsql: nothing of
-- ours, whose schema is there, but whose objects are members.
--
SELECT class, identity, definition FROM sl.sl_catalog();
SELECT count(*) FROM sl.sl_catalog('{}') WHERE class <> 'extension';
SELECT count(*) FROM sl.sl_catalog('{pg_catalog,information_schema}')
	WHERE class <> 'extension';
SELECT * FROM sl.sl_catalog(ARRAY[NULL]::name[]);

--
-- One object of each class.  The text of definitions differs between major
-- versions only where it must not: those of views here are the same.
--
CREATE SCHEMA app;
COMMENT ON SCHEMA app IS 'all of it';
SET search_path = app, public;
CREATE ROLE regress_catalog_1;
CREATE ROLE "regress catalog 2";

CREATE TABLE parent (
	id integer GENERATED ALWAYS AS IDENTITY (START 5 INCREMENT 2 MAXVALUE 99 CACHE 3 CYCLE),
	name varchar(20) COLLATE "C" NOT NULL DEFAULT 'x',
	amount numeric(10,2),
	half numeric GENERATED ALWAYS AS (amount / 2) STORED,
	made timestamptz DEFAULT '2020-01-01 00:00:00+00',
	wait interval DEFAULT '1 day 02:00:00',
	raw bytea DEFAULT '\x00ff',
	price money DEFAULT '1.5',
	tags text[] DEFAULT '{}',
	CONSTRAINT parent_pkey PRIMARY KEY (id) INCLUDE (amount) WITH (fillfactor = 70),
	CONSTRAINT parent_name_key UNIQUE NULLS NOT DISTINCT (name) DEFERRABLE INITIALLY DEFERRED,
	CONSTRAINT parent_amount_check CHECK (amount > 0 AND name <> '') NO INHERIT,
	CONSTRAINT parent_excl EXCLUDE USING gist (box(point(id, id), point(id, id)) WITH &&)
) WITH (fillfactor = 80, toast.autovacuum_enabled = off);
ALTER TABLE parent ALTER name SET STATISTICS 500, ALTER name SET STORAGE EXTERNAL,
	ALTER raw SET COMPRESSION pglz, ALTER amount SET (n_distinct = 7, n_distinct_inherited = 8),
	ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY, REPLICA IDENTITY USING INDEX parent_pkey,
	CLUSTER ON parent_pkey;
COMMENT ON TABLE parent IS 'a table';
COMMENT ON COLUMN parent.name IS 'a column';
COMMENT ON CONSTRAINT parent_amount_check ON parent IS 'a check';
CREATE UNLOGGED TABLE child (
	parent_id integer CONSTRAINT child_parent_fkey
		REFERENCES parent ON UPDATE CASCADE ON DELETE SET NULL (parent_id) DEFERRABLE,
	note text
) WITH (autovacuum_enabled = off);
ALTER TABLE child ADD CONSTRAINT child_note_check CHECK (note > '') NOT VALID,
	REPLICA IDENTITY FULL;
CREATE TABLE heir (extra text, name varchar(20) COLLATE "C") INHERITS (parent);
CREATE UNIQUE INDEX child_idx ON child USING btree (lower(note) COLLATE "C" text_pattern_ops DESC NULLS LAST, parent_id NULLS FIRST)
	INCLUDE (note) NULLS NOT DISTINCT WITH (fillfactor = 50) WHERE parent_id > 3;
ALTER INDEX child_idx ALTER COLUMN 1 SET STATISTICS 77;
COMMENT ON INDEX child_idx IS 'an index';
CREATE INDEX child_trgm ON child USING gist (to_tsvector('simple', note) tsvector_ops (siglen = 100));
CREATE TABLE parted (a integer NOT NULL, b text, PRIMARY KEY (a), CHECK (a > 0)) PARTITION BY RANGE (a);
CREATE INDEX parted_b ON parted (b);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (1) TO (10);
CREATE TABLE parted_d PARTITION OF parted DEFAULT;
CREATE SEQUENCE counter AS smallint INCREMENT -2 MINVALUE -50 MAXVALUE 40 START 30 CACHE 4 CYCLE;
CREATE SEQUENCE owned OWNED BY child.note;
COMMENT ON SEQUENCE counter IS 'a sequence';
CREATE VIEW shown WITH (security_barrier) AS
	SELECT p.id, c.note AS words FROM app.parent p JOIN app.child c ON p.id = c.parent_id;
COMMENT ON VIEW shown IS 'a view';
CREATE MATERIALIZED VIEW kept WITH (fillfactor = 60) AS
	SELECT p.id, c.note FROM parent p, child c WITH NO DATA;
CREATE RULE quiet AS ON INSERT TO shown DO INSTEAD NOTHING;
COMMENT ON RULE quiet ON shown IS 'a rule';
CREATE FUNCTION trg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touch BEFORE UPDATE OF amount ON parent FOR EACH ROW WHEN (NEW.amount > 1) EXECUTE FUNCTION trg('x');
ALTER TABLE parent DISABLE TRIGGER touch;
COMMENT ON TRIGGER touch ON parent IS 'a trigger';
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON child DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION trg();
CREATE TRIGGER cloned AFTER INSERT ON parted FOR EACH ROW EXECUTE FUNCTION trg();
CREATE POLICY own ON parent AS RESTRICTIVE FOR UPDATE TO regress_catalog_1, "regress catalog 2"
	USING (name = CURRENT_USER AND EXISTS (SELECT FROM child c WHERE c.parent_id = id)) WITH CHECK (amount > 2);
COMMENT ON POLICY own ON parent IS 'a policy';
CREATE FUNCTION add(a integer, b integer DEFAULT 1 + 1, VARIADIC c text[] DEFAULT '{}') RETURNS SETOF bigint
	LANGUAGE sql STABLE STRICT LEAKPROOF SECURITY DEFINER PARALLEL SAFE COST 7 ROWS 9 SET search_path = app
	AS 'SELECT 1::bigint';
COMMENT ON FUNCTION add(integer, integer, text[]) IS 'a function';
CREATE FUNCTION atomic(OUT x integer) LANGUAGE sql BEGIN ATOMIC SELECT max(p.id) FROM parent p, child c; END;
CREATE PROCEDURE act(INOUT a integer) LANGUAGE plpgsql AS 'BEGIN COMMIT; END';
CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0', COMBINEFUNC = int4pl,
	SORTOP = <, PARALLEL = safe, MSFUNC = int4pl, MINVFUNC = int4mi, MSTYPE = integer);
CREATE TYPE mood AS ENUM ('sad', 'happy');
ALTER TYPE mood ADD VALUE 'so-so' BEFORE 'happy';
COMMENT ON TYPE mood IS 'an enum';
CREATE TYPE pair AS (x integer, y text COLLATE "C");
COMMENT ON TYPE pair IS 'a composite type';
CREATE DOMAIN positive AS integer DEFAULT 1 NOT NULL CONSTRAINT positive_check CHECK (VALUE > 0);
COMMENT ON CONSTRAINT positive_check ON DOMAIN positive IS 'a domain check';
CREATE TYPE span AS RANGE (SUBTYPE = text, COLLATION = "C", MULTIRANGE_TYPE_NAME = spans);
CREATE TYPE shell;
CREATE TYPE tiny;
CREATE FUNCTION tiny_in(cstring) RETURNS tiny LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
CREATE FUNCTION tiny_out(tiny) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
CREATE TYPE tiny (INPUT = tiny_in, OUTPUT = tiny_out, LIKE = integer, CATEGORY = 'N', DELIMITER = ';', DEFAULT = '7');
CREATE CAST (tiny AS integer) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE FUNCTION moody(mood) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE CAST (mood AS integer) WITH FUNCTION moody(mood) AS IMPLICIT;
CREATE FUNCTION near(pair, pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR ~~~ (FUNCTION = near, LEFTARG = pair, RIGHTARG = pair, COMMUTATOR = ~~~, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
COMMENT ON OPERATOR ~~~ (pair, pair) IS 'an operator';
CREATE OPERATOR FAMILY kin USING btree;
CREATE OPERATOR CLASS ints FOR TYPE integer USING btree FAMILY kin AS OPERATOR 1 <, OPERATOR 3 =, FUNCTION 1 btint4cmp(integer, integer);
CREATE COLLATION posix (PROVIDER = libc, LOCALE = 'C');
CREATE CONVERSION cvt FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE TEXT SEARCH TEMPLATE tmpl (INIT = dsimple_init, LEXIZE = dsimple_lexize);
CREATE TEXT SEARCH DICTIONARY dict (TEMPLATE = tmpl, STOPWORDS = english);
CREATE TEXT SEARCH PARSER prs (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype);
CREATE TEXT SEARCH CONFIGURATION conf (PARSER = prs);
ALTER TEXT SEARCH CONFIGURATION conf ADD MAPPING FOR asciiword, word WITH dict, simple;
CREATE STATISTICS stats (ndistinct, dependencies) ON name, amount FROM parent;
ALTER STATISTICS stats SET STATISTICS 33;
CREATE FOREIGN DATA WRAPPER fdw OPTIONS (z '1', a 'b c');
CREATE SERVER srv TYPE 'kind' VERSION '9' FOREIGN DATA WRAPPER fdw OPTIONS (host 'h');
CREATE USER MAPPING FOR regress_catalog_1 SERVER srv OPTIONS (password 'secret', "user" 'u');
CREATE USER MAPPING FOR PUBLIC SERVER srv;
CREATE FOREIGN TABLE away (a integer OPTIONS (column_name 'x')) SERVER srv OPTIONS (table_name 'y');
SET client_min_messages = error;
CREATE PUBLICATION pub FOR TABLE ONLY parent (id, name) WHERE (id > 3), heir
	WITH (publish = 'insert, delete', publish_via_partition_root);
CREATE PUBLICATION pub_schema FOR TABLES IN SCHEMA public;
CREATE PUBLICATION pub_all FOR ALL TABLES;
CREATE SUBSCRIPTION sub CONNECTION 'host=nowhere password=secret' PUBLICATION b, a
	WITH (connect = false, slot_name = NONE);
SET client_min_messages = warning;
CREATE FUNCTION etrg() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER evt ON ddl_command_end WHEN TAG IN ('DROP TABLE', 'CREATE TABLE') EXECUTE FUNCTION etrg();
ALTER EVENT TRIGGER evt DISABLE;
CREATE ACCESS METHOD tree TYPE INDEX HANDLER bthandler;
CREATE LANGUAGE tongue HANDLER plpgsql_call_handler VALIDATOR plpgsql_validator;
CREATE TRANSFORM FOR integer LANGUAGE sql (FROM SQL WITH FUNCTION prsd_lextype(internal));

-- classes with the number of their facts: each is there
SELECT class, count(*) FROM sl.sl_catalog('{app}') GROUP BY 1 ORDER BY class COLLATE "C";
-- what clones, serial and identity columns bring is no object of its own
SELECT class, identity FROM sl.sl_catalog('{app}')
	WHERE class IN ('table', 'sequence', 'index', 'constraint', 'trigger', 'domain constraint', 'cast');
-- every fact, but for what only one version knows: 16 to 18 added attributes
-- to subscriptions, 17 and 18 name nothing anew that these objects use
:facts WHERE class NOT IN ('subscription', 'extension', 'function', 'procedure', 'aggregate');
:facts WHERE class IN ('function', 'procedure', 'aggregate');
SELECT class, identity, definition - 'origin' - 'password_required' - 'streaming' FROM sl.sl_catalog('{app}') WHERE class = 'subscription';
-- no secret anywhere
SELECT count(*) FROM sl.sl_catalog() WHERE definition::text ~ 'secret|nowhere';

--
-- Nothing that a session can set changes a fact, nor do objects of its own.
--
SELECT sl.sl_fingerprint('{app}') AS fingerprint \gset
SET search_path = '';
SET DateStyle = 'German, DMY';
SET TimeZone = 'Asia/Kathmandu';
SET IntervalStyle = 'iso_8601';
SET extra_float_digits = -10;
SET bytea_output = 'escape';
SET lc_monetary = 'C.UTF-8';
SET quote_all_identifiers = on;
SET standard_conforming_strings = off;
SET backslash_quote = on;
SET array_nulls = off;
SELECT sl.sl_fingerprint('{app}') = :'fingerprint';
CREATE TEMP TABLE pg_class (a integer);
CREATE TEMP TABLE parent (a integer);
CREATE TEMP VIEW child AS SELECT 1 AS a;
CREATE TYPE pg_temp.int4 AS (a integer);
SET search_path = pg_temp, app, public, pg_catalog;
SELECT sl.sl_fingerprint('{app}') = :'fingerprint';
-- and the settings are as they were
SHOW DateStyle;
SHOW quote_all_identifiers;
SHOW search_path;
SHOW lock_timeout;
DISCARD ALL;
SET client_min_messages = warning;

--
-- Documents.
--
SELECT sl.sl_snapshot('{app}') ->> 'format', jsonb_typeof(sl.sl_snapshot('{app}') -> 'server');
SELECT sl.sl_snapshot() #> '{facts,enum}';
SELECT * FROM sl.sl_compare(sl.sl_snapshot());
-- live facts are those of the same schemas
SELECT sl.sl_snapshot('{app}') - 'facts' - 'server', sl.sl_snapshot('{}') - 'facts' - 'server';
SELECT * FROM sl.sl_compare(sl.sl_snapshot('{app}'));
SELECT * FROM sl.sl_compare(sl.sl_snapshot('{}'));
SELECT * FROM sl.sl_compare(sl.sl_snapshot('{app}'), sl.sl_snapshot('{app}'));
SELECT * FROM sl.sl_compare(NULL);
SELECT * FROM sl.sl_compare('[]');
SELECT * FROM sl.sl_compare('{"format": "other"}');
SELECT * FROM sl.sl_compare('{"format": "sl-snapshot-1", "facts": {}}');
SELECT * FROM sl.sl_compare('{"format": "sl-snapshot-1", "server": 15, "facts": []}');
SELECT * FROM sl.sl_compare('{"format": "sl-snapshot-1", "server": 15, "facts": {"table": 1}}');
SELECT * FROM sl.sl_compare('{"format": "sl-snapshot-1", "server": 15, "facts": {"table": {"public.t": []}}}');
SELECT * FROM sl.sl_compare('{"format": "sl-snapshot-1", "server": 15, "facts": {"table": {"public.t": {"x": 1}}}}');
SELECT * FROM sl.sl_compare('{"format": "sl-snapshot-1", "server": 15, "facts": {"table": {"public.t": {"x": ["a", {}]}}}}');
SELECT * FROM sl.sl_compare('{"format": "sl-snapshot-1", "server": 15, "facts": {}, "schemas": [1]}');
SELECT * FROM sl.sl_compare('{"format": "sl-snapshot-1", "server": 15, "facts": {}, "owners": 1}');
SELECT * FROM sl.sl_compare('{"format": "sl-snapshot-1", "server": 15, "facts": {}}', '{}');

--
-- Owners and privileges count where the database says so.
--
CREATE FUNCTION pg_temp.privileges() RETURNS SETOF text LANGUAGE sql AS
	$$SELECT concat_ws(' ', class, identity, definition ->> 'owner', definition ->> 'privileges')
	  FROM sl.sl_catalog('{app}')
	  WHERE identity IN ('app', 'app.parted', 'app.parted.b', 'app.trg()', 'app.counter') OR class = 'default privileges'$$;
SELECT pg_temp.privileges();
ALTER SCHEMA app OWNER TO regress_catalog_1;
ALTER TABLE app.parted OWNER TO regress_catalog_1;
ALTER FUNCTION app.trg() OWNER TO regress_catalog_1;
ALTER SEQUENCE app.counter OWNER TO regress_catalog_1;
GRANT SELECT (b), UPDATE (b) ON app.parted TO "regress catalog 2" WITH GRANT OPTION;
GRANT TRUNCATE ON app.parted TO PUBLIC;
REVOKE ALL ON app.parted FROM regress_catalog_1;
ALTER DEFAULT PRIVILEGES FOR ROLE regress_catalog_1 IN SCHEMA app GRANT SELECT ON TABLES TO "regress catalog 2";
SELECT sl.sl_fingerprint('{app}') = :'fingerprint';
SELECT sl.sl_configure('compare_owners', 'on');
SELECT sl.sl_configure('compare_privileges', 'on');
SELECT pg_temp.privileges();
-- what is not written down, and what is written down, are the same
SELECT sl.sl_fingerprint('{app}') AS fingerprint \gset
GRANT EXECUTE ON FUNCTION app.trg() TO PUBLIC;
SELECT sl.sl_fingerprint('{app}') = :'fingerprint';
SELECT sl.sl_snapshot('{app}') - 'facts' - 'server';
SELECT sl.sl_snapshot('{app}') AS snapshot \gset
SELECT sl.sl_configure('compare_owners', NULL);
SELECT sl.sl_configure('compare_privileges', NULL);
-- a document that has them is held against facts that have them
SELECT * FROM sl.sl_compare(:'snapshot');

--
-- The managed schemas of the database, where none are named.
--
SELECT sl.sl_configure('managed_schemas', 'app');
SELECT identity FROM sl.sl_catalog() WHERE class = 'schema';
SELECT sl.sl_configure('managed_schemas', NULL);

--
-- Away with it, all of it.
--
DROP SUBSCRIPTION sub;
DROP EVENT TRIGGER evt;
DROP OWNED BY regress_catalog_1 CASCADE;
DROP SCHEMA IF EXISTS app CASCADE;
DROP FOREIGN DATA WRAPPER fdw CASCADE;
DROP PUBLICATION pub, pub_all, pub_schema;
DROP ACCESS METHOD tree;
DROP LANGUAGE tongue;
DROP TRANSFORM FOR integer LANGUAGE sql;
DROP ROLE regress_catalog_1, "regress catalog 2";
DROP EXTENSION schema_lifecycle;
DROP SCHEMA sl;
