--
-- Repair of revisions that are recorded and never ran
--
-- In a database of its own.
--
SET client_min_messages = warning;
SELECT current_database() AS maindb \gset
CREATE DATABASE sl_regression_heal_stamped;
\c sl_regression_heal_stamped
SET client_min_messages = warning;
CREATE EXTENSION schema_lifecycle;
\pset null <null>
\set plan 'SELECT ordinal, revision, action, statement, safe, reason FROM sl_repair_plan();'
\set repair 'SELECT ordinal, revision, action, statement, outcome FROM sl_repair();'
SELECT sl_configure('managed_schemas', 'public, dev') \gset
CREATE SCHEMA helper;
-- applied, which gives a footprint; reverted; and then somebody stamps
CREATE PROCEDURE helper.stamp(id text, up text, down text) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM sl_register(id, up, down);
	PERFORM sl_apply_pending(id);
	PERFORM sl_revert(parents[1]) FROM sl_revision WHERE revision = id;
	PERFORM sl_stamp(id, true, 'deploy job');
END$$;
SELECT sl_register('016', 'CREATE TABLE users (id int PRIMARY KEY, name text)', 'DROP TABLE users') \gset
SELECT revision FROM sl_apply_pending();

--
-- Nothing of it is there: run from its script, with its rows, and its columns
-- in their order
--
CALL helper.stamp('017', 'CREATE TABLE sessions (token text PRIMARY KEY, user_id int REFERENCES users, a int);
INSERT INTO sessions VALUES (''x'', NULL, 3)', 'DROP TABLE sessions');
SELECT revision, verdict, class, identity, problem FROM sl_detect_stamp_drift();
:plan
:repair
TABLE sessions;
SELECT sl_verify();
SELECT sl_status()->'coverage';
SELECT action, revision, outcome, statements, evidence, reason FROM sl_history;
-- it is as if it had run: lost now, it is not run again
DROP TABLE sessions;
:plan
SELECT outcome FROM sl_repair();
TABLE sessions;

--
-- A part of it is there: completed from facts; statements on data do not run
--
CALL helper.stamp('018', 'CREATE TABLE notifications (z int, b text, a text); CREATE TABLE second (i int)',
	'DROP TABLE notifications, second');
CALL helper.stamp('019', 'CREATE TABLE d1 (i int); CREATE TABLE d2 (i int); INSERT INTO d1 VALUES (1)',
	'DROP TABLE d1, d2');
CREATE TABLE second (i int);
CREATE TABLE d2 (i int);
SELECT revision, verdict, class, identity FROM sl_detect_stamp_drift();
:plan
SELECT revision, statement, outcome FROM sl_repair();
SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute
 WHERE attrelid = 'notifications'::regclass AND attnum > 0;
TABLE d1;
SELECT sl_verify();
-- the one is borne out, of the other facts cannot speak
SELECT sl_status()->'coverage'->'forced';
SELECT action, revision, outcome, reason FROM sl_history WHERE revision IN ('018', '019') AND action = 'repair';

--
-- It does not leave what it is known by: rolled back, and made from facts
--
CALL helper.stamp('020', 'CREATE TABLE t20 (i int); CREATE INDEX ON t20 (i); CREATE TABLE t20b AS SELECT * FROM users',
	'DROP TABLE t20, t20b');
ALTER TABLE users ADD COLUMN more int;
:plan
:repair
ALTER TABLE users DROP COLUMN more;
-- it fails: the same
CALL helper.stamp('021', 'CREATE TABLE t21 (i int); INSERT INTO t21 SELECT 1 / (count(*) - 1) FROM users', 'DROP TABLE t21');
INSERT INTO users VALUES (1);
:repair
-- it takes something away: not by itself
CALL helper.stamp('022', 'ALTER TABLE users DROP COLUMN name; CREATE VIEW v22 AS SELECT 1 AS a', 'DROP VIEW v22; ALTER TABLE users ADD COLUMN name text');
CALL helper.stamp('023', 'CREATE TABLE t23 (i int); DELETE FROM users', 'DROP TABLE t23');
:plan
:repair
SELECT id, name FROM users;

--
-- Whose rights: a developer's facts, and an administrator's repair
--
CREATE ROLE regress_heal_dev;
SELECT sl_grant('regress_heal_dev', 'deploy');
CREATE SCHEMA dev AUTHORIZATION regress_heal_dev;
SELECT sl_stamp('021', true) \g /dev/null
SET ROLE regress_heal_dev;
SET search_path = dev, public;
SELECT sl_register('030', $$CREATE FUNCTION dev.evil() RETURNS int LANGUAGE plpgsql AS
	'BEGIN RESET ROLE; RETURN 1; END';
CREATE TABLE dev.t (a int);
ALTER TABLE dev.t ADD COLUMN b int DEFAULT dev.evil()$$, 'DROP TABLE dev.t; DROP FUNCTION dev.evil', '{021}');
SELECT revision FROM sl_apply_pending('030');
INSERT INTO dev.t (a) VALUES (1);
ALTER TABLE dev.t DROP COLUMN b;
RESET ROLE;
-- the superuser may not run what that role wrote down
SELECT outcome FROM sl_repair();
-- as that role, within reach of the superuser: without a way to become him
SET ROLE regress_heal_dev;
SELECT outcome FROM sl_repair() WHERE revision = '030';
RESET ROLE;
\c :maindb
DROP DATABASE sl_regression_heal_stamped;
DROP ROLE regress_heal_dev;
