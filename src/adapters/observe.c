/*-------------------------------------------------------------------------
 *
 * observe.c
 *	  sl_observe, sl_unobserve: the triggers come and go.
 *
 * On the version table a trigger before each statement that writes, ALWAYS, so
 * that session_replication_role does not pass it by; for the database an event
 * trigger at the start of each statement of DDL.  Neither is a member of the
 * extension, which would keep them out of dumps; both go with it.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/adapters/observe.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_event_trigger.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/event_trigger.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/value.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

#include "adapters/adapters_private.h"

PG_FUNCTION_INFO_V1(sl_observe);
PG_FUNCTION_INFO_V1(sl_unobserve);

#define EVENT_TRIGGER "schema_lifecycle_observe"
#define WRITE_TRIGGER "schema_lifecycle_observe"

static const char *const modes[] = {"record", "warn", "deny"};

/* Ours, if it is there. */
static Oid
find_event_trigger(const SlExtension *extension)
{
	HeapTuple	tuple = SearchSysCache1(EVENTTRIGGERNAME,
										CStringGetDatum(EVENT_TRIGGER));
	Form_pg_event_trigger form;
	Oid			oid = InvalidOid;

	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	form = (Form_pg_event_trigger) GETSTRUCT(tuple);
	if (get_func_namespace(form->evtfoid) == extension->schema)
		oid = form->oid;
	ReleaseSysCache(tuple);
	return oid;
}

/* It goes with the extension, though it depends on its function. */
void
sl_observe_bind(const SlExtension *extension)
{
	Oid			oid = find_event_trigger(extension);
	ObjectAddress trigger;
	ObjectAddress owner;

	if (!OidIsValid(oid))
		return;
	ObjectAddressSet(trigger, EventTriggerRelationId, oid);
	ObjectAddressSet(owner, ExtensionRelationId, extension->oid);
	recordDependencyOn(&trigger, &owner, DEPENDENCY_AUTO);
	CommandCounterIncrement();
}

/* CREATE EVENT TRIGGER wants a superuser: that is the extension's owner. */
static void
create_event_trigger(const SlExtension *extension)
{
	CreateEventTrigStmt *create;
	AlterEventTrigStmt *alter;
	SlIdentity	before;

	if (OidIsValid(find_event_trigger(extension)))
		return;
	if (!superuser_arg(extension->owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("the owner of the extension must be a superuser to observe a tool"),
				 errhint("Event triggers belong to superusers.")));
	create = makeNode(CreateEventTrigStmt);
	create->trigname = pstrdup(EVENT_TRIGGER);
	create->eventname = pstrdup("ddl_command_start");
	create->funcname =
		list_make2(makeString(get_namespace_name(extension->schema)),
				   makeString(pstrdup("sl_observe_ddl")));
	alter = makeNode(AlterEventTrigStmt);
	alter->trigname = pstrdup(EVENT_TRIGGER);
	alter->tgenabled = TRIGGER_FIRES_ALWAYS;
	sl_become_owner(extension, &before);
	(void) CreateEventTrigger(create);
	CommandCounterIncrement();
	(void) AlterEventTrigger(alter);
	CommandCounterIncrement();
	sl_become_again(&before);
	sl_observe_bind(extension);
}

static void
drop_object(Oid catalog, Oid object)
{
	ObjectAddress address;

	ObjectAddressSet(address, catalog, object);
	performDeletion(&address, DROP_RESTRICT, 0);
	CommandCounterIncrement();
}

/* The one on this table; or none. */
static Oid
find_write_trigger(Oid relid)
{
	return get_trigger_oid(relid, WRITE_TRIGGER, true);
}

/* As the caller, who needs the right to put a trigger there. */
static void
create_write_trigger(const SlExtension *extension,
					 const SlVersionTable *table)
{
	CreateTrigStmt *stmt;
	ObjectAddress trigger;
	ObjectAddress owner;

	if (OidIsValid(find_write_trigger(table->relid)))
		return;
	stmt = makeNode(CreateTrigStmt);
	stmt->trigname = pstrdup(WRITE_TRIGGER);
	stmt->relation = makeRangeVar(table->schema, table->name, -1);
	stmt->funcname =
		list_make2(makeString(get_namespace_name(extension->schema)),
				   makeString(pstrdup("sl_observe_write")));
	stmt->row = false;
	stmt->timing = TRIGGER_TYPE_BEFORE;
	stmt->events = TRIGGER_TYPE_INSERT | TRIGGER_TYPE_UPDATE |
		TRIGGER_TYPE_DELETE | TRIGGER_TYPE_TRUNCATE;
	trigger = CreateTriggerFiringOn(stmt, NULL, table->relid, InvalidOid,
									InvalidOid, InvalidOid, InvalidOid,
									InvalidOid, NULL, false, false,
									TRIGGER_FIRES_ALWAYS);
	ObjectAddressSet(owner, ExtensionRelationId, extension->oid);
	recordDependencyOn(&trigger, &owner, DEPENDENCY_AUTO_EXTENSION);
	CommandCounterIncrement();
}

