--
-- sl_observe: another tool goes on running the migrations.
--
-- In a database of its own.  What happens in a session of its own, and with
-- the real Alembic, is in test/stories/observe_alembic.sh.
--
SET client_min_messages = warning;
SELECT current_database() AS maindb \gset
CREATE DATABASE sl_regression_observe;
\c sl_regression_observe
SET client_min_messages = warning;
\pset null '-'
CREATE SCHEMA ops;
CREATE EXTENSION schema_lifecycle SCHEMA ops;
SET search_path = public, ops;
CREATE TABLE alembic_version (version_num varchar(32) NOT NULL PRIMARY KEY);
SELECT sl_register('o1', NULL, NULL, '{}'), sl_register('o2', NULL), sl_register('o3', NULL), sl_register('o4', NULL),
	sl_register('x1', NULL, NULL, '{o1}'), sl_register('m1', NULL, NULL, '{o2,x1}') \gset

--
-- What cannot be observed
--
SELECT sl_observe(NULL);
SELECT sl_observe('alembic_version', 'no_such_mode');
SELECT sl_observe('no_such_table');
CREATE VIEW seen AS SELECT action, revision, outcome, evidence FROM sl_history ORDER BY id;
SELECT sl_observe('seen');
DROP VIEW seen;
SELECT sl_unobserve('alembic_version');
SELECT ops.sl_observe_write();
SELECT ops.sl_observe_ddl();
CREATE TABLE other (a int);
CREATE TRIGGER t AFTER INSERT ON other FOR EACH ROW EXECUTE FUNCTION ops.sl_observe_write();
INSERT INTO other VALUES (1);
DROP TABLE other;
SELECT count(*) FROM sl_adopt('alembic', 'alembic_version');
SELECT sl_observe('alembic_version');
SELECT count(*) FROM sl_adopt('alembic', 'alembic_version', false);
SELECT sl_observe('alembic_version');
SELECT sl_observe('alembic_version', 'deny');
SELECT * FROM sl_adopt('alembic', 'alembic_version');
CREATE VIEW seen AS SELECT action, revision, outcome, evidence FROM sl_history ORDER BY id;

--
-- One revision after the other, in one transaction
--
BEGIN;
CREATE TABLE o1 (id int PRIMARY KEY);
INSERT INTO alembic_version VALUES ('o1');
CREATE TABLE o2 (id int);
ALTER TABLE o1 ADD COLUMN b text;
UPDATE alembic_version SET version_num = 'o2';
COMMIT;
SELECT * FROM seen;
SELECT e.revision, f.change, f.class, f.identity FROM ops.sl_footprint f JOIN ops.sl_evidence e ON e.id = f.evidence_id ORDER BY f.evidence_id, f.ordinal;
-- a branch, and its merge: that takes several writes, and looks like a step back
BEGIN;
CREATE TABLE x1 (id int);
INSERT INTO alembic_version VALUES ('x1');
CREATE VIEW m1 AS SELECT id FROM x1;
DELETE FROM alembic_version WHERE version_num = 'x1';
UPDATE alembic_version SET version_num = 'm1' WHERE version_num = 'o2';
COMMIT;
SELECT e.revision, f.change, f.class, f.identity FROM ops.sl_footprint f JOIN ops.sl_evidence e ON e.id = f.evidence_id WHERE e.id > 2 ORDER BY f.evidence_id, f.ordinal;
SELECT revision, state FROM sl_graph();
SELECT sl_verify('m1');

--
-- What was rolled back left nothing
--
BEGIN;
SAVEPOINT s;
CREATE TABLE never (id int);
INSERT INTO alembic_version VALUES ('o3');
ROLLBACK TO s;
COMMIT;
SELECT count(*) FROM seen;
BEGIN;
CREATE TABLE o3 (id int);
SAVEPOINT s;
CREATE TABLE never (id int);
INSERT INTO alembic_version VALUES ('o3');
ROLLBACK TO s;
DELETE FROM alembic_version WHERE version_num = 'm1';
INSERT INTO alembic_version VALUES ('x1'), ('o3');
COMMIT;
-- whose changes they were is not known any more
SELECT * FROM seen WHERE revision IN ('o3', 'm1');
DROP VIEW m1;
DROP TABLE o3;
\c
SET search_path = public, ops;
\pset null '-'
-- with a savepoint that was released they are
SELECT count(*) FROM sl_stamp('o2', true, 'back');
SELECT sl_unobserve('alembic_version');
UPDATE alembic_version SET version_num = 'o2' WHERE version_num = 'o3';
SELECT sl_observe('alembic_version', 'deny');
BEGIN;
SAVEPOINT s;
CREATE TABLE o3 (id int);
UPDATE alembic_version SET version_num = 'o3' WHERE version_num = 'o2';
RELEASE s;
COMMIT;
SELECT * FROM seen WHERE revision IN ('o3', 'm1');

