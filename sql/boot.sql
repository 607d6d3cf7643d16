--
-- CALL sl_boot: a database in any state, and what a person has to decide
--
CREATE DATABASE sl_regression_boot;
\set maindb :DBNAME
\c sl_regression_boot
SET client_min_messages = warning;
CREATE SCHEMA sl;
CREATE EXTENSION schema_lifecycle SCHEMA sl;
SET search_path = public, sl;
SELECT sl_configure('managed_schemas', 'public') \gset
\set VERBOSITY terse
\pset null -

CREATE PROCEDURE sl.fresh()
LANGUAGE plpgsql AS $$
BEGIN
	DROP SCHEMA public CASCADE;
	CREATE SCHEMA public;
	DROP EXTENSION schema_lifecycle;
	CREATE EXTENSION schema_lifecycle SCHEMA sl;
	PERFORM sl.sl_configure('managed_schemas', 'public');
	PERFORM sl.sl_register('1', 'CREATE TYPE mood AS ENUM (''sad'', ''ok'', ''happy'');
		CREATE TABLE a (id int PRIMARY KEY, m mood NOT NULL DEFAULT ''ok'', name text NOT NULL)', parents => '{}');
	PERFORM sl.sl_register('2', 'ALTER TABLE a ADD COLUMN note varchar(40) NOT NULL DEFAULT ''''; CREATE INDEX a_note ON a (note)');
	PERFORM sl.sl_register('3', 'CREATE TABLE b (id int PRIMARY KEY, a int NOT NULL REFERENCES a)');
	PERFORM sl.sl_register('4', 'INSERT INTO a VALUES (1, ''sad'', ''one'')');
	PERFORM sl.sl_register('5', 'ALTER TABLE b ADD COLUMN at timestamptz');
END $$;
CREATE FUNCTION sl.story(OUT verdict text, OUT history text)
LANGUAGE plpgsql AS $$
BEGIN
	verdict := sl.sl_status()->>'verdict';
	SELECT string_agg(action || ' ' || revision || ' ' || outcome, ', ' ORDER BY id)
	  INTO history FROM sl.sl_history_rows();
END $$;

-- a fresh one; once is once
CALL sl.fresh();
CALL sl_boot('3');
CALL sl_boot('3');
CALL sl_boot();
SELECT * FROM sl.story();
SELECT sl_fingerprint() AS wanted \gset
-- an enum short of a label, a table short of a column, a default that wants the label
CALL sl.fresh();
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE a (id int PRIMARY KEY, m mood NOT NULL DEFAULT 'sad');
CALL sl_boot();
SELECT * FROM sl.story();
SELECT sl_fingerprint() = :'wanted' AS as_a_fresh_one;
-- another type: not by itself, and nothing is recorded
CALL sl.fresh();
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE a (id bigint PRIMARY KEY, m mood NOT NULL DEFAULT 'ok', name text);
CALL sl_boot();
SELECT * FROM sl.story();
-- rows in the way are counted; boot_repair off completes nothing
CALL sl.fresh();
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE a (id int PRIMARY KEY, m mood NOT NULL DEFAULT 'ok', name text);
INSERT INTO a VALUES (2, 'ok', NULL);
\set VERBOSITY default
CALL sl_boot();
\set VERBOSITY terse
SELECT * FROM sl.story();
UPDATE a SET name = 'two';
CALL sl_boot(options => '{"boot_repair": "off"}');
CALL sl_boot();
SELECT * FROM sl.story();
-- data whose successors are there: a person has to say
CALL sl.fresh();
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE a (id int PRIMARY KEY, m mood NOT NULL DEFAULT 'ok', name text NOT NULL, note varchar(40) NOT NULL DEFAULT '');
CREATE INDEX a_note ON a (note);
CREATE TABLE b (id int PRIMARY KEY, a int NOT NULL REFERENCES a, at timestamptz);
CREATE TABLE mine (id int);
\set VERBOSITY default
CALL sl_boot();
\set VERBOSITY terse
SELECT * FROM sl.story();
CALL sl_migrate('4');
CALL sl_boot();
SELECT * FROM sl.story();
-- recorded and never run: by a stamp
CALL sl.fresh();
CALL sl_migrate('2');
SELECT stamped, outcome FROM sl_stamp('3', true, 'a deploy job') \gset
CALL sl_boot();
SELECT * FROM sl.story();
SELECT sl_fingerprint() = :'wanted' AS as_a_fresh_one;
-- once here, and gone
DROP TABLE b;
CALL sl_boot();
SELECT count(*) > 0 AS repaired FROM sl_repair();
CALL sl_boot();
SELECT verdict FROM sl.story();
-- the chain is broken: what the application asks for is there all the same
SELECT sl_require('owner', 'a.owner int') \gset
SELECT sl_register('6', 'SELECT', parents => '{7}') \gset
SELECT sl_register('7', 'SELECT', parents => '{6}') \gset
CALL sl_boot();
SELECT s.key, s.value FROM jsonb_each(sl_status()->'schema') AS s;
SELECT sl_unregister('6'), sl_unregister('7') \gset
ALTER TABLE a DROP COLUMN owner;
SELECT sl_register('6', 'SELECT 1/0') \gset
CALL sl_boot();
SELECT s.key, s.value FROM jsonb_each(sl_status()->'schema') AS s;
SELECT verdict FROM sl.story();
-- what cannot be
CALL sl_boot('nope');
CALL sl_boot('', '{"nope": 1}');
BEGIN;
CALL sl_boot();
ROLLBACK;
\c :maindb
DROP DATABASE sl_regression_boot;
