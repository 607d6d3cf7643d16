/*-------------------------------------------------------------------------
 *
 * expression.c
 *	  What raw expressions say, as far as that can be told.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/lint/expression.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_proc.h"
#include "commands/defrem.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "lint/lint_private.h"

typedef struct Search
{
	SlLint	   *lint;
	char	   *found;
} Search;

/*
 * Where in the order of the look-up a schema comes, from 0; -1: it is not
 * looked into.  'wanted': the schema that the name was written with, or NULL.
 */
static int
place_in_path(SlLint *lint, Oid schema, const char *wanted)
{
	int			place = 0;
	ListCell   *cell;

	if (wanted != NULL)
		return get_namespace_oid(wanted, true) == schema ? 0 : -1;
	foreach(cell, sl_lint_lookup_path(lint))
	{
		if (get_namespace_oid(lfirst(cell), true) == schema)
			return place;
		place++;
	}
	return -1;
}

/* Is a function hidden by one with the same arguments that is met before? */
static bool
is_hidden(SlLint *lint, CatCList *list, Form_pg_proc form,
		  const char *wanted)
{
	int			place = place_in_path(lint, form->pronamespace, wanted);
	int			i;

	for (i = 0; i < list->n_members; i++)
	{
		Form_pg_proc other = (Form_pg_proc)
			GETSTRUCT(&list->members[i]->tuple);
		int			others = place_in_path(lint, other->pronamespace, wanted);

		if (others >= 0 && others < place &&
			other->pronargs == form->pronargs &&
			memcmp(other->proargtypes.values, form->proargtypes.values,
				   sizeof(Oid) * form->pronargs) == 0)
			return true;
	}
	return false;
}

/*
 * Which one of several a call means, only the analyzer can tell; so it is
 * volatile if one that could be meant is.  One that is not known is, too,
 * as any is that does not say otherwise.
 */
static bool
is_volatile_function(SlLint *lint, const FuncCall *call)
{
	int			n = list_length(call->funcname);
	const char *schema = n > 1 ? strVal(list_nth(call->funcname, n - 2)) :
		NULL;
	const char *name = sl_lint_last(call->funcname);
	CatCList   *list;
	ListCell   *cell;
	bool		found = false;
	bool		result = false;
	int			i;

	foreach(cell, lint->made)
	{
		SlMade	   *made = lfirst(cell);

		if (!made->is_type && strcmp(made->name, name) == 0)
			return made->volatile_;
	}
	list = SearchSysCacheList1(PROCNAMEARGSNSP, CStringGetDatum(name));
	for (i = 0; i < list->n_members; i++)
	{
		Form_pg_proc form = (Form_pg_proc)
			GETSTRUCT(&list->members[i]->tuple);
		int			given = list_length(call->args);

		if (place_in_path(lint, form->pronamespace, schema) < 0 ||
			given > form->pronargs + (OidIsValid(form->provariadic) ?
									  FUNC_MAX_ARGS : 0) ||
			given < form->pronargs - form->pronargdefaults -
			(OidIsValid(form->provariadic) ? 1 : 0) ||
			is_hidden(lint, list, form, schema))
			continue;
		found = true;
		result |= form->provolatile == PROVOLATILE_VOLATILE;
	}
	ReleaseCatCacheList(list);
	return result || !found;
}

/* An operator of a user's can be volatile; the server's are not. */
static bool
is_volatile_operator(SlLint *lint, const A_Expr *expression)
{
	int			n = list_length(expression->name);
	const char *schema;
	const char *name;
	CatCList   *list;
	bool		result = false;
	int			i;

	if (n == 0)
		return false;
	name = sl_lint_last(expression->name);
	schema = n > 1 ? strVal(list_nth(expression->name, n - 2)) : NULL;
	list = SearchSysCacheList1(OPERNAMENSP, CStringGetDatum(name));
	for (i = 0; i < list->n_members; i++)
	{
		Form_pg_operator form = (Form_pg_operator)
			GETSTRUCT(&list->members[i]->tuple);

		if (form->oprnamespace != PG_CATALOG_NAMESPACE &&
			OidIsValid(form->oprcode) &&
			place_in_path(lint, form->oprnamespace, schema) >= 0 &&
			func_volatile(form->oprcode) == PROVOLATILE_VOLATILE)
			result = true;
	}
	ReleaseCatCacheList(list);
	return result;
}

