/*-------------------------------------------------------------------------
 *
 * check.c
 *	  What is wrong with a graph of revisions.
 *
 * An error stops every run, because a run could not do what was meant; a
 * warning stops nothing.  Each kind of problem is a row of a table and a
 * function; doc/graph.md describes them with their cures.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/graph/check.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/sl_errors.h"
#include "graph/graph_private.h"
#include "miscadmin.h"
#include "utils/builtins.h"

/* So many errors are shown when a run is refused. */
#define ERRORS_SHOWN	10

typedef struct Check
{
	SlGraph    *graph;
	bool		out_of_order;
	int		   *late_for;		/* node: an applied one that is beyond it, or
								 * -1 */
	List	   *problems;
} Check;

static void find_late(Check *check);
static void check_self_parent(Check *check);
static void check_missing_parent(Check *check);
static int *choose_for_all(SlGraph *graph);
static bool *find_unavailable(SlGraph *graph, const int *stand);
static char *describe_missing(SlGraph *graph, const bool *unavailable,
							  int child, int parent);
static char *describe_changed(const SlRevisionRow *row);
static void check_changed_script(Check *check);
static void check_late(Check *check);
static void check_gap(Check *check);
static void check_unknown_applied(Check *check);
static void check_multiple_heads(Check *check);
static void check_cycle(Check *check);
static void add_problem(Check *check, bool error, const char *problem,
						int node, char *detail);

/* In the order in which they are listed. */
static void (*const checks[]) (Check *check) =
{
	check_cycle,
	check_self_parent,
	check_missing_parent,
	check_changed_script,
	check_late,
	check_gap,
	check_unknown_applied,
	check_multiple_heads
};

List *
sl_graph_problems(SlGraph *graph, bool out_of_order)
{
	Check		check = {0};
	int			i;

	check.graph = graph;
	check.out_of_order = out_of_order;
	find_late(&check);
	for (i = 0; i < (int) lengthof(checks); i++)
		checks[i] (&check);
	pfree(check.late_for);

	return check.problems;
}

void
sl_graph_require_sound(SlGraph *graph, bool out_of_order)
{
	List	   *problems = sl_graph_problems(graph, out_of_order);
	StringInfoData detail;
	int			n = 0;
	ListCell   *lc;

	initStringInfo(&detail);
	foreach(lc, problems)
	{
		SlProblem  *problem = lfirst(lc);

		if (!problem->error)
			continue;
		if (n++ < ERRORS_SHOWN)
			appendStringInfo(&detail, "%s%s: %s", n > 1 ? "\n" : "",
							 problem->problem, problem->detail);
	}
	if (n == 0)
		return;
	if (n > ERRORS_SHOWN)
		appendStringInfo(&detail, "\nand %d more", n - ERRORS_SHOWN);

	ereport(ERROR,
			(errcode(SL_ERR_GRAPH_UNSOUND),
			 errmsg_plural("the graph of revisions is unsound: %d problem",
						   "the graph of revisions is unsound: %d problems",
						   n, n),
			 errdetail_internal("%s", detail.data),
			 errhint("SELECT * FROM sl_check_graph();")));
}

static void
add_problem(Check *check, bool error, const char *problem, int node,
			char *detail)
{
	SlProblem  *p = palloc_object(SlProblem);

	p->error = error;
	p->problem = problem;
	p->revision = check->graph->nodes[node].id;
	p->detail = detail;
	check->problems = lappend(check->problems, p);
}

static void
check_cycle(Check *check)
{
	List	   *members = sl_graph_cycles(check->graph);
	ListCell   *lc;

	foreach(lc, members)
	{
		SlCycleMember *member = lfirst(lc);

		add_problem(check, true, "cycle", member->node, member->detail);
	}
}

static void
check_self_parent(Check *check)
{
	int			i;

	for (i = 0; i < check->graph->nrows; i++)
	{
		if (check->graph->nodes[i].self_parent)
			add_problem(check, true, "self_parent", i,
						psprintf("\"%s\" names itself as a parent; register it with other parents",
								 check->graph->nodes[i].id));
	}
}

static void
check_missing_parent(Check *check)
{
	SlGraph    *graph = check->graph;
	int		   *stand = choose_for_all(graph);
	bool	   *unavailable = find_unavailable(graph, stand);
	int			i;
	int			e;

	for (i = 0; i < graph->nrows; i++)
	{
		bool		runs = !graph->nodes[i].applied &&
			(stand == NULL || stand[i] < 0);

		CHECK_FOR_INTERRUPTS();
		for (e = graph->named_parents.start[i];
			 e < graph->named_parents.start[i + 1]; e++)
		{
			int			parent = graph->named_parents.target[e];
			const SlNode *p = &graph->nodes[parent];
			bool		replaced =
				graph->covers.start[parent] < graph->covers.start[parent + 1];
			bool		missing;

			if (p->row != NULL && !sl_is_versioned(p->row))
				missing = true;
			else if (p->row == NULL && !replaced)
				missing = !p->applied;
			else
				missing = runs && unavailable[parent];

			if (missing)
				add_problem(check, true, "missing_parent", i,
							describe_missing(graph, unavailable, i, parent));
		}
	}

	pfree(unavailable);
}

