# What the test of damages is made of: a world of objects, the revisions that
# make and change them, and what can be done to each behind the engine's back.
#
# An object is a hash: kind, name, schema (an object, too) or parent (what it
# hangs on), users (how many others need it), columns of a table.  Its name in
# SQL and its identity as a fact are worked out when asked for, so that a
# rename of anything above it is seen.
package SLDamage;

use strict;
use warnings;

use Exporter 'import';

our @EXPORT = qw(random_numbers new_world kinds_of roles_sql fact_class
  fact_identity);

our @roles = ('sl_dmg_1', 'sl dmg 2', 'sl_dmg_3');

sub roles_sql
{
	return join '', map { 'CREATE ROLE ' . qi($_) . ";\n" } @roles;
}

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

#
# Names.
#

sub qi
{
	my ($name) = @_;

	return $name if $name =~ /^[a-z_][a-z0-9_]*$/;
	$name =~ s/"/""/g;
	return qq("$name");
}

sub ql
{
	my ($text) = @_;

	$text =~ s/'/''/g;
	return "'$text'";
}

# A name that nothing has, now and then one that needs quotes.
sub new_name
{
	my ($w, $prefix) = @_;
	my $n = ++$w->{number};
	my $odd = $w->{r}->(12);

	return "Odd $prefix$n" if $odd == 0;
	return "$prefix\"$n"   if $odd == 1 && $prefix !~ /^ext/;
	return "$prefix.$n"    if $odd == 2;
	return "\xc3\xa9$prefix$n" if $odd == 3;
	return "$prefix$n";
}

sub chance
{
	my ($w, $one_in) = @_;

	return $w->{r}->($one_in) == 0;
}

sub pick
{
	my ($w, @list) = @_;

	return @list ? $list[ $w->{r}->(scalar @list) ] : undef;
}

sub shuffle
{
	my ($w, @list) = @_;

	for (my $i = @list; --$i > 0;)
	{
		my $j = $w->{r}->($i + 1);

		@list[ $i, $j ] = @list[ $j, $i ];
	}
	return @list;
}

#
# Objects.
#

# What a kind is called as a fact and in SQL; 'on' hangs on a table.
my %class = (
	schema => 'schema',
	table => 'table',
	column => 'column',
	constraint => 'constraint',
	index => 'index',
	sequence => 'sequence',
	view => 'view',
	matview => 'materialized view',
	rule => 'rule',
	trigger => 'trigger',
	policy => 'policy',
	function => 'function',
	procedure => 'procedure',
	aggregate => 'aggregate',
	operator => 'operator',
	opclass => 'operator class',
	opfamily => 'operator family',
	cast => 'cast',
	enum => 'enum',
	composite => 'composite type',
	domain => 'domain',
	domcon => 'domain constraint',
	range => 'range',
	base => 'base type',
	collation => 'collation',
	conversion => 'conversion',
	tsdict => 'text search dictionary',
	tsconf => 'text search configuration',
	tsparser => 'text search parser',
	tstemplate => 'text search template',
	statistics => 'statistics',
	evtrigger => 'event trigger',
	publication => 'publication',
	subscription => 'subscription',
	fdw => 'foreign data wrapper',
	server => 'server',
	mapping => 'user mapping',
	foreign => 'foreign table',
	extension => 'extension',
	language => 'language',
	method => 'access method',
	transform => 'transform');
my %sql_kind = (
	enum => 'TYPE',
	composite => 'TYPE',
	range => 'TYPE',
	base => 'TYPE',
	matview => 'MATERIALIZED VIEW',
	opclass => 'OPERATOR CLASS',
	opfamily => 'OPERATOR FAMILY',
	tsdict => 'TEXT SEARCH DICTIONARY',
	tsconf => 'TEXT SEARCH CONFIGURATION',
	tsparser => 'TEXT SEARCH PARSER',
	tstemplate => 'TEXT SEARCH TEMPLATE',
	evtrigger => 'EVENT TRIGGER',
	fdw => 'FOREIGN DATA WRAPPER',
	foreign => 'FOREIGN TABLE',
	mapping => 'USER MAPPING',
	method => 'ACCESS METHOD');

sub kinds_of
{
	return sort keys %class;
}

sub fact_class
{
	my ($o) = @_;

	return $class{ $o->{kind} };
}

# The name with its schema, as SQL wants it.
sub name_of
{
	my ($o) = @_;

	if ($o->{kind} eq 'index')
	{
		return qi($o->{parent}{schema}{name}) . '.' . qi($o->{name});
	}
	return qi($o->{schema}{name}) . '.' . qi($o->{name}) if $o->{schema};
	return qi($o->{name});
}

sub fact_identity
{
	my ($o) = @_;
	my $kind = $o->{kind};

	return $o->{identity}->($o) if $o->{identity};
	return name_of($o->{parent}) . '.' . qi($o->{name})
	  if $o->{parent} && $kind ne 'index';
	return name_of($o) . "($o->{arguments})" if defined $o->{arguments};
	return name_of($o) . ' USING btree'      if $kind =~ /^op(class|family)$/;
	return name_of($o);
}

# As in COMMENT ON, ALTER and DROP.
sub sql_of
{
	my ($o) = @_;
	my $kind = $o->{kind};
	my $what = $sql_kind{$kind} // uc $kind;

	return "COLUMN " . fact_identity($o) if $kind eq 'column';
	return 'CONSTRAINT ' . qi($o->{name}) . ' ON DOMAIN ' . name_of($o->{parent})
	  if $kind eq 'domcon';
	return "$what " . qi($o->{name}) . ' ON ' . name_of($o->{parent})
	  if $kind =~ /^(constraint|trigger|rule|policy)$/;
	return "$what FOR " . qi($o->{role}) . ' SERVER ' . qi($o->{server}{name})
	  if $kind eq 'mapping';
	return "$what " . fact_identity($o);
}

sub drop_sql
{
	my ($o) = @_;
	my $kind = $o->{kind};

	return 'ALTER TABLE ' . name_of($o->{parent}) . ' DROP COLUMN ' . qi($o->{name})
	  if $kind eq 'column';
	return 'ALTER TABLE ' . name_of($o->{parent}) . ' DROP CONSTRAINT ' . qi($o->{name})
	  if $kind eq 'constraint';
	return 'ALTER DOMAIN ' . name_of($o->{parent}) . ' DROP CONSTRAINT ' . qi($o->{name})
	  if $kind eq 'domcon';
	return 'DROP ' . sql_of($o);
}

# What cannot be renamed gives nothing.
sub rename_sql
{
	my ($o, $new) = @_;
	my $kind = $o->{kind};
	my ($from, $to) = (qi($o->{name}), qi($new));

	return undef if $kind =~ /^(operator|cast|mapping|extension|transform|method)$/;
	return 'ALTER TABLE ' . name_of($o->{parent}) . " RENAME COLUMN $from TO $to"
	  if $kind eq 'column';
	return 'ALTER TABLE ' . name_of($o->{parent}) . " RENAME CONSTRAINT $from TO $to"
	  if $kind eq 'constraint';
	return 'ALTER DOMAIN ' . name_of($o->{parent}) . " RENAME CONSTRAINT $from TO $to"
	  if $kind eq 'domcon';
	return 'ALTER ' . sql_of($o) . " RENAME TO $to";
}

