#!/bin/sh
# slctl head: no server, no Python.
. test/slctl/lib.sh

# nothing here may reach a server
PGHOST=/nonexistent
export PGHOST

# revision ID PARENT: an Alembic file; PARENT is a Python expression
revision() {
	file "${3:-$1.py}" "\"\"\"$1\"\"\"\nfrom alembic import op\n\nrevision = '$1'\ndown_revision = $2\n\n\ndef upgrade():\n    pass\n"
}

#
# S1
#
s1=test/fixtures/alembic_s1
cycle='slctl: cycle: a004 -> add_self_service_dining -> a004
alembic/versions/a004_order_items.py: "a004" has the parent add_self_service_dining
alembic/versions/add_self_service_dining.py: "add_self_service_dining" has the parent a004'
gives 'S1: the cycle, member by member' 1 '' "$cycle" head "$s1"
gives 'S1: from the folder of versions' 1 '' \
	"$(printf '%s\n' "$cycle" | sed 's,alembic/versions/,,')" \
	head "$s1/alembic/versions"

# the tool itself refuses them, and cannot tell who closes the cycle
if command -v alembic >/dev/null; then
	is "$(PYTHONDONTWRITEBYTECODE=1 alembic -c "$s1/alembic.ini" heads 2>&1 |
		sed -n 's/^.*CycleDetected: //p')" \
		'Cycle is detected in revisions (a004, a005, a006, add_self_service_dining)' \
		'S1: what Alembic says'
else
	count=$((count + 1))
	printf 'ok %d # SKIP alembic is not installed\n' "$count"
fi

