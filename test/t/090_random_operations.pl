# Sessions at random: several do whatever can be done to a database's history,
# all at once, cancel and terminate each other, and the server is stopped under
# them.  Each script writes into a table that it ran; whenever all sessions are
# idle, that table, the history, the catalog and what the clients were told
# must agree.
#
# SL_SEED      what to do, printed first
# SL_ROUNDS    how many databases are treated so: more before a release
# SL_SESSIONS, SL_OPERATIONS: how many at once, and how many in a round
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

use SLRandom;
use SLTest;

my $seed = $ENV{SL_SEED} // int(rand(1_000_000));
my $rounds = $ENV{SL_ROUNDS} // 4;
my $session_count = $ENV{SL_SESSIONS} // 6;
my $operations = $ENV{SL_OPERATIONS} // 250;

note("SL_SEED=$seed SL_ROUNDS=$rounds");
$SIG{PIPE} = 'IGNORE';

my $node = new_node('random', <<'CONF');
deadlock_timeout = 100ms
CONF

# What a client may be told: the errors of the contract, conflicts and
# cancellations, and what scripts raise on purpose.
my %allowed = map { $_ => 1 } qw(SL001 SL002 SL003 SL006 SL007 SL009
  40001 40P01 55P03 57014 57P01 57P02 57P03 55000 25P02 P0001 22012);

