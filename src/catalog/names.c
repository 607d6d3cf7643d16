/*-------------------------------------------------------------------------
 *
 * names.c
 *	  What things are called, and which of them are the user's.
 *
 * Names come from the rows of the catalog and are quoted where SQL would
 * want it; the settings that quoting and visibility depend on are pinned by
 * scan.c.  What is asked for again and again is remembered for one scan.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/names.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/dependency.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_description.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "catalog/catalog_private.h"

typedef struct SchemaEntry
{
	Oid			oid;
	bool		managed;
	const char *name;
} SchemaEntry;

typedef struct TypeEntry
{
	struct
	{
		Oid			type;
		int32		typmod;
	}			key;
	const char *name;
} TypeEntry;

typedef struct OpclassEntry
{
	struct
	{
		Oid			opclass;
		Oid			type;
	}			key;
	const char *name;			/* NULL: the type's default */
} OpclassEntry;

typedef struct MemberKey
{
	Oid			catalog;
	Oid			object;
} MemberKey;

static HTAB *
make_table(SlScan *scan, const char *name, Size key, Size entry, long size)
{
	HASHCTL		ctl;

	ctl.keysize = key;
	ctl.entrysize = entry;
	ctl.hcxt = scan->cxt;
	return hash_create(name, size, &ctl,
					   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/*
 * The object, or one that its description needs, went away while it was
 * read: scan.c looks again.
 */
void
sl_vanished(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("an object was dropped while the catalog was read")));
}

static bool
is_system_schema(const char *name)
{
	return strncmp(name, "pg_", 3) == 0 ||
		strcmp(name, "information_schema") == 0;
}

static bool
is_wanted_schema(SlScan *scan, Oid oid, const char *name)
{
	ListCell   *cell;

	if (is_system_schema(name) || scan->options->no_schemas)
		return false;
	if (scan->options->schemas == NIL)
		return !sl_is_member(scan, NamespaceRelationId, oid);
	foreach(cell, scan->options->schemas)
		if (strcmp(lfirst(cell), name) == 0)
			return true;
	return false;
}

static SchemaEntry *
find_schema(SlScan *scan, Oid oid)
{
	SchemaEntry *entry;
	HeapTuple	tuple;
	char	   *name;
	bool		managed;
	bool		found;

	entry = hash_search(scan->schemas, &oid, HASH_FIND, NULL);
	if (entry != NULL)
		return entry;
	tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(oid));
	if (!HeapTupleIsValid(tuple))
		sl_vanished();
	name = MemoryContextStrdup(scan->cxt,
							   NameStr(((Form_pg_namespace)
										GETSTRUCT(tuple))->nspname));
	ReleaseSysCache(tuple);
	managed = is_wanted_schema(scan, oid, name);
	entry = hash_search(scan->schemas, &oid, HASH_ENTER, &found);
	entry->name = name;
	entry->managed = managed;
	return entry;
}

const char *
sl_schema_name(SlScan *scan, Oid schema)
{
	return find_schema(scan, schema)->name;
}

/* Is it a member of an extension? */
bool
sl_is_member(SlScan *scan, Oid catalog, Oid object)
{
	MemberKey	key;

	if (!scan->full)
		return OidIsValid(getExtensionOfObject(catalog, object));
	key.catalog = catalog;
	key.object = object;
	return hash_search(scan->members, &key, HASH_FIND, NULL) != NULL;
}

/* Are the facts of an object in this schema wanted? */
bool
sl_is_managed(SlScan *scan, Oid catalog, Oid object, Oid schema)
{
	return find_schema(scan, schema)->managed &&
		!sl_is_member(scan, catalog, object);
}

/* Are those of an object outside all schemas wanted? */
bool
sl_is_users(SlScan *scan, Oid catalog, Oid object)
{
	return object >= FirstNormalObjectId &&
		!sl_is_member(scan, catalog, object);
}

char *
sl_qualified(SlScan *scan, Oid schema, const char *name)
{
	const char *qualifier = sl_schema_name(scan, schema);

	return quote_qualified_identifier(qualifier, name);
}

