# CALL sl_wait_ready in company: many gates wait for one run, wake when it is
# over, hold nobody up, and say for whom they waited.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use SLTest;

my $node = new_node('wait_ready');
my $db = 'gate';
my $gates = 20;
my ($writer, $migrator, $ret, $out, $err);

new_database($node, $db);
register($node, $db,
	'001' => 'CREATE TABLE t (a int)',
	'002' => 'ALTER TABLE t ADD b int',
	'003' => 'CREATE INDEX CONCURRENTLY t_a ON t (a)',
	'004' => 'ALTER TABLE t ADD c int');
$node->safe_psql($db, "SELECT sl_apply_pending('001')");

sub open_gates
{
	my ($sql) = @_;

	return map {
		my $gate = session($node, $db);

		$gate->send($sql);
		$gate;
	} 1 .. $gates;
}

# Asleep until the run ends, and not between two questions.
sub asleep
{
	my ($n) = @_;

	wait_until($node, $db,
		"SELECT count(*) = $n FROM pg_stat_activity WHERE datname = '$db' AND query LIKE 'CALL sl_wait_ready%' AND wait_event_type = 'Lock' AND wait_event = 'advisory'",
		"$n gates");
}

sub migrating
{
	my ($what) = @_;

	wait_until($node, $db,
		"SELECT sl_status()->'lock'->>'revision' = '$what'", "revision $what");
}

# one revision is held up, then the next ones run without a break
$writer = session($node, $db);
$writer->query('BEGIN; LOCK TABLE t IN ROW EXCLUSIVE MODE');
$migrator = session($node, $db);
$migrator->query("SET application_name = 'deploy'; SET schema_lifecycle.migration_lock_timeout = 0");
$migrator->send('CALL sl_migrate()');
migrating('002');
my @gates = open_gates("CALL sl_wait_ready(NULL, '1 h'); SELECT sl_ready(), (SELECT count(*) FROM sl_history)");
asleep($gates);
is( value(
		$node, $db,
		"SELECT count(*) FROM pg_stat_activity WHERE datname = '$db' AND query LIKE 'CALL sl_wait_ready%' AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)"
	),
	0,
	'no gate has a snapshot');
is( value(
		$node, $db,
		"SELECT count(*) FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid) WHERE a.query LIKE 'CALL sl_wait_ready%' AND l.locktype <> 'virtualxid' AND l.granted"
	),
	0,
	'no gate has a lock');
is( value(
		$node, $db,
		"SELECT DISTINCT pg_blocking_pids(pid) = ARRAY[" . $migrator->pid . "] FROM pg_stat_activity WHERE query LIKE 'CALL sl_wait_ready%'"
	),
	't',
	'who asks the server for whom they wait hears it');

# one that does not wait so long says for whom it waited
my $short = session($node, $db);
$short->query("CALL sl_wait_ready('004', '200 ms')");
my $pid = $migrator->pid;
like($short->messages,
	qr/ERROR:  SL012: the database was not ready within 0\.2 s\nDETAIL:  The verdict is "behind"; expected: 004; current: 001; pending: 3\. Process $pid holds the migration lock since 20[^,]*, application "deploy", client local, and runs revision "002", statement 1 of 1 \(ALTER TABLE\)\.\nHINT:  Wait longer/,
	'SL012 says who migrates what since when');
is($short->query("CALL sl_wait_ready('001', '1 ms'); SELECT 'through'"),
	'through', 'who expects less goes through');

# a cancel ends a gate, and nothing else
my $cancelled = session($node, $db);
$cancelled->send("CALL sl_wait_ready()");
asleep($gates + 1);
$node->safe_psql($db, 'SELECT pg_cancel_backend(' . $cancelled->pid . ')');
$cancelled->wait;
like($cancelled->messages, qr/57014/, 'a cancel ends the wait');
is($cancelled->query('SELECT 1'), 1, 'and not the session');
my $terminated = session($node, $db);
$terminated->send("CALL sl_wait_ready()");
asleep($gates + 1);
$node->safe_psql($db,
	'SELECT pg_terminate_backend(' . $terminated->pid . ', 10000)');

