#!/bin/sh
# S4, drift on deploy: models that say what no migration makes.
#
# A real create_all() of SQLAlchemy makes one database, the migrations make
# another, and sl_snapshot() of the one is compared in the other.  What runs
# is the script of doc/ci.md, as it stands there.
#
#   eval "$(test/server env)"; prove --exec sh test/stories/s4_models_against_migrations.sh
. test/slctl/lib.sh

if ! /usr/bin/python3 -c 'import sqlalchemy, psycopg2' 2>/dev/null; then
	echo '1..0 # SKIP python3-sqlalchemy and python3-psycopg2 are not installed'
	exit 0
fi
top=$PWD
cp -R test/fixtures/s4_agents "$work/migrations"
# a fence of Markdown
# shellcheck disable=SC2016
sed -n '/^```sh models_against_migrations$/,/^```$/p' doc/ci.md | sed '1d;$d' >"$work/check"
is "$(sed -n 1p "$work/check")" '#!/bin/sh' 'the manual has the script'
PATH=$top/bin:$PATH

# check: runs it; leaves $code, $out, $err
check() {
	code=0
	(cd "$work" && sh ./check migrations models.py) >"$work/out" 2>"$work/err" </dev/null || code=$?
	out=$(cat "$work/out")
	err=$(cat "$work/err")
	[ -z "$err" ] || note "$err"
}

# models AGENT_ID CALLS: the models, with these two places
models() {
	cat >"$work/models.py" <<PY
from sqlalchemy import (BigInteger, Column, DateTime, ForeignKey, Identity,
                        Index, Integer, Text, func)
from sqlalchemy.orm import declarative_base

Base = declarative_base()
metadata = Base.metadata


class Agent(Base):
    __tablename__ = "agents"
    id = Column(Integer, Identity(), primary_key=True)
    name = Column(Text, nullable=False)
    agent_id = Column(Integer$1)


class Call(Base):
    __tablename__ = "calls"
    id = Column(BigInteger, Identity(), primary_key=True)
    agent = Column(ForeignKey("agents.id"), nullable=False)
    started_at = Column(DateTime(timezone=True), nullable=False,
                        server_default=func.now())
$2
    __table_args__ = (Index("calls_agent", "agent", "started_at"),)
PY
}

models '' ''
check
is "$code|$out" '0|' 'models and migrations agree'

models ', nullable=False' '    ended_at = Column(DateTime(timezone=True))'
check
is "$code|$out" '1|column public.agents.agent_id altered not_null models: true migrations: false
column public.calls.ended_at missing   ' 'a change of the models without a migration is named, by column'

printf '%s\n' '-- sl:revision j0e1f2g3h4i5' \
	'ALTER TABLE agents ALTER COLUMN agent_id SET NOT NULL;' \
	'ALTER TABLE calls ADD COLUMN ended_at timestamptz;' \
	'CREATE INDEX calls_ended ON calls (ended_at);' >"$work/migrations/004_calls_ended.sql"
check
is "$code|$out" '1|index public.calls_ended unexpected   ' \
	'with the migration they agree, but for what only the migration makes'
models ', nullable=False' '    ended_at = Column(DateTime(timezone=True), index=False)
    Index("calls_ended", ended_at)'
check
is "$code|$out" '0|' 'and with that in the models, wholly'

is "$(psql -XqAtd postgres -c "SELECT count(*) FROM pg_database WHERE datname LIKE 'ci\\_%'")" 0 \
	'nothing is left behind'

finish
