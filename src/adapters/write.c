/*-------------------------------------------------------------------------
 *
 * write.c
 *	  Writing to another tool's version table.
 *
 * As the owner of the table, and with no way out of that: whatever hangs on
 * it, a trigger or a default, is code of somebody who could have had it run
 * with the owner's rights anyway, and must not run with the caller's.  Names
 * are quoted, and values are parameters.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/adapters/write.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "adapters/adapters_private.h"

/* no statement has more */
#define MAX_VALUES 12

static void
name_table(void *arg)
{
	const SlVersionTable *table = arg;

	errcontext("while %s, the version table of %s, was brought in step",
			   table->title, table->adapter->name);
}

static void
pin_search_path(void)
{
	(void) set_config_option("search_path", "pg_catalog, pg_temp",
							 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
							 true, 0, false);
}

void
sl_writer_begin(SlWriter *writer, const SlVersionTable *table)
{
	writer->table = table;
	writer->context.callback = name_table;
	writer->context.arg = unconstify(SlVersionTable *, table);
	writer->context.previous = error_context_stack;
	error_context_stack = &writer->context;
	sl_act_for_table(table->owner, &writer->before);
	writer->nest_level = NewGUCNestLevel();
	pin_search_path();
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
}

/* The text with the table's name put in for "@". */
static char *
statement_text(const SlVersionTable *table, const char *statement)
{
	StringInfoData text;

	initStringInfo(&text);
	for (; *statement != '\0'; statement++)
	{
		if (*statement == '@')
			appendStringInfoString(&text, table->title);
		else
			appendStringInfoChar(&text, *statement);
	}
	return text.data;
}

/* What was written to it just now is not what it says. */
static void
refuse_second_write(const SlVersionTable *table)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("version table \"%s\" does not keep what is written to it",
					table->title),
			 errdetail("A trigger, a rule or row security on it changed, swallowed or hid a row."),
			 errhint("Take that off the table; or sl_adopt(mirror => false), which leaves the table as it is from then on.")));
}

/* Run one; returns how many rows it was about.  A NULL value is a null. */
uint64
sl_writer_run(SlWriter *writer, const char *statement,
			  const char *const *values, int nvalues)
{
	Oid			types[MAX_VALUES];
	Datum		datums[MAX_VALUES];
	char		nulls[MAX_VALUES];
	SPIPlanPtr	plan;
	uint64		count;
	int			rc;
	int			i;

	Assert(nvalues <= MAX_VALUES);
	if (writer->table->written)
		refuse_second_write(writer->table);
	for (i = 0; i < nvalues; i++)
	{
		types[i] = TEXTOID;
		nulls[i] = values[i] == NULL ? 'n' : ' ';
		datums[i] = values[i] == NULL ? (Datum) 0 :
			CStringGetTextDatum(values[i]);
	}
	plan = SPI_prepare(statement_text(writer->table, statement), nvalues,
					   types);
	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", statement,
			 SPI_result_code_string(SPI_result));
	rc = SPI_execute_plan(plan, datums, nulls, false, 0);
	if (rc < 0)
		elog(ERROR, "could not run \"%s\": %s", statement,
			 SPI_result_code_string(rc));
	count = SPI_processed;
	SPI_freeplan(plan);
	return count;
}

void
sl_writer_end(SlWriter *writer)
{
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "could not disconnect from SPI");
	AtEOXact_GUC(false, writer->nest_level);
	sl_unconfine(&writer->before);
	error_context_stack = writer->context.previous;
}
