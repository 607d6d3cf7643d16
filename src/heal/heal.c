/*-------------------------------------------------------------------------
 *
 * heal.c
 *	  The whole of a repair: what is run again, what is made from facts, what
 *	  is required; and the proof.
 *
 * Facts are looked at again after the steps, since one thing that was made
 * can change others: a constraint that came back with its table, a privilege
 * that came from a default.  So steps are made and done until nothing more
 * comes of it.  At the end no fact may differ that a step was done for, and
 * none that did not differ before; else the transaction ends with SL004.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/heal/heal.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"

#include "heal/heal_private.h"
#include "ledger/repair.h"

/* how often what is left is looked at again */
#define MAX_ROUNDS 5

/* so many differences are told in an error */
#define DIFFERENCES_TOLD 10

static void
look(SlTruth *truth, List *replayed)
{
	sl_truth_look_whole(truth, replayed);
	if (truth->moved)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("the schema is being changed while it is looked at"),
				 errhint("Call again.")));
}

static bool
is_in(List *names, const char *name)
{
	ListCell   *cell;

	foreach(cell, names)
		if (strcmp(lfirst(cell), name) == 0)
			return true;
	return false;
}

/* Those that a revision had a part in. */
static List *
differences_of(List *differences, const char *revision)
{
	List	   *result = NIL;
	ListCell   *cell;

	foreach(cell, differences)
	{
		SlDifference *difference = lfirst(cell);

		if (revision == NULL || is_in(difference->setters, revision))
			result = lappend(result, difference);
	}
	return result;
}

static bool
is_about(const SlHealStep *step, const SlDifference *difference)
{
	return step->difference != NULL &&
		strcmp(step->class, difference->class) == 0 &&
		strcmp(step->identity, difference->identity) == 0;
}

static bool
is_done(const SlHealStep *step)
{
	return step->outcome != NULL && strcmp(step->outcome, "done") == 0;
}

/*
 * The proof
 */

static bool
differed_before(List *before, const SlDifference *difference,
				const char *attribute)
{
	ListCell   *cell;

	foreach(cell, before)
	{
		const SlDifference *old = lfirst(cell);

		if (strcmp(old->class, difference->class) != 0 ||
			strcmp(old->identity, difference->identity) != 0)
			continue;
		return old->expected == NULL || old->actual == NULL ||
			is_in(old->attributes, attribute);
	}
	return false;
}

/* Is it worse than before, or not what a step was done for? */
static bool
is_failure(const SlHealing *healing, List *before,
		   const SlDifference *difference)
{
	bool		done = false;
	ListCell   *cell;

	foreach(cell, healing->steps)
	{
		const SlHealStep *step = lfirst(cell);

		if (!is_about(step, difference))
			continue;
		/* something that it needs was left: it is as it can be */
		if (!is_done(step))
			return false;
		done = true;
	}
	if (done)
		return true;
	if (difference->expected == NULL || difference->actual == NULL)
		return !differed_before(before, difference, "");
	foreach(cell, difference->attributes)
		if (!differed_before(before, difference, lfirst(cell)))
			return true;
	return false;
}

static void
describe(StringInfo detail, const SlDifference *difference)
{
	ListCell   *cell;

	if (detail->len > 0)
		appendStringInfoChar(detail, '\n');
	appendStringInfo(detail, "%s %s", difference->class,
					 difference->identity);
	if (difference->expected == NULL)
		appendStringInfoString(detail, _(" is unexpected"));
	else if (difference->actual == NULL)
		appendStringInfoString(detail, _(" is missing"));
	foreach(cell, difference->attributes)
	{
		const char *name = lfirst(cell);
		const SlAttribute *want = sl_fact_get(difference->expected, name);
		const SlAttribute *have = sl_fact_get(difference->actual, name);

		appendStringInfo(detail, _("%s %s: expected %s, actual %s"),
						 foreach_current_index(cell) > 0 ? ";" : ",", name,
						 want == NULL ? "none" : sl_attribute_text(want),
						 have == NULL ? "none" : sl_attribute_text(have));
	}
}

