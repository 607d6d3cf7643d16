/*-------------------------------------------------------------------------
 *
 * prove.c
 *	  sl_stamp: recorded where the catalog bears it out.
 *
 * The claims are made first, and then held against the catalog like all
 * others; what does not stand there takes the transaction with it.  A revision
 * with statements on data is never proven: facts cannot say that these ran.
 * Backwards it is the other way round: a revision is freed if nothing of it
 * is there.
 *
 * With force all of that is left to the caller, and stays marked.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/drift/prove.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "common/sl_compat.h"
#include "drift/drift_private.h"
#include "runner/runner.h"

PG_FUNCTION_INFO_V1(sl_stamp);

/* so many findings are told in an error */
#define FINDINGS_TOLD 10

/* A call of sl_stamp. */
typedef struct Stamping
{
	const char *target;			/* in hints */
	const char *reason;
	bool		force;
	int64		next_id;		/* of the history */
	List	   *freed;			/* ids, char * */
	List	   *stamped;
	ReturnSetInfo *rsinfo;
} Stamping;

static void
put_stamp(Stamping *stamping, const char *revision, const char *outcome)
{
	Datum		values[2];
	bool		nulls[2] = {false, false};

	values[0] = CStringGetTextDatum(revision);
	values[1] = CStringGetTextDatum(outcome);
	tuplestore_putvalues(stamping->rsinfo->setResult,
						 stamping->rsinfo->setDesc, values, nulls);
}

/* SL005 */
static void
refuse(const Stamping *stamping, const char *revision, bool claim,
	   const char *detail)
{
	ereport(ERROR,
			(errcode(SL_ERR_STAMP_REFUSED),
			 claim ?
			 errmsg("revision \"%s\" is not stamped: the catalog does not bear it out",
					revision) :
			 errmsg("revision \"%s\" is not freed: the catalog does not show that it is gone",
					revision),
			 errdetail("%s", detail),
			 claim ?
			 errhint("Run it, or sl_stamp(%s, force => true, reason => '...'), which stays visible in sl_history.",
					 quote_literal_cstr(stamping->target)) :
			 errhint("Revert it, or sl_stamp(%s, force => true, reason => '...'), which stays visible in sl_history.",
					 quote_literal_cstr(stamping->target))));
}

static bool
is_in(List *rows, const char *revision)
{
	ListCell   *cell;

	foreach(cell, rows)
		if (strcmp(((const SlRevisionRow *) lfirst(cell))->revision,
				   revision) == 0)
			return true;
	return false;
}

/* What is recorded against the catalog, now. */
static void
look(SlTruth *truth)
{
	sl_truth_look(truth);
	if (truth->moved)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("the schema is being changed while it is looked at"),
				 errhint("Call again.")));
}

static char *
document(Jsonb *value)
{
	return JsonbToCString(NULL, &value->root, VARSIZE(value));
}

static void
append_finding(StringInfo detail, const SlStampFinding *finding)
{
	if (detail->len > 0)
		appendStringInfoChar(detail, '\n');
	if (finding->class == NULL)
		appendStringInfo(detail,
						 _("%s: there is no footprint of it to hold against the catalog."),
						 finding->revision);
	else if (finding->expected != NULL && finding->actual != NULL)
		appendStringInfo(detail, _("%s: %s %s is %s: expected %s, actual %s."),
						 finding->revision, finding->class,
						 finding->identity, finding->problem,
						 document(finding->expected),
						 document(finding->actual));
	else
		appendStringInfo(detail, _("%s: %s %s is %s."), finding->revision,
						 finding->class, finding->identity,
						 finding->problem);
}

/* Claims that have been made: refuse those that do not hold. */
static void
require_borne_out(const Stamping *stamping, List *claimed)
{
	const char *first = NULL;
	StringInfoData detail;
	SlTruth		truth;
	int			count = 0;
	ListCell   *cell;

	look(&truth);
	initStringInfo(&detail);
	foreach(cell, truth.stamp)
	{
		const SlStampFinding *finding = lfirst(cell);

		if (!is_in(claimed, finding->revision))
			continue;
		if (first == NULL)
			first = finding->revision;
		if (++count <= FINDINGS_TOLD)
			append_finding(&detail, finding);
	}
	if (first == NULL)
		return;
	if (count > FINDINGS_TOLD)
		appendStringInfo(&detail, _("\nAnd %d more."),
						 count - FINDINGS_TOLD);
	refuse(stamping, first, true, detail.data);
}

static bool
has_verdict(const SlTruth *truth, const char *revision, const char *verdict)
{
	ListCell   *cell;

	foreach(cell, truth->stamp)
	{
		const SlStampFinding *finding = lfirst(cell);

		if (strcmp(finding->revision, revision) == 0)
			return strcmp(finding->verdict, verdict) == 0;
	}
	return false;
}

