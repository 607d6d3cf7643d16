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

/*
 * INSERT on the table or on every column that is filled, SELECT on those that
 * the WHERE clause reads: as the server has it.
 */
static void
check_privileges(ParseState *pstate, ParseNamespaceItem *item, Relation rel,
				 List *columns)
{
	SlPermissions *permissions = sl_item_permissions(item);
	ListCell   *cell;

	foreach(cell, CopyGetAttnums(RelationGetDescr(rel), rel, columns))
		permissions->insertedCols =
			bms_add_member(permissions->insertedCols,
						   lfirst_int(cell) -
						   FirstLowInvalidHeapAttributeNumber);
	sl_check_permissions(pstate);
}

/* Generated columns are not computed yet when the rows are filtered. */
static void
refuse_generated(Relation rel, Node *clause)
{
	TupleDesc	desc = RelationGetDescr(rel);
	int			whole_row = 0 - FirstLowInvalidHeapAttributeNumber;
	Bitmapset  *used = NULL;
	int			i;

	pull_varattnos(clause, 1, &used);
	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (attribute->attgenerated == '\0' ||
			(!bms_is_member(whole_row + i + 1, used) &&
			 !bms_is_member(whole_row, used)))
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_COLUMN_REFERENCE),
				 errmsg("generated columns are not supported in COPY FROM WHERE conditions"),
				 errdetail("Column \"%s\" is a generated column.",
						   NameStr(attribute->attname))));
	}
}

/* The WHERE clause as COPY wants it: an implicit list of conditions. */
static Node *
transform_where(ParseState *pstate, Relation rel, Node *raw)
{
	Node	   *clause;

	clause = transformExpr(pstate, raw, EXPR_KIND_COPY_WHERE);
	clause = coerce_to_boolean(pstate, clause, "WHERE");
	assign_expr_collations(pstate, clause);
	refuse_generated(rel, clause);
	clause = eval_const_expressions(NULL, clause);
	clause = (Node *) canonicalize_qual((Expr *) clause, false);
	return (Node *) make_ands_implicit((Expr *) clause);
}

/*
 * Asked before such a COPY, which no hook of the server sees: true, and it is
 * not run.  NULL but in a rehearsal.
 */
bool		(*sl_copy_is_passed_over) (const CopyStmt *stmt) = NULL;

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

	if (sl_copy_is_passed_over != NULL && sl_copy_is_passed_over(stmt))
		return;
	PreventCommandIfReadOnly("COPY FROM");
	pstate->p_sourcetext = statement->text;
	PushActiveSnapshot(GetTransactionSnapshot());

	rel = table_openrv(stmt->relation, RowExclusiveLock);
	item = addRangeTableEntryForRelation(pstate, rel, RowExclusiveLock, NULL,
										 false, false);
	sl_item_permissions(item)->requiredPerms = ACL_INSERT;
	if (stmt->whereClause != NULL)
	{
		addNSItemToQuery(pstate, item, false, true, true);
		where = transform_where(pstate, rel, stmt->whereClause);
	}
	check_privileges(pstate, item, rel, stmt->attlist);
	if (check_enable_rls(RelationGetRelid(rel), InvalidOid,
						 false) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("COPY FROM not supported with row-level security"),
				 errhint("Use INSERT statements instead.")));

	copy_data = statement->data;
	copy_left = statement->data_length;
	state = BeginCopyFrom(pstate, rel, where, NULL, false, read_copy_data,
						  stmt->attlist, stmt->options);
	(void) CopyFrom(state);
	sl_fence_note_rows(RelationGetRelid(rel));
	EndCopyFrom(state);

	table_close(rel, NoLock);
	free_parsestate(pstate);
	PopActiveSnapshot();
}
