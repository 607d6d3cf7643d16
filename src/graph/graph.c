/*-------------------------------------------------------------------------
 *
 * graph.c
 *	  Building the graph of revisions from the registry, finding revisions in
 *	  it by name, and its heads.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/graph/graph.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "common/sl_errors.h"
#include "graph/graph_private.h"
#include "miscadmin.h"

typedef struct IdEntry
{
	const char *id;
	int			node;
	uint32		hash;
	char		status;
} IdEntry;

#define SH_PREFIX		ids
#define SH_ELEMENT_TYPE	IdEntry
#define SH_KEY_TYPE		const char *
#define SH_KEY			id
#define SH_HASH_KEY(tb, key) \
	hash_bytes((const unsigned char *) (key), strlen(key))
#define SH_EQUAL(tb, a, b)	(strcmp(a, b) == 0)
#define SH_STORE_HASH
#define SH_GET_HASH(tb, a)	((a)->hash)
#define SH_SCOPE		static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

static void add_rows(SlGraph *graph);
static void add_unknown(SlGraph *graph, List *unknown);
static void add_named_parents(SlGraph *graph, SlEdgeList *named);
static void find_heads(SlGraph *graph);
static bool has_child(SlGraph *graph, int node, const bool *stands);
static bool baseline_is_end(SlGraph *graph, const SlBaseline *baseline,
							const bool *stands);
static int	node_add(SlGraph *graph, const char *id,
					 const SlRevisionRow *row);
static int	first_not_below(SlGraph *graph, const char *name);

SlGraph *
sl_graph_read(bool fresh)
{
	SlGraph    *graph = palloc0(sizeof(SlGraph));
	SlEdgeList	named = {0};
	List	   *unknown;

	graph->rows = sl_registry_read(fresh, &graph->nrows, &unknown);
	graph->ids = ids_create(CurrentMemoryContext, graph->nrows + 16, NULL);
	graph->maxnodes = graph->nrows + list_length(unknown) + 16;
	graph->nodes = MemoryContextAllocHuge(CurrentMemoryContext,
										  graph->maxnodes * sizeof(SlNode));

	add_rows(graph);
	add_unknown(graph, unknown);
	add_named_parents(graph, &named);
	sl_baselines_build(graph, &named);
	sl_order_build(graph);
	sl_baselines_apply(graph);
	find_heads(graph);

	return graph;
}

static void
add_rows(SlGraph *graph)
{
	int			i;

	graph->empty = true;
	for (i = 0; i < graph->nrows; i++)
	{
		SlRevisionRow *row = &graph->rows[i];
		SlNode	   *node;

		Assert(i == 0 || strcmp(row[-1].revision, row->revision) < 0);

		node = &graph->nodes[node_add(graph, row->revision, row)];
		node->claimed = row->claimed;
		if (row->claimed && sl_is_versioned(row))
			graph->empty = false;
	}
}

/*
 * What is applied without being registered may be anything: the database is
 * not taken for an empty one.
 */
static void
add_unknown(SlGraph *graph, List *unknown)
{
	ListCell   *lc;

	foreach(lc, unknown)
	{
		int			node = sl_node_named(graph, lfirst(lc));

		graph->nodes[node].claimed = true;
		graph->empty = false;
		graph->unknown = true;
	}
}

/*
 * The edges from each versioned revision to the parents it names, each once.
 * What repeatables and seeds have for parents is passed over.
 */
static void
add_named_parents(SlGraph *graph, SlEdgeList *named)
{
	int			i;

	for (i = 0; i < graph->nrows; i++)
	{
		const SlRevisionRow *row = &graph->rows[i];
		int			mark = ++graph->mark;
		int			p;

		CHECK_FOR_INTERRUPTS();
		if (!sl_is_versioned(row))
			continue;

		for (p = 0; p < row->nparents; p++)
		{
			int			parent = sl_node_named(graph, row->parents[p]);

			if (parent == i)
			{
				graph->nodes[i].self_parent = true;
				continue;
			}
			if (graph->nodes[parent].seen == mark)
				continue;
			graph->nodes[parent].seen = mark;
			sl_edge_add(named, i, parent);
		}
	}
}

/*
 * A head is a versioned revision that no other names.  A baseline and what it
 * replaces count as one: the last that is replaced is the head as long as it
 * is registered, the baseline when it is not, and neither once something
 * follows either.  So a history with and without its baseline, before and
 * after the old files were deleted, has the same number of heads.
 */
static void
find_heads(SlGraph *graph)
{
	bool	   *stands;			/* a baseline that is a head or has a child:
								 * nothing that it replaces is a head */
	int			i;

	/* a baseline comes after what it replaces, so backwards it is first */
	stands = palloc0_array(bool, graph->nbaselines + 1);
	for (i = graph->nversioned - 1; i >= 0; i--)
	{
		SlNode	   *node = &graph->nodes[graph->order[i]];
		SlBaseline *baseline;

		if (node->baseline < 0)
			continue;
		baseline = &graph->baselines[node->baseline];

		if (has_child(graph, baseline->node, stands))
			stands[node->baseline] = true;
		else if (baseline_is_end(graph, baseline, stands))
		{
			node->head = true;
			stands[node->baseline] = true;
		}
	}

	for (i = 0; i < graph->nversioned; i++)
	{
		SlNode	   *node = &graph->nodes[graph->order[i]];

		if (node->baseline < 0)
			node->head = !has_child(graph, graph->order[i], stands);
	}

	pfree(stands);
}

/*
 * Does anything come after it, other than a baseline that leads nowhere?
 * What a baseline replaces has the baseline for a child.
 */
