--
-- Repeatables, seeds, baselines.
--
-- In a database of its own.
--
SET client_min_messages = warning;
SELECT current_database() AS maindb \gset
CREATE DATABASE sl_regression_kinds;
\c sl_regression_kinds
SET client_min_messages = warning;
\pset null '-'
CREATE SCHEMA sl;
CREATE EXTENSION schema_lifecycle SCHEMA sl;
SET search_path = public, sl;
\set apply 'SELECT revision, outcome, statements FROM sl_apply_pending();'

CREATE TABLE sl.log (n serial, what text);
SELECT sl_configure('managed_schemas', 'public');
SELECT sl_register('v1', 'SELECT 1', 'SELECT 1') \gset
SELECT sl_register('v2', 'SELECT 1', 'SELECT 1') \gset

--
-- Repeatables run after the versioned ones, in the order of their names, when
-- their content is not that of their last run
--
SELECT sl_register('rb', 'INSERT INTO sl.log (what) VALUES (''rb A'')', NULL, NULL, 'repeatable') \gset
SELECT sl_register('ra', 'INSERT INTO sl.log (what) VALUES (''ra A'')', NULL, NULL, 'repeatable') \gset
SELECT sl_register('s1', 'INSERT INTO sl.log (what) VALUES (''s1 A'')', NULL, NULL, 'seed') \gset
SELECT ordinal, revision, kind FROM sl_pending();
SELECT revision, parents, kind, is_head FROM sl_graph();
SELECT * FROM sl_heads();
:apply
:apply
-- a comment is no change
SELECT sl_register('ra', '/* why */ INSERT INTO sl.log (what) VALUES (''ra A'')', NULL, NULL, 'repeatable');
:apply
SELECT sl_register('ra', 'INSERT INTO sl.log (what) VALUES (''ra B'')', NULL, NULL, 'repeatable');
SELECT revision, state FROM sl_graph() WHERE kind = 'repeatable';
:apply
-- A, B, A: the last run was B
SELECT sl_register('ra', 'INSERT INTO sl.log (what) VALUES (''ra A'')', NULL, NULL, 'repeatable');
:apply
SELECT what FROM sl.log ORDER BY n;

--
-- Seeds: content that ran once never runs again
--
TRUNCATE sl.log;
SELECT sl_register('s1', 'INSERT INTO sl.log (what) VALUES (''s1 B'')', NULL, NULL, 'seed');
:apply
SELECT sl_register('s1', 'INSERT INTO sl.log (what) VALUES (''s1 A'')', NULL, NULL, 'seed');
SELECT revision, state FROM sl_graph() WHERE kind = 'seed';
:apply
CALL sl_migrate();
SELECT sl_register('s1', 'INSERT INTO sl.log (what) VALUES (''s1 C'')', NULL, NULL, 'seed');
:apply
SELECT what FROM sl.log ORDER BY n;
SELECT revision, outcome, count(*) FROM sl_history WHERE revision IN ('ra', 's1')
 GROUP BY 1, 2 ORDER BY 1;
-- a revert leaves them; a target takes them along only if it is a head
TRUNCATE sl.log;
SELECT revision FROM sl_revert('v1');
SELECT sl_register('ra', 'INSERT INTO sl.log (what) VALUES (''ra D'')', NULL, NULL, 'repeatable') \gset
SELECT revision FROM sl_apply_pending('v1');
SELECT revision FROM sl_apply_pending();
SELECT what FROM sl.log ORDER BY n;
-- one that fails runs at the next call
SELECT sl_register('rb', 'SELECT 1/0', NULL, NULL, 'repeatable') \gset
:apply
CALL sl_migrate();
SELECT revision, state FROM sl_graph() WHERE kind = 'repeatable';
SELECT sl_register('rb', 'SELECT 1', NULL, NULL, 'repeatable') \gset
:apply
SELECT revision, state FROM sl_graph() WHERE kind = 'repeatable';
-- they have no parents
SELECT sl_register('rc', 'SELECT 1', NULL, '{v1}', 'repeatable');
SELECT sl_register('v3', 'SELECT 1', NULL, '{ra}');
SELECT * FROM sl_check_graph();
SELECT sl_unregister('v3') \gset
-- a kind does not change
SELECT sl_register('rb', 'SELECT 1', NULL, NULL, 'seed');
SELECT sl_register('v2', 'SELECT 1', NULL, '{v1}', 'repeatable');
SELECT sl_register('x', 'SELECT 1', NULL, NULL, 'Repeatable');
SELECT sl_register('x', 'SELECT 1', NULL, NULL, NULL);

--
-- Baselines: on an empty database in the place of what they replace
--
\set files '{001_a.sql,002_b.sql,002_base.sql,003_c.sql}'
\set bodies '{"CREATE TABLE a (i int)","CREATE TABLE b (i int)","-- sl:kind baseline\n-- sl:replaces 001_a..002_b\nCREATE TABLE a (i int); CREATE TABLE b (i int)","-- sl:parents 002_b\nCREATE TABLE c (i int)"}'
CREATE DATABASE sl_regression_baseline;
\c sl_regression_baseline
SET client_min_messages = warning;
CREATE EXTENSION schema_lifecycle;
SELECT revision, outcome FROM sl_load(:'files', :'bodies', 'plain');
SELECT revision, parents, kind, state FROM sl_graph();
SELECT revision, kind FROM sl_pending();
:apply
SELECT revision, kind, state FROM sl_graph();
SELECT * FROM sl_check_graph();
SELECT action, revision, outcome FROM sl_history;
:apply
\c sl_regression_kinds
DROP DATABASE sl_regression_baseline;
-- where the old ones ran it is taken as applied, and does not run
CREATE DATABASE sl_regression_baseline;
\c sl_regression_baseline
SET client_min_messages = warning;
CREATE EXTENSION schema_lifecycle;
SELECT sl_register('001_a', 'CREATE TABLE a (i int)') \gset
SELECT sl_register('002_b', 'CREATE TABLE b (i int)') \gset
:apply
SELECT revision, outcome FROM sl_load(:'files', :'bodies', 'plain');
SELECT revision, kind FROM sl_pending();
:apply
SELECT revision, kind, state FROM sl_graph();
SELECT * FROM sl_check_graph();
\c sl_regression_kinds
DROP DATABASE sl_regression_baseline;
-- where some of them ran it stands in nobody's way
CREATE DATABASE sl_regression_baseline;
\c sl_regression_baseline
SET client_min_messages = warning;
CREATE EXTENSION schema_lifecycle;
SELECT sl_register('001_a', 'CREATE TABLE a (i int)') \gset
:apply
SELECT revision, outcome FROM sl_load(:'files', :'bodies', 'plain');
SELECT revision, kind FROM sl_pending();
:apply
SELECT revision, kind, state FROM sl_graph();
\c sl_regression_kinds
DROP DATABASE sl_regression_baseline;
-- a database with objects is not empty
CREATE DATABASE sl_regression_baseline;
\c sl_regression_baseline
SET client_min_messages = warning;
CREATE EXTENSION schema_lifecycle;
CREATE TABLE a (i int);
SELECT count(*) FROM sl_load(:'files', :'bodies', 'plain');
:apply
\echo :LAST_ERROR_SQLSTATE
SELECT outcome FROM sl_stamp('001_a', true);
SELECT revision, outcome FROM sl_apply_pending();
\c sl_regression_kinds
DROP DATABASE sl_regression_baseline;

\c :maindb
DROP DATABASE sl_regression_kinds;
