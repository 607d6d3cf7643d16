/*-------------------------------------------------------------------------
 *
 * steps.c
 *	  A script outside a transaction, statement by statement, with a journal.
 *
 * Runs in a background worker, in which an error ends the process.  A
 * statement that can run in a transaction does, together with its row in the
 * journal, so it is never in doubt.  Any other is written down as started,
 * run, and written down as finished; in the gap between the last two a crash
 * leaves a doubt, which recover.c settles from the catalog.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/runner/steps.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "parser/analyze.h"
#include "pgstat.h"
#include "storage/lmgr.h"
#include "storage/proc.h"
#include "tcop/cmdtag.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "catalog/trace.h"
#include "runner/runner.h"

/* A script at work in this worker. */
typedef struct Steps
{
	SlRun		run;
	const SlOrder *order;
	const SlRegistryEntry *entry;
	const char *direction;		/* as the journal has it */
	bool		bookless;		/* a rehearsal: no journal, no ledger */
	SlChangeSink sink;			/* in that case, or NULL */
	void	   *sink_arg;
	int			njournal;		/* as found at the start, by ordinal - 1 */
	SlJournalStep **journal;
	bool		declared;		/* a header says no-transaction */
	int			lock_timeout;	/* what the session was given */
	bool		lowered;		/* and we have set it to 0 for a while */
	MemoryContext context;		/* of the script */
	MemoryContext statement;	/* of one statement, across its commits */
} Steps;

/*
 * Up scripts leave footprints.  A trace lasts for one statement: what it finds
 * is written down with the row of the journal that says "finished".
 */
static void
begin_trace(const Steps *steps)
{
	if (steps->bookless ? steps->sink != NULL :
		steps->order->direction == SL_UP)
		sl_trace_begin(steps->statement);
}

static void
end_trace(const Steps *steps)
{
	if (!steps->bookless && steps->order->direction == SL_UP)
		sl_footprint_add_step(steps->entry, sl_trace_end());
	else if (steps->sink != NULL)
		steps->sink(sl_trace_end(), steps->sink_arg);
}

/* How many transactions this worker has committed. */
static uint64 commits = 0;

static void
count_commits(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT)
		commits++;
}

static void
arm_timeout(const Steps *steps)
{
	if (steps->run.statement_timeout > 0)
		enable_timeout_after(STATEMENT_TIMEOUT, steps->run.statement_timeout);
}

static void
disarm_timeout(const Steps *steps)
{
	if (steps->run.statement_timeout > 0)
		disable_timeout(STATEMENT_TIMEOUT, false);
}

static const SlJournalStep *
find_step(const Steps *steps, int ordinal)
{
	return ordinal <= steps->njournal ? steps->journal[ordinal - 1] : NULL;
}

/* Read the journal into an array. */
static void
read_journal(Steps *steps)
{
	List	   *journal = sl_journal_read(steps->entry->revision,
										  steps->direction);
	ListCell   *cell;

	if (journal == NIL)
		return;
	steps->njournal = ((SlJournalStep *) llast(journal))->statement;
	steps->journal = palloc0_array(SlJournalStep *, steps->njournal);
	foreach(cell, journal)
	{
		SlJournalStep *step = lfirst(cell);

		steps->journal[step->statement - 1] = step;
	}
}

/*
 * Statements that set the scene for those behind them: when a run continues,
 * the scene has to be set again.
 */
static bool
is_scenery(Node *stmt)
{
	return IsA(stmt, VariableSetStmt) || IsA(stmt, PrepareStmt) ||
		(IsA(stmt, SelectStmt) && !sl_statement_has_data(stmt));
}

/* CALL and DO commit by themselves where the script is declared to. */
static bool
commits_by_itself(const Steps *steps, Node *stmt)
{
	return steps->declared && (IsA(stmt, CallStmt) || IsA(stmt, DoStmt));
}

/*
 * Run text as a client would send it: not in a transaction block, with
 * whatever commits it makes inside.  The plan lives in the current memory
 * context, which outlasts them.  Needs a portal: CREATE INDEX CONCURRENTLY and
 * VACUUM look for PortalContext.
 */
