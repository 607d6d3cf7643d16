--
-- From the text of a migration to statements: src/script/.
--
-- The functions are declared here, as the extension does not offer them.
--
\set VERBOSITY default
\pset null '-'
CREATE SCHEMA script;
SET search_path = script;
CREATE FUNCTION statements(script text, OUT statement int, OUT line int,
	OUT col int, OUT command text, OUT transactional boolean,
	OUT has_data boolean, OUT data_line int, OUT data text, OUT text text)
RETURNS SETOF record
AS '$libdir/schema_lifecycle', 'sl_script_statements' LANGUAGE C STRICT;
CREATE FUNCTION info(script text, file text DEFAULT NULL,
	revision text DEFAULT NULL, first_line int DEFAULT 1,
	OUT statements int, OUT transactional boolean, OUT offender text,
	OUT offender_line int, OUT has_data boolean, OUT checksum text,
	OUT meaning text)
AS '$libdir/schema_lifecycle', 'sl_script_info' LANGUAGE C;
CREATE FUNCTION same(a text, b text) RETURNS boolean
AS '$libdir/schema_lifecycle', 'sl_script_same' LANGUAGE C STRICT;
CREATE FUNCTION prefix(a text, b text) RETURNS int
AS '$libdir/schema_lifecycle', 'sl_script_prefix' LANGUAGE C STRICT;
CREATE FUNCTION headers(script text, OUT name text, OUT value text,
	OUT line int, OUT is_leading boolean, OUT source text)
RETURNS SETOF record
AS '$libdir/schema_lifecycle', 'sl_script_header_lines' LANGUAGE C STRICT;
CREATE FUNCTION oracle(script text) RETURNS int
AS '$libdir/schema_lifecycle', 'sl_script_oracle' LANGUAGE C STRICT;
CREATE FUNCTION memory(script text) RETURNS bigint
AS '$libdir/schema_lifecycle', 'sl_script_memory' LANGUAGE C STRICT;

-- statements and where they are, made visible: line ends, tabs, the mark
CREATE FUNCTION show(script text, OUT n int, OUT line int, OUT col int,
	OUT text text, OUT data_line int, OUT data text)
RETURNS SETOF record LANGUAGE sql AS $$
	SELECT statement, line, col,
		replace(replace(replace(text, E'\r', '\r'), E'\n', '\n'), E'\t', '\t'),
		data_line,
		replace(replace(replace(data, E'\r', '\r'), E'\n', '\n'), E'\t', '\t')
	FROM statements(script) $$;
-- the outcome for each of several scripts, errors included
CREATE FUNCTION try(script text, OUT result text, OUT hint text)
LANGUAGE plpgsql AS $$
DECLARE
	code text;
	i record;
BEGIN
	SELECT * INTO i FROM info(script);
	result := format('%s statements', i.statements) ||
		CASE WHEN i.transactional THEN ''
			ELSE format(', %s at line %s', i.offender, i.offender_line) END ||
		CASE WHEN i.has_data THEN ', data' ELSE '' END;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS result = MESSAGE_TEXT, code = RETURNED_SQLSTATE,
		hint = PG_EXCEPTION_HINT;
	result := code || ' ' || result;
END $$;

-- line ends, byte order mark, columns in characters, nothing at the end
SELECT * FROM show(E'\uFEFFSELECT 1;\r\n\r\n  SELECT ''\u20AC'', 2 ; SELECT 3');
SELECT * FROM show(E'SELECT 1 -- one;\n/* two; /* nested; */ */;\n\t;;\nSELECT 2 /* end */');
SELECT * FROM show(E'-- to the lexer this line ends here\rSELECT 1;\r\nSELECT 2');
SELECT count(*) FROM show('');
SELECT count(*) FROM show(E'\uFEFF');
SELECT count(*) FROM show(E'-- a comment;\n/* and another; */\n');
SELECT count(*) FROM show(';;; ; ');

-- where literals, comments and operators end
SELECT n, text FROM show($x$
SELECT $a$ ; $b$ ; $b$ ; $a$, $$ ; ' $$;
SELECT 'it''s;', E'\';', E'\\', U&'d\0061t;', U&"\0441;", "a"";b", b'1', x'F;';
SELECT 'a'
	';b' -- a string goes on on the next line
	';c';
SELECT 1+/* ; */2, 1 -- ;
	@-1, 4/-2, a->>'b;', $1, 1.5e3, .5, a[1:2];
SELECT N'x;', n;
$x$);
SELECT oracle($x$
SELECT $a$ ; $b$ ; $b$ ; $a$, $$ ; ' $$;
SELECT 'it''s;', E'\';', E'\\', U&'d\0061t;', U&"\0441;", "a"";b", b'1', x'F';
SELECT 'a'
	';b' -- a string goes on on the next line
	';c';
SELECT 1+/* ; */2, 1 -- ;
	@-1, 4/-2, a->>'b;', $1, 1.5e3, .5;
SELECT N'x;', n, U&'!0041;' UESCAPE '!';
$x$);