fresh
cp "$s1"/alembic/versions/*.py "$dir"
sed "s/'add_self_service_dining'/'a003'/" "$s1/alembic/versions/a004_order_items.py" \
	>"$dir/a004_order_items.py"
gives 'S1: half cured, two heads' 1 '' 'slctl: 2 heads: a006, add_self_service_dining
One head is what a deploy can ask for: merge them.' head "$dir"
sed 's/= "a004"/= "a006"/' "$s1/alembic/versions/add_self_service_dining.py" \
	>"$dir/add_self_service_dining.py"
gives 'S1: cured' 0 add_self_service_dining '' head "$dir"

#
# Cycles
#
fresh
revision a None
revision b "('a', 'd')"
revision c "'b'"
revision d "'c'"
revision e "'d'"
gives 'what is above and below a cycle is not in it' 1 '' 'slctl: cycle: b -> d -> c -> b
b.py: "b" has the parent a, d
d.py: "d" has the parent c
c.py: "c" has the parent b' head "$dir"

fresh
revision a "'a'"
revision z "'y'"
revision y "'z'"
gives 'two cycles, one of a single revision' 1 '' 'slctl: cycle: a -> a
a.py: "a" has the parent a
slctl: cycle: y -> z -> y
y.py: "y" has the parent z
z.py: "z" has the parent y' head "$dir"

fresh
revision a "'b'"
revision b "'a'"
revision c "'b'"
revision d "'c'"
file e.py "revision = 'e'\ndown_revision = ('d', 'f')\n"
file f.py "revision = 'f'\ndown_revision = 'e'\n"
gives 'two cycles, a chain between them' 1 '' 'slctl: cycle: a -> b -> a
a.py: "a" has the parent b
b.py: "b" has the parent a
slctl: cycle: e -> f -> e
e.py: "e" has the parent d, f
f.py: "f" has the parent e' head "$dir"

fresh
revision a None
file b.py "revision = 'b'\ndown_revision = 'a'\ndepends_on = 'c'\n"
file c.py "revision = 'c'\ndown_revision = 'b'\n"
gives 'depends_on closes a cycle' 1 '' 'slctl: cycle: b -> c -> b
b.py: "b" has the parent a, c
c.py: "c" has the parent b' head "$dir"

#
# Python as people write it
#
fresh
revision a None
file b.py "\357\273\277# revision = 'no'\r\n'''\r\nrevision = 'no'\r\n'''\r\nrevision: str = \"b\"  # yes\r\ndown_revision: Union[str, None] = 'a'\r\n"
file c.py "\"\"\"it's\ndown_revision = 'zz'\n\\\\\"\"\" still\n\"\"\"\nrevision='c'\ndown_revision=(\n    'b',  # the parent\n)\nbranch_labels = ('web',)\ndepends_on = None\n"
file d.py "revision = u'd'; down_revision = \\\\\n    r'c'\ndepends_on: Sequence[str] = [\n    'web', \"a\"]\n\ndef upgrade():\n    op.execute('''\nrevision = 'no'\n''')\n    down_revision = 'no'\n"
file e.py "revision = (\n'e'\n)\ndown_revision = 'd''' \"\"\nx = '''\n'''; y = '''\nrevision = 'no'\n'''\n"
gives 'annotations, docstrings, comments, tuples, CRLF, BOM, prefixes' 0 e '' \
	head "$dir"

fresh
revision a None
file b.py "revision = 'b'\ndown_revision = 'a'\n"
file c.py "revision = 'c'\ndown_revision = 'a'\ndepends_on = 'b'\n"
gives 'depends_on hides no head' 1 '' 'slctl: 2 heads: b, c
One head is what a deploy can ask for: merge them.' head "$dir"
file d.py "revision = 'd'\ndown_revision = 'b', 'c'\n"
gives 'a merge' 0 d '' head "$dir"
file __pycache__/e.py "revision = 'e'\ndown_revision = 'd'\n"
file .hidden/e.py "revision = 'e'\ndown_revision = 'd'\n"
file env.py "revision = 'e'\n"
file .e.py "revision = 'e'\ndown_revision = 'd'\n"
gives 'hidden files, caches and env.py are passed over' 0 d '' head "$dir"
file "it's e.py" "revision = 'e'\ndown_revision = 'd'\n"
file "sub dir/x=1.py" "revision = 'f'\ndown_revision = 'e'\n"
gives 'names with quotes, blanks and equal signs' 0 f '' head "$dir"

fresh
revision a "'gone'"
revision b "('a', 'lost')"
gives 'missing parents' 1 '' 'slctl: a.py: its parent "gone" is in none of the files
slctl: b.py: its parent "lost" is in none of the files' head "$dir"

fresh
revision a None
revision b "'a'"
revision a "'b'" c.py
gives 'an id twice' 1 '' 'slctl: "a" is the revision of both a.py and c.py' \
	head "$dir"

fresh
file a.py "revision = 'a'\ndown_revision = None\n"
file b.py "\nrevision = make_id()\ndown_revision = revision\n"
gives 'nothing is executed' 1 '' \
	'slctl: b.py, line 2: revision is not written out as a literal
slctl: b.py, line 3: down_revision is not written out as a literal' head "$dir"
file b.py "revision = 'b'\ndown_revision = 'a' if x else 'c'\n"
gives 'an expression of literals is none' 1 '' \
	'slctl: b.py, line 2: down_revision is not written out as a literal' head "$dir"
file b.py "down_revision = 'a'\n"
gives 'no revision' 1 '' 'slctl: b.py: has a down_revision, but no revision' \
	head "$dir"

fresh
i=1
previous=None
while [ "$i" -le 500 ]; do
	revision "r$i" "$previous"
	previous="'r$i'"
	i=$((i + 1))
done
gives 'more files than one command line is given' 0 r500 '' head "$dir"

fresh
revision a None versions/a.py
file seed.sql 'SELECT 1;'
gives 'SQL files of an Alembic project' 0 a \
	'slctl: found Python revisions: the .sql files are passed over' head "$dir"
gives 'unless they are meant' 0 seed '' head "$dir" --format plain

#
# SQL files
#
fresh
file 2_b.sql ''
file 10_a.sql ''
file 009_c.sql ''
gives 'plain: numbers as numbers' 0 10_a '' head "$dir"
file 11_views.sql '\n-- a comment\n-- sl:kind repeatable\nSELECT 1;\n'
file 12_data.sql '/* a\n /* b */ -- sl:kind versioned\n*/\n--sl:kind   seed\r\n'
gives 'plain: repeatables and seeds are no heads' 0 10_a '' head "$dir"
file 13.sql '\357\273\277-- sl:revision thirteen\n'
gives 'plain: sl:revision' 0 thirteen '' head "$dir"
file 14.sql '-- sl:parents 2_b, 009_c\n'
gives 'plain: sl:parents makes a branch' 1 '' 'slctl: 2 heads: 14, thirteen
One head is what a deploy can ask for: merge them.' head "$dir"
file 15.sql '-- sl:parents 14, thirteen\n'
gives 'plain: and a merge' 0 15 '' head "$dir"
file 15.sql 'SELECT 1;\n-- sl:parents nobody\n'
gives 'plain: headers stand above the first statement' 1 '' \
	'slctl: 2 heads: 15, thirteen
