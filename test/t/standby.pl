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

# All that reads the truth: the primary's answers, from a session that stays,
# so that what it keeps must be given up when a change is replayed.
my @reading = (
	'SELECT * FROM sl_expected()',
	"SELECT * FROM sl_expected('001')",
	'SELECT * FROM sl_catalog()',
	'SELECT sl_fingerprint()',
	'SELECT sl_snapshot()',
	'SELECT * FROM sl_compare(sl_snapshot())',
	'SELECT * FROM sl_detect_drift()',
	'SELECT * FROM sl_detect_stamp_drift()',
	'SELECT * FROM sl_locate()',
	'SELECT sl_verify()',
	'SELECT sl_ready()',
	"SELECT sl_verify('001')",
	"SELECT sl_ready('001')",
	'SELECT * FROM sl_repair_plan()',
	'SELECT * FROM sl_lint()',
	"SELECT * FROM sl_lint('001')",
	"SELECT * FROM sl_lint_script('ALTER TABLE t ALTER a SET NOT NULL; DROP TABLE IF EXISTS t CASCADE; CREATE INDEX ON sl_log (id)')",
	"SELECT sl_status() - 'checked_at' - 'lock'",
	"SELECT sl_status('001') - 'checked_at' - 'lock'",
	'SELECT md5(sl_graph_mermaid())',
	q(SELECT md5(regexp_replace(sl_report('text'), '(Server|Checked at)  [^\n]*', '', 'g'))),
	q(SELECT md5(regexp_replace(sl_report(), '<dt>(Server|Checked at)</dt>[^\n]*', '', 'g'))),
	'SELECT * FROM sl_evidence ORDER BY id',
	'SELECT * FROM sl_footprint ORDER BY evidence_id, ordinal',
	'SELECT * FROM sl_accepted ORDER BY class, identity',
	'SELECT * FROM sl_requirement ORDER BY name');
my $reader = session($standby, 'app');

sub agree
{
	my ($name, $sql, $verified) = @_;
	my @differ;

	$primary->safe_psql('app', $sql) if defined $sql;
	$primary->wait_for_catchup($standby);
	for (@reading)
	{
		my $there = value($primary, 'app', $_);
		my $here = $reader->query($_);

		push @differ, "$_: $here" . $reader->messages . ", not $there"
		  if $here ne $there || $reader->messages ne '';
	}
	is(join("\n", @differ), '', "$name: a standby agrees");
	is($reader->query("SELECT sl_verify('001')"), $verified,
		"$name: verified or not");
}

my $prepared = q(BEGIN; CREATE TABLE unseen (); SELECT sl_accept('table', 'public.unseen'); ROLLBACK);
agree('footprints', undef, 't');
isnt($reader->query('SELECT count(*) FROM sl_expected()'), 0, 'footprints arrive');
agree('a column is gone', 'ALTER TABLE t RENAME a TO z', 'f');
like($reader->query('SELECT identity, problem FROM sl_detect_drift()'),
	qr/^public\.t\.a\|missing$/m, 'and is named');
agree('it is back', 'ALTER TABLE t RENAME z TO a', 't');
agree('an index of the run that failed is gone', 'DROP INDEX t_a', 't');
agree('it is there again', 'CREATE INDEX t_a ON t (a)', 't');
agree('a default', 'ALTER TABLE t ALTER a SET DEFAULT 1', 'f');
agree('it is accepted', q(SELECT sl_accept('column', 'public.t.a', 'default', 'meant')), 't');
agree('no longer', q(SELECT sl_unaccept('column', 'public.t.a', 'default')), 'f');
agree('as it was', 'ALTER TABLE t ALTER a DROP DEFAULT', 't');
agree('rolled back', $prepared, 't');
agree('a requirement', q(SELECT sl_require('no', 'table no')), 'f');
agree('none', q(SELECT sl_unrequire('no')), 't');
agree('the whole table is gone', 'ALTER TABLE t RENAME TO s', 'f');
is($reader->query('SELECT verdict, class, identity FROM sl_detect_stamp_drift()'),
	'stamped|table|public.t', 'and its revision is stamped');
agree('it is there again', 'ALTER TABLE s RENAME TO t', 't');
is($reader->query("SELECT DISTINCT sl_status(h) -> 'lock' FROM (VALUES (NULL), ('001')) AS v (h)"),
	'null', 'a standby knows of no lock');
like(value($primary, 'app', "SELECT sl_status() -> 'lock'"),
	qr/"held": false/, 'the primary does');
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
	"SELECT sl_accept('table', 't')",
	"SELECT sl_unaccept('table', 't')",
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
is($reader->query("SELECT sl_verify('001'), sl_verify(), sl_status() -> 'lock'"),
	't|f|null', 'the primary is gone: the standby goes on reading');
$standby->promote;

# the same session, which was one of a standby
is($reader->query("SELECT sl_verify('001'), sl_verify(), sl_status() -> 'lock' ->> 'held'"),
	't|f|false', 'promoted: there is a lock to look at');
$standby->safe_psql('app', 'ALTER TABLE t ADD c int DEFAULT 3');
is($reader->query("SELECT sl_verify('001'), count(*) FROM sl_detect_drift()"),
	't|1', 'promoted: what is done here is seen');
$standby->safe_psql('app', 'ALTER TABLE t DROP c; ALTER TABLE t ALTER a SET NOT NULL');
is($reader->query("SELECT sl_verify('001'), count(*) FROM sl_detect_drift()"),
	'f|1', 'promoted: and damage, too');
$standby->safe_psql('app', 'ALTER TABLE t ALTER a DROP NOT NULL');
$standby->safe_psql('app', 'CALL sl_migrate()');
check_done($standby, 'app', 3, 'promoted');
is($reader->query(q(SELECT sl_verify(), sl_status() ->> 'verdict')), 't|ok',
	'promoted: the session that was there sees it');
$reader->quit;
is(value($standby, 'app', 'SELECT count(*) FROM t WHERE a = 3'), 1, 'promoted: once');

check_log($standby, 'standby');
$standby->stop;
done_testing();
