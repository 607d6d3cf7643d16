/*-------------------------------------------------------------------------
 *
 * trace_table.c
 *	  What ALTER TABLE and its like will change.
 *
 * Most of it the server tells while it happens, object by object, but not
 * all: what is inherited is merged in silence, an index becomes valid, a
 * constraint its parent's.  So the facts that a subcommand can change are
 * named before it runs.  The subcommands that need not be taken that seriously
 * are in a table; all others count for the whole relation.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/trace_table.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "nodes/parsenodes.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "catalog/catalog_private.h"

/* What a subcommand can change in silence. */
typedef enum Reach
{
	REACH_RELATION = 1,			/* the relation itself */
	REACH_COLUMN,				/* one column, and those that inherit it */
	REACH_NEW_COLUMN,			/* the same, which may not exist */
	REACH_CONSTRAINT,			/* one constraint */
	REACH_NEW_CONSTRAINT,
	REACH_ALL,					/* all that hangs on it and on its children */
	REACH_NAMES					/* and what has the name of it */
} Reach;

static const struct
{
	AlterTableType subtype;
	Reach		reach;
}			subcommands[] = {
	{AT_AddColumn, REACH_NEW_COLUMN},
	{AT_DropColumn, REACH_COLUMN},
	{AT_ColumnDefault, REACH_COLUMN},
	{AT_CookedColumnDefault, REACH_ALL},
	{AT_DropNotNull, REACH_COLUMN},
	{AT_SetNotNull, REACH_COLUMN},
	{AT_DropExpression, REACH_COLUMN},
	{AT_SetOptions, REACH_COLUMN},
	{AT_ResetOptions, REACH_COLUMN},
	{AT_SetStorage, REACH_COLUMN},
	{AT_SetCompression, REACH_COLUMN},
	{AT_SetStatistics, REACH_COLUMN},
	{AT_AddIdentity, REACH_COLUMN},
	{AT_SetIdentity, REACH_COLUMN},
	{AT_DropIdentity, REACH_COLUMN},
	{AT_AlterColumnGenericOptions, REACH_COLUMN},
	{AT_AddConstraint, REACH_NEW_CONSTRAINT},
	{AT_AlterConstraint, REACH_CONSTRAINT},
	{AT_ValidateConstraint, REACH_CONSTRAINT},
	{AT_DropConstraint, REACH_CONSTRAINT},
	{AT_AlterColumnType, REACH_NAMES},
	{AT_SetLogged, REACH_NAMES},
	{AT_SetUnLogged, REACH_NAMES},
	{AT_SetTableSpace, REACH_RELATION},
	{AT_SetRelOptions, REACH_RELATION},
	{AT_ResetRelOptions, REACH_RELATION},
	{AT_ReplaceRelOptions, REACH_RELATION},
	{AT_GenericOptions, REACH_RELATION},
	{AT_ReplicaIdentity, REACH_RELATION},
	{AT_AddOf, REACH_RELATION},
	{AT_DropOf, REACH_RELATION},
	{AT_EnableRowSecurity, REACH_RELATION},
	{AT_DisableRowSecurity, REACH_RELATION},
	{AT_ForceRowSecurity, REACH_RELATION},
	{AT_NoForceRowSecurity, REACH_RELATION},
};

static Reach
reach_of(AlterTableType subtype)
{
	int			i;

	for (i = 0; i < (int) lengthof(subcommands); i++)
		if (subcommands[i].subtype == subtype)
			return subcommands[i].reach;
	return REACH_ALL;
}

/* A relation by the name that a statement has for it; InvalidOid for none. */
Oid
sl_named_relation(const RangeVar *name)
{
	return name == NULL ? InvalidOid :
		RangeVarGetRelid(name, NoLock, true);
}

/* A relation and all that inherit from it. */
List *
sl_relation_family(Oid relid)
{
	if (!has_subclass(relid))
		return list_make1_oid(relid);
	return find_all_inheritors(relid, NoLock, NULL);
}

/* A relation, an index as what it counts as. */
static void
add_relation(SlTouched *touched, Oid relid, bool deep)
{
	ObjectAddress address;

	ObjectAddressSet(address, RelationRelationId, relid);
	if (OidIsValid(relid) && sl_carrier(&address, NULL))
		sl_add_target(&touched->targets, address.classId, address.objectId,
					  address.objectSubId,
					  deep && address.classId == RelationRelationId &&
					  address.objectSubId == 0);
}

/* All that hangs on a relation, and on those that inherit from it. */
void
sl_touch_family(SlTouched *touched, Oid relid)
{
	ListCell   *cell;

	if (!OidIsValid(relid))
		return;
	foreach(cell, sl_relation_family(relid))
		add_relation(touched, lfirst_oid(cell), true);
}

