/*-------------------------------------------------------------------------
 *
 * expression.c
 *	  Is that the expression that was meant?
 *
 * The expression of a requirement is made into a tree as the server itself
 * would when it is given to ALTER TABLE, and compared with the tree in the
 * catalog.  The columns come from the catalog by a hook, so no relation is
 * opened and no lock taken.  Nothing is evaluated; what runs are the input
 * functions of types, for constants, and those are written in C.
 *
 * One expression can have two trees: "a IN ('x')" of a varchar column becomes
 * another one when the server's own text of it is parsed again, as a restore
 * does.  So what differs is compared again by what becomes of both texts.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/status/expression.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/heap.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/plannodes.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_node.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

#include "status/require.h"

/* The names of a table's columns; empty ones were dropped. */
static List *
column_names(Oid relid)
{
	List	   *names = NIL;
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	AttrNumber	natts = 0;
	AttrNumber	i;

	if (HeapTupleIsValid(tuple))
	{
		natts = ((Form_pg_class) GETSTRUCT(tuple))->relnatts;
		ReleaseSysCache(tuple);
	}
	for (i = 1; i <= natts; i++)
	{
		char	   *name = get_attname(relid, i, true);

		names = lappend(names, makeString(name != NULL ? name : pstrdup("")));
	}
	return names;
}

/* A column of the table for a name; NULL lets the parser complain. */
static Node *
find_column(ParseState *pstate, ColumnRef *ref)
{
	Oid			relid = *(Oid *) pstate->p_ref_hook_state;
	Node	   *last = llast(ref->fields);
	HeapTuple	tuple;
	Var		   *var;

	if (!IsA(last, String) || list_length(ref->fields) > 3)
		return NULL;
	if (list_length(ref->fields) > 1)
	{
		Node	   *table = list_nth(ref->fields,
									 list_length(ref->fields) - 2);
		char	   *relname = get_rel_name(relid);

		if (relname == NULL || strcmp(strVal(table), relname) != 0)
			return NULL;
	}
	tuple = SearchSysCacheAttName(relid, strVal(last));
	if (HeapTupleIsValid(tuple))
	{
		Form_pg_attribute form = (Form_pg_attribute) GETSTRUCT(tuple);

		var = makeVar(1, form->attnum, form->atttypid, form->atttypmod,
					  form->attcollation, 0);
		ReleaseSysCache(tuple);
		return (Node *) var;
	}
	return NULL;
}

/*
 * What the server makes of a raw expression; 'attnum': of the column whose
 * default it is, else 0.  Errors are the parser's.
 */
static Node *
analyze(const SlExpressionUse *use, Node *raw)
{
	ParseState *pstate = make_parsestate(NULL);
	Oid			relid = use->relid;
	Node	   *expression;

	pstate->p_pre_columnref_hook = find_column;
	pstate->p_ref_hook_state = &relid;
	expression = transformExpr(pstate, raw, use->kind);
	if (use->kind == EXPR_KIND_CHECK_CONSTRAINT ||
		use->kind == EXPR_KIND_INDEX_PREDICATE)
		expression = coerce_to_boolean(pstate, expression, "CHECK");
	if (use->kind == EXPR_KIND_COLUMN_DEFAULT ||
		use->kind == EXPR_KIND_GENERATED_COLUMN)
		expression = coerce_to_target_type(pstate, expression,
										   exprType(expression), use->type,
										   use->typmod,
										   COERCION_ASSIGNMENT,
										   COERCE_IMPLICIT_CAST, -1);
	if (expression != NULL)
		assign_expr_collations(pstate, expression);
	free_parsestate(pstate);
	return expression;
}

static bool
has_system_column(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var))
		return ((Var *) node)->varattno <= 0;
	return expression_tree_walker(node, has_system_column, context);
}

/*
 * The text of an expression, by the server, with the names of the columns
 * from a made up entry of the range table: like any relation of a plan, it
 * needs no lock.  NULL for what cannot be named in that way.
 */
char *
sl_expression_text(Oid relid, Node *expression)
{
	PlannedStmt *statement;
	RangeTblEntry *rte;
	char	   *name = get_rel_name(relid);

	if (name == NULL || has_system_column(expression, NULL))
		return NULL;
	rte = makeNode(RangeTblEntry);
	rte->rtekind = RTE_VALUES;
	rte->eref = makeAlias(name, column_names(relid));
	rte->inFromCl = true;
	statement = makeNode(PlannedStmt);
	statement->rtable = list_make1(rte);
	return deparse_expression(expression,
							  deparse_context_for_plan_tree(statement,
															list_make1(name)),
							  false, false);
}

/* What a restore would make of it; NULL if nothing else. */
static Node *
again(const SlExpressionUse *use, Node *expression)
{
	char	   *text = sl_expression_text(use->relid, expression);
	List	   *trees;
	SelectStmt *select;
	ResTarget  *target;
	Node	   *result;

	if (text == NULL)
		return NULL;
	trees = raw_parser(text, RAW_PARSE_PLPGSQL_EXPR);
	select = castNode(SelectStmt, linitial_node(RawStmt, trees)->stmt);
	target = linitial_node(ResTarget, select->targetList);
	result = analyze(use, target->val);
	return equal(result, expression) ? NULL : result;
}

/* An index has the COLLATE of a column beside its expression. */
static Node *
without_collation(const SlExpressionUse *use, Node *expression)
{
	while (use->kind == EXPR_KIND_INDEX_EXPRESSION &&
		   expression != NULL && IsA(expression, CollateExpr))
		expression = (Node *) ((CollateExpr *) expression)->arg;
	return expression;
}

/* Is the raw expression, used in this way, the one in the catalog? */
bool
sl_expression_is(const SlExpressionUse *use, Node *raw, Node *actual)
{
	Node	   *forms[3];
	Node	   *other = actual;
	int			nforms = 0;
	int			i;
	int			round;

	forms[nforms] = without_collation(use, analyze(use, raw));
	while (forms[nforms] != NULL)
	{
		if (equal(forms[nforms], actual))
			return true;
		if (++nforms == (int) lengthof(forms))
			break;
		forms[nforms] = again(use, forms[nforms - 1]);
	}
	for (round = 1; round < (int) lengthof(forms); round++)
	{
		other = again(use, other);
		if (other == NULL)
			break;
		for (i = 0; i < nforms; i++)
			if (equal(forms[i], other))
				return true;
	}
	return false;
}

/* What the server makes of a raw expression, as a text. */
char *
sl_expression_meant(const SlExpressionUse *use, Node *raw)
{
	return sl_expression_text(use->relid, analyze(use, copyObject(raw)));
}
