/*-------------------------------------------------------------------------
 *
 * name_rules.c
 *	  Rules: names.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/lint/name_rules.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "mb/pg_wchar.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "lint/lint_private.h"


/* Names of a message are cut where a reader would stop. */
#define NAME_SHOWN 40

static void
too_long(SlLint *lint, const SlSubject *subject)
{
	SlOrigin	origin = {NULL, NULL, 1};
	ListCell   *cell;

	origin.first_line = lint->script.first_line;
	foreach(cell, sl_script_long_names(lint->script.text,
									   strlen(lint->script.text), &origin))
	{
		const SlLongName *name = lfirst(cell);
		int			shown = pg_mbcliplen(name->name, strlen(name->name),
										 NAME_SHOWN);
		int			kept = pg_mbcliplen(name->name, strlen(name->name),
										NAMEDATALEN - 1);

		sl_lint_find_at(lint, SL_WARNING, 0, name->line,
						psprintf(_("name \"%.*s...\" is cut from %d to %d bytes"),
								 shown, name->name,
								 (int) strlen(name->name), kept));
	}
}

/* The table that a statement is about. */
static RangeVar *
subject_of(Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_AlterTableStmt:
			return ((AlterTableStmt *) stmt)->objtype == OBJECT_TYPE ?
				NULL : ((AlterTableStmt *) stmt)->relation;
		case T_IndexStmt:
			return ((IndexStmt *) stmt)->relation;
		case T_RenameStmt:
			return ((RenameStmt *) stmt)->relation;
		case T_InsertStmt:
			return ((InsertStmt *) stmt)->relation;
		case T_UpdateStmt:
			return ((UpdateStmt *) stmt)->relation;
		case T_DeleteStmt:
			return ((DeleteStmt *) stmt)->relation;
		case T_DropStmt:
			{
				DropStmt   *drop = (DropStmt *) stmt;
				List	   *names = linitial(drop->objects);

				if (drop->removeType != OBJECT_TABLE ||
					list_length(names) != 1)
					return NULL;
				return makeRangeVar(NULL, strVal(linitial(names)), -1);
			}
		default:
			return NULL;
	}
}

/*
 * The same name in two schemas of the search_path: which of them is meant
 * depends on who runs the script.
 */
static void
ambiguous_table(SlLint *lint, const SlSubject *subject)
{
	RangeVar   *name = subject_of(subject->stmt);
	const char *first = NULL;
	ListCell   *cell;

	if (name == NULL || name->schemaname != NULL)
		return;
	foreach(cell, lint->script.path)
	{
		Oid			schema = sl_lint_lookup_schema(lfirst(cell));

		if (!OidIsValid(schema) ||
			!OidIsValid(get_relname_relid(name->relname, schema)))
			continue;
		if (first == NULL)
			first = lfirst(cell);
		else if (strcmp(first, lfirst(cell)) != 0)
		{
			sl_lint_find(lint, SL_WARNING,
						 psprintf(_("table %s is in schemas %s and %s of the search_path: the first one is taken"),
								  quote_identifier(name->relname),
								  quote_identifier(first),
								  quote_identifier(lfirst(cell))));
			return;
		}
	}
}

const SlLintRule sl_lint_name_rules[] = {
	{"identifier-too-long", SL_WARNING, SL_ON_END, T_Invalid, 0, too_long,
	gettext_noop("Choose a shorter name: two long ones that begin alike become the same.")},
	{"require-table-schema", SL_WARNING, SL_ON_STATEMENT, T_Invalid, 0,
		ambiguous_table,
	gettext_noop("Write the schema before the name.")},
	{NULL}
};
