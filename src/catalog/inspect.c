/*-------------------------------------------------------------------------
 *
 * inspect.c
 *	  Functions by which the tests look at this area.
 *
 * Not in the install script: the tests declare these functions themselves,
 * which takes a superuser.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/inspect.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "catalog/catalog_private.h"
#include "catalog/trace.h"

PG_FUNCTION_INFO_V1(sl_inspect_trace_begin);
PG_FUNCTION_INFO_V1(sl_inspect_trace_end);

static MemoryContext trace_context = NULL;

/* sl_inspect_trace_begin() returns void: one that is on is forgotten */
Datum
sl_inspect_trace_begin(PG_FUNCTION_ARGS)
{
	sl_trace_abandon();
	if (trace_context != NULL)
		MemoryContextDelete(trace_context);
	trace_context = AllocSetContextCreate(TopMemoryContext,
										  "schema_lifecycle inspection",
										  ALLOCSET_DEFAULT_SIZES);
	sl_trace_begin(trace_context);
	PG_RETURN_VOID();
}

/*
 * sl_inspect_trace_end(OUT change text, OUT class text, OUT identity text,
 *		OUT before jsonb, OUT after jsonb) returns setof record
 */
Datum
sl_inspect_trace_end(PG_FUNCTION_ARGS)
{
	static const char *const words[] = {
		"added", "replaced", "changed", "removed"
	};
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	if (trace_context == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no trace is on")));
	foreach(cell, sl_trace_end())
	{
		SlChange   *change = lfirst(cell);
		Datum		values[5];
		bool		nulls[5] = {false};

		values[0] = CStringGetTextDatum(words[change->kind]);
		values[1] = CStringGetTextDatum(change->class);
		values[2] = CStringGetTextDatum(change->identity);
		nulls[3] = change->before == NULL;
		if (!nulls[3])
			values[3] = JsonbPGetDatum(sl_fact_definition(change->before));
		nulls[4] = change->after == NULL;
		if (!nulls[4])
			values[4] = JsonbPGetDatum(sl_fact_definition(change->after));
		tuplestore_putvalues(result->setResult, result->setDesc, values,
							 nulls);
	}
	MemoryContextDelete(trace_context);
	trace_context = NULL;
	return (Datum) 0;
}