-- semicolons that end nothing
SELECT n, line, text FROM show($x$
CREATE FUNCTION f(a int) RETURNS int BEGIN ATOMIC
	SELECT CASE WHEN a > 0 THEN CASE a WHEN 1 THEN 2 END ELSE 3 END;
	SELECT (CASE WHEN true THEN 1 END) AS end, t.case FROM t;
END;
CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC; END;
CREATE FUNCTION g() RETURNS begin LANGUAGE sql AS 'atomic';
CREATE FUNCTION h(begin atomic) RETURNS int RETURN CASE WHEN true THEN 1 END;
CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM u; DELETE FROM v);
CREATE SCHEMA s CREATE TABLE a (b int) CREATE VIEW v AS SELECT 1;
CREATE TABLE begin (atomic int);
$x$);
SELECT * FROM try('CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 case; END; SELECT 2; ');

-- COPY data: no SQL in it, whatever it looks like
SELECT * FROM show(E'COPY t FROM stdin; -- rows\n1\t''\n/*\t$$\n\\\\.\n\\.\nSELECT 1;\n'
	'copy t (a) from STDIN with (format csv);\r\na;b\r\n\\.\r\nSELECT 2;\n'
	'COPY t FROM stdin;\n\\.\nCOPY t FROM stdin;\n;\nSELECT 3;\n \\.\n');
SELECT * FROM show(E'COPY t FROM stdin /* \n */ ; /* c */\n1');
SELECT * FROM show('COPY t FROM stdin');
SELECT * FROM show('COPY t FROM stdin;');
SELECT * FROM show($x$COPY t TO stdout; COPY t FROM 'file'; COPY t FROM PROGRAM 'p'; SELECT 1$x$);
SELECT * FROM try(E'COPY t FROM stdin; SELECT 1;\n\\.\n');
SELECT * FROM try(E'COPY t FROM stdin; /* a\n*/\n\\.\n');

-- psql lines: those of pg_dump are skipped, the others are named
SELECT * FROM show(E'\\restrict aB3''\n\nSELECT 1;\r\n\\unrestrict aB3''\r\nSELECT 2; \\restrict x');
SELECT s AS script, t.* FROM unnest(ARRAY[
	E'SELECT 1;\n\\connect other', E'\\i file.sql', E'\\restrict a \\! rm',
	E'SELECT 1\n\\restrict a', E'SELECT 1 AS a \\gset', E'SELECT 1;\n\\.\n',
	E'\\', E'\\restricted a', E'(\\d;)']) s, try(s) t;

-- BEGIN and COMMIT around all of it go; all other transaction control stays out
SELECT * FROM show(E'\\restrict k\nBEGIN;\nSELECT 1;\nCOMMIT;\n\\unrestrict k\n');
SELECT s AS script, t.* FROM unnest(ARRAY[
	'BEGIN; COMMIT', 'START TRANSACTION; SELECT 1; END', 'BEGIN WORK;; SELECT 1; COMMIT WORK;;',
	E'BEGIN;\nSELECT 1;\nCOMMIT;\nSELECT 2', E'SELECT 1;\nCOMMIT', E'SELECT 1;\nBEGIN;\nCOMMIT',
	E'\n\nBEGIN;\nSELECT 1', 'BEGIN ISOLATION LEVEL SERIALIZABLE; COMMIT', 'BEGIN; COMMIT AND CHAIN',
	'BEGIN; ROLLBACK', 'BEGIN; BEGIN; COMMIT', 'SAVEPOINT s', 'RELEASE s', 'ROLLBACK TO s', 'ABORT',
	E'BEGIN;\nPREPARE TRANSACTION ''x''', 'COMMIT PREPARED ''x''', 'ROLLBACK PREPARED ''x''',
	E'BEGIN;\nCREATE INDEX CONCURRENTLY ON t (a);\nCOMMIT']) s, try(s) t;

