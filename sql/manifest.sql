--
-- sl_manifest, sl_import_manifest: recorded in one database, checked in
-- another.
--
-- In databases of its own.
--
SET client_min_messages = warning;
SELECT current_database() AS maindb \gset
CREATE DATABASE sl_regression_manifest;
\c sl_regression_manifest
SET client_min_messages = warning;
\pset null '-'
CREATE SCHEMA ops;
CREATE EXTENSION schema_lifecycle SCHEMA ops;
SET search_path = public, ops;
SELECT sl_manifest() - 'server';
SELECT sl_register('m1', 'CREATE TABLE t1 (id int PRIMARY KEY, b text)', 'DROP TABLE t1', '{}'),
	sl_register('m2', 'ALTER TABLE t1 ALTER COLUMN b SET NOT NULL; CREATE TABLE t2 (id int, "odd Name" text[] DEFAULT ''{}'')', 'DROP TABLE t2'),
	sl_register('m3', 'DROP TABLE t2; CREATE TABLE t3 (id int); INSERT INTO t3 VALUES (1)'),
	sl_register('m4', 'CREATE INDEX CONCURRENTLY t3_id ON t3 (id)', 'DROP INDEX t3_id'),
	sl_register('m5', NULL),
	sl_register('view', 'CREATE OR REPLACE VIEW v AS SELECT * FROM t1', kind => 'repeatable') \gset
CALL sl_migrate('m4');
SELECT r ->> 'revision' AS revision, r ->> 'kind' AS kind, r -> 'parents' AS parents, r -> 'replaces' AS replaces, r -> 'data' AS data,
	length(r ->> 'meaning') AS meaning, jsonb_array_length(r -> 'footprint') AS footprint
  FROM jsonb_array_elements(sl_manifest() -> 'revisions') AS r;
