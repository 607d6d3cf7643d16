--
-- A script starts clean and cannot leak (guarantee 8).
--
-- In a database of its own.
--
SET client_min_messages = warning;
SELECT current_database() AS maindb \gset
CREATE DATABASE sl_regression_fence;
\c sl_regression_fence
SET client_min_messages = warning;
\pset null '-'
CREATE ROLE regress_fence_role;
CREATE SCHEMA sl;
CREATE EXTENSION schema_lifecycle SCHEMA sl;
SET search_path = public, sl;
\set apply 'SELECT revision, outcome, statements FROM sl_apply_pending();'
SELECT sl_register('f00', $$
CREATE TABLE public.seen (what text, value text);
CREATE TABLE public.agents (id int);
$$) \gset
:apply

--
-- Settings of the script do not reach the next one, nor the caller
--
SELECT sl_register('f01', $$
SET work_mem = '77MB';
SET LOCAL statement_timeout = '59s';
SELECT pg_catalog.set_config('search_path', '', false);
SELECT pg_catalog.set_config('DateStyle', 'German', false);
SET TimeZone = 'Asia/Tokyo';
SET check_function_bodies = off;
SET session_replication_role = replica;
SET default_tablespace = '';
SET regress.custom = 'mine';
SET TRANSACTION READ ONLY;
$$) \gset
SELECT sl_register('f02', $$
INSERT INTO public.seen SELECT name, setting FROM pg_catalog.pg_settings
 WHERE name IN ('work_mem', 'statement_timeout', 'DateStyle',
	'TimeZone', 'check_function_bodies', 'session_replication_role',
	'transaction_read_only')
   AND source = 'session';
INSERT INTO public.seen VALUES ('search_path',
	pg_catalog.current_setting('search_path'));
INSERT INTO public.seen VALUES ('regress.custom',
	pg_catalog.current_setting('regress.custom', true));
$$) \gset
:apply
-- search_path has pg_temp last; custom settings are empty once they existed
SELECT * FROM seen ORDER BY what COLLATE "C";
TRUNCATE seen;
SHOW search_path;
SELECT name, setting FROM pg_settings
 WHERE name IN ('work_mem', 'statement_timeout', 'DateStyle',
	'check_function_bodies', 'session_replication_role',
	'transaction_read_only')
   AND source = 'session';

--
-- Settings of the caller do not reach the script, and are intact after it
--
SET standard_conforming_strings = off;
SET escape_string_warning = off;
SET DateStyle = German;
SET quote_all_identifiers = on;
SET check_function_bodies = off;
SET session_replication_role = replica;
SET IntervalStyle = sql_standard;
SET bytea_output = escape;
SET extra_float_digits = 0;
SET transform_null_equals = on;
SET regress.custom = 'callers';
SELECT sl_register('f03', $$
INSERT INTO public.seen SELECT name, setting FROM pg_catalog.pg_settings
 WHERE name IN ('standard_conforming_strings', 'DateStyle',
	'quote_all_identifiers', 'check_function_bodies',
	'session_replication_role', 'IntervalStyle', 'bytea_output',
	'extra_float_digits', 'transform_null_equals')
   AND setting IS DISTINCT FROM reset_val;
INSERT INTO public.seen VALUES ('strings', 'a\b');
INSERT INTO public.seen VALUES ('path', pg_catalog.current_setting('search_path'));
$$) \gset
:apply
RESET standard_conforming_strings;
SELECT * FROM seen ORDER BY what COLLATE "C";
TRUNCATE seen;
SELECT name, setting FROM pg_settings
 WHERE source = 'session' AND setting IS DISTINCT FROM reset_val
   AND name IN ('DateStyle', 'quote_all_identifiers',
	'check_function_bodies', 'session_replication_role', 'IntervalStyle',
	'bytea_output', 'extra_float_digits', 'transform_null_equals')
 ORDER BY name COLLATE "C";
