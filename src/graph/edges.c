/*-------------------------------------------------------------------------
 *
 * edges.c
 *	  Adjacency in two flat arrays, and walks over it.
 *
 * A history of 100,000 revisions costs some integers a revision and an edge,
 * and no pointer to chase.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/graph/edges.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "graph/graph_private.h"
#include "miscadmin.h"
#include "utils/memutils.h"

static SlEdges edges_build(const int *from, const int *to, Size count,
						   int nnodes);

void
sl_edge_add(SlEdgeList *list, int from, int to)
{
	if (list->count == list->allocated)
	{
		Size		allocated = Max(list->allocated * 2, 64);

		/* the adjacency counts in int */
		if (allocated > PG_INT32_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("the graph of revisions has too many edges")));
		if (list->allocated == 0)
		{
			list->from = palloc_array(int, allocated);
			list->to = palloc_array(int, allocated);
		}
		else
		{
			list->from = repalloc_huge(list->from, allocated * sizeof(int));
			list->to = repalloc_huge(list->to, allocated * sizeof(int));
		}
		list->allocated = allocated;
	}
	list->from[list->count] = from;
	list->to[list->count] = to;
	list->count++;
}

/* Adjacency along the edges. */
SlEdges
sl_edges_from(const SlEdgeList *list, int nnodes)
{
	return edges_build(list->from, list->to, list->count, nnodes);
}

/* Adjacency against the edges. */
SlEdges
sl_edges_to(const SlEdgeList *list, int nnodes)
{
	return edges_build(list->to, list->from, list->count, nnodes);
}

/* A counting sort: the order of the list is kept within each node. */
static SlEdges
edges_build(const int *from, const int *to, Size count, int nnodes)
{
	SlEdges		edges;
	Size		e;
	int			i;

	edges.start = MemoryContextAllocHuge(CurrentMemoryContext,
										 ((Size) nnodes + 2) * sizeof(int));
	memset(edges.start, 0, ((Size) nnodes + 2) * sizeof(int));
	edges.target = MemoryContextAllocHuge(CurrentMemoryContext,
										  (count + 1) * sizeof(int));

	/* start[i + 2] counts i, then start[i + 1] is where i is written next */
	for (e = 0; e < count; e++)
		edges.start[from[e] + 2]++;
	for (i = 2; i <= nnodes + 1; i++)
		edges.start[i] += edges.start[i - 1];
	for (e = 0; e < count; e++)
		edges.target[edges.start[from[e] + 1]++] = to[e];

	return edges;
}

void
sl_walk_begin(SlWalk *walk, SlGraph *graph)
{
	walk->graph = graph;
	walk->queue = palloc_array(int, graph->nnodes + 1);
	walk->head = 0;
	walk->tail = 0;
	walk->mark = ++graph->mark;
}

void
sl_walk_push(SlWalk *walk, int node)
{
	SlNode	   *n = &walk->graph->nodes[node];

	if (n->seen == walk->mark)
		return;
	n->seen = walk->mark;
	walk->queue[walk->tail++] = node;
}

void
sl_walk_push_all(SlWalk *walk, const SlEdges *edges, int node)
{
	int			e;

	for (e = edges->start[node]; e < edges->start[node + 1]; e++)
		sl_walk_push(walk, edges->target[e]);
}

bool
sl_walk_next(SlWalk *walk, int *node)
{
	CHECK_FOR_INTERRUPTS();
	if (walk->head == walk->tail)
		return false;
	*node = walk->queue[walk->head++];
	return true;
}

/* To the end of what was pushed and its ancestors. */
void
sl_walk_ancestors(SlWalk *walk)
{
	int			node;

	while (sl_walk_next(walk, &node))
		sl_walk_push_all(walk, &walk->graph->parents, node);
}

/* Only until the next walk begins, which marks the same nodes anew. */
bool
sl_walk_seen(const SlWalk *walk, int node)
{
	return walk->graph->nodes[node].seen == walk->mark;
}

void
sl_walk_end(SlWalk *walk)
{
	pfree(walk->queue);
}
