/*-------------------------------------------------------------------------
 *
 * transaction_rules.c
 *	  Rules: transactions, and what of the session a script changes.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/lint/transaction_rules.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "tcop/utility.h"
#include "utils/builtins.h"

#include "lint/lint_private.h"


/*
 * One BEGIN at the start and one COMMIT at the end say what is done anyway.
 * A procedure may commit, as long as it is not called in a transaction.
 */
static void
transaction_control(SlLint *lint, const SlSubject *subject)
{
	const char *command = CreateCommandName(subject->stmt);
	SlLintScript *script = &lint->script;

	if (script->in_body)
	{
		if (!script->in_procedure)
			sl_lint_find(lint, SL_ERROR,
						 psprintf(_("%s in a function: it will fail when it is called"),
								  command));
	}
	else if (script->in_block)
		sl_lint_find(lint, SL_ERROR,
					 psprintf(_("%s in a DO block: it fails, as the revision is a transaction of its own"),
							  command));
	else if (script->revision == NULL &&
			 !(script->wrapped && (script->seen == 1 ||
								   script->seen == script->total)))
		sl_lint_find(lint, SL_ERROR,
					 psprintf(_("%s in the script: what comes before and after it would not be one revision"),
							  command));
}

static void
concurrently_in_transaction(SlLint *lint, const SlSubject *subject)
{
	const char *command;

	if (sl_statement_is_transactional(subject->stmt, &command))
		return;
	if (lint->script.in_block || lint->script.in_body)
		sl_lint_find(lint, SL_ERROR,
					 psprintf(_("%s cannot run in a function or a DO block"),
							  command));
	else if (lint->script.wrapped)
		sl_lint_find(lint, SL_ERROR,
					 psprintf(_("%s cannot run between BEGIN and COMMIT"),
							  command));
}

/* All are run alone if one has to be. */
static void
mixed_transactional(SlLint *lint, const SlSubject *subject)
{
	Node	   *stmt = subject->stmt;
	const char *command;

	if (lint->script.in_block || IsA(stmt, VariableSetStmt) ||
		IsA(stmt, TransactionStmt))
		return;
	if (sl_statement_is_transactional(stmt, &command))
		lint->script.others++;
	else if (lint->script.loner == NULL)
	{
		lint->script.loner = command;
		lint->script.loner_statement = lint->script.statement;
		lint->script.loner_line = lint->script.line;
	}
}

static void
mixed_transactional_end(SlLint *lint, const SlSubject *subject)
{
	if (lint->script.loner != NULL && lint->script.others > 0)
		sl_lint_find_at(lint, SL_WARNING, lint->script.loner_statement,
						lint->script.loner_line,
						psprintf(_("%s cannot run in a transaction, and so the other statements of the script are none either: a failure leaves a part of it"),
								 lint->script.loner));
}

static void
set_without_local(SlLint *lint, const SlSubject *subject)
{
	VariableSetStmt *stmt = (VariableSetStmt *) subject->stmt;

	if (stmt->is_local || stmt->name == NULL || lint->script.in_body ||
		!lint->script.transactional ||
		(stmt->kind != VAR_SET_VALUE && stmt->kind != VAR_SET_CURRENT))
		return;
	sl_lint_find(lint, SL_INFO,
				 psprintf(_("SET %s without LOCAL: other tools would leave it to the next script; here it ends with this one"),
						  stmt->name));
}

static void
set_local_outside(SlLint *lint, const SlSubject *subject)
{
	VariableSetStmt *stmt = (VariableSetStmt *) subject->stmt;

	if (stmt->is_local && stmt->name != NULL &&
		!lint->script.transactional && !lint->script.in_block &&
		!lint->script.in_body)
		sl_lint_find(lint, SL_WARNING,
					 psprintf(_("SET LOCAL %s does nothing: each statement of this script is a transaction of its own"),
							  stmt->name));
}

/* Looking for a value of an enum. */
typedef struct Search
{
	SlLint	   *lint;
	const SlMade *type;
	const char *found;			/* the value */
	bool		cast;			/* it is cast to the type */
	bool		tables;			/* a table with a column of it is there */
} Search;

static bool
has_column_of(SlLint *lint, SlTable *table, const char *type)
{
	ListCell   *cell;

	foreach(cell, sl_lint_columns(lint, table))
	{
		SlColumn   *column = lfirst(cell);

		if (column->gone)
			continue;
		/* a type that the script makes has no OID yet */
		if (!OidIsValid(column->type) ||
			strcmp(sl_lint_type_name(column->type), type) == 0)
			return true;
	}
	return !sl_lint_table_is_known(table);
}

static const char *
is_new_value(const SlMade *type, Node *node)
{
	A_Const    *constant = (A_Const *) node;
	ListCell   *cell;

	if (!IsA(node, A_Const) || constant->isnull ||
		!IsA(&constant->val, String))
		return NULL;
	foreach(cell, type->values)
		if (strcmp(lfirst(cell), strVal(&constant->val)) == 0)
			return lfirst(cell);
	return NULL;
}

static bool
value_walker(Node *node, void *context)
{
	Search	   *search = (Search *) context;

	if (node == NULL)
		return false;
	if (IsA(node, TypeCast) && ((TypeCast *) node)->typeName->names != NIL &&
		strcmp(sl_lint_last(((TypeCast *) node)->typeName->names),
			   search->type->name) == 0 &&
		is_new_value(search->type, ((TypeCast *) node)->arg) != NULL)
	{
		search->found = is_new_value(search->type, ((TypeCast *) node)->arg);
		search->cast = true;
	}
	else if (IsA(node, A_Const) && search->found == NULL)
		search->found = is_new_value(search->type, node);
	else if (IsA(node, RangeVar))
	{
		search->tables |= has_column_of(search->lint,
										sl_lint_table(search->lint,
													  (RangeVar *) node),
										search->type->name);
		return false;
	}
	return raw_expression_tree_walker(node, value_walker, context);
}

