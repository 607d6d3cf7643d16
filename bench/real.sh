#!/bin/sh
# Hold a history of migrations against psql: does it end in the same schema?
#
#   bench/real.sh DIR [slctl push options]
#
# DIR holds plain SQL, .up.sql/.down.sql pairs, up.sql/down.sql folders,
# Flyway, dbmate or goose files.  They are pushed with bin/slctl into one
# fresh database and run by CALL sl_migrate(); in another, psql runs them in
# order, each in a transaction and a session of its own, or without a
# transaction where PostgreSQL refuses one.  Then both are dumped, and the
# dumps must be equal.  What the footprints lead to must be what the catalog
# has, owners and privileges included, and sl_verify() true.  Exit: 0 so it is,
# 1 not.
#
# A history that needs roles, extensions or settings first: SQL in the file
# $REAL_PREPARE, run in both databases.  The server is that of test/server,
# unless REAL_SERVER=any: then the one that PGHOST and the like name, on which
# the databases real_sl and real_psql are made and dropped.  What both ways
# wrote stays in $REAL_KEEP, if it is set.
set -eu

bench=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$bench")

if [ $# -lt 1 ] || [ ! -d "$1" ]; then
	sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
	exit 1
fi
dir=$(cd "$1" && pwd)
shift

if [ "${REAL_SERVER:-}" != any ]; then
	"$top/test/server" install >/dev/null
	"$top/test/server" start
	eval "$("$top/test/server" env)"
fi
if [ -n "${REAL_KEEP:-}" ]; then
	mkdir -p "$REAL_KEEP"
	tmp=$(cd "$REAL_KEEP" && pwd)
else
	tmp=$(mktemp -d "${TMPDIR:-/tmp}/real.XXXXXX")
	trap 'rm -rf "$tmp"' EXIT
fi
# for sort and comm
LC_ALL=C
export LC_ALL
PGOPTIONS="${PGOPTIONS:-} -c client_min_messages=warning"
export PGOPTIONS

run() {
	psql -X -q -v ON_ERROR_STOP=1 "$@"
}

new_database() {
	run -d postgres -c "DROP DATABASE IF EXISTS $1"
	run -d postgres -c "CREATE DATABASE $1 TEMPLATE template0"
	if [ -n "${REAL_PREPARE:-}" ]; then
		run -d "$1" -f "$REAL_PREPARE"
	fi
}

now() {
	date +%s%N
}

# took START END: seconds
took() {
	echo "$1 $2" | awk '{ printf "%.2f s", ($2 - $1) / 1000000000 }'
}

# List what psql is to run, in order, one path a line.  Versions compare as
# numbers, which is what sort -V does.
list_scripts() {
	cd "$dir"
	if [ -n "$(find . -name up.sql | head -n 1)" ]; then
		# diesel's order is that of the version, without its dashes
		find . -name up.sql |
			awk -F/ '{ v = $(NF - 1); sub(/_.*/, "", v); gsub(/-/, "", v)
				print v "\t" $0 }' |
			LC_ALL=C sort -s -t "$(printf '\t')" -k 1,1 | cut -f 2-
	elif [ -n "$(find . -name '*.up.sql' | head -n 1)" ]; then
		find . -name '*.up.sql' | sort -V
	elif [ -n "$(find . -name 'V*__*.sql' | head -n 1)" ]; then
		find . -name 'V*__*.sql' | sed 's|.*/V|&|' | sort -V
		find . -name 'R__*.sql' | sort
	else
		find . -name '*.sql' ! -name '*.down.sql' | sort -V
	fi
}

# The up part of a file of dbmate or goose, else all of it.
up_part() {
	if grep -Eq '^-- *(migrate:up|\+goose Up)' "$1"; then
		awk '/^-- *(migrate:down|\+goose Down)/ { on = 0 }
			{ print on ? $0 : "" }
			/^-- *(migrate:up|\+goose Up)/ { on = 1 }' "$1"
	else
		cat "$1"
	fi
}

by_psql() {
	list_scripts >"$tmp/scripts"
	: >"$tmp/psql.log"
	while IFS= read -r script; do
		up_part "$dir/$script" >"$tmp/up.sql"
		if run -1 -d real_psql -f "$tmp/up.sql" >/dev/null 2>"$tmp/err"; then
			continue
		fi
		# 25001, or an enum's new value
		if grep -Eq 'inside a transaction block|unsafe use of new value' \
			"$tmp/err" &&
			run -d real_psql -f "$tmp/up.sql" >/dev/null 2>"$tmp/err"; then
			echo "$script: without a transaction" >>"$tmp/psql.log"
			continue
		fi
		{
			echo "psql stopped at $script"
			cat "$tmp/err"
		} | tee -a "$tmp/psql.log" >&2
		return 1
	done <"$tmp/scripts"
}