/* The identity of what hangs on something. */
char *
sl_within(const char *owner, const char *name)
{
	const char *quoted = quote_identifier(name);
	Size		length = strlen(owner);
	Size		rest = strlen(quoted);
	char	   *result = palloc(length + rest + 2);

	memcpy(result, owner, length);
	result[length] = '.';
	memcpy(result + length + 1, quoted, rest + 1);
	return result;
}

static SlRelation *
add_relation(SlScan *scan, Form_pg_class form, bool has_options)
{
	MemoryContext before = MemoryContextSwitchTo(scan->cxt);
	Oid			oid = form->oid;
	bool		managed = false;
	char	   *identity;
	char	   *name;
	SlRelation *rel;

	/* what may fail comes before the entry */
	if (form->relpersistence != RELPERSISTENCE_TEMP &&
		form->relkind != RELKIND_TOASTVALUE &&
		form->relkind != RELKIND_INDEX &&
		form->relkind != RELKIND_PARTITIONED_INDEX)
	{
		/* a composite type is a member as a type */
		if (form->relkind == RELKIND_COMPOSITE_TYPE)
			managed = sl_is_managed(scan, TypeRelationId, form->reltype,
									form->relnamespace);
		else
			managed = sl_is_managed(scan, RelationRelationId, oid,
									form->relnamespace);
	}
	identity = sl_qualified(scan, form->relnamespace, NameStr(form->relname));
	name = pstrdup(NameStr(form->relname));

	rel = hash_search(scan->relations, &oid, HASH_ENTER, NULL);
	rel->schema = form->relnamespace;
	rel->am = form->relam;
	rel->tablespace = form->reltablespace;
	rel->kind = form->relkind;
	rel->is_partition = form->relispartition;
	rel->has_options = has_options;
	rel->managed = managed;
	rel->plain = scan->full;
	rel->ncolumns = -1;
	rel->columns = NULL;
	rel->name = name;
	rel->identity = identity;
	MemoryContextSwitchTo(before);
	return rel;
}

/* A relation, whatever its schema; it exists, or sl_vanished(). */
SlRelation *
sl_relation(SlScan *scan, Oid relid)
{
	SlRelation *rel;
	HeapTuple	tuple;

	rel = hash_search(scan->relations, &relid, HASH_FIND, NULL);
	if (rel != NULL)
		return rel;
	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	if (!HeapTupleIsValid(tuple))
		sl_vanished();
	rel = add_relation(scan, (Form_pg_class) GETSTRUCT(tuple),
					   !heap_attisnull(tuple, Anum_pg_class_reloptions, NULL));
	ReleaseSysCache(tuple);
	return rel;
}

static void
set_column(SlScan *scan, SlRelation *rel, Form_pg_attribute form)
{
	SlColumn   *column;

	if (form->attnum <= 0 || form->attisdropped)
		return;
	if (form->attnum > rel->ncolumns)
	{
		/* rows come in any order, and mostly in the right one */
		int			space = rel->ncolumns;
		int			wanted = pg_nextpower2_32(Max(form->attnum, 8));

		if (space < 0)
			space = 0;
		space = space == 0 ? 0 : pg_nextpower2_32(Max(space, 8));
		if (wanted > space)
		{
			SlColumn   *columns;

			columns = MemoryContextAllocZero(scan->cxt,
											 sizeof(SlColumn) * wanted);
			if (rel->columns != NULL)
			{
				memcpy(columns, rel->columns,
					   sizeof(SlColumn) * rel->ncolumns);
				pfree(rel->columns);
			}
			rel->columns = columns;
		}
		rel->ncolumns = form->attnum;
	}
	column = &rel->columns[form->attnum - 1];
	column->name = MemoryContextStrdup(scan->cxt, NameStr(form->attname));
	column->type = form->atttypid;
	column->collation = form->attcollation;
	column->typmod = form->atttypmod;
}

