/* schema_lifecycle--1.0.sql */

-- complain if the script is sourced in psql rather than by CREATE EXTENSION
\echo Use "CREATE EXTENSION schema_lifecycle" to load this file. \quit

SET LOCAL search_path = pg_catalog, pg_temp;

--
-- The ledger: written only by the functions below, which act as the
-- extension's owner in C.  Keys are natural, so that a dump restores without
-- a sequence to collide, and text is compared by bytes, so that a key means
-- the same under every locale.
--

CREATE TABLE @extschema@.sl_registry (
	revision		text COLLATE pg_catalog."C" NOT NULL,
	kind			text NOT NULL,
	parents			text[] NOT NULL,	-- in the order in which they were named
	replaces		text[] NOT NULL,	-- of a baseline: ids and ranges a..b
	linear			boolean NOT NULL,	-- the parent is the file before it
	up				text,				-- NULL: external, another tool runs it
	up_line			integer NOT NULL,	-- the line of the file where it begins
	down			text,
	down_line		integer NOT NULL,
	statements		integer NOT NULL,
	transactional	boolean NOT NULL,
	offender		text,				-- why not: the first such command
	down_transactional boolean NOT NULL,
	has_data		boolean NOT NULL,	-- facts cannot prove that it ran
	checksum		text NOT NULL,		-- SHA-256 of the bytes
	meaning			text NOT NULL,		-- SHA-256 of the tokens
	description		text,
	format			text,
	source			text,				-- the push that it belongs to
	file			text,
	ignores			text[] NOT NULL,	-- lint rules it asks to pass over
	candidate		text,				-- a change of an applied script, refused
	candidate_file	text,
	noted			text,				-- an accepted change: what it was
	settled			boolean NOT NULL,	-- nothing is left to do or to check
	registrar		oid NOT NULL,
	registrar_name	name NOT NULL,
	cluster			bigint NOT NULL,	-- the system in which the oid is true
	registered_at	timestamptz NOT NULL,
	PRIMARY KEY (revision)
);

-- a session with nothing to do looks at this index and at nothing else
CREATE INDEX sl_registry_unsettled ON @extschema@.sl_registry (revision)
	WHERE NOT settled;

-- the claims: what is applied now; the unique key is what makes "once" true
CREATE TABLE @extschema@.sl_applied (
	revision		text COLLATE pg_catalog."C" NOT NULL,
	log_id			bigint NOT NULL,	-- the row of sl_log that says so
	action			text NOT NULL,
	forced			boolean NOT NULL,
	meaning			text,				-- of the script that ran
	PRIMARY KEY (revision)
);

-- the history, append-only
CREATE TABLE @extschema@.sl_log (
	id				bigint NOT NULL,
	at				timestamptz NOT NULL,
	action			text NOT NULL,
	revision		text COLLATE pg_catalog."C" NOT NULL,
	outcome			text NOT NULL,
	role			name NOT NULL,
	application_name text,
	statements		integer,
	elapsed			interval,
	evidence		text,
	sqlstate		text,
	error			text,
	reason			text,
	meaning			text,				-- of a repeatable or seed that ran
	PRIMARY KEY (id)
);

CREATE INDEX sl_log_meaning ON @extschema@.sl_log (revision, meaning)
	WHERE meaning IS NOT NULL;

-- the statements of a script that runs outside a transaction
CREATE TABLE @extschema@.sl_journal (
	revision		text COLLATE pg_catalog."C" NOT NULL,
	direction		text COLLATE pg_catalog."C" NOT NULL,	-- up, down
	statement		integer NOT NULL,
	state			text NOT NULL,		-- started, finished
	text			text NOT NULL,		-- the statement, as it ran
	before			jsonb,				-- what tells a finished step from a new one
	started_at		timestamptz NOT NULL,
	finished_at		timestamptz,
	PRIMARY KEY (revision, direction, statement)
);

CREATE TABLE @extschema@.sl_setting (
	name			text COLLATE pg_catalog."C" NOT NULL,
	value			text NOT NULL,
	PRIMARY KEY (name)
);

-- what must be so, in the words of src/status/grammar.c
CREATE TABLE @extschema@.sl_requirement (
	name			text COLLATE pg_catalog."C" NOT NULL,
	requirement		text NOT NULL,		-- relations with their schema
	path			text[] NOT NULL,	-- where other names are looked for
	position		integer NOT NULL,
	registrar		oid NOT NULL,
	registrar_name	name NOT NULL,
	cluster			bigint NOT NULL,	-- the system in which the oid is true
	at				timestamptz NOT NULL,
	PRIMARY KEY (name)
);

