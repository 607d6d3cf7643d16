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

#include "common/sl_errors.h"
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

		/* of a pair whose name no format knows: as a revision it would undo */
		if (sl_has_suffix(file->base, ".down.sql"))
			ereport(ERROR,
					(errcode(SL_ERR_BAD_INPUT),
					 errmsg("\"%s\" is a down script, and no revision of format plain",
							file->name),
					 errdetail("It would run after the script that it undoes."),
					 errhint("Name the pair NNN_name.up.sql and NNN_name.down.sql, or put the down script behind a line \"-- sl:down\".")));
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
