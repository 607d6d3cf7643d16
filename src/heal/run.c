/*-------------------------------------------------------------------------
 *
 * run.c
 *	  The steps, one after the other.
 *
 * A step that the server refuses because something is not there yet is tried
 * again when others are through.  One that rows are in the way of, or other
 * objects, is left, and says so; what it was about stays as it was.  An error
 * that says nothing of the schema (a missing privilege, a cancel, a lock that
 * did not come) ends the repair.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/heal/run.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/timestamp.h"

#include "heal/heal_private.h"
#include "runner/call.h"
#include "status/require.h"

/* What step is tried, and with which of its statements. */
typedef struct Attempt
{
	SlHealStep *step;
	const SlHealOrder *order;
	List	   *statements;
} Attempt;

static void
work(void *arg)
{
	Attempt    *attempt = arg;

	sl_heal_execute(attempt->step, attempt->order, attempt->statements);
}

void
sl_heal_skip(SlHealStep *step, const char *why)
{
	step->outcome = psprintf("skipped: %s", why);
}

/* It is done; a line of progress. */
void
sl_heal_done(SlHealStep *step, const SlHealOrder *order, TimestampTz started)
{
	step->outcome = "done";
	step->elapsed = GetCurrentTimestamp() - started;
	if (!order->notices)
		return;
	if (step->requirement != NULL)
		ereport(NOTICE,
				(errmsg("requirement \"%s\" brought about, %.0f ms",
						step->identity, step->elapsed / 1000.0)));
	else if (strcmp(step->action, "create") == 0)
		ereport(NOTICE,
				(errmsg("%s: %s %s made, %.0f ms", step->revision,
						step->class, step->identity,
						step->elapsed / 1000.0)));
	else
		ereport(NOTICE,
				(errmsg("%s: %s %s put right, %.0f ms", step->revision,
						step->class, step->identity,
						step->elapsed / 1000.0)));
}

/* Something that the step needs is not there, or not yet. */
static bool
is_too_early(const ErrorData *error)
{
	static const int codes[] = {
		ERRCODE_UNDEFINED_COLUMN,
		ERRCODE_UNDEFINED_DATABASE,
		ERRCODE_UNDEFINED_FUNCTION,
		ERRCODE_UNDEFINED_OBJECT,
		ERRCODE_UNDEFINED_SCHEMA,
		ERRCODE_UNDEFINED_TABLE,
		ERRCODE_INVALID_FOREIGN_KEY,
		ERRCODE_INVALID_OBJECT_DEFINITION,
		ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
		ERRCODE_GROUPING_ERROR,
		ERRCODE_DATATYPE_MISMATCH,
		ERRCODE_WRONG_OBJECT_TYPE,
		ERRCODE_INVALID_TABLE_DEFINITION,
		ERRCODE_DUPLICATE_OBJECT,
		ERRCODE_DUPLICATE_TABLE,
		ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST,
	};
	int			i;

	for (i = 0; i < (int) lengthof(codes); i++)
		if (error->sqlerrcode == codes[i])
			return true;
	return false;
}

/* An error that has nothing to do with the step. */
bool
sl_error_ends_repair(const ErrorData *error)
{
	int			category = ERRCODE_TO_CATEGORY(error->sqlerrcode);

	return category == ERRCODE_OPERATOR_INTERVENTION ||
		category == ERRCODE_INSUFFICIENT_RESOURCES ||
		category == ERRCODE_TRANSACTION_ROLLBACK ||
		category == ERRCODE_INTERNAL_ERROR ||
		category == ERRCODE_INVALID_TRANSACTION_STATE ||
		category == ERRCODE_READ_ONLY_SQL_TRANSACTION ||
		error->sqlerrcode == ERRCODE_INSUFFICIENT_PRIVILEGE ||
		error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE;
}

static char *
text_of(const ErrorData *error)
{
	if (error->detail != NULL)
		return psprintf("%s (%s)", error->message, error->detail);
	return pstrdup(error->message);
}

/* Why a step is left. */
void
sl_heal_skip_for(SlHealStep *step, const SlOptions *options,
				 const ErrorData *error)
{
	char	   *rows = NULL;

	if (error->sqlerrcode == SL_ERR_REGISTRAR && step->requirement != NULL)
	{
		sl_heal_skip(step, error->detail);
		return;
	}
	if (error->sqlerrcode == ERRCODE_UNSAFE_NEW_ENUM_VALUE_USAGE)
	{
		sl_heal_skip(step, psprintf(_("%s: commit, and call sl_repair() again"),
									error->message));
		return;
	}
	step->rows = step->looks &&
		ERRCODE_TO_CATEGORY(error->sqlerrcode) ==
		ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION;
	if (step->rows)
		rows = sl_heal_rows_in_the_way(step, options, error);
	sl_heal_skip(step, rows != NULL ? rows : text_of(error));
}

/* How the steps of a revision, or a requirement, may run. */
typedef struct Rights
{
	SlFactKey	key;			/* of what it is, and its name */
	SlConfinement confinement;
	ErrorData  *error;			/* they may not */
} Rights;

typedef struct Asking
{
	const char *name;
	const SlRequirementRow *requirement;
	Rights	   *rights;
} Asking;

static void
ask_for_rights(void *arg)
{
	Asking	   *asking = arg;

	asking->rights->confinement = sl_heal_rights(asking->name,
												 asking->requirement);
}

