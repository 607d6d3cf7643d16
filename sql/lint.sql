--
-- sl_lint, sl_lint_script: each rule where it has something to say, and where
-- it must be silent.
--
-- In a database of its own.
--
SET client_min_messages = warning;
SELECT current_database() AS maindb \gset
CREATE DATABASE sl_regression_lint;
\c sl_regression_lint
SET client_min_messages = warning;
\pset null '-'
\pset format unaligned
\pset footer off
CREATE SCHEMA sl;
CREATE EXTENSION schema_lifecycle SCHEMA sl;
-- a script and what is said of it: line, severity, rule; without the rules that would stand everywhere
CREATE FUNCTION sl.said(script text) RETURNS text
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
	SELECT coalesce(string_agg(concat_ws(' ', line, severity, rule), ', ' ORDER BY line, rule), 'nothing')
	  FROM sl.sl_lint_script(script)
	 WHERE rule NOT IN ('not-idempotent', 'require-statement-timeout', 'multiple-alter-table')
$$;

-- two live tables, one of twenty rows
CREATE TABLE big (id bigint PRIMARY KEY, a bigint, b bigint NOT NULL, v varchar(10), t text, n numeric(10,2),
	made timestamp, seen boolean);
INSERT INTO big SELECT g, g, g, 'v', 't', 1, now(), true FROM generate_series(1, 100000) AS g;
ALTER TABLE big ADD CONSTRAINT big_a CHECK (a IS NOT NULL AND a > 0),
	ADD CONSTRAINT big_t CHECK (t IS NOT NULL) NOT VALID;
CREATE INDEX big_v ON big (v);
CREATE UNIQUE INDEX big_b ON big (b);
CREATE UNIQUE INDEX big_t_id ON big (t, id);
CREATE TABLE small (LIKE big INCLUDING ALL);
INSERT INTO small SELECT * FROM big WHERE id <= 20;
CREATE TABLE empty (LIKE big INCLUDING ALL);
CREATE TABLE parted (id bigint, k int) PARTITION BY LIST (k);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
INSERT INTO parted SELECT g, 1 FROM generate_series(1, 100000) AS g;
CREATE MATERIALIZED VIEW big_view AS SELECT * FROM big;
CREATE TYPE mood AS ENUM ('sad', 'calm');
CREATE TABLE people (id bigint, name text, mood mood);
CREATE DOMAIN plain AS bigint;
CREATE DOMAIN strict AS bigint CHECK (VALUE > 0);
CREATE TABLE with_strict (x strict);

--
-- Rewrites and scans
--
SELECT script, sl.said(script) FROM unnest(ARRAY[
	'ALTER TABLE big ALTER a TYPE int',
	'ALTER TABLE small ALTER a TYPE int',
	'ALTER TABLE nobody_knows ALTER a TYPE int',
	'ALTER TABLE big ALTER v TYPE varchar(20)',
	'ALTER TABLE big ALTER v TYPE varchar(5)',
	'ALTER TABLE big ALTER v TYPE varchar',
	'ALTER TABLE big ALTER v TYPE text',
	'ALTER TABLE big ALTER v TYPE text USING v::text',
	'ALTER TABLE big ALTER v TYPE text USING upper(v)',
	'ALTER TABLE big ALTER t TYPE varchar(100)',
	'ALTER TABLE big ALTER t TYPE varchar',
	'ALTER TABLE big ALTER n TYPE numeric(12,2)',
	'ALTER TABLE big ALTER n TYPE numeric(12,3)',
	'ALTER TABLE big ALTER n TYPE numeric',
	'ALTER TABLE big ALTER made TYPE timestamp(3)',
	'ALTER TABLE big ALTER made TYPE timestamp(6)',
	'ALTER TABLE big ALTER a TYPE plain',
	'ALTER TABLE big ALTER a TYPE strict',
	'ALTER TABLE big ALTER v TYPE varchar(20); ALTER TABLE big ALTER v TYPE varchar(15)',
	'ALTER TABLE big ADD x timestamptz DEFAULT now()',
	'ALTER TABLE big ADD x timestamptz DEFAULT clock_timestamp()',
	'ALTER TABLE big ADD x timestamptz DEFAULT pg_catalog.clock_timestamp()',
	'ALTER TABLE big ADD x bigint DEFAULT 1 + abs(-2)',
	'ALTER TABLE big ADD x float DEFAULT 1 + random()',
	'ALTER TABLE small ADD x float DEFAULT random()',
	'ALTER TABLE big ADD x float DEFAULT not_known()',
	'ALTER TABLE big ADD x plain',
	'ALTER TABLE big ADD x strict',
	'ALTER TABLE big ADD x bigint; ALTER TABLE big ALTER x SET DEFAULT random()',
	'ALTER TABLE big ADD x bigint GENERATED ALWAYS AS IDENTITY',
	'ALTER TABLE big ADD x bigserial',
	'ALTER TABLE small ADD x bigserial',
	'ALTER TABLE big ADD x bigint GENERATED ALWAYS AS (a + 1) STORED',
	'ALTER TABLE big ADD x bigint NOT NULL',
	'ALTER TABLE small ADD x bigint NOT NULL',
	'ALTER TABLE empty ADD x bigint NOT NULL',
	'ALTER TABLE big ADD x bigint NOT NULL DEFAULT 0',
	'CREATE TABLE fresh (a bigint); ALTER TABLE fresh ADD x bigint NOT NULL',
	'CREATE TABLE fresh (a bigint); INSERT INTO fresh VALUES (1); ALTER TABLE fresh ADD x bigint NOT NULL'
	]) AS script;
