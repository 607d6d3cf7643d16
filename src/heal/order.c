/*-------------------------------------------------------------------------
 *
 * order.c
 *	  In which order steps can be done.
 *
 * A statement needs what it names, and texts of facts name all that is not
 * the server's own with its schema.  So the names in a step's statements are
 * looked up among what other steps make; what is not decided by that, ranks
 * decide (ddl.c).  Circles are cut at the step of the lowest rank: whoever
 * runs the steps tries again what came too early.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/heal/order.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/binaryheap.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "common/sl_compat.h"
#include "heal/heal_private.h"

/* Steps that make, or add to, what has a name. */
typedef struct NameEntry
{
	const char *name;			/* hash key */
	List	   *steps;			/* int: positions */
	uint32		status;
	uint32		hash;
} NameEntry;

#define SH_PREFIX step_names
#define SH_ELEMENT_TYPE NameEntry
#define SH_KEY_TYPE const char *
#define SH_KEY name
#define SH_HASH_KEY(tb, key) \
	hash_bytes((const unsigned char *) (key), strlen(key))
#define SH_EQUAL(tb, a, b) (strcmp(a, b) == 0)
#define SH_STORE_HASH
#define SH_GET_HASH(tb, a) (a)->hash
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "common/hashfn.h"
#include "lib/simplehash.h"

typedef struct StepNode
{
	SlHealStep *step;
	List	   *followers;		/* int */
	int			waits;			/* for so many others */
	bool		taken;
} StepNode;

typedef struct Ordering
{
	StepNode   *nodes;
	int			count;
	step_names_hash *names;
	int			current;		/* the step whose text is read */
} Ordering;

static void
add_name(Ordering *ordering, const char *name, int i)
{
	bool		found;
	NameEntry  *entry = step_names_insert(ordering->names, name, &found);

	if (!found)
		entry->steps = NIL;
	entry->steps = lappend_int(entry->steps, i);
}

/* By which name others speak of what the step makes. */
static const char *
name_of(const SlHealStep *step)
{
	static const char *const within[] = {
		"column", "constraint", "domain constraint", "policy", "rule",
		"trigger"
	};
	int			i;

	for (i = 0; i < (int) lengthof(within); i++)
		if (strcmp(step->class, within[i]) == 0)
			return sl_name_owner(step->identity);
	if (sl_find_outside(step->identity, " USING ") != NULL)
		return pnstrdup(step->identity,
						sl_find_outside(step->identity, " USING ") -
						step->identity);
	return sl_name_routine(step->identity);
}

static bool
makes_it(const SlHealStep *step)
{
	return strcmp(step->action, "create") == 0 ||
		strcmp(step->action, "replace") == 0;
}

/* Is it the thing of that name itself, and nothing that hangs on it? */
static bool
is_thing_itself(const SlHealStep *step)
{
	return makes_it(step) && name_of(step)[0] != '\0' &&
		strncmp(name_of(step), step->identity, strlen(name_of(step))) == 0 &&
		(step->identity[strlen(name_of(step))] != '.');
}

static void
add_edge(Ordering *ordering, int before, int after)
{
	StepNode   *node = &ordering->nodes[before];

	/* a text names the same thing again and again, mostly in a row */
	if (node->followers != NIL && llast_int(node->followers) == after)
		return;
	node->followers = lappend_int(node->followers, after);
	ordering->nodes[after].waits++;
}

/* The step at work names something. */
static void
note_need(Ordering *ordering, const char *name)
{
	NameEntry  *entry = step_names_lookup(ordering->names, name);
	const SlHealStep *step = ordering->nodes[ordering->current].step;
	ListCell   *cell;

	if (entry == NULL)
		return;
	foreach(cell, entry->steps)
	{
		int			i = lfirst_int(cell);
		const SlHealStep *other = ordering->nodes[i].step;

		if (i == ordering->current || other->difference == step->difference)
			continue;
		if (is_thing_itself(other) || other->rank < step->rank)
			add_edge(ordering, i, ordering->current);
	}
}

