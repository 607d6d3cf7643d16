#!/bin/sh
# slctl push, check and status, on a database of their own.
#
# Dollar signs in single quotes are meant as they stand.
# shellcheck disable=SC2016
. test/slctl/lib.sh

db=slctl_test
admin() {
	psql -X -q -A -t -v ON_ERROR_STOP=1 -d postgres -c "$1" 2>&1
}
sql() {
	psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$db" -c "$1" 2>&1
}
drop_all() {
	admin "DROP DATABASE IF EXISTS $db WITH (FORCE)" >/dev/null
	admin "DROP DATABASE IF EXISTS ${db}_latin1 WITH (FORCE)" >/dev/null
	admin 'DROP ROLE IF EXISTS slctl_nobody, "slctl No""body"' >/dev/null
}
trap 'drop_all; rm -rf "$work"' EXIT
drop_all

# again [DATABASE]: an empty database, the extension off every search_path
again() {
	admin "DROP DATABASE IF EXISTS ${1:-$db} WITH (FORCE)" >/dev/null
	admin "CREATE DATABASE ${1:-$db} TEMPLATE template0${2:+ $2}"
	psql -X -q -d "${1:-$db}" -c 'CREATE SCHEMA "Odd :name"' \
		-c 'CREATE EXTENSION schema_lifecycle SCHEMA "Odd :name"'
}
ext='"Odd :name"'

#
# No server, no extension
#
fresh
file 1.sql 'SELECT 1;\n'
run push "$dir" -h /nonexistent
is "$code|$out|${err%%:*}" '5||psql' 'push: no server'
run status -h /nonexistent
is "$code|$out|${err%%:*}" '5||psql' 'status: no server'
run check "$dir" -d slctl_no_such_database
is "$code|$out|${err##*: }" '5|| database "slctl_no_such_database" does not exist' \
	'check: no database'
run status 'host=/nonexistent nonsense=1'
is "$code" 5 'a connection string that is none'

admin "CREATE DATABASE $db TEMPLATE template0"
none='slctl: this database has no extension schema_lifecycle
CREATE EXTENSION schema_lifecycle; in this database, or connect to another one.'
gives 'push: no extension' 5 '' "$none" push "$dir" -d "$db"
gives 'status: no extension' 5 '' "$none" status -d "$db"
gives 'check: no extension' 5 '' "$none" check "$dir" -d "$db"

#
# Bytes arrive as they are
#
again
fresh
file '1 plain.sql' 'CREATE TABLE a (id int);\n'
file '2_bom.sql' '\357\273\277SELECT 1;'
file '3_crlf.sql' 'SELECT 1;\r\n-- x\r'
file '4_empty.sql' ''
file '5_newline.sql' '\n'
file '6_tag.sql' 'SELECT 1; -- $slctl_'
file '7_dollar.sql' 'SELECT $$ :x $$, $a$ \\. \\q $a$; -- $'
file '8_psql.sql' "SELECT ':ext :db', ':''ext''', \$\$\n\\\\q\nquit\n\\\\.\n\$\$; -- \\\\\n"
file "9_o'clo\"ck \$b\$ \\c.sql" 'SELECT 1;'
printf 'SELECT 1;\n' >"$dir/10_é.sql"
file '-11_dash.sql' 'SELECT 1;'
file 'a dir/12=x.sql' 'SELECT 1;'
file '#13*?.sql' 'SELECT 1; -- \001\033\177\n'
file '.14_hidden.sql' 'no SQL'
file '.git/15.sql' 'no SQL'
file 'node_modules/16.sql' 'no SQL'
mkdir "$dir/17.sql"
file '17.sql/notes.txt' 'no SQL'
ln -s "$dir/1 plain.sql" "$dir/18_link.sql"
run push "$dir" -d "$db"
is "$code|$(printf '%s\n' "$err" | sed 's/: the script.*//')|$(printf '%s\n' "$out" | tail -1)" \
	'0|WARNING:  file "4_empty.sql"
WARNING:  file "5_newline.sql"|14 added' 'push: odd names and bytes'
wanted=$(cd "$dir" && for name in *.sql 'a dir/12=x.sql'; do
	[ -f "$name" ] || continue
	sum=$(sha256sum <"$name")
	base=${name##*/}
	printf '%s|%s\n' "${base%.sql}" "${sum%% *}"
done | LC_ALL=C sort)
is "$(sql "SELECT revision, checksum FROM $ext.sl_revision ORDER BY revision COLLATE \"C\"")" \
	"$wanted" 'each revision has the checksum of its file'
