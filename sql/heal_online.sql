--
-- CALL sl_repair_online: indexes CONCURRENTLY, constraints NOT VALID first,
-- each step by itself.
--
CREATE DATABASE sl_regression_heal_online;
\set maindb :DBNAME
\c sl_regression_heal_online
SET client_min_messages = warning;
CREATE SCHEMA sl;
CREATE EXTENSION schema_lifecycle SCHEMA sl;
SET search_path = public, sl;
\pset null -
SELECT sl_register('1', $$
	CREATE TABLE a (id int PRIMARY KEY, name text NOT NULL);
	CREATE TABLE b (id int PRIMARY KEY, a int NOT NULL, n int,
		CONSTRAINT b_n CHECK (n > 0),
		CONSTRAINT b_a FOREIGN KEY (a) REFERENCES a);
	CREATE INDEX b_n_idx ON b (n) WHERE n > 10;
	CREATE UNIQUE INDEX a_name ON a (lower(name));
	CREATE VIEW v AS SELECT a.name, b.n FROM a JOIN b ON b.a = a.id$$) \gset
CALL sl_migrate();
INSERT INTO a SELECT i, 'n' || i FROM generate_series(1, 100) i;
INSERT INTO b SELECT i, i, i FROM generate_series(1, 100) i;
SELECT sl_fingerprint() AS wanted \gset

-- indexes, constraints, a view, NOT NULL, an index that is not valid
DROP INDEX b_n_idx;
ALTER TABLE b DROP CONSTRAINT b_n, DROP CONSTRAINT b_a;
ALTER TABLE a ALTER COLUMN name DROP NOT NULL;
DROP VIEW v;
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'a_name'::regclass;
SELECT action, class, identity, safe FROM (
	SELECT action, split_part(statement, ' ', 1) AS class, statement AS identity, safe FROM sl_repair_plan()) p
 ORDER BY identity COLLATE "C";
CALL sl_repair_online();
SELECT sl_fingerprint() = :'wanted' AS as_it_was, sl_verify();
SELECT indexrelid::regclass, indisvalid FROM pg_index WHERE indexrelid IN ('b_n_idx'::regclass, 'a_name'::regclass) ORDER BY indexrelid::regclass::text;
SELECT conname, convalidated FROM pg_constraint WHERE conrelid = 'b'::regclass AND contype <> 'n' ORDER BY 1;
SELECT action, revision, outcome FROM sl_history ORDER BY id;

-- rows in the way: that step is passed over, the others are done
DROP INDEX b_n_idx;
ALTER TABLE b DROP CONSTRAINT b_n;
INSERT INTO b VALUES (101, 1, -1);
CALL sl_repair_online();
\set VERBOSITY terse
SELECT indexrelid::regclass, indisvalid FROM pg_index WHERE indexrelid = 'b_n_idx'::regclass;
SELECT conname, convalidated FROM pg_constraint WHERE conrelid = 'b'::regclass AND contype <> 'n' ORDER BY 1;
DELETE FROM b WHERE id = 101;
CALL sl_repair_online();
SELECT sl_fingerprint() = :'wanted' AS as_it_was, sl_verify();

-- twice the same name in the way of a unique index: it stays away
DROP INDEX a_name;
INSERT INTO a VALUES (101, 'N1');
CALL sl_repair_online();
SELECT to_regclass('a_name');
SELECT count(*) FROM pg_index WHERE NOT indisvalid;
DELETE FROM a WHERE id = 101;
CALL sl_repair_online();
SELECT sl_fingerprint() = :'wanted' AS as_it_was, sl_verify();
-- nor does what was to take the place of a key's index
CREATE UNIQUE INDEX a_pkey_ccnew ON a (id, name);
UPDATE pg_index SET indisvalid = false, indisready = false WHERE indexrelid = 'a_pkey'::regclass;
\c
SET search_path = public, sl;
SET client_min_messages = warning;
\pset null -
ALTER TABLE b DROP CONSTRAINT b_a;
INSERT INTO a VALUES (1, 'n1 again');
CALL sl_repair_online();
SELECT indexrelid::regclass, indisvalid FROM pg_index WHERE indrelid = 'a'::regclass ORDER BY indexrelid::regclass::text COLLATE "C";
DELETE FROM a WHERE name = 'n1 again';
CALL sl_repair_online();
DROP INDEX a_pkey_ccnew;
SELECT sl_fingerprint() = :'wanted' AS as_it_was, sl_verify();
-- nothing to do
CALL sl_repair_online();
BEGIN;
CALL sl_repair_online();
ROLLBACK;
\set VERBOSITY default

-- the session's settings do not change what a statement means
SELECT sl_register('2', $$
	CREATE TABLE c (x int, y text);
	ALTER TABLE c ADD CONSTRAINT c_y CHECK (y <> E'\\');
	CREATE VIEW w AS SELECT x AS z, E'\\' AS back FROM b, (SELECT 1 AS x) AS one$$) \gset
