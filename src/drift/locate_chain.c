/*-------------------------------------------------------------------------
 *
 * locate_chain.c
 *	  The rows of all footprints in memory, and the facts that those lead to
 *	  which are switched on.
 *
 * Rows are in the order of their steps; those about one fact are a chain.  A
 * row that comes after all of its chain that count acts on the fact as it is;
 * else the fact is made anew, from the last row that makes it whole.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/drift/locate_chain.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "common/sl_compat.h"
#include "drift/locate_private.h"

/* Let a row act on its fact. */
static void
act(SlLocatorFact *fact, const SlLocatorRow *row)
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
previous_on(const SlLocator *locator, int row)
{
	do
	{
		row = locator->rows[row].prev;
	} while (row >= 0 && !locator->steps[locator->rows[row].step].on);
	return row;
}

static int
next_on(const SlLocator *locator, int row)
{
	do
	{
		row = locator->rows[row].next;
	} while (row >= 0 && !locator->steps[locator->rows[row].step].on);
	return row;
}

/* The definitions of a whole chain. */
static void
read_chain(SlLocator *locator, const SlLocatorFact *fact)
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
		SlLocatorRow *r = &locator->rows[row];

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

/*
 * What the rows that are on make of a fact, attribute by attribute, in the
 * current memory context; NULL if the ledger does not say.
 */
static SlFact *
merge(SlLocator *locator, SlLocatorFact *fact)
{
	SlFact	   *merged;
	int			row = fact->last_on;
	int			prev;

	if (locator->rows[row].definition == NULL)
		read_chain(locator, fact);
	if (locator->rows[row].definition == NULL)
		return NULL;
	while (locator->rows[row].what >= 0 &&
		   (prev = previous_on(locator, row)) >= 0 &&
		   locator->rows[prev].what != SL_ROW_DROPPED)
		row = prev;
	merged = sl_fact_copy(locator->rows[row].definition);
	while ((row = next_on(locator, row)) >= 0)
	{
		const SlLocatorRow  *r = &locator->rows[row];

		sl_fact_set_attributes(merged, r->definition, r->changed,
							   r->nchanged);
	}
	return merged;
}

static void
keep_actual(const SlFact *actual, void *arg)
{
	SlFact	  **kept = arg;

	*kept = sl_fact_copy(actual);
}

typedef struct Differences
{
	const SlIgnore *ignore;
	const SlCatalogOptions *what;
	const SlFact *fact;
	bool		found;
} Differences;

static void
take_difference(const SlFinding *finding, void *arg)
{
	Differences *differences = arg;
	const char *name = finding->attribute;

	if (name != NULL &&
		((strcmp(name, "owner") == 0 && !differences->what->owners) ||
		 (strcmp(name, "privileges") == 0 && !differences->what->privileges)))
		return;
	differences->found |= !sl_is_ignored(differences->ignore,
										 differences->fact->class,
										 differences->fact->identity, name);
}

/* Does it differ from the live one in nothing but what is ignored? */
static bool
differs_in_ignored(SlLocator *locator, SlLocatorFact *fact, SlFact *expected)
{
	Differences differences = {locator->ignore, &locator->what, expected};

	if (fact->actual == NULL)
	{
		MemoryContext before = MemoryContextSwitchTo(locator->cxt);

		sl_image_facts(locator->live, &fact->key, 1, keep_actual,
					   &fact->actual);
		MemoryContextSwitchTo(before);
	}
	if (expected == NULL || fact->actual == NULL)
		return false;
	sl_facts_compare(expected, fact->actual, take_difference, &differences);
	return !differences.found;
}

