/*-------------------------------------------------------------------------
 *
 * migrate.c
 *	  CALL sl_migrate and CALL sl_revert_online: one transaction a revision.
 *
 * The call holds the migration lock as a session lock from its first to its
 * last revision, and as a transaction lock in each of them, so that neither a
 * pooler nor an unlock in a script can lose it.  It holds no snapshot while
 * it waits, for the lock, for a retry or for its worker: CREATE INDEX
 * CONCURRENTLY, here or elsewhere, would wait for that snapshot for ever.
 *
 * What can fail runs in a subtransaction, see try_in_subtransaction; then the
 * call rolls back, records the failure, and raises the error again.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/runner/migrate.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/resowner.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "runner/runner.h"

PG_FUNCTION_INFO_V1(sl_migrate);
PG_FUNCTION_INFO_V1(sl_revert_online);

/* waits for the lock begin and end with these pauses, in ms */
#define LOCK_POLL_MIN 5
#define LOCK_POLL_MAX 50

/* pauses before a revision is tried again double from the first to the last */
#define RETRY_PAUSE_MIN 100
#define RETRY_PAUSE_MAX 10000

typedef struct Call
{
	const char *name;
	SlDirection direction;
	char	   *target;
	SlOptions	options;
	SlLockKeys *keys;			/* as they were set at its start */
	MemoryContext context;		/* lives as long as the call */
	MemoryContext revision;		/* reset for each revision */
} Call;

/*
 * 25001, with the way out for the drivers that open a transaction unasked.
 * 'why' says what the call does, and 'otherwise' what there is besides.
 */
void
sl_call_require_top_level(FunctionCallInfo fcinfo, const char *name,
						  const char *why, const char *otherwise)
{
	if (fcinfo->context != NULL && IsA(fcinfo->context, CallContext) &&
		!((CallContext *) fcinfo->context)->atomic)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
			 errmsg("CALL %s() cannot run inside a transaction block", name),
			 errdetail("%s", why),
			 errhint("Call it in autocommit mode. psycopg: connection.autocommit = True; SQLAlchemy: engine.connect().execution_options(isolation_level=\"AUTOCOMMIT\"); JDBC: connection.setAutoCommit(true); node-postgres: no BEGIN before it; psql: no \\set AUTOCOMMIT off. %s",
					 otherwise)));
}

/*
 * Commit, and begin the next transaction, without a snapshot and without the
 * caller's bound on transactions: that was meant for his own.
 */
void
sl_call_commit(void)
{
	SPI_commit();
	sl_disable_transaction_timeout();
}

static void
call_rollback(void)
{
	SPI_rollback();
	sl_disable_transaction_timeout();
}

/* Pause without a snapshot; a cancel ends it. */
static void
pause_call(long ms)
{
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
					 ms, PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}

/* Take the session's lock and see that no worker of ours is left. */
static bool
take_lock(Call *call, SlHolder *holder)
{
	bool		alone = false;

	if (!sl_lock_try(call->keys, ExclusiveLock, true, holder))
		return false;
	PG_TRY();
	{
		alone = sl_worker_lock_try(ExclusiveLock, holder);
	}
	PG_CATCH();
	{
		sl_lock_release(call->keys, ExclusiveLock);
		PG_RE_THROW();
	}
	PG_END_TRY();
	if (alone)
		sl_worker_lock_release(ExclusiveLock);
	else
		sl_lock_release(call->keys, ExclusiveLock);
	return alone;
}

/*
 * Has somebody else done all there was to do?  All who wait may look at once,
 * in share mode, and leave without taking turns.
 */
static bool
is_done_by_others(Call *call)
{
	volatile bool done = false;

	if (!sl_lock_try(call->keys, ShareLock, true, NULL))
		return false;
	PG_TRY();
	{
		done = sl_plan_nothing_to_do(call->target, call->direction);
	}
	PG_CATCH();
	{
		sl_lock_release(call->keys, ShareLock);
		PG_RE_THROW();
	}
	PG_END_TRY();
	sl_lock_release(call->keys, ShareLock);
	return done;
}

