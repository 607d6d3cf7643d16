/*-------------------------------------------------------------------------
 *
 * guard.h
 *	  DDL outside migrations: seen, or refused.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/guard/guard.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_GUARD_H
#define SL_GUARD_H

#include "postgres.h"

/*
 * Is the DDL of this transaction that of another tool which is observed?
 * Asked with each statement that the guard would log or refuse; set once, by
 * _PG_init.
 */
typedef bool (*SlGuardObserved) (void);
extern SlGuardObserved sl_guard_observed;

#endif							/* SL_GUARD_H */
