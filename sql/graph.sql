--
-- The graph of revisions: order, heads, problems, targets, baselines.
--
-- Each part begins with empty books.  Only a superuser can empty them; it is
-- the cheapest way to a database that has seen nothing yet.
--
SET client_min_messages = warning;
CREATE EXTENSION schema_lifecycle;
\set fresh 'DELETE FROM sl_registry; DELETE FROM sl_applied; DELETE FROM sl_log; DELETE FROM sl_journal;'
\set forget 'DELETE FROM sl_applied; DELETE FROM sl_log; UPDATE sl_registry SET settled = false;'
\set graph 'SELECT ordinal, revision, parents, kind, state, is_head FROM sl_graph();'
\set problems 'SELECT severity, problem, revision, detail FROM sl_check_graph();'
\pset format unaligned

--
-- An empty registry: nothing anywhere, and no error.
--
:graph
:problems
SELECT * FROM sl_heads();
SELECT * FROM sl_pending();
SELECT * FROM sl_pending('heads');
SELECT * FROM sl_pending('base');

--
-- Branches and a merge: parents first, and by bytes among what is free to go
-- ("B" before "a").  Repeatables come after all that is versioned, seeds
-- after them.  One head.
--
SELECT sl_register('root', 'SELECT 1', parents => '{}', description => 'where all begins');
SELECT sl_register('b', 'SELECT 1', parents => '{root}');
SELECT sl_register('a', 'SELECT 1', parents => '{root}');
SELECT sl_register('B', 'SELECT 1', parents => '{root}');
SELECT sl_register('m', 'SELECT 1', parents => '{b,a,B,a}');
SELECT sl_register('seed_1', 'SELECT 1', parents => '{}', kind => 'seed');
SELECT sl_register('A_view', 'SELECT 1', parents => '{}', kind => 'repeatable');
-- root, B, a, b, m (the head, each parent once), A_view, seed_1
:graph
SELECT ordinal, revision, description FROM sl_graph() WHERE ordinal = 1;
-- none
:problems
-- m
SELECT * FROM sl_heads();
-- also in a select list
SELECT sl_heads();
-- all seven, numbered 1 to 7
SELECT * FROM sl_pending();

-- The order does not depend on the order of registration: no row.
CREATE TEMP TABLE before AS SELECT ordinal, revision FROM sl_graph();
:fresh
SELECT sl_register(r, 'SELECT 1', parents => p::text[], kind => k)
  FROM (VALUES ('A_view', '{}', 'repeatable'), ('m', '{b,a,B,a}', 'versioned'),
			   ('seed_1', '{}', 'seed'), ('B', '{root}', 'versioned'),
			   ('b', '{root}', 'versioned'), ('a', '{root}', 'versioned'),
			   ('root', '{}', 'versioned')) AS v (r, p, k);
SELECT * FROM before FULL JOIN (SELECT ordinal, revision FROM sl_graph()) AS now
 USING (ordinal, revision) WHERE before IS NULL OR now IS NULL;

--
-- Targets: a revision and its ancestors; what is written for the head waits
-- for the head.
--
-- root, a
SELECT * FROM sl_pending('a');
-- m is the head: all seven
SELECT count(*) FROM sl_pending('m');
-- nothing
SELECT * FROM sl_pending('base');
-- a repeatable or a seed comes alone
SELECT * FROM sl_pending('seed_1');
-- a unique beginning will do
SELECT revision FROM sl_pending('ro');
-- SL002: no such revision, three times
\set VERBOSITY sqlstate
SELECT * FROM sl_pending('head');
\set VERBOSITY default
SELECT * FROM sl_pending('nosuch');
SELECT * FROM sl_pending('');
-- an exact id wins over those that it begins
SELECT sl_register('m_2', 'SELECT 1', parents => '{m}');
-- (and is no head now: root, B, a, b, m)
SELECT revision FROM sl_pending('m');
-- SL002 with two candidates
SELECT sl_register('m_3', 'SELECT 1', parents => '{m}');
SELECT * FROM sl_pending('m_');
-- two heads, a warning for each
:problems
-- SL002 naming the two heads
SELECT * FROM sl_pending();
-- all: root, B, a, b, m, m_2, m_3, A_view, seed_1
SELECT * FROM sl_pending('heads');
-- SL002 with ten candidates and 3 more
SELECT count(*) FROM (SELECT sl_register('x' || i, 'SELECT 1', parents => '{m_2,m_3}') FROM generate_series(1, 13) AS i) AS s;
SELECT * FROM sl_pending('x');

--
-- Applied: what is done is pending no more.
--
:fresh
SELECT sl_register('r1', 'SELECT 1', parents => '{}');
SELECT sl_register('r2', 'SELECT 1');
SELECT sl_register('r3', 'SELECT 1');
SELECT count(*) FROM sl_stamp('r2', true, 'by hand');
-- r1, r2 applied, r3 pending
:graph
-- r3, with its place in the whole order: 3
SELECT * FROM sl_pending();
SELECT revision, outcome FROM sl_apply_pending();
-- nothing, by the short way and by the long one
SELECT * FROM sl_pending();
SELECT * FROM sl_pending('r3');

