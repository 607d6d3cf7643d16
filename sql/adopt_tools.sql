--
-- sl_adopt with the tables of other tools than Alembic.
--
-- In a database of its own.
--
SET client_min_messages = warning;
SELECT current_database() AS maindb \gset
CREATE DATABASE sl_regression_adopt_tools;
\c sl_regression_adopt_tools
SET client_min_messages = warning;
\pset null '-'
\set ON_ERROR_ROLLBACK on
CREATE SCHEMA ops;
CREATE EXTENSION schema_lifecycle SCHEMA ops;
SET search_path = public, ops;

--
-- Flyway: files of which it is known what they make, for they ran here once
--
SELECT revision, outcome FROM sl_load(
	'{V1__one.sql,V2__two.sql,V3__three.sql,V3_1__more.sql,V10__ten.sql,R__view.sql,R__other.sql}',
	ARRAY['CREATE TABLE f1 (id int);', E'CREATE TABLE f2 (id int);\r\n', 'CREATE TABLE f3 (id int);',
		'CREATE TABLE f31 (id int);', E'CREATE TABLE f10 (id int);\n-- two lines\n',
		'CREATE OR REPLACE VIEW fv AS SELECT 1 AS a;', 'CREATE OR REPLACE VIEW fo AS SELECT 1 AS a;']);
SELECT count(*) FROM sl_apply_pending('3.1');
CREATE TABLE flyway_schema_history (
	installed_rank int NOT NULL CONSTRAINT flyway_schema_history_pk PRIMARY KEY,
	version varchar(50), description varchar(200) NOT NULL, type varchar(20) NOT NULL,
	script varchar(1000) NOT NULL, checksum int, installed_by varchar(100) NOT NULL,
	installed_on timestamp NOT NULL DEFAULT now(), execution_time int NOT NULL,
	success boolean NOT NULL);
CREATE INDEX flyway_schema_history_s_idx ON flyway_schema_history (success);
-- an empty table gets what is applied, in Flyway's form
BEGIN;
SELECT * FROM sl_adopt();
SELECT installed_rank, version, description, type, script, checksum, installed_by = current_user AS by, execution_time, success
	FROM flyway_schema_history ORDER BY 1;
SELECT revision, outcome FROM sl_apply_pending();
SELECT installed_rank, version, description, script, checksum FROM flyway_schema_history WHERE installed_rank > 4 ORDER BY 1;
-- a repeatable that runs again has another row
SELECT revision, outcome FROM sl_load('{R__view.sql}', ARRAY['CREATE OR REPLACE VIEW fv AS SELECT 1 AS a, 2 AS b;'], 'flyway');
SELECT revision, outcome FROM sl_apply_pending();
SELECT installed_rank, version, description, script, checksum FROM flyway_schema_history WHERE installed_rank > 5 ORDER BY 1;
SELECT revision, outcome FROM sl_load('{U3_1__more.sql,U10__ten.sql,V1__one.sql,V2__two.sql,V3__three.sql,V3_1__more.sql,V10__ten.sql}',
	ARRAY['DROP TABLE f31;', 'DROP TABLE f10;', 'CREATE TABLE f1 (id int);', E'CREATE TABLE f2 (id int);\r\n', 'CREATE TABLE f3 (id int);',
		'CREATE TABLE f31 (id int);', E'CREATE TABLE f10 (id int);\n-- two lines\n']);
