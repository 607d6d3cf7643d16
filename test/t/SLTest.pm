# What the TAP tests share: sessions that wait while the test goes on, ways to
# bring them to grief, and the things that must be true afterwards.
package SLTest;

use strict;
use warnings;

use Exporter 'import';
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(new_node new_database register session wait_until value
  schema_of differences check_done check_log sql_literal);

# A server with settings that the tests have in common.
sub new_node
{
	my ($name, $conf) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(no_data_checksums => 1, allows_streaming => 1);
	$node->append_conf('postgresql.conf', <<CONF);
autovacuum = off
max_connections = 60
max_worker_processes = 16
max_prepared_transactions = 5
log_line_prefix = '%m [%p] %e %q%a '
CONF
	$node->append_conf('postgresql.conf', $conf) if defined $conf;
	$node->start;
	return $node;
}

sub new_database
{
	my ($node, $name) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $name");
	$node->safe_psql($name, 'CREATE EXTENSION schema_lifecycle');
}

sub sql_literal
{
	my ($text) = @_;

	$text =~ s/'/''/g;
	return "'$text'";
}

# register NODE, DATABASE, ID, SCRIPT, ID, SCRIPT...: a chain
sub register
{
	my ($node, $db, @revisions) = @_;
	my $sql = '';

	while (my ($id, $up) = splice(@revisions, 0, 2))
	{
		$sql .= 'SELECT sl_register('
		  . sql_literal($id) . ', ' . sql_literal($up) . ");\n";
	}
	return $node->safe_psql($db, $sql);
}

# One value, whatever happens to be the database.
sub value
{
	my ($node, $db, $sql) = @_;

	return scalar $node->safe_psql($db, $sql);
}

sub wait_until
{
	my ($node, $db, $sql, $what) = @_;

	$node->poll_query_until($db, $sql)
	  or die 'waited in vain for ' . ($what // $sql);
}

# The schema as text, without what differs from dump to dump.
sub schema_of
{
	my ($node, $db) = @_;
	my ($out, $err) =
	  run_command([ 'pg_dump', '-s', '-d', $node->connstr($db) ]);

	die "pg_dump: $err" if $err ne '';
	return join "\n",
	  grep { !/^--/ && !/^\\(un)?restrict / && $_ ne '' } split /\n/, $out;
}

# Where the fold of the footprints is not the live catalog, owners and
# privileges included: 'expected' and 'found', each with class, identity and
# definition.  What is there before any history is left out.
sub differences
{
	my ($node, $db) = @_;

	return split /\n/, value($node, $db, <<'SQL');
BEGIN;
DO $$ BEGIN
	PERFORM sl_configure('compare_owners', 'on');
	PERFORM sl_configure('compare_privileges', 'on');
END $$;
WITH expected AS MATERIALIZED (SELECT * FROM sl_expected()),
found AS MATERIALIZED (SELECT * FROM sl_catalog()
	WHERE (class, identity) NOT IN (('schema', 'public'), ('extension', 'plpgsql'))
	AND (class, identity) NOT IN (SELECT 'schema', extnamespace::regnamespace::text
		FROM pg_extension WHERE extname = 'schema_lifecycle'))
SELECT concat_ws(' ', how, class, identity, definition) FROM (
	SELECT 'expected' AS how, * FROM (TABLE expected EXCEPT ALL TABLE found) AS e
	UNION ALL
	SELECT 'found', * FROM (TABLE found EXCEPT ALL TABLE expected) AS f) AS d
ORDER BY class, identity, how;
ROLLBACK;
SQL
}

# What was recorded must be what is there.
sub check_truth
{
	my ($node, $db, $name, %but) = @_;
	my $lost = $but{lost};
	my @differences = differences($node, $db);

	@differences = grep { !/^found (?:$but{by_hand})/ } @differences
	  if defined $but{by_hand};
	is(join("\n", @differences), '',
		"$name: the footprints lead to what is there");
	is( value(
			$node, $db,
			"SELECT concat_ws(' ', revision, verdict, class, identity) FROM sl_detect_stamp_drift()"
		),
		defined $lost ? "$lost unverifiable" : '',
		"$name: nothing recorded is missing");
	is( value($node, $db, q(SELECT sl_verify(), sl_status() ->> 'verdict')),
		defined $lost ? 'f|unverifiable' : 't|ok',
		"$name: verified");
}

# Everything that must hold when all is applied, after whatever happened.
# 'revisions' is the number of those that the chain has.  'by_hand' matches
# class and identity of what somebody made beside the history, 'lost' is the
# revision of which the evidence was lost.
sub check_done
{
	my ($node, $db, $revisions, $name, %but) = @_;

	wait_until($node, $db,
		"SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type LIKE 'schema_lifecycle%'",
		'the end of the workers');
	is( value(
			$node, $db,
			"SELECT count(*) || ' ' || count(DISTINCT revision) FROM sl_history WHERE action = 'apply' AND outcome = 'ok'"
		),
		"$revisions $revisions",
		"$name: each revision is in the history once");
	is( value(
			$node, $db,
			"SELECT string_agg(DISTINCT state, ',') FROM sl_graph()"),
		'applied',
		"$name: all are applied");
	is(value($node, $db, 'SELECT count(*) FROM sl_journal'),
		0, "$name: the journal is closed");
	is( value(
			$node, $db,
			"SELECT string_agg(indexrelid::regclass::text, ',') FROM pg_index WHERE NOT (indisvalid AND indisready AND indislive)"
		),
		'',
		"$name: no index is invalid");
	is( value(
			$node, $db,
			"SELECT string_agg(relname, ',') FROM pg_class WHERE relname ~ '_cc(new|old)|sl_twin'"
		),
		'',
		"$name: nothing is left over");
	is( value(
			$node, $db,
			"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
		),
		0,
		"$name: no advisory lock is left");
	check_truth($node, $db, $name, %but);
}

# The server must have stayed whole.  A crash on purpose may be allowed.
sub check_log
{
	my ($node, $name, $allowed) = @_;
	my @bad = grep {
		/PANIC:|TRAP:|terminated by signal|XX000|(resource|snapshot|reference) leak/
		  && !/ (STATEMENT|DETAIL|HINT|CONTEXT|LOCATION):  /
		  && !(defined $allowed && /$allowed/)
	} split /\n/, slurp_file($node->logfile);

	is(join("\n", @bad), '', "$name: nothing bad in the server's log");
}

sub session
{
	return SLTest::Session->new(@_);
}

# A psql that runs beside the test.
package SLTest::Session;

use strict;
use warnings;

use PostgreSQL::Test::Utils;

sub new
{
	my ($class, $node, $db, %opt) = @_;
	my $self = bless {
		in => '',
		out => '',
		err => '',
		count => 0
	}, $class;
	my $connstr = $opt{connstr} // $node->connstr($db);

	$connstr .= " user=$opt{user}" if defined $opt{user};
	$self->{timer} = IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default);
	$self->{run} = IPC::Run::start(
		[ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $connstr, '-f', '-' ],
		'<', \$self->{in}, '>', \$self->{out}, '2>', \$self->{err},
		$self->{timer});
	$self->{pid} = $self->query('SELECT pg_backend_pid()');
	return $self;
}

