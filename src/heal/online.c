/*-------------------------------------------------------------------------
 *
 * online.c
 *	  sl_repair_online: the same repair, committed step by step.
 *
 * For tables that cannot be locked for long: indexes are built CONCURRENTLY,
 * by a background worker, and constraints come NOT VALID and are validated by
 * a transaction of their own.  What was committed stays, also where a later
 * step cannot be done; a call after that continues.  An index that is left
 * INVALID is dropped and built again by the next call.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/heal/online.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "heal/heal_private.h"
#include "runner/call.h"

PG_FUNCTION_INFO_V1(sl_repair_online);

/* how often what is left is looked at again */
#define MAX_ROUNDS 5

typedef struct Online
{
	SlCall	   *call;
	SlHealOrder order;
	SlHealing  *healing;
	MemoryContext cxt;			/* of steps, and of what they are about */
	List	   *before;			/* differences at the start */
	List	   *steps;			/* of this round */
	bool		first;			/* it is the first round */
	SlHealStep *step;			/* at work */
	char	   *statement;		/* the same, of one that comes apart */
} Online;

/* A piece that must go well. */
static void
do_piece(Online *online, void (*piece) (void *arg))
{
	ErrorData  *error = sl_call_try(online->call, piece, online);

	if (error != NULL)
	{
		sl_call_rollback();
		ReThrowError(error);
	}
	sl_call_commit();
	MemoryContextReset(online->call->work);
}

/* What is to be done now. */
static void
look_piece(void *arg)
{
	Online	   *online = arg;
	MemoryContext before = MemoryContextSwitchTo(online->cxt);
	SlTruth		truth;
	List	   *steps = NIL;

	sl_heal_look(&truth, NIL);
	if (online->first)
	{
		online->before = truth.differences;
		if (online->order.replays)
			steps = sl_replay_steps(&truth);
		online->healing->steps = list_copy(steps);
	}
	online->steps = steps;
	/* what is run again may bring some of these */
	if (steps == NIL)
		online->steps =
			sl_heal_new_steps(online->healing,
							  sl_heal_steps(truth.differences,
											&online->call->options, true));
	MemoryContextSwitchTo(before);
}

/* One step in a transaction, with its row in the history. */
static void
step_piece(void *arg)
{
	Online	   *online = arg;
	MemoryContext before = MemoryContextSwitchTo(online->cxt);

	if (strcmp(online->step->action, "replay") == 0)
		sl_replay(online->step, &online->order, &online->call->options);
	else
	{
		sl_heal_run(list_make1(online->step), &online->order,
					&online->call->options);
		sl_heal_keep_books(list_make1(online->step));
	}
	MemoryContextSwitchTo(before);
}

/* One statement of a step whose statements are transactions. */
static void
execute(void *arg)
{
	Online	   *online = arg;

	sl_heal_execute(online->step, &online->order,
					list_make1(online->statement));
}

static void
statement_piece(void *arg)
{
	Online	   *online = arg;
	ErrorData  *error = sl_heal_try(sl_heal_confinement(online->step),
									&online->call->options, execute, online);

	if (error != NULL)
		ReThrowError(error);
}

/* Who registered it must have the rights that it will run with. */
static void
confinement_piece(void *arg)
{
	(void) sl_heal_confinement(((Online *) arg)->step);
}

