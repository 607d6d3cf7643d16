#!/bin/sh
# slctl status and assert: an exit code for each verdict; and what sl_status()
# returns for each of them is what doc/status.schema.json says.
#
# Dollar signs in single quotes are meant as they stand.
# shellcheck disable=SC2016
. test/slctl/lib.sh

db=slctl_status
sql() {
	psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$db" -c "$1" 2>&1
}
drop_all() {
	psql -X -q -d postgres -c "DROP DATABASE IF EXISTS $db WITH (FORCE)" >/dev/null 2>&1
}
trap 'drop_all; rm -rf "$work"' EXIT
again() {
	drop_all
	psql -X -q -d postgres -c "CREATE DATABASE $db TEMPLATE template0"
	sql 'CREATE EXTENSION schema_lifecycle'
}

# every document that is seen here goes to $work/documents
: >"$work/documents"

# verdict NAME CODE HEAD: what status finds, in both forms, and its exit code
verdict() {
	run status --expect "$3" -d "$db"
	is "$code|$(printf '%s\n' "$out" | sed -n 's/^verdict *//p')|$err" "$2|$1|" "status: $1"
	run status --json --expect "$3" -d "$db"
	printf '%s\n' "$out" >>"$work/documents"
	is "$code|$(printf '%s\n' "$out" | sed -n 's/.*"verdict": "\([a-z_]*\)", "coverage.*/\1/p')|$err" \
		"$2|$1|" "status --json: $1"
}

# asserts CODE FIRST HEAD [CHECKS]: its exit code, and the first line
asserts() {
	run assert --expect "$3" ${4:+--checks "$4"} -d "$db"
	is "$code|$out|$(printf '%s\n' "$err" | sed -n 1p)" "$1||$2" "assert: ${2:-fine}"
}

#
# Each verdict
#
again
verdict empty 2 ''
asserts 2 'ERROR:  no revision is registered' ''
sql "SELECT FROM sl_register('016', 'CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL)');
	SELECT FROM sl_register('017_sessions', 'CREATE TABLE sessions (id int PRIMARY KEY)')" >/dev/null
verdict behind 2 ''
asserts 2 'ERROR:  revision 017_sessions is not applied' ''
asserts 2 'ERROR:  revision 016 is pending, and 1 other finding' '' pending
sql "CALL sl_migrate()" >/dev/null
verdict ok 0 ''
verdict ok 0 017
verdict ahead 0 016
asserts 0 '' ''
asserts 0 '' 016
verdict unknown_head 2 'it''s $$ "odd"'
asserts 2 "ERROR:  revision \"it's\" is not registered" "it's"
verdict unknown_head 2 018
sql "SELECT FROM sl_register('017b', 'SELECT', NULL, '{016}')" >/dev/null
verdict diverged 2 017b
asserts 2 'ERROR:  revision 017b is not applied' 017b
sql "SELECT FROM sl_unregister('017b'); SELECT FROM sl_register('018', 'SELECT 1/0')" >/dev/null
sql "CALL sl_migrate()" >/dev/null
verdict failed 2 ''
asserts 2 'ERROR:  revision 018 failed in its last run, and 1 other finding' ''
run status -d "$db"
is "$code|$out" "2|verdict       failed
applied       2 of 3
head          018
current       017_sessions
failed        018  division by zero; revision \"018\", statement 1 (line 1)
pending       018" 'status: with the error'
sql "SELECT FROM sl_unregister('018')" >/dev/null

sql 'ALTER TABLE users ALTER name DROP NOT NULL' >/dev/null
verdict drifted 3 ''
asserts 3 'ERROR:  column public.users.name: not_null expected true, actual false (revision 016)' ''
asserts 0 '' '' head,requirements
sql 'ALTER TABLE users ALTER name SET NOT NULL; DROP TABLE sessions; CREATE TABLE more (a int)' >/dev/null
verdict stamped 3 ''
run status -d "$db" --expect 017
is "$code|$out|$err" '3|verdict       stamped
applied       2 of 2
expected      017_sessions
head          017_sessions
current       017_sessions
stamped       017_sessions  table public.sessions missing
error         table public.sessions  missing
unexpected    1 that no revision explains  table public.more
pending       none|' 'status: all that is wrong'
asserts 3 'ERROR:  revision 017_sessions is recorded as applied, but nothing of it is there: table public.sessions is missing' ''
verdict drifted 3 016
sql 'CREATE TABLE sessions (id int PRIMARY KEY); DROP TABLE more' >/dev/null
verdict ok 0 ''

