# The image of the live facts: after whatever happened, in a session that had
# it all the time and in a new one that has it from the file, it is what a full
# scan finds.  SL_SEED=... begins with the same random numbers, SL_BURSTS=...
# goes on for longer.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use SLTest;

my $seed = $ENV{SL_SEED} // int(rand(1_000_000));
srand($seed);
note("seed $seed");

my $functions = <<'SQL';
CREATE SCHEMA look;
CREATE FUNCTION look.image(schemas text[] DEFAULT NULL, owners boolean DEFAULT true, privileges boolean DEFAULT true,
	OUT count bigint, OUT effort text, OUT generation bigint, OUT moved boolean)
	AS 'schema_lifecycle', 'sl_inspect_image' LANGUAGE c;
CREATE FUNCTION look.errors(schemas text[] DEFAULT NULL, owners boolean DEFAULT true, privileges boolean DEFAULT true,
	OUT problem text, OUT class text, OUT identity text)
	RETURNS SETOF record AS 'schema_lifecycle', 'sl_inspect_image_errors' LANGUAGE c;
SQL
my $effort = 'SELECT effort FROM look.image()';
my $errors = 'SELECT * FROM look.errors()';

sub new_app
{
	my ($node, $name) = @_;

	new_database($node, $name);
	$node->safe_psql($name, $functions);
}

# in one new session: what was done for the image, and that it is right
sub fresh
{
	my ($node, $db, $like, $name) = @_;
	my ($done, @wrong) = split /\n/, $node->safe_psql($db, "$effort; $errors");

	like($done, $like, $name);
	is(join("\n", @wrong), '', "$name: as a full scan");
}

sub pick
{
	return $_[ int(rand(@_)) ];
}

# A random statement; many of them fail, which is as good.
sub ddl
{
	my ($s, $r) = (pick('s1', 's2'), sub { 't' . int(rand(6)) });
	my ($t, $u, $n) = ("$s." . $r->(), pick('s1', 's2') . '.' . $r->(), int(rand(5)));

	return pick(
		"CREATE TABLE IF NOT EXISTS $t (id integer PRIMARY KEY, c$n text DEFAULT 'x', CHECK (c$n > ''))",
		"CREATE TABLE IF NOT EXISTS $t (id integer PRIMARY KEY, c$n text DEFAULT 'x', CHECK (c$n > ''))",
		"CREATE TABLE $t (LIKE $u INCLUDING ALL)",
		"ALTER TABLE $t ADD c$n integer", "ALTER TABLE $t DROP c$n",
		"ALTER TABLE $t RENAME c$n TO c" . int(rand(5)),
		"ALTER TABLE $t RENAME TO " . $r->(),
		"ALTER TABLE $t SET SCHEMA " . pick('s1', 's2'),
		"ALTER TABLE $t ADD FOREIGN KEY (id) REFERENCES $u NOT VALID",
		"ALTER TABLE $t ADD e$n s1.mood DEFAULT 'a'",
		"CREATE VIEW $s.v$n AS SELECT * FROM $t JOIN $u USING (id)",
		"CREATE OR REPLACE VIEW $s.v$n AS SELECT id FROM $t",
		"CREATE INDEX ON $t (id, c$n)", "CREATE INDEX CONCURRENTLY ON $t (c$n)",
		"DROP TABLE $t CASCADE", "DROP VIEW $s.v$n CASCADE",
		"COMMENT ON TABLE $t IS '$n'", "COMMENT ON COLUMN $t.c$n IS '$n'",
		"GRANT SELECT ON $t TO PUBLIC", "REVOKE SELECT ON $t FROM PUBLIC",
		"CREATE POLICY p$n ON $t USING (id > $n)", "DROP POLICY p$n ON $t",
		"CREATE OR REPLACE FUNCTION $s.f$n(a integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $n'",
		"ALTER FUNCTION $s.f$n RENAME TO f" . int(rand(5)),
		"ALTER TABLE $t ADD CHECK (s1.f$n(id) > $n)",
		"ALTER TYPE s1.mood RENAME VALUE 'a' TO 'b'", "ALTER TYPE s1.mood RENAME VALUE 'b' TO 'a'",
		"ALTER TYPE s1.mood ADD VALUE IF NOT EXISTS 'm$n'",
		"ALTER SCHEMA s1 RENAME TO s3", "ALTER SCHEMA s3 RENAME TO s1",
		"CREATE TEMP TABLE IF NOT EXISTS mine$n (a integer PRIMARY KEY)", "DROP TABLE IF EXISTS mine$n",
		"BEGIN; ALTER TABLE $t ADD d$n integer; ROLLBACK",
		"BEGIN; ALTER TABLE $t ADD d$n integer; SAVEPOINT x; ALTER TABLE $t DROP d$n; ROLLBACK TO x; COMMIT",
		"BEGIN; ALTER TABLE $t RENAME TO swap; ALTER TABLE $u SET SCHEMA $s; COMMIT",
		"ALTER TABLE $t CLUSTER ON t${n}_pkey", "TRUNCATE $t CASCADE", "ANALYZE $t",
		"REINDEX TABLE $t", "VACUUM FULL pg_catalog.pg_constraint",
		"ALTER ROLE CURRENT_USER SET work_mem = '${n}MB'");
}