void
sl_run_top_level(RawStmt *tree, const char *text)
{
	MemoryContext context = CurrentMemoryContext;
	CommandTag	tag = CreateCommandTag(tree->stmt);
	QueryCompletion completion;
	Portal		portal;
	List	   *planned;
	bool		snapshot;

	StartTransactionCommand();
	MemoryContextSwitchTo(context);
	snapshot = analyze_requires_snapshot(tree);
	if (snapshot)
		PushActiveSnapshot(GetTransactionSnapshot());
	planned = pg_analyze_and_rewrite_fixedparams(tree, text, NULL, 0, NULL);
	planned = pg_plan_queries(planned, text, CURSOR_OPT_PARALLEL_OK, NULL);
	if (snapshot)
		PopActiveSnapshot();

	portal = CreatePortal("", true, true);
	portal->visible = false;
	PortalDefineQuery(portal, NULL, text, tag, planned, NULL);
	PortalStart(portal, NULL, 0, InvalidSnapshot);
	(void) PortalRun(portal, FETCH_ALL, true, None_Receiver, None_Receiver,
					 &completion);
	PortalDrop(portal, false);
	CommitTransactionCommand();
	MemoryContextSwitchTo(context);
}

/* Run a statement of our own making the same way. */
static void
run_text(const char *text)
{
	List	   *trees = pg_parse_query(text);

	Assert(list_length(trees) == 1);
	sl_run_top_level(linitial_node(RawStmt, trees), text);
}

/*
 * CONCURRENTLY does not queue others behind itself, and its waits for old
 * transactions count as waits for a lock: our own bound is not for it.  One
 * that the script has set itself is.
 */
static void
lower_lock_timeout(Steps *steps, const char *command)
{
	if (strstr(command, "CONCURRENTLY") == NULL ||
		LockTimeout != steps->lock_timeout)
		return;
	SetConfigOption("lock_timeout", "0", PGC_USERSET, PGC_S_SESSION);
	steps->lowered = true;
}

static void
restore_lock_timeout(Steps *steps)
{
	if (!steps->lowered)
		return;
	SetConfigOption("lock_timeout", psprintf("%d", steps->lock_timeout),
					PGC_USERSET, PGC_S_SESSION);
	steps->lowered = false;
}

/* A statement together with its row in the journal. */
static void
step_in_transaction(Steps *steps, const SlStatement *statement, bool record)
{
	StartTransactionCommand();
	MemoryContextSwitchTo(steps->statement);
	if (record)
		begin_trace(steps);
	sl_execute_statement(&steps->run, statement);
	if (record)
		end_trace(steps);
	if (record && !steps->bookless)
		sl_journal_finish(steps->entry->revision, steps->direction,
						  statement->ordinal, statement->text);
	CommitTransactionCommand();
	MemoryContextSwitchTo(steps->statement);
}

/* A person has to say whether an unfinished CALL or DO is to run again. */
static void
refuse_doubt(const Steps *steps, int ordinal, Node *stmt)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("statement %d of revision \"%s\" was begun and may have committed a part of its work",
					ordinal, steps->entry->revision),
			 errdetail("The catalog cannot tell how far a %s came.",
					   GetCommandTagName(CreateCommandTag(stmt))),
			 errhint("Look at the data, then sl_resolve(%s, 'run', reason) to run the statement again, 'finished' to continue behind it, 'applied' or 'rolled_back' for the whole revision.",
					 quote_literal_cstr(steps->entry->revision))));
}

/*
 * A CALL or DO that may commit.  Where it fails without having committed,
 * nothing is in doubt: it has not begun.
 */
static void
run_unasked(Steps *steps, const SlStatement *statement)
{
	uint64		before = commits;

	*steps->order->in_doubt = true;
	PG_TRY();
	{
		sl_run_top_level(statement->tree, statement->text);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		disarm_timeout(steps);
		MemoryContextSwitchTo(steps->context);
		error = CopyErrorData();
		FlushErrorState();
		AbortOutOfAnyTransaction();
		if (commits == before)
		{
			StartTransactionCommand();
			sl_journal_forget_step(steps->entry->revision, steps->direction,
								   statement->ordinal);
			CommitTransactionCommand();
			*steps->order->in_doubt = false;
		}
		ReThrowError(error);
	}
	PG_END_TRY();
}

/* What the catalog says, in a transaction of its own. */
static void
look(Steps *steps, Node *stmt, const SlJournalStep *step, SlStepPlan *plan)
{
	memset(plan, 0, sizeof(SlStepPlan));
	StartTransactionCommand();
	MemoryContextSwitchTo(steps->statement);
	PushActiveSnapshot(GetTransactionSnapshot());
	sl_step_look(stmt, step, plan);
	PopActiveSnapshot();
	CommitTransactionCommand();
	MemoryContextSwitchTo(steps->statement);
}

