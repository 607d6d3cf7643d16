/*-------------------------------------------------------------------------
 *
 * event.c
 *	  What happens when somebody's DDL comes: the functions of the event
 *	  triggers.
 *
 * Which of the two is called is the mode.  Under both the order is: what is
 * never anybody's business, whose DDL passes, and what it is about.
 *
 * The owner is never locked out: the extension itself can be dropped and
 * updated, and sl_guard() needs no statement that an event trigger could see.
 * What fails in the books of the log is a warning, and the statement stays.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/guard/event.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/pg_event_trigger.h"
#include "catalog/pg_extension.h"
#include "commands/event_trigger.h"
#include "commands/extension.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "tcop/pquery.h"
#include "utils/builtins.h"
#include "utils/formatting.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "common/extension.h"
#include "common/settings.h"
#include "common/sl_compat.h"
#include "common/sl_errors.h"
#include "guard/guard.h"
#include "guard/guard_private.h"
#include "ledger/ddl_log.h"
#include "runner/runner.h"

PG_FUNCTION_INFO_V1(sl_guard_log);
PG_FUNCTION_INFO_V1(sl_guard_deny);

/* so many bytes of a statement are kept */
#define MAX_STATEMENT 4000

/* DROP EXTENSION schema_lifecycle, and nothing else with it */
static bool
drops_us(Node *statement)
{
	DropStmt   *stmt = (DropStmt *) statement;

	return IsA(statement, DropStmt) &&
		stmt->removeType == OBJECT_EXTENSION &&
		list_length(stmt->objects) == 1 &&
		strcmp(strVal(linitial(stmt->objects)), SL_EXTENSION_NAME) == 0;
}

static bool
alters_us(Node *statement)
{
	return IsA(statement, AlterExtensionStmt) &&
		strcmp(((AlterExtensionStmt *) statement)->extname,
			   SL_EXTENSION_NAME) == 0;
}

/*
 * Statements that leave every fact as it is, and those about us.  A dump has
 * REFRESH behind the event triggers.
 */
static bool
is_nobodys_business(Node *statement)
{
	return IsA(statement, RefreshMatViewStmt) ||
		IsA(statement, ReindexStmt) ||
		IsA(statement, SecLabelStmt) ||
		drops_us(statement) || alters_us(statement);
}

/*
 * After a restore the triggers are there, and nothing says that they go with
 * the extension: then DROP EXTENSION would want a CASCADE.
 */
static void
let_us_be_dropped(void)
{
	SlExtension extension;

	if (sl_extension_find(&extension))
		sl_guard_bind_triggers(&extension);
}

/* No question has to be asked for it. */
static bool
is_ours(void)
{
	return IsBinaryUpgrade || creating_extension || sl_guard_bypass ||
		sl_fence_is_up();
}

static bool
is_about_privileges(Node *statement)
{
	return IsA(statement, GrantStmt) ||
		IsA(statement, AlterDefaultPrivilegesStmt);
}

static const char *
session_role(void)
{
	const char *name = GetUserNameFromId(GetSessionUserId(), true);

	return name != NULL ? name : "?";
}

static void
refuse(const EventTriggerData *event, const SlGuardObject *object)
{
	const char *tag = GetCommandTagName(event->tag);
	char	   *what = object->identity != NULL && *object->identity != '\0' ?
		psprintf("%s (%s %s)", tag, object->class, object->identity) :
		pstrdup(tag);

	/* the error may be caught, and then nobody would ever know */
	ereport(LOG_SERVER_ONLY,
			(errcode(SL_ERR_GUARD),
			 errmsg("schema_lifecycle refused %s of role \"%s\", application \"%s\"",
					what, session_role(), application_name),
			 errhidestmt(true)));
	ereport(ERROR,
			(errcode(SL_ERR_GUARD),
			 errmsg("%s is refused: this schema changes by migrations alone",
					what),
			 errdetail("schema_lifecycle guards this database, sl_guard('deny'), and no rule lets role \"%s\", application \"%s\", pass.",
					   session_role(), application_name),
			 errhint("Put the change into a migration file, push it (slctl push DIR), and CALL sl_migrate(); if an application makes its tables when it starts (create_all(), synchronize, ddl-auto), switch that off. "
					 "A superuser gets through with SET schema_lifecycle.guard_bypass = on.")));
}

/* Refuse if any of them is not let pass. */
static void
refuse_objects(const EventTriggerData *event, const SlOptions *rules,
			   List *objects)
{
	ListCell   *cell;

	foreach(cell, objects)
		if (!sl_guard_lets_object_pass(rules, lfirst(cell)))
			refuse(event, lfirst(cell));
}

/* May this session do what it likes?  Also what it is that we need to know. */
static bool
passes(const EventTriggerData *event, const SlOptions **rules)
{
	if (is_nobodys_business(event->parsetree) || is_ours())
		return true;
	*rules = sl_guard_rules();
	return sl_guard_lets_session_pass(*rules) ||
		(sl_guard_observed != NULL && sl_guard_observed());
}

