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
sl_boot_end_put(const char *expected)
{
	Datum		values[2];
	char		nulls[2] = {' ', ' '};

	sl_param_text(values, nulls, 0, expected);
	values[1] = TimestampTzGetDatum(GetCurrentTimestamp());
	sl_query_run(&put_end, SL_WRITE, values, nulls);
}

static SlQuery find_end = {
	"SELECT FROM @.sl_boot_end AS e"
	" WHERE e.at OPERATOR(pg_catalog.>=) $2"
	" AND e.expected IS NOT DISTINCT FROM $1"
	" AND e.log_id OPERATOR(pg_catalog.=)"
	" (SELECT coalesce(pg_catalog.max(l.id), 0) FROM @.sl_log AS l)",
	NULL, 2, {TEXTOID, TIMESTAMPTZOID}
};

bool
sl_boot_ended_since(const char *expected, TimestampTz since)
{
	Datum		values[2];
	char		nulls[2] = {' ', ' '};

	sl_param_text(values, nulls, 0, expected);
	values[1] = TimestampTzGetDatum(since);
	return sl_query_run(&find_end, SL_READ_FRESH, values, nulls) > 0;
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