-- a run that left a footprint; ids count up under the migration lock
CREATE TABLE @extschema@.sl_evidence (
	id				bigint NOT NULL,
	revision		text COLLATE pg_catalog."C" NOT NULL,
	evidence		text NOT NULL,		-- applied, rehearsed, observed, imported
	log_id			bigint,				-- the row of sl_log of that run
	meaning			text,				-- of the script that ran
	complete		boolean NOT NULL,	-- false: half way, outside a transaction
	at				timestamptz NOT NULL,
	registrar		oid,				-- who brought the facts; NULL: the script did
	registrar_name	name,
	cluster			bigint,				-- the system in which the oid is true
	PRIMARY KEY (id)
);

CREATE INDEX sl_evidence_revision ON @extschema@.sl_evidence (revision);

-- the facts that a run added, replaced, changed and removed
CREATE TABLE @extschema@.sl_footprint (
	evidence_id		bigint NOT NULL,
	ordinal			integer NOT NULL,
	class			text COLLATE pg_catalog."C" NOT NULL,
	identity		text COLLATE pg_catalog."C" NOT NULL,
	change			"char" NOT NULL,	-- a, r, c, d
	key				bytea NOT NULL,		-- hash of class and identity
	before			bytea,				-- hash of the fact: 'c' only
	after			bytea,				-- the same; not 'd'
	definition		jsonb,				-- the fact itself, after; not 'd'
	changed			text[],				-- attributes that differ: 'c' only
	PRIMARY KEY (evidence_id, ordinal)
);

-- differences that somebody knows of
CREATE TABLE @extschema@.sl_accepted (
	class			text COLLATE pg_catalog."C" NOT NULL,
	identity		text COLLATE pg_catalog."C" NOT NULL,
	attribute		text COLLATE pg_catalog."C" NOT NULL,	-- '': the whole object
	reason			text,
	until			timestamptz,
	role			name NOT NULL,
	at				timestamptz NOT NULL,
	PRIMARY KEY (class, identity, attribute)
);

CREATE TABLE @extschema@.sl_ddl_event (
	at				timestamptz NOT NULL,
	pid				integer NOT NULL,
	ordinal			bigint NOT NULL,	-- in that process
	role			name NOT NULL,
	application_name text,
	client			text NOT NULL,
	command			text NOT NULL,
	class			text COLLATE pg_catalog."C",
	identity		text COLLATE pg_catalog."C",
	statement		text,
	PRIMARY KEY (at, pid, ordinal)
);

CREATE TABLE @extschema@.sl_verdict (
	at				timestamptz NOT NULL,
	verdict			text NOT NULL,
	previous		text,				-- NULL: the first look
	findings		jsonb NOT NULL,
	PRIMARY KEY (at)
);

SELECT pg_catalog.pg_extension_config_dump('@extschema@.sl_registry', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.sl_applied', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.sl_log', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.sl_journal', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.sl_setting', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.sl_evidence', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.sl_footprint', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.sl_accepted', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.sl_requirement', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.sl_ddl_event', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.sl_verdict', '');

-- version tables of other tools that we keep in step or watch
CREATE TABLE @extschema@.sl_version_table (
	schema_name		text COLLATE pg_catalog."C" NOT NULL,
	table_name		text COLLATE pg_catalog."C" NOT NULL,
	tool			text NOT NULL,
	mirror			boolean NOT NULL,	-- it gets what our history says
	observe			text,				-- record, warn, deny; NULL: not watched
	at				timestamptz NOT NULL,
	PRIMARY KEY (schema_name, table_name)
);
SELECT pg_catalog.pg_extension_config_dump('@extschema@.sl_version_table', '');
CREATE TABLE @extschema@.sl_scratch (
	name			text COLLATE pg_catalog."C" NOT NULL,
	mark			text NOT NULL,		-- its comment
	database		oid NOT NULL,		-- the one whose rehearsal it is,
	cluster			bigint NOT NULL,	-- and the system in which that is true
	at				timestamptz NOT NULL,
	PRIMARY KEY (name)
);
SELECT pg_catalog.pg_extension_config_dump('@extschema@.sl_scratch', '');