One head is what a deploy can ask for: merge them.' head "$dir"
file 15.sql '-- sl:parents 16\n'
file 16.sql ''
gives 'plain: a cycle' 1 '' 'slctl: cycle: 15 -> 16 -> 15
15.sql: "15" has the parent 16
16.sql: "16" has the parent 15' head "$dir"
file 16.sql '-- sl:parents\n'
file 15.sql '-- sl:parents 16, thirteen, 14\n'
gives 'plain: an empty list of parents is a root' 0 15 '' head "$dir"
file b/2_b.sql ''
gives 'plain: an id twice' 1 '' \
	'slctl: "2_b" is the revision of both 2_b.sql and b/2_b.sql' head "$dir"

fresh
file 000009_a.up.sql ''
file 000009_a.down.sql ''
file 000010_b.up.sql ''
gives 'pairs: the number' 0 10 '' head "$dir"

fresh
file V1__a.sql ''
file V1.9__b.sql ''
file V1_10__c.sql ''
file R__views.sql ''
file U1.10__c.sql ''
gives 'Flyway: versions compare by their parts' 0 1.10 '' head "$dir"
file B2__base.sql ''
gives 'Flyway: a baseline is no head' 0 1.10 '' head "$dir"
file 'sub/V1.10.1__with blank.sql' ''
gives 'Flyway: folders do not count' 0 1.10.1 '' head "$dir"
rm -r "$dir"/V* "$dir"/sub
gives 'Flyway: but it is all there is' 0 2 '' head "$dir"

fresh
file 20200101000000_a.sql '-- migrate:up\n'
file 20200102000000_b.sql '\n-- why\n--  migrate:up transaction:false\n'
gives 'dbmate: the digits' 0 20200102000000 '' head "$dir"
file V1__a.sql ''
gives 'two formats' 1 '' \
	'slctl: files of two formats: 20200101000000_a.sql (dbmate) and V1__a.sql (flyway)
Name one with --format.' head "$dir"

file 20200103000000_c.sql '-- migrate:up\n'
rm "$dir/V1__a.sql"
file notes.sql ''
gives 'dbmate: a foreign file' 1 '' \
	'slctl: "notes.sql" is not a file of format dbmate
A file of this format is named <digits>_<name>.sql.' head "$dir"

# the server has the same words, in server.sh
fresh
file V1__a.sql ''
file notes.sql ''
gives 'Flyway: a foreign file' 1 '' \
	'slctl: "notes.sql" is not a file of format flyway
A file of this format is named V<version>__<name>.sql, U<version>__<name>.sql, B<version>__<name>.sql or R__<name>.sql.' \
	head "$dir"
gives 'unless the format is named' 0 notes '' head "$dir" --format plain
fresh
file V1.sql ''
file R__.sql ''
gives 'names without a word behind __ do not make it Flyway' 0 V1 '' head "$dir"
fresh
file 1_a.up.sql ''
file seed.sql ''
gives 'pairs: a foreign file' 1 '' \
	'slctl: "seed.sql" is not a file of format pairs
A file of this format is named NNN_name.up.sql or NNN_name.down.sql.' head "$dir"

fresh
file 00000000000000_diesel_initial_setup/up.sql ''
file 00000000000000_diesel_initial_setup/down.sql ''
file 2023-01-02-030405_users/up.sql ''
file 2023-01-02-030405_users/down.sql ''
file 2023-01-02-030405_users/metadata.toml 'run_in_transaction = false\n'
gives 'diesel: the number without its hyphens' 0 20230102030405 '' head "$dir"

