/*-------------------------------------------------------------------------
 *
 * stamp.c
 *	  What the history says was applied, and the facts do not bear out.
 *
 * A revision is asked about what it set last, and about nothing that a later
 * one set again: of a fact that it made, whether it is there, and whether
 * the attributes are as they were; of a fact that it changed, whether the
 * attributes that it set are; of a fact that it dropped, whether it is gone.
 *
 * Differences that are no more than info in the drift (comments, storage) are
 * none here: a revision that is there but for a comment is there.  What
 * somebody accepted is left out where the rest of the revision is there, and
 * never where nothing of it is.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/drift/stamp.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "common/sl_compat.h"
#include "drift/drift_private.h"

/* One fact that is not as a claim left it. */
typedef struct Hit
{
	int			claim;
	int			evidence;
	SlExpectedFact *entry;
	const char *class;
	const char *identity;
	const char *problem;
	bool		info;			/* nobody need care */
	bool		accepted;
	List	   *attributes;		/* names; NIL: the whole fact */
	const SlFact *actual;		/* NULL: missing */
	SlFact	   *expected;		/* NULL: it was dropped */
} Hit;

typedef struct Stamps
{
	SlLook	   *look;
	Hit		   *hits;
	int			count;
	int			space;
	SlFactOwners owners;
	SlFactOwners others;		/* of what a fact hangs on */
	int		   *total;			/* by claim: facts that it set last */
	int		   *absent;			/* of those, not as it left them */
	int		   *gone;			/* of those, missing, or there again */
	List	   *differing;		/* Difference *, of the fact at hand */
} Stamps;

/* One attribute that differs. */
typedef struct Difference
{
	const char *name;
	bool		invalid;
	bool		info;
	bool		accepted;
} Difference;

/* Owners and privileges, unless they are compared. */
static Bitmapset *
passed_over(const SlLook *look)
{
	const SlNameSets *sets = &look->expected->sets;
	int			owner = sl_name_find(sets, "owner");
	int			privileges = sl_name_find(sets, "privileges");
	Bitmapset  *result = NULL;

	if (!look->what.owners && owner >= 0)
		result = bms_add_member(result, owner);
	if (!look->what.privileges && privileges >= 0)
		result = bms_add_member(result, privileges);
	return result;
}

static Hit *
add_hit(Stamps *stamps, const SlFactOwner *owner, SlExpectedFact *entry,
		const SlFact *fact, const char *problem)
{
	Hit		   *hit;

	if (stamps->count == stamps->space)
	{
		stamps->space = Max(64, stamps->space * 2);
		stamps->hits = stamps->hits == NULL ?
			palloc_array(Hit, stamps->space) :
			repalloc_huge(stamps->hits, sizeof(Hit) * stamps->space);
	}
	hit = &stamps->hits[stamps->count++];
	memset(hit, 0, sizeof(*hit));
	hit->claim = owner->claim;
	hit->evidence = owner->evidence;
	hit->entry = entry;
	hit->class = fact->class;
	hit->identity = fact->identity;
	hit->problem = problem;
	return hit;
}

static bool
is_accepted(const SlLook *look, const SlFact *fact, const char *attribute)
{
	return sl_is_accepted(look->accepted, look->naccepted, fact->class,
						  fact->identity, attribute);
}

/* The attributes that differ, as far as they are compared. */
static void
note_attribute(const SlFinding *finding, void *arg)
{
	Stamps	   *stamps = arg;
	Difference *difference;

	if (sl_is_ignored(stamps->look->ignore, finding->expected->class,
					  finding->expected->identity, finding->attribute))
		return;
	difference = palloc_object(Difference);
	difference->name = finding->attribute;
	difference->invalid = strcmp(finding->problem, "invalid") == 0;
	difference->info = strcmp(finding->severity, "info") == 0;
	difference->accepted = is_accepted(stamps->look, finding->expected,
									   finding->attribute);
	stamps->differing = lappend(stamps->differing, difference);
}

/* Does the owner answer for this attribute? */
static bool
answers_for(const Stamps *stamps, const SlFactOwner *owner, const char *name)
{
	int			number = sl_name_find(&stamps->look->expected->sets, name);

	if (number >= 0 && bms_is_member(number, owner->attributes))
		return true;
	return owner->base &&
		!(number >= 0 && bms_is_member(number, stamps->owners.taken));
}

