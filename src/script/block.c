/*-------------------------------------------------------------------------
 *
 * block.c
 *	  The SQL statements in a body of PL/pgSQL.
 *
 * PL/pgSQL has no parser that others could call without compiling, which
 * looks up every type and name.  But its statements end at semicolons, its
 * control words stand before them, and what is then left and begins with a
 * command of SQL goes to the server's parser as it stands.  Where that is not
 * so, or what runs is made up while it runs, this says "opaque" and guesses
 * nothing.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/script/block.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/sl_errors.h"
#include "parser/parser.h"
#include "script/slice.h"
#include "utils/memutils.h"

/* A token, kept; 'word' is folded, NULL for anything but a word. */
typedef struct SlKept
{
	SlTokenKind kind;
	int			start;
	int			end;
	const char *word;
	const char *value;			/* of a string */
} SlKept;

typedef struct SlBlock
{
	const char *body;
	int			first_line;
	SlPosition	position;
	MemoryContext context;		/* for the result */
	SlKept	   *tokens;			/* of the slice that is read */
	int			count;
	int			room;
	bool		declaring;		/* between DECLARE and BEGIN */
	List	   *found;
} SlBlock;

/* What runs in a body and is no SQL, or reads only. */
static const char *const passed[] = {
	"raise", "return", "null", "get", "open", "fetch", "close", "move",
	"exit", "continue", "assert", "end", "next"
};

/* Commands of SQL as a body has them. */
static const char *const commands[] = {
	"alter", "analyze", "call", "checkpoint", "cluster", "comment", "commit",
	"copy", "create", "delete", "discard", "do", "drop", "explain", "grant",
	"import", "insert", "listen", "load", "lock", "merge", "notify",
	"reassign", "refresh", "reindex", "reset", "revoke", "rollback",
	"security", "select", "set", "show", "table", "truncate", "unlisten",
	"update", "vacuum", "values", "with"
};