gives 'push: again' 0 '14 unchanged' '' push "$dir" -d "$db"

# the first tag that is drawn stands in a file, the second does not
mkdir "$work/bin"
cat >"$work/bin/od" <<EOS
#!/bin/sh
echo x >>"$work/drawn"
printf ' %s 00' "\$(wc -l <"$work/drawn")"
EOS
chmod +x "$work/bin/od"
again
fresh
file 1.sql 'SELECT 1; -- $slctl_100$, $slctl_100$\n'
file 2.sql 'SELECT 2;\n'
code=0
out=$(PATH=$work/bin:$PATH "$SLCTL" push "$dir" -d "$db" 2>&1) || code=$?
is "$code|$(printf '%s\n' "$out" | tail -1)|$(wc -l <"$work/drawn")" '0|2 added|2' \
	'a tag that occurs in a file is drawn again'

#
# What is said
#
again
fresh
file 001_a.sql 'CREATE TABLE a (id int);\n'
file 002_b.sql 'ALTER TABLE a ADD COLUMN b int;\n'
gives 'status: an empty registry proves nothing' 2 'verdict       empty
applied       0 of 0
pending       unknown: no revision is registered, see slctl push' '' \
	status -d "$db"
gives 'check: nothing is registered' 2 'unregistered  001_a
unregistered  002_b
2 unregistered, 0 changed, 2 pending' '' check "$dir" -d "$db"
is "$(sql "SELECT count(*) FROM $ext.sl_revision")" 0 'check leaves nothing'
gives 'push' 0 'added     001_a
added     002_b
2 added' '' push "$dir" "$db"
gives 'check: pending' 2 'pending       001_a
pending       002_b
0 unregistered, 0 changed, 2 pending' '' check "$dir" "dbname=$db"
gives 'status: pending' 2 'verdict       behind
applied       0 of 2
head          002_b
pending       001_a
pending       002_b' '' status -d"$db"
sql "SELECT FROM $ext.sl_apply_pending()" >/dev/null
gives 'status: at head' 0 'verdict       ok
applied       2 of 2
head          002_b
current       002_b
pending       none' '' status --dbname="$db"
gives 'check: at head' 0 '0 unregistered, 0 changed, 0 pending' '' \
	check "$dir" -d "$db"
is "$("$SLCTL" head "$dir")" "$(sql "SELECT $ext.sl_heads()")" \
	'head and the server agree'

# a comment is no change, a column is one
file 001_a.sql '-- why\nCREATE TABLE a (id int);\n'
run push "$dir" -d "$db"
is "$code|$(printf '%s\n' "$out" | tail -1)" '0|1 updated, 1 unchanged' \
	'push: a comment in an applied script'
file 001_a.sql 'CREATE TABLE a (id bigint);\n'
file 003_c.sql 'SELECT 1;\n'
gives 'check: changed and unregistered' 1 \
	'changed       001_a  statement 1 differs from what ran
unregistered  003_c
1 unregistered, 1 changed, unknown pending' '' check "$dir" -d "$db"
gives 'push: changed' 1 'added     003_c
1 added, 1 changed, 1 unchanged' \
	'slctl: 001_a is applied, and its file now means something else: statement 1 differs from what ran
Runs are stopped until the old text is back, or is pushed as a revision of its own.' \
	push "$dir" -d "$db"
run status -d "$db"
is "$code|$(printf '%s\n' "$out" | sed -n 's/^\(error *001_a *[a-z_]*\).*/\1/p')" \
	'1|error         001_a  changed_script' 'status: an unsound graph'
file 001_a.sql 'CREATE TABLE a (id int);\n'
run push "$dir" -d "$db"
is "$code" 0 'push: the old text is back'

# source and prune
fresh
file 010_other.sql 'SELECT 1;\n'
file 009_other.sql 'SELECT 3;\n'
run push "$dir" -d "$db" --source "other's"
is "$code|$(sql "SELECT source FROM $ext.sl_revision WHERE revision = '010_other'")" \
	"0|other's" 'push: --source'
rm "$dir/010_other.sql"
file 011_other.sql 'SELECT 2;\n'
run push "$dir" -d "$db" --source="other's" --prune
is "$code|$(printf '%s\n' "$out" | grep -v '^[a-z]* *0.._other')" \
	'0|1 added, 1 withdrawn, 1 unchanged' 'push: --prune'
is "$(sql "SELECT string_agg(revision, ' ' ORDER BY revision) FROM $ext.sl_revision")" \
	'001_a 002_b 003_c 009_other 011_other' '--prune takes what is gone from this source alone'

