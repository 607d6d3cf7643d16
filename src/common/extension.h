/*-------------------------------------------------------------------------
 *
 * extension.h
 *	  Where the extension lives, and acting as its owner.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/common/extension.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_EXTENSION_H
#define SL_EXTENSION_H

#include "postgres.h"

#define SL_EXTENSION_NAME "schema_lifecycle"
#define SL_EXTENSION_VERSION "1.0"

/* The installed extension: found by name in pg_extension, never by path. */
typedef struct SlExtension
{
	Oid			oid;
	Oid			schema;
	Oid			owner;
} SlExtension;

/* Who was acting before sl_become_owner. */
typedef struct SlIdentity
{
	Oid			userid;
	int			sec_context;
} SlIdentity;

/* in extension.c */
extern bool sl_extension_find(SlExtension *extension);
extern bool sl_extension_is_current(SlExtension *extension);
extern bool sl_extension_find_other(const char *name, SlExtension *extension);
extern void sl_extension_get(SlExtension *extension);
extern void sl_become_owner(const SlExtension *extension, SlIdentity *before);
extern void sl_become_again(const SlIdentity *before);

/*
 * To be called first by every function that writes: refuses on a standby and
 * in a read-only transaction (25006), in a SECURITY DEFINER function and in a
 * security-restricted operation (42501), naming 'function'.
 */
extern void sl_require_writer(const char *function);

#endif							/* SL_EXTENSION_H */
