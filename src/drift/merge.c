/*-------------------------------------------------------------------------
 *
 * merge.c
 *	  Expected facts in full, from the rows of the ledger.
 *
 * The last row of a fact's chain says what it is, unless the fold could not
 * follow the chain by hashes alone: then the fact is what the first row of
 * the chain says, and each later one sets the attributes that it changed.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/drift/merge.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "common/sl_compat.h"
#include "drift/drift_private.h"

/* so many facts are in memory at once */
#define READ_FACTS 5000

static const SlAttribute *
attribute_of(const SlFact *fact, const char *name)
{
	int			i;

	for (i = 0; i < fact->nattributes; i++)
		if (strcmp(fact->attributes[i].name, name) == 0)
			return &fact->attributes[i];
	return NULL;
}

static void
remove_attribute(SlFact *fact, const char *name)
{
	int			i;

	for (i = 0; i < fact->nattributes; i++)
	{
		if (strcmp(fact->attributes[i].name, name) != 0)
			continue;
		memmove(&fact->attributes[i], &fact->attributes[i + 1],
				sizeof(SlAttribute) * (fact->nattributes - i - 1));
		fact->nattributes--;
		return;
	}
}

/* Put an attribute where its name belongs. */
static void
insert_attribute(SlFact *fact, const SlAttribute *attribute)
{
	int			i;

	fact->attributes = repalloc(fact->attributes, sizeof(SlAttribute) *
								(fact->nattributes + 1));
	for (i = fact->nattributes; i > 0; i--)
	{
		if (strcmp(fact->attributes[i - 1].name, attribute->name) < 0)
			break;
		fact->attributes[i] = fact->attributes[i - 1];
	}
	fact->attributes[i] = *attribute;
	fact->nattributes++;
}

/* Give a fact those attributes that were changed, as they are after that. */
void
sl_fact_set_attributes(SlFact *fact, const SlFact *after, char **changed,
					   int nchanged)
{
	int			i;

	for (i = 0; i < nchanged; i++)
	{
		const SlAttribute *attribute = attribute_of(after, changed[i]);

		remove_attribute(fact, changed[i]);
		if (attribute != NULL)
			insert_attribute(fact, attribute);
	}
}

/* The rows of a chain, the first one whole. */
static SlFact *
merge_rows(const SlFootprintFact **rows, int count)
{
	SlFact	   *fact = sl_fact_parse(rows[0]->class, rows[0]->identity,
									 rows[0]->definition);
	int			i;

	for (i = 1; i < count; i++)
		sl_fact_set_attributes(fact,
							   sl_fact_parse(rows[i]->class,
											 rows[i]->identity,
											 rows[i]->definition),
							   rows[i]->changed, rows[i]->nchanged);
	return fact;
}

static int
compare_to_place(const void *key, const void *element)
{
	const SlFootprintPlace *x = key;
	const SlFootprintPlace *y = &((const SlFootprintFact *) element)->place;

	if (x->evidence_id != y->evidence_id)
		return x->evidence_id < y->evidence_id ? -1 : 1;
	return (x->ordinal > y->ordinal) - (x->ordinal < y->ordinal);
}

static SlFootprintPlace
place_of(const SlExpected *expected, int row)
{
	SlFootprintPlace place;

	place.evidence_id =
		expected->evidences[expected->rows[row].evidence].id;
	place.ordinal = expected->rows[row].ordinal;
	return place;
}

/* Where a fact is whole again, going back: the first row to be read. */
static bool
is_base(const SlExpected *expected, const SlExpectedFact *entry, int row)
{
	int			prev = expected->rows[row].prev;

	return !entry->merged || expected->rows[row].what < 0 || prev < 0 ||
		expected->rows[prev].what == SL_ROW_DROPPED;
}

/* Some facts, in memory that goes afterwards. */
static void
read_some(SlExpected *expected, SlExpectedFact **entries, int count,
		  SlExpectedSink sink, void *arg)
{
	SlFootprintPlace *places;
	SlFootprintFact *found;
	int			space = count * 2;
	int			nplaces = 0;
	int			nfound;
	int			i;
	int			row;

	places = palloc_array(SlFootprintPlace, space);
	for (i = 0; i < count; i++)
	{
		for (row = entries[i]->last;; row = expected->rows[row].prev)
		{
			if (nplaces == space)
			{
				space *= 2;
				places = repalloc_huge(places, sizeof(SlFootprintPlace) *
									   space);
			}
			places[nplaces++] = place_of(expected, row);
			if (is_base(expected, entries[i], row))
				break;
		}
	}
	found = sl_footprint_fetch(places, nplaces, &nfound);

	nplaces = 0;
	for (i = 0; i < count; i++)
	{
		const SlFootprintFact **rows;
		int			nrows = 0;
		int			length = 1;

		CHECK_FOR_INTERRUPTS();
		for (row = entries[i]->last; !is_base(expected, entries[i], row);
			 row = expected->rows[row].prev)
			length++;
		rows = palloc_array(const SlFootprintFact *, length);
		/* the chain was noted from its end */
		for (row = length - 1; row >= 0; row--)
		{
			const SlFootprintFact *fact = nfound == 0 ? NULL :
				bsearch(&places[nplaces + row], found, nfound,
						sizeof(SlFootprintFact), compare_to_place);

			if (fact != NULL && fact->definition != NULL)
				rows[nrows++] = fact;
		}
		nplaces += length;
		/* rows that went meanwhile: the ledger moved, we are called again */
		if (nrows == length)
			sink(entries[i], merge_rows(rows, nrows), arg);
	}
}

/*
 * Hand facts that are there to the sink, in full, in the order of the
 * entries; they are gone after the call.
 */
void
sl_expected_read(SlExpected *expected, SlExpectedFact **entries, int count,
				 SlExpectedSink sink, void *arg)
{
	MemoryContext cxt = AllocSetContextCreate(CurrentMemoryContext,
											  "schema_lifecycle definitions",
											  ALLOCSET_DEFAULT_SIZES);
	MemoryContext before = MemoryContextSwitchTo(cxt);
	int			i;

	for (i = 0; i < count; i += READ_FACTS)
	{
		read_some(expected, entries + i, Min(READ_FACTS, count - i), sink,
				  arg);
		MemoryContextReset(cxt);
	}
	MemoryContextSwitchTo(before);
	MemoryContextDelete(cxt);
}