CREATE TABLE @extschema@.sl_boot_end (
	one				boolean NOT NULL CHECK (one),
	at				timestamptz NOT NULL,
	expected		text,				-- NULL: all heads
	log_id			bigint NOT NULL,	-- the last row of the history then
	PRIMARY KEY (one)
);
SELECT pg_catalog.pg_extension_config_dump('@extschema@.sl_boot_end', '');

-- what each of them is; none is an interface, and it says what is
COMMENT ON TABLE @extschema@.sl_registry IS
'the revisions and their scripts: read sl_revision and sl_graph() instead';
COMMENT ON TABLE @extschema@.sl_applied IS
'what is applied now: read sl_graph() instead';
COMMENT ON TABLE @extschema@.sl_log IS
'the history: read sl_history instead';
COMMENT ON TABLE @extschema@.sl_journal IS
'how far scripts outside of a transaction came: sl_resolve() speaks of it';
COMMENT ON TABLE @extschema@.sl_setting IS
'settings of the database: see sl_settings, set with sl_configure()';
COMMENT ON TABLE @extschema@.sl_requirement IS
'what must be so: set with sl_require(), shown by sl_status()';
COMMENT ON TABLE @extschema@.sl_evidence IS
'the runs and rehearsals that left a footprint';
COMMENT ON TABLE @extschema@.sl_footprint IS
'what each run or rehearsal did to the facts: read sl_expected() instead';
COMMENT ON TABLE @extschema@.sl_accepted IS
'differences that are known: set with sl_accept()';
COMMENT ON TABLE @extschema@.sl_ddl_event IS
'DDL outside migrations: read sl_ddl_log instead';
COMMENT ON TABLE @extschema@.sl_verdict IS
'the verdicts that changed: read sl_incident instead';
COMMENT ON TABLE @extschema@.sl_version_table IS
'version tables of other tools: set with sl_adopt() and sl_observe()';
COMMENT ON TABLE @extschema@.sl_scratch IS
'databases that rehearsals made and have not dropped yet';
COMMENT ON TABLE @extschema@.sl_boot_end IS
'what the last boot found, for those who waited for it';

-- no table: its relation stands in messages for "the ledger was written to"
CREATE TYPE @extschema@.sl_generation AS (written boolean);
COMMENT ON TYPE @extschema@.sl_generation IS
'a mark by which sessions learn that the tables of schema_lifecycle changed; holds nothing';

--
-- Registry
--

CREATE FUNCTION @extschema@.sl_register(revision text, up text,
	down text DEFAULT NULL, parents text[] DEFAULT NULL,
	kind text DEFAULT 'versioned', description text DEFAULT NULL)
RETURNS text
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_register';
COMMENT ON FUNCTION @extschema@.sl_register(text, text, text, text[], text, text) IS
'register one revision: added, unchanged or updated';

CREATE FUNCTION @extschema@.sl_unregister(revision text)
RETURNS text
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_unregister';
COMMENT ON FUNCTION @extschema@.sl_unregister(text) IS
'forget a pending revision';

CREATE FUNCTION @extschema@.sl_load(names text[], bodies text[],
	format text DEFAULT 'auto', options jsonb DEFAULT '{}',
	OUT revision text, OUT outcome text, OUT detail text)
RETURNS SETOF record
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_load';
COMMENT ON FUNCTION @extschema@.sl_load(text[], text[], text, jsonb) IS
'register migration files pushed by a client, all or none';

CREATE FUNCTION @extschema@.sl_load_directory(path text,
	format text DEFAULT 'auto', options jsonb DEFAULT '{}',
	OUT revision text, OUT outcome text, OUT detail text)
RETURNS SETOF record
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_load_directory';
COMMENT ON FUNCTION @extschema@.sl_load_directory(text, text, jsonb) IS
'register the migration files of a directory on the server, all or none';

CREATE FUNCTION @extschema@.sl_revision_rows(
	OUT revision text, OUT kind text, OUT parents text[], OUT checksum text,
	OUT registrar text, OUT source text, OUT description text,
	OUT registered_at timestamptz)
RETURNS SETOF record
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'sl_revision_rows';
COMMENT ON FUNCTION @extschema@.sl_revision_rows() IS
'the rows of the view sl_revision';

CREATE VIEW @extschema@.sl_revision WITH (security_invoker = true) AS
	SELECT revision, kind, parents, checksum, registrar, source, description,
		   registered_at
	  FROM @extschema@.sl_revision_rows();
COMMENT ON VIEW @extschema@.sl_revision IS
'the revisions that this database knows';

--
-- Graph
--

