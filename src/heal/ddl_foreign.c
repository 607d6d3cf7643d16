/*-------------------------------------------------------------------------
 *
 * ddl_foreign.c
 *	  Foreign data wrappers, servers, user mappings; publications and
 *	  subscriptions.
 *
 * Secrets are no facts: what has some is a person's to make again.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/heal/ddl_foreign.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "heal/ddl.h"

static void
append_options(StringInfo text, const SlFact *fact)
{
	const SlAttribute *options = sl_fact_get(fact, "options");

	if (options == NULL)
		return;
	appendStringInfoString(text, " OPTIONS (");
	sl_ddl_generic_options(text, options);
	appendStringInfoChar(text, ')');
}

static void
append_word(StringInfo text, const char *before, const char *word)
{
	if (word != NULL)
		appendStringInfo(text, "%s%s", before, word);
}

void
sl_create_fdw(SlDdl *ddl, const SlFact *fact)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "CREATE FOREIGN DATA WRAPPER %s", fact->identity);
	append_word(&text, " HANDLER ", sl_fact_text(fact, "handler"));
	append_word(&text, " VALIDATOR ", sl_fact_text(fact, "validator"));
	append_options(&text, fact);
	sl_ddl_add(ddl, "%s", text.data);
}

static void
alter_options(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	const char *noun = sl_ddl_class(expected->class)->noun;

	sl_ddl_alter_generic_options(ddl, psprintf("ALTER %s %s", noun,
											   expected->identity),
								 sl_fact_get(expected, "options"),
								 sl_fact_get(actual, "options"));
}

/* HANDLER f, or NO HANDLER */
static void
alter_functions(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	const char *handler = sl_fact_text(expected, "handler");
	const char *validator = sl_fact_text(expected, "validator");

	sl_ddl_add(ddl, "ALTER FOREIGN DATA WRAPPER %s %s%s %s%s",
			   expected->identity,
			   handler != NULL ? "HANDLER " : "NO HANDLER",
			   handler != NULL ? handler : "",
			   validator != NULL ? "VALIDATOR " : "NO VALIDATOR",
			   validator != NULL ? validator : "");
}

const SlDdlAttribute sl_fdw_attributes[] = {
	{"handler", alter_functions},
	{"options", alter_options},
	{"validator", alter_functions},
	{NULL, NULL}
};

void
sl_create_server(SlDdl *ddl, const SlFact *fact)
{
	const char *type = sl_fact_text(fact, "type");
	const char *version = sl_fact_text(fact, "version");
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "CREATE SERVER %s", fact->identity);
	if (type != NULL)
		append_word(&text, " TYPE ", quote_literal_cstr(type));
	if (version != NULL)
		append_word(&text, " VERSION ", quote_literal_cstr(version));
	append_word(&text, " FOREIGN DATA WRAPPER ",
				sl_fact_text(fact, "wrapper"));
	append_options(&text, fact);
	sl_ddl_add(ddl, "%s", text.data);
}

static void
alter_version(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	const char *version = sl_fact_text(expected, "version");

	sl_ddl_add(ddl, "ALTER SERVER %s VERSION %s", expected->identity,
			   version != NULL ? quote_literal_cstr(version) : "NULL");
}

const SlDdlAttribute sl_server_attributes[] = {
	{"options", alter_options},
	{"version", alter_version},
	{NULL, NULL}
};

/* role SERVER s */
void
sl_create_user_mapping(SlDdl *ddl, const SlFact *fact)
{
	const SlAttribute *options = sl_fact_get(fact, "options");
	StringInfoData text;
	int			i;

	initStringInfo(&text);
	appendStringInfo(&text, "CREATE USER MAPPING FOR %s", fact->identity);
	for (i = 0; options != NULL && i < options->nitems; i++)
		appendStringInfo(&text, "%s%s '...'", i == 0 ? " OPTIONS (" : ", ",
						 quote_identifier(options->items[i]));
	if (options != NULL && options->nitems > 0)
	{
		appendStringInfoChar(&text, ')');
		sl_ddl_refuse(ddl, _("the values of its options are secrets, and no facts"));
	}
	sl_ddl_add(ddl, "%s", text.data);
}

