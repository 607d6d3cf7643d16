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
#include "drift/drift_private.h"

PG_FUNCTION_INFO_V1(sl_locate);

/* A row of a footprint. */
typedef struct Row
{
	SlFactHash	before;
	SlFactHash	after;
	bool		has_before;
	int			step;
	int			ordinal;
	int			what;
	int			fact;
	int			prev;			/* in the chain of its fact, or -1 */
	int			next;
	SlFact	   *definition;		/* read when it is needed */
	char	  **changed;
	int			nchanged;
} Row;

typedef enum State
{
	STATE_FINE,					/* as it is, or on neither side */
	STATE_MISSING,
	STATE_ALTERED,
	STATE_UNEXPECTED
} State;

typedef struct Fact
{
	SlFactKey	key;
	int			number;
	SlFactHash	live;
	SlFactHash	hash;
	bool		is_live;
	bool		there;
	bool		dropped;
	bool		merged;
	bool		compared;
	bool		made;			/* a row of the chain adds it */
	State		state;
	int			first;			/* rows of the chain */
	int			last_on;		/* the last one that is on, or -1 */
	int			last;
	char		status;
} Fact;

static inline uint32
key_hash(const SlFactKey *key)
{
	uint32		hash;

	memcpy(&hash, key->bytes, sizeof(hash));
	return hash;
}

#define SH_PREFIX facts
#define SH_ELEMENT_TYPE Fact
#define SH_KEY_TYPE SlFactKey
#define SH_KEY key
#define SH_HASH_KEY(tb, key) key_hash(&(key))
#define SH_EQUAL(tb, a, b) (memcmp((a).bytes, (b).bytes, SL_KEY_LENGTH) == 0)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* A revision of the graph, or an evidence of a repeatable. */
typedef struct Step
{
	int64		evidence;		/* 0: none, or not to be looked at */
	int			first;			/* its rows */
	int			nrows;
	bool		on;
	bool		known;			/* what it did is known */
	bool		silent;			/* it has data, and no facts */
	int			stand_in;		/* the baseline in its place, or -1 */
	int			tree_parent;
	int			size;			/* of the tree below */
} Step;

typedef struct Location
{
	int			step;
	int			missing;
	int			altered;
	int			unexpected;
	int			silent;
	bool		exact;
} Location;

typedef struct Locator
{
	SlLineage	lineage;
	Step	   *steps;			/* the revisions, then the repeatables' */
	int			nsteps;
	int		   *by_id;			/* steps with evidence, by that */
	int			nby_id;
	int			next;
	Row		   *rows;
	int			nrows;
	int			space;
	bool		in_order;
	facts_hash *facts;
	Fact	  **by_number;		/* once the table grows no more */
	SlScope    *scopes;
	int			nscopes;
	SlNameSets	sets;
	SlCatalogOptions what;
	SlIgnore   *ignore;
	bool		ignores;		/* there are patterns */
	SlImage    *live;
	MemoryContext cxt;
	int			count[STATE_UNEXPECTED + 1];
	int			unknown;		/* steps that are on, and not known */
	int			silent;
	Location   *locations;
	int			nlocations;
} Locator;

/* Let a row act on its fact. */
static void
act(Fact *fact, const Row *row)
{
	if (row->what < 0)
	{
		fact->there = row->what != SL_ROW_DROPPED;
		fact->dropped = !fact->there;
		fact->merged = false;
	}
	else if (!fact->there)
	{
		/* who made it is not on, or it was there before them all */
		if (fact->made && !fact->dropped)
			return;
		fact->there = true;
		fact->merged = false;
	}
	else if (fact->merged || !row->has_before ||
			 memcmp(&fact->hash, &row->before, sizeof(SlFactHash)) != 0)
		fact->merged = true;
	fact->hash = row->after;
}

static int
previous_on(const Locator *locator, int row)
{
	do
	{
		row = locator->rows[row].prev;
	} while (row >= 0 && !locator->steps[locator->rows[row].step].on);
	return row;
}

static int
next_on(const Locator *locator, int row)
{
	do
	{
		row = locator->rows[row].next;
	} while (row >= 0 && !locator->steps[locator->rows[row].step].on);
	return row;
}

