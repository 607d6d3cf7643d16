/*-------------------------------------------------------------------------
 *
 * sl_compat.h
 *	  One spelling for PostgreSQL 15 to 18: the newest API is what the code
 *	  says, older majors get shims here and nowhere else.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/common/sl_compat.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_COMPAT_H
#define SL_COMPAT_H

#include "postgres.h"

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 190000
#error "schema_lifecycle supports PostgreSQL 15 to 18"
#endif

/* 18 has C11's place for it, before the declaration. */
#if PG_VERSION_NUM < 180000
#define pg_noreturn pg_attribute_noreturn()
#endif

#endif							/* SL_COMPAT_H */
