# Losses at random: a history of revisions that make and change every class of
# object, run by the engine; then up to 20 of its objects are dropped behind
# its back, with all that depends on them, and labels are taken out of enums.
# sl_repair() must bring back exactly what was there: the same fingerprint.
#
# What no fact holds (secrets) cannot come back, and is not dropped.
#
# SL_SEED             what to do, printed first; with SL_ROUND one round of it
# SL_REPAIR_ROUNDS    how many databases are treated so
# SL_LOSSES           how many losses each has at most
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use SLDamage;
use SLDamageActs;
use SLTest qw(check_log);

my $seed = $ENV{SL_SEED} // int(rand(1_000_000));
my $rounds = $ENV{SL_REPAIR_ROUNDS} // 20;
my $losses = $ENV{SL_LOSSES} // 20;

note("SL_SEED=$seed SL_REPAIR_ROUNDS=$rounds SL_LOSSES=$losses");

my $node = PostgreSQL::Test::Cluster->new('repair');

$node->init(no_data_checksums => 1);
$node->append_conf('postgresql.conf', <<'CONF');
autovacuum = off
fsync = off
wal_level = logical
max_logical_replication_workers = 0
log_min_messages = error
log_min_error_statement = panic
CONF
$node->start;
$node->safe_psql('postgres', roles_sql() . <<'SQL');
CREATE DATABASE repair_template;
\connect repair_template
CREATE EXTENSION schema_lifecycle;
SQL

sub literal
{
	my ($text) = @_;

	$text =~ s/'/''/g;
	$text =~ s/\\/\\\\/g;
	return " E'$text'";
}

sub history_sql
{
	my ($world, $random) = @_;
	my $sql = "SET client_min_messages = warning;\n";
	my $left = 15 + $random->(16);

	while ($left > 0)
	{
		my $size = 1 + $random->(6);
		my $nontx = 0;

		while ($size-- > 0 && $left-- > 0)
		{
			my $revision = next_revision($world);

			$sql .= sprintf "SELECT sl_register(%s, %s, kind => '%s');\n",
			  literal($revision->{id}),
			  literal(join '', map { "$_;\n" } @{ $revision->{statements} }),
			  $revision->{kind};
			$nontx = 1 if $revision->{nontx};
			last if $revision->{kind} eq 'repeatable';
		}
		$sql .= $nontx || $random->(3) == 0 ? "CALL sl_migrate();\n"
		  : "SELECT count(*) FROM sl_apply_pending();\n";
	}
	return $sql;
}

# A label is lost only by force.
sub label_loss
{
	my ($o) = @_;

	return sprintf 'DELETE FROM pg_enum WHERE oid = (SELECT e.oid FROM pg_enum e'
	  . ' WHERE e.enumtypid = %s::regtype ORDER BY e.enumsortorder OFFSET 1 LIMIT 1);',
	  literal(SLDamage::name_of($o));
}

sub loss_sql
{
	my ($world, $random) = @_;
	my @objects = grep {
		my $o = $_;

		!$o->{gone}
		  && $o->{kind} ne 'subscription'
		  && $o->{kind} ne 'mapping'
		  && $o != $world->{public}
		  # its mappings go with it
		  && !($o->{kind} eq 'server' && $o->{mapped})
		  && !($o->{kind} eq 'fdw')
	} @{ $world->{objects} };
	my $sql = "SET client_min_messages = error;\nSET allow_system_table_mods = on;\n";
	my $count = 1 + $random->($losses);

	for (1 .. $count)
	{
		my $o = $objects[ $random->(scalar @objects) ];

		if ($o->{kind} eq 'enum' && $random->(2))
		{
			$sql .= label_loss($o) . "\n";
			next;
		}
		if ($o->{kind} eq 'column' && $o->{attribute})
		{
			$sql .= 'ALTER TYPE ' . SLDamage::name_of($o->{parent})
			  . ' DROP ATTRIBUTE ' . SLDamage::qi($o->{name}) . " CASCADE;\n";
			next;
		}
		$sql .= SLDamage::drop_sql($o) . " CASCADE;\n";
	}
	return $sql;
}

# Changes of all kinds, as in damage.pl; what no statement can take back stays.
sub changes_sql
{
	my ($world) = @_;
	my $sql = "SET client_min_messages = error;\n";

	for (1 .. 40)
	{
		my $act = next_damage($world) or last;

		$sql .= "$_;\n" for ref $act->{sql} ? @{ $act->{sql} } : $act->{sql};
	}
	return $sql;
}

