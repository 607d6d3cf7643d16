/*-------------------------------------------------------------------------
 *
 * slice.c
 *	  Cutting a script into statements with the server's own lexer.
 *
 * core_yylex is run over the whole text with an empty list of keywords: every
 * word comes as an identifier, so that no token number of the grammar, which
 * changes with each major version, is needed.  A statement ends at a
 * semicolon outside parentheses and outside the body of a BEGIN ATOMIC
 * routine, as in psql.
 *
 * COPY data and psql lines are not SQL.  When the lexer stands before them,
 * they are overwritten with spaces in the lexer's own copy of the text, which
 * keeps every offset and costs no second lexer.
 *
 * The lexer obeys settings of the session that change where strings end.
 * Here they are pinned: a script means the same in every session.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/script/slice.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "parser/parser.h"
#include "parser/scansup.h"
#include "script/slice.h"
#include "utils/guc.h"
#include "utils/memutils.h"

/* The lexer's allocations are freed when they have come to this. */
#define SL_TOKEN_BYTES (64 * 1024)

/* Session settings that the lexer and the grammar read. */
typedef struct SlPins
{
	int			backslash_quote;
	bool		standard_conforming_strings;
	int			client_min_messages;
	int			log_min_messages;
} SlPins;

/* What has been seen of the statement that is being read. */
typedef struct SlProgress
{
	bool		empty;
	int			parens;
	int			prefix;			/* how much of CREATE OR REPLACE FUNCTION has
								 * matched; see match_routine */
	int			bodies;			/* depth of BEGIN ATOMIC and of CASE in it */
	bool		after_begin;	/* the last token was BEGIN */
	bool		after_label;	/* it was AS or a dot: a name comes next */
	int			end;			/* of the last token */
} SlProgress;

#define PREFIX_FAILED	(-1)
#define PREFIX_ROUTINE	4

static bool read_slice(SlScanner *scanner, SlSlice *slice);
static void read_token(SlScanner *scanner, SlToken *token);
static SlTokenKind token_kind(int code, const char *source);
static void follow(SlProgress *progress, const SlToken *token);
static int	match_routine(int prefix, const SlToken *token);
static bool is_word(const SlToken *token, const char *word);
static void psql_line(SlScanner *scanner, const SlToken *token, bool skip);
static void blank(SlScanner *scanner, int from, int to);
static void pin(SlPins *saved, bool silent);
static void unpin(const SlPins *saved);

static int
no_keyword(const void *key, size_t keylen)
{
	(void) key;
	(void) keylen;
	return -1;
}

/* An empty list: nothing is as short as max_kw_len, and nothing hashes. */
static const ScanKeywordList no_keywords = {
	"", NULL, no_keyword, 0, 0
};

/*
 * Start to scan.  See script.h; the text need not be NUL-terminated.
 */
