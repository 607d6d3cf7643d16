#!/bin/sh
# The real Alembic goes on running the migrations, and is observed.
#
# An honest upgrade works, in one transaction or one a migration, and leaves
# its footprints; a stamp on a database without the tables fails and names
# them, also where only one of two is missing, and where nothing is known of
# what the revision does.
#
#   eval "$(test/server env)"; prove --exec sh test/stories/observe_alembic.sh
. test/slctl/lib.sh

if ! command -v alembic >/dev/null; then
	echo "1..0 # SKIP alembic is not installed"
	exit 0
fi
if ! /usr/bin/python3 -c 'import psycopg2' 2>/dev/null; then
	echo "1..0 # SKIP python3-psycopg2 is not installed"
	exit 0
fi

trap 'rm -rf "$work"; drop_databases' EXIT
project=$work/project
cp -R test/fixtures/alembic_s2 "$project"
PYTHONDONTWRITEBYTECODE=1
PGOPTIONS='-c search_path=public,ops'
export PYTHONDONTWRITEBYTECODE PGOPTIONS
mkdir "$work/scripts"
(cd "$project" && DATABASE_URL='' alembic upgrade head --sql 2>/dev/null) \
	>"$work/scripts/upgrade.sql"

drop_databases() {
	psql -Xqd postgres -c "SET client_min_messages = warning" \
		-c "DROP DATABASE IF EXISTS observe_a WITH (FORCE)" \
		-c "DROP DATABASE IF EXISTS observe_b WITH (FORCE)" \
		-c "DROP DATABASE IF EXISTS observe_c WITH (FORCE)" \
		-c "DROP DATABASE IF EXISTS observe_d WITH (FORCE)" \
		-c "DROP DATABASE IF EXISTS observe_e WITH (FORCE)"
}

# database NAME: a new one with the extension, from here on
database() {
	psql -Xqd postgres -c "CREATE DATABASE $1"
	PGDATABASE=$1
	DATABASE_URL=postgresql+psycopg2:///$1
	export PGDATABASE DATABASE_URL
	sql 'CREATE SCHEMA ops; CREATE EXTENSION schema_lifecycle SCHEMA ops'
}

# alembic_ ARGUMENTS...: in the project; leaves $code and $error, which is
# what the server said
alembic_() {
	code=0
	(cd "$project" && alembic "$@" >"$work/stdout" 2>"$work/stderr") || code=$?
	error=$(sed -n '/^psycopg2/,/^$/p' "$work/stderr" | sed '/^$/,$d')
}

sql() {
	psql -XqAt -v VERBOSITY=terse -c 'SET client_min_messages = warning' \
		-c "$1" 2>&1
}

version() {
	sql 'SELECT version_num FROM alembic_version'
}

history() {
	sql "SELECT revision || ' ' || action || ' ' || outcome || ' ' ||
		coalesce(evidence, '-') FROM sl_history ORDER BY id"
}

drop_databases

#
# Only the graph is known: the Python files are pushed
#
database observe_a
run push "$project/alembic/versions"
is "$code" 0 "the files are pushed: eight external revisions"
alembic_ ensure_version
is "$code|$(sql "SELECT sl_observe('alembic_version', 'deny')")" "0|alembic" \
	"Alembic's table is observed: deny"
alembic_ stamp head
is "$code|$error" '1|psycopg2.DatabaseError: "public.alembic_version" does not take what the catalog does not bear out
DETAIL:  011_organisations: nothing is known of what it does, and nothing was changed.
012_users: nothing is known of what it does, and nothing was changed.
013_plan: nothing is known of what it does, and nothing was changed.
014_api_keys: nothing is known of what it does, and nothing was changed.
015_users_name: nothing is known of what it does, and nothing was changed.
016_audit: nothing is known of what it does, and nothing was changed.
017_sessions: nothing is known of what it does, and nothing was changed.
018_add_notifications: nothing is known of what it does, and nothing was changed.
HINT:  Run it ("alembic upgrade head") instead of a stamp. What is there without having run can be recorded after sl_unobserve('"'public.alembic_version'"').' \
	"a stamp fails, though nothing is known of the revisions"
