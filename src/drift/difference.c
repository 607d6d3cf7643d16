/*-------------------------------------------------------------------------
 *
 * difference.c
 *	  Every fact that is not as it should be, whole: for who is to bring it
 *	  about.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/drift/difference.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "drift/drift_private.h"

/* A fact of which the attributes are compared. */
typedef struct Comparison
{
	const SlLook *look;
	List	   *attributes;
} Comparison;

static bool
is_passed_over(const SlLook *look, const SlFact *fact, const char *attribute)
{
	return sl_is_ignored(look->ignore, fact->class, fact->identity,
						 attribute) ||
		sl_is_accepted(look->accepted, look->naccepted, fact->class,
					   fact->identity, attribute);
}

static void
take_attribute(const SlFinding *finding, void *arg)
{
	Comparison *comparison = arg;

	if (!is_passed_over(comparison->look, finding->expected,
						finding->attribute))
		comparison->attributes = lappend(comparison->attributes,
										 pstrdup(finding->attribute));
}

/*
 * Is the fact missing with what it hangs on, and does nobody care for that?
 */
static bool
goes_with_owner(const SlLook *look, const SlFact *fact)
{
	const SlFact *owner = sl_fact_owner(fact, &look->expected_set);

	if (owner == NULL ||
		sl_fact_set_find(&look->actual_set, owner->class,
						 owner->identity) != NULL)
		return false;
	return is_passed_over(look, owner, NULL);
}

static bool
is_in(List *names, const char *name)
{
	ListCell   *cell;

	foreach(cell, names)
		if (strcmp(lfirst(cell), name) == 0)
			return true;
	return false;
}

/* The rows of a chain, the first one first. */
static List *
chain_of(const SlExpected *expected, const SlExpectedFact *entry)
{
	List	   *rows = NIL;
	int			row;

	for (row = entry->last; row >= 0; row = expected->rows[row].prev)
		rows = lcons_int(row, rows);
	return rows;
}

/* A row of a footprint, as it was written. */
static const SlFootprintFact *
fetch_row(const SlExpected *expected, int row)
{
	SlFootprintPlace place;
	SlFootprintFact *fact;
	int			count;

	place.evidence_id =
		expected->evidences[expected->rows[row].evidence].id;
	place.ordinal = expected->rows[row].ordinal;
	fact = sl_footprint_fetch(&place, 1, &count);
	return count == 1 ? fact : NULL;
}

/* The live fact as it would be after those revisions had run again. */
static SlFact *
after_replay(const SlExpected *expected, const SlExpectedFact *entry,
			 List *replayed, const SlFact *actual)
{
	SlFact	   *fact = actual == NULL ? NULL : sl_fact_copy(actual);
	ListCell   *cell;

	foreach(cell, chain_of(expected, entry))
	{
		const SlFoldRow *row = &expected->rows[lfirst_int(cell)];
		const SlFootprintFact *change;
		SlFact	   *after;

		if (!is_in(replayed, expected->evidences[row->evidence].revision))
			continue;
		change = fetch_row(expected, lfirst_int(cell));
		if (change == NULL || change->definition == NULL)
		{
			fact = NULL;
			continue;
		}
		after = sl_fact_parse(change->class, change->identity,
							  change->definition);
		if (row->what < 0)
			fact = after;
		else if (fact != NULL)
			sl_fact_set_attributes(fact, after, change->changed,
								   change->nchanged);
	}
	return fact;
}

/* Who made it, and who had a part in it. */
static void
name_revisions(const SlExpected *expected, const SlExpectedFact *entry,
			   SlDifference *difference)
{
	int			row = expected->rows[entry->last].evidence;

	difference->revision = pstrdup(expected->evidences[row].revision);
	for (row = entry->last; row >= 0; row = expected->rows[row].prev)
	{
		const SlFoldEvidence *evidence =
			&expected->evidences[expected->rows[row].evidence];

		if (expected->rows[row].what == SL_ROW_DROPPED && row != entry->last)
			break;
		if (!is_in(difference->setters, evidence->revision))
			difference->setters = lappend(difference->setters,
										  pstrdup(evidence->revision));
		difference->maker = llast(difference->setters);
		difference->birth = expected->rows[row].evidence;
		/* what a run here has changed was here, whoever made it */
		difference->existed |= evidence->here;
		if (expected->rows[row].what < 0)
			break;
	}
}

/* Without owner and privileges, where these are not compared. */
static SlFact *
as_compared(const SlLook *look, const SlFact *fact)
{
	SlFact	   *copy = sl_fact_copy(fact);
	int			n = 0;
	int			i;

	for (i = 0; i < copy->nattributes; i++)
	{
		const char *name = copy->attributes[i].name;

		if ((look->what.owners || strcmp(name, "owner") != 0) &&
			(look->what.privileges || strcmp(name, "privileges") != 0))
			copy->attributes[n++] = copy->attributes[i];
	}
	copy->nattributes = n;
	return copy;
}

/* One fact, or NULL if it is as it should be, or if nobody cares. */
static SlDifference *
look_at(const SlLook *look, int i, List *replayed)
{
	const SlExpectedFact *entry = look->entries[i];
	const SlFact *wanted = entry->there ? look->whole[i] : NULL;
	const SlFact *actual = look->actual[i];
	const SlFact *fact = wanted != NULL ? wanted : actual;
	Comparison	comparison = {look, NIL};
	SlDifference *difference;

	if (fact == NULL || (entry->there && wanted == NULL))
		return NULL;
	if (replayed != NIL)
		actual = after_replay(look->expected, entry, replayed, actual);
	if (wanted == NULL && actual == NULL)
		return NULL;
	if (wanted != NULL && actual != NULL)
	{
		sl_facts_compare(as_compared(look, wanted),
						 as_compared(look, actual), take_attribute,
						 &comparison);
		if (comparison.attributes == NIL)
			return NULL;
	}
	else if (is_passed_over(look, fact, NULL) ||
			 (actual == NULL && goes_with_owner(look, fact)))
		return NULL;
	difference = palloc0_object(SlDifference);
	difference->class = pstrdup(fact->class);
	difference->identity = pstrdup(fact->identity);
	difference->expected = wanted == NULL ? NULL : sl_fact_copy(wanted);
	difference->actual = actual == NULL ? NULL : sl_fact_copy(actual);
	difference->attributes = comparison.attributes;
	name_revisions(look->expected, entry, difference);
	return difference;
}

static int
compare_differences(const ListCell *a, const ListCell *b)
{
	const SlDifference *x = lfirst(a);
	const SlDifference *y = lfirst(b);
	int			result = strcmp(x->class, y->class);

	return result != 0 ? result : strcmp(x->identity, y->identity);
}

/* All of them, by class and identity; they live in 'result'. */
List *
sl_differences(SlLook *look, List *replayed, MemoryContext result)
{
	MemoryContext before = MemoryContextSwitchTo(result);
	List	   *differences = NIL;
	int			i;

	for (i = 0; i < look->nentries; i++)
	{
		SlDifference *difference;

		CHECK_FOR_INTERRUPTS();
		difference = look_at(look, i, replayed);
		if (difference != NULL)
			differences = lappend(differences, difference);
	}
	list_sort(differences, compare_differences);
	MemoryContextSwitchTo(before);
	return differences;
}
