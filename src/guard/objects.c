/*-------------------------------------------------------------------------
 *
 * objects.c
 *	  What a DDL statement was about, in the words of facts.
 *
 * The server tells, in its own words, at the end of the statement.  What was
 * dropped is not in the catalog any more, so that class and identity are made
 * of those words and not of the catalog's rows.
 *
 * An object that was renamed or moved is told by the name it had before: that
 * is the one that a revision knows.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/guard/objects.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_foreign_data_wrapper.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_language.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "catalog/objectaddress.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "tcop/deparse_utility.h"
#include "tcop/utility.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/formatting.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "common/sl_compat.h"
#include "guard/guard_private.h"

/* How the server's names of an object become an identity. */
typedef enum Form
{
	FORM_QUALIFIED,				/* schema, name */
	FORM_WITHIN,				/* schema, relation, name */
	FORM_ROUTINE,				/* schema, name; types of arguments */
	FORM_NAMED,					/* name */
	FORM_OF_TYPE				/* qualified and quoted; name */
} Form;

static const struct
{
	const char *type;			/* the server's word */
	const char *class;			/* ours */
	Form		form;
}			kinds[] = {
	{"aggregate", "aggregate", FORM_ROUTINE},
	{"access method", "access method", FORM_NAMED},
	{"collation", "collation", FORM_QUALIFIED},
	{"composite type", "composite type", FORM_QUALIFIED},
	{"composite type column", "column", FORM_WITHIN},
	{"conversion", "conversion", FORM_QUALIFIED},
	{"default value", "column", FORM_WITHIN},
	{"domain constraint", "domain constraint", FORM_OF_TYPE},
	{"event trigger", "event trigger", FORM_NAMED},
	{"extension", "extension", FORM_NAMED},
	{"foreign table", "foreign table", FORM_QUALIFIED},
	{"foreign table column", "column", FORM_WITHIN},
	{"foreign-data wrapper", "foreign data wrapper", FORM_NAMED},
	{"function", "function", FORM_ROUTINE},
	{"index", "index", FORM_QUALIFIED},
	{"language", "language", FORM_NAMED},
	{"materialized view", "materialized view", FORM_QUALIFIED},
	{"materialized view column", "column", FORM_WITHIN},
	{"policy", "policy", FORM_WITHIN},
	{"procedure", "procedure", FORM_ROUTINE},
	{"publication", "publication", FORM_NAMED},
	{"rule", "rule", FORM_WITHIN},
	{"schema", "schema", FORM_NAMED},
	{"sequence", "sequence", FORM_QUALIFIED},
	{"server", "server", FORM_NAMED},
	{"statistics object", "statistics", FORM_QUALIFIED},
	{"subscription", "subscription", FORM_NAMED},
	{"table", "table", FORM_QUALIFIED},
	{"table column", "column", FORM_WITHIN},
	{"table constraint", "constraint", FORM_WITHIN},
	{"text search configuration", "text search configuration", FORM_QUALIFIED},
	{"text search dictionary", "text search dictionary", FORM_QUALIFIED},
	{"text search parser", "text search parser", FORM_QUALIFIED},
	{"text search template", "text search template", FORM_QUALIFIED},
	{"trigger", "trigger", FORM_WITHIN},
	{"type", "type", FORM_QUALIFIED},
	{"view", "view", FORM_QUALIFIED},
	{"view column", "column", FORM_WITHIN},
};

#define SERVERS_SCHEMA "pg_catalog."

/* as many names as a form has */
static const int form_names[] = {2, 3, 2, 1, 1};

/* Call one of the server's functions for event triggers. */
static Tuplestorestate *
call_event_function(Oid function, TupleTableSlot **slot)
{
	LOCAL_FCINFO(fcinfo, 0);
	FmgrInfo	flinfo;
	ReturnSetInfo *result = makeNode(ReturnSetInfo);

	fmgr_info(function, &flinfo);
	result->econtext = makeNode(ExprContext);
	result->econtext->ecxt_per_query_memory = CurrentMemoryContext;
	result->allowedModes = SFRM_Materialize;
	InitFunctionCallInfoData(*fcinfo, &flinfo, 0, InvalidOid, NULL,
							 (Node *) result);
	(void) FunctionCallInvoke(fcinfo);
	*slot = MakeSingleTupleTableSlot(result->setDesc,
									 &TTSOpsMinimalTuple);
	return result->setResult;
}

static Oid
slot_oid(TupleTableSlot *slot, int column)
{
	bool		isnull;
	Datum		datum = slot_getattr(slot, column, &isnull);

	return isnull ? InvalidOid : DatumGetObjectId(datum);
}

