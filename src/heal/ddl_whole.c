/*-------------------------------------------------------------------------
 *
 * ddl_whole.c
 *	  Is a fact one that the server could have told?
 *
 * Those of a manifest are somebody's text.  Statements are made only from
 * facts that have what the statements are made of, in the form that facts of
 * the catalog have it in.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/heal/ddl_whole.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/varlena.h"

#include "heal/ddl.h"

/* Attributes that facts of a class always have, as texts. */
static const struct
{
	const char *class;
	const char *attribute;
}			texts[] = {
	{"aggregate", "arguments"},
	{"aggregate", "transition"},
	{"base type", "category"},
	{"base type", "delimiter"},
	{"base type", "length"},
	{"column", "type"},
	{"constraint", "kind"},
	{"conversion", "source"},
	{"conversion", "target"},
	{"event trigger", "enabled"},
	{"event trigger", "event"},
	{"event trigger", "function"},
	{"extension", "schema"},
	{"extension", "version"},
	{"function", "arguments"},
	{"index", "method"},
	{"index", "table"},
	{"materialized view", "definition"},
	{"operator", "function"},
	{"procedure", "arguments"},
	{"rule", "definition"},
	{"sequence", "increment"},
	{"statistics", "definition"},
	{"text search configuration", "parser"},
	{"text search parser", "token_types"},
	{"trigger", "definition"},
	{"view", "definition"},
};

/* Of how many names an identity consists, where it is nothing but names. */
static const struct
{
	const char *class;
	int			names;
}			identities[] = {
	{"access method", 1},
	{"base type", 2},
	{"collation", 2},
	{"column", 3},
	{"composite type", 2},
	{"constraint", 3},
	{"conversion", 2},
	{"domain", 2},
	{"domain constraint", 3},
	{"enum", 2},
	{"event trigger", 1},
	{"extension", 1},
	{"foreign data wrapper", 1},
	{"foreign table", 2},
	{"index", 2},
	{"language", 1},
	{"materialized view", 2},
	{"policy", 3},
	{"publication", 1},
	{"range", 2},
	{"rule", 3},
	{"schema", 1},
	{"sequence", 2},
	{"server", 1},
	{"shell type", 2},
	{"statistics", 2},
	{"subscription", 1},
	{"table", 2},
	{"text search configuration", 2},
	{"text search dictionary", 2},
	{"text search parser", 2},
	{"text search template", 2},
	{"trigger", 3},
	{"view", 2},
};

/* What comes in every item of a list. */
static const struct
{
	const char *class;
	const char *attribute;
	const char *separator;
}			items[] = {
	{"index", "statistics", " "},
	{"operator family", "functions", ") "},
	{"operator family", "operators", " "},
	{"text search configuration", "mappings", ": "},
};

static bool
has_names(const char *text, int count)
{
	List	   *names;

	return SplitIdentifierString(pstrdup(text), '.', &names) &&
		list_length(names) == count;
}

/* Names that are looked up while statements are made. */
static bool
names_are_names(const SlFact *fact)
{
	const char *text = NULL;
	int			i;

	for (i = 0; i < (int) lengthof(identities); i++)
		if (strcmp(identities[i].class, fact->class) == 0 &&
			!has_names(fact->identity, identities[i].names))
			return false;
	if (strcmp(fact->class, "index") == 0)
		text = sl_fact_text(fact, "table");
	else if (strcmp(fact->class, "text search configuration") == 0)
		text = sl_fact_text(fact, "parser");
	else if (strcmp(fact->class, "text search parser") == 0)
		text = sl_fact_text(fact, "token_types");
	if (text != NULL && !has_names(text, 2))
		return false;
	if (strcmp(fact->class, "operator class") == 0)
		return sl_find_outside(fact->identity, " USING ") != NULL;
	if (strcmp(fact->class, "default privileges") == 0)
		return strncmp(fact->identity, "FOR ROLE ", 9) == 0;
	return true;
}

/* A definition that is a statement by itself. */
static bool
is_statement(const SlFact *fact, const char *begin)
{
	return strncmp(sl_fact_text(fact, "definition"), begin,
				   strlen(begin)) == 0;
}

static bool
has_texts(const SlFact *fact)
{
	const char *kind;
	int			i;

	for (i = 0; i < (int) lengthof(texts); i++)
		if (strcmp(texts[i].class, fact->class) == 0 &&
			sl_fact_text(fact, texts[i].attribute) == NULL)
			return false;
	if (strcmp(fact->class, "rule") == 0)
		return is_statement(fact, "CREATE RULE ");
	if (strcmp(fact->class, "statistics") == 0)
		return is_statement(fact, "CREATE STATISTICS ");
	if (strcmp(fact->class, "trigger") == 0)
		return is_statement(fact, "CREATE TRIGGER ") ||
			is_statement(fact, "CREATE CONSTRAINT TRIGGER ");
	if (strcmp(fact->class, "function") == 0 ||
		strcmp(fact->class, "procedure") == 0)
		return sl_fact_text(fact, "source") != NULL ||
			(sl_fact_text(fact, "body") != NULL &&
			 sl_fact_text(fact, "library") == NULL);
	if (strcmp(fact->class, "constraint") != 0)
		return true;
	kind = sl_fact_text(fact, "kind");
	if (strcmp(kind, "primary key") == 0 || strcmp(kind, "unique") == 0)
		return sl_fact_get(fact, "columns") != NULL;
	if (strcmp(kind, "foreign key") == 0)
		return sl_fact_get(fact, "columns") != NULL &&
			sl_fact_get(fact, "referenced_columns") != NULL &&
			sl_fact_get(fact, "columns")->nitems ==
			sl_fact_get(fact, "referenced_columns")->nitems &&
			sl_fact_text(fact, "references") != NULL;
	return sl_fact_text(fact, strcmp(kind, "check") == 0 ?
						"expression" : "definition") != NULL;
}

static bool
has_items(const SlFact *fact)
{
	int			i;
	int			n;

	for (i = 0; i < (int) lengthof(items); i++)
	{
		const SlAttribute *list;

		if (strcmp(items[i].class, fact->class) != 0)
			continue;
		list = sl_fact_get(fact, items[i].attribute);
		for (n = 0; list != NULL && n < list->nitems; n++)
			if (strstr(list->items[n], items[i].separator) == NULL ||
				sl_find_outside(list->items[n],
								items[i].separator) == NULL)
				return false;
	}
	return true;
}

bool
sl_ddl_is_whole(const SlFact *fact)
{
	return has_texts(fact) && names_are_names(fact) && has_items(fact);
}
