/*-------------------------------------------------------------------------
 *
 * plan.c
 *	  What a call is to do, checked before anything runs.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/runner/plan.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "runner/runner.h"

/*
 * The cheap answer: is everything applied and checked already?  Only asked
 * for the whole of the registry.
 */
bool
sl_plan_nothing_to_do(const char *target, SlDirection direction)
{
	return direction == SL_UP &&
		(target == NULL || strcmp(target, "heads") == 0) &&
		sl_registry_is_settled(true);
}

/*
 * A transaction that sees an older state than the one we are about to build
 * on must not run scripts: its data statements would not see what earlier
 * revisions did.
 */
static void
require_current_snapshot(void)
{
	if (!IsolationUsesXactSnapshot())
		return;
	if (!ActiveSnapshotSet())
		return;
	if (sl_log_is_ahead_of_snapshot())
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access: revisions were applied after this transaction began"),
				 errhint("Roll back and call again in a new transaction.")));
}

/* SL010: objects are there, and nobody knows where they come from. */
static void
require_history(const SlOptions *options)
{
	char	   *object;

	if (options->objects_are_known || !sl_log_is_empty(true))
		return;
	object = sl_find_managed_object(options->managed_schemas);
	if (object != NULL)
		ereport(ERROR,
				(errcode(SL_ERR_NO_HISTORY),
				 errmsg("database has objects but no history"),
				 errdetail("For example %s; running the first revision would fail or do harm.",
						   object),
				 errhint("sl_adopt() finds out at which revision it is, from the catalog and from another tool's version table, and CALL sl_boot() does that and the rest. Name the schemas that are the migrations' business with sl_configure('managed_schemas', ...).")));
}

/* What an external revision is waiting for, by the format it came from. */
static const struct
{
	const char *format;
	const char *command;
}			external_commands[] = {
	{"alembic", "alembic upgrade"},
};

/* The other tool's command, or NULL. */
const char *
sl_plan_external_command(const SlPlan *plan)
{
	const char *format = plan->external_format;
	int			i;

	for (i = 0; format != NULL && i < (int) lengthof(external_commands); i++)
		if (strcmp(external_commands[i].format, format) == 0)
			return external_commands[i].command;
	return NULL;
}

/* Raise that another tool has to run a revision first. */
void
sl_plan_report_external(const SlPlan *plan, bool atomic)
{
	const char *command = sl_plan_external_command(plan);

	ereport(ERROR,
			(errcode(SL_ERR_NOT_AT_HEAD),
			 errmsg("revision \"%s\" is external: another tool has to run it",
					plan->external),
			 atomic ?
			 errdetail("It has no script here. Nothing was applied.") :
			 errdetail("It has no script here. What comes before it was applied."),
			 command != NULL ?
			 errhint("Push its script (for Alembic the output of \"alembic upgrade head --sql\"), or run \"%s %s\" and take it over with sl_adopt(); then call again.",
					 command, plan->external) :
			 errhint("Push its script, or run it there and take it over with sl_adopt(); then call again.")));
}

/* A missing down script is an error before anything runs. */
static void
require_down_scripts(List *rows)
{
	ListCell   *cell;

	foreach(cell, rows)
	{
		const SlRevisionRow *row = lfirst(cell);

		if (!row->has_down)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("revision \"%s\" has no down script",
							row->revision),
					 errdetail("Nothing was reverted."),
					 errhint("Register one with sl_register(), or push the files again with it.")));
	}
}

/*
 * A revert outside a transaction that stopped half-way leaves a revision that
 * is applied and is not whole.  What rests on it must not run.
 */
static void
require_whole_ancestors(SlGraph *graph, List *rows)
{
	ListCell   *half;
	ListCell   *cell;

	foreach(half, sl_journal_open_revisions("down"))
	{
		const char *revision = lfirst(half);
		const SlRevisionRow *row = sl_graph_find(graph, revision);

		ereport(WARNING,
				(errmsg("revision \"%s\" is half reverted", revision),
				 errhint("Go on with CALL sl_revert_online(), or say with sl_resolve(%s, ...) what is there.",
						 quote_literal_cstr(revision))));
		foreach(cell, rows)
		{
			const SlRevisionRow *pending = lfirst(cell);

			if (row == NULL ||
				!list_member_ptr(sl_graph_with_ancestors(graph, pending), row))
				continue;
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("revision \"%s\" cannot run: \"%s\" below it is half reverted",
							pending->revision, revision),
					 errhint("Finish the revert with CALL sl_revert_online(), or say with sl_resolve(%s, 'applied', reason) that all of it is there.",
							 quote_literal_cstr(revision))));
		}
	}
}

