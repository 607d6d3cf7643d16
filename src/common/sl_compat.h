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

/* 16 moved the memory of GUC extras from malloc to a context of its own */
#if PG_VERSION_NUM < 160000
#define guc_malloc(elevel, size) malloc(size)
#define guc_free(pointer) free(pointer)
#endif

/* 16 brought typed allocation to the backend; the product cannot overflow */
#if PG_VERSION_NUM < 160000
#include "storage/shmem.h"
#define palloc_object(type) ((type *) palloc(sizeof(type)))
#define palloc0_object(type) ((type *) palloc0(sizeof(type)))
#define palloc_array(type, count) \
	((type *) palloc(mul_size(sizeof(type), (count))))
#define palloc0_array(type, count) \
	((type *) palloc0(mul_size(sizeof(type), (count))))
#endif

#endif							/* SL_COMPAT_H */
