-- What the catalog says about the extension's own objects: nothing runs with
-- other rights than the caller's, nothing is open to everybody, everything
-- has a level, and a dump takes the books along.
BEGIN;
SET LOCAL client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE SCHEMA gate;
CREATE EXTENSION schema_lifecycle SCHEMA gate;

SELECT plan(24);

CREATE TEMP VIEW member AS
SELECT d.classid, d.objid
  FROM pg_depend d
  JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass
   AND d.refobjid = e.oid
 WHERE d.deptype = 'e' AND e.extname = 'schema_lifecycle';
CREATE TEMP VIEW routine AS
SELECT p.* , p.oid::regprocedure::text AS signature
  FROM pg_proc p JOIN member m ON m.classid = 'pg_proc'::regclass
   AND m.objid = p.oid;
CREATE TEMP VIEW relation AS
SELECT c.* FROM pg_class c
  JOIN member m ON m.classid = 'pg_class'::regclass AND m.objid = c.oid;
-- the gate is no gate if it looks at nothing
SELECT cmp_ok((SELECT count(*)::int FROM routine), '>=', 20, 'there are functions');
SELECT is((SELECT count(*)::int FROM relation WHERE relkind = 'r'), 14, 'there are tables');
SELECT is((SELECT count(*)::int FROM relation WHERE relkind = 'v'), 5, 'there are views');

--
-- Functions
--
SELECT is_empty('SELECT signature FROM routine WHERE prosecdef',
	'no function runs as its owner');
SELECT is_empty($$
	SELECT signature FROM routine r JOIN pg_language l ON l.oid = r.prolang
	 WHERE l.lanname <> 'c'$$,
	'every function is in C: no search_path of the caller is met');
SELECT is_empty($$
	SELECT signature FROM routine
	 WHERE proargtypes::oid[] && ARRAY['internal'::regtype, 'cstring'::regtype,
		'"any"'::regtype, 'anyelement'::regtype, 'anyarray'::regtype]::oid[]
		OR prorettype IN ('internal'::regtype, 'cstring'::regtype)$$,
	'no function takes or gives what only C can check');
SELECT is_empty($$
	SELECT signature FROM routine r, aclexplode(coalesce(r.proacl,
		acldefault('f', r.proowner))) a
	 WHERE a.grantee = 0$$,
	'PUBLIC may execute nothing');
SELECT is_empty($$
	SELECT signature, a.grantee::regrole FROM routine r,
		aclexplode(coalesce(r.proacl, acldefault('f', r.proowner))) a
	 WHERE a.grantee <> r.proowner$$,
	'nobody but the owner may execute anything before sl_grant');
SELECT is_empty($$
	SELECT signature FROM routine
	 WHERE provolatile = 'v' AND proparallel <> 'u'$$,
	'what writes is parallel unsafe');
SELECT is_empty($$
	SELECT signature FROM routine
	 WHERE provolatile <> 'v' AND prokind = 'p'$$,
	'procedures are volatile');
SELECT is_empty($$SELECT signature FROM routine WHERE provolatile = 'i'$$,
	'no function is immutable: an index could be made of it');
SELECT is_empty($$
	SELECT signature FROM routine WHERE prokind = 'p' AND proconfig IS NOT NULL$$,
	'procedures have no SET clause, with which they could not commit');
SELECT is_empty($$
	SELECT signature FROM routine WHERE proleakproof OR prosupport <> 0$$,
	'no function is leakproof or has a support function');

--
-- Tables and views
--
SELECT is_empty($$
	SELECT relname, a.grantee, a.privilege_type FROM relation r,
		aclexplode(coalesce(r.relacl, acldefault('r', r.relowner))) a
	 WHERE a.grantee <> r.relowner$$,
	'nobody but the owner has a privilege on a table or view');
SELECT is_empty($$
	SELECT relname FROM relation
	 WHERE relkind = 'v' AND NOT coalesce(reloptions, '{}') && '{security_invoker=true}'$$,
	'views act as who reads them');
SELECT is_empty($$
	SELECT relname FROM relation, pg_extension e
	 WHERE relkind = 'r' AND e.extname = 'schema_lifecycle'
	   AND NOT relation.oid = ANY (coalesce(e.extconfig, '{}'))$$,
	'pg_dump takes every table along');
SELECT is_empty($$
	SELECT unnest(extcondition) FROM pg_extension
	 WHERE extname = 'schema_lifecycle' EXCEPT SELECT ''$$,
	'and every row of it');