/* SL004 if the facts are not what they should be. */
static void
prove(const SlHealing *healing, List *before, const SlTruth *truth)
{
	StringInfoData detail;
	int			count = 0;
	ListCell   *cell;

	initStringInfo(&detail);
	foreach(cell, truth->differences)
	{
		const SlDifference *difference = lfirst(cell);

		if (!is_failure(healing, before, difference))
			continue;
		if (count++ < DIFFERENCES_TOLD)
			describe(&detail, difference);
	}
	if (count == 0)
		return;
	if (count > DIFFERENCES_TOLD)
		appendStringInfo(&detail, _("\nAnd %d more."),
						 count - DIFFERENCES_TOLD);
	ereport(ERROR,
			(errcode(SL_ERR_NOT_AT_HEAD),
			 errmsg("the repair does not end in the expected facts, and is rolled back"),
			 errdetail("%s", detail.data),
			 errhint("See sl_repair_plan(); bring these about by hand, or sl_accept() them.")));
}

/*
 * The books
 */

/* What was done for a revision. */
typedef struct Touched
{
	const char *revision;
	int			statements;
	int64		elapsed;
	bool		made;			/* something that was not there */
	bool		existed;
} Touched;

static Touched *
touch(List **touched, const char *revision)
{
	ListCell   *cell;
	Touched    *entry;

	foreach(cell, *touched)
	{
		entry = lfirst(cell);
		if (strcmp(entry->revision, revision) == 0)
			return entry;
	}
	entry = palloc0_object(Touched);
	entry->revision = revision;
	*touched = lappend(*touched, entry);
	return entry;
}

static bool
has_stamp_finding(const SlTruth *truth, const char *revision)
{
	ListCell   *cell;

	foreach(cell, truth->stamp)
		if (strcmp(((const SlStampFinding *) lfirst(cell))->revision,
				   revision) == 0)
			return true;
	return false;
}

/* Its statements on data never ran here, and facts do not bring them. */
static bool
lacks_data(const Touched *entry)
{
	SlRegistryEntry *script;

	if (!entry->made || entry->existed)
		return false;
	script = sl_registry_get(entry->revision, true);
	return script != NULL && script->has_data;
}

static void
log_touched(const Touched *entry, const SlTruth *truth)
{
	SlLogEntry	log = {0};
	bool		data = lacks_data(entry);

	log.action = "repair";
	log.revision = entry->revision;
	log.outcome = "ok";
	log.statements = entry->statements;
	log.elapsed = entry->elapsed;
	log.reason = data ?
		"made from facts; its statements on data were not run" :
		"made from facts";
	sl_log_append(sl_log_next_id(), &log);
	if (data)
		ereport(NOTICE,
				(errmsg("%s: its statements on data were not run",
						entry->revision),
				 errhint("Look whether they are wanted, and run them by hand.")));
	else if (!has_stamp_finding(truth, entry->revision))
		sl_claim_prove(entry->revision);
}

/* A row of the history for each revision that steps were done for. */
static void
keep_books(const SlHealing *healing, const SlTruth *truth)
{
	List	   *touched = NIL;
	ListCell   *cell;

	foreach(cell, healing->steps)
	{
		const SlHealStep *step = lfirst(cell);
		Touched    *entry;

		if (!is_done(step) || step->difference == NULL)
			continue;
		/* what makes an object is told of who made it */
		entry = touch(&touched, strcmp(step->action, "create") == 0 ?
					  step->difference->maker : step->revision);
		entry->statements += list_length(step->statements);
		entry->elapsed += step->elapsed;
		entry->made |= strcmp(step->action, "create") == 0;
		entry->existed |= step->difference->existed;
	}
	foreach(cell, touched)
		log_touched(lfirst(cell), truth);
}

/*
 * The rounds
 */

static bool
is_same_step(const SlHealStep *a, const SlHealStep *b)
{
	return b->difference != NULL && strcmp(a->class, b->class) == 0 &&
		strcmp(a->identity, b->identity) == 0 &&
		list_length(a->statements) == list_length(b->statements) &&
		(a->statements == NIL ||
		 strcmp(linitial(a->statements), linitial(b->statements)) == 0);
}

