/*-------------------------------------------------------------------------
 *
 * query.h
 *	  How the ledger talks to its tables; private to the area.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/ledger/query.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_QUERY_H
#define SL_QUERY_H

#include "postgres.h"

#include "executor/spi.h"
#include "utils/jsonb.h"

#include "common/extension.h"
#include "common/sl_compat.h"

typedef enum SlQueryMode
{
	SL_READ,					/* with the active snapshot */
	SL_READ_FRESH,				/* sees all that is committed by now */
	SL_WRITE,
	SL_WRITE_ASIDE				/* no answer that is kept rests on it */
} SlQueryMode;

/*
 * A statement and its plan, which is kept for the session.  In the text, "@."
 * stands for the extension's schema.  'table' names the table written to.
 */
typedef struct SlQuery
{
	const char *text;
	const char *table;			/* NULL when nothing is written */
	int			nargs;
	Oid			argtypes[32];
	/* kept */
	SPIPlanPtr	plan;
	Oid			extension;
	char	   *schema;
} SlQuery;

/*
 * An open result: between sl_query_open and sl_query_close the rows are in
 * SPI_tuptable, the session acts as the extension's owner, and the current
 * memory context is SPI's; 'caller' is where results belong.
 */
typedef struct SlResult
{
	SlIdentity	before;
	int			nest_level;
	bool		pushed_snapshot;
	MemoryContext caller;
	uint64		nrows;
} SlResult;

/* in query.c */
extern Relation sl_own_relation_open(const SlExtension *extension,
									 const char *name, LOCKMODE mode);
extern void sl_query_open(SlQuery *query, SlQueryMode mode,
						  const Datum *values, const char *nulls,
						  SlResult *result);
extern void sl_query_close(SlResult *result);
extern uint64 sl_query_run(SlQuery *query, SlQueryMode mode,
						   const Datum *values, const char *nulls);

/*
 * Run a query that reads and hand each row to 'sink' as it comes, in a short
 * memory context: no row is kept.
 */
typedef void (*SlRowSink) (TupleTableSlot *slot, void *arg);

extern void sl_query_stream(SlQuery *query, const Datum *values,
							const char *nulls, SlRowSink sink, void *arg);

/* Return all rows, as the result of the SQL function that is being called. */
extern void sl_query_return(SlQuery *query, const Datum *values,
							FunctionCallInfo fcinfo);

/* columns of row 'row', counted from 1; copied into the caller's context */
extern char *sl_result_text(SlResult *result, uint64 row, int column);
extern List *sl_result_list(SlResult *result, int column);
extern bool sl_result_bool(SlResult *result, uint64 row, int column);
extern int32 sl_result_int(SlResult *result, uint64 row, int column);
extern int64 sl_result_bigint(SlResult *result, uint64 row, int column);
extern char **sl_result_texts(SlResult *result, uint64 row, int column,
							  int *count);
extern Jsonb *sl_result_jsonb(SlResult *result, uint64 row, int column);

/* values for parameters; a NULL text gives nulls[i] = 'n' */
extern void sl_param_text(Datum *values, char *nulls, int i, const char *text);
extern void sl_param_list(Datum *values, char *nulls, int i, List *texts);
extern void sl_param_texts(Datum *values, char *nulls, int i, char **texts,
						   int count);

#endif							/* SL_QUERY_H */
