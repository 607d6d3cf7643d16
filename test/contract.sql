-- The contract (DESIGN.md, section 3): names, signatures, result columns,
-- comments, error codes.  Clients depend on every line of this.
BEGIN;
SET LOCAL client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE SCHEMA sl;
CREATE EXTENSION schema_lifecycle SCHEMA sl;
SET LOCAL search_path = public, sl;

CREATE TEMP VIEW member AS
SELECT d.classid, d.objid
  FROM pg_depend d
  JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass
   AND d.refobjid = e.oid
 WHERE d.deptype = 'e' AND e.extname = 'schema_lifecycle';

CREATE TEMP TABLE expected (kind "char", name text, arguments text, result text);
INSERT INTO expected VALUES
('f', 'sl_register', 'revision text, up text, down text DEFAULT NULL::text, parents text[] DEFAULT NULL::text[], kind text DEFAULT ''versioned''::text, description text DEFAULT NULL::text', 'text'),
('f', 'sl_unregister', 'revision text', 'text'),
('f', 'sl_load', 'names text[], bodies text[], format text DEFAULT ''auto''::text, options jsonb DEFAULT ''{}''::jsonb, OUT revision text, OUT outcome text, OUT detail text', 'SETOF record'),
('f', 'sl_load_directory', 'path text, format text DEFAULT ''auto''::text, options jsonb DEFAULT ''{}''::jsonb, OUT revision text, OUT outcome text, OUT detail text', 'SETOF record'),
('f', 'sl_graph', 'OUT ordinal integer, OUT revision text, OUT parents text[], OUT kind text, OUT state text, OUT is_head boolean, OUT description text', 'SETOF record'),
('f', 'sl_check_graph', 'OUT severity text, OUT problem text, OUT revision text, OUT detail text', 'SETOF record'),
('f', 'sl_heads', '', 'SETOF text'),
('f', 'sl_pending', 'target text DEFAULT NULL::text, OUT ordinal integer, OUT revision text, OUT kind text, OUT transactional boolean', 'SETOF record'),
('f', 'sl_apply_pending', 'target text DEFAULT NULL::text, options jsonb DEFAULT ''{}''::jsonb, OUT revision text, OUT outcome text, OUT statements integer, OUT elapsed interval', 'SETOF record'),
('p', 'sl_migrate', 'IN target text DEFAULT NULL::text, IN options jsonb DEFAULT ''{}''::jsonb', NULL),
('f', 'sl_revert', 'target text, options jsonb DEFAULT ''{}''::jsonb, OUT revision text, OUT outcome text, OUT statements integer, OUT elapsed interval', 'SETOF record'),
('p', 'sl_revert_online', 'IN target text, IN options jsonb DEFAULT ''{}''::jsonb', NULL),
('f', 'sl_stamp', 'revision text, force boolean DEFAULT false, reason text DEFAULT NULL::text, OUT stamped text, OUT outcome text', 'SETOF record'),
('f', 'sl_resolve', 'revision text, outcome text, reason text', 'text'),
('f', 'sl_catalog', 'schemas name[] DEFAULT NULL::name[], OUT class text, OUT identity text, OUT definition jsonb', 'SETOF record'),
('f', 'sl_fingerprint', 'schemas name[] DEFAULT NULL::name[]', 'text'),
('f', 'sl_snapshot', 'schemas name[] DEFAULT NULL::name[]', 'jsonb'),
('f', 'sl_compare', 'expected jsonb, actual jsonb DEFAULT NULL::jsonb, OUT severity text, OUT class text, OUT identity text, OUT problem text, OUT attribute text, OUT expected text, OUT actual text, OUT revision text', 'SETOF record'),
('f', 'sl_verify', 'expected_head text DEFAULT NULL::text', 'boolean'),
('f', 'sl_ready', 'expected_head text DEFAULT NULL::text', 'boolean'),
('f', 'sl_assert', 'expected_head text DEFAULT NULL::text, checks text[] DEFAULT ''{graph,head,stamp,drift,requirements}''::text[]', 'void'),
('f', 'sl_status', 'expected_head text DEFAULT NULL::text', 'jsonb'),
('f', 'sl_require', 'name text, requirement text', 'text'),
('f', 'sl_unrequire', 'name text', 'void'),
('f', 'sl_expected', 'revision text DEFAULT NULL::text, OUT class text, OUT identity text, OUT definition jsonb', 'SETOF record'),
('f', 'sl_detect_drift', 'OUT severity text, OUT class text, OUT identity text, OUT problem text, OUT attribute text, OUT expected text, OUT actual text, OUT revision text', 'SETOF record'),
('f', 'sl_detect_stamp_drift', 'OUT revision text, OUT verdict text, OUT class text, OUT identity text, OUT problem text, OUT expected jsonb, OUT actual jsonb, OUT evidence text', 'SETOF record'),
('f', 'sl_locate', 'OUT revision text, OUT missing integer, OUT altered integer, OUT unexpected integer, OUT exact boolean', 'SETOF record'),
('f', 'sl_accept', 'class text, identity text, attribute text DEFAULT NULL::text, reason text DEFAULT NULL::text, until timestamp with time zone DEFAULT NULL::timestamp with time zone', 'void'),
('f', 'sl_unaccept', 'class text, identity text, attribute text DEFAULT NULL::text', 'boolean'),
-- rehearsal and dry run
('f', 'sl_dry_run', 'target text DEFAULT NULL::text, options jsonb DEFAULT ''{}''::jsonb, OUT revision text, OUT statement integer, OUT line integer, OUT command text, OUT elapsed interval, OUT lock_mode text, OUT lock_relations text[], OUT rewrites text[], OUT changes jsonb, OUT outcome text', 'SETOF record'),
('f', 'sl_script', 'target text DEFAULT NULL::text, direction text DEFAULT ''up''::text', 'text'),
('p', 'sl_rehearse', 'IN target text DEFAULT NULL::text, IN options jsonb DEFAULT ''{}''::jsonb', NULL),

