--
-- Formats alembic-sql and alembic: the output of "alembic upgrade --sql", and
-- the files that it was made from.  test/fixtures/formats/alembic_sql was
-- written by Alembic 1.8.1 from test/fixtures/formats/alembic.
--
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS schema_lifecycle CASCADE;
CREATE EXTENSION schema_lifecycle;
RESET client_min_messages;
CREATE FUNCTION pg_temp.sqlstate_of(VARIADIC files text[]) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_temp.push(VARIADIC files);
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
\getenv abs_srcdir PG_ABS_SRCDIR
\set fixtures :abs_srcdir '/test/fixtures/formats'

--
-- The output
--
\set file :fixtures '/alembic_sql/default.sql'
\set body `cat :'file'`
SELECT * FROM pg_temp.push('default.sql', :'body');
-- ccc1 has bbb1 for a parent too: its version row was given up for it, so it
-- depends on it
SELECT revision, parents, linear, up_line, transactional, statements, format, source FROM sl_registry ORDER BY up_line;
-- the version table, BEGIN and COMMIT are out, and lines are the file's
SELECT revision, up FROM sl_registry ORDER BY up_line;
SELECT * FROM pg_temp.push('default.sql', :'body');
SELECT severity, problem, revision FROM sl_check_graph();
SET client_min_messages = warning;
SELECT revision, outcome FROM sl_apply_pending('ddd1');
RESET client_min_messages;
-- another form of the same output: the scripts are the same
\set file :fixtures '/alembic_sql/per_migration.sql'
\set body2 `cat :'file'`
SELECT * FROM pg_temp.push('default.sql', :'body2');
SELECT * FROM pg_temp.push('default.sql', :'body');
-- a part of it, with a version table of another name and no CREATE TABLE
\set file :fixtures '/alembic_sql/cut.sql'
\set body2 `cat :'file'`
SELECT * FROM pg_temp.push('default.sql', :'body2');
-- a server without transactional DDL: nothing is outside of a transaction
\set file :fixtures '/alembic_sql/no_ddl_tx.sql'
\set body2 `cat :'file'`
SELECT * FROM pg_temp.push('default.sql', :'body2');
SELECT bool_and(transactional) FROM sl_registry WHERE revision IN ('bbb1', 'ccc1');

-- what only stamps, and what goes down
\set file :fixtures '/alembic_sql/stamp.sql'
\set body2 `cat :'file'`
SELECT * FROM sl_load('{stamp.sql}', ARRAY[:'body2']);
\set file :fixtures '/alembic_sql/downgrade.sql'
\set body2 `cat :'file'`
SELECT * FROM sl_load('{downgrade.sql}', ARRAY[:'body2']);
-- headers and statements that contradict each other; errors name the line
SELECT pg_temp.sqlstate_of('o.sql', E'BEGIN;\n\n-- Running upgrade  -> x\n\nSELECT 1;\n\nINSERT INTO alembic_version (version_num) VALUES (''y'');\n\nCOMMIT;\n');
SELECT pg_temp.sqlstate_of('o.sql', E'SET x = 1;\n-- Running upgrade  -> x\n\nSELECT 1;\n');
SELECT pg_temp.sqlstate_of('o.sql', E'BEGIN;\n\n-- Running upgrade  -> x\n\nSELECT 1;\n\nSELCT 2;\n\nINSERT INTO alembic_version (version_num) VALUES (''x'');\n\nCOMMIT;\n');
SELECT pg_temp.sqlstate_of('o.sql', E'-- Running upgrade  -> x\n\nSELECT 1;\n\n-- Running upgrade  -> x\n\nSELECT 2;\n\nUPDATE alembic_version SET version_num=''x'' WHERE alembic_version.version_num = ''x'';');
SELECT pg_temp.sqlstate_of('o.sql', E'-- Running upgrade  -> x\n\nSELECT 1;\n\nROLLBACK;\n\nINSERT INTO alembic_version (version_num) VALUES (''x'');\n');
SELECT pg_temp.sqlstate_of('o.sql', E'-- Running upgrade  -> \n\nSELECT 1;\n');
SELECT * FROM sl_load('{o.sql}', '{BEGIN;COMMIT;}', 'alembic-sql');
-- what a migration does by reading is not in the output
SELECT * FROM sl_load('{o.sql}', ARRAY[E'-- Running upgrade  -> silent\n\nINSERT INTO alembic_version (version_num) VALUES (''silent'') RETURNING alembic_version.version_num;\n']);
SELECT sl_unregister('silent');
-- nor what it does with what it read: only the SELECT is
SELECT * FROM sl_load('{o.sql}', ARRAY[E'-- Running upgrade  -> reads\n\nSELECT a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r FROM account;\n\nINSERT INTO alembic_version (version_num) VALUES (''reads'');\n'
	'-- Running upgrade reads -> calls\n\nSELECT setval(''account_id_seq'', 1);\n\nUPDATE alembic_version SET version_num=''calls'' WHERE alembic_version.version_num = ''reads'';\n'
	'-- Running upgrade calls -> both\n\nSELECT 1 FROM account;\n\nUPDATE account SET x = 1;\n\nUPDATE alembic_version SET version_num=''both'' WHERE alembic_version.version_num = ''calls'';\n'
	'-- Running upgrade both -> makes\n\nSELECT 1 AS one INTO t FROM account;\n\nUPDATE alembic_version SET version_num=''makes'' WHERE alembic_version.version_num = ''both'';\n']);
