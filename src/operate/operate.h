/*-------------------------------------------------------------------------
 *
 * operate.h
 *	  What the functions for operating a database share.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/operate/operate.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_OPERATE_H
#define SL_OPERATE_H

#include "status/status.h"

/* in notify.c */

/*
 * Tell the listeners of the channel "schema_lifecycle", when the transaction
 * commits, what the verdict is.  'previous': what it was; NULL: not known.
 */
extern void sl_notify_verdict(const SlReport *report, const char *previous);

#endif							/* SL_OPERATE_H */