is "$(version)|$(history)" "|" "nothing was recorded, there or here"
alembic_ upgrade 016_audit
is "$code|$(version)" "0|016_audit" "an honest upgrade works: six in one transaction"
is "$(history)" "011_organisations adopt ok observed
012_users adopt ok observed
013_plan adopt ok observed
014_api_keys adopt ok observed
015_users_name adopt ok observed
016_audit adopt ok observed" "each has left its footprint"
is "$(sql "SELECT class, identity FROM sl_expected('013_plan') EXCEPT
	SELECT class, identity FROM sl_expected('012_users') ORDER BY 1, 2")" \
	"column|public.organisations.plan
enum|public.plan" "and each its own"
is "$(sql "SELECT sl_verify('016_audit'), s ->> 'verdict',
	s -> 'drift' ->> 'unexpected' FROM sl_status('016_audit') AS s")" "t|ok|0" \
	"the database is verified, as nobody's word but the catalog's"
TRANSACTION_PER_MIGRATION=1
export TRANSACTION_PER_MIGRATION
alembic_ upgrade head
is "$code|$(version)|$(sql "SELECT sl_verify('018_add_notifications')")" \
	"0|018_add_notifications|t" "so does one with a transaction a migration"
unset TRANSACTION_PER_MIGRATION
alembic_ downgrade 016_audit
is "$code|$(version)|$(history | tail -2)" "0|016_audit|018_add_notifications revert ok observed
017_sessions revert ok observed" "a downgrade works, and the history follows"
is "$(sql "SELECT sl_verify('016_audit')")" t "what is left is verified"

#
# Now it is known what they do
#
alembic_ stamp head
is "$code|$(printf '%s\n' "$error" | grep -v HINT)" '1|psycopg2.DatabaseError: "public.alembic_version" does not take what the catalog does not bear out
DETAIL:  017_sessions: table public.sessions (expires_at, id, token, user_id) is missing.
018_add_notifications: table public.notifications (body, id, read_at, user_id) is missing.' \
	"a stamp fails and names the tables that are missing"
sql 'CREATE TABLE sessions (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users (id),
	token varchar(64) NOT NULL, expires_at timestamptz NOT NULL);
	CREATE INDEX ix_sessions_user_id ON sessions (user_id)'
alembic_ stamp head
is "$code|$(printf '%s\n' "$error" | grep -v HINT)" '1|psycopg2.DatabaseError: "public.alembic_version" does not take what the catalog does not bear out
DETAIL:  018_add_notifications: table public.notifications (body, id, read_at, user_id) is missing.' \
	"also where only one of two is missing"
alembic_ stamp 017_sessions
is "$code|$(version)|$(history | tail -1)" "0|017_sessions|017_sessions adopt ok observed" \
	"what is there may be stamped"
alembic_ upgrade head
is "$code|$(version)|$(sql "SELECT sl_verify('018_add_notifications')")" \
	"0|018_add_notifications|t" "and the rest is run"
is "$(sql "SELECT sl_unobserve('alembic_version');
	SELECT count(*) FROM pg_event_trigger")|$(sql "SELECT count(*)
	FROM pg_trigger WHERE NOT tgisinternal")" "
0|0" "unobserved: both triggers are gone"

#
# The scripts are known: a stamp is held against what was rehearsed
#
database observe_b
run push "$work/scripts"
sql 'CALL sl_rehearse()'
alembic_ ensure_version
sql "SELECT sl_observe('alembic_version', 'deny')" >"$work/mode"
alembic_ stamp head
is "$code|$(printf '%s\n' "$error" | grep -c 'is missing')|$(
	printf '%s\n' "$error" | grep -c 'public.sessions (expires_at, id, token, user_id)')" \
	"1|8|1" "a stamp of all fails, and names what each would have made"
alembic_ upgrade head
is "$code|$(sql "SELECT sl_verify()")" "0|t" "an honest upgrade works"
is "$(history | sort | uniq -c | awk '{ print $3, $4, $5 }' | sort -u)" \
	"adopt ok rehearsed" "what was rehearsed is not written over"

#
# The guard lets the tool work, and nobody else
#
sql "SELECT sl_guard('deny')" >"$work/mode"
is "$(sql 'CREATE TABLE by_hand (a int)' | cut -c 1-6)" "ERROR:" \
	"DDL by hand is denied"
alembic_ downgrade 016_audit
is "$code|$(version)" "0|016_audit" "Alembic's is not, down"
alembic_ upgrade head
is "$code|$(sql "SELECT sl_verify()")" "0|t" "and up"
sql "SELECT sl_guard('off')" >"$work/mode"

