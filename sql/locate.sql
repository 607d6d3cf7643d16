--
-- At which revision the catalog is, whatever the history says
--
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS schema_lifecycle;
CREATE SCHEMA sl;
CREATE EXTENSION schema_lifecycle SCHEMA sl;
SET search_path = public, sl;
\pset format unaligned
\pset tuples_only on

SELECT * FROM sl_locate();
SELECT sl_register('a', 'CREATE SCHEMA app; CREATE TABLE app.t (id int PRIMARY KEY, name text)', 'DROP SCHEMA app CASCADE');
SELECT sl_register('b', 'ALTER TABLE app.t ADD COLUMN b int; CREATE INDEX t_b ON app.t (b)', 'ALTER TABLE app.t DROP COLUMN b');
SELECT sl_register('c', 'ALTER TABLE app.t ALTER COLUMN name SET NOT NULL; DROP INDEX app.t_b', 'SELECT 1');
SELECT sl_register('d', 'INSERT INTO app.t VALUES (1, ''x'')', 'DELETE FROM app.t');
SELECT sl_register('e', 'CREATE TABLE app.e (i int)', 'DROP TABLE app.e');
-- no evidence: no answer
SELECT * FROM sl_locate();
SELECT revision, outcome FROM sl_apply_pending();
SELECT * FROM sl_locate();
-- one back; data that nothing can prove comes after what can be
DROP TABLE app.e;
SELECT * FROM sl_locate();
ALTER TABLE app.t ALTER COLUMN name DROP NOT NULL;
CREATE INDEX t_b ON app.t (b);
SELECT * FROM sl_locate();
DROP INDEX app.t_b;
SELECT * FROM sl_locate();
ALTER TABLE app.t DROP COLUMN b;
SELECT * FROM sl_locate();
CREATE TABLE app.stray (id int PRIMARY KEY);
SELECT * FROM sl_locate();
-- what is ignored, and what is not managed, does not count
BEGIN;
SELECT sl_configure('ignore', '*:app.stray*');
SELECT * FROM sl_locate() LIMIT 1;
SELECT sl_configure('ignore', NULL);
SELECT sl_configure('managed_schemas', 'public');
SELECT * FROM sl_locate() LIMIT 1;
ROLLBACK;
-- nor an attribute that is: of a column that a later revision changed, too
BEGIN;
DROP TABLE app.stray;
COMMENT ON TABLE app.t IS 'by hand';
COMMENT ON COLUMN app.t.name IS 'by hand';
SELECT * FROM sl_locate() LIMIT 2;
SELECT sl_configure('ignore', 'column:app.t.name.comment');
SELECT * FROM sl_locate() LIMIT 2;
SELECT sl_configure('ignore', '*:app.t.comment, column:app.*.name.*');
SELECT * FROM sl_locate() LIMIT 2;
ALTER TABLE app.t ALTER COLUMN name TYPE varchar;
SELECT sl_configure('ignore', '*:*.comment');
SELECT * FROM sl_locate() LIMIT 2;
ROLLBACK;
-- whatever the history says
SELECT count(*) FROM sl_stamp('base', true);
SELECT DISTINCT state FROM sl_graph();
DROP TABLE app.stray;
SELECT * FROM sl_locate();
DROP SCHEMA app CASCADE;
SELECT * FROM sl_locate();

