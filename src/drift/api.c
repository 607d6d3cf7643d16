/*-------------------------------------------------------------------------
 *
 * api.c
 *	  Facts in SQL.
 *
 * What is compared is what sl_configure() says for the database: owners,
 * privileges, and the managed schemas where the caller names none.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/drift/api.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/tuplesort.h"

#include "common/sl_compat.h"
#include "common/sl_errors.h"
#include "drift/drift.h"
#include "ledger/ledger.h"

PG_FUNCTION_INFO_V1(sl_catalog);
PG_FUNCTION_INFO_V1(sl_fingerprint);
PG_FUNCTION_INFO_V1(sl_snapshot);
PG_FUNCTION_INFO_V1(sl_compare);

/* What to read: the first argument, or what the database is set to. */
static void
read_options(FunctionCallInfo fcinfo, SlCatalogOptions *options)
{
	SlOptions	settings;
	Datum	   *elements;
	bool	   *nulls;
	Name		name;
	int			count;
	int			i;

	sl_options_resolve(&settings, NULL);
	memset(options, 0, sizeof(*options));
	options->owners = settings.compare_owners;
	options->privileges = settings.compare_privileges;
	if (PG_ARGISNULL(0))
	{
		options->schemas = settings.managed_schemas;
		return;
	}
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), NAMEOID, NAMEDATALEN,
					  false, TYPALIGN_CHAR, &elements, &nulls, &count);
	for (i = 0; i < count; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(SL_ERR_BAD_INPUT),
					 errmsg("a schema must not be null")));
		name = DatumGetName(elements[i]);
		options->schemas = lappend(options->schemas,
								   pstrdup(NameStr(*name)));
	}
	options->no_schemas = options->schemas == NIL;
}

/* A sort that facts go into. */
typedef struct SortTarget
{
	Tuplesortstate *sort;
	TupleTableSlot *slot;
	MemoryContext row;
} SortTarget;

static void
add_to_sort(const SlFact *fact, void *arg)
{
	SortTarget *target = arg;
	TupleTableSlot *slot = target->slot;
	MemoryContext before = MemoryContextSwitchTo(target->row);

	ExecClearTuple(slot);
	slot->tts_values[0] = CStringGetTextDatum(fact->class);
	slot->tts_values[1] = CStringGetTextDatum(fact->identity);
	slot->tts_values[2] = JsonbPGetDatum(sl_fact_definition(fact));
	memset(slot->tts_isnull, 0, sizeof(bool) * 3);
	ExecStoreVirtualTuple(slot);
	tuplesort_puttupleslot(target->sort, slot);
	ExecClearTuple(slot);
	MemoryContextSwitchTo(before);
	MemoryContextReset(target->row);
}

/* sl_catalog(schemas): every fact, by class and identity in byte order */
Datum
sl_catalog(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	AttrNumber	columns[2] = {1, 2};
	Oid			operators[2] = {TextLessOperator, TextLessOperator};
	Oid			collations[2] = {C_COLLATION_OID, C_COLLATION_OID};
	bool		nulls_first[2] = {false, false};
	SlCatalogOptions options;
	SortTarget	target;

	InitMaterializedSRF(fcinfo, 0);
	read_options(fcinfo, &options);
	target.sort = tuplesort_begin_heap(rsinfo->setDesc, 2, columns, operators,
									   collations, nulls_first, work_mem,
									   NULL, TUPLESORT_NONE);
	target.slot = MakeSingleTupleTableSlot(rsinfo->setDesc, &TTSOpsVirtual);
	target.row = AllocSetContextCreate(CurrentMemoryContext,
									   "schema_lifecycle row",
									   ALLOCSET_DEFAULT_SIZES);
	sl_catalog_scan(&options, add_to_sort, &target);
	ExecDropSingleTupleTableSlot(target.slot);
	tuplesort_performsort(target.sort);
	target.slot = MakeSingleTupleTableSlot(rsinfo->setDesc,
										   &TTSOpsMinimalTuple);
	while (tuplesort_gettupleslot(target.sort, true, false, target.slot,
								  NULL))
		tuplestore_puttupleslot(rsinfo->setResult, target.slot);
	ExecDropSingleTupleTableSlot(target.slot);
	tuplesort_end(target.sort);
	return (Datum) 0;
}

/* sl_fingerprint(schemas): the digest of the same facts */
Datum
sl_fingerprint(PG_FUNCTION_ARGS)
{
	SlCatalogOptions options;
	SlFactDigest   *digest;
	char	   *hex;

	read_options(fcinfo, &options);
	digest = sl_fact_digest_create();
	sl_catalog_scan(&options, sl_fact_digest_add, digest);
	hex = sl_fact_digest_final(digest);
	PG_RETURN_TEXT_P(cstring_to_text(psprintf("sl1:%s", hex)));
}

static SlFactSet *
read_live(const SlCatalogOptions *options)
{
	SlFactSet  *set = palloc0_object(SlFactSet);

	set->options = *options;
	sl_catalog_scan(options, sl_fact_set_add, set);
	sl_fact_set_sort(set);
	return set;
}

/* sl_snapshot(schemas): the same facts as one document */
Datum
sl_snapshot(PG_FUNCTION_ARGS)
{
	SlCatalogOptions options;

	read_options(fcinfo, &options);
	PG_RETURN_JSONB_P(sl_snapshot_make(read_live(&options)));
}

static void
return_finding(const SlFinding *finding, void *arg)
{
	ReturnSetInfo *rsinfo = arg;
	const SlFact *fact = finding->expected != NULL ? finding->expected :
		finding->actual;
	const SlAttribute *was = finding->expected_attribute;
	const SlAttribute *is = finding->actual_attribute;
	Datum		values[8];
	bool		nulls[8] = {0};

	values[0] = CStringGetTextDatum(finding->severity);
	values[1] = CStringGetTextDatum(fact->class);
	values[2] = CStringGetTextDatum(fact->identity);
	values[3] = CStringGetTextDatum(finding->problem);
	memset(&nulls[4], true, sizeof(bool) * 4);
	if (finding->attribute != NULL)
	{
		values[4] = CStringGetTextDatum(finding->attribute);
		nulls[4] = false;
	}
	if (was != NULL)
	{
		values[5] = CStringGetTextDatum(sl_attribute_text(was));
		nulls[5] = false;
	}
	if (is != NULL)
	{
		values[6] = CStringGetTextDatum(sl_attribute_text(is));
		nulls[6] = false;
	}
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/*
 * sl_compare(expected, actual): what differs; actual NULL: the live facts, of
 * what the expected ones are of.
 */
Datum
sl_compare(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SlFactSet  *expected;
	SlFactSet  *actual;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("\"%s\" must not be null", "expected"),
				 errhint("Documents of this form come from sl_snapshot().")));
	expected = sl_snapshot_parse(PG_GETARG_JSONB_P(0), "expected");
	if (PG_ARGISNULL(1))
		actual = read_live(&expected->options);
	else
		actual = sl_snapshot_parse(PG_GETARG_JSONB_P(1), "actual");
	sl_fact_sets_compare(expected, actual, return_finding, rsinfo);
	return (Datum) 0;
}
