/*-------------------------------------------------------------------------
 *
 * ddl.c
 *	  The table of classes, and what the statements of all have in common.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/heal/ddl.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "heal/ddl.h"

/*
 * Ranks say what comes first where no name in a text does.  Rows of a view's
 * query may need a primary key (GROUP BY), foreign keys need all other keys.
 */
static const SlDdlClass classes[] = {
	{"access method", 25, "ACCESS METHOD", NULL, false, false,
	sl_create_access_method, NULL},
	{"aggregate", 50, "AGGREGATE", "FUNCTION", true, true,
	sl_create_aggregate, sl_aggregate_attributes},
	{"base type", 40, "TYPE", "TYPE", true, false,
	sl_create_base_type, NULL},
	{"cast", 52, "CAST", NULL, false, true,
	sl_create_cast, NULL},
	{"collation", 30, "COLLATION", NULL, true, true,
	sl_create_collation, NULL},
	{"column", 62, "COLUMN", "TABLE", false, false,
	sl_create_column, sl_column_attributes},
	{"composite type", 40, "TYPE", "TYPE", true, false,
	sl_create_composite_type, NULL},
	{"constraint", 66, "CONSTRAINT", NULL, false, true,
	sl_create_constraint, sl_constraint_attributes},
	{"conversion", 52, "CONVERSION", NULL, true, true,
	sl_create_conversion, NULL},
	{"default privileges", 97, NULL, NULL, false, false,
	sl_create_default_privileges, NULL},
	{"domain", 40, "DOMAIN", "DOMAIN", true, false,
	sl_create_domain, sl_domain_attributes},
	{"domain constraint", 46, "CONSTRAINT", NULL, false, true,
	sl_create_domain_constraint, sl_domain_constraint_attributes},
	{"enum", 30, "TYPE", "TYPE", true, false,
	sl_create_enum, sl_enum_attributes},
	{"event trigger", 99, "EVENT TRIGGER", NULL, true, true,
	sl_create_event_trigger, sl_event_trigger_attributes},
	{"extension", 20, "EXTENSION", NULL, false, false,
	sl_create_extension, sl_extension_attributes},
	{"foreign data wrapper", 55, "FOREIGN DATA WRAPPER",
		"FOREIGN DATA WRAPPER", true, false,
	sl_create_fdw, sl_fdw_attributes},
	{"foreign table", 60, "FOREIGN TABLE", "TABLE", true, false,
	sl_create_foreign_table, sl_foreign_table_attributes},
	{"function", 45, "FUNCTION", "FUNCTION", true, true,
	sl_create_function, sl_function_attributes},
	{"index", 67, "INDEX", NULL, false, true,
	sl_create_index, sl_index_attributes},
	{"language", 25, "LANGUAGE", "LANGUAGE", true, false,
	sl_create_language, NULL},
	{"materialized view", 70, "MATERIALIZED VIEW", "TABLE", true, true,
	sl_create_view, sl_matview_attributes},
	{"operator", 50, "OPERATOR", NULL, true, true,
	sl_create_operator, sl_operator_attributes},
	{"operator class", 53, "OPERATOR CLASS", NULL, true, true,
	sl_create_operator_class, NULL},
	{"operator family", 52, "OPERATOR FAMILY", NULL, true, false,
	sl_create_operator_family, sl_operator_family_attributes},
	{"policy", 85, "POLICY", NULL, false, true,
	sl_create_policy, NULL},
	{"procedure", 45, "PROCEDURE", "PROCEDURE", true, true,
	sl_create_function, sl_function_attributes},
	{"publication", 90, "PUBLICATION", NULL, true, false,
	sl_create_publication, sl_publication_attributes},
	{"range", 40, "TYPE", "TYPE", true, false,
	sl_create_range, NULL},
	{"rule", 85, "RULE", NULL, false, true,
	sl_create_rule, sl_rule_attributes},
	{"schema", 10, "SCHEMA", "SCHEMA", true, false,
	sl_create_schema, NULL},
	{"sequence", 35, "SEQUENCE", "SEQUENCE", true, false,
	sl_create_sequence, sl_sequence_attributes},
	{"server", 56, "SERVER", "FOREIGN SERVER", true, false,
	sl_create_server, sl_server_attributes},
	{"shell type", 30, "TYPE", NULL, true, false,
	sl_create_shell_type, NULL},
	{"statistics", 82, "STATISTICS", NULL, true, true,
	sl_create_statistics, sl_statistics_attributes},
	{"subscription", 90, "SUBSCRIPTION", NULL, true, false,
	sl_create_subscription, NULL},
	{"table", 60, "TABLE", "TABLE", true, false,
	sl_create_table, sl_table_attributes},
	{"text search configuration", 52, "TEXT SEARCH CONFIGURATION", NULL,
		true, true,
	sl_create_ts_config, sl_ts_config_attributes},
	{"text search dictionary", 51, "TEXT SEARCH DICTIONARY", NULL,
		true, true,
	sl_create_ts_dict, sl_ts_dict_attributes},
	{"text search parser", 50, "TEXT SEARCH PARSER", NULL, false, true,
	sl_create_ts_parser, NULL},
	{"text search template", 50, "TEXT SEARCH TEMPLATE", NULL, false, true,
	sl_create_ts_template, NULL},
	{"transform", 52, "TRANSFORM", NULL, false, true,
	sl_create_transform, NULL},
	{"trigger", 85, "TRIGGER", NULL, false, true,
	sl_create_trigger, sl_trigger_attributes},
	{"user mapping", 57, NULL, NULL, false, false,
	sl_create_user_mapping, NULL},
	{"view", 70, "VIEW", "TABLE", true, true,
	sl_create_view, sl_view_attributes},
};

