--
-- The history: append-only; and what people may write into it.
--
-- In a database of its own.
--
SET client_min_messages = warning;
SELECT current_database() AS maindb \gset
CREATE DATABASE sl_regression_history;
\c sl_regression_history
SET client_min_messages = warning;
\pset null '-'
CREATE SCHEMA sl;
CREATE EXTENSION schema_lifecycle SCHEMA sl;
SET search_path = public, sl;
\set apply 'SELECT revision, outcome, statements FROM sl_apply_pending();'

CREATE ROLE regress_history_role;
SELECT sl_grant('regress_history_role', 'admin');
GRANT CREATE ON SCHEMA public TO regress_history_role;
SELECT sl_configure('managed_schemas', 'none');
SET ROLE regress_history_role;
SET application_name = 'app''s "name"';
SELECT sl_register('a', 'CREATE TABLE a (i int)', 'DROP TABLE a', NULL, 'versioned', 'the first') \gset
SELECT sl_register('b', 'SELECT 1/0') \gset
CALL sl_migrate();
SELECT sl_register('b', 'SELECT 1', 'SELECT 2') \gset
CALL sl_migrate();
SELECT revision FROM sl_revert('a');
SELECT outcome FROM sl_stamp('b', true, 'I say so');
RESET ROLE;
RESET application_name;
SELECT id, action, revision, outcome, role, application_name, statements,
	elapsed IS NULL AS no_time, evidence, sqlstate, error, reason
  FROM sl_history ORDER BY id;
-- ids are an order without gaps, also after a rollback
BEGIN;
SELECT outcome FROM sl_stamp('base', true);
ROLLBACK;
SELECT outcome FROM sl_stamp('a', true);
SELECT count(*) = max(id) AS no_gaps FROM sl_history;
-- nobody has a right to change it, whatever the level
SET ROLE regress_history_role;
UPDATE sl_history SET outcome = 'ok';
DELETE FROM sl_history;
INSERT INTO sl_history VALUES (1);
UPDATE sl.sl_log SET outcome = 'ok';
DELETE FROM sl.sl_log;
TRUNCATE sl.sl_log;
INSERT INTO sl.sl_log VALUES (1);
SELECT * FROM sl.sl_log;
DELETE FROM sl.sl_applied;
UPDATE sl.sl_registry SET up = 'ALTER ROLE regress_history_role SUPERUSER';
SELECT up FROM sl.sl_registry;
UPDATE sl.sl_setting SET value = '';
DELETE FROM sl.sl_journal;
ALTER TABLE sl.sl_log OWNER TO regress_history_role;
RESET ROLE;
-- a role that is gone stays in it by name
DROP OWNED BY regress_history_role CASCADE;
ALTER ROLE regress_history_role RENAME TO regress_history_other;
SELECT DISTINCT role FROM sl_history WHERE role LIKE 'regress%';
DROP ROLE regress_history_other;
SELECT DISTINCT role FROM sl_history WHERE role LIKE 'regress%';
SELECT DISTINCT registrar FROM sl_revision;

