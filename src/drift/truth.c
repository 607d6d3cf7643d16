/*-------------------------------------------------------------------------
 *
 * truth.c
 *	  The expected schema held against the live one.
 *
 * Hashes say what may differ; only that is looked at in full, on both sides,
 * and only what differs then is reported.  The second reading comes later
 * than the first: where it shows something else, or where the history moved
 * meanwhile, all of it is done again, a few times; after that the answer is
 * given as it is, and says that things moved.
 *
 * A transaction is visible a moment before its messages are sent.  Then one
 * side may be newer than the other, and nothing tells.  So what was found is
 * not believed before both sides were read anew, whatever messages say,
 * between two looks at the history that show the same.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/drift/truth.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "common/invalidation.h"
#include "common/sl_compat.h"
#include "drift/drift_private.h"

/* how often we look until we say that things move */
#define MAX_ROUNDS 5

typedef struct Round
{
	SlLook		look;
	SlImage    *live;
	SlGiven		given;
	SlFactKey  *keys;			/* of all that may differ: entries first */
	int			nkeys;
	int			space;
	uint64		nmatched;		/* live facts that the history knows */
	bool		moved;			/* the second reading showed something else */
	bool		whole;			/* every fact that differs is wanted */
	SlTruth    *truth;
	MemoryContext result;		/* where findings belong */
} Round;

static void
add_key(Round *round, const SlFactKey *key)
{
	if (round->nkeys == round->space)
	{
		round->space = Max(256, round->space * 2);
		round->keys = round->keys == NULL ?
			palloc_array(SlFactKey, round->space) :
			repalloc_huge(round->keys, sizeof(SlFactKey) * round->space);
	}
	round->keys[round->nkeys++] = *key;
}

/* The facts that the history knows and that may not be as it left them. */
static void
find_entries(Round *round)
{
	SlLook	   *look = &round->look;
	SlExpected *expected = look->expected;
	sl_expected_facts_iterator it;
	SlExpectedFact *entry;
	int			space = 256;

	look->entries = palloc_array(SlExpectedFact *, space);
	sl_expected_facts_start_iterate(expected->facts, &it);
	while ((entry = sl_expected_facts_iterate(expected->facts, &it)) != NULL)
	{
		SlFactHash	hash;
		bool		found = sl_image_find(round->live, &entry->key, &hash);

		entry->candidate = -1;
		round->nmatched += found;
		if (!look->compared[entry->scope] ||
			(entry->there ?
			 found && sl_fact_hash_equal(&entry->hash, &hash, &look->what) :
			 !found))
			continue;
		if (look->nentries == space)
		{
			space *= 2;
			look->entries = repalloc_huge(look->entries, space *
										  sizeof(SlExpectedFact *));
		}
		entry->candidate = look->nentries;
		look->entries[look->nentries++] = entry;
		add_key(round, &entry->key);
	}
	look->wanted = palloc0_array(const SlFact *, look->nentries + 1);
	look->actual = palloc0_array(const SlFact *, look->nentries + 1);
	if (round->whole)
		look->whole = palloc0_array(SlFact *, look->nentries + 1);
}

/* The live facts that the history knows nothing of. */
static void
find_unexplained(Round *round)
{
	uint64		position = 0;
	const SlFactKey *key;
	const SlFactHash *hash;

	while (sl_image_next(round->live, &position, &key, &hash))
		if (sl_expected_facts_lookup(round->look.expected->facts,
									 *key) == NULL &&
			!sl_is_given(&round->given, key))
			add_key(round, key);
}

/* Without the attributes that are not compared: in place. */
static void
strip(SlFact *fact, const SlCatalogOptions *what)
{
	int			n = 0;
	int			i;

	for (i = 0; i < fact->nattributes; i++)
	{
		const char *name = fact->attributes[i].name;

		if ((!what->owners && strcmp(name, "owner") == 0) ||
			(!what->privileges && strcmp(name, "privileges") == 0))
			continue;
		fact->attributes[n++] = fact->attributes[i];
	}
	fact->nattributes = n;
}

static void
add_to_set(SlFactSet *set, SlFact *fact)
{
	if (set->count == set->space)
	{
		set->space = Max(64, set->space * 2);
		set->facts = set->facts == NULL ?
			palloc_array(SlFact *, set->space) :
			repalloc_huge(set->facts, sizeof(SlFact *) * set->space);
	}
	set->facts[set->count++] = fact;
}