-- SET NOT NULL: proven by a check that is valid, by NOT NULL, by what the script did before
SELECT script, sl.said(script) FROM unnest(ARRAY[
	'ALTER TABLE big ALTER v SET NOT NULL',
	'ALTER TABLE small ALTER v SET NOT NULL',
	'ALTER TABLE big ALTER b SET NOT NULL',
	'ALTER TABLE big ALTER a SET NOT NULL',
	'ALTER TABLE big ALTER t SET NOT NULL',
	'ALTER TABLE big VALIDATE CONSTRAINT big_t; ALTER TABLE big ALTER t SET NOT NULL',
	'ALTER TABLE big DROP CONSTRAINT big_a; ALTER TABLE big ALTER a SET NOT NULL',
	'ALTER TABLE big RENAME a TO c; ALTER TABLE big ALTER c SET NOT NULL',
	'ALTER TABLE big ALTER a SET NOT NULL; ALTER TABLE big DROP CONSTRAINT big_a; ALTER TABLE big ALTER a SET NOT NULL',
	'ALTER TABLE big RENAME TO great; ALTER TABLE great ALTER v SET NOT NULL',
	'ALTER TABLE nobody_knows ALTER a SET NOT NULL',
	'ALTER TABLE nobody_knows VALIDATE CONSTRAINT c; ALTER TABLE nobody_knows ALTER a SET NOT NULL',
	'CREATE TABLE fresh (a bigint); ALTER TABLE fresh ALTER a SET NOT NULL'
	]) AS script;
SELECT script, sl.said(script) FROM unnest(ARRAY[
	'ALTER TABLE big SET UNLOGGED',
	'ALTER TABLE small SET UNLOGGED',
	'ALTER TABLE big SET TABLESPACE pg_default',
	'ALTER TABLE big SET (fillfactor = 90)',
	'VACUUM FULL big', 'VACUUM FULL', 'VACUUM big', 'VACUUM (FULL false) big', 'VACUUM (FULL) small',
	'CLUSTER big USING big_b', 'CLUSTER small USING small_b_idx', 'CLUSTER',
	'ALTER TABLE parted DETACH PARTITION parted_1',
	'ALTER TABLE parted DETACH PARTITION parted_1 CONCURRENTLY',
	'ALTER TABLE parted ATTACH PARTITION big FOR VALUES IN (2)',
	'ALTER TABLE parted ATTACH PARTITION people FOR VALUES IN (2)',
	'ALTER TABLE parted ATTACH PARTITION parted_1 FOR VALUES IN (2)',
	'CREATE TABLE fresh (id bigint, k int); ALTER TABLE parted ATTACH PARTITION fresh FOR VALUES IN (2)'
	]) AS script;
SELECT rule, line, severity FROM sl.sl_lint_script(E'ALTER TABLE big ALTER a SET DEFAULT 1;\nALTER TABLE small ALTER a SET DEFAULT 1;\nALTER TABLE big ALTER b SET DEFAULT 1;\nALTER TABLE big ALTER v SET DEFAULT 1;')
 WHERE rule = 'multiple-alter-table';

--
-- Locks
--
SELECT script, sl.said(script) FROM unnest(ARRAY[
	'ALTER TABLE big ALTER v DROP DEFAULT',
	'SET LOCAL lock_timeout = 0; ALTER TABLE big ALTER v DROP DEFAULT; ALTER TABLE small ALTER v DROP DEFAULT',
	'SET LOCAL lock_timeout = ''2s''; ALTER TABLE big ALTER v DROP DEFAULT',
	'SELECT set_config(''lock_timeout'', ''0'', false); ALTER TABLE small ALTER v DROP DEFAULT',
	'SET LOCAL lock_timeout = 0; ALTER TABLE big ALTER v SET STATISTICS 10',
	'SET LOCAL lock_timeout = 0; CREATE TABLE fresh (a bigint); ALTER TABLE fresh ALTER a SET DEFAULT 1',
	'SET LOCAL lock_timeout = 0; CREATE TRIGGER g BEFORE INSERT ON big EXECUTE FUNCTION f()',
	'SET LOCAL lock_timeout = 0; DROP TRIGGER g ON big',
	'SET LOCAL lock_timeout = 0; CREATE TABLE fresh (a bigint REFERENCES big (id) PRIMARY KEY)',
	'LOCK TABLE big', 'LOCK TABLE small', 'LOCK TABLE big IN ROW EXCLUSIVE MODE',
	'REFRESH MATERIALIZED VIEW big_view', 'REFRESH MATERIALIZED VIEW CONCURRENTLY big_view',
	E'ALTER TABLE big ADD x text;\nUPDATE big SET x = t WHERE id < 10',
	E'ALTER TABLE small ADD x text;\nUPDATE big SET t = t WHERE id < 10',
	E'UPDATE big SET t = t WHERE id < 10;\nALTER TABLE big ADD x text',
	E'ALTER TABLE big ADD x text;\nINSERT INTO small VALUES (1)',
	E'ALTER TABLE big ADD x text;\nINSERT INTO small SELECT * FROM big;\nUPDATE big SET x = t WHERE id < 10',
	E'ALTER TABLE big ADD x text;\nCREATE TABLE fresh (a bigint);\nCREATE INDEX ON fresh (a)'
	]) AS script;
