#!/bin/bash
# The scripts of test/fixtures/lint through squawk and through
# sl_lint_script(), in a database that knows none of their tables: the table
# of doc/lint/comparison.md.
#
#   bench/lint_compare.sh [SQUAWK]
#
# SQUAWK is the program; without it, npm fetches squawk-cli into a folder that
# is removed in the end.  Prints Markdown.
set -eu

cd "$(dirname "$0")/.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
squawk=${1:-}
if [ -z "$squawk" ]; then
	npm install --silent --no-fund --no-audit --prefix "$out" squawk-cli >&2
	squawk=$out/node_modules/.bin/squawk
fi
test/server install
test/server start
eval "$(test/server env)"
export PGOPTIONS='-c client_min_messages=warning'
dropdb --if-exists lint_compare
createdb lint_compare
psql -Xqc 'CREATE EXTENSION schema_lifecycle' lint_compare

# what squawk calls otherwise
declare -A names=(
	[adding-field-with-default]='adding-field-with-default adding-serial-column adding-generated-column'
	[adding-serial-primary-key-field]=adding-primary-key
	[ban-concurrent-index-creation-in-transaction]=concurrently-in-transaction
	[ban-uncommitted-transaction]=transaction-control
	[transaction-nesting]=transaction-control
	[prefer-robust-stmts]=not-idempotent
	[prefer-repack]=rewriting-table
)

list() { # WORD...
	local IFS=, text
	text=$*
	echo "${text//,/, }"
}

echo "$("$squawk" --version), PostgreSQL $(psql -XAtc 'SHOW server_version' lint_compare)"
echo
echo "| script | both | squawk alone | sl_lint alone |"
echo "|---|---|---|---|"
for file in test/fixtures/lint/*.sql; do
	# --assume-in-transaction: as a revision is one
	mapfile -t theirs < <("$squawk" --assume-in-transaction --pg-version 15 \
		--include require-table-schema --reporter gcc "$file" 2>/dev/null |
		sed -n 's/^[^:]*:[0-9]*:[0-9]*: [a-z]*: \([a-z-]*\) .*/\1/p' | sort -u)
	mapfile -t ours < <(psql -XAtq -v "script=$(cat "$file")" lint_compare <<'SQL'
SELECT DISTINCT rule || CASE severity WHEN 'info' THEN ' (i)' WHEN 'warning' THEN ' (w)' ELSE '' END
  FROM sl_lint_script(:'script') ORDER BY 1;
SQL
	)
	both=()
	alone=()
	for rule in "${theirs[@]}"; do
		found=
		for name in ${names[$rule]:-$rule}; do
			for i in "${!ours[@]}"; do
				if [ "${ours[i]%% *}" = "$name" ]; then
					found=${ours[i]}
					unset "ours[i]"
				fi
			done
		done
		if [ -n "$found" ]; then
			both+=("$found")
		else
			alone+=("$rule")
		fi
	done
	echo "| $(basename "$file" .sql) | $(list "${both[@]:+${both[@]}}") | $(list "${alone[@]:+${alone[@]}}") | $(list "${ours[@]:+${ours[@]}}") |"
done
dropdb lint_compare
