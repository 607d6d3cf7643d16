/*-------------------------------------------------------------------------
 *
 * classify.c
 *	  What kind of statement a raw parse tree is.
 *
 * Tables by node tag.  The first holds every caller of
 * PreventInTransactionBlock in PostgreSQL 15 to 18, as far as the text of
 * the statement decides; see doc comments below for what the catalog decides.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/script/classify.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/defrem.h"
#include "nodes/nodeFuncs.h"
#include "script/script.h"
#include "utils/builtins.h"

/* Returns the command as a user would write it (a constant), or NULL. */
typedef const char *(*SlLoner) (Node *stmt);
typedef bool (*SlDataTest) (Node *stmt);

static bool option(List *options, const char *name, bool absent);
static const char *create_index(Node *stmt);
static const char *drop_object(Node *stmt);
static const char *reindex(Node *stmt);
static const char *vacuum(Node *stmt);
static const char *cluster(Node *stmt);
static const char *create_database(Node *stmt);
static const char *drop_database(Node *stmt);
static const char *alter_database(Node *stmt);
static const char *create_tablespace(Node *stmt);
static const char *drop_tablespace(Node *stmt);
static const char *alter_system(Node *stmt);
static const char *create_subscription(Node *stmt);
static const char *alter_subscription(Node *stmt);
static const char *drop_subscription(Node *stmt);
static const char *alter_table(Node *stmt);
static bool always_data(Node *stmt);
static bool select_data(Node *stmt);
static bool create_as_data(Node *stmt);
static bool explain_data(Node *stmt);
static bool declare_data(Node *stmt);
static bool copy_data(Node *stmt);
static bool alter_sequence_data(Node *stmt);
static bool data_walker(Node *node, void *context);
static bool is_harmless(const FuncCall *call);

/*
 * Statements that cannot run in a transaction.
 *
 * Not here, because only the catalog knows: REINDEX and CLUSTER of a
 * partitioned table, which PostgreSQL refuses in a transaction (25001, and
 * nothing has happened).  DROP SUBSCRIPTION is allowed where no slot is
 * attached; it is taken for the usual case, as it can always run alone.
 */
static const struct
{
	NodeTag		tag;
	SlLoner		loner;
}			loners[] =
{
	{T_IndexStmt, create_index},
	{T_DropStmt, drop_object},
	{T_ReindexStmt, reindex},
	{T_VacuumStmt, vacuum},
	{T_ClusterStmt, cluster},
	{T_CreatedbStmt, create_database},
	{T_DropdbStmt, drop_database},
	{T_AlterDatabaseStmt, alter_database},
	{T_CreateTableSpaceStmt, create_tablespace},
	{T_DropTableSpaceStmt, drop_tablespace},
	{T_AlterSystemStmt, alter_system},
	{T_CreateSubscriptionStmt, create_subscription},
	{T_AlterSubscriptionStmt, alter_subscription},
	{T_DropSubscriptionStmt, drop_subscription},
	{T_AlterTableStmt, alter_table},
};

/*
 * Statements that leave something that no fact of the catalog shows: rows, a
 * sequence's value, or whatever a called function did.
 *
 * CREATE MATERIALIZED VIEW is none: its rows follow from its definition.
 * VACUUM, ANALYZE, CLUSTER, REINDEX and CHECKPOINT leave the data as they
 * are.  PREPARE does nothing until EXECUTE.  Functions in the definition of
 * an object (a default, a view) belong to the object, which is a fact.
 */
static const struct
{
	NodeTag		tag;
	SlDataTest	test;
}			data_tests[] =
{
	{T_InsertStmt, always_data},
	{T_UpdateStmt, always_data},
	{T_DeleteStmt, always_data},
	{T_MergeStmt, always_data},
	{T_TruncateStmt, always_data},
	{T_DoStmt, always_data},
	{T_CallStmt, always_data},
	{T_ExecuteStmt, always_data},
	{T_RefreshMatViewStmt, always_data},
	{T_SelectStmt, select_data},
	{T_CreateTableAsStmt, create_as_data},
	{T_ExplainStmt, explain_data},
	{T_DeclareCursorStmt, declare_data},
	{T_CopyStmt, copy_data},
	{T_AlterSeqStmt, alter_sequence_data},
};

/* See script.h; 'command' may be NULL. */
bool
sl_statement_is_transactional(Node *stmt, const char **command)
{
	const char *found = NULL;
	int			i;

	for (i = 0; i < (int) lengthof(loners); i++)
	{
		if (nodeTag(stmt) == loners[i].tag)
			found = loners[i].loner(stmt);
	}
	if (command != NULL)
		*command = found;
	return found == NULL;
}