SELECT rule, line, severity FROM sl.sl_lint_script('ALTER TABLE small ALTER a DROP DEFAULT; ALTER TABLE big ALTER a DROP DEFAULT; ALTER TABLE big ALTER b DROP DEFAULT') WHERE rule = 'require-statement-timeout';
SELECT rule, line, severity FROM sl.sl_lint_script('SET LOCAL statement_timeout = ''1min''; ALTER TABLE big ALTER a DROP DEFAULT') WHERE rule = 'require-statement-timeout';
SET schema_lifecycle.migration_statement_timeout = '1min';
SELECT rule, line, severity FROM sl.sl_lint_script('ALTER TABLE big ALTER a DROP DEFAULT') WHERE rule = 'require-statement-timeout';
RESET schema_lifecycle.migration_statement_timeout;
SET schema_lifecycle.migration_lock_timeout = 0;
SELECT sl.said('ALTER TABLE small ALTER a DROP DEFAULT');
RESET schema_lifecycle.migration_lock_timeout;

--
-- Indexes
--
SELECT script, sl.said(script) FROM unnest(ARRAY[
	'CREATE INDEX i ON big (a)', 'CREATE INDEX i ON small (a)', 'CREATE INDEX i ON nobody_knows (a)',
	'CREATE INDEX i ON parted (k)', 'CREATE INDEX CONCURRENTLY i ON big (a)',
	'CREATE TABLE fresh (a bigint); CREATE INDEX i ON fresh (a)',
	'CREATE TEMP TABLE big (a bigint); CREATE INDEX i ON pg_temp.big (a)',
	'CREATE TABLE fresh AS SELECT * FROM big; CREATE INDEX i ON fresh (a)',
	'DROP INDEX big_v', 'DROP INDEX small_v_idx', 'DROP INDEX CONCURRENTLY big_v', 'DROP INDEX IF EXISTS nobody_knows_i',
	'DROP INDEX nobody_knows_i', 'CREATE TABLE fresh (a bigint); CREATE INDEX i ON fresh (a); DROP INDEX i',
	'REINDEX TABLE big', 'REINDEX INDEX big_v', 'REINDEX TABLE small', 'REINDEX TABLE CONCURRENTLY big', 'REINDEX SCHEMA public',
	'CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON big (a)', 'CREATE INDEX CONCURRENTLY IF NOT EXISTS big_v ON big (a)',
	'CREATE INDEX IF NOT EXISTS i ON small (a)',
	'CREATE INDEX CONCURRENTLY i ON big (a, b, v, t)', 'CREATE UNIQUE INDEX CONCURRENTLY i ON big (a, b, v, t)',
	'CREATE INDEX CONCURRENTLY i ON big (a, b, v) INCLUDE (t)',
	'CREATE TABLE fresh (x bigint REFERENCES big (id))',
	'CREATE TABLE fresh (x bigint PRIMARY KEY REFERENCES big (id))',
	'CREATE TABLE fresh (x bigint REFERENCES big (id)); CREATE INDEX ON fresh (x, y)',
	'CREATE TABLE fresh (x bigint REFERENCES big (id)); CREATE INDEX ON fresh (y, x)',
	'CREATE TABLE fresh (x bigint REFERENCES big (id)); CREATE INDEX ON fresh (x) WHERE x > 0',
	'CREATE TABLE fresh (x bigint, y bigint, FOREIGN KEY (x, y) REFERENCES big (a, b)); CREATE INDEX ON fresh (y, x)',
	'ALTER TABLE big ADD FOREIGN KEY (b) REFERENCES small NOT VALID',
	'ALTER TABLE big ADD FOREIGN KEY (a) REFERENCES small NOT VALID',
	'ALTER TABLE small ADD FOREIGN KEY (a) REFERENCES big NOT VALID',
	'DROP INDEX big_b; ALTER TABLE big ADD FOREIGN KEY (b) REFERENCES small NOT VALID'
	]) AS script;
-- an INVALID index of that name
\set VERBOSITY sqlstate
CREATE UNIQUE INDEX CONCURRENTLY big_seen ON big (seen);
\set VERBOSITY default
SELECT severity, message, hint FROM sl.sl_lint_script('CREATE INDEX CONCURRENTLY IF NOT EXISTS big_seen ON big (seen)') WHERE rule = 'concurrently-if-not-exists';
DROP INDEX big_seen;

