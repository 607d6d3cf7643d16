/*-------------------------------------------------------------------------
 *
 * ddl_table.h
 *	  What tables, columns and sequences share.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/heal/ddl_table.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_DDL_TABLE_H
#define SL_DDL_TABLE_H

#include "postgres.h"

#include "heal/ddl.h"

#define SL_COLUMN_VALUE		1	/* default, generated, identity */
#define SL_COLUMN_NOT_NULL	2

/* in ddl_column.c */
extern Oid	sl_live_relation(const char *identity);
extern char sl_live_relation_kind(const char *identity);
extern List *sl_live_parents(const char *identity);
extern char *sl_column_text(const SlFact *column, int parts);
extern void sl_column_details(SlDdl *ddl, const SlFact *column);
extern bool sl_default_is_apart(const SlFact *column);
extern void sl_column_default_apart(SlDdl *ddl, const SlFact *column);
extern bool sl_column_not_null_apart(SlDdl *ddl, const SlFact *fact);

/* in ddl_table.c */
extern void sl_ddl_catch_up(SlDdl *ddl, const char *sequence,
							const char *column, const char *start,
							bool downwards);
extern bool sl_sequence_owner_apart(SlDdl *ddl, const SlFact *fact);
extern bool sl_replica_identity_apart(SlDdl *ddl, const SlFact *fact);

#endif							/* SL_DDL_TABLE_H */
