/*-------------------------------------------------------------------------
 *
 * rules.c
 *	  All rules there are: the tables of the files that have them.
 *
 * A new rule is a row in one of them, and a page doc/lint/RULE.md.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/lint/rules.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "lint/lint_private.h"

PG_FUNCTION_INFO_V1(sl_lint_rules);

static const SlLintRule *const groups[] = {
	sl_lint_alter_rules, sl_lint_lock_rules, sl_lint_index_rules,
	sl_lint_constraint_rules, sl_lint_type_rules, sl_lint_name_rules,
	sl_lint_breaking_rules, sl_lint_transaction_rules, sl_lint_data_rules,
	sl_lint_repeat_rules, sl_lint_routine_rules, sl_lint_ignore_rules
};

static const SlLintRule **rules = NULL;
static int	nrules = 0;

/* Put the tables into one list, once a session. */
static void
collect(void)
{
	const SlLintRule **all;
	int			count = 0;
	int			g;
	int			i;

	for (g = 0; g < (int) lengthof(groups); g++)
		for (i = 0; groups[g][i].id != NULL; i++)
			count++;
	all = MemoryContextAlloc(TopMemoryContext,
							 mul_size(sizeof(SlLintRule *), count));
	count = 0;
	for (g = 0; g < (int) lengthof(groups); g++)
		for (i = 0; groups[g][i].id != NULL; i++)
			all[count++] = &groups[g][i];
	rules = all;
	nrules = count;
}

int
sl_lint_rule_count(void)
{
	if (rules == NULL)
		collect();
	return nrules;
}

const SlLintRule *
sl_lint_rule(int i)
{
	Assert(rules != NULL && i < nrules);
	return rules[i];
}

/* NULL: there is none of that name. */
const SlLintRule *
sl_lint_rule_find(const char *id)
{
	int			i;

	for (i = 0; i < sl_lint_rule_count(); i++)
		if (strcmp(rules[i]->id, id) == 0)
			return rules[i];
	return NULL;
}

/*
 * sl_lint_rules(OUT rule text, OUT severity text, OUT hint text)
 *		returns setof record
 *
 * Not in the install script: a test declares it, to hold the pages against
 * the rules.
 */
Datum
sl_lint_rules(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	int			i;

	InitMaterializedSRF(fcinfo, 0);
	for (i = 0; i < sl_lint_rule_count(); i++)
	{
		const char *severity = sl_lint_severity_name(rules[i]->severity);
		Datum		values[3];
		bool		nulls[3] = {false};

		values[0] = CStringGetTextDatum(rules[i]->id);
		values[1] = CStringGetTextDatum(severity);
		values[2] = CStringGetTextDatum(rules[i]->fix);
		tuplestore_putvalues(result->setResult, result->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}
