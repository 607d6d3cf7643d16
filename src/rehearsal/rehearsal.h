/*-------------------------------------------------------------------------
 *
 * rehearsal.h
 *	  Running revisions for real in a scratch database, for their footprints.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/rehearsal/rehearsal.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_REHEARSAL_H
#define SL_REHEARSAL_H

#include "runner/runner.h"

/* What a rehearsal came to. */
typedef struct SlRehearsed
{
	int			wanted;			/* revisions that had no footprint */
	int			kept;			/* of those, have one now */
	char	   *external;		/* it stopped before this one, which has no
								 * script here; NULL: it did not */
} SlRehearsed;

/*
 * May the current user make a scratch database?  If not, sl_rehearse_revisions
 * raises 42501.
 */
extern bool sl_rehearsal_is_permitted(void);

/*
 * Rehearse what is on the way to the target, as for sl_rehearse, and has no
 * footprint of the script that is registered.  For a non-atomic procedure,
 * named 'caller' to the user, that is connected to SPI with
 * SPI_OPT_NONATOMIC: commits.  The migration lock may be held by the session;
 * if it is not, it is taken for the moments in which footprints are written.
 *
 * Raises what a script raised, after the footprints of those before it were
 * kept; *result is filled then, too.
 */
extern void sl_rehearse_revisions(const char *target, const char *caller,
								  const SlOptions *options,
								  SlRehearsed *result);

/*
 * Drop what rehearsals have left that were ended from outside.  As above, and
 * raises nothing but a cancel: it is a warning if that cannot be done.
 */
extern void sl_rehearsal_clear(const char *caller);

#endif							/* SL_REHEARSAL_H */
