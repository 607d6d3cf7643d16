# Random changes of a schema under a trace: the facts before, with the changes
# that the trace gives applied to them, are the facts after.  Half of the
# rounds fail at their end and are rolled back to a savepoint, with the trace
# going on.  SL_SEED and SL_ROUNDS repeat a run.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use SLTest;
use Test::More;

my $seed = $ENV{SL_SEED} // int(rand(1_000_000));
my $rounds = $ENV{SL_ROUNDS} // 150;

note("SL_SEED=$seed SL_ROUNDS=$rounds");

my $node = new_node('trace');

$node->safe_psql('postgres', 'CREATE DATABASE traced');
$node->safe_psql('traced', <<'SQL');
CREATE EXTENSION schema_lifecycle;
SELECT sl_configure('compare_owners', 'on'), sl_configure('compare_privileges', 'on');
CREATE ROLE trace_role;
CREATE SCHEMA inspect;
CREATE FUNCTION inspect.trace_begin() RETURNS void
	AS 'schema_lifecycle', 'sl_inspect_trace_begin' LANGUAGE C;
CREATE FUNCTION inspect.trace_end(OUT change text, OUT class text,
	OUT identity text, OUT before jsonb, OUT after jsonb) RETURNS SETOF record
	AS 'schema_lifecycle', 'sl_inspect_trace_end' LANGUAGE C;
CREATE TABLE inspect.fact (moment text, class text, identity text, definition jsonb,
	PRIMARY KEY (moment, class, identity));
CREATE TABLE inspect.change (change text, class text, identity text, before jsonb, after jsonb,
	PRIMARY KEY (class, identity));
CREATE TABLE inspect.log (round int, ordinal int GENERATED ALWAYS AS IDENTITY, statement text, error text);
CREATE SEQUENCE inspect.name;
CREATE FUNCTION inspect.look(moment text) RETURNS void LANGUAGE sql AS $$
	DELETE FROM inspect.fact f WHERE f.moment = look.moment;
	INSERT INTO inspect.fact SELECT look.moment, class, identity, definition FROM sl_catalog()
		WHERE identity <> 'inspect.name';
$$;
CREATE FUNCTION inspect.faults() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT format('%s %s %s: expected %s, is %s', coalesce(c.change, 'missed'),
			coalesce(c.class, a.class, b.class), coalesce(c.identity, a.identity, b.identity),
			CASE WHEN c.change IS NULL THEN b.definition ELSE c.after END, a.definition)
	FROM (SELECT * FROM inspect.fact WHERE moment = 'before') b
	FULL JOIN (SELECT * FROM inspect.fact WHERE moment = 'after') a USING (class, identity)
	FULL JOIN inspect.change c USING (class, identity)
	WHERE CASE WHEN c.change IS NULL THEN b.definition ELSE c.after END IS DISTINCT FROM a.definition
	UNION ALL
	SELECT format('%s %s %s: before it was %s, and is said to have been %s', change, class, identity,
		b.definition, c.before)
	FROM inspect.change c
	LEFT JOIN (SELECT * FROM inspect.fact WHERE moment = 'before') b USING (class, identity)
	WHERE (b.class IS NULL) <> (change = 'added')
		OR change = 'changed' AND (b.definition <> c.before OR c.before = c.after)
	ORDER BY 1;
$$;
CREATE FUNCTION inspect.below(n int) RETURNS int LANGUAGE sql AS 'SELECT floor(random() * n)::int';
CREATE FUNCTION inspect.relation(kinds "char"[]) RETURNS regclass LANGUAGE sql AS $$
	SELECT oid::regclass FROM pg_class WHERE relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^s[0-9]')
		AND relkind = ANY (kinds) ORDER BY random() LIMIT 1;
$$;
CREATE FUNCTION inspect.columns(relation regclass) RETURNS text LANGUAGE sql AS $$
	SELECT quote_ident(attname) FROM pg_attribute
	WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped ORDER BY random() LIMIT 1;
