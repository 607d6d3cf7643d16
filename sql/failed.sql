--
-- What is applied has not failed, whatever went wrong since (sl_graph).
--
SET client_min_messages = warning;
SELECT current_database() AS maindb \gset
CREATE DATABASE sl_regression_failed;
\c sl_regression_failed
SET client_min_messages = warning;
\set VERBOSITY terse
CREATE EXTENSION schema_lifecycle;
SELECT sl_register('t', 'CREATE TABLE t (a int)', 'DROP TABLE t; SELECT 1 / 0');
CALL sl_migrate();

-- a revert that failed left the revision as it was
CALL sl_revert_online('base');
SELECT action, outcome, sqlstate FROM sl_history;
SELECT revision, state FROM sl_graph();
-- and nothing is left to look at by the next call
CALL sl_migrate();
SELECT settled FROM sl_registry;

-- a repeatable whose new text failed, and that got its old one again
SELECT sl_register('v', 'CREATE OR REPLACE VIEW v AS SELECT 1 AS a', kind => 'repeatable');
CALL sl_migrate();
SELECT sl_register('v', 'CREATE OR REPLACE VIEW v AS SELECT 1 / 0 AS a; SELECT * FROM v', kind => 'repeatable');
CALL sl_migrate();
SELECT revision, state FROM sl_graph();
SELECT sl_register('v', 'CREATE OR REPLACE VIEW v AS SELECT 1 AS a', kind => 'repeatable');
SELECT revision, state FROM sl_graph();

-- one that was never applied has
SELECT sl_register('n', 'SELECT 1 / 0');
CALL sl_migrate();
SELECT revision, state FROM sl_graph();

\c :maindb
DROP DATABASE sl_regression_failed;