/* What differs, as far as the owner answers for it. */
static void
note_altered_by(Stamps *stamps, const SlFactOwner *owner,
				SlExpectedFact *entry, const SlFact *expected,
				const SlFact *actual)
{
	Hit		   *hit = NULL;
	ListCell   *cell;

	foreach(cell, stamps->differing)
	{
		const Difference *difference = lfirst(cell);

		if (!answers_for(stamps, owner, difference->name))
			continue;
		if (hit == NULL)
		{
			hit = add_hit(stamps, owner, entry, expected, "altered");
			hit->info = hit->accepted = true;
			hit->actual = actual;
			hit->expected = unconstify(SlFact *, expected);
		}
		hit->attributes = lappend(hit->attributes,
								  unconstify(char *, difference->name));
		if (difference->invalid)
			hit->problem = "invalid";
		hit->info = hit->info && difference->info;
		hit->accepted = hit->accepted &&
			(difference->accepted || difference->info);
	}
	/* who made it, made something; who altered it did nothing */
	if (hit != NULL && !owner->base)
		stamps->absent[owner->claim]++;
}

/* The object is there and is not what it should be. */
static void
note_altered(Stamps *stamps, SlExpectedFact *entry, const SlFact *expected,
			 const SlFact *actual)
{
	int			i;

	stamps->differing = NIL;
	sl_facts_compare(expected, actual, note_attribute, stamps);
	if (stamps->differing == NIL)
		return;
	sl_fact_owners(stamps->look->expected, entry, &stamps->owners);
	for (i = 0; i < stamps->owners.count; i++)
		note_altered_by(stamps, &stamps->owners.owners[i], entry, expected,
						actual);
}

/* Did the claim have to do with that fact, too? */
static bool
is_owner_of(Stamps *stamps, int claim, const SlFact *fact, bool there)
{
	SlExpected *expected = stamps->look->expected;
	SlExpectedFact *entry;
	SlFactKey	key;
	int			i;

	sl_fact_key(fact->class, fact->identity, &key);
	entry = sl_expected_facts_lookup(expected->facts, key);
	if (entry == NULL || entry->there != there)
		return false;
	sl_fact_owners(expected, entry, &stamps->others);
	for (i = 0; i < stamps->others.count; i++)
		if (stamps->others.owners[i].claim == claim)
			return true;
	return false;
}

/*
 * The object is missing, or is there again.  Beside what it hangs on, it is
 * not reported, if the same revision is asked about that.
 */
static void
note_whole(Stamps *stamps, SlExpectedFact *entry, const SlFact *fact)
{
	const SlLook *look = stamps->look;
	const SlFactSet *own = entry->there ?
		&look->expected_set : &look->actual_set;
	const SlFactSet *other = entry->there ?
		&look->actual_set : &look->expected_set;
	const SlFact *hangs_on = sl_fact_owner(fact, own);
	bool		accepted = is_accepted(look, fact, NULL);
	int			i;

	if (sl_is_ignored(look->ignore, fact->class, fact->identity, NULL))
		return;
	if (hangs_on != NULL &&
		sl_fact_set_find(other, hangs_on->class, hangs_on->identity) != NULL)
		hangs_on = NULL;
	if (hangs_on != NULL && is_accepted(look, hangs_on, NULL))
		accepted = true;
	sl_fact_owners(look->expected, entry, &stamps->owners);
	for (i = 0; i < stamps->owners.count; i++)
	{
		const SlFactOwner *owner = &stamps->owners.owners[i];
		Hit		   *hit;

		stamps->absent[owner->claim]++;
		stamps->gone[owner->claim]++;
		if (hangs_on != NULL &&
			is_owner_of(stamps, owner->claim, hangs_on, entry->there))
			continue;
		hit = add_hit(stamps, owner, entry, fact,
					  entry->there ? "missing" : "unexpected");
		hit->accepted = accepted;
		if (!entry->there)
			hit->actual = fact;
	}
}

