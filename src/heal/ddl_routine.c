/*-------------------------------------------------------------------------
 *
 * ddl_routine.c
 *	  Functions, procedures, aggregates, operators and casts.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/heal/ddl_routine.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/varlena.h"

#include "heal/ddl.h"

/* SET name TO value, of "name=value" */
static void
append_setting(StringInfo text, const char *item)
{
	const char *equals = strchr(item, '=');
	char	   *name;
	List	   *parts;
	ListCell   *cell;

	if (equals == NULL)
		return;
	name = pnstrdup(item, equals - item);
	appendStringInfo(text, " SET %s TO ", quote_identifier(name));
	if ((GetConfigOptionFlags(name, true) & GUC_LIST_QUOTE) == 0 ||
		!SplitGUCList(pstrdup(equals + 1), ',', &parts))
	{
		appendStringInfoString(text, quote_literal_cstr(equals + 1));
		return;
	}
	foreach(cell, parts)
		appendStringInfo(text, "%s%s", foreach_current_index(cell) > 0 ?
						 ", " : "", quote_literal_cstr(lfirst(cell)));
	/* an empty list is one empty name */
	if (parts == NIL)
		appendStringInfoString(text, "''");
}

static void
append_word(StringInfo text, const SlFact *fact, const char *name,
			const char *before)
{
	const char *word = sl_fact_text(fact, name);

	if (word != NULL)
		appendStringInfo(text, "%s%s", before, word);
}

static void
append_qualities(StringInfo text, const SlFact *fact)
{
	const SlAttribute *settings = sl_fact_get(fact, "settings");
	const SlAttribute *transforms = sl_fact_get(fact, "transforms");
	int			i;

	append_word(text, fact, "language", " LANGUAGE ");
	for (i = 0; transforms != NULL && i < transforms->nitems; i++)
		appendStringInfo(text, "%sFOR TYPE %s", i == 0 ? " TRANSFORM " : ", ",
						 transforms->items[i]);
	if (sl_fact_true(fact, "window"))
		appendStringInfoString(text, " WINDOW");
	append_word(text, fact, "volatility", " ");
	if (sl_fact_true(fact, "leakproof"))
		appendStringInfoString(text, " LEAKPROOF");
	if (sl_fact_true(fact, "strict"))
		appendStringInfoString(text, " STRICT");
	if (sl_fact_true(fact, "security_definer"))
		appendStringInfoString(text, " SECURITY DEFINER");
	append_word(text, fact, "parallel", " PARALLEL ");
	append_word(text, fact, "cost", " COST ");
	if (!sl_fact_is(fact, "rows", "0"))
		append_word(text, fact, "rows", " ROWS ");
	append_word(text, fact, "support", " SUPPORT ");
	for (i = 0; settings != NULL && i < settings->nitems; i++)
		append_setting(text, settings->items[i]);
}

/* OR REPLACE does no harm, and keeps what others have of it. */
void
sl_create_function(SlDdl *ddl, const SlFact *fact)
{
	const char *body = sl_fact_text(fact, "body");
	const char *source = sl_fact_text(fact, "source");
	const char *library = sl_fact_text(fact, "library");
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "CREATE OR REPLACE %s %s(%s)",
					 sl_ddl_class(fact->class)->noun,
					 sl_name_routine(fact->identity),
					 sl_fact_text(fact, "arguments"));
	append_word(&text, fact, "result", " RETURNS ");
	append_qualities(&text, fact);
	if (body != NULL)
		appendStringInfo(&text, " %s", body);
	else if (library != NULL)
		appendStringInfo(&text, " AS %s, %s", quote_literal_cstr(library),
						 quote_literal_cstr(source));
	else
		appendStringInfo(&text, " AS %s", quote_literal_cstr(source));
	sl_ddl_add(ddl, "%s", text.data);
}

/* All but what OR REPLACE refuses. */
static void
alter_function(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	sl_create_function(ddl, expected);
}

