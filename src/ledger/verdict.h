/*-------------------------------------------------------------------------
 *
 * verdict.h
 *	  The verdicts that were seen: table sl_verdict.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/ledger/verdict.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_VERDICT_H
#define SL_VERDICT_H

#include "postgres.h"

#include "utils/jsonb.h"

/* The last one, as it is committed now; NULL: there is none. */
extern char *sl_verdict_last(void);

/*
 * Write one down.  What is older than 'retention_days' goes, 0: nothing.  The
 * caller sees to it that nobody else does the same at the moment.
 */
extern void sl_verdict_put(const char *verdict, const char *previous,
						   Jsonb *findings, int retention_days);

#endif							/* SL_VERDICT_H */
