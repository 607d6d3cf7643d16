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
#include "utils/hsearch.h"
#include "utils/timestamp.h"

#include "heal/heal_private.h"
#include "ledger/repair.h"
#include "status/require.h"

/* so many differences are told in an error */
#define DIFFERENCES_TOLD 10

void
sl_heal_look(SlTruth *truth, List *replayed)
{
	sl_truth_look_whole(truth, replayed);
	if (truth->moved)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("the schema is being changed while it is looked at"),
				 errhint("Call again.")));
}

bool
sl_heal_has_name(const List *names, const char *name)
{
	ListCell   *cell;

	foreach(cell, names)
		if (strcmp(lfirst(cell), name) == 0)
			return true;
	return false;
}

bool
sl_step_is_done(const SlHealStep *step)
{
	return step->outcome != NULL && strcmp(step->outcome, "done") == 0;
}

/* Steps and differences by what they are about. */
typedef struct Known
{
	SlFactKey	key;			/* of class and identity, or of a revision */
	const SlDifference *before; /* as it was at the start; NULL: as expected */
	List	   *steps;			/* int: positions in a list of steps */
	struct Touched *touched;
} Known;

static HTAB *
begin_known(void)
{
	HASHCTL		ctl;

	ctl.keysize = sizeof(SlFactKey);
	ctl.entrysize = sizeof(Known);
	ctl.hcxt = CurrentMemoryContext;
	return hash_create("repair", 256, &ctl,
					   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static Known *
known_of(HTAB *table, const char *class, const char *identity)
{
	SlFactKey	key;
	Known	   *known;
	bool		found;

	sl_fact_key(class, identity, &key);
	known = hash_search(table, &key, HASH_ENTER, &found);
	if (!found)
	{
		known->before = NULL;
		known->steps = NIL;
		known->touched = NULL;
	}
	return known;
}

/* By what they are about, steps for facts. */
static HTAB *
index_steps(List *steps)
{
	HTAB	   *table = begin_known();
	ListCell   *cell;

	foreach(cell, steps)
	{
		const SlHealStep *step = lfirst(cell);
		Known	   *known;

		if (step->difference == NULL)
			continue;
		known = known_of(table, step->class, step->identity);
		known->steps = lappend_int(known->steps, foreach_current_index(cell));
	}
	return table;
}

/*
 * The proof
 */

static bool
is_worse(const SlDifference *before, const SlDifference *difference)
{
	ListCell   *cell;

	if (before == NULL)
		return true;
	if (before->expected == NULL || before->actual == NULL)
		return false;
	if (difference->expected == NULL || difference->actual == NULL)
		return true;
	foreach(cell, difference->attributes)
		if (!sl_heal_has_name(before->attributes, lfirst(cell)))
			return true;
	return false;
}

/* Is it worse than before, or not what a step was done for? */
static bool
is_failure(const Known *known, List *steps, const SlDifference *difference)
{
	ListCell   *cell;

	if (is_worse(known->before, difference))
		return true;
	/* something that it needs was left: it is as it can be */
	foreach(cell, known->steps)
		if (!sl_step_is_done(list_nth(steps, lfirst_int(cell))))
			return false;
	return known->steps != NIL;
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

static bool
has_replayed(List *steps)
{
	ListCell   *cell;

	foreach(cell, steps)
	{
		const SlHealStep *step = lfirst(cell);

		if (strcmp(step->action, "replay") == 0 && sl_step_is_done(step))
			return true;
	}
	return false;
}

/* SL004 if the facts are not what they should be. */
void
sl_heal_prove(const SlHealing *healing, const SlHealOrder *order,
			  List *before, const SlTruth *truth)
{
	HTAB	   *table = index_steps(healing->steps);
	StringInfoData detail;
	int			count = 0;
	ListCell   *cell;

	foreach(cell, before)
	{
		const SlDifference *old = lfirst(cell);

		known_of(table, old->class, old->identity)->before = old;
	}
	initStringInfo(&detail);
	foreach(cell, truth->differences)
	{
		const SlDifference *difference = lfirst(cell);

		if (!is_failure(known_of(table, difference->class,
								 difference->identity),
						healing->steps, difference))
			continue;
		if (count++ < DIFFERENCES_TOLD)
			describe(&detail, difference);
	}
	hash_destroy(table);
	if (count == 0)
		return;
	if (count > DIFFERENCES_TOLD)
		appendStringInfo(&detail, _("\nAnd %d more."),
						 count - DIFFERENCES_TOLD);
	ereport(ERROR,
			(errcode(SL_ERR_NOT_AT_HEAD),
			 order->online ?
			 errmsg("the repair does not end in the expected facts, and what it did stays") :
			 errmsg("the repair does not end in the expected facts, and is rolled back"),
			 errdetail("%s", detail.data),
			 has_replayed(healing->steps) ?
			 errhint("sl_repair('{\"replay\": false}') runs no script again and makes facts alone. Or see sl_repair_plan(); bring these about by hand, or sl_accept() them.") :
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
touch(HTAB *table, List **touched, const char *revision)
{
	Known	   *known = known_of(table, "", revision);

	if (known->touched == NULL)
	{
		known->touched = palloc0_object(Touched);
		known->touched->revision = revision;
		*touched = lappend(*touched, known->touched);
	}
	return known->touched;
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
log_touched(const Touched *entry)
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
}

/* What was done, by revision: Touched pointers. */
static List *
touched_by(List *steps)
{
	HTAB	   *table = begin_known();
	List	   *touched = NIL;
	ListCell   *cell;

	foreach(cell, steps)
	{
		const SlHealStep *step = lfirst(cell);
		bool		made = strcmp(step->action, "create") == 0;
		Touched    *entry;

		if (!sl_step_is_done(step) || step->difference == NULL)
			continue;
		/* what makes an object is told of who made it */
		entry = touch(table, &touched, made ? step->difference->maker :
					  step->revision);
		entry->statements += list_length(step->statements);
		entry->elapsed += step->elapsed;
		entry->made |= made;
		entry->existed |= step->difference->existed;
	}
	hash_destroy(table);
	return touched;
}

/* A row of the history for each revision that steps were done for. */
void
sl_heal_keep_books(List *steps)
{
	ListCell   *cell;

	foreach(cell, touched_by(steps))
		log_touched(lfirst(cell));
}

/*
 * What the catalog bears out now rests on nobody's word any more; but facts
 * cannot speak for statements on data.
 */
void
sl_heal_prove_claims(const SlHealing *healing, const SlTruth *truth)
{
	ListCell   *cell;

	foreach(cell, touched_by(healing->steps))
	{
		const Touched *entry = lfirst(cell);

		if (!lacks_data(entry) && !has_stamp_finding(truth, entry->revision))
			sl_claim_prove(entry->revision);
	}
}

/*
 * The rounds
 */

/* Of two that are about the same. */
static bool
is_same_step(const SlHealStep *a, const SlHealStep *b)
{
	return list_length(a->statements) == list_length(b->statements) &&
		(a->statements == NIL ||
		 strcmp(linitial(a->statements), linitial(b->statements)) == 0);
}

/* Steps that were not tried yet; those that were left stand for new ones. */
List *
sl_heal_new_steps(SlHealing *healing, List *steps)
{
	HTAB	   *table = index_steps(healing->steps);
	List	   *result = NIL;
	ListCell   *cell;

	foreach(cell, steps)
	{
		SlHealStep *step = lfirst(cell);
		bool		is_new = true;
		ListCell   *other;

		foreach(other, known_of(table, step->class, step->identity)->steps)
		{
			ListCell   *place = list_nth_cell(healing->steps,
											  lfirst_int(other));
			SlHealStep *old = lfirst(place);

			if (!is_same_step(step, old))
				continue;
			is_new = false;
			if (sl_step_is_done(old) || !old->safe || old->outcome == NULL ||
				old->rows)
				break;
			/* left, and something was done since: once more */
			lfirst(place) = step;
			result = lappend(result, step);
			break;
		}
		if (!is_new)
			continue;
		healing->steps = lappend(healing->steps, step);
		result = lappend(result, step);
	}
	hash_destroy(table);
	return result;
}

static int
count_done(List *steps)
{
	int			done = 0;
	ListCell   *cell;

	foreach(cell, steps)
		done += sl_step_is_done(lfirst(cell));
	return done;
}

/* Facts: as long as something comes of it; *truth is how it is then. */
static void
heal_facts(SlHealing *healing, const SlHealOrder *order,
		   const SlOptions *options, SlTruth *truth)
{
	int			round;

	for (round = 0; round < SL_HEAL_ROUNDS; round++)
	{
		List	   *steps;

		steps = sl_heal_steps(truth->differences, options, false);
		steps = sl_heal_new_steps(healing, steps);
		if (steps == NIL)
			return;
		sl_heal_run(steps, order, options);
		if (count_done(steps) == 0)
			return;
		CommandCounterIncrement();
		sl_heal_look(truth, NIL);
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
		sl_replay(step, order, options);
		any |= sl_step_is_done(step);
	}
	if (any)
		sl_heal_look(truth, NIL);
}

static void
require_held(const SlHealStep *step, const SlHealOrder *order, List *states)
{
	ListCell   *cell;

	foreach(cell, states)
	{
		const SlRequirementState *state = lfirst(cell);

		if (!state->holds && strcmp(state->name, step->identity) == 0)
			ereport(ERROR,
					(errcode(SL_ERR_NOT_AT_HEAD),
					 order->online ?
					 errmsg("requirement \"%s\" does not hold after its repair, which stays",
							state->name) :
					 errmsg("requirement \"%s\" does not hold after its repair, which is rolled back",
							state->name),
					 errdetail("%s.", state->why)));
	}
}

/* Requirements that were brought about must hold, else SL004. */
void
sl_heal_require_held(List *steps, const SlHealOrder *order)
{
	List	   *states;
	ListCell   *cell;

	if (count_done(steps) == 0)
		return;
	CommandCounterIncrement();
	states = sl_requirements_look();
	foreach(cell, steps)
		if (sl_step_is_done(lfirst(cell)))
			require_held(lfirst(cell), order, states);
}

static void
heal_requirements(SlHealing *healing, const SlHealOrder *order,
				  const SlOptions *options)
{
	List	   *steps = sl_requirement_steps(false);

	healing->steps = list_concat(healing->steps, steps);
	sl_heal_run(steps, order, options);
	sl_heal_require_held(steps, order);
}

static void
count_steps(SlHealing *healing)
{
	ListCell   *cell;

	healing->done = healing->skipped = healing->lost = 0;
	foreach(cell, healing->steps)
	{
		const SlHealStep *step = lfirst(cell);

		if (sl_step_is_done(step))
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
		sl_heal_look(&truth, NIL);
		before = truth.differences;
		if (order->replays)
			replay_all(healing, order, options, &truth);
		if (order->facts)
			heal_facts(healing, order, options, &truth);
		if (count_done(healing->steps) > 0)
		{
			sl_heal_prove(healing, order, before, &truth);
			sl_heal_keep_books(healing->steps);
			sl_heal_prove_claims(healing, &truth);
		}
	}
	if (order->requirements)
		heal_requirements(healing, order, options);
	count_steps(healing);
	return healing;
}

/* Where a revision was never run, facts bring no rows: say so beforehand. */
static void
tell_of_data(List *steps)
{
	const char *last = NULL;
	bool		has_data = false;
	ListCell   *cell;

	foreach(cell, steps)
	{
		SlHealStep *step = lfirst(cell);
		SlRegistryEntry *entry;

		if (step->difference == NULL || !step->safe ||
			strcmp(step->action, "create") != 0 || step->difference->existed)
			continue;
		if (last == NULL || strcmp(last, step->difference->maker) != 0)
		{
			last = step->difference->maker;
			entry = sl_registry_get(last, true);
			has_data = entry != NULL && entry->has_data;
		}
		if (has_data)
			step->reason = psprintf(_("statements on data of %s do not run"),
									last);
	}
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
		sl_heal_look(&truth, NIL);
		if (order->replays)
			healing->steps = sl_replay_steps(&truth);
		if (safe_revisions(healing->steps) != NIL)
			sl_heal_look(&truth, safe_revisions(healing->steps));
		if (order->facts)
		{
			healing->steps =
				list_concat(healing->steps,
							sl_heal_steps(truth.differences, options,
										  false));
			tell_of_data(healing->steps);
		}
	}
	if (order->requirements)
		healing->steps = list_concat(healing->steps,
									  sl_requirement_steps(false));
	count_steps(healing);
	return healing;
}
