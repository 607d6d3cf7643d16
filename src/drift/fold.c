/*-------------------------------------------------------------------------
 *
 * fold.c
 *	  Footprints one after the other: the facts that they lead to.
 *
 * A fact that a row adds or replaces is what the row says.  A row that
 * changes a fact says what it became as a whole, too, and with what it was
 * before: where that is the state of the fold, nothing but hashes is looked
 * at.  Where it is not (the object had drifted before that revision ran, or a
 * revision in between was taken out), only the attributes that it changed are
 * known to be its doing: such facts are put together from the definitions
 * afterwards.
 *
 * What is changed and not there in the fold either was there before anything
 * that we know of: then it is what it became.  Or somebody made it who is not
 * in the fold, being reverted or not on the way: then it stays away.
 *
 * Every row is kept as a link of a chain, so that each fact and attribute can
 * be laid at the door of the revision that set it last.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/drift/fold.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "common/sl_compat.h"
#include "drift/drift_private.h"

static inline uint32
key_hash(const SlFactKey *key)
{
	uint32		hash;

	/* the key is a hash already */
	memcpy(&hash, key->bytes, sizeof(hash));
	return hash;
}

#define SH_PREFIX sl_expected_facts
#define SH_ELEMENT_TYPE SlExpectedFact
#define SH_KEY_TYPE SlFactKey
#define SH_KEY key
#define SH_HASH_KEY(tb, key) key_hash(&(key))
#define SH_EQUAL(tb, a, b) (memcmp((a).bytes, (b).bytes, SL_KEY_LENGTH) == 0)
#define SH_SCOPE extern
#define SH_DEFINE
#include "lib/simplehash.h"

/* A row that came before its turn. */
typedef struct HeldRow
{
	SlFactKey	key;
	SlFactHash	before;
	SlFactHash	after;
	bool		has_before;
	int			position;		/* of its evidence */
	int			ordinal;
	int			what;
	int			scope;
} HeldRow;

typedef struct Fold
{
	SlExpected *expected;
	int		   *by_id;			/* evidences by their ids */
	int			next;			/* the first of those that may still come */
	bool		in_order;		/* the ids are in the order of the fold */
	HeldRow    *held;
	Size		nheld;
	Size		space;
	int			nmerged;
	bool		baseless;		/* some chain begins with a change */
	struct strays_hash *strays;
} Fold;

/* A fact whose chain begins with a change. */
typedef struct Stray
{
	SlFactKey	key;
	SlExpectedFact *fact;
	char		status;
} Stray;

#define SH_PREFIX strays
#define SH_ELEMENT_TYPE Stray
#define SH_KEY_TYPE SlFactKey
#define SH_KEY key
#define SH_HASH_KEY(tb, key) key_hash(&(key))
#define SH_EQUAL(tb, a, b) (memcmp((a).bytes, (b).bytes, SL_KEY_LENGTH) == 0)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* The number of an attribute's name, or -1. */
int
sl_name_find(const SlNameSets *sets, const char *name)
{
	int			i;

	for (i = 0; i < sets->nnames; i++)
		if (strcmp(sets->names[i], name) == 0)
			return i;
	return -1;
}

static int
name_intern(SlNameSets *sets, const char *name)
{
	int			i = sl_name_find(sets, name);

	if (i >= 0)
		return i;
	if (sets->names == NULL)
		sets->names = palloc_array(char *, 8);
	else if (sets->nnames >= 8 && (sets->nnames & (sets->nnames - 1)) == 0)
		sets->names = repalloc(sets->names,
							   sizeof(char *) * sets->nnames * 2);
	sets->names[sets->nnames] = pstrdup(name);
	return sets->nnames++;
}

/*
 * The number of a set of attributes, from their names with commas between.
 * There are few: a list will do.
 */
