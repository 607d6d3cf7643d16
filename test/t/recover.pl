# Statements that commit by themselves: what did finish is recognised from the
# catalog, debris is cleared away, and nothing else is taken for done.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use SLTest;

my $node = new_node('recover');
my $number = 0;

# A fresh database with a table, and a revision behind it.
sub case_of
{
	my ($script) = @_;
	my $db = 'recover_' . ++$number;

	new_database($node, $db);
	register($node, $db,
		'001_t' => 'CREATE TABLE t (a int, b int); INSERT INTO t SELECT i, i / 2 FROM generate_series(0, 19) AS i;',
		'002' => $script);
	$node->safe_psql($db, "SELECT sl_apply_pending('001_t')");
	return $db;
}

# CALL that fails: its messages
sub migrate_fails
{
	my ($db, $sqlstate, $pattern, $name) = @_;
	my ($ret, $out, $err) =
	  $node->psql($db, 'CALL sl_migrate()', extra_params => [ '-v', 'VERBOSITY=verbose' ]);

	isnt($ret, 0, "$name: fails");
	like($err, qr/ERROR:  $sqlstate:.*$pattern/s, "$name: says why");
	is( value(
			$node, $db,
			"SELECT sqlstate FROM sl_history WHERE action = 'fail' ORDER BY id DESC LIMIT 1"
		),
		$sqlstate,
		"$name: the history has the error");
	return $err;
}

# The row that a run leaves when it dies between a statement and its row.
sub begun
{
	my ($db, $statement, $text, $before) = @_;

	$before = defined $before ? sql_literal($before) : 'NULL';
	$node->safe_psql($db,
		"INSERT INTO sl_journal VALUES ('002', 'up', $statement, 'started', "
		  . sql_literal($text)
		  . ", $before, now(), NULL)");
}

sub oid_of
{
	my ($db, $name) = @_;

	return value($node, $db, "SELECT '$name'::regclass::oid");
}

my $cic = 'CREATE INDEX CONCURRENTLY t_a ON t (a)';
my $db;
my $oid;
my $err;

# the index was finished, its row in the journal was not
$db = case_of("$cic; INSERT INTO t VALUES (100, 100)");
$node->safe_psql($db, $cic);
$oid = oid_of($db, 't_a');
begun($db, 1, $cic, '[]');
is(value($node, $db, "SELECT state FROM sl_graph() WHERE revision = '002'"),
	'failed', 'open journal: the revision counts as failed');
$node->safe_psql($db, 'CALL sl_migrate()');
is(oid_of($db, 't_a'), $oid, 'finished index: not built again');
check_done($node, $db, 2, 'finished index');

# the same without a name
$db = case_of('CREATE INDEX CONCURRENTLY ON t (a)');
$node->safe_psql($db, 'CREATE INDEX ON t (a)');
begun($db, 1, 'CREATE INDEX CONCURRENTLY ON t (a)', '[]');
$node->safe_psql($db, 'CALL sl_migrate()');
is( value(
		$node, $db,
		"SELECT count(*) FROM pg_index WHERE indrelid = 't'::regclass"),
	1,
	'finished unnamed index: not built a second time');
check_done($node, $db, 2, 'finished unnamed index');

# one that was there before the step began is not the step's
$db = case_of('CREATE INDEX CONCURRENTLY ON t (a)');
$node->safe_psql($db, 'CREATE INDEX ON t (a)');
begun($db, 1, 'CREATE INDEX CONCURRENTLY ON t (a)',
	'["public.t_a_idx"]');
$node->safe_psql($db, 'CALL sl_migrate()');
is( value(
		$node, $db,
		"SELECT string_agg(indexrelid::regclass::text, ',' ORDER BY 1) FROM pg_index WHERE indrelid = 't'::regclass"
	),
	't_a_idx,t_a_idx1',
	'an older unnamed index is not taken for the new one');

