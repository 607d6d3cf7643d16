/*-------------------------------------------------------------------------
 *
 * trace_statement.c
 *	  What a utility statement will change that nobody tells of.
 *
 * A table of functions, one for each kind of statement.  What is not in it
 * either changes no fact, or each object that it changes comes by as an event:
 * sql/trace.sql asserts that for every command of the server.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/trace_statement.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_class.h"
#include "catalog/pg_language.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_opfamily.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_publication.h"
#include "catalog/pg_transform.h"
#include "catalog/pg_ts_config.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "commands/proclang.h"
#include "nodes/makefuncs.h"
#include "nodes/parsenodes.h"
#include "parser/parse_type.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "catalog/catalog_private.h"

/* One object; an index as what it counts as. */
static void
touch_object(SlTouched *touched, Oid catalog, Oid object, int sub, bool deep)
{
	ObjectAddress address;

	ObjectAddressSubSet(address, catalog, object, sub);
	if (OidIsValid(object) && sl_carrier(&address, NULL))
		sl_add_target(&touched->targets, address.classId, address.objectId,
					  address.objectSubId, deep && address.objectSubId == 0);
}

static void
touch_dependents(SlTouched *touched, Oid catalog, Oid object)
{
	if (OidIsValid(object) &&
		!sl_add_dependents(&touched->targets, catalog, object))
		touched->everything = true;
}

static Oid
named_type(List *names)
{
	return LookupTypeNameOid(NULL, makeTypeNameFromNameList(names), true);
}

static bool
is_relation_type(ObjectType type)
{
	return type == OBJECT_TABLE || type == OBJECT_SEQUENCE ||
		type == OBJECT_VIEW || type == OBJECT_MATVIEW ||
		type == OBJECT_INDEX || type == OBJECT_FOREIGN_TABLE;
}

/* An object that is no relation, by the name that a statement has for it. */
static ObjectAddress
named_object(ObjectType type, Node *object)
{
	Relation	relation = NULL;
	ObjectAddress address;

	/* a type is a list of names here and a TypeName there */
	if (IsA(object, List) && (type == OBJECT_TYPE || type == OBJECT_DOMAIN))
	{
		ObjectAddressSet(address, TypeRelationId,
						 named_type((List *) object));
		return address;
	}
	address = get_object_address(type, object, &relation, AccessShareLock,
								 true);
	/* the lock goes with our subtransaction */
	if (relation != NULL)
		relation_close(relation, NoLock);
	return address;
}

static void
touch_everything(Node *node, SlTouched *touched)
{
	touched->everything = true;
}

/*-------------------------------------------------------------------------
 * Names
 *-------------------------------------------------------------------------
 */

static void
touch_renamed_relation(SlTouched *touched, Oid relid)
{
	char		kind;

	if (!OidIsValid(relid))
		return;
	kind = get_rel_relkind(relid);
	touch_dependents(touched, RelationRelationId, relid);
	/* which may say by which index it identifies its rows */
	if (kind == RELKIND_INDEX || kind == RELKIND_PARTITIONED_INDEX)
		touch_object(touched, RelationRelationId,
					 IndexGetRelation(relid, true), 0, false);
}

static void
touch_renamed_column(SlTouched *touched, Oid relid, const char *name)
{
	ListCell   *cell;

	if (!OidIsValid(relid))
		return;
	if (get_rel_relkind(relid) == RELKIND_COMPOSITE_TYPE)
	{
		sl_touch_typed_tables(touched, relid);
		return;
	}
	sl_touch_family(touched, relid);
	foreach(cell, sl_relation_family(relid))
		sl_add_readers(&touched->targets, lfirst_oid(cell),
					   get_attnum(lfirst_oid(cell), name));
}

