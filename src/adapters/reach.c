/*-------------------------------------------------------------------------
 *
 * reach.c
 *	  What the rows of a version table stand for.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/adapters/reach.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "adapters/adapters_private.h"
#include "common/sl_compat.h"

struct SlReachPlace
{
	const SlRevisionRow *row;
	int			place;
};

static int
compare_places(const void *a, const void *b)
{
	const SlRevisionRow *x = ((const struct SlReachPlace *) a)->row;
	const SlRevisionRow *y = ((const struct SlReachPlace *) b)->row;

	return (x > y) - (x < y);
}

/* Where the rows are in the lineage. */
static void
sort_places(SlReach *reach)
{
	const SlLineage *lineage = &reach->lineage;
	int			i;

	reach->places = palloc_array(struct SlReachPlace, lineage->count + 1);
	for (i = 0; i < lineage->count; i++)
	{
		reach->places[i].row = lineage->rows[i];
		reach->places[i].place = i;
	}
	qsort(reach->places, lineage->count, sizeof(struct SlReachPlace),
		  compare_places);
}

/*
 * Which revisions the tool knows: those that came from its files, or, if none
 * did, all whose ids could be its own, for they were written down by hand.
 */
static void
find_known(SlReach *reach)
{
	const SlLineage *lineage = &reach->lineage;
	const SlAdapter *adapter = reach->adapter;
	bool		any = false;
	int			i;

	reach->known = palloc0_array(bool, lineage->count + 1);
	for (i = 0; i < lineage->count && adapter != NULL; i++)
	{
		reach->known[i] = sl_adapter_has_format(adapter,
												lineage->rows[i]->format);
		any |= reach->known[i];
	}
	for (i = 0; i < lineage->count && !any; i++)
		reach->known[i] = adapter == NULL || adapter->could_be == NULL ||
			adapter->could_be(lineage->rows[i]->revision);
}

/* The graph as it is now; adapter NULL: of no tool. */
void
sl_reach_init(SlReach *reach, const SlAdapter *adapter)
{
	reach->adapter = adapter;
	reach->graph = sl_graph_read(true);
	sl_graph_lineage(reach->graph, &reach->lineage);
	find_known(reach);
	sort_places(reach);
}

/* Where in the lineage; -1: a repeatable is not in it. */
int
sl_reach_place(const SlReach *reach, const SlRevisionRow *row)
{
	struct SlReachPlace key = {row};
	const struct SlReachPlace *found =
		bsearch(&key, reach->places, reach->lineage.count,
				sizeof(struct SlReachPlace), compare_places);

	return found == NULL ? -1 : found->place;
}

/* All that a row stands for, one by one; false: nobody knows what that is. */
bool
sl_reach_word(const SlReach *reach, const SlWord *word, SlReachSink sink,
			  void *arg)
{
	const SlLineage *lineage = &reach->lineage;
	const SlRevisionRow *row = sl_graph_find(reach->graph, word->revision);
	ListCell   *cell;
	int			i;

	if (word->kind == SL_WORD_ALL_BEFORE && reach->adapter->is_before != NULL)
	{
		for (i = 0; i < lineage->count; i++)
			if (reach->known[i] &&
				lineage->rows[i]->kind == SL_KIND_VERSIONED &&
				reach->adapter->is_before(lineage->rows[i]->revision,
										  word->revision))
				sink(lineage->rows[i], word, arg);
		return true;
	}
	if (row == NULL)
		return false;
	if (word->kind == SL_WORD_APPLIED)
		sink(row, word, arg);
	else
		foreach(cell, sl_graph_with_ancestors(reach->graph, row))
			sink(lfirst(cell), word, arg);
	return true;
}
