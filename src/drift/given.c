/*-------------------------------------------------------------------------
 *
 * given.c
 *	  What is in a database before anybody's history.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/drift/given.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "common/extension.h"
#include "drift/drift_private.h"

void
sl_given_read(SlGiven *given)
{
	SlExtension extension;
	char	   *schema = NULL;

	sl_fact_key("schema", "public", &given->keys[0]);
	sl_fact_key("extension", "plpgsql", &given->keys[1]);
	given->count = 2;
	sl_extension_get(&extension);
	schema = get_namespace_name(extension.schema);
	if (schema != NULL)
		sl_fact_key("schema", quote_identifier(schema),
					&given->keys[given->count++]);
}

bool
sl_is_given(const SlGiven *given, const SlFactKey *key)
{
	int			i;

	for (i = 0; i < given->count; i++)
		if (memcmp(&given->keys[i], key, sizeof(SlFactKey)) == 0)
			return true;
	return false;
}