--
-- Constraints
--
SELECT script, sl.said(script) FROM unnest(ARRAY[
	'ALTER TABLE big ADD CHECK (a > 1)', 'ALTER TABLE small ADD CHECK (a > 1)', 'ALTER TABLE big ADD CHECK (a > 1) NOT VALID',
	'CREATE TABLE fresh (a bigint); ALTER TABLE fresh ADD CHECK (a > 1)',
	'ALTER TABLE big ADD x bigint CHECK (x > 1)',
	'ALTER TABLE big ADD CONSTRAINT c CHECK (a > 1) NOT VALID; ALTER TABLE big VALIDATE CONSTRAINT c',
	'ALTER TABLE small ADD CONSTRAINT c CHECK (a > 1) NOT VALID; ALTER TABLE small VALIDATE CONSTRAINT c',
	'ALTER TABLE big VALIDATE CONSTRAINT big_t',
	'ALTER TABLE big ADD CONSTRAINT c FOREIGN KEY (b) REFERENCES small', 'ALTER TABLE big ADD CONSTRAINT c FOREIGN KEY (b) REFERENCES small NOT VALID',
	'ALTER TABLE small ADD CONSTRAINT c FOREIGN KEY (b) REFERENCES big',
	'ALTER TABLE big ADD x bigint REFERENCES small; CREATE INDEX CONCURRENTLY i ON big (x)',
	'ALTER TABLE big ADD x bigint DEFAULT 1 REFERENCES small; CREATE INDEX CONCURRENTLY i ON big (x)',
	'ALTER TABLE big ADD UNIQUE (v)', 'ALTER TABLE small ADD UNIQUE (v)', 'ALTER TABLE big ADD UNIQUE USING INDEX big_b', 'ALTER TABLE big ADD x bigint UNIQUE',
	'ALTER TABLE big ADD PRIMARY KEY (b)', 'ALTER TABLE small ADD PRIMARY KEY (b)', 'ALTER TABLE big ADD PRIMARY KEY USING INDEX big_b',
	'ALTER TABLE big ADD PRIMARY KEY USING INDEX big_t_id', 'ALTER TABLE small ADD PRIMARY KEY USING INDEX small_t_id_idx', 'ALTER TABLE big ADD PRIMARY KEY USING INDEX not_known',
	'ALTER TABLE big ADD EXCLUDE USING btree (a WITH =)', 'ALTER TABLE small ADD EXCLUDE USING btree (a WITH =)',
	'CREATE TABLE fresh (a bigint, EXCLUDE USING btree (a WITH =), UNIQUE (a), CHECK (a > 1))',
	'CREATE DOMAIN positive AS bigint CHECK (VALUE > 0)', 'CREATE DOMAIN positive AS bigint',
	'ALTER DOMAIN strict ADD CHECK (VALUE > 1)', 'ALTER DOMAIN plain ADD CHECK (VALUE > 1)', 'ALTER DOMAIN strict ADD CHECK (VALUE > 1) NOT VALID',
	'CREATE DOMAIN positive AS bigint CHECK (VALUE > 0); ALTER DOMAIN positive ADD CHECK (VALUE > 1)',
	'ALTER DOMAIN strict DROP NOT NULL'
	]) AS script;

--
-- Types
--
SELECT script, sl.said(script) FROM unnest(ARRAY[
	'CREATE TABLE f (a char(3))', 'CREATE TABLE f (a "char")', 'CREATE TABLE f (a char(3)[])',
	'CREATE TABLE f (a int)', 'CREATE TABLE f (a int PRIMARY KEY)', 'CREATE TABLE f (a bigint PRIMARY KEY)', 'CREATE TABLE f (a serial)',
	'CREATE TABLE f (a smallint)', 'CREATE TABLE f (a smallserial)', 'CREATE TABLE f (a bigserial)', 'CREATE TABLE f (a bigint GENERATED ALWAYS AS IDENTITY)',
	'CREATE TABLE f (a varchar(3))', 'CREATE TABLE f (a varchar)', 'CREATE TABLE f (a text)',
	'CREATE TABLE f (a timestamp)', 'CREATE TABLE f (a timestamptz)', 'CREATE TABLE f (a json)', 'CREATE TABLE f (a jsonb)',
	'ALTER TABLE empty ALTER v TYPE char(3)', 'ALTER TABLE empty ADD x json',
	'CREATE TYPE e AS ENUM (''a'')', 'CREATE TYPE e AS (a text)',
	'ALTER TYPE mood ADD VALUE ''glad''', 'ALTER TYPE mood ADD VALUE ''glad'' AFTER ''sad''', 'ALTER TYPE mood RENAME VALUE ''sad'' TO ''low'''
	]) AS script;

--
-- Names
--
\set long 'ääääääääääääääääääääääääääääääääää'
SELECT sl.said('CREATE TABLE f (' || repeat('a', 63) || ' text)'), sl.said('CREATE TABLE f (' || repeat('a', 64) || ' text)'),
	sl.said('CREATE TABLE f ("' || repeat('a', 62) || '""" text)'), sl.said('CREATE TABLE f ("' || repeat('a', 63) || '""" text)'),
	sl.said('SELECT ''' || repeat('a', 64) || ''' -- ' || repeat('a', 64) || E'\n, $$ "' || repeat('a', 64) || '" $$');
SELECT line, statement, message FROM sl.sl_lint_script(E'SELECT 1;\n\nSELECT 1 AS ' || repeat('ab', 40) || ', 2 AS "' || :'long' || '"') WHERE rule = 'identifier-too-long';
CREATE SCHEMA other;
CREATE TABLE other.big (a bigint);
SELECT script, sl.said(script) FROM unnest(ARRAY[
	'ALTER TABLE big ALTER v DROP DEFAULT',
	'SET LOCAL search_path = other, public; ALTER TABLE big ALTER v DROP DEFAULT',
	'SET LOCAL search_path = other, public; ALTER TABLE public.big ALTER v SET NOT NULL',
	'SET LOCAL search_path = other, public; ALTER TABLE big ALTER a SET NOT NULL',
	'SET LOCAL search_path = public, other; ALTER TABLE big ALTER v SET NOT NULL',
	'SELECT pg_catalog.set_config(''search_path'', '''', false); ALTER TABLE big ALTER a SET NOT NULL; ALTER TABLE other.big ALTER a SET NOT NULL',
	'SET LOCAL search_path = other; RESET search_path; ALTER TABLE small ALTER v SET NOT NULL'
	]) AS script;
