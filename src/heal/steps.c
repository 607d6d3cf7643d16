/*-------------------------------------------------------------------------
 *
 * steps.c
 *	  From facts that differ to steps.
 *
 * What is safe: to make what is missing, and to give what is there the
 * attributes that it should have, where no row and no object can get lost by
 * that.  What holds no rows of its own may be made again in its place.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/heal/steps.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"

#include "common/sl_compat.h"
#include "common/sl_errors.h"
#include "heal/ddl_table.h"
#include "heal/heal_private.h"
#include "runner/call.h"

/* Differences by class and identity, and columns by their relation. */
typedef struct FoundEntry
{
	SlFactKey	key;			/* of class and identity; of columns: of the
								 * class "" and the relation */
	const SlDifference *difference;
	List	   *columns;		/* SlFact *: that are missing */
} FoundEntry;

typedef struct Steps
{
	HTAB	   *found;
	SlDdlFacts	facts;
	const SlOptions *options;
	bool		online;
	List	   *half_reverted;	/* char *, revisions */
	List	   *steps;
} Steps;

static FoundEntry *
find_entry(Steps *steps, const char *class, const char *identity, bool enter)
{
	SlFactKey	key;
	FoundEntry *entry;
	bool		found;

	sl_fact_key(class, identity, &key);
	entry = hash_search(steps->found, &key, enter ? HASH_ENTER : HASH_FIND,
						&found);
	if (enter && !found)
	{
		entry->difference = NULL;
		entry->columns = NIL;
	}
	return entry;
}

static const SlDifference *
find_difference(Steps *steps, const char *class, const char *identity)
{
	FoundEntry *entry = find_entry(steps, class, identity, false);

	return entry == NULL ? NULL : entry->difference;
}

/* Could this server have told it? */
static bool
is_fact(const SlFact *fact)
{
	return sl_ddl_knows(fact->class) && sl_ddl_is_whole(fact);
}

/* For SlDdlFacts: columns of a relation that are missing. */
static List *
columns_of(const char *relation, void *arg)
{
	FoundEntry *entry = find_entry(arg, "", relation, false);

	return entry == NULL ? NIL : entry->columns;
}

/* The same: a fact that statements can be made of. */
static const SlFact *
find_fact(const char *class, const char *identity, void *arg)
{
	const SlDifference *difference = find_difference(arg, class, identity);

	return difference == NULL || difference->expected == NULL ||
		!is_fact(difference->expected) ? NULL : difference->expected;
}

