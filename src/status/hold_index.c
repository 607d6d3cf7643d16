/*-------------------------------------------------------------------------
 *
 * hold_index.c
 *	  Does a requirement hold: indexes.
 *
 * An index is the one that is meant if it has exactly these key columns in
 * this order, with the operator classes, collations and directions that the
 * statement gives them, and the same rows.  What it includes is asked only if
 * the requirement says so.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/status/hold_index.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "commands/defrem.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "status/require.h"

/* The indexes of a table: copied rows of pg_index. */
List *
sl_indexes_of(Oid relid)
{
	Relation	rel = table_open(IndexRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *rows = NIL;

	ScanKeyInit(&key, Anum_pg_index_indrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(relid));
	scan = systable_beginscan(rel, IndexIndrelidIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		rows = lappend(rows, heap_copytuple(tuple));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return rows;
}

/* The expression or the predicate of an index; NULL if it has none. */
static Node *
index_tree(HeapTuple tuple, AttrNumber column)
{
	bool		isnull;
	Datum		tree = SysCacheGetAttr(INDEXRELID, tuple, column, &isnull);

	return isnull ? NULL : stringToNode(TextDatumGetCString(tree));
}

static oidvector *
index_oids(HeapTuple tuple, AttrNumber column)
{
	bool		isnull;

	return (oidvector *) DatumGetPointer(SysCacheGetAttr(INDEXRELID, tuple,
														 column, &isnull));
}

/* The access method of an index, and its name. */
static Oid
index_method(Oid index)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(index));
	Oid			method = InvalidOid;

	if (HeapTupleIsValid(tuple))
	{
		method = ((Form_pg_class) GETSTRUCT(tuple))->relam;
		ReleaseSysCache(tuple);
	}
	return method;
}

/* The flags of pg_index.indoption for what the statement says. */
static int16
wanted_option(const IndexElem *elem)
{
	bool		descending = elem->ordering == SORTBY_DESC;
	bool		nulls_first = elem->nulls_ordering == SORTBY_NULLS_FIRST ||
		(elem->nulls_ordering == SORTBY_NULLS_DEFAULT && descending);

	return (descending ? INDOPTION_DESC : 0) |
		(nulls_first ? INDOPTION_NULLS_FIRST : 0);
}

/* Is the collation and the operator class of a key the wanted one? */
static bool
key_sorts_as(const IndexElem *elem, Oid method, Oid type, Oid collation,
			 Oid actual_collation, Oid actual_opclass)
{
	Oid			opclass = elem->opclass == NIL ?
		GetDefaultOpClass(type, method) :
		get_opclass_oid(method, elem->opclass, true);

	if (elem->collation != NIL)
		collation = get_collation_oid(elem->collation, true);
	return opclass == actual_opclass && collation == actual_collation;
}

/* One key; *expressions is what is left of the index's expressions. */
static bool
key_holds(Oid relid, const IndexElem *elem, Oid method, HeapTuple tuple,
		  int i, List **expressions)
{
	Form_pg_index form = (Form_pg_index) GETSTRUCT(tuple);
	AttrNumber	attnum = form->indkey.values[i];
	oidvector  *opclasses = index_oids(tuple, Anum_pg_index_indclass);
	oidvector  *collations = index_oids(tuple, Anum_pg_index_indcollation);
	int2vector *options;
	Node	   *expression = NULL;
	Oid			type;
	int32		typmod;
	Oid			collation;
	bool		isnull;

	options = (int2vector *)
		DatumGetPointer(SysCacheGetAttr(INDEXRELID, tuple,
										Anum_pg_index_indoption, &isnull));
	if (attnum == 0)
	{
		expression = linitial(*expressions);
		*expressions = list_delete_first(*expressions);
		type = exprType(expression);
		collation = exprCollation(expression);
	}
	else
		get_atttypetypmodcoll(relid, attnum, &type, &typmod, &collation);

	/* a bracketed column is a column, too */
	if (elem->expr != NULL && expression != NULL)
	{
		SlExpressionUse use = {EXPR_KIND_INDEX_EXPRESSION, relid};
		Node	   *raw = copyObject(elem->expr);

		if (IsA(raw, CollateClause))
		{
			collation = get_collation_oid(((CollateClause *) raw)->collname,
										  true);
			raw = ((CollateClause *) raw)->arg;
		}
		if (!sl_expression_is(&use, raw, expression))
			return false;
	}
	else if (elem->name == NULL || expression != NULL ||
			 get_attnum(relid, elem->name) != attnum)
		return false;
	return key_sorts_as(elem, method, type, collation,
						collations->values[i], opclasses->values[i]) &&
		options->values[i] == wanted_option(elem);
}

