/*-------------------------------------------------------------------------
 *
 * chain.c
 *	  Which revisions are run again.
 *
 * Those of which nothing is there; and with them later ones that worked on
 * what these make.  Where a whole chain was stamped on an empty database, the
 * column that a later revision drops is not there, as it should be, and that
 * revision looks as if it had run, or half of it: but when the table comes
 * from the script that made it, the column comes with it.
 *
 * Where a later one cannot be run again, the first one must not be, either:
 * then facts are made, and these are the last ones at once.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/heal/chain.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"

#include "graph/graph.h"
#include "heal/ddl.h"
#include "heal/heal_private.h"
#include "ledger/repair.h"

/* so often some are taken out and the others are judged again */
#define MAX_JUDGEMENTS 100

/* An applied revision, from the first one on of which nothing is there. */
typedef struct Link
{
	const char *revision;
	bool		stamped;		/* nothing of it is there */
	bool		believed;		/* it never ran here: it was stamped, or
								 * another tool's word was taken */
	bool		repeatable;		/* its facts are always made as facts */
	bool		has_data;
	bool		looked;			/* the step was made, or there can be none */
	SlHealStep *step;
	bool		chosen;			/* it is to be run again */
	bool		left;			/* it is not, to make facts of */
	SlLeftRow  *rows;
	int			nrows;
} Link;

typedef struct Thing
{
	SlFactKey	key;			/* of a fact; or, without class, of a name */
	Link	   *maker;			/* who of the chosen made it */
	bool		expected;		/* a fact: the last that was done to it */
	const SlDifference *difference;
} Thing;

typedef struct Chain
{
	Link	   *links;
	int			nlinks;
	HTAB	   *things;
	HTAB	   *existed;		/* see sl_replay_existed */
} Chain;

static Thing *
thing_of(const Chain *chain, const char *class, const char *identity)
{
	SlFactKey	key;
	Thing	   *thing;
	bool		found;

	sl_fact_key(class, identity, &key);
	thing = hash_search(chain->things, &key, HASH_ENTER, &found);
	if (!found)
	{
		thing->maker = NULL;
		thing->expected = false;
		thing->difference = NULL;
	}
	return thing;
}

