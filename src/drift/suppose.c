/*-------------------------------------------------------------------------
 *
 * suppose.c
 *	  What the catalog would say of pending revisions, were they applied.
 *
 * A database that was set up by hand, or by create_all(), has what pending
 * revisions are about to make.  Whether it does is asked by the same rules
 * that find out what is only recorded: the revisions are claimed, the history
 * is held against the catalog, and the claims are taken back.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/drift/suppose.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/inval.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"

#include "common/sl_compat.h"
#include "drift/drift_private.h"
#include "runner/runner.h"

typedef struct NamedClaim
{
	const char *revision;
	int			claim;
} NamedClaim;

static int
compare_names(const void *a, const void *b)
{
	return strcmp(((const NamedClaim *) a)->revision,
				  ((const NamedClaim *) b)->revision);
}

static NamedClaim *
claims_by_name(const SlExpected *expected)
{
	NamedClaim *result = palloc_array(NamedClaim, expected->nclaims + 1);
	int			i;

	for (i = 0; i < expected->nclaims; i++)
	{
		result[i].revision = expected->claims[i].revision;
		result[i].claim = i;
	}
	qsort(result, expected->nclaims, sizeof(NamedClaim), compare_names);
	return result;
}

/* -1: it has none */
static int
claim_of(const NamedClaim *claims, int count, const char *revision)
{
	NamedClaim	key = {revision};
	NamedClaim *found = bsearch(&key, claims, count, sizeof(NamedClaim),
								compare_names);

	return found == NULL ? -1 : found->claim;
}

/* What a claim has to do with what should be there now. */
typedef struct Share
{
	bool		set;			/* it set something */
	bool		made;			/* it made something */
} Share;

static Share *
shares_of_claims(SlExpected *expected)
{
	Share	   *shares = palloc0_array(Share, expected->nclaims + 1);
	SlFactOwners owners = {0};
	sl_expected_facts_iterator it;
	SlExpectedFact *entry;
	int			i;

	sl_expected_facts_start_iterate(expected->facts, &it);
	while ((entry = sl_expected_facts_iterate(expected->facts, &it)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		if (!entry->there)
			continue;
		sl_fact_owners(expected, entry, &owners);
		for (i = 0; i < owners.count; i++)
		{
			shares[owners.owners[i].claim].set = true;
			shares[owners.owners[i].claim].made |= owners.owners[i].base;
		}
	}
	return shares;
}

static const struct
{
	const char *verdict;
	SlSupposition supposition;
	bool		needs_made;		/* else it is absent */
}			suppositions[] = {
	{"stamped", SL_SUPPOSE_ABSENT, false},
	{"partial", SL_SUPPOSE_PARTLY, false},
	{"altered", SL_SUPPOSE_PARTLY, true},
	{"unverifiable", SL_SUPPOSE_UNKNOWN, false},
};

/*
 * Of a revision with findings.  If all that it made is there, but not as it
 * made it, that is a part; if it made nothing, and what it altered is not as
 * it left it, it may just not have run.
 */
static SlSupposition
supposition_of(const SlStampFinding *finding, const Share *share)
{
	int			i;

	for (i = 0; i < (int) lengthof(suppositions); i++)
	{
		if (strcmp(suppositions[i].verdict, finding->verdict) != 0)
			continue;
		if (suppositions[i].needs_made && !share->made)
			return SL_SUPPOSE_ABSENT;
		return suppositions[i].supposition;
	}
	return SL_SUPPOSE_UNKNOWN;
}

/* What stands for each claim: the evidence that was folded last. */
static const char **
evidence_of_claims(const SlExpected *expected)
{
	const char **result = palloc0_array(const char *, expected->nclaims + 1);
	int			i;

	for (i = 0; i < expected->nevidences; i++)
		if (expected->evidences[i].claim >= 0)
			result[expected->evidences[i].claim] =
				expected->evidences[i].evidence;
	return result;
}

static void
judge(List *rows, const SlTruth *truth, SlSupposed *result,
	  MemoryContext lasting)
{
	SlExpected *expected;
	NamedClaim *claims;
	Share	   *shares;
	const char **evidence;
	const SlStampFinding **first;	/* of each claim */
	ListCell   *cell;
	int			i = 0;

	PushActiveSnapshot(GetLatestSnapshot());
	expected = sl_expected_present(0);
	claims = claims_by_name(expected);
	shares = shares_of_claims(expected);
	evidence = evidence_of_claims(expected);
	first = palloc0_array(const SlStampFinding *, expected->nclaims + 1);
	foreach(cell, truth->stamp)
	{
		const SlStampFinding *finding = lfirst(cell);
		int			claim = claim_of(claims, expected->nclaims,
									 finding->revision);

		if (claim >= 0 && first[claim] == NULL)
			first[claim] = finding;
	}
	foreach(cell, rows)
	{
		const SlRevisionRow *row = lfirst(cell);
		int			claim = claim_of(claims, expected->nclaims,
									 row->revision);
		SlSupposed *supposed = &result[i++];

		supposed->evidence = NULL;
		if (claim < 0)
		{
			supposed->state = SL_SUPPOSE_UNKNOWN;
			continue;
		}
		if (evidence[claim] != NULL)
			supposed->evidence = MemoryContextStrdup(lasting,
													 evidence[claim]);
		if (first[claim] != NULL)
			supposed->state = supposition_of(first[claim], &shares[claim]);
		else
			supposed->state = shares[claim].set ?
				SL_SUPPOSE_THERE : SL_SUPPOSE_SILENT;
	}
	PopActiveSnapshot();
}

/*
 * What the catalog says of these revisions, SlRevisionRow pointers in the
 * order of a run, in an array of as many.  The caller holds the migration
 * lock; nothing stays of the writing.
 */
SlSupposed *
sl_suppose_applied(List *rows)
{
	SlSupposed *result = palloc_array(SlSupposed, list_length(rows) + 1);
	MemoryContext before = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	MemoryContext cxt = AllocSetContextCreate(before,
											  "schema_lifecycle supposition",
											  ALLOCSET_DEFAULT_SIZES);
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(cxt);
	PG_TRY();
	{
		int64		id = sl_log_next_id();
		SlTruth		truth;
		ListCell   *cell;

		foreach(cell, rows)
			sl_stamp_claim(lfirst(cell), id++, false);
		CommandCounterIncrement();
		sl_truth_look(&truth);
		if (truth.moved)
			ereport(ERROR,
					(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
					 errmsg("the schema is being changed while it is looked at"),
					 errhint("Call again.")));
		judge(rows, &truth, result, before);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(before);
		error = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();
	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(before);
	CurrentResourceOwner = owner;
	MemoryContextDelete(cxt);
	if (error != NULL)
		ReThrowError(error);
	return result;
}
