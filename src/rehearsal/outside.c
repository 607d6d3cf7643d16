/*-------------------------------------------------------------------------
 *
 * outside.c
 *	  What queries of a rehearsal do not do: calls of functions that reach
 *	  outside the scratch database, and changes of foreign tables.
 *
 * A call is passed over in the query, before that is planned: its value is
 * NULL.  So is the change of a foreign table, which finds no rows.  What is
 * called by other ways (by a trigger, an index) is refused if its language is
 * not trusted: it may do anything.
 *
 * C functions of extensions cannot be told from harmless ones but by name.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/rehearsal/outside.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "commands/extension.h"
#include "fmgr.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/planner.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "rehearsal/rehearsal_private.h"

/* The server's own: processes, replication, WAL, files, shared counters. */
static const char *const outside_functions[] = {
	"lo_export",
	"pg_backup_start",
	"pg_backup_stop",
	"pg_cancel_backend",
	"pg_copy_logical_replication_slot",
	"pg_copy_physical_replication_slot",
	"pg_create_logical_replication_slot",
	"pg_create_physical_replication_slot",
	"pg_create_restore_point",
	"pg_drop_replication_slot",
	"pg_logical_emit_message",
	"pg_promote",
	"pg_reload_conf",
	"pg_replication_origin_advance",
	"pg_replication_origin_create",
	"pg_replication_origin_drop",
	"pg_replication_slot_advance",
	"pg_rotate_logfile",
	"pg_stat_reset_shared",
	"pg_switch_wal",
	"pg_terminate_backend",
};

/* Extensions whose functions speak to other servers, or write files. */
static const char *const outside_extensions[] = {
	"adminpack",
	"aws_lambda",
	"aws_s3",
	"dblink",
	"http",
	"pg_cron",
	"pg_net",
	"plproxy",
};

static planner_hook_type prev_planner = NULL;
static needs_fmgr_hook_type prev_needs_fmgr = NULL;

static bool
is_among(const char *const *names, int count, const char *name)
{
	int			i;

	for (i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* A procedural language that only superusers may use: C is none. */
bool
sl_is_untrusted_language(Oid language)
{
	HeapTuple	tuple = SearchSysCache1(LANGOID, ObjectIdGetDatum(language));
	Form_pg_language form;
	bool		untrusted;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_language) GETSTRUCT(tuple);
	untrusted = form->lanispl && !form->lanpltrusted;
	ReleaseSysCache(tuple);
	return untrusted;
}

static Oid
language_of(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Oid			language = InvalidOid;

	if (HeapTupleIsValid(tuple))
	{
		language = ((Form_pg_proc) GETSTRUCT(tuple))->prolang;
		ReleaseSysCache(tuple);
	}
	return language;
}

/* *facts: what it would have done is not known. */
static bool
is_outside(Oid function, bool *facts)
{
	char	   *name;
	Oid			extension;

	*facts = false;
	if (function < FirstNormalObjectId)
	{
		name = get_func_name(function);
		return name != NULL && is_among(outside_functions,
										lengthof(outside_functions), name);
	}
	if (sl_is_untrusted_language(language_of(function)))
	{
		*facts = true;
		return true;
	}
	extension = getExtensionOfObject(ProcedureRelationId, function);
	name = OidIsValid(extension) ? get_extension_name(extension) : NULL;
	return name != NULL && is_among(outside_extensions,
									lengthof(outside_extensions), name);
}

/* Does the query change a foreign table? */
static const char *
foreign_target(const Query *query)
{
	RangeTblEntry *target;

	if (query->commandType == CMD_SELECT ||
		query->commandType == CMD_UTILITY || query->resultRelation == 0)
		return NULL;
	target = rt_fetch(query->resultRelation, query->rtable);
	return target->relkind == RELKIND_FOREIGN_TABLE ?
		get_rel_name(target->relid) : NULL;
}

static void
tell_call(const FuncExpr *call, bool facts)
{
	sl_pass_over_tell(psprintf("the call of %s()",
							   get_func_name(call->funcid)),
					  _("It reaches outside the scratch database, or may do so; its value is NULL."),
					  facts);
}

static bool
find_outside(Node *node, void *context)
{
	bool		facts;

	if (node == NULL)
		return false;
	if (IsA(node, FuncExpr) &&
		is_outside(((FuncExpr *) node)->funcid, &facts))
		return true;
	if (IsA(node, Query))
	{
		if (foreign_target((Query *) node) != NULL)
			return true;
		return query_tree_walker((Query *) node, find_outside, context, 0);
	}
	return expression_tree_walker(node, find_outside, context);
}

/* A function in FROM: a row of NULLs is in its place, with its columns. */
static void
replace_by_row(RangeTblEntry *rte)
{
	List	   *columns;
	List	   *row = NIL;
	ListCell   *cell;

	sl_expand_rte(rte, &columns);
	foreach(cell, columns)
	{
		Node	   *column = lfirst(cell);
		Oid			type = exprType(column);
		int32		typmod = exprTypmod(column);
		Oid			collation = exprCollation(column);

		row = lappend(row, makeNullConst(type, typmod, collation));
		rte->coltypes = lappend_oid(rte->coltypes, type);
		rte->coltypmods = lappend_int(rte->coltypmods, typmod);
		rte->colcollations = lappend_oid(rte->colcollations, collation);
	}
	rte->rtekind = RTE_VALUES;
	rte->functions = NIL;
	rte->funcordinality = false;
	rte->values_lists = list_make1(row);
}

/* Functions in FROM, each by itself: 'query' is a copy. */
static void
replace_in_from(Query *query)
{
	ListCell   *cell;
	ListCell   *one;

	foreach(cell, query->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, cell);

		if (rte->rtekind != RTE_FUNCTION)
			continue;
		foreach(one, rte->functions)
		{
			Node	   *call = lfirst_node(RangeTblFunction, one)->funcexpr;
			bool		facts;

			if (!IsA(call, FuncExpr) ||
				!is_outside(((FuncExpr *) call)->funcid, &facts))
				continue;
			tell_call((FuncExpr *) call, facts);
			replace_by_row(rte);
			break;
		}
	}
}

