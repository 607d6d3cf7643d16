/*-------------------------------------------------------------------------
 *
 * history.c
 *	  What happened (sl_log, append-only) and what holds now (sl_applied).
 *
 * The rows of sl_applied are the claims: a revision runs only in a
 * transaction that has put its row there, and the unique key lets one in.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/ledger/history.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "common/sl_compat.h"
#include "ledger/ledger.h"
#include "ledger/query.h"

PG_FUNCTION_INFO_V1(sl_history_rows);

static SlQuery last_id = {
	"SELECT l.id FROM @.sl_log AS l"
	" ORDER BY l.id USING OPERATOR(pg_catalog.>) LIMIT 1",
};

static SlQuery append = {
	"INSERT INTO @.sl_log (id, at, action, revision, outcome, role,"
	" application_name, statements, elapsed, evidence, sqlstate, error,"
	" reason, meaning)"
	" VALUES ($1, pg_catalog.clock_timestamp(), $2, $3, $4,"
	" $5::pg_catalog.name, $6, $7, $8, $9, $10, $11, $12, $13)",
	"sl_log", 13,
	{INT8OID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, INT4OID,
	INTERVALOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID}
};

static int64
last_log_id(bool fresh)
{
	SlResult	result;
	int64		id = 0;

	sl_query_open(&last_id, fresh ? SL_READ_FRESH : SL_READ, NULL, NULL,
				  &result);
	if (result.nrows > 0)
		id = sl_result_bigint(&result, 0, 1);
	sl_query_close(&result);
	return id;
}

static SlQuery any_history = {
	"SELECT 1 WHERE EXISTS (SELECT FROM @.sl_log AS l"
	" WHERE l.action OPERATOR(pg_catalog.<>) 'fail')"
	" OR EXISTS (SELECT FROM @.sl_journal AS j)",
};

/*
 * Has nothing ever happened here?  A failure is nothing: it left nothing
 * behind, unless there is a journal of what it did.
 */
bool
sl_log_is_empty(bool fresh)
{
	return sl_query_run(&any_history, fresh ? SL_READ_FRESH : SL_READ, NULL,
						NULL) == 0;
}

/*
 * Has the history grown beyond what this transaction's snapshot shows?  Asked
 * by a run in a REPEATABLE READ transaction, after it took the lock.
 */
bool
sl_log_is_ahead_of_snapshot(void)
{
	return last_log_id(true) != last_log_id(false);
}

/* An interval of so many microseconds. */
Interval *
sl_make_interval(int64 microseconds)
{
	Interval   *interval = palloc0_object(Interval);

	interval->time = microseconds;
	return interval;
}

/* The id of the next row; the caller holds the migration lock. */
int64
sl_log_next_id(void)
{
	return last_log_id(true) + 1;
}

/* Append a row under an id from sl_log_next_id. */
void
sl_log_append(int64 id, const SlLogEntry *entry)
{
	Datum		values[13];
	char		nulls[13];

	memset(nulls, ' ', sizeof(nulls));
	values[0] = Int64GetDatum(id);
	sl_param_text(values, nulls, 1, entry->action);
	sl_param_text(values, nulls, 2, entry->revision);
	sl_param_text(values, nulls, 3, entry->outcome);
	sl_param_text(values, nulls, 4, GetUserNameFromId(GetUserId(), false));
	sl_param_text(values, nulls, 5, application_name);
	values[6] = Int32GetDatum(entry->statements);
	nulls[6] = entry->statements < 0 ? 'n' : ' ';
	values[7] = (Datum) 0;
	nulls[7] = 'n';
	if (entry->elapsed >= 0)
	{
		values[7] = IntervalPGetDatum(sl_make_interval(entry->elapsed));
		nulls[7] = ' ';
	}
	sl_param_text(values, nulls, 8, entry->evidence);
	sl_param_text(values, nulls, 9, entry->sqlstate);
	sl_param_text(values, nulls, 10, entry->error);
	sl_param_text(values, nulls, 11, entry->reason);
	sl_param_text(values, nulls, 12, entry->meaning);
	sl_query_run(&append, SL_WRITE, values, nulls);
}

static SlQuery claim = {
	"INSERT INTO @.sl_applied (revision, log_id, action, forced, meaning)"
	" VALUES ($1, $2, $3, $4, $5) ON CONFLICT (revision) DO NOTHING",
	"sl_applied", 5, {TEXTOID, INT8OID, TEXTOID, BOOLOID, TEXTOID}
};

static SlQuery claim_set = {
	"INSERT INTO @.sl_applied AS a (revision, log_id, action, forced, meaning)"
	" VALUES ($1, $2, $3, $4, $5) ON CONFLICT (revision) DO UPDATE"
	" SET log_id = EXCLUDED.log_id, action = EXCLUDED.action,"
	" forced = EXCLUDED.forced, meaning = EXCLUDED.meaning"
	" WHERE a.meaning IS DISTINCT FROM EXCLUDED.meaning"
	" OR EXCLUDED.action OPERATOR(pg_catalog.<>) 'apply'",
	"sl_applied", 5, {TEXTOID, INT8OID, TEXTOID, BOOLOID, TEXTOID}
};

static SlQuery unclaim = {
	"DELETE FROM @.sl_applied AS a"
	" WHERE a.revision OPERATOR(pg_catalog.=) $1",
	"sl_applied", 1, {TEXTOID}
};

static bool
run_claim(SlQuery *query, const char *revision, int64 log_id,
		  const char *action, bool forced, const char *meaning)
{
	Datum		values[5];
	char		nulls[5];

	memset(nulls, ' ', sizeof(nulls));
	sl_param_text(values, nulls, 0, revision);
	values[1] = Int64GetDatum(log_id);
	sl_param_text(values, nulls, 2, action);
	values[3] = BoolGetDatum(forced);
	sl_param_text(values, nulls, 4, meaning);
	return sl_query_run(query, SL_WRITE, values, nulls) == 1;
}

/* Claim a revision; false if somebody else has it. */
bool
sl_claim(const char *revision, int64 log_id, const char *action, bool forced,
		 const char *meaning)
{
	return run_claim(&claim, revision, log_id, action, forced, meaning);
}

/*
 * Claim, or renew the claim, of what may run more than once: false if
 * somebody else just ran the same content.
 */
bool
sl_claim_set(const char *revision, int64 log_id, const char *action,
			 bool forced, const char *meaning)
{
	return run_claim(&claim_set, revision, log_id, action, forced, meaning);
}

/* Give a claim up; false if there was none. */
bool
sl_unclaim(const char *revision)
{
	Datum		values[1];

	values[0] = CStringGetTextDatum(revision);
	return sl_query_run(&unclaim, SL_WRITE, values, NULL) == 1;
}

static SlQuery history_rows = {
	"SELECT l.id, l.at, l.action, l.revision, l.outcome,"
	" l.role::pg_catalog.text, l.application_name, l.statements, l.elapsed,"
	" l.evidence, l.sqlstate, l.error, l.reason FROM @.sl_log AS l"
	" ORDER BY l.id USING OPERATOR(pg_catalog.<)",
};

/* The rows of the view sl_history. */
Datum
sl_history_rows(PG_FUNCTION_ARGS)
{
	sl_query_return(&history_rows, NULL, fcinfo);
	return (Datum) 0;
}
