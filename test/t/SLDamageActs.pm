# What can be done to an object, by a revision or behind the engine's back.
#
# An act is a function of the world and an object.  It gives nothing, or
#   sql    a statement, or several
#   finds  what it must be told as when nobody expected it: rows of class,
#          identity, problem, attribute, and the texts where they are known
#   done   what it does to the world, for revisions
#   undo   statements that take it back
#   gone   the object has gone or has another name now
#   remade, rebuilt   what was dropped and made again under its own name, on
#          purpose or by the server
#   at_once  what it does to the world as a damage
#   nontx  it cannot run in a transaction
package SLDamageActs;

use strict;
use warnings;

use Exporter 'import';

use SLDamage;

our @EXPORT = qw(next_revision next_damage noise);

BEGIN
{
	no strict 'refs';

	# the words of SLDamage that are of no use to a test
	*{$_} = \&{"SLDamage::$_"}
	  for qw(qi ql new_name chance pick shuffle name_of sql_of drop_sql
	  rename_sql alive hanging_on is_free remove some_schema column_type
	  columns_of any_column is_ordinary is_lone a_table column_sql add_column
	  constraint_definition index_sql trigger_sql rule_sql statistics_sql
	  sequence_sql view_sql function_sql aggregate_sql enum_sql domain_sql
	  range_sql collation_sql create_table_sql new_index);
}
my @roles = @SLDamage::roles;
my $null = '<null>';

sub found
{
	my ($o, $problem, @more) = @_;

	return [ fact_class($o), fact_identity($o), $problem, @more ];
}

sub altered
{
	my ($o, $attribute, @texts) = @_;

	return found($o, 'altered', $attribute, @texts);
}