static bool
has_child(SlGraph *graph, int node, const bool *stands)
{
	int			e;

	for (e = graph->children.start[node];
		 e < graph->children.start[node + 1]; e++)
	{
		SlNode	   *child = &graph->nodes[graph->children.target[e]];

		if (child->baseline < 0 || stands[child->baseline])
			return true;
	}
	return false;
}

/*
 * Is the baseline the last word on what it replaces: is an end of that gone
 * from the registry, and does nothing but the baseline's own follow?
 */
static bool
baseline_is_end(SlGraph *graph, const SlBaseline *baseline,
				const bool *stands)
{
	bool		end = (baseline->nends == 0);
	int			i;
	int			c;

	if (baseline->nafter > 0)
		return false;
	for (i = 0; i < baseline->nends; i++)
	{
		if (graph->nodes[baseline->ends[i]].row == NULL)
			end = true;
	}

	/* an older squash of the same history ends where the newer one goes on */
	for (i = 0; i < baseline->nmembers && end; i++)
	{
		int			node = baseline->members[i];

		for (c = graph->covers.start[node];
			 c < graph->covers.start[node + 1]; c++)
		{
			SlBaseline *other = &graph->baselines[graph->covers.target[c]];

			if (other != baseline &&
				(other->nafter > 0 ||
				 has_child(graph, other->node, stands)))
				end = false;
		}
	}
	return end;
}

/* Heads: SlRevisionRow pointers in byte order of the ids. */
List *
sl_graph_heads(SlGraph *graph)
{
	List	   *heads = NIL;
	int			i;

	for (i = 0; i < graph->nrows; i++)
	{
		if (graph->nodes[i].head)
			heads = lappend(heads, &graph->rows[i]);
	}
	return heads;
}

const SlRevisionRow *
sl_graph_find(SlGraph *graph, const char *id)
{
	int			node = sl_node_find(graph, id);

	return node < 0 ? NULL : graph->nodes[node].row;
}

/*
 * Exact id, else unique prefix; raises SL002 with the candidates.  NULL only
 * with missing_ok.
 */
const SlRevisionRow *
sl_graph_resolve(SlGraph *graph, const char *name, bool missing_ok)
{
	const SlRevisionRow *exact = sl_graph_find(graph, name);
	Size		length = strlen(name);
	SlNames		names;
	int			first;
	int			next;

	if (exact != NULL)
		return exact;

	/* those that begin with the name stand side by side */
	first = first_not_below(graph, name);
	sl_names_init(&names);
	for (next = first; length > 0 && next < graph->nrows; next++)
	{
		if (strncmp(graph->rows[next].revision, name, length) != 0)
			break;
		sl_names_add(&names, graph->rows[next].revision);
	}

	if (names.count == 1)
		return &graph->rows[first];
	if (names.count > 1)
		ereport(ERROR,
				(errcode(SL_ERR_REVISION_UNKNOWN),
				 errmsg("revision \"%s\" is ambiguous", name),
				 errdetail("Candidates are %s.", sl_names_text(&names)),
				 errhint("Write as much of the revision as tells it from the others.")));
	if (missing_ok)
		return NULL;
	ereport(ERROR,
			(errcode(SL_ERR_REVISION_UNKNOWN),
			 errmsg("revision \"%s\" is unknown", name),
			 sl_node_find(graph, name) >= 0 &&
			 graph->nodes[sl_node_find(graph, name)].claimed ?
			 errdetail("It is applied here, but it is not registered.") : 0,
			 errhint("See sl_graph() for the revisions that are registered.")));
	return NULL;				/* keep compilers quiet */
}

/* The first row whose id is not below the name, in byte order. */
static int
first_not_below(SlGraph *graph, const char *name)
{
	int			low = 0;
	int			high = graph->nrows;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (strcmp(graph->rows[middle].revision, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The node of an id, or -1. */
int
sl_node_find(SlGraph *graph, const char *id)
{
	IdEntry    *entry = ids_lookup(graph->ids, id);

	return entry == NULL ? -1 : entry->node;
}

/* The node of an id, made if there is none yet. */
int
sl_node_named(SlGraph *graph, const char *id)
{
	int			node = sl_node_find(graph, id);

	return node < 0 ? node_add(graph, id, NULL) : node;
}

static int
node_add(SlGraph *graph, const char *id, const SlRevisionRow *row)
{
	IdEntry    *entry;
	SlNode	   *node;
	bool		found;

	if (graph->nnodes == graph->maxnodes)
	{
		graph->maxnodes *= 2;
		graph->nodes = repalloc_huge(graph->nodes,
									 graph->maxnodes * sizeof(SlNode));
	}

	node = &graph->nodes[graph->nnodes];
	memset(node, 0, sizeof(SlNode));
	node->id = id;
	node->row = row;
	node->baseline = -1;
	node->position = -1;

	entry = ids_insert(graph->ids, id, &found);
	Assert(!found);
	entry->node = graph->nnodes;

	return graph->nnodes++;
}

void
sl_names_init(SlNames *names)
{
	names->text.data = NULL;
	names->count = 0;
}

void
sl_names_add(SlNames *names, const char *id)
{
	if (names->count == 0)
		initStringInfo(&names->text);
	else if (names->count < SL_NAMES_SHOWN)
		appendStringInfoString(&names->text, ", ");
	if (names->count < SL_NAMES_SHOWN)
		appendStringInfo(&names->text, "\"%s\"", id);
	names->count++;
}

/* To be called once, when all are added. */
const char *
sl_names_text(SlNames *names)
{
	if (names->count > SL_NAMES_SHOWN)
		appendStringInfo(&names->text, " and %d more",
						 names->count - SL_NAMES_SHOWN);
	return names->text.data;
}

void
sl_names_free(SlNames *names)
{
	if (names->text.data != NULL)
		pfree(names->text.data);
}
