# What the extension knows goes along with the database: dumped in every way,
# restored under another owner, and restored once more.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use SLTest;

my $node = new_node('dump');
my $dir = PostgreSQL::Test::Utils::tempdir;

$node->safe_psql('postgres',
	'CREATE ROLE deployer LOGIN SUPERUSER; CREATE ROLE owner LOGIN SUPERUSER; CREATE DATABASE src');
$node->safe_psql('src', <<'SQL');
CREATE SCHEMA ops;
CREATE EXTENSION schema_lifecycle SCHEMA ops;
SQL
$node->safe_psql('src', <<'SQL');
SET search_path = public, ops;
SELECT sl_configure('out_of_order', 'on');
SELECT sl_register('001', 'CREATE TABLE t (a int)', 'DROP TABLE t');
SELECT sl_register('002', E'INSERT INTO t VALUES (2); -- it''s \\ "quoted"\n');
SELECT sl_register('010', 'CREATE OR REPLACE VIEW v AS SELECT a FROM t', kind => 'repeatable');
SELECT sl_apply_pending();
SELECT sl_require('has a', 't.a int');
SELECT sl_accept('table', 'public.by_hand', reason => 'an experiment');
SELECT sl_register('003', 'CREATE INDEX CONCURRENTLY t_a ON t (a); SELECT 1 / (a - 2) FROM t');
SELECT sl_register('004', 'INSERT INTO t VALUES (4)');
SQL
$node->psql('src', 'CALL ops.sl_migrate()');
is(value($node, 'src', 'SELECT count(*) FROM ops.sl_journal'), 1, 'a journal is open');
$node->safe_psql('src', 'ALTER DATABASE src SET search_path = public, ops');

# Everything that the extension knows.
my @questions = (
	'SELECT * FROM ops.sl_history ORDER BY id',
	'SELECT * FROM ops.sl_revision ORDER BY revision',
	'SELECT * FROM ops.sl_graph()',
	'SELECT * FROM ops.sl_check_graph()',
	'SELECT * FROM ops.sl_pending()',
	'SELECT * FROM ops.sl_settings',
	'SELECT * FROM ops.sl_registry ORDER BY revision',
	'SELECT * FROM ops.sl_applied ORDER BY revision',
	'SELECT * FROM ops.sl_journal',
	'SELECT * FROM ops.sl_evidence ORDER BY id',
	'SELECT * FROM ops.sl_footprint ORDER BY evidence_id, ordinal',
	'SELECT * FROM ops.sl_accepted ORDER BY class, identity',
	'SELECT * FROM ops.sl_requirement ORDER BY name',
	'SELECT * FROM ops.sl_expected()',
	'SELECT * FROM ops.sl_detect_drift()',
	'SELECT * FROM ops.sl_detect_stamp_drift()',
	"SELECT ops.sl_verify('002'), ops.sl_ready('002')");
my %answer;
$answer{$_} = value($node, 'src', $_) for @questions;