int
sl_name_set_intern(SlNameSets *sets, const char *text, int length)
{
	Bitmapset  *set = NULL;
	char	   *copy;
	char	   *name;
	char	   *rest;
	int			i;

	for (i = -1; i < sets->nsets; i++)
	{
		int			k = i < 0 ? sets->last : i;

		if (k < sets->nsets && strncmp(sets->texts[k], text, length) == 0 &&
			sets->texts[k][length] == '\0')
		{
			sets->last = k;
			return k;
		}
	}
	copy = pnstrdup(text, length);
	for (name = strtok_r(copy, ",", &rest); name != NULL;
		 name = strtok_r(NULL, ",", &rest))
		set = bms_add_member(set, name_intern(sets, name));
	pfree(copy);
	if (sets->texts == NULL)
	{
		sets->texts = palloc_array(char *, 8);
		sets->sets = palloc_array(Bitmapset *, 8);
	}
	else if (sets->nsets >= 8 && (sets->nsets & (sets->nsets - 1)) == 0)
	{
		sets->texts = repalloc(sets->texts,
							   sizeof(char *) * sets->nsets * 2);
		sets->sets = repalloc(sets->sets,
							  sizeof(Bitmapset *) * sets->nsets * 2);
	}
	sets->texts[sets->nsets] = pnstrdup(text, length);
	sets->sets[sets->nsets] = set;
	sets->last = sets->nsets;
	return sets->nsets++;
}

/* Classes whose objects belong to no schema. */
static const char *const classes_without_schema[] = {
	"access method", "cast", "default privileges", "event trigger",
	"extension", "foreign data wrapper", "language", "publication",
	"server", "subscription", "transform", "user mapping",
};

/* The first name of an identity: how long it is as it stands there. */
static int
first_name_length(const char *identity, int length)
{
	int			i = 0;

	if (length > 0 && identity[0] == '"')
	{
		for (i = 1; i < length; i++)
		{
			if (identity[i] != '"')
				continue;
			if (i + 1 < length && identity[i + 1] == '"')
				i++;
			else
				return i + 1;
		}
		return length;
	}
	while (i < length && identity[i] != '.')
		i++;
	return i;
}

/* A name without its quotes. */
static char *
unquoted(const char *name, int length)
{
	char	   *result = palloc(length + 1);
	int			n = 0;
	int			i;

	if (length < 2 || name[0] != '"')
		return pnstrdup(name, length);
	for (i = 1; i < length - 1; i++)
	{
		result[n++] = name[i];
		if (name[i] == '"')
			i++;
	}
	result[n] = '\0';
	return result;
}

static SlScope
scope_of(const SlFootprintKey *row)
{
	SlScope		scope = {false, NULL};
	const char *mark = " IN SCHEMA ";
	int			i;

	for (i = 0; i < (int) lengthof(classes_without_schema); i++)
	{
		const char *class = classes_without_schema[i];

		if (strlen(class) != row->class_length ||
			memcmp(class, row->class, row->class_length) != 0)
			continue;
		scope.privileges = strcmp(class, "default privileges") == 0;
		if (scope.privileges)
		{
			char	   *identity = pnstrdup(row->identity,
											row->identity_length);
			char	   *in = strstr(identity, mark);
			char	   *on = in == NULL ? NULL : strstr(in, " ON ");

			if (on != NULL)
			{
				in += strlen(mark);
				scope.schema = unquoted(in, on - in);
			}
			pfree(identity);
		}
		return scope;
	}
	scope.schema = unquoted(row->identity,
							first_name_length(row->identity,
											  row->identity_length));
	return scope;
}

/* Is it what the last row had?  The usual case, and cheap to ask. */
static bool
starts_with_schema(const SlScope *scope, const SlFootprintKey *row)
{
	int			length;

	if (scope->schema == NULL || scope->privileges)
		return false;
	length = strlen(scope->schema);
	return row->identity_length > length &&
		row->identity[length] == '.' && row->identity[0] != '"' &&
		memcmp(row->identity, scope->schema, length) == 0 &&
		/* a role or a type can have a dot in it, a plain class cannot */
		row->class_length == 6 && memcmp(row->class, "column", 6) == 0;
}

/* The number of the scope that the row's fact is in. */
int
sl_scope_intern(SlScope **scopes, int *nscopes, const SlFootprintKey *row)
{
	SlScope		scope;
	int			i;

	if (*nscopes > 0 && starts_with_schema(&(*scopes)[*nscopes - 1], row))
		return *nscopes - 1;
	scope = scope_of(row);
	for (i = 0; i < *nscopes; i++)
	{
		const SlScope *known = &(*scopes)[i];

		if (known->privileges == scope.privileges &&
			(known->schema == NULL) == (scope.schema == NULL) &&
			(scope.schema == NULL ||
			 strcmp(known->schema, scope.schema) == 0))
		{
			if (scope.schema != NULL)
				pfree(scope.schema);
			return i;
		}
	}
	if (*scopes == NULL)
		*scopes = palloc_array(SlScope, 8);
	else if (*nscopes >= 8 && (*nscopes & (*nscopes - 1)) == 0)
		*scopes = repalloc(*scopes, sizeof(SlScope) * *nscopes * 2);
	(*scopes)[*nscopes] = scope;
	return (*nscopes)++;
}

