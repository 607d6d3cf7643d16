/*-------------------------------------------------------------------------
 *
 * routine_rules.c
 *	  Rules: bodies of routines, and what nobody could look into.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/lint/routine_rules.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"

#include "lint/lint_private.h"


/* A part that was not looked into: said, so that silence means something. */
void
sl_lint_opaque(SlLint *lint, const char *what)
{
	const SlLintRule *before = lint->rule;

	/* what runs some other day has nothing to do with the migration */
	if (lint->script.in_body)
		return;
	lint->rule = sl_lint_rule_find("opaque");
	if (strcmp(what, "EXECUTE") == 0)
		sl_lint_find(lint, SL_INFO,
					 psprintf(_("EXECUTE of a text that is made while it runs: not looked into")));
	else if (strcmp(what, "BODY") == 0)
		sl_lint_find(lint, SL_INFO,
					 psprintf(_("a body that cannot be taken apart: not looked into")));
	else
		sl_lint_find(lint, SL_INFO,
					 psprintf(_("a part in %s: not looked into"), what));
	lint->rule = before;
}

/* A body in SQL with a mistake in it. */
void
sl_lint_bad_body(SlLint *lint, const char *error)
{
	const SlLintRule *before = lint->rule;

	lint->rule = sl_lint_rule_find("body-does-not-parse");
	sl_lint_find(lint, SL_ERROR,
				 psprintf(_("the body is no SQL: %s"), error));
	lint->rule = before;
}

static void
opaque_call(SlLint *lint, const SlSubject *subject)
{
	sl_lint_find(lint, SL_INFO,
				 psprintf(_("CALL: what the procedure does is not looked into")));
}

/*
 * Whoever may create objects in a schema of the caller's path could have them
 * found with the owner's rights.
 */
static void
security_definer(SlLint *lint, const SlSubject *subject)
{
	CreateFunctionStmt *stmt = (CreateFunctionStmt *) subject->stmt;
	bool		definer = false;
	bool		pinned = stmt->sql_body != NULL;
	ListCell   *cell;

	foreach(cell, stmt->options)
	{
		DefElem    *option = (DefElem *) lfirst(cell);

		if (strcmp(option->defname, "security") == 0)
			definer = boolVal(option->arg);
		else if (strcmp(option->defname, "set") == 0 &&
				 ((VariableSetStmt *) option->arg)->name != NULL &&
				 strcmp(((VariableSetStmt *) option->arg)->name,
						"search_path") == 0)
			pinned = true;
	}
	if (definer && !pinned)
		sl_lint_find(lint, SL_WARNING,
					 psprintf(_("%s is SECURITY DEFINER with the search_path of whoever calls it"),
							  quote_identifier(sl_lint_last(stmt->funcname))));
}

const SlLintRule sl_lint_routine_rules[] = {
	{"opaque", SL_INFO, SL_ON_STATEMENT, T_CallStmt, 0, opaque_call,
	gettext_noop("Look yourself, and see sl_dry_run() for what it does.")},
	{"body-does-not-parse", SL_ERROR, SL_ON_STATEMENT, T_Invalid, 0, NULL,
	gettext_noop("Correct it: CREATE FUNCTION or its first call fails.")},
	{"security-definer-search-path", SL_WARNING, SL_ON_STATEMENT,
		T_CreateFunctionStmt, 0, security_definer,
	gettext_noop("Add SET search_path = pg_catalog, pg_temp, and write schemas before names.")},
	{NULL}
};
