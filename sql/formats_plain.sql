--
-- Plain files: what only looks like one
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

--
-- Other tools' files would go up and down again
--
SELECT * FROM sl_load('{001.sql}', ARRAY[E'\n-- +goose Up\nCREATE TABLE t (i int);\n-- +goose Down\nDROP TABLE t;\n']);
SELECT body, pg_temp.sqlstate_of('001.sql', E'SELECT 1;\n' || body)
FROM unnest(ARRAY['-- NO: +goose NO TRANSACTION', '--+goose Up', '  -- +GOOSE UP', '-- +migrate Up', '-- +migrate Down notransaction',
	'-- Down Migration', '--down  migration', '--liquibase formatted sql', '-- Liquibase Formatted SQL',
	'--> statement-breakpoint', 'SELECT 2;--> statement-breakpoint',
	E'SELECT $$\n$$;\r\n-- +goose Down\r\n',
	-- read as they are meant, or nothing but words
	'-- Up Migration', 'SELECT 2; -- +goose Up', '-- goose', '-- the +migrate flag', '/* -- +goose Up */',
	E'SELECT ''\n-- +goose Up\n'', $$\n-- +migrate Up\n$$', E'COPY t FROM stdin;\n-- +goose Up\n\\.\n']) AS body;
SELECT sl_unregister('001');
-- the same by hand; in the files of a tool that is known its own markers count
SELECT sl_register('001', E'-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 2');
SELECT * FROM sl_load('{1_a.up.sql}', ARRAY[E'-- +goose Up\nSELECT 1']);
SELECT sl_unregister('1');

--
-- An own header, mistyped
--
SELECT * FROM sl_load('{001.sql}', ARRAY[E'CREATE TABLE t (i int);\n\n-- SL:down\nDROP TABLE t;\n']);
SELECT body, pg_temp.sqlstate_of('001.sql', E'SELECT 1;\n' || body)
FROM unnest(ARRAY['-- sl-down', '-- sl down', '-- sl :down', '-- sl: down', '--Sl:Down', '--sl - down  ', E'\t-- sl\tdown\r\n',
	'-- SL:kind seed', '-- sl-kind seed', '-- Sl no-transaction', '-- SL:only staging',
	'-- sl:Down',
	-- words
	'-- sl down the slope', '-- sl kind of', '-- sl_revision', '-- slope', '-- sl-downs', '-- SL', 'SELECT 2; -- SL:down',
	E'SELECT ''\n-- SL:down\n''', E'/*\n-- SL:down\n*/',
	-- a header without the blank is one
	E'--sl:down\nSELECT 2']) AS body;
SELECT up, down FROM sl_registry;
SELECT sl_unregister('001');
SELECT pg_temp.sqlstate_of('1_a.up.sql', E'-- SL:no-transaction\nVACUUM');
SELECT pg_temp.sqlstate_of('1_a.up.sql', 'SELECT 1', '1_a.down.sql', E'SELECT 1;\n-- SL:no-transaction\nVACUUM');
SELECT sl_register('002', 'SELECT 1', E'-- SL:no-transaction\nVACUUM');

-- a pair that no format knows by its name: its down script is no revision
SELECT pg_temp.sqlstate_of('V0001.Init.up.sql', 'CREATE TABLE a ()', 'V0001.Init.down.sql', 'DROP TABLE a');

DROP EXTENSION schema_lifecycle;
