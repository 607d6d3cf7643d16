#!/bin/sh
# What adopting, mirroring, observing and manifests cost.
#
#   eval "$(test/server env)"; bench/adopt.sh [REVISIONS]
#
# In a database of its own, on the server of the environment.  Times are those
# of psql's \timing, in ms; each line says of what.  The files are told to be
# Alembic's, as those of "alembic upgrade --sql" would be.
set -eu

n=${1:-1000}
db=bench_adopt
work=$(mktemp -d)
trap 'rm -rf "$work"; psql -Xqd postgres -c "DROP DATABASE IF EXISTS $db WITH (FORCE)"' EXIT
PGDATABASE=postgres
export PGDATABASE

# fresh: a database with n registered revisions, a table each
fresh() {
	psql -Xqd postgres -c "SET client_min_messages = warning" \
		-c "DROP DATABASE IF EXISTS $db WITH (FORCE)" \
		-c "CREATE DATABASE $db"
	PGDATABASE=$db
	psql -Xq -c 'CREATE SCHEMA ops; CREATE EXTENSION schema_lifecycle SCHEMA ops' \
		-c "SELECT count(*) FROM ops.sl_load(
			(SELECT array_agg(to_char(i, 'FM000000') || '.sql' ORDER BY i) FROM generate_series(1, $n) i),
			(SELECT array_agg('CREATE TABLE t' || i || ' (id int PRIMARY KEY, a text, b int)' ORDER BY i) FROM generate_series(1, $n) i))" \
		-c "UPDATE ops.sl_registry SET format = 'alembic-sql'" >"$work/out"
}

# table: Alembic's, empty
table() {
	psql -Xq -c "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)"
}

# timed NAME STATEMENT
timed() {
	ms=$(psql -XqAt -c 'SET client_min_messages = warning' -c '\timing on' \
		-c "$2" | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | tail -1)
	printf '%-60s %10s ms\n' "$1" "$ms"
}

fresh
timed "CALL sl_migrate(), $n revisions" 'CALL ops.sl_migrate()'
timed "sl_manifest(), $n revisions" 'SELECT length(ops.sl_manifest()::text)'
psql -XqAt -c 'SELECT ops.sl_manifest()' >"$work/manifest"
table
timed "sl_adopt() where all is recorded, mirror" \
	"SELECT count(*) FROM ops.sl_adopt()"
psql -XqAt -c "SELECT count(*) FROM ops.sl_adopt(mirror => false)" \
	-c "SELECT count(*) FROM ops.sl_stamp('base', true, 'to adopt it')" >"$work/out"
timed "sl_adopt() of $n revisions, all there" \
	"SELECT count(*) FROM ops.sl_adopt()"

fresh
table
psql -XqAt -c "SELECT count(*) FROM ops.sl_adopt('alembic')" >"$work/out"
timed "CALL sl_migrate(), $n revisions, mirrored" 'CALL ops.sl_migrate()'

fresh
psql -XqAt >"$work/out" <<SQL
\\set manifest \`cat $work/manifest\`
CREATE TABLE document AS SELECT :'manifest'::jsonb AS body;
SQL
timed "sl_import_manifest(), $n revisions" \
	'SELECT count(*) FROM ops.sl_import_manifest((SELECT body FROM document))'

fresh
table
ddl="DO \$\$BEGIN FOR i IN 1..1000 LOOP EXECUTE 'CREATE TABLE d' || i || ' (a int)'; EXECUTE 'DROP TABLE d' || i; END LOOP; END\$\$"
timed "2,000 statements of DDL, nobody is observed" "$ddl"
psql -XqAt -c "SELECT ops.sl_observe('alembic_version', 'deny')" >"$work/out"
timed "2,000 statements of DDL, observed" "$ddl"
