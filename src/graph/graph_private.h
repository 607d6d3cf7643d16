/*-------------------------------------------------------------------------
 *
 * graph_private.h
 *	  What a graph is made of: for the files of this folder only.
 *
 * A node is a revision by its number.  The registry's rows come first and in
 * the byte order of their ids, so comparing two numbers compares two ids.
 * After them stand the nodes without a row: ids that somebody names, or that
 * are applied, but that are not registered.
 *
 * Two relations are kept apart.  "Named" is what the registry says: a
 * revision names its parents.  "Parents" without more is what the order rests
 * on: the named ones; for a baseline also what it replaces; and for a revision
 * whose parent was squashed away, the baseline that replaces it.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/graph/graph_private.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_GRAPH_PRIVATE_H
#define SL_GRAPH_PRIVATE_H

#include "graph/graph.h"

#include "lib/stringinfo.h"

#include "common/sl_compat.h"

/* Adjacency: the targets of node i are target[start[i] .. start[i + 1]). */
typedef struct SlEdges
{
	int		   *start;
	int		   *target;
} SlEdges;

/* A growing list of edges, before it becomes adjacency. */
typedef struct SlEdgeList
{
	int		   *from;
	int		   *to;
	Size		count;
	Size		allocated;
} SlEdgeList;

typedef struct SlNode
{
	const char *id;
	const SlRevisionRow *row;	/* NULL: not registered */
	int			baseline;		/* index in graph->baselines, or -1 */
	int			position;		/* in the order, from 0; -1 without a row */
	int			seen;			/* scratch: equal to a mark of the walk */
	bool		ordered;		/* false: in a cycle, or behind one */
	bool		claimed;		/* there is a row in sl_applied */
	bool		applied;		/* claimed, or so because of a baseline */
	bool		head;
	bool		self_parent;
} SlNode;

typedef struct SlBaseline
{
	int			node;
	int			nmembers;		/* what it replaces, registered or not */
	int		   *members;
	int			nends;			/* the last ones that it replaces */
	int		   *ends;
	int			nafter;			/* what must come after it when it is run in
								 * the place of its members */
	int		   *after;
	bool		in_place;		/* the order allows to run it so */
	bool		permitted;		/* what is applied allows it, too */
} SlBaseline;

struct SlGraph
{
	SlRevisionRow *rows;
	int			nrows;
	SlNode	   *nodes;
	int			nnodes;
	int			maxnodes;
	struct ids_hash *ids;		/* id to node */
	SlEdges		named_parents;
	SlEdges		named_children;
	SlEdges		parents;
	SlEdges		children;
	SlBaseline *baselines;		/* by id */
	int			nbaselines;
	int		   *by_size;		/* indexes: what replaces most is first */
	SlEdges		covers;			/* node to the baselines that replace it */
	int		   *order;			/* every row */
	int			nversioned;		/* so many of them are in the graph proper:
								 * the rest are repeatables, then seeds */
	bool		empty;			/* nothing versioned is applied here */
	bool		unknown;		/* something is that is not registered */
	int			mark;			/* the last mark given to a walk */
};

/* A walk over the graph: its queue holds each node once. */
typedef struct SlWalk
{
	SlGraph    *graph;
	int		   *queue;
	int			head;
	int			tail;
	int			mark;
} SlWalk;

/* A revision that is its own ancestor, and the way round. */
typedef struct SlCycleMember
{
	int			node;
	char	   *detail;
} SlCycleMember;

/* Ids for a message: "a", "b" and 3 more. */
typedef struct SlNames
{
	StringInfoData text;
	int			count;
} SlNames;

#define SL_NAMES_SHOWN	10

#define sl_is_versioned(row) \
	sl_kind_runs_once((row)->kind)

/* in graph.c */
extern int	sl_node_find(SlGraph *graph, const char *id);
extern int	sl_node_named(SlGraph *graph, const char *id);
extern void sl_names_init(SlNames *names);
extern void sl_names_add(SlNames *names, const char *id);
extern void sl_names_free(SlNames *names);
extern const char *sl_names_text(SlNames *names);

/* in edges.c */
extern void sl_edge_add(SlEdgeList *list, int from, int to);
extern SlEdges sl_edges_from(const SlEdgeList *list, int nnodes);
extern SlEdges sl_edges_to(const SlEdgeList *list, int nnodes);
extern void sl_walk_begin(SlWalk *walk, SlGraph *graph);
extern void sl_walk_push(SlWalk *walk, int node);
extern void sl_walk_push_all(SlWalk *walk, const SlEdges *edges, int node);
extern bool sl_walk_next(SlWalk *walk, int *node);
extern void sl_walk_ancestors(SlWalk *walk);
extern bool sl_walk_seen(const SlWalk *walk, int node);
extern void sl_walk_end(SlWalk *walk);

/* in baseline.c */
extern void sl_baselines_build(SlGraph *graph, SlEdgeList *named);
extern void sl_baselines_apply(SlGraph *graph);
extern bool sl_baseline_is_covered(const SlBaseline *baseline,
								   const SlWalk *walk);
extern int *sl_baselines_choose(SlGraph *graph, const SlWalk *needed);

/* in cycle.c */
extern List *sl_graph_cycles(SlGraph *graph);

/* in order.c */
extern void sl_order_build(SlGraph *graph);

/* in picture.c */
extern const char *sl_node_state(const SlNode *node);

#endif							/* SL_GRAPH_PRIVATE_H */