/* A live fact in full, where the first reading saw something to look at. */
static void
take_actual(const SlFact *fact, void *arg)
{
	Round	   *round = arg;
	SlLook	   *look = &round->look;
	SlExpectedFact *entry;
	SlFactKey	key;
	SlFactHash	before;
	SlFactHash	hash;
	SlFact	   *copy;

	sl_fact_key(fact->class, fact->identity, &key);
	sl_fact_hash(fact, &hash);
	if (!sl_image_find(round->live, &key, &before) ||
		!sl_fact_hash_equal(&before, &hash, &look->what))
		round->moved = true;
	entry = sl_expected_facts_lookup(look->expected->facts, key);
	if (entry == NULL)
	{
		/* what hangs on many of them is not reported: keep little */
		add_to_set(&look->actual_set, sl_fact_outline(fact));
		return;
	}
	copy = sl_fact_copy(fact);
	look->actual[entry->candidate] = copy;
	add_to_set(&look->actual_set, copy);
}

/* An expected fact in full; of one that is missing, the outline. */
static void
take_wanted(const SlExpectedFact *entry, const SlFact *fact, void *arg)
{
	Round	   *round = arg;
	SlLook	   *look = &round->look;
	MemoryContext before;
	SlFact	   *copy;

	before = MemoryContextSwitchTo(GetMemoryChunkContext(look->entries));
	if (look->whole != NULL)
		look->whole[entry->candidate] = sl_fact_copy(fact);
	if (look->actual[entry->candidate] == NULL)
		copy = sl_fact_outline(fact);
	else
	{
		copy = sl_fact_copy(fact);
		strip(copy, &look->what);
	}
	look->wanted[entry->candidate] = copy;
	add_to_set(&look->expected_set, copy);
	MemoryContextSwitchTo(before);
}

/* Is there such a fact, at present? */
static bool
is_expected(const char *class, const char *identity, void *arg)
{
	SlExpected *expected = arg;
	SlExpectedFact *entry;
	SlFactKey	key;

	sl_fact_key(class, identity, &key);
	entry = sl_expected_facts_lookup(expected->facts, key);
	return entry != NULL && entry->there;
}

/* Read in full what may differ. */
static void
read_sets(Round *round)
{
	SlLook	   *look = &round->look;
	SlExpectedFact **there;
	int			nthere = 0;
	int			i;

	sl_image_facts(round->live, round->keys, round->nkeys, take_actual,
				   round);
	there = palloc_array(SlExpectedFact *, look->nentries + 1);
	for (i = 0; i < look->nentries; i++)
	{
		/* what is compared and was there is there, or was dropped since */
		if (look->actual[i] == NULL &&
			sl_image_find(round->live, &look->entries[i]->key, NULL))
			round->moved = true;
		if (look->entries[i]->there)
			there[nthere++] = look->entries[i];
	}
	sl_expected_read(look->expected, there, nthere, take_wanted, round);
	sl_fact_set_sort(&look->expected_set);
	sl_fact_set_sort(&look->actual_set);
	look->expected_set.knows = is_expected;
	look->expected_set.arg = look->expected;
}

static char *
copy_text(const SlAttribute *attribute)
{
	return attribute == NULL ? NULL : sl_attribute_text(attribute);
}

static char *
copy_string(const char *string)
{
	return string == NULL ? NULL : pstrdup(string);
}

static const char *
revision_of(const SlExpected *expected, const SlFact *fact,
			const char *attribute)
{
	SlExpectedFact *entry;
	SlFactKey	key;

	sl_fact_key(fact->class, fact->identity, &key);
	entry = sl_expected_facts_lookup(expected->facts, key);
	if (entry == NULL)
		return NULL;
	if (attribute == NULL)
		return sl_revision_of_fact(expected, entry);
	return sl_revision_of_attribute(expected, entry, attribute);
}

/* One difference of the whole, unless nobody wants to know of it. */
static void
take_finding(const SlFinding *finding, void *arg)
{
	Round	   *round = arg;
	const SlFact *fact = finding->expected != NULL ? finding->expected :
		finding->actual;
	SlDriftFinding *drift;
	MemoryContext before;

	if (sl_is_ignored(round->look.ignore, fact->class, fact->identity,
					  finding->attribute) ||
		sl_is_accepted(round->look.accepted, round->look.naccepted,
					   fact->class, fact->identity, finding->attribute))
		return;
	before = MemoryContextSwitchTo(round->result);
	drift = palloc_object(SlDriftFinding);
	drift->severity = finding->severity;
	drift->class = pstrdup(fact->class);
	drift->identity = pstrdup(fact->identity);
	drift->problem = finding->problem;
	drift->attribute = copy_string(finding->attribute);
	drift->expected = copy_text(finding->expected_attribute);
	drift->actual = copy_text(finding->actual_attribute);
	drift->revision = copy_string(revision_of(round->look.expected, fact,
											  finding->attribute));
	round->truth->drift = lappend(round->truth->drift, drift);
	MemoryContextSwitchTo(before);
}

