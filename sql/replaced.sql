--
-- A script outside a transaction whose statement failed, and was then edited
-- away: what it left must not stay.
--
SET client_min_messages = warning;
SELECT current_database() AS maindb \gset
CREATE DATABASE sl_regression_replaced;
\c sl_regression_replaced
SET client_min_messages = warning;
\set VERBOSITY terse
CREATE EXTENSION schema_lifecycle;
\set invalid 'SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid;'

-- by the end of the script
SELECT sl_register('a', $$
CREATE TABLE a (i int);
INSERT INTO a VALUES (1), (1);
CREATE UNIQUE INDEX CONCURRENTLY a_i ON a (i);
$$);
CALL sl_migrate();
:invalid
SELECT sl_register('a', $$
-- sl:no-transaction
CREATE TABLE a (i int);
INSERT INTO a VALUES (1), (1);
$$);
CALL sl_migrate();
:invalid
SELECT revision, state FROM sl_graph();

-- by a statement that can run in a transaction
SELECT sl_register('b', $$
CREATE TABLE b (i int);
INSERT INTO b VALUES (1), (1);
CREATE UNIQUE INDEX CONCURRENTLY b_i ON b (i);
$$);
CALL sl_migrate();
:invalid
SELECT sl_register('b', $$
CREATE TABLE b (i int);
INSERT INTO b VALUES (1), (1);
DELETE FROM b;
CREATE UNIQUE INDEX CONCURRENTLY b_i ON b (i);
$$);
CALL sl_migrate();
:invalid
SELECT revision, state FROM sl_graph();

-- debris whose removal was stopped, too: DROP INDEX CONCURRENTLY marks the
-- index as dead before it waits for the last time
SELECT sl_register('d', $$
CREATE TABLE d (i int);
INSERT INTO d VALUES (1), (1);
CREATE UNIQUE INDEX CONCURRENTLY d_i ON d (i);
$$);
CALL sl_migrate();
UPDATE pg_index SET indisready = false, indislive = false WHERE indexrelid = 'd_i'::regclass;
DELETE FROM d;
CALL sl_migrate();
SELECT indisvalid, indisready, indislive FROM pg_index WHERE indexrelid = 'd_i'::regclass;

-- A revert that stopped half way: there is something to look at again
SELECT sl_register('c', 'CREATE TABLE c (i int)', $$
CREATE INDEX CONCURRENTLY c_i ON c (i);
SELECT 1 / 0;
$$);
CALL sl_migrate();
SELECT revision, settled FROM sl_registry WHERE revision = 'c';
CALL sl_revert_online('d');
SELECT revision, settled FROM sl_registry WHERE revision = 'c';
SELECT revision, state FROM sl_graph();

-- debris of the name, which the step replaces; then it is built, and the
-- crash comes before the journal says so
SELECT sl_register('u', 'CREATE TABLE u (i int); INSERT INTO u VALUES (1), (1)', NULL, '{}');
CALL sl_migrate('u');
CREATE UNIQUE INDEX CONCURRENTLY u_i ON u (i);
SELECT sl_register('v', 'CREATE UNIQUE INDEX CONCURRENTLY u_i ON u (i)', NULL, '{u}');
CALL sl_migrate('v');
DELETE FROM u;
DROP INDEX u_i;
CREATE UNIQUE INDEX u_i ON u (i);
CALL sl_migrate('v');
:invalid
SELECT revision, state FROM sl_graph() WHERE revision = 'v';

\c :maindb
DROP DATABASE sl_regression_replaced;