static void
index_differences(Steps *steps, List *differences)
{
	HASHCTL		ctl;
	ListCell   *cell;

	ctl.keysize = sizeof(SlFactKey);
	ctl.entrysize = sizeof(FoundEntry);
	ctl.hcxt = CurrentMemoryContext;
	steps->found = hash_create("differences", 256, &ctl,
							   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	foreach(cell, differences)
	{
		const SlDifference *difference = lfirst(cell);
		FoundEntry *entry;

		entry = find_entry(steps, difference->class, difference->identity,
						   true);
		entry->difference = difference;
		if (strcmp(difference->class, "column") != 0 ||
			difference->expected == NULL || difference->actual != NULL)
			continue;
		entry = find_entry(steps, "", sl_name_owner(difference->identity),
						   true);
		entry->columns = lappend(entry->columns, difference->expected);
	}
}

/* What rows are in: when it is gone, they are. */
static bool
holds_rows(const SlFact *fact)
{
	if (strcmp(fact->class, "column") == 0)
		return sl_fact_text(fact, "expression") == NULL;
	return strcmp(fact->class, "table") == 0;
}

static void
begin_ddl(Steps *steps, SlDdl *ddl)
{
	memset(ddl, 0, sizeof(*ddl));
	ddl->facts = &steps->facts;
	ddl->online = steps->online;
	ddl->owners = steps->options->compare_owners;
	ddl->privileges = steps->options->compare_privileges;
}

static SlHealStep *
add_step(Steps *steps, const char *action, const SlDifference *difference,
		 const SlDdl *ddl, int rank)
{
	SlHealStep *step;

	if (ddl->statements == NIL && !ddl->unsafe)
		return NULL;
	if (difference->expected != NULL)
	{
		sl_ddl_check_made(ddl, difference->expected, ddl->statements);
		sl_ddl_check_made(ddl, difference->expected, ddl->otherwise);
	}
	step = palloc0_object(SlHealStep);
	step->action = action;
	step->revision = difference->revision;
	step->class = difference->class;
	step->identity = difference->identity;
	step->statements = ddl->statements;
	step->safe = !ddl->unsafe;
	step->reason = ddl->reason;
	step->otherwise = ddl->otherwise;
	step->apart = ddl->apart;
	step->looks = ddl->looks;
	step->difference = difference;
	step->setters = difference->setters;
	step->rank = rank;
	step->sequence = list_length(steps->steps);
	if (difference->revision != NULL &&
		sl_heal_has_name(steps->half_reverted, difference->revision))
	{
		step->safe = false;
		step->reason = psprintf(_("\"%s\" is half reverted: finish that first, with CALL sl_revert_online(), or sl_resolve() it"),
								difference->revision);
	}
	if (step->reason == NULL && step->looks)
		step->reason = _("sl_repair() looks at the rows first");
	steps->steps = lappend(steps->steps, step);
	return step;
}

/* The relation or the domain that something hangs on, if that is missing. */
static const SlDifference *
missing_owner(Steps *steps, const SlDifference *difference)
{
	static const char *const classes[] = {
		"table", "view", "materialized view", "foreign table",
		"composite type"
	};
	char	   *owner = sl_name_owner(difference->identity);
	int			i;

	for (i = 0; i < (int) lengthof(classes); i++)
	{
		const SlDifference *found = find_difference(steps, classes[i], owner);

		if (found != NULL && (found->expected == NULL ?
							  found->actual != NULL : found->actual == NULL))
			return found;
	}
	return NULL;
}

/* Steps of their own, for what has to wait for others. */
static void
add_apart(Steps *steps, const SlDifference *difference)
{
	const SlFact *fact = difference->expected;
	SlDdl		ddl;

	begin_ddl(steps, &ddl);
	if (strcmp(fact->class, "sequence") == 0 &&
		sl_sequence_owner_apart(&ddl, fact))
		(void) add_step(steps, "alter", difference, &ddl, 63);
	else if (strcmp(fact->class, "table") == 0 &&
			 sl_replica_identity_apart(&ddl, fact))
		(void) add_step(steps, "alter", difference, &ddl, 83);
}

/* A column that comes with its relation, or with that of its parent. */
static bool
comes_with_others(Steps *steps, const SlDifference *difference)
{
	const SlFact *fact = difference->expected;
	const SlDifference *owner = missing_owner(steps, difference);
	SlDdl		ddl;

	if (owner == NULL)
		return sl_fact_true(fact, "inherited") &&
			!sl_fact_true(fact, "local");
	if (strcmp(owner->class, "table") == 0 && owner->expected != NULL &&
		sl_default_is_apart(fact) &&
		sl_fact_text(owner->expected, "partition_of") == NULL)
	{
		begin_ddl(steps, &ddl);
		sl_column_default_apart(&ddl, fact);
		(void) add_step(steps, "alter", difference, &ddl, 64);
	}
	return true;
}

/* Is it a column of a partition that its parent lacks, too? */
static bool
comes_with_parent(Steps *steps, const SlDifference *difference)
{
	char	   *owner = sl_name_owner(difference->identity);
	const char *name = sl_name_last(difference->identity);
	ListCell   *cell;

	foreach(cell, sl_live_parents(owner))
	{
		const char *parent = lfirst(cell);
		const SlDifference *of_parent;

		of_parent = find_difference(steps, "column",
									psprintf("%s.%s", parent, name));
		if (of_parent != NULL && of_parent->actual == NULL &&
			!sl_fact_true(difference->expected, "local"))
			return true;
	}
	return false;
}

static void
add_shell(Steps *steps, const SlDifference *difference)
{
	const SlFact *fact = difference->expected;
	SlDdl		ddl;

	if (strcmp(fact->class, "base type") != 0 &&
		(strcmp(fact->class, "range") != 0 ||
		 sl_fact_text(fact, "canonical") == NULL))
		return;
	if (find_difference(steps, "shell type", fact->identity) != NULL)
		return;
	begin_ddl(steps, &ddl);
	sl_create_shell_type(&ddl, fact);
	(void) add_step(steps, "create", difference, &ddl, 30);
}

static int
rank_of(const SlDdlClass *class, const SlFact *fact)
{
	/* foreign keys need the keys that they refer to */
	if (sl_fact_is(fact, "kind", "foreign key"))
		return 88;
	/* what is declared in an heir is there before its parent's */
	if (strcmp(fact->class, "column") == 0 && sl_fact_true(fact, "local"))
		return class->rank - 1;
	return class->rank;
}

static void
make_missing(Steps *steps, const SlDifference *difference)
{
	const SlFact *fact = difference->expected;
	const SlDdlClass *class = sl_ddl_class(fact->class);
	SlHealStep *step;
	SlDdl		ddl;

	if (strcmp(fact->class, "column") == 0 &&
		(comes_with_others(steps, difference) ||
		 comes_with_parent(steps, difference)))
		return;
	add_shell(steps, difference);
	begin_ddl(steps, &ddl);
	sl_ddl_create(&ddl, class, fact);
	step = add_step(steps, "create", difference, &ddl, rank_of(class, fact));
	if (step != NULL && difference->existed && holds_rows(fact))
	{
		step->lost = true;
		if (step->safe)
			step->reason = strcmp(fact->class, "table") == 0 ?
				_("it existed here: it is made again without its rows") :
				_("it existed here: it is made again without its values");
	}
	if (strcmp(fact->class, "column") == 0)
	{
		begin_ddl(steps, &ddl);
		if (sl_column_not_null_apart(&ddl, fact))
			(void) add_step(steps, "alter", difference, &ddl, class->rank + 1);
	}
	add_apart(steps, difference);
}

static bool
makes_again(const SlDdl *ddl)
{
	return ddl->statements != NIL &&
		strncmp(linitial(ddl->statements), "DROP ", 5) == 0;
}

/* Does one of the first attributes that differ share that function? */
static bool
is_altered(const SlDifference *difference, int count,
		   const SlDdlClass *class, SlDdlAlter alter)
{
	int			i;

	for (i = 0; i < count; i++)
		if (sl_ddl_alter(class, list_nth(difference->attributes, i)) == alter)
			return true;
	return false;
}

/* Attributes that differ, each with a function for it, or some together. */
static void
alter_attributes(Steps *steps, const SlDifference *difference,
				 const SlDdlClass *class)
{
	ListCell   *cell;
	SlDdl		ddl;

	foreach(cell, difference->attributes)
	{
		const char *attribute = lfirst(cell);
		SlDdlAlter	alter = sl_ddl_alter(class, attribute);
		SlHealStep *step;

		begin_ddl(steps, &ddl);
		if (alter == NULL)
		{
			sl_ddl_refuse(&ddl, sl_ddl_no_statement(class->class, attribute));
			(void) add_step(steps, "alter", difference, &ddl, class->rank);
			continue;
		}
		if (is_altered(difference, foreach_current_index(cell), class, alter))
			continue;
		alter(&ddl, difference->expected, difference->actual);
		step = add_step(steps, makes_again(&ddl) ? "replace" : "alter",
						difference, &ddl,
						rank_of(class, difference->expected) + 1);
		if (step == NULL || !class->replaceable || !step->safe)
			continue;
		begin_ddl(steps, &ddl);
		sl_ddl_replace(&ddl, class, difference->expected, difference->actual);
		sl_ddl_check_made(&ddl, difference->expected, ddl.statements);
		step->otherwise = ddl.statements;
	}
}

static void
make_altered(Steps *steps, const SlDifference *difference)
{
	const SlDdlClass *class = sl_ddl_class(difference->class);
	bool		all = true;
	ListCell   *cell;
	SlDdl		ddl;

	foreach(cell, difference->attributes)
		if (sl_ddl_alter(class, lfirst(cell)) == NULL)
			all = false;
	if (all || !class->replaceable)
	{
		alter_attributes(steps, difference, class);
		return;
	}
	begin_ddl(steps, &ddl);
	sl_ddl_replace(&ddl, class, difference->expected, difference->actual);
	if (!ddl.looks && ddl.reason == NULL)
		ddl.reason = _("it is made again in the place of what is there");
	(void) add_step(steps, "replace", difference, &ddl,
					rank_of(class, difference->expected));
}

/* What is expected is nothing that this server could have told. */
static void
refuse_odd(Steps *steps, const SlDifference *difference, const char *why)
{
	SlDdl		ddl;

	begin_ddl(steps, &ddl);
	sl_ddl_refuse(&ddl, why == NULL ?
				  _("what is known of it is no fact of this server") :
				  psprintf(_("what is known of it is no fact of this server: %s"),
						   why));
	(void) add_step(steps, difference->actual == NULL ? "create" : "alter",
					difference, &ddl, 100);
}

/* The history dropped it, and it is there. */
static void
make_dropped(Steps *steps, const SlDifference *difference)
{
	SlDdl		ddl;

	if (strcmp(difference->class, "column") == 0 &&
		missing_owner(steps, difference) != NULL)
		return;
	begin_ddl(steps, &ddl);
	if (sl_ddl_class(difference->class)->noun != NULL)
		sl_ddl_add(&ddl, "%s", sl_ddl_drop_text(difference->actual));
	sl_ddl_refuse(&ddl, holds_rows(difference->actual) ?
				  _("it would be dropped, with what it holds") :
				  _("nothing is dropped by itself"));
	(void) add_step(steps, "drop", difference, &ddl, 100);
}

typedef struct Making
{
	Steps	   *steps;
	const SlDifference *difference;
} Making;

static void
make_steps(void *arg)
{
	Making	   *making = arg;

	if (making->difference->actual == NULL)
		make_missing(making->steps, making->difference);
	else
		make_altered(making->steps, making->difference);
}

/*
 * Facts of a manifest are somebody's text.  What goes wrong because of that
 * ends neither the plan nor the repair of other things, and half of it is not
 * done.
 */
static void
try_steps(Steps *steps, const SlDifference *difference)
{
	Making		making = {steps, difference};
	int			before = list_length(steps->steps);
	ErrorData  *error;
	int			category;

	error = sl_try_piece(make_steps, &making, CurrentMemoryContext);
	if (error == NULL)
		return;
	category = ERRCODE_TO_CATEGORY(error->sqlerrcode);
	if (error->sqlerrcode == ERRCODE_INSUFFICIENT_PRIVILEGE ||
		(error->sqlerrcode != SL_ERR_BAD_INPUT &&
		 category != ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION &&
		 category != ERRCODE_DATA_EXCEPTION &&
		 category != ERRCODE_FEATURE_NOT_SUPPORTED &&
		 category != ERRCODE_PROGRAM_LIMIT_EXCEEDED))
		ReThrowError(error);
	steps->steps = list_truncate(steps->steps, before);
	refuse_odd(steps, difference, error->message);
}

/* Steps for facts that differ, in the order in which they can be done. */
List *
sl_heal_steps(List *differences, const SlOptions *options, bool online)
{
	Steps		steps = {NULL};
	ListCell   *cell;

	steps.options = options;
	steps.online = online;
	steps.half_reverted = sl_journal_open_revisions("down");
	steps.facts.columns = columns_of;
	steps.facts.find = find_fact;
	steps.facts.arg = &steps;
	sl_sort_columns(differences);
	index_differences(&steps, differences);
	foreach(cell, differences)
	{
		const SlDifference *difference = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if (difference->expected != NULL && !is_fact(difference->expected))
			refuse_odd(&steps, difference, NULL);
		else if (difference->expected == NULL)
			make_dropped(&steps, difference);
		else
			try_steps(&steps, difference);
	}
	return sl_heal_order(steps.steps);
}
