/*-------------------------------------------------------------------------
 *
 * lock_rules.c
 *	  Rules: locks that others wait for, and for how long.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/lint/lock_rules.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "storage/lock.h"
#include "utils/guc.h"

#include "common/settings.h"
#include "lint/lint_private.h"

/* The strongest lock of a statement on a table that others may use. */
typedef struct Strongest
{
	SlTable    *table;
	LOCKMODE	mode;
	bool		large;			/* only where there are many rows */
} Strongest;

static void
take_strongest(SlLint *lint, SlTable *table, LOCKMODE mode, void *arg)
{
	Strongest  *strongest = (Strongest *) arg;

	if (sl_lint_table_is_new(table) ||
		(strongest->large && sl_lint_table_has_few_rows(table)))
		return;
	if (mode > strongest->mode)
	{
		strongest->table = table;
		strongest->mode = mode;
	}
}

static Strongest
strongest_lock(SlLint *lint, Node *stmt, bool large)
{
	Strongest	strongest = {NULL, NoLock, false};

	strongest.large = large;
	sl_lint_locks_of(lint, stmt, take_strongest, &strongest);
	return strongest;
}

/* What the script says, else what the runner sets. */
static bool
is_bounded(const char *said, int otherwise)
{
	int			value;

	if (said == NULL)
		return otherwise > 0;
	return !parse_int(said, &value, GUC_UNIT_MS, NULL) || value > 0;
}

/* Behind whoever waits for a lock, everybody else waits. */
static void
require_lock_timeout(SlLint *lint, const SlSubject *subject)
{
	Strongest	lock;

	if (lint->script.told_lock_timeout ||
		is_bounded(lint->script.lock_timeout, sl_migration_lock_timeout))
		return;
	lock = strongest_lock(lint, subject->stmt, false);
	if (lock.table == NULL)
		return;
	lint->script.told_lock_timeout = true;
	sl_lint_find(lint, SL_WARNING,
				 psprintf(_("%s on %s is waited for without a lock_timeout, and all others wait behind it"),
						  sl_lint_lock_name(lock.mode),
						  sl_lint_locked_text(lock.table)));
}

static void
require_statement_timeout(SlLint *lint, const SlSubject *subject)
{
	Strongest	lock;

	if (lint->script.told_statement_timeout ||
		is_bounded(lint->script.statement_timeout,
				   sl_migration_statement_timeout))
		return;
	lock = strongest_lock(lint, subject->stmt, true);
	if (lock.table == NULL)
		return;
	lint->script.told_statement_timeout = true;
	sl_lint_find(lint, SL_INFO,
				 psprintf(_("nothing bounds the time for which %s on %s is held"),
						  sl_lint_lock_name(lock.mode),
						  sl_lint_locked_text(lock.table)));
}

static bool
is_large(SlLint *lint, const RangeVar *name)
{
	SlTable    *table;

	if (name == NULL)
		return true;
	table = sl_lint_table(lint, name);
	return !sl_lint_table_is_new(table) && !sl_lint_table_has_few_rows(table);
}

/* What may take long: it reads or writes many rows, or nobody knows. */
static const char *
long_command(SlLint *lint, Node *stmt)
{
	ListCell   *cell;

	switch (nodeTag(stmt))
	{
		case T_UpdateStmt:
			return is_large(lint, ((UpdateStmt *) stmt)->relation) ?
				"UPDATE" : NULL;
		case T_DeleteStmt:
			return is_large(lint, ((DeleteStmt *) stmt)->relation) ?
				"DELETE" : NULL;
		case T_MergeStmt:
			return "MERGE";
		case T_InsertStmt:
			{
				SelectStmt *source = (SelectStmt *)
					((InsertStmt *) stmt)->selectStmt;

				return source != NULL && IsA(source, SelectStmt) &&
					source->valuesLists == NIL && source->fromClause != NIL ?
					"INSERT ... SELECT" : NULL;
			}
		case T_CopyStmt:
			return ((CopyStmt *) stmt)->is_from ? "COPY" : NULL;
		case T_CallStmt:
			return "CALL";
		case T_IndexStmt:
			return is_large(lint, ((IndexStmt *) stmt)->relation) ?
				"CREATE INDEX" : NULL;
		case T_RefreshMatViewStmt:
			return is_large(lint, ((RefreshMatViewStmt *) stmt)->relation) ?
				"REFRESH MATERIALIZED VIEW" : NULL;
		case T_AlterTableStmt:
			foreach(cell, ((AlterTableStmt *) stmt)->cmds)
			{
				AlterTableCmd *cmd = lfirst_node(AlterTableCmd, cell);

				if (cmd->subtype == AT_ValidateConstraint &&
					is_large(lint, ((AlterTableStmt *) stmt)->relation))
					return "VALIDATE CONSTRAINT";
			}
			return NULL;
		default:
			return NULL;
	}
}