/* The definitions of a whole chain. */
static void
read_chain(Locator *locator, const Fact *fact)
{
	MemoryContext before = MemoryContextSwitchTo(locator->cxt);
	SlFootprintPlace *places;
	SlFootprintFact *found;
	int			nplaces = 0;
	int			nfound;
	int			row;
	int			i;

	for (row = fact->first; row >= 0; row = locator->rows[row].next)
		nplaces++;
	places = palloc_array(SlFootprintPlace, nplaces);
	nplaces = 0;
	for (row = fact->first; row >= 0; row = locator->rows[row].next)
	{
		places[nplaces].evidence_id =
			locator->steps[locator->rows[row].step].evidence;
		places[nplaces++].ordinal = locator->rows[row].ordinal;
	}
	found = sl_footprint_fetch(places, nplaces, &nfound);
	for (row = fact->first; row >= 0; row = locator->rows[row].next)
	{
		Row		   *r = &locator->rows[row];

		for (i = 0; i < nfound; i++)
		{
			if (found[i].place.evidence_id !=
				locator->steps[r->step].evidence ||
				found[i].place.ordinal != r->ordinal ||
				found[i].definition == NULL)
				continue;
			r->definition = sl_fact_parse(found[i].class, found[i].identity,
										  found[i].definition);
			r->changed = found[i].changed;
			r->nchanged = found[i].nchanged;
		}
	}
	MemoryContextSwitchTo(before);
}

/* What the rows that are on make of a fact, attribute by attribute. */
static void
merge(Locator *locator, Fact *fact)
{
	MemoryContext cxt;
	MemoryContext before;
	SlFact	   *merged;
	int			row = fact->last_on;
	int			prev;

	if (locator->rows[row].definition == NULL)
		read_chain(locator, fact);
	if (locator->rows[row].definition == NULL)
		return;
	cxt = AllocSetContextCreate(CurrentMemoryContext,
								"schema_lifecycle merge",
								ALLOCSET_SMALL_SIZES);
	before = MemoryContextSwitchTo(cxt);
	while (locator->rows[row].what >= 0 &&
		   (prev = previous_on(locator, row)) >= 0 &&
		   locator->rows[prev].what != SL_ROW_DROPPED)
		row = prev;
	merged = sl_fact_copy(locator->rows[row].definition);
	while ((row = next_on(locator, row)) >= 0)
	{
		const Row  *r = &locator->rows[row];

		sl_fact_set_attributes(merged, r->definition, r->changed,
							   r->nchanged);
	}
	sl_fact_hash(merged, &fact->hash);
	MemoryContextSwitchTo(before);
	MemoryContextDelete(cxt);
}

/* Count the fact as what it is now. */
static void
judge(Locator *locator, Fact *fact)
{
	State		state = STATE_FINE;

	if (fact->merged)
		merge(locator, fact);
	if (!fact->compared)
		return;
	if (fact->there && !fact->is_live)
		state = STATE_MISSING;
	else if (fact->there && !sl_fact_hash_equal(&fact->hash, &fact->live,
												&locator->what))
		state = STATE_ALTERED;
	else if (!fact->there && fact->is_live)
		state = STATE_UNEXPECTED;
	locator->count[fact->state]--;
	locator->count[state]++;
	fact->state = state;
}

/* From the last row that makes it whole. */
static void
recompute(Locator *locator, Fact *fact)
{
	int			row = fact->last_on;
	int			prev;

	fact->there = false;
	fact->dropped = false;
	fact->merged = false;
	if (row >= 0 && !locator->steps[locator->rows[row].step].on)
		row = previous_on(locator, row);
	fact->last_on = row;
	if (row >= 0)
	{
		while (locator->rows[row].what >= 0 &&
			   (prev = previous_on(locator, row)) >= 0)
			row = prev;
		for (; row >= 0; row = next_on(locator, row))
			act(fact, &locator->rows[row]);
	}
	judge(locator, fact);
}

static void
switch_on(Locator *locator, int number)
{
	Step	   *step = &locator->steps[number];
	int			i;

	step->on = true;
	locator->unknown += !step->known;
	locator->silent += step->silent;
	for (i = step->first; i < step->first + step->nrows; i++)
	{
		Fact	   *fact = locator->by_number[locator->rows[i].fact];

		if (i < fact->last_on)
		{
			recompute(locator, fact);
			continue;
		}
		fact->last_on = i;
		act(fact, &locator->rows[i]);
		judge(locator, fact);
	}
}

static void
switch_off(Locator *locator, int number)
{
	Step	   *step = &locator->steps[number];
	int			i;

	step->on = false;
	locator->unknown -= !step->known;
	locator->silent -= step->silent;
	for (i = step->first; i < step->first + step->nrows; i++)
		recompute(locator, locator->by_number[locator->rows[i].fact]);
}

