/*-------------------------------------------------------------------------
 *
 * stamp.c
 *	  sl_stamp and sl_resolve: what people say about revisions.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/runner/stamp.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/builtins.h"

#include "runner/runner.h"

PG_FUNCTION_INFO_V1(sl_stamp);
PG_FUNCTION_INFO_V1(sl_resolve);

/* The lock, for as long as the transaction lasts; a function does not wait. */
static void
lock_for_words(const char *function)
{
	sl_require_writer(function);
	if (sl_fence_is_up())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s() cannot be called by a migration", function)));
	sl_forbid_prepare();
	sl_lock_for_transaction();
}

static void
put_stamp(ReturnSetInfo *rsinfo, const char *revision, const char *outcome)
{
	Datum		values[2];
	bool		nulls[2] = {false, false};

	values[0] = CStringGetTextDatum(revision);
	values[1] = CStringGetTextDatum(outcome);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* Claim or free one revision in somebody's name. */
static void
stamp_one(const SlRevisionRow *row, bool claim, const char *reason,
		  ReturnSetInfo *rsinfo)
{
	SlLogEntry	log = {0};
	int64		id = sl_log_next_id();

	log.action = "stamp";
	log.revision = row->revision;
	log.outcome = claim ? "forced" : "freed";
	log.statements = -1;
	log.elapsed = -1;
	log.reason = reason;
	if (claim)
	{
		SlRegistryEntry *entry = sl_registry_get(row->revision, true);
		const char *meaning = entry != NULL && entry->up != NULL ?
			entry->meaning : NULL;

		if (!sl_kind_runs_once(row->kind))
			log.meaning = meaning;
		(void) sl_claim_set(row->revision, id, "stamp", true, meaning);
	}
	else
		(void) sl_unclaim(row->revision);
	sl_log_append(id, &log);
	sl_journal_clear(row->revision);
	sl_evidence_forget_incomplete(row->revision);
	sl_registry_unsettle(row->revision);
	put_stamp(rsinfo, row->revision, claim ? "stamped" : "freed");
}

/* SL005: no footprint of the revision can bear the stamp out. */
static void
refuse_stamp(const char *revision, const char *target, bool claim)
{
	ereport(ERROR,
			(errcode(SL_ERR_STAMP_REFUSED),
			 claim ?
			 errmsg("revision \"%s\" is not stamped: nothing proves that it ran here",
					revision) :
			 errmsg("revision \"%s\" is not freed: nothing proves that it is gone",
					revision),
			 errdetail("There is no footprint of it to hold against the catalog."),
			 claim ?
			 errhint("Run it, or sl_stamp('%s', force => true, reason => '...'), which stays visible in sl_history.",
					 target) :
			 errhint("Revert it, or sl_stamp('%s', force => true, reason => '...'), which stays visible in sl_history.",
					 target)));
}

/*
 * sl_stamp(revision, force, reason): the revision and its ancestors are
 * applied, its descendants are not.
 */
Datum
sl_stamp(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const SlRevisionRow *target = NULL;
	SlGraph    *graph;
	SlOptions	options;
	char	   *name;
	char	   *reason;
	bool		force;
	List	   *free_list;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("the revision to stamp must be named")));
	name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	force = !PG_ARGISNULL(1) && PG_GETARG_BOOL(1);
	reason = PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2));
	lock_for_words("sl_stamp");
	sl_options_resolve(&options, NULL);

	graph = sl_graph_read(true);
	sl_graph_require_sound(graph, true);
	if (strcmp(name, "base") == 0)
		free_list = sl_graph_to_revert(graph, "base");
	else
	{
		target = sl_graph_resolve(graph, name, false);
		free_list = sl_graph_applied_descendants(graph, target);
	}

	foreach(cell, free_list)
	{
		if (!force)
			refuse_stamp(((const SlRevisionRow *) lfirst(cell))->revision,
						 target != NULL ? target->revision : name, false);
		stamp_one(lfirst(cell), false, reason, rsinfo);
	}
	if (target != NULL)
	{
		foreach(cell, sl_graph_with_ancestors(graph, target))
		{
			const SlRevisionRow *row = lfirst(cell);

			if (row->applied)
				continue;
			if (!force)
				refuse_stamp(row->revision, target->revision, true);
			stamp_one(row, true, reason, rsinfo);
		}
	}
	return (Datum) 0;
}

/* The outcomes that a person can give, and what they do. */
typedef struct Resolution
{
	const char *outcome;
	void		(*resolve) (const SlRegistryEntry *entry, int64 log_id);
} Resolution;

