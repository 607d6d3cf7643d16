--
-- Stamp drift: revisions that are recorded as applied, and the facts
--
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS schema_lifecycle;
CREATE SCHEMA sl;
CREATE EXTENSION schema_lifecycle SCHEMA sl;
SET search_path = public, sl;
\pset format unaligned
\pset tuples_only on

-- S2: stamped from 016 to 018, never run; the footprints are known because
-- both ran here once
CREATE SCHEMA app;
SELECT sl_register('016_users', 'CREATE TABLE app.users (id int PRIMARY KEY, name text)');
SELECT sl_register('017_sessions', $$
	CREATE TABLE app.sessions (id bigint PRIMARY KEY, user_id int REFERENCES app.users, seen timestamptz);
	CREATE INDEX sessions_user ON app.sessions (user_id)$$, 'DROP TABLE app.sessions');
SELECT sl_register('018_notifications', $$
	CREATE TABLE app.notifications (id bigint PRIMARY KEY, body text NOT NULL);
	ALTER TABLE app.users ADD COLUMN notify boolean DEFAULT true NOT NULL$$,
	'DROP TABLE app.notifications; ALTER TABLE app.users DROP COLUMN notify');
SELECT revision, outcome FROM sl_apply_pending();
SELECT * FROM sl_detect_stamp_drift();
SELECT revision, outcome FROM sl_revert('016_users');
SELECT * FROM sl_detect_stamp_drift();
SELECT class, identity, problem FROM sl_detect_drift() WHERE class <> 'schema';
SELECT * FROM sl_stamp('018_notifications', true, 'deploy job');
SELECT * FROM sl_detect_stamp_drift();
SELECT severity, class, identity, problem, revision FROM sl_detect_drift() WHERE class <> 'schema';
-- one of them is made by hand
CREATE TABLE app.sessions (id bigint PRIMARY KEY, user_id int REFERENCES app.users, seen timestamptz);
SELECT * FROM sl_detect_stamp_drift();
CREATE INDEX sessions_user ON app.sessions (user_id);
SELECT revision, verdict, class, identity, problem FROM sl_detect_stamp_drift();
-- a bit of the other, and not as it should be
ALTER TABLE app.users ADD COLUMN notify boolean;
SELECT * FROM sl_detect_stamp_drift();
CREATE TABLE app.notifications (id bigint PRIMARY KEY, body text NOT NULL);
SELECT * FROM sl_detect_stamp_drift();
ALTER TABLE app.users ALTER COLUMN notify SET DEFAULT true, ALTER COLUMN notify SET NOT NULL;
SELECT * FROM sl_detect_stamp_drift();
SELECT class, identity, problem FROM sl_detect_drift() WHERE class <> 'schema';

-- what a revision altered and dropped
SELECT sl_register('019_alter', $$
	ALTER TABLE app.users ALTER COLUMN name SET NOT NULL, ALTER COLUMN name TYPE varchar(40);
	ALTER TABLE app.sessions DROP COLUMN seen;
	DROP INDEX app.sessions_user$$);
SELECT revision, outcome FROM sl_apply_pending();
SELECT * FROM sl_detect_stamp_drift();
BEGIN;
ALTER TABLE app.users ALTER COLUMN name DROP NOT NULL;
SELECT * FROM sl_detect_stamp_drift();
ALTER TABLE app.users ALTER COLUMN name TYPE text;
ALTER TABLE app.sessions ADD COLUMN seen timestamptz;
CREATE INDEX sessions_user ON app.sessions (seen);
SELECT * FROM sl_detect_stamp_drift();
-- of the attributes, each revision is asked about its own; a comment is none
-- that would make a stamp
COMMENT ON COLUMN app.users.name IS 'by hand';
ALTER TABLE app.users ALTER COLUMN name SET DEFAULT 'x';
ALTER TABLE app.users ALTER COLUMN name SET NOT NULL;
SELECT * FROM sl_detect_stamp_drift();
SELECT severity, class, identity, problem, attribute, expected, actual, revision FROM sl_detect_drift() WHERE class <> 'schema';
ROLLBACK;
-- what a later revision set again is no longer asked of the earlier one
SELECT sl_register('020_again', 'ALTER TABLE app.users ALTER COLUMN name TYPE varchar(60)');
SELECT revision, outcome FROM sl_apply_pending();
BEGIN;
ALTER TABLE app.users ALTER COLUMN name TYPE text;
SELECT revision, verdict, class, identity, problem, expected, actual FROM sl_detect_stamp_drift();
ROLLBACK;
BEGIN;
DROP TABLE app.users CASCADE;
SELECT revision, verdict, class, identity, problem, expected FROM sl_detect_stamp_drift();
ROLLBACK;
-- within one revision, what hangs on a table is not told beside it, also if
-- it is the table that should be gone
SELECT sl_register('021_drop', 'DROP TABLE app.notifications');
SELECT revision, outcome FROM sl_apply_pending();
BEGIN;
CREATE TABLE app.notifications (id bigint PRIMARY KEY, body text NOT NULL);
SELECT * FROM sl_detect_stamp_drift();
ROLLBACK;

