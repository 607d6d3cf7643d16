--
-- What was begun outside a transaction and may have left something behind is
-- not forgotten, whatever becomes of the script.
--
SET client_min_messages = warning;
SELECT current_database() AS maindb \gset
CREATE DATABASE sl_regression_doubt;
\c sl_regression_doubt
SET client_min_messages = warning;
\set VERBOSITY terse
CREATE EXTENSION schema_lifecycle;
CREATE TABLE public.t (a int);
SELECT sl_configure('managed_schemas', 'app');

-- a DO that committed a part of its work; then the script becomes one that
-- runs in a transaction
SELECT sl_register('a', $$-- sl:no-transaction
DO 'BEGIN INSERT INTO t VALUES (1); COMMIT; PERFORM 1/0; END'$$);
CALL sl_migrate();
SELECT sl_register('a', 'INSERT INTO t VALUES (1)');
CALL sl_migrate();
\echo :LAST_ERROR_SQLSTATE
SELECT revision, outcome FROM sl_apply_pending();
SELECT sl_resolve('a', 'applied', 'the row is there');
CALL sl_migrate();
SELECT count(*) FROM t;

-- an INVALID index; then the script becomes one that runs in a transaction
INSERT INTO t VALUES (1);
SELECT sl_register('b', 'CREATE UNIQUE INDEX CONCURRENTLY ON t (a)');
CALL sl_migrate();
SELECT sl_register('b', 'CREATE TABLE b ()');
CALL sl_migrate();
DROP INDEX t_a_idx;
CALL sl_migrate();
SELECT revision, state FROM sl_graph();

-- a repeatable that ran before, in doubt: its script that is under way is the
-- one up
SELECT sl_register('r', $$-- sl:no-transaction
DO 'BEGIN INSERT INTO t VALUES (2); COMMIT; END'$$, kind => 'repeatable');
CALL sl_migrate();
SELECT sl_register('r', $$-- sl:no-transaction
DO 'BEGIN INSERT INTO t VALUES (3); COMMIT; PERFORM 1/0; END'$$, kind => 'repeatable');
CALL sl_migrate();
CALL sl_migrate();
SELECT sl_resolve('r', 'finished', 'the row is there');
CALL sl_migrate();
SELECT revision, state FROM sl_graph();
SELECT a, count(*) FROM t GROUP BY a ORDER BY a;

-- what was prepared is prepared again when the script continues
SELECT sl_register('p', $$
PREPARE ins AS INSERT INTO t VALUES (4);
CREATE UNIQUE INDEX CONCURRENTLY t_p ON t (a);
EXECUTE ins;
$$);
CALL sl_migrate();
DELETE FROM t WHERE a = 1;
CALL sl_migrate();
SELECT revision, state FROM sl_graph();

-- an index of the name on a partitioned table is another
CREATE TABLE pt (k int) PARTITION BY RANGE (k);
CREATE INDEX pt_i ON pt (k);
SELECT sl_register('q', 'CREATE INDEX CONCURRENTLY IF NOT EXISTS pt_i ON pt (k)');
CALL sl_migrate();
\echo :LAST_ERROR_SQLSTATE

\c :maindb
DROP DATABASE sl_regression_doubt;
