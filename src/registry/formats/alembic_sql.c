/*-------------------------------------------------------------------------
 *
 * alembic_sql.c
 *	  The output of "alembic upgrade --sql": one file, many revisions.
 *
 * A line "-- Running upgrade a, b -> c" begins a revision.  Taken out, with
 * blanks in their place so that lines stay true: BEGIN and COMMIT, and the
 * statements on the version table, which are compared with the header first.
 * A revision with a statement outside of a transaction, where Alembic closed
 * one for an autocommit block, is not transactional.
 *
 * Alembic writes while it goes, so what it had written when it failed looks
 * like a whole output but for its end: the last revision's version statement
 * or the COMMIT is missing.
 *
 * The header names down_revision only.  A dependency (depends_on) is seen
 * where Alembic gave its version row up, and there it is taken; for certainty
 * push the versions/ .py files too.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/registry/formats/alembic_sql.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/sl_errors.h"
#include "registry/loader.h"

#define RUNNING "-- Running "

/* no statement on the version table is longer */
#define MAX_LEXEMES 32

/* One revision of the output. */
typedef struct Block
{
	char	   *revision;
	List	   *parents;
	char	   *description;
	int			line;			/* of the header */
	int			start;			/* behind the header */
	bool		outside;
	bool		versioned;		/* its version statement was seen */
	bool		reads;			/* has statements that only read ... */
	bool		acts;			/* ... and others */
} Block;

/* The walk through one file. */
typedef struct Walk
{
	SlPush	   *push;
	const SlFile *file;
	char	   *text;			/* the body; what is taken out is blanked */
	SlLexer		lexer;
	Block	   *block;			/* NULL before the first header */
	char	   *version_table;	/* as the CREATE TABLE named it */
	bool		seen_begin;
	bool		in_transaction;
} Walk;

/* A statement on the version table. */
typedef struct VersionStatement
{
	char	   *table;
	char	   *new_id;			/* NULL for DELETE */
	char	   *old_id;			/* NULL for INSERT */
} VersionStatement;

/* A statement as lexemes; a longer one is none that is looked for. */
typedef struct Statement
{
	const SlLexer *lexer;
	SlLexeme	lexeme[MAX_LEXEMES];
	int			count;
	int			at;
	int			line;
	bool		too_long;
	bool		from;			/* the words FROM and INTO are in it */
	bool		into;
} Statement;

/* Is this the line that begins a revision? */
static bool
is_header(const char *text, int length, int at)
{
	int			end;
	char	   *line;
	bool		result;

	if (strncmp(text + at, RUNNING, strlen(RUNNING)) != 0 ||
		(at > 0 && text[at - 1] != '\n'))
		return false;
	end = sl_line_end(text, length, at);
	line = sl_slice(text, at + strlen(RUNNING), end);
	result = strstr(line, " ->") != NULL &&
		(strncmp(line, "upgrade ", 8) == 0 ||
		 strncmp(line, "downgrade ", 10) == 0 ||
		 strncmp(line, "stamp_revision ", 15) == 0);
	pfree(line);
	return result;
}

static bool
alembic_sql_claims(const SlFile *file)
{
	const char *at = file->body;

	if (!sl_has_suffix(file->base, ".sql"))
		return false;
	while ((at = strstr(at, RUNNING)) != NULL)
	{
		if (is_header(file->body, file->length, at - file->body))
			return true;
		at++;
	}
	return false;
}

/* Take the next lexeme if it is this word or character. */
static bool
take(Statement *statement, const char *word)
{
	const SlLexeme *lexeme = &statement->lexeme[statement->at];

	if (statement->at < statement->count &&
		sl_lexeme_is(statement->lexer, lexeme, word))
	{
		statement->at++;
		return true;
	}
	return false;
}

static bool
take_all(Statement *statement, const char *const *words, int count)
{
	int			i;

	for (i = 0; i < count; i++)
	{
		if (!take(statement, words[i]))
			return false;
	}
	return true;
}

static char *
take_type(Statement *statement, SlLexemeType type)
{
	const SlLexeme *lexeme = &statement->lexeme[statement->at];

	if (statement->at >= statement->count || lexeme->type != type)
		return NULL;
	statement->at++;
	return sl_lexeme_value(statement->lexer, lexeme);
}

