/*-------------------------------------------------------------------------
 *
 * verdict.c
 *	  The verdicts that were seen: table sl_verdict.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/ledger/verdict.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/timestamp.h"

#include "common/sl_compat.h"
#include "ledger/query.h"
#include "ledger/verdict.h"

PG_FUNCTION_INFO_V1(sl_incident_rows);

static SlQuery read_last = {
	"SELECT v.verdict FROM @.sl_verdict AS v"
	" ORDER BY v.at USING OPERATOR(pg_catalog.>) LIMIT 1",
};

char *
sl_verdict_last(void)
{
	SlResult	result;
	char	   *verdict = NULL;

	sl_query_open(&read_last, SL_READ_FRESH, NULL, NULL, &result);
	if (result.nrows > 0)
		verdict = sl_result_text(&result, 0, 1);
	sl_query_close(&result);
	return verdict;
}

static SlQuery put_one = {
	"INSERT INTO @.sl_verdict (at, verdict, previous, findings)"
	" VALUES ($1, $2, $3, $4)",
	"sl_verdict", 4, {TIMESTAMPTZOID, TEXTOID, TEXTOID, JSONBOID}
};

static SlQuery drop_old = {
	"DELETE FROM @.sl_verdict AS v WHERE v.at OPERATOR(pg_catalog.<) $1",
	"sl_verdict", 1, {TIMESTAMPTZOID}
};

void
sl_verdict_put(const char *verdict, const char *previous, Jsonb *findings,
			   int retention_days)
{
	TimestampTz now = GetCurrentTimestamp();
	Datum		values[4];
	char		nulls[4];

	memset(nulls, ' ', sizeof(nulls));
	if (retention_days > 0)
	{
		values[0] = TimestampTzGetDatum(now - (int64) retention_days *
										USECS_PER_DAY);
		(void) sl_query_run(&drop_old, SL_WRITE_ASIDE, values, NULL);
	}
	values[0] = TimestampTzGetDatum(now);
	sl_param_text(values, nulls, 1, verdict);
	sl_param_text(values, nulls, 2, previous);
	values[3] = JsonbPGetDatum(findings);
	(void) sl_query_run(&put_one, SL_WRITE_ASIDE, values, nulls);
}

static SlQuery rows = {
	"SELECT v.at, v.verdict, v.previous, v.findings FROM @.sl_verdict AS v"
	" ORDER BY v.at USING OPERATOR(pg_catalog.<)",
};

/* The rows of the view sl_incident. */
Datum
sl_incident_rows(PG_FUNCTION_ARGS)
{
	sl_query_return(&rows, NULL, fcinfo);
	return (Datum) 0;
}
