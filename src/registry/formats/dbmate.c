/*-------------------------------------------------------------------------
 *
 * dbmate.c
 *	  dbmate's files: sections between "-- migrate:up" and "-- migrate:down".
 *
 * The id is what schema_migrations holds: the leading digits of the name, as
 * text.  The markers are found as dbmate finds them, by line and not by token.
 * One file may hold several pairs; then both scripts are the whole file with
 * blanks over the other sections, so that lines stay true.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/registry/formats/dbmate.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/sl_errors.h"
#include "registry/loader.h"

typedef enum Marker
{
	NO_MARKER,
	UP_MARKER,
	DOWN_MARKER
} Marker;

/* A run of lines behind a marker. */
typedef struct Section
{
	Marker		marker;
	int			start;			/* of the marker's line */
	int			text;			/* behind it */
	int			end;
	int			line;			/* of the marker */
	bool		outside;		/* transaction:false */
} Section;

static const char *
skip_blanks(const char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

/* ^--\s*migrate:(up|down)(\s*$|\s+\S+), with the options behind it */
static Marker
marker_of(const char *line, bool *outside)
{
	const char *at = line;
	Marker		marker;

	if (strncmp(at, "--", 2) != 0)
		return NO_MARKER;
	at = skip_blanks(at + 2);
	if (strncmp(at, "migrate:", 8) != 0)
		return NO_MARKER;
	at += 8;
	if (strncmp(at, "up", 2) == 0)
	{
		marker = UP_MARKER;
		at += 2;
	}
	else if (strncmp(at, "down", 4) == 0)
	{
		marker = DOWN_MARKER;
		at += 4;
	}
	else
		return NO_MARKER;
	if (*at != '\0' && *at != ' ' && *at != '\t')
		return NO_MARKER;

	*outside = false;
	for (at = skip_blanks(at); *at; at = skip_blanks(at))
	{
		int			length = strcspn(at, " \t");

		if (length == 17 && strncmp(at, "transaction:false", 17) == 0)
			*outside = true;
		at += length;
	}
	return marker;
}

/* Could this line hold a marker?  Spares a copy of every other line. */
static bool
is_comment(const char *body, int at, int end)
{
	return end - at >= 2 && body[at] == '-' && body[at + 1] == '-';
}

static bool
dbmate_claims(const SlFile *file)
{
	int			at = sl_skip_bom(file->body);

	if (!sl_has_suffix(file->base, ".sql") ||
		strstr(file->body, "migrate:up") == NULL)
		return false;
	for (; at < file->length; at = sl_next_line(file->body, file->length, at))
	{
		int			end = sl_line_end(file->body, file->length, at);
		bool		outside;

		if (is_comment(file->body, at, end) &&
			marker_of(sl_slice(file->body, at, end), &outside) == UP_MARKER)
			return true;
	}
	return false;
}

static List *
find_sections(const SlPush *push, const SlFile *file)
{
	List	   *sections = NIL;
	Section    *current = NULL;
	int			at = sl_skip_bom(file->body);
	const char *hint = sl_format_hint(push, file, NULL);
	int			line = 1;

	for (; at < file->length;
		 at = sl_next_line(file->body, file->length, at), line++)
	{
		int			end = sl_line_end(file->body, file->length, at);
		Marker		marker = NO_MARKER;
		bool		outside = false;

		if (is_comment(file->body, at, end))
		{
			char	   *text = sl_slice(file->body, at, end);

			marker = marker_of(text, &outside);
			pfree(text);
			if (marker == NO_MARKER)
				continue;
		}
		else if (current || sl_is_blank(file->body + at, end - at))
			continue;

		if (marker == NO_MARKER ||
			(marker == DOWN_MARKER &&
			 (current == NULL || current->marker == DOWN_MARKER)))
			ereport(ERROR,
					(errcode(SL_ERR_BAD_INPUT),
					 marker == NO_MARKER ?
					 errmsg("%sstatement before the first \"-- migrate:up\"",
							sl_place(file->name, NULL, line)) :
					 errmsg("%s\"-- migrate:down\" without a \"-- migrate:up\" before it",
							sl_place(file->name, NULL, line)),
					 hint ? errhint("%s", hint) : 0));
		if (current)
			current->end = at;
		current = palloc(sizeof(Section));
		current->marker = marker;
		current->start = at;
		current->text = sl_next_line(file->body, file->length, at);
		current->end = file->length;
		current->line = line;
		current->outside = outside;
		sections = lappend(sections, current);
	}
	if (sections == NIL)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("\"%s\" has no line \"-- migrate:up\"", file->name),
				 hint ? errhint("%s", hint) : 0));
	return sections;
}

/*
 * The text of all sections of one kind; NULL if there is none.  A single one
 * is cut out as it is.
 */
static char *
text_of(const SlFile *file, List *sections, Marker marker, int *line,
		bool *outside)
{
	const Section *single = NULL;
	char	   *text;
	int			count = 0;
	int			at = 0;
	ListCell   *cell;

	foreach(cell, sections)
	{
		const Section *section = lfirst(cell);

		if (section->marker != marker)
			continue;
		single = section;
		count++;
		*outside = *outside || section->outside;
	}
	if (count == 0)
		return NULL;
	if (count == 1)
	{
		*line = single->line + 1;
		return sl_slice(file->body, single->text, single->end);
	}

	text = sl_slice(file->body, 0, file->length);
	foreach(cell, sections)
	{
		const Section *section = lfirst(cell);

		if (section->marker != marker)
			continue;
		sl_blank(text, at, section->text);
		at = section->end;
	}
	sl_blank(text, at, file->length);
	*line = 1;
	return text;
}

static void
dbmate_parse(SlPush *push)
{
	int			i;

	for (i = 0; i < push->nfiles; i++)
	{
		const SlFile *file = &push->files[i];
		int			digits = strspn(file->base, "0123456789");
		int			words = digits + (file->base[digits] == '_');
		List	   *sections;
		SlSource   *source;
		char	   *down;

		if (!sl_has_suffix(file->base, ".sql"))
			continue;
		if (digits == 0)
			sl_file_unnamed(push, file, "<digits>_<name>.sql");
		sections = find_sections(push, file);
		source = sl_source_new(push, file, sl_slice(file->base, 0, digits));
		source->linear = true;
		source->order = file->base;
		if (words < (int) strlen(file->base) - 4)
			source->description = sl_words_of(file->base + words,
											  strlen(file->base) - 4 - words);
		source->up = text_of(file, sections, UP_MARKER, &source->up_line,
							 &source->outside);
		down = text_of(file, sections, DOWN_MARKER, &source->down_line,
					   &source->down_outside);
		if (down && !sl_is_blank(down, strlen(down)))
			source->down = down;
		sl_source_headers(source, false);
	}
}

/* dbmate runs the files in the byte order of their names. */
static const char *
dbmate_order_of(const SlRegistryEntry *entry)
{
	const char *slash;

	if (entry->file == NULL)
		return entry->revision;
	slash = strrchr(entry->file, '/');
	return slash ? slash + 1 : entry->file;
}

const SlFormat sl_format_dbmate = {
	.name = "dbmate",
	.source = "dbmate",
	.compare = strcmp,
	.order_of = dbmate_order_of,
	.claims = dbmate_claims,
	.parse = dbmate_parse,
};
