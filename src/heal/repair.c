/*-------------------------------------------------------------------------
 *
 * repair.c
 *	  sl_repair_plan and sl_repair.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/heal/repair.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "heal/heal_private.h"

PG_FUNCTION_INFO_V1(sl_repair_plan);
PG_FUNCTION_INFO_V1(sl_repair);

static char *
statements_text(const SlHealStep *step)
{
	StringInfoData text;
	ListCell   *cell;

	initStringInfo(&text);
	foreach(cell, step->statements)
		appendStringInfo(&text, "%s%s", text.len > 0 ? ";\n" : "",
						 (char *) lfirst(cell));
	return text.data;
}

/* ordinal, revision, action, statement: what both functions begin with */
static void
put_step(Datum *values, bool *nulls, const SlHealStep *step, int ordinal)
{
	values[0] = Int32GetDatum(ordinal);
	nulls[1] = step->revision == NULL;
	if (step->revision != NULL)
		values[1] = CStringGetTextDatum(step->revision);
	values[2] = CStringGetTextDatum(step->action);
	nulls[3] = step->statements == NIL;
	if (step->statements != NIL)
		values[3] = CStringGetTextDatum(statements_text(step));
}

/* sl_repair_plan() */
Datum
sl_repair_plan(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SlHealOrder order = {"sl_repair_plan", true, true, true};
	SlOptions	options;
	SlHealing  *healing;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	sl_options_resolve(&options, NULL);
	healing = sl_heal_plan(&order, &options);
	foreach(cell, healing->steps)
	{
		const SlHealStep *step = lfirst(cell);
		Datum		values[6];
		bool		nulls[6] = {0};

		put_step(values, nulls, step, foreach_current_index(cell) + 1);
		values[4] = BoolGetDatum(step->safe);
		nulls[5] = step->reason == NULL;
		if (step->reason != NULL)
			values[5] = CStringGetTextDatum(step->reason);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}

/* sl_repair(options) */
Datum
sl_repair(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SlHealOrder order = {"sl_repair", true, true, true};
	SlOptions	options;
	SlHealing  *healing;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	sl_options_resolve(&options,
					   PG_ARGISNULL(0) ? NULL : PG_GETARG_JSONB_P(0));
	/* here the caller's own statement_timeout bounds what runs */
	options.migration_statement_timeout = 0;
	order.replays = options.replay;
	order.notices = true;
	sl_words_begin("sl_repair");
	healing = sl_heal(&order, &options);
	foreach(cell, healing->steps)
	{
		const SlHealStep *step = lfirst(cell);
		Datum		values[5];
		bool		nulls[5] = {0};

		put_step(values, nulls, step, foreach_current_index(cell) + 1);
		values[4] = CStringGetTextDatum(step->outcome);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}
