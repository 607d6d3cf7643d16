/*-------------------------------------------------------------------------
 *
 * present.c
 *	  Pending revisions that are in the catalog already.
 *
 * Somebody made by hand what a revision would make, or a framework created all
 * tables that its models name: to run the revision would fail with "already
 * exists".  Where its footprint is known, wholly there, and all that is before
 * it is applied, it is recorded instead.  Data is another matter, and what
 * leaves no facts is left to run.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/adapters/present.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/snapmgr.h"

#include "adapters/adapters_private.h"
#include "common/sl_compat.h"
#include "drift/drift.h"

typedef struct Present
{
	SlGraph    *graph;
	SlLineage	lineage;
	bool	   *candidate;		/* by place in the lineage */
	const char **evidence;		/* its kind; NULL: there is none */
	bool	   *leaves;			/* it leaves facts */
} Present;

static int
compare_names(const void *a, const void *b, void *arg)
{
	const SlLineage *lineage = arg;

	return strcmp(lineage->rows[*(const int *) a]->revision,
				  lineage->rows[*(const int *) b]->revision);
}

static int
find_place(const Present *present, const int *by_name, const char *revision)
{
	int			low = 0;
	int			high = present->lineage.count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;
		int			order =
			strcmp(present->lineage.rows[by_name[middle]]->revision,
				   revision);

		if (order == 0)
			return by_name[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}

static int *
sort_by_name(Present *present)
{
	int		   *by_name = palloc_array(int, present->lineage.count + 1);
	int			i;

	for (i = 0; i < present->lineage.count; i++)
		by_name[i] = i;
	qsort_arg(by_name, present->lineage.count, sizeof(int), compare_names,
			  &present->lineage);
	return by_name;
}

typedef struct FactCounter
{
	const int64 *ids;			/* of evidences, sorted */
	const int  *places;
	int			count;
	bool	   *leaves;
} FactCounter;

static void
count_fact(const SlFootprintKey *row, void *arg)
{
	FactCounter *counter = arg;
	int			low = 0;
	int			high = counter->count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (counter->ids[middle] == row->evidence_id)
		{
			counter->leaves[counter->places[middle]] = true;
			return;
		}
		if (counter->ids[middle] < row->evidence_id)
			low = middle + 1;
		else
			high = middle;
	}
}

/* What is known of each, and whether it leaves anything to be seen. */
static void
read_evidence(Present *present, const int *by_name)
{
	FactCounter counter = {NULL};
	SlEvidenceRow *rows;
	int64	   *best;
	int64	   *ids;
	int		   *places;
	int			count;
	int			i;

	rows = sl_evidence_read(&count);
	best = palloc0_array(int64, present->lineage.count + 1);
	for (i = 0; i < count; i++)
	{
		int			place = rows[i].current ?
			find_place(present, by_name, rows[i].revision) : -1;

		if (place < 0)
			continue;
		present->evidence[place] = rows[i].evidence;
		best[place] = rows[i].id;
	}
	ids = palloc_array(int64, count + 1);
	places = palloc_array(int, count + 1);
	for (i = 0; i < count; i++)
	{
		int			place = rows[i].current ?
			find_place(present, by_name, rows[i].revision) : -1;

		if (place < 0 || best[place] != rows[i].id)
			continue;
		ids[counter.count] = rows[i].id;
		places[counter.count++] = place;
	}
	counter.ids = ids;
	counter.places = places;
	counter.leaves = present->leaves;
	sl_footprint_read(count_fact, &counter);
}

/*
 * Which may be tried: known, without data, not begun here, and standing on
 * what is applied or may be tried.
 */
static int
choose(Present *present)
{
	const SlLineage *lineage = &present->lineage;
	int			count = 0;
	int			i;
	int			p;

	for (i = 0; i < lineage->count; i++)
	{
		const SlRevisionRow *row = lineage->rows[i];
		bool		good = !sl_graph_is_applied(present->graph, row) &&
			present->evidence[i] != NULL && !row->has_data &&
			!row->failed && row->kind == SL_KIND_VERSIONED;

		for (p = lineage->parent_start[i];
			 p < lineage->parent_start[i + 1] && good; p++)
			good = present->candidate[lineage->parent[p]] ||
				sl_graph_is_applied(present->graph,
									lineage->rows[lineage->parent[p]]);
		good = good && lineage->parent_start[i + 1] -
			lineage->parent_start[i] == row->nparents;
		present->candidate[i] = good;
		count += good;
	}
	return count;
}

