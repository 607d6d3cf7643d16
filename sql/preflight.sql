--
-- sl_preflight: what would stand in the way of a run, a row each.
--
SELECT current_database() AS maindb \gset
CREATE ROLE regress_preflight_owner;
CREATE ROLE regress_preflight_dev NOLOGIN;
CREATE ROLE "regress preflight ci" LOGIN CREATEDB;
CREATE DATABASE sl_regression_preflight TEMPLATE template0;
\c sl_regression_preflight
CREATE EXTENSION schema_lifecycle;
SET client_min_messages = warning;
\pset null '-'
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
-- how many workers and locks there are is the server's
\set preflight 'SELECT check_name, ok, regexp_replace(detail, ''\\d+ of \\d+|about \\d+'', ''N'') AS detail, remedy FROM sl_preflight();'
\set problems 'SELECT check_name, detail, remedy FROM sl_preflight() WHERE NOT ok;'

-- a superuser with an empty registry
:preflight
SELECT * FROM sl_preflight('unknown');

-- somebody with few rights
CREATE SCHEMA app AUTHORIZATION regress_preflight_owner;
CREATE SCHEMA "Open";
GRANT USAGE, CREATE ON SCHEMA "Open" TO regress_preflight_dev;
CREATE TABLE public.users (id int PRIMARY KEY, name text);
CREATE TABLE app.orders (id int PRIMARY KEY);
CREATE INDEX orders_id ON app.orders (id);
CREATE VIEW app.v AS SELECT 1 AS one;
CREATE SEQUENCE app.numbers;
ALTER TABLE app.orders OWNER TO regress_preflight_owner;
ALTER VIEW app.v OWNER TO regress_preflight_owner;
ALTER SEQUENCE app.numbers OWNER TO regress_preflight_owner;
SELECT sl_grant('regress_preflight_dev', 'deploy');
SELECT sl_grant('"regress preflight ci"', 'read');
SET ROLE regress_preflight_dev;
SELECT sl_register('001', $$
	ALTER TABLE users ADD email text;
	ALTER TABLE users ADD phone text;
	CREATE INDEX ON app.orders (id);
	DROP TABLE IF EXISTS nothing, app.orders;
	DROP INDEX app.orders_id;
	CREATE OR REPLACE VIEW app.v AS SELECT 1 AS one;
	ALTER SEQUENCE app.numbers RESTART;
	COMMENT ON COLUMN app.orders.id IS 'x';
	DROP TRIGGER t ON app.orders;
	ALTER TABLE not_there ADD a int;
	CREATE TEMP TABLE t (a int)$$);
SELECT sl_register('002', $$
	CREATE TABLE "Open".mine (a int);
	ALTER TABLE "Open".mine ADD b int;
	CREATE TYPE app.mood AS ENUM ();
	CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
	CREATE TABLE new.t (a int);
	CREATE SCHEMA new$$);
SELECT sl_register('003', 'CREATE INDEX CONCURRENTLY i ON users (id)');
SELECT sl_register('004', 'VACUUM');
:problems
-- up to a revision
SELECT check_name, detail, remedy FROM sl_preflight('001') WHERE NOT ok AND check_name IN ('schemas', 'workers', 'ownership');
SET search_path = nowhere, public;
SELECT check_name, detail, remedy FROM public.sl_preflight() WHERE NOT ok AND check_name IN ('schemas', 'ownership');
SET search_path = nowhere;
SELECT check_name, detail, remedy FROM public.sl_preflight() WHERE NOT ok AND check_name IN ('schemas', 'ownership');
RESET search_path;
RESET ROLE;

-- scripts of somebody else
SET ROLE "regress preflight ci";
SELECT check_name, detail, remedy FROM sl_preflight() WHERE NOT ok AND check_name IN ('privileges', 'registrars', 'createdb');
RESET ROLE;
:problems
SET schema_lifecycle.trusted_registrars = regress_preflight_dev;
SELECT ok, detail FROM sl_preflight() WHERE check_name = 'registrars';
RESET schema_lifecycle.trusted_registrars;

-- another tool's
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
CREATE VIEW flyway_schema_history AS SELECT 1 AS one;
SELECT check_name, ok, detail, remedy FROM sl_preflight() WHERE check_name = 'version_tables';
SELECT sl_resolve('001', 'applied', 'for the test');
SELECT check_name, ok, detail, remedy FROM sl_preflight() WHERE check_name = 'version_tables';

-- the session
SET statement_timeout = '1min';
SET schema_lifecycle.migration_lock_timeout = 0;
SELECT ok, detail, remedy FROM sl_preflight() WHERE check_name = 'settings';
RESET statement_timeout;
RESET schema_lifecycle.migration_lock_timeout;
BEGIN READ ONLY;
SELECT ok, detail, remedy FROM sl_preflight() WHERE check_name = 'writable';
COMMIT;

-- many statements
SELECT sl_register('005', (SELECT string_agg('SELECT 1', ';') FROM generate_series(1, 100000)));
SELECT ok, regexp_replace(detail, 'about \d+', 'N') AS detail, remedy FROM sl_preflight() WHERE check_name = 'lock_table';

-- a broken graph
SELECT sl_register('a', 'SELECT 1', NULL, '{b}');
SELECT sl_register('b', 'SELECT 1', NULL, '{a}');
SELECT ok, detail, remedy FROM sl_preflight() WHERE check_name IN ('graph', 'ownership', 'workers') AND NOT (ok AND check_name = 'workers');

-- nothing is written
BEGIN;
SELECT count(*) > 10 AS many FROM sl_preflight();
SELECT pg_current_xact_id_if_assigned(), count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype IN ('advisory', 'object');
COMMIT;
\c :maindb
DROP DATABASE sl_regression_preflight;
DROP ROLE regress_preflight_owner;
DROP ROLE regress_preflight_dev;
DROP ROLE "regress preflight ci";