SlScanner *
sl_scan_begin(const char *text, Size length, const SlOrigin *origin)
{
	MemoryContext context;
	MemoryContext caller;
	SlScanner  *scanner;
	char	   *copy;

	context = AllocSetContextCreate(CurrentMemoryContext,
									"schema_lifecycle script",
									ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(context);

	scanner = palloc0(sizeof(SlScanner));
	scanner->context = context;
	scanner->token_context = AllocSetContextCreate(context,
												   "schema_lifecycle tokens",
												   ALLOCSET_DEFAULT_SIZES);
	scanner->text = text;
	scanner->length = (int) length;
	if (origin != NULL)
		scanner->origin = *origin;
	else
		scanner->origin.first_line = 1;
	if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
		scanner->base = 3;
	scanner->gap = scanner->base;
	scanner->position.offset = scanner->base;
	scanner->position.line = scanner->origin.first_line;
	scanner->position.column = 1;

	/* scanner_init wants a C string, and makes its own copy of it */
	copy = pnstrdup(text + scanner->base, length - scanner->base);
	scanner->lexer = scanner_init(copy, &scanner->extra, &no_keywords, NULL);
	pfree(copy);

	/*
	 * backslash_quote: its default depends on the client's encoding, which is
	 * of no concern to a text that is in the server's already.
	 * escape_string_warning says nothing while the other setting is on.
	 */
	scanner->extra.backslash_quote = BACKSLASH_QUOTE_ON;
	scanner->extra.standard_conforming_strings = true;

	MemoryContextSwitchTo(caller);
	return scanner;
}

void
sl_scan_end(SlScanner *scanner)
{
	MemoryContextDelete(scanner->context);
}

/*
 * Read the next statement that is not empty; false at the end of the text.
 */
bool
sl_slice_next(SlScanner *scanner, SlSlice *slice)
{
	MemoryContext caller = CurrentMemoryContext;
	ErrorContextCallback callback;
	SlPins		pins;
	bool		found = false;

	if (scanner->at_end)
		return false;

	callback.callback = sl_script_context;
	callback.arg = scanner;
	callback.previous = error_context_stack;

	/*
	 * Silent: the parser will say the same about each statement again, such
	 * as that an identifier is too long.
	 */
	pin(&pins, true);
	PG_TRY();
	{
		error_context_stack = &callback;
		MemoryContextSwitchTo(scanner->token_context);
		found = read_slice(scanner, slice);
	}
	PG_CATCH();
	{
		unpin(&pins);
		sl_script_rethrow(scanner, caller, NULL);
	}
	PG_END_TRY();
	unpin(&pins);
	error_context_stack = callback.previous;
	MemoryContextSwitchTo(caller);

	return found;
}

/*
 * Parse a slice; 'text' is its NUL-terminated copy, and what positions in the
 * tree refer to.  The tree is allocated in the current memory context.
 */
RawStmt *
sl_slice_parse(SlScanner *scanner, const SlSlice *slice, const char *text)
{
	MemoryContext caller = CurrentMemoryContext;
	ErrorContextCallback callback;
	SlPins		pins;
	List	   *trees = NIL;

	callback.callback = sl_script_context;
	callback.arg = scanner;
	callback.previous = error_context_stack;

	pin(&pins, scanner->lenient);
	PG_TRY();
	{
		error_context_stack = &callback;
		trees = raw_parser(text, RAW_PARSE_DEFAULT);
	}
	PG_CATCH();
	{
		unpin(&pins);
		sl_script_rethrow(scanner, caller, slice);
	}
	PG_END_TRY();
	unpin(&pins);
	error_context_stack = callback.previous;

	/* would mean that read_slice and the grammar disagree on boundaries */
	if (list_length(trees) != 1)
		sl_script_complain(&scanner->origin, &slice->start,
						   "the end of the statement cannot be told",
						   "Rename a column that is called \"case\" or \"end\", or write AS before it.");

	return linitial_node(RawStmt, trees);
}

/* Is this a COPY whose data are in the script? */
bool
sl_slice_has_data(const RawStmt *tree)
{
	const CopyStmt *copy = (const CopyStmt *) tree->stmt;

	return IsA(copy, CopyStmt) && copy->is_from && copy->relation != NULL &&
		copy->filename == NULL && !copy->is_program;
}

/*
 * Take the inline data of the COPY that was just read: the lines after its
 * own, up to a line of backslash-dot or the end of the text.
 */
void
sl_slice_take_data(SlScanner *scanner, const char **data, int *length,
				   int *line)
{
	const char *text = scanner->text;
	const char *end = text + scanner->length;
	const char *at = text + scanner->terminator;
	const char *eol;
	bool		closed = false;

	if (at < end)
		at++;					/* the semicolon */
	eol = memchr(at, '\n', end - at);
	if (eol == NULL)
		eol = end;

	/* the rest of the line: white space, and comments that end on it */
	while (at < eol)
	{
		if (scanner_isspace(*at) || *at == '\v')
			at++;
		else if (eol - at >= 2 && at[0] == '-' && at[1] == '-')
			at = eol;
		else if (eol - at >= 4 && at[0] == '/' && at[1] == '*')
		{
			for (at += 2; eol - at >= 2 && (at[0] != '*' || at[1] != '/');)
				at++;
			if (eol - at < 2)
				break;
			at += 2;
		}
		else
			break;
	}
	if (at < eol)
	{
		sl_position_move(text, &scanner->position, at - text);
		sl_script_complain(&scanner->origin, &scanner->position,
						   "something follows COPY ... FROM stdin on its line",
						   "The data begin on the next line and end with a line of \\. alone; other statements go after that.");
	}

	at = (eol < end) ? eol + 1 : end;
	sl_position_move(text, &scanner->position, at - text);
	*data = at;
	*line = scanner->position.line;
	*length = end - at;

	while (at < end && !closed)
	{
		const char *start = at;

		CHECK_FOR_INTERRUPTS();
		eol = memchr(at, '\n', end - at);
		at = (eol != NULL) ? eol + 1 : end;
		if (eol == NULL)
			eol = end;
		if (eol > start && eol[-1] == '\r')
			eol--;
		if (eol - start == 2 && start[0] == '\\' && start[1] == '.')
		{
			*length = start - *data;
			closed = true;
		}
	}

	blank(scanner, *data - text, at - text);
	scanner->gap = at - text;
}

/*
 * Read on to the end of the script, for the sake of the token hook.  Only the
 * grammar knows behind which COPY data follow, so these are parsed.
 */
void
sl_slice_read_all(SlScanner *scanner)
{
	MemoryContext each;
	SlSlice		slice;

	each = AllocSetContextCreate(CurrentMemoryContext,
								 "schema_lifecycle statements",
								 ALLOCSET_DEFAULT_SIZES);
	while (sl_slice_next(scanner, &slice))
	{
		MemoryContext caller;
		const char *data;
		char	   *copy;
		int			length;
		int			line;

		if (!slice.is_copy)
			continue;
		caller = MemoryContextSwitchTo(each);
		copy = pnstrdup(scanner->text + slice.start.offset, slice.length);
		if (sl_slice_has_data(sl_slice_parse(scanner, &slice, copy)))
			sl_slice_take_data(scanner, &data, &length, &line);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(each);
	}
	MemoryContextDelete(each);
}

/*
 * The loop of sl_slice_next, within its PG_TRY and with the lexer's own
 * memory context.
 */
static bool
read_slice(SlScanner *scanner, SlSlice *slice)
{
	SlProgress	progress;
	SlToken		token;

	memset(&progress, 0, sizeof(progress));
	progress.empty = true;

	for (;;)
	{
		bool		terminator;

		CHECK_FOR_INTERRUPTS();
		read_token(scanner, &token);

		if (token.kind == SL_TOKEN_CHAR && token.value[0] == '\\')
		{
			psql_line(scanner, &token, progress.empty);
			continue;
		}
		terminator = token.kind == SL_TOKEN_END ||
			(token.kind == SL_TOKEN_CHAR && token.value[0] == ';' &&
			 progress.parens == 0 && progress.bodies == 0);
		if (terminator && token.kind == SL_TOKEN_CHAR)
			token.kind = SL_TOKEN_TERMINATOR;

		token.first = progress.empty && !terminator;
		if (token.first)
		{
			sl_position_move(scanner->text, &scanner->position, token.start);
			slice->start = scanner->position;
			slice->is_copy = is_word(&token, "copy");
		}
		if (scanner->hook != NULL)
			scanner->hook(scanner->hook_arg, scanner, &token);
		scanner->gap = token.end;

		if (terminator)
		{
			scanner->terminator = token.start;
			scanner->at_end = token.kind == SL_TOKEN_END;
			if (progress.empty && !scanner->at_end)
				continue;
			slice->length = progress.end - slice->start.offset;
			return !progress.empty;
		}
		follow(&progress, &token);
	}
}

/* Read one token, and free what former ones left behind. */
static void
read_token(SlScanner *scanner, SlToken *token)
{
	core_YYSTYPE value;
	const char *source;
	int			code;

	if (scanner->token_bytes > SL_TOKEN_BYTES)
	{
		MemoryContextReset(scanner->token_context);
		scanner->token_bytes = 0;
	}

	value.str = NULL;
	code = core_yylex(&value, &scanner->location, scanner->lexer);

	if (code == 0)
	{
		token->kind = SL_TOKEN_END;
		token->start = token->end = scanner->length;
		token->value = "";
		token->value_length = 0;
		return;
	}

	/* like the server's parser: the current token is NUL-terminated */
	source = scanner->extra.scanbuf + scanner->location;
	token->start = scanner->base + scanner->location;
	token->end = token->start + (int) strlen(source);
	token->kind = token_kind(code, source);
	token->value = source;
	token->value_length = token->end - token->start;

	switch (token->kind)
	{
		case SL_TOKEN_WORD:
		case SL_TOKEN_NAME:
		case SL_TOKEN_UNICODE_NAME:
		case SL_TOKEN_STRING:
		case SL_TOKEN_UNICODE_STRING:
		case SL_TOKEN_BITS:
			token->value = value.str;
			token->value_length = (int) strlen(value.str);
			break;
		default:
			break;
	}

	/* an allocation costs more than its bytes */
	scanner->token_bytes += token->value_length + 64;
}

/*
 * What a token is, told by how it is written, as its number belongs to the
 * grammar of one major version.
 */
static SlTokenKind
token_kind(int code, const char *source)
{
	unsigned char c = (unsigned char) source[0];
	unsigned char next = (unsigned char) source[1];

	if (code < 256)
		return SL_TOKEN_CHAR;
	if (c == '\'')
		return SL_TOKEN_STRING;
	if (c == '"')
		return SL_TOKEN_NAME;
	if (c == '$')
		return (next >= '0' && next <= '9') ? SL_TOKEN_PARAM : SL_TOKEN_STRING;
	if ((c >= '0' && c <= '9') || (c == '.' && next != '.'))
		return SL_TOKEN_NUMBER;
	if (next == '\'')
	{
		if (c == 'e' || c == 'E')
			return SL_TOKEN_STRING;
		if (c == 'b' || c == 'B' || c == 'x' || c == 'X')
			return SL_TOKEN_BITS;
	}
	if ((c == 'u' || c == 'U') && next == '&')
		return source[2] == '"' ? SL_TOKEN_UNICODE_NAME :
			SL_TOKEN_UNICODE_STRING;
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
		IS_HIGHBIT_SET(c))
		return SL_TOKEN_WORD;
	return SL_TOKEN_OPERATOR;
}

