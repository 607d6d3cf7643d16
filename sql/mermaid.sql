--
-- sl_graph_mermaid: the graph as a flowchart, which no id can break.
--
CREATE DATABASE sl_regression_mermaid TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C';
\set maindb :DBNAME
\c sl_regression_mermaid
SET client_encoding = 'UTF8';
CREATE EXTENSION schema_lifecycle;
SET client_min_messages = warning;
\pset format unaligned
\pset tuples_only on
\set fresh 'DELETE FROM sl_registry; DELETE FROM sl_applied; DELETE FROM sl_log;'

-- nothing at all: the classes alone
SELECT sl_graph_mermaid();

--
-- States, kinds, a branch and its merge, two heads, a parent that nobody
-- knows, cycles, what is applied and unknown
--
SELECT sl_register('a', 'CREATE TABLE a ()', 'DROP TABLE a', '{}') \gset
SELECT sl_register('b1', 'CREATE TABLE b1 ()', NULL, '{a}') \gset
SELECT sl_register('b2', 'CREATE TABLE b2 ()', NULL, '{a}') \gset
SELECT sl_register('c', 'SELECT 1', NULL, '{b1,b2}') \gset
SELECT sl_register('gone', 'SELECT 1', NULL, '{c}') \gset
SELECT sl_register('views', 'CREATE VIEW v AS SELECT 1', NULL, NULL, 'repeatable') \gset
SELECT sl_register('roles', 'SELECT 1', NULL, NULL, 'seed') \gset
CALL sl_migrate('gone');
DELETE FROM sl_registry WHERE revision = 'gone';
SELECT sl_register('d', 'SELECT 1/0', NULL, '{c}') \gset
\set VERBOSITY sqlstate
CALL sl_migrate('d');
\set VERBOSITY default
SELECT sl_register('other', 'SELECT 1', NULL, '{never_seen}') \gset
SELECT sl_register('self', 'SELECT 1', NULL, '{self}') \gset
SELECT sl_register('x', 'SELECT 1', NULL, '{y}') \gset
SELECT sl_register('y', 'SELECT 1', NULL, '{x}') \gset
SELECT sl_graph_mermaid();

-- boxes in the order of sl_graph; behind the versioned ones what is not
-- registered
SELECT regexp_replace(l, '^ +r\d+\W+(\w+).*', '\1') AS box
  FROM regexp_split_to_table(sl_graph_mermaid(), '\n') l
 WHERE l ~ '^ +r\d+[\[\(\{]';
SELECT revision FROM sl_graph();