/*
 * The same, once nobody can be at work any more on what looks like debris: an
 * invalid index is also what another session is building just now.  That one
 * holds this lock on the table until it is through; and it waits for old
 * snapshots, so we must not have one.
 */
static void
look_and_wait(Steps *steps, Node *stmt, const SlJournalStep *step,
			  SlStepPlan *plan)
{
	look(steps, stmt, step, plan);
	if (!OidIsValid(plan->wait_for))
		return;
	StartTransactionCommand();
	LockRelationOid(plan->wait_for, ShareUpdateExclusiveLock);
	CommitTransactionCommand();
	MemoryContextSwitchTo(steps->statement);
	look(steps, stmt, step, plan);
}

/* Clear away what an earlier attempt left. */
static void
clear_away(const SlStepPlan *plan)
{
	ListCell   *cell;

	foreach(cell, plan->cleanup)
	{
		ereport(NOTICE,
				(errmsg("clearing away what an earlier attempt left: %s",
						(char *) lfirst(cell))));
		run_text(lfirst(cell));
	}
}

/*
 * A step that was begun, and in whose place the script now has another
 * statement, or none: what it was may have left debris, which nobody else
 * will clear away, or have been done, which is told.
 */
static void
clear_replaced(Steps *steps, const SlJournalStep *step)
{
	List	   *trees = pg_parse_query(step->text);
	SlStepPlan	plan;
	Node	   *stmt;

	if (list_length(trees) != 1)
		return;
	stmt = linitial_node(RawStmt, trees)->stmt;
	if (commits_by_itself(steps, stmt))
		refuse_doubt(steps, step->statement, stmt);
	look_and_wait(steps, stmt, step, &plan);
	if (plan.done)
		ereport(WARNING,
				(errmsg("statement %d of revision \"%s\" was changed after it was begun, but what it was is done",
						step->statement, steps->entry->revision),
				 errdetail("It began as: %s", step->text),
				 errhint("Undo it by hand if it is not wanted.")));
	lower_lock_timeout(steps, "CONCURRENTLY");
	clear_away(&plan);
	restore_lock_timeout(steps);
}

/* The same for those behind the last statement that the script has now. */
static void
clear_behind(Steps *steps, int count)
{
	int			ordinal;

	for (ordinal = count + 1; ordinal <= steps->njournal; ordinal++)
	{
		const SlJournalStep *step = find_step(steps, ordinal);

		if (step != NULL && !step->finished)
			clear_replaced(steps, step);
	}
}

/* A statement that commits inside. */
static void
step_outside(Steps *steps, const SlStatement *statement, const char *command,
			 const SlJournalStep *step)
{
	Node	   *stmt = statement->tree->stmt;
	const char *revision = steps->entry->revision;
	SlStepPlan	plan = {0};

	steps->run.statement = statement;
	sl_report_activity(&steps->run);
	if (!commits_by_itself(steps, stmt))
		look_and_wait(steps, stmt, step, &plan);
	else if (step != NULL)
		refuse_doubt(steps, statement->ordinal, stmt);

	if (!plan.done)
	{
		StartTransactionCommand();
		MemoryContextSwitchTo(steps->statement);
		sl_journal_start(revision, steps->direction, statement->ordinal,
						 statement->text, plan.before);
		CommitTransactionCommand();
		MemoryContextSwitchTo(steps->statement);

		/* the tree is the plan's from here on: look at a copy afterwards */
		stmt = copyObject(stmt);
		lower_lock_timeout(steps, command);
		clear_away(&plan);
		if (!plan.only_cleanup)
		{
			begin_trace(steps);
			if (commits_by_itself(steps, stmt))
				run_unasked(steps, statement);
			else
				sl_run_top_level(statement->tree, statement->text);
		}
		restore_lock_timeout(steps);
	}

	StartTransactionCommand();
	MemoryContextSwitchTo(steps->statement);
	if (!plan.done && !plan.only_cleanup)
		end_trace(steps);
	else if (steps->order->direction == SL_UP)
		sl_footprint_add_step(steps->entry, sl_footprint_of_finished(&plan));
	sl_step_verify(stmt);
	sl_journal_finish(revision, steps->direction, statement->ordinal,
					  statement->text);
	CommitTransactionCommand();
	MemoryContextSwitchTo(steps->statement);
	*steps->order->in_doubt = false;
}

