/*-------------------------------------------------------------------------
 *
 * ddl_type.c
 *	  Enums, domains, ranges, base types, composite types.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/heal/ddl_type.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "heal/ddl.h"
#include "heal/ddl_table.h"

void
sl_create_enum(SlDdl *ddl, const SlFact *fact)
{
	const SlAttribute *labels = sl_fact_get(fact, "labels");
	StringInfoData text;
	int			i;

	initStringInfo(&text);
	appendStringInfo(&text, "CREATE TYPE %s AS ENUM (", fact->identity);
	for (i = 0; labels != NULL && i < labels->nitems; i++)
		appendStringInfo(&text, "%s%s", i > 0 ? ", " : "",
						 quote_literal_cstr(labels->items[i]));
	appendStringInfoChar(&text, ')');
	sl_ddl_add(ddl, "%s", text.data);
}

/* Are the labels that are there expected ones, in their order? */
static bool
is_part_of(const SlAttribute *have, const SlAttribute *want)
{
	int			next = 0;
	int			i;

	for (i = 0; have != NULL && i < have->nitems; i++)
	{
		while (want != NULL && next < want->nitems &&
			   strcmp(want->items[next], have->items[i]) != 0)
			next++;
		if (want == NULL || next == want->nitems)
			return false;
		next++;
	}
	return true;
}

/* A label that is there in front of which a new one belongs; or NULL. */
static const char *
next_known(const SlAttribute *have, const SlAttribute *want, int i)
{
	for (i++; i < want->nitems; i++)
		if (sl_list_has(have, want->items[i]))
			return want->items[i];
	return NULL;
}

static void
alter_labels(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	const SlAttribute *want = sl_fact_get(expected, "labels");
	const SlAttribute *have = sl_fact_get(actual, "labels");
	int			i;

	if (!is_part_of(have, want))
	{
		sl_ddl_refuse(ddl, _("labels of an enum cannot be taken away or change places"));
		return;
	}
	for (i = 0; i < want->nitems; i++)
	{
		const char *before;

		if (sl_list_has(have, want->items[i]))
			continue;
		before = next_known(have, want, i);
		sl_ddl_add(ddl, "ALTER TYPE %s ADD VALUE %s%s%s", expected->identity,
				   quote_literal_cstr(want->items[i]),
				   before != NULL ? " BEFORE " : "",
				   before != NULL ? quote_literal_cstr(before) : "");
	}
}

const SlDdlAttribute sl_enum_attributes[] = {
	{"labels", alter_labels},
	{NULL, NULL}
};

void
sl_create_domain(SlDdl *ddl, const SlFact *fact)
{
	const char *collation = sl_fact_text(fact, "collation");
	const char *value = sl_fact_text(fact, "default");

	sl_ddl_add(ddl, "CREATE DOMAIN %s AS %s%s%s%s%s%s", fact->identity,
			   sl_fact_text(fact, "type"),
			   collation != NULL ? " COLLATE " : "",
			   collation != NULL ? collation : "",
			   value != NULL ? " DEFAULT " : "", value != NULL ? value : "",
			   sl_fact_true(fact, "not_null") ? " NOT NULL" : "");
}

static void
alter_domain_default(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	const char *value = sl_fact_text(expected, "default");

	sl_ddl_add(ddl, "ALTER DOMAIN %s %s%s", expected->identity,
			   value != NULL ? "SET DEFAULT " : "DROP DEFAULT",
			   value != NULL ? value : "");
}

static void
alter_domain_not_null(SlDdl *ddl, const SlFact *expected,
					  const SlFact *actual)
{
	bool		not_null = sl_fact_true(expected, "not_null");

	sl_ddl_add(ddl, "ALTER DOMAIN %s %s NOT NULL", expected->identity,
			   not_null ? "SET" : "DROP");
	ddl->looks = not_null;
}

const SlDdlAttribute sl_domain_attributes[] = {
	{"default", alter_domain_default},
	{"not_null", alter_domain_not_null},
	{NULL, NULL}
};

static void
append_option(StringInfo text, const char *name, const char *value)
{
	if (value != NULL)
		appendStringInfo(text, ", %s = %s", name, value);
}