/*
 * Take the migration lock, waiting for it up to lock_wait.  False: while we
 * waited somebody else did all there was to do.
 */
static bool
wait_for_lock(Call *call)
{
	TimestampTz deadline;
	long		pause = LOCK_POLL_MIN;
	char	   *activity;
	bool		done;
	SlHolder	holder;

	deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
										   call->options.lock_wait);
	activity = psprintf("%s: waiting for the migration lock", call->name);
	while (!take_lock(call, NULL))
	{
		if (GetCurrentTimestamp() >= deadline)
		{
			if (take_lock(call, &holder))
				break;
			sl_lock_report_busy(&holder);
		}
		/* no snapshot from here on: who reads that we wait may rely on it */
		sl_call_commit();
		pgstat_report_activity(STATE_RUNNING, activity);
		pause_call(pause);
		pause = Min(pause * 2, LOCK_POLL_MAX);
		MemoryContextReset(call->revision);
		MemoryContextSwitchTo(call->revision);
		done = is_done_by_others(call);
		MemoryContextSwitchTo(call->context);
		if (done)
			return false;
	}
	sl_restore_activity();
	return true;
}

/* Worth another try: it met a lock, and was rolled back as a whole. */
static bool
is_lock_failure(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE ||
		error->sqlerrcode == ERRCODE_T_R_DEADLOCK_DETECTED;
}

/* Take the error that was caught; the caller rolls back. */
static ErrorData *
take_error(Call *call)
{
	ErrorData  *error;

	MemoryContextSwitchTo(call->context);
	error = CopyErrorData();
	FlushErrorState();
	return error;
}

/* Commit; a deferred trigger may still object. */
static ErrorData *
try_commit(Call *call)
{
	ErrorData  *volatile error = NULL;

	PG_TRY();
	{
		sl_call_commit();
	}
	PG_CATCH();
	{
		error = take_error(call);
	}
	PG_END_TRY();
	return error;
}

/*
 * A piece of work in a subtransaction: after an error the SPI stack and the
 * resource owners are again those of the procedure, which can roll back.
 */
typedef struct Work
{
	Call	   *call;
	const SlPlan *plan;
	const char *revision;
	SlRegistryEntry *entry;
	SlOutcome	outcome;
} Work;