static bool
begins_name(unsigned char c)
{
	return c == '"' || c == '_' || IS_HIGHBIT_SET(c) ||
		(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Behind a name, a quoted name, or the signs of an operator. */
static const char *
skip_name(const char *p)
{
	if (*p == '"')
		return sl_name_skip(p);
	if (strchr("+-*/<>=~!@#%^&|`?", *p) != NULL)
	{
		while (*p != '\0' && strchr("+-*/<>=~!@#%^&|`?", *p) != NULL)
			p++;
		return p;
	}
	while (begins_name(*p) || (*p >= '0' && *p <= '9') || *p == '$')
	{
		if (*p == '"')
			break;
		p++;
	}
	return p;
}

/* All names in a text, in quotes or not: schema.name, and name alone. */
static void
note_needs(Ordering *ordering, const char *text)
{
	const char *p = text;

	while (*p != '\0')
	{
		const char *begin = p;
		const char *end;

		if (!begins_name(*p))
		{
			p++;
			continue;
		}
		end = skip_name(p);
		note_need(ordering, pnstrdup(begin, end - begin));
		p = end;
		if (*p != '.' || p[1] == '\0')
			continue;
		end = skip_name(p + 1);
		if (end == p + 1)
			continue;
		note_need(ordering, pnstrdup(begin, end - begin));
		p = end;
	}
}

static int
compare_steps(Datum a, Datum b, void *arg)
{
	const Ordering *ordering = arg;
	const SlHealStep *x = ordering->nodes[DatumGetInt32(a)].step;
	const SlHealStep *y = ordering->nodes[DatumGetInt32(b)].step;

	if (x->rank != y->rank)
		return x->rank < y->rank ? 1 : -1;
	return x->sequence < y->sequence ? 1 : -1;
}

static void
read_names(Ordering *ordering)
{
	int			i;

	for (i = 0; i < ordering->count; i++)
		if (ordering->nodes[i].step->safe)
			add_name(ordering, name_of(ordering->nodes[i].step), i);
	for (i = 0; i < ordering->count; i++)
	{
		ListCell   *cell;

		CHECK_FOR_INTERRUPTS();
		ordering->current = i;
		foreach(cell, ordering->nodes[i].step->statements)
			note_needs(ordering, lfirst(cell));
	}
}

/* One that waits for others in a circle: that of the lowest rank. */
static int
cut_circle(Ordering *ordering)
{
	int			best = -1;
	int			i;

	for (i = 0; i < ordering->count; i++)
		if (!ordering->nodes[i].taken &&
			(best < 0 || compare_steps(Int32GetDatum(i), Int32GetDatum(best),
									   ordering) > 0))
			best = i;
	return best;
}

/* The steps in an order in which they can be done. */
List *
sl_heal_order(List *steps)
{
	MemoryContext cxt = AllocSetContextCreate(CurrentMemoryContext,
											  "schema_lifecycle order",
											  ALLOCSET_DEFAULT_SIZES);
	MemoryContext before = MemoryContextSwitchTo(cxt);
	Ordering	ordering = {NULL};
	binaryheap *heap;
	List	   *result = NIL;
	int			done;
	int			i;
	ListCell   *cell;

	ordering.count = list_length(steps);
	ordering.nodes = MemoryContextAllocExtended(cxt, sizeof(StepNode) *
												(ordering.count + 1),
												MCXT_ALLOC_HUGE |
												MCXT_ALLOC_ZERO);
	ordering.names = step_names_create(cxt, Max(64, ordering.count), NULL);
	foreach(cell, steps)
		ordering.nodes[foreach_current_index(cell)].step = lfirst(cell);
	read_names(&ordering);
	heap = binaryheap_allocate(ordering.count + 1, compare_steps, &ordering);
	for (i = 0; i < ordering.count; i++)
		if (ordering.nodes[i].waits == 0)
			binaryheap_add_unordered(heap, Int32GetDatum(i));
	binaryheap_build(heap);
	for (done = 0; done < ordering.count; done++)
	{
		StepNode   *node;

		CHECK_FOR_INTERRUPTS();
		i = binaryheap_empty(heap) ? cut_circle(&ordering) :
			DatumGetInt32(binaryheap_remove_first(heap));
		node = &ordering.nodes[i];
		node->taken = true;
		MemoryContextSwitchTo(before);
		result = lappend(result, node->step);
		MemoryContextSwitchTo(cxt);
		foreach(cell, node->followers)
		{
			StepNode   *follower = &ordering.nodes[lfirst_int(cell)];

			if (--follower->waits == 0 && !follower->taken)
				binaryheap_add(heap, Int32GetDatum(lfirst_int(cell)));
		}
	}
	MemoryContextSwitchTo(before);
	MemoryContextDelete(cxt);
	return result;
}
