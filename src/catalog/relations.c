/*-------------------------------------------------------------------------
 *
 * relations.c
 *	  Tables, views, materialized views, foreign tables, sequences and
 *	  composite types: the rows of pg_class.
 *
 * Indexes are rows of pg_index (indexes.c).  The sequence of an identity
 * column is an attribute of that column.  Whether a materialized view is
 * filled is data, and no fact.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/relations.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_foreign_table.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_sequence.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"

#include "catalog/catalog_private.h"

/* views that may stay in the relation cache after they were read */
#define MAX_KEPT_VIEWS 1000

static const char *const persistence_words[] = {
	"p", "permanent", "u", "unlogged", "t", "temporary", NULL
};

/* Options of a row of pg_class, each behind the prefix. */
static List *
relation_options(Oid relid, const char *prefix, List *options)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Datum		array;
	Datum	   *elements;
	bool		isnull;
	int			count;
	int			i;

	if (!HeapTupleIsValid(tuple))
		sl_vanished();
	array = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_reloptions, &isnull);
	if (!isnull)
	{
		deconstruct_array(DatumGetArrayTypePCopy(array), TEXTOID, -1, false,
						  TYPALIGN_INT, &elements, NULL, &count);
		for (i = 0; i < count; i++)
			options = lappend(options,
							  psprintf("%s%s", prefix,
									   TextDatumGetCString(elements[i])));
	}
	ReleaseSysCache(tuple);
	return options;
}

/* Storage options of a relation that may have some. */
void
sl_put_relation_options(SlScan *scan, SlRelation *rel)
{
	if (rel->has_options)
		sl_put_sorted(scan, "options", relation_options(rel->oid, "", NIL));
}

/* The same of a table, with those of its TOAST table. */
static void
put_table_options(SlScan *scan, SlRelation *rel, Oid toast)
{
	List	   *options = NIL;

	if (rel->has_options)
		options = relation_options(rel->oid, "", options);
	/* a full scan has read those TOAST tables that have options */
	if (OidIsValid(toast) &&
		(!scan->full ||
		 hash_search(scan->relations, &toast, HASH_FIND, NULL) != NULL))
		options = relation_options(toast, "toast.", options);
	sl_put_sorted(scan, "options", options);
}

/* The identities of the parents, in their order. */
static List *
parents_of(SlScan *scan, Oid relid)
{
	Relation	catalog = table_open(InheritsRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc rows;
	HeapTuple	tuple;
	List	   *parents = NIL;

	ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(relid));
	rows = systable_beginscan(catalog, InheritsRelidSeqnoIndexId, true,
							  scan->snapshot, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(rows)))
	{
		Form_pg_inherits form = (Form_pg_inherits) GETSTRUCT(tuple);

		parents = lappend_oid(parents, form->inhparent);
	}
	systable_endscan(rows);
	table_close(catalog, AccessShareLock);
	return parents;
}

static void
put_parents(SlScan *scan, SlRelation *rel, HeapTuple tuple, TupleDesc desc)
{
	List	   *names = NIL;
	ListCell   *cell;
	Datum		bound;
	bool		isnull;

	foreach(cell, parents_of(scan, rel->oid))
	{
		SlRelation *parent = sl_relation(scan, lfirst_oid(cell));

		names = lappend(names, pstrdup(parent->identity));
	}
	if (!rel->is_partition)
	{
		sl_put_list(scan, "inherits", names);
		return;
	}
	if (names != NIL)
		sl_put(scan, "partition_of", linitial(names));
	bound = SL_GET(Anum_pg_class_relpartbound);
	if (!isnull)
		sl_put(scan, "partition_bound", sl_expression(scan, bound, NULL));
}

