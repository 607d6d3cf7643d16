/*-------------------------------------------------------------------------
 *
 * position.c
 *	  Lines and columns of a script, and errors that name them.
 *
 * Whatever the server says about a text, it says in characters from the
 * start of what it was given.  Users look for a file and a line.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/script/position.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/sl_errors.h"
#include "mb/pg_wchar.h"
#include "script/slice.h"

/* Longest message taken over: "at or near" may quote the rest of a file. */
#define SL_MESSAGE_BYTES 400

static char *where(const SlOrigin *origin, int line);
static char *clip(const char *message);

/*
 * Move 'position' forward to the byte offset 'to', which is the start of a
 * character.  A line ends at a newline; a carriage return is a character.
 */
void
sl_position_move(const char *text, SlPosition *position, int to)
{
	int			encoding = GetDatabaseEncoding();
	int			at = position->offset;

	while (at < to)
	{
		unsigned char c = (unsigned char) text[at];

		if (c == '\n')
		{
			position->line++;
			position->column = 1;
			at++;
		}
		else
		{
			position->column++;
			at += IS_HIGHBIT_SET(c) ?
				Min(pg_encoding_mblen(encoding, text + at), to - at) : 1;
		}
	}
	position->offset = at;
}

/* 'file "003_x.sql", line 12', or what is known of it. */
static char *
where(const SlOrigin *origin, int line)
{
	if (origin->file != NULL)
		return psprintf("file \"%s\", line %d", origin->file, line);
	if (origin->revision != NULL)
		return psprintf("revision \"%s\", line %d", origin->revision, line);
	return psprintf("line %d", line);
}

/* Raise SL009 for the statement or line at 'position'. */
void
sl_script_complain(const SlOrigin *origin, const SlPosition *position,
				   const char *message, const char *hint)
{
	ereport(ERROR,
			(errcode(SL_ERR_BAD_INPUT),
			 errmsg("%s: %s", where(origin, position->line), message),
			 hint ? errhint("%s", hint) : 0));
}

/*
 * Error context while the server looks at a statement.  Our own errors name
 * the line themselves.
 *
 * The position is noted here, as a function in SQL or PL/pgSQL around us
 * takes it for its own: their callbacks, which come next, move it away.
 */
void
sl_script_context(void *arg)
{
	SlScanner  *scanner = (SlScanner *) arg;

	scanner->cursor = geterrposition();
	if (geterrcode() != SL_ERR_BAD_INPUT)
		errcontext("%s", where(&scanner->origin, scanner->position.line));
}

/*
 * Called in PG_CATCH around the lexer (slice NULL) or the parser: what they
 * have against the text becomes SL009 with file and line; anything else (out
 * of memory, a cancel, too deep a nesting) goes on as it is.
 *
 * Swallowing the server's error without a subtransaction is safe, as neither
 * the lexer nor the grammar touches anything but memory.
 */
void
sl_script_rethrow(const SlScanner *scanner, MemoryContext caller,
				  const SlSlice *slice)
{
	int			category = ERRCODE_TO_CATEGORY(geterrcode());
	SlPosition	position = scanner->position;
	ErrorData  *edata;

	if (category != ERRCODE_TO_CATEGORY(ERRCODE_SYNTAX_ERROR) &&
		category != ERRCODE_DATA_EXCEPTION &&
		category != ERRCODE_FEATURE_NOT_SUPPORTED)
		PG_RE_THROW();

	MemoryContextSwitchTo(caller);
	edata = CopyErrorData();
	FlushErrorState();

	if (slice == NULL)
		sl_position_move(scanner->text, &position,
						 scanner->base + scanner->location);
	else
	{
		int			to = slice->start.offset;
		int			end = to + slice->length;
		int			n;

		/* the parser's position counts characters of the slice, from 1 */
		position = slice->start;
		for (n = 1; n < scanner->cursor && to < end; n++)
			to += pg_encoding_mblen(GetDatabaseEncoding(), scanner->text + to);
		sl_position_move(scanner->text, &position, Min(to, end));
	}

	ereport(ERROR,
			(errcode(SL_ERR_BAD_INPUT),
			 errmsg("%s: %s", where(&scanner->origin, position.line),
					clip(edata->message)),
			 edata->detail ?
			 errdetail("%s The error is at column %d.",
					   edata->detail, position.column) :
			 errdetail("The error is at column %d.", position.column),
			 edata->hint ? errhint("%s", edata->hint) : 0));
}

/* A message short enough to be read. */
static char *
clip(const char *message)
{
	int			length = (int) strlen(message);

	if (length <= SL_MESSAGE_BYTES)
		return pstrdup(message);
	length = pg_mbcliplen(message, length, SL_MESSAGE_BYTES);
	return psprintf("%.*s ...", length, message);
}