/* What leaves nothing is there only if something that comes after it is. */
static int
drop_silent(Present *present)
{
	const SlLineage *lineage = &present->lineage;
	bool	   *wanted = palloc0_array(bool, lineage->count + 1);
	int			count = 0;
	int			i;
	int			p;

	for (i = lineage->count - 1; i >= 0; i--)
	{
		if (!present->candidate[i])
			continue;
		wanted[i] |= present->leaves[i];
		for (p = lineage->parent_start[i];
			 p < lineage->parent_start[i + 1] && wanted[i]; p++)
			wanted[lineage->parent[p]] = true;
		present->candidate[i] = wanted[i];
		count += wanted[i];
	}
	pfree(wanted);
	return count;
}

static List *
candidate_names(const Present *present)
{
	List	   *names = NIL;
	int			i;

	for (i = 0; i < present->lineage.count; i++)
		if (present->candidate[i])
			names = lappend(names, present->lineage.rows[i]->revision);
	return names;
}

/* Give up those that do not hold, with all that stand on them. */
static bool
drop_refuted(Present *present, const int *by_name, const SlTruth *truth)
{
	const SlLineage *lineage = &present->lineage;
	List	   *dropped = NIL;
	ListCell   *cell;
	int			i;
	int			p;
	bool	   *out = palloc0_array(bool, lineage->count + 1);

	foreach(cell, truth->stamp)
	{
		int			place = find_place(present, by_name,
									   ((SlStampFinding *) lfirst(cell))->revision);

		if (place >= 0 && present->candidate[place])
			out[place] = true;
	}
	for (i = 0; i < lineage->count; i++)
	{
		for (p = lineage->parent_start[i]; p < lineage->parent_start[i + 1];
			 p++)
			out[i] |= out[lineage->parent[p]];
		out[i] &= present->candidate[i];
		if (!out[i])
			continue;
		present->candidate[i] = false;
		dropped = lappend(dropped, lineage->rows[i]->revision);
	}
	pfree(out);
	if (dropped == NIL)
		return false;
	(void) sl_unclaim_many(dropped);
	return true;
}

/* Claim the candidates, and keep those claims that hold. */
static void
try_candidates(Present *present, const int *by_name, int64 first_id)
{
	List	   *names = candidate_names(present);
	bool		again = true;

	if (sl_claim_adopted(names, first_id) != list_length(names))
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("revisions were applied or withdrawn by another session"),
				 errhint("Call again.")));
	while (again)
	{
		SlTruth		truth;

		CHECK_FOR_INTERRUPTS();
		sl_truth_look(&truth);
		if (truth.moved)
			ereport(ERROR,
					(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
					 errmsg("the schema is being changed while it is looked at"),
					 errhint("Call again.")));
		again = drop_refuted(present, by_name, &truth);
	}
}

/* See adapters.h. */
List *
sl_adopt_present(void)
{
	Present		present = {NULL};
	int64		first_id = sl_log_next_id();
	SlAdoptedRow *rows;
	List	   *result = NIL;
	List	   *names;
	int		   *by_name;
	int			count = 0;
	int			i;

	present.graph = sl_graph_read(true);
	sl_graph_lineage(present.graph, &present.lineage);
	present.candidate = palloc0_array(bool, present.lineage.count + 1);
	present.leaves = palloc0_array(bool, present.lineage.count + 1);
	present.evidence = palloc0_array(const char *, present.lineage.count + 1);
	by_name = sort_by_name(&present);
	PushActiveSnapshot(GetLatestSnapshot());
	read_evidence(&present, by_name);
	PopActiveSnapshot();
	if (choose(&present) == 0 || drop_silent(&present) == 0)
		return NIL;
	try_candidates(&present, by_name, first_id);

	/* what is left may have lost what followed it */
	names = candidate_names(&present);
	(void) drop_silent(&present);
	(void) sl_unclaim_many(list_difference_ptr(names,
											   candidate_names(&present)));
	rows = palloc_array(SlAdoptedRow, present.lineage.count + 1);
	for (i = 0; i < present.lineage.count; i++)
	{
		SlAdopted  *adopted;

		if (!present.candidate[i])
			continue;
		adopted = palloc0_object(SlAdopted);
		adopted->revision = present.lineage.rows[i]->revision;
		adopted->outcome = "adopted";
		adopted->evidence = present.evidence[i];
		adopted->claimed = true;
		result = lappend(result, adopted);
		rows[count].revision = adopted->revision;
		rows[count].outcome = "ok";
		rows[count].evidence = adopted->evidence;
		rows[count++].reason = _("it was in the catalog already");
	}
	/* the ids of the claims are those of the rows */
	names = candidate_names(&present);
	if (names != NIL)
	{
		(void) sl_unclaim_many(names);
		(void) sl_claim_adopted(names, first_id);
		sl_log_adopted(first_id, rows, count);
		sl_recorded_words(names, SL_UP);
	}
	return result;
}