-- lint
('f', 'sl_lint', 'revision text DEFAULT NULL::text, OUT revision text, OUT statement integer, OUT line integer, OUT rule text, OUT severity text, OUT message text, OUT hint text', 'SETOF record'),
('f', 'sl_lint_script', 'script text, OUT revision text, OUT statement integer, OUT line integer, OUT rule text, OUT severity text, OUT message text, OUT hint text', 'SETOF record'),

-- heal
('f', 'sl_repair_plan', 'OUT ordinal integer, OUT revision text, OUT action text, OUT statement text, OUT safe boolean, OUT reason text', 'SETOF record'),
('f', 'sl_repair', 'options jsonb DEFAULT ''{}''::jsonb, OUT ordinal integer, OUT revision text, OUT action text, OUT statement text, OUT outcome text', 'SETOF record'),
('p', 'sl_repair_online', 'IN options jsonb DEFAULT ''{}''::jsonb', NULL),

-- other tools
('f', 'sl_adopt', 'tool text DEFAULT ''auto''::text, version_table text DEFAULT NULL::text, mirror boolean DEFAULT true, OUT revision text, OUT outcome text, OUT evidence text, OUT detail text', 'SETOF record'),
('f', 'sl_observe', 'version_table text, mode text DEFAULT ''record''::text', 'text'),
('f', 'sl_unobserve', 'version_table text', 'void'),
('f', 'sl_observe_write', '', 'trigger'),
('f', 'sl_observe_ddl', '', 'event_trigger'),
('f', 'sl_manifest', '', 'jsonb'),
('f', 'sl_import_manifest', 'manifest jsonb, OUT revision text, OUT outcome text', 'SETOF record'),

-- guard
('f', 'sl_guard', 'mode text', 'text'),
('f', 'sl_guard_log', '', 'event_trigger'),
('f', 'sl_guard_deny', '', 'event_trigger'),
('f', 'sl_ddl_log_rows', 'OUT at timestamp with time zone, OUT role text, OUT application_name text, OUT client text, OUT command text, OUT class text, OUT identity text, OUT revision text, OUT statement text', 'SETOF record'),

-- boot and wait
('p', 'sl_boot', 'IN expected_head text DEFAULT NULL::text, IN options jsonb DEFAULT ''{}''::jsonb', NULL),
('p', 'sl_wait_ready', 'IN expected_head text DEFAULT NULL::text, IN wait interval DEFAULT ''00:01:00''::interval', NULL),
('f', 'sl_preflight', 'target text DEFAULT NULL::text, OUT check_name text, OUT ok boolean, OUT detail text, OUT remedy text', 'SETOF record'),

