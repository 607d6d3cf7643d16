/*-------------------------------------------------------------------------
 *
 * image_entries.c
 *	  The entries of an image, found by key and by address.
 *
 * A quarter of a million of them are usual: an entry is 56 bytes and 8 of
 * chains, and nothing is allocated for one alone.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/image_entries.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "catalog/image_private.h"

#define MIN_SPACE 1024

/* Nothing, with room for so many. */
void
sl_entries_init(SlEntries *entries, MemoryContext cxt, uint32 space)
{
	memset(entries, 0, sizeof(*entries));
	entries->cxt = cxt;
	entries->space = Max(space, MIN_SPACE);
	entries->entries = MemoryContextAllocHuge(cxt, sizeof(SlEntry) *
											  entries->space);
	entries->next_by_key = MemoryContextAllocHuge(cxt, sizeof(uint32) *
												  entries->space);
	entries->next_by_address = MemoryContextAllocHuge(cxt, sizeof(uint32) *
													  entries->space);
	sl_entries_index(entries);
}

void
sl_entries_free(SlEntries *entries)
{
	if (entries->entries == NULL)
		return;
	pfree(entries->entries);
	pfree(entries->next_by_key);
	pfree(entries->next_by_address);
	pfree(entries->heads_by_key);
	pfree(entries->heads_by_address);
	entries->entries = NULL;
}

/* a key is a hash already */
static uint32
key_head(const SlEntries *entries, const SlFactKey *key)
{
	uint32		bits;

	memcpy(&bits, key->bytes, sizeof(bits));
	return bits & (entries->nheads - 1);
}

static uint32
address_head(const SlEntries *entries, uint16 catalog, Oid object, int16 sub)
{
	uint32		bits = hash_combine(murmurhash32(object),
									((uint32) catalog << 16) | (uint16) sub);

	return murmurhash32(bits) & (entries->nheads - 1);
}

static uint32 *
key_chain(SlEntries *entries, uint32 i)
{
	return &entries->heads_by_key[key_head(entries,
										   &entries->entries[i].key)];
}

static uint32 *
address_chain(SlEntries *entries, uint32 i)
{
	const SlEntry *entry = &entries->entries[i];

	return &entries->heads_by_address[address_head(entries, entry->catalog,
												   entry->object,
												   entry->sub)];
}

static void
link_entry(uint32 *head, uint32 *next, uint32 i)
{
	next[i] = *head;
	*head = i;
}

static void
unlink_entry(uint32 *head, uint32 *next, uint32 i)
{
	uint32	   *place = head;

	while (*place != i)
	{
		if (*place == SL_NO_ENTRY)
			elog(ERROR, "entry %u is not in its chain", i);
		place = &next[*place];
	}
	*place = next[i];
}

/* Make the chains, for the entries that there are. */
void
sl_entries_index(SlEntries *entries)
{
	uint32		i;

	if (entries->heads_by_key != NULL)
	{
		pfree(entries->heads_by_key);
		pfree(entries->heads_by_address);
	}
	entries->nheads = pg_nextpower2_32(entries->space);
	entries->heads_by_key = MemoryContextAllocHuge(entries->cxt,
												   sizeof(uint32) *
												   entries->nheads);
	entries->heads_by_address = MemoryContextAllocHuge(entries->cxt,
													   sizeof(uint32) *
													   entries->nheads);
	memset(entries->heads_by_key, 0xff, sizeof(uint32) * entries->nheads);
	memset(entries->heads_by_address, 0xff,
		   sizeof(uint32) * entries->nheads);
	for (i = 0; i < entries->count; i++)
	{
		link_entry(key_chain(entries, i), entries->next_by_key, i);
		link_entry(address_chain(entries, i), entries->next_by_address, i);
	}
}