--
-- Names that are nothing but data
--
\c
SET client_min_messages = warning;
SET search_path = public, sl;
DROP EXTENSION schema_lifecycle;
CREATE EXTENSION schema_lifecycle SCHEMA sl;
SELECT sl_configure('managed_schemas', 'none');
CREATE TABLE torture (n serial, name text);
INSERT INTO torture (name) VALUES
	('plain'), ('"quoted"'), ('it''s'), ('semi; DROP TABLE sl.sl_log; --'),
	('$$'), ('$1'), ('%s%n%d'), ('\'), ('a\nb'), ('{a}'), ('{"a"'),
	('a.b'), ('select'), ('NULL'), ('null'), ('-- sl down'),
	('/* */'), ('a/b'), ('../../etc/passwd'), ('a b'), ('UPPER'), ('upper'),
	(U&'caf\00E9'), (U&'cafe\0301'), (U&'\202Eright to left'),
	(U&'zero\200Bwidth'), (U&'zerowidth'), (U&'\+01F600'),
	(U&'\0430\0431\0432'), ('1'), ('01'), ('001'), ('-1'), ('1e10'),
	('0x1'), ('true'), (repeat('n', 63)), (repeat('n', 64)),
	(repeat(U&'\00E9', 40)), (repeat('x', 250)), ('@extschema@'), ('@.sl_log'),
	('<b>&amp;</b>'), ('`id`'), ('$(id)'), ('*'), ('?'), ('~'), ('#'), ('=');
-- as ids
SELECT count(*), count(DISTINCT name) FROM torture;
SELECT outcome, count(*) FROM (
	SELECT sl_register(name, format('CREATE TABLE %I (i int); COMMENT ON TABLE %1$I IS %L',
			't' || n || name, name),
		format('DROP TABLE %I', 't' || n || name), '{}', 'versioned', name) AS outcome
	  FROM torture ORDER BY n) AS r GROUP BY 1;
SELECT count(*) FROM sl_graph() g JOIN torture t ON g.revision = t.name AND g.description = t.name;
SELECT count(*) FROM sl_revision g JOIN torture t ON g.revision = t.name AND g.description = t.name;
SELECT count(*) FROM sl_pending('heads') p JOIN torture t ON p.revision = t.name;
SELECT revision FROM sl_apply_pending('it''s');
SELECT revision FROM sl_apply_pending('semi; DROP TABLE sl.sl_log; --');
SELECT revision FROM sl_apply_pending('$1');
SELECT count(*) FROM sl_apply_pending('heads');
-- (longer names are cut by the server, in their own way)
SELECT count(*) FROM torture t JOIN pg_class c ON c.relname = left('t' || n || name, 63)::name;
SELECT count(*) FROM sl_history h JOIN torture t ON h.revision = t.name;
SELECT name FROM torture t WHERE NOT EXISTS (SELECT FROM sl_history h WHERE h.revision = t.name);
SELECT outcome, count(*) FROM torture, sl_stamp(name, true, name) GROUP BY 1;
SELECT count(*) FROM sl_revert('base');
SELECT outcome, count(*) FROM torture, sl_stamp(name, true, name) GROUP BY 1;
SELECT count(*) FROM sl_history WHERE reason = revision AND action = 'stamp';
SELECT count(*) FROM torture t JOIN pg_class c ON c.relname = left('t' || n || name, 63)::name;
-- as parents, in what is said about the graph
SELECT sl_register('child ' || n, 'SELECT', NULL, ARRAY[name]) FROM torture WHERE n = 4 \gset
SELECT revision, parents FROM sl_graph() WHERE revision = 'child 4';
-- in errors
SELECT sl_register('e' || E'\n' || 'ERROR: x', 'SELECT 1/0', NULL, '{}');
SELECT sl_register(E'tab\there', 'SELECT 1/0', NULL, '{}');
SELECT sl_register('it''s "wrong" %s', 'SELECT 1/0', NULL, '{}') \gset
SELECT sl_apply_pending('it''s "wrong" %s');
SELECT sl_unregister('it''s "wrong" %s');
-- what is refused
SELECT sl_register('', 'SELECT');
SELECT sl_register(' ', 'SELECT');
SELECT sl_register(' leading', 'SELECT');
SELECT sl_register('heads', 'SELECT');
SELECT sl_register('base', 'SELECT');
SELECT sl_register('a:b', 'SELECT');
SELECT sl_register('a,b', 'SELECT');
SELECT sl_register('a', 'SELECT', NULL, ARRAY['', 'x']);
SELECT sl_register('a', 'SELECT', NULL, ARRAY[NULL, 'x']);
SELECT sl_register('a', 'SELECT', NULL, ARRAY[ARRAY['x', 'y'], ARRAY['z', 'w']]);
SELECT sl_register('a', 'SELECT', NULL, ARRAY['a']);
SELECT * FROM sl_check_graph() WHERE revision = 'a';
SELECT sl_unregister('a') \gset
\set VERBOSITY sqlstate
SELECT sl_register(repeat('x', 1000000), 'SELECT');
\set VERBOSITY default
-- long texts
SELECT sl_register('long', 'SELECT', NULL, '{}', 'versioned', repeat(E'd\n;''', 250000));
SELECT length(description) FROM sl_graph() WHERE revision = 'long';
SELECT outcome FROM sl_stamp('long', true, repeat('r', 1000000));
SELECT length(reason) FROM sl_history WHERE revision = 'long';
-- comments and values of the catalog are data too
SELECT sl_register('comments', $$
CREATE TYPE "e'; DROP TABLE sl.sl_log; --" AS ENUM ('''; DROP TABLE sl.sl_log; --', E'a\nb');
CREATE TABLE "t;
--" ("c'" "e'; DROP TABLE sl.sl_log; --" DEFAULT E'a\nb');
COMMENT ON COLUMN "t;
--"."c'" IS E'*/ ''; DROP TABLE sl.sl_log; --\n\\q';
CREATE INDEX CONCURRENTLY "i""'; --" ON "t;
--" ("c'");
$$, NULL, '{}') \gset
CALL sl_migrate('comments');
SELECT revision, state FROM sl_graph() WHERE revision = 'comments';
SELECT sl_configure('managed_schemas', '');
SELECT count(*) > 0 AS there FROM sl_history;

\c :maindb
DROP DATABASE sl_regression_history;
