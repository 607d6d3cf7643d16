/*-------------------------------------------------------------------------
 *
 * wait.c
 *	  CALL sl_wait_ready: the gate on which services wait.
 *
 * While somebody migrates, the gate sleeps in the server's queue for the
 * migration lock: all who wait wake together when the run is over.  A gate
 * takes the lock in share mode and gives it up in the same moment; a run that
 * comes right then waits for that, see sl_lock_for_transaction.
 *
 * Where nobody migrates yet, and on a standby, it asks again and again: that
 * is cheap as long as nothing changed, since the last answer is kept.
 *
 * It holds no snapshot while it waits: CREATE INDEX CONCURRENTLY would wait
 * for that.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/operate/wait.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "common/sl_compat.h"
#include "common/sl_errors.h"
#include "ledger/boot.h"
#include "runner/call.h"
#include "runner/runner.h"
#include "status/status.h"

PG_FUNCTION_INFO_V1(sl_wait_ready);

/* where nobody migrates, the pause between two questions, ms */
#define POLL 100
/* where a worker is at its end, ms */
#define GAP 5
/* so often is asked while somebody migrates, ms: the head may be half way */
#define ASK_EVERY 1000
/* the wait, where none is given, ms */
#define DEFAULT_WAIT 60000

typedef struct Gate
{
	char	   *expected;		/* NULL: all heads */
	SlLockKeys *keys;
	bool		slept;			/* or the lock was free */
	TimestampTz asked;			/* when the last question began */
	TimestampTz deadline;
	char	   *wait;			/* as text */
	MemoryContext context;		/* lives as long as the call */
	MemoryContext question;		/* reset for each question */
} Gate;

/* Milliseconds until the deadline, but no more than 'most'. */
static long
time_left(const Gate *gate, long most)
{
	TimestampTz now = GetCurrentTimestamp();

	if (now >= gate->deadline)
		return 0;
	if (TIMESTAMP_NOT_FINITE(gate->deadline) ||
		gate->deadline - now > most * INT64CONST(1000))
		return most;
	return Max(1, (long) ((gate->deadline - now) / 1000));
}