static void
touch_rename(Node *node, SlTouched *touched)
{
	RenameStmt *stmt = castNode(RenameStmt, node);
	ObjectAddress address;

	switch (stmt->renameType)
	{
		case OBJECT_SCHEMA:
		case OBJECT_ROLE:
		case OBJECT_TABLESPACE:
			touched->everything = true;
			break;
		case OBJECT_DATABASE:
			break;
		case OBJECT_COLUMN:
		case OBJECT_ATTRIBUTE:
			touch_renamed_column(touched, sl_named_relation(stmt->relation),
								 stmt->subname);
			break;
		case OBJECT_TABCONSTRAINT:
		case OBJECT_TRIGGER:
		case OBJECT_POLICY:
		case OBJECT_RULE:
			sl_touch_family(touched, sl_named_relation(stmt->relation));
			break;
		case OBJECT_DOMCONSTRAINT:
			touch_object(touched, TypeRelationId,
						 named_type(castNode(List, stmt->object)), 0, true);
			break;
		default:
			if (is_relation_type(stmt->renameType))
			{
				touch_renamed_relation(touched,
									   sl_named_relation(stmt->relation));
				break;
			}
			address = named_object(stmt->renameType, stmt->object);
			touch_dependents(touched, address.classId, address.objectId);
			break;
	}
}

static void
touch_set_schema(Node *node, SlTouched *touched)
{
	AlterObjectSchemaStmt *stmt = castNode(AlterObjectSchemaStmt, node);
	ObjectAddress address;

	/* an extension moves with all its members, and they have no facts */
	if (stmt->objectType == OBJECT_EXTENSION)
		touched->everything = true;
	else if (is_relation_type(stmt->objectType))
		touch_renamed_relation(touched, sl_named_relation(stmt->relation));
	else
	{
		address = named_object(stmt->objectType, stmt->object);
		touch_dependents(touched, address.classId, address.objectId);
	}
}

/* A label shows in every default of that type. */
static void
touch_alter_enum(Node *node, SlTouched *touched)
{
	AlterEnumStmt *stmt = castNode(AlterEnumStmt, node);
	Oid			type = named_type(stmt->typeName);

	if (stmt->oldVal != NULL)
		touch_dependents(touched, TypeRelationId, type);
	else
		touch_object(touched, TypeRelationId, type, 0, false);
}

/*-------------------------------------------------------------------------
 * Comments, privileges, membership
 *-------------------------------------------------------------------------
 */

static void
touch_comment(Node *node, SlTouched *touched)
{
	CommentStmt *stmt = castNode(CommentStmt, node);
	ObjectAddress address;

	if (stmt->objtype == OBJECT_DATABASE || stmt->objtype == OBJECT_ROLE ||
		stmt->objtype == OBJECT_TABLESPACE ||
		stmt->objtype == OBJECT_LARGEOBJECT)
		return;
	address = named_object(stmt->objtype, stmt->object);
	touch_object(touched, address.classId, address.objectId,
				 address.objectSubId, false);
}

/* Those objects of a catalog that are in a schema. */
static void
touch_in_schema(SlTouched *touched, Oid catalog, AttrNumber column,
				Oid schema, bool deep)
{
	Relation	relation = table_open(catalog, AccessShareLock);
	ScanKeyData keys[1];
	SysScanDesc rows;
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], column, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(schema));
	rows = systable_beginscan(relation, InvalidOid, false, NULL, 1, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(rows)))
	{
		Oid			oid;

		/* the first column of both */
		memcpy(&oid, GETSTRUCT(tuple), sizeof(Oid));
		touch_object(touched, catalog, oid, 0, deep);
	}
	systable_endscan(rows);
	table_close(relation, AccessShareLock);
}

