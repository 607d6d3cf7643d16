/*-------------------------------------------------------------------------
 *
 * revision.c
 *	  One revision in the current transaction: claim, run, record.
 *
 * The claim comes first.  It is a row under a unique key, in the transaction
 * that runs the script, so whoever else gets here at the same time, with
 * whatever snapshot, past whatever lock, finds the row or waits for it.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/runner/revision.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "nodes/parsenodes.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "catalog/trace.h"
#include "runner/runner.h"

/* Take the claim, or 40001: somebody else has run it since we looked. */
void
sl_claim_for_run(const SlRegistryEntry *entry, SlDirection direction,
				 int64 log_id)
{
	bool		ours;

	if (direction == SL_DOWN)
		ours = sl_unclaim(entry->revision);
	else if (!sl_kind_runs_once(entry->kind))
		ours = sl_claim_set(entry->revision, log_id, "apply", false,
							entry->meaning);
	else
		ours = sl_claim(entry->revision, log_id, "apply", false,
						entry->meaning);
	if (!ours)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 direction == SL_UP ?
				 errmsg("revision \"%s\" was applied by another session",
						entry->revision) :
				 errmsg("revision \"%s\" was reverted by another session",
						entry->revision),
				 errhint("Call again: what is left to do is looked up anew.")));
}

/* Append to the history what was done, and what there is for evidence. */
void
sl_record_done(const SlRegistryEntry *entry, SlDirection direction,
			   int64 log_id, const SlOutcome *outcome, const char *evidence)
{
	SlLogEntry	log = {0};

	log.action = direction == SL_UP ? "apply" : "revert";
	log.revision = entry->revision;
	log.outcome = "ok";
	log.statements = outcome->statements;
	log.elapsed = outcome->elapsed;
	log.evidence = evidence;
	if (direction == SL_UP && !sl_kind_runs_once(entry->kind))
		log.meaning = entry->meaning;
	sl_log_append(log_id, &log);
	if (direction == SL_DOWN)
		sl_registry_unsettle(entry->revision);
}

void
sl_fill_outcome(SlOutcome *outcome, SlDirection direction, int statements,
				TimestampTz started)
{
	outcome->outcome = direction == SL_UP ? "applied" : "reverted";
	outcome->statements = statements;
	outcome->elapsed = GetCurrentTimestamp() - started;
}

/* The line of progress. */
void
sl_notice_done(const SlRegistryEntry *entry, const SlOutcome *outcome)
{
	ereport(NOTICE,
			(errmsg_plural("%s %s, %d statement, %.0f ms",
						   "%s %s, %d statements, %.0f ms",
						   outcome->statements,
						   entry->revision, outcome->outcome,
						   outcome->statements, outcome->elapsed / 1000.0)));
}

/*
 * The script inside the fence; returns the number of statements.  'open': the
 * caller is inside sl_fence_open already.  'changes': of the facts, in the
 * current memory context; NULL: nobody wants to know, or an executor has a
 * trace of its own.
 */
static int
run_fenced(const SlRegistryEntry *entry, SlDirection direction,
		   SlConfinement confinement, const char *caller,
		   const SlOptions *options, bool open, List **changes,
		   SlExecutor executor, void *executor_arg)
{
	ErrorContextCallback callback;
	SlIdentity	before;
	SlFence    *fence;
	SlRun		run = {0};
	int			statements = 0;

	run.caller = caller;
	run.revision = entry->revision;
	run.script = direction == SL_UP ? entry->up : entry->down;
	run.origin.file = NULL;
	run.origin.revision = entry->revision;
	run.origin.first_line = direction == SL_UP ?
		entry->up_line : entry->down_line;
	run.total = entry->statements;
	run.statement_timeout = options->migration_statement_timeout;
	run.executor = executor;
	run.executor_arg = executor_arg;

	sl_run_context_push(&run, &callback);
	sl_confine(confinement, &before);
	PG_TRY();
	{
		fence = sl_fence_raise(options->migration_lock_timeout, open,
							   direction == SL_DOWN || entry->has_data);
		if (changes != NULL)
			sl_trace_begin(CurrentMemoryContext);
		statements = sl_execute_script(&run, fence);
		sl_fence_lower(fence);
		if (changes != NULL)
			*changes = sl_trace_end();
	}
	PG_CATCH();
	{
		if (run.statement_timeout > 0)
			disable_timeout(STATEMENT_TIMEOUT, false);
		sl_trace_abandon();
		sl_fence_abandon();
		PG_RE_THROW();
	}
	PG_END_TRY();
	sl_unconfine(&before);
	error_context_stack = callback.previous;
	return statements;
}

/* As the rights of its registrar want it. */
static int
run_checked(const SlRegistryEntry *entry, SlDirection direction,
			const char *caller, const SlOptions *options, bool open,
			List **changes, SlExecutor executor, void *executor_arg)
{
	SlConfinement confinement = sl_confinement(entry->revision,
											   entry->registrar,
											   entry->registrar_name);

	return run_fenced(entry, direction, confinement, caller, options, open,
					  changes, executor, executor_arg);
}