const SlDdlAttribute sl_function_attributes[] = {
	{"body", alter_function},
	{"cost", alter_function},
	{"language", alter_function},
	{"leakproof", alter_function},
	{"library", alter_function},
	{"parallel", alter_function},
	{"rows", alter_function},
	{"security_definer", alter_function},
	{"settings", alter_function},
	{"source", alter_function},
	{"strict", alter_function},
	{"support", alter_function},
	{"transforms", alter_function},
	{"volatility", alter_function},
	{NULL, NULL}
};

/* The name of a function in an attribute, without its arguments. */
static void
append_function(StringInfo text, const SlFact *fact, const char *attribute,
				const char *option)
{
	const char *function = sl_fact_text(fact, attribute);

	if (function != NULL)
		appendStringInfo(text, ", %s = %s", option,
						 sl_name_routine(function));
}

static void
append_literal(StringInfo text, const SlFact *fact, const char *attribute,
			   const char *option)
{
	const char *value = sl_fact_text(fact, attribute);

	if (value != NULL)
		appendStringInfo(text, ", %s = %s", option,
						 quote_literal_cstr(value));
}

static void
append_moving(StringInfo text, const SlFact *fact)
{
	if (sl_fact_text(fact, "moving_transition") == NULL)
		return;
	append_function(text, fact, "moving_transition", "MSFUNC");
	append_function(text, fact, "moving_inverse", "MINVFUNC");
	append_word(text, fact, "moving_transition_type", ", MSTYPE = ");
	append_word(text, fact, "moving_transition_space", ", MSSPACE = ");
	append_function(text, fact, "moving_final", "MFINALFUNC");
	if (sl_fact_true(fact, "moving_final_extra"))
		appendStringInfoString(text, ", MFINALFUNC_EXTRA");
	append_word(text, fact, "moving_final_modify",
				", MFINALFUNC_MODIFY = ");
	append_literal(text, fact, "moving_initial", "MINITCOND");
}

void
sl_create_aggregate(SlDdl *ddl, const SlFact *fact)
{
	const char *arguments = sl_fact_text(fact, "arguments");
	const char *sort = sl_fact_text(fact, "sort_operator");
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "CREATE OR REPLACE AGGREGATE %s(%s) (SFUNC = %s, STYPE = %s",
					 sl_name_routine(fact->identity),
					 *arguments != '\0' ? arguments : "*",
					 sl_name_routine(sl_fact_text(fact, "transition")),
					 sl_fact_text(fact, "transition_type"));
	append_word(&text, fact, "transition_space", ", SSPACE = ");
	append_function(&text, fact, "final", "FINALFUNC");
	if (sl_fact_true(fact, "final_extra"))
		appendStringInfoString(&text, ", FINALFUNC_EXTRA");
	append_word(&text, fact, "final_modify", ", FINALFUNC_MODIFY = ");
	append_function(&text, fact, "combine", "COMBINEFUNC");
	append_function(&text, fact, "serialize", "SERIALFUNC");
	append_function(&text, fact, "deserialize", "DESERIALFUNC");
	append_literal(&text, fact, "initial", "INITCOND");
	append_moving(&text, fact);
	if (sort != NULL)
		appendStringInfo(&text, ", SORTOP = %s", sl_name_operator(sort));
	append_word(&text, fact, "parallel", ", PARALLEL = ");
	if (sl_fact_is(fact, "kind", "hypothetical-set"))
		appendStringInfoString(&text, ", HYPOTHETICAL");
	appendStringInfoChar(&text, ')');
	sl_ddl_add(ddl, "%s", text.data);
}

static void
alter_aggregate(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	sl_create_aggregate(ddl, expected);
}

