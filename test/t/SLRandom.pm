# What the test of random operations is made of: revisions whose scripts leave
# a trace of each run, and operations that do something to them.
package SLRandom;

use strict;
use warnings;

use Exporter 'import';

use SLTest;

our @EXPORT = qw(random_numbers new_state setup_sql operation fix_all_sql);

# A stream of random numbers of its own for each session, so that what one
# does next does not depend on how fast another one is.
sub random_numbers
{
	my ($x) = @_;

	# neighbouring seeds are to begin differently
	for (1 .. 4)
	{
		$x = (($x ^ ($x >> 13)) * 0x45d9f3b + 97) & 0x7fffffff;
	}
	return sub {
		my ($below) = @_;

		$x = ($x * 1103515245 + 12345) & 0x7fffffff;
		return int($x / 65536) % $below;
	};
}

# What the test knows of a database: the revisions by id, each with its script.
# 'linear': there is one head.  'reversible': each has a
# down script.  'stormy': see weight().
sub new_state
{
	my (%flavour) = @_;

	return {
		%flavour,
		number => 0,
		revisions => {},
		chain => [],			# ids that others may be put upon
		stamps => [],			# a chain of its own, to be stamped
		loners => [],			# roots of their own, to be unregistered
		files => [],			# pushed together
		again => [],			# registrations that did not get through
		asserted => 0,			# somebody has said what no run bears out
	};
}

# The trace of each run is a row of ops.ran, written by the script itself.
# Schema "app" is what the migrations make, "ops" is the test's own.
sub setup_sql
{
	return <<'SQL';
CREATE EXTENSION schema_lifecycle;
CREATE SCHEMA app;
CREATE SCHEMA ops;
CREATE TABLE ops.ran (n bigserial PRIMARY KEY, id text, direction text,
	xid xid8 DEFAULT pg_current_xact_id());
CREATE TABLE ops.shared (a int);
INSERT INTO ops.shared SELECT generate_series(1, 50);
CREATE TABLE ops.fail_rate (rate float);
INSERT INTO ops.fail_rate VALUES (0.3);
CREATE FUNCTION ops.may_fail() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF random() < (SELECT rate FROM ops.fail_rate) THEN
		RAISE EXCEPTION 'failed on purpose';
	END IF;
END $$;
SELECT sl_configure('managed_schemas', 'app');
SQL
}

# What a script must not be able to leave behind.
my @leaks = (
	'SET search_path = pg_catalog',
	"SET work_mem = '1MB'",
	'CREATE TEMP TABLE left_over (a int)',
	'PREPARE left_over AS SELECT 1',
	"SET datestyle = 'SQL, DMY'",
	'SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE',
	'SET ROLE pg_monitor; RESET ROLE',
	"DO 'BEGIN EXECUTE ''SET search_path = pg_temp''; END'",
	"SELECT set_config('lock_timeout', '700', false)");

