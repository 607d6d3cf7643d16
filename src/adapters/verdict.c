/*-------------------------------------------------------------------------
 *
 * verdict.c
 *	  One verdict over a transaction that has written to an observed version
 *	  table.
 *
 * It is about every revision between what the table said before and what it
 * says now: what is recorded has to be in the catalog.  Where a footprint is
 * known, that is what it is held against; where none is, and one revision
 * moved, what the transaction changed is its footprint from now on; and where
 * nothing was changed at all there is nothing that speaks for it.
 *
 * In any case our history follows the table, as sl_adopt() would have it.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/adapters/verdict.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"

#include "adapters/adapters_private.h"
#include "catalog/trace.h"
#include "common/sl_compat.h"

#define EVIDENCE_OBSERVED "observed"

/* so many revisions are told */
#define TOLD 10

typedef struct Verdict
{
	const SlVersionTable *table;
	const SlWrites *writes;
	bool		deny;
	SlReach		reach;
	bool	   *before;			/* by place in the lineage */
	bool	   *after;
	List	   *unknown;		/* char *: new, and not registered */
	List	  **changes;		/* by place: what it alone did; NIL: unknown */
	SlTaking	moved;			/* all that are there now, and were not */
	SlTaking	taking;			/* of these, what is not claimed yet */
	StringInfoData reasons;		/* why that is not to be believed */
	int			nreasons;
} Verdict;

/* Has the tool begun something that it did not finish? */
bool
sl_words_unfinished(const List *words)
{
	ListCell   *cell;

	foreach(cell, words)
		if (((const SlWord *) lfirst(cell))->kind == SL_WORD_FAILED)
			return true;
	return false;
}

typedef struct Marking
{
	const SlReach *reach;
	bool	   *marks;
} Marking;

static void
mark(const SlRevisionRow *row, const SlWord *word, void *arg)
{
	Marking    *marking = arg;
	int			place = sl_reach_place(marking->reach, row);

	if (place >= 0)
		marking->marks[place] = true;
}

/* All that the words stand for; *unknown: what nobody knows. */
static bool *
marks_of(const Verdict *verdict, const List *words, List **unknown)
{
	Marking		marking = {&verdict->reach};
	ListCell   *cell;

	marking.marks = palloc0_array(bool, verdict->reach.lineage.count + 1);
	foreach(cell, words)
	{
		const SlWord *word = lfirst(cell);

		if (word->kind != SL_WORD_FAILED &&
			!sl_reach_word(&verdict->reach, word, mark, &marking) &&
			unknown != NULL)
			*unknown = lappend(*unknown, word->revision);
	}
	return marking.marks;
}

/* How many are in b and not in a; -1: some of a are not in b. */
static int
count_more(const Verdict *verdict, const bool *a, const bool *b, int *one)
{
	int			count = 0;
	int			i;

	for (i = 0; i < verdict->reach.lineage.count; i++)
	{
		if (a[i] && !b[i])
			return -1;
		if (b[i] && !a[i])
		{
			count++;
			*one = i;
		}
	}
	return count;
}

/*
 * Whose changes were whose: what was changed before a write that moved one
 * revision is that one's.  A merge takes several writes, and looks like a step
 * back in between.
 */
static void
attribute_changes(Verdict *verdict)
{
	const SlWrites *writes = verdict->writes;
	const bool *current = verdict->before;
	List	   *changes = NIL;
	int			last = -1;
	int			i;

	verdict->changes = palloc0_array(List *,
									 verdict->reach.lineage.count + 1);
	if (writes->lost)
		return;
	for (i = 0; i < list_length(writes->pieces); i++)
	{
		const SlPiece *piece = list_nth(writes->pieces, i);
		const bool *next = i + 1 < list_length(writes->pieces) ?
			marks_of(verdict,
					 ((const SlPiece *) list_nth(writes->pieces,
												 i + 1))->words, NULL) :
			verdict->after;
		int			one = -1;
		int			more = count_more(verdict, current, next, &one);

		CHECK_FOR_INTERRUPTS();
		changes = list_concat(list_copy(changes), piece->changes);
		if (more <= 0)
			continue;
		last = more == 1 ? one : -1;
		if (more == 1)
			verdict->changes[one] = changes;
		changes = NIL;
		current = next;
	}
	if (last >= 0)
		verdict->changes[last] = list_concat(list_copy(verdict->changes[last]),
											 writes->rest);
}

