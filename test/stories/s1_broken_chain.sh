#!/bin/sh
# S1, the broken chain.
#
# Two Alembic revisions name each other as parent, so Alembic refuses
# everything.  The database already has add_self_service_dining, which was
# applied when a005 and a006 were put below it.  The cycle is named from the
# Python files before anything runs; with the chain put right, the server runs
# exactly what is missing.  A database in any other state is brought to the head
# by one call.  Real Alembic, from Debian's package.
#
#   eval "$(test/server env)"; prove --exec sh test/stories/s1_broken_chain.sh
. test/slctl/lib.sh

database=story_s1
psql -Xqd postgres -c "SET client_min_messages = warning" \
	-c "DROP DATABASE IF EXISTS $database" \
	-c "CREATE DATABASE $database"
PGDATABASE=$database
export PGDATABASE
# files that sed changes within a second keep size and time: Python would take
# the stale bytecode for them
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
trap 'rm -rf "$work"; psql -Xqd postgres -c "DROP DATABASE $database"' EXIT

# sql STATEMENT: what it gives, errors by their first line
sql() {
	psql -XqAt -v VERBOSITY=terse -c 'SET client_min_messages = warning' \
		-c "$1" 2>&1
}

# sqlstate STATEMENT: of the error it raises
sqlstate() {
	psql -XqAt -v VERBOSITY=sqlstate -c "$1" 2>&1
}

# alembic_sql DIR: what alembic upgrade would run; its log only if it fails
alembic_sql() {
	(cd "$1" && alembic upgrade head --sql 2>"$work/alembic") && return
	note "$(cat "$work/alembic")" >&2
	return 1
}

project=$work/project
cp -R test/fixtures/alembic_s1 "$project"
versions=$project/alembic/versions
if ! command -v alembic >/dev/null; then
	echo "1..0 # SKIP alembic is not installed"
	exit 0
fi
sql 'CREATE EXTENSION schema_lifecycle' >"$work/create" || cat "$work/create"

# Alembic itself gives up
is "$(cd "$project" && alembic heads 2>&1 | grep -c 'Cycle is detected')" 1 \
	"alembic refuses everything"

# the command line finds it in the files alone
run head "$versions"
is "$code" 1 "slctl head fails on the cycle"
is "$(printf '%s\n' "$err" | grep -c -e 'a004 -> add_self_service_dining -> a004' \
	-e 'add_self_service_dining -> a004 -> add_self_service_dining')" 1 \
	"and names its members"

# the server says the same of the pushed files, and runs nothing
run push "$versions"
is "$code|$(printf '%s\n' "$out" | tail -1)" "1|7 added" \
	"the files can be pushed all the same, and the push says what is wrong"
is "$(sql "SELECT revision, detail FROM sl_check_graph()
	WHERE problem = 'cycle' ORDER BY revision")" \
	"a004|a004 -> add_self_service_dining -> a004
add_self_service_dining|add_self_service_dining -> a004 -> add_self_service_dining" \
	"sl_check_graph gives a row a member"
is "$(sqlstate 'CALL sl_migrate()')" "ERROR:  SL001" "a run is refused"

# the chain put right: linear, with the late-comer at its end
sed -i "s/^down_revision = 'add_self_service_dining'/down_revision = 'a003'/" \
	"$versions/a004_order_items.py"
sed -i 's/"a004"$/"a006"/' "$versions/add_self_service_dining.py"
run head "$versions"
is "$code|$out" "0|add_self_service_dining" "one head, no cycle"
is "$(cd "$project" && alembic heads 2>/dev/null)" \
	"add_self_service_dining (head)" "alembic agrees"
run push "$versions"
is "$(sql "SELECT count(*) FROM sl_check_graph()
	WHERE severity = 'error'")" 0 "the graph is sound"

# a database that has a001 to a004 and add_self_service_dining, as it was
# when that one stood on a004
old=$work/old
cp -R "$project" "$old"
sed -i 's/"a006"$/"a004"/' "$old/alembic/versions/add_self_service_dining.py"
rm "$old/alembic/versions/a005_payments.py" \
	"$old/alembic/versions/a006_order_notes.py"
alembic_sql "$old" >"$work/old.sql"
is "$?|$(grep -c '^-- Running upgrade' "$work/old.sql")" "0|5" \
	"alembic writes the SQL of five revisions"
is "$(psql -XqAt -v ON_ERROR_STOP=1 -f "$work/old.sql" >"$work/psql" 2>&1 ||
	cat "$work/psql")" "" "alembic's own SQL makes the old database"

# the scripts that Alembic would run, for the whole chain
mkdir "$work/scripts"
alembic_sql "$project" >"$work/scripts/upgrade.sql"
is "$?|$(grep -c '^-- Running upgrade' "$work/scripts/upgrade.sql")" "0|7" \
	"alembic writes the SQL of all seven"
run push "$work/scripts"
is "$code" 0 "the output of alembic upgrade --sql is pushed"
is "$(sqlstate 'CALL sl_migrate()')" "ERROR:  SL010" \
	"objects without a history are not run over"

