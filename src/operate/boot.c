/*-------------------------------------------------------------------------
 *
 * boot.c
 *	  CALL sl_boot: what every process calls before it serves.
 *
 * One process works, under the migration lock, and the others wait for it
 * without a snapshot and look once when it is through.  The work is a table of
 * steps; each begins and ends with no transaction of its own at work, and
 * leaves behind what is committed, so that whoever comes after a crash goes on
 * from there.
 *
 * Nothing is done on the word of a version table that the catalog contradicts,
 * and nothing that once was here and is gone is made again unasked: its rows
 * would be missing, and nobody would hear of it.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/operate/boot.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "adapters/adapters.h"
#include "heal/heal.h"
#include "ledger/boot.h"
#include "ledger/version_table.h"
#include "operate/boot.h"
#include "operate/operate.h"
#include "rehearsal/rehearsal.h"
#include "status/status.h"

PG_FUNCTION_INFO_V1(sl_boot);

static int
elapsed_ms(TimestampTz since)
{
	return (int) TimestampDifferenceMilliseconds(since,
												 GetCurrentTimestamp());
}

/* Is there nothing left to do? */
static bool
is_right(const SlReport *report)
{
	return strcmp(report->verdict->name, "ok") == 0 ||
		strcmp(report->verdict->name, "ahead") == 0;
}

static char *
list_revisions(List *rows)
{
	StringInfoData buf;
	ListCell   *cell;

	initStringInfo(&buf);
	foreach(cell, rows)
		appendStringInfo(&buf, "%s%s", buf.len > 0 ? ", " : "",
						 ((const SlRevisionRow *) lfirst(cell))->revision);
	return buf.data;
}

static void
notice_ready(const SlBoot *boot, const SlReport *report)
{
	ereport(NOTICE,
			(errmsg("ready at %s after %d ms",
					list_revisions(report->standing.current),
					elapsed_ms(boot->started))));
}

/*
 * Surely not at the head: one look into the books, because many processes may
 * ask at once.
 */
static bool
is_behind(const SlBoot *boot)
{
	if (boot->expected == NULL)
		return !sl_registry_is_settled(true);
	return sl_revision_is_waiting(boot->expected);
}

/* Is there nothing to do? */
static bool
is_right_already(const SlBoot *boot)
{
	SlReport   *report;

	if (is_behind(boot))
		return false;
	report = sl_report_make(boot->expected, SL_REPORT_VERDICT);
	if (!is_right(report))
		return false;
	notice_ready(boot, report);
	return true;
}

/*
 * For those who waited: has somebody else done it?  Else one of them gets the
 * lock, finds out, and says so to the others.
 */
static bool
is_done(void *arg)
{
	const SlBoot *boot = arg;

	if (!sl_boot_ended_since(boot->expected, boot->started))
		return false;
	ereport(NOTICE,
			(errmsg("made ready by another process, after %d ms",
					elapsed_ms(boot->started))));
	return true;
}

/*
 * The report of what is there since we last did something, in memory that
 * lasts until then.
 */
SlReport *
sl_boot_look(SlBoot *boot)
{
	MemoryContext before;

	if (boot->report != NULL)
		return boot->report;
	MemoryContextReset(boot->reporting);
	before = MemoryContextSwitchTo(boot->reporting);
	boot->looked = GetCurrentTimestamp();
	boot->report = sl_report_make(boot->expected, SL_REPORT_ALL);
	MemoryContextSwitchTo(before);
	return boot->report;
}

/*
 * Whoever wants us to stop, stops us.  migration_statement_timeout is nobody:
 * a script failed, and the server has the same code for that.
 */
static bool
is_stop(const ErrorData *error)
{
	return ERRCODE_TO_CATEGORY(error->sqlerrcode) ==
		ERRCODE_OPERATOR_INTERVENTION &&
		strcmp(error->message,
			   _("canceling statement due to statement timeout")) != 0;
}

