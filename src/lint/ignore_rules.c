/*-------------------------------------------------------------------------
 *
 * ignore_rules.c
 *	  Rules: lines that ask for silence.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/lint/ignore_rules.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "lint/lint_private.h"


static void
without_reason(SlLint *lint, const SlSubject *subject)
{
	ListCell   *cell;

	foreach(cell, lint->script.ignores)
	{
		const SlIgnore *ignore = lfirst(cell);

		if (*ignore->reason == '\0')
			sl_lint_find_at(lint, SL_WARNING, ignore->statement, ignore->line,
							psprintf(_("sl:ignore %s has no reason, and ignores nothing"),
									 ignore->rule));
	}
}

static void
unknown_rule(SlLint *lint, const SlSubject *subject)
{
	ListCell   *cell;

	foreach(cell, lint->script.ignores)
	{
		const SlIgnore *ignore = lfirst(cell);

		if (sl_lint_rule_find(ignore->rule) == NULL)
			sl_lint_find_at(lint, SL_WARNING, ignore->statement, ignore->line,
							psprintf(_("sl:ignore names \"%s\", which is no rule"),
									 ignore->rule));
	}
}

const SlLintRule sl_lint_ignore_rules[] = {
	{"ignore-without-reason", SL_WARNING, SL_ON_END, T_Invalid, 0,
		without_reason,
	gettext_noop("Say why: -- sl:ignore RULE REASON.")},
	{"ignore-unknown-rule", SL_WARNING, SL_ON_END, T_Invalid, 0, unknown_rule,
	gettext_noop("The rules are in doc/lint.md.")},
	{NULL}
};