/* REVOKE takes the privileges on the columns, too. */
static void
touch_grant(Node *node, SlTouched *touched)
{
	GrantStmt  *stmt = castNode(GrantStmt, node);
	bool		deep = !stmt->is_grant;
	ListCell   *cell;

	foreach(cell, stmt->privileges)
		deep |= lfirst_node(AccessPriv, cell)->cols != NIL;
	foreach(cell, stmt->objects)
	{
		Node	   *object = lfirst(cell);
		bool		relations = stmt->objtype == OBJECT_TABLE ||
			stmt->objtype == OBJECT_SEQUENCE;
		ObjectAddress address;

		if (stmt->targtype == ACL_TARGET_ALL_IN_SCHEMA)
		{
			Oid			schema = get_namespace_oid(strVal(object), true);

			if (relations)
				touch_in_schema(touched, RelationRelationId,
								Anum_pg_class_relnamespace, schema, deep);
			else
				touch_in_schema(touched, ProcedureRelationId,
								Anum_pg_proc_pronamespace, schema, false);
		}
		else if (relations)
			touch_object(touched, RelationRelationId,
						 sl_named_relation(castNode(RangeVar, object)), 0,
						 deep);
		else if (stmt->objtype == OBJECT_TYPE ||
				 stmt->objtype == OBJECT_DOMAIN)
			touch_object(touched, TypeRelationId,
						 named_type(castNode(List, object)), 0, false);
		else if (stmt->objtype == OBJECT_FUNCTION ||
				 stmt->objtype == OBJECT_PROCEDURE ||
				 stmt->objtype == OBJECT_ROUTINE ||
				 stmt->objtype == OBJECT_SCHEMA ||
				 stmt->objtype == OBJECT_LANGUAGE ||
				 stmt->objtype == OBJECT_FDW ||
				 stmt->objtype == OBJECT_FOREIGN_SERVER)
		{
			address = named_object(stmt->objtype, object);
			touch_object(touched, address.classId, address.objectId, 0,
						 false);
		}
	}
}

/* Members have no facts, nor has what is in a schema that is one. */
static void
touch_membership(Node *node, SlTouched *touched)
{
	AlterExtensionContentsStmt *stmt =
		castNode(AlterExtensionContentsStmt, node);
	ObjectAddress address = named_object(stmt->objtype, stmt->object);

	if (stmt->objtype == OBJECT_SCHEMA)
		touched->everything = true;
	else
		touch_object(touched, address.classId, address.objectId, 0, true);
}

/*-------------------------------------------------------------------------
 * What may be there already
 *-------------------------------------------------------------------------
 */

/* All objects of a name, whatever their arguments. */
static void
touch_namesakes(SlTouched *touched, int cache, Oid catalog,
				AttrNumber oid_column, const char *name)
{
	CatCList   *list = SearchSysCacheList1(cache, CStringGetDatum(name));
	int			i;

	for (i = 0; i < list->n_members; i++)
	{
		bool		isnull;
		Datum		oid = SysCacheGetAttr(cache, &list->members[i]->tuple,
										  oid_column, &isnull);

		touch_object(touched, catalog, DatumGetObjectId(oid), 0, false);
	}
	ReleaseCatCacheList(list);
}

static void
touch_functions(SlTouched *touched, List *names)
{
	touch_namesakes(touched, PROCNAMEARGSNSP, ProcedureRelationId,
					Anum_pg_proc_oid, strVal(llast(names)));
}

static void
touch_operators(SlTouched *touched, List *names)
{
	touch_namesakes(touched, OPERNAMENSP, OperatorRelationId,
					Anum_pg_operator_oid, strVal(llast(names)));
}

static void
touch_create_function(Node *node, SlTouched *touched)
{
	CreateFunctionStmt *stmt = castNode(CreateFunctionStmt, node);

	if (stmt->replace)
		touch_functions(touched, stmt->funcname);
}

/* An operator takes part in its commutator and its negator. */
static void
touch_operator_options(SlTouched *touched, List *options)
{
	ListCell   *cell;

	foreach(cell, options)
	{
		DefElem    *option = lfirst_node(DefElem, cell);

		if (strcmp(option->defname, "commutator") == 0 ||
			strcmp(option->defname, "negator") == 0)
			touch_operators(touched, defGetQualifiedName(option));
	}
}

