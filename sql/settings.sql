--
-- Settings of the session, of the database, of one call.
--
-- In a database of its own.
--
SET client_min_messages = warning;
SELECT current_database() AS maindb \gset
CREATE DATABASE sl_regression_settings;
\c sl_regression_settings
SET client_min_messages = warning;
\pset null '-'
CREATE SCHEMA sl;
CREATE EXTENSION schema_lifecycle SCHEMA sl;
SET search_path = public, sl;
\set apply 'SELECT revision, outcome, statements FROM sl_apply_pending();'

SELECT name, value, default_value, source FROM sl_settings;
-- the session's
SET schema_lifecycle.lock_wait = '5min';
SHOW schema_lifecycle.lock_wait;
SET schema_lifecycle.lock_retries = 0;
SET schema_lifecycle.migration_lock_timeout = 0;
SELECT name, value, default_value, source FROM sl_settings WHERE source = 'session';
\set VERBOSITY sqlstate
SET schema_lifecycle.lock_wait = -1;
\set VERBOSITY default
SET schema_lifecycle.lock_retries = 1001;
SET schema_lifecycle.lock_retries = '1s';
SET schema_lifecycle.migration_statement_timeout = 'soon';
SET schema_lifecycle.no_such_setting = 1;
SET schema_lifecycle.lock_keys = '';
SET schema_lifecycle.lock_keys = 'one';
SET schema_lifecycle.lock_keys = '1, 9223372036854775808';
SET schema_lifecycle.lock_keys = '1,,2';
SET schema_lifecycle.lock_keys = '-5, 42424242, 42424242, 0';
SHOW schema_lifecycle.lock_keys;
SET schema_lifecycle.trusted_registrars = 'a, "b c"';
SET schema_lifecycle.trusted_registrars = 'a b';
-- every key is taken, once, to the end of the transaction, in our database
SELECT sl_register('a', 'SELECT 1') \gset
BEGIN;
:apply
SELECT (classid::bigint << 32 | objid::bigint) AS key, objsubid, mode
  FROM pg_locks
 WHERE locktype = 'advisory' AND pid = pg_backend_pid()
 ORDER BY 1;
COMMIT;
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
RESET schema_lifecycle.lock_keys;
RESET schema_lifecycle.trusted_registrars;
RESET ALL;
SET client_min_messages = warning;
SET search_path = public, sl;
SELECT count(*) FROM sl_settings WHERE source <> 'default';
-- the database's
SET client_min_messages = notice;
SELECT sl_configure('managed_schemas', 'public, app, "Odd ""name"');
SET client_min_messages = warning;
SELECT sl_configure('managed_schemas', 'app, "Odd ""name"');
SELECT sl_configure('ignore', 'table:public.x');
SELECT sl_configure('out_of_order', 'yes');
SELECT sl_configure('boot_repair', 'on');
SELECT sl_configure('log_retention_days', '0');
SELECT sl_configure('log_retention_days', '7');
SELECT name, value, default_value, source FROM sl_settings WHERE source = 'database';
SELECT sl_configure('out_of_order', NULL);
SELECT sl_configure('log_retention_days', NULL);
SELECT name, value, default_value, source FROM sl_settings WHERE source = 'database';
SELECT sl_configure('managed_schemas', 'a b');
\echo :LAST_ERROR_SQLSTATE
SELECT sl_configure('log_retention_days', '-1');
SELECT sl_configure('log_retention_days', 'many');
SELECT sl_configure('allow_ahead', '');
SELECT sl_configure('lock_wait', '1s');
SELECT sl_configure('lock_keys', '1');
SELECT sl_configure('prune', 'on');
SELECT sl_configure('', '');
SELECT sl_configure(NULL, NULL);
-- it holds for other sessions, and goes with its transaction
BEGIN;
SELECT sl_configure('ignore', 'table:public.y');
ROLLBACK;
\c
SET client_min_messages = warning;
SET search_path = public, sl;
SELECT name, value FROM sl_settings WHERE source = 'database';
-- a value that another version wrote is none of ours
INSERT INTO sl.sl_setting VALUES ('from_the_future', 'x');
:apply
SELECT count(*) FROM sl_settings WHERE name = 'from_the_future';

\c :maindb
DROP DATABASE sl_regression_settings;