# the run goes on, through a worker's CREATE INDEX CONCURRENTLY
$writer->query('COMMIT');
$migrator->wait;
is($migrator->{err} =~ /ERROR/, '', 'the run ends');
is(join(' ', map { $_->wait } @gates), join(' ', ('t|4') x $gates),
	'all gates open when all is done');
is(join('', map { $_->messages } @gates), '', 'and say nothing');

# nobody migrates yet
register($node, $db, '005' => 'CREATE TABLE five (a int)');
$_->send("CALL sl_wait_ready('005', '1 h'); SELECT sl_ready('005')") for @gates;
$node->safe_psql($db, 'SELECT sl_apply_pending()');
is(join('', map { $_->wait } @gates), 't' x $gates,
	'who came before the run began goes through, too');

# a run that fails is over: the gate waits on, and says that nobody is at it
register($node, $db, '006' => 'ALTER TABLE t ADD f int; SELECT 1 / (SELECT count(*) FROM t)');
$writer->query('BEGIN; LOCK TABLE t IN ROW EXCLUSIVE MODE');
$migrator->send('CALL sl_migrate()');
migrating('006');
$cancelled->send("CALL sl_wait_ready('006', '1 h'); SELECT sl_ready('006')");
asleep(1);
$writer->query('COMMIT');
$migrator->wait;
like($migrator->messages, qr/22012/, 'a run fails');
$short->query("CALL sl_wait_ready('006', '1 ms')");
like($short->messages,
	qr/SL012.*\nDETAIL:  The verdict is "failed"; expected: 006; current: 005; pending: 1\. Nobody holds the migration lock\./,
	'nobody is at it any more');
register($node, $db, '006' => 'ALTER TABLE t ADD f int');
$node->safe_psql($db, 'SELECT sl_apply_pending()');
is($cancelled->wait, 't', 'a gate waits for the run that succeeds');

# the lock of another tool, which is idle, and one that is prepared
$writer->query('SELECT pg_advisory_lock(8314604121892151148)');
$pid = $writer->pid;
$short->query("CALL sl_wait_ready('007', '100 ms')");
like($short->messages, qr/Process $pid holds the migration lock since [^,]*, application "[^"]*", client local\.\n/,
	'who holds the lock and runs nothing');
$writer->query('SELECT pg_advisory_unlock(8314604121892151148)');
$writer->query("BEGIN; SELECT pg_advisory_xact_lock(8314604121892151148); PREPARE TRANSACTION 'left over'");
$short->query("CALL sl_wait_ready('007', '100 ms')");
like($short->messages, qr/The migration lock is held by prepared transaction "left over"\./,
	'a prepared transaction');
$writer->query("ROLLBACK PREPARED 'left over'");

# a gate takes nothing from a run: it always gets the lock at once
$_->send("CALL sl_wait_ready('007', '1 h'); SELECT sl_ready('007')") for @gates;
my $refused = 0;
for (1 .. 50)
{
	($ret, $out, $err) =
	  $node->psql($db, "BEGIN; SELECT sl_stamp('006', true); ROLLBACK");
	$refused++ if $ret != 0;
}
is($refused, 0, 'gates are never in the way of who wants the lock');
register($node, $db, '007' => 'SELECT 1');
$node->safe_psql($db, 'SELECT sl_apply_pending()');
is(join('', map { $_->wait } @gates), 't' x $gates, 'a head that was not known when they came');

# on a standby
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby);
my $reader = session($standby, $db);
is($reader->query("CALL sl_wait_ready('007', '1 s'); SELECT 'through'"),
	'through', 'a standby is ready');
$reader->query("CALL sl_wait_ready('008', '100 ms')");
like($reader->messages,
	qr/SL012.*\nDETAIL:  The verdict is "unknown_head"; expected: 008; current: 007; pending: 0\. This is a standby/,
	'a standby does not know who migrates');
$reader->send("CALL sl_wait_ready('008', '1 h'); SELECT sl_ready('008')");
register($node, $db, '008' => 'CREATE TABLE eight (a int)');
$node->safe_psql($db, 'SELECT sl_apply_pending()');
is($reader->wait, 't', 'what is replayed opens the gate');
is($reader->messages, '', 'and says nothing');
$reader->quit;

$_->quit for @gates, $short, $writer, $migrator, $cancelled, $terminated;
check_log($node, 'primary');
check_log($standby, 'standby');
$standby->stop;
$node->stop;
done_testing();