SHOW regress.custom;
-- and with SET LOCAL
BEGIN;
SET LOCAL DateStyle = 'SQL, DMY';
SELECT sl_register('f04', $$
INSERT INTO public.seen VALUES ('DateStyle', pg_catalog.current_setting('DateStyle'));
$$) \gset
:apply
SHOW DateStyle;
COMMIT;
SHOW DateStyle;
SELECT value = reset_val AS clean FROM seen, pg_settings
 WHERE name = 'DateStyle';
TRUNCATE seen;
-- a script that fails leaves nothing either
SELECT sl_register('f05', $$
SET work_mem = '77MB'; SET search_path = pg_catalog; SELECT 1/0;
$$) \gset
:apply
SHOW search_path;
SELECT setting = reset_val AS clean FROM pg_settings WHERE name = 'work_mem';
-- also where the caller goes on
BEGIN;
SAVEPOINT a;
:apply
ROLLBACK TO a;
SHOW search_path;
SELECT setting = reset_val AS clean FROM pg_settings WHERE name = 'work_mem';
COMMIT;
SELECT sl_unregister('f05') \gset
\c
SET client_min_messages = warning;
SET search_path = public, sl;

--
-- Roles
--
SELECT sl_register('f06', $$
SET ROLE regress_fence_role;
INSERT INTO pg_temp.who VALUES (current_user, session_user);
$$) \gset
SELECT sl_register('f07', $$
INSERT INTO public.seen VALUES ('role', current_user);
$$) \gset
-- the temporary table of the caller can be named
CREATE TEMP TABLE who (c text, s text);
GRANT INSERT ON who TO regress_fence_role;
:apply
SELECT c, s = session_user AS same FROM who;
SELECT value = current_user AS same FROM seen;
SHOW role;
TRUNCATE seen;
DROP TABLE who;
SELECT sl_register('f08', $$
SET SESSION AUTHORIZATION regress_fence_role;
SELECT pg_catalog.set_config('role', 'regress_fence_role', false);
$$) \gset
SELECT sl_register('f09', $$
INSERT INTO public.seen VALUES (current_user, session_user);
$$) \gset
SELECT current_user AS me \gset
:apply
SELECT what = :'me' AS same, value = :'me' AS same FROM seen;
SELECT current_user = :'me' AS same, session_user = :'me' AS same;
TRUNCATE seen;
-- a caller who had said SET ROLE is that role again
CREATE ROLE regress_fence_admin SUPERUSER;
SET ROLE regress_fence_admin;
SELECT sl_register('f10', $$
RESET ROLE;
SET SESSION AUTHORIZATION regress_fence_role;
RESET SESSION AUTHORIZATION;
$$) \gset
SELECT sl_register('f11', $$
INSERT INTO public.seen VALUES (current_user, '');
$$) \gset
-- its scripts may not run with more than its own rights: a superuser has all
:apply
SELECT * FROM seen;
SELECT current_user, session_user = :'me' AS same;
SHOW role;
RESET ROLE;
TRUNCATE seen;
DROP ROLE regress_fence_admin;

--
-- Temporary objects
--
CREATE TEMP TABLE agents (callers int);
CREATE TEMP TABLE keep (i int);
CREATE FUNCTION pg_temp.keep() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TEMP VIEW keep_view AS SELECT * FROM keep;
SELECT sl_register('f12', $$
ALTER TABLE agents ADD COLUMN name text;
CREATE TEMP TABLE scratch (i int PRIMARY KEY, a agents[]);
CREATE TEMP VIEW scratch_view AS SELECT i FROM pg_temp.scratch;
CREATE FUNCTION pg_temp.scratch() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TYPE pg_temp.scratch_type AS ENUM ('a');
CREATE TEMP SEQUENCE scratch_seq;
CREATE INDEX scratch_index ON pg_temp.keep (i);
CREATE TEMP VIEW on_keep AS SELECT * FROM pg_temp.keep;
CREATE TEMP TABLE scratch_drop (i int) ON COMMIT DROP;
$$) \gset
SELECT sl_register('f13', $$
CREATE TEMP TABLE scratch (j text);
INSERT INTO scratch VALUES ('again');
$$) \gset
:apply
-- the permanent table got the column, the temporary one did not
SELECT attrelid::regclass, attname FROM pg_attribute
 WHERE attrelid IN ('pg_temp.agents'::regclass, 'public.agents'::regclass)
   AND attnum > 0 ORDER BY 1, attnum;
