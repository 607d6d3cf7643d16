--
-- The scripts of doc/lint/comparison.md, in a database that knows none of
-- their tables; and a page in doc/lint/ for each rule, and a rule for each.
--
\getenv abs_srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
SELECT current_database() AS maindb \gset
CREATE DATABASE sl_regression_lint;
\c sl_regression_lint
SET client_min_messages = warning;
CREATE EXTENSION schema_lifecycle;
\set fixtures :abs_srcdir '/test/fixtures/lint'
SELECT f.name, l.line, l.severity, l.rule, l.message
  FROM pg_ls_dir(:'fixtures') AS f (name),
	LATERAL sl_lint_script(pg_read_file(:'fixtures' || '/' || f.name)) WITH ORDINALITY
		AS l (revision, statement, line, rule, severity, message, hint, ordinal)
 ORDER BY f.name COLLATE "C", l.ordinal;

--
-- Pages
--
CREATE FUNCTION pg_temp.rules(OUT rule text, OUT severity text, OUT hint text) RETURNS SETOF record
LANGUAGE c AS 'schema_lifecycle', 'sl_lint_rules';
\set pages :abs_srcdir '/doc/lint'
-- a rule without a page, a page without a rule
SELECT rule, page
  FROM (SELECT DISTINCT rule FROM pg_temp.rules()) AS r
	FULL JOIN (SELECT regexp_replace(name, '\.md$', '') AS page FROM pg_ls_dir(:'pages') AS d (name)
				WHERE name <> 'comparison.md') AS p ON rule = page
 WHERE rule IS NULL OR page IS NULL;
-- a page without its severity, or without one of its parts
SELECT DISTINCT rule, severity
  FROM pg_temp.rules(), LATERAL (SELECT pg_read_file(:'pages' || '/' || rule || '.md') AS page) AS p
 WHERE page !~ ('^# ' || rule || '\n') OR position('Severity: ' || severity IN page) = 0
	OR position('## Instead' IN page) = 0 OR position('```sql' IN page) = 0;
-- the table of doc/lint.md has each of them once, with that severity
SELECT rule, severity, listed
  FROM (SELECT DISTINCT rule, severity FROM pg_temp.rules()) AS r
	FULL JOIN (SELECT m[1] AS listed, m[2] AS listed_severity
				 FROM regexp_matches(pg_read_file(:'abs_srcdir' || '/doc/lint.md'),
					'^\| \[([a-z-]+)\]\(lint/\1\.md\) \| ([a-z]+) ', 'gn') AS m) AS l
	ON rule = listed AND severity = listed_severity
 WHERE rule IS NULL OR listed IS NULL;
\c :maindb
DROP DATABASE sl_regression_lint;