/* The columns of one relation. */
static void
read_columns(SlScan *scan, SlRelation *rel)
{
	Relation	catalog = table_open(AttributeRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc rows;
	HeapTuple	tuple;

	rel->ncolumns = 0;
	ScanKeyInit(&key, Anum_pg_attribute_attrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(rel->oid));
	rows = systable_beginscan(catalog, AttributeRelidNumIndexId, true, NULL,
							  1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(rows)))
		set_column(scan, rel, (Form_pg_attribute) GETSTRUCT(tuple));
	systable_endscan(rows);
	table_close(catalog, AccessShareLock);
}

/* Read the columns, if that was not done. */
void
sl_need_columns(SlScan *scan, SlRelation *rel)
{
	if (rel->ncolumns < 0)
		read_columns(scan, rel);
}

const SlColumn *
sl_column(SlScan *scan, SlRelation *rel, AttrNumber attnum)
{
	sl_need_columns(scan, rel);
	if (attnum <= 0 || attnum > rel->ncolumns ||
		rel->columns[attnum - 1].name == NULL)
		sl_vanished();
	return &rel->columns[attnum - 1];
}

const char *
sl_column_name(SlScan *scan, SlRelation *rel, AttrNumber attnum)
{
	return sl_column(scan, rel, attnum)->name;
}

/* The quoted names of the columns in an int2 array, in its order. */
List *
sl_column_names(SlScan *scan, SlRelation *rel, Datum array, bool isnull)
{
	ArrayType  *numbers;
	List	   *names = NIL;
	int16	   *values;
	int			count;
	int			i;

	if (isnull)
		return NIL;
	numbers = DatumGetArrayTypeP(array);
	count = ArrayGetNItems(ARR_NDIM(numbers), ARR_DIMS(numbers));
	values = (int16 *) ARR_DATA_PTR(numbers);
	for (i = 0; i < count; i++)
	{
		const char *name = sl_column_name(scan, rel, values[i]);

		names = lappend(names, pstrdup(quote_identifier(name)));
	}
	return names;
}

/* A type as SQL writes it, with its schema unless that is pg_catalog. */
const char *
sl_type_name(SlScan *scan, Oid type, int32 typmod)
{
	TypeEntry  *entry;
	TypeEntry	wanted;
	char	   *name;
	bool		found;

	wanted.key.type = type;
	wanted.key.typmod = typmod;
	entry = hash_search(scan->types, &wanted.key, HASH_FIND, NULL);
	if (entry != NULL)
		return entry->name;
	name = format_type_extended(type, typmod,
								FORMAT_TYPE_TYPEMOD_GIVEN |
								FORMAT_TYPE_INVALID_AS_NULL);
	if (name == NULL)
		sl_vanished();
	name = MemoryContextStrdup(scan->cxt, name);
	entry = hash_search(scan->types, &wanted.key, HASH_ENTER, &found);
	entry->name = name;
	return entry->name;
}

/* The qualified name of what a cache has by its OID; NULL for none. */
static char *
qualified_name(SlScan *scan, int cache, Oid object, AttrNumber name,
			   AttrNumber schema)
{
	HeapTuple	tuple;
	Datum		values[2];
	bool		isnull;
	char	   *result;

	if (!OidIsValid(object))
		return NULL;
	tuple = SearchSysCache1(cache, ObjectIdGetDatum(object));
	if (!HeapTupleIsValid(tuple))
		sl_vanished();
	values[0] = SysCacheGetAttr(cache, tuple, name, &isnull);
	values[1] = SysCacheGetAttr(cache, tuple, schema, &isnull);
	result = sl_qualified(scan, DatumGetObjectId(values[1]),
						  NameStr(*DatumGetName(values[0])));
	ReleaseSysCache(tuple);
	return result;
}

/* A function's qualified name; NULL for none. */
char *
sl_function_name(SlScan *scan, Oid function)
{
	return qualified_name(scan, PROCOID, function, Anum_pg_proc_proname,
						  Anum_pg_proc_pronamespace);
}