/* A table's name; the schema before it does not matter. */
static char *
take_table(Statement *statement)
{
	char	   *name;

	do
	{
		name = take_type(statement, SL_LEXEME_WORD);
		if (name == NULL)
			name = take_type(statement, SL_LEXEME_NAME);
	} while (name && take(statement, "."));
	return name;
}

/* CREATE TABLE t (version_num ..., and no column more) */
static char *
match_create(Statement *statement)
{
	static const char *const before[] = {"CREATE", "TABLE"};
	static const char *const column[] = {"(", "version_num", "VARCHAR", "("};
	static const char *const rest[] = {")", "NOT", "NULL"};
	static const char *const key[] = {"PRIMARY", "KEY", "(", "version_num",
	")"};
	char	   *table;

	statement->at = 0;
	if (!take_all(statement, before, lengthof(before)) ||
		(table = take_table(statement)) == NULL ||
		!take_all(statement, column, lengthof(column)) ||
		take_type(statement, SL_LEXEME_WORD) == NULL ||
		!take_all(statement, rest, lengthof(rest)))
		return NULL;
	if (take(statement, ",") &&
		(!take(statement, "CONSTRAINT") || take_table(statement) == NULL ||
		 !take_all(statement, key, lengthof(key))))
		return NULL;
	return take(statement, ")") && statement->at == statement->count ?
		table : NULL;
}

/* WHERE t.version_num = 'x', to the end */
static char *
match_where(Statement *statement)
{
	char	   *column;
	char	   *id;

	if (!take(statement, "WHERE") ||
		(column = take_table(statement)) == NULL ||
		strcmp(column, "version_num") != 0 || !take(statement, "=") ||
		(id = take_type(statement, SL_LEXEME_STRING)) == NULL ||
		statement->at != statement->count)
		return NULL;
	return id;
}

static bool
match_version(Statement *statement, VersionStatement *found)
{
	static const char *const insert[] = {"INSERT", "INTO"};
	static const char *const values[] = {"(", "version_num", ")", "VALUES",
	"("};
	static const char *const update[] = {"SET", "version_num", "="};
	static const char *const delete[] = {"DELETE", "FROM"};

	memset(found, 0, sizeof(*found));
	statement->at = 0;
	if (take_all(statement, insert, lengthof(insert)))
	{
		return (found->table = take_table(statement)) != NULL &&
			take_all(statement, values, lengthof(values)) &&
			(found->new_id = take_type(statement, SL_LEXEME_STRING)) != NULL &&
			take(statement, ")") &&
			(statement->at == statement->count ||
			 take(statement, "RETURNING"));
	}
	statement->at = 0;
	if (take(statement, "UPDATE"))
	{
		return (found->table = take_table(statement)) != NULL &&
			take_all(statement, update, lengthof(update)) &&
			(found->new_id = take_type(statement, SL_LEXEME_STRING)) != NULL &&
			(found->old_id = match_where(statement)) != NULL;
	}
	return take_all(statement, delete, lengthof(delete)) &&
		(found->table = take_table(statement)) != NULL &&
		(found->old_id = match_where(statement)) != NULL;
}

static bool
has_member(List *list, const char *text)
{
	ListCell   *cell;

	foreach(cell, list)
	{
		if (strcmp(lfirst(cell), text) == 0)
			return true;
	}
	return false;
}

/*
 * Is this a statement on the version table?  By its table, where that is
 * known; else by the revisions that it names, since the table's name is a
 * setting and a file may have been cut.
 */
static bool
is_version_statement(Walk *walk, Statement *statement)
{
	Block	   *block = walk->block;
	VersionStatement found;
	bool		known;
	bool		agrees;

	if (!match_version(statement, &found))
		return false;
	known = strcmp(found.table, walk->version_table ? walk->version_table :
				   "alembic_version") == 0;
	agrees = found.new_id ? strcmp(found.new_id, block->revision) == 0 :
		known || has_member(block->parents, found.old_id);
	if (!known && !agrees)
		return false;
	if (!agrees)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%sthe version table is set to \"%s\" in revision \"%s\"",
						sl_place(walk->file->name, NULL, statement->line),
						found.new_id, block->revision),
				 errdetail("The line \"-- Running upgrade\" above it names \"%s\".",
						   block->revision)));

	if (found.new_id)
		block->versioned = true;

	/* a row that was given up is a parent's, or a dependency's */
	if (found.old_id && !has_member(block->parents, found.old_id) &&
		strcmp(found.old_id, block->revision) != 0)
		block->parents = lappend(block->parents, found.old_id);
	return true;
}