SELECT f ->> 'change' AS change, f ->> 'class' AS class, f ->> 'identity' AS identity, (f -> 'definition') - 'owner' - 'privileges' AS definition,
	f -> 'attributes' AS attributes, length(f ->> 'before') AS before
  FROM jsonb_array_elements(sl_manifest() #> '{revisions,1,footprint}') AS f;
-- the same bytes, whoever asks
SELECT sl_manifest() AS manifest, md5(sl_manifest()::text) AS bytes \gset
\c sl_regression_manifest
SET search_path = public, ops;
SET enable_indexscan = off;
SET DateStyle = 'German';
SELECT md5(sl_manifest()::text) = :'bytes' AS same_bytes;

-- and however it came to be known what the revisions do
\c :maindb
CREATE DATABASE sl_regression_manifest_rehearsed;
\c sl_regression_manifest_rehearsed
SET client_min_messages = warning;
CREATE SCHEMA ops;
CREATE EXTENSION schema_lifecycle SCHEMA ops;
SET search_path = public, ops;
SELECT sl_register('m1', 'CREATE TABLE t1 (id int PRIMARY KEY, b text)', 'DROP TABLE t1', '{}'),
	sl_register('m2', 'ALTER TABLE t1 ALTER COLUMN b SET NOT NULL; CREATE TABLE t2 (id int, "odd Name" text[] DEFAULT ''{}'')', 'DROP TABLE t2'),
	sl_register('m3', 'DROP TABLE t2; CREATE TABLE t3 (id int); INSERT INTO t3 VALUES (1)'),
	sl_register('m4', 'CREATE INDEX CONCURRENTLY t3_id ON t3 (id)', 'DROP INDEX t3_id'),
	sl_register('m5', NULL),
	sl_register('view', 'CREATE OR REPLACE VIEW v AS SELECT * FROM t1', kind => 'repeatable') \gset
CALL sl_rehearse('m4');
SELECT md5(sl_manifest()::text) = :'bytes' AS same_bytes;
SELECT DISTINCT evidence FROM ops.sl_evidence;

--
-- Into another database, which was migrated by somebody else
--
\c :maindb
CREATE DATABASE sl_regression_manifest_to;
\c sl_regression_manifest_to
SET client_min_messages = warning;
CREATE SCHEMA ops;
CREATE EXTENSION schema_lifecycle SCHEMA ops;
SET search_path = public, ops;
SELECT sl_register('m1', 'CREATE TABLE t1 (id int PRIMARY KEY, b text)', 'DROP TABLE t1', '{}'),
	sl_register('m2', 'ALTER TABLE t1 ALTER COLUMN b SET NOT NULL; CREATE TABLE t2 (id int, "odd Name" text[] DEFAULT ''{}'')', 'DROP TABLE t2'),
	sl_register('m3', NULL),
	sl_register('m4', 'CREATE INDEX CONCURRENTLY another_name ON t3 (id)', 'DROP INDEX t3_id') \gset
SELECT * FROM sl_import_manifest(:'manifest');
SELECT * FROM sl_import_manifest(:'manifest');
SELECT revision, evidence, registrar_name = current_user AS by, complete, log_id FROM ops.sl_evidence ORDER BY id;
-- what it says is what the database is held against
CREATE TABLE t1 (id int PRIMARY KEY, b text);
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO alembic_version VALUES ('m2');
SELECT * FROM sl_adopt();
ALTER TABLE t1 ALTER COLUMN b SET NOT NULL;
CREATE TABLE t2 (id int, "odd Name" text[] DEFAULT '{}');
SELECT sl_verify('m2'), sl_status('m2') ->> 'verdict';
-- the same document comes out again, as far as it was taken in
SELECT x.revision, x.footprint = y.footprint AS same
  FROM jsonb_to_recordset(sl_manifest() -> 'revisions') AS x (revision text, footprint jsonb)
  JOIN jsonb_to_recordset(:'manifest'::jsonb -> 'revisions') AS y (revision text, footprint jsonb) USING (revision) ORDER BY 1;
-- a changed document takes the place of an imported one, and of nothing better
SELECT * FROM sl_import_manifest(jsonb_set(:'manifest', '{revisions,0,footprint}', '[]'));
SELECT * FROM sl_import_manifest(:'manifest') WHERE outcome <> 'unchanged';
SELECT * FROM sl_stamp('base', true, 'to run it here');
DROP TABLE t1, t2;
SELECT revision, outcome FROM sl_apply_pending('m2');
SELECT * FROM sl_import_manifest(:'manifest');
SELECT * FROM sl_import_manifest(jsonb_set(:'manifest', '{revisions,0,footprint}', '[]')) WHERE revision = 'm1';
SELECT evidence, count(*) FROM ops.sl_evidence GROUP BY 1 ORDER BY 1;

--
-- What is wrong is named by its path, and nothing is written
--
\set ON_ERROR_ROLLBACK on
CREATE TABLE bad (n int GENERATED ALWAYS AS IDENTITY, path text[], value jsonb);
INSERT INTO bad (path, value) VALUES
('{format}', '"sl-manifest-2"'), ('{format}', '1'), ('{server}', '"15"'), ('{server}', '9'),
('{revisions}', '{}'), ('{revisions}', '"x"'), ('{revisions,1}', '1'), ('{revisions,1,revision}', '""'), ('{revisions,1,revision}', '"m1"'),
('{revisions,1,kind}', '"other"'), ('{revisions,1,parents}', 'null'), ('{revisions,1,parents,0}', '1'), ('{revisions,1,data}', '"no"'),
('{revisions,1,meaning}', '1'), ('{revisions,1,footprint}', '{}'), ('{revisions,1,footprint,0}', '[]'),
('{revisions,1,footprint,0,change}', '"made"'), ('{revisions,1,footprint,0,class}', '""'), ('{revisions,1,footprint,0,identity}', '[]'),
('{revisions,1,footprint,0,before}', '"xyz"'), ('{revisions,1,footprint,0,attributes}', '"x"'), ('{revisions,1,footprint,0,attributes,0}', '"a,b"'),
('{revisions,1,footprint,0,definition}', '[]'), ('{revisions,1,footprint,0,definition,type}', '{"a": 1}'),
('{revisions,1,footprint,0,definition,type}', '1'), ('{revisions,1,footprint,0,definition,type}', '["a", 1]');
CREATE FUNCTION attempt(manifest jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
BEGIN
	PERFORM ops.sl_import_manifest(manifest);
	RETURN 'imported';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN SQLSTATE || ' ' || SQLERRM || ': ' || regexp_replace(detail, 'this is \d+', 'this is N');
END$$;
SELECT array_to_string(path, '.') AS path, value, attempt(jsonb_set(:'manifest', path, value)) FROM bad ORDER BY n;
SELECT attempt(doc) FROM (VALUES (NULL::jsonb), ('1'), ('[]'), ('{}'), ('"x"'), ('null'), (:'manifest'::jsonb - 'revisions')) AS d (doc);
SELECT evidence, count(*) FROM ops.sl_evidence GROUP BY 1 ORDER BY 1;
-- an empty one is one
SELECT * FROM sl_import_manifest(jsonb_set(:'manifest', '{revisions}', '[]'));

--
-- Who imports answers for it: what is made from it is never made with more
-- rights than his
--
CREATE ROLE regress_manifest_admin;
CREATE ROLE regress_manifest_reader;
SELECT sl_grant('regress_manifest_admin', 'admin'), sl_grant('regress_manifest_reader', 'read');
SELECT sl_register('f1', 'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS ''SELECT 1''', 'DROP FUNCTION f', '{m2}') \gset
SELECT revision FROM sl_apply_pending('f1');
SELECT sl_manifest() AS manifest \gset
SELECT revision FROM sl_revert('m2');
TRUNCATE ops.sl_evidence, ops.sl_footprint;
SET ROLE regress_manifest_reader;
SELECT jsonb_typeof(sl_manifest());
SELECT * FROM sl_import_manifest(:'manifest');
SET ROLE regress_manifest_admin;
SELECT * FROM sl_import_manifest(replace(:'manifest', 'SELECT 1', 'SELECT 2')::jsonb);
RESET ROLE;
SELECT * FROM sl_stamp('f1', true, 'never ran');
SELECT revision, class, problem FROM sl_detect_stamp_drift() WHERE revision = 'f1';
SELECT revision, outcome FROM sl_repair();

--
-- What no server could have told makes no statement, and harms nobody
--
CREATE TABLE kept (a int);
INSERT INTO kept VALUES (1);
SELECT sl_register('odd', NULL, NULL, '{f1}') \gset
SELECT count(*) FROM sl_stamp('odd', true, 'forged');
CREATE FUNCTION forged(class text, identity text, definition jsonb) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM ops.sl_import_manifest(jsonb_set(ops.sl_manifest(), '{revisions}', jsonb_build_array(jsonb_build_object(
		'revision', 'odd', 'kind', 'versioned', 'parents', '[]'::jsonb, 'replaces', '[]'::jsonb, 'data', false,
		'footprint', jsonb_build_array(jsonb_build_object('change', 'added', 'class', class, 'identity', identity, 'definition', definition))))));
	RETURN QUERY SELECT r.outcome FROM ops.sl_repair() AS r WHERE r.revision = 'odd';
END$$;
SELECT forged('nonsense', 'x', '{"a": "b"}');
SELECT forged('table', 'a.b.c.d', '{}');
SELECT forged('aggregate', 'public.a(integer)', '{}');
SELECT forged('base type', 'public.b', '{}');
SELECT forged('constraint', 'public.kept.c', '{"kind": ["check"]}');
SELECT forged('operator family', 'public.o USING btree', '{"operators": ["1"]}');
SELECT forged('text search configuration', 'public.t', '{"parser": "pg_catalog.default", "mappings": ["1"]}');
SELECT forged('trigger', 'public.kept.t', '{"definition": "TRUNCATE public.kept"}');
SELECT forged('column', 'public.kept.b', '{"type": "integer, DROP COLUMN a"}');
SELECT forged('column', 'public.kept.b', '{"type": "integer; DROP TABLE public.kept"}');
CALL sl_repair_online();
SELECT * FROM kept;

\c :maindb
DROP DATABASE sl_regression_manifest;
DROP DATABASE sl_regression_manifest_rehearsed;
DROP DATABASE sl_regression_manifest_to;
DROP ROLE regress_manifest_admin, regress_manifest_reader;
