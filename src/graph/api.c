/*-------------------------------------------------------------------------
 *
 * api.c
 *	  The graph in SQL: functions that read and take no lock.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/graph/api.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "graph/graph_private.h"
#include "utils/array.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(sl_graph);
PG_FUNCTION_INFO_V1(sl_check_graph);
PG_FUNCTION_INFO_V1(sl_heads);
PG_FUNCTION_INFO_V1(sl_pending);

static Datum parents_of(const SlRevisionRow *row);

/* Every registered revision in the order of a run. */
Datum
sl_graph(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SlGraph    *graph;
	int			i;

	InitMaterializedSRF(fcinfo, 0);
	graph = sl_graph_read(false);

	for (i = 0; i < graph->nrows; i++)
	{
		const SlNode *node = &graph->nodes[graph->order[i]];
		Datum		values[7];
		bool		nulls[7] = {0};

		values[0] = Int32GetDatum(i + 1);
		values[1] = CStringGetTextDatum(node->id);
		values[2] = parents_of(node->row);
		values[3] = CStringGetTextDatum(sl_kind_name(node->row->kind));
		values[4] = CStringGetTextDatum(sl_node_state(node));
		values[5] = BoolGetDatum(node->head);
		if (node->row->description != NULL)
			values[6] = CStringGetTextDatum(node->row->description);
		else
			nulls[6] = true;
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}

/* As they were named; a repeatable or a seed has none. */
static Datum
parents_of(const SlRevisionRow *row)
{
	int			n = sl_is_versioned(row) ? row->nparents : 0;
	Datum	   *parents = palloc_array(Datum, n + 1);
	int			i;

	for (i = 0; i < n; i++)
		parents[i] = CStringGetTextDatum(row->parents[i]);
	return PointerGetDatum(construct_array(parents, n, TEXTOID, -1, false,
										   TYPALIGN_INT));
}

/* What is wrong with the graph. */
Datum
sl_check_graph(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SlOptions	options;
	SlGraph    *graph;
	List	   *problems;
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	sl_options_resolve(&options, NULL);
	graph = sl_graph_read(false);
	problems = sl_graph_problems(graph, options.out_of_order);
	problems = list_concat(problems,
						   sl_graph_conflicts(graph, options.compare_owners,
											  options.compare_privileges));

	foreach(lc, problems)
	{
		const SlProblem *problem = lfirst(lc);
		Datum		values[4];
		bool		nulls[4] = {0};

		values[0] = CStringGetTextDatum(problem->error ? "error" : "warning");
		values[1] = CStringGetTextDatum(problem->problem);
		values[2] = CStringGetTextDatum(problem->revision);
		values[3] = CStringGetTextDatum(problem->detail);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}

/* The revisions that no other has for a parent, in byte order. */
Datum
sl_heads(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	List	   *heads;
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	heads = sl_graph_heads(sl_graph_read(false));

	foreach(lc, heads)
	{
		const SlRevisionRow *head = lfirst(lc);
		Datum		value = CStringGetTextDatum(head->revision);
		bool		null = false;

		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, &value,
							 &null);
	}
	return (Datum) 0;
}

/* What a run to the target would run, in order. */
Datum
sl_pending(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	char	   *target = NULL;
	SlOptions	options;
	SlGraph    *graph;
	List	   *steps;
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	if (!PG_ARGISNULL(0))
		target = text_to_cstring(PG_GETARG_TEXT_PP(0));

	/* the usual answer is "nothing", and it must be cheap to ask */
	if ((target == NULL || strcmp(target, "heads") == 0) &&
		sl_registry_is_settled(false))
		return (Datum) 0;

	sl_options_resolve(&options, NULL);
	graph = sl_graph_read(false);
	sl_graph_require_sound(graph, options.out_of_order);
	steps = sl_graph_pending(graph, target);

	foreach(lc, steps)
	{
		const SlStep *step = lfirst(lc);
		Datum		values[4];
		bool		nulls[4] = {0};

		values[0] = Int32GetDatum(step->ordinal);
		values[1] = CStringGetTextDatum(step->row->revision);
		values[2] = CStringGetTextDatum(sl_kind_name(step->row->kind));
		values[3] = BoolGetDatum(step->row->transactional);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}
