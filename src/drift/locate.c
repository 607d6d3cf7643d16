/*-------------------------------------------------------------------------
 *
 * locate.c
 *	  At which revision is the catalog, whatever the history says?
 *
 * All rows of all footprints are in memory, as chains by fact and in the
 * order of the graph.  We walk through the graph, with the footprints of the
 * ancestors of where we are switched on and all others off, and keep count of
 * the facts that are not as the live ones are: a step costs what its rows
 * cost.  The way is that of a depth-first search, small branches before large
 * ones, so that a linear history is walked once, and a branch is left as
 * cheaply as it was entered.
 *
 * Repeatables come after whatever else is on, and are on all the time.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/drift/locate.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "common/sl_compat.h"
#include "drift/locate_private.h"

PG_FUNCTION_INFO_V1(sl_locate);

static int
compare_steps(const void *a, const void *b)
{
	int64		x = ((const SlLocatorStep *) a)->evidence;
	int64		y = ((const SlLocatorStep *) b)->evidence;

	return (x > y) - (x < y);
}

static int
compare_sizes(const void *a, const void *b, void *arg)
{
	const SlLocatorStep *steps = arg;
	int			x = *(const int *) a;
	int			y = *(const int *) b;

	if (steps[x].size != steps[y].size)
		return steps[x].size < steps[y].size ? -1 : 1;
	return x - y;
}

static void
count_unexplained(const SlFact *fact, void *arg)
{
	SlLocator    *locator = arg;

	if (!sl_is_ignored(locator->ignore, fact->class, fact->identity, NULL))
		locator->count[STATE_UNEXPECTED]++;
}

/* Live facts that no footprint knows: read, if some are to be ignored. */
static void
find_unexplained(SlLocator *locator)
{
	SlGiven		given;
	SlFactKey  *keys;
	const SlFactKey *key;
	const SlFactHash *hash;
	uint64		position = 0;
	int			nkeys = 0;

	sl_given_read(&given);
	keys = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(SlFactKey) *
								  (sl_image_count(locator->live) + 1));
	while (sl_image_next(locator->live, &position, &key, &hash))
		if (locator_facts_lookup(locator->facts, *key) == NULL &&
			!sl_is_given(&given, key))
			keys[nkeys++] = *key;
	if (!locator->ignores)
		locator->count[STATE_UNEXPECTED] += nkeys;
	else if (nkeys > 0)
		sl_image_facts(locator->live, keys, nkeys, count_unexplained,
					   locator);
	pfree(keys);
}

/*
 * A baseline and what it replaces do the same thing twice: what ran here
 * counts, and where that does not tell, the revisions that it replaces, if
 * all of them are known.
 */
static void
settle_baselines(SlLocator *locator)
{
	const SlLineage *lineage = &locator->lineage;
	int			i;
	int			k;

	for (i = 0; i < lineage->count; i++)
	{
		SlLocatorStep *step = &locator->steps[i];
		bool		all = !lineage->partly_known[i];

		if (lineage->rows[i]->kind != SL_KIND_BASELINE)
			continue;
		for (k = lineage->member_start[i]; k < lineage->member_start[i + 1];
			 k++)
			all = all && locator->steps[lineage->member[k]].known;
		if (step->evidence == 0 || (all && !lineage->rows[i]->claimed))
		{
			step->evidence = 0;
			step->known = all;
			continue;
		}
		for (k = lineage->member_start[i]; k < lineage->member_start[i + 1];
			 k++)
			locator->steps[lineage->member[k]].stand_in = i;
	}
	/* a later baseline may replace an earlier one */
	for (i = lineage->count - 1; i >= 0; i--)
	{
		SlLocatorStep *step = &locator->steps[i];

		if (step->stand_in < 0)
			continue;
		if (locator->steps[step->stand_in].stand_in >= 0)
			step->stand_in = locator->steps[step->stand_in].stand_in;
		step->evidence = 0;
	}
}

/*
 * What the step rests on, as often as it does; returns how many they are.  A
 * baseline in the place of others rests on what those rest on.
 */
static int
rests_on(const SlLocator *locator, int number, int *parents)
{
	const SlLineage *lineage = &locator->lineage;
	int			member = lineage->member_start[number];
	int			end = lineage->member_start[number + 1];
	int			step = number;
	int			n = 0;
	int			i;

	for (;;)
	{
		for (i = lineage->parent_start[step];
			 i < lineage->parent_start[step + 1]; i++)
		{
			int			parent = lineage->parent[i];

			if (locator->steps[parent].stand_in >= 0)
				parent = locator->steps[parent].stand_in;
			if (parent != number)
				parents[n++] = parent;
		}
		if (member == end || locator->steps[number].evidence == 0)
			return n;
		step = lineage->member[member++];
	}
}

