# A hot standby reads, and says why it does not write; promoted, it goes on.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use SLTest;

my $primary = new_node('primary');
new_database($primary, 'app');
register($primary, 'app',
	'001' => 'CREATE TABLE t (a int)',
	'002' => 'CREATE INDEX CONCURRENTLY t_a ON t (a); SELECT 1 / (SELECT count(*) FROM t)',
	'003' => 'INSERT INTO t VALUES (3)');
$primary->safe_psql('app', "SELECT sl_apply_pending('001')");
$primary->psql('app', 'CALL sl_migrate()');

$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;
$primary->safe_psql('app', "SELECT sl_configure('out_of_order', 'on')");
$primary->wait_for_catchup($standby);

for my $query (
	'SELECT * FROM sl_graph()',
	'SELECT * FROM sl_check_graph()',
	'SELECT * FROM sl_heads()',
	'SELECT * FROM sl_pending()',
	'SELECT * FROM sl_history',
	'SELECT * FROM sl_revision',
	'SELECT * FROM sl_settings')
{
	my $there = value($primary, 'app', $query);

	is(value($standby, 'app', $query), $there, "$query on a standby");
}
isnt(value($standby, 'app', 'SELECT count(*) FROM sl_history'), 0, 'there is something to read');
is(value($standby, 'app', "SELECT value FROM sl_settings WHERE name = 'out_of_order'"),
	'on', 'settings arrive');

# what the primary commits, the standby verifies
my $verify = "sl_verify('001'), sl_ready('001')";
is(value($standby, 'app', "SELECT $verify"), 't|t', 'verified on a standby');
is(value($standby, 'app', 'SELECT sl_status()->>$$verdict$$, sl_status()->$$lock$$'), 'failed|null', 'status on a standby, where there is no lock');
is(value($standby, 'app', q{SELECT sl_status('001')->>'verdict'}),
	value($primary, 'app', q{SELECT sl_status('001')->>'verdict'}), 'the verdict is the same');
$primary->safe_psql('app', 'ALTER TABLE t ALTER a SET NOT NULL');
$primary->wait_for_catchup($standby);
is(value($standby, 'app', "SELECT $verify"), 'f|t', 'drift on a standby');
$primary->safe_psql('app', 'ALTER TABLE t ALTER a DROP NOT NULL');
$primary->safe_psql('app', "SELECT sl_require('r', 't.b int')");
$primary->wait_for_catchup($standby);
is(value($standby, 'app', "SELECT $verify"), 'f|f', 'a requirement on a standby');
$primary->safe_psql('app', "SELECT sl_unrequire('r')");
$primary->wait_for_catchup($standby);
is(value($standby, 'app', "SELECT $verify"), 't|t', 'and without it');

for my $query (
	'SELECT sl_apply_pending()',
	'CALL sl_migrate()',
	"SELECT sl_revert('base')",
	"CALL sl_revert_online('base')",
	"SELECT sl_register('009', 'SELECT 1')",
	"SELECT sl_unregister('003')",
	"SELECT sl_load(ARRAY['a.sql'], ARRAY['SELECT 1'])",
	"SELECT sl_stamp('003', true)",
	"SELECT sl_resolve('002', 'applied', 'why')",
	"SELECT sl_configure('out_of_order', 'off')",
	"SELECT sl_require('r', 'table t')",
	"SELECT sl_unrequire('r')",
	"SELECT sl_grant('pg_monitor', 'read')")
{
	my ($ret, $out, $err) =
	  $standby->psql('app', $query, extra_params => [ '-v', 'VERBOSITY=verbose' ]);

	like($err, qr/ERROR:  25006/, "$query on a standby");
}
is(value($standby, 'app', "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"),
	0, 'no lock is left on the standby');

# the same for a transaction that may not write
for my $query ('SELECT sl_apply_pending()', "SELECT sl_register('009', 'SELECT 1')")
{
	my ($ret, $out, $err) = $primary->psql('app', "BEGIN READ ONLY; $query",
		extra_params => [ '-v', 'VERBOSITY=verbose' ]);

	like($err, qr/ERROR:  25006/, "$query in a read-only transaction");
}

# the primary is gone, in the middle of a revision
my $holder = session($primary, 'app');
my $runner = session($primary, 'app');
$primary->safe_psql('app', 'INSERT INTO t VALUES (0)');
$holder->query('BEGIN; LOCK TABLE t IN EXCLUSIVE MODE');
$runner->send('CALL sl_migrate()');
wait_until($primary, 'app',
	"SELECT count(*) = 1 FROM pg_locks WHERE relation = 't'::regclass AND NOT granted");
$primary->wait_for_catchup($standby);
$primary->stop('immediate');
$_->quit for ($holder, $runner);
$standby->promote;
$standby->safe_psql('app', 'CALL sl_migrate()');
check_done($standby, 'app', 3, 'promoted');
is(value($standby, 'app', 'SELECT count(*) FROM t WHERE a = 3'), 1, 'promoted: once');

check_log($standby, 'standby');
$standby->stop;
done_testing();
