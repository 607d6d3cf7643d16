/*-------------------------------------------------------------------------
 *
 * table.c
 *	  Version tables: finding them, telling whose they are, reading them.
 *
 * They are somebody else's, and what is theirs may be made to look like one:
 * a view with a function in it would run that as whoever reads it.  So only
 * ordinary tables are taken, and they are scanned, not queried.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/adapters/table.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

#include "adapters/adapters_private.h"

/* columns that a tool's table may have beside those that it must have */
#define EXTRA_COLUMNS 8

static bool
type_is(Oid type, SlColumnKind kind)
{
	switch (kind)
	{
		case SL_COLUMN_TEXT:
			return type == VARCHAROID || type == TEXTOID;
		case SL_COLUMN_NUMBER:
			return type == INT4OID || type == INT8OID;
		case SL_COLUMN_BOOL:
			return type == BOOLOID;
		case SL_COLUMN_TIME:
			return type == TIMESTAMPOID || type == TIMESTAMPTZOID;
	}
	return false;
}

/* Has the table the columns of this tool's? */
static bool
has_columns(Oid relid, const SlAdapter *adapter, AttrNumber *numbers)
{
	int			i;

	for (i = 0; i < adapter->ncolumns; i++)
	{
		HeapTuple	tuple = SearchSysCacheAttName(relid,
												  adapter->columns[i].name);
		bool		matches;

		if (!HeapTupleIsValid(tuple))
			return false;
		numbers[i] = ((Form_pg_attribute) GETSTRUCT(tuple))->attnum;
		matches = type_is(((Form_pg_attribute) GETSTRUCT(tuple))->atttypid,
						  adapter->columns[i].kind);
		ReleaseSysCache(tuple);
		if (!matches)
			return false;
	}
	return adapter->fits == NULL || adapter->fits(relid);
}

static SlVersionTable *
make_table(Oid relid, Form_pg_class form, const SlAdapter *adapter,
		   const AttrNumber *numbers)
{
	SlVersionTable *table = palloc0_object(SlVersionTable);

	table->adapter = adapter;
	table->relid = relid;
	table->owner = form->relowner;
	table->schema = get_namespace_name(form->relnamespace);
	table->name = pstrdup(NameStr(form->relname));
	table->title = quote_qualified_identifier(table->schema, table->name);
	memcpy(table->columns, numbers, sizeof(table->columns));
	return table;
}

/* What this relation is to one tool, or to the first that it fits; or NULL. */
static SlVersionTable *
recognise(Oid relid, const SlAdapter *only, bool by_usual_name)
{
	AttrNumber	numbers[SL_TOOL_COLUMNS_MAX] = {0};
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	SlVersionTable *table = NULL;
	Form_pg_class form;
	int			i;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	form = (Form_pg_class) GETSTRUCT(tuple);
	for (i = 0; i < sl_adapters_count && table == NULL; i++)
	{
		const SlAdapter *adapter = sl_adapters[i];

		if (only != NULL && adapter != only)
			continue;
		if (form->relnatts < adapter->ncolumns ||
			(by_usual_name && adapter->by_name &&
			 strcmp(NameStr(form->relname), adapter->usual_name) != 0))
			continue;
		if (has_columns(relid, adapter, numbers))
			table = make_table(relid, form, adapter, numbers);
	}
	ReleaseSysCache(tuple);
	return table;
}

/*
 * Only what holds its rows by itself, and shows all of them: nothing of the
 * user's runs when they are read.
 */
static void
require_ordinary(Oid relid, const char *title)
{
	char		relkind = get_rel_relkind(relid);
	AclResult	acl;

	if (relkind != RELKIND_RELATION ||
		get_rel_persistence(relid) == RELPERSISTENCE_TEMP ||
		has_subclass(relid))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" cannot be the version table of a tool",
						title),
				 errdetail("It is not an ordinary table: nothing else is read, because it could run something."),
				 errhint("Name the table that the tool itself writes to.")));
	acl = pg_class_aclcheck(relid, GetUserId(), ACL_SELECT);
	if (acl != ACLCHECK_OK)
		aclcheck_error(acl, OBJECT_TABLE, title);
	if (check_enable_rls(relid, InvalidOid, true) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("row security may hide rows of \"%s\" from you",
						title),
				 errhint("Call it as a role that sees all of them: the table's owner, or one with BYPASSRLS.")));
}

/* As a role that could have written every row of it itself. */
void
sl_version_table_require_writable(const SlVersionTable *table)
{
	AclMode		wanted = ACL_INSERT | ACL_UPDATE | ACL_DELETE;

	if (pg_class_aclmask(table->relid, GetUserId(), wanted,
						 ACLMASK_ALL) != wanted)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to keep \"%s\" in step",
						table->title),
				 errdetail("That needs INSERT, UPDATE and DELETE on it."),
				 errhint("sl_adopt(mirror => false) takes the history over and leaves the table as it is.")));
	if (check_enable_rls(table->relid, table->owner, true) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("row security is forced on \"%s\", which cannot be kept in step",
						table->title),
				 errhint("ALTER TABLE ... NO FORCE ROW LEVEL SECURITY, or sl_adopt(mirror => false).")));
}

