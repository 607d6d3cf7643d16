/*-------------------------------------------------------------------------
 *
 * lexer.c
 *	  The least of a lexer that finds where SQL statements end.
 *
 * What another tool wrote has to be taken apart before the server's own lexer
 * may see it: the output of "alembic upgrade --sql" holds transaction control
 * that a script must not hold.  This lexer knows literals, quoted names,
 * dollar quotes and comments, which is what may hide a semicolon; whatever
 * comes out of it is parsed by the server afterwards.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/registry/lexer.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "registry/loader.h"

static bool
is_word_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
		IS_HIGHBIT_SET(c);
}

static bool
is_word(char c)
{
	return is_word_start(c) || (c >= '0' && c <= '9') || c == '$';
}

/* Behind the closing quote; a doubled one is part of the text. */
static int
quoted_end(const SlLexer *lexer, int at, bool backslashes)
{
	const char *text = lexer->text;
	char		quote = text[at++];

	for (; at < lexer->length; at++)
	{
		if (backslashes && text[at] == '\\' && at + 1 < lexer->length)
			at++;
		else if (text[at] == quote)
		{
			if (at + 1 < lexer->length && text[at + 1] == quote)
				at++;
			else
				return at + 1;
		}
	}
	return at;
}

/* Behind the closing tag, or 'at' if this is no dollar quote. */
static int
dollar_end(const SlLexer *lexer, int at)
{
	const char *text = lexer->text;
	int			tag = at + 1;
	char	   *delimiter;
	const char *end;

	if (tag < lexer->length && is_word_start(text[tag]))
	{
		while (tag < lexer->length && is_word(text[tag]) && text[tag] != '$')
			tag++;
	}
	if (tag >= lexer->length || text[tag] != '$')
		return at;
	delimiter = sl_slice(text, at, tag + 1);
	end = strstr(text + tag + 1, delimiter);
	tag = tag + 1 - at;
	pfree(delimiter);
	return end ? (int) (end - text) + tag : lexer->length;
}

/* Behind a block comment; they nest. */
static int
block_comment_end(const SlLexer *lexer, int at)
{
	const char *text = lexer->text;
	int			depth = 0;

	while (at + 1 < lexer->length)
	{
		if (text[at] == '/' && text[at + 1] == '*')
		{
			depth++;
			at += 2;
		}
		else if (text[at] == '*' && text[at + 1] == '/')
		{
			depth--;
			at += 2;
			if (depth == 0)
				return at;
		}
		else
			at++;
	}
	return lexer->length;
}

static int
lexeme_end(SlLexer *lexer, SlLexeme *lexeme)
{
	const char *text = lexer->text;
	int			at = lexeme->start;
	int			end;
	char		c = text[at];

	lexeme->type = SL_LEXEME_OTHER;
	if (c == '-' && at + 1 < lexer->length && text[at + 1] == '-')
	{
		lexeme->type = SL_LEXEME_COMMENT;
		return sl_line_end(text, lexer->length, at);
	}
	if (c == '\'' || ((c == 'e' || c == 'E') && text[at + 1] == '\''))
	{
		lexeme->type = SL_LEXEME_STRING;
		return c == '\'' ? quoted_end(lexer, at, false) :
			quoted_end(lexer, at + 1, true);
	}
	if (c == '"')
	{
		lexeme->type = SL_LEXEME_NAME;
		return quoted_end(lexer, at, false);
	}
	if (c == '$' && (end = dollar_end(lexer, at)) > at)
	{
		lexeme->type = SL_LEXEME_STRING;
		return end;
	}
	if (is_word(c))
	{
		lexeme->type = SL_LEXEME_WORD;
		for (end = at + 1; end < lexer->length && is_word(text[end]);)
			end++;
		return end;
	}
	return at + 1;
}

/* The next lexeme; at the end of the text one of type SL_LEXEME_END. */
void
sl_lexeme_next(SlLexer *lexer, SlLexeme *lexeme)
{
	const char *text = lexer->text;

	for (;;)
	{
		int			start = lexer->at;

		while (lexer->at < lexer->length &&
			   sl_is_blank(text + lexer->at, 1))
			lexer->at++;
		if (lexer->at + 1 < lexer->length && text[lexer->at] == '/' &&
			text[lexer->at + 1] == '*')
			lexer->at = block_comment_end(lexer, lexer->at);
		lexer->line += sl_count_lines(text + start, lexer->at - start);
		if (lexer->at == start)
			break;
	}

	lexeme->start = lexer->at;
	lexeme->line = lexer->line;
	if (lexer->at >= lexer->length)
	{
		lexeme->type = SL_LEXEME_END;
		lexeme->end = lexer->at;
		return;
	}
	lexeme->end = lexeme_end(lexer, lexeme);
	lexer->line += sl_count_lines(text + lexeme->start,
								  lexeme->end - lexeme->start);
	lexer->at = lexeme->end;
}

/* Is it this keyword, or this character? */
bool
sl_lexeme_is(const SlLexer *lexer, const SlLexeme *lexeme, const char *word)
{
	int			length = lexeme->end - lexeme->start;

	return (lexeme->type == SL_LEXEME_WORD ||
			lexeme->type == SL_LEXEME_OTHER) &&
		length == (int) strlen(word) &&
		pg_strncasecmp(lexer->text + lexeme->start, word, length) == 0;
}

/*
 * The value of a plain string literal or a quoted name; other lexemes as they
 * are written.
 */
char *
sl_lexeme_value(const SlLexer *lexer, const SlLexeme *lexeme)
{
	char	   *value = sl_slice(lexer->text, lexeme->start, lexeme->end);
	char		quote = value[0];
	char	   *from;
	char	   *to;

	if ((quote != '\'' && quote != '"') || lexeme->end - lexeme->start < 2)
		return value;
	for (from = value + 1, to = value; from[1] != '\0'; from++)
	{
		*to++ = *from;
		if (from[0] == quote && from[1] == quote && from[2] != '\0')
			from++;
	}
	*to = '\0';
	return value;
}
