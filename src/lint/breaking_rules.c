/*-------------------------------------------------------------------------
 *
 * breaking_rules.c
 *	  Rules: what the running application, or the data, will miss.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/lint/breaking_rules.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"

#include "lint/lint_private.h"


static void
drop_column(SlLint *lint, const SlSubject *subject)
{
	if (subject->cmd->subtype != AT_DropColumn ||
		sl_lint_table_is_new(subject->table))
		return;

	/* IF EXISTS, and it does not */
	if (subject->cmd->missing_ok && OidIsValid(subject->table->relid) &&
		sl_lint_column(lint, subject->table, subject->cmd->name) == NULL)
		return;
	sl_lint_find(lint, SL_WARNING,
				 psprintf(_("dropping column %s.%s loses its data and breaks whoever still names it"),
						  sl_lint_table_text(subject->table),
						  quote_identifier(subject->cmd->name)));
}

/* An empty table is no loss, but somebody may still look for it. */
static void
drop_table(SlLint *lint, const SlSubject *subject)
{
	DropStmt   *stmt = (DropStmt *) subject->stmt;
	ListCell   *cell;

	if (stmt->removeType != OBJECT_TABLE)
		return;
	foreach(cell, stmt->objects)
	{
		SlTable    *table = sl_lint_table_of_names(lint, lfirst(cell));
		MemoryContext caller;

		/* IF EXISTS, and it does not */
		if (sl_lint_table_is_new(table) ||
			(stmt->missing_ok && sl_lint_table_is_absent(table)))
			continue;
		caller = MemoryContextSwitchTo(lint->script.context);
		lint->script.dropped_tables = lappend(lint->script.dropped_tables,
											  sl_lint_table_text(table));
		MemoryContextSwitchTo(caller);
		sl_lint_find(lint, sl_lint_table_may_have_rows(table) ?
					 SL_WARNING : SL_INFO,
					 psprintf(_("dropping table %s loses its data and breaks whoever still names it"),
							  sl_lint_table_text(table)));
	}
}

/* What ORMs call "force": the old table and its rows are gone. */
static void
drop_and_create(SlLint *lint, const SlSubject *subject)
{
	CreateStmt *stmt = (CreateStmt *) subject->stmt;
	SlTable    *table;
	char	   *name;
	ListCell   *cell;

	if (lint->script.dropped_tables == NIL)
		return;
	table = sl_lint_table_target(lint, stmt->relation);
	name = sl_lint_table_text(table);
	foreach(cell, lint->script.dropped_tables)
		if (strcmp(lfirst(cell), name) == 0)
			sl_lint_find(lint, SL_WARNING,
						 psprintf(_("table %s is dropped and made again: its rows are lost"),
								  name));
}

static void
drop_database(SlLint *lint, const SlSubject *subject)
{
	DropdbStmt *stmt = (DropdbStmt *) subject->stmt;

	sl_lint_find(lint, SL_ERROR,
				 psprintf(_("dropping database %s in a migration"),
						  quote_identifier(stmt->dbname)));
}

static void
drop_not_null(SlLint *lint, const SlSubject *subject)
{
	if (subject->cmd->subtype == AT_DropNotNull &&
		!sl_lint_table_is_new(subject->table))
		sl_lint_find(lint, SL_WARNING,
					 psprintf(_("column %s.%s may be null from now on, which its readers do not expect"),
							  sl_lint_table_text(subject->table),
							  quote_identifier(subject->cmd->name)));
}

/* It drops what nobody named, and what there is by then. */
static void
drop_cascade(SlLint *lint, const SlSubject *subject)
{
	DropStmt   *stmt = (DropStmt *) subject->stmt;

	if (stmt->behavior == DROP_CASCADE)
		sl_lint_find(lint, SL_WARNING,
					 psprintf(_("CASCADE drops whatever depends on it, named or not")));
}

static void
drop_part_cascade(SlLint *lint, const SlSubject *subject)
{
	if ((subject->cmd->subtype == AT_DropColumn ||
		 subject->cmd->subtype == AT_DropConstraint) &&
		subject->cmd->behavior == DROP_CASCADE &&
		!sl_lint_table_is_new(subject->table))
		sl_lint_find(lint, SL_WARNING,
					 psprintf(_("CASCADE drops whatever depends on it, named or not")));
}

static void
rename_column(SlLint *lint, const SlSubject *subject)
{
	RenameStmt *stmt = (RenameStmt *) subject->stmt;
	SlTable    *table;

	if (stmt->renameType != OBJECT_COLUMN || stmt->relation == NULL)
		return;
	table = sl_lint_table(lint, stmt->relation);
	if (!sl_lint_table_is_new(table))
		sl_lint_find(lint, SL_WARNING,
					 psprintf(_("renaming column %s.%s breaks whoever still uses the old name"),
							  sl_lint_table_text(table),
							  quote_identifier(stmt->subname)));
}

static void
rename_table(SlLint *lint, const SlSubject *subject)
{
	RenameStmt *stmt = (RenameStmt *) subject->stmt;
	SlTable    *table;

	if ((stmt->renameType != OBJECT_TABLE &&
		 stmt->renameType != OBJECT_VIEW) || stmt->relation == NULL)
		return;
	table = sl_lint_table(lint, stmt->relation);
	if (!sl_lint_table_is_new(table))
		sl_lint_find(lint, SL_WARNING,
					 psprintf(_("renaming table %s breaks whoever still uses the old name"),
							  sl_lint_table_text(table)));
}

const SlLintRule sl_lint_breaking_rules[] = {
	{"ban-drop-column", SL_WARNING, SL_ON_COMMAND, T_Invalid, 0, drop_column,
	gettext_noop("Deploy code that does not use it first, and drop it in a later revision.")},
	{"ban-drop-table", SL_WARNING, SL_ON_STATEMENT, T_DropStmt, 0, drop_table,
	gettext_noop("Deploy code that does not use it first; keep a copy of the data.")},
	{"drop-and-create", SL_WARNING, SL_ON_STATEMENT, T_CreateStmt, 0,
		drop_and_create,
	gettext_noop("ALTER the table, or drop it in a revision that says so.")},
	{"ban-drop-database", SL_ERROR, SL_ON_STATEMENT, T_DropdbStmt,
		SL_IN_BODIES, drop_database,
	gettext_noop("Drop databases by hand.")},
	{"ban-drop-not-null", SL_WARNING, SL_ON_COMMAND, T_Invalid, 0,
		drop_not_null,
	gettext_noop("Deploy code that can read nulls first.")},
	{"drop-cascade", SL_WARNING, SL_ON_STATEMENT, T_DropStmt, 0, drop_cascade,
	gettext_noop("Drop what depends on it by name.")},
	{"drop-cascade", SL_WARNING, SL_ON_COMMAND, T_Invalid, 0,
		drop_part_cascade,
	gettext_noop("Drop what depends on it by name.")},
	{"renaming-column", SL_WARNING, SL_ON_STATEMENT, T_RenameStmt, 0,
		rename_column,
	gettext_noop("Add a column of the new name, let clients write both, drop the old one later; or rename the table and put a view in its place.")},
	{"renaming-table", SL_WARNING, SL_ON_STATEMENT, T_RenameStmt, 0,
		rename_table,
	gettext_noop("Make a view of the old name in the same revision, and drop it later.")},
	{NULL}
};