-- Applied, but registered no more (a restore from elsewhere): a warning.  It
-- counts for what names it.
DELETE FROM sl_registry WHERE revision = 'r3';
SELECT sl_register('r4', 'SELECT 1', parents => '{r2,r3}');
-- unknown_applied r3
:problems
-- r4
SELECT * FROM sl_pending();
-- SL002, saying that it is applied
SELECT * FROM sl_pending('r3');

--
-- S1: two revisions name each other.
--
:fresh
SELECT sl_register('a001', 'SELECT 1', parents => '{}');
SELECT sl_register('a002', 'SELECT 1', parents => '{a001}');
SELECT sl_register('a003', 'SELECT 1', parents => '{a002}');
SELECT sl_register('a004', 'SELECT 1', parents => '{add_self_service_dining}');
SELECT sl_register('add_self_service_dining', 'SELECT 1', parents => '{a004}');
SELECT sl_register('a005', 'SELECT 1', parents => '{a004}');
SELECT sl_register('a006', 'SELECT 1', parents => '{a005}');
-- cycle: a004 and add_self_service_dining, not what only descends from them;
-- multiple_heads: a003 and a006
:problems
-- all seven; in the cycle and behind it by id
:graph
-- SL001 with both ways round; nothing is run to any target
\set VERBOSITY sqlstate
SELECT * FROM sl_pending();
\set VERBOSITY default
SELECT * FROM sl_pending('a001');
SELECT * FROM sl_apply_pending('heads');
-- The cure is to name the right parents, also of what is applied: on this
-- database add_self_service_dining was, before a005 and a006 were put below.
SELECT sl_register('a004', 'SELECT 1', parents => '{a003}');
SELECT count(*) FROM sl_stamp('add_self_service_dining', true, 'it is there');
SELECT sl_register('add_self_service_dining', 'SELECT 1', parents => '{a006}');
-- a gap: add_self_service_dining is applied, a006 is not
:problems
-- a001 to a004 and add_self_service_dining applied
:graph
-- a005, a006
SELECT revision, outcome FROM sl_apply_pending();
:problems

--
-- Cycles of three, and two that share a revision: each row has the shortest
-- way from the revision back to itself.  What stands behind is in none.
--
:fresh
SELECT sl_register(r, 'SELECT 1', parents => p::text[])
  FROM (VALUES ('a', '{c,d}'), ('b', '{a}'), ('c', '{b}'), ('d', '{a}'),
			   ('behind', '{c}'), ('before', '{}')) AS v (r, p);
-- cycle: a -> d -> a; b -> a -> c -> b; c -> b -> a -> c; d -> a -> d
:problems
-- before, then a, b, behind, c, d
SELECT revision FROM sl_graph();

--
-- Parents that cannot be.
--
:fresh
SELECT sl_register('self', 'SELECT 1', parents => '{self}');
SELECT sl_register('orphan', 'SELECT 1', parents => '{nosuch,self}');
SELECT sl_register('view', 'SELECT 1', parents => '{}', kind => 'repeatable');
SELECT sl_register('odd', 'SELECT 1', parents => '{view}');
-- self_parent: self; missing_parent: odd (a repeatable), orphan (nosuch)
SELECT severity, problem, revision, detail FROM sl_check_graph() WHERE severity = 'error';
-- SL001 with the three
SELECT * FROM sl_pending('heads');
-- more errors than are shown: ten, and 5 more
SELECT count(*) FROM (SELECT sl_register('q' || i, 'SELECT 1', parents => '{nosuch}') FROM generate_series(10, 21) AS i) AS s;
SELECT * FROM sl_pending('heads');

--
-- A linear history, where the parent is the file before: a file that arrives
-- below an applied one is late.
--
:fresh
SELECT count(*) FROM sl_load('{001_a.sql,003_c.sql,004_d.sql}', '{SELECT 1,SELECT 3,SELECT 4}');
SELECT revision, outcome FROM sl_apply_pending('003_c');
SELECT count(*) FROM sl_load('{001_a.sql,002_b.sql,003_c.sql,004_d.sql}', '{SELECT 1,SELECT 2,SELECT 3,SELECT 4}');
-- late: 002_b, and no gap besides
:problems
-- SL001
SELECT * FROM sl_pending();
SELECT sl_configure('out_of_order', 'on');
-- late: 002_b, a warning
:problems
-- 002_b, 004_d
SELECT * FROM sl_pending();
SELECT sl_configure('out_of_order', NULL);

-- An applied script that means something else now stops every run.
:fresh
SELECT count(*) FROM sl_load('{001_a.sql,002_b.sql}', '{SELECT 1,SELECT 2}');
SELECT revision, outcome FROM sl_apply_pending('001_a');
SELECT count(*) FROM sl_load('{001_a.sql,002_b.sql}', '{SELECT 100,SELECT 2}');
-- changed_script: 001_a
:problems
-- SL001, with the cure in the hint
SELECT * FROM sl_pending();