static void
touch_define(Node *node, SlTouched *touched)
{
	DefineStmt *stmt = castNode(DefineStmt, node);

	if (stmt->kind == OBJECT_AGGREGATE && stmt->replace)
		touch_functions(touched, stmt->defnames);
	else if (stmt->kind == OBJECT_TYPE)
		touch_object(touched, TypeRelationId, named_type(stmt->defnames), 0,
					 false);
	else if (stmt->kind == OBJECT_OPERATOR)
	{
		touch_operators(touched, stmt->defnames);
		touch_operator_options(touched, stmt->definition);
	}
}

static void
touch_alter_operator(Node *node, SlTouched *touched)
{
	AlterOperatorStmt *stmt = castNode(AlterOperatorStmt, node);

	touch_operators(touched, stmt->opername->objname);
	touch_operator_options(touched, stmt->options);
}

static void
touch_create_range(Node *node, SlTouched *touched)
{
	touch_object(touched, TypeRelationId,
				 named_type(castNode(CreateRangeStmt, node)->typeName), 0,
				 false);
}

static void
touch_create_view(Node *node, SlTouched *touched)
{
	ViewStmt   *stmt = castNode(ViewStmt, node);
	Oid			relid;

	if (!stmt->replace)
		return;
	relid = sl_named_relation(stmt->view);
	if (!OidIsValid(relid))
		return;
	sl_touch_family(touched, relid);
	/* it may get columns */
	sl_touch_views(touched, relid);
}

static void
touch_create_rule(Node *node, SlTouched *touched)
{
	RuleStmt   *stmt = castNode(RuleStmt, node);
	Oid			relid = sl_named_relation(stmt->relation);

	if (stmt->replace || stmt->event == CMD_SELECT)
		sl_touch_family(touched, relid);
}

static void
touch_create_trigger(Node *node, SlTouched *touched)
{
	CreateTrigStmt *stmt = castNode(CreateTrigStmt, node);

	if (stmt->replace)
		sl_touch_family(touched, sl_named_relation(stmt->relation));
}

static void
touch_create_language(Node *node, SlTouched *touched)
{
	CreatePLangStmt *stmt = castNode(CreatePLangStmt, node);

	touch_object(touched, LanguageRelationId,
				 get_language_oid(stmt->plname, true), 0, false);
}

static void
touch_create_transform(Node *node, SlTouched *touched)
{
	CreateTransformStmt *stmt = castNode(CreateTransformStmt, node);
	Oid			type = LookupTypeNameOid(NULL, stmt->type_name, true);
	Oid			language = get_language_oid(stmt->lang, true);

	if (OidIsValid(type) && OidIsValid(language))
		touch_object(touched, TransformRelationId,
					 get_transform_oid(type, language, true), 0, false);
}

/*-------------------------------------------------------------------------
 * Others
 *-------------------------------------------------------------------------
 */

static void
touch_alter_domain(Node *node, SlTouched *touched)
{
	touch_object(touched, TypeRelationId,
				 named_type(castNode(AlterDomainStmt, node)->typeName), 0,
				 true);
}

static void
touch_alter_ts_config(Node *node, SlTouched *touched)
{
	AlterTSConfigurationStmt *stmt = castNode(AlterTSConfigurationStmt, node);

	touch_object(touched, TSConfigRelationId,
				 get_ts_config_oid(stmt->cfgname, true), 0, false);
}

static void
touch_alter_publication(Node *node, SlTouched *touched)
{
	AlterPublicationStmt *stmt = castNode(AlterPublicationStmt, node);

	touch_object(touched, PublicationRelationId,
				 get_publication_oid(stmt->pubname, true), 0, false);
}

static void
touch_alter_sequence(Node *node, SlTouched *touched)
{
	touch_object(touched, RelationRelationId,
				 sl_named_relation(castNode(AlterSeqStmt, node)->sequence), 0,
				 false);
}

static void
touch_cluster(Node *node, SlTouched *touched)
{
	ClusterStmt *stmt = castNode(ClusterStmt, node);

	if (stmt->relation == NULL)
		touched->everything = true;
	else
		sl_touch_family(touched, sl_named_relation(stmt->relation));
}