/* The evidence of each revision, and of the repeatables behind them. */
static void
find_steps(SlLocator *locator, SlGraph *graph)
{
	SlLineage  *lineage = &locator->lineage;
	SlEvidenceRow *rows;
	List	   *repeatables = sl_graph_repeatables(graph);
	ListCell   *cell;
	int			nrows;
	int			i;

	sl_graph_lineage(graph, lineage);
	rows = sl_evidence_sorted(&nrows);
	locator->steps = palloc0_array(SlLocatorStep, lineage->count + nrows + 1);
	locator->nsteps = lineage->count;
	for (i = 0; i < lineage->count; i++)
	{
		SlEvidenceRange range = sl_evidence_of(rows, nrows,
											   lineage->rows[i]->revision);
		const SlEvidenceRow *best = sl_evidence_best(&range, 0);

		locator->steps[i].stand_in = -1;
		if (best == NULL)
			continue;
		locator->steps[i].evidence = best->id;
		locator->steps[i].known = true;
		locator->steps[i].silent = best->has_data;
	}
	settle_baselines(locator);
	foreach(cell, repeatables)
	{
		const SlRevisionRow *row = lfirst(cell);
		SlEvidenceRange range = sl_evidence_of(rows, nrows, row->revision);
		const SlEvidenceRow *best = sl_evidence_best(&range, 0);

		for (i = 0; i < range.count; i++)
		{
			SlLocatorStep *step = &locator->steps[locator->nsteps];

			if (strcmp(range.rows[i].evidence, "applied") != 0 &&
				&range.rows[i] != best)
				continue;
			step->evidence = range.rows[i].id;
			step->known = true;
			locator->nsteps++;
		}
	}
	/* an evidence and the order of the runs go together */
	qsort(locator->steps + lineage->count, locator->nsteps - lineage->count,
		  sizeof(SlLocatorStep), compare_steps);
}

/* On the way from one revision to the next */
typedef struct Walk
{
	SlLocator    *locator;
	int		   *on;				/* steps that are on, in that order */
	int			non;
	int		   *frames;			/* revisions that we are below */
	int		   *starts;			/* what each of them switched on */
	int			nframes;
	int		   *todo;
	int		   *parents;
	bool	   *noted;
} Walk;

static int
compare_ints(const void *a, const void *b)
{
	int			x = *(const int *) a;
	int			y = *(const int *) b;

	return (x > y) - (x < y);
}

/* Go to a revision, from that which is its parent in the tree. */
static void
enter(Walk *walk, int number)
{
	SlLocator    *locator = walk->locator;
	int			start = walk->non;
	int			nparents;
	int			next;
	int			i;

	walk->frames[walk->nframes] = number;
	walk->starts[walk->nframes++] = start;
	walk->on[walk->non++] = number;
	walk->noted[number] = true;
	for (next = start; next < walk->non; next++)
	{
		nparents = rests_on(locator, walk->on[next], walk->parents);
		for (i = 0; i < nparents; i++)
		{
			int			parent = walk->parents[i];

			if (locator->steps[parent].on || walk->noted[parent])
				continue;
			walk->noted[parent] = true;
			walk->on[walk->non++] = parent;
		}
	}
	if (walk->non - start > 1)
		qsort(walk->on + start, walk->non - start, sizeof(int), compare_ints);
	for (i = start; i < walk->non; i++)
	{
		walk->noted[walk->on[i]] = false;
		sl_locator_switch_on(locator, walk->on[i]);
	}
}

static void
leave(Walk *walk)
{
	int			start = walk->starts[--walk->nframes];

	while (walk->non > start)
		sl_locator_switch_off(walk->locator, walk->on[--walk->non]);
}

static void
note_location(SlLocator *locator, int number)
{
	SlLocation   *location;

	if (locator->steps[number].evidence == 0)
		return;
	location = &locator->locations[locator->nlocations++];
	location->step = number;
	location->missing = locator->count[STATE_MISSING];
	location->altered = locator->count[STATE_ALTERED];
	location->unexpected = locator->count[STATE_UNEXPECTED];
	location->silent = locator->silent;
	location->exact = locator->unknown == 0 && location->missing == 0 &&
		location->altered == 0 && location->unexpected == 0;
}

/* A tree of the graph: each revision below the latest of its parents. */
static void
plant(SlLocator *locator, int *parents, int *first_child, int *sibling)
{
	const SlLineage *lineage = &locator->lineage;
	int		   *order = palloc_array(int, lineage->count + 1);
	int			nparents;
	int			i;
	int			k;

	for (i = lineage->count - 1; i >= 0; i--)
	{
		SlLocatorStep *step = &locator->steps[i];

		step->size++;
		step->tree_parent = -1;
		nparents = rests_on(locator, i, parents);
		for (k = 0; k < nparents; k++)
			if (parents[k] < i)
				step->tree_parent = Max(step->tree_parent, parents[k]);
		if (step->tree_parent >= 0)
			locator->steps[step->tree_parent].size += step->size;
		order[i] = i;
	}
	/* what is pushed last is visited first: the smallest */
	qsort_arg(order, lineage->count, sizeof(int), compare_sizes,
			  locator->steps);
	for (i = 0; i <= lineage->count; i++)
		first_child[i] = -1;
	for (i = 0; i < lineage->count; i++)
	{
		int			parent = locator->steps[order[i]].tree_parent;

		/* the roots are the children of nobody, who is the last one */
		if (parent < 0)
			parent = lineage->count;
		sibling[order[i]] = first_child[parent];
		first_child[parent] = order[i];
	}
	pfree(order);
}

