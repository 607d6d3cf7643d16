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

/* what a name is in a regular expression, quoted or not */
#define NAME_PATTERN(name) \
	"\"?' OPERATOR(pg_catalog.||) pg_catalog.regexp_replace(" name \
	"::pg_catalog.text, '([^[:alnum:]_])', '\\\\\\1', 'g')" \
	" OPERATOR(pg_catalog.||) '($|[^[:alnum:]_])"

static SlQuery read_givens = {
	"SELECT n.nspname::pg_catalog.text, NULL::pg_catalog.text AS schema,"
	" n.oid FROM pg_catalog.pg_namespace AS n"
	" WHERE n.nspname OPERATOR(pg_catalog.!~) '^pg_'"
	" AND n.nspname OPERATOR(pg_catalog.<>) 'information_schema'"
	" AND n.nspname OPERATOR(pg_catalog.<>) 'public'"
	" AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d"
	" WHERE d.classid OPERATOR(pg_catalog.=)"
	" 'pg_catalog.pg_namespace'::pg_catalog.regclass"
	" AND d.objid OPERATOR(pg_catalog.=) n.oid"
	" AND d.deptype OPERATOR(pg_catalog.=) 'e')"
	" AND NOT EXISTS (SELECT FROM @.sl_registry AS r"
	" WHERE r.up OPERATOR(pg_catalog.~*) ('create\\s+schema\\s+"
	"(if\\s+not\\s+exists\\s+)?(authorization\\s+)?"
	NAME_PATTERN("n.nspname") "'))"
	" UNION ALL"
	" SELECT e.extname::pg_catalog.text, n.nspname::pg_catalog.text, e.oid"
	" FROM pg_catalog.pg_extension AS e JOIN pg_catalog.pg_namespace AS n"
	" ON n.oid OPERATOR(pg_catalog.=) e.extnamespace"
	" WHERE e.extname OPERATOR(pg_catalog.<>) 'plpgsql'"
	" AND e.extname OPERATOR(pg_catalog.<>) 'schema_lifecycle'"
	" AND NOT EXISTS (SELECT FROM @.sl_registry AS r"
	" WHERE r.up OPERATOR(pg_catalog.~*) ('create\\s+extension\\s+"
	"(if\\s+not\\s+exists\\s+)?" NAME_PATTERN("e.extname") "'))"
	" ORDER BY 2 USING OPERATOR(pg_catalog.<) NULLS FIRST,"
	" 3 USING OPERATOR(pg_catalog.<)",
};

List *
sl_scratch_givens(void)
{
	SlResult	result;
	List	   *rows = NIL;
	uint64		i;

	sl_query_open(&read_givens, SL_READ_FRESH, NULL, NULL, &result);
	for (i = 0; i < result.nrows; i++)
	{
		MemoryContext before = MemoryContextSwitchTo(result.caller);
		SlGivenRow *row = palloc_object(SlGivenRow);

		row->name = sl_result_text(&result, i, 1);
		row->schema = sl_result_text(&result, i, 2);
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