static const SlAdapter *
wanted_tool(const char *tool)
{
	const SlAdapter *adapter;

	if (tool == NULL || strcmp(tool, "auto") == 0)
		return NULL;
	adapter = sl_adapter_find(tool);
	if (adapter == NULL)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("unknown tool \"%s\"", tool),
				 errhint("Available tools: auto, %s.", sl_adapter_names())));
	return adapter;
}

static char *
list_columns(const SlAdapter *adapter)
{
	static const char *const kinds[] = {
		[SL_COLUMN_TEXT] = "varchar or text",
		[SL_COLUMN_NUMBER] = "integer or bigint",
		[SL_COLUMN_BOOL] = "boolean",
		[SL_COLUMN_TIME] = "timestamp",
	};
	StringInfoData list;
	int			i;

	initStringInfo(&list);
	for (i = 0; i < adapter->ncolumns; i++)
		appendStringInfo(&list, "%s%s (%s)", i > 0 ? ", " : "",
						 adapter->columns[i].name,
						 kinds[adapter->columns[i].kind]);
	return list.data;
}

/* The table that was named. */
static SlVersionTable *
find_named(const SlAdapter *adapter, const char *name)
{
	List	   *names = textToQualifiedNameList(cstring_to_text(name));
	RangeVar   *var = makeRangeVarFromNameList(names);
	SlVersionTable *table;
	char	   *schema;
	char	   *title;
	Oid			relid;

	relid = RangeVarGetRelid(var, NoLock, true);
	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("version table \"%s\" does not exist", name),
				 errhint("The tool makes it when it first runs (Alembic: \"alembic ensure_version\"). sl_adopt() without a name goes by the catalog where there is none.")));
	schema = get_namespace_name_or_temp(get_rel_namespace(relid));
	title = quote_qualified_identifier(schema, get_rel_name(relid));
	require_ordinary(relid, title);
	table = recognise(relid, adapter, false);
	if (table != NULL)
		return table;
	if (adapter != NULL)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("\"%s\" is not a version table of %s", title,
						adapter->name),
				 errdetail("That has the columns %s.",
						   list_columns(adapter))));
	ereport(ERROR,
			(errcode(SL_ERR_BAD_INPUT),
			 errmsg("\"%s\" is not the version table of a tool that is known here",
					title),
			 errdetail("Known by their columns: %s.", sl_adapter_names())));
	return NULL;				/* keep the compiler quiet */
}

/* Is it a place where a tool's table is looked for? */
static bool
is_looked_at(Oid namespace, const List *managed)
{
	char	   *name;
	ListCell   *cell;
	bool		found;

	name = get_namespace_name(namespace);
	if (name == NULL || strncmp(name, "pg_", 3) == 0)
		return false;
	found = managed == NIL && strcmp(name, "information_schema") != 0;
	foreach(cell, managed)
		found |= strcmp(lfirst(cell), name) == 0;
	pfree(name);
	return found;
}

/* Every version table of the managed schemas, by name. */
static List *
find_all(const SlAdapter *adapter)
{
	Relation	rel = table_open(RelationRelationId, AccessShareLock);
	SlOptions	options;
	TableScanDesc scan;
	HeapTuple	tuple;
	List	   *tables = NIL;

	sl_options_resolve(&options, NULL);
	scan = table_beginscan_catalog(rel, 0, NULL);
	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);
		SlVersionTable *table;

		CHECK_FOR_INTERRUPTS();
		if (form->relkind != RELKIND_RELATION || form->relispartition ||
			form->relpersistence == RELPERSISTENCE_TEMP ||
			form->relnatts > SL_TOOL_COLUMNS_MAX + EXTRA_COLUMNS ||
			!is_looked_at(form->relnamespace, options.managed_schemas))
			continue;
		table = recognise(form->oid, adapter, true);
		if (table != NULL &&
			!OidIsValid(getExtensionOfObject(RelationRelationId, form->oid)))
			tables = lappend(tables, table);
	}
	table_endscan(scan);
	table_close(rel, AccessShareLock);
	return tables;
}

static int
compare_titles(const ListCell *a, const ListCell *b)
{
	return strcmp(((SlVersionTable *) lfirst(a))->title,
				  ((SlVersionTable *) lfirst(b))->title);
}

/*
 * The version table that is meant; NULL: none was named, and there is none.
 * tool NULL or "auto": whichever it is.
 */
