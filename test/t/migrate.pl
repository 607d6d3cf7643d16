# CALL sl_migrate in company: cancels, time-outs, locks, roles, waiters, many
# at once.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use SLTest;

my $node = new_node('migrate');
my $number = 0;
my $cic = 'CREATE INDEX CONCURRENTLY t_a ON t (a)';
my $waits_in_cic =
  "SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'virtualxid' AND NOT granted";
my ($db, $s1, $s2, $s3, $ret, $out, $err);

sub fresh
{
	my (@revisions) = @_;
	my $name = 'migrate_' . ++$number;

	new_database($node, $name);
	register($node, $name, '001_t' => 'CREATE TABLE t (a int)', @revisions);
	return $name;
}

sub waiting
{
	my ($n) = @_;

	wait_until($node, $db,
		"SELECT count(*) = $n FROM pg_stat_activity WHERE datname = '$db' AND query LIKE '%waiting for the migration lock' AND state = 'active'",
		"$n waiters");
}

sub last_row
{
	return value($node, $db,
		"SELECT concat_ws(' ', action, revision, outcome, sqlstate) FROM sl_history ORDER BY id DESC LIMIT 1"
	);
}

# a waiter does not hold CREATE INDEX CONCURRENTLY up
$db = fresh('002' => $cic);
$node->safe_psql($db, "SELECT sl_apply_pending('001_t')");
my $writer = session($node, $db);
$s1 = session($node, $db);
$s2 = session($node, $db);
$s3 = session($node, $db);
$writer->query('BEGIN; LOCK TABLE t IN ROW EXCLUSIVE MODE');
$s1->send('CALL sl_migrate()');
wait_until($node, $db, $waits_in_cic);
$s2->send('CALL sl_migrate()');
$s3->send('CALL sl_migrate()');
waiting(2);
is( value(
		$node, $db,
		"SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%waiting for the migration lock' AND datname = '$db' AND backend_xmin IS NOT NULL"
	),
	0,
	'waiters hold no snapshot');
is( value(
		$node, $db,
		"SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'schema_lifecycle worker' AND query LIKE '%revision \"002\", statement 1 of 1 (CREATE INDEX)%'"
	),
	1,
	'pg_stat_activity shows the statement at work');
# a function is told whom to ask
$err = ($node->psql($db, 'SELECT sl_apply_pending()', extra_params => [ '-v', 'VERBOSITY=verbose' ]))[2];
my $pid = $s1->pid;
like($err, qr/SL007: another migration is running in process $pid\b/,
	'SL007 names the holder');
# and so is a CALL that must not wait
$err = ($node->psql($db, q(CALL sl_migrate(NULL, '{"lock_wait": 0}')), extra_params => [ '-v', 'VERBOSITY=verbose' ]))[2];
like($err, qr/SL007: another migration is running in process $pid\b/,
	'lock_wait 0: SL007 at once');
# a waiter can be cancelled
$node->safe_psql($db, 'SELECT pg_cancel_backend(' . $s3->pid . ')');
$s3->wait;
like($s3->messages, qr/ERROR:  57014/, 'a waiter can be cancelled');
$writer->query('COMMIT');
$s1->wait;
like($s1->messages, qr/NOTICE:  00000: 002 applied/, 'the runner is through');
$s2->wait;
is($s2->messages, '', 'the waiter found nothing to do');
check_done($node, $db, 2, 'waiters');

# Ctrl-C of the session stops the worker, and the history says so
$db = fresh('002' => $cic);
$node->safe_psql($db, "SELECT sl_apply_pending('001_t')");
$writer->quit;
$writer = session($node, $db);
$s1 = session($node, $db);
$writer->query('BEGIN; LOCK TABLE t IN ROW EXCLUSIVE MODE');
$s1->send('CALL sl_migrate()');
wait_until($node, $db, $waits_in_cic);
$node->safe_psql($db, 'SELECT pg_cancel_backend(' . $s1->pid . ')');
$s1->wait;
like($s1->messages, qr/ERROR:  57014/, 'Ctrl-C: the caller is told');
is( value(
		$node, $db,
		"SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'schema_lifecycle%'"
	),
	0,
	'Ctrl-C: the worker is gone when the CALL ends');
is(last_row(), 'fail 002 failed 57014', 'Ctrl-C: recorded');
# the session goes on working, and so does the lock
is($s1->query('SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = \'advisory\''),
	0, 'Ctrl-C: no lock is left');

# a worker that is terminated: 57P01
$s1->send('CALL sl_migrate()');
wait_until($node, $db, $waits_in_cic);
$node->safe_psql($db,
	"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'schema_lifecycle worker'");
