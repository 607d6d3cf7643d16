--
-- A worker has what the client asked for when it connected, and with no more
-- rights than that.
--
SET client_min_messages = warning;
SELECT current_database() AS maindb, current_user AS super \gset
CREATE ROLE regress_worker LOGIN;
CREATE DATABASE sl_regression_worker;
\c sl_regression_worker
CREATE SCHEMA app AUTHORIZATION regress_worker;
CREATE SCHEMA ops;
CREATE EXTENSION schema_lifecycle SCHEMA ops;
SELECT ops.sl_grant('regress_worker', 'deploy');
-- a superuser's setting of a library that is loaded later, and one of ours
\c "dbname=sl_regression_worker user=regress_worker options='-c search_path=app,ops -c plpgsql.variable_conflict=use_column -c role=regress_worker -c default_transaction_read_only=on -c client_min_messages=error'"
SET default_transaction_read_only = off;
SELECT sl_register('a', $$-- sl:no-transaction
DO 'BEGIN CREATE TABLE seen AS SELECT current_setting(''search_path'') AS path,
	current_setting(''plpgsql.variable_conflict'') AS conflict,
	current_user AS who, session_user AS whoever; END'$$);
CALL sl_migrate();
SELECT * FROM app.seen;
-- in a transaction the same
SELECT sl_register('b', $$
DO 'BEGIN CREATE TABLE seen_too AS SELECT current_setting(''search_path'') AS path,
	current_setting(''plpgsql.variable_conflict'') AS conflict,
	current_user AS who, session_user AS whoever; END'$$);
CALL sl_migrate();
SELECT * FROM app.seen_too;

\c "dbname=postgres options=''"
\c :maindb :super
DROP DATABASE sl_regression_worker;
DROP ROLE regress_worker;
