--
-- sl_assert: what it says.
--
CREATE DATABASE sl_regression_assert TEMPLATE template0;
\set maindb :DBNAME
\c sl_regression_assert
CREATE EXTENSION schema_lifecycle;
SET client_min_messages = warning;

SELECT sl_assert();
SELECT sl_assert('018');
SELECT sl_register('i9d0', 'CREATE TABLE agents (agent_id int, name text)') \gset
SELECT sl_register('j1e2', 'CREATE TABLE sessions (id int PRIMARY KEY, agent int)') \gset
SELECT sl_assert();
SELECT sl_assert('i9d0,nope,j');
SELECT sl_assert(NULL, '{pending}');
CALL sl_migrate();
SELECT sl_assert();
SELECT sl_assert(NULL, NULL);
SELECT sl_assert('j1e2', '{graph,head,stamp,drift,requirements,pending,unexpected,unverifiable}');

-- S4: the column is nullable in the history, and not in the database
ALTER TABLE agents ALTER agent_id SET NOT NULL;
SELECT sl_assert();
SELECT sl_assert(NULL, '{stamp}');
SELECT sl_assert(NULL, '{head}');
-- S2: recorded, and not there; each thing is said once
DROP TABLE sessions;
SELECT sl_assert();
SELECT sl_assert(NULL, '{drift}');
SELECT sl_require('owner', 'agents.owner int') \gset
SELECT sl_assert();
CREATE TABLE sessions (id int PRIMARY KEY, agent int);
ALTER TABLE agents ALTER agent_id DROP NOT NULL;
SELECT sl_assert();
SELECT sl_unrequire('owner');
CREATE TABLE more (id int);
SELECT sl_assert();
SELECT sl_assert(NULL, '{unexpected}');
DROP TABLE more;
SELECT sl_register('k3', 'SELECT') \gset
SELECT sl_resolve('k3', 'applied', 'I was there') \gset
SELECT sl_assert();
SELECT sl_assert(NULL, '{unverifiable}');
SELECT count(*) FROM sl_stamp('j1e2', true);
-- a failure, and a cycle
SELECT sl_register('k3', 'SELECT 1/0') \gset
CALL sl_migrate();
SELECT sl_assert();
SELECT sl_unregister('k3') \gset
SELECT sl_register('l4', 'SELECT', NULL, '{m5}') \gset
SELECT sl_register('m5', 'SELECT', NULL, '{l4}') \gset
SELECT sl_assert('j1e2');
SELECT sl_assert(NULL, '{head,pending}');
SELECT sl_verify(), sl_verify('j1e2'), sl_status()->>'verdict' AS verdict;
SELECT sl_unregister('l4') \gset
SELECT sl_unregister('m5') \gset
-- as many as can be read
SELECT count(sl_require('r' || i, 'table t' || i)) FROM generate_series(1, 25) i;
SELECT sl_assert();

-- what is not to be checked
SELECT sl_assert(NULL, '{}');
SELECT sl_assert(NULL, '{graph,NULL}');
SELECT sl_assert(NULL, '{Graph}');
SELECT sl_assert(NULL, '{Lint}');

\c :maindb
DROP DATABASE sl_regression_assert;
