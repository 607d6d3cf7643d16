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

#define CALLER "sl_boot"

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

/* For whoever waited: has somebody else done it? */
static bool
is_done(void *arg)
{
	SlBoot	   *boot = arg;
	SlReport   *report;

	/* when it is asked first, nobody can have */
	if (boot->waited && sl_boot_ended_since(boot->expected, boot->started))
	{
		ereport(NOTICE,
				(errmsg("made ready by another process, after %d ms",
						elapsed_ms(boot->started))));
		return true;
	}
	boot->waited = true;
	if (is_behind(boot))
		return false;
	report = sl_report_make(boot->expected, SL_REPORT_VERDICT);

	if (!is_right(report))
		return false;
	notice_ready(boot, report);
	return true;
}

/*
 * The report of what is there since we last did something, in memory that
 * lasts until then.
 */
static SlReport *
look(SlBoot *boot)
{
	MemoryContext before;

	if (boot->report != NULL)
		return boot->report;
	MemoryContextReset(boot->reporting);
	before = MemoryContextSwitchTo(boot->reporting);
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
static void
do_piece(SlBoot *boot, void (*piece) (void *arg))
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
	SlHealOrder order = {CALLER};

	order.requirements = true;
	order.notices = true;
	(void) sl_heal(&order, &boot->call->options);
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
	if (boot->repairs && has_broken_requirement(look(boot)))
		do_piece(boot, heal_requirements_piece);
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
	(void) look(boot);
	check_piece(boot, require_expected_piece);
}

/*-------------------------------------------------------------------------
 * Footprints of what ran elsewhere
 *-------------------------------------------------------------------------
 */

/* Once a boot: what is not known after that stays unknown. */
static void
rehearse(SlBoot *boot)
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
		sl_rehearse_revisions("heads", CALLER, &boot->call->options,
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
		sl_rehearsal_clear(CALLER);
}

static void
rehearse_unverifiable(SlBoot *boot)
{
	if (look(boot)->truth.unverifiable > 0)
		rehearse(boot);
}

/*-------------------------------------------------------------------------
 * A database without history
 *-------------------------------------------------------------------------
 */

/* In memory that stays: that of a piece goes with the next one. */
static void
note_unresolved(SlBoot *boot, const char *revision)
{
	MemoryContext before = MemoryContextSwitchTo(boot->call->context);

	boot->unresolved = lappend(boot->unresolved, pstrdup(revision));
	MemoryContextSwitchTo(before);
}

static void
adopt_history_piece(void *arg)
{
	SlBoot	   *boot = arg;
	SlAdoption	adoption = {NULL};
	ListCell   *cell;

	sl_adopt_history(NULL, NULL, true, &adoption);
	if (adoption.nowhere)
		return;
	if (adoption.tool != NULL)
		ereport(NOTICE,
				(errmsg("the history of %s in %s is taken over: %d revisions",
						adoption.tool, adoption.version_table,
						list_length(adoption.rows))));
	else if (adoption.located != NULL)
		ereport(NOTICE,
				(errmsg("the catalog is exactly at %s: %d revisions are adopted",
						adoption.located, adoption.adopted)));
	foreach(cell, adoption.rows)
	{
		const SlAdopted *row = lfirst(cell);

		if (strcmp(row->outcome, "unresolved") == 0 && !row->claimed)
			note_unresolved(boot, row->revision);
	}
}

/* Data that facts cannot prove: a person has to say. */
static void
require_resolved(SlBoot *boot)
{
	StringInfoData detail;
	ListCell   *cell;

	if (boot->unresolved == NIL)
		return;
	initStringInfo(&detail);
	foreach(cell, boot->unresolved)
		appendStringInfo(&detail, "%s%s", detail.len > 0 ? ", " : "",
						 (char *) lfirst(cell));
	ereport(ERROR,
			(errcode(SL_ERR_NOT_AT_HEAD),
			 errmsg("whether revision \"%s\" ran here cannot be told from the catalog",
					(char *) linitial(boot->unresolved)),
			 errdetail("What comes after it is there, but it has statements on data, which leave no facts: %s.",
					   detail.data),
			 errhint("If it ran: sl_resolve(%s, 'applied', '...'). If it did not: CALL sl_migrate(%s). Then call sl_boot() again.",
					 quote_literal_cstr(linitial(boot->unresolved)),
					 quote_literal_cstr(linitial(boot->unresolved)))));
}

static void
adopt_history(SlBoot *boot)
{
	if (!sl_log_is_empty(true) ||
		sl_find_managed_object(boot->call->options.managed_schemas) == NULL)
		return;
	rehearse(boot);
	do_piece(boot, adopt_history_piece);
	require_resolved(boot);
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
static void
require_done(const SlHealing *healing, bool may_be_lost)
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
	SlHealOrder order = {CALLER};

	order.replays = true;
	order.facts = true;
	order.keep_lost = true;
	order.notices = true;
	require_done(sl_heal(&order, &boot->call->options), true);
}

