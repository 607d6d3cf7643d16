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
-- Flyway
--
CREATE TABLE flyway_schema_history (
	installed_rank int NOT NULL CONSTRAINT flyway_schema_history_pk PRIMARY KEY,
	version varchar(50), description varchar(200) NOT NULL, type varchar(20) NOT NULL,
	script varchar(1000) NOT NULL, checksum int, installed_by varchar(100) NOT NULL,
	installed_on timestamp NOT NULL DEFAULT now(), execution_time int NOT NULL,
	success boolean NOT NULL);
CREATE INDEX flyway_schema_history_s_idx ON flyway_schema_history (success);
SELECT revision, outcome FROM sl_load(
	'{V1__one.sql,V2__two.sql,V3__three.sql,V3_1__more.sql,V10__ten.sql,R__view.sql,R__other.sql}',
	ARRAY['CREATE TABLE f1 (id int);', E'CREATE TABLE f2 (id int);\r\n', 'CREATE TABLE f3 (id int);',
		'CREATE TABLE f31 (id int);', 'CREATE TABLE f10 (id int);',
		'CREATE OR REPLACE VIEW fv AS SELECT * FROM f1;', 'CREATE OR REPLACE VIEW fo AS SELECT 1 AS a;']);
SELECT count(*) FROM sl_apply_pending();
SELECT count(*) FROM sl_revert('base');
BEGIN;
INSERT INTO flyway_schema_history VALUES
(1, '1', 'one', 'SQL', 'V1__one.sql', -1, 'flyway', now(), 5, true),
(2, '2', 'two', 'SQL', 'V2__two.sql', NULL, 'flyway', now(), 5, true),
(3, '3', 'three', 'SQL', 'V3__three.sql', NULL, 'flyway', now(), 5, true),
(4, NULL, 'view', 'SQL', 'sql/R__view.sql', 1, 'flyway', now(), 5, true);
SELECT revision, outcome, detail FROM sl_adopt('flyway', mirror => false);
ROLLBACK;
ROLLBACK;
\c :maindb
DROP DATABASE sl_regression_adopt_tools;
