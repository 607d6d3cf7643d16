/*-------------------------------------------------------------------------
 *
 * takers.c
 *	  Does a script take something away?
 *
 * What does is a person's to run.  But where there is nothing, nothing can be
 * taken: a chain that was stamped on an empty database alters and drops what
 * the revisions before are about to make.  A script may do so with a table if
 * no table of that name is in any schema, whatever its search path will be,
 * and if no statement of it could put an old one in that place.  Before it
 * runs it is asked again, and then a table may be there if it holds nothing
 * but what this transaction has put into it.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/heal/takers.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/catcache.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "common/sl_compat.h"
#include "heal/heal_private.h"

/* Kinds of objects whose drop takes nothing with it that has rows. */
static bool
is_drop_of_text(const DropStmt *drop)
{
	switch (drop->removeType)
	{
		case OBJECT_AGGREGATE:
		case OBJECT_CAST:
		case OBJECT_EVENT_TRIGGER:
		case OBJECT_FUNCTION:
		case OBJECT_INDEX:
		case OBJECT_OPERATOR:
		case OBJECT_POLICY:
		case OBJECT_PROCEDURE:
		case OBJECT_ROUTINE:
		case OBJECT_RULE:
		case OBJECT_STATISTIC_EXT:
		case OBJECT_TRIGGER:
		case OBJECT_VIEW:
			return drop->behavior == DROP_RESTRICT;
		default:
			return false;
	}
}

/*
 * A function of the server's that only computes.  Of what others do nobody
 * knows; set_config() is harmless, since paths are not believed.
 */
static bool
is_harmless_call(const FuncCall *call)
{
	static const char *const prefixes[] = {
		"pg_", "lo_", "query_to_", "cursor_to_", "table_to_", "schema_to_",
		"database_to_", "ts_stat", "ts_rewrite", "setval", "nextval",
		"lowrite"
	};
	const char *name = strVal(llast(call->funcname));
	CatCList   *list;
	bool		result;
	int			i;

	if (list_length(call->funcname) > 1 &&
		strcmp(strVal(linitial(call->funcname)), "pg_catalog") != 0)
		return false;
	for (i = 0; i < (int) lengthof(prefixes); i++)
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return false;
	list = SearchSysCacheList1(PROCNAMEARGSNSP, CStringGetDatum(name));
	result = list->n_members > 0;
	for (i = 0; i < list->n_members && result; i++)
	{
		Form_pg_proc form = (Form_pg_proc)
			GETSTRUCT(&list->members[i]->tuple);

		result = form->pronamespace == PG_CATALOG_NAMESPACE;
	}
	ReleaseCatCacheList(list);
	return result;
}

/* Anywhere in a query: context: are calls asked for, too? */
static bool
taking_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	check_stack_depth();
	if (IsA(node, DeleteStmt) || IsA(node, MergeStmt))
		return true;
	if (*(bool *) context && IsA(node, FuncCall) &&
		!is_harmless_call((FuncCall *) node))
		return true;
	return raw_expression_tree_walker(node, taking_walker, context);
}

static bool
takes_in_query(Node *query, bool calls)
{
	return taking_walker(query, &calls);
}

static bool
restarts(const AlterSeqStmt *alter)
{
	ListCell   *cell;

	foreach(cell, alter->options)
		if (strcmp(lfirst_node(DefElem, cell)->defname, "restart") == 0)
			return true;
	return false;
}

/* Does the statement take rows or values away, or can nobody tell? */
static bool
takes_away(Node *tree)
{
	ListCell   *cell;

	switch (nodeTag(tree))
	{
		case T_DropStmt:
			return !is_drop_of_text((DropStmt *) tree);
		case T_AlterTableStmt:
			foreach(cell, ((AlterTableStmt *) tree)->cmds)
			{
				AlterTableType type = lfirst_node(AlterTableCmd,
												  cell)->subtype;

				if (type == AT_DropColumn || type == AT_AlterColumnType)
					return true;
			}
			return false;
		case T_AlterSeqStmt:
			return restarts((AlterSeqStmt *) tree);
		case T_SelectStmt:
			return takes_in_query(tree, true);
		case T_InsertStmt:
		case T_UpdateStmt:
			return takes_in_query(tree, false);
		case T_CreateTableAsStmt:
			return !IsA(((CreateTableAsStmt *) tree)->query, SelectStmt) ||
				takes_in_query(((CreateTableAsStmt *) tree)->query, true);
		case T_CopyStmt:
			return !((CopyStmt *) tree)->is_from ||
				((CopyStmt *) tree)->is_program;
		case T_DeleteStmt:
		case T_MergeStmt:
		case T_TruncateStmt:
		case T_DropOwnedStmt:
		case T_DoStmt:
		case T_CallStmt:
		case T_ExplainStmt:
		case T_PrepareStmt:
		case T_ExecuteStmt:
		case T_DeclareCursorStmt:
			return true;
		default:
			return false;
	}
}

