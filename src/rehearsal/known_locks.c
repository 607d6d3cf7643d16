/*-------------------------------------------------------------------------
 *
 * known_locks.c
 *	  Which relations a statement will lock, and how, from its tree alone.
 *
 * For statements that are not run, and to know before a statement begins
 * whether it may get in the way of others.  Of ALTER TABLE the server says it
 * itself; the rest is a table, from the server's documentation of explicit
 * locking and from its source.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/rehearsal/known_locks.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "commands/defrem.h"
#include "commands/tablecmds.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"

#include "rehearsal/dry_run.h"

typedef void (*Locker) (Node *stmt, SlKnownLocks *known);

static void
add_lock(SlKnownLocks *known, RangeVar *relation, LOCKMODE mode)
{
	SlKnownLock *lock;

	if (relation == NULL)
		return;
	lock = palloc_object(SlKnownLock);
	lock->relation = relation;
	lock->mode = mode;
	known->locks = lappend(known->locks, lock);
}

static void
add_list(SlKnownLocks *known, List *relations, LOCKMODE mode)
{
	ListCell   *cell;

	foreach(cell, relations)
		add_lock(known, lfirst_node(RangeVar, cell), mode);
}

/* A name as DROP and COMMENT have it, without its last 'parts' parts. */
static void
add_names(SlKnownLocks *known, Node *object, int parts, LOCKMODE mode)
{
	List	   *names;

	if (object == NULL || !IsA(object, List))
		return;
	names = list_copy((List *) object);
	names = list_truncate(names, Max(list_length(names) - parts, 0));
	if (names != NIL && list_length(names) <= 3)
		add_lock(known, makeRangeVarFromNameList(names), mode);
}

/* It locks none, or what it runs is asked about by itself. */
static void
lock_none(Node *stmt, SlKnownLocks *known)
{
}

/* A foreign key asks its other table not to change. */
static void
add_referenced(SlKnownLocks *known, Node *element)
{
	if (element == NULL)
		return;
	if (IsA(element, Constraint))
	{
		Constraint *constraint = (Constraint *) element;

		if (constraint->contype == CONSTR_FOREIGN)
			add_lock(known, constraint->pktable, ShareRowExclusiveLock);
	}
	else if (IsA(element, ColumnDef))
	{
		ListCell   *cell;

		foreach(cell, ((ColumnDef *) element)->constraints)
			add_referenced(known, lfirst(cell));
	}
}

static void
lock_alter_table(Node *node, SlKnownLocks *known)
{
	AlterTableStmt *stmt = (AlterTableStmt *) node;
	LOCKMODE	mode = AlterTableGetLockLevel(stmt->cmds);
	ListCell   *cell;

	add_lock(known, stmt->relation, mode);
	foreach(cell, stmt->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, cell);

		if (cmd->subtype == AT_AttachPartition ||
			cmd->subtype == AT_DetachPartition)
			add_lock(known, ((PartitionCmd *) cmd->def)->name,
					 ((PartitionCmd *) cmd->def)->concurrent ?
					 ShareUpdateExclusiveLock : AccessExclusiveLock);
		else if (cmd->subtype == AT_AddInherit)
			add_lock(known, (RangeVar *) cmd->def, ShareUpdateExclusiveLock);
		else
			add_referenced(known, cmd->def);
	}
}

static void
lock_create(Node *node, SlKnownLocks *known)
{
	CreateStmt *stmt = (CreateStmt *) node;
	ListCell   *cell;

	add_list(known, stmt->inhRelations, stmt->partbound != NULL ?
			 AccessExclusiveLock : ShareUpdateExclusiveLock);
	foreach(cell, stmt->tableElts)
		add_referenced(known, lfirst(cell));
	foreach(cell, stmt->constraints)
		add_referenced(known, lfirst(cell));
}

static void
lock_index(Node *node, SlKnownLocks *known)
{
	IndexStmt  *stmt = (IndexStmt *) node;

	add_lock(known, stmt->relation, stmt->concurrent ?
			 ShareUpdateExclusiveLock : ShareLock);
}

