# Damages at random: a history of revisions that make and change every class
# of object, run by the engine; then changes behind its back.  Each must be
# found, by the very next call of a session that had looked before, at the
# door of the revision that last set it, and nothing else.
#
# What must be found is known from what was done (SLDamageActs), which revision
# set what from the facts before and after each script.
#
# SL_SEED             what to do, printed first; with SL_ROUND one round of it
# SL_DAMAGE_ROUNDS    how many databases are treated so
# SL_DAMAGES          how many damages each gets at most
# SL_WORKERS          how many databases at once
use strict;
use warnings;

use IO::Select;
use IPC::Open3;
use JSON::PP ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

use SLDamage;
use SLDamageActs;
use SLTest qw(check_log);

my $seed = $ENV{SL_SEED} // int(rand(1_000_000));
my $rounds = $ENV{SL_DAMAGE_ROUNDS} // 200;
my $damages = $ENV{SL_DAMAGES} // 60;
my $workers = $ENV{SL_WORKERS} // 2;

note("SL_SEED=$seed SL_DAMAGE_ROUNDS=$rounds SL_DAMAGES=$damages");
$SIG{PIPE} = 'IGNORE';

my $json = JSON::PP->new->allow_nonref;
my $node = PostgreSQL::Test::Cluster->new('damage');

$node->init(no_data_checksums => 1);
$node->append_conf('postgresql.conf', <<'CONF');
autovacuum = off
fsync = off
wal_level = logical
max_wal_size = 4GB
checkpoint_timeout = 1h
max_worker_processes = 16
max_logical_replication_workers = 0
log_line_prefix = '%m [%p] %e %q%a '
log_min_messages = error
log_min_error_statement = panic
CONF
$node->start;
$node->safe_psql('postgres', roles_sql() . <<'SQL');
CREATE DATABASE damage_template;
\connect damage_template
CREATE EXTENSION schema_lifecycle;
SQL
my $major = int($node->safe_psql('postgres', 'SHOW server_version_num') / 10000);

#
# A psql that is kept; both its outputs in one stream.
#
package Psql
{
	sub new
	{
		my ($class, $db) = @_;
		my $self = bless { count => 0, buffer => '' }, $class;

		$self->{pid} = IPC::Open3::open3(
			my $in, my $out, undef, 'psql', '-XAtq', '-F', "\x1f", '-R', "\x1e",
			'-P', 'null=<null>', '-v', 'VERBOSITY=verbose', '-v',
			'SHOW_CONTEXT=never', '-d', $node->connstr($db), '-f', '-');
		@{$self}{qw(in out)} = ($in, $out);
		$self->query('SET client_min_messages = error; SET client_encoding = UTF8');
		return $self;
	}

	# What it printed, errors included.
	sub query
	{
		my ($self, $sql) = @_;
		my $mark = '<done ' . ++$self->{count} . ">\n";

		syswrite($self->{in}, "$sql;\n\\echo $mark");
		local $SIG{ALRM} = sub { die "a session waited too long: $sql\n" };
		alarm($PostgreSQL::Test::Utils::timeout_default);
		while (substr($self->{buffer}, -length($mark)) ne $mark)
		{
			my $n = sysread($self->{out}, $self->{buffer}, 65536,
				length($self->{buffer}));

			die "a session ended: $self->{buffer}\n$sql\n" unless $n;
		}
		alarm(0);
		my $out = substr($self->{buffer}, 0, -length($mark));

		$self->{buffer} = '';
		chomp $out;
		return $out;
	}

	# The rows, where nothing may fail.
	sub rows
	{
		my ($self, $sql) = @_;
		my $out = $self->query($sql);

		die "$sql\n$out\n" if $out =~ /^(psql:\S+ )?(ERROR|FATAL|PANIC|WARNING): /m;
		return map { [ split /\x1f/, $_, -1 ] } split /\x1e/, $out;
	}

	sub value
	{
		my ($self, $sql) = @_;
		my ($row) = $self->rows($sql);

		return $row->[0];
	}

	sub quit
	{
		my ($self) = @_;

		return unless $self->{pid};
		syswrite($self->{in}, "\\q\n");
		close $self->{in};
		waitpid $self->{pid}, 0;
		delete $self->{pid};
	}

	sub DESTROY
	{
		my ($self) = @_;
		local ($?, $@);

		$self->quit;
	}
}

