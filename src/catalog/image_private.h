/*-------------------------------------------------------------------------
 *
 * image_private.h
 *	  What the files of the image share.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/image_private.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_IMAGE_PRIVATE_H
#define SL_IMAGE_PRIVATE_H

#include "postgres.h"

#include "catalog/catalog_private.h"
#include "catalog/image.h"
#include "common/invalidation.h"

/* One fact.  The OIDs of catalogs are small. */
typedef struct SlEntry
{
	SlFactKey	key;
	SlFactHash	hash;
	Oid			object;
	int16		sub;
	uint16		catalog;
} SlEntry;

#define SL_NO_ENTRY PG_UINT32_MAX

/*
 * The entries, without gaps, and chains of them by key and by address.  There
 * is one entry at most for an address; for a key, there may be two for a
 * while, when names are exchanged.
 */
typedef struct SlEntries
{
	MemoryContext cxt;
	uint32		count;
	uint32		space;
	SlEntry    *entries;
	uint32	   *next_by_key;
	uint32	   *next_by_address;
	uint32		nheads;			/* a power of 2 */
	uint32	   *heads_by_key;
	uint32	   *heads_by_address;
} SlEntries;

/* in image_entries.c */
extern void sl_entries_init(SlEntries *entries, MemoryContext cxt,
							uint32 space);
extern void sl_entries_index(SlEntries *entries);
extern void sl_entries_insert(SlEntries *entries, const SlEntry *entry);
extern bool sl_entries_put(SlEntries *entries, const SlEntry *entry);
extern bool sl_entries_remove(SlEntries *entries,
							  const ObjectAddress *address);
extern const SlEntry *sl_entries_find(const SlEntries *entries,
									  const SlFactKey *key);
extern void sl_entry_make(const SlFact *fact, SlEntry *entry);
extern void sl_entry_address(const SlEntry *entry, ObjectAddress *address);

struct SlImage
{
	MemoryContext cxt;
	SlCatalogOptions options;
	char	   *options_text;
	bool		moved;
	uint64		generation;
	uint64		seen[SL_GROUPS];	/* messages that it accounts for */
	SlEntries	entries;
	char		effort[64];
};

#endif							/* SL_IMAGE_PRIVATE_H */
