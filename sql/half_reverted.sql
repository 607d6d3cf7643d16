--
-- A revert outside a transaction that stopped half-way: what rests on the
-- revision must not run, and a person can say how it goes on.
--
SET client_min_messages = warning;
SELECT current_database() AS maindb \gset
CREATE DATABASE sl_regression_half_reverted;
\c sl_regression_half_reverted
SET client_min_messages = warning;
\set VERBOSITY terse
CREATE EXTENSION schema_lifecycle;

SELECT sl_register('c', 'CREATE TABLE c (i int); CREATE TABLE c2 (i int)',
	'DROP TABLE c2; CREATE INDEX CONCURRENTLY c_i ON c (i); SELECT 1/0; DROP TABLE c');
CALL sl_migrate();
CALL sl_revert_online('base');
SELECT revision, direction, statement, state FROM sl_journal ORDER BY 3;

-- nothing to run: it is said
CALL sl_migrate();
-- what rests on it does not run, what does not rest on it does
SELECT sl_register('d', 'CREATE TABLE d ()', NULL, '{c}');
SELECT sl_register('e', 'CREATE TABLE e ()', NULL, '{}');
CALL sl_migrate('d');
\echo :LAST_ERROR_SQLSTATE
SELECT revision, outcome FROM sl_apply_pending('d');
CALL sl_migrate('e');
SELECT revision, state FROM sl_graph() ORDER BY 1;

-- a person puts it right and says so: applied as a whole
CREATE TABLE c2 (i int);
SELECT sl_resolve('c', 'applied', 'made by hand again');
SELECT count(*) FROM sl_journal;
CALL sl_migrate('d');
SELECT revision, state FROM sl_graph() ORDER BY 1;

-- the other way: the rest of the revert by hand
SELECT sl_register('d', 'CREATE TABLE d ()', 'DROP TABLE d');
CALL sl_revert_online('e');
DROP TABLE c;
SELECT sl_resolve('c', 'rolled_back', 'dropped by hand');
SELECT revision, state FROM sl_graph() ORDER BY 1;
SELECT action, revision, outcome FROM sl_history ORDER BY id;

\c :maindb
DROP DATABASE sl_regression_half_reverted;