# more than ten
fresh
i=10
while [ "$i" -lt 25 ]; do
	file "0${i}_x.sql" 'SELECT 1;\n'
	i=$((i + 1))
done
again
"$SLCTL" push "$dir" -d "$db" >/dev/null
run status -d "$db"
is "$code|$(printf '%s\n' "$out" | tail -2)" \
	'2|pending       019_x
              and 5 more' 'status: ten pending ones are enough'

#
# Errors
#
fresh
file 1.sql 'SELECT 1;\n'
file 2.sql 'SELECT 1;\nSELCT 2;\n'
gives 'push: a syntax error' 1 '' \
	'ERROR:  file "2.sql", line 2: syntax error at or near "SELCT"
DETAIL:  The error is at column 1.' push "$dir" -d "$db"
is "$(sql "SELECT count(*) FROM $ext.sl_revision WHERE revision = '1'")" 0 \
	'nothing of that push is kept'
gives 'check: a syntax error' 1 '' "$err" check "$dir" -d "$db"
file 2.sql 'SELECT 1;\000\n'
gives 'a NUL byte' 1 '' 'slctl: 2.sql: a NUL byte, which no text can hold
Is it UTF-16? Save the file as UTF-8.' push "$dir" -d "$db"
printf "SELECT '\377';\n" >"$dir/2.sql"
printf "SELECT '\303';\n" >"$dir/it's 3.sql"
gives 'no UTF-8' 1 '' 'ERROR:  invalid byte sequence for encoding "UTF8": 0xff
slctl: 2.sql, line 1, byte 9: not UTF-8
slctl: it'"'"'s 3.sql, line 1, byte 9: not UTF-8
Is it Latin-1? iconv -f latin1 -t utf-8 writes it in UTF-8.' \
	push "$dir" -d "$db"
rm "$dir/it's 3.sql"

# where is the first bad byte: LEAD BYTES, after a line and characters of
# two, three and four bytes
for bytes in '\200' '\300\200' '\340\237\277' '\355\240\200' '\360\217\277\277' \
	'\364\220\200\200' '\365\200\200\200' '\303' '\342\202' '\360\237\230'; do
	file 2.sql "-- \\303\\251\n-- \\302\\200\\337\\277\\340\\240\\200\\355\\237\\277\\360\\220\\200\\200\\364\\217\\277\\277$bytes\n-- \\377"
	run push "$dir" -d "$db"
	is "$code|$(printf '%s\n' "$err" | sed -n 's/^slctl: 2.sql, //p')" \
		'1|line 2, byte 22: not UTF-8' "no UTF-8: $bytes"
done
name=$(printf '3\351.sql')
file 2.sql 'SELECT 2;\n'
file "$name" ''
run push "$dir" -d "$db"
is "$code|$(printf '%s\n' "$err" | sed 1d)" "1|slctl: $name: its name is not UTF-8" \
	'a name that is no UTF-8'
rm "$dir/$name"
again "${db}_latin1" "ENCODING 'LATIN1' LOCALE 'C'"
printf "SELECT '\342\202\254';\n" >"$dir/2.sql"
run push "$dir" -d "${db}_latin1"
is "$code|$(printf '%s\n' "$err" | sed 1d)" \
	"1|slctl: 2.sql: a character that this database's encoding does not have" \
	'a character that the database does not have'
printf "SELECT '\303\251';\n" >"$dir/2.sql"
run push "$dir" "dbname=${db}_latin1 client_encoding=LATIN1"
is "$code|$(psql -XAtq -d "${db}_latin1" -c "SELECT checksum FROM $ext.sl_revision WHERE revision = '2'")" \
	"0|$(printf "SELECT '\351';\n" | sha256sum | cut -d' ' -f1)" \
	'files are UTF-8, whatever the connection string says'
run push "$dir" -d "$db" --format cobol
is "$code|${err%%"$nl"*}" '1|ERROR:  unknown format "cobol"' 'an unknown format'

admin 'CREATE ROLE slctl_nobody LOGIN' >/dev/null
# refused LEVEL COMMAND...: no right, with the way to it
refused() {
	level=$1
	shift
	run "$@" -d "$db" -U slctl_nobody
	is "$code|$out|$(printf '%s\n' "$err" | sed '1d; /^LINE/d; /^ *^$/d')" \
		"1||slctl: An admin has to run: SELECT $ext.sl_grant('slctl_nobody', '$level');" \
		"$1: no right, and who gives it"
}
refused read status
refused deploy check "$dir"
# the user that the level is missing is the current one, quoted
admin 'CREATE ROLE "slctl No""body"; GRANT "slctl No""body" TO slctl_nobody' >/dev/null
PGOPTIONS='-c role=slctl\ No"body' run status -d "$db" -U slctl_nobody
is "$code|$(printf '%s\n' "$err" | tail -1)" \
	"1|slctl: An admin has to run: SELECT $ext.sl_grant('\"slctl No\"\"body\"', 'read');" \
	'the current role, and quotes'
