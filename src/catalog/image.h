/*-------------------------------------------------------------------------
 *
 * image.h
 *	  All live facts as hashes, kept up to date by what moved.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/image.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_IMAGE_H
#define SL_IMAGE_H

#include "postgres.h"

#include "catalog/catalog.h"

typedef struct SlImage SlImage;

/*
 * The image as of now.  It belongs to the session, and is good until the next
 * call or the end of the transaction.  A transaction that has an xid gets one
 * of its own, with what it changed itself; nothing of that outlives it.
 */
extern SlImage *sl_image_get(const SlCatalogOptions *options);

extern uint64 sl_image_count(const SlImage *image);
extern bool sl_image_find(const SlImage *image, const SlFactKey *key,
						  SlFactHash *hash);

/*
 * One after the other, in no order: *position is 0 at first, and false is
 * the end.
 */
extern bool sl_image_next(const SlImage *image, uint64 *position,
						  const SlFactKey **key, const SlFactHash **hash);

/*
 * The facts of these keys, read again in full from the live catalog: what
 * they are now, in no order, and those that are there no more are left out.
 */
extern void sl_image_facts(SlImage *image, const SlFactKey *keys, int nkeys,
						   SlFactSink sink, void *arg);

/*
 * Two images of a session with the same number are of the same facts, and of
 * the same options.
 */
extern uint64 sl_image_generation(const SlImage *image);

/*
 * The schema was being changed all the while, so that an entry may be of a
 * state in between.
 */
extern bool sl_image_moved(const SlImage *image);

/* The next refresh looks at every catalog, whatever messages say. */
extern void sl_image_doubt(void);

/* What the last refresh did: "none", "some 12", "full"; from "file", "+". */
extern const char *sl_image_effort(const SlImage *image);

#endif							/* SL_IMAGE_H */
