--
-- sl_guard: DDL outside migrations is seen or refused, by whom it is let
-- pass, and that nobody is locked out.
--
SELECT current_database() AS maindb \gset
CREATE ROLE regress_guard_app;
CREATE ROLE regress_guard_dba;
CREATE DATABASE sl_regression_guard TEMPLATE template0;
\c sl_regression_guard
CREATE EXTENSION schema_lifecycle;
\pset null '-'
SET application_name = 'regress';
GRANT CREATE, USAGE ON SCHEMA public TO regress_guard_app, regress_guard_dba;
-- what was logged since the last look
CREATE TABLE public.seen AS SELECT clock_timestamp() AS at;
CREATE PROCEDURE look() LANGUAGE sql AS 'UPDATE seen SET at = clock_timestamp()';
\set seen 'SELECT command, class, identity, revision, statement FROM sl_ddl_log WHERE at > (SELECT at FROM seen); CALL look();'

--
-- Modes
--
SELECT sl_guard(NULL);
SELECT sl_guard('on');
SELECT sl_guard('log');
SELECT sl_guard('log');
SELECT evtname, evtevent, evtfoid::regproc, evtenabled FROM pg_event_trigger ORDER BY 1;
SELECT sl_guard('deny');
SELECT evtname, evtfoid::regproc FROM pg_event_trigger ORDER BY 1;
SELECT sl_guard('off');
SELECT evtname FROM pg_event_trigger;
SELECT sl_guard_log();
-- no part of the schema
SELECT sl_fingerprint() AS unguarded \gset
SELECT sl_guard('deny');
SELECT sl_fingerprint() = :'unguarded' AS same;
SELECT sl_guard('off');
-- who may switch it
SET ROLE regress_guard_app;
SELECT sl_guard('off');
RESET ROLE;
SELECT sl_grant('regress_guard_dba', 'admin');
SET ROLE regress_guard_dba;
SELECT sl_guard('log');
SELECT sl_guard('off');
RESET ROLE;

--
-- log: every statement, by the name that its objects had before
--
SET client_min_messages = warning;
SELECT sl_register('001', $$
	CREATE TABLE users (id serial PRIMARY KEY, name text, email text);
	CREATE TYPE mood AS ENUM ('sad');
	CREATE DOMAIN posint AS int CHECK (VALUE > 0);
	CREATE FUNCTION f(int, text, mood) RETURNS int LANGUAGE sql AS 'SELECT 1';
	CREATE INDEX users_name ON users (name)$$);
SELECT sl_configure('managed_schemas', 'app');
SELECT revision FROM sl_apply_pending();
SELECT sl_configure('managed_schemas', NULL);
SELECT sl_guard('log');
SELECT sl_register('002', 'ALTER TABLE users ADD age int; CREATE TABLE "Odd Name" (a int)');
SELECT revision FROM sl_apply_pending();
SELECT sl_register('003', 'CREATE INDEX CONCURRENTLY users_email ON users (email)');
CALL sl_migrate();
SELECT count(*) AS logged FROM sl_ddl_log;
CALL look();

