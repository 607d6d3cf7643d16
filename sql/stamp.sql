--
-- sl_stamp and sl_resolve: a person's word.
--
-- In a database of its own.
--
SET client_min_messages = warning;
SELECT current_database() AS maindb \gset
CREATE DATABASE sl_regression_stamp;
\c sl_regression_stamp
SET client_min_messages = warning;
\pset null '-'
CREATE SCHEMA sl;
CREATE EXTENSION schema_lifecycle SCHEMA sl;
SET search_path = public, sl;
\set apply 'SELECT revision, outcome, statements FROM sl_apply_pending();'

SELECT sl_register('a', 'CREATE TABLE a (i int)', 'DROP TABLE a') \gset
SELECT sl_register('b', 'CREATE TABLE b (i int)', 'DROP TABLE b') \gset
SELECT sl_register('c', 'CREATE TABLE c (i int)', 'DROP TABLE c') \gset
SELECT sl_register('side', 'CREATE TABLE side (i int)', 'SELECT ''side''', '{a}') \gset

--
-- sl_stamp
--
SELECT * FROM sl_stamp('b');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sl_stamp('b', false, 'please');
SELECT * FROM sl_stamp('b', NULL);
SELECT * FROM sl_stamp(NULL, true);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sl_stamp('nothing', true);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sl_stamp('heads', true);
SELECT count(*) FROM sl_history;
-- the revision and its ancestors, not its sister
SELECT * FROM sl_stamp('b', true, 'made by hand');
SELECT revision, state FROM sl_graph();
SELECT action, revision, outcome, role = current_user AS same_role, statements,
	evidence, reason FROM sl_history;
-- nothing changes: not refused, not recorded
SELECT * FROM sl_stamp('b');
SELECT count(*) FROM sl_history;
-- the history is not empty: what is left runs
SELECT revision FROM sl_apply_pending('c');
-- backwards: what depends on it is freed, if forced
SELECT * FROM sl_stamp('a');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sl_stamp('a', true, 'c was dropped by hand');
SELECT revision, state FROM sl_graph();
SELECT * FROM sl_stamp('base');
SELECT * FROM sl_stamp('base', true);
SELECT revision, state FROM sl_graph();
-- a prefix
SELECT * FROM sl_stamp('si', true);
-- an unsound graph stops it
SELECT sl_register('lost', 'SELECT 1', NULL, '{nobody}') \gset
SELECT * FROM sl_stamp('c', true);
\echo :LAST_ERROR_SQLSTATE
SELECT sl_unregister('lost') \gset
-- rolled back with its transaction, and that is not to be prepared
BEGIN;
SELECT * FROM sl_stamp('c', true);
ROLLBACK;
BEGIN;
SELECT * FROM sl_stamp('c', true);
PREPARE TRANSACTION 'regress_stamp';
SELECT revision, state FROM sl_graph();
-- what is stamped can be reverted
DROP TABLE c;
CREATE TABLE b (i int);
SELECT * FROM sl_stamp('b', true);
SELECT revision FROM sl_revert('a');
SELECT revision, state FROM sl_graph();
-- a seed and a repeatable
SELECT sl_register('s', 'SELECT 1/0', NULL, NULL, 'seed') \gset
SELECT sl_register('r', 'SELECT 1/0', NULL, NULL, 'repeatable') \gset
SELECT * FROM sl_stamp('s', true);
SELECT * FROM sl_stamp('r', true);
SELECT revision FROM sl_pending('heads');
SELECT sl_register('r', 'SELECT 2/0', NULL, NULL, 'repeatable');
SELECT revision FROM sl_pending('heads');
SELECT sl_unregister('r') \gset
SELECT sl_register('r', '', NULL, NULL, 'repeatable') \gset

--
-- sl_resolve
--
SELECT sl_resolve('b', 'perhaps', 'x');
\echo :LAST_ERROR_SQLSTATE
SELECT sl_resolve('b', 'applied', NULL);
SELECT sl_resolve(NULL, 'applied', 'x');
SELECT sl_resolve('b', NULL, 'x');
SELECT sl_resolve('nothing', 'applied', 'x');
SELECT sl_resolve('a', 'applied', 'it is already');
\echo :LAST_ERROR_SQLSTATE
SELECT sl_resolve('b', 'finished', 'nothing was begun');
SELECT sl_resolve('b', 'applied', 'I looked');
SELECT action, revision, outcome, reason FROM sl_history ORDER BY id DESC LIMIT 1;
-- of an applied one that it is gone, while nothing rests on it
SELECT sl_resolve('a', 'rolled_back', 'gone');
\echo :LAST_ERROR_SQLSTATE
SELECT sl_resolve('b', 'rolled_back', 'gone after all');
SELECT revision, state FROM sl_graph() WHERE revision = 'b';
SELECT sl_resolve('b', 'applied', 'there again');
SELECT revision, state FROM sl_graph();
-- a script that stopped half-way, outside a transaction
SELECT sl_register('n', $$-- sl:no-transaction
CREATE TABLE n1 (i int);
INSERT INTO nothing VALUES (1);
CREATE TABLE n2 (i int);
$$, NULL, '{b}') \gset
CALL sl_migrate('n');
SELECT revision, state FROM sl_graph() WHERE revision = 'n';
SELECT sl_unregister('n');
-- the statement that failed was rolled back, there is nothing to decide
SELECT sl_resolve('n', 'finished', 'the row is there, elsewhere');
CREATE TABLE nothing (i int);
CALL sl_migrate('n');
SELECT revision, state FROM sl_graph() WHERE revision = 'n';
SELECT to_regclass('n1'), to_regclass('n2');
-- from its first statement
SELECT sl_register('o', $$-- sl:no-transaction
CREATE TABLE o1 (i int);
SELECT 1/0;
$$, NULL, '{n}') \gset
CALL sl_migrate('o');
SELECT sl_resolve('o', 'run', 'try that statement again');
-- what finished does not run again
CALL sl_migrate('o');
DROP TABLE o1;
SELECT sl_resolve('o', 'rolled_back', 'dropped by hand');
SELECT sl_register('o', 'CREATE TABLE o1 (i int)', NULL, '{n}');
SELECT revision FROM sl_apply_pending('o');
SELECT action, revision, outcome, sqlstate, split_part(error, E'\n', 1) AS error, reason
  FROM sl_history WHERE revision IN ('n', 'o') ORDER BY id;

\c :maindb
DROP DATABASE sl_regression_stamp;
