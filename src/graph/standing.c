/*-------------------------------------------------------------------------
 *
 * standing.c
 *	  Where the database stands on the way to some heads.
 *
 * Nothing here needs a sound graph: a health check has to answer on any.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/graph/standing.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "graph/graph_private.h"

static bool
is_applied(SlGraph *graph, int node)
{
	const SlNode *n = &graph->nodes[node];

	if (n->row != NULL && !sl_is_versioned(n->row))
		return n->row->applied;
	return n->applied || n->claimed;
}

/* Is no revision registered? */
bool
sl_graph_is_empty(const SlGraph *graph)
{
	return graph->nrows == 0;
}

bool
sl_graph_is_applied(SlGraph *graph, const SlRevisionRow *row)
{
	return is_applied(graph, (int) (row - graph->rows));
}

/*
 * The revision of a name as clients give it: exact, else by a prefix that only
 * one has.  NULL if there is none, or several; that is *candidates then.
 */
const SlRevisionRow *
sl_graph_match(SlGraph *graph, const char *name, int *candidates)
{
	const SlRevisionRow *row = sl_graph_find(graph, name);
	Size		length = strlen(name);
	int			i;

	*candidates = row == NULL ? 0 : 1;
	if (row != NULL || length == 0)
		return row;
	for (i = 0; i < graph->nrows; i++)
	{
		if (strncmp(graph->rows[i].revision, name, length) != 0)
			continue;
		row = &graph->rows[i];
		(*candidates)++;
	}
	return *candidates == 1 ? row : NULL;
}

/* Is something applied that comes right after it?  Baselines apart. */
static bool
has_applied_child(SlGraph *graph, int node, bool baselines)
{
	int			e;

	for (e = graph->children.start[node];
		 e < graph->children.start[node + 1]; e++)
	{
		int			child = graph->children.target[e];

		if (is_applied(graph, child) &&
			(baselines || graph->nodes[child].baseline < 0))
			return true;
	}
	return false;
}

/*
 * A baseline and the last that it replaces are one place: the name of the
 * latter is given where it is a head, else that of the baseline.
 */
static bool
baseline_is_current(SlGraph *graph, const SlBaseline *baseline)
{
	int			i;
	int			c;

	for (i = 0; i < baseline->nafter; i++)
		if (is_applied(graph, baseline->after[i]))
			return false;
	if (has_applied_child(graph, baseline->node, true))
		return false;
	for (i = 0; i < baseline->nends; i++)
	{
		int			end = baseline->ends[i];

		if (graph->nodes[end].head || has_applied_child(graph, end, false))
			return false;
		/* a later squash of the same history */
		for (c = graph->covers.start[end]; c < graph->covers.start[end + 1];
			 c++)
		{
			const SlBaseline *other =
				&graph->baselines[graph->covers.target[c]];

			if (other->nmembers > baseline->nmembers &&
				is_applied(graph, other->node))
				return false;
		}
	}
	return true;
}

/* What is applied and has nothing applied after it. */
static List *
find_current(SlGraph *graph)
{
	List	   *current = NIL;
	int			i;

	for (i = 0; i < graph->nrows; i++)
	{
		SlNode	   *node = &graph->nodes[i];

		if (!sl_is_versioned(node->row) || !is_applied(graph, i))
			continue;
		if (node->baseline >= 0 ?
			baseline_is_current(graph, &graph->baselines[node->baseline]) :
			!has_applied_child(graph, i, !node->head))
			current = lappend(current, &graph->rows[i]);
	}
	return current;
}

/* Mark what a sound graph's plan has among its steps. */
static void
plan_pending(SlGraph *graph, List *heads, bool *pending)
{
	ListCell   *head;
	ListCell   *step;

	foreach(head, heads)
	{
		const SlRevisionRow *row = lfirst(head);

		foreach(step, sl_graph_pending(graph, row->revision))
			pending[((SlStep *) lfirst(step))->row - graph->rows] = true;
	}
}

/* A baseline in the place of what is wanted is not beyond it. */
static bool
is_covered(SlGraph *graph, int node, const SlWalk *walk)
{
	int			baseline = graph->nodes[node].baseline;

	return baseline >= 0 &&
		sl_baseline_is_covered(&graph->baselines[baseline], walk);
}

/*
 * Fill 'standing'.  'expected': SlRevisionRow pointers; 'all': they are all
 * heads, so that everything is wanted, also what a cycle keeps from having a
 * head; 'sound': the graph has no error, so that what is pending is what a run
 * would do.
 */
void
sl_graph_standing(SlGraph *graph, List *expected, bool all, bool sound,
				  SlStanding *standing)
{
	bool	   *pending = palloc0_array(bool, graph->nrows + 1);
	bool		at_head = false;
	SlWalk		walk;
	ListCell   *cell;
	int			i;

	memset(standing, 0, sizeof(*standing));
	standing->current = find_current(graph);
	standing->heads_applied = true;
	if (sound)
		plan_pending(graph, expected, pending);
	sl_walk_begin(&walk, graph);
	foreach(cell, expected)
	{
		int			node = (int) ((SlRevisionRow *) lfirst(cell) -
								  graph->rows);

		sl_walk_push(&walk, node);
		at_head |= graph->nodes[node].head;
		if (!is_applied(graph, node))
			standing->heads_applied = false;
	}
	sl_walk_ancestors(&walk);

	for (i = 0; i < graph->nrows; i++)
	{
		int			node = graph->order[i];
		SlRevisionRow *row = &graph->rows[node];
		bool		versioned = sl_is_versioned(row);
		bool		wanted = all || sl_walk_seen(&walk, node) ||
			(at_head && !versioned);

		if (!sound && wanted && !is_applied(graph, node) &&
			graph->nodes[node].baseline < 0)
			pending[node] = true;
		if (pending[node])
			standing->pending = lappend(standing->pending, row);
		if (row->failed && (wanted || pending[node]))
			standing->failed = lappend(standing->failed, row);
		if (wanted || pending[node])
			standing->wanted = lappend(standing->wanted, row);
		else if (versioned && row->claimed &&
				 !is_covered(graph, node, &walk))
			standing->beyond = lappend(standing->beyond, row->revision);
	}
	for (i = graph->nrows; i < graph->nnodes; i++)
		if (graph->nodes[i].claimed && !sl_walk_seen(&walk, i))
			standing->beyond = lappend(standing->beyond,
									   pstrdup(graph->nodes[i].id));
	sl_walk_end(&walk);
}