# Scripts of a new revision: 'up', 'down' and what they are known by.
sub make_scripts
{
	my ($r, $id, %is) = @_;
	my @up = ("INSERT INTO ops.ran (id, direction) VALUES ('$id', 'up')");
	my @down = ("INSERT INTO ops.ran (id, direction) VALUES ('$id', 'down')");
	my %revision = (%is, id => $id);

	if ($is{again})
	{
		# a repeatable or a seed: its script must stand being run again
		push @up, "CREATE OR REPLACE VIEW app.v_$id AS SELECT $is{again} AS v";
	}
	else
	{
		push @up, "CREATE TABLE app.t_$id (a int, b int)",
		  "INSERT INTO app.t_$id SELECT i, i FROM generate_series(1, 30) AS i";
		push @down, "DROP TABLE app.t_$id";
		@up[ 0, 1 ] = @up[ 1, 0 ] if $r->(2);
	}
	if (!$is{again} && $r->(4) == 0)
	{
		push @up, "ALTER TABLE ops.shared ADD COLUMN c_$id int DEFAULT 1";
		unshift @down, "ALTER TABLE ops.shared DROP COLUMN c_$id";
	}
	splice @up, $r->(@up + 1), 0, 'SELECT pg_sleep(0.0' . $r->(9) . ')'
	  if $r->(3) == 0;
	splice @up, $r->(@up + 1), 0, $leaks[ $r->(scalar @leaks) ] if $r->(3) == 0;
	splice @down, $r->(@down + 1), 0, $leaks[ $r->(scalar @leaks) ]
	  if $r->(4) == 0;
	if ($is{steps})
	{
		push @up, "CREATE INDEX CONCURRENTLY i_$id ON app.t_$id (a)";
		push @up, "CREATE UNIQUE INDEX CONCURRENTLY u_$id ON app.t_$id (b)"
		  if $r->(2);
		push @up, "CREATE INDEX CONCURRENTLY s_$id ON ops.shared (a)"
		  if $r->(3) == 0;
		push @up, "REINDEX INDEX CONCURRENTLY app.i_$id" if $r->(4) == 0;
		push @up, "DROP INDEX CONCURRENTLY app.i_$id",
		  "CREATE INDEX CONCURRENTLY i_$id ON app.t_$id (b)"
		  if $r->(4) == 0;
		push @up, "REINDEX TABLE CONCURRENTLY app.t_$id" if $r->(4) == 0;
		push @up, "CREATE INDEX CONCURRENTLY ON app.t_$id (a, b)"
		  if $r->(4) == 0;
		push @up, "VACUUM app.t_$id" if $r->(5) == 0;
		if ($r->(4) == 0)
		{
			push @up,
			  "CREATE TABLE app.p_$id (a int) PARTITION BY LIST (a)",
			  "CREATE TABLE app.q_$id PARTITION OF app.p_$id FOR VALUES IN (1)",
			  "ALTER TABLE app.p_$id DETACH PARTITION app.q_$id CONCURRENTLY";
			push @down, "DROP TABLE app.p_$id", "DROP TABLE app.q_$id";
		}
		push @up, "INSERT INTO app.t_$id VALUES (99, 99)" if $r->(2);
		unshift @down, "DROP INDEX CONCURRENTLY IF EXISTS ops.s_$id"
		  if grep { /s_$id/ } @up;
		unshift @down, "DROP INDEX CONCURRENTLY app.i_$id" if $r->(2);
	}
	splice @up, $r->(@up + 1), 0, 'SELECT ops.may_fail()'
	  if $r->(6) == 0;
	splice @down, $r->(@down + 1), 0, 'SELECT ops.may_fail()'
	  if $r->(8) == 0;
	if ($is{stamped})
	{
		# a stamp may say that it ran, or that it did not
		s/^(CREATE TABLE|.* ADD COLUMN) /$1 IF NOT EXISTS / for @up;
		s/^INSERT INTO app.*/SELECT 1/ for @up;
		s/(DROP TABLE|DROP COLUMN) /$1 IF EXISTS / for @down;
	}
	$revision{fixed} = join(";\n", @up) . ";\n";

	# what is behind the failing statement may be changed, nothing else
	push @up,
	  $is{steps} && $r->(2)
	  ? "CREATE UNIQUE INDEX CONCURRENTLY x_$id ON app.t_$id ((1))"
	  : 'SELECT 1 / 0'
	  if $is{broken};
	$revision{up} = join(";\n", @up) . ";\n";
	$revision{down} = join(";\n", @down) . ";\n" unless $is{no_down};
	return \%revision;
}

sub new_revision
{
	my ($state, $r, $prefix, %is) = @_;
	my $id = sprintf($prefix, ++$state->{number});
	my $revision;

	$is{no_down} = 1 if !$state->{reversible} && $r->(6) == 0;
	$is{broken} = 1  if !$is{sound} && $r->(10) == 0;
	$revision = make_scripts($r, $id, %is);
	$state->{revisions}{$id} = $revision;
	return $revision;
}