/* The column is of the type, or its default or a check has the value. */
static void
search_column(Search *search, ColumnDef *column)
{
	ListCell   *cell;

	if (column->typeName != NULL && column->typeName->names != NIL)
		search->tables |= strcmp(sl_lint_last(column->typeName->names),
								 search->type->name) == 0;
	(void) value_walker(column->raw_default, search);
	foreach(cell, column->constraints)
		(void) value_walker(lfirst_node(Constraint, cell)->raw_expr, search);
}

static void
search_element(Search *search, Node *element)
{
	if (element == NULL)
		return;
	if (IsA(element, ColumnDef))
		search_column(search, (ColumnDef *) element);
	else if (IsA(element, Constraint))
		(void) value_walker(((Constraint *) element)->raw_expr, search);
}

/* What a statement holds, be it a query or none. */
static void
search_statement(Search *search, Node *stmt)
{
	ListCell   *cell;

	switch (nodeTag(stmt))
	{
		case T_CreateStmt:
			foreach(cell, ((CreateStmt *) stmt)->tableElts)
				search_element(search, lfirst(cell));
			break;
		case T_AlterTableStmt:
			(void) value_walker((Node *) ((AlterTableStmt *) stmt)->relation,
								search);
			foreach(cell, ((AlterTableStmt *) stmt)->cmds)
			{
				AlterTableCmd *cmd = lfirst_node(AlterTableCmd, cell);

				if (cmd->subtype == AT_ColumnDefault)
					(void) value_walker(cmd->def, search);
				else
					search_element(search, cmd->def);
			}
			break;
		case T_IndexStmt:
			(void) value_walker((Node *) ((IndexStmt *) stmt)->relation,
								search);
			(void) value_walker(((IndexStmt *) stmt)->whereClause, search);
			foreach(cell, ((IndexStmt *) stmt)->indexParams)
				(void) value_walker(lfirst_node(IndexElem, cell)->expr,
									search);
			break;
		case T_ViewStmt:
			(void) value_walker(((ViewStmt *) stmt)->query, search);
			break;
		case T_CreateTableAsStmt:
			if (IsA(((CreateTableAsStmt *) stmt)->query, SelectStmt))
				(void) value_walker(((CreateTableAsStmt *) stmt)->query,
									search);
			break;
		case T_SelectStmt:
		case T_InsertStmt:
		case T_UpdateStmt:
		case T_DeleteStmt:
		case T_MergeStmt:
			(void) value_walker(stmt, search);
			break;
		default:
			break;
	}
}

/*
 * A value cannot be used before the transaction that adds it has committed;
 * from 17 on, unless the type was made in it.
 */
static void
enum_value_used(SlLint *lint, const SlSubject *subject)
{
	ListCell   *cell;

	if (!lint->script.transactional)
		return;
	foreach(cell, lint->made)
	{
		SlMade	   *made = lfirst(cell);
		Search		search = {0};

		if (!made->is_enum || made->values == NIL ||
			made->values_in != lint->script.transaction ||
			(PG_VERSION_NUM >= 170000 &&
			 made->script == lint->script.number))
			continue;
		search.lint = lint;
		search.type = made;
		search_statement(&search, subject->stmt);
		if (search.found != NULL && (search.cast || search.tables))
			sl_lint_find(lint, SL_ERROR,
						 psprintf(_("value %s of enum %s is used in the transaction that adds it: this fails with \"unsafe use of new value\""),
								  quote_literal_cstr(search.found),
								  quote_identifier(made->name)));
	}
}

static void
refused_statement(SlLint *lint, const SlSubject *subject)
{
	const char *message;
	const char *hint;

	if (sl_statement_is_refused(subject->stmt, &message, &hint))
		sl_lint_find_hint(lint, SL_ERROR,
						  psprintf(_("no revision can have this: %s"),
								   message), hint);
}

const SlLintRule sl_lint_transaction_rules[] = {
	{"transaction-control", SL_ERROR, SL_ON_STATEMENT, T_TransactionStmt,
		SL_IN_BODIES, transaction_control,
	gettext_noop("Take it out: a revision is one transaction. What must commit in between is two revisions.")},
	{"concurrently-in-transaction", SL_ERROR, SL_ON_STATEMENT, T_Invalid,
		SL_IN_BODIES, concurrently_in_transaction,
	gettext_noop("Give it a revision of its own, without BEGIN and COMMIT.")},
	{"mixed-transactional", SL_WARNING, SL_ON_STATEMENT, T_Invalid, 0,
		mixed_transactional,
	gettext_noop("Put it into a revision of its own.")},
	{"mixed-transactional", SL_WARNING, SL_ON_END, T_Invalid, 0,
		mixed_transactional_end,
	gettext_noop("Put it into a revision of its own.")},
	{"set-without-local", SL_INFO, SL_ON_STATEMENT, T_VariableSetStmt, 0,
		set_without_local,
	gettext_noop("Write SET LOCAL.")},
	{"set-local-outside-transaction", SL_WARNING, SL_ON_STATEMENT,
		T_VariableSetStmt, 0, set_local_outside,
	gettext_noop("Write SET, which holds until the script's end here.")},
	{"enum-value-used", SL_ERROR, SL_ON_STATEMENT, T_Invalid, 0,
		enum_value_used,
	gettext_noop("Put ALTER TYPE ... ADD VALUE into a revision before.")},
	{"refused-statement", SL_ERROR, SL_ON_STATEMENT, T_Invalid, 0,
		refused_statement,
	gettext_noop("Take it out.")},
	{NULL}
};
