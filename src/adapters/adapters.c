/*-------------------------------------------------------------------------
 *
 * adapters.c
 *	  The table of adapters: which tools are known.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/adapters/adapters.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "adapters/adapters_private.h"

const SlAdapter *const sl_adapters[] = {
	&sl_adapter_alembic,
	&sl_adapter_flyway,
	&sl_adapter_golang_migrate,
	&sl_adapter_prisma,
	&sl_adapter_rails,
	&sl_adapter_dbmate,
};

const int	sl_adapters_count = lengthof(sl_adapters);

/* NULL: no such tool. */
const SlAdapter *
sl_adapter_find(const char *name)
{
	int			i;

	for (i = 0; i < sl_adapters_count; i++)
		if (strcmp(sl_adapters[i]->name, name) == 0)
			return sl_adapters[i];
	return NULL;
}

/* All of their names, for messages. */
char *
sl_adapter_names(void)
{
	StringInfoData names;
	int			i;

	initStringInfo(&names);
	for (i = 0; i < sl_adapters_count; i++)
		appendStringInfo(&names, "%s%s", i > 0 ? ", " : "",
						 sl_adapters[i]->name);
	return names.data;
}

/* Are files of this format the tool's? */
bool
sl_adapter_has_format(const SlAdapter *adapter, const char *format)
{
	int			i;

	if (format == NULL)
		return false;
	for (i = 0; adapter->formats[i] != NULL; i++)
		if (strcmp(adapter->formats[i], format) == 0)
			return true;
	return false;
}