sub register_sql
{
	my ($revision, $up) = @_;

	return sprintf "SELECT sl_register(%s, %s, %s, %s, '%s')",
	  sql_literal($revision->{id}),
	  sql_literal($up // $revision->{up}),
	  defined $revision->{down} ? sql_literal($revision->{down}) : 'NULL',
	  !defined $revision->{parents} ? 'NULL' : sql_literal(
		'{' . join(',', @{ $revision->{parents} }) . '}'),
	  $revision->{kind} // 'versioned';
}

sub pick
{
	my ($r, $list) = @_;

	return @$list ? $list->[ $r->(scalar @$list) ] : undef;
}

# Any revision that was ever registered one by one.
sub pick_single
{
	my ($state, $r) = @_;

	return pick($r,
		[ map { $state->{revisions}{$_} }
			grep { !/^u|_f$/ } sort keys %{ $state->{revisions} } ]);
}

sub target
{
	my ($state, $r) = @_;

	return 'NULL' if $state->{linear} && $r->(2);
	if ($r->(5) == 0)
	{
		my $revision = pick_single($state, $r);

		return "'$revision->{id}'" if defined $revision;
	}
	return "'heads'";
}

sub options
{
	my ($r) = @_;
	my @options;

	push @options, '"lock_wait": ' . (0, 5, 100, 1000)[ $r->(4) ];
	push @options,
	  '"migration_lock_timeout": ' . (1, 20, 300, 1000)[ $r->(4) ]
	  if $r->(2);
	push @options, '"lock_retries": ' . $r->(2);
	push @options,
	  '"migration_statement_timeout": ' . (5, 50, 500)[ $r->(3) ]
	  if $r->(5) == 0;
	return "'{" . join(', ', @options) . "}'";
}

#
# The operations.  Each returns SQL, and how to see in the client's output what
# is acknowledged to be committed: 'rows', 'block' (the rows, once its status
# says so), 'notices', or nothing.
#

sub op_register
{
	my ($state, $r) = @_;
	my $kind = $r->(12);
	my $revision;

	if ($kind == 0)
	{
		$revision = new_revision($state, $r, 'a%04d',
			kind => ('repeatable', 'seed')[ $r->(2) ],
			again => 1 + $r->(1000), no_down => 1, sound => 1, parents => []);
		delete $revision->{parents};
		return register_sql($revision);
	}
	if ($kind == 1 && !$state->{linear})
	{
		$revision = new_revision($state, $r, 's%04d',
			sound => 1, stamped => 1);
		$revision->{parents} =
		  [ @{ $state->{stamps} } ? $state->{stamps}[-1] : () ];
		push @{ $state->{stamps} }, $revision->{id};
		return register_sql($revision);
	}
	if ($kind == 2 && !$state->{linear})
	{
		$revision = new_revision($state, $r, 'u%04d',
			sound => 1, parents => []);
		push @{ $state->{loners} }, $revision->{id};
		return register_sql($revision);
	}
	$revision =
	  new_revision($state, $r, 'r%04d', $r->(3) == 0 ? (steps => 1) : ());
	if (@{ $state->{chain} })
	{
		my %parents;

		$parents{ $state->{chain}[-1] } = 1 if $state->{linear} || $r->(4);
		$parents{ pick($r, $state->{chain}) } = 1
		  if !$state->{linear} && $r->(4) == 0;
		$revision->{parents} = [ sort keys %parents ];
	}
	$revision->{parents} //= [];
	push @{ $state->{chain} }, $revision->{id};
	return register_sql($revision);
}

# The same again, with an edit: of a comment, or the one that mends it, or
# one that an applied script must not have.
sub op_register_again
{
	my ($state, $r) = @_;
	my $revision = pick_single($state, $r);
	my $up;

	return undef unless defined $revision;
	$up = $revision->{up};
	if ($revision->{again} && $r->(2))
	{
		my $v = 1 + $r->(1000);

		# what it runs with may still be the other, it is the same to us
		$up =~ s/SELECT \d+ AS v/SELECT $v AS v/;
		$revision->{up} = $revision->{fixed} = $up;
	}
	elsif ($revision->{broken} && $r->(2))
	{
		$up = $revision->{up} = $revision->{fixed};
	}
	$up .= '-- edited ' . $r->(1000) . "\n" if $r->(2);
	return register_sql($revision, $up);
}

sub op_unregister
{
	my ($state, $r) = @_;
	my $id = pick($r, $state->{loners});

	return defined $id ? "SELECT sl_unregister('$id')" : undef;
}

sub load_sql
{
	my ($state, $options, @edit) = @_;
	my (@names, @bodies);
	my $n = 0;

	for my $id (@{ $state->{files} })
	{
		my $revision = $state->{revisions}{$id};
		my $body = $revision->{up};

		$body .= $edit[1] if @edit && $edit[0] == $n;
		$body .= "-- sl:down\n$revision->{down}"
		  if defined $revision->{down};
		push @names, sql_literal("$id.sql");
		push @bodies, sql_literal($body);
		$n++;
	}
	return 'SELECT * FROM sl_load(ARRAY[' . join(', ', @names)
	  . '], ARRAY[' . join(', ', @bodies) . "], 'plain', '$options')";
}

# A folder that grows, pushed as a whole.
sub op_load
{
	my ($state, $r) = @_;
	my $count = @{ $state->{files} };
	my $what = $r->(6);

	return undef if $state->{linear};
	if ($count == 0 || ($what < 2 && $count < 40))
	{
		my $revision = new_revision($state, $r, '%04d_f',
			sound => 1,
			$r->(4) == 0 ? (steps => 1) : ());

		push @{ $state->{files} }, $revision->{id};
	}
	return load_sql($state, '{}', $r->($count), "-- $what\n") if $what == 2 && $count;
	if ($what == 3 && $count && $r->(3) == 0)
	{
		my $n = $r->($count);

		# of an applied one only: else it would run, and the next push differ
		return load_sql($state, '{}', $n, "SELECT 4711;\n")
		  if $state->{applied}{ $state->{files}[$n] };
	}
	if ($what == 4 && $count > 2)
	{
		my @all = @{ $state->{files} };
		my $sql;

		# without the last, which stays in the set that is pushed next
		pop @{ $state->{files} };
		$sql = load_sql($state, '{"prune": true}');
		$state->{files} = \@all;
		return $sql;
	}
	return load_sql($state, $r->(3) ? '{}' : '{"prune": true}');
}

sub op_apply
{
	my ($state, $r) = @_;

	return ('SELECT * FROM sl_apply_pending(' . target($state, $r) . ', '
		  . options($r) . ')', 'rows');
}

# In a transaction of the caller: an isolation level, an old snapshot, a
# savepoint that is rolled back to, an end that is no commit.
sub op_apply_in_block
{
	my ($state, $r) = @_;
	my $level = ('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE')[ $r->(3) ];
	my $call = sprintf 'SELECT * FROM %s(%s, %s);',
	  $r->(5) ? ('sl_apply_pending', target($state, $r))
	  : ('sl_revert', revert_target($state, $r)), options($r);
	my $sql = "\\set xid 0\nBEGIN ISOLATION LEVEL $level;\n"
	  . "SELECT pg_current_xact_id() AS xid \\gset\n";

	$sql .= "SELECT count(*) AS ignored FROM ops.ran \\gset\n" if $r->(2);
	$sql .= 'SELECT pg_sleep(0.' . $r->(4) . ") AS ignored \\gset\n" if $r->(2);
	if ($r->(2))
	{
		$sql .= "SAVEPOINT s;\n$call\nROLLBACK TO s;\n\\echo #undone\n";
		$call = "SELECT * FROM sl_apply_pending('heads');";
	}
	$sql .= "$call\n" if $r->(4);
	$sql .= $r->(5) ? "COMMIT;\n" : "ROLLBACK;\n";
	$sql .= "SELECT '#status', pg_xact_status(:'xid'::xid8)";
	return ($sql, 'block');
}

sub op_migrate
{
	my ($state, $r) = @_;

	return ('CALL sl_migrate(' . target($state, $r) . ', ' . options($r) . ')',
		'notices');
}

sub revert_target
{
	my ($state, $r) = @_;
	my $revision = pick_single($state, $r);

	return defined $revision && $r->(4) ? "'$revision->{id}'" : "'base'";
}

sub op_revert
{
	my ($state, $r) = @_;

	return ('SELECT * FROM sl_revert(' . revert_target($state, $r) . ', '
		  . options($r) . ')', 'rows');
}

sub op_revert_online
{
	my ($state, $r) = @_;

	return ('CALL sl_revert_online(' . revert_target($state, $r) . ', '
		  . options($r) . ')', 'notices');
}

sub op_stamp
{
	my ($state, $r) = @_;
	my $id = pick($r, $state->{stamps});

	return undef unless defined $id;
	$state->{asserted} = 1;
	return "SELECT * FROM sl_stamp('$id', true, 'random')";
}

# The word that leaves the journal's finished statements as they are, of any
# revision; the others of those in the chain that may be stamped.
sub op_resolve
{
	my ($state, $r) = @_;
	my $revision = pick_single($state, $r);
	my $id = pick($r, $state->{stamps});
	my $word = ('applied', 'rolled_back')[ $r->(2) ];

	if (defined $id && $r->(2))
	{
		$state->{asserted} = 1;
		return "SELECT sl_resolve('$id', '$word', 'random')";
	}
	return undef unless defined $revision && !$revision->{steps};
	return "SELECT sl_resolve('$revision->{id}', 'run', 'random')";
}

sub op_read
{
	my ($state, $r) = @_;

	return 'SELECT count(*) FROM '
	  . (
		'sl_graph()', "sl_pending('heads')",
		'sl_check_graph()', 'sl_history',
		'sl_heads()', 'sl_revision',
		'sl_settings')[ $r->(7) ];
}

# Is it true?  While all that changes the managed schema is the engine, the
# schema may be behind, or a run have failed, and never be another.  Of a part
# of the history this cannot be said: what rests on it may be half reverted.
sub op_truth
{
	my ($state, $r) = @_;
	my $revision = pick_single($state, $r);
	my $block = ('', 'BEGIN READ ONLY', 'BEGIN ISOLATION LEVEL REPEATABLE READ')[ $r->(3) ];
	my $sql = ('SELECT * FROM sl_detect_stamp_drift()',
		'SELECT count(*) FROM sl_expected()',
		'SELECT count(*) FROM sl_locate()',
		'SELECT count(*) FROM sl_detect_drift()',
		"SELECT sl_verify('heads'), sl_ready('heads')")[ $r->(5) ];

	$sql = "SELECT sl_status('$revision->{id}') ->> 'verdict'"
	  if defined $revision && $r->(4) == 0;
	$sql = <<'SQL' if $r->(2);
SELECT '#truth', s ->> 'verdict', s -> 'drift' <> 'null',
	(SELECT string_agg(coalesce(f ->> 'revision', '?') || ' ' || (f ->> 'identity'), ',')
	 FROM jsonb_path_query(s, '$.drift.findings[*] ? (@.problem != "unexpected")') AS f),
	(SELECT string_agg(concat_ws(' ', f ->> 'revision', f ->> 'identity'), ',')
	 FROM jsonb_path_query(s, '$.stamp_drift.findings[*]') AS f)
	FROM sl_status() AS s
SQL
	chomp $sql;
	return $block eq '' ? $sql : "$block;\n$sql;\n$sql;\nCOMMIT";
}

# A victim among the others of this database; our workers rather than not.
sub op_signal
{
	my ($state, $r) = @_;
	my $how = $r->(3) ? 'cancel' : 'terminate';

	return "SELECT pg_${how}_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY backend_type LIKE 'schema_lifecycle%' DESC, md5(pid::text || "
	  . $r->(1000) . ') LIMIT 1';
}

sub op_lock_tables
{
	my ($state, $r) = @_;
	my $mode = ('ACCESS SHARE', 'ROW EXCLUSIVE', 'ACCESS EXCLUSIVE')[ $r->(3) ];
	my $ms = 50 + $r->(300);

	return "BEGIN;\nLOCK TABLE ops.shared IN $mode MODE;\nSELECT pg_sleep($ms / 1000.0);\nCOMMIT";
}

# An old snapshot, which CONCURRENTLY waits for.
sub op_old_snapshot
{
	my ($state, $r) = @_;
	my $ms = 50 + $r->(400);

	return "BEGIN ISOLATION LEVEL REPEATABLE READ;\nSELECT count(*) FROM ops.shared;\nSELECT pg_sleep($ms / 1000.0);\nSELECT count(*) FROM sl_graph();\nCOMMIT";
}

sub op_schema
{
	my ($state, $r) = @_;
	my $name = 'other_' . $r->(3);

	return "BEGIN;\nDROP SCHEMA IF EXISTS $name CASCADE;\nCREATE SCHEMA $name;\nCREATE TABLE $name.t (a int PRIMARY KEY);\n"
	  . ('COMMIT', 'ROLLBACK')[ $r->(2) ];
}

my @operations = (
	[ register => \&op_register, 22 ],
	[ register_again => \&op_register_again, 8 ],
	[ unregister => \&op_unregister, 2 ],
	[ load => \&op_load, 10 ],
	[ apply => \&op_apply, 10 ],
	[ apply_in_block => \&op_apply_in_block, 8 ],
	[ migrate => \&op_migrate, 22 ],
	[ revert => \&op_revert, 3 ],
	[ revert_online => \&op_revert_online, 4 ],
	[ stamp => \&op_stamp, 3 ],
	[ resolve => \&op_resolve, 3 ],
	[ read => \&op_read, 8 ],
	[ truth => \&op_truth, 10 ],
	[ signal => \&op_signal, 8 ],
	[ lock_tables => \&op_lock_tables, 4 ],
	[ old_snapshot => \&op_old_snapshot, 3 ],
	[ schema => \&op_schema, 2 ]);

# A database where there is no peace: more is cancelled and terminated.
sub weight
{
	my ($state, $operation) = @_;

	return $operation->[2] * 4
	  if $state->{stormy} && $operation->[0] eq 'signal';
	return $operation->[2];
}

# The next operation of a session: its name, SQL, and what acknowledges it.
sub operation
{
	my ($state, $r) = @_;

	# one that did not get through is missing to those upon it
	return ('register', shift @{ $state->{again} }) if @{ $state->{again} };
	for (;;)
	{
		my $sum = 0;
		my $n;

		$sum += weight($state, $_) for @operations;
		$n = $r->($sum);
		for my $operation (@operations)
		{
			my ($name, $make) = @$operation;
			my ($sql, $acknowledged);

			$n -= weight($state, $operation);
			next if $n >= 0;
			($sql, $acknowledged) = $make->($state, $r);
			return ($name, $sql, $acknowledged) if defined $sql;
			last;
		}
	}
}

# Nothing fails any more, and the files are those that they were.
sub fix_all_sql
{
	my ($state) = @_;
	my @sql =
	  ('UPDATE ops.fail_rate SET rate = 0', splice @{ $state->{again} });

	push @sql, register_sql($_, $_->{fixed})
	  for map { $state->{revisions}{$_} }
	  grep { !/^u|_f$/ } sort keys %{ $state->{revisions} };
	push @sql, load_sql($state, '{}') if @{ $state->{files} };
	return @sql;
}

1;
