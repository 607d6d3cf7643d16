--
-- The expected schema: the fold of footprints
--
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS schema_lifecycle;
CREATE SCHEMA sl;
CREATE EXTENSION schema_lifecycle SCHEMA sl;
SET search_path = public, sl;
\pset format unaligned
\pset tuples_only on

SELECT sl_register('1', 'CREATE SCHEMA app; CREATE TABLE app.t (id int PRIMARY KEY, name text)', 'DROP SCHEMA app CASCADE');
SELECT sl_register('2', 'ALTER TABLE app.t ADD COLUMN b int; COMMENT ON COLUMN app.t.b IS ''two''', 'ALTER TABLE app.t DROP COLUMN b');
SELECT sl_register('3', 'ALTER TABLE app.t ALTER COLUMN b TYPE bigint; ALTER TABLE app.t RENAME COLUMN name TO title',
	'ALTER TABLE app.t RENAME COLUMN title TO name; ALTER TABLE app.t ALTER COLUMN b TYPE int');
SELECT sl_register('4', 'DROP TABLE app.t; CREATE TABLE app.t (id bigint)', 'DROP TABLE app.t; CREATE TABLE app.t (id int PRIMARY KEY, title text, b bigint); COMMENT ON COLUMN app.t.b IS ''two''');
SELECT * FROM sl_expected();
SELECT * FROM sl_expected('4');
SELECT revision, outcome FROM sl_apply_pending();
CREATE PROCEDURE same() LANGUAGE plpgsql AS $$
DECLARE
	r record;
BEGIN
	FOR r IN SELECT 'only expected' AS side, * FROM (SELECT * FROM sl_expected() EXCEPT SELECT * FROM sl_catalog()) AS e
		UNION ALL SELECT 'only there', * FROM (SELECT * FROM sl_catalog() EXCEPT SELECT * FROM sl_expected()) AS a
		 WHERE (class, identity) NOT IN (('extension', 'plpgsql'), ('schema', 'public'), ('schema', 'sl'), ('procedure', 'public.same()'))
	LOOP
		RAISE WARNING '%: % % %', r.side, r.class, r.identity, r.definition;
	END LOOP;
END $$;
CALL same();
SELECT * FROM sl_expected();
-- at a revision; a prefix will do
SELECT * FROM sl_expected('3');
SELECT * FROM sl_expected('2') WHERE class = 'column';
SELECT * FROM sl_expected('1') WHERE class = 'column';
SELECT * FROM sl_expected('9');
-- reverts are taken out, and what comes again is in again
SELECT revision, outcome FROM sl_revert('2');
CALL same();
SELECT * FROM sl_expected() WHERE class = 'column';
SELECT revision, outcome FROM sl_apply_pending('3');
CALL same();
SELECT revision, outcome FROM sl_apply_pending();
CALL same();
SELECT revision, count(*) FROM sl_evidence GROUP BY 1 ORDER BY 1;
SELECT revision, outcome FROM sl_revert('3');
-- what the run before has left, the last run of all counts
SELECT identity, definition FROM sl_expected('4') WHERE class = 'column';
CALL same();

-- repeatables: every run of each, also when it lost something on the way
SELECT sl_register('rep', 'CREATE OR REPLACE VIEW app.v AS SELECT 1 AS a; CREATE OR REPLACE VIEW app.w AS SELECT 1 AS a; COMMENT ON VIEW app.w IS ''first''', kind => 'repeatable');
SELECT sl_register('fix', 'ALTER TABLE app.t ALTER COLUMN title SET DEFAULT ''x''', kind => 'repeatable');
SELECT sl_register('data', 'INSERT INTO app.t (id) VALUES (1)', kind => 'seed');
SELECT sl_unregister('4');
SELECT revision, outcome FROM sl_apply_pending();
CALL same();
SELECT sl_register('rep', 'CREATE OR REPLACE VIEW app.v AS SELECT 1 AS a, 2 AS b', kind => 'repeatable');
SELECT sl_register('fix', 'ALTER TABLE app.t ALTER COLUMN title SET NOT NULL', kind => 'repeatable');
SELECT revision, outcome FROM sl_apply_pending();
CALL same();
SELECT * FROM sl_expected('3') EXCEPT SELECT * FROM sl_expected();
SELECT * FROM sl_expected() EXCEPT SELECT * FROM sl_expected('3');
SELECT class, identity, definition FROM sl_expected('1') WHERE identity LIKE 'app.t.%' OR class = 'view';
SELECT * FROM sl_expected('rep');
SELECT * FROM sl_expected('data');

-- what is not compared is not shown
BEGIN;
SELECT sl_configure('compare_owners', 'on');
SELECT sl_configure('compare_privileges', 'on');
CALL same();
SELECT class, identity, definition ? 'owner' AS owner, definition ? 'privileges' AS privileges FROM sl_expected() WHERE class IN ('table', 'view');
SELECT sl_configure('managed_schemas', 'public');
SELECT * FROM sl_expected();
ROLLBACK;

-- a script outside a transaction, in pieces
SELECT sl_register('5', 'CREATE TABLE app.five (i int); CREATE INDEX CONCURRENTLY five_i ON app.five (i); ALTER TABLE app.five ADD COLUMN j int');
CALL sl_migrate();
CALL same();
SELECT ordinal, class, identity, change FROM sl_footprint f JOIN sl_evidence e ON e.id = f.evidence_id WHERE e.revision = '5' ORDER BY 1;
-- one that fails, and is applied when it comes to its end
SELECT sl_register('6', 'CREATE INDEX CONCURRENTLY six ON app.five (j); CREATE UNIQUE INDEX CONCURRENTLY six_u ON app.five (i); CREATE INDEX CONCURRENTLY six_3 ON app.five (i, j)');
INSERT INTO app.five VALUES (1), (1);
CALL sl_migrate();
SELECT count(*) FROM sl_expected() WHERE identity LIKE 'app.six%';
DELETE FROM app.five;
CALL sl_migrate();
CALL same();
SELECT revision, count(*), bool_and(complete) FROM sl_evidence GROUP BY 1 ORDER BY 1;

-- what a repeatable changed goes with what it is about
SELECT sl_register('7', 'CREATE TABLE app.seven (i int)', 'DROP TABLE app.seven');
SELECT sl_register('on7', $$COMMENT ON TABLE app.seven IS 'seven'$$, kind => 'repeatable');
SELECT revision, outcome FROM sl_apply_pending();
CALL same();
SELECT revision, outcome FROM sl_revert('6');
CALL same();
SELECT * FROM sl_expected('6') WHERE identity = 'app.seven';
SELECT * FROM sl_expected('7') WHERE identity = 'app.seven';
SELECT * FROM sl_detect_stamp_drift();
SELECT * FROM sl_locate() LIMIT 1;
CREATE TABLE app.seven (i int);
SELECT class, identity, problem, revision FROM sl_detect_drift() WHERE class = 'table';
SELECT * FROM sl_detect_stamp_drift();
DROP TABLE app.seven;

-- corrupted books are no silent answer
\set VERBOSITY terse
BEGIN;
UPDATE sl_footprint SET change = 'x' WHERE evidence_id = 1 AND ordinal = 1;
SELECT count(*) FROM sl_expected();
ROLLBACK;
BEGIN;
UPDATE sl_footprint SET key = '\x00' WHERE evidence_id = (SELECT max(id) FROM sl_evidence);
SELECT count(*) FROM sl_expected();
ROLLBACK;

DROP SCHEMA app CASCADE;
DROP PROCEDURE same;
DROP EXTENSION schema_lifecycle;
DROP SCHEMA sl;
