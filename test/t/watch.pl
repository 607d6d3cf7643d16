# sl_watch: who listens is told, two at once write once, a standby refuses;
# and with the real pg_cron.
use strict;
use warnings;

use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use SLTest;

my $db = 'watched';
my $sharedir = (run_command([ 'pg_config', '--sharedir' ]))[0];
my $has_cron = -f "$sharedir/extension/pg_cron.control";
my $node = new_node('watch', $has_cron ? <<"CONF" : undef);
shared_preload_libraries = 'pg_cron'
cron.database_name = '$db'
cron.use_background_workers = on
CONF

new_database($node, $db);
register($node, $db, '001' => 'CREATE TABLE t (a int, b int)');

sub incidents
{
	return value($node, $db,
		"SELECT string_agg(concat_ws(' ', verdict, coalesce('after ' || previous, 'first')), ', ' ORDER BY at) FROM sl_incident"
	);
}

# what a listener got since it asked last: the payloads
sub heard
{
	my ($listener) = @_;

	return join "\n",
	  map { /with payload "(.*)" received/ ? $1 : () } split /\n/,
	  $listener->query('SELECT 1');
}

my $listener = session($node, $db);
$listener->query('LISTEN schema_lifecycle');
is(value($node, $db, 'SELECT sl_watch()'), 'behind', 'the first look');
my $told = decode_json(heard($listener));
my $at = delete $told->{at};
is_deeply($told,
	{ verdict => 'behind', previous => undef, expected => ['001'], current => [] },
	'who listens is told');
like($at, qr/^20\d\d-\d\d-\d\dT/, 'and when');
is(value($node, $db, 'SELECT sl_watch()'), 'behind', 'the second');
is(heard($listener), '', 'no news, no notification');
$node->safe_psql($db, 'SELECT sl_apply_pending()');

# two at once: the second sees the change, and leaves it to the first
my $first = session($node, $db);
my $second = session($node, $db);
is($first->query('BEGIN; SELECT sl_watch()'), 'ok', 'one at work');
is($second->query('SELECT sl_watch()'), 'ok', 'another at the same time does not wait');
is(incidents(), 'behind first', 'and does not write');
$first->query('COMMIT');
is(incidents(), 'behind first, ok after behind', 'the first one does');
like(heard($listener), qr/"verdict": "ok"/, 'and tells');
is($second->query('SELECT sl_watch()'), 'ok', 'then nobody');
is(incidents(), 'behind first, ok after behind', 'writes again');

# many at once, with a change between
for my $round (1 .. 5)
{
	my @many = map { session($node, $db) } 1 .. 6;

	$node->safe_psql($db, $round % 2 ? 'ALTER TABLE t DROP b' : 'ALTER TABLE t ADD b int');
	$_->send('SELECT sl_watch()') for @many;
	$_->wait for @many;
	$node->safe_psql($db, 'SELECT sl_watch()');
	$_->quit for @many;
}
is( incidents(),
	join(', ', 'behind first', 'ok after behind',
		map { ('drifted after ok', 'ok after drifted') [ ($_ + 1) % 2 ] } 1 .. 5),
	'a change is one row, however many look');
$node->safe_psql($db, 'ALTER TABLE t ADD b int; SELECT sl_watch()');

# on a standby it raises: there it could not write
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby);
my ($ret, $out, $err) = $standby->psql($db, 'SELECT sl_watch()');
like($err, qr/cannot execute sl_watch\(\) on a standby/, 'not on a standby');
is(value($standby, $db, 'SELECT count(*) FROM sl_incident'),
	value($node, $db, 'SELECT count(*) FROM sl_incident'), 'where incidents can be read');
$standby->stop;

# pg_cron, every second where it can do that, else every minute
SKIP:
{
	skip 'pg_cron is not installed for this server', 4 unless $has_cron;

	$node->safe_psql($db, 'CREATE EXTENSION pg_cron');
	heard($listener);
	my $runs =
	  "SELECT count(*) >= 1 FROM cron.job_run_details WHERE command = 'SELECT sl_watch()' AND status = 'succeeded' AND start_time > (SELECT max(at) FROM sl_incident)";
	my ($code) = $node->psql($db,
		"SELECT cron.schedule('schema', '1 second', 'SELECT sl_watch()')");
	$node->safe_psql($db,
		"SELECT cron.schedule('schema', '* * * * *', 'SELECT sl_watch()')")
	  if $code != 0;
	my $before = incidents();

	wait_until($node, $db, $runs, 'a run of pg_cron');
	is(incidents(), $before, 'pg_cron watches, and nothing changed');
	$node->safe_psql($db, 'DROP TABLE t');
	wait_until($node, $db,
		"SELECT verdict = 'stamped' FROM sl_incident ORDER BY at DESC LIMIT 1",
		'an incident');
	is(incidents(), "$before, stamped after ok", 'an incident is found');
	$told = decode_json(heard($listener));
	is($told->{verdict}, 'stamped', 'and told');
	is( value(
			$node, $db,
			"SELECT count(*) FROM cron.job_run_details WHERE status = 'failed'"
		),
		0,
		'no run failed');
	$node->safe_psql($db, "SELECT cron.unschedule('schema')");
}

$_->quit for $listener, $first, $second;
check_log($node, 'primary');
$node->stop;
done_testing();
