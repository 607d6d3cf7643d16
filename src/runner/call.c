/*-------------------------------------------------------------------------
 *
 * call.c
 *	  What procedures that commit have in common.
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
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/timeout.h"

#include "runner/runner.h"

/*
 * 25001, with the way out for the drivers that open a transaction unasked.
 * 'instead': what can be done in a transaction; NULL: nothing.
 */
void
sl_require_top_level(FunctionCallInfo fcinfo, const char *name,
					 const char *detail, const char *instead)
{
	if (fcinfo->context != NULL && IsA(fcinfo->context, CallContext) &&
		!((CallContext *) fcinfo->context)->atomic)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
			 errmsg("CALL %s() cannot run inside a transaction block", name),
			 errdetail("%s", detail),
			 errhint("Call it in autocommit mode. psycopg: connection.autocommit = True; SQLAlchemy: engine.connect().execution_options(isolation_level=\"AUTOCOMMIT\"); JDBC: connection.setAutoCommit(true); node-postgres: no BEGIN before it; psql: no \\set AUTOCOMMIT off.%s%s",
					 instead != NULL ? " " : "",
					 instead != NULL ? instead : "")));
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

void
sl_call_rollback(void)
{
	SPI_rollback();
	sl_disable_transaction_timeout();
}

/* Pause without a snapshot; a cancel ends it. */
void
sl_call_pause(long ms)
{
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
					 ms, PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}

/*
 * Do a piece of work in a subtransaction: after an error the SPI stack and the
 * resource owners are again those of the procedure, which can roll back.
 * Returns the error, or NULL.  The current memory context is the caller's
 * while the piece runs; the error is allocated in 'context'.
 */
ErrorData *
sl_call_try(void (*piece) (void *arg), void *arg, MemoryContext context)
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
