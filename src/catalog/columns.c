/*-------------------------------------------------------------------------
 *
 * columns.c
 *	  Columns of tables, views and composite types.
 *
 * Where a column stands among the others is no fact.  A constraint that says
 * NOT NULL, as PostgreSQL 18 keeps it, is the column's own attribute: its
 * name is left out, so that 18 differs from earlier servers in nothing that
 * they know.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/columns.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "catalog/catalog_private.h"

static const char *const storage_words[] = {
	"p", "plain", "e", "external", "m", "main", "x", "extended", NULL
};
static const char *const compression_words[] = {
	"p", "pglz", "l", "lz4", NULL
};
static const char *const generated_words[] = {
	"s", "stored", "v", "virtual", NULL
};
static const char *const identity_words[] = {
	"a", "always", "d", "by default", NULL
};

/* What differs from the column's type. */
static void
put_type(SlScan *scan, Form_pg_attribute form)
{
	HeapTuple	tuple;
	Form_pg_type type;
	Oid			collation;
	char		storage;

	sl_put(scan, "type", sl_type_name(scan, form->atttypid, form->atttypmod));
	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(form->atttypid));
	if (!HeapTupleIsValid(tuple))
		sl_vanished();
	type = (Form_pg_type) GETSTRUCT(tuple);
	collation = type->typcollation;
	storage = type->typstorage;
	ReleaseSysCache(tuple);
	if (form->attcollation != collation)
		sl_put(scan, "collation", sl_collation_name(scan, form->attcollation));
	if (form->attstorage != storage)
		sl_put(scan, "storage", sl_char_word(storage_words,
											 form->attstorage));
}

#if PG_VERSION_NUM >= 180000
/* What 18 can say of NOT NULL beyond yes or no. */
static void
put_not_null_details(SlScan *scan, Oid relid, AttrNumber attnum)
{
	HeapTuple	tuple;
	Form_pg_constraint form;

	/* a full scan has seen which relations have such constraints */
	if (scan->full &&
		hash_search(scan->not_nulls, &relid, HASH_FIND, NULL) == NULL)
		return;
	tuple = findNotNullConstraintAttnum(relid, attnum);
	if (!HeapTupleIsValid(tuple))
		return;
	form = (Form_pg_constraint) GETSTRUCT(tuple);
	if (!form->convalidated)
		sl_put_bool(scan, "not_null_validated", false);
	sl_put_true(scan, "not_null_no_inherit", form->connoinherit);
}
#endif

/* A row of pg_attribute. */
void
sl_row_column(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_attribute form = (Form_pg_attribute) GETSTRUCT(tuple);
	SlRelation *rel;
	Datum		datum;
	bool		isnull;
	int			target;

	if (form->attnum <= 0 || form->attisdropped)
		return;
	rel = hash_search(scan->relations, &form->attrelid, HASH_FIND, NULL);
	if (rel == NULL && !scan->full)
		rel = sl_relation(scan, form->attrelid);
	if (rel == NULL || !rel->managed || rel->kind == RELKIND_SEQUENCE)
		return;

	if (!sl_fact_begin(scan, "column", sl_within(rel->identity,
												 NameStr(form->attname))))
		return;
	put_type(scan, form);
	sl_put_bool(scan, "not_null", form->attnotnull);
#if PG_VERSION_NUM >= 180000
	if (form->attnotnull)
		put_not_null_details(scan, form->attrelid, form->attnum);
#endif
	if (form->atthasdef)
		sl_put(scan, form->attgenerated != '\0' ? "expression" : "default",
			   sl_column_default(scan, form->attrelid, form->attnum));
	if (form->attgenerated != '\0')
		sl_put(scan, "generated", sl_char_word(generated_words,
											   form->attgenerated));
	if (form->attidentity != '\0')
	{
		sl_put(scan, "identity", sl_char_word(identity_words,
											  form->attidentity));
		sl_put_identity_sequence(scan, form->attrelid, form->attnum);
	}
	/* a partition has all of its columns from its parent */
	if (form->attinhcount > 0 && !rel->is_partition)
	{
		sl_put_bool(scan, "inherited", true);
		sl_put_true(scan, "local", form->attislocal);
	}
	if (form->attcompression != '\0')
		sl_put(scan, "compression", sl_char_word(compression_words,
												 form->attcompression));
	target = sl_statistics_target(tuple, desc);
	if (target >= 0)
		sl_put_int(scan, "statistics", target);
	datum = SL_GET(Anum_pg_attribute_attoptions);
	sl_put_sorted(scan, "options", sl_column_options(datum, isnull));
	datum = SL_GET(Anum_pg_attribute_attfdwoptions);
	sl_put_array(scan, "foreign_options", datum, isnull);
	sl_put_comment(scan, RelationRelationId, form->attrelid, form->attnum);
	datum = SL_GET(Anum_pg_attribute_attacl);
	sl_put_acl(scan, OBJECT_COLUMN, InvalidOid, datum, isnull);
	sl_fact_end(scan);
}
