--
-- sl_adopt with Alembic's table: taken over, held against the catalog, and
-- kept in step.
--
-- In a database of its own.
--
SET client_min_messages = warning;
SELECT current_database() AS maindb \gset
CREATE DATABASE sl_regression_adopt;
\c sl_regression_adopt
SET client_min_messages = warning;
\pset null '-'
\set ON_ERROR_ROLLBACK on
CREATE SCHEMA ops;
CREATE EXTENSION schema_lifecycle SCHEMA ops;
SET search_path = public, ops;
-- six revisions, of which it is known what they make: they ran here once
SELECT sl_register('a1', 'CREATE TABLE t1 (id int PRIMARY KEY, b text)', 'DROP TABLE t1', '{}'),
	sl_register('a2', 'CREATE TABLE t2 (id int PRIMARY KEY)', 'DROP TABLE t2'),
	sl_register('a3', 'CREATE TABLE t3 (id int PRIMARY KEY, c text); CREATE INDEX t3_c ON t3 (c)', 'DROP TABLE t3'),
	sl_register('a4', 'ALTER TABLE t1 ADD COLUMN d int; UPDATE t1 SET d = 1', 'ALTER TABLE t1 DROP COLUMN d'),
	sl_register('a5', 'CREATE TABLE t5 (id int PRIMARY KEY, c text)', 'DROP TABLE t5'),
	sl_register('a6', 'CREATE TABLE t6 (id int PRIMARY KEY, c text); ALTER TABLE t5 ADD COLUMN x int NOT NULL', 'DROP TABLE t6; ALTER TABLE t5 DROP COLUMN x') \gset
SELECT count(*) FROM sl_apply_pending();
SELECT count(*) FROM sl_revert('base');

