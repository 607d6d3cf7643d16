/*-------------------------------------------------------------------------
 *
 * scratch.c
 *	  Databases that rehearsals made and have not dropped yet.
 *
 * A row is committed before its database is made and goes after that is
 * dropped, so that a crash in between leaves nothing that nobody knows of.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/ledger/scratch.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "common/sl_compat.h"
#include "ledger/query.h"
#include "ledger/scratch.h"

static SlQuery read_all = {
	"SELECT s.name, s.mark, s.database OPERATOR(pg_catalog.=) $1"
	" AND s.cluster OPERATOR(pg_catalog.=) $2 FROM @.sl_scratch AS s"
	" ORDER BY s.name USING OPERATOR(pg_catalog.<)",
	NULL, 2, {OIDOID, INT8OID}
};

List *
sl_scratch_read(void)
{
	Datum		values[2];
	SlResult	result;
	List	   *rows = NIL;
	uint64		i;

	values[0] = ObjectIdGetDatum(MyDatabaseId);
	values[1] = Int64GetDatum((int64) GetSystemIdentifier());
	sl_query_open(&read_all, SL_READ_FRESH, values, NULL, &result);
	for (i = 0; i < result.nrows; i++)
	{
		MemoryContext before = MemoryContextSwitchTo(result.caller);
		SlScratchRow *row = palloc_object(SlScratchRow);

		row->name = sl_result_text(&result, i, 1);
		row->mark = sl_result_text(&result, i, 2);
		row->own = sl_result_bool(&result, i, 3);
		rows = lappend(rows, row);
		MemoryContextSwitchTo(before);
	}
	sl_query_close(&result);
	return rows;
}

static SlQuery add_one = {
	"INSERT INTO @.sl_scratch (name, mark, database, cluster, at)"
	" VALUES ($1, $2, $3, $4, pg_catalog.clock_timestamp())",
	"sl_scratch", 4, {TEXTOID, TEXTOID, OIDOID, INT8OID}
};

void
sl_scratch_add(const char *name, const char *mark)
{
	Datum		values[4];

	values[0] = CStringGetTextDatum(name);
	values[1] = CStringGetTextDatum(mark);
	values[2] = ObjectIdGetDatum(MyDatabaseId);
	values[3] = Int64GetDatum((int64) GetSystemIdentifier());
	sl_query_run(&add_one, SL_WRITE, values, NULL);
}

static SlQuery remove_one = {
	"DELETE FROM @.sl_scratch AS s"
	" WHERE s.name OPERATOR(pg_catalog.=) $1",
	"sl_scratch", 1, {TEXTOID}
};

void
sl_scratch_remove(const char *name)
{
	Datum		values[1];

	values[0] = CStringGetTextDatum(name);
	sl_query_run(&remove_one, SL_WRITE, values, NULL);
}
