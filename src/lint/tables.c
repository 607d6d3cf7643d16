/*-------------------------------------------------------------------------
 *
 * tables.c
 *	  Tables as a script will find them.
 *
 * A name is looked for in the schemas of the script's search_path: first
 * among what earlier statements made, renamed or dropped, then in the live
 * catalog.  What is read there is read once, by index scans and syscache,
 * into lists that statements then change.  No user relation is opened, so
 * nothing is locked and nothing of a user's can run.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/lint/tables.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/index.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_index.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "lint/lint_private.h"

typedef struct TableKey
{
	NameData	schema;
	NameData	name;
} TableKey;

typedef struct TableEntry
{
	TableKey	key;
	SlTable    *table;
} TableEntry;

static void
make_key(TableKey *key, const char *schema, const char *name)
{
	memset(key, 0, sizeof(TableKey));
	if (schema != NULL)
		namestrcpy(&key->schema, schema);
	namestrcpy(&key->name, name);
}

/* The schema of that name, if the caller may look into it. */
Oid
sl_lint_lookup_schema(const char *name)
{
	Oid			schema = get_namespace_oid(name, true);

	if (OidIsValid(schema) && !sl_may_use_schema(schema))
		return InvalidOid;
	return schema;
}

/* Know of a table, live or not, in the place of what had its name. */
SlTable *
sl_lint_table_put(SlLint *lint, const char *schema, const char *name)
{
	MemoryContext caller = MemoryContextSwitchTo(lint->context);
	TableEntry *entry;
	TableKey	key;
	SlTable    *table = palloc0_object(SlTable);

	make_key(&key, schema, name);
	entry = hash_search(lint->tables, &key, HASH_ENTER, NULL);
	table->schema = schema != NULL ? pstrdup(schema) : NULL;
	table->name = pstrdup(name);
	entry->table = table;
	MemoryContextSwitchTo(caller);
	return table;
}

/* What a live relation is, from its row in pg_class. */
static SlTable *
put_live(SlLint *lint, const char *schema, Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Form_pg_class form;
	SlTable    *table;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	form = (Form_pg_class) GETSTRUCT(tuple);
	table = sl_lint_table_put(lint, schema, NameStr(form->relname));
	table->relid = relid;
	table->relkind = form->relkind;
	table->temporary = form->relpersistence == RELPERSISTENCE_TEMP;
	ReleaseSysCache(tuple);
	return table;
}

/* By schema and name; NULL if there is none. */
static SlTable *
look_in(SlLint *lint, const char *schema, const char *name, bool *gone)
{
	TableEntry *entry;
	TableKey	key;
	Oid			oid;
	Oid			relid;

	make_key(&key, schema, name);
	entry = hash_search(lint->tables, &key, HASH_FIND, NULL);
	if (entry != NULL)
	{
		*gone |= entry->table->gone;
		return entry->table->gone ? NULL : entry->table;
	}
	oid = sl_lint_lookup_schema(schema);
	if (!OidIsValid(oid))
		return NULL;
	relid = get_relname_relid(name, oid);
	return OidIsValid(relid) ? put_live(lint, schema, relid) : NULL;
}

/* Of a live relation by its OID: an index's table, a view's source. */
static SlTable *
table_of_oid(SlLint *lint, Oid relid)
{
	char	   *name = get_rel_name(relid);
	char	   *schema = get_namespace_name(get_rel_namespace(relid));
	TableEntry *entry;
	TableKey	key;

	if (name == NULL || schema == NULL)
		return NULL;
	make_key(&key, schema, name);
	entry = hash_search(lint->tables, &key, HASH_FIND, NULL);
	if (entry != NULL && entry->table->relid == relid)
		return entry->table;
	return entry == NULL ? put_live(lint, schema, relid) : NULL;
}