/* Can it give an old table another name, or hang it on a new one? */
static bool
moves_tables(Node *tree)
{
	ListCell   *cell;

	if (IsA(tree, RenameStmt) || IsA(tree, AlterObjectSchemaStmt))
		return true;
	if (IsA(tree, AlterTableStmt))
		foreach(cell, ((AlterTableStmt *) tree)->cmds)
		{
			AlterTableType type = lfirst_node(AlterTableCmd, cell)->subtype;

			if (type == AT_AddInherit || type == AT_AttachPartition)
				return true;
		}
	return false;
}

/*
 * The tables that a statement would take something from, RangeVar *; NIL if
 * there may be others.
 */
static List *
robbed_tables(Node *tree)
{
	List	   *tables = NIL;
	ListCell   *cell;

	if (IsA(tree, AlterTableStmt))
	{
		foreach(cell, ((AlterTableStmt *) tree)->cmds)
			if (lfirst_node(AlterTableCmd, cell)->behavior != DROP_RESTRICT)
				return NIL;
		tables = list_make1(((AlterTableStmt *) tree)->relation);
	}
	else if (IsA(tree, DropStmt) &&
			 ((DropStmt *) tree)->behavior == DROP_RESTRICT &&
			 ((DropStmt *) tree)->removeType == OBJECT_TABLE)
		foreach(cell, ((DropStmt *) tree)->objects)
			tables = lappend(tables, makeRangeVarFromNameList(lfirst(cell)));
	return tables;
}

/* All relations that the name may stand for, whatever the path. */
static List *
relations_named(const RangeVar *table)
{
	List	   *relids = NIL;
	Relation	catalog;
	SysScanDesc scan;
	ScanKeyData key;
	HeapTuple	tuple;

	if (table->schemaname != NULL)
	{
		Oid			namespace = get_namespace_oid(table->schemaname, true);
		Oid			relid = OidIsValid(namespace) ?
			get_relname_relid(table->relname, namespace) : InvalidOid;

		return OidIsValid(relid) ? list_make1_oid(relid) : NIL;
	}
	catalog = table_open(RelationRelationId, AccessShareLock);
	ScanKeyInit(&key, Anum_pg_class_relname, BTEqualStrategyNumber, F_NAMEEQ,
				CStringGetDatum(table->relname));
	scan = systable_beginscan(catalog, ClassNameNspIndexId, true, NULL, 1,
							  &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		relids = lappend_oid(relids, ((Form_pg_class) GETSTRUCT(tuple))->oid);
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return relids;
}

/*
 * Nothing in it, but for what this transaction has put there; and nobody puts
 * anything there before we are through.
 */
static bool
is_new(Oid relid)
{
	Relation	rel = try_relation_open(relid, AccessShareLock);
	bool		made_here;
	bool		result;

	if (rel == NULL)
		return true;
	made_here = rel->rd_createSubid != InvalidSubTransactionId;
	result = made_here ||
		(ConditionalLockRelationOid(relid, AccessExclusiveLock) &&
		 (rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE ||
		  (rel->rd_rel->relkind == RELKIND_RELATION &&
		   RelationGetNumberOfBlocks(rel) == 0)));
	relation_close(rel, NoLock);
	return result;
}

/* The same of all that may be meant and of what hangs on it. */
static bool
holds_nothing_old(const RangeVar *table)
{
	ListCell   *cell;
	ListCell   *other;

	foreach(cell, relations_named(table))
		foreach(other, find_all_inheritors(lfirst_oid(cell), AccessShareLock,
										   NULL))
			if (!is_new(lfirst_oid(other)))
				return false;
	return true;
}

static bool
spares_all(Node *tree, bool running)
{
	List	   *tables = robbed_tables(tree);
	ListCell   *cell;

	foreach(cell, tables)
	{
		const RangeVar *table = lfirst(cell);

		if (table->catalogname != NULL ||
			!(running ? holds_nothing_old(table) :
			  relations_named(table) == NIL))
			return false;
	}
	return tables != NIL;
}

/*
 * The command of a statement that takes something away, or NULL; 'running':
 * the revisions before have run, and this one is next.
 */
const char *
sl_find_taker(const SlRegistryEntry *entry, bool running)
{
	SlOrigin	origin = {NULL, entry->revision, 1};
	SlScanner  *scanner = sl_scan_begin(entry->up, strlen(entry->up),
										&origin);
	SlStatement statement;
	const char *taker = NULL;
	const char *spared = NULL;
	bool		moves = false;

	while (taker == NULL && sl_scan_next(scanner, &statement))
	{
		Node	   *tree = statement.tree->stmt;

		CHECK_FOR_INTERRUPTS();
		moves |= moves_tables(tree);
		if (!takes_away(tree))
			continue;
		if (spares_all(tree, running))
			spared = sl_command_name(&statement);
		else
			taker = sl_command_name(&statement);
	}
	sl_scan_end(scanner);
	return taker == NULL && moves ? spared : taker;
}