CREATE FUNCTION @extschema@.sl_graph(
	OUT ordinal integer, OUT revision text, OUT parents text[], OUT kind text,
	OUT state text, OUT is_head boolean, OUT description text)
RETURNS SETOF record
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'sl_graph';
COMMENT ON FUNCTION @extschema@.sl_graph() IS
'every registered revision in the order of a run, with its state';

CREATE FUNCTION @extschema@.sl_check_graph(
	OUT severity text, OUT problem text, OUT revision text, OUT detail text)
RETURNS SETOF record
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'sl_check_graph';
COMMENT ON FUNCTION @extschema@.sl_check_graph() IS
'what is wrong with the graph of revisions; an error stops every run';

CREATE FUNCTION @extschema@.sl_heads()
RETURNS SETOF text
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'sl_heads';
COMMENT ON FUNCTION @extschema@.sl_heads() IS
'the versioned revisions that no other has for a parent';

--
-- Run
--

CREATE FUNCTION @extschema@.sl_pending(target text DEFAULT NULL,
	OUT ordinal integer, OUT revision text, OUT kind text,
	OUT transactional boolean)
RETURNS SETOF record
LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'sl_pending';
COMMENT ON FUNCTION @extschema@.sl_pending(text) IS
'what a run to the target would run, in order';

CREATE FUNCTION @extschema@.sl_apply_pending(target text DEFAULT NULL,
	options jsonb DEFAULT '{}',
	OUT revision text, OUT outcome text, OUT statements integer,
	OUT elapsed interval)
RETURNS SETOF record
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_apply_pending';
COMMENT ON FUNCTION @extschema@.sl_apply_pending(text, jsonb) IS
'run what is pending in the caller''s transaction, all or nothing';

CREATE PROCEDURE @extschema@.sl_migrate(target text DEFAULT NULL,
	options jsonb DEFAULT '{}')
LANGUAGE C
AS 'MODULE_PATHNAME', 'sl_migrate';
COMMENT ON PROCEDURE @extschema@.sl_migrate(text, jsonb) IS
'run what is pending, one transaction a revision';

CREATE FUNCTION @extschema@.sl_revert(target text,
	options jsonb DEFAULT '{}',
	OUT revision text, OUT outcome text, OUT statements integer,
	OUT elapsed interval)
RETURNS SETOF record
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_revert';
COMMENT ON FUNCTION @extschema@.sl_revert(text, jsonb) IS
'run the down scripts of what is applied beyond the target, newest first';

CREATE PROCEDURE @extschema@.sl_revert_online(target text,
	options jsonb DEFAULT '{}')
LANGUAGE C
AS 'MODULE_PATHNAME', 'sl_revert_online';
COMMENT ON PROCEDURE @extschema@.sl_revert_online(text, jsonb) IS
'revert, one transaction a revision, down scripts outside a transaction included';

CREATE FUNCTION @extschema@.sl_stamp(revision text,
	force boolean DEFAULT false, reason text DEFAULT NULL,
	OUT stamped text, OUT outcome text)
RETURNS SETOF record
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_stamp';
COMMENT ON FUNCTION @extschema@.sl_stamp(text, boolean, text) IS
'record a revision and its ancestors as applied without running them, if the catalog bears it out';

CREATE FUNCTION @extschema@.sl_resolve(revision text, outcome text,
	reason text)
RETURNS text
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_resolve';
COMMENT ON FUNCTION @extschema@.sl_resolve(text, text, text) IS
'a person''s word on a revision whose state facts cannot decide: applied, run, rolled_back, finished';

CREATE FUNCTION @extschema@.sl_history_rows(
	OUT id bigint, OUT at timestamptz, OUT action text, OUT revision text,
	OUT outcome text, OUT role text, OUT application_name text,
	OUT statements integer, OUT elapsed interval, OUT evidence text,
	OUT sqlstate text, OUT error text, OUT reason text)
RETURNS SETOF record
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'sl_history_rows';
COMMENT ON FUNCTION @extschema@.sl_history_rows() IS
'the rows of the view sl_history';

CREATE VIEW @extschema@.sl_history WITH (security_invoker = true) AS
	SELECT id, at, action, revision, outcome, role, application_name,
		   statements, elapsed, evidence, sqlstate, error, reason
	  FROM @extschema@.sl_history_rows();
COMMENT ON VIEW @extschema@.sl_history IS
'the append-only log of what happened to this schema';

--
-- Truth
--

CREATE FUNCTION @extschema@.sl_catalog(schemas name[] DEFAULT NULL,
	OUT class text, OUT identity text, OUT definition jsonb)
