/*-------------------------------------------------------------------------
 *
 * call.h
 *	  Procedures that commit on their way, under the migration lock.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/runner/call.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_CALL_H
#define SL_CALL_H

#include "runner/runner.h"

/* One call of a procedure. */
typedef struct SlCall
{
	const char *name;			/* of the procedure */
	SlOptions	options;		/* with those of the database once the lock is
								 * held */
	Jsonb	   *given;			/* the call's own, or NULL */
	SlLockKeys *keys;			/* as they were set at its start */
	MemoryContext outer;		/* the caller's */
	MemoryContext context;		/* lives as long as the call; the current one
								 * between the functions below */
	MemoryContext work;			/* reset now and then */
} SlCall;

extern SlCall *sl_call_begin(FunctionCallInfo fcinfo, const char *name,
							 const char *alternative, Jsonb *options);
extern void sl_call_end(SlCall *call);
extern void sl_call_require_top_level(FunctionCallInfo fcinfo,
									  const char *name, const char *detail,
									  const char *alternative);

/*
 * Each begins the next transaction, without a snapshot; memory of the call
 * stays.
 */
extern void sl_call_commit(void);
extern void sl_call_rollback(void);

/* Both without a snapshot, after sl_call_commit; a cancel ends them. */
extern void sl_call_pause(long ms);
extern bool sl_call_sleep(void (*wait) (void *arg), void *arg, long ms);

/*
 * Take the migration lock for the session, waiting for it up to lock_wait,
 * else SL007.  False: while we waited somebody else did all there was to do,
 * says 'is_done', which is asked when the lock was free for a moment, and
 * allocates what it likes.
 */
typedef bool (*SlDone) (void *arg);

extern bool sl_call_lock(SlCall *call, SlDone is_done, void *arg);

/* Do it under that lock, and give the lock up whatever happens. */
extern void sl_call_run_locked(SlCall *call, void (*body) (void *arg),
							   void *arg);

/*
 * Do a piece of work in a subtransaction, in call->work, under the lock.
 * Returns NULL, or the error, which is in call->context: then the caller
 * calls sl_call_rollback.
 */
extern ErrorData *sl_call_try(SlCall *call, void (*piece) (void *arg),
							  void *arg);
extern ErrorData *sl_call_take_error(SlCall *call);

/* The same without the lock, where there may be none. */
extern ErrorData *sl_try_piece(void (*piece) (void *arg), void *arg,
							   MemoryContext context);

/* in migrate.c: what CALL sl_migrate does once it has the lock */
extern void sl_migrate_locked(SlCall *call, const char *target,
							  SlDirection direction);

#endif							/* SL_CALL_H */