/* A piece that commits, or is rolled back and raises its error. */
static void
check_piece(SlBoot *boot, void (*piece) (void *arg))
{
	ErrorData  *error;

	MemoryContextReset(boot->call->work);
	error = sl_call_try(boot->call, piece, boot);
	if (error != NULL)
	{
		sl_call_rollback();
		ReThrowError(error);
	}
	sl_call_commit();
}

/* The same of one that does something. */
void
sl_boot_do(SlBoot *boot, void (*piece) (void *arg))
{
	check_piece(boot, piece);
	boot->report = NULL;
}

/*-------------------------------------------------------------------------
 * Requirements
 *-------------------------------------------------------------------------
 */

static void
heal_requirements_piece(void *arg)
{
	SlBoot	   *boot = arg;
	SlHealOrder order = {SL_BOOT_CALLER};
	const SlHealing *healing;
	ListCell   *cell;

	order.requirements = true;
	order.notices = true;
	healing = sl_heal(&order, &boot->call->options);

	/* the error at the end names it, and not what is in its way */
	foreach(cell, healing->steps)
	{
		const SlHealStep *step = lfirst(cell);

		if (step->outcome != NULL && strcmp(step->outcome, "done") != 0)
			ereport(NOTICE,
					(errmsg("requirement \"%s\" %s", step->identity,
							step->outcome)));
	}
}

static bool
has_broken_requirement(const SlReport *report)
{
	ListCell   *cell;

	foreach(cell, report->requirements)
		if (!((const SlRequirementState *) lfirst(cell))->holds)
			return true;
	return false;
}

static void
heal_requirements(SlBoot *boot)
{
	if (boot->healed || !boot->repairs ||
		!has_broken_requirement(sl_boot_look(boot)))
		return;
	boot->healed = true;
	sl_boot_do(boot, heal_requirements_piece);
}

/*-------------------------------------------------------------------------
 * The graph
 *-------------------------------------------------------------------------
 */

static void
require_expected_piece(void *arg)
{
	SlBoot	   *boot = arg;
	const SlReport *report = boot->report;
	List	   *half;

	sl_graph_require_sound(report->graph, report->options.out_of_order);
	if (report->empty)
		ereport(ERROR,
				(errcode(SL_ERR_REVISION_UNKNOWN),
				 errmsg("no revision is registered"),
				 errhint("slctl push DIR registers the files of a folder; slctl boot --push DIR does that first.")));
	if (report->unknown_names != NIL)
		ereport(ERROR,
				(errcode(SL_ERR_REVISION_UNKNOWN),
				 errmsg("the expected revision \"%s\" is not registered",
						(char *) linitial(report->unknown_names)),
				 errdetail("The heads that the database knows are: %s.",
						   list_revisions(report->heads)),
				 errhint("Push the files that go with the program, slctl push DIR, before it boots.")));
	half = sl_journal_open_revisions("down");
	if (half != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("revision \"%s\" is half reverted",
						(char *) linitial(half)),
				 errdetail("Whether it is to be there or to be gone, its journal does not say."),
				 errhint("Finish the revert with CALL sl_revert_online(), or say with sl_resolve(%s, 'applied', reason) that all of it is there. Then call sl_boot() again.",
						 quote_literal_cstr(linitial(half)))));
}

/* A chain that is broken, or not that of the program: SL001, SL002. */
static void
require_expected(SlBoot *boot)
{
	(void) sl_boot_look(boot);
	check_piece(boot, require_expected_piece);
}

/*-------------------------------------------------------------------------
 * Footprints of what ran elsewhere
 *-------------------------------------------------------------------------
 */

/* Once a boot: what is not known after that stays unknown. */
void
sl_boot_rehearse(SlBoot *boot)
{
	SlRehearsed rehearsed;

	if (boot->rehearsed)
		return;
	boot->rehearsed = true;
	boot->report = NULL;
	if (!sl_rehearsal_is_permitted())
	{
		ereport(NOTICE,
				(errmsg("what ran elsewhere cannot be rehearsed: role \"%s\" may not create databases",
						GetUserNameFromId(GetUserId(), false)),
				 errhint("ALTER ROLE ... CREATEDB, CALL sl_rehearse() as another role, or sl_import_manifest().")));
		return;
	}
	PG_TRY();
	{
		sl_rehearse_revisions("heads", SL_BOOT_CALLER, &boot->call->options,
							  &rehearsed);
	}
	PG_CATCH();
	{
		ErrorData  *error = sl_call_take_error(boot->call);

		if (is_stop(error))
			ReThrowError(error);
		sl_call_rollback();
		ereport(WARNING,
				(errcode(error->sqlerrcode),
				 errmsg("not all revisions could be rehearsed: %s",
						error->message),
				 error->context ? errdetail("%s", error->context) : 0));
	}
	PG_END_TRY();
}

