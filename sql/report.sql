--
-- sl_report: the state of a database for people, as a page and as text.
--
CREATE DATABASE sl_regression_report TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C';
\set maindb :DBNAME
\c sl_regression_report
SET client_encoding = 'UTF8';
CREATE EXTENSION schema_lifecycle;
SET client_min_messages = warning;
\pset format unaligned
\pset tuples_only on

-- without what is different each time
CREATE FUNCTION pg_temp.report() RETURNS SETOF text
LANGUAGE plpgsql AS $$
BEGIN
	UPDATE public.sl_log SET role = 'deployer', application_name = 'psql',
		elapsed = CASE WHEN elapsed IS NOT NULL THEN id * interval '1.5 ms' END;
	RETURN QUERY SELECT regexp_replace(regexp_replace(l,
		'PostgreSQL [^,]+, (primary|standby).*', 'PostgreSQL, \1'),
		'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00', '2026-01-02 03:04:05+00')
	  FROM regexp_split_to_table(public.sl_report('text'), '\n') l;
END $$;
-- every tag of the page is closed, in the order in which they were opened
CREATE FUNCTION pg_temp.unclosed(page text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	open text[] := '{}';
	tag text[];
BEGIN
	FOR tag IN SELECT regexp_matches(page, '<(/?)([A-Za-z][A-Za-z0-9]*)((?:"[^"]*"|[^">])*?)(/?)>', 'g') LOOP
		CONTINUE WHEN tag[4] = '/' OR tag[2] IN ('meta', 'wbr');
		IF tag[1] = '' THEN
			open := open || tag[2];
		ELSIF open[cardinality(open)] IS DISTINCT FROM tag[2] THEN
			RETURN format('</%s> in %s', tag[2], open);
		ELSE
			open := trim_array(open, 1);
		END IF;
	END LOOP;
	RETURN open::text;
END $$;
SET TimeZone = 'UTC';

\set VERBOSITY default
SELECT sl_report('pdf');
SELECT sl_report('');
SELECT sl_report(NULL);

-- nothing is known
SELECT pg_temp.report();

--
-- All is well
--
SELECT sl_register('016_users', 'CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL, email varchar(64))',
	'DROP TABLE users', '{}', description => 'users and their names') \gset
SELECT sl_register('017_sessions', 'CREATE TABLE sessions (id int PRIMARY KEY)', 'DROP TABLE sessions', '{016_users}') \gset
SELECT sl_register('018_notifications', 'CREATE TABLE notifications (id int, body text)', 'DROP TABLE notifications', '{017_sessions}') \gset
SELECT sl_register('018b_dining', 'CREATE TABLE dining (id int)', NULL, '{016_users}') \gset
SELECT sl_register('019_merge', 'CREATE INDEX dining_id ON dining (id)', NULL, '{018_notifications,018b_dining}') \gset
SELECT sl_register('R_names', 'CREATE OR REPLACE VIEW names AS SELECT id FROM users', NULL, NULL, 'repeatable') \gset
CALL sl_migrate();
SELECT sl_watch();
SELECT pg_temp.report();

--
-- Everything is wrong: each section has its findings, the verdict comes from
-- what is worst
--
SELECT sl_register('020_phones', E'ALTER TABLE users ADD COLUMN phone text;\nSELECT 1/0', NULL, '{019_merge}') \gset
\set VERBOSITY sqlstate
CALL sl_migrate();
\set VERBOSITY default
SELECT sl_register('021_index', 'CREATE INDEX CONCURRENTLY n ON users (name)', NULL, '{020_phones}', description => 'outside') \gset
SELECT sl_register('x', NULL, NULL, '{y}') \gset
SELECT sl_register('y', 'SELECT 1', NULL, '{x}') \gset
DROP TABLE notifications;
ALTER TABLE users ALTER COLUMN name DROP NOT NULL, ALTER COLUMN email TYPE varchar(32);
CREATE TABLE by_hand (id int);
SELECT sl_require('visitor', 'users.visitor_session_id varchar(64)') \gset
SELECT sl_require('name', 'users.name text') \gset
SELECT sl_watch();
SELECT pg_temp.report();

-- without cycle and failure the stamp shows
SELECT sl_unregister(r) FROM unnest('{x,y,021_index,020_phones}'::text[]) r;
SELECT l FROM pg_temp.report() l LIMIT 6;
SELECT sl_unrequire('visitor') \gset
CREATE TABLE notifications (id int, body text);
SELECT l FROM pg_temp.report() l LIMIT 6;
ALTER TABLE users ALTER COLUMN name SET NOT NULL, ALTER COLUMN email TYPE varchar(64);
SELECT l FROM pg_temp.report() l LIMIT 6;
-- what nobody can prove
SELECT sl_register('022_data', 'INSERT INTO sessions VALUES (1)', NULL, '{019_merge}') \gset
SELECT sl_stamp('022_data', true, 'done by hand') \gset
SELECT l FROM pg_temp.report() l WHERE l ~ 'forced|unverifiable|Unverifiable|022';

--
-- Every verdict that there is has a meaning
--
SELECT l FROM pg_temp.report() l LIMIT 6;
SELECT sl_configure('allow_unverifiable', 'on') \gset
SELECT l FROM pg_temp.report() l LIMIT 6;
DELETE FROM sl_registry WHERE revision = '022_data';
SELECT l FROM pg_temp.report() l LIMIT 6;
SELECT sl_configure('allow_ahead', 'off') \gset
SELECT l FROM pg_temp.report() l LIMIT 6;
SELECT sl_configure('allow_ahead', NULL) \gset
SELECT sl_configure('allow_unverifiable', NULL) \gset

--
-- Hostile names: no line is longer than 100, and no tag of theirs is in the
-- page.  A page is ASCII.
--
CREATE SCHEMA "</style><script>alert(1)</script>";
CREATE TABLE "</style><script>alert(1)</script>"."a'b""c&amp;<!-- -->" ("x` onload=1" int);
CREATE TABLE U&"\65e5\672c\8a9e \202Eabc" (i int);
CREATE TABLE "line
break" (i int);
SELECT sl_register('</title><svg onload=alert(1)>"''`&', 'SELECT 1', NULL, '{019_merge}', description => ']]><img src=x onerror=alert(1)>') \gset
SELECT sl_register(repeat('long', 50), 'SELECT 1', NULL, '{019_merge}', description => repeat('words and ', 90)) \gset
SELECT sl_require('</td><b>', 'table "</b>"') \gset
SELECT sl_register('</p>', $$DO 'BEGIN RAISE ''<b>%</b>'', E''two\nlines''; END'$$, NULL, '{019_merge}') \gset
\set VERBOSITY sqlstate
CALL sl_migrate('</p>');
\set VERBOSITY default
SELECT sl_report() ~ '^[\x01-\x7f]*$' AS ascii;
-- the tags of the page, all of them ours
SELECT DISTINCT m[1] COLLATE "C" AS tag
  FROM regexp_matches(sl_report(), '<[!/]?([A-Za-z][^ >/]*|[^A-Za-z].)', 'g') m ORDER BY 1;
SELECT sl_report() ~* '<[^>]*(script|onload|onerror|javascript|https?:|url\()' AS active;
SELECT pg_temp.unclosed('<a><p>'), pg_temp.unclosed('<a></p></a>'), pg_temp.unclosed('<a b="<p>"><br/></a>');
SELECT pg_temp.unclosed(sl_report());
SELECT substring(sl_report() from '<title>[^<]*</title>') AS title,
	array(SELECT (regexp_matches(sl_report(), '<h2>([^<]*)</h2>', 'g'))[1]) AS sections,
	(SELECT count(*) FROM regexp_matches(sl_report(), '<rect ', 'g')) AS boxes,
	(SELECT count(*) FROM regexp_matches(sl_report(), '<path class="link', 'g')) AS links;
SELECT max(length(l)) <= 100 AS fits, bool_and(l !~ '[\x01-\x1f]') AS printable, bool_and(l !~ ' $') AS trimmed
  FROM pg_temp.report() l;
SELECT l FROM pg_temp.report() l WHERE l ~ 'script|onerror|[^\x01-\x7f]|202e|break|two' ORDER BY l COLLATE "C";

--
-- Bounded: thousands of findings, runs and revisions
--
DO $$BEGIN FOR i IN 1..3000 LOOP EXECUTE 'CREATE TABLE by_hand_' || i || ' (i int)'; END LOOP; END$$;
INSERT INTO sl_log SELECT 1000 + g, now(), 'fail', 'f' || g, 'failed', 'postgres', '', NULL, NULL, NULL, 'XX000',
	repeat('long ', 5000), NULL, NULL FROM generate_series(1, 3000) g;
INSERT INTO sl_registry SELECT 'v' || 10000 + g, 'versioned', CASE WHEN g > 1 THEN ARRAY['v' || 10000 + g - 1] ELSE '{}' END,
	'{}', false, 'SELECT 1', 1, NULL, 1, 1, true, NULL, true, false, '', '', repeat('words ', 10000), NULL, NULL, NULL, '{}',
	NULL, NULL, NULL, false, 10, 'postgres', 0, now() FROM generate_series(1, 3000) g;
SELECT l FROM pg_temp.report() l WHERE l ~ 'more$|^(Pending|Unexpected)  ';
SELECT length(sl_report('text')) < 300000 AS text, length(sl_report()) < 500000 AS html;

--
-- Drawings of graphs at random, unsound ones too: boxes are apart from each
-- other, and every number is one
--
CREATE FUNCTION pg_temp.draw(rounds int, OUT boxes boolean, OUT overlapping int, OUT outside int,
	OUT unclosed text) LANGUAGE plpgsql AS $$
DECLARE
	page text;
	n int;
	seen int := 0;
BEGIN
	overlapping := 0;
	outside := 0;
	unclosed := '';
	FOR i IN 1..rounds LOOP
		DELETE FROM public.sl_registry;
		n := 1 + floor(random() * 80);
		INSERT INTO public.sl_registry SELECT 'v' || 100 + g,
			CASE WHEN random() < 0.1 THEN 'repeatable' ELSE 'versioned' END,
			ARRAY(SELECT DISTINCT 'v' || 100 + g - 1 + floor(random() * (CASE WHEN random() < 0.02 THEN 5 ELSE -9 END))::int
				FROM generate_series(1, (random() * 3)::int) k WHERE k + g > 0),
			'{}', false, 'SELECT 1', 1, NULL, 1, 1, true, NULL, true, false, '', '', NULL, NULL, NULL, NULL, '{}',
			NULL, NULL, NULL, false, 10, 'postgres', 0, now() FROM generate_series(1, n) g;
		page := public.sl_report();
		unclosed := unclosed || coalesce(nullif(pg_temp.unclosed(page), '{}'), '');
		SELECT seen + count(*), outside + count(*) FILTER (WHERE NOT x BETWEEN 0 AND 20000 OR NOT y BETWEEN 0 AND 20000)
		  INTO seen, outside
		  FROM (SELECT m[1]::numeric AS x, m[2]::numeric AS y FROM regexp_matches(page,
			'<rect class="box" x="([^"]*)" y="([^"]*)"', 'g') m) b;
		SELECT outside + count(*) INTO outside FROM regexp_matches(page, ' d="[^"]*(nan|inf|-?\d{6})', 'gi');
		SELECT overlapping + count(*) INTO overlapping
		  FROM (SELECT m[2] AS y, m[1]::numeric - lag(m[1]::numeric) OVER (PARTITION BY m[2] ORDER BY m[1]::numeric) AS step
			FROM regexp_matches(page, '<rect class="box" x="([^"]*)" y="([^"]*)"', 'g') m) b
		 WHERE step < 250;
	END LOOP;
	boxes := seen > rounds;
END $$;
SELECT setseed(0.5) \gset
SELECT * FROM pg_temp.draw(60);

--
-- Who may: readers
--
CREATE ROLE regress_report_reader;
SET ROLE regress_report_reader;
SELECT sl_report();
RESET ROLE;
SELECT sl_grant('regress_report_reader', 'read') \gset
SET ROLE regress_report_reader;
BEGIN READ ONLY;
SELECT length(sl_report()) > 0, length(sl_graph_mermaid()) > 0;
COMMIT;
RESET ROLE;

\c :maindb
DROP DATABASE sl_regression_report;
DROP ROLE regress_report_reader;
