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

#include "access/twophase.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/timestamp.h"

#include "common/settings.h"
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
 * Which prepared transaction it is: locks keep the virtual transaction id of
 * the session that prepared it, or after a restart the xid itself.
 */
static TransactionId
prepared_xid(LockInstanceData *instance)
{
	VirtualTransactionId vxid;
	bool		have_more;

	SL_LOCK_INSTANCE_VXID(vxid, instance);
	if (VirtualTransactionIdIsRecoveredPreparedXact(vxid))
		return vxid.localTransactionId;
	return TwoPhaseGetXidByVirtualXID(vxid, &have_more);
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

	holder->key = key;
	holder->pid = 0;
	holder->prepared_xid = InvalidTransactionId;
	for (i = 0; i < locks->nelements; i++)
	{
		LockInstanceData *instance = &locks->locks[i];

		if (instance->holdMask == 0 || instance->pid == MyProcPid ||
			memcmp(&instance->locktag, tag, sizeof(LOCKTAG)) != 0)
			continue;
		holder->pid = instance->pid;
		if (instance->pid == 0)
			holder->prepared_xid = prepared_xid(instance);
		return;
	}
}

static void
release_keys(int count, LOCKMODE mode)
{
	int			i;

	for (i = count - 1; i >= 0; i--)
	{
		LOCKTAG		tag;

		key_tag(sl_lock_key(i), &tag);
		(void) LockRelease(&tag, mode, true);
	}
}

/*
 * Take all keys, or none and tell who has the first that is taken.  'session'
 * as in pg_advisory_lock: held until sl_lock_release or the end of the
 * session, and else until the end of the transaction.
 */
bool
sl_lock_try(LOCKMODE mode, bool session, SlHolder *holder)
{
	int			count = sl_lock_key_count();
	int			i;

	for (i = 0; i < count; i++)
	{
		LOCKTAG		tag;

		key_tag(sl_lock_key(i), &tag);
		if (LockAcquire(&tag, mode, session, true) != LOCKACQUIRE_NOT_AVAIL)
			continue;
		if (holder != NULL)
			find_holder(&tag, sl_lock_key(i), holder);
		/* in a transaction the server releases what was taken before */
		if (session)
			release_keys(i, mode);
		return false;
	}
	return true;
}

/* Give the session's lock up. */
void
sl_lock_release(LOCKMODE mode)
{
	release_keys(sl_lock_key_count(), mode);
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
		find_holder(&tag, sl_lock_key(0), holder);
	return false;
}

void
sl_worker_lock_release(LOCKMODE mode)
{
	LOCKTAG		tag;

	worker_tag(&tag);
	(void) LockRelease(&tag, mode, true);
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
				 errdetail("Prepared transaction \"%s\" holds advisory lock " INT64_FORMAT ".",
						   gid != NULL ? gid : "?", holder->key),
				 errhint("COMMIT PREPARED or ROLLBACK PREPARED it: no process will.")));
	}
	if (holder->pid != 0)
		activity = sl_activity_of(holder->pid);
	if (activity == NULL)
		ereport(ERROR,
				(errcode(SL_ERR_LOCK_BUSY),
				 errmsg("another migration is running"),
				 errdetail("Advisory lock " INT64_FORMAT " was taken.",
						   holder->key),
				 errhint("Call again.")));
	ereport(ERROR,
			(errcode(SL_ERR_LOCK_BUSY),
			 errmsg("another migration is running in process %d",
					holder->pid),
			 errdetail("It holds advisory lock " INT64_FORMAT " since %s, application \"%s\", client %s: %s",
					   holder->key,
					   activity->since != NULL ? activity->since : "?",
					   activity->application_name != NULL ?
					   activity->application_name : "",
					   activity->client,
					   activity->query != NULL ? activity->query : ""),
			 errhint("Wait until it is done; a CALL waits for schema_lifecycle.lock_wait by itself.")));
}