/* A row of the ledger, if its evidence is one of ours. */
static void
take_row(const SlFootprintKey *key, void *arg)
{
	Locator    *locator = arg;
	MemoryContext before;
	Fact	   *fact;
	Row		   *row;
	bool		found;

	while (locator->next < locator->nby_id &&
		   locator->steps[locator->by_id[locator->next]].evidence <
		   key->evidence_id)
		locator->next++;
	if (locator->next == locator->nby_id ||
		locator->steps[locator->by_id[locator->next]].evidence !=
		key->evidence_id)
		return;
	before = MemoryContextSwitchTo(locator->cxt);
	if (locator->nrows == locator->space)
	{
		locator->space = Max(1024, locator->space * 2);
		locator->rows = locator->rows == NULL ?
			palloc_array(Row, locator->space) :
			repalloc_huge(locator->rows, sizeof(Row) * locator->space);
	}
	row = &locator->rows[locator->nrows++];
	memset(row, 0, sizeof(*row));
	row->has_before = key->before != NULL;
	if (key->before != NULL)
		memcpy(&row->before, key->before, sizeof(SlFactHash));
	if (key->after != NULL)
		memcpy(&row->after, key->after, sizeof(SlFactHash));
	row->step = locator->by_id[locator->next];
	row->ordinal = key->ordinal;
	row->what = sl_row_what(&locator->sets, key);
	if (locator->nrows > 1 && row->step < row[-1].step)
		locator->in_order = false;
	fact = facts_insert(locator->facts, *(const SlFactKey *) key->key,
						&found);
	if (!found)
	{
		int			scope = sl_scope_intern(&locator->scopes,
											&locator->nscopes, key);

		fact->number = locator->facts->members - 1;
		fact->there = fact->dropped = fact->merged = fact->made = false;
		fact->first = fact->last = fact->last_on = -1;
		fact->state = STATE_FINE;
		fact->compared = sl_scope_is_compared(&locator->scopes[scope],
											  &locator->what);
		fact->is_live = sl_image_find(locator->live, &fact->key,
									  &fact->live);
		if (fact->compared && locator->ignores)
		{
			char	   *class = pnstrdup(key->class, key->class_length);
			char	   *identity = pnstrdup(key->identity,
											key->identity_length);

			fact->compared = !sl_is_ignored(locator->ignore, class, identity,
											NULL);
			pfree(class);
			pfree(identity);
		}
	}
	row->fact = fact->number;
	fact->made = fact->made || row->what == SL_ROW_ADDED ||
		row->what == SL_ROW_REPLACED;
	MemoryContextSwitchTo(before);
}

static int
compare_rows(const void *a, const void *b)
{
	const Row  *x = a;
	const Row  *y = b;

	if (x->step != y->step)
		return x->step < y->step ? -1 : 1;
	return (x->ordinal > y->ordinal) - (x->ordinal < y->ordinal);
}

static int
compare_steps(const void *a, const void *b)
{
	int64		x = ((const Step *) a)->evidence;
	int64		y = ((const Step *) b)->evidence;

	return (x > y) - (x < y);
}

static int
compare_sizes(const void *a, const void *b, void *arg)
{
	const Step *steps = arg;
	int			x = *(const int *) a;
	int			y = *(const int *) b;

	if (steps[x].size != steps[y].size)
		return steps[x].size < steps[y].size ? -1 : 1;
	return x - y;
}

static int
compare_evidence(const void *a, const void *b, void *arg)
{
	const Step *steps = arg;
	int64		x = steps[*(const int *) a].evidence;
	int64		y = steps[*(const int *) b].evidence;

	return (x > y) - (x < y);
}

/* All rows, in chains. */
static void
read_rows(Locator *locator)
{
	facts_iterator it;
	Fact	   *fact;
	int			i;

	locator->by_id = palloc_array(int, locator->nsteps + 1);
	for (i = 0; i < locator->nsteps; i++)
		if (locator->steps[i].evidence != 0)
			locator->by_id[locator->nby_id++] = i;
	qsort_arg(locator->by_id, locator->nby_id, sizeof(int), compare_evidence,
			  locator->steps);
	locator->in_order = true;
	sl_footprint_read(take_row, locator);
	if (!locator->in_order)
		qsort(locator->rows, locator->nrows, sizeof(Row), compare_rows);

	locator->by_number = MemoryContextAllocHuge(CurrentMemoryContext,
												sizeof(Fact *) *
												(locator->facts->members + 1));
	facts_start_iterate(locator->facts, &it);
	while ((fact = facts_iterate(locator->facts, &it)) != NULL)
	{
		locator->by_number[fact->number] = fact;
		if (fact->compared && fact->is_live)
			fact->state = STATE_UNEXPECTED;
		locator->count[fact->state]++;
	}
	for (i = 0; i < locator->nrows; i++)
	{
		Row		   *row = &locator->rows[i];
		Step	   *step = &locator->steps[row->step];

		fact = locator->by_number[row->fact];
		row->prev = fact->last;
		row->next = -1;
		if (fact->last >= 0)
			locator->rows[fact->last].next = i;
		else
			fact->first = i;
		fact->last = i;
		if (step->nrows++ == 0)
			step->first = i;
	}
}

