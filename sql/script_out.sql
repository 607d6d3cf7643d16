--
-- sl_script: the text.  That psql runs it, and what comes of it, is tried in
-- test/slctl/script_out.sh.
--
-- In a database of its own.
--
SET client_min_messages = warning;
SELECT current_database() AS maindb \gset
CREATE DATABASE sl_regression_script_out;
\c sl_regression_script_out
SET client_min_messages = warning;
\pset null '-'
CREATE SCHEMA "Sl";
CREATE EXTENSION schema_lifecycle SCHEMA "Sl";
SET search_path = public, "Sl";
\pset format unaligned
\pset tuples_only on

-- nothing to do
SELECT sl_script();
SELECT sl_script('base', 'down');
-- a script with all that is special: its lines are the runner's statements
SELECT sl_register('001', E'BEGIN;
CREATE TABLE t (v text, w text); -- the first
COPY t FROM stdin;
a\tb
\\.
SET client_encoding = latin1; SET NAMES ''UTF8'';
COMMENT ON TABLE t IS $$it''s; \\ :x$$;
COMMIT;', 'DROP TABLE t', NULL, 'versioned', E'two\nlines') \gset
SELECT sl_register('it''s $sl$', 'CREATE INDEX CONCURRENTLY t_v ON t (v); SELECT 1', 'DROP INDEX CONCURRENTLY t_v') \gset
SELECT sl_register('003', NULL) \gset
SELECT sl_register('004', 'SELECT 4', 'SELECT -4') \gset
SET schema_lifecycle.migration_lock_timeout = '7s';
SET schema_lifecycle.migration_statement_timeout = '1min';
SELECT sl_script('heads');
RESET schema_lifecycle.migration_lock_timeout;
RESET schema_lifecycle.migration_statement_timeout;
-- to a target
SELECT sl_script('001') ~ 'CREATE INDEX' AS more, sl_script('001') ~ '-- 001: two lines\n' AS named;
SELECT sl_script('base') = sl_script('base', 'up') AS same, sl_script('base') ~ 'Nothing is to do' AS nothing;

-- the way back
SELECT FROM sl_apply_pending('001');
SELECT regexp_replace(sl_script('base', 'down'), '^.*?-- 001', '-- 001');
SELECT sl_script('base', 'down') ~ 'sl_revert_online\(''base''\)' AS call, sl_script('base', 'down') ~ 'state OPERATOR\(pg_catalog.<>\) ''pending''' AS state;
SELECT sl_register('005', 'SELECT 5', NULL, '{001}') \gset
SELECT FROM sl_apply_pending('005');

-- what stands against it
SELECT sl_script('base', 'down');
\echo :LAST_ERROR_SQLSTATE
SELECT sl_script(NULL, 'down');
\echo :LAST_ERROR_SQLSTATE
SELECT sl_script(NULL, 'sideways');
\echo :LAST_ERROR_SQLSTATE
SELECT sl_script('no such');
\echo :LAST_ERROR_SQLSTATE
SELECT sl_register('a', 'SELECT', NULL, '{b}'), sl_register('b', 'SELECT', NULL, '{a}') \gset
SELECT sl_script();
\echo :LAST_ERROR_SQLSTATE
SELECT sl_unregister('a'), sl_unregister('b') \gset

-- it reads, and who reads need not have the right to run
BEGIN READ ONLY;
SELECT sl_script('it''s') ~ 'CONCURRENTLY' AS readable;
COMMIT;

-- what ran in an earlier attempt is left out
SELECT sl_register('006', 'SET work_mem = ''1MB''; CREATE TABLE six (i int); VACUUM six; SELECT 1/0', NULL, '{005}') \gset
CALL sl_migrate('006');
SELECT regexp_replace(sl_script('006'), '^.*END \$sl\$;\nSET', 'SET');

\c :maindb
DROP DATABASE sl_regression_script_out;
