/*-------------------------------------------------------------------------
 *
 * indexes.c
 *	  Indexes, and the attributes that those of constraints lend to them.
 *
 * pg_get_indexdef() looks for the default operator class of each column in
 * the catalog, which is most of what it costs; here that is remembered.
 *
 * An index of a partition that belongs to an index of its parent is the
 * parent's.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/indexes.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/dependency.h"
#include "catalog/pg_am.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "catalog/catalog_private.h"

/* What decides the default operator class and collation of a column. */
typedef struct KeyColumn
{
	char	   *text;
	Oid			type;
	Oid			collation;
} KeyColumn;

/* The parameters of an operator class: "(siglen='12')". */
static char *
opclass_options(Oid index, int column)
{
	Datum		array = get_attoptions(index, column);
	List	   *options = sl_column_options(array, array == (Datum) 0);
	ListCell   *cell;
	StringInfoData result;

	if (options == NIL)
		return NULL;
	initStringInfo(&result);
	foreach(cell, options)
		appendStringInfo(&result, "%s%s",
						 cell == list_head(options) ? "(" : ", ",
						 (char *) lfirst(cell));
	appendStringInfoChar(&result, ')');
	return result.data;
}

static KeyColumn
key_column(SlScan *scan, SlRelation *rel, AttrNumber attnum,
		   List *expressions, List *nodes, int *next)
{
	KeyColumn	result;

	if (attnum > 0)
	{
		const SlColumn *column = sl_column(scan, rel, attnum);

		result.text = pstrdup(quote_identifier(column->name));
		result.type = column->type;
		result.collation = column->collation;
	}
	else
	{
		Node	   *node;

		if (attnum < 0 || *next >= list_length(expressions))
			sl_vanished();
		node = list_nth(nodes, *next);
		result.text = psprintf("(%s)", (char *) list_nth(expressions, *next));
		result.type = exprType(node);
		result.collation = exprCollation(node);
		(*next)++;
	}
	return result;
}

/* One key column, with what is not its default. */
static char *
describe_key(SlScan *scan, const KeyColumn *key, SlRelation *index, int i,
			 Oid collation, Oid opclass, int16 option)
{
	StringInfoData text;
	const char *name;
	char	   *options = NULL;

	initStringInfo(&text);
	appendStringInfoString(&text, key->text);
	if (OidIsValid(collation) && collation != key->collation)
		appendStringInfo(&text, " COLLATE %s",
						 sl_collation_name(scan, collation));
	name = sl_nondefault_opclass(scan, opclass, key->type);
	if (!index->plain)
		options = opclass_options(index->oid, i + 1);
	if (name == NULL && options != NULL)
		name = sl_opclass_name(scan, opclass);
	if (name != NULL)
		appendStringInfo(&text, " %s", name);
	if (options != NULL)
		appendStringInfo(&text, " %s", options);
	if (option & INDOPTION_DESC)
		appendStringInfoString(&text, option & INDOPTION_NULLS_FIRST ?
							   " DESC" : " DESC NULLS LAST");
	else if (option & INDOPTION_NULLS_FIRST)
		appendStringInfoString(&text, " NULLS FIRST");
	return text.data;
}

/* Statistics targets of an index's columns, "1 500". */
static void
put_statistics(SlScan *scan, SlRelation *index, int natts)
{
	List	   *targets = NIL;
	int			i;

	if (index->plain)
		return;
	for (i = 1; i <= natts; i++)
	{
		HeapTuple	tuple = SearchSysCache2(ATTNUM,
											ObjectIdGetDatum(index->oid),
											Int16GetDatum(i));
		bool		isnull;
		Datum		datum;
		int			target = -1;

		if (!HeapTupleIsValid(tuple))
			continue;
		datum = SysCacheGetAttr(ATTNUM, tuple,
								Anum_pg_attribute_attstattarget, &isnull);
		if (!isnull)
			target = SL_STATISTICS_TARGET(datum);
		ReleaseSysCache(tuple);
		if (target >= 0)
			targets = lappend(targets, psprintf("%d %d", i, target));
	}
	sl_put_list(scan, "statistics", targets);
}

/* A vector that is not null, of a tuple of pg_index. */
static Datum
vector_of(HeapTuple tuple, AttrNumber attnum)
{
	bool		isnull;
	Datum		datum = SysCacheGetAttr(INDEXRELID, tuple, attnum, &isnull);

	if (isnull)
		elog(ERROR, "null vector %d in pg_index", attnum);
	return datum;
}

