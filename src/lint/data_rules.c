/*-------------------------------------------------------------------------
 *
 * data_rules.c
 *	  Rules: rows.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/lint/data_rules.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"

#include "lint/lint_private.h"


/* The table whose rows a statement changes; NULL: none. */
static RangeVar *
target(Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_InsertStmt:
			return ((InsertStmt *) stmt)->relation;
		case T_UpdateStmt:
			return ((UpdateStmt *) stmt)->relation;
		case T_DeleteStmt:
			return ((DeleteStmt *) stmt)->relation;
		case T_MergeStmt:
			return ((MergeStmt *) stmt)->relation;
		case T_CopyStmt:
			return ((CopyStmt *) stmt)->is_from ?
				((CopyStmt *) stmt)->relation : NULL;
		default:
			return NULL;
	}
}

/* A change of the schema, and not of what belongs to the session. */
static bool
is_ddl(Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_CreateStmt:
		case T_AlterTableStmt:
		case T_DropStmt:
		case T_RenameStmt:
		case T_IndexStmt:
		case T_CreateSeqStmt:
		case T_CreateEnumStmt:
		case T_CreateFunctionStmt:
		case T_CreateTrigStmt:
		case T_ViewStmt:
			return true;
		default:
			return false;
	}
}

/* Rows that a table gets when it is made belong to it. */
static void
note_data(SlLint *lint, const SlSubject *subject)
{
	RangeVar   *name = target(subject->stmt);
	SlTable    *table;

	lint->script.has_ddl |= is_ddl(subject->stmt);
	if (name == NULL || lint->script.data_line > 0)
		return;
	table = sl_lint_table(lint, name);
	if (sl_lint_table_is_new(table))
		return;
	lint->script.data_line = lint->script.line;
	lint->script.data_statement = lint->script.statement;
	lint->script.data_few = sl_lint_table_has_few_rows(table);
}

static void
data_in_schema_revision(SlLint *lint, const SlSubject *subject)
{
	if (lint->script.has_ddl && lint->script.data_line > 0 &&
		(lint->script.kind == SL_KIND_VERSIONED ||
		 lint->script.kind == SL_KIND_BASELINE))
		sl_lint_find_at(lint,
						lint->script.data_few ? SL_INFO : SL_WARNING,
						lint->script.data_statement, lint->script.data_line,
						psprintf(_("the script changes the schema, and rows of a table that was there before: no fact of the catalog can prove that it ran")));
}

static void
every_row(SlLint *lint, const SlSubject *subject)
{
	Node	   *stmt = subject->stmt;
	RangeVar   *name = target(stmt);
	SlTable    *table;

	if (!(IsA(stmt, UpdateStmt) &&
		  ((UpdateStmt *) stmt)->whereClause == NULL) &&
		!(IsA(stmt, DeleteStmt) &&
		  ((DeleteStmt *) stmt)->whereClause == NULL))
		return;
	table = sl_lint_table(lint, name);
	sl_lint_find(lint, sl_lint_weigh(table, SL_WARNING),
				 psprintf(_("%s of every row of table %s in one transaction keeps them all locked until its end"),
						  IsA(stmt, UpdateStmt) ? "UPDATE" : "DELETE",
						  sl_lint_table_text(table)));
}

static void
truncate_cascade(SlLint *lint, const SlSubject *subject)
{
	if (((TruncateStmt *) subject->stmt)->behavior == DROP_CASCADE)
		sl_lint_find(lint, lint->script.in_body ? SL_WARNING : SL_ERROR,
					 psprintf(_("TRUNCATE ... CASCADE empties every table that refers to it, named or not")));
}

static const char *
duplicate_of(List *names)
{
	ListCell   *cell;
	int			i = 0;

	foreach(cell, names)
	{
		ListCell   *other;
		int			j = 0;

		foreach(other, names)
		{
			if (j++ >= i)
				break;
			if (strcmp(lfirst(cell), lfirst(other)) == 0)
				return lfirst(cell);
		}
		i++;
	}
	return NULL;
}

/* It would fail; here it says where. */
static void
duplicate_column(SlLint *lint, const SlSubject *subject)
{
	Node	   *stmt = subject->stmt;
	List	   *names = NIL;
	ListCell   *cell;

	if (IsA(stmt, CreateStmt))
	{
		foreach(cell, ((CreateStmt *) stmt)->tableElts)
			if (IsA(lfirst(cell), ColumnDef))
				names = lappend(names, ((ColumnDef *) lfirst(cell))->colname);
	}
	else if (IsA(stmt, ViewStmt))
	{
		foreach(cell, ((ViewStmt *) stmt)->aliases)
			names = lappend(names, strVal(lfirst(cell)));
	}
	else if (IsA(stmt, UpdateStmt) || IsA(stmt, InsertStmt))
	{
		List	   *targets = IsA(stmt, UpdateStmt) ?
			((UpdateStmt *) stmt)->targetList : ((InsertStmt *) stmt)->cols;

		/* parts of one column may be set one by one */
		foreach(cell, targets)
		{
			ResTarget  *item = lfirst_node(ResTarget, cell);

			if (item->name != NULL && item->indirection == NIL)
				names = lappend(names, item->name);
		}
	}
	if (duplicate_of(names) != NULL)
		sl_lint_find(lint, SL_ERROR,
					 psprintf(_("column %s stands twice in one statement"),
							  quote_identifier(duplicate_of(names))));
}

static void
empty_script(SlLint *lint, const SlSubject *subject)
{
	if (lint->script.statements == 0)
		sl_lint_find_at(lint, SL_INFO, 0, 0,
						psprintf(_("the script has no statement")));
}

const SlLintRule sl_lint_data_rules[] = {
	{"data-in-schema-revision", SL_WARNING, SL_ON_STATEMENT, T_Invalid, 0,
		note_data,
	gettext_noop("Put the data into a revision of its own, or into a seed.")},
	{"data-in-schema-revision", SL_WARNING, SL_ON_END, T_Invalid, 0,
		data_in_schema_revision,
	gettext_noop("Put the data into a revision of its own, or into a seed.")},
	{"change-of-every-row", SL_WARNING, SL_ON_STATEMENT, T_Invalid, 0,
		every_row,
	gettext_noop("Do it in batches, each its own transaction, outside of the schema's revisions.")},
	{"ban-truncate-cascade", SL_ERROR, SL_ON_STATEMENT, T_TruncateStmt,
		SL_IN_BODIES, truncate_cascade,
	gettext_noop("Name the tables.")},
	{"ban-duplicate-column-assignments", SL_ERROR, SL_ON_STATEMENT, T_Invalid,
		SL_IN_BODIES, duplicate_column,
	gettext_noop("Take one of them out.")},
	{"empty-script", SL_INFO, SL_ON_END, T_Invalid, 0, empty_script,
	gettext_noop("Nothing, if it only joins two branches.")},
	{NULL}
};