# under the name lies something else
$db = case_of($cic);
$node->safe_psql($db, 'CREATE INDEX t_a ON t (b)');
begun($db, 1, $cic, '[]');
migrate_fails($db, '42P07', 'exists', 'valid index of another definition');
is( value($node, $db, "SELECT pg_get_indexdef('t_a'::regclass)"),
	'CREATE INDEX t_a ON public.t USING btree (b)',
	'valid index of another definition: left alone');

for my $other (
	'UNIQUE INDEX t_a ON t (a, b)',
	'INDEX t_a ON t (a DESC)',
	'INDEX t_a ON t (a) WHERE b > 0',
	'INDEX t_a ON t (a) INCLUDE (b)',
	'INDEX t_a ON t USING hash (a)')
{
	$db = case_of('CREATE INDEX CONCURRENTLY IF NOT EXISTS t_a ON t (a)');
	$node->safe_psql($db, "CREATE $other");
	migrate_fails($db, '42P07', 'another definition',
		"IF NOT EXISTS meets $other");
}

# the same definition, for IF NOT EXISTS
$db = case_of('CREATE INDEX CONCURRENTLY IF NOT EXISTS t_a ON t (a)');
$node->safe_psql($db, 'CREATE INDEX t_a ON t (a)');
$node->safe_psql($db, 'CALL sl_migrate()');
check_done($node, $db, 2, 'IF NOT EXISTS meets the same index');

# without IF NOT EXISTS it is an error, and stays one
$db = case_of($cic);
$node->safe_psql($db, 'CREATE INDEX t_a ON t (a)');
migrate_fails($db, '42P07', 'already exists', 'index that is there already');

# a unique index fails, and is built again when the data are right
my $unique = 'CREATE UNIQUE INDEX CONCURRENTLY %st_b ON t (b)';
for my $guard ('', 'IF NOT EXISTS ')
{
	my $name = $guard eq '' ? 'failed unique index' : 'failed unique index, IF NOT EXISTS';

	$db = case_of(sprintf($unique, $guard) . '; INSERT INTO t VALUES (100, 100)');
	$err = migrate_fails($db, '23505', 'could not create unique index', $name);
	like($err, qr/revision "002", statement 1 \(line 1\)/, "$name: where");
	is( value(
			$node, $db,
			"SELECT indisvalid FROM pg_index WHERE indexrelid = 't_b'::regclass"
		),
		'f',
		"$name: leaves an invalid index");
	migrate_fails($db, '23505', 'could not create unique index', "$name again");
	$node->safe_psql($db, 'DELETE FROM t WHERE a % 2 = 1');
	$node->safe_psql($db, 'CALL sl_migrate()');
	check_done($node, $db, 2, $name);
	is(value($node, $db, 'SELECT count(*) FROM t WHERE a = 100'),
		1, "$name: what comes after it ran once");
	is( value(
			$node, $db,
			"SELECT string_agg(action, ',' ORDER BY id) FROM sl_history"),
		'apply,fail,fail,apply',
		"$name: the history");
}

# DROP INDEX CONCURRENTLY that was finished
$db = case_of('DROP INDEX CONCURRENTLY t_a');
$node->safe_psql($db, 'CREATE INDEX t_a ON t (a)');
$oid = oid_of($db, 't_a');
my ($ret, $out);
# begin it for real, and stop it where it waits
my $holder = session($node, $db);
my $runner = session($node, $db);
$holder->query('BEGIN; LOCK TABLE t IN ROW EXCLUSIVE MODE');
$runner->send('CALL sl_migrate()');
wait_until($node, $db,
	"SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'virtualxid' AND NOT granted");
$node->safe_psql($db, 'SELECT pg_cancel_backend(' . $runner->pid . ')');
$runner->wait;
like($runner->messages, qr/ERROR:  57014/, 'cancelled DROP INDEX: the caller is told');
$holder->quit;
$runner->quit;
# somebody else finishes it
$node->safe_psql($db, 'DROP INDEX IF EXISTS t_a');
$node->safe_psql($db, 'CALL sl_migrate()');
check_done($node, $db, 2, 'finished DROP INDEX');

