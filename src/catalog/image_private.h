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

#include "access/transam.h"
#include "storage/itemptr.h"

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
extern void sl_entries_free(SlEntries *entries);
extern void sl_entries_index(SlEntries *entries);
extern void sl_entries_insert(SlEntries *entries, const SlEntry *entry);
extern bool sl_entries_put(SlEntries *entries, const SlEntry *entry);
extern bool sl_entries_remove(SlEntries *entries,
							  const ObjectAddress *address);
extern const SlEntry *sl_entries_find(const SlEntries *entries,
									  const SlFactKey *key);
extern void sl_entry_make(const SlFact *fact, SlEntry *entry);
extern void sl_entry_address(const SlEntry *entry, ObjectAddress *address);

/*
 * A row of a catalog as it was seen: which version of it, and what it is
 * about.  See witness.c.
 */
typedef struct SlWitnessRow
{
	ItemPointerData place;
	int16		sub;
	TransactionId xmin;
	Oid			object;
	uint16		class;
	uint16		unused;
} SlWitnessRow;

/* The rows of one catalog, by their place. */
typedef struct SlWitness
{
	uint32		count;
	SlWitnessRow *rows;
} SlWitness;

/* What a change of an object can change. */
#define SL_TOUCH_REMOVE		0x01	/* it is gone, or may be */
#define SL_TOUCH_DESCRIBE	0x02	/* its own fact */
#define SL_TOUCH_DEEP		0x04	/* those of what hangs on it */
#define SL_TOUCH_SPREAD		0x08	/* the text of its dependents */

typedef struct SlMoved
{
	ObjectAddress address;		/* hash key */
	int			flags;
	bool		forward;		/* what it is part of was looked for */
	bool		backward;		/* its dependents were looked for */
	bool		seen;			/* it was described */
} SlMoved;

typedef struct SlMovedSet
{
	MemoryContext cxt;
	HTAB	   *table;
	List	   *queue;			/* SlMoved *, may have more to look for */
	bool		spread_on;		/* dependents of dependents, too */
	const char *all;			/* why everything may have changed, or NULL */
} SlMovedSet;

/* in image_touch.c */
extern void sl_touched_init(SlMovedSet *set);
extern void sl_touch(SlMovedSet *set, Oid class, Oid object, int sub,
					 int flags);
extern void sl_touched_close(SlMovedSet *set, Snapshot snapshot);

/* in witness.c */
extern const int sl_witness_count;
extern void sl_witness_read(SlWitness *witnesses, MemoryContext cxt,
							Snapshot snapshot, uint32 groups,
							SlMovedSet *set);

/* a few words for those who test and measure; what is more is cut off */
#define SL_EFFORT_SIZE 64

struct SlImage
{
	MemoryContext cxt;
	SlCatalogOptions options;
	char	   *options_text;
	bool		torn;			/* a refresh did not come to its end */
	bool		moved;
	uint64		generation;
	uint64		seen[SL_GROUPS];	/* messages that it accounts for */
	uint64		completed;		/* transactions that it accounts for, or 0 */
	FullTransactionId next_xid; /* when it was read last */
	SlWitness  *witnesses;
	SlEntries	entries;
	uint32		changes;		/* since it was written to the file */
	char		effort[SL_EFFORT_SIZE];
};

/* in image_file.c */
extern bool sl_image_file_read(SlImage *image);
extern bool sl_image_file_write(const SlImage *image);

#endif							/* SL_IMAGE_PRIVATE_H */
