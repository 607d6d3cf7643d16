/*-------------------------------------------------------------------------
 *
 * version_table.c
 *	  Version tables of other tools, and what was taken over from them.
 *
 * A table is known by its schema and name, not by its OID: a dump that is
 * restored brings it back under the same name.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/ledger/version_table.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "common/sl_compat.h"
#include "ledger/query.h"
#include "ledger/version_table.h"

static SlQuery read_all = {
	"SELECT v.schema_name, v.table_name, v.tool, v.mirror, v.observe"
	" FROM @.sl_version_table AS v"
	" ORDER BY v.schema_name USING OPERATOR(pg_catalog.<),"
	" v.table_name USING OPERATOR(pg_catalog.<)",
};

const char *
sl_version_table_companion(const char *tool)
{
	return strcmp(tool, "rails") == 0 ? "ar_internal_metadata" : NULL;
}

/* All that are known, SlVersionTableRow pointers. */
List *
sl_version_tables_read(bool fresh)
{
	SlResult	result;
	List	   *rows = NIL;
	uint64		i;

	sl_query_open(&read_all, fresh ? SL_READ_FRESH : SL_READ, NULL, NULL,
				  &result);
	for (i = 0; i < result.nrows; i++)
	{
		MemoryContext before = MemoryContextSwitchTo(result.caller);
		SlVersionTableRow *row = palloc0_object(SlVersionTableRow);

		row->schema = sl_result_text(&result, i, 1);
		row->name = sl_result_text(&result, i, 2);
		row->tool = sl_result_text(&result, i, 3);
		row->mirror = sl_result_bool(&result, i, 4);
		row->observe = sl_result_text(&result, i, 5);
		rows = lappend(rows, row);
		MemoryContextSwitchTo(before);
	}
	sl_query_close(&result);
	return rows;
}

static SlQuery put_one = {
	"INSERT INTO @.sl_version_table (schema_name, table_name, tool, mirror,"
	" observe, at)"
	" VALUES ($1, $2, $3, $4, $5, pg_catalog.clock_timestamp())"
	" ON CONFLICT (schema_name, table_name) DO UPDATE"
	" SET tool = EXCLUDED.tool, mirror = EXCLUDED.mirror,"
	" observe = EXCLUDED.observe, at = EXCLUDED.at",
	"sl_version_table", 5, {TEXTOID, TEXTOID, TEXTOID, BOOLOID, TEXTOID}
};

/* Know it, or know it otherwise. */
void
sl_version_table_put(const SlVersionTableRow *row)
{
	Datum		values[5];
	char		nulls[5];

	memset(nulls, ' ', sizeof(nulls));
	sl_param_text(values, nulls, 0, row->schema);
	sl_param_text(values, nulls, 1, row->name);
	sl_param_text(values, nulls, 2, row->tool);
	values[3] = BoolGetDatum(row->mirror);
	sl_param_text(values, nulls, 4, row->observe);
	sl_query_run(&put_one, SL_WRITE, values, nulls);
}

static SlQuery drop_one = {
	"DELETE FROM @.sl_version_table AS v"
	" WHERE v.schema_name OPERATOR(pg_catalog.=) $1"
	" AND v.table_name OPERATOR(pg_catalog.=) $2",
	"sl_version_table", 2, {TEXTOID, TEXTOID}
};

/* Know it no longer; false if nobody did. */
bool
sl_version_table_drop(const char *schema, const char *name)
{
	Datum		values[2];

	values[0] = CStringGetTextDatum(schema);
	values[1] = CStringGetTextDatum(name);
	return sl_query_run(&drop_one, SL_WRITE, values, NULL) > 0;
}

static SlQuery claim_adopted = {
	"INSERT INTO @.sl_applied AS a (revision, log_id, action, forced, meaning)"
	" SELECT u.revision,"
	" $2 OPERATOR(pg_catalog.+) u.ordinality OPERATOR(pg_catalog.-) 1,"
	" 'adopt', false, CASE WHEN r.up IS NOT NULL THEN r.meaning END"
	" FROM pg_catalog.unnest($1) WITH ORDINALITY AS u (revision, ordinality)"
	" JOIN @.sl_registry AS r"
	" ON r.revision OPERATOR(pg_catalog.=) u.revision"
	" ON CONFLICT (revision) DO UPDATE SET log_id = EXCLUDED.log_id,"
	" action = EXCLUDED.action, forced = EXCLUDED.forced,"
	" meaning = EXCLUDED.meaning"
	" WHERE a.meaning IS DISTINCT FROM EXCLUDED.meaning",
	"sl_applied", 2, {TEXTARRAYOID, INT8OID}
};

/*
 * Claim them.  A repeatable may have a claim of older content, which gives
 * way.
 */
uint64
sl_claim_adopted(List *revisions, int64 first_id)
{
	Datum		values[2];
	char		nulls[2];

	sl_param_list(values, nulls, 0, revisions);
	values[1] = Int64GetDatum(first_id);
	nulls[1] = ' ';
	return sl_query_run(&claim_adopted, SL_WRITE, values, nulls);
}

static SlQuery claim_unproven = {
	"UPDATE @.sl_applied AS a SET forced = true"
	" WHERE a.revision OPERATOR(pg_catalog.=) ANY ($1)",
	"sl_applied", 1, {TEXTARRAYOID}
};