sub literal
{
	my ($text) = @_;

	$text =~ s/'/''/g;
	return $text =~ /\\/ ? do { $text =~ s/\\/\\\\/g; " E'$text'" } : "'$text'";
}

sub problem
{
	my ($round, $text) = @_;

	push @{ $round->{problems} }, $text;
}

#
# Which revision set what: the facts before and after each script.
#

sub read_facts
{
	my ($s) = @_;

	# with all that a footprint has, whatever the comparison leaves out
	return {
		map { ("$_->[0]\0$_->[1]" => $_->[2]) } grep { @$_ > 1 } $s->rows(<<'SQL')
BEGIN;
DO $$BEGIN PERFORM sl_configure('compare_owners', 'on'), sl_configure('compare_privileges', 'on'); END$$;
SELECT class, identity, definition FROM sl_catalog();
ROLLBACK
SQL
	};
}

# Does it hang on one of these, or is it one?
sub belongs
{
	my ($key, $text, $names) = @_;
	my ($class, $identity) = split /\0/, $key;
	my $of = '';

	return 0 unless %$names;
	return 1 if $names->{$identity};
	while ($identity =~ s/\.("(?:[^"]|"")*"|[^".]*)$//)
	{
		return 1 if $names->{$identity};
	}
	if ($class =~ /^(index|statistics|sequence)$/)
	{
		my $definition = $json->decode($text);

		$of = $definition->{table} // $definition->{owned_by} // '';
		utf8::encode($of);
		return 1 if $names->{$of};
		$of =~ s/\.("(?:[^"]|"")*"|[^".]*)$//;
		return 1 if $names->{$of};
	}
	return 0;
}

# After a script: who set what is there.  'set' is about the fact as a whole,
# 'by' about attributes that were set later; each a set of revisions, of which
# any may be named where the server itself made something again.
sub attribute_to
{
	my ($round, $facts, $revision) = @_;
	my $id = $revision->{id};
	my $was = $round->{facts};
	my $known = $round->{known};

	for my $key (keys %$facts)
	{
		my $text = $facts->{$key};
		my $fact = $known->{$key};

		if (!defined $was->{$key} || belongs($key, $text, $revision->{remade}))
		{
			delete $round->{removed}{$key};
			$known->{$key} = { set => { $id => 1 }, by => {}, last => { $id => 1 } };
			next;
		}
		if ($was->{$key} ne $text)
		{
			my $old = $json->decode($was->{$key});
			my $new = $json->decode($text);

			for my $attribute (keys %{ { %$old, %$new } })
			{
				$fact->{by}{$attribute} = { $id => 1 }
				  if $json->canonical->encode($old->{$attribute}) ne
				  $json->canonical->encode($new->{$attribute});
			}
			$fact->{last} = { $id => 1 };
		}
		if (belongs($key, $text, $revision->{rebuilt}))
		{
			$_->{$id} = 1
			  for $fact->{set}, $fact->{last}, values %{ $fact->{by} };
		}
	}
	for my $key (grep { !defined $facts->{$_} } keys %$known)
	{
		delete $known->{$key};
		$round->{removed}{$key} = $id;
	}
	$round->{facts} = $facts;
}

