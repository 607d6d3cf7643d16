/*-------------------------------------------------------------------------
 *
 * tail.c
 *	  The end of the history and of the verdicts.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/ledger/tail.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/timestamp.h"

#include "common/sl_compat.h"
#include "ledger/query.h"
#include "ledger/tail.h"

/* an error or a reason may be of any length */
#define WORDS_SHOWN "1000"

static SlQuery last_rows = {
	"SELECT l.at, l.action, l.revision, l.outcome, l.role::pg_catalog.text,"
	" l.application_name, l.evidence,"
	" COALESCE((EXTRACT(epoch FROM l.elapsed) OPERATOR(pg_catalog.*) 1000000)"
	"::pg_catalog.int8, -1), l.sqlstate,"
	" pg_catalog.left(l.error, " WORDS_SHOWN "),"
	" pg_catalog.left(l.reason, " WORDS_SHOWN ")"
	" FROM @.sl_log AS l"
	" WHERE NOT $1 OR l.action OPERATOR(pg_catalog.=) 'fail'"
	" ORDER BY l.id USING OPERATOR(pg_catalog.>) LIMIT $2",
	NULL, 2, {BOOLOID, INT4OID}
};

static SlQuery count_rows = {
	"SELECT pg_catalog.count(*) FROM @.sl_log AS l"
	" WHERE NOT $1 OR l.action OPERATOR(pg_catalog.=) 'fail'",
	NULL, 1, {BOOLOID}
};

/* The last rows of the history. */
List *
sl_log_tail(bool failures, int limit, int64 *total)
{
	List	   *rows = NIL;
	Datum		values[2];
	SlResult	result;
	uint64		i;

	values[0] = BoolGetDatum(failures);
	values[1] = Int32GetDatum(limit);
	sl_query_open(&count_rows, SL_READ_FRESH, values, NULL, &result);
	*total = sl_result_bigint(&result, 0, 1);
	sl_query_close(&result);

	sl_query_open(&last_rows, SL_READ_FRESH, values, NULL, &result);
	for (i = 0; i < result.nrows; i++)
	{
		MemoryContext before = MemoryContextSwitchTo(result.caller);
		SlLogTailRow *row = palloc0_object(SlLogTailRow);

		row->at = (TimestampTz) sl_result_bigint(&result, i, 1);
		row->action = sl_result_text(&result, i, 2);
		row->revision = sl_result_text(&result, i, 3);
		row->outcome = sl_result_text(&result, i, 4);
		row->role = sl_result_text(&result, i, 5);
		row->application_name = sl_result_text(&result, i, 6);
		row->evidence = sl_result_text(&result, i, 7);
		row->elapsed = sl_result_bigint(&result, i, 8);
		row->sqlstate = sl_result_text(&result, i, 9);
		row->error = sl_result_text(&result, i, 10);
		row->reason = sl_result_text(&result, i, 11);
		rows = lappend(rows, row);
		MemoryContextSwitchTo(before);
	}
	sl_query_close(&result);
	return rows;
}

static SlQuery last_verdicts = {
	"SELECT v.at, v.verdict, v.previous,"
	" CASE WHEN pg_catalog.jsonb_typeof(v.findings OPERATOR(pg_catalog.#>)"
	" '{history,pending}') OPERATOR(pg_catalog.=) 'array'"
	" THEN pg_catalog.jsonb_array_length(v.findings OPERATOR(pg_catalog.#>)"
	" '{history,pending}') ELSE 0 END,"
	" v.findings OPERATOR(pg_catalog.#>>) '{stamp_drift,stamped}',"
	" v.findings OPERATOR(pg_catalog.#>>) '{drift,errors}',"
	" v.findings OPERATOR(pg_catalog.#>>) '{drift,warnings}'"
	" FROM @.sl_verdict AS v"
	" ORDER BY v.at USING OPERATOR(pg_catalog.>) LIMIT $1",
	NULL, 1, {INT4OID}
};

static SlQuery count_verdicts = {
	"SELECT pg_catalog.count(*) FROM @.sl_verdict AS v",
};

/* The last changes of the verdict. */
List *
sl_verdict_tail(int limit, int64 *total)
{
	List	   *rows = NIL;
	Datum		values[1];
	SlResult	result;
	uint64		i;

	sl_query_open(&count_verdicts, SL_READ_FRESH, NULL, NULL, &result);
	*total = sl_result_bigint(&result, 0, 1);
	sl_query_close(&result);

	values[0] = Int32GetDatum(limit);
	sl_query_open(&last_verdicts, SL_READ_FRESH, values, NULL, &result);
	for (i = 0; i < result.nrows; i++)
	{
		MemoryContext before = MemoryContextSwitchTo(result.caller);
		SlVerdictTailRow *row = palloc0_object(SlVerdictTailRow);

		row->at = (TimestampTz) sl_result_bigint(&result, i, 1);
		row->verdict = sl_result_text(&result, i, 2);
		row->previous = sl_result_text(&result, i, 3);
		row->pending = sl_result_int(&result, i, 4);
		row->stamped = sl_result_text(&result, i, 5);
		row->errors = sl_result_text(&result, i, 6);
		row->warnings = sl_result_text(&result, i, 7);
		rows = lappend(rows, row);
		MemoryContextSwitchTo(before);
	}
	sl_query_close(&result);
	return rows;
}