static char *
slot_text(TupleTableSlot *slot, int column)
{
	bool		isnull;
	Datum		datum = slot_getattr(slot, column, &isnull);

	return isnull ? NULL : TextDatumGetCString(datum);
}

static bool
slot_bool(TupleTableSlot *slot, int column)
{
	bool		isnull;
	Datum		datum = slot_getattr(slot, column, &isnull);

	return !isnull && DatumGetBool(datum);
}

/* A column of type text[], as char *. */
static List *
slot_texts(TupleTableSlot *slot, int column)
{
	bool		isnull;
	Datum		datum = slot_getattr(slot, column, &isnull);
	List	   *texts = NIL;
	Datum	   *elems;
	bool	   *nulls;
	int			nelems;
	int			i;

	if (isnull)
		return NIL;
	deconstruct_array(DatumGetArrayTypeP(datum), TEXTOID, -1, false,
					  TYPALIGN_INT, &elems, &nulls, &nelems);
	for (i = 0; i < nelems; i++)
		if (!nulls[i])
			texts = lappend(texts, TextDatumGetCString(elems[i]));
	return texts;
}

/* name.name.name, each quoted where SQL wants it */
static char *
join_names(List *names)
{
	StringInfoData buf;
	ListCell   *cell;

	initStringInfo(&buf);
	foreach(cell, names)
	{
		if (buf.len > 0)
			appendStringInfoChar(&buf, '.');
		appendStringInfoString(&buf, quote_identifier(lfirst(cell)));
	}
	return buf.data;
}

static void
append_arguments(StringInfo buf, List *args)
{
	const char *comma = "";
	ListCell   *cell;

	appendStringInfoChar(buf, '(');
	foreach(cell, args)
	{
		const char *type = lfirst(cell);

		/* facts are written with that schema in the search_path */
		if (strncmp(type, SERVERS_SCHEMA, sizeof(SERVERS_SCHEMA) - 1) == 0)
			type += sizeof(SERVERS_SCHEMA) - 1;
		appendStringInfo(buf, "%s%s", comma, type);
		comma = ", ";
	}
	appendStringInfoChar(buf, ')');
}

/*
 * Class, identity and schema from the server's words.  'identity' is what the
 * server calls it, for what we have no form for.
 */
static void
name_object(SlGuardObject *object, const char *type, List *names, List *args,
			const char *identity)
{
	StringInfoData buf;
	int			i;

	object->class = type;
	object->identity = identity;
	for (i = 0; i < (int) lengthof(kinds); i++)
	{
		Form		form = kinds[i].form;

		if (strcmp(kinds[i].type, type) != 0)
			continue;
		object->class = kinds[i].class;
		if (list_length(names) != form_names[form])
			return;
		initStringInfo(&buf);
		if (form == FORM_OF_TYPE)
		{
			appendStringInfo(&buf, "%s.%s", (char *) linitial(names),
							 join_names(args));
			object->identity = buf.data;
			return;
		}
		appendStringInfoString(&buf, join_names(names));
		if (form == FORM_ROUTINE)
			append_arguments(&buf, args);
		object->identity = buf.data;
		object->schema = linitial(names);
		if (form == FORM_NAMED && strcmp(type, "schema") != 0)
			object->schema = NULL;
		return;
	}
}

/* Types are named by one text; what kind they are the catalog knows. */
static void
name_type(Oid type, SlGuardObject *object, List **names)
{
	static const struct
	{
		char		kind;
		const char *class;
	}			classes[] = {
		{TYPTYPE_BASE, "base type"},
		{TYPTYPE_COMPOSITE, "composite type"},
		{TYPTYPE_DOMAIN, "domain"},
		{TYPTYPE_ENUM, "enum"},
		{TYPTYPE_PSEUDO, "shell type"},
		{TYPTYPE_RANGE, "range"},
	};
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	Form_pg_type form;
	int			i;

	if (!HeapTupleIsValid(tuple))
		return;
	form = (Form_pg_type) GETSTRUCT(tuple);
	*names = list_make2(get_namespace_name_or_temp(form->typnamespace),
						pstrdup(NameStr(form->typname)));
	for (i = 0; i < (int) lengthof(classes); i++)
		if (classes[i].kind == form->typtype)
			object->class = classes[i].class;
	ReleaseSysCache(tuple);
}

/* The name that RENAME took away; NULL if there is no telling. */
static char *
name_before(const RenameStmt *stmt)
{
	if (stmt->subname != NULL)
		return stmt->subname;
	if (stmt->relation != NULL)
		return stmt->relation->relname;
	if (stmt->object == NULL)
		return NULL;
	if (IsA(stmt->object, String))
		return strVal(stmt->object);
	if (IsA(stmt->object, List))
		return strVal(llast((List *) stmt->object));
	if (IsA(stmt->object, ObjectWithArgs))
		return strVal(llast(((ObjectWithArgs *) stmt->object)->objname));
	return NULL;
}