/* Which script is under way: what is claimed can only be on its way down. */
static const char *
open_direction(const SlRegistryEntry *entry)
{
	return sl_journal_read(entry->revision, "up") != NIL ? "up" : "down";
}

/* It is there: claim it. */
static void
resolve_applied(const SlRegistryEntry *entry, int64 log_id)
{
	(void) sl_claim_set(entry->revision, log_id, "resolve", true,
						entry->up != NULL ? entry->meaning : NULL);
	sl_journal_clear(entry->revision);
	sl_evidence_forget_incomplete(entry->revision);
}

/*
 * What was begun and did not finish is to run (again).  What the first attempt
 * did, nobody saw.
 */
static void
resolve_run(const SlRegistryEntry *entry, int64 log_id)
{
	ListCell   *cell;

	foreach(cell, sl_journal_read(entry->revision, open_direction(entry)))
	{
		SlJournalStep *step = lfirst(cell);

		if (!step->finished)
			sl_journal_forget_step(entry->revision, open_direction(entry),
								   step->statement);
	}
	sl_footprint_lose(entry->revision);
}

/* What was begun did finish, unseen: continue behind it. */
static void
resolve_finished(const SlRegistryEntry *entry, int64 log_id)
{
	ListCell   *cell;
	bool		any = false;

	foreach(cell, sl_journal_read(entry->revision, open_direction(entry)))
	{
		SlJournalStep *step = lfirst(cell);

		if (step->finished)
			continue;
		sl_journal_finish(entry->revision, open_direction(entry),
						  step->statement, step->text);
		any = true;
	}
	if (!any)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("revision \"%s\" has no unfinished statement",
						entry->revision)));
	sl_footprint_lose(entry->revision);
}

/* Nothing of it is there: it is pending, from its first statement. */
static void
resolve_rolled_back(const SlRegistryEntry *entry, int64 log_id)
{
	(void) sl_unclaim(entry->revision);
	sl_journal_clear(entry->revision);
	sl_evidence_forget_incomplete(entry->revision);
}

static const Resolution resolutions[] = {
	{"applied", resolve_applied},
	{"finished", resolve_finished},
	{"rolled_back", resolve_rolled_back},
	{"run", resolve_run},
};

static const Resolution *
find_resolution(const char *outcome)
{
	int			i;

	for (i = 0; i < (int) lengthof(resolutions); i++)
		if (strcmp(resolutions[i].outcome, outcome) == 0)
			return &resolutions[i];
	ereport(ERROR,
			(errcode(SL_ERR_BAD_INPUT),
			 errmsg("unknown outcome \"%s\"", outcome),
			 errhint("Available outcomes: applied (it is there), run (let it run, again if need be), rolled_back (nothing of it is there), finished (the statement that was begun is done, continue behind it).")));
	return NULL;				/* keep the compiler quiet */
}

/* sl_resolve(revision, outcome, reason); returns the revision's id. */
Datum
sl_resolve(PG_FUNCTION_ARGS)
{
	const Resolution *resolution;
	const SlRevisionRow *row;
	SlRegistryEntry *entry;
	SlLogEntry	log = {0};
	char	   *reason;
	int64		id;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("revision, outcome and reason must all be given")));
	resolution = find_resolution(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	reason = text_to_cstring(PG_GETARG_TEXT_PP(2));
	lock_for_words("sl_resolve");

	row = sl_graph_resolve(sl_graph_read(true),
						   text_to_cstring(PG_GETARG_TEXT_PP(0)), false);
	entry = sl_registry_get(row->revision, true);
	if (entry == NULL)
		elog(ERROR, "revision \"%s\" is gone", row->revision);
	if (entry->applied && !entry->journal_open)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("revision \"%s\" is applied: there is nothing to resolve",
						entry->revision),
				 errhint("To undo it, sl_revert(); to take the record back, sl_stamp() to its parent.")));

	id = sl_log_next_id();
	resolution->resolve(entry, id);
	log.action = "resolve";
	log.revision = entry->revision;
	log.outcome = resolution->outcome;
	log.statements = -1;
	log.elapsed = -1;
	log.reason = reason;
	if (strcmp(resolution->outcome, "applied") == 0 &&
		!sl_kind_runs_once(entry->kind))
		log.meaning = entry->meaning;
	sl_log_append(id, &log);
	sl_registry_unsettle(entry->revision);
	PG_RETURN_TEXT_P(cstring_to_text(entry->revision));
}