/* Did the transaction change anything, as far as anybody can tell? */
static bool
has_changes(const SlWrites *writes)
{
	ListCell   *cell;

	if (writes->lost || writes->touched || writes->rest != NIL)
		return true;
	foreach(cell, writes->pieces)
		if (((const SlPiece *) lfirst(cell))->changes != NIL)
			return true;
	return false;
}

/* The kind of evidence that there is for a revision; NULL: none. */
static const char *
known_evidence(const SlEvidenceRow *rows, int count, const char *revision)
{
	const char *evidence = NULL;
	int			i;

	for (i = 0; i < count; i++)
		if (rows[i].current && strcmp(rows[i].revision, revision) == 0)
			evidence = rows[i].evidence;
	return evidence;
}

/* Keep what it did as its footprint. */
static void
put_evidence(const char *revision, int64 log_id, const List *changes)
{
	SlRegistryEntry *entry = sl_registry_get(revision, true);
	SlFootprintRow *rows = palloc_array(SlFootprintRow,
										list_length(changes));
	SlEvidence	evidence = {0};
	ListCell   *cell;
	int			count = 0;

	evidence.id = sl_evidence_next_id();
	evidence.revision = revision;
	evidence.evidence = EVIDENCE_OBSERVED;
	evidence.log_id = log_id;
	evidence.meaning = entry == NULL ? NULL : entry->meaning;
	evidence.complete = true;
	evidence.brought = true;
	sl_evidence_put(&evidence);
	foreach(cell, changes)
	{
		sl_footprint_make_row(lfirst(cell), evidence.id, count + 1,
							  &rows[count]);
		count++;
	}
	sl_footprint_append(rows, count);
	sl_footprint_forget_passing(evidence.id);
}

/*
 * Claim what is new, and keep the footprints that were seen.  Nothing takes
 * the place of a footprint that is better known.
 */
static void
take_moved(Verdict *verdict, int64 first_id)
{
	const SlLineage *lineage = &verdict->reach.lineage;
	SlEvidenceRow *rows;
	int			count;
	int			i;

	rows = sl_evidence_read(&count);
	for (i = 0; i < lineage->count; i++)
	{
		const SlRevisionRow *row = lineage->rows[i];
		const char *evidence;
		SlTaken    *taken;
		bool		seen;

		if (verdict->before[i] || !verdict->after[i])
			continue;
		evidence = known_evidence(rows, count, row->revision);
		seen = verdict->changes[i] != NIL &&
			(evidence == NULL || strcmp(evidence, EVIDENCE_OBSERVED) == 0);
		taken = sl_taking_add(&verdict->moved, row);
		taken->seen = verdict->changes[i] != NIL;
		if (!sl_graph_is_applied(verdict->reach.graph, row))
		{
			taken = sl_taking_add(&verdict->taking, row);
			taken->seen = verdict->changes[i] != NIL;
			if (seen)
				put_evidence(row->revision,
							 first_id + verdict->taking.count - 1,
							 verdict->changes[i]);
		}
	}
	if (verdict->taking.count > 0)
		sl_taking_claim(&verdict->taking, first_id);
}

/* What the table takes back is not applied any more. */
static void
free_gone(Verdict *verdict, int64 next_id)
{
	const SlLineage *lineage = &verdict->reach.lineage;
	int			i;

	for (i = lineage->count - 1; i >= 0; i--)
	{
		const SlRevisionRow *row = lineage->rows[i];
		SlLogEntry	log = {0};

		if (!verdict->before[i] || verdict->after[i] ||
			!sl_unclaim(row->revision))
			continue;
		log.action = "revert";
		log.revision = row->revision;
		log.outcome = "ok";
		log.statements = -1;
		log.elapsed = -1;
		log.evidence = EVIDENCE_OBSERVED;
		log.reason = psprintf(_("%s has it no longer"),
							  verdict->table->title);
		sl_log_append(next_id++, &log);
		sl_registry_unsettle(row->revision);
	}
}

