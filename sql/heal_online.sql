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
-- nothing to do
CALL sl_repair_online();
BEGIN;
CALL sl_repair_online();
ROLLBACK;
\c :maindb
DROP DATABASE sl_regression_heal_online;
