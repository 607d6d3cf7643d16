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

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/pg_index.h"
#include "commands/defrem.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "heal/ddl_table.h"
#include "heal/heal_private.h"
#include "runner/call.h"
#include "status/require.h"
#include "status/status.h"

PG_FUNCTION_INFO_V1(sl_repair_online);

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
	bool		outside;		/* it cannot run in a transaction */
	bool		again;			/* it builds again an index that is there */
	List	   *remains;		/* char *: indexes that it has left */
	List	   *required;		/* steps for requirements that were done */
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

/*
 * One statement of a step whose statements are transactions; or what it is,
 * if it cannot be run in one.
 */
static void
execute(void *arg)
{
	Online	   *online = arg;
	List	   *trees = raw_parser(online->statement, RAW_PARSE_DEFAULT);
	Node	   *tree = linitial_node(RawStmt, trees)->stmt;
	const char *command;

	online->outside = !sl_statement_is_transactional(tree, &command);
	online->again = IsA(tree, ReindexStmt);
	if (online->outside)
		return;
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
	statements = sl_heal_pinned_statements(online->step->requirement);
	statements = lappend(statements, statement);
	PG_TRY();
	{
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
	ErrorData  *error = sl_call_try(online->call, statement_piece, online);

	if (error != NULL)
	{
		sl_call_rollback();
		return error;
	}
	sl_call_commit();
	return online->outside ? run_in_worker(online, online->statement) : NULL;
}

/* The index that a step is about, as SQL writes it. */
static char *
index_of(const SlHealStep *step)
{
	if (step->requirement != NULL)
		return pstrdup(step->index);
	if (strcmp(step->class, "index") == 0)
		return pstrdup(step->identity);
	return psprintf("%s.%s", sl_name_owner(sl_name_owner(step->identity)),
					sl_name_last(step->identity));
}

/*
 * What a build that failed has left: the index itself, or those that were to
 * take its place, which the server names after it.
 */
static void
remains_piece(void *arg)
{
	Online	   *online = arg;
	MemoryContext before = MemoryContextSwitchTo(online->cxt);
	const char *index = index_of(online->step);
	Oid			relid = sl_live_relation(index);
	Oid			table = OidIsValid(relid) ?
		IndexGetRelation(relid, true) : InvalidOid;
	List	   *indexes = OidIsValid(table) ? sl_indexes_of(table) : NIL;
	ListCell   *cell;

	online->remains = NIL;
	foreach(cell, indexes)
	{
		HeapTuple	tuple = lfirst(cell);
		Form_pg_index form = (Form_pg_index) GETSTRUCT(tuple);
		const char *name = get_rel_name(relid);
		const char *other = get_rel_name(form->indexrelid);
		const char *begin;

		if (form->indisvalid || name == NULL || other == NULL)
			continue;
		begin = makeObjectName(name, NULL, "ccnew");
		if (online->again ? strncmp(other, begin, strlen(begin)) == 0 :
			form->indexrelid == relid)
			online->remains = lappend(online->remains,
									  psprintf("%s.%s", sl_name_owner(index),
											   quote_identifier(other)));
	}
	MemoryContextSwitchTo(before);
}

/*
 * An index that rows made impossible is of no use, and costs writers.  What
 * cannot be dropped stays.
 */
static void
clear_away(Online *online, const ErrorData *error)
{
	ErrorData  *left;
	ListCell   *cell;

	if (ERRCODE_TO_CATEGORY(error->sqlerrcode) !=
		ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION || !online->outside)
		return;
	do_piece(online, remains_piece);
	foreach(cell, online->remains)
	{
		left = run_in_worker(online,
							 psprintf("DROP INDEX CONCURRENTLY IF EXISTS %s",
									  (char *) lfirst(cell)));
		if (left != NULL && sl_error_must_pass(left))
			ReThrowError(left);
	}
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

/* Requirements that do not hold now. */
static void
requirements_piece(void *arg)
{
	Online	   *online = arg;
	MemoryContext before = MemoryContextSwitchTo(online->cxt);

	online->steps = sl_requirement_steps(true);
	MemoryContextSwitchTo(before);
}

static void
held_piece(void *arg)
{
	Online	   *online = arg;

	sl_heal_require_held(online->required, &online->order);
}

/* It is too late to roll back: but not to say so. */
static void
prove_piece(void *arg)
{
	Online	   *online = arg;
	SlTruth		truth;

	sl_heal_look(&truth, NIL);
	sl_heal_prove_claims(online->healing, &truth);
	sl_heal_prove(online->healing, &online->order, online->before, &truth);
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
run_steps(Online *online)
{
	ListCell   *cell;

	foreach(cell, online->steps)
	{
		CHECK_FOR_INTERRUPTS();
		online->step = lfirst(cell);
		run_step(online);
	}
}

/* Those that rows were in the way of need not be tried again. */
static void
keep_hopeless(Online *online, List *tried)
{
	ListCell   *cell;
	ListCell   *other;

	foreach(cell, online->steps)
		foreach(other, tried)
		{
			SlHealStep *old = lfirst(other);

			const SlHealStep *step = lfirst(cell);

			if (old->rows && strcmp(old->identity, step->identity) == 0)
				lfirst(cell) = old;
		}
}

/* One may need what another one makes: as long as something comes of it. */
static void
heal_requirements(Online *online)
{
	int			round;
	ListCell   *cell;

	online->steps = NIL;
	for (round = 0; round < SL_HEAL_ROUNDS; round++)
	{
		List	   *tried = online->steps;

		do_piece(online, requirements_piece);
		keep_hopeless(online, tried);
		run_steps(online);
		foreach(cell, online->steps)
			if (sl_step_is_done(lfirst(cell)))
				online->required = lappend(online->required, lfirst(cell));
		if (!any_done(online->steps))
			break;
	}
	foreach(cell, online->required)
		online->healing->steps = lappend(online->healing->steps,
										 lfirst(cell));
	foreach(cell, online->steps)
		if (!sl_step_is_done(lfirst(cell)))
			online->healing->steps = lappend(online->healing->steps,
											 lfirst(cell));
}

static void
repair_locked(void *arg)
{
	Online	   *online = arg;
	int			round;

	online->order.replays = online->call->options.replay;
	for (round = 0; round < SL_HEAL_ROUNDS; round++)
	{
		bool		replays;

		online->first = round == 0;
		do_piece(online, look_piece);
		replays = online->steps != NIL &&
			strcmp(((SlHealStep *) linitial(online->steps))->action,
				   "replay") == 0;
		run_steps(online);
		if (!replays && !any_done(online->steps))
			break;
	}
	heal_requirements(online);
	tell_of_skipped(online);
	do_piece(online, held_piece);
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
	online->order.online = true;
	if (sl_call_lock(call, is_done, NULL))
		sl_call_run_locked(call, repair_locked, online);
	sl_call_end(call);
	PG_RETURN_VOID();
}