static void
add_reason(Verdict *verdict, const char *revision, const char *why)
{
	if (++verdict->nreasons <= TOLD)
		appendStringInfo(&verdict->reasons, "%s%s: %s.",
						 verdict->reasons.len > 0 ? "\n" : "", revision, why);
}

/*
 * Why what was recorded is not so.  One that merges others does nothing by
 * itself, and need not show anything.
 */
static void
find_reasons(Verdict *verdict)
{
	bool		changed = has_changes(verdict->writes);
	ListCell   *cell;
	int			i;

	for (i = 0; i < verdict->moved.count; i++)
	{
		SlTaken    *taken = &verdict->moved.items[i];
		const SlStampFinding *finding = taken->findings == NIL ? NULL :
			linitial(taken->findings);

		if (finding == NULL)
			continue;
		if (finding->class != NULL)
			add_reason(verdict, taken->row->revision,
					   sl_taking_describe(&verdict->moved, taken->findings));
		else if (!changed && taken->row->nparents < 2)
			add_reason(verdict, taken->row->revision,
					   _("nothing is known of what it does, and nothing was changed"));
	}
	if (!changed)
		foreach(cell, verdict->unknown)
			add_reason(verdict, lfirst(cell),
					   _("it is not registered, and nothing was changed"));
	if (verdict->nreasons > TOLD)
		appendStringInfo(&verdict->reasons, _("\nAnd %d more."),
						 verdict->nreasons - TOLD);
}

static void
report_reasons(const Verdict *verdict)
{
	const SlVersionTable *table = verdict->table;

	ereport(verdict->deny ? ERROR : WARNING,
			(errcode(SL_ERR_STAMP_REFUSED),
			 verdict->deny ?
			 errmsg("\"%s\" does not take what the catalog does not bear out",
					table->title) :
			 errmsg("\"%s\" was given what the catalog does not bear out",
					table->title),
			 errdetail_internal("%s", verdict->reasons.data),
			 errhint("Run it (\"%s\") instead of a stamp. What is there without having run can be recorded after sl_unobserve(%s).",
					 table->adapter->command,
					 quote_literal_cstr(table->title))));
}

/* Nobody else keeps the books while we do. */
static void
take_lock(void)
{
	SlHolder	holder;

	if (!sl_lock_try(sl_lock_keys(), ExclusiveLock, false, &holder) ||
		!sl_worker_lock_try(ExclusiveLock, &holder))
		sl_lock_report_busy(&holder);
	sl_worker_lock_release(ExclusiveLock);
	sl_forbid_prepare();
}

static bool
is_in(const List *names, const char *name)
{
	ListCell   *cell;

	foreach(cell, names)
		if (strcmp(lfirst(cell), name) == 0)
			return true;
	return false;
}

/* Where the table was and where it is; false: it has not moved. */
static bool
find_moves(Verdict *verdict, const List *words)
{
	const SlPiece *first = linitial(verdict->writes->pieces);
	List	   *was_unknown = NIL;
	List	   *unknown = NIL;
	bool		moved = false;
	ListCell   *cell;
	int			i;

	sl_reach_init(&verdict->reach, verdict->table->adapter);
	verdict->before = marks_of(verdict, first->words, &was_unknown);
	verdict->after = marks_of(verdict, words, &unknown);
	foreach(cell, unknown)
		if (!is_in(was_unknown, lfirst(cell)))
			verdict->unknown = lappend(verdict->unknown, lfirst(cell));
	for (i = 0; i < verdict->reach.lineage.count; i++)
	{
		/* a row that nobody knows says nothing of what is before it */
		if (unknown != NIL || was_unknown != NIL)
			verdict->after[i] |= verdict->before[i];
		moved |= verdict->before[i] != verdict->after[i];
	}
	return moved || verdict->unknown != NIL;
}