/* Put back into the names what the statement changed of them. */
static void
undo_names(const CollectedCommand *command, SlGuardObject *object,
		   List *names)
{
	if (names == NIL)
		return;
	if (IsA(command->parsetree, RenameStmt))
	{
		char	   *name = name_before((RenameStmt *) command->parsetree);

		if (name != NULL)
			lfirst(list_tail(names)) = name;
	}
	else if (IsA(command->parsetree, AlterObjectSchemaStmt) &&
			 command->type == SCT_Simple &&
			 OidIsValid(command->d.simple.secondaryObject.objectId))
	{
		Oid			schema = command->d.simple.secondaryObject.objectId;
		char	   *name = get_namespace_name_or_temp(schema);

		object->new_schema = linitial(names);
		if (name != NULL)
			linitial(names) = name;
	}
}

/* The row of a column stays when it is dropped. */
static bool
is_dropped_column(const ObjectAddress *address)
{
	HeapTuple	tuple;

	if (address->classId != RelationRelationId || address->objectSubId == 0)
		return false;
	tuple = SearchSysCacheAttNum(address->objectId, address->objectSubId);
	if (!HeapTupleIsValid(tuple))
		return true;
	ReleaseSysCache(tuple);
	return false;
}

/* An object that is there; NULL if it is not. */
static SlGuardObject *
live_object(const ObjectAddress *address, const CollectedCommand *command)
{
	SlGuardObject *object = palloc0_object(SlGuardObject);
	List	   *names = NIL;
	List	   *args = NIL;
	const char *kind = NULL;
	char	   *identity;

	if (!OidIsValid(address->objectId) || is_dropped_column(address))
		return NULL;
	identity = getObjectIdentityParts(address, &names, &args, true);
	if (identity == NULL)
		return NULL;
	object->catalog = address->classId;
	object->object = address->objectId;
	if (address->classId == TypeRelationId)
	{
		name_type(address->objectId, object, &names);
		kind = object->class;
	}
	if (command != NULL)
		undo_names(command, object, names);
	name_object(object, getObjectTypeDescription(address, true), names, args,
				identity);
	if (kind != NULL)
		object->class = kind;
	object->temporary = object->schema != NULL &&
		strcmp(object->schema, "pg_temp") == 0;
	return object;
}

static List *
add_object(List *objects, SlGuardObject *object)
{
	ListCell   *cell;

	if (object == NULL)
		return objects;
	foreach(cell, objects)
	{
		const SlGuardObject *other = lfirst(cell);

		if (strcmp(other->class, object->class) == 0 &&
			strcmp(other->identity, object->identity) == 0)
			return objects;
	}
	return lappend(objects, object);
}

/* What the subcommands of ALTER TABLE were about, or the table itself. */
static List *
add_altered(List *objects, const CollectedCommand *command)
{
	int			before = list_length(objects);
	ObjectAddress table;
	ListCell   *cell;

	foreach(cell, command->d.alterTable.subcmds)
	{
		const CollectedATSubcmd *sub = lfirst(cell);

		objects = add_object(objects, live_object(&sub->address, NULL));
	}
	if (list_length(objects) > before)
		return objects;
	ObjectAddressSet(table, command->d.alterTable.classId,
					 command->d.alterTable.objectId);
	return add_object(objects, live_object(&table, NULL));
}

/* GRANT and REVOKE: the server keeps what they were about in its own form. */
static List *
add_granted(List *objects, const InternalGrant *grant, const char *type)
{
	static const struct
	{
		ObjectType	type;
		Oid			catalog;
	}			catalogs[] = {
		{OBJECT_COLUMN, RelationRelationId},
		{OBJECT_DOMAIN, TypeRelationId},
		{OBJECT_FDW, ForeignDataWrapperRelationId},
		{OBJECT_FOREIGN_SERVER, ForeignServerRelationId},
		{OBJECT_FUNCTION, ProcedureRelationId},
		{OBJECT_LANGUAGE, LanguageRelationId},
		{OBJECT_PROCEDURE, ProcedureRelationId},
		{OBJECT_ROUTINE, ProcedureRelationId},
		{OBJECT_SCHEMA, NamespaceRelationId},
		{OBJECT_SEQUENCE, RelationRelationId},
		{OBJECT_TABLE, RelationRelationId},
		{OBJECT_TYPE, TypeRelationId},
	};
	SlGuardObject *object;
	ListCell   *cell;
	int			i;

	for (i = 0; i < (int) lengthof(catalogs); i++)
	{
		if (catalogs[i].type != grant->objtype)
			continue;
		foreach(cell, grant->objects)
		{
			ObjectAddress address;

			ObjectAddressSet(address, catalogs[i].catalog, lfirst_oid(cell));
			objects = add_object(objects, live_object(&address, NULL));
		}
		return objects;
	}
	/* a database, a tablespace, a setting: no part of the schema */
	object = palloc0_object(SlGuardObject);
	object->class = asc_tolower(type, strlen(type));
	object->identity = "";
	return add_object(objects, object);
}