$$;
CREATE FUNCTION inspect.schema() RETURNS text LANGUAGE sql AS $$
	SELECT nspname::text FROM pg_namespace WHERE nspname ~ '^s[0-9]' ORDER BY random() LIMIT 1;
$$;
CREATE FUNCTION inspect.type() RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN inspect.below(2) = 0 THEN (ARRAY['integer', 'text', 'timestamptz', 'numeric(9,2)'])[1 + inspect.below(4)]
		ELSE coalesce((SELECT format('%s%s', oid::regtype, CASE WHEN inspect.below(4) = 0 THEN '[]' END)
			FROM pg_type WHERE typnamespace IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^s[0-9]')
			AND typtype IN ('e', 'd', 'c') ORDER BY random() LIMIT 1), 'text') END;
$$;
CREATE FUNCTION inspect.child(catalog regclass, relation text, name text, at regclass) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE format('SELECT quote_ident(%I) FROM %s WHERE %I = $1 ORDER BY random() LIMIT 1', name, catalog, relation)
		INTO result USING at;
	RETURN coalesce(result, 'nothing');
END $$;

-- Most of these work most of the time.
CREATE FUNCTION inspect.statement() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	n text := 'n' || nextval('inspect.name');
	s text := inspect.schema();
	t regclass := inspect.relation('{r,p}');
	t2 regclass := inspect.relation('{r,p}');
	v regclass := inspect.relation('{v,m}');
	i regclass := inspect.relation('{i,I}');
	c text := inspect.columns(t);
	c2 text := inspect.columns(t2);
	type text := inspect.type();
	own regtype := (SELECT oid FROM pg_type WHERE typnamespace IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^s[0-9]')
		AND typtype IN ('e', 'd', 'c') AND (typrelid = 0 OR (SELECT relkind FROM pg_class WHERE oid = typrelid) = 'c')
		ORDER BY random() LIMIT 1);
	statements text[];