static SlPlanItem *
make_item(const SlRevisionRow *row, SlDirection direction)
{
	SlPlanItem *item = palloc0_object(SlPlanItem);

	item->revision = pstrdup(row->revision);
	item->kind = row->kind;
	item->size = row->size;
	item->transactional = direction == SL_UP ?
		row->transactional : row->down_transactional;
	return item;
}

/*
 * Look at the graph and at the history as they are now, and decide.  Raises
 * whatever stands against a run; the migration lock is held.  Returns NULL
 * if there is nothing to do.
 */
SlPlan *
sl_plan_make(const char *target, SlDirection direction,
			 const SlOptions *options)
{
	MemoryContext outer = CurrentMemoryContext;
	MemoryContext context;
	SlPlan	   *plan;
	SlGraph    *graph;
	List	   *rows = NIL;
	ListCell   *cell;

	plan = palloc0_object(SlPlan);
	plan->direction = direction;
	context = AllocSetContextCreate(outer, "schema_lifecycle plan",
									ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(context);

	graph = sl_graph_read(true);
	sl_graph_require_sound(graph, options->out_of_order);
	if (direction == SL_UP)
	{
		foreach(cell, sl_graph_pending(graph, target))
			rows = lappend(rows, (void *) ((SlStep *) lfirst(cell))->row);
	}
	else
		rows = sl_graph_to_revert(graph, target);
	if (direction == SL_UP)
		require_whole_ancestors(graph, rows);
	if (rows != NIL)
	{
		require_current_snapshot();
		if (direction == SL_UP)
			require_history(options);
		else
			require_down_scripts(rows);
	}

	foreach(cell, rows)
	{
		const SlRevisionRow *row = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		MemoryContextSwitchTo(outer);
		if (direction == SL_UP && row->external)
		{
			plan->external = pstrdup(row->revision);
			if (row->format != NULL)
				plan->external_format = pstrdup(row->format);
			break;
		}
		/* SL011 for any of them comes before the first one runs */
		(void) sl_confinement(row->revision, row->registrar,
							  row->registrar_name);
		plan->items = lappend(plan->items, make_item(row, direction));
	}
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(context);
	if (plan->items == NIL && plan->external == NULL)
		return NULL;
	return plan;
}

/*
 * Keep pushes from changing what is to run until the end of the transaction:
 * for a run that is one transaction, and would lock them one by one.
 */
void
sl_plan_lock(SlPlan *plan)
{
	MemoryContext outer = CurrentMemoryContext;
	MemoryContext context;
	List	   *revisions = NIL;
	ListCell   *cell;

	context = AllocSetContextCreate(outer, "schema_lifecycle lock",
									ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(context);
	foreach(cell, plan->items)
	{
		const SlPlanItem *item = lfirst(cell);

		revisions = lappend(revisions, item->revision);
	}
	sl_registry_lock_all(revisions);
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(context);
	plan->locked = true;
}

/*
 * The revision of the plan that comes next, with its script, as it is now: a
 * push does not wait for the migration lock and may have changed it.  From
 * here to the end of the transaction it waits, so that what is recorded is
 * what ran.
 */
SlRegistryEntry *
sl_plan_fetch(const SlPlan *plan, const char *revision)
{
	SlRegistryEntry *entry;
	const char *script = NULL;

	if (!plan->locked)
		sl_registry_lock(revision);
	entry = sl_registry_get_script(revision);
	if (entry != NULL)
		script = plan->direction == SL_UP ? entry->up : entry->down;
	if (script == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("revision \"%s\" was withdrawn while the run was under way",
						revision),
				 errhint("Call again.")));
	return entry;
}

/* The run is done: mark what needs no further look. */
void
sl_plan_settle(void)
{
	MemoryContext outer = CurrentMemoryContext;
	MemoryContext context;

	context = AllocSetContextCreate(outer, "schema_lifecycle settle",
									ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(context);
	sl_registry_settle(sl_graph_settled(sl_graph_read(true)));
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(context);
}