static void
find_owner(SlLint *lint, SlTable *table)
{
	Oid			owner;

	if ((table->relkind != RELKIND_INDEX &&
		 table->relkind != RELKIND_PARTITIONED_INDEX) ||
		table->owner != NULL || !OidIsValid(table->relid))
		return;
	owner = IndexGetRelation(table->relid, true);
	if (OidIsValid(owner))
		table->owner = table_of_oid(lint, owner);
}

static SlTable *
find(SlLint *lint, const char *schema, const char *name)
{
	SlTable    *table = NULL;
	bool		gone = false;
	ListCell   *cell;

	if (schema != NULL)
		table = look_in(lint, schema, name, &gone);
	else
	{
		foreach(cell, lint->script.path)
		{
			table = look_in(lint, lfirst(cell), name, &gone);
			if (table != NULL)
				break;
		}
		if (table == NULL)
			table = look_in(lint, "pg_temp", name, &gone);
	}
	if (table == NULL)
	{
		TableEntry *entry;
		TableKey	key;

		make_key(&key, schema, name);
		entry = hash_search(lint->tables, &key, HASH_FIND, NULL);
		table = entry != NULL && !entry->table->gone ? entry->table :
			sl_lint_table_put(lint, schema, name);
	}
	find_owner(lint, table);
	return table;
}

/* What a name means to the script; a table that nobody knows is one, too. */
SlTable *
sl_lint_table(SlLint *lint, const RangeVar *name)
{
	return find(lint, name->schemaname, name->relname);
}

/* The same for a name as DROP has it: a list of String. */
SlTable *
sl_lint_table_of_names(SlLint *lint, List *names)
{
	int			n = list_length(names);

	return find(lint, n > 1 ? strVal(list_nth(names, n - 2)) : NULL,
				sl_lint_last(names));
}

/* The path with pg_catalog, which comes first if nobody says otherwise. */
List *
sl_lint_lookup_path(SlLint *lint)
{
	ListCell   *cell;

	foreach(cell, lint->script.path)
		if (strcmp(lfirst(cell), "pg_catalog") == 0)
			return lint->script.path;
	return lcons(pstrdup("pg_catalog"),
				 list_copy(lint->script.path));
}

/*
 * The schema that CREATE puts things into: the first one of the path that is
 * there, or that a script made.  NULL: there is none.
 */
const char *
sl_lint_creation_schema(SlLint *lint)
{
	ListCell   *cell;
	ListCell   *made;

	foreach(cell, lint->script.path)
	{
		if (OidIsValid(sl_lint_lookup_schema(lfirst(cell))))
			return lfirst(cell);
		foreach(made, lint->schemas)
			if (strcmp(lfirst(made), lfirst(cell)) == 0)
				return lfirst(cell);
	}
	return NULL;
}

/* What CREATE would make, or find in its place. */
SlTable *
sl_lint_table_target(SlLint *lint, const RangeVar *name)
{
	const char *schema = name->schemaname;
	bool		gone = false;
	SlTable    *table;

	if (name->relpersistence == RELPERSISTENCE_TEMP)
		schema = "pg_temp";
	if (schema == NULL)
		schema = sl_lint_creation_schema(lint);
	if (schema == NULL)
		return find(lint, NULL, name->relname);
	table = look_in(lint, schema, name->relname, &gone);
	return table != NULL ? table :
		sl_lint_table_put(lint, schema, name->relname);
}

/* Nobody else can be at work with it. */
bool
sl_lint_table_is_new(const SlTable *table)
{
	return table->made || table->temporary;
}

/* It is there, now or when the script comes to it. */
bool
sl_lint_table_is_known(const SlTable *table)
{
	return OidIsValid(table->relid) || table->made;
}

/* As far as anybody knows, IF EXISTS will not find it. */
bool
sl_lint_table_is_absent(const SlTable *table)
{
	return !OidIsValid(table->relid) && !table->made;
}

char *
sl_lint_table_text(const SlTable *table)
{
	if (table->schema == NULL || strcmp(table->schema, "pg_temp") == 0)
		return pstrdup(quote_identifier(table->name));
	return quote_qualified_identifier(table->schema, table->name);
}

