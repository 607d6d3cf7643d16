/*-------------------------------------------------------------------------
 *
 * plan.c
 *	  What a run or a revert to a target has to do.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/graph/plan.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/sl_errors.h"
#include "graph/graph_private.h"

static bool is_target(const char *target, const char *word);
static List *target_nodes(SlGraph *graph, const char *target);
static void walk_in_place(SlWalk *walk, const int *stand);
static int	in_place_of(SlGraph *graph, const int *stand, int node);
static bool is_step(SlGraph *graph, const int *stand, int node);
static List *add_step(List *steps, SlGraph *graph, int node);
static bool is_implied(SlGraph *graph, const SlWalk *walk, int node,
					   int self);
static bool lacks_member(SlGraph *graph, const SlBaseline *baseline);
static void refuse_part_of_baseline(SlGraph *graph, const SlWalk *kept,
									const SlBaseline *baseline,
									const char *target);

List *
sl_graph_pending(SlGraph *graph, const char *target)
{
	List	   *targets = target_nodes(graph, target);
	List	   *steps = NIL;
	SlWalk		walk;
	int		   *stand;
	bool		at_head = (target == NULL || is_target(target, "heads"));
	ListCell   *lc;
	int			i;

	/* a repeatable or a seed has no place in the graph: it comes alone */
	if (list_length(targets) == 1 &&
		!sl_is_versioned(graph->nodes[linitial_int(targets)].row))
	{
		if (!graph->nodes[linitial_int(targets)].row->applied)
			steps = add_step(steps, graph, linitial_int(targets));
		return steps;
	}

	sl_walk_begin(&walk, graph);
	foreach(lc, targets)
	{
		sl_walk_push(&walk, lfirst_int(lc));
		at_head |= graph->nodes[lfirst_int(lc)].head;
	}
	sl_walk_ancestors(&walk);

	stand = sl_baselines_choose(graph, &walk);
	if (stand != NULL)
	{
		sl_walk_end(&walk);
		sl_walk_begin(&walk, graph);
		foreach(lc, targets)
			sl_walk_push(&walk, in_place_of(graph, stand, lfirst_int(lc)));
		walk_in_place(&walk, stand);
	}

	for (i = 0; i < graph->nversioned; i++)
	{
		if (sl_walk_seen(&walk, graph->order[i]) &&
			is_step(graph, stand, graph->order[i]))
			steps = add_step(steps, graph, graph->order[i]);
	}
	for (; at_head && i < graph->nrows; i++)
	{
		if (!graph->rows[graph->order[i]].applied)
			steps = add_step(steps, graph, graph->order[i]);
	}

	sl_walk_end(&walk);
	return steps;
}

/*
 * A baseline is run only where it was chosen: elsewhere what it replaces is,
 * and then it counts as applied.
 */
static bool
is_step(SlGraph *graph, const int *stand, int node)
{
	SlNode	   *n = &graph->nodes[node];

	if (n->applied)
		return false;
	return n->baseline < 0 || (stand != NULL && stand[node] == n->baseline);
}

static List *
add_step(List *steps, SlGraph *graph, int node)
{
	SlStep	   *step = palloc_object(SlStep);

	step->ordinal = graph->nodes[node].position + 1;
	step->row = graph->nodes[node].row;
	return lappend(steps, step);
}

/* NULL and the two words of the contract, else one revision. */
static List *
target_nodes(SlGraph *graph, const char *target)
{
	List	   *nodes = NIL;
	SlNames		names;
	int			i;

	if (target != NULL && is_target(target, "base"))
		return NIL;
	if (target != NULL && !is_target(target, "heads"))
	{
		const SlRevisionRow *row = sl_graph_resolve(graph, target, false);

		return list_make1_int((int) (row - graph->rows));
	}

	sl_names_init(&names);
	for (i = 0; i < graph->nrows; i++)
	{
		if (!graph->nodes[i].head)
			continue;
		nodes = lappend_int(nodes, i);
		sl_names_add(&names, graph->nodes[i].id);
	}
	if (target == NULL && list_length(nodes) > 1)
		ereport(ERROR,
				(errcode(SL_ERR_REVISION_UNKNOWN),
				 errmsg("there is more than one head"),
				 errdetail("The heads are %s.", sl_names_text(&names)),
				 errhint("Name one of them as the target, or pass 'heads' for all.")));
	return nodes;
}

static bool
is_target(const char *target, const char *word)
{
	return strcmp(target, word) == 0;
}