static HTAB *
begin_things(void)
{
	HASHCTL		ctl;

	ctl.keysize = sizeof(SlFactKey);
	ctl.entrysize = sizeof(Thing);
	ctl.hcxt = CurrentMemoryContext;
	return hash_create("chain", 256, &ctl,
					   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/* Revisions of which nothing is there, as things without a class. */
static HTAB *
begin_stamped(const SlTruth *truth)
{
	Chain		stamped = {NULL, 0, begin_things()};
	ListCell   *cell;

	foreach(cell, truth->stamp)
	{
		const SlStampFinding *finding = lfirst(cell);

		if (strcmp(finding->verdict, "stamped") == 0)
			thing_of(&stamped, "", finding->revision)->expected = true;
	}
	return stamped.things;
}

/* What each of them did, from the first one of which nothing is there. */
static void
read_links(Chain *chain, const SlTruth *truth)
{
	Chain		stamped = {NULL, 0, begin_stamped(truth)};
	Chain		believed = {NULL, 0, begin_things()};
	SlGraph    *graph;
	SlLineage	lineage;
	ListCell   *cell;
	int			i;
	int			k;

	if (hash_get_num_entries(stamped.things) == 0)
		return;
	foreach(cell, sl_claims_by_word())
		thing_of(&believed, "", lfirst(cell))->expected = true;
	graph = sl_graph_read(true);
	sl_graph_lineage(graph, &lineage);
	chain->links = palloc0_array(Link, lineage.count + 1);
	for (i = 0; i < lineage.count; i++)
	{
		const SlRevisionRow *row = lineage.rows[i];
		Link	   *link = &chain->links[chain->nlinks];

		CHECK_FOR_INTERRUPTS();
		if (!sl_graph_is_applied(graph, row))
			continue;
		link->revision = row->revision;
		link->stamped = thing_of(&stamped, "", row->revision)->expected;
		if (chain->nlinks == 0 && !link->stamped)
			continue;
		link->believed = thing_of(&believed, "", row->revision)->expected;
		link->repeatable = !sl_kind_runs_once(row->kind);
		link->has_data = row->has_data;
		link->rows = sl_footprint_of_claim(row->revision, &link->nrows);
		for (k = 0; k < link->nrows; k++)
			thing_of(chain, link->rows[k].class,
					 link->rows[k].identity)->expected =
				link->rows[k].change != 'd';
		chain->nlinks++;
	}
	foreach(cell, truth->differences)
	{
		const SlDifference *difference = lfirst(cell);

		thing_of(chain, difference->class, difference->identity)->difference =
			difference;
	}
	hash_destroy(stamped.things);
	hash_destroy(believed.things);
}

/* Is it what others hang on?  These are found by their name alone, too. */
static bool
is_owner(const char *class)
{
	static const char *const owners[] = {
		"schema", "table", "foreign table", "view", "materialized view",
		"composite type", "domain"
	};
	int			i;

	for (i = 0; i < (int) lengthof(owners); i++)
		if (strcmp(owners[i], class) == 0)
			return true;
	return false;
}

/* Who of those that are run again made what the fact is of; or NULL. */
static Link *
maker_of(const Chain *chain, const char *class, const char *identity)
{
	const Thing *thing = thing_of(chain, class, identity);
	char	   *owner;

	if (thing->maker != NULL)
		return thing->maker;
	owner = sl_name_owner(identity);
	return owner == NULL ? NULL : thing_of(chain, "", owner)->maker;
}

/* Is something of it there, which a script would run into? */
static bool
is_there(const Chain *chain, const Link *link)
{
	int			i;

	for (i = 0; i < link->nrows; i++)
	{
		const SlLeftRow *row = &link->rows[i];
		const Thing *thing;

		if (row->change == 'd')
			continue;
		thing = thing_of(chain, row->class, row->identity);
		if (thing->difference != NULL ? thing->difference->actual != NULL :
			thing->expected)
			return true;
	}
	return false;
}

/* The name under which a statement's relation would be made; NULL: none. */
static char *
identity_of(const RangeVar *relation)
{
	List	   *path;

	if (relation->schemaname != NULL)
		return quote_qualified_identifier(relation->schemaname,
										  relation->relname);
	path = fetch_search_path(false);
	if (path == NIL)
		return NULL;
	return quote_qualified_identifier(get_namespace_name(linitial_oid(path)),
									  relation->relname);
}

/* All its rows would be in tables that are made again. */
static bool
fills_what_is_made(const Chain *chain, const Link *link)
{
	List	   *filled = sl_replay_filled_relations(link->revision);
	ListCell   *cell;

	foreach(cell, filled)
	{
		char	   *identity = identity_of(lfirst(cell));

		if (identity == NULL || thing_of(chain, "", identity)->maker == NULL)
			return false;
	}
	return filled != NIL;
}

/* Has it to do with what is made again? */
static bool
is_concerned(const Chain *chain, const Link *link)
{
	int			i;

	for (i = 0; i < link->nrows; i++)
		if (maker_of(chain, link->rows[i].class,
								  link->rows[i].identity) != NULL)
			return true;
	return link->nrows == 0 && link->has_data &&
		fills_what_is_made(chain, link);
}

/* Those whose work it continues are not to be run again, either. */
static void
leave_makers(const Chain *chain, const Link *link)
{
	int			i;

	for (i = 0; i < link->nrows; i++)
	{
		Link	   *maker = maker_of(chain, link->rows[i].class,
								  link->rows[i].identity);

		if (maker != NULL)
			maker->left = true;
	}
}

static void
choose(const Chain *chain, Link *link)
{
	int			i;

	link->chosen = true;
	for (i = 0; i < link->nrows; i++)
	{
		const SlLeftRow *row = &link->rows[i];
		Link	   *maker = row->change == 'd' ? NULL : link;

		if (row->change != 'a' && row->change != 'd')
			continue;
		thing_of(chain, row->class, row->identity)->maker = maker;
		if (is_owner(row->class))
			thing_of(chain, "", row->identity)->maker = maker;
	}
}

static bool
can_run(const Chain *chain, Link *link)
{
	if (!link->looked)
		link->step = sl_replay_step(chain->existed, link->revision);
	link->looked = true;
	return link->step != NULL && link->step->safe;
}

/* False: some had to be left, and all are to be judged again. */
static bool
judge(const Chain *chain)
{
	HASH_SEQ_STATUS status;
	Thing	   *thing;
	bool		settled = true;
	int			i;

	hash_seq_init(&status, chain->things);
	while ((thing = hash_seq_search(&status)) != NULL)
		thing->maker = NULL;
	for (i = 0; i < chain->nlinks; i++)
	{
		Link	   *link = &chain->links[i];
		bool		concerned = is_concerned(chain, link);

		CHECK_FOR_INTERRUPTS();
		link->chosen = false;
		if (link->left || link->repeatable || (!link->stamped && !concerned))
			continue;
		/* what ran here once is not run again for others' sake */
		if (can_run(chain, link) &&
			(link->stamped || (link->believed && !is_there(chain, link))))
			choose(chain, link);
		else if (concerned && link->nrows > 0)
		{
			leave_makers(chain, link);
			settled = false;
		}
	}
	return settled;
}

/* Steps in the order of the chain; those that are unsafe, too. */
List *
sl_replay_steps(const SlTruth *truth)
{
	Chain		chain = {NULL, 0, begin_things(), sl_replay_existed(truth)};
	List	   *steps = NIL;
	int			judgements = 0;
	int			i;

	read_links(&chain, truth);
	while (!judge(&chain))
	{
		if (++judgements < MAX_JUDGEMENTS)
			continue;
		for (i = 0; i < chain.nlinks; i++)
			chain.links[i].left = true;
	}
	for (i = 0; i < chain.nlinks; i++)
	{
		Link	   *link = &chain.links[i];

		if (link->chosen)
			steps = lappend(steps, link->step);
		else if (link->stamped && !link->left && !can_run(&chain, link) &&
				 link->step != NULL)
			steps = lappend(steps, link->step);
	}
	hash_destroy(chain.things);
	hash_destroy(chain.existed);
	return steps;
}