-- what is left in pg_temp is the caller's; an index goes with its table
SELECT 'class' AS what, relname AS name FROM pg_class
 WHERE relnamespace = pg_my_temp_schema()
UNION ALL SELECT 'proc', proname FROM pg_proc
 WHERE pronamespace = pg_my_temp_schema()
UNION ALL SELECT 'type', typname FROM pg_type
 WHERE typnamespace = pg_my_temp_schema() AND typtype = 'e'
 ORDER BY 1, 2;
SELECT pg_temp.keep(), (SELECT count(*) FROM keep_view);
DISCARD TEMP;
-- a first temporary table in the session
\c
SET client_min_messages = warning;
SET search_path = public, sl;
SELECT sl_register('f14', $$
CREATE TEMP TABLE first_one (i int);
CREATE TABLE agents_copy AS SELECT * FROM agents;
$$) \gset
:apply
SELECT relname FROM pg_class WHERE relnamespace = pg_my_temp_schema();
SELECT 'agents_copy'::regclass;
-- pending trigger events on a temporary table
SELECT sl_register('f15', $$
CREATE TEMP TABLE parents (i int PRIMARY KEY);
CREATE TEMP TABLE children (i int REFERENCES parents DEFERRABLE INITIALLY DEFERRED);
INSERT INTO pg_temp.children VALUES (1);
INSERT INTO pg_temp.parents VALUES (1);
$$) \gset
:apply
SELECT relname FROM pg_class WHERE relnamespace = pg_my_temp_schema();
-- a permanent view over a temporary table is temporary, and goes
SELECT sl_register('f16', $$
CREATE TEMP TABLE t (i int);
CREATE VIEW v AS SELECT * FROM pg_temp.t;
$$) \gset
:apply
SELECT to_regclass('v');

--
-- Prepared statements, cursors
--
PREPARE callers AS SELECT 'callers';
SELECT sl_register('f17', $$
PREPARE scripts AS SELECT 1;
EXECUTE scripts;
DO 'BEGIN EXECUTE ''PREPARE scripts2 AS SELECT 2''; END';
PREPARE gone AS SELECT 1;
DEALLOCATE gone;
DECLARE cur CURSOR FOR SELECT 1;
FETCH cur;
DECLARE cur2 CURSOR FOR SELECT 1;
CLOSE cur2;
DO 'DECLARE r refcursor := ''opened''; BEGIN OPEN r FOR SELECT * FROM public.agents; END';
FETCH opened;
$$) \gset
-- the cursors do not stand in the way of the next script
SELECT sl_register('f18', 'ALTER TABLE agents ADD COLUMN email text') \gset
BEGIN;
DECLARE mine CURSOR FOR VALUES (1), (2);
:apply
SELECT name FROM pg_prepared_statements ORDER BY name;
SELECT name FROM pg_cursors WHERE name <> '' ORDER BY name;
FETCH mine;
COMMIT;
EXECUTE callers;
-- it stays the caller's when a script tries that name
BEGIN;
SELECT sl_register('f19', $$DO 'BEGIN EXECUTE ''PREPARE callers AS SELECT 2''; EXCEPTION WHEN duplicate_prepared_statement THEN NULL; END'$$) \gset
:apply
EXECUTE callers;
ROLLBACK;
SELECT sl_register('f19', 'PREPARE callers AS SELECT 2') \gset
:apply
EXECUTE callers;
-- a script that failed leaves none, and can be run again
SELECT sl_register('f19', 'PREPARE scripts AS SELECT 1; SELECT 1 / 0') \gset
:apply
CALL sl_migrate();
:apply
SELECT name FROM pg_prepared_statements ORDER BY name;
-- what is the caller's is out of reach
SELECT sl_register('f19', $$DO 'BEGIN EXECUTE ''DEALLOCATE callers''; END'$$) \gset
:apply
SELECT sl_register('f19', $$DO 'BEGIN EXECUTE ''DEALLOCATE ALL''; END'$$) \gset
:apply
SELECT sl_register('f19', 'DEALLOCATE callers') \gset
:apply
BEGIN;
SELECT sl_register('f19', 'CLOSE mine') \gset
DECLARE mine CURSOR FOR VALUES (1), (2);
:apply
ROLLBACK;
BEGIN;
SELECT sl_register('f19', 'MOVE mine') \gset
DECLARE mine CURSOR FOR VALUES (1), (2);
:apply
ROLLBACK;
BEGIN;
SELECT sl_register('f19', $$DO 'DECLARE r refcursor := ''mine''; BEGIN CLOSE r; END'$$) \gset
DECLARE mine CURSOR FOR VALUES (1), (2);
:apply
ROLLBACK;
SELECT sl_register('f19', $$DO 'BEGIN EXECUTE ''DECLARE c CURSOR WITH HOLD FOR SELECT 1''; END'$$) \gset
:apply
SELECT sl_register('f19', $$DO 'BEGIN EXECUTE ''CLOSE ALL''; END'$$) \gset
:apply

