/*-------------------------------------------------------------------------
 *
 * start.c
 *	  What a statement is going to change, before it does.
 *
 * A statement that is refused at its end has done all its work, and one that
 * commits inside, such as CREATE INDEX CONCURRENTLY, cannot be refused there
 * at all.  So what the parse tree tells is taken from it: relations, and what
 * belongs to the database as a whole.  A statement that will find nothing to
 * do (IF NOT EXISTS) is left alone, and so is one that will fail by itself.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/guard/start.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "commands/extension.h"
#include "nodes/makefuncs.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "common/extension.h"
#include "common/sl_compat.h"
#include "guard/guard_private.h"

static const SlGuardObject *
found(const char *class, const char *identity)
{
	SlGuardObject *object = palloc0_object(SlGuardObject);

	object->class = class;
	object->identity = identity;
	return object;
}

static const char *
identity_in(Oid schema, const char *name)
{
	char	   *schema_name = get_namespace_name(schema);

	return quote_qualified_identifier(schema_name, name);
}

static const char *
relation_class(char kind)
{
	switch (kind)
	{
		case RELKIND_VIEW:
			return "view";
		case RELKIND_MATVIEW:
			return "materialized view";
		case RELKIND_SEQUENCE:
			return "sequence";
		case RELKIND_INDEX:
		case RELKIND_PARTITIONED_INDEX:
			return "index";
		case RELKIND_FOREIGN_TABLE:
			return "foreign table";
		case RELKIND_COMPOSITE_TYPE:
			return "composite type";
		default:
			return "table";
	}
}

/* One that is there. */
static const SlGuardObject *
existing(const SlOptions *rules, const RangeVar *name)
{
	Oid			relid;
	Oid			schema;
	char	   *schema_name;
	char	   *relname;

	if (name == NULL)
		return NULL;
	relid = RangeVarGetRelid(name, NoLock, true);
	if (!OidIsValid(relid))
		return NULL;
	schema = get_rel_namespace(relid);
	schema_name = get_namespace_name(schema);
	relname = get_rel_name(relid);
	if (schema_name == NULL || relname == NULL ||
		isAnyTempNamespace(schema) ||
		sl_guard_lets_schema_pass(rules, schema_name) ||
		sl_guard_lets_member_pass(rules, RelationRelationId, relid))
		return NULL;
	return found(relation_class(get_rel_relkind(relid)),
				 quote_qualified_identifier(schema_name, relname));
}

/* One that is to be. */
static const SlGuardObject *
coming(const SlOptions *rules, RangeVar *name, bool if_not_exists,
	   const char *class)
{
	Oid			schema;
	char	   *schema_name;

	if (name->relpersistence == RELPERSISTENCE_TEMP ||
		(name->schemaname != NULL &&
		 strcmp(name->schemaname, "pg_temp") == 0))
		return NULL;
	schema = RangeVarGetCreationNamespace(name);
	schema_name = get_namespace_name(schema);
	if (schema_name == NULL || isAnyTempNamespace(schema) ||
		sl_guard_lets_schema_pass(rules, schema_name) ||
		(if_not_exists &&
		 OidIsValid(get_relname_relid(name->relname, schema))))
		return NULL;
	return found(class, quote_qualified_identifier(schema_name,
												   name->relname));
}

static const SlGuardObject *
foresee_create_table(const SlOptions *rules, Node *node)
{
	CreateStmt *stmt = (CreateStmt *) node;

	return coming(rules, stmt->relation, stmt->if_not_exists,
				  IsA(node, CreateForeignTableStmt) ? "foreign table" :
				  "table");
}

static const SlGuardObject *
foresee_create_table_as(const SlOptions *rules, Node *node)
{
	CreateTableAsStmt *stmt = (CreateTableAsStmt *) node;

	return coming(rules, stmt->into->rel, stmt->if_not_exists,
				  stmt->objtype == OBJECT_MATVIEW ? "materialized view" :
				  "table");
}

static const SlGuardObject *
foresee_create_sequence(const SlOptions *rules, Node *node)
{
	CreateSeqStmt *stmt = (CreateSeqStmt *) node;

	return coming(rules, stmt->sequence, stmt->if_not_exists, "sequence");
}

static const SlGuardObject *
foresee_create_index(const SlOptions *rules, Node *node)
{
	IndexStmt  *stmt = (IndexStmt *) node;
	const SlGuardObject *table = existing(rules, stmt->relation);
	Oid			schema;

	if (table == NULL)
		return NULL;
	if (stmt->idxname == NULL)
		return found("index of", table->identity);
	schema = get_rel_namespace(RangeVarGetRelid(stmt->relation, NoLock,
												true));
	if (stmt->if_not_exists &&
		OidIsValid(get_relname_relid(stmt->idxname, schema)))
		return NULL;
	return found("index", identity_in(schema, stmt->idxname));
}

static const SlGuardObject *
foresee_alter_table(const SlOptions *rules, Node *node)
{
	return existing(rules, ((AlterTableStmt *) node)->relation);
}

static const SlGuardObject *
foresee_rename(const SlOptions *rules, Node *node)
{
	return existing(rules, ((RenameStmt *) node)->relation);
}

static const SlGuardObject *
foresee_set_schema(const SlOptions *rules, Node *node)
{
	return existing(rules, ((AlterObjectSchemaStmt *) node)->relation);
}