sql "SELECT $ext.sl_grant('slctl_nobody', 'read')" >/dev/null
run status -d "$db" -U slctl_nobody
is "$code|$(printf '%s\n' "$out" | sed -n 2p)" '2|applied       0 of 15' \
	'status: the level read is enough'
file 2.sql 'SELECT 2;\n'
refused deploy push "$dir"
sql "SELECT $ext.sl_grant('slctl_nobody', 'deploy')" >/dev/null
run check "$dir" -d "$db" -U slctl_nobody --source nobody
is "$code|$(printf '%s\n' "$out" | tail -1)" '2|2 unregistered, 0 changed, 17 pending' \
	'check: the level deploy is enough'
run push "$dir" -d "$db" -U slctl_nobody --source nobody
is "$code|$(printf '%s\n' "$out" | tail -1)" '0|2 added' \
	'push: the level deploy is enough'

# somebody else holds a row that the push wants to write
file 2.sql 'SELECT 2;\n'
run push "$dir" -d "$db"
file 2.sql 'SELECT 3;\n'
(
	printf "BEGIN; SELECT FROM %s.sl_register('2', 'SELECT 4');\n" "$ext"
	# until the push has given up
	while [ ! -e "$work/done" ]; do sleep 0.1; done
) | psql -X -q -A -t -d "$db" >/dev/null &
until [ "$(admin "SELECT count(*) FROM pg_stat_activity WHERE datname = '$db' AND state = 'idle in transaction' AND query LIKE '%sl_register%'")" = 1 ]; do
	sleep 0.1
done
PGOPTIONS='-c lock_timeout=100ms' run push "$dir" -d "$db"
: >"$work/done"
wait
is "$code|${err%%"$nl"*}" '4|ERROR:  canceling statement due to lock timeout' \
	'busy; PGOPTIONS is the user'"'"'s'

#
# Nothing of the caller's search_path is used
#
sql 'CREATE SCHEMA evil;
	CREATE FUNCTION evil.regexp_replace(text, text, text, text) RETURNS text
		LANGUAGE sql AS $$ SELECT pg_catalog.pg_sleep(0)::text || $q$evil$q$ $$;
	CREATE FUNCTION evil.same(name, text) RETURNS boolean LANGUAGE sql AS $$ SELECT false $$;
	CREATE OPERATOR evil.= (LEFTARG = name, RIGHTARG = text, FUNCTION = evil.same)'
PGOPTIONS='-c search_path=evil,pg_catalog' run status -d "$db"
is "$code|$(printf '%s\n' "$out" | sed -n 2p)" '2|applied       0 of 17' \
	'a hostile search_path'

#
# What stops the runs is said at the push
#
again
fresh
file 1.sql 'SELECT 1;\n'
file 3.sql '-- sl:parents nobody\nSELECT 3;\n'
run push "$dir" -d "$db"
is "$code|$out|$err" '1|added     1
added     3
2 added|slctl: missing_parent: "3" names "nobody" as a parent, which is neither registered nor applied; register "nobody", or register "3" again with other parents
The files are registered, and runs are stopped until the graph is sound.' \
	'push: a missing parent'
file 3.sql 'SELECT 3;\n'
gives 'push: and there it is' 0 'updated   3  comments or white space only, parents changed
1 updated, 1 unchanged' '' push "$dir" -d "$db"
sql "SELECT FROM $ext.sl_apply_pending()" >/dev/null
file 2.sql 'SELECT 2;\n'
run push "$dir" -d "$db"
is "$code|$(printf '%s\n' "$out" | tail -1)|$err" \
	'1|1 added, 1 updated, 1 unchanged|slctl: late: "2" is pending, but "3", which comes after it, is applied; rename the file so that it comes last and push with prune, or sl_configure('\''out_of_order'\'', '\''on'\'')
The files are registered, and runs are stopped until the graph is sound.
Files of another directory than the others? Push them with --source NAME, then the others again.' \
	'push: a late file'
