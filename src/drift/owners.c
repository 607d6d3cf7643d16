/*-------------------------------------------------------------------------
 *
 * owners.c
 *	  Whose work a fact is, and each of its attributes.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/drift/owners.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/sl_compat.h"
#include "drift/drift_private.h"

static SlFactOwner *
owner_for(SlFactOwners *owners, const SlExpected *expected, int row)
{
	int			evidence = expected->rows[row].evidence;
	int			claim = expected->evidences[evidence].claim;
	SlFactOwner *owner;
	int			i;

	/* what may run more than once has a row for each time */
	for (i = 0; i < owners->count; i++)
		if (owners->owners[i].claim == claim)
			return &owners->owners[i];
	if (owners->count == owners->space)
	{
		owners->space = Max(4, owners->space * 2);
		owners->owners = owners->owners == NULL ?
			palloc_array(SlFactOwner, owners->space) :
			repalloc(owners->owners, sizeof(SlFactOwner) * owners->space);
	}
	owner = &owners->owners[owners->count++];
	owner->claim = claim;
	owner->evidence = evidence;
	owner->base = false;
	owner->attributes = NULL;
	return owner;
}

/* It was changed, and who made it is not in the fold. */
static bool
is_stray(const SlExpected *expected, const SlExpectedFact *entry)
{
	return !entry->there &&
		expected->rows[entry->last].what != SL_ROW_DROPPED;
}

/*
 * Who set the fact last: who made (or dropped) it, and who set attributes
 * since that nobody set again.  'owners' is filled anew; passed_over is
 * given.
 */
void
sl_fact_owners(const SlExpected *expected, const SlExpectedFact *entry,
			   SlFactOwners *owners)
{
	int			row;

	owners->count = 0;
	bms_free(owners->taken);
	owners->taken = NULL;
	if (is_stray(expected, entry))
		return;
	for (row = entry->last; row >= 0; row = expected->rows[row].prev)
	{
		int			what = expected->rows[row].what;
		Bitmapset  *set;

		if (what < 0)
		{
			/* one that was dropped before is not this one */
			if (what != SL_ROW_DROPPED || row == entry->last)
				owner_for(owners, expected, row)->base = true;
			break;
		}
		set = bms_difference(expected->sets.sets[what], owners->taken);
		set = bms_del_members(set, owners->passed_over);
		if (!bms_is_empty(set))
		{
			SlFactOwner *owner = owner_for(owners, expected, row);

			owner->attributes = bms_add_members(owner->attributes, set);
			owners->taken = bms_add_members(owners->taken, set);
		}
		bms_free(set);
	}
}

/* The revision that last had to do with it; NULL: none that counts. */
const char *
sl_revision_of_fact(const SlExpected *expected, const SlExpectedFact *entry)
{
	if (is_stray(expected, entry))
		return NULL;
	return expected->evidences[expected->rows[entry->last].evidence].revision;
}

/* The revision that set the attribute, or made the fact; NULL: none did. */
const char *
sl_revision_of_attribute(const SlExpected *expected,
						 const SlExpectedFact *entry, const char *name)
{
	int			number = sl_name_find(&expected->sets, name);
	int			row;

	for (row = entry->last; row >= 0; row = expected->rows[row].prev)
	{
		int			what = expected->rows[row].what;

		if (what == SL_ROW_DROPPED)
			return NULL;
		if (what < 0 ||
			(number >= 0 &&
			 bms_is_member(number, expected->sets.sets[what])))
			return expected->evidences[expected->rows[row].evidence].revision;
	}
	return NULL;
}
