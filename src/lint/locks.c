/*-------------------------------------------------------------------------
 *
 * locks.c
 *	  Which locks a statement takes, on tables that are there before it.
 *
 * The level of ALTER TABLE is asked of the server that will run it.  Only
 * what stops readers or writers for a while is of interest: SHARE and above.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/lint/locks.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "commands/tablecmds.h"
#include "nodes/nodeFuncs.h"
#include "storage/lock.h"

#include "lint/lint_private.h"

typedef struct Visit
{
	SlLint	   *lint;
	SlLockVisitor visit;
	void	   *arg;
} Visit;

/* An index is locked with its table, which is what others wait for. */
static void
lock(Visit *visit, SlTable *table, LOCKMODE mode)
{
	if (table->owner != NULL)
		table = table->owner;
	if (mode >= ShareLock)
		visit->visit(visit->lint, table, mode, visit->arg);
}

static void
lock_name(Visit *visit, const RangeVar *name, LOCKMODE mode)
{
	if (name != NULL)
		lock(visit, sl_lint_table(visit->lint, name), mode);
}

/* Both sides of a foreign key get triggers. */
static void
lock_referenced(Visit *visit, const Constraint *constraint)
{
	if (constraint->contype == CONSTR_FOREIGN)
		lock_name(visit, constraint->pktable, ShareRowExclusiveLock);
}

static void
lock_of_columns(Visit *visit, const ColumnDef *column)
{
	ListCell   *cell;

	foreach(cell, column->constraints)
		lock_referenced(visit, lfirst_node(Constraint, cell));
}

static void
locks_of_alter(Visit *visit, Node *node)
{
	AlterTableStmt *stmt = (AlterTableStmt *) node;
	ListCell   *cell;

	if (stmt->objtype == OBJECT_TYPE)
		return;
	lock_name(visit, stmt->relation, AlterTableGetLockLevel(stmt->cmds));
	foreach(cell, stmt->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, cell);

		if (cmd->subtype == AT_AddColumn)
			lock_of_columns(visit, (ColumnDef *) cmd->def);
		else if (cmd->subtype == AT_AddConstraint)
			lock_referenced(visit, (Constraint *) cmd->def);
		else if (cmd->subtype == AT_AttachPartition)
			lock_name(visit, ((PartitionCmd *) cmd->def)->name,
					  AccessExclusiveLock);
		else if (cmd->subtype == AT_DetachPartition)
			lock_name(visit, ((PartitionCmd *) cmd->def)->name,
					  AccessExclusiveLock);
	}
}

static void
locks_of_create(Visit *visit, Node *node)
{
	CreateStmt *stmt = (CreateStmt *) node;
	ListCell   *cell;

	if (stmt->partbound != NULL)
		foreach(cell, stmt->inhRelations)
			lock_name(visit, lfirst(cell), AccessExclusiveLock);
	foreach(cell, stmt->tableElts)
	{
		Node	   *element = lfirst(cell);

		if (IsA(element, ColumnDef))
			lock_of_columns(visit, (ColumnDef *) element);
		else if (IsA(element, Constraint))
			lock_referenced(visit, (Constraint *) element);
	}
}

static void
locks_of_drop(Visit *visit, Node *node)
{
	DropStmt   *stmt = (DropStmt *) node;
	ListCell   *cell;

	if (stmt->concurrent)
		return;
	foreach(cell, stmt->objects)
	{
		List	   *names = lfirst(cell);
		SlTable    *table;

		switch (stmt->removeType)
		{
			case OBJECT_TABLE:
			case OBJECT_VIEW:
			case OBJECT_MATVIEW:
			case OBJECT_FOREIGN_TABLE:
			case OBJECT_INDEX:
				break;
			case OBJECT_TRIGGER:
			case OBJECT_RULE:
			case OBJECT_POLICY:
				names = list_truncate(list_copy(names),
									  list_length(names) - 1);
				break;
			default:
				return;
		}
		table = sl_lint_table_of_names(visit->lint, names);
		if (stmt->missing_ok && sl_lint_table_is_absent(table))
			continue;
		if (stmt->removeType == OBJECT_INDEX && table->relkind == 0)
			table->relkind = RELKIND_INDEX;
		lock(visit, table, AccessExclusiveLock);
	}
}

static void
locks_of_index(Visit *visit, Node *node)
{
	IndexStmt  *stmt = (IndexStmt *) node;

	if (!stmt->concurrent)
		lock_name(visit, stmt->relation, ShareLock);
}

static void
locks_of_reindex(Visit *visit, Node *node)
{
	ReindexStmt *stmt = (ReindexStmt *) node;

	if (!sl_lint_defelem_bool(stmt->params, "concurrently", false))
		lock_name(visit, stmt->relation,
				  stmt->kind == REINDEX_OBJECT_INDEX ? AccessExclusiveLock :
				  ShareLock);
}

