# Rehearsals: the footprints are those of a migration, fact by fact; and the
# scratch database goes, whatever happens to whom.
use strict;
use warnings;

use Cwd qw(abs_path);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use SLDamage;
use SLDamageActs;
use SLTest;

my $seed = $ENV{SL_SEED} // int(rand(1_000_000));
my $worlds = $ENV{SL_ROUNDS} // 6;

note("SL_SEED=$seed SL_ROUNDS=$worlds");

my $node = new_node('rehearse', "wal_level = logical\n");
my $major = int($node->safe_psql('postgres', 'SHOW server_version_num') / 10000);
my $number = 0;
my ($db, $s, $s2, $ret, $out, $err);

# Every row of every footprint.
my $footprints = <<'SQL';
SELECT e.revision, row_number() OVER (PARTITION BY e.id ORDER BY f.ordinal) AS n,
	f.class, f.identity, f.change, f.key, f.before, f.after, f.definition, f.changed
FROM sl_evidence e LEFT JOIN sl_footprint f ON f.evidence_id = e.id
WHERE e.complete AND e.evidence = '%s'
SQL

sub fresh
{
	my (@revisions) = @_;
	my $name = 'rehearse_' . ++$number;

	new_database($node, $name);
	register($node, $name, @revisions) if @revisions;
	return $name;
}

sub rows_of
{
	my ($db, $evidence) = @_;

	return split /\n/, value($node, $db, sprintf(
		"SELECT revision, n, class, identity, change, key, before, after, definition, changed FROM ($footprints) AS f ORDER BY revision COLLATE \"C\", n",
		$evidence));
}

# Which revisions' rows differ, with the first that does.
sub differing
{
	my ($expected, $found) = @_;
	my %count;

	$count{$_}++ for @$expected;
	$count{$_}-- for @$found;
	return join "\n", map { ($count{$_} > 0 ? 'migrated ' : 'rehearsed ') . $_ }
	  grep { $count{$_} != 0 } sort keys %count;
}

sub no_scratch
{
	my ($name) = @_;

	is($node->safe_psql('postgres', "SELECT count(*) FROM pg_database WHERE datname LIKE 'sl\\_rehearsal\\_%'"),
		0, "$name: no scratch database is left");
	is(value($node, $db, 'SELECT count(*) FROM sl_scratch'), 0,
		"$name: and no row of one");
}

sub scratch_there
{
	wait_until($node, 'postgres',
		"SELECT count(*) = 1 FROM pg_database WHERE datname LIKE 'sl\\_rehearsal\\_%'",
		'a scratch database');
}

sub scratch_gone
{
	wait_until($node, 'postgres',
		"SELECT count(*) = 0 FROM pg_database WHERE datname LIKE 'sl\\_rehearsal\\_%'",
		'the end of the scratch database');
}

# Its worker is in the middle of a revision that sleeps.
sub asleep
{
	wait_until($node, 'postgres',
		"SELECT count(*) = 1 FROM pg_stat_activity WHERE datname LIKE 'sl\\_rehearsal\\_%' AND wait_event = 'PgSleep'",
		'the sleep of the script');
}

#
# Equal, fact by fact
#

