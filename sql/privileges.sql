--
-- sl_grant, sl_revoke: the levels read, deploy, admin.
--
-- In a database of its own.
--
SET client_min_messages = warning;
SELECT current_database() AS maindb \gset
CREATE DATABASE sl_regression_privileges;
\c sl_regression_privileges
SET client_min_messages = warning;
\pset null '-'
CREATE SCHEMA sl;
CREATE EXTENSION schema_lifecycle SCHEMA sl;
SET search_path = public, sl;
\set apply 'SELECT revision, outcome, statements FROM sl_apply_pending();'

CREATE ROLE regress_priv_read;
CREATE ROLE regress_priv_deploy;
CREATE ROLE regress_priv_admin;
CREATE ROLE "regress_priv ""odd""
; DROP TABLE sl.sl_log; --";
GRANT CREATE ON SCHEMA public TO regress_priv_deploy, regress_priv_admin;
SELECT sl_configure('managed_schemas', 'none');
SELECT sl_grant('regress_priv_read', 'read');
SELECT sl_grant('regress_priv_deploy', 'deploy');
SELECT sl_grant('regress_priv_admin', 'admin');
SELECT sl_grant(oid, 'read') FROM pg_roles WHERE rolname LIKE 'regress_priv "odd"%';
-- what each can do
CREATE FUNCTION attempt(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE command;
	RETURN 'done';
EXCEPTION WHEN others THEN
	RETURN SQLSTATE;
END $$;
CREATE TABLE calls (n int, level text, command text);
GRANT SELECT ON calls TO PUBLIC;
INSERT INTO calls VALUES
	(1, 'read', 'SELECT * FROM sl.sl_graph()'),
	(2, 'read', 'SELECT * FROM sl.sl_check_graph()'),
	(3, 'read', 'SELECT * FROM sl.sl_heads()'),
	(4, 'read', 'SELECT * FROM sl.sl_pending()'),
	(5, 'read', 'SELECT * FROM sl.sl_history'),
	(6, 'read', 'SELECT * FROM sl.sl_revision'),
	(7, 'read', 'SELECT * FROM sl.sl_settings'),
	(8, 'read', 'SELECT * FROM sl.sl_version()'),
	(11, 'deploy', 'SELECT sl.sl_register(''a'', ''SELECT'', ''SELECT'')'),
	(12, 'deploy', 'SELECT * FROM sl.sl_load(''{b.sql}'', ''{SELECT}'')'),
	(13, 'deploy', 'SELECT sl.sl_unregister(''b'')'),
	(14, 'deploy', 'SELECT * FROM sl.sl_apply_pending()'),
	(15, 'deploy', 'SELECT * FROM sl.sl_revert(''base'')'),
	(16, 'deploy', 'CALL sl.sl_migrate()'),
	(17, 'deploy', 'CALL sl.sl_revert_online(''base'')'),
	(18, 'deploy', 'SELECT * FROM sl.sl_load_directory(''/tmp'')'),
	(21, 'admin', 'SELECT * FROM sl.sl_stamp(''a'', true)'),
	(22, 'admin', 'SELECT * FROM sl.sl_stamp(''base'', true)'),
	(23, 'admin', 'SELECT sl.sl_resolve(''a'', ''run'', ''x'')'),
	(24, 'admin', 'SELECT sl.sl_configure(''ignore'', ''table:public.x'')'),
	(25, 'admin', 'SELECT sl.sl_grant(''regress_priv_read'', ''read'')'),
	(26, 'admin', 'SELECT sl.sl_revoke(''regress_priv_read'', ''deploy'')');
-- 25001: a CALL that got as far as its own check
SET ROLE regress_priv_read;
SELECT level, command, attempt(command) FROM calls ORDER BY n;
SET ROLE regress_priv_deploy;
SELECT level, command, attempt(command) FROM calls ORDER BY n;
SET ROLE regress_priv_admin;
SELECT level, command, attempt(command) FROM calls ORDER BY n;
RESET ROLE;
SELECT has_function_privilege(rolname, 'sl.sl_graph()', 'execute') AS read,
	has_function_privilege(rolname, 'sl.sl_unregister(text)', 'execute') AS deploy
  FROM pg_roles WHERE rolname LIKE 'regress_priv "odd"%';
-- a deployer runs what he registered; what the admin's calls left is the
-- admin's, until the deployer brings it himself
SET ROLE regress_priv_deploy;
CALL sl_migrate();
SELECT sl_register('a', 'SELECT', 'SELECT');
SELECT sl_register('own', 'CREATE TABLE own (i int)', 'DROP TABLE own') \gset
CALL sl_migrate();
SELECT tableowner FROM pg_tables WHERE tablename = 'own';
SELECT role, action, revision FROM sl_history WHERE revision = 'own';
RESET ROLE;

--
-- Revoking takes a level and those above it
--
CREATE VIEW rights AS
SELECT r.rolname,
	has_schema_privilege(r.rolname, 'sl', 'usage') AS usage,
	has_table_privilege(r.rolname, 'sl.sl_history', 'select') AS read,
	has_function_privilege(r.rolname, 'sl.sl_apply_pending(text, jsonb)', 'execute') AS deploy,
	has_function_privilege(r.rolname, 'sl.sl_configure(text, text)', 'execute') AS admin
  FROM pg_roles r WHERE r.rolname LIKE 'regress\_priv\_%' ORDER BY 1;
SELECT * FROM rights;
SELECT sl_revoke('regress_priv_admin', 'admin');
SELECT sl_revoke('regress_priv_deploy', 'admin');
SELECT sl_revoke('regress_priv_read', 'read');
SELECT * FROM rights;
SELECT sl_grant('regress_priv_admin', 'admin');
SELECT sl_revoke('regress_priv_admin', 'deploy');
SELECT sl_revoke('regress_priv_deploy', 'read');
SELECT * FROM rights;
-- twice is no error
SELECT sl_revoke('regress_priv_deploy', 'read');
SELECT sl_grant('regress_priv_read', 'read');
SELECT sl_grant('regress_priv_read', 'read');
-- no such thing
SELECT sl_grant('regress_priv_read', 'owner');
\echo :LAST_ERROR_SQLSTATE
SELECT sl_grant('regress_priv_read', '');
SELECT sl_grant('regress_priv_read', 'READ');
SELECT sl_revoke('regress_priv_read', 'x');
SELECT sl_grant('regress_priv_nobody', 'read');
SELECT sl_grant(0, 'read');
\echo :LAST_ERROR_SQLSTATE
SELECT sl_grant('-', 'read');
SELECT sl_grant('regress_priv_read', NULL) IS NULL AS strict;
-- whoever has admin can hand it on, and lose it
SELECT sl_grant('regress_priv_admin', 'admin');
SET ROLE regress_priv_admin;
SELECT sl_grant('regress_priv_deploy', 'admin');
SELECT sl_revoke('regress_priv_admin', 'read');
SELECT sl_grant('regress_priv_admin', 'admin');
RESET ROLE;
SELECT * FROM rights;
-- the grants are the owner's, so that they go with the role
SELECT DISTINCT grantor = current_user AS same
  FROM information_schema.routine_privileges
 WHERE routine_schema = 'sl' AND grantee LIKE 'regress\_priv%';
-- under another path, and in a schema with an odd name
DROP OWNED BY regress_priv_deploy, regress_priv_admin, regress_priv_read;
DROP EXTENSION schema_lifecycle;
CREATE SCHEMA "Sl; @.x";
CREATE EXTENSION schema_lifecycle SCHEMA "Sl; @.x";
SET search_path = "Sl; @.x";
SELECT sl_grant('regress_priv_read', 'read');
SELECT sl_configure('managed_schemas', 'none');
SELECT sl_register('a', 'CREATE TABLE public.odd (i int)', 'DROP TABLE public.odd') \gset
:apply
SELECT revision FROM sl_revert('base');
CALL sl_migrate();
SET ROLE regress_priv_read;
SELECT revision, state FROM sl_graph();
SELECT count(*) FROM sl_history;
RESET ROLE;
DROP OWNED BY regress_priv_read;
SET search_path = public;
DROP EXTENSION schema_lifecycle;
-- nothing of it is left
SELECT count(*) FROM pg_depend d JOIN pg_namespace n ON d.refobjid = n.oid
 WHERE n.nspname LIKE 'Sl; %';
DROP OWNED BY "regress_priv ""odd""
; DROP TABLE sl.sl_log; --";

\c :maindb
DROP DATABASE sl_regression_privileges;
DROP ROLE regress_priv_read, regress_priv_deploy, regress_priv_admin,
	"regress_priv ""odd""
; DROP TABLE sl.sl_log; --";
