/*-------------------------------------------------------------------------
 *
 * type_rules.c
 *	  Rules: types that are regretted later.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/lint/type_rules.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"

#include "lint/lint_private.h"


static bool
is_type(const SlSubject *subject, const char *name)
{
	const char *builtin = sl_lint_builtin_type(subject->type);

	return builtin != NULL && strcmp(builtin, name) == 0;
}

/* The column, or, retyped, the one that the command names. */
static const char *
column_name(const SlSubject *subject)
{
	return quote_identifier(subject->column != NULL ?
							subject->column->colname : subject->cmd->name);
}

static void
char_field(SlLint *lint, const SlSubject *subject)
{
	/* "char", with its quotes, is another type */
	if (is_type(subject, "bpchar") && subject->type->typmods != NIL)
		sl_lint_find(lint, SL_WARNING,
					 psprintf(_("column %s is %s: padded with blanks, which comparisons overlook"),
							  column_name(subject),
							  sl_lint_type_text(subject->type)));
}

/* A key that counts up will come to its end; a flag or a number will not. */
static bool
is_key(const SlSubject *subject)
{
	ListCell   *cell;

	if (subject->column == NULL)
		return false;
	foreach(cell, subject->column->constraints)
	{
		Constraint *constraint = lfirst_node(Constraint, cell);

		if (constraint->contype == CONSTR_PRIMARY ||
			constraint->contype == CONSTR_IDENTITY ||
			constraint->contype == CONSTR_FOREIGN)
			return true;
	}
	return false;
}

static bool
is_one_of(const TypeName *type, const char *const *names, int count)
{
	int			i;

	if (!sl_lint_is_serial(type))
		return false;
	for (i = 0; i < count; i++)
		if (strcmp(strVal(linitial(type->names)), names[i]) == 0)
			return true;
	return false;
}

static void
int_field(SlLint *lint, const SlSubject *subject)
{
	static const char *const serials[] = {"serial", "serial4"};
	bool		serial = is_one_of(subject->type, serials, 2);

	if (serial || is_type(subject, "int4"))
		sl_lint_find(lint, serial || is_key(subject) ?
					 SL_WARNING : SL_INFO,
					 psprintf(_("column %s is %s: it ends at 2147483647"),
							  column_name(subject),
							  sl_lint_type_text(subject->type)));
}

static void
smallint_field(SlLint *lint, const SlSubject *subject)
{
	static const char *const serials[] = {"smallserial", "serial2"};
	bool		serial = is_one_of(subject->type, serials, 2);

	if (serial || is_type(subject, "int2"))
		sl_lint_find(lint, serial || is_key(subject) ?
					 SL_WARNING : SL_INFO,
					 psprintf(_("column %s is %s: it ends at 32767"),
							  column_name(subject),
							  sl_lint_type_text(subject->type)));
}

static void
serial_field(SlLint *lint, const SlSubject *subject)
{
	if (sl_lint_is_serial(subject->type))
		sl_lint_find(lint, SL_INFO,
					 psprintf(_("column %s is %s: its sequence has an owner and privileges of its own, and a default that anybody can overwrite"),
							  column_name(subject),
							  sl_lint_type_text(subject->type)));
}

static void
varchar_field(SlLint *lint, const SlSubject *subject)
{
	if (is_type(subject, "varchar") && subject->type->typmods != NIL)
		sl_lint_find(lint, SL_INFO,
					 psprintf(_("column %s is %s: to make it shorter later rewrites the table"),
							  column_name(subject),
							  sl_lint_type_text(subject->type)));
}

static void
timestamp_field(SlLint *lint, const SlSubject *subject)
{
	if (is_type(subject, "timestamp"))
		sl_lint_find(lint, SL_INFO,
					 psprintf(_("column %s is timestamp without time zone: which moment it means depends on who reads it"),
							  column_name(subject)));
}

static void
json_field(SlLint *lint, const SlSubject *subject)
{
	if (is_type(subject, "json"))
		sl_lint_find(lint, SL_WARNING,
					 psprintf(_("column %s is json, which has no equality: DISTINCT, GROUP BY and UNION over it fail"),
							  column_name(subject)));
}

static void
create_enum(SlLint *lint, const SlSubject *subject)
{
	CreateEnumStmt *stmt = (CreateEnumStmt *) subject->stmt;

	sl_lint_find(lint, SL_INFO,
				 psprintf(_("a value of enum %s can never be removed"),
						  quote_identifier(sl_lint_last(stmt->typeName))));
}

static void
add_enum_value(SlLint *lint, const SlSubject *subject)
{
	AlterEnumStmt *stmt = (AlterEnumStmt *) subject->stmt;

	if (stmt->oldVal == NULL && stmt->newVal != NULL &&
		stmt->newValNeighbor == NULL)
		sl_lint_find(lint, SL_INFO,
					 psprintf(_("value %s goes to the end of enum %s, and sorts after all others"),
							  quote_literal_cstr(stmt->newVal),
							  quote_identifier(sl_lint_last(stmt->typeName))));
}

const SlLintRule sl_lint_type_rules[] = {
	{"ban-char-field", SL_WARNING, SL_ON_TYPE, T_Invalid, 0, char_field,
	gettext_noop("Use text, with a check constraint for the length if it matters.")},
	{"prefer-bigint-over-int", SL_WARNING, SL_ON_TYPE, T_Invalid, 0, int_field,
	gettext_noop("Use bigint for whatever counts up: it costs four bytes, and to change it later a rewrite.")},
	{"prefer-bigint-over-smallint", SL_WARNING, SL_ON_TYPE, T_Invalid, 0,
		smallint_field,
	gettext_noop("Use bigint for whatever counts up: padding often eats what the small one saves.")},
	{"prefer-identity", SL_INFO, SL_ON_TYPE, T_Invalid, 0, serial_field,
	gettext_noop("Use bigint GENERATED ALWAYS AS IDENTITY.")},
	{"prefer-text-field", SL_INFO, SL_ON_TYPE, T_Invalid, 0, varchar_field,
	gettext_noop("Use text with a check constraint for the length, which can be changed with NOT VALID and VALIDATE.")},
	{"prefer-timestamp-tz", SL_INFO, SL_ON_TYPE, T_Invalid, 0,
		timestamp_field,
	gettext_noop("Use timestamptz.")},
	{"prefer-jsonb", SL_WARNING, SL_ON_TYPE, T_Invalid, 0, json_field,
	gettext_noop("Use jsonb, unless the very text has to be kept.")},
	{"creating-enum", SL_INFO, SL_ON_STATEMENT, T_CreateEnumStmt, 0,
		create_enum,
	gettext_noop("Where values come and go, use a table of values and a foreign key.")},
	{"require-enum-value-ordering", SL_INFO, SL_ON_STATEMENT, T_AlterEnumStmt,
		0, add_enum_value,
	gettext_noop("Say BEFORE or AFTER which one it belongs, if the order means anything.")},
	{NULL}
};