fresh
file 20240101000000_init/migration.sql 'CREATE TABLE a (id int);\n'
file 20240102000000_more/migration.sql 'CREATE TABLE b (id int);\n'
file migration_lock.toml 'provider = "postgresql"\n'
gives "Prisma: the folder's name" 0 20240102000000_more '' head "$dir"

fresh
file all.sql 'BEGIN;\n\nCREATE TABLE alembic_version (\n    version_num VARCHAR(32) NOT NULL, \n    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)\n);\n\n-- Running upgrade  -> aaa1\n\nSELECT 1;\n\n-- Running upgrade aaa1 -> ccc1, a docstring\n\n-- Running upgrade aaa1 -> bbb1\n\n-- Running upgrade bbb1, ccc1 -> ddd1\n\nCOMMIT;\n'
gives 'alembic upgrade --sql' 0 ddd1 '' head "$dir"
file all.sql 'BEGIN;\n\n-- Running upgrade aaa1 -> bbb1\n\n-- Running upgrade aaa1 -> ccc1\n'
gives 'alembic upgrade --sql, from the middle' 1 '' 'slctl: 2 heads: bbb1, ccc1
One head is what a deploy can ask for: merge them.' head "$dir"

#
# What is no history
#
fresh
gives 'an empty folder' 1 '' "slctl: no migration files in \"$dir\"
Looked for *.sql, and for *.py that say down_revision." head "$dir"
gives 'no folder' 1 '' "slctl: \"$dir/no\" is not a directory" head "$dir/no"
file 1.sql ''
ln -s nowhere "$dir/2.sql"
gives 'a dangling link' 1 '' 'slctl: "2.sql" is a link that leads nowhere' \
	head "$dir"
rm "$dir/2.sql"
ln -s 1.sql "$dir/2.sql"
gives 'a link is the file that it leads to' 0 2 '' head "$dir"
file 3.SQL ''
file a.Sql ''
gives 'suffixes in capitals are named' 0 2 \
	'slctl: "3.SQL" is passed over: the suffix is .sql, in lower case
slctl: "a.Sql" is passed over: the suffix is .sql, in lower case' head "$dir"
rm "$dir/a.Sql"
file "3${nl}4.sql" ''
gives 'a line break in a name' 1 '' "slctl: a file name has a line break in it: rename the file
./3
4.sql" head "$dir"
mkdir "$work/-dash"
: >"$work/-dash/1.sql"
cd "$work" || exit 1
gives 'a folder that looks like an option' 0 1 '' head ./-dash
gives 'a format that head does not know' 1 '' \
	'slctl: head does not know the format "cobol"' head ./-dash --format cobol

# only the usage's first line is held against
run head
is "$code|${err%%"$nl"usage*}" '1|slctl: head needs a directory' 'no argument'
run head ./-dash -h somewhere
is "$code|${err%%"$nl"usage*}" '1|slctl: head takes no "-h": it asks no server' \
	'head wants no connection'
run frobnicate
is "$code|${err%%"$nl"usage*}" '1|slctl: unknown command "frobnicate"' \
	'an unknown command'
run wait --push x
is "$code|${err%%"$nl"usage*}" '1|slctl: wait takes no --push' \
	'an option of another command'
run status --help
is "$code|$(printf '%s\n' "$out" | grep -c -e '--json')|$(printf '%s\n' "$out" | grep -c -e '--prune')|$err" \
	'0|1|0|' 'the help of a command has its own options'
run --help
is "$code|$(printf '%s\n' "$out" | grep -c -e '--json')|$(printf '%s\n' "$out" | grep -c '^  push DIR')|$err" \
	'0|0|1|' 'the help of all has the commands'
run doctor
is "$code|${err%%"$nl"usage*}" '1|slctl: unknown command "doctor"' \
	'a command of later'
for word in migrate apply run; do
	gives "$word is what boot does" 1 '' \
		"slctl: there is no \"$word\": slctl boot runs what is pending, and so does psql -c 'CALL sl_migrate()'" \
		"$word" -d x
done

finish