static bool
is_one_of(const char *word, const char *const *words, int count)
{
	int			i;

	for (i = 0; word != NULL && i < count; i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

/* Token hook: keep it. */
static void
keep_token(void *arg, const SlScanner *scanner, const SlToken *token)
{
	SlBlock    *block = (SlBlock *) arg;
	MemoryContext caller = MemoryContextSwitchTo(block->context);
	SlKept	   *kept;

	if (token->first)
		block->count = 0;
	if (block->count == block->room)
	{
		block->room *= 2;
		block->tokens = repalloc(block->tokens,
								 mul_size(sizeof(SlKept), block->room));
	}
	kept = &block->tokens[block->count];
	kept->kind = token->kind;
	kept->start = token->start;
	kept->end = token->end;
	kept->word = NULL;
	kept->value = NULL;
	if (token->kind == SL_TOKEN_WORD)
		kept->word = pnstrdup(token->value, token->value_length);
	else if (token->kind == SL_TOKEN_STRING)
		kept->value = pnstrdup(token->value, token->value_length);
	if (token->kind != SL_TOKEN_END && token->kind != SL_TOKEN_TERMINATOR)
		block->count++;
	MemoryContextSwitchTo(caller);
}

static bool
is_char(const SlBlock *block, int i, char c)
{
	return i < block->count && block->tokens[i].kind == SL_TOKEN_CHAR &&
		block->body[block->tokens[i].start] == c;
}

static const char *
word_at(const SlBlock *block, int i)
{
	return i < block->count ? block->tokens[i].word : NULL;
}

static bool
is_word_at(const SlBlock *block, int i, const char *word)
{
	const char *found = word_at(block, i);

	return found != NULL && strcmp(found, word) == 0;
}

/*
 * The place behind the next 'word' that is outside parentheses and CASE
 * expressions; the end if there is none.
 */
static int
behind(const SlBlock *block, int i, const char *word)
{
	int			parens = 0;
	int			cases = 0;

	for (; i < block->count; i++)
	{
		if (is_char(block, i, '('))
			parens++;
		else if (is_char(block, i, ')'))
			parens--;
		else if (parens == 0 && cases == 0 && is_word_at(block, i, word))
			return i + 1;
		else if (is_word_at(block, i, "case"))
			cases++;
		else if (cases > 0 && is_word_at(block, i, "end"))
			cases--;
	}
	return block->count;
}

static void
add(SlBlock *block, int line, RawStmt *tree, const char *what)
{
	MemoryContext caller = MemoryContextSwitchTo(block->context);
	SlEmbedded *embedded = palloc0_object(SlEmbedded);

	embedded->line = line;
	embedded->tree = tree;
	if (tree == NULL)
	{
		char	   *upper = pstrdup(what);
		char	   *c;

		for (c = upper; *c != '\0'; c++)
			*c = pg_toupper((unsigned char) *c);
		embedded->what = upper;
	}
	block->found = lappend(block->found, embedded);
	MemoryContextSwitchTo(caller);
}

/*
 * Parse what is SQL, if it is; false if it is not.  The parser touches
 * nothing but memory, so its errors can be swallowed without a
 * subtransaction.
 */
static bool
add_sql(SlBlock *block, const char *sql, int line)
{
	MemoryContext caller = CurrentMemoryContext;
	volatile bool parsed = false;
	SlOrigin	origin = {NULL, NULL, 1};

	origin.first_line = line;
	PG_TRY();
	{
		SlScanner  *scanner;
		SlStatement statement;

		MemoryContextSwitchTo(block->context);
		scanner = sl_scan_begin(sql, strlen(sql), &origin);
		sl_scan_leniently(scanner);
		while (sl_scan_next(scanner, &statement))
		{
			add(block, statement.line, statement.tree, NULL);
			parsed = true;
		}
		sl_scan_end(scanner);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		if (geterrcode() != SL_ERR_BAD_INPUT)
			PG_RE_THROW();
		FlushErrorState();
		parsed = false;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	return parsed;
}

/*
 * The text from token 'i' on, with INTO and its variables overwritten: to SQL
 * they would be a table.
 */
static char *
take_text(const SlBlock *block, int i)
{
	int			from = block->tokens[i].start;
	char	   *text = pnstrdup(block->body + from,
								block->tokens[block->count - 1].end - from);
	int			first = i;
	int			parens = 0;

	for (; i < block->count; i++)
	{
		int			last;

		if (is_char(block, i, '('))
			parens++;
		else if (is_char(block, i, ')'))
			parens--;
		if (parens > 0 || !is_word_at(block, i, "into") || i == first ||
			is_word_at(block, i - 1, "insert") ||
			is_word_at(block, i - 1, "merge"))
			continue;
		last = i + 1;
		if (is_word_at(block, last, "strict"))
			last++;
		/* name { . name | , name } */
		while (is_char(block, last + 1, '.') || is_char(block, last + 1, ','))
			last += 2;
		if (last >= block->count)
			last = block->count - 1;
		memset(text + block->tokens[i].start - from, ' ',
			   block->tokens[last].end - block->tokens[i].start);
		i = last;
	}
	return text;
}

/* EXECUTE: known if it is one literal. */
static void
take_execute(SlBlock *block, int i, int line)
{
	if (i + 1 < block->count && block->tokens[i + 1].value != NULL &&
		(i + 2 == block->count || is_word_at(block, i + 2, "using") ||
		 is_word_at(block, i + 2, "into")) &&
		add_sql(block, block->tokens[i + 1].value, line))
		return;
	add(block, line, NULL, "execute");
}

/* Pass over what controls the flow: the place of the statement itself. */
static int
skip_control(SlBlock *block)
{
	int			i = 0;

	while (i < block->count)
	{
		const char *word = word_at(block, i);

		if (word == NULL)
		{
			/* <<label>> */
			if (block->tokens[i].kind == SL_TOKEN_OPERATOR &&
				block->tokens[i].end - block->tokens[i].start == 2 &&
				memcmp(block->body + block->tokens[i].start, "<<", 2) == 0)
				i += 3;
			else
				break;
		}
		else if (strcmp(word, "declare") == 0)
		{
			block->declaring = true;
			i++;
		}
		else if (strcmp(word, "begin") == 0)
		{
			block->declaring = false;
			i++;
		}
		else if (block->declaring)
			return block->count;
		else if (strcmp(word, "else") == 0 || strcmp(word, "loop") == 0 ||
				 strcmp(word, "exception") == 0)
			i++;
		else if (strcmp(word, "if") == 0 || strcmp(word, "elsif") == 0 ||
				 strcmp(word, "elseif") == 0 || strcmp(word, "when") == 0 ||
				 strcmp(word, "case") == 0)
			i = behind(block, i + 1, "then");
		else if (strcmp(word, "while") == 0 || strcmp(word, "for") == 0 ||
				 strcmp(word, "foreach") == 0)
		{
			int			query = behind(block, i + 1, "in");
			int			next = behind(block, i + 1, "loop");

			if (query < next && is_word_at(block, query, "execute"))
			{
				sl_position_move(block->body, &block->position,
								 block->tokens[query].start);
				add(block, block->position.line, NULL, "execute");
			}
			i = next;
		}
		else
			break;
	}
	return i;
}

/* One slice: what stands between two semicolons. */
static void
take_slice(SlBlock *block)
{
	const char *word;
	int			line;
	int			i = skip_control(block);

	if (i >= block->count)
		return;
	sl_position_move(block->body, &block->position, block->tokens[i].start);
	line = block->position.line;
	word = word_at(block, i);
	if (is_one_of(word, passed, lengthof(passed)))
		return;
	if (word != NULL && strcmp(word, "execute") == 0)
		take_execute(block, i, line);
	else if (word != NULL && strcmp(word, "perform") == 0)
	{
		char	   *text = take_text(block, i);

		memcpy(text, "SELECT ", strlen("SELECT "));
		if (!add_sql(block, text, line))
			add(block, line, NULL, word);
	}
	else if (is_one_of(word, commands, lengthof(commands)) &&
			 !is_char(block, i + 1, '.') && !is_char(block, i + 1, '[') &&
			 !(i + 1 < block->count &&
			   (block->body[block->tokens[i + 1].start] == '=' ||
				block->body[block->tokens[i + 1].start] == ':')))
	{
		if (!add_sql(block, take_text(block, i), line))
			add(block, line, NULL, word);
	}

	/* anything else that begins with a name is an assignment */
}

/* See script.h. */
List *
sl_block_statements(const char *body, int first_line)
{
	SlBlock		block = {0};
	SlOrigin	origin = {NULL, NULL, 1};
	MemoryContext caller = CurrentMemoryContext;
	volatile bool read = false;

	origin.first_line = first_line;
	block.body = body;
	block.context = caller;
	block.room = 64;
	block.tokens = palloc_array(SlKept, block.room);
	block.declaring = true;
	PG_TRY();
	{
		SlScanner  *scanner = sl_scan_begin(body, strlen(body), &origin);
		SlSlice		slice;

		sl_scan_leniently(scanner);
		block.position = scanner->position;
		scanner->hook = keep_token;
		scanner->hook_arg = &block;
		while (sl_slice_next(scanner, &slice))
			take_slice(&block);
		sl_scan_end(scanner);
		read = true;
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		if (geterrcode() != SL_ERR_BAD_INPUT)
			PG_RE_THROW();
		FlushErrorState();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	if (!read)
		add(&block, first_line, NULL, "body");
	return block.found;
}
