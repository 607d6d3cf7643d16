/*-------------------------------------------------------------------------
 *
 * prisma.c
 *	  Prisma's folders <number>_<name>/migration.sql.
 *
 * The id is what _prisma_migrations holds, the folder's whole name, and that
 * is their order, too.  A down.sql beside it, as "prisma migrate diff" writes
 * it on demand, is the down script.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/registry/formats/prisma.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/sl_compat.h"
#include "common/sl_errors.h"
#include "registry/loader.h"

#define FORM "<number>_<name>/migration.sql"

static bool
is_up(const SlFile *file)
{
	return strcmp(file->base, "migration.sql") == 0;
}

static bool
is_down(const SlFile *file)
{
	return strcmp(file->base, "down.sql") == 0;
}

/* Other folders may well have a file of that name. */
static bool
prisma_claims(const SlFile *file)
{
	const char *name = sl_folder_of(file);

	return is_up(file) && *name >= '0' && *name <= '9';
}

static int
compare_folders(const void *a, const void *b)
{
	const SlFile *x = *(const SlFile *const *) a;
	const SlFile *y = *(const SlFile *const *) b;
	size_t		xlen = x->base - x->name;
	size_t		ylen = y->base - y->name;
	int			result = strncmp(x->name, y->name, Min(xlen, ylen));

	return result != 0 ? result : (xlen > ylen) - (xlen < ylen);
}

/* Files of one name, by their folders. */
typedef struct Side
{
	const SlFile **files;
	int			count;
} Side;

static void
find_side(const SlPush *push, bool (*wanted) (const SlFile *), Side *side)
{
	int			i;

	side->files = palloc_array(const SlFile *, push->nfiles + 1);
	side->count = 0;
	for (i = 0; i < push->nfiles; i++)
		if (wanted(&push->files[i]))
			side->files[side->count++] = &push->files[i];
	qsort(side->files, side->count, sizeof(SlFile *), compare_folders);
}

/* The one in the same folder; or none. */
static const SlFile *
find_beside(const Side *side, const SlFile *file)
{
	const SlFile **found = bsearch(&file, side->files, side->count,
								   sizeof(SlFile *), compare_folders);

	return found == NULL ? NULL : *found;
}

static void
add_folder(SlPush *push, const SlFile *file, const SlFile *down)
{
	char	   *name = sl_folder_of(file);
	char	   *underscore = strchr(name, '_');
	SlSource   *source = sl_source_new(push, file, name);

	source->linear = true;
	if (underscore && underscore[1])
		source->description = sl_words_of(underscore + 1,
										  strlen(underscore + 1));
	source->up = file->body;
	if (down)
	{
		source->down_file = down->name;
		if (!sl_is_blank(down->body, down->length))
			source->down = down->body;
	}
	sl_source_headers(source, false);
}

static void
prisma_parse(SlPush *push)
{
	Side		ups;
	Side		downs;
	int			i;

	find_side(push, is_up, &ups);
	find_side(push, is_down, &downs);
	for (i = 0; i < push->nfiles; i++)
	{
		const SlFile *file = &push->files[i];

		CHECK_FOR_INTERRUPTS();
		if (!sl_has_suffix(file->base, ".sql"))
			continue;
		if (file->base == file->name || (!is_up(file) && !is_down(file)))
			sl_file_unnamed(push, file, FORM);
		if (is_up(file))
			add_folder(push, file, find_beside(&downs, file));
		else if (find_beside(&ups, file) == NULL)
			ereport(ERROR,
					(errcode(SL_ERR_BAD_INPUT),
					 errmsg("\"%s\" has no up script beside it",
							file->name)));
	}
}

const SlFormat sl_format_prisma = {
	.name = "prisma",
	.source = "prisma",
	.compare = strcmp,
	.claims = prisma_claims,
	.parse = prisma_parse,
};
