/*-------------------------------------------------------------------------
 *
 * pairs.c
 *	  Pairs NNN_name.up.sql and NNN_name.down.sql: golang-migrate, sqlx.
 *
 * The id is what the tools' history tables hold: the number as a bigint,
 * without leading zeros.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/registry/formats/pairs.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/sl_errors.h"
#include "registry/loader.h"

#define UP		".up.sql"
#define DOWN	".down.sql"

/* Cut a name into number and description; false if it has not that form. */
static bool
split_name(const SlFile *file, bool *up, int *digits, int *length)
{
	*up = sl_has_suffix(file->base, UP);
	if (!*up && !sl_has_suffix(file->base, DOWN))
		return false;
	*length = strlen(file->base) - strlen(*up ? UP : DOWN);
	*digits = strspn(file->base, "0123456789");
	return *digits > 0 && (*digits == *length || file->base[*digits] == '_');
}

static bool
pairs_claims(const SlFile *file)
{
	bool		up;
	int			digits;
	int			length;

	return split_name(file, &up, &digits, &length);
}

/* The number as the history table shows it. */
static char *
number_of(const SlFile *file, int digits)
{
	const char *number = file->base;

	while (digits > 1 && *number == '0')
	{
		number++;
		digits--;
	}
	if (sl_compare_numbers(number, digits, "9223372036854775807", 19) > 0)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("the number of \"%s\" is too large for a bigint",
						file->name)));
	return sl_slice(number, 0, digits);
}

typedef struct PairFile
{
	char	   *number;
	bool		up;
	int			digits;
	int			length;
	const SlFile *file;
} PairFile;

/* by number, the up script first */
static int
compare_pair_files(const void *a, const void *b)
{
	const PairFile *x = a;
	const PairFile *y = b;
	int			result = sl_compare_numbers(x->number, strlen(x->number),
											y->number, strlen(y->number));

	if (result != 0)
		return result;
	if (x->up != y->up)
		return x->up ? -1 : 1;
	return strcmp(x->file->name, y->file->name);
}

/* sqlx: the file starts with this comment */
static bool
declared_outside(const char *body)
{
	return strncmp(body + sl_skip_bom(body), "-- no-transaction", 17) == 0;
}

static void
add_down(SlSource *source, const PairFile *pair)
{
	const SlFile *file = pair->file;

	if (source == NULL || strcmp(source->revision, pair->number) != 0)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("\"%s\" has no up script beside it", file->name)));
	if (source->down_file)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("revision \"%s\" is in two files, \"%s\" and \"%s\"",
						source->revision, source->down_file, file->name)));
	source->down_file = file->name;
	if (!sl_is_blank(file->body, file->length))
		source->down = file->body;
	source->down_outside = declared_outside(file->body);
}

static void
pairs_parse(SlPush *push)
{
	PairFile   *pairs = palloc(sizeof(PairFile) * (push->nfiles + 1));
	SlSource   *source = NULL;
	ListCell   *cell;
	int			count = 0;
	int			i;

	for (i = 0; i < push->nfiles; i++)
	{
		PairFile   *pair = &pairs[count];

		pair->file = &push->files[i];
		if (!sl_has_suffix(pair->file->base, ".sql"))
			continue;
		if (!split_name(pair->file, &pair->up, &pair->digits, &pair->length))
			sl_file_unnamed(push, pair->file,
							"NNN_name.up.sql or NNN_name.down.sql");
		pair->number = number_of(pair->file, pair->digits);
		count++;
	}
	qsort(pairs, count, sizeof(PairFile), compare_pair_files);

	for (i = 0; i < count; i++)
	{
		PairFile   *pair = &pairs[i];
		const char *base = pair->file->base;

		if (!pair->up)
		{
			add_down(source, pair);
			continue;
		}
		source = sl_source_new(push, pair->file, pair->number);
		source->linear = true;
		if (pair->digits + 1 < pair->length)
			source->description = sl_words_of(base + pair->digits + 1,
											  pair->length - pair->digits - 1);
		source->up = pair->file->body;
		source->outside = declared_outside(source->up);
	}
	foreach(cell, push->sources)
		sl_source_headers(lfirst(cell), false);
}

const SlFormat sl_format_pairs = {
	.name = "pairs",
	.source = "pairs",
	.compare = sl_compare_natural,
	.claims = pairs_claims,
	.parse = pairs_parse,
};
