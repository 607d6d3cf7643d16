--
-- sl_register and sl_unregister: what one revision's new text may change
--
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS schema_lifecycle CASCADE;
CREATE EXTENSION schema_lifecycle;
RESET client_min_messages;
\set VERBOSITY default
-- SQLSTATE and message of a statement that has to fail; temporary, so that
-- the database has no objects before its first migration
CREATE FUNCTION pg_temp.sqlstate_of(statement text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	RETURN concat_ws(': ', SQLSTATE, SQLERRM);
END $$;

-- a first revision is a root, the next has the single head for a parent
SELECT sl_register('001', 'CREATE TABLE reg_a (i int)', 'DROP TABLE reg_a');
SELECT sl_register('002', 'CREATE TABLE reg_b (i int)', description => 'second');
SELECT ordinal, revision, parents, state, is_head, description FROM sl_graph();
-- once more: nothing changed, and 002 does not become its own parent
SELECT sl_register('002', 'CREATE TABLE reg_b (i int)');
SELECT revision, parents FROM sl_graph();
-- pending: anything may change, even to another statement
SELECT sl_register('002', 'CREATE TABLE reg_b (i int, j int)');
-- white space alone is an update too
SELECT sl_register('002', 'CREATE  TABLE reg_b (i int, j int)');
-- an explicit root makes a second head; then there is no single one
SELECT sl_register('other', 'SELECT 1', parents => '{}');
SELECT sl_register('003', 'SELECT 1');
SELECT pg_temp.sqlstate_of($$SELECT sl_register('003', 'SELECT 1')$$);
SELECT sl_register('003', 'SELECT 1', parents => '{002,other,002}');
SELECT revision, parents FROM sl_graph();
-- unknown parents, oneself as a parent and cycles are a matter of the graph
SELECT sl_register('loop', 'SELECT 1', parents => '{loop}');
SELECT sl_register('lost', 'SELECT 1', parents => '{nowhere}');
SELECT problem, revision, detail FROM sl_check_graph() WHERE severity = 'error';
SELECT sl_unregister('loop'), sl_unregister('lost');

-- NULL leaves the down script, an empty text takes it away
SELECT sl_register('keep', 'SELECT 1', E'-- sl:no-transaction\nVACUUM', '{}');
SELECT sl_register('keep', 'SELECT 1');
SELECT sl_register('keep', 'SELECT 2');
SELECT sl_register('keep', 'SELECT 2', description => 'two');
SELECT up, down, down_line, down_transactional FROM sl_registry WHERE revision = 'keep';
SELECT sl_register('keep', 'SELECT 2', ' ');
SELECT up, down, description FROM sl_registry WHERE revision = 'keep';
SELECT sl_register('keep', E'SELECT 2;\n-- sl:down\nSELECT 3');
SELECT sl_register('keep', 'SELECT 2');
SELECT down, down_line FROM sl_registry WHERE revision = 'keep';
SELECT sl_unregister('keep');
-- the head may descend from what is registered only now
SELECT sl_unregister('003'), sl_unregister('other');
SELECT sl_register('c2', 'SELECT 1', parents => '{c1,002}');
SELECT sl_register('c3', 'SELECT 1', parents => '{c2}');
SELECT sl_register('c1', 'SELECT 1');
SELECT sl_register('c1', 'SELECT 1', parents => '{002}');
SELECT revision, parents FROM sl_graph();
SELECT sl_unregister('c3'), sl_unregister('c2'), sl_unregister('c1');
SELECT sl_register('other', 'SELECT 1', parents => '{}'), sl_register('003', 'SELECT 1', parents => '{002,other,002}');

-- own headers count
SELECT sl_register('seeds', $$-- sl:kind seed
-- sl:ignore big-table it has ten rows
-- sl:no-transaction
VACUUM reg_a$$);
SELECT kind, parents, transactional, offender, ignores FROM sl_registry WHERE revision = 'seeds';
SELECT sl_register('004', E'-- sl:parents 003\r\nSELECT 1;\n-- sl:down\n-- sl:no-transaction\nSELECT 2;\n');
SELECT up, down, down_line, transactional, down_transactional, parents FROM sl_registry WHERE revision = '004';
-- without the header the first such command is named
SELECT sl_register('005', 'SELECT 1; CREATE INDEX CONCURRENTLY ON reg_a (i); VACUUM', parents => '{004}');
SELECT transactional, offender, statements FROM sl_registry WHERE revision = '005';
-- an external revision has no script; a script may be filled in, and stays
SELECT sl_register('ext', NULL, parents => '{005}');
SELECT sl_register('ext', 'SELECT 5', parents => '{005}');
SELECT sl_register('ext', NULL, parents => '{005}');
SELECT up FROM sl_registry WHERE revision = 'ext';

-- what is refused, each with its words
SELECT pg_temp.sqlstate_of(format('SELECT sl_register(%L, %L, parents => %L)', id, 'SELECT 1', '{}'))
FROM unnest(ARRAY['', 'heads', 'base', 'a:b', 'a,b', E'a\nb', E'a\x7f', ' a', 'a ', repeat('x', 256)]) AS id;
SELECT sl_register(repeat('x', 255), 'SELECT 1', parents => '{}');
SELECT sl_unregister(repeat('x', 255));
SELECT pg_temp.sqlstate_of($$SELECT sl_register(NULL, 'SELECT 1')$$);
SELECT pg_temp.sqlstate_of($$SELECT sl_register('x', 'SELECT 1', kind => NULL)$$);
SELECT pg_temp.sqlstate_of($$SELECT sl_register('x', 'SELECT 1', kind => 'once')$$);
SELECT pg_temp.sqlstate_of($$SELECT sl_register('x', 'SELECT 1', parents => '{a,NULL}')$$);
SELECT pg_temp.sqlstate_of($$SELECT sl_register('x', 'SELECT 1', parents => '{{a},{b}}')$$);
SELECT pg_temp.sqlstate_of($$SELECT sl_register('x', 'SELECT 1', parents => '{"a,b"}')$$);
SELECT pg_temp.sqlstate_of($$SELECT sl_register('x', 'SELECT 1', parents => '{a}', kind => 'seed')$$);
SELECT pg_temp.sqlstate_of($$SELECT sl_register('x', NULL, kind => 'repeatable')$$);
SELECT pg_temp.sqlstate_of($$SELECT sl_register('x', NULL, 'DROP TABLE x', '{}')$$);
SELECT pg_temp.sqlstate_of($$SELECT sl_register('x', 'SELECT 1', parents => '{}', description => E'a\x01')$$);
SELECT pg_temp.sqlstate_of(format($$SELECT sl_register('x', 'SELECT 1', parents => '{}', description => repeat('d', %s))$$, 1024 * 1024 + 1));
SELECT pg_temp.sqlstate_of($$SELECT sl_register('x', E'SELECT 1;\nSELCT 2', parents => '{}')$$);
SELECT pg_temp.sqlstate_of($$SELECT sl_register('x', 'SELECT 1', E'SELECT 1;\n\nSELCT 2', parents => '{}')$$);
SELECT pg_temp.sqlstate_of($$SELECT sl_register('x', E'SELECT 1;\nCOMMIT;\nSELECT 2', parents => '{}')$$);
-- headers
SELECT pg_temp.sqlstate_of(format('SELECT sl_register(%L, %L)', 'x', header || E'\nSELECT 1'))
FROM unnest(ARRAY['-- sl:kind', '-- sl:kind once', '-- sl:nothing', '-- sl:only staging', '-- sl:always',
	'-- sl:role dba', '-- sl:project p', '-- sl:no-transaction please', '-- sl:ignore rule',
	'-- sl:replaces a..b', E'-- sl:kind baseline\n-- sl:replaces a..', E'SELECT 0;\n-- sl:kind seed',
	'-- sl:revision y', E'-- sl:parents a,,b', E'-- sl:down\n-- sl:kind seed',
	E'-- sl:down\nSELECT 1;\n-- sl:down']) AS header;
SELECT pg_temp.sqlstate_of($$SELECT sl_register('x', '-- sl:parents a', parents => '{b}')$$);
SELECT pg_temp.sqlstate_of($$SELECT sl_register('x', '-- sl:kind seed', kind => 'repeatable')$$);
SELECT pg_temp.sqlstate_of($$SELECT sl_register('x', E'SELECT 1;\n-- sl:down\nSELECT 2', 'SELECT 3', '{}')$$);
-- nothing of that was kept
SELECT count(*) FROM sl_registry WHERE revision = 'x';

-- text is text
SELECT sl_register($$Robert'); DROP TABLE "sl_registry"; --$$, 'SELECT 1', parents => '{}', description => $$it's "quoted" $1$$);
SELECT sl_register('größe 尺寸', 'SELECT 1', parents => ARRAY[$$Robert'); DROP TABLE "sl_registry"; --$$]);
SELECT revision, parents, description FROM sl_graph() WHERE description IS NOT NULL OR revision LIKE 'gr%';
SELECT sl_unregister('größe 尺寸');
SELECT sl_unregister($$Robert'); DROP TABLE "sl_registry"; --$$);

--
-- Applied
--
SELECT sl_register('fun', 'CREATE OR REPLACE VIEW reg_v AS SELECT 1 AS one', kind => 'repeatable');
SELECT sl_unregister('005'), sl_unregister('ext'), sl_unregister('seeds');
SELECT sl_unregister('004');
SET client_min_messages = warning;
SELECT revision, outcome FROM sl_apply_pending('heads');
RESET client_min_messages;
SELECT sl_register('002', 'CREATE  TABLE reg_b (i int, j int)');
-- comments, white space and the case of keywords
SELECT sl_register('002', E'/* two columns */ create table reg_b (\n\ti int,\n\tj int);');
SELECT revision, noted FROM sl_registry WHERE noted IS NOT NULL;
-- a real change
SELECT sl_register('002', E'/* two columns */ create table reg_b (\n\ti int,\n\tj bigint);');
SELECT pg_temp.sqlstate_of($$SELECT sl_register('002', 'CREATE TABLE reg_b (i int, k int)')$$);
SELECT pg_temp.sqlstate_of($$SELECT sl_register('001', 'CREATE TABLE reg_a (i int); SELECT 2', 'DROP TABLE reg_a')$$);
-- the down script, the parents and the description are free
SELECT sl_register('001', 'CREATE TABLE reg_a (i int)', 'DROP TABLE reg_a CASCADE');
SELECT sl_register('001', 'CREATE TABLE reg_a (i int)', 'DROP TABLE reg_a CASCADE', description => 'first');
SELECT sl_register('002', (SELECT up FROM sl_registry WHERE revision = '002'), parents => '{}');
SELECT sl_register('002', (SELECT up FROM sl_registry WHERE revision = '002'), parents => '{001}');
-- the kind is not
SELECT pg_temp.sqlstate_of($$SELECT sl_register('001', 'CREATE TABLE reg_a (i int)', kind => 'seed', parents => '{}')$$);
SELECT pg_temp.sqlstate_of($$SELECT sl_register('fun', 'CREATE OR REPLACE VIEW reg_v AS SELECT 1 AS one', parents => '{}')$$);
-- a repeatable that ran may change, and is pending again
SELECT sl_register('fun', 'CREATE OR REPLACE VIEW reg_v AS SELECT 2 AS one', kind => 'repeatable');
SELECT revision, kind FROM sl_pending('heads');
-- what is applied stays registered
SELECT pg_temp.sqlstate_of($$SELECT sl_unregister('001')$$);
SELECT pg_temp.sqlstate_of($$SELECT sl_unregister('nowhere')$$);
SELECT sl_unregister('fun');
-- an id may be shortened where that is clear
SELECT sl_register('later', 'SELECT 1', parents => '{003}');
SELECT sl_unregister('lat');
SELECT pg_temp.sqlstate_of($$SELECT sl_unregister('00')$$);

-- partly run outside a transaction: free behind the last finished statement
SELECT sl_register('ct', 'CREATE INDEX CONCURRENTLY ct1 ON reg_a (i); CREATE INDEX CONCURRENTLY ct2 ON reg_b (i)', parents => '{003}');
INSERT INTO sl_journal VALUES ('ct', 'up', 1, 'finished', 'CREATE INDEX CONCURRENTLY ct1 ON reg_a (i)', NULL, now(), now()),
	('ct', 'up', 2, 'started', 'CREATE INDEX CONCURRENTLY ct2 ON reg_b (i)', NULL, now(), NULL);
SELECT sl_register('ct', 'CREATE INDEX CONCURRENTLY ct1 ON reg_a (i); CREATE INDEX CONCURRENTLY ct2 ON reg_b (j)');
SELECT sl_register('ct', 'CREATE INDEX CONCURRENTLY ct1 ON reg_b (i); CREATE INDEX CONCURRENTLY ct2 ON reg_b (j)');
SELECT pg_temp.sqlstate_of($$SELECT sl_register('ct', 'CREATE INDEX ct1 ON reg_a (i)')$$);
SELECT pg_temp.sqlstate_of($$SELECT sl_unregister('ct')$$);
DELETE FROM sl_journal;

-- who may
SET default_transaction_read_only = on;
SELECT pg_temp.sqlstate_of($$SELECT sl_register('ro', 'SELECT 1')$$);
RESET default_transaction_read_only;
CREATE FUNCTION definer() RETURNS text LANGUAGE sql SECURITY DEFINER
AS $$SELECT sl_register('definer', 'SELECT 1')$$;
SELECT pg_temp.sqlstate_of('SELECT definer()');
CREATE ROLE regress_reg_dev;
SET ROLE regress_reg_dev;
SELECT pg_temp.sqlstate_of($$SELECT sl_register('nobody', 'SELECT 1')$$);
RESET ROLE;
SELECT sl_grant('regress_reg_dev', 'deploy');
SET ROLE regress_reg_dev;
SELECT sl_register('dev', 'SELECT 1', parents => '{003}');
RESET ROLE;
SELECT revision, registrar FROM sl_revision WHERE revision IN ('dev', '003');
-- who brings only the graph does not take over the script
SELECT sl_register('dev', NULL, parents => '{002}');
SELECT revision, registrar, parents FROM sl_revision WHERE revision = 'dev';
-- who brings the script does
SELECT sl_register('dev', 'SELECT 1;', parents => '{002}');
SELECT revision, registrar FROM sl_revision WHERE revision = 'dev';

SET client_min_messages = warning;
DROP FUNCTION definer();
DROP VIEW reg_v;
DROP TABLE reg_a, reg_b;
DROP EXTENSION schema_lifecycle;
DROP OWNED BY regress_reg_dev;
DROP ROLE regress_reg_dev;