RETURNS SETOF record
LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_catalog';
COMMENT ON FUNCTION @extschema@.sl_catalog(name[]) IS
'the facts of the live catalog: every object with its attributes';

CREATE FUNCTION @extschema@.sl_fingerprint(schemas name[] DEFAULT NULL)
RETURNS text
LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_fingerprint';
COMMENT ON FUNCTION @extschema@.sl_fingerprint(name[]) IS
'the SHA-256 of the live facts';

CREATE FUNCTION @extschema@.sl_snapshot(schemas name[] DEFAULT NULL)
RETURNS jsonb
LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_snapshot';
COMMENT ON FUNCTION @extschema@.sl_snapshot(name[]) IS
'the live facts as one document';

CREATE FUNCTION @extschema@.sl_compare(expected jsonb,
	actual jsonb DEFAULT NULL,
	OUT severity text, OUT class text, OUT identity text, OUT problem text,
	OUT attribute text, OUT expected text, OUT actual text,
	OUT revision text)
RETURNS SETOF record
LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_compare';
COMMENT ON FUNCTION @extschema@.sl_compare(jsonb, jsonb) IS
'what differs between two snapshots, or between one and the live facts';

CREATE FUNCTION @extschema@.sl_expected(revision text DEFAULT NULL,
	OUT class text, OUT identity text, OUT definition jsonb)
RETURNS SETOF record
LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_expected';
COMMENT ON FUNCTION @extschema@.sl_expected(text) IS
'the facts that the history leads to, at present or at a revision';

CREATE FUNCTION @extschema@.sl_detect_drift(
	OUT severity text, OUT class text, OUT identity text, OUT problem text,
	OUT attribute text, OUT expected text, OUT actual text,
	OUT revision text)
RETURNS SETOF record
LANGUAGE C STABLE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_detect_drift';
COMMENT ON FUNCTION @extschema@.sl_detect_drift() IS
'what differs between the live facts and those that the history leads to';

CREATE FUNCTION @extschema@.sl_detect_stamp_drift(
	OUT revision text, OUT verdict text, OUT class text, OUT identity text,
	OUT problem text, OUT expected jsonb, OUT actual jsonb,
	OUT evidence text)
RETURNS SETOF record
LANGUAGE C STABLE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_detect_stamp_drift';
COMMENT ON FUNCTION @extschema@.sl_detect_stamp_drift() IS
'revisions that are recorded as applied and are not in the live facts';

CREATE FUNCTION @extschema@.sl_locate(
	OUT revision text, OUT missing integer, OUT altered integer,
	OUT unexpected integer, OUT exact boolean)
RETURNS SETOF record
LANGUAGE C STABLE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_locate';
COMMENT ON FUNCTION @extschema@.sl_locate() IS
'the revisions whose facts the live ones could be, the best first';

CREATE FUNCTION @extschema@.sl_accept(class text, identity text,
	attribute text DEFAULT NULL, reason text DEFAULT NULL,
	until timestamptz DEFAULT NULL)
RETURNS void
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_accept';
COMMENT ON FUNCTION @extschema@.sl_accept(text, text, text, text, timestamptz) IS
'a known difference: no drift from now on, or until then';

CREATE FUNCTION @extschema@.sl_unaccept(class text, identity text,
	attribute text DEFAULT NULL)
RETURNS boolean
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_unaccept';
COMMENT ON FUNCTION @extschema@.sl_unaccept(text, text, text) IS
'take back sl_accept(); false if there was none';

--
-- Status
--

CREATE FUNCTION @extschema@.sl_verify(expected_head text DEFAULT NULL)
RETURNS boolean
LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_verify';
COMMENT ON FUNCTION @extschema@.sl_verify(text) IS
'is the database at the expected head, and is that true; never an error';

CREATE FUNCTION @extschema@.sl_ready(expected_head text DEFAULT NULL)
RETURNS boolean
LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_ready';
COMMENT ON FUNCTION @extschema@.sl_ready(text) IS
'may a service that expects this head work; never an error';

CREATE FUNCTION @extschema@.sl_assert(expected_head text DEFAULT NULL,
	checks text[] DEFAULT '{graph,head,stamp,drift,requirements}')
RETURNS void
LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_assert';
COMMENT ON FUNCTION @extschema@.sl_assert(text, text[]) IS
'nothing, or an error with all that is wrong';

