# The extension comes, goes and moves while sessions keep what they remember.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use SLTest;

my $node = new_node('lifecycle');
my ($one, $two);

sub works
{
	my ($session, $schema, $id, $name) = @_;

	$session->query("SELECT $schema.sl_configure('managed_schemas', 'app')");
	is( $session->query(
			"SELECT $schema.sl_register('$id', 'CREATE TABLE t_$id ()', parents => '{}')"),
		'added',
		"$name: register");
	is($session->query("SELECT revision FROM $schema.sl_apply_pending('$id')"),
		$id, "$name: apply");
	is( $session->query(
			"SELECT $schema.sl_register('${id}_x', 'VACUUM', parents => '{$id}')"),
		'added',
		"$name: register, not transactional");
	$session->query("CALL $schema.sl_migrate('${id}_x')");
	is( $session->query(
			"SELECT string_agg(revision, ',' ORDER BY id) FROM $schema.sl_history WHERE revision LIKE '$id%'"
		),
		"$id,${id}_x",
		"$name: migrate and history");
}

$node->safe_psql('postgres', 'CREATE SCHEMA a; CREATE SCHEMA b; CREATE SCHEMA c; CREATE SCHEMA "D d"');
$one = session($node, 'postgres');
$two = session($node, 'postgres');
$one->query('CREATE EXTENSION schema_lifecycle SCHEMA a');
works($one, 'a', 'a1', 'first');
works($two, 'a', 'a2', 'another session');
$one->query('DROP EXTENSION schema_lifecycle');
is($one->messages, '', 'dropped');
$one->query('CREATE EXTENSION schema_lifecycle SCHEMA b');
works($one, 'b', 'b1', 'dropped and created again');
works($two, 'b', 'b2', 'in the other session');

# its schema gets another name
$one->query('ALTER SCHEMA b RENAME TO moved');
works($one, 'moved', 'm1', 'schema renamed');
works($two, 'moved', 'm2', 'schema renamed, in the other session');
is($two->query('SELECT count(*) FROM moved.sl_history'),
	8, 'the history is the same');
$one->query('DROP EXTENSION schema_lifecycle');

# creation that was rolled back
$one->query('BEGIN; CREATE EXTENSION schema_lifecycle SCHEMA c');
$one->query("SELECT c.sl_register('c1', 'SELECT 1')");
$one->query('ROLLBACK');
$one->query('CREATE EXTENSION schema_lifecycle SCHEMA "D d"');
works($one, '"D d"', 'd1', 'creation rolled back, and again elsewhere');
works($two, '"D d"', 'd2', 'in the other session');

# dropping that was rolled back
$one->query('BEGIN; DROP EXTENSION schema_lifecycle');
$one->query('ROLLBACK');
works($one, '"D d"', 'd3', 'drop rolled back');
$one->query('BEGIN; SAVEPOINT s; DROP EXTENSION schema_lifecycle; CREATE EXTENSION schema_lifecycle SCHEMA c; SELECT c.sl_heads(); ROLLBACK TO s; COMMIT');
works($one, '"D d"', 'd4', 'drop and creation rolled back');
$one->query('DROP EXTENSION schema_lifecycle');

# functions are gone, and say so
$two->query('SELECT "D d".sl_heads()');
like($two->messages, qr/ERROR:  42883/, 'dropped: the functions are gone');

# without plpgsql
$node->safe_psql('postgres', 'CREATE DATABASE bare');
$node->safe_psql('bare', 'DROP EXTENSION plpgsql; CREATE EXTENSION schema_lifecycle');
$one = session($node, 'bare');
works($one, 'public', 'p1', 'without plpgsql');

# dropped under a run
$one->query('CREATE TABLE busy (a int)');
$one->query("SELECT sl_register('p2', 'CREATE INDEX CONCURRENTLY ON busy (a); CREATE TABLE never ()', parents => '{p1_x}')");
my $writer = session($node, 'bare');
$writer->query('BEGIN; LOCK TABLE busy IN ROW EXCLUSIVE MODE');
$one->send('CALL sl_migrate()');
wait_until($node, 'bare',
	"SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'virtualxid' AND NOT granted");
$node->safe_psql('bare', 'DROP EXTENSION schema_lifecycle');
$writer->query('COMMIT');
$one->wait;
like($one->messages, qr/ERROR/, 'dropped under a run: the run says so');
unlike($one->messages, qr/XX000|server closed/, 'and nothing worse');
is($one->query('SELECT 1'), 1, 'the session lives');
wait_until($node, 'bare',
	"SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type LIKE 'schema_lifecycle%'");
is(value($node, 'bare', "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"),
	0, 'no lock is left');

# a database can be dropped: no worker stays in it
$_->quit for ($one, $two, $writer);
$node->safe_psql('postgres', 'DROP DATABASE bare');
pass('DROP DATABASE');

check_log($node, 'lifecycle');
$node->stop;
done_testing();