/*
 * Keep count of parentheses and routine bodies.  "end" and "case" are allowed
 * as names after AS and after a dot, where they open and close nothing.
 */
static void
follow(SlProgress *progress, const SlToken *token)
{
	bool		is_name = progress->after_label;
	bool		after_begin = progress->after_begin;

	progress->after_label = is_word(token, "as");
	progress->after_begin = false;

	if (token->kind == SL_TOKEN_CHAR)
	{
		if (token->value[0] == '(')
			progress->parens++;
		else if (token->value[0] == ')' && progress->parens > 0)
			progress->parens--;
		else if (token->value[0] == '.')
			progress->after_label = true;
	}

	if (progress->prefix == PREFIX_ROUTINE)
	{
		if (token->kind == SL_TOKEN_WORD && progress->parens == 0 && !is_name)
		{
			if (after_begin && is_word(token, "atomic"))
				progress->bodies++;
			else if (progress->bodies > 0 && is_word(token, "case"))
				progress->bodies++;
			else if (progress->bodies > 0 && is_word(token, "end"))
				progress->bodies--;
			progress->after_begin = is_word(token, "begin");
		}
	}
	else
		progress->prefix = match_routine(progress->prefix, token);

	progress->empty = false;
	progress->end = token->end;
}

/*
 * Follow CREATE [OR REPLACE] {FUNCTION | PROCEDURE} word by word, from 0;
 * PREFIX_ROUTINE when it is all there.
 */
