--
-- sl_dry_run: what it measures, and that nothing of it stays.
--
-- In a database of its own.
--
SET client_min_messages = warning;
SELECT current_database() AS maindb \gset
CREATE DATABASE sl_regression_dry_run;
\c sl_regression_dry_run
SET client_min_messages = warning;
\pset null '-'
CREATE SCHEMA sl;
CREATE EXTENSION schema_lifecycle SCHEMA sl;
SET search_path = public, sl;
SELECT sl_configure('managed_schemas', 'none') \gset
\set dry 'SELECT revision, statement AS st, line, command, lock_mode, lock_relations, rewrites, outcome FROM sl_dry_run'
CREATE TABLE big (id int, v text);
INSERT INTO big SELECT i, i FROM generate_series(1, 1000) AS i;
CREATE TABLE other (id int PRIMARY KEY);
CREATE TABLE parent (id int, at int) PARTITION BY RANGE (at);
CREATE TABLE part_1 PARTITION OF parent FOR VALUES FROM (0) TO (10);
CREATE SEQUENCE counter;
CREATE VIEW reads AS SELECT id FROM other;

--
-- Nothing to do; who may not
--
:dry();
SELECT sl_register('001', 'SELECT 1') \gset
:dry('unknown');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sl_dry_run(NULL, '{"a": 1}');
\echo :LAST_ERROR_SQLSTATE
BEGIN READ ONLY;
:dry();
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;

