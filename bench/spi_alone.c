/*-------------------------------------------------------------------------
 *
 * spi_alone.c
 *	  The same statements with nothing around them: SPI_execute, one after
 *	  the other, in one function call.
 *
 * Built and loaded by bench/run; no part of the extension.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  bench/spi_alone.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(spi_alone);

/* spi_alone(statements text[]) returns how many it ran */
Datum
spi_alone(PG_FUNCTION_ARGS)
{
	Datum	   *statements;
	int			count;
	int			i;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), TEXTOID, -1, false,
					  TYPALIGN_INT, &statements, NULL, &count);
	SPI_connect();
	for (i = 0; i < count; i++)
	{
		char	   *string = TextDatumGetCString(statements[i]);
		int			rc = SPI_execute(string, false, 0);

		if (rc < 0)
			elog(ERROR, "SPI_execute of \"%s\" failed: %s", string,
				 SPI_result_code_string(rc));
		SPI_freetuptable(SPI_tuptable);
		pfree(string);
	}
	SPI_finish();
	PG_RETURN_INT32(count);
}
