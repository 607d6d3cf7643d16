--
-- Rehearsal: revisions run in a scratch database, for their footprints
--
SET client_min_messages = warning;
SELECT current_database() AS maindb \gset
CREATE DATABASE sl_regression_rehearse TEMPLATE template0;
\c sl_regression_rehearse
SET client_min_messages = warning;
CREATE SCHEMA sl;
CREATE EXTENSION schema_lifecycle SCHEMA sl;
SET search_path = public, sl;
\pset format unaligned
\pset tuples_only on
CREATE VIEW evidence AS
	SELECT revision, evidence, log_id, complete,
		(SELECT count(*) FROM sl.sl_footprint f WHERE f.evidence_id = e.id) AS rows
	FROM sl.sl_evidence e ORDER BY revision, id;
CREATE VIEW scratch AS
	SELECT count(*) FROM pg_database WHERE datname LIKE 'sl\_rehearsal\_%';
-- what is not the migrations' business
SELECT sl_configure('managed_schemas', 'app');

-- S2: the version table says 018; nothing else is known here
CREATE SCHEMA app;
CREATE TABLE app.users (id int PRIMARY KEY, name text);
SELECT sl_register('016_users', 'CREATE SCHEMA app; CREATE TABLE app.users (id int PRIMARY KEY, name text)');
SELECT sl_register('017_sessions', $$
	CREATE TABLE app.sessions (id bigint PRIMARY KEY, user_id int REFERENCES app.users, seen timestamptz);
	CREATE INDEX sessions_user ON app.sessions (user_id)$$);
SELECT sl_register('018_notifications', $$
	CREATE TABLE app.notifications (id bigint PRIMARY KEY, body text NOT NULL);
	ALTER TABLE app.users ADD COLUMN notify boolean DEFAULT true NOT NULL$$);
SELECT sl_stamp('018', true, 'deploy job');
SELECT revision, verdict, class, identity FROM sl_detect_stamp_drift();
CALL sl_rehearse();
SELECT * FROM evidence;
SELECT revision, verdict, class, identity, problem, evidence FROM sl_detect_stamp_drift();
SELECT severity, class, identity, problem, revision FROM sl_detect_drift();
SELECT revision, missing, altered FROM sl_locate();
SELECT * FROM scratch;

-- again: nothing is done, and no database is made
SET client_min_messages = notice;
CALL sl_rehearse();
CALL sl_rehearse('016');
CALL sl_rehearse('base');
SET client_min_messages = warning;
-- a new one: only that is new
SELECT sl_register('019', 'ALTER TABLE app.sessions ADD COLUMN agent text');
CALL sl_rehearse();
SELECT * FROM evidence;
SELECT class, identity, change FROM sl_footprint WHERE evidence_id = 4;
-- what is pending has a footprint before it runs; the run's own comes on top
SELECT count(*) FROM sl_expected('019') WHERE class = 'column' AND identity = 'app.sessions.agent';
-- registered anew, with another text: the old footprint is of another script
SELECT sl_register('019', 'ALTER TABLE app.sessions ADD COLUMN agent varchar(99)');
CALL sl_rehearse();
SELECT * FROM evidence WHERE revision = '019';

-- a script that fails: what came before it is kept
SELECT sl_register('020', 'CREATE TABLE app.a (b int)');
SELECT sl_register('021', $$CREATE TABLE app.c (d int);
ALTER TABLE app.c
	ADD COLUMN e nothing$$);