static void
warn_of_unknown(const Verdict *verdict, const char *hint)
{
	if (verdict->unknown != NIL)
		ereport(WARNING,
				(errmsg("\"%s\" names revisions that are not registered: nothing is recorded of them",
						verdict->table->title),
				 errdetail("The first is \"%s\".",
						   (char *) linitial(verdict->unknown)),
				 errhint("%s", hint)));
}

/* How many the catalog does not bear out, or nobody knows what they did. */
static int
count_doubtful(const SlTaking *taking)
{
	int			count = 0;
	int			i;

	for (i = 0; i < taking->count; i++)
		if (strcmp(taking->items[i].adopted->outcome, "adopted") != 0)
			count++;
	return count;
}

/* See adapters_private.h. */
void
sl_verdict_catch_up(const SlVersionTable *table)
{
	List	   *words = sl_version_table_words(table);
	Verdict		verdict = {table};
	SlTruth		truth = {0};
	int64		first_id;
	int			doubtful;

	if (sl_words_unfinished(words))
	{
		ereport(WARNING,
				(errmsg("\"%s\" says that something has failed, or is under way: what it says by now is not recorded",
						table->title),
				 errhint("Call again when %s is through.",
						 table->adapter->name)));
		return;
	}
	sl_reach_init(&verdict.reach, table->adapter);
	verdict.before = marks_of(&verdict, NIL, NULL);
	verdict.after = marks_of(&verdict, words, &verdict.unknown);
	verdict.changes = palloc0_array(List *, verdict.reach.lineage.count + 1);
	warn_of_unknown(&verdict,
					_("Push the files, slctl push DIR, and call again."));
	first_id = sl_log_next_id();
	take_moved(&verdict, first_id);
	if (verdict.taking.count == 0)
		return;
	sl_truth_now(&truth);
	sl_taking_judge(&verdict.taking, &truth);
	sl_taking_record(&verdict.taking, first_id,
					 psprintf(_("%s has it"), table->title));
	doubtful = count_doubtful(&verdict.taking);
	ereport(NOTICE,
			(errmsg_plural("the history of %s in %s is taken over: %d revision",
						   "the history of %s in %s is taken over: %d revisions",
						   verdict.taking.count, table->adapter->name,
						   table->title, verdict.taking.count),
			 doubtful == 0 ? 0 :
			 errdetail_plural("The catalog does not bear out %d of them, or nothing is known of what it does.",
							  "The catalog does not bear out %d of them, or nothing is known of what they do.",
							  doubtful, doubtful),
			 doubtful == 0 ? 0 :
			 errhint("CALL sl_rehearse(), and see sl_detect_stamp_drift().")));
}

/* See adapters_private.h. */
bool
sl_verdict(const SlVersionTable *table, const char *mode,
		   const SlWrites *writes)
{
	List	   *words = sl_version_table_words(table);
	Verdict		verdict = {table, writes};
	SlTruth		truth = {0};
	int64		first_id;

	verdict.deny = strcmp(mode, "deny") == 0;
	if (sl_words_unfinished(words))
		return false;
	if (!find_moves(&verdict, words))
		return true;
	initStringInfo(&verdict.reasons);
	take_lock();
	attribute_changes(&verdict);
	first_id = sl_log_next_id();
	take_moved(&verdict, first_id);
	if (verdict.moved.count > 0)
	{
		sl_truth_now(&truth);
		sl_taking_judge(&verdict.moved, &truth);
	}
	if (strcmp(mode, "record") != 0)
	{
		find_reasons(&verdict);
		if (verdict.nreasons > 0)
			report_reasons(&verdict);
	}
	if (verdict.taking.count > 0)
	{
		sl_taking_judge(&verdict.taking, &truth);
		sl_taking_record(&verdict.taking, first_id,
						 psprintf(_("%s has it"), table->title));
	}
	free_gone(&verdict, first_id + verdict.taking.count);
	warn_of_unknown(&verdict,
					_("Push the files before they are run: slctl push DIR."));
	return true;
}