const SlDdlAttribute sl_aggregate_attributes[] = {
	{"combine", alter_aggregate},
	{"deserialize", alter_aggregate},
	{"final", alter_aggregate},
	{"final_extra", alter_aggregate},
	{"final_modify", alter_aggregate},
	{"initial", alter_aggregate},
	{"moving_final", alter_aggregate},
	{"moving_final_extra", alter_aggregate},
	{"moving_final_modify", alter_aggregate},
	{"moving_initial", alter_aggregate},
	{"moving_inverse", alter_aggregate},
	{"moving_transition", alter_aggregate},
	{"moving_transition_space", alter_aggregate},
	{"moving_transition_type", alter_aggregate},
	{"parallel", alter_aggregate},
	{"serialize", alter_aggregate},
	{"sort_operator", alter_aggregate},
	{"transition", alter_aggregate},
	{"transition_space", alter_aggregate},
	{"transition_type", alter_aggregate},
	{NULL, NULL}
};

/* public.+(integer, integer) */
void
sl_create_operator(SlDdl *ddl, const SlFact *fact)
{
	List	   *sides = sl_split_outside(sl_name_arguments(fact->identity),
										 ", ");
	const char *commutator = sl_fact_text(fact, "commutator");
	const char *negator = sl_fact_text(fact, "negator");
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "CREATE OPERATOR %s (FUNCTION = %s",
					 sl_name_routine(fact->identity),
					 sl_name_routine(sl_fact_text(fact, "function")));
	if (strcmp(linitial(sides), "NONE") != 0)
		appendStringInfo(&text, ", LEFTARG = %s", (char *) linitial(sides));
	if (strcmp(llast(sides), "NONE") != 0)
		appendStringInfo(&text, ", RIGHTARG = %s", (char *) llast(sides));
	if (commutator != NULL)
		appendStringInfo(&text, ", COMMUTATOR = %s",
						 sl_name_operator(commutator));
	if (negator != NULL)
		appendStringInfo(&text, ", NEGATOR = %s", sl_name_operator(negator));
	append_word(&text, fact, "restrict", ", RESTRICT = ");
	append_word(&text, fact, "join", ", JOIN = ");
	if (sl_fact_true(fact, "hashes"))
		appendStringInfoString(&text, ", HASHES");
	if (sl_fact_true(fact, "merges"))
		appendStringInfoString(&text, ", MERGES");
	appendStringInfoChar(&text, ')');
	sl_ddl_add(ddl, "%s", text.data);
}

static void
alter_selectivity(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	const char *restriction = sl_fact_text(expected, "restrict");
	const char *join = sl_fact_text(expected, "join");

	sl_ddl_add(ddl, "ALTER OPERATOR %s SET (RESTRICT = %s, JOIN = %s)",
			   expected->identity, restriction != NULL ? restriction : "NONE",
			   join != NULL ? join : "NONE");
}

/* The other one's statement sets both. */
static void
alter_partner(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	const char *partners[2];
	int			i;

	partners[0] = sl_fact_text(expected, "commutator");
	partners[1] = sl_fact_text(expected, "negator");
	for (i = 0; i < 2; i++)
		if (partners[i] != NULL &&
			ddl->facts->find("operator", partners[i],
							 ddl->facts->arg) != NULL)
			return;
	sl_ddl_replace(ddl, sl_ddl_class(expected->class), expected, actual);
}

const SlDdlAttribute sl_operator_attributes[] = {
	{"commutator", alter_partner},
	{"join", alter_selectivity},
	{"negator", alter_partner},
	{"restrict", alter_selectivity},
	{NULL, NULL}
};

/* public.c USING btree */
void
sl_create_operator_class(SlDdl *ddl, const SlFact *fact)
{
	const char *using = sl_find_outside(fact->identity, " USING ");
	const char *storage = sl_fact_text(fact, "storage");
	const char *type = sl_fact_text(fact, "type");

	/* its operators and functions are put into the family */
	sl_ddl_add(ddl, "CREATE OPERATOR CLASS %s %sFOR TYPE %s%s FAMILY %s AS STORAGE %s",
			   pnstrdup(fact->identity, using - fact->identity),
			   sl_fact_true(fact, "default") ? "DEFAULT " : "", type, using,
			   sl_fact_text(fact, "family"),
			   storage != NULL ? storage : type);
}

