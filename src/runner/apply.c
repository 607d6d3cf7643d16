/*-------------------------------------------------------------------------
 *
 * apply.c
 *	  sl_apply_pending and sl_revert: in the caller's transaction, all or
 *	  nothing.
 *
 * A function holds a snapshot for as long as it runs, and CREATE INDEX
 * CONCURRENTLY anywhere in the database waits for it: so a function never
 * waits for the migration lock but says at once who has it.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/runner/apply.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "runner/runner.h"

PG_FUNCTION_INFO_V1(sl_apply_pending);
PG_FUNCTION_INFO_V1(sl_revert);

/*
 * The nesting level of the (sub)transaction that has the migration lock; 0 if
 * none has.
 */
static int	lock_level = 0;
static bool callbacks_registered = false;

/*
 * A prepared transaction would keep the migration lock without a process to
 * ask, across restarts.
 */
static void
transaction_callback(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_PREPARE:
			if (lock_level > 0)
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("cannot PREPARE a transaction that has run migrations"),
						 errdetail("It would keep the migration lock without a process that could be asked."),
						 errhint("COMMIT it.")));
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			lock_level = 0;
			break;
		default:
			break;
	}
}

/* A lock taken in a subtransaction goes with its abort, up with its commit. */
static void
subtransaction_callback(SubXactEvent event, SubTransactionId subid,
						SubTransactionId parent, void *arg)
{
	int			level = GetCurrentTransactionNestLevel();

	if (lock_level < level)
		return;
	if (event == SUBXACT_EVENT_ABORT_SUB)
		lock_level = 0;
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
		lock_level = level - 1;
}

/* From now on this transaction cannot be prepared. */
void
sl_forbid_prepare(void)
{
	if (!callbacks_registered)
	{
		RegisterXactCallback(transaction_callback, NULL);
		RegisterSubXactCallback(subtransaction_callback, NULL);
		callbacks_registered = true;
	}
	if (lock_level == 0)
		lock_level = GetCurrentTransactionNestLevel();
}

/* The command that cannot run in a transaction; NULL: a header says so. */
static const char *
find_offender(const SlPlan *plan, const char *revision)
{
	SlRegistryEntry *entry = sl_plan_fetch(plan, revision);
	const char *script = plan->direction == SL_UP ? entry->up : entry->down;
	SlOrigin	origin = {NULL, revision, 1};
	SlScriptInfo info;

	sl_script_check(script, strlen(script), &origin, &info);
	return info.offender;
}

/* SL006, before anything runs. */
static void
require_transactional(const SlPlan *plan)
{
	ListCell   *cell;

	foreach(cell, plan->items)
	{
		const SlPlanItem *item = lfirst(cell);
		const char *offender;

		if (item->transactional)
			continue;
		offender = find_offender(plan, item->revision);
		ereport(ERROR,
				(errcode(SL_ERR_NOT_TRANSACTIONAL),
				 errmsg("revision \"%s\" cannot run in a transaction",
						item->revision),
				 offender != NULL ?
				 errdetail("It holds %s. Nothing was run.", offender) :
				 errdetail("Its header or its file says so. Nothing was run."),
				 plan->direction == SL_UP ?
				 errhint("CALL sl_migrate(); runs each revision by itself, outside a transaction where it must.") :
				 errhint("CALL sl_revert_online(...); runs each revision by itself, outside a transaction where it must.")));
	}
}

static void
put_outcome(ReturnSetInfo *rsinfo, const char *revision,
			const SlOutcome *outcome)
{
	Datum		values[4];
	bool		nulls[4] = {false, false, false, false};

	values[0] = CStringGetTextDatum(revision);
	values[1] = CStringGetTextDatum(outcome->outcome);
	values[2] = Int32GetDatum(outcome->statements);
	values[3] = IntervalPGetDatum(sl_make_interval(outcome->elapsed));
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* A run in one transaction: its books are kept at its begin and its end. */
typedef struct Batch
{
	const SlPlan *plan;
	const char *caller;
	const SlOptions *options;
	ReturnSetInfo *rsinfo;
	int64		first_id;		/* of the history's rows */
	SlLogRow   *rows;			/* what was done, in the plan's order */
	int			nrows;
	SlFootprints *footprints;	/* up only */
	SlScripts  *scripts;
	MemoryContext revision;		/* reset for each revision */
} Batch;

/*
 * Take all claims, or 40001.  Repeatables and seeds are claimed one by one.
 */
static void
claim_all(Batch *batch)
{
	bool		up = batch->plan->direction == SL_UP;
	List	   *all = NIL;
	uint64		wanted = 0;
	uint64		claimed;
	ListCell   *cell;

	foreach(cell, batch->plan->items)
	{
		const SlPlanItem *item = lfirst(cell);

		all = lappend(all, item->revision);
		if (!up || sl_kind_runs_once(item->kind))
			wanted++;
	}
	claimed = up ? sl_claim_many(all, batch->first_id) : sl_unclaim_many(all);
	if (claimed != wanted)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("revisions of this run were run by another session"),
				 errhint("Call again: what is left to do is looked up anew.")));
	list_free(all);
}

