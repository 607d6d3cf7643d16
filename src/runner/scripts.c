/*-------------------------------------------------------------------------
 *
 * scripts.c
 *	  The scripts of a plan, one after the other, fetched some at a time.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/runner/scripts.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "runner/runner.h"

/* fetched together up to so many, and so many bytes */
#define FETCH_COUNT 64
#define FETCH_BYTES (256 * 1024)

struct SlScripts
{
	const SlPlan *plan;
	MemoryContext context;		/* of what is fetched */
	List	   *fetched;		/* SlRegistryEntry */
};

/* In a context under the current one. */
SlScripts *
sl_scripts_begin(const SlPlan *plan)
{
	SlScripts  *scripts = palloc0_object(SlScripts);

	scripts->plan = plan;
	scripts->context = AllocSetContextCreate(CurrentMemoryContext,
											 "schema_lifecycle scripts",
											 ALLOCSET_DEFAULT_SIZES);
	return scripts;
}

void
sl_scripts_end(SlScripts *scripts)
{
	MemoryContextDelete(scripts->context);
}

/* Fetch the scripts of this item and of some that follow it. */
static void
fetch_scripts(SlScripts *scripts, ListCell *first)
{
	const List *items = scripts->plan->items;
	MemoryContext before;
	List	   *revisions = NIL;
	int64		bytes = 0;
	ListCell   *cell;

	MemoryContextReset(scripts->context);
	before = MemoryContextSwitchTo(scripts->context);
	for (cell = first; cell != NULL; cell = lnext(items, cell))
	{
		const SlPlanItem *item = lfirst(cell);

		bytes += item->size;
		if (revisions != NIL && (bytes > FETCH_BYTES ||
								 list_length(revisions) >= FETCH_COUNT))
			break;
		revisions = lappend(revisions, item->revision);
	}
	scripts->fetched = sl_registry_get_scripts(revisions);
	MemoryContextSwitchTo(before);
}

/*
 * The script of an item of the plan, which is to be asked for in its order.
 * It is gone with the next call.
 */
SlRegistryEntry *
sl_scripts_get(SlScripts *scripts, ListCell *at)
{
	const SlPlanItem *item = lfirst(at);
	int			pass;

	for (pass = 0; pass < 2; pass++)
	{
		ListCell   *cell;

		foreach(cell, scripts->fetched)
		{
			SlRegistryEntry *entry = lfirst(cell);
			const char *script = scripts->plan->direction == SL_UP ?
				entry->up : entry->down;

			if (script != NULL && strcmp(entry->revision, item->revision) == 0)
				return entry;
		}
		if (pass == 0)
			fetch_scripts(scripts, at);
	}
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("revision \"%s\" was withdrawn while the run was under way",
					item->revision),
			 errhint("Call again.")));
	return NULL;				/* keep the compiler quiet */
}
