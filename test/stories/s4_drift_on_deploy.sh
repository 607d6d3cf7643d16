#!/bin/sh
# S4, drift on deploy: the health answer.
#
# The history made agents.agent_id nullable.  Tests run on a fresh database,
# where it is; staging has NOT NULL.  The head that the deployed files expect
# is found by slctl head, and the health answer is degraded where the schema
# differs.  Tables that create_all() made behind the tool's back are said, and
# do not make it degraded; whoever wants them out asserts so.
#
#   eval "$(test/server env)"; prove --exec sh test/stories/s4_drift_on_deploy.sh
. test/slctl/lib.sh

trap 'rm -rf "$work"; drop_databases' EXIT
files=$work/files
cp -R test/fixtures/s4_agents "$files"

drop_databases() {
	psql -Xqd postgres -c "SET client_min_messages = warning" \
		-c "DROP DATABASE IF EXISTS story_s4" \
		-c "DROP DATABASE IF EXISTS story_s4_fresh"
}

# sql STATEMENT: what it gives, errors by their first line
sql() {
	psql -XqAt -v VERBOSITY=terse -c 'SET client_min_messages = warning' \
		-c "$1" 2>&1
}

# sqlstate STATEMENT: of the error it raises
sqlstate() {
	psql -XqAt -v VERBOSITY=sqlstate -c "$1" 2>&1
}

# database NAME: a new one, at the head of the files, from here on
database() {
	psql -Xqd postgres -c "CREATE DATABASE $1"
	PGDATABASE=$1
	export PGDATABASE
	sql 'CREATE EXTENSION schema_lifecycle'
	run push "$files"
	sql 'CALL sl_migrate()'
}

# health: what a health endpoint would answer
health() {
	sql "SELECT concat_ws('|', s ->> 'status', s ->> 'verdict',
			s ->> 'migrated', s ->> 'ready', s -> 'history' ->> 'at_head')
		FROM sl_status('$head') AS s"
}

# findings: in the words of the manual
findings() {
	sql "SELECT format('%s %s: ', class, identity)
			|| coalesce(attribute || ' expected ' || expected || ', actual ' || actual, problem)
			|| coalesce(' (revision ' || revision || ')', '')
		FROM sl_detect_drift()"
}

drop_databases
head=$("$SLCTL" head "$files")
is "$head" i9d0e1f2g3h4 "the head that the deployed files expect"
database story_s4_fresh
is "$code|$(health)" "0|ok|ok|true|true|true" \
	"the fresh database of the tests is at that head, and healthy"
fresh_fingerprint=$(sql 'SELECT sl_fingerprint()')

#
# Staging has NOT NULL
#
database story_s4
is "$(sql "SELECT sl_verify('$head')")" t "staging begins the same"
is "$(sql 'SELECT sl_fingerprint()')" "$fresh_fingerprint" \
	"with the same fingerprint"
sql 'ALTER TABLE agents ALTER agent_id SET NOT NULL'
is "$(sql 'SELECT sl_fingerprint()')" \
	"$(psql -XqAtd story_s4 -c 'SELECT sl_fingerprint()')" \
	"a fingerprint does not depend on the session"
is "$(sql "SELECT sl_fingerprint() = '$fresh_fingerprint'")" f \
	"and is another one now"
is "$(sql "SELECT sl_verify('$head')")" f "staging is not verified"
is "$(health)" "degraded|drifted|true|true|true" \
	"the health answer is degraded: drifted, but migrated and ready"
is "$(findings)" "column public.agents.agent_id: not_null expected false, actual true (revision i9d0e1f2g3h4)" \
	"the finding names the column, what differs, and the revision"
is "$(sql "SELECT severity FROM sl_detect_drift()")" error \
	"an INSERT without it can fail: an error"
is "$(sql "SELECT count(*) FROM sl_detect_stamp_drift()
	WHERE revision <> 'i9d0e1f2g3h4'")" 0 "no other revision is blamed"
run status --expect "$head"
is "$code" 3 "slctl status: exit 3, drift"
run assert --expect "$head"
is "$code" 3 "slctl assert: exit 3, too"
is "$(printf '%s\n' "$err" | grep -c 'column public\.agents\.agent_id: not_null expected false, actual true (revision i9d0e1f2g3h4)')" \
	1 "and says it in one line"

# one who cannot fix it now can say that it is known
is "$(sql "SELECT sl_accept('column', 'public.agents.agent_id', 'not_null', 'ticket 4711')")" \
	"" "the difference is accepted"
is "$(findings)|$(sql "SELECT sl_verify('$head')")" "|t" "and no finding any more"
sql "SELECT sl_unaccept('column', 'public.agents.agent_id', 'not_null')" \
	>"$work/unaccept"
is "$(health)" "degraded|drifted|true|true|true" "that can be taken back"
sql 'ALTER TABLE agents ALTER agent_id DROP NOT NULL'
is "$(health)|$(findings)" "ok|ok|true|true|true|" "put right, it is healthy"

#
# create_all() at start-up
#
sql "CREATE TABLE voices (id serial PRIMARY KEY, name text NOT NULL UNIQUE);
	CREATE TABLE voice_samples (id serial PRIMARY KEY,
		voice_id integer REFERENCES voices, body bytea)"
is "$(findings)" "table public.voice_samples: unexpected
table public.voices: unexpected" "tables behind the tool's back: a row each"
is "$(health)|$(sql "SELECT sl_verify('$head')")" "ok|ok|true|true|true|t" \
	"they do not make it degraded"
is "$(sqlstate "SELECT sl_assert('$head')")" "" \
	"nor do they fail what a pipeline asserts"
is "$(sqlstate "SELECT sl_assert('$head', '{unexpected}')")" "ERROR:  SL004" \
	"unless it asserts that there are none"
run assert --expect "$head" --checks unexpected
is "$code" 3 "slctl assert --checks unexpected: exit 3"
is "$(printf '%s\n' "$err" | tail -n +2 |
	grep -c -e 'public\.voices' -e 'public\.voice_samples')" 2 "it names them, a line each"
run assert --expect "$head"
is "$code" 0 "slctl assert: exit 0"
run status --expect "$head"
is "$code" 0 "slctl status: exit 0"
sql 'DROP TABLE voice_samples, voices'
is "$(sql 'SELECT sl_fingerprint()')" "$fresh_fingerprint" \
	"without them it is the schema of the tests again"

#
# The image is deployed before its migration, and rolled back after it
#
printf '%s\n' '-- sl:revision j0e1f2g3h4i5' \
	'ALTER TABLE calls ADD COLUMN ended_at timestamptz;' \
	>"$files/004_calls_ended.sql"
old=$head
head=$("$SLCTL" head "$files")
is "$head" j0e1f2g3h4i5 "the next image expects another head"
is "$(sql "SELECT sl_verify('$head')")|$(health)" \
	"f|down|unknown_head|false|false|false" \
	"one that the database has never heard of"
run status --expect "$head"
is "$code" 2 "slctl status: behind"
run push "$files"
is "$(sql "SELECT sl_verify('$head')")|$(health)" \
	"f|down|behind|false|false|false" "pushed and not run: behind"
is "$(sql "SELECT sl_ready('$old')")" t "the old image stays ready"
sql 'CALL sl_migrate()'
is "$(sql "SELECT sl_verify('$head')")|$(health)" \
	"t|ok|ok|true|true|true" "migrated, it is healthy"
head=$old
is "$(sql "SELECT sl_verify('$head')")|$(health)" \
	"t|ok|ahead|true|true|true" "the image rolled back: ahead, and healthy"

finish