/* Of an index SHARE UPDATE EXCLUSIVE is enough. */
static void
locks_of_rename(Visit *visit, Node *node)
{
	RenameStmt *stmt = (RenameStmt *) node;

	if (stmt->relation != NULL && stmt->renameType != OBJECT_INDEX &&
		stmt->relationType != OBJECT_TYPE)
		lock_name(visit, stmt->relation, AccessExclusiveLock);
}

static void
locks_of_truncate(Visit *visit, Node *node)
{
	ListCell   *cell;

	foreach(cell, ((TruncateStmt *) node)->relations)
		lock_name(visit, lfirst(cell), AccessExclusiveLock);
}

static void
locks_of_lock(Visit *visit, Node *node)
{
	LockStmt   *stmt = (LockStmt *) node;
	ListCell   *cell;

	foreach(cell, stmt->relations)
		lock_name(visit, lfirst(cell), stmt->mode);
}

static void
locks_of_vacuum(Visit *visit, Node *node)
{
	VacuumStmt *stmt = (VacuumStmt *) node;
	ListCell   *cell;

	if (!stmt->is_vacuumcmd ||
		!sl_lint_defelem_bool(stmt->options, "full", false))
		return;
	foreach(cell, stmt->rels)
		lock_name(visit, ((VacuumRelation *) lfirst(cell))->relation,
				  AccessExclusiveLock);
}

static void
locks_of_refresh(Visit *visit, Node *node)
{
	RefreshMatViewStmt *stmt = (RefreshMatViewStmt *) node;

	lock_name(visit, stmt->relation,
			  stmt->concurrent ? ExclusiveLock : AccessExclusiveLock);
}

static void
locks_of_cluster(Visit *visit, Node *node)
{
	lock_name(visit, ((ClusterStmt *) node)->relation, AccessExclusiveLock);
}

static void
locks_of_trigger(Visit *visit, Node *node)
{
	lock_name(visit, ((CreateTrigStmt *) node)->relation,
			  ShareRowExclusiveLock);
}

static void
locks_of_rule(Visit *visit, Node *node)
{
	lock_name(visit, ((RuleStmt *) node)->relation, AccessExclusiveLock);
}

static void
locks_of_policy(Visit *visit, Node *node)
{
	lock_name(visit, ((CreatePolicyStmt *) node)->table, AccessExclusiveLock);
}

static void
locks_of_alter_policy(Visit *visit, Node *node)
{
	lock_name(visit, ((AlterPolicyStmt *) node)->table, AccessExclusiveLock);
}

static void
locks_of_move(Visit *visit, Node *node)
{
	lock_name(visit, ((AlterObjectSchemaStmt *) node)->relation,
			  AccessExclusiveLock);
}

static const struct
{
	NodeTag		tag;
	void		(*locks) (Visit *visit, Node *stmt);
}			lockers[] =
{
	{T_AlterTableStmt, locks_of_alter},
	{T_CreateStmt, locks_of_create},
	{T_DropStmt, locks_of_drop},
	{T_IndexStmt, locks_of_index},
	{T_ReindexStmt, locks_of_reindex},
	{T_RenameStmt, locks_of_rename},
	{T_TruncateStmt, locks_of_truncate},
	{T_LockStmt, locks_of_lock},
	{T_VacuumStmt, locks_of_vacuum},
	{T_RefreshMatViewStmt, locks_of_refresh},
	{T_ClusterStmt, locks_of_cluster},
	{T_CreateTrigStmt, locks_of_trigger},
	{T_RuleStmt, locks_of_rule},
	{T_CreatePolicyStmt, locks_of_policy},
	{T_AlterPolicyStmt, locks_of_alter_policy},
	{T_AlterObjectSchemaStmt, locks_of_move},
};

/* Visit every table that the statement locks, with SHARE or above. */
void
sl_lint_locks_of(SlLint *lint, Node *stmt, SlLockVisitor visit, void *arg)
{
	Visit		visiting = {lint, visit, arg};
	int			i;

	for (i = 0; i < (int) lengthof(lockers); i++)
		if (nodeTag(stmt) == lockers[i].tag)
			lockers[i].locks(&visiting, stmt);
}

/* What is locked, in words; of an unknown index, the table is, too. */
char *
sl_lint_locked_text(const SlTable *table)
{
	return psprintf(table->relkind == RELKIND_INDEX ?
					_("the table of index %s") : _("table %s"),
					sl_lint_table_text(table));
}

const char *
sl_lint_lock_name(LOCKMODE mode)
{
	switch (mode)
	{
		case ShareUpdateExclusiveLock:
			return "SHARE UPDATE EXCLUSIVE";
		case ShareLock:
			return "SHARE";
		case ShareRowExclusiveLock:
			return "SHARE ROW EXCLUSIVE";
		case ExclusiveLock:
			return "EXCLUSIVE";
		case AccessExclusiveLock:
			return "ACCESS EXCLUSIVE";
		default:
			return "weaker";
	}
}
