-- The tests that the extension brings for pgTAP: they count as its own, pass
-- where they should, and say what they found where they fail.
BEGIN;
SET LOCAL client_min_messages = warning;
DROP EXTENSION pgtap;
CREATE SCHEMA "tap ""here";
CREATE EXTENSION schema_lifecycle;
SELECT sl_configure('managed_schemas', 'public');

-- without pgTAP: an error that says so
DO $$
DECLARE
	call text;
	said text := '';
	hint text;
BEGIN
	FOREACH call IN ARRAY '{sl_is_verified,sl_has_no_drift,sl_has_no_stamp_drift,sl_graph_is_sound}'::text[] LOOP
		BEGIN
			EXECUTE format('SELECT %I()', call);
		EXCEPTION WHEN object_not_in_prerequisite_state THEN
			GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
			said := said || SQLERRM || '. ' || hint || E'\n';
		END;
	END LOOP;
	CREATE TEMP TABLE without AS SELECT said;
END $$;
CREATE EXTENSION pgtap SCHEMA "tap ""here";
SET LOCAL search_path = "tap ""here", public;

SELECT plan(43);
SELECT is(said, $$sl_is_verified() needs extension "pgtap". It is a test of pgTAP: CREATE EXTENSION pgtap; or ask sl_verify(), sl_assert().
sl_has_no_drift() needs extension "pgtap". It is a test of pgTAP: CREATE EXTENSION pgtap; or ask sl_verify(), sl_assert().
sl_has_no_stamp_drift() needs extension "pgtap". It is a test of pgTAP: CREATE EXTENSION pgtap; or ask sl_verify(), sl_assert().
sl_graph_is_sound() needs extension "pgtap". It is a test of pgTAP: CREATE EXTENSION pgtap; or ask sl_verify(), sl_assert().
$$, 'without pgTAP each says how to get it') FROM without;

--
-- Nothing is registered: nothing is verified, and nothing is known of drift.
-- check_test() is pgTAP's own: three tests each, of result, description and
-- diagnostics.
--
SELECT * FROM check_test(sl_is_verified(), false, 'sl_is_verified, empty',
	'The database should be verified at its heads', $$verdict: empty
no revision is registered
sl_load() and slctl push register revisions; see sl_graph() for those that are.$$);
SELECT * FROM check_test(sl_has_no_drift(), false, 'sl_has_no_drift, empty',
	'The schema should have no drift', $$no revision is registered
sl_load() and slctl push register revisions.$$);
SELECT * FROM check_test(sl_has_no_stamp_drift(), false, 'sl_has_no_stamp_drift, empty',
	'The history should have no stamp drift', $$no revision is registered
sl_load() and slctl push register revisions.$$);
SELECT * FROM check_test(sl_graph_is_sound(), true, 'sl_graph_is_sound, empty',
	'The graph of revisions should be sound', '');

--
-- All is well: tests of this file like any other
--
SELECT sl_register('001_users', 'CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL)', 'DROP TABLE users', '{}');
SELECT sl_register('002_sessions', 'CREATE TABLE sessions (id int)', 'DROP TABLE sessions', '{001_users}');
SELECT revision FROM sl_apply_pending();
SELECT sl_is_verified();
SELECT sl_is_verified('002', 'a head by its beginning');
SELECT sl_is_verified('001_users');
SELECT sl_has_no_drift('no drift after a run');
SELECT sl_has_no_stamp_drift('no stamp drift either');
SELECT sl_graph_is_sound(NULL);

--
-- Each finds what is its own
--
ALTER TABLE users ALTER COLUMN name DROP NOT NULL;
DROP TABLE sessions;
SELECT * FROM check_test(sl_has_no_drift('mine'), false, 'sl_has_no_drift, drift', 'mine',
	$$column public.users.name: not_null expected true, actual false (revision 001_users)
table public.sessions: missing (revision 002_sessions)
See sl_detect_drift(); sl_repair_plan() shows what sl_repair() does about it, and sl_accept() is for a difference that is meant.$$);
SELECT * FROM check_test(sl_has_no_stamp_drift('mine'), false, 'sl_has_no_stamp_drift, a stamp', 'mine',
	$$revision 001_users is not as it was applied: column public.users.name is altered
revision 002_sessions is recorded as applied, but nothing of it is there: table public.sessions is missing
See sl_detect_stamp_drift(); sl_repair_plan() shows what sl_repair() does about it.$$);
SELECT * FROM check_test(sl_is_verified('002', 'mine'), false, 'sl_is_verified, a stamp', 'mine',
	$$verdict: stamped
revision 002_sessions is recorded as applied, but nothing of it is there: table public.sessions is missing
column public.users.name: not_null expected true, actual false (revision 001_users)
See sl_detect_stamp_drift(); sl_repair_plan() shows what sl_repair() does about it.$$);
ALTER TABLE users ALTER COLUMN name SET NOT NULL;
CREATE TABLE public.sessions (id int);

