/*-------------------------------------------------------------------------
 *
 * diesel.c
 *	  Diesel's folders <number>_<name>/up.sql, down.sql, metadata.toml.
 *
 * The id is what __diesel_schema_migrations holds: the folder's name up to the
 * first underscore, without dashes.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/registry/formats/diesel.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/sl_errors.h"
#include "registry/loader.h"

/* A folder at work: its files are found one by one. */
typedef struct Folder
{
	const char *path;			/* up to the last slash */
	const SlFile *up;
	const SlFile *down;
	const SlFile *metadata;
} Folder;

static bool
is_script(const SlFile *file)
{
	return strcmp(file->base, "up.sql") == 0 ||
		strcmp(file->base, "down.sql") == 0;
}

static bool
is_metadata(const SlFile *file)
{
	return strcmp(file->base, "metadata.toml") == 0;
}

static bool
diesel_claims(const SlFile *file)
{
	return is_script(file) && file->base > file->name;
}

/*
 * metadata.toml has one key that matters here.  Its lines are read as far as
 * that takes.
 */
static bool
runs_in_transaction(const SlFile *file)
{
	static const char key[] = "run_in_transaction";
	int			at = sl_skip_bom(file->body);
	int			line = 1;

	for (; at < file->length; at = sl_next_line(file->body, file->length, at),
		 line++)
	{
		int			end = sl_line_end(file->body, file->length, at);
		char	   *text = sl_trimmed(file->body + at, end - at);
		char	   *hash = strchr(text, '#');
		char	   *value;

		if (hash)
			*hash = '\0';
		if (strncmp(text, key, strlen(key)) != 0)
			continue;
		value = sl_trimmed(text + strlen(key), strlen(text) - strlen(key));
		if (*value == '=')
			value = sl_trimmed(value + 1, strlen(value) - 1);
		if (strcmp(value, "true") == 0)
			return true;
		if (strcmp(value, "false") == 0)
			return false;
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%srun_in_transaction is neither true nor false",
						sl_place(file->name, NULL, line))));
	}
	return true;
}

static int
compare_folders(const void *a, const void *b)
{
	return strcmp(((const Folder *) a)->path, ((const Folder *) b)->path);
}

static void
add_folder(SlPush *push, const Folder *folder)
{
	char	   *name;
	char	   *underscore;
	char	   *from;
	char	   *to;
	SlSource   *source;

	if (folder->up == NULL)
	{
		if (folder->down)
			ereport(ERROR,
					(errcode(SL_ERR_BAD_INPUT),
					 errmsg("\"%s\" has no up script beside it",
							folder->down->name)));
		return;
	}

	name = sl_folder_of(folder->up);
	underscore = strchr(name, '_');
	if (underscore)
		*underscore = '\0';
	for (from = to = name; *from; from++)
	{
		if (*from != '-')
			*to++ = *from;
	}
	*to = '\0';

	source = sl_source_new(push, folder->up, name);
	source->linear = true;
	if (underscore && underscore[1])
		source->description = sl_words_of(underscore + 1,
										  strlen(underscore + 1));
	source->up = folder->up->body;
	if (folder->down)
	{
		source->down_file = folder->down->name;
		if (!sl_is_blank(folder->down->body, folder->down->length))
			source->down = folder->down->body;
	}
	if (folder->metadata && !runs_in_transaction(folder->metadata))
	{
		source->outside = true;
		source->down_outside = true;
	}
	sl_source_headers(source, false);
}

static void
diesel_parse(SlPush *push)
{
	Folder	   *folders = palloc0(sizeof(Folder) * (push->nfiles + 1));
	int			count = 0;
	int			i;

	for (i = 0; i < push->nfiles; i++)
	{
		const SlFile *file = &push->files[i];
		Folder	   *folder = &folders[count];

		if (!is_script(file) && !is_metadata(file))
		{
			/* Diesel never opens it; it may belong to a test or a person */
			if (sl_has_suffix(file->base, ".sql"))
				ereport(NOTICE,
						(errmsg("\"%s\" is passed over: it is neither up.sql nor down.sql",
								file->name)));
			continue;
		}
		if (file->base == file->name)
			sl_file_unnamed(push, file,
							"<number>_<name>/up.sql or <number>_<name>/down.sql");
		folder->path = pnstrdup(file->name, file->base - file->name);
		if (is_metadata(file))
			folder->metadata = file;
		else if (file->base[0] == 'u')
			folder->up = file;
		else
			folder->down = file;
		count++;
	}
	qsort(folders, count, sizeof(Folder), compare_folders);

	for (i = 0; i < count; i++)
	{
		Folder		all = folders[i];

		while (i + 1 < count && compare_folders(&all, &folders[i + 1]) == 0)
		{
			i++;
			if ((all.up && folders[i].up) || (all.down && folders[i].down))
				ereport(ERROR,
						(errcode(SL_ERR_BAD_INPUT),
						 errmsg("file \"%s\" was pushed twice",
								folders[i].up ? folders[i].up->name :
								folders[i].down->name)));
			if (folders[i].up)
				all.up = folders[i].up;
			if (folders[i].down)
				all.down = folders[i].down;
			if (folders[i].metadata)
				all.metadata = folders[i].metadata;
		}
		add_folder(push, &all);
	}
}

const SlFormat sl_format_diesel = {
	.name = "diesel",
	.source = "diesel",
	.compare = strcmp,
	.claims = diesel_claims,
	.parse = diesel_parse,
};
