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

#include "access/sysattr.h"
#include "catalog/pg_constraint.h"
#include "executor/spi.h"
#include "nodes/bitmapset.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "heal/ddl_table.h"
#include "heal/heal_private.h"
#include "status/require.h"

/* A question: one row comes back, how many and an example. */
typedef struct Question
{
	const SlHealStep *step;
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

	if (question->step->requirement != NULL)
		sl_heal_set_path(question->step->requirement);
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
	int			category;

	memset(question, 0, sizeof(*question));
	question->step = step;
	question->text = text;
	error = sl_heal_try(sl_heal_confinement(step), options, ask, question);
	if (error == NULL)
		return question->count > 0;
	category = ERRCODE_TO_CATEGORY(error->sqlerrcode);
	if (category == ERRCODE_OPERATOR_INTERVENTION)
		ReThrowError(error);
	return false;
}

/* Names of the columns of the primary key; NIL: there is none. */
static List *
key_columns(const char *table)
{
	Oid			relid = sl_live_relation(table);
	List	   *result = NIL;
	Bitmapset  *columns;
	Oid			constraint;
	int			i = -1;

	if (!OidIsValid(relid))
		return NIL;
	columns = get_primary_key_attnos(relid, false, &constraint);
	while ((i = bms_next_member(columns, i)) >= 0)
	{
		char	   *name = get_attname(relid, i +
									   FirstLowInvalidHeapAttributeNumber,
									   true);

		if (name != NULL)
			result = lappend(result, pstrdup(quote_identifier(name)));
	}
	return result;
}

/*
 * What names a row: its key, and the columns that it is about.  Not all of
 * it, for this goes to logs.  No cast to text, which the owner of a type may
 * have made with a function of his own: concat() knows output functions alone.
 */
static char *
example_of(const char *table, const SlAttribute *columns)
{
	List	   *names = key_columns(table);
	StringInfoData text;
	ListCell   *cell;
	int			i;

	for (i = 0; columns != NULL && i < columns->nitems; i++)
	{
		bool		known = false;

		foreach(cell, names)
			known |= strcmp(lfirst(cell), columns->items[i]) == 0;
		if (!known)
			names = lappend(names, unconstify(char *, columns->items[i]));
	}
	if (names == NIL)
		return pstrdup("pg_catalog.concat('ctid = ', r.ctid)");
	initStringInfo(&text);
	appendStringInfoString(&text, "pg_catalog.concat_ws(', '");
	foreach(cell, names)
		appendStringInfo(&text, ", pg_catalog.concat(%s, pg_catalog.left(pg_catalog.concat(r.%s), 100))",
						 quote_literal_cstr(psprintf("%s = ",
													 (char *) lfirst(cell))),
						 (char *) lfirst(cell));
	appendStringInfoChar(&text, ')');
	return text.data;
}

/* Rows that a condition is true of, and the first of them. */
static char *
rows_where(const char *table, const SlAttribute *columns,
		   const char *condition)
{
	return psprintf("SELECT pg_catalog.count(*),"
					" (pg_catalog.array_agg(%s ORDER BY r.ctid))[1]"
					" FROM %s AS r WHERE %s", example_of(table, columns),
					table, condition);
}

static char *
with_example(char *text, const Question *question)
{
	if (question->example == NULL)
		return text;
	return psprintf(question->count == 1 ? "%s: %s" :
					_("%s, one of them %s"), text, question->example);
}

static char *
plural_rows(int64 count)
{
	return psprintf(ngettext("%lld row has", "%lld rows have", count),
					(long long) count);
}

/* SET NOT NULL */
static char *
nulls_in(const SlHealStep *step, const SlOptions *options,
		 const char *identity)
{
	const char *table = sl_name_owner(identity);
	const char *column = sl_name_last(identity);
	Question	question;

	if (!answer(step, options, rows_where(table, NULL,
										  psprintf("r.%s IS NULL", column)),
				&question))
		return NULL;
	return with_example(psprintf(_("%s NULL in %s"),
								 plural_rows(question.count), identity),
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
				rows_where(sl_name_owner(step->identity), columns, condition),
				&question))
		return NULL;
	return with_example(psprintf(_("%s no partner in %s"),
								 plural_rows(question.count), other),
						&question);
}

static char *
failing_check(const SlHealStep *step, const SlOptions *options,
			  const char *table, const char *expression)
{
	Question	question;

	/* names of columns stand in it by themselves */
	if (!answer(step, options,
				rows_where(table, NULL,
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

/* The same of requirements that are about one column, or a check. */
static char *
required_of(const SlHealStep *step, const SlOptions *options,
			const ErrorData *error)
{
	SlRequirement *requirement =
		sl_requirement_parse(step->requirement->requirement, NIL);
	char	   *table;
	char	   *check;

	if (requirement->object == NULL || requirement->schema == NULL)
		return NULL;
	table = quote_qualified_identifier(requirement->schema,
									   requirement->object);
	if (error->sqlerrcode == ERRCODE_NOT_NULL_VIOLATION &&
		requirement->name != NULL)
		return nulls_in(step, options,
						psprintf("%s.%s", table,
								 quote_identifier(requirement->name)));
	if (error->sqlerrcode != ERRCODE_CHECK_VIOLATION ||
		requirement->ddl == NULL)
		return NULL;
	check = strstr(requirement->ddl, " CHECK ");
	return check == NULL ? NULL :
		failing_check(step, options, table, check + strlen(" CHECK "));
}

/*
 * Rows that made the server refuse the step, with an example; NULL if its own
 * words have to do.
 */
char *
sl_heal_rows_in_the_way(const SlHealStep *step, const SlOptions *options,
						const ErrorData *error)
{
	if (step->requirement != NULL)
		return required_of(step, options, error);
	if (step->difference == NULL || step->difference->expected == NULL)
		return NULL;
	if (strcmp(step->class, "column") == 0 &&
		error->sqlerrcode == ERRCODE_NOT_NULL_VIOLATION)
		return nulls_in(step, options, step->identity);
	if (error->sqlerrcode == ERRCODE_UNIQUE_VIOLATION &&
		(strcmp(step->class, "index") == 0 ||
		 strcmp(step->class, "constraint") == 0))
		return duplicates(step, options, error);
	if (strcmp(step->class, "constraint") != 0)
		return NULL;
	if (error->sqlerrcode == ERRCODE_FOREIGN_KEY_VIOLATION)
		return without_partner(step, options);
	if (error->sqlerrcode == ERRCODE_CHECK_VIOLATION)
		return failing_check(step, options, sl_name_owner(step->identity),
							 sl_fact_text(step->difference->expected,
										  "expression"));
	return NULL;
}
