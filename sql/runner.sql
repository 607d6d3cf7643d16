--
-- sl_apply_pending: what it runs, what it refuses, what it says.
--
-- In a database of its own.
--
SET client_min_messages = warning;
SELECT current_database() AS maindb \gset
CREATE DATABASE sl_regression_runner;
\c sl_regression_runner
SET client_min_messages = warning;
\pset null '-'
CREATE SCHEMA sl;
CREATE EXTENSION schema_lifecycle SCHEMA sl;
SET search_path = public, sl;
\set apply 'SELECT revision, outcome, statements FROM sl_apply_pending();'

--
-- An empty registry, an empty script, a first run
--
:apply
SELECT * FROM sl_pending();
SELECT sl_register('r01', '') \gset
SELECT sl_register('r02', '-- nothing but a comment') \gset
SELECT sl_register('r03', ';;') \gset
SELECT sl_register('r04', 'CREATE TABLE t (i int); INSERT INTO t VALUES (1), (2)',
	'DROP TABLE t', NULL, 'versioned', 'makes t') \gset
SELECT * FROM sl_pending();
SELECT revision, outcome, statements, elapsed >= '0' AS has_elapsed
  FROM sl_apply_pending();
SELECT * FROM t;
:apply
SELECT id, action, revision, outcome, role = current_user AS same_role,
	application_name, statements, evidence, sqlstate, error, reason,
	at <= clock_timestamp() AS has_time, elapsed >= '0' AS has_elapsed
  FROM sl_history;
SELECT revision, kind, parents, checksum ~ '^[0-9a-f]{64}$' AS checksum,
	registrar = current_user AS registrar, source, description,
	registered_at <= clock_timestamp() AS has_time
  FROM sl_revision;

--
-- All or nothing, in the caller's transaction
--
SELECT sl_register('r07', 'CREATE TABLE a (i int)') \gset
SELECT sl_register('r08', 'CREATE TABLE b (i int); SELECT 1/0') \gset
:apply
SELECT to_regclass('a'), to_regclass('b');
SELECT revision, state FROM sl_graph() WHERE state <> 'applied';
SELECT count(*) FROM sl_history WHERE action = 'fail' OR revision = 'r07';
SELECT sl_register('r08', 'CREATE TABLE b (i int)') \gset
BEGIN;
:apply
SELECT to_regclass('a'), to_regclass('b');
ROLLBACK;
SELECT to_regclass('a'), to_regclass('b');
BEGIN;
SAVEPOINT s;
:apply
ROLLBACK TO s;
SELECT revision FROM sl_pending();
:apply
COMMIT;
SELECT to_regclass('a'), to_regclass('b');
-- the caller goes on after an error that he caught
SELECT sl_register('r09', 'SELECT 1/0') \gset
DO $$
BEGIN
	PERFORM sl_apply_pending();
EXCEPTION WHEN division_by_zero THEN
	RAISE WARNING 'caught %', SQLSTATE;
END $$;
SELECT sl_register('r09', 'SELECT 1/1') \gset
:apply

--
-- Targets
--
SELECT sl_register('t1', 'SELECT 1', 'SELECT') \gset
SELECT sl_register('t2a', 'SELECT 1', 'SELECT', '{t1}') \gset
SELECT sl_register('t2b', 'SELECT 1', 'SELECT', '{t1}') \gset
SELECT sl_register('t3', 'SELECT 1', 'SELECT', '{t2a}') \gset
:apply
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sl_apply_pending('t2');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sl_apply_pending('nothing');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sl_apply_pending('');
SELECT revision FROM sl_apply_pending('base');
SELECT revision FROM sl_apply_pending('t2a');
SELECT revision FROM sl_apply_pending('t3');
SELECT revision FROM sl_apply_pending('t2a');
SELECT revision FROM sl_apply_pending('heads');
SELECT sl_register('t4', 'SELECT 1', 'SELECT', '{t2b,t3}') \gset
-- a prefix that only one has
SELECT sl_register('unique_name', 'SELECT 1', 'SELECT') \gset
SELECT revision FROM sl_apply_pending('uni');

