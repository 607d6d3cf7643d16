/*-------------------------------------------------------------------------
 *
 * peek.h
 *	  A look at one row of an own table, without a plan.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/ledger/peek.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_PEEK_H
#define SL_PEEK_H

#include "postgres.h"

#include "access/sdir.h"

/*
 * Which row of which table: the first or the last one in the order of an
 * index, among those that the index has.
 */
typedef struct SlPeek
{
	const char *table;
	const char *index;
	ScanDirection direction;
	int			ncolumns;		/* of the first columns: */
	Oid			types[4];
} SlPeek;

/*
 * Read it: with the active snapshot or, 'fresh', as of all that is committed
 * by now.  False if there is none.  The values of the first columns are copied
 * into the current memory context; the two arrays have room for them.
 */
extern bool sl_peek(const SlPeek *peek, bool fresh, Datum *values,
					bool *nulls);

#endif							/* SL_PEEK_H */