static const SlGuardObject *
foresee_alter_sequence(const SlOptions *rules, Node *node)
{
	return existing(rules, ((AlterSeqStmt *) node)->sequence);
}

static const SlGuardObject *
foresee_create_trigger(const SlOptions *rules, Node *node)
{
	return existing(rules, ((CreateTrigStmt *) node)->relation);
}

static const SlGuardObject *
foresee_rule(const SlOptions *rules, Node *node)
{
	return existing(rules, ((RuleStmt *) node)->relation);
}

static const SlGuardObject *
foresee_create_policy(const SlOptions *rules, Node *node)
{
	return existing(rules, ((CreatePolicyStmt *) node)->table);
}

static const SlGuardObject *
foresee_alter_policy(const SlOptions *rules, Node *node)
{
	return existing(rules, ((AlterPolicyStmt *) node)->table);
}

static const SlGuardObject *
foresee_create_extension(const SlOptions *rules, Node *node)
{
	CreateExtensionStmt *stmt = (CreateExtensionStmt *) node;

	return stmt->if_not_exists ||
		sl_guard_lets_extension_pass(rules, stmt->extname) ? NULL :
		found("extension", pstrdup(quote_identifier(stmt->extname)));
}

static const SlGuardObject *
foresee_alter_extension(const SlOptions *rules, Node *node)
{
	const char *name = IsA(node, AlterExtensionStmt) ?
		((AlterExtensionStmt *) node)->extname :
		((AlterExtensionContentsStmt *) node)->extname;

	return sl_guard_lets_extension_pass(rules, name) ? NULL :
		found("extension", pstrdup(quote_identifier(name)));
}

/* An extension that is there, but for this one. */
static const SlGuardObject *
leaving(const SlOptions *rules, const char *name)
{
	if (strcmp(name, SL_EXTENSION_NAME) == 0 ||
		!OidIsValid(get_extension_oid(name, true)) ||
		sl_guard_lets_extension_pass(rules, name))
		return NULL;
	return found("extension", pstrdup(quote_identifier(name)));
}

static const SlGuardObject *
foresee_drop(const SlOptions *rules, Node *node)
{
	DropStmt   *stmt = (DropStmt *) node;
	ListCell   *cell;

	foreach(cell, stmt->objects)
	{
		const SlGuardObject *object = NULL;

		switch (stmt->removeType)
		{
			case OBJECT_TABLE:
			case OBJECT_INDEX:
			case OBJECT_VIEW:
			case OBJECT_MATVIEW:
			case OBJECT_SEQUENCE:
			case OBJECT_FOREIGN_TABLE:
				object = existing(rules,
								  makeRangeVarFromNameList(lfirst(cell)));
				break;
			case OBJECT_EXTENSION:
				object = leaving(rules, strVal(lfirst(cell)));
				break;
			default:
				break;
		}
		if (object != NULL)
			return object;
	}
	return NULL;
}

/* What it does in the other database no rollback undoes. */
static const SlGuardObject *
foresee_subscription(const SlOptions *rules, Node *node)
{
	const char *name;

	if (IsA(node, CreateSubscriptionStmt))
		name = ((CreateSubscriptionStmt *) node)->subname;
	else if (IsA(node, AlterSubscriptionStmt))
		name = ((AlterSubscriptionStmt *) node)->subname;
	else
		name = ((DropSubscriptionStmt *) node)->subname;
	return found("subscription", pstrdup(quote_identifier(name)));
}

/* Nobody can say what it is about. */
static const SlGuardObject *
foresee_anything(const SlOptions *rules, Node *node)
{
	return found(NULL, NULL);
}

static const struct
{
	NodeTag		tag;
	const SlGuardObject *(*foresee) (const SlOptions *rules, Node *node);
}			statements[] = {
	{T_AlterExtensionContentsStmt, foresee_alter_extension},
	{T_AlterExtensionStmt, foresee_alter_extension},
	{T_AlterObjectSchemaStmt, foresee_set_schema},
	{T_AlterPolicyStmt, foresee_alter_policy},
	{T_AlterSeqStmt, foresee_alter_sequence},
	{T_AlterSubscriptionStmt, foresee_subscription},
	{T_AlterTableMoveAllStmt, foresee_anything},
	{T_AlterTableStmt, foresee_alter_table},
	{T_CreateExtensionStmt, foresee_create_extension},
	{T_CreateForeignTableStmt, foresee_create_table},
	{T_CreatePolicyStmt, foresee_create_policy},
	{T_CreateSeqStmt, foresee_create_sequence},
	{T_CreateStmt, foresee_create_table},
	{T_CreateSubscriptionStmt, foresee_subscription},
	{T_CreateTableAsStmt, foresee_create_table_as},
	{T_CreateTrigStmt, foresee_create_trigger},
	{T_DropOwnedStmt, foresee_anything},
	{T_DropStmt, foresee_drop},
	{T_DropSubscriptionStmt, foresee_subscription},
	{T_IndexStmt, foresee_create_index},
	{T_RenameStmt, foresee_rename},
	{T_RuleStmt, foresee_rule},
};

/*
 * Something that the statement will change and that no rule lets pass; NULL
 * if there is none, or if that is to be seen at its end.
 */
const SlGuardObject *
sl_guard_foresee(const SlOptions *rules, Node *statement)
{
	int			i;

	for (i = 0; i < (int) lengthof(statements); i++)
		if (statements[i].tag == nodeTag(statement))
			return statements[i].foresee(rules, statement);
	return NULL;
}