static void
statement_after_lock(SlLint *lint, const SlSubject *subject)
{
	Strongest	lock;
	const char *command;

	if (!lint->script.transactional)
		return;
	if (lint->script.held != NULL)
	{
		command = lint->script.told_held ? NULL :
			long_command(lint, subject->stmt);
		if (command == NULL)
			return;
		lint->script.told_held = true;
		sl_lint_find(lint, SL_WARNING,
					 psprintf(_("%s runs while %s is locked with ACCESS EXCLUSIVE, until the revision's end"),
							  command,
							  sl_lint_locked_text(lint->script.held)));
		return;
	}
	lock = strongest_lock(lint, subject->stmt, true);
	if (lock.mode == AccessExclusiveLock)
		lint->script.held = lock.table;
}

static void
lock_table(SlLint *lint, const SlSubject *subject)
{
	LockStmt   *stmt = (LockStmt *) subject->stmt;
	ListCell   *cell;

	if (stmt->mode < ShareLock)
		return;
	foreach(cell, stmt->relations)
	{
		SlTable    *table = sl_lint_table(lint, lfirst(cell));

		sl_lint_find(lint, sl_lint_weigh(table, SL_WARNING),
					 psprintf(_("LOCK TABLE holds %s on table %s until the revision's end"),
							  sl_lint_lock_name(stmt->mode),
							  sl_lint_table_text(table)));
	}
}

static void
require_concurrent_refresh(SlLint *lint, const SlSubject *subject)
{
	RefreshMatViewStmt *stmt = (RefreshMatViewStmt *) subject->stmt;
	SlTable    *table = sl_lint_table(lint, stmt->relation);

	if (!stmt->concurrent && !stmt->skipData)
		sl_lint_find(lint, sl_lint_weigh(table, SL_WARNING),
					 psprintf(_("REFRESH MATERIALIZED VIEW keeps readers from %s while it runs"),
							  sl_lint_table_text(table)));
}

const SlLintRule sl_lint_lock_rules[] = {
	{"require-lock-timeout", SL_WARNING, SL_ON_STATEMENT, T_Invalid, 0,
		require_lock_timeout,
	gettext_noop("Leave schema_lifecycle.migration_lock_timeout at more than 0, or SET LOCAL lock_timeout in the script.")},
	{"require-statement-timeout", SL_INFO, SL_ON_STATEMENT, T_Invalid, 0,
		require_statement_timeout,
	gettext_noop("Set schema_lifecycle.migration_statement_timeout, or SET LOCAL statement_timeout in the script.")},
	{"statement-after-exclusive-lock", SL_WARNING, SL_ON_STATEMENT, T_Invalid,
		0, statement_after_lock,
	gettext_noop("Put it into a revision of its own, before or after.")},
	{"lock-table", SL_WARNING, SL_ON_STATEMENT, T_LockStmt, 0, lock_table,
	gettext_noop("Let the statements take the locks that they need, or lock as late as possible.")},
	{"require-concurrent-refresh", SL_WARNING, SL_ON_STATEMENT,
		T_RefreshMatViewStmt, 0, require_concurrent_refresh,
	gettext_noop("Make a unique index on it, and REFRESH MATERIALIZED VIEW CONCURRENTLY.")},
	{NULL}
};