/* The same with the types of its arguments; NULL for none. */
char *
sl_function_identity(SlScan *scan, Oid function)
{
	HeapTuple	tuple;
	Form_pg_proc form;
	StringInfoData text;
	int			i;

	if (!OidIsValid(function))
		return NULL;
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	if (!HeapTupleIsValid(tuple))
		sl_vanished();
	form = (Form_pg_proc) GETSTRUCT(tuple);
	initStringInfo(&text);
	appendStringInfo(&text, "%s(", sl_qualified(scan, form->pronamespace,
												NameStr(form->proname)));
	for (i = 0; i < form->proargtypes.dim1; i++)
		appendStringInfo(&text, "%s%s", i > 0 ? ", " : "",
						 sl_type_name(scan, form->proargtypes.values[i], -1));
	appendStringInfoChar(&text, ')');
	ReleaseSysCache(tuple);
	return text.data;
}

/* schema.=(integer, integer), NONE for a missing side; NULL for no operator */
char *
sl_operator_name(SlScan *scan, Oid oper)
{
	HeapTuple	tuple;
	Form_pg_operator form;
	char	   *name;

	if (!OidIsValid(oper))
		return NULL;
	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(oper));
	if (!HeapTupleIsValid(tuple))
		sl_vanished();
	form = (Form_pg_operator) GETSTRUCT(tuple);
	name = psprintf("%s.%s(%s, %s)",
					quote_identifier(sl_schema_name(scan,
													form->oprnamespace)),
					NameStr(form->oprname),
					OidIsValid(form->oprleft) ?
					sl_type_name(scan, form->oprleft, -1) : "NONE",
					OidIsValid(form->oprright) ?
					sl_type_name(scan, form->oprright, -1) : "NONE");
	ReleaseSysCache(tuple);
	return name;
}

/* NULL for none. */
char *
sl_collation_name(SlScan *scan, Oid collation)
{
	return qualified_name(scan, COLLOID, collation, Anum_pg_collation_collname,
						  Anum_pg_collation_collnamespace);
}

/* NULL for none. */
char *
sl_opclass_name(SlScan *scan, Oid opclass)
{
	return qualified_name(scan, CLAOID, opclass, Anum_pg_opclass_opcname,
						  Anum_pg_opclass_opcnamespace);
}

/* The same, or NULL if it is what the type has without asking. */
const char *
sl_nondefault_opclass(SlScan *scan, Oid opclass, Oid type)
{
	OpclassEntry *entry;
	OpclassEntry wanted;
	HeapTuple	tuple;
	Oid			method;
	const char *name = NULL;

	wanted.key.opclass = opclass;
	wanted.key.type = type;
	entry = hash_search(scan->opclasses, &wanted.key, HASH_FIND, NULL);
	if (entry != NULL)
		return entry->name;
	tuple = SearchSysCache1(CLAOID, ObjectIdGetDatum(opclass));
	if (!HeapTupleIsValid(tuple))
		sl_vanished();
	method = ((Form_pg_opclass) GETSTRUCT(tuple))->opcmethod;
	ReleaseSysCache(tuple);
	if (GetDefaultOpClass(type, method) != opclass)
		name = MemoryContextStrdup(scan->cxt, sl_opclass_name(scan, opclass));
	entry = hash_search(scan->opclasses, &wanted.key, HASH_ENTER, NULL);
	entry->name = name;
	return name;
}

/* A role, quoted; "public" as SQL writes it. */
char *
sl_role_name(Oid role)
{
	char	   *name;

	if (!OidIsValid(role))
		return pstrdup("public");
	name = GetUserNameFromId(role, true);
	if (name == NULL)
		sl_vanished();
	/* a role of that name is not everybody */
	if (strcmp(name, "public") == 0)
		return pstrdup("\"public\"");
	return pstrdup(quote_identifier(name));
}

/*
 * The quoted name in a row of a syscache keyed by OID, of something that has
 * no schema; NULL for none.
 */
char *
sl_catalog_name(int cache, Oid object, AttrNumber column)
{
	HeapTuple	tuple;
	char	   *name;
	bool		isnull;

	if (!OidIsValid(object))
		return NULL;
	tuple = SearchSysCache1(cache, ObjectIdGetDatum(object));
	if (!HeapTupleIsValid(tuple))
		sl_vanished();
	name = NameStr(*DatumGetName(SysCacheGetAttr(cache, tuple, column,
												 &isnull)));
	name = pstrdup(quote_identifier(name));
	ReleaseSysCache(tuple);
	return name;
}

