--
-- Formats: .up.sql/.down.sql pairs, diesel folders, dbmate sections
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
CREATE FUNCTION pg_temp.registered(f text, OUT revision text, OUT parents text[], OUT up text, OUT up_line int,
	OUT down text, OUT down_line int, OUT tx boolean, OUT down_tx boolean, OUT description text)
RETURNS SETOF record LANGUAGE sql AS $$
	SELECT revision, parents, up, up_line, down, down_line, transactional, down_transactional, description
	  FROM sl_registry WHERE format = f ORDER BY file
$$;

--
-- golang-migrate and sqlx: the number as the history table holds it
--
SELECT * FROM pg_temp.push('000002_add_b.down.sql', 'DROP TABLE b', '000010_last.up.sql', 'SELECT 10',
	'000002_add_b.up.sql', 'CREATE TABLE b (i int)', '1_first.up.sql', '', '1_first.down.sql', E' \n',
	'20200101000000_sqlx_one.up.sql', E'-- no-transaction\nVACUUM', '20200101000000_sqlx_one.down.sql', E'-- no-transaction\nVACUUM',
	'0.up.sql', 'SELECT 0');
SELECT * FROM pg_temp.registered('pairs');
SELECT pg_temp.sqlstate_of('1_a.down.sql', 'SELECT 1');
SELECT pg_temp.sqlstate_of('1_a.up.sql', 'SELECT 1', '001_b.up.sql', 'SELECT 1');
SELECT pg_temp.sqlstate_of('1_a.up.sql', 'SELECT 1', '1_a.down.sql', 'SELECT 1', '1_b.down.sql', 'SELECT 1');
SELECT pg_temp.sqlstate_of('1_a.up.sql', 'SELECT 1', 'schema.sql', 'SELECT 1');
SELECT pg_temp.sqlstate_of('1_a.up.sql', 'SELECT 1', 'x_a.up.sql', 'SELECT 1');
SELECT pg_temp.sqlstate_of('9223372036854775808_a.up.sql', 'SELECT 1');
-- a down script that cannot be parsed never worked: a history is not kept out
-- by it, and a revert is refused before it begins
SELECT * FROM pg_temp.push('8_a.up.sql', 'SELECT 1', '8_a.down.sql', E'SELECT 1;\nDROPP');
SELECT * FROM pg_temp.push('8_a.up.sql', 'SELECT 2', '8_a.down.sql', E'SELECT 1;\nDROPP');
SELECT revision, down FROM sl_registry WHERE revision = '8';
SELECT pg_temp.sqlstate_of('1_a.up.sql', E'-- sl:revision 2\nSELECT 1');
SELECT pg_temp.sqlstate_of('1_a.up.sql', E'SELECT 1;\n-- sl:down\nSELECT 2');

--
-- diesel
--
SELECT * FROM pg_temp.push('2023-01-02-000000_b/up.sql', 'CREATE INDEX CONCURRENTLY i ON t (a)', '2023-01-02-000000_b/down.sql', 'DROP INDEX i',
	'2023-01-02-000000_b/metadata.toml', E'# comment\nrun_in_transaction = false # really\n',
	'00000000000000_diesel_initial_setup/up.sql', 'SELECT 1', '00000000000000_diesel_initial_setup/down.sql', '',
	'm/2023-01-01-000000_a b/up.sql', 'SELECT 2', '.keep', '', 'm/2023-01-01-000000_a b/metadata.toml', 'run_in_transaction=true');
SELECT * FROM pg_temp.registered('diesel');
SELECT pg_temp.sqlstate_of('1_a/down.sql', 'SELECT 1');
SELECT pg_temp.sqlstate_of('1_a/up.sql', 'SELECT 1', '1_b/up.sql', 'SELECT 1');
SELECT pg_temp.sqlstate_of('1_a/up.sql', 'SELECT 1', '1_a/up.sql', 'SELECT 1');
SELECT * FROM pg_temp.push('99_a/up.sql', 'SELECT 1', 'schema.sql', 'SELECT 1');
SELECT pg_temp.sqlstate_of('1_a/up.sql', 'SELECT 1', 'up.sql', 'SELECT 1');
SELECT pg_temp.sqlstate_of('1_a/up.sql', 'SELECT 1', '1_a/metadata.toml', E'\nrun_in_transaction = maybe');
SELECT pg_temp.sqlstate_of('heads_x/up.sql', 'SELECT 1');

