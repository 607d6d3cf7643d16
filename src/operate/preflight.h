/*-------------------------------------------------------------------------
 *
 * preflight.h
 *	  What would stand in the way of a run; private to the area.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/operate/preflight.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_PREFLIGHT_H
#define SL_PREFLIGHT_H

#include "postgres.h"

#include "funcapi.h"

#include "graph/graph.h"

typedef struct SlPreflight
{
	ReturnSetInfo *result;
	SlOptions	options;
	SlGraph    *graph;
	List	   *problems;		/* SlProblem: of the graph */
	bool		sound;
	List	   *pending;		/* SlRevisionRow; none if it is not sound */
	const char *check;			/* the one at work */
	bool		found;			/* it found something */
} SlPreflight;

/* in preflight.c */
extern void sl_preflight_fine(SlPreflight *preflight, char *detail);
extern void sl_preflight_found(SlPreflight *preflight, char *detail,
							   char *remedy);

/* in preflight_scripts.c */
extern void sl_preflight_owners(SlPreflight *preflight);
extern void sl_preflight_schemas(SlPreflight *preflight);
extern void sl_preflight_lock_table(SlPreflight *preflight);

#endif							/* SL_PREFLIGHT_H */