SELECT sl_register('022', 'CREATE TABLE app.f (g int)');
CALL sl_rehearse();
SELECT * FROM evidence WHERE revision > '019';
SELECT * FROM scratch;
SELECT sl_register('021', $$CREATE TABLE app.c (d int);
DO 'BEGIN RAISE EXCEPTION ''no'' USING HINT = ''my own''; END'$$);
CALL sl_rehearse();
SELECT sl_register('021', 'COMMIT; SELECT 1');
CALL sl_rehearse();
SELECT sl_register('021', '-- sl:no-transaction
CREATE TABLE app.c (d int);
CREATE INDEX CONCURRENTLY c_d ON app.c (d);
CREATE INDEX CONCURRENTLY c_e ON app.c (e);');
CALL sl_rehearse();
SELECT sl_register('021', '-- sl:no-transaction
CREATE TABLE app.c (d int);
CREATE INDEX CONCURRENTLY c_d ON app.c (d);
SET search_path = app; SET ROLE pg_monitor; PREPARE p AS SELECT 1; CREATE TEMP TABLE c (x int);');
SELECT sl_register('022', $$DO 'BEGIN
	ASSERT current_setting(''search_path'') = ''"$user", public, pg_temp'', current_setting(''search_path'');
	ASSERT current_user = session_user;
	ASSERT NOT EXISTS (SELECT FROM pg_prepared_statements);
	ASSERT NOT EXISTS (SELECT FROM pg_class WHERE relpersistence = ''t'');
	ASSERT NOT EXISTS (SELECT FROM pg_extension WHERE extname <> ''plpgsql'');
	ASSERT current_database() LIKE ''sl\_rehearsal\_%'';
END'$$);
CALL sl_rehearse();
SELECT * FROM evidence WHERE revision > '019';

-- not in a transaction, a function, a migration
BEGIN;
CALL sl_rehearse();
ROLLBACK;
DO 'BEGIN CALL sl_rehearse(); END';
SELECT sl_register('023', 'CREATE TABLE app.u (v int)');
CREATE PROCEDURE public.inner_call() LANGUAGE plpgsql AS 'BEGIN CALL sl.sl_rehearse(); END';
BEGIN;
CALL inner_call();
ROLLBACK;
-- options and targets
CALL sl_rehearse(NULL, '{"no_such_option": 1}');
CALL sl_rehearse('nothing');
CALL sl_rehearse('02');
SELECT sl_register('b1', 'SELECT 1', parents => '{023}'), sl_register('b2', 'SELECT 2', parents => '{023}');
CALL sl_rehearse();
CALL sl_rehearse('b1');
SELECT * FROM evidence WHERE revision > '022';
CALL sl_rehearse('heads');
SELECT * FROM evidence WHERE revision > '022';

-- repeatables and seeds
SELECT sl_register('views', 'CREATE OR REPLACE VIEW app.v AS SELECT 1 AS one', kind => 'repeatable');
SELECT sl_register('users', 'INSERT INTO app.users VALUES (1, ''x'')', kind => 'seed');
CALL sl_rehearse('heads');
SELECT * FROM evidence WHERE revision > 'c';
SELECT sl_register('views', 'CREATE OR REPLACE VIEW app.v AS SELECT 2 AS one', kind => 'repeatable');
CALL sl_rehearse('views');
SELECT * FROM evidence WHERE revision > 'c';
SELECT definition ->> 'definition' FROM sl_footprint WHERE identity = 'app.v';

-- cycles
SELECT sl_register('b1', 'SELECT 1', parents => '{b2}'), sl_register('b2', 'SELECT 2', parents => '{b1}');
CALL sl_rehearse('heads');
SELECT sl_register('b2', 'SELECT 2', parents => '{023}');

-- external: there is nothing to run
SELECT sl_register('x1', NULL, parents => '{b2}'), sl_register('x2', 'CREATE TABLE app.w (x int)', parents => '{x1}');
SELECT sl_register('b1b', 'CREATE TABLE app.y (z int)', parents => '{b1}');
CALL sl_rehearse('x2');
CALL sl_rehearse('b1b');
SELECT * FROM evidence WHERE revision IN ('x1', 'x2', 'b1b');

--
-- A baseline: what it replaces is rehearsed where that was run, it itself
-- where it was, or where nothing is there
--
DROP EXTENSION schema_lifecycle CASCADE;
CREATE EXTENSION schema_lifecycle SCHEMA sl;
DROP SCHEMA app CASCADE;
CREATE VIEW evidence AS SELECT revision, evidence FROM sl.sl_evidence ORDER BY 1;
SELECT sl_configure('managed_schemas', 'app');
SELECT sl_register('1', 'CREATE SCHEMA app; CREATE TABLE app.a (x int)'), sl_register('2', 'CREATE TABLE app.b (x int)');
SELECT sl_register('squashed', '-- sl:replaces 1..2
CREATE SCHEMA app; CREATE TABLE app.a (x int); CREATE TABLE app.b (x int)', kind => 'baseline', parents => '{}');
SELECT sl_register('3', 'CREATE TABLE app.c (x int)', parents => '{squashed}');
CALL sl_rehearse();
SELECT string_agg(revision, ' ') FROM evidence;
SELECT sl_stamp('2', true, 'elsewhere');
CALL sl_rehearse();
SELECT string_agg(revision, ' ') FROM evidence;

--
-- Schemas and extensions that are here and that no script makes come first
--
DROP EXTENSION schema_lifecycle CASCADE;
CREATE EXTENSION schema_lifecycle SCHEMA sl;
CREATE SCHEMA "Given, too.*";
CREATE SCHEMA made;
CREATE EXTENSION hstore SCHEMA "Given, too.*";
CREATE EXTENSION cube;
CREATE EXTENSION citext;
SELECT sl_register('1', $$
	CREATE TABLE "Given, too.*".a (b "Given, too.*".hstore, c cube);
	CREATE SCHEMA IF NOT EXISTS "made";
	create extension
		citext;
	CREATE TABLE made.d (e citext)$$);
CALL sl_rehearse();
SELECT class, identity, change FROM sl_footprint ORDER BY ordinal;

--
-- What reaches outside is passed over
--
DROP EXTENSION schema_lifecycle CASCADE;
CREATE EXTENSION schema_lifecycle SCHEMA sl;
CREATE VIEW evidence AS
	SELECT revision, (SELECT count(*) FROM sl.sl_footprint f WHERE f.evidence_id = e.id) AS rows
	FROM sl.sl_evidence e ORDER BY 1;
CREATE ROLE regress_rehearse_there;
CREATE ROLE regress_rehearse_shared;
GRANT CONNECT ON DATABASE sl_regression_rehearse TO regress_rehearse_shared;
SELECT sl_register('01 roles', $$
	CREATE ROLE regress_rehearse_new PASSWORD 'secret';
	CREATE USER regress_rehearse_there;
	ALTER ROLE regress_rehearse_there SUPERUSER;
	ALTER ROLE regress_rehearse_there RENAME TO regress_rehearse_else;
	ALTER ROLE regress_rehearse_there SET work_mem = '1GB';
	COMMENT ON ROLE regress_rehearse_there IS 'x';
	GRANT pg_monitor TO regress_rehearse_there;
	DROP ROLE regress_rehearse_there;
	CREATE TABLE t (a int);
	GRANT SELECT ON t TO regress_rehearse_there;
$$);
SELECT sl_register('02 grants', $$
	CREATE TABLE u (a int);
	GRANT SELECT ON u TO regress_rehearse_new, regress_rehearse_there;
$$);
SELECT sl_register('03 owners', 'CREATE TABLE v (a int); ALTER TABLE v OWNER TO regress_rehearse_new');
SELECT sl_register('04 defaults', 'ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO regress_rehearse_new');
SELECT sl_register('05 other places', $$
	CREATE SCHEMA AUTHORIZATION regress_rehearse_new;
	CREATE TABLE regress_rehearse_new.t (a int);
	CREATE POLICY p ON t TO regress_rehearse_new USING (true);
	ALTER POLICY p ON t TO regress_rehearse_new, regress_rehearse_there;
	ALTER SCHEMA regress_rehearse_new OWNER TO regress_rehearse_new;
	SET ROLE regress_rehearse_new;
	SET LOCAL SESSION AUTHORIZATION 'regress_rehearse_new';
	ALTER DEFAULT PRIVILEGES FOR ROLE regress_rehearse_new REVOKE SELECT ON TABLES FROM PUBLIC;
	DROP OWNED BY regress_rehearse_new;
$$);
SELECT sl_register('06 databases', $$-- sl:no-transaction
	CREATE DATABASE sl_regression_rehearse_new;
	ALTER DATABASE sl_regression_rehearse SET work_mem = '1GB';
	ALTER DATABASE sl_regression_rehearse RENAME TO other;
	ALTER DATABASE sl_regression_rehearse OWNER TO regress_rehearse_there;
	COMMENT ON DATABASE sl_regression_rehearse IS 'x';
	GRANT CONNECT ON DATABASE sl_regression_rehearse TO regress_rehearse_there;
	DROP DATABASE sl_regression_rehearse;
	CREATE TABLESPACE regress_rehearse_space LOCATION '/nowhere';
	ALTER SYSTEM SET work_mem = '1GB';
	DROP TABLESPACE pg_default;
$$);
SELECT sl_register('07 in a block', $$
	DO 'BEGIN FOR i IN 1 .. 3 LOOP EXECUTE ''ALTER ROLE regress_rehearse_there SUPERUSER''; END LOOP; END';
	COPY (SELECT 1) TO PROGRAM 'touch /nowhere/file';
	COPY (SELECT 1) TO '/nowhere/file';
	COPY t FROM PROGRAM 'echo 1';
	SELECT pg_reload_conf(), pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'sl_regression_rehearse';
	DO 'BEGIN PERFORM * FROM pg_create_physical_replication_slot(''regress_rehearse''); END';
	CREATE VIEW w AS SELECT pg_reload_conf() AS yes;
$$);
SELECT sl_register('08 subscription', $$
	CREATE SUBSCRIPTION regress_rehearse CONNECTION '' PUBLICATION p WITH (connect = false, slot_name = NONE);
	ALTER SUBSCRIPTION regress_rehearse DISABLE;
	COMMENT ON SUBSCRIPTION regress_rehearse IS 'x';
	DROP SUBSCRIPTION regress_rehearse;
	CREATE TABLE y (a int);
$$);
SELECT sl_register('09 owned', $$
	CREATE TABLE x (a int);
	GRANT SELECT ON x TO regress_rehearse_there;
	DROP OWNED BY regress_rehearse_there;
$$);
SELECT sl_register('10 owned', $$
	REASSIGN OWNED BY regress_rehearse_shared TO regress_rehearse_there;
	DROP OWNED BY regress_rehearse_there, regress_rehearse_shared;
$$);
SELECT sl_register('11 languages', $$
	CREATE LANGUAGE regress_wild HANDLER plpgsql_call_handler INLINE plpgsql_inline_handler;
	DO LANGUAGE regress_wild 'BEGIN RAISE EXCEPTION ''seen''; END';
	CREATE FUNCTION wild() RETURNS int LANGUAGE regress_wild AS 'BEGIN RAISE EXCEPTION ''seen''; END';
	SELECT wild();
$$);
CREATE TABLE real (a int);
INSERT INTO real VALUES (1);
SELECT sl_register('12 foreign', format($$
	CREATE EXTENSION postgres_fdw;
	CREATE EXTENSION dblink;
	CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw
		OPTIONS (host %L, port %L, dbname 'sl_regression_rehearse');
	CREATE USER MAPPING FOR CURRENT_USER SERVER s;
	CREATE FOREIGN TABLE f (a int) SERVER s OPTIONS (table_name 'real');
	INSERT INTO f VALUES (1);
	INSERT INTO f SELECT 2 RETURNING a;
	WITH gone AS (DELETE FROM f RETURNING a) SELECT * FROM gone;
	UPDATE f SET a = 3;
	TRUNCATE f;
	COPY f FROM stdin;
4
\.
	SELECT dblink_exec(c, 'DROP TABLE real') FROM (VALUES ('host=%s port=%s dbname=sl_regression_rehearse')) AS v (c);
	SELECT * FROM dblink('host=%s port=%s dbname=sl_regression_rehearse', 'DROP TABLE real') AS d (a text);
	DO 'BEGIN ASSERT (SELECT a FROM f) = 1; END';
$$, split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'),
	split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'),
	split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port')));
CALL sl_rehearse();
SELECT * FROM evidence;
SELECT rolname, rolsuper FROM pg_roles WHERE rolname LIKE 'regress_rehearse%' ORDER BY 1;
SELECT datacl::text LIKE '%regress_rehearse_shared=c%' FROM pg_database WHERE datname = current_database();
SELECT * FROM pg_db_role_setting WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database());
SELECT count(*) FROM pg_replication_slots;
TABLE real;
-- a trigger cannot be passed over
SELECT sl_register('13 trigger', $$
	CREATE FUNCTION wilder() RETURNS trigger LANGUAGE regress_wild AS 'BEGIN RAISE EXCEPTION ''seen''; END';
	CREATE TRIGGER w AFTER INSERT ON t EXECUTE FUNCTION wilder();
	INSERT INTO t VALUES (1);
$$);
SET client_min_messages = error;
CALL sl_rehearse('12 foreign');
CALL sl_rehearse();
SELECT * FROM evidence;

\c :maindb
SET client_min_messages = warning;
DROP DATABASE sl_regression_rehearse;
DROP ROLE regress_rehearse_there, regress_rehearse_shared;
