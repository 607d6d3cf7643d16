#!/bin/sh
# S2, stamped and never run.
#
# 16 of 18 revisions are applied.  A deploy job says "stamp head" where it
# should say "upgrade head": the history is at 018, and the tables "sessions"
# (017) and "notifications" (018) do not exist.  The stamp is refused; forced,
# it is found, with revision and objects, and the 26 tables that are right are
# not mentioned, whatever somebody makes by hand after that.
#
#   eval "$(test/server env)"; prove --exec sh test/stories/s2_stamped_never_run.sh
. test/slctl/lib.sh

trap 'rm -rf "$work"; drop_databases' EXIT
files=test/fixtures/s2_saas
head=$("$SLCTL" head "$files")

drop_databases() {
	psql -Xqd postgres -c "SET client_min_messages = warning" \
		-c "DROP DATABASE IF EXISTS story_s2" \
		-c "DROP DATABASE IF EXISTS story_s2_ran"
}

# database NAME: a new one with the extension and the files, from here on
database() {
	psql -Xqd postgres -c "CREATE DATABASE $1"
	PGDATABASE=$1
	export PGDATABASE
	sql 'CREATE EXTENSION schema_lifecycle'
	run push "$files"
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

# status PATH: of sl_status for the files' head, a value or an object
status() {
	sql "SELECT sl_status('$head') #>> '{$1}'"
}

# stamps: the revisions that the catalog does not bear out
stamps() {
	sql "SELECT revision, verdict, class, identity, problem
		FROM sl_detect_stamp_drift()"
}

tables() {
	sql "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p')
		AND relnamespace = 'public'::regnamespace
		AND relname !~ '^sl_'"
}

drop_databases
is "$head" 018_add_notifications "the files' head is found without a server"

#
# The database at 016
#
database story_s2
is "$(printf '%s\n' "$out" | grep -c '^added     0')|${out##*"$nl"}" \
	"18|18 added" "18 files are pushed"
is "$(sql "CALL sl_migrate('016')")" "" "001 to 016 run"
is "$(tables)" 26 "they make 26 tables"
is "$(sql "SELECT sl_verify('$head'), sl_verify(), sl_verify('016_search')")" \
	"f|f|t" "that is not what the files expect, but what 016's would"
is "$(status verdict)|$(status history,pending)" \
	'behind|["017_sessions", "018_add_notifications"]' \
	"the status is behind, and says what is pending"
run status --expect "$head"
is "$code" 2 "slctl status: behind"

#
# The deploy job stamps
#
is "$(sqlstate "SELECT sl_stamp('018')")" "ERROR:  SL005" \
	"the stamp is refused"
is "$(sqlstate "SELECT sl_stamp('018', reason => 'deploy')")" "ERROR:  SL005" \
	"a reason does not make it true"
is "$(sql "SELECT count(*) FROM sl_history WHERE action = 'stamp'")|$(
	sql 'SELECT count(*) FROM sl_pending()')" "0|2" "nothing was recorded"
is "$(sql "SELECT * FROM sl_stamp('018', true, 'deploy job')")" \
	"017_sessions|stamped
018_add_notifications|stamped" "by force it is done"
is "$(sql "SELECT revision, outcome, reason FROM sl_history
	WHERE action = 'stamp'")" "017_sessions|forced|deploy job
018_add_notifications|forced|deploy job" "and stays marked"

# what these two would have made is not known here: they never ran
is "$(stamps)" "017_sessions|unverifiable|||
018_add_notifications|unverifiable|||" "nobody can say that they ran"
is "$(sql "SELECT sl_verify('$head')")" f "so the answer is no"
is "$(status verdict)|$(status status)|$(status history,at_head)" \
	"unverifiable|degraded|true" "the status is unverifiable: degraded"
is "$(status coverage,verified)|$(status coverage,unverifiable)|$(
	status coverage,forced)" "16|2|2" "16 are verified, 2 are not, 2 are forced"
is "$(sqlstate "SELECT sl_assert('$head', '{unverifiable}')")" \
	"ERROR:  SL004" "sl_assert can insist"
run status --expect "$head"
is "$code" 3 "slctl status: not verified"
run assert --expect "$head" --checks unverifiable
is "$code" 3 "slctl assert: the same"
is "$(printf '%s\n' "$err" | tail -n +2 |
	grep -c -e 017_sessions -e 018_add_notifications)" 2 "it names the two, a line each"