static void
touch_reindex(Node *node, SlTouched *touched)
{
	ReindexStmt *stmt = castNode(ReindexStmt, node);
	Oid			relid = sl_named_relation(stmt->relation);

	if (stmt->relation == NULL)
		touched->everything = true;
	else if (stmt->kind == REINDEX_OBJECT_TABLE)
		sl_touch_reindexed(touched, relid);
	else if (OidIsValid(relid))
		sl_touch_reindexed(touched, IndexGetRelation(relid, true));
}

static void
touch_refresh(Node *node, SlTouched *touched)
{
	RefreshMatViewStmt *stmt = castNode(RefreshMatViewStmt, node);

	sl_touch_rewritten(touched, sl_named_relation(stmt->relation));
}

/*-------------------------------------------------------------------------
 * Default operator classes
 *
 * An index names the operator class of a column unless it is the default of
 * its type, and which that is changes with classes and with casts.
 *-------------------------------------------------------------------------
 */

/* All indexes of an access method, and what else has an operator class. */
static void
touch_indexes(SlTouched *touched, Oid method)
{
	Relation	relation = table_open(RelationRelationId, AccessShareLock);
	SysScanDesc rows;
	HeapTuple	tuple;

	rows = systable_beginscan(relation, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(rows)))
	{
		Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);

		if (form->relnamespace != PG_CATALOG_NAMESPACE &&
			(form->relam == method ||
			 form->relkind == RELKIND_PARTITIONED_TABLE))
			touch_object(touched, RelationRelationId, form->oid, 0, false);
	}
	systable_endscan(rows);
	table_close(relation, AccessShareLock);
}

/* Indexes on columns of a type, and on those of domains over it. */
static void
touch_default_class(SlTouched *touched, Oid type, Oid method)
{
	List	   *types = list_make1_oid(type);
	List	   *targets = NIL;
	int			i;
	ListCell   *cell;

	if (!OidIsValid(type))
		return;
	if (type < FirstNormalObjectId)
	{
		if (OidIsValid(method))
			touch_indexes(touched, method);
		else
			touched->everything = true;
		return;
	}
	for (i = 0; i < list_length(types); i++)
	{
		(void) sl_add_dependents(&targets, TypeRelationId,
								 list_nth_oid(types, i));
		foreach(cell, targets)
		{
			ObjectAddress *address = &((SlTarget *) lfirst(cell))->address;

			if (address->classId == TypeRelationId)
				types = list_append_unique_oid(types, address->objectId);
			else if (address->classId == RelationRelationId)
				touch_object(touched, RelationRelationId, address->objectId,
							 0, true);
		}
	}
	touched->targets = list_concat(touched->targets, targets);
}

static void
touch_create_opclass(Node *node, SlTouched *touched)
{
	CreateOpClassStmt *stmt = castNode(CreateOpClassStmt, node);

	if (stmt->isDefault)
		touch_default_class(touched,
							LookupTypeNameOid(NULL, stmt->datatype, true),
							get_index_am_oid(stmt->amname, true));
}

static void
touch_create_cast(Node *node, SlTouched *touched)
{
	CreateCastStmt *stmt = castNode(CreateCastStmt, node);

	if (stmt->func == NULL && !stmt->inout)
		touch_default_class(touched,
							LookupTypeNameOid(NULL, stmt->sourcetype, true),
							InvalidOid);
}

