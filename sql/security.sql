--
-- Attacks.  Whoever may register scripts must not gain a right by it, and
-- nobody's objects may be met in the place of the server's own.
--
-- In a database of its own.
--
SET client_min_messages = warning;
SELECT current_database() AS maindb \gset
CREATE DATABASE sl_regression_security;
\c sl_regression_security
SET client_min_messages = warning;
\pset null '-'
CREATE ROLE regress_sec_dev LOGIN;
CREATE ROLE regress_sec_app LOGIN;
CREATE ROLE regress_sec_evil LOGIN;
CREATE ROLE regress_sec_team;
CREATE ROLE regress_sec_member IN ROLE regress_sec_team;
SELECT current_user AS me \gset
\set apply 'SELECT revision, outcome, statements FROM sl.sl_apply_pending();'

--
-- Objects of others before CREATE EXTENSION
--
\set VERBOSITY terse
CREATE SCHEMA squat AUTHORIZATION regress_sec_evil;
SET ROLE regress_sec_evil;
CREATE FUNCTION squat.sl_heads() RETURNS SETOF text LANGUAGE sql AS 'SELECT NULL::text';
RESET ROLE;
CREATE EXTENSION schema_lifecycle SCHEMA squat;
SET ROLE regress_sec_evil;
DROP FUNCTION squat.sl_heads();
CREATE TABLE squat.sl_log (id bigint);
RESET ROLE;
CREATE EXTENSION schema_lifecycle SCHEMA squat;
DROP SCHEMA squat CASCADE;
\set VERBOSITY default

--
-- Objects in public that would be met first, under a path that lets them
--
GRANT ALL ON SCHEMA public TO regress_sec_evil;
SET ROLE regress_sec_evil;
CREATE TABLE public.executed (what text);
CREATE FUNCTION public.probe(what text) RETURNS void LANGUAGE plpgsql AS
	$$BEGIN RAISE EXCEPTION 'probe % was executed by %', what, current_user; END$$;
CREATE FUNCTION public.probe_eq(text, text) RETURNS boolean LANGUAGE plpgsql AS
	$$BEGIN PERFORM public.probe('text operator'); RETURN true; END$$;
CREATE FUNCTION public.probe_eq(name, name) RETURNS boolean LANGUAGE plpgsql AS
	$$BEGIN PERFORM public.probe('name operator'); RETURN true; END$$;
CREATE FUNCTION public.probe_eq(oid, oid) RETURNS boolean LANGUAGE plpgsql AS
	$$BEGIN PERFORM public.probe('oid operator'); RETURN true; END$$;
CREATE FUNCTION public.probe_eq("char", "char") RETURNS boolean LANGUAGE plpgsql AS
	$$BEGIN PERFORM public.probe('char operator'); RETURN true; END$$;
CREATE FUNCTION public.probe_eq(bigint, bigint) RETURNS boolean LANGUAGE plpgsql AS
	$$BEGIN PERFORM public.probe('bigint operator'); RETURN true; END$$;
CREATE FUNCTION public.probe_cat(text, text) RETURNS text LANGUAGE plpgsql AS
	$$BEGIN PERFORM public.probe('||'); RETURN ''; END$$;
CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = public.probe_eq);
CREATE OPERATOR public.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = public.probe_eq);
CREATE OPERATOR public.< (LEFTARG = text, RIGHTARG = text, FUNCTION = public.probe_eq);
CREATE OPERATOR public.> (LEFTARG = text, RIGHTARG = text, FUNCTION = public.probe_eq);
CREATE OPERATOR public.~ (LEFTARG = text, RIGHTARG = text, FUNCTION = public.probe_eq);
CREATE OPERATOR public.= (LEFTARG = name, RIGHTARG = name, FUNCTION = public.probe_eq);
CREATE OPERATOR public.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = public.probe_eq);
CREATE OPERATOR public.= (LEFTARG = "char", RIGHTARG = "char", FUNCTION = public.probe_eq);
CREATE OPERATOR public.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = public.probe_eq);
CREATE OPERATOR public.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = public.probe_cat);
CREATE FUNCTION public.md5(text) RETURNS text LANGUAGE plpgsql AS
	$$BEGIN PERFORM public.probe('md5'); RETURN ''; END$$;
CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE plpgsql AS
	$$BEGIN PERFORM public.probe('now'); RETURN NULL; END$$;
CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS
	$$BEGIN PERFORM public.probe('clock_timestamp'); RETURN NULL; END$$;
CREATE FUNCTION public.cardinality(text[]) RETURNS int LANGUAGE plpgsql AS
	$$BEGIN PERFORM public.probe('cardinality'); RETURN 0; END$$;
CREATE FUNCTION public.host(inet) RETURNS text LANGUAGE plpgsql AS
	$$BEGIN PERFORM public.probe('host'); RETURN ''; END$$;
CREATE FUNCTION public.pg_cursor(OUT name text) RETURNS SETOF text LANGUAGE plpgsql AS
	$$BEGIN PERFORM public.probe('pg_cursor'); END$$;
CREATE AGGREGATE public.array_agg(text) (SFUNC = public.probe_cat, STYPE = text);
CREATE AGGREGATE public.count(text) (SFUNC = public.probe_cat, STYPE = text);
CREATE DOMAIN public.text AS pg_catalog.text CHECK (public.probe('domain text') IS NULL);
CREATE DOMAIN public.name AS pg_catalog.text CHECK (public.probe('domain name') IS NULL);
CREATE TABLE public.pg_extension (extname text, extnamespace oid, extowner oid);
CREATE TABLE public.pg_namespace (nspname text);
CREATE TABLE public.pg_class (relname text);
CREATE TABLE public.pg_stat_activity (pid int);
CREATE TABLE public.sl_log (id int);
CREATE TABLE public.sl_registry (revision text);
CREATE FUNCTION public.sl_heads() RETURNS SETOF pg_catalog.text LANGUAGE plpgsql AS
	$$BEGIN PERFORM public.probe('sl_heads'); END$$;
CREATE FUNCTION public.sl_revision_rows() RETURNS SETOF pg_catalog.text LANGUAGE plpgsql AS
	$$BEGIN PERFORM public.probe('sl_revision_rows'); END$$;
RESET ROLE;
-- the probes work
SET search_path = public, pg_catalog;
SELECT 'a'::pg_catalog.text = 'b'::pg_catalog.text;
SELECT now();
RESET search_path;
ALTER DATABASE sl_regression_security SET search_path = public, pg_catalog;
\c
SET client_min_messages = warning;
CREATE SCHEMA sl;
CREATE EXTENSION schema_lifecycle SCHEMA sl;
-- and temporary ones
CREATE TEMP TABLE pg_extension (extname pg_catalog.text, extnamespace oid, extowner oid);
CREATE TEMP TABLE pg_namespace (nspname pg_catalog.text);
CREATE TEMP TABLE pg_class (relname pg_catalog.text);
CREATE TEMP TABLE pg_proc (proname pg_catalog.text);
CREATE TEMP TABLE pg_depend (classid oid);
CREATE TEMP TABLE pg_constraint (conname pg_catalog.text);
CREATE TEMP TABLE sl_registry (revision pg_catalog.text);
CREATE TEMP TABLE sl_log (id bigint);
CREATE TEMP TABLE sl_setting (name pg_catalog.text, value pg_catalog.text);
CREATE TYPE pg_temp.jsonb AS ENUM ('a');
CREATE FUNCTION pg_temp.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS
	$$BEGIN PERFORM public.probe('temporary'); RETURN NULL; END$$;