--
-- LISTEN, DISCARD, locks of the session: by EXECUTE, by functions
--
LISTEN callers;
SELECT sl_register('f19', $$DO 'BEGIN EXECUTE ''LISTEN leak''; END'$$) \gset
:apply
\echo :LAST_ERROR_SQLSTATE
SELECT sl_register('f19', $$DO 'BEGIN EXECUTE ''UNLISTEN *''; END'$$) \gset
:apply
SELECT sl_register('f19', $$DO 'BEGIN EXECUTE ''DISCARD ALL''; END'$$) \gset
:apply
SELECT sl_register('f19', $$DO 'BEGIN EXECUTE ''DISCARD TEMP''; END'$$) \gset
:apply
SELECT pg_listening_channels();
UNLISTEN *;
SELECT pg_advisory_lock(4242);
SELECT sl_register('f19', $$DO 'BEGIN PERFORM pg_advisory_unlock_all(); END'$$) \gset
:apply
SELECT sl_register('f19', $$DO 'BEGIN PERFORM pg_advisory_lock(1); END'$$) \gset
:apply
SELECT sl_register('f19', $$
CREATE FUNCTION unlock() RETURNS boolean LANGUAGE sql AS 'SELECT pg_advisory_unlock(4242)';
SELECT unlock();
$$) \gset
:apply
SELECT sl_register('f19', $$
CREATE OPERATOR ??? (RIGHTARG = bigint, FUNCTION = pg_try_advisory_lock);
SELECT ??? 5::bigint;
$$) \gset
:apply
-- a function whose expression the session has at hand already
CREATE FUNCTION lock_it() RETURNS boolean LANGUAGE plpgsql AS
	'DECLARE b boolean; BEGIN b := pg_try_advisory_lock(43); RETURN b; END';
SELECT sl_register('f19', 'SELECT lock_it()') \gset
BEGIN;
SELECT lock_it();
:apply
ROLLBACK;
SELECT pg_advisory_unlock(43);
SELECT count(*) FROM pg_locks
 WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND objid = 4242;
SELECT pg_advisory_unlock(4242);
-- allowed: what ends with the transaction
SELECT sl_register('f19', $$
SELECT pg_advisory_xact_lock(44);
NOTIFY harmless;
DISCARD PLANS;
$$) \gset
:apply
DROP FUNCTION lock_it();