BEGIN
	statements := ARRAY[
		format('CREATE TABLE %s.%s (id integer PRIMARY KEY, a text DEFAULT ''x'', b %s)', s, n, type),
		format('CREATE TABLE %s.%s (id integer, a text, b %s) PARTITION BY RANGE (id)', s, n, type),
		format('CREATE TABLE %s.%s PARTITION OF %s FOR VALUES FROM (%s) TO (%s)', s, n, inspect.relation('{p}'),
			10 * substr(n, 2)::int, 10 * substr(n, 2)::int + 10),
		format('CREATE TABLE %s.%s (c integer) INHERITS (%s)', s, n, t),
		format('CREATE TABLE %s.%s AS SELECT * FROM %s', s, n, t),
		format('DROP TABLE %s CASCADE', t),
		format('ALTER TABLE %s ADD %s %s', t, n, type),
		format('ALTER TABLE %s ADD %s %s', t, c2, type),
		format('ALTER TABLE %s ADD %s serial', t, n),
		format('ALTER TABLE %s ADD %s integer GENERATED ALWAYS AS IDENTITY', t, n),
		format('ALTER TABLE %s DROP %s CASCADE', t, c),
		format('ALTER TABLE ONLY %s DROP %s', t, c),
		format('ALTER TABLE %s RENAME %s TO %s', t, c, n),
		format('ALTER TABLE %s RENAME TO %s', t, n),
		format('ALTER TABLE %s SET SCHEMA %s', t, s),
		format('ALTER TABLE %s ALTER %s TYPE %s USING NULL', t, c, type),
		format('ALTER TABLE %s ALTER %s SET NOT NULL', t, c),
		format('ALTER TABLE %s ALTER %s DROP NOT NULL', t, c),
		format('ALTER TABLE %s ALTER %s SET DEFAULT NULL', t, c),
		format('ALTER TABLE %s ALTER %s DROP DEFAULT', t, c),
		format('ALTER TABLE %s ALTER %s DROP IDENTITY IF EXISTS', t, c),
		format('ALTER TABLE %s ALTER %s SET STATISTICS %s', t, c, inspect.below(100)),
		format('ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s IS NOT NULL) NOT VALID', t, n, c),
		format('ALTER TABLE %s ADD CHECK (%s IS NOT NULL)', t, c),
		format('ALTER TABLE %s ADD UNIQUE (%s)', t, c),
		format('ALTER TABLE %s ADD PRIMARY KEY (%s)', t, c),
		format('ALTER TABLE %s ADD FOREIGN KEY (%s) REFERENCES %s (%s)', t, c, t2, c2),
		format('ALTER TABLE %s VALIDATE CONSTRAINT %s', t, inspect.child('pg_constraint', 'conrelid', 'conname', t)),
		format('ALTER TABLE %s RENAME CONSTRAINT %s TO %s', t, inspect.child('pg_constraint', 'conrelid', 'conname', t), n),
		format('ALTER TABLE %s DROP CONSTRAINT %s CASCADE', t, inspect.child('pg_constraint', 'conrelid', 'conname', t)),
		format('ALTER TABLE %s INHERIT %s', t, t2),
		format('ALTER TABLE %s NO INHERIT %s', t, t2),
		format('ALTER TABLE %s DETACH PARTITION %s', t, t2),
		format('ALTER TABLE %s ATTACH PARTITION %s DEFAULT', t, t2),
		format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %s', t, (SELECT relname FROM pg_class WHERE oid = i)),
		format('ALTER TABLE %s REPLICA IDENTITY FULL', t),
		format('ALTER TABLE %s CLUSTER ON %s', t, (SELECT relname FROM pg_class WHERE oid = i)),
		format('ALTER TABLE %s OWNER TO trace_role', t),
		format('ALTER TABLE %s SET UNLOGGED', t),
		format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t),
		format('CREATE INDEX ON %s (%s)', t, c),
		format('CREATE UNIQUE INDEX %s ON %s (%s)', n, t, c),
		format('DROP INDEX %s', i),
		format('ALTER INDEX %s RENAME TO %s', i, n),
		format('REINDEX TABLE %s', t),
		format('CLUSTER %s USING %s', t, (SELECT relname FROM pg_class WHERE oid = i)),
		format('CREATE VIEW %s.%s AS SELECT * FROM %s', s, n, t),
		format('CREATE VIEW %s.%s AS SELECT x.%s AS one, y.%s AS two FROM %s x CROSS JOIN %s y WHERE x.%s IS NOT NULL', s, n, c, c2, t, t2, c),
		format('CREATE VIEW %s.%s AS SELECT x.%s FROM %s x JOIN %s y USING (%s)', s, n, c, t, t2, c),
		format('CREATE VIEW %s.%s AS SELECT j.%s FROM (%s CROSS JOIN %s) AS j', s, n, c, t, t2),
		format('CREATE OR REPLACE VIEW %s AS SELECT * FROM %s', v, t),
		format('CREATE MATERIALIZED VIEW %s.%s AS SELECT * FROM %s', s, n, t),
		format('DROP %s %s CASCADE', CASE (SELECT relkind FROM pg_class WHERE oid = v) WHEN 'v' THEN 'VIEW' ELSE 'MATERIALIZED VIEW' END, v),
		format('ALTER TABLE %s RENAME TO %s', v, n),
		format('ALTER TABLE %s RENAME %s TO %s', v, inspect.columns(v), n),
		format('CREATE TYPE %s.%s AS ENUM (''a'', ''b'')', s, n),
		format('CREATE TYPE %s.%s AS (x integer, y %s)', s, n, type),
		format('CREATE DOMAIN %s.%s AS %s', s, n, type),
		format('ALTER TYPE %s RENAME TO %s', own, n),
		format('ALTER TYPE %s SET SCHEMA %s', own, s),
		format('ALTER TYPE %s ADD ATTRIBUTE %s integer CASCADE', own, n),
		format('ALTER TYPE %s RENAME VALUE ''a'' TO %L', own, n),
		format('ALTER TYPE %s OWNER TO trace_role', own),
		format('DROP TYPE %s CASCADE', own),
		format('CREATE FUNCTION %s.%s(x %s) RETURNS %s LANGUAGE sql AS ''SELECT NULL::%s''', s, n, t, type, type),
		format('CREATE FUNCTION %s.%s(x %s) RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(%s) FROM %s; END', s, n, type, c, t),
		format('CREATE TRIGGER %s BEFORE UPDATE OF %s ON %s FOR EACH ROW EXECUTE FUNCTION inspect.fire()', n, c, t),
		format('ALTER TABLE %s DISABLE TRIGGER USER', t),
		format('CREATE POLICY %s ON %s USING (%s IS NOT NULL)', n, t, c),
		format('CREATE RULE %s AS ON DELETE TO %s WHERE OLD.%s IS NULL DO INSTEAD NOTHING', n, t, c),
		format('CREATE STATISTICS %s.%s ON %s, (%s IS NULL) FROM %s', s, n, c, c, t),
		format('CREATE PUBLICATION %s FOR TABLE %s (%s)', n, t, c),
		format('COMMENT ON TABLE %s IS %L', t, n),
		format('COMMENT ON COLUMN %s.%s IS %L', t, c, n),
		format('COMMENT ON INDEX %s IS %L', i, n),
		format('GRANT SELECT (%s), INSERT ON %s TO trace_role', c, t),
		format('REVOKE ALL ON %s FROM trace_role', t),
		format('CREATE SCHEMA s%s', n),
		format('ALTER SCHEMA %s RENAME TO s%s', s, substr(n, 2)),
		format('DROP SCHEMA %s CASCADE', CASE WHEN inspect.below(5) = 0 THEN s ELSE 'nothing' END)];
	RETURN statements[1 + inspect.below(array_length(statements, 1))];