DROP TABLE other.big;
SELECT script, sl.said(script) FROM unnest(ARRAY[
	'CREATE TABLE f (a bigint, b bigint, a bigint)', 'CREATE TABLE f (a bigint, "A" bigint)', 'CREATE OR REPLACE VIEW w (a, a) AS SELECT 1, 2',
	'UPDATE small SET a = 1, a = 2 WHERE id = 1', 'UPDATE people SET x[1] = 1, x[2] = 2 WHERE id = 1', 'INSERT INTO small (a, b, a) VALUES (1, 2, 3)'
	]) AS script;

--
-- What the application will miss
--
SELECT script, sl.said(script) FROM unnest(ARRAY[
	'ALTER TABLE big DROP v', 'ALTER TABLE small DROP v', 'ALTER TABLE small DROP IF EXISTS nothing', 'CREATE TABLE f (a bigint, b bigint); ALTER TABLE f DROP b',
	'DROP TABLE big', 'DROP TABLE empty', 'DROP TABLE IF EXISTS nothing', 'DROP TABLE nothing', 'CREATE TABLE f (a bigint); DROP TABLE f',
	'DROP TABLE big; CREATE TABLE big (a bigint)', 'DROP TABLE IF EXISTS nothing; CREATE TABLE nothing (a bigint)', 'DROP TABLE big; CREATE TABLE other.big (a bigint)',
	'DROP DATABASE nothing', 'ALTER TABLE big ALTER a DROP NOT NULL', 'CREATE TABLE f (a bigint NOT NULL); ALTER TABLE f ALTER a DROP NOT NULL',
	'DROP VIEW IF EXISTS w CASCADE', 'DROP VIEW IF EXISTS w', 'ALTER TABLE empty DROP CONSTRAINT empty_a CASCADE',
	'ALTER TABLE small RENAME v TO w', 'CREATE TABLE f (a bigint); ALTER TABLE f RENAME a TO b', 'ALTER TABLE small RENAME TO tiny',
	'ALTER INDEX big_v RENAME TO big_w', 'CREATE TABLE f (a bigint); ALTER TABLE f RENAME TO g; ALTER TABLE g ALTER a SET NOT NULL'
	]) AS script;

--
-- Transactions and settings
--
SELECT script, sl.said(script) FROM unnest(ARRAY[
	'BEGIN; CREATE TABLE f (a bigint); COMMIT', E'BEGIN;\nCREATE TABLE f (a bigint);\nCOMMIT;\nCREATE TABLE g (a bigint)', E'CREATE TABLE f (a bigint);\nCOMMIT', 'SAVEPOINT a; SELECT 1',
	'BEGIN; SELECT 1; ROLLBACK', 'BEGIN; SELECT 1',
	E'DO $$\nBEGIN\n  PERFORM 1;\n  COMMIT;\nEND $$', 'CREATE OR REPLACE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$',
	'CREATE OR REPLACE FUNCTION p() RETURNS void LANGUAGE plpgsql AS $$ BEGIN ROLLBACK; END $$',
	'BEGIN; CREATE INDEX CONCURRENTLY i ON big (a); COMMIT', 'DO $$ BEGIN CREATE INDEX CONCURRENTLY i ON big (a); END $$', 'DO $$ BEGIN EXECUTE ''VACUUM big''; END $$',
	'CREATE INDEX CONCURRENTLY i ON big (a); CREATE INDEX CONCURRENTLY j ON big (b)', E'CREATE TABLE f (a bigint);\nCREATE INDEX CONCURRENTLY i ON big (a)', 'SET lock_timeout = ''2s''; CREATE INDEX CONCURRENTLY i ON big (a)',
	'SET work_mem = ''1GB''', 'SET LOCAL work_mem = ''1GB''', 'RESET work_mem', 'SET LOCAL lock_timeout = ''2s''; CREATE INDEX CONCURRENTLY i ON big (a)',
	'DISCARD ALL', 'LISTEN x', 'SELECT pg_advisory_lock(1)', 'SELECT pg_advisory_xact_lock(1)'
	]) AS script;
