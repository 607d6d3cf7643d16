/*-------------------------------------------------------------------------
 *
 * own_locks.c
 *	  Which relations this session has locked since the last look.
 *
 * pg_locks would copy what all sessions hold.  Here only what hangs on our own
 * process is read: its slots for fast-path locks, and its list in each
 * partition of the lock table, under the locks that belong to them.
 *
 * Shared memory says that a mode is held, not that it was asked for once
 * more; a second ALTER TABLE of the same table would look as if it took none.
 * So the session's own count is asked, too, by taking the lock once more and
 * giving it back, which the server does without looking at shared memory.
 *
 * Locks on relations that were made in this very dry run are given up at the
 * end of a revision: nobody else can see these relations, and the lock table
 * has no room for those of ten thousand revisions.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/rehearsal/own_locks.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "storage/lwlock.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/resowner.h"

#include "common/sl_compat.h"
#include "rehearsal/dry_run.h"

struct SlOwnLocks
{
	MemoryContext context;
	HTAB	   *held;			/* SlHeld */
	int			looks;
	int			revision;		/* counts from 1 */
	int			space;
	SlLockNow  *now;			/* of the last look */
	int			nnow;
};

/*-------------------------------------------------------------------------
 * Shared memory
 *-------------------------------------------------------------------------
 */

/* Room for one more?  No memory is asked for while shared locks are held. */
static bool
add_now(SlOwnLocks *locks, Oid relid, LOCKMASK mask)
{
	if (relid < FirstNormalObjectId || mask == 0)
		return true;
	if (locks->nnow == locks->space)
		return false;
	locks->now[locks->nnow].relid = relid;
	locks->now[locks->nnow++].mask = mask;
	return true;
}

static bool
read_fast_path(SlOwnLocks *locks)
{
	bool		fits = true;
	int			slot;

	LWLockAcquire(&MyProc->fpInfoLock, LW_SHARED);
	for (slot = 0; slot < sl_fast_path_slots() && fits; slot++)
	{
		/* the lowest of the three bits is the weakest mode, number one */
		LOCKMASK	mask = (LOCKMASK) sl_fast_path_bits(slot) << 1;

		fits = add_now(locks, MyProc->fpRelId[slot], mask);
	}
	LWLockRelease(&MyProc->fpInfoLock);
	return fits;
}

static bool
read_partition(SlOwnLocks *locks, int partition)
{
	PROCLOCK   *lock;
	bool		fits = true;

	LWLockAcquire(LockHashPartitionLockByIndex(partition), LW_SHARED);
	for (lock = sl_first_own_lock(partition); lock != NULL && fits;
		 lock = sl_next_own_lock(partition, lock))
	{
		const LOCKTAG *tag = &lock->tag.myLock->tag;

		if (tag->locktag_type == LOCKTAG_RELATION &&
			tag->locktag_field1 == MyDatabaseId)
			fits = add_now(locks, tag->locktag_field2, lock->holdMask);
	}
	LWLockRelease(LockHashPartitionLockByIndex(partition));
	return fits;
}

/*
 * Fast-path slots first: what others move from there to the partitions in the
 * meantime is read twice, and not overlooked.
 */
static void
read_shared(SlOwnLocks *locks)
{
	int			partition;

	for (;;)
	{
		bool		fits;

		locks->nnow = 0;
		fits = read_fast_path(locks);
		for (partition = 0; partition < NUM_LOCK_PARTITIONS && fits;
			 partition++)
			fits = read_partition(locks, partition);
		if (fits)
			return;
		locks->space *= 2;
		locks->now = repalloc_huge(locks->now,
								   locks->space * sizeof(SlLockNow));
	}
}

/*
 * After an error the locks of shared memory may be ours still: then nothing
 * can be read before the abort, which is when it is too late.
 */
bool
sl_own_locks_are_readable(void)
{
	int			partition;

	if (LWLockHeldByMe(&MyProc->fpInfoLock))
		return false;
	for (partition = 0; partition < NUM_LOCK_PARTITIONS; partition++)
		if (LWLockHeldByMe(LockHashPartitionLockByIndex(partition)))
			return false;
	return true;
}

/* What is held now: an array that lasts until the next look. */
int
sl_own_locks_now(SlOwnLocks *locks, SlLockNow **now)
{
	read_shared(locks);
	*now = locks->now;
	return locks->nnow;
}

/*-------------------------------------------------------------------------
 * Counts
 *-------------------------------------------------------------------------
 */