-- what cannot be verified is not taken for right, unless that is allowed
SELECT sl_register('003_data', 'INSERT INTO users VALUES (1, ''a'')', NULL, '{002_sessions}');
SELECT sl_stamp('003_data', true, 'done by hand');
SELECT * FROM check_test(sl_has_no_stamp_drift(), false, 'sl_has_no_stamp_drift, unverifiable',
	'The history should have no stamp drift',
	$$revision 003_data cannot be verified: there is no evidence of what it did
CALL sl_rehearse() finds out what they do; sl_configure('allow_unverifiable', 'on') is for those that it cannot run.$$);
SELECT sl_configure('allow_unverifiable', 'on');
SELECT sl_has_no_stamp_drift('unverifiable revisions are allowed');
SELECT sl_is_verified('003', 'there too');
SELECT sl_configure('allow_unverifiable', NULL);
SELECT sl_stamp('002_sessions', true, 'back');
SELECT sl_unregister('003_data');

-- the graph
SELECT sl_register('x', 'SELECT 1', NULL, '{y}');
SELECT sl_register('y', 'SELECT 1', NULL, '{x}');
SELECT * FROM check_test(sl_graph_is_sound('mine'), false, 'sl_graph_is_sound, a cycle', 'mine',
	$$revision x: cycle: x -> y -> x
revision y: cycle: y -> x -> y
See sl_check_graph(); runs are stopped until the graph is sound.$$);
SELECT sl_unregister(r) FROM unnest('{x,y}'::text[]) r;
-- a warning is no error
SELECT sl_register('z', 'SELECT 1', NULL, '{001_users}');
SELECT sl_graph_is_sound('two heads are sound');
SELECT sl_unregister('z');
SELECT sl_is_verified(NULL, 'all is well again');

--
-- The whole text of a failing one, as a harness reads it: counted, with every
-- line of its diagnostics a comment
--
DROP TABLE sessions;
SELECT todo('it fails on purpose', 1);
CREATE TEMP TABLE output AS SELECT sl_is_verified('002', 'mine') AS text;
SELECT text FROM output;
SELECT is(text, format($$not ok %s - mine # TODO it fails on purpose
# Failed (TODO) test %s: "mine"
# verdict: stamped
# revision 002_sessions is recorded as applied, but nothing of it is there: table public.sessions is missing
# See sl_detect_stamp_drift(); sl_repair_plan() shows what sl_repair() does about it.$$,
	n, n), 'a failing test')
  FROM output, LATERAL substring(text from '\d+') AS n;

-- nobody's path or functions matter
CREATE SCHEMA evil;
CREATE FUNCTION evil.ok(boolean, text) RETURNS text LANGUAGE sql AS 'SELECT ''ok 1 - evil''';
CREATE FUNCTION evil._get(text) RETURNS integer LANGUAGE sql AS 'SELECT 1000';
SET LOCAL search_path = evil, "tap ""here", public;
SELECT sl_graph_is_sound('pgTAP''s own functions are called');
SET LOCAL search_path = "tap ""here", public;
SELECT is(current_setting('search_path'), '"tap ""here", public', 'the path is the caller''s again');

-- a reader who may not call pgTAP
CREATE ROLE regress_tap_reader;
SELECT sl_grant('regress_tap_reader', 'read');
SELECT throws_ok($$SET LOCAL ROLE regress_tap_reader; SELECT sl_graph_is_sound()$$, '42501', NULL,
	'pgTAP is called as the caller');

SELECT * FROM finish();
ROLLBACK;
