--
-- sl_load and sl_load_directory: a push, whatever its format
--
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS schema_lifecycle CASCADE;
CREATE EXTENSION schema_lifecycle;
RESET client_min_messages;

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
-- pushed files as a list of name, body, name, body
CREATE FUNCTION pg_temp.push(VARIADIC files text[], OUT revision text, OUT outcome text, OUT detail text)
RETURNS SETOF record LANGUAGE sql AS $$
	SELECT l.* FROM sl_load(
		ARRAY(SELECT files[i] FROM generate_series(1, cardinality(files), 2) AS i),
		ARRAY(SELECT files[i + 1] FROM generate_series(1, cardinality(files), 2) AS i)) AS l
$$;

--
-- Plain files: numbers are numbers, whatever the order of the push
--
SELECT * FROM pg_temp.push('10_c.sql', 'CREATE TABLE load_c (i int)', '2_b.sql', 'CREATE TABLE load_b (i int)',
	'001_a.sql', E'CREATE TABLE load_a (i int);\n\n-- sl:down\nDROP TABLE load_a;\n', 'README.md', 'not SQL');
SELECT revision, parents, linear, down, down_line, format, source, file FROM sl_registry ORDER BY revision;
-- again: unchanged
SELECT * FROM pg_temp.push('10_c.sql', 'CREATE TABLE load_c (i int)', '2_b.sql', 'CREATE TABLE load_b (i int)',
	'001_a.sql', E'CREATE TABLE load_a (i int);\n\n-- sl:down\nDROP TABLE load_a;\n');
