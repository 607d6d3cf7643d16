--
-- Repair runs no script again that could take something away, and none that
-- ran here
--
-- In a database of its own.
--
SET client_min_messages = warning;
SELECT current_database() AS maindb \gset
CREATE DATABASE sl_regression_heal_takers;
\c sl_regression_heal_takers
SET client_min_messages = warning;
CREATE EXTENSION schema_lifecycle;
\pset null <null>
\set plan 'SELECT revision, action, safe, reason FROM sl_repair_plan();'
SELECT sl_register('000', $$CREATE SCHEMA app; CREATE SCHEMA other; CREATE SEQUENCE seq;
CREATE TABLE t01 (a int, b int); CREATE TABLE app.t02 (a int, b int); CREATE TABLE t03 (a int, b int);
CREATE TABLE t04 (a int, b int); CREATE TABLE t05 (a int, b int); CREATE TABLE t08 (a int, b int);
CREATE TABLE t09 (a int); CREATE TABLE t10 (a int, b int); CREATE TABLE t12 (a int, b int);
INSERT INTO t01 VALUES (1, 2); INSERT INTO app.t02 VALUES (1, 2); INSERT INTO t03 VALUES (1, 2); INSERT INTO t04 VALUES (1, 2);
INSERT INTO t05 VALUES (1, 2); INSERT INTO t08 VALUES (1, 2); INSERT INTO t09 VALUES (1); INSERT INTO t10 VALUES (1, 2);
CREATE FUNCTION wipe() RETURNS bigint LANGUAGE sql AS 'WITH d AS (DELETE FROM t05 RETURNING 1) SELECT count(*) FROM d'$$) \gset
SELECT revision FROM sl_apply_pending();
-- each makes a table, so that it can be missed, and does something else
SELECT sl_register(id, format('CREATE TABLE n%s (a int); %s', id, script), parents => '{000}') FROM (VALUES
	('101', 'DROP TABLE t01'),
	('102', $$SELECT set_config('search_path', 'app', true); DROP TABLE t02$$),
	('103', 'WITH d AS (DELETE FROM public.t03 RETURNING a) INSERT INTO public.n103 SELECT a FROM d'),
	('104', 'MERGE INTO public.t04 USING public.n104 ON true WHEN MATCHED THEN DELETE'),
	('105', 'SELECT public.wipe()'),
	('106', 'ALTER SEQUENCE public.seq RESTART'),
	('107', $$SELECT setval('public.seq', 1)$$),
	('108', 'ALTER TABLE public.t08 RENAME TO t08_moved; ALTER TABLE public.t08_moved DROP COLUMN b'),
	('109', 'ALTER TABLE public.t09 INHERIT public.n109; ALTER TABLE public.n109 ADD COLUMN c int; ALTER TABLE public.n109 DROP COLUMN a'),
	('110', 'EXPLAIN ANALYZE DELETE FROM public.t10'),
	('111', 'CREATE TABLE public.n111b AS SELECT public.wipe()'),
	('112', $$COPY public.t12 TO PROGRAM 'cat >/dev/null'$$),
	('113', 'ALTER TABLE public.n113 ADD COLUMN b int; ALTER TABLE public.n113 DROP COLUMN a'),
	('114', $$SELECT count(*), lower('A') FROM public.t05$$)) AS v (id, script) \gset
CALL sl_rehearse('heads');
SELECT count(*) FROM (SELECT sl_stamp(revision, true, 'deploy job') FROM sl_revision WHERE revision > '100') AS s;
-- also where the caller's path is another one than that of a script
SET search_path = other;
SELECT revision, action, safe, reason FROM public.sl_repair_plan() WHERE action = 'replay';
CREATE TEMP TABLE outcome AS SELECT * FROM public.sl_repair();
SELECT revision, outcome FROM outcome WHERE action = 'replay';
RESET search_path;
SELECT (SELECT count(*) FROM t01) AS t01, (SELECT count(*) FROM app.t02) AS t02, (SELECT count(*) FROM t03) AS t03, (SELECT count(*) FROM t04) AS t04,
	(SELECT count(*) FROM t05) AS t05, (SELECT sum(b) FROM t08) AS t08, (SELECT sum(a) FROM t09) AS t09, (SELECT count(*) FROM t10) AS t10;

--
-- What ran here is not run again for the sake of what did not
--
\c :maindb
DROP DATABASE sl_regression_heal_takers;
CREATE DATABASE sl_regression_heal_takers;
\c sl_regression_heal_takers
SET client_min_messages = warning;
CREATE EXTENSION schema_lifecycle;
SELECT sl_register('r0', 'CREATE TABLE acc (bal int); INSERT INTO acc VALUES (100)') \gset
SELECT revision FROM sl_apply_pending();
SELECT sl_register('r1', 'CREATE TABLE t (x int, y int)') \gset
CALL sl_rehearse();
SELECT count(*) FROM sl_stamp('r1', true, 'deploy job');
CREATE TABLE t (x int, y int);
SELECT sl_register('r2', 'ALTER TABLE t DROP COLUMN y; UPDATE acc SET bal = bal * 2') \gset
CALL sl_migrate();
DROP TABLE t;
:plan
SELECT revision, action, outcome FROM sl_repair();
TABLE acc;
\d t

\c :maindb
DROP DATABASE sl_regression_heal_takers;
