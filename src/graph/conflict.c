/*-------------------------------------------------------------------------
 *
 * conflict.c
 *	  Revisions that set the same fact differently, in no order.
 *
 * Which of the two runs last decides what the schema is, so that databases
 * that took them in different orders differ.  A later revision that comes
 * after both and sets the fact again puts an end to it.
 *
 * Most histories have one revision after the other: then there is nothing to
 * ask the ledger.  Else only those are asked about that are not before or
 * after everything else.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/graph/conflict.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "graph/graph_private.h"
#include "miscadmin.h"

/* A pair that disagrees, and the first fact about which it does. */
typedef struct Conflict
{
	const SlConflictRow *row;
	int			earlier;		/* nodes, in the order of a run */
	int			later;
	bool		over;			/* somebody has set it since */
} Conflict;

/*
 * Which revisions are, among those up to them in the order (or from them on),
 * after (or before) all others: the only open end.
 */
static void
find_joints(SlGraph *graph, bool forward, bool *joint)
{
	const SlEdges *back = forward ? &graph->parents : &graph->children;
	bool	   *closed = palloc0_array(bool, graph->nnodes + 1);
	int			nopen = 0;
	int			i;
	int			e;

	for (i = 0; i < graph->nversioned; i++)
	{
		int			node = graph->order[forward ? i :
										graph->nversioned - 1 - i];

		for (e = back->start[node]; e < back->start[node + 1]; e++)
		{
			int			other = back->target[e];

			if (closed[other] || graph->nodes[other].row == NULL ||
				!sl_is_versioned(graph->nodes[other].row))
				continue;
			closed[other] = true;
			nopen--;
		}
		nopen++;
		if (nopen != 1)
			joint[node] = false;
	}
	pfree(closed);
}

/* The revisions that are in no order with some other. */
static List *
find_unordered(SlGraph *graph)
{
	bool	   *joint = palloc_array(bool, graph->nnodes + 1);
	List	   *ids = NIL;
	int			i;

	memset(joint, true, graph->nnodes + 1);
	find_joints(graph, true, joint);
	find_joints(graph, false, joint);
	for (i = 0; i < graph->nversioned; i++)
	{
		const SlNode *node = &graph->nodes[graph->order[i]];

		if (!joint[graph->order[i]] && node->ordered)
			ids = lappend(ids, unconstify(char *, node->id));
	}
	pfree(joint);
	return ids;
}

static int
compare_later(const void *a, const void *b, void *arg)
{
	const SlGraph *graph = arg;
	const Conflict *x = a;
	const Conflict *y = b;

	if (x->later != y->later)
		return graph->nodes[x->later].position -
			graph->nodes[y->later].position;
	if (x->earlier != y->earlier)
		return graph->nodes[x->earlier].position -
			graph->nodes[y->earlier].position;
	/* the rows are by class and identity */
	return (x->row > y->row) - (x->row < y->row);
}

/* Those pairs that are in no order, sorted; returns how many. */
static int
keep_unordered(SlGraph *graph, Conflict *conflicts, int count)
{
	SlWalk		walk;
	int			walked = -1;
	int			kept = 0;
	int			i;

	qsort_arg(conflicts, count, sizeof(Conflict), compare_later, graph);
	for (i = 0; i < count; i++)
	{
		if (conflicts[i].later != walked)
		{
			if (walked >= 0)
				sl_walk_end(&walk);
			walked = conflicts[i].later;
			sl_walk_begin(&walk, graph);
			sl_walk_push(&walk, walked);
			sl_walk_ancestors(&walk);
		}
		if (!sl_walk_seen(&walk, conflicts[i].earlier))
			conflicts[kept++] = conflicts[i];
	}
	if (walked >= 0)
		sl_walk_end(&walk);
	return kept;
}

/* Take note of what was set again by one that comes after both. */
static void
find_settled(SlGraph *graph, Conflict *conflicts, int count)
{
	SlConflictRow *rows = palloc_array(SlConflictRow, count);
	SlSetterRow *setters;
	int			nsetters;
	int			i;

	for (i = 0; i < count; i++)
		rows[i] = *conflicts[i].row;
	setters = sl_footprint_setters(rows, count, &nsetters);
	for (i = 0; i < nsetters; i++)
	{
		Conflict   *conflict = &conflicts[setters[i].conflict];
		int			node = sl_node_find(graph, setters[i].revision);
		SlWalk		walk;

		if (conflict->over || node < 0 || node == conflict->earlier ||
			node == conflict->later || graph->nodes[node].position <
			graph->nodes[conflict->later].position)
			continue;
		sl_walk_begin(&walk, graph);
		sl_walk_push(&walk, node);
		sl_walk_ancestors(&walk);
		conflict->over = sl_walk_seen(&walk, conflict->earlier) &&
			sl_walk_seen(&walk, conflict->later);
		sl_walk_end(&walk);
	}
}

static SlProblem *
make_problem(SlGraph *graph, const Conflict *conflict, int nfacts)
{
	SlProblem  *problem = palloc0_object(SlProblem);
	const SlConflictRow *row = conflict->row;
	StringInfoData detail;

	initStringInfo(&detail);
	appendStringInfo(&detail, "%s %s", row->class, row->identity);
	if (row->attribute != NULL)
		appendStringInfo(&detail, ": %s", row->attribute);
	if (nfacts > 1)
		appendStringInfo(&detail, ", and %d more", nfacts - 1);
	appendStringInfo(&detail, ": \"%s\" sets it differently",
					 graph->nodes[conflict->earlier].id);
	problem->problem = "conflict";
	problem->revision = graph->nodes[conflict->later].id;
	problem->detail = detail.data;
	return problem;
}

/* One warning a pair of revisions. */
List *
sl_graph_conflicts(SlGraph *graph, bool owners, bool privileges)
{
	List	   *ids = find_unordered(graph);
	List	   *problems = NIL;
	SlConflictRow *rows;
	Conflict   *conflicts;
	int			count;
	int			i;
	int			k;
	int			nfacts;

	if (ids == NIL)
		return NIL;
	rows = sl_footprint_conflicts(ids, owners, privileges, &count);
	if (count == 0)
		return NIL;
	conflicts = palloc0_array(Conflict, count);
	for (i = 0; i < count; i++)
	{
		int			first = sl_node_find(graph, rows[i].first);
		int			second = sl_node_find(graph, rows[i].second);
		bool		swap = graph->nodes[first].position >
			graph->nodes[second].position;

		conflicts[i].row = &rows[i];
		conflicts[i].earlier = swap ? second : first;
		conflicts[i].later = swap ? first : second;
	}
	count = keep_unordered(graph, conflicts, count);
	if (count > 0)
		find_settled(graph, conflicts, count);
	for (i = 0; i < count; i = k)
	{
		const Conflict *shown = NULL;

		nfacts = 0;
		for (k = i; k < count &&
			 conflicts[k].earlier == conflicts[i].earlier &&
			 conflicts[k].later == conflicts[i].later; k++)
		{
			if (conflicts[k].over)
				continue;
			if (nfacts++ == 0)
				shown = &conflicts[k];
		}
		if (shown != NULL)
			problems = lappend(problems, make_problem(graph, shown, nfacts));
	}
	return problems;
}
