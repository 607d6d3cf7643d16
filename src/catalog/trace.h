/*-------------------------------------------------------------------------
 *
 * trace.h
 *	  Which facts a script changes, while it runs.
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

#include "nodes/nodes.h"
#include "nodes/pg_list.h"
#include "utils/palloc.h"

#include "catalog/catalog.h"

typedef enum SlChangeKind
{
	SL_FACT_ADDED,
	SL_FACT_REPLACED,			/* it was dropped and made again: what it was
								 * before is not known */
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

/* Chain the hooks; called once, by _PG_init. */
extern void sl_trace_init(void);

/*
 * From here on, this session's changes of the catalog are collected.  There is
 * at most one trace: one that is on is given up.  What it returns lives in
 * 'cxt', and if that goes, the trace is off.
 */
extern void sl_trace_begin(MemoryContext cxt);

/*
 * The same from an event trigger at the start of a statement, which is seen,
 * too.
 */
extern void sl_trace_begin_at(MemoryContext cxt, Node *statement);

extern bool sl_trace_is_on(void);

/*
 * The changes since then: SlChange *, sorted by class and identity in the
 * order of their bytes.  The trace is off.  Facts are whole, with owners and
 * privileges.  What was touched but is as it was is no change.
 */
extern List *sl_trace_end(void);

/* Forget it: from an error's handler, or at the abort of a transaction. */
extern void sl_trace_abandon(void);

#endif							/* SL_TRACE_H */
