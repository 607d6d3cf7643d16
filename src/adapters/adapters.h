/*-------------------------------------------------------------------------
 *
 * adapters.h
 *	  Histories that other tools keep: reading them, taking them over, and
 *	  keeping them in step.
 *
 * A tool is a row in the table of adapters and a file: how its version table
 * is told by its columns, what the rows say, how it would write them.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/adapters/adapters.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_ADAPTERS_H
#define SL_ADAPTERS_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "common/sl_compat.h"

/* One revision that was taken over, or listed. */
typedef struct SlAdopted
{
	const char *revision;
	const char *outcome;		/* adopted; stamped, partial, altered: the
								 * catalog does not bear it out; unverifiable:
								 * nothing is known of it; unresolved: facts
								 * cannot decide, sl_resolve() can; unknown: it
								 * is not registered */
	const char *evidence;		/* applied, rehearsed, ...; NULL: none */
	const char *detail;			/* NULL: none */
	bool		claimed;		/* it is in the history now */
} SlAdopted;

typedef struct SlAdoption
{
	const char *tool;			/* NULL: there is no version table */
	const char *version_table;	/* its name for people */
	const char *located;		/* by the catalog alone; NULL: it was not */
	List	   *rows;			/* SlAdopted *, in the order of the graph */
	int			adopted;
	int			contradicted;	/* stamped, partial, altered */
	int			unverifiable;
	int			unresolved;
	bool		nowhere;		/* no table speaks, and the catalog is at no
								 * revision exactly: nothing was adopted */
	List	   *candidates;		/* the best ones then, char *, for people */
} SlAdoption;

/* in adopt.c */

/*
 * What sl_adopt() does.  The caller holds the migration lock for the
 * transaction and is who reads and writes the version table.  tool NULL or
 * "auto", version_table NULL: look for it.  'nowhere' is for the caller to
 * refuse; everything else that is wrong is an error.
 */
extern void sl_adopt_history(const char *tool, const char *version_table,
							 bool mirror, SlAdoption *adoption);
pg_noreturn extern void sl_adoption_refuse(const SlAdoption *adoption);

/* in mirror.c */
extern void sl_mirror_init(void);

/* in watch.c */

/*
 * Is the DDL of this transaction that of a tool which is observed?  It has
 * looked at its version table, as tools do before they begin.
 */
extern bool sl_observe_is_tool(void);

#endif							/* SL_ADAPTERS_H */