/* One row, in its turn. */
static void
fold_row(Fold *fold, const HeldRow *row)
{
	SlExpected *expected = fold->expected;
	SlExpectedFact *fact;
	SlFoldRow  *link;
	bool		found;

	fact = sl_expected_facts_insert(expected->facts, row->key, &found);
	if (!found)
	{
		fact->last = -1;
		fact->scope = row->scope;
		fact->there = false;
		fact->merged = false;
	}
	if (expected->nrows == expected->space)
	{
		expected->space *= 2;
		expected->rows = repalloc_huge(expected->rows, sizeof(SlFoldRow) *
									   expected->space);
	}
	link = &expected->rows[expected->nrows];
	link->evidence = row->position;
	link->ordinal = row->ordinal;
	link->what = row->what;
	link->prev = fact->last;
	fact->last = expected->nrows++;
	expected->evidences[row->position].nrows++;

	if (row->what < 0)
	{
		fact->there = row->what != SL_ROW_DROPPED;
		fact->merged = false;
	}
	else if (!fact->there)
	{
		/* find_strays() will tell whose it was */
		fact->there = true;
		fact->merged = false;
		fold->baseless = fold->baseless || link->prev < 0;
	}
	else if (fact->merged || !row->has_before ||
			 memcmp(&fact->hash, &row->before, sizeof(SlFactHash)) != 0)
	{
		fact->merged = true;
		fold->nmerged++;
	}
	fact->hash = row->after;
}

/* What the row did, as a number. */
int
sl_row_what(SlNameSets *sets, const SlFootprintKey *row)
{
	switch (row->change)
	{
		case 'a':
			return SL_ROW_ADDED;
		case 'r':
			return SL_ROW_REPLACED;
		case 'd':
			return SL_ROW_DROPPED;
		case 'c':
			return sl_name_set_intern(sets, row->changed != NULL ?
									  row->changed : "",
									  row->changed_length);
		default:
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("unknown change \"%c\" in a footprint",
							row->change)));
	}
	return 0;					/* keep the compiler quiet */
}

/* A row of the ledger; they come by the ids of their evidences. */
static void
take_row(const SlFootprintKey *row, void *arg)
{
	Fold	   *fold = arg;
	SlExpected *expected = fold->expected;
	MemoryContext before;
	HeldRow		held;

	while (fold->next < expected->nevidences &&
		   expected->evidences[fold->by_id[fold->next]].id < row->evidence_id)
		fold->next++;
	if (fold->next == expected->nevidences ||
		expected->evidences[fold->by_id[fold->next]].id != row->evidence_id)
		return;

	before = MemoryContextSwitchTo(expected->cxt);
	memset(&held, 0, sizeof(held));
	memcpy(&held.key, row->key, sizeof(SlFactKey));
	held.has_before = row->before != NULL;
	if (row->before != NULL)
		memcpy(&held.before, row->before, sizeof(SlFactHash));
	if (row->after != NULL)
		memcpy(&held.after, row->after, sizeof(SlFactHash));
	held.position = fold->by_id[fold->next];
	held.ordinal = row->ordinal;
	held.what = sl_row_what(&expected->sets, row);
	held.scope = sl_scope_intern(&expected->scopes, &expected->nscopes, row);
	if (fold->in_order)
		fold_row(fold, &held);
	else
	{
		if (fold->nheld == fold->space)
		{
			fold->space = Max(1024, fold->space * 2);
			fold->held = fold->held == NULL ?
				palloc_array(HeldRow, fold->space) :
				repalloc_huge(fold->held, sizeof(HeldRow) * fold->space);
		}
		fold->held[fold->nheld++] = held;
	}
	MemoryContextSwitchTo(before);
}

static int
compare_held(const void *a, const void *b)
{
	const HeldRow *x = a;
	const HeldRow *y = b;

	if (x->position != y->position)
		return x->position < y->position ? -1 : 1;
	return (x->ordinal > y->ordinal) - (x->ordinal < y->ordinal);
}