/* Steps that were not tried yet; those that were left stand for new ones. */
static List *
new_steps(SlHealing *healing, List *steps)
{
	List	   *result = NIL;
	ListCell   *cell;
	ListCell   *other;

	foreach(cell, steps)
	{
		SlHealStep *step = lfirst(cell);
		bool		known = false;

		foreach(other, healing->steps)
		{
			SlHealStep *old = lfirst(other);

			if (!is_same_step(step, old))
				continue;
			known = true;
			if (is_done(old) || !old->safe || old->outcome == NULL)
				break;
			/* left, and something was done since: once more */
			lfirst(other) = step;
			result = lappend(result, step);
			break;
		}
		if (known)
			continue;
		healing->steps = lappend(healing->steps, step);
		result = lappend(result, step);
	}
	return result;
}

static int
count_done(List *steps)
{
	int			done = 0;
	ListCell   *cell;

	foreach(cell, steps)
		done += is_done(lfirst(cell));
	return done;
}

/* Facts: as long as something comes of it; *truth is how it is then. */
static void
heal_facts(SlHealing *healing, const SlHealOrder *order,
		   const SlOptions *options, SlTruth *truth)
{
	int			round;

	for (round = 0; round < MAX_ROUNDS; round++)
	{
		List	   *steps;

		steps = sl_heal_steps(differences_of(truth->differences,
											 order->only),
							  options, false);
		steps = new_steps(healing, steps);
		if (steps == NIL)
			return;
		sl_heal_run(steps, order, options);
		if (count_done(steps) == 0)
			return;
		CommandCounterIncrement();
		look(truth, NIL);
	}
}

static void
replay_all(SlHealing *healing, const SlHealOrder *order,
		   const SlOptions *options, SlTruth *truth)
{
	bool		any = false;
	ListCell   *cell;

	foreach(cell, sl_replay_steps(truth))
	{
		SlHealStep *step = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		healing->steps = lappend(healing->steps, step);
		if (!step->safe)
		{
			sl_heal_skip(step, psprintf(_("unsafe: %s"), step->reason));
			continue;
		}
		sl_replay(step, order, options, sl_log_next_id());
		any |= is_done(step);
	}
	if (any)
		look(truth, NIL);
}

static void
heal_requirements(SlHealing *healing, const SlHealOrder *order,
				  const SlOptions *options)
{
	List	   *steps = sl_requirement_steps();

	healing->steps = list_concat(healing->steps, steps);
	sl_heal_run(steps, order, options);
}

static void
count_steps(SlHealing *healing)
{
	ListCell   *cell;

	healing->done = healing->skipped = healing->lost = 0;
	foreach(cell, healing->steps)
	{
		const SlHealStep *step = lfirst(cell);

		if (is_done(step))
			healing->done++;
		else
		{
			healing->skipped++;
			healing->lost += step->lost;
		}
	}
}

SlHealing *
sl_heal(const SlHealOrder *order, const SlOptions *options)
{
	SlHealing  *healing = palloc0_object(SlHealing);
	SlTruth		truth;
	List	   *before;

	if (order->replays || order->facts)
	{
		look(&truth, NIL);
		before = truth.differences;
		if (order->replays)
			replay_all(healing, order, options, &truth);
		if (order->facts)
			heal_facts(healing, order, options, &truth);
		if (count_done(healing->steps) > 0)
		{
			prove(healing, before, &truth);
			keep_books(healing, &truth);
		}
	}
	if (order->requirements)
		heal_requirements(healing, order, options);
	count_steps(healing);
	return healing;
}

/* Revisions of the steps that can be done. */
static List *
safe_revisions(List *steps)
{
	List	   *revisions = NIL;
	ListCell   *cell;

	foreach(cell, steps)
	{
		const SlHealStep *step = lfirst(cell);

		if (step->safe)
			revisions = lappend(revisions,
								unconstify(char *, step->revision));
	}
	return revisions;
}

SlHealing *
sl_heal_plan(const SlHealOrder *order, const SlOptions *options)
{
	SlHealing  *healing = palloc0_object(SlHealing);
	SlTruth		truth;

	if (order->replays || order->facts)
	{
		look(&truth, NIL);
		if (order->replays)
			healing->steps = sl_replay_steps(&truth);
		if (safe_revisions(healing->steps) != NIL)
			look(&truth, safe_revisions(healing->steps));
		if (order->facts)
			healing->steps =
				list_concat(healing->steps,
							sl_heal_steps(differences_of(truth.differences,
														 order->only),
										  options, false));
	}
	if (order->requirements)
		healing->steps = list_concat(healing->steps, sl_requirement_steps());
	count_steps(healing);
	return healing;
}