static void
pause_for(long ms)
{
	if (ms > 0)
		(void) WaitLatch(MyLatch,
						 WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 ms, PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}

/* Is the database ready, as of now? */
static bool
ask(Gate *gate)
{
	bool		ready;

	TimestampTz before = gate->asked;

	MemoryContextReset(gate->question);
	MemoryContextSwitchTo(gate->question);
	gate->asked = GetCurrentTimestamp();
	PushActiveSnapshot(GetTransactionSnapshot());

	/* what a boot has found since we asked last need not be found again */
	ready = (before != 0 && sl_boot_ended_since(gate->expected, before)) ||
		sl_ready_now(gate->expected);
	PopActiveSnapshot();
	MemoryContextSwitchTo(gate->context);
	return ready;
}

static void
await_lock(void *arg)
{
	Gate	   *gate = arg;

	gate->slept = true;
	gate->slept = sl_lock_await(gate->keys);
}

/* Sleep until nobody migrates, or it is time to ask again anyway. */
static void
wait_a_while(Gate *gate)
{
	SlHolder	holder;
	SlHolder	worker;

	CHECK_FOR_INTERRUPTS();
	/* the primary's locks are not to be seen on a standby */
	if (RecoveryInProgress() || !sl_lock_look(&holder, &worker))
		pause_for(time_left(gate, POLL));
	/* the worker of a session that is gone */
	else if (holder.pid == 0 && !TransactionIdIsValid(holder.prepared_xid))
		pause_for(time_left(gate, GAP));
	else
	{
		(void) sl_call_sleep(await_lock, gate,
							 Max(1, time_left(gate, ASK_EVERY)));
		/* free by now, or our own */
		if (!gate->slept)
			pause_for(time_left(gate, GAP));
	}
}

static char *
names_of(List *rows, List *names)
{
	StringInfoData buf;
	const char *comma = "";
	ListCell   *cell;

	initStringInfo(&buf);
	foreach(cell, rows)
	{
		appendStringInfo(&buf, "%s%s", comma,
						 ((const SlRevisionRow *) lfirst(cell))->revision);
		comma = ", ";
	}
	foreach(cell, names)
	{
		appendStringInfo(&buf, "%s%s", comma, (char *) lfirst(cell));
		comma = ", ";
	}
	return buf.len > 0 ? buf.data : pstrdup(_("none"));
}

/* SL012: what is missing, and who is at it. */
static void
report_not_ready(const Gate *gate)
{
	char	   *holder = sl_lock_holder_text();
	SlReport   *report;
	char	   *detail;

	PushActiveSnapshot(GetTransactionSnapshot());
	report = sl_report_make(gate->expected, SL_REPORT_VERDICT);
	detail = psprintf(_("The verdict is \"%s\"; expected: %s; current: %s; pending: %d. %s"),
					  report->verdict->name,
					  names_of(report->expected, report->unknown_names),
					  names_of(report->standing.current, NIL),
					  list_length(report->standing.pending),
					  holder != NULL ? holder :
					  RecoveryInProgress() ?
					  _("This is a standby: it cannot know whether somebody migrates on the primary.") :
					  _("Nobody holds the migration lock."));
	ereport(ERROR,
			(errcode(SL_ERR_NOT_READY),
			 errmsg("the database was not ready within %s", gate->wait),
			 errdetail("%s", detail),
			 holder != NULL ?
			 errhint("Wait longer, or see sl_status() for what holds it up.") :
			 errhint("Start what migrates (CALL sl_migrate()), or see sl_status() for what is wrong.")));
}

static void
read_wait(FunctionCallInfo fcinfo, Gate *gate)
{
	TimestampTz now = GetCurrentTimestamp();
	Interval   *wait;

	if (PG_ARGISNULL(1))
	{
		gate->deadline = TimestampTzPlusMilliseconds(now, DEFAULT_WAIT);
		gate->wait = psprintf("%d s", DEFAULT_WAIT / 1000);
		return;
	}
	wait = PG_GETARG_INTERVAL_P(1);
	gate->deadline =
		DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval,
												TimestampTzGetDatum(now),
												IntervalPGetDatum(wait)));
	gate->wait = TIMESTAMP_NOT_FINITE(gate->deadline) ? pstrdup("infinity") :
		psprintf("%g s", (double) (gate->deadline - now) / USECS_PER_SEC);
	if (gate->deadline < now)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("a wait of %s is none", gate->wait)));
}

/* CALL sl_wait_ready(expected_head, wait) */
Datum
sl_wait_ready(PG_FUNCTION_ARGS)
{
	Gate		gate = {0};
	MemoryContext outer;

	sl_call_require_top_level(fcinfo, "sl_wait_ready",
							  _("It ends the transaction each time it has asked, so that it holds nothing while it waits."),
							  _("Or ask SELECT sl_ready() again and again."));
	gate.context = AllocSetContextCreate(PortalContext,
										 "schema_lifecycle gate",
										 ALLOCSET_DEFAULT_SIZES);
	gate.question = AllocSetContextCreate(gate.context,
										  "schema_lifecycle question",
										  ALLOCSET_DEFAULT_SIZES);
	outer = MemoryContextSwitchTo(gate.context);
	gate.keys = sl_lock_keys();
	if (!PG_ARGISNULL(0))
		gate.expected = text_to_cstring(PG_GETARG_TEXT_PP(0));
	read_wait(fcinfo, &gate);

	/* the caller's bounds one statement; this one has its own */
	disable_timeout(STATEMENT_TIMEOUT, false);
	sl_disable_transaction_timeout();
	if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	MemoryContextSwitchTo(gate.context);
	while (!ask(&gate))
	{
		if (time_left(&gate, 1) == 0)
			report_not_ready(&gate);
		sl_call_commit();
		wait_a_while(&gate);
	}
	SPI_finish();
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(gate.context);
	PG_RETURN_NULL();
}
