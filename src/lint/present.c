/*-------------------------------------------------------------------------
 *
 * present.c
 *	  Statements taken apart and put before the rules.
 *
 * A rule names the aspect that it looks at: a whole statement, a subcommand
 * of ALTER TABLE, a column, a constraint, a type, the script.  A column is
 * put before it in the same way whether CREATE TABLE or ALTER TABLE has it.
 * After its rules each statement is followed, so that the next one meets what
 * it made.
 *
 * Statements in DO blocks are run by the script, and treated so; those in
 * routines run some other day, and few rules are for them.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/lint/present.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/sl_errors.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/memutils.h"

#include "lint/lint_private.h"

/* A body that is made by a body that is made ... */
#define MAX_DEPTH	8

/* Ask all rules for this aspect. */
static void
ask(SlLint *lint, SlAspect aspect, const SlSubject *subject)
{
	int			i;

	for (i = 0; i < sl_lint_rule_count(); i++)
	{
		const SlLintRule *rule = sl_lint_rule(i);

		if (rule->aspect != aspect || rule->check == NULL ||
			(rule->tag != T_Invalid &&
			 (subject->stmt == NULL || nodeTag(subject->stmt) != rule->tag)) ||
			(lint->script.in_body && (rule->flags & SL_IN_BODIES) == 0) ||
			(lint->script.in_block && (rule->flags & SL_NOT_IN_DO) != 0))
			continue;
		lint->rule = rule;
		rule->check(lint, subject);
	}
	lint->rule = NULL;
}

static void
ask_constraint(SlLint *lint, SlSubject *subject, Constraint *constraint)
{
	subject->constraint = constraint;
	ask(lint, SL_ON_CONSTRAINT, subject);
	subject->constraint = NULL;
}

static void
ask_type(SlLint *lint, SlSubject *subject, TypeName *type)
{
	if (type == NULL)
		return;
	subject->type = type;
	ask(lint, SL_ON_TYPE, subject);
	subject->type = NULL;
}

static void
ask_column(SlLint *lint, SlSubject *subject, ColumnDef *column)
{
	ListCell   *cell;

	subject->column = column;
	ask(lint, SL_ON_COLUMN, subject);
	ask_type(lint, subject, column->typeName);
	foreach(cell, column->constraints)
		ask_constraint(lint, subject, lfirst(cell));
	subject->column = NULL;
}

static void
present_create(SlLint *lint, Node *node)
{
	CreateStmt *stmt = (CreateStmt *) node;
	SlSubject	subject = {0};
	ListCell   *cell;

	subject.stmt = node;
	subject.table = sl_lint_table_target(lint, stmt->relation);
	subject.creating = true;
	foreach(cell, stmt->tableElts)
	{
		Node	   *element = lfirst(cell);

		if (IsA(element, ColumnDef))
			ask_column(lint, &subject, (ColumnDef *) element);
		else if (IsA(element, Constraint))
			ask_constraint(lint, &subject, (Constraint *) element);
	}
	foreach(cell, stmt->constraints)
		ask_constraint(lint, &subject, lfirst(cell));
}

static void
present_alter(SlLint *lint, Node *node)
{
	AlterTableStmt *stmt = (AlterTableStmt *) node;
	SlSubject	subject = {0};
	ListCell   *cell;

	/* a composite type is altered with the same statement */
	if (stmt->objtype == OBJECT_TYPE)
		return;
	subject.stmt = node;
	subject.table = sl_lint_table(lint, stmt->relation);
	foreach(cell, stmt->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, cell);

		subject.cmd = cmd;
		ask(lint, SL_ON_COMMAND, &subject);
		if (cmd->subtype == AT_AddColumn)
			ask_column(lint, &subject, (ColumnDef *) cmd->def);
		else if (cmd->subtype == AT_AlterColumnType)
			ask_type(lint, &subject, ((ColumnDef *) cmd->def)->typeName);
		else if (cmd->subtype == AT_AddConstraint)
			ask_constraint(lint, &subject, (Constraint *) cmd->def);
		if (!lint->script.in_body)
			sl_lint_follow_command(lint, subject.table, cmd);
	}
	if (!lint->script.in_body)
		subject.table->altered_in = lint->script.number;
}

/* Its elements are statements, in the new schema. */
static void
present_schema(SlLint *lint, Node *node)
{
	CreateSchemaStmt *stmt = (CreateSchemaStmt *) node;
	List	   *before = lint->script.path;
	ListCell   *cell;

	if (stmt->schemaElts == NIL || stmt->schemaname == NULL)
		return;
	sl_lint_follow_statement(lint, node);
	sl_lint_follow_path(lint, lcons(stmt->schemaname, list_copy(before)));
	foreach(cell, stmt->schemaElts)
		sl_lint_present(lint, lfirst(cell));
	lint->script.path = before;
}

/* An option of a routine or of DO by its name; NULL: it has none. */
static DefElem *
option(List *options, const char *name)
{
	ListCell   *cell;

	foreach(cell, options)
	{
		DefElem    *element = (DefElem *) lfirst(cell);

		if (strcmp(element->defname, name) == 0)
			return element;
	}
	return NULL;
}

/* How many lines below the statement's first one does a body begin? */
static int
lines_before(const SlLint *lint, int location)
{
	const char *text = lint->script.slice;
	int			lines = 0;
	int			i;

	if (text == NULL || location < 0)
		return 0;
	for (i = 0; i < location && text[i] != '\0'; i++)
		lines += text[i] == '\n';

	/* AS stands before the literal, perhaps on a line of its own */
	for (; text[i] != '\0' && text[i] != '\'' && text[i] != '$'; i++)
		lines += text[i] == '\n';
	return lines;
}