static void
touch_drop(Node *node, SlTouched *touched)
{
	DropStmt   *stmt = castNode(DropStmt, node);
	ListCell   *cell;

	if (stmt->removeType != OBJECT_CAST && stmt->removeType != OBJECT_OPCLASS)
		return;
	foreach(cell, stmt->objects)
	{
		ObjectAddress address = named_object(stmt->removeType, lfirst(cell));
		HeapTuple	tuple;

		if (!OidIsValid(address.objectId))
			continue;
		if (stmt->removeType == OBJECT_CAST)
		{
			TypeName   *source = linitial(castNode(List, lfirst(cell)));

			touch_default_class(touched,
								LookupTypeNameOid(NULL, source, true),
								InvalidOid);
			continue;
		}
		tuple = SearchSysCache1(CLAOID, ObjectIdGetDatum(address.objectId));
		if (!HeapTupleIsValid(tuple))
			continue;
		if (((Form_pg_opclass) GETSTRUCT(tuple))->opcdefault)
			touch_default_class(touched,
								((Form_pg_opclass)
								 GETSTRUCT(tuple))->opcintype,
								((Form_pg_opclass)
								 GETSTRUCT(tuple))->opcmethod);
		ReleaseSysCache(tuple);
	}
}

/*
 * 'plain': its names are looked up without a lock, and fail only where the
 * statement itself does.
 */
static const struct
{
	NodeTag		tag;
	void		(*touch) (Node *node, SlTouched *touched);
	bool		plain;
}			statements[] = {
	{T_AlterDomainStmt, touch_alter_domain},
	{T_AlterEnumStmt, touch_alter_enum},
	{T_AlterExtensionContentsStmt, touch_membership},
	{T_AlterObjectSchemaStmt, touch_set_schema},
	{T_AlterOperatorStmt, touch_alter_operator},
	{T_AlterPublicationStmt, touch_alter_publication},
	{T_AlterSeqStmt, touch_alter_sequence, true},
	{T_AlterTSConfigurationStmt, touch_alter_ts_config},
	{T_AlterTableMoveAllStmt, touch_everything},
	{T_AlterTableStmt, sl_touch_alter_table, true},
	{T_ClusterStmt, touch_cluster},
	{T_CommentStmt, touch_comment},
	{T_CreateCastStmt, touch_create_cast},
	{T_CreateFunctionStmt, touch_create_function},
	{T_CreateOpClassStmt, touch_create_opclass},
	{T_CreatePLangStmt, touch_create_language},
	{T_CreateRangeStmt, touch_create_range},
	{T_CreateTransformStmt, touch_create_transform},
	{T_CreateTrigStmt, touch_create_trigger},
	{T_DefineStmt, touch_define},
	{T_DropStmt, touch_drop},
	{T_DropOwnedStmt, touch_everything},
	{T_GrantStmt, touch_grant},
	{T_IndexStmt, sl_touch_create_index, true},
	{T_ReassignOwnedStmt, touch_everything},
	{T_RefreshMatViewStmt, touch_refresh},
	{T_ReindexStmt, touch_reindex},
	{T_RenameStmt, touch_rename},
	{T_RuleStmt, touch_create_rule},
	{T_ViewStmt, touch_create_view},
};

static int
find_statement(Node *node)
{
	int			i;

	for (i = 0; i < (int) lengthof(statements); i++)
		if (statements[i].tag == nodeTag(node))
			return i;
	return -1;
}

/* Is there anything to say of it? */
bool
sl_statement_matters(Node *statement)
{
	return find_statement(statement) >= 0;
}

/*
 * Is it there to drop something?  What comes back then is another, even if it
 * looks the same; what a statement drops to build it anew is not.
 */
bool
sl_statement_drops(Node *statement)
{
	ListCell   *cell;

	if (!IsA(statement, AlterTableStmt))
		return IsA(statement, DropStmt);
	foreach(cell, ((AlterTableStmt *) statement)->cmds)
	{
		AlterTableType subtype = lfirst_node(AlterTableCmd, cell)->subtype;

		if (subtype == AT_DropConstraint || subtype == AT_DropColumn)
			return true;
	}
	return false;
}

/* Can it be asked for without a subtransaction? */
bool
sl_statement_is_plain(Node *statement)
{
	return statements[find_statement(statement)].plain;
}

void
sl_statement_touches(Node *statement, SlTouched *touched)
{
	statements[find_statement(statement)].touch(statement, touched);
}
