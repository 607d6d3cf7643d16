--
-- Revisions in no order that set the same fact differently
--
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS schema_lifecycle;
CREATE SCHEMA sl;
CREATE EXTENSION schema_lifecycle SCHEMA sl;
SET search_path = public, sl;
\pset format unaligned
\pset tuples_only on

SELECT sl_register('1', 'CREATE SCHEMA app; CREATE TABLE app.t (id int, name text, n int); CREATE TABLE app.u (i int); CREATE VIEW app.v AS SELECT 1 AS a', parents => '{}');
SELECT sl_register('2', 'ALTER TABLE app.t ALTER COLUMN name SET DEFAULT ''two''');
SELECT revision, outcome FROM sl_apply_pending();
SELECT * FROM sl_check_graph();
-- different attributes of one column, the same change, different objects
SELECT sl_register('a', $$ALTER TABLE app.t ALTER COLUMN name SET DEFAULT 'a'; DROP TABLE app.u; ALTER TABLE app.t ALTER COLUMN n SET NOT NULL; CREATE INDEX same ON app.t (id)$$, parents => '{2}');
SELECT sl_register('b', $$ALTER TABLE app.t ALTER COLUMN name SET NOT NULL; CREATE TABLE IF NOT EXISTS app.u (i int); ALTER TABLE app.t ADD COLUMN b int$$, parents => '{2}');
SELECT revision, outcome FROM sl_apply_pending('heads');
SELECT severity, problem, revision, detail FROM sl_check_graph() WHERE problem <> 'multiple_heads';
-- the same attribute, an object that the other dropped, another view
SELECT sl_register('c', $$ALTER TABLE app.t ALTER COLUMN name SET DEFAULT 'c'; ALTER TABLE app.t ALTER COLUMN n DROP NOT NULL; CREATE OR REPLACE VIEW app.v AS SELECT 1 AS a, 2 AS b; DROP INDEX app.same$$, parents => '{2}');
SELECT revision, outcome FROM sl_apply_pending('heads');
SELECT severity, problem, revision, detail FROM sl_check_graph() WHERE problem <> 'multiple_heads';
-- no run is stopped by it
SELECT sl_register('d', 'SELECT 1', parents => '{a,b,c}');
SELECT revision, outcome FROM sl_apply_pending();
SELECT * FROM sl_check_graph();
-- who comes after all of them has the last word
SELECT sl_register('e', $$ALTER TABLE app.t ALTER COLUMN name SET DEFAULT 'e'; ALTER TABLE app.t ALTER COLUMN n SET NOT NULL$$);
SELECT revision, outcome FROM sl_apply_pending();
SELECT * FROM sl_check_graph();
SELECT sl_register('f', 'CREATE INDEX same ON app.t (n)');
SELECT revision, outcome FROM sl_apply_pending();
SELECT * FROM sl_check_graph();
-- privileges, if they are compared
CREATE ROLE regress_conflict_reader;
SELECT sl_register('g', 'GRANT SELECT ON app.t TO regress_conflict_reader', parents => '{f}');
SELECT sl_register('h', 'GRANT INSERT ON app.t TO regress_conflict_reader', parents => '{f}');
SELECT sl_register('i', 'SELECT 1', parents => '{g,h}');
SELECT revision, outcome FROM sl_apply_pending();
SELECT * FROM sl_check_graph();
SELECT sl_configure('compare_privileges', 'on');
SELECT * FROM sl_check_graph();

DROP SCHEMA app CASCADE;
DROP ROLE regress_conflict_reader;
DROP EXTENSION schema_lifecycle;
DROP SCHEMA sl;
