/*-------------------------------------------------------------------------
 *
 * trace.c
 *	  What a script does to the facts: all of them, before and after.
 *
 * Exact and slow; the real one watches what is touched.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/trace.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/memutils.h"

#include "catalog/trace.h"

static MemoryContext trace_cxt = NULL;
static List *facts_before = NIL;

static const SlCatalogOptions everything = {NIL, false, true, true};

void
sl_trace_init(void)
{
}

static void
collect(const SlFact *fact, void *arg)
{
	MemoryContext before = MemoryContextSwitchTo(trace_cxt);
	List	  **facts = arg;

	*facts = lappend(*facts, sl_fact_copy(fact));
	MemoryContextSwitchTo(before);
}

static int
compare(const ListCell *a, const ListCell *b)
{
	return sl_fact_compare(lfirst(a), lfirst(b));
}

void
sl_trace_begin(MemoryContext cxt)
{
	bool		own = !IsTransactionState();

	trace_cxt = cxt;
	facts_before = NIL;
	if (own)
		StartTransactionCommand();
	sl_catalog_scan(&everything, collect, &facts_before);
	if (own)
		CommitTransactionCommand();
	list_sort(facts_before, compare);
	if (own)
		MemoryContextSwitchTo(cxt);
}

static bool
equal_facts(const SlFact *a, const SlFact *b)
{
	int			i;

	if (a->nattributes != b->nattributes)
		return false;
	for (i = 0; i < a->nattributes; i++)
		if (strcmp(a->attributes[i].name, b->attributes[i].name) != 0 ||
			!sl_attribute_equal(&a->attributes[i], &b->attributes[i]))
			return false;
	return true;
}

List *
sl_trace_end(void)
{
	List	   *facts_after = NIL;
	List	   *changes = NIL;
	int			i = 0;
	int			j = 0;

	sl_catalog_scan(&everything, collect, &facts_after);
	list_sort(facts_after, compare);
	while (i < list_length(facts_before) || j < list_length(facts_after))
	{
		const SlFact *was = i < list_length(facts_before) ?
			list_nth(facts_before, i) : NULL;
		const SlFact *is = j < list_length(facts_after) ?
			list_nth(facts_after, j) : NULL;
		int			order = was == NULL ? 1 : is == NULL ? -1 :
			sl_fact_compare(was, is);
		MemoryContext before = MemoryContextSwitchTo(trace_cxt);

		if (order != 0 || !equal_facts(was, is))
		{
			SlChange   *change = palloc0_object(SlChange);

			change->kind = order < 0 ? SL_FACT_REMOVED :
				order > 0 ? SL_FACT_ADDED : SL_FACT_CHANGED;
			change->before = order == 0 ? was : NULL;
			change->after = order < 0 ? NULL : is;
			change->class = order < 0 ? was->class : is->class;
			change->identity = order < 0 ? was->identity : is->identity;
			changes = lappend(changes, change);
		}
		MemoryContextSwitchTo(before);
		i += order <= 0;
		j += order >= 0;
	}
	trace_cxt = NULL;
	return changes;
}

void
sl_trace_abandon(void)
{
	trace_cxt = NULL;
}