/* A boot that was ended in the middle of that left its database behind. */
static void
clear_rehearsals(SlBoot *boot)
{
	if (!boot->rehearsed)
		sl_rehearsal_clear(SL_BOOT_CALLER);
}

static void
rehearse_unverifiable(SlBoot *boot)
{
	if (sl_boot_look(boot)->truth.unverifiable > 0)
		sl_boot_rehearse(boot);
}

/*-------------------------------------------------------------------------
 * What is recorded and is not there
 *-------------------------------------------------------------------------
 */

/* A line for each revision that the catalog contradicts. */
static void
notice_stamps(const SlReport *report)
{
	const char *before = NULL;
	ListCell   *cell;

	foreach(cell, report->truth.stamp)
	{
		const SlStampFinding *finding = lfirst(cell);

		if (before != NULL && strcmp(before, finding->revision) == 0)
			continue;
		before = finding->revision;
		if (strcmp(finding->verdict, "unverifiable") != 0)
			ereport(NOTICE, (errmsg("%s", sl_stamp_text(finding))));
	}
}

/* SL004 with what stood in the way of steps that were not done. */
void
sl_boot_require_done(const SlHealing *healing, bool may_be_lost)
{
	const SlHealStep *first = NULL;
	StringInfoData detail;
	bool		lost = may_be_lost && healing->lost > 0;
	ListCell   *cell;

	initStringInfo(&detail);
	foreach(cell, healing->steps)
	{
		const SlHealStep *step = lfirst(cell);

		/* what no rows are in the way of is drift, and told at the end */
		if (lost ? !step->lost : !step->looks ||
			step->outcome == NULL || strcmp(step->outcome, "done") == 0)
			continue;
		if (first == NULL)
			first = step;
		appendStringInfo(&detail, "%s%s %s (revision %s): %s",
						 detail.len > 0 ? "\n" : "",
						 step->class ? step->class : step->action,
						 step->identity ? step->identity : "",
						 step->revision ? step->revision : _("none"),
						 step->outcome ? step->outcome :
						 step->reason ? step->reason : "");
	}
	if (first == NULL)
		return;
	if (lost)
		ereport(ERROR,
				(errcode(SL_ERR_NOT_AT_HEAD),
				 strcmp(first->class, "column") == 0 ?
				 errmsg("%s %s was here once, and is gone with its values",
						first->class, first->identity) :
				 errmsg("%s %s was here once, and is gone with its rows",
						first->class, first->identity),
				 errdetail_internal("%s", detail.data),
				 errhint("Restore it from a backup; or have it made again, empty, by sl_repair().")));
	ereport(ERROR,
			(errcode(SL_ERR_NOT_AT_HEAD),
			 errmsg("rows are in the way of the repair of %s %s",
					first->class ? first->class : first->action,
					first->identity ? first->identity : ""),
			 errdetail_internal("%s", detail.data),
			 errhint("Put the rows right and call sl_boot() again; sl_repair_plan() shows all that is to be done.")));
}

static void
repair_piece(void *arg)
{
	SlBoot	   *boot = arg;
	SlHealOrder order = {SL_BOOT_CALLER};

	order.replays = true;
	order.facts = true;
	order.keep_lost = true;
	order.notices = true;
	sl_boot_require_done(sl_heal(&order, &boot->call->options), true);
}