/* Judge one statement; true if it is to be taken out. */
static bool
is_bookkeeping(Walk *walk, Statement *statement)
{
	char	   *table;

	statement->at = 0;
	if (statement->count == 1 && take(statement, "BEGIN"))
	{
		walk->seen_begin = true;
		walk->in_transaction = true;
		return true;
	}
	if (statement->count == 1 && take(statement, "COMMIT"))
	{
		walk->in_transaction = false;
		return true;
	}
	if (!statement->too_long && (table = match_create(statement)) != NULL)
	{
		walk->version_table = table;
		return true;
	}
	if (walk->block == NULL)
	{
		const char *hint = sl_format_hint(walk->push, walk->file, NULL);

		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%sstatement before the first line \"-- Running upgrade\"",
						sl_place(walk->file->name, NULL, statement->line)),
				 hint ? errhint("%s", hint) : 0));
	}
	if (!statement->too_long && is_version_statement(walk, statement))
		return true;
	if (walk->seen_begin && !walk->in_transaction)
		walk->block->outside = true;

	/* a SELECT without FROM is mostly there for what its function does */
	statement->at = 0;
	if (take(statement, "SELECT") && statement->from && !statement->into)
		walk->block->reads = true;
	else
		walk->block->acts = true;
	return false;
}

/* What a migration reads at its run is not there when it is written. */
static void
report_reads(const Block *block, bool empty)
{
	if (empty)
		ereport(NOTICE,
				(errmsg("revision \"%s\" has no SQL", block->revision),
				 errdetail("What a migration reads from a database is not in this output.")));
	else if (block->reads && !block->acts)
		ereport(WARNING,
				(errmsg("revision \"%s\" has no SQL but SELECT",
						block->revision),
				 errdetail("What a migration reads from a database is not in this output, nor what it would do with it.")));
}

/* The revision of the block ends at 'end'. */
static void
finish_block(Walk *walk, int end)
{
	Block	   *block = walk->block;
	const char *text = walk->text;
	int			start;
	SlSource   *source;

	if (block == NULL)
		return;

	/*
	 * Without the blanks around it the text does not depend on what stands
	 * before and behind it in the file.
	 */
	start = block->start;
	while (end > start && sl_is_blank(text + end - 1, 1))
		end--;
	while (start < end && sl_is_blank(text + start, 1))
		start++;

	source = sl_source_new(walk->push, walk->file, block->revision);
	sl_source_set_parents(source, block->parents);
	source->parents_partial = true;
	source->description = block->description;
	source->up = sl_slice(text, start, end);
	source->up_line = block->line +
		sl_count_lines(text + block->start, start - block->start) + 1;
	source->outside = block->outside;
	report_reads(block, start == end && source->nparents < 2);
	source->reported = start == end;
	sl_source_headers(source, false);
	walk->block = NULL;
}

/* "upgrade a, b -> c", or ", text" behind it in older versions */
static Block *
parse_header(Walk *walk, const SlLexeme *lexeme)
{
	Block	   *block = palloc0(sizeof(Block));
	char	   *line = sl_slice(walk->text, lexeme->start + strlen(RUNNING),
								lexeme->end);
	char	   *arrow = strstr(line, " ->");
	char	   *target = sl_trimmed(arrow + 3, strlen(arrow + 3));
	char	   *comma = strchr(target, ',');
	const char *command = "upgrade ";

	if (strncmp(line, "stamp_revision ", 15) == 0)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%sthis output of \"alembic stamp --sql\" only stamps, it holds no migration",
						sl_place(walk->file->name, NULL, lexeme->line)),
				 errhint("Push the output of \"alembic upgrade --sql\".")));
	if (strncmp(line, "downgrade ", 10) == 0)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%sthis is the output of \"alembic downgrade --sql\"",
						sl_place(walk->file->name, NULL, lexeme->line)),
				 errhint("Push the output of \"alembic upgrade --sql\"; a down script is given with sl_register().")));

	if (target[0] == '\0')
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%s\"-- Running upgrade\" names no revision",
						sl_place(walk->file->name, NULL, lexeme->line))));
	if (comma)
	{
		*comma = '\0';
		block->description = sl_trimmed(comma + 1, strlen(comma + 1));
	}
	*arrow = '\0';
	block->revision = target;
	block->parents = sl_split_list(line + strlen(command), ',');
	block->line = lexeme->line;
	block->start = sl_next_line(walk->text, walk->file->length, lexeme->start);
	return block;
}