/* The session's own entry of a lock that it has; it counts one more. */
static LOCALLOCK *
hold_once_more(Oid relid, LOCKMODE mode, LOCKTAG *tag)
{
	LOCALLOCK  *local = NULL;

	SET_LOCKTAG_RELATION(*tag, MyDatabaseId, relid);
	sl_lock_held_already(tag, mode, &local);
	return local;
}

static int64
count_taken(Oid relid, LOCKMODE mode)
{
	LOCKTAG		tag;
	LOCALLOCK  *local = hold_once_more(relid, mode, &tag);
	int64		count = local->nLocks - 1;

	LockRelease(&tag, mode, false);
	return count;
}

/* Give a lock up, as far as it belongs to the dry run. */
static void
let_go(Oid relid, LOCKMODE mode)
{
	LOCKTAG		tag;
	LOCALLOCK  *local = hold_once_more(relid, mode, &tag);
	int64		count = 0;
	int			i;

	for (i = 0; i < local->numLockOwners; i++)
		if (local->lockOwners[i].owner == CurrentResourceOwner)
			count = local->lockOwners[i].nLocks;
	while (count-- > 0)
		LockRelease(&tag, mode, false);
}

/*-------------------------------------------------------------------------
 * What is known of a relation
 *-------------------------------------------------------------------------
 */

static SlHeld *
find_held(SlOwnLocks *locks, Oid relid)
{
	SlHeld	   *held;
	bool		found;

	held = hash_search(locks->held, &relid, HASH_ENTER, &found);
	if (!found)
	{
		memset((char *) held + sizeof(Oid), 0, sizeof(SlHeld) - sizeof(Oid));
		held->scans = -1;
		held->seen = -1;
	}
	return held;
}

/* What does not change any more; where it is gone, all that is left to say. */
static void
classify(SlHeld *held)
{
	Relation	rel;

	if (held->classified)
		return;
	rel = RelationIdGetRelation(held->relid);
	if (rel == NULL)
		return;
	held->classified = true;
	held->kind = rel->rd_rel->relkind;
	held->made |= rel->rd_createSubid != InvalidSubTransactionId;
	if (rel->rd_index != NULL)
		held->table = rel->rd_index->indrelid;
	RelationClose(rel);
}

/* Qualified and quoted; NULL: there is none any more. */
char *
sl_relation_name(Oid relid)
{
	char	   *name = get_rel_name(relid);
	char	   *namespace;

	if (name == NULL)
		return NULL;
	namespace = get_namespace_name(get_rel_namespace(relid));
	return namespace == NULL ? NULL :
		quote_qualified_identifier(namespace, name);
}

static int64
count_scans(Oid relid)
{
	PgStat_TableStatus *status = find_tabstat_entry(relid);

	return status == NULL ? 0 : sl_scan_count(status);
}

/* A statement names this relation, and may drop it: what is it now? */
void
sl_own_locks_note(SlOwnLocks *locks, Oid relid)
{
	SlHeld	   *held = find_held(locks, relid);
	MemoryContext before;
	char	   *name;

	classify(held);
	if (held->made)
		return;
	if (held->kind == RELKIND_RELATION || held->kind == RELKIND_MATVIEW)
		held->scans = count_scans(relid);
	before = MemoryContextSwitchTo(locks->context);
	name = sl_relation_name(relid);
	if (name != NULL)
	{
		if (held->name != NULL)
			pfree(held->name);
		held->name = name;
	}
	MemoryContextSwitchTo(before);
}

/* A relation is made, just now. */
void
sl_own_locks_made(SlOwnLocks *locks, Oid relid)
{
	SlHeld	   *held = find_held(locks, relid);

	held->made = true;
	held->born = locks->revision;
}

/* Does nobody else see it? */
bool
sl_own_locks_is_made(SlOwnLocks *locks, Oid relid)
{
	SlHeld	   *held = find_held(locks, relid);

	classify(held);
	return held->made;
}

/* Has it got a new file since it was looked at last? */
static bool
look_at_file(SlHeld *held, bool first)
{
	Relation	rel;
	Oid			file;
	bool		changed;

	if (held->made || (held->kind != RELKIND_RELATION &&
					   held->kind != RELKIND_MATVIEW &&
					   held->kind != RELKIND_INDEX))
		return false;
	rel = RelationIdGetRelation(held->relid);
	if (rel == NULL)
		return false;
	file = sl_file_number(rel);
	changed = held->file != 0 ? held->file != file :
		sl_first_file_subid(rel) != InvalidSubTransactionId;
	held->file = file;
	RelationClose(rel);
	return changed && !first;
}

