--
-- Drift: histories that ran here, then damaged by hand
--
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS schema_lifecycle;
CREATE SCHEMA sl;
CREATE EXTENSION schema_lifecycle SCHEMA sl;
SET search_path = public, sl;
\pset format unaligned
\pset tuples_only on

CREATE SCHEMA app;
SELECT sl_register('001_base', $$
	CREATE TABLE app.agents (id int PRIMARY KEY, name text NOT NULL, email text UNIQUE, phone text DEFAULT '-');
	CREATE TYPE app.mood AS ENUM ('sad', 'happy');
	CREATE SEQUENCE app.numbers;
	CREATE TABLE app.log (at timestamptz NOT NULL, line text) PARTITION BY RANGE (at);
	CREATE TABLE app.log_1 PARTITION OF app.log FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')$$);
SELECT sl_register('002_calls', $$
	CREATE TABLE app.calls (id bigint PRIMARY KEY, agent_id int REFERENCES app.agents, mood app.mood,
		seconds int CONSTRAINT seconds_check CHECK (seconds >= 0));
	CREATE INDEX calls_agent ON app.calls (agent_id);
	CREATE UNIQUE INDEX calls_once ON app.calls (agent_id, seconds)$$);
SELECT sl_register('003_code', $$
	CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
	CREATE TRIGGER touch BEFORE UPDATE ON app.agents FOR EACH ROW EXECUTE FUNCTION app.touch();
	ALTER TABLE app.agents ENABLE ROW LEVEL SECURITY;
	CREATE POLICY own ON app.agents USING (id > 0);
	CREATE VIEW app.busy AS SELECT agent_id, count(*) AS n FROM app.calls GROUP BY 1$$);
SELECT sl_register('004_alter', $$
	ALTER TABLE app.agents ALTER COLUMN name TYPE varchar(80), ADD COLUMN note text;
	ALTER TABLE app.calls ALTER COLUMN agent_id SET NOT NULL;
	DROP SEQUENCE app.numbers$$);
-- before anything ran: what is there is explained by nobody
SELECT * FROM sl_detect_drift();
DROP SCHEMA app;
SELECT sl_register('000_app', 'CREATE SCHEMA app', parents => '{}');
SELECT sl_register('001_base', $$
	CREATE TABLE app.agents (id int PRIMARY KEY, name text NOT NULL, email text UNIQUE, phone text DEFAULT '-');
	CREATE TYPE app.mood AS ENUM ('sad', 'happy');
	CREATE SEQUENCE app.numbers;
	CREATE TABLE app.log (at timestamptz NOT NULL, line text) PARTITION BY RANGE (at);
	CREATE TABLE app.log_1 PARTITION OF app.log FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')$$,
	parents => '{000_app}');
SELECT revision, outcome FROM sl_apply_pending();

-- nothing, and what is expected is what is there
SELECT * FROM sl_detect_drift();
SELECT * FROM sl_detect_stamp_drift();
CREATE VIEW unequal AS
	SELECT 'expected' AS side, * FROM (SELECT * FROM sl_expected() EXCEPT SELECT * FROM sl_catalog('{app}')) AS e
	UNION ALL
	SELECT 'actual', * FROM (SELECT * FROM sl_catalog('{app}') EXCEPT SELECT * FROM sl_expected()) AS a
	 WHERE class <> 'extension';
SELECT * FROM unequal;
DROP VIEW unequal;

-- one damage at a time; since 16 the server qualifies no column of a single table
CREATE FUNCTION damaged(command text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	found text[];
BEGIN
	BEGIN
		EXECUTE command;
		found := ARRAY(SELECT format('  %s %s %s%s: %s -> %s (%s)', severity, problem, class || ' ' || identity,
			'.' || attribute, replace(expected, 'calls.agent_id', 'agent_id'), replace(actual, 'calls.agent_id', 'agent_id'), revision)
			FROM sl_detect_drift() WHERE identity <> 'public.damaged(text)');
		RAISE EXCEPTION 'undo' USING errcode = 'UNDO1';
	EXCEPTION WHEN SQLSTATE 'UNDO1' THEN
		RETURN NEXT command;
		RETURN QUERY SELECT unnest(found);
	END;
END $$;
SELECT damaged('SELECT 1');
SELECT damaged('DROP TABLE app.calls CASCADE');
SELECT damaged('ALTER TABLE app.agents DROP COLUMN email');
SELECT damaged('DROP INDEX app.calls_agent');
SELECT damaged('DROP INDEX app.calls_once');
SELECT damaged('ALTER TABLE app.calls DROP CONSTRAINT seconds_check');
SELECT damaged('ALTER TABLE app.calls DROP CONSTRAINT calls_agent_id_fkey');
SELECT damaged('ALTER TABLE app.calls DROP CONSTRAINT calls_pkey');
SELECT damaged('DROP FUNCTION app.touch() CASCADE');
SELECT damaged('DROP TRIGGER touch ON app.agents');
SELECT damaged('DROP POLICY own ON app.agents');
SELECT damaged('DROP VIEW app.busy');
SELECT damaged($$DELETE FROM pg_enum WHERE enumtypid = 'app.mood'::regtype AND enumlabel = 'happy'$$);
SELECT damaged($$ALTER TYPE app.mood RENAME VALUE 'sad' TO 'blue'$$);
SELECT damaged('ALTER TABLE app.agents ALTER COLUMN phone TYPE int USING 1, ALTER COLUMN phone DROP DEFAULT');
SELECT damaged('ALTER TABLE app.agents ALTER COLUMN name TYPE text');
SELECT damaged('ALTER TABLE app.agents ALTER COLUMN name DROP NOT NULL, ALTER COLUMN email SET NOT NULL');
SELECT damaged('ALTER TABLE app.calls ALTER COLUMN agent_id DROP NOT NULL');
SELECT damaged('ALTER TABLE app.agents DISABLE TRIGGER touch');
SELECT damaged('ALTER TABLE app.agents DISABLE ROW LEVEL SECURITY');
SELECT damaged($$UPDATE pg_index SET indisvalid = false WHERE indexrelid IN ('app.calls_agent'::regclass, 'app.calls_once'::regclass)$$);
SELECT damaged($$ALTER TABLE app.calls DROP CONSTRAINT seconds_check;
	ALTER TABLE app.calls ADD CONSTRAINT seconds_check CHECK (seconds >= 0) NOT VALID$$);
SELECT damaged($$CREATE OR REPLACE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'$$);
SELECT damaged('CREATE OR REPLACE VIEW app.busy AS SELECT agent_id, 1::bigint AS n FROM app.calls');
SELECT damaged('ALTER POLICY own ON app.agents USING (true)');
SELECT damaged($$COMMENT ON TABLE app.agents IS 'people'$$);
SELECT damaged('CREATE TABLE app.stray (id int PRIMARY KEY, x text); CREATE INDEX ON app.stray (x)');
SELECT damaged('ALTER TABLE app.agents ADD COLUMN must int NOT NULL, ADD COLUMN may int');
SELECT damaged($$CREATE TABLE app.log_2 PARTITION OF app.log FOR VALUES FROM ('2021-01-01') TO ('2022-01-01')$$);
SELECT damaged('ALTER TABLE app.agents RENAME TO people');
SELECT damaged('ALTER TABLE app.agents RENAME COLUMN email TO mail');
SELECT damaged('ALTER INDEX app.calls_agent RENAME TO calls_by_agent');
-- what a revision dropped is there again: it is named
SELECT damaged('CREATE SEQUENCE app.numbers');
SELECT damaged('CREATE SCHEMA other; CREATE TABLE other.t (i int)');
SELECT damaged('DROP SCHEMA app CASCADE');
SELECT damaged('CREATE ROLE regress_drift_owner; ALTER TABLE app.agents OWNER TO regress_drift_owner; GRANT SELECT ON app.calls TO regress_drift_owner');
-- owners and privileges, if they are to be compared
BEGIN;
SELECT sl_configure('compare_owners', 'on');
SELECT sl_configure('compare_privileges', 'on');
SELECT * FROM sl_detect_drift() WHERE identity <> 'public.damaged(text)';
CREATE ROLE regress_drift_owner;
ALTER TABLE app.agents OWNER TO regress_drift_owner;
GRANT SELECT ON app.busy TO regress_drift_owner;
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO regress_drift_owner;
SELECT severity, class, identity, problem, attribute, revision FROM sl_detect_drift() WHERE identity <> 'public.damaged(text)';
ROLLBACK;

-- what is managed
BEGIN;
ALTER TABLE app.agents DROP COLUMN note;
CREATE SCHEMA "Other.app";
CREATE TABLE "Other.app".t (i int);
SELECT sl_configure('managed_schemas', 'app');
SELECT class, identity, problem FROM sl_detect_drift();
SELECT sl_configure('managed_schemas', '"Other.app"');
SELECT class, identity, problem FROM sl_detect_drift();
SELECT count(*) FROM sl_expected();
SELECT sl_configure('managed_schemas', 'none');
SELECT class, identity, problem FROM sl_detect_drift();
ROLLBACK;

-- what is ignored
BEGIN;
ALTER TABLE app.agents DROP COLUMN note, ALTER COLUMN phone DROP DEFAULT;
CREATE TABLE app.scratch_1 (i int);
CREATE FUNCTION app.f(a int, b text) RETURNS int LANGUAGE sql AS 'SELECT 1';
SELECT sl_configure('ignore', 'table:app.scratch_*, function:app.f(integer, text), function:public.*');
SELECT class, identity, problem, attribute FROM sl_detect_drift();
SELECT sl_configure('ignore', '*:app.scratch_?,column:*.phone.default,function:*,column:app.agents.n?te');
SELECT class, identity, problem, attribute FROM sl_detect_drift();
SELECT sl_configure('ignore', 'column:app.agents.phone.type, *:*.f(*, function:*.damaged(?ext)');
SELECT class, identity, problem, attribute FROM sl_detect_drift();
ROLLBACK;
SELECT sl_configure('ignore', 'app.agents');
SELECT sl_configure('ignore', 'table:a, :b');
SELECT sl_configure('ignore', 'table:');

-- what is accepted
BEGIN;
SELECT sl_accept('function', 'public.damaged(text)');
ALTER TABLE app.agents DROP COLUMN note, ALTER COLUMN phone DROP DEFAULT, ALTER COLUMN phone TYPE varchar;
SELECT sl_accept('column', 'app.agents.note', reason => 'gone since May');
SELECT sl_accept('column', 'app.agents.phone', 'default');
SELECT class, identity, problem, attribute FROM sl_detect_drift();
SELECT sl_accept('column', 'app.agents.phone');
SELECT class, identity, problem, attribute FROM sl_detect_drift();
SELECT sl_accept('column', 'app.agents.phone', NULL, 'for a while', now() - interval '1 minute');
SELECT sl_accept('column', 'app.agents.note', until => 'infinity');
SELECT class, identity, problem, attribute FROM sl_detect_drift();
SELECT class, identity, attribute, reason, until IS NULL AS forever FROM sl_accepted ORDER BY 1, 2, 3;
SELECT sl_unaccept('column', 'app.agents.phone');
SELECT sl_unaccept('column', 'app.agents.phone');
SELECT sl_unaccept('column', 'app.agents.phone', 'default');
SELECT class, identity, problem, attribute FROM sl_detect_drift();
-- a table covers what hangs on it; a stamp is never hidden
DROP TABLE app.calls CASCADE;
SELECT sl_accept('table', 'app.calls');
SELECT class, identity, problem, attribute FROM sl_detect_drift();
SELECT revision, verdict, class, identity, problem FROM sl_detect_stamp_drift();
ROLLBACK;
SELECT sl_accept(NULL, 'x');
SELECT sl_accept('table', '');
SELECT sl_unaccept('table', 'x', '');

-- a revision that touches what had drifted before answers for what it did
ALTER TABLE app.agents ALTER COLUMN phone SET DEFAULT 'drifted';
COMMENT ON COLUMN app.agents.phone IS 'by hand';
SELECT sl_register('005_phone', 'ALTER TABLE app.agents ALTER COLUMN phone SET NOT NULL');
SELECT revision, outcome FROM sl_apply_pending();
SELECT * FROM sl_detect_drift() WHERE identity <> 'public.damaged(text)';
SELECT * FROM sl_expected() WHERE identity = 'app.agents.phone';
SELECT damaged('ALTER TABLE app.agents ALTER COLUMN phone DROP NOT NULL');
SELECT damaged('ALTER TABLE app.agents DROP COLUMN phone');
COMMENT ON COLUMN app.agents.phone IS NULL;
SELECT sl_register('006_phone', 'ALTER TABLE app.agents ALTER COLUMN phone TYPE varchar(20)');
SELECT revision, outcome FROM sl_apply_pending();
SELECT damaged('SELECT 1');
ALTER TABLE app.agents ALTER COLUMN phone SET DEFAULT '-';
SELECT damaged('SELECT 1');

-- a revision whose table is not known: its change, and what it became
SELECT sl_register('007_legacy', 'ALTER TABLE app.legacy ADD COLUMN b int; ALTER TABLE app.legacy SET (fillfactor = 50)');
CREATE TABLE app.legacy (a int);
SELECT revision, outcome FROM sl_apply_pending();
SELECT damaged('SELECT 1');
SELECT damaged('ALTER TABLE app.legacy SET (fillfactor = 60)');
SELECT damaged('DROP TABLE app.legacy');
SELECT damaged('ALTER TABLE app.legacy SET UNLOGGED');
DROP TABLE app.legacy;
SELECT sl_register('008_gone', 'DROP TABLE IF EXISTS app.legacy');
SELECT revision, outcome FROM sl_apply_pending();
SELECT damaged('SELECT 1');

-- reading: read-only, repeatable read, in a transaction that has written
BEGIN READ ONLY;
SELECT count(*) FROM sl_detect_drift();
SELECT count(*) FROM sl_detect_stamp_drift();
SELECT count(*) > 0 FROM sl_expected();
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM sl_detect_drift();
DROP VIEW app.busy;
SELECT count(*) FROM sl_detect_drift();
ROLLBACK;
-- a call that is rolled back has left nothing
BEGIN;
SELECT sl_register('009_later', 'CREATE TABLE app.later (i int)');
SELECT revision, outcome FROM sl_apply_pending();
SELECT damaged('SELECT 1');
SELECT count(*) FROM sl_expected() WHERE identity = 'app.later';
ROLLBACK;
SELECT count(*) FROM sl_expected() WHERE identity = 'app.later';
SELECT damaged('SELECT 1');

DROP SCHEMA app CASCADE;
DROP FUNCTION damaged;
DROP EXTENSION schema_lifecycle;
DROP SCHEMA sl;
