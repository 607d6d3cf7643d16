--
-- Format flyway: V, U, B, R, .conf
--
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS schema_lifecycle CASCADE;
CREATE EXTENSION schema_lifecycle;
RESET client_min_messages;
CREATE FUNCTION pg_temp.sqlstate_of(VARIADIC files text[]) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_temp.push(VARIADIC files);
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	RETURN concat_ws(': ', SQLSTATE, SQLERRM);
END $$;
-- pushed files as a list of name, body, name, body
CREATE FUNCTION pg_temp.push(VARIADIC files text[], OUT revision text, OUT outcome text, OUT detail text)
RETURNS SETOF record LANGUAGE sql AS $$
	SELECT l.* FROM sl_load(
		ARRAY(SELECT files[i] FROM generate_series(1, cardinality(files), 2) AS i),
		ARRAY(SELECT files[i + 1] FROM generate_series(1, cardinality(files), 2) AS i)) AS l
$$;

-- versions compare part by part, as numbers; repeatables come last
SELECT * FROM pg_temp.push('R__views.sql', 'CREATE OR REPLACE VIEW fly_v AS SELECT 1 AS i', 'V10__ten.sql', 'CREATE TABLE fly_10 (i int)',
	'sub/V2_1__two_and_one.sql', 'CREATE INDEX CONCURRENTLY i ON fly_2 (i)', 'sub/V2_1__two_and_one.sql.conf', E'executeInTransaction=false\n',
	'V2__two.sql', 'CREATE TABLE fly_2 (i int)', 'V001__create_a.sql', 'CREATE TABLE fly_1 (i int)', 'U2__two.sql', 'DROP TABLE fly_2',
	'V2.1.0.5.sql', 'SELECT 1', 'V3__.sql', 'SELECT 3', 'flyway.conf', 'x');
SELECT revision, kind, parents, transactional, offender, down, description FROM sl_registry ORDER BY kind DESC, registered_at, revision;
SELECT ordinal, revision, parents FROM sl_graph();
-- a baseline stands for all up to its version, and not in the chain
SELECT * FROM pg_temp.push('B3__base.sql', 'CREATE TABLE fly_1 (i int); CREATE TABLE fly_2 (i int)');
SELECT revision, kind, parents, replaces FROM sl_registry WHERE kind = 'baseline';
SELECT ordinal, revision, kind, parents FROM sl_graph();
SELECT revision FROM sl_pending();
-- with the versions that it replaces gone it is the parent of the next
SELECT * FROM sl_load(ARRAY['B3__base.sql', 'V10__ten.sql', 'V2.5__gone.sql'],
	ARRAY['CREATE TABLE fly_1 (i int); CREATE TABLE fly_2 (i int)', 'CREATE TABLE fly_10 (i int)', 'SELECT 2.5'], 'flyway', '{"prune": true}');
SELECT revision, parents, replaces FROM sl_registry ORDER BY revision;
SELECT * FROM sl_load(ARRAY['B3__base.sql', 'V10__ten.sql'],
	ARRAY['CREATE TABLE fly_1 (i int); CREATE TABLE fly_2 (i int)', 'CREATE TABLE fly_10 (i int)'], 'flyway', '{"prune": true}');
SELECT revision, parents, replaces FROM sl_registry ORDER BY revision;

-- what is refused
SELECT pg_temp.sqlstate_of('V1__a.sql', 'SELECT 1', 'V1.0__b.sql', 'SELECT 1');
SELECT pg_temp.sqlstate_of('V1__a.sql', 'SELECT 1', 'V1__b.sql', 'SELECT 1');
SELECT pg_temp.sqlstate_of('V1__a.sql', 'SELECT 1', 'U2__b.sql', 'SELECT 1');
SELECT pg_temp.sqlstate_of('V1__a.sql', 'SELECT 1', 'U1__b.sql', 'SELECT 1', 'U1.0__b.sql', 'SELECT 1');
SELECT pg_temp.sqlstate_of('V1__a.sql', 'SELECT 1', name, 'SELECT 1')
FROM unnest(ARRAY['beforeMigrate.sql', 'afterMigrate__x.sql', 'createSchema.sql', 'V1a__b.sql', 'V__b.sql', 'V1.__b.sql',
	'V1..2__b.sql', 'R1__b.sql', 'R__.sql', 'seed.sql', 'v2__b.sql']) AS name;
SELECT * FROM pg_temp.push('V1__a.sql', 'SELECT 1', 'afterMigrate.sql', 'SELECT 1');
SELECT pg_temp.sqlstate_of('V1__a.sql', E'SELECT 1;\nSELECT ''${schema}'';');
SELECT pg_temp.sqlstate_of('V1__a.sql', E'-- ${\nSELECT 1');
SELECT pg_temp.sqlstate_of('V1__a.sql', 'SELECT 1', 'V1__a.sql.conf', E'\nshouldExecute=false');
-- placeholders may be switched off, and then they are text
SELECT pg_temp.sqlstate_of('V11__a.sql', E'SELECT ''${schema}''', 'V11__a.sql.conf', E'placeholderReplacement = false');
SELECT revision, up FROM sl_registry WHERE revision = '11';
-- a renamed file is no new revision
SELECT * FROM pg_temp.push('V011__a.sql', 'SELECT 1');
-- own headers that say nothing which the name says are taken
SELECT pg_temp.sqlstate_of('V12__a.sql', E'-- sl:no-transaction\n-- sl:ignore rule reason\nVACUUM');
SELECT transactional, ignores FROM sl_registry WHERE revision = '12';
SELECT pg_temp.sqlstate_of('V13__a.sql', E'-- sl:revision thirteen\nVACUUM');

DROP EXTENSION schema_lifecycle;