/* The same without what is outside, of a copy. */
static Node *
without_outside(Node *node, void *context)
{
	bool		facts;

	if (node == NULL)
		return NULL;
	if (IsA(node, FuncExpr) &&
		is_outside(((FuncExpr *) node)->funcid, &facts))
	{
		FuncExpr   *call = (FuncExpr *) node;

		tell_call(call, facts);
		return (Node *) makeNullConst(call->funcresulttype, -1,
									  call->funccollid);
	}
	if (IsA(node, Query))
	{
		const char *foreign = foreign_target((Query *) node);
		Query	   *query;

		replace_in_from((Query *) node);
		query = query_tree_mutator((Query *) node, without_outside, context,
								   0);
		if (foreign != NULL)
		{
			sl_pass_over_tell(psprintf("the change of foreign table \"%s\"",
									   foreign),
							  _("It reaches outside the scratch database."),
							  false);
			query->jointree->quals = makeBoolConst(false, false);
		}
		return (Node *) query;
	}
	return expression_tree_mutator(node, without_outside, context);
}

static PlannedStmt *
outside_planner(Query *query, const char *query_string, int options,
				ParamListInfo params)
{
	if (find_outside((Node *) query, NULL))
		query = castNode(Query, without_outside(copyObject((Node *) query),
												NULL));
	if (prev_planner)
		return prev_planner(query, query_string, options, params);
	return standard_planner(query, query_string, options, params);
}

/* Asked for each function that is looked up to be called. */
static bool
outside_needs_fmgr(Oid function)
{
	if (sl_is_untrusted_language(language_of(function)))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("function \"%s\" is not called in a rehearsal",
						get_func_name(function)),
				 errdetail("Its language is not trusted: it may reach outside the scratch database.")));
	return prev_needs_fmgr != NULL && prev_needs_fmgr(function);
}

/* From here on, in this process. */
void
sl_outside_begin(void)
{
	prev_planner = planner_hook;
	planner_hook = outside_planner;
	prev_needs_fmgr = needs_fmgr_hook;
	needs_fmgr_hook = outside_needs_fmgr;
}
