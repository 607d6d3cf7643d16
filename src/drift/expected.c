/*-------------------------------------------------------------------------
 *
 * expected.c
 *	  Which evidences count, and in what order: the expected schema.
 *
 * At present: what is applied, in the order of the history, each revision
 * with what its own run left; where it did not run here, with the latest
 * evidence of the script that is registered.  What may run more than once
 * counts each time that it ran.  At a revision: it and its ancestors in the
 * order of the graph, then the repeatables.
 *
 * The present state is kept for the session, until the ledger is written to.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/drift/expected.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "common/invalidation.h"
#include "common/sl_compat.h"
#include "drift/drift_private.h"

static SlExpected *kept = NULL;

static int
compare_evidence(const void *a, const void *b)
{
	const SlEvidenceRow *x = a;
	const SlEvidenceRow *y = b;
	int			result = strcmp(x->revision, y->revision);

	if (result != 0)
		return result;
	return (x->id > y->id) - (x->id < y->id);
}

/* All evidences, by revision and id. */
SlEvidenceRow *
sl_evidence_sorted(int *count)
{
	SlEvidenceRow *rows = sl_evidence_read(count);

	if (*count > 1)
		qsort(rows, *count, sizeof(SlEvidenceRow), compare_evidence);
	return rows;
}

/* Those of one revision. */
SlEvidenceRange
sl_evidence_of(const SlEvidenceRow *rows, int count, const char *revision)
{
	SlEvidenceRange range = {NULL, 0};
	int			low = 0;
	int			high = count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (strcmp(rows[middle].revision, revision) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	range.rows = rows + low;
	while (low + range.count < count &&
		   strcmp(rows[low + range.count].revision, revision) == 0)
		range.count++;
	return range;
}

/* That of the run itself, else the latest of the script as it is now. */
const SlEvidenceRow *
sl_evidence_best(const SlEvidenceRange *range, int64 log_id)
{
	const SlEvidenceRow *best = NULL;
	int			i;

	for (i = 0; i < range->count; i++)
	{
		const SlEvidenceRow *row = &range->rows[i];

		if (log_id != 0 && row->log_id == log_id)
			return row;
		if (row->current)
			best = row;
	}
	return best;
}

/* Evidences in the order of a fold. */
typedef struct Choice
{
	SlFoldEvidence *evidences;
	int			count;
	int			space;
} Choice;

static void
choose(Choice *choice, const SlEvidenceRow *row, int64 order, int claim)
{
	SlFoldEvidence *evidence;

	if (choice->count == choice->space)
	{
		choice->space = Max(64, choice->space * 2);
		choice->evidences = choice->evidences == NULL ?
			palloc_array(SlFoldEvidence, choice->space) :
			repalloc_huge(choice->evidences,
						  sizeof(SlFoldEvidence) * choice->space);
	}
	evidence = &choice->evidences[choice->count++];
	evidence->id = row->id;
	evidence->order = order;
	evidence->revision = pstrdup(row->revision);
	evidence->evidence = pstrdup(row->evidence);
	evidence->claim = claim;
	evidence->nrows = 0;
	evidence->here = (strcmp(row->evidence, "applied") == 0 ||
					  strcmp(row->evidence, "observed") == 0) &&
		row->log_id >= order;
}

/*
 * What runs more than once counts as often as it ran here.  Returns whether
 * one of the evidences is of what is claimed.
 */
static bool
choose_runs(Choice *choice, const SlEvidenceRange *range, int64 log_id,
			int claim)
{
	const SlEvidenceRow *best = sl_evidence_best(range, log_id);
	int			i;

	for (i = 0; i < range->count; i++)
	{
		const SlEvidenceRow *row = &range->rows[i];

		if (strcmp(row->evidence, "applied") == 0)
			choose(choice, row, row->log_id, claim);
	}
	if (best != NULL && strcmp(best->evidence, "applied") != 0)
		choose(choice, best, log_id, claim);
	return best != NULL;
}

static int
compare_order(const void *a, const void *b)
{
	const SlFoldEvidence *x = a;
	const SlFoldEvidence *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

static bool
runs_again(SlKind kind)
{
	return kind == SL_KIND_REPEATABLE || kind == SL_KIND_SEED;
}

/* The fold at present, in a context of its own. */
static SlExpected *
fold_present(MemoryContext cxt, uint64 size)
{
	SlClaimRow *claims;
	SlEvidenceRow *rows;
	SlFoldClaim *known;
	SlExpected *expected;
	Choice		choice = {NULL};
	MemoryContext before;
	int			nclaims;
	int			nrows;
	int			i;

	claims = sl_claims_read(&nclaims);
	rows = sl_evidence_sorted(&nrows);
	before = MemoryContextSwitchTo(cxt);
	known = palloc_array(SlFoldClaim, nclaims + 1);
	for (i = 0; i < nclaims; i++)
	{
		const SlClaimRow *claim = &claims[i];
		SlEvidenceRange range = sl_evidence_of(rows, nrows, claim->revision);
		bool		proven;

		if (runs_again(claim->kind))
			proven = choose_runs(&choice, &range, claim->log_id, i);
		else
		{
			const SlEvidenceRow *best = sl_evidence_best(&range,
														 claim->log_id);

			if (best != NULL)
				choose(&choice, best, claim->log_id, i);
			proven = best != NULL;
		}
		known[i].revision = pstrdup(claim->revision);
		known[i].forced = claim->forced;
		known[i].has_data = claim->has_data;
		known[i].nrows = proven ? 0 : -1;
	}
	if (choice.count > 1)
		qsort(choice.evidences, choice.count, sizeof(SlFoldEvidence),
			  compare_order);
	MemoryContextSwitchTo(before);
	expected = sl_fold_begin(cxt, choice.evidences, choice.count, size);
	expected->claims = known;
	expected->nclaims = nclaims;
	sl_fold_run(expected);
	for (i = 0; i < expected->nevidences; i++)
	{
		SlFoldClaim *claim = &known[expected->evidences[i].claim];

		/* nobody's word alone: it ran, or the catalog bore it out */
		expected->evidences[i].here |= !claim->forced;
		if (claim->nrows >= 0)
			claim->nrows += expected->evidences[i].nrows;
	}
	return expected;
}

static MemoryContext
fold_context(MemoryContext parent)
{
	return AllocSetContextCreate(parent, "schema_lifecycle expected facts",
								 ALLOCSET_DEFAULT_SIZES);
}

/*
 * The facts that should be there now: about so many, if that is known, else
 * 0.  What is returned lasts until the next call, or for the memory context
 * that was current at this one.
 *
 * The active snapshot, which the caller pushed, gives way to one that is not
 * older than the ledger's number: what an older one shows must not be kept
 * under it, and what is read of the facts' definitions has to go with them.
 */
SlExpected *
sl_expected_present(uint64 size)
{
	uint64		generation = sl_ledger_generation();
	MemoryContext work;
	MemoryContext cxt;
	MemoryContext before;
	SlExpected *expected;

	PopActiveSnapshot();
	PushActiveSnapshot(GetLatestSnapshot());

	/* what this transaction has written, others do not see */
	if (kept != NULL && kept->generation == generation &&
		!sl_transaction_writes())
		return kept;

	work = fold_context(CurrentMemoryContext);
	cxt = fold_context(CurrentMemoryContext);
	before = MemoryContextSwitchTo(work);
	expected = fold_present(cxt, size);
	expected->generation = generation;
	MemoryContextSwitchTo(before);
	MemoryContextDelete(work);
	if (sl_transaction_writes())
		return expected;

	MemoryContextSetParent(cxt, TopMemoryContext);
	if (kept != NULL)
		MemoryContextDelete(kept->cxt);
	kept = expected;
	return kept;
}

/* The next call reads the ledger, whatever its number is. */
void
sl_expected_doubt(void)
{
	if (kept != NULL)
		kept->generation = 0;
}

/* The facts at a revision, in the current memory context. */
SlExpected *
sl_expected_at(SlGraph *graph, const SlRevisionRow *revision)
{
	SlEvidenceRow *rows;
	SlExpected *expected;
	Choice		choice = {NULL};
	int			versioned;
	int			nrows;
	ListCell   *cell;

	rows = sl_evidence_sorted(&nrows);
	foreach(cell, sl_graph_with_ancestors(graph, revision))
	{
		const SlRevisionRow *row = lfirst(cell);
		SlEvidenceRange range = sl_evidence_of(rows, nrows, row->revision);
		const SlEvidenceRow *best = sl_evidence_best(&range, 0);

		if (best != NULL)
			choose(&choice, best, 0, -1);
	}
	versioned = choice.count;
	foreach(cell, sl_graph_repeatables(graph))
	{
		const SlRevisionRow *row = lfirst(cell);
		SlEvidenceRange range = sl_evidence_of(rows, nrows, row->revision);

		(void) choose_runs(&choice, &range, PG_INT64_MAX, -1);
	}
	if (choice.count - versioned > 1)
		qsort(choice.evidences + versioned, choice.count - versioned,
			  sizeof(SlFoldEvidence), compare_order);
	expected = sl_fold_begin(fold_context(CurrentMemoryContext),
							 choice.evidences, choice.count, 0);
	sl_fold_run(expected);
	return expected;
}

/* Are facts of this scope compared? */
bool
sl_scope_is_compared(const SlScope *scope, const SlCatalogOptions *options)
{
	ListCell   *cell;

	if (scope->privileges && !options->privileges)
		return false;
	if (scope->schema == NULL || options->schemas == NIL)
		return true;
	foreach(cell, options->schemas)
		if (strcmp(lfirst(cell), scope->schema) == 0)
			return true;
	return false;
}