#
# Another run has the lock: deny fails, record tells
#
mkfifo "$work/in"
psql -XqAt <"$work/in" >"$work/locker" 2>&1 &
exec 9>"$work/in"
echo "BEGIN; SELECT sl_require('users', 'table users'), 'locked' FROM
	sl_stamp('018_add_notifications') RIGHT JOIN (SELECT 1) AS one ON true;" >&9
until grep -q locked "$work/locker"; do
	sleep 0.1
done
is "$(sql "UPDATE alembic_version SET version_num = '017_sessions'" | sed 's/process.*//')" \
	"ERROR:  another migration is running in " "deny: the lock is busy"
is "$(version)" "018_add_notifications" "and nothing was written"
echo 'ROLLBACK;' >&9
exec 9>&-
wait

#
# warn and record: nothing is refused, and nothing is believed
#
database observe_c
run push "$work/scripts"
sql 'CALL sl_rehearse()'
alembic_ ensure_version
sql "SELECT sl_observe('alembic_version', 'warn')" >"$work/mode"
alembic_ stamp 011_organisations
is "$code|$(version)|$(history)" \
	"0|011_organisations|011_organisations adopt stamped rehearsed" \
	"warn: the stamp is recorded as what it is"
is "$(psql -XqAt -v VERBOSITY=terse -c \
	"UPDATE alembic_version SET version_num = '012_users'" 2>&1)" \
	'WARNING:  "public.alembic_version" was given what the catalog does not bear out' \
	"and who stamps is told"
sql "SELECT sl_observe('alembic_version')" >"$work/mode"
alembic_ stamp head
is "$code|$(version)|$(sql "SELECT s ->> 'verdict', s ->> 'status' FROM sl_status() AS s")" \
	"0|018_add_notifications|stamped|down" "record: the status says it"
is "$(psql -XqAt -v VERBOSITY=terse -c \
	"UPDATE alembic_version SET version_num = 'zzz'" 2>&1)|$(history | tail -1)" \
	'WARNING:  "public.alembic_version" names revisions that are not registered: nothing is recorded of them|018_add_notifications adopt stamped rehearsed' \
	"a revision that nobody knows takes nothing back"

#
# A dump brings it along, and what is restored goes with the extension, too
#
sql "SELECT sl_observe('alembic_version', 'deny')" >"$work/mode"
psql -Xqd postgres -c 'CREATE DATABASE observe_d'
pg_dump observe_c | psql -XqAtd observe_d -v ON_ERROR_STOP=1 >"$work/out" 2>&1
is "$?|$(grep -c ERROR "$work/out")" "0|0" "an observed database is dumped and restored"
PGDATABASE=observe_d
is "$(version)|$(psql -XqAt -v VERBOSITY=terse -c \
	"UPDATE alembic_version SET version_num = '018_add_notifications'" 2>&1)" \
	'zzz|ERROR:  "public.alembic_version" does not take what the catalog does not bear out' \
	"there it is observed as before"
is "$(sql 'DROP EXTENSION schema_lifecycle')$(sql "SELECT
	(SELECT count(*) FROM pg_event_trigger),
	(SELECT count(*) FROM pg_trigger WHERE tgname ~ 'lifecycle')")" "0|0" \
	"and goes without a CASCADE"
PGDATABASE=observe_c

#
# Nothing is left of it when the extension goes
#
sql 'DROP EXTENSION schema_lifecycle'
alembic_ stamp --purge base
is "$code|$(sql "SELECT (SELECT count(*) FROM pg_event_trigger),
	(SELECT count(*) FROM pg_trigger WHERE tgname ~ 'lifecycle')")" "0|0|0" \
	"without the extension Alembic is alone with its table"
alembic_ upgrade head
is "$code|$(version)" "0|018_add_notifications" "and goes on"

#
# Alembic was there first: what it has done already is taken over
#
database observe_e
alembic_ upgrade 016_audit
run push "$work/scripts"
sql 'CALL sl_rehearse()'
is "$(psql -XqAt -c "SELECT sl_observe('alembic_version', 'deny')" 2>&1)" \
	"NOTICE:  the history of alembic in public.alembic_version is taken over: 6 revisions
alembic" "observed late: what the table says is taken over"
alembic_ upgrade head
is "$code|$(sql 'SELECT count(*) FROM sl_pending()')|$(
	sql "SELECT sl_verify('018_add_notifications')")" "0|0|t" \
	"and nothing of it is pending ever after"

echo "1..$count"