-- refused: what reaches beyond the script
SELECT s AS script, t.* FROM unnest(ARRAY[
	'DISCARD ALL', 'DISCARD TEMP', 'DISCARD PLANS', 'LISTEN a', 'UNLISTEN *', 'NOTIFY a',
	'DEALLOCATE ALL', 'DEALLOCATE a', 'CLOSE ALL', 'CLOSE a',
	'DECLARE c CURSOR WITH HOLD FOR SELECT 1', 'DECLARE c CURSOR FOR SELECT 1',
	'SET standard_conforming_strings = off', 'SET LOCAL "Standard_Conforming_Strings" TO ''F''',
	'SET standard_conforming_strings = 0', 'SET standard_conforming_strings = on',
	'SELECT set_config(''standard_conforming_strings'', ''off'', true)',
	'SELECT set_config(''standard_conforming_strings'', ''on'', true)']) s, try(s) t;
SELECT s AS script, t.result FROM unnest(ARRAY[
	'SELECT pg_advisory_lock(1)', 'SELECT pg_catalog.pg_try_advisory_lock_shared(1, 2)',
	'SELECT 1 WHERE EXISTS (SELECT pg_advisory_unlock_all())',
	'WITH w AS (SELECT pg_advisory_unlock(1)) INSERT INTO t SELECT * FROM w',
	'VALUES (1, pg_advisory_lock_shared(1))', 'UPDATE t SET a = (SELECT pg_try_advisory_lock(1))',
	'DELETE FROM t USING pg_advisory_unlock_shared(1)',
	'MERGE INTO t USING u ON a = b WHEN MATCHED AND pg_try_advisory_lock(1) THEN DO NOTHING',
	'CREATE TABLE a AS SELECT pg_advisory_lock(1)', 'EXPLAIN ANALYZE SELECT pg_advisory_lock(1)',
	'PREPARE p AS SELECT pg_advisory_lock(1)', 'COPY (SELECT pg_advisory_lock(1)) TO stdout', 'COPY (SELECT 1) TO stdout', E'COPY t\nTO STDOUT (FORMAT csv)', 'COPY t TO ''file''', 'COPY t TO PROGRAM ''cat''',
	'DECLARE c CURSOR FOR SELECT pg_advisory_lock(1)', 'CALL p(pg_advisory_lock(1))',
	'SELECT pg_advisory_xact_lock(1)', 'SELECT mine.pg_advisory_lock(1)',
	'SELECT "PG_ADVISORY_LOCK"(1)', 'SELECT ''pg_advisory_lock(1)''']) s, try(s) t;
SELECT hint FROM try('SELECT pg_advisory_lock(1)');

-- what PostgreSQL forbids in a transaction, and what is close to it
SELECT s AS script, command FROM unnest(ARRAY[
	'CREATE INDEX CONCURRENTLY i ON t (a)', 'CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)', 'CREATE INDEX i ON t (a)',
	'DROP INDEX CONCURRENTLY i', 'DROP INDEX i', 'DROP TABLE t',
	'REINDEX INDEX i', 'REINDEX INDEX CONCURRENTLY i', 'REINDEX (VERBOSE, CONCURRENTLY) TABLE t',
	'REINDEX (CONCURRENTLY off) TABLE t', 'REINDEX (CONCURRENTLY 1) TABLE t', 'REINDEX TABLE t',
	'REINDEX SCHEMA s', 'REINDEX SCHEMA CONCURRENTLY s', 'REINDEX DATABASE d', 'REINDEX DATABASE CONCURRENTLY d', 'REINDEX SYSTEM d',
	'VACUUM', 'VACUUM (FULL) t', 'ANALYZE', 'CLUSTER', 'CLUSTER t USING i', 'CHECKPOINT',
	'CREATE DATABASE d', 'DROP DATABASE d', 'ALTER DATABASE d SET TABLESPACE s', 'ALTER DATABASE d CONNECTION LIMIT 1',
	'ALTER DATABASE d SET work_mem = 1', 'CREATE TABLESPACE s LOCATION ''/''', 'DROP TABLESPACE s', 'ALTER TABLESPACE s RENAME TO r',
	'ALTER SYSTEM SET work_mem = 1', 'ALTER SYSTEM RESET ALL',
	'CREATE SUBSCRIPTION s CONNECTION ''c'' PUBLICATION p', 'CREATE SUBSCRIPTION s CONNECTION ''c'' PUBLICATION p WITH (create_slot = false)',
	'CREATE SUBSCRIPTION s CONNECTION ''c'' PUBLICATION p WITH (connect = off)', 'CREATE SUBSCRIPTION s CONNECTION ''c'' PUBLICATION p WITH (connect, create_slot = on)',
	'DROP SUBSCRIPTION s', 'ALTER SUBSCRIPTION s REFRESH PUBLICATION', 'ALTER SUBSCRIPTION s SET PUBLICATION p',
	'ALTER SUBSCRIPTION s ADD PUBLICATION p WITH (refresh = false)', 'ALTER SUBSCRIPTION s DROP PUBLICATION p WITH (copy_data = false)',
	'ALTER SUBSCRIPTION s ENABLE', 'ALTER SUBSCRIPTION s SET (binary = true)', 'ALTER SUBSCRIPTION s SET (failover = true)',
	'ALTER SUBSCRIPTION s SET (two_phase = false)', 'ALTER SUBSCRIPTION s SET (two_phase = true)',
	'ALTER TABLE t DETACH PARTITION p CONCURRENTLY', 'ALTER TABLE t DETACH PARTITION p', 'ALTER TABLE t DETACH PARTITION p FINALIZE',
	'ALTER TYPE e ADD VALUE ''v''']) s, statements(s);