--
-- Locks, rewrites and scans; of what a revision has made itself only where
-- there is nothing else
--
SELECT sl_register('001', 'CREATE TABLE made (id serial PRIMARY KEY, big_id int);
ALTER TABLE made ADD COLUMN a int;
CREATE INDEX made_a ON made (a);
INSERT INTO made (big_id) SELECT id FROM big;
CREATE TABLE refers (id int REFERENCES other);') \gset
SELECT sl_register('002', 'ALTER TABLE made ADD COLUMN b int;
ALTER TABLE made ADD COLUMN c int;
ALTER TABLE big ADD COLUMN x int NOT NULL DEFAULT 1;
ALTER TABLE big ADD COLUMN y timestamptz NOT NULL DEFAULT clock_timestamp();
ALTER TABLE big ADD CONSTRAINT positive CHECK (id > 0);
ALTER TABLE big ADD CONSTRAINT quick CHECK (id > 0) NOT VALID;
ALTER TABLE big VALIDATE CONSTRAINT quick;
CREATE INDEX big_v ON big (v);
REINDEX INDEX big_v;
ALTER TABLE big ALTER v TYPE int USING v::int;
UPDATE big SET y = now() WHERE id < 3;
SELECT count(*) FROM big;
SELECT FROM big WHERE id = 1 FOR UPDATE;
CREATE MATERIALIZED VIEW sums AS SELECT sum(id) FROM big;
CLUSTER big USING big_v;
DROP INDEX big_v;
COMMENT ON TABLE big IS ''renamed now'';
ALTER TABLE big RENAME TO bigger;
ALTER TABLE parent ADD COLUMN z int;
CREATE TABLE part_2 PARTITION OF parent FOR VALUES FROM (10) TO (20);
CREATE OR REPLACE VIEW reads AS SELECT id, 1 AS one FROM other;
SELECT nextval(''counter'');
DO $$ BEGIN LOCK TABLE other IN SHARE MODE; END $$;
TRUNCATE other CASCADE;
DROP TABLE other CASCADE') \gset
:dry();
-- what changed in the catalog
SELECT statement, c->>'class' AS class, c->>'identity' AS identity, c->>'change' AS change, c->'attributes' AS attributes
  FROM sl_dry_run() WITH ORDINALITY AS d, jsonb_array_elements(d.changes) WITH ORDINALITY AS e (c, n)
 WHERE revision = '002' ORDER BY d.ordinality, n;
SELECT bool_and(elapsed >= '0') AS has_elapsed FROM sl_dry_run();

-- nothing stays
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind <> 'i' ORDER BY 1;
SELECT count(*), max(v) FROM big;
SELECT * FROM sl_history;
SELECT revision, state FROM sl_graph();
SELECT * FROM sl_pending();

-- what a rollback does not take back is said
SET client_min_messages = notice;
SELECT sl_register('002', 'SELECT nextval(''counter''); INSERT INTO big VALUES (0); INSERT INTO made VALUES (0); SELECT nextval(''made_id_seq'')') \gset
SELECT statement, changes FROM sl_dry_run() WHERE revision = '002';
SET client_min_messages = warning;
SELECT last_value > 1 AS went_on FROM counter;

--
-- Failures: the last row, and nothing after it
--
SELECT sl_register('002', 'SELECT 1;
INSERT INTO other VALUES (1);
INSERT INTO other VALUES (1);
SELECT 2') \gset
SELECT sl_register('003', 'SELECT 3') \gset
:dry() WHERE revision > '001';
SELECT sl_register('002', 'SELECT no_such_column FROM big') \gset
:dry() WHERE revision > '001';
SELECT sl_register('002', 'DO $$ BEGIN RAISE EXCEPTION ''no'' USING ERRCODE = ''P1234'', DETAIL = ''because'', HINT = ''give up''; END $$') \gset
:dry() WHERE revision > '001';
-- deferred constraints are checked at the end of the revision
SELECT sl_register('002', 'CREATE TABLE d (id int PRIMARY KEY, up int REFERENCES d DEFERRABLE INITIALLY DEFERRED);
INSERT INTO d VALUES (1, 2)') \gset
:dry('002') WHERE revision > '001';
-- what a run refuses, too
SELECT sl_register('002', 'DO $$ BEGIN EXECUTE ''LISTEN x''; END $$') \gset
:dry('002') WHERE revision > '001';
SELECT sl_register('002', 'SELECT sl.sl_dry_run()') \gset
:dry('002') WHERE revision > '001';
SELECT sl_register('002', '') \gset
:dry('002') WHERE revision > '001';
SELECT sl_register('004', NULL) \gset
SELECT sl_register('005', 'SELECT 5') \gset
:dry() WHERE revision > '001';
SELECT sl_unregister('005'), sl_unregister('004') \gset
-- what a shell would do is not done
SELECT sl_register('002', 'COPY big TO PROGRAM ''cat >/dev/null'';
COPY big TO ''/tmp/no_such_file'';
COPY other FROM stdin;
1
2
\.
') \gset
:dry('002') WHERE revision > '001';

--
-- Scripts that run outside of a transaction: what can be run is run
--
SELECT sl_register('002', 'ALTER TABLE big ADD COLUMN n int;
CREATE UNIQUE INDEX CONCURRENTLY big_n ON big (n);
DROP INDEX CONCURRENTLY IF EXISTS gone;
VACUUM FULL big;
CREATE TYPE mood AS ENUM (''sad'');
ALTER TYPE mood ADD VALUE ''ok'';
CREATE TABLE moods (m mood DEFAULT ''ok'');
INSERT INTO big (n) VALUES (1)') \gset
SELECT sl_register('003', 'ALTER TABLE big ADD COLUMN m int') \gset
:dry() WHERE revision > '001';
-- and what needs what was not, is not said to fail
SELECT sl_register('003', 'ALTER TABLE big ADD CONSTRAINT one UNIQUE USING INDEX big_n') \gset
SELECT revision, statement, outcome FROM sl_dry_run() WHERE revision = '003';
SELECT sl_register('003', 'INSERT INTO big (n) VALUES (1) ON CONFLICT (n) DO NOTHING') \gset
SELECT revision, statement, outcome FROM sl_dry_run() WHERE revision = '003';
SELECT sl_register('003', 'SELECT big_n_1 FROM big') \gset
SELECT revision, statement, outcome FROM sl_dry_run() WHERE revision = '003';
SELECT sl_register('002', E'-- sl:no-transaction\nDO $$ BEGIN COMMIT; END $$; SELECT 1') \gset
:dry('002') WHERE revision > '001';
-- a failure there is one
SELECT sl_register('002', 'ALTER TABLE big ADD COLUMN n int; ALTER TABLE nothing ADD a int; VACUUM big') \gset
:dry('002') WHERE revision > '001';
-- what ran in an earlier attempt does not run again
SELECT sl_register('002', 'CREATE TABLE half (i int); VACUUM half; SELECT 1/0') \gset
SET client_min_messages = error;
CALL sl_migrate('002');
SET client_min_messages = warning;
:dry('002') WHERE revision > '001';
SELECT sl_resolve('002', 'rolled_back', 'begin again') \gset
DROP TABLE half;

--
-- In the middle of the caller's transaction
--
SELECT sl_register('002', 'SET search_path = pg_catalog;
SET work_mem = ''123kB'';
SET CONSTRAINTS ALL DEFERRED;
SELECT pg_advisory_xact_lock(4711);
CREATE TEMP TABLE scratch (i int);
PREPARE p AS SELECT 1;
DECLARE c CURSOR FOR SELECT 1;
NOTIFY dry_run, ''x'';
ALTER TABLE public.big DROP COLUMN v;
SET ROLE pg_monitor') \gset
LISTEN dry_run;
BEGIN;
CREATE TEMP TABLE mine (i int);
SET LOCAL work_mem = '1MB';
INSERT INTO other VALUES (77);
SELECT revision, statement AS st, command, outcome FROM sl_dry_run('002');
SHOW work_mem;
SHOW search_path;
SELECT current_user = session_user AS myself, to_regclass('pg_temp.scratch') AS scratch, to_regclass('pg_temp.mine') AS mine;
SELECT count(*) FROM pg_prepared_statements;
SELECT count(*) FROM pg_cursors WHERE name = 'c';
-- no lock is left, but those of the caller
SELECT relation::regclass, mode FROM pg_locks
 WHERE pid = pg_backend_pid() AND locktype = 'relation' AND relation >= 16384
   AND relation::regclass::text !~ '^(pg_temp_|sl_)' ORDER BY 1, 2;
SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory';
-- once more, and after a failure of ours
SELECT count(*) FROM sl_dry_run('002');
SAVEPOINT a;
SELECT 1/0;
ROLLBACK TO a;
SELECT count(*) FROM sl_dry_run('002');
-- a caught failure of the call itself
DO $$ BEGIN PERFORM sl_dry_run('unknown'); EXCEPTION WHEN OTHERS THEN RAISE WARNING '%', SQLERRM; END $$;
SELECT v FROM big WHERE id = 1;
COMMIT;
SELECT * FROM other;
SELECT current_setting('work_mem') <> '123kB' AS back;
UNLISTEN *;
-- what the caller has locked himself is no reason to be cut off
BEGIN;
LOCK TABLE other;
SELECT sl_register('002', 'SELECT pg_sleep(0.05)') \gset
SELECT outcome FROM sl_dry_run('002', '{"dry_run_hold": "1ms"}');
ROLLBACK;

--
-- Strong locks are not held for long
--
SELECT sl_register('002', 'SELECT 1;
ALTER TABLE other ADD COLUMN a int;
SELECT pg_sleep(100);
SELECT 2') \gset
:dry('002', '{"dry_run_hold": "1s"}') WHERE revision > '001';
-- in the middle of a block, from the lock on
SELECT sl_register('002', 'DO $$ BEGIN LOCK TABLE other; PERFORM pg_sleep(100); END $$') \gset
:dry('002', '{"dry_run_hold": "1s"}') WHERE revision > '001';
-- also where the script catches the cancel
SELECT sl_register('002', 'DO $$ BEGIN LOCK TABLE other; PERFORM pg_sleep(100); EXCEPTION WHEN query_canceled THEN NULL; END $$;
SELECT 2') \gset
:dry('002', '{"dry_run_hold": "1s"}') WHERE revision > '001';
-- weak locks, and strong ones on what nobody else can see, harm nobody
SELECT sl_register('002', 'INSERT INTO other VALUES (5);
CREATE TABLE own (i int);
LOCK TABLE own;
CREATE INDEX ON own (i);
SELECT pg_sleep(0.1)') \gset
:dry('002', '{"dry_run_hold": "20ms"}') WHERE revision > '001';
-- 0: no bound
SELECT sl_register('002', 'LOCK TABLE other; SELECT pg_sleep(0.05)') \gset
SELECT outcome FROM sl_dry_run('002', '{"dry_run_hold": 0}');
-- a time-out of the caller is his
SELECT sl_register('002', 'LOCK TABLE other; SELECT pg_sleep(100)') \gset
SET statement_timeout = '50ms';
:dry('002') WHERE revision > '001';
\echo :LAST_ERROR_SQLSTATE
RESET statement_timeout;
-- and nothing of the timer is left for what comes next
SELECT outcome FROM sl_dry_run('002', '{"dry_run_hold": "1s"}');
SELECT pg_sleep(0.1);

--
-- Who may run what
--
CREATE ROLE regress_dry_dev;
GRANT USAGE ON SCHEMA sl TO regress_dry_dev;
GRANT CREATE ON SCHEMA public TO regress_dry_dev;
SELECT sl_grant('regress_dry_dev', 'deploy') \gset
SET ROLE regress_dry_dev;
SELECT sl_register('002', 'CREATE TABLE devs (i int); RESET ROLE; ALTER ROLE regress_dry_dev SUPERUSER') \gset
-- the stored text runs with no more rights than its registrar's
SELECT statement, outcome FROM sl_dry_run('002') WHERE revision = '002';
RESET ROLE;
SELECT statement, outcome FROM sl_dry_run('002');
\echo :LAST_ERROR_SQLSTATE
SELECT rolsuper FROM pg_roles WHERE rolname = 'regress_dry_dev';
SELECT sl_unregister('003'), sl_unregister('002') \gset
DROP OWNED BY regress_dry_dev;
DROP ROLE regress_dry_dev;

--
-- In the end the run does what was foreseen
--
SELECT sl_register('002', 'ALTER TABLE big ADD COLUMN last int') \gset
SELECT revision, jsonb_agg(c ORDER BY n) AS changes FROM sl_dry_run() AS d, jsonb_array_elements(changes) WITH ORDINALITY AS e (c, n)
 WHERE revision = '002' GROUP BY 1;
SELECT revision, outcome FROM sl_apply_pending();
:dry() WHERE revision > '001';
SELECT sl_verify();

\c :maindb
DROP DATABASE sl_regression_dry_run;
