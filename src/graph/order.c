/*-------------------------------------------------------------------------
 *
 * order.c
 *	  The one order in which revisions stand, whatever the order in which
 *	  they were registered.
 *
 * Parents come first; among those that are free to go, the smallest id in
 * byte order.  What is in a cycle, or behind one, comes after that by id, so
 * that every revision is listed; nothing runs then.  Repeatables are last but
 * seeds, each by id.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/graph/order.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "graph/graph_private.h"
#include "lib/binaryheap.h"
#include "miscadmin.h"

static void permit_baselines(SlGraph *graph);
static int	sort_parents_first(SlGraph *graph);
static int *count_blockers(SlGraph *graph);
static void unblock(binaryheap *heap, int *blockers, int node);
static int	compare_nodes(Datum a, Datum b, void *arg);
static void append_kind(SlGraph *graph, SlKind kind, int *n);

void
sl_order_build(SlGraph *graph)
{
	int			n;
	int			i;

	graph->order = palloc_array(int, graph->nrows + 1);

	if (graph->nbaselines > 0)
		permit_baselines(graph);
	n = sort_parents_first(graph);

	for (i = 0; i < n; i++)
		graph->nodes[graph->order[i]].ordered = true;
	for (i = 0; i < graph->nrows; i++)
	{
		if (sl_is_versioned(&graph->rows[i]) && !graph->nodes[i].ordered)
			graph->order[n++] = i;
	}
	graph->nversioned = n;
	append_kind(graph, SL_KIND_REPEATABLE, &n);
	append_kind(graph, SL_KIND_SEED, &n);

	for (i = 0; i < graph->nrows; i++)
		graph->nodes[graph->order[i]].position = i;
}

static void
append_kind(SlGraph *graph, SlKind kind, int *n)
{
	int			i;

	for (i = 0; i < graph->nrows; i++)
	{
		if (graph->rows[i].kind == kind)
			graph->order[(*n)++] = i;
	}
}

/*
 * A baseline that is run in place of what it replaces must come before what
 * follows that.  The order keeps to this for every baseline at once, and
 * where baselines are so entangled that it cannot, for the larger ones: the
 * others are never run in place, and what they replace runs itself.
 */
static void
permit_baselines(SlGraph *graph)
{
	int			possible = sort_parents_first(graph);
	int			i;

	for (i = 0; i < graph->nbaselines; i++)
		graph->baselines[i].in_place = true;
	if (sort_parents_first(graph) == possible)
		return;

	for (i = 0; i < graph->nbaselines; i++)
		graph->baselines[i].in_place = false;
	for (i = 0; i < graph->nbaselines; i++)
	{
		SlBaseline *baseline = &graph->baselines[graph->by_size[i]];

		baseline->in_place = true;
		if (sort_parents_first(graph) != possible)
			baseline->in_place = false;
	}
}

/* Fills graph->order and returns how many revisions are not behind a cycle. */
static int
sort_parents_first(SlGraph *graph)
{
	int		   *blockers = count_blockers(graph);
	binaryheap *heap = binaryheap_allocate(graph->nrows + 1, compare_nodes,
										   NULL);
	int			n = 0;
	int			i;

	for (i = 0; i < graph->nrows; i++)
	{
		if (sl_is_versioned(&graph->rows[i]) && blockers[i] == 0)
			binaryheap_add_unordered(heap, Int32GetDatum(i));
	}
	binaryheap_build(heap);

	while (!binaryheap_empty(heap))
	{
		int			node = DatumGetInt32(binaryheap_remove_first(heap));
		int			baseline = graph->nodes[node].baseline;
		int			e;

		CHECK_FOR_INTERRUPTS();
		graph->order[n++] = node;
		for (e = graph->children.start[node];
			 e < graph->children.start[node + 1]; e++)
			unblock(heap, blockers, graph->children.target[e]);
		if (baseline >= 0 && graph->baselines[baseline].in_place)
		{
			for (e = 0; e < graph->baselines[baseline].nafter; e++)
				unblock(heap, blockers, graph->baselines[baseline].after[e]);
		}
	}

	binaryheap_free(heap);
	pfree(blockers);
	return n;
}

/* How many must come before each: only what is registered can. */
static int *
count_blockers(SlGraph *graph)
{
	int		   *blockers = palloc0_array(int, graph->nrows + 1);
	int			i;
	int			e;

	for (i = 0; i < graph->nrows; i++)
	{
		for (e = graph->parents.start[i]; e < graph->parents.start[i + 1]; e++)
		{
			const SlRevisionRow *row =
				graph->nodes[graph->parents.target[e]].row;

			if (row != NULL && sl_is_versioned(row))
				blockers[i]++;
		}
	}
	for (i = 0; i < graph->nbaselines; i++)
	{
		if (!graph->baselines[i].in_place)
			continue;
		for (e = 0; e < graph->baselines[i].nafter; e++)
			blockers[graph->baselines[i].after[e]]++;
	}
	return blockers;
}

static void
unblock(binaryheap *heap, int *blockers, int node)
{
	if (--blockers[node] == 0)
		binaryheap_add(heap, Int32GetDatum(node));
}

/* The heap keeps the largest first, so the smaller id is the larger node. */
static int
compare_nodes(Datum a, Datum b, void *arg)
{
	int			x = DatumGetInt32(a);
	int			y = DatumGetInt32(b);

	return (x < y) - (x > y);
}