$s1->wait;
like($s1->messages, qr/ERROR:  57P01/, 'terminated worker: the caller gets an error');
is(last_row(), 'fail 002 failed 57P01', 'terminated worker: recorded');
$writer->query('COMMIT');
$s1->query('CALL sl_migrate()');
check_done($node, $db, 2, 'after cancel and terminate');

# time-outs
$db = fresh(
	'002' => 'SELECT pg_sleep(2)',
	'003' => 'VACUUM t; SELECT pg_sleep(0.3)');
$s1 = session($node, $db);
# until the CALL is at work it is in force: long enough to get there
$s1->query("SET statement_timeout = '2s'");
$s1->query('CALL sl_migrate()');
unlike($s1->messages, qr/ERROR/, 'statement_timeout of the session does not stop a CALL');
check_done($node, $db, 3, 'statement_timeout');
is($s1->query('SHOW statement_timeout'), '2s', 'statement_timeout is as it was');
$s1->query('SELECT pg_sleep(10)');
like($s1->messages, qr/ERROR:  57014/, 'and in force');

$db = fresh('002' => 'CREATE TABLE made (); SELECT pg_sleep(30)');
$s1 = session($node, $db);
$s1->query("SET schema_lifecycle.migration_statement_timeout = '2s'");
$s1->query('CALL sl_migrate()');
like($s1->messages, qr/ERROR:  57014.*revision "002", statement 2/s,
	'migration_statement_timeout, in a transaction');
is(last_row(), 'fail 002 failed 57014', 'and recorded');
is(value($node, $db, "SELECT to_regclass('made') IS NULL"), 't', 'and rolled back');
register($node, $db, '002' => 'VACUUM t; SELECT pg_sleep(30)');
$s1->query('CALL sl_migrate()');
like($s1->messages, qr/ERROR:  57014.*revision "002", statement 2/s,
	'migration_statement_timeout, in the worker');
is(last_row(), 'fail 002 failed 57014', 'and recorded');

# an ALTER behind a reader does not keep other readers waiting
$db = fresh('002' => 'ALTER TABLE t ADD COLUMN b int');
$node->safe_psql($db, "SELECT sl_apply_pending('001_t')");
my $reader = session($node, $db);
$reader->query('BEGIN; SELECT count(*) FROM t');
$s1 = session($node, $db);
$s1->send(
	q(CALL sl_migrate(NULL, '{"migration_lock_timeout": 1000, "lock_retries": 100}')));
wait_until($node, $db,
	"SELECT count(*) = 1 FROM pg_locks WHERE relation = 't'::regclass AND NOT granted");
# this one queues behind the ALTER until that gives up, and no longer
is(value($node, $db, 'SELECT count(*) FROM t'), 0,
	'another reader gets through while the first is still there');
$reader->query('COMMIT');
$s1->wait;
like($s1->messages, qr/002 met a lock \(.*\), try 1 of 100/, 'the ALTER was tried again');
unlike($s1->messages, qr/ERROR/, 'the ALTER went through in the end');
check_done($node, $db, 2, 'retries');
is(value($node, $db, "SELECT count(*) FROM sl_history WHERE action = 'fail'"),
	0, 'a try that is followed by another is no failure');

$db = fresh('002' => 'ALTER TABLE t ADD COLUMN b int');
$node->safe_psql($db, "SELECT sl_apply_pending('001_t')");
$reader = session($node, $db);
$reader->query('BEGIN; SELECT count(*) FROM t');
$s1 = session($node, $db);
$s1->query(
	q(CALL sl_migrate(NULL, '{"migration_lock_timeout": 50, "lock_retries": 1}')));
like($s1->messages, qr/ERROR:  55P03/, 'retries come to an end');
is(last_row(), 'fail 002 failed 55P03', 'and are recorded, once');
is(value($node, $db, "SELECT count(*) FROM sl_history WHERE action = 'fail'"),
	1, 'once');
$reader->quit;

# an error keeps what it says, and the next call tries again
$db = fresh('002' => "INSERT INTO t VALUES (1);\nSELECT nothing FROM t",
	'003' => 'CREATE TABLE after ()');
$s1 = session($node, $db);
$s1->query('CALL sl_migrate()');
like($s1->messages, qr/ERROR:  42703: column "nothing" does not exist/, 'error of a script');
like($s1->messages, qr/revision "002", statement 2 \(line 2\)/, 'with its place');
is(last_row(), 'fail 002 failed 42703', 'in the history');
like(value($node, $db, 'SELECT error FROM sl_history ORDER BY id DESC LIMIT 1'),
	qr/column "nothing" does not exist/, 'with its text');
