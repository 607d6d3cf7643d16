/*-------------------------------------------------------------------------
 *
 * baseline.c
 *	  Baselines: one script in the place of a stretch of history.
 *
 * A baseline stands after everything that it replaces and before everything
 * that follows that, so one order serves both kinds of database: an empty
 * one, where the baseline is run and what it replaces is not, and one that
 * has a history, where what it replaces is run and the baseline is not.
 *
 * What a baseline replaces ("members") need not be registered: the files are
 * usually deleted some time after the squash.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/graph/baseline.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "graph/graph_private.h"
#include "miscadmin.h"

/* One thing that a baseline replaces: "first..last", or an id twice. */
typedef struct Span
{
	int			first;
	int			last;
} Span;

static void find_baselines(SlGraph *graph);
static Span parse_span(SlGraph *graph, const char *given);
static void find_members(SlGraph *graph, Span **spans, SlEdgeList *members);
static void add_span(SlGraph *graph, int baseline, const Span *span,
					 SlEdgeList *members);
static void take_members(SlGraph *graph, const SlEdgeList *members);
static void link_baselines(SlGraph *graph, const SlEdgeList *named,
						   const SlEdgeList *members);
static int	provider_of(SlGraph *graph, int child, int parent);
static void find_after(SlGraph *graph, SlBaseline *baseline);
static void add_after(SlGraph *graph, SlBaseline *baseline, int followed,
					  int mark, SlEdgeList *after);
static int	compare_sizes(const void *a, const void *b, void *arg);
static bool is_permitted(SlGraph *graph, const SlBaseline *baseline);
static bool is_candidate(SlGraph *graph, const SlBaseline *baseline,
						 const SlWalk *needed, const int *stand);

/*
 * Make graph->parents and graph->children of the edges that are named and of
 * what the baselines replace.
 *
 * A range is made of ancestors, and an older baseline within it hands on what
 * it replaces itself: so the ranges are looked at again until they grow no
 * more.
 */
void
sl_baselines_build(SlGraph *graph, SlEdgeList *named)
{
	Span	  **spans;
	SlEdgeList	members = {0};
	Size		before;
	int			i;
	int			r;

	find_baselines(graph);
	spans = palloc_array(Span *, graph->nbaselines + 1);
	for (i = 0; i < graph->nbaselines; i++)
	{
		const SlRevisionRow *row = &graph->rows[graph->baselines[i].node];

		spans[i] = palloc_array(Span, row->nreplaces + 1);
		graph->baselines[i].ends = palloc_array(int, row->nreplaces + 1);
		for (r = 0; r < row->nreplaces; r++)
		{
			spans[i][r] = parse_span(graph, row->replaces[r]);
			graph->baselines[i].ends[r] = spans[i][r].last;
		}
		graph->baselines[i].nends = row->nreplaces;
	}

	/* all nodes are made by now */
	graph->named_parents = sl_edges_from(named, graph->nnodes);
	graph->named_children = sl_edges_to(named, graph->nnodes);
	graph->parents = graph->named_parents;
	graph->children = graph->named_children;
	graph->covers = sl_edges_to(&members, graph->nnodes);
	if (graph->nbaselines == 0)
		return;

	for (i = 0; i < graph->nbaselines; i++)
	{
		before = members.count;
		members.count = 0;
		find_members(graph, spans, &members);
		if (i > 0 && members.count == before)
			break;
		take_members(graph, &members);
		link_baselines(graph, named, &members);
	}

	for (i = 0; i < graph->nbaselines; i++)
		find_after(graph, &graph->baselines[i]);
	graph->by_size = palloc_array(int, graph->nbaselines);
	for (i = 0; i < graph->nbaselines; i++)
		graph->by_size[i] = i;
	qsort_arg(graph->by_size, graph->nbaselines, sizeof(int), compare_sizes,
			  graph);
}

static void
find_baselines(SlGraph *graph)
{
	int			i;

	for (i = 0; i < graph->nrows; i++)
	{
		if (graph->rows[i].kind == SL_KIND_BASELINE)
			graph->nodes[i].baseline = graph->nbaselines++;
	}
	graph->baselines = palloc0_array(SlBaseline, graph->nbaselines + 1);
	for (i = 0; i < graph->nrows; i++)
	{
		if (graph->nodes[i].baseline >= 0)
			graph->baselines[graph->nodes[i].baseline].node = i;
	}
}

