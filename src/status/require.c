/*-------------------------------------------------------------------------
 *
 * require.c
 *	  Named requirements: sl_require, sl_unrequire, and whether they hold.
 *
 * Relations are stored with the schema that they were found in, or would be
 * made in, when the requirement was written down.  All other names in it,
 * types and functions, are looked for in the search_path of that moment, which
 * is stored beside it: no later setting of anybody changes what it means.
 *
 * It is looked at as the extension's owner, since what holds does not depend
 * on who asks.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/status/require.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "common/extension.h"
#include "common/sl_compat.h"
#include "common/sl_errors.h"
#include "status/require.h"
#include "status/status.h"

PG_FUNCTION_INFO_V1(sl_require);
PG_FUNCTION_INFO_V1(sl_unrequire);

/* The schemas of the caller's search_path that are there, by name. */
static List *
callers_path(void)
{
	List	   *names = NIL;
	ListCell   *cell;

	foreach(cell, fetch_search_path(false))
	{
		char	   *name;

		if (isAnyTempNamespace(lfirst_oid(cell)))
			continue;
		name = get_namespace_name(lfirst_oid(cell));
		if (name != NULL)
			names = lappend(names, name);
	}
	return names;
}

/* Search these schemas, and pg_temp behind them, in the current nest. */
static void
set_path(char **path, int npath)
{
	StringInfoData value;
	int			i;

	initStringInfo(&value);
	for (i = 0; i < npath; i++)
		appendStringInfo(&value, "%s, ", quote_identifier(path[i]));
	appendStringInfoString(&value, "pg_temp");
	(void) set_config_option("search_path", value.data, PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

/* Is the error one that nobody may keep to himself? */
bool
sl_error_must_pass(const ErrorData *error)
{
	int			category = ERRCODE_TO_CATEGORY(error->sqlerrcode);

	return category == ERRCODE_OPERATOR_INTERVENTION ||
		category == ERRCODE_INSUFFICIENT_RESOURCES;
}

/*
 * Does the requirement hold?  Not, if looking fails: an operator or a column
 * that its expression names may be missing.  That error is then *error.
 */
static bool
look_at(const char *text, char **path, int npath, char **why,
		ErrorData **error)
{
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool holds = false;

	*why = NULL;
	*error = NULL;
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(caller);
	PG_TRY();
	{
		SlExtension extension;
		SlIdentity	before;
		StringInfoData reason;

		sl_extension_get(&extension);
		sl_become_owner(&extension, &before);
		set_path(path, npath);
		initStringInfo(&reason);
		{
			SlRequirement *requirement = sl_requirement_parse(text, NIL);

			holds = requirement->form->holds(requirement, &reason);
		}
		*why = holds ? NULL : reason.data;
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		*error = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();
	/* nothing was changed: this gives back the role, and the settings */
	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(caller);
	CurrentResourceOwner = owner;
	if (*error == NULL)
		return holds;
	if (sl_error_must_pass(*error))
		ReThrowError(*error);
	*why = (*error)->message;
	return false;
}

bool
sl_requirement_holds(const SlRequirementRow *row, char **why)
{
	ErrorData  *error;

	return look_at(row->requirement, row->path, row->npath, why, &error);
}

/* All requirements, and whether they hold: SlRequirementState pointers. */
List *
sl_requirements_look(void)
{
	List	   *states = NIL;
	ListCell   *cell;

	foreach(cell, sl_requirements_read(true))
	{
		const SlRequirementRow *row = lfirst(cell);
		SlRequirementState *state = palloc0_object(SlRequirementState);

		CHECK_FOR_INTERRUPTS();
		state->name = row->name;
		state->requirement = row->requirement;
		state->holds = sl_requirement_holds(row, &state->why);
		states = lappend(states, state);
	}
	return states;
}

/* The DDL that makes a requirement true; NULL if nobody can know it. */
char *
sl_requirement_ddl(const SlRequirementRow *row)
{
	return sl_requirement_parse(row->requirement, NIL)->ddl;
}

/*
 * Is that a mistake in the text itself, and not something that is only not
 * there yet?
 */
static bool
is_mistake(const ErrorData *error)
{
	int			category = ERRCODE_TO_CATEGORY(error->sqlerrcode);

	return category == ERRCODE_DATA_EXCEPTION ||
		category == ERRCODE_FEATURE_NOT_SUPPORTED ||
		error->sqlerrcode == ERRCODE_DATATYPE_MISMATCH ||
		error->sqlerrcode == ERRCODE_GROUPING_ERROR ||
		error->sqlerrcode == ERRCODE_WINDOWING_ERROR;
}

/* sl_require(name, requirement): its text as it is stored */
Datum
sl_require(PG_FUNCTION_ARGS)
{
	List	   *path = callers_path();
	char	  **names = palloc_array(char *, list_length(path) + 1);
	int			count = 0;
	char	   *name;
	char	   *given;
	char	   *why;
	ErrorData  *error;
	SlRequirement *requirement;
	ListCell   *cell;

	sl_require_writer("sl_require");
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("\"%s\" must not be null",
						PG_ARGISNULL(0) ? "name" : "requirement")));
	name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	given = text_to_cstring(PG_GETARG_TEXT_PP(1));
	if (*name == '\0')
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("the name of a requirement must not be empty")));
	requirement = sl_requirement_parse(given, path);
	foreach(cell, path)
		names[count++] = lfirst(cell);
	if (!look_at(requirement->text, names, count, &why, &error))
	{
		if (error != NULL && is_mistake(error))
			ereport(ERROR,
					(errcode(SL_ERR_BAD_INPUT),
					 errmsg("requirement \"%s\" cannot be read", given),
					 errdetail("%s", error->message)));
		ereport(NOTICE,
				(errmsg("requirement \"%s\" does not hold: %s", name, why)));
	}
	sl_requirement_put(name, requirement->text, names, count);
	PG_RETURN_TEXT_P(cstring_to_text(requirement->text));
}

/* sl_unrequire(name) */
Datum
sl_unrequire(PG_FUNCTION_ARGS)
{
	char	   *name;

	sl_require_writer("sl_unrequire");
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("\"%s\" must not be null", "name")));
	name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	if (!sl_requirement_drop(name))
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("there is no requirement \"%s\"", name),
				 errhint("See the object \"schema\" of sl_status().")));
	PG_RETURN_VOID();
}
