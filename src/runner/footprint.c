/*-------------------------------------------------------------------------
 *
 * footprint.c
 *	  What a revision did to the facts, on its way into the ledger.
 *
 * A trace (catalog/trace.h) is on while a script runs up.  What it found goes
 * to the ledger in the transaction of the script, so that there is never one
 * without the other.  A run of many revisions in one transaction writes now
 * and then, and at its end; a script outside a transaction writes with each
 * row of its journal that says "finished".
 *
 * Down scripts leave no footprint: a revert takes the revision's own out of
 * the expected schema.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/runner/footprint.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/objectaddress.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "catalog/catalog.h"
#include "catalog/trace.h"
#include "runner/runner.h"

/* what is written together, in bytes of memory */
#define FLUSH_BYTES (512 * 1024)

struct SlFootprints
{
	MemoryContext context;
	MemoryContext rows_context; /* reset with each flush */
	int64		next_id;		/* 0: not asked yet */
	int64		first_id;		/* of this flush */
	bool		any_before;		/* there was evidence before this run */
	int			nevidences;
	int			evidence_space;
	SlEvidence *evidences;
	int			nrows;
	int			row_space;
	SlFootprintRow *rows;
	List	   *once;			/* char *, revisions that run once */
};

/* A run's footprints, in a context under the current one. */
SlFootprints *
sl_footprints_begin(void)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "schema_lifecycle footprints",
												  ALLOCSET_DEFAULT_SIZES);
	SlFootprints *footprints = MemoryContextAllocZero(context,
													  sizeof(SlFootprints));

	footprints->context = context;
	footprints->rows_context =
		AllocSetContextCreate(context, "schema_lifecycle footprint rows",
							  ALLOCSET_DEFAULT_SIZES);
	return footprints;
}

static const uint8 *
hash_of(const SlFact *fact)
{
	SlFactHash *hash = palloc_object(SlFactHash);

	StaticAssertStmt(sizeof(SlFactHash) == SL_HASH_LENGTH,
					 "the ledger's hash is another");
	sl_fact_hash(fact, hash);
	return (const uint8 *) hash;
}

static const uint8 *
key_of(const SlChange *change)
{
	SlFactKey  *key = palloc_object(SlFactKey);

	StaticAssertStmt(sizeof(SlFactKey) == SL_KEY_LENGTH,
					 "the ledger's key is another");
	sl_fact_key(change->class, change->identity, key);
	return key->bytes;
}

/* One change as the ledger wants it, in the current memory context. */
void
sl_footprint_make_row(const SlChange *change, int64 evidence_id, int ordinal,
					  SlFootprintRow *row)
{
	static const char letters[] = {
		[SL_FACT_ADDED] = 'a',
		[SL_FACT_REPLACED] = 'r',
		[SL_FACT_CHANGED] = 'c',
		[SL_FACT_REMOVED] = 'd',
	};

	memset(row, 0, sizeof(*row));
	row->evidence_id = evidence_id;
	row->ordinal = ordinal;
	row->change = letters[change->kind];
	row->class = pstrdup(change->class);
	row->identity = pstrdup(change->identity);
	row->key = key_of(change);
	if (change->after != NULL)
	{
		row->after = hash_of(change->after);
		row->definition = sl_fact_definition(change->after);
	}
	if (change->kind == SL_FACT_CHANGED)
	{
		row->before = hash_of(change->before);
		row->changed = sl_fact_differences(change->before, change->after,
										   &row->nchanged);
	}
}

/* Write what is there. */
void
sl_footprints_flush(SlFootprints *footprints)
{
	if (footprints->nevidences == 0)
		return;
	if (footprints->once != NIL && footprints->any_before)
		sl_evidence_forget_older(footprints->once, footprints->first_id);
	sl_evidence_put_many(footprints->evidences, footprints->nevidences);
	if (footprints->nrows > 0)
		sl_footprint_append(footprints->rows, footprints->nrows);
	MemoryContextReset(footprints->rows_context);
	footprints->nevidences = footprints->evidence_space = 0;
	footprints->nrows = footprints->row_space = 0;
	footprints->once = NIL;
	footprints->first_id = footprints->next_id;
}

static void *
enlarge(void *array, int count, int *space, Size size)
{
	if (count < *space)
		return array;
	if (*space == 0)
	{
		*space = 64;
		return palloc(*space * size);
	}
	*space *= 2;
	return repalloc_huge(array, *space * size);
}

/*
 * A revision ran, under this row of the history, and changed this.  The
 * migration lock is held from before the first of a run to the end of the
 * transaction.
 */