--
-- Options
--
SELECT sl_register('o1', 'SELECT 1') \gset
SELECT * FROM sl_apply_pending(NULL, '{"no_such_option": 1}');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sl_apply_pending(NULL, '{"lock_keys": "1"}');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sl_apply_pending(NULL, '[]');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sl_apply_pending(NULL, '"x"');
SELECT * FROM sl_apply_pending(NULL, '{"lock_wait": {}}');
SELECT * FROM sl_apply_pending(NULL, '{"lock_wait": null}');
SELECT * FROM sl_apply_pending(NULL, '{"lock_wait": "5 parsecs"}');
SELECT * FROM sl_apply_pending(NULL, '{"lock_wait": -1}');
SELECT * FROM sl_apply_pending(NULL, '{"lock_retries": 1001}');
SELECT * FROM sl_apply_pending(NULL, '{"out_of_order": "perhaps"}');
SELECT revision FROM sl_apply_pending(NULL,
	'{"lock_wait": "5 s", "migration_lock_timeout": 100, "out_of_order": true,
	  "lock_retries": 3, "dry_run_hold": 0, "migration_statement_timeout": 0}');
SELECT revision FROM sl_apply_pending(NULL, NULL);
-- migration_lock_timeout is the lock_timeout of the script
SELECT sl_register('o2', $$CREATE TABLE lt AS SELECT current_setting('lock_timeout') AS v$$) \gset
SELECT revision FROM sl_apply_pending(NULL, '{"migration_lock_timeout": "1234 ms"}');
SELECT v FROM lt;
SHOW lock_timeout;

