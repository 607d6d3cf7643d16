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

#include "common/sl_errors.h"
#include "registry/loader.h"

#define FORM "<number>_<name>/migration.sql"

/* The folder's own name, or "" for a file that is in none. */
static char *
folder_of(const SlFile *file)
{
	const char *end = file->base > file->name ? file->base - 1 : file->name;
	const char *start = end;

	while (start > file->name && start[-1] != '/')
		start--;
	return pnstrdup(start, end - start);
}

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
	const char *name = folder_of(file);

	return is_up(file) && *name >= '0' && *name <= '9';
}

/* The file of that name in the same folder; or none. */
static const SlFile *
find_beside(const SlPush *push, const SlFile *file,
			bool (*wanted) (const SlFile *))
{
	size_t		length = file->base - file->name;
	int			i;

	for (i = 0; i < push->nfiles; i++)
	{
		const SlFile *other = &push->files[i];

		if (wanted(other) &&
			(size_t) (other->base - other->name) == length &&
			strncmp(other->name, file->name, length) == 0)
			return other;
	}
	return NULL;
}

static void
add_folder(SlPush *push, const SlFile *file, const SlFile *down)
{
	char	   *name = folder_of(file);
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
	bool		any_down = false;
	int			i;

	for (i = 0; i < push->nfiles; i++)
		any_down |= is_down(&push->files[i]);
	for (i = 0; i < push->nfiles; i++)
	{
		const SlFile *file = &push->files[i];

		CHECK_FOR_INTERRUPTS();
		if (!sl_has_suffix(file->base, ".sql"))
			continue;
		if (file->base == file->name || (!is_up(file) && !is_down(file)))
			sl_file_unnamed(push, file, FORM);
		if (is_up(file))
			add_folder(push, file, any_down ?
					   find_beside(push, file, is_down) : NULL);
		else if (find_beside(push, file, is_up) == NULL)
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
