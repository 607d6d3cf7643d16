#!/bin/bash
# sl_lint() on 1,000 pending revisions, and the same texts by sl_lint_script(),
# on the private server.
#
#   bench/lint.sh [ROUNDS]
#
# Each revision makes a table with an index and alters one of 50 tables that
# are there, of 20 rows and of 100,000.  Prints Markdown.
set -eu

cd "$(dirname "$0")/.."
rounds=${1:-5}
test/server install
test/server start
eval "$(test/server env)"
export PGOPTIONS='-c client_min_messages=warning'
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

dropdb --if-exists lint_bench
createdb lint_bench
psql -Xq -v ON_ERROR_STOP=1 lint_bench <<'SQL'
CREATE EXTENSION schema_lifecycle;
SELECT format('CREATE TABLE live_%s (id bigint PRIMARY KEY, a bigint, b text);
	INSERT INTO live_%1$s SELECT g, g, ''b'' FROM generate_series(1, %s) AS g;', t, CASE WHEN t % 10 = 0 THEN 100000 ELSE 20 END)
  FROM generate_series(0, 49) AS t \gexec
CREATE TABLE script AS
SELECT to_char(g, 'FM00000') AS revision,
	format($$CREATE TABLE t_%1$s (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	live bigint NOT NULL REFERENCES live_%2$s (id),
	name text NOT NULL,
	state varchar(20) DEFAULT 'new' CHECK (state IN ('new', 'old')),
	made timestamptz NOT NULL DEFAULT now());
CREATE INDEX t_%1$s_live ON t_%1$s (live);
ALTER TABLE live_%2$s ADD COLUMN c_%1$s text;
UPDATE live_%2$s SET c_%1$s = b WHERE id < 10;
CREATE OR REPLACE FUNCTION f_%1$s() RETURNS void LANGUAGE plpgsql AS $f$
BEGIN
	IF EXISTS (SELECT FROM t_%1$s) THEN
		DELETE FROM t_%1$s WHERE id < 10;
	END IF;
END $f$;
$$, g, g % 50) AS up
  FROM generate_series(1, 1000) AS g;
SELECT count(sl_register(revision, up)) FROM (SELECT * FROM script ORDER BY revision) AS s;
SQL

# milliseconds of a statement in a new session
measure() { # NAME STATEMENT
	local i
	for ((i = 0; i < rounds; i++)); do
		printf '\\timing on\n%s;\n' "$2" | psql -XAtq lint_bench |
			sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p'
	done | sort -g >"$out/$1"
}

measure revisions 'SELECT count(*) FROM sl_lint()'
measure scripts 'SELECT count(*) FROM script, sl_lint_script(up)'
measure one "SELECT count(*) FROM sl_lint('01000')"

echo "| what | median | min .. max (ms) |"
echo "|---|---|---|"
for name in revisions scripts one; do
	awk -v name="$name" '{ v[NR] = $1 } END { printf "| %s | %.0f | %.0f .. %.0f |\n", name, v[int((NR + 1) / 2)], v[1], v[NR] }' "$out/$name"
done
echo
psql -XAtq lint_bench -c "SELECT (SELECT count(*) FROM sl_lint()) || ' findings, ' || sum(length(up)) || ' bytes' FROM script"
dropdb lint_bench