/* Key columns and included columns. */
static void
put_columns(SlScan *scan, HeapTuple tuple, SlRelation *rel, SlRelation *index)
{
	Form_pg_index form = (Form_pg_index) GETSTRUCT(tuple);
	oidvector  *collations;
	oidvector  *opclasses;
	int2vector *options;
	List	   *expressions = NIL;
	List	   *nodes = NIL;
	List	   *keys = NIL;
	List	   *included = NIL;
	Datum		tree;
	bool		isnull;
	int			next = 0;
	int			i;

	collations = (oidvector *)
		DatumGetPointer(vector_of(tuple, Anum_pg_index_indcollation));
	opclasses = (oidvector *)
		DatumGetPointer(vector_of(tuple, Anum_pg_index_indclass));
	options = (int2vector *)
		DatumGetPointer(vector_of(tuple, Anum_pg_index_indoption));
	tree = SysCacheGetAttr(INDEXRELID, tuple, Anum_pg_index_indexprs,
						   &isnull);
	if (!isnull)
	{
		expressions = sl_expressions(scan, tree, rel);
		nodes = stringToNode(TextDatumGetCString(tree));
	}
	for (i = 0; i < form->indnatts; i++)
	{
		KeyColumn	key = key_column(scan, rel, form->indkey.values[i],
									 expressions, nodes, &next);

		if (i < form->indnkeyatts)
			keys = lappend(keys,
						   describe_key(scan, &key, index, i,
										collations->values[i],
										opclasses->values[i],
										options->values[i]));
		else
			included = lappend(included, key.text);
	}
	sl_put_list(scan, "columns", keys);
	sl_put_list(scan, "include", included);
}

/* What the index of a constraint adds to it. */
void
sl_put_constraint_index(SlScan *scan, Oid oid)
{
	HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(oid));
	Form_pg_index form;
	SlRelation *rel;
	SlRelation *index;
	List	   *included = NIL;
	int			i;

	if (!HeapTupleIsValid(tuple))
		sl_vanished();
	form = (Form_pg_index) GETSTRUCT(tuple);
	rel = sl_relation(scan, form->indrelid);
	index = sl_relation(scan, oid);
	for (i = form->indnkeyatts; i < form->indnatts; i++)
	{
		const char *name = sl_column_name(scan, rel, form->indkey.values[i]);

		included = lappend(included, pstrdup(quote_identifier(name)));
	}
	sl_put_list(scan, "include", included);
	sl_put_true(scan, "nulls_not_distinct", form->indnullsnotdistinct);
	sl_put_true(scan, "clustered", form->indisclustered);
	if (!form->indisvalid || !form->indisready || !form->indislive)
		sl_put_bool(scan, "valid", false);
	sl_put_relation_options(scan, index);
	sl_put_tablespace(scan, "tablespace", index->tablespace);
	sl_put_comment_as(scan, "index_comment", RelationRelationId, oid, 0);
	ReleaseSysCache(tuple);
}

/* Does the index belong to a constraint? */
static bool
is_constraint_index(SlScan *scan, Form_pg_index form)
{
	if (scan->full)
		return hash_search(scan->constraint_indexes, &form->indexrelid,
						   HASH_FIND, NULL) != NULL;
	return OidIsValid(get_index_constraint(form->indexrelid));
}

/* A row of pg_index. */
void
sl_row_index(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_index form = (Form_pg_index) GETSTRUCT(tuple);
	SlRelation *rel;
	SlRelation *index;
	Datum		tree;
	bool		isnull;

	rel = hash_search(scan->relations, &form->indrelid, HASH_FIND, NULL);
	if (rel == NULL && !scan->full)
		rel = sl_relation(scan, form->indrelid);
	if (rel == NULL || !rel->managed || is_constraint_index(scan, form))
		return;
	index = sl_relation(scan, form->indexrelid);
	if (index->is_partition)
		return;
	if (!sl_fact_begin(scan, "index", index->identity))
		return;
	sl_put(scan, "table", rel->identity);
	sl_put(scan, "method",
		   sl_catalog_name(AMOID, index->am, Anum_pg_am_amname));
	sl_put_bool(scan, "unique", form->indisunique);
	sl_put_bool(scan, "valid", form->indisvalid && form->indisready &&
				form->indislive);
	sl_put_true(scan, "nulls_not_distinct", form->indnullsnotdistinct);
	sl_put_true(scan, "clustered", form->indisclustered);
	put_columns(scan, tuple, rel, index);
	tree = SL_GET(Anum_pg_index_indpred);
	if (!isnull)
		sl_put(scan, "predicate", sl_expression(scan, tree, rel));
	sl_put_relation_options(scan, index);
	sl_put_tablespace(scan, "tablespace", index->tablespace);
	put_statistics(scan, index, form->indnatts);
	sl_put_comment(scan, RelationRelationId, form->indexrelid, 0);
	sl_fact_end(scan);
}