/* Visit every revision. */
static void
walk_through(SlLocator *locator)
{
	int			count = locator->lineage.count;
	int		   *first_child = palloc_array(int, count + 1);
	int		   *sibling = palloc_array(int, count + 1);
	Walk		walk = {locator};
	int			ntodo = 0;
	int			child;

	walk.on = palloc_array(int, count + 1);
	walk.frames = palloc_array(int, count + 1);
	walk.starts = palloc_array(int, count + 1);
	walk.todo = palloc_array(int, count + 1);
	walk.parents = palloc_array(int, locator->lineage.parent_start[count] + 1);
	walk.noted = palloc0_array(bool, count + 1);
	locator->locations = palloc_array(SlLocation, count + 1);
	plant(locator, walk.parents, first_child, sibling);
	for (child = first_child[count]; child >= 0; child = sibling[child])
		walk.todo[ntodo++] = child;
	while (ntodo > 0)
	{
		int			number = walk.todo[--ntodo];
		int			parent = locator->steps[number].tree_parent;

		CHECK_FOR_INTERRUPTS();
		while (walk.nframes > 0 && walk.frames[walk.nframes - 1] != parent)
			leave(&walk);
		enter(&walk, number);
		note_location(locator, number);
		for (child = first_child[number]; child >= 0; child = sibling[child])
			walk.todo[ntodo++] = child;
	}
}

/*
 * The best first.  Among equals, data that no fact can prove counts against a
 * revision; else the later one is the answer.
 */
static int
compare_locations(const void *a, const void *b)
{
	const SlLocation *x = a;
	const SlLocation *y = b;
	int64		differences = (int64) x->missing + x->altered + x->unexpected;
	int64		others = (int64) y->missing + y->altered + y->unexpected;

	if (x->exact != y->exact)
		return x->exact ? -1 : 1;
	if (differences != others)
		return differences < others ? -1 : 1;
	if (x->silent != y->silent)
		return x->silent < y->silent ? -1 : 1;
	return y->step - x->step;
}

static void
locate(SlLocator *locator)
{
	SlGraph    *graph = sl_graph_read(true);
	SlOptions	settings;
	int			i;

	sl_options_resolve(&settings, NULL);
	locator->cxt = CurrentMemoryContext;
	locator->what.schemas = settings.managed_schemas;
	locator->what.owners = settings.compare_owners;
	locator->what.privileges = settings.compare_privileges;
	locator->ignore = sl_ignore_read(settings.ignore);
	locator->ignores = !sl_ignores_nothing(locator->ignore);
	locator->live = sl_image_get(&locator->what);
	locator->facts = locator_facts_create(CurrentMemoryContext, 1024, NULL);
	find_steps(locator, graph);
	sl_locator_read(locator);
	find_unexplained(locator);
	for (i = 0; i < locator->lineage.count; i++)
		locator->steps[i].silent = locator->steps[i].silent &&
			locator->steps[i].nrows == 0;
	for (i = locator->lineage.count; i < locator->nsteps; i++)
		sl_locator_switch_on(locator, i);
	walk_through(locator);
	qsort(locator->locations, locator->nlocations, sizeof(SlLocation),
		  compare_locations);
}

/*
 * Revisions that the live facts could be at, the best first: SlPlace pointers.
 */
List *
sl_places(void)
{
	MemoryContext cxt;
	MemoryContext before;
	SlLocator	locator = {{0}};
	List	   *places = NIL;
	int			i;

	cxt = AllocSetContextCreate(CurrentMemoryContext,
								"schema_lifecycle locate",
								ALLOCSET_DEFAULT_SIZES);
	before = MemoryContextSwitchTo(cxt);
	PushActiveSnapshot(GetLatestSnapshot());
	locate(&locator);
	PopActiveSnapshot();
	MemoryContextSwitchTo(before);
	for (i = 0; i < locator.nlocations; i++)
	{
		const SlLocation *location = &locator.locations[i];
		SlPlace    *place = palloc_object(SlPlace);

		place->revision =
			pstrdup(locator.lineage.rows[location->step]->revision);
		place->missing = location->missing;
		place->altered = location->altered;
		place->unexpected = location->unexpected;
		place->exact = location->exact;
		places = lappend(places, place);
	}
	MemoryContextDelete(cxt);
	return places;
}

/* sl_locate() */
Datum
sl_locate(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	foreach(cell, sl_places())
	{
		const SlPlace *place = lfirst(cell);
		Datum		values[5];
		bool		nulls[5] = {0};

		values[0] = CStringGetTextDatum(place->revision);
		values[1] = Int32GetDatum(place->missing);
		values[2] = Int32GetDatum(place->altered);
		values[3] = Int32GetDatum(place->unexpected);
		values[4] = BoolGetDatum(place->exact);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}
