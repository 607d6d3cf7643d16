/*-------------------------------------------------------------------------
 *
 * dry_run.h
 *	  What a dry run measures of a statement.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/rehearsal/dry_run.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_DRY_RUN_H
#define SL_DRY_RUN_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "nodes/primnodes.h"
#include "storage/lock.h"

/* in known_locks.c */

typedef struct SlKnownLock
{
	RangeVar   *relation;
	LOCKMODE	mode;
} SlKnownLock;

typedef struct SlKnownLocks
{
	List	   *locks;			/* SlKnownLock, of what the statement names */
	bool		others;			/* it may lock more, and how is not known */
} SlKnownLocks;

/* From the raw tree of a statement, or from that of a utility statement. */
extern void sl_known_locks(Node *stmt, SlKnownLocks *known);
extern Oid	sl_known_relation(const RangeVar *relation);

/* in own_locks.c */

/* Conflicts with those who only read or write rows. */
#define SL_STRONG_LOCKS \
	(LOCKBIT_ON(ShareLock) | LOCKBIT_ON(ShareRowExclusiveLock) | \
	 LOCKBIT_ON(ExclusiveLock) | LOCKBIT_ON(AccessExclusiveLock))

/* A relation of this database that this session has a lock on, or had. */
typedef struct SlHeld
{
	Oid			relid;			/* hash key */
	bool		classified;		/* what follows is known */
	bool		made;			/* in this transaction: nobody else sees it */
	int			born;			/* in which revision; 0: before */
	bool		own;			/* in the revision at work */
	char		kind;			/* as in pg_class; 0: it is gone */
	Oid			table;			/* of an index */
	char	   *name;			/* qualified; NULL: not asked for yet */
	int			seen;			/* by which look it was locked last */
	LOCKMASK	mask;			/* what was held then */
	LOCKMASK	base;			/* what the caller had, before */
	LOCKMASK	now;			/* what a look has found so far ... */
	int			looked;			/* ... and which */
	int64		counts[MAX_LOCKMODES];	/* how often each mode was taken */
	LOCKMASK	taken;			/* since the look before */
	Oid			file;			/* its number; 0: not asked for yet */
	bool		rewritten;		/* since the look before, as ... */
	int64		scans;			/* -1: not asked for yet */
	bool		scanned;		/* ... this */
} SlHeld;

typedef struct SlOwnLocks SlOwnLocks;

/* What is held now, and how strong; in an array. */
typedef struct SlLockNow
{
	Oid			relid;
	LOCKMASK	mask;
} SlLockNow;

extern SlOwnLocks *sl_own_locks_begin(void);
extern void sl_own_locks_note(SlOwnLocks *locks, Oid relid);
extern void sl_own_locks_made(SlOwnLocks *locks, Oid relid);
extern bool sl_own_locks_is_made(SlOwnLocks *locks, Oid relid);
extern List *sl_own_locks_look(SlOwnLocks *locks, bool *strong);
extern void sl_own_locks_next(SlOwnLocks *locks);
extern int	sl_own_locks_now(SlOwnLocks *locks, SlLockNow **now);
extern bool sl_own_locks_are_readable(void);
extern LOCKMASK sl_own_locks_before(SlOwnLocks *locks, Oid relid);
extern LOCKMASK sl_own_locks_base(SlOwnLocks *locks, Oid relid);
extern char *sl_relation_name(Oid relid);

/* in dry_run.c */
extern void sl_dry_run_init(void);

#endif							/* SL_DRY_RUN_H */