CALL sl_migrate();
SELECT sl_fingerprint() AS wanted \gset
ALTER TABLE c DROP CONSTRAINT c_y;
SET standard_conforming_strings = off;
SET escape_string_warning = off;
CALL sl_repair_online();
RESET standard_conforming_strings;
RESET escape_string_warning;
SELECT sl_fingerprint() = :'wanted' AS as_it_was, sl_verify();

-- requirements: indexes CONCURRENTLY, too, in a session of its own, and once
CREATE TABLE d (k int, v text);
INSERT INTO d VALUES (1, 'x');
CREATE SCHEMA other;
CREATE FUNCTION other.part(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT pg_catalog.left($1, 2)';
SET search_path = public, other, sl;
SELECT count(sl_require(name, requirement)) FROM (VALUES
	('1 index before its column', 'index b (m)'),
	('2 column', 'b.m int'),
	('3 named', 'index c_some on c using hash (y) where x > 0'),
	('4 expression', 'index a (part(name), id)'),
	('5 unique', 'unique index b (a)'),
	('6 named, unique', 'unique index b_one on b (a) include (n)'),
	('7 check', 'check c more (x > 1)'),
	('7 check of b', 'check b small (n < 1000)'),
	('7 foreign key', 'foreign key b other (id) references a'),
	('7 key', 'unique b (n, a)'),
	('7 named key', 'unique c c_key (x) include (y)'),
	('7 primary key', 'primary key d (k)')) AS r (name, requirement);
SET search_path = public, sl;
CREATE TABLE sl.built (query text);
CREATE FUNCTION sl.note() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN
	INSERT INTO sl.built (query) VALUES (current_query());
END$$;
CREATE EVENT TRIGGER note ON ddl_command_start WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION sl.note();
INSERT INTO b VALUES (101, 1, 1), (102, 1, 1001);
CALL sl_repair_online();
SELECT count(*), count(query) AS in_this_session FROM sl.built;
SELECT name, value FROM jsonb_each(sl_status() -> 'schema') AS s (name, value) ORDER BY 1;
SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE indrelid IN ('a'::regclass, 'b'::regclass, 'c'::regclass, 'd'::regclass) ORDER BY 1;
-- the rows are out of the way; one that was left half built is built again
SELECT conrelid::regclass, conname, convalidated FROM pg_constraint WHERE conrelid IN ('b'::regclass, 'c'::regclass, 'd'::regclass) AND contype <> 'n' ORDER BY conname;
DELETE FROM b WHERE id > 100;
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'b_m_idx'::regclass;
SELECT statement, safe, reason FROM sl_repair_plan();
CALL sl_repair_online();
SELECT name, value FROM jsonb_each(sl_status() -> 'schema') AS s (name, value) WHERE value <> 'true';
SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE indrelid IN ('a'::regclass, 'b'::regclass, 'c'::regclass, 'd'::regclass) ORDER BY 1;
SELECT conrelid::regclass, conname, convalidated FROM pg_constraint WHERE conrelid IN ('b'::regclass, 'c'::regclass, 'd'::regclass) AND contype <> 'n' ORDER BY conname;
-- in a transaction, too
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'b_m_idx'::regclass;
SELECT statement, outcome FROM sl_repair();
-- an index of a partitioned table is built in a transaction
CREATE TABLE parted (a int) PARTITION BY RANGE (a);
SELECT sl_require('8 parted', 'index parted (a)');
TRUNCATE sl.built;
CALL sl_repair_online();
SELECT query FROM sl.built;
-- with no more rights than who wrote it down
CREATE ROLE regress_heal_online;
SELECT sl_grant('regress_heal_online', 'deploy');
SET ROLE regress_heal_online;
SELECT sl.sl_require('9 poor', 'index c (y)');
RESET ROLE;
SET client_min_messages = notice;
CALL sl_repair_online();
SET client_min_messages = warning;
SELECT sl_unrequire('9 poor');
DROP OWNED BY regress_heal_online;
DROP ROLE regress_heal_online;
DROP EVENT TRIGGER note;

-- what does not end as it should is said, and stays
CREATE FUNCTION sl.change() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN
	ALTER TABLE public.c ALTER COLUMN y TYPE varchar(9);
END$$;
CREATE EVENT TRIGGER change ON ddl_command_end WHEN TAG IN ('CREATE VIEW') EXECUTE FUNCTION sl.change();
DROP VIEW v;
SELECT count(*) FROM sl_repair();
CALL sl_repair_online();
SELECT to_regclass('v'), format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'c'::regclass AND attname = 'y';
\c :maindb
DROP DATABASE sl_regression_heal_online;