static void
lock_drop(Node *node, SlKnownLocks *known)
{
	DropStmt   *stmt = (DropStmt *) node;
	LOCKMODE	mode = stmt->concurrent ? ShareUpdateExclusiveLock :
		AccessExclusiveLock;
	ListCell   *cell;

	known->others = stmt->behavior == DROP_CASCADE;
	foreach(cell, stmt->objects)
	{
		switch (stmt->removeType)
		{
			case OBJECT_TABLE:
			case OBJECT_SEQUENCE:
			case OBJECT_VIEW:
			case OBJECT_MATVIEW:
			case OBJECT_INDEX:
			case OBJECT_FOREIGN_TABLE:
				add_names(known, lfirst(cell), 0, mode);
				break;
			case OBJECT_TRIGGER:
			case OBJECT_RULE:
			case OBJECT_POLICY:
				add_names(known, lfirst(cell), 1, mode);
				break;
			default:
				break;
		}
	}
}

static void
lock_rename(Node *node, SlKnownLocks *known)
{
	RenameStmt *stmt = (RenameStmt *) node;

	add_lock(known, stmt->relation, stmt->renameType == OBJECT_INDEX ?
			 ShareUpdateExclusiveLock : AccessExclusiveLock);
}

static void
lock_truncate(Node *node, SlKnownLocks *known)
{
	TruncateStmt *stmt = (TruncateStmt *) node;

	add_list(known, stmt->relations, AccessExclusiveLock);
	known->others = stmt->behavior == DROP_CASCADE;
}

/* An option of VACUUM or REINDEX; what is none counts as off. */
static bool
is_on(List *options, const char *name)
{
	ListCell   *cell;
	bool		on = false;

	foreach(cell, options)
	{
		DefElem    *option = lfirst_node(DefElem, cell);

		if (strcmp(option->defname, name) == 0)
			on = option->arg == NULL || defGetBoolean(option);
	}
	return on;
}

static void
lock_reindex(Node *node, SlKnownLocks *known)
{
	ReindexStmt *stmt = (ReindexStmt *) node;
	bool		concurrently = is_on(stmt->params, "concurrently");

	if (stmt->relation == NULL)
		known->others = !concurrently;
	else if (concurrently)
		add_lock(known, stmt->relation, ShareUpdateExclusiveLock);
	else
		add_lock(known, stmt->relation,
				 stmt->kind == REINDEX_OBJECT_INDEX ? AccessExclusiveLock :
				 ShareLock);
}

static void
lock_vacuum(Node *node, SlKnownLocks *known)
{
	VacuumStmt *stmt = (VacuumStmt *) node;
	LOCKMODE	mode = is_on(stmt->options, "full") ? AccessExclusiveLock :
		ShareUpdateExclusiveLock;
	ListCell   *cell;

	foreach(cell, stmt->rels)
		add_lock(known, lfirst_node(VacuumRelation, cell)->relation, mode);
}

static void
lock_cluster(Node *node, SlKnownLocks *known)
{
	add_lock(known, ((ClusterStmt *) node)->relation, AccessExclusiveLock);
}

static void
lock_lock(Node *node, SlKnownLocks *known)
{
	LockStmt   *stmt = (LockStmt *) node;

	add_list(known, stmt->relations, stmt->mode);
}

static void
lock_trigger(Node *node, SlKnownLocks *known)
{
	CreateTrigStmt *stmt = (CreateTrigStmt *) node;

	add_lock(known, stmt->relation, ShareRowExclusiveLock);
	add_lock(known, stmt->constrrel, ShareRowExclusiveLock);
}

static void
lock_create_policy(Node *node, SlKnownLocks *known)
{
	add_lock(known, ((CreatePolicyStmt *) node)->table, AccessExclusiveLock);
}

static void
lock_alter_policy(Node *node, SlKnownLocks *known)
{
	add_lock(known, ((AlterPolicyStmt *) node)->table, AccessExclusiveLock);
}

