/*-------------------------------------------------------------------------
 *
 * alembic.c
 *	  Alembic's versions/ .py files, as external revisions: the graph alone.
 *
 * The literals assigned to revision, down_revision, depends_on and
 * branch_labels at the top level of a module are read as text.  Nothing is
 * executed, so a value that is computed is refused: it cannot be known.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/registry/formats/alembic.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "common/sl_errors.h"
#include "registry/loader.h"

/* A place in a Python file. */
typedef struct Python
{
	const SlFile *file;
	const char *text;
	int			length;
	int			at;
} Python;

/* What one module says. */
typedef struct Module
{
	const SlFile *file;
	char	   *description;
	bool		assigned[4];
	List	   *values[4];
} Module;

enum
{
	REVISION,
	DOWN_REVISION,
	DEPENDS_ON,
	BRANCH_LABELS
};

static const char *const variables[] = {
	[REVISION] = "revision",
	[DOWN_REVISION] = "down_revision",
	[DEPENDS_ON] = "depends_on",
	[BRANCH_LABELS] = "branch_labels",
};

static int
line_of(const Python *python, int at)
{
	return 1 + sl_count_lines(python->text, at);
}

static char
peek(const Python *python, int ahead)
{
	int			at = python->at + ahead;

	return at < python->length ? python->text[at] : '\0';
}

static bool
is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
		IS_HIGHBIT_SET(c);
}

static bool
is_name(char c)
{
	return is_name_start(c) || (c >= '0' && c <= '9');
}

/*
 * Length of what introduces a string here: a prefix of letters, and one or
 * three quotes; 0 if no string begins.
 */
static int
string_opening(const Python *python, int *prefix, int *quotes)
{
	char		quote;

	*prefix = 0;
	while (*prefix < 3 && strchr("rRbBuUfFtT", peek(python, *prefix)) &&
		   peek(python, *prefix))
		(*prefix)++;
	quote = peek(python, *prefix);
	if (quote != '"' && quote != '\'')
		return 0;
	*quotes = peek(python, *prefix + 1) == quote &&
		peek(python, *prefix + 2) == quote ? 3 : 1;
	return *prefix + *quotes;
}

/*
 * Pass over a string.  Returns the offsets of its text.  One that has no end
 * ends with its line, as far as may be known.
 */
static bool
pass_string(Python *python, int *start, int *end)
{
	int			prefix;
	int			quotes;
	int			opening = string_opening(python, &prefix, &quotes);
	char		quote = peek(python, prefix);

	if (opening == 0)
		return false;
	python->at += opening;
	*start = python->at;
	for (; python->at < python->length; python->at++)
	{
		char		c = peek(python, 0);

		if (c == '\\' && python->at + 1 < python->length)
			python->at++;
		else if (c == quote &&
				 (quotes == 1 || (peek(python, 1) == quote &&
								  peek(python, 2) == quote)))
		{
			*end = python->at;
			python->at += quotes;
			return true;
		}
		else if (c == '\n' && quotes == 1)
			break;
	}
	*end = python->at;
	return true;
}

static void
refuse_value(const Python *python, int at, const char *variable)
{
	ereport(ERROR,
			(errcode(SL_ERR_BAD_INPUT),
			 errmsg("%sthe value of %s is not a literal",
					sl_place(python->file->name, NULL, line_of(python, at)),
					variable),
			 errdetail("The file is read as text and not executed: strings, None, and tuples or lists of strings are understood.")));
}