static void
present_embedded(SlLint *lint, List *found)
{
	ListCell   *cell;

	foreach(cell, found)
	{
		SlEmbedded *embedded = lfirst(cell);

		lint->script.line = embedded->line;
		if (embedded->tree != NULL)
			sl_lint_present(lint, embedded->tree->stmt);
		else
			sl_lint_opaque(lint, embedded->what);
	}
}

/* The statements of a text in SQL; one with a mistake cannot be made. */
static void
present_sql(SlLint *lint, const char *body, int line)
{
	MemoryContext caller = CurrentMemoryContext;
	SlOrigin	origin = {NULL, NULL, 1};
	List	   *volatile found = NIL;

	origin.first_line = line;
	PG_TRY();
	{
		SlScanner  *scanner = sl_scan_begin(body, strlen(body), &origin);
		SlStatement statement;

		sl_scan_leniently(scanner);
		while (sl_scan_next(scanner, &statement))
		{
			SlEmbedded *embedded = palloc0_object(SlEmbedded);

			embedded->line = statement.line;
			embedded->tree = statement.tree;
			found = lappend(found, embedded);
		}
		sl_scan_end(scanner);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(caller);
		if (geterrcode() != SL_ERR_BAD_INPUT)
			PG_RE_THROW();
		error = CopyErrorData();
		FlushErrorState();
		found = NIL;
		sl_lint_bad_body(lint, error->message);
	}
	PG_END_TRY();
	present_embedded(lint, found);
}

static void
present_body(SlLint *lint, const char *language, Node *body, int location)
{
	int			first = lint->script.line + lines_before(lint, location);
	const char *text;

	/* C has a file and a symbol here */
	if (body != NULL && IsA(body, List))
		body = list_length((List *) body) == 1 ? linitial((List *) body) :
			NULL;
	if (body == NULL || !IsA(body, String))
		return;
	text = strVal(body);
	if (pg_strcasecmp(language, "sql") == 0)
		present_sql(lint, text, first);
	else if (pg_strcasecmp(language, "plpgsql") == 0)
		present_embedded(lint, sl_block_statements(text, first));
	else
		sl_lint_opaque(lint, language);
}

/* Statements of BEGIN ATOMIC, which come in a list of lists, or RETURN. */
static void
present_atomic(SlLint *lint, Node *body)
{
	ListCell   *cell;

	if (body == NULL)
		return;
	if (IsA(body, List))
	{
		foreach(cell, (List *) body)
			present_atomic(lint, lfirst(cell));
	}
	else if (!IsA(body, ReturnStmt))
		sl_lint_present(lint, body);
}

static void
present_routine(SlLint *lint, Node *node)
{
	CreateFunctionStmt *stmt = (CreateFunctionStmt *) node;
	SlLintScript before = lint->script;
	DefElem    *language = option(stmt->options, "language");
	DefElem    *body = option(stmt->options, "as");

	lint->script.in_body = true;
	lint->script.in_procedure = stmt->is_procedure;
	present_atomic(lint, stmt->sql_body);
	if (body != NULL)
		present_body(lint, language != NULL ? strVal(language->arg) : "sql",
					 body->arg, body->location);
	lint->script.in_body = before.in_body;
	lint->script.in_procedure = before.in_procedure;
	lint->script.line = before.line;
}

static void
present_do(SlLint *lint, Node *node)
{
	DoStmt	   *stmt = (DoStmt *) node;
	bool		before = lint->script.in_block;
	int			line = lint->script.line;
	DefElem    *language = option(stmt->args, "language");
	DefElem    *body = option(stmt->args, "as");

	lint->script.in_block = true;
	if (body != NULL)
		present_body(lint, language != NULL ? strVal(language->arg) :
					 "plpgsql", body->arg, body->location);
	lint->script.in_block = before;
	lint->script.line = line;
}

static const struct
{
	NodeTag		tag;
	void		(*present) (SlLint *lint, Node *stmt);
}			presenters[] =
{
	{T_CreateStmt, present_create},
	{T_CreateForeignTableStmt, present_create},
	{T_AlterTableStmt, present_alter},
	{T_CreateSchemaStmt, present_schema},
	{T_CreateFunctionStmt, present_routine},
	{T_DoStmt, present_do},
};

/* A statement, with what it holds. */
void
sl_lint_present(SlLint *lint, Node *stmt)
{
	SlSubject	subject = {0};
	const char *slice = lint->script.slice;
	int			i;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (lint->depth >= MAX_DEPTH)
	{
		sl_lint_opaque(lint, "BODY");
		return;
	}
	subject.stmt = stmt;
	ask(lint, SL_ON_STATEMENT, &subject);
	lint->depth++;
	for (i = 0; i < (int) lengthof(presenters); i++)
	{
		if (nodeTag(stmt) != presenters[i].tag)
			continue;

		/* within a body, locations are of another text */
		if (lint->depth > 1)
			lint->script.slice = NULL;
		presenters[i].present(lint, stmt);
		lint->script.slice = slice;
	}
	lint->depth--;
	if (!lint->script.in_body)
		sl_lint_follow_statement(lint, stmt);
}

/* The script as a whole, when all of it was read. */
void
sl_lint_present_end(SlLint *lint)
{
	SlSubject	subject = {0};

	ask(lint, SL_ON_END, &subject);
}