-- a value of an enum, and what only looks like one
SELECT script, sl.said(script) FROM unnest(ARRAY[
	'ALTER TYPE mood ADD VALUE ''glad'' AFTER ''sad''; INSERT INTO people (id, mood) VALUES (1, ''glad'')',
	'ALTER TYPE mood ADD VALUE ''glad'' AFTER ''sad''; INSERT INTO people (id, mood) VALUES (1, ''sad'')',
	'ALTER TYPE mood ADD VALUE ''glad'' AFTER ''sad''; SELECT ''glad''::mood',
	'ALTER TYPE mood ADD VALUE ''glad'' AFTER ''sad''; SELECT ''glad''',
	'ALTER TYPE mood ADD VALUE ''glad'' AFTER ''sad''; UPDATE small SET t = ''glad'' WHERE id = 1',
	'ALTER TYPE mood ADD VALUE ''glad'' AFTER ''sad''; ALTER TABLE people ALTER mood SET DEFAULT ''glad''',
	'ALTER TYPE mood ADD VALUE ''glad'' AFTER ''sad''; CREATE TABLE f (m mood DEFAULT ''glad'')',
	'ALTER TYPE mood ADD VALUE ''glad'' AFTER ''sad''; CREATE TABLE f (m text DEFAULT ''glad'')',
	'ALTER TYPE mood ADD VALUE ''glad'' AFTER ''sad''; CREATE OR REPLACE VIEW w AS SELECT * FROM people WHERE mood = ''glad''',
	'ALTER TYPE mood ADD VALUE ''glad'' AFTER ''sad''; CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE sql AS $$ UPDATE people SET mood = ''glad'' WHERE id = 1 $$',
	'ALTER TYPE mood ADD VALUE ''glad'' AFTER ''sad''; UPDATE people SET mood = ''glad'' WHERE id = 1; VACUUM people',
	'INSERT INTO people (id, mood) VALUES (1, ''glad'')'
	]) AS script;

--
-- Rows
--
SELECT script, sl.said(script) FROM unnest(ARRAY[
	'CREATE TABLE f (a bigint); INSERT INTO f VALUES (1)', 'CREATE TABLE f (a bigint); UPDATE big SET a = 1 WHERE id = 1', 'CREATE TABLE f (a bigint); DELETE FROM small WHERE id = 1',
	'UPDATE big SET a = 1 WHERE id = 1', E'ALTER TABLE people ADD x bigint;\nCOPY people (id) FROM stdin;\n1\n\\.\n',
	'UPDATE big SET a = 1', 'UPDATE small SET a = 1', 'DELETE FROM big', 'CREATE TABLE f (a bigint); UPDATE f SET a = 1',
	'TRUNCATE big CASCADE', 'TRUNCATE small', 'CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE sql BEGIN ATOMIC DELETE FROM big; END',
	'CREATE OR REPLACE PROCEDURE f() LANGUAGE plpgsql AS $$ BEGIN TRUNCATE big CASCADE; END $$', '', '-- nothing', ';;'
	]) AS script;

--
-- The second time, and the first
--
SELECT script, (SELECT string_agg(severity || ' ' || rule, ', ' ORDER BY rule) FROM sl.sl_lint_script(script) WHERE rule IN ('not-idempotent', 'already-there'))
  FROM unnest(ARRAY[
	'CREATE TABLE f (a bigint)', 'CREATE TABLE IF NOT EXISTS f (a bigint)', 'CREATE TABLE big (a bigint)', 'CREATE TABLE IF NOT EXISTS big (a bigint)', 'CREATE TABLE other.big (a bigint)',
	'CREATE TEMP TABLE big (a bigint)', 'DROP TABLE IF EXISTS big; CREATE TABLE big (a bigint)', 'ALTER TABLE big RENAME TO old; CREATE TABLE big (a bigint)', 'CREATE TABLE f (a bigint); CREATE TABLE f (a bigint)',
	'CREATE TYPE mood AS ENUM (''a'')', 'CREATE TYPE other.mood AS ENUM (''a'')', 'DROP TYPE IF EXISTS mood; CREATE TYPE mood AS ENUM (''a'')', 'CREATE DOMAIN plain AS text',
	'CREATE INDEX big_v ON small (v)', 'CREATE INDEX i ON small (v)', 'CREATE INDEX ON small (v)', 'CREATE INDEX IF NOT EXISTS big_v ON big (v)',
	'ALTER TABLE big ADD v text', 'ALTER TABLE big ADD IF NOT EXISTS v text', 'ALTER TABLE big ADD x text', 'ALTER TABLE big DROP v, ADD v text', 'ALTER TABLE big ALTER v SET DEFAULT 1',
	'CREATE VIEW big_view AS SELECT 1', 'CREATE OR REPLACE VIEW w AS SELECT 1', 'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS ''SELECT 1''', 'CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS ''SELECT 1''',
	'CREATE SCHEMA s', 'CREATE SCHEMA IF NOT EXISTS s', 'CREATE SCHEMA s CREATE TABLE big (a bigint)', 'DROP TABLE big', 'ALTER TABLE big RENAME v TO w',
	'DO $$ BEGIN IF to_regclass(''f'') IS NULL THEN CREATE TABLE f (a bigint); END IF; END $$', 'DO $$ BEGIN CREATE TABLE big (a bigint); EXCEPTION WHEN duplicate_table THEN NULL; END $$'
	]) AS script;