/* Append the character of an escape with 'digits' digits at 'at'. */
static int
append_code(StringInfo out, const Python *python, int at, int digits,
			int base, const char *variable)
{
	unsigned char buffer[MAX_UNICODE_EQUIVALENT_STRING + 1];
	pg_wchar	code = 0;
	int			i;

	for (i = 0; i < digits; i++)
	{
		char		c = at + i < python->length ? python->text[at + i] : '\0';
		int			digit = -1;

		if (c >= '0' && c <= '9')
			digit = c - '0';
		else if (c >= 'a' && c <= 'f')
			digit = c - 'a' + 10;
		else if (c >= 'A' && c <= 'F')
			digit = c - 'A' + 10;
		if (digit < 0 || digit >= base)
		{
			/* an octal escape may be shorter */
			if (base == 8 && i > 0)
				break;
			refuse_value(python, at, variable);
		}
		code = code * base + digit;
	}
	if (!is_valid_unicode_codepoint(code) ||
		is_utf16_surrogate_first(code) || is_utf16_surrogate_second(code))
		refuse_value(python, at, variable);
	memset(buffer, 0, sizeof(buffer));
	if (GetDatabaseEncoding() == PG_SQL_ASCII)
		unicode_to_utf8(code, buffer);
	else
		pg_unicode_to_server(code, buffer);
	appendStringInfoString(out, (char *) buffer);
	return i;
}

/* The value of a string literal between two offsets, escapes resolved. */
static char *
decode_string(const Python *python, int start, int end, const char *variable)
{
	static const char letters[] = "\\'\"abfnrtv";
	static const char meant[] = "\\'\"\a\b\f\n\r\t\v";
	StringInfoData out;
	int			at = start;

	initStringInfo(&out);
	while (at < end)
	{
		char		c = python->text[at++];
		const char *letter;

		if (c != '\\' || at >= end)
		{
			appendStringInfoChar(&out, c);
			continue;
		}
		c = python->text[at++];
		if (c == '\n')
			continue;
		if ((letter = strchr(letters, c)) != NULL)
			appendStringInfoChar(&out, meant[letter - letters]);
		else if (c == 'x')
			at += append_code(&out, python, at, 2, 16, variable);
		else if (c == 'u')
			at += append_code(&out, python, at, 4, 16, variable);
		else if (c == 'U')
			at += append_code(&out, python, at, 8, 16, variable);
		else if (c >= '0' && c <= '7')
			at += append_code(&out, python, at - 1, 3, 8, variable) - 1;
		else if (c == 'N')
			refuse_value(python, at, variable);
		else
		{
			/* Python leaves an unknown escape as it is */
			appendStringInfoChar(&out, '\\');
			appendStringInfoChar(&out, c);
		}
	}
	return out.data;
}

/*
 * Pass over white space and comments.  Newlines are such only within
 * brackets; a backslash at the end of a line joins the next.
 */
static void
pass_blanks(Python *python, bool newlines)
{
	for (;;)
	{
		char		c = peek(python, 0);

		if (c == '\0' && python->at >= python->length)
			return;
		if (c == ' ' || c == '\t' || c == '\f' || c == '\r' ||
			(newlines && c == '\n'))
			python->at++;
		else if (c == '#')
			python->at = sl_line_end(python->text, python->length,
									 python->at);
		else if (c == '\\' && peek(python, 1) == '\n')
			python->at += 2;
		else if (c == '\\' && peek(python, 1) == '\r' &&
				 peek(python, 2) == '\n')
			python->at += 3;
		else
			return;
	}
}

/*
 * Pass over the rest of a statement, up to 'stop' outside of brackets and
 * strings, or to the end of the logical line, or behind a semicolon.
 * Returns what it met: 'stop', '\n' or ';'.
 */
static char
pass_statement(Python *python, char stop)
{
	int			depth = 0;
	int			start;
	int			end;

	for (;;)
	{
		char		c;

		pass_blanks(python, depth > 0);
		if (python->at >= python->length)
			return '\n';
		c = peek(python, 0);
		if (pass_string(python, &start, &end))
			continue;
		if (is_name(c))
		{
			while (is_name(peek(python, 0)))
				python->at++;
			continue;
		}
		if (strchr("([{", c))
			depth++;
		else if (strchr(")]}", c) && depth > 0)
			depth--;
		else if (depth == 0 && c == stop && peek(python, 1) != '=')
			return stop;
		python->at++;
		if (depth == 0 && (c == '\n' || c == ';'))
			return c;
	}
}