static void
lock_rule(Node *node, SlKnownLocks *known)
{
	add_lock(known, ((RuleStmt *) node)->relation, AccessExclusiveLock);
}

static void
lock_statistics(Node *node, SlKnownLocks *known)
{
	ListCell   *cell;

	foreach(cell, ((CreateStatsStmt *) node)->relations)
		if (IsA(lfirst(cell), RangeVar))
			add_lock(known, lfirst(cell), ShareUpdateExclusiveLock);
}

static void
lock_comment(Node *node, SlKnownLocks *known)
{
	CommentStmt *stmt = (CommentStmt *) node;

	switch (stmt->objtype)
	{
		case OBJECT_TABLE:
		case OBJECT_SEQUENCE:
		case OBJECT_VIEW:
		case OBJECT_MATVIEW:
		case OBJECT_INDEX:
		case OBJECT_FOREIGN_TABLE:
			add_names(known, stmt->object, 0, ShareUpdateExclusiveLock);
			break;
		case OBJECT_COLUMN:
			add_names(known, stmt->object, 1, ShareUpdateExclusiveLock);
			break;
		default:
			break;
	}
}

static void
lock_schema(Node *node, SlKnownLocks *known)
{
	add_lock(known, ((AlterObjectSchemaStmt *) node)->relation,
			 AccessExclusiveLock);
}

static void
lock_view(Node *node, SlKnownLocks *known)
{
	ViewStmt   *stmt = (ViewStmt *) node;

	if (stmt->replace)
		add_lock(known, stmt->view, AccessExclusiveLock);
}

static void
lock_refresh(Node *node, SlKnownLocks *known)
{
	RefreshMatViewStmt *stmt = (RefreshMatViewStmt *) node;

	add_lock(known, stmt->relation, stmt->concurrent ? ExclusiveLock :
			 AccessExclusiveLock);
}

static void
lock_sequence(Node *node, SlKnownLocks *known)
{
	add_lock(known, ((AlterSeqStmt *) node)->sequence, ShareRowExclusiveLock);
}

static void
lock_copy(Node *node, SlKnownLocks *known)
{
	CopyStmt   *stmt = (CopyStmt *) node;

	add_lock(known, stmt->relation, stmt->is_from ? RowExclusiveLock :
			 AccessShareLock);
}

static bool
read_walker(Node *node, void *known)
{
	if (node == NULL)
		return false;
	if (IsA(node, RangeVar))
	{
		add_lock(known, (RangeVar *) node, AccessShareLock);
		return false;
	}
	return raw_expression_tree_walker(node, read_walker, known);
}

/* What a query reads; what it writes is named where it writes. */
static void
lock_query(Node *node, SlKnownLocks *known)
{
	switch (nodeTag(node))
	{
		case T_InsertStmt:
			add_lock(known, ((InsertStmt *) node)->relation,
					 RowExclusiveLock);
			break;
		case T_UpdateStmt:
			add_lock(known, ((UpdateStmt *) node)->relation,
					 RowExclusiveLock);
			break;
		case T_DeleteStmt:
			add_lock(known, ((DeleteStmt *) node)->relation,
					 RowExclusiveLock);
			break;
		case T_MergeStmt:
			add_lock(known, ((MergeStmt *) node)->relation,
					 RowExclusiveLock);
			break;
		default:
			break;
	}
	(void) raw_expression_tree_walker(node, read_walker, known);
}