/* Outside a transaction: NULL, or the error, after a rollback. */
static ErrorData *
run_in_worker(Online *online, char *statement)
{
	SlCall	   *call = online->call;
	ErrorData  *volatile error = NULL;
	List	   *statements;

	MemoryContextSwitchTo(call->work);
	statements = lappend(sl_heal_pinned_statements(), statement);
	PG_TRY();
	{
		sl_heal_check_made(statement);
		sl_run_statements_in_worker(statements, call->name, &call->options,
									NULL);
	}
	PG_CATCH();
	{
		error = sl_call_take_error(call);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(call->context);
	if (error != NULL)
		sl_call_rollback();
	else
		sl_call_commit();
	return error;
}

static ErrorData *
run_statement(Online *online)
{
	RawStmt    *tree = linitial_node(RawStmt,
									 pg_parse_query(online->statement));
	const char *command;
	ErrorData  *error;

	if (!sl_statement_is_transactional(tree->stmt, &command))
		return run_in_worker(online, online->statement);
	error = sl_call_try(online->call, statement_piece, online);
	if (error != NULL)
		sl_call_rollback();
	else
		sl_call_commit();
	return error;
}

/* An index that rows made impossible is of no use, and costs writers. */
static void
clear_away(Online *online, const ErrorData *error)
{
	const SlHealStep *step = online->step;
	char	   *drop;

	if (ERRCODE_TO_CATEGORY(error->sqlerrcode) !=
		ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION ||
		strstr(online->statement, "INDEX CONCURRENTLY") == NULL)
		return;
	drop = strcmp(step->class, "index") == 0 ? pstrdup(step->identity) :
		psprintf("%s.%s", sl_name_owner(sl_name_owner(step->identity)),
				 sl_name_last(step->identity));
	(void) run_in_worker(online, psprintf("DROP INDEX CONCURRENTLY IF EXISTS %s",
										  drop));
}

typedef struct Skip
{
	Online	   *online;
	const ErrorData *error;
} Skip;

static void
skip_piece(void *arg)
{
	Skip	   *skip = arg;
	Online	   *online = skip->online;
	MemoryContext before = MemoryContextSwitchTo(online->cxt);

	sl_heal_skip_for(online->step, &online->call->options, skip->error);
	MemoryContextSwitchTo(before);
}

/* The transaction of the error is over. */
static void
skip_for(Online *online, ErrorData *error)
{
	Skip		skip = {online, error};

	if (sl_error_ends_repair(error))
		ReThrowError(error);
	error = sl_call_try(online->call, skip_piece, &skip);
	if (error != NULL)
	{
		sl_call_rollback();
		ReThrowError(error);
	}
	sl_call_commit();
}

static void
books_piece(void *arg)
{
	sl_heal_keep_books(list_make1(((Online *) arg)->step));
}

/* A step whose statements are transactions: all of them, or up to an error. */
static void
run_apart(Online *online)
{
	SlHealStep *step = online->step;
	TimestampTz started = GetCurrentTimestamp();
	ErrorData  *error;
	ListCell   *cell;

	error = sl_call_try(online->call, confinement_piece, online);
	if (error != NULL)
	{
		sl_call_rollback();
		skip_for(online, error);
		return;
	}
	sl_call_commit();
	foreach(cell, step->statements)
	{
		online->statement = lfirst(cell);
		error = run_statement(online);
		if (error == NULL)
			continue;
		clear_away(online, error);
		skip_for(online, error);
		return;
	}
	sl_heal_done(step, &online->order, started);
	do_piece(online, books_piece);
}

static void
run_step(Online *online)
{
	if (sl_heal_leave_alone(online->step, &online->order))
		return;
	if (online->step->apart)
		run_apart(online);
	else
		do_piece(online, step_piece);
}

/* Was it tried again, in another way? */
static bool
is_told_later(const List *steps, int i)
{
	const SlHealStep *step = list_nth(steps, i);

	while (++i < list_length(steps))
	{
		const SlHealStep *later = list_nth(steps, i);

		if (step->difference != NULL && later->difference != NULL &&
			strcmp(step->class, later->class) == 0 &&
			strcmp(step->identity, later->identity) == 0)
			return true;
	}
	return false;
}

/* A line for what was left. */
static void
tell_of_skipped(const Online *online)
{
	ListCell   *cell;

	foreach(cell, online->healing->steps)
	{
		const SlHealStep *step = lfirst(cell);

		if (sl_step_is_done(step) || step->outcome == NULL ||
			is_told_later(online->healing->steps,
						  foreach_current_index(cell)))
			continue;
		if (step->class != NULL)
			ereport(NOTICE,
					(errmsg("%s %s %s", step->class, step->identity,
							step->outcome)));
		else
			ereport(NOTICE,
					(errmsg("%s %s %s", step->action, step->revision,
							step->outcome)));
	}
}

static void
requirements_piece(void *arg)
{
	Online	   *online = arg;
	MemoryContext before = MemoryContextSwitchTo(online->cxt);

	sl_heal_requirements(online->healing, &online->order,
						 &online->call->options);
	MemoryContextSwitchTo(before);
}

/* It is too late to roll back: but not to say so. */
static void
prove_piece(void *arg)
{
	Online	   *online = arg;
	SlTruth		truth;

	sl_heal_look(&truth, NIL);
	sl_heal_prove_claims(online->healing, &truth);
	sl_heal_prove(online->healing, online->before, &truth);
}

static bool
any_done(List *steps)
{
	ListCell   *cell;

	foreach(cell, steps)
		if (sl_step_is_done(lfirst(cell)))
			return true;
	return false;
}

static void
repair_locked(void *arg)
{
	Online	   *online = arg;
	int			round;
	ListCell   *cell;

	online->order.replays = online->call->options.replay;
	for (round = 0; round < MAX_ROUNDS; round++)
	{
		bool		replays;

		online->first = round == 0;
		do_piece(online, look_piece);
		replays = online->steps != NIL &&
			strcmp(((SlHealStep *) linitial(online->steps))->action,
				   "replay") == 0;
		foreach(cell, online->steps)
		{
			CHECK_FOR_INTERRUPTS();
			online->step = lfirst(cell);
			run_step(online);
		}
		if (!replays && !any_done(online->steps))
			break;
	}
	do_piece(online, requirements_piece);
	tell_of_skipped(online);
	do_piece(online, prove_piece);
}

static bool
is_done(void *arg)
{
	return false;
}

/* CALL sl_repair_online(options) */
Datum
sl_repair_online(PG_FUNCTION_ARGS)
{
	Online	   *online;
	SlCall	   *call;

	call = sl_call_begin(fcinfo, "sl_repair_online",
						 "sl_repair() does the same in a transaction.",
						 PG_ARGISNULL(0) ? NULL : PG_GETARG_JSONB_P(0));
	online = palloc0_object(Online);
	online->call = call;
	online->cxt = AllocSetContextCreate(call->context,
										"schema_lifecycle repair",
										ALLOCSET_DEFAULT_SIZES);
	online->healing = palloc0_object(SlHealing);
	online->order.caller = call->name;
	online->order.facts = true;
	online->order.requirements = true;
	online->order.notices = true;
	if (sl_call_lock(call, is_done, NULL))
		sl_call_run_locked(call, repair_locked, online);
	sl_call_end(call);
	PG_RETURN_VOID();
}
