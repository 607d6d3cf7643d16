/*-------------------------------------------------------------------------
 *
 * execute.c
 *	  The statements of a script, one after the other, in a transaction.
 *
 * As execute_sql_string does for extension scripts: raw tree, analysis, plan,
 * executor or utility, with a new command and a new snapshot each.  Nothing
 * is parsed twice, and an error keeps its SQLSTATE, detail and hint; its
 * position becomes that of an internal query, the statement, because the
 * client's own query is the call of the function.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/runner/execute.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "parser/analyze.h"
#include "pgstat.h"
#include "tcop/cmdtag.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/backend_status.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"

#include "runner/runner.h"

/*
 * The one error context of a run.  Says which revision, statement and line,
 * and turns a position in the statement's text into an internal position.
 */
static void
run_error_callback(void *arg)
{
	SlRun	   *run = arg;
	int			position;

	if (run->statement == NULL)
	{
		errcontext("revision \"%s\"", run->revision);
		return;
	}
	position = geterrposition();
	if (position > 0)
	{
		errposition(0);
		internalerrposition(position);
		internalerrquery(run->statement->text);
	}
	errcontext("revision \"%s\", statement %d (line %d)",
			   run->revision, run->statement->ordinal, run->statement->line);
}

/* Put the run on the stack of error contexts; the caller pops it. */
void
sl_run_context_push(SlRun *run, ErrorContextCallback *callback)
{
	callback->callback = run_error_callback;
	callback->arg = run;
	callback->previous = error_context_stack;
	error_context_stack = callback;
}

/* The command of a statement, as its tag has it. */
const char *
sl_command_name(const SlStatement *statement)
{
	return GetCommandTagName(CreateCommandTag(statement->tree->stmt));
}

static const SlStatement *at_work = NULL;

/*
 * The statement that was begun last.  To be asked from its inside: it is not
 * there any more when its script has ended.
 */
const SlStatement *
sl_statement_at_work(void)
{
	return at_work;
}

/*
 * Show in pg_stat_activity what is at work: the command, not its text, which
 * may hold a password.
 */
void
sl_report_activity(const SlRun *run)
{
	char	   *text;

	at_work = run->statement;
	if (run->statement == NULL)
		text = psprintf("%s: revision \"%s\"", run->caller, run->revision);
	else
		text = psprintf("%s: revision \"%s\", statement %d of %d (%s)",
						run->caller, run->revision, run->statement->ordinal,
						run->total, sl_command_name(run->statement));
	pgstat_report_activity(STATE_RUNNING, text);
	pfree(text);
}

/* Show the caller's own query again. */
void
sl_restore_activity(void)
{
	if (debug_query_string != NULL)
		pgstat_report_activity(STATE_RUNNING, debug_query_string);
}

/* One planned query; a snapshot is active. */
static void
execute_planned(PlannedStmt *planned, const char *text)
{
	if (planned->utilityStmt != NULL)
	{
		ProcessUtility(planned, text, false, PROCESS_UTILITY_QUERY, NULL,
					   NULL, None_Receiver, NULL);
	}
	else
	{
		QueryDesc  *desc = CreateQueryDesc(planned, text, GetActiveSnapshot(),
										   InvalidSnapshot, None_Receiver,
										   NULL, NULL, 0);

		ExecutorStart(desc, 0);
		ExecutorRun(desc, ForwardScanDirection, 0);
		ExecutorFinish(desc);
		ExecutorEnd(desc);
		FreeQueryDesc(desc);
	}
}

/* Run one statement in the current transaction and memory context. */
void
sl_execute_statement(SlRun *run, const SlStatement *statement)
{
	RawStmt    *tree = statement->tree;
	List	   *planned;
	ListCell   *cell;
	bool		snapshot;

	CHECK_FOR_INTERRUPTS();
	run->statement = statement;
	sl_report_activity(run);

	if (statement->data != NULL)
	{
		sl_execute_copy(statement);
		CommandCounterIncrement();
		return;
	}

	/* what the previous statement did must be seen by the analysis */
	CommandCounterIncrement();
	snapshot = analyze_requires_snapshot(tree);
	if (snapshot)
		PushActiveSnapshot(GetTransactionSnapshot());
	planned = pg_analyze_and_rewrite_fixedparams(tree, statement->text,
												 NULL, 0, NULL);
	planned = pg_plan_queries(planned, statement->text,
							  CURSOR_OPT_PARALLEL_OK, NULL);
	if (snapshot)
		PopActiveSnapshot();

	foreach(cell, planned)
	{
		CommandCounterIncrement();
		PushActiveSnapshot(GetTransactionSnapshot());
		execute_planned(lfirst_node(PlannedStmt, cell), statement->text);
		PopActiveSnapshot();
	}
	CommandCounterIncrement();
}

/*
 * Run a script inside the fence.  Returns the number of statements.  One
 * statement's memory at a time.
 */
int
sl_execute_script(SlRun *run, SlFence *fence)
{
	MemoryContext outer = CurrentMemoryContext;
	MemoryContext context;
	SlScanner  *scanner;
	SlStatement statement;
	int			statements = 0;

	context = AllocSetContextCreate(outer, "schema_lifecycle statement",
									ALLOCSET_DEFAULT_SIZES);
	scanner = sl_scan_begin(run->script, strlen(run->script), &run->origin);
	for (;;)
	{
		MemoryContextReset(context);
		MemoryContextSwitchTo(context);
		run->statement = NULL;
		if (!sl_scan_next(scanner, &statement))
			break;
		if (run->statement_timeout > 0)
			enable_timeout_after(STATEMENT_TIMEOUT, run->statement_timeout);
		if (run->executor != NULL)
			run->executor(run, &statement, run->executor_arg);
		else
			sl_execute_statement(run, &statement);
		if (run->statement_timeout > 0)
			disable_timeout(STATEMENT_TIMEOUT, false);
		sl_fence_after_statement(fence);
		statements++;
	}
	sl_scan_end(scanner);
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(context);
	run->statement = NULL;
	return statements;
}