is( value($node, $db, "SELECT string_agg(state, ',' ORDER BY ordinal) FROM sl_graph()"),
	'applied,failed,pending', 'what was before it stays');
register($node, $db, '002' => 'INSERT INTO t VALUES (1)');
$s1->query('CALL sl_migrate()');
check_done($node, $db, 3, 'a failure that was put right');

# a deferred constraint
$db = fresh('002' =>
	  'CREATE TABLE u (a int UNIQUE DEFERRABLE INITIALLY DEFERRED); INSERT INTO u VALUES (1), (1)');
$s1 = session($node, $db);
$s1->query('CALL sl_migrate()');
like($s1->messages, qr/ERROR:  23505/, 'deferred constraint');
is(last_row(), 'fail 002 failed 23505', 'recorded as failed');
is(value($node, $db, "SELECT to_regclass('u') IS NULL"), 't', 'and nothing is there');
$s1->query('SELECT sl_apply_pending()');
like($s1->messages, qr/ERROR:  23505/, 'deferred constraint, in a function');
register($node, $db, '002' =>
	  "VACUUM t; CREATE TABLE u (a int UNIQUE DEFERRABLE INITIALLY DEFERRED); INSERT INTO u VALUES (1), (1)");
$s1->query('CALL sl_migrate()');
like($s1->messages, qr/ERROR:  23505/, 'deferred constraint, in a worker');
is(last_row(), 'fail 002 failed 23505', 'recorded as failed');

# inside a transaction block
$s1->query('BEGIN; CREATE TABLE mine ();');
$s1->query('CALL sl_migrate()');
like($s1->messages, qr/ERROR:  25001.*HINT:.*AUTOCOMMIT/s, 'CALL in a transaction block');
$s1->query('COMMIT');
is(value($node, $db, "SELECT to_regclass('mine') IS NULL"), 't',
	'the transaction of the caller was not committed');

# the recording itself is cancelled
$db = fresh('002' => 'VACUUM t; INSERT INTO t VALUES (1)');
$node->safe_psql($db, "SELECT sl_apply_pending('001_t')");
$s1 = session($node, $db);
$s2 = session($node, $db);
$s2->query('BEGIN; LOCK TABLE sl_applied IN SHARE MODE');
$s1->send('CALL sl_migrate()');
wait_until($node, $db,
	"SELECT count(*) = 1 FROM pg_locks WHERE relation = 'sl_applied'::regclass AND NOT granted");
$node->safe_psql($db, 'SELECT pg_cancel_backend(' . $s1->pid . ')');
$s1->wait;
like($s1->messages, qr/ERROR:  57014/, 'cancelled while it records: the caller is told');
$s2->query('COMMIT');
is($s1->query('SELECT count(*) FROM t'), 1, 'the session lives');
$s1->query('CALL sl_migrate()');
unlike($s1->messages, qr/ERROR/, 'and goes on');
check_done($node, $db, 2, 'cancelled while it records');
is(value($node, $db, 'SELECT count(*) FROM t'), 1, 'the step did not run twice');

# roles that cannot log in
$node->safe_psql('postgres',
	'CREATE ROLE team NOLOGIN; CREATE ROLE member LOGIN; GRANT team TO member; CREATE ROLE outsider LOGIN');
$db = fresh();
$node->safe_psql($db,
	"SELECT sl_grant('team', 'admin'); SELECT sl_grant('member', 'admin'); GRANT CREATE ON SCHEMA public TO team; ALTER TABLE IF EXISTS t OWNER TO team");
$node->safe_psql($db, "SELECT sl_unregister('001_t')");
$s1 = session($node, $db, user => 'member');
$s1->query("SELECT sl_register('001_t', 'CREATE TABLE t (a int)')");
$s1->query("SELECT sl_register('002', 'CREATE INDEX CONCURRENTLY t_a ON t (a); CREATE TABLE who AS SELECT current_user AS me')");
$s1->query('SET ROLE team');
$s1->query('CALL sl_migrate()');
unlike($s1->messages, qr/ERROR/, 'NOLOGIN role: reached from the session by SET ROLE');
is( value(
		$node, $db,
		"SELECT string_agg(DISTINCT tableowner, ',') FROM pg_tables WHERE tablename IN ('t', 'who')"
	),
	'team',
	'NOLOGIN role: owns what was made');
is(value($node, $db, 'SELECT me FROM who'), 'team', 'NOLOGIN role: is the current user');

$db = fresh();
$node->safe_psql($db,
	"SELECT sl_grant('team', 'admin'); GRANT CREATE ON SCHEMA public TO team; SELECT sl_unregister('001_t')");
