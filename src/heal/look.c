/*-------------------------------------------------------------------------
 *
 * look.c
 *	  Which rows are in the way of a constraint.
 *
 * Asked only after the server has refused a step because of its rows: so
 * nothing is read twice where all is well, and nothing can come between the
 * question and the answer.  As the caller, in the clean room.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/heal/look.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/spi.h"
#include "utils/snapmgr.h"

#include "heal/heal_private.h"

/* A question: one row comes back, how many and an example. */
typedef struct Question
{
	const char *text;
	int64		count;
	char	   *example;		/* NULL: none could be named */
} Question;

static void
ask(void *arg)
{
	Question   *question = arg;
	MemoryContext before = CurrentMemoryContext;
	SPIPlanPtr	plan;

	PushActiveSnapshot(GetTransactionSnapshot());
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	plan = SPI_prepare(question->text, 0, NULL);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s",
			 SPI_result_code_string(SPI_result));
	if (SPI_execute_plan(plan, NULL, NULL, true, 1) == SPI_OK_SELECT &&
		SPI_processed == 1)
	{
		HeapTuple	tuple = SPI_tuptable->vals[0];
		bool		isnull;
		char	   *text;

		question->count =
			DatumGetInt64(SPI_getbinval(tuple, SPI_tuptable->tupdesc, 1,
										&isnull));
		text = SPI_getvalue(tuple, SPI_tuptable->tupdesc, 2);
		if (text != NULL)
			question->example = MemoryContextStrdup(before, text);
	}
	SPI_finish();
	PopActiveSnapshot();
}

/* false: it could not be asked, or there are none */
static bool
answer(const SlHealStep *step, const SlOptions *options, const char *text,
	   Question *question)
{
	ErrorData  *error;

	memset(question, 0, sizeof(*question));
	question->text = text;
	error = sl_heal_try(sl_heal_confinement(step), options, ask, question);
	if (error != NULL &&
		ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_OPERATOR_INTERVENTION)
		ReThrowError(error);
	return error == NULL && question->count > 0;
}

/* Rows that a condition is true of, and the first of them as JSON. */
static char *
rows_where(const char *table, const char *condition)
{
	return psprintf("SELECT pg_catalog.count(*),"
					" (pg_catalog.array_agg(pg_catalog.left(pg_catalog.to_jsonb(r)::pg_catalog.text, 200)"
					" ORDER BY r.ctid) FILTER (WHERE true))[1]"
					" FROM %s AS r WHERE %s", table, condition);
}

static char *
with_example(char *text, const Question *question)
{
	if (question->example == NULL)
		return text;
	return psprintf(_("%s, one of them %s"), text, question->example);
}

static char *
plural_rows(int64 count)
{
	return psprintf(ngettext("%lld row has", "%lld rows have", count),
					(long long) count);
}

/* SET NOT NULL */
static char *
nulls_in(const SlHealStep *step, const SlOptions *options)
{
	const char *table = sl_name_owner(step->identity);
	const char *column = sl_name_last(step->identity);
	Question	question;

	if (!answer(step, options, rows_where(table,
										  psprintf("r.%s IS NULL", column)),
				&question))
		return NULL;
	return with_example(psprintf(_("%s NULL in %s"),
								 plural_rows(question.count), step->identity),
						&question);
}

/* a.x = b.y AND ... */
static char *
columns_equal(const SlAttribute *a, const SlAttribute *b)
{
	StringInfoData text;
	int			i;

	initStringInfo(&text);
	for (i = 0; i < a->nitems; i++)
		appendStringInfo(&text, "%sr.%s = o.%s", i > 0 ? " AND " : "",
						 a->items[i], b->items[i]);
	return text.data;
}

static char *
columns_given(const SlAttribute *columns)
{
	StringInfoData text;
	int			i;

	initStringInfo(&text);
	for (i = 0; i < columns->nitems; i++)
		appendStringInfo(&text, "%sr.%s IS NOT NULL", i > 0 ? " AND " : "",
						 columns->items[i]);
	return text.data;
}

