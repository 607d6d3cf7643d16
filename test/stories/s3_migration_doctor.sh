#!/bin/sh
# S3, the migration doctor, as one call.
#
# Web and worker processes each migrate at boot, under advisory lock 73219011.
# If the chain is broken, four columns, their indexes and an owner CHECK have
# to be there all the same; a status endpoint shows migrated, current, head,
# at_head and a boolean for each requirement.  Nobody ever lies in the history.
#
#   eval "$(test/server env)"; prove --exec sh test/stories/s3_migration_doctor.sh
. test/slctl/lib.sh

trap 'rm -rf "$work"; psql -Xqd postgres -c "SET client_min_messages = warning" \
	-c "DROP DATABASE IF EXISTS story_s3"' EXIT
psql -Xqd postgres -c "SET client_min_messages = warning" \
	-c "DROP DATABASE IF EXISTS story_s3" -c "CREATE DATABASE story_s3"
PGDATABASE=story_s3
export PGDATABASE

# sql STATEMENT: what it gives, errors by their first line
sql() {
	psql -XqAt -v VERBOSITY=terse -c 'SET client_min_messages = warning' \
		-c "$1" 2>&1
}

sql 'CREATE EXTENSION schema_lifecycle' >"$work/create"
sql "ALTER DATABASE story_s3 SET schema_lifecycle.lock_keys
	= '8314604121892151148, 73219011'" >>"$work/create"
is "$(cat "$work/create")" '' 'the extension, and the key of the old processes'

files=$work/migrations
mkdir "$files"
cat >"$files/001_proposals.sql" <<'SQL'
CREATE TABLE proposals (id serial PRIMARY KEY, title text NOT NULL);
SQL
cat >"$files/002_conversions.sql" <<'SQL'
CREATE TABLE conversions (id serial PRIMARY KEY, at timestamp NOT NULL);
SQL
cat >"$files/003_visitors.sql" <<'SQL'
ALTER TABLE proposals ADD COLUMN visitor_session_id varchar(64);
ALTER TABLE proposals ADD COLUMN expires_at timestamp;
CREATE INDEX ON proposals (visitor_session_id);
SQL
cat >"$files/004_owner.sql" <<'SQL'
ALTER TABLE conversions ADD COLUMN user_id integer;
ALTER TABLE conversions ADD COLUMN visitor_session_id varchar(64);
CREATE INDEX ON conversions (user_id);
ALTER TABLE conversions ADD CONSTRAINT has_owner
	CHECK (user_id IS NOT NULL OR visitor_session_id IS NOT NULL);
SQL

require() {
	sql "
	SELECT FROM sl_require('proposals.visitor', 'proposals.visitor_session_id varchar(64)');
	SELECT FROM sl_require('proposals.expires', 'proposals.expires_at timestamp');
	SELECT FROM sl_require('proposals.index', 'index proposals(visitor_session_id)');
	SELECT FROM sl_require('conversions.user', 'conversions.user_id integer');
	SELECT FROM sl_require('conversions.visitor', 'conversions.visitor_session_id varchar(64)');
	SELECT FROM sl_require('conversions.index', 'index conversions(user_id)');
	SELECT FROM sl_require('conversions.owner',
		'check conversions has_owner (user_id IS NOT NULL OR visitor_session_id IS NOT NULL)')"
}
# what the endpoint shows
doctor() {
	sql "SELECT s->>'migrated', s->'history'->>'at_head',
		(SELECT count(*) FROM jsonb_each_text(s->'schema') AS r WHERE r.value = 'true'),
		s->'history'->'current', s->'history'->'head' FROM sl_status() AS s"
}

# a process that still locks with the old key keeps everybody out
is "$(require)" '' 'requirements can be written down before there is a table'
mkfifo "$work/in"
psql -XqAt <"$work/in" >"$work/locker" 2>&1 &
exec 9>"$work/in"
echo "SELECT pg_advisory_lock(73219011); SELECT 'locked';" >&9
until grep -q locked "$work/locker"; do
	sleep 0.1
done
PGOPTIONS='-c schema_lifecycle.lock_wait=100ms' run boot --push "$files"
is "$code|$(printf '%s\n' "$err" | grep -c 'advisory lock 73219011')" '4|1' \
	'a process with the old lock keeps the boot out, and is named'
echo 'SELECT pg_advisory_unlock_all();' >&9
exec 9>&-
wait

# web and workers, all at once
n=0
while [ $n -lt 6 ]; do
	n=$((n + 1))
	("$SLCTL" boot --expect 004_owner >"$work/out$n" 2>&1
		echo $? >"$work/code$n") &
done
wait
is "$(cat "$work"/code* | tr -d '\n')" '000000' 'six processes boot, and all are let in'
is "$(sql "SELECT count(*), count(DISTINCT revision) FROM sl_history
	WHERE action = 'apply'")" '4|4' 'each revision ran once'
is "$(cat "$work"/out* | grep -c 'taken after')" \
	"$(cat "$work"/out* | grep -l 'applied' "$work"/out* | wc -l | tr -d ' ')" \
	'whoever took the lock worked'
is "$(doctor)" 'true|true|7|["004_owner"]|["004_owner"]' \
	'migrated, at head, all seven requirements hold'

# a hot fix went wrong: two heads that name each other
sql "SELECT FROM sl_register('005_a', 'SELECT', parents => '{005_b}');
	SELECT FROM sl_register('005_b', 'SELECT', parents => '{005_a}');
	ALTER TABLE proposals DROP COLUMN visitor_session_id;
	ALTER TABLE conversions DROP CONSTRAINT has_owner" >/dev/null
run boot
is "$code|$(printf '%s\n' "$err" | grep -c '005_a -> 005_b -> 005_a')" '1|1' \
	'the chain is broken: the boot fails, and names the cycle'
is "$(sql "SELECT count(*) FROM jsonb_each_text(sl_status()->'schema') AS r
	WHERE r.value = 'true'")" 7 'but what the application needs is there again'
is "$(sql "SELECT DISTINCT action FROM sl_history ORDER BY action")" 'apply' 'and nothing was stamped'

# rows in the way are said, and nothing is forced
sql "SELECT FROM sl_unregister('005_a'); SELECT FROM sl_unregister('005_b');
	ALTER TABLE conversions DROP CONSTRAINT has_owner;
	INSERT INTO conversions (at) VALUES (now())" >/dev/null
run boot --expect 004_owner
is "$code|$(printf '%s\n' "$err" | grep -c '^DETAIL:.*1 row')" '3|1' \
	'a row without an owner stops the boot, and is counted'
is "$(printf '%s\n' "$err" | grep -c 'NOTICE:  requirement "conversions.owner" skipped: 1 row')" 1 \
	'and so it is where the requirement cannot be met for it'
sql 'UPDATE conversions SET user_id = 1' >/dev/null
run boot --expect 004_owner
is "$code|$(doctor)" '0|true|true|7|["004_owner"]|["004_owner"]' \
	'put right, it is there'

# the endpoint in the same moment, from another session
run wait --expect 004_owner --timeout 1s
is "$code" 0 'the gate is open'

echo "1..$count"