# The revisions that a finding may name.
sub revisions_of
{
	my ($round, $class, $identity, $problem, $attribute) = @_;
	my $fact = $round->{known}{"$class\0$identity"};

	# one that was there once, and was dropped or got another name
	return { ($round->{removed}{"$class\0$identity"} // '<null>') => 1 }
	  if $problem eq 'unexpected';
	return {} unless $fact;
	return $fact->{last} if $problem eq 'missing';
	return $fact->{by}{$attribute} // $fact->{set};
}

#
# The history.
#

sub script_of
{
	my ($revision) = @_;

	return join '', map { "$_;\n" } @{ $revision->{statements} };
}

sub register_sql
{
	my ($revision) = @_;

	return sprintf "SELECT sl_register(%s, %s, kind => '%s')",
	  literal($revision->{id}), literal(script_of($revision)),
	  $revision->{kind};
}

# Run what is registered, by the one way or the other.
sub run_pending
{
	my ($round, $s, $nontx) = @_;

	if ($nontx || $round->{random}->(3) == 0)
	{
		$s->rows('CALL sl_migrate()');
	}
	else
	{
		$s->rows('SELECT * FROM sl_apply_pending()');
	}
}

# By the engine, in batches; and in a twin, script by script, to see what each
# of them did.
sub make_history
{
	my ($round) = @_;
	my $left = 20 + $round->{random}->(21);
	my $s = Psql->new($round->{db});

	$round->{facts} = read_facts($round->{twin});
	$round->{known} = { map { ($_ => { set => { '<null>' => 1 }, by => {}, last => {} }) }
		  keys %{ $round->{facts} } };
	while ($left > 0)
	{
		my $size = $round->{stepwise} ? 1 : 1 + $round->{random}->(6);
		my @batch;
		my $nontx = 0;

		while (@batch < $size && $left > 0)
		{
			my $revision = next_revision($round->{world});

			push @batch, $revision;
			$left--;
			$nontx = 1 if $revision->{nontx};
			last if $revision->{kind} eq 'repeatable';
		}
		push @{ $round->{revisions} }, @batch;
		$s->rows(join ";\n", map { register_sql($_) } @batch);
		run_pending($round, $s, $nontx);
		for my $revision (@batch)
		{
			if ($round->{twin_db} ne $round->{db})
			{
				$round->{twin}->rows($_) for @{ $revision->{statements} };
			}
			attribute_to($round, read_facts($round->{twin}), $revision);
		}
		check_clean($round, $round->{warm}, "after $batch[-1]{id}")
		  if $round->{random}->(4) == 0;
		if ($round->{random}->(5) == 0)
		{
			$s->quit;
			$s = Psql->new($round->{db});
		}
	}
	$s->quit;
}

my $findings = q(SELECT severity, class, identity, problem, attribute, expected, actual, revision FROM sl_detect_drift());

sub check_clean
{
	my ($round, $s, $when) = @_;

	for my $row ($s->rows($findings))
	{
		problem($round, "$when, drift: @$row");
	}
	for my $row ($s->rows('SELECT * FROM sl_detect_stamp_drift()'))
	{
		problem($round, "$when, stamp drift: @$row");
	}
	problem($round, "$when, sl_verify() is false")
	  unless $s->value('SELECT sl_verify()') eq 't';
}

sub check_history
{
	my ($round) = @_;
	my $new = Psql->new($round->{db});

	check_clean($round, $round->{warm}, 'in the session that has looked before');
	check_clean($round, $new, 'in a new session');
	for my $pair ([ 'sl_expected()', 'sl_catalog()' ], [ 'sl_catalog()', 'sl_expected()' ])
	{
		for my $row (
			$new->rows("SELECT * FROM $pair->[0] EXCEPT ALL SELECT * FROM $pair->[1]"))
		{
			# what was there before anything ran, and nobody set since
			next
			  if $pair->[0] eq 'sl_catalog()'
			  && $row->[1] =~ /^(public|plpgsql)$/
			  && !%{ $round->{known}{"$row->[0]\0$row->[1]"}{last} // {} };
			problem($round, "in $pair->[0] only: @$row");
		}
	}
	if ($round->{twin_db} ne $round->{db}
		&& $new->value('SELECT sl_fingerprint()') ne
		$round->{twin}->value('SELECT sl_fingerprint()'))
	{
		problem($round, 'the same scripts by psql give another fingerprint');
	}
	$new->quit;
}

#
# The damages.
#

sub sorted
{
	return join "\n", sort @_;
}

# Of a finding, what the world knows of it.
sub key_of
{
	my ($find) = @_;

	return join ' | ', @{$find}[ 0 .. 2 ], $find->[3] // '<null>';
}

# The next call of a session that has looked before sees it.
sub check_found
{
	my ($round, $s, $name) = @_;
	my $is = sorted(map { key_of($_) }
		  $s->rows('SELECT class, identity, problem, attribute FROM sl_detect_drift()'));
	my $expected = sorted(keys %{ $round->{found} });

	return 1 if $is eq $expected;

	my %is = map { $_ => 1 } split /\n/, $is;
	my %must = map { $_ => 1 } split /\n/, $expected;

	problem($round, "$name\nnot found:\n"
		  . join('', map { "  $_\n" } grep { !$is{$_} } sort keys %must)
		  . "found, and should not be:\n"
		  . join('', map { "  $_\n" } grep { !$must{$_} } sort keys %is));
	return 0;
}

sub do_sql
{
	my ($s, $sql) = @_;

	$s->rows($_) for ref $sql ? @$sql : ($sql);
}

sub make_damages
{
	my ($round) = @_;
	my $count = 20 + $round->{random}->($damages - 19);
	my $other = Psql->new($round->{db});

	for my $n (1 .. $count)
	{
		my $act =
		  $round->{random}->(10) == 0
		  ? noise($round->{world})
		  : next_damage($round->{world});
		my $s = $round->{random}->(8) ? $other : $round->{warm};

		last unless $act;
		my $sql = join '; ', ref $act->{sql} ? @{ $act->{sql} } : $act->{sql};

		# what something else depends on is not dropped: then nothing was done
		my $single = !ref $act->{sql} || @{ $act->{sql} } == 1;

		unless (eval { do_sql($s, $act->{sql}); 1 })
		{
			die $@ unless $single && $@ =~ /ERROR:  2BP01/;
			next;
		}
		$round->{kinds}{ $act->{name} }++;
		push @{ $round->{did} }, $sql;
		$round->{found}{ key_of($_) } = $_ for @{ $act->{finds} };
		check_found($round, $round->{warm}, $sql) or return 0;
		if (defined $act->{undo} && !$act->{no_undo} && $round->{random}->(6) == 0)
		{
			push @{ $round->{did} }, $act->{undo};
			do_sql($s, $act->{undo});
			delete $round->{found}{ key_of($_) } for @{ $act->{finds} };
			check_found($round, $round->{warm}, "$sql; taken back by $act->{undo}")
			  or return 0;
		}
	}
	$other->quit;
	return 1;
}

# Each finding's texts and revision; every session says the same.
sub check_findings
{
	my ($round) = @_;
	my $new = Psql->new($round->{db});
	my @rows = $new->rows($findings);
	my $all = sorted(map { join ' | ', @$_ } @rows);

	for my $row (@rows)
	{
		my ($severity, $class, $identity, $problem, $attribute, $expected, $actual, $revision) = @$row;
		my $find = $round->{found}{ key_of([ $class, $identity, $problem, $attribute ]) };
		my $who = revisions_of($round, $class, $identity, $problem, $attribute);

		problem($round, "$class $identity $problem $attribute: expected is $expected, not $find->[4]")
		  if $find && defined $find->[4] && $find->[4] ne $expected;
		problem($round, "$class $identity $problem $attribute: actual is $actual, not $find->[5]")
		  if $find && defined $find->[5] && $find->[5] ne $actual;
		problem($round, "$class $identity $problem $attribute: revision is $revision, not "
			  . join(' or ', sort keys %$who))
		  unless $who->{$revision};
	}
	for my $again (
		[ 'the session that has looked before', $round->{warm} ],
		[ 'a new session, again', $new ],
		[ 'a session that made the twin', $round->{twin_db} eq $round->{db} ? $round->{twin} : $new ])
	{
		my ($name, $s) = @$again;
		my $is = sorted(map { join ' | ', @$_ } $s->rows($findings));

		problem($round, "$name: says\n$is\nand a new one\n$all") if $is ne $all;
	}

	# the comparison of documents knows nothing of revisions, else the same
	$new->query($round->{snapshot});
	my $compared = sorted(
		map { join ' | ', @$_ } $new->rows(
			q(SELECT severity, class, identity, problem, attribute, expected, actual FROM sl_compare(:'snapshot'))
		));
	my $without = sorted(map { join ' | ', @{$_}[ 0 .. 6 ] } @rows);

	problem($round, "sl_compare says\n$compared\nsl_detect_drift\n$without")
	  if $compared ne $without;
	check_stamps($round, $new, \@rows);
	$new->quit;
}

# The owner of what hangs on something, as far as its identity tells.
sub above
{
	my ($identity) = @_;

	return undef unless $identity =~ s/\.("(?:[^"]|"")*"|[^".]*)$//;
	return $identity;
}