static const SlDdlClass *
find_class(const char *class)
{
	int			i;

	for (i = 0; i < (int) lengthof(classes); i++)
		if (strcmp(classes[i].class, class) == 0)
			return &classes[i];
	return NULL;
}

/* A manifest may name classes that there are none of. */
bool
sl_ddl_knows(const char *class)
{
	return find_class(class) != NULL;
}

const SlDdlClass *
sl_ddl_class(const char *class)
{
	const SlDdlClass *found = find_class(class);

	if (found != NULL)
		return found;
	elog(ERROR, "no statements are known for facts of class \"%s\"", class);
	return NULL;				/* keep the compiler quiet */
}

/*
 * Attributes of facts
 */

const SlAttribute *
sl_fact_get(const SlFact *fact, const char *name)
{
	int			i;

	for (i = 0; i < fact->nattributes; i++)
		if (strcmp(fact->attributes[i].name, name) == 0)
			return &fact->attributes[i];
	return NULL;
}

/* NULL if it has none, or one that is a list. */
const char *
sl_fact_text(const SlFact *fact, const char *name)
{
	const SlAttribute *attribute = sl_fact_get(fact, name);

	if (attribute == NULL || attribute->kind == SL_ATTRIBUTE_LIST)
		return NULL;
	return attribute->text;
}

bool
sl_fact_is(const SlFact *fact, const char *name, const char *text)
{
	const char *is = sl_fact_text(fact, name);

	return is != NULL && text != NULL && strcmp(is, text) == 0;
}

bool
sl_fact_true(const SlFact *fact, const char *name)
{
	return sl_fact_is(fact, name, "true");
}

bool
sl_list_has(const SlAttribute *list, const char *item)
{
	int			i;

	if (list == NULL)
		return false;
	for (i = 0; i < list->nitems; i++)
		if (strcmp(list->items[i], item) == 0)
			return true;
	return false;
}

/*
 * Statements
 */

void
sl_ddl_add(SlDdl *ddl, const char *format,...)
{
	StringInfoData text;

	initStringInfo(&text);
	for (;;)
	{
		va_list		args;
		int			needed;

		va_start(args, format);
		needed = appendStringInfoVA(&text, format, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&text, needed);
	}
	ddl->statements = lappend(ddl->statements, text.data);
}

/* It is not to run by itself; the first reason stays. */
void
sl_ddl_refuse(SlDdl *ddl, const char *reason)
{
	if (!ddl->unsafe)
		ddl->reason = reason;
	ddl->unsafe = true;
}