static void
free_one(Stamping *stamping, const SlRevisionRow *row, const char *outcome)
{
	sl_stamp_free(row);
	sl_stamp_log(row, stamping->next_id++, outcome, NULL, stamping->reason);
	put_stamp(stamping, row->revision, "freed");
	stamping->freed = lappend(stamping->freed, row->revision);
}

/*
 * Free what nothing is there of, newest first.  A revision whose facts were
 * all set again by later ones can only be asked about when those are freed.
 */
static void
free_proven(Stamping *stamping, List *rows)
{
	while (rows != NIL)
	{
		SlTruth		truth;
		bool		any = false;

		look(&truth);
		while (rows != NIL)
		{
			const SlRevisionRow *row = linitial(rows);

			if (!has_verdict(&truth, row->revision, "stamped"))
				break;
			free_one(stamping, row, "freed");
			rows = list_delete_first(rows);
			any = true;
		}
		if (!any)
		{
			const SlRevisionRow *row = linitial(rows);

			refuse(stamping, row->revision, false,
				   has_verdict(&truth, row->revision, "unverifiable") ?
				   _("There is no footprint of it to hold against the catalog.") :
				   _("Its footprint is there, or a part of it, or it has left none."));
		}
	}
}

/* What stands for a claim in the expected schema: applied, rehearsed, ... */
static const char *
evidence_of(const SlExpected *expected, const char *revision)
{
	int			i;

	for (i = expected->nevidences - 1; i >= 0; i--)
		if (strcmp(expected->evidences[i].revision, revision) == 0)
			return expected->evidences[i].evidence;
	return NULL;
}

/* Claim all, see whether that holds, and write it down. */
static void
claim_all(Stamping *stamping, List *rows)
{
	int64		id = stamping->next_id;
	SlExpected *expected = NULL;
	ListCell   *cell;

	foreach(cell, rows)
	{
		const SlRevisionRow *row = lfirst(cell);
		SlRegistryEntry *entry;

		if (!stamping->force)
		{
			entry = sl_registry_get(row->revision, true);
			if (entry != NULL && entry->has_data)
				refuse(stamping, row->revision, true,
					   _("It has statements on data, and facts cannot prove that these ran."));
		}
		sl_stamp_claim(row, id++, stamping->force);
	}
	if (rows != NIL && !stamping->force)
	{
		require_borne_out(stamping, rows);
		PushActiveSnapshot(GetLatestSnapshot());
		expected = sl_expected_present(0);
		PopActiveSnapshot();
	}
	foreach(cell, rows)
	{
		const SlRevisionRow *row = lfirst(cell);

		sl_stamp_log(row, stamping->next_id++,
					 stamping->force ? "forced" : "ok",
					 expected == NULL ? NULL :
					 evidence_of(expected, row->revision),
					 stamping->reason);
		put_stamp(stamping, row->revision, "stamped");
		stamping->stamped = lappend(stamping->stamped, row->revision);
	}
}

/*
 * sl_stamp(revision, force, reason): the revision and its ancestors are
 * applied, its descendants are not.
 */
Datum
sl_stamp(PG_FUNCTION_ARGS)
{
	Stamping	stamping = {0};
	const SlRevisionRow *target = NULL;
	List	   *to_free;
	List	   *to_claim = NIL;
	SlGraph    *graph;
	char	   *name;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	stamping.rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("the revision to stamp must be named")));
	name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	stamping.target = name;
	stamping.force = !PG_ARGISNULL(1) && PG_GETARG_BOOL(1);
	stamping.reason = PG_ARGISNULL(2) ? NULL :
		text_to_cstring(PG_GETARG_TEXT_PP(2));
	sl_words_begin("sl_stamp");

	graph = sl_graph_read(true);
	sl_graph_require_sound(graph, true);
	if (strcmp(name, "base") == 0)
		to_free = sl_graph_to_revert(graph, "base");
	else
	{
		target = sl_graph_resolve(graph, name, false);
		stamping.target = target->revision;
		to_free = sl_graph_applied_descendants(graph, target);
		foreach(cell, sl_graph_with_ancestors(graph, target))
			if (!((const SlRevisionRow *) lfirst(cell))->applied)
				to_claim = lappend(to_claim, lfirst(cell));
	}
	stamping.next_id = sl_log_next_id();
	if (stamping.force)
	{
		foreach(cell, to_free)
			free_one(&stamping, lfirst(cell), "freed");
	}
	else
		free_proven(&stamping, to_free);
	claim_all(&stamping, to_claim);
	sl_recorded_words(stamping.freed, SL_DOWN);
	sl_recorded_words(stamping.stamped, SL_UP);
	return (Datum) 0;
}
