#!/bin/sh
# The text of sl_script(), run by psql, ends where CALL sl_migrate() does: the
# same facts, the same graph, the same rows; and back again.
#
# Dollar signs in single quotes are meant as they stand.
# shellcheck disable=SC2016
. test/slctl/lib.sh

drop_all() {
	psql -X -q -d postgres -c 'SET client_min_messages = warning' \
		-c 'DROP DATABASE IF EXISTS slctl_by_text WITH (FORCE)' \
		-c 'DROP DATABASE IF EXISTS slctl_by_call WITH (FORCE)' >/dev/null 2>&1
}
trap 'drop_all; rm -rf "$work"' EXIT
sql() {
	psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$1" -c 'SET client_min_messages = warning' -c "$2" 2>&1
}
both() {
	sql slctl_by_text "$1" >"$work/text" || note "$(cat "$work/text")"
	sql slctl_by_call "$1" >"$work/call" || note "$(cat "$work/call")"
}
# same NAME: both databases are in the same state
same() {
	both "SELECT sl_fingerprint();
		SELECT revision, state, is_head FROM sl_graph() ORDER BY ordinal;
		SELECT problem, revision FROM sl_check_graph() ORDER BY 1, 2;
		SELECT * FROM sl_pending('heads')"
	is "$(cat "$work/text")" "$(cat "$work/call")" "$1"
}
# by_text CALL FILE: run the text as it is meant to be run; leaves $code
by_text() {
	sql slctl_by_text "SELECT $1" >"$2"
	code=0
	psql -X -q -d slctl_by_text -f - <"$2" >"$work/out" 2>"$work/err" || code=$?
}

drop_all
for db in slctl_by_text slctl_by_call; do
	psql -X -q -d postgres -c "CREATE DATABASE $db TEMPLATE template0 ENCODING 'UTF8'"
done
cat >"$work/setup.sql" <<'SQL'
CREATE EXTENSION schema_lifecycle;
SELECT sl_register('001', $$CREATE TABLE t (id serial PRIMARY KEY, v text);
COPY t (v) FROM stdin;
plain
sm\\ørrebrød\t:v
\N
\.
SET search_path = pg_catalog; SET client_encoding = latin1; SET work_mem = '64kB';
CREATE TEMP TABLE scratch (i int);
SET ROLE pg_monitor;$$, 'DROP TABLE t CASCADE', NULL, 'versioned', 'begins');
SELECT sl_register('002', $x$-- :comment
CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;
CREATE RULE r AS ON DELETE TO t DO ALSO (SELECT 1; SELECT 2);
COMMENT ON TABLE t IS 'it''s :USER a $sl$ "x" \ E';
DO $sl$ BEGIN EXECUTE 'CREATE TABLE by_do (i int)'; END $sl$;
SELECT (ARRAY[1,2,3])[1:2];
ALTER TABLE t ADD COLUMN e text DEFAULT E'a\\b\nc'
-- last
$x$, 'DROP FUNCTION f(); DROP RULE r ON t; DROP TABLE by_do; ALTER TABLE t DROP COLUMN e');
SELECT sl_register('003', 'CREATE INDEX CONCURRENTLY t_v ON t (v); VACUUM t;', 'DROP INDEX CONCURRENTLY t_v');
SELECT sl_register('b$sl$''"', 'CREATE TABLE b (i int)', 'DROP TABLE b', '{002}');
SELECT sl_register('merge', 'CREATE TABLE m (i int)', 'DROP TABLE m', ARRAY['003', 'b$sl$''"']);
SELECT sl_register('rep', 'CREATE OR REPLACE VIEW view_t AS SELECT id FROM public.t', NULL, NULL, 'repeatable');
SELECT sl_register('seed', 'INSERT INTO t (v) VALUES (''seed'')', NULL, NULL, 'seed');
SQL
both "$(cat "$work/setup.sql")"
same 'both begin the same'

# the lock of somebody else's run
mkfifo "$work/in"
psql -X -q -A -t -d slctl_by_text <"$work/in" >"$work/locker" 2>&1 &
exec 9>"$work/in"
echo "BEGIN; SELECT 'locked' FROM pg_advisory_xact_lock(8314604121892151148);" >&9
until grep -q locked "$work/locker"; do
	sleep 0.1
done
by_text 'sl_script()' "$work/up.sql"
is "$code|$(grep -c 'another migration is running' "$work/err")" '3|1' 'not beside another run'
same 'and nothing was done'
echo 'COMMIT;' >&9
exec 9>&-
wait

by_text 'sl_script()' "$work/up.sql"
is "$code|$(cat "$work/err")" '0|' 'the text runs'
sql slctl_by_call 'CALL sl_migrate()' >"$work/migrate"
same 'it ends where CALL sl_migrate() does'
both 'SELECT * FROM t ORDER BY id'
is "$(cat "$work/text")" "$(cat "$work/call")" 'with the same rows'
is "$(sql slctl_by_text 'SELECT count(*) FROM t')" 4 'which are there'
is "$(sql slctl_by_text "SELECT string_agg(DISTINCT action || ' ' || outcome, ',') FROM sl_history")" \
	'resolve applied' 'the history says by what'
code=0
psql -X -q -d slctl_by_text -f "$work/up.sql" >/dev/null 2>"$work/err" || code=$?
is "$code|$(grep -c 'not as they were when this script was written: 001, 002, 003' "$work/err")" \
	'3|1' 'it does not run twice'

# and back
by_text "sl_script('b', 'down')" "$work/down.sql"
is "$code|$(cat "$work/err")" '0|' 'the way back to a branch runs'
sql slctl_by_call "CALL sl_revert_online('b')" >"$work/revert"
same 'it ends where CALL sl_revert_online() does'
both 'CREATE TABLE standing (i int)'
by_text "sl_script('base', 'down')" "$work/down.sql"
is "$code|$(sed 's/.*NOTICE/NOTICE/' "$work/err")" '0|NOTICE:  drop cascades to view view_t' \
	'the way back to the base runs'
sql slctl_by_call "CALL sl_revert_online('base')" >"$work/revert"
same 'and ends the same'

# a failure leaves what came before it, and no more
both "SELECT sl_register('003', 'CREATE TABLE half (i int); SELECT 1/0', 'DROP TABLE half')"
by_text 'sl_script()' "$work/up.sql"
is "$code|$(grep -c 'division by zero' "$work/err")" '3|1' 'a failure ends psql'
is "$(sql slctl_by_text "SELECT string_agg(revision, ',' ORDER BY ordinal) FROM sl_graph() WHERE state = 'applied' AND kind = 'versioned'")|$(sql slctl_by_text "SELECT to_regclass('half')")" \
	'001,002|' 'what came before it stays, it does not'
is "$(sql slctl_by_text 'SELECT count(*) FROM pg_locks WHERE locktype = '"'advisory'")" 0 \
	'and no lock is left'

finish
