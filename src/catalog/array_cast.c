/*-------------------------------------------------------------------------
 *
 * array_cast.c
 *	  One text for what a restore makes into another.
 *
 * "v IN ('x', 'y')" of a varchar column is stored as a cast of the array, and
 * so the server writes it down: (ARRAY['x'::character varying])::text[].
 * When that text is parsed again, as a restore does, the cast is made of each
 * element: ARRAY[('x'::character varying)::text].  Both mean the same, and
 * the second stays what it is: facts have the second.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/array_cast.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"

#include "catalog/catalog_private.h"

#define OPENING "(ARRAY["

/*
 * The end of what begins here: a literal or a quoted name, else one byte.
 * The server doubles quotes inside, and backslashes stand before no quote.
 */
static const char *
skip(const char *p, const char *end)
{
	char		quote = *p++;

	if (quote != '\'' && quote != '"')
		return p;
	while (p < end)
	{
		if (*p++ != quote)
			continue;
		if (p == end || *p != quote)
			break;
		p++;
	}
	return p;
}

/*
 * The elements of an array, each followed by a comma or the bracket: where
 * they begin, and at last one behind the bracket.  NIL if there is no end.
 */
static List *
find_elements(const char *p, const char *end)
{
	List	   *elements = list_make1((void *) p);
	int			depth = 0;

	while (p < end)
	{
		if (*p == '(' || *p == '[')
			depth++;
		else if ((*p == ')' || *p == ']') && depth-- == 0)
			return lappend(elements, (void *) (p + 1));
		else if (*p == ',' && depth == 0)
			elements = lappend(elements, (void *) (p + 1));
		p = skip(p, end);
	}
	return NIL;
}

/* The end of the name of an array's element type; NULL if it is none. */
static const char *
find_type_end(const char *p, const char *end)
{
	while (p < end && (isalnum((unsigned char) *p) || IS_HIGHBIT_SET(*p) ||
					   strchr("_$. \"", *p) != NULL))
		p = skip(p, end);
	return end - p >= 2 && strncmp(p, "[]", 2) == 0 ? p : NULL;
}

static void settle(StringInfo buf, const char *p, const char *end);

/* An array that is cast, if it is one: what is behind it, else NULL. */
static const char *
settle_array(StringInfo buf, const char *p, const char *end)
{
	List	   *elements;
	const char *behind;
	const char *type;
	const char *type_end;
	int			i;

	if (end - p < (int) strlen(OPENING) ||
		strncmp(p, OPENING, strlen(OPENING)) != 0)
		return NULL;
	elements = find_elements(p + strlen(OPENING), end);
	if (elements == NIL)
		return NULL;
	behind = llast(elements);
	if (end - behind < 3 || strncmp(behind, ")::", 3) != 0)
		return NULL;
	type = behind + 3;
	type_end = find_type_end(type, end);
	if (type_end == NULL || strncmp(p + 1, "ARRAY[ARRAY[", 12) == 0)
		return NULL;

	appendStringInfoString(buf, "ARRAY[");
	for (i = 0; i < list_length(elements) - 1; i++)
	{
		const char *element = list_nth(elements, i);
		const char *next = list_nth(elements, i + 1);

		while (*element == ' ')
			element++;
		appendStringInfoString(buf, i == 0 ? "(" : ", (");
		settle(buf, element, next - 1);
		appendStringInfoString(buf, ")::");
		appendBinaryStringInfo(buf, type, type_end - type);
	}
	appendStringInfoChar(buf, ']');
	return type_end + 2;
}

static void
settle(StringInfo buf, const char *p, const char *end)
{
	const char *start = p;

	check_stack_depth();
	while (p < end)
	{
		const char *next = NULL;

		/* behind a name it is what a function is given */
		if (p == start || !(isalnum((unsigned char) p[-1]) || p[-1] == '_' ||
							p[-1] == '"' || IS_HIGHBIT_SET(p[-1])))
			next = settle_array(buf, p, end);

		if (next == NULL)
		{
			next = skip(p, end);
			appendBinaryStringInfo(buf, p, next - p);
		}
		p = next;
	}
}

/* A text of the server's deparser, or what a restore would make of it. */
char *
sl_settle_text(char *text)
{
	StringInfoData buf;

	if (text == NULL || strstr(text, OPENING) == NULL)
		return text;
	initStringInfo(&buf);
	settle(&buf, text, text + strlen(text));
	return buf.data;
}