-- a baseline, and what it replaces
:fresh
SELECT sl_register(r, 'SELECT 1') FROM unnest('{1,2,3,4}'::text[]) r;
SELECT sl_register('squash', '-- sl:replaces 1..3
SELECT 1', NULL, '{}', 'baseline') \gset
SELECT l FROM regexp_split_to_table(sl_graph_mermaid(), '\n') l WHERE l !~ 'classDef';
-- its members are deleted: what followed them follows it
SELECT sl_unregister(r) FROM unnest('{1,2,3}'::text[]) r;
SELECT l FROM regexp_split_to_table(sl_graph_mermaid(), '\n') l WHERE l !~ 'classDef';

-- a repeatable that somebody names as a parent
:fresh
SELECT sl_register('views', 'SELECT 1', NULL, NULL, 'repeatable') \gset
SELECT sl_register('child', 'SELECT 1', NULL, '{views}') \gset
SELECT l FROM regexp_split_to_table(sl_graph_mermaid(), '\n') l WHERE l !~ 'classDef';

--
-- Hostile ids: in every line a label is made of harmless signs and of
-- characters by number, and there is nothing else of an id in it
--
:fresh
SELECT sl_register(r, 'SELECT 1', NULL, '{}') FROM unnest(ARRAY[
	'a"];click r1 "javascript&colon;alert(1)"', '%%{init}%%', '%% comment',
	U&'x\2028%% comment', U&'x\0085y', '`**markdown**`', '</style><script>alert(1)</script>',
	'#quot; #35; &lt; &amp;', 'end', 'a --> b', 'subgraph x', '---', '$$x^2$$',
	'()[]{}|<>~@;''\', U&'\65e5\672c\8a9e', U&'rtl\202Eabc', U&'\feffbom', '.', '"',
	repeat('long', 60), repeat(U&'\65e5', 80)]) r;
-- as parents that nobody knows, too
SELECT sl_register('child', 'SELECT 1', NULL, ARRAY['p"]click r1', '%%{p}%%']) \gset
SELECT l FROM regexp_split_to_table(sl_graph_mermaid(), '\n') l WHERE l ~ '^ +r\d+[^ ]';
SELECT l AS not_harmless FROM regexp_split_to_table(sl_graph_mermaid(), '\n') l
 WHERE l !~ '^    r\d+(\["|\(\[")([A-Za-z0-9_. ,-]|[^\x01-\x7f]|#\d+;|<br/>)*("\]|"\]\)):::[a-z]+$'
   AND l !~ '^    r\d+ (-->|== cycle ==>|-\. replaced by \.->) r\d+$'
   AND l !~ '^    (class r\d+(,r\d+)* head|classDef [a-z]+ [a-z0-9#:, -]+)$'
   AND l NOT IN ('flowchart TD', '');

--
-- Any size: long chains are one box, each revision is in one of them, and the
-- limits of Mermaid hold
--
CREATE FUNCTION pg_temp.size(OUT boxes bigint, OUT links bigint, OUT all_are_there boolean,
	OUT bytes_in_limit boolean)
LANGUAGE sql AS $$
	WITH t AS MATERIALIZED (SELECT public.sl_graph_mermaid() AS t),
	l AS (SELECT regexp_split_to_table(t, '\n') AS l FROM t)
	SELECT count(*) FILTER (WHERE l ~ '^ +r\d+[\[\(\{]'),
		count(*) FILTER (WHERE l ~ '^ +r\d+ [=.-]'),
		sum(CASE WHEN l ~ '^ +r\d+[\[\(\{]' THEN
			coalesce(replace(substring(l from '[.]{3} ([\d,]+) more'), ',', '')::int, 1) END)
			= (SELECT count(*) FROM public.sl_graph()),
		max(length(t)) < 50000
	  FROM l, t
$$;
:fresh
SELECT count(*) FROM sl_load(
	ARRAY(SELECT to_char(g, 'FM00000') || '.sql' FROM generate_series(1, 10000) g),
	ARRAY(SELECT 'SELECT ' || g FROM generate_series(1, 10000) g));
SELECT * FROM pg_temp.size();
-- the ends of what is applied and of what is pending are there
INSERT INTO sl_applied SELECT revision, 1, 'stamp', true FROM sl_registry WHERE revision <= '04000';
SELECT sl_register('hotfix', 'SELECT 1', NULL, '{00500}') \gset
SELECT * FROM pg_temp.size();
SELECT l FROM regexp_split_to_table(sl_graph_mermaid(), '\n') l
 WHERE l ~ '^ +r([1-9]|1\d)[\[\(]' OR l ~ 'hotfix';

-- many heads; everything a parent of everything
:fresh
INSERT INTO sl_registry SELECT 'h' || g, 'versioned', '{}', '{}', false, 'SELECT 1', 1, NULL, 1, 1, true, NULL,
	true, false, '', '', NULL, NULL, NULL, NULL, '{}', NULL, NULL, NULL, false, 10, 'postgres', 0, now()
  FROM generate_series(1, 5000) g;
SELECT * FROM pg_temp.size();
:fresh
INSERT INTO sl_registry SELECT 'v' || 1000 + g, 'versioned', ARRAY(SELECT 'v' || 1000 + p FROM generate_series(1, g - 1) p),
	'{}', false, 'SELECT 1', 1, NULL, 1, 1, true, NULL,
	true, false, '', '', NULL, NULL, NULL, NULL, '{}', NULL, NULL, NULL, false, 10, 'postgres', 0, now()
  FROM generate_series(1, 300) g;
SELECT * FROM pg_temp.size();
-- as many repeatables, and parents that nobody knows
:fresh
SELECT count(sl_register('r' || g, 'SELECT 1', NULL, NULL, 'repeatable')) FROM generate_series(1, 300) g;
SELECT * FROM pg_temp.size();
SELECT l FROM regexp_split_to_table(sl_graph_mermaid(), '\n') l WHERE l ~ 'more';
:fresh
SELECT sl_register('child', 'SELECT 1', NULL, ARRAY(SELECT 'p' || g FROM generate_series(1, 300) g)) \gset
SELECT l FROM regexp_split_to_table(sl_graph_mermaid(), '\n') l WHERE l ~ 'more';

\c :maindb
DROP DATABASE sl_regression_mermaid;