/*
 * The word for a letter: pairs of a letter, as text, and its word.  What a
 * later server invents shows as the letter itself.
 */
const char *
sl_char_word(const char *const *words, char letter)
{
	for (; words[0] != NULL; words += 2)
		if (words[0][0] == letter)
			return words[1];
	return psprintf("%c", letter);
}

/* Read which objects are members of extensions. */
static void
read_members(SlScan *scan)
{
	Relation	catalog = table_open(DependRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc rows;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_depend_refclassid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(ExtensionRelationId));
	rows = systable_beginscan(catalog, DependReferenceIndexId, true,
							  scan->snapshot, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(rows)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);
		MemberKey	member;

		if (form->deptype != DEPENDENCY_EXTENSION)
			continue;
		member.catalog = form->classid;
		member.object = form->objid;
		(void) hash_search(scan->members, &member, HASH_ENTER, NULL);
	}
	systable_endscan(rows);
	table_close(catalog, AccessShareLock);
}

/* Read the names of all relations and of the columns of the wanted ones. */
static void
read_relations(SlScan *scan)
{
	Relation	catalog = table_open(RelationRelationId, AccessShareLock);
	SysScanDesc rows;
	HeapTuple	tuple;

	rows = systable_beginscan(catalog, InvalidOid, false, scan->snapshot, 0,
							  NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(rows)))
	{
		Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);

		if (form->relnamespace == PG_CATALOG_NAMESPACE ||
			/* of these, only the options are of interest */
			(form->relnamespace == PG_TOAST_NAMESPACE &&
			 heap_attisnull(tuple, Anum_pg_class_reloptions,
							RelationGetDescr(catalog))) ||
			form->relpersistence == RELPERSISTENCE_TEMP ||
			/* of a schema that was dropped meanwhile */
			!SearchSysCacheExists1(NAMESPACEOID,
								   ObjectIdGetDatum(form->relnamespace)))
			continue;
		(void) add_relation(scan, form,
							!heap_attisnull(tuple, Anum_pg_class_reloptions,
											RelationGetDescr(catalog)));
	}
	systable_endscan(rows);
	table_close(catalog, AccessShareLock);

	catalog = table_open(AttributeRelationId, AccessShareLock);
	rows = systable_beginscan(catalog, InvalidOid, false, scan->snapshot, 0,
							  NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(rows)))
	{
		Form_pg_attribute form = (Form_pg_attribute) GETSTRUCT(tuple);
		SlRelation *rel;

		if (form->attnum <= 0)
			continue;
		rel = hash_search(scan->relations, &form->attrelid, HASH_FIND, NULL);
		if (rel == NULL)
			continue;
		if (rel->managed)
			set_column(scan, rel, form);
		else if (rel->plain &&
				 (sl_has_column_options(tuple, RelationGetDescr(catalog)) ||
				  sl_statistics_target(tuple, RelationGetDescr(catalog)) >= 0))
			rel->plain = false;
	}
	systable_endscan(rows);
	table_close(catalog, AccessShareLock);
}

/* Everything that names need; before the first row. */
void
sl_catalog_names_init(SlScan *scan)
{
	scan->schemas = make_table(scan, "schemas", sizeof(Oid),
							   sizeof(SchemaEntry), 64);
	scan->relations = make_table(scan, "relations", sizeof(Oid),
								 sizeof(SlRelation), 256);
	scan->types = make_table(scan, "types", sizeof(((TypeEntry *) 0)->key),
							 sizeof(TypeEntry), 256);
	scan->opclasses = make_table(scan, "operator classes",
								 sizeof(((OpclassEntry *) 0)->key),
								 sizeof(OpclassEntry), 64);
	if (!scan->full)
		return;
	scan->members = make_table(scan, "extension members", sizeof(MemberKey),
							   sizeof(MemberKey), 256);
	scan->constraint_indexes = make_table(scan, "constraint indexes",
										  sizeof(Oid), sizeof(Oid), 256);
	scan->not_nulls = make_table(scan, "not null constraints", sizeof(Oid),
								 sizeof(Oid), 32);
	read_members(scan);
	read_relations(scan);
}
