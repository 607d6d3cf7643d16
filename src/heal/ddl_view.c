/*-------------------------------------------------------------------------
 *
 * ddl_view.c
 *	  Views, and what hangs on relations and has a text of its own: triggers,
 *	  rules, policies; event triggers.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/heal/ddl_view.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "heal/ddl.h"
#include "heal/ddl_table.h"

/* Without the semicolon that the server puts at the end. */
static char *
without_end(const char *definition)
{
	size_t		length = strlen(definition);

	while (length > 0 && (definition[length - 1] == ';' ||
						  definition[length - 1] == '\n'))
		length--;
	return pnstrdup(definition, length);
}

/* Columns of a view: what they have beside the query's. */
static void
add_columns(SlDdl *ddl, const SlFact *view)
{
	ListCell   *cell;

	foreach(cell, ddl->facts->columns(view->identity, ddl->facts->arg))
	{
		const SlFact *column = lfirst(cell);

		if (sl_fact_text(column, "default") != NULL)
			sl_column_default_apart(ddl, column);
		if (sl_fact_text(column, "statistics") != NULL)
			sl_ddl_add(ddl, "ALTER %s %s ALTER COLUMN %s SET STATISTICS %s",
					   sl_ddl_class(view->class)->noun, view->identity,
					   sl_name_last(column->identity),
					   sl_fact_text(column, "statistics"));
		if (sl_fact_text(column, "comment") != NULL)
			sl_ddl_comment(ddl, column);
		sl_ddl_privileges(ddl, column);
	}
}

static char *
view_text(const SlFact *fact, bool replace)
{
	const SlAttribute *options = sl_fact_get(fact, "options");
	const char *method = sl_fact_text(fact, "access_method");
	const char *tablespace = sl_fact_text(fact, "tablespace");
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "CREATE %s%s %s", replace ? "OR REPLACE " : "",
					 sl_ddl_class(fact->class)->noun, fact->identity);
	if (method != NULL && strcmp(method, "heap") != 0)
		appendStringInfo(&text, " USING %s", method);
	if (options != NULL)
	{
		appendStringInfoString(&text, " WITH (");
		sl_ddl_storage_options(&text, options);
		appendStringInfoChar(&text, ')');
	}
	if (tablespace != NULL)
		appendStringInfo(&text, " TABLESPACE %s", tablespace);
	appendStringInfo(&text, " AS %s",
					 without_end(sl_fact_text(fact, "definition")));
	return text.data;
}

void
sl_create_view(SlDdl *ddl, const SlFact *fact)
{
	const char *text = view_text(fact, false);

	sl_ddl_add(ddl, "%s", text);
	add_columns(ddl, fact);
	/* whether it is filled is no fact: better empty than not there */
	if (strcmp(fact->class, "materialized view") == 0)
		ddl->otherwise = lcons(psprintf("%s WITH NO DATA", text),
							   list_copy_tail(ddl->statements, 1));
}

/* Another query.  Where OR REPLACE cannot do it, it is made again. */
static void
alter_definition(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	sl_ddl_add(ddl, "%s", view_text(expected, true));
	add_columns(ddl, expected);
}

static void
alter_options(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	const char *noun = sl_ddl_class(expected->class)->noun;

	sl_ddl_alter_storage_options(ddl, psprintf("ALTER %s %s", noun,
											   expected->identity),
								 sl_fact_get(expected, "options"),
								 sl_fact_get(actual, "options"));
}

const SlDdlAttribute sl_view_attributes[] = {
	{"definition", alter_definition},
	{"options", alter_options},
	{NULL, NULL}
};

static void
alter_tablespace(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	const char *tablespace = sl_fact_text(expected, "tablespace");

	sl_ddl_add(ddl, "ALTER MATERIALIZED VIEW %s SET TABLESPACE %s",
			   expected->identity,
			   tablespace != NULL ? tablespace : "pg_default");
	sl_ddl_refuse(ddl, _("all its files would be moved"));
}

const SlDdlAttribute sl_matview_attributes[] = {
	{"options", alter_options},
	{"tablespace", alter_tablespace},
	{NULL, NULL}
};

/* ALTER TABLE t ENABLE ALWAYS TRIGGER tr */
static void
add_enabled(SlDdl *ddl, const SlFact *fact, const char *noun)
{
	static const char *const words[] = {
		"origin", "ENABLE", "disabled", "DISABLE",
		"replica", "ENABLE REPLICA", "always", "ENABLE ALWAYS", NULL
	};
	const char *enabled = sl_fact_text(fact, "enabled");
	int			i;

	for (i = 0; words[i] != NULL; i += 2)
		if (enabled != NULL && strcmp(words[i], enabled) == 0)
			sl_ddl_add(ddl, "ALTER TABLE %s %s %s %s",
					   sl_name_owner(fact->identity), words[i + 1], noun,
					   sl_name_last(fact->identity));
}

