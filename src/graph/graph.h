/*-------------------------------------------------------------------------
 *
 * graph.h
 *	  The graph of revisions: order, soundness, heads, and what a run to a
 *	  target has to do.
 *
 * A graph is built from the ledger in one read, lives in the memory context
 * that was current at sl_graph_read, and does not change.  Everything is
 * linear in revisions and edges (plus the heap that keeps the order
 * deterministic), nothing recurses on the depth of the history.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/graph/graph.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_GRAPH_H
#define SL_GRAPH_H

#include "ledger/ledger.h"

typedef struct SlGraph SlGraph;

/* One thing to do. */
typedef struct SlStep
{
	int			ordinal;		/* position in the whole order, from 1 */
	const SlRevisionRow *row;
} SlStep;

typedef struct SlProblem
{
	bool		error;			/* else a warning */
	const char *problem;		/* cycle, missing_parent, gap, ... */
	const char *revision;
	char	   *detail;
} SlProblem;

/* in graph.c */
extern SlGraph *sl_graph_read(bool fresh);

/*
 * Exact id, else unique prefix; raises SL002 with the candidates.  NULL only
 * with missing_ok.
 */
extern const SlRevisionRow *sl_graph_resolve(SlGraph *graph, const char *name,
											 bool missing_ok);
extern const SlRevisionRow *sl_graph_find(SlGraph *graph, const char *id);

/* in standing.c */

/* Where the database stands on the way to some heads. */
typedef struct SlStanding
{
	bool		heads_applied;	/* all that were asked for */
	List	   *current;		/* SlRevisionRow: applied, nothing after it */
	List	   *wanted;			/* the heads, their ancestors, and at a head
								 * repeatables and seeds */
	List	   *pending;		/* of those */
	List	   *failed;			/* of those */
	List	   *beyond;			/* ids: applied and not wanted */
} SlStanding;

extern const SlRevisionRow *sl_graph_match(SlGraph *graph, const char *name,
										   int *candidates);
extern bool sl_graph_is_empty(const SlGraph *graph);
extern bool sl_graph_is_applied(SlGraph *graph, const SlRevisionRow *row);
extern void sl_graph_standing(SlGraph *graph, List *expected, bool all,
							  bool sound, SlStanding *standing);

/* Heads: SlRevisionRow pointers in byte order of the ids. */
extern List *sl_graph_heads(SlGraph *graph);

/* in check.c */
extern List *sl_graph_problems(SlGraph *graph, bool out_of_order);

/* Raise SL001 with all errors as detail, if there are any. */
extern void sl_graph_require_sound(SlGraph *graph, bool out_of_order);

/* in plan.c */

/*
 * What is pending on the way to the target, as SlStep pointers in the order
 * of a run: versioned revisions in topological order, then repeatables, then
 * seeds when the target is at a head.  'target' as in the contract: NULL the
 * single head (SL002 listing them if there are several), "heads" all,
 * "base" none, else a revision and its ancestors.  The graph must be sound.
 * External revisions are among the steps: the runner stops before them.
 */
extern List *sl_graph_pending(SlGraph *graph, const char *target);

/*
 * What brings an empty database to the target, in the order of a run: what is
 * applied, as it was recorded, and what is not yet.  'fresh': this database is
 * empty itself, and so baselines are chosen as a run here would.  Repeatables
 * and seeds are among them at a head.  SlRevisionRow pointers.
 */
extern List *sl_graph_to_rehearse(SlGraph *graph, const char *target,
								  bool fresh);

/* What a revert to the target has to undo, newest first: SlRevisionRow. */
extern List *sl_graph_to_revert(SlGraph *graph, const char *target);

/*
 * What to record so that the revision and its ancestors are applied, ancestors
 * first: SlRevisionRow pointers.  A baseline and what it replaces are never
 * both in the list, and neither is there if it counts as applied because of
 * the other: else a revert would undo the same thing twice.
 */
extern List *sl_graph_with_ancestors(SlGraph *graph,
									 const SlRevisionRow *revision);

/* The applied ones that descend from the revision, newest first. */
extern List *sl_graph_applied_descendants(SlGraph *graph,
										  const SlRevisionRow *revision);

/*
 * All that a run may mark as settled once it is done: applied revisions of a
 * sound graph, baselines that count as applied and what a baseline covers.
 * Ids (char *).
 */
extern List *sl_graph_settled(SlGraph *graph);

/* in conflict.c */

/*
 * Revisions that set the same fact differently, while neither comes before
 * the other: warnings, from the footprints that there are.
 */
extern List *sl_graph_conflicts(SlGraph *graph, bool owners,
								bool privileges);

/* in lineage.c */

/* The repeatables, SlRevisionRow pointers, in the order of a run. */
extern List *sl_graph_repeatables(SlGraph *graph);

/*
 * The versioned revisions that are not behind a cycle, in the order of a run,
 * with the positions of their parents, and of what a baseline replaces: those
 * of revision i are in parent[] from parent_start[i] up to, and without,
 * parent_start[i + 1], all below i; in the same way member[].
 */
typedef struct SlLineage
{
	int			count;
	const SlRevisionRow **rows;
	int		   *parent_start;
	int		   *parent;
	int		   *member_start;
	int		   *member;
	bool	   *partly_known;	/* it replaces what is not registered */
} SlLineage;

extern void sl_graph_lineage(SlGraph *graph, SlLineage *lineage);

/* in picture.c */

/* A revision as it is drawn. */
typedef struct SlPictureNode
{
	const char *revision;
	const SlRevisionRow *row;	/* NULL: not registered */
	const char *state;			/* pending, applied, failed; missing: named,
								 * and neither registered nor applied */
	bool		head;
} SlPictureNode;

typedef struct SlPictureEdge
{
	int			parent;			/* positions; the same: its own parent */
	int			child;
	bool		replaced;		/* the child is a baseline that replaces it */
} SlPictureEdge;

/*
 * Nodes in the order of sl_graph, the versioned ones first; behind what is
 * registered what is not.  Edges by child, parents as they were named.
 */
typedef struct SlPicture
{
	int			count;
	int			nversioned;
	int			nregistered;
	SlPictureNode *nodes;
	int			nedges;
	SlPictureEdge *edges;
} SlPicture;

extern void sl_graph_picture(SlGraph *graph, SlPicture *picture);

#endif							/* SL_GRAPH_H */