-- one arrives in the middle, pushed alone: its neighbour is linked anew
SELECT * FROM pg_temp.push('5_m.sql', 'CREATE TABLE load_m (i int)');
SELECT ordinal, revision, parents FROM sl_graph();
-- a folder does not count, nor does a name with blanks, quotes or other letters
SELECT * FROM pg_temp.push($$sub dir/20 it's "größe".sql$$, 'SELECT 1');
SELECT ordinal, revision, parents FROM sl_graph();
-- a file that names its parents is out of the chain, and a parent of the next
SELECT * FROM pg_temp.push('30_x.sql', E'-- sl:parents 001_a\nSELECT 1', '40_y.sql', 'SELECT 1',
	'50_r.sql', E'-- sl:kind repeatable\nSELECT 1', '60_id.sql', E'-- sl:revision other\nSELECT 1',
	'70_z.sql', 'SELECT 1');
SELECT revision, parents, linear, kind, file FROM sl_registry WHERE file ~ '^[3-7]0' ORDER BY file;

-- pruned: what is pending and gone; the chain closes behind it
SELECT * FROM sl_load(ARRAY['001_a.sql', '2_b.sql', '10_c.sql'],
	ARRAY[E'CREATE TABLE load_a (i int);\n\n-- sl:down\nDROP TABLE load_a;\n', 'CREATE TABLE load_b (i int)',
		'CREATE TABLE load_c (i int)'], 'auto', '{"prune": true}');
SELECT ordinal, revision, parents FROM sl_graph();
-- of this source only
SELECT * FROM sl_load(ARRAY['s1.sql'], ARRAY['SELECT 1'], options => '{"source": "two"}');
SELECT * FROM sl_load(ARRAY['001_a.sql', '2_b.sql', '10_c.sql'],
	ARRAY[E'CREATE TABLE load_a (i int);\n\n-- sl:down\nDROP TABLE load_a;\n', 'CREATE TABLE load_b (i int)',
		'CREATE TABLE load_c (i int)'], 'plain', '{"prune": true}');
-- a push that has nothing of what is there is another history
SELECT * FROM sl_load(ARRAY['s2.sql'], ARRAY['SELECT 2'], options => '{"source": "two", "prune": true}');
SELECT * FROM sl_load(ARRAY['s2.sql'], ARRAY['SELECT 2'], options => '{"source": "three", "prune": true}');
SELECT sl_unregister('s2');
SELECT * FROM sl_load(ARRAY['s1.sql', 's2.sql'], ARRAY['SELECT 1', 'SELECT 2'], options => '{"source": "two", "prune": true}');
SELECT * FROM sl_load(ARRAY['s2.sql'], ARRAY['SELECT 2'], options => '{"source": "two", "prune": true}');
SELECT revision, source, parents FROM sl_revision;
SELECT sl_unregister('s2');

--
-- Applied
--
SET client_min_messages = warning;
SELECT revision, outcome FROM sl_apply_pending();
RESET client_min_messages;
-- comments; a real change; a file below what is applied
SELECT * FROM pg_temp.push('001_a.sql', E'-- first\nCREATE TABLE load_a (i int);\n\n-- sl:down\nDROP TABLE load_a;\n',
	'2_b.sql', E'CREATE TABLE load_b (i int);\nCREATE TABLE load_bb (i int)', '3_n.sql', 'CREATE TABLE load_n (i int)',
	'10_c.sql', 'CREATE TABLE load_c (i int)');
SELECT revision, up, candidate, candidate_file, noted FROM sl_registry WHERE candidate IS NOT NULL OR noted IS NOT NULL ORDER BY revision;
SELECT severity, problem, revision FROM sl_check_graph();
SELECT pg_temp.sqlstate_of('SELECT sl_apply_pending()');
-- the original text takes the candidate back
SELECT * FROM pg_temp.push('2_b.sql', 'CREATE TABLE load_b (i int)');
SELECT severity, problem, revision FROM sl_check_graph();
-- another kind is a change too
SELECT * FROM pg_temp.push('2_b.sql', E'-- sl:kind seed\nCREATE TABLE load_b (i int)');
SELECT * FROM pg_temp.push('2_b.sql', 'CREATE TABLE load_b (i int)');
-- partly run: not pruned, and free behind its last finished statement
SELECT * FROM pg_temp.push('9_j.sql', E'VACUUM load_a;\nVACUUM load_b;');
INSERT INTO sl_journal VALUES ('9_j', 'up', 1, 'finished', 'VACUUM load_a', NULL, now(), now());
SELECT * FROM sl_load('{3_n.sql}', '{SELECT 3}', options => '{"prune": true}');
SELECT * FROM pg_temp.push('9_j.sql', E'VACUUM load_c;\nVACUUM load_b;');
SELECT detail FROM sl_check_graph() WHERE problem = 'changed_script';
SELECT * FROM pg_temp.push('9_j.sql', E'VACUUM  load_a;\nVACUUM load_c;');
DELETE FROM sl_journal;
-- what is applied is not pruned, and keeps its place in the chain
SELECT * FROM sl_load(ARRAY['11_d.sql', '2_b.sql'], ARRAY['CREATE TABLE load_d (i int)', 'CREATE TABLE load_b (i int)'], options => '{"prune": true}');
SELECT ordinal, revision, parents, state FROM sl_graph();
-- a file that was renamed after it ran is named; not one whose old name is
-- pushed, too, nor one that is not new
SELECT * FROM pg_temp.push('002_b.sql', 'create table load_b (i int)', '001_a.sql', 'CREATE TABLE load_a (i int)');
SELECT * FROM pg_temp.push('002_b.sql', 'create table load_b (i int)', '001_a.sql', 'CREATE TABLE load_a (i int)');
SELECT sl_unregister('002_b');
SELECT * FROM pg_temp.push('12_b.sql', 'create table load_b (i int)', '2_b.sql', 'CREATE TABLE load_b (i int)');
SELECT sl_unregister('12_b');
SELECT * FROM sl_load(ARRAY['x_b.sql'], ARRAY['CREATE TABLE load_b (i int)'], options => '{"source": "two"}');
SELECT sl_unregister('x_b');

--
-- Empty files
--
SELECT * FROM pg_temp.push('20_e.sql', '');
SELECT * FROM pg_temp.push('20_e.sql', E' \n', 'README.md', 'x');
SELECT * FROM pg_temp.push('20_e.sql', '', '21_e.sql', E'-- later\n;\n', '22_e.sql', E'-- sl:parents 20_e, 21_e\n',
	'23_e.sql', 'SELECT 23');
-- said once, shown each time
SELECT * FROM pg_temp.push('20_e.sql', '', '21_e.sql', E'-- later\n;\n');
SELECT * FROM sl_load('{20_e.sql}', ARRAY['-- sl:down'], 'plain');
SELECT sl_unregister('23_e'), sl_unregister('22_e'), sl_unregister('21_e'), sl_unregister('20_e');
-- a source of another format is not given plain files unasked
SELECT * FROM sl_load('{x1.py}', ARRAY[E'revision = "x1"\ndown_revision = None\n'], 'alembic', '{"source": "py"}');
SELECT * FROM sl_load('{head.sql}', ARRAY[E'BEGIN;\n\nCOMMIT;\n'], options => '{"source": "py"}');
SELECT * FROM sl_load('{head.sql}', ARRAY[E'SELECT 1'], 'plain', options => '{"source": "py"}');
SELECT sl_unregister('x1'), sl_unregister('head');

--
-- A bad file, and nothing is kept
--
SELECT pg_temp.sqlstate_of(format('SELECT * FROM pg_temp.push(%L, %L, %L, %L)', '80.sql', 'SELECT 1', '81_b c.sql', body))
FROM unnest(ARRAY[E'SELECT 1;\nSELCT 2;', E'SELECT ''x', E'\n\n-- sl:parent a', E'SELECT 1;\n\n-- sl:down\n\nDROPP TABLE x;',
	E'SELECT 1;\n-- sl:only staging', E'-- sl:revision base']) AS body;
SELECT count(*) FROM sl_revision WHERE revision LIKE '8%';
SELECT pg_temp.sqlstate_of($$SELECT * FROM pg_temp.push('a/1.sql', 'SELECT 1', 'b/1.sql', 'SELECT 1')$$);
SELECT pg_temp.sqlstate_of($$SELECT * FROM pg_temp.push('a/1.sql', '-- sl:revision y', 'b/1.sql', '-- sl:revision x')$$);
SELECT * FROM sl_load('{}', '{}');
SELECT * FROM sl_load('{README.md,mod.rs}', '{a,b}');
SELECT pg_temp.sqlstate_of($$SELECT sl_load('{README.md}', '{a}', 'plain')$$);
SELECT pg_temp.sqlstate_of($$SELECT sl_load('{1.sql}', '{}')$$);
SELECT pg_temp.sqlstate_of($$SELECT sl_load(NULL, '{}')$$);
SELECT pg_temp.sqlstate_of($$SELECT sl_load('{}', NULL)$$);
SELECT pg_temp.sqlstate_of($$SELECT sl_load('{NULL}', '{a}')$$);
SELECT pg_temp.sqlstate_of($$SELECT sl_load('{a}', '{NULL}')$$);
SELECT pg_temp.sqlstate_of($$SELECT sl_load('{{a},{b}}', '{a,b}')$$);
SELECT pg_temp.sqlstate_of($$SELECT sl_load('{a/}', '{a}')$$);
SELECT pg_temp.sqlstate_of($$SELECT sl_load(ARRAY[E'a\n.sql'], '{a}')$$);
SELECT * FROM sl_load('{1.sql}', '{SELECT 1}', 'golang');
SELECT pg_temp.sqlstate_of($$SELECT sl_load('{1.sql}', '{SELECT 1}', options => '{"purge": true}')$$);
-- two formats in one push are not guessed at
SELECT * FROM pg_temp.push('V1__a.sql', 'SELECT 1', '2_b.up.sql', 'SELECT 1');
-- NULL is auto, and no options
SELECT * FROM sl_load('{90.sql}', '{SELECT 1}', NULL, NULL);
SELECT sl_unregister('90');

--
-- Scripts of other people
--
CREATE ROLE regress_load_dev;
SELECT sl_grant('regress_load_dev', 'deploy');
SET ROLE regress_load_dev;
SELECT sl_load('{95.sql}', '{SELECT 95}');
RESET ROLE;
-- a push beside it moves its parent, and does not make it ours
SELECT * FROM pg_temp.push('94.sql', 'SELECT 94');
SELECT revision, parents, registrar FROM sl_revision WHERE revision IN ('94', '95');
SET ROLE regress_load_dev;
SELECT sl_load_directory('/tmp');
RESET ROLE;

--
-- Directories
--
\getenv abs_srcdir PG_ABS_SRCDIR
\set fixtures :abs_srcdir '/test/fixtures/formats'
SELECT * FROM sl_load_directory(:'fixtures' || '/plain', options => '{"source": "directory"}');
SELECT revision, file, parents FROM sl_registry WHERE source = 'directory' ORDER BY file;
SELECT pg_temp.sqlstate_of($$SELECT sl_load_directory(NULL)$$);
SELECT pg_temp.sqlstate_of($$SELECT sl_load_directory('migrations')$$);
SELECT pg_temp.sqlstate_of($$SELECT sl_load_directory('/nowhere/at/all')$$);
SELECT pg_temp.sqlstate_of($$SELECT sl_load_directory('/tmp/../etc')$$);
SELECT pg_temp.sqlstate_of($$SELECT sl_load_directory('/etc/passwd')$$);
SELECT replace(pg_temp.sqlstate_of(format('SELECT sl_load_directory(%L)', :'fixtures' || '/' || name)), :'fixtures', '...')
FROM unnest(ARRAY['latin1', 'nul', 'symlink', 'to_plain', 'nothing']) AS name;

SET client_min_messages = warning;
DROP TABLE load_a, load_b, load_c;
DROP EXTENSION schema_lifecycle;
DROP OWNED BY regress_load_dev;
DROP ROLE regress_load_dev;