/* And all that has the name of it, or of something that hangs on it. */
void
sl_touch_names(SlTouched *touched, Oid relid)
{
	ListCell   *cell;
	bool		known = true;

	if (!OidIsValid(relid))
		return;
	sl_touch_family(touched, relid);
	foreach(cell, sl_relation_family(relid))
		known &= sl_add_dependents(&touched->targets, RelationRelationId,
								   lfirst_oid(cell));
	touched->everything |= !known;
}

static void
touch_column(SlTouched *touched, Oid relid, const char *name)
{
	ListCell   *cell;

	foreach(cell, sl_relation_family(relid))
	{
		AttrNumber	attnum = get_attnum(lfirst_oid(cell), name);
		ObjectAddress address;

		if (attnum == InvalidAttrNumber)
			continue;
		ObjectAddressSubSet(address, RelationRelationId, lfirst_oid(cell),
							attnum);
		if (sl_carrier(&address, NULL))
			sl_add_target(&touched->targets, address.classId,
						  address.objectId, address.objectSubId, false);
	}
}

/* An identity's sequence looks like any other while it is being dropped. */
static void
touch_identity(SlTouched *touched, Oid relid)
{
	ListCell   *cell;

	foreach(cell, getOwnedSequences(relid))
		sl_add_target(&touched->targets, RelationRelationId, lfirst_oid(cell),
					  0, false);
}

static void
touch_constraint(SlTouched *touched, Oid relid, const char *name)
{
	ListCell   *cell;

	if (name == NULL)
		return;
	foreach(cell, sl_relation_family(relid))
	{
		Oid			constraint = get_relation_constraint_oid(lfirst_oid(cell),
															 name, true);

		if (OidIsValid(constraint))
			sl_add_target(&touched->targets, ConstraintRelationId, constraint,
						  0, false);
	}
}

/*
 * A new constraint makes columns NOT NULL, takes over an index, or merges with
 * one of its name; those of partitions become the parent's.
 */
static void
touch_new_constraint(SlTouched *touched, Oid relid, Constraint *constraint)
{
	ListCell   *cell;

	if (has_subclass(relid) || constraint->indexname != NULL)
	{
		sl_touch_family(touched, relid);
		return;
	}
	touch_constraint(touched, relid, constraint->conname);
	foreach(cell, constraint->keys)
		touch_column(touched, relid, strVal(lfirst(cell)));
}

/*
 * Views and functions whose text a column may change that they do not mention:
 * they give aliases to columns that would be ambiguous.  Those that inherit
 * from the relation get and lose the column with it.
 */
void
sl_touch_views(SlTouched *touched, Oid relid)
{
	ListCell   *cell;

	foreach(cell, sl_relation_family(relid))
		sl_add_readers(&touched->targets, lfirst_oid(cell),
					   InvalidAttrNumber);
}

/*
 * The indexes of a relation: Form_pg_index, copies.
 */
static List *
indexes_of(Oid relid)
{
	Relation	catalog = table_open(IndexRelationId, AccessShareLock);
	ScanKeyData keys[1];
	SysScanDesc rows;
	HeapTuple	tuple;
	List	   *result = NIL;

	ScanKeyInit(&keys[0], Anum_pg_index_indrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(relid));
	rows = systable_beginscan(catalog, IndexIndrelidIndexId, true, NULL, 1,
							  keys);
	while (HeapTupleIsValid(tuple = systable_getnext(rows)))
		result = lappend(result, GETSTRUCT(heap_copytuple(tuple)));
	systable_endscan(rows);
	table_close(catalog, AccessShareLock);
	return result;
}

/* Does the relation have an index that a rewrite would make valid? */
static bool
has_invalid_index(Oid relid)
{
	ListCell   *cell;

	foreach(cell, indexes_of(relid))
	{
		Form_pg_index form = lfirst(cell);

		if (!form->indisvalid || !form->indisready || !form->indislive)
			return true;
	}
	return false;
}

/*
 * The indexes are replaced by others: the old ones, which may have been those
 * of constraints, are dropped as indexes of no name that was there before.
 */
void
sl_touch_reindexed(SlTouched *touched, Oid relid)
{
	ListCell   *cell;

	if (!OidIsValid(relid))
		return;
	sl_touch_family(touched, relid);
	foreach(cell, sl_relation_family(relid))
	{
		ListCell   *index;

		foreach(index, indexes_of(lfirst_oid(cell)))
			sl_add_target(&touched->targets, RelationRelationId,
						  ((Form_pg_index) lfirst(index))->indexrelid, 0,
						  false);
	}
}