/* What is not here may lock anything. */
static const struct
{
	NodeTag		tag;
	Locker		locker;
}			lockers[] =
{
	{T_AlterTableStmt, lock_alter_table},
	{T_CreateStmt, lock_create},
	{T_IndexStmt, lock_index},
	{T_DropStmt, lock_drop},
	{T_RenameStmt, lock_rename},
	{T_TruncateStmt, lock_truncate},
	{T_ReindexStmt, lock_reindex},
	{T_VacuumStmt, lock_vacuum},
	{T_ClusterStmt, lock_cluster},
	{T_LockStmt, lock_lock},
	{T_CreateTrigStmt, lock_trigger},
	{T_CreatePolicyStmt, lock_create_policy},
	{T_AlterPolicyStmt, lock_alter_policy},
	{T_RuleStmt, lock_rule},
	{T_CreateStatsStmt, lock_statistics},
	{T_CommentStmt, lock_comment},
	{T_AlterObjectSchemaStmt, lock_schema},
	{T_ViewStmt, lock_view},
	{T_RefreshMatViewStmt, lock_refresh},
	{T_AlterSeqStmt, lock_sequence},
	{T_CopyStmt, lock_copy},
	{T_InsertStmt, lock_query},
	{T_UpdateStmt, lock_query},
	{T_DeleteStmt, lock_query},
	{T_MergeStmt, lock_query},
	{T_SelectStmt, lock_query},
	/* these run others, which come by themselves */
	{T_CallStmt, lock_none},
	{T_CreateExtensionStmt, lock_none},
	{T_CreateSchemaStmt, lock_none},
	{T_DoStmt, lock_none},
	{T_ExecuteStmt, lock_none},
	{T_ExplainStmt, lock_none},
	/* these lock what they make, or what is no relation */
	{T_AlterDatabaseSetStmt, lock_none},
	{T_AlterDatabaseStmt, lock_none},
	{T_AlterDefaultPrivilegesStmt, lock_none},
	{T_AlterEnumStmt, lock_none},
	{T_AlterFunctionStmt, lock_none},
	{T_AlterOwnerStmt, lock_none},
	{T_AlterRoleSetStmt, lock_none},
	{T_AlterRoleStmt, lock_none},
	{T_AlterSystemStmt, lock_none},
	{T_CheckPointStmt, lock_none},
	{T_ClosePortalStmt, lock_none},
	{T_CompositeTypeStmt, lock_none},
	{T_ConstraintsSetStmt, lock_none},
	{T_CreateCastStmt, lock_none},
	{T_CreateDomainStmt, lock_none},
	{T_CreateEnumStmt, lock_none},
	{T_CreateFunctionStmt, lock_none},
	{T_CreateRangeStmt, lock_none},
	{T_CreateRoleStmt, lock_none},
	{T_CreateSeqStmt, lock_none},
	{T_CreateTableAsStmt, lock_none},
	{T_CreatedbStmt, lock_none},
	{T_DeallocateStmt, lock_none},
	{T_DeclareCursorStmt, lock_none},
	{T_DefineStmt, lock_none},
	{T_DropRoleStmt, lock_none},
	{T_DropdbStmt, lock_none},
	{T_FetchStmt, lock_none},
	{T_GrantRoleStmt, lock_none},
	{T_GrantStmt, lock_none},
	{T_LoadStmt, lock_none},
	{T_NotifyStmt, lock_none},
	{T_PrepareStmt, lock_none},
	{T_VariableSetStmt, lock_none},
	{T_VariableShowStmt, lock_none},
};

/* See dry_run.h. */
void
sl_known_locks(Node *stmt, SlKnownLocks *known)
{
	int			i;

	known->locks = NIL;
	known->others = false;
	for (i = 0; i < (int) lengthof(lockers); i++)
	{
		if (nodeTag(stmt) == lockers[i].tag)
		{
			lockers[i].locker(stmt, known);
			return;
		}
	}
	known->others = true;
}

/*
 * The relation that is meant, without a lock and without an error: InvalidOid
 * if there is none.
 */
Oid
sl_known_relation(const RangeVar *relation)
{
	Oid			namespace;

	if (relation->relpersistence == RELPERSISTENCE_TEMP)
		return InvalidOid;
	if (relation->schemaname == NULL)
		return RelnameGetRelid(relation->relname);
	namespace = get_namespace_oid(relation->schemaname, true);
	return OidIsValid(namespace) ?
		get_relname_relid(relation->relname, namespace) : InvalidOid;
}