-- watch and report
('f', 'sl_watch', '', 'text'),
('f', 'sl_incident_rows', 'OUT at timestamp with time zone, OUT verdict text, OUT previous text, OUT findings jsonb', 'SETOF record'),
('f', 'sl_report', 'format text DEFAULT ''html''::text', 'text'),
('f', 'sl_graph_mermaid', '', 'text'),
('f', 'sl_is_verified', 'expected_head text DEFAULT NULL::text, description text DEFAULT NULL::text', 'text'),
('f', 'sl_has_no_drift', 'description text DEFAULT NULL::text', 'text'),
('f', 'sl_has_no_stamp_drift', 'description text DEFAULT NULL::text', 'text'),
('f', 'sl_graph_is_sound', 'description text DEFAULT NULL::text', 'text'),

-- operate
('f', 'sl_configure', 'name text, value text', 'void'),
('f', 'sl_grant', 'role regrole, level text', 'void'),
('f', 'sl_revoke', 'role regrole, level text', 'void'),
('f', 'sl_version', 'OUT library text, OUT extension text', 'record'),
('f', 'sl_history_rows', 'OUT id bigint, OUT at timestamp with time zone, OUT action text, OUT revision text, OUT outcome text, OUT role text, OUT application_name text, OUT statements integer, OUT elapsed interval, OUT evidence text, OUT sqlstate text, OUT error text, OUT reason text', 'SETOF record'),
('f', 'sl_revision_rows', 'OUT revision text, OUT kind text, OUT parents text[], OUT checksum text, OUT registrar text, OUT source text, OUT description text, OUT registered_at timestamp with time zone', 'SETOF record'),
('f', 'sl_settings_rows', 'OUT name text, OUT value text, OUT default_value text, OUT source text, OUT description text', 'SETOF record');

SELECT plan((SELECT 3 * count(*)::int FROM expected) + 79);

--
-- Functions
--
SELECT is(pg_get_function_arguments(p.oid), e.arguments, e.name || ': arguments')
  FROM expected e LEFT JOIN pg_proc p ON p.proname = e.name
   AND p.pronamespace = 'sl'::regnamespace AND p.prokind = e.kind
 ORDER BY e.name;
SELECT is(pg_get_function_result(p.oid), e.result, e.name || ': result')
  FROM expected e LEFT JOIN pg_proc p ON p.proname = e.name
   AND p.pronamespace = 'sl'::regnamespace AND p.prokind = e.kind
 ORDER BY e.name;
SELECT cmp_ok(length(obj_description(p.oid, 'pg_proc')), '>', 10, e.name || ': comment')
  FROM expected e LEFT JOIN pg_proc p ON p.proname = e.name
   AND p.pronamespace = 'sl'::regnamespace
 ORDER BY e.name;
SELECT bag_eq($$
	SELECT p.proname::text FROM pg_proc p JOIN member m
		ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid$$,
	'SELECT name FROM expected',
	'there is no function but these, and none has two signatures');

--
-- Views
--
SELECT views_are('sl', '{sl_ddl_log,sl_history,sl_incident,sl_revision,sl_settings}'::name[]);
SELECT columns_are('sl', 'sl_ddl_log', '{at,role,application_name,client,command,class,identity,revision,statement}'::name[]);
SELECT columns_are('sl', 'sl_incident', '{at,verdict,previous,findings}'::name[]);
SELECT columns_are('sl', 'sl_history', '{id,at,action,revision,outcome,role,application_name,statements,elapsed,evidence,sqlstate,error,reason}'::name[]);
SELECT columns_are('sl', 'sl_revision', '{revision,kind,parents,checksum,registrar,source,description,registered_at}'::name[]);
SELECT columns_are('sl', 'sl_settings', '{name,value,default_value,source,description}'::name[]);
SELECT is_empty($$
	SELECT c.relname FROM pg_class c JOIN member m
		ON m.classid = 'pg_class'::regclass AND m.objid = c.oid
	 WHERE c.relkind IN ('r', 'v') AND obj_description(c.oid, 'pg_class') IS NULL$$,
	'tables and views have comments');