END $$;
CREATE FUNCTION inspect.fire() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';

CREATE FUNCTION inspect.one(round int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	statement text := inspect.statement();
	failure text;
BEGIN
	IF statement IS NULL THEN
		RETURN;
	END IF;
	BEGIN
		EXECUTE statement;
		-- what is undone was seen, too
		IF inspect.below(8) = 0 THEN
			RAISE 'undone';
		END IF;
	EXCEPTION WHEN OTHERS THEN failure := SQLERRM;
	END;
	INSERT INTO inspect.log (round, statement, error) VALUES (round, statement, failure);
END $$;
CREATE SCHEMA s1;
CREATE SCHEMA s2;
SQL

# One session, in which a seed means the same.
my $sql = "SET client_min_messages = error;\nSELECT setseed(" . ($seed % 1000) / 1000 . ");\n";
$sql .= "SELECT inspect.one(0) FROM generate_series(1, 60 + " . int($seed / 1000) . " % 7);\n";
foreach my $round (1 .. $rounds)
{
	my $statements = 1 + $round % 4;

	$sql .= "CREATE SCHEMA IF NOT EXISTS s1;\nCREATE TABLE IF NOT EXISTS s1.t (id integer, a text, b integer);\n" .
		"CREATE VIEW s1.v$round AS SELECT * FROM s1.t;\n" .
		"DELETE FROM inspect.change;\nBEGIN;\n" .
		"SELECT inspect.look('before');\nSELECT inspect.trace_begin();\n" .
		"SELECT inspect.one($round);\n" x $statements .
		"INSERT INTO inspect.change SELECT * FROM inspect.trace_end();\nSELECT inspect.look('after');\nCOMMIT;\n" .
		"SELECT 'fault: round $round: ' || f FROM inspect.faults() f;\n";
}
my $out = $node->safe_psql('traced', $sql);
my @faults = grep { /^fault: / } split /\n/, $out;

is(join("\n", @faults), '', "nothing missed in $rounds rounds (SL_SEED=$seed)");
if (@faults)
{
	my ($round) = $faults[0] =~ /round (\d+)/;

	diag("the round's statements:\n" . $node->safe_psql('traced',
		"SELECT statement, error FROM inspect.log WHERE round = $round ORDER BY ordinal"));
}
my $worked = $node->safe_psql('traced', 'SELECT count(*) FROM inspect.log WHERE round > 0 AND error IS NULL');
cmp_ok($worked, '>', $rounds / 2, "most statements did something ($worked)");

$node->stop;
done_testing();
