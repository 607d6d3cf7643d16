--
-- COPY ... FROM stdin with its data in the script.
--
-- In a database of its own.
--
SET client_min_messages = warning;
SELECT current_database() AS maindb \gset
CREATE DATABASE sl_regression_copy;
\c sl_regression_copy
SET client_min_messages = warning;
\pset null '-'
CREATE SCHEMA sl;
CREATE EXTENSION schema_lifecycle SCHEMA sl;
SET search_path = public, sl;
\set apply 'SELECT revision, outcome, statements FROM sl_apply_pending();'

CREATE ROLE regress_copy_role;
SELECT sl_grant('regress_copy_role', 'deploy');
-- WHERE, columns, defaults, formats, partitions, generated columns
SELECT sl_register('c01', $$CREATE TABLE a (i int PRIMARY KEY, t text DEFAULT 'none', g int GENERATED ALWAYS AS (i * 2) STORED);
CREATE TABLE parts (i int, t text) PARTITION BY RANGE (i);
CREATE TABLE parts1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
CREATE TABLE parts2 PARTITION OF parts FOR VALUES FROM (10) TO (20);
$$) \gset
SELECT sl_register('c02', 'COPY a (i, t) FROM stdin;
1	one
2	\N
3	tab\there\nnewline
\.
COPY a (i) FROM stdin WHERE i <> 5;
4
5
\.
COPY a (t, i) FROM stdin WITH (FORMAT csv, HEADER true, DELIMITER '';'', NULL ''nix'');
t;i
"semi;colon; -- no comment
and a line";6
nix;7
\.
COPY public.parts FROM stdin;
1	first
11	second; SELECT 1/0;
\.
COPY a FROM stdin (DELIMITER '','');
\.
INSERT INTO a VALUES (100);
') \gset
:apply
SELECT * FROM a ORDER BY i;
SELECT tableoid::regclass, * FROM parts ORDER BY i;
-- CRLF, no line with backslash and dot at the end of the file
SELECT sl_register('c03', E'COPY a (i) FROM stdin;\r\n200\r\n201\r\n\\.\r\nSELECT 1;\r\n') \gset
SELECT sl_register('c04', E'COPY a (i) FROM stdin;\n300\n301') \gset
SELECT sl_register('c05', E'COPY a (i) FROM stdin;') \gset
:apply
SELECT i FROM a WHERE i >= 200 ORDER BY i;
-- a psql script as pg_dump writes it
SELECT sl_register('c06', E'--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\n\nSET statement_timeout = 0;\nSELECT pg_catalog.set_config(''search_path'', '''', false);\nSET check_function_bodies = false;\n\nCREATE TABLE public.dumped (\n    i integer\n);\n\nCOPY public.dumped (i) FROM stdin;\n1\n\\.\n\n\\unrestrict abc\n') \gset
SELECT sl_register('c07', 'CREATE TABLE after_dump AS TABLE dumped') \gset
:apply
SELECT * FROM public.after_dump;
-- triggers, checks
SELECT sl_register('c08', $$CREATE TABLE fired (i int);
CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS
	'BEGIN INSERT INTO fired VALUES (NEW.i); RETURN NEW; END';
CREATE TRIGGER fire BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION fire();
COPY a (i) FROM stdin;
400
401
\.
DROP TRIGGER fire ON a;
$$) \gset
:apply
SELECT * FROM fired;

--
-- Wrong data: the error names the table and the line of the data
--
SELECT sl_register('w01', 'CREATE TABLE b (i int CHECK (i > 0));
COPY b FROM stdin;
1
two
3
\.
') \gset
:apply
\echo :LAST_ERROR_SQLSTATE
SELECT sl_register('w01', 'COPY a (i) FROM stdin;
1
\.
') \gset
:apply
SELECT sl_register('w01', 'COPY a (i) FROM stdin;
500	extra
\.
') \gset
:apply
SELECT sl_register('w01', 'COPY a (i, t) FROM stdin;
500
\.
') \gset
:apply
SELECT sl_register('w01', 'COPY a (i, nothing) FROM stdin;
\.
') \gset
:apply
SELECT sl_register('w01', 'COPY nothing FROM stdin;
1
\.
') \gset
:apply
SELECT sl_register('w01', 'COPY parts FROM stdin;
99	none
\.
') \gset
:apply
SELECT sl_register('w01', 'COPY a (g) FROM stdin;
1
\.
') \gset
:apply
SELECT sl_register('w01', 'COPY a (i) FROM stdin WHERE g > 1;
500
\.
') \gset
:apply
SELECT sl_register('w01', 'COPY a (i) FROM stdin WHERE a IS NOT NULL;
500
\.
') \gset
:apply
SELECT sl_register('w01', 'COPY a (i) FROM stdin WHERE i;
500
\.
') \gset
:apply
SELECT sl_register('w01', 'COPY a (i) FROM stdin WHERE i > (SELECT 1);
500
\.
') \gset
:apply
SELECT sl_register('w01', 'COPY a (i) FROM stdin WHERE 1 / (i - 500) > 0;
500
\.
') \gset
:apply
SELECT sl_register('w01', 'COPY a (i) FROM stdin (FORMAT nothing);
500
\.
') \gset
:apply
SELECT sl_register('w01', 'CREATE VIEW v AS SELECT i FROM a;
COPY v FROM stdin;
500
\.
') \gset
:apply
SELECT sl_register('w01', 'SET TRANSACTION READ ONLY; COPY a (i) FROM stdin;
500
\.
') \gset
:apply
-- bytes that are no text
SELECT sl_register('w01', E'COPY a (i, t) FROM stdin;\n500\t\\x\\200\n\\.\n') \gset
:apply
SELECT count(*) FROM a WHERE i >= 500;
SELECT sl_unregister('w01') \gset

--
-- Privileges: those of COPY
--
CREATE TABLE priv (i int, t text);
SET ROLE regress_copy_role;
SELECT sl_register('p01', 'COPY priv FROM stdin;
1	one
\.
') \gset
:apply
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
GRANT INSERT (i) ON priv TO regress_copy_role;
SET ROLE regress_copy_role;
:apply
SELECT sl_register('p01', 'COPY priv (i, t) FROM stdin;
1	one
\.
') \gset
:apply
SELECT sl_register('p01', 'COPY priv (i) FROM stdin;
1
\.
') \gset
:apply
-- WHERE reads
SELECT sl_register('p02', 'COPY priv (i) FROM stdin WHERE i > 0;
2
\.
') \gset
:apply
RESET ROLE;
GRANT SELECT (i) ON priv TO regress_copy_role;
SET ROLE regress_copy_role;
:apply
-- every column is as good as the table
SELECT sl_register('p03', 'COPY priv FROM stdin;
3	three
\.
') \gset
RESET ROLE;
GRANT INSERT (t) ON priv TO regress_copy_role;
SET ROLE regress_copy_role;
:apply
RESET ROLE;
SELECT * FROM priv ORDER BY i;
-- row security
ALTER TABLE priv ENABLE ROW LEVEL SECURITY;
SET ROLE regress_copy_role;
SELECT sl_register('p04', 'COPY priv FROM stdin;
4	four
\.
') \gset
:apply
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
-- the owner is not under it
SELECT sl_register('p04', 'COPY priv FROM stdin;
5	five
\.
') \gset
:apply
SELECT count(*) FROM priv;
-- forced, with row_security off
ALTER TABLE priv FORCE ROW LEVEL SECURITY;
ALTER TABLE priv OWNER TO regress_copy_role;
SET ROLE regress_copy_role;
SELECT sl_register('p05', 'SET row_security = off; COPY priv FROM stdin;
6	six
\.
') \gset
:apply
RESET ROLE;

\c :maindb
DROP DATABASE sl_regression_copy;
DROP ROLE regress_copy_role;