void
sl_create_trigger(SlDdl *ddl, const SlFact *fact)
{
	sl_ddl_add(ddl, "%s", sl_fact_text(fact, "definition"));
	if (!sl_fact_is(fact, "enabled", "origin"))
		add_enabled(ddl, fact, "TRIGGER");
}

static void
alter_trigger_enabled(SlDdl *ddl, const SlFact *expected,
					  const SlFact *actual)
{
	add_enabled(ddl, expected, "TRIGGER");
}

const SlDdlAttribute sl_trigger_attributes[] = {
	{"enabled", alter_trigger_enabled},
	{NULL, NULL}
};

void
sl_create_rule(SlDdl *ddl, const SlFact *fact)
{
	sl_ddl_add(ddl, "%s", without_end(sl_fact_text(fact, "definition")));
	if (!sl_fact_is(fact, "enabled", "origin"))
		add_enabled(ddl, fact, "RULE");
}

static void
alter_rule_enabled(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	add_enabled(ddl, expected, "RULE");
}

const SlDdlAttribute sl_rule_attributes[] = {
	{"enabled", alter_rule_enabled},
	{NULL, NULL}
};

void
sl_create_policy(SlDdl *ddl, const SlFact *fact)
{
	const char *using = sl_fact_text(fact, "using");
	const char *check = sl_fact_text(fact, "check");
	StringInfoData text;
	StringInfoData command;
	const char *p;

	initStringInfo(&command);
	for (p = sl_fact_text(fact, "command"); p != NULL && *p != '\0'; p++)
		appendStringInfoChar(&command, pg_toupper((unsigned char) *p));
	initStringInfo(&text);
	appendStringInfo(&text, "CREATE POLICY %s ON %s AS %s FOR %s TO ",
					 sl_name_last(fact->identity),
					 sl_name_owner(fact->identity),
					 sl_fact_true(fact, "permissive") ?
					 "PERMISSIVE" : "RESTRICTIVE", command.data);
	sl_ddl_join(&text, sl_fact_get(fact, "roles"), ", ");
	if (using != NULL)
		appendStringInfo(&text, " USING (%s)", using);
	if (check != NULL)
		appendStringInfo(&text, " WITH CHECK (%s)", check);
	sl_ddl_add(ddl, "%s", text.data);
}

void
sl_create_event_trigger(SlDdl *ddl, const SlFact *fact)
{
	const SlAttribute *tags = sl_fact_get(fact, "tags");
	StringInfoData text;
	int			i;

	initStringInfo(&text);
	appendStringInfo(&text, "CREATE EVENT TRIGGER %s ON %s", fact->identity,
					 sl_fact_text(fact, "event"));
	for (i = 0; tags != NULL && i < tags->nitems; i++)
		appendStringInfo(&text, "%s%s", i == 0 ? " WHEN TAG IN (" : ", ",
						 quote_literal_cstr(tags->items[i]));
	if (tags != NULL && tags->nitems > 0)
		appendStringInfoChar(&text, ')');
	appendStringInfo(&text, " EXECUTE FUNCTION %s()",
					 sl_fact_text(fact, "function"));
	sl_ddl_add(ddl, "%s", text.data);
	if (sl_fact_is(fact, "enabled", "disabled"))
		sl_ddl_add(ddl, "ALTER EVENT TRIGGER %s DISABLE", fact->identity);
	else if (!sl_fact_is(fact, "enabled", "origin"))
		sl_ddl_add(ddl, "ALTER EVENT TRIGGER %s ENABLE %s", fact->identity,
				   sl_fact_text(fact, "enabled"));
}

static void
alter_event_trigger_enabled(SlDdl *ddl, const SlFact *expected,
							const SlFact *actual)
{
	const char *enabled = sl_fact_text(expected, "enabled");

	if (strcmp(enabled, "disabled") == 0)
		sl_ddl_add(ddl, "ALTER EVENT TRIGGER %s DISABLE", expected->identity);
	else
		sl_ddl_add(ddl, "ALTER EVENT TRIGGER %s ENABLE%s%s",
				   expected->identity,
				   strcmp(enabled, "origin") == 0 ? "" : " ",
				   strcmp(enabled, "origin") == 0 ? "" : enabled);
}

const SlDdlAttribute sl_event_trigger_attributes[] = {
	{"enabled", alter_event_trigger_enabled},
	{NULL, NULL}
};