/* An id that holds two dots itself is taken as an id if it is registered. */
static Span
parse_span(SlGraph *graph, const char *given)
{
	const char *dots = strstr(given, "..");
	Span		span;

	if (dots == NULL || sl_graph_find(graph, given) != NULL)
	{
		span.first = sl_node_named(graph, given);
		span.last = span.first;
	}
	else
	{
		span.first = sl_node_named(graph, pnstrdup(given, dots - given));
		span.last = sl_node_named(graph, pstrdup(dots + 2));
	}
	return span;
}

/* Fill the list with the edges from baselines, by index, to members. */
static void
find_members(SlGraph *graph, Span **spans, SlEdgeList *members)
{
	int			i;
	int			s;

	for (i = 0; i < graph->nbaselines; i++)
	{
		const SlBaseline *baseline = &graph->baselines[i];
		Size		first = members->count;
		Size		next = first;
		Size		e;
		int			mark;

		for (s = 0; s < baseline->nends; s++)
			add_span(graph, i, &spans[i][s], members);

		/* each once, without itself and without what has no place here */
		mark = ++graph->mark;
		for (e = first; e < members->count; e++)
		{
			SlNode	   *node = &graph->nodes[members->to[e]];

			if (node->seen == mark || members->to[e] == baseline->node ||
				(node->row != NULL && !sl_is_versioned(node->row)))
				continue;
			node->seen = mark;
			members->to[next++] = members->to[e];
		}
		members->count = next;
	}
}

/*
 * What lies between the two ends of a range: the last and its ancestors, as
 * far as they are the first or descend from it.  The ends belong to it also
 * when nothing is known about them any more.
 */
static void
add_span(SlGraph *graph, int baseline, const Span *span, SlEdgeList *members)
{
	int			self = graph->baselines[baseline].node;
	SlWalk		up;
	SlWalk		down;
	int			node;
	int			e;

	sl_edge_add(members, baseline, span->first);
	if (span->last == span->first)
		return;
	sl_edge_add(members, baseline, span->last);

	sl_walk_begin(&up, graph);
	sl_walk_push(&up, span->last);
	while (sl_walk_next(&up, &node))
	{
		if (node != self)
			sl_walk_push_all(&up, &graph->parents, node);
	}

	if (sl_walk_seen(&up, span->first))
	{
		sl_walk_begin(&down, graph);
		sl_walk_push(&down, span->first);
		while (sl_walk_next(&down, &node))
		{
			sl_edge_add(members, baseline, node);
			for (e = graph->children.start[node];
				 e < graph->children.start[node + 1]; e++)
			{
				/* what this walk reached already fails the test, too */
				if (sl_walk_seen(&up, graph->children.target[e]) &&
					graph->children.target[e] != self)
					sl_walk_push(&down, graph->children.target[e]);
			}
		}
		sl_walk_end(&down);
	}
	sl_walk_end(&up);
}

static void
take_members(SlGraph *graph, const SlEdgeList *members)
{
	SlEdges		edges = sl_edges_from(members, graph->nbaselines);
	int			i;

	for (i = 0; i < graph->nbaselines; i++)
	{
		graph->baselines[i].nmembers = edges.start[i + 1] - edges.start[i];
		graph->baselines[i].members = edges.target + edges.start[i];
	}
	graph->covers = sl_edges_to(members, graph->nnodes);
}

/* The edges that the order rests on: see graph_private.h. */
static void
link_baselines(SlGraph *graph, const SlEdgeList *named,
			   const SlEdgeList *members)
{
	SlEdgeList	all = {0};
	Size		e;

	for (e = 0; e < named->count; e++)
	{
		int			child = named->from[e];
		int			parent = named->to[e];
		int			provider;

		sl_edge_add(&all, child, parent);
		provider = provider_of(graph, child, parent);
		if (provider >= 0)
			sl_edge_add(&all, child, graph->baselines[provider].node);
	}
	for (e = 0; e < members->count; e++)
		sl_edge_add(&all, graph->baselines[members->from[e]].node,
					members->to[e]);

	graph->parents = sl_edges_from(&all, graph->nnodes);
	graph->children = sl_edges_to(&all, graph->nnodes);
}