SET search_path = pg_temp, public, pg_catalog;
SELECT * FROM sl.sl_version();
SELECT sl.sl_configure('managed_schemas', 'app');
SELECT sl.sl_configure('ignore', 'table:public.x');
SELECT sl.sl_configure('ignore', NULL);
SELECT sl.sl_register('a1', $$CREATE SCHEMA app; CREATE TABLE app.t (i int PRIMARY KEY DEFERRABLE);
INSERT INTO app.t VALUES (1);$$, 'DROP SCHEMA app CASCADE');
SELECT sl.sl_register('a2', 'SELECT', 'SELECT', NULL, 'versioned', 'second');
SELECT sl.sl_register('a3', 'SELECT', 'SELECT', '{}');
SELECT sl.sl_unregister('a3');
SELECT * FROM sl.sl_load('{1_b.up.sql,1_b.down.sql,2_b.up.sql}', '{SELECT,SELECT,SELECT}');
SELECT * FROM sl.sl_load('{1_b.up.sql,1_b.down.sql}', '{SELECT 1,SELECT}', 'auto', '{"prune": true}');
SELECT * FROM sl.sl_pending('heads');
SELECT * FROM sl.sl_graph();
SELECT * FROM sl.sl_check_graph();
SELECT * FROM sl.sl_heads();
SELECT revision, outcome, statements FROM sl.sl_apply_pending('a2');
CALL sl.sl_migrate('heads');
SELECT revision, outcome FROM sl.sl_revert('a1');
CALL sl.sl_revert_online('base');
SELECT * FROM sl.sl_stamp('a1', true, 'test');
SELECT sl.sl_resolve('a2', 'applied', 'test');
SELECT id, action, revision, outcome, statements, reason FROM sl.sl_history;
SELECT revision, kind, parents, description FROM sl.sl_revision;
SELECT name, value, source FROM sl.sl_settings WHERE source OPERATOR(pg_catalog.<>) 'default';
SELECT sl.sl_grant('regress_sec_app', 'admin');
SELECT sl.sl_revoke('regress_sec_app', 'read');
SELECT * FROM public.executed;
-- away with all of it
SET search_path = pg_catalog;
ALTER DATABASE sl_regression_security RESET search_path;
DROP EXTENSION schema_lifecycle;
DROP OWNED BY regress_sec_evil;
SELECT nspname FROM pg_namespace WHERE nspname = 'app';
\c
SET client_min_messages = warning;
CREATE EXTENSION schema_lifecycle SCHEMA sl;
GRANT CREATE ON SCHEMA public TO regress_sec_dev;
GRANT CREATE ON DATABASE sl_regression_security TO regress_sec_dev;

--
-- A role with no level: no function, no table, no view
--
SET ROLE regress_sec_app;
SELECT sl.sl_register('x', 'SELECT 1');
SELECT sl.sl_apply_pending();
RESET ROLE;
GRANT USAGE ON SCHEMA sl TO regress_sec_app;
SET ROLE regress_sec_app;
SELECT sl.sl_register('x', 'SELECT 1');
SELECT sl.sl_apply_pending();
CALL sl.sl_migrate();
SELECT sl.sl_stamp('x', true);
SELECT sl.sl_grant('regress_sec_app', 'admin');
SELECT * FROM sl.sl_history;
SELECT * FROM sl.sl_history_rows();
SELECT * FROM sl.sl_log;
INSERT INTO sl.sl_applied VALUES ('x', 1, 'apply', false, '');
CREATE TRIGGER t BEFORE INSERT ON sl.sl_log FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE TABLE refers (r text REFERENCES sl.sl_registry);
RESET ROLE;
REVOKE USAGE ON SCHEMA sl FROM regress_sec_app;
-- nobody but the owner has anything on a table, also after sl_grant
SELECT sl.sl_grant('regress_sec_dev', 'admin');
SELECT c.relname, r.rolname, p.privilege
  FROM pg_class c, (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE'),
	('TRUNCATE'), ('REFERENCES'), ('TRIGGER')) AS p (privilege),
	(VALUES ('regress_sec_app'), ('regress_sec_dev'), ('public')) AS r (rolname)
 WHERE c.relnamespace = 'sl'::regnamespace AND c.relkind = 'r'
   AND has_table_privilege(r.rolname, c.oid, p.privilege);
