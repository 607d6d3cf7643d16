/*-------------------------------------------------------------------------
 *
 * report_words.c
 *	  Words and names as they can be shown: what is not to be seen is made
 *	  visible, what is too long is cut.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/operate/report_words.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "common/sl_compat.h"
#include "operate/report.h"

/*
 * Characters that are not seen themselves and change how others are: marks
 * and overrides of direction, separators of lines, and the like.
 */
static bool
is_invisible(pg_wchar c)
{
	return (c >= 0x80 && c <= 0x9f) || c == 0xad || c == 0x61c ||
		(c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
		(c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
		(c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f);
}

/*
 * The text in one line: whatever would end the line, or show it in another
 * way than it is, stands there by its number.
 */
char *
sl_printable(const char *text)
{
	StringInfoData out;
	const char *p;

	initStringInfo(&out);
	for (p = text; *p != '\0'; p += pg_mblen(p))
	{
		unsigned char c = *p;

		if (c == '\n')
			appendStringInfoString(&out, "\\n");
		else if (c == '\t')
			appendStringInfoString(&out, "\\t");
		else if (c < 0x20 || c == 0x7f)
			appendStringInfo(&out, "\\x%02x", c);
		else if (c < 0x80)
			appendStringInfoChar(&out, c);
		else if (GetDatabaseEncoding() == PG_SQL_ASCII)
			appendStringInfo(&out, "\\x%02x", c);
		else if (GetDatabaseEncoding() == PG_UTF8 &&
				 is_invisible(utf8_to_unicode((const unsigned char *) p)))
			appendStringInfo(&out, "\\u%04x",
							 utf8_to_unicode((const unsigned char *) p));
		else
			appendBinaryStringInfo(&out, p, pg_mblen(p));
	}
	return out.data;
}

/* Bytes from the beginning that fill at most so many columns. */
int
sl_fitting(const char *text, int columns, int *used)
{
	const char *p;

	*used = 0;
	for (p = text; *p != '\0'; p += pg_mblen(p))
	{
		int			width = Max(pg_dsplen(p), 0);

		if (*used + width > columns)
			break;
		*used += width;
	}
	return p - text;
}

int
sl_width(const char *text)
{
	int			used;

	(void) sl_fitting(text, INT_MAX / 2, &used);
	return used;
}

/* The same, cut to so many columns. */
char *
sl_cut(const char *text, int columns)
{
	int			used;
	int			fits = sl_fitting(text, columns, &used);

	if (text[fits] == '\0')
		return pstrdup(text);
	fits = sl_fitting(text, columns - 3, &used);
	return psprintf("%.*s...", fits, text);
}

/* 10,000 */
char *
sl_grouped(int64 number)
{
	char	   *digits = psprintf(INT64_FORMAT, number);
	int			length = strlen(digits);
	StringInfoData out;
	int			i;

	initStringInfo(&out);
	for (i = 0; i < length; i++)
	{
		if (i > 0 && (length - i) % 3 == 0 && digits[i - 1] != '-')
			appendStringInfoChar(&out, ',');
		appendStringInfoChar(&out, digits[i]);
	}
	return out.data;
}

/* Words that say of themselves whether they are good. */
SlTone
sl_tone_of(const char *word)
{
	static const struct
	{
		const char *word;
		SlTone		tone;
	}			tones[] = {
		{"ok", SL_TONE_GOOD},
		{"ahead", SL_TONE_GOOD},
		{"applied", SL_TONE_GOOD},
		{"holds", SL_TONE_GOOD},
		{"pending", SL_TONE_DOUBTFUL},
		{"degraded", SL_TONE_DOUBTFUL},
		{"drifted", SL_TONE_DOUBTFUL},
		{"warning", SL_TONE_DOUBTFUL},
		{"altered", SL_TONE_DOUBTFUL},
		{"forced", SL_TONE_DOUBTFUL},
		{"unverifiable", SL_TONE_DOUBTFUL},
		{"down", SL_TONE_BAD},
		{"behind", SL_TONE_BAD},
		{"diverged", SL_TONE_BAD},
		{"empty", SL_TONE_BAD},
		{"requirement", SL_TONE_BAD},
		{"unknown_head", SL_TONE_BAD},
		{"error", SL_TONE_BAD},
		{"failed", SL_TONE_BAD},
		{"missing", SL_TONE_BAD},
		{"stamped", SL_TONE_BAD},
		{"partial", SL_TONE_BAD},
		{"violated", SL_TONE_BAD},
	};
	int			i;

	for (i = 0; i < (int) lengthof(tones); i++)
		if (strcmp(tones[i].word, word) == 0)
			return tones[i].tone;
	return SL_TONE_PLAIN;
}