$s1 = session($node, $db);
$s1->query("SET ROLE team");
$s1->query("SELECT sl_register('001_t', 'CREATE TABLE t (a int)')");
$s1->query("SELECT sl_register('002', 'CREATE INDEX CONCURRENTLY t_a ON t (a)')");
$s1->query('CALL sl_migrate()');
like($s1->messages, qr/ERROR:  SL011/,
	'NOLOGIN role, script of somebody below the session user: refused');
is(value($node, $db, "SELECT count(*) FROM sl_history"), 0,
	'before anything runs');

# a prepared transaction has the lock
$db = fresh();
$node->safe_psql($db,
	"BEGIN; SELECT pg_advisory_xact_lock(8314604121892151148); PREPARE TRANSACTION 'somebody'");
$s1 = session($node, $db);
$s1->query('SELECT sl_apply_pending()');
like($s1->messages, qr/ERROR:  SL007.*"somebody"/s, 'SL007 names a prepared transaction');
$s1->query(q(CALL sl_migrate(NULL, '{"lock_wait": 20}')));
like($s1->messages, qr/ERROR:  SL007.*"somebody"/s, 'for a CALL, too');
$node->restart;
$s1 = session($node, $db);
$s1->query('SELECT sl_apply_pending()');
like($s1->messages, qr/ERROR:  SL007.*"somebody"/s, 'and after a restart');
$node->safe_psql($db, "ROLLBACK PREPARED 'somebody'");
$s1->query('BEGIN');
$s1->query('SELECT sl_apply_pending()');
$s1->query("PREPARE TRANSACTION 'migrated'");
like($s1->messages, qr/ERROR:  0A000: cannot PREPARE/, 'PREPARE after a run is refused');
is(value($node, $db, "SELECT to_regclass('t') IS NULL"), 't', 'and the run is undone');
$s1->query('BEGIN; SELECT sl_apply_pending(); COMMIT');
$s1->query("BEGIN; SELECT 1; PREPARE TRANSACTION 'other'");
unlike($s1->messages, qr/ERROR/, 'the next transaction can be prepared again');
$node->safe_psql($db, "ROLLBACK PREPARED 'other'");
check_done($node, $db, 1, 'prepared');

# many at once
for my $how ('CALL sl_migrate()', 'SELECT sl_apply_pending()')
{
	my @data = map { sprintf('1%02d', $_) => "INSERT INTO ran VALUES ($_)" } 1 .. 10;
	my @many;
	my ($busy, $other) = (0, 0);

	$db = fresh('050' => 'CREATE TABLE ran (step int)', @data);
	push @many, session($node, $db) for 1 .. 20;
	$_->send($how) for @many;
	for my $one (@many)
	{
		$one->wait;
		next unless $one->messages =~ /ERROR:  (\w+)/;
		$1 eq 'SL007' ? $busy++ : $other++;
	}
	is($other, 0, "20 times $how: no error but SL007");
	is($busy, 0, "20 times $how: all waited") if $how =~ /CALL/;
	$_->quit for @many;
	check_done($node, $db, 12, "20 times $how");
	is( value($node, $db, "SELECT string_agg(step::text, ',') FROM ran"),
		'1,2,3,4,5,6,7,8,9,10', "20 times $how: each ran once");
}

# with CONCURRENTLY
$db = fresh('002' => $cic, '003' => 'INSERT INTO t VALUES (1)');
my @many;
push @many, session($node, $db) for 1 .. 20;
$_->send('CALL sl_migrate()') for @many;
$_->wait for @many;
is(scalar(grep { $_->messages =~ /ERROR/ } @many), 0, '20 times CONCURRENTLY: no error');
$_->quit for @many;
check_done($node, $db, 3, '20 times CONCURRENTLY');
is(value($node, $db, 'SELECT count(*) FROM t'), 1, '20 times CONCURRENTLY: once');

# no worker is free
$db = fresh('002' => $cic);
$node->adjust_conf('postgresql.conf', 'max_worker_processes', '0');
$node->restart;
$s1 = session($node, $db);
$s1->query('CALL sl_migrate()');
like($s1->messages, qr/ERROR:  53400/, 'no free worker: 53400');
is(last_row(), 'fail 002 failed 53400', 'no free worker: recorded');
$s1->quit;
$node->adjust_conf('postgresql.conf', 'max_worker_processes', '16');
$node->restart;
$node->safe_psql($db, 'CALL sl_migrate()');
check_done($node, $db, 2, 'a worker is free again');

check_log($node, 'migrate');
$node->stop;
done_testing();
