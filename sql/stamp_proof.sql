--
-- sl_stamp with footprints: the catalog decides.
--
-- In a database of its own.
--
SET client_min_messages = warning;
SELECT current_database() AS maindb \gset
CREATE DATABASE sl_regression_stamp_proof;
\c sl_regression_stamp_proof
SET client_min_messages = warning;
\pset null '-'
CREATE EXTENSION schema_lifecycle;
SELECT sl_register('p1', 'CREATE TABLE p1 (a int PRIMARY KEY, b text)', 'DROP TABLE p1', parents => '{}') \gset
SELECT sl_register('p2', 'CREATE TABLE p2 (a int); ALTER TABLE p1 ADD COLUMN c int NOT NULL', 'DROP TABLE p2; ALTER TABLE p1 DROP COLUMN c', parents => '{p1}') \gset
SELECT sl_register('p3', 'COMMENT ON TABLE p2 IS ''x''; INSERT INTO p2 VALUES (1)', 'DELETE FROM p2', parents => '{p2}') \gset
SELECT revision, outcome FROM sl_apply_pending('p3');
SELECT revision, outcome FROM sl_revert('p1');
-- nothing of it is there
SELECT * FROM sl_stamp('p2');
-- a part of it is
CREATE TABLE p2 (a int);
ALTER TABLE p1 ADD COLUMN c int;
SELECT * FROM sl_stamp('p2');
-- and nothing was recorded
SELECT revision, state FROM sl_graph() WHERE revision ~ '^p' ORDER BY 1;
-- all of it, made by hand
ALTER TABLE p1 ALTER COLUMN c SET NOT NULL;
SELECT * FROM sl_stamp('p2', reason => 'made by hand');
SELECT action, revision, outcome, evidence, reason FROM sl_history WHERE revision = 'p2' ORDER BY id DESC LIMIT 1;
SELECT * FROM sl_detect_stamp_drift() WHERE revision ~ '^p';
-- statements on data are never proven
COMMENT ON TABLE p2 IS 'x';
SELECT * FROM sl_stamp('p3');
COMMENT ON TABLE p2 IS NULL;
-- backwards: it is there
SELECT * FROM sl_stamp('p1');
SELECT * FROM sl_stamp('base');
-- one half is gone
DROP TABLE p2;
SELECT * FROM sl_stamp('p1');
ALTER TABLE p1 DROP COLUMN c;
SELECT * FROM sl_stamp('p1', reason => 'dropped by hand');
SELECT revision, state FROM sl_graph() WHERE revision ~ '^p' ORDER BY 1;
SELECT action, revision, outcome, evidence, reason FROM sl_history WHERE revision = 'p2' ORDER BY id DESC LIMIT 1;
-- forced, it stays marked, and is found
SELECT * FROM sl_stamp('p2', true, 'I know better');
SELECT revision, verdict, class, identity, problem, evidence FROM sl_detect_stamp_drift() WHERE revision ~ '^p';
-- several at once, one resting on the other
DROP TABLE p1;
SELECT revision, verdict, class, identity, problem FROM sl_detect_stamp_drift() WHERE revision ~ '^p';
SELECT * FROM sl_stamp('p2');

\c :maindb
DROP DATABASE sl_regression_stamp_proof;
