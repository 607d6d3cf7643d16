/*-------------------------------------------------------------------------
 *
 * tail.h
 *	  The end of the history and of the verdicts, for those who look at them.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/ledger/tail.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_TAIL_H
#define SL_TAIL_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

/* A row of the history; long words are cut. */
typedef struct SlLogTailRow
{
	TimestampTz at;
	char	   *action;
	char	   *revision;
	char	   *outcome;
	char	   *role;
	char	   *application_name;	/* NULL: none */
	char	   *evidence;		/* NULL: none */
	int64		elapsed;		/* microseconds; -1: not known */
	char	   *sqlstate;		/* NULL: no error */
	char	   *error;
	char	   *reason;			/* NULL: none */
} SlLogTailRow;

/*
 * The last rows, the latest first: pointers.  'failures': of
 * failed runs alone.  *total: how many there are.
 */
extern List *sl_log_tail(bool failures, int limit, int64 *total);

/* A change of the verdict, as sl_watch() saw it. */
typedef struct SlVerdictTailRow
{
	TimestampTz at;
	char	   *verdict;
	char	   *previous;		/* NULL: it was the first look */
	int			pending;
	char	   *stamped;		/* counts; NULL: they were not known */
	char	   *errors;
	char	   *warnings;
} SlVerdictTailRow;

extern List *sl_verdict_tail(int limit, int64 *total);

#endif							/* SL_TAIL_H */