/* The file ends here: did the output? */
static void
check_end(const Walk *walk)
{
	const Block *block = walk->block;
	int			length = walk->file->length;
	const char *place;

	if (block == NULL || (block->versioned && !walk->in_transaction))
		return;
	while (length > 0 && sl_is_blank(walk->file->body + length - 1, 1))
		length--;
	place = sl_place(walk->file->name, NULL,
					 sl_count_lines(walk->file->body, length) + 1);
	ereport(ERROR,
			(errcode(SL_ERR_BAD_INPUT),
			 !block->versioned ?
			 errmsg("%sthe output ends inside revision \"%s\": its version statement is missing",
					place, block->revision) :
			 errmsg("%sthe output ends inside a transaction: its COMMIT is missing",
					place),
			 errhint("alembic upgrade --sql failed half-way: run it again and look at its exit status.")));
}

static void
begin_statement(Walk *walk, Statement *statement)
{
	memset(statement, 0, sizeof(*statement));
	statement->lexer = &walk->lexer;
}

/*
 * Walk through the file statement by statement.  The walk reads the body and
 * blanks a copy.
 */
static void
parse_file(SlPush *push, const SlFile *file)
{
	Walk		walk;
	Statement	statement;
	SlLexeme	lexeme;
	bool		found = false;

	memset(&walk, 0, sizeof(walk));
	walk.push = push;
	walk.file = file;
	walk.text = sl_slice(file->body, 0, file->length);
	walk.lexer.text = file->body;
	walk.lexer.length = file->length;
	walk.lexer.at = sl_skip_bom(file->body);
	walk.lexer.line = 1;
	begin_statement(&walk, &statement);

	do
	{
		bool		header;
		bool		end;

		sl_lexeme_next(&walk.lexer, &lexeme);
		header = lexeme.type == SL_LEXEME_COMMENT &&
			is_header(file->body, file->length, lexeme.start);
		if (lexeme.type == SL_LEXEME_COMMENT && !header)
			continue;
		end = header || lexeme.type == SL_LEXEME_END ||
			sl_lexeme_is(&walk.lexer, &lexeme, ";");
		if (end && statement.count > 0)
		{
			if (is_bookkeeping(&walk, &statement))
				sl_blank(walk.text, statement.lexeme[0].start,
						 header ? lexeme.start : lexeme.end);
			begin_statement(&walk, &statement);
		}
		if (lexeme.type == SL_LEXEME_END)
			check_end(&walk);
		if (header || lexeme.type == SL_LEXEME_END)
			finish_block(&walk, lexeme.start);
		if (header)
		{
			walk.block = parse_header(&walk, &lexeme);
			found = true;
		}
		if (end)
			continue;
		if (statement.count == 0)
			statement.line = lexeme.line;
		if (statement.count < MAX_LEXEMES)
			statement.lexeme[statement.count++] = lexeme;
		else
			statement.too_long = true;
		statement.from |= sl_lexeme_is(&walk.lexer, &lexeme, "FROM");
		statement.into |= sl_lexeme_is(&walk.lexer, &lexeme, "INTO");
	} while (lexeme.type != SL_LEXEME_END);

	if (!found)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("\"%s\" has no line \"-- Running upgrade\"",
						file->name),
				 errhint("%s", sl_format_hint(push, file,
											  "It should be the output of \"alembic upgrade --sql\"."))));
}

static void
alembic_sql_parse(SlPush *push)
{
	int			i;

	for (i = 0; i < push->nfiles; i++)
	{
		if (sl_has_suffix(push->files[i].base, ".sql"))
			parse_file(push, &push->files[i]);
	}
}

const SlFormat sl_format_alembic_sql = {
	.name = "alembic-sql",
	.source = "alembic",
	.claims = alembic_sql_claims,
	.parse = alembic_sql_parse,
};
