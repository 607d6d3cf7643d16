#!/bin/sh
# S2 with the real Alembic: stamped, never run.
#
# A project of eight revisions, at the sixth.  The deploy job says "alembic
# stamp head": alembic_version holds the eighth, 017 appears nowhere, and two
# tables are missing; later somebody makes one of the two by hand.  The history
# is taken over: what is missing is named, revision, table and columns, and
# what is right is not mentioned.  Then the two are run for real, Alembic's own
# table stays in step, and Alembic goes on where we leave it.
#
#   eval "$(test/server env)"; prove --exec sh test/stories/s2_with_alembic.sh
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
export PYTHONDONTWRITEBYTECODE

drop_databases() {
	psql -Xqd postgres -c "SET client_min_messages = warning" \
		-c "DROP DATABASE IF EXISTS story_s2a WITH (FORCE)" \
		-c "DROP DATABASE IF EXISTS story_s2b WITH (FORCE)"
}

# database NAME: a new one, from here on
database() {
	psql -Xqd postgres -c "CREATE DATABASE $1"
	go_to "$1"
}

# go_to NAME
go_to() {
	PGDATABASE=$1
	# SQLAlchemy takes the rest from libpq's environment
	DATABASE_URL=postgresql+psycopg2:///$1
	export PGDATABASE DATABASE_URL
}

# alembic_ ARGUMENTS...: in the project; what it says, but for its log
alembic_() {
	(cd "$project" && alembic "$@" 2>"$work/alembic") ||
		cat "$work/alembic"
}

sql() {
	psql -XqAt -v VERBOSITY=terse -c 'SET client_min_messages = warning' \
		-c "$1" 2>&1
}

tables() {
	sql "SELECT string_agg(relname, ' ' ORDER BY relname COLLATE \"C\")
		FROM pg_class WHERE relkind = 'r' AND relname !~ '^sl_'
		AND relnamespace = 'public'::regnamespace"
}

version() {
	sql 'SELECT version_num FROM alembic_version'
}

drop_databases

#
# How it came to be
#
database story_s2a
alembic_ upgrade 016_audit >"$work/out"
is "$(cat "$work/out")|$(version)" "|016_audit" "Alembic goes to the sixth of eight"
alembic_ stamp head >"$work/out"
is "$(cat "$work/out")|$(version)" "|018_add_notifications" \
	"the deploy job stamps: two rows in no table, one word in Alembic's"
is "$(alembic_ current)" "018_add_notifications (head)" "and Alembic is content"
is "$(tables)" "alembic_version api_keys audit organisations users" \
	"neither sessions nor notifications is there"
# somebody makes one of them by hand, not quite as it should be
sql "CREATE TABLE notifications (id serial PRIMARY KEY,
	user_id int NOT NULL REFERENCES users (id), body text NOT NULL)"

#
# Found
#
sql 'CREATE SCHEMA ops; CREATE EXTENSION schema_lifecycle SCHEMA ops'
PGOPTIONS='-c search_path=public,ops'
export PGOPTIONS
mkdir "$work/scripts"
alembic_ upgrade head --sql >"$work/scripts/upgrade.sql"
run push "$work/scripts"
is "$code|$(printf '%s\n' "$out" | tail -1)" "0|8 added" \
	"the output of alembic upgrade --sql is pushed: eight revisions"
is "$(sql 'CALL sl_rehearse()')" "" "they are rehearsed"
is "$(sql "SELECT revision, outcome FROM sl_adopt()")" \
	"011_organisations|adopted
012_users|adopted
013_plan|adopted
014_api_keys|adopted
015_users_name|adopted
016_audit|adopted
017_sessions|stamped
018_add_notifications|partial" "sl_adopt takes the history over, and says what is not so"
is "$(sql "SELECT evidence, detail FROM ops.sl_history_rows() AS h, unnest(
	string_to_array(reason, '; ')) AS detail WHERE revision = '017_sessions'")" \
	"rehearsed|public.alembic_version has it
rehearsed|table public.sessions (expires_at, id, token, user_id) is missing" \
	"the table and its columns"