static bool
volatile_walker(Node *node, void *context)
{
	Search	   *search = (Search *) context;

	if (node == NULL)
		return false;
	if (IsA(node, FuncCall) &&
		is_volatile_function(search->lint, (FuncCall *) node))
	{
		List	   *name = ((FuncCall *) node)->funcname;

		search->found = psprintf("%s()", NameListToString(name));
		return true;
	}
	if (IsA(node, A_Expr) &&
		is_volatile_operator(search->lint, (A_Expr *) node))
	{
		search->found = psprintf("operator %s",
								 sl_lint_last(((A_Expr *) node)->name));
		return true;
	}
	return raw_expression_tree_walker(node, volatile_walker, context);
}

/* What makes the server compute an expression row by row; NULL: nothing. */
const char *
sl_lint_volatile_part(SlLint *lint, Node *expression)
{
	Search		search = {lint, NULL};

	(void) volatile_walker(expression, &search);
	return search.found;
}

/* Columns that an expression says are not null, all at once (char *). */
List *
sl_lint_not_null_columns(Node *node)
{
	List	   *result = NIL;
	ListCell   *cell;

	check_stack_depth();
	if (node != NULL && IsA(node, NullTest))
	{
		NullTest   *test = (NullTest *) node;
		ColumnRef  *ref = (ColumnRef *) test->arg;

		if (test->nulltesttype == IS_NOT_NULL && IsA(ref, ColumnRef) &&
			list_length(ref->fields) == 1 &&
			IsA(linitial(ref->fields), String))
			result = list_make1(pstrdup(strVal(linitial(ref->fields))));
	}
	else if (node != NULL && IsA(node, BoolExpr) &&
			 ((BoolExpr *) node)->boolop == AND_EXPR)
	{
		foreach(cell, ((BoolExpr *) node)->args)
			result = list_concat(result,
								 sl_lint_not_null_columns(lfirst(cell)));
	}
	return result;
}

/* A constant as text; NULL if it is none, or the null value. */
const char *
sl_lint_constant_text(Node *node)
{
	A_Const    *constant = (A_Const *) node;

	if (node != NULL && IsA(node, TypeCast))
		return sl_lint_constant_text(((TypeCast *) node)->arg);
	if (node == NULL || !IsA(node, A_Const) || constant->isnull)
		return NULL;
	switch (nodeTag(&constant->val))
	{
		case T_String:
			return strVal(&constant->val);
		case T_Integer:
			return psprintf("%d", intVal(&constant->val));
		case T_Float:
			return castNode(Float, &constant->val)->fval;
		case T_Boolean:
			return boolVal(&constant->val) ? "on" : "off";
		default:
			return NULL;
	}
}

/* What SET gives, list items with commas between; NULL: DEFAULT. */
const char *
sl_lint_set_value(const VariableSetStmt *set)
{
	StringInfoData text;
	ListCell   *cell;

	if (set->kind != VAR_SET_VALUE)
		return NULL;
	initStringInfo(&text);
	foreach(cell, set->args)
	{
		const char *item = sl_lint_constant_text(lfirst(cell));

		if (text.len > 0)
			appendStringInfoString(&text, ", ");
		if (item != NULL && list_length(set->args) > 1)
			item = quote_identifier(item);
		appendStringInfoString(&text, item != NULL ? item : "");
	}
	return text.data;
}

/* A Boolean option; anything but a plain no is a yes. */
bool
sl_lint_defelem_bool(List *options, const char *name, bool absent)
{
	ListCell   *cell;
	bool		result = absent;

	foreach(cell, options)
	{
		DefElem    *element = (DefElem *) lfirst(cell);

		if (strcmp(element->defname, name) != 0)
			continue;
		result = true;
		if (element->arg != NULL && IsA(element->arg, Integer))
			result = intVal(element->arg) != 0;
		else if (element->arg != NULL)
			(void) parse_bool(defGetString(element), &result);
	}
	return result;
}
