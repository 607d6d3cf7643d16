/*-------------------------------------------------------------------------
 *
 * watch.c
 *	  sl_watch(): what a scheduler calls every minute.
 *
 * It looks as sl_verify() does.  Where the verdict is the one that was seen
 * last nothing is written, so that the call costs no transaction id; where it
 * is not, the findings are put together, written down, and all who listen are
 * told.
 *
 * Two of them at once do not both write: the one that comes second leaves it
 * to the first, without waiting, since a function holds a snapshot.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/operate/watch.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"

#include "common/extension.h"
#include "common/sl_compat.h"
#include "ledger/verdict.h"
#include "operate/operate.h"
#include "status/status.h"

PG_FUNCTION_INFO_V1(sl_watch);

/* field4 of an advisory lock's tag that no SQL function can name */
#define WATCH_LOCK_CLASS 0x5357		/* "SW" */

/* Until the end of the transaction; false: somebody else has it. */
static bool
take_turn(void)
{
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, 0, 0, WATCH_LOCK_CLASS);
	return LockAcquire(&tag, ExclusiveLock, false, true) !=
		LOCKACQUIRE_NOT_AVAIL;
}

/* Write it down and tell. */
static void
record(const SlReport *report, const char *previous)
{
	sl_verdict_put(report->verdict->name, previous,
				   sl_status_document(report, NULL),
				   report->options.log_retention_days);
	sl_notify_verdict(report, previous);
}

static bool
is_news(const SlReport *report, const char *previous)
{
	/* that the schema is moving passes by itself */
	return !sl_verdict_is_unknown(report->verdict) &&
		(previous == NULL ||
		 strcmp(report->verdict->name, previous) != 0);
}

/* sl_watch(): the verdict */
Datum
sl_watch(PG_FUNCTION_ARGS)
{
	SlReport   *report;

	sl_require_writer("sl_watch");
	report = sl_report_make(NULL, SL_REPORT_VERDICT);
	if (is_news(report, sl_verdict_last()) && take_turn())
	{
		char	   *previous;

		/* all of it now, and as it is since nobody else writes */
		report = sl_report_make(NULL, SL_REPORT_ALL);
		previous = sl_verdict_last();
		if (is_news(report, previous))
			record(report, previous);
	}
	PG_RETURN_TEXT_P(cstring_to_text(report->verdict->name));
}
