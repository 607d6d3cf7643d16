/*-------------------------------------------------------------------------
 *
 * report_outline.c
 *	  A graph of any size as a drawing of some boxes.
 *
 * Nothing is left out of a small graph.  In a larger one, the middle of what
 * follows one after the other in the same state is one box; if that is not
 * enough, all but the last is, with heads and failures kept apart.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/operate/report_outline.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "common/sl_compat.h"
#include "operate/report.h"

/* so many stay at each end of a chain that is folded */
#define CHAIN_ENDS	2

/* and so many it is worth to fold */
#define CHAIN_MIDDLE	3

/* Which box a revision is in: of its own, or of a fold. */
typedef struct Reduction
{
	SlPicture	picture;
	int			limit;
	int		   *fold;			/* by node: number of its fold, or -1 */
	int			nfolds;
	int		   *box;			/* by node */
	int		   *fold_box;		/* by fold, -1: it has none yet */
} Reduction;

/* Edges of a node, but for those from itself. */
typedef struct Degree
{
	int			parents;
	int			children;
	int			parent;			/* the last of them */
} Degree;

static Degree *
count_degrees(const SlPicture *picture)
{
	Degree	   *degrees = palloc0_array(Degree, picture->count + 1);
	int			e;

	for (e = 0; e < picture->nedges; e++)
	{
		const SlPictureEdge *edge = &picture->edges[e];

		degrees[edge->child].parents++;
		degrees[edge->child].parent = edge->parent;
		degrees[edge->parent].children++;
	}
	return degrees;
}

/* Nothing is to be seen at it but that it comes after its parent. */
static bool
is_link_of_chain(const Reduction *reduction, const Degree *degrees, int node)
{
	const SlPictureNode *drawn = &reduction->picture.nodes[node];

	return drawn->row->kind == SL_KIND_VERSIONED && !drawn->head &&
		strcmp(drawn->state, "failed") != 0 &&
		degrees[node].parents == 1 && degrees[node].children == 1 &&
		degrees[node].parent < node;
}

/* Fold the middle of long chains; what is last in the order stays. */
static void
fold_chains(Reduction *reduction)
{
	const SlPicture *picture = &reduction->picture;
	Degree	   *degrees = count_degrees(picture);
	int			end = picture->nversioned - reduction->limit / 2;
	int		   *chain = palloc_array(int, picture->count + 1);
	int		   *index = palloc_array(int, picture->count + 1);
	int		   *length = palloc0_array(int, picture->count + 1);
	int		   *fold = palloc_array(int, picture->count + 1);
	int			nchains = 0;
	int			i;

	for (i = 0; i < picture->nversioned; i++)
	{
		int			parent = degrees[i].parent;

		chain[i] = -1;
		if (i >= end || !is_link_of_chain(reduction, degrees, i))
			continue;
		if (parent < picture->nversioned && chain[parent] >= 0 &&
			strcmp(picture->nodes[parent].state,
				   picture->nodes[i].state) == 0)
			chain[i] = chain[parent];
		else
		{
			fold[nchains] = -1;
			chain[i] = nchains++;
		}
		index[i] = length[chain[i]]++;
	}
	for (i = 0; i < picture->nversioned; i++)
	{
		int			c = chain[i];

		if (c < 0 || length[c] < 2 * CHAIN_ENDS + CHAIN_MIDDLE ||
			index[i] < CHAIN_ENDS || index[i] >= length[c] - CHAIN_ENDS)
			continue;
		if (fold[c] < 0)
			fold[c] = reduction->nfolds++;
		reduction->fold[i] = fold[c];
	}
	pfree(degrees);
	pfree(chain);
	pfree(index);
	pfree(length);
	pfree(fold);
}

/*
 * If there are still too many boxes, one for all but the last; what somebody
 * looks for stays, as long as it is not too many itself.
 */
static void
fold_front(Reduction *reduction)
{
	const SlPicture *picture = &reduction->picture;
	bool	   *counted = palloc0_array(bool, reduction->nfolds + 1);
	int			kept = 0;
	int			front = -1;
	int			apart = 0;
	int			i;

	for (i = picture->nversioned - 1; i >= 0 && front < 0; i--)
	{
		int			fold = reduction->fold[i];

		if (fold >= 0 && counted[fold])
			continue;
		if (++kept > reduction->limit)
			front = i;
		if (fold >= 0)
			counted[fold] = true;
	}
	pfree(counted);
	if (front < 0)
		return;
	for (i = 0; i <= front; i++)
	{
		const SlPictureNode *node = &picture->nodes[i];

		if ((node->head || strcmp(node->state, "failed") == 0) &&
			apart++ < reduction->limit / 3)
			continue;
		/* a fold that reaches across is taken apart by this, and stays one */
		reduction->fold[i] = reduction->nfolds;
	}
	reduction->nfolds++;
}

/* Of nodes without a place in the order, some are enough. */
static void
fold_rest(Reduction *reduction, int from, int to)
{
	int			shown = Max(reduction->limit / 4, 4);
	int			i;

	if (to - from <= shown + 1)
		return;
	for (i = from + shown; i < to; i++)
		reduction->fold[i] = reduction->nfolds;
	reduction->nfolds++;
}