static int
compare_ids(const void *a, const void *b, void *arg)
{
	const SlFoldEvidence *evidences = arg;
	int64		x = evidences[*(const int *) a].id;
	int64		y = evidences[*(const int *) b].id;

	return (x > y) - (x < y);
}

static bool
begins_with_change(const SlExpected *expected, const SlExpectedFact *fact)
{
	int			row = fact->last;

	while (expected->rows[row].what >= 0 && expected->rows[row].prev >= 0)
		row = expected->rows[row].prev;
	return expected->rows[row].what >= 0;
}

/* Somebody made it: that he is not in the fold takes it out. */
static void
take_maker(const SlFootprintKey *row, void *arg)
{
	Fold	   *fold = arg;
	Stray	   *stray;

	if (row->change != 'a' && row->change != 'r')
		return;
	stray = strays_lookup(fold->strays, *(const SlFactKey *) row->key);
	if (stray != NULL)
		stray->fact->there = stray->fact->merged = false;
}

/* Look through all footprints for who made what chains change first. */
static void
find_strays(Fold *fold)
{
	SlExpected *expected = fold->expected;
	sl_expected_facts_iterator it;
	SlExpectedFact *fact;
	bool		found;

	fold->strays = strays_create(CurrentMemoryContext, 64, NULL);
	sl_expected_facts_start_iterate(expected->facts, &it);
	while ((fact = sl_expected_facts_iterate(expected->facts, &it)) != NULL)
		if (fact->there && begins_with_change(expected, fact))
			strays_insert(fold->strays, fact->key, &found)->fact = fact;
	sl_footprint_read(take_maker, fold);
	strays_destroy(fold->strays);
}

/* Put a fact together: its hash is what we want of it. */
static void
rehash(const SlExpectedFact *entry, const SlFact *fact, void *arg)
{
	sl_fact_hash(fact, &unconstify(SlExpectedFact *, entry)->hash);
}

static void
resolve_merged(SlExpected *expected, int nmerged)
{
	SlExpectedFact **entries;
	SlExpectedFact *fact;
	sl_expected_facts_iterator it;
	int			count = 0;

	entries = palloc_array(SlExpectedFact *, nmerged);
	sl_expected_facts_start_iterate(expected->facts, &it);
	while ((fact = sl_expected_facts_iterate(expected->facts, &it)) != NULL)
		if (fact->merged)
			entries[count++] = fact;
	sl_expected_read(expected, entries, count, rehash, NULL);
	pfree(entries);
}

/* An empty fold of these evidences, in this order, for about so many facts. */
SlExpected *
sl_fold_begin(MemoryContext cxt, SlFoldEvidence *evidences, int nevidences,
			  uint64 size)
{
	MemoryContext before = MemoryContextSwitchTo(cxt);
	SlExpected *expected = palloc0_object(SlExpected);

	expected->cxt = cxt;
	expected->evidences = evidences;
	expected->nevidences = nevidences;
	expected->space = 1024;
	expected->rows = palloc_array(SlFoldRow, expected->space);
	expected->facts = sl_expected_facts_create(cxt, Min(size + 1024,
															  10000000),
											   NULL);
	MemoryContextSwitchTo(before);
	return expected;
}

/* Fold them; reads with the active snapshot. */
void
sl_fold_run(SlExpected *expected)
{
	Fold		fold = {expected};
	Size		i;

	fold.by_id = palloc_array(int, expected->nevidences + 1);
	fold.in_order = true;
	for (i = 0; i < expected->nevidences; i++)
	{
		fold.by_id[i] = i;
		if (i > 0 && expected->evidences[i].id <
			expected->evidences[i - 1].id)
			fold.in_order = false;
	}
	if (!fold.in_order)
		qsort_arg(fold.by_id, expected->nevidences, sizeof(int), compare_ids,
				  expected->evidences);
	if (expected->nevidences > 0)
		sl_footprint_read(take_row, &fold);
	if (fold.nheld > 1)
		qsort(fold.held, fold.nheld, sizeof(HeldRow), compare_held);
	for (i = 0; i < fold.nheld; i++)
	{
		CHECK_FOR_INTERRUPTS();
		fold_row(&fold, &fold.held[i]);
	}
	if (fold.held != NULL)
		pfree(fold.held);
	if (fold.baseless)
		find_strays(&fold);
	if (fold.nmerged > 0)
		resolve_merged(expected, fold.nmerged);
	pfree(fold.by_id);
}