/* The items of a list, as they are. */
void
sl_ddl_join(StringInfo out, const SlAttribute *list, const char *separator)
{
	int			i;

	if (list == NULL)
		return;
	for (i = 0; i < list->nitems; i++)
		appendStringInfo(out, "%s%s", i > 0 ? separator : "",
						 list->items[i]);
}

/* The name of "name=value", as SQL writes it; *value is what comes after. */
static char *
option_name(const char *item, const char **value)
{
	const char *equals = strchr(item, '=');
	char	   *name;

	if (equals == NULL)
	{
		*value = "";
		return pstrdup(quote_identifier(item));
	}
	*value = equals + 1;
	name = pnstrdup(item, equals - item);
	if (strncmp(name, "toast.", 6) == 0)
		return psprintf("toast.%s", quote_identifier(name + 6));
	return pstrdup(quote_identifier(name));
}

/* fillfactor='70', ... */
void
sl_ddl_storage_options(StringInfo out, const SlAttribute *list)
{
	int			i;

	for (i = 0; i < list->nitems; i++)
	{
		const char *value;
		char	   *name = option_name(list->items[i], &value);

		appendStringInfo(out, "%s%s=%s", i > 0 ? ", " : "", name,
						 quote_literal_cstr(value));
	}
}

/* host 'h', ...: OPTIONS of everything foreign */
void
sl_ddl_generic_options(StringInfo out, const SlAttribute *list)
{
	int			i;

	for (i = 0; i < list->nitems; i++)
	{
		const char *value;
		char	   *name = option_name(list->items[i], &value);

		appendStringInfo(out, "%s%s %s", i > 0 ? ", " : "", name,
						 quote_literal_cstr(value));
	}
}

/* Is there an option of that name? */
static bool
has_option(const SlAttribute *list, const char *name)
{
	int			i;

	if (list == NULL)
		return false;
	for (i = 0; i < list->nitems; i++)
	{
		const char *value;

		if (strcmp(option_name(list->items[i], &value), name) == 0)
			return true;
	}
	return false;
}

/* 'what' SET (...), 'what' RESET (...) */
void
sl_ddl_alter_storage_options(SlDdl *ddl, const char *what,
							 const SlAttribute *expected,
							 const SlAttribute *actual)
{
	StringInfoData reset;
	int			i;

	initStringInfo(&reset);
	for (i = 0; actual != NULL && i < actual->nitems; i++)
	{
		const char *value;
		char	   *name = option_name(actual->items[i], &value);

		if (!has_option(expected, name))
			appendStringInfo(&reset, "%s%s", reset.len > 0 ? ", " : "", name);
	}
	if (reset.len > 0)
		sl_ddl_add(ddl, "%s RESET (%s)", what, reset.data);
	if (expected != NULL && expected->nitems > 0)
	{
		resetStringInfo(&reset);
		sl_ddl_storage_options(&reset, expected);
		sl_ddl_add(ddl, "%s SET (%s)", what, reset.data);
	}
}

/* 'what' OPTIONS (ADD a '1', SET b '2', DROP c) */
void
sl_ddl_alter_generic_options(SlDdl *ddl, const char *what,
							 const SlAttribute *expected,
							 const SlAttribute *actual)
{
	StringInfoData text;
	int			i;

	initStringInfo(&text);
	for (i = 0; actual != NULL && i < actual->nitems; i++)
	{
		const char *value;
		char	   *name = option_name(actual->items[i], &value);

		if (!has_option(expected, name))
			appendStringInfo(&text, "%sDROP %s", text.len > 0 ? ", " : "",
							 name);
	}
	for (i = 0; expected != NULL && i < expected->nitems; i++)
	{
		const char *value;
		char	   *name = option_name(expected->items[i], &value);

		appendStringInfo(&text, "%s%s %s %s", text.len > 0 ? ", " : "",
						 has_option(actual, name) ? "SET" : "ADD", name,
						 quote_literal_cstr(value));
	}
	if (text.len > 0)
		sl_ddl_add(ddl, "%s OPTIONS (%s)", what, text.data);
}