/* The same in a rehearsal: there is nobody else, and nothing from before. */
static void
step_outside_bookless(Steps *steps, const SlStatement *statement,
					  const char *command)
{
	Node	   *stmt = copyObject(statement->tree->stmt);

	steps->run.statement = statement;
	sl_report_activity(&steps->run);
	lower_lock_timeout(steps, command);
	begin_trace(steps);
	sl_run_top_level(statement->tree, statement->text);
	restore_lock_timeout(steps);

	StartTransactionCommand();
	MemoryContextSwitchTo(steps->statement);
	end_trace(steps);
	sl_step_verify(stmt);
	CommitTransactionCommand();
	MemoryContextSwitchTo(steps->statement);
}

/* What finished before must still be what the script says. */
static void
require_same_text(const Steps *steps, const SlStatement *statement,
				  const SlJournalStep *step)
{
	if (sl_script_same_meaning(step->text, statement->text))
		return;
	ereport(ERROR,
			(errcode(SL_ERR_SCRIPT_CHANGED),
			 errmsg("statement %d of revision \"%s\" has run already and was changed since",
					statement->ordinal, steps->entry->revision),
			 errdetail("It ran as: %s", step->text),
			 errhint("A partly run script may be changed behind its last finished statement only.")));
}

/* One statement of the script, wherever the last run stopped. */
static void
run_step(Steps *steps, const SlStatement *statement)
{
	Node	   *stmt = statement->tree->stmt;
	const SlJournalStep *step = find_step(steps, statement->ordinal);
	const char *command = "";

	CHECK_FOR_INTERRUPTS();
	if (step != NULL && step->finished)
	{
		require_same_text(steps, statement, step);
		if (is_scenery(stmt))
		{
			arm_timeout(steps);
			step_in_transaction(steps, statement, false);
			disarm_timeout(steps);
		}
		return;
	}
	arm_timeout(steps);
	if (step != NULL &&
		!sl_script_same_meaning(step->text, statement->text))
	{
		clear_replaced(steps, step);
		step = NULL;
	}
	if (!sl_statement_is_transactional(stmt, &command) ||
		commits_by_itself(steps, stmt))
	{
		if (command == NULL)
			command = "";
		if (steps->bookless)
			step_outside_bookless(steps, statement, command);
		else
			step_outside(steps, statement, command, step);
	}
	else
		step_in_transaction(steps, statement, true);
	disarm_timeout(steps);
}

/*
 * Is the revision still what the session that launched us took it for?  That
 * one checked whose script it is and whether it may run: another text, or
 * another registrar, was not checked by anybody.
 */
static bool
is_as_ordered(const SlRegistryEntry *entry, const SlOrder *order)
{
	const char *script;
	char		checksum[65];

	if (entry == NULL || entry->registrar != order->registrar)
		return false;
	script = order->direction == SL_UP ? entry->up : entry->down;
	if (script == NULL)
		return false;
	sl_sha256_hex(script, strlen(script), checksum);
	return strcmp(checksum, order->checksum) == 0 &&
		(order->direction == SL_UP ? !entry->applied : entry->claimed);
}

/* Does no statement ask to run outside a transaction?  Then a header does. */
static bool
is_declared(const char *revision, const char *script)
{
	SlOrigin	origin = {NULL, revision, 1};
	SlScriptInfo info;

	sl_script_check(script, strlen(script), &origin, &info);
	return info.transactional;
}

/* Read the script and the journal. */
static void
fetch_steps(Steps *steps)
{
	const SlOrder *order = steps->order;
	SlRegistryEntry *entry;

	StartTransactionCommand();
	MemoryContextSwitchTo(steps->context);
	entry = sl_registry_get(order->revision, true);
	if (!is_as_ordered(entry, order))
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("revision \"%s\" was changed by another session",
						order->revision),
				 errhint("Call again.")));
	steps->entry = entry;
	steps->direction = order->direction == SL_UP ? "up" : "down";
	read_journal(steps);
	steps->declared = is_declared(order->revision, order->direction == SL_UP ?
								  entry->up : entry->down);
	CommitTransactionCommand();
	MemoryContextSwitchTo(steps->context);
}

/* What every script of this kind begins with. */
static void
begin_steps(Steps *steps, const SlOptions *options)
{
	steps->context = AllocSetContextCreate(TopMemoryContext,
										   "schema_lifecycle script",
										   ALLOCSET_DEFAULT_SIZES);
	steps->statement = AllocSetContextCreate(steps->context,
											 "schema_lifecycle statement",
											 ALLOCSET_DEFAULT_SIZES);
	steps->lock_timeout = options->migration_lock_timeout;
	steps->run.statement_timeout = options->migration_statement_timeout;
}