# All facts, a line each.
facts() {
	run -A -t -d real_sl -c "SELECT class, identity, definition
		FROM real_lifecycle.$1() WHERE (class, identity) NOT IN
			(('schema', 'public'), ('schema', 'real_lifecycle'),
				('extension', 'plpgsql'))" | sort
}

# Are the footprints true?  What was prepared, and is as it was, is left out.
check_truth() {
	facts sl_expected >"$tmp/expected"
	facts sl_catalog >"$tmp/found"
	# given and found, and not expected
	comm -12 "$tmp/given" "$tmp/found" | comm -23 - "$tmp/expected" |
		comm -13 - "$tmp/found" >"$tmp/found.made"
	if ! diff -U 0 "$tmp/expected" "$tmp/found.made" >"$tmp/facts.diff"; then
		echo "the footprints lead elsewhere: $(grep -c '^[-+][^-+]' \
			"$tmp/facts.diff") lines" >&2
		head -n "${REAL_DIFF_LINES:-40}" "$tmp/facts.diff" >&2
		return 1
	fi
	verdict=$(run -A -t -d real_sl -c "SELECT real_lifecycle.sl_verify(),
		real_lifecycle.sl_status() ->> 'verdict'")
	if [ "$verdict" != 't|ok' ]; then
		echo "not verified: $verdict" >&2
		return 1
	fi
	echo "true: $(wc -l <"$tmp/expected") facts expected and found, verified"
}

# The schema as text, without what says when or how it was dumped.
dump() {
	pg_dump -s -d "$1" | grep -Ev '^\\(un)?restrict '
}

status=0

new_database real_sl
run -d real_sl -c 'CREATE SCHEMA real_lifecycle' \
	-c 'CREATE EXTENSION schema_lifecycle SCHEMA real_lifecycle' \
	-c 'ALTER DATABASE real_sl SET search_path = "$user", public, real_lifecycle'
run -d real_sl >/dev/null \
	-c "SELECT real_lifecycle.sl_configure('compare_owners', 'on')" \
	-c "SELECT real_lifecycle.sl_configure('compare_privileges', 'on')"
facts sl_catalog >"$tmp/given"
a=$(now)
"$top/bin/slctl" push "$dir" "$@" real_sl >"$tmp/push.log" || exit 1
b=$(now)

# scripts are to find the path of an ordinary database
run -d real_sl -c 'ALTER DATABASE real_sl RESET search_path'
if ! run -d real_sl -c 'CALL real_lifecycle.sl_migrate()' \
	>"$tmp/sl.log" 2>&1; then
	echo "sl_migrate stopped:" >&2
	cat "$tmp/sl.log" >&2
	status=1
fi
c=$(now)
run -A -t -d real_sl -c "SELECT format('schema_lifecycle: %s revisions, %s applied, %s outside a transaction; %s',
	count(*), count(*) FILTER (WHERE g.state = 'applied'),
	count(*) FILTER (WHERE NOT r.transactional),
	(SELECT string_agg(DISTINCT format, ', ') FROM real_lifecycle.sl_registry))
	FROM real_lifecycle.sl_graph() g
	JOIN real_lifecycle.sl_registry r USING (revision)"
echo "push $(took "$a" "$b"), sl_migrate $(took "$b" "$c")"

new_database real_psql
a=$(now)
by_psql || status=1
b=$(now)
echo "psql: $(wc -l <"$tmp/scripts") files," \
	"$(grep -c 'without a transaction' "$tmp/psql.log" || :)" \
	"without a transaction, $(took "$a" "$b")"

if [ -n "${REAL_REVERT:-}" ]; then
	if run -d real_sl -c "CALL real_lifecycle.sl_revert_online('base')" \
		>"$tmp/revert.log" 2>&1; then
		echo "reverted to base"
	else
		echo "sl_revert_online stopped:" >&2
		cat "$tmp/revert.log" >&2
	fi
	run -A -t -d real_sl -c "SELECT format('%s applied after the revert',
		count(*) FILTER (WHERE state = 'applied'))
		FROM real_lifecycle.sl_graph()"
	exit "$status"
fi

check_truth || status=1
run -d real_sl -c 'DROP EXTENSION schema_lifecycle' \
	-c 'DROP SCHEMA real_lifecycle'
dump real_sl >"$tmp/sl.dump"
dump real_psql >"$tmp/psql.dump"
if diff -u "$tmp/psql.dump" "$tmp/sl.dump" >"$tmp/diff"; then
	echo "equal: $(wc -l <"$tmp/sl.dump") lines of pg_dump -s"
else
	echo "different: $(grep -c '^[-+]' "$tmp/diff") lines" >&2
	head -n "${REAL_DIFF_LINES:-40}" "$tmp/diff" >&2
	status=1
fi
run -d postgres -c 'DROP DATABASE real_sl' -c 'DROP DATABASE real_psql'
exit "$status"
