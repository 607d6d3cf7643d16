/*-------------------------------------------------------------------------
 *
 * stamp.c
 *	  What people say about revisions: sl_resolve, and the books of sl_stamp.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/runner/stamp.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "ledger/version_table.h"
#include "runner/runner.h"

PG_FUNCTION_INFO_V1(sl_resolve);

/*
 * The lock, for as long as the transaction lasts, for a function that writes
 * down a word instead of running something; a function does not wait.
 */
void
sl_words_begin(const char *function)
{
	sl_require_writer(function);
	if (sl_fence_is_up())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s() cannot be called by a migration", function)));
	sl_forbid_prepare();
	sl_lock_for_transaction();
}

/* What was half way is over, and the graph has to be looked at anew. */
static void
forget_progress(const char *revision)
{
	sl_journal_clear(revision);
	sl_evidence_forget_incomplete(revision);
	sl_registry_unsettle(revision);
}

/*
 * Claim a revision that did not run, under the row of the history that
 * sl_stamp_log() will write.  'forced': on somebody's word alone.
 */
void
sl_stamp_claim(const SlRevisionRow *row, int64 log_id, bool forced)
{
	SlRegistryEntry *entry = sl_registry_get(row->revision, true);

	(void) sl_claim_set(row->revision, log_id, "stamp", forced,
						entry != NULL && entry->up != NULL ?
						entry->meaning : NULL);
	forget_progress(row->revision);
}

/* Take a claim back without running anything. */
void
sl_stamp_free(const SlRevisionRow *row)
{
	(void) sl_unclaim(row->revision);
	forget_progress(row->revision);
}

void
sl_stamp_log(const SlRevisionRow *row, int64 log_id, const char *outcome,
			 const char *evidence, const char *reason)
{
	SlLogEntry	log = {0};

	log.action = "stamp";
	log.revision = row->revision;
	log.outcome = outcome;
	log.statements = -1;
	log.elapsed = -1;
	log.evidence = evidence;
	log.reason = reason;
	if (!sl_kind_runs_once(row->kind))
	{
		SlRegistryEntry *entry = sl_registry_get(row->revision, true);

		if (entry != NULL && entry->up != NULL)
			log.meaning = entry->meaning;
	}
	sl_log_append(log_id, &log);
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
	int64		place = sl_log_kept_place(entry->revision);

	(void) sl_claim_set(entry->revision, place != 0 ? place : log_id,
						"resolve", true,
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

/*
 * An applied revision with nothing under way: all that is left to say is that
 * it is gone, and that only while nothing rests on it.
 */
static void
require_gone(SlGraph *graph, const SlRevisionRow *row,
			 const Resolution *resolution)
{
	List	   *above;

	if (resolution->resolve != resolve_rolled_back)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("revision \"%s\" is applied: there is nothing to resolve",
						row->revision),
				 errhint("To undo it, sl_revert(); to take the record back, sl_stamp() to its parent.")));
	above = sl_graph_applied_descendants(graph, row);
	if (above != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("revision \"%s\" cannot be gone: \"%s\", which rests on it, is applied",
						row->revision,
						((SlRevisionRow *) linitial(above))->revision),
				 errhint("To undo both, sl_revert().")));
}

/*
 * What another tool says is applied, and nothing else: a person's word takes
 * its place, or the revision is to run.  The claim stays where it is in the
 * history.
 */
static void
resolve_word(const SlRegistryEntry *entry, const Resolution *resolution)
{
	if (strcmp(resolution->outcome, "applied") == 0)
		sl_claim_confirm(entry->revision);
	else
		(void) sl_unclaim(entry->revision);
}

/* sl_resolve(revision, outcome, reason); returns the revision's id. */
Datum
sl_resolve(PG_FUNCTION_ARGS)
{
	const Resolution *resolution;
	const SlRevisionRow *row;
	SlGraph    *graph;
	SlRegistryEntry *entry;
	SlLogEntry	log = {0};
	char	   *reason;
	bool		word;
	int64		id;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("revision, outcome and reason must all be given")));
	resolution = find_resolution(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	reason = text_to_cstring(PG_GETARG_TEXT_PP(2));
	sl_words_begin("sl_resolve");

	graph = sl_graph_read(true);
	row = sl_graph_resolve(graph, text_to_cstring(PG_GETARG_TEXT_PP(0)),
						   false);
	entry = sl_registry_get(row->revision, true);
	if (entry == NULL)
		elog(ERROR, "revision \"%s\" is gone", row->revision);
	word = entry->claimed && !entry->journal_open &&
		sl_claim_is_word(entry->revision);
	if (entry->applied && !entry->journal_open && !word)
		require_gone(graph, row, resolution);

	id = sl_log_next_id();
	if (word && resolution->resolve != resolve_finished)
		resolve_word(entry, resolution);
	else
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
	entry = sl_registry_get(entry->revision, true);
	sl_recorded_one(row->revision,
					entry != NULL && entry->claimed ? SL_UP : SL_DOWN, -1);
	PG_RETURN_TEXT_P(cstring_to_text(row->revision));
}
