/*-------------------------------------------------------------------------
 *
 * cycle.c
 *	  The revisions that are their own ancestors, and the way round.
 *
 * Tarjan's algorithm finds the sets of revisions that reach each other.  It
 * is written with a stack of its own, because a history may be deeper than
 * the server's stack.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/graph/cycle.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "graph/graph_private.h"
#include "miscadmin.h"

/*
 * The shortest way round is looked for in sets up to this size.  In larger
 * ones that would take quadratic time, and nobody would read the result.
 */
#define LOOKED_THROUGH	64

typedef struct Tarjan
{
	SlGraph    *graph;
	int		   *number;			/* in the order of the visit, from 1; 0: not
								 * yet */
	int		   *low;
	int		   *next_edge;		/* where the visit of a node goes on */
	int		   *path;			/* the nodes being visited */
	int			npath;
	int		   *open;			/* visited, but in no set yet */
	int			nopen;
	int		   *component;		/* the result: a set's number, or -1 */
	int		   *size;			/* of the set of this number */
	int			ncomponents;
	int			visited;
} Tarjan;

static void visit(Tarjan *tarjan, int root);
static void enter(Tarjan *tarjan, int node);
static void leave(Tarjan *tarjan);
static bool takes_part(SlGraph *graph, int node);
static char *describe(Tarjan *tarjan, int node, int *came_from);
static char *describe_large(Tarjan *tarjan, int node);
static int	next_in_set(Tarjan *tarjan, int node, int *edge);

/* Every revision in a cycle, as SlCycleMember pointers by id. */
List *
sl_graph_cycles(SlGraph *graph)
{
	Tarjan		tarjan = {0};
	List	   *members = NIL;
	int		   *came_from;
	int			i;

	/* what the order could place is in no cycle: mostly that is all */
	for (i = 0; i < graph->nversioned; i++)
	{
		if (takes_part(graph, graph->order[i]))
			break;
	}
	if (i == graph->nversioned)
		return NIL;

	tarjan.graph = graph;
	tarjan.number = palloc0_array(int, graph->nrows);
	tarjan.low = palloc_array(int, graph->nrows);
	tarjan.next_edge = palloc_array(int, graph->nrows);
	tarjan.path = palloc_array(int, graph->nrows);
	tarjan.open = palloc_array(int, graph->nrows);
	tarjan.component = palloc_array(int, graph->nrows);
	tarjan.size = palloc_array(int, graph->nrows);
	came_from = palloc_array(int, graph->nrows);
	for (i = 0; i < graph->nrows; i++)
		tarjan.component[i] = -1;

	for (i = 0; i < graph->nrows; i++)
	{
		if (takes_part(graph, i) && tarjan.number[i] == 0)
			visit(&tarjan, i);
	}
	for (i = 0; i < graph->nrows; i++)
	{
		SlCycleMember *member;

		CHECK_FOR_INTERRUPTS();
		if (tarjan.component[i] < 0 || tarjan.size[tarjan.component[i]] < 2)
			continue;
		member = palloc_object(SlCycleMember);
		member->node = i;
		if (tarjan.size[tarjan.component[i]] <= LOOKED_THROUGH)
			member->detail = describe(&tarjan, i, came_from);
		else
			member->detail = describe_large(&tarjan, i);
		members = lappend(members, member);
	}
	return members;
}

static bool
takes_part(SlGraph *graph, int node)
{
	const SlNode *n = &graph->nodes[node];

	return n->row != NULL && sl_is_versioned(n->row) && !n->ordered;
}

static void
visit(Tarjan *tarjan, int root)
{
	const SlEdges *parents = &tarjan->graph->parents;

	enter(tarjan, root);
	while (tarjan->npath > 0)
	{
		int			node = tarjan->path[tarjan->npath - 1];
		int			parent;

		CHECK_FOR_INTERRUPTS();
		if (tarjan->next_edge[node] == parents->start[node + 1])
		{
			leave(tarjan);
			continue;
		}
		parent = parents->target[tarjan->next_edge[node]++];
		if (!takes_part(tarjan->graph, parent))
			continue;
		if (tarjan->number[parent] == 0)
			enter(tarjan, parent);
		else if (tarjan->component[parent] < 0)
			tarjan->low[node] = Min(tarjan->low[node],
									tarjan->number[parent]);
	}
}

