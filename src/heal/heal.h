/*-------------------------------------------------------------------------
 *
 * heal.h
 *	  What is not as it should be, brought about.
 *
 * A step is what one fact needs, or one attribute of it, or a revision that
 * is run again, or a requirement.  Steps run in the caller's transaction,
 * each in a subtransaction, as the caller and with no more rights than those
 * have that registered what they come from.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/heal/heal.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_HEAL_H
#define SL_HEAL_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "drift/drift.h"
#include "ledger/ledger.h"

typedef struct SlHealStep
{
	const char *action;			/* create, alter, replace, replay, drop,
								 * requirement */
	const char *revision;		/* that last set it; NULL: a requirement */
	const char *class;			/* NULL: a replay, a requirement */
	const char *identity;		/* of a requirement its name */
	List	   *statements;		/* char * */
	bool		safe;
	const char *reason;			/* why it is not, or what is to be said */
	bool		looks;			/* rows may be in the way */
	bool		lost;			/* a table, a column: it was here once, and
								 * its rows are gone with it */

	/* how it went: NULL: not tried; "done", or "skipped: why" */
	const char *outcome;
	bool		rows;			/* it was skipped because of rows, which no
								 * other step changes */
	int64		elapsed;		/* microseconds */

	/* for the run */
	const SlDifference *difference;
	List	   *setters;		/* char *: whose facts they are */
	List	   *otherwise;		/* char *: where the server refuses those */
	bool		apart;			/* its statements are transactions */
	const char *index;			/* of a requirement: that is built apart */
	const SlRequirementRow *requirement;
	int			rank;
	int			sequence;		/* as it was found: decides between equals */
} SlHealStep;

typedef struct SlHealOrder
{
	const char *caller;			/* sl_repair, sl_boot: for messages */
	bool		replays;		/* revisions of which nothing is there */
	bool		facts;
	bool		requirements;
	bool		keep_lost;		/* leave alone what was lost */
	bool		online;			/* what is done is committed, step by step */
	bool		notices;		/* one for each step that is done */
} SlHealOrder;

/* What was found to do, and how it went. */
typedef struct SlHealing
{
	List	   *steps;			/* SlHealStep *, in their order */
	int			done;
	int			skipped;		/* safe or not, it was not done */
	int			lost;			/* of those */
} SlHealing;

/*
 * Only look.  Reads, and may be called wherever sl_status() may.
 */
extern SlHealing *sl_heal_plan(const SlHealOrder *order,
							   const SlOptions *options);

/*
 * Do what is safe, and prove it: SL004 if a fact is not as it should be after
 * its step.  The migration lock is held; the history gets a row "repair" for
 * each revision that was touched.
 */
extern SlHealing *sl_heal(const SlHealOrder *order, const SlOptions *options);

#endif							/* SL_HEAL_H */
