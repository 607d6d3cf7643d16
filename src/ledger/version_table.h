/*-------------------------------------------------------------------------
 *
 * version_table.h
 *	  The books of what other tools say: which version tables we know, and
 *	  claims that were taken over from them.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/ledger/version_table.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_VERSION_TABLE_H
#define SL_VERSION_TABLE_H

#include "postgres.h"

#include "nodes/pg_list.h"

/* A version table, by name: it may be restored, or made anew. */
typedef struct SlVersionTableRow
{
	char	   *schema;
	char	   *name;
	char	   *tool;
	bool		mirror;			/* it gets what our history says */
	char	   *observe;		/* record, warn, deny; NULL: not watched */
} SlVersionTableRow;

/* A table that the tool keeps beside it, in the same schema; or NULL. */
extern const char *sl_version_table_companion(const char *tool);

/* SlVersionTableRow pointers, by name. */
extern List *sl_version_tables_read(bool fresh);
extern void sl_version_table_put(const SlVersionTableRow *row);
extern bool sl_version_table_drop(const char *schema, const char *name);

/*
 * Claims on the word of another tool, in the order of the list; the ids count
 * up from the first.  Returns how many were not claimed before.
 */
extern uint64 sl_claim_adopted(List *revisions, int64 first_id);

/* These rest on that word alone: nothing else bears them out. */
extern void sl_claim_unproven(List *revisions);

/* Does a claim rest on another tool's word alone? */
extern bool sl_claim_is_word(const char *revision);

/* A person says so, too. */
extern void sl_claim_confirm(const char *revision);

/*
 * The place that was kept in the history for a revision which was found and
 * not claimed; 0: none was.
 */
extern int64 sl_log_kept_place(const char *revision);

/* Rows of the history, one for each claim of sl_claim_adopted. */
typedef struct SlAdoptedRow
{
	const char *revision;
	const char *outcome;
	const char *evidence;		/* NULL: none */
	const char *reason;
} SlAdoptedRow;

extern void sl_log_adopted(int64 first_id, const SlAdoptedRow *rows,
						   int count);

#endif							/* SL_VERSION_TABLE_H */