CREATE TABLE made (id serial PRIMARY KEY, v text CHECK (v <> ''));
:seen
ALTER TABLE users ADD phone text, ALTER name SET DEFAULT 'x', ADD CONSTRAINT users_id CHECK (id > 0);
:seen
ALTER TABLE users DROP COLUMN email;
:seen
ALTER TABLE users RENAME COLUMN name TO label;
ALTER TABLE users RENAME TO people;
ALTER INDEX users_name RENAME TO people_name;
ALTER TABLE people RENAME TO users;
:seen
CREATE SCHEMA app CREATE TABLE inside (a int) CREATE VIEW one AS SELECT a FROM inside;
:seen
ALTER TABLE "Odd Name" SET SCHEMA app;
ALTER TYPE mood ADD VALUE 'ok';
ALTER TYPE mood RENAME TO moods;
ALTER TYPE moods SET SCHEMA app;
ALTER DOMAIN posint DROP CONSTRAINT posint_check;
ALTER FUNCTION f(int, text, app.moods) COST 7;
:seen
COMMENT ON COLUMN users.id IS 'x';
GRANT SELECT, UPDATE (id) ON users TO PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;
CREATE TRIGGER t BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE POLICY p ON users USING (true);
CREATE RULE r AS ON DELETE TO users DO INSTEAD NOTHING;
CREATE STATISTICS st ON id, age FROM users;
CREATE MATERIALIZED VIEW mv AS SELECT 1 AS one;
SELECT 1 AS one INTO selected;
:seen
CREATE INDEX CONCURRENTLY users_age ON users (age);
DROP INDEX CONCURRENTLY users_age;
:seen
DO $$ BEGIN CREATE TABLE by_block (a int); END $$;
DO $$ BEGIN CREATE TABLE by_block_2 (a int); PERFORM 'password'; END $$;
SELECT 1 \; CREATE TABLE second (a int) \; SELECT 3;
PREPARE made_by_prepared AS SELECT 1 AS a;
CREATE TABLE by_prepared AS EXECUTE made_by_prepared;
:seen
CREATE FOREIGN DATA WRAPPER regress_fdw;
CREATE SERVER regress_server FOREIGN DATA WRAPPER regress_fdw OPTIONS (password 'secret');
CREATE USER MAPPING FOR PUBLIC SERVER regress_server OPTIONS (password 'secret');
:seen
DROP FUNCTION f;
DROP TYPE app.moods;
DROP SCHEMA app CASCADE;
DROP OWNED BY regress_guard_app;
-- of this the server tells nobody
REASSIGN OWNED BY regress_guard_app TO regress_guard_dba;
:seen
-- nothing is done, or nothing that facts know
DROP TABLE IF EXISTS nothing;
CREATE TABLE IF NOT EXISTS made (a int);
CREATE TEMP TABLE t1 (a int);
ALTER TABLE t1 ADD b int;
CREATE INDEX ON t1 (a);
DROP TABLE t1;
CREATE TEMP VIEW v1 AS SELECT 1;
CREATE VIEW v2 AS SELECT * FROM v1;
REFRESH MATERIALIZED VIEW mv;
REINDEX TABLE users;
INSERT INTO made VALUES (1, 'x');
TRUNCATE made;
SELECT sl_grant('regress_guard_app', 'read');
:seen
-- an extension is one statement, not its script
CREATE EXTENSION pg_trgm;
ALTER EXTENSION pg_trgm SET SCHEMA public;
DROP EXTENSION pg_trgm;
:seen
-- rolled back, it was not
BEGIN;
CREATE TABLE gone (a int);
ROLLBACK;
:seen
-- a long statement is cut between characters
SELECT 'COMMENT ON TABLE users IS ''' || repeat('ä', 5000) || '''' AS long \gset
:long;
SELECT length(statement), octet_length(statement), right(statement, 6) FROM sl_ddl_log WHERE at > (SELECT at FROM seen);
CALL look();
-- who
SET ROLE regress_guard_app;
CREATE TEMP TABLE who AS SELECT 1 AS a;
SET SESSION AUTHORIZATION regress_guard_dba;
CREATE TABLE by_dba (a int);
RESET SESSION AUTHORIZATION;
SELECT role, application_name, client, command, identity FROM sl_ddl_log WHERE at > (SELECT at FROM seen);
CALL look();
-- the books are broken: the statement stays
SET schema_lifecycle.guard_bypass = on;
CREATE RULE nothing AS ON INSERT TO sl_ddl_event DO INSTEAD NOTHING;
RESET schema_lifecycle.guard_bypass;
SET client_min_messages = warning;
CREATE TABLE survives (a int);
SET schema_lifecycle.guard_bypass = on;
DROP RULE nothing ON sl_ddl_event;
RESET schema_lifecycle.guard_bypass;
CREATE TABLE survives_2 (a int);
:seen
SELECT sl_verify();

--
-- deny
--
SELECT sl_guard('deny');
CREATE TABLE nope (a int);
\set VERBOSITY terse
CREATE TABLE app.nope (a int);
CREATE TABLE nope AS SELECT 1 AS a;
SELECT 1 AS a INTO nope;
CREATE INDEX CONCURRENTLY nope ON users (age);
CREATE INDEX ON users (age);
SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'users'::regclass ORDER BY 1;
ALTER TABLE users ADD nope int;
ALTER TABLE users RENAME TO nope;
DROP TABLE users;
DROP INDEX CONCURRENTLY people_name;
DROP TABLE IF EXISTS users, made;
ALTER SEQUENCE users_id_seq RESTART;
CREATE SEQUENCE nope;
CREATE TYPE nope AS ENUM ();
ALTER TYPE posint SET SCHEMA pg_catalog;
CREATE FUNCTION nope() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE VIEW nope AS SELECT 1;
CREATE SCHEMA nope;
CREATE EXTENSION pg_trgm;
COMMENT ON TABLE users IS 'nope';
CREATE SUBSCRIPTION nope CONNECTION 'host=nowhere' PUBLICATION p WITH (connect = false);
SET client_min_messages = error;
CREATE PUBLICATION nope FOR TABLE users;
SET client_min_messages = warning;
DROP OWNED BY regress_guard_app;
DO $$ BEGIN CREATE TABLE nope (a int); END $$;
DO $$ BEGIN CREATE TABLE nope (a int); EXCEPTION WHEN SQLSTATE 'SL008' THEN RAISE WARNING 'caught %', SQLSTATE; END $$;
-- these pass
DROP TABLE IF EXISTS nothing;
CREATE TABLE IF NOT EXISTS made (a int);
CREATE INDEX IF NOT EXISTS people_name ON users (age);
CREATE TEMP TABLE t1 (a int);
ALTER TABLE t1 ADD b int;
CREATE INDEX ON t1 (a);
DROP TABLE t1;
CREATE TABLE pg_temp.t2 (a int);
CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE VIEW v3 AS SELECT * FROM v1;
REFRESH MATERIALIZED VIEW mv;
REINDEX TABLE users;
ANALYZE users;
TRUNCATE made;
SELECT sl_grant('regress_guard_app', 'read');
-- privileges are business where they are compared
GRANT SELECT ON users TO regress_guard_app;
SELECT sl_configure('compare_privileges', 'on');
REVOKE SELECT ON users FROM regress_guard_app;
SELECT sl_configure('compare_privileges', NULL);
-- migrations
SELECT sl_register('004', 'ALTER TABLE users ADD four int; DO $$ BEGIN CREATE TABLE four (a int); END $$', 'DROP TABLE four; ALTER TABLE users DROP four');
SELECT revision FROM sl_apply_pending();
SELECT sl_register('005', 'CREATE INDEX CONCURRENTLY users_four ON users (four)', 'DROP INDEX CONCURRENTLY users_four');
CALL sl_migrate();
CALL sl_revert_online('003');
-- repairs
SELECT action, outcome FROM sl_repair() WHERE revision = '003' AND outcome = 'done';

--
-- Rules
--
SELECT sl_configure('guard_allow_schemas', 'app, "Scratch"');
CREATE SCHEMA app;
CREATE TABLE app.a (i int);
ALTER TABLE app.a ADD j int;
CREATE INDEX CONCURRENTLY a_j ON app.a (j);
CREATE TYPE app.mood AS ENUM ('sad');
DROP TYPE app.mood;
CREATE TABLE "Scratch".a (i int);
CREATE SCHEMA "Scratch";
CREATE TABLE "Scratch".a (i int);
ALTER TABLE app.a SET SCHEMA public;
ALTER TABLE app.a RENAME TO b;
ALTER TABLE app.b SET SCHEMA "Scratch";
ALTER TABLE users SET SCHEMA app;
CREATE VIEW app.v AS SELECT * FROM users;
DROP SCHEMA app CASCADE;
CREATE VIEW nope AS SELECT * FROM "Scratch".b;
SELECT sl_configure('guard_allow_schemas', NULL);
CREATE TABLE "Scratch".c (i int);
SELECT sl_configure('guard_allow_roles', 'regress_guard_dba');
SET ROLE regress_guard_dba;
CREATE TABLE by_role (a int);
SET ROLE regress_guard_app;
CREATE TABLE nope (a int);
RESET ROLE;
SELECT sl_configure('guard_allow_roles', NULL);
DROP TABLE by_role;
SELECT sl_configure('guard_allow_applications', '"Nightly job", regress');
CREATE TABLE by_application (a int);
SET application_name = 'Nightly job';
DROP TABLE by_application;
SET application_name = 'another';
CREATE TABLE nope (a int);
SELECT sl_configure('guard_allow_applications', NULL);
SELECT sl_configure('guard_allow_extensions', 'pg_trgm, no_such_extension');
CREATE EXTENSION pg_trgm;
ALTER FUNCTION similarity(text, text) COST 7;
DROP EXTENSION pg_trgm;
CREATE TABLE nope (a int);
SELECT sl_configure('guard_allow_extensions', 'no, commas,');
CREATE EXTENSION pg_trgm;
-- a function of the extension, as pg_partman has: any depth, in any schema
SET schema_lifecycle.guard_bypass = on;
CREATE SCHEMA "Part Man";
CREATE FUNCTION "Part Man".make(name text) RETURNS void LANGUAGE plpgsql AS
	$$ BEGIN EXECUTE format('CREATE TABLE public.%I (a int)', name); END $$;
CREATE PROCEDURE "Part Man".run(name text) LANGUAGE plpgsql AS
	$$ BEGIN PERFORM "Part Man".make(name); END $$;
ALTER EXTENSION pg_trgm ADD PROCEDURE "Part Man".run(text);
CREATE FUNCTION public.run(name text) RETURNS void LANGUAGE plpgsql AS
	$$ BEGIN EXECUTE format('CREATE TABLE public.%I (a int)', name); END $$;
RESET schema_lifecycle.guard_bypass;
CALL "Part Man".run('partition_1');
SELECT "Part Man".make('nope');
SELECT public.run('nope');
SET search_path = "Part Man", public;
CALL run('partition_2');
RESET search_path;
DO $$ BEGIN CALL "Part Man".run('partition_3'); END $$;
SELECT sl_configure('guard_allow_extensions', NULL);
CALL "Part Man".run('nope');
-- another tool's migrations, where they are observed: it looks at its version
-- table before it begins
SET schema_lifecycle.guard_bypass = on;
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
CREATE TABLE another (version_num varchar(32) PRIMARY KEY);
RESET schema_lifecycle.guard_bypass;
BEGIN;
SELECT version_num FROM alembic_version;
CREATE TABLE nope (a int);
ROLLBACK;
SELECT sl_observe('alembic_version', 'record');
BEGIN;
SELECT version_num FROM alembic_version;
CREATE TABLE made_by_tool (a int);
COMMIT;
BEGIN;
SELECT version_num FROM another;
CREATE TABLE nope (a int);
ROLLBACK;
CREATE TABLE nope (a int);
SELECT sl_unobserve('alembic_version');
BEGIN;
SELECT version_num FROM alembic_version;
CREATE TABLE nope (a int);
ROLLBACK;

--
-- The way out
--
SET ROLE regress_guard_app;
SET schema_lifecycle.guard_bypass = on;
RESET ROLE;
SET schema_lifecycle.guard_bypass = on;
CREATE TABLE bypassed (a int);
RESET schema_lifecycle.guard_bypass;
DROP TABLE bypassed;
ALTER EVENT TRIGGER schema_lifecycle_guard_start DISABLE;
ALTER EVENT TRIGGER schema_lifecycle_guard_end DISABLE;
ALTER EVENT TRIGGER schema_lifecycle_guard_drop DISABLE;
SELECT sl_guard(NULL);
DROP TABLE bypassed;
SELECT sl_guard('deny');
DROP TABLE nothing;
DROP EXTENSION pg_trgm, schema_lifecycle;
ALTER EXTENSION schema_lifecycle UPDATE;
-- as after a restore, nothing says that the triggers go with the extension
BEGIN;
DELETE FROM pg_depend WHERE classid = 'pg_event_trigger'::regclass AND refclassid = 'pg_extension'::regclass;
DROP EXTENSION schema_lifecycle;
ROLLBACK;
DROP EXTENSION schema_lifecycle;
SELECT evtname FROM pg_event_trigger;
CREATE TABLE free (a int);
CREATE EXTENSION schema_lifecycle;
SELECT sl_guard(NULL);
\c :maindb
DROP DATABASE sl_regression_guard;
DROP ROLE regress_guard_app;
DROP ROLE regress_guard_dba;
