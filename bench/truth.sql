-- The fixture of bench/truth.sh: a history that leads to so many tables of 20
-- columns with 3 indexes each, and views and functions, run by the engine.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
SET synchronous_commit = off;
CREATE EXTENSION schema_lifecycle;
SELECT sl_register('00000_schema', 'CREATE SCHEMA bench') \g /dev/null
SELECT sl_register(to_char(n / 50 + 1, 'FM00000') || '_tables', string_agg(
	format(E'CREATE TABLE bench.table_%1$s (id bigint PRIMARY KEY, name text NOT NULL,'
		' made timestamptz NOT NULL DEFAULT now(), price numeric(10,2) DEFAULT 0 CHECK (price >= 0), %2$s);\n'
		'CREATE INDEX ON bench.table_%1$s (name, made);\n'
		'CREATE INDEX ON bench.table_%1$s (lower(name)) WHERE price > 0;\n', n,
		(SELECT string_agg(format('column_%s %s', i, (ARRAY['integer', 'text', 'varchar(40)', 'boolean DEFAULT false'])[i % 4 + 1]), ', ')
			FROM generate_series(5, 20) AS i)), '' ORDER BY n))
	FROM generate_series(1, :tables) AS n GROUP BY n / 50 ORDER BY n / 50 \g /dev/null
SELECT sl_register(to_char(n / 50 + 1, 'FM90000') || '_views', string_agg(
	format(E'CREATE VIEW bench.view_%1$s AS SELECT a.id, b.name, a.price * 2 AS twice FROM bench.table_%1$s a'
		' JOIN bench.table_%2$s b ON a.id = b.id WHERE a.price > 3;\n'
		'CREATE FUNCTION bench.function_%1$s(a integer, b text DEFAULT ''x'') RETURNS integer LANGUAGE sql AS ''SELECT %1$s'';\n',
		n, n % 7 + 1), '' ORDER BY n))
	FROM generate_series(1, :views) AS n GROUP BY n / 50 ORDER BY n / 50 \g /dev/null
CALL sl_migrate();
VACUUM ANALYZE;