/* How much of what is applied can be known at all. */
static void
count_coverage(const SlExpected *expected, SlTruth *truth)
{
	int			i;

	truth->verified = 0;
	truth->unverifiable = 0;
	truth->untraceable = 0;
	truth->forced = 0;
	for (i = 0; i < expected->nclaims; i++)
	{
		const SlFoldClaim *claim = &expected->claims[i];

		if (claim->nrows < 0)
			truth->unverifiable++;
		else if (claim->nrows == 0 && claim->has_data)
			truth->untraceable++;
		else
			truth->verified++;
		truth->forced += claim->forced;
	}
}

/* Which facts are compared: what the database is set to. */
static void
read_settings(SlLook *look)
{
	SlOptions	settings;

	sl_options_resolve(&settings, NULL);
	look->what.schemas = settings.managed_schemas;
	look->what.owners = settings.compare_owners;
	look->what.privileges = settings.compare_privileges;
	look->ignore = sl_ignore_read(settings.ignore);
}

/* Both sides, as hashes. */
static void
read_sides(Round *round)
{
	SlLook	   *look = &round->look;
	int			i;

	round->live = sl_image_get(&look->what);
	round->moved = sl_image_moved(round->live);
	look->expected = sl_expected_present(sl_image_count(round->live));
	look->compared = palloc_array(bool, look->expected->nscopes + 1);
	for (i = 0; i < look->expected->nscopes; i++)
		look->compared[i] =
			sl_scope_is_compared(&look->expected->scopes[i], &look->what);
}

/* Look once; false if things moved. */
static bool
look_once(SlTruth *truth, bool whole, List *replayed, MemoryContext result)
{
	Round		round = {{0}};
	uint64		generation = sl_ledger_generation();
	int64		next_id = sl_log_next_id();
	SlLook	   *look = &round.look;

	round.truth = truth;
	round.whole = whole;
	round.result = result;
	truth->drift = NIL;
	truth->stamp = NIL;
	truth->differences = NIL;
	PushActiveSnapshot(GetLatestSnapshot());
	read_settings(look);
	read_sides(&round);
	sl_given_read(&round.given);
	look->accepted = sl_accepted_read(&look->naccepted);
	find_entries(&round);
	if (round.nmatched < sl_image_count(round.live))
		find_unexplained(&round);
	if (round.nkeys > 0)
		read_sets(&round);
	sl_fact_sets_compare(&look->expected_set, &look->actual_set,
						 take_finding, &round);
	truth->stamp = sl_stamp_findings(look, result);
	if (whole)
		truth->differences = sl_differences(look, replayed, result);
	count_coverage(look->expected, truth);
	PopActiveSnapshot();
	if (truth->drift != NIL || truth->stamp != NIL)
		round.moved |= sl_log_next_id() != next_id;
	return !round.moved && sl_ledger_generation() == generation;
}

static void
look_until_still(SlTruth *truth, bool whole, List *replayed)
{
	MemoryContext result = CurrentMemoryContext;
	MemoryContext cxt = AllocSetContextCreate(result,
											  "schema_lifecycle truth",
											  ALLOCSET_DEFAULT_SIZES);
	bool		done = false;
	int			i;

	for (i = 0; i < MAX_ROUNDS && !done; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (i > 0)
		{
			sl_image_doubt();
			sl_expected_doubt();
		}
		MemoryContextSwitchTo(cxt);
		truth->moved = !look_once(truth, whole, replayed, result);
		MemoryContextSwitchTo(result);
		MemoryContextReset(cxt);
		done = !truth->moved &&
			(i > 0 || (truth->drift == NIL && truth->stamp == NIL));
	}
	MemoryContextDelete(cxt);
}

/*
 * All that can be said.  Findings are allocated in the current memory
 * context.
 */
void
sl_truth_look(SlTruth *truth)
{
	look_until_still(truth, false, NIL);
}

void
sl_truth_look_whole(SlTruth *truth, List *replayed)
{
	look_until_still(truth, true, replayed);
}