SELECT sl_unregister('makes'), sl_unregister('both'), sl_unregister('calls'), sl_unregister('reads');
-- Alembic failed half-way: in a revision, before its COMMIT, between two
-- revisions, in a statement
SELECT * FROM sl_load('{upgrade.sql}', ARRAY[E'BEGIN;\n\n-- Running upgrade  -> c8\n\nSELECT 1;\n\nINSERT INTO alembic_version (version_num) VALUES (''c8'');\n\n-- Running upgrade c8 -> c9\n\nCREATE TABLE half (i int);\n\n']);
SELECT * FROM sl_load('{upgrade.sql}', ARRAY[E'BEGIN;\n\n-- Running upgrade  -> c8\n\nSELECT 1;\n\nINSERT INTO alembic_version (version_num) VALUES (''c8'');\n\n']);
SELECT pg_temp.sqlstate_of('upgrade.sql', E'BEGIN;\n\n-- Running upgrade  -> c8\n\nSELECT 1;\n\nINSERT INTO alembic_version (version_num) VALUES (''c8'');\n\nCOMMIT;\n\nBEGIN;\n');
SELECT pg_temp.sqlstate_of('upgrade.sql', E'BEGIN;\n\n-- Running upgrade  -> c8\n\nCREATE TABLE half (i');
-- a user's own table with such a column is none of Alembic's; a quoted id; the
-- older form with the docstring; a statement that ends in a comment
SELECT * FROM pg_temp.push('o.sql', E'-- Running upgrade  -> it''s, first, of all\n\nUPDATE mine SET version_num=''z'' WHERE mine.version_num = ''y'';\n\nSELECT 1 -- no end;\n\n-- Running upgrade it''s -> x2\n\nSELECT E''\\'';COMMIT;''; /* ; COMMIT; */\n\nUPDATE alembic_version SET version_num=''x2'' WHERE alembic_version.version_num = ''it''''s'';\n');
SELECT revision, parents, up, description FROM sl_registry WHERE file = 'o.sql' ORDER BY up_line;
SELECT sl_unregister('x2'), sl_unregister('it''s');

--
-- The Python files: the graph, with what the output does not tell
--
SELECT * FROM sl_load_directory(:'fixtures' || '/alembic', 'alembic');
SELECT revision, parents, up IS NULL AS external, description, file FROM sl_registry ORDER BY revision;
-- and the output again: no dependency is lost
SELECT * FROM pg_temp.push('default.sql', :'body');
-- the files first, then the scripts
SET client_min_messages = warning;
DROP EXTENSION schema_lifecycle;
CREATE EXTENSION schema_lifecycle;
RESET client_min_messages;
SELECT * FROM sl_load_directory(:'fixtures' || '/alembic');
SELECT revision, parents, up, transactional FROM sl_registry ORDER BY revision;
SELECT * FROM pg_temp.push('default.sql', :'body');
SELECT revision, parents, up IS NULL AS external FROM sl_registry ORDER BY revision;
DELETE FROM sl_registry;

-- a broken chain is accepted, and named member by member
SELECT * FROM sl_load_directory(:'abs_srcdir' || '/test/fixtures/alembic_s1');
SELECT severity, problem, revision, detail FROM sl_check_graph();
DELETE FROM sl_registry;

-- literals, as people write them
SELECT * FROM pg_temp.push(
'versions/a.py', E'# -*- coding: utf-8 -*-\n"""\n\n  First line\n\nRevision ID: a\n"""\nfrom typing import Sequence, Union\n\nrevision: str = "a"\ndown_revision: Union[str, Sequence[str], None] = None\nbranch_labels: Union[str, Sequence[str], None] = ("side", \'other\',)\ndepends_on = None\n\ndef upgrade():\n    revision = "not this"\n    down_revision = x\n',
'versions/b.py', E'\ufeff' || E'revision=\'\'\'b\'\'\'; down_revision=[\n  r"a",  # the first\n  None,\n]\ndepends_on: Union[\n  str, None] = "side"\nclass X:\n  revision = f"{x}"\n',
'versions/c.py', E'\'one quote\'\nrevision = ("c"\n  "1")\r\ndown_revision = \\\n  "b" , "\\x61" ,\nx = {"revision": \'\'\'\nrevision = "z"\n\'\'\'}\n',
'versions/größe d.py', E'revision = u\'d\\u00e9\\\\\'  # \'\ndown_revision = {\'c1\'}\nrevision_date = "2020"\nif True:\n    revision = "zz"\n',
'env.py', E'import os\n', '__init__.py', '', 'script.py.mako', 'x', 'README', 'x');
SELECT revision, parents, description, file FROM sl_registry ORDER BY revision;
-- what is no literal cannot be known
SELECT pg_temp.sqlstate_of('x.py', E'\n"""doc"""\n\nrevision = "x"\ndown_revision = ' || value || E'\n')
FROM unnest(ARRAY['f"a"', 'b"a"', 'PARENT', '"a" + "b"', '"a".lower()', '("a", B)', '"a" if x else "b"', '["a"', '1', '',
	'"\N{DASH}"', '"\ud800"', '"\x00"', 'lambda: None', '"a" "b" c']) AS value;
SELECT * FROM pg_temp.push('x.py', E'down_revision = None\nrevision = make_id()\n');
SELECT pg_temp.sqlstate_of('x.py', E'revision, down_revision = "a", None\n');
SELECT pg_temp.sqlstate_of('x.py', E'revision = "a"\nrevision += "b"\ndown_revision = None');
SELECT pg_temp.sqlstate_of('x.py', E'down_revision = None\n');
SELECT pg_temp.sqlstate_of('x.py', E'revision = "a" # down_revision\n');
SELECT pg_temp.sqlstate_of('x.py', E'revision = "a", "b"\ndown_revision = None\n');
SELECT pg_temp.sqlstate_of('x.py', E'revision = None\ndown_revision = None\n');
SELECT pg_temp.sqlstate_of('x.py', E'revision = "a:b"\ndown_revision = None\n');
SELECT pg_temp.sqlstate_of('x.py', E'revision = "a"\ndown_revision = None\n', 'y.py', E'revision = "a"\ndown_revision = None\n');
SELECT pg_temp.sqlstate_of('x.py', E'revision = "a"\ndown_revision = None\n', 'seed.sql', 'SELECT 1');
SELECT pg_temp.sqlstate_of('x.py', E'revision = "a"\ndown_revision = ' || repeat('(', 100000) || E'\n');

SET client_min_messages = warning;
DROP PROCEDURE fmt_p();
DROP TABLE account;
DROP EXTENSION schema_lifecycle;
