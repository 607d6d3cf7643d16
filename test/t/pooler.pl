# Through PgBouncer in transaction mode: a session's lock would stay behind on
# a connection that somebody else gets.
use strict;
use warnings;

use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use SLTest;

plan skip_all => 'pgbouncer is not installed'
  if system('pgbouncer --version >/dev/null 2>&1') != 0;

my $node = new_node('pooler');
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $dir = PostgreSQL::Test::Utils::tempdir_short;
my $user = getpwuid($>);

append_to_file("$dir/users.txt", qq("$user" ""\n));
append_to_file("$dir/pgbouncer.ini", <<INI);
[databases]
* = host=@{[$node->host]} port=@{[$node->port]} user=$user
[pgbouncer]
listen_addr =
listen_port = $port
unix_socket_dir = $dir
auth_type = any
auth_file = $dir/users.txt
pool_mode = transaction
default_pool_size = 3
logfile = $dir/log
pidfile = $dir/pid
INI
my $pgbouncer = IPC::Run::start([ 'pgbouncer', '-q', "$dir/pgbouncer.ini" ],
	'<', '/dev/null', '>&', "$dir/out");

new_database($node, 'app');
register($node, 'app',
	'001' => 'CREATE TABLE t (a int)',
	'002' => 'INSERT INTO t VALUES (2)');
my $pool = "host=$dir port=$port dbname=app user=$user";
for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
{
	last if system('psql', '-XAtq', '-d', $pool, '-o', '/dev/null', '-c', 'SELECT 1') == 0;
	select undef, undef, undef, 0.1;
}

# The connections of the pool, and what they hold.
my $pooled = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'app' AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
sub no_lock
{
	my ($name) = @_;

	is( value(
			$node, 'app', "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"),
		0,
		"$name: no lock is stranded");
	isnt(value($node, 'app', $pooled), 0, "$name: on connections that are still there");
}

my $one = session($node, 'app', connstr => $pool);
my $two = session($node, 'app', connstr => $pool);
is($one->query('SELECT revision FROM sl_apply_pending()'), "001\n002", 'apply');
no_lock('apply');

register($node, 'app', '003' => 'CREATE INDEX CONCURRENTLY t_a ON t (a)',
	'004' => 'INSERT INTO t VALUES (4)');
$one->query('CALL sl_migrate()');
unlike($one->messages, qr/ERROR/, 'migrate with CONCURRENTLY');
no_lock('migrate');
check_done($node, 'app', 4, 'migrate');

# more than the pool has connections for, at once
register($node, 'app', '005' => 'CREATE INDEX CONCURRENTLY t_b ON t (a)',
	map { sprintf('1%02d', $_) => "INSERT INTO t VALUES (1$_)" } 1 .. 10);
my @many = map { session($node, 'app', connstr => $pool) } 1 .. 6;
$_->send('CALL sl_migrate()') for @many;
$_->wait for @many;
is(scalar(grep { $_->messages =~ /ERROR/ } @many), 0, 'six at once: no error');
$_->quit for @many;
no_lock('six at once');
check_done($node, 'app', 15, 'six at once');
is(value($node, 'app', 'SELECT count(*), count(DISTINCT a) FROM t'),
	'12|12', 'six at once: each ran once');

# an error, and a Ctrl-C, leave nothing either
register($node, 'app', '200' => 'SELECT 1 / 0');
$two->query('CALL sl_migrate()');
like($two->messages, qr/ERROR:  22012/, 'an error arrives');
no_lock('error');
register($node, 'app', '200' => 'CREATE INDEX CONCURRENTLY t_c ON t (a)');
my $writer = session($node, 'app');
$writer->query('BEGIN; LOCK TABLE t IN ROW EXCLUSIVE MODE');
$two->send('CALL sl_migrate()');
wait_until($node, 'app',
	"SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'virtualxid' AND NOT granted");
$two->{run}->signal('INT');
wait_until($node, 'app',
	"SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type LIKE 'schema_lifecycle%'",
	'the end of the worker');
wait_until($node, 'app',
	"SELECT count(*) = 0 FROM pg_locks WHERE locktype = 'advisory'",
	'the end of the lock');
is(value($node, 'app', 'SELECT sqlstate FROM sl_history ORDER BY id DESC LIMIT 1'),
	'57014', 'Ctrl-C through the pool: recorded');
$writer->query('COMMIT');
$one->query('CALL sl_migrate()');
check_done($node, 'app', 16, 'after Ctrl-C');

$_->quit for ($one, $two, $writer);
$pgbouncer->kill_kill;
check_log($node, 'pooler');
$node->stop;
done_testing();
