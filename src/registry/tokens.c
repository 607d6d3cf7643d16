/*-------------------------------------------------------------------------
 *
 * tokens.c
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
 *	  src/registry/tokens.c
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
quoted_end(const SlLexer *tokens, int at, bool backslashes)
{
	const char *text = tokens->text;
	char		quote = text[at++];

	for (; at < tokens->length; at++)
	{
		if (backslashes && text[at] == '\\' && at + 1 < tokens->length)
			at++;
		else if (text[at] == quote)
		{
			if (at + 1 < tokens->length && text[at + 1] == quote)
				at++;
			else
				return at + 1;
		}
	}
	return at;
}

/* Behind the closing tag, or 'at' if this is no dollar quote. */
static int
dollar_end(const SlLexer *tokens, int at)
{
	const char *text = tokens->text;
	int			tag = at + 1;
	char	   *delimiter;
	const char *end;

	if (tag < tokens->length && is_word_start(text[tag]))
	{
		while (tag < tokens->length && is_word(text[tag]) && text[tag] != '$')
			tag++;
	}
	if (tag >= tokens->length || text[tag] != '$')
		return at;
	delimiter = sl_slice(text, at, tag + 1);
	end = strstr(text + tag + 1, delimiter);
	tag = tag + 1 - at;
	pfree(delimiter);
	return end ? (int) (end - text) + tag : tokens->length;
}

/* Behind a block comment; they nest. */
static int
block_comment_end(const SlLexer *tokens, int at)
{
	const char *text = tokens->text;
	int			depth = 0;

	while (at + 1 < tokens->length)
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
	return tokens->length;
}

static int
token_end(SlLexer *tokens, SlLexeme *token)
{
	const char *text = tokens->text;
	int			at = token->start;
	int			end;
	char		c = text[at];

	token->type = SL_LEXEME_OTHER;
	if (c == '-' && at + 1 < tokens->length && text[at + 1] == '-')
	{
		token->type = SL_LEXEME_COMMENT;
		return sl_line_end(text, tokens->length, at);
	}
	if (c == '\'' || ((c == 'e' || c == 'E') && text[at + 1] == '\''))
	{
		token->type = SL_LEXEME_STRING;
		return c == '\'' ? quoted_end(tokens, at, false) :
			quoted_end(tokens, at + 1, true);
	}
	if (c == '"')
	{
		token->type = SL_LEXEME_NAME;
		return quoted_end(tokens, at, false);
	}
	if (c == '$' && (end = dollar_end(tokens, at)) > at)
	{
		token->type = SL_LEXEME_STRING;
		return end;
	}
	if (is_word(c))
	{
		token->type = SL_LEXEME_WORD;
		for (end = at + 1; end < tokens->length && is_word(text[end]);)
			end++;
		return end;
	}
	return at + 1;
}

/* The next token; at the end of the text one of type SL_LEXEME_END. */
void
sl_lexeme_next(SlLexer *tokens, SlLexeme *token)
{
	const char *text = tokens->text;

	for (;;)
	{
		int			start = tokens->at;

		while (tokens->at < tokens->length &&
			   sl_is_blank(text + tokens->at, 1))
			tokens->at++;
		if (tokens->at + 1 < tokens->length && text[tokens->at] == '/' &&
			text[tokens->at + 1] == '*')
			tokens->at = block_comment_end(tokens, tokens->at);
		tokens->line += sl_count_lines(text + start, tokens->at - start);
		if (tokens->at == start)
			break;
	}

	token->start = tokens->at;
	token->line = tokens->line;
	if (tokens->at >= tokens->length)
	{
		token->type = SL_LEXEME_END;
		token->end = tokens->at;
		return;
	}
	token->end = token_end(tokens, token);
	tokens->line += sl_count_lines(text + token->start,
								   token->end - token->start);
	tokens->at = token->end;
}

/* Is it this keyword, or this character? */
bool
sl_lexeme_is(const SlLexer *tokens, const SlLexeme *token, const char *word)
{
	int			length = token->end - token->start;

	return (token->type == SL_LEXEME_WORD || token->type == SL_LEXEME_OTHER) &&
		length == (int) strlen(word) &&
		pg_strncasecmp(tokens->text + token->start, word, length) == 0;
}

/*
 * The value of a plain string literal or a quoted name; other tokens as they
 * are written.
 */
char *
sl_lexeme_value(const SlLexer *tokens, const SlLexeme *token)
{
	char	   *value = sl_slice(tokens->text, token->start, token->end);
	char	   *from;
	char	   *to;

	if ((value[0] != '\'' && value[0] != '"') || token->end - token->start < 2)
		return value;
	for (from = value + 1, to = value; from[1] != '\0'; from++)
	{
		*to++ = *from;
		if (from[0] == value[0] && from[1] == from[0] && from[2] != '\0')
			from++;
	}
	*to = '\0';
	return value;
}
