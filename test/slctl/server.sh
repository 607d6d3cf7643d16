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
	admin 'DROP ROLE IF EXISTS slctl_nobody' >/dev/null
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
is "$code|$err|$(printf '%s\n' "$out" | tail -1)" '0||14 added' 'push: odd names and bytes'
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
gives 'status: an empty registry proves nothing' 2 'applied       0 of 0
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
gives 'status: pending' 2 'applied       0 of 2
head          002_b
pending       001_a
pending       002_b' '' status -d"$db"
sql "SELECT FROM $ext.sl_apply_pending()" >/dev/null
gives 'status: at head' 0 'applied       2 of 2
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
run push "$dir" -d "$db" --source "other's"
is "$code|$(sql "SELECT source FROM $ext.sl_revision WHERE revision = '010_other'")" \
	"0|other's" 'push: --source'
rm "$dir/010_other.sql"
file 011_other.sql 'SELECT 2;\n'
run push "$dir" -d "$db" --source="other's" --prune
is "$code|$(printf '%s\n' "$out" | grep -v '^[a-z]* *01._other')" \
	'0|1 added, 1 withdrawn' 'push: --prune'
is "$(sql "SELECT string_agg(revision, ' ' ORDER BY revision) FROM $ext.sl_revision")" \
	'001_a 002_b 003_c 011_other' '--prune takes what is gone from this source alone'

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
slctl: 2.sql: not in UTF-8, or not to be written in this database'"'"'s encoding
slctl: it'"'"'s 3.sql: not in UTF-8, or not to be written in this database'"'"'s encoding' \
	push "$dir" -d "$db"
rm "$dir/it's 3.sql"
again "${db}_latin1" "ENCODING 'LATIN1' LOCALE 'C'"
printf "SELECT '\342\202\254';\n" >"$dir/2.sql"
run push "$dir" -d "${db}_latin1"
is "$code|$(printf '%s\n' "$err" | sed 1d)" \
	"1|slctl: 2.sql: not in UTF-8, or not to be written in this database's encoding" \
	'a character that the database does not have'
printf "SELECT '\303\251';\n" >"$dir/2.sql"
run push "$dir" "dbname=${db}_latin1 client_encoding=LATIN1"
is "$code|$(psql -XAtq -d "${db}_latin1" -c "SELECT checksum FROM $ext.sl_revision WHERE revision = '2'")" \
	"0|$(printf "SELECT '\351';\n" | sha256sum | cut -d' ' -f1)" \
	'files are UTF-8, whatever the connection string says'
run push "$dir" -d "$db" --format cobol
is "$code|${err%%"$nl"*}" '1|ERROR:  unknown format "cobol"' 'an unknown format'

admin 'CREATE ROLE slctl_nobody LOGIN' >/dev/null
run status -d "$db" -U slctl_nobody
is "$code|$out" '1|' 'status: no right to look'
sql "SELECT $ext.sl_grant('slctl_nobody', 'read')" >/dev/null
run status -d "$db" -U slctl_nobody
is "$code|$(printf '%s\n' "$out" | head -1)" '2|applied       0 of 15' \
	'status: the level read is enough'
file 2.sql 'SELECT 2;\n'
run push "$dir" -d "$db" -U slctl_nobody
is "$code|$out" '1|' 'push: the level read is not'
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
until [ "$(admin "SELECT count(*) FROM pg_stat_activity WHERE datname = '$db' AND state = 'idle in transaction'")" = 1 ]; do
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
is "$code|$(printf '%s\n' "$out" | head -1)" '2|applied       0 of 17' \
	'a hostile search_path'

# S1 in the server
again
run push test/fixtures/alembic_s1 -d "$db"
is "$code|$(printf '%s\n' "$out" | tail -1)" '0|7 added' 'S1: push'
run status -d "$db"
is "$code|$(printf '%s\n' "$out" | grep '^error')" \
	'1|error         a004  cycle: a004 -> add_self_service_dining -> a004
error         add_self_service_dining  cycle: add_self_service_dining -> a004 -> add_self_service_dining' \
	'S1: status names the members'

is "$(ls "$TMPDIR")" '' 'no temporary file is left'

finish