# Begin something, and do not wait for it.
sub send
{
	my ($self, $sql) = @_;
	my $n = ++$self->{count};

	$self->{out} = $self->{err} = '';
	$self->{timer}->start($PostgreSQL::Test::Utils::timeout_default);
	$self->{in} .= "$sql;\n\\echo <$n>\n\\warn <$n>\n";
	$self->{run}->pump_nb;
}

# Wait for what was begun; returns its rows.  The messages are in {err}.  A
# lost connection ends it, too.
sub wait
{
	my ($self) = @_;
	my $n = $self->{count};

	until ($self->{out} =~ /^<$n>\n/m && $self->{err} =~ /^<$n>\n/m)
	{
		last unless $self->{run}->pumpable;
		eval { $self->{run}->pump; 1 } or do
		{
			last if $@ =~ /ended|pipe/i;
			die "a session waited too long: $@ $self->{out} $self->{err}";
		};
	}
	s/^<$n>\n//m for ($self->{out}, $self->{err});
	chomp(my $out = $self->{out});
	return $out;
}

sub query
{
	my ($self, $sql) = @_;

	$self->send($sql);
	return $self->wait;
}

sub pid
{
	return $_[0]->{pid};
}

# The messages of the last query, without the places in the source.
sub messages
{
	my ($self) = @_;

	return join "\n",
	  grep { !/^LOCATION:/ } split /\n/, $self->{err};
}

sub quit
{
	my ($self) = @_;

	return unless defined $self->{run};
	$self->{in} .= "\\q\n";
	eval { $self->{run}->finish; };
	eval { $self->{run}->kill_kill; } if $@;
	delete $self->{run};
}

sub DESTROY
{
	my ($self) = @_;
	local ($?, $@);

	$self->quit;
}

1;