static char *
without_partner(const SlHealStep *step, const SlOptions *options)
{
	const SlFact *fact = step->difference->expected;
	const char *other = sl_fact_text(fact, "references");
	const SlAttribute *columns = sl_fact_get(fact, "columns");
	Question	question;
	char	   *condition;

	condition = psprintf("%s AND NOT EXISTS (SELECT FROM %s AS o WHERE %s)",
						 columns_given(columns), other,
						 columns_equal(columns,
									   sl_fact_get(fact,
												   "referenced_columns")));
	if (!answer(step, options,
				rows_where(sl_name_owner(step->identity), condition),
				&question))
		return NULL;
	return with_example(psprintf(_("%s no partner in %s"),
								 plural_rows(question.count), other),
						&question);
}

static char *
failing_check(const SlHealStep *step, const SlOptions *options)
{
	const char *expression = sl_fact_text(step->difference->expected,
										  "expression");
	Question	question;

	/* names of columns stand in it by themselves */
	if (!answer(step, options,
				rows_where(sl_name_owner(step->identity),
						   psprintf("NOT (%s)", expression)), &question))
		return NULL;
	return with_example(psprintf(ngettext("%lld row fails %s",
										  "%lld rows fail %s",
										  question.count),
								 (long long) question.count, expression),
						&question);
}

static char *
duplicates(const SlHealStep *step, const SlOptions *options,
		   const ErrorData *error)
{
	const SlFact *fact = step->difference->expected;
	const SlAttribute *columns = sl_fact_get(fact, "columns");
	char	   *table = strcmp(fact->class, "index") == 0 ?
		pstrdup(sl_fact_text(fact, "table")) : sl_name_owner(fact->identity);
	StringInfoData names;
	StringInfoData list;
	Question	question;
	char	   *text;

	if (strcmp(fact->class, "index") == 0 &&
		sl_fact_text(fact, "predicate") != NULL)
		return NULL;
	initStringInfo(&names);
	initStringInfo(&list);
	sl_ddl_join(&names, columns, ", ");
	text = psprintf("SELECT pg_catalog.sum(d.n)::pg_catalog.int8, NULL::pg_catalog.text FROM"
					" (SELECT pg_catalog.count(*) AS n FROM %s AS r"
					" WHERE ROW(%s) IS NOT NULL GROUP BY %s"
					" HAVING pg_catalog.count(*) > 1) AS d", table,
					names.data, names.data);
	if (!answer(step, options, text, &question))
		return NULL;
	return psprintf(_("%lld rows of %s share their (%s) with others%s%s"),
					(long long) question.count, table, names.data,
					error->detail != NULL ? ": " : "",
					error->detail != NULL ? error->detail : "");
}

/*
 * Rows that made the server refuse the step, with an example; NULL if its own
 * words have to do.
 */
char *
sl_heal_rows_in_the_way(const SlHealStep *step, const SlOptions *options,
						const ErrorData *error)
{
	if (step->difference == NULL || step->difference->expected == NULL)
		return NULL;
	if (strcmp(step->class, "column") == 0 &&
		error->sqlerrcode == ERRCODE_NOT_NULL_VIOLATION)
		return nulls_in(step, options);
	if (error->sqlerrcode == ERRCODE_UNIQUE_VIOLATION &&
		(strcmp(step->class, "index") == 0 ||
		 strcmp(step->class, "constraint") == 0))
		return duplicates(step, options, error);
	if (strcmp(step->class, "constraint") != 0)
		return NULL;
	if (error->sqlerrcode == ERRCODE_FOREIGN_KEY_VIOLATION)
		return without_partner(step, options);
	if (error->sqlerrcode == ERRCODE_CHECK_VIOLATION)
		return failing_check(step, options);
	return NULL;
}
