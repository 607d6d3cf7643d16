/*-------------------------------------------------------------------------
 *
 * marker.c
 *	  Comments that say that a script is not what it is taken for.
 *
 * Several tools keep the up and the down script in one file, with comments
 * between them that only the tool understands.  Read as a plain file, such a
 * one would make its tables and drop them again.  The same would come of an
 * own header that is mistyped.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/registry/marker.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/sl_errors.h"
#include "registry/loader.h"
#include "script/script.h"

#define ANYWHERE		0x01	/* in the comment, else at its start */
#define BEHIND			0x02	/* also behind a statement */

/* A format of another tool that is not read here. */
typedef struct ToolMarker
{
	const char *marker;			/* behind the dashes; a blank: one or more */
	const char *tool;
	int			flags;
} ToolMarker;

static const ToolMarker tool_markers[] = {
	{"+goose", "goose", ANYWHERE},
	{"+migrate", "sql-migrate", 0},
	{"down migration", "node-pg-migrate", 0},
	{"liquibase formatted sql", "Liquibase", 0},
	{"> statement-breakpoint", "Drizzle", BEHIND},
};

static bool
is_blank_char(char c)
{
	return c == ' ' || c == '\t';
}

/* Does the text begin with the marker? */
static bool
begins_with(const char *at, const char *end, const char *marker)
{
	for (; *marker; marker++)
	{
		if (*marker == ' ')
		{
			if (at == end || !is_blank_char(*at))
				return false;
			while (at < end && is_blank_char(*at))
				at++;
			continue;
		}
		if (at == end || pg_tolower((unsigned char) *at) != *marker)
			return false;
		at++;
	}
	return true;
}

/* Whose comment is it?  From behind the dashes to the end of the line. */
static const char *
tool_of(const char *at, const char *end, bool alone)
{
	const char *start = at;
	int			i;

	while (start < end && is_blank_char(*start))
		start++;
	for (i = 0; i < (int) lengthof(tool_markers); i++)
	{
		const ToolMarker *marker = &tool_markers[i];
		const char *place = start;

		if (!alone && !(marker->flags & BEHIND))
			continue;
		do
		{
			if (begins_with(place, end, marker->marker))
				return marker->tool;
		} while ((marker->flags & ANYWHERE) && place++ < end);
	}
	return NULL;
}

/*
 * Is it an own header, but for case, a blank, or a dash in the place of the
 * colon?  Returns the header that was meant, and where the name ends.
 *
 * Without a colon it may be prose: then only what has nothing else on its
 * line, and what has a dash, is taken for one.
 */
static const char *
meant_header(const char *at, const char *end, const char **name_end)
{
	const char *separator;
	const char *word;
	const char *name;
	bool		colon = false;
	bool		dash = false;
	bool		bare;

	while (at < end && is_blank_char(*at))
		at++;
	if (end - at < 3 || pg_strncasecmp(at, "sl", 2) != 0)
		return NULL;
	separator = at + 2;
	for (word = separator; word < end; word++)
	{
		if (*word == ':')
			colon = true;
		else if (*word == '-')
			dash = true;
		else if (!is_blank_char(*word))
			break;
	}
	if (word == separator ||
		(memcmp(at, "sl:", 3) == 0 && word == at + 3))
		return NULL;
	*name_end = word;
	while (*name_end < end && !is_blank_char(**name_end) &&
		   **name_end != '\r')
		(*name_end)++;
	name = sl_header_name(word, *name_end - word, &bare);
	if (name == NULL || colon)
		return name;
	if (bare)
		return sl_is_blank(*name_end, end - *name_end) ? name : NULL;
	return dash ? name : NULL;
}

/*
 * Is there anything that might be such a comment?  It may still be in a
 * literal; but most scripts are spared the lexer.
 */
static bool
may_have_marker(const char *text, bool own_format)
{
	const char *at = text + sl_skip_bom(text);
	int			i;

	for (i = 0; own_format && i < (int) lengthof(tool_markers); i++)
	{
		if ((tool_markers[i].flags & BEHIND) &&
			strstr(text, tool_markers[i].marker) != NULL)
			return true;
	}
	while (*at)
	{
		const char *end = at + strcspn(at, "\n\r");
		const char *name_end;

		at += strspn(at, " \t\f\v");
		if (at[0] == '-' && at[1] == '-' &&
			((own_format && tool_of(at + 2, end, true) != NULL) ||
			 meant_header(at + 2, end, &name_end) != NULL))
			return true;
		at = end + strspn(end, "\n\r");
	}
	return false;
}

static void
check_comment(const SlComment *comment, const char *file,
			  const char *revision, bool own_format)
{
	const char *at = comment->text + 2;
	const char *end = at + strlen(at);
	const char *name_end;
	const char *found = NULL;

	if (own_format)
		found = tool_of(at, end, comment->alone);
	if (found)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%sthis is a file of %s, a format that is not supported yet",
						sl_place(file, revision, comment->line), found),
				 errhint("In a plain file the up script comes first, and the down script behind a line \"-- sl:down\".")));

	if (comment->alone)
		found = meant_header(at, end, &name_end);
	if (found)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%s\"%s\" is not a header, did you mean \"-- sl:%s\"?",
						sl_place(file, revision, comment->line),
						sl_slice(comment->text, 0,
								 name_end - comment->text),
						found)));
}

static void
check_text(const SlSource *source, const char *text, const char *file,
		   int line, bool own_format)
{
	SlOrigin	origin;
	ListCell   *cell;

	if (!may_have_marker(text, own_format))
		return;
	origin.file = file;
	origin.revision = source->revision;
	origin.first_line = line;
	foreach(cell, sl_script_comments(text, strlen(text), &origin))
		check_comment(lfirst(cell), file, source->revision, own_format);
}

/*
 * Refuse what would be misread.  Other tools' files are read by their own
 * rules, so there only own headers matter.
 */
void
sl_source_markers(const SlSource *source, bool own_format)
{
	if (source->up)
		check_text(source, source->up, source->file, source->up_line,
				   own_format);
	if (source->down)
		check_text(source, source->down,
				   source->down_file ? source->down_file : source->file,
				   source->down_line, own_format);
}
