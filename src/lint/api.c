/*-------------------------------------------------------------------------
 *
 * api.c
 *	  sl_lint(), sl_lint_script()
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/lint/api.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/tuplestore.h"

#include "lint/lint_private.h"

PG_FUNCTION_INFO_V1(sl_lint);
PG_FUNCTION_INFO_V1(sl_lint_script);

static Datum
text_or_null(const char *text, bool *isnull)
{
	*isnull = text == NULL;
	return text != NULL ? CStringGetTextDatum(text) : (Datum) 0;
}

/* A finding becomes a row of the result. */
static void
put_row(const SlLintFinding *finding, void *arg)
{
	ReturnSetInfo *result = (ReturnSetInfo *) arg;
	Datum		values[7];
	bool		nulls[7] = {false};

	values[0] = text_or_null(finding->revision, &nulls[0]);
	values[1] = Int32GetDatum(finding->statement);
	nulls[1] = finding->statement == 0;
	values[2] = Int32GetDatum(finding->line);
	nulls[2] = finding->line == 0;
	values[3] = CStringGetTextDatum(finding->rule);
	values[4] = CStringGetTextDatum(sl_lint_severity_name(finding->severity));
	values[5] = CStringGetTextDatum(finding->message);
	values[6] = text_or_null(finding->hint != NULL ? _(finding->hint) : NULL,
							 &nulls[6]);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* What a run to these would do; also of a graph that cannot run. */
static List *
pending_of(SlGraph *graph, List *expected, bool all)
{
	SlStanding	standing;
	SlOptions	options;
	bool		sound = true;
	ListCell   *cell;

	sl_options_resolve(&options, NULL);
	foreach(cell, sl_graph_problems(graph, options.out_of_order))
		sound &= !((SlProblem *) lfirst(cell))->error;
	sl_graph_standing(graph, expected, all, sound, &standing);
	return standing.pending;
}

/*
 * One revision, with what the pending ones before it will have made; one that
 * is applied by itself, as the live catalog has what was before it.
 */
static void
lint_one(SlGraph *graph, const char *name, ReturnSetInfo *result)
{
	const SlRevisionRow *row = sl_graph_resolve(graph, name, false);
	List	   *pending = NIL;

	if (!sl_graph_is_applied(graph, row))
		pending = pending_of(graph, sl_kind_runs_once(row->kind) ?
							 list_make1(unconstify(SlRevisionRow *, row)) :
							 sl_graph_heads(graph),
							 !sl_kind_runs_once(row->kind));
	if (!list_member_ptr(pending, row))
		pending = list_make1(unconstify(SlRevisionRow *, row));
	sl_lint_revisions(pending, row, put_row, result);
}

/* sl_lint(revision text DEFAULT NULL) */
Datum
sl_lint(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	SlGraph    *graph;

	InitMaterializedSRF(fcinfo, 0);
	AcceptInvalidationMessages();
	if (PG_ARGISNULL(0) && sl_registry_is_settled(false))
		return (Datum) 0;
	graph = sl_graph_read(false);
	if (PG_ARGISNULL(0))
		sl_lint_revisions(pending_of(graph, sl_graph_heads(graph), true),
						  NULL, put_row, result);
	else
		lint_one(graph, text_to_cstring(PG_GETARG_TEXT_PP(0)), result);
	return (Datum) 0;
}

/* sl_lint_script(script text) */
Datum
sl_lint_script(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	SlLint	   *lint;

	InitMaterializedSRF(fcinfo, 0);
	AcceptInvalidationMessages();
	lint = sl_lint_begin(put_row, result);
	sl_lint_text(lint, NULL, SL_KIND_VERSIONED, false, false,
				 text_to_cstring(PG_GETARG_TEXT_PP(0)), 1, NULL, 0);
	sl_lint_end(lint);
	return (Datum) 0;
}
