#!/bin/bash
# Rehearsals of histories that were written elsewhere: do they need a touch,
# are the footprints those of a migration, and how long does it take?
#
#   bench/rehearse.sh [-n ROUNDS] DIR...
#
# Each DIR holds a history as `slctl push` reads it.  It is pushed into a
# database that is told, by force, that all of it is applied, as one is that
# another tool migrated; CALL sl_rehearse() is timed from an idle connection.
# Against it psql runs the same scripts in one session, each in a transaction
# of its own where it can, in a database that is there already.  The two take
# turns.  Then CALL sl_migrate() runs them in a third database, and every row
# of every footprint must be the same.  $REAL_PREPARE: SQL that makes what a
# history needs of the cluster, such as roles.  Prints Markdown.
set -eu

cd "$(dirname "$0")/.."
rounds=3
if [ "${1:-}" = -n ]; then
	rounds=$2
	shift 2
fi
if [ $# -lt 1 ]; then
	sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
	exit 1
fi
test/server install
test/server start
eval "$(test/server env)"
export PGOPTIONS='-c client_min_messages=warning'
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

run() {
	psql -XAtq -v ON_ERROR_STOP=1 "$@"
}

new_database() {
	run -d postgres -c "DROP DATABASE IF EXISTS $1" \
		-c "CREATE DATABASE $1 TEMPLATE template0"
}

# a database with the history, and nothing of it done
new_history() {
	new_database "$1"
	run -d "$1" -c 'CREATE SCHEMA lifecycle' \
		-c 'CREATE EXTENSION schema_lifecycle SCHEMA lifecycle' \
		-c "ALTER DATABASE $1 SET search_path = public, lifecycle"
	bin/slctl push "$dir" "$1" >"$out/push"
	run -d "$1" -c "ALTER DATABASE $1 RESET search_path"
}

# the scripts as psql is to run them
write_scripts() {
	run -d "$1" >"$out/scripts.sql" <<'SQL'
SELECT CASE WHEN r.transactional THEN E'BEGIN;\n' ELSE '' END || r.up || E'\n;\n'
	|| CASE WHEN r.transactional THEN E'COMMIT;\n' ELSE '' END || 'RESET ALL;'
FROM lifecycle.sl_graph() AS g JOIN lifecycle.sl_registry AS r USING (revision)
WHERE r.up IS NOT NULL ORDER BY g.ordinal
SQL
}

# a literal like 'now' is the time of the run, and so of a hash with it
footprints() {
	run -d "$1" -c "SELECT e.revision, f.class, f.identity, f.change, f.key, d.text,
			CASE WHEN d.text IS NOT DISTINCT FROM f.definition::text THEN f.before END,
			CASE WHEN d.text IS NOT DISTINCT FROM f.definition::text THEN f.after END, f.changed
		FROM lifecycle.sl_evidence AS e LEFT JOIN lifecycle.sl_footprint AS f ON f.evidence_id = e.id,
		regexp_replace(f.definition::text, current_date || ' \\d\\d:\\d\\d:\\d\\d\\.\\d+', 'now', 'g') AS d (text)
		WHERE e.complete AND e.evidence = '$2' ORDER BY e.revision, f.ordinal"
}

now() {
	date +%s%N
}

# the middle one
median() {
	sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

[ -z "${REAL_PREPARE:-}" ] || run -d postgres -f "$REAL_PREPARE" 2>/dev/null || :
echo '| history | revisions | outside a transaction | footprint rows | psql, ms | sl_rehearse, ms | over 1.2 x, ms | again, ms |'
echo '|---|---|---|---|---|---|---|---|'
status=0
for dir in "$@"; do
	: >"$out/psql"
	: >"$out/rehearse"
	: >"$out/over"
	for ((i = 0; i < rounds; i++)); do
		new_history bench_stamped
		run -d bench_stamped -c "SELECT count(*) FROM lifecycle.sl_heads() AS h, lifecycle.sl_stamp(h, true, 'elsewhere')" >/dev/null
		write_scripts bench_stamped
		new_database bench_psql
		a=$(now)
		run -d bench_psql -f "$out/scripts.sql" >/dev/null 2>"$out/err" || cat "$out/err" >&2
		b=$(now)
		if ! run -d bench_stamped -c "CALL lifecycle.sl_rehearse('heads')" 2>"$out/err"; then
			cat "$out/err" >&2
			status=1
		fi
		c=$(now)
		run -d bench_stamped -c "CALL lifecycle.sl_rehearse('heads')" 2>/dev/null || :
		d=$(now)
		echo $(((b - a) / 1000000)) >>"$out/psql"
		echo $(((c - b) / 1000000)) >>"$out/rehearse"
		echo $(((c - b - (b - a) * 12 / 10) / 1000000)) >>"$out/over"
	done
	new_history bench_migrated
	run -d bench_migrated -c "CALL lifecycle.sl_migrate('heads')" >/dev/null || status=1
	footprints bench_migrated applied >"$out/applied"
	footprints bench_stamped rehearsed >"$out/rehearsed"
	if ! diff "$out/applied" "$out/rehearsed" >"$out/diff"; then
		head -n 20 "$out/diff" >&2
		status=1
	fi
	echo "| $(basename "$dir") | $(run -d bench_migrated -c "SELECT count(*) || ' | ' || count(*) FILTER (WHERE NOT transactional) FROM lifecycle.sl_registry") | $(wc -l <"$out/rehearsed") | $(median <"$out/psql") | $(median <"$out/rehearse") | $(median <"$out/over") | $(((d - c) / 1000000)) |"
	run -d postgres -c 'DROP DATABASE bench_stamped' -c 'DROP DATABASE bench_psql' -c 'DROP DATABASE bench_migrated'
done
exit "$status"
