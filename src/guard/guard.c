/*-------------------------------------------------------------------------
 *
 * guard.c
 *	  sl_guard(): the event triggers come and go.
 *
 * The guard is three event triggers, which exist while it is on; the function
 * that they call is the mode.  So there is one place that says what is set,
 * a statement costs nothing while it is off, and a dump brings the guard
 * along, behind all that it restores.  They are no members of the extension,
 * which would keep them out of dumps, but go with it.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/guard/guard.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_event_trigger.h"
#include "catalog/pg_extension.h"
#include "commands/event_trigger.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/value.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "common/extension.h"
#include "common/sl_compat.h"
#include "common/sl_errors.h"
#include "guard/guard_private.h"

PG_FUNCTION_INFO_V1(sl_guard);

static const struct
{
	const char *name;
	const char *event;
}			triggers[] = {
	{"schema_lifecycle_guard_start", "ddl_command_start"},
	{"schema_lifecycle_guard_end", "ddl_command_end"},
	{"schema_lifecycle_guard_drop", "sql_drop"},
};

static const struct
{
	const char *name;
	const char *function;		/* NULL: there are no triggers */
}			modes[] = {
	{"off", NULL},
	{"log", "sl_guard_log"},
	{"deny", "sl_guard_deny"},
};

/* What the event trigger was called with. */
const EventTriggerData *
sl_guard_event(FunctionCallInfo fcinfo)
{
	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("this function is for the event triggers of sl_guard()")));
	return (const EventTriggerData *) fcinfo->context;
}

/* The trigger, if it is there and is ours; *function: what it calls. */
static Oid
find_trigger(int i, const SlExtension *extension, char **function,
			 char *enabled)
{
	HeapTuple	tuple = SearchSysCache1(EVENTTRIGGERNAME,
										CStringGetDatum(triggers[i].name));
	Form_pg_event_trigger form;
	Oid			oid = InvalidOid;

	*function = NULL;
	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	form = (Form_pg_event_trigger) GETSTRUCT(tuple);
	if (get_func_namespace(form->evtfoid) == extension->schema)
	{
		*function = get_func_name(form->evtfoid);
		*enabled = form->evtenabled;
		oid = form->oid;
	}
	ReleaseSysCache(tuple);
	return oid;
}

/*
 * What is set: of the trigger that no mode does without.  One that somebody
 * disabled does nothing.
 */
static const char *
current_mode(const SlExtension *extension)
{
	char	   *function;
	char		enabled = TRIGGER_DISABLED;
	int			i;

	(void) find_trigger(1, extension, &function, &enabled);
	if (function != NULL && enabled != TRIGGER_DISABLED)
		for (i = 0; i < (int) lengthof(modes); i++)
			if (modes[i].function != NULL &&
				strcmp(modes[i].function, function) == 0)
				return modes[i].name;
	return modes[0].name;
}

/* They go with the extension, whatever else is said of their function. */
void
sl_guard_bind_triggers(const SlExtension *extension)
{
	ObjectAddress trigger;
	ObjectAddress owner;
	int			i;

	ObjectAddressSet(owner, ExtensionRelationId, extension->oid);
	for (i = 0; i < (int) lengthof(triggers); i++)
	{
		char	   *function;
		char		enabled;
		Oid			oid = find_trigger(i, extension, &function, &enabled);

		if (!OidIsValid(oid))
			continue;
		ObjectAddressSet(trigger, EventTriggerRelationId, oid);
		recordDependencyOn(&trigger, &owner, DEPENDENCY_AUTO);
	}
}

static void
drop_triggers(const SlExtension *extension)
{
	int			i;

	for (i = 0; i < (int) lengthof(triggers); i++)
	{
		ObjectAddress trigger;
		char	   *function;
		char		enabled;
		Oid			oid = find_trigger(i, extension, &function, &enabled);

		if (!OidIsValid(oid))
			continue;
		ObjectAddressSet(trigger, EventTriggerRelationId, oid);
		performDeletion(&trigger, DROP_RESTRICT, 0);
	}
}

/* CREATE EVENT TRIGGER wants a superuser: that is the extension's owner. */
static void
create_triggers(const SlExtension *extension, const char *function)
{
	char	   *schema = get_namespace_name(extension->schema);
	int			i;

	for (i = 0; i < (int) lengthof(triggers); i++)
	{
		CreateEventTrigStmt *stmt = makeNode(CreateEventTrigStmt);

		stmt->trigname = pstrdup(triggers[i].name);
		stmt->eventname = pstrdup(triggers[i].event);
		stmt->funcname = list_make2(makeString(schema),
									makeString(pstrdup(function)));
		(void) CreateEventTrigger(stmt);
	}
}

static int
parse_mode(const char *name)
{
	int			i;

	for (i = 0; i < (int) lengthof(modes); i++)
		if (strcmp(modes[i].name, name) == 0)
			return i;
	ereport(ERROR,
			(errcode(SL_ERR_BAD_INPUT),
			 errmsg("unknown mode \"%s\"", name),
			 errhint("Available modes: off, log, deny.")));
	return 0;					/* keep the compiler quiet */
}

static void
set_mode(int mode)
{
	SlExtension extension;
	SlIdentity	before;

	/* two at once: the second finds what the first made */
	sl_extension_get(&extension);
	LockDatabaseObject(ExtensionRelationId, extension.oid, 0,
					   ShareRowExclusiveLock);
	sl_extension_get(&extension);
	sl_become_owner(&extension, &before);
	if (modes[mode].function != NULL &&
		!superuser_arg(extension.owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("the owner of the extension must be a superuser to guard the schema"),
				 errhint("Event triggers belong to superusers.")));
	drop_triggers(&extension);
	CommandCounterIncrement();
	if (modes[mode].function != NULL)
	{
		create_triggers(&extension, modes[mode].function);
		CommandCounterIncrement();
		sl_guard_bind_triggers(&extension);
		CommandCounterIncrement();
	}
	sl_become_again(&before);
}

/* sl_guard(mode): what is set then; NULL only asks */
Datum
sl_guard(PG_FUNCTION_ARGS)
{
	SlExtension extension;

	if (!PG_ARGISNULL(0))
	{
		int			mode = parse_mode(text_to_cstring(PG_GETARG_TEXT_PP(0)));

		sl_require_writer("sl_guard");
		set_mode(mode);
	}
	sl_extension_get(&extension);
	PG_RETURN_TEXT_P(cstring_to_text(current_mode(&extension)));
}
