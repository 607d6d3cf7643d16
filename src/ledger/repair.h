/*-------------------------------------------------------------------------
 *
 * repair.h
 *	  What a repair reads and writes in the books, beside everybody's.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/ledger/repair.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_LEDGER_REPAIR_H
#define SL_LEDGER_REPAIR_H

#include "postgres.h"

#include "ledger/ledger.h"

/* A row of the footprint that stands for a claim. */
typedef struct SlLeftRow
{
	char	   *class;
	char	   *identity;
	char		change;
	uint8	   *after;			/* SL_HASH_LENGTH; NULL for 'd' */
} SlLeftRow;

/*
 * The footprint of a claim, by class and identity in byte order: that of its
 * own run, else the latest of the script that is registered.
 */
extern SlLeftRow *sl_footprint_of_claim(const char *revision, int *count);

/* Revisions (char *) claimed by a stamp, or by another tool's word. */
extern List *sl_claims_by_word(void);

/* The catalog bears the claim out: it rests on nobody's word any more. */
extern void sl_claim_prove(const char *revision);

#endif							/* SL_LEDGER_REPAIR_H */