# An error is no beginning: what the first call was refused is not taken for
# done by the second.
for my $case (
	[ 'DROP INDEX CONCURRENTLY missing', '42704' ],
	[ 'CREATE DATABASE postgres', '42P04' ],
	[ 'DROP DATABASE missing', '3D000' ],
	[ 'ALTER TABLE p DETACH PARTITION q CONCURRENTLY', '42P01' ])
{
	my ($script, $sqlstate) = @$case;

	$db = case_of($script);
	$node->safe_psql($db,
		'CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE q (a int)');
	migrate_fails($db, $sqlstate, '', $script);
	migrate_fails($db, $sqlstate, '', "$script again");
}

# CREATE DATABASE that was finished
$db = case_of('CREATE DATABASE made; CREATE TABLE after ()');
$node->safe_psql($db, 'CREATE DATABASE made');
begun($db, 1, 'CREATE DATABASE made', '[]');
$node->safe_psql($db, 'CALL sl_migrate()');
check_done($node, $db, 2, 'finished CREATE DATABASE');

# REINDEX CONCURRENTLY: its own debris goes, the other one stays
$db = case_of('REINDEX TABLE CONCURRENTLY t');
$node->safe_psql($db, 'CREATE INDEX t_a ON t (a); CREATE INDEX other_ccnew ON t (b);');
$node->safe_psql($db,
	"UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'other_ccnew'::regclass");
begun($db, 1, 'REINDEX TABLE CONCURRENTLY t', '["public.other_ccnew"]');
$node->safe_psql($db, 'CREATE INDEX t_a_ccnew ON t (a)');
$node->safe_psql($db,
	"UPDATE pg_index SET indisvalid = false WHERE indexrelid = 't_a_ccnew'::regclass");
$node->safe_psql($db, 'CALL sl_migrate()');
is( value(
		$node, $db,
		"SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class JOIN pg_index ON indexrelid = pg_class.oid WHERE indrelid = 't'::regclass"
	),
	'other_ccnew,t_a',
	'debris of REINDEX: only its own is dropped');

# DETACH PARTITION CONCURRENTLY that was interrupted half-way
my $detach = 'ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY';
$db = case_of("$detach; CREATE TABLE after ()");
$node->safe_psql($db,
	'CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)');
$holder = session($node, $db);
$runner = session($node, $db);
$holder->query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM p');
$runner->send('CALL sl_migrate()');
wait_until($node, $db,
	"SELECT EXISTS (SELECT FROM pg_inherits WHERE inhdetachpending)");
$node->safe_psql($db, 'SELECT pg_cancel_backend(' . $runner->pid . ')');
$runner->wait;
$holder->quit;
$runner->quit;
is(value($node, $db, 'SELECT count(*) FROM pg_inherits WHERE inhdetachpending'),
	1, 'DETACH: stopped half-way');