/* The index that identifies a row for replication. */
static void
put_replica_index(SlScan *scan, Oid relid)
{
	Relation	catalog = table_open(IndexRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc rows;
	HeapTuple	tuple;
	Oid			index = InvalidOid;

	ScanKeyInit(&key, Anum_pg_index_indrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	rows = systable_beginscan(catalog, IndexIndrelidIndexId, true,
							  scan->snapshot, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(rows)))
	{
		Form_pg_index form = (Form_pg_index) GETSTRUCT(tuple);

		if (form->indisreplident)
			index = form->indexrelid;
	}
	systable_endscan(rows);
	table_close(catalog, AccessShareLock);
	/* the index may be gone: then nothing identifies a row */
	sl_put(scan, "replica_identity", !OidIsValid(index) ? "nothing" :
		   psprintf("index %s",
					quote_identifier(sl_relation(scan, index)->name)));
}

static void
put_table(SlScan *scan, SlRelation *rel, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);

	sl_put(scan, "persistence",
		   sl_char_word(persistence_words, form->relpersistence));
	sl_put(scan, "access_method",
		   sl_catalog_name(AMOID, rel->am, Anum_pg_am_amname));
	sl_put_tablespace(scan, "tablespace", rel->tablespace);
	if (rel->kind == RELKIND_PARTITIONED_TABLE)
		sl_put(scan, "partition_key",
			   sl_call_text(F_PG_GET_PARTKEYDEF, 1,
							ObjectIdGetDatum(rel->oid), 0, 0));
	put_parents(scan, rel, tuple, desc);
	if (OidIsValid(form->reloftype))
		sl_put(scan, "of_type", sl_type_name(scan, form->reloftype, -1));
	sl_put_true(scan, "row_security", form->relrowsecurity);
	sl_put_true(scan, "force_row_security", form->relforcerowsecurity);
	if (form->relreplident == REPLICA_IDENTITY_NOTHING)
		sl_put(scan, "replica_identity", "nothing");
	else if (form->relreplident == REPLICA_IDENTITY_FULL)
		sl_put(scan, "replica_identity", "full");
	else if (form->relreplident == REPLICA_IDENTITY_INDEX)
		put_replica_index(scan, rel->oid);
	put_table_options(scan, rel, form->reltoastrelid);
}

static void
put_foreign_table(SlScan *scan, SlRelation *rel, HeapTuple tuple,
				  TupleDesc desc)
{
	HeapTuple	foreign;
	Datum		options;
	bool		isnull;

	put_parents(scan, rel, tuple, desc);
	foreign = SearchSysCache1(FOREIGNTABLEREL, ObjectIdGetDatum(rel->oid));
	if (!HeapTupleIsValid(foreign))
		sl_vanished();
	sl_put(scan, "server",
		   sl_catalog_name(FOREIGNSERVEROID,
						   ((Form_pg_foreign_table)
							GETSTRUCT(foreign))->ftserver,
						   Anum_pg_foreign_server_srvname));
	options = SysCacheGetAttr(FOREIGNTABLEREL, foreign,
							  Anum_pg_foreign_table_ftoptions, &isnull);
	sl_put_array(scan, "options", options, isnull);
	ReleaseSysCache(foreign);
}

static void
put_view(SlScan *scan, SlRelation *rel, HeapTuple tuple)
{
	char	   *definition = sl_call_text(F_PG_GET_VIEWDEF_OID, 1,
										  ObjectIdGetDatum(rel->oid), 0, 0);

	/* what it says of a view that it cannot find */
	if (definition == NULL || definition[0] == '\0' ||
		strcmp(definition, "Not a view") == 0)
		sl_vanished();
	sl_put(scan, "definition", definition);
	/*
	 * That opened the view, and the server keeps what it opened, with the
	 * parsed query, until the session ends: give it back where it adds up.
	 */
	if (++scan->views > MAX_KEPT_VIEWS)
		RelationCacheInvalidateEntry(rel->oid);
	sl_put_relation_options(scan, rel);
	if (rel->kind != RELKIND_MATVIEW)
		return;
	sl_put(scan, "access_method",
		   sl_catalog_name(AMOID, rel->am, Anum_pg_am_amname));
	sl_put_tablespace(scan, "tablespace", rel->tablespace);
}

/* What a sequence counts; each behind the prefix. */
static bool
put_counter(SlScan *scan, Oid sequence, bool identity)
{
	HeapTuple	tuple = SearchSysCache1(SEQRELID, ObjectIdGetDatum(sequence));
	Form_pg_sequence form;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_sequence) GETSTRUCT(tuple);
	if (!identity)
		sl_put(scan, "type", sl_type_name(scan, form->seqtypid, -1));
	sl_put_int(scan, identity ? "identity_start" : "start", form->seqstart);
	sl_put_int(scan, identity ? "identity_increment" : "increment",
			   form->seqincrement);
	sl_put_int(scan, identity ? "identity_minimum" : "minimum", form->seqmin);
	sl_put_int(scan, identity ? "identity_maximum" : "maximum", form->seqmax);
	sl_put_int(scan, identity ? "identity_cache" : "cache", form->seqcache);
	sl_put_true(scan, identity ? "identity_cycle" : "cycle", form->seqcycle);
	ReleaseSysCache(tuple);
	return true;
}