# A list as a finding's text has it.
sub json_list
{
	return '[' . join(', ', map { (my $t = $_) =~ s/(["\\])/\\$1/g; qq("$t") } @_) . ']';
}

# ALTER of a kind: the same words for each.
sub set_attribute
{
	my ($o, $sql, $attribute, $key, $value, $first) = @_;
	my $was = $o->{state}{$key} // $first;

	return undef if defined $was && $was eq $value;
	return {
		sql => $sql,
		finds => [ altered($o, $attribute, $o->{copy} ? undef : $was, $value) ],
		done => sub { $o->{state}{$key} = $value }
	};
}

#
# For all kinds.
#

sub comment
{
	my ($w, $o) = @_;
	my $was = $o->{comment};
	my $text = defined $was && chance($w, 3) ? undef : "it's " . $w->{r}->(10000);
	my $sql = 'COMMENT ON ' . sql_of($o) . ' IS ';

	return undef if $o->{kind} eq 'mapping';
	return undef if $o->{kind} eq 'column' && $o->{parent}{kind} eq 'index';
	return {
		sql => $sql . (defined $text ? ql($text) : 'NULL'),
		undo => $sql . (defined $was ? ql($was) : 'NULL'),
		no_undo => $o->{told},
		finds => [ altered($o, 'comment', $o->{told} ? undef : $was // $null, $text // $null) ],
		done => sub { $o->{comment} = $text; $o->{commented} = 1; delete $o->{told} }
	};
}

sub identity_after
{
	my ($o, %is) = @_;
	local @{$o}{ keys %is } = values %is;

	return fact_identity($o);
}

# Indexes know their table's name.
sub of_indexes
{
	my ($w, $o) = @_;

	return map { altered($_, 'table') }
	  grep { $_->{kind} eq 'index' } hanging_on($w, $o);
}

sub rename
{
	my ($w, $o) = @_;
	my $kind = $o->{kind};
	my $new = new_name($w, 'new_');
	my $sql = rename_sql($o, $new);
	my @finds;

	return undef if !defined $sql || $o->{key} && $kind eq 'column';
	return undef if $o->{repeatable} || $o->{lonely} || $o == $w->{public};
	return undef if $kind eq 'extension';

	# whose sequence says so, too
	return undef if $w->{damaging} && $o->{owns_sequence};
	if ($kind eq 'column')
	{
		return undef
		  if $o->{copy} || $o->{pinned} || $o->{attribute} || $o->{foreign}
		  || $o->{parent}{repeatable};
		return undef unless $o->{view} || is_ordinary($o->{parent});
	}
	@finds = (found($o, 'missing'),
		[ fact_class($o), identity_after($o, name => $new), 'unexpected' ]);
	push @finds, altered($o->{parent}, 'definition') if $o->{view};
	push @finds, of_indexes($w, $o);
	return {
		sql => $sql,
		finds => \@finds,
		gone => 1,
		done => sub { $o->{name} = $new }
	};
}

my %has_schema = map { $_ => 1 } qw(table view matview sequence function
  procedure aggregate operator opclass opfamily enum composite domain range base
  collation conversion tsdict tsconf tsparser tstemplate statistics foreign);

sub set_schema
{
	my ($w, $o) = @_;
	my $new = some_schema($w);
	my @finds;

	return undef if $o->{repeatable} || $o->{lonely} || $o->{state}{owned_by};
	if ($o->{kind} eq 'extension')
	{
		return undef if $new == $o->{inside};
		return {
			sql => 'ALTER ' . sql_of($o) . ' SET SCHEMA ' . qi($new->{name}),
			undo => 'ALTER ' . sql_of($o) . ' SET SCHEMA ' . qi($o->{inside}{name}),
			finds => [ altered($o, 'schema', qi($o->{inside}{name}), qi($new->{name})) ],
			touches => [$new],
			done => sub { move_needs($o, $o->{inside}, $new); $o->{inside} = $new }
		};
	}
	return undef if !$has_schema{ $o->{kind} } || $new == $o->{schema};
	@finds = (found($o, 'missing'),
		[ fact_class($o), identity_after($o, schema => $new), 'unexpected' ]);
	return {
		sql => 'ALTER ' . sql_of($o) . ' SET SCHEMA ' . qi($new->{name}),
		finds => \@finds,
		gone => 1,
		touches => [$new],
		done => sub { move_needs($o, $o->{schema}, $new); $o->{schema} = $new }
	};
}

sub move_needs
{
	my ($o, $from, $to) = @_;

	$_ = $_ == $from ? $to : $_ for @{ $o->{needs} };
	$from->{users}--;
	$to->{users}++;
}

my %no_acl = map { $_ => 1 } qw(operator opclass opfamily collation conversion
  tsdict tsconf statistics);
my %has_owner = map { $_ => 1 } keys %no_acl, qw(schema view matview sequence
  function procedure aggregate enum composite domain range foreign server table);

sub owner
{
	my ($w, $o) = @_;
	my $role = pick($w, @roles);
	my $was = $o->{owner} // 'postgres';
	my @finds;

	return undef if !$has_owner{ $o->{kind} } || $role eq $was;
	return undef if $o->{state}{owned_by} || $o == $w->{public} || $o->{authorized};
	return undef if $w->{damaging} && $o->{owns_sequence};
	push @finds, altered($o, 'owner', qi($was), qi($role)) if $w->{owners};
	push @finds, altered($o, 'privileges')
	  if $w->{privileges} && !$no_acl{ $o->{kind} };
	return {
		sql => 'ALTER ' . sql_of($o) . ' OWNER TO ' . qi($role),
		undo => 'ALTER ' . sql_of($o) . ' OWNER TO ' . qi($was),
		finds => \@finds,
		no_undo => $w->{privileges},
		done => sub { $o->{owner} = $role }
	};
}

my %privilege = (
	table => 'SELECT ON TABLE',
	view => 'UPDATE ON TABLE',
	matview => 'SELECT ON TABLE',
	foreign => 'INSERT ON TABLE',
	sequence => 'USAGE ON SEQUENCE',
	schema => 'USAGE ON SCHEMA',
	function => 'EXECUTE ON FUNCTION',
	aggregate => 'EXECUTE ON FUNCTION',
	procedure => 'EXECUTE ON PROCEDURE',
	enum => 'USAGE ON TYPE',
	composite => 'USAGE ON TYPE',
	range => 'USAGE ON TYPE',
	domain => 'USAGE ON DOMAIN',
	fdw => 'USAGE ON FOREIGN DATA WRAPPER',
	server => 'USAGE ON FOREIGN SERVER');

sub grant
{
	my ($w, $o) = @_;
	my $role = pick($w, grep { $_ ne ($o->{owner} // '') } @roles);
	my $on = $privilege{ $o->{kind} };
	my ($grant, $revoke);

	if ($o->{kind} eq 'column')
	{
		return undef
		  unless $o->{parent}{kind} eq 'table' && !$o->{parent}{lonely};
		my $words = 'UPDATE (' . qi($o->{name}) . ') ON ' . name_of($o->{parent});

		$grant = "GRANT $words TO " . qi($role);
		$revoke = "REVOKE $words FROM " . qi($role);
	}
	else
	{
		return undef if !$on || $o->{authorized};
		my $words = "$on " . fact_identity($o);

		$grant = "GRANT $words TO " . qi($role)
		  . (chance($w, 3) ? ' WITH GRANT OPTION' : '');
		$revoke = "REVOKE $words FROM " . qi($role);
	}
	my $has = $o->{granted}{$role};

	return {
		sql => $has ? $revoke : $grant,
		finds => $w->{privileges} ? [ altered($o, 'privileges') ] : [],
		no_undo => 1,
		done => sub { $o->{granted}{$role} = !$has }
	};
}

# Gone; a revision may make it again later.
sub drop
{
	my ($w, $o) = @_;
	my $kind = $o->{kind};
	my @finds = (found($o, 'missing'));
	my $sql = drop_sql($o);

	return undef
	  if $o == $w->{public} || $o->{fixed} || $o->{repeatable} || $o->{lonely};
	if ($kind eq 'column')
	{
		return undef
		  if $o->{copy} || $o->{pinned} || $o->{view} || $o->{foreign}
		  || $o->{attribute} || $o->{key};
		return undef unless is_lone($o->{parent});
		return undef if @{ [ columns_of($w, $o->{parent}) ] } < 3;
	}

	# a script that has it runs outside of a transaction
	return undef if $kind eq 'subscription' && !$w->{damaging};
	if ($kind eq 'opclass')
	{
		push @finds, altered($o->{family}, 'operators'),
		  altered($o->{family}, 'functions');
	}
	if ($kind eq 'constraint')
	{
		# a replica identity or what else may be about it
		return undef if $o->{pinned};
	}
	return {
		sql => $sql,
		finds => \@finds,
		gone => 1,
		done => sub {
			my @needs = @{ $o->{needs} };
			my @subs = map { [ $_, @{ $_->{needs} } ] }
			  grep { $_->{kind} eq 'column' || $_->{inline} } hanging_on($w, $o);

			remove($w, $o);
			delete @{$o}{qw(comment granted state owner clustered tweaked)};
			delete @{ $_->[0] }{qw(comment granted state tweaked)} for @subs;
			push @{ $w->{dropped} }, [ $o, \@needs, \@subs ]
			  if $w->{revision} && create_sql($w, $o);
		}
	};
}

# With all that is in it.
sub drop_lonely
{
	my ($w, $o) = @_;
	my @inner = grep { $_->{schema} && $_->{schema} == $o } @{ $w->{objects} };

	return undef if !$o->{lonely};
	return undef if grep { $_->{touched} } $o, @inner, map { hanging_on($w, $_) } @inner;
	return {
		sql => 'DROP SCHEMA ' . qi($o->{name}) . ' CASCADE',
		finds => [ map { found($_, 'missing') } $o, @inner ],
		gone => 1,
		done => sub { remove($w, $_) for @inner, $o }
	};
}

# The statement that makes it as it would be made today, where that is one.
sub create_sql
{
	my ($w, $o) = @_;
	my $kind = $o->{kind};

	return sequence_sql($o)       if $kind eq 'sequence';
	return view_sql($w, $o)       if $kind =~ /^(view|matview)$/;
	return function_sql($o)       if $kind =~ /^(function|procedure)$/;
	return aggregate_sql($o)      if $kind eq 'aggregate';
	return enum_sql($o)           if $kind eq 'enum';
	return domain_sql($o)         if $kind eq 'domain';
	return range_sql($o)          if $kind eq 'range';
	return collation_sql($o)      if $kind eq 'collation';
	return index_sql($o)          if $kind eq 'index';
	return trigger_sql($o)        if $kind eq 'trigger';
	return rule_sql($o)           if $kind eq 'rule';
	return statistics_sql($o)     if $kind eq 'statistics';
	return 'ALTER TABLE ' . name_of($o->{parent}) . ' ADD CONSTRAINT '
	  . qi($o->{name}) . ' ' . constraint_definition($o)
	  if $kind eq 'constraint';
	return create_table_sql($w, $o) if $kind eq 'table' && is_lone($o) && !$o->{opaque};
	return undef;
}

# Dropped and made again, in one revision.
sub remake
{
	my ($w, $o) = @_;
	my $drop = drop($w, $o) or return undef;
	my $create;

	return undef if $w->{damaging} || !is_free($w, $o);
	return undef if $o->{kind} eq 'constraint' && ($o->{parent}{heirs} || $o->{parent}{parted});
	$create = create_sql($w, $o) or return undef;
	return {
		sql => [ $drop->{sql}, $create ],
		remade => [ $o ],
		done => sub {
			remove($w, $_)
			  for grep { $_->{kind} ne 'column' && !$_->{inline} }
			  hanging_on($w, $o);
			delete @{$o}{qw(comment granted state owner clustered tweaked not_valid)};
			delete @{$_}{qw(comment granted state tweaked)}
			  for hanging_on($w, $o);
		}
	};
}

# What an earlier revision dropped is made again.
sub revive
{
	my ($w) = @_;
	my %here = map { $_ => 1 } @{ $w->{objects} };
	my @can = grep {
		my ($o, $needs) = @$_;

		!(grep { !$here{$_} } @$needs)
		  && (!$o->{parent} || $here{ $o->{parent} })
		  && !(grep { my @n = @$_; shift @n; grep { !$here{$_} && $_->{kind} ne 'column' } @n } @{ $_->[2] })
	} @{ $w->{dropped} };
	my $it = pick($w, @can) or return undef;
	my ($o, $needs, $subs) = @$it;

	@{ $w->{dropped} } = grep { $_ != $it } @{ $w->{dropped} };
	push @{ $w->{objects} }, $o, map { $_->[0] } @$subs;
	for my $s ([ $o, @$needs ], @$subs)
	{
		my ($object, @n) = @$s;

		$object->{needs} = \@n;
		$_->{users}++ for @n;
	}
	# it may have been dropped a moment ago, by the same revision
	return { sql => create_sql($w, $o), remade => [$o] };
}

#
# Tables.
#

sub children_of
{
	my ($w, $t) = @_;

	return map { ($_, children_of($w, $_)) } alive($w, 'table',
		sub { ($_[0]{partition_of} // 0) == $t || ($_[0]{heir_of} // 0) == $t });
}

sub add_a_column
{
	my ($w, $t) = @_;

	return undef if $t->{typed} || $t->{partition_of} || $t->{lonely};

	my $c = add_column($w, $t);
	my @needs = @{ $c->{needs} };
	my @children = children_of($w, $t);
	my $act = {
		sql => 'ALTER TABLE ' . name_of($t) . ' ADD ' . column_sql($c),
		undo => drop_sql($c),
		finds => [
			map {
				my $child = $_;
				[ 'column', identity_after($c, parent => $child), 'unexpected' ]
			} $t, @children
		],
		touches => \@children
	};

	remove($w, $c);
	$act->{done} = sub {
		push @{ $w->{objects} }, $c;
		$c->{needs} = \@needs;
		$_->{users}++ for @needs;
		$t->{altered} = 1;
		if ($t->{parted})
		{
			$c->{pinned} = 1;
			SLDamage::add($w, 'column', %$c, parent => $_, needs => [],
				users => 0, pinned => 1, copy => 1)
			  for @children;
		}
	};
	return $act;
}

# What writes a table anew builds its indexes anew, too: one that a damage had
# made invalid would be valid again.
sub has_damaged_index
{
	my ($w, $t) = @_;

	return 0 unless $w->{damaging};
	return grep {
		$_->{kind} =~ /^(index|constraint)$/ && $_->{parent} == $t && $_->{touched}
	} @{ $w->{objects} };
}

sub persistence
{
	my ($w, $t) = @_;
	my ($was, $is) = $t->{unlogged} ? qw(unlogged permanent) : qw(permanent unlogged);

	return undef if has_damaged_index($w, $t);
	return undef
	  if $t->{fixed_persistence} || $t->{parted} || $t->{lonely}
	  || $t->{owns_sequence} && $w->{damaging};
	return {
		sql => 'ALTER TABLE ' . name_of($t) . ' SET '
		  . ($t->{unlogged} ? 'LOGGED' : 'UNLOGGED'),
		undo => 'ALTER TABLE ' . name_of($t) . ' SET '
		  . ($t->{unlogged} ? 'UNLOGGED' : 'LOGGED'),
		finds => [ altered($t, 'persistence', $was, $is) ],
		done => sub { $t->{unlogged} = !$t->{unlogged} }
	};
}

sub table_options
{
	my ($w, $t) = @_;
	my $n = 20 + $w->{r}->(40);

	return undef if $t->{parted};
	return {
		sql => 'ALTER TABLE ' . name_of($t) . " SET (autovacuum_vacuum_threshold = $n)",
		undo => 'ALTER TABLE ' . name_of($t) . ' RESET (autovacuum_vacuum_threshold)',
		no_undo => $t->{tweaked},
		finds => [ altered($t, 'options') ],
		done => sub { $t->{tweaked} = 1 }
	};
}

sub row_security
{
	my ($w, $t) = @_;
	my ($word, $attribute) = @{ pick($w, [ '', 'row_security' ],
			[ 'FORCE ', 'force_row_security' ]) };
	my $was = $t->{state}{$attribute};

	$word = 'ENABLE ' if $word eq '';
	$word = $word eq 'ENABLE ' ? 'DISABLE ' : 'NO FORCE ' if $was;
	return {
		sql => 'ALTER TABLE ' . name_of($t) . " ${word}ROW LEVEL SECURITY",
		finds => [ altered($t, $attribute, $was ? ('true', $null) : ($null, 'true')) ],
		done => sub { $t->{state}{$attribute} = !$was }
	};
}

sub replica_identity
{
	my ($w, $t) = @_;
	my $was = $t->{state}{replica} // $null;
	my $is = pick($w, grep { $_ ne $was } 'full', 'nothing');

	return {
		sql => 'ALTER TABLE ' . name_of($t) . ' REPLICA IDENTITY ' . uc $is,
		undo => 'ALTER TABLE ' . name_of($t) . ' REPLICA IDENTITY '
		  . ($was eq $null ? 'DEFAULT' : uc $was),
		finds => [ altered($t, 'replica_identity', $was, $is) ],
		done => sub { $t->{state}{replica} = $is }
	};
}

sub no_inherit
{
	my ($w, $t) = @_;
	my $p = $t->{heir_of} or return undef;

	return undef unless $w->{damaging};
	return {
		sql => 'ALTER TABLE ' . name_of($t) . ' NO INHERIT ' . name_of($p),
		finds => [
			altered($t, 'inherits', json_list(name_of($p)), $null),
			map({ [ 'column', identity_after($_, parent => $t), 'altered', 'inherited', 'true', $null ] }
				columns_of($w, $p)),
			map({ [ 'constraint', identity_after($_, parent => $t), 'unexpected' ] }
				grep { $_->{kind} eq 'constraint' && $_->{type} eq 'c'
					  && $_->{definition} !~ /NO INHERIT/ } hanging_on($w, $p))
		],
		touches => [ $p, hanging_on($w, $p) ]
	};
}

sub detach
{
	my ($w, $t) = @_;
	my $p = $t->{partition_of} or return undef;

	return undef if $p->{heavy} || $p->{gone};
	return undef if grep { $_->{kind} !~ /^column$/ } hanging_on($w, $p);
	return {
		sql => 'ALTER TABLE ' . name_of($p) . ' DETACH PARTITION ' . name_of($t),
		undo => 'ALTER TABLE ' . name_of($p) . ' ATTACH PARTITION ' . name_of($t) . " $t->{bound}",
		finds => [
			altered($t, 'partition_of', name_of($p), $null),
			altered($t, 'partition_bound', $t->{bound}, $null)
		],
		touches => [$p],
		done => sub {
			delete @{$t}{qw(partition_of bound)};
			$t->{opaque} = 1;
			$t->{typed} = 1;		# its columns are left alone
			@{ $t->{needs} } = grep { $_ != $p } @{ $t->{needs} };
			$p->{users}--;
		}
	};
}

# Rows for which there was no partition may have come meanwhile: as CLUSTER ON,
# a mark on an index.
sub cluster_on
{
	my ($w, $i) = @_;
	my $t = $i->{parent};

	return undef
	  if $t->{kind} ne 'table' || $t->{clustered} || $t->{parted}
	  || $i->{form} =~ /WHERE|hash|brin/;
	return {
		sql => 'ALTER TABLE ' . name_of($t) . ' CLUSTER ON ' . qi($i->{name}),
		undo => 'ALTER TABLE ' . name_of($t) . ' SET WITHOUT CLUSTER',
		finds => [ altered($i, 'clustered', $null, 'true') ],
		at_once => sub { $t->{clustered} = 1 },
		done => sub { $t->{clustered} = 1 }
	};
}

#
# Columns.
#

sub is_table_column
{
	my ($c) = @_;

	return $c->{parent}{kind} eq 'table' && !$c->{parent}{lonely};
}

sub alter_column
{
	my ($c, $words) = @_;

	return 'ALTER TABLE ' . name_of($c->{parent}) . ' ALTER ' . qi($c->{name})
	  . " $words";
}

my %varlena = map { $_ => 1 } 'text', 'jsonb', 'bytea', 'text[]',
  'character varying(20)', 'tsvector';

sub column_type_act
{
	my ($w, $c) = @_;
	my $new = $SLDamage::wider{ ref $c->{type} ? '' : $c->{type} };
	my @users = grep {
		my $o = $_;

		grep { $_ == $c } @{ $o->{needs} }
	} @{ $w->{objects} };

	return undef
	  if !$new || $c->{key} || $c->{pinned} || $c->{copy} || $c->{stored}
	  || $c->{view} || $c->{attribute} || $c->{foreign} || $c->{serial};
	return undef unless is_table_column($c) && is_ordinary($c->{parent});
	if ($w->{damaging})
	{
		return undef
		  if @users || defined $c->{default} || $c->{collate} || $c->{tweaked}
		  || !is_lone($c->{parent}) || $c->{compress}
		  || has_damaged_index($w, $c->{parent});
	}
	return undef if grep { $_->{kind} !~ /^(index|constraint|statistics)$/ } @users;
	return undef if grep { $_->{form} && $_->{form} =~ /brin|text_pattern/ } @users;
	return {
		sql => alter_column($c, "TYPE $new"),
		finds => [ altered($c, 'type', $c->{type}, $new) ],
		rebuilt => [ $c->{parent} ],
		done => sub {
			$c->{type} = $new;
			$c->{usual} = undef;
			$c->{default} = undef;
			$c->{pinned} = 1;
			$c->{altered_type} = 1;
		}
	};
}

sub not_null
{
	my ($w, $c) = @_;

	return undef
	  if $c->{key} || $c->{pinned} || $c->{copy} || $c->{stored} || $c->{view}
	  || $c->{attribute} || $c->{foreign};
	return undef unless is_table_column($c) && is_lone($c->{parent});
	return {
		sql => alter_column($c, $c->{not_null} ? 'DROP NOT NULL' : 'SET NOT NULL'),
		undo => alter_column($c, $c->{not_null} ? 'SET NOT NULL' : 'DROP NOT NULL'),
		finds => [ altered($c, 'not_null', $c->{not_null} ? qw(true false) : qw(false true)) ],
		done => sub { $c->{not_null} = !$c->{not_null} }
	};
}

sub default
{
	my ($w, $c) = @_;

	return undef
	  if !defined $c->{usual} || $c->{key} || $c->{stored} || $c->{attribute}
	  || $c->{foreign} || $c->{copy} || $c->{generated};
	return undef if $c->{parent}{lonely} || $c->{parent}{repeatable};
	return undef if $c->{parent}{kind} =~ /^(matview|foreign|index)$/;
	if (defined $c->{default})
	{
		return {
			sql => alter_column($c, 'DROP DEFAULT'),
			finds => [ altered($c, 'default', undef, $null) ],
			done => sub { $c->{default} = undef }
		};
	}
	return {
		sql => alter_column($c, "SET DEFAULT $c->{usual}"),
		undo => alter_column($c, 'DROP DEFAULT'),
		finds => [ altered($c, 'default', $null) ],
		done => sub { $c->{default} = $c->{usual} }
	};
}

sub column_statistics
{
	my ($w, $c) = @_;
	my $n = 100 + $w->{r}->(800);

	return undef unless is_table_column($c);
	return set_attribute($c, alter_column($c, "SET STATISTICS $n"),
		'statistics', 'statistics', $n, $null);
}

sub column_storage
{
	my ($w, $c) = @_;

	return undef
	  if !is_table_column($c) || $c->{altered_type} || $c->{copy}
	  || ref $c->{type} || !$varlena{ $c->{type} };
	my $act = set_attribute($c, alter_column($c, 'SET STORAGE EXTERNAL'),
		'storage', 'storage', 'external', $null)
	  or return undef;
	my $done = $act->{done};

	$act->{undo} = alter_column($c, 'SET STORAGE EXTENDED');
	$act->{done} = sub { $done->(); $c->{tweaked} = 1 };
	return $act;
}

sub column_compression
{
	my ($w, $c) = @_;

	return undef
	  if !is_table_column($c) || $c->{compress} || $c->{copy} || $c->{altered_type}
	  || ref $c->{type} || !$varlena{ $c->{type} } || $c->{parent}{opaque};
	return {
		sql => alter_column($c, 'SET COMPRESSION pglz'),
		undo => alter_column($c, 'SET COMPRESSION default'),
		finds => [ altered($c, 'compression', $null, 'pglz') ],
		done => sub { $c->{compress} = 1 }
	};
}

sub column_options
{
	my ($w, $c) = @_;
	my $n = 2 + $w->{r}->(90);

	return undef unless is_table_column($c);
	return set_attribute($c, alter_column($c, "SET (n_distinct = $n)"),
		'options', 'options', json_list("n_distinct=$n"), $null);
}

sub identity_column
{
	my ($w, $c) = @_;

	return undef unless $c->{identity_column} && is_lone($c->{parent});
	if (chance($w, 2))
	{
		my $n = 3 + $w->{r}->(50);

		return {
			sql => alter_column($c, "SET CACHE $n"),
			undo => alter_column($c, 'SET CACHE ' . ($c->{state}{cache} // 1)),
			finds => ($c->{state}{cache} // 1) == $n ? []
			: [ altered($c, 'identity_cache', $c->{state}{cache} // 1, $n) ],
			done => sub { $c->{state}{cache} = $n }
		};
	}
	my ($was, $is) = ($c->{generated} =~ /ALWAYS/) ? ('always', 'by default') : ('by default', 'always');

	return {
		sql => alter_column($c, 'SET GENERATED ' . uc $is),
		undo => alter_column($c, 'SET GENERATED ' . uc $was),
		finds => [ altered($c, 'identity', $was, $is) ],
		done => sub { $c->{generated} =~ s/GENERATED (ALWAYS|BY DEFAULT)/'GENERATED ' . uc $is/e }
	};
}

sub drop_expression
{
	my ($w, $c) = @_;

	return undef unless $c->{stored} && is_lone($c->{parent});
	return {
		sql => alter_column($c, 'DROP EXPRESSION'),
		finds => [ altered($c, 'generated', 'stored', $null), altered($c, 'expression', undef, $null) ],
		done => sub {
			delete @{$c}{qw(stored generated)};
			$c->{pinned} = 1;
			$_->{users}-- for @{ $c->{needs} };
			$c->{needs} = [];
		}
	};
}

sub foreign_column
{
	my ($w, $c) = @_;
	my $n = $w->{r}->(1000);

	return undef unless $c->{foreign};
	return set_attribute($c,
		'ALTER FOREIGN TABLE ' . name_of($c->{parent}) . " ALTER a OPTIONS (SET o 'p$n')",
		'foreign_options', 'options', json_list("o=p$n"), json_list('o=p'));
}

#
# Constraints and indexes.
#

sub has_children
{
	my ($t) = @_;

	return $t->{heirs} || $t->{parted};
}

sub constraint_catalog
{
	my ($o, $set) = @_;

	return "UPDATE pg_constraint SET $set WHERE conname = " . ql($o->{name})
	  . ' AND conrelid = ' . ql(name_of($o->{parent})) . '::regclass';
}

sub validate
{
	my ($w, $o) = @_;

	return undef if $o->{kind} eq 'constraint' && has_children($o->{parent});
	my $alter = $o->{kind} eq 'domcon' ? 'ALTER DOMAIN ' : 'ALTER TABLE ';

	if ($o->{not_valid})
	{
		return {
			sql => $alter . name_of($o->{parent}) . ' VALIDATE CONSTRAINT ' . qi($o->{name}),
			finds => [ altered($o, 'validated', 'false', 'true') ],
			done => sub { $o->{not_valid} = 0 }
		};
	}
	return undef if !$w->{damaging} || $o->{kind} eq 'domcon' || $o->{type} !~ /[cf]/;
	return {
		sql => constraint_catalog($o, 'convalidated = false'),
		undo => constraint_catalog($o, 'convalidated = true'),
		finds => [ found($o, 'invalid', 'validated', 'true', 'false') ]
	} if $w->{major} < 18 || $o->{type} eq 'c';
	return undef;
}

sub constraint_again
{
	my ($w, $o) = @_;
	my $t = $o->{parent};
	my $definition = constraint_definition($o);
	my ($sql, @finds);

	return undef
	  if !$w->{damaging} || has_children($t) || $o->{not_valid}
	  || $o->{touched} || defined $o->{comment} || $t->{lonely};
	if ($o->{type} eq 'c')
	{
		if (chance($w, 2))
		{
			$sql = "$definition NOT VALID";
			@finds = (found($o, 'invalid', 'validated', 'true', 'false'));
		}
		else
		{
			($sql = $definition) =~ s/ > / >= / or return undef;
			@finds = (altered($o, 'expression'));
		}
	}
	elsif ($o->{type} eq 'f' && $o->{tail} eq '' && !$o->{state}{deferrable})
	{
		my $how = pick($w, [ ' ON DELETE SET NULL', 'on_delete', 'set null' ],
			[ ' ON UPDATE CASCADE', 'on_update', 'cascade' ],
			[ ' MATCH FULL', 'match', 'full' ]);

		$sql = "$definition$how->[0]";
		@finds = (altered($o, $how->[1], $null, $how->[2]));
	}
	else
	{
		return undef;
	}
	return {
		sql => [
			drop_sql($o),
			'ALTER TABLE ' . name_of($t) . ' ADD CONSTRAINT ' . qi($o->{name}) . " $sql"
		],
		finds => \@finds
	};
}

sub deferrable
{
	my ($w, $o) = @_;

	return undef
	  if $o->{type} ne 'f' || $o->{tail} =~ /DEFERRABLE/ || $o->{state}{deferrable}
	  || has_children($o->{parent});
	return {
		sql => 'ALTER TABLE ' . name_of($o->{parent}) . ' ALTER CONSTRAINT '
		  . qi($o->{name}) . ' DEFERRABLE',
		undo => 'ALTER TABLE ' . name_of($o->{parent}) . ' ALTER CONSTRAINT '
		  . qi($o->{name}) . ' NOT DEFERRABLE',
		finds => [ altered($o, 'deferrable', $null, 'true') ],
		done => sub { $o->{state}{deferrable} = 1 }
	};
}

# The index below a constraint is told with it.
sub constraint_index
{
	my ($w, $o) = @_;
	my $index = qi($o->{parent}{schema}{name} // '') . '.' . qi($o->{name});
	my $what = $w->{r}->(3);

	return undef if $o->{type} !~ /[pux]/ || $o->{parent}{parted} || $o->{index_renamed};
	if ($what == 0)
	{
		my $text = 'index ' . $w->{r}->(1000);

		return set_attribute($o, "COMMENT ON INDEX $index IS '$text'",
			'index_comment', 'index_comment', $text, $null);
	}
	if ($what == 1 && $o->{type} =~ /[pu]/)
	{
		return {
			sql => "ALTER INDEX $index SET (fillfactor = " . (50 + $w->{r}->(9)) . ')',
			finds => [ altered($o, 'options') ],
			done => sub { $o->{tweaked} = 1 }
		} unless $o->{tweaked};
	}
	return undef unless $w->{damaging};
	return {
		sql => invalid_sql($index, 'false'),
		undo => invalid_sql($index, 'true'),
		finds => [ found($o, 'invalid', 'valid', $null, 'false') ]
	};
}

sub invalid_sql
{
	my ($index, $valid) = @_;

	return "UPDATE pg_index SET indisvalid = $valid WHERE indexrelid = "
	  . ql($index) . '::regclass';
}

sub index_invalid
{
	my ($w, $o) = @_;

	return undef if !$w->{damaging} || $o->{parent}{parted};
	return {
		sql => invalid_sql(name_of($o), 'false'),
		undo => invalid_sql(name_of($o), 'true'),
		finds => [ found($o, 'invalid', 'valid', 'true', 'false') ]
	};
}

sub index_options
{
	my ($w, $o) = @_;
	my $n = 50 + $w->{r}->(40);

	return undef if $o->{form} =~ /brin/ || $o->{parent}{parted};
	return set_attribute($o, 'ALTER INDEX ' . name_of($o) . " SET (fillfactor = $n)",
		'options', 'options', json_list("fillfactor=$n"),
		$o->{form} =~ /WITH/ ? json_list('fillfactor=60') : $null);
}

sub index_again
{
	my ($w, $o) = @_;
	my $name = $o->{column} ? qi($o->{column}{name}) : 'id';
	my ($new, $attribute, @texts);
	my @clean = grep { defined $o->{$_} } qw(comment state);

	return undef if @clean || $o->{form} ne '(%1$s)' || $o->{parent}{parted}
	  || $o->{parent}{clustered};
	($new, $attribute, @texts) = @{ pick($w,
			[ '(%1$s DESC)', 'columns', json_list($name), json_list("$name DESC") ],
			[ '(%1$s) WHERE 4 > 3', 'predicate', $null, '(4 > 3)' ],
			[ '(%1$s) INCLUDE (%1$s)', 'include', $null, json_list($name) ]) };

	my %other = (%$o, form => $new);

	return {
		sql => [ drop_sql($o), index_sql(\%other) ],
		finds => [ altered($o, $attribute, @texts) ],
		remade => [$o],
		done => sub { $o->{form} = $new }
	};
}

sub reindex
{
	my ($w, $o) = @_;

	return undef if $w->{damaging} || $o->{parent}{parted};
	return {
		sql => 'REINDEX INDEX ' . (chance($w, 2) ? 'CONCURRENTLY ' : '') . name_of($o),
		finds => [],
		rebuilt => [ $o->{parent} ],
		nontx => 1,
		done => sub { }
	};
}

sub drop_concurrently
{
	my ($w, $o) = @_;

	return undef if $w->{damaging} || $o->{parent}{parted};
	return {
		sql => 'DROP INDEX CONCURRENTLY ' . name_of($o),
		nontx => 1,
		done => sub { remove($w, $o) }
	};
}

#
# The other relations, and what hangs on tables.
#

sub sequence
{
	my ($w, $o) = @_;
	my ($words, $attribute, $value) = @{ pick($w,
			[ 'INCREMENT', 'increment', 20 + $w->{r}->(60) ],
			[ 'MAXVALUE', 'maximum', 1000 + $w->{r}->(9000) ],
			[ 'CACHE', 'cache', 30 + $w->{r}->(60) ],
			[ 'START', 'start', 30 + $w->{r}->(60) ]) };

	return set_attribute($o, 'ALTER ' . sql_of($o) . " $words $value",
		$attribute, $attribute, $value);
}

sub sequence_owner
{
	my ($w, $o) = @_;
	my $t = a_table($w, sub { $_[0]{id} && $_[0]{schema} == $o->{schema}
		  && !$_[0]{owner} && !$_[0]{touched} && !$_[0]{gone} });

	return undef if !$t || $o->{owner} || $o->{state}{owned_by}
	  || ($t->{unlogged} xor $o->{state}{unlogged});
	return {
		sql => 'ALTER ' . sql_of($o) . ' OWNED BY ' . fact_identity($t->{id}),
		undo => 'ALTER ' . sql_of($o) . ' OWNED BY NONE',
		finds => [ altered($o, 'owned_by', $null, fact_identity($t->{id})) ],
		touches => [ $t, $t->{id} ],
		done => sub {
			$o->{state}{owned_by} = 1;
			$o->{fixed} = 1;
			$t->{fixed} = $t->{fixed_persistence} = $t->{owns_sequence} = 1;
			$t->{id}{pinned} = 1;
			$t->{state}{moved} = 1;
		}
	};
}

sub sequence_unlogged
{
	my ($w, $o) = @_;

	return undef if $o->{state}{owned_by} || $o->{state}{unlogged};
	return {
		sql => 'ALTER ' . sql_of($o) . ' SET UNLOGGED',
		undo => 'ALTER ' . sql_of($o) . ' SET LOGGED',
		finds => [ altered($o, 'persistence', 'permanent', 'unlogged') ],
		done => sub { $o->{state}{unlogged} = 1; $o->{fixed} = 1 }
	};
}

sub view_options
{
	my ($w, $o) = @_;

	return undef if $o->{options} ne '';
	return set_attribute($o, 'ALTER ' . sql_of($o) . ' SET (security_barrier = true)',
		'options', 'options', json_list('security_barrier=true'), $null);
}

sub matview_options
{
	my ($w, $o) = @_;
	my $n = 20 + $w->{r}->(20);

	return set_attribute($o, 'ALTER ' . sql_of($o) . " SET (fillfactor = $n)",
		'options', 'options', json_list("fillfactor=$n"),
		$o->{options} eq '' ? $null : json_list('fillfactor=50'));
}

sub view_again
{
	my ($w, $o) = @_;
	my $limit = 2 + $w->{r}->(5000);

	return undef
	  if $o->{lonely} || $o->{repeatable} || $o->{kind} ne 'view' || $o->{state};
	local $o->{limit} = $limit;
	return {
		sql => view_sql($w, $o, 1),
		finds => [ altered($o, 'definition') ],
		done => sub { $o->{limit} = $limit }
	};
}

sub enabled
{
	my ($w, $o) = @_;
	my $kind = $o->{kind};
	my ($word, $is) = @{ pick($w,
			[ 'DISABLE', 'disabled' ], [ 'ENABLE ALWAYS', 'always' ],
			[ 'ENABLE REPLICA', 'replica' ]) };
	my ($alter, $tail);

	if ($kind eq 'evtrigger')
	{
		$alter = 'ALTER ' . sql_of($o);
		$tail = '';
	}
	else
	{
		return undef unless $o->{parent}{kind} eq 'table';
		return undef if $o->{parent}{parted};
		$alter = 'ALTER TABLE ' . name_of($o->{parent});
		$tail = ' ' . uc($kind) . ' ' . qi($o->{name});
	}
	my $act = set_attribute($o, "$alter $word$tail", 'enabled', 'enabled', $is, 'origin')
	  or return undef;

	$act->{undo} = "$alter ENABLE$tail" unless $o->{state}{enabled};
	return $act;
}

sub trigger_again
{
	my ($w, $o) = @_;
	my $argument = ql('a' . $w->{r}->(1000));

	return undef if $o->{constraint} || $o->{state};
	local $o->{argument} = $argument;
	return {
		sql => trigger_sql($o, 1),
		finds => [ altered($o, 'definition') ],
		done => sub { $o->{argument} = $argument }
	};
}

sub rule_again
{
	my ($w, $o) = @_;
	my $action = 'SELECT ' . (2 + $w->{r}->(5000));

	# an action that gives rows is for views alone
	$action = "NOTIFY n$1" if $action =~ /(\d+)/;
	return undef if $o->{state};
	local $o->{action} = $action;
	return {
		sql => rule_sql($o, 1),
		finds => [ altered($o, 'definition') ],
		done => sub { $o->{action} = $action }
	};
}

sub policy_again
{
	my ($w, $o) = @_;
	my $k = 100 + $w->{r}->(9000);
	my $words = $o->{command} eq 'INSERT' ? 'WITH CHECK' : 'USING';
	my $role = pick($w, @roles);

	return set_attribute($o, 'ALTER ' . sql_of($o) . ' TO ' . qi($role),
		'roles', 'roles', json_list(qi($role)), json_list('public'))
	  if chance($w, 2);
	return set_attribute($o, 'ALTER ' . sql_of($o) . " $words (id > $k)",
		$o->{command} eq 'INSERT' ? 'check' : 'using', 'condition', "(id > $k)");
}

sub statistics_target
{
	my ($w, $o) = @_;
	my $n = 20 + $w->{r}->(900);

	return set_attribute($o, 'ALTER ' . sql_of($o) . " SET STATISTICS $n",
		'statistics', 'statistics', $n, $null);
}

#
# Routines, types and the rest.
#

sub function_again
{
	my ($w, $o) = @_;
	my $version = 2 + $w->{r}->(9000);

	return undef if $o->{repeatable};
	# what was altered would be reset, and is a difference, too
	return undef if $w->{damaging} && $o->{state};
	local $o->{version} = $version;
	return {
		sql => $o->{kind} eq 'aggregate' ? aggregate_sql($o, 1) : function_sql($o, 1),
		finds => [
			altered($o, $o->{kind} eq 'aggregate' ? ('initial', undef, $version)
				: $o->{atomic} ? 'body' : 'source')
		],
		done => sub { $o->{version} = $version; delete $o->{state} }
	};
}

sub function_property
{
	my ($w, $o) = @_;
	my $n = 64 + $w->{r}->(2000);
	my $alter = 'ALTER ' . sql_of($o);

	return undef if $o->{repeatable};
	return pick($w,
		set_attribute($o, "$alter COST $n", 'cost', 'cost', $n),
		set_attribute($o, "$alter SET work_mem = '${n}kB'", 'settings', 'settings', json_list("work_mem=${n}kB")),
		$o->{form} && $o->{form} =~ /SECURITY/ || $o->{trigger} ? ()
		: set_attribute($o, "$alter SECURITY DEFINER", 'security_definer', 'definer', 'true', $null),
		$o->{form} && $o->{form} =~ /IMMUTABLE/ || $o->{fixed} ? ()
		: set_attribute($o, "$alter IMMUTABLE", 'volatility', 'volatility', 'immutable'));
}

sub operator
{
	my ($w, $o) = @_;

	return set_attribute($o, 'ALTER ' . sql_of($o) . ' SET (RESTRICT = neqsel)',
		'restrict', 'restrict', 'pg_catalog.neqsel');
}

sub family
{
	my ($w, $o) = @_;
	my $n = $w->{r}->(2) ? 5 : 2;

	return undef if $o->{used} || $o->{state}{"o$n"};
	return {
		sql => 'ALTER ' . sql_of($o) . " ADD OPERATOR $n "
		  . ($n == 5 ? '>' : '<=') . ' (integer, integer)',
		undo => 'ALTER ' . sql_of($o) . " DROP OPERATOR $n (integer, integer)",
		finds => [ altered($o, 'operators') ],
		done => sub { $o->{state}{"o$n"} = 1 }
	};
}

sub cast_again
{
	my ($w, $o) = @_;

	return undef if defined $o->{comment} || $o->{state};
	return {
		sql => [ drop_sql($o), SLDamage::cast_sql($o, ' AS IMPLICIT') ],
		finds => [ altered($o, 'context', undef, 'implicit') ],
		remade => [$o],
		done => sub { $o->{state}{context} = 1 }
	};
}

sub enum_label
{
	my ($w, $o) = @_;
	my @labels = @{ $o->{labels} };
	my @new = @labels;
	my $text = 'l' . ++$w->{number};

	if (chance($w, 2))
	{
		$new[-1] = $text;
		return {
			sql => 'ALTER ' . sql_of($o) . ' RENAME VALUE ' . ql($labels[-1]) . ' TO ' . ql($text),
			undo => 'ALTER ' . sql_of($o) . ' RENAME VALUE ' . ql($text) . ' TO ' . ql($labels[-1]),
			finds => [ altered($o, 'labels', json_list(@labels), json_list(@new)) ],
			done => sub { $o->{labels} = \@new }
		};
	}
	my $where = $w->{r}->(scalar @labels);

	splice @new, $where, 0, $text;
	return {
		sql => 'ALTER ' . sql_of($o) . ' ADD VALUE ' . ql($text) . ' BEFORE ' . ql($labels[$where]),
		finds => [ altered($o, 'labels', json_list(@labels), json_list(@new)) ],
		done => sub { $o->{labels} = \@new }
	} if $where > 0;
	return undef;
}

sub attribute
{
	my ($w, $o) = @_;
	my $name = new_name($w, 'z');

	return undef if !is_free($w, $o) || $o->{fixed};
	return {
		sql => 'ALTER ' . sql_of($o) . ' ADD ATTRIBUTE ' . qi($name) . ' integer',
		undo => 'ALTER ' . sql_of($o) . ' DROP ATTRIBUTE ' . qi($name),
		finds => [ [ 'column', fact_identity({ kind => 'column', parent => $o, name => $name }), 'unexpected' ] ],
		done => sub { SLDamage::add($w, 'column', parent => $o, name => $name, type => 'integer', attribute => 1) }
	};
}

sub domain
{
	my ($w, $o) = @_;
	my $n = 50 + $w->{r}->(500);

	if (chance($w, 2) && !$o->{users})
	{
		my $was = $o->{state}{not_null};

		return {
			sql => 'ALTER ' . sql_of($o) . ($was ? ' DROP' : ' SET') . ' NOT NULL',
			undo => 'ALTER ' . sql_of($o) . ($was ? ' SET' : ' DROP') . ' NOT NULL',
			finds => [ altered($o, 'not_null', $was ? qw(true false) : qw(false true)) ],
			done => sub { $o->{state}{not_null} = !$was }
		};
	}
	return {
		sql => 'ALTER ' . sql_of($o) . " SET DEFAULT $n",
		finds => [ altered($o, 'default') ],
		done => sub { $o->{state}{default} = $n }
	};
}

sub dictionary
{
	my ($w, $o) = @_;

	return undef if $o->{state};
	return {
		sql => 'ALTER ' . sql_of($o) . ' (STOPWORDS = dutch)',
		finds => [ altered($o, 'options') ],
		done => sub { $o->{state}{words} = 1 }
	};
}

sub mappings
{
	my ($w, $o) = @_;
	my $token = pick($w, qw(url email host sfloat version));

	return undef if $o->{state}{$token};
	return {
		sql => 'ALTER ' . sql_of($o) . " DROP MAPPING FOR $token",
		undo => 'ALTER ' . sql_of($o) . " ADD MAPPING FOR $token WITH simple",
		finds => [ altered($o, 'mappings') ],
		done => sub { $o->{state}{$token} = 1 }
	};
}

sub publication
{
	my ($w, $o) = @_;
	my $what = pick($w, grep { $_ ne ($o->{state}{publish} // '') } 'delete', 'truncate', 'insert, update');

	return set_attribute($o, 'ALTER ' . sql_of($o) . " SET (publish = '$what')",
		'publish', 'publish', json_list(split /, /, $what));
}

sub subscription
{
	my ($w, $o) = @_;
	my $name = 'p' . $w->{r}->(1000);

	return set_attribute($o, 'ALTER ' . sql_of($o) . " SET PUBLICATION $name WITH (refresh = false)",
		'publications', 'publications', json_list($name), json_list('a'));
}

sub foreign_options
{
	my ($w, $o) = @_;
	my $name = 'q' . ++$w->{number};

	return {
		sql => 'ALTER ' . sql_of($o) . " OPTIONS (ADD $name 'v')",
		undo => 'ALTER ' . sql_of($o) . " OPTIONS (DROP $name)",
		finds => [ altered($o, 'options') ],
		done => sub { }
	};
}

sub server_version
{
	my ($w, $o) = @_;
	my $n = 10 + $w->{r}->(1000);

	return set_attribute($o, 'ALTER ' . sql_of($o) . " VERSION '$n'", 'version',
		'version', $n);
}

sub extension_update
{
	my ($w, $o) = @_;

	return undef if $o->{name} ne 'citext' || $o->{state}{version};
	return {
		sql => 'ALTER ' . sql_of($o) . " UPDATE TO '1.6'",
		finds => [ altered($o, 'version', '1.5', '1.6') ],
		done => sub { $o->{state}{version} = 1 }
	};
}

# Acts by kind; those for all kinds come on top.
my %acts = (
	schema => [ \&drop_lonely ],
	table => [
		\&add_a_column, \&persistence, \&table_options, \&row_security,
		\&replica_identity, \&no_inherit, \&detach ],
	column => [
		\&column_type_act, \&not_null, \&default, \&column_statistics,
		\&column_storage, \&column_compression, \&column_options,
		\&identity_column, \&drop_expression, \&foreign_column ],
	constraint => [ \&validate, \&constraint_again, \&deferrable, \&constraint_index ],
	index => [ \&index_invalid, \&index_options, \&index_again, \&cluster_on, \&reindex, \&drop_concurrently ],
	sequence => [ \&sequence, \&sequence_owner, \&sequence_unlogged ],
	view => [ \&view_options, \&view_again ],
	matview => [ \&matview_options ],
	rule => [ \&enabled, \&rule_again ],
	trigger => [ \&enabled, \&trigger_again ],
	policy => [ \&policy_again ],
	function => [ \&function_again, \&function_property ],
	procedure => [ \&function_again ],
	aggregate => [ \&function_again ],
	operator => [ \&operator ],
	opfamily => [ \&family ],
	cast => [ \&cast_again ],
	enum => [ \&enum_label ],
	composite => [ \&attribute ],
	domain => [ \&domain ],
	domcon => [ \&validate ],
	tsdict => [ \&dictionary ],
	tsconf => [ \&mappings ],
	statistics => [ \&statistics_target ],
	evtrigger => [ \&enabled ],
	publication => [ \&publication ],
	subscription => [ \&subscription ],
	fdw => [ \&foreign_options ],
	server => [ \&foreign_options, \&server_version ],
	mapping => [ \&foreign_options ],
	foreign => [ \&foreign_options ],
	extension => [ \&extension_update ]);
my @common = (\&comment, \&rename, \&set_schema, \&owner, \&grant, \&drop);

# What most is done to.
my %weight = (column => 6, table => 4, constraint => 5, index => 4, view => 2,
	function => 2);

sub some_kind
{
	my ($w) = @_;

	return pick($w, map { ($_) x ($weight{$_} // 1) } kinds_of());
}

sub list
{
	my ($sql) = @_;

	return ref $sql ? @$sql : ($sql);
}

#
# Revisions.
#

# A statement that makes or changes something.
sub next_step
{
	my ($w, %is) = @_;

	for (;;)
	{
		my $kind = $w->{r}->(20);
		my $step;

		if ($is{nontx})
		{
			my $i = pick($w, alive($w, 'index'));

			$step = $i && $kind < 5 ? reindex($w, $i)
			  : $i && $kind < 8 && is_free($w, $i) ? drop_concurrently($w, $i)
			  : new_index($w, 1);
		}
		elsif (@{ $w->{queue} } && $kind < 9)
		{
			# what no object is there for yet waits for the next turn
			my $maker = shift @{ $w->{queue} };

			$step = $maker->($w);
			push @{ $w->{queue} }, $maker
			  if !$step && $w->{tries}{$maker}++ < 50;
		}
		elsif ($kind < 11)
		{
			my @makers = map { ($_->[0]) x $_->[1] } @SLDamage::makers;

			$step = pick($w, @makers)->($w);
		}
		elsif ($kind == 11)
		{
			$step = revive($w);
		}
		else
		{
			my $class = some_kind($w);
			my $o = pick($w, alive($w, $class)) or next;
			my $act = pick($w, @common, \&remake, @{ $acts{$class} // [] }, @{ $acts{$class} // [] });

			next if ($act == \&drop) && !is_free($w, $o);
			$step = $act->($w, $o);
			next if $step && $step->{nontx};
		}
		next unless $step;
		$step->{done}->() if $step->{done};
		return $step;
	}
}

sub wrapped
{
	my ($w, $sql) = @_;

	return $sql if !chance($w, 12) || $sql =~ /\$|^SELECT/;
	return "DO \$do\$BEGIN EXECUTE \$x\$$sql\$x\$; END\$do\$";
}

# Now and then a view and a function that are replaced as a whole.
sub repeatable
{
	my ($w) = @_;
	my $r = pick($w, @{ $w->{repeatables} // [] });

	if (!$r || @{ $w->{repeatables} } < 3 && chance($w, 2))
	{
		my $view = SLDamage::new_view($w) or return undef;
		my $o = $w->{objects}[-1]{parent};
		my $schema = some_schema($w);
		my $f = SLDamage::add($w, 'function', schema => $schema,
			name => new_name($w, 'rf'), needs => [$schema], version => 1,
			arguments => '', repeatable => 1, fixed => 1,
			form => "() RETURNS integer LANGUAGE sql AS 'SELECT %d'");

		$o->{repeatable} = $o->{fixed} = 1;
		$r = { id => 'again_' . ++$w->{number}, view => $o, function => $f };
		push @{ $w->{repeatables} }, $r;
	}
	else
	{
		my $what = $w->{r}->(3);

		$r->{view}{limit} = 2 + $w->{r}->(5000) if $what != 0;
		$r->{function}{version}++ if $what != 1;
	}
	my $comment = chance($w, 2);

	$r->{view}{comment} = 'again' if $comment;
	return {
		id => $r->{id},
		kind => 'repeatable',
		statements => [
			view_sql($w, $r->{view}, 1),
			function_sql($r->{function}, 1),
			$comment ? 'COMMENT ON ' . sql_of($r->{view}) . " IS 'again'" : ()
		],
		remade => {},
		rebuilt => {}
	};
}

sub next_revision
{
	my ($w) = @_;
	my $n = ++$w->{revision};
	my %revision = (
		id => sprintf('%03d_%s', $n, pick($w, 'orders', 'users', "o'dd", 'x')),
		kind => 'versioned',
		statements => [],
		remade => {},
		rebuilt => {});

	if ($n == 1)
	{
		# so that there is something to be about
		$w->{queue} = [ shuffle($w, map { $_->[0] } @SLDamage::makers) ];
		for my $maker (\&SLDamage::new_schema, (\&SLDamage::new_table) x 3,
			sub { SLDamage::new_function($_[0], 1) },
			\&SLDamage::new_enum, \&SLDamage::new_composite)
		{
			push @{ $revision{statements} }, list($maker->($w)->{sql});
		}
		return \%revision;
	}
	if ($n > 4 && chance($w, 8))
	{
		my $again = repeatable($w);

		return $again if $again;
	}
	if ($n > 4 && chance($w, 16))
	{
		my $t = pick($w, alive($w, 'table', sub { $_[0]{lonely} }));

		if ($t)
		{
			$revision{statements} =
			  [ 'INSERT INTO ' . name_of($t) . " (b) VALUES ('x')" ];
			return \%revision;
		}
	}
	$revision{nontx} = 1 if $n > 3 && chance($w, 8);
	for (1 .. ($revision{nontx} ? 1 : 3) + $w->{r}->(4))
	{
		my $step = next_step($w, nontx => $revision{nontx});

		push @{ $revision{statements} },
		  map { $revision{nontx} ? $_ : wrapped($w, $_) } list($step->{sql});
		$revision{remade}{ fact_identity($_) } = 1 for @{ $step->{remade} // [] };
		$revision{rebuilt}{ fact_identity($_) } = 1 for @{ $step->{rebuilt} // [] };
	}
	return \%revision;
}

#
# Damages.
#

my %not_behind = map { $_ => 1 } \&SLDamage::new_base;

# Something new that nobody expects.
sub unexpected
{
	my ($w) = @_;
	my @makers = map { $_->[0] } grep { !$not_behind{ $_->[0] } } @SLDamage::makers;
	my %before = map { $_ => 1 } @{ $w->{objects} };
	my $step = pick($w, @makers)->($w);
	my @new = grep { !$before{$_} } @{ $w->{objects} };
	my %new = map { $_ => 1 } @new;
	my @needs = map { (@{ $_->{needs} }, $_->{parent} // ()) } @new;
	my $spoilt = !$step || grep { $_->{gone} || $_->{untouchable} } @needs;
	my @told = grep { !$_->{parent} || !$new{ $_->{parent} } } @new;
	my @finds = map { found($_, 'unexpected') } @told;

	remove($w, $_) for reverse @new;
	return undef if $spoilt;
	return {
		sql => $step->{sql},
		finds => \@finds,
		touches => [ grep { !$new{$_} } @needs ],
		name => 'unexpected ' . ($told[0]{kind} // '')
	};
}

sub can_go
{
	my ($w, $o) = @_;

	return 0 if $o->{touched} || !is_free($w, $o);
	return !grep { $_->{touched} } hanging_on($w, $o);
}

# The next damage, to an object that has none yet.
sub next_damage
{
	my ($w) = @_;

	$w->{damaging} = 1;
	$w->{revision} = 0;
	for my $try (1 .. 200)
	{
		my ($act, $o);

		if (chance($w, 6))
		{
			$act = unexpected($w) or next;
			$_->{touched} = 1 for @{ $act->{touches} };
			return $act;
		}
		$o = pick($w, alive($w, some_kind($w))) or next;
		next if $o->{touched} || $o->{gone} || $o->{parent} && $o->{parent}{gone};
		my $how = pick($w, @common, @{ $acts{ $o->{kind} } // [] }, @{ $acts{ $o->{kind} } // [] });

		# these go on to those below
		next
		  if $o->{kind} eq 'column' && $how != \&comment && $how != \&grant
		  && has_children($o->{parent});

		# what comes with a database is nobody's, until somebody sets it
		next if $o == $w->{public} && ($how != \&comment || !$o->{commented});
		$act = $how->($w, $o) or next;
		next if $act->{nontx};
		next if $act->{gone} && $how != \&drop_lonely && !can_go($w, $o);
		next if grep { $_->{gone} } @{ $act->{touches} // [] };
		$act->{at_once}->() if $act->{at_once};
		$_->{touched} = 1
		  for $o, $o->{parent} // (), @{ $act->{touches} // [] };
		if ($act->{gone})
		{
			$_->{gone} = 1 for $o, hanging_on($w, $o);
			if ($o->{lonely})
			{
				for my $inner (grep { ($_->{schema} // 0) == $o } @{ $w->{objects} })
				{
					$_->{gone} = $_->{touched} = 1 for $inner, hanging_on($w, $inner);
				}
			}
		}
		$act->{name} = "$o->{kind}";
		return $act;
	}
	return undef;
}

# What is no difference of the schema.
sub noise
{
	my ($w) = @_;
	my $t = a_table($w, sub { !$_[0]{gone} && $_[0]{kind} eq 'table' && !$_[0]{typed} && !$_[0]{partition_of} });
	my $n = ++$w->{number};
	my @noise = (
		"CREATE TEMP TABLE noise_$n (id serial PRIMARY KEY, a text CHECK (a > ''))",
		[ "CREATE TABLE noise_$n (a integer)", "DROP TABLE noise_$n" ],
		"BEGIN; CREATE TABLE noise_$n (a integer); CREATE FUNCTION noise_$n() RETURNS integer LANGUAGE sql AS 'SELECT 1'; ROLLBACK",
		'ANALYZE',
		"CREATE FUNCTION pg_temp.noise_$n() RETURNS integer LANGUAGE sql AS 'SELECT 1'");

	push @noise,
	  [
		'ALTER TABLE ' . name_of($t) . " ADD noise_$n integer",
		'ALTER TABLE ' . name_of($t) . " DROP noise_$n"
	  ],
	  'BEGIN; COMMENT ON TABLE ' . name_of($t) . " IS 'noise'; ALTER TABLE " . name_of($t) . ' REPLICA IDENTITY FULL; ROLLBACK',
	  'ANALYZE ' . name_of($t),
	  'VACUUM ' . name_of($t)
	  if $t;
	return { sql => pick($w, @noise), finds => [], name => 'noise' };
}

1;