-- default privileges of the installing role gave nothing away
DROP EXTENSION schema_lifecycle;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO regress_sec_app;
ALTER DEFAULT PRIVILEGES GRANT ALL ON FUNCTIONS TO regress_sec_app;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO regress_sec_app;
CREATE EXTENSION schema_lifecycle SCHEMA sl;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM regress_sec_app;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON FUNCTIONS FROM regress_sec_app;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON SEQUENCES FROM regress_sec_app;
SELECT count(*) FROM pg_class
 WHERE relnamespace = 'sl'::regnamespace AND relacl::text LIKE '%app%';
SELECT count(*) FROM pg_proc
 WHERE pronamespace = 'sl'::regnamespace AND proacl::text LIKE '%app%';
SELECT sl.sl_grant('regress_sec_dev', 'deploy');
SELECT sl.sl_configure('managed_schemas', 'none');

--
-- A developer's script in a session of somebody who has more rights
--
-- a superuser as himself: refused, before anything runs
SET ROLE regress_sec_dev;
SELECT sl.sl_register('s1', 'CREATE TABLE harmless (i int)') \gset
RESET ROLE;
:apply
\echo :LAST_ERROR_SQLSTATE
CALL sl.sl_migrate();
SELECT to_regclass('harmless');
-- a superuser who has said SET ROLE: as the developer, with no way back
SET ROLE regress_sec_dev;
:apply
SELECT sl.sl_register('s2', $$DO '
BEGIN
	EXECUTE ''reset role'';
	EXECUTE ''alter role regress_sec_dev superuser'';
	EXECUTE ''set role regress_sec_dev'';
END'$$) \gset
:apply
\echo :LAST_ERROR_SQLSTATE
CALL sl.sl_migrate();
SELECT sl.sl_register('s2', 'RESET ROLE; ALTER ROLE regress_sec_dev SUPERUSER') \gset
:apply
SELECT sl.sl_register('s2', 'RESET SESSION AUTHORIZATION') \gset
:apply
SELECT sl.sl_register('s2', 'SET SESSION AUTHORIZATION DEFAULT') \gset
:apply
SELECT sl.sl_register('s2', 'SET LOCAL ROLE none') \gset
:apply
SELECT sl.sl_register('s2', $$SELECT set_config('role', 'none', false)$$) \gset
:apply
SELECT sl.sl_register('s2', $$CREATE FUNCTION f() RETURNS void LANGUAGE sql SET role = none AS 'ALTER ROLE regress_sec_dev SUPERUSER';
SELECT f()$$) \gset
:apply
SELECT sl.sl_register('s2', 'RESET ALL; ALTER ROLE regress_sec_dev SUPERUSER') \gset
\set VERBOSITY sqlstate
:apply
\set VERBOSITY default
-- nor a superuser who has said SET SESSION AUTHORIZATION
RESET ROLE;
SET SESSION AUTHORIZATION regress_sec_dev;
SELECT sl.sl_register('s2', 'RESET SESSION AUTHORIZATION; ALTER ROLE regress_sec_dev SUPERUSER') \gset
:apply
CALL sl.sl_migrate();
SELECT sl.sl_register('s2', 'SET SESSION AUTHORIZATION DEFAULT; ALTER ROLE regress_sec_dev SUPERUSER') \gset
:apply
RESET SESSION AUTHORIZATION;
SET ROLE regress_sec_dev;
-- after an error inside the script it is confined as before
SELECT sl.sl_register('s2', $$DO '
BEGIN
	BEGIN PERFORM 1/0; EXCEPTION WHEN division_by_zero THEN NULL; END;
	EXECUTE ''reset role'';
END'$$) \gset
:apply
-- not by a trigger that is deferred to the commit, where nobody is confined
SELECT sl.sl_register('s2', $$
CREATE TABLE bait (i int);
CREATE TABLE rows (i int);
CREATE FUNCTION become() RETURNS trigger LANGUAGE plpgsql AS $f$
BEGIN
	EXECUTE 'reset role';
	EXECUTE 'alter role regress_sec_dev superuser';
	RETURN NULL;
END $f$;
CREATE CONSTRAINT TRIGGER later AFTER INSERT ON bait
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION become();
INSERT INTO rows VALUES (1);
$$) \gset
:apply
-- a statement that does not look like one that changes rows
SELECT sl.sl_register('s3', $$
CREATE FUNCTION fill() RETURNS int LANGUAGE plpgsql AS
	'BEGIN INSERT INTO bait VALUES (1); RETURN 1; END';
ALTER TABLE rows ADD COLUMN c int DEFAULT fill();
$$) \gset
:apply
\echo :LAST_ERROR_SQLSTATE
-- a constraint that is made when the others are checked
SELECT sl.sl_register('s3', $$
CREATE TABLE bait2 (i int);
CREATE FUNCTION nest() RETURNS trigger LANGUAGE plpgsql AS $f$
BEGIN
	EXECUTE 'CREATE CONSTRAINT TRIGGER inner_one AFTER INSERT ON bait
		DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION become()';
	INSERT INTO bait VALUES (1);
	RETURN NULL;
END $f$;
CREATE CONSTRAINT TRIGGER outer_one AFTER INSERT ON bait2
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION nest();
INSERT INTO bait2 VALUES (1);
$$) \gset
:apply
-- in a schema that SET CONSTRAINTS may not name
SELECT sl.sl_register('s3', $$
CREATE SCHEMA hidden;
CREATE TABLE hidden.bait (i int);
CREATE CONSTRAINT TRIGGER later AFTER INSERT ON hidden.bait
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION become();
INSERT INTO hidden.bait VALUES (1);
REVOKE USAGE ON SCHEMA hidden FROM regress_sec_dev;
$$) \gset
:apply
\echo :LAST_ERROR_SQLSTATE
-- under the name of one that is not deferrable
SELECT sl.sl_register('s3', $$
CREATE TABLE twin (i int CONSTRAINT later CHECK (i > 0));
INSERT INTO bait VALUES (1);
$$) \gset
:apply
-- by COPY
SELECT sl.sl_register('s3', 'COPY bait FROM stdin;
1
\.
') \gset
:apply
-- in a down script
SELECT sl.sl_register('s3', 'SELECT', $$
CREATE FUNCTION fill() RETURNS int LANGUAGE plpgsql AS
	'BEGIN INSERT INTO bait VALUES (1); RETURN 1; END';
ALTER TABLE rows ADD COLUMN c int DEFAULT fill();
$$) \gset
:apply
SELECT revision FROM sl.sl_revert('s2');
CALL sl.sl_revert_online('s2');
-- in a worker it is the session's user itself
SELECT sl.sl_register('s4', $$-- sl:no-transaction
RESET ROLE;
RESET SESSION AUTHORIZATION;
SELECT set_config('role', 'none', false);
CREATE TABLE who AS SELECT current_user AS c, session_user AS s;
ALTER ROLE regress_sec_dev SUPERUSER;$$) \gset
\set VERBOSITY sqlstate
CALL sl.sl_migrate();
\set VERBOSITY default
SELECT * FROM who;
RESET ROLE;
SELECT rolname, rolsuper FROM pg_roles WHERE rolname = 'regress_sec_dev';
-- a worker cannot be a role that cannot log in, and the superuser of the
-- session is not for its scripts
ALTER ROLE regress_sec_dev NOLOGIN;
SET ROLE regress_sec_dev;
CALL sl.sl_migrate();
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
ALTER ROLE regress_sec_dev LOGIN;

-- an administrator's revision with a developer's new down script, a script
-- that an administrator began with a developer's new end
SELECT sl.sl_unregister('s4');
SELECT sl.sl_resolve('s4', 'rolled_back', 'test');
SELECT sl.sl_unregister('s4');
SELECT sl.sl_register('t1', 'SELECT 1', 'SELECT 1') \gset
:apply
SET ROLE regress_sec_dev;
SELECT sl.sl_register('t1', 'SELECT 1', 'ALTER ROLE regress_sec_dev SUPERUSER');
RESET ROLE;
SELECT revision FROM sl.sl_revert('s3');
\echo :LAST_ERROR_SQLSTATE
SELECT sl.sl_register('t2', E'-- sl:no-transaction\nCREATE TABLE t2 (i int);\nSELECT 1/0') \gset
CALL sl.sl_migrate();
SET ROLE regress_sec_dev;
SELECT sl.sl_register('t2', E'-- sl:no-transaction\nCREATE TABLE t2 (i int);\nALTER ROLE regress_sec_dev SUPERUSER');
RESET ROLE;
CALL sl.sl_migrate();
\echo :LAST_ERROR_SQLSTATE
-- who gives new parents and no script does not answer for the script
SELECT sl.sl_register('t1', NULL, NULL, '{s2}');
SELECT revision, parents, registrar FROM sl.sl_revision WHERE revision = 't1';
SELECT rolname, rolsuper FROM pg_roles WHERE rolname = 'regress_sec_dev';

--
-- The registrar: by OID, at the time of the run
--
DROP EXTENSION schema_lifecycle;
DROP OWNED BY regress_sec_dev;
GRANT ALL ON SCHEMA public TO regress_sec_dev, regress_sec_team, regress_sec_member;
CREATE EXTENSION schema_lifecycle SCHEMA sl;
SELECT sl.sl_grant('regress_sec_dev', 'deploy'), sl.sl_grant('regress_sec_team', 'deploy'),
	sl.sl_grant('regress_sec_member', 'deploy');
SELECT sl.sl_configure('managed_schemas', 'none');
-- a role that the caller is not a member of
SET ROLE regress_sec_dev;
SELECT sl.sl_register('r1', 'CREATE TABLE of_dev (i int)') \gset
SET SESSION AUTHORIZATION regress_sec_team;
:apply
-- a member of the caller's role has its privileges
SET SESSION AUTHORIZATION regress_sec_member;
SELECT sl.sl_register('r1', 'CREATE TABLE of_team (i int)') \gset
SET SESSION AUTHORIZATION regress_sec_team;
:apply
SELECT tableowner FROM pg_tables WHERE tablename = 'of_team';
-- the other way round it has not
SELECT sl.sl_register('r2', 'SELECT 2') \gset
SET SESSION AUTHORIZATION regress_sec_member;
:apply
-- whoever registers it anew answers for it
SELECT sl.sl_register('r2', 'SELECT 2');
:apply
RESET SESSION AUTHORIZATION;
-- trusted by a superuser
SET ROLE regress_sec_dev;
SELECT sl.sl_register('r3', 'CREATE TABLE trusted AS SELECT current_user AS c') \gset
SET schema_lifecycle.trusted_registrars = 'regress_sec_dev';
SELECT * FROM sl.sl_apply_pending(NULL, '{"trusted_registrars": "regress_sec_dev"}');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
:apply
SET schema_lifecycle.trusted_registrars = 'somebody, regress_sec_dev';
:apply
SELECT c = :'me' AS same FROM trusted;
RESET schema_lifecycle.trusted_registrars;
-- renamed: the same role.  dropped and made anew: another
SET ROLE regress_sec_dev;
SELECT sl.sl_register('r4', 'SELECT 4') \gset
RESET ROLE;
ALTER ROLE regress_sec_dev RENAME TO regress_sec_dev2;
SELECT revision, registrar FROM sl.sl_revision WHERE revision = 'r4';
SET ROLE regress_sec_dev2;
:apply
SELECT sl.sl_register('r5', 'SELECT 5') \gset
RESET ROLE;
ALTER ROLE regress_sec_dev2 RENAME TO regress_sec_dev;
DROP OWNED BY regress_sec_dev;
DROP ROLE regress_sec_dev;
:apply
\echo :LAST_ERROR_SQLSTATE
CREATE ROLE regress_sec_dev SUPERUSER;
:apply
-- also where the name is trusted
SET schema_lifecycle.trusted_registrars = 'regress_sec_dev';
:apply
RESET schema_lifecycle.trusted_registrars;
CALL sl.sl_migrate();
-- a superuser makes it his own
SELECT sl.sl_unregister('r5') \gset
SELECT sl.sl_register('r5', 'SELECT 5') \gset
:apply
DROP ROLE regress_sec_dev;
CREATE ROLE regress_sec_dev LOGIN;
GRANT ALL ON SCHEMA public TO regress_sec_dev;
SELECT sl.sl_grant('regress_sec_dev', 'deploy');

--
-- Settings set before the library is there
--
\c
SET client_min_messages = warning;
SET SESSION AUTHORIZATION regress_sec_dev;
SET schema_lifecycle.trusted_registrars = 'regress_sec_dev';
SET schema_lifecycle.lock_keys = '1';
SET schema_lifecycle.internal = on;
SELECT * FROM sl.sl_version();
SELECT name, value, source FROM sl.sl_settings
 WHERE name IN ('trusted_registrars', 'lock_keys');
SET schema_lifecycle.internal = on;
SET schema_lifecycle.guard_bypass = on;
SET schema_lifecycle.lock_keys = '1';
RESET SESSION AUTHORIZATION;

--
-- A definer function, a read-only transaction
--
SELECT sl.sl_register('w1', 'SELECT 1', 'SELECT 1') \gset
CREATE FUNCTION attempt(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE command;
	RETURN 'done';
EXCEPTION WHEN others THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
CREATE FUNCTION lend(command text) RETURNS text LANGUAGE plpgsql
SECURITY DEFINER AS 'BEGIN RETURN attempt(command); END';
CREATE TABLE writers (command text);
INSERT INTO writers VALUES
	('SELECT sl.sl_register(''w2'', ''SELECT 2'')'),
	('SELECT sl.sl_unregister(''w1'')'),
	('SELECT sl.sl_load(''{w3.sql}'', ''{SELECT}'')'),
	('SELECT sl.sl_load_directory(''/'')'),
	('SELECT sl.sl_apply_pending()'),
	('SELECT sl.sl_revert(''base'')'),
	('SELECT sl.sl_stamp(''w1'', true)'),
	('SELECT sl.sl_resolve(''w1'', ''applied'', ''x'')'),
	('SELECT sl.sl_configure(''ignore'', ''table:public.x'')'),
	('SELECT sl.sl_accept(''table'', ''public.x'')'),
	('SELECT sl.sl_unaccept(''table'', ''public.x'')'),
	('SELECT sl.sl_repair()'),
	('SELECT sl.sl_dry_run()'),
	('SELECT sl.sl_adopt()'),
	('SELECT sl.sl_observe(''public.x'')'),
	('SELECT sl.sl_unobserve(''public.x'')'),
	('SELECT sl.sl_import_manifest(''{}'')'),
	('SELECT sl.sl_require(''r'', ''table t'')'),
	('SELECT sl.sl_unrequire(''r'')'),
	('SELECT sl.sl_grant(''regress_sec_app'', ''read'')'),
	('SELECT sl.sl_revoke(''regress_sec_app'', ''read'')'),
	('SELECT sl.sl_guard(''deny'')'),
	('SELECT sl.sl_watch()');
SELECT lend(command) FROM writers;
-- the list is complete: every function that is not stable is in it
SELECT proname FROM pg_proc p
 WHERE pronamespace = 'sl'::regnamespace AND provolatile = 'v' AND prokind = 'f'
   AND prorettype <> ALL ('{trigger,event_trigger}'::regtype[])
   -- these write what pgTAP counts
   AND proname NOT IN ('sl_graph_is_sound', 'sl_has_no_drift', 'sl_has_no_stamp_drift', 'sl_is_verified')
   AND NOT EXISTS (SELECT FROM writers WHERE command LIKE '% sl.' || proname || '(%');
BEGIN READ ONLY;
SELECT attempt(command) FROM writers;
SELECT revision FROM sl.sl_graph() WHERE revision = 'w1';
ROLLBACK;
SET default_transaction_read_only = on;
CALL sl.sl_migrate();
CALL sl.sl_revert_online('base');
CALL sl.sl_repair_online();
RESET default_transaction_read_only;
-- in the query of a materialized view, an index expression
CREATE FUNCTION calls() RETURNS int LANGUAGE plpgsql IMMUTABLE AS
	$$BEGIN PERFORM sl.sl_register('m1', 'SELECT'); RETURN 1; END$$;
CREATE MATERIALIZED VIEW mv AS SELECT calls();
DROP FUNCTION calls();
SELECT count(*) FROM sl.sl_revision WHERE revision IN ('w2', 'w3', 'm1');

--
-- Somebody's code on the extension's own tables
--
CREATE FUNCTION spy() RETURNS trigger LANGUAGE plpgsql AS
	$$BEGIN PERFORM 1/0; RETURN NEW; END$$;
CREATE TRIGGER spy AFTER INSERT ON sl.sl_log FOR EACH ROW EXECUTE FUNCTION spy();
:apply
\echo :LAST_ERROR_SQLSTATE
CALL sl.sl_migrate();
DROP TRIGGER spy ON sl.sl_log;
CREATE RULE spy AS ON INSERT TO sl.sl_applied DO ALSO NOTIFY spy;
:apply
DROP RULE spy ON sl.sl_applied;
CREATE TRIGGER spy AFTER INSERT ON sl.sl_evidence FOR EACH ROW EXECUTE FUNCTION spy();
:apply
DROP TRIGGER spy ON sl.sl_evidence;
ALTER TABLE sl.sl_footprint ENABLE ROW LEVEL SECURITY;
:apply
ALTER TABLE sl.sl_footprint DISABLE ROW LEVEL SECURITY;
ALTER TABLE sl.sl_registry ENABLE ROW LEVEL SECURITY;
SELECT sl.sl_register('w4', 'SELECT 4');
ALTER TABLE sl.sl_registry DISABLE ROW LEVEL SECURITY;
CREATE TABLE refers (r text COLLATE "C" REFERENCES sl.sl_registry);
SELECT sl.sl_register('w4', 'SELECT 4');
DROP TABLE refers;
CREATE TRIGGER spy BEFORE INSERT ON sl.sl_setting FOR EACH STATEMENT EXECUTE FUNCTION spy();
SELECT sl.sl_configure('ignore', 'table:public.x');
DROP TRIGGER spy ON sl.sl_setting;
DROP FUNCTION spy();
:apply

--
-- A script has the rights of the caller and no other.  The server's words
-- differ between versions, its codes do not.
--
\set VERBOSITY sqlstate
SET SESSION AUTHORIZATION regress_sec_dev;
SELECT sl.sl_register('p1', $$COPY (SELECT 1) TO PROGRAM 'true'$$) \gset
:apply
\echo :LAST_ERROR_SQLSTATE
SELECT sl.sl_register('p1', $$COPY (SELECT 1) TO '/tmp/regress_sec'$$) \gset
:apply
SELECT sl.sl_register('p1', $$SELECT pg_read_file('PG_VERSION')$$) \gset
:apply
SELECT sl.sl_register('p1', $$SELECT lo_import('/etc/passwd')$$) \gset
:apply
SELECT sl.sl_register('p1', $$LOAD 'plpgsql'$$) \gset
:apply
SELECT sl.sl_register('p1', $$LOAD '/etc/passwd'$$) \gset
:apply
SELECT sl.sl_register('p1', $$CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'a', 'b'$$) \gset
:apply
SELECT sl.sl_register('p1', $$UPDATE sl.sl_registry SET registrar = 10$$) \gset
:apply
SELECT sl.sl_register('p1', $$DROP EXTENSION schema_lifecycle$$) \gset
:apply
SELECT sl.sl_register('p1', $$ALTER EXTENSION schema_lifecycle DROP TABLE sl.sl_log$$) \gset
:apply
SELECT sl.sl_register('p1', $$CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()$$) \gset
:apply
SELECT sl.sl_register('p1', $$ALTER ROLE regress_sec_dev SUPERUSER$$) \gset
:apply
SELECT sl.sl_register('p1', $$ALTER SYSTEM SET work_mem = '1MB'$$) \gset
:apply
CALL sl.sl_migrate();
SELECT sl.sl_load_directory('/etc');
RESET SESSION AUTHORIZATION;

\c :maindb
DROP DATABASE sl_regression_security;
DROP ROLE regress_sec_dev, regress_sec_app, regress_sec_evil, regress_sec_team,
	regress_sec_member;
