# A mixed history, stopped at every place where it can be stopped, in every
# way; the next CALL goes on, and in the end the database is the one that
# nothing has ever happened to.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use SLTest;

my $node = new_node('crash');

# Gate n of a script is the advisory lock n, which the test holds or not.
my @history = (
	'001_tables' => <<'SQL',
CREATE TABLE ran (step text);
CREATE TABLE t (id int, a int, b int);
SELECT pg_advisory_xact_lock(101);
INSERT INTO t SELECT i, i, i FROM generate_series(1, 50) AS i;
CREATE FUNCTION slow(i int, gate int) RETURNS int LANGUAGE plpgsql IMMUTABLE
AS $$ BEGIN PERFORM pg_catalog.pg_advisory_xact_lock(gate); RETURN i; END $$;
SQL
	'002_column' => <<'SQL',
ALTER TABLE t ADD COLUMN c int;
INSERT INTO ran VALUES ('002');
SELECT pg_advisory_xact_lock(102);
SQL
	'003_data' => <<'SQL',
UPDATE t SET c = a;
INSERT INTO ran VALUES ('003');
SELECT pg_advisory_xact_lock(103);
SQL
	'004_mixed' => <<'SQL',
CREATE INDEX CONCURRENTLY t_a ON t (a, slow(a, 104));
SELECT pg_advisory_xact_lock(110);
INSERT INTO ran VALUES ('004 after t_a');
CREATE UNIQUE INDEX CONCURRENTLY t_b ON t (b);
SELECT pg_advisory_xact_lock(105);
INSERT INTO ran VALUES ('004 after t_b');
ALTER TABLE t ADD COLUMN d int DEFAULT 7;
SELECT pg_advisory_xact_lock(108);
CREATE INDEX CONCURRENTLY ON t (c);
SELECT pg_advisory_xact_lock(111);
DROP INDEX CONCURRENTLY t_a;
SELECT pg_advisory_xact_lock(112);
REINDEX INDEX CONCURRENTLY t_b;
SELECT pg_advisory_xact_lock(106);
INSERT INTO ran VALUES ('004 end');
SQL
	'005_vacuum' => <<'SQL',
VACUUM t;
INSERT INTO ran VALUES ('005');
SQL
	'006_end' => <<'SQL',
INSERT INTO ran VALUES ('006');
SELECT pg_advisory_xact_lock(107);
CREATE VIEW v AS SELECT id, d FROM t;
SQL
);
my $revisions = @history / 2;
my $call = q(CALL sl_migrate(NULL, '{"migration_lock_timeout": 0}'));
my $in_doubt = q(count(*) = 1 FROM pg_locks
	WHERE locktype = 'virtualxid' AND NOT granted);

# Places to stop at, in their order: what a session of ours does to hold the
# run there, and how we see that it has got there.
sub gate
{
	my ($n) = @_;

	return {
		name => "gate $n",
		hold => "SELECT pg_advisory_lock($n)",
		reached => "SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = $n AND NOT granted"
	};
}

# A writer of the table holds CONCURRENTLY back at its beginning, an old
# snapshot at its end.
sub writer
{
	my ($what, $condition) = @_;

	return {
		name => "$what, a writer in the way",
		hold => 'BEGIN; LOCK TABLE t IN ROW EXCLUSIVE MODE',
		reached => "SELECT $in_doubt AND EXISTS (SELECT $condition)"
	};
}

sub snapshot
{
	my ($what, $condition) = @_;

	return {
		name => "$what, an old snapshot in the way",
		hold => 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM pg_class LIMIT 1',
		reached => "SELECT $in_doubt AND EXISTS (SELECT $condition)"
	};
}

my $journal_at = sub { "FROM sl_journal WHERE statement = $_[0] AND state = 'started'" };
my @places = (
	gate(101),
	gate(102),
	gate(103),
	writer('t_a', $journal_at->(1)),
	# and once more while the debris is dropped
	writer('debris of t_a', $journal_at->(1)),
	gate(104),
	snapshot('t_a', $journal_at->(1)),
	gate(110),
	writer('t_b', $journal_at->(4)),
	snapshot('t_b', $journal_at->(4)),
	gate(105),
	gate(108),
	writer('unnamed', $journal_at->(9)),
	snapshot('unnamed', $journal_at->(9)),
	gate(111),
	writer('drop of t_a', $journal_at->(11)),
	writer('drop of t_a again', $journal_at->(11)),
	gate(112),
	writer('reindex of t_b', $journal_at->(13)),
	snapshot('reindex of t_b', $journal_at->(13)),
	gate(106),
	gate(107));

# Ways to stop a run.
my $worker = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'schema_lifecycle worker'";
my $turn = 0;
my %ways = (
	'immediate stop' => sub { $node->stop('immediate'); $node->start; },
	'cancelled session' => sub {
		value($node, 'postgres', "SELECT pg_cancel_backend($_[0])");
	},
	'terminated session' => sub {
		value($node, 'postgres', "SELECT pg_terminate_backend($_[0])");
	},
	# by turns
	'stopped worker' => sub {
		my $how = $turn++ % 2 ? 'cancel' : 'terminate';

		value($node, 'postgres',
			"SELECT count(pg_${how}_backend(coalesce(($worker), $_[0])))");
	});

# The database that nothing happens to.
new_database($node, 'calm');
register($node, 'calm', @history);
$node->safe_psql('calm', $call);
check_done($node, 'calm', $revisions, 'calm');
my $schema = schema_of($node, 'calm');
my $ran = value($node, 'calm', 'SELECT string_agg(step, \',\') FROM ran');
is($ran, '002,003,004 after t_a,004 after t_b,004 end,005,006',
	'calm: what the scripts wrote');

my $number = 0;
for my $way (sort keys %ways)
{
	my $db = 'crash_' . ++$number;

	new_database($node, $db);
	register($node, $db, @history);
	for my $place (@places)
	{
		my $holder = session($node, $db);
		my $runner = session($node, $db);

		$holder->query($place->{hold});
		$runner->send($call);
		wait_until($node, $db, $place->{reached},
			"$way: $place->{name}");
		$ways{$way}->($runner->pid);
		$runner->wait;
		like(
			$runner->messages,
			qr/ERROR|FATAL|terminated|closed|connection/,
			"$way at $place->{name}: the run was stopped");

		# a terminated session does not wait for the end of its worker, which
		# must not get past the place that it is held at
		wait_until($node, $db,
			"SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type LIKE 'schema_lifecycle%'",
			'the end of the worker');
		$holder->quit;
		$runner->quit;
	}
	$node->safe_psql($db, $call);
	check_done($node, $db, $revisions, $way);
	is(schema_of($node, $db), $schema, "$way: the same schema");
	is( value($node, $db, 'SELECT string_agg(step, \',\') FROM ran'),
		$ran, "$way: each statement ran once");
}

check_log($node, 'crash');
$node->stop;
done_testing();