--
-- Bodies
--
\pset format aligned
SELECT statement, line, severity, rule, message FROM sl.sl_lint_script($script$
SELECT 1; DO LANGUAGE plpgsql
$do$
DECLARE
	n int := 1;
	c CURSOR FOR DELETE FROM big;
BEGIN
	<<here>>
	FOR r IN SELECT * FROM big LOOP
		IF n > CASE WHEN true THEN 1 ELSE 2 END THEN
			ALTER TABLE big ALTER v SET NOT NULL;
		ELSIF n = 2 THEN
			SELECT id INTO STRICT n FROM big WHERE id = 1;
		ELSE
			DELETE FROM big;
		END IF;
		CASE n WHEN 1 THEN CREATE INDEX i ON big (a); ELSE NULL; END CASE;
	END LOOP;
	BEGIN
		UPDATE big SET a = 1 RETURNING a INTO n;
	EXCEPTION WHEN others THEN
		EXECUTE 'DROP TABLE big' USING n;
	END;
	EXECUTE 'DROP TABLE ' || quote_ident('big');
	FOR r IN EXECUTE 'SELECT 1' LOOP NULL; END LOOP;
	n := 2; n = 3; truncate := 1;
	PERFORM pg_advisory_lock(1);
	RAISE NOTICE 'DROP TABLE big; %', n;
	RETURN;
END
$do$;
CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE sql AS '
	DELETE FROM big;
	TRUNCATE big CASCADE;
';
CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE sql AS $$ SELECT 1 + $$;
CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE sql AS $$ SELECT $1 $$;
CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE c AS 'file', 'symbol';
DO LANGUAGE plperl $$ 1 $$;
DO $$ this is no block: 'unterminated $$;
CALL p();
CREATE OR REPLACE FUNCTION d() RETURNS int SECURITY DEFINER LANGUAGE sql AS 'SELECT 1';
CREATE OR REPLACE FUNCTION d() RETURNS int SECURITY DEFINER SET search_path = pg_catalog, pg_temp LANGUAGE sql AS 'SELECT 1';
CREATE OR REPLACE FUNCTION d() RETURNS int SECURITY INVOKER LANGUAGE sql AS 'SELECT 1';
CREATE OR REPLACE FUNCTION d() RETURNS int SECURITY DEFINER LANGUAGE sql RETURN 1;
$script$) WHERE rule <> 'require-statement-timeout';

--
-- Ignored, for the whole script or for the statement below
--
SELECT statement, line, severity, rule FROM sl.sl_lint_script($script$-- sl:ignore not-idempotent it runs once

-- sl:ignore require-concurrent-index-creation nobody works at night
-- which is when this runs
CREATE INDEX i ON big (a);
CREATE INDEX j ON big (a);
-- sl:ignore ban-drop-column
ALTER TABLE big DROP v; -- sl:ignore drop-cascade not a line of its own
-- sl:ignore wide-index all of it
-- sl:ignore no-such-rule whatever
DROP VIEW IF EXISTS w CASCADE;
SELECT '
-- sl:ignore drop-cascade within a literal
';
-- sl:ignore require-statement-timeout at the end, for all
$script$);

--
-- Errors
--
SELECT * FROM sl.sl_lint_script(E'SELECT 1;\nSELEC 2');
SELECT * FROM sl.sl_lint_script('SELECT ''');
SELECT * FROM sl.sl_lint_script(E'SELECT 1;\n\\i file');
SELECT * FROM sl.sl_lint_script(NULL);
SELECT * FROM sl.sl_lint('nothing');

--
-- Deep, long, and in the way
--
SELECT sl.said('SELECT ' || repeat('(', 500) || '1' || repeat(')', 500));
\set VERBOSITY terse
SELECT count(*) FROM sl.sl_lint_script('SELECT 1' || repeat('+1', 200000));
SELECT count(*) FROM sl.sl_lint_script('DO $do$ BEGIN PERFORM 1' || repeat('+1', 200000) || '; END $do$');
WITH RECURSIVE nested (depth, body) AS (
	SELECT 0, 'DROP TABLE big'
	UNION ALL
	SELECT depth + 1, format('DO $b%1$s$ BEGIN %2$s; END $b%1$s$', depth, body) FROM nested WHERE depth < 20)
SELECT depth, sl.said(body) FROM nested WHERE depth IN (1, 3, 20);
SELECT count(*), count(DISTINCT statement) FROM sl.sl_lint_script(
	(SELECT string_agg(format('ALTER TABLE big ADD c%s bigint NOT NULL;', g), E'\n') FROM generate_series(1, 10000) AS g))
 WHERE rule = 'adding-required-field';
\set VERBOSITY terse
SET statement_timeout = '200ms';
SELECT count(*) FROM sl.sl_lint_script((SELECT string_agg(format('ALTER TABLE big ADD c%s bigint NOT NULL;', g), E'\n') FROM generate_series(1, 200000) AS g));
RESET statement_timeout;
\set VERBOSITY default

