/*-------------------------------------------------------------------------
 *
 * locate_private.h
 *	  All footprints as chains by fact, of which some count: for locate.c and
 *	  locate_chain.c only.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/drift/locate_private.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_LOCATE_PRIVATE_H
#define SL_LOCATE_PRIVATE_H

#include "drift/drift_private.h"

/* A row of a footprint. */
typedef struct SlLocatorRow
{
	SlFactHash	before;
	SlFactHash	after;
	bool		has_before;
	int			step;
	int			ordinal;
	int			what;
	int			fact;
	int			prev;			/* in the chain of its fact, or -1 */
	int			next;
	SlFact	   *definition;		/* read when it is needed */
	char	  **changed;
	int			nchanged;
} SlLocatorRow;

typedef enum SlLocatorState
{
	STATE_FINE,					/* as it is, or on neither side */
	STATE_MISSING,
	STATE_ALTERED,
	STATE_UNEXPECTED
} SlLocatorState;

typedef struct SlLocatorFact
{
	SlFactKey	key;
	int			number;
	SlFactHash	live;
	SlFactHash	hash;
	bool		is_live;
	bool		there;
	bool		dropped;
	bool		merged;
	bool		compared;
	bool		partly;			/* some of its attributes may be ignored */
	bool		made;			/* a row of the chain adds it */
	SlLocatorState state;
	SlFact	   *actual;			/* the live one, read when it is needed */
	int			first;			/* rows of the chain */
	int			last_on;		/* the last one that is on, or -1 */
	int			last;
	char		status;
} SlLocatorFact;

static inline uint32
locator_key_hash(const SlFactKey *key)
{
	uint32		hash;

	memcpy(&hash, key->bytes, sizeof(hash));
	return hash;
}

#define SH_PREFIX locator_facts
#define SH_ELEMENT_TYPE SlLocatorFact
#define SH_KEY_TYPE SlFactKey
#define SH_KEY key
#define SH_HASH_KEY(tb, key) locator_key_hash(&(key))
#define SH_EQUAL(tb, a, b) (memcmp((a).bytes, (b).bytes, SL_KEY_LENGTH) == 0)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* A revision of the graph, or an evidence of a repeatable. */
typedef struct SlLocatorStep
{
	int64		evidence;		/* 0: none, or not to be looked at */
	int			first;			/* its rows */
	int			nrows;
	bool		on;
	bool		known;			/* what it did is known */
	bool		silent;			/* it has data, and no facts */
	int			stand_in;		/* the baseline in its place, or -1 */
	int			tree_parent;
	int			size;			/* of the tree below */
} SlLocatorStep;

typedef struct SlLocation
{
	int			step;
	int			missing;
	int			altered;
	int			unexpected;
	int			silent;
	bool		exact;
} SlLocation;

typedef struct SlLocator
{
	SlLineage	lineage;
	SlLocatorStep *steps;		/* the revisions, then the repeatables' */
	int			nsteps;
	int		   *by_id;			/* steps with evidence, by that */
	int			nby_id;
	int			next;
	SlLocatorRow *rows;
	int			nrows;
	int			space;
	bool		in_order;
	locator_facts_hash *facts;
	SlLocatorFact **by_number;		/* once the table grows no more */
	SlScope    *scopes;
	int			nscopes;
	SlNameSets	sets;
	SlCatalogOptions what;
	SlIgnore   *ignore;
	bool		ignores;		/* there are patterns */
	SlImage    *live;
	MemoryContext cxt;
	int			count[STATE_UNEXPECTED + 1];
	int			unknown;		/* steps that are on, and not known */
	int			silent;
	SlLocation   *locations;
	int			nlocations;
} SlLocator;

/* in locate_chain.c */
extern void sl_locator_read(SlLocator *locator);
extern void sl_locator_switch_on(SlLocator *locator, int number);
extern void sl_locator_switch_off(SlLocator *locator, int number);

#endif							/* SL_LOCATE_PRIVATE_H */
