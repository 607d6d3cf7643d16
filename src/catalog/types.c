/*-------------------------------------------------------------------------
 *
 * types.c
 *	  Enums, domains, ranges, base types: the rows of pg_type.
 *
 * Row types of tables, arrays and multiranges come with what they belong to;
 * composite types are relations (relations.c).
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/types.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_range.h"
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
static const char *const align_words[] = {
	"c", "char", "s", "int2", "i", "int4", "d", "double", NULL
};

/* Labels in their order. */
static void
put_enum(SlScan *scan, Oid type)
{
	Relation	catalog = table_open(EnumRelationId, AccessShareLock);
	Relation	index = index_open(EnumTypIdSortOrderIndexId,
								   AccessShareLock);
	ScanKeyData key;
	SysScanDesc rows;
	HeapTuple	tuple;
	List	   *labels = NIL;

	ScanKeyInit(&key, Anum_pg_enum_enumtypid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(type));
	rows = systable_beginscan_ordered(catalog, index, scan->snapshot, 1,
									  &key);
	while ((tuple = systable_getnext_ordered(rows,
											 ForwardScanDirection)) != NULL)
	{
		Form_pg_enum form = (Form_pg_enum) GETSTRUCT(tuple);

		labels = lappend(labels, pstrdup(NameStr(form->enumlabel)));
	}
	systable_endscan_ordered(rows);
	index_close(index, AccessShareLock);
	table_close(catalog, AccessShareLock);
	sl_put_list(scan, "labels", labels);
}

static void
put_domain(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_type form = (Form_pg_type) GETSTRUCT(tuple);
	HeapTuple	base;
	Oid			collation;
	Datum		datum;
	bool		isnull;

	sl_put(scan, "type", sl_type_name(scan, form->typbasetype,
									  form->typtypmod));
	sl_put_bool(scan, "not_null", form->typnotnull);
	datum = SL_GET(Anum_pg_type_typdefaultbin);
	if (!isnull)
		sl_put(scan, "default", sl_expression(scan, datum, NULL));
	base = SearchSysCache1(TYPEOID, ObjectIdGetDatum(form->typbasetype));
	if (!HeapTupleIsValid(base))
		sl_vanished();
	collation = ((Form_pg_type) GETSTRUCT(base))->typcollation;
	ReleaseSysCache(base);
	if (form->typcollation != collation)
		sl_put(scan, "collation", sl_collation_name(scan,
													form->typcollation));
}

static void
put_range(SlScan *scan, Oid type)
{
	HeapTuple	tuple = SearchSysCache1(RANGETYPE, ObjectIdGetDatum(type));
	Form_pg_range form;

	if (!HeapTupleIsValid(tuple))
		sl_vanished();
	form = (Form_pg_range) GETSTRUCT(tuple);
	sl_put(scan, "subtype", sl_type_name(scan, form->rngsubtype, -1));
	sl_put(scan, "multirange", sl_type_name(scan, form->rngmultitypid, -1));
	sl_put(scan, "operator_class",
		   sl_nondefault_opclass(scan, form->rngsubopc, form->rngsubtype));
	sl_put(scan, "collation", sl_collation_name(scan, form->rngcollation));
	sl_put(scan, "canonical", sl_function_identity(scan, form->rngcanonical));
	sl_put(scan, "difference", sl_function_identity(scan, form->rngsubdiff));
	ReleaseSysCache(tuple);
}

static void
put_base(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_type form = (Form_pg_type) GETSTRUCT(tuple);
	Datum		datum;
	bool		isnull;

	sl_put(scan, "input", sl_function_name(scan, form->typinput));
	sl_put(scan, "output", sl_function_name(scan, form->typoutput));
	sl_put(scan, "receive", sl_function_name(scan, form->typreceive));
	sl_put(scan, "send", sl_function_name(scan, form->typsend));
	sl_put(scan, "modifier_input", sl_function_name(scan, form->typmodin));
	sl_put(scan, "modifier_output", sl_function_name(scan, form->typmodout));
	sl_put(scan, "analyze", sl_function_name(scan, form->typanalyze));
	sl_put(scan, "subscript", sl_function_name(scan, form->typsubscript));
	sl_put_int(scan, "length", form->typlen);
	sl_put_true(scan, "by_value", form->typbyval);
	sl_put(scan, "alignment", sl_char_word(align_words, form->typalign));
	sl_put(scan, "storage", sl_char_word(storage_words, form->typstorage));
	sl_put(scan, "category", psprintf("%c", form->typcategory));
	sl_put_true(scan, "preferred", form->typispreferred);
	sl_put(scan, "delimiter", psprintf("%c", form->typdelim));
	if (OidIsValid(form->typelem))
		sl_put(scan, "element", sl_type_name(scan, form->typelem, -1));
	sl_put_true(scan, "collatable", OidIsValid(form->typcollation));
	datum = SL_GET(Anum_pg_type_typdefault);
	if (!isnull)
		sl_put(scan, "default", TextDatumGetCString(datum));
}

/* Is it the array that comes with another type? */
static bool
is_array(Form_pg_type form)
{
	HeapTuple	tuple;
	bool		result;

	if (!OidIsValid(form->typelem) || form->typlen != -1)
		return false;
	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(form->typelem));
	if (!HeapTupleIsValid(tuple))
		return true;
	result = ((Form_pg_type) GETSTRUCT(tuple))->typarray == form->oid;
	ReleaseSysCache(tuple);
	return result;
}

/* A row of pg_type. */
void
sl_row_type(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_type form = (Form_pg_type) GETSTRUCT(tuple);
	const char *class;
	Datum		acl;
	bool		isnull;

	if (form->typtype == TYPTYPE_COMPOSITE ||
		form->typtype == TYPTYPE_MULTIRANGE)
		return;
	if (!sl_is_managed(scan, TypeRelationId, form->oid, form->typnamespace))
		return;
	if (form->typtype == TYPTYPE_BASE && is_array(form))
		return;
	switch (form->typtype)
	{
		case TYPTYPE_ENUM:
			class = "enum";
			break;
		case TYPTYPE_DOMAIN:
			class = "domain";
			break;
		case TYPTYPE_RANGE:
			class = "range";
			break;
		default:
			class = form->typisdefined ? "base type" : "shell type";
			break;
	}
	if (!sl_fact_begin(scan, class, sl_qualified(scan, form->typnamespace,
												 NameStr(form->typname))))
		return;
	if (form->typtype == TYPTYPE_ENUM)
		put_enum(scan, form->oid);
	else if (form->typtype == TYPTYPE_DOMAIN)
		put_domain(scan, tuple, desc);
	else if (form->typtype == TYPTYPE_RANGE)
		put_range(scan, form->oid);
	else if (form->typisdefined)
		put_base(scan, tuple, desc);
	sl_put_comment(scan, TypeRelationId, form->oid, 0);
	sl_put_owner(scan, form->typowner);
	acl = SL_GET(Anum_pg_type_typacl);
	sl_put_acl(scan, OBJECT_TYPE, form->typowner, acl, isnull);
	sl_fact_end(scan);
}