static HTAB *
begin_rights(void)
{
	HASHCTL		ctl;

	ctl.keysize = sizeof(SlFactKey);
	ctl.entrysize = sizeof(Rights);
	ctl.hcxt = CurrentMemoryContext;
	return hash_create("rights", 64, &ctl,
					   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/* Asked once for each of them. */
static const Rights *
rights_of(HTAB *known, const char *name, const SlRequirementRow *requirement)
{
	Asking		asking = {name, requirement};
	SlFactKey	key;
	bool		found;

	sl_fact_key(requirement != NULL ? "requirement" : "revision", name, &key);
	asking.rights = hash_search(known, &key, HASH_ENTER, &found);
	if (found)
		return asking.rights;
	asking.rights->confinement = SL_UNCONFINED;
	asking.rights->error = sl_try_piece(ask_for_rights, &asking,
										CurrentMemoryContext);
	if (asking.rights->error != NULL &&
		asking.rights->error->sqlerrcode != SL_ERR_REGISTRAR)
		ReThrowError(asking.rights->error);
	return asking.rights;
}

/* False: the step may not run, and says so. */
static bool
may_run(HTAB *known, SlHealStep *step, SlConfinement *confinement)
{
	List	   *names = step->requirement != NULL ?
		list_make1(unconstify(char *, step->identity)) : step->setters;
	ListCell   *cell;

	*confinement = SL_UNCONFINED;
	foreach(cell, names)
	{
		const Rights *rights = rights_of(known, lfirst(cell),
										 step->requirement);

		if (rights->error != NULL)
		{
			sl_heal_skip_for(step, NULL, rights->error);
			return false;
		}
		if (rights->confinement == SL_CONFINED)
			*confinement = SL_CONFINED;
	}
	return true;
}

/* An attempt, with what it needs. */
typedef struct Required
{
	Attempt    *attempt;
	SlConfinement confinement;
	const SlOptions *options;
} Required;

static void
do_required(void *arg)
{
	const Required *required = arg;
	ErrorData  *error = sl_heal_try(required->confinement, required->options,
									work, required->attempt);
	char	   *why;

	if (error != NULL)
		ReThrowError(error);
	CommandCounterIncrement();
	if (!sl_requirement_holds(required->attempt->step->requirement, &why))
		ereport(ERROR,
				(errcode(SL_ERR_NOT_AT_HEAD),
				 errmsg("it does not hold afterwards"),
				 errdetail("%s", why)));
}

/* A requirement has to hold then, or its step is rolled back alone. */
static ErrorData *
try_step(Attempt *attempt, SlConfinement confinement,
		 const SlOptions *options)
{
	Required	required = {attempt, confinement, options};

	if (attempt->step->requirement == NULL)
		return sl_heal_try(confinement, options, work, attempt);
	return sl_try_piece(do_required, &required, CurrentMemoryContext);
}

/* Try one; false if it is to be tried again. */
static bool
run_step(SlHealStep *step, const SlHealOrder *order, const SlOptions *options,
		 HTAB *known, bool last)
{
	Attempt		attempt = {step, order, step->statements};
	TimestampTz started = GetCurrentTimestamp();
	SlConfinement confinement;
	ErrorData  *error;

	CHECK_FOR_INTERRUPTS();
	if (!may_run(known, step, &confinement))
		return true;
	error = try_step(&attempt, confinement, options);
	if (error != NULL && step->otherwise != NIL &&
		(!sl_error_ends_repair(error) ||
		 error->sqlerrcode == ERRCODE_INSUFFICIENT_PRIVILEGE) &&
		(last || !is_too_early(error)))
	{
		attempt.statements = step->otherwise;
		error = try_step(&attempt, confinement, options);
		if (error == NULL)
			step->statements = step->otherwise;
	}
	if (error == NULL)
	{
		sl_heal_done(step, order, started);
		return true;
	}
	if (sl_error_ends_repair(error))
		ReThrowError(error);
	if (!last && is_too_early(error))
		return false;
	sl_heal_skip_for(step, options, error);
	return true;
}

/* What is not tried at all. */
bool
sl_heal_leave_alone(SlHealStep *step, const SlHealOrder *order)
{
	if (!step->safe)
		sl_heal_skip(step, psprintf(_("unsafe: %s"), step->reason));
	else if (step->lost && order->keep_lost)
		sl_heal_skip(step, psprintf(_("%s %s existed here and is gone: restore it, or call sl_repair()"),
									step->class, step->identity));
	return step->outcome != NULL;
}

/*
 * Steps for facts and requirements, in their order; again and again, as long
 * as one more can be done.
 */
void
sl_heal_run(List *steps, const SlHealOrder *order, const SlOptions *options)
{
	HTAB	   *known = begin_rights();
	bool		last = false;

	for (;;)
	{
		int			left = 0;
		int			done = 0;
		ListCell   *cell;

		foreach(cell, steps)
		{
			SlHealStep *step = lfirst(cell);

			if (step->outcome != NULL || sl_heal_leave_alone(step, order))
				continue;
			if (run_step(step, order, options, known, last))
				done++;
			else
				left++;
		}
		if (left == 0)
			break;
		/* no step was of any use: let each say why */
		last = done == 0;
	}
	hash_destroy(known);
	sl_restore_activity();
}