--
-- Ways around it
--
DROP TABLE o3;
\c
SET search_path = public, ops;
\pset null '-'
DELETE FROM alembic_version WHERE version_num = 'o3';
SELECT sl_register('o2b', NULL, NULL, '{o2}') \gset
BEGIN;
SET session_replication_role = replica;
INSERT INTO alembic_version VALUES ('o3');
COMMIT;
RESET session_replication_role;
BEGIN;
SET CONSTRAINTS ALL IMMEDIATE;
INSERT INTO alembic_version VALUES ('o3');
COMMIT;
BEGIN;
INSERT INTO alembic_version VALUES ('o2');
TRUNCATE alembic_version;
INSERT INTO alembic_version VALUES ('o3');
COMMIT;
COPY alembic_version FROM stdin;
o3
\.
DO $$BEGIN INSERT INTO public.alembic_version VALUES ('o3'); END$$;
WITH w AS (INSERT INTO alembic_version VALUES ('o3') RETURNING 1) SELECT * FROM w;
PREPARE p AS INSERT INTO alembic_version VALUES ('o2b');
EXECUTE p;
BEGIN;
INSERT INTO alembic_version VALUES ('o3');
PREPARE TRANSACTION 'p';
-- a revision that nobody knows
INSERT INTO alembic_version VALUES ('nobody');
SELECT * FROM alembic_version;
-- the way out, for a superuser
SET schema_lifecycle.guard_bypass = on;
INSERT INTO alembic_version VALUES ('o2');
RESET schema_lifecycle.guard_bypass;
SELECT * FROM alembic_version;
SELECT count(*) FROM seen WHERE revision = 'o3';

--
-- Who migrates needs nothing of ours
--
CREATE ROLE regress_observe_app;
GRANT ALL ON SCHEMA public TO regress_observe_app;
ALTER TABLE alembic_version OWNER TO regress_observe_app;
SET ROLE regress_observe_app;
BEGIN;
CREATE TABLE o3 (id int);
UPDATE alembic_version SET version_num = 'o3' WHERE version_num = 'o2';
COMMIT;
-- he is who answers for these facts, and has no rights here
SELECT count(*) FROM ops.sl_history;
RESET ROLE;
SELECT revision, evidence, registrar_name FROM ops.sl_evidence ORDER BY id DESC LIMIT 1;
SELECT revision, role FROM sl_history ORDER BY id DESC LIMIT 1;
DROP TABLE o3;
SELECT revision, action, outcome FROM sl_repair();
SET ROLE regress_observe_app;
SELECT ops.sl_unobserve('alembic_version');
RESET ROLE;

--
-- Along with runs of our own
--
SELECT sl_unobserve('alembic_version');
DELETE FROM alembic_version;
SELECT count(*) FROM sl_stamp('o2', true, 'back');
INSERT INTO alembic_version VALUES ('o2'), ('x1');
SELECT sl_observe('alembic_version', 'deny');
SELECT sl_register('own', 'CREATE TABLE own (id int)', 'DROP TABLE own', '{}') \gset
BEGIN;
CREATE TABLE o3 (id int);
SET LOCAL client_min_messages = warning;
SELECT revision, outcome FROM sl_apply_pending('own');
UPDATE alembic_version SET version_num = 'o3' WHERE version_num = 'o2';
COMMIT;
SELECT * FROM seen WHERE revision IN ('own', 'o3') OFFSET 4;
SELECT e.revision, f.change, f.class, f.identity FROM ops.sl_footprint f JOIN ops.sl_evidence e ON e.id = f.evidence_id WHERE e.revision = 'own';

