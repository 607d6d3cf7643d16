#!/bin/bash
# What the guard costs: a DDL statement and a DML statement with the guard off,
# in log and in deny, on the private server.
#
#   bench/guard.sh [ROUNDS] [STATEMENTS]
#
# Each round measures the three modes one after the other, in a session of
# its own, and a difference is the median of the rounds' differences from
# "off".  A DDL statement is a COMMENT, the cheapest there is, and a pair of
# CREATE TABLE and DROP TABLE; all commit by themselves, without waiting for
# the disk.  In deny the role is let pass by a rule, which is the way that
# costs most.  Prints Markdown.
set -eu

cd "$(dirname "$0")/.."
rounds=${1:-9}
statements=${2:-1000}
test/server install
test/server start
eval "$(test/server env)"
export PGOPTIONS='-c client_min_messages=warning -c synchronous_commit=off'
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

dropdb --if-exists sl_bench_guard
createdb sl_bench_guard
psql -Xq -d sl_bench_guard <<'SQL'
CREATE EXTENSION schema_lifecycle;
CREATE TABLE t (a integer PRIMARY KEY, b text);
INSERT INTO t SELECT i, i FROM generate_series(1, 1000) AS i;
SELECT sl_configure('guard_allow_schemas', 'public');
SQL

for kind in comment table dml; do
	for i in $(seq "$statements"); do
		case $kind in
		comment) echo "COMMENT ON TABLE t IS '$i';" ;;
		table) echo "CREATE TABLE x$i (a integer, b text);" "DROP TABLE x$i;" ;;
		dml) echo "UPDATE t SET b = b WHERE a = $((i % 1000));" ;;
		esac
	done >"$out/$kind.sql"
done

# microseconds a statement
measure() { # MODE KIND
	psql -Xqt -d sl_bench_guard -c "SELECT sl_guard('$1')" \
		-c "SELECT sl_configure('guard_allow_schemas', CASE '$1' WHEN 'deny' THEN 'public' END)" >/dev/null
	lines=$(tr ' ' '\n' <"$out/$2.sql" | grep -c ';')
	psql -XqAt -d sl_bench_guard -v file="$out/$2.sql" -v lines="$lines" <<'SQL'
COMMENT ON TABLE t IS 'the library is loaded';
SELECT clock_timestamp() AS t0 \gset
\i :file
SELECT extract(epoch FROM clock_timestamp() - :'t0'::timestamptz) * 1000000 / :lines;
SQL
}

median() {
	sort -g "$1" | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

for round in $(seq "$rounds"); do
	for kind in comment table dml; do
		for mode in off log deny; do
			measure $mode $kind >>"$out/$kind.$mode"
		done
		psql -Xqt -d sl_bench_guard -c "SELECT sl_guard('off')" >/dev/null
	done
done

echo "| statement | off | log | deny | log - off | deny - off |"
echo "|---|---|---|---|---|---|"
for kind in comment table dml; do
	for mode in log deny; do
		paste "$out/$kind.$mode" "$out/$kind.off" | awk '{ print $1 - $2 }' >"$out/$kind.$mode.more"
	done
	printf '| %s | %.0f us | %.0f us | %.0f us | %.0f us | %.0f us |\n' "$kind" \
		"$(median "$out/$kind.off")" "$(median "$out/$kind.log")" "$(median "$out/$kind.deny")" \
		"$(median "$out/$kind.log.more")" "$(median "$out/$kind.deny.more")"
done