-- branches, merges, and a change of the same fact on both sides
SELECT sl_register('a', 'CREATE SCHEMA app; CREATE TABLE app.t (id int PRIMARY KEY, name text)', parents => '{}');
DELETE FROM sl_registry WHERE revision IN ('b', 'c', 'd', 'e');
DELETE FROM sl_footprint;
DELETE FROM sl_evidence;
SELECT sl_register('l1', 'ALTER TABLE app.t ADD COLUMN l1 int', parents => '{a}');
SELECT sl_register('l2', 'ALTER TABLE app.t ADD COLUMN l2 int; ALTER TABLE app.t ALTER COLUMN name SET DEFAULT ''l''', parents => '{l1}');
SELECT sl_register('r1', 'ALTER TABLE app.t ADD COLUMN r1 int; ALTER TABLE app.t ALTER COLUMN name SET NOT NULL', parents => '{a}');
SELECT sl_register('r2', 'CREATE TABLE app.r2 (i int)', parents => '{r1}');
SELECT sl_register('z', 'ALTER TABLE app.t RENAME COLUMN name TO title', parents => '{l2,r2}');
SELECT revision, outcome FROM sl_apply_pending();
SELECT * FROM sl_locate();
SELECT class, identity, definition FROM sl_expected('z') WHERE class = 'column';
SELECT class, identity, definition FROM sl_expected('r2') WHERE class = 'column';
SELECT class, identity, definition FROM sl_expected('l2') WHERE class = 'column';
BEGIN;
ALTER TABLE app.t RENAME COLUMN title TO name;
SELECT * FROM sl_locate();
ALTER TABLE app.t DROP COLUMN l1, DROP COLUMN l2, ALTER COLUMN name DROP DEFAULT;
SELECT * FROM sl_locate();
DROP TABLE app.r2;
SELECT * FROM sl_locate() LIMIT 1;
ALTER TABLE app.t DROP COLUMN r1, ALTER COLUMN name DROP NOT NULL;
SELECT * FROM sl_locate() LIMIT 1;
ALTER TABLE app.t ADD COLUMN l1 int, ADD COLUMN l2 int, ALTER COLUMN name SET DEFAULT 'l';
SELECT * FROM sl_locate() LIMIT 1;
ROLLBACK;
-- a repeatable comes on top of all of them
SELECT sl_register('rep', 'CREATE OR REPLACE VIEW app.v AS SELECT id FROM app.t; COMMENT ON TABLE app.t IS ''from the repeatable''', kind => 'repeatable');
SELECT revision, outcome FROM sl_apply_pending();
SELECT * FROM sl_locate() LIMIT 1;
BEGIN;
ALTER TABLE app.t RENAME COLUMN title TO name;
DROP TABLE app.r2;
ALTER TABLE app.t DROP COLUMN r1, ALTER COLUMN name DROP NOT NULL;
SELECT * FROM sl_locate() LIMIT 1;
COMMENT ON TABLE app.t IS NULL;
SELECT * FROM sl_locate() LIMIT 1;
ROLLBACK;
-- a gap in what is known: never exact behind it
BEGIN;
DELETE FROM sl_footprint WHERE evidence_id = (SELECT id FROM sl_evidence WHERE revision = 'l1');
DELETE FROM sl_evidence WHERE revision = 'l1';
SELECT * FROM sl_locate();
ROLLBACK;
-- one of two roots is not all of it
SELECT sl_register('other', 'CREATE TABLE public.other (i int)', parents => '{}');
SELECT revision, outcome FROM sl_apply_pending('heads');
SELECT * FROM sl_locate() LIMIT 2;
DROP TABLE other;
SELECT * FROM sl_locate() LIMIT 1;

-- a baseline and what it replaces
DROP SCHEMA app CASCADE;
DELETE FROM sl_registry;
DELETE FROM sl_applied;
DELETE FROM sl_log;
DELETE FROM sl_footprint;
DELETE FROM sl_evidence;
SELECT sl_register('1', 'CREATE SCHEMA app', parents => '{}');
SELECT sl_register('2', 'CREATE TABLE app.t (id int)', parents => '{1}');
SELECT sl_register('base2', '-- sl:replaces 1..2
CREATE SCHEMA app; CREATE TABLE app.t (id int);', parents => '{}', kind => 'baseline');
SELECT sl_register('3', 'ALTER TABLE app.t ADD COLUMN three int', parents => '{2}');
SELECT revision, outcome FROM sl_apply_pending();
SELECT * FROM sl_locate();
ALTER TABLE app.t DROP COLUMN three;
SELECT * FROM sl_locate();

BEGIN READ ONLY;
SELECT revision FROM sl_locate() LIMIT 1;
COMMIT;
DROP SCHEMA app CASCADE;
DROP EXTENSION schema_lifecycle;
DROP SCHEMA sl;