/*
 * The baseline that a child depends on because its parent was squashed into
 * it and deleted: the one that replaces least, for that is the first of them.
 * A child that was squashed together with its parent depends on none.
 */
static int
provider_of(SlGraph *graph, int child, int parent)
{
	int			provider = -1;
	int			p;
	int			c;

	if (graph->nodes[parent].row != NULL)
		return -1;

	for (p = graph->covers.start[parent];
		 p < graph->covers.start[parent + 1]; p++)
	{
		int			candidate = graph->covers.target[p];

		if (graph->baselines[candidate].node == child)
			return -1;
		for (c = graph->covers.start[child];
			 c < graph->covers.start[child + 1]; c++)
		{
			if (graph->covers.target[c] == candidate)
				return -1;
		}
		if (provider < 0 || graph->baselines[candidate].nmembers <
			graph->baselines[provider].nmembers)
			provider = candidate;
	}
	return provider;
}

/*
 * What must come after a baseline that is run in place of its members: what
 * names a member, and what names another baseline with a member in common.
 */
static void
find_after(SlGraph *graph, SlBaseline *baseline)
{
	SlEdgeList	after = {0};
	int			mark;
	int			i;
	int			c;

	/* this mark: a member; the next: in the list; the third: looked at */
	mark = graph->mark + 1;
	graph->mark += 3;

	for (i = 0; i < baseline->nmembers; i++)
		graph->nodes[baseline->members[i]].seen = mark;
	graph->nodes[baseline->node].seen = mark + 2;

	for (i = 0; i < baseline->nmembers; i++)
	{
		int			member = baseline->members[i];

		CHECK_FOR_INTERRUPTS();
		add_after(graph, baseline, member, mark, &after);
		for (c = graph->covers.start[member];
			 c < graph->covers.start[member + 1]; c++)
		{
			int			other =
				graph->baselines[graph->covers.target[c]].node;

			if (graph->nodes[other].seen == mark ||
				graph->nodes[other].seen == mark + 2)
				continue;
			graph->nodes[other].seen = mark + 2;
			add_after(graph, baseline, other, mark, &after);
		}
	}

	baseline->nafter = (int) after.count;
	baseline->after = after.to;
}

static void
add_after(SlGraph *graph, SlBaseline *baseline, int followed, int mark,
		  SlEdgeList *after)
{
	int			e;
	int			m;

	for (e = graph->named_children.start[followed];
		 e < graph->named_children.start[followed + 1]; e++)
	{
		SlNode	   *child = &graph->nodes[graph->named_children.target[e]];
		bool		shares = false;

		if (child->seen >= mark)
			continue;
		if (child->baseline >= 0)
		{
			/* an alternative comes neither before nor after */
			SlBaseline *other = &graph->baselines[child->baseline];

			for (m = 0; m < other->nmembers && !shares; m++)
				shares = (graph->nodes[other->members[m]].seen == mark);
		}
		if (shares)
			continue;
		child->seen = mark + 1;
		sl_edge_add(after, baseline->node, graph->named_children.target[e]);
	}
}

static int
compare_sizes(const void *a, const void *b, void *arg)
{
	const SlGraph *graph = arg;
	int			x = *(const int *) a;
	int			y = *(const int *) b;
	int			sizex = graph->baselines[x].nmembers;
	int			sizey = graph->baselines[y].nmembers;

	if (sizex != sizey)
		return sizex > sizey ? -1 : 1;
	return (x > y) - (x < y);
}

/*
 * What is applied: what has a claim, what a claimed baseline replaces, and a
 * baseline of which everything that it replaces is applied.  One that replaces
 * nothing is for an empty database and has no say in any other.
 */