/* Whether the fact, which is on both sides, is the same on them. */
static bool
is_as_live(SlLocator *locator, SlLocatorFact *fact)
{
	MemoryContext cxt;
	MemoryContext before;
	SlFact	   *merged;
	bool		result;

	if (!fact->merged &&
		sl_fact_hash_equal(&fact->hash, &fact->live, &locator->what))
		return true;
	if (!fact->merged && !fact->partly)
		return false;
	cxt = AllocSetContextCreate(CurrentMemoryContext,
								"schema_lifecycle merge",
								ALLOCSET_SMALL_SIZES);
	before = MemoryContextSwitchTo(cxt);
	merged = merge(locator, fact);
	if (merged != NULL)
		sl_fact_hash(merged, &fact->hash);
	result = sl_fact_hash_equal(&fact->hash, &fact->live, &locator->what) ||
		(fact->partly && differs_in_ignored(locator, fact, merged));
	MemoryContextSwitchTo(before);
	MemoryContextDelete(cxt);
	return result;
}

/* Count the fact as what it is now. */
static void
judge(SlLocator *locator, SlLocatorFact *fact)
{
	SlLocatorState state = STATE_FINE;

	if (!fact->compared)
		return;
	if (fact->there && !fact->is_live)
		state = STATE_MISSING;
	else if (fact->there && !is_as_live(locator, fact))
		state = STATE_ALTERED;
	else if (!fact->there && fact->is_live)
		state = STATE_UNEXPECTED;
	locator->count[fact->state]--;
	locator->count[state]++;
	fact->state = state;
}

/* From the last row that makes it whole. */
static void
recompute(SlLocator *locator, SlLocatorFact *fact)
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

/* The footprint of a step counts from now on. */
void
sl_locator_switch_on(SlLocator *locator, int number)
{
	SlLocatorStep *step = &locator->steps[number];
	int			i;

	step->on = true;
	locator->unknown += !step->known;
	locator->silent += step->silent;
	for (i = step->first; i < step->first + step->nrows; i++)
	{
		SlLocatorFact *fact = locator->by_number[locator->rows[i].fact];

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

/* It counts no longer. */
void
sl_locator_switch_off(SlLocator *locator, int number)
{
	SlLocatorStep *step = &locator->steps[number];
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
	SlLocator    *locator = arg;
	MemoryContext before;
	SlLocatorFact *fact;
	SlLocatorRow *row;
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
			palloc_array(SlLocatorRow, locator->space) :
			repalloc_huge(locator->rows,
						  sizeof(SlLocatorRow) * locator->space);
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
	fact = locator_facts_insert(locator->facts, *(const SlFactKey *) key->key,
						&found);
	if (!found)
	{
		int			scope = sl_scope_intern(&locator->scopes,
											&locator->nscopes, key);

		fact->number = locator->facts->members - 1;
		fact->there = fact->dropped = fact->merged = fact->made = false;
		fact->first = fact->last = fact->last_on = -1;
		fact->state = STATE_FINE;
		fact->partly = false;
		fact->actual = NULL;
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
			fact->partly = sl_is_partly_ignored(locator->ignore, class,
												identity);
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
	const SlLocatorRow  *x = a;
	const SlLocatorRow  *y = b;

	if (x->step != y->step)
		return x->step < y->step ? -1 : 1;
	return (x->ordinal > y->ordinal) - (x->ordinal < y->ordinal);
}

static int
compare_evidence(const void *a, const void *b, void *arg)
{
	const SlLocatorStep *steps = arg;
	int64		x = steps[*(const int *) a].evidence;
	int64		y = steps[*(const int *) b].evidence;

	return (x > y) - (x < y);
}

/* All rows, in chains. */
void
sl_locator_read(SlLocator *locator)
{
	locator_facts_iterator it;
	SlLocatorFact *fact;
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
		qsort(locator->rows, locator->nrows, sizeof(SlLocatorRow),
			  compare_rows);

	locator->by_number = MemoryContextAllocHuge(CurrentMemoryContext,
												sizeof(SlLocatorFact *) *
												(locator->facts->members + 1));
	locator_facts_start_iterate(locator->facts, &it);
	while ((fact = locator_facts_iterate(locator->facts, &it)) != NULL)
	{
		locator->by_number[fact->number] = fact;
		if (fact->compared && fact->is_live)
			fact->state = STATE_UNEXPECTED;
		locator->count[fact->state]++;
	}
	for (i = 0; i < locator->nrows; i++)
	{
		SlLocatorRow *row = &locator->rows[i];
		SlLocatorStep *step = &locator->steps[row->step];

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