CREATE FUNCTION @extschema@.sl_status(expected_head text DEFAULT NULL)
RETURNS jsonb
LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_status';
COMMENT ON FUNCTION @extschema@.sl_status(text) IS
'verdict, history, requirements, drift and who migrates, as one document';

CREATE FUNCTION @extschema@.sl_require(name text, requirement text)
RETURNS text
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_require';
COMMENT ON FUNCTION @extschema@.sl_require(text, text) IS
'say by name what must be so: a fact of the catalog';

CREATE FUNCTION @extschema@.sl_unrequire(name text)
RETURNS void
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_unrequire';
COMMENT ON FUNCTION @extschema@.sl_unrequire(text) IS
'forget a requirement';

--
-- Rehearsal and dry run
--

CREATE FUNCTION @extschema@.sl_dry_run(target text DEFAULT NULL,
	options jsonb DEFAULT '{}',
	OUT revision text, OUT statement integer, OUT line integer,
	OUT command text, OUT elapsed interval, OUT lock_mode text,
	OUT lock_relations text[], OUT rewrites text[], OUT changes jsonb,
	OUT outcome text)
RETURNS SETOF record
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_dry_run';
COMMENT ON FUNCTION @extschema@.sl_dry_run(text, jsonb) IS
'run what is pending, measure each statement, and take everything back';

CREATE FUNCTION @extschema@.sl_script(target text DEFAULT NULL,
	direction text DEFAULT 'up')
RETURNS text
LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_script';
COMMENT ON FUNCTION @extschema@.sl_script(text, text) IS
'what a run to the target would run, as a script for psql';

CREATE PROCEDURE @extschema@.sl_rehearse(target text DEFAULT NULL,
	options jsonb DEFAULT '{}')
LANGUAGE C
AS 'MODULE_PATHNAME', 'sl_rehearse';
COMMENT ON PROCEDURE @extschema@.sl_rehearse(text, jsonb) IS
'run revisions in a scratch database that is dropped afterwards, and keep the footprints of those that have none';

--
-- Lint
--

CREATE FUNCTION @extschema@.sl_lint(revision text DEFAULT NULL,
	OUT revision text, OUT statement integer, OUT line integer,
	OUT rule text, OUT severity text, OUT message text, OUT hint text)
RETURNS SETOF record
LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_lint';
COMMENT ON FUNCTION @extschema@.sl_lint(text) IS
'what pending revisions, or one, will do that their author may not have meant';

CREATE FUNCTION @extschema@.sl_lint_script(script text,
	OUT revision text, OUT statement integer, OUT line integer,
	OUT rule text, OUT severity text, OUT message text, OUT hint text)
RETURNS SETOF record
LANGUAGE C STABLE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_lint_script';
COMMENT ON FUNCTION @extschema@.sl_lint_script(text) IS
'what a script that is not registered will do that its author may not have meant';

--
-- Heal
--

CREATE FUNCTION @extschema@.sl_repair_plan(
	OUT ordinal integer, OUT revision text, OUT action text,
	OUT statement text, OUT safe boolean, OUT reason text)
RETURNS SETOF record
LANGUAGE C STABLE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_repair_plan';
COMMENT ON FUNCTION @extschema@.sl_repair_plan() IS
'the statements that bring the schema to what it should be, and which of them are safe';

CREATE FUNCTION @extschema@.sl_repair(options jsonb DEFAULT '{}',
	OUT ordinal integer, OUT revision text, OUT action text,
	OUT statement text, OUT outcome text)
RETURNS SETOF record
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_repair';
COMMENT ON FUNCTION @extschema@.sl_repair(jsonb) IS
'do what is safe of sl_repair_plan(), and prove it or roll it back';

CREATE PROCEDURE @extschema@.sl_repair_online(options jsonb DEFAULT '{}')
LANGUAGE C
AS 'MODULE_PATHNAME', 'sl_repair_online';
COMMENT ON PROCEDURE @extschema@.sl_repair_online(jsonb) IS
'do what is safe of sl_repair_plan(), committed step by step: indexes CONCURRENTLY, constraints NOT VALID and then validated';

--
-- Other tools
--

CREATE FUNCTION @extschema@.sl_adopt(tool text DEFAULT 'auto',
	version_table text DEFAULT NULL, mirror boolean DEFAULT true,
	OUT revision text, OUT outcome text, OUT evidence text, OUT detail text)
RETURNS SETOF record
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_adopt';
COMMENT ON FUNCTION @extschema@.sl_adopt(text, text, boolean) IS
'take over the history of another tool, each revision held against the catalog';

