--
-- The trace: the facts before a statement, with the changes that the trace
-- gives applied to them, are the facts after it, exactly, for every command
-- that the server has.
--
SET client_min_messages = error;
DROP EXTENSION IF EXISTS schema_lifecycle;
CREATE SCHEMA sl;
CREATE EXTENSION schema_lifecycle SCHEMA sl;
\pset format unaligned
\pset tuples_only on
SELECT sl.sl_configure('compare_owners', 'on'),
	sl.sl_configure('compare_privileges', 'on');
CREATE SCHEMA inspect;
CREATE FUNCTION inspect.trace_begin() RETURNS void
	AS 'schema_lifecycle', 'sl_inspect_trace_begin' LANGUAGE C;
CREATE FUNCTION inspect.trace_end(OUT change text, OUT class text,
	OUT identity text, OUT before jsonb, OUT after jsonb) RETURNS SETOF record
	AS 'schema_lifecycle', 'sl_inspect_trace_end' LANGUAGE C;
CREATE TABLE inspect.fact (moment text, class text, identity text,
	definition jsonb, PRIMARY KEY (moment, class, identity));
CREATE TABLE inspect.change (change text, class text, identity text,
	before jsonb, after jsonb, PRIMARY KEY (class, identity));

CREATE FUNCTION inspect.look(moment text) RETURNS void LANGUAGE sql AS $$
	DELETE FROM inspect.fact f WHERE f.moment = look.moment;
	INSERT INTO inspect.fact
	SELECT look.moment, class, identity, definition FROM sl.sl_catalog();
$$;

-- What is wrong with the changes between the facts 'before' and 'after'.
CREATE FUNCTION inspect.faults() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT format('%s %s %s: expected %s, is %s', coalesce(c.change, 'missed'),
			coalesce(c.class, a.class, b.class), coalesce(c.identity, a.identity, b.identity),
			CASE WHEN c.change IS NULL THEN b.definition ELSE c.after END, a.definition)
	FROM (SELECT * FROM inspect.fact WHERE moment = 'before') b
	FULL JOIN (SELECT * FROM inspect.fact WHERE moment = 'after') a USING (class, identity)
	FULL JOIN inspect.change c USING (class, identity)
	WHERE CASE WHEN c.change IS NULL THEN b.definition ELSE c.after END
			IS DISTINCT FROM a.definition
	UNION ALL
	SELECT format('%s %s %s: before it was %s, and is said to have been %s', change, class, identity,
		b.definition, c.before)
	FROM inspect.change c
	LEFT JOIN (SELECT * FROM inspect.fact WHERE moment = 'before') b USING (class, identity)
	WHERE (b.class IS NULL) <> (change = 'added')
		OR change = 'changed' AND (b.definition <> c.before OR c.before = c.after)
	ORDER BY 1;
$$;

CREATE TABLE inspect.trial (ordinal int GENERATED ALWAYS AS IDENTITY,
	tag text NOT NULL, setup text, statement text NOT NULL);

-- Ends the trace: its changes, as "+" added, "!" replaced, "~" changed and "-"
-- removed, and what is wrong with them.
CREATE FUNCTION inspect.report() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
	fault text;
BEGIN
	DELETE FROM inspect.change;
	INSERT INTO inspect.change SELECT * FROM inspect.trace_end();
	PERFORM inspect.look('after');
	SELECT coalesce(string_agg(format('%s%s', sign, n), ' ' ORDER BY sign COLLATE "C"), 'nothing')
	INTO result
	FROM (SELECT CASE change WHEN 'added' THEN '+' WHEN 'replaced' THEN '!'
				WHEN 'changed' THEN '~' ELSE '-' END AS sign, count(*) AS n
			FROM inspect.change GROUP BY 1) c;
	FOR fault IN SELECT inspect.faults() LOOP
		result := concat(result, E'\n  ', fault);
	END LOOP;
	RETURN result;
END $$;