--
-- Ids are bytes: case, composed and decomposed letters, quotes and line ends
-- make different revisions.
--
:fresh
SELECT sl_register('abc', 'SELECT 1', parents => '{}');
SELECT sl_register('ABC', 'SELECT 1', parents => '{abc}');
SELECT sl_register(U&'\00C4', 'SELECT 1', parents => '{ABC}');
SELECT sl_register(U&'A\0308', 'SELECT 1', parents => ARRAY[U&'\00C4']);
SELECT sl_register('a "quoted"', 'SELECT 1', parents => ARRAY[U&'A\0308']);
-- five, in the order of registration
SELECT ordinal, revision, pg_catalog.length(revision) FROM sl_graph();
:problems

--
-- Baselines.  In an empty database one is run in the place of what it
-- replaces; in any other what it replaces is run, and then it counts as
-- applied.
--
:fresh
SELECT sl_register('1', 'SELECT 1', parents => '{}');
SELECT sl_register('2', 'SELECT 1', parents => '{1}');
SELECT sl_register('3', 'SELECT 1', parents => '{2}');
SELECT sl_register('base_3', E'-- sl:replaces 1..3\nSELECT 1', parents => '{}', kind => 'baseline');
-- one head: 3
SELECT * FROM sl_heads();
SELECT sl_register('1_fix', 'SELECT 1', parents => '{1}');
SELECT sl_register('4', 'SELECT 1', parents => '{3,1_fix}');
-- 1, 2, 3, base_3, 1_fix, 4: what follows any of the replaced follows the
-- baseline; one head: 4
:graph
:problems
-- base_3, 1_fix, 4
SELECT * FROM sl_pending();
-- not beyond the target: 1, 2
SELECT revision FROM sl_pending('2');
-- base_3
SELECT revision FROM sl_pending('3');
-- 1 is applied: 2, 3, 1_fix, 4
SELECT count(*) FROM sl_stamp('1', true, 'by hand');
SELECT revision FROM sl_pending();
SELECT revision, outcome FROM sl_apply_pending('3');
-- base_3 is applied
SELECT revision, state FROM sl_graph();
SELECT revision FROM sl_pending();

-- The other kind of database: base_3 was run, 1 to 3 are applied by it.
:forget
SELECT revision, outcome FROM sl_apply_pending('3');
SELECT revision, state FROM sl_graph();
:problems
-- 1_fix, 4
SELECT revision FROM sl_pending();

-- The old files are gone and never were on this database: the same plan, and
-- neither 1 nor 3 is missing.
:forget
DELETE FROM sl_registry WHERE revision IN ('1', '2', '3');
:problems
-- base_3, 1_fix, 4
SELECT revision FROM sl_pending();
-- 3 was never applied here, and its file is gone; the baseline is not run in
-- a database with a history: missing_parent for 4, for 3 stands behind 2
INSERT INTO sl_applied VALUES ('1', 1, 'apply', false, NULL);
:problems
-- what heads there are does not change: 4
SELECT * FROM sl_heads();

-- The newer of two squashes is run; the older one, whose follower it covers,
-- is no head.
:fresh
SELECT sl_register('B3', E'-- sl:replaces 1..3\nSELECT 1', parents => '{}', kind => 'baseline');
SELECT sl_register('B5', E'-- sl:replaces 1..5\nSELECT 1', parents => '{}', kind => 'baseline');
SELECT sl_register('6', 'SELECT 1', parents => '{5}');
-- none
:problems
-- B5, 6
SELECT revision FROM sl_pending();

-- The middle of a history was squashed and deleted: 1, then B, then 6.  A
-- first run that stops after 1 goes on with B, as nothing else is possible.
:fresh
SELECT sl_register('1', 'SELECT 1', parents => '{}');
SELECT sl_register('B', E'-- sl:replaces 2..5\nSELECT 1', parents => '{1}', kind => 'baseline');
SELECT sl_register('6', 'SELECT 1', parents => '{5}');
-- 6
SELECT * FROM sl_heads();
-- 1, B, 6
SELECT revision FROM sl_pending();
SELECT revision, outcome FROM sl_apply_pending('1');
-- B, 6
SELECT revision FROM sl_pending();
-- but not where a part of what it replaces is applied: missing_parent for 6
INSERT INTO sl_applied VALUES ('2', 1, 'apply', false, NULL);
:problems

-- A branch that does not reach all that a baseline replaces cannot use it.
:fresh
SELECT sl_register('1', 'SELECT 1', parents => '{}');
SELECT sl_register('2', 'SELECT 1', parents => '{1}');
SELECT sl_register('2b', 'SELECT 1', parents => '{1}');
SELECT sl_register('B', E'-- sl:replaces 1..2\nSELECT 1', parents => '{}', kind => 'baseline');
-- 1, 2b
SELECT revision FROM sl_pending('2b');
-- B, 2b
SELECT revision FROM sl_pending('heads');

DROP TABLE before;
DROP EXTENSION schema_lifecycle;
