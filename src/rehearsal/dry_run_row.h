/*-------------------------------------------------------------------------
 *
 * dry_run_row.h
 *	  The rows that sl_dry_run returns.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/rehearsal/dry_run_row.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_DRY_RUN_ROW_H
#define SL_DRY_RUN_ROW_H

#include "postgres.h"

#include "nodes/execnodes.h"
#include "utils/elog.h"

#include "rehearsal/dry_run.h"

typedef struct SlDryRow
{
	const char *revision;
	int			statement;		/* 0: none is at work */
	int			line;
	const char *command;
	int64		elapsed;		/* microseconds; -1: it did not run */
	const char *outcome;
} SlDryRow;

typedef struct SlDryRows SlDryRows;

extern SlDryRows *sl_dry_rows_begin(ReturnSetInfo *rsinfo);

/* A statement that ran; it took these locks (SlHeld *), and changed this
 * (SlChange *). */
extern void sl_dry_row_ran(SlDryRows *rows, const SlDryRow *row, List *taken,
						   List *changes);

/* One that did not, or of which no more is known than its tree tells. */
extern void sl_dry_row_known(SlDryRows *rows, const SlDryRow *row,
							 const SlKnownLocks *known);

/*
 * One that failed, and what it had locked by then; if that was nothing, what
 * its tree tells that it wanted.
 */
extern void sl_dry_row_locked(SlDryRows *rows, const SlDryRow *row,
							  const SlLockNow *locks, int nlocks,
							  const SlKnownLocks *known);

/* No statement. */
extern void sl_dry_row_bare(SlDryRows *rows, const SlDryRow *row);

/* Say what was not taken back. */
extern void sl_dry_rows_end(SlDryRows *rows);

/* An error on its way into an outcome. */
extern char *sl_dry_error(const ErrorData *error);

#endif							/* SL_DRY_RUN_ROW_H */