/* sl_guard_deny(): the event triggers of sl_guard('deny') */
Datum
sl_guard_deny(PG_FUNCTION_ARGS)
{
	const EventTriggerData *event = sl_guard_event(fcinfo);
	const SlOptions *rules;
	const SlGuardObject *object;

	if (drops_us(event->parsetree) &&
		strcmp(event->event, "ddl_command_start") == 0)
		let_us_be_dropped();
	if (passes(event, &rules) ||
		(is_about_privileges(event->parsetree) && !rules->compare_privileges))
		PG_RETURN_NULL();
	if (strcmp(event->event, "ddl_command_start") == 0)
	{
		object = sl_guard_foresee(rules, event->parsetree);
		if (object != NULL)
			refuse(event, object);
	}
	else if (strcmp(event->event, "sql_drop") == 0)
		refuse_objects(event, rules, sl_guard_dropped_objects(event));
	else
		refuse_objects(event, rules, sl_guard_changed_objects(event));
	PG_RETURN_NULL();
}

/* Commands whose options may hold a password. */
static bool
may_hold_secret(Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_AlterFdwStmt:
		case T_AlterForeignServerStmt:
		case T_AlterSubscriptionStmt:
		case T_AlterUserMappingStmt:
		case T_CreateFdwStmt:
		case T_CreateForeignServerStmt:
		case T_CreateSubscriptionStmt:
		case T_CreateUserMappingStmt:
			return true;
		default:
			return false;
	}
}

/* The statement that the client sent and that is at work, cut. */
static char *
statement_text(Node *parsetree)
{
	PlannedStmt *sent = NULL;
	const char *text;
	int			length;

	if (may_hold_secret(parsetree))
		return pstrdup("(not kept: it may hold a password)");
	if (ActivePortal == NULL || ActivePortal->sourceText == NULL)
		return NULL;
	text = ActivePortal->sourceText;
	length = strlen(text);
	if (list_length(ActivePortal->stmts) == 1)
		sent = linitial_node(PlannedStmt, ActivePortal->stmts);
	if (sent != NULL && sent->stmt_location >= 0 &&
		sent->stmt_location <= length)
	{
		text += sent->stmt_location;
		length -= sent->stmt_location;
		if (sent->stmt_len > 0)
			length = Min(length, sent->stmt_len);
	}
	while (length > 0 && isspace((unsigned char) *text))
	{
		text++;
		length--;
	}
	while (length > 0 && isspace((unsigned char) text[length - 1]))
		length--;
	/* a block or a function: what else may be in there? */
	if ((sent == NULL || sent->utilityStmt == NULL ||
		 nodeTag(sent->utilityStmt) != nodeTag(parsetree)) &&
		strstr(asc_tolower(text, length), "password") != NULL)
		return pstrdup("(not kept: it may hold a password)");
	if (length > MAX_STATEMENT)
		return psprintf("%s ...",
						pnstrdup(text, pg_mbcliplen(text, length,
													MAX_STATEMENT)));
	return pnstrdup(text, length);
}

/* Rows for those that no rule lets pass. */
static void
log_objects(const EventTriggerData *event, const SlOptions *rules,
			List *objects)
{
	SlDdlRow   *rows = palloc_array(SlDdlRow, list_length(objects) + 1);
	char	   *statement = statement_text(event->parsetree);
	int			count = 0;
	ListCell   *cell;

	foreach(cell, objects)
	{
		const SlGuardObject *object = lfirst(cell);

		if (sl_guard_lets_object_pass(rules, object))
			continue;
		rows[count].command = GetCommandTagName(event->tag);
		rows[count].class = object->class;
		rows[count].identity = *object->identity != '\0' ?
			object->identity : NULL;
		rows[count++].statement = statement;
	}
	/* nobody tells which privileges it took */
	if (objects == NIL && IsA(event->parsetree, DropOwnedStmt))
	{
		rows[count].command = GetCommandTagName(event->tag);
		rows[count].class = NULL;
		rows[count].identity = NULL;
		rows[count++].statement = statement;
	}
	if (count > 0)
		sl_ddl_log_put(rows, count, rules->log_retention_days);
}

static void
log_event(const EventTriggerData *event)
{
	const SlOptions *rules;

	if (passes(event, &rules))
		return;
	if (strcmp(event->event, "sql_drop") == 0)
		log_objects(event, rules, sl_guard_dropped_objects(event));
	else
		log_objects(event, rules, sl_guard_changed_objects(event));
}

/*
 * Is that an error of the one who waits, and not of the books?
 */
static bool
is_not_ours(int sqlerrcode)
{
	return ERRCODE_TO_CATEGORY(sqlerrcode) == ERRCODE_OPERATOR_INTERVENTION;
}

/* The same; what fails is a warning. */
static void
log_safely(const EventTriggerData *event)
{
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(caller);
	PG_TRY();
	{
		log_event(event);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(caller);
		CurrentResourceOwner = owner;
		if (is_not_ours(error->sqlerrcode))
			ReThrowError(error);
		ereport(WARNING,
				(errmsg("%s was not written to the DDL log: %s",
						GetCommandTagName(event->tag), error->message)));
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	CurrentResourceOwner = owner;
}

/* sl_guard_log(): the event triggers of sl_guard('log') */
Datum
sl_guard_log(PG_FUNCTION_ARGS)
{
	const EventTriggerData *event = sl_guard_event(fcinfo);

	if (strcmp(event->event, "ddl_command_start") == 0)
	{
		if (drops_us(event->parsetree))
			let_us_be_dropped();
	}
	else if (!is_nobodys_business(event->parsetree) && !is_ours())
		log_safely(event);
	PG_RETURN_NULL();
}