/*
 * Run an up script whose rights were looked at elsewhere, and keep no books:
 * for a rehearsal.
 */
int
sl_run_script_only(const SlRegistryEntry *entry, SlConfinement confinement,
				   const char *caller, const SlOptions *options,
				   List **changes)
{
	return run_fenced(entry, SL_UP, confinement, caller, options, false,
					  changes, NULL, NULL);
}

/* What was begun may have left more than its row in the journal. */
static void
refuse_leftovers(const SlRegistryEntry *entry, const SlJournalStep *step)
{
	List	   *trees = pg_parse_query(step->text);
	SlStepPlan	plan = {0};
	Node	   *stmt;

	if (list_length(trees) != 1)
		return;
	stmt = linitial_node(RawStmt, trees)->stmt;
	if (!IsA(stmt, CallStmt) && !IsA(stmt, DoStmt))
	{
		PushActiveSnapshot(GetTransactionSnapshot());
		sl_step_look(stmt, step, &plan);
		PopActiveSnapshot();
		if (plan.cleanup == NIL && !plan.done)
			return;
	}
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("statement %d of revision \"%s\" was begun, outside a transaction, and has left something behind",
					step->statement, entry->revision),
			 errdetail("It began as: %s", step->text),
			 plan.cleanup != NIL ?
			 errhint("Clear it away (%s), and call again.",
					 (char *) linitial(plan.cleanup)) :
			 errhint("Look at it, then sl_resolve(%s, 'rolled_back', reason).",
					 quote_literal_cstr(entry->revision))));
}

/*
 * A script that ran outside a transaction and failed may have been changed
 * into one that runs inside.  What it had begun is forgotten; what it had
 * finished cannot be, for it is there.
 */
static void
close_journal(const SlRegistryEntry *entry, SlDirection direction)
{
	ListCell   *cell;

	foreach(cell, sl_journal_read(entry->revision,
								  direction == SL_UP ? "up" : "down"))
	{
		SlJournalStep *step = lfirst(cell);

		if (!step->finished)
			refuse_leftovers(entry, step);
		else
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("statement %d of revision \"%s\" has run already, outside a transaction",
							step->statement, entry->revision),
					 errdetail("It ran as: %s", step->text),
					 errhint("Register the script again as one that runs outside a transaction, or say with sl_resolve(%s, 'rolled_back', reason) that nothing of it is left.",
							 quote_literal_cstr(entry->revision))));
	}
	sl_journal_clear(entry->revision);
	sl_evidence_forget_incomplete(entry->revision);
}

/*
 * Run a script that is claimed, or that runs again and is claimed here, for a
 * run that keeps its books once for all its revisions.
 */
int
sl_run_script(const SlRegistryEntry *entry, SlDirection direction,
			  const char *caller, const SlOptions *options, bool open,
			  List **changes)
{
	if (entry->journal_open)
		close_journal(entry, direction);
	return run_checked(entry, direction, caller, options, open, changes, NULL,
					   NULL);
}

/* The same, with somebody else around each statement. */
int
sl_run_script_by(const SlRegistryEntry *entry, SlDirection direction,
				 const char *caller, const SlOptions *options, bool open,
				 SlExecutor executor, void *executor_arg)
{
	if (entry->journal_open)
		close_journal(entry, direction);
	return run_checked(entry, direction, caller, options, open, NULL,
					   executor, executor_arg);
}

/*
 * Claim, run and record one transactional revision in the current
 * transaction, whose abort undoes all three.  The migration lock is held, and
 * 'log_id' is what sl_log_next_id said since: the script cannot write to the
 * history, so that a run of several revisions asks once and counts on.
 */
void
sl_run_revision(const SlRegistryEntry *entry, SlDirection direction,
				const char *caller, const SlOptions *options,
				int64 log_id, SlOutcome *outcome)
{
	bool		up = direction == SL_UP;
	TimestampTz started = GetCurrentTimestamp();
	List	   *changes = NIL;
	int			statements;

	if (entry->journal_open)
		close_journal(entry, direction);
	sl_claim_for_run(entry, direction, log_id);
	statements = run_checked(entry, direction, caller, options, false,
							 up ? &changes : NULL, NULL, NULL);
	sl_fill_outcome(outcome, direction, statements, started);
	sl_record_done(entry, direction, log_id, outcome,
				   up ? SL_EVIDENCE_APPLIED : NULL);
	if (up)
	{
		SlFootprints *footprints = sl_footprints_begin();

		sl_footprints_add(footprints, entry, log_id, changes);
		sl_footprints_flush(footprints);
	}
	sl_recorded_one(entry->revision, direction, outcome->elapsed);
	sl_restore_activity();
}
