/*-------------------------------------------------------------------------
 *
 * operators.c
 *	  Operators, operator classes and operator families.
 *
 * What an operator class brings to its family is listed with the family: it
 * is one set, however it was put together.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/operators.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/pg_am.h"
#include "catalog/pg_amop.h"
#include "catalog/pg_amproc.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_opfamily.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "catalog/catalog_private.h"

/* A row of pg_operator. */
void
sl_row_operator(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_operator form = (Form_pg_operator) GETSTRUCT(tuple);

	if (!sl_is_managed(scan, OperatorRelationId, form->oid,
					   form->oprnamespace))
		return;
	/* a shell, left by somebody's COMMUTATOR, does nothing */
	if (!OidIsValid(form->oprcode))
		return;
	if (!sl_fact_begin(scan, "operator", sl_operator_name(scan, form->oid)))
		return;
	sl_put(scan, "function", sl_function_identity(scan, form->oprcode));
	sl_put(scan, "result", sl_type_name(scan, form->oprresult, -1));
	sl_put(scan, "commutator", sl_operator_name(scan, form->oprcom));
	sl_put(scan, "negator", sl_operator_name(scan, form->oprnegate));
	sl_put(scan, "restrict", sl_function_name(scan, form->oprrest));
	sl_put(scan, "join", sl_function_name(scan, form->oprjoin));
	sl_put_true(scan, "merges", form->oprcanmerge);
	sl_put_true(scan, "hashes", form->oprcanhash);
	sl_put_comment(scan, OperatorRelationId, form->oid, 0);
	sl_put_owner(scan, form->oprowner);
	sl_fact_end(scan);
}

/* schema.family, or NULL */
static char *
family_name(SlScan *scan, Oid family)
{
	HeapTuple	tuple;
	Form_pg_opfamily form;
	char	   *name;

	if (!OidIsValid(family))
		return NULL;
	tuple = SearchSysCache1(OPFAMILYOID, ObjectIdGetDatum(family));
	if (!HeapTupleIsValid(tuple))
		sl_vanished();
	form = (Form_pg_opfamily) GETSTRUCT(tuple);
	name = sl_qualified(scan, form->opfnamespace, NameStr(form->opfname));
	ReleaseSysCache(tuple);
	return name;
}

/* A row of pg_opclass. */
void
sl_row_operator_class(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_opclass form = (Form_pg_opclass) GETSTRUCT(tuple);
	char	   *name;

	if (!sl_is_managed(scan, OperatorClassRelationId, form->oid,
					   form->opcnamespace))
		return;
	name = sl_qualified(scan, form->opcnamespace, NameStr(form->opcname));
	if (!sl_fact_begin(scan, "operator class",
					   psprintf("%s USING %s", name,
								sl_catalog_name(AMOID, form->opcmethod,
												Anum_pg_am_amname))))
		return;
	sl_put(scan, "type", sl_type_name(scan, form->opcintype, -1));
	sl_put(scan, "family", family_name(scan, form->opcfamily));
	sl_put_bool(scan, "default", form->opcdefault);
	if (OidIsValid(form->opckeytype))
		sl_put(scan, "storage", sl_type_name(scan, form->opckeytype, -1));
	sl_put_comment(scan, OperatorClassRelationId, form->oid, 0);
	sl_put_owner(scan, form->opcowner);
	sl_fact_end(scan);
}

static List *
family_operators(SlScan *scan, Oid family)
{
	Relation	catalog = table_open(AccessMethodOperatorRelationId,
									 AccessShareLock);
	ScanKeyData key;
	SysScanDesc rows;
	HeapTuple	tuple;
	List	   *result = NIL;

	ScanKeyInit(&key, Anum_pg_amop_amopfamily, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(family));
	rows = systable_beginscan(catalog, AccessMethodStrategyIndexId, true,
							  scan->snapshot, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(rows)))
	{
		Form_pg_amop form = (Form_pg_amop) GETSTRUCT(tuple);
		char	   *order = family_name(scan, form->amopsortfamily);

		result = lappend(result,
						 psprintf("%d %s%s%s", form->amopstrategy,
								  sl_operator_name(scan, form->amopopr),
								  order != NULL ? " FOR ORDER BY " : "",
								  order != NULL ? order : ""));
	}
	systable_endscan(rows);
	table_close(catalog, AccessShareLock);
	return result;
}

static List *
family_functions(SlScan *scan, Oid family)
{
	Relation	catalog = table_open(AccessMethodProcedureRelationId,
									 AccessShareLock);
	ScanKeyData key;
	SysScanDesc rows;
	HeapTuple	tuple;
	List	   *result = NIL;

	ScanKeyInit(&key, Anum_pg_amproc_amprocfamily, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(family));
	rows = systable_beginscan(catalog, AccessMethodProcedureIndexId, true,
							  scan->snapshot, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(rows)))
	{
		Form_pg_amproc form = (Form_pg_amproc) GETSTRUCT(tuple);

		result = lappend(result,
						 psprintf("%d (%s, %s) %s", form->amprocnum,
								  sl_type_name(scan, form->amproclefttype,
											   -1),
								  sl_type_name(scan, form->amprocrighttype,
											   -1),
								  sl_function_identity(scan, form->amproc)));
	}
	systable_endscan(rows);
	table_close(catalog, AccessShareLock);
	return result;
}

/* A row of pg_opfamily. */
void
sl_row_operator_family(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_opfamily form = (Form_pg_opfamily) GETSTRUCT(tuple);
	char	   *name;

	if (!sl_is_managed(scan, OperatorFamilyRelationId, form->oid,
					   form->opfnamespace))
		return;
	name = sl_qualified(scan, form->opfnamespace, NameStr(form->opfname));
	if (!sl_fact_begin(scan, "operator family",
					   psprintf("%s USING %s", name,
								sl_catalog_name(AMOID, form->opfmethod,
												Anum_pg_am_amname))))
		return;
	sl_put_sorted(scan, "operators", family_operators(scan, form->oid));
	sl_put_sorted(scan, "functions", family_functions(scan, form->oid));
	sl_put_comment(scan, OperatorFamilyRelationId, form->oid, 0);
	sl_put_owner(scan, form->opfowner);
	sl_fact_end(scan);
}
