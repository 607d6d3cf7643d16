/*-------------------------------------------------------------------------
 *
 * repair.c
 *	  What a repair reads and writes in the books, beside everybody's.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/ledger/repair.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"

#include "common/sl_compat.h"
#include "ledger/query.h"
#include "ledger/repair.h"

static SlQuery left_rows = {
	"SELECT f.class, f.identity, f.change::pg_catalog.text, f.after"
	" FROM @.sl_footprint AS f"
	" WHERE f.evidence_id OPERATOR(pg_catalog.=) ("
	"SELECT e.id FROM @.sl_evidence AS e"
	" JOIN @.sl_applied AS a"
	" ON a.revision OPERATOR(pg_catalog.=) e.revision"
	" LEFT JOIN @.sl_registry AS r"
	" ON r.revision OPERATOR(pg_catalog.=) e.revision"
	" WHERE e.revision OPERATOR(pg_catalog.=) $1 AND e.complete"
	" AND (e.log_id OPERATOR(pg_catalog.=) a.log_id"
	" OR r.revision IS NULL OR e.meaning IS NOT DISTINCT FROM r.meaning)"
	" ORDER BY COALESCE(e.log_id OPERATOR(pg_catalog.=) a.log_id, false)"
	" USING OPERATOR(pg_catalog.>), e.id USING OPERATOR(pg_catalog.>)"
	" LIMIT 1)"
	" ORDER BY f.class COLLATE pg_catalog.\"C\""
	" USING OPERATOR(pg_catalog.<),"
	" f.identity COLLATE pg_catalog.\"C\" USING OPERATOR(pg_catalog.<)",
	NULL, 1, {TEXTOID}
};

SlLeftRow *
sl_footprint_of_claim(const char *revision, int *count)
{
	Datum		values[1];
	SlResult	result;
	SlLeftRow  *rows;
	uint64		i;

	values[0] = CStringGetTextDatum(revision);
	sl_query_open(&left_rows, SL_READ_FRESH, values, NULL, &result);
	rows = MemoryContextAllocHuge(result.caller, sizeof(SlLeftRow) *
								  Max(result.nrows, 1));
	for (i = 0; i < result.nrows; i++)
	{
		Datum		datum;
		bool		isnull;

		rows[i].class = sl_result_text(&result, i, 1);
		rows[i].identity = sl_result_text(&result, i, 2);
		rows[i].change = sl_result_text(&result, i, 3)[0];
		rows[i].after = NULL;
		datum = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 4,
							  &isnull);
		if (!isnull)
		{
			rows[i].after = MemoryContextAlloc(result.caller,
											   SL_HASH_LENGTH);
			memcpy(rows[i].after, VARDATA_ANY(DatumGetByteaPP(datum)),
				   SL_HASH_LENGTH);
		}
	}
	*count = (int) result.nrows;
	sl_query_close(&result);
	return rows;
}

static SlQuery by_word = {
	"SELECT a.revision FROM @.sl_applied AS a"
	" WHERE a.action OPERATOR(pg_catalog.=) ANY ('{stamp,adopt}')",
};

List *
sl_claims_by_word(void)
{
	List	   *revisions;
	SlResult	result;

	sl_query_open(&by_word, SL_READ_FRESH, NULL, NULL, &result);
	revisions = sl_result_list(&result, 1);
	sl_query_close(&result);
	return revisions;
}

static SlQuery prove = {
	"UPDATE @.sl_applied AS a SET forced = false"
	" WHERE a.revision OPERATOR(pg_catalog.=) $1 AND a.forced",
	"sl_applied", 1, {TEXTOID}
};

void
sl_claim_prove(const char *revision)
{
	Datum		values[1];

	values[0] = CStringGetTextDatum(revision);
	sl_query_run(&prove, SL_WRITE, values, NULL);
}