/* A string literal, or several side by side. */
static char *
parse_string(Python *python, bool bracketed, const char *variable)
{
	StringInfoData value;
	int			prefix;
	int			quotes;

	initStringInfo(&value);
	while (string_opening(python, &prefix, &quotes) > 0)
	{
		bool		raw = false;
		int			begin = python->at;
		int			start;
		int			end;
		int			i;

		for (i = 0; i < prefix; i++)
		{
			char		c = pg_tolower((unsigned char) peek(python, i));

			if (c == 'r')
				raw = true;
			else if (c != 'u')
				refuse_value(python, begin, variable);
		}
		pass_string(python, &start, &end);
		appendStringInfoString(&value, raw ?
							   sl_slice(python->text, start, end) :
							   decode_string(python, start, end, variable));
		pass_blanks(python, bracketed);
	}
	return value.data;
}

/*
 * A literal: None, a string, or a tuple, list or set of them, as a list of
 * strings.  Stands behind it and the blanks that follow.
 */
static List *
parse_literal(Python *python, bool bracketed, const char *variable)
{
	List	   *values = NIL;
	int			prefix;
	int			quotes;
	char		c;

	check_stack_depth();
	pass_blanks(python, bracketed);
	c = peek(python, 0);
	if (string_opening(python, &prefix, &quotes) > 0)
		return list_make1(parse_string(python, bracketed, variable));
	if (strncmp(python->text + python->at, "None", 4) == 0 &&
		!is_name(peek(python, 4)))
	{
		python->at += 4;
		pass_blanks(python, bracketed);
		return NIL;
	}
	if (c == '\0' || strchr("([{", c) == NULL)
		refuse_value(python, python->at, variable);

	python->at++;
	for (;;)
	{
		pass_blanks(python, true);
		if (strchr(")]}", peek(python, 0)) && peek(python, 0))
			break;
		values = list_concat(values, parse_literal(python, true, variable));
		if (peek(python, 0) == ',')
			python->at++;
		else if (peek(python, 0) == '\0' ||
				 strchr(")]}", peek(python, 0)) == NULL)
			refuse_value(python, python->at, variable);
	}
	python->at++;
	pass_blanks(python, bracketed);
	return values;
}

/* The value of an assignment: a literal, or several with commas. */
static List *
parse_value(Python *python, const char *variable)
{
	List	   *values = parse_literal(python, false, variable);
	char		c;

	while (peek(python, 0) == ',')
	{
		python->at++;
		pass_blanks(python, false);
		c = peek(python, 0);
		if (c == '\0' || c == '\n' || c == ';')
			break;
		values = list_concat(values, parse_literal(python, false, variable));
	}
	c = peek(python, 0);
	if (c != '\n' && c != ';' && python->at < python->length)
		refuse_value(python, python->at, variable);
	return values;
}

/* The first line of the module's docstring that is not empty. */
static char *
first_line(const Python *python, int start, int end)
{
	int			at = start;

	for (; at < end; at = sl_next_line(python->text, end, at))
	{
		int			stop = sl_line_end(python->text, end, at);

		if (!sl_is_blank(python->text + at, stop - at))
			return sl_trimmed(python->text + at, stop - at);
	}
	return NULL;
}

/* A statement at the top level: is it one of the assignments? */
static void
parse_statement(Python *python, Module *module)
{
	int			start = python->at;
	int			length = 0;
	int			which;

	while (is_name(peek(python, length)))
		length++;
	for (which = 0; which < (int) lengthof(variables); which++)
	{
		if ((int) strlen(variables[which]) == length &&
			strncmp(python->text + start, variables[which], length) == 0)
			break;
	}
	if (which == (int) lengthof(variables))
		return;

	python->at += length;
	pass_blanks(python, false);
	if (peek(python, 0) == ':')
	{
		/* an annotation; without a value it assigns nothing */
		python->at++;
		if (pass_statement(python, '=') != '=')
		{
			python->at--;
			return;
		}
	}
	if (peek(python, 0) == ',' ||
		(peek(python, 1) == '=' && strchr("+|", peek(python, 0))))
		refuse_value(python, start, variables[which]);
	if (peek(python, 0) != '=' || peek(python, 1) == '=')
		return;
	python->at++;
	module->values[which] = parse_value(python, variables[which]);
	module->assigned[which] = true;
}

