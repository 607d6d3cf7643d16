/*-------------------------------------------------------------------------
 *
 * accept.c
 *	  Differences that are not reported: those that the setting "ignore"
 *	  leaves out, and those that somebody accepted.
 *
 * A pattern is class:identity, or class:identity.attribute, with * for any
 * number of characters and ? for one in either part.  What is ignored is not
 * compared at all; what is accepted is left out of the drift alone.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/drift/accept.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "common/extension.h"
#include "common/sl_compat.h"
#include "common/sl_errors.h"
#include "drift/drift_private.h"
#include "ledger/version_table.h"

PG_FUNCTION_INFO_V1(sl_accept);
PG_FUNCTION_INFO_V1(sl_unaccept);

typedef struct Pattern
{
	const char *class;
	const char *identity;
} Pattern;

struct SlIgnore
{
	int			count;
	int			space;
	Pattern    *patterns;
};

/* Does the text match, all of it? */
static bool
matches(const char *pattern, const char *text)
{
	const char *star = NULL;
	const char *retry = NULL;

	/* the last star takes one character more each time: never exponential */
	while (*text != '\0')
	{
		if (*pattern == '*')
		{
			star = ++pattern;
			retry = text;
		}
		else if (*pattern == '?' || *pattern == *text)
		{
			pattern++;
			text++;
		}
		else if (star != NULL)
		{
			pattern = star;
			text = ++retry;
		}
		else
			return false;
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

static void
add_pattern(SlIgnore *ignore, const char *class, const char *identity)
{
	if (ignore->count == ignore->space)
	{
		ignore->space = Max(8, ignore->space * 2);
		ignore->patterns = ignore->patterns == NULL ?
			palloc_array(Pattern, ignore->space) :
			repalloc(ignore->patterns, sizeof(Pattern) * ignore->space);
	}
	ignore->patterns[ignore->count].class = class;
	ignore->patterns[ignore->count].identity = identity;
	ignore->count++;
}

static void
add_table(SlIgnore *ignore, const char *schema, const char *table)
{
	char	   *name = quote_qualified_identifier(schema, table);

	add_pattern(ignore, "table", name);
	add_pattern(ignore, "*", psprintf("%s.*", name));
}

/*
 * What is not compared: the patterns of the setting "ignore", which was
 * checked when it was set, and the version tables of other tools that we
 * know, for they belong to no revision.
 */
SlIgnore *
sl_ignore_read(const char *text)
{
	SlIgnore   *ignore = palloc0_object(SlIgnore);
	ListCell   *cell;

	foreach(cell, sl_split_patterns(text))
	{
		char	   *item = lfirst(cell);
		char	   *colon = strchr(item, ':');

		if (colon != NULL)
			add_pattern(ignore, pnstrdup(item, colon - item), colon + 1);
	}
	foreach(cell, sl_version_tables_read(true))
	{
		const SlVersionTableRow *row = lfirst(cell);
		const char *companion = sl_version_table_companion(row->tool);

		add_table(ignore, row->schema, row->name);
		if (companion != NULL)
			add_table(ignore, row->schema, companion);
	}
	return ignore;
}

bool
sl_ignores_nothing(const SlIgnore *ignore)
{
	return ignore->count == 0;
}

/* Can there be an attribute of this object that is ignored? */
bool
sl_is_partly_ignored(const SlIgnore *ignore, const char *class,
					 const char *identity)
{
	int			i;

	for (i = 0; i < ignore->count; i++)
	{
		const Pattern *pattern = &ignore->patterns[i];
		const char *dot = strrchr(pattern->identity, '.');
		char	   *object;
		bool		result;

		if (dot == NULL || !matches(pattern->class, class))
			continue;
		object = pnstrdup(pattern->identity, dot - pattern->identity);
		result = matches(object, identity);
		pfree(object);
		if (result)
			return true;
	}
	return false;
}

/* attribute NULL: the whole object */
bool
sl_is_ignored(const SlIgnore *ignore, const char *class,
			  const char *identity, const char *attribute)
{
	int			i;

	for (i = 0; i < ignore->count; i++)
	{
		const Pattern *pattern = &ignore->patterns[i];
		char	   *path;
		bool		result;

		if (!matches(pattern->class, class))
			continue;
		if (matches(pattern->identity, identity))
			return true;
		if (attribute == NULL)
			continue;
		path = psprintf("%s.%s", identity, attribute);
		result = matches(pattern->identity, path);
		pfree(path);
		if (result)
			return true;
	}
	return false;
}

/* In the array, which is sorted, with exactly this attribute? */
static bool
is_listed(const SlAccepted *accepted, int count, const char *class,
		  const char *identity, const char *attribute)
{
	int			low = 0;
	int			high = count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;
		const SlAccepted *row = &accepted[middle];
		int			order = strcmp(row->class, class);

		if (order == 0)
			order = strcmp(row->identity, identity);
		if (order == 0)
			order = strcmp(row->attribute == NULL ? "" : row->attribute,
						   attribute == NULL ? "" : attribute);
		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

bool
sl_is_accepted(const SlAccepted *accepted, int count, const char *class,
			   const char *identity, const char *attribute)
{
	return is_listed(accepted, count, class, identity, NULL) ||
		(attribute != NULL &&
		 is_listed(accepted, count, class, identity, attribute));
}

static char *
text_argument(FunctionCallInfo fcinfo, int i)
{
	return PG_ARGISNULL(i) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(i));
}

/* Class and identity are needed; they need not be those of anything. */
static void
take_name(FunctionCallInfo fcinfo, char **class, char **identity,
		  char **attribute)
{
	*class = text_argument(fcinfo, 0);
	*identity = text_argument(fcinfo, 1);
	*attribute = text_argument(fcinfo, 2);
	if (*class == NULL || *identity == NULL || **class == '\0' ||
		**identity == '\0' || (*attribute != NULL && **attribute == '\0'))
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("class and identity must be given"),
				 errhint("As sl_detect_drift() gives them; attribute NULL for the whole object.")));
}

/* sl_accept(class, identity, attribute, reason, until) */
Datum
sl_accept(PG_FUNCTION_ARGS)
{
	char	   *class;
	char	   *identity;
	char	   *attribute;

	sl_require_writer("sl_accept");
	take_name(fcinfo, &class, &identity, &attribute);
	sl_accepted_put(class, identity, attribute, text_argument(fcinfo, 3),
					!PG_ARGISNULL(4),
					PG_ARGISNULL(4) ? 0 : PG_GETARG_TIMESTAMPTZ(4));
	PG_RETURN_VOID();
}

/* sl_unaccept(class, identity, attribute); was it accepted? */
Datum
sl_unaccept(PG_FUNCTION_ARGS)
{
	char	   *class;
	char	   *identity;
	char	   *attribute;

	sl_require_writer("sl_unaccept");
	take_name(fcinfo, &class, &identity, &attribute);
	PG_RETURN_BOOL(sl_accepted_delete(class, identity, attribute));
}
