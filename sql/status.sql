--
-- sl_status, sl_verify, sl_ready: one verdict, and in which order they come.
--
CREATE DATABASE sl_regression_status TEMPLATE template0;
\set maindb :DBNAME
\c sl_regression_status
CREATE EXTENSION schema_lifecycle;
SET client_min_messages = warning;

-- the verdict, and whether the four answers agree with it
CREATE FUNCTION pg_temp.verdict(expected text DEFAULT NULL,
	OUT verdict text, OUT status text, OUT migrated boolean, OUT ready boolean,
	OUT sl_verify boolean, OUT sl_ready boolean)
LANGUAGE plpgsql AS $$
DECLARE
	s jsonb := public.sl_status(expected);
BEGIN
	verdict := s->>'verdict';
	status := s->>'status';
	migrated := s->'migrated';
	ready := s->'ready';
	sl_verify := public.sl_verify(expected);
	sl_ready := public.sl_ready(expected);
END $$;

SELECT * FROM pg_temp.verdict();
SELECT * FROM pg_temp.verdict('016');
SELECT sl_register('016_users', 'CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL)', 'DROP TABLE users') \gset
SELECT sl_register('017_sessions', 'CREATE TABLE sessions (id int PRIMARY KEY)', 'DROP TABLE sessions') \gset
SELECT sl_register('018_notifications', 'CREATE TABLE notifications (id int, text text)', 'DROP TABLE notifications') \gset
SELECT * FROM pg_temp.verdict();
-- heads are given in full, by a prefix, several, or not at all
CALL sl_migrate('017_sessions');
SELECT e AS expected, v.* FROM unnest('{NULL,heads,016,017,018,01,019,"",",","016,017"," 016_users , 017 ","017,018","016,x"}'::text[]) e, pg_temp.verdict(e) v;
CALL sl_migrate();
SELECT * FROM pg_temp.verdict();
SELECT * FROM pg_temp.verdict('016');
SELECT sl_status('016')->'history' AS history;

-- ahead may be forbidden
SELECT sl_configure('allow_ahead', 'off') \gset
SELECT * FROM pg_temp.verdict('016');
SELECT * FROM pg_temp.verdict();
SELECT sl_configure('allow_ahead', NULL) \gset

-- another branch
SELECT sl_register('018b', 'CREATE TABLE b ()', NULL, '{017_sessions}') \gset
SELECT e AS expected, v.* FROM unnest('{NULL,018_,018b,017}'::text[]) e, pg_temp.verdict(e) v;
SELECT sl_unregister('018b') \gset

-- a failure counts for those who expect the revision
SELECT sl_register('019_fails', 'SELECT 1/0') \gset
CALL sl_migrate();
SELECT e AS expected, v.* FROM unnest('{NULL,018,019}'::text[]) e, pg_temp.verdict(e) v;
SELECT sl_status()->'history' AS history;
SELECT sl_unregister('019_fails') \gset

-- repeatables and seeds are pending at a head
SELECT sl_register('R1', 'CREATE OR REPLACE VIEW r AS SELECT 1 AS one', NULL, NULL, 'repeatable') \gset
SELECT e AS expected, v.* FROM unnest('{NULL,018,017}'::text[]) e, pg_temp.verdict(e) v;
CALL sl_migrate();
SELECT * FROM pg_temp.verdict();

-- a revision that never ran: not ready for who needs it
DROP TABLE notifications;
SELECT e AS expected, v.* FROM unnest('{NULL,018,017}'::text[]) e, pg_temp.verdict(e) v;
SELECT sl_status()->'stamp_drift' AS stamp_drift;
SELECT sl_status()->'drift' AS drift;
CREATE TABLE notifications (id int, text text);
SELECT * FROM pg_temp.verdict();

-- a requirement that does not hold
SELECT sl_require('owner', 'users.owner int') \gset
SELECT * FROM pg_temp.verdict();
SELECT sl_status()->'schema' AS schema;
-- nothing is stamped by it
SELECT sl_status()->'stamp_drift'->'stamped' AS stamped;
SELECT sl_require('owner', 'users.name text') \gset
SELECT * FROM pg_temp.verdict();

-- drift: errors and warnings, no comments, and not what is only more
COMMENT ON TABLE users IS 'who';
SELECT v.*, sl_status()->'drift' AS drift FROM pg_temp.verdict() v;
COMMENT ON TABLE users IS NULL;
CREATE TABLE more (id int);
SELECT v.*, sl_status()->'drift' AS drift FROM pg_temp.verdict() v;
DROP TABLE more;
ALTER TABLE users ALTER name DROP NOT NULL;
SELECT v.*, sl_status()->'drift' AS drift FROM pg_temp.verdict() v;
SELECT sl_accept('column', 'public.users.name', 'not_null', 'known');
SELECT * FROM pg_temp.verdict();
SELECT sl_unaccept('column', 'public.users.name', 'not_null');
ALTER TABLE users ALTER name SET NOT NULL;

-- no evidence is no proof
SELECT sl_register('019_odd', 'SELECT') \gset
SELECT count(*) FROM sl_resolve('019_odd', 'applied', 'I was there');
SELECT * FROM pg_temp.verdict();
SELECT sl_status()->'coverage' AS coverage;
SELECT sl_configure('allow_unverifiable', 'on') \gset
SELECT * FROM pg_temp.verdict();
SELECT sl_configure('allow_unverifiable', NULL) \gset
SELECT count(*) FROM sl_stamp('018_notifications', true);
SELECT sl_unregister('019_odd') \gset
SELECT * FROM pg_temp.verdict();

-- an unsound graph is no reason to be down, where all of it is applied
SELECT sl_register('018_notifications', 'CREATE TABLE notifications (id int, text text)', 'DROP TABLE notifications', '{no_such_parent}') \gset
SELECT problem, detail FROM sl_check_graph();
SELECT * FROM pg_temp.verdict();
SELECT sl_register('018_notifications', 'CREATE TABLE notifications (id int, text text)', 'DROP TABLE notifications', '{017_sessions}') \gset

-- of long values, the part that differs
SELECT sl_register('019_long', format('CREATE FUNCTION long() RETURNS text LANGUAGE sql RETURN %L', repeat('€', 2000) || 'end'), 'DROP FUNCTION long') \gset
SELECT count(*) FROM sl_apply_pending();
DO $$BEGIN EXECUTE format('CREATE OR REPLACE FUNCTION long() RETURNS text LANGUAGE sql RETURN %L', repeat('€', 1000) || 'x' || repeat('€', 1000) || 'end'); END$$;
SELECT attribute, length(expected), octet_length(expected), length(actual), left(expected, 6), right(expected, 6), position('x' IN actual)
  FROM jsonb_to_recordset(sl_status()->'drift'->'findings') AS f (attribute text, expected text, actual text);
SELECT attribute, length(expected), length(actual) FROM sl_detect_drift();
SELECT revision, outcome FROM sl_revert('018_notifications');
SELECT sl_unregister('019_long') \gset

-- the history knows what nobody registered
DELETE FROM sl_registry WHERE revision = '018_notifications';
SELECT sl_status()->'history' AS history, sl_status()->>'verdict' AS verdict;

\c :maindb
DROP DATABASE sl_regression_status;