# A new object, of which 'needs' cannot go before it.
sub add
{
	my ($w, $kind, %is) = @_;
	my $o = { kind => $kind, users => 0, needs => [], %is };

	$o->{parent} = $is{parent};
	$_->{users}++ for @{ $o->{needs} };
	push @{ $w->{objects} }, $o;
	return $o;
}

# Those that are still there, under the name that they are known by.
sub alive
{
	my ($w, $kind, $test) = @_;

	return grep { $_->{kind} eq $kind && !$_->{gone} && (!$test || $test->($_)) }
	  @{ $w->{objects} };
}

sub hanging_on
{
	my ($w, $o) = @_;

	return grep { $_->{parent} && $_->{parent} == $o } @{ $w->{objects} };
}

# Nobody outside needs it or what hangs on it.
sub is_free
{
	my ($w, $o) = @_;
	my @subs = hanging_on($w, $o);
	my %own = map { $_ => 1 } @subs;
	my $inner = 0;

	return 0 if $o->{fixed};
	for my $s (@subs)
	{
		for my $need (@{ $s->{needs} })
		{
			$inner++ if $need == $o || $own{$need};
		}
	}
	my $sum = $o->{users};
	$sum += $_->{users} for @subs;
	return $sum == $inner;
}

sub remove
{
	my ($w, $o) = @_;
	my %gone = ($o => 1, map { $_ => 1 } hanging_on($w, $o));

	for my $g (grep { $gone{$_} } @{ $w->{objects} })
	{
		$_->{users}-- for @{ $g->{needs} };
		$g->{needs} = [];
		delete $g->{parent}{key}
		  if $g->{kind} eq 'constraint' && ($g->{parent}{key} // 0) == $g;
	}
	@{ $w->{objects} } = grep { !$gone{$_} } @{ $w->{objects} };
}

sub new_world
{
	my ($seed, %flavour) = @_;
	my $w = {
		%flavour,
		r => random_numbers($seed),
		number => 0,
		objects => [],
		dropped => [],
		revision => 0,
		queue => []
	};

	# what every database has
	$w->{public} = { kind => 'schema', name => 'public', users => 1,
		needs => [], fixed => 1, comment => 'standard public schema' };
	push @{ $w->{objects} }, $w->{public};
	return $w;
}

sub some_schema
{
	my ($w) = @_;

	return pick($w, alive($w, 'schema', sub { !$_[0]{lonely} }));
}

#
# Tables and their columns.
#

# type, default, can be compared, can have a collation
my @types = (
	[ 'integer', '7', 1 ],
	[ 'bigint', '8 * 2', 1 ],
	[ 'smallint', undef, 1 ],
	[ 'numeric(10,2)', '1.50', 1 ],
	[ 'text', "'a''b'", 1, 1 ],
	[ 'character varying(20)', "'x'", 1, 1 ],
	[ 'character(3)', undef, 1, 1 ],
	[ 'boolean', 'true', 1 ],
	[ 'timestamp with time zone', 'now()', 1 ],
	[ 'timestamp without time zone', "'2020-01-02 03:04:05'", 1 ],
	[ 'date', 'CURRENT_DATE', 1 ],
	[ 'interval', "'1 day'", 1 ],
	[ 'uuid', undef, 1 ],
	[ 'jsonb', "'{}'", 0 ],
	[ 'bytea', "'\\x00ff'", 1 ],
	[ 'integer[]', "'{1,2}'", 1 ],
	[ 'text[]', "ARRAY['a']", 1 ],
	[ 'inet', undef, 1 ],
	[ 'point', undef, 0 ],
	[ 'tsvector', undef, 0 ],
	[ 'double precision', '0.1', 1 ]);

# Another type than the column has, to which it can be changed.
our %wider = (
	integer => 'bigint',
	bigint => 'numeric(20,0)',
	smallint => 'integer',
	'numeric(10,2)' => 'numeric(12,3)',
	'character varying(20)' => 'character varying(40)',
	text => 'character varying(99)',
	'character(3)' => 'text',
	date => 'timestamp without time zone',
	boolean => 'text',
	'double precision' => 'real');

sub column_type
{
	my ($o) = @_;

	return ref $o->{type} ? name_of($o->{type}) : $o->{type};
}

sub add_column
{
	my ($w, $t, %is) = @_;
	my $type = pick($w, @types);
	my $c = {
		name => new_name($w, 'c'),
		type => $type->[0],
		usual => $type->[1],
		comparable => $type->[2],
		text => $type->[3]
	};
	my @needs;

	if (!$is{type} && chance($w, 5))
	{
		my $user = pick($w,
			map { alive($w, $_) } 'enum', 'domain', 'composite', 'range');

		if ($user)
		{
			$c->{type} = $user;
			$c->{usual} =
			  $user->{kind} eq 'enum' ? ql($user->{labels}[0]) : undef;
			$c->{comparable} = 0;
			$c->{text} = 0;
			push @needs, $user;
		}
	}
	$c->{default} = $c->{usual} if defined $c->{usual} && chance($w, 3);
	$c->{not_null} = chance($w, 3) ? 1 : 0;
	if ($c->{text} && chance($w, 6))
	{
		my $collation = pick($w, alive($w, 'collation'));

		push @needs, $collation if $collation;
		$c->{collate} = $collation // '"C"';
	}
	if ($c->{text} && chance($w, 8))
	{
		$c->{compress} = 1;
	}
	return add($w, 'column', parent => $t, needs => \@needs, %$c, %is);
}

sub column_sql
{
	my ($c) = @_;
	my $sql = qi($c->{name}) . ' ' . ($c->{serial} // column_type($c));

	$sql .= ' COMPRESSION pglz' if $c->{compress};
	$sql .= ' COLLATE '
	  . (ref $c->{collate} ? name_of($c->{collate}) : $c->{collate})
	  if $c->{collate};
	$sql .= " $c->{generated}" if $c->{generated};
	$sql .= " DEFAULT $c->{default}"
	  if defined $c->{default} && !$c->{generated};
	$sql .= ' NOT NULL' if $c->{not_null} && !$c->{generated};
	return $sql;
}

sub columns_of
{
	my ($w, $t, $test) = @_;

	return grep { $_->{kind} eq 'column' && !$_->{gone} && (!$test || $test->($_)) }
	  hanging_on($w, $t);
}

# A column of a table that something else can be about.
sub any_column
{
	my ($w, $t, $test) = @_;

	return pick($w, columns_of($w, $t, $test));
}

sub is_ordinary
{
	my ($t) = @_;

	return !$t->{parted} && !$t->{partition_of} && !$t->{typed};
}

# Alone: no heirs, no parents.
sub is_lone
{
	my ($t) = @_;

	return is_ordinary($t) && !$t->{heir_of} && !$t->{heirs};
}

sub a_table
{
	my ($w, $test) = @_;

	return pick($w,
		alive($w, 'table', sub { !$_[0]{lonely} && (!$test || $test->($_[0])) }))
	  // undef;
}

sub create_table_sql
{
	my ($w, $t) = @_;
	my @parts = map { column_sql($_) } columns_of($w, $t);
	my $sql = 'CREATE ' . ($t->{unlogged} ? 'UNLOGGED ' : '') . 'TABLE '
	  . name_of($t);

	push @parts,
	  'CONSTRAINT ' . qi($_->{name}) . " $_->{definition}"
	  for grep { $_->{kind} eq 'constraint' && $_->{inline} }
	  hanging_on($w, $t);
	$sql .= ' (' . join(', ', @parts) . ')';
	$sql .= ' INHERITS (' . name_of($t->{heir_of}) . ')' if $t->{heir_of};
	$sql .= " PARTITION BY $t->{parted}" if $t->{parted};
	$sql .= " WITH ($t->{options})"      if $t->{options};
	return $sql;
}

sub make_table
{
	my ($w, %is) = @_;
	my $t = add($w, 'table', schema => some_schema($w),
		name => new_name($w, 't'), %is);
	my $id = add_column($w, $t, name => 'id', type => 'integer',
		comparable => 1, text => 0, default => undef, not_null => 1,
		collate => undef, compress => undef, usual => undef, key => 1);

	$t->{needs} = [ $t->{schema} ];
	$t->{schema}{users}++;
	$t->{id} = $id;
	my $r = $w->{r}->(4);
	if ($r == 0)
	{
		$id->{generated} = 'GENERATED '
		  . pick($w, 'ALWAYS', 'BY DEFAULT')
		  . ' AS IDENTITY'
		  . pick($w, '', ' (START 5 INCREMENT 2)', ' (MAXVALUE 900 CYCLE)');
		$id->{identity_column} = 1;
	}
	elsif ($r == 1)
	{
		$id->{serial} = 'serial';
		$t->{owns_sequence} = 1;
	}
	add_column($w, $t) for 1 .. 2 + $w->{r}->(5);
	if (chance($w, 3))
	{
		add_column($w, $t, type => 'numeric', comparable => 1, text => 0,
			collate => undef, compress => undef, default => undef,
			not_null => 0, usual => undef,
			generated => 'GENERATED ALWAYS AS (id * 2.5) STORED',
			stored => 1, needs => [$id]);
	}
	if (!chance($w, 4))
	{
		my $pk = add($w, 'constraint', parent => $t,
			name => new_name($w, 'pk'), inline => 1, type => 'p',
			definition => 'PRIMARY KEY (id)'
			  . (chance($w, 5) ? ' WITH (fillfactor = 70)' : ''),
			columns => [$id], needs => [$id]);
		$t->{key} = $pk;
	}
	if (chance($w, 3))
	{
		my $k = $w->{r}->(3);

		add($w, 'constraint', parent => $t, name => new_name($w, 'ck'),
			inline => 1, type => 'c',
			definition => "CHECK (id > $k)"
			  . (chance($w, 4) ? ' NO INHERIT' : ''),
			columns => [$id], needs => [$id]);
	}
	$t->{unlogged} = 1 if chance($w, 8);
	$t->{options} = pick($w, 'fillfactor = 70', 'autovacuum_enabled = off',
		'toast.autovacuum_enabled = off, fillfactor = 60')
	  if chance($w, 6);
	return $t;
}

sub new_table
{
	my ($w) = @_;

	return { sql => create_table_sql($w, make_table($w)) };
}

sub new_heir
{
	my ($w) = @_;
	my $parent = a_table($w, \&is_lone) // a_table($w, sub { $_[0]{heirs} && is_ordinary($_[0]) })
	  or return undef;
	my $schema = some_schema($w);
	my $t;

	return undef if $parent->{heir_of};
	$t = add($w, 'table', schema => $schema, name => new_name($w, 'h'),
		heir_of => $parent, needs => [ $schema, $parent ]);
	$parent->{heirs}++;
	add_column($w, $t) for 1 .. 1 + $w->{r}->(2);
	return { sql => create_table_sql($w, $t) };
}

sub new_parted
{
	my ($w) = @_;
	my $schema = some_schema($w);
	my $t = add($w, 'table', schema => $schema, name => new_name($w, 'pt'),
		needs => [$schema], bounds => 0);
	my $k = add_column($w, $t, name => 'k', type => 'integer', comparable => 1,
		text => 0, default => undef, not_null => 1, collate => undef,
		compress => undef, usual => undef);
	my $how = pick($w, 'RANGE', 'LIST', 'HASH');

	$k->{pinned} = 1;
	$t->{parted} = "$how (k)";
	$t->{how} = $how;
	add_column($w, $t) for 1 .. 2;
	if (chance($w, 3))
	{
		$t->{heavy} = 1;
		add($w, 'constraint', parent => $t, name => new_name($w, 'pk'),
			inline => 1, type => 'p', definition => 'PRIMARY KEY (k)',
			columns => [$k], needs => [$k]);
	}
	my @sql = (create_table_sql($w, $t));
	for (1 .. 1 + $w->{r}->(3))
	{
		my $sql = new_partition($w, $t)->{sql};

		push @sql, ref $sql ? @$sql : $sql;
	}
	return { sql => \@sql };
}

sub next_bound
{
	my ($w, $t) = @_;
	my $n = $t->{bounds}++;

	return
	    $t->{how} eq 'RANGE' ? sprintf('FOR VALUES FROM (%d) TO (%d)', $n * 10, $n * 10 + 10)
	  : $t->{how} eq 'LIST' ? sprintf('FOR VALUES IN (%d, %d)', $n * 2, $n * 2 + 1)
	  : "FOR VALUES WITH (modulus 32, remainder $n)";
}

# By CREATE, or by ATTACH of a table that is like it.
sub new_partition
{
	my ($w, $t) = @_;

	$t //= a_table($w, sub { $_[0]{parted} && $_[0]{bounds} < 30 })
	  or return undef;
	my $schema = some_schema($w);
	my $p = add($w, 'table', schema => $schema, name => new_name($w, 'p'),
		partition_of => $t, needs => [ $schema, $t ]);
	my $bound = next_bound($w, $t);

	for my $c (columns_of($w, $t))
	{
		# as much as damages need
		my %copy = (%$c, parent => $p, needs => [], users => 0, pinned => 1, copy => 1);

		add($w, 'column', %copy);
	}
	$p->{bound} = $bound;
	return { sql => 'CREATE TABLE ' . name_of($p) . ' PARTITION OF '
		  . name_of($t) . " $bound" }
	  if $t->{altered} || $t->{heavy} || !chance($w, 3);
	return {
		sql => [
			'CREATE TABLE ' . name_of($p) . ' (LIKE ' . name_of($t)
			  . ' INCLUDING DEFAULTS INCLUDING STORAGE INCLUDING COMPRESSION)',
			'ALTER TABLE ' . name_of($t) . ' ATTACH PARTITION ' . name_of($p)
			  . " $bound"
		]
	};
}

# Copies of a table by the other ways that there are.
sub new_copy
{
	my ($w) = @_;
	my $from = a_table($w, \&is_ordinary) or return undef;
	my $schema = some_schema($w);
	my $t = add($w, 'table', schema => $schema, name => new_name($w, 'copy'),
		needs => [$schema]);
	my $how = $w->{r}->(3);
	my @columns = columns_of($w, $from, sub { !$_[0]{generated} });

	# nothing is known of these but their names
	for my $c (@columns)
	{
		push @{ $t->{needs} }, @{ $c->{needs} };
		$_->{users}++ for @{ $c->{needs} };
		add($w, 'column', parent => $t, name => $c->{name},
			type => $c->{type}, comparable => 0, pinned => 1, copy => 1);
	}
	$t->{opaque} = 1;
	$t->{owns_sequence} = 1;
	my $list = join ', ', map { qi($_->{name}) } @columns;
	return { sql => 'CREATE TABLE ' . name_of($t) . " AS SELECT $list FROM "
		  . name_of($from) . ' WITH NO DATA' }
	  if $how == 0;
	return { sql => "SELECT $list INTO " . name_of($t) . ' FROM '
		  . name_of($from) }
	  if $how == 1;
	remove($w, $t);
	return undef;
}

sub new_typed
{
	my ($w) = @_;
	my $type = pick($w, alive($w, 'composite')) or return undef;
	my $schema = some_schema($w);
	my $t = add($w, 'table', schema => $schema, name => new_name($w, 'of'),
		typed => 1, needs => [ $schema, $type ]);

	for my $c (columns_of($w, $type))
	{
		add($w, 'column', parent => $t, name => $c->{name},
			type => $c->{type}, pinned => 1, copy => 1);
	}
	# its columns are the type's, and follow it
	$type->{fixed} = 1;
	return { sql => 'CREATE TABLE ' . name_of($t) . ' OF ' . name_of($type) };
}

#
# What hangs on tables.
#

sub new_constraint
{
	my ($w) = @_;
	my $t = a_table($w, sub { !$_[0]{typed} && !$_[0]{partition_of} && !$_[0]{opaque} })
	  or return undef;
	my $what = $w->{r}->(5);
	my $c = any_column($w, $t, sub { $_[0]{comparable} && !$_[0]{stored} });
	my %is = (parent => $t, name => new_name($w, 'con'));
	my $also = '';

	return undef unless $c;
	if ($what == 0 || $t->{parted} || $t->{heir_of})
	{
		$is{type} = 'c';
		$is{definition} = 'CHECK (' . qi($c->{name}) . ' IS NOT NULL OR '
		  . $w->{r}->(9) . ' > 4)';
		$is{definition} .= ' NO INHERIT' if chance($w, 4) && !$t->{parted};
		$also = ' NOT VALID' if chance($w, 4) && !$t->{parted};
		$is{not_valid} = 1 if $also;
		$is{needs} = [$c];
		$t->{heavy} = 1;
	}
	elsif ($what == 1)
	{
		$is{type} = 'u';
		$is{definition} =
		    'UNIQUE'
		  . (chance($w, 4) ? ' NULLS NOT DISTINCT' : '') . ' ('
		  . qi($c->{name}) . ')'
		  . (chance($w, 4) ? ' INCLUDE (id)' : '')
		  . (chance($w, 4) ? ' DEFERRABLE INITIALLY DEFERRED' : '');
		$is{needs} = [ $c, $is{definition} =~ /INCLUDE/ ? $t->{id} : () ];
		return undef if $is{definition} =~ /INCLUDE/ && $c == $t->{id};
	}
	elsif ($what == 2)
	{
		$is{type} = 'x';
		$is{definition} = 'EXCLUDE USING btree (' . qi($c->{name}) . ' WITH =)'
		  . (chance($w, 3) ? ' WHERE (id > 5)' : '');
		$is{needs} = [ $c, $t->{id} ];
		return undef unless $t->{id};
	}
	else
	{
		my $to = a_table($w,
			sub { $_[0]{key} && !$_[0]{unlogged} && $_[0]{key}{name} });

		return undef if !$to || $t->{unlogged} || !$t->{id} || $to == $t;
		$is{type} = 'f';
		$is{target} = $to;
		$is{definition_of} = sub {
			'FOREIGN KEY (id) REFERENCES ' . name_of($to) . " (id)$is{tail}";
		};
		$is{tail} = pick($w, '', ' ON DELETE CASCADE', ' MATCH FULL',
			' ON UPDATE CASCADE ON DELETE NO ACTION', ' DEFERRABLE',
			' DEFERRABLE INITIALLY DEFERRED');
		$also = ' NOT VALID' if chance($w, 4);
		$is{not_valid} = 1 if $also;
		$is{needs} = [ $t->{id}, $to, $to->{id}, $to->{key} ];
		$t->{fixed_persistence} = $to->{fixed_persistence} = 1;
	}
	my $o = add($w, 'constraint', %is);
	return { sql => 'ALTER TABLE ' . name_of($t) . ' ADD CONSTRAINT '
		  . qi($o->{name}) . ' ' . constraint_definition($o) . $also };
}

sub constraint_definition
{
	my ($o) = @_;

	return $o->{definition_of} ? $o->{definition_of}->() : $o->{definition};
}

sub index_definition
{
	my ($o) = @_;
	my $on = $o->{column};
	my $name = $on ? qi($on->{name}) : 'id';

	return sprintf $o->{form}, $name;
}

sub index_sql
{
	my ($o, $concurrently) = @_;

	return 'CREATE ' . ($o->{unique} ? 'UNIQUE ' : '') . 'INDEX '
	  . ($concurrently ? 'CONCURRENTLY ' : '') . qi($o->{name}) . ' ON '
	  . name_of($o->{parent}) . ' ' . index_definition($o);
}

sub new_index
{
	my ($w, $concurrently) = @_;
	my $t;

	if (!$concurrently && chance($w, 8))
	{
		$t = pick($w, alive($w, 'matview'));
	}
	$t //= a_table($w, sub { !$_[0]{opaque} && !$_[0]{typed} && !$_[0]{partition_of}
		  && !($concurrently && $_[0]{parted}) })
	  or return undef;
	my $c = any_column($w, $t, sub { $_[0]{comparable} }) or return undef;
	my @forms = (
		'(%s)', '(%s DESC NULLS LAST)', 'USING hash (%s)',
		'(%s) WITH (fillfactor = 60)', 'USING brin (%s)', '(%s, %1$s)');

	push @forms, '(id, %s)', '(%s) WHERE id > 3', '(%s) INCLUDE (id)',
	  '((id + 1), %s)'
	  if $t->{id} && $c != $t->{id};
	push @forms, '(lower(%s))', '(%s text_pattern_ops, %1$s COLLATE "C")'
	  if $c->{type} eq 'text';
	@forms = grep { !/brin/ } @forms unless $c->{type} =~ /^(integer|bigint|date|text)$/;
	@forms = grep { !/hash/ } @forms
	  if $c->{type} =~ /bytea|numeric/;
	my %is = (parent => $t, name => new_name($w, 'i'), column => $c,
		form => pick($w, @forms));
	$is{form} =~ s/%s/%1\$s/g;
	$is{unique} = 1
	  if chance($w, 4) && $is{form} !~ /hash|brin/ && !$t->{parted};
	$is{needs} = [ $c, $is{form} =~ /\bid\b/ ? $t->{id} : () ];
	$t->{heavy} = 1;
	my $o = add($w, 'index', %is);
	return { sql => index_sql($o, $concurrently), nontx => $concurrently };
}