-- The same of a statement, and everything is undone.
CREATE FUNCTION inspect.try(setup text, statement text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	BEGIN
		EXECUTE coalesce(setup, '');
		PERFORM inspect.look('before');
		PERFORM inspect.trace_begin();
		EXECUTE statement;
		result := inspect.report();
		RAISE SQLSTATE 'SL999';
	EXCEPTION
		WHEN SQLSTATE 'SL999' THEN RETURN result;
		WHEN OTHERS THEN RETURN 'failed: ' || SQLERRM;
	END;
END $$;

--
-- A schema in which everything hangs on everything.
--
CREATE ROLE regress_trace_1;
CREATE ROLE regress_trace_2;
CREATE SCHEMA app;
CREATE SCHEMA other;
CREATE TYPE app.mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE app.pair AS (a integer, b text);
CREATE DOMAIN app.code AS text CONSTRAINT code_check CHECK (VALUE <> '') NOT NULL;
CREATE FUNCTION app.twice(integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT $1 * 2';
CREATE TABLE app.agents (
	id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	serial_id serial UNIQUE,
	name text DEFAULT 'x' CONSTRAINT agents_name_check CHECK (name <> ''),
	mood app.mood DEFAULT 'ok',
	moods app.mood[],
	code app.code,
	pair app.pair,
	num integer DEFAULT app.twice(4) NOT NULL,
	double_num integer GENERATED ALWAYS AS (app.twice(num)) STORED,
	made timestamptz DEFAULT '2020-01-01 00:00:00+00'
);
COMMENT ON TABLE app.agents IS 'agents';
COMMENT ON COLUMN app.agents.name IS 'name';
CREATE TABLE app.tasks (
	id bigint PRIMARY KEY,
	agent_id integer CONSTRAINT tasks_agent_fkey REFERENCES app.agents ON DELETE CASCADE,
	note text
);
CREATE INDEX agents_expr_idx ON app.agents (app.twice(num), lower(name)) WHERE mood = 'happy';
CREATE UNIQUE INDEX agents_num_key ON app.agents (num);
CREATE VIEW app.v1 AS SELECT a.id, a.name, a.mood, t.note, app.twice(a.num) AS twice
	FROM app.agents a JOIN app.tasks t ON t.agent_id = a.id WHERE a.mood <> 'sad';
CREATE VIEW app.v2 AS SELECT v1.id, v1.name FROM app.v1;
CREATE VIEW app.v3 AS SELECT * FROM app.agents JOIN (SELECT id, note FROM app.tasks) x USING (id);
CREATE MATERIALIZED VIEW app.m1 AS SELECT name, count(*) AS n FROM app.agents GROUP BY name;
CREATE UNIQUE INDEX m1_name_idx ON app.m1 (name);
CREATE FUNCTION app.of_agent(a app.agents) RETURNS text LANGUAGE sql AS 'SELECT a.name';
CREATE FUNCTION app.of_agents(a app.agents[], m app.mood DEFAULT 'ok') RETURNS SETOF app.agents LANGUAGE sql
	BEGIN ATOMIC SELECT * FROM app.agents WHERE agents.mood = m; END;
CREATE VIEW app.v4 AS SELECT app.of_agent(agents) AS name FROM app.agents;
CREATE FUNCTION app.on_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER agents_change BEFORE UPDATE OF name ON app.agents FOR EACH ROW
	WHEN (NEW.num > 1) EXECUTE FUNCTION app.on_change();
CREATE RULE agents_rule AS ON DELETE TO app.agents WHERE OLD.num = 7 DO INSTEAD NOTHING;
CREATE POLICY agents_policy ON app.agents TO regress_trace_1 USING (num > 0 AND name <> '');
CREATE STATISTICS app.agents_stats ON num, name FROM app.agents;
CREATE PUBLICATION regress_trace_pub FOR TABLE app.agents (id, num, name) WHERE (num > 3);
CREATE TABLE app.parent (id integer PRIMARY KEY, a text, b integer CONSTRAINT parent_b_check CHECK (b > 0));
CREATE TABLE app.child (c text, a text NOT NULL) INHERITS (app.parent);
CREATE TABLE app.measures (id integer, at date, value integer) PARTITION BY RANGE (at);
CREATE TABLE app.measures_1 PARTITION OF app.measures FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE app.measures_2 (id integer, at date, value integer);
CREATE INDEX measures_1_idx ON app.measures_1 (id);
CREATE TABLE app.typed OF app.pair;
CREATE SEQUENCE app.counter;
CREATE TABLE app.counted (n bigint DEFAULT nextval('app.counter'));
CREATE AGGREGATE app.total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0');
CREATE FUNCTION app.same(app.pair, app.pair) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT ($1).a = ($2).a';
CREATE FUNCTION app.order_pairs(app.pair, app.pair) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT ($1).a - ($2).a';
CREATE OPERATOR app.=== (LEFTARG = app.pair, RIGHTARG = app.pair, FUNCTION = app.same,
	COMMUTATOR = OPERATOR(app.===), NEGATOR = OPERATOR(app.!==), HASHES);
CREATE OPERATOR app.!== (LEFTARG = app.pair, RIGHTARG = app.pair, FUNCTION = app.same,
	NEGATOR = OPERATOR(app.===));
CREATE OPERATOR FAMILY app.pairs USING btree;
CREATE OPERATOR CLASS app.pair_ops FOR TYPE app.pair USING btree FAMILY app.pairs AS
	OPERATOR 3 app.===, FUNCTION 1 app.order_pairs(app.pair, app.pair);
CREATE FUNCTION app.to_pair(integer) RETURNS app.pair LANGUAGE sql AS 'SELECT ROW($1, '''')::app.pair';
CREATE CAST (integer AS app.pair) WITH FUNCTION app.to_pair(integer);
CREATE TYPE app.span AS RANGE (subtype = integer, multirange_type_name = app.spans);
CREATE TABLE app.spanned (s app.span, ss app.spans);
CREATE COLLATION app.bytes (locale = 'C');
CREATE TABLE app.sorted (t text COLLATE app.bytes);
CREATE CONVERSION app.conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE TEXT SEARCH DICTIONARY app.dict (TEMPLATE = simple);
CREATE TEXT SEARCH CONFIGURATION app.search (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION app.search ALTER MAPPING FOR asciiword WITH app.dict, simple;
CREATE TEXT SEARCH PARSER app.parser (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype);
CREATE TEXT SEARCH TEMPLATE app.template (LEXIZE = dsimple_lexize);
CREATE TABLE app.searched (t text, v tsvector GENERATED ALWAYS AS (to_tsvector('app.search', t)) STORED);
CREATE FOREIGN DATA WRAPPER regress_trace_fdw;
CREATE SERVER regress_trace_server FOREIGN DATA WRAPPER regress_trace_fdw;
CREATE FOREIGN TABLE app.far (id integer, x text) SERVER regress_trace_server OPTIONS (a '1');
CREATE USER MAPPING FOR regress_trace_1 SERVER regress_trace_server OPTIONS (password 'p');
CREATE FUNCTION app.on_command() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER regress_trace_event ON ddl_command_start WHEN TAG IN ('CREATE LANGUAGE') EXECUTE FUNCTION app.on_command();
CREATE LANGUAGE regress_trace_lang HANDLER plpgsql_call_handler;
CREATE FUNCTION app.transform(internal) RETURNS internal IMMUTABLE LANGUAGE internal AS 'byteain';
CREATE FUNCTION app.in_lang() RETURNS integer LANGUAGE regress_trace_lang AS 'x';
CREATE SUBSCRIPTION regress_trace_sub CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = false, slot_name = NONE, enabled = false);
CREATE ACCESS METHOD regress_trace_am TYPE TABLE HANDLER heap_tableam_handler;
ALTER DEFAULT PRIVILEGES FOR ROLE regress_trace_1 IN SCHEMA app GRANT SELECT ON TABLES TO regress_trace_2;
GRANT SELECT, UPDATE (name) ON app.agents TO regress_trace_1;
GRANT ALL ON SCHEMA app TO regress_trace_1;
CREATE TABLE app.owned (id serial);
ALTER TABLE app.owned OWNER TO regress_trace_1;
SELECT count(*) > 120 FROM sl.sl_catalog();

-- Each trial: a command, what is done before, and what is traced.
INSERT INTO inspect.trial (tag, setup, statement) VALUES
	('ALTER AGGREGATE', NULL,
		'ALTER AGGREGATE app.total(integer) RENAME TO sum_up'),
	('ALTER AGGREGATE', NULL,
		'ALTER AGGREGATE app.total(integer) OWNER TO regress_trace_1'),
	('ALTER AGGREGATE', NULL,
		'ALTER AGGREGATE app.total(integer) SET SCHEMA other'),
	('ALTER COLLATION', NULL,
		'ALTER COLLATION app.bytes RENAME TO octets'),
	('ALTER COLLATION', NULL,
		'ALTER COLLATION app.bytes SET SCHEMA other'),
	('ALTER COLLATION', NULL,
		'ALTER COLLATION app.bytes OWNER TO regress_trace_1'),
	('ALTER COLLATION', NULL,
		'ALTER COLLATION "C" REFRESH VERSION'),
	('ALTER CONVERSION', NULL,
		'ALTER CONVERSION app.conv RENAME TO conv2'),
	('ALTER CONVERSION', NULL,
		'ALTER CONVERSION app.conv SET SCHEMA other'),
	('ALTER CONVERSION', NULL,
		'ALTER CONVERSION app.conv OWNER TO regress_trace_1'),
	('ALTER DEFAULT PRIVILEGES', NULL,
		'ALTER DEFAULT PRIVILEGES FOR ROLE regress_trace_1 IN SCHEMA app GRANT INSERT ON TABLES TO regress_trace_2'),
	('ALTER DEFAULT PRIVILEGES', NULL,
		'ALTER DEFAULT PRIVILEGES FOR ROLE regress_trace_1 IN SCHEMA app REVOKE SELECT ON TABLES FROM regress_trace_2'),
	('ALTER DEFAULT PRIVILEGES', NULL,
		'ALTER DEFAULT PRIVILEGES FOR ROLE regress_trace_2 REVOKE EXECUTE ON FUNCTIONS FROM public'),
	('ALTER DEFAULT PRIVILEGES', NULL,
		'ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO regress_trace_2'),
	('ALTER DOMAIN', NULL,
		'ALTER DOMAIN app.code SET DEFAULT ''a'''),
	('ALTER DOMAIN', NULL,
		'ALTER DOMAIN app.code DROP NOT NULL'),
	('ALTER DOMAIN', NULL,
		'ALTER DOMAIN app.code ADD CONSTRAINT short CHECK (length(VALUE) < 9) NOT VALID'),
	('ALTER DOMAIN', 'CREATE DOMAIN app.code2 AS text; ALTER DOMAIN app.code2 ADD CONSTRAINT short CHECK (length(VALUE) < 9) NOT VALID',
		'ALTER DOMAIN app.code2 VALIDATE CONSTRAINT short'),
	('ALTER DOMAIN', NULL,
		'ALTER DOMAIN app.code DROP CONSTRAINT code_check'),
	('ALTER DOMAIN', NULL,
		'ALTER DOMAIN app.code RENAME CONSTRAINT code_check TO checked'),
	('ALTER DOMAIN', NULL,
		'ALTER DOMAIN app.code RENAME TO codes'),
	('ALTER DOMAIN', NULL,
		'ALTER DOMAIN app.code SET SCHEMA other'),
	('ALTER DOMAIN', NULL,
		'ALTER DOMAIN app.code OWNER TO regress_trace_1'),
	('ALTER EVENT TRIGGER', NULL,
		'ALTER EVENT TRIGGER regress_trace_event DISABLE'),
	('ALTER EVENT TRIGGER', NULL,
		'ALTER EVENT TRIGGER regress_trace_event RENAME TO regress_trace_event2'),
	('ALTER EVENT TRIGGER', 'ALTER ROLE regress_trace_1 SUPERUSER',
		'ALTER EVENT TRIGGER regress_trace_event OWNER TO regress_trace_1'),
	('ALTER EXTENSION', NULL,
		'ALTER EXTENSION plpgsql ADD FUNCTION app.twice(integer)'),
	('ALTER EXTENSION', NULL,
		'ALTER EXTENSION plpgsql ADD TABLE app.agents'),
	('ALTER EXTENSION', NULL,
		'ALTER EXTENSION plpgsql ADD TYPE app.pair'),
	('ALTER EXTENSION', NULL,
		'ALTER EXTENSION plpgsql ADD DOMAIN app.code'),
	('ALTER EXTENSION', NULL,
		'ALTER EXTENSION plpgsql ADD SCHEMA app'),
	('ALTER EXTENSION', NULL,
		'ALTER EXTENSION plpgsql ADD VIEW app.v1'),
	('ALTER EXTENSION', NULL,
		'ALTER EXTENSION plpgsql ADD SEQUENCE app.counter'),
	('ALTER EXTENSION', NULL,
		'ALTER EXTENSION plpgsql ADD SERVER regress_trace_server'),
	('ALTER EXTENSION', 'CREATE EXTENSION citext SCHEMA app; CREATE TABLE app.ci (x app.citext)',
		'ALTER EXTENSION citext SET SCHEMA other'),
	('ALTER EXTENSION', 'CREATE EXTENSION citext SCHEMA app',
		'ALTER EXTENSION citext DROP TYPE app.citext'),
	('ALTER EXTENSION', 'CREATE EXTENSION citext SCHEMA app',
		'ALTER EXTENSION citext DROP FUNCTION app.citextin(cstring)'),
	('ALTER EXTENSION', 'CREATE EXTENSION citext SCHEMA app VERSION ''1.4''',
		'ALTER EXTENSION citext UPDATE'),
	('ALTER FOREIGN DATA WRAPPER', NULL,
		'ALTER FOREIGN DATA WRAPPER regress_trace_fdw OPTIONS (ADD x ''y'')'),
	('ALTER FOREIGN DATA WRAPPER', NULL,
		'ALTER FOREIGN DATA WRAPPER regress_trace_fdw RENAME TO regress_trace_fdw2'),
	('ALTER FOREIGN DATA WRAPPER', 'ALTER ROLE regress_trace_1 SUPERUSER',
		'ALTER FOREIGN DATA WRAPPER regress_trace_fdw OWNER TO regress_trace_1'),
	('ALTER FOREIGN TABLE', NULL,
		'ALTER FOREIGN TABLE app.far OPTIONS (SET a ''2'', ADD b ''3'')'),
	('ALTER FOREIGN TABLE', NULL,
		'ALTER FOREIGN TABLE app.far ALTER x OPTIONS (c ''d''), ADD y integer'),
	('ALTER FOREIGN TABLE', NULL,
		'ALTER FOREIGN TABLE app.far RENAME TO farther'),
	('ALTER FUNCTION', NULL,
		'ALTER FUNCTION app.twice(integer) STRICT COST 7'),
	('ALTER FUNCTION', NULL,
		'ALTER FUNCTION app.twice(integer) SET work_mem = ''1MB'''),
	('ALTER FUNCTION', NULL,
		'ALTER FUNCTION app.twice(integer) RENAME TO double'),
	('ALTER FUNCTION', NULL,
		'ALTER FUNCTION app.on_change() RENAME TO changed'),
	('ALTER FUNCTION', NULL,
		'ALTER FUNCTION app.on_command() RENAME TO commanded'),
	('ALTER FUNCTION', NULL,
		'ALTER FUNCTION app.same(app.pair, app.pair) RENAME TO equal'),
	('ALTER FUNCTION', NULL,
		'ALTER FUNCTION app.order_pairs(app.pair, app.pair) RENAME TO compare'),
	('ALTER FUNCTION', NULL,
		'ALTER FUNCTION app.to_pair(integer) SET SCHEMA other'),
	('ALTER FUNCTION', NULL,
		'ALTER FUNCTION app.twice(integer) SET SCHEMA other'),
	('ALTER FUNCTION', NULL,
		'ALTER FUNCTION app.twice(integer) OWNER TO regress_trace_1'),
	('ALTER FUNCTION', NULL,
		'ALTER FUNCTION app.twice(integer) DEPENDS ON EXTENSION plpgsql'),
	('ALTER INDEX', NULL,
		'ALTER INDEX app.agents_expr_idx RENAME TO agents_expr'),
	('ALTER INDEX', NULL,
		'ALTER INDEX app.agents_pkey RENAME TO agents_pk'),
	('ALTER INDEX', 'ALTER TABLE app.agents REPLICA IDENTITY USING INDEX agents_num_key',
		'ALTER INDEX app.agents_num_key RENAME TO agents_n'),
	('ALTER INDEX', NULL,
		'ALTER INDEX app.agents_expr_idx SET (fillfactor = 50)'),
	('ALTER INDEX', NULL,
		'ALTER INDEX app.agents_pkey SET (fillfactor = 50)'),
	('ALTER INDEX', NULL,
		'ALTER INDEX app.agents_expr_idx ALTER COLUMN 1 SET STATISTICS 50'),
	('ALTER INDEX', NULL,
		'ALTER INDEX app.agents_expr_idx SET TABLESPACE pg_default'),
	('ALTER INDEX', 'CREATE INDEX measures_idx ON ONLY app.measures (id)',
		'ALTER INDEX app.measures_idx ATTACH PARTITION app.measures_1_idx'),
	('ALTER INDEX', 'ALTER TABLE app.measures ALTER id SET NOT NULL, ALTER at SET NOT NULL; ALTER TABLE ONLY app.measures ADD CONSTRAINT measures_pk PRIMARY KEY (id, at); ALTER TABLE app.measures_1 ADD CONSTRAINT m1pk PRIMARY KEY (id, at)',
		'ALTER INDEX app.measures_pk ATTACH PARTITION app.m1pk'),
	('ALTER LANGUAGE', NULL,
		'ALTER LANGUAGE regress_trace_lang RENAME TO regress_trace_lang2'),
	('ALTER LANGUAGE', NULL,
		'ALTER LANGUAGE regress_trace_lang OWNER TO regress_trace_1'),
	('ALTER LANGUAGE', NULL,
		'ALTER LANGUAGE sql RENAME TO regress_trace_sql'),
	('ALTER MATERIALIZED VIEW', NULL,
		'ALTER MATERIALIZED VIEW app.m1 RENAME TO m2'),
	('ALTER MATERIALIZED VIEW', NULL,
		'ALTER MATERIALIZED VIEW app.m1 RENAME COLUMN n TO number'),
	('ALTER MATERIALIZED VIEW', NULL,
		'ALTER MATERIALIZED VIEW app.m1 SET SCHEMA other'),
	('ALTER MATERIALIZED VIEW', NULL,
		'ALTER MATERIALIZED VIEW app.m1 CLUSTER ON m1_name_idx, SET (fillfactor = 50)'),
	('ALTER MATERIALIZED VIEW', NULL,
		'ALTER MATERIALIZED VIEW app.m1 SET ACCESS METHOD regress_trace_am'),
	('ALTER OPERATOR', NULL,
		'ALTER OPERATOR app.=== (app.pair, app.pair) SET SCHEMA other'),
	('ALTER OPERATOR', NULL,
		'ALTER OPERATOR app.=== (app.pair, app.pair) OWNER TO regress_trace_1'),
	('ALTER OPERATOR', NULL,
		'ALTER OPERATOR app.=== (app.pair, app.pair) SET (RESTRICT = eqsel)'),
	('ALTER OPERATOR CLASS', NULL,
		'ALTER OPERATOR CLASS app.pair_ops USING btree RENAME TO pair_ops2'),
	('ALTER OPERATOR CLASS', NULL,
		'ALTER OPERATOR CLASS app.pair_ops USING btree SET SCHEMA other'),
	('ALTER OPERATOR CLASS', NULL,
		'ALTER OPERATOR CLASS app.pair_ops USING btree OWNER TO regress_trace_1'),
	('ALTER OPERATOR FAMILY', NULL,
		'ALTER OPERATOR FAMILY app.pairs USING btree RENAME TO pairs2'),
	('ALTER OPERATOR FAMILY', NULL,
		'ALTER OPERATOR FAMILY app.pairs USING btree SET SCHEMA other'),
	('ALTER OPERATOR FAMILY', NULL,
		'ALTER OPERATOR FAMILY app.pairs USING btree OWNER TO regress_trace_1'),
	('ALTER OPERATOR FAMILY', NULL,
		'ALTER OPERATOR FAMILY app.pairs USING btree ADD OPERATOR 1 < (integer, integer), FUNCTION 1 btint4cmp(integer, integer)'),
	('ALTER OPERATOR FAMILY', 'ALTER OPERATOR FAMILY app.pairs USING btree ADD OPERATOR 1 < (integer, integer)',
		'ALTER OPERATOR FAMILY app.pairs USING btree DROP OPERATOR 1 (integer, integer)'),
	('ALTER POLICY', NULL,
		'ALTER POLICY agents_policy ON app.agents USING (num > 5)'),
	('ALTER POLICY', NULL,
		'ALTER POLICY agents_policy ON app.agents TO public'),
	('ALTER POLICY', NULL,
		'ALTER POLICY agents_policy ON app.agents RENAME TO agents_p'),
	('ALTER PROCEDURE', 'CREATE PROCEDURE app.proc() LANGUAGE sql AS ''''',
		'ALTER PROCEDURE app.proc() SECURITY DEFINER'),
	('ALTER PUBLICATION', NULL,
		'ALTER PUBLICATION regress_trace_pub ADD TABLE app.tasks'),
	('ALTER PUBLICATION', NULL,
		'ALTER PUBLICATION regress_trace_pub SET TABLE app.tasks WHERE (id > 3)'),
	('ALTER PUBLICATION', 'CREATE PUBLICATION regress_trace_pub2 FOR TABLES IN SCHEMA other',
		'ALTER PUBLICATION regress_trace_pub2 ADD TABLES IN SCHEMA app'),
	('ALTER PUBLICATION', 'CREATE PUBLICATION regress_trace_pub2 FOR TABLES IN SCHEMA other, app',
		'ALTER PUBLICATION regress_trace_pub2 DROP TABLES IN SCHEMA other'),
	('ALTER PUBLICATION', NULL,
		'ALTER PUBLICATION regress_trace_pub SET (publish = ''insert'')'),
	('ALTER PUBLICATION', NULL,
		'ALTER PUBLICATION regress_trace_pub RENAME TO regress_trace_pub2'),
	('ALTER PUBLICATION', 'ALTER ROLE regress_trace_1 SUPERUSER',
		'ALTER PUBLICATION regress_trace_pub OWNER TO regress_trace_1'),
	('ALTER ROLE', NULL,
		'ALTER ROLE regress_trace_1 RENAME TO regress_trace_3'),
	('ALTER ROLE', NULL,
		'ALTER ROLE regress_trace_1 CREATEDB'),
	('ALTER ROUTINE', NULL,
		'ALTER ROUTINE app.twice(integer) PARALLEL SAFE'),
	('ALTER RULE', NULL,
		'ALTER RULE agents_rule ON app.agents RENAME TO agents_r'),
	('ALTER SCHEMA', NULL,
		'ALTER SCHEMA app RENAME TO application'),
	('ALTER SCHEMA', NULL,
		'ALTER SCHEMA app OWNER TO regress_trace_1'),
	('ALTER SEQUENCE', NULL,
		'ALTER SEQUENCE app.counter INCREMENT 5 MAXVALUE 99 CYCLE'),
	('ALTER SEQUENCE', NULL,
		'ALTER SEQUENCE app.counter OWNED BY app.counted.n'),
	('ALTER SEQUENCE', NULL,
		'ALTER SEQUENCE app.agents_serial_id_seq OWNED BY NONE'),
	('ALTER SEQUENCE', NULL,
		'ALTER SEQUENCE app.agents_id_seq INCREMENT 3'),
	('ALTER SEQUENCE', NULL,
		'ALTER SEQUENCE app.agents_id_seq RENAME TO agents_ids'),
	('ALTER SEQUENCE', NULL,
		'ALTER SEQUENCE app.counter RENAME TO counters'),
	('ALTER SEQUENCE', NULL,
		'ALTER SEQUENCE app.counter SET SCHEMA other'),
	('ALTER SEQUENCE', NULL,
		'ALTER SEQUENCE app.counter OWNER TO regress_trace_1'),
	('ALTER SEQUENCE', NULL,
		'ALTER SEQUENCE app.counter SET UNLOGGED'),
	('ALTER SERVER', NULL,
		'ALTER SERVER regress_trace_server VERSION ''7'' OPTIONS (x ''y'')'),
	('ALTER SERVER', NULL,
		'ALTER SERVER regress_trace_server RENAME TO regress_trace_server2'),
	('ALTER SERVER', 'GRANT USAGE ON FOREIGN DATA WRAPPER regress_trace_fdw TO regress_trace_1',
		'ALTER SERVER regress_trace_server OWNER TO regress_trace_1'),
	('ALTER STATISTICS', NULL,
		'ALTER STATISTICS app.agents_stats SET STATISTICS 50'),
	('ALTER STATISTICS', NULL,
		'ALTER STATISTICS app.agents_stats RENAME TO stats2'),
	('ALTER STATISTICS', NULL,
		'ALTER STATISTICS app.agents_stats SET SCHEMA other'),
	('ALTER STATISTICS', NULL,
		'ALTER STATISTICS app.agents_stats OWNER TO regress_trace_1'),
	('ALTER SUBSCRIPTION', NULL,
		'ALTER SUBSCRIPTION regress_trace_sub SET (binary = true)'),
	('ALTER SUBSCRIPTION', NULL,
		'ALTER SUBSCRIPTION regress_trace_sub SET PUBLICATION q WITH (refresh = false)'),
	('ALTER SUBSCRIPTION', NULL,
		'ALTER SUBSCRIPTION regress_trace_sub RENAME TO regress_trace_sub2'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents ADD extra text DEFAULT ''e'' NOT NULL'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents ADD note text'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.tasks ADD name text, ADD mood integer'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents ADD extra integer UNIQUE CHECK (extra > 0) REFERENCES app.parent'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents ADD extra serial'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents ADD extra integer GENERATED ALWAYS AS (num + 1) STORED'),
	('ALTER TABLE', 'DROP FUNCTION app.of_agents; DROP VIEW app.v3',
		'ALTER TABLE app.agents DROP made'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents DROP name CASCADE'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents DROP serial_id CASCADE'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents DROP id CASCADE'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents RENAME TO people'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents RENAME name TO title'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents RENAME num TO number'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents RENAME id TO ident'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents RENAME serial_id TO ser'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.tasks RENAME note TO notes'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents RENAME CONSTRAINT agents_name_check TO named'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents RENAME CONSTRAINT agents_pkey TO agents_pk'),
	('ALTER TABLE', 'CREATE TABLE app.held (a app.agents, b app.agents[])',
		'ALTER TABLE app.agents SET SCHEMA other'),
	('ALTER TABLE', 'CREATE TABLE app.held (a app.agents, b app.agents[])',
		'ALTER TABLE app.agents RENAME TO persons'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents ALTER name SET DEFAULT ''y'', ALTER num DROP NOT NULL, ALTER mood SET NOT NULL'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents ALTER name DROP DEFAULT'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents ALTER name SET STATISTICS 7, ALTER name SET STORAGE EXTERNAL, ALTER name SET COMPRESSION pglz, ALTER num SET (n_distinct = 5)'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents ALTER double_num DROP EXPRESSION'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents ALTER id SET GENERATED BY DEFAULT SET INCREMENT 9'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents ALTER id DROP IDENTITY'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.tasks ALTER id ADD GENERATED ALWAYS AS IDENTITY'),
	('ALTER TABLE', 'DROP VIEW app.v3; DROP FUNCTION app.of_agents',
		'ALTER TABLE app.agents ALTER made TYPE timestamp USING made AT TIME ZONE ''UTC'''),
	('ALTER TABLE', 'DROP VIEW app.v4, app.v3, app.v2, app.v1; DROP MATERIALIZED VIEW app.m1; DROP FUNCTION app.of_agents; DROP POLICY agents_policy ON app.agents; DROP RULE agents_rule ON app.agents; DROP PUBLICATION regress_trace_pub; DROP TRIGGER agents_change ON app.agents',
		'ALTER TABLE app.agents ALTER id TYPE bigint, ALTER num DROP DEFAULT, ALTER name TYPE varchar(30)'),
	('ALTER TABLE', 'DROP VIEW app.v1 CASCADE',
		'ALTER TABLE app.tasks ALTER agent_id TYPE bigint'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.tasks ADD CONSTRAINT c CHECK (id > 0) NOT VALID'),
	('ALTER TABLE', 'ALTER TABLE app.tasks ADD CONSTRAINT c CHECK (id > 0) NOT VALID',
		'ALTER TABLE app.tasks VALIDATE CONSTRAINT c'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.tasks ALTER CONSTRAINT tasks_agent_fkey DEFERRABLE INITIALLY DEFERRED'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.tasks DROP CONSTRAINT tasks_agent_fkey'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents DROP CONSTRAINT agents_pkey CASCADE'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents DROP CONSTRAINT agents_name_check, ADD CONSTRAINT agents_name_check CHECK (name <> ''y'')'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.counted ADD PRIMARY KEY (n)'),
	('ALTER TABLE', 'ALTER TABLE app.agents REPLICA IDENTITY USING INDEX agents_num_key',
		'ALTER TABLE app.agents ADD CONSTRAINT agents_unum UNIQUE USING INDEX agents_num_key'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents ADD CONSTRAINT agents_num_key UNIQUE USING INDEX agents_num_key'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents ADD EXCLUDE USING btree (num WITH =)'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents OWNER TO regress_trace_1'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents CLUSTER ON agents_num_key'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents CLUSTER ON agents_pkey'),
	('ALTER TABLE', 'ALTER TABLE app.agents CLUSTER ON agents_pkey',
		'ALTER TABLE app.agents SET WITHOUT CLUSTER'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.counted SET UNLOGGED'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.owned SET UNLOGGED'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents SET ACCESS METHOD regress_trace_am'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents SET (fillfactor = 30, toast.autovacuum_enabled = off)'),
	('ALTER TABLE', 'ALTER TABLE app.agents SET (fillfactor = 30)',
		'ALTER TABLE app.agents RESET (fillfactor)'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents DISABLE TRIGGER agents_change'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents DISABLE TRIGGER ALL'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents ENABLE ALWAYS RULE agents_rule'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents REPLICA IDENTITY FULL'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.agents REPLICA IDENTITY USING INDEX agents_num_key'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.child NO INHERIT app.parent'),
	('ALTER TABLE', 'CREATE TABLE app.late (id integer NOT NULL, a text, b integer CONSTRAINT parent_b_check CHECK (b > 0))',
		'ALTER TABLE app.late INHERIT app.parent'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.parent ADD c text, ADD d text'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.parent DROP a'),
	('ALTER TABLE', NULL,
		'ALTER TABLE ONLY app.parent DROP b'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.parent RENAME b TO bb'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.parent RENAME TO mother'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.parent ALTER b TYPE bigint, ALTER a SET NOT NULL'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.parent ADD CONSTRAINT c CHECK (id > 0)'),
	('ALTER TABLE', 'ALTER TABLE app.child ADD CONSTRAINT c CHECK (id > 0)',
		'ALTER TABLE app.parent ADD CONSTRAINT c CHECK (id > 0)'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.parent DROP CONSTRAINT parent_b_check'),
	('ALTER TABLE', NULL,
		'ALTER TABLE ONLY app.parent DROP CONSTRAINT parent_b_check'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.parent RENAME CONSTRAINT parent_b_check TO b_check'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.measures ATTACH PARTITION app.measures_2 FOR VALUES FROM (''2021-01-01'') TO (''2022-01-01'')'),
	('ALTER TABLE', 'CREATE INDEX ON app.measures (id); CREATE INDEX m2 ON app.measures_2 (id); ALTER TABLE app.measures ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES app.parent; ALTER TABLE app.measures_2 ADD CONSTRAINT fk2 FOREIGN KEY (id) REFERENCES app.parent; CREATE TRIGGER tr AFTER INSERT ON app.measures FOR EACH ROW EXECUTE FUNCTION app.on_change()',
		'ALTER TABLE app.measures ATTACH PARTITION app.measures_2 FOR VALUES FROM (''2021-01-01'') TO (''2022-01-01'')'),
	('ALTER TABLE', 'CREATE INDEX ON app.measures (id); ALTER TABLE app.measures ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES app.parent; CREATE TRIGGER tr AFTER INSERT ON app.measures FOR EACH ROW EXECUTE FUNCTION app.on_change()',
		'ALTER TABLE app.measures DETACH PARTITION app.measures_1'),
	('ALTER TABLE', 'ALTER TABLE app.measures_1 ADD CONSTRAINT fk2 FOREIGN KEY (id) REFERENCES app.parent',
		'ALTER TABLE app.measures ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES app.parent'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.measures ADD PRIMARY KEY (id, at)'),
	('ALTER TABLE', 'ALTER TABLE app.measures ALTER id SET NOT NULL, ALTER at SET NOT NULL; ALTER TABLE app.measures_1 ADD PRIMARY KEY (id, at)',
		'ALTER TABLE app.measures ADD PRIMARY KEY (id, at)'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.measures ALTER value TYPE bigint'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.measures RENAME at TO day'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.measures RENAME TO measurements'),
	('ALTER TABLE', NULL,
		'ALTER TABLE app.typed NOT OF'),
	('ALTER TABLE', 'CREATE TABLE app.untyped (a integer, b text)',
		'ALTER TABLE app.untyped OF app.pair'),
	('ALTER TABLE', NULL,
		'ALTER TABLE ALL IN TABLESPACE pg_default OWNED BY regress_trace_2 SET TABLESPACE pg_default'),
	('ALTER TABLE', 'UPDATE pg_index SET indisvalid = false WHERE indexrelid = ''app.agents_num_key''::regclass',
		'ALTER TABLE app.agents ADD extra timestamptz DEFAULT clock_timestamp()'),
	('ALTER TABLESPACE', NULL,
		'ALTER TABLESPACE pg_default SET (seq_page_cost = 1)'),
	('ALTER TEXT SEARCH CONFIGURATION', NULL,
		'ALTER TEXT SEARCH CONFIGURATION app.search ALTER MAPPING FOR asciiword WITH simple'),
	('ALTER TEXT SEARCH CONFIGURATION', NULL,
		'ALTER TEXT SEARCH CONFIGURATION app.search DROP MAPPING FOR asciiword'),
	('ALTER TEXT SEARCH CONFIGURATION', NULL,
		'ALTER TEXT SEARCH CONFIGURATION app.search ALTER MAPPING REPLACE app.dict WITH english_stem'),
	('ALTER TEXT SEARCH CONFIGURATION', NULL,
		'ALTER TEXT SEARCH CONFIGURATION app.search RENAME TO search2'),
	('ALTER TEXT SEARCH CONFIGURATION', NULL,
		'ALTER TEXT SEARCH CONFIGURATION app.search SET SCHEMA other'),
	('ALTER TEXT SEARCH CONFIGURATION', NULL,
		'ALTER TEXT SEARCH CONFIGURATION app.search OWNER TO regress_trace_1'),
	('ALTER TEXT SEARCH DICTIONARY', NULL,
		'ALTER TEXT SEARCH DICTIONARY app.dict (Accept = false)'),
	('ALTER TEXT SEARCH DICTIONARY', NULL,
		'ALTER TEXT SEARCH DICTIONARY app.dict RENAME TO dict2'),
	('ALTER TEXT SEARCH DICTIONARY', NULL,
		'ALTER TEXT SEARCH DICTIONARY app.dict SET SCHEMA other'),
	('ALTER TEXT SEARCH DICTIONARY', NULL,
		'ALTER TEXT SEARCH DICTIONARY app.dict OWNER TO regress_trace_1'),
	('ALTER TEXT SEARCH PARSER', 'CREATE TEXT SEARCH CONFIGURATION app.s2 (PARSER = app.parser)',
		'ALTER TEXT SEARCH PARSER app.parser RENAME TO parser2'),
	('ALTER TEXT SEARCH PARSER', NULL,
		'ALTER TEXT SEARCH PARSER app.parser SET SCHEMA other'),
	('ALTER TEXT SEARCH TEMPLATE', 'CREATE TEXT SEARCH DICTIONARY app.d2 (TEMPLATE = app.template)',
		'ALTER TEXT SEARCH TEMPLATE app.template RENAME TO template2'),
	('ALTER TEXT SEARCH TEMPLATE', NULL,
		'ALTER TEXT SEARCH TEMPLATE app.template SET SCHEMA other'),
	('ALTER TRIGGER', NULL,
		'ALTER TRIGGER agents_change ON app.agents RENAME TO agents_c'),
	('ALTER TRIGGER', NULL,
		'ALTER TRIGGER agents_change ON app.agents DEPENDS ON EXTENSION plpgsql'),
	('ALTER TYPE', NULL,
		'ALTER TYPE app.mood ADD VALUE ''fine'' BEFORE ''happy'''),
	('ALTER TYPE', NULL,
		'ALTER TYPE app.mood RENAME VALUE ''ok'' TO ''okay'''),
	('ALTER TYPE', NULL,
		'ALTER TYPE app.mood RENAME TO humour'),
	('ALTER TYPE', NULL,
		'ALTER TYPE app.mood SET SCHEMA other'),
	('ALTER TYPE', NULL,
		'ALTER TYPE app.mood OWNER TO regress_trace_1'),
	-- the text of a join with names for its columns names this one, too
	('DROP TYPE', 'CREATE TYPE app.gone AS (a int); CREATE TABLE app.left_one (g app.gone, y int); CREATE TABLE app.right_one (z int); CREATE VIEW app.joined AS SELECT j.q FROM (app.left_one CROSS JOIN app.right_one) AS j (p, q, r)',
		'DROP TYPE app.gone CASCADE'),
	('ALTER TYPE', NULL,
		'ALTER TYPE app.pair RENAME TO pairing'),
	('ALTER TYPE', NULL,
		'ALTER TYPE app.pair SET SCHEMA other'),
	('ALTER TYPE', NULL,
		'ALTER TYPE app.pair OWNER TO regress_trace_1'),
	('ALTER TYPE', NULL,
		'ALTER TYPE app.pair ADD ATTRIBUTE c integer CASCADE'),
	('ALTER TYPE', NULL,
		'ALTER TYPE app.pair DROP ATTRIBUTE b CASCADE'),
	('ALTER TYPE', NULL,
		'ALTER TYPE app.pair RENAME ATTRIBUTE a TO aa CASCADE'),
	('ALTER TYPE', 'DROP OPERATOR CLASS app.pair_ops USING btree CASCADE; DROP TABLE app.agents CASCADE',
		'ALTER TYPE app.pair ALTER ATTRIBUTE b TYPE varchar CASCADE'),
	('ALTER TYPE', NULL,
		'ALTER TYPE app.span RENAME TO interval_of'),
	('ALTER TYPE', NULL,
		'ALTER TYPE app.spans RENAME TO intervals_of'),
	('ALTER TYPE', NULL,
		'ALTER TYPE app.span SET SCHEMA other'),
	('ALTER TYPE', NULL,
		'ALTER TYPE app.span OWNER TO regress_trace_1'),
	('ALTER TYPE', 'CREATE TYPE app.base; CREATE FUNCTION app.base_in(cstring) RETURNS app.base STRICT IMMUTABLE LANGUAGE internal AS ''textin''; CREATE FUNCTION app.base_out(app.base) RETURNS cstring STRICT IMMUTABLE LANGUAGE internal AS ''textout''; CREATE TYPE app.base (INPUT = app.base_in, OUTPUT = app.base_out); CREATE DOMAIN app.based AS app.base',
		'ALTER TYPE app.base SET (STORAGE = external)'),
	('ALTER USER MAPPING', NULL,
		'ALTER USER MAPPING FOR regress_trace_1 SERVER regress_trace_server OPTIONS (ADD "user" ''u'')'),
	('ALTER VIEW', NULL,
		'ALTER VIEW app.v1 RENAME TO vv'),
	('ALTER VIEW', NULL,
		'ALTER VIEW app.v1 RENAME COLUMN name TO title'),
	('ALTER VIEW', NULL,
		'ALTER VIEW app.v1 SET (security_barrier)'),
	('ALTER VIEW', NULL,
		'ALTER VIEW app.v1 ALTER name SET DEFAULT ''n'''),
	('ALTER VIEW', NULL,
		'ALTER VIEW app.v1 SET SCHEMA other'),
	('ALTER VIEW', NULL,
		'ALTER VIEW app.v1 OWNER TO regress_trace_1'),
	('ANALYZE', NULL,
		'ANALYZE app.agents'),
	('CLUSTER', NULL,
		'CLUSTER app.agents USING agents_num_key'),
	('COMMENT', NULL,
		'COMMENT ON TABLE app.agents IS ''c''; COMMENT ON COLUMN app.agents.name IS NULL; COMMENT ON COLUMN app.v1.name IS ''c''; COMMENT ON COLUMN app.pair.a IS ''c'''),
	('COMMENT', NULL,
		'COMMENT ON INDEX app.agents_expr_idx IS ''c''; COMMENT ON INDEX app.agents_pkey IS ''d''; COMMENT ON CONSTRAINT agents_pkey ON app.agents IS ''e''; COMMENT ON SEQUENCE app.counter IS ''f''; COMMENT ON SEQUENCE app.agents_id_seq IS ''g'''),
	('COMMENT', NULL,
		'COMMENT ON TYPE app.pair IS ''c''; COMMENT ON TYPE app.mood IS ''c''; COMMENT ON DOMAIN app.code IS ''c''; COMMENT ON CONSTRAINT code_check ON DOMAIN app.code IS ''c''; COMMENT ON TYPE app.spans IS ''c'''),
	('COMMENT', NULL,
		'COMMENT ON FUNCTION app.twice(integer) IS ''c''; COMMENT ON AGGREGATE app.total(integer) IS ''c''; COMMENT ON OPERATOR app.=== (app.pair, app.pair) IS ''c''; COMMENT ON OPERATOR CLASS app.pair_ops USING btree IS ''c''; COMMENT ON OPERATOR FAMILY app.pairs USING btree IS ''c''; COMMENT ON CAST (integer AS app.pair) IS ''c'''),
	('COMMENT', NULL,
		'COMMENT ON TRIGGER agents_change ON app.agents IS ''c''; COMMENT ON RULE agents_rule ON app.agents IS ''c''; COMMENT ON POLICY agents_policy ON app.agents IS ''c''; COMMENT ON STATISTICS app.agents_stats IS ''c''; COMMENT ON VIEW app.v1 IS ''c''; COMMENT ON MATERIALIZED VIEW app.m1 IS ''c''; COMMENT ON FOREIGN TABLE app.far IS ''c'''),
	('COMMENT', NULL,
		'COMMENT ON SCHEMA app IS ''c''; COMMENT ON COLLATION app.bytes IS ''c''; COMMENT ON CONVERSION app.conv IS ''c''; COMMENT ON EXTENSION plpgsql IS ''c''; COMMENT ON LANGUAGE regress_trace_lang IS ''c''; COMMENT ON EVENT TRIGGER regress_trace_event IS ''c'''),
	('COMMENT', NULL,
		'COMMENT ON TEXT SEARCH CONFIGURATION app.search IS ''c''; COMMENT ON TEXT SEARCH DICTIONARY app.dict IS ''c''; COMMENT ON TEXT SEARCH PARSER app.parser IS ''c''; COMMENT ON TEXT SEARCH TEMPLATE app.template IS ''c'''),
	('COMMENT', NULL,
		'COMMENT ON PUBLICATION regress_trace_pub IS ''c''; COMMENT ON SUBSCRIPTION regress_trace_sub IS ''c''; COMMENT ON SERVER regress_trace_server IS ''c''; COMMENT ON FOREIGN DATA WRAPPER regress_trace_fdw IS ''c''; COMMENT ON ACCESS METHOD regress_trace_am IS ''c'''),
	('COMMENT', NULL,
		'COMMENT ON DATABASE contrib_regression IS ''c''; COMMENT ON ROLE regress_trace_1 IS ''c''; COMMENT ON TABLESPACE pg_default IS ''c'''),
	('CREATE ACCESS METHOD', NULL,
		'CREATE ACCESS METHOD regress_trace_am2 TYPE INDEX HANDLER bthandler'),
	('CREATE AGGREGATE', NULL,
		'CREATE AGGREGATE app.total(bigint) (SFUNC = int8pl, STYPE = bigint)'),
	('CREATE AGGREGATE', NULL,
		'CREATE OR REPLACE AGGREGATE app.total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = ''7'')'),
	('CREATE CAST', NULL,
		'CREATE CAST (app.mood AS app.pair) WITH INOUT AS ASSIGNMENT'),
	('CREATE COLLATION', NULL,
		'CREATE COLLATION app.posix FROM "POSIX"'),
	('CREATE CONVERSION', NULL,
		'CREATE DEFAULT CONVERSION app.conv2 FOR ''LATIN1'' TO ''UTF8'' FROM iso8859_1_to_utf8'),
	('CREATE DOMAIN', NULL,
		'CREATE DOMAIN app.d AS app.code CHECK (VALUE <> ''a'') DEFAULT ''x'''),
	('CREATE EVENT TRIGGER', NULL,
		'CREATE EVENT TRIGGER regress_trace_event2 ON sql_drop EXECUTE FUNCTION app.on_command()'),
	('CREATE EXTENSION', NULL,
		'CREATE EXTENSION citext SCHEMA app'),
	('CREATE EXTENSION', NULL,
		'CREATE EXTENSION hstore SCHEMA app'),
	('CREATE EXTENSION', NULL,
		'CREATE EXTENSION btree_gist SCHEMA app'),
	('CREATE FOREIGN DATA WRAPPER', NULL,
		'CREATE FOREIGN DATA WRAPPER regress_trace_fdw2'),
	('CREATE FOREIGN TABLE', NULL,
		'CREATE FOREIGN TABLE app.far2 (x integer OPTIONS (a ''b'')) SERVER regress_trace_server'),
	('CREATE FOREIGN TABLE', NULL,
		'CREATE FOREIGN TABLE app.far2 PARTITION OF app.measures FOR VALUES FROM (''2021-01-01'') TO (''2022-01-01'') SERVER regress_trace_server'),
	('CREATE FUNCTION', NULL,
		'CREATE FUNCTION app.f(a app.agents, b app.mood DEFAULT ''ok'') RETURNS app.pair LANGUAGE plpgsql AS ''BEGIN END'''),
	('CREATE FUNCTION', NULL,
		'CREATE OR REPLACE FUNCTION app.twice(integer) RETURNS integer IMMUTABLE LANGUAGE sql AS ''SELECT $1 + $1'''),
	('CREATE FUNCTION', NULL,
		'CREATE OR REPLACE FUNCTION app.twice(text) RETURNS text LANGUAGE sql AS ''SELECT $1 || $1'''),
	('CREATE INDEX', NULL,
		'CREATE INDEX ON app.agents (made DESC) INCLUDE (num) WITH (fillfactor = 50)'),
	('CREATE INDEX', NULL,
		'CREATE INDEX ON app.measures (id)'),
	('CREATE INDEX', NULL,
		'CREATE INDEX ON ONLY app.measures (id)'),
	('CREATE LANGUAGE', NULL,
		'CREATE LANGUAGE regress_trace_lang2 HANDLER plpgsql_call_handler'),
	('CREATE LANGUAGE', NULL,
		'CREATE OR REPLACE TRUSTED LANGUAGE regress_trace_lang HANDLER plpgsql_call_handler INLINE plpgsql_inline_handler'),
	('CREATE MATERIALIZED VIEW', NULL,
		'CREATE MATERIALIZED VIEW app.m2 AS SELECT * FROM app.agents WITH NO DATA'),
	('CREATE OPERATOR', NULL,
		'CREATE OPERATOR app.#> (LEFTARG = app.pair, RIGHTARG = app.pair, FUNCTION = app.same, COMMUTATOR = OPERATOR(app.<#))'),
	('CREATE OPERATOR', 'CREATE OPERATOR app.#> (LEFTARG = app.pair, RIGHTARG = app.pair, FUNCTION = app.same, COMMUTATOR = OPERATOR(app.<#), NEGATOR = OPERATOR(app.!#>))',
		'CREATE OPERATOR app.<# (LEFTARG = app.pair, RIGHTARG = app.pair, FUNCTION = app.same)'),
	('CREATE OPERATOR', 'CREATE OPERATOR app.#> (LEFTARG = app.pair, RIGHTARG = app.pair, FUNCTION = app.same)',
		'CREATE OPERATOR app.<# (LEFTARG = app.pair, RIGHTARG = app.pair, FUNCTION = app.same, COMMUTATOR = OPERATOR(app.#>), NEGATOR = OPERATOR(app.#!))'),
	('CREATE OPERATOR CLASS', NULL,
		'CREATE OPERATOR CLASS app.pair_ops2 FOR TYPE app.pair USING btree FAMILY app.pairs AS STORAGE app.pair'),
	('CREATE OPERATOR CLASS', NULL,
		'CREATE OPERATOR CLASS app.pair_ops3 FOR TYPE app.pair USING hash AS OPERATOR 1 app.==='),
	('CREATE OPERATOR CLASS', 'CREATE INDEX sorted_idx ON app.searched (t); CREATE TABLE app.vc (v varchar); CREATE INDEX vc_idx ON app.vc (v)',
		'CREATE OPERATOR CLASS app.vc_ops DEFAULT FOR TYPE varchar USING btree AS OPERATOR 3 =(text, text), FUNCTION 1 bttextcmp(text, text)'),
	('CREATE CAST', 'CREATE TYPE app.base; CREATE FUNCTION app.base_in(cstring) RETURNS app.base STRICT IMMUTABLE LANGUAGE internal AS ''textin''; CREATE FUNCTION app.base_out(app.base) RETURNS cstring STRICT IMMUTABLE LANGUAGE internal AS ''textout''; CREATE TYPE app.base (INPUT = app.base_in, OUTPUT = app.base_out, LIKE = text, COLLATABLE = true); CREATE TABLE app.bases (b app.base); CREATE CAST (app.base AS text) WITHOUT FUNCTION AS IMPLICIT; CREATE INDEX bases_idx ON app.bases (b)',
		'CREATE OPERATOR CLASS app.base_ops DEFAULT FOR TYPE app.base USING btree AS STORAGE app.base'),
	('CREATE CAST', 'CREATE TYPE app.base; CREATE FUNCTION app.base_in(cstring) RETURNS app.base STRICT IMMUTABLE LANGUAGE internal AS ''textin''; CREATE FUNCTION app.base_out(app.base) RETURNS cstring STRICT IMMUTABLE LANGUAGE internal AS ''textout''; CREATE TYPE app.base (INPUT = app.base_in, OUTPUT = app.base_out, LIKE = text, COLLATABLE = true); CREATE DOMAIN app.based AS app.base; CREATE TABLE app.bases (b app.base, d app.based); CREATE CAST (app.base AS text) WITHOUT FUNCTION AS IMPLICIT; CREATE INDEX bases_idx ON app.bases (b); CREATE INDEX based_idx ON app.bases (d)',
		'DROP CAST (app.base AS text)'),
	('CREATE OPERATOR FAMILY', NULL,
		'CREATE OPERATOR FAMILY app.fam USING hash'),
	('CREATE POLICY', NULL,
		'CREATE POLICY p ON app.tasks AS RESTRICTIVE FOR UPDATE TO regress_trace_2 USING (true) WITH CHECK (id > 0)'),
	('CREATE PROCEDURE', NULL,
		'CREATE PROCEDURE app.p(INOUT x integer) LANGUAGE plpgsql AS ''BEGIN END'''),
	('CREATE PUBLICATION', NULL,
		'CREATE PUBLICATION regress_trace_pub2 FOR ALL TABLES'),
	('CREATE RULE', NULL,
		'CREATE RULE r AS ON UPDATE TO app.tasks DO ALSO DELETE FROM app.agents'),
	('CREATE RULE', NULL,
		'CREATE OR REPLACE RULE agents_rule AS ON DELETE TO app.agents DO INSTEAD NOTHING'),
	('CREATE SCHEMA', NULL,
		'CREATE SCHEMA made AUTHORIZATION regress_trace_1 CREATE TABLE t (id integer PRIMARY KEY) CREATE VIEW v AS SELECT id FROM t CREATE INDEX i ON t (id) CREATE SEQUENCE s GRANT SELECT ON t TO regress_trace_2'),
	('CREATE SEQUENCE', NULL,
		'CREATE SEQUENCE app.s AS integer OWNED BY app.tasks.id'),
	('CREATE SERVER', NULL,
		'CREATE SERVER regress_trace_server2 TYPE ''t'' FOREIGN DATA WRAPPER regress_trace_fdw'),
	('CREATE STATISTICS', NULL,
		'CREATE STATISTICS app.st (mcv) ON (num + 1), mood FROM app.agents'),
	('CREATE SUBSCRIPTION', NULL,
		'CREATE SUBSCRIPTION regress_trace_sub2 CONNECTION ''dbname=nowhere'' PUBLICATION p WITH (connect = false, slot_name = NONE, enabled = false)'),
	('CREATE TABLE', NULL,
		'CREATE TABLE app.t (id integer PRIMARY KEY, x text DEFAULT ''a'' UNIQUE CHECK (x <> ''''), y serial, z integer GENERATED ALWAYS AS IDENTITY, w integer REFERENCES app.parent)'),
	('CREATE TABLE', NULL,
		'CREATE TABLE app.t (LIKE app.agents INCLUDING ALL)'),
	('CREATE TABLE', NULL,
		'CREATE TABLE app.t (e text) INHERITS (app.parent, app.counted)'),
	('CREATE TABLE', NULL,
		'CREATE TABLE app.t OF app.pair (PRIMARY KEY (a))'),
	('CREATE TABLE', NULL,
		'CREATE TEMPORARY TABLE temporary_t (id serial PRIMARY KEY, x text)'),
	('CREATE TABLE', 'CREATE INDEX ON app.measures (id); CREATE TRIGGER tr AFTER INSERT ON app.measures FOR EACH ROW EXECUTE FUNCTION app.on_change()',
		'CREATE TABLE app.measures_3 PARTITION OF app.measures FOR VALUES FROM (''2021-01-01'') TO (''2022-01-01'')'),
	('CREATE TABLE AS', NULL,
		'CREATE TABLE app.t AS SELECT * FROM app.agents'),
	('CREATE TEXT SEARCH CONFIGURATION', NULL,
		'CREATE TEXT SEARCH CONFIGURATION app.s2 (COPY = app.search)'),
	('CREATE TEXT SEARCH DICTIONARY', NULL,
		'CREATE TEXT SEARCH DICTIONARY app.d2 (TEMPLATE = simple, Accept = false)'),
	('CREATE TEXT SEARCH PARSER', NULL,
		'CREATE TEXT SEARCH PARSER app.p2 (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype)'),
	('CREATE TEXT SEARCH TEMPLATE', NULL,
		'CREATE TEXT SEARCH TEMPLATE app.t2 (LEXIZE = dsimple_lexize)'),
	('CREATE TRANSFORM', NULL,
		'CREATE TRANSFORM FOR app.pair LANGUAGE regress_trace_lang (FROM SQL WITH FUNCTION app.transform(internal))'),
	('CREATE TRANSFORM', 'CREATE TRANSFORM FOR app.pair LANGUAGE regress_trace_lang (FROM SQL WITH FUNCTION app.transform(internal)); CREATE FUNCTION app.transform2(internal) RETURNS internal IMMUTABLE LANGUAGE internal AS ''byteain''',
		'CREATE OR REPLACE TRANSFORM FOR app.pair LANGUAGE regress_trace_lang (FROM SQL WITH FUNCTION app.transform2(internal))'),
	('CREATE TRIGGER', NULL,
		'CREATE TRIGGER tr AFTER DELETE ON app.tasks REFERENCING OLD TABLE AS o FOR EACH STATEMENT EXECUTE FUNCTION app.on_change()'),
	('CREATE TRIGGER', NULL,
		'CREATE OR REPLACE TRIGGER agents_change BEFORE INSERT ON app.agents FOR EACH ROW EXECUTE FUNCTION app.on_change()'),
	('CREATE TRIGGER', NULL,
		'CREATE CONSTRAINT TRIGGER ct AFTER INSERT ON app.tasks DEFERRABLE FOR EACH ROW EXECUTE FUNCTION app.on_change()'),
	('CREATE TRIGGER', NULL,
		'CREATE TRIGGER tr AFTER INSERT ON app.measures FOR EACH ROW EXECUTE FUNCTION app.on_change()'),
	('CREATE TYPE', NULL,
		'CREATE TYPE app.e AS ENUM (''a''); CREATE TYPE app.c AS (x app.e); CREATE TYPE app.r AS RANGE (subtype = text); CREATE TYPE app.shell'),
	('CREATE TYPE', 'CREATE TYPE app.base; CREATE FUNCTION app.base_in(cstring) RETURNS app.base STRICT IMMUTABLE LANGUAGE internal AS ''textin''; CREATE FUNCTION app.base_out(app.base) RETURNS cstring STRICT IMMUTABLE LANGUAGE internal AS ''textout''',
		'CREATE TYPE app.base (INPUT = app.base_in, OUTPUT = app.base_out)'),
	('CREATE TYPE', 'CREATE TYPE app.r; CREATE FUNCTION app.canon(app.r) RETURNS app.r IMMUTABLE LANGUAGE internal AS ''int4range_canonical''',
		'CREATE TYPE app.r AS RANGE (subtype = integer, canonical = app.canon)'),
	('CREATE USER MAPPING', NULL,
		'CREATE USER MAPPING FOR public SERVER regress_trace_server OPTIONS (a ''b'')'),
	('CREATE VIEW', NULL,
		'CREATE VIEW app.v9 AS SELECT name, mood FROM app.agents'),
	('CREATE VIEW', NULL,
		'CREATE OR REPLACE VIEW app.v2 AS SELECT v1.id, v1.name, v1.mood FROM app.v1'),
	('CREATE VIEW', NULL,
		'CREATE OR REPLACE VIEW app.v1 WITH (security_barrier) AS SELECT a.id, a.name, a.mood, ''x''::text AS note, 1 AS twice FROM app.agents a'),
	('CREATE VIEW', NULL,
		'CREATE RECURSIVE VIEW app.r (n) AS SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5'),
	('DO', NULL,
		'DO $do$ BEGIN EXECUTE ''CREATE TABLE app.t (id integer)''; ALTER TABLE app.t ADD x text; ALTER TABLE app.tasks RENAME note TO n; END $do$'),
	('DO', NULL,
		'DO $do$ BEGIN BEGIN DROP TABLE app.agents CASCADE; ALTER TABLE app.tasks ADD x text; RAISE ''no''; EXCEPTION WHEN OTHERS THEN NULL; END; ALTER TABLE app.tasks RENAME id TO ident; END $do$'),
	('DO', NULL,
		'DO $do$ BEGIN BEGIN DROP TABLE app.tasks CASCADE; RAISE ''no''; EXCEPTION WHEN OTHERS THEN NULL; END; DROP TABLE app.tasks CASCADE; END $do$'),
	('SELECT', 'CREATE FUNCTION app.make() RETURNS void LANGUAGE plpgsql AS $f$ BEGIN CREATE TABLE app.t (id integer); DROP VIEW app.v2; END $f$',
		'SELECT app.make()'),
	('CALL', 'CREATE PROCEDURE app.make() LANGUAGE plpgsql AS $f$ BEGIN CREATE TABLE app.t (id integer); COMMENT ON TABLE app.tasks IS ''x''; END $f$',
		'CALL app.make()'),
	('DROP ACCESS METHOD', NULL,
		'DROP ACCESS METHOD regress_trace_am'),
	('DROP AGGREGATE', NULL,
		'DROP AGGREGATE app.total(integer)'),
	('DROP CAST', NULL,
		'DROP CAST (integer AS app.pair)'),
	('DROP COLLATION', NULL,
		'DROP COLLATION app.bytes CASCADE'),
	('DROP CONVERSION', NULL,
		'DROP CONVERSION app.conv'),
	('DROP DOMAIN', NULL,
		'DROP DOMAIN app.code CASCADE'),
	('DROP EVENT TRIGGER', NULL,
		'DROP EVENT TRIGGER regress_trace_event'),
	('DROP EXTENSION', 'CREATE EXTENSION citext SCHEMA app; CREATE TABLE app.ci (x app.citext, y integer)',
		'DROP EXTENSION citext CASCADE'),
	('DROP FOREIGN DATA WRAPPER', NULL,
		'DROP FOREIGN DATA WRAPPER regress_trace_fdw CASCADE'),
	('DROP FOREIGN TABLE', NULL,
		'DROP FOREIGN TABLE app.far'),
	('DROP FUNCTION', NULL,
		'DROP FUNCTION app.twice CASCADE'),
	('DROP FUNCTION', NULL,
		'DROP FUNCTION app.same CASCADE'),
	('DROP INDEX', NULL,
		'DROP INDEX app.agents_expr_idx'),
	('DROP INDEX', 'ALTER TABLE app.agents REPLICA IDENTITY USING INDEX agents_num_key',
		'DROP INDEX app.agents_num_key'),
	('DROP INDEX', 'CREATE INDEX measures_idx ON app.measures (id)',
		'DROP INDEX app.measures_idx'),
	('DROP LANGUAGE', NULL,
		'DROP LANGUAGE regress_trace_lang CASCADE'),
	('DROP MATERIALIZED VIEW', NULL,
		'DROP MATERIALIZED VIEW app.m1'),
	('DROP OPERATOR', NULL,
		'DROP OPERATOR app.=== (app.pair, app.pair) CASCADE'),
	('DROP OPERATOR', NULL,
		'DROP OPERATOR app.!== (app.pair, app.pair)'),
	('DROP OPERATOR CLASS', NULL,
		'DROP OPERATOR CLASS app.pair_ops USING btree'),
	('DROP OPERATOR FAMILY', NULL,
		'DROP OPERATOR FAMILY app.pairs USING btree CASCADE'),
	('DROP OWNED', NULL,
		'DROP OWNED BY regress_trace_1'),
	('DROP POLICY', NULL,
		'DROP POLICY agents_policy ON app.agents'),
	('DROP PROCEDURE', 'CREATE PROCEDURE app.p() LANGUAGE sql AS ''''',
		'DROP PROCEDURE app.p'),
	('DROP PUBLICATION', NULL,
		'DROP PUBLICATION regress_trace_pub'),
	('DROP ROLE', 'CREATE ROLE regress_trace_9',
		'DROP ROLE regress_trace_9'),
	('DROP ROUTINE', NULL,
		'DROP ROUTINE app.of_agent CASCADE'),
	('DROP RULE', NULL,
		'DROP RULE agents_rule ON app.agents'),
	('DROP SCHEMA', NULL,
		'DROP SCHEMA app CASCADE'),
	('DROP SCHEMA', NULL,
		'DROP SCHEMA other'),
	('DROP SEQUENCE', NULL,
		'DROP SEQUENCE app.counter CASCADE'),
	('DROP SEQUENCE', NULL,
		'DROP SEQUENCE app.agents_serial_id_seq CASCADE'),
	('DROP SERVER', NULL,
		'DROP SERVER regress_trace_server CASCADE'),
	('DROP STATISTICS', NULL,
		'DROP STATISTICS app.agents_stats'),
	('DROP SUBSCRIPTION', NULL,
		'DROP SUBSCRIPTION regress_trace_sub'),
	('DROP TABLE', NULL,
		'DROP TABLE app.agents CASCADE'),
	('DROP TABLE', NULL,
		'DROP TABLE app.tasks CASCADE'),
	('DROP TABLE', NULL,
		'DROP TABLE app.parent CASCADE'),
	('DROP TABLE', NULL,
		'DROP TABLE app.measures'),
	('DROP TABLE', NULL,
		'DROP TABLE app.measures_1'),
	('DROP TABLE', NULL,
		'DROP TABLE app.counted, app.owned; CREATE TABLE app.counted (n integer); CREATE TABLE app.owned (id serial)'),
	('DROP TABLE', NULL,
		'CREATE TABLE app.t (id serial PRIMARY KEY); DROP TABLE app.t'),
	('DROP TABLE', NULL,
		'ALTER TABLE app.counted RENAME TO old; CREATE TABLE app.counted (m text); DROP TABLE app.old'),
	('DROP TABLE', NULL,
		'ALTER TABLE app.counted RENAME n TO m; DROP TABLE app.counted; CREATE TABLE app.counted (n bigint)'),
	('DROP TABLE', NULL, 'ALTER TABLE app.counted ADD CHECK (n > 0); DROP TABLE app.counted; CREATE TABLE app.counted (n bigint)'),
	('ALTER TABLE',
		'CREATE TABLE app.above (a integer, x integer); CREATE TABLE app.below (b integer) INHERITS (app.above);
			CREATE TABLE app.beside (x integer, a integer); CREATE VIEW app.joined AS SELECT j.b FROM (app.below CROSS JOIN app.beside) j',
		'ALTER TABLE app.above DROP x'),
	('ALTER TABLE',
		'CREATE TABLE app.above (a integer, x integer); CREATE TABLE app.below (b integer) INHERITS (app.above);
			CREATE TABLE app.beside (x integer, a integer); CREATE VIEW app.joined AS SELECT j.b FROM (app.below CROSS JOIN app.beside) j',
		'ALTER TABLE app.above ADD d integer'),
	('DROP TEXT SEARCH CONFIGURATION', NULL,
		'DROP TEXT SEARCH CONFIGURATION app.search CASCADE'),
	('DROP TEXT SEARCH DICTIONARY', NULL,
		'DROP TEXT SEARCH DICTIONARY app.dict CASCADE'),
	('DROP TEXT SEARCH PARSER', NULL,
		'DROP TEXT SEARCH PARSER app.parser'),
	('DROP TEXT SEARCH TEMPLATE', NULL,
		'DROP TEXT SEARCH TEMPLATE app.template'),
	('DROP TRANSFORM', 'CREATE TRANSFORM FOR app.pair LANGUAGE regress_trace_lang (FROM SQL WITH FUNCTION app.transform(internal))',
		'DROP TRANSFORM FOR app.pair LANGUAGE regress_trace_lang'),
	('DROP TRIGGER', NULL,
		'DROP TRIGGER agents_change ON app.agents'),
	('DROP TYPE', NULL,
		'DROP TYPE app.mood CASCADE'),
	('DROP TYPE', NULL,
		'DROP TYPE app.pair CASCADE'),
	('DROP TYPE', NULL,
		'DROP TYPE app.span CASCADE'),
	('DROP USER MAPPING', NULL,
		'DROP USER MAPPING FOR regress_trace_1 SERVER regress_trace_server'),
	('DROP VIEW', NULL,
		'DROP VIEW app.v1 CASCADE'),
	('DROP VIEW', NULL,
		'DROP VIEW app.v2; CREATE VIEW app.v2 AS SELECT v1.id, v1.name FROM app.v1'),
	('GRANT', NULL,
		'GRANT INSERT ON app.agents TO regress_trace_2; GRANT SELECT (name, num) ON app.agents TO regress_trace_2; GRANT USAGE ON SEQUENCE app.counter TO regress_trace_2; GRANT ALL ON app.v1 TO public'),
	('GRANT', NULL,
		'GRANT EXECUTE ON FUNCTION app.twice(integer) TO regress_trace_2; GRANT CREATE ON SCHEMA app TO regress_trace_2; GRANT USAGE ON TYPE app.mood, app.pair TO regress_trace_2; GRANT USAGE ON LANGUAGE plpgsql TO regress_trace_2; GRANT USAGE ON FOREIGN SERVER regress_trace_server TO regress_trace_2; GRANT USAGE ON FOREIGN DATA WRAPPER regress_trace_fdw TO regress_trace_2; GRANT USAGE ON DOMAIN app.code TO regress_trace_2'),
	('GRANT', NULL,
		'GRANT SELECT ON ALL TABLES IN SCHEMA app TO regress_trace_2; GRANT EXECUTE ON ALL ROUTINES IN SCHEMA app TO regress_trace_2; GRANT USAGE ON ALL SEQUENCES IN SCHEMA app TO regress_trace_2'),
	('GRANT', NULL,
		'GRANT CONNECT ON DATABASE template1 TO regress_trace_2; GRANT CREATE ON TABLESPACE pg_default TO regress_trace_2; GRANT SET ON PARAMETER work_mem TO regress_trace_2'),
	('GRANT ROLE', NULL,
		'GRANT regress_trace_1 TO regress_trace_2'),
	('REVOKE', NULL,
		'REVOKE ALL ON app.agents FROM regress_trace_1'),
	('REVOKE', NULL,
		'REVOKE UPDATE (name) ON app.agents FROM regress_trace_1'),
	('REVOKE', NULL,
		'REVOKE EXECUTE ON FUNCTION app.twice(integer) FROM public'),
	('REVOKE', NULL,
		'REVOKE ALL ON ALL TABLES IN SCHEMA app FROM regress_trace_1'),
	('REASSIGN OWNED', NULL,
		'REASSIGN OWNED BY regress_trace_1 TO regress_trace_2'),
	('REFRESH MATERIALIZED VIEW', NULL,
		'REFRESH MATERIALIZED VIEW app.m1'),
	('REFRESH MATERIALIZED VIEW', 'UPDATE pg_index SET indisvalid = false WHERE indexrelid = ''app.m1_name_idx''::regclass',
		'REFRESH MATERIALIZED VIEW app.m1'),
	('REINDEX', 'UPDATE pg_index SET indisvalid = false WHERE indexrelid = ''app.agents_num_key''::regclass',
		'REINDEX INDEX app.agents_num_key'),
	('REINDEX', 'UPDATE pg_index SET indisvalid = false WHERE indexrelid = ''app.agents_pkey''::regclass',
		'REINDEX TABLE app.agents'),
	('TRUNCATE TABLE', 'UPDATE pg_index SET indisvalid = false WHERE indrelid = ''app.tasks''::regclass',
		'TRUNCATE app.agents CASCADE'),
	('CREATE ROLE', NULL,
		'CREATE ROLE regress_trace_9'),
	('INSERT', NULL,
		'INSERT INTO app.counted VALUES (DEFAULT)'),
	('CREATE INDEX', NULL,
		'CREATE INDEX a ON app.tasks (note); ALTER INDEX app.a RENAME TO b; DROP INDEX app.b; CREATE INDEX a ON app.tasks (id)'),
	('ALTER TABLE', 'CREATE VIEW app.v5 AS SELECT * FROM app.tasks AS t(i, j) JOIN app.parent p(k) ON i = k',
		'ALTER TABLE app.tasks ADD i text, ADD q text'),
	('ALTER TABLE', 'CREATE VIEW app.v5 AS SELECT j.id, j.a FROM (app.counted JOIN app.parent ON true) j',
		'ALTER TABLE app.counted ADD a text'),
	('ALTER TABLE', 'CREATE VIEW app.v5 AS SELECT id, c.n, p.a FROM app.tasks JOIN app.parent p USING (id) CROSS JOIN app.counted c',
		'ALTER TABLE app.counted ADD id text'),
	('ALTER TABLE', 'CREATE VIEW app.v5 AS SELECT id, c.n, p.a FROM app.tasks JOIN app.parent p USING (id) CROSS JOIN app.counted c',
		'ALTER TABLE app.parent RENAME id TO ident'),
	('ALTER TABLE', 'CREATE VIEW app.v5 AS SELECT id, c.n, p.a FROM app.tasks JOIN app.parent p USING (id) CROSS JOIN app.counted c',
		'ALTER TABLE app.counted RENAME n TO id'),
	('ALTER TABLE', 'CREATE FUNCTION app.f5() RETURNS SETOF text LANGUAGE sql BEGIN ATOMIC SELECT p.a FROM app.tasks JOIN app.parent p USING (id) CROSS JOIN app.counted c; END',
		'ALTER TABLE app.counted ADD id text'),
	('ALTER TABLE', 'CREATE VIEW app.v5 AS SELECT id, c.n, p.a FROM app.tasks JOIN app.parent p USING (id) CROSS JOIN app.counted c; ALTER TABLE app.counted ADD id text',
		'ALTER TABLE app.counted DROP id'),
	('ALTER TABLE', 'CREATE VIEW app.v5 AS SELECT f.name, f.num FROM app.of_agents(NULL) f',
		'ALTER TABLE app.agents RENAME num TO number'),
	('ALTER TABLE', 'CREATE TABLE app.held (a app.agents); CREATE VIEW app.v5 AS SELECT (held.a).name FROM app.held',
		'ALTER TABLE app.agents RENAME name TO title');

SELECT tag || ': ' || inspect.try(setup, statement) FROM inspect.trial ORDER BY ordinal;

--
-- What cannot run in a function, or in a transaction.
--
\set before 'SELECT FROM inspect.look(''before'')\; SELECT FROM inspect.trace_begin()\;'
\set after 'SELECT inspect.report();'
:before
SELECT id, note INTO app.into_table FROM app.tasks;
:after
:before
CREATE INDEX CONCURRENTLY tasks_note_idx ON app.tasks (note);
:after
INSERT INTO app.tasks (id, note) VALUES (1, 'a'), (2, 'a');
-- the trace goes on over an error
:before
CREATE UNIQUE INDEX CONCURRENTLY tasks_note_key ON app.tasks (note);
:after
DELETE FROM app.tasks WHERE id = 2;
:before
REINDEX INDEX CONCURRENTLY app.tasks_note_key;
:after
:before
REINDEX TABLE CONCURRENTLY app.tasks;
:after
:before
REINDEX SCHEMA app;
:after
:before
DROP INDEX CONCURRENTLY app.tasks_note_key;
:after
:before
VACUUM FULL app.tasks;
:after
:before
CLUSTER;
:after
:before
ALTER TABLE app.measures DETACH PARTITION app.measures_1 CONCURRENTLY;
:after
:before
BEGIN;
CREATE TABLE app.one (id integer);
SAVEPOINT a;
DROP TABLE app.counted;
ALTER TABLE app.tasks RENAME note TO notes;
ROLLBACK TO a;
ALTER TABLE app.tasks RENAME note TO remark;
RELEASE a;
COMMIT;
:after
:before
BEGIN;
DROP SCHEMA app CASCADE;
ROLLBACK;
:after
:before
PREPARE p AS SELECT 1 AS one;
CREATE TABLE app.prepared AS EXECUTE p;
DO $$ BEGIN EXECUTE 'EXPLAIN ANALYZE CREATE TABLE app.explained AS SELECT 1 AS one'; END $$;
DEALLOCATE p;
:after

--
-- Memory: what a trace took is given back.
--
SELECT count(*) FROM pg_backend_memory_contexts
	WHERE name LIKE 'schema\_lifecycle%' AND name NOT LIKE '%statement%' AND name ~ 'trace|inspection|seen|facts';

--
-- Every command of the server is here, or changes no fact.
--
CREATE TABLE inspect.no_fact (tag text PRIMARY KEY, reason text NOT NULL);
INSERT INTO inspect.no_fact
SELECT tag, reason FROM (VALUES
	('there is no such command',
		'{???,ALTER ACCESS METHOD,ALTER CAST,ALTER CONSTRAINT,ALTER TRANSFORM,CREATE CONSTRAINT,CREATE ROUTINE,DROP CONSTRAINT,CLOSE}'),
	('shared by all databases', '{ALTER DATABASE,ALTER SYSTEM,CREATE DATABASE,CREATE TABLESPACE,DROP DATABASE,DROP TABLESPACE,REVOKE ROLE}'),
	('about rows', '{COPY,COPY FROM,DELETE,MERGE,UPDATE,SELECT FOR KEY SHARE,SELECT FOR NO KEY UPDATE,SELECT FOR SHARE,SELECT FOR UPDATE,ALTER LARGE OBJECT,VACUUM}'),
	('about the session', '{CLOSE CURSOR,CLOSE CURSOR ALL,DECLARE CURSOR,FETCH,MOVE,DEALLOCATE,DEALLOCATE ALL,DISCARD,DISCARD ALL,DISCARD PLANS,DISCARD SEQUENCES,DISCARD TEMP,LISTEN,NOTIFY,UNLISTEN,LOAD,PREPARE,RESET,SET,SET CONSTRAINTS,SHOW,LOGIN}'),
	('about the transaction', '{BEGIN,START TRANSACTION,COMMIT,ROLLBACK,SAVEPOINT,RELEASE,PREPARE TRANSACTION,COMMIT PREPARED,ROLLBACK PREPARED,LOCK TABLE,CHECKPOINT}'),
	('runs another one: above', '{EXECUTE,EXPLAIN,SELECT INTO}'),
	('labels are no facts', '{SECURITY LABEL}'),
	('makes foreign tables, by their own command', '{IMPORT FOREIGN SCHEMA}')
) AS v (reason, tags), unnest(tags::text[]) AS tag;
CREATE TABLE inspect.line (line text);
\copy inspect.line FROM PROGRAM 'tr -d "\\\\\\t" < "$(${PG_CONFIG:-pg_config} --includedir-server)/tcop/cmdtaglist.h"'
SELECT count(*) > 190 FROM inspect.line WHERE line LIKE 'PG\_CMDTAG%';
SELECT (regexp_match(line, '"([^"]*)"'))[1] AS untested FROM inspect.line WHERE line LIKE 'PG\_CMDTAG%'
EXCEPT SELECT tag FROM inspect.trial EXCEPT SELECT tag FROM inspect.no_fact;

DROP SUBSCRIPTION regress_trace_sub;
DROP EVENT TRIGGER regress_trace_event;
DROP SCHEMA app, other, inspect CASCADE;
DROP OWNED BY regress_trace_1, regress_trace_2;
DROP FOREIGN DATA WRAPPER regress_trace_fdw CASCADE;
DROP ACCESS METHOD regress_trace_am;
DROP LANGUAGE regress_trace_lang;
DROP PUBLICATION regress_trace_pub;
DROP ROLE regress_trace_1, regress_trace_2;
DROP EXTENSION schema_lifecycle;
DROP SCHEMA sl;