void
sl_baselines_apply(SlGraph *graph)
{
	SlWalk		walk;
	int			node;
	int			i;
	int			m;

	for (i = 0; i < graph->nnodes; i++)
		graph->nodes[i].applied = graph->nodes[i].claimed;

	sl_walk_begin(&walk, graph);
	for (i = 0; i < graph->nbaselines; i++)
	{
		if (graph->nodes[graph->baselines[i].node].claimed)
			sl_walk_push(&walk, graph->baselines[i].node);
	}
	while (sl_walk_next(&walk, &node))
	{
		SlBaseline *baseline = NULL;

		graph->nodes[node].applied = true;
		if (graph->nodes[node].baseline >= 0)
			baseline = &graph->baselines[graph->nodes[node].baseline];
		for (m = 0; baseline != NULL && m < baseline->nmembers; m++)
			sl_walk_push(&walk, baseline->members[m]);
	}
	sl_walk_end(&walk);

	/* a baseline stands after its members, and these may be baselines */
	for (i = 0; i < graph->nversioned; i++)
	{
		SlNode	   *n = &graph->nodes[graph->order[i]];
		SlBaseline *baseline;
		bool		applied = !graph->empty;

		if (n->baseline < 0 || n->applied)
			continue;
		baseline = &graph->baselines[n->baseline];
		for (m = 0; m < baseline->nmembers && applied; m++)
			applied = graph->nodes[baseline->members[m]].applied;
		n->applied = applied;
	}

	for (i = 0; i < graph->nbaselines; i++)
		graph->baselines[i].permitted = is_permitted(graph,
													 &graph->baselines[i]);
}

/*
 * A baseline is for an empty database.  In any other it is run only where
 * nothing else is possible: what it replaces is no longer registered, and
 * neither that nor anything that rests on it was ever applied.  Without this,
 * a run to an empty database that is stopped before the baseline, after what
 * the baseline itself rests on, could not be continued.
 */
static bool
is_permitted(SlGraph *graph, const SlBaseline *baseline)
{
	bool		permitted = true;
	bool		gone = false;
	SlWalk		walk;
	int			node;
	int			i;

	if (graph->empty || graph->unknown)
		return graph->empty;

	sl_walk_begin(&walk, graph);
	sl_walk_push(&walk, baseline->node);
	for (i = 0; i < baseline->nmembers; i++)
	{
		sl_walk_push(&walk, baseline->members[i]);
		gone |= (graph->nodes[baseline->members[i]].row == NULL);
	}
	permitted = gone;
	while (permitted && sl_walk_next(&walk, &node))
	{
		permitted = !graph->nodes[node].applied;
		sl_walk_push_all(&walk, &graph->children, node);
	}
	sl_walk_end(&walk);
	return permitted;
}

/*
 * Which baselines to run in the place of what they replace, on the way to
 * what is needed: of two that replace the same revision the one that replaces
 * more.
 *
 * The result has for each node the index of the baseline that stands for it
 * (for itself, too), or -1.  NULL if there is none.  'needed' is only read:
 * its marks stay.
 */
int *
sl_baselines_choose(SlGraph *graph, const SlWalk *needed)
{
	int		   *stand;
	int			i;
	int			m;

	if (graph->nbaselines == 0)
		return NULL;

	stand = palloc_array(int, graph->nnodes);
	memset(stand, -1, graph->nnodes * sizeof(int));
	for (i = 0; i < graph->nbaselines; i++)
	{
		SlBaseline *baseline = &graph->baselines[graph->by_size[i]];

		if (!is_candidate(graph, baseline, needed, stand))
			continue;
		stand[baseline->node] = graph->by_size[i];
		for (m = 0; m < baseline->nmembers; m++)
			stand[baseline->members[m]] = graph->by_size[i];
	}
	return stand;
}

static bool
is_candidate(SlGraph *graph, const SlBaseline *baseline, const SlWalk *needed,
			 const int *stand)
{
	int			m;

	if (!baseline->in_place || !baseline->permitted ||
		stand[baseline->node] >= 0)
		return false;
	for (m = 0; m < baseline->nmembers; m++)
	{
		if (stand[baseline->members[m]] >= 0)
			return false;
	}
	return sl_walk_seen(needed, baseline->node) ||
		sl_baseline_is_covered(baseline, needed);
}

/*
 * Did a walk to ancestors come by all that the baseline replaces?  It cannot
 * see what is registered no more, but the last ones it must see.
 */
bool
sl_baseline_is_covered(const SlBaseline *baseline, const SlWalk *walk)
{
	bool		covered = (baseline->nmembers > 0);
	int			i;

	for (i = 0; i < baseline->nmembers && covered; i++)
	{
		if (walk->graph->nodes[baseline->members[i]].row != NULL)
			covered = sl_walk_seen(walk, baseline->members[i]);
	}
	for (i = 0; i < baseline->nends && covered; i++)
		covered = sl_walk_seen(walk, baseline->ends[i]);
	return covered;
}
