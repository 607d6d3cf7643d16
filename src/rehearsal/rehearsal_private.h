/*-------------------------------------------------------------------------
 *
 * rehearsal_private.h
 *	  What the files of the area share.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/rehearsal/rehearsal_private.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_REHEARSAL_PRIVATE_H
#define SL_REHEARSAL_PRIVATE_H

#include "lib/stringinfo.h"

#include "rehearsal/rehearsal.h"

/* in wire.c: what goes through the queues between session and worker */

/* A script, on its way to the worker. */
typedef struct SlPlayScript
{
	char	   *revision;
	char	   *script;
	int			first_line;
	int			statements;
	SlKind		kind;
	bool		transactional;
	bool		has_data;
	bool		confined;		/* see SlConfinement */
	bool		wanted;			/* its footprint is */
} SlPlayScript;

/* What became of it, on the way back. */
typedef struct SlPlayed
{
	char	   *revision;
	int			statements;
	int64		elapsed;		/* microseconds */
	bool		partial;		/* something was passed over that may have
								 * changed facts */
	int			nrows;
	SlFootprintRow *rows;		/* evidence_id is not set */
} SlPlayed;

extern void sl_wire_put_script(StringInfo buf, const SlPlayScript *script);
extern void sl_wire_get_script(StringInfo message, SlPlayScript *script);
extern void sl_wire_put_played(StringInfo buf, const SlPlayed *played,
							   StringInfo rows);
extern void sl_wire_put_row(StringInfo rows, const SlFootprintRow *row);
extern void sl_wire_get_played(StringInfo message, SlPlayed *played);

/* The worker's messages; its questions are answered, the rest is not. */
#define SL_PLAY_NEXT 'n'		/* scripts, please; none: that was all */
#define SL_PLAY_PLAYED 'p'		/* an SlPlayed follows */

/* in play.c: the job of the worker in the scratch database */
#define SL_JOB_PLAY "sl_job_play"

typedef struct SlPlayInput
{
	int			lock_timeout;
	int			statement_timeout;

	/*
	 * Statements that come before the scripts, and may fail; a NUL after
	 * each, an empty one at the end.
	 */
	char		givens[FLEXIBLE_ARRAY_MEMBER];
} SlPlayInput;

/* in pass_over.c */
extern void sl_pass_over_begin(void);
extern void sl_pass_over_revision(const char *revision);
extern bool sl_pass_over_was_partial(void);
extern void sl_pass_over_tell(const char *what, const char *why, bool facts);

/* in outside.c */
extern void sl_outside_begin(void);
extern bool sl_is_untrusted_language(Oid language);

/* in scratch.c: making and dropping the database */

typedef void (*SlScratchUser) (Oid database, void *arg);

extern void sl_scratch_with(SlScratchUser user, void *arg, const char *caller,
							bool wanted);

#endif							/* SL_REHEARSAL_PRIVATE_H */