SELECT revision, outcome FROM sl_revert('3');
SELECT installed_rank, version FROM flyway_schema_history ORDER BY 1;
ROLLBACK;
-- the table speaks
SELECT * FROM sl_stamp('base', true, 'to start anew');
DROP TABLE f31;
CREATE VIEW fv AS SELECT 1 AS a;
BEGIN;
-- what happened to each version, and not always in its order
INSERT INTO flyway_schema_history VALUES
(-1, NULL, '<< Flyway Schema Creation >>', 'SCHEMA', '"public"', NULL, 'flyway', now(), 0, true),
(1, '3', 'three', 'SQL', 'V3__three.sql', NULL, 'flyway', now(), 5, true),
(2, '1', 'one', 'SQL', 'V1__one.sql', 1, 'flyway', now(), 5, true),
(3, '2', 'two', 'SQL', 'V2__two.sql', -386345599, 'flyway', now(), 5, true),
(4, '3.1', 'more', 'SQL', 'V3_1__more.sql', NULL, 'flyway', now(), 5, true),
(5, '10', 'ten', 'SQL', 'V10__ten.sql', NULL, 'flyway', now(), 5, true),
(6, '10', 'ten', 'UNDO_SQL', 'U10__ten.sql', NULL, 'flyway', now(), 5, true),
(7, '0.9', 'long gone', 'SQL', 'V0_9__long_gone.sql', NULL, 'flyway', now(), 5, true),
(8, NULL, 'view', 'SQL', 'sql/R__view.sql', 1, 'flyway', now(), 5, true),
(9, NULL, 'view', 'SQL', 'sql/R__view.sql', -1737770860, 'flyway', now(), 5, true),
(10, NULL, 'other', 'SQL', 'R__other.sql', 1, 'flyway', now(), 5, true);
\x
SELECT * FROM sl_adopt();
\x
SELECT installed_rank, version, script FROM flyway_schema_history WHERE installed_rank > 8 ORDER BY 1;
SELECT revision FROM sl_pending();
-- the checksums that Flyway would write for these files
SELECT revision, outcome FROM sl_apply_pending();
SELECT installed_rank, version, script, checksum FROM flyway_schema_history WHERE installed_rank > 8 ORDER BY 1;
ROLLBACK;
BEGIN;
INSERT INTO flyway_schema_history VALUES
(1, '3', '<< Flyway Baseline >>', 'BASELINE', '<< Flyway Baseline >>', NULL, 'flyway', now(), 0, true);
SELECT revision, outcome FROM sl_adopt();
SELECT revision FROM sl_pending();
-- what is below a baseline gets no rows of its own
SELECT installed_rank, version, type FROM flyway_schema_history ORDER BY 1;
ROLLBACK;
BEGIN;
INSERT INTO flyway_schema_history VALUES
(1, '1', 'one', 'SQL', 'V1__one.sql', NULL, 'flyway', now(), 5, true),
(2, '2', 'two', 'SQL', 'V2__two.sql', NULL, 'flyway', now(), 5, false);
SELECT * FROM sl_adopt();
UPDATE flyway_schema_history SET version = '99', success = true;
SELECT * FROM sl_adopt();
ROLLBACK;

--
-- schema_migrations: whose is told by its columns
--
\c :maindb
CREATE DATABASE sl_regression_adopt_golang;
\c sl_regression_adopt_golang
SET client_min_messages = warning;
CREATE SCHEMA ops;
CREATE EXTENSION schema_lifecycle SCHEMA ops;
SET search_path = public, ops;
SELECT revision, outcome FROM sl_load('{000001_a.up.sql,000001_a.down.sql,000002_b.up.sql,000002_b.down.sql,000010_c.up.sql,000010_c.down.sql}',
	'{CREATE TABLE g1 (id int),DROP TABLE g1,CREATE TABLE g2 (id int),DROP TABLE g2,CREATE TABLE g10 (id int),DROP TABLE g10}');
CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL);
BEGIN;
SELECT * FROM sl_adopt();
SELECT revision, outcome FROM sl_apply_pending('1');
TABLE schema_migrations;
SELECT revision, outcome FROM sl_apply_pending();
TABLE schema_migrations;
SELECT revision, outcome FROM sl_revert('1');
TABLE schema_migrations;
-- a jump over what is pending would make the tool forget it
SELECT sl_resolve('10', 'applied', 'by hand');
TABLE schema_migrations;
SELECT sl_configure('out_of_order', 'on');
SELECT revision, outcome FROM sl_apply_pending();
TABLE schema_migrations;
SELECT revision, outcome FROM sl_revert('base');
TABLE schema_migrations;
INSERT INTO schema_migrations VALUES (-1, false);
SELECT * FROM sl_adopt();
ROLLBACK;
BEGIN;
CREATE TABLE g1 (id int);
CREATE TABLE g2 (id int);
INSERT INTO schema_migrations VALUES (2, false);
SELECT revision, outcome FROM sl_adopt();
TABLE schema_migrations;
ROLLBACK;
BEGIN;
INSERT INTO schema_migrations VALUES (2, true);
SELECT * FROM sl_adopt();
ROLLBACK;
-- dbmate
\c :maindb
CREATE DATABASE sl_regression_adopt_dbmate;
\c sl_regression_adopt_dbmate
SET client_min_messages = warning;
CREATE SCHEMA ops;
CREATE EXTENSION schema_lifecycle SCHEMA ops;
SET search_path = public, ops;
CREATE TABLE schema_migrations (version varchar PRIMARY KEY);
SELECT revision, outcome FROM sl_load('{20240101000000_a.sql,20240102000000_b.sql}',
	ARRAY[E'-- migrate:up\nCREATE TABLE d1 (id int);\n-- migrate:down\nDROP TABLE d1;', E'-- migrate:up\nCREATE TABLE d2 (id int);\n-- migrate:down\nDROP TABLE d2;']);
