/*-------------------------------------------------------------------------
 *
 * jobs.c
 *	  What workers do: the steps of a revision, and statements of our own.
 *
 * The committed ledger is the message: the worker gets a revision's id and
 * reads the script itself.  An error ends it, and what is left is an open
 * journal, the same as after a crash; the next run continues from it.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/runner/jobs.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "runner/worker.h"

PGDLLEXPORT void sl_job_steps(Datum main_arg);
PGDLLEXPORT void sl_job_statements(Datum main_arg);

/*-------------------------------------------------------------------------
 * The steps of a revision
 *-------------------------------------------------------------------------
 */

typedef struct StepsInput
{
	Oid			registrar;		/* whose script it was when it was checked */
	char		checksum[65];	/* and what it was */
	SlDirection direction;
	int			lock_timeout;
	int			statement_timeout;
	char		revision[FLEXIBLE_ARRAY_MEMBER];
} StepsInput;

typedef struct StepsOutput
{
	bool		in_doubt;		/* see SlOrder */
	bool		done;
	int			statements;
} StepsOutput;

/*
 * Run a script in a worker and wait for its end; raises what the worker
 * raised.  To be called by a non-atomic procedure: commits.
 */
void
sl_run_in_worker(const SlRegistryEntry *entry, SlDirection direction,
				 const char *caller, const SlOptions *options,
				 SlOutcome *outcome)
{
	TimestampTz started = GetCurrentTimestamp();
	const char *script = direction == SL_UP ? entry->up : entry->down;
	Size		size = offsetof(StepsInput, revision) +
		strlen(entry->revision) + 1;
	StepsInput *input = palloc0(size);
	StepsOutput *output = palloc0_object(StepsOutput);
	SlWorkerTask task = {0};

	input->registrar = entry->registrar;
	sl_sha256_hex(script, strlen(script), input->checksum);
	input->direction = direction;
	input->lock_timeout = options->migration_lock_timeout;
	input->statement_timeout = options->migration_statement_timeout;
	memcpy(input->revision, entry->revision, strlen(entry->revision) + 1);

	task.job = "sl_job_steps";
	task.subject = psprintf("revision \"%s\"", entry->revision);
	task.caller = caller;
	task.login = sl_worker_login(entry->revision, entry->registrar,
								 entry->registrar_name);
	task.alone = true;
	task.input = input;
	task.input_size = size;
	task.output = output;
	task.output_size = sizeof(StepsOutput);
	task.died_hint =
		_("Call again: the run continues behind the last finished statement.");
	PG_TRY();
	{
		sl_worker_run(&task);
	}
	PG_FINALLY();
	{
		outcome->in_doubt = output->in_doubt && !output->done;
	}
	PG_END_TRY();
	sl_fill_outcome(outcome, direction, output->statements, started);
}

static void
do_steps(const SlWorkerSelf *self)
{
	const StepsInput *input = (const StepsInput *) self->input;
	StepsOutput *output = self->output;
	SlOptions	options;
	SlOutcome	outcome;
	SlOrder		order;

	memset(&options, 0, sizeof(options));
	options.migration_lock_timeout = input->lock_timeout;
	options.migration_statement_timeout = input->statement_timeout;
	memset(&order, 0, sizeof(order));
	order.revision = input->revision;
	order.direction = input->direction;
	order.registrar = input->registrar;
	order.checksum = input->checksum;
	order.in_doubt = &output->in_doubt;
	sl_run_steps(&order, &options, &outcome);
	output->statements = outcome.statements;
	output->done = true;
}

void
sl_job_steps(Datum main_arg)
{
	sl_worker_main(main_arg, do_steps);
}

/*-------------------------------------------------------------------------
 * Statements, one after the other
 *-------------------------------------------------------------------------
 */

typedef struct StatementsInput
{
	int			lock_timeout;
	int			statement_timeout;
	int			count;
	char		texts[FLEXIBLE_ARRAY_MEMBER];	/* one NUL after each */
} StatementsInput;