static void
count_unexplained(const SlFact *fact, void *arg)
{
	Locator    *locator = arg;

	if (!sl_is_ignored(locator->ignore, fact->class, fact->identity, NULL))
		locator->count[STATE_UNEXPECTED]++;
}

/* Live facts that no footprint knows: read, if some are to be ignored. */
static void
find_unexplained(Locator *locator)
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
		if (facts_lookup(locator->facts, *key) == NULL &&
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
settle_baselines(Locator *locator)
{
	const SlLineage *lineage = &locator->lineage;
	int			i;
	int			k;

	for (i = 0; i < lineage->count; i++)
	{
		Step	   *step = &locator->steps[i];
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
		Step	   *step = &locator->steps[i];

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
rests_on(const Locator *locator, int number, int *parents)
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
find_steps(Locator *locator, SlGraph *graph)
{
	SlLineage  *lineage = &locator->lineage;
	SlEvidenceRow *rows;
	List	   *repeatables = sl_graph_repeatables(graph);
	ListCell   *cell;
	int			nrows;
	int			i;

	sl_graph_lineage(graph, lineage);
	rows = sl_evidence_sorted(&nrows);
	locator->steps = palloc0_array(Step, lineage->count + nrows + 1);
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
			Step	   *step = &locator->steps[locator->nsteps];

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
		  sizeof(Step), compare_steps);
}

/* On the way from one revision to the next */
typedef struct Walk
{
	Locator    *locator;
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
	Locator    *locator = walk->locator;
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
		switch_on(locator, walk->on[i]);
	}
}

static void
leave(Walk *walk)
{
	int			start = walk->starts[--walk->nframes];

	while (walk->non > start)
		switch_off(walk->locator, walk->on[--walk->non]);
}

static void
note_location(Locator *locator, int number)
{
	Location   *location;

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
plant(Locator *locator, int *parents, int *first_child, int *sibling)
{
	const SlLineage *lineage = &locator->lineage;
	int		   *order = palloc_array(int, lineage->count + 1);
	int			nparents;
	int			i;
	int			k;

	for (i = lineage->count - 1; i >= 0; i--)
	{
		Step	   *step = &locator->steps[i];

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
walk_through(Locator *locator)
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
	locator->locations = palloc_array(Location, count + 1);
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
	const Location *x = a;
	const Location *y = b;
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
locate(Locator *locator)
{
	SlGraph    *graph = sl_graph_read(true);
	SlOptions	settings;
	int			i;

	sl_options_resolve(&settings, NULL);
	locator->cxt = CurrentMemoryContext;
	locator->what.schemas = settings.managed_schemas;
	locator->what.owners = settings.compare_owners;
	locator->what.privileges = settings.compare_privileges;
	locator->ignore = sl_ignore_parse(settings.ignore);
	locator->ignores = settings.ignore[0] != '\0';
	locator->live = sl_image_get(&locator->what);
	locator->facts = facts_create(CurrentMemoryContext, 1024, NULL);
	find_steps(locator, graph);
	read_rows(locator);
	find_unexplained(locator);
	for (i = 0; i < locator->lineage.count; i++)
		locator->steps[i].silent = locator->steps[i].silent &&
			locator->steps[i].nrows == 0;
	for (i = locator->lineage.count; i < locator->nsteps; i++)
		switch_on(locator, i);
	walk_through(locator);
	qsort(locator->locations, locator->nlocations, sizeof(Location),
		  compare_locations);
}

/* sl_locate(): revisions that the live facts could be at, the best first */
Datum
sl_locate(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext cxt;
	MemoryContext before;
	Locator		locator = {{0}};
	int			i;

	InitMaterializedSRF(fcinfo, 0);
	cxt = AllocSetContextCreate(CurrentMemoryContext,
								"schema_lifecycle locate",
								ALLOCSET_DEFAULT_SIZES);
	before = MemoryContextSwitchTo(cxt);
	PushActiveSnapshot(GetLatestSnapshot());
	locate(&locator);
	PopActiveSnapshot();
	for (i = 0; i < locator.nlocations; i++)
	{
		const Location *location = &locator.locations[i];
		Datum		values[5];
		bool		nulls[5] = {0};

		values[0] = CStringGetTextDatum(locator.lineage.rows[location->step]->revision);
		values[1] = Int32GetDatum(location->missing);
		values[2] = Int32GetDatum(location->altered);
		values[3] = Int32GetDatum(location->unexpected);
		values[4] = BoolGetDatum(location->exact);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
	}
	MemoryContextSwitchTo(before);
	MemoryContextDelete(cxt);
	return (Datum) 0;
}