# What no call may change in its session.
my $state_sql = <<'SQL';
SELECT '#state', current_user, session_user,
	(SELECT md5(string_agg(name || '=' || setting, ',' ORDER BY name)) FROM pg_settings WHERE name !~ '^plpgsql'),
	(SELECT count(*) FROM pg_prepared_statements) AS prepared,
	(SELECT count(*) FROM pg_cursors WHERE name <> '') AS cursors,
	(SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema()) AS temporary,
	(SELECT count(*) FROM pg_listening_channels()) AS channels,
	(SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory') AS locks,
	(SELECT string_agg(name || '=' || setting, ',') FROM pg_settings WHERE source = 'session')
SQL
$state_sql =~ s/\s*\n\s*/ /g;

my %done;				# of all rounds: how often what was done, how it ended
my $started = time;

#
# Sessions.
#

sub open_session
{
	my ($round, $n) = @_;
	my $s;

	# others cancel and terminate whom they see
	do
	{
		$s = session($node, $round->{db});

		# the library brings its settings
		eval { $s->query('SELECT sl_version()') };
		$s->{state} = eval { $s->query($state_sql) } // '';
	} until $s->{state} =~ /^#state.*$/;
	$round->{sessions}[$n]{psql} = $s;
}

sub note_problem
{
	my ($round, $problem) = @_;

	push @{ $round->{problems} }, $problem;
}

# The session has said something, or has gone: true when it is free again.
sub poll_session
{
	my ($s) = @_;
	my $n = $s->{count};

	return 1 unless $s->{run}->pumpable;
	eval { $s->{run}->pump_nb; 1 }
	  or $@ =~ /ended|pipe/i
	  or die "a session waited too long: $@";
	return 1 if $s->{out} =~ /^<$n>\n/m && $s->{err} =~ /^<$n>\n/m;
	return !$s->{run}->pumpable;
}

# What the client was told of revisions that are committed.
sub acknowledge
{
	my ($round, $how, $out, $err) = @_;
	my @told;

	if ($how ne 'notices')
	{
		# nobody was told of a commit where the session was lost before it
		return if $how eq 'block' && $out !~ /^#status\|committed$/m;
		$out =~ s/.*^#undone$//ms;
		@told = $out =~ /^(\w+)\|(applied|reverted)\|/mg;
	}
	else
	{
		@told = $err =~ /NOTICE:  \w+: (\w+) (applied|reverted), /g;
	}
	while (my ($id, $what) = splice @told, 0, 2)
	{
		$round->{told}{$id}{$what}++;
		$round->{state}{applied}{$id} = $what eq 'applied';
	}
}

# What a reader was told of the whole database.  Nothing but the engine changes
# its managed schema: it is never another than the history says, but where a
# script outside a transaction is half reverted.
sub check_verdicts
{
	my ($round, $who, $out) = @_;
	my $revisions = $round->{state}{revisions};

	for my $row ($out =~ /^#truth\|(.*)$/mg)
	{
		my ($verdict, $looked, @findings) = split /[|,]/, $row;

		for (@findings)
		{
			my ($id) = /^(\S+)/ or next;

			note_problem($round, "$who: in the status: $_")
			  unless $revisions->{$id}
			  && ($revisions->{$id}{steps} || $revisions->{$id}{stamped});
		}
		$done{"verdict $verdict, facts $looked"}++;
		note_problem($round, "$who: the verdict is $verdict")
		  if $verdict !~ /^(ok|ahead|behind|failed|diverged|empty|unknown)$/
		  && !$round->{state}{asserted};
	}
}

# Look at how an operation ended.
sub finish_operation
{
	my ($round, $n) = @_;
	my $slot = $round->{sessions}[$n];
	my $s = $slot->{psql};
	my ($out, $err) = ($s->{out}, $s->messages);
	my $ended = $out =~ /^<$s->{count}>$/m;
	my ($name, $sql, $how) = @{ $slot->{operation} };
	my @codes = $err =~ /(?:ERROR|FATAL|PANIC):  (\w{5}):/g;
	my $interrupted = grep { $_ eq '57014' } @codes;

	push @{ $slot->{last} },
	  sprintf("%.3f %s\n%s\n=> %s%s", time - $started, $name, $sql, $out,
		$err);
	shift @{ $slot->{last} } while @{ $slot->{last} } > 8;
	$done{"$name " . ($codes[0] // ($ended ? 'ok' : 'lost'))}++;
	for my $code (@codes)
	{
		next
		  if ($allowed{$code} || $code =~ /^23/)
		  && !($name eq 'register' && $code eq 'SL009');
		# a BEGIN or a SAVEPOINT that was cancelled
		next if $interrupted && ($code eq '25P01' || $code eq '3B001');
		note_problem($round, "session $n: $name raised $code\n$err");
	}
	acknowledge($round, $how, $out, $err) if defined $how;
	check_verdicts($round, "session $n", $out) if $name eq 'truth';
	push @{ $round->{state}{again} }, $sql
	  if $name eq 'register' && (@codes || !$ended);
	if (my ($state) = $out =~ /^(#state.*)$/m)
	{
		note_problem($round,
			"session $n: $name changed its session\nwas $s->{state}\nis  $state"
		) if $state ne $s->{state};
	}
	delete $slot->{operation};
	unless ($ended && $s->{run}->pumpable)
	{
		$s->quit;
		delete $slot->{psql};
	}
}

sub start_operation
{
	my ($round, $n) = @_;
	my $slot = $round->{sessions}[$n];
	my ($name, $sql, $how) = operation($round->{state}, $slot->{random});

	$slot->{operation} = [ $name, $sql, $how ];

	# it may have been terminated since
	eval { $slot->{psql}->send("$sql;\n$state_sql"); 1 }
	  or $@ =~ /ended|pipe/i
	  or die $@;
}

# All at once, until so many operations were begun and all have ended.
sub do_operations
{
	my ($round) = @_;
	my $left = $operations;

	for (;;)
	{
		my ($busy, $moved) = (0, 0);

		for my $n (0 .. $session_count - 1)
		{
			my $slot = $round->{sessions}[$n];

			if ($slot->{operation})
			{
				$busy++;
				next unless poll_session($slot->{psql});
				finish_operation($round, $n);
				$moved++;
			}
			elsif ($left > 0)
			{
				$left--;
				open_session($round, $n) unless $slot->{psql};
				start_operation($round, $n);
				$busy++;
				$moved++;
			}
		}
		last unless $busy || $left > 0;
		if ($left > 0 && $moved && $round->{random}->(250) == 0)
		{
			$node->stop('immediate');
			$node->start;
			$done{'immediate restart'}++;
		}
		select(undef, undef, undef, 0.004) unless $moved;
	}
}

#
# What must be true when nobody is at work.
#

sub rows
{
	my ($round, $sql) = @_;

	return map { [ split /\|/, $_, -1 ] } split /\n/,
	  $node->safe_psql($round->{db}, $sql);
}

# The history, read from its beginning: what it says is applied, and how often
# what was run.  Parents come before, and go after.
sub read_history
{
	my ($round, $parents) = @_;
	my (%claimed, %ran, @order);
	my $expected_id = 1;

	for my $row (
		rows($round,
			'SELECT id, action, revision, outcome, sqlstate FROM sl_history'))
	{
		my ($id, $action, $revision, $outcome, $sqlstate) = @$row;

		note_problem($round, "history: $id where $expected_id was due")
		  if $id != $expected_id;
		$expected_id++;
		if ($action eq 'apply')
		{
			my @missing =
			  grep { !$claimed{$_} } @{ $parents->{$revision} // [] };

			note_problem($round,
				"history $id: $revision applied before @missing")
			  if @missing;
			note_problem($round, "history $id: $revision applied twice")
			  if $claimed{$revision} && $revision !~ /^a/;
			$claimed{$revision} = 1;
			$ran{$revision}{up}++;
			push @order, "$revision up";
		}
		elsif ($action eq 'revert')
		{
			my @children = grep {
				$claimed{$_} && grep { $_ eq $revision } @{ $parents->{$_} }
			} keys %$parents;

			note_problem($round,
				"history $id: $revision reverted before @children")
			  if @children;
			note_problem($round, "history $id: $revision reverted twice")
			  if !$claimed{$revision};
			delete $claimed{$revision};
			$ran{$revision}{down}++;
			push @order, "$revision down";
		}
		elsif ($action eq 'fail')
		{
			note_problem($round, "history $id: $revision failed: $sqlstate")
			  unless $allowed{$sqlstate} || $sqlstate =~ /^23/;
		}
		elsif ($outcome eq 'forced' || $outcome eq 'applied')
		{
			$claimed{$revision} = 1;
		}
		elsif ($outcome eq 'freed' || $outcome eq 'rolled_back')
		{
			delete $claimed{$revision};
		}
	}
	return (\%claimed, \%ran, \@order);
}

# The history against what the scripts have written.
sub check_traces
{
	my ($round, $ran, $order, $open) = @_;
	my $revisions = $round->{state}{revisions};
	my (%traces, @trace_order);

	for my $row (
		rows($round, 'SELECT id, direction FROM ops.ran ORDER BY n'))
	{
		$traces{ $row->[0] }{ $row->[1] }++;
		push @trace_order, "$row->[0] $row->[1]";
	}
	for my $id (sort keys %$revisions)
	{
		for my $direction ('up', 'down')
		{
			my $said = $ran->{$id}{$direction} // 0;
			my $was = $traces{$id}{$direction} // 0;
			my $told =
			  $round->{told}{$id}{ $direction eq 'up' ? 'applied' : 'reverted' }
			  // 0;

			$said++ if $open->{$id} && $open->{$id}{$direction};
			note_problem($round,
				"$id $direction: ran $was times, $said in the books")
			  if $was != $said;
			note_problem($round,
				"$id $direction: ran $was times, clients were told $told times"
			) if $told > $was;
		}
	}

	# one statement after the other of several scripts may mix, and only that
	@$_ = grep { /^(\w+)/ && !$revisions->{$1}{steps} } @$_
	  for ($order, \@trace_order);
	note_problem($round,
		"order: the history says\n@$order\nthe scripts\n@trace_order")
	  if "@$order" ne "@trace_order";
}

# A script and its row of the history are one transaction.
sub check_transactions
{
	my ($round) = @_;
	my $steps = join ',', map { sql_literal($_->{id}) }
	  grep { $_->{steps} } values %{ $round->{state}{revisions} };
	my ($split) = rows($round, <<SQL);
SELECT string_agg(DISTINCT id, ' ') FROM (
	SELECT coalesce(l.revision, r.id) COLLATE "C" AS id
	  FROM (SELECT revision, action, xmin FROM sl_log WHERE action IN ('apply', 'revert')) AS l
	  FULL JOIN ops.ran AS r ON r.id = l.revision AND r.xmin = l.xmin
	   AND (r.direction = 'up') = (l.action = 'apply')
	 WHERE l.revision IS NULL OR r.id IS NULL) AS s
 WHERE id <> ALL (ARRAY[$steps]::text[])
SQL

	note_problem($round, "not in one transaction: $split->[0]")
	  if $split->[0] ne '';
}

# What functions say of the same thing.
sub check_functions
{
	my ($round, $graph) = @_;
	my %half = map { $_->[0] => 1 }
	  rows($round, "SELECT revision FROM sl_journal WHERE direction = 'down'");

	note_problem($round, "settled, and $_->[1]: $_->[0]")
	  for rows($round,
		"SELECT revision, state FROM sl_registry JOIN sl_graph() USING (revision) WHERE settled AND state <> 'applied'"
	  );
	return if rows($round, "SELECT 1 FROM sl_check_graph() WHERE severity = 'error'");

	my %pending = map { $_->[0] => 1 }
	  rows($round, "SELECT revision FROM sl_pending('heads')");

	for my $id (sort keys %$graph)
	{
		my $due = $graph->{$id}{state} ne 'applied' && !$half{$id};

		note_problem($round,
			"$id: $graph->{$id}{state}, pending " . ($pending{$id} // 0))
		  if $due != ($pending{$id} // 0);
	}
}

# The history against what the functions say and what is there.
sub check_claims
{
	my ($round, $claimed, $graph, $journal) = @_;
	my %applied = map { $_->[0] => 1 }
	  rows($round, 'SELECT revision FROM sl_applied');
	my %tables = map { $_->[0] => 1 }
	  rows($round,
		"SELECT substr(relname, 3) FROM pg_class WHERE relnamespace = 'app'::regnamespace AND relname ~ '^t_' AND relkind = 'r'"
	  );

	for my $id (sort keys %{ $round->{state}{revisions} })
	{
		my $revision = $round->{state}{revisions}{$id};
		my $said = $claimed->{$id} // 0;
		my $state = $graph->{$id} ? $graph->{$id}{state} : 'not registered';

		note_problem($round, "$id: applied in the history, not claimed")
		  if $said && !$applied{$id};
		note_problem($round, "$id: claimed, not applied in the history")
		  if !$said && $applied{$id};
		note_problem($round, "$id: $state, and the history says otherwise")
		  if $state eq ($said ? 'pending' : 'applied')
		  && !$revision->{again};
		note_problem($round, "$id: applied, and no longer known")
		  if $said && !$graph->{$id};
		next if $journal->{$id} || $revision->{again} || $revision->{stamped};
		note_problem($round,
			"$id: $state, and its table is " . ($said ? 'missing' : 'there'))
		  if $said != ($tables{$id} // 0);
	}
}

# The facts that the history leads to are those that are there, but for what
# is half done, and what somebody only said.
sub check_truth
{
	my ($round, $journal) = @_;
	my @loose = (keys %$journal,
		grep { $round->{state}{revisions}{$_}{stamped} }
		  keys %{ $round->{state}{revisions} });
	my $known = join '|', map { quotemeta } @loose, '!';

	for (differences($node, $round->{db}))
	{
		my ($how, $class, $identity) = split / /;

		# the test's own
		next
		  if $how eq 'found' && $class eq 'schema'
		  || $identity !~ /^(app\.|ops\.shared\.c_|ops\.s_)/;
		note_problem($round, $_) unless $identity =~ /_($known)/;
	}
	for my $row (
		rows($round, 'SELECT * FROM sl_detect_stamp_drift()'),
		rows($round,
			"SELECT revision, problem, class, identity FROM sl_detect_drift() WHERE problem <> 'unexpected'"
		))
	{
		note_problem($round, "not so: @$row") unless $row->[0] =~ /^($known)$/;
	}
}

# Once all is applied, and nobody is at work.
sub check_verified
{
	my ($round) = @_;
	my $row = value($node, $round->{db},
		q(SELECT sl_status() ->> 'verdict', sl_verify(), sl_verify('heads'), sl_ready()));

	note_problem($round, "in the end, verified: $row")
	  if $row ne 'ok|t|t|t' && !$round->{state}{asserted};
	$done{"end $row"}++;
}

# Nothing is left behind by anybody.
sub check_leftovers
{
	my ($round, $journal) = @_;

	note_problem($round, "a lock is left: @$_")
	  for rows($round,
		"SELECT pid, classid, objid, objsubid, mode, granted FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
	  );
	for my $row (
		rows($round,
			'SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE NOT (indisvalid AND indisready AND indislive)'
		))
	{
		my ($id) = $row->[0] =~ /^[a-z]_([a-z]\d+|\d+_f)/;

		note_problem($round, "index $row->[0] is invalid, no journal is open")
		  unless $journal->{ $id // '' };
	}
	note_problem($round, "a backend is in a transaction: @$_")
	  for rows($round,
		"SELECT pid, state, query FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'"
	  );
}

sub check_database
{
	my ($round) = @_;
	my (%graph, %parents, %journal, %open);

	wait_until($node, $round->{db},
		"SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type LIKE 'schema_lifecycle%'",
		'the end of the workers');
	for my $row (
		rows($round,
			"SELECT revision, array_to_string(parents, ','), state FROM sl_graph()"
		))
	{
		$graph{ $row->[0] } = { state => $row->[2] };
		$parents{ $row->[0] } = [ split /,/, $row->[1] ];
	}
	for my $row (
		rows($round,
			"SELECT revision, direction, bool_or(state = 'finished' AND text LIKE '%INTO ops.ran%') FROM sl_journal GROUP BY 1, 2"
		))
	{
		$journal{ $row->[0] } = 1;
		$open{ $row->[0] }{ $row->[1] } = 1 if $row->[2] eq 't';
	}

	my ($claimed, $ran, $order) = read_history($round, \%parents);

	check_traces($round, $ran, $order, \%open);
	check_claims($round, $claimed, \%graph, \%journal);
	check_transactions($round);
	check_functions($round, \%graph);
	check_leftovers($round, \%journal);
	check_truth($round, \%journal);
	return \%graph;
}

sub run_in_the_end
{
	my ($round, $s, $sql) = @_;
	my $out = $s->query($sql);
	my $err = $s->messages;

	acknowledge($round, 'notices', $out, $err);
	note_problem($round,
		"in the end, $sql\n" . join("\n", grep { !/NOTICE/ } split /\n/, $err))
	  if $err =~ /(ERROR|FATAL|PANIC):  /;
}

# Nothing fails any more: one call must bring everything to the head, unless
# something there is half reverted, and cannot be reverted wholly.
sub finish_database
{
	my ($round) = @_;
	my $state = $round->{state};
	my $s = session($node, $round->{db});
	my @half = rows($round,
		"SELECT DISTINCT revision FROM sl_journal WHERE direction = 'down'");
	my $graph;

	# an edit that was pushed while the revision was reverted, and ran
	$state->{revisions}{ $_->[0] }{up} .= "SELECT 4711;\n"
	  for rows($round,
		"SELECT revision FROM sl_registry NATURAL JOIN sl_applied WHERE up LIKE '%4711%'"
	  );
	run_in_the_end($round, $s, $_) for fix_all_sql($state);
	if (@half && $state->{reversible})
	{
		run_in_the_end($round, $s,
			q(CALL sl_revert_online('base', '{"migration_lock_timeout": 0}')));
		@half = ();
	}
	if (@half)
	{
		# what rests on it must not run, and what does not may
		my ($ret, undef, $err) = $node->psql($round->{db},
			q(CALL sl_migrate('heads', '{"migration_lock_timeout": 0}')));

		note_problem($round, "in the end: $err")
		  if $ret != 0 && $err !~ /below it is half reverted/;
		$s->quit;
		check_database($round);
		return;
	}
	run_in_the_end($round, $s,
		q(CALL sl_migrate('heads', '{"migration_lock_timeout": 0}')));
	$s->quit;
	$graph = check_database($round);
	for my $id (sort keys %$graph)
	{
		note_problem($round, "in the end, $id is $graph->{$id}{state}")
		  if $graph->{$id}{state} ne 'applied';
	}
	check_verified($round);
}

sub tell_operations
{
	my ($round) = @_;

	diag("SL_SEED=$seed, database $round->{db} of $rounds");
	for my $n (0 .. $session_count - 1)
	{
		diag("---- session $n");
		diag($_) for @{ $round->{sessions}[$n]{last} };
		diag('at work: ', $round->{sessions}[$n]{operation}[1])
		  if $round->{sessions}[$n]{operation};
	}
}

sub report
{
	my ($round, $what) = @_;
	my @problems = splice @{ $round->{problems} };

	# the first ones tell most
	splice @problems, 20 if @problems > 20;
	is(join("\n", @problems), '', "$round->{name}: $what")
	  or tell_operations($round);
}

for my $n (1 .. $rounds)
{
	my $random = random_numbers($seed * 1000 + $n);
	my %flavour = (linear => !$random->(4), reversible => $random->(3) > 0,
		stormy => !$random->(3));
	my %round = (
		db => "random_$n",
		name => join(' ',
			"random_$n", grep { $flavour{$_} } sort keys %flavour),
		random => $random,
		state => new_state(%flavour),
		problems => [],
		told => {});

	$node->safe_psql('postgres', "CREATE DATABASE $round{db}");
	$node->safe_psql($round{db}, setup_sql());
	for my $session (0 .. $session_count - 1)
	{
		$round{sessions}[$session] = {
			random => random_numbers($seed * 1000 + $n * 50 + $session + 500),
			last => []
		};
	}

	if (!eval { do_operations(\%round); 1 })
	{
		my $error = $@;

		diag("error: $error");

		tell_operations(\%round);
		diag($node->safe_psql($round{db},
				'SELECT * FROM pg_stat_activity WHERE datname = current_database()')
		);
		diag($node->safe_psql($round{db}, 'SELECT * FROM pg_locks'));
		die "$error\n";
	}
	check_database(\%round);
	report(\%round, 'after random operations');
	$_->{psql} && $_->{psql}->quit for @{ $round{sessions} };
	finish_database(\%round);
	report(\%round, 'everything applied in the end');
	$done{applied} += $_->{applied} // 0 for values %{ $round{told} };
	$done{reverted} += $_->{reverted} // 0 for values %{ $round{told} };
}

note(join ', ', map { "$_: $done{$_}" } sort keys %done);
cmp_ok($done{applied}, '>', 5 * $rounds, 'enough was applied');
check_log($node, 'random');
unlike(
	slurp_file($node->logfile),
	qr/refcount leak|leak: |resource was not closed/,
	'nothing leaked');
$node->stop;
done_testing();