static ObjectAddress
command_address(const CollectedCommand *command)
{
	switch (command->type)
	{
		case SCT_AlterOpFamily:
			return command->d.opfam.address;
		case SCT_CreateOpClass:
			return command->d.createopc.address;
		case SCT_AlterTSConfig:
			return command->d.atscfg.address;
		default:
			return command->d.simple.address;
	}
}

static List *
add_command(List *objects, TupleTableSlot *slot)
{
	bool		isnull;
	CollectedCommand *command =
		(CollectedCommand *) DatumGetPointer(slot_getattr(slot, 9, &isnull));
	SlGuardObject *object;
	ObjectAddress address;

	switch (command->type)
	{
		case SCT_AlterTable:
			return add_altered(objects, command);
		case SCT_Grant:
			return add_granted(objects, command->d.grant.istmt,
							   slot_text(slot, 5));
		case SCT_AlterDefaultPrivileges:
			object = palloc0_object(SlGuardObject);
			object->class = "default privileges";
			object->identity = "";
			return add_object(objects, object);
		default:
			address = command_address(command);
			return add_object(objects, live_object(&address, command));
	}
}

/*
 * What the statement made and changed, SlGuardObject pointers.  Of CREATE
 * TABLE the table, and not its indexes and sequences: what has the tag of the
 * statement, or, where nothing has, everything.
 */
List *
sl_guard_changed_objects(const EventTriggerData *event)
{
	const char *tag = GetCommandTagName(event->tag);
	bool		all = IsA(event->parsetree, CreateSchemaStmt);
	List	   *objects = NIL;
	TupleTableSlot *slot;
	Tuplestorestate *rows;

	rows = call_event_function(F_PG_EVENT_TRIGGER_DDL_COMMANDS, &slot);
	for (;;)
	{
		while (tuplestore_gettupleslot(rows, true, false, slot))
		{
			CHECK_FOR_INTERRUPTS();
			if (!slot_bool(slot, 8) &&
				(all || strcmp(slot_text(slot, 4), tag) == 0))
				objects = add_command(objects, slot);
		}
		if (objects != NIL || all)
			break;
		all = true;
		tuplestore_rescan(rows);
	}
	ExecDropSingleTupleTableSlot(slot);
	tuplestore_end(rows);
	return objects;
}

/* Does it always go with something that is told of, too? */
static bool
only_hangs_on(const char *type)
{
	return strcmp(type, "default value") == 0 || strcmp(type, "rule") == 0;
}

/* What the statement dropped, but for what only hung on that. */
List *
sl_guard_dropped_objects(const EventTriggerData *event)
{
	bool		extension = IsA(event->parsetree, DropStmt) &&
		((DropStmt *) event->parsetree)->removeType == OBJECT_EXTENSION;
	List	   *objects = NIL;
	TupleTableSlot *slot;
	Tuplestorestate *rows;

	rows = call_event_function(F_PG_EVENT_TRIGGER_DROPPED_OBJECTS, &slot);
	while (tuplestore_gettupleslot(rows, true, false, slot))
	{
		SlGuardObject *object;

		CHECK_FOR_INTERRUPTS();
		/* what an extension brought along goes with it */
		if (!slot_bool(slot, 4) &&
			(extension || !slot_bool(slot, 5) ||
			 only_hangs_on(slot_text(slot, 7))))
			continue;
		object = palloc0_object(SlGuardObject);
		object->catalog = slot_oid(slot, 1);
		name_object(object, slot_text(slot, 7), slot_texts(slot, 11),
					slot_texts(slot, 12), slot_text(slot, 10));
		/* a type has one name of two parts here, as it is quoted */
		if (object->schema == NULL && strcmp(object->class, "schema") != 0)
			object->schema = slot_text(slot, 8);
		object->temporary = slot_bool(slot, 6);
		objects = add_object(objects, object);
	}
	ExecDropSingleTupleTableSlot(slot);
	tuplestore_end(rows);
	return objects;
}