static bool
look_at_scans(SlHeld *held)
{
	int64		before = Max(held->scans, 0);

	if (held->made || (held->kind != RELKIND_RELATION &&
					   held->kind != RELKIND_MATVIEW))
		return false;
	held->scans = count_scans(held->relid);
	return held->scans > before;
}

/*-------------------------------------------------------------------------
 * A look
 *-------------------------------------------------------------------------
 */

SlOwnLocks *
sl_own_locks_begin(void)
{
	SlOwnLocks *locks = palloc0_object(SlOwnLocks);
	HASHCTL		ctl;

	locks->context = CurrentMemoryContext;
	locks->space = 256;
	locks->now = palloc_array(SlLockNow, locks->space);
	ctl.keysize = sizeof(Oid);
	ctl.entrysize = sizeof(SlHeld);
	ctl.hcxt = CurrentMemoryContext;
	locks->held = hash_create("schema_lifecycle locks", 64, &ctl,
							  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	return locks;
}

/* What of it was taken since the last look. */
static void
compare_held(SlHeld *held, bool seen_before)
{
	LOCKMASK	was = seen_before ? held->mask : 0;
	LOCKMODE	mode;

	held->taken = held->now & ~was;
	for (mode = AccessShareLock; mode <= AccessExclusiveLock; mode++)
	{
		int64		count;

		if ((held->now & LOCKBIT_ON(mode)) == 0)
			continue;
		count = count_taken(held->relid, mode);
		if (count > held->counts[mode])
			held->taken |= LOCKBIT_ON(mode);
		held->counts[mode] = count;
	}
	held->mask = held->now;
}

/*
 * The relations on which locks were taken since the last look: SlHeld
 * pointers, good until the next one.  'strong': are there any that keep
 * others from their rows, and that the caller did not have before?
 */
List *
sl_own_locks_look(SlOwnLocks *locks, bool *strong)
{
	bool		first = locks->looks == 0;
	List	   *all = NIL;
	List	   *taken = NIL;
	ListCell   *cell;
	int			look = ++locks->looks;
	int			i;

	*strong = false;
	read_shared(locks);
	for (i = 0; i < locks->nnow; i++)
	{
		SlHeld	   *held = find_held(locks, locks->now[i].relid);

		if (held->looked != look)
		{
			all = lappend(all, held);
			held->now = 0;
		}
		held->looked = look;
		held->now |= locks->now[i].mask;
	}
	foreach(cell, all)
	{
		SlHeld	   *held = lfirst(cell);

		compare_held(held, held->seen == look - 1);
		held->seen = look;
		if (held->taken != 0)
			classify(held);
		if (first)
			held->base = held->mask;
		*strong |= !held->made &&
			(held->mask & ~held->base & SL_STRONG_LOCKS) != 0;
		held->rewritten = held->scanned = false;
		if (held->taken == 0)
			continue;
		held->own = held->made && held->born == locks->revision;
		if (held->taken & LOCKBIT_ON(AccessExclusiveLock))
			held->rewritten = look_at_file(held, first);
		held->scanned = look_at_scans(held);
		taken = lappend(taken, held);
	}
	list_free(all);
	return taken;
}

/* A revision is done: give up what nobody else can see, and begin the next. */
void
sl_own_locks_next(SlOwnLocks *locks)
{
	bool		strong;
	int			i;

	read_shared(locks);
	for (i = 0; i < locks->nnow; i++)
	{
		LOCKMODE	mode;

		if (!find_held(locks, locks->now[i].relid)->made)
			continue;
		for (mode = AccessShareLock; mode <= AccessExclusiveLock; mode++)
			if (locks->now[i].mask & LOCKBIT_ON(mode))
				let_go(locks->now[i].relid, mode);
	}
	locks->revision++;
	list_free(sl_own_locks_look(locks, &strong));
}

/* What was held of a relation at the last look. */
LOCKMASK
sl_own_locks_before(SlOwnLocks *locks, Oid relid)
{
	SlHeld	   *held = hash_search(locks->held, &relid, HASH_FIND, NULL);

	return held == NULL || held->seen < locks->looks ? 0 : held->mask;
}

/* What the caller had of it, before the dry run. */
LOCKMASK
sl_own_locks_base(SlOwnLocks *locks, Oid relid)
{
	SlHeld	   *held = hash_search(locks->held, &relid, HASH_FIND, NULL);

	return held == NULL ? 0 : held->base;
}
