/*-------------------------------------------------------------------------
 *
 * lineage.c
 *	  The graph by positions in its order, for those who go through all of it.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/graph/lineage.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "graph/graph_private.h"

/* The repeatables, in the order of a run. */
List *
sl_graph_repeatables(SlGraph *graph)
{
	List	   *rows = NIL;
	int			i;

	for (i = graph->nversioned; i < graph->nrows; i++)
	{
		const SlRevisionRow *row = &graph->rows[graph->order[i]];

		if (row->kind == SL_KIND_REPEATABLE)
			rows = lappend(rows, unconstify(SlRevisionRow *, row));
	}
	return rows;
}

/* Positions of what the baseline replaces; false if some has none. */
static bool
add_members(SlGraph *graph, const SlBaseline *baseline, int count,
			int *member, int *n)
{
	bool		all = true;
	int			m;

	for (m = 0; m < baseline->nmembers; m++)
	{
		const SlNode *node = &graph->nodes[baseline->members[m]];

		if (node->row != NULL && node->position >= 0 &&
			node->position < count)
			member[(*n)++] = node->position;
		else
			all = false;
	}
	return all;
}

/* All of it, in the current memory context. */
void
sl_graph_lineage(SlGraph *graph, SlLineage *lineage)
{
	Size		nedges = graph->parents.start[graph->nnodes];
	Size		nmembers = 0;
	int			nparent = 0;
	int			nmember = 0;
	int			i;
	int			e;

	memset(lineage, 0, sizeof(*lineage));
	while (lineage->count < graph->nversioned &&
		   graph->nodes[graph->order[lineage->count]].ordered)
		lineage->count++;
	for (i = 0; i < graph->nbaselines; i++)
		nmembers += graph->baselines[i].nmembers;
	lineage->rows = palloc_array(const SlRevisionRow *, lineage->count + 1);
	lineage->parent_start = palloc_array(int, lineage->count + 1);
	lineage->parent = palloc_array(int, nedges + 1);
	lineage->member_start = palloc_array(int, lineage->count + 1);
	lineage->member = palloc_array(int, nmembers + 1);
	lineage->partly_known = palloc0_array(bool, lineage->count + 1);
	for (i = 0; i < lineage->count; i++)
	{
		const SlNode *node = &graph->nodes[graph->order[i]];

		lineage->rows[i] = node->row;
		lineage->parent_start[i] = nparent;
		lineage->member_start[i] = nmember;
		for (e = graph->parents.start[graph->order[i]];
			 e < graph->parents.start[graph->order[i] + 1]; e++)
		{
			const SlNode *parent = &graph->nodes[graph->parents.target[e]];

			if (parent->row != NULL && parent->position >= 0 &&
				parent->position < i)
				lineage->parent[nparent++] = parent->position;
		}
		if (node->baseline >= 0)
			lineage->partly_known[i] =
				!add_members(graph, &graph->baselines[node->baseline],
							 lineage->count, lineage->member, &nmember);
	}
	lineage->parent_start[i] = nparent;
	lineage->member_start[i] = nmember;
}