/*
 * Run statements, char *, one after the other, each as a client would send it:
 * outside a transaction, as the current user.  Stops at the first error, and
 * raises it; those before it stay done.  Returns how many that were by
 * *finished, also then; NULL: not wanted.
 *
 * For texts of our own making: whose they are is not asked.  A role that
 * cannot log in has its statements run where nobody is within reach but who
 * it is anyway.  To be called by a non-atomic procedure: commits.
 */
void
sl_run_statements_in_worker(List *statements, const char *caller,
							const SlOptions *options, int *finished)
{
	StringInfoData input;
	StatementsInput head = {0};
	int		   *output = palloc0_object(int);
	SlWorkerTask task = {0};
	ListCell   *cell;

	head.lock_timeout = options->migration_lock_timeout;
	head.statement_timeout = options->migration_statement_timeout;
	head.count = list_length(statements);
	initStringInfo(&input);
	appendBinaryStringInfo(&input, (char *) &head,
						   offsetof(StatementsInput, texts));
	foreach(cell, statements)
		appendBinaryStringInfo(&input, lfirst(cell),
							   strlen(lfirst(cell)) + 1);

	task.job = "sl_job_statements";
	task.subject = psprintf("%s()", caller);
	task.caller = caller;
	task.login = sl_worker_login_for_own(caller);
	task.alone = true;
	task.input = input.data;
	task.input_size = input.len;
	task.output = output;
	task.output_size = sizeof(int);
	PG_TRY();
	{
		sl_worker_run(&task);
	}
	PG_FINALLY();
	{
		if (finished != NULL)
			*finished = *output;
	}
	PG_END_TRY();
}

static void
statement_error_callback(void *arg)
{
	const char *text = *(const char **) arg;
	int			position = geterrposition();

	if (position > 0)
	{
		errposition(0);
		internalerrposition(position);
		internalerrquery(text);
	}
	errcontext("statement \"%s\"", text);
}

/*
 * CONCURRENTLY waits for old transactions, which counts as a wait for a lock,
 * and does not queue others behind itself: the bound is for the rest.
 */
static void
set_lock_timeout(const StatementsInput *input, Node *stmt)
{
	const char *command = "";
	int			timeout = input->lock_timeout;

	if (!sl_statement_is_transactional(stmt, &command) &&
		command != NULL && strstr(command, "CONCURRENTLY") != NULL)
		timeout = 0;
	SetConfigOption("lock_timeout", psprintf("%d", timeout),
					PGC_USERSET, PGC_S_SESSION);
}

static void
do_statements(const SlWorkerSelf *self)
{
	const StatementsInput *input = (const StatementsInput *) self->input;
	const char *text = input->texts;
	int		   *finished = self->output;
	MemoryContext context = AllocSetContextCreate(TopMemoryContext,
												  "schema_lifecycle statement",
												  ALLOCSET_DEFAULT_SIZES);
	ErrorContextCallback callback;
	int			i;

	callback.callback = statement_error_callback;
	callback.arg = &text;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	for (i = 0; i < input->count; i++)
	{
		List	   *trees;
		ListCell   *cell;

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(context);
		MemoryContextSwitchTo(context);
		trees = pg_parse_query(text);
		foreach(cell, trees)
		{
			RawStmt    *tree = lfirst_node(RawStmt, cell);

			set_lock_timeout(input, tree->stmt);
			if (input->statement_timeout > 0)
				enable_timeout_after(STATEMENT_TIMEOUT,
									 input->statement_timeout);
			sl_run_top_level(tree, text);
			if (input->statement_timeout > 0)
				disable_timeout(STATEMENT_TIMEOUT, false);
		}
		text += strlen(text) + 1;
		(*finished)++;
	}
	error_context_stack = callback.previous;
}

void
sl_job_statements(Datum main_arg)
{
	sl_worker_main(main_arg, do_statements);
}
