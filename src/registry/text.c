/*-------------------------------------------------------------------------
 *
 * text.c
 *	  Small things done to text by more than one file format.
 *
 * All of it looks at ASCII bytes only, which is safe in every encoding that a
 * database can have: no byte of a longer character is one.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/registry/text.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "registry/loader.h"

bool
sl_has_suffix(const char *text, const char *suffix)
{
	size_t		length = strlen(text);
	size_t		wanted = strlen(suffix);

	return length >= wanted && strcmp(text + length - wanted, suffix) == 0;
}

/* The name of the file's own folder, or "" for a file that is in none. */
char *
sl_folder_of(const SlFile *file)
{
	const char *end = file->base > file->name ? file->base - 1 : file->name;
	const char *start = end;

	while (start > file->name && start[-1] != '/')
		start--;
	return pnstrdup(start, end - start);
}

/* How many newlines are there? */
int
sl_count_lines(const char *text, int length)
{
	const char *at = text;
	const char *end = text + length;
	int			lines = 0;

	while (at < end && (at = memchr(at, '\n', end - at)) != NULL)
	{
		lines++;
		at++;
	}
	return lines;
}

/* Bytes to skip for a UTF-8 byte order mark. */
int
sl_skip_bom(const char *text)
{
	return strncmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

/* Is there nothing but white space? */
bool
sl_is_blank(const char *text, int length)
{
	int			i;

	for (i = 0; i < length; i++)
	{
		if (strchr(" \t\r\n\f\v", text[i]) == NULL || text[i] == '\0')
			return false;
	}
	return true;
}

/*
 * Put blanks over a part that is not to run.  Line ends stay, so that every
 * message about the rest still names the line of the file.
 */
void
sl_blank(char *text, int start, int end)
{
	int			i;

	for (i = start; i < end; i++)
	{
		if (text[i] != '\n' && text[i] != '\r')
			text[i] = ' ';
	}
}

/* Offset of the end of the line that begins at 'start', without CR and LF. */
int
sl_line_end(const char *text, int length, int start)
{
	const char *newline = memchr(text + start, '\n', length - start);
	int			end = newline ? (int) (newline - text) : length;

	if (end > start && text[end - 1] == '\r')
		end--;
	return end;
}

/* Offset of the next line, or 'length'. */
int
sl_next_line(const char *text, int length, int start)
{
	const char *newline = memchr(text + start, '\n', length - start);

	return newline ? (int) (newline - text) + 1 : length;
}

char *
sl_slice(const char *text, int start, int end)
{
	return pnstrdup(text + start, end - start);
}

/* A copy without white space around it. */
char *
sl_trimmed(const char *text, int length)
{
	while (length > 0 && sl_is_blank(text, 1))
	{
		text++;
		length--;
	}
	while (length > 0 && sl_is_blank(text + length - 1, 1))
		length--;
	return pnstrdup(text, length);
}

/* The description in a file name: underscores stand for blanks. */
char *
sl_words_of(const char *name, int length)
{
	char	   *words = pnstrdup(name, length);
	char	   *at;

	for (at = words; *at; at++)
	{
		if (*at == '_')
			*at = ' ';
	}
	return words;
}

/* Compare digits as a number of any length. */
int
sl_compare_numbers(const char *a, int alen, const char *b, int blen)
{
	while (alen > 0 && *a == '0')
	{
		a++;
		alen--;
	}
	while (blen > 0 && *b == '0')
	{
		b++;
		blen--;
	}
	if (alen != blen)
		return alen < blen ? -1 : 1;
	return memcmp(a, b, alen);
}

/*
 * The order in which people number files: runs of digits compare as numbers,
 * all else as bytes, so 2_b comes before 10_a under every locale.
 */
int
sl_compare_natural(const char *a, const char *b)
{
	const char *x = a;
	const char *y = b;

	while (*x && *y)
	{
		if (isdigit((unsigned char) *x) && isdigit((unsigned char) *y))
		{
			int			xlen = strspn(x, "0123456789");
			int			ylen = strspn(y, "0123456789");
			int			result = sl_compare_numbers(x, xlen, y, ylen);

			if (result != 0)
				return result;
			x += xlen;
			y += ylen;
		}
		else if (*x != *y)
			return (unsigned char) *x < (unsigned char) *y ? -1 : 1;
		else
		{
			x++;
			y++;
		}
	}
	if (*x || *y)
		return *x ? 1 : -1;
	return strcmp(a, b);
}

/* Cut at the separator, trim; an empty text gives no member. */
List *
sl_split_list(const char *text, char separator)
{
	List	   *members = NIL;

	if (sl_is_blank(text, strlen(text)))
		return NIL;
	for (;;)
	{
		const char *next = strchr(text, separator);

		if (next == NULL)
			return lappend(members, sl_trimmed(text, strlen(text)));
		members = lappend(members, sl_trimmed(text, next - text));
		text = next + 1;
	}
}

char **
sl_list_to_texts(List *list, int *count)
{
	char	  **texts = palloc(sizeof(char *) * (list_length(list) + 1));
	ListCell   *cell;

	*count = 0;
	foreach(cell, list)
		texts[(*count)++] = lfirst(cell);
	return texts;
}

/*
 * A control character that could forge a line of output.  Descriptions may
 * have several lines, names may not.
 */
bool
sl_bad_character(const char *text, bool multiline)
{
	const unsigned char *at;

	for (at = (const unsigned char *) text; *at; at++)
	{
		if (multiline && (*at == '\n' || *at == '\t' || *at == '\r'))
			continue;
		if (*at < 0x20 || *at == 0x7f)
			return true;
	}
	return false;
}
