#!/bin/sh
# slctl assert --pending: what is still to run is rehearsed, linted and
# dry-run, and the exit code says what came of it.
. test/slctl/lib.sh

db=slctl_pending
sql() {
	psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$db" -c 'SET client_min_messages = warning' -c "$1" 2>&1
}
drop_all() {
	psql -X -q -d postgres -c 'SET client_min_messages = warning' \
		-c "DROP DATABASE IF EXISTS $db WITH (FORCE)" \
		-c 'DROP ROLE IF EXISTS slctl_pending_dev' >/dev/null 2>&1
}
trap 'drop_all; rm -rf "$work"' EXIT
drop_all
psql -X -q -d postgres -c "CREATE DATABASE $db TEMPLATE template0"
sql 'CREATE EXTENSION schema_lifecycle' >"$work/made"

# next REVISION SCRIPT: what is pending from here on
next() {
	sql "SELECT FROM sl_unregister(revision) FROM sl_pending()" >"$work/forgotten"
	sql "SELECT FROM sl_register('$1', '$2')" >"$work/registered"
}
# pending [SETTING=VALUE]: asserts; leaves $code, and in $said what it said
# but the lines of progress
pending() {
	PGOPTIONS=${1:+-c schema_lifecycle.$1} run assert --pending -d "$db"
	said=$(printf '%s\n' "$err" | grep -v '^NOTICE:')
}
# finds CODE PATTERN NAME: the code, and the number of lines with the pattern
finds() {
	is "$code|$(printf '%s\n' "$said" | grep -c "$2")|$out" "$1|1|" "$3"
	[ "$code" = "$1" ] || note "$err"
}

pending
is "$code|$out|$said" '0||' 'nothing is pending'
next 001 'CREATE TABLE IF NOT EXISTS shop (id int PRIMARY KEY, owner text)'
sql 'CALL sl_migrate()' >"$work/migrated"
sql "INSERT INTO shop VALUES (1, NULL)" >"$work/filled"
before=$(sql 'SELECT sl_fingerprint(), count(*) FROM sl_history')

next 002 "SET LOCAL lock_timeout = ''1s''; ALTER TABLE shop ADD COLUMN IF NOT EXISTS city text"
pending
is "$code|$out|$(printf '%s\n' "$said" | grep -c -e '^error' -e '^dry run')" '0||0' \
	'what works in all three has nothing to say but warnings'

# each of the three finds what the others do not
next 002 'CREATE TABLE IF NOT EXISTS town (id int); ALTER TABLE no_such ADD COLUMN a int'
pending
finds 1 '^ERROR:  relation "no_such" does not exist' 'the rehearsal fails'
sql 'CREATE TABLE only_here (a int)' >"$work/made"
next 002 'ALTER TABLE only_here ADD COLUMN b int'
pending
finds 1 '^ERROR:  relation "only_here" does not exist' 'it begins with what the scripts make'
is "$(printf '%s\n' "$said" | grep -c '^dry run')" 0 'where the dry run does not'
sql 'DROP TABLE only_here' >"$work/made"
next 002 'ALTER TABLE shop ALTER COLUMN owner SET NOT NULL'
pending
finds 1 '^dry run  002  statement 1 (line 1), ALTER TABLE: failed: 23502: column "owner" of relation "shop" contains null values' \
	'the dry run fails for the data that are there'
next 002 'ALTER TABLE shop ADD COLUMN must int NOT NULL'
pending
finds 1 '^error  002  statement 1 (line 1)  adding-required-field: ' 'the lint says so, too'

# what cannot be tried is said, and no failure
next 002 'CREATE INDEX CONCURRENTLY shop_owner ON shop (owner)'
pending
finds 0 '^dry run  002  statement 1 (line 1), CREATE INDEX CONCURRENTLY: not run: cannot run in a transaction' \
	'outside of a transaction'

# locks that were not to be had
mkfifo "$work/in"
psql -X -q -A -t -d "$db" <"$work/in" >"$work/locker" 2>&1 &
exec 9>"$work/in"
echo "BEGIN; LOCK TABLE shop IN ACCESS SHARE MODE; SELECT 'locked';" >&9
until grep -q locked "$work/locker"; do
	sleep 0.1
done
next 002 'ALTER TABLE shop ADD COLUMN IF NOT EXISTS city text'
pending migration_lock_timeout=100ms
finds 4 '^dry run  002  statement 1 (line 1), ALTER TABLE: failed: 55P03: ' 'a lock that was not to be had in time'
pending dry_run_hold=100ms
finds 4 '^dry run  002  statement 1 (line 1), ALTER TABLE: cut off: ' 'or not for so long'
echo 'COMMIT;' >&9
exec 9>&-
wait

# who may not
psql -X -q -d "$db" -c 'CREATE ROLE slctl_pending_dev LOGIN'
PGUSER=slctl_pending_dev run assert --pending -d "$db"
is "$code|$(printf '%s\n' "$err" | grep -c "An admin has to run: SELECT sl_grant('slctl_pending_dev', 'deploy');")" '1|1' \
	'the role needs the level deploy'
sql "SELECT sl_grant('slctl_pending_dev', 'deploy')" >"$work/granted"
next 003 'CREATE TABLE IF NOT EXISTS fresh (id int)'
PGUSER=slctl_pending_dev run assert --pending -d "$db"
is "$code|$(printf '%s\n' "$err" | grep -c 'permission denied to make a scratch database')|$(printf '%s\n' "$err" | grep -c 'An admin has')" \
	'1|1|0' 'and CREATEDB'
run assert --pending -d postgres
is "$code|$out" '5|' 'no extension'
run assert --pending --expect 002 -d "$db"
is "$code|$(printf '%s\n' "$err" | sed -n 1p)" '1|slctl: --pending goes with neither --expect nor --checks' \
	'it is another question than the head'

is "$(sql 'SELECT sl_fingerprint(), count(*) FROM sl_history')" "$before" 'nothing of it all has stayed'
is "$(sql "SELECT count(*) FROM pg_database WHERE datname ~ 'scratch'")" 0 \
	'no scratch database is left'
is "$(ls "$TMPDIR")" '' 'nor a temporary file'

finish