/* The box of a node, made if it is the first of it. */
static void
add_box(Reduction *reduction, SlOutline *outline, int n, bool chains)
{
	const SlPictureNode *node = &reduction->picture.nodes[n];
	int			fold = reduction->fold[n];
	SlBox	   *box;

	if (fold < 0 || reduction->fold_box[fold] < 0)
	{
		box = &outline->boxes[outline->nboxes];
		memset(box, 0, sizeof(*box));
		box->state = node->state;
		box->kind = node->row != NULL ? node->row->kind : SL_KIND_VERSIONED;
		box->unregistered = node->row == NULL;
		if (fold < 0)
			box->node = node;
		else
		{
			reduction->fold_box[fold] = outline->nboxes;
			box->first = chains ? node->revision : NULL;
		}
		reduction->box[n] = outline->nboxes++;
	}
	else
		reduction->box[n] = reduction->fold_box[fold];
	if (fold < 0)
		return;
	box = &outline->boxes[reduction->box[n]];
	box->folded++;
	if (chains)
		box->last = node->revision;
	if (box->state != NULL && strcmp(box->state, node->state) != 0)
		box->state = NULL;
}

static void
add_boxes(Reduction *reduction, SlOutline *outline, int nchains)
{
	const SlPicture *picture = &reduction->picture;
	int			i;

	outline->boxes = palloc_array(SlBox, picture->count + 1);
	reduction->fold_box = palloc_array(int, reduction->nfolds + 1);
	for (i = 0; i < reduction->nfolds; i++)
		reduction->fold_box[i] = -1;
	for (i = 0; i < picture->nversioned; i++)
		add_box(reduction, outline, i, reduction->fold[i] < nchains);
	for (i = picture->nregistered; i < picture->count; i++)
	{
		add_box(reduction, outline, i, false);
		if (reduction->fold[i] >= 0)
			outline->boxes[reduction->box[i]].what = "not registered";
	}
	outline->nversioned = outline->nboxes;
	for (i = picture->nversioned; i < picture->nregistered; i++)
	{
		add_box(reduction, outline, i, false);
		if (reduction->fold[i] >= 0)
			outline->boxes[reduction->box[i]].what = "repeatables and seeds";
	}
}

static int
compare_links(const void *a, const void *b)
{
	const SlLink *x = a;
	const SlLink *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	if (x->to != y->to)
		return x->to < y->to ? -1 : 1;
	return (int) x->replaced - (int) y->replaced;
}

/* The edges between boxes, each once. */
static void
add_links(Reduction *reduction, SlOutline *outline)
{
	const SlPicture *picture = &reduction->picture;
	SlLink	   *links = palloc_array(SlLink, picture->nedges + 1);
	int			n = 0;
	int			e;

	for (e = 0; e < picture->nedges; e++)
	{
		const SlPictureEdge *edge = &picture->edges[e];
		SlLink	   *link = &links[n];

		link->from = reduction->box[edge->parent];
		link->to = reduction->box[edge->child];
		link->replaced = edge->replaced;
		link->back = edge->parent >= edge->child &&
			edge->parent < picture->nversioned;
		/* what goes on within a fold is not drawn, nor what leads into one
		 * that has no place in the order */
		if (link->from == link->to && outline->boxes[link->to].node == NULL)
			continue;
		if (link->from > link->to && outline->boxes[link->to].node == NULL)
			continue;
		n++;
	}
	qsort(links, n, sizeof(SlLink), compare_links);
	outline->links = links;
	for (e = 0; e < n; e++)
	{
		if (outline->nlinks > 0 &&
			links[outline->nlinks - 1].from == links[e].from &&
			links[outline->nlinks - 1].to == links[e].to)
			continue;
		links[outline->nlinks++] = links[e];
	}
}

/* At most about so many boxes as 'limit'. */
void
sl_outline_make(SlGraph *graph, int limit, SlOutline *outline)
{
	Reduction	reduction = {{0}};
	int			nchains;
	int			i;

	memset(outline, 0, sizeof(*outline));
	sl_graph_picture(graph, &reduction.picture);
	reduction.limit = limit;
	reduction.fold = palloc_array(int, reduction.picture.count + 1);
	reduction.box = palloc_array(int, reduction.picture.count + 1);
	for (i = 0; i < reduction.picture.count; i++)
		reduction.fold[i] = -1;
	if (reduction.picture.nversioned > limit)
		fold_chains(&reduction);
	nchains = reduction.nfolds;
	if (reduction.picture.nversioned > limit)
		fold_front(&reduction);
	fold_rest(&reduction, reduction.picture.nregistered,
			  reduction.picture.count);
	fold_rest(&reduction, reduction.picture.nversioned,
			  reduction.picture.nregistered);
	CHECK_FOR_INTERRUPTS();
	add_boxes(&reduction, outline, nchains);
	add_links(&reduction, outline);
}

/* What is written in a box of several. */
char *
sl_box_label(const SlBox *box)
{
	if (box->node != NULL)
		return pstrdup(box->node->revision);
	return psprintf("... %s more", sl_grouped(box->folded));
}
