/*-------------------------------------------------------------------------
 *
 * journal.c
 *	  The statements of scripts that run outside a transaction: sl_journal.
 *
 * A step is "started" before it runs and "finished" after; where the step
 * itself can run in a transaction, both happen in that one.  An open journal
 * makes a revision failed, and is what the next run continues from.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/ledger/journal.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "common/sl_compat.h"
#include "ledger/ledger.h"
#include "ledger/query.h"

static SlQuery read_steps = {
	"SELECT j.statement, j.state OPERATOR(pg_catalog.=) 'finished', j.text,"
	" j.before::pg_catalog.text FROM @.sl_journal AS j"
	" WHERE j.revision OPERATOR(pg_catalog.=) $1"
	" AND j.direction OPERATOR(pg_catalog.=) $2"
	" ORDER BY j.statement USING OPERATOR(pg_catalog.<)",
	NULL, 2, {TEXTOID, TEXTOID}
};

/* The steps of a revision so far: SlJournalStep, in order. */
List *
sl_journal_read(const char *revision, const char *direction)
{
	Datum		values[2];
	SlResult	result;
	List	   *steps = NIL;
	uint64		i;

	values[0] = CStringGetTextDatum(revision);
	values[1] = CStringGetTextDatum(direction);
	sl_query_open(&read_steps, SL_READ_FRESH, values, NULL, &result);
	for (i = 0; i < result.nrows; i++)
	{
		MemoryContext before = MemoryContextSwitchTo(result.caller);
		SlJournalStep *step = palloc0_object(SlJournalStep);

		step->statement = sl_result_int(&result, i, 1);
		step->finished = sl_result_bool(&result, i, 2);
		step->text = sl_result_text(&result, i, 3);
		step->before = sl_result_text(&result, i, 4);
		steps = lappend(steps, step);
		MemoryContextSwitchTo(before);
	}
	sl_query_close(&result);
	return steps;
}

static SlQuery read_open = {
	"SELECT DISTINCT j.revision FROM @.sl_journal AS j"
	" WHERE j.direction OPERATOR(pg_catalog.=) $1"
	" ORDER BY j.revision USING OPERATOR(pg_catalog.<)",
	NULL, 1, {TEXTOID}
};

/* The revisions whose script of this direction is under way: char *. */
List *
sl_journal_open_revisions(const char *direction)
{
	Datum		values[1];
	SlResult	result;
	List	   *revisions;

	values[0] = CStringGetTextDatum(direction);
	sl_query_open(&read_open, SL_READ_FRESH, values, NULL, &result);
	revisions = sl_result_list(&result, 1);
	sl_query_close(&result);
	return revisions;
}

static SlQuery start_step = {
	"INSERT INTO @.sl_journal (revision, direction, statement, state, text,"
	" before, started_at)"
	" VALUES ($1, $2, $3, 'started', $4, $5::pg_catalog.jsonb,"
	" pg_catalog.clock_timestamp())"
	" ON CONFLICT (revision, direction, statement) DO UPDATE"
	" SET state = 'started', text = EXCLUDED.text, before = EXCLUDED.before,"
	" started_at = EXCLUDED.started_at, finished_at = NULL",
	"sl_journal", 5, {TEXTOID, TEXTOID, INT4OID, TEXTOID, TEXTOID}
};

/* Write down that a step begins, and what it finds. */
void
sl_journal_start(const char *revision, const char *direction, int statement,
				 const char *text, const char *before)
{
	Datum		values[5];
	char		nulls[5];

	memset(nulls, ' ', sizeof(nulls));
	sl_param_text(values, nulls, 0, revision);
	sl_param_text(values, nulls, 1, direction);
	values[2] = Int32GetDatum(statement);
	sl_param_text(values, nulls, 3, text);
	sl_param_text(values, nulls, 4, before);
	sl_query_run(&start_step, SL_WRITE, values, nulls);
}

static SlQuery finish_step = {
	"INSERT INTO @.sl_journal (revision, direction, statement, state, text,"
	" started_at, finished_at)"
	" VALUES ($1, $2, $3, 'finished', $4, pg_catalog.clock_timestamp(),"
	" pg_catalog.clock_timestamp())"
	" ON CONFLICT (revision, direction, statement) DO UPDATE"
	" SET state = 'finished', text = EXCLUDED.text,"
	" finished_at = EXCLUDED.finished_at",
	"sl_journal", 4, {TEXTOID, TEXTOID, INT4OID, TEXTOID}
};

/* Write down that a step is done. */
void
sl_journal_finish(const char *revision, const char *direction, int statement,
				  const char *text)
{
	Datum		values[4];

	values[0] = CStringGetTextDatum(revision);
	values[1] = CStringGetTextDatum(direction);
	values[2] = Int32GetDatum(statement);
	values[3] = CStringGetTextDatum(text);
	sl_query_run(&finish_step, SL_WRITE, values, NULL);
}

static SlQuery forget_step = {
	"DELETE FROM @.sl_journal AS j"
	" WHERE j.revision OPERATOR(pg_catalog.=) $1"
	" AND j.direction OPERATOR(pg_catalog.=) $2"
	" AND j.statement OPERATOR(pg_catalog.=) $3",
	"sl_journal", 3, {TEXTOID, TEXTOID, INT4OID}
};

void
sl_journal_forget_step(const char *revision, const char *direction,
					   int statement)
{
	Datum		values[3];

	values[0] = CStringGetTextDatum(revision);
	values[1] = CStringGetTextDatum(direction);
	values[2] = Int32GetDatum(statement);
	sl_query_run(&forget_step, SL_WRITE, values, NULL);
}

static SlQuery clear_steps = {
	"DELETE FROM @.sl_journal AS j"
	" WHERE j.revision OPERATOR(pg_catalog.=) $1",
	"sl_journal", 1, {TEXTOID}
};

void
sl_journal_clear(const char *revision)
{
	Datum		values[1];

	values[0] = CStringGetTextDatum(revision);
	sl_query_run(&clear_steps, SL_WRITE, values, NULL);
}
