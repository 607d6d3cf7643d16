/*-------------------------------------------------------------------------
 *
 * ddl_log.h
 *	  The DDL that was seen outside migrations: table sl_ddl_event.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/ledger/ddl_log.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_DDL_LOG_H
#define SL_DDL_LOG_H

#include "postgres.h"

/* One object that a statement was about. */
typedef struct SlDdlRow
{
	const char *command;		/* the statement's tag */
	const char *class;			/* as facts have it; NULL: unknown */
	const char *identity;
	const char *statement;		/* its text, or what stands for it */
} SlDdlRow;

/*
 * Add the rows of one statement.  Rows older than 'retention_days' go, now
 * and then; 0: they stay.
 */
extern void sl_ddl_log_put(const SlDdlRow *rows, int count,
						   int retention_days);

#endif							/* SL_DDL_LOG_H */