static bool
predicate_holds(Oid relid, const IndexStmt *wanted, HeapTuple tuple)
{
	Node	   *actual = index_tree(tuple, Anum_pg_index_indpred);
	SlExpressionUse use = {EXPR_KIND_INDEX_PREDICATE, relid, InvalidOid, -1};

	if (wanted->whereClause == NULL || actual == NULL)
		return wanted->whereClause == NULL && actual == NULL;
	return sl_expression_is(&use, copyObject(wanted->whereClause), actual);
}

/* The columns that are included, in any order. */
static bool
includes_hold(Oid relid, const IndexStmt *wanted, Form_pg_index form)
{
	ListCell   *cell;
	int			i;

	if (wanted->indexIncludingParams == NIL)
		return true;
	if (list_length(wanted->indexIncludingParams) !=
		form->indnatts - form->indnkeyatts)
		return false;
	foreach(cell, wanted->indexIncludingParams)
	{
		const IndexElem *elem = lfirst_node(IndexElem, cell);
		AttrNumber	attnum = elem->name == NULL ? InvalidAttrNumber :
			get_attnum(relid, elem->name);

		for (i = form->indnkeyatts; i < form->indnatts; i++)
			if (attnum != InvalidAttrNumber &&
				form->indkey.values[i] == attnum)
				break;
		if (i == form->indnatts)
			return false;
	}
	return true;
}

/* Is that index what the statement would make? */
static bool
index_is(Oid relid, const IndexStmt *wanted, HeapTuple tuple)
{
	Form_pg_index form = (Form_pg_index) GETSTRUCT(tuple);
	Oid			method = index_method(form->indexrelid);
	List	   *expressions = (List *) index_tree(tuple,
												  Anum_pg_index_indexprs);
	ListCell   *cell;
	int			i = 0;

	if (method != get_index_am_oid(wanted->accessMethod, true) ||
		form->indnkeyatts != list_length(wanted->indexParams) ||
		(wanted->unique && (!form->indisunique || !form->indimmediate ||
							form->indnullsnotdistinct !=
							wanted->nulls_not_distinct)))
		return false;
	foreach(cell, wanted->indexParams)
		if (!key_holds(relid, lfirst_node(IndexElem, cell), method, tuple,
					   i++, &expressions))
			return false;
	return includes_hold(relid, wanted, form) &&
		predicate_holds(relid, wanted, tuple);
}

/* [unique] index [name on] t (...) */
bool
sl_holds_index(const SlRequirement *requirement, StringInfo why)
{
	const IndexStmt *wanted = (const IndexStmt *) requirement->tree;
	const char *table = quote_qualified_identifier(requirement->schema,
												   requirement->object);
	Oid			relid = sl_required_table(requirement, why);
	const char *invalid = NULL;
	bool		other = false;
	ListCell   *cell;

	if (!OidIsValid(relid))
		return false;
	foreach(cell, sl_indexes_of(relid))
	{
		HeapTuple	tuple = lfirst(cell);
		Form_pg_index form = (Form_pg_index) GETSTRUCT(tuple);
		char	   *name = get_rel_name(form->indexrelid);

		if (name == NULL || (requirement->name != NULL &&
							 strcmp(name, requirement->name) != 0))
			continue;
		if (!index_is(relid, wanted, tuple))
			other = requirement->name != NULL;
		else if (form->indisvalid && form->indisready && form->indislive)
			return true;
		else
			invalid = name;
	}
	if (invalid != NULL)
		appendStringInfo(why, "index %s is not valid",
						 quote_qualified_identifier(requirement->schema,
													invalid));
	else if (requirement->name != NULL)
		appendStringInfo(why, "index %s %s",
						 quote_qualified_identifier(requirement->schema,
													requirement->name),
						 other ? "is another one" : "is missing");
	else
		appendStringInfo(why, "table %s: the %s is missing", table,
						 requirement->form->words);
	return false;
}