/* The relation gets new files. */
void
sl_touch_rewritten(SlTouched *touched, Oid relid)
{
	ListCell   *cell;

	if (!OidIsValid(relid))
		return;
	foreach(cell, sl_relation_family(relid))
		if (has_invalid_index(lfirst_oid(cell)))
			add_relation(touched, lfirst_oid(cell), true);
}

/*
 * Two relations, or the relations of two indexes, become parent and child or
 * cease to be.  An index above them may become valid.
 */
static void
touch_partition(SlTouched *touched, Oid relid, PartitionCmd *command)
{
	Oid			other = sl_named_relation(command->name);
	ListCell   *cell;

	if (get_rel_relkind(relid) == RELKIND_PARTITIONED_INDEX)
	{
		relid = IndexGetRelation(relid, true);
		if (OidIsValid(other))
			other = IndexGetRelation(other, true);
	}
	add_relation(touched, relid, true);
	if (get_rel_relispartition(relid))
		foreach(cell, get_partition_ancestors(relid))
			add_relation(touched, lfirst_oid(cell), true);
	sl_touch_family(touched, other);
}

/* A type's change goes on to the tables of that type. */
void
sl_touch_typed_tables(SlTouched *touched, Oid relid)
{
	ListCell   *cell;
	List	   *tables = NIL;

	sl_touch_names(touched, relid);
	foreach(cell, touched->targets)
	{
		SlTarget   *target = lfirst(cell);

		if (target->address.classId == RelationRelationId &&
			target->address.objectSubId == 0 &&
			target->address.objectId != relid)
			tables = lappend_oid(tables, target->address.objectId);
	}
	foreach(cell, tables)
		sl_touch_names(touched, lfirst_oid(cell));
}

static void
touch_subcommand(SlTouched *touched, Oid relid, AlterTableCmd *command)
{
	switch (reach_of(command->subtype))
	{
		case REACH_RELATION:
			add_relation(touched, relid, false);
			break;
		case REACH_COLUMN:
			if (command->name == NULL)
				add_relation(touched, relid, true);
			else
				touch_column(touched, relid, command->name);
			if (command->subtype == AT_DropIdentity)
				touch_identity(touched, relid);
			if (command->subtype == AT_DropColumn)
			{
				sl_touch_views(touched, relid);
				if (has_subclass(relid))
					sl_touch_family(touched, relid);
			}
			break;
		case REACH_NEW_COLUMN:
			touch_column(touched, relid,
						 castNode(ColumnDef, command->def)->colname);
			sl_touch_views(touched, relid);
			break;
		case REACH_CONSTRAINT:
			if (has_subclass(relid) || command->name == NULL)
				sl_touch_family(touched, relid);
			else
				touch_constraint(touched, relid, command->name);
			break;
		case REACH_NEW_CONSTRAINT:
			touch_new_constraint(touched, relid,
								 castNode(Constraint, command->def));
			break;
		case REACH_NAMES:
			sl_touch_names(touched, relid);
			break;
		default:
			sl_touch_family(touched, relid);
			break;
	}
}

void
sl_touch_alter_table(Node *node, SlTouched *touched)
{
	AlterTableStmt *stmt = castNode(AlterTableStmt, node);
	Oid			relid = sl_named_relation(stmt->relation);
	char		kind;
	ListCell   *cell;

	if (!OidIsValid(relid))
		return;
	kind = get_rel_relkind(relid);
	if (kind == RELKIND_COMPOSITE_TYPE)
	{
		sl_touch_typed_tables(touched, relid);
		return;
	}
	if (kind != RELKIND_INDEX && kind != RELKIND_PARTITIONED_INDEX)
		sl_touch_rewritten(touched, relid);
	foreach(cell, stmt->cmds)
	{
		AlterTableCmd *command = lfirst_node(AlterTableCmd, cell);

		if (command->subtype == AT_AttachPartition ||
			command->subtype == AT_DetachPartition ||
			command->subtype == AT_DetachPartitionFinalize)
			touch_partition(touched, relid,
							castNode(PartitionCmd, command->def));
		else if (kind == RELKIND_INDEX || kind == RELKIND_PARTITIONED_INDEX)
			add_relation(touched, relid, false);
		else
			touch_subcommand(touched, relid, command);
	}
}

/* Indexes of partitions become those of a new index of their parent. */
void
sl_touch_create_index(Node *node, SlTouched *touched)
{
	Oid			relid = sl_named_relation(castNode(IndexStmt, node)->relation);

	if (OidIsValid(relid) &&
		get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE)
		sl_touch_family(touched, relid);
}