static void
enter(Tarjan *tarjan, int node)
{
	tarjan->number[node] = ++tarjan->visited;
	tarjan->low[node] = tarjan->visited;
	tarjan->next_edge[node] = tarjan->graph->parents.start[node];
	tarjan->path[tarjan->npath++] = node;
	tarjan->open[tarjan->nopen++] = node;
}

/* The last node of the path is done: it may be the root of a set. */
static void
leave(Tarjan *tarjan)
{
	int			node = tarjan->path[--tarjan->npath];

	if (tarjan->npath > 0)
	{
		int			below = tarjan->path[tarjan->npath - 1];

		tarjan->low[below] = Min(tarjan->low[below], tarjan->low[node]);
	}
	if (tarjan->low[node] == tarjan->number[node])
	{
		int			component = tarjan->ncomponents++;
		int			member;

		tarjan->size[component] = 0;
		do
		{
			member = tarjan->open[--tarjan->nopen];
			tarjan->component[member] = component;
			tarjan->size[component]++;
		} while (member != node);
	}
}

/* The next parent that is in the same set, or -1. */
static int
next_in_set(Tarjan *tarjan, int node, int *edge)
{
	const SlEdges *parents = &tarjan->graph->parents;

	while (*edge < parents->start[node + 1])
	{
		int			parent = parents->target[(*edge)++];

		if (parent < tarjan->graph->nrows &&
			tarjan->component[parent] == tarjan->component[node])
			return parent;
	}
	return -1;
}

/*
 * The shortest way from a member back to itself, from child to parent.  Every
 * member of a set has one.
 */
static char *
describe(Tarjan *tarjan, int node, int *came_from)
{
	SlNode	   *nodes = tarjan->graph->nodes;
	int			queue[LOOKED_THROUGH + 1];
	int			mark = ++tarjan->graph->mark;
	int			head = 0;
	int			tail = 0;
	int			last = -1;
	int			n = 0;
	StringInfoData detail;

	queue[tail++] = node;
	nodes[node].seen = mark;
	while (last < 0 && head < tail)
	{
		int			child = queue[head++];
		int			edge = tarjan->graph->parents.start[child];
		int			parent;

		while ((parent = next_in_set(tarjan, child, &edge)) >= 0)
		{
			if (parent == node)
			{
				last = child;
				break;
			}
			if (nodes[parent].seen == mark)
				continue;
			nodes[parent].seen = mark;
			came_from[parent] = child;
			queue[tail++] = parent;
		}
	}
	if (last < 0)
		elog(ERROR, "found no way round from \"%s\"", nodes[node].id);

	/* the queue is free again: it takes the way back */
	for (; last != node; last = came_from[last])
		queue[n++] = last;

	initStringInfo(&detail);
	appendStringInfo(&detail, "%s -> ", nodes[node].id);
	while (n > 0)
		appendStringInfo(&detail, "%s -> ", nodes[queue[--n]].id);
	appendStringInfoString(&detail, nodes[node].id);
	return detail.data;
}

/* Where all reach each other, a way round leads over any parent among them. */
static char *
describe_large(Tarjan *tarjan, int node)
{
	SlNode	   *nodes = tarjan->graph->nodes;
	int			edge = tarjan->graph->parents.start[node];
	int			parent = next_in_set(tarjan, node, &edge);

	return psprintf("%s -> %s -> ... -> %s, in a tangle of %d revisions that reach each other",
					nodes[node].id, nodes[parent].id, nodes[node].id,
					tarjan->size[tarjan->component[node]]);
}