CREATE FUNCTION @extschema@.sl_observe_write()
RETURNS trigger
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_observe_write';
COMMENT ON FUNCTION @extschema@.sl_observe_write() IS
'the trigger on a version table that is observed';

CREATE FUNCTION @extschema@.sl_observe_ddl()
RETURNS event_trigger
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_observe_ddl';
COMMENT ON FUNCTION @extschema@.sl_observe_ddl() IS
'the event trigger while a version table is observed';

CREATE FUNCTION @extschema@.sl_observe(version_table text,
	mode text DEFAULT 'record')
RETURNS text
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_observe';
COMMENT ON FUNCTION @extschema@.sl_observe(text, text) IS
'watch a tool that goes on running the migrations: record, warn or deny; its name';

CREATE FUNCTION @extschema@.sl_unobserve(version_table text)
RETURNS void
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_unobserve';
COMMENT ON FUNCTION @extschema@.sl_unobserve(text) IS
'watch it no longer';

CREATE FUNCTION @extschema@.sl_manifest()
RETURNS jsonb
LANGUAGE C STABLE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_manifest';
COMMENT ON FUNCTION @extschema@.sl_manifest() IS
'the graph and the footprints as one portable document';

CREATE FUNCTION @extschema@.sl_import_manifest(manifest jsonb,
	OUT revision text, OUT outcome text)
RETURNS SETOF record
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_import_manifest';
COMMENT ON FUNCTION @extschema@.sl_import_manifest(jsonb) IS
'take over the footprints of a manifest, where none is known better';

--
-- Guard
--

CREATE FUNCTION @extschema@.sl_guard(mode text)
RETURNS text
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_guard';
COMMENT ON FUNCTION @extschema@.sl_guard(text) IS
'DDL outside migrations: off, log or deny; returns what is set, and NULL only asks';

-- what the event triggers call that sl_guard() makes: which one is the mode
CREATE FUNCTION @extschema@.sl_guard_log()
RETURNS event_trigger
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_guard_log';
COMMENT ON FUNCTION @extschema@.sl_guard_log() IS
'called by the event triggers of sl_guard(''log'')';

CREATE FUNCTION @extschema@.sl_guard_deny()
RETURNS event_trigger
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_guard_deny';
COMMENT ON FUNCTION @extschema@.sl_guard_deny() IS
'called by the event triggers of sl_guard(''deny'')';

CREATE FUNCTION @extschema@.sl_ddl_log_rows(
	OUT at timestamptz, OUT role text, OUT application_name text,
	OUT client text, OUT command text, OUT class text, OUT identity text,
	OUT revision text, OUT statement text)
RETURNS SETOF record
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'sl_ddl_log_rows';
COMMENT ON FUNCTION @extschema@.sl_ddl_log_rows() IS
'the rows of the view sl_ddl_log';

CREATE VIEW @extschema@.sl_ddl_log WITH (security_invoker = true) AS
	SELECT at, role, application_name, client, command, class, identity,
		   revision, statement
	  FROM @extschema@.sl_ddl_log_rows();
COMMENT ON VIEW @extschema@.sl_ddl_log IS
'DDL outside migrations, and the revision that had last set the object';

--
-- Boot and wait
--

CREATE PROCEDURE @extschema@.sl_wait_ready(expected_head text DEFAULT NULL,
	wait interval DEFAULT '60 s')
LANGUAGE C
AS 'MODULE_PATHNAME', 'sl_wait_ready';
COMMENT ON PROCEDURE @extschema@.sl_wait_ready(text, interval) IS
'return when sl_ready() is true, or say who is migrating what';

CREATE FUNCTION @extschema@.sl_preflight(target text DEFAULT NULL,
	OUT check_name text, OUT ok boolean, OUT detail text, OUT remedy text)
RETURNS SETOF record
LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_preflight';
COMMENT ON FUNCTION @extschema@.sl_preflight(text) IS
'what would stand in the way of a run to the target, without running anything';

CREATE PROCEDURE @extschema@.sl_boot(expected_head text DEFAULT NULL,
	options jsonb DEFAULT '{}')
LANGUAGE C
AS 'MODULE_PATHNAME', 'sl_boot';
COMMENT ON PROCEDURE @extschema@.sl_boot(text, jsonb) IS
'bring the database to the expected head, whatever state it is in; for any number of processes at once';

--
-- Watch and report
--