static int
match_routine(int prefix, const SlToken *token)
{
	if (prefix == 0 && is_word(token, "create"))
		return 1;
	if (prefix == 1 && is_word(token, "or"))
		return 2;
	if (prefix == 2 && is_word(token, "replace"))
		return 3;
	if ((prefix == 1 || prefix == 3) &&
		(is_word(token, "function") || is_word(token, "procedure")))
		return PREFIX_ROUTINE;
	return PREFIX_FAILED;
}

static bool
is_word(const SlToken *token, const char *word)
{
	return token->kind == SL_TOKEN_WORD && strcmp(token->value, word) == 0;
}

/*
 * A backslash outside of literals begins a command of psql.  The \restrict
 * and \unrestrict lines of pg_dump are skipped where a statement may begin
 * ('skip'); every other command would do something that cannot be done here.
 */
static void
psql_line(SlScanner *scanner, const SlToken *token, bool skip)
{
	const char *text = scanner->text;
	const char *end = text + scanner->length;
	const char *start = text + token->start;
	const char *eol = memchr(start, '\n', end - start);
	const char *at = start + 1;
	SlToken		rest = *token;
	int			length;
	char	   *word;

	if (eol == NULL)
		eol = end;
	while (at < eol && !scanner_isspace(*at) && *at != '\\' && *at != ';')
		at++;
	length = pg_mbcliplen(start, at - start, NAMEDATALEN - 1);
	word = pnstrdup(start, length);

	if (skip && memchr(at, '\\', eol - at) == NULL &&
		(strcmp(word, "\\restrict") == 0 || strcmp(word, "\\unrestrict") == 0))
	{
		rest.kind = SL_TOKEN_PSQL;
		rest.first = false;
		if (scanner->hook != NULL)
			scanner->hook(scanner->hook_arg, scanner, &rest);

		/*
		 * The lexer already holds the character behind the backslash, so it
		 * comes as a token, a word of one letter.
		 */
		blank(scanner, token->start + 2, eol - text);
		read_token(scanner, &rest);
		Assert(rest.end == token->start + 2);
		scanner->gap = eol - text;
		return;
	}

	sl_position_move(text, &scanner->position, token->start);
	sl_script_complain(&scanner->origin, &scanner->position,
					   psprintf("psql command \"%s\" is not SQL", word),
					   strcmp(word, "\\.") == 0 ?
					   "A line of \\. ends the data of COPY ... FROM stdin; here there are none." :
					   "Only psql reads such commands. Take it out of the script, or write it in SQL.");
}

