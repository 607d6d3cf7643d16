/*-------------------------------------------------------------------------
 *
 * boot_adopt.c
 *	  What sl_boot finds in a database and the history does not have: it is
 *	  taken over, from another tool or by the catalog's word.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/operate/boot_adopt.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/builtins.h"

#include "adapters/adapters.h"
#include "heal/heal.h"
#include "ledger/version_table.h"
#include "operate/boot.h"
#include "operate/operate.h"
#include "status/status.h"

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
				(errmsg_plural("the history of %s in %s is taken over: %d revision",
							   "the history of %s in %s is taken over: %d revisions",
							   list_length(adoption.rows),
							   adoption.tool, adoption.version_table,
							   list_length(adoption.rows))));
	else if (adoption.located != NULL && adoption.adopted > 0)
		ereport(NOTICE,
				(errmsg_plural("the catalog is exactly at %s: %d revision is adopted",
							   "the catalog is exactly at %s: %d revisions are adopted",
							   adoption.adopted,
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
			 errdetail("It or what comes after it is there, but statements on data leave no facts: %s.",
					   detail.data),
			 errhint("If its data are there: sl_resolve(%s, 'applied', '...'). If not: CALL sl_migrate(%s), or where it has made objects that are there already, run its statements on data by hand and resolve it. Then call sl_boot() again.",
					 quote_literal_cstr(linitial(boot->unresolved)),
					 quote_literal_cstr(linitial(boot->unresolved)))));
}

void
sl_boot_adopt_history(SlBoot *boot)
{
	if (!sl_log_is_empty(true) ||
		sl_find_managed_object(boot->call->options.managed_schemas) == NULL)
		return;
	sl_boot_rehearse(boot);
	sl_boot_do(boot, adopt_history_piece);
	require_resolved(boot);
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
	SlHealOrder order = {SL_BOOT_CALLER};
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
	sl_boot_require_done(healing, false);
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
	(void) sl_boot_look(boot);
	sl_boot_do(boot, adopt_pending_piece);
	boot->only_labels = false;
	(void) sl_boot_look(boot);
	sl_boot_do(boot, adopt_pending_piece);
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

void
sl_boot_adopt_pending(SlBoot *boot)
{
	const SlReport *report = sl_boot_look(boot);

	if (report->standing.pending == NIL || report->drifts.unexpected == 0)
		return;
	sl_boot_rehearse(boot);
	(void) sl_boot_look(boot);
	complete_pending(boot);
	require_resolved(boot);
	require_known(boot);

	/* whatever is there was looked at */
	boot->call->options.objects_are_known = true;
}
