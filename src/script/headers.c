/*-------------------------------------------------------------------------
 *
 * headers.c
 *	  Own headers of a script: comment lines "-- sl:name value".
 *
 * Comments are what lies between tokens.  The lexer finds the tokens, so a
 * header in a literal, in a block comment or in COPY data is none.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/script/headers.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "script/slice.h"

typedef struct SlHeaderSearch SlHeaderSearch;

/* Called for each comment that ends with its line. */
typedef void (*SlCommentVisitor) (SlHeaderSearch *search,
								  const SlScanner *scanner,
								  const char *dashes, const char *eol);

struct SlHeaderSearch
{
	SlCommentVisitor visit;
	MemoryContext context;		/* for the result */
	List	   *found;
	bool		leading;		/* no statement so far */
	SlPosition	position;
};

static List *search_comments(const char *text, Size length,
							 const SlOrigin *origin, SlCommentVisitor visit);
static const char *line_of(const SlScanner *scanner, const char *dashes);
static bool mentions_header(const char *text, Size length);
static void search_gap(void *arg, const SlScanner *scanner,
					   const SlToken *token);
static const char *skip_block(const char *at, const char *end);
static void add_header(SlHeaderSearch *search, const SlScanner *scanner,
					   const char *dashes, const char *eol);
static void add_comment(SlHeaderSearch *search, const SlScanner *scanner,
						const char *dashes, const char *eol);
static bool is_blank(char c);

/*
 * See script.h.  The text is not parsed, so that headers can be had from a
 * script with a mistake in it; what the lexer cannot read, and a COPY that
 * is not one, raise SL009.
 */
List *
sl_script_headers(const char *text, Size length, const SlOrigin *origin)
{
	if (!mentions_header(text, length))
		return NIL;
	return search_comments(text, length, origin, add_header);
}

/* See script.h. */
List *
sl_script_comments(const char *text, Size length, const SlOrigin *origin)
{
	return search_comments(text, length, origin, add_comment);
}

static List *
search_comments(const char *text, Size length, const SlOrigin *origin,
				SlCommentVisitor visit)
{
	SlHeaderSearch search;
	SlScanner  *scanner;

	scanner = sl_scan_begin(text, length, origin);
	search.context = CurrentMemoryContext;
	search.visit = visit;
	search.found = NIL;
	search.leading = true;
	search.position = scanner->position;
	scanner->hook = search_gap;
	scanner->hook_arg = &search;

	sl_slice_read_all(scanner);
	sl_scan_end(scanner);

	return search.found;
}

/* Most scripts have no header, and need not be read for them. */
static bool
mentions_header(const char *text, Size length)
{
	const char *end = text + length;
	const char *at = text;

	while ((at = memchr(at, ':', end - at)) != NULL)
	{
		if (at - text >= 2 && at[-2] == 's' && at[-1] == 'l')
			return true;
		at++;
	}
	return false;
}

/* Token hook: look for headers in the gap before the token. */
static void
search_gap(void *arg, const SlScanner *scanner, const SlToken *token)
{
	SlHeaderSearch *search = (SlHeaderSearch *) arg;
	const char *at = scanner->text + scanner->gap;
	const char *end = scanner->text + token->start;

	while (end - at >= 2)
	{
		if (at[0] == '/' && at[1] == '*')
			at = skip_block(at, end);
		else if (at[0] == '-' && at[1] == '-')
		{
			const char *eol = at;

			/* the lexer ends a comment at either character */
			while (eol < end && *eol != '\n' && *eol != '\r')
				eol++;
			search->visit(search, scanner, at, eol);
			at = eol;
		}
		else
			at++;
	}

	if (token->kind != SL_TOKEN_TERMINATOR && token->kind != SL_TOKEN_PSQL)
		search->leading = false;
}

/* Block comments nest. */
static const char *
skip_block(const char *at, const char *end)
{
	int			depth = 0;

	while (end - at >= 2)
	{
		if (at[0] == '/' && at[1] == '*')
		{
			depth++;
			at += 2;
		}
		else if (at[0] == '*' && at[1] == '/')
		{
			at += 2;
			if (--depth == 0)
				return at;
		}
		else
			at++;
	}
	return end;
}

/*
 * The start of the comment's line; NULL if anything but white space stands
 * before it.
 */
static const char *
line_of(const SlScanner *scanner, const char *dashes)
{
	const char *first = scanner->text + scanner->base;
	const char *line = dashes;

	while (line > first && line[-1] != '\n')
	{
		if (!is_blank(line[-1]))
			return NULL;
		line--;
	}
	return line;
}

/* Add the comment from 'dashes' to 'eol', whatever it says. */
static void
add_comment(SlHeaderSearch *search, const SlScanner *scanner,
			const char *dashes, const char *eol)
{
	MemoryContext caller = MemoryContextSwitchTo(search->context);
	SlComment  *comment = palloc(sizeof(SlComment));

	while (eol > dashes && is_blank(eol[-1]))
		eol--;
	comment->text = pnstrdup(dashes, eol - dashes);
	comment->alone = line_of(scanner, dashes) != NULL;
	sl_position_move(scanner->text, &search->position,
					 dashes - scanner->text);
	comment->line = search->position.line;
	search->found = lappend(search->found, comment);
	MemoryContextSwitchTo(caller);
}

/* Add the comment from 'dashes' to 'eol' if it is a header. */
static void
add_header(SlHeaderSearch *search, const SlScanner *scanner,
		   const char *dashes, const char *eol)
{
	const char *line = line_of(scanner, dashes);
	const char *at = dashes + 2;
	const char *name;
	MemoryContext caller;
	SlHeader   *header;

	if (line == NULL)
		return;
	while (at < eol && is_blank(*at))
		at++;
	if (eol - at < 3 || memcmp(at, "sl:", 3) != 0)
		return;
	at += 3;

	caller = MemoryContextSwitchTo(search->context);
	header = palloc0(sizeof(SlHeader));
	name = at;
	while (at < eol && !is_blank(*at))
		at++;
	header->name = pnstrdup(name, at - name);
	header->start = line - scanner->text;
	header->end = eol - scanner->text;
	if (header->end < scanner->length &&
		scanner->text[header->end] == '\r')
		header->end++;
	if (header->end < scanner->length &&
		scanner->text[header->end] == '\n')
		header->end++;
	header->leading = search->leading;

	while (at < eol && is_blank(*at))
		at++;
	while (eol > at && is_blank(eol[-1]))
		eol--;
	header->value = pnstrdup(at, eol - at);

	sl_position_move(scanner->text, &search->position, header->start);
	header->line = search->position.line;
	search->found = lappend(search->found, header);
	MemoryContextSwitchTo(caller);
}

/* White space within a line; the carriage return is a part of its end. */
static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}