--
-- Nothing of a user's runs, whatever its name
--
CREATE SCHEMA hostile;
CREATE FUNCTION hostile.boom() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''it ran''; END';
CREATE FUNCTION hostile.now() RETURNS timestamptz LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''it ran''; END';
CREATE FUNCTION hostile.equal(text, text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''it ran''; END';
CREATE FUNCTION hostile.equal(name, name) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''it ran''; END';
CREATE OPERATOR hostile.= (LEFTARG = text, RIGHTARG = text, FUNCTION = hostile.equal);
CREATE OPERATOR hostile.= (LEFTARG = name, RIGHTARG = name, FUNCTION = hostile.equal);
CREATE FUNCTION hostile.trap() RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RAISE EXCEPTION ''it ran''; END';
CREATE TABLE hostile.pg_class (a bigint);
CREATE TABLE hostile."--;'""
x" (a bigint, "b""c" bigint);
CREATE TABLE hostile.checked (a bigint CONSTRAINT c CHECK (hostile.trap()));
CREATE FUNCTION hostile.trap(bigint) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RAISE EXCEPTION ''it ran''; END';
CREATE INDEX ON hostile.checked (hostile.trap(a));
BEGIN;
SET LOCAL search_path = hostile, pg_catalog;
SELECT line, severity, rule, message FROM sl.sl_lint_script($$
ALTER TABLE big ALTER v SET NOT NULL;
ALTER TABLE hostile."--;'""
x" DROP "b""c";
ALTER TABLE hostile.checked VALIDATE CONSTRAINT c;
ALTER TABLE hostile.checked ADD x bigint DEFAULT hostile.boom();
ALTER TABLE public.big ADD x bigint DEFAULT hostile.boom();
SET LOCAL search_path = hostile;
ALTER TABLE public.big ADD y timestamptz DEFAULT now();
SET LOCAL search_path = hostile, pg_catalog;
ALTER TABLE public.big ADD w timestamptz DEFAULT now();
ALTER TABLE public.big ADD z boolean DEFAULT 'a'::text = 'b'::text;
ALTER TABLE pg_class ADD b bigint;
$$) WHERE rule OPERATOR(pg_catalog.<>) ALL ('{not-idempotent,require-statement-timeout,multiple-alter-table}');
-- nor is a lock left
SELECT relation::regclass FROM pg_locks WHERE pid OPERATOR(pg_catalog.=) pg_backend_pid() AND relation OPERATOR(pg_catalog.>=) 16384::oid ORDER BY 1;
ROLLBACK;
-- a schema that the caller may not look into has tables that nobody knows
CREATE SCHEMA secret;
CREATE TABLE secret.few (a bigint);
CREATE ROLE regress_lint_reader;
SELECT sl.sl_grant('regress_lint_reader', 'read');
SET ROLE regress_lint_reader;
SELECT severity, rule FROM sl.sl_lint_script('ALTER TABLE secret.few ALTER a SET NOT NULL') WHERE severity = 'error';
SELECT severity, rule FROM sl.sl_lint_script('ALTER TABLE small ALTER v SET NOT NULL');
RESET ROLE;
DROP SCHEMA hostile CASCADE;

--
-- Registered: the pending ones in their order, each with what those before it will have made
--
SET search_path = public, sl;
CREATE VIEW sl.lint AS SELECT revision, statement, line, severity, rule FROM sl_lint() WHERE rule <> 'not-idempotent';
SELECT * FROM sl.lint;
SELECT sl_register('001', 'CREATE TABLE made (a bigint); INSERT INTO made VALUES (1)');
SELECT sl_register('002', E'ALTER TABLE made ALTER a SET NOT NULL;\nCREATE INDEX made_a ON made (a);\nALTER TABLE made ADD x bigint NOT NULL');
SELECT sl_register('003', E'\nALTER TABLE big ALTER v SET NOT NULL;\nCREATE TABLE made (a bigint)');
SELECT sl_register('004', E'BEGIN;\n-- sl:ignore adding-not-nullable-field at night\nALTER TABLE big ALTER v SET NOT NULL;\nALTER TABLE big ALTER t SET NOT NULL;\nCOMMIT');
SELECT sl_register('005', E'-- sl:ignore require-concurrent-index-creation at night, too\n\nCREATE INDEX i ON big (a); CREATE INDEX j ON big (a)');
SELECT sl_register('r', 'CREATE TABLE made_by_r (a bigint); CREATE OR REPLACE VIEW w AS SELECT 1', kind => 'repeatable');
SELECT sl_register('s', 'CREATE TEMP TABLE x (a bigint); UPDATE small SET a = 1', kind => 'seed');
SELECT * FROM sl.lint;
SELECT revision, line, severity, rule, message, hint FROM sl_lint('r');
SELECT revision, line, severity, rule FROM sl_lint('002');
SELECT sl_assert(checks => '{lint}');
SELECT sl_assert('002', '{lint}');
SELECT sl_assert('001', '{lint}');
-- one that is applied is looked at as it was written, and fails nothing
SELECT sl_stamp('001', true) \gset
CREATE TABLE made (a bigint);
SELECT * FROM sl.lint WHERE revision = '001';
SELECT revision, line, severity, rule FROM sl_lint('001');
SELECT revision, line, severity, rule FROM sl_lint('002') WHERE severity = 'error';
SELECT sl_unregister(u) FROM unnest('{003,004,002,005,r,s}'::text[]) AS u \g /dev/null
SELECT revision FROM sl_revision ORDER BY 1;
SELECT sl_assert(checks => '{lint}');

--
-- In a read-only transaction
--
BEGIN READ ONLY;
SELECT severity, rule FROM sl_lint_script('DROP DATABASE x');
COMMIT;

--
-- Each rule once
--
CREATE FUNCTION pg_temp.rules(OUT rule text, OUT severity text, OUT hint text) RETURNS SETOF record
LANGUAGE c AS 'schema_lifecycle', 'sl_lint_rules';
SELECT rule, severity FROM (SELECT DISTINCT rule, severity FROM pg_temp.rules()) AS r ORDER BY rule COLLATE "C";
SELECT rule FROM pg_temp.rules() WHERE rule !~ '^[a-z]+(-[a-z]+)*$' OR hint IS NULL OR hint !~ '\.$';
\c :maindb
DROP DATABASE sl_regression_lint;
DROP ROLE regress_lint_reader;
