/*-------------------------------------------------------------------------
 *
 * copy.c
 *	  COPY ... FROM stdin with its data in the script.
 *
 * The server's COPY would ask the client for the data.  The machinery behind
 * it takes a function as its source; what stands before the machinery in
 * DoCopy (privileges, row security, WHERE) is done here the same way.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/runner/copy.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "commands/copy.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_node.h"
#include "parser/parse_relation.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "runner/runner.h"

/* The data that is being copied: the callback takes no argument. */
static const char *copy_data;
static int	copy_left;

static int
read_copy_data(void *outbuf, int minread, int maxread)
{
	int			bytes = Min(copy_left, maxread);

	memcpy(outbuf, copy_data, bytes);
	copy_data += bytes;
	copy_left -= bytes;
	return bytes;
}

/* INSERT on the table, or on every column that is named. */
static void
check_privileges(Relation rel, List *columns)
{
	Oid			relid = RelationGetRelid(rel);
	ListCell   *cell;

	if (pg_class_aclcheck(relid, GetUserId(), ACL_INSERT) == ACLCHECK_OK)
		return;
	if (columns == NIL)
		aclcheck_error(ACLCHECK_NO_PRIV,
					   get_relkind_objtype(rel->rd_rel->relkind),
					   RelationGetRelationName(rel));
	foreach(cell, columns)
	{
		AttrNumber	attnum = get_attnum(relid, strVal(lfirst(cell)));

		/* COPY itself says what is wrong with a name that does not exist */
		if (attnum > 0 &&
			pg_attribute_aclcheck(relid, attnum, GetUserId(),
								  ACL_INSERT) != ACLCHECK_OK)
			aclcheck_error(ACLCHECK_NO_PRIV,
						   get_relkind_objtype(rel->rd_rel->relkind),
						   RelationGetRelationName(rel));
	}
}

/* The WHERE clause as COPY wants it: an implicit list of conditions. */
static Node *
transform_where(ParseState *pstate, Node *raw)
{
	Node	   *clause;

	clause = transformExpr(pstate, raw, EXPR_KIND_COPY_WHERE);
	clause = coerce_to_boolean(pstate, clause, "WHERE");
	assign_expr_collations(pstate, clause);
	clause = eval_const_expressions(NULL, clause);
	clause = (Node *) canonicalize_qual((Expr *) clause, false);
	return (Node *) make_ands_implicit((Expr *) clause);
}

/* Run COPY ... FROM stdin with the data that follows it in the script. */
void
sl_execute_copy(const SlStatement *statement)
{
	CopyStmt   *stmt = castNode(CopyStmt, statement->tree->stmt);
	ParseState *pstate = make_parsestate(NULL);
	ParseNamespaceItem *item;
	Relation	rel;
	CopyFromState state;
	Node	   *where = NULL;

	PreventCommandIfReadOnly("COPY FROM");
	pstate->p_sourcetext = statement->text;
	PushActiveSnapshot(GetTransactionSnapshot());

	rel = table_openrv(stmt->relation, RowExclusiveLock);
	check_privileges(rel, stmt->attlist);
	if (check_enable_rls(RelationGetRelid(rel), InvalidOid,
						 false) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("COPY FROM not supported with row-level security"),
				 errhint("Use INSERT statements instead.")));
	item = addRangeTableEntryForRelation(pstate, rel, RowExclusiveLock, NULL,
										 false, false);
	if (stmt->whereClause != NULL)
	{
		addNSItemToQuery(pstate, item, false, true, true);
		where = transform_where(pstate, stmt->whereClause);
	}

	copy_data = statement->data;
	copy_left = statement->data_length;
	state = BeginCopyFrom(pstate, rel, where, NULL, false, read_copy_data,
						  stmt->attlist, stmt->options);
	(void) CopyFrom(state);
	EndCopyFrom(state);

	table_close(rel, NoLock);
	free_parsestate(pstate);
	PopActiveSnapshot();
}
