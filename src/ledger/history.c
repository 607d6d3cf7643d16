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
#include "utils/array.h"
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

/* The id of the next row: for who holds the migration lock, or only looks. */
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

static SlQuery claim_many = {
	"INSERT INTO @.sl_applied (revision, log_id, action, forced, meaning)"
	" SELECT r.revision,"
	" $2 OPERATOR(pg_catalog.+) u.ordinality OPERATOR(pg_catalog.-) 1,"
	" 'apply', false, r.meaning"
	" FROM pg_catalog.unnest($1) WITH ORDINALITY AS u (revision, ordinality)"
	" JOIN @.sl_registry AS r"
	" ON r.revision OPERATOR(pg_catalog.=) u.revision"
	" WHERE r.kind OPERATOR(pg_catalog.=) ANY ('{versioned,baseline}')"
	" ON CONFLICT (revision) DO NOTHING",
	"sl_applied", 2, {TEXTARRAYOID, INT8OID}
};

static SlQuery unclaim_many = {
	"DELETE FROM @.sl_applied AS a"
	" WHERE a.revision OPERATOR(pg_catalog.=) ANY ($1)",
	"sl_applied", 1, {TEXTARRAYOID}
};

/*
 * Claim those of the revisions that run once, in a run that is all or
 * nothing; ids count up from the first.  Returns how many it were.
 */
uint64
sl_claim_many(List *revisions, int64 first_id)
{
	Datum		values[2];
	char		nulls[2];

	sl_param_list(values, nulls, 0, revisions);
	values[1] = Int64GetDatum(first_id);
	nulls[1] = ' ';
	return sl_query_run(&claim_many, SL_WRITE, values, nulls);
}

/* Give the claims up; returns how many there were. */
uint64
sl_unclaim_many(List *revisions)
{
	Datum		values[1];
	char		nulls[1];

	sl_param_list(values, nulls, 0, revisions);
	return sl_query_run(&unclaim_many, SL_WRITE, values, nulls);
}

static SlQuery append_many = {
	"INSERT INTO @.sl_log (id, at, action, revision, outcome, role,"
	" application_name, statements, elapsed, evidence, meaning)"
	" SELECT $1 OPERATOR(pg_catalog.+) u.ordinality OPERATOR(pg_catalog.-) 1,"
	" u.at, $2, u.revision, 'ok', $3::pg_catalog.name, $4, u.statements,"
	" u.elapsed, $9,"
	" CASE WHEN r.kind OPERATOR(pg_catalog.=) ANY ('{repeatable,seed}')"
	" AND $2 OPERATOR(pg_catalog.=) 'apply' THEN r.meaning END"
	" FROM ROWS FROM (pg_catalog.unnest($5), pg_catalog.unnest($6),"
	" pg_catalog.unnest($7), pg_catalog.unnest($8)) WITH ORDINALITY"
	" AS u (revision, at, statements, elapsed, ordinality)"
	" JOIN @.sl_registry AS r"
	" ON r.revision OPERATOR(pg_catalog.=) u.revision",
	"sl_log", 9,
	{INT8OID, TEXTOID, TEXTOID, TEXTOID, TEXTARRAYOID, TIMESTAMPTZARRAYOID,
	INT4ARRAYOID, INTERVALARRAYOID, TEXTOID}
};

static Datum
array_of(Datum *elems, int count, Oid type, int length, bool byval,
		 char align)
{
	return PointerGetDatum(construct_array(elems, count, type, length, byval,
										   align));
}

/* Append what a run in one transaction did, in its order. */
void
sl_log_append_many(int64 first_id, const char *action, const char *evidence,
				   const SlLogRow *rows, int count)
{
	Datum		values[9];
	char		nulls[9];
	Datum	   *revisions = palloc_array(Datum, count);
	Datum	   *ats = palloc_array(Datum, count);
	Datum	   *statements = palloc_array(Datum, count);
	Datum	   *elapsed = palloc_array(Datum, count);
	int			i;

	for (i = 0; i < count; i++)
	{
		revisions[i] = CStringGetTextDatum(rows[i].revision);
		ats[i] = TimestampTzGetDatum(rows[i].at);
		statements[i] = Int32GetDatum(rows[i].statements);
		elapsed[i] = IntervalPGetDatum(sl_make_interval(rows[i].elapsed));
	}
	memset(nulls, ' ', sizeof(nulls));
	values[0] = Int64GetDatum(first_id);
	sl_param_text(values, nulls, 1, action);
	sl_param_text(values, nulls, 2, GetUserNameFromId(GetUserId(), false));
	sl_param_text(values, nulls, 3, application_name);
	values[4] = array_of(revisions, count, TEXTOID, -1, false, TYPALIGN_INT);
	values[5] = array_of(ats, count, TIMESTAMPTZOID, 8, FLOAT8PASSBYVAL,
						 TYPALIGN_DOUBLE);
	values[6] = array_of(statements, count, INT4OID, 4, true, TYPALIGN_INT);
	values[7] = array_of(elapsed, count, INTERVALOID, sizeof(Interval), false,
						 TYPALIGN_DOUBLE);
	sl_param_text(values, nulls, 8, evidence);
	if (sl_query_run(&append_many, SL_WRITE, values, nulls) != count)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the registry lost revisions of this run while it was under way"),
				 errhint("Scripts must leave the extension's own tables alone.")));
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