static void
repair(SlBoot *boot)
{
	const SlReport *report;

	if (!boot->repairs)
		return;
	report = look(boot);
	if (report->stamps.stamped + report->stamps.partial +
		report->stamps.altered + report->drifts.errors +
		report->drifts.warnings == 0)
		return;
	notice_stamps(report);
	do_piece(boot, repair_piece);
}

/*-------------------------------------------------------------------------
 * What is there and is not recorded
 *-------------------------------------------------------------------------
 */

static int
compare_names(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

static bool
is_among(List *sorted, const char *name)
{
	int			low = 0;
	int			high = list_length(sorted);

	while (low < high)
	{
		int			middle = low + (high - low) / 2;
		int			order = strcmp(name, list_nth(sorted, middle));

		if (order == 0)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

/*
 * What is there of a script that was interrupted outside a transaction is
 * known from the journal, and the run continues behind it: as if nothing of it
 * were there.
 */
static void
leave_interrupted(List *pending, SlSupposed *supposed)
{
	List	   *interrupted = sl_journal_open_revisions("up");
	int			i;

	list_sort(interrupted, compare_names);
	for (i = 0; i < list_length(pending); i++)
	{
		const SlRevisionRow *row = list_nth(pending, i);

		if (is_among(interrupted, row->revision))
			supposed[i].state = SL_SUPPOSE_ABSENT;
	}
}

/*
 * The pending ones up to the last that the catalog knows of, but for those of
 * which nothing is there: they are to run, and fill the gap.
 */
static List *
find_adoptable(SlBoot *boot, List *pending, SlSupposed *supposed)
{
	List	   *result = NIL;
	int			last = -1;
	int			i;

	leave_interrupted(pending, supposed);
	for (i = 0; i < list_length(pending); i++)
	{
		if (supposed[i].state == SL_SUPPOSE_THERE ||
			supposed[i].state == SL_SUPPOSE_PARTLY)
			last = i;
	}
	boot->partly = false;
	boot->unresolved = NIL;
	/* if it is not known of the first, there is no place to begin */
	boot->unknown = pending != NIL && supposed[0].state == SL_SUPPOSE_UNKNOWN;
	for (i = 0; i <= last; i++)
	{
		const SlRevisionRow *row = list_nth(pending, i);

		/* of what is unknown nothing is believed, nor of what follows */
		if (supposed[i].state == SL_SUPPOSE_UNKNOWN ||
			(supposed[i].state == SL_SUPPOSE_PARTLY && !boot->repairs))
			break;
		if (supposed[i].state == SL_SUPPOSE_ABSENT)
			continue;
		if (row->has_data)
		{
			note_unresolved(boot, row->revision);
			break;
		}
		boot->partly |= supposed[i].state == SL_SUPPOSE_PARTLY;
		result = lappend_int(result, i);
	}
	return result;
}

/* All of what is recorded now must be there. */
static void
require_completed(List *names)
{
	const SlStampFinding *first = NULL;
	StringInfoData detail;
	SlTruth		truth;
	ListCell   *cell;

	initStringInfo(&detail);
	list_sort(names, compare_names);
	sl_truth_look(&truth);
	foreach(cell, truth.stamp)
	{
		const SlStampFinding *finding = lfirst(cell);

		if (!is_among(names, finding->revision))
			continue;
		if (first == NULL)
			first = finding;
		appendStringInfo(&detail, "%s%s", detail.len > 0 ? "\n" : "",
						 sl_stamp_text(finding));
	}
	if (first == NULL)
		return;
	ereport(ERROR,
			(errcode(SL_ERR_NOT_AT_HEAD),
			 errmsg("revision \"%s\" is in the catalog in part, and cannot be completed",
					first->revision),
			 errdetail("%s\nNothing of it was changed or recorded.",
					   detail.data),
			 errhint("Bring %s %s about by hand, or drop what is there of the revision, and call sl_boot() again.",
					 first->class ? first->class : "",
					 first->identity ? first->identity : "")));
}

static bool
has_made_labels(const SlHealing *healing)
{
	ListCell   *cell;

	foreach(cell, healing->steps)
	{
		const SlHealStep *step = lfirst(cell);

		if (step->class != NULL && strcmp(step->class, "enum") == 0 &&
			step->outcome != NULL && strcmp(step->outcome, "done") == 0)
			return true;
	}
	return false;
}

/*
 * Record what is there.  Where that is not all of a revision, the rest is made
 * from its footprint, instead of failing with "already exists"; if that cannot
 * be done, nothing of this is recorded.
 */
static void
adopt_pending_piece(void *arg)
{
	SlBoot	   *boot = arg;
	List	   *pending = boot->report->standing.pending;
	SlSupposed *supposed = sl_suppose_applied(pending);
	List	   *adoptable = find_adoptable(boot, pending, supposed);
	int64		first_id = sl_log_next_id();
	SlHealOrder order = {CALLER};
	SlHealing  *healing;
	List	   *names = NIL;
	SlAdoptedRow *rows;
	int			count = 0;
	ListCell   *cell;

	if (adoptable == NIL)
		return;
	rows = palloc0_array(SlAdoptedRow, list_length(adoptable));
	foreach(cell, adoptable)
	{
		const SlRevisionRow *row = list_nth(pending, lfirst_int(cell));

		names = lappend(names, row->revision);
		rows[count].revision = row->revision;
		rows[count].outcome = "ok";
		rows[count].evidence = supposed[lfirst_int(cell)].evidence;
		rows[count++].reason = _("it was in the catalog");
		ereport(NOTICE,
				(supposed[lfirst_int(cell)].state == SL_SUPPOSE_PARTLY ?
				 errmsg("%s is in the catalog in part", row->revision) :
				 errmsg("%s is in the catalog already, and recorded",
						row->revision)));
	}
	(void) sl_claim_adopted(names, first_id);
	if (!boot->only_labels)
	{
		sl_log_adopted(first_id, rows, count);
		sl_recorded_words(names, SL_UP);
	}
	if (!boot->partly)
		return;
	order.facts = true;
	order.notices = true;
	healing = sl_heal(&order, &boot->call->options);
	if (boot->only_labels)
	{
		(void) sl_unclaim_many(names);
		return;
	}
	/* what is recorded just now was never here */
	require_done(healing, false);
	boot->labels = has_made_labels(healing);
	CommandCounterIncrement();
	require_completed(names);
}

/*
 * A label that an enum got is of no use before it is committed.  If that was
 * in the way, what can be made is made, and then the rest and the record.
 */
static void
complete_pending(SlBoot *boot)
{
	ErrorData  *error;

	MemoryContextReset(boot->call->work);
	error = sl_call_try(boot->call, adopt_pending_piece, boot);
	boot->report = NULL;
	if (error == NULL)
	{
		sl_call_commit();
		return;
	}
	sl_call_rollback();
	if (!boot->labels)
		ReThrowError(error);
	boot->only_labels = true;
	(void) look(boot);
	do_piece(boot, adopt_pending_piece);
	boot->only_labels = false;
	(void) look(boot);
	do_piece(boot, adopt_pending_piece);
}

/* Is it a database that somebody else has set up, of which nobody can tell? */
static void
require_known(const SlBoot *boot)
{
	char	   *object;

	if (!boot->unknown || !sl_log_is_empty(true))
		return;
	object = sl_find_managed_object(boot->call->options.managed_schemas);
	if (object == NULL)
		return;
	ereport(ERROR,
			(errcode(SL_ERR_NO_HISTORY),
			 errmsg("database has objects but no history"),
			 errdetail("For example %s. Whether pending revisions made them cannot be told, because it is not known what these do.",
					   object),
			 errhint("Let a role with CREATEDB CALL sl_rehearse(), or sl_import_manifest() what was recorded elsewhere, and call sl_boot() again. If the objects have nothing to do with the revisions, name the schemas that do with sl_configure('managed_schemas', ...).")));
}

static void
adopt_pending(SlBoot *boot)
{
	const SlReport *report = look(boot);

	if (report->standing.pending == NIL || report->drifts.unexpected == 0)
		return;
	rehearse(boot);
	(void) look(boot);
	complete_pending(boot);
	require_resolved(boot);
	require_known(boot);

	/* whatever is there was looked at */
	boot->call->options.objects_are_known = true;
}

/*-------------------------------------------------------------------------
 * What is pending, and the end
 *-------------------------------------------------------------------------
 */

static void
migrate(SlBoot *boot)
{
	const SlReport *report = look(boot);
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
	sl_boot_end_put(boot->expected);
	sl_notify_verdict(boot->report, NULL);
}

/* SL004, or everybody hears that it is done. */
static void
verify(SlBoot *boot)
{
	(void) look(boot);
	check_piece(boot, verify_piece);
	notice_ready(boot, boot->report);
}

/* In this order. */
static void (*const steps[]) (SlBoot *boot) = {
	require_expected,
	adopt_history,
	rehearse_unverifiable,
	repair,
	adopt_pending,
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
	boot.call = sl_call_begin(fcinfo, CALLER, NULL,
							  PG_ARGISNULL(1) ? NULL : PG_GETARG_JSONB_P(1));
	boot.reporting = AllocSetContextCreate(boot.call->context,
										   "schema_lifecycle boot",
										   ALLOCSET_DEFAULT_SIZES);
	if (!PG_ARGISNULL(0))
		boot.expected = text_to_cstring(PG_GETARG_TEXT_PP(0));
	if (!is_done(&boot) && sl_call_lock(boot.call, is_done, &boot))
		sl_call_run_locked(boot.call, boot_locked, &boot);
	sl_call_end(boot.call);
	PG_RETURN_NULL();
}