sub new_trigger
{
	my ($w) = @_;
	my $t = a_table($w) or return undef;
	my $f = trigger_function($w) or return undef;
	my %is = (parent => $t, name => new_name($w, 'tr'), needs => [$f],
		function => $f);

	$is{form} = pick($w,
		'BEFORE INSERT ON %s FOR EACH ROW',
		'AFTER UPDATE OR DELETE ON %s FOR EACH STATEMENT',
		'AFTER INSERT ON %s FOR EACH ROW WHEN (NEW IS NOT NULL)',
		'AFTER TRUNCATE ON %s FOR EACH STATEMENT',
		'BEFORE UPDATE ON %s FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)');
	if (!$t->{parted} && chance($w, 5))
	{
		$is{constraint} = 'CONSTRAINT ';
		$is{form} =
		  'AFTER INSERT ON %s DEFERRABLE INITIALLY DEFERRED FOR EACH ROW';
	}
	# a whole row knows its columns, and keeps them
	if ($is{form} =~ /NEW/)
	{
		return undef if $t->{parted} || $t->{partition_of};
		push @{ $is{needs} }, columns_of($w, $t);
		return undef
		  if $t->{heir_of} || columns_of($w, $t, sub { $_[0]{stored} });
		$t->{altered} = 1;
	}
	return undef if $t->{parted} && $is{form} =~ /TRUNCATE/;
	my $o = add($w, 'trigger', %is);
	return { sql => trigger_sql($o) };
}