/* Mark claims that nothing but another tool's word stands for. */
void
sl_claim_unproven(List *revisions)
{
	Datum		values[1];
	char		nulls[1];

	if (revisions == NIL)
		return;
	sl_param_list(values, nulls, 0, revisions);
	sl_query_run(&claim_unproven, SL_WRITE, values, nulls);
}

static SlQuery is_word = {
	"SELECT FROM @.sl_applied AS a"
	" WHERE a.revision OPERATOR(pg_catalog.=) $1 AND a.forced"
	" AND a.action OPERATOR(pg_catalog.=) 'adopt'",
	NULL, 1, {TEXTOID}
};

/* Is it claimed, and is another tool's word all there is for it? */
bool
sl_claim_is_word(const char *revision)
{
	Datum		values[1];

	values[0] = CStringGetTextDatum(revision);
	return sl_query_run(&is_word, SL_READ_FRESH, values, NULL) > 0;
}

static SlQuery confirm = {
	"UPDATE @.sl_applied AS a SET action = 'resolve'"
	" WHERE a.revision OPERATOR(pg_catalog.=) $1",
	"sl_applied", 1, {TEXTOID}
};

/* A person says so, too.  Its place in the history stays. */
void
sl_claim_confirm(const char *revision)
{
	Datum		values[1];

	values[0] = CStringGetTextDatum(revision);
	sl_query_run(&confirm, SL_WRITE, values, NULL);
}

static SlQuery unresolved = {
	"SELECT l.id FROM @.sl_log AS l"
	" WHERE l.revision OPERATOR(pg_catalog.=) $1"
	" AND l.action OPERATOR(pg_catalog.=) 'adopt'"
	" AND l.outcome OPERATOR(pg_catalog.=) 'unresolved'"
	" AND NOT EXISTS (SELECT FROM @.sl_log AS n"
	" WHERE n.revision OPERATOR(pg_catalog.=) $1"
	" AND n.id OPERATOR(pg_catalog.>) l.id)",
	NULL, 1, {TEXTOID}
};

/*
 * The place that was kept in the history for a revision which was found and
 * not claimed; 0: none was.
 */
int64
sl_log_kept_place(const char *revision)
{
	Datum		values[1];
	SlResult	result;
	int64		id = 0;

	values[0] = CStringGetTextDatum(revision);
	sl_query_open(&unresolved, SL_READ_FRESH, values, NULL, &result);
	if (result.nrows > 0)
		id = sl_result_bigint(&result, 0, 1);
	sl_query_close(&result);
	return id;
}

static SlQuery log_adopted = {
	"INSERT INTO @.sl_log (id, at, action, revision, outcome, role,"
	" application_name, evidence, reason, meaning)"
	" SELECT $1 OPERATOR(pg_catalog.+) u.ordinality OPERATOR(pg_catalog.-) 1,"
	" pg_catalog.clock_timestamp(), 'adopt', u.revision, u.outcome,"
	" $2::pg_catalog.name, $3, u.evidence, u.reason,"
	" CASE WHEN r.kind OPERATOR(pg_catalog.=) ANY ('{repeatable,seed}')"
	" THEN r.meaning END"
	" FROM ROWS FROM (pg_catalog.unnest($4), pg_catalog.unnest($5),"
	" pg_catalog.unnest($6), pg_catalog.unnest($7)) WITH ORDINALITY"
	" AS u (revision, outcome, evidence, reason, ordinality)"
	" JOIN @.sl_registry AS r"
	" ON r.revision OPERATOR(pg_catalog.=) u.revision",
	"sl_log", 7,
	{INT8OID, TEXTOID, TEXTOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID,
	TEXTARRAYOID}
};

static Datum
text_column(Datum *elems, bool *nulls, int count)
{
	int			dims[1] = {count};
	int			lower[1] = {1};

	return PointerGetDatum(construct_md_array(elems, nulls, 1, dims, lower,
											  TEXTOID, -1, false,
											  TYPALIGN_INT));
}

static void
put_text(Datum *elems, bool *nulls, int i, const char *text)
{
	nulls[i] = text == NULL;
	if (text != NULL)
		elems[i] = CStringGetTextDatum(text);
}

/* Append what was adopted. */
void
sl_log_adopted(int64 first_id, const SlAdoptedRow *rows, int count)
{
	Datum	   *elems = palloc0_array(Datum, Max(count, 1) * 4);
	bool	   *isnull = palloc0_array(bool, Max(count, 1) * 4);
	Datum		values[7];
	char		nulls[7];
	int			i;

	if (count == 0)
		return;
	for (i = 0; i < count; i++)
	{
		put_text(elems, isnull, i, rows[i].revision);
		put_text(elems, isnull, count + i, rows[i].outcome);
		put_text(elems, isnull, 2 * count + i, rows[i].evidence);
		put_text(elems, isnull, 3 * count + i, rows[i].reason);
	}
	memset(nulls, ' ', sizeof(nulls));
	values[0] = Int64GetDatum(first_id);
	sl_param_text(values, nulls, 1, GetUserNameFromId(GetUserId(), false));
	sl_param_text(values, nulls, 2, application_name);
	for (i = 0; i < 4; i++)
		values[3 + i] = text_column(elems + i * count, isnull + i * count,
									count);
	sl_query_run(&log_adopted, SL_WRITE, values, nulls);
}