sql "SELECT FROM sl_require('owner', 'users.owner int'); SELECT FROM sl_require('name', 'users.name text')" >/dev/null
verdict requirement 3 ''
asserts 3 'ERROR:  requirement "owner": column public.users.owner is missing' ''
run status -d "$db"
is "$code|$(printf '%s\n' "$out" | grep requirement)" '3|verdict       requirement
requirement   owner  does not hold' 'status: the requirement'
sql "SELECT FROM sl_unrequire('owner'); SELECT FROM sl_register('018', 'SELECT');
	SELECT FROM sl_resolve('018', 'applied', 'seen')" >/dev/null
verdict unverifiable 3 ''
asserts 0 '' ''
asserts 3 'ERROR:  revision 018 cannot be verified: there is no evidence of what it did' '' unverifiable

# a graph that stops runs is an error
sql "SELECT FROM sl_register('a', 'SELECT', NULL, '{b}'); SELECT FROM sl_register('b', 'SELECT', NULL, '{a}')" >/dev/null
run status -d "$db"
is "$code" 1 'status: an unsound graph'
run status --json -d "$db"
printf '%s\n' "$out" >>"$work/documents"
is "$code" 1 'status --json: an unsound graph'
asserts 1 'ERROR:  revision a: cycle: a -> b -> a, and 1 other finding' ''

#
# What is no verdict
#
asserts 1 'ERROR:  unknown check "nope"' '' head,nope
run status --expect
is "$code|${err%%
*}" '1|slctl: --expect needs a value' 'an option without its value'
run assert -h /nonexistent
is "$code|$out" '5|' 'assert: no server'
run assert -d postgres
is "$code|$out" '5|' 'assert: no extension'
sql "SELECT FROM sl_unregister('a'); SELECT FROM sl_unregister('b')" >/dev/null
PGOPTIONS='-c lock_timeout=1s' psql -X -q -d "$db" -c 'BEGIN; CREATE VIEW v AS SELECT * FROM users; COMMIT' >/dev/null
mkfifo "$work/in"
psql -X -q -A -t -d "$db" <"$work/in" >"$work/locker" 2>&1 &
exec 9>"$work/in"
echo "BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE; SELECT 'locked';" >&9
until grep -q locked "$work/locker"; do
	sleep 0.1
done
PGOPTIONS='-c lock_timeout=100ms' run status -d "$db"
is "$code" 4 'status: a lock that was not to be had in time'
PGOPTIONS='-c lock_timeout=100ms' run status --json -d "$db"
printf '%s\n' "$out" >>"$work/documents"
PGOPTIONS='-c lock_timeout=100ms' run assert -d "$db"
is "$code" 4 'assert: the same'
echo 'COMMIT;' >&9
exec 9>&-
wait
is "$(ls "$TMPDIR")" '' 'no temporary file is left'

#
# The documents
#
# more findings than are shown, and a lock that is held
again
sql "SELECT FROM sl_register('1', (SELECT string_agg('CREATE TABLE t' || i || ' (a int)', ';') FROM generate_series(1, 30) i));
	SELECT FROM sl_apply_pending()" >/dev/null
sql "DROP TABLE $(seq -s, -f 't%g' 1 25)" >/dev/null
sql 'SELECT sl_status()' >>"$work/documents"
psql -X -q -A -t -d "$db" -c 'BEGIN' -c "SELECT FROM sl_register('2', 'SELECT')" \
	-c 'SELECT FROM sl_apply_pending()' -c 'SELECT sl_status()' | grep . >>"$work/documents"
is "$(sed -n '$s/.*"held": \([a-z]*\).*/\1/p' "$work/documents")" true 'one has a lock that is held'

if /usr/bin/python3 -c 'import jsonschema' 2>/dev/null; then
	cat >"$work/validate.py" <<'PY'
import json, sys
import jsonschema
schema = json.load(open("doc/status.schema.json"))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
verdicts = set()
for line in open(sys.argv[1]):
    document = json.loads(line)
    verdicts.add(document["verdict"])
    for error in validator.iter_errors(document):
        print(document["verdict"], list(error.absolute_path), error.message)
    # a validator that takes everything proves nothing
    for key in list(document):
        broken = dict(document)
        del broken[key]
        if validator.is_valid(broken):
            print("valid without", key)
    broken = dict(document, ready=not document["ready"])
    if document["verdict"] != "unknown" and validator.is_valid(broken):
        print("valid with the wrong ready")
missing = set(schema["properties"]["verdict"]["enum"]) - verdicts
print("not seen:", " ".join(sorted(missing)))
PY
	is "$(/usr/bin/python3 "$work/validate.py" "$work/documents" 2>&1)" 'not seen: ' \
		'doc/status.schema.json describes them all'
elif [ "${CI:-}" = true ]; then
	is 'python3-jsonschema is not installed' '' \
		'doc/status.schema.json describes them all'
else
	count=$((count + 1))
	echo "ok $count # SKIP python3-jsonschema is not installed"
fi

finish
