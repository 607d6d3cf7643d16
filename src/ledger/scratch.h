/*-------------------------------------------------------------------------
 *
 * scratch.h
 *	  Databases that rehearsals made and have not dropped yet.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/ledger/scratch.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_SCRATCH_H
#define SL_SCRATCH_H

#include "postgres.h"

#include "nodes/pg_list.h"

typedef struct SlScratchRow
{
	char	   *name;
	char	   *mark;			/* the comment that the database has */
	bool		own;			/* of this very database; else the row came
								 * with a copy or a dump of another */
} SlScratchRow;

extern List *sl_scratch_read(void);

/* Of what a rehearsal needs and nobody's script makes. */
typedef struct SlGivenRow
{
	char	   *name;
	char	   *schema;			/* of an extension; NULL: it is a schema */
} SlGivenRow;

/*
 * Schemas and extensions of this database that no registered script seems to
 * make, schemas first.
 */
extern List *sl_scratch_givens(void);
extern void sl_scratch_add(const char *name, const char *mark);
extern void sl_scratch_remove(const char *name);

#endif							/* SL_SCRATCH_H */
