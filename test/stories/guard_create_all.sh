#!/bin/sh
# SQLAlchemy's create_all() under the guard.
#
# An application that calls create_all() when it starts makes tables behind
# the migrations' back.  Under sl_guard('deny') it fails with a message that
# says what to do; once the revision is there it finds its tables, does
# nothing, and starts.  Under 'log' it is let through, and seen.
#
#   eval "$(test/server env)"; prove --exec sh test/stories/guard_create_all.sh
. test/slctl/lib.sh

python=/usr/bin/python3
if ! $python -c 'import sqlalchemy, psycopg2' 2>/dev/null; then
	echo "1..0 # SKIP python3-sqlalchemy and python3-psycopg2 are not installed"
	exit 0
fi
trap 'rm -rf "$work"; drop_database' EXIT

drop_database() {
	psql -Xqd postgres -c "SET client_min_messages = warning" \
		-c "DROP DATABASE IF EXISTS story_guard"
}

sql() {
	psql -XqAt -v VERBOSITY=terse -c 'SET client_min_messages = warning' \
		-c "$1" 2>&1
}

cat >"$work/app.py" <<'PYTHON'
"""A service that makes its tables when it starts."""
import sqlalchemy as sa

metadata = sa.MetaData()
sa.Table("users", metadata,
         sa.Column("id", sa.Integer, primary_key=True),
         sa.Column("email", sa.String(200), nullable=False, index=True))
sa.Table("sessions", metadata,
         sa.Column("id", sa.String(64), primary_key=True),
         sa.Column("user_id", sa.ForeignKey("users.id")),
         sa.Column("kind", sa.Enum("web", "app", name="session_kind")))
engine = sa.create_engine("postgresql+psycopg2://",
                          connect_args={"application_name": "service"})
try:
    metadata.create_all(engine)
except sa.exc.DBAPIError as error:
    print(error.orig.pgcode)
    print(error.orig)
    raise SystemExit(1)
with engine.connect() as connection:
    print(connection.scalar(sa.text("SELECT count(*) FROM sessions")), "sessions")
PYTHON

# start: the service; leaves $out and $code
start() {
	code=0
	out=$($python "$work/app.py" 2>&1) || code=$?
}

drop_database
psql -Xqd postgres -c "CREATE DATABASE story_guard TEMPLATE template0"
PGDATABASE=story_guard
export PGDATABASE
sql 'CREATE EXTENSION schema_lifecycle'
is "$(sql "SELECT sl_guard('deny')")" deny "the guard is on"

#
# It fails, and its developer can read why
#
start
is "$code" 1 "create_all() fails"
is "$(echo "$out" | head -n 1)" SL008 "with a state of its own"
is "$(echo "$out" | sed -n 2,3p)" "\
CREATE TYPE (enum public.session_kind) is refused: this schema changes by migrations alone
DETAIL:  schema_lifecycle guards this database, sl_guard('deny'), and no rule lets role \"$(sql 'SELECT current_user')\", application \"service\", pass." \
	"it says what was refused and by whom"
case $out in
*"HINT:  Put the change into a migration file, push it (slctl push DIR), and CALL sl_migrate(); "*"create_all()"*)
	said=yes
	;;
*) said=$out ;;
esac
is "$said" yes "and what to do"
is "$(sql "SELECT count(*) FROM pg_class WHERE relname IN ('users', 'sessions')")" 0 \
	"nothing was made"

#
# As it says
#
mkdir "$work/migrations"
cat >"$work/migrations/001_service.sql" <<'SQL'
CREATE TABLE users (id serial PRIMARY KEY, email varchar(200) NOT NULL);
CREATE INDEX ix_users_email ON users (email);
CREATE TYPE session_kind AS ENUM ('web', 'app');
CREATE TABLE sessions (id varchar(64) PRIMARY KEY, user_id integer REFERENCES users, kind session_kind);
SQL
run push "$work/migrations"
is "$code" 0 "the revision is pushed"
is "$(sql 'CALL sl_migrate()')" "" "and runs under the guard"
start
is "$code|$out" "0|0 sessions" "create_all() finds its tables, and does nothing"

#
# Under log it is seen
#
sql "SELECT sl_guard('log')" >/dev/null
sql "SET schema_lifecycle.guard_bypass = on; DROP TABLE sessions" >/dev/null
is "$(sql 'SELECT count(*) FROM sl_ddl_log')" 0 "a superuser who says so is not"
start
is "$code|$out" "0|0 sessions" "create_all() makes the table that is missing"
is "$(sql "SELECT concat_ws('|', application_name, command, class, identity, revision) FROM sl_ddl_log")" \
	"service|CREATE TABLE|table|public.sessions|001_service" \
	"the log says who made what, and which revision's business it was"
finish
