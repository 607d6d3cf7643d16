/*-------------------------------------------------------------------------
 *
 * execute.c
 *	  A step's statements, run in the clean room that scripts run in.
 *
 * The texts of facts are the server's own under pinned settings, so these
 * are set again.  Bodies of functions are not checked: what they name may
 * come later, and what they are was checked when they first ran.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/heal/execute.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "common/sl_errors.h"
#include "heal/heal_private.h"
#include "runner/call.h"

/* What the texts of facts were made under, and what DDL asks besides. */
static const struct
{
	const char *name;
	const char *value;
}			pinned[] = {
	{"search_path", "pg_catalog, pg_temp"},
	{"DateStyle", "ISO, MDY"},
	{"TimeZone", "UTC"},
	{"IntervalStyle", "postgres"},
	{"extra_float_digits", "1"},
	{"bytea_output", "hex"},
	{"lc_monetary", "C"},
	{"quote_all_identifiers", "off"},
	{"standard_conforming_strings", "on"},
	{"backslash_quote", "safe_encoding"},
	{"transform_null_equals", "off"},
	{"array_nulls", "on"},
	{"xmloption", "content"},
	{"check_function_bodies", "off"},
	{"default_tablespace", ""},
	{"default_table_access_method", "heap"},
	{"default_toast_compression", "pglz"},
};

static void
pin_settings(void)
{
	int			i;

	for (i = 0; i < (int) lengthof(pinned); i++)
		(void) set_config_option(pinned[i].name, pinned[i].value,
								 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
								 true, 0, false);
}

static char *
set_statement(const char *name, const char *value)
{
	return psprintf("SELECT pg_catalog.set_config(%s, %s, false)",
					quote_literal_cstr(name), quote_literal_cstr(value));
}

/* The same for a session of its own, char *; with a requirement's path. */
List *
sl_heal_pinned_statements(const SlRequirementRow *requirement)
{
	List	   *statements = NIL;
	int			i;

	for (i = 0; i < (int) lengthof(pinned); i++)
		statements = lappend(statements, set_statement(pinned[i].name,
													   pinned[i].value));
	if (requirement != NULL)
		statements = lappend(statements,
							 set_statement("search_path",
										   sl_heal_path(requirement)));
	return statements;
}

typedef struct Piece
{
	SlConfinement confinement;
	const SlOptions *options;
	SlHealWork	work;
	void	   *arg;
} Piece;

static void
do_piece(void *arg)
{
	const Piece *piece = arg;
	SlIdentity	identity;
	SlFence    *fence;

	sl_confine(piece->confinement, &identity);
	PG_TRY();
	{
		fence = sl_fence_raise(piece->options->migration_lock_timeout, false,
							   true);
		pin_settings();
		piece->work(piece->arg);
		sl_fence_lower(fence);
	}
	PG_CATCH();
	{
		sl_fence_abandon();
		PG_RE_THROW();
	}
	PG_END_TRY();
	sl_unconfine(&identity);
}

/*
 * Do something in a subtransaction, inside the fence and confined.  NULL if
 * that went well; else nothing of it is left, and the error is returned.
 */
ErrorData *
sl_heal_try(SlConfinement confinement, const SlOptions *options,
			SlHealWork work, void *arg)
{
	Piece		piece = {confinement, options, work, arg};

	return sl_try_piece(do_piece, &piece, CurrentMemoryContext);
}

/* What is at work, for messages. */
typedef struct Context
{
	const SlHealStep *step;
	const char *statement;
} Context;

static void
error_callback(void *arg)
{
	const Context *context = arg;
	const SlHealStep *step = context->step;
	int			position = geterrposition();

	if (position > 0 && context->statement != NULL)
	{
		errposition(0);
		internalerrposition(position);
		internalerrquery(context->statement);
	}
	if (step->requirement != NULL)
		errcontext("requirement \"%s\"", step->identity);
	else
		errcontext("repair of %s %s, which revision \"%s\" set", step->class,
				   step->identity, step->revision);
}

/* One statement after the other, in the current transaction. */
void
sl_heal_execute(SlHealStep *step, const SlHealOrder *order, List *statements)
{
	MemoryContext outer = CurrentMemoryContext;
	MemoryContext cxt = AllocSetContextCreate(outer,
											  "schema_lifecycle statement",
											  ALLOCSET_DEFAULT_SIZES);
	ErrorContextCallback callback;
	Context		context = {step, NULL};
	SlRun		run = {0};
	ListCell   *cell;

	run.caller = order->caller;
	run.revision = step->revision != NULL ? step->revision : step->identity;
	run.total = list_length(statements);
	if (step->requirement != NULL)
		sl_heal_set_path(step->requirement);
	callback.callback = error_callback;
	callback.arg = &context;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	foreach(cell, statements)
	{
		const char *text = lfirst(cell);
		SlOrigin	origin = {NULL, run.revision, 1};
		SlScanner  *scanner;
		SlStatement statement;

		MemoryContextReset(cxt);
		MemoryContextSwitchTo(cxt);
		context.statement = text;
		scanner = sl_scan_begin(text, strlen(text), &origin);
		if (sl_scan_next(scanner, &statement))
		{
			statement.ordinal = foreach_current_index(cell) + 1;
			sl_execute_statement(&run, &statement);
		}
		sl_scan_end(scanner);
	}
	error_context_stack = callback.previous;
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(cxt);
}

/*
 * How what comes from a revision, or from a requirement, may run; SL011 if it
 * may not.
 */
SlConfinement
sl_heal_rights(const char *name, const SlRequirementRow *requirement)
{
	SlRegistryEntry *entry;
	SlConfinement result;
	ListCell   *cell;

	if (requirement != NULL)
		return sl_confinement(name, requirement->registrar,
							  requirement->registrar_name);
	entry = sl_registry_get(name, true);
	if (entry == NULL)
		ereport(ERROR,
				(errcode(SL_ERR_REGISTRAR),
				 errmsg("revision \"%s\" is not registered, so nobody answers for what it made",
						name)));
	result = sl_confinement(name, entry->registrar, entry->registrar_name);

	/* facts of a manifest, or that were seen, are somebody else's text */
	foreach(cell, sl_evidence_bringers(name))
	{
		const SlBringer *bringer = lfirst(cell);

		if (sl_confinement(name, bringer->role, bringer->name) == SL_CONFINED)
			result = SL_CONFINED;
	}
	return result;
}

/* How a step may run: as all those may that had a part in its facts. */
SlConfinement
sl_heal_confinement(const SlHealStep *step)
{
	SlConfinement result = SL_UNCONFINED;
	ListCell   *cell;

	if (step->requirement != NULL)
		return sl_heal_rights(step->identity, step->requirement);
	foreach(cell, step->setters)
		if (sl_heal_rights(lfirst(cell), NULL) == SL_CONFINED)
			result = SL_CONFINED;
	return result;
}
