/*-------------------------------------------------------------------------
 *
 * ddl_names.c
 *	  Taking the identities and texts of facts apart.
 *
 * Names are quoted where SQL wants it, with quotes in them doubled, and
 * constants have standard_conforming_strings: so what is outside of quotes
 * can be told without a parser.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/heal/ddl_names.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "heal/ddl.h"

/*
 * Behind what begins here: a quoted name or a constant as a whole, else one
 * byte.
 */
const char *
sl_name_skip(const char *p)
{
	char		quote = *p;

	if (quote != '"' && quote != '\'')
		return p + 1;
	for (p++; *p != '\0'; p++)
	{
		if (*p != quote)
			continue;
		if (p[1] != quote)
			return p + 1;
		p++;
	}
	return p;
}

/* The last name of an identity: "t.a" of public."t.a". */
const char *
sl_name_last(const char *identity)
{
	const char *last = identity;
	const char *p = identity;

	while (*p != '\0')
	{
		if (*p == '.')
			last = p + 1;
		p = sl_name_skip(p);
	}
	return last;
}

/* All but the last name; the name itself, if there is but one. */
char *
sl_name_owner(const char *identity)
{
	const char *last = sl_name_last(identity);

	if (last == identity)
		return pstrdup(identity);
	return pnstrdup(identity, last - 1 - identity);
}

/* The first occurrence that is in no quotes, or NULL. */
const char *
sl_find_outside(const char *text, const char *word)
{
	size_t		length = strlen(word);
	const char *p;

	for (p = text; *p != '\0'; p = sl_name_skip(p))
		if (strncmp(p, word, length) == 0)
			return p;
	return NULL;
}

/* public.f of public.f(integer) */
char *
sl_name_routine(const char *identity)
{
	const char *bracket = sl_find_outside(identity, "(");

	if (bracket == NULL)
		return pstrdup(identity);
	return pnstrdup(identity, bracket - identity);
}

/* "integer, text", without the brackets */
char *
sl_name_arguments(const char *identity)
{
	const char *bracket = sl_find_outside(identity, "(");

	if (bracket == NULL)
		return pstrdup("");
	return pnstrdup(bracket + 1, strlen(bracket) - 2);
}

/* OPERATOR(public.+) of public.+(integer, integer) */
char *
sl_name_operator(const char *identity)
{
	return psprintf("OPERATOR(%s)", sl_name_routine(identity));
}

/*
 * The parts of a text between separators that are in no quotes and no
 * brackets.
 */
List *
sl_split_outside(const char *text, const char *separator)
{
	size_t		length = strlen(separator);
	List	   *parts = NIL;
	const char *begin = text;
	const char *p = text;
	int			depth = 0;

	while (*p != '\0')
	{
		if (depth == 0 && strncmp(p, separator, length) == 0)
		{
			parts = lappend(parts, pnstrdup(begin, p - begin));
			p += length;
			begin = p;
			continue;
		}
		depth += *p == '(' || *p == '[';
		depth -= *p == ')' || *p == ']';
		p = sl_name_skip(p);
	}
	return lappend(parts, pnstrdup(begin, p - begin));
}
