/*-------------------------------------------------------------------------
 *
 * image.c
 *	  All live facts as hashes, kept up to date by what moved.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/image.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "catalog/image_private.h"

/* the session's, and that of a transaction with an xid */
static SlImage *session_image = NULL;
static SlImage *transaction_image = NULL;

static uint64 last_generation = 0;

static int
compare_names(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/* Options as a text, the same for the same. */
static char *
options_text(const SlCatalogOptions *options)
{
	StringInfoData text;
	List	   *schemas = list_copy(options->schemas);
	ListCell   *cell;

	initStringInfo(&text);
	appendStringInfo(&text, "%s %s %s", options->owners ? "owners" : "-",
					 options->privileges ? "privileges" : "-",
					 options->no_schemas ? "none" :
					 schemas == NIL ? "all" : "some");
	list_sort(schemas, compare_names);
	foreach(cell, schemas)
		appendStringInfo(&text, " %s", quote_identifier(lfirst(cell)));
	return text.data;
}

static SlImage *
create_image(const SlCatalogOptions *options, const char *text)
{
	MemoryContext cxt = AllocSetContextCreate(CurrentMemoryContext,
											  "schema_lifecycle image",
											  ALLOCSET_DEFAULT_SIZES);
	MemoryContext before = MemoryContextSwitchTo(cxt);
	SlImage    *image = palloc0_object(SlImage);
	ListCell   *cell;

	image->cxt = cxt;
	image->options = *options;
	image->options.schemas = NIL;
	foreach(cell, options->schemas)
		image->options.schemas = lappend(image->options.schemas,
										 pstrdup(lfirst(cell)));
	image->options_text = pstrdup(text);
	MemoryContextSwitchTo(before);
	return image;
}

static void
insert_fact(const SlFact *fact, void *arg)
{
	SlImage    *image = arg;
	SlEntry		entry;

	sl_entry_make(fact, &entry);
	sl_entries_insert(&image->entries, &entry);
}

static void
read_all(SlImage *image)
{
	memcpy(image->seen, sl_catalog_generations(), sizeof(image->seen));
	sl_entries_init(&image->entries, image->cxt, 0);
	sl_catalog_scan(&image->options, insert_fact, image);
	image->generation = ++last_generation;
	strlcpy(image->effort, "full", sizeof(image->effort));
}

static void
forget_transaction_image(void *arg)
{
	transaction_image = NULL;
}

SlImage *
sl_image_get(const SlCatalogOptions *options)
{
	char	   *text = options_text(options);
	bool		writes = sl_transaction_writes();
	SlImage    *image;

	if (!writes && session_image != NULL &&
		strcmp(session_image->options_text, text) == 0 &&
		memcmp(session_image->seen, sl_catalog_generations(),
			   sizeof(session_image->seen)) == 0)
	{
		strlcpy(session_image->effort, "none",
				sizeof(session_image->effort));
		return session_image;
	}
	image = create_image(options, text);
	read_all(image);
	if (writes)
	{
		MemoryContextCallback *callback;

		if (transaction_image != NULL)
			MemoryContextDelete(transaction_image->cxt);
		MemoryContextSetParent(image->cxt, TopTransactionContext);
		callback = MemoryContextAllocZero(image->cxt, sizeof(*callback));
		callback->func = forget_transaction_image;
		MemoryContextRegisterResetCallback(image->cxt, callback);
		transaction_image = image;
		return image;
	}
	if (session_image != NULL)
		MemoryContextDelete(session_image->cxt);
	MemoryContextSetParent(image->cxt, TopMemoryContext);
	session_image = image;
	return image;
}

uint64
sl_image_count(const SlImage *image)
{
	return image->entries.count;
}

bool
sl_image_find(const SlImage *image, const SlFactKey *key, SlFactHash *hash)
{
	const SlEntry *entry = sl_entries_find(&image->entries, key);

	if (entry != NULL && hash != NULL)
		*hash = entry->hash;
	return entry != NULL;
}

bool
sl_image_next(const SlImage *image, uint64 *position, const SlFactKey **key,
			  const SlFactHash **hash)
{
	const SlEntry *entry;

	if (*position >= image->entries.count)
		return false;
	entry = &image->entries.entries[(*position)++];
	*key = &entry->key;
	*hash = &entry->hash;
	return true;
}

void
sl_image_facts(SlImage *image, const SlFactKey *keys, int nkeys,
			   SlFactSink sink, void *arg)
{
	ObjectAddress *addresses = palloc_array(ObjectAddress, Max(nkeys, 1));
	int			count = 0;
	int			i;

	for (i = 0; i < nkeys; i++)
	{
		const SlEntry *entry = sl_entries_find(&image->entries, &keys[i]);

		if (entry != NULL)
			sl_entry_address(entry, &addresses[count++]);
	}
	if (count > 0)
		sl_catalog_objects(&image->options, addresses, count, false, sink,
						   arg);
	pfree(addresses);
}

uint64
sl_image_generation(const SlImage *image)
{
	return image->generation;
}

bool
sl_image_moved(const SlImage *image)
{
	return image->moved;
}

const char *
sl_image_effort(const SlImage *image)
{
	return image->effort;
}