static void
parse_module(const SlFile *file, Module *module)
{
	Python		python;
	ErrorContextCallback context;
	bool		first = true;
	bool		top = true;

	context.callback = sl_file_context;
	context.arg = unconstify(char *, file->name);
	context.previous = error_context_stack;
	error_context_stack = &context;
	memset(module, 0, sizeof(*module));
	module->file = file;
	python.file = file;
	python.text = file->body;
	python.length = file->length;
	python.at = sl_skip_bom(file->body);

	while (python.at < python.length)
	{
		char		c = peek(&python, 0);
		int			start;
		int			end;

		CHECK_FOR_INTERRUPTS();
		if (top && c != ' ' && c != '\t' && c != '\f')
		{
			pass_blanks(&python, false);
			if (peek(&python, 0) == '\n')
			{
				python.at++;
				continue;
			}
			if (first && pass_string(&python, &start, &end))
				module->description = first_line(&python, start, end);
			first = false;
			parse_statement(&python, module);
		}
		else
			top = false;

		/* behind a semicolon the level of the line goes on */
		if (pass_statement(&python, '\0') == ';')
		{
			if (top)
				pass_blanks(&python, false);
		}
		else
			top = true;
	}
	error_context_stack = context.previous;
}

static bool
alembic_claims(const SlFile *file)
{
	return sl_has_suffix(file->base, ".py") &&
		strstr(file->body, "down_revision") != NULL;
}

/* Is there a revision in this module, and a whole one? */
static bool
is_revision(const Module *module)
{
	const char *name = module->file->name;

	if (!module->assigned[REVISION] && !module->assigned[DOWN_REVISION])
	{
		ereport(NOTICE,
				(errmsg("\"%s\" is passed over: no revision is assigned in it",
						name)));
		return false;
	}
	if (!module->assigned[REVISION] || !module->assigned[DOWN_REVISION])
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("\"%s\" assigns %s and not %s", name,
						module->assigned[REVISION] ? "revision" :
						"down_revision",
						module->assigned[REVISION] ? "down_revision" :
						"revision")));
	if (list_length(module->values[REVISION]) != 1)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("the value of revision in \"%s\" is not one string",
						name)));
	return true;
}

/* A branch label, where it is given for a parent, means its revision. */
static char *
resolve_label(List *modules, char *name)
{
	ListCell   *cell;
	ListCell   *label;

	foreach(cell, modules)
	{
		Module	   *module = lfirst(cell);

		foreach(label, module->values[BRANCH_LABELS])
		{
			if (strcmp(lfirst(label), name) == 0)
				return linitial(module->values[REVISION]);
		}
	}
	return name;
}

static void
alembic_parse(SlPush *push)
{
	List	   *modules = NIL;
	List	   *labelled = NIL;
	ListCell   *cell;
	int			i;

	for (i = 0; i < push->nfiles; i++)
	{
		const SlFile *file = &push->files[i];
		Module	   *module;

		if (sl_has_suffix(file->base, ".sql"))
			sl_file_unnamed(push, file, "versions/<name>.py");
		if (!sl_has_suffix(file->base, ".py"))
			continue;
		module = palloc(sizeof(Module));
		parse_module(file, module);
		if (!is_revision(module))
			continue;
		modules = lappend(modules, module);
		if (module->values[BRANCH_LABELS] != NIL)
			labelled = lappend(labelled, module);
	}

	foreach(cell, modules)
	{
		Module	   *module = lfirst(cell);
		SlSource   *source = sl_source_new(push, module->file,
										   linitial(module->values[REVISION]));
		List	   *parents = NIL;
		ListCell   *parent;

		foreach(parent, module->values[DOWN_REVISION])
			parents = lappend(parents,
							  resolve_label(labelled, lfirst(parent)));
		foreach(parent, module->values[DEPENDS_ON])
			parents = lappend(parents,
							  resolve_label(labelled, lfirst(parent)));
		sl_source_set_parents(source, parents);
		source->description = module->description;
	}
}

const SlFormat sl_format_alembic = {
	.name = "alembic",
	.source = "alembic",
	.claims = alembic_claims,
	.parse = alembic_parse,
};