# a foreign file has the words that slctl head has
fresh
file V1__a.sql ''
file notes.sql ''
run push "$dir" -d "$db"
is "$(printf '%s\n' "$err" | sed 's/^[A-Z]*: *//; 3d')" \
	"$("$SLCTL" head "$dir" 2>&1 | sed 's/^slctl: //')" \
	'push: a foreign file, in the words of head'

#
# Where a database with a baseline is
#
current() {
	"$SLCTL" status -d "$db" | sed -n 's/^current *//p'
}
again
fresh
file V1__a.sql 'CREATE TABLE a ();\n'
file V2__b.sql 'CREATE TABLE b ();\n'
file B2__ab.sql 'CREATE TABLE a (); CREATE TABLE b ();\n'
"$SLCTL" push "$dir" -d "$db" >/dev/null
sql "SELECT FROM $ext.sl_apply_pending()" >/dev/null
is "$(sql "SELECT revision FROM $ext.sl_history")" B2 'a baseline was run'
is "$(current)" 2 'status: it and what it stands for are one: the head'
file V3__c.sql 'CREATE TABLE c ();\n'
"$SLCTL" push "$dir" -d "$db" >/dev/null
is "$(current)" B2 'status: what is pending comes behind the baseline'
sql "SELECT FROM $ext.sl_apply_pending()" >/dev/null
is "$(current)" 3 'status: a baseline has something applied above it'
# the same with the old files gone, and with a first run that was interrupted
again
fresh
file V1__a.sql 'CREATE TABLE a ();\n'
"$SLCTL" push "$dir" -d "$db" >/dev/null
sql "SELECT FROM $ext.sl_apply_pending()" >/dev/null
is "$(current)" 1 'status: no baseline'
again
rm "$dir/V1__a.sql"
file B2__ab.sql '-- sl:replaces 1..2\nCREATE TABLE a (); CREATE TABLE b ();\n'
file V3__c.sql 'CREATE TABLE c ();\n'
"$SLCTL" push "$dir" -d "$db" >/dev/null
sql "SELECT FROM $ext.sl_apply_pending('B2')" >/dev/null
is "$(current)" B2 'status: a baseline alone'
sql "SELECT FROM $ext.sl_apply_pending()" >/dev/null
is "$(current)" 3 'status: and what follows it'

#
# Who is at work
#
again
fresh
file 1_slow.sql 'SELECT pg_sleep(0.1) FROM generate_series(1, 6000);\n'
file 2_more.sql 'SELECT 2;\n'
"$SLCTL" push "$dir" -d "$db" >/dev/null
psql -X -q -d "$db" -c "CALL $ext.sl_migrate()" >/dev/null 2>&1 &
until pid=$(admin "SELECT pid FROM pg_stat_activity WHERE query LIKE 'sl_migrate: %statement 1%'") &&
	[ -n "$pid" ]; do
	sleep 0.1
done
gives 'status: a run in progress' 2 "verdict       behind
applied       0 of 2
head          2_more
running       revision \"1_slow\", statement 1 of 1 (SELECT) (process $pid)
pending       1_slow
pending       2_more" '' status -d "$db"
# that much is for everybody who may read
sql "SELECT $ext.sl_grant('slctl_nobody', 'read')" >/dev/null
run status -d "$db" -U slctl_nobody
is "$(printf '%s\n' "$out" | grep '^running')" "running       revision \"1_slow\", statement 1 of 1 (SELECT) (process $pid)" \
	'status: a run of somebody else'
# another database has a lock of its own
run status -d "${db}_latin1"
is "$(printf '%s\n' "$out" | grep -c '^running')" 0 'status: no run here'
admin "SELECT pg_terminate_backend($pid)" >/dev/null
wait
gives 'status: nobody is at work' 2 'verdict       behind
applied       0 of 2
head          2_more
pending       1_slow
pending       2_more' '' status -d "$db"

# S1 in the server
again
run push test/fixtures/alembic_s1 -d "$db"
is "$code|$(printf '%s\n' "$out" | tail -1)|$err" '1|7 added|slctl: cycle: a004 -> add_self_service_dining -> a004
slctl: cycle: add_self_service_dining -> a004 -> add_self_service_dining
The files are registered, and runs are stopped until the graph is sound.' 'S1: push'
run status -d "$db"
is "$code|$(printf '%s\n' "$out" | grep '^error')" \
	'1|error         a004  cycle: a004 -> add_self_service_dining -> a004
error         add_self_service_dining  cycle: add_self_service_dining -> a004 -> add_self_service_dining' \
	'S1: status names the members'

is "$(ls "$TMPDIR")" '' 'no temporary file is left'

finish
