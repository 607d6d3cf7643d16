#!/bin/sh
# slctl boot and slctl wait: exit codes, streams, options.
#
#   eval "$(test/server env)"; prove --exec sh test/slctl/boot.sh
. test/slctl/lib.sh

db=slctl_boot
trap 'rm -rf "$work"; psql -Xqd postgres -c "SET client_min_messages = warning" \
	-c "DROP DATABASE IF EXISTS $db"' EXIT
psql -Xqd postgres -c "SET client_min_messages = warning" \
	-c "DROP DATABASE IF EXISTS $db" -c "CREATE DATABASE $db"

sql() {
	psql -XqAt -d "$db" -v VERBOSITY=terse \
		-c 'SET client_min_messages = warning' -c "$1" 2>&1
}

dir=$work/files
mkdir "$dir"
file 1_a.sql 'CREATE TABLE a (id int PRIMARY KEY);\n'
file 2_b.sql 'CREATE TABLE b (id int PRIMARY KEY);\n'

run boot -d "$db"
is "$code|$out" '5|' 'no extension'
run boot -h /nonexistent
is "$code|$out" '5|' 'no server'
# an odd schema, which slctl finds
sql 'CREATE SCHEMA "Odd one"; CREATE EXTENSION schema_lifecycle SCHEMA "Odd one"' >/dev/null
run boot -d "$db"
is "$code|$(printf '%s\n' "$err" | sed -n '2p')" \
	'1|ERROR:  no revision is registered' 'nothing is registered'
run wait -d "$db" --timeout 10ms
is "$code" 4 'wait: not ready in time'
run wait -d "$db" --timeout never
is "$code|$(printf '%s\n' "$err" | head -1)" \
	'1|ERROR:  invalid input syntax for type interval: "never"' 'wait: no interval'
run boot --push "$work/nope" -d "$db"
is "$code" 1 'no such folder: nothing is booted'

run boot --push "$dir" -d "$db"
is "$code|$out" '0|added     1_a
added     2_b
2 added' 'push and boot'
is "$(printf '%s\n' "$err" | sed 's/[0-9]* ms/N ms/; s/lock [0-9]*/lock N/')" \
	'NOTICE:  lock N taken after N ms
NOTICE:  1_a applied, 1 statement, N ms
NOTICE:  2_b applied, 1 statement, N ms
NOTICE:  ready at 2_b after N ms' 'what it says, on standard error'
run boot --expect 2_b "$db"
is "$code|$out" '0|' 'once more: nothing to do'
run boot --expect 1_a "$db"
is "$code" 0 'who expects less is content'
run wait --expect 2_b -d "$db"
is "$code|$out|$err" '0||' 'wait: ready, and silent'

# the program expects what nobody has pushed
run boot --expect 3_c "$db"
is "$code|$(printf '%s\n' "$err" | sed -n '2p')" \
	'1|ERROR:  the expected revision "3_c" is not registered' 'an unknown head'
run wait --expect 3_c --timeout 10ms -d "$db"
is "$code|$out" '4|' 'wait: an unknown head'
run wait --expect "it's \$\$ odd" --timeout 10ms -d "$db"
is "$code" 4 'wait: an odd head is quoted'

# what it cannot put right is drift
sql 'DROP TABLE b' >/dev/null
run boot "$db"
is "$code|$(printf '%s\n' "$err" | grep ERROR)" \
	'3|ERROR:  table public.b was here once, and is gone with its rows' \
	'what was lost: exit 3'
sql 'SELECT FROM "Odd one".sl_repair()' >/dev/null
# a script that fails
file 3_c.sql 'SELECT 1/0;\n'
run boot --push "$dir" -d "$db"
is "$code|$(printf '%s\n' "$err" | grep -e ERROR -e CONTEXT)" \
	'1|ERROR:  division by zero
CONTEXT:  revision "3_c", statement 1 (line 1)' 'a script that fails: exit 1'
file 3_c.sql 'CREATE TABLE c (id int);\n'
run boot --push="$dir" -d "$db"
is "$code" 0 'put right'
# --source and --prune are the push's
file 9_gone.sql 'CREATE TABLE gone (id int);\n'
run push "$dir" --source ours -d "$db"
rm "$dir/9_gone.sql"
run boot --push "$dir" --source ours --prune -d "$db"
is "$code|$(printf '%s\n' "$out" | sed -n 1p)|$(sql \
	"SELECT string_agg(DISTINCT source, ' ') FROM \"Odd one\".sl_revision")" \
	'0|withdrawn 9_gone|ours' 'boot passes --source and --prune to the push'

# the level is there, and a right of the scripts is not
sql "CREATE ROLE slctl_boot_ci LOGIN; SELECT FROM \"Odd one\".sl_grant('slctl_boot_ci', 'deploy')" >/dev/null
file 3_x.sql 'ALTER TABLE c ADD COLUMN x int;\n'
run push "$dir" --source ours -d "$db"
run boot "$db" -U slctl_boot_ci
is "$code|$(printf '%s\n' "$err" | grep -e ERROR -e slctl)" \
	'1|ERROR:  must be owner of table c
slctl: The level deploy is there; what the scripts need: SELECT * FROM "Odd one".sl_preflight() WHERE NOT ok;' \
	'a right that a script lacks is not the level'
sql "SELECT FROM \"Odd one\".sl_revoke('slctl_boot_ci', 'read')" >/dev/null
run boot "$db" -U slctl_boot_ci
is "$code|$(printf '%s\n' "$err" | grep -c ERROR)|$(printf '%s\n' "$err" | grep slctl)" \
	"1|1|slctl: An admin has to run: SELECT \"Odd one\".sl_grant('slctl_boot_ci', 'deploy');" \
	'without the level: one error, and who can help'
run boot "$db"
sql "DROP OWNED BY slctl_boot_ci; DROP ROLE slctl_boot_ci" >/dev/null

# somebody else is at it
mkfifo "$work/in"
psql -XqAt -d "$db" <"$work/in" >"$work/locker" 2>&1 &
exec 9>"$work/in"
echo "SELECT pg_advisory_lock(8314604121892151148); SELECT 'locked';" >&9
until grep -q locked "$work/locker"; do
	sleep 0.1
done
file 4_d.sql 'CREATE TABLE d (id int);\n'
PGOPTIONS='-c schema_lifecycle.lock_wait=100ms' run boot --push "$dir" -d "$db"
is "$code" 4 'busy: exit 4'
echo 'SELECT pg_advisory_unlock_all();' >&9
exec 9>&-
wait
is "$(ls "$TMPDIR")" '' 'no temporary file is left'
run boot --push
is "$code|${err%%"$nl"usage*}" '1|slctl: --push needs a value' 'an option without its value'

echo "1..$count"