--
-- Nothing to take over
--
SELECT * FROM sl_adopt();
CREATE TABLE alembic_version (version_num varchar(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
SELECT * FROM sl_adopt();
-- a version table that is known is no object that is in the way, and no drift
SELECT revision, outcome FROM sl_apply_pending('a1');
SELECT * FROM sl_detect_drift();
SELECT * FROM alembic_version;
SELECT revision, outcome FROM sl_revert('base');
SELECT * FROM alembic_version;

--
-- What the table says, and what is there
--
CREATE TABLE t1 (id int PRIMARY KEY, b text, d int);
CREATE TABLE t2 (id int PRIMARY KEY);
CREATE TABLE t3 (id int PRIMARY KEY, c text);
CREATE TABLE t5 (id int PRIMARY KEY);
BEGIN;
INSERT INTO alembic_version VALUES ('a6');
\x
SELECT * FROM sl_adopt();
\x
SELECT revision, state FROM sl_graph();
SELECT revision, verdict, class, identity, problem FROM sl_detect_stamp_drift();
SELECT s ->> 'verdict', s -> 'coverage' FROM sl_status() AS s;
SELECT action, revision, outcome, role = current_user, evidence, reason FROM sl_history WHERE action = 'adopt' AND revision IN ('a1', 'a6');
-- a second time there is nothing left to take over
SELECT * FROM sl_adopt();
-- the word on data becomes a person's, in its place of the history
SELECT sl_resolve('a4', 'applied', 'I looked');
SELECT sl_resolve('a4', 'applied', 'again');
ROLLBACK;
BEGIN;
INSERT INTO alembic_version VALUES ('a4');
SELECT revision, outcome FROM sl_adopt();
-- or it is to run, and Alembic is told
SELECT sl_resolve('a4', 'run', 'it never ran');
SELECT * FROM alembic_version;
SELECT revision FROM sl_pending('a4');
ROLLBACK;
-- nothing is known
BEGIN;
SELECT sl_register('b1', 'CREATE TABLE u1 (id int)', parents => '{a1}'),
	sl_register('b2', NULL, parents => '{b1}') \gset
INSERT INTO alembic_version VALUES ('b2');
SELECT * FROM sl_adopt();
SELECT sl_status('b2') ->> 'verdict';
ROLLBACK;
-- several heads, and a merge
BEGIN;
SELECT sl_register('b1', 'CREATE TABLE u1 (id int)', 'DROP TABLE u1', parents => '{a1}'),
	sl_register('c1', 'CREATE TABLE u2 (id int)', 'DROP TABLE u2', parents => '{a1}'),
	sl_register('m1', 'SELECT', 'SELECT', parents => '{b1,c1}') \gset
CREATE TABLE u1 (id int);
INSERT INTO alembic_version VALUES ('b1'), ('a2');
SELECT revision, outcome FROM sl_adopt();
SELECT * FROM alembic_version ORDER BY 1;
SELECT revision, outcome FROM sl_apply_pending('c1');
SELECT * FROM alembic_version ORDER BY 1;
SELECT revision, outcome FROM sl_apply_pending('m1');
SELECT * FROM alembic_version ORDER BY 1;
SELECT revision, outcome FROM sl_revert('c1', '{}');
SELECT * FROM alembic_version ORDER BY 1;
SELECT * FROM sl_stamp('a1', true, 'to see');
SELECT * FROM alembic_version ORDER BY 1;
ROLLBACK;
-- unknown to the registry
BEGIN;
INSERT INTO alembic_version VALUES ('zz'), ('a2'), ('yy');
SELECT * FROM sl_adopt();
ROLLBACK;
-- a graph that is not sound
BEGIN;
SELECT sl_register('x1', 'SELECT', parents => '{x2}'), sl_register('x2', 'SELECT', parents => '{x1}') \gset
INSERT INTO alembic_version VALUES ('a2');
SELECT * FROM sl_adopt();
ROLLBACK;
-- without the mirror the table stays as it is
BEGIN;
INSERT INTO alembic_version VALUES ('a2');
SELECT revision, outcome FROM sl_adopt(mirror => false);
SELECT * FROM sl_stamp('a1', true, 'to see');
SELECT * FROM alembic_version;
-- and cannot be brought in step with what neither has
SELECT * FROM sl_stamp('a6', true, 'to see');
SELECT revision, outcome FROM sl_adopt();
ROLLBACK;

--
-- An empty table, or none: the catalog decides, exactly or not at all
--
SELECT * FROM sl_adopt();
BEGIN;
DROP TABLE t5;
SELECT * FROM sl_adopt();
CREATE INDEX t3_c ON t3 (c);
SELECT * FROM sl_adopt();
SELECT * FROM alembic_version;
SELECT revision, state FROM sl_graph();
-- what a person says goes to its place in the history
SELECT sl_resolve('a4', 'applied', 'I looked');
SELECT * FROM alembic_version;
SELECT revision FROM sl_pending();
SELECT sl_verify('a4');
ROLLBACK;
-- its place: before a5, which altered what a4 had made
BEGIN;
DROP TABLE t5, alembic_version;
CREATE INDEX t3_c ON t3 (c);
SELECT sl_register('a5', 'ALTER TABLE t1 ALTER COLUMN d TYPE bigint', 'ALTER TABLE t1 ALTER COLUMN d TYPE int') \gset
SELECT count(*) FROM sl_stamp('a4', true, 'to run a5');
SELECT revision, outcome FROM sl_apply_pending('a5');
SELECT count(*) FROM sl_stamp('base', true, 'to be found again');
SELECT revision, outcome FROM sl_adopt();
SELECT sl_resolve('a4', 'applied', 'I looked');
SELECT sl_verify('a5');
ROLLBACK;
BEGIN;
DROP TABLE alembic_version, t5, t3;
ALTER TABLE t1 DROP COLUMN d;
SELECT * FROM sl_adopt();
SELECT sl_verify('a2');
ROLLBACK;
BEGIN;
DROP TABLE alembic_version;
SELECT * FROM sl_adopt();
ROLLBACK;
BEGIN;
-- no footprint of anything
SELECT count(sl_unregister(revision)) FROM sl_revision;
SELECT sl_register('n1', 'CREATE TABLE t1 (id int)', parents => '{}') \gset
SELECT * FROM sl_adopt();
ROLLBACK;

--
-- Which table
--
SELECT * FROM sl_adopt('flywa');
SELECT * FROM sl_adopt('flyway');
SELECT * FROM sl_adopt(mirror => NULL);
SELECT * FROM sl_adopt('alembic', 'no_such_table');
SELECT * FROM sl_adopt('alembic', 't1');
SELECT * FROM sl_adopt('auto', 't1');
SELECT * FROM sl_adopt('auto', 'a.b.c.d');
BEGIN;
CREATE SCHEMA "My App";
CREATE TABLE "My App"."Version ""it's""" (version_num text PRIMARY KEY, note text DEFAULT 'x');
INSERT INTO "My App"."Version ""it's""" VALUES ('a1');
SELECT * FROM sl_adopt();
SELECT revision, outcome FROM sl_adopt('auto', '"My App"."Version ""it''s"""');
SELECT revision, outcome FROM sl_adopt('auto', 'alembic_version', false);
SELECT revision, outcome FROM sl_adopt('auto', '"My App"."Version ""it''s"""');
SELECT * FROM sl_stamp('a2', true, 'to see');
TABLE "My App"."Version ""it's""";
-- one of a tool's
SELECT * FROM sl_adopt('auto', 'alembic_version');
SELECT count(*) FROM sl_detect_drift() WHERE identity ~ 'Version|alembic';
ROLLBACK;
-- what is not managed is not looked at
BEGIN;
CREATE SCHEMA other;
ALTER TABLE alembic_version SET SCHEMA other;
SELECT sl_configure('managed_schemas', 'public');
INSERT INTO other.alembic_version VALUES ('a2');
SELECT * FROM sl_adopt('alembic');
SELECT revision, outcome FROM sl_adopt('alembic', 'other.alembic_version');
ROLLBACK;

--
-- Tables that are not what they look like
--
CREATE ROLE regress_adopt_owner;
CREATE ROLE regress_adopt_admin;
CREATE ROLE regress_adopt_deployer;
GRANT ALL ON SCHEMA public TO regress_adopt_owner, regress_adopt_admin, regress_adopt_deployer;
SELECT sl_grant('regress_adopt_admin', 'admin'), sl_grant('regress_adopt_deployer', 'deploy');
CREATE FUNCTION who(text) RETURNS text LANGUAGE plpgsql AS
$$BEGIN RAISE EXCEPTION 'ran as %', current_user; END$$;
BEGIN;
ALTER TABLE alembic_version RENAME TO old;
CREATE VIEW alembic_version AS SELECT who(version_num)::varchar AS version_num FROM old;
SELECT * FROM sl_adopt('alembic', 'alembic_version');
DROP VIEW alembic_version;
CREATE TABLE parts (version_num varchar(32)) PARTITION BY LIST (version_num);
SELECT * FROM sl_adopt('alembic', 'parts');
ROLLBACK;
BEGIN;
CREATE TEMP TABLE alembic_version (version_num varchar(32));
SELECT * FROM sl_adopt('alembic', 'alembic_version');
ROLLBACK;
BEGIN;
CREATE TABLE more () INHERITS (alembic_version);
SELECT * FROM sl_adopt();
SELECT * FROM sl_adopt('alembic', 'alembic_version');
ROLLBACK;
BEGIN;
CREATE TABLE wrong_type (version_num int);
SELECT * FROM sl_adopt('alembic', 'wrong_type');
CREATE DOMAIN d AS varchar(32) CHECK (who(VALUE) IS NULL);
CREATE TABLE wrong_domain (version_num d);
SELECT * FROM sl_adopt('alembic', 'wrong_domain');
ROLLBACK;
-- rights
SET ROLE regress_adopt_admin;
SELECT * FROM sl_adopt();
RESET ROLE;
GRANT SELECT ON alembic_version TO regress_adopt_admin;
SET ROLE regress_adopt_admin;
SELECT * FROM sl_adopt();
RESET ROLE;
GRANT ALL ON alembic_version TO regress_adopt_admin;
ALTER TABLE alembic_version ENABLE ROW LEVEL SECURITY;
SET ROLE regress_adopt_admin;
SELECT * FROM sl_adopt();
RESET ROLE;
ALTER TABLE alembic_version FORCE ROW LEVEL SECURITY, OWNER TO regress_adopt_owner;
SELECT * FROM sl_adopt();
ALTER TABLE alembic_version NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;
SET ROLE regress_adopt_deployer;
SELECT * FROM sl_adopt();
RESET ROLE;
-- nobody's code gets the rights of who migrates
INSERT INTO alembic_version VALUES ('a2');
SET ROLE regress_adopt_admin;
SELECT revision, outcome FROM sl_adopt();
RESET ROLE;
DROP TABLE t3, t5;
ALTER TABLE t1 DROP COLUMN d;
CREATE TABLE seen (who name, what text);
GRANT ALL ON seen TO regress_adopt_owner;
SET ROLE regress_adopt_owner;
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN
	INSERT INTO seen VALUES (current_user, TG_OP || current_setting('search_path'));
	BEGIN
		RESET ROLE;
		INSERT INTO seen VALUES (current_user, 'reset');
	EXCEPTION WHEN OTHERS THEN
		INSERT INTO seen VALUES (current_user, SQLERRM);
	END;
	RETURN NULL;
END$$;
ALTER FUNCTION note() SET search_path = public;
CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON alembic_version FOR EACH ROW EXECUTE FUNCTION note();
RESET ROLE;
SELECT revision, outcome FROM sl_apply_pending('a3');
SELECT * FROM seen;
SELECT current_user = session_user, current_setting('search_path');
-- a deployer without a right on the table
SET ROLE regress_adopt_deployer;
SELECT sl_register('a3x', 'CREATE TABLE a3x (id int)', parents => '{a3}');
SELECT * FROM alembic_version;
SELECT revision, outcome FROM sl_apply_pending('a3x');
RESET ROLE;
SELECT * FROM alembic_version;
-- what fails there is named, and nothing was done
SET ROLE regress_adopt_owner;
CREATE OR REPLACE FUNCTION note() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS
$$BEGIN RAISE EXCEPTION 'no'; END$$;
RESET ROLE;
\set VERBOSITY default
SELECT revision, outcome FROM sl_apply_pending('a6');
\set VERBOSITY terse
SELECT revision FROM sl_pending('a6');
DROP TRIGGER note ON alembic_version;
CREATE CONSTRAINT TRIGGER later AFTER INSERT ON alembic_version DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note();
SELECT revision, outcome FROM sl_apply_pending('a6');
DROP TRIGGER later ON alembic_version;
-- an id that does not fit
SELECT sl_register(repeat('n', 33), 'CREATE TABLE n (id int)', parents => '{a3x}') \gset
SELECT revision, outcome FROM sl_apply_pending(repeat('n', 33));
SELECT sl_unregister(repeat('n', 33)) \gset
-- one transaction a revision
CALL sl_migrate('a6');
SELECT * FROM alembic_version ORDER BY 1;
-- a script that drops the table: there is nothing to keep in step any more
SELECT sl_register('a7', 'DROP TABLE alembic_version', parents => '{a6}') \gset
SELECT revision, outcome FROM sl_apply_pending('a7');
SELECT count(*) FROM sl_apply_pending('heads');
-- who may not write at all
BEGIN READ ONLY;
SELECT * FROM sl_adopt();
ROLLBACK;
SELECT sl_register('a8', 'SELECT ops.sl_adopt()', parents => '{a7}') \gset
SELECT revision, outcome FROM sl_apply_pending('a8');

\c :maindb
DROP DATABASE sl_regression_adopt;
DROP ROLE regress_adopt_owner, regress_adopt_admin, regress_adopt_deployer;