-- what facts cannot prove
SELECT has_data, s AS script FROM unnest(ARRAY[
	'INSERT INTO t VALUES (1)', 'UPDATE t SET a = 1', 'DELETE FROM t', 'MERGE INTO t USING u ON a = b WHEN MATCHED THEN DELETE',
	'COPY t FROM stdin', 'DO ''''', 'CALL p()', 'EXECUTE p', 'TRUNCATE t', 'REFRESH MATERIALIZED VIEW v',
	'SELECT f()', 'SELECT setval(''s'', 1)', 'SELECT 1 INTO t UNION SELECT 2', 'WITH w AS (DELETE FROM t RETURNING *) SELECT * FROM w',
	'SELECT * FROM f()', 'VALUES (f())', 'SELECT s.set_config(1)', 'CREATE TABLE t AS SELECT 1', 'CREATE TABLE t AS EXECUTE p',
	'EXPLAIN ANALYZE DELETE FROM t', 'EXPLAIN (ANALYZE on) DELETE FROM t', 'COPY (DELETE FROM t RETURNING *) TO stdout',
	'DECLARE c CURSOR FOR SELECT f()', 'ALTER SEQUENCE s RESTART',
	'SELECT 1', 'SELECT pg_catalog.set_config(''search_path'', '''', false)', 'SELECT extract(year FROM now())', 'CREATE TABLE t (a int DEFAULT f())',
	'CREATE TABLE t AS SELECT f() WITH NO DATA', 'CREATE MATERIALIZED VIEW v AS SELECT f()', 'CREATE VIEW v AS SELECT f()', 'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS ''DELETE FROM t''',
	'CREATE RULE r AS ON INSERT TO t DO DELETE FROM u', 'EXPLAIN DELETE FROM t', 'EXPLAIN (ANALYZE off) DELETE FROM t', 'COPY t TO stdout', 'ALTER SEQUENCE s INCREMENT 2',
	'PREPARE p AS DELETE FROM t', 'ANALYZE t', 'COMMENT ON TABLE t IS ''f()''']) s, statements(s);

-- the first that cannot run in a transaction is named
SELECT statements, transactional, offender, offender_line, has_data
	FROM info(E'SELECT 1;\nVACUUM;\nDROP INDEX CONCURRENTLY i;');

-- errors name file and line; the server's words, detail and hint are kept
SELECT info(E'CREATE TABLE a ();\n\n  CREATE TABEL b ();', '003_x.sql', '003_x');
SELECT info(E'CREATE TABLE a ();\nSELECT ''\u20AC\u20AC'' x y;', NULL, '003_x', 10);
SELECT info('CREATE');
-- also where a function around it would take the position for its own
SELECT * FROM try(E'SELECT 1;\nSELECT 1\n  x y');
SELECT info(E'SELECT 1;\nSELECT ''' || repeat('x', 1000));
SELECT info(E'SELECT 1; /* /* */');
SELECT info(E'SELECT $a$ $b$');
SELECT info(E'SELECT 1; SELECT "" ;');
SELECT info(E'\nSELECT E''\\u00'';');
SELECT info(E'\nSELECT U&''\\00'';');
SELECT info(E'\nSELECT 1x;');
SELECT info(E'SELECT (1;\nSELECT 2');
SELECT info(E'COPY t FROM stdin;\n\u20AC\n\\.\nSELECT ''\u20AC'', "');
SELECT info(E'\n  \\connect b', 'f.sql');
SELECT info('CREATE TABLE t (a int) WITH OIDS', 'f.sql');
SELECT info('SELECT 1 LIMIT 1, 2', 'f.sql');
-- other errors stay what they are
SET max_stack_depth = '100kB';
SELECT info(E'SELECT 1;\nSELECT 1' || repeat('+1', 20000), 'f.sql');
RESET max_stack_depth;