/*
 * The baselines that a run to all heads would choose.  In a graph with cycles
 * some revisions have no head above them: they count, too.
 */
static int *
choose_for_all(SlGraph *graph)
{
	SlWalk		needed;
	int		   *stand;
	int			i;

	sl_walk_begin(&needed, graph);
	for (i = 0; i < graph->nversioned; i++)
	{
		const SlNode *node = &graph->nodes[graph->order[i]];

		if (node->head || !node->ordered)
			sl_walk_push(&needed, graph->order[i]);
	}
	sl_walk_ancestors(&needed);
	stand = sl_baselines_choose(graph, &needed);
	sl_walk_end(&needed);
	return stand;
}

/*
 * What is not applied and cannot be run any more: the file was deleted after
 * a squash, and the baseline that has its content is not going to be run,
 * because this database is not empty or another one is run.
 */
static bool *
find_unavailable(SlGraph *graph, const int *stand)
{
	bool	   *unavailable = palloc0_array(bool, graph->nnodes + 1);
	int			i;
	int			m;

	for (i = graph->nrows; i < graph->nnodes; i++)
		unavailable[i] = !graph->nodes[i].applied &&
			(stand == NULL || stand[i] < 0);

	/* in this order what a baseline replaces is looked at before itself */
	for (i = 0; i < graph->nversioned; i++)
	{
		int			node = graph->order[i];
		const SlNode *n = &graph->nodes[node];
		const SlBaseline *baseline;

		if (n->baseline < 0 || n->applied ||
			(stand != NULL && stand[node] >= 0))
			continue;
		baseline = &graph->baselines[n->baseline];
		for (m = 0; m < baseline->nmembers; m++)
			unavailable[node] |= unavailable[baseline->members[m]];
	}
	return unavailable;
}

static char *
describe_missing(SlGraph *graph, const bool *unavailable, int child,
				 int parent)
{
	const SlNode *c = &graph->nodes[child];
	const SlNode *p = &graph->nodes[parent];
	int			m;

	if (p->row != NULL && !sl_is_versioned(p->row))
		return psprintf("\"%s\" names \"%s\" as a parent, which is a %s and can have no children; register \"%s\" with other parents",
						c->id, p->id, sl_kind_name(p->row->kind), c->id);

	if (p->baseline >= 0)
	{
		const SlBaseline *baseline = &graph->baselines[p->baseline];

		for (m = 0; m < baseline->nmembers; m++)
		{
			if (unavailable[baseline->members[m]])
				break;
		}
		Assert(m < baseline->nmembers);
		return psprintf("\"%s\" names the baseline \"%s\" as a parent, which is not run here and replaces \"%s\", neither registered nor applied; register that one, or sl_resolve(%s, 'applied', ...) if all of it is there",
						c->id, p->id,
						graph->nodes[baseline->members[m]].id,
						quote_literal_cstr(p->id));
	}

	if (graph->covers.start[parent] < graph->covers.start[parent + 1])
	{
		int			first = graph->covers.target[graph->covers.start[parent]];
		const char *baseline = graph->nodes[graph->baselines[first].node].id;

		return psprintf("\"%s\" names \"%s\" as a parent, which is neither registered nor applied, and the baseline \"%s\" that replaces it is not run here; register \"%s\", or sl_resolve(%s, 'applied', ...) if all of it is there",
						c->id, p->id, baseline, p->id,
						quote_literal_cstr(baseline));
	}

	return psprintf("\"%s\" names \"%s\" as a parent, which is neither registered nor applied; register \"%s\", or register \"%s\" again with other parents",
					c->id, p->id, p->id, c->id);
}

/* A script that is partly applied may be finished with another text. */
static char *
describe_changed(const SlRevisionRow *row)
{
	int			finished = 0;
	ListCell   *lc;

	if (!row->claimed)
	{
		foreach(lc, sl_journal_read(row->revision, "up"))
			finished += ((const SlJournalStep *) lfirst(lc))->finished;
	}
	if (finished == 0)
		return psprintf("\"%s\" is applied, and its file now means something else; put the old text back into the file, and the change into a new revision",
						row->revision);
	return psprintf(ngettext("\"%s\" is partly applied (%d statement finished), and its file now differs in what is finished; put the old text back into the file, or sl_resolve(%s, ...)",
							 "\"%s\" is partly applied (%d statements finished), and its file now differs in what is finished; put the old text back into the file, or sl_resolve(%s, ...)",
							 finished),
					row->revision, finished,
					quote_literal_cstr(row->revision));
}

static void
check_changed_script(Check *check)
{
	int			i;

	for (i = 0; i < check->graph->nrows; i++)
	{
		if (check->graph->rows[i].changed)
			add_problem(check, true, "changed_script", i,
						describe_changed(&check->graph->rows[i]));
	}
}