static char *
routine_or_null(const char *function)
{
	return function == NULL ? NULL : sl_name_routine(function);
}

void
sl_create_range(SlDdl *ddl, const SlFact *fact)
{
	const char *canonical = sl_fact_text(fact, "canonical");
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "CREATE TYPE %s AS RANGE (SUBTYPE = %s",
					 fact->identity, sl_fact_text(fact, "subtype"));
	append_option(&text, "SUBTYPE_OPCLASS",
				  sl_fact_text(fact, "operator_class"));
	append_option(&text, "COLLATION", sl_fact_text(fact, "collation"));
	append_option(&text, "CANONICAL", routine_or_null(canonical));
	append_option(&text, "SUBTYPE_DIFF",
				  routine_or_null(sl_fact_text(fact, "difference")));
	append_option(&text, "MULTIRANGE_TYPE_NAME",
				  sl_fact_text(fact, "multirange"));
	appendStringInfoChar(&text, ')');
	sl_ddl_add(ddl, "%s", text.data);
}

void
sl_create_shell_type(SlDdl *ddl, const SlFact *fact)
{
	sl_ddl_add(ddl, "CREATE TYPE %s", fact->identity);
}

/* Its shell is made before the functions that it needs. */
void
sl_create_base_type(SlDdl *ddl, const SlFact *fact)
{
	const char *length = sl_fact_text(fact, "length");
	const char *value = sl_fact_text(fact, "default");
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "CREATE TYPE %s (INPUT = %s", fact->identity,
					 sl_fact_text(fact, "input"));
	append_option(&text, "OUTPUT", sl_fact_text(fact, "output"));
	append_option(&text, "RECEIVE", sl_fact_text(fact, "receive"));
	append_option(&text, "SEND", sl_fact_text(fact, "send"));
	append_option(&text, "TYPMOD_IN", sl_fact_text(fact, "modifier_input"));
	append_option(&text, "TYPMOD_OUT", sl_fact_text(fact, "modifier_output"));
	append_option(&text, "ANALYZE", sl_fact_text(fact, "analyze"));
	append_option(&text, "SUBSCRIPT", sl_fact_text(fact, "subscript"));
	append_option(&text, "INTERNALLENGTH",
				  strcmp(length, "-1") == 0 ? "VARIABLE" : length);
	if (sl_fact_true(fact, "by_value"))
		appendStringInfoString(&text, ", PASSEDBYVALUE");
	append_option(&text, "ALIGNMENT", sl_fact_text(fact, "alignment"));
	append_option(&text, "STORAGE", sl_fact_text(fact, "storage"));
	append_option(&text, "CATEGORY",
				  quote_literal_cstr(sl_fact_text(fact, "category")));
	append_option(&text, "PREFERRED",
				  sl_fact_true(fact, "preferred") ? "true" : NULL);
	append_option(&text, "DELIMITER",
				  quote_literal_cstr(sl_fact_text(fact, "delimiter")));
	append_option(&text, "ELEMENT", sl_fact_text(fact, "element"));
	append_option(&text, "COLLATABLE",
				  sl_fact_true(fact, "collatable") ? "true" : NULL);
	append_option(&text, "DEFAULT",
				  value != NULL ? quote_literal_cstr(value) : NULL);
	appendStringInfoChar(&text, ')');
	sl_ddl_add(ddl, "%s", text.data);
}

void
sl_create_composite_type(SlDdl *ddl, const SlFact *fact)
{
	List	   *columns = ddl->facts->columns(fact->identity,
											  ddl->facts->arg);
	StringInfoData text;
	ListCell   *cell;

	initStringInfo(&text);
	appendStringInfo(&text, "CREATE TYPE %s AS (", fact->identity);
	foreach(cell, columns)
		appendStringInfo(&text, "%s%s", foreach_current_index(cell) > 0 ?
						 ", " : "", sl_column_text(lfirst(cell), 0));
	appendStringInfoChar(&text, ')');
	sl_ddl_add(ddl, "%s", text.data);
	foreach(cell, columns)
	{
		const SlFact *column = lfirst(cell);

		if (sl_fact_text(column, "comment") != NULL)
			sl_ddl_comment(ddl, column);
	}
}