/* Run one revision and note what was done. */
static void
run_item(Batch *batch, ListCell *at)
{
	const SlPlanItem *item = lfirst(at);
	SlDirection direction = batch->plan->direction;
	SlRegistryEntry *entry = sl_scripts_get(batch->scripts, at);
	TimestampTz started = GetCurrentTimestamp();
	SlLogRow   *row = &batch->rows[batch->nrows];
	SlOutcome	outcome = {0};
	int64		log_id = batch->first_id + batch->nrows;
	List	   *changes = NIL;
	int			statements;

	MemoryContextReset(batch->revision);
	MemoryContextSwitchTo(batch->revision);
	if (direction == SL_UP && !sl_kind_runs_once(item->kind))
		sl_claim_for_run(entry, direction, log_id);
	statements = sl_run_script(entry, direction, batch->caller,
							   batch->options, true,
							   direction == SL_UP ? &changes : NULL);
	sl_fill_outcome(&outcome, direction, statements, started);
	row->revision = item->revision;
	row->at = started + outcome.elapsed;
	row->statements = statements;
	row->elapsed = outcome.elapsed;
	batch->nrows++;
	if (direction == SL_UP)
		sl_footprints_add(batch->footprints, entry, log_id, changes);
	sl_notice_done(entry, &outcome);
	put_outcome(batch->rsinfo, item->revision, &outcome);
}

/* Tell who keeps other books in step. */
static void
tell_recorded(const Batch *batch)
{
	SlRecord   *records = palloc_array(SlRecord, batch->nrows + 1);
	int			i;

	for (i = 0; i < batch->nrows; i++)
	{
		records[i].revision = batch->rows[i].revision;
		records[i].direction = batch->plan->direction;
		records[i].elapsed = batch->rows[i].elapsed;
	}
	sl_recorded(records, batch->nrows);
	pfree(records);
}

/* All of them.  What was done is written down when all of it is done. */
static void
run_items(Batch *batch)
{
	SlDirection direction = batch->plan->direction;
	int			nest_level;
	ListCell   *cell;

	nest_level = sl_fence_open(batch->options->migration_lock_timeout);
	foreach(cell, batch->plan->items)
		run_item(batch, cell);
	sl_fence_close(nest_level);
	sl_restore_activity();

	sl_log_append_many(batch->first_id,
					   direction == SL_UP ? "apply" : "revert",
					   direction == SL_UP ? SL_EVIDENCE_APPLIED : NULL,
					   batch->rows, batch->nrows);
	if (direction == SL_UP)
		sl_footprints_flush(batch->footprints);
	sl_ledger_require_plain();
	if (direction == SL_DOWN)
	{
		foreach(cell, batch->plan->items)
			sl_registry_unsettle(((SlPlanItem *) lfirst(cell))->revision);
	}
	tell_recorded(batch);
}

/*
 * Run the plan; memory is one revision's at a time.  An error stays what it
 * is; where it has no hint of its own it says what it means for the run.
 */
static void
run_plan(const SlPlan *plan, const char *caller, const SlOptions *options,
		 ReturnSetInfo *rsinfo)
{
	MemoryContext outer = CurrentMemoryContext;
	Batch		batch = {plan, caller, options, rsinfo};

	batch.first_id = sl_log_next_id();
	batch.rows = palloc_array(SlLogRow, list_length(plan->items));
	batch.scripts = sl_scripts_begin(plan);
	batch.revision = AllocSetContextCreate(outer, "schema_lifecycle revision",
										   ALLOCSET_DEFAULT_SIZES);
	batch.footprints = sl_footprints_begin();
	claim_all(&batch);
	PG_TRY();
	{
		run_items(&batch);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(outer);
		error = CopyErrorData();
		FlushErrorState();
		if (error->hint == NULL)
			error->hint = plan->direction == SL_UP ?
				_("Nothing was applied.") : _("Nothing was reverted.");
		ReThrowError(error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(batch.revision);
	sl_scripts_end(batch.scripts);
}

/* What both functions are. */
static void
run_in_transaction(FunctionCallInfo fcinfo, const char *caller,
				   SlDirection direction)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	char	   *target = NULL;
	SlOptions	options;
	SlPlan	   *plan;

	InitMaterializedSRF(fcinfo, 0);
	sl_require_writer(caller);
	if (sl_fence_is_up())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s() cannot be called by a migration", caller)));
	if (!PG_ARGISNULL(0))
		target = text_to_cstring(PG_GETARG_TEXT_PP(0));
	else if (direction == SL_DOWN)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("the target of a revert must be named"),
				 errhint("'base' reverts everything.")));
	sl_options_resolve(&options,
					   PG_ARGISNULL(1) ? NULL : PG_GETARG_JSONB_P(1));
	/* here the caller's own statement_timeout bounds what runs */
	options.migration_statement_timeout = 0;
	if (sl_plan_nothing_to_do(target, direction))
		return;

	sl_forbid_prepare();
	sl_lock_for_transaction();
	plan = sl_plan_make(target, direction, &options);
	if (plan != NULL)
	{
		if (plan->external != NULL)
			sl_plan_report_external(plan, true);
		require_transactional(plan);
		sl_plan_lock(plan);
		run_plan(plan, caller, &options, rsinfo);
	}
	if (direction == SL_UP)
		sl_plan_settle();
}

/* sl_apply_pending(target, options) */
Datum
sl_apply_pending(PG_FUNCTION_ARGS)
{
	run_in_transaction(fcinfo, "sl_apply_pending", SL_UP);
	return (Datum) 0;
}

/* sl_revert(target, options) */
Datum
sl_revert(PG_FUNCTION_ARGS)
{
	run_in_transaction(fcinfo, "sl_revert", SL_DOWN);
	return (Datum) 0;
}
