--
-- Version tables that do not keep what is written to them: a run does not go
-- on as if they did
--
CREATE DATABASE sl_regression_adopt_refusing;
\set maindb :DBNAME
\c sl_regression_adopt_refusing
SET client_min_messages = warning;
CREATE EXTENSION schema_lifecycle;
\pset null -

SELECT sl_register('a1', 'CREATE TABLE a (i int)', parents => '{}');
SELECT sl_register('b2', 'CREATE TABLE b (i int)', 'DROP TABLE b');
SELECT sl_register('c3', 'CREATE TABLE c (i int)', 'DROP TABLE c');
CALL sl_migrate('a1');
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
CREATE ROLE sl_regression_tool;
ALTER TABLE alembic_version OWNER TO sl_regression_tool;
SELECT * FROM sl_adopt('alembic');
TABLE alembic_version;

CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.version_num := 'z' || NEW.version_num;
	RETURN NEW;
END $$;
CREATE FUNCTION undo() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM public.alembic_version;
	RETURN NULL;
END $$;

CREATE TRIGGER t BEFORE UPDATE ON alembic_version FOR EACH ROW EXECUTE FUNCTION swallow();
CALL sl_migrate('b2');
\set VERBOSITY terse
DROP TRIGGER t ON alembic_version;
CREATE TRIGGER t BEFORE UPDATE ON alembic_version FOR EACH ROW EXECUTE FUNCTION change();
SELECT * FROM sl_apply_pending('b2');
DROP TRIGGER t ON alembic_version;
CREATE TRIGGER t AFTER UPDATE ON alembic_version EXECUTE FUNCTION undo();
SELECT * FROM sl_stamp('b2', force => true);
DROP TRIGGER t ON alembic_version;
CREATE RULE r AS ON UPDATE TO alembic_version DO INSTEAD NOTHING;
SELECT sl_resolve('b2', 'applied', 'to see');
DROP RULE r ON alembic_version;
ALTER TABLE alembic_version ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CALL sl_boot('b2');
ALTER TABLE alembic_version DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;
TABLE alembic_version;

-- what only looks on is no matter, and has the rights of the table's owner
CREATE TABLE seen (by name, version text);
GRANT INSERT ON seen TO sl_regression_tool;
CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO public.seen VALUES (current_user, NEW.version_num);
	RETURN NEW;
END $$;
CREATE TRIGGER t BEFORE INSERT OR UPDATE ON alembic_version FOR EACH ROW EXECUTE FUNCTION look();
CALL sl_migrate('b2');
TABLE alembic_version;
TABLE seen;

-- the way out
CREATE RULE r AS ON UPDATE TO alembic_version DO INSTEAD NOTHING;
CALL sl_migrate('c3');
SELECT * FROM sl_adopt('alembic', mirror => false);
CALL sl_migrate('c3');
SELECT action, revision, outcome FROM sl_history;
TABLE alembic_version;

\c :maindb
DROP DATABASE sl_regression_adopt_refusing;
DROP ROLE sl_regression_tool;
