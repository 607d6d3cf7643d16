# CALL sl_boot in company: many processes at once, one of them terminated or
# the server stopped in the middle, on databases in all sorts of states; in the
# end each revision is there once, and everybody is let in.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use SLTest;

my $node = new_node('boot');
my $processes = 12;
my @chain = (
	'001' => 'CREATE TABLE a (id int PRIMARY KEY, name text NOT NULL)',
	'002' => 'CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a)',
	'003' => 'CREATE INDEX CONCURRENTLY b_a ON b (a)',
	'004' => 'ALTER TABLE a ADD COLUMN note text',
	'005' => 'CREATE VIEW v AS SELECT a.name, b.id FROM a JOIN b ON b.a = a.id',
	'006' => 'CREATE TABLE c (id int)');
my $revisions = @chain / 2;

sub database
{
	my ($db) = @_;

	new_database($node, $db);
	register($node, $db, @chain);
}

sub boots
{
	my ($db, $n) = @_;

	return map {
		my $s = session($node, $db);

		$s->send("CALL sl_boot(); SELECT sl_status()->>'verdict'");
		$s;
	} 1 .. $n;
}

# the lock that a script stops at, so that something can happen meanwhile
sub stop_at
{
	my ($db, $revision, $sql) = @_;
	my $blocker = session($node, $db);

	$blocker->query('SELECT pg_advisory_lock(4711)');
	register($node, $db,
		$revision => "$sql; SELECT pg_advisory_xact_lock(4711)");
	return $blocker;
}

sub at_work
{
	my ($db, $revision) = @_;

	wait_until($node, $db,
		"SELECT sl_status()->'lock'->>'revision' = '$revision' AND EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = 4711)",
		"revision $revision");
}

# all at once
database('together');
my @sessions = boots('together', $processes);
is(join(' ', map { $_->wait } @sessions), join(' ', ('ok') x $processes),
	'all processes are let in');
is(scalar(grep { $_->messages =~ /applied/ } @sessions),
	1, 'and one of them worked');
is(join('', map { $_->messages =~ /(ERROR.*)/ ? $1 : '' } @sessions),
	'', 'nobody failed');
check_done($node, 'together', $revisions, 'all at once');

# who works is terminated, and another one goes on
database('killed');
my $blocker = stop_at('killed', '004', 'ALTER TABLE a ADD COLUMN note text');
@sessions = boots('killed', $processes);
at_work('killed', '004');
is( value(
		$node, 'killed',
		"SELECT count(*) FROM pg_stat_activity WHERE datname = 'killed' AND query LIKE '%waiting for the migration lock%' AND pid <> pg_backend_pid() AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)"
	),
	0,
	'who waits has no snapshot');
$node->safe_psql('killed',
	"SELECT pg_terminate_backend((sl_status()->'lock'->>'pid')::int, 10000)");
$blocker->query('SELECT pg_advisory_unlock(4711)');
my @answers = sort map { $_->wait } @sessions;
is(join(' ', @answers), join(' ', '', ('ok') x ($processes - 1)),
	'one process died, and the others were let in');
check_done($node, 'killed', $revisions, 'one terminated');

# the server is stopped in the middle
database('crash');
$blocker = stop_at('crash', '004', 'ALTER TABLE a ADD COLUMN note text');
@sessions = boots('crash', 3);
at_work('crash', '004');
$node->stop('immediate');
$node->start;
$_->quit for @sessions;
is( value(
		$node, 'crash',
		"SELECT string_agg(revision, ' ' ORDER BY id) FROM sl_history WHERE outcome = 'ok'"
	),
	'001 002 003',
	'what committed is recorded after the crash');
@sessions = boots('crash', 3);
is(join(' ', map { $_->wait } @sessions), 'ok ok ok', 'the next boot goes on');
check_done($node, 'crash', $revisions, 'after a crash');

# some of it is there, by hand, and several find that at once
database('by_hand');
$node->safe_psql('by_hand',
	'CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE c (id int); CREATE TABLE mine (id int)'
);
@sessions = boots('by_hand', 4);
is(join(' ', map { $_->wait } @sessions), 'ok ok ok ok', 'a database set up by hand');
is( value(
		$node, 'by_hand',
		"SELECT string_agg(action || ' ' || revision, ', ' ORDER BY id) FROM sl_history"
	),
	'adopt 001, adopt 006, repair 001, apply 002, apply 003, apply 004, apply 005',
	'what is there is recorded, in part: completed, and the rest runs');
is( value(
		$node, 'by_hand',
		"SELECT count(*) FROM pg_database WHERE datname LIKE 'sl_%'"),
	0,
	'no scratch database is left');
$node->safe_psql('by_hand', 'DROP TABLE mine');
is( value($node, 'by_hand', 'SELECT sl_fingerprint()'),
	value($node, 'together', 'SELECT sl_fingerprint()'),
	'the same schema as that of a fresh database');

# what was lost stays lost until a person says so
$node->safe_psql('together', 'DROP TABLE c; ALTER TABLE a DROP COLUMN note');
my $boot = session($node, 'together');
$boot->query('CALL sl_boot()');
like($boot->messages,
	qr/ERROR:  SL004: \S+ public\.\S+ was here once, and is gone with its rows/,
	'what was here once is not papered over');
is( value(
		$node, 'together', "SELECT to_regclass('c') IS NULL"),
	't',
	'and not made');
$boot->query('SELECT sl_repair()');
is($boot->query("CALL sl_boot(); SELECT sl_status()->>'verdict'"),
	'ok', 'sl_repair() makes it');

# a listener hears of it once
my $listener = session($node, 'together');
$listener->query('LISTEN schema_lifecycle');
register($node, 'together', '007' => 'CREATE TABLE d (id int)');
$boot->query('CALL sl_boot()');
like($listener->query('SELECT 1'),
	qr/Asynchronous notification "schema_lifecycle" with payload "\{.*"verdict": "ok"/,
	'a listener hears the verdict');
$boot->query('CALL sl_boot()');
is($listener->query('SELECT 1'), '1', 'and nothing where nothing was done');

# where it cannot run
$boot->query('BEGIN');
$boot->query('CALL sl_boot()');
like($boot->messages, qr/ERROR:  25001: CALL sl_boot\(\) cannot run inside a transaction block/,
	'not in a transaction block');
$boot->query('ROLLBACK');
$boot->query("CALL sl_boot('nope')");
like($boot->messages, qr/ERROR:  SL002: the expected revision "nope" is not registered/,
	'a head that nobody registered');

$_->quit for $boot, $listener, $blocker;
check_log($node, 'boot', 'terminated by signal 3|immediate');
$node->stop;
done_testing();
