/*-------------------------------------------------------------------------
 *
 * plain.c
 *	  Plain NNN_name.sql files with own headers.
 *
 * The id is the file's name without .sql; the parent is the file before it,
 * numbers compared as numbers, unless the file names its parents.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/registry/formats/plain.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "registry/loader.h"

static const char *
plain_order_of(const SlRegistryEntry *entry)
{
	const char *slash;

	if (entry->file == NULL)
		return entry->revision;
	slash = strrchr(entry->file, '/');
	return slash ? slash + 1 : entry->file;
}

static void
plain_parse(SlPush *push)
{
	int			i;

	for (i = 0; i < push->nfiles; i++)
	{
		const SlFile *file = &push->files[i];
		SlSource   *source;

		if (!sl_has_suffix(file->base, ".sql"))
			continue;
		source = sl_source_new(push, file,
							   sl_slice(file->base, 0,
										strlen(file->base) - 4));
		source->linear = true;
		source->order = file->base;
		source->up = file->body;
		sl_source_headers(source, true);
	}
}

const SlFormat sl_format_plain = {
	.name = "plain",
	.source = "plain",
	.compare = sl_compare_natural,
	.order_of = plain_order_of,
	.claims = NULL,
	.parse = plain_parse,
};