-- an index that is there and not in force
SELECT sl_register('022_index', 'CREATE UNIQUE INDEX users_name ON app.users (name)');
SELECT revision, outcome FROM sl_apply_pending();
BEGIN;
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'app.users_name'::regclass;
SELECT * FROM sl_detect_stamp_drift();
-- what is accepted is told no more, unless nothing of a revision is there
SELECT sl_accept('index', 'app.users_name');
SELECT class, identity FROM sl_detect_drift() WHERE class <> 'schema';
SELECT revision, verdict FROM sl_detect_stamp_drift();
DROP INDEX app.users_name;
SELECT class, identity FROM sl_detect_drift() WHERE class <> 'schema';
SELECT revision, verdict FROM sl_detect_stamp_drift();
SELECT sl_unaccept('index', 'app.users_name');
CREATE UNIQUE INDEX users_name ON app.users (name);
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'app.users_name'::regclass;
SELECT revision, verdict FROM sl_detect_stamp_drift();
-- what is ignored is not compared
SELECT sl_configure('ignore', 'index:app.users_name.valid');
SELECT revision, verdict FROM sl_detect_stamp_drift();
ROLLBACK;
BEGIN;
DROP INDEX app.users_name;
SELECT sl_configure('managed_schemas', 'public');
SELECT revision, verdict FROM sl_detect_stamp_drift();
ROLLBACK;

-- owners and privileges, if they are compared
CREATE ROLE regress_stamp_reader;
SELECT sl_register('023_grant', 'GRANT SELECT ON app.users TO regress_stamp_reader');
SELECT revision, outcome FROM sl_apply_pending();
REVOKE ALL ON app.users FROM regress_stamp_reader;
SELECT revision, verdict FROM sl_detect_stamp_drift();
BEGIN;
SELECT sl_configure('compare_privileges', 'on');
SELECT revision, verdict, class, identity, problem, jsonb_array_length(expected -> 'privileges') - jsonb_array_length(actual -> 'privileges') FROM sl_detect_stamp_drift();
ROLLBACK;

-- applied without evidence
SELECT sl_register('024_unknown', 'CREATE TABLE app.unknown (i int)');
SELECT * FROM sl_stamp('024_unknown', true);
SELECT sl_register('025_next', 'CREATE TABLE app.next (i int)');
SELECT revision, outcome FROM sl_apply_pending();
SELECT * FROM sl_detect_stamp_drift();
CREATE TABLE app.unknown (i int);
SELECT * FROM sl_detect_stamp_drift();
DROP TABLE app.next;
SELECT revision, verdict FROM sl_detect_stamp_drift();
-- run for real, it is known
DROP TABLE app.unknown;
SELECT * FROM sl_stamp('023_grant', true);
SELECT revision, outcome FROM sl_apply_pending('024_unknown');
SELECT * FROM sl_detect_stamp_drift();
SELECT class, identity, problem FROM sl_detect_drift() WHERE class <> 'schema';

-- a repeatable that ran twice, and a seed
SELECT sl_register('view', 'CREATE OR REPLACE VIEW app.v AS SELECT 1 AS a; CREATE OR REPLACE VIEW app.w AS SELECT 1 AS a', kind => 'repeatable');
SELECT sl_register('seed', 'CREATE TABLE app.seeded AS SELECT 1 AS a', kind => 'seed');
SELECT revision, outcome FROM sl_apply_pending('heads');
SELECT sl_register('view', 'CREATE OR REPLACE VIEW app.v AS SELECT 1 AS a, 2 AS b; CREATE OR REPLACE VIEW app.w AS SELECT 1 AS a', kind => 'repeatable');
SELECT revision, outcome FROM sl_apply_pending('heads');
SELECT revision, evidence, count(*) FROM sl_evidence e JOIN sl_footprint f ON f.evidence_id = e.id
 WHERE revision IN ('view', 'seed') GROUP BY e.id ORDER BY e.id;
SELECT * FROM sl_detect_stamp_drift();
BEGIN;
DROP VIEW app.v;
SELECT revision, verdict, class, identity, problem FROM sl_detect_stamp_drift();
CREATE VIEW app.v AS SELECT 1 AS a;
SELECT revision, verdict, class, identity, problem FROM sl_detect_stamp_drift();
DROP VIEW app.v, app.w;
DROP TABLE app.seeded;
SELECT revision, verdict, class, identity, problem FROM sl_detect_stamp_drift();
ROLLBACK;

DROP SCHEMA app CASCADE;
SELECT revision, verdict, class, identity, problem FROM sl_detect_stamp_drift();
DROP EXTENSION schema_lifecycle;
DROP SCHEMA sl;
DROP ROLE regress_stamp_reader;
