/*-------------------------------------------------------------------------
 *
 * conflicts.c
 *	  Facts that several revisions left differently.
 *
 * Two that drop the same object, or change different attributes of it, do
 * not disagree.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/ledger/conflicts.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"

#include "common/sl_compat.h"
#include "ledger/ledger.h"
#include "ledger/query.h"

/* The first attribute of x.changed that y has otherwise, as far as wanted. */
#define DIFFERENT_OF(x, y, condition) \
	"(SELECT c.name FROM pg_catalog.unnest(" x ".changed) AS c (name)" \
	" WHERE (" x ".definition OPERATOR(pg_catalog.->) c.name)" \
	" IS DISTINCT FROM (" y ".definition OPERATOR(pg_catalog.->) c.name)" \
	" AND ($2 OR c.name OPERATOR(pg_catalog.<>) 'owner')" \
	" AND ($3 OR c.name OPERATOR(pg_catalog.<>) 'privileges')" \
	condition " ORDER BY 1 LIMIT 1)"

static SlQuery read_conflicts = {
	"WITH e AS MATERIALIZED (SELECT DISTINCT ON (e.revision) e.id, e.revision"
	" FROM @.sl_evidence AS e"
	" WHERE e.complete AND e.revision OPERATOR(pg_catalog.=) ANY ($1)"
	" ORDER BY e.revision, e.id DESC),"
	" f AS MATERIALIZED (SELECT e.revision, f.key, f.class, f.identity,"
	" f.change, f.after, f.definition, f.changed"
	" FROM e JOIN @.sl_footprint AS f"
	" ON f.evidence_id OPERATOR(pg_catalog.=) e.id),"
	" p AS (SELECT a.revision AS first, b.revision AS second, a.class,"
	" a.identity, a.change AS a, b.change AS b, a.after AS a_after,"
	" b.after AS b_after, "
	DIFFERENT_OF("a", "b",
				 " AND (b.changed IS NULL"
				 " OR c.name OPERATOR(pg_catalog.=) ANY (b.changed))")
	" AS of_a, " DIFFERENT_OF("b", "a", " AND a.changed IS NULL")
	" AS of_b FROM f AS a JOIN f AS b"
	" ON a.key OPERATOR(pg_catalog.=) b.key"
	" AND a.revision OPERATOR(pg_catalog.<) b.revision)"
	" SELECT p.first, p.second, p.class, p.identity,"
	" CASE WHEN p.a OPERATOR(pg_catalog.<>) 'd'"
	" AND p.b OPERATOR(pg_catalog.<>) 'd' THEN COALESCE(p.of_a, p.of_b) END"
	" FROM p WHERE CASE"
	" WHEN p.a OPERATOR(pg_catalog.=) 'd' OR p.b OPERATOR(pg_catalog.=) 'd'"
	" THEN p.a OPERATOR(pg_catalog.<>) p.b"
	" WHEN p.a OPERATOR(pg_catalog.=) 'c' OR p.b OPERATOR(pg_catalog.=) 'c'"
	" THEN p.of_a IS NOT NULL OR p.of_b IS NOT NULL"
	/* the attributes proper are the first half */
	" ELSE pg_catalog.substr(p.a_after, 1, 16) OPERATOR(pg_catalog.<>)"
	" pg_catalog.substr(p.b_after, 1, 16) END"
	" ORDER BY 1, 2, 3, 4",
	NULL, 3, {TEXTARRAYOID, BOOLOID, BOOLOID}
};

/* Pairs of revisions and the facts that they left differently. */
SlConflictRow *
sl_footprint_conflicts(List *revisions, bool owners, bool privileges,
					   int *count)
{
	SlResult	result;
	SlConflictRow *rows;
	Datum		values[3];
	char		nulls[3] = {' ', ' ', ' '};
	uint64		i;

	sl_param_list(values, nulls, 0, revisions);
	values[1] = BoolGetDatum(owners);
	values[2] = BoolGetDatum(privileges);
	sl_query_open(&read_conflicts, SL_READ, values, nulls, &result);
	rows = MemoryContextAllocHuge(result.caller, sizeof(SlConflictRow) *
								  Max(result.nrows, 1));
	for (i = 0; i < result.nrows; i++)
	{
		CHECK_FOR_INTERRUPTS();
		rows[i].first = sl_result_text(&result, i, 1);
		rows[i].second = sl_result_text(&result, i, 2);
		rows[i].class = sl_result_text(&result, i, 3);
		rows[i].identity = sl_result_text(&result, i, 4);
		rows[i].attribute = sl_result_text(&result, i, 5);
	}
	*count = (int) result.nrows;
	sl_query_close(&result);
	return rows;
}

static SlQuery read_setters = {
	"SELECT DISTINCT u.ordinality, e.revision"
	" FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2))"
	" WITH ORDINALITY AS u (class, identity, ordinality)"
	" JOIN @.sl_footprint AS f"
	" ON f.class OPERATOR(pg_catalog.=) u.class"
	" AND f.identity OPERATOR(pg_catalog.=) u.identity"
	" JOIN @.sl_evidence AS e"
	" ON e.id OPERATOR(pg_catalog.=) f.evidence_id AND e.complete",
	NULL, 2, {TEXTARRAYOID, TEXTARRAYOID}
};

/* Who else set these facts. */
SlSetterRow *
sl_footprint_setters(const SlConflictRow *conflicts, int nconflicts,
					 int *count)
{
	char	  **classes = palloc_array(char *, Max(nconflicts, 1));
	char	  **identities = palloc_array(char *, Max(nconflicts, 1));
	SlResult	result;
	SlSetterRow *rows;
	Datum		values[2];
	char		nulls[2];
	uint64		i;
	int			k;

	for (k = 0; k < nconflicts; k++)
	{
		classes[k] = conflicts[k].class;
		identities[k] = conflicts[k].identity;
	}
	sl_param_texts(values, nulls, 0, classes, nconflicts);
	sl_param_texts(values, nulls, 1, identities, nconflicts);
	sl_query_open(&read_setters, SL_READ, values, nulls, &result);
	rows = MemoryContextAllocHuge(result.caller, sizeof(SlSetterRow) *
								  Max(result.nrows, 1));
	for (i = 0; i < result.nrows; i++)
	{
		CHECK_FOR_INTERRUPTS();
		rows[i].conflict = (int) sl_result_bigint(&result, i, 1) - 1;
		rows[i].revision = sl_result_text(&result, i, 2);
	}
	*count = (int) result.nrows;
	sl_query_close(&result);
	return rows;
}
