--
-- Repair of requirements: what the doctor of the application wanted
--
-- In a database of its own.
--
SET client_min_messages = warning;
SELECT current_database() AS maindb \gset
CREATE DATABASE sl_regression_heal_require;
\c sl_regression_heal_require
SET client_min_messages = warning;
CREATE EXTENSION schema_lifecycle;
\pset null <null>
CREATE TYPE mood AS ENUM ('a', 'c');
CREATE TABLE conversions (id int PRIMARY KEY, w int);
CREATE TABLE proposals (id int);
INSERT INTO conversions VALUES (1, NULL), (2, 5);
SELECT count(sl_require(name, requirement)) FROM (VALUES
	('visitor', 'proposals.visitor_session_id varchar(64)'),
	('expires', 'proposals.expires_at timestamp'),
	('user', 'conversions.user_id integer'),
	('user given', 'conversions.user2 integer not null'),
	('w given', 'not null conversions.w'),
	('w column given', 'conversions.w integer not null'),
	('w is text', 'conversions.w text'),
	('index', 'index conversions(user_id)'),
	('unique', 'unique index conversions(id, w)'),
	('owner', 'check conversions has_owner (user_id is not null)'),
	('positive', 'check conversions positive (id > 0)'),
	('mood', $$enum mood ('a', 'b', 'c')$$),
	('new enum', $$enum fresh ('x')$$),
	('table', 'table absent'),
	('column of none', 'absent.a int'),
	('unique key', 'unique conversions (w)'),
	('foreign key', 'foreign key proposals (id) references conversions'),
	('status', $$proposals.status text not null default 'new'$$),
	('row security', 'row security proposals'),
	('schema', 'schema app'),
	('sequence', 'sequence app.s'),
	('nullable', 'nullable conversions.id'),
	('trigger', 'trigger tr on proposals')) AS r (name, requirement);
SELECT action, statement, safe, reason FROM sl_repair_plan();
SELECT ordinal, action, statement, outcome FROM sl_repair();
SELECT key FROM jsonb_each(sl_status()->'schema') WHERE value = 'false';
UPDATE conversions SET w = 1, user_id = 1 WHERE w IS NULL;
UPDATE conversions SET user_id = 2;
SELECT statement, outcome FROM sl_repair() WHERE outcome = 'done';
-- a column that is there gets what it lacks; what is another one stays, and
-- does not end the repair of others
CREATE TABLE late (status text, "not_null" int NOT NULL, n int DEFAULT 1 NOT NULL, m int);
INSERT INTO late VALUES ('x', 1, 1, 1);
SELECT count(sl_require(name, requirement)) FROM (VALUES
	('late 1', $$late.status text not null default 'a' || 'b' collate "default"$$),
	('late 2', 'late.not_null text not null'),
	('late 3', 'late.n int null default (7 + 1)'),
	('late 4', 'late.m int constraint x default 3'),
	('late 5', 'late.m int not null generated always as identity'),
	('late 6', 'late.m int not null default null')) AS r (name, requirement);
SELECT statement, safe, reason FROM sl_repair_plan() WHERE statement ~ 'late' OR reason ~ 'late';
SELECT statement, outcome FROM sl_repair() WHERE statement ~ 'late' OR outcome ~ 'late';
\d late
-- names mean what they meant when it was written down
CREATE SCHEMA other;
CREATE DOMAIN other.amount AS int;
SET search_path = other, public;
SELECT sl_require('amount', 'public.proposals.amount amount');
RESET search_path;
CREATE DOMAIN public.amount AS text;
SELECT statement, outcome FROM sl_repair() WHERE outcome = 'done';
SELECT format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = 'proposals'::regclass AND attname = 'amount';
-- and it runs with no more rights than who wrote it down
CREATE ROLE regress_heal_require;
SELECT sl_grant('regress_heal_require', 'deploy');
SET ROLE regress_heal_require;
SELECT sl_require('poor', 'conversions.poor int');
RESET ROLE;
SELECT statement, outcome FROM sl_repair() WHERE statement ~ 'poor';
SELECT sl_unrequire('poor');
\c :maindb
DROP DATABASE sl_regression_heal_require;
DROP ROLE regress_heal_require;