/*
 * Hide a part of the text, which the lexer has not reached, from it.  The
 * byte right behind the current token must stay: flex keeps it aside and
 * puts it back.
 */
static void
blank(SlScanner *scanner, int from, int to)
{
	if (to > from)
		memset(scanner->extra.scanbuf + from - scanner->base, ' ', to - from);
}

/*
 * The grammar starts a lexer of its own, which reads these variables.  They
 * are set directly: a GUC nest would look them up by name for every
 * statement, and neither lexer nor grammar can reach the GUC machinery while
 * they differ from what it thinks.  The caller unpins on every way out.
 */
static void
pin(SlPins *saved, bool silent)
{
	saved->backslash_quote = backslash_quote;
	saved->standard_conforming_strings = standard_conforming_strings;
	saved->client_min_messages = client_min_messages;
	saved->log_min_messages = log_min_messages;

	backslash_quote = BACKSLASH_QUOTE_ON;
	standard_conforming_strings = true;
	if (silent)
	{
		client_min_messages = Max(client_min_messages, ERROR);
		log_min_messages = Max(log_min_messages, ERROR);
	}
}

static void
unpin(const SlPins *saved)
{
	backslash_quote = saved->backslash_quote;
	standard_conforming_strings = saved->standard_conforming_strings;
	client_min_messages = saved->client_min_messages;
	log_min_messages = saved->log_min_messages;
}