/*
 * What is pending in a linear history although something beyond it is
 * applied: climb from the applied ones, as long as each step has its parent
 * only because that is the file before it.
 */
static void
find_late(Check *check)
{
	SlGraph    *graph = check->graph;
	SlWalk		walk;
	int			i;
	int			e;
	int			node;

	check->late_for = palloc_array(int, graph->nrows + 1);
	for (i = 0; i < graph->nrows; i++)
		check->late_for[i] = -1;

	/* the first in the order is the one that is named */
	sl_walk_begin(&walk, graph);
	for (i = 0; i < graph->nversioned; i++)
	{
		if (graph->nodes[graph->order[i]].applied)
			sl_walk_push(&walk, graph->order[i]);
	}
	while (sl_walk_next(&walk, &node))
	{
		if (!graph->rows[node].linear)
			continue;
		for (e = graph->named_parents.start[node];
			 e < graph->named_parents.start[node + 1]; e++)
		{
			int			parent = graph->named_parents.target[e];

			if (graph->nodes[parent].row == NULL ||
				!graph->nodes[parent].row->linear ||
				graph->nodes[parent].applied ||
				sl_walk_seen(&walk, parent))
				continue;
			check->late_for[parent] = graph->nodes[node].applied ?
				node : check->late_for[node];
			sl_walk_push(&walk, parent);
		}
	}
	sl_walk_end(&walk);
}

static void
check_late(Check *check)
{
	SlGraph    *graph = check->graph;
	int			i;

	for (i = 0; i < graph->nrows; i++)
	{
		/* a baseline is never run beside a history: it is not missed */
		if (check->late_for[i] < 0 || graph->nodes[i].baseline >= 0)
			continue;
		add_problem(check, !check->out_of_order, "late", i,
					psprintf(check->out_of_order ?
							 "\"%s\" is pending, but \"%s\", which comes after it, is applied; the next run applies it out of order" :
							 "\"%s\" is pending, but \"%s\", which comes after it, is applied; rename the file so that it comes last and push with prune, or sl_configure('out_of_order', 'on')",
							 graph->nodes[i].id,
							 graph->nodes[check->late_for[i]].id));
	}
}

static void
check_gap(Check *check)
{
	SlGraph    *graph = check->graph;
	int			i;
	int			e;

	for (i = 0; i < graph->nrows; i++)
	{
		SlNames		names;

		CHECK_FOR_INTERRUPTS();
		/* a baseline may be applied only because what it replaces is */
		if (!(graph->nodes[i].baseline < 0 ? graph->nodes[i].applied :
			  graph->nodes[i].claimed))
			continue;

		sl_names_init(&names);
		for (e = graph->named_parents.start[i];
			 e < graph->named_parents.start[i + 1]; e++)
		{
			const SlNode *p = &graph->nodes[graph->named_parents.target[e]];

			if (p->row == NULL || p->applied || !sl_is_versioned(p->row))
				continue;
			/* once is enough */
			if (check->late_for[p->row - graph->rows] >= 0 &&
				p->baseline < 0)
				continue;
			sl_names_add(&names, p->id);
		}
		if (names.count > 0)
			add_problem(check, false, "gap", i,
						psprintf(names.count == 1 ?
								 "\"%s\" is applied, but its parent %s is not; the next run applies it" :
								 "\"%s\" is applied, but its parents %s are not; the next run applies them",
								 graph->nodes[i].id, sl_names_text(&names)));
		sl_names_free(&names);
	}
}

static void
check_unknown_applied(Check *check)
{
	SlGraph    *graph = check->graph;
	int			i;

	for (i = graph->nrows; i < graph->nnodes; i++)
	{
		/* what a baseline replaces was deleted on purpose */
		if (!graph->nodes[i].claimed ||
			graph->covers.start[i] < graph->covers.start[i + 1])
			continue;
		add_problem(check, false, "unknown_applied", i,
					psprintf("\"%s\" is applied, but not registered; push its file",
							 graph->nodes[i].id));
	}
}

static void
check_multiple_heads(Check *check)
{
	SlGraph    *graph = check->graph;
	List	   *heads = sl_graph_heads(graph);
	ListCell   *lc;
	int			n;

	if (list_length(heads) < 2)
		return;

	foreach(lc, heads)
	{
		const SlRevisionRow *head = lfirst(lc);
		SlNames		names;

		CHECK_FOR_INTERRUPTS();
		sl_names_init(&names);
		for (n = 0; n < list_length(heads) && n <= SL_NAMES_SHOWN; n++)
		{
			const SlRevisionRow *other = list_nth(heads, n);

			if (other != head)
				sl_names_add(&names, other->revision);
		}
		/* all are counted, though no more than can be shown are looked at */
		names.count = list_length(heads) - 1;
		add_problem(check, false, "multiple_heads",
					(int) (head - graph->rows),
					psprintf("\"%s\" is a head beside %s; register a revision with all of them for parents, or run to 'heads'",
							 head->revision, sl_names_text(&names)));
		sl_names_free(&names);
	}
}
