/*-------------------------------------------------------------------------
 *
 * picture.c
 *	  The graph as it is drawn: revisions in the order of sl_graph, after them
 *	  what is named or applied and not registered, and the edges between.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/graph/picture.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "graph/graph_private.h"
#include "miscadmin.h"

/* The state of a registered revision, as sl_graph tells it. */
const char *
sl_node_state(const SlNode *node)
{
	if (node->row->failed)
		return "failed";
	if (sl_is_versioned(node->row) ? node->applied : node->row->applied)
		return "applied";
	return "pending";
}

/* Named as a parent, but squashed away: the baseline is drawn in its place. */
static bool
is_squashed(const SlGraph *graph, int node)
{
	return graph->nodes[node].row == NULL && !graph->nodes[node].claimed &&
		graph->covers.start[node] < graph->covers.start[node + 1];
}

static void
add_edge(SlPicture *picture, const int *place, int parent, int child,
		 bool replaced)
{
	SlPictureEdge *edge;

	if (place[parent] < 0)
		return;
	edge = &picture->edges[picture->nedges++];
	edge->parent = place[parent];
	edge->child = place[child];
	edge->replaced = replaced;
}

/* What comes right before a revision. */
static void
add_edges(SlPicture *picture, SlGraph *graph, const int *place, int child)
{
	const SlNode *node = &graph->nodes[child];
	const SlEdges *edges = node->baseline < 0 ? &graph->parents :
		&graph->named_parents;
	int			e;

	for (e = edges->start[child]; e < edges->start[child + 1]; e++)
		add_edge(picture, place, edges->target[e], child, false);
	if (node->self_parent)
		add_edge(picture, place, child, child, false);
	if (node->baseline >= 0)
	{
		const SlBaseline *baseline = &graph->baselines[node->baseline];

		for (e = 0; e < baseline->nends; e++)
			if (graph->nodes[baseline->ends[e]].row != NULL)
				add_edge(picture, place, baseline->ends[e], child, true);
	}
}

static void
add_node(SlPicture *picture, SlGraph *graph, int *place, int n)
{
	const SlNode *node = &graph->nodes[n];
	SlPictureNode *drawn = &picture->nodes[picture->count];

	place[n] = picture->count++;
	drawn->revision = node->id;
	drawn->row = node->row;
	drawn->head = node->head;
	drawn->state = node->row != NULL ? sl_node_state(node) :
		node->claimed ? "applied" : "missing";
}

/* All of it, in the current memory context. */
void
sl_graph_picture(SlGraph *graph, SlPicture *picture)
{
	int		   *place = palloc_array(int, graph->nnodes + 1);
	bool	   *named = palloc0_array(bool, graph->nnodes + 1);
	Size		nedges = graph->parents.start[graph->nnodes] + graph->nrows;
	int			i;

	for (i = 0; i < graph->named_parents.start[graph->nnodes]; i++)
		named[graph->named_parents.target[i]] = true;
	for (i = 0; i < graph->nbaselines; i++)
		nedges += graph->baselines[i].nends;
	memset(picture, 0, sizeof(*picture));
	picture->nodes = palloc_array(SlPictureNode, graph->nnodes + 1);
	picture->edges = palloc_array(SlPictureEdge, nedges + 1);
	picture->nversioned = graph->nversioned;
	picture->nregistered = graph->nrows;
	for (i = 0; i < graph->nrows; i++)
		add_node(picture, graph, place, graph->order[i]);
	for (i = graph->nrows; i < graph->nnodes; i++)
	{
		place[i] = -1;
		if (graph->nodes[i].claimed || (named[i] && !is_squashed(graph, i)))
			add_node(picture, graph, place, i);
	}
	for (i = 0; i < graph->nversioned; i++)
	{
		CHECK_FOR_INTERRUPTS();
		add_edges(picture, graph, place, graph->order[i]);
	}
	pfree(place);
	pfree(named);
}
