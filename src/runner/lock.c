/*-------------------------------------------------------------------------
 *
 * lock.c
 *	  The migration lock, and who has it.
 *
 * The lock is the advisory lock of the keys in schema_lifecycle.lock_keys, as
 * pg_advisory_lock(bigint) would take it: the first key is ours, the others
 * keep tools out that lock with a key of their own.  It only saves work and
 * keeps order; what makes a revision run once is the claim in the ledger.
 *
 * A second lock, of a class that no SQL function can name, says that a worker
 * of ours is alive: it outlives the session that launched it for the moment
 * that the worker needs to stop, and no other run may begin in that moment.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/runner/lock.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/timestamp.h"

#include "common/settings.h"
#include "runner/call.h"
#include "runner/runner.h"

/* field4 of the lock tag: 1 and 2 are the SQL functions', others are free */
#define SL_LOCK_CLASS_BIGINT 1
#define SL_LOCK_CLASS_WORKER 0x534c		/* "SL" */

static void
key_tag(int64 key, LOCKTAG *tag)
{
	SET_LOCKTAG_ADVISORY(*tag, MyDatabaseId, (uint32) (key >> 32),
						 (uint32) key, SL_LOCK_CLASS_BIGINT);
}

static void
worker_tag(LOCKTAG *tag)
{
	SET_LOCKTAG_ADVISORY(*tag, MyDatabaseId, 0, 0, SL_LOCK_CLASS_WORKER);
}

/*
 * Look for who holds a lock: shared memory only, so it works in any state of
 * the transaction.  Finds nobody when the lock was freed in the meantime.
 */
static void
find_holder(const LOCKTAG *tag, int64 key, SlHolder *holder)
{
	LockData   *locks = GetLockStatusData();
	int			i;

	memset(holder, 0, sizeof(*holder));
	holder->key = key;
	for (i = 0; i < locks->nelements && !holder->exclusive; i++)
	{
		LockInstanceData *instance = &locks->locks[i];

		if (instance->holdMask == 0 || instance->pid == MyProcPid ||
			memcmp(&instance->locktag, tag, sizeof(LOCKTAG)) != 0)
			continue;
		holder->exclusive =
			(instance->holdMask & LOCKBIT_ON(ExclusiveLock)) != 0;
		holder->pid = instance->pid;
		holder->prepared_xid = instance->pid != 0 ? InvalidTransactionId :
			sl_lock_instance_prepared_xid(instance);
	}
}

/* The keys that are set now, palloc'd. */
SlLockKeys *
sl_lock_keys(void)
{
	int			count = sl_lock_key_count();
	SlLockKeys *keys = palloc(offsetof(SlLockKeys, keys) +
							  count * sizeof(int64));
	int			i;

	keys->count = count;
	for (i = 0; i < count; i++)
		keys->keys[i] = sl_lock_key(i);
	return keys;
}

static void
release_keys(const SlLockKeys *keys, int count, LOCKMODE mode)
{
	int			i;

	for (i = count - 1; i >= 0; i--)
	{
		LOCKTAG		tag;

		key_tag(keys->keys[i], &tag);
		(void) LockRelease(&tag, mode, true);
	}
}

/*
 * Take all keys, or none and tell who has the first that is taken.  'session'
 * as in pg_advisory_lock: held until sl_lock_release or the end of the
 * session, and else until the end of the transaction.
 */
bool
sl_lock_try(const SlLockKeys *keys, LOCKMODE mode, bool session,
			SlHolder *holder)
{
	int			i;

	for (i = 0; i < keys->count; i++)
	{
		LOCKTAG		tag;

		key_tag(keys->keys[i], &tag);
		if (LockAcquire(&tag, mode, session, true) != LOCKACQUIRE_NOT_AVAIL)
			continue;

		/* in a transaction the server releases what was taken before */
		if (session)
			release_keys(keys, i, mode);
		if (holder != NULL)
			find_holder(&tag, keys->keys[i], holder);
		return false;
	}
	return true;
}

/* Give the session's lock up. */
void
sl_lock_release(const SlLockKeys *keys, LOCKMODE mode)
{
	release_keys(keys, keys->count, mode);
}

/*
 * Sleep in the server's queue until each of the keys has been free; false if
 * they were.  Nothing is held afterwards; after an error the abort of the
 * (sub)transaction releases what there is.
 */
bool
sl_lock_await(const SlLockKeys *keys)
{
	bool		slept = false;
	int			i;

	for (i = 0; i < keys->count; i++)
	{
		LOCKTAG		tag;

		key_tag(keys->keys[i], &tag);
		if (LockAcquire(&tag, ShareLock, false, true) ==
			LOCKACQUIRE_NOT_AVAIL)
		{
			slept = true;
			(void) LockAcquire(&tag, ShareLock, false, false);
		}
		(void) LockRelease(&tag, ShareLock, false);
	}
	return slept;
}