/* How many facts each claim set last: what it is asked about. */
static void
count_facts(Stamps *stamps)
{
	const SlLook *look = stamps->look;
	sl_expected_facts_iterator it;
	SlExpectedFact *entry;
	int			i;

	sl_expected_facts_start_iterate(look->expected->facts, &it);
	while ((entry = sl_expected_facts_iterate(look->expected->facts,
											  &it)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		if (!look->compared[entry->scope])
			continue;
		sl_fact_owners(look->expected, entry, &stamps->owners);
		for (i = 0; i < stamps->owners.count; i++)
			stamps->total[stamps->owners.owners[i].claim]++;
	}
}

static int
compare_hits(const void *a, const void *b)
{
	const Hit  *x = a;
	const Hit  *y = b;
	int			result;

	if (x->claim != y->claim)
		return x->claim < y->claim ? -1 : 1;
	result = strcmp(x->class, y->class);
	return result != 0 ? result : strcmp(x->identity, y->identity);
}

/* Some attributes of a fact, or all but those that are not compared. */
static Jsonb *
definition_of(const SlLook *look, const SlFact *fact, List *names)
{
	SlFact		part = *fact;
	int			i;

	part.attributes = palloc_array(SlAttribute, fact->nattributes + 1);
	part.nattributes = 0;
	for (i = 0; i < fact->nattributes; i++)
	{
		const char *name = fact->attributes[i].name;
		bool		wanted = names == NIL;
		ListCell   *cell;

		foreach(cell, names)
			if (strcmp(lfirst(cell), name) == 0)
				wanted = true;
		if ((!look->what.owners && strcmp(name, "owner") == 0) ||
			(!look->what.privileges && strcmp(name, "privileges") == 0))
			wanted = false;
		if (wanted)
			part.attributes[part.nattributes++] = fact->attributes[i];
	}
	return sl_fact_definition(&part);
}

static int
compare_entries(const void *a, const void *b)
{
	const SlExpectedFact *x = *(SlExpectedFact *const *) a;
	const SlExpectedFact *y = *(SlExpectedFact *const *) b;

	return (x > y) - (x < y);
}

typedef struct Definitions
{
	MemoryContext cxt;
	SlExpectedFact **entries;	/* sorted */
	SlFact	  **facts;
	int			count;
} Definitions;

static void
keep_definition(const SlExpectedFact *entry, const SlFact *fact, void *arg)
{
	Definitions *definitions = arg;
	MemoryContext before = MemoryContextSwitchTo(definitions->cxt);
	SlExpectedFact *key = unconstify(SlExpectedFact *, entry);
	SlExpectedFact **found = bsearch(&key, definitions->entries,
									 definitions->count,
									 sizeof(SlExpectedFact *),
									 compare_entries);

	definitions->facts[found - definitions->entries] = sl_fact_copy(fact);
	MemoryContextSwitchTo(before);
}

/* Of what is missing there are outlines only: read what is reported. */
static void
read_definitions(Stamps *stamps)
{
	Definitions definitions = {CurrentMemoryContext};
	int			i;
	int			n = 0;

	definitions.entries = palloc_array(SlExpectedFact *, stamps->count + 1);
	for (i = 0; i < stamps->count; i++)
		if (stamps->hits[i].entry->there && stamps->hits[i].expected == NULL)
			definitions.entries[n++] = stamps->hits[i].entry;
	if (n == 0)
		return;
	qsort(definitions.entries, n, sizeof(SlExpectedFact *), compare_entries);
	for (i = 0; i < n; i++)
		if (i == 0 || definitions.entries[i] != definitions.entries[i - 1])
			definitions.entries[definitions.count++] = definitions.entries[i];
	definitions.facts = palloc0_array(SlFact *, definitions.count);
	sl_expected_read(stamps->look->expected, definitions.entries,
					 definitions.count, keep_definition, &definitions);
	for (i = 0; i < stamps->count; i++)
	{
		Hit		   *hit = &stamps->hits[i];
		SlExpectedFact **found;

		if (!hit->entry->there || hit->expected != NULL)
			continue;
		found = bsearch(&hit->entry, definitions.entries, definitions.count,
						sizeof(SlExpectedFact *), compare_entries);
		hit->expected = definitions.facts[found - definitions.entries];
	}
}

/* The names of what the claim set of a fact that others made. */
static List *
names_of_set(const SlNameSets *sets, const Bitmapset *set)
{
	List	   *names = NIL;
	int			i = -1;

	while ((i = bms_next_member(set, i)) >= 0)
		names = lappend(names, sets->names[i]);
	return names;
}

static List *
attributes_shown(Stamps *stamps, const Hit *hit)
{
	int			i;

	if (hit->attributes != NIL || !hit->entry->there)
		return hit->attributes;
	sl_fact_owners(stamps->look->expected, hit->entry, &stamps->owners);
	for (i = 0; i < stamps->owners.count; i++)
	{
		const SlFactOwner *owner = &stamps->owners.owners[i];

		if (owner->claim == hit->claim && !owner->base)
			return names_of_set(&stamps->look->expected->sets,
								owner->attributes);
	}
	return NIL;
}

static const char *
verdict_of(const Stamps *stamps, int claim)
{
	/* all is there, if not as it was: somebody altered it, or it altered
	 * attributes that are as they were before */
	if (stamps->gone[claim] == 0)
		return "altered";
	if (stamps->absent[claim] >= stamps->total[claim])
		return "stamped";
	return "partial";
}

/* Is the hit to be told? */
static bool
matters(const Stamps *stamps, const Hit *hit)
{
	return !hit->info &&
		(!hit->accepted ||
		 strcmp(verdict_of(stamps, hit->claim), "stamped") == 0);
}

static SlStampFinding *
make_finding(const SlFoldClaim *claim, const char *verdict)
{
	SlStampFinding *finding = palloc0_object(SlStampFinding);

	finding->revision = pstrdup(claim->revision);
	finding->verdict = verdict;
	return finding;
}

static SlStampFinding *
make_hit_finding(Stamps *stamps, const Hit *hit)
{
	const SlLook *look = stamps->look;
	SlStampFinding *finding =
		make_finding(&look->expected->claims[hit->claim],
					 verdict_of(stamps, hit->claim));
	List	   *names = attributes_shown(stamps, hit);

	finding->class = pstrdup(hit->class);
	finding->identity = pstrdup(hit->identity);
	finding->problem = hit->problem;
	finding->evidence =
		pstrdup(look->expected->evidences[hit->evidence].evidence);
	if (hit->expected != NULL)
		finding->expected = definition_of(look, hit->expected, names);
	if (hit->actual != NULL)
		finding->actual = definition_of(look, hit->actual, names);
	return finding;
}

/* Findings by claim in the order of the history; they live in 'result'. */
List *
sl_stamp_findings(SlLook *look, MemoryContext result)
{
	SlExpected *expected = look->expected;
	Stamps		stamps = {look};
	MemoryContext before;
	List	   *findings = NIL;
	int			next = 0;
	int			i;

	stamps.total = palloc0_array(int, expected->nclaims + 1);
	stamps.absent = palloc0_array(int, expected->nclaims + 1);
	stamps.gone = palloc0_array(int, expected->nclaims + 1);
	stamps.owners.passed_over = passed_over(look);
	stamps.others.passed_over = stamps.owners.passed_over;
	for (i = 0; i < look->nentries; i++)
	{
		SlExpectedFact *entry = look->entries[i];
		const SlFact *wanted = look->wanted[i];
		const SlFact *actual = look->actual[i];

		CHECK_FOR_INTERRUPTS();
		if (wanted != NULL && actual != NULL)
			note_altered(&stamps, entry, wanted, actual);
		else if (entry->there ? wanted != NULL : actual != NULL)
			note_whole(&stamps, entry, wanted != NULL ? wanted : actual);
	}
	if (stamps.count > 0)
	{
		count_facts(&stamps);
		read_definitions(&stamps);
		qsort(stamps.hits, stamps.count, sizeof(Hit), compare_hits);
	}
	before = MemoryContextSwitchTo(result);
	for (i = 0; i < expected->nclaims; i++)
	{
		if (expected->claims[i].nrows < 0)
			findings = lappend(findings, make_finding(&expected->claims[i],
													  "unverifiable"));
		for (; next < stamps.count && stamps.hits[next].claim == i; next++)
			if (matters(&stamps, &stamps.hits[next]))
				findings = lappend(findings,
								   make_hit_finding(&stamps,
													&stamps.hits[next]));
	}
	MemoryContextSwitchTo(before);
	return findings;
}