SELECT is_empty($$
	SELECT proname FROM pg_proc p JOIN member m ON m.objid = p.oid
	 WHERE proname NOT LIKE 'sl\_%'
	UNION ALL
	SELECT pg_describe_object(m.classid, m.objid, 0) FROM member m
	 WHERE m.classid <> 'pg_type'::regclass
	   AND (pg_identify_object(m.classid, m.objid, 0)).name IS NOT NULL
	   AND (pg_identify_object(m.classid, m.objid, 0)).name NOT LIKE 'sl\_%'$$,
	'everything has the prefix sl_');

--
-- The extension
--
SELECT is((SELECT extrelocatable FROM pg_extension WHERE extname = 'schema_lifecycle'),
	false, 'the schema stays the one that CREATE EXTENSION named');
SELECT is((SELECT superuser FROM pg_available_extension_versions WHERE name = 'schema_lifecycle' AND installed),
	true, 'a superuser installs it');
SELECT is((SELECT trusted FROM pg_available_extension_versions WHERE name = 'schema_lifecycle' AND installed),
	false, 'it is not a trusted one');
SELECT is((SELECT requires FROM pg_available_extension_versions WHERE name = 'schema_lifecycle' AND installed),
	NULL, 'it needs no other');
SELECT is((sl_version()).library, (sl_version()).extension, 'library and extension agree');
SELECT is((sl_version()).extension, (SELECT extversion FROM pg_extension WHERE extname = 'schema_lifecycle'),
	'and with the catalog');
SELECT is(current_setting('shared_preload_libraries') LIKE '%schema_lifecycle%', false,
	'no preload is needed');

--
-- Settings
--
SELECT bag_eq($$SELECT name FROM sl_settings$$,
	'{lock_wait,migration_lock_timeout,migration_statement_timeout,lock_retries,dry_run_hold,lock_keys,trusted_registrars,guard_bypass,managed_schemas,ignore,compare_owners,compare_privileges,allow_ahead,allow_unverifiable,out_of_order,log_retention_days,guard_allow_applications,guard_allow_extensions,guard_allow_roles,guard_allow_schemas,boot_repair}'::text[],
	'the settings of the contract are there');
SELECT bag_eq($$
	SELECT name FROM pg_settings WHERE name LIKE 'schema\_lifecycle.%' AND context = 'superuser'$$,
	'{schema_lifecycle.lock_keys,schema_lifecycle.trusted_registrars,schema_lifecycle.guard_bypass}'::text[],
	'these are for superusers');
SELECT is_empty($$
	SELECT name FROM pg_settings WHERE name LIKE 'schema\_lifecycle.%'
	   AND (context NOT IN ('user', 'superuser') OR short_desc IS NULL)$$,
	'all others are for everybody');
SELECT is_empty($$SELECT name FROM sl_settings WHERE description IS NULL OR source IS NULL OR value IS NULL$$,
	'every setting has a value, a source and a description');

