/*-------------------------------------------------------------------------
 *
 * ddl_misc.c
 *	  Schemas, extensions, languages, collations, conversions, access
 *	  methods, statistics.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/heal/ddl_misc.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "heal/ddl.h"

void
sl_create_schema(SlDdl *ddl, const SlFact *fact)
{
	sl_ddl_add(ddl, "CREATE SCHEMA %s", fact->identity);
}

/* Its members come with it. */
void
sl_create_extension(SlDdl *ddl, const SlFact *fact)
{
	sl_ddl_add(ddl, "CREATE EXTENSION %s SCHEMA %s VERSION %s",
			   fact->identity, sl_fact_text(fact, "schema"),
			   quote_literal_cstr(sl_fact_text(fact, "version")));
}

static void
alter_extension_schema(SlDdl *ddl, const SlFact *expected,
					   const SlFact *actual)
{
	sl_ddl_add(ddl, "ALTER EXTENSION %s SET SCHEMA %s", expected->identity,
			   sl_fact_text(expected, "schema"));
}

static void
alter_extension_version(SlDdl *ddl, const SlFact *expected,
						const SlFact *actual)
{
	sl_ddl_add(ddl, "ALTER EXTENSION %s UPDATE TO %s", expected->identity,
			   quote_literal_cstr(sl_fact_text(expected, "version")));
	sl_ddl_refuse(ddl, _("it runs scripts of the extension, which may change data"));
}

const SlDdlAttribute sl_extension_attributes[] = {
	{"schema", alter_extension_schema},
	{"version", alter_extension_version},
	{NULL, NULL}
};

void
sl_create_language(SlDdl *ddl, const SlFact *fact)
{
	const char *inline_handler = sl_fact_text(fact, "inline");
	const char *validator = sl_fact_text(fact, "validator");

	sl_ddl_add(ddl, "CREATE %sLANGUAGE %s HANDLER %s%s%s%s%s",
			   sl_fact_true(fact, "trusted") ? "TRUSTED " : "",
			   fact->identity, sl_fact_text(fact, "handler"),
			   inline_handler != NULL ? " INLINE " : "",
			   inline_handler != NULL ? inline_handler : "",
			   validator != NULL ? " VALIDATOR " : "",
			   validator != NULL ? validator : "");
}

void
sl_create_access_method(SlDdl *ddl, const SlFact *fact)
{
	sl_ddl_add(ddl, "CREATE ACCESS METHOD %s TYPE %s HANDLER %s",
			   fact->identity,
			   sl_fact_is(fact, "type", "table") ? "TABLE" : "INDEX",
			   sl_fact_text(fact, "handler"));
}

static void
append_literal(StringInfo text, const char *name, const char *value)
{
	if (value != NULL)
		appendStringInfo(text, ", %s = %s", name, quote_literal_cstr(value));
}

void
sl_create_collation(SlDdl *ddl, const SlFact *fact)
{
	const char *name = sl_fact_text(fact, "collate");
	StringInfoData text;

	/* one of any encoding is a copy of the server's own */
	if (sl_fact_is(fact, "provider", "libc") && name != NULL &&
		sl_fact_text(fact, "encoding") == NULL)
	{
		sl_ddl_add(ddl, "CREATE COLLATION %s FROM pg_catalog.%s",
				   fact->identity, quote_identifier(name));
		return;
	}
	initStringInfo(&text);
	appendStringInfo(&text, "CREATE COLLATION %s (PROVIDER = %s",
					 fact->identity, sl_fact_text(fact, "provider"));
	append_literal(&text, "LC_COLLATE", sl_fact_text(fact, "collate"));
	append_literal(&text, "LC_CTYPE", sl_fact_text(fact, "ctype"));
	append_literal(&text, "LOCALE", sl_fact_text(fact, "locale"));
	append_literal(&text, "RULES", sl_fact_text(fact, "rules"));
	if (!sl_fact_true(fact, "deterministic"))
		appendStringInfoString(&text, ", DETERMINISTIC = false");
	appendStringInfoChar(&text, ')');
	sl_ddl_add(ddl, "%s", text.data);
}

void
sl_create_conversion(SlDdl *ddl, const SlFact *fact)
{
	sl_ddl_add(ddl, "CREATE %sCONVERSION %s FOR %s TO %s FROM %s",
			   sl_fact_true(fact, "default") ? "DEFAULT " : "",
			   fact->identity,
			   quote_literal_cstr(sl_fact_text(fact, "source")),
			   quote_literal_cstr(sl_fact_text(fact, "target")),
			   sl_fact_text(fact, "function"));
}

void
sl_create_statistics(SlDdl *ddl, const SlFact *fact)
{
	const char *target = sl_fact_text(fact, "statistics");

	sl_ddl_add(ddl, "%s", sl_fact_text(fact, "definition"));
	if (target != NULL)
		sl_ddl_add(ddl, "ALTER STATISTICS %s SET STATISTICS %s",
				   fact->identity, target);
}

static void
alter_target(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	const char *target = sl_fact_text(expected, "statistics");

	sl_ddl_add(ddl, "ALTER STATISTICS %s SET STATISTICS %s",
			   expected->identity, target != NULL ? target : "-1");
}

const SlDdlAttribute sl_statistics_attributes[] = {
	{"statistics", alter_target},
	{NULL, NULL}
};