SlVersionTable *
sl_version_table_find(const char *tool, const char *name)
{
	const SlAdapter *adapter = wanted_tool(tool);
	SlVersionTable *table;
	StringInfoData names;
	List	   *tables;
	ListCell   *cell;

	if (name != NULL)
		return find_named(adapter, name);
	tables = find_all(adapter);
	if (tables == NIL)
		return NULL;
	if (list_length(tables) > 1)
	{
		initStringInfo(&names);
		list_sort(tables, compare_titles);
		foreach(cell, tables)
		{
			table = lfirst(cell);
			appendStringInfo(&names, "%s%s (%s)", names.len > 0 ? ", " : "",
							 table->title, table->adapter->name);
		}
		table = linitial(tables);
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("there are %d version tables: %s",
						list_length(tables), names.data),
				 errhint("Name the one that is meant: sl_adopt(version_table => %s).",
						 quote_literal_cstr(table->title))));
	}
	table = linitial(tables);
	require_ordinary(table->relid, table->title);
	return table;
}

/* One that we know by name; NULL: it is gone, or is no such table any more. */
SlVersionTable *
sl_version_table_known(const SlVersionTableRow *row)
{
	const SlAdapter *adapter = sl_adapter_find(row->tool);
	Oid			namespace = get_namespace_oid(row->schema, true);
	Oid			relid;

	if (adapter == NULL || !OidIsValid(namespace))
		return NULL;
	relid = get_relname_relid(row->name, namespace);
	if (!OidIsValid(relid) || get_rel_relkind(relid) != RELKIND_RELATION ||
		get_rel_persistence(relid) == RELPERSISTENCE_TEMP)
		return NULL;
	return recognise(relid, adapter, false);
}

/*
 * Nobody writes to it until the end of the transaction.  False: it was
 * dropped meanwhile.
 */
bool
sl_version_table_lock(const SlVersionTable *table, LOCKMODE mode)
{
	LockRelationOid(table->relid, mode);
	if (SearchSysCacheExists1(RELOID, ObjectIdGetDatum(table->relid)))
		return true;
	UnlockRelationOid(table->relid, mode);
	return false;
}

/*
 * Is what is written to it what is in it then?  A trigger or a rule may change
 * that, row security may hide a row, and rows of children are not read.
 */
bool
sl_version_table_is_plain(const SlVersionTable *table)
{
	Relation	rel = try_table_open(table->relid, AccessShareLock);
	bool		plain;

	if (rel == NULL)
		return true;
	plain = rel->trigdesc == NULL && rel->rd_rules == NULL &&
		!rel->rd_rel->relrowsecurity && !rel->rd_rel->relhassubclass;
	table_close(rel, AccessShareLock);
	return plain;
}

/* A value as text; of times, only whether there is one. */
static char *
cell_text(TupleTableSlot *slot, AttrNumber column, SlColumnKind kind)
{
	Form_pg_attribute att = TupleDescAttr(slot->tts_tupleDescriptor,
										  column - 1);
	bool		isnull;
	Datum		value = slot_getattr(slot, column, &isnull);

	if (isnull)
		return NULL;
	switch (kind)
	{
		case SL_COLUMN_TEXT:
			return TextDatumGetCString(value);
		case SL_COLUMN_NUMBER:
			return psprintf(INT64_FORMAT, att->atttypid == INT4OID ?
							(int64) DatumGetInt32(value) :
							DatumGetInt64(value));
		case SL_COLUMN_BOOL:
			return pstrdup(DatumGetBool(value) ? "t" : "f");
		case SL_COLUMN_TIME:
			return psprintf(INT64_FORMAT, DatumGetInt64(value));
	}
	return NULL;
}

/* The columns may have changed between the look and the lock. */
static void
require_same_columns(Relation rel, const SlVersionTable *table)
{
	TupleDesc	desc = RelationGetDescr(rel);
	int			i;

	for (i = 0; i < table->adapter->ncolumns; i++)
	{
		int			number = table->columns[i];

		if (number > desc->natts ||
			TupleDescAttr(desc, number - 1)->attisdropped ||
			!type_is(TupleDescAttr(desc, number - 1)->atttypid,
					 table->adapter->columns[i].kind))
			ereport(ERROR,
					(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
					 errmsg("version table \"%s\" was changed meanwhile",
							table->title),
					 errhint("Call again.")));
	}
}

/*
 * All that the table says, by what is committed now and what we did ourselves:
 * SlWord pointers.
 */
List *
sl_version_table_words(const SlVersionTable *table)
{
	const SlAdapter *adapter = table->adapter;
	Relation	rel = try_table_open(table->relid, AccessShareLock);
	const char *cells[SL_TOOL_COLUMNS_MAX] = {NULL};
	Snapshot	snapshot;
	TableScanDesc scan;
	TupleTableSlot *slot;
	List	   *words = NIL;
	int			i;

	if (rel == NULL)
		return NIL;
	require_same_columns(rel, table);
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	slot = table_slot_create(rel, NULL);
	scan = table_beginscan(rel, snapshot, 0, NULL);
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		for (i = 0; i < adapter->ncolumns; i++)
			cells[i] = cell_text(slot, table->columns[i],
								 adapter->columns[i].kind);
		adapter->read(cells, &words);
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	UnregisterSnapshot(snapshot);
	table_close(rel, AccessShareLock);
	return sl_words_settle(words);
}