# The verdicts that follow: a revision is asked about what it set last, and
# about nothing that a later one set again.
sub check_stamps
{
	my ($round, $s, $drift) = @_;
	my (%must, %may, %missing, %rows, %verdict);
	my $live = read_facts($s);
	my %there;

	for my $row (@$drift)
	{
		my ($severity, $class, $identity, $problem, $attribute, undef, undef, $revision) = @$row;
		my $fact = $round->{known}{"$class\0$identity"};

		# what it dropped may be there again
		$may{ $round->{removed}{"$class\0$identity"} // '' } = 1
		  if $problem eq 'unexpected';
		next if $problem eq 'unexpected';

		# a comment is no reason to doubt
		next if $severity eq 'info' && $problem ne 'missing';
		for my $id ($problem eq 'missing' ? keys %{ $fact->{set} } : $revision)
		{
			# who made it, or set the attribute, if that is certain
			$must{$id} = "$class $identity $problem $attribute"
			  if $severity ne 'info'
			  && keys %{ $problem eq 'missing' ? $fact->{set}
				: revisions_of($round, $class, $identity, $problem, $attribute) } == 1;
		}
		$may{$_} = 1
		  for $revision, keys %{ revisions_of($round, $class, $identity, $problem, $attribute) };
	}
	$there{$_} = 1 for map { (split /\0/)[1] } keys %$live;
	for my $key (keys %{ $round->{known} })
	{
		my $fact = $round->{known}{$key};
		my (undef, $identity) = split /\0/, $key;
		my %by = map { %$_ } $fact->{set}, values %{ $fact->{by} };

		for my $id (keys %by)
		{
			# what it made, what it changed, and what it may have made again
			my $own =
			    !$fact->{set}{$id} ? 'changed'
			  : keys %{ $fact->{set} } > 1 ? 'perhaps'
			  : 'made';

			$rows{$id}{$own}{ defined $live->{$key} ? 'there' : 'gone' }++;
		}
		next if defined $live->{$key};
		$may{$_} = 1 for keys %by;
	}
	my %found;

	for my $row ($s->rows('SELECT revision, verdict, class, identity, problem, evidence FROM sl_detect_stamp_drift()'))
	{
		my ($id, $verdict, $class, $identity, $problem, $evidence) = @$row;

		$found{$id}{$problem}++;
		problem($round, "stamp drift: $id is $verdict and $verdict{$id}")
		  if ($verdict{$id} // $verdict) ne $verdict;
		$verdict{$id} = $verdict;
		problem($round, "stamp drift: $id, evidence $evidence") if $evidence ne 'applied';
		problem($round, "stamp drift: $id says $class $identity is missing, and it is there")
		  if $problem eq 'missing' && defined $live->{"$class\0$identity"};
	}
	for my $id (sort keys %must)
	{
		problem($round, "stamp drift: nothing of $id, and the drift has $must{$id}") unless $found{$id};
	}
	for my $id (sort keys %found)
	{
		problem($round, "stamp drift: $id, of which nothing is wrong") unless $may{$id};

		my $r = $rows{$id};
		my $made = $r->{made} // {};

		# that something is gone is as much of it as that something is there
		my $vague = $r->{changed} || $r->{perhaps}
		  || grep { $_ eq $id } values %{ $round->{removed} };
		my $is =
		    !$found{$id}{missing} ? qr/^altered$/
		  : $made->{there} ? qr/^partial$/
		  : !$vague ? qr/^stamped$/
		  : qr/^(partial|stamped)$/;

		problem($round, "stamp drift: $id is $verdict{$id}, not $is")
		  unless $verdict{$id} =~ $is || $found{$id}{unexpected};
	}
	my $ok = !%found && !grep { $_->[0] ne 'info' && $_->[3] ne 'unexpected' } @$drift;

	for my $session ($s, $round->{warm})
	{
		problem($round, 'sl_verify() is ' . ($ok ? 'false' : 'true'))
		  if $session->value('SELECT sl_verify()') ne ($ok ? 't' : 'f');
	}
}

#
# One database.
#

sub do_round
{
	my ($n) = @_;
	my $random = random_numbers($seed * 1000 + $n);
	my %flavour = (owners => $random->(4) == 0, privileges => $random->(4) == 0);
	my %round = (
		db => "damage_$n",
		random => $random,
		stepwise => $random->(3) > 0,
		world => new_world($seed * 1000 + 500 + $n, %flavour, id => $n,
			major => $major),
		problems => [],
		known => {},
		found => {});
	my $done = 0;

	$round{twin_db} = $round{stepwise} ? $round{db} : "twin_$n";
	eval {
		my $admin = Psql->new('postgres');

		$admin->rows("CREATE DATABASE $_ TEMPLATE damage_template")
		  for $round{db}, $round{stepwise} ? () : $round{twin_db};
		$admin->quit;
		$round{$_->[0]} = Psql->new($_->[1])
		  for [ warm => $round{db} ], [ twin => $round{twin_db} ];
		for my $s (@round{ 'warm', $round{stepwise} ? () : 'twin' })
		{
			$s->rows("SELECT sl_configure('compare_owners', 'on')")
			  if $flavour{owners};
			$s->rows("SELECT sl_configure('compare_privileges', 'on')")
			  if $flavour{privileges};
		}
		make_history(\%round);
		check_history(\%round);
		$round{snapshot} = "SELECT " . literal($round{warm}->value('SELECT sl_snapshot()')) . " AS snapshot \\gset\n--";
		make_damages(\%round) && check_findings(\%round);
		$done = 1;
	} or problem(\%round, "error: $@");

	my $problems = join "\n", @{ $round{problems} } > 20 ? @{ $round{problems} }[ 0 .. 19 ] : @{ $round{problems} };

	# what the database had, for whoever looks into it
	if ($problems ne '')
	{
		$problems .= "\nSL_SEED=$seed SL_ROUND=$n does this again\n";
		if ($ENV{SL_ROUND})
		{
			$problems .= join '', map { "---- $_->{id}\n" . script_of($_) } @{ $round{revisions} };
			$problems .= join '', "---- damages\n", map { "$_;\n" } @{ $round{did} };
		}
	}
	$_ && $_->quit for @round{ 'warm', 'twin' };
	unless ($ENV{SL_KEEP})
	{
		eval {
			for my $db ($round{db}, $round{stepwise} ? () : $round{twin_db})
			{
				my $s = Psql->new($db);

				$s->query('ALTER SUBSCRIPTION "' . ($_->[0] =~ s/"/""/gr) . '" SET (slot_name = NONE); DROP SUBSCRIPTION "' . ($_->[0] =~ s/"/""/gr) . '"')
				  for $s->rows('SELECT subname FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())');
				$s->quit;
			}
			my $admin = Psql->new('postgres');

			$admin->rows("DROP DATABASE $_")
			  for $round{db}, $round{stepwise} ? () : $round{twin_db};
			$admin->quit;
		} or $problems .= "dropping: $@";
	}
	return {
		n => $n,
		problems => $problems,
		revisions => scalar @{ $round{revisions} // [] },
		facts => scalar keys %{ $round{known} },
		found => scalar keys %{ $round{found} },
		kinds => $round{kinds},
		flavour => join(' ', $round{stepwise} ? 'stepwise' : 'batches',
			grep { $flavour{$_} } sort keys %flavour)
	};
}

# Several at once: each tells what it found in a line.
my @mine = $ENV{SL_ROUND} ? ($ENV{SL_ROUND}) : (1 .. $rounds);
my @pipes;
my %all;
my %kinds;
my $started = time;

for my $w (0 .. $workers - 1)
{
	pipe(my $from, my $to) or die "pipe: $!";
	my $pid = fork // die "fork: $!";

	if ($pid == 0)
	{
		close $from;
		$to->autoflush(1);
		for my $i (grep { $_ % $workers == $w } 0 .. $#mine)
		{
			print $to JSON::PP->new->latin1->encode(do_round($mine[$i])), "\n";
		}
		close $to;

		# not the parent's server to stop
		require POSIX;
		POSIX::_exit(0);
	}
	close $to;
	push @pipes, [ $pid, $from ];
}
my $total = 0;

sub report_round
{
	my ($r) = @_;

	is($r->{problems}, '',
		"round $r->{n}: $r->{revisions} revisions, $r->{facts} facts, $r->{found} findings ($r->{flavour})");
	$kinds{$_} += $r->{kinds}{$_} for keys %{ $r->{kinds} // {} };
	$all{found} += $r->{found};
	$total++;
}

# As they come: a worker must not wait until another one is done.
my $select = IO::Select->new(map { $_->[1] } @pipes);
my %lines;

while ($select->count)
{
	for my $from ($select->can_read)
	{
		$lines{$from} //= '';
		unless (sysread($from, $lines{$from}, 65536, length $lines{$from}))
		{
			$select->remove($from);
			next;
		}
		report_round(JSON::PP->new->latin1->decode($1))
		  while $lines{$from} =~ s/^(.*)\n//;
	}
}
waitpid $_->[0], 0 for @pipes;
is($total, scalar @mine, 'all rounds came to their end');
note(sprintf '%.1f s, %d findings', time - $started, $all{found} // 0);
note(join ', ', map { "$_: $kinds{$_}" } sort keys %kinds);
check_log($node, 'damage');
$node->stop;
done_testing();