SELECT is_empty($$SELECT relname FROM relation WHERE relkind = 'S'$$,
	'there is no sequence that a restored row could collide with');
SELECT is_empty($$
	SELECT r.relname, t.tgname FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid$$,
	'the tables have no trigger and no foreign key');
SELECT is_empty($$
	SELECT r.relname FROM relation r
	 WHERE relkind = 'r' AND NOT EXISTS (SELECT FROM pg_constraint c
		WHERE c.conrelid = r.oid AND c.contype = 'p')$$,
	'every table has a natural key');
SELECT is_empty($$
	SELECT r.relname, a.attname FROM relation r
	  JOIN pg_constraint c ON c.conrelid = r.oid AND c.contype = 'p'
	  JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = ANY (c.conkey)
	 WHERE a.attcollation NOT IN (0, '"C"'::regcollation)
	   -- up and down, and nothing else
	   AND (r.relname, a.attname) <> ('sl_journal', 'direction')$$,
	'keys are compared by bytes under every locale');
SELECT is_empty($$
	SELECT pg_describe_object(classid, objid, 0) FROM member
	 WHERE classid IN ('pg_event_trigger'::regclass, 'pg_cast'::regclass,
		'pg_operator'::regclass, 'pg_rewrite'::regclass,
		'pg_default_acl'::regclass)$$,
	'no event trigger, cast or operator is brought along');

--
-- Levels: each function has exactly one
--
CREATE ROLE regress_gate_read;
CREATE ROLE regress_gate_deploy;
CREATE ROLE regress_gate_admin;
SELECT gate.sl_grant('regress_gate_read', 'read'),
	gate.sl_grant('regress_gate_deploy', 'deploy'),
	gate.sl_grant('regress_gate_admin', 'admin');
-- admin has them all, deploy has what read has
SELECT set_eq($$
	SELECT CASE WHEN r AND d AND a THEN 'read' WHEN d AND a AND NOT r THEN 'deploy'
		WHEN a AND NOT d AND NOT r THEN 'admin' ELSE 'none' END AS level,
		string_agg(name, ' ' ORDER BY name COLLATE "C")
	  FROM (
		SELECT proname::text AS name,
			has_function_privilege('regress_gate_read', oid, 'execute') AS r,
			has_function_privilege('regress_gate_deploy', oid, 'execute') AS d,
			has_function_privilege('regress_gate_admin', oid, 'execute') AS a
		  FROM routine
		UNION ALL SELECT relname,
			has_table_privilege('regress_gate_read', oid, 'select'),
			has_table_privilege('regress_gate_deploy', oid, 'select'),
			has_table_privilege('regress_gate_admin', oid, 'select')
		  FROM relation WHERE relkind = 'v') AS l
	 GROUP BY 1$$, $$
	VALUES ('admin', 'sl_accept sl_adopt sl_configure sl_grant sl_guard sl_guard_deny sl_guard_log sl_import_manifest sl_observe sl_observe_ddl sl_observe_write sl_resolve sl_revoke sl_stamp sl_unaccept sl_unobserve'),
	('deploy', 'sl_apply_pending sl_boot sl_dry_run sl_load sl_load_directory sl_migrate sl_register sl_rehearse sl_repair sl_repair_online sl_require sl_revert sl_revert_online sl_unregister sl_unrequire sl_watch'),
	('read', 'sl_assert sl_catalog sl_check_graph sl_compare sl_ddl_log sl_ddl_log_rows sl_detect_drift sl_detect_stamp_drift sl_expected sl_fingerprint sl_graph sl_graph_is_sound sl_graph_mermaid sl_has_no_drift sl_has_no_stamp_drift sl_heads sl_history sl_history_rows sl_incident sl_incident_rows sl_is_verified sl_lint sl_lint_script sl_locate sl_manifest sl_pending sl_preflight sl_ready sl_repair_plan sl_report sl_revision sl_revision_rows sl_script sl_settings sl_settings_rows sl_snapshot sl_status sl_verify sl_version sl_wait_ready')$$,
	'every function and view has one level');
SELECT is_empty($$
	SELECT r.relname, p.privilege, g.role FROM relation r,
		unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) AS p (privilege),
		unnest('{regress_gate_read,regress_gate_deploy,regress_gate_admin}'::text[]) AS g (role)
	 WHERE has_table_privilege(g.role, r.oid, p.privilege)
	   AND NOT (r.relkind = 'v' AND p.privilege = 'SELECT')$$,
	'no level gives anything on a table, and on a view but SELECT');

SELECT * FROM finish();
ROLLBACK;
