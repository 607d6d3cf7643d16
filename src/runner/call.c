/*-------------------------------------------------------------------------
 *
 * call.c
 *	  What procedures that commit have in common: they run at top level, wait
 *	  for the migration lock without a snapshot, hold it as a session lock, and
 *	  clean up after what fails in between.
 *
 * The lock is held as a session lock from the first to the last transaction
 * of the call, and as a transaction lock in each of them, so that neither a
 * pooler nor an unlock in a script can lose it.  No snapshot is held while the
 * call waits, for the lock, for a retry or for a worker: CREATE INDEX
 * CONCURRENTLY, here or elsewhere, would wait for that snapshot for ever.
 *
 * What can fail runs in a subtransaction, see sl_call_try; then the call rolls
 * back, records the failure if it has to, and raises the error again.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/runner/call.c
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
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "runner/call.h"

/* pauses, in ms, where there is nothing to sleep on */
#define LOCK_POLL_MIN 2
#define LOCK_POLL_MAX 50

/*
 * The call begins: at top level, by somebody who may write.  'alternative' is
 * what can be done in a transaction block, or NULL.
 */
SlCall *
sl_call_begin(FunctionCallInfo fcinfo, const char *name,
			  const char *alternative, Jsonb *options)
{
	MemoryContext context;
	MemoryContext outer;
	SlCall	   *call;

	if (sl_fence_is_up())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s() cannot be called by a migration", name)));
	sl_call_require_top_level(fcinfo, name, _("It commits on its way."),
							  alternative);
	sl_require_writer(name);
	context = AllocSetContextCreate(PortalContext, "schema_lifecycle call",
									ALLOCSET_DEFAULT_SIZES);
	outer = MemoryContextSwitchTo(context);
	call = palloc0_object(SlCall);
	call->name = name;
	call->outer = outer;
	call->context = context;
	call->work = AllocSetContextCreate(context, "schema_lifecycle work",
									   ALLOCSET_DEFAULT_SIZES);
	call->keys = sl_lock_keys();
	if (options != NULL)
		call->given = DatumGetJsonbPCopy(PointerGetDatum(options));
	sl_options_resolve_call(&call->options, call->given);

	/* the caller's bounds one statement, and this is many */
	disable_timeout(STATEMENT_TIMEOUT, false);
	sl_disable_transaction_timeout();

	if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	MemoryContextSwitchTo(context);
	return call;
}

void
sl_call_end(SlCall *call)
{
	SPI_finish();
	MemoryContextSwitchTo(call->outer);
	MemoryContextDelete(call->context);
}

/*
 * 25001, with the way out for the drivers that open a transaction unasked.
 * 'alternative': what can be done in a transaction; NULL: nothing.
 */
void
sl_call_require_top_level(FunctionCallInfo fcinfo, const char *name,
						  const char *detail, const char *alternative)
{
	if (fcinfo->context != NULL && IsA(fcinfo->context, CallContext) &&
		!((CallContext *) fcinfo->context)->atomic)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
			 errmsg("CALL %s() cannot run inside a transaction block", name),
			 errdetail("%s", detail),
			 errhint("Call it in autocommit mode. psycopg: connection.autocommit = True; SQLAlchemy: engine.connect().execution_options(isolation_level=\"AUTOCOMMIT\"); JDBC: connection.setAutoCommit(true); node-postgres: no BEGIN before it; psql: no \\set AUTOCOMMIT off.%s%s",
					 alternative != NULL ? " " : "",
					 alternative != NULL ? alternative : "")));
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

/*
 * After an error, too, that no subtransaction has cleaned up after.  Whatever
 * was connected to SPI when it came is still connected, and its snapshots are
 * still active: the procedure below could not end the transaction.
 */
void
sl_call_rollback(void)
{
	MemoryContext before = CurrentMemoryContext;

	while (IsSubTransaction())
		RollbackAndReleaseCurrentSubTransaction();
	while (!SPI_inside_nonatomic_context() && SPI_finish() == SPI_OK_FINISH)
		 /* the next one */ ;
	while (ActiveSnapshotSet())
		PopActiveSnapshot();
	if (ActivePortal != NULL)
		ActivePortal->portalSnapshot = NULL;
	MemoryContextSwitchTo(before);
	SPI_rollback();
	sl_disable_transaction_timeout();
}

void
sl_call_pause(long ms)
{
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
					 ms, PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}

/*
 * Sleep in a wait of the server for a lock, but so many milliseconds at most:
 * its lock_timeout, which ends the sleep as an error.  What was locked is
 * released.  Returns false if the time is over.  A cancel is an error.
 */
