#!/bin/sh
# S5, the order of a boot.
#
# A scheduler queried tables before the migrations had run, and several
# processes migrated at once.  The order has to be: connect, lock (42424242),
# migrate once, seed once, unlock, then services, then HTTP.  The migrations
# are plain CREATE TABLE; a repair may be run for ever.
#
#   eval "$(test/server env)"; prove --exec sh test/stories/s5_boot_order.sh
. test/slctl/lib.sh

trap 'rm -rf "$work"; psql -Xqd postgres -c "SET client_min_messages = warning" \
	-c "DROP DATABASE IF EXISTS story_s5"' EXIT
psql -Xqd postgres -c "SET client_min_messages = warning" \
	-c "DROP DATABASE IF EXISTS story_s5" -c "CREATE DATABASE story_s5"
PGDATABASE=story_s5
export PGDATABASE

# sql STATEMENT: what it gives, errors by their first line
sql() {
	psql -XqAt -v VERBOSITY=terse -c 'SET client_min_messages = warning' \
		-c "$1" 2>&1
}

sql 'CREATE EXTENSION schema_lifecycle' >"$work/create"
sql "ALTER DATABASE story_s5 SET schema_lifecycle.lock_keys = '42424242'" \
	>>"$work/create"
is "$(cat "$work/create")" '' 'the extension, and the key of the project'

files=$work/migrations
mkdir "$files"
echo 'CREATE TABLE jobs (id serial PRIMARY KEY, name text NOT NULL);' \
	>"$files/0001_jobs.sql"
echo 'CREATE TABLE runs (id serial PRIMARY KEY, job int NOT NULL REFERENCES jobs);' \
	>"$files/0002_runs.sql"
printf '%s\n' '-- sl:kind seed' "INSERT INTO jobs (name) VALUES ('daily'), ('hourly');" \
	>"$files/0003_seed.sql"
printf '%s\n' '-- sl:kind repeatable' \
	'UPDATE jobs SET name = lower(name) WHERE name <> lower(name);' \
	>"$files/9999_production_repair.sql"

# the scheduler and three web processes wait at the gate before anybody boots
for who in scheduler web1 web2 web3; do
	("$SLCTL" wait --timeout '5 min' >"$work/$who" 2>&1 &&
		sql "SELECT '$who', count(*) FROM jobs" >"$work/$who.first" 2>&1) &
done
until [ "$(sql "SELECT count(*) FROM pg_stat_activity
	WHERE query LIKE '%sl_wait_ready%' AND pid <> pg_backend_pid()")" = 4 ]; do
	sleep 0.1
done
is "$(find "$work" -name '*.first' -size +0)" '' 'nobody is let in to an empty database'
run status
is "$code" 2 'the health check says that it is behind'

# then all start scripts at once, as on a deploy
n=0
while [ $n -lt 5 ]; do
	n=$((n + 1))
	("$SLCTL" boot --push "$files" >"$work/out$n" 2>&1
		echo $? >"$work/code$n") &
done
wait
is "$(cat "$work"/code* | tr -d '\n')" '00000' 'five boots at once, all succeed'
is "$(sql "SELECT revision, count(*) FROM sl_history WHERE action = 'apply'
	AND outcome = 'ok' GROUP BY revision ORDER BY revision")" '0001_jobs|1
0002_runs|1
0003_seed|1
9999_production_repair|1' 'migrated once, seeded once'
is "$(cat "$work"/*.first | sort)" 'scheduler|2
web1|2
web2|2
web3|2' 'the first query of everybody who waited saw the seed'
is "$(sql 'SELECT count(*) FROM jobs')" 2 'and nothing came twice'
run status --json
is "$code|$(printf '%s' "$out" | grep -o '"status": "[a-z]*"')" '0|"status": "ok"' \
	'the health answer is ok'

# the next deploys
run boot --push "$files"
is "$code|$(printf '%s\n' "$err" | grep -c 'applied')" '0|0' \
	'a second boot does nothing'
echo 'CREATE TABLE logs (id serial PRIMARY KEY);' >"$files/0004_logs.sql"
printf '%s\n' '-- sl:kind repeatable' \
	"UPDATE jobs SET name = trim(lower(name)) WHERE name <> trim(lower(name));" \
	>"$files/9999_production_repair.sql"
run boot --push "$files"
is "$code|$(printf '%s\n' "$err" | grep -o '[0-9a-z_]* applied' | tr '\n' ' ')" \
	'0|0004_logs applied 9999_production_repair applied ' \
	'a new file and a changed repair run, the seed does not'

# a process dies in the middle: the next one goes on from there
echo 'SELECT pg_sleep(600);' >"$files/0005_slow.sql"
echo 'CREATE TABLE late (id int);' >"$files/0006_late.sql"
("$SLCTL" boot --push "$files" >"$work/dies" 2>&1; echo $? >"$work/died") &
until sql "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%0005_slow%'
	AND pid <> pg_backend_pid()" | grep -q 1; do
	sleep 0.1
done
("$SLCTL" wait --expect 0004_logs --timeout 1s >"$work/gate" 2>&1
	echo $? >>"$work/gate")
is "$(tail -1 "$work/gate")" 0 'who needs no more than 0004 goes on meanwhile'
("$SLCTL" wait --expect 0001_jobs,0006_late --timeout 1s >"$work/gate" 2>&1
	echo $? >>"$work/gate")
is "$(tail -1 "$work/gate")" 4 'who needs 0006 waits, in vain'
sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	WHERE query LIKE '%0005_slow%' AND pid <> pg_backend_pid()" >/dev/null
wait
is "$(cat "$work/died" | grep -c '^[15]$')" 1 'the one that died says so'
echo 'SELECT 1;' >"$files/0005_slow.sql"
run boot --push "$files"
is "$code|$(printf '%s\n' "$err" | grep -o '[0-9a-z_]* applied' | tr '\n' ' ')" \
	'0|0005_slow applied 0006_late applied ' 'the next one goes on from there'

echo "1..$count"