static void
grow(SlEntries *entries)
{
	if (entries->space >= PG_UINT32_MAX / 4)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many objects in the catalog")));
	entries->space += entries->space / 2;
	entries->entries = repalloc_huge(entries->entries,
									 sizeof(SlEntry) * entries->space);
	entries->next_by_key = repalloc_huge(entries->next_by_key,
										 sizeof(uint32) * entries->space);
	entries->next_by_address = repalloc_huge(entries->next_by_address,
											 sizeof(uint32) * entries->space);
	if (entries->nheads < entries->space)
		sl_entries_index(entries);
}

/* Add one whose address is not there. */
void
sl_entries_insert(SlEntries *entries, const SlEntry *entry)
{
	uint32		i;

	if (entries->count == entries->space)
		grow(entries);
	i = entries->count++;
	entries->entries[i] = *entry;
	link_entry(key_chain(entries, i), entries->next_by_key, i);
	link_entry(address_chain(entries, i), entries->next_by_address, i);
}

static uint32
find_address(const SlEntries *entries, uint16 catalog, Oid object, int16 sub)
{
	uint32		i;

	i = entries->heads_by_address[address_head(entries, catalog, object,
											   sub)];
	while (i != SL_NO_ENTRY)
	{
		const SlEntry *entry = &entries->entries[i];

		if (entry->object == object && entry->sub == sub &&
			entry->catalog == catalog)
			break;
		i = entries->next_by_address[i];
	}
	return i;
}

/* What the object is now.  Was that news? */
bool
sl_entries_put(SlEntries *entries, const SlEntry *entry)
{
	uint32		i = find_address(entries, entry->catalog, entry->object,
								 entry->sub);

	if (i == SL_NO_ENTRY)
	{
		sl_entries_insert(entries, entry);
		return true;
	}
	if (memcmp(&entries->entries[i], entry, sizeof(SlEntry)) == 0)
		return false;
	unlink_entry(key_chain(entries, i), entries->next_by_key, i);
	entries->entries[i] = *entry;
	link_entry(key_chain(entries, i), entries->next_by_key, i);
	return true;
}

/* The object has no fact.  Had it one? */
bool
sl_entries_remove(SlEntries *entries, const ObjectAddress *address)
{
	uint32		i = find_address(entries, address->classId,
								 address->objectId, address->objectSubId);
	uint32		last;

	if (i == SL_NO_ENTRY)
		return false;
	unlink_entry(key_chain(entries, i), entries->next_by_key, i);
	unlink_entry(address_chain(entries, i), entries->next_by_address, i);
	last = --entries->count;
	if (i != last)
	{
		unlink_entry(key_chain(entries, last), entries->next_by_key, last);
		unlink_entry(address_chain(entries, last), entries->next_by_address,
					 last);
		entries->entries[i] = entries->entries[last];
		link_entry(key_chain(entries, i), entries->next_by_key, i);
		link_entry(address_chain(entries, i), entries->next_by_address, i);
	}
	return true;
}

/* NULL: there is none. */
const SlEntry *
sl_entries_find(const SlEntries *entries, const SlFactKey *key)
{
	uint32		i = entries->heads_by_key[key_head(entries, key)];

	while (i != SL_NO_ENTRY)
	{
		if (memcmp(&entries->entries[i].key, key, sizeof(SlFactKey)) == 0)
			return &entries->entries[i];
		i = entries->next_by_key[i];
	}
	return NULL;
}

void
sl_entry_make(const SlFact *fact, SlEntry *entry)
{
	sl_fact_key(fact->class, fact->identity, &entry->key);
	sl_fact_hash(fact, &entry->hash);
	Assert(fact->address.classId <= PG_UINT16_MAX);
	entry->object = fact->address.objectId;
	entry->sub = fact->address.objectSubId;
	entry->catalog = fact->address.classId;
}

void
sl_entry_address(const SlEntry *entry, ObjectAddress *address)
{
	ObjectAddressSubSet(*address, entry->catalog, entry->object, entry->sub);
}