static ErrorData *
try_in_subtransaction(void (*piece) (Work *work), Work *work)
{
	Call	   *call = work->call;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(call->revision);
	PG_TRY();
	{
		/* held for the session: for the transaction it is there, too */
		if (!sl_lock_try(call->keys, ExclusiveLock, false, NULL))
			ereport(ERROR,
					(errcode(SL_ERR_LOCK_BUSY),
					 errmsg("the migration lock was lost to another session"),
					 errdetail("Something in this session released it while the call was running."),
					 errhint("Call again.")));
		piece(work);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		error = take_error(call);
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(call->context);
	CurrentResourceOwner = owner;
	return error;
}

/* A transactional revision as a whole. */
static void
run_piece(Work *work)
{
	work->entry = sl_plan_fetch(work->plan, work->revision);
	sl_run_revision(work->entry, work->call->direction, work->call->name,
					&work->call->options, sl_log_next_id(), &work->outcome);
}

/* Before the worker, and after it. */
static void
fetch_piece(Work *work)
{
	work->entry = sl_plan_fetch(work->plan, work->revision);

	/* from its first statement on, what is reverted needs a look */
	if (work->call->direction == SL_DOWN)
		sl_registry_unsettle(work->revision);
}

static void
record_piece(Work *work)
{
	sl_record_steps_done(work->entry, work->call->direction, &work->outcome);
}

/* What has to run outside a transaction. */
static ErrorData *
try_worker(Work *work)
{
	Call	   *call = work->call;
	ErrorData  *volatile error = NULL;

	MemoryContextSwitchTo(call->revision);
	PG_TRY();
	{
		sl_run_in_worker(work->entry, call->direction, call->name,
						 &call->options, &work->outcome);
	}
	PG_CATCH();
	{
		error = take_error(call);
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
	ErrorData  *error;

	if (item->transactional)
		error = try_in_subtransaction(run_piece, work);
	else
	{
		error = try_in_subtransaction(fetch_piece, work);
		if (error == NULL)
			error = try_worker(work);
		if (error == NULL)
			error = try_in_subtransaction(record_piece, work);
	}
	if (error != NULL)
	{
		call_rollback();
		return error;
	}
	return try_commit(work->call);
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
fail_revision(Call *call, const SlPlanItem *item, const SlOutcome *outcome,
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
		ErrorData  *second = take_error(call);

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
run_revision(Call *call, const SlPlan *plan, const SlPlanItem *item)
{
	long		pause = RETRY_PAUSE_MIN;
	int			attempt;

	for (attempt = 0;; attempt++)
	{
		Work		work = {call, plan, item->revision};
		ErrorData  *error;

		MemoryContextReset(call->revision);
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
		pause_call(pause);
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
static void
run_all(Call *call)
{
	SlPlan	   *plan;
	ListCell   *cell;

	/* a snapshot from before the lock must not decide what is pending */
	sl_call_commit();
	plan = sl_plan_make(call->target, call->direction, &call->options);
	if (plan != NULL)
	{
		MemoryContextSwitchTo(call->revision);
		check_worker_logins(plan);
		MemoryContextSwitchTo(call->context);
		sl_call_commit();
		foreach(cell, plan->items)
			run_revision(call, plan, lfirst(cell));
	}
	if (call->direction == SL_UP)
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

/* The same, and the lock given up whatever happens. */
static void
run_locked(Call *call)
{
	PG_TRY();
	{
		run_all(call);
	}
	PG_CATCH();
	{
		/* at a FATAL exit the server releases it */
		sl_lock_release(call->keys, ExclusiveLock);
		PG_RE_THROW();
	}
	PG_END_TRY();
	sl_lock_release(call->keys, ExclusiveLock);
}

/* What both procedures are. */
static void
run_call(FunctionCallInfo fcinfo, const char *name, SlDirection direction)
{
	Call		call = {0};
	MemoryContext outer;

	if (sl_fence_is_up())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s() cannot be called by a migration", name)));
	sl_call_require_top_level(fcinfo, name,
							  _("It commits after each revision."),
							  _("Or use SELECT sl_apply_pending() in the transaction."));
	sl_require_writer(name);
	call.name = name;
	call.direction = direction;
	call.context = AllocSetContextCreate(PortalContext,
										 "schema_lifecycle call",
										 ALLOCSET_DEFAULT_SIZES);
	call.revision = AllocSetContextCreate(call.context,
										  "schema_lifecycle revision",
										  ALLOCSET_DEFAULT_SIZES);
	outer = MemoryContextSwitchTo(call.context);
	call.keys = sl_lock_keys();
	if (!PG_ARGISNULL(0))
		call.target = text_to_cstring(PG_GETARG_TEXT_PP(0));
	else if (direction == SL_DOWN)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("the target of a revert must be named"),
				 errhint("'base' reverts everything.")));
	sl_options_resolve(&call.options,
					   PG_ARGISNULL(1) ? NULL : PG_GETARG_JSONB_P(1));

	/* the caller's bounds one statement, and this is many */
	disable_timeout(STATEMENT_TIMEOUT, false);
	sl_disable_transaction_timeout();

	if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	MemoryContextSwitchTo(call.context);
	if (!sl_plan_nothing_to_do(call.target, direction) &&
		wait_for_lock(&call))
		run_locked(&call);
	SPI_finish();
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(call.context);
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