is "$(printf '%s\n' "$err" | grep -c -e 016_ -e 001_)" 0 "and no other"
is "$(sql "SELECT * FROM sl_detect_drift()")" "" \
	"what is there is as the 16 left it"

#
# The same where the two had run, and were reverted: their footprints are known
#
database story_s2_ran
sql 'CALL sl_migrate()' >"$work/migrate"
is "$(sql "SELECT sl_verify('$head')")|$(tables)" "t|28" \
	"another database ran all 18"
run status --expect "$head"
is "$code" 0 "slctl status: ok"
sql "SELECT * FROM sl_revert('016')" >"$work/revert"
is "$(tables)|$(status verdict)" "26|behind" "017 and 018 are taken back"
is "$(sqlstate "SELECT sl_stamp('018')")" "ERROR:  SL005" \
	"the stamp is refused here, too"
sql "SELECT * FROM sl_stamp('018', true, 'deploy job')" >"$work/stamp"

is "$(stamps)" "017_sessions|stamped|table|public.sessions|missing
018_add_notifications|stamped|table|public.notifications|missing" \
	"both are stamped, one row a table, and no other revision"
is "$(sql "SELECT severity, class, identity, problem, revision
	FROM sl_detect_drift()")" \
	"error|table|public.notifications|missing|018_add_notifications
error|table|public.sessions|missing|017_sessions" \
	"the drift says the same of the schema"
is "$(sql "SELECT sl_verify('$head'), sl_verify(), sl_ready('$head')")" \
	"f|f|f" "neither verified nor ready"
is "$(status verdict)|$(status status)|$(status migrated)|$(status ready)" \
	"stamped|down|false|false" "the status is stamped: down"
is "$(status stamp_drift,stamped)|$(status drift,errors)|$(
	status coverage,forced)" "2|2|2" "it counts them"
run status --expect "$head"
is "$code" 3 "slctl status: exit 3"
run assert --expect "$head"
is "$code" 3 "slctl assert: exit 3"
is "$(printf '%s\n' "$err" | tail -n +2 | grep -c 'public\.sessions')|$(
	printf '%s\n' "$err" | tail -n +2 | grep -c 'public\.notifications')" "1|1" \
	"it names both tables, each once"

#
# Somebody makes one of them by hand
#
sql "CREATE TABLE sessions (
	id uuid PRIMARY KEY,
	user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
	token varchar(64) NOT NULL,
	expires_at timestamptz NOT NULL
)"
is "$(stamps)" "017_sessions|partial|column|public.sessions.token|altered
017_sessions|partial|column|public.sessions.user_agent|missing
017_sessions|partial|index|public.sessions_user|missing
018_add_notifications|stamped|table|public.notifications|missing" \
	"a table made by hand from memory: partial, with what is wrong"
is "$(status verdict)|$(sql "SELECT sl_ready('$head')")" "stamped|f" \
	"still stamped: 018 is"
sql "ALTER TABLE sessions ADD user_agent text;
	CREATE INDEX sessions_user ON sessions (user_id)"
is "$(stamps)" "017_sessions|altered|column|public.sessions.token|altered
018_add_notifications|stamped|table|public.notifications|missing" \
	"completed but for a type: altered"
is "$(sql "SELECT class, identity, attribute, expected, actual, revision
	FROM sl_detect_drift() WHERE problem = 'altered'")" \
	"column|public.sessions.token|type|text|character varying(64)|017_sessions" \
	"the finding has what is expected and what is there"
sql "ALTER TABLE sessions ALTER token TYPE text"
is "$(stamps)" "018_add_notifications|stamped|table|public.notifications|missing" \
	"017 is right, and not mentioned any more"

# the other one, as the file says it
sql "$(sed '/^-- sl:down/,$d' "$files/018_add_notifications.sql")"
is "$(stamps)|$(sql 'SELECT * FROM sl_detect_drift()')" "|" \
	"with both tables there is nothing to say"
is "$(sql "SELECT sl_verify('$head')")|$(status verdict)|$(
	status coverage,forced)" "t|ok|2" "the answer is yes; the force stays marked"
run assert --expect "$head"
is "$code" 0 "slctl assert: exit 0"
run status --expect "$head"
is "$code" 0 "slctl status: exit 0"
is "$(tables)" 28 "28 tables, of which nobody touched 26"

finish
