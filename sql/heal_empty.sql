--
-- Repair of a chain that was stamped on an empty database: what a script takes
-- away from a table that is not there is nobody's loss
--
-- In a database of its own.
--
SET client_min_messages = warning;
SELECT current_database() AS maindb \gset
CREATE DATABASE sl_regression_heal_empty;
\c sl_regression_heal_empty
SET client_min_messages = warning;
CREATE EXTENSION schema_lifecycle;
\pset null <null>
\set plan 'SELECT revision, action, safe, reason FROM sl_repair_plan();'
\set repair 'SELECT revision, action, outcome FROM sl_repair();'
SELECT sl_register('000', $$CREATE TABLE old (i int, t varchar(5));
INSERT INTO old VALUES (1, 'abcde');
CREATE TABLE other (i int, t varchar(5));
INSERT INTO other VALUES (2, 'fghij')$$) \gset
SELECT revision FROM sl_apply_pending();
SELECT sl_register('001', 'CREATE TABLE users (id int PRIMARY KEY, email varchar(9), more int)'),
	sl_register('002', $$INSERT INTO users VALUES (1, 'a@b', 2)$$),
	sl_register('003', 'ALTER TABLE users ALTER email TYPE text, DROP COLUMN more'),
	sl_register('004', 'CREATE TABLE public.half (i int); CREATE TABLE kept (i int)'),
	sl_register('005', 'DROP TABLE public.half') \gset
CALL sl_rehearse();
SELECT count(*) FROM sl_stamp('005', true, 'deploy job');
SELECT revision, verdict, class, identity FROM sl_detect_stamp_drift();
:plan
:repair
\d users
TABLE users;
SELECT sl_verify(), sl_status() ->> 'verdict' AS verdict;

--
-- A table that is there is another thing, and so is what would go with it
--
SELECT sl_register('006', 'CREATE TABLE sixth (i int); ALTER TABLE old DROP COLUMN t'),
	sl_register('007', 'CREATE TABLE seventh (t text)'),
	sl_register('008', 'SET LOCAL search_path = public; ALTER TABLE seventh ALTER t TYPE varchar'),
	sl_register('009', 'CREATE TABLE ninth (t text)'),
	sl_register('010', 'ALTER TABLE ninth DROP COLUMN t CASCADE') \gset
CALL sl_rehearse();
SELECT count(*) FROM sl_stamp('010', true, 'deploy job');
:plan
:repair
\d ninth
TABLE old;

--
-- However many cannot be run again, what has nothing to do with them is
--
SELECT count(sl_register('2' || to_char(i, 'FM00') || x, CASE x WHEN 'a' THEN format('CREATE TABLE m%s (a int, b int)', i)
	ELSE format('ALTER TABLE m%s DROP COLUMN b CASCADE', i) END)) FROM (SELECT i, x FROM generate_series(1, 12) AS i, unnest('{a,b}'::text[]) AS x ORDER BY i, x) AS o;
SELECT sl_register('300', 'CREATE TABLE seeds (i int); INSERT INTO seeds VALUES (1), (2)') \gset
CALL sl_rehearse();
SELECT count(*) FROM sl_stamp('300', true, 'deploy job');
SELECT action, outcome, count(*) FROM sl_repair() WHERE revision > '1' GROUP BY 1, 2 ORDER BY 1, 2;
TABLE seeds;

--
-- What hangs on a new table may be old
--
SELECT sl_register('011', 'CREATE TABLE root (i int, t varchar(5)) PARTITION BY LIST (i);
ALTER TABLE root ATTACH PARTITION other DEFAULT'),
	sl_register('012', 'ALTER TABLE root ALTER t TYPE varchar(3) USING left(t, 3)') \gset
CALL sl_rehearse();
SELECT count(*) FROM sl_stamp('012', true, 'deploy job');
:plan
:repair
TABLE other;

\c :maindb
DROP DATABASE sl_regression_heal_empty;
