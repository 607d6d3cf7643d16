/*-------------------------------------------------------------------------
 *
 * session.c
 *	  The settings that a script meets.
 *
 * Those of a fresh session of the caller, in a nest that also takes back what
 * the script sets, and with pg_temp last in the search_path.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/runner/session.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"
#include "utils/varlena.h"

#include "runner/runner.h"

/*
 * Settings that say how the caller's client is spoken to, or that are
 * ours: a script does not depend on them.
 */
static bool
is_kept_setting(const char *name)
{
	return strcmp(name, "application_name") == 0 ||
		strcmp(name, "client_encoding") == 0 ||
		strcmp(name, "client_min_messages") == 0 ||
		strncmp(name, "schema_lifecycle.", 17) == 0;
}

static void
set_in_nest(const char *name, const char *value, GucAction action)
{
	(void) set_config_option(name, value, PGC_SUSET, PGC_S_SESSION,
							 action, true, 0, false);
}

/*
 * What the session has SET goes back to what RESET would give.  With the
 * rights of a superuser, because what a superuser had set before he said SET
 * ROLE must go back too.
 */
static void
reset_session_settings(void)
{
	int			count;
	struct config_generic **variables = sl_guc_variables(&count);
	List	   *names = NIL;
	ListCell   *cell;
	int			i;

	/* names first: setting one may grow the table */
	for (i = 0; i < count; i++)
	{
		struct config_generic *variable = variables[i];

		if (variable->source == PGC_S_SESSION &&
			(variable->flags & (GUC_NO_RESET_ALL | SL_GUC_NO_RESET)) == 0 &&
			!is_kept_setting(variable->name))
			names = lappend(names, pstrdup(variable->name));
	}
	foreach(cell, names)
		set_in_nest(lfirst(cell), NULL, GUC_ACTION_SAVE);
}

/*
 * Put pg_temp last, so that no temporary table of the caller is met in the
 * place of a permanent one.  Not where no other schema of the path exists:
 * there pg_temp would become the place where objects are created.
 */
void
sl_session_put_pg_temp_last(GucAction action)
{
	char	   *copy;
	List	   *names;
	List	   *schemas;
	ListCell   *cell;
	bool		found = false;

	copy = pstrdup(namespace_search_path);
	if (!SplitIdentifierString(copy, ',', &names))
		elog(ERROR, "invalid search_path \"%s\"", namespace_search_path);
	foreach(cell, names)
		found |= strcmp(lfirst(cell), "pg_temp") == 0;
	if (!found)
	{
		schemas = fetch_search_path(false);
		if (schemas != NIL)
			set_in_nest("search_path",
						psprintf("%s, pg_temp", namespace_search_path),
						action);
		list_free(schemas);
	}
	list_free(names);
	pfree(copy);
}

/*
 * The settings of a fresh session, in a nest whose level is returned.  A run
 * of many scripts in one transaction opens it once, around them all.
 */
int
sl_fence_open(int lock_timeout)
{
	int			nest_level = NewGUCNestLevel();

	reset_session_settings();
	set_in_nest("lock_timeout", psprintf("%d", lock_timeout),
				GUC_ACTION_SAVE);
	sl_session_put_pg_temp_last(GUC_ACTION_SAVE);
	return nest_level;
}

/* And the caller's again. */
void
sl_fence_close(int nest_level)
{
	AtEOXact_GUC(false, nest_level);
}