sub trigger_sql
{
	my ($o, $replace) = @_;
	my $sql = sprintf "CREATE %s%sTRIGGER %s $o->{form} EXECUTE FUNCTION %s(%s)",
	  $replace ? 'OR REPLACE ' : '', $o->{constraint} // '', qi($o->{name}),
	  name_of($o->{parent}), name_of($o->{function}), $o->{argument} // '';

	return $sql;
}

sub trigger_function
{
	my ($w) = @_;

	return pick($w, alive($w, 'function', sub { $_[0]{trigger} }));
}

sub new_rule
{
	my ($w) = @_;
	my $t = a_table($w, sub { !$_[0]{partition_of} }) or return undef;

	$t = pick($w, alive($w, 'view', sub { !$_[0]{lonely} })) // $t
	  if chance($w, 2);
	my $o = add($w, 'rule', parent => $t, name => new_name($w, 'ru'),
		event => pick($w, 'INSERT', 'UPDATE', 'DELETE'));
	return { sql => rule_sql($o) };
}

sub rule_sql
{
	my ($o, $replace) = @_;

	return 'CREATE ' . ($replace ? 'OR REPLACE ' : '') . 'RULE '
	  . qi($o->{name}) . " AS ON $o->{event} TO " . name_of($o->{parent})
	  . ' DO INSTEAD ' . ($o->{action} // 'NOTHING');
}

sub new_policy
{
	my ($w) = @_;
	my $t = a_table($w, sub { $_[0]{id} }) or return undef;
	my $k = $w->{r}->(99);
	my $what = pick($w, 'ALL', 'SELECT', 'UPDATE', 'DELETE', 'INSERT');
	my $o = add($w, 'policy', parent => $t, name => new_name($w, 'po'),
		command => $what, needs => [ $t->{id} ]);

	return { sql => 'CREATE POLICY ' . qi($o->{name}) . ' ON ' . name_of($t)
		  . (chance($w, 3) ? ' AS RESTRICTIVE' : '')
		  . " FOR $what"
		  . ($what eq 'INSERT' ? " WITH CHECK (id > $k)" : " USING (id > $k)") };
}

sub new_statistics
{
	my ($w) = @_;
	my $t = a_table($w, sub { !$_[0]{opaque} && !$_[0]{parted} && $_[0]{id} })
	  or return undef;
	my $c = any_column($w, $t, sub { $_[0]{comparable} && !$_[0]{key} && !$_[0]{stored} })
	  or return undef;
	my $schema = some_schema($w);
	my $o = add($w, 'statistics', schema => $schema, table => $t,
		name => new_name($w, 'st'), column => $c,
		what => pick($w, '', '(ndistinct) ', '(dependencies, mcv) '),
		needs => [ $schema, $c, $t->{id} ]);

	return { sql => statistics_sql($o) };
}

sub statistics_sql
{
	my ($o) = @_;

	return 'CREATE STATISTICS ' . name_of($o) . " $o->{what}ON id, "
	  . qi($o->{column}{name}) . ' FROM ' . name_of($o->{table});
}

#
# Relations without rows of their own.
#

sub new_sequence
{
	my ($w) = @_;
	my $schema = some_schema($w);
	my $o = add($w, 'sequence', schema => $schema, name => new_name($w, 's'),
		needs => [$schema],
		options => pick($w, '', ' INCREMENT 5 START 11', ' AS integer CYCLE',
			' MINVALUE -5 MAXVALUE 500 CACHE 7'));

	return { sql => sequence_sql($o) };
}

sub sequence_sql
{
	my ($o) = @_;

	return 'CREATE SEQUENCE ' . name_of($o) . $o->{options};
}

# Views name their columns, so that a rename below changes the text only.
sub new_view
{
	my ($w, $kind) = @_;
	my $t = a_table($w) // return undef;

	$t = pick($w, alive($w, 'view', sub { !$_[0]{repeatable} && !$_[0]{lonely} })) // $t
	  if chance($w, 4);
	my @columns = (shuffle($w, columns_of($w, $t)))[ 0 .. 1 ];
	my $schema = some_schema($w);

	$kind //= 'view';
	@columns = grep { defined } @columns;
	return undef unless @columns;
	my $o = add($w, $kind, schema => $schema, name => new_name($w, 'v'),
		from => $t, columns => \@columns, limit => 0,
		options => $kind eq 'view'
		? pick($w, '', '', ' WITH (security_barrier)')
		: pick($w, '', ' WITH (fillfactor = 50)'),
		needs => [ $schema, $t, @columns ]);
	my $n = 0;

	for my $c (@columns)
	{
		add($w, 'column', parent => $o, name => 'v' . ++$n, type => $c->{type},
			comparable => $c->{comparable}, text => $c->{text}, view => 1,
			usual => $c->{usual});
	}
	return { sql => view_sql($w, $o) };
}

sub view_sql
{
	my ($w, $o, $replace) = @_;
	my $list = join ', ', map { qi($_->{name}) } @{ $o->{columns} };
	my $names = join ', ', map { qi($_->{name}) } columns_of($w, $o);

	return 'CREATE ' . ($replace ? 'OR REPLACE ' : '')
	  . ($sql_kind{ $o->{kind} } // 'VIEW') . ' ' . name_of($o)
	  . " ($names)$o->{options} AS SELECT $list FROM " . name_of($o->{from})
	  . ($o->{limit} ? " WHERE $o->{limit} > 1" : '')
	  . ($o->{kind} eq 'matview' ? ' WITH NO DATA' : '');
}

#
# Routines and what is made of them.
#

sub function_sql
{
	my ($o, $replace) = @_;

	return 'CREATE ' . ($replace ? 'OR REPLACE ' : '') . uc($o->{kind}) . ' '
	  . name_of($o)
	  . sprintf($o->{form_of} ? $o->{form_of}->() : $o->{form}, $o->{version});
}

sub new_function
{
	my ($w, $trigger) = @_;
	my $schema = some_schema($w);
	my $what = $trigger ? 5 : $w->{r}->(6);
	my %is = (schema => $schema, name => new_name($w, 'f'),
		needs => [$schema], version => 1);

	if ($what == 0)
	{
		$is{arguments} = 'integer, text';
		$is{form} = "(a integer, b text DEFAULT 'z') RETURNS integer LANGUAGE sql STABLE AS 'SELECT %d'";
	}
	elsif ($what == 1)
	{
		$is{arguments} = 'integer';
		$is{form} = "(integer) RETURNS SETOF integer LANGUAGE plpgsql STRICT COST 7 ROWS 9 SET work_mem = '1MB' AS 'BEGIN RETURN NEXT %d; END'";
	}
	elsif ($what == 2)
	{
		my $t = a_table($w, sub { $_[0]{id} }) or return undef;

		push @{ $is{needs} }, $t, $t->{id};
		$is{arguments} = '';
		$is{form_of} = sub {
			'() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM '
			  . name_of($t) . ' WHERE id > %d; END';
		};
		$is{atomic} = 1;
	}
	elsif ($what == 3)
	{
		$is{arguments} = 'text[]';
		$is{form} = "(OUT x integer, VARIADIC y text[]) LANGUAGE sql IMMUTABLE LEAKPROOF PARALLEL SAFE SECURITY DEFINER AS 'SELECT %d'";
	}
	elsif ($what == 4)
	{
		my $type = pick($w, alive($w, 'enum')) or return undef;

		push @{ $is{needs} }, $type;
		$is{identity} = sub { name_of($_[0]) . '(' . name_of($type) . ')' };
		$is{form_of} =
		  sub { '(' . name_of($type) . ") RETURNS integer LANGUAGE sql AS 'SELECT %d'" };
	}
	else
	{
		$is{arguments} = '';
		$is{trigger} = 1;
		$is{form} = "() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN /* %d */ RETURN NEW; END'";
	}
	return { sql => function_sql(add($w, 'function', %is)) };
}

sub new_procedure
{
	my ($w) = @_;
	my $schema = some_schema($w);
	my $o = add($w, 'procedure', schema => $schema, name => new_name($w, 'pr'),
		needs => [$schema], version => 1, arguments => 'integer',
		form => "(INOUT a integer) LANGUAGE plpgsql AS 'BEGIN a := %d; END'");

	return { sql => function_sql($o) };
}

sub aggregate_sql
{
	my ($o, $replace) = @_;

	return 'CREATE ' . ($replace ? 'OR REPLACE ' : '') . 'AGGREGATE '
	  . name_of($o)
	  . "(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '$o->{version}'"
	  . ($o->{extra} // '') . ')';
}

sub new_aggregate
{
	my ($w) = @_;
	my $schema = some_schema($w);
	my $o = add($w, 'aggregate', schema => $schema, name => new_name($w, 'ag'),
		needs => [$schema], version => 0, arguments => 'integer',
		extra => pick($w, '', ', COMBINEFUNC = int4pl, PARALLEL = safe'));

	return { sql => aggregate_sql($o) };
}

# An operator of a composite type of its own.
sub new_operator
{
	my ($w) = @_;
	my $schema = some_schema($w);
	my $n = ++$w->{number};
	my $type = make_composite($w);
	my $f = add($w, 'function', schema => $schema, name => "op$n",
		needs => [ $schema, $type ], version => 1, fixed => 1,
		identity => sub { name_of($_[0]) . '(' . name_of($type) . ', ' . name_of($type) . ')' });

	$f->{form_of} = sub {
		'(' . name_of($type) . ', ' . name_of($type)
		  . ") RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT %d > 0'";
	};
	my $symbol = join '', map { pick($w, '~', '#', '<', '>') } 1 .. 6;
	my $o = add($w, 'operator', schema => $schema, name => "$symbol%",
		needs => [ $schema, $f, $type ], type => $type, function => $f);

	$o->{name} = "$symbol%";
	$o->{identity} = sub {
		qi($_[0]{schema}{name}) . ".$_[0]{name}(" . name_of($type) . ', ' . name_of($type) . ')';
	};
	return {
		sql => [
			composite_sql($w, $type), function_sql($f),
			operator_sql($o, pick($w, '', ', RESTRICT = eqsel, JOIN = eqjoinsel', ', HASHES'))
		]
	};
}

sub operator_sql
{
	my ($o, $extra) = @_;
	my $type = name_of($o->{type});

	return 'CREATE OPERATOR ' . qi($o->{schema}{name}) . ".$o->{name} (FUNCTION = "
	  . name_of($o->{function}) . ", LEFTARG = $type, RIGHTARG = $type$extra)";
}

sub new_opclass
{
	my ($w) = @_;
	my $schema = some_schema($w);
	my $family = add($w, 'opfamily', schema => $schema,
		name => new_name($w, 'of'), needs => [$schema], used => 1);
	my $o = add($w, 'opclass', schema => $schema, name => new_name($w, 'oc'),
		needs => [ $schema, $family ], family => $family);

	return {
		sql => [
			'CREATE OPERATOR FAMILY ' . name_of($family) . ' USING btree',
			'CREATE OPERATOR CLASS ' . name_of($o)
			  . ' FOR TYPE integer USING btree FAMILY ' . name_of($family)
			  . ' AS OPERATOR 1 <, OPERATOR 3 =, FUNCTION 1 btint4cmp(integer, integer)'
		]
	};
}

sub new_opfamily
{
	my ($w) = @_;
	my $schema = some_schema($w);
	my $o = add($w, 'opfamily', schema => $schema, name => new_name($w, 'fam'),
		needs => [$schema]);

	return { sql => [
		'CREATE OPERATOR FAMILY ' . name_of($o) . ' USING btree',
		chance($w, 2) ? 'ALTER OPERATOR FAMILY ' . name_of($o)
		  . ' USING btree ADD OPERATOR 1 < (integer, integer)' : () ] };
}

sub new_cast
{
	my ($w) = @_;
	my $type = pick($w, alive($w, 'enum', sub { !$_[0]{cast} })) or return undef;
	my $schema = some_schema($w);
	my $f = add($w, 'function', schema => $schema, name => new_name($w, 'cf'),
		needs => [ $schema, $type ], version => 1, fixed => 1,
		identity => sub { name_of($_[0]) . '(' . name_of($type) . ')' },
		form_of => sub {
			'(' . name_of($type)
			  . ") RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT %d'";
		});
	my $o = add($w, 'cast', name => '', needs => [ $f, $type ], type => $type,
		function => $f);

	$type->{cast} = 1;
	$o->{identity} = sub { '(' . name_of($type) . ' AS integer)' };
	return { sql => [ function_sql($f), cast_sql($o, pick($w, '', ' AS ASSIGNMENT')) ] };
}

sub cast_sql
{
	my ($o, $extra) = @_;

	return 'CREATE CAST (' . name_of($o->{type}) . ' AS integer) WITH FUNCTION '
	  . fact_identity($o->{function}) . $extra;
}

#
# Types.
#

sub enum_sql
{
	my ($o) = @_;

	return 'CREATE TYPE ' . name_of($o) . ' AS ENUM ('
	  . join(', ', map { ql($_) } @{ $o->{labels} }) . ')';
}

sub new_enum
{
	my ($w) = @_;
	my $schema = some_schema($w);
	my $o = add($w, 'enum', schema => $schema, name => new_name($w, 'e'),
		needs => [$schema], labels => [ 'sad', "it's", 'happy' ]);

	return { sql => enum_sql($o) };
}

sub make_composite
{
	my ($w) = @_;
	my $schema = some_schema($w);
	my $o = add($w, 'composite', schema => $schema, name => new_name($w, 'ct'),
		needs => [$schema]);

	add($w, 'column', parent => $o, name => 'x', type => 'integer', attribute => 1);
	add($w, 'column', parent => $o, name => new_name($w, 'y'), type => 'text',
		attribute => 1);
	return $o;
}

sub composite_sql
{
	my ($w, $o) = @_;

	return 'CREATE TYPE ' . name_of($o) . ' AS ('
	  . join(', ', map { qi($_->{name}) . " $_->{type}" } columns_of($w, $o)) . ')';
}

sub new_composite
{
	my ($w) = @_;

	return { sql => composite_sql($w, make_composite($w)) };
}

sub domain_sql
{
	my ($o) = @_;

	return 'CREATE DOMAIN ' . name_of($o) . " AS $o->{type}$o->{tail}";
}

sub new_domain
{
	my ($w) = @_;
	my $schema = some_schema($w);
	my $o = add($w, 'domain', schema => $schema, name => new_name($w, 'd'),
		needs => [$schema], type => pick($w, 'integer', 'numeric(8,3)'),
		tail => pick($w, '', ' DEFAULT 3', ' DEFAULT 1 + 1'));

	return { sql => domain_sql($o) };
}

sub new_domcon
{
	my ($w) = @_;
	my $d = pick($w, alive($w, 'domain')) or return undef;
	my $k = $w->{r}->(50);
	my $o = add($w, 'domcon', parent => $d, name => new_name($w, 'dc'),
		definition => "CHECK (VALUE > -$k)", not_valid => chance($w, 4));

	return { sql => 'ALTER DOMAIN ' . name_of($d) . ' ADD CONSTRAINT '
		  . qi($o->{name}) . " $o->{definition}"
		  . ($o->{not_valid} ? ' NOT VALID' : '') };
}

sub range_sql
{
	my ($o) = @_;

	return 'CREATE TYPE ' . name_of($o) . " AS RANGE (SUBTYPE = $o->{subtype})";
}

sub new_range
{
	my ($w) = @_;
	my $schema = some_schema($w);
	my $o = add($w, 'range', schema => $schema, name => new_name($w, 'rg'),
		needs => [$schema],
		subtype => pick($w, 'text, COLLATION = "C"', 'double precision', 'uuid'));

	return { sql => range_sql($o) };
}

sub new_base
{
	my ($w) = @_;
	my $schema = some_schema($w);
	my $o = add($w, 'base', schema => $schema, name => new_name($w, 'bt'),
		needs => [$schema], fixed => 1);
	my $name = name_of($o);
	my $s = qi($schema->{name});
	my $n = $w->{number};

	$schema->{fixed} = 1;
	return {
		sql => [
			"CREATE TYPE $name",
			"CREATE FUNCTION $s.in$n(cstring) RETURNS $name LANGUAGE internal IMMUTABLE STRICT AS 'int4in'",
			"CREATE FUNCTION $s.out$n($name) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out'",
			"CREATE TYPE $name (INPUT = $s.in$n, OUTPUT = $s.out$n, LIKE = integer)"
		]
	};
}

sub new_collation
{
	my ($w) = @_;
	my $schema = some_schema($w);
	my $o = add($w, 'collation', schema => $schema, name => new_name($w, 'co'),
		needs => [$schema],
		form => pick($w, '(LOCALE = \'C\')', 'FROM "C"', '(LOCALE = \'POSIX\')'));

	return { sql => collation_sql($o) };
}

sub collation_sql
{
	my ($o) = @_;

	return 'CREATE COLLATION ' . name_of($o) . " $o->{form}";
}

sub new_conversion
{
	my ($w) = @_;
	my $schema = some_schema($w);
	my $o = add($w, 'conversion', schema => $schema, name => new_name($w, 'cv'),
		needs => [$schema]);

	return { sql => 'CREATE CONVERSION ' . name_of($o)
		  . " FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8" };
}

#
# Text search.
#

sub new_tsdict
{
	my ($w) = @_;
	my $schema = some_schema($w);
	my $o = add($w, 'tsdict', schema => $schema, name => new_name($w, 'td'),
		needs => [$schema]);

	return { sql => 'CREATE TEXT SEARCH DICTIONARY ' . name_of($o)
		  . ' (TEMPLATE = simple' . pick($w, '', ', STOPWORDS = english', ', ACCEPT = false') . ')' };
}

sub new_tsconf
{
	my ($w) = @_;
	my $schema = some_schema($w);
	my $dict = pick($w, alive($w, 'tsdict'));
	my $o = add($w, 'tsconf', schema => $schema, name => new_name($w, 'tc'),
		needs => [ $schema, $dict ? $dict : () ]);

	return {
		sql => [
			'CREATE TEXT SEARCH CONFIGURATION ' . name_of($o) . ' (COPY = simple)',
			$dict
			? 'ALTER TEXT SEARCH CONFIGURATION ' . name_of($o)
			  . ' ALTER MAPPING FOR word, asciiword WITH ' . name_of($dict) . ', simple'
			: 'ALTER TEXT SEARCH CONFIGURATION ' . name_of($o) . ' DROP MAPPING FOR int'
		]
	};
}

sub new_tsparser
{
	my ($w) = @_;
	my $schema = some_schema($w);
	my $o = add($w, 'tsparser', schema => $schema, name => new_name($w, 'tp'),
		needs => [$schema]);

	return { sql => 'CREATE TEXT SEARCH PARSER ' . name_of($o)
		  . ' (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype)' };
}

sub new_tstemplate
{
	my ($w) = @_;
	my $schema = some_schema($w);
	my $o = add($w, 'tstemplate', schema => $schema, name => new_name($w, 'tt'),
		needs => [$schema]);

	return { sql => 'CREATE TEXT SEARCH TEMPLATE ' . name_of($o)
		  . ' (INIT = dsimple_init, LEXIZE = dsimple_lexize)' };
}

#
# What belongs to no schema.
#

sub new_schema
{
	my ($w) = @_;
	my $o = add($w, 'schema', name => new_name($w, 'sch'));

	$o->{owner} = pick($w, @roles) if chance($w, 3);
	return { sql => 'CREATE SCHEMA ' . qi($o->{name})
		  . ($o->{owner} ? ' AUTHORIZATION ' . qi($o->{owner}) : '') };
}

# A schema that nothing refers to: it can go with all that is in it.
sub new_lonely_schema
{
	my ($w) = @_;
	my $o = add($w, 'schema', name => new_name($w, 'lone'), lonely => 1);
	my $s = qi($o->{name});

	add($w, 'table', schema => $o, name => 'alone', lonely => 1, fixed => 1,
		owns_sequence => 1);
	add($w, 'view', schema => $o, name => 'seen', lonely => 1, fixed => 1);
	add($w, 'function', schema => $o, name => 'f', lonely => 1, fixed => 1,
		version => 1, arguments => '',
		form => "() RETURNS integer LANGUAGE sql AS 'SELECT %d'");
	return {
		sql => [
			"CREATE SCHEMA $s CREATE TABLE alone (a serial PRIMARY KEY, b text CHECK (b > '')) CREATE VIEW seen AS SELECT 1 AS one",
			"CREATE FUNCTION $s.f() RETURNS integer LANGUAGE sql AS 'SELECT 1'"
		]
	};
}

sub new_evtrigger
{
	my ($w) = @_;
	my $schema = some_schema($w);
	my $n = ++$w->{number};
	my $f = add($w, 'function', schema => $schema, name => "evf$n",
		needs => [$schema], version => 1, fixed => 1, arguments => '',
		form => "() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN /* %d */ END'");
	my $o = add($w, 'evtrigger', name => new_name($w, 'ev'), needs => [$f]);

	return {
		sql => [
			function_sql($f),
			'CREATE EVENT TRIGGER ' . qi($o->{name}) . ' ON '
			  . pick($w, 'ddl_command_end', 'sql_drop',
				"ddl_command_start WHEN TAG IN ('CREATE AGGREGATE', 'ALTER RULE')")
			  . ' EXECUTE FUNCTION ' . name_of($f) . '()'
		]
	};
}

sub new_publication
{
	my ($w) = @_;
	my $t = a_table($w, sub { !$_[0]{unlogged} && $_[0]{id} && !$_[0]{parted} });
	my $o = { name => new_name($w, 'pub'), needs => [] };
	my $what = $w->{r}->(4);
	my $sql;

	if ($what == 0 || !$t)
	{
		$sql = chance($w, 2) ? '' : ' FOR TABLES IN SCHEMA public';
		$sql = '' if $what == 0 && $w->{public}{in_publication}++ > 3;
	}
	elsif ($what == 1)
	{
		$sql = ' FOR TABLE ONLY ' . name_of($t) . ' (id)';
	}
	elsif ($what == 2)
	{
		$sql = ' FOR TABLE ONLY ' . name_of($t) . " WHERE (id > 3) WITH (publish = 'insert')";
	}
	else
	{
		$sql = ' FOR TABLE ONLY ' . name_of($t) . ' WITH (publish_via_partition_root)';
	}
	if ($t && $sql =~ /TABLE /)
	{
		$o->{needs} = [ $t, $t->{id} ];
		$t->{fixed_persistence} = 1;
	}
	$o = add($w, 'publication', %$o);
	return { sql => 'CREATE PUBLICATION ' . qi($o->{name}) . $sql };
}

sub new_subscription
{
	my ($w) = @_;
	my $o = add($w, 'subscription', name => new_name($w, "sub$w->{id}x"));

	return { sql => 'CREATE SUBSCRIPTION ' . qi($o->{name})
		  . " CONNECTION '' PUBLICATION a WITH (connect = false, slot_name = NONE)" };
}

sub new_fdw
{
	my ($w) = @_;
	my $o = add($w, 'fdw', name => new_name($w, 'fdw'));

	return { sql => 'CREATE FOREIGN DATA WRAPPER ' . qi($o->{name})
		  . pick($w, '', " OPTIONS (z '1', a 'b c')") };
}

sub new_server
{
	my ($w) = @_;
	my $fdw = pick($w, alive($w, 'fdw')) or return undef;
	my $o = add($w, 'server', name => new_name($w, 'srv'), needs => [$fdw]);

	return { sql => 'CREATE SERVER ' . qi($o->{name}) . pick($w, '', " TYPE 'x' VERSION '9'")
		  . ' FOREIGN DATA WRAPPER ' . qi($fdw->{name})
		  . pick($w, '', " OPTIONS (host 'h')") };
}

sub new_mapping
{
	my ($w) = @_;
	my $server = pick($w, alive($w, 'server', sub { !$_[0]{mapped} })) or return undef;
	my $role = pick($w, @roles);
	my $o = add($w, 'mapping', name => $role, role => $role, server => $server,
		needs => [$server]);

	$server->{mapped} = 1;
	$o->{identity} = sub { qi($role) . ' SERVER ' . qi($server->{name}) };
	return { sql => 'CREATE ' . sql_of($o) . pick($w, '', " OPTIONS (\"user\" 'u', password 'secret')") };
}

sub new_foreign
{
	my ($w) = @_;
	my $server = pick($w, alive($w, 'server')) or return undef;
	my $schema = some_schema($w);
	my $o = add($w, 'foreign', schema => $schema, name => new_name($w, 'ft'),
		needs => [ $schema, $server ]);

	add($w, 'column', parent => $o, name => 'a', type => 'integer', foreign => 1);
	return { sql => 'CREATE FOREIGN TABLE ' . name_of($o) . " (a integer OPTIONS (o 'p')) SERVER "
		  . qi($server->{name}) . pick($w, '', " OPTIONS (t 'u')") };
}

my %extensions = (
	citext => ' VERSION \'1.5\'',
	hstore => '',
	pg_trgm => '',
	cube => '',
	tablefunc => '');

sub new_extension
{
	my ($w) = @_;
	my $name = pick($w, grep { !$w->{extension}{$_} } sort keys %extensions) or return undef;
	my $schema = some_schema($w);
	my $o = add($w, 'extension', name => $name, told => 1, needs => [$schema], inside => $schema);

	$w->{extension}{$name} = 1;
	return { sql => "CREATE EXTENSION $name SCHEMA " . qi($schema->{name}) . $extensions{$name} };
}

sub new_language
{
	my ($w) = @_;
	my $o = add($w, 'language', name => new_name($w, 'lang'));

	return { sql => 'CREATE LANGUAGE ' . qi($o->{name})
		  . ' HANDLER plpgsql_call_handler VALIDATOR plpgsql_validator' };
}

sub new_method
{
	my ($w) = @_;
	my $o = add($w, 'method', name => new_name($w, 'am'));

	return { sql => 'CREATE ACCESS METHOD ' . qi($o->{name})
		  . pick($w, ' TYPE INDEX HANDLER bthandler', ' TYPE TABLE HANDLER heap_tableam_handler') };
}

sub new_transform
{
	my ($w) = @_;

	return undef if $w->{transform}++;

	# functions of its type come to depend on it
	my $o = add($w, 'transform', name => '', fixed => 1, identity => sub { 'FOR integer LANGUAGE sql' });
	return { sql => 'CREATE TRANSFORM FOR integer LANGUAGE sql (FROM SQL WITH FUNCTION prsd_lextype(internal))' };
}

# Everything that can be made, each at least once in a history: the weight is
# how often more.
our @makers = (
	[ \&new_schema, 1 ],
	[ \&new_lonely_schema, 0 ],
	[ \&new_table, 8 ],
	[ \&new_heir, 2 ],
	[ \&new_parted, 2 ],
	[ \&new_partition, 2 ],
	[ \&new_copy, 2 ],
	[ \&new_typed, 1 ],
	[ \&new_constraint, 6 ],
	[ \&new_index, 6 ],
	[ \&new_trigger, 3 ],
	[ \&new_rule, 2 ],
	[ \&new_policy, 2 ],
	[ \&new_statistics, 1 ],
	[ \&new_sequence, 2 ],
	[ \&new_view, 4 ],
	[ sub { new_view($_[0], 'matview') }, 1 ],
	[ \&new_function, 4 ],
	[ \&new_procedure, 1 ],
	[ \&new_aggregate, 1 ],
	[ \&new_operator, 1 ],
	[ \&new_opclass, 0 ],
	[ \&new_opfamily, 0 ],
	[ \&new_cast, 1 ],
	[ \&new_enum, 2 ],
	[ \&new_composite, 1 ],
	[ \&new_domain, 1 ],
	[ \&new_domcon, 2 ],
	[ \&new_range, 1 ],
	[ \&new_base, 0 ],
	[ \&new_collation, 0 ],
	[ \&new_conversion, 0 ],
	[ \&new_tsdict, 0 ],
	[ \&new_tsconf, 0 ],
	[ \&new_tsparser, 0 ],
	[ \&new_tstemplate, 0 ],
	[ \&new_evtrigger, 0 ],
	[ \&new_publication, 1 ],
	[ \&new_subscription, 0 ],
	[ \&new_fdw, 0 ],
	[ \&new_server, 1 ],
	[ \&new_mapping, 0 ],
	[ \&new_foreign, 1 ],
	[ \&new_extension, 1 ],
	[ \&new_language, 0 ],
	[ \&new_method, 0 ],
	[ \&new_transform, 0 ]);

1;
