/*-------------------------------------------------------------------------
 *
 * guard_private.h
 *	  What the files of this area share.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/guard/guard_private.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_GUARD_PRIVATE_H
#define SL_GUARD_PRIVATE_H

#include "postgres.h"

#include "commands/event_trigger.h"
#include "fmgr.h"
#include "nodes/pg_list.h"

#include "common/extension.h"
#include "ledger/ledger.h"

/* What a statement was about. */
typedef struct SlGuardObject
{
	Oid			catalog;		/* InvalidOid: unknown */
	Oid			object;
	const char *class;			/* as facts have it; NULL: unknown */
	const char *identity;		/* before it was renamed; NULL: unknown */
	const char *schema;			/* NULL: it is in none */
	const char *new_schema;		/* where it was moved to, or NULL */
	bool		temporary;
} SlGuardObject;

/* in guard.c */
extern void sl_guard_bind_triggers(const SlExtension *extension);
extern const EventTriggerData *sl_guard_event(FunctionCallInfo fcinfo);

/* in objects.c */
extern List *sl_guard_changed_objects(const EventTriggerData *event);
extern List *sl_guard_dropped_objects(const EventTriggerData *event);

/* in rules.c */
extern const SlOptions *sl_guard_rules(void);
extern bool sl_guard_lets_session_pass(const SlOptions *rules);
extern bool sl_guard_lets_schema_pass(const SlOptions *rules,
									  const char *schema);
extern bool sl_guard_lets_member_pass(const SlOptions *rules, Oid catalog,
									  Oid object);
extern bool sl_guard_lets_extension_pass(const SlOptions *rules,
										 const char *extension);
extern bool sl_guard_lets_object_pass(const SlOptions *rules,
									  const SlGuardObject *object);

/* in start.c */
extern const SlGuardObject *sl_guard_foresee(const SlOptions *rules,
											 Node *statement);

#endif							/* SL_GUARD_PRIVATE_H */
