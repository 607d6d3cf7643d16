# Facts where one session's server is not enough: dump and restore, a standby,
# few locks, and other sessions that change the schema meanwhile.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init(allows_streaming => 1);
# 10 x (connections + prepared transactions): fewer than the views below
$node->append_conf('postgresql.conf', <<'CONF');
max_locks_per_transaction = 10
max_connections = 30
fsync = off
CONF
$node->start;

#
# Dump and restore: the same schema in another database, whatever the order
# in which pg_dump makes it, and after columns were dropped.
#
$node->safe_psql('postgres', 'CREATE DATABASE one; CREATE DATABASE two');
$node->safe_psql('one', <<'SQL');
CREATE EXTENSION schema_lifecycle;
CREATE SCHEMA app;
CREATE SCHEMA "other ""schema""";
SET search_path = app;
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE DOMAIN positive AS integer NOT NULL DEFAULT 3 CONSTRAINT more CHECK (VALUE > 0);
CREATE TYPE pair AS (a integer, b text);
CREATE TYPE span AS RANGE (SUBTYPE = integer);
CREATE TABLE parent (gone integer, id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, label varchar(9) COLLATE "C" NOT NULL DEFAULT 'x', feeling mood DEFAULT 'sad', amount positive, p pair, s span,
	half numeric GENERATED ALWAYS AS (length(label) / 2.0) STORED, CHECK (label <> ''));
ALTER TABLE parent DROP gone;
ALTER TABLE parent RENAME label TO name;
ALTER TABLE parent ALTER name SET STATISTICS 7, ALTER name SET STORAGE EXTERNAL, ALTER amount SET (n_distinct = 5);
CREATE TABLE heir (more text NOT NULL, CHECK (more > '') NO INHERIT) INHERITS (parent);
CREATE TABLE "other ""schema""".child (id serial PRIMARY KEY, parent integer REFERENCES parent ON DELETE CASCADE DEFERRABLE, UNIQUE NULLS NOT DISTINCT (parent));
CREATE TABLE parted (a integer NOT NULL, gone text, b text DEFAULT 'y', PRIMARY KEY (a)) PARTITION BY RANGE (a);
ALTER TABLE parted DROP gone;
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (1) TO (5);
CREATE TABLE parted_2 (b text, a integer NOT NULL);
ALTER TABLE parted ATTACH PARTITION parted_2 DEFAULT;
CREATE INDEX ON parted (lower(b) DESC, a);
CREATE INDEX ON parent (name text_pattern_ops, half) INCLUDE (amount) WHERE feeling = 'happy';
CREATE VIEW seen AS SELECT p.id AS number, h.more FROM parent p JOIN heir h USING (name);
CREATE MATERIALIZED VIEW kept AS SELECT number FROM seen;
CREATE INDEX ON kept (number);
CREATE FUNCTION atomic(a integer DEFAULT 1) RETURNS bigint LANGUAGE sql STABLE BEGIN ATOMIC SELECT count(*) FROM seen WHERE number > a; END;
CREATE FUNCTION trg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touch AFTER INSERT ON parted FOR EACH ROW WHEN (NEW.a > 1) EXECUTE FUNCTION trg('it''s');
CREATE RULE quiet AS ON DELETE TO heir DO INSTEAD NOTHING;
CREATE POLICY own ON parent FOR SELECT USING (EXISTS (SELECT FROM heir h WHERE h.id = parent.id));
ALTER TABLE parent ENABLE ROW LEVEL SECURITY, REPLICA IDENTITY FULL;
CREATE STATISTICS st ON name, lower(name) FROM parent;
CREATE PUBLICATION pub FOR TABLE parted WHERE (a > 3) WITH (publish_via_partition_root);
CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0');
CREATE OPERATOR <<< (FUNCTION = int4lt, LEFTARG = integer, RIGHTARG = integer);
CREATE TEXT SEARCH CONFIGURATION conf (COPY = english);
CREATE FOREIGN DATA WRAPPER fdw;
CREATE SERVER srv FOREIGN DATA WRAPPER fdw OPTIONS (host 'h');
CREATE FOREIGN TABLE away (a integer OPTIONS (o 'p')) SERVER srv;
COMMENT ON COLUMN parent.name IS 'it''s';
COMMENT ON INDEX "other ""schema""".child_pkey IS 'of a constraint';
SQL
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';
command_ok(
	[ 'pg_dump', '-f', $dump, '-d', $node->connstr('one') ],
	'pg_dump');
$node->command_ok(
	[
		'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, '-d',
		$node->connstr('two')
	],
	'restore');
$node->safe_psql('one', "SELECT sl_snapshot()") =~ /^(.*)$/s;
my $snapshot = $1;
$snapshot =~ s/'/''/g;
is($node->safe_psql('two', "SELECT * FROM sl_compare('$snapshot')"),
	'', 'a restored database has the same facts');
is( $node->safe_psql('two', 'SELECT sl_fingerprint()'),
	$node->safe_psql('one', 'SELECT sl_fingerprint()'),
	'and the same fingerprint');
is( $node->safe_psql('one', "SELECT count(*) > 60 FROM sl_catalog()"),
	't', 'of which there are many');
my $fingerprint = $node->safe_psql('one', 'SELECT sl_fingerprint()');

#
# The same in a database of another encoding.
#
$node->safe_psql('postgres',
	"CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0;"
	  . "CREATE DATABASE utf ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0");
