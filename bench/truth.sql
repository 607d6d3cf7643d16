-- The fixture of bench/truth.sh: so many tables of 20 columns with 3 indexes
-- each, and views and functions.  In many transactions: locks.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
SET synchronous_commit = off;
SELECT set_config('bench.tables', :'tables', false) \g /dev/null
SELECT set_config('bench.views', :'views', false) \g /dev/null
CREATE SCHEMA bench;
DO $$
DECLARE
	n integer;
BEGIN
	FOR n IN 1 .. current_setting('bench.tables')::integer LOOP
		EXECUTE format('CREATE TABLE bench.table_%s (id bigint PRIMARY KEY, name text NOT NULL,'
			' made timestamptz NOT NULL DEFAULT now(), price numeric(10,2) DEFAULT 0 CHECK (price >= 0), %s)', n,
			(SELECT string_agg(format('column_%s %s', i, (ARRAY['integer', 'text', 'varchar(40)', 'boolean DEFAULT false'])[i % 4 + 1]), ', ')
				FROM generate_series(5, 20) AS i));
		EXECUTE format('CREATE INDEX ON bench.table_%s (name, made)', n);
		EXECUTE format('CREATE INDEX ON bench.table_%s (lower(name)) WHERE price > 0', n);
		IF n % 50 = 0 THEN
			COMMIT;
		END IF;
	END LOOP;
	FOR n IN 1 .. current_setting('bench.views')::integer LOOP
		EXECUTE format('CREATE VIEW bench.view_%s AS SELECT a.id, b.name, a.price * 2 AS twice FROM bench.table_%s a'
			' JOIN bench.table_%s b ON a.id = b.id WHERE a.price > 3', n, n, n % 7 + 1);
		EXECUTE format('CREATE FUNCTION bench.function_%s(a integer, b text DEFAULT ''x'') RETURNS integer LANGUAGE sql AS ''SELECT %s''', n, n);
		IF n % 50 = 0 THEN
			COMMIT;
		END IF;
	END LOOP;
END $$;
