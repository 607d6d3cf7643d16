/*-------------------------------------------------------------------------
 *
 * column_order.c
 *	  In which order the columns of a relation are to be made.
 *
 * That is no fact, but INSERT without names and values of composite types
 * depend on it.  So columns come in the order of the revisions that made
 * them, and those of one revision as its script has them.  Where no statement
 * of the script names them (LIKE, AS, a rename), they come by name.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/heal/column_order.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "common/sl_compat.h"
#include "heal/heal_private.h"

/* A column that a statement names. */
typedef struct Named
{
	char	   *schema;			/* quoted; NULL: not given */
	char	   *relation;
	char	   *column;
	int			position;		/* in the script */
} Named;

/* A revision's columns, in the order of its script. */
typedef struct Script
{
	SlFactKey	key;			/* of the revision */
	List	   *named;			/* Named *, by relation and column */
} Script;

/* What the sort needs of a column. */
typedef struct Place
{
	int			birth;
	int			position;
	int			sequence;		/* by name, as they came */
	void	   *difference;
} Place;

static void
note_column(Script *script, const RangeVar *relation, const char *column)
{
	Named	   *named = palloc0_object(Named);

	if (relation->schemaname != NULL)
		named->schema = pstrdup(quote_identifier(relation->schemaname));
	named->relation = pstrdup(quote_identifier(relation->relname));
	named->column = pstrdup(quote_identifier(column));
	named->position = list_length(script->named);
	script->named = lappend(script->named, named);
}

static void
note_definitions(Script *script, const RangeVar *relation, List *elements)
{
	ListCell   *cell;

	foreach(cell, elements)
		if (IsA(lfirst(cell), ColumnDef))
			note_column(script, relation,
						lfirst_node(ColumnDef, cell)->colname);
}

static void
note_statement(Script *script, Node *tree)
{
	ListCell   *cell;

	if (IsA(tree, CreateStmt) || IsA(tree, CreateForeignTableStmt))
	{
		/* the foreign one begins with the other */
		CreateStmt *create = (CreateStmt *) tree;

		note_definitions(script, create->relation, create->tableElts);
	}
	else if (IsA(tree, CompositeTypeStmt))
	{
		CompositeTypeStmt *create = (CompositeTypeStmt *) tree;

		note_definitions(script, create->typevar, create->coldeflist);
	}
	else if (IsA(tree, AlterTableStmt))
	{
		AlterTableStmt *alter = (AlterTableStmt *) tree;

		foreach(cell, alter->cmds)
		{
			AlterTableCmd *command = lfirst_node(AlterTableCmd, cell);

			if (command->subtype == AT_AddColumn)
				note_column(script, alter->relation,
							castNode(ColumnDef, command->def)->colname);
		}
	}
	else if (IsA(tree, CreateSchemaStmt))
	{
		foreach(cell, ((CreateSchemaStmt *) tree)->schemaElts)
			note_statement(script, lfirst(cell));
	}
}

static int
compare_named(const ListCell *a, const ListCell *b)
{
	const Named *x = lfirst(a);
	const Named *y = lfirst(b);
	int			result = strcmp(x->relation, y->relation);

	if (result == 0)
		result = strcmp(x->column, y->column);
	return result != 0 ? result : x->position - y->position;
}

/* Read the script of a revision, once. */
static Script *
script_of(HTAB *scripts, const char *revision)
{
	SlFactKey	key;
	bool		found;
	SlRegistryEntry *entry;
	SlOrigin	origin = {NULL, revision, 1};
	SlScanner  *scanner;
	SlStatement statement;
	Script	   *script;

	sl_fact_key("", revision, &key);
	script = hash_search(scripts, &key, HASH_ENTER, &found);
	if (found)
		return script;
	script->named = NIL;
	entry = sl_registry_get(revision, true);
	if (entry == NULL || entry->up == NULL)
		return script;
	scanner = sl_scan_begin(entry->up, strlen(entry->up), &origin);
	while (sl_scan_next(scanner, &statement))
		note_statement(script, statement.tree->stmt);
	sl_scan_end(scanner);
	list_sort(script->named, compare_named);
	return script;
}

/* The first of a list that does not come before relation and column. */
static int
find_named(const List *list, const char *relation, const char *column)
{
	int			low = 0;
	int			high = list_length(list);

	while (low < high)
	{
		int			middle = low + (high - low) / 2;
		const Named *named = list_nth(list, middle);
		int			result = strcmp(named->relation, relation);

		if (result == 0)
			result = strcmp(named->column, column);
		if (result < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Where the script names the column; behind all that it names, if nowhere. */
static int
position_of(const Script *script, const char *identity)
{
	char	   *table = sl_name_owner(identity);
	char	   *schema = sl_name_owner(table);
	const char *relation = sl_name_last(table);
	const char *column = sl_name_last(identity);
	int			i;

	for (i = find_named(script->named, relation, column);
		 i < list_length(script->named); i++)
	{
		const Named *named = list_nth(script->named, i);

		if (strcmp(named->relation, relation) != 0 ||
			strcmp(named->column, column) != 0)
			break;
		if (named->schema == NULL || strcmp(named->schema, schema) == 0)
			return named->position;
	}
	return PG_INT32_MAX;
}

static int
compare_places(const void *a, const void *b)
{
	const Place *x = a;
	const Place *y = b;

	if (x->birth != y->birth)
		return x->birth < y->birth ? -1 : 1;
	if (x->position != y->position)
		return x->position < y->position ? -1 : 1;
	return x->sequence - y->sequence;
}

/* Put the columns that are missing into order, in their places in the list. */
void
sl_sort_columns(List *differences)
{
	Place	   *places = palloc_array(Place, list_length(differences) + 1);
	HASHCTL		ctl;
	HTAB	   *scripts;
	int			count = 0;
	int			next = 0;
	ListCell   *cell;

	ctl.keysize = sizeof(SlFactKey);
	ctl.entrysize = sizeof(Script);
	ctl.hcxt = CurrentMemoryContext;
	scripts = hash_create("scripts", 64, &ctl,
						  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	foreach(cell, differences)
	{
		const SlDifference *difference = lfirst(cell);
		Place	   *place;

		if (strcmp(difference->class, "column") != 0 ||
			difference->expected == NULL || difference->actual != NULL)
			continue;
		CHECK_FOR_INTERRUPTS();
		place = &places[count];
		place->birth = difference->birth;
		place->position = position_of(script_of(scripts, difference->maker),
									  difference->identity);
		place->sequence = count++;
		place->difference = lfirst(cell);
	}
	if (count > 1)
		qsort(places, count, sizeof(Place), compare_places);
	foreach(cell, differences)
	{
		const SlDifference *difference = lfirst(cell);

		if (strcmp(difference->class, "column") == 0 &&
			difference->expected != NULL && difference->actual == NULL)
			lfirst(cell) = places[next++].difference;
	}
	hash_destroy(scripts);
	pfree(places);
}
