--
-- CALL sl_wait_ready: what it refuses, when it returns, and what it says when
-- it does not.  Waiting for somebody is in test/t/wait_ready.pl.
--
SELECT current_database() AS maindb \gset
CREATE ROLE regress_wait_reader;
CREATE DATABASE sl_regression_wait TEMPLATE template0;
\c sl_regression_wait
CREATE EXTENSION schema_lifecycle;
SET client_min_messages = warning;
-- inside a transaction there is no waiting without a snapshot
BEGIN;
CALL sl_wait_ready();
ROLLBACK;
DO $$ BEGIN CALL sl_wait_ready(NULL, '1 ms'); END $$;
CREATE FUNCTION wait() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CALL sl_wait_ready(); END $$;
\set VERBOSITY terse
SELECT wait();
DROP FUNCTION wait();
\set VERBOSITY default
CALL sl_wait_ready(NULL, '-1 s');
-- an empty registry is never ready
CALL sl_wait_ready(NULL, '10 ms');
SELECT sl_register('001', 'CREATE TABLE t (a int)');
SELECT sl_register('002', 'CREATE TABLE u (a int)');
CALL sl_wait_ready('001', '0');
CALL sl_wait_ready('nothing, 002', '0');
SELECT revision FROM sl_apply_pending('001');
CALL sl_wait_ready('001', '0');
CALL sl_wait_ready('00', '0');
CALL sl_wait_ready('002', '00:00:00.01');
SELECT revision FROM sl_apply_pending();
CALL sl_wait_ready(wait => '1 s');
CALL sl_wait_ready(NULL, '1 s');
CALL sl_wait_ready('001, 002', NULL);
CALL sl_wait_ready('001, 002', '1 month');
-- ready is what sl_ready() says: degraded is ready, stamped is not
CREATE TABLE unexpected (a int);
CALL sl_wait_ready(NULL, '1 s');
SELECT sl_require('one', 'table one');
CALL sl_wait_ready(NULL, '0');
SELECT sl_unrequire('one');
-- the caller's own bounds are for his statements
SET statement_timeout = '20 ms';
CALL sl_wait_ready('003', '60 ms');
RESET statement_timeout;
SET default_transaction_isolation = 'serializable';
SET default_transaction_read_only = on;
CALL sl_wait_ready();
CALL sl_wait_ready('003', '1 ms');
RESET default_transaction_read_only;
RESET default_transaction_isolation;
-- who may read may wait
SET ROLE regress_wait_reader;
CALL sl_wait_ready();
RESET ROLE;
SELECT sl_grant('regress_wait_reader', 'read');
SET ROLE regress_wait_reader;
CALL sl_wait_ready();
RESET ROLE;
SHOW lock_timeout;
-- a lock of one's own session is nobody's to wait for
SELECT pg_advisory_lock(8314604121892151148);
CALL sl_wait_ready();
\set VERBOSITY terse
CALL sl_wait_ready('003', '50 ms');
-- and it sleeps between its questions, each of which is a transaction
SELECT split_part(virtualtransaction, '/', 2)::int AS before FROM pg_locks WHERE pid = pg_backend_pid() LIMIT 1 \gset
CALL sl_wait_ready('003', '300 ms');
SELECT split_part(virtualtransaction, '/', 2)::int - :before < 300 AS sleeps FROM pg_locks WHERE pid = pg_backend_pid() LIMIT 1;
SELECT pg_advisory_unlock(8314604121892151148);
\c :maindb
DROP DATABASE sl_regression_wait;
DROP ROLE regress_wait_reader;
