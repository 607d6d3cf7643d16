/*-------------------------------------------------------------------------
 *
 * repeat_rules.c
 *	  Rules: what fails the second time, or already the first.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/lint/repeat_rules.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "lint/lint_private.h"


/* Was an object of that name dropped before, by a DROP that may find none? */
static bool
is_dropped(SlLint *lint, const char *name)
{
	ListCell   *cell;

	foreach(cell, lint->script.dropped)
		if (strcmp(lfirst(cell), name) == 0)
			return true;
	return false;
}

static void
note_dropped(SlLint *lint, List *names)
{
	MemoryContext caller = MemoryContextSwitchTo(lint->script.context);

	lint->script.dropped = lappend(lint->script.dropped,
								   pstrdup(sl_lint_last(names)));
	MemoryContextSwitchTo(caller);
}

/* Whatever DROP IF EXISTS names. */
static bool
repeats_drop(SlLint *lint, DropStmt *stmt)
{
	ListCell   *cell;

	if (!stmt->missing_ok)
		return false;
	foreach(cell, stmt->objects)
	{
		Node	   *object = lfirst(cell);

		if (IsA(object, List))
			note_dropped(lint, (List *) object);
		else if (IsA(object, TypeName))
			note_dropped(lint, ((TypeName *) object)->names);
		else if (IsA(object, ObjectWithArgs))
			note_dropped(lint, ((ObjectWithArgs *) object)->objname);
		else if (IsA(object, String))
			note_dropped(lint, list_make1(object));
	}
	return true;
}

static bool
repeats_command(AlterTableCmd *cmd)
{
	switch (cmd->subtype)
	{
		case AT_AddColumn:
		case AT_DropColumn:
		case AT_DropConstraint:
			return cmd->missing_ok;
		case AT_AddConstraint:
		case AT_AttachPartition:
		case AT_DetachPartition:
			return false;
		default:
			return true;
	}
}

static bool
repeats_alter(AlterTableStmt *stmt)
{
	ListCell   *cell;

	foreach(cell, stmt->cmds)
		if (!repeats_command(lfirst_node(AlterTableCmd, cell)))
			return false;
	return true;
}

static bool
is_temporary(const RangeVar *name)
{
	return name->relpersistence == RELPERSISTENCE_TEMP;
}

/* Does it say what to do where the object is there, or is gone? */
static bool
is_guarded(SlLint *lint, Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_CreateStmt:
			return ((CreateStmt *) stmt)->if_not_exists ||
				is_temporary(((CreateStmt *) stmt)->relation);
		case T_CreateTableAsStmt:
			return ((CreateTableAsStmt *) stmt)->if_not_exists ||
				is_temporary(((CreateTableAsStmt *) stmt)->into->rel);
		case T_CreateSeqStmt:
			return ((CreateSeqStmt *) stmt)->if_not_exists ||
				is_temporary(((CreateSeqStmt *) stmt)->sequence);
		case T_IndexStmt:
			return ((IndexStmt *) stmt)->if_not_exists;
		case T_CreateSchemaStmt:
			return ((CreateSchemaStmt *) stmt)->if_not_exists;
		case T_CreateExtensionStmt:
			return ((CreateExtensionStmt *) stmt)->if_not_exists;
		case T_AlterEnumStmt:
			return ((AlterEnumStmt *) stmt)->oldVal == NULL &&
				((AlterEnumStmt *) stmt)->skipIfNewValExists;
		case T_ViewStmt:
			return ((ViewStmt *) stmt)->replace;
		case T_CreateFunctionStmt:
			return ((CreateFunctionStmt *) stmt)->replace;
		case T_CreateTrigStmt:
			return ((CreateTrigStmt *) stmt)->replace;
		case T_DropStmt:
			return repeats_drop(lint, (DropStmt *) stmt);
		case T_AlterTableStmt:
			return repeats_alter((AlterTableStmt *) stmt);
		case T_CreateEnumStmt:
		case T_CompositeTypeStmt:
		case T_CreateRangeStmt:
		case T_CreateDomainStmt:
		case T_CreatePolicyStmt:
		case T_CreateRoleStmt:
		case T_RenameStmt:
			return false;
		default:
			return true;
	}
}

/* What it makes, without a schema; NULL: nothing with a name. */
static const char *
made_name(Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_CreateStmt:
			return ((CreateStmt *) stmt)->relation->relname;
		case T_CreateTableAsStmt:
			return ((CreateTableAsStmt *) stmt)->into->rel->relname;
		case T_CreateSeqStmt:
			return ((CreateSeqStmt *) stmt)->sequence->relname;
		case T_IndexStmt:
			return ((IndexStmt *) stmt)->idxname;
		case T_ViewStmt:
			return ((ViewStmt *) stmt)->view->relname;
		case T_CompositeTypeStmt:
			return ((CompositeTypeStmt *) stmt)->typevar->relname;
		case T_CreateEnumStmt:
			return sl_lint_last(((CreateEnumStmt *) stmt)->typeName);
		case T_CreateRangeStmt:
			return sl_lint_last(((CreateRangeStmt *) stmt)->typeName);
		case T_CreateDomainStmt:
			return sl_lint_last(((CreateDomainStmt *) stmt)->domainname);
		case T_CreateFunctionStmt:
			return sl_lint_last(((CreateFunctionStmt *) stmt)->funcname);
		case T_CreateTrigStmt:
			return ((CreateTrigStmt *) stmt)->trigname;
		case T_CreatePolicyStmt:
			return ((CreatePolicyStmt *) stmt)->policy_name;
		default:
			return NULL;
	}
}