for my $db ('latin', 'utf')
{
	$node->safe_psql($db,
		qq{SET client_encoding = 'UTF8'; CREATE EXTENSION schema_lifecycle; CREATE TABLE "t\xc3\xa9" ("\xc3\xa8" text DEFAULT '\xc3\xbc')}
	);
}
is( $node->safe_psql('latin', 'SELECT sl_fingerprint()'),
	$node->safe_psql('utf', 'SELECT sl_fingerprint()'),
	'the encoding of the database does not matter');

#
# A standby, in a session that may not write.
#
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby);
is($standby->safe_psql('one', 'SELECT sl_fingerprint()'),
	$fingerprint, 'a standby says the same');
is($standby->safe_psql('one', "SELECT * FROM sl_compare(sl_snapshot())"),
	'', 'and has no difference to itself');
$standby->stop;
is( $node->safe_psql(
		'one',
		'BEGIN READ ONLY; SELECT sl_fingerprint(); SELECT pg_current_xact_id_if_assigned() IS NULL; COMMIT'
	),
	"$fingerprint\nt",
	'nothing is written');

#
# Many views, few locks.  The locks on our own settings are those of a query.
#
$node->safe_psql('postgres', 'CREATE DATABASE views');
$node->safe_psql('views', 'CREATE EXTENSION schema_lifecycle');
my $views = '';
for my $i (1 .. 2000)
{
	$views .=
	  "CREATE TABLE t$i (a integer); CREATE VIEW v$i AS SELECT x.a, y.a AS b FROM t$i x, t$i y;\n";
}
# psql commits each line, so that creating them needs few locks, too
my $file = PostgreSQL::Test::Utils::tempdir() . '/views.sql';
append_to_file($file, $views);
$node->command_ok(
	[
		'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $file, '-d',
		$node->connstr('views')
	],
	'2,000 views');
is( $node->safe_psql(
		'views',
		"BEGIN; SELECT count(*) FROM sl_catalog() WHERE class = 'view'; SELECT sl_fingerprint() IS NOT NULL; SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation' AND relation >= 16384 AND relation::regclass::text !~ '^sl_setting'; COMMIT"
	),
	"2000\nt\n0",
	'all are read, and no lock stays');

#
# A table that another session holds: we wait without locks of our own, and no
# longer than lock_timeout says.
#
my $holder = $node->background_psql('views', on_error_stop => 1);
$holder->query_safe('BEGIN; LOCK TABLE t7 IN ACCESS EXCLUSIVE MODE; SELECT 1');
my ($ret, $out, $err) = $node->psql('views',
	"SET lock_timeout = '300ms'; SELECT sl_fingerprint()");
like($err, qr/canceling statement due to lock timeout/, 'lock_timeout');
$holder->query_safe('COMMIT; SELECT 1');
$holder->quit;

#
# Objects come and go while they are read.
#
# Each line is a transaction; what a view, a function or a default needs goes
# away under it, too.
append_to_file("$file.loop", join '', map { <<"SQL" } 1 .. 10000);
CREATE TABLE c$_ (id serial PRIMARY KEY, a integer CHECK (a > 0) DEFAULT 5);
CREATE VIEW w$_ AS SELECT x.a, y.id FROM c$_ x, c$_ y;
CREATE FUNCTION g$_() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM w$_; END;
CREATE RULE r AS ON INSERT TO w$_ DO INSTEAD NOTHING;
CREATE POLICY p ON c$_ USING (EXISTS (SELECT FROM w$_ w WHERE w.id = c$_.id));
ALTER TABLE c$_ ADD b text DEFAULT 'q', ADD CHECK (b <> 'r');
CREATE INDEX ON c$_ (lower(b), a) WHERE b > 's';
ALTER TABLE c$_ RENAME a TO z;
CREATE TABLE d$_ (a integer, id integer);
CREATE OR REPLACE VIEW w$_ AS SELECT x.a, x.id FROM d$_ x;
DROP TABLE c$_;
DROP FUNCTION g$_;
DROP VIEW w$_;
DROP TABLE d$_;
SQL
my @changers;
for (1 .. 2)
{
	# the second fails where both make the same: as good a change as any; in
	# a pipe that nobody reads the errors would stop it
	push @changers,
	  IPC::Run::start(
		[
			'psql', '-X', '-q', '-f', "$file.loop", '-d',
			$node->connstr('one')
		],
		'<', '/dev/null', '>', '/dev/null', '2>', '/dev/null');
}
my $errors = '';
my $rounds = 0;
my $end = time() + 5;
my %seen;
# at least two looks at it, however slow the machine is
while (time() < $end || (keys %seen < 2 && $rounds < 100))
{
	($ret, $out, $err) = $node->psql('one',
		"SELECT sl_fingerprint(); SELECT count(*) FROM sl_catalog();");
	$errors .= $err;
	$rounds++;
	$seen{ (split /\n/, $out)[0] // '' } = 1;
}
is($errors, '', 'no error while objects come and go');
cmp_ok(scalar(keys %seen), '>', 1, 'and they did');
note("$rounds rounds, " . scalar(keys %seen) . " fingerprints");
# by their process ids, whose clients we are
$_->kill_kill for @changers;
$node->poll_query_until('one',
	"SELECT count(*) = 0 FROM pg_stat_activity WHERE query ~ 'c[0-9]' AND pid <> pg_backend_pid() AND state = 'active'"
);
$node->stop;
done_testing();