BEGIN;
INSERT INTO schema_migrations VALUES ('20240101000000'), ('20230101000000');
SELECT revision, outcome, detail FROM sl_adopt('dbmate', 'schema_migrations');
SELECT revision, outcome FROM sl_apply_pending();
TABLE schema_migrations ORDER BY 1;
SELECT revision, outcome FROM sl_revert('20240101000000');
TABLE schema_migrations ORDER BY 1;
SELECT * FROM sl_adopt('rails');
ROLLBACK;
-- Rails has a second table
BEGIN;
CREATE TABLE ar_internal_metadata (key varchar PRIMARY KEY, value varchar, created_at timestamp NOT NULL, updated_at timestamp NOT NULL);
SELECT * FROM sl_adopt('dbmate');
SELECT count(sl_unregister(revision)) FROM sl_revision;
SELECT sl_register('20240101000000', 'CREATE TABLE r1 (id int)', 'DROP TABLE r1', '{}'), sl_register('20240102000000', 'CREATE TABLE r2 (id int)'),
	sl_register('not_a_version', 'SELECT') \gset
INSERT INTO schema_migrations VALUES ('20240101000000');
SELECT revision, outcome FROM sl_adopt();
SELECT revision, outcome FROM sl_apply_pending();
TABLE schema_migrations ORDER BY 1;
-- neither is anybody's drift
SELECT problem, identity FROM sl_detect_drift() WHERE identity ~ 'ar_|schema_mig';
ROLLBACK;
-- tables of that name that are none of these
BEGIN;
DROP TABLE schema_migrations;
CREATE TABLE schema_migrations (version text PRIMARY KEY, statements text[], name text);
SELECT * FROM sl_adopt('auto', 'schema_migrations');
DROP TABLE schema_migrations;
CREATE TABLE schema_migrations (version bigint PRIMARY KEY, inserted_at timestamp(0));
SELECT * FROM sl_adopt('auto', 'schema_migrations');
ROLLBACK;
-- and a column called version does not make a history
BEGIN;
DROP TABLE schema_migrations;
CREATE TABLE app_version (version varchar PRIMARY KEY);
CREATE TABLE d1 (id int);
SELECT * FROM sl_adopt();
ROLLBACK;

--
-- Prisma
--
\c :maindb
CREATE DATABASE sl_regression_adopt_prisma;
\c sl_regression_adopt_prisma
SET client_min_messages = warning;
CREATE SCHEMA ops;
CREATE EXTENSION schema_lifecycle SCHEMA ops;
SET search_path = public, ops;
SELECT sl_register('20240101000000_init', 'CREATE TABLE p1 (id int);', 'DROP TABLE p1', '{}'),
	sl_register('20240102000000_more', 'CREATE TABLE p2 (id int);', 'DROP TABLE p2') \gset
CREATE TABLE _prisma_migrations (
	id varchar(36) PRIMARY KEY NOT NULL, checksum varchar(64) NOT NULL, finished_at timestamptz,
	migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz,
	started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count int NOT NULL DEFAULT 0);
BEGIN;
-- it failed, was resolved as rolled back, and ran
INSERT INTO _prisma_migrations VALUES
('a', encode(sha256('CREATE TABLE p1 (id int);'), 'hex'), NULL, '20240101000000_init', 'failed', '2024-01-02', '2024-01-01', 0),
('b', encode(sha256('CREATE TABLE p1 (id int);'), 'hex'), '2024-01-03', '20240101000000_init', NULL, NULL, '2024-01-03', 1);
SELECT revision, outcome, detail FROM sl_adopt();
SELECT revision, outcome FROM sl_apply_pending();
SELECT length(id), checksum = encode(sha256('CREATE TABLE p2 (id int);'), 'hex') AS checksum, finished_at IS NOT NULL AS finished, migration_name,
	rolled_back_at IS NOT NULL AS rolled_back, applied_steps_count FROM _prisma_migrations WHERE started_at > '2024-02-01';
SELECT revision, outcome FROM sl_revert('20240101000000_init');
SELECT migration_name, rolled_back_at IS NOT NULL AS rolled_back FROM _prisma_migrations ORDER BY started_at;
ROLLBACK;
BEGIN;
INSERT INTO _prisma_migrations VALUES ('a', 'x', '2024-01-03', '20240101000000_init', NULL, NULL, '2024-01-01', 1),
('b', repeat('0', 64), '2024-01-03', '20240102000000_more', NULL, NULL, '2024-01-01', 1);
SELECT revision, outcome, detail FROM sl_adopt();
ROLLBACK;
BEGIN;
INSERT INTO _prisma_migrations VALUES ('a', 'x', NULL, '20240101000000_init', 'oh', NULL, '2024-01-01', 0);
\set VERBOSITY default
SELECT * FROM sl_adopt();
\set VERBOSITY terse
ROLLBACK;

--
-- Many rows
--
CREATE TABLE alembic_version (version_num text);
INSERT INTO alembic_version SELECT 'v' || i FROM generate_series(1, 200000) i;
SELECT revision, outcome FROM sl_adopt('alembic');

\c :maindb
DROP DATABASE sl_regression_adopt_tools;
DROP DATABASE sl_regression_adopt_golang;
DROP DATABASE sl_regression_adopt_dbmate;
DROP DATABASE sl_regression_adopt_prisma;