sub run_sql
{
	my ($db, $sql, %options) = @_;
	my ($out, $err) = ('', '');

	$node->psql($db, $sql, stdout => \$out, stderr => \$err,
		on_error_stop => $options{stop} // 1,
		extra_params => [ '-F', ' | ' ]);
	return ($out, $err);
}

sub round_of
{
	my ($n) = @_;
	my $random = random_numbers($seed * 1000 + $n);
	my $world = new_world($seed * 1000 + $n, id => $n);
	my $db = "repair_$n";
	my ($out, $err, $before, $after);
	my $history = history_sql($world, $random);
	my $loss = loss_sql($world, $random);

	$node->safe_psql('postgres', "CREATE DATABASE $db TEMPLATE repair_template");
	($out, $err) = run_sql($db, $history);
	BAIL_OUT("round $n: the history did not run: $err") if $err =~ /ERROR/;
	($before, $err) = run_sql($db, 'SELECT sl_verify(), sl_fingerprint()');
	run_sql($db, $loss, stop => 0);
	($out, $err) = run_sql($db, <<'SQL');
SET client_min_messages = warning;
SELECT action, statement, outcome FROM sl_repair() WHERE outcome <> 'done';
SQL
	($after) = run_sql($db, 'SELECT sl_verify(), sl_fingerprint()');
	my $ok = is($after, $before, "round $n: a repaired database is a fresh one");
	if (!$ok)
	{
		my ($drift) = run_sql($db, 'SELECT * FROM sl_detect_drift()');

		diag("round $n, $db\n$loss\nleft: $out\n$err\ndrift: $drift");
	}
	return if !$ok;
	# a subscription would keep the database
	run_sql($db, <<'SQL');
SELECT format('DROP SUBSCRIPTION %I', subname) FROM pg_subscription
WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()) \gexec
SQL
	$node->safe_psql('postgres', "DROP DATABASE $db");
}

# What was changed, and not only lost: each difference is put right, or stands
# in the plan with a reason, and a second repair finds nothing more to do.
sub changed_round
{
	my ($n) = @_;
	my $random = random_numbers($seed * 1000 + $n);
	my $world = new_world($seed * 1000 + $n, id => $n);
	my $db = "changed_$n";
	my $history = history_sql($world, $random);
	my $changes = changes_sql($world);
	my ($out, $err, $unsafe, $left, $again);

	$node->safe_psql('postgres', "CREATE DATABASE $db TEMPLATE repair_template");
	($out, $err) = run_sql($db, $history);
	BAIL_OUT("round $n: the history did not run: $err") if $err =~ /ERROR/;
	run_sql($db, $changes, stop => 0);
	($out, $err) = run_sql($db, <<'SQL');
SET client_min_messages = warning;
SELECT action, statement, outcome FROM sl_repair() WHERE outcome !~ '^(done|skipped: unsafe)'
SQL
	($unsafe) = run_sql($db, 'SELECT count(*) FROM sl_repair_plan() WHERE safe');
	($again) = run_sql($db, <<'SQL');
SET client_min_messages = warning;
SELECT action, statement, outcome FROM sl_repair() WHERE outcome = 'done'
SQL
	($left) = run_sql($db, <<'SQL');
SELECT d.* FROM sl_detect_drift() d WHERE problem <> 'unexpected'
AND NOT EXISTS (SELECT FROM sl_repair_plan())
SQL
	my $skipped = () = $out =~ /skipped: /g;

	note("round $n: skipped, and safe: $out") if $skipped;
	my $ok = $err eq '' && $left eq '' && $again eq '' && $unsafe <= $skipped;

	ok($ok, "round $n: what was changed is put right, or told")
	  or diag("$changes\nskipped: $out\n$err\nsafe, and left: $unsafe\nagain: $again\nleft: $left");
}

my @rounds = defined $ENV{SL_ROUND} ? $ENV{SL_ROUND} : 1 .. $rounds;

round_of($_) for @rounds;
changed_round($_) for grep { $_ % 8 == 0 || defined $ENV{SL_ROUND} } @rounds;
check_log($node, 'the log of the server');
$node->stop;
done_testing();