void
sl_footprints_add(SlFootprints *footprints, const SlRegistryEntry *entry,
				  int64 log_id, List *changes)
{
	MemoryContext before = MemoryContextSwitchTo(footprints->rows_context);
	SlEvidence *evidence;
	int			ordinal = 0;
	ListCell   *cell;

	if (footprints->next_id == 0)
	{
		footprints->first_id = footprints->next_id = sl_evidence_next_id();
		footprints->any_before = footprints->first_id > 1;
	}
	footprints->evidences = enlarge(footprints->evidences,
									footprints->nevidences,
									&footprints->evidence_space,
									sizeof(SlEvidence));
	evidence = &footprints->evidences[footprints->nevidences++];
	evidence->id = footprints->next_id++;
	evidence->revision = pstrdup(entry->revision);
	evidence->evidence = SL_EVIDENCE_APPLIED;
	evidence->log_id = log_id;
	evidence->meaning = pstrdup(entry->meaning);
	evidence->complete = true;
	if (sl_kind_runs_once(entry->kind))
		footprints->once = lappend(footprints->once,
								   pstrdup(entry->revision));

	foreach(cell, changes)
	{
		footprints->rows = enlarge(footprints->rows, footprints->nrows,
								   &footprints->row_space,
								   sizeof(SlFootprintRow));
		sl_footprint_make_row(lfirst(cell), evidence->id, ++ordinal,
							  &footprints->rows[footprints->nrows++]);
	}
	MemoryContextSwitchTo(before);
	if (MemoryContextMemAllocated(footprints->rows_context, true) >
		FLUSH_BYTES)
		sl_footprints_flush(footprints);
}

/*
 * A statement of a script that runs outside a transaction has finished: in
 * the transaction that says so in the journal.
 */
void
sl_footprint_add_step(const SlRegistryEntry *entry, List *changes)
{
	SlEvidence	evidence = {0};
	SlFootprintRow *rows;
	int			nrows = 0;
	int			ordinal;
	bool		lost;
	ListCell   *cell;

	if (changes == NIL)
		return;
	evidence.id = sl_evidence_find_incomplete(entry->revision, &ordinal,
											  &lost);
	if (lost)
		return;
	if (evidence.id == 0)
	{
		evidence.id = sl_evidence_next_id();
		evidence.revision = entry->revision;
		evidence.evidence = SL_EVIDENCE_APPLIED;
		evidence.meaning = entry->meaning;
		sl_evidence_put(&evidence);
	}
	rows = palloc_array(SlFootprintRow, list_length(changes));
	foreach(cell, changes)
		sl_footprint_make_row(lfirst(cell), evidence.id, ordinal++,
							  &rows[nrows++]);
	sl_footprint_append(rows, nrows);
}

/*
 * Such a script is through, under this row of the history.  Returns what is
 * there for evidence; NULL: a part of its footprint was lost.
 */
const char *
sl_footprint_finish_steps(const SlRegistryEntry *entry, int64 log_id)
{
	int			ordinal;
	bool		lost;
	int64		id = sl_evidence_find_incomplete(entry->revision, &ordinal,
												 &lost);

	if (lost)
	{
		sl_evidence_forget_incomplete(entry->revision);
		return NULL;
	}
	if (id == 0)
	{
		SlEvidence	evidence = {0};

		id = evidence.id = sl_evidence_next_id();
		evidence.revision = entry->revision;
		evidence.evidence = SL_EVIDENCE_APPLIED;
		evidence.log_id = log_id;
		evidence.meaning = entry->meaning;
		evidence.complete = true;
		sl_evidence_put(&evidence);
	}
	else
		sl_evidence_complete(id, log_id, entry->meaning);
	if (sl_kind_runs_once(entry->kind))
		sl_evidence_forget_older(list_make1(entry->revision), id);
	return SL_EVIDENCE_APPLIED;
}

/*
 * Part of the footprint will never be known: a statement committed some of
 * its work while nobody watched.  Without it the rest would be a lie.
 */
void
sl_footprint_lose(const char *revision)
{
	SlEvidence	evidence = {0};

	sl_evidence_forget_incomplete(revision);
	evidence.id = sl_evidence_next_id();
	evidence.revision = revision;
	evidence.evidence = SL_EVIDENCE_APPLIED;
	sl_evidence_put(&evidence);
}

/* Facts of objects that were made while nobody watched. */
static void
add_made(const SlFact *fact, void *arg)
{
	List	  **changes = arg;
	SlChange   *change = palloc0_object(SlChange);

	change->kind = SL_FACT_REPLACED;
	change->after = sl_fact_copy(fact);
	change->class = change->after->class;
	change->identity = change->after->identity;
	*changes = lappend(*changes, change);
}

/*
 * The changes of a statement that finished in an earlier attempt, which did
 * not live to write them down: what recover.c found of it in the catalog.
 */
List *
sl_footprint_of_finished(const SlStepPlan *plan)
{
	SlCatalogOptions options = {NIL, false, true, true};
	List	   *changes = NIL;
	ListCell   *cell;

	foreach(cell, plan->made)
		sl_catalog_objects(&options, lfirst(cell), 1, true, add_made,
						   &changes);
	if (plan->gone_identity != NULL)
	{
		SlChange   *change = palloc0_object(SlChange);

		change->kind = SL_FACT_REMOVED;
		change->class = plan->gone_class;
		change->identity = plan->gone_identity;
		changes = lappend(changes, change);
	}
	return changes;
}
