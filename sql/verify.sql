--
-- sl_verify and sl_ready: never an error, and never an answer of yesterday.
--
CREATE DATABASE sl_regression_verify TEMPLATE template0;
\set maindb :DBNAME
\c sl_regression_verify
CREATE EXTENSION schema_lifecycle;
SET client_min_messages = warning;
\set ask 'SELECT sl_verify(), sl_ready();'

SELECT sl_register('1', 'CREATE TABLE t (id int PRIMARY KEY, name text)') \gset
CALL sl_migrate();
:ask
:ask
-- what a transaction did itself, and what it took back
BEGIN;
ALTER TABLE t ADD must int;
ALTER TABLE t ALTER name SET NOT NULL;
:ask
SAVEPOINT a;
DROP TABLE t;
:ask
ROLLBACK TO a;
:ask
ROLLBACK;
:ask
BEGIN;
ALTER TABLE t ALTER name SET NOT NULL;
:ask
COMMIT;
:ask
BEGIN;
ALTER TABLE t ALTER name DROP NOT NULL;
:ask
COMMIT;
:ask
-- the books
BEGIN;
SELECT sl_register('2', 'SELECT') \gset
:ask
ROLLBACK;
:ask
SELECT sl_register('2', 'SELECT') \gset
:ask
SELECT sl_verify('1'), sl_verify('2');
SELECT sl_unregister('2') \gset
:ask
SELECT sl_require('n', 't.n int') \gset
:ask
ALTER TABLE t ADD n int;
:ask
SELECT sl_unrequire('n') \gset
ALTER TABLE t DROP n;
:ask
-- accepted until
ALTER TABLE t ALTER name SET NOT NULL;
SELECT sl_accept('column', 'public.t.name', 'not_null', 'known', clock_timestamp() + '1 day') \gset
:ask
SELECT sl_accept('column', 'public.t.name', 'not_null', 'soon over', clock_timestamp() + '1 s') \gset
DO $$
BEGIN
	WHILE sl_verify() LOOP
		PERFORM pg_sleep(0.1);
	END LOOP;
END $$;
:ask
SELECT sl_unaccept('column', 'public.t.name', 'not_null') \gset
ALTER TABLE t ALTER name DROP NOT NULL;
:ask
-- a table that becomes an extension's is not there any more
ALTER EXTENSION plpgsql ADD TABLE t;
:ask
ALTER EXTENSION plpgsql DROP TABLE t;
:ask
-- an index that is not valid
SELECT sl_register('2', 'CREATE UNIQUE INDEX t_name ON t (name)') \gset
CALL sl_migrate();
:ask
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 't_name'::regclass;
:ask
UPDATE pg_index SET indisvalid = true WHERE indexrelid = 't_name'::regclass;
:ask

-- wherever one can ask
BEGIN READ ONLY;
:ask
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE;
:ask
COMMIT;
SET search_path = '';
SELECT public.sl_verify(), public.sl_ready(), public.sl_status()->>'verdict' AS verdict;
RESET search_path;
SET statement_timeout = '10 s';
SET default_transaction_read_only = on;
SET quote_all_identifiers = on;
SET standard_conforming_strings = off;
SET DateStyle = 'German';
:ask
SELECT sl_status()->>'verdict' AS verdict;
RESET ALL;
SET client_min_messages = warning;
-- more questions than answers are kept
SELECT count(*) FILTER (WHERE sl_verify('2' || repeat(' ', i % 20))) FROM generate_series(1, 100) i;
SELECT sl_verify(repeat('x', 100000)), sl_verify(repeat(',', 10000)), sl_verify(E'\x01'), sl_verify('''; SELECT 1; --');
-- in plpgsql, and in a cursor
DO $$
BEGIN
	FOR i IN 1 .. 100 LOOP
		IF NOT sl_verify() THEN
			RAISE 'no';
		END IF;
	END LOOP;
END $$;
BEGIN;
DECLARE c CURSOR FOR SELECT sl_verify() FROM generate_series(1, 3);
FETCH 2 c;
COMMIT;

-- damage to the books is a no, and no error
BEGIN;
ALTER EXTENSION schema_lifecycle DROP TABLE sl_applied;
DROP TABLE sl_applied;
:ask
SELECT 'the transaction goes on';
ROLLBACK;
:ask
ALTER TABLE sl_requirement RENAME TO sl_gone;
:ask
ALTER TABLE sl_gone RENAME TO sl_requirement;
:ask
BEGIN;
UPDATE sl_registry SET kind = 'odd';
:ask
ROLLBACK;
:ask
-- a requirement that cannot be read any more
BEGIN;
INSERT INTO sl_requirement SELECT 'odd', 'not one', '{}', 1, 10, 'x', 0, now();
:ask
SELECT sl_status()->'schema' AS schema;
ROLLBACK;
-- who may ask
CREATE ROLE regress_verify;
SET ROLE regress_verify;
:ask
RESET ROLE;
SELECT sl_grant('regress_verify', 'read') \gset
SET ROLE regress_verify;
:ask
SELECT sl_status()->>'verdict' AS verdict;
SELECT sl_require('x', 'table t');
RESET ROLE;
DROP OWNED BY regress_verify;
DROP ROLE regress_verify;

-- after the extension was made anew
DROP EXTENSION schema_lifecycle;
CREATE EXTENSION schema_lifecycle;
:ask

\c :maindb
DROP DATABASE sl_regression_verify;