--
-- Refused before anything runs: SL001, SL006, an external revision
--
SELECT sl_register('x1', 'CREATE TABLE x1 (i int)') \gset
SELECT sl_register('x2', 'CREATE INDEX CONCURRENTLY ON x1 (i)') \gset
:apply
\echo :LAST_ERROR_SQLSTATE
SELECT to_regclass('x1');
SELECT sl_register('x2', '-- sl:no-transaction
SELECT 1') \gset
:apply
SELECT sl_register('x2', 'VACUUM x1') \gset
:apply
SELECT * FROM sl_pending();
SELECT sl_unregister('x2') \gset
SELECT sl_register('x2', 'SELECT 1', NULL, '{x3}') \gset
:apply
\echo :LAST_ERROR_SQLSTATE
SELECT sl_register('x3', 'SELECT 1', NULL, '{x2}') \gset
:apply
\echo :LAST_ERROR_SQLSTATE
SELECT sl_unregister('x3') \gset
SELECT sl_unregister('x2') \gset
SELECT sl_register('x2', NULL, NULL, '{x1}', 'versioned', 'by another tool') \gset
:apply
\echo :LAST_ERROR_SQLSTATE
SELECT to_regclass('x1');
SELECT outcome FROM sl_stamp('x1', true);
SELECT outcome FROM sl_stamp('x2', true, 'the other tool ran it');
:apply

--
-- SL010: objects, and no history
--
CREATE DATABASE sl_regression_objects;
\c sl_regression_objects
SET client_min_messages = warning;
CREATE EXTENSION schema_lifecycle;
SELECT sl_register('a', 'CREATE TABLE a (i int)') \gset
-- what an extension brought along is nobody's object
SELECT revision FROM sl_apply_pending('base');
CREATE TABLE hand_made (i int);
:apply
\echo :LAST_ERROR_SQLSTATE
DROP TABLE hand_made;
CREATE FUNCTION hand_made() RETURNS int LANGUAGE sql AS 'SELECT 1';
:apply
DROP FUNCTION hand_made();
CREATE TYPE hand_made AS ENUM ('a');
:apply
DROP TYPE hand_made;
CREATE DOMAIN hand_made AS int;
:apply
DROP DOMAIN hand_made;
CREATE SCHEMA other;
CREATE VIEW other.hand_made AS SELECT 1;
:apply
SELECT sl_configure('managed_schemas', 'public, "odd Name"');
:apply
\c sl_regression_runner
SET client_min_messages = warning;
SET search_path = public, sl;
DROP DATABASE sl_regression_objects;

--
-- Errors keep what the server says
--
\set VERBOSITY default
SELECT sl_register('e1', $$-- a comment
CREATE TABLE e1 (i int);

/* more
   of it */
SELECT nothing FROM e1;
$$) \gset
:apply
\echo :LAST_ERROR_SQLSTATE
-- characters before the error, not bytes
SELECT sl_register('e1', $$SELECT 'Straße – Ωμέγα 𝄞', nothing$$) \gset
:apply
SELECT sl_register('e1', $$SELECT 1; /* Ωμέγα */ SELECT 'é' AS ü, nothing
FROM pg_class$$) \gset
:apply
-- detail and hint
SELECT sl_register('e1', $$DO 'BEGIN RAISE EXCEPTION ''message'' USING
	ERRCODE = ''AB123'', DETAIL = ''the detail'', HINT = ''the hint'',
	SCHEMA = ''s'', TABLE = ''t'', COLUMN = ''c'', CONSTRAINT = ''k'', DATATYPE = ''d''; END'$$) \gset
:apply
\echo :LAST_ERROR_SQLSTATE
DO $$
DECLARE
	s text; m text; d text; h text; c text; t text; col text; k text;
BEGIN
	PERFORM sl_apply_pending();
EXCEPTION WHEN others THEN
	GET STACKED DIAGNOSTICS s = RETURNED_SQLSTATE, m = MESSAGE_TEXT,
		d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT,
		c = PG_EXCEPTION_CONTEXT, t = TABLE_NAME, col = COLUMN_NAME,
		k = CONSTRAINT_NAME;
	RAISE WARNING E'%, %, %, %, %, %, %\n%', s, m, d, h, t, col, k, c;
END $$;
-- in a function that the script makes
SELECT sl_register('e1', $$
CREATE FUNCTION fails(i int) RETURNS int LANGUAGE plpgsql AS $f$
BEGIN
	RETURN 1 / i;
END $f$;
SELECT fails(0);
$$) \gset
:apply
SELECT sl_register('e1', $$
CREATE FUNCTION wrong() RETURNS int LANGUAGE sql AS 'SELECT nothing';
$$) \gset
:apply
SELECT sl_register('e1', $$
CREATE FUNCTION wrong() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN; END';
$$) \gset
:apply
SELECT sl_register('e1', $$SELECT '{'::json$$) \gset
:apply
SELECT sl_register('e1', $$CREATE TABLE e1 (i int PRIMARY KEY, i int)$$) \gset
:apply
SELECT sl_register('e1', $$SELECT $1$$) \gset
:apply
-- a syntax error is found when it is registered
SELECT sl_register('e2', E'SELECT 1;\nSELEC 2;');
\echo :LAST_ERROR_SQLSTATE
-- lines are those of the file, whatever part of it the script is
SELECT revision, outcome FROM sl_load('{20260101000000_x.sql}', ARRAY['-- migrate:up
SELECT 1;
SELECT nothing;
-- migrate:down
SELECT 1;
SELECT no_such_thing;
'], 'dbmate');
SELECT sl_unregister('e1') \gset
SELECT revision FROM sl_apply_pending('20260101000000');
SELECT sl_unregister('20260101000000') \gset
SELECT revision, outcome FROM sl_load('{20260101000000_x.sql}', ARRAY['-- migrate:up
SELECT 1;
-- migrate:down
SELECT 1;
SELECT no_such_thing;
'], 'dbmate');
SELECT revision FROM sl_apply_pending('20260101000000');
SELECT revision FROM sl_revert('unique_name');
SELECT revision, outcome FROM sl_load('{20260101000000_x.sql}', ARRAY['-- migrate:up
SELECT 1;
-- migrate:down
'], 'dbmate');

--
-- The revision at work is shown
--
SELECT sl_register('v1', $$
CREATE TABLE activity AS SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid();
SELECT pg_stat_clear_snapshot();
INSERT INTO activity SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid();
$$, NULL, '{unique_name}') \gset
SELECT revision FROM sl_apply_pending('v1');
SELECT * FROM activity;
-- and the caller's query after it
DO $$
BEGIN
	PERFORM sl_register('v2', 'SELECT 2', NULL, '{v1}');
	PERFORM sl_apply_pending('v2');
	IF (SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()) NOT LIKE 'DO %' THEN
		RAISE EXCEPTION 'the activity is not the caller''s';
	END IF;
END $$;

--
-- Cancelled by the caller's statement_timeout, by a timeout of its own
--
SELECT sl_register('w1', 'SET LOCAL statement_timeout = ''1ms''; SELECT pg_sleep(60)', NULL, '{v2}') \gset
SET statement_timeout = '2s';
SELECT revision FROM sl_apply_pending('w1');
\echo :LAST_ERROR_SQLSTATE
SHOW statement_timeout;
RESET statement_timeout;
SELECT sl_unregister('w1') \gset

--
-- What a script can hold
--
SELECT sl_register('y1', E'\uFEFFCREATE TABLE y (i int);\r\nINSERT INTO y VALUES (1)\r\n;\r\n', NULL, '{v2}') \gset
SELECT sl_register('y2', $$
BEGIN;
CREATE TABLE y2 (i int);
COMMIT;
$$, NULL, '{y1}') \gset
SELECT sl_register('y3', $$
CREATE FUNCTION atomic(i int) RETURNS int BEGIN ATOMIC SELECT i; SELECT i + 1; END;
CREATE SCHEMA made CREATE TABLE t (i int) CREATE VIEW v AS SELECT * FROM t;
CREATE RULE r AS ON INSERT TO made.t DO ALSO (NOTIFY a; NOTIFY b);
INSERT INTO made.t VALUES (atomic(1));
DO $a$ BEGIN EXECUTE $b$ SELECT ';' $b$; END $a$;
EXPLAIN SELECT 1;
EXPLAIN ANALYZE INSERT INTO y2 VALUES (1);
WITH w AS (INSERT INTO y2 VALUES (2) RETURNING i) SELECT * FROM w;
SELECT 1 AS a INTO y3;
VALUES (1);
TABLE y2;
SHOW work_mem;
CHECKPOINT;
COPY (SELECT 1) TO '/dev/null';
CREATE PROCEDURE p() LANGUAGE sql AS 'INSERT INTO y2 VALUES (3)';
CALL p();
LOCK TABLE y2;
SELECT count(*) FROM y2 WHERE i = (SELECT max(i) FROM y2);
MERGE INTO y2 USING y ON y.i = y2.i WHEN MATCHED THEN UPDATE SET i = 10;
GRANT SELECT ON y2 TO PUBLIC;
COMMENT ON TABLE y2 IS 'it''s';
TRUNCATE y;
CREATE MATERIALIZED VIEW mv AS SELECT * FROM y2;
REFRESH MATERIALIZED VIEW mv;
$$, NULL, '{y2}') \gset
SELECT revision, statements FROM sl_apply_pending('y3');
SELECT * FROM made.v;
SELECT * FROM mv ORDER BY i;
-- a procedure that commits, a DO that commits
SELECT sl_register('y4', $$DO 'BEGIN CREATE TABLE z (); COMMIT; END'$$, NULL, '{y3}') \gset
SELECT revision FROM sl_apply_pending('y4');
\echo :LAST_ERROR_SQLSTATE
CALL sl_migrate('y4');
\echo :LAST_ERROR_SQLSTATE
SELECT to_regclass('z');
SELECT revision, state FROM sl_graph() WHERE revision = 'y4';

--
-- A script that calls every function: none ends in an internal error, and
-- what would run or record is refused
--
SELECT sl_register('z', $$
CREATE TABLE all_calls (n serial, command text, outcome text);
CREATE FUNCTION attempt(command text) RETURNS text LANGUAGE plpgsql AS $f$
BEGIN
	EXECUTE command;
	RETURN 'done';
EXCEPTION WHEN others THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $f$;
INSERT INTO all_calls (command)
SELECT CASE prokind WHEN 'p' THEN 'CALL ' ELSE 'SELECT ' END || 'sl.' || proname || '('
	|| (SELECT coalesce(string_agg(CASE t WHEN 'text'::regtype THEN $q$'base'$q$
			WHEN 'text[]'::regtype THEN $q$'{base}'$q$ WHEN 'jsonb'::regtype THEN $q$'{}'$q$
			WHEN 'boolean'::regtype THEN 'true' WHEN 'regrole'::regtype THEN 'current_user::regrole'
			END, ', ' ORDER BY i), '')
		FROM unnest(proargtypes) WITH ORDINALITY AS a (t, i)) || ')'
  FROM pg_proc WHERE pronamespace = 'sl'::regnamespace ORDER BY proname COLLATE "C";
UPDATE all_calls SET outcome = attempt(command);
$$, NULL, '{y3}') \gset
SELECT revision FROM sl_apply_pending('z');
SELECT command, outcome FROM all_calls ORDER BY n;

--
-- Deep texts: an error of the migration, and the session lives
--
\set VERBOSITY sqlstate
SELECT sl_register('d1', 'SELECT ' || repeat('(', 100000) || '1' || repeat(')', 100000), NULL, '{y3}');
SELECT sl_register('d2', 'SELECT 1' || repeat('+1', 100000), NULL, '{y3}');
SELECT sl_register('d3', 'SELECT ' || repeat('NOT ', 300000) || 'true', NULL, '{y3}');
SELECT sl_register('d5', 'SELECT ' || repeat('CASE WHEN true THEN ', 50000) || '1' || repeat(' END', 50000), NULL, '{y3}');
SELECT sl_register('d6', $$DO 'BEGIN EXECUTE ''SELECT 1'' || repeat(''+1'', 100000); END'$$, NULL, '{y3}') \gset
SELECT revision FROM sl_apply_pending('d6');
\set VERBOSITY default
SELECT 'alive';

\c :maindb
DROP DATABASE sl_regression_runner;