--
-- Error codes
--
SELECT sl_configure('managed_schemas', 'none');
SELECT is(sl_register('c1', 'SELECT 1', 'SELECT 1'), 'added');
SELECT is(sl_register('c1', 'SELECT 1', 'SELECT 1'), 'unchanged');
SELECT is(sl_register('c1', 'SELECT 2', 'SELECT 1'), 'updated');
SELECT throws_ok($$SELECT sl_register('', 'SELECT')$$, 'SL009');
SELECT throws_ok($$SELECT sl_register(NULL, 'SELECT')$$, 'SL009');
SELECT throws_ok($$SELECT sl_register('heads', 'SELECT')$$, 'SL009');
SELECT throws_ok($$SELECT sl_register('base', 'SELECT')$$, 'SL009');
SELECT throws_ok($$SELECT sl_register('a:b', 'SELECT')$$, 'SL009');
SELECT throws_ok($$SELECT sl_register('a,b', 'SELECT')$$, 'SL009');
SELECT throws_ok($$SELECT sl_register('x', 'SELEC')$$, 'SL009');
SELECT throws_ok($$SELECT sl_register('x', 'SELECT', NULL, NULL, 'no_such_kind')$$, 'SL009');
SELECT throws_ok($$SELECT sl_load('{a.sql}', '{}')$$, 'SL009');
SELECT throws_ok($$SELECT sl_load('{a.sql}', '{SELECT}', 'no_such_format')$$, 'SL009');
SELECT throws_ok($$SELECT sl_load('{a.sql}', '{SELECT}', 'auto', '{"a": 1}')$$, 'SL009');
SELECT throws_ok($$SELECT sl_unregister('unknown')$$, 'SL002');
SELECT throws_ok($$SELECT sl_pending('unknown')$$, 'SL002');
SELECT throws_ok($$SELECT sl_apply_pending('unknown')$$, 'SL002');
SELECT throws_ok($$SELECT sl_apply_pending(NULL, '{"a": 1}')$$, 'SL009');
SELECT throws_ok($$SELECT sl_revert('unknown')$$, 'SL002');
SELECT throws_ok($$SELECT sl_dry_run('unknown')$$, 'SL002');
SELECT throws_ok($$SELECT sl_dry_run(NULL, '{"a": 1}')$$, 'SL009');
SELECT throws_ok($$SELECT sl_script('unknown')$$, 'SL002');
SELECT throws_ok($$SELECT sl_script(NULL, 'down')$$, 'SL009');
SELECT throws_ok($$SELECT sl_script(NULL, 'sideways')$$, 'SL009');
SELECT throws_ok($$SELECT sl_revert(NULL)$$, 'SL009');
SELECT throws_ok($$SELECT sl_stamp('unknown')$$, 'SL002');
SELECT throws_ok($$SELECT sl_stamp(NULL)$$, 'SL009');
SELECT throws_ok($$SELECT sl_stamp('c1')$$, 'SL005');
SELECT throws_ok($$SELECT sl_resolve('c1', 'no_such_outcome', 'x')$$, 'SL009');
SELECT throws_ok($$SELECT sl_resolve('c1', 'applied', NULL)$$, 'SL009');
SELECT throws_ok($$SELECT sl_resolve('unknown', 'applied', 'x')$$, 'SL002');
SELECT throws_ok($$SELECT sl_require('r', 'no such thing')$$, 'SL009');
SELECT throws_ok($$SELECT sl_require(NULL, 'table t')$$, 'SL009');
SELECT throws_ok($$SELECT sl_require('r', NULL)$$, 'SL009');
SELECT throws_ok($$SELECT sl_unrequire('unknown')$$, 'SL009');
SELECT throws_ok($$SELECT sl_report('no_such_format')$$, 'SL009');
SELECT throws_ok($$SELECT sl_report(NULL)$$, 'SL009');
SELECT throws_ok($$SELECT sl_assert('unknown')$$, 'SL004');
SELECT throws_ok($$SELECT sl_assert(NULL, '{no_such_check}')$$, 'SL009');
SELECT throws_ok($$SELECT sl_lint('unknown')$$, 'SL002');
SELECT throws_ok($$SELECT sl_lint_script('SELEC')$$, 'SL009');
SELECT throws_ok($$SELECT sl_assert(NULL, '{}')$$, 'SL009');
SELECT is(sl_verify('unknown'), false, 'an unknown head is no error');
SELECT is(sl_ready('unknown'), false, 'nor of a gate');
SELECT is(sl_status('unknown')->>'verdict', 'unknown_head', 'and a verdict of its own');
SELECT throws_ok($$SELECT sl_configure('no_such_setting', 'x')$$, 'SL009');
SELECT throws_ok($$SELECT sl_configure('allow_ahead', 'perhaps')$$, 'SL009');
SELECT throws_ok($$SELECT sl_configure(NULL, 'x')$$, 'SL009');
SELECT throws_ok($$SELECT sl_grant(current_user::regrole, 'no_such_level')$$, 'SL009');
SELECT throws_ok($$CALL sl_migrate()$$, '25001');
SELECT throws_ok($$CALL sl_revert_online('base')$$, '25001');
SELECT throws_ok($$CALL sl_wait_ready()$$, '25001');
SELECT throws_ok($$SELECT sl_guard('perhaps')$$, 'SL009');
SELECT throws_ok($$SELECT sl_preflight('unknown')$$, 'SL002');
SELECT throws_ok($$CALL sl_rehearse()$$, '25001');
SELECT throws_ok($$CALL sl_repair_online()$$, '25001');
SELECT is((SELECT revision FROM sl_apply_pending()), 'c1', 'a run');
SELECT throws_ok($$SELECT sl_register('c1', 'SELECT 3')$$, 'SL003');
SELECT throws_ok($$SELECT sl_unregister('c1')$$, 'SL009');

SELECT * FROM finish();
ROLLBACK;