-- the session's settings do not change what a script means
CREATE TEMP TABLE hostile AS SELECT $x$SELECT 'a\', ';', E'\'', U&'\0041;';$x$ AS script;
SELECT s.text FROM hostile, statements(script) s;
SET standard_conforming_strings = off;
SET escape_string_warning = on;
SET backslash_quote = off;
SELECT s.text FROM hostile, statements(script) s;
SHOW standard_conforming_strings;
SHOW backslash_quote;
SELECT info($x$SELECT 'a\'; SELECT tabel tabel tabel$x$);
SHOW standard_conforming_strings;
-- E'\'' is refused for this client, but not in a script that is in UTF-8
SET client_encoding = 'SJIS';
SELECT count(*) FROM hostile, statements(script);
RESET client_encoding;
RESET standard_conforming_strings;
RESET escape_string_warning;
RESET backslash_quote;

-- names too long: the parser says so, the lexer does not say it as well
SELECT statement FROM statements('CREATE TABLE ' || repeat('a', 63) || ' ()');
SELECT statement FROM statements('CREATE TABLE ' || repeat('a', 64) || ' ()');

-- meaning: blind to how it is written
CREATE TEMP TABLE variants AS SELECT a.* FROM (VALUES
	(1, 'the script', E'CREATE TABLE t (a int);\nSELECT ''x'' <> "b";'),
	(2, 'comments', E'-- c\nCREATE /* c */ TABLE t (a int);\nSELECT ''x'' <> "b"; -- c'),
	(3, 'white space', E'  CREATE  TABLE t(a int)  ; SELECT ''x''<>"b";;\n\n;'),
	(4, 'line ends', E'CREATE TABLE t (a int);\r\nSELECT ''x'' <> "b";\r\n'),
	(5, 'case', E'create table T (A INT); select ''x'' <> "b"'),
	(6, 'byte order mark', E'\uFEFFCREATE TABLE t (a int);\nSELECT ''x'' <> "b";'),
	(7, 'BEGIN and COMMIT', E'BEGIN; CREATE TABLE t (a int);\nSELECT ''x'' <> "b"; COMMIT'),
	(8, 'psql lines', E'\\restrict a\nCREATE TABLE t (a int);\nSELECT ''x'' <> "b";\n\\unrestrict a'),
	(9, 'other quotes', E'CREATE TABLE t (a int);\nSELECT $$x$$ != "b";'),
	(20, 'quoted case', E'CREATE TABLE t (a int);\nSELECT ''x'' <> "B";'),
	(21, 'string', E'CREATE TABLE t (a int);\nSELECT ''X'' <> "b";'),
	(22, 'less', E'CREATE TABLE t (a int);'),
	(23, 'more', E'CREATE TABLE t (a int);\nSELECT ''x'' <> "b"; SELECT 1'),
	(24, 'other order', E'SELECT ''x'' <> "b"; CREATE TABLE t (a int)')) a (n, what, script);
SELECT v.n, v.what, i.meaning = j.meaning AS meaning, same(f.script, v.script), prefix(f.script, v.script)
	FROM variants v, variants f, info(v.script) i, info(f.script) j
	WHERE f.n = 1 ORDER BY v.n;
-- stored for ever, so it must not move
SELECT checksum, meaning FROM variants, info(script) WHERE n = 1;
SELECT checksum = encode(sha256(convert_to(script, 'UTF8')), 'hex') AS checksum_of_bytes FROM variants, info(script) WHERE n = 6;
-- tokens do not run into each other; N'x' is not n 'x'
SELECT a, b, (info(a)).meaning = (info(b)).meaning AS meaning, same(a, b) FROM (VALUES
	('SELECT a b', 'SELECT ab'), ('SELECT N''x''', 'SELECT n ''x'''), ('SELECT N''x''', 'SELECT nchar ''x'''),
	('SELECT 1; SELECT 2', 'SELECT 1 SELECT, 2'), ('SELECT 1', 'SELECT ''1'''), ('SELECT a', 'SELECT "a"'), ('SELECT (1)', 'SELECT 1'),
	('CREATE TABLE t (a int)', 'CREATE TABLE t (a integer)'), ('', '-- nothing'), ('SELECT b''1''', 'SELECT ''b1''')) v (a, b);
-- COPY data counts, its line ends do not
SELECT a.d, b.d, same(x, y), prefix(x, y), (info(x)).meaning = (info(y)).meaning AS meaning
	FROM (VALUES (1, E'1\n2\n'), (2, E'1\r\n2\r\n'), (3, E'1\n2'), (4, E'1\n3\n'), (5, E'1\n2\n\n')) a (n, d),
	(VALUES (1, E'1\n2\n')) b (n, d),
	LATERAL (SELECT E'SELECT 1;\nCOPY t FROM stdin;\n' || a.d || CASE a.n WHEN 3 THEN '' ELSE E'\\.\n' END,
		E'SELECT 1;\nCOPY t FROM stdin;\n' || b.d || E'\\.\n') l (x, y) ORDER BY a.n;
-- a script that cannot be read is like no other, not even itself
SELECT same('SELECT 1; SELEC 2', 'SELECT 1; SELEC 2'), prefix('SELECT 1; SELEC 2', 'SELECT 1; SELEC 2'), prefix('SELECT 1; SELECT 2', 'SELECT 1; SELECT ''2');

-- headers: comment lines that begin so, in no literal, comment or data
SELECT * FROM headers(E'\uFEFF-- sl:revision a1  \r\n/* /* */ -- sl:no a\n-- sl:no b\n*/ -- sl:no c\n\t--sl:parents b, c -- d\n'
	'\\restrict k\n-- sl:kind seed\nSELECT ''\n-- sl:no d\n'', $$\n-- sl:no e\n$$ -- sl:no f\n-- sl:ignore rule why\n;\n'
	'COPY t FROM stdin; -- sl:no g\n-- sl:no h\n\\.\n-- sl:down\n  -- sl:\n--- sl:no i\n-- SL:no j\n-- sl :no k\n-- sl:last');
SELECT count(*) FROM headers('SELECT 1 -- sl:no');
SELECT count(*) FROM headers('SELECT '' no header, so it is not even read');
SELECT * FROM headers(E'-- sl:revision a\nSELEC tabel;;\nCOPY nonsense (;');
SELECT * FROM headers(E'-- sl:revision a\nSELECT ''');

-- boundaries are the parser's own: pieces put together at random
SELECT setseed(0.5);
WITH piece (p) AS (VALUES
	('SELECT 1'), ('SELECT $a$;$b$;$a$'), ('SELECT '';'' -- ;' || E'\n'), ('SELECT /* ; /* ; */ */ 1'), ('SELECT E''\'';'''), ('SELECT U&"\0441;"'),
	('CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT (2); END'),
	('CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC END'), ('CREATE RULE r AS ON DELETE TO t DO (SELECT 1; SELECT 2)'),
	('CREATE SCHEMA s CREATE TABLE t () CREATE VIEW v AS SELECT 1'), ('SELECT ''a''' || E'\n\t' || ''';b'''), ('SELECT 1+-/**/2'), (''), (' '), (E'\n'),
	('-- ;' || E'\n'), ('/* ; */'), ('COMMENT ON TABLE t IS ''begin atomic'''), ('CREATE TABLE "begin" (atomic int, "end" int)'), ('DO $$ BEGIN; END $$'))
SELECT count(DISTINCT s) > 400 AS scripts, bool_and(oracle(s) >= 0) AS agree, sum(oracle(s)) > 1000 AS many
	FROM generate_series(1, 500) n, LATERAL (
		SELECT string_agg(p, ';') AS s FROM (
			SELECT p FROM piece, generate_series(1, 1 + n % 5) ORDER BY random() LIMIT 1 + n % 17) x) y;

-- size: the memory of a scan does not grow with the number of statements
SELECT memory(repeat(E'INSERT INTO t VALUES (1, ''abc'');\n', 300000)) = memory(repeat(E'INSERT INTO t VALUES (1, ''abc'');\n', 1000)) AS flat;
SELECT memory(repeat(E'COPY t FROM stdin;\n1\n\\.\n', 10000)) = memory(repeat(E'COPY t FROM stdin;\n1\n\\.\n', 1000)) AS flat;
SELECT line, col FROM statements(repeat(E'INSERT INTO t VALUES (1, ''abc'');\n', 300000)) ORDER BY line DESC LIMIT 1;

SET client_min_messages = warning;
DROP SCHEMA script CASCADE;