# what is there is said, for each by itself: the two new ones are not
is "$(sql "SELECT string_agg(stamped, ' ')
	FROM sl_stamp('a004', true, 'there before the repair')")" \
	"a001 a002 a003 a004" "a001 to a004 are stamped, by force"
is "$(sql "SELECT sl_resolve('add_self_service_dining', 'applied',
	'applied when it stood on a004')")" \
	"add_self_service_dining" "so is add_self_service_dining alone"
is "$(sql "SELECT severity, problem, revision FROM sl_check_graph()")" \
	"warning|gap|add_self_service_dining" "the gap is a warning"
is "$(sql "SELECT revision FROM sl_pending()")" "a005
a006" "what is pending is what is missing"

is "$(sql 'CALL sl_migrate()')" "" "the run fills the gap"
is "$(sql "SELECT string_agg(revision, ' ' ORDER BY id) FROM sl_history
	WHERE action = 'apply' AND outcome = 'ok'")" "a005 a006" \
	"and nothing else ran"
is "$(sql "SELECT to_regclass('payments') IS NOT NULL,
	count(*) FROM pg_attribute
	WHERE attrelid = 'orders'::regclass AND attname IN ('note', 'taken_by')")" \
	"t|2" "their objects are there"
is "$(sql 'SELECT count(*) FROM sl_check_graph()')" 0 "nothing is left to say"

# at head; but of the five that were there before, nobody saw what they did
run status
is "$code" 3 "slctl status: what was only said is not verified"
is "$(sql "SELECT s ->> 'verdict', s -> 'history' ->> 'at_head',
	s -> 'coverage' ->> 'unverifiable', s ->> 'ready' FROM sl_status() AS s")" \
	"unverifiable|true|5|true" "at head, ready, and honest about the rest"

#
# By one call, whatever state the database is in
#

# state NAME: a database with the scripts pushed, from here on
state() {
	psql -Xqd postgres -c "SET client_min_messages = warning" \
		-c "DROP DATABASE IF EXISTS story_s1_$1" -c "CREATE DATABASE story_s1_$1"
	states="$states story_s1_$1"
	PGDATABASE=story_s1_$1
	export PGDATABASE
	sql 'CREATE EXTENSION schema_lifecycle' >"$work/create"
	run push "$work/scripts"
}
# booted: how it ended, and what is there
booted() {
	run boot
	note "$err" >"$work/log"
	[ "$code" = 0 ] || cat "$work/log" >&2
	echo "$code|$(sql "SELECT sl_status()->>'verdict'")|$(sql 'SELECT sl_fingerprint()')"
}
# statements N...: the scripts of these revisions alone, as psql would run them
statements() {
	for id in "$@"; do
		sql "SELECT up FROM sl_registry WHERE revision = '$id'"
		echo ';'
	done
}
states=
drop_states() {
	for name in $states; do
		psql -Xqd postgres -c "DROP DATABASE IF EXISTS $name"
	done
}
trap 'drop_states; rm -rf "$work"; psql -Xqd postgres -c "DROP DATABASE $database"' EXIT

state fresh
is "$(booted | cut -d '|' -f 1,2)" '0|ok' 'a fresh database'
wanted="0|ok|$(sql 'SELECT sl_fingerprint()')"
statements a001 a002 a003 a004 a005 a006 add_self_service_dining >"$work/all"
statements a001 a002 a003 a004 add_self_service_dining >"$work/some"
statements a001 a003 >"$work/odd"

state hand
is "$(psql -Xqf "$work/all" 2>&1)$(booted)" "$wanted" \
	'all tables and no version row: recognised as what it is'
is "$(sql "SELECT action, count(*) FROM sl_history GROUP BY 1")" 'adopt|7' \
	'adopted, and nothing ran'

state some
is "$(psql -Xqf "$work/some" 2>&1)$(booted)" "$wanted" \
	'add_self_service_dining applied before a005 and a006'
is "$(sql "SELECT action, string_agg(revision, ' ' ORDER BY id) FROM sl_history
	GROUP BY 1 ORDER BY 1")" 'adopt|a001 a002 a003 a004 add_self_service_dining
apply|a005 a006' 'what is there is recorded, what is not there runs'

state odd
psql -Xqf "$work/odd" >"$work/psql" 2>&1
is "$(booted)" "$wanted" 'some tables of the middle'

state version_row
psql -Xqf "$work/some" >"$work/psql" 2>&1
sql "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
	INSERT INTO alembic_version VALUES ('add_self_service_dining')" >/dev/null
is "$(booted | cut -d '|' -f 1,2)" '0|ok' \
	'a version row at the head that two revisions below contradict'
is "$(sql 'TABLE alembic_version')" 'add_self_service_dining' \
	'and the row is true now'
is "$(cd "$project" && DATABASE_URL="postgresql+psycopg2:///$PGDATABASE" \
	alembic heads 2>/dev/null)" 'add_self_service_dining (head)' 'for Alembic, too'

echo "1..$count"