/* See script.h. */
bool
sl_statement_has_data(Node *stmt)
{
	int			i;

	for (i = 0; i < (int) lengthof(data_tests); i++)
	{
		if (nodeTag(stmt) == data_tests[i].tag)
			return data_tests[i].test(stmt);
	}
	return false;
}

/*
 * A Boolean option, read as defGetBoolean does; a value that is none counts
 * as 'absent', as the server will refuse it when the statement runs.
 */
static bool
option(List *options, const char *name, bool absent)
{
	ListCell   *cell;
	bool		result = absent;

	foreach(cell, options)
	{
		DefElem    *element = (DefElem *) lfirst(cell);

		if (strcmp(element->defname, name) != 0)
			continue;
		if (element->arg == NULL)
			result = true;
		else if (IsA(element->arg, Integer))
			result = intVal(element->arg) != 0;
		else if (!parse_bool(defGetString(element), &result))
			result = absent;
	}
	return result;
}

static const char *
create_index(Node *stmt)
{
	if (!((IndexStmt *) stmt)->concurrent)
		return NULL;
	return ((IndexStmt *) stmt)->unique ?
		"CREATE UNIQUE INDEX CONCURRENTLY" : "CREATE INDEX CONCURRENTLY";
}

static const char *
drop_object(Node *stmt)
{
	return ((DropStmt *) stmt)->concurrent ? "DROP INDEX CONCURRENTLY" : NULL;
}

static const char *
reindex(Node *stmt)
{
	ReindexStmt *reindex_stmt = (ReindexStmt *) stmt;
	bool		concurrently = option(reindex_stmt->params, "concurrently",
									  false);

	switch (reindex_stmt->kind)
	{
		case REINDEX_OBJECT_INDEX:
			return concurrently ? "REINDEX INDEX CONCURRENTLY" : NULL;
		case REINDEX_OBJECT_TABLE:
			return concurrently ? "REINDEX TABLE CONCURRENTLY" : NULL;
		case REINDEX_OBJECT_SCHEMA:
			return concurrently ? "REINDEX SCHEMA CONCURRENTLY" :
				"REINDEX SCHEMA";
		case REINDEX_OBJECT_SYSTEM:
			return "REINDEX SYSTEM";
		case REINDEX_OBJECT_DATABASE:
			return concurrently ? "REINDEX DATABASE CONCURRENTLY" :
				"REINDEX DATABASE";
	}
	return NULL;
}

static const char *
vacuum(Node *stmt)
{
	return ((VacuumStmt *) stmt)->is_vacuumcmd ? "VACUUM" : NULL;
}

static const char *
cluster(Node *stmt)
{
	return ((ClusterStmt *) stmt)->relation == NULL ? "CLUSTER" : NULL;
}

static const char *
create_database(Node *stmt)
{
	(void) stmt;
	return "CREATE DATABASE";
}

static const char *
drop_database(Node *stmt)
{
	(void) stmt;
	return "DROP DATABASE";
}

static const char *
alter_database(Node *stmt)
{
	ListCell   *cell;

	foreach(cell, ((AlterDatabaseStmt *) stmt)->options)
	{
		if (strcmp(((DefElem *) lfirst(cell))->defname, "tablespace") == 0)
			return "ALTER DATABASE SET TABLESPACE";
	}
	return NULL;
}

static const char *
create_tablespace(Node *stmt)
{
	(void) stmt;
	return "CREATE TABLESPACE";
}

static const char *
drop_tablespace(Node *stmt)
{
	(void) stmt;
	return "DROP TABLESPACE";
}

static const char *
alter_system(Node *stmt)
{
	(void) stmt;
	return "ALTER SYSTEM";
}

/* A slot is made unless it is told not to, or not to connect at all. */
static const char *
create_subscription(Node *stmt)
{
	List	   *options = ((CreateSubscriptionStmt *) stmt)->options;

	return option(options, "create_slot", option(options, "connect", true)) ?
		"CREATE SUBSCRIPTION" : NULL;
}

/*
 * Changes of publications refresh by default.  Options of the slot on the
 * other server cannot be rolled back: failover from 17 on, and two_phase when
 * it is switched off from 18 on; before that, these are errors anyway.
 */