is($answer{ $questions[-1] }, 't|t', 'what is there is verified');
is($answer{'SELECT * FROM ops.sl_detect_drift()'} =~ s/^[^|]*\|index\|public.t_a\|unexpected\|.*\n?//mr, '', 'nothing has drifted');

sub same
{
	my ($db, $name) = @_;
	my @differ = grep { value($node, $db, $_) ne $answer{$_} } @questions;

	is(join("\n", @differ), '', "$name: nothing is lost");
}

# The run goes on where it stopped, and the ids of the history, too.
sub goes_on
{
	my ($db, $name) = @_;
	my $last = value($node, $db, 'SELECT max(id) FROM ops.sl_history');

	$node->safe_psql($db, 'DELETE FROM t; INSERT INTO t VALUES (20)');
	my ($ret, $out, $err) = $node->psql($db, 'CALL ops.sl_migrate()',
		extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	is($ret, 0, "$name: the run goes on");
	unlike($err, qr/ERROR/, "$name: without an error");
	is( value($node, $db, "SELECT string_agg(id || ' ' || revision, ',' ORDER BY id) FROM ops.sl_history WHERE id > $last"),
		($last + 1) . ' 003,' . ($last + 2) . ' 004',
		"$name: the ids continue");
	is(value($node, $db, 'SELECT string_agg(a::text, \',\' ORDER BY a) FROM t'),
		'4,20', "$name: 002 did not run again");
	is_true($db, "$name, after a run");
}

# All that was recorded is there, and what is not is found, by its revision.
sub is_true
{
	my ($db, $name) = @_;

	is(value($node, $db, q(SELECT ops.sl_verify(), ops.sl_status() ->> 'verdict')),
		't|ok', "$name: verified");
	is(value($node, $db, 'SELECT * FROM ops.sl_detect_drift()'),
		'', "$name: nothing has drifted");
	is( value($node, $db, <<'SQL'), <<'OUT' =~ s/\n\z//r, "$name: damage is found");
BEGIN;
DROP INDEX t_a;
DROP VIEW v;
ALTER TABLE t ALTER a SET DEFAULT 1;
CREATE TABLE by_hand ();
SELECT class, identity, problem, revision FROM ops.sl_detect_drift() ORDER BY 1, 2;
SELECT revision, verdict FROM ops.sl_detect_stamp_drift() ORDER BY 1;
SELECT ops.sl_verify(), ops.sl_ready();
ALTER TABLE t RENAME a TO z;
SELECT ops.sl_ready(), ops.sl_status() -> 'schema' ->> 'has a';
ROLLBACK;
SQL
column|public.t.a|altered|001
index|public.t_a|missing|003
view|public.v|missing|010
001|altered
003|stamped
010|stamped
f|f
f|false
OUT
}

sub restore_plain
{
	my ($file, $db) = @_;

	command_ok([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null',
			'-U', 'owner', '-d', $db, '-f', $file ], "psql restores $db");
}

sub run_pg
{
	my ($what, @command) = @_;

	command_ok(\@command, $what);
}

$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
sub create { $node->safe_psql('postgres', "CREATE DATABASE $_[0] OWNER owner"); }

# plain, twice
run_pg('dump plain', 'pg_dump', '-f', "$dir/plain.sql", 'src');
create('plain1');
restore_plain("$dir/plain.sql", 'plain1');
same('plain1', 'plain');
run_pg('dump of the copy', 'pg_dump', '-f', "$dir/plain2.sql", 'plain1');
create('plain2');
restore_plain("$dir/plain2.sql", 'plain2');
same('plain2', 'plain, twice');

# custom format, without owners
run_pg('dump custom', 'pg_dump', '-Fc', '-f', "$dir/custom", 'src');
create('custom');
run_pg('restore custom', 'pg_restore', '-e', '--no-owner', '--no-acl', '-U', 'owner', '-d', 'custom', "$dir/custom");
same('custom', 'custom');

# over what is there
run_pg('restore with --clean', 'pg_restore', '-e', '--clean', '--if-exists', '-U', 'owner', '-d', 'custom', "$dir/custom");
same('custom', '--clean');
goes_on('custom', '--clean');

# a directory, by several at once
run_pg('dump directory', 'pg_dump', '-Fd', '-j', '2', '-f', "$dir/directory", 'src');
create('parallel');
run_pg('restore directory', 'pg_restore', '-e', '-j', '2', '-U', 'owner', '-d', 'parallel', "$dir/directory");
same('parallel', 'parallel');

# by sections
create('sections');
for my $section ('pre-data', 'data', 'post-data')
{
	run_pg("restore $section", 'pg_restore', '-e', "--section=$section", '-U', 'owner', '-d', 'sections', "$dir/custom");
}
same('sections', 'sections');
goes_on('sections', 'sections');

# data alone, into a database that has the extension
create('data');
run_pg('restore schema', 'pg_restore', '-e', '-s', '-U', 'owner', '-d', 'data', "$dir/custom");
is(value($node, 'data', 'SELECT count(*) FROM ops.sl_history'), 0, 'schema only: no history');
for my $how ('SELECT ops.sl_apply_pending()', 'CALL ops.sl_migrate()')
{
	# what a deploy would do: push, and run
	$node->safe_psql('data', "SELECT ops.sl_register('001', 'CREATE TABLE t (a int)')");
	my ($ret, $out, $err) =
	  $node->psql('data', $how, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	like($err, qr/ERROR:  SL010: database has objects but no history/,
		"schema only: $how is refused");
}
$node->safe_psql('data', "SELECT ops.sl_unregister('001')");
run_pg('restore data', 'pg_restore', '-e', '-a', '-U', 'owner', '-d', 'data', "$dir/custom");
same('data', 'data only');

# What the server's own text makes of itself when it is parsed again: the facts
# are the same, and stay so.
$node->safe_psql('postgres', 'CREATE DATABASE rich');
$node->safe_psql('rich', 'CREATE EXTENSION schema_lifecycle');
register($node, 'rich', '001' => <<'SQL');
CREATE TYPE e AS ENUM ('a', 'b');
CREATE DOMAIN d AS varchar(10) CHECK (VALUE IN ('p', 'q') AND VALUE <> 'z');
CREATE TABLE c (id serial PRIMARY KEY, v varchar(10) CHECK (v IN ('x', 'y')),
	n numeric(10,2) DEFAULT 1 CHECK (n BETWEEN 1 AND 5),
	t text NOT NULL DEFAULT 'a' || 'b', ts timestamptz DEFAULT now(),
	i interval DEFAULT '1 day', e e DEFAULT 'a' CHECK (e IN ('a', 'b')),
	arr int[] DEFAULT '{1,2}', ch char(3) CHECK (ch IN ('abc', '(ARRAY[''')),
	g int GENERATED ALWAYS AS (id * 2) STORED,
	ident bigint GENERATED BY DEFAULT AS IDENTITY, js jsonb DEFAULT '{"a": 1}',
	dd d, "(ARRAY[" varchar CHECK ("(ARRAY[" NOT IN ('],)::text[]', 'b')),
	CHECK (v = ANY (ARRAY[v, t, lower('(ARRAY[')]::varchar[]::text[])),
	CHECK (v LIKE 'x%' OR v ~ '^y' AND NOT n = 3),
	CHECK (lower(v) = ANY (ARRAY['x', 'y']) AND (id, n) > (1, 2)));
CREATE INDEX ci ON c (lower(v), (n + 1) DESC) WHERE v IN ('x', 'y') AND e IN ('a');
CREATE INDEX cj ON c ((v IN ('x', 'y')));
CREATE VIEW w AS SELECT *, CASE WHEN v IN ('x', 'y') THEN 1 WHEN n > 2 THEN 2 END AS k, coalesce(v, t) AS cv
	FROM c WHERE v IN ('x', 'y') AND (v || 'a') IN (v, 'b') AND ts > now() - interval '1 day';
CREATE VIEW w2 AS SELECT c.id, count(*) FILTER (WHERE x.v IN ('a', 'b')) OVER (PARTITION BY c.v ORDER BY c.id)
	FROM c JOIN c x USING (id) LEFT JOIN LATERAL (SELECT 1 AS one) l ON x.v NOT IN ('a', NULL);
CREATE MATERIALIZED VIEW m AS SELECT v, sum(n) FROM w GROUP BY v HAVING v NOT IN ('z', 'x') ORDER BY 1;
CREATE FUNCTION f(a int DEFAULT 1 + 2, b varchar DEFAULT 'x', VARIADIC z text[] DEFAULT '{}') RETURNS int LANGUAGE sql
	AS $$SELECT 1 WHERE (ARRAY['x'])::text[] IS NULL$$;
CREATE FUNCTION f2(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT id FROM c WHERE v IN ('x', 'y'); END;
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr BEFORE UPDATE OF v ON c FOR EACH ROW
	WHEN (old.v IS DISTINCT FROM new.v AND new.v IN ('x', 'y')) EXECUTE FUNCTION tf('a', 'b');
CREATE POLICY pol ON c FOR SELECT USING (v IN ('x', 'y') OR t = current_user);
CREATE POLICY pol2 ON c FOR UPDATE USING (true) WITH CHECK (v IN ('x', 'y'));
CREATE RULE ru AS ON INSERT TO w DO INSTEAD INSERT INTO c (v) SELECT 'x' WHERE new.v IN ('x', 'y');
CREATE TABLE p (a int, v varchar(5)) PARTITION BY LIST (v);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('x', 'y');
CREATE TABLE ex (r int4range, v varchar(3), EXCLUDE USING gist (r WITH &&) WHERE (v IN ('a', 'b')));
CREATE STATISTICS st ON lower(v), (n + 1) FROM c;
GRANT SELECT (v), UPDATE ON c TO PUBLIC;
SQL
$node->safe_psql('rich', 'CALL sl_migrate()');
check_done($node, 'rich', 1, 'rich');
my $from = 'rich';
my $fingerprint = value($node, 'rich', 'SELECT sl_fingerprint()');
for my $to ('rich1', 'rich2')
{
	run_pg("dump of $from", 'pg_dump', '-f', "$dir/$to.sql", $from);
	create($to);
	restore_plain("$dir/$to.sql", $to);
	check_done($node, $to, 1, $to);
	is(value($node, $to, 'SELECT sl_fingerprint()'),
		$fingerprint, "$to: the same fingerprint");
	$from = $to;
}

# the one who registered the scripts is gone
$node->safe_psql('src', <<'SQL');
SET SESSION AUTHORIZATION deployer;
SELECT ops.sl_register('005', 'INSERT INTO t VALUES (5)');
RESET SESSION AUTHORIZATION;
SQL
run_pg('dump with a registrar', 'pg_dump', '-Fc', '-f', "$dir/gone", 'src');
$node->safe_psql('postgres', 'DROP ROLE deployer');
create('gone');
run_pg('restore without the registrar', 'pg_restore', '-e', '--no-owner', '-U', 'owner', '-d', 'gone', "$dir/gone");
is( value($node, 'gone', "SELECT count(*) FROM ops.sl_revision"),
	6, 'registrar gone: the revisions are there');
my ($ret, $out, $err) = $node->psql('gone', 'CALL ops.sl_migrate()',
	extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($err, qr/ERROR:  SL011.*005.*deployer/s, 'registrar gone: refused by name');
$node->safe_psql('gone', "SELECT ops.sl_unregister('005'); SELECT ops.sl_register('005', 'INSERT INTO t VALUES (5)')");
$node->safe_psql('gone', 'DELETE FROM t; INSERT INTO t VALUES (20)');
$node->safe_psql('gone', 'CALL ops.sl_migrate()');
is(value($node, 'gone', 'SELECT string_agg(a::text, \',\' ORDER BY a) FROM t'),
	'4,5,20', 'registrar gone: registered again, it runs');

check_log($node, 'dump');
$node->stop;
done_testing();