static void
read_columns(SlTable *table)
{
	Relation	rel = table_open(AttributeRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_attribute_attrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(table->relid));
	scan = systable_beginscan(rel, AttributeRelidNumIndexId, true, NULL, 1,
							  &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_attribute form = (Form_pg_attribute) GETSTRUCT(tuple);
		SlColumn   *column;

		if (form->attnum <= 0 || form->attisdropped)
			continue;
		column = palloc0_object(SlColumn);
		column->name = pstrdup(NameStr(form->attname));
		column->type = form->atttypid;
		column->typmod = form->atttypmod;
		column->not_null = form->attnotnull &&
			sl_not_null_is_validated(table->relid, form->attnum);
		column->has_default = form->atthasdef || form->attidentity != '\0';
		table->columns = lappend(table->columns, column);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

/* SlColumn, in no order; with those that are gone. */
List *
sl_lint_columns(SlLint *lint, SlTable *table)
{
	if (!table->columns_read && OidIsValid(table->relid))
	{
		MemoryContext caller = MemoryContextSwitchTo(lint->context);

		read_columns(table);
		MemoryContextSwitchTo(caller);
	}
	table->columns_read = true;
	return table->columns;
}

/* NULL: there is none, or none is known. */
SlColumn *
sl_lint_column(SlLint *lint, SlTable *table, const char *name)
{
	ListCell   *cell;

	foreach(cell, sl_lint_columns(lint, table))
	{
		SlColumn   *column = lfirst(cell);

		if (!column->gone && strcmp(column->name, name) == 0)
			return column;
	}
	return NULL;
}

/* The key columns of an index, from pg_index. */
static List *
index_columns(Oid relid, HeapTuple tuple)
{
	Form_pg_index form = (Form_pg_index) GETSTRUCT(tuple);
	List	   *result = NIL;
	int			i;

	for (i = 0; i < form->indnkeyatts; i++)
	{
		AttrNumber	attnum = form->indkey.values[i];

		result = lappend(result, attnum == 0 ? NULL :
						 get_attname(relid, attnum, true));
	}
	return result;
}

static void
read_indexes(SlTable *table)
{
	Relation	rel = table_open(IndexRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_index_indrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(table->relid));
	scan = systable_beginscan(rel, IndexIndrelidIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_index form = (Form_pg_index) GETSTRUCT(tuple);
		SlIndex    *index = palloc0_object(SlIndex);

		index->name = get_rel_name(form->indexrelid);
		index->valid = form->indisvalid;
		index->unique = form->indisunique;
		index->partial = !heap_attisnull(tuple, Anum_pg_index_indpred,
										 RelationGetDescr(rel));
		index->columns = index_columns(table->relid, tuple);
		table->indexes = lappend(table->indexes, index);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

/* SlIndex; with those that are gone. */
List *
sl_lint_indexes(SlLint *lint, SlTable *table)
{
	if (!table->indexes_read && OidIsValid(table->relid))
	{
		MemoryContext caller = MemoryContextSwitchTo(lint->context);

		read_indexes(table);
		MemoryContextSwitchTo(caller);
	}
	table->indexes_read = true;
	return table->indexes;
}

SlIndex *
sl_lint_index(SlLint *lint, SlTable *table, const char *name)
{
	ListCell   *cell;

	foreach(cell, sl_lint_indexes(lint, table))
	{
		SlIndex    *index = lfirst(cell);

		if (!index->gone && index->name != NULL &&
			strcmp(index->name, name) == 0)
			return index;
	}
	return NULL;
}

/* Names of the columns in an array of numbers, such as conkey. */
static List *
array_columns(Relation rel, HeapTuple tuple, int attribute, Oid relid)
{
	bool		isnull;
	Datum		datum = heap_getattr(tuple, attribute, RelationGetDescr(rel),
									 &isnull);
	List	   *result = NIL;
	ArrayType  *array;
	int			count;
	int			i;

	if (isnull)
		return NIL;
	array = DatumGetArrayTypeP(datum);
	count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	for (i = 0; i < count; i++)
		result = lappend(result,
						 get_attname(relid,
									 ((int16 *) ARR_DATA_PTR(array))[i],
									 true));
	return result;
}

/* Columns that "IS NOT NULL" is said of, alone or among what must all hold. */
static List *
stored_not_null(Node *node, Oid relid)
{
	List	   *result = NIL;
	ListCell   *cell;

	check_stack_depth();
	if (node != NULL && IsA(node, NullTest))
	{
		NullTest   *test = (NullTest *) node;

		if (test->nulltesttype == IS_NOT_NULL && !test->argisrow &&
			IsA(test->arg, Var) && ((Var *) test->arg)->varattno > 0)
			result = list_make1(get_attname(relid,
											((Var *) test->arg)->varattno,
											true));
	}
	else if (node != NULL && IsA(node, BoolExpr) &&
			 ((BoolExpr *) node)->boolop == AND_EXPR)
	{
		foreach(cell, ((BoolExpr *) node)->args)
			result = list_concat(result, stored_not_null(lfirst(cell), relid));
	}
	return result;
}

static void
read_checks(SlTable *table)
{
	Relation	rel = table_open(ConstraintRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_constraint_conrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(table->relid));
	scan = systable_beginscan(rel, ConstraintRelidTypidNameIndexId, true,
							  NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_constraint form = (Form_pg_constraint) GETSTRUCT(tuple);
		SlCheck    *check = palloc0_object(SlCheck);

		check->name = pstrdup(NameStr(form->conname));
		check->type = form->contype;
		check->valid = form->convalidated && sl_constraint_is_enforced(form);
		check->columns = array_columns(rel, tuple, Anum_pg_constraint_conkey,
									   table->relid);
		if (form->contype == CONSTRAINT_CHECK)
		{
			bool		isnull;
			Datum		tree = heap_getattr(tuple, Anum_pg_constraint_conbin,
											RelationGetDescr(rel), &isnull);

			if (!isnull)
				check->not_null =
					stored_not_null(stringToNode(TextDatumGetCString(tree)),
									table->relid);
		}
		table->checks = lappend(table->checks, check);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

/* SlCheck; with those that are gone. */
List *
sl_lint_checks(SlLint *lint, SlTable *table)
{
	if (!table->checks_read && OidIsValid(table->relid))
	{
		MemoryContext caller = MemoryContextSwitchTo(lint->context);

		read_checks(table);
		MemoryContextSwitchTo(caller);
	}
	table->checks_read = true;
	return table->checks;
}

SlCheck *
sl_lint_check(SlLint *lint, SlTable *table, const char *name)
{
	ListCell   *cell;

	foreach(cell, sl_lint_checks(lint, table))
	{
		SlCheck    *check = lfirst(cell);

		if (!check->gone && check->name != NULL &&
			strcmp(check->name, name) == 0)
			return check;
	}
	return NULL;
}

/*
 * May SET NOT NULL do without a look at the rows?  The server proves it from
 * valid check constraints; this sees the plain ones.
 */
bool
sl_lint_is_proven_not_null(SlLint *lint, SlTable *table, const char *name)
{
	SlColumn   *column = sl_lint_column(lint, table, name);
	ListCell   *cell;
	ListCell   *item;

	if (column != NULL && column->not_null)
		return true;
	foreach(cell, sl_lint_checks(lint, table))
	{
		SlCheck    *check = lfirst(cell);

		if (check->gone || !check->valid)
			continue;

		/* whoever validates it right before knows what it says */
		if (check->unknown)
			return true;
		foreach(item, check->not_null)
			if (lfirst(item) != NULL && strcmp(lfirst(item), name) == 0)
				return true;
	}
	return false;
}