is "$(sql "SELECT revision, verdict, class, identity, problem
	FROM sl_detect_stamp_drift() ORDER BY revision, class, identity")" \
	"017_sessions|stamped|table|public.sessions|missing
018_add_notifications|partial|column|public.notifications.read_at|missing
018_add_notifications|partial|index|public.ix_notifications_user_id|missing" \
	"sl_detect_stamp_drift names revision, table, column and index"
is "$(sql "SELECT s ->> 'verdict', s ->> 'status', s ->> 'ready',
	s -> 'drift' ->> 'unexpected' FROM sl_status('018') AS s")" \
	"stamped|down|false|0" "the status is stamped: down; Alembic's own table is no drift"
run status
is "$code" 3 "slctl status: exit 3"
is "$(version)" "018_add_notifications" "nothing was changed"

#
# Put right: one call, and nothing that is right is touched
#
psql -Xqd postgres -c 'CREATE DATABASE story_s2b TEMPLATE story_s2a'
before=$(sql "SELECT string_agg(xmin::text, ' ') FROM pg_class
	WHERE relname IN ('api_keys', 'audit', 'organisations')")
sql 'SELECT revision, outcome FROM sl_repair()' >"$work/repair"
is "$(cut -d '|' -f 1 "$work/repair" | sort -u)" "017_sessions
018_add_notifications" "sl_repair is about these two revisions"
is "$(tables)" \
	"alembic_version api_keys audit notifications organisations sessions users" \
	"now both tables are there"
is "$(sql "SELECT sl_verify('018_add_notifications'), sl_status() ->> 'verdict'")" \
	"t|ok" "the database is at head, verified"
is "$(version)|$(alembic_ current)|$(alembic_ upgrade head)" \
	"018_add_notifications|018_add_notifications (head)|" \
	"which is what Alembic has said all along"
is "$(sql "SELECT string_agg(relname, ' ') FROM pg_class
	WHERE relname IN ('api_keys', 'audit', 'organisations')
	AND xmin::text <> ALL (string_to_array('$before', ' '))")" "" \
	"nobody else's row in pg_class was written"

#
# Or by hand: the half-made one is dropped, both are freed, and run
#
go_to story_s2b
sql 'DROP TABLE notifications'
is "$(sql "SELECT * FROM sl_stamp('016', reason => 'never ran')")" \
	"018_add_notifications|freed
017_sessions|freed" "what is not there is freed"
is "$(version)|$(alembic_ current)" "016_audit|016_audit" \
	"and Alembic's table with it, in the same transaction"
is "$(sql 'CALL sl_migrate()')" "" "the two run"
is "$(tables)" \
	"alembic_version api_keys audit notifications organisations sessions users" \
	"now they are there"
is "$(sql "SELECT sl_verify('018_add_notifications'), sl_status() ->> 'verdict'")" \
	"t|ok" "and the database is at head, verified"
is "$(version)|$(alembic_ current)" \
	"018_add_notifications|018_add_notifications (head)" "Alembic says so, too"
is "$(alembic_ upgrade head)|$(tables)" \
	"|alembic_version api_keys audit notifications organisations sessions users" \
	"alembic upgrade head has nothing to do"

#
# How to leave
#
sql 'DROP EXTENSION schema_lifecycle'
is "$(alembic_ current)|$(alembic_ upgrade head)" "018_add_notifications (head)|" \
	"without the extension Alembic is at head"
cat >"$project/alembic/versions/019_favorites.py" <<'PY'
from alembic import op

revision = '019_favorites'
down_revision = '018_add_notifications'
branch_labels = None
depends_on = None


def upgrade():
    op.execute('CREATE TABLE favorites (id int PRIMARY KEY)')


def downgrade():
    op.drop_table('favorites')
PY
is "$(alembic_ upgrade head)|$(alembic_ current)|$(tables)" \
	"|019_favorites (head)|alembic_version api_keys audit favorites notifications organisations sessions users" \
	"and it goes on from there"
is "$(alembic_ downgrade 016_audit)|$(alembic_ current)|$(tables)" \
	"|016_audit|alembic_version api_keys audit organisations users" \
	"down as well as up"

echo "1..$count"