/* Would it run a second time? */
static bool
repeats(SlLint *lint, Node *stmt)
{
	return is_guarded(lint, stmt) ||
		(made_name(stmt) != NULL && is_dropped(lint, made_name(stmt)));
}

/* A repeatable revision does run a second time. */
static void
not_idempotent(SlLint *lint, const SlSubject *subject)
{
	const char *command;

	if (repeats(lint, subject->stmt))
		return;
	command = CreateCommandName(subject->stmt);
	if (lint->script.kind == SL_KIND_REPEATABLE)
		sl_lint_find_hint(lint, SL_ERROR,
						  psprintf(_("%s fails when the repeatable revision runs again"),
								   command),
						  gettext_noop("Write OR REPLACE, IF NOT EXISTS or IF EXISTS, or DROP ... IF EXISTS before it."));
	else if (IsA(subject->stmt, IndexStmt) &&
			 ((IndexStmt *) subject->stmt)->idxname == NULL)
		sl_lint_find(lint, SL_INFO,
					 psprintf(_("%s without a name makes one more index each time"),
							  command));
	else
		sl_lint_find(lint, SL_INFO,
					 psprintf(_("%s fails where it was done by hand, or when it is run a second time"),
							  command));
}

/* It is there now, and nothing before it in the script took it away. */
static void
find_there(SlLint *lint, const char *what, const char *name)
{
	sl_lint_find(lint, SL_ERROR,
				 psprintf(_("%s %s is there already: this fails"), what,
						  name));
}

static void
table_there(SlLint *lint, const RangeVar *name)
{
	SlTable    *table = sl_lint_table_target(lint, name);

	if (!table->gone && (OidIsValid(table->relid) || table->made))
		find_there(lint, "relation", sl_lint_table_text(table));
}

static void
index_there(SlLint *lint, const IndexStmt *stmt)
{
	SlTable    *table = sl_lint_table(lint, stmt->relation);
	SlTable    *found;
	RangeVar   *name;

	if (stmt->idxname == NULL || table->schema == NULL)
		return;
	name = makeRangeVar(pstrdup(table->schema), stmt->idxname, -1);
	found = sl_lint_table_target(lint, name);
	if (!found->gone && (OidIsValid(found->relid) || found->made))
		find_there(lint, "relation", sl_lint_table_text(found));
}

static void
type_there(SlLint *lint, List *names)
{
	const char *schema = sl_lint_creation_schema(lint);
	Oid			type;

	/* what the other schemas of the path have does not matter */
	if (list_length(names) == 1 && schema != NULL)
		names = list_make2(makeString(pstrdup(schema)), linitial(names));
	type = sl_lint_type(lint, makeTypeNameFromNameList(names));
	if (OidIsValid(type) &&
		!is_dropped(lint, sl_lint_last(names)))
		find_there(lint, "type", NameListToString(names));
}

static void
already_there(SlLint *lint, const SlSubject *subject)
{
	Node	   *stmt = subject->stmt;

	if (lint->script.applied)
		return;
	if (IsA(stmt, CreateStmt) && !((CreateStmt *) stmt)->if_not_exists)
		table_there(lint, ((CreateStmt *) stmt)->relation);
	else if (IsA(stmt, CreateTableAsStmt) &&
			 !((CreateTableAsStmt *) stmt)->if_not_exists)
		table_there(lint, ((CreateTableAsStmt *) stmt)->into->rel);
	else if (IsA(stmt, ViewStmt) && !((ViewStmt *) stmt)->replace)
		table_there(lint, ((ViewStmt *) stmt)->view);
	else if (IsA(stmt, IndexStmt) && !((IndexStmt *) stmt)->if_not_exists)
		index_there(lint, (IndexStmt *) stmt);
	else if (IsA(stmt, CreateEnumStmt))
		type_there(lint, ((CreateEnumStmt *) stmt)->typeName);
	else if (IsA(stmt, CreateDomainStmt))
		type_there(lint, ((CreateDomainStmt *) stmt)->domainname);
}

/* Asked command by command: one before it may have dropped the column. */
static void
column_there(SlLint *lint, const SlSubject *subject)
{
	AlterTableCmd *cmd = subject->cmd;
	const char *name;

	if (lint->script.applied || cmd->subtype != AT_AddColumn ||
		cmd->missing_ok)
		return;
	name = ((ColumnDef *) cmd->def)->colname;
	if (sl_lint_column(lint, subject->table, name) != NULL)
		find_there(lint, "column",
				   psprintf("%s.%s", sl_lint_table_text(subject->table),
							quote_identifier(name)));
}

const SlLintRule sl_lint_repeat_rules[] = {
	{"not-idempotent", SL_ERROR, SL_ON_STATEMENT, T_Invalid, SL_NOT_IN_DO,
		not_idempotent,
	gettext_noop("Nothing, where this extension runs it: it runs once, or not at all.")},
	{"already-there", SL_ERROR, SL_ON_STATEMENT, T_Invalid, SL_NOT_IN_DO,
		already_there,
	gettext_noop("If it was made by hand or by another tool, record the revision with sl_stamp(); else choose another name.")},
	{"already-there", SL_ERROR, SL_ON_COMMAND, T_Invalid, SL_NOT_IN_DO,
		column_there,
	gettext_noop("If it was made by hand or by another tool, record the revision with sl_stamp(); else choose another name.")},
	{NULL}
};