--
-- golang-migrate: "dirty" in one transaction, the script in another, and
-- "clean" in a third
--
CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL);
SELECT sl_register('1', NULL, NULL, '{}'), sl_register('2', NULL, NULL, '{1}') \gset
SELECT sl_observe('schema_migrations', 'deny');
\c
SET search_path = public, ops;
\pset null '-'
BEGIN; TRUNCATE schema_migrations; INSERT INTO schema_migrations VALUES (1, true); COMMIT;
CREATE TABLE g1 (id int);
BEGIN; TRUNCATE schema_migrations; INSERT INTO schema_migrations VALUES (1, false); COMMIT;
BEGIN; TRUNCATE schema_migrations; INSERT INTO schema_migrations VALUES (2, true); COMMIT;
CREATE TABLE g2 (id int);
ALTER TABLE g1 ADD COLUMN b int;
BEGIN; TRUNCATE schema_migrations; INSERT INTO schema_migrations VALUES (2, false); COMMIT;
SELECT * FROM seen WHERE revision IN ('1', '2');
SELECT e.revision, f.change, f.class, f.identity FROM ops.sl_footprint f JOIN ops.sl_evidence e ON e.id = f.evidence_id WHERE e.revision IN ('1', '2') ORDER BY f.evidence_id, f.ordinal;
-- forced, in a session of its own
\c
SET search_path = public, ops;
DROP TABLE g2;
\c
SET search_path = public, ops;
BEGIN; TRUNCATE schema_migrations; INSERT INTO schema_migrations VALUES (1, false); COMMIT;
\set VERBOSITY default
BEGIN; TRUNCATE schema_migrations; INSERT INTO schema_migrations VALUES (2, false); COMMIT;
\set VERBOSITY terse

--
-- What a table says before it is observed: taken over, and never run again
--
SET client_min_messages = warning;
CREATE SCHEMA late;
CREATE TABLE late.alembic_version (version_num varchar(32) PRIMARY KEY);
CREATE TABLE late.l1 (id int);
SELECT sl_register('l1', 'CREATE TABLE late.l1 (id int)', NULL, '{}'),
	sl_register('l2', 'CREATE TABLE late.l2 (id int)', NULL, '{l1}'),
	sl_register('l3', 'CREATE TABLE late.l3 (id int)', NULL, '{l2}') \gset
CALL sl_rehearse('l1');
SET client_min_messages = notice;
\set VERBOSITY default
INSERT INTO late.alembic_version VALUES ('nobody');
SELECT sl_observe('late.alembic_version', 'deny');
SELECT count(*) FROM seen WHERE revision LIKE 'l_';
SELECT sl_unobserve('late.alembic_version');
UPDATE late.alembic_version SET version_num = 'l2';
SELECT sl_observe('late.alembic_version', 'deny');
SELECT * FROM seen WHERE revision LIKE 'l_';
SELECT revision FROM sl_pending('l3');
-- once
SELECT sl_observe('late.alembic_version', 'record');
SELECT count(*) FROM seen WHERE revision LIKE 'l_';
-- what is under way is nobody's word yet
CREATE TABLE late.schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL);
INSERT INTO late.schema_migrations VALUES (2, true);
SELECT sl_observe('late.schema_migrations', 'record');
SELECT sl_unobserve('late.schema_migrations'), sl_unobserve('late.alembic_version');
SET client_min_messages = warning;
DROP SCHEMA late CASCADE;
RESET client_min_messages;
\set VERBOSITY terse

--
-- Names that change, a table that goes, an extension that goes
--
ALTER SCHEMA ops RENAME TO "Ops 2";
SET search_path = public, "Ops 2";
INSERT INTO schema_migrations VALUES (2, false);
ALTER TABLE schema_migrations RENAME TO moved;
INSERT INTO moved VALUES (2, false);
SELECT sl_unobserve('schema_migrations');
DROP TABLE moved;
ALTER TABLE alembic_version DROP COLUMN version_num CASCADE, ADD COLUMN version_num int;
INSERT INTO alembic_version VALUES (1);
DROP TABLE alembic_version;
SELECT sl_unobserve('alembic_version');
SELECT evtname FROM pg_event_trigger;
DROP VIEW seen;
CREATE TABLE alembic_version (version_num varchar(32) NOT NULL PRIMARY KEY);
SELECT sl_observe('alembic_version');
DROP EXTENSION schema_lifecycle;
SELECT evtname FROM pg_event_trigger;
SELECT tgname FROM pg_trigger WHERE NOT tgisinternal;
INSERT INTO alembic_version VALUES ('o1');
CREATE TABLE after (a int);

\c :maindb
DROP DATABASE sl_regression_observe;
DROP ROLE regress_observe_app;