# The same registry in two databases: one migrates, the other rehearses.
sub compare
{
	my ($name, $load, %but) = @_;
	my $migrated = fresh();
	my $rehearsed = fresh();

	for my $one ($migrated, $rehearsed)
	{
		$node->safe_psql($one, $but{prepare}) if defined $but{prepare};
		$node->safe_psql($one, $load);
	}
	my ($mret, $mout, $merr) = $node->psql($migrated, "CALL sl_migrate('heads')");
	my ($rret, $rout, $rerr) = $node->psql($rehearsed, "CALL sl_rehearse('heads')");

	is("$mret $rret", '0 0', "$name: both run") or diag("$merr\n$rerr");
	my @expected = rows_of($migrated, 'applied');
	my @found = rows_of($rehearsed, 'rehearsed');

	if (defined $but{without})
	{
		@expected = grep { !/^(?:$but{without})\|/ } @expected;
	}
	cmp_ok(scalar(@expected), '>', 0, "$name: there is something to compare");
	is(differing(\@expected, \@found), '', "$name: the footprints are the same");
	is(value($node, $rehearsed, 'SELECT count(*) FROM sl_catalog() WHERE class IN (\'table\', \'view\')'),
		$but{tables} // 0, "$name: nothing was done here");
	return $rerr;
}

my $fixtures = abs_path('test/fixtures');

for my $dir (qw(s2_saas s4_agents demo))
{
	compare($dir, "SELECT * FROM sl_load_directory('$fixtures/$dir')");
}

$node->safe_psql('postgres', roles_sql());
for my $n (1 .. $worlds)
{
	my $world = new_world($seed * 1000 + $n, id => $n, major => $major);
	my (%subscribes, $load);

	for my $i (1 .. 30)
	{
		my $revision = next_revision($world);
		my $id = sprintf '%03d_%s', $i, $revision->{id};

		# what is made for a subscription is not made in a rehearsal
		$subscribes{$id} = 1 if grep { /\bSUBSCRIPTION\b/ } @{ $revision->{statements} };
		$load .= 'SELECT sl_register(' . join(', ', map { sql_literal($_) } $id,
			"SET standard_conforming_strings = on;\n" . join('', map { "$_;\n" } @{ $revision->{statements} })) . ");\n";
	}
	compare("world $n", $load,
		without => join('|', map { quotemeta } sort keys %subscribes) || undef);
}

# what the database and the roles ask for
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE deployer LOGIN CREATEDB;
CREATE ROLE reader;
CREATE ROLE team NOLOGIN CREATEDB;
CREATE ROLE member LOGIN IN ROLE team;
CREATE ROLE plain LOGIN;
SQL

compare('default privileges, extensions, enums', <<'SQL');
SELECT sl_register('1', 'ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader; CREATE TABLE a (x int); REVOKE ALL ON SCHEMA public FROM PUBLIC; GRANT USAGE ON SCHEMA public TO reader');
SELECT sl_register('2', 'CREATE EXTENSION citext; CREATE TABLE b (x citext); ALTER TABLE b OWNER TO deployer');
SELECT sl_register('3', 'CREATE TYPE e AS ENUM (''a'')');
SELECT sl_register('4', E'-- sl:no-transaction\nALTER TYPE e ADD VALUE ''b''; CREATE TABLE c (x e DEFAULT ''b'' CHECK (x <> ''a''))');
SELECT sl_register('5', 'CREATE INDEX CONCURRENTLY c_x ON c (x); CREATE TABLE d (y int); DROP TABLE d; CREATE TABLE f (z int); ALTER TABLE f ADD w text');
SELECT sl_register('6', E'-- sl:no-transaction\nSET search_path = pg_catalog; CALL public.p()') FROM (SELECT sl_register('5p', 'CREATE PROCEDURE p() LANGUAGE plpgsql AS $$BEGIN CREATE TABLE public.g (a int); COMMIT; CREATE TABLE public.h (b int); END$$')) AS p;
SELECT sl_register('7', 'CREATE TABLE i (a int)');
SELECT sl_register('v', 'CREATE OR REPLACE VIEW v AS SELECT * FROM i', kind => 'repeatable');
SELECT sl_register('s', 'INSERT INTO i VALUES (1)', kind => 'seed');
SQL

# another encoding, locale, provider; and paths of database and roles
for my $made (
	"TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'",
	"TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'de-DE' LC_COLLATE 'C' LC_CTYPE 'C'")
{
	my @both;

	for my $one (1, 2)
	{
		my $name = 'rehearse_' . ++$number;

		push @both, $name;
		$node->safe_psql('postgres', <<SQL);
CREATE DATABASE $name OWNER deployer $made;
ALTER DATABASE $name SET search_path = app, public;
ALTER DATABASE $name SET default_toast_compression = 'pglz';
ALTER ROLE deployer IN DATABASE $name SET my.schema = 'other';
SQL
		$node->safe_psql($name, <<'SQL');
CREATE SCHEMA sl;
CREATE EXTENSION schema_lifecycle SCHEMA sl;
SELECT sl.sl_grant('deployer', 'deploy');
SQL
		$node->safe_psql($name, <<'SQL', connstr => $node->connstr($name) . ' user=deployer options=-cdefault_text_search_config=pg_catalog.german');
SELECT sl.sl_register('1', 'CREATE SCHEMA app; CREATE TABLE t (a text COLLATE "C", b text, c varchar(3) DEFAULT current_setting(''my.schema''))');
SELECT sl.sl_register('2', 'DO $$BEGIN EXECUTE format(''CREATE TABLE %I.x (d text DEFAULT %L)'', current_schema, current_setting(''default_text_search_config'') || pg_encoding_to_char(encoding) || datcollate || datlocprovider::text) FROM pg_database WHERE datname = current_database(); END$$');
SQL
	}
	my $as = sub {
		my ($name, $sql) = @_;

		return $node->psql($name, $sql,
			connstr => $node->connstr($name) . ' user=deployer options=-cdefault_text_search_config=pg_catalog.german');
	};

	($ret, $out, $err) = $as->($both[0], 'CALL sl.sl_migrate()');
	is($ret, 0, 'migrated as the owner') or diag($err);
	($ret, $out, $err) = $as->($both[1], 'CALL sl.sl_rehearse()');
	is($ret, 0, 'rehearsed as the owner') or diag($err);
	my @rows = map {
		[ split /\n/, value($node, $_,
			"SET search_path = sl; SELECT e.revision, f.class, f.identity, f.change, f.after, f.definition FROM sl_evidence e JOIN sl_footprint f ON f.evidence_id = e.id ORDER BY 1, 2, 3") ]
	} @both;

	is(scalar(grep { /app\.x/ && /german/ } @{ $rows[1] }), 1,
		"$made: the script met the settings");
	is(differing(@rows), '', "$made: the footprints are the same");
	$node->safe_psql('postgres', "DROP DATABASE $_") for @both;
}

#
# Who may
#

sub as
{
	my ($db, $user, $sql) = @_;
	my @done = $node->psql($db, $sql,
		connstr => $node->connstr($db) . " user=$user",
		extra_params => [ '-v', 'VERBOSITY=verbose' ]);

	return join "\n", $done[0],
	  grep { !/LOCATION:/ } split /\n/, $done[2] =~ s/psql:<stdin>:\d+: //gr;
}

$db = fresh();
$node->safe_psql($db, <<'SQL');
GRANT CREATE ON SCHEMA public TO PUBLIC;
SELECT sl_grant(r::regrole, 'deploy') FROM (VALUES ('deployer'), ('plain'), ('team'), ('member')) AS v (r);
SQL
as($db, 'deployer', "SELECT sl_register('1', 'CREATE TABLE t (a int)')");
is(as($db, 'plain', 'CALL sl_rehearse()'), <<'OUT' =~ s/\n$//r, 'no CREATEDB: 42501 before anything');
3
ERROR:  SL011: revision "1" was registered by "deployer", whose scripts "plain" may not run
DETAIL:  "deployer" does not have the privileges of "plain".
HINT:  Register the script again as a role that has them, or let a superuser name "deployer" in schema_lifecycle.trusted_registrars.
OUT
as($db, 'plain', "SELECT sl_register('1', 'CREATE TABLE t (a int)')");
is(as($db, 'plain', 'CALL sl_rehearse()'), <<'OUT' =~ s/\n$//r, 'no CREATEDB: 42501 before anything');
3
ERROR:  42501: permission denied to make a scratch database
DETAIL:  sl_rehearse() runs revisions in a database of its own, as "plain".
HINT:  ALTER ROLE ... CREATEDB, or call it as a role that has that.
OUT
no_scratch('no CREATEDB');

# what is made belongs to the caller, whoever logged in
as($db, 'member', "SET ROLE team; SELECT sl_register('1', 'CREATE TABLE t (a int); DO \$\$BEGIN ASSERT current_user = ''team'' AND session_user = ''member''; END\$\$'), sl_register('2', 'CREATE INDEX CONCURRENTLY i ON t (a)')");
like(as($db, 'member', 'SET ROLE team; CALL sl_rehearse()'),
	qr/SL011: revision "2" was registered by "team", whose scripts "team" may not run\nDETAIL:  "team" does not have the privileges of "member"/,
	'a script outside a transaction must not have the one who logged in within reach');
as($db, 'member', "SELECT sl_unregister('2')");
like(as($db, 'member', 'SET ROLE team; CALL sl_rehearse()'),
	qr/1 rehearsed, 2 statements/, 'SET ROLE to a role that cannot log in');
is(value($node, $db, "SELECT definition ->> 'owner' FROM sl_footprint WHERE class = 'table'"),
	'team', 'it owns what was made');
no_scratch('SET ROLE');
as($db, 'member', "SELECT sl_register('3', 'SET ROLE member; RESET ROLE; CREATE ROLE x')");
like(as($db, 'member', "SET ROLE team; SELECT sl_register('3', 'RESET ROLE; CREATE TABLE stolen ()'); CALL sl_rehearse()"),
	qr/cannot set parameter "role" within security-definer function/,
	'a script does not get at who logged in');
no_scratch('confined');

#
# A crash, and who comes afterwards
#

my $sleep = 'CREATE TABLE a (b int); SELECT pg_sleep(600)';

$db = fresh('1' => 'CREATE TABLE t (a int)', '2' => $sleep);
my $oid = value($node, $db, "SELECT oid FROM pg_database WHERE datname = current_database()");

# databases of the user, with names like that, with the mark of another
$node->safe_psql('postgres', <<SQL);
CREATE DATABASE sl_rehearsal_$oid;
CREATE DATABASE "sl_rehearsal_${oid}_0123456789abcdef0123456789abcdef" CONNECTION LIMIT 0;
SQL
$s = session($node, $db);
$s->send('CALL sl_rehearse()');
asleep();
is(value($node, $db, "SELECT count(*) FROM sl_evidence"), 0, 'nothing is written while it runs');
is( value(
		$node, $db,
		"SELECT datconnlimit || ' ' || (shobj_description(d.oid, 'pg_database') = s.mark) FROM pg_database AS d JOIN sl_scratch AS s ON s.name = d.datname"
	),
	'0 true',
	'the scratch database is marked, and nobody connects');
like( value($node, $db, 'SELECT mark FROM sl_scratch'),
	qr/^schema_lifecycle: scratch database of a rehearsal for database "$db" \($oid in system \d+\), by process \d+ since /,
	'by a comment that says whose it is');
my $left = value($node, $db, 'SELECT name FROM sl_scratch');
$node->stop('immediate');
$node->start;
$s->quit;
is(value($node, $db, "SELECT count(*) FROM pg_database WHERE datname = '$left'"), 1, 'a crash leaves it');
$node->safe_psql($db, "SELECT sl_register('2', 'CREATE TABLE a (b int)')");

# only who owns it, or is a superuser, drops it
$node->safe_psql($db, "SELECT sl_grant(r::regrole, 'deploy') FROM (VALUES ('deployer'), ('plain')) AS v (r)");
like(as($db, 'deployer', "CALL sl_rehearse('1')"),
	qr/^0\nNOTICE:  00000: a crash has left scratch database "$left", which belongs to "\w+"\nHINT:  It is dropped when that role, or a superuser, calls sl_rehearse\(\)\.\nNOTICE:  00000: 1 rehearsed/,
	'another role does not drop it, and goes on');
# whatever else is wrong
like(as($db, 'plain', 'CALL sl_rehearse()'),
	qr/^3\nNOTICE:  00000: a crash has left .*\nHINT: .*\nERROR:  42501: permission denied to make a scratch database/,
	'left-overs are looked for in any case');
($ret, $out, $err) = $node->psql($db, 'CALL sl_rehearse()');
is($ret, 0, 'the next call works') or diag($err);
is(value($node, $db, "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database WHERE datname LIKE 'sl\\_rehearsal\\_%'"),
	"sl_rehearsal_$oid sl_rehearsal_${oid}_0123456789abcdef0123456789abcdef",
	'and drops it, and nothing else');
is(value($node, $db, 'SELECT count(*) FROM sl_scratch'), 0, 'its row is gone');

# one that has another comment is somebody's, even if its name is in the books
$node->safe_psql($db, "INSERT INTO sl_scratch SELECT 'sl_rehearsal_${oid}_0123456789abcdef0123456789abcdef', 'the mark', oid, system_identifier, now() FROM pg_database, pg_control_system() WHERE datname = current_database()");
$node->safe_psql('postgres', "COMMENT ON DATABASE sl_rehearsal_${oid}_0123456789abcdef0123456789abcdef IS 'mine'");
($ret, $out, $err) = $node->psql($db, 'CALL sl_rehearse()');
like($err, qr/WARNING:  database "sl_rehearsal_${oid}_0123456789abcdef0123456789abcdef" does not bear the mark of its rehearsal any more, and is left alone/,
	'without its mark nothing is dropped');
is(value($node, $db, 'SELECT count(*) FROM sl_scratch'), 0, 'and it is forgotten');
# and so is one of another database, or of another system: they came by a copy
$node->safe_psql($db, "INSERT INTO sl_scratch SELECT 'sl_rehearsal_$oid', 'x', oid, system_identifier + v, now() FROM pg_database, pg_control_system(), (VALUES (1)) AS v (v) WHERE datname = current_database() UNION ALL SELECT 'sl_rehearsal_${oid}_0123456789abcdef0123456789abcdef', 'mine', 1, system_identifier, now() FROM pg_control_system()");
$node->safe_psql($db, 'CALL sl_rehearse()');
is(value($node, $db, "SELECT count(*) FROM pg_database WHERE datname LIKE 'sl\\_rehearsal\\_%'"),
	2, 'nothing of another database is dropped');
$node->safe_psql('postgres', "DROP DATABASE sl_rehearsal_$oid");
$node->safe_psql('postgres', "DROP DATABASE sl_rehearsal_${oid}_0123456789abcdef0123456789abcdef");

# a crash before the comment, and one in the middle of a DROP
$left = "sl_rehearsal_${oid}_00000000000000000000000000000001";
$node->safe_psql($db, "INSERT INTO sl_scratch SELECT '$left' || n, 'x', oid, system_identifier, now() FROM pg_database, pg_control_system(), generate_series(1, 3) AS n WHERE datname = current_database()");
$node->safe_psql('postgres', "CREATE DATABASE ${left}1 CONNECTION LIMIT 0");
$node->safe_psql('postgres', "CREATE DATABASE ${left}2");
$node->safe_psql('postgres', "UPDATE pg_database SET datconnlimit = -2 WHERE datname = '${left}2'");
$node->safe_psql('postgres', "CREATE DATABASE ${left}3");
($ret, $out, $err) = $node->psql($db, 'CALL sl_rehearse()');
is($ret, 0, 'a call with nothing to rehearse drops, too') or diag($err);
is($node->safe_psql('postgres', "SELECT string_agg(datname, ' ') FROM pg_database WHERE datname LIKE 'sl\\_rehearsal\\_%'"),
	"${left}3", 'what was made as we make it goes, what was not stays');
$node->safe_psql('postgres', "DROP DATABASE ${left}3");
no_scratch('after crashes');

#
# Cancelled, terminated
#

for my $how ('cancel', 'terminate')
{
	$db = fresh('1' => 'CREATE TABLE t (a int)', '2' => $sleep);
	$s = session($node, $db);
	$s->send('CALL sl_rehearse()');
	asleep();
	$node->safe_psql($db, "SELECT pg_${how}_backend(" . $s->pid . ')');
	$s->wait;
	like($s->messages,
		$how eq 'cancel' ?
		qr/57014: canceling statement due to user request/ :
		qr/57P01: terminating connection/,
		"$how: the caller is told");
	scratch_gone();
	is(value($node, $db, "SELECT string_agg(revision || ' ' || evidence, ',') FROM sl_evidence"),
		$how eq 'cancel' ? '1 rehearsed' : '', "$how: what there was is kept, if somebody is there to write it");
	wait_until($node, $db, "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type LIKE 'schema_lifecycle%'", 'the end of the workers');
	$s->quit;
	$node->safe_psql($db, "SELECT sl_register('2', 'CREATE TABLE a (b int)'); CALL sl_rehearse()");
	is(value($node, $db, "SELECT string_agg(revision, ',' ORDER BY revision) FROM sl_evidence"),
		'1,2', "$how: the next call does the rest");
	no_scratch($how);
}

# the worker that runs the scripts, and the one that keeps the database
for my $whose ("datname LIKE 'sl\\_rehearsal\\_%'", "datname NOT LIKE 'sl\\_rehearsal\\_%'")
{
	$db = fresh('1' => 'CREATE TABLE t (a int)', '2' => $whose =~ /NOT/ ? 'SELECT pg_sleep(3)' : $sleep);
	$s = session($node, $db);
	$s->send('CALL sl_rehearse()');
	asleep();
	$node->safe_psql($db, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type LIKE 'schema_lifecycle%' AND $whose");
	$s->wait;
	like($s->messages, qr/ERROR:  57P01: terminating background worker "schema_lifecycle worker" due to administrator command/,
		"a worker is terminated ($whose): the caller is told");
	$s->quit;
	is(value($node, $db, "SELECT count(*) FROM sl_evidence WHERE revision = '1'"), 1,
		'what was found out is kept');
	$node->safe_psql($db, "SELECT sl_register('2', 'CREATE TABLE a (b int)'); CALL sl_rehearse()");
	no_scratch('a worker terminated');
}

#
# In company
#

# two at once: each has a database of its own, and one evidence comes of it
$db = fresh('1' => 'CREATE TABLE t (a int)', '2' => 'SELECT pg_sleep(1.5)');
$s = session($node, $db);
$s2 = session($node, $db);
$_->send('CALL sl_rehearse()') for $s, $s2;
wait_until($node, 'postgres',
	"SELECT count(*) = 2 FROM pg_stat_activity WHERE datname LIKE 'sl\\_rehearsal\\_%' AND wait_event = 'PgSleep'",
	'both rehearsals');
is(value($node, $db, 'SELECT count(*) FROM sl_scratch'), 2, 'two scratch databases');
# a third does not take those for left over; it has nothing to do with them
$node->safe_psql($db, "CALL sl_rehearse('1')");
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_database WHERE datname LIKE 'sl\\_rehearsal\\_%'"),
	2, 'those at work are not taken for left over');
for ($s, $s2)
{
	$_->wait;
	like($_->messages, qr/2 footprints kept/, 'both end well');
	$_->quit;
}
is(value($node, $db, "SELECT string_agg(revision, ',' ORDER BY id) FROM sl_evidence"), '1,2',
	'one evidence each');
no_scratch('two at once');

# scripts run while others migrate; footprints wait for the lock
$db = fresh('1' => 'CREATE TABLE t (a int)', '2' => 'CREATE TABLE u (a int)');
$s = session($node, $db);
$s->query('SELECT pg_advisory_lock(' . value($node, $db, "SELECT split_part(value, ',', 1) FROM sl_settings WHERE name = 'lock_keys'") . ')');
$s2 = session($node, $db);
$s2->send('CALL sl_rehearse()');
wait_until($node, $db,
	"SELECT count(*) = 1 FROM pg_stat_activity WHERE query = 'sl_rehearse: waiting for the migration lock' AND backend_xmin IS NULL",
	'the wait for the lock, without a snapshot');
$node->safe_psql($db, 'CREATE TABLE x (a int)');
$node->safe_psql($db, 'CREATE INDEX CONCURRENTLY ON x (a)');
$s->quit;
$s2->wait;
like($s2->messages, qr/2 footprints kept/, 'written when it was free');
$s2->quit;
$db = fresh('1' => 'CREATE TABLE t (a int)');
$s = session($node, $db);
$s->query('SELECT pg_advisory_lock(' . value($node, $db, "SELECT split_part(value, ',', 1) FROM sl_settings WHERE name = 'lock_keys'") . ')');
($ret, $out, $err) = $node->psql($db, q(CALL sl_rehearse(NULL, '{"lock_wait": 50}')),
	extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($err, qr/SL007: another migration is running in process @{[ $s->pid ]}/, 'a lock that is not freed: SL007');
no_scratch('a busy lock');
$s->quit;

# a database that somebody looks at, as only a superuser can
$db = fresh('1' => 'CREATE TABLE t (a int)', '2' => 'SELECT pg_sleep(1.5)');
$s = session($node, $db);
$s->send('CALL sl_rehearse()');
asleep();
$left = value($node, $db, 'SELECT name FROM sl_scratch');
like(join(' ', $node->psql($left, 'SELECT 1', connstr => $node->connstr($left) . ' user=deployer')),
	qr/too many connections for database/, 'others do not get in');
$s2 = session($node, $left);
$s->wait;
like($s->messages, qr/2 footprints kept/, 'it ends well');
no_scratch('looked at');
$s2->quit;
$s->quit;

#
# A standby
#

$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('rehearse_standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
($ret, $out, $err) = $standby->psql($db, 'CALL sl_rehearse()', extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($err, qr/25006: cannot execute sl_rehearse\(\) on a standby/, 'not on a standby');
$standby->stop;

check_log($node, 'rehearsals', qr/XXXX/);
done_testing();
