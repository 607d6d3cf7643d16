--
-- sl_revert: the down scripts, newest first; and sl_revert_online.
--
-- In a database of its own.
--
SET client_min_messages = warning;
SELECT current_database() AS maindb \gset
CREATE DATABASE sl_regression_revert;
\c sl_regression_revert
SET client_min_messages = warning;
\pset null '-'
CREATE SCHEMA sl;
CREATE EXTENSION schema_lifecycle SCHEMA sl;
SET search_path = public, sl;
\set apply 'SELECT revision, outcome, statements FROM sl_apply_pending();'

CREATE TABLE log (n serial, what text);
SELECT sl_configure('managed_schemas', 'none');
SELECT sl_register('a', 'INSERT INTO log (what) VALUES (''up a'')',
	'INSERT INTO log (what) VALUES (''down a'')') \gset
SELECT sl_register('b1', 'INSERT INTO log (what) VALUES (''up b1'')',
	'INSERT INTO log (what) VALUES (''down b1'')', '{a}') \gset
SELECT sl_register('b2', 'INSERT INTO log (what) VALUES (''up b2'')',
	'INSERT INTO log (what) VALUES (''down b2'')', '{a}') \gset
SELECT sl_register('c', 'INSERT INTO log (what) VALUES (''up c'')',
	'INSERT INTO log (what) VALUES (''down c''); SELECT 1', '{b1,b2}') \gset
:apply
-- nothing to revert
SELECT * FROM sl_revert('c');
SELECT * FROM sl_revert(NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sl_revert('nothing');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sl_revert('b');
-- what is not an ancestor of the target goes, also on another branch
SELECT revision, outcome, statements, elapsed >= '0' AS has_elapsed FROM sl_revert('b1');
SELECT what FROM log ORDER BY n;
SELECT revision, state FROM sl_graph();
-- and comes again, once
:apply
SELECT revision FROM sl_revert('base');
SELECT action, revision, outcome, statements FROM sl_history ORDER BY id;
SELECT revision, state FROM sl_graph();
TRUNCATE log;
:apply
SELECT what FROM log ORDER BY n;

--
-- A missing down script: nothing is reverted
--
SELECT sl_register('d', 'SELECT 1') \gset
SELECT sl_register('e', 'SELECT 1', 'INSERT INTO log (what) VALUES (''down e'')') \gset
:apply
TRUNCATE log;
SELECT revision FROM sl_revert('b1');
\echo :LAST_ERROR_SQLSTATE
CALL sl_revert_online('b1');
SELECT * FROM log;
-- one can be given later to what is applied, also one that does nothing
SELECT sl_register('d', 'SELECT 1', '-- nothing to undo');
SELECT revision, statements FROM sl_revert('c');
SELECT what FROM log ORDER BY n;
:apply

--
-- A down script that fails: nothing is reverted
--
SELECT sl_register('f', 'SELECT 1', E'SELECT 1;\nDROP TABLE no_such_table') \gset
SELECT sl_register('g', 'SELECT 1', 'INSERT INTO log (what) VALUES (''down g'')') \gset
:apply
TRUNCATE log;
SELECT revision FROM sl_revert('c');
SELECT * FROM log;
SELECT revision, state FROM sl_graph() WHERE state <> 'applied';
-- one transaction a revision: what was reverted before it stays so
CALL sl_revert_online('c');
SELECT what FROM log ORDER BY n;
SELECT revision, state FROM sl_graph() WHERE revision IN ('e', 'f', 'g');
SELECT action, revision, outcome, sqlstate, split_part(error, E'\n', 1) AS error
  FROM sl_history ORDER BY id DESC LIMIT 2;
SELECT sl_register('f', 'SELECT 1', 'SELECT 1');
SELECT revision FROM sl_revert('e');
SELECT revision, state FROM sl_graph() WHERE revision IN ('e', 'f', 'g');
SELECT sl_unregister('g') \gset
SELECT sl_unregister('f') \gset

--
-- Down scripts that cannot run in a transaction
--
SELECT sl_register('h', 'CREATE TABLE h (i int); CREATE INDEX h_i ON h (i)',
	'DROP INDEX CONCURRENTLY h_i; DROP TABLE h') \gset
:apply
SELECT * FROM sl_revert('e');
\echo :LAST_ERROR_SQLSTATE
CALL sl_revert_online('e');
SELECT to_regclass('h'), to_regclass('h_i');
SELECT action, revision, outcome, statements FROM sl_history ORDER BY id DESC LIMIT 1;
SELECT sl_unregister('h') \gset

--
-- The clean room is the same: a down script cannot leak, and its deferred
-- constraints are its own
--
SELECT sl_register('i', 'CREATE TABLE i (i int PRIMARY KEY);
CREATE TABLE j (i int REFERENCES i DEFERRABLE INITIALLY DEFERRED)',
	'SET search_path = pg_catalog; INSERT INTO public.j VALUES (1)') \gset
:apply
SELECT revision FROM sl_revert('e');
SHOW search_path;
SELECT sl_register('i', 'CREATE TABLE i (i int PRIMARY KEY);
CREATE TABLE j (i int REFERENCES i DEFERRABLE INITIALLY DEFERRED)',
	'DROP TABLE j, i; SET search_path = pg_catalog') \gset
SELECT revision FROM sl_revert('e');
SHOW search_path;

--
-- Repeatables and seeds stay; an external revision has no down script
--
SELECT sl_unregister('i') \gset
SELECT sl_register('r', 'SELECT ''r''', NULL, NULL, 'repeatable') \gset
SELECT sl_register('s', 'SELECT ''s''', NULL, NULL, 'seed') \gset
SELECT sl_register('x', NULL, NULL, '{e}') \gset
SELECT outcome FROM sl_stamp('x', true);
:apply
SELECT revision FROM sl_revert('e');
SELECT outcome FROM sl_stamp('e', true);
SELECT revision FROM sl_revert('base');
SELECT revision, kind, state FROM sl_graph();

\c :maindb
DROP DATABASE sl_regression_revert;