/*
 * Publications
 */

/* "public.t (a) WHERE expression": the condition wants brackets. */
static void
append_table(StringInfo text, const char *item)
{
	const char *where = sl_find_outside(item, " WHERE ");

	appendStringInfoString(text, "TABLE ONLY ");
	if (where == NULL)
		appendStringInfoString(text, item);
	else
		appendStringInfo(text, "%s WHERE (%s)",
						 pnstrdup(item, where - item), where + 7);
}

/* TABLE ONLY a, TABLES IN SCHEMA s */
static char *
published_text(const SlFact *fact)
{
	const SlAttribute *tables = sl_fact_get(fact, "tables");
	const SlAttribute *schemas = sl_fact_get(fact, "schemas");
	StringInfoData text;
	int			i;

	initStringInfo(&text);
	for (i = 0; tables != NULL && i < tables->nitems; i++)
	{
		appendStringInfoString(&text, text.len > 0 ? ", " : "");
		append_table(&text, tables->items[i]);
	}
	for (i = 0; schemas != NULL && i < schemas->nitems; i++)
		appendStringInfo(&text, "%sTABLES IN SCHEMA %s",
						 text.len > 0 ? ", " : "", schemas->items[i]);
	return text.data;
}

static char *
publish_text(const SlFact *fact)
{
	StringInfoData text;

	initStringInfo(&text);
	sl_ddl_join(&text, sl_fact_get(fact, "publish"), ", ");
	return psprintf("publish = %s, publish_via_partition_root = %s%s",
					quote_literal_cstr(text.data),
					sl_fact_true(fact, "via_partition_root") ?
					"true" : "false",
					sl_fact_true(fact, "generated_columns") ?
					", publish_generated_columns = stored" : "");
}

void
sl_create_publication(SlDdl *ddl, const SlFact *fact)
{
	char	   *published = published_text(fact);

	sl_ddl_add(ddl, "CREATE PUBLICATION %s%s%s WITH (%s)", fact->identity,
			   sl_fact_true(fact, "all_tables") ? " FOR ALL TABLES" :
			   *published != '\0' ? " FOR " : "", published,
			   publish_text(fact));
}

static void
alter_publish(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	sl_ddl_add(ddl, "ALTER PUBLICATION %s SET (%s)", expected->identity,
			   publish_text(expected));
}

static void
alter_published(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	char	   *published = published_text(expected);
	const SlAttribute *tables = sl_fact_get(actual, "tables");
	const SlAttribute *schemas = sl_fact_get(actual, "schemas");
	int			i;

	if (*published != '\0')
	{
		sl_ddl_add(ddl, "ALTER PUBLICATION %s SET %s", expected->identity,
				   published);
		return;
	}
	for (i = 0; tables != NULL && i < tables->nitems; i++)
		sl_ddl_add(ddl, "ALTER PUBLICATION %s DROP TABLE %s",
				   expected->identity,
				   (char *) linitial(sl_split_outside(tables->items[i],
													  " ")));
	for (i = 0; schemas != NULL && i < schemas->nitems; i++)
		sl_ddl_add(ddl, "ALTER PUBLICATION %s DROP TABLES IN SCHEMA %s",
				   expected->identity, schemas->items[i]);
}

const SlDdlAttribute sl_publication_attributes[] = {
	{"generated_columns", alter_publish},
	{"publish", alter_publish},
	{"schemas", alter_published},
	{"tables", alter_published},
	{"via_partition_root", alter_publish},
	{NULL, NULL}
};

/* How it connects is no fact, and where it does nothing of ours. */
void
sl_create_subscription(SlDdl *ddl, const SlFact *fact)
{
	StringInfoData text;

	initStringInfo(&text);
	sl_ddl_join(&text, sl_fact_get(fact, "publications"), ", ");
	sl_ddl_add(ddl, "CREATE SUBSCRIPTION %s CONNECTION '...' PUBLICATION %s",
			   fact->identity, text.data);
	sl_ddl_refuse(ddl, _("how it connects is a secret, and no fact"));
}
