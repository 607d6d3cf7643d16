/*-------------------------------------------------------------------------
 *
 * migrate.c
 *	  CALL sl_migrate and CALL sl_revert_online: one transaction a revision.
 *
 * What can fail runs in a subtransaction; then the call rolls back, records
 * the failure, and raises the error again.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/runner/migrate.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "runner/call.h"

PG_FUNCTION_INFO_V1(sl_migrate);
PG_FUNCTION_INFO_V1(sl_revert_online);

/* pauses before a revision is tried again double from the first to the last */
#define RETRY_PAUSE_MIN 100
#define RETRY_PAUSE_MAX 10000

/* A run under the lock. */
typedef struct Migration
{
	SlCall	   *call;
	const char *target;
	SlDirection direction;
} Migration;

/* One revision of it. */
typedef struct Work
{
	const Migration *migration;
	const SlPlan *plan;
	const char *revision;
	SlRegistryEntry *entry;
	SlOutcome	outcome;
} Work;

/* Worth another try: it met a lock, and was rolled back as a whole. */
static bool
is_lock_failure(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE ||
		error->sqlerrcode == ERRCODE_T_R_DEADLOCK_DETECTED;
}

/* Commit; a deferred trigger may still object. */
static ErrorData *
try_commit(SlCall *call)
{
	ErrorData  *volatile error = NULL;

	PG_TRY();
	{
		sl_call_commit();
	}
	PG_CATCH();
	{
		error = sl_call_take_error(call);
	}
	PG_END_TRY();
	return error;
}

/* A transactional revision as a whole. */
static void
run_piece(void *arg)
{
	Work	   *work = arg;
	SlCall	   *call = work->migration->call;

	work->entry = sl_plan_fetch(work->plan, work->revision);
	sl_run_revision(work->entry, work->migration->direction, call->name,
					&call->options, sl_log_next_id(), &work->outcome);
}

/* Before the worker, and after it. */
static void
fetch_piece(void *arg)
{
	Work	   *work = arg;

	work->entry = sl_plan_fetch(work->plan, work->revision);

	/* from its first statement on, what is reverted needs a look */
	if (work->migration->direction == SL_DOWN)
		sl_registry_unsettle(work->revision);
}

static void
record_piece(void *arg)
{
	Work	   *work = arg;

	sl_record_steps_done(work->entry, work->migration->direction,
						 &work->outcome);
}

/* What has to run outside a transaction. */
static ErrorData *
try_worker(Work *work)
{
	SlCall	   *call = work->migration->call;
	ErrorData  *volatile error = NULL;

	MemoryContextSwitchTo(call->work);
	PG_TRY();
	{
		sl_run_in_worker(work->entry, work->migration->direction, call->name,
						 &call->options, &work->outcome);
	}
	PG_CATCH();
	{
		error = sl_call_take_error(call);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(call->context);
	return error;
}

/*
 * Run a revision once.  Returns NULL, or the error, after a rollback.
 */
static ErrorData *
try_revision(Work *work, const SlPlanItem *item)
{
	SlCall	   *call = work->migration->call;
	ErrorData  *error;

	if (item->transactional)
		error = sl_call_try(call, run_piece, work);
	else
	{
		error = sl_call_try(call, fetch_piece, work);
		if (error == NULL)
			error = try_worker(work);
		if (error == NULL)
			error = sl_call_try(call, record_piece, work);
	}
	if (error != NULL)
	{
		sl_call_rollback();
		return error;
	}
	return try_commit(call);
}

/* What the history keeps of an error: everything but the query. */
static char *
describe_error(const ErrorData *error)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoString(&buf, error->message != NULL ?
						   error->message : "");
	if (error->detail != NULL)
		appendStringInfo(&buf, "\n%s", error->detail);
	if (error->context != NULL)
		appendStringInfo(&buf, "\n%s", error->context);
	return buf.data;
}

/* What a failure has left, and what to do next; both have two %s. */
static const char *
failure_hint(const SlPlanItem *item, const SlOutcome *outcome)
{
	if (item->transactional)
		return _("Revision \"%s\" was rolled back, those before it stay as they are. Put the cause right and CALL %s() again.");
	if (outcome->in_doubt)
		return _("Revision \"%s\" may have committed a part of the statement that failed: look at the data, and say with sl_resolve() how to go on, before you CALL %s() again.");
	return _("The statements of revision \"%s\" that had finished stay as they are. Put the cause right and CALL %s() again: it clears away what this attempt left, and continues behind them.");
}

/*
 * Record a failure in a transaction of its own, and raise the error.  Where
 * even that fails, the first error still is what the caller has to know.
 */