/*
 * A pending revision that is there in part
 */

/* What makes it impossible to complete it, or NULL. */
static char *
obstacle_to(const SlTruth *truth, const char *revision)
{
	ListCell   *cell;

	foreach(cell, truth->stamp)
	{
		const SlStampFinding *finding = lfirst(cell);

		if (strcmp(finding->revision, revision) != 0)
			continue;
		if (strcmp(finding->verdict, "unverifiable") == 0)
			return pstrdup(_("there is no footprint of it"));
		if (strcmp(finding->verdict, "stamped") == 0)
			return pstrdup(_("nothing of it is there"));
	}
	return NULL;
}

/* A step that is not to make something new, or cannot be done. */
static char *
conflict_in(List *steps)
{
	ListCell   *cell;

	foreach(cell, steps)
	{
		const SlHealStep *step = lfirst(cell);

		if (!step->safe)
			return psprintf("%s %s: %s", step->class, step->identity,
							step->reason);
		if (strcmp(step->action, "replace") == 0)
			return psprintf(_("%s %s is there, and is another one"),
							step->class, step->identity);
		if (step->outcome != NULL && !is_done(step))
			return psprintf("%s %s: %s", step->class, step->identity,
							step->outcome + strlen("skipped: "));
	}
	return NULL;
}

/* Claim it and look; true if it could be completed. */
static bool
complete(const SlRegistryEntry *entry, const SlHealOrder *order,
		 const SlOptions *options, SlHealing *healing, char **why)
{
	SlHealOrder of_this = *order;
	SlLogEntry	log = {0};
	TimestampTz started = GetCurrentTimestamp();
	int64		log_id = sl_log_next_id();
	SlTruth		truth;
	List	   *before;

	of_this.only = entry->revision;
	of_this.keep_lost = false;
	if (!sl_claim(entry->revision, log_id, "adopt", false, entry->meaning))
	{
		*why = pstrdup(_("it is applied"));
		return false;
	}
	look(&truth, NIL);
	before = truth.differences;
	*why = obstacle_to(&truth, entry->revision);
	if (*why == NULL)
		*why = conflict_in(sl_heal_steps(differences_of(truth.differences,
														entry->revision),
										 options, false));
	if (*why != NULL)
		return false;
	heal_facts(healing, &of_this, options, &truth);
	*why = conflict_in(healing->steps);
	if (*why != NULL)
		return false;
	prove(healing, before, &truth);
	count_steps(healing);
	log.action = "adopt";
	log.revision = entry->revision;
	log.outcome = "ok";
	log.statements = healing->done;
	log.elapsed = GetCurrentTimestamp() - started;
	log.reason = healing->done > 0 ? "completed from facts" : NULL;
	sl_log_append(log_id, &log);
	sl_journal_clear(entry->revision);
	sl_evidence_forget_incomplete(entry->revision);
	sl_registry_unsettle(entry->revision);
	return true;
}

bool
sl_heal_complete(const char *revision, const SlHealOrder *order,
				 const SlOptions *options, SlHealing **healing, char **why)
{
	MemoryContext before = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	SlRegistryEntry *entry = sl_registry_get(revision, true);
	bool		done;

	*healing = palloc0_object(SlHealing);
	*why = NULL;
	if (entry == NULL || entry->up == NULL)
		*why = pstrdup(_("its script is not known"));
	else if (entry->has_data)
		*why = pstrdup(_("it has statements on data, and facts cannot tell whether these ran"));
	else if (!sl_kind_runs_once(entry->kind))
		*why = pstrdup(_("it may run again"));
	if (*why != NULL)
		return false;
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(before);
	done = complete(entry, order, options, *healing, why);
	if (done)
		ReleaseCurrentSubTransaction();
	else
		RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(before);
	CurrentResourceOwner = owner;
	return done;
}