my $node = new_node('primary', <<'CONF');
synchronous_commit = off
restart_after_crash = on
deadlock_timeout = 100ms
lock_timeout = 3s
CONF
new_app($node, 'app');
$node->safe_psql('app', "CREATE SCHEMA s1; CREATE SCHEMA s2; CREATE TYPE s1.mood AS ENUM ('a')");
my $files = $node->data_dir . '/pg_stat_tmp';
my $oid = value($node, 'app', 'SELECT oid FROM pg_database WHERE datname = current_database()');
my $file = "$files/schema_lifecycle_$oid";

#
# Random changes of several sessions
#
my $reader = session($node, 'app');
my @writers = map { session($node, 'app') } 1 .. 3;
my %efforts;

like($reader->query($effort), qr/^full/, 'the first reads everything');
for my $burst (1 .. $ENV{SL_BURSTS} // 40)
{
	for (1 .. 3)
	{
		$_->send(ddl()) for @writers;
		# in the middle of it all; what it is right then nobody knows
		$efforts{ ($reader->query($effort) =~ /^(\w+)/)[0] }++;
		$_->wait for @writers;
		$efforts{"statements that failed"} += grep { $_->{err} =~ /ERROR/ } @writers;
		# whoever failed in a transaction
		$_->query('ROLLBACK') for @writers;
	}
	my $done = $reader->query($effort);

	$efforts{ ($done =~ /^(\w+)/)[0] }++;
	my $wrong = $reader->query($errors);
	if ($wrong ne '')
	{
		fail("seed $seed, burst $burst, $done: $wrong");
		last;
	}
	if ($burst % 10 == 0)
	{
		is($node->safe_psql('app', $errors), '', "burst $burst: a new session");
		# and a transaction that changes something itself
		is($writers[0]->query('BEGIN; ' . ddl() . "; $errors; ROLLBACK"),
			'', "burst $burst: in a transaction")
		  or diag($writers[0]->messages);
		$writers[0]->query('ROLLBACK');
	}
}
note(join ', ', map { "$_: $efforts{$_}" } sort keys %efforts);
ok($efforts{some} > ($efforts{full} // 0), 'not everything is read each time');
is($reader->query('SELECT moved FROM look.image()'), 'f', 'it is quiet now');

#
# The file
#
fresh($node, 'app', qr/^file/, 'a new session has the file');
ok(-f $file, 'there is one');
is((stat $file)[2] & 0777, 0600, 'for the server alone');
$node->safe_psql('app', 'CREATE TABLE s2.fresh (a integer)');
fresh($node, 'app', qr/^file some/, 'a table more');

sub with_file
{
	my ($change, $name) = @_;
	my $content = slurp_file($file);

	$change->(\$content);
	open(my $handle, '>:raw', $file) or die "$file: $!";
	print $handle $content;
	close($handle);
	fresh($node, 'app', qr/^full/, $name);
	fresh($node, 'app', qr/^file/, "$name: written anew");
}

for my $place (0, 9, 40, 100, 200, 0.3, 0.6, 0.9)
{
	with_file(
		sub {
			my $at = $place < 1 ? int($place * length ${ $_[0] }) : $place;

			$at = 0 if $place == 0;
			substr(${ $_[0] }, $at, 1) = chr(ord(substr ${ $_[0] }, $at, 1) ^ 1);
		},
		"a bit flipped at $place");
}
with_file(sub { ${ $_[0] } = '' }, 'an empty file');
with_file(sub { ${ $_[0] } = substr ${ $_[0] }, 0, 50 }, 'a header cut off');
with_file(sub { chop ${ $_[0] } }, 'the last byte cut off');
with_file(sub { ${ $_[0] } .= 'x' }, 'a byte more');
with_file(sub { ${ $_[0] } = 'x' x length ${ $_[0] } }, 'something else');

new_app($node, 'other');
$node->safe_psql('other', $effort);
my $other = value($node, 'other', 'SELECT oid FROM pg_database WHERE datname = current_database()');
my $foreign = slurp_file("$files/schema_lifecycle_$other");
with_file(sub { ${ $_[0] } = $foreign }, "another database's");

# who cannot write it can read facts all the same
unlink $file;
mkdir $file or die "$file: $!";
fresh($node, 'app', qr/^full/, 'no file can be written');
is(join(' ', glob "$files/*.tmp"), '', 'and nothing is left of it');
rmdir $file or die "$file: $!";

# what somebody put in the way is not followed
my $victim = $node->basedir . '/victim';
append_to_file($victim, 'x');
my $odd = session($node, 'app');
symlink($victim, "$file." . $odd->pid . '.tmp') or die $!;
like($odd->query($effort), qr/^full/, 'a link in the place of the file');
is(slurp_file($victim), 'x', 'nobody wrote through it');
ok(-f $file && !-l $file, 'and it is a file');
$odd->quit;

# other options are another image, which takes the place of the first
is($node->safe_psql('app', "SELECT effort FROM look.image('{s2}', false, false); SELECT * FROM look.errors('{s2}', false, false)"),
	'full', 'other options');
is($node->safe_psql('app', "SELECT effort FROM look.image('{s2}', false, false); SELECT * FROM look.errors('{s2}', false, false)"),
	'file', 'other options, from the file');
fresh($node, 'app', qr/^full/, 'the first options again');

# a database that was there before
$node->safe_psql('postgres', 'DROP DATABASE other');
new_app($node, 'other');
$node->safe_psql('other', 'CREATE SCHEMA s1; CREATE TABLE s1.t1 (a integer)');
fresh($node, 'other', qr/^full/, 'a database dropped and made again');
ok(!-e "$files/schema_lifecycle_$other", 'the file of the old one is gone');
$node->safe_psql('postgres', 'CREATE DATABASE copied TEMPLATE other');
fresh($node, 'copied', qr/^full/, 'a copied database');

#
# Restart and crash
#
$node->restart;
$_->quit for ($reader, @writers);
fresh($node, 'app', qr/^full/, 'after a restart');
$node->stop('immediate');
$node->start;
fresh($node, 'app', qr/^full/, 'after a crash');

# of one process: the postmaster stays
my $victim_session = session($node, 'app');
$victim_session->query("CREATE TABLE s2.lost (a integer, b text); CREATE VIEW s2.lost_view AS SELECT * FROM s2.lost; $effort");
kill 'KILL', $victim_session->pid;
$victim_session->quit;
$node->poll_query_until('app', 'SELECT true') or die 'the server is gone';
$node->safe_psql('app', 'CREATE TABLE s2.found (c integer); ALTER TABLE s2.found ADD d integer');
fresh($node, 'app', qr/^(file|full)/, 'after the crash of a process');

#
# A standby, and its promotion
#

# commits do not wait for their WAL to be written here
sub follow
{
	my ($primary, $follower) = @_;

	$primary->wait_for_catchup($follower, 'replay', $primary->lsn('insert'));
}

$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
follow($node, $standby);
my $there = session($standby, 'app');
like($there->query($effort), qr/^full/, 'a standby reads everything');
is($there->query($errors), '', 'a standby: as a full scan');
$node->safe_psql('app', 'ALTER TABLE s2.found RENAME d TO e; COMMENT ON TABLE s2.found IS $$x$$');
follow($node, $standby);
is($there->query($effort), 'some 2', 'a standby follows');
is($there->query($errors), '', 'a standby follows: as a full scan');
fresh($standby, 'app', qr/^file/, 'a new session of a standby');
is( value($standby, 'app', "$effort; SELECT sum(count) FROM (SELECT count FROM look.image()) AS i") =~ s/.*\n//r,
	value($node, 'app', 'SELECT count FROM look.image()'), 'as many as on the primary');
for (1 .. 20)
{
	$node->psql('app', ddl()) for 1 .. 3;
	follow($node, $standby);
	my $wrong = $there->query($errors);
	next if $wrong eq '';
	fail("seed $seed: a standby: $wrong");
	last;
}
$node->stop;
$standby->promote;
is($there->query($errors), '', 'promoted: the same session');
fresh($standby, 'app', qr/^(file|full)/, 'promoted: a new session');
$there->query('CREATE TABLE s2.promoted (a integer)');
is($there->query($errors), '', 'promoted: and changed');
$there->quit;
check_log($standby, 'standby');
$standby->stop;
# what the server says when two sessions alter one schema
check_log($node, 'primary', qr/terminated by signal 9|tuple concurrently (updated|deleted)/);
done_testing();