static void
fail_revision(SlCall *call, const SlPlanItem *item, const SlOutcome *outcome,
			  ErrorData *error)
{
	SlLogEntry	log = {0};

	log.action = "fail";
	log.revision = item->revision;
	log.outcome = "failed";
	log.statements = -1;
	log.elapsed = -1;
	log.sqlstate = pstrdup(unpack_sql_state(error->sqlerrcode));
	log.error = describe_error(error);
	PG_TRY();
	{
		if (sl_lock_try(call->keys, ExclusiveLock, false, NULL))
			sl_log_append(sl_log_next_id(), &log);
		sl_call_commit();
	}
	PG_CATCH();
	{
		ErrorData  *second = sl_call_take_error(call);

		sl_call_rollback();
		ereport(WARNING,
				(errmsg("the failure of revision \"%s\" could not be recorded: %s",
						item->revision, second->message)));
	}
	PG_END_TRY();

	if (error->hint == NULL)
	{
		error->hint = psprintf(failure_hint(item, outcome), item->revision,
							   call->name);
		if (is_lock_failure(error))
			error->hint = psprintf(_("%s It waited for a lock (schema_lifecycle.migration_lock_timeout, lock_retries); pg_locks and pg_blocking_pids() say who has it."),
								   error->hint);
	}
	ReThrowError(error);
}

/* One revision, tried as often as lock_retries allows. */
static void
run_revision(const Migration *migration, const SlPlan *plan,
			 const SlPlanItem *item)
{
	SlCall	   *call = migration->call;
	long		pause = RETRY_PAUSE_MIN;
	int			attempt;

	for (attempt = 0;; attempt++)
	{
		Work		work = {migration, plan, item->revision};
		ErrorData  *error;

		MemoryContextReset(call->work);
		error = try_revision(&work, item);
		if (error == NULL)
		{
			sl_notice_done(work.entry, &work.outcome);
			return;
		}
		sl_restore_activity();
		if (!is_lock_failure(error) || work.outcome.in_doubt ||
			attempt >= call->options.lock_retries)
			fail_revision(call, item, &work.outcome, error);
		ereport(NOTICE,
				(errmsg("%s met a lock (%s), try %d of %d in %ld ms",
						item->revision, error->message, attempt + 1,
						call->options.lock_retries, pause)));
		FreeErrorData(error);
		sl_call_pause(pause);
		pause = Min(pause * 2, RETRY_PAUSE_MAX);
	}
}

/* SL011 and 42501 for a worker, before anything runs. */
static void
check_worker_logins(const SlPlan *plan)
{
	ListCell   *cell;

	foreach(cell, plan->items)
	{
		const SlPlanItem *item = lfirst(cell);
		SlRegistryEntry *entry;

		if (item->transactional)
			continue;
		entry = sl_plan_fetch(plan, item->revision);
		(void) sl_worker_login(entry->revision, entry->registrar,
							   entry->registrar_name);
	}
}

/* All of it; the session's lock is held. */
void
sl_migrate_locked(SlCall *call, const char *target, SlDirection direction)
{
	Migration	migration = {call, target, direction};
	SlPlan	   *plan;
	ListCell   *cell;

	/* a snapshot from before the lock must not decide what is pending */
	sl_call_commit();
	plan = sl_plan_make(target, direction, &call->options);
	if (plan != NULL)
	{
		MemoryContextSwitchTo(call->work);
		check_worker_logins(plan);
		MemoryContextSwitchTo(call->context);
		sl_call_commit();
		foreach(cell, plan->items)
			run_revision(&migration, plan, lfirst(cell));
	}
	if (direction == SL_UP)
	{
		sl_plan_settle();
		sl_call_commit();

		/*
		 * Whoever looks next for something to do has to step over the index
		 * entries that have just died, and marks them.  Let that be us.
		 */
		(void) sl_registry_is_settled(true);
	}
	if (plan != NULL && plan->external != NULL)
		sl_plan_report_external(plan, plan->items == NIL);
}

static void
migrate(void *arg)
{
	Migration  *migration = arg;

	sl_migrate_locked(migration->call, migration->target,
					  migration->direction);
}

static bool
is_done(void *arg)
{
	Migration  *migration = arg;

	return sl_plan_nothing_to_do(migration->target, migration->direction);
}

/* What both procedures are. */
static void
run_call(FunctionCallInfo fcinfo, const char *name, SlDirection direction)
{
	Migration	migration = {NULL, NULL, direction};
	SlCall	   *call;

	call = sl_call_begin(fcinfo, name,
						 _("Or use SELECT sl_apply_pending() in the transaction."),
						 PG_ARGISNULL(1) ? NULL : PG_GETARG_JSONB_P(1));
	migration.call = call;
	if (!PG_ARGISNULL(0))
		migration.target = text_to_cstring(PG_GETARG_TEXT_PP(0));
	else if (direction == SL_DOWN)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("the target of a revert must be named"),
				 errhint("'base' reverts everything.")));
	if (!is_done(&migration) && sl_call_lock(call, is_done, &migration))
		sl_call_run_locked(call, migrate, &migration);
	sl_call_end(call);
}

/* CALL sl_migrate(target, options) */
Datum
sl_migrate(PG_FUNCTION_ARGS)
{
	run_call(fcinfo, "sl_migrate", SL_UP);
	PG_RETURN_NULL();
}

/* CALL sl_revert_online(target, options) */
Datum
sl_revert_online(PG_FUNCTION_ARGS)
{
	run_call(fcinfo, "sl_revert_online", SL_DOWN);
	PG_RETURN_NULL();
}