/* "1 public.<(integer, integer) FOR ORDER BY public.f" */
static char *
family_operator(const char *item, bool drop)
{
	const char *name = strchr(item, ' ') + 1;
	const char *order = sl_find_outside(name, " FOR ORDER BY ");
	char	   *operator = order == NULL ? pstrdup(name) :
		pnstrdup(name, order - name);

	if (drop)
		return psprintf("OPERATOR %s (%s)", pnstrdup(item, name - 1 - item),
						sl_name_arguments(operator));
	return psprintf("OPERATOR %s %s%s", pnstrdup(item, name - 1 - item),
					operator, order != NULL ? order : "");
}

/* "1 (integer, integer) public.f(integer, integer)" */
static char *
family_function(const char *item, bool drop)
{
	if (drop)
	{
		const char *end = sl_find_outside(item, ") ");

		return psprintf("FUNCTION %s", pnstrdup(item, end + 1 - item));
	}
	return psprintf("FUNCTION %s", item);
}

static void
add_members(SlDdl *ddl, const SlFact *fact, const char *attribute,
			const SlFact *other, bool drop)
{
	const SlAttribute *list = sl_fact_get(fact, attribute);
	const SlAttribute *known = other == NULL ? NULL :
		sl_fact_get(other, attribute);
	bool		functions = strcmp(attribute, "functions") == 0;
	int			i;

	for (i = 0; list != NULL && i < list->nitems; i++)
	{
		if (sl_list_has(known, list->items[i]))
			continue;
		sl_ddl_add(ddl, "ALTER OPERATOR FAMILY %s %s %s", fact->identity,
				   drop ? "DROP" : "ADD",
				   functions ? family_function(list->items[i], drop) :
				   family_operator(list->items[i], drop));
	}
}

void
sl_create_operator_family(SlDdl *ddl, const SlFact *fact)
{
	sl_ddl_add(ddl, "CREATE OPERATOR FAMILY %s", fact->identity);
	add_members(ddl, fact, "operators", NULL, false);
	add_members(ddl, fact, "functions", NULL, false);
}

static void
alter_members(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	add_members(ddl, actual, "operators", expected, true);
	add_members(ddl, actual, "functions", expected, true);
	add_members(ddl, expected, "operators", actual, false);
	add_members(ddl, expected, "functions", actual, false);
}

const SlDdlAttribute sl_operator_family_attributes[] = {
	{"functions", alter_members},
	{"operators", alter_members},
	{NULL, NULL}
};

/* (a AS b) */
void
sl_create_cast(SlDdl *ddl, const SlFact *fact)
{
	const char *function = sl_fact_text(fact, "function");
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "CREATE CAST %s ", fact->identity);
	if (function != NULL)
		appendStringInfo(&text, "WITH FUNCTION %s", function);
	else
		appendStringInfoString(&text, sl_fact_is(fact, "method", "inout") ?
							   "WITH INOUT" : "WITHOUT FUNCTION");
	if (sl_fact_is(fact, "context", "assignment"))
		appendStringInfoString(&text, " AS ASSIGNMENT");
	else if (sl_fact_is(fact, "context", "implicit"))
		appendStringInfoString(&text, " AS IMPLICIT");
	sl_ddl_add(ddl, "%s", text.data);
}

/* FOR type LANGUAGE l */
void
sl_create_transform(SlDdl *ddl, const SlFact *fact)
{
	const char *from = sl_fact_text(fact, "from_sql");
	const char *to = sl_fact_text(fact, "to_sql");

	sl_ddl_add(ddl, "CREATE TRANSFORM %s (%s%s%s%s%s)", fact->identity,
			   from != NULL ? "FROM SQL WITH FUNCTION " : "",
			   from != NULL ? from : "",
			   from != NULL && to != NULL ? ", " : "",
			   to != NULL ? "TO SQL WITH FUNCTION " : "",
			   to != NULL ? to : "");
}