static const char *
alter_subscription(Node *stmt)
{
	AlterSubscriptionStmt *alter = (AlterSubscriptionStmt *) stmt;
	ListCell   *cell;

	switch (alter->kind)
	{
		case ALTER_SUBSCRIPTION_REFRESH:
			return "ALTER SUBSCRIPTION REFRESH PUBLICATION";
		case ALTER_SUBSCRIPTION_SET_PUBLICATION:
			return option(alter->options, "refresh", true) ?
				"ALTER SUBSCRIPTION SET PUBLICATION" : NULL;
		case ALTER_SUBSCRIPTION_ADD_PUBLICATION:
			return option(alter->options, "refresh", true) ?
				"ALTER SUBSCRIPTION ADD PUBLICATION" : NULL;
		case ALTER_SUBSCRIPTION_DROP_PUBLICATION:
			return option(alter->options, "refresh", true) ?
				"ALTER SUBSCRIPTION DROP PUBLICATION" : NULL;
		case ALTER_SUBSCRIPTION_OPTIONS:
			foreach(cell, alter->options)
			{
				if (strcmp(((DefElem *) lfirst(cell))->defname,
						   "failover") == 0)
					return "ALTER SUBSCRIPTION SET (failover)";
			}
			return option(alter->options, "two_phase", true) ? NULL :
				"ALTER SUBSCRIPTION SET (two_phase)";
		default:
			return NULL;
	}
}

static const char *
drop_subscription(Node *stmt)
{
	(void) stmt;
	return "DROP SUBSCRIPTION";
}

static const char *
alter_table(Node *stmt)
{
	ListCell   *cell;

	foreach(cell, ((AlterTableStmt *) stmt)->cmds)
	{
		AlterTableCmd *cmd = (AlterTableCmd *) lfirst(cell);

		if (cmd->subtype == AT_DetachPartition &&
			((PartitionCmd *) cmd->def)->concurrent)
			return "ALTER TABLE DETACH PARTITION CONCURRENTLY";
	}
	return NULL;
}

static bool
always_data(Node *stmt)
{
	(void) stmt;
	return true;
}

/* SELECT INTO makes rows; any other SELECT may call functions or hold DML. */
static bool
select_data(Node *stmt)
{
	SelectStmt *leftmost = (SelectStmt *) stmt;

	/* the grammar leaves INTO in the first SELECT of a set operation */
	while (leftmost->larg != NULL)
		leftmost = leftmost->larg;
	return leftmost->intoClause != NULL || data_walker(stmt, NULL);
}

static bool
create_as_data(Node *stmt)
{
	CreateTableAsStmt *create = (CreateTableAsStmt *) stmt;

	return create->objtype == OBJECT_TABLE && !create->into->skipData;
}

/* EXPLAIN ANALYZE runs the statement. */
static bool
explain_data(Node *stmt)
{
	ExplainStmt *explain = (ExplainStmt *) stmt;

	return option(explain->options, "analyze", false) &&
		sl_statement_has_data(explain->query);
}

static bool
declare_data(Node *stmt)
{
	return sl_statement_has_data(((DeclareCursorStmt *) stmt)->query);
}

/* COPY TO of a query may hold DML, too. */
static bool
copy_data(Node *stmt)
{
	CopyStmt   *copy = (CopyStmt *) stmt;

	return copy->is_from ||
		(copy->query != NULL && sl_statement_has_data(copy->query));
}

static bool
alter_sequence_data(Node *stmt)
{
	ListCell   *cell;

	foreach(cell, ((AlterSeqStmt *) stmt)->options)
	{
		if (strcmp(((DefElem *) lfirst(cell))->defname, "restart") == 0)
			return true;
	}
	return false;
}

static bool
data_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, InsertStmt) || IsA(node, UpdateStmt) ||
		IsA(node, DeleteStmt) || IsA(node, MergeStmt))
		return true;
	if (IsA(node, FuncCall) && !is_harmless((FuncCall *) node))
		return true;
	return raw_expression_tree_walker(node, data_walker, context);
}

/*
 * Functions that are known to leave nothing behind.  Few, on purpose: what is
 * not here only makes a revision one that a person has to vouch for.
 * set_config stands at the top of every dump.  What SQL spells in words
 * (EXTRACT, SUBSTRING ... FROM) is a call of the server's own functions.
 */
static bool
is_harmless(const FuncCall *call)
{
	static const char *const names[] = {
		"set_config", "current_setting", "version", "now"
	};
	const char *name = strVal(llast(call->funcname));
	int			i;

	if (call->funcformat == COERCE_SQL_SYNTAX)
		return true;
	if (list_length(call->funcname) > 2 ||
		(list_length(call->funcname) == 2 &&
		 strcmp(strVal(linitial(call->funcname)), "pg_catalog") != 0))
		return false;
	for (i = 0; i < (int) lengthof(names); i++)
	{
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}