static void
check_mode(const char *mode)
{
	int			i;

	for (i = 0; i < (int) lengthof(modes); i++)
		if (strcmp(modes[i], mode) == 0)
			return;
	ereport(ERROR,
			(errcode(SL_ERR_BAD_INPUT),
			 errmsg("unknown mode \"%s\"", mode),
			 errhint("Available modes: record, warn, deny.")));
}

static char *
table_argument(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("the version table must be named")));
	return text_to_cstring(PG_GETARG_TEXT_PP(0));
}

static void
refuse_mirrored(const SlVersionTable *table)
{
	ListCell   *cell;

	foreach(cell, sl_version_tables_read(true))
	{
		const SlVersionTableRow *row = lfirst(cell);

		if (row->mirror && strcmp(row->schema, table->schema) == 0 &&
			strcmp(row->name, table->name) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("\"%s\" is kept in step: it is written here, not by %s",
							table->title, table->adapter->name),
					 errhint("sl_adopt(version_table => %s, mirror => false) ends that.",
							 quote_literal_cstr(table->title))));
	}
}

/* sl_observe(version_table, mode): whose table it is */
Datum
sl_observe(PG_FUNCTION_ARGS)
{
	SlVersionTableRow row = {0};
	SlVersionTable *table;
	SlExtension extension;
	char	   *name = table_argument(fcinfo);

	row.observe = PG_ARGISNULL(1) ? pstrdup(modes[0]) :
		text_to_cstring(PG_GETARG_TEXT_PP(1));
	check_mode(row.observe);
	sl_words_begin("sl_observe");
	table = sl_version_table_find(NULL, name);
	if (!sl_version_table_lock(table, ShareRowExclusiveLock))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("version table \"%s\" was dropped meanwhile",
						table->title)));
	refuse_mirrored(table);
	sl_extension_get(&extension);
	create_write_trigger(&extension, table);
	create_event_trigger(&extension);
	row.schema = table->schema;
	row.name = table->name;
	row.tool = unconstify(char *, table->adapter->name);
	sl_version_table_put(&row);
	sl_verdict_catch_up(table);
	PG_RETURN_TEXT_P(cstring_to_text(table->adapter->name));
}

/* Nobody else is observed: the event trigger has nothing to do. */
static void
drop_idle_event_trigger(void)
{
	SlExtension extension;
	ListCell   *cell;
	Oid			oid;

	foreach(cell, sl_version_tables_read(true))
		if (((const SlVersionTableRow *) lfirst(cell))->observe != NULL)
			return;
	sl_extension_get(&extension);
	oid = find_event_trigger(&extension);
	if (OidIsValid(oid))
		drop_object(EventTriggerRelationId, oid);
}

/* The table that is meant: the name may be all that is left of it. */
static const SlVersionTableRow *
find_observed(const char *name)
{
	List	   *names = textToQualifiedNameList(cstring_to_text(name));
	RangeVar   *var = makeRangeVarFromNameList(names);
	Oid			relid = RangeVarGetRelid(var, NoLock, true);
	char	   *schema = OidIsValid(relid) ?
		get_namespace_name(get_rel_namespace(relid)) : var->schemaname;
	const SlVersionTableRow *found = NULL;
	ListCell   *cell;

	foreach(cell, sl_version_tables_read(true))
	{
		const SlVersionTableRow *row = lfirst(cell);

		if (row->observe != NULL && strcmp(row->name, var->relname) == 0 &&
			(schema == NULL || strcmp(row->schema, schema) == 0))
			found = row;
	}
	if (found == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("version table \"%s\" is not observed", name)));
	return found;
}

/* sl_unobserve(version_table) */
Datum
sl_unobserve(PG_FUNCTION_ARGS)
{
	const SlVersionTableRow *found;
	SlVersionTableRow row;
	SlVersionTable *table;
	char	   *name = table_argument(fcinfo);
	Oid			trigger;

	sl_words_begin("sl_unobserve");
	found = find_observed(name);
	row = *found;
	row.observe = NULL;
	table = sl_version_table_known(found);
	if (table == NULL)
		(void) sl_version_table_drop(row.schema, row.name);
	else
	{
		AclResult	acl = pg_class_aclcheck(table->relid, GetUserId(),
											ACL_TRIGGER);

		if (acl != ACLCHECK_OK)
			aclcheck_error(acl, OBJECT_TABLE, table->title);
		trigger = find_write_trigger(table->relid);
		if (OidIsValid(trigger))
			drop_object(TriggerRelationId, trigger);
		sl_version_table_put(&row);
	}
	drop_idle_event_trigger();
	PG_RETURN_VOID();
}