/* The sequence of an identity column, as attributes of the column. */
void
sl_put_identity_sequence(SlScan *scan, Oid relid, AttrNumber attnum)
{
	Relation	catalog = table_open(DependRelationId, AccessShareLock);
	ScanKeyData key[3];
	SysScanDesc rows;
	HeapTuple	tuple;
	Oid			sequence = InvalidOid;

	ScanKeyInit(&key[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(RelationRelationId));
	ScanKeyInit(&key[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(relid));
	ScanKeyInit(&key[2], Anum_pg_depend_refobjsubid, BTEqualStrategyNumber,
				F_INT4EQ, Int32GetDatum(attnum));
	rows = systable_beginscan(catalog, DependReferenceIndexId, true,
							  scan->snapshot, 3, key);
	while (HeapTupleIsValid(tuple = systable_getnext(rows)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);

		if (form->classid == RelationRelationId && form->objsubid == 0 &&
			form->deptype == DEPENDENCY_INTERNAL)
			sequence = form->objid;
	}
	systable_endscan(rows);
	table_close(catalog, AccessShareLock);
	/* from 17 on a partition's column counts with the sequence of the root */
	if (!OidIsValid(sequence))
		return;
	if (!put_counter(scan, sequence, true))
		sl_vanished();
	sl_put(scan, "identity_sequence", sl_relation(scan, sequence)->identity);
}

/* False: it is somebody's identity sequence, or only its name is wanted. */
static bool
put_sequence(SlScan *scan, SlRelation *rel, HeapTuple tuple)
{
	Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);
	Oid			owner;
	int32		column;

	if (sequenceIsOwned(rel->oid, DEPENDENCY_INTERNAL, &owner, &column))
		return false;
	if (!sl_fact_begin(scan, "sequence", rel->identity))
		return false;
	if (!put_counter(scan, rel->oid, false))
		sl_vanished();
	sl_put(scan, "persistence",
		   sl_char_word(persistence_words, form->relpersistence));
	if (sequenceIsOwned(rel->oid, DEPENDENCY_AUTO, &owner, &column))
	{
		SlRelation *table = sl_relation(scan, owner);

		sl_put(scan, "owned_by",
			   sl_within(table->identity,
						 sl_column_name(scan, table, column)));
	}
	return true;
}

/* A row of pg_class. */
void
sl_row_relation(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);
	SlRelation *rel;
	Datum		acl;
	bool		isnull;
	Oid			commented = RelationRelationId;
	Oid			object = form->oid;
	ObjectType	type = OBJECT_TABLE;

	if (form->relkind == RELKIND_TOASTVALUE ||
		form->relkind == RELKIND_INDEX ||
		form->relkind == RELKIND_PARTITIONED_INDEX)
		return;
	rel = hash_search(scan->relations, &form->oid, HASH_FIND, NULL);
	/* a full scan has read all relations that may count */
	if (rel == NULL && !scan->full)
		rel = sl_relation(scan, form->oid);
	if (rel == NULL || !rel->managed)
		return;

	switch (form->relkind)
	{
		case RELKIND_RELATION:
		case RELKIND_PARTITIONED_TABLE:
			if (!sl_fact_begin(scan, "table", rel->identity))
				return;
			put_table(scan, rel, tuple, desc);
			break;
		case RELKIND_VIEW:
			if (!sl_fact_begin(scan, "view", rel->identity))
				return;
			put_view(scan, rel, tuple);
			break;
		case RELKIND_MATVIEW:
			if (!sl_fact_begin(scan, "materialized view", rel->identity))
				return;
			put_view(scan, rel, tuple);
			break;
		case RELKIND_FOREIGN_TABLE:
			if (!sl_fact_begin(scan, "foreign table", rel->identity))
				return;
			put_foreign_table(scan, rel, tuple, desc);
			break;
		case RELKIND_SEQUENCE:
			type = OBJECT_SEQUENCE;
			if (!put_sequence(scan, rel, tuple))
				return;
			break;
		case RELKIND_COMPOSITE_TYPE:
			/* comment and privileges are those of the type */
			if (!sl_fact_begin(scan, "composite type", rel->identity))
				return;
			commented = TypeRelationId;
			object = form->reltype;
			break;
		default:
			return;
	}
	sl_put_comment(scan, commented, object, 0);
	sl_put_owner(scan, form->relowner);
	if (form->relkind == RELKIND_COMPOSITE_TYPE)
	{
		HeapTuple	row = SearchSysCache1(TYPEOID, ObjectIdGetDatum(object));

		if (!HeapTupleIsValid(row))
			sl_vanished();
		acl = SysCacheGetAttr(TYPEOID, row, Anum_pg_type_typacl, &isnull);
		sl_put_acl(scan, OBJECT_TYPE, form->relowner, acl, isnull);
		ReleaseSysCache(row);
	}
	else
	{
		acl = SL_GET(Anum_pg_class_relacl);
		sl_put_acl(scan, type, form->relowner, acl, isnull);
	}
	sl_fact_end(scan);
}
