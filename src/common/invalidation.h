/*-------------------------------------------------------------------------
 *
 * invalidation.h
 *	  When may what was read before no longer be so?
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/common/invalidation.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_INVALIDATION_H
#define SL_INVALIDATION_H

#include "postgres.h"

/* Groups of catalogs that the server tells us about, see invalidation.c. */
typedef enum SlCatalogGroup
{
	SL_GROUP_RELATION,			/* relations and all that hangs on them */
	SL_GROUP_ROLE,
	SL_GROUP_SCHEMA,
	SL_GROUP_TYPE,				/* with ranges */
	SL_GROUP_ENUM,
	SL_GROUP_ROUTINE,			/* with aggregates */
	SL_GROUP_OPERATOR,
	SL_GROUP_OPERATOR_CLASS,
	SL_GROUP_COLLATION,
	SL_GROUP_CONSTRAINT,
	SL_GROUP_SEQUENCE,
	SL_GROUP_STATISTICS,
	SL_GROUP_EVENT_TRIGGER,
	SL_GROUP_SERVER,
	SL_GROUP_USER_MAPPING,
	SL_GROUP_DEFAULT_ACL,
	SL_GROUP_PUBLICATION,
	SL_GROUP_OTHER				/* any other: some message came */
} SlCatalogGroup;

#define SL_GROUPS (SL_GROUP_OTHER + 1)

/*
 * Both move forward only.  What was read from now on, with a new snapshot, by
 * a transaction that has no xid, is still so as long as the number stays.  A
 * number may move though nothing changed.
 *
 * Of pg_extension 15 sends no message: a change of an extension's version
 * alone does not move the first.
 */
extern uint64 sl_catalog_generation(void);
extern uint64 sl_ledger_generation(void);

/* The same by group, all of them in one array. */
extern const uint64 *sl_catalog_generations(void);

/*
 * Does this transaction have an xid?  Then it may have changed what nobody
 * else can see: nothing that was kept is to be believed, nothing to be kept.
 */
extern bool sl_transaction_writes(void);

/* Forget all that this session keeps of the catalogs. */
extern void sl_caches_forget(void);

/* This transaction writes to the extension's own tables. */
extern void sl_ledger_touch(void);

#endif							/* SL_INVALIDATION_H */
