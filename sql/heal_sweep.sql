--
-- Facts that are damaged in every way that a manifest can carry: a plan is
-- made all the same, with the objects there and without them.
--
-- In a database of its own, with one object of each class: those of
-- catalog.sql.
--
SET client_min_messages = warning;
SELECT current_database() AS maindb \gset
CREATE DATABASE sl_regression_heal_sweep;
\c sl_regression_heal_sweep
SET client_min_messages = warning;
\getenv abs_srcdir PG_ABS_SRCDIR
\set file :abs_srcdir '/sql/catalog.sql'
\set objects `sed -n '/^CREATE SCHEMA app;/,/^CREATE TRANSFORM /p' :'file'`
:objects
RESET search_path;
CREATE SCHEMA ops;
CREATE EXTENSION schema_lifecycle SCHEMA ops;
SELECT ops.sl_configure('managed_schemas', 'app');
SELECT ops.sl_register('odd', NULL, NULL, '{}') \gset
SELECT count(*) FROM ops.sl_stamp('odd', true, 'forged');

CREATE TABLE public.fact AS
	SELECT row_number() OVER (ORDER BY class COLLATE "C", identity COLLATE "C") AS ordinal, class, identity, definition FROM ops.sl_catalog();
-- the attributes that facts of a class have
CREATE TABLE public.attribute AS
	SELECT class, name, row_number() OVER (PARTITION BY class ORDER BY name COLLATE "C") - 1 AS ordinal, count(*) OVER (PARTITION BY class) AS of
	  FROM (SELECT DISTINCT class, name FROM public.fact, jsonb_object_keys(definition) AS name) AS a;
SELECT count(DISTINCT class) FROM public.attribute;
CREATE TABLE public.damage (ordinal int GENERATED ALWAYS AS IDENTITY (MINVALUE 0), value jsonb);
INSERT INTO public.damage (value) VALUES (NULL), ('"x"'), ('""'), ('[]'), ('["a", "1 x: y) z"]'), ('true'), ($$"it's \"; -- (\\ .. = "$$);

-- In each round every other fact has one attribute replaced by one of these, or
-- left out, or gets one that others of its class have; after 14 rounds an
-- attribute each fact has had each of its class's in each of these ways.
CREATE FUNCTION public.damaged(round bigint) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('format', 'sl-manifest-1', 'server', current_setting('server_version_num')::int / 10000,
		'revisions', jsonb_build_array(jsonb_build_object('revision', 'odd', 'kind', 'versioned', 'parents', '[]'::jsonb, 'replaces', '[]'::jsonb, 'data', false,
			'footprint', (SELECT jsonb_agg(jsonb_build_object('change', 'added', 'class', f.class, 'identity', f.identity, 'definition',
					CASE WHEN a.name IS NULL THEN f.definition WHEN d.value IS NULL THEN f.definition - a.name ELSE f.definition || jsonb_build_object(a.name, d.value) END) ORDER BY f.ordinal)
				FROM public.fact AS f
				LEFT JOIN public.attribute AS a ON a.class = f.class AND a.ordinal = round / 2 % a.of AND round % 2 = f.ordinal / 2 % 2
				LEFT JOIN public.damage AS d ON d.ordinal = (round / 2 / a.of + f.ordinal) % 7))))
$$;
-- The same with identities: what is not a name, what is too long or too short.
CREATE FUNCTION public.renamed(what text) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_set(public.damaged(-1), '{revisions,0,footprint}', (SELECT jsonb_agg(f || jsonb_build_object('identity', format(what, f ->> 'identity')) ORDER BY f ->> 'class' COLLATE "C", format(what, f ->> 'identity') COLLATE "C")
		FROM jsonb_array_elements(public.damaged(-1) #> '{revisions,0,footprint}') AS f))
$$;
CREATE FUNCTION public.plan(manifest jsonb) RETURNS TABLE (steps bigint, odd bigint, note text) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM ops.sl_import_manifest(manifest);
	RETURN QUERY SELECT count(*), count(*) FILTER (WHERE reason ~ 'no fact of this server'), NULL::text FROM ops.sl_repair_plan();
EXCEPTION WHEN OTHERS THEN
	RETURN QUERY SELECT 0::bigint, 0::bigint, SQLSTATE || ' ' || SQLERRM;
END$$;
CREATE VIEW public.sweep AS
	SELECT round, p.* FROM generate_series(0, (SELECT 14 * max(of) - 1 FROM public.attribute)) AS round, public.plan(public.damaged(round)) AS p
	UNION ALL
	SELECT -1, p.* FROM unnest(ARRAY['%s.', '.%s', '%s.a', '%s"', '"%s', 'x%s', '%s--', '%s, %1$s', '(%s', '%s)', 'a.b.c.d/%s']) AS what, public.plan(public.renamed(what)) AS p;

-- no difference, no step
SELECT * FROM public.plan(public.damaged(-1));
SELECT * INTO public.result FROM public.sweep;
SELECT count(*) > 300, bool_or(odd > 0) AS some_odd, bool_or(steps > odd) AS some_not FROM public.result;
SELECT round, note FROM public.result WHERE note IS NOT NULL;

-- the same where nothing is there
DROP SUBSCRIPTION sub;
DROP EVENT TRIGGER evt;
DROP SCHEMA app CASCADE;
DROP FOREIGN DATA WRAPPER fdw CASCADE;
DROP PUBLICATION pub_all, pub_schema;
DROP PUBLICATION pub;
DROP ACCESS METHOD tree;
DROP LANGUAGE tongue;
DROP TRANSFORM FOR integer LANGUAGE sql;
-- what is whole is refused nowhere
SELECT steps > 50, odd FROM public.plan(public.damaged(-1));
DROP TABLE public.result;
SELECT * INTO public.result FROM public.sweep;
SELECT count(*) > 300, bool_or(odd > 0) AS some_odd, bool_or(steps > odd) AS some_not FROM public.result;
SELECT round, note FROM public.result WHERE note IS NOT NULL;
\c :maindb
DROP DATABASE sl_regression_heal_sweep;
DROP ROLE regress_catalog_1, "regress catalog 2";
