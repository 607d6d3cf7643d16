/*-------------------------------------------------------------------------
 *
 * record.c
 *	  Telling others what was recorded.
 *
 * A tool's own version table is kept in step with the history in the same
 * transaction.  Runs know nothing of tools: they tell whoever has asked.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/runner/record.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "runner/runner.h"

static SlRecordHook record_hook = NULL;

/* From _PG_init. */
void
sl_record_hook_set(SlRecordHook hook)
{
	record_hook = hook;
}

/* This transaction has recorded that. */
void
sl_recorded(const SlRecord *records, int count)
{
	if (record_hook != NULL && count > 0)
		record_hook(records, count);
}

void
sl_recorded_one(const char *revision, SlDirection direction, int64 elapsed)
{
	SlRecord	record = {revision, direction, elapsed};

	sl_recorded(&record, 1);
}

/* Revisions that did not run, ids (char *). */
void
sl_recorded_words(List *revisions, SlDirection direction)
{
	SlRecord   *records = palloc_array(SlRecord, list_length(revisions) + 1);
	int			count = 0;
	ListCell   *cell;

	foreach(cell, revisions)
	{
		records[count].revision = lfirst(cell);
		records[count].direction = direction;
		records[count++].elapsed = -1;
	}
	sl_recorded(records, count);
	pfree(records);
}
