/*-------------------------------------------------------------------------
 *
 * formats.c
 *	  The table of file formats, and which one a push is.
 *
 * A new format is a file beside this one and a row here.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/registry/formats/formats.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "common/sl_errors.h"
#include "registry/loader.h"

/*
 * In the order in which they are named in messages.  The last one is what is
 * left: any *.sql file is plain if nothing else claims one of its push.
 */
static const SlFormat *const formats[] = {
	&sl_format_alembic,
	&sl_format_alembic_sql,
	&sl_format_flyway,
	&sl_format_dbmate,
	&sl_format_diesel,
	&sl_format_prisma,
	&sl_format_pairs,
	&sl_format_plain,
};

const SlFormat *
sl_format_find(const char *name)
{
	StringInfoData names;
	int			i;

	initStringInfo(&names);
	for (i = 0; i < (int) lengthof(formats); i++)
	{
		if (strcmp(name, formats[i]->name) == 0)
			return formats[i];
		appendStringInfo(&names, ", %s", formats[i]->name);
	}
	ereport(ERROR,
			(errcode(SL_ERR_BAD_INPUT),
			 errmsg("unknown format \"%s\"", name),
			 errhint("The formats are auto%s.", names.data)));
	return NULL;				/* keep the compiler quiet */
}

/*
 * The one format that claims files of this push; NULL if there is nothing to
 * load.  Two that claim are an error: a guess would give revisions ids that
 * no history table holds.
 */
const SlFormat *
sl_format_detect(SlPush *push)
{
	const SlFormat *found = NULL;
	const char *file = NULL;
	bool		any_sql = false;
	int			i;
	int			j;

	for (i = 0; i < (int) lengthof(formats); i++)
	{
		if (formats[i]->claims == NULL)
			continue;
		for (j = 0; j < push->nfiles; j++)
		{
			if (formats[i]->claims(&push->files[j]))
				break;
		}
		if (j == push->nfiles)
			continue;
		if (found)
			ereport(ERROR,
					(errcode(SL_ERR_BAD_INPUT),
					 errmsg("files of two formats: \"%s\" is %s, \"%s\" is %s",
							file, found->name,
							push->files[j].name, formats[i]->name),
					 errhint("Pass the format, or push the files apart.")));
		found = formats[i];
		file = push->files[j].name;
	}
	if (found)
	{
		push->decided_by = file;
		return found;
	}

	for (j = 0; j < push->nfiles; j++)
		any_sql = any_sql || sl_has_suffix(push->files[j].base, ".sql");
	return any_sql ? &sl_format_plain : NULL;
}
