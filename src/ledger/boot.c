/*-------------------------------------------------------------------------
 *
 * boot.c
 *	  What the last boot found in the end.
 *
 * Many processes wait for one that works.  What that one has found, under the
 * lock and at the end of its work, is true for all who were waiting then, and
 * they need not find it out once more, all at the same time.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/ledger/boot.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "common/sl_compat.h"
#include "ledger/boot.h"
#include "ledger/ledger.h"
#include "ledger/peek.h"
#include "ledger/query.h"

/* one row: the last boot's */
static SlQuery put_end = {
	"INSERT INTO @.sl_boot_end (one, at, expected, log_id)"
	" SELECT true, $2, $1, coalesce(pg_catalog.max(l.id), 0)"
	" FROM @.sl_log AS l"
	" ON CONFLICT (one) DO UPDATE SET at = EXCLUDED.at,"
	" expected = EXCLUDED.expected, log_id = EXCLUDED.log_id",
	"sl_boot_end", 2, {TEXTOID, TIMESTAMPTZOID}
};

void
sl_boot_end_put(const char *expected, TimestampTz at)
{
	Datum		values[2];
	char		nulls[2] = {' ', ' '};

	sl_param_text(values, nulls, 0, expected);
	values[1] = TimestampTzGetDatum(at);
	sl_query_run(&put_end, SL_WRITE, values, nulls);
}

/* The last row of the history; 0: there is none. */
static int64
last_log_id(void)
{
	static const SlPeek last_log = {
		"sl_log", "sl_log_pkey", BackwardScanDirection, 1, {INT8OID}
	};
	Datum		id;
	bool		isnull;

	return sl_peek(&last_log, true, &id, &isnull) ? DatumGetInt64(id) : 0;
}

bool
sl_boot_ended_since(const char *expected, TimestampTz since)
{
	enum
	{
		ONE,
		AT,
		EXPECTED,
		LOG_ID,
		NCOLUMNS
	};
	static const SlPeek last_end = {
		"sl_boot_end", "sl_boot_end_pkey", ForwardScanDirection, NCOLUMNS,
		{[ONE] = BOOLOID, [AT] = TIMESTAMPTZOID, [EXPECTED] = TEXTOID,
		[LOG_ID] = INT8OID}
	};
	Datum		values[NCOLUMNS];
	bool		nulls[NCOLUMNS];

	return sl_peek(&last_end, true, values, nulls) &&
		DatumGetTimestampTz(values[AT]) >= since &&
		nulls[EXPECTED] == (expected == NULL) &&
		(expected == NULL ||
		 strcmp(TextDatumGetCString(values[EXPECTED]), expected) == 0) &&
		DatumGetInt64(values[LOG_ID]) == last_log_id();
}

static SlQuery find_waiting = {
	"SELECT FROM @.sl_registry AS r"
	" WHERE r.revision OPERATOR(pg_catalog.=) $1"
	" AND NOT EXISTS (SELECT FROM @.sl_applied AS a"
	" WHERE a.revision OPERATOR(pg_catalog.=) $1)",
	NULL, 1, {TEXTOID}
};

bool
sl_revision_is_waiting(const char *revision)
{
	Datum		values[1];

	values[0] = CStringGetTextDatum(revision);
	return sl_query_run(&find_waiting, SL_READ_FRESH, values, NULL) > 0;
}