/* One statement after the other.  Returns how many there are. */
static int
run_all_steps(Steps *steps, const char *caller, const char *script,
			  int first_line)
{
	ErrorContextCallback callback;
	SlScanner  *scanner;
	SlStatement statement;
	int			count = 0;

	SetConfigOption("lock_timeout", psprintf("%d", steps->lock_timeout),
					PGC_USERSET, PGC_S_SESSION);
	steps->run.caller = caller;
	steps->run.revision = steps->entry->revision;
	steps->run.script = script;
	steps->run.origin.revision = steps->entry->revision;
	steps->run.origin.first_line = first_line;
	steps->run.total = steps->entry->statements;
	sl_run_context_push(&steps->run, &callback);
	sl_fence_watch();

	scanner = sl_scan_begin(script, strlen(script), &steps->run.origin);
	for (;;)
	{
		MemoryContextReset(steps->statement);
		MemoryContextSwitchTo(steps->statement);
		steps->run.statement = NULL;
		if (!sl_scan_next(scanner, &statement))
			break;
		run_step(steps, &statement);
		count++;
	}
	sl_scan_end(scanner);
	clear_behind(steps, count);
	steps->run.statement = NULL;
	sl_fence_abandon();
	error_context_stack = callback.previous;
	return count;
}

/*
 * Run the script of a revision, or the rest of it.  In a worker; leaves by an
 * error or with everything done and journalled.
 */
void
sl_run_steps(const SlOrder *order, const SlOptions *options,
			 SlOutcome *outcome)
{
	bool		up = order->direction == SL_UP;
	TimestampTz started = GetCurrentTimestamp();
	Steps		steps = {{0}};
	int			count;

	begin_steps(&steps, options);
	steps.order = order;
	RegisterXactCallback(count_commits, NULL);
	fetch_steps(&steps);
	count = run_all_steps(&steps, "schema_lifecycle worker",
						  up ? steps.entry->up : steps.entry->down,
						  up ? steps.entry->up_line : steps.entry->down_line);
	sl_fill_outcome(outcome, order->direction, count, started);
}

/*
 * Run an up script in a worker of a rehearsal, which goes on to the next one
 * and cleans its session before that.  Returns the number of statements.
 */
int
sl_run_steps_only(const SlRegistryEntry *entry, const char *caller,
				  const SlOptions *options, SlChangeSink sink, void *arg)
{
	MemoryContext before = CurrentMemoryContext;
	Steps		steps = {{0}};
	int			count;

	begin_steps(&steps, options);
	steps.bookless = true;
	steps.sink = sink;
	steps.sink_arg = arg;
	steps.entry = entry;
	StartTransactionCommand();
	MemoryContextSwitchTo(steps.context);
	steps.declared = is_declared(entry->revision, entry->up);
	CommitTransactionCommand();
	MemoryContextSwitchTo(steps.context);
	count = run_all_steps(&steps, caller, entry->up, entry->up_line);
	MemoryContextSwitchTo(before);
	MemoryContextDelete(steps.context);
	return count;
}

/*
 * All statements are in the journal as finished: claim the revision, write
 * the history and close the journal, in one transaction, by the session that
 * holds the migration lock.
 */
void
sl_record_steps_done(const SlRegistryEntry *entry, SlDirection direction,
					 const SlOutcome *outcome)
{
	int64		log_id = sl_log_next_id();
	SlRegistryEntry *now;

	/* nobody could be kept from changing the script while it ran */
	sl_registry_lock(entry->revision);
	now = sl_registry_get_script(entry->revision);
	if (now == NULL || strcmp(now->meaning, entry->meaning) != 0 ||
		(direction == SL_DOWN &&
		 (now->down == NULL || strcmp(now->down, entry->down) != 0)))
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("revision \"%s\" was changed while it ran",
						entry->revision),
				 errhint("Call again: the run continues behind the last finished statement.")));
	sl_claim_for_run(entry, direction, log_id);
	sl_record_done(entry, direction, log_id, outcome,
				   direction == SL_UP ?
				   sl_footprint_finish_steps(entry, log_id) : NULL);
	sl_journal_clear(entry->revision);
	sl_recorded_one(entry->revision, direction, outcome->elapsed);
}