static void
repair(SlBoot *boot)
{
	const SlReport *report;

	if (!boot->repairs)
		return;
	report = sl_boot_look(boot);
	if (report->stamps.stamped + report->stamps.partial +
		report->stamps.altered + report->drifts.errors +
		report->drifts.warnings == 0)
		return;
	notice_stamps(report);
	sl_boot_do(boot, repair_piece);
}

/*-------------------------------------------------------------------------
 * What is pending, and the end
 *-------------------------------------------------------------------------
 */

static void
migrate(SlBoot *boot)
{
	const SlReport *report = sl_boot_look(boot);
	List	   *targets = NIL;
	ListCell   *cell;

	if (boot->expected == NULL)
		targets = list_make1("heads");
	else
		foreach(cell, report->expected)
		{
			const SlRevisionRow *row = lfirst(cell);

			targets = lappend(targets,
							  MemoryContextStrdup(boot->call->context,
												  row->revision));
		}
	boot->report = NULL;
	foreach(cell, targets)
		sl_migrate_locked(boot->call, lfirst(cell), SL_UP);
}

static void
verify_piece(void *arg)
{
	SlBoot	   *boot = arg;

	if (!is_right(boot->report))
		sl_assert_report(boot->report);
	sl_boot_end_put(boot->expected, boot->looked);
	sl_notify_verdict(boot->report, NULL);
}

/* SL004, or everybody hears that it is done. */
static void
verify(SlBoot *boot)
{
	(void) sl_boot_look(boot);
	check_piece(boot, verify_piece);
	notice_ready(boot, boot->report);
}

/* In this order. */
static void (*const steps[]) (SlBoot *boot) = {
	require_expected,
	sl_boot_adopt_history,
	rehearse_unverifiable,
	repair,
	sl_boot_adopt_pending,
	migrate,
	heal_requirements,
	clear_rehearsals,
	verify,
};

/*
 * The last resort: the chain cannot be run, and the error is on its way, but
 * what the application asks for is to be there.
 */
static void
heal_and_rethrow(SlBoot *boot, ErrorData *error)
{
	boot->report = NULL;
	PG_TRY();
	{
		heal_requirements(boot);
	}
	PG_CATCH();
	{
		ErrorData  *second = sl_call_take_error(boot->call);

		sl_call_rollback();
		ereport(WARNING,
				(errmsg("requirements could not be healed: %s",
						second->message)));
	}
	PG_END_TRY();
	ReThrowError(error);
}

/* All of it; the session's lock is held. */
static void
boot_locked(void *arg)
{
	SlBoot	   *boot = arg;
	ErrorData  *volatile error = NULL;
	int			i;

	boot->repairs = boot->call->options.boot_repair;
	ereport(NOTICE,
			(errmsg("lock " INT64_FORMAT " taken after %d ms",
					boot->call->keys->keys[0], elapsed_ms(boot->started))));
	sl_call_commit();
	PG_TRY();
	{
		for (i = 0; i < (int) lengthof(steps); i++)
			steps[i] (boot);
	}
	PG_CATCH();
	{
		error = sl_call_take_error(boot->call);
	}
	PG_END_TRY();
	if (error == NULL)
		return;
	if (is_stop(error))
		ReThrowError(error);
	sl_call_rollback();
	heal_and_rethrow(boot, error);
}

/* CALL sl_boot(expected_head, options) */
Datum
sl_boot(PG_FUNCTION_ARGS)
{
	SlBoot		boot = {NULL};

	boot.started = GetCurrentTimestamp();
	boot.call = sl_call_begin(fcinfo, SL_BOOT_CALLER, NULL,
							  PG_ARGISNULL(1) ? NULL : PG_GETARG_JSONB_P(1));
	boot.reporting = AllocSetContextCreate(boot.call->context,
										   "schema_lifecycle boot",
										   ALLOCSET_DEFAULT_SIZES);
	if (!PG_ARGISNULL(0))
		boot.expected = text_to_cstring(PG_GETARG_TEXT_PP(0));
	if (!is_right_already(&boot) &&
		sl_call_lock(boot.call, is_done, &boot))
		sl_call_run_locked(boot.call, boot_locked, &boot);
	sl_call_end(boot.call);
	PG_RETURN_NULL();
}