--
-- Prisma
--
SELECT * FROM pg_temp.push('migration_lock.toml', 'provider = "postgresql"',
	'20240102000000_more/migration.sql', 'CREATE TABLE p2 (id int)',
	'20240101000000_init/migration.sql', 'CREATE TABLE p1 (id int)');
SELECT * FROM pg_temp.registered('prisma');
SELECT * FROM sl_load('{m/3_c/migration.sql,m/3_c/down.sql}', '{CREATE TABLE p3 (id int),DROP TABLE p3}', 'prisma');
SELECT revision, parents, up, down FROM sl_registry WHERE revision = '3_c';
-- whose down.sql is it?
SELECT pg_temp.sqlstate_of('4_d/migration.sql', 'SELECT 1', '4_d/down.sql', 'SELECT 1');
SELECT pg_temp.sqlstate_of('4_d/migration.sql', 'SELECT 1', 'seed.sql', 'SELECT 1');
SELECT pg_temp.sqlstate_of('4_d/migration.sql', 'SELECT 1', 'x/4_d/migration.sql', 'SELECT 1');
SELECT pg_temp.sqlstate_of('4_d/migration.sql', 'SELECT 1', 'migration.sql', 'SELECT 1');
SELECT * FROM sl_load('{4_d/down.sql}', '{SELECT 1}', 'prisma');
SELECT sl_unregister('3_c'), sl_unregister('20240102000000_more'), sl_unregister('20240101000000_init');

--
-- dbmate
--
-- its ids may be those of another source: not taken from it
SELECT pg_temp.sqlstate_of('20200101000000_first_one.sql', E'-- migrate:up\nSELECT 1');
SELECT sl_unregister('20200101000000');
SELECT * FROM pg_temp.push(
	'20200103000000_c.sql', E'\n-- a comment\n-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY i ON t (a);\n-- migrate:down\n',
	'20200101000000_first_one.sql', E'-- migrate:up\r\nCREATE TABLE t (\r\n  a int\r\n);\r\n-- migrate:down\r\nDROP TABLE t;\r\n',
	'20200102000000.sql', E'-- migrate:up\nSELECT ''1;\n-- not migrate:down'';\n-- migrate:down\nSELECT 2;\n--migrate:up foo:bar\nSELECT 3;\n-- migrate:down transaction:false\nSELECT 4;\n');
SELECT * FROM pg_temp.registered('dbmate');
SELECT pg_temp.sqlstate_of('1_a.sql', E'-- migrate:up\nSELECT 1;\n\n-- migrate:down\nSELECT 1;\n-- migrate:up\nSELCT');
SELECT pg_temp.sqlstate_of('1_a.sql', E'-- x\nSELECT 1;\n-- migrate:up\nSELECT 2');
SELECT pg_temp.sqlstate_of('1_a.sql', E'-- migrate:up\nSELECT 2\n-- migrate:down\n\n-- migrate:down');
SELECT pg_temp.sqlstate_of('1_a.sql', E'-- migrate:down\nSELECT 2\n-- migrate:up');
SELECT pg_temp.sqlstate_of('1_a.sql', E'-- migrate:up\nSELECT 2', 'schema.sql', 'SELECT 1');
SELECT pg_temp.sqlstate_of('1_a.sql', E'-- migrate:up\nSELECT 2', '2_b.sql', 'SELECT 1');
SELECT pg_temp.sqlstate_of('1_a.sql', E'-- migrate:up\nSELECT 2', '1_b.sql', E'-- migrate:up\nSELECT 1');
-- the file that decides for a format is named beside one that does not fit
SELECT * FROM pg_temp.push('001_a.sql', 'SELECT 1', '003_h.sql', E'-- migrate:up\nSELECT 2');
SELECT * FROM pg_temp.push('001_a.sql', '-- later', '003_h.sql', E'-- migrate:up\nSELECT 2');
SELECT * FROM pg_temp.push('a.sql', 'SELECT 1', '1_a.up.sql', 'SELECT 1');
SELECT * FROM pg_temp.push('001_a.sql', 'SELECT 1', 'head.sql', E'-- Running upgrade  -> a\nINSERT INTO alembic_version (version_num) VALUES (''a'');');
SELECT * FROM sl_load('{001_a.sql}', '{SELECT 1}', 'dbmate');
-- no marker: what only looks like one
SELECT pg_temp.sqlstate_of('1_a.sql', E' -- migrate:up\n-- migrate:upwards\nSELECT 1;');
SELECT revision, format FROM sl_registry WHERE revision = '1_a';

DROP EXTENSION schema_lifecycle;
