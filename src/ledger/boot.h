/*-------------------------------------------------------------------------
 *
 * boot.h
 *	  What the last boot found in the end: for those who waited for it.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/ledger/boot.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_LEDGER_BOOT_H
#define SL_LEDGER_BOOT_H

#include "postgres.h"

#include "datatype/timestamp.h"

/*
 * Write down that the database was found right, by a look that began then,
 * for this expected head (NULL: all), in the transaction that says so to
 * everybody.  Who registers something later has asked later, too, and is not
 * answered.
 */
extern void sl_boot_end_put(const char *expected, TimestampTz at);

/* Was it found right for that head since then, and nothing has run since? */
extern bool sl_boot_ended_since(const char *expected, TimestampTz since);

/* Is there such a revision, by its whole id, and it is not applied? */
extern bool sl_revision_is_waiting(const char *revision);

#endif							/* SL_LEDGER_BOOT_H */