$node->safe_psql($db, 'CALL sl_migrate()');
is( value(
		$node, $db, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'p'::regclass"),
	0,
	'DETACH: finished');
check_done($node, $db, 2, 'DETACH', by_hand => '(table|column) public\.p\b');

# it was finished, its row was not
$db = case_of("$detach; CREATE TABLE after ()");
$node->safe_psql($db,
	'CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)');
begun($db, 1, $detach,
	'["public.p1"]');
$node->safe_psql($db, $detach);
$node->safe_psql($db, 'CALL sl_migrate()');
check_done($node, $db, 2, 'finished DETACH', by_hand => '(table|column) public\.p\b');

# What a statement did in an attempt that did not live to write it down: the
# objects were made by a revision, so that their facts must go, or change.
sub partitions
{
	my ($script) = @_;
	my $name = 'recover_' . ++$number;

	new_database($node, $name);
	register($node, $name, '001_t' => <<'SQL', '002' => $script);
CREATE TABLE r (a int PRIMARY KEY);
CREATE SCHEMA "S s";
CREATE TABLE "S s"."P p" (a int NOT NULL REFERENCES r, b int DEFAULT 3 CHECK (b > 2), c int, PRIMARY KEY (a, c)) PARTITION BY RANGE (a);
CREATE INDEX "i I" ON "S s"."P p" (b);
CREATE TABLE "S s".p1 PARTITION OF "S s"."P p" FOR VALUES FROM (0) TO (10);
CREATE TABLE "S s".p2 PARTITION OF "S s"."P p" FOR VALUES FROM (10) TO (20) PARTITION BY LIST (c);
CREATE TABLE "S s".p21 PARTITION OF "S s".p2 FOR VALUES IN (1);
CREATE TABLE "S s".u (a int, b int);
CREATE INDEX "u A" ON "S s".u (a);
COMMENT ON INDEX "S s"."u A" IS 'an index';
CREATE STATISTICS "S s".st ON a, b FROM "S s".u;
CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER "t T" AFTER INSERT ON "S s"."P p" FOR EACH ROW EXECUTE FUNCTION pass();
SQL
	$node->safe_psql($name, "SELECT sl_apply_pending('001_t')");
	return $name;
}

for my $child ('p1', 'p2')
{
	$detach = qq(ALTER TABLE "S s"."P p" DETACH PARTITION "S s".$child CONCURRENTLY);
	$db = partitions("$detach; CREATE TABLE after ()");
	begun($db, 1, $detach, qq(["\\"S s\\".$child"]));
	$node->safe_psql($db, $detach);
	$node->safe_psql($db, 'CALL sl_migrate()');
	check_done($node, $db, 2, "finished DETACH of a revision's partition $child");

	$db = partitions("$detach; CREATE TABLE after ()");
	$node->safe_psql($db, 'CALL sl_migrate()');
	check_done($node, $db, 2, "DETACH of a revision's partition $child");

	$db = partitions("$detach; CREATE TABLE after ()");
	$holder = session($node, $db);
	$runner = session($node, $db);
	$holder->query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM "S s"."P p"');
	$runner->send('CALL sl_migrate()');
	wait_until($node, $db,
		'SELECT EXISTS (SELECT FROM pg_inherits WHERE inhdetachpending)');
	$node->safe_psql($db, 'SELECT pg_cancel_backend(' . $runner->pid . ')');
	$runner->wait;
	$_->quit for ($holder, $runner);
	$node->safe_psql($db, 'CALL sl_migrate()');
	check_done($node, $db, 2, "DETACH of a revision's partition $child, half-way");
}

$db = partitions('DROP INDEX CONCURRENTLY "S s"."u A"');
begun($db, 1, 'DROP INDEX CONCURRENTLY "S s"."u A"', '["\"S s\".\"u A\""]');
$node->safe_psql($db, 'DROP INDEX "S s"."u A"');
$node->safe_psql($db, 'CALL sl_migrate()');
check_done($node, $db, 2, "finished DROP INDEX of a revision's index");

$db = partitions('CREATE INDEX CONCURRENTLY ON "S s".u ((a + b)) WHERE b > 0');
$node->safe_psql($db, 'CREATE INDEX ON "S s".u ((a + b)) WHERE b > 0');
begun($db, 1, 'CREATE INDEX CONCURRENTLY ON "S s".u ((a + b)) WHERE b > 0', '["\"S s\".\"u A\""]');
$node->safe_psql($db, 'CALL sl_migrate()');
check_done($node, $db, 2, 'finished unnamed index of an expression');

# a finished step must stay what it was, what is behind it may be edited
$db = case_of('CREATE TABLE x (); VACUUM t; SELECT 1 / 0');
migrate_fails($db, '22012', 'division by zero', 'script to be edited');
is(value($node, $db, 'SELECT count(*) FROM sl_journal'), 2, 'two steps are done');
$node->psql($db,
	"SELECT sl_register('002', 'CREATE TABLE y (); VACUUM t; SELECT 1')",
	on_error_stop => 0);
($ret, $out, $err) = $node->psql($db, 'CALL sl_migrate()');
is(value($node, $db, "SELECT to_regclass('y') IS NULL"), 't',
	'a finished step that was changed does not run');
$node->safe_psql($db,
	"SELECT sl_register('002', 'CREATE TABLE x (); VACUUM t; SELECT 1')");
$node->safe_psql($db, 'CALL sl_migrate()');
check_done($node, $db, 2, 'edited script');

# CALL and DO that commit inside: nobody can know how far they came
$db = case_of("-- sl:no-transaction\nDO \$\$ BEGIN INSERT INTO t VALUES (200); COMMIT; PERFORM 1 / 0; END \$\$");
migrate_fails($db, '22012', 'division by zero', 'DO that commits');
migrate_fails($db, '55000', 'may have committed', 'DO that commits, again');
is(value($node, $db, 'SELECT count(*) FROM t WHERE a = 200'), 1, 'it ran once');
$node->safe_psql($db, "SELECT sl_resolve('002', 'finished', 'looked at the data')");
$node->safe_psql($db, 'CALL sl_migrate()');
check_done($node, $db, 2, 'DO that commits, resolved', lost => '002');
is(value($node, $db, 'SELECT count(*) FROM t WHERE a = 200'), 1, 'it ran once, still');

# What it made before is known to nobody, what a run of it makes again is.
my $do = q(DO $$ BEGIN CREATE TABLE IF NOT EXISTS made (); COMMIT; PERFORM 1 / (SELECT count(*) FROM t WHERE a = 300); END $$);
for my $word ('finished', 'run')
{
	$db = case_of("-- sl:no-transaction\nCREATE TABLE first (); $do; CREATE TABLE last ()");
	migrate_fails($db, '22012', 'division by zero', "DO that makes a table, $word");
	is(value($node, $db, 'SELECT sl_verify(), sl_status() ->> $$verdict$$'),
		'f|failed', "DO that makes a table, $word: failed");
	$node->safe_psql($db, 'INSERT INTO t VALUES (300)');
	$node->safe_psql($db, "SELECT sl_resolve('002', '$word', 'looked at it')");
	$node->safe_psql($db, 'CALL sl_migrate()');
	check_done($node, $db, 2, "DO that makes a table, $word",
		lost => '002', by_hand => 'table public\.(first|made|last) ');

	# the next run is known from its beginning
	$node->safe_psql($db, 'DROP TABLE first, made, last');
	$node->safe_psql($db, "SELECT sl_stamp('001_t', true, 'undone by hand')");
	$node->safe_psql($db, 'CALL sl_migrate()');
	is(join("\n", differences($node, $db)), '', "$word, and run again: all is known");
	is(value($node, $db, q(SELECT sl_verify(), sl_status() ->> 'verdict')), 't|ok', "$word, and run again: verified");
}

# while the table is locked nothing can be said of what lies there
$db = case_of($cic);
$node->safe_psql($db, 'CREATE INDEX t_a ON t (a)');
$node->safe_psql($db,
	"UPDATE pg_index SET indisvalid = false WHERE indexrelid = 't_a'::regclass");
begun($db, 1, $cic, '[]');
my $locker = SLTest::session($node, $db);
$locker->query('BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE');
my ($locked, undef, $locked_err) = $node->psql(
	$db,
	q{CALL sl_migrate(NULL, '{"migration_lock_timeout": 50, "lock_retries": 0}')},
	extra_params => [ '-v', 'VERBOSITY=verbose' ]);
isnt($locked, 0, 'a locked table: the run fails');
like($locked_err, qr/55P03/, 'a locked table: by its lock timeout');
$locker->query('ROLLBACK');
$locker->quit;
$node->safe_psql($db, 'CALL sl_migrate()');
check_done($node, $db, 2, 'a locked table, then free');

check_log($node, 'recover');
$node->stop;
done_testing();
