/*-------------------------------------------------------------------------
 *
 * trace.h
 *	  What a script does to the facts.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/trace.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_TRACE_H
#define SL_TRACE_H

#include "postgres.h"

#include "catalog/catalog.h"

typedef enum SlChangeKind
{
	SL_FACT_ADDED,
	SL_FACT_REPLACED,
	SL_FACT_CHANGED,
	SL_FACT_REMOVED
} SlChangeKind;

typedef struct SlChange
{
	SlChangeKind kind;
	const char *class;
	const char *identity;
	const SlFact *before;		/* CHANGED only */
	const SlFact *after;		/* NULL: REMOVED */
} SlChange;

extern void sl_trace_init(void);
extern void sl_trace_begin(MemoryContext cxt);
extern List *sl_trace_end(void);
extern void sl_trace_abandon(void);

#endif							/* SL_TRACE_H */