/*
 * The same with the chosen baselines in the place of what they replace: the
 * ancestors of a baseline are then those of its members that it does not
 * replace.
 */
static void
walk_in_place(SlWalk *walk, const int *stand)
{
	SlGraph    *graph = walk->graph;
	const SlEdges *parents = &graph->parents;
	int			node;
	int			m;
	int			e;

	while (sl_walk_next(walk, &node))
	{
		const SlBaseline *baseline = NULL;

		if (stand[node] >= 0)
			baseline = &graph->baselines[stand[node]];
		for (e = parents->start[node]; e < parents->start[node + 1]; e++)
			sl_walk_push(walk, in_place_of(graph, stand, parents->target[e]));
		for (m = 0; baseline != NULL && m < baseline->nmembers; m++)
		{
			int			member = baseline->members[m];

			for (e = parents->start[member]; e < parents->start[member + 1];
				 e++)
				sl_walk_push(walk,
							 in_place_of(graph, stand, parents->target[e]));
		}
	}
}

static int
in_place_of(SlGraph *graph, const int *stand, int node)
{
	return stand[node] < 0 ? node : graph->baselines[stand[node]].node;
}

/* What a run would do here. */
static List *
rows_of_run(SlGraph *graph, const char *target)
{
	List	   *rows = NIL;
	ListCell   *lc;

	foreach(lc, sl_graph_pending(graph, target))
		rows = lappend(rows, (void *) ((SlStep *) lfirst(lc))->row);
	return rows;
}

List *
sl_graph_to_rehearse(SlGraph *graph, const char *target, bool fresh)
{
	List	   *targets = target_nodes(graph, target);
	List	   *rows = NIL;
	SlWalk		walk;
	bool		at_head = (target == NULL || is_target(target, "heads"));
	int			self = -1;
	ListCell   *lc;
	int			i;

	if (fresh)
		return rows_of_run(graph, target);

	/* a repeatable or a seed stands on everything */
	if (list_length(targets) == 1)
	{
		self = linitial_int(targets);
		if (!sl_is_versioned(graph->nodes[self].row))
			return sl_graph_to_rehearse(graph, "heads", false);
	}
	sl_walk_begin(&walk, graph);
	foreach(lc, targets)
	{
		sl_walk_push(&walk, lfirst_int(lc));
		at_head |= graph->nodes[lfirst_int(lc)].head;
	}
	sl_walk_ancestors(&walk);
	for (i = 0; i < graph->nversioned; i++)
	{
		if (sl_walk_seen(&walk, graph->order[i]) &&
			!is_implied(graph, &walk, graph->order[i], self))
			rows = lappend(rows, &graph->rows[graph->order[i]]);
	}
	for (; at_head && i < graph->nrows; i++)
		rows = lappend(rows, &graph->rows[graph->order[i]]);
	sl_walk_end(&walk);
	return rows;
}

List *
sl_graph_to_revert(SlGraph *graph, const char *target)
{
	List	   *targets = target_nodes(graph, target);
	List	   *rows = NIL;
	SlWalk		kept;
	ListCell   *lc;
	int			i;

	sl_walk_begin(&kept, graph);
	foreach(lc, targets)
	{
		SlNode	   *n = &graph->nodes[lfirst_int(lc)];

		/* it has no ancestors: everything would be reverted */
		if (!sl_is_versioned(n->row))
			ereport(ERROR,
					(errcode(SL_ERR_BAD_INPUT),
					 errmsg("cannot revert to \"%s\"", n->id),
					 errdetail("A repeatable or a seed has no place in the order of the versioned revisions."),
					 errhint("Name a versioned revision, or pass 'base' to revert them all.")));
		sl_walk_push(&kept, lfirst_int(lc));
	}
	sl_walk_ancestors(&kept);

	for (i = graph->nversioned - 1; i >= 0; i--)
	{
		int			node = graph->order[i];
		SlNode	   *n = &graph->nodes[node];

		if (!n->claimed || sl_walk_seen(&kept, node))
			continue;
		if (n->baseline >= 0)
		{
			const SlBaseline *baseline = &graph->baselines[n->baseline];

			if (sl_baseline_is_covered(baseline, &kept))
				continue;
			refuse_part_of_baseline(graph, &kept, baseline, target);
		}
		rows = lappend(rows, (void *) n->row);
	}

	sl_walk_end(&kept);
	return rows;
}

/*
 * A baseline that was run in the place of several cannot be undone for some
 * of them.
 */