/*
 * For functions: the lock until the end of the transaction, or SL007 at once.
 * A function holds a snapshot and must not wait, but for the moment in which
 * those who slept until the lock was free give it up again.
 */
void
sl_lock_for_transaction(void)
{
	SlLockKeys *keys = sl_lock_keys();
	SlHolder	holder;
	int			tries = 0;

	while (!sl_lock_try(keys, ExclusiveLock, false, &holder))
	{
		if (holder.exclusive || ++tries > SL_LOCK_SHARERS_MS)
			sl_lock_report_busy(&holder);
		sl_call_pause(1);
	}
	if (!sl_worker_lock_try(ExclusiveLock, &holder))
		sl_lock_report_busy(&holder);
	sl_worker_lock_release(ExclusiveLock);
}

/* The same for the lock that says that a worker is alive; session only. */
bool
sl_worker_lock_try(LOCKMODE mode, SlHolder *holder)
{
	LOCKTAG		tag;

	worker_tag(&tag);
	if (LockAcquire(&tag, mode, true, true) != LOCKACQUIRE_NOT_AVAIL)
		return true;
	if (holder != NULL)
	{
		find_holder(&tag, 0, holder);
		holder->worker = true;
	}
	return false;
}

void
sl_worker_lock_release(LOCKMODE mode)
{
	LOCKTAG		tag;

	worker_tag(&tag);
	(void) LockRelease(&tag, mode, true);
}

/*
 * Who has the lock now, ourselves included, and whose worker is alive.  False
 * if nobody has it.  Those who wait for a run that they need not do any more
 * have it in share mode, and are nobody.
 */
bool
sl_lock_look(SlHolder *holder, SlHolder *worker)
{
	LockData   *locks = GetLockStatusData();
	SlLockKeys *keys = sl_lock_keys();
	bool		held = false;
	int			i;
	int			k;

	memset(holder, 0, sizeof(*holder));
	memset(worker, 0, sizeof(*worker));
	worker->worker = true;
	for (i = 0; i < locks->nelements; i++)
	{
		LockInstanceData *instance = &locks->locks[i];
		LOCKTAG		tag;

		if ((instance->holdMask & LOCKBIT_ON(ExclusiveLock)) == 0)
			continue;
		worker_tag(&tag);
		if (memcmp(&instance->locktag, &tag, sizeof(LOCKTAG)) == 0)
			worker->pid = instance->pid;
		for (k = 0; k < keys->count && !held; k++)
		{
			key_tag(keys->keys[k], &tag);
			if (memcmp(&instance->locktag, &tag, sizeof(LOCKTAG)) != 0)
				continue;
			held = true;
			holder->key = keys->keys[k];
			holder->pid = instance->pid;
			if (instance->pid == 0)
				holder->prepared_xid = sl_lock_instance_prepared_xid(instance);
		}
	}
	return held || worker->pid != 0;
}

/* What the holder holds, as a part of a sentence. */
static char *
describe_lock(const SlHolder *holder)
{
	return holder->worker ?
		pstrdup(_("the lock of a background worker")) :
		psprintf(_("advisory lock %lld"), (long long) holder->key);
}

/* Raise SL007 and say who is in the way. */
void
sl_lock_report_busy(const SlHolder *holder)
{
	SlActivity *activity = NULL;

	if (TransactionIdIsValid(holder->prepared_xid))
	{
		char	   *gid = sl_prepared_transaction_gid(holder->prepared_xid);

		ereport(ERROR,
				(errcode(SL_ERR_LOCK_BUSY),
				 errmsg("the migration lock is held by a prepared transaction"),
				 errdetail("Prepared transaction \"%s\" holds %s.",
						   gid != NULL ? gid : "?", describe_lock(holder)),
				 errhint("COMMIT PREPARED or ROLLBACK PREPARED it: no process will.")));
	}
	if (holder->pid != 0)
		activity = sl_activity_of(holder->pid);
	if (activity == NULL)
		ereport(ERROR,
				(errcode(SL_ERR_LOCK_BUSY),
				 errmsg("another migration is running"),
				 errdetail("It held %s a moment ago.",
						   describe_lock(holder)),
				 errhint("Call again.")));
	else
		ereport(ERROR,
				(errcode(SL_ERR_LOCK_BUSY),
				 errmsg("another migration is running in process %d",
						holder->pid),
				 errdetail("It holds %s since %s, application \"%s\", client %s%s%s",
						   describe_lock(holder),
						   activity->since != NULL ? activity->since : "?",
						   activity->application_name != NULL ?
						   activity->application_name : "",
						   activity->client,
						   activity->query != NULL ? ": " : ".",
						   activity->query != NULL ? activity->query : ""),
				 errhint("Wait until it is done; a CALL waits for schema_lifecycle.lock_wait by itself.")));
}
