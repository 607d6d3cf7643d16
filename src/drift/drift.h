/*-------------------------------------------------------------------------
 *
 * drift.h
 *	  Facts held against facts.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/drift/drift.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_DRIFT_H
#define SL_DRIFT_H

#include "postgres.h"

#include "catalog/catalog.h"

/* Facts by class and identity, in byte order. */
typedef struct SlFactSet
{
	int			count;
	int			space;
	SlFact	  **facts;
	SlCatalogOptions options;	/* what they are the facts of */

	/* where the set holds only what may differ: is there such a fact? */
	bool		(*knows) (const char *class, const char *identity, void *arg);
	void	   *arg;
} SlFactSet;

/* One difference. */
typedef struct SlFinding
{
	const char *severity;		/* error, warning, info */
	const char *problem;		/* missing, altered, unexpected, invalid */
	const SlFact *expected;		/* NULL: unexpected */
	const SlFact *actual;		/* NULL: missing */
	const char *attribute;		/* NULL: the whole object */
	const SlAttribute *expected_attribute;	/* NULL: has none */
	const SlAttribute *actual_attribute;
} SlFinding;

typedef void (*SlFindingSink) (const SlFinding *finding, void *arg);

/* in document.c */
extern void sl_fact_set_add(const SlFact *fact, void *set);
extern void sl_fact_set_sort(SlFactSet *set);
extern const SlFact *sl_fact_set_find(const SlFactSet *set, const char *class,
									  const char *identity);
extern SlFact *sl_fact_parse(const char *class, const char *identity,
							 Jsonb *definition);
extern SlFactSet *sl_snapshot_parse(Jsonb *document, const char *argument);
extern Jsonb *sl_snapshot_make(const SlFactSet *set);

/* in compare.c */
extern void sl_facts_compare(const SlFact *expected, const SlFact *actual,
							 SlFindingSink sink, void *arg);
extern SlFact *sl_fact_outline(const SlFact *fact);
extern const SlFact *sl_fact_owner(const SlFact *fact, const SlFactSet *set);
extern void sl_fact_sets_compare(const SlFactSet *expected,
								 const SlFactSet *actual, SlFindingSink sink,
								 void *arg);

/*
 * What status and verify want to know: the expected schema against the live
 * one.
 */
typedef struct SlDriftFinding
{
	const char *severity;		/* error, warning, info */
	const char *class;
	const char *identity;
	const char *problem;		/* missing, altered, unexpected, invalid */
	const char *attribute;		/* NULL: the whole object */
	const char *expected;
	const char *actual;
	const char *revision;		/* that last set it; NULL: none did */
} SlDriftFinding;

typedef struct SlStampFinding
{
	const char *revision;
	const char *verdict;		/* stamped, partial, altered, unverifiable */
	const char *class;			/* NULL: unverifiable */
	const char *identity;
	const char *problem;
	Jsonb	   *expected;
	Jsonb	   *actual;
	const char *evidence;		/* NULL: unverifiable */
} SlStampFinding;

/*
 * A fact that is not as it should be, whole, also where it hangs on what is
 * missing itself; but for what is accepted or ignored.
 */
typedef struct SlDifference
{
	const char *class;
	const char *identity;
	SlFact	   *expected;		/* with owner and privileges; NULL: it was
								 * dropped */
	SlFact	   *actual;			/* NULL: missing */
	List	   *attributes;		/* char *, that differ, if both are there */
	const char *revision;		/* that set it last */
	const char *maker;			/* that made it, or dropped it */
	int			birth;			/* of what made it, in the order of the fold */
	bool		existed;		/* it was here once */
	List	   *setters;		/* char *: revisions that had a part in it */
} SlDifference;

typedef struct SlTruth
{
	bool		moved;			/* history or catalog changed, again and
								 * again, while we looked */
	List	   *drift;			/* SlDriftFinding *, but for what is accepted
								 * or ignored */
	List	   *stamp;			/* SlStampFinding * */

	List	   *differences;	/* SlDifference *, of sl_truth_look_whole */

	/* coverage, in applied revisions */
	int			verified;		/* with evidence and facts */
	int			unverifiable;	/* without evidence */
	int			untraceable;	/* with data, and evidence without facts */
	int			forced;			/* claimed by somebody's word */
} SlTruth;

/* in truth.c */
extern void sl_truth_look(SlTruth *truth);

/* in suppose.c: what the catalog says of a revision that is pending */
typedef enum SlSupposition
{
	SL_SUPPOSE_UNKNOWN,			/* there is no footprint of it */
	SL_SUPPOSE_SILENT,			/* nothing that it did should be there now, or
								 * it did nothing: no telling */
	SL_SUPPOSE_ABSENT,			/* nothing of it is there */
	SL_SUPPOSE_PARTLY,			/* some is, or not as it made it */
	SL_SUPPOSE_THERE			/* all of it */
} SlSupposition;

typedef struct SlSupposed
{
	SlSupposition state;
	const char *evidence;		/* what that rests on: rehearsed, ...; NULL:
								 * on nothing */
} SlSupposed;

extern SlSupposed *sl_suppose_applied(List *rows);

/* Where the catalog could be. */
typedef struct SlPlace
{
	char	   *revision;
	int			missing;
	int			altered;
	int			unexpected;
	bool		exact;
} SlPlace;

/* in locate.c */
extern List *sl_places(void);

/*
 * The same with every fact that differs.  'replayed', char *: as if these
 * revisions, which are applied, had run again before.
 */
extern void sl_truth_look_whole(SlTruth *truth, List *replayed);

#endif							/* SL_DRIFT_H */
