/*-------------------------------------------------------------------------
 *
 * drift_private.h
 *	  The expected schema and the live one, as hashes: for the files of this
 *	  folder only.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/drift/drift_private.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_DRIFT_PRIVATE_H
#define SL_DRIFT_PRIVATE_H

#include "drift/drift.h"

#include "nodes/bitmapset.h"

#include "catalog/image.h"
#include "graph/graph.h"
#include "ledger/ledger.h"

/* What a row did, in the place of the number of a set of attributes. */
#define SL_ROW_ADDED	(-1)
#define SL_ROW_REPLACED	(-2)
#define SL_ROW_DROPPED	(-3)

/* One row of a footprint, in a chain of those about one fact. */
typedef struct SlFoldRow
{
	int			evidence;		/* index in the fold's */
	int			ordinal;
	int			prev;			/* the row before it in the chain, or -1 */
	int			what;			/* SL_ROW_..., or the set that it changed */
} SlFoldRow;

typedef struct SlFoldEvidence
{
	int64		id;
	int64		order;			/* of the run, in the history */
	const char *revision;
	const char *evidence;		/* applied, rehearsed, ... */
	int			claim;			/* index in the fold's, at present */
	int			nrows;
	bool		here;			/* what it tells of was here once */
} SlFoldEvidence;

/* A fact that the history knows of. */
typedef struct SlExpectedFact
{
	SlFactKey	key;
	SlFactHash	hash;			/* while it is there */
	int			last;			/* the last row of its chain */
	int			scope;			/* index in the fold's */
	int			candidate;		/* index in a look's, while that lasts */
	bool		there;			/* false: it was dropped */
	bool		merged;			/* no row says what it is as a whole */
	char		status;			/* simplehash's */
} SlExpectedFact;

#define SH_PREFIX sl_expected_facts
#define SH_ELEMENT_TYPE SlExpectedFact
#define SH_KEY_TYPE SlFactKey
#define SH_SCOPE extern
#define SH_DECLARE
#include "lib/simplehash.h"

/* What decides whether a fact is compared at all. */
typedef struct SlScope
{
	bool		privileges;		/* the class "default privileges" */
	char	   *schema;			/* NULL: it belongs to none */
} SlScope;

/* Attributes and sets of them, by number. */
typedef struct SlNameSets
{
	char	  **names;
	int			nnames;
	char	  **texts;			/* names with commas between */
	Bitmapset **sets;
	int			nsets;
	int			last;			/* the one that was asked for last */
} SlNameSets;

/* A claim, and whether anything is known of what it did. */
typedef struct SlFoldClaim
{
	const char *revision;
	bool		forced;
	bool		has_data;
	int			nrows;			/* -1: there is no evidence */
} SlFoldClaim;

/* The fold of some evidences. */
typedef struct SlExpected
{
	MemoryContext cxt;
	uint64		generation;		/* of the ledger */
	SlFoldEvidence *evidences;	/* in the order of the fold */
	int			nevidences;
	SlFoldRow  *rows;
	int			nrows;
	int			space;
	sl_expected_facts_hash *facts;
	SlScope    *scopes;
	int			nscopes;
	SlNameSets	sets;
	SlFoldClaim *claims;		/* of the present state only */
	int			nclaims;
} SlExpected;

/* in fold.c */
extern SlExpected *sl_fold_begin(MemoryContext cxt,
								 SlFoldEvidence *evidences, int nevidences,
								 uint64 size);
extern void sl_fold_run(SlExpected *expected);
extern int	sl_scope_intern(SlScope **scopes, int *nscopes,
							const SlFootprintKey *row);
extern int	sl_name_set_intern(SlNameSets *sets, const char *text,
							   int length);
extern int	sl_row_what(SlNameSets *sets, const SlFootprintKey *row);
extern int	sl_name_find(const SlNameSets *sets, const char *name);

/* in merge.c */
typedef void (*SlExpectedSink) (const SlExpectedFact *entry,
								const SlFact *fact, void *arg);
