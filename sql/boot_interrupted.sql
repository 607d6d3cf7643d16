--
-- CALL sl_boot where a script outside a transaction was interrupted: what is
-- there of it is in the journal, and the run goes on behind it
--
CREATE DATABASE sl_regression_boot_interrupted;
\set maindb :DBNAME
\c sl_regression_boot_interrupted
SET client_min_messages = warning;
CREATE EXTENSION schema_lifecycle;
\set VERBOSITY terse
\pset null -

CREATE FUNCTION pg_temp.story(OUT verdict text, OUT journal bigint, OUT history text)
LANGUAGE sql AS $$
	SELECT sl_status() ->> 'verdict', (SELECT count(*) FROM sl_journal),
		string_agg(concat_ws(':', action, revision, outcome), ' ' ORDER BY id)
	FROM sl_history
$$;

-- with statements on data: they are in the journal, too
SELECT sl_register('0', 'CREATE TABLE given (i int)');
CALL sl_boot();
INSERT INTO given VALUES (1);
SELECT sl_register('1', 'CREATE TABLE a (i int); INSERT INTO a VALUES (1);
	CREATE INDEX CONCURRENTLY a_i ON a (i);
	INSERT INTO a SELECT 2 / (1 - count(*)) FROM given');
CALL sl_boot();
SELECT * FROM pg_temp.story();
TRUNCATE given;
CALL sl_boot();
SELECT * FROM pg_temp.story();
SELECT count(*) FROM a;

-- without: an index that is there, and not valid, is not put right by itself
SELECT sl_register('2', 'CREATE TABLE b (i int);
	CREATE UNIQUE INDEX CONCURRENTLY a_once ON a (i);
	CREATE TABLE c (i int)');
INSERT INTO a VALUES (1);
SELECT sl_register('3', 'CREATE TABLE d (i int)');
CALL sl_boot();
SELECT * FROM pg_temp.story();
TRUNCATE a;
CREATE TABLE d (i int);
CALL sl_boot();
SELECT * FROM pg_temp.story();
SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_once'::regclass;

-- a revert that came half-way: whether the rest is to go, nobody knows
SELECT sl_register('it''s', 'CREATE TABLE e (i int); CREATE INDEX e_i ON e (i)',
	'DROP INDEX CONCURRENTLY e_i; SELECT 1/0; DROP TABLE e');
CALL sl_boot();
CALL sl_revert_online('3');
\set VERBOSITY default
CALL sl_boot();
\set VERBOSITY terse
SELECT * FROM pg_temp.story();
SELECT statement, safe, reason FROM sl_repair_plan();
CREATE INDEX e_i ON e (i);
SELECT sl_resolve('it''s', 'applied', 'made by hand again');
CALL sl_boot();
SELECT * FROM pg_temp.story();

-- what a rehearsal left that was killed goes with the next boot that works
CREATE DATABASE sl_regression_left CONNECTION LIMIT 0;
INSERT INTO sl_scratch (name, mark, database, cluster, at)
SELECT 'sl_regression_left', 'what was to be its comment', oid, system_identifier, now()
FROM pg_database, pg_control_system() WHERE datname = current_database();
CALL sl_boot();
SELECT count(*) FROM pg_database WHERE datname = 'sl_regression_left';
SELECT sl_register('6', 'CREATE TABLE f (i int)');
CALL sl_boot();
SELECT count(*) FROM pg_database WHERE datname = 'sl_regression_left';
SELECT count(*) FROM sl_scratch;

-- a script that takes too long is one that fails: the requirements are healed
SELECT sl_register('7', 'SELECT pg_sleep(600)');
SELECT sl_require('needed', 'public.f.n int');
CALL sl_boot(NULL, '{"migration_statement_timeout": "50 ms"}');
\echo :LAST_ERROR_SQLSTATE
SELECT attname FROM pg_attribute WHERE attrelid = 'f'::regclass AND attnum > 0;

\c :maindb
DROP DATABASE sl_regression_boot_interrupted;
