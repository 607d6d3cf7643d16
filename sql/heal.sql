--
-- Repair: what it says, what it does and what it leaves alone
--
-- In a database of its own.
--
SET client_min_messages = warning;
SELECT current_database() AS maindb \gset
CREATE DATABASE sl_regression_heal;
\c sl_regression_heal
SET client_min_messages = warning;
CREATE EXTENSION schema_lifecycle;
\pset null <null>
-- NOTICE lines carry times
\set plan 'SELECT ordinal, revision, action, statement, safe, reason FROM sl_repair_plan();'
\set repair 'SELECT ordinal, revision, action, statement, outcome FROM sl_repair();'

-- nothing registered, nothing to do
:plan
:repair

SELECT outcome FROM sl_load('{1.sql,2.sql}', ARRAY[$$
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE users (id serial PRIMARY KEY, zeta text, email text NOT NULL,
	m mood DEFAULT 'ok', CONSTRAINT users_email UNIQUE (email));
COMMENT ON TABLE users IS 'it''s';
$$, $$
CREATE TABLE orders (id int PRIMARY KEY, user_id int NOT NULL REFERENCES users,
	CONSTRAINT positive CHECK (id > 0));
CREATE INDEX orders_user ON orders (user_id);
CREATE VIEW totals AS SELECT u.id, u.email, count(*) AS n
	FROM users u JOIN orders o ON o.user_id = u.id GROUP BY u.id;
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a';
$$]);
SELECT revision, outcome FROM sl_apply_pending();
SELECT sl_fingerprint() AS fresh \gset
SELECT count(*) FROM sl_repair_plan();
SELECT count(*) FROM sl_repair();

--
-- What was lost is made again, in the order in which it can be, and without
-- its rows; columns as their scripts have them
--
INSERT INTO users (email) VALUES ('a'), ('b');
DROP TABLE users CASCADE;
DROP TYPE mood;
:plan
:repair
SELECT sl_fingerprint() = :'fresh', sl_verify();
SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute
 WHERE attrelid = 'users'::regclass AND attnum > 0;
-- the second time there is nothing to do
:repair
SELECT action, revision, outcome, statements, evidence, reason FROM sl_history;

--
-- Rows in the way are counted, and one is named by its key; what was done
-- stays, what was not is skipped
--
INSERT INTO users (email) VALUES ('a'), ('b'), ('c');
ALTER TABLE users ALTER email DROP NOT NULL, DROP CONSTRAINT users_email;
ALTER TABLE orders DROP CONSTRAINT positive, DROP CONSTRAINT orders_user_id_fkey;
DROP INDEX orders_user;
INSERT INTO users (email) VALUES (NULL), (NULL), ('a'), ('b');
INSERT INTO orders VALUES (1, 1), (-5, 99), (-6, 99);
:repair
-- nothing is worse than before, and the rest is still found
SELECT class, identity, problem, attribute FROM sl_detect_drift();
UPDATE users SET email = id::text;
DELETE FROM orders WHERE id < 0;
:repair
SELECT sl_fingerprint() = :'fresh', sl_verify();

-- a column: one that existed here is made again without its values; NOT NULL
-- by itself
ALTER TABLE users DROP COLUMN email CASCADE;
:plan
:repair
UPDATE users SET email = id::text;
:repair
SELECT sl_fingerprint() = :'fresh';

-- a sequence that is made again begins behind the rows
DROP SEQUENCE users_id_seq CASCADE;
SELECT outcome FROM sl_repair();
INSERT INTO users (email) VALUES ('next') RETURNING id > 4 AS behind;
SELECT sl_fingerprint() = :'fresh';

--
-- Not safe: listed with the reason, never run
--
ALTER TABLE users ALTER zeta TYPE varchar(10);
ALTER TYPE mood ADD VALUE 'furious';
:plan
:repair
SELECT class, identity, attribute, expected, actual FROM sl_detect_drift();
-- and by hand
ALTER TABLE users ALTER zeta TYPE text;
SELECT sl_accept('enum', 'public.mood', 'labels', 'on its way');
-- accepted: no part of the plan
:plan

--
-- What holds no rows is made again in the place of what is there
--
DROP VIEW totals;
CREATE VIEW totals AS SELECT 1 AS id;
CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a + 1';
DROP INDEX orders_user;
CREATE INDEX orders_user ON orders (user_id DESC);
COMMENT ON TABLE users IS 'another';
:repair
SELECT sl_verify();
-- but not if others need it
DROP VIEW totals;
CREATE VIEW totals AS SELECT 1 AS other;
CREATE VIEW needs AS SELECT * FROM totals;
:repair
DROP VIEW needs;
:repair
-- an index that a failed build left
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'orders_user'::regclass;
:repair
SELECT sl_verify();
-- unexpected things are left alone
CREATE TABLE extra (a int);
:plan
DROP TABLE extra;

--
-- The transaction is the caller's
--
DROP INDEX orders_user;
BEGIN;
SELECT outcome FROM sl_repair();
ROLLBACK;
SELECT class, identity, problem FROM sl_detect_drift();
BEGIN TRANSACTION READ ONLY;
SELECT count(*) FROM sl_repair_plan();
SELECT * FROM sl_repair();
ROLLBACK;
SELECT outcome FROM sl_repair('{"nonsense": true}');
SELECT outcome FROM sl_repair('{"replay": false}');

--
-- An error that says nothing of the schema ends it, and nothing was done
--
CREATE ROLE regress_heal_poor;
SELECT sl_grant('regress_heal_poor', 'deploy');
DROP INDEX orders_user;
DROP FUNCTION f;
SET ROLE regress_heal_poor;
\set VERBOSITY terse
SELECT outcome FROM sl_repair();
RESET ROLE;
SELECT class, identity, problem FROM sl_detect_drift();
SELECT outcome FROM sl_repair();
SELECT sl_verify();
\c :maindb
DROP DATABASE sl_regression_heal;
DROP ROLE regress_heal_poor;