/* What follows the noun in COMMENT ON. */
char *
sl_ddl_address(const SlFact *fact)
{
	const char *class = fact->class;

	if (strcmp(class, "constraint") == 0 || strcmp(class, "trigger") == 0 ||
		strcmp(class, "rule") == 0 || strcmp(class, "policy") == 0)
		return psprintf("%s ON %s", sl_name_last(fact->identity),
						sl_name_owner(fact->identity));
	if (strcmp(class, "domain constraint") == 0)
		return psprintf("%s ON DOMAIN %s", sl_name_last(fact->identity),
						sl_name_owner(fact->identity));
	if (strcmp(class, "aggregate") == 0 &&
		*sl_name_arguments(fact->identity) == '\0')
		return psprintf("%s(*)", sl_name_routine(fact->identity));
	return pstrdup(fact->identity);
}

static void
comment_on(SlDdl *ddl, const char *noun, const char *address,
		   const char *comment)
{
	sl_ddl_add(ddl, "COMMENT ON %s %s IS %s", noun, address,
			   comment == NULL ? "NULL" : quote_literal_cstr(comment));
}

/* The comment as the fact has it, also none. */
void
sl_ddl_comment(SlDdl *ddl, const SlFact *fact)
{
	const SlDdlClass *class = sl_ddl_class(fact->class);

	if (class->noun != NULL)
		comment_on(ddl, class->noun, sl_ddl_address(fact),
				   sl_fact_text(fact, "comment"));
}

static void
alter_comment(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	sl_ddl_comment(ddl, expected);
}

/* What every class may have. */
static const SlDdlAttribute common[] = {
	{"comment", alter_comment},
	{"owner", sl_alter_owner},
	{"privileges", sl_alter_privileges},
	{NULL, NULL}
};

/* The object, and what every object may have. */
void
sl_ddl_create(SlDdl *ddl, const SlDdlClass *class, const SlFact *fact)
{
	class->create(ddl, fact);
	if (ddl->statements == NIL)
		return;					/* it comes with something else */
	if (sl_fact_text(fact, "comment") != NULL && class->noun != NULL)
		sl_ddl_comment(ddl, fact);
	if (class->owned)
		sl_ddl_owner(ddl, fact);
	if (class->grant != NULL)
		sl_ddl_privileges(ddl, fact);
}

/* DROP, without CASCADE: what others need stays. */
char *
sl_ddl_drop_text(const SlFact *fact)
{
	const SlDdlClass *class = sl_ddl_class(fact->class);
	const char *name = sl_name_last(fact->identity);
	char	   *owner = sl_name_owner(fact->identity);

	if (strcmp(fact->class, "constraint") == 0)
		return psprintf("ALTER TABLE %s DROP CONSTRAINT %s", owner, name);
	if (strcmp(fact->class, "domain constraint") == 0)
		return psprintf("ALTER DOMAIN %s DROP CONSTRAINT %s", owner, name);
	if (strcmp(fact->class, "column") == 0)
		return psprintf("ALTER TABLE %s DROP COLUMN %s", owner, name);
	return psprintf("DROP %s %s", class->noun, sl_ddl_address(fact));
}

/* In the place of what is there. */
void
sl_ddl_replace(SlDdl *ddl, const SlDdlClass *class, const SlFact *expected,
			   const SlFact *actual)
{
	sl_ddl_add(ddl, "%s", sl_ddl_drop_text(actual));
	sl_ddl_create(ddl, class, expected);
}

/* How an attribute is altered; NULL: it cannot be, by itself. */
SlDdlAlter
sl_ddl_alter(const SlDdlClass *class, const char *attribute)
{
	const SlDdlAttribute *entry;

	for (entry = class->attributes; entry != NULL && entry->name != NULL;
		 entry++)
		if (strcmp(entry->name, attribute) == 0)
			return entry->alter;
	for (entry = common; entry->name != NULL; entry++)
		if (strcmp(entry->name, attribute) == 0)
			return entry->alter;
	return NULL;
}

/* Why there is no statement for an attribute. */
const char *
sl_ddl_no_statement(const char *class, const char *attribute)
{
	return psprintf(_("no statement changes \"%s\" of a %s without making it again"),
					attribute, class);
}