extern void sl_expected_read(SlExpected *expected, SlExpectedFact **entries,
							 int count, SlExpectedSink sink, void *arg);
extern void sl_fact_set_attributes(SlFact *fact, const SlFact *after,
								   char **changed, int nchanged);

/* in expected.c */

/* The evidences of a revision, in an array of them by revision and id. */
typedef struct SlEvidenceRange
{
	const SlEvidenceRow *rows;
	int			count;
} SlEvidenceRange;

extern SlEvidenceRow *sl_evidence_sorted(int *count);
extern SlEvidenceRange sl_evidence_of(const SlEvidenceRow *rows, int count,
									  const char *revision);
extern const SlEvidenceRow *sl_evidence_best(const SlEvidenceRange *range,
											 int64 log_id);
extern SlExpected *sl_expected_present(uint64 size);
extern void sl_expected_doubt(void);
extern SlExpected *sl_expected_at(SlGraph *graph,
								  const SlRevisionRow *revision);
extern bool sl_scope_is_compared(const SlScope *scope,
								 const SlCatalogOptions *options);

/* in given.c */

/*
 * What is there before anybody's history: the schema "public", the language
 * that comes with every database, and the schema that we are installed in.
 * The history may know them; if it does not, that is no difference.
 */
typedef struct SlGiven
{
	int			count;
	SlFactKey	keys[3];
} SlGiven;

extern void sl_given_read(SlGiven *given);
extern bool sl_is_given(const SlGiven *given, const SlFactKey *key);

typedef struct SlIgnore SlIgnore;

/* in owners.c */

/* What one claim has to do with a fact as it should be. */
typedef struct SlFactOwner
{
	int			claim;
	int			evidence;		/* the last one of the claim's */
	bool		base;			/* it made the fact, or dropped it */
	Bitmapset  *attributes;		/* that it set last; base: beside those that
								 * nobody set since */
} SlFactOwner;

typedef struct SlFactOwners
{
	int			count;
	SlFactOwner *owners;		/* the last one first */
	int			space;
	Bitmapset  *taken;			/* all that was set since the fact was made */
	Bitmapset  *passed_over;	/* attributes that are not compared */
} SlFactOwners;

extern void sl_fact_owners(const SlExpected *expected,
						   const SlExpectedFact *entry,
						   SlFactOwners *owners);
extern const char *sl_revision_of_fact(const SlExpected *expected,
									   const SlExpectedFact *entry);
extern const char *sl_revision_of_attribute(const SlExpected *expected,
											const SlExpectedFact *entry,
											const char *name);

/* in stamp.c */

/* The two sides, of what may differ. */
typedef struct SlLook
{
	SlExpected *expected;
	SlCatalogOptions what;		/* is compared */
	SlIgnore   *ignore;
	SlAccepted *accepted;
	int			naccepted;
	bool	   *compared;		/* by scope */
	int			nentries;
	SlExpectedFact **entries;	/* those that the history knows */
	const SlFact **wanted;		/* as they should be; NULL: not there */
	SlFact	  **whole;			/* the same with all that is known; NULL: not
								 * asked for */
	const SlFact **actual;		/* as they are; NULL: not there */
	SlFactSet	expected_set;
	SlFactSet	actual_set;
} SlLook;

extern List *sl_stamp_findings(SlLook *look, MemoryContext result);

/* in difference.c */
extern List *sl_differences(SlLook *look, List *replayed,
							MemoryContext result);

/* in accept.c */
extern SlIgnore *sl_ignore_read(const char *text);
extern bool sl_ignores_nothing(const SlIgnore *ignore);
extern bool sl_is_ignored(const SlIgnore *ignore, const char *class,
						  const char *identity, const char *attribute);
extern bool sl_is_partly_ignored(const SlIgnore *ignore, const char *class,
								 const char *identity);
extern bool sl_is_accepted(const SlAccepted *accepted, int count,
						   const char *class, const char *identity,
						   const char *attribute);

#endif							/* SL_DRIFT_PRIVATE_H */