--
-- Deferred constraints
--
SELECT sl_register('g01', $$
CREATE TABLE p (i int PRIMARY KEY);
CREATE TABLE c (i int CONSTRAINT c_fk REFERENCES p DEFERRABLE);
CREATE TABLE d (i int CONSTRAINT d_fk REFERENCES p DEFERRABLE INITIALLY DEFERRED);
$$) \gset
:apply
-- deferred in one script, checked at its end, with its context
SELECT sl_register('g02', $$
SET CONSTRAINTS ALL DEFERRED;
INSERT INTO c VALUES (1);
SELECT 'the next statement is reached';
$$) \gset
:apply
\echo :LAST_ERROR_SQLSTATE
SELECT sl_register('g02', $$
SET CONSTRAINTS ALL DEFERRED;
INSERT INTO c VALUES (1);
INSERT INTO p VALUES (1);
$$) \gset
-- SET CONSTRAINTS does not reach the next script: not even from a script
-- that does nothing else
SELECT sl_register('g03', 'SET CONSTRAINTS ALL DEFERRED') \gset
SELECT sl_register('g04', $$
INSERT INTO c VALUES (2);
INSERT INTO p VALUES (2);
$$) \gset
:apply
SELECT sl_register('g04', 'INSERT INTO p VALUES (2)') \gset
-- INITIALLY DEFERRED is deferred in every script, ALL IMMEDIATE or not
SELECT sl_register('g05', $$
SET CONSTRAINTS ALL IMMEDIATE;
INSERT INTO d VALUES (2);
$$) \gset
SELECT sl_register('g06', $$
INSERT INTO d VALUES (3);
INSERT INTO p VALUES (3);
$$) \gset
-- made by one revision, deferred in the next, of one transaction
SELECT sl_register('g07', $$
CREATE TABLE e (i int CONSTRAINT e_fk REFERENCES p DEFERRABLE INITIALLY DEFERRED);
$$) \gset
SELECT sl_register('g08', $$
INSERT INTO e VALUES (4);
INSERT INTO p VALUES (4);
$$) \gset
:apply
-- the revision that violates it is the one that fails
SELECT sl_register('g09', 'INSERT INTO d VALUES (99)') \gset
SELECT sl_register('g10', 'INSERT INTO p VALUES (99)') \gset
:apply
-- rows of COPY, and of a function that a DDL statement calls
SELECT sl_register('g09', 'COPY d FROM stdin;
99
\.
') \gset
:apply
SELECT sl_register('g09', $$
CREATE FUNCTION violate() RETURNS int LANGUAGE sql AS
	'INSERT INTO d VALUES (99); SELECT 1';
ALTER TABLE agents ADD COLUMN n int DEFAULT violate();
$$) \gset
INSERT INTO agents (id) VALUES (1);
:apply
SELECT sl_register('g09', 'SELECT') \gset
SELECT sl_register('g10', 'SELECT') \gset
:apply
-- names are unique in a table only
SELECT sl_register('g11', $$
CREATE TABLE h (i int CONSTRAINT c_fk REFERENCES p);
CREATE TABLE k (i int CONSTRAINT d_fk CHECK (i > 0));
$$) \gset
SELECT sl_register('g12', $$
SET CONSTRAINTS ALL DEFERRED;
INSERT INTO p VALUES (5);
INSERT INTO c VALUES (5);
INSERT INTO d VALUES (5);
INSERT INTO h VALUES (5);
$$) \gset
:apply
-- ALL means also those that the script makes after it
SELECT sl_register('g121', $$
SET CONSTRAINTS ALL DEFERRED;
CREATE TABLE l (i int PRIMARY KEY);
CREATE TABLE m (i int REFERENCES l DEFERRABLE);
INSERT INTO m VALUES (1);
ALTER TABLE c ADD j int CONSTRAINT j_fk REFERENCES l DEFERRABLE;
INSERT INTO c VALUES (5, 1);
INSERT INTO l VALUES (1);
$$) \gset
-- the next script's are as they were made
SELECT sl_register('g122', $$
CREATE TABLE o (i int REFERENCES l DEFERRABLE);
INSERT INTO o VALUES (2);
$$) \gset
:apply
SELECT sl_unregister('g122') \gset
:apply
-- constraints in a schema that the caller may not use, other sessions' too
CREATE SCHEMA private;
CREATE TABLE private.t (i int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED);
SELECT sl_grant('regress_fence_role', 'deploy');
GRANT ALL ON p TO regress_fence_role;
SET ROLE regress_fence_role;
SELECT sl_register('g13', $$
INSERT INTO p VALUES (6);
CREATE TEMP TABLE t (i int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED);
INSERT INTO t VALUES (1), (2);
$$) \gset
:apply
RESET ROLE;

--
-- Nested calls
--
SELECT sl_register('h01', 'SELECT sl.sl_apply_pending()') \gset
:apply
\echo :LAST_ERROR_SQLSTATE
SELECT sl_register('h01', $$DO 'BEGIN PERFORM sl.sl_apply_pending(); EXCEPTION WHEN others THEN RAISE WARNING ''%'', SQLERRM; END'$$) \gset
-- caught, and the fence is still up
SELECT sl_register('h02', $$DO 'BEGIN PERFORM sl.sl_revert(''base''); EXCEPTION WHEN others THEN EXECUTE ''LISTEN x''; END'$$) \gset
:apply
SELECT sl_unregister('h02') \gset
:apply
SELECT sl_register('h03', 'CALL sl.sl_migrate()') \gset
:apply
\echo :LAST_ERROR_SQLSTATE
SELECT sl_register('h03', $$SELECT sl.sl_stamp('base', true)$$) \gset
:apply
SELECT sl_register('h03', $$SELECT sl.sl_resolve('h01', 'applied', 'x')$$) \gset
:apply
-- outside a transaction, too, where the call would be at the top level
SELECT sl_register('h03', E'-- sl:no-transaction\nCALL sl.sl_migrate()') \gset
CALL sl_migrate();
\echo :LAST_ERROR_SQLSTATE
SELECT sl_register('h03', E'-- sl:no-transaction\nSELECT sl.sl_apply_pending()') \gset
CALL sl_migrate();
SELECT sl_register('h03', E'-- sl:no-transaction\nDROP EXTENSION schema_lifecycle') \gset
CALL sl_migrate();
SELECT sl_resolve('h03', 'rolled_back', 'nothing of it is there') \gset
-- the extension itself
SELECT sl_register('h03', 'DROP EXTENSION schema_lifecycle') \gset
:apply
SELECT sl_register('h03', 'DROP SCHEMA sl CASCADE') \gset
:apply
\echo :LAST_ERROR_SQLSTATE
SELECT sl_register('h03', $$DO 'BEGIN EXECUTE ''ALTER TABLE sl.sl_log RENAME TO gone''; END'$$) \gset
:apply
SELECT sl_register('h03', 'CREATE RULE r AS ON INSERT TO sl.sl_log DO ALSO NOTIFY x') \gset
:apply
SELECT sl_register('h03', 'ALTER TABLE sl.sl_applied ENABLE ROW LEVEL SECURITY') \gset
SELECT sl_register('h04', 'SELECT 4') \gset
:apply
\echo :LAST_ERROR_SQLSTATE
-- reading is not forbidden, nor is registering
SELECT sl_register('h03', $$
SELECT sl.sl_register('h05', 'SELECT 5');
INSERT INTO public.seen SELECT 'history', count(*) > 10 FROM sl.sl_history;
INSERT INTO public.seen SELECT revision, state FROM sl.sl_graph() WHERE revision IN ('h03', 'h05');
$$) \gset
:apply
:apply
SELECT * FROM seen ORDER BY what COLLATE "C";

--
-- The transaction that ran migrations is not prepared
--
SELECT sl_register('i01', 'SELECT 1') \gset
BEGIN;
:apply
PREPARE TRANSACTION 'regress_fence';
:apply

\c :maindb
DROP DATABASE sl_regression_fence;
DROP ROLE regress_fence_role;