CREATE FUNCTION @extschema@.sl_watch()
RETURNS text
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_watch';
COMMENT ON FUNCTION @extschema@.sl_watch() IS
'the verdict; one that changed is written down and notified';

CREATE FUNCTION @extschema@.sl_incident_rows(
	OUT at timestamptz, OUT verdict text, OUT previous text,
	OUT findings jsonb)
RETURNS SETOF record
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'sl_incident_rows';
COMMENT ON FUNCTION @extschema@.sl_incident_rows() IS
'the rows of the view sl_incident';

CREATE VIEW @extschema@.sl_incident WITH (security_invoker = true) AS
	SELECT at, verdict, previous, findings
	  FROM @extschema@.sl_incident_rows();
COMMENT ON VIEW @extschema@.sl_incident IS
'the verdicts that sl_watch() saw, a row a change';

CREATE FUNCTION @extschema@.sl_report(format text DEFAULT 'html')
RETURNS text
LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_report';
COMMENT ON FUNCTION @extschema@.sl_report(text) IS
'the state of the database for people: one page of HTML, or plain text';

CREATE FUNCTION @extschema@.sl_graph_mermaid()
RETURNS text
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'sl_graph_mermaid';
COMMENT ON FUNCTION @extschema@.sl_graph_mermaid() IS
'the graph of revisions as a Mermaid flowchart';

CREATE FUNCTION @extschema@.sl_is_verified(expected_head text DEFAULT NULL,
	description text DEFAULT NULL)
RETURNS text
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_is_verified';
COMMENT ON FUNCTION @extschema@.sl_is_verified(text, text) IS
'a test of pgTAP: sl_verify() is true';

CREATE FUNCTION @extschema@.sl_has_no_drift(description text DEFAULT NULL)
RETURNS text
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_has_no_drift';
COMMENT ON FUNCTION @extschema@.sl_has_no_drift(text) IS
'a test of pgTAP: the schema is what the history leads to';

CREATE FUNCTION @extschema@.sl_has_no_stamp_drift(description text DEFAULT NULL)
RETURNS text
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_has_no_stamp_drift';
COMMENT ON FUNCTION @extschema@.sl_has_no_stamp_drift(text) IS
'a test of pgTAP: what is recorded as applied is there';

CREATE FUNCTION @extschema@.sl_graph_is_sound(description text DEFAULT NULL)
RETURNS text
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_graph_is_sound';
COMMENT ON FUNCTION @extschema@.sl_graph_is_sound(text) IS
'a test of pgTAP: nothing in the graph of revisions stops a run';

--
-- Operate
--

CREATE FUNCTION @extschema@.sl_configure(name text, value text)
RETURNS void
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_configure';
COMMENT ON FUNCTION @extschema@.sl_configure(text, text) IS
'set what belongs to the database and not to a session; NULL restores the default';

CREATE FUNCTION @extschema@.sl_settings_rows(
	OUT name text, OUT value text, OUT default_value text, OUT source text,
	OUT description text)
RETURNS SETOF record
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'sl_settings_rows';
COMMENT ON FUNCTION @extschema@.sl_settings_rows() IS
'the rows of the view sl_settings';

CREATE VIEW @extschema@.sl_settings WITH (security_invoker = true) AS
	SELECT name, value, default_value, source, description
	  FROM @extschema@.sl_settings_rows();
COMMENT ON VIEW @extschema@.sl_settings IS
'every setting with its present value and where that comes from';

CREATE FUNCTION @extschema@.sl_grant(role regrole, level text)
RETURNS void
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_grant';
COMMENT ON FUNCTION @extschema@.sl_grant(regrole, text) IS
'let a role read, deploy or admin';

CREATE FUNCTION @extschema@.sl_revoke(role regrole, level text)
RETURNS void
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_revoke';
COMMENT ON FUNCTION @extschema@.sl_revoke(regrole, text) IS
'take a level and those above it from a role';

CREATE FUNCTION @extschema@.sl_version(OUT library text, OUT extension text)
RETURNS record
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'sl_version';
COMMENT ON FUNCTION @extschema@.sl_version() IS
'the version of the library and of the installed extension';

--
-- Nothing is executable or readable by anybody but the owner, whatever the
-- default privileges of the installing role say: sl_grant hands out levels.
-- In C, because plpgsql may have been dropped.
--

CREATE FUNCTION @extschema@.sl_seal()
RETURNS void
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sl_seal';
SELECT @extschema@.sl_seal();
DROP FUNCTION @extschema@.sl_seal();