static void
refuse_part_of_baseline(SlGraph *graph, const SlWalk *kept,
						const SlBaseline *baseline, const char *target)
{
	int			m;

	for (m = 0; m < baseline->nmembers; m++)
	{
		SlNode	   *member = &graph->nodes[baseline->members[m]];

		if (member->claimed || !sl_walk_seen(kept, baseline->members[m]))
			continue;
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("cannot revert to \"%s\"", target),
				 errdetail("Baseline \"%s\" was run in the place of \"%s\" and of what comes after it.",
						   graph->nodes[baseline->node].id, member->id),
				 errhint("Revert to \"%s\", or to what comes before all that it replaces.",
						 graph->nodes[baseline->node].id)));
	}
}

List *
sl_graph_with_ancestors(SlGraph *graph, const SlRevisionRow *revision)
{
	List	   *rows = NIL;
	SlWalk		walk;
	int			self = (int) (revision - graph->rows);
	int			i;

	sl_walk_begin(&walk, graph);
	sl_walk_push(&walk, self);
	sl_walk_ancestors(&walk);
	for (i = 0; i < graph->nrows; i++)
	{
		if (sl_walk_seen(&walk, graph->order[i]) &&
			!is_implied(graph, &walk, graph->order[i], self))
			rows = lappend(rows, &graph->rows[graph->order[i]]);
	}
	sl_walk_end(&walk);
	return rows;
}

/*
 * Is a node applied because of others, or will it be once the rest of the walk
 * is?  A baseline is because of what it replaces, if all of that can be
 * recorded; else, or if it is the one that was asked for, it is the other way
 * about.
 */
static bool
is_implied(SlGraph *graph, const SlWalk *walk, int node, int self)
{
	const SlNode *n = &graph->nodes[node];
	int			c;

	if (n->claimed || n->applied)
		return !n->claimed;
	if (n->baseline >= 0 && node != self &&
		!lacks_member(graph, &graph->baselines[n->baseline]))
		return graph->baselines[n->baseline].nmembers > 0;
	for (c = graph->covers.start[node]; c < graph->covers.start[node + 1]; c++)
	{
		const SlBaseline *baseline =
			&graph->baselines[graph->covers.target[c]];

		if (sl_walk_seen(walk, baseline->node) &&
			(baseline->node == self || lacks_member(graph, baseline)))
			return true;
	}
	return false;
}

/* Is something that the baseline replaces neither applied nor registered? */
static bool
lacks_member(SlGraph *graph, const SlBaseline *baseline)
{
	int			m;

	for (m = 0; m < baseline->nmembers; m++)
	{
		const SlNode *member = &graph->nodes[baseline->members[m]];

		if (member->row == NULL && !member->applied)
			return true;
	}
	return false;
}

/* The applied ones that descend from the revision, newest first. */
List *
sl_graph_applied_descendants(SlGraph *graph, const SlRevisionRow *revision)
{
	List	   *rows = NIL;
	SlWalk		walk;
	int			self = (int) (revision - graph->rows);
	int			node;
	int			i;

	sl_walk_begin(&walk, graph);
	sl_walk_push(&walk, self);
	while (sl_walk_next(&walk, &node))
	{
		const SlNode *n = &graph->nodes[node];

		sl_walk_push_all(&walk, &graph->children, node);
		/* what rests on a member rests on what was run in its place */
		for (i = 0; n->claimed && n->baseline >= 0 &&
			 i < graph->baselines[n->baseline].nafter; i++)
			sl_walk_push(&walk, graph->baselines[n->baseline].after[i]);
	}
	for (i = graph->nversioned - 1; i >= 0; i--)
	{
		node = graph->order[i];
		if (node != self && graph->nodes[node].claimed &&
			sl_walk_seen(&walk, node))
			rows = lappend(rows, &graph->rows[node]);
	}
	sl_walk_end(&walk);
	return rows;
}

/*
 * What is settled already is left out: to settle it again would write rows
 * for nothing.
 */
List *
sl_graph_settled(SlGraph *graph)
{
	List	   *ids = NIL;
	int			i;

	for (i = 0; i < graph->nrows; i++)
	{
		SlRevisionRow *row = &graph->rows[i];
		int			baseline = graph->nodes[i].baseline;
		bool		done = sl_is_versioned(row) ?
			graph->nodes[i].applied : row->applied;

		/* a baseline that is too late for this database waits for nothing */
		if (baseline >= 0 && !graph->empty &&
			!graph->baselines[baseline].permitted)
			done = true;
		if (done && !row->settled && !row->changed && !row->failed)
			ids = lappend(ids, row->revision);
	}
	return ids;
}
