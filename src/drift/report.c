/*-------------------------------------------------------------------------
 *
 * report.c
 *	  The expected schema, drift and stamp drift in SQL.
 *
 * The functions that report differences say what was there when they looked;
 * that the schema is changing while they look is not theirs to say:
 * sl_status() has a verdict for it.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/drift/report.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_operator.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/tuplesort.h"

#include "common/sl_compat.h"
#include "common/sl_errors.h"
#include "drift/drift_private.h"

PG_FUNCTION_INFO_V1(sl_expected);
PG_FUNCTION_INFO_V1(sl_detect_drift);
PG_FUNCTION_INFO_V1(sl_detect_stamp_drift);

typedef struct ExpectedTarget
{
	const SlCatalogOptions *what;
	Tuplesortstate *sort;
	TupleTableSlot *slot;
} ExpectedTarget;

static void
add_expected(const SlExpectedFact *entry, const SlFact *fact, void *arg)
{
	ExpectedTarget *target = arg;
	TupleTableSlot *slot = target->slot;
	SlFact		part = *fact;
	int			i;

	part.attributes = palloc_array(SlAttribute, fact->nattributes + 1);
	part.nattributes = 0;
	for (i = 0; i < fact->nattributes; i++)
	{
		const char *name = fact->attributes[i].name;

		if ((!target->what->owners && strcmp(name, "owner") == 0) ||
			(!target->what->privileges && strcmp(name, "privileges") == 0))
			continue;
		part.attributes[part.nattributes++] = fact->attributes[i];
	}
	ExecClearTuple(slot);
	slot->tts_values[0] = CStringGetTextDatum(fact->class);
	slot->tts_values[1] = CStringGetTextDatum(fact->identity);
	slot->tts_values[2] = JsonbPGetDatum(sl_fact_definition(&part));
	memset(slot->tts_isnull, 0, sizeof(bool) * 3);
	ExecStoreVirtualTuple(slot);
	tuplesort_puttupleslot(target->sort, slot);
	ExecClearTuple(slot);
}

/* The fold that was asked for. */
static SlExpected *
expected_of(FunctionCallInfo fcinfo)
{
	SlGraph    *graph;
	const SlRevisionRow *row;

	if (PG_ARGISNULL(0))
		return sl_expected_present(0);
	graph = sl_graph_read(true);
	row = sl_graph_resolve(graph, text_to_cstring(PG_GETARG_TEXT_PP(0)),
						   false);
	if (row->kind == SL_KIND_REPEATABLE || row->kind == SL_KIND_SEED)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("there is no schema at \"%s\"", row->revision),
				 errdetail("A repeatable or a seed has no place in the order of the versioned revisions."),
				 errhint("Name a versioned revision; NULL is the present state.")));
	return sl_expected_at(graph, row);
}

/* The facts that are there and compared, into the sort. */
static void
sort_expected(SlExpected *expected, ExpectedTarget *target)
{
	SlExpectedFact **entries =
		MemoryContextAllocHuge(CurrentMemoryContext,
							   sizeof(SlExpectedFact *) *
							   (expected->facts->members + 1));
	sl_expected_facts_iterator it;
	SlExpectedFact *entry;
	int			count = 0;

	sl_expected_facts_start_iterate(expected->facts, &it);
	while ((entry = sl_expected_facts_iterate(expected->facts, &it)) != NULL)
		if (entry->there &&
			sl_scope_is_compared(&expected->scopes[entry->scope],
								 target->what))
			entries[count++] = entry;
	sl_expected_read(expected, entries, count, add_expected, target);
	tuplesort_performsort(target->sort);
}

/* sl_expected(revision): the facts as the history left them, or would */
Datum
sl_expected(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	AttrNumber	columns[2] = {1, 2};
	Oid			operators[2] = {TextLessOperator, TextLessOperator};
	Oid			collations[2] = {C_COLLATION_OID, C_COLLATION_OID};
	bool		nulls_first[2] = {false, false};
	SlCatalogOptions what = {0};
	SlOptions	settings;
	ExpectedTarget target = {&what};

	InitMaterializedSRF(fcinfo, 0);
	sl_options_resolve(&settings, NULL);
	what.schemas = settings.managed_schemas;
	what.owners = settings.compare_owners;
	what.privileges = settings.compare_privileges;
	target.sort = tuplesort_begin_heap(rsinfo->setDesc, 2, columns, operators,
									   collations, nulls_first, work_mem,
									   NULL, TUPLESORT_NONE);
	target.slot = MakeSingleTupleTableSlot(rsinfo->setDesc, &TTSOpsVirtual);
	PushActiveSnapshot(GetLatestSnapshot());
	sort_expected(expected_of(fcinfo), &target);
	PopActiveSnapshot();
	ExecDropSingleTupleTableSlot(target.slot);
	target.slot = MakeSingleTupleTableSlot(rsinfo->setDesc,
										   &TTSOpsMinimalTuple);
	while (tuplesort_gettupleslot(target.sort, true, false, target.slot,
								  NULL))
		tuplestore_puttupleslot(rsinfo->setResult, target.slot);
	ExecDropSingleTupleTableSlot(target.slot);
	tuplesort_end(target.sort);
	return (Datum) 0;
}

static void
put_text(Datum *values, bool *nulls, int i, const char *text)
{
	nulls[i] = text == NULL;
	values[i] = text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

static void
put_jsonb(Datum *values, bool *nulls, int i, Jsonb *jsonb)
{
	nulls[i] = jsonb == NULL;
	values[i] = jsonb == NULL ? (Datum) 0 : JsonbPGetDatum(jsonb);
}

/* sl_detect_drift(): what differs from the expected schema */
Datum
sl_detect_drift(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SlTruth		truth;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	sl_truth_look(&truth);
	foreach(cell, truth.drift)
	{
		const SlDriftFinding *finding = lfirst(cell);
		Datum		values[8];
		bool		nulls[8];

		put_text(values, nulls, 0, finding->severity);
		put_text(values, nulls, 1, finding->class);
		put_text(values, nulls, 2, finding->identity);
		put_text(values, nulls, 3, finding->problem);
		put_text(values, nulls, 4, finding->attribute);
		put_text(values, nulls, 5, finding->expected);
		put_text(values, nulls, 6, finding->actual);
		put_text(values, nulls, 7, finding->revision);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}

/* sl_detect_stamp_drift(): revisions that are not what the history says */
Datum
sl_detect_stamp_drift(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SlTruth		truth;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	sl_truth_look(&truth);
	foreach(cell, truth.stamp)
	{
		const SlStampFinding *finding = lfirst(cell);
		Datum		values[8];
		bool		nulls[8];

		put_text(values, nulls, 0, finding->revision);
		put_text(values, nulls, 1, finding->verdict);
		put_text(values, nulls, 2, finding->class);
		put_text(values, nulls, 3, finding->identity);
		put_text(values, nulls, 4, finding->problem);
		put_jsonb(values, nulls, 5, finding->expected);
		put_jsonb(values, nulls, 6, finding->actual);
		put_text(values, nulls, 7, finding->evidence);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}
