/*-------------------------------------------------------------------------
 *
 * identifiers.c
 *	  Names in a script that are longer than an identifier may be.
 *
 * The lexer cuts them and sends a NOTICE, which nobody reads; in the tree
 * they are short already.  So they are told by how long they are written.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/script/identifiers.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "script/slice.h"

typedef struct SlNameSearch
{
	MemoryContext context;		/* for the result */
	List	   *found;
	SlPosition	position;
} SlNameSearch;

static bool
is_name_byte(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9') || c == '_' || c == '$' || IS_HIGHBIT_SET(c);
}

/*
 * Hardly any script has one: is there anything at all that could be one, a
 * run of letters, or anything that has its first quote so long before the
 * next?
 */
static bool
may_have_one(const char *text, Size length)
{
	const char *end = text + length;
	const char *at;
	int			run = 0;

	for (at = text; at < end; at++)
	{
		run = is_name_byte((unsigned char) *at) ? run + 1 : 0;
		if (run >= NAMEDATALEN)
			return true;
	}
	at = text;
	while ((at = memchr(at, '"', end - at)) != NULL)
	{
		const char *next = memchr(at + 1, '"', end - at - 1);

		if (next == NULL || next - at > NAMEDATALEN)
			return true;
		at = next;
	}
	return false;
}

/* Token hook: a word or a quoted name, measured. */
static void
search_token(void *arg, const SlScanner *scanner, const SlToken *token)
{
	SlNameSearch *search = (SlNameSearch *) arg;
	const char *at = scanner->text + token->start;
	const char *end = scanner->text + token->end;
	MemoryContext caller;
	SlLongName *name;
	char	   *copy;
	int			length = 0;

	if (token->kind == SL_TOKEN_NAME)
	{
		at++;
		end--;
	}
	else if (token->kind != SL_TOKEN_WORD)
		return;
	if (end - at < NAMEDATALEN)
		return;

	caller = MemoryContextSwitchTo(search->context);
	copy = palloc(end - at + 1);
	for (; at < end; at++)
	{
		copy[length++] = *at;
		if (token->kind == SL_TOKEN_NAME && *at == '"')
			at++;
	}
	copy[length] = '\0';
	if (length >= NAMEDATALEN)
	{
		name = palloc_object(SlLongName);
		name->name = copy;
		sl_position_move(scanner->text, &search->position, token->start);
		name->line = search->position.line;
		search->found = lappend(search->found, name);
	}
	MemoryContextSwitchTo(caller);
}

/* See script.h. */
List *
sl_script_long_names(const char *text, Size length, const SlOrigin *origin)
{
	SlNameSearch search;
	SlScanner  *scanner;

	if (!may_have_one(text, length))
		return NIL;
	scanner = sl_scan_begin(text, length, origin);
	sl_scan_leniently(scanner);
	search.context = CurrentMemoryContext;
	search.found = NIL;
	search.position = scanner->position;
	scanner->hook = search_token;
	scanner->hook_arg = &search;
	sl_slice_read_all(scanner);
	sl_scan_end(scanner);
	return search.found;
}
