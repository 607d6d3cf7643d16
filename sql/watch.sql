--
-- sl_watch: a row when the verdict changed, and nothing when it did not.
-- Notifications, two at once and pg_cron are in test/t/watch.pl.
--
SELECT current_database() AS maindb \gset
CREATE ROLE regress_watch_cron;
CREATE DATABASE sl_regression_watch TEMPLATE template0;
\c sl_regression_watch
CREATE EXTENSION schema_lifecycle;
SET client_min_messages = warning;
\pset null '-'
\set incidents 'SELECT verdict, previous, findings->>''verdict'' AS found, findings->>''status'' AS status FROM sl_incident;'
:incidents
SELECT sl_watch();
:incidents
-- nothing changed: nothing is written
BEGIN;
SELECT sl_watch();
SELECT pg_current_xact_id_if_assigned();
COMMIT;
:incidents
SELECT sl_register('001', 'CREATE TABLE t (a int, b text)');
SELECT sl_watch();
SELECT revision FROM sl_apply_pending();
SELECT sl_watch();
SELECT sl_watch();
CREATE TABLE unexpected (a int);
SELECT sl_watch();
:incidents
-- what is found stands there
ALTER TABLE t DROP COLUMN b;
SELECT sl_watch();
SELECT sl_watch();
SELECT verdict, previous, jsonb_pretty(findings #> '{drift,findings}') AS drift, findings->'history' AS history FROM sl_incident ORDER BY at DESC LIMIT 1;
-- other findings, the same verdict
ALTER TABLE t DROP COLUMN a;
BEGIN;
SELECT sl_watch();
SELECT pg_current_xact_id_if_assigned();
COMMIT;
-- rolled back, it is news again
DROP TABLE t;
BEGIN;
SELECT sl_watch();
ROLLBACK;
SELECT sl_watch();
:incidents
-- rows that are too old go with the next change
SELECT sl_configure('log_retention_days', '1');
UPDATE sl_verdict SET at = at - interval '2 days';
SELECT sl_watch();
SELECT count(*) FROM sl_incident;
CREATE TABLE t (a int, b text);
SELECT sl_watch();
:incidents
SELECT sl_configure('log_retention_days', '0');
UPDATE sl_verdict SET at = at - interval '2000 days';
DROP TABLE t;
SELECT sl_watch();
:incidents
-- who may
SET ROLE regress_watch_cron;
SELECT sl_watch();
SELECT * FROM sl_incident;
RESET ROLE;
SELECT sl_grant('regress_watch_cron', 'deploy');
SET ROLE regress_watch_cron;
SELECT sl_watch();
SELECT count(*) FROM sl_incident;
RESET ROLE;
CREATE FUNCTION definer() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT sl_watch()';
SELECT definer();
BEGIN READ ONLY;
SELECT sl_watch();
ROLLBACK;
\c :maindb
DROP DATABASE sl_regression_watch;
DROP ROLE regress_watch_cron;