bool
sl_call_sleep(void (*wait) (void *arg), void *arg, long ms)
{
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	PG_TRY();
	{
		(void) set_config_option("lock_timeout", psprintf("%ld", ms),
								 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
								 true, 0, false);
		wait(arg);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();
	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(caller);
	CurrentResourceOwner = owner;
	if (error == NULL)
		return true;
	if (error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE)
		ReThrowError(error);
	FreeErrorData(error);
	return false;
}

/* Take the session's lock and see that no worker of ours is left. */
static bool
take_lock(SlCall *call, SlHolder *holder)
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

/* Milliseconds, at least one and at most an hour; 0: it is over. */
static long
time_left(TimestampTz deadline)
{
	TimestampTz now = GetCurrentTimestamp();

	if (now >= deadline)
		return 0;
	deadline = Min(deadline, now + USECS_PER_HOUR);
	return Max(1, TimestampDifferenceMilliseconds(now, deadline));
}

typedef struct LockWait
{
	const SlLockKeys *keys;
	bool		slept;
} LockWait;

static void
await_lock(void *arg)
{
	LockWait   *wait = arg;

	wait->slept = true;
	wait->slept = sl_lock_await(wait->keys);
}

/*
 * The wait is the server's, for the lock in share mode: all who wait wake
 * together, and pg_blocking_pids() tells whom they wait for.  The lock is
 * given up at once: who still has work to do takes it, and the others sleep
 * again.
 */
bool
sl_call_lock(SlCall *call, SlDone is_done, void *arg)
{
	TimestampTz deadline;
	long		pause = LOCK_POLL_MIN;
	char	   *activity;
	bool		done;
	int			tries = 0;
	SlHolder	holder;

	deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
										   call->options.lock_wait);
	activity = psprintf("%s: waiting for the migration lock", call->name);
	while (!take_lock(call, NULL))
	{
		long		left = time_left(deadline);
		LockWait	wait = {call->keys};

		if (left == 0)
		{
			if (take_lock(call, &holder))
				break;
			if (holder.exclusive || holder.worker ||
				++tries > SL_LOCK_SHARERS_MS)
				sl_lock_report_busy(&holder);
			/* those who slept until it was free give it up again */
			sl_call_pause(1);
			continue;
		}
		/* no snapshot from here on: who reads that we wait may rely on it */
		sl_call_commit();
		pgstat_report_activity(STATE_RUNNING, activity);
		(void) sl_call_sleep(await_lock, &wait, left);
		if (!wait.slept)
		{
			/* others came and went, or a worker's session is gone */
			sl_call_pause(Min(pause, left));
			pause = Min(pause * 2, LOCK_POLL_MAX);
		}
		MemoryContextReset(call->work);
		MemoryContextSwitchTo(call->work);
		done = is_done(arg);
		MemoryContextSwitchTo(call->context);
		if (done)
			return false;
	}
	sl_restore_activity();
	return true;
}

void
sl_call_run_locked(SlCall *call, void (*body) (void *arg), void *arg)
{
	PG_TRY();
	{
		sl_options_resolve(&call->options, call->given);
		body(arg);
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

/* Take the error that was caught; the caller rolls back. */
ErrorData *
sl_call_take_error(SlCall *call)
{
	ErrorData  *error;

	MemoryContextSwitchTo(call->context);
	error = CopyErrorData();
	FlushErrorState();
	return error;
}

/*
 * Do a piece of work in a subtransaction: after an error the SPI stack and the
 * resource owners are again those of the procedure, which can roll back.
 * Returns NULL, or the error, in 'context'.  The current memory context is
 * that of the piece, too.
 */
ErrorData *
sl_try_piece(void (*piece) (void *arg), void *arg, MemoryContext context)
{
	MemoryContext before = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(before);
	PG_TRY();
	{
		piece(arg);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(before);
	CurrentResourceOwner = owner;
	return error;
}

typedef struct LockedPiece
{
	SlCall	   *call;
	void		(*piece) (void *arg);
	void	   *arg;
} LockedPiece;

static void
do_locked(void *arg)
{
	LockedPiece *locked = arg;

	/* held for the session: for the transaction it is there, too */
	if (!sl_lock_try(locked->call->keys, ExclusiveLock, false, NULL))
		ereport(ERROR,
				(errcode(SL_ERR_LOCK_BUSY),
				 errmsg("the migration lock was lost to another session"),
				 errdetail("Something in this session released it while the call was running."),
				 errhint("Call again.")));
	locked->piece(locked->arg);
}

ErrorData *
sl_call_try(SlCall *call, void (*piece) (void *arg), void *arg)
{
	LockedPiece locked = {call, piece, arg};
	ErrorData  *error;

	MemoryContextSwitchTo(call->work);
	error = sl_try_piece(do_locked, &locked, call->context);
	MemoryContextSwitchTo(call->context);
	return error;
}
