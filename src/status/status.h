/*-------------------------------------------------------------------------
 *
 * status.h
 *	  One answer from history, catalog and requirements.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/status/status.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_STATUS_H
#define SL_STATUS_H

#include "postgres.h"

#include "drift/drift.h"
#include "graph/graph.h"
#include "ledger/ledger.h"
#include "status/require.h"

/* The table of DESIGN.md, in the order in which its rows are tried. */
typedef struct SlVerdict
{
	const char *name;
	const char *status;			/* ok, degraded, down */
	bool		migrated;
	bool		ready;
} SlVerdict;

/* Revisions in one state of stamp drift. */
typedef struct SlStampCounts
{
	int			stamped;
	int			partial;
	int			altered;
	int			unverifiable;
} SlStampCounts;

/* An unexpected one is none of the others. */
typedef struct SlDriftCounts
{
	int			errors;
	int			warnings;
	int			infos;
	int			unexpected;
} SlDriftCounts;

typedef struct SlReport
{
	const SlVerdict *verdict;
	bool		unknown;		/* the facts never stood still */
	SlOptions	options;
	SlGraph    *graph;
	bool		empty;			/* no revision is registered */
	List	   *problems;		/* SlProblem: of the graph */
	List	   *heads;			/* SlRevisionRow: of the registry */
	List	   *expected;		/* SlRevisionRow: that were asked for */
	List	   *unknown_names;	/* char *: that are none, or several */
	List	   *ambiguous;		/* of those */
	SlStanding	standing;
	bool		at_head;		/* of the registry */
	List	   *requirements;	/* SlRequirementState */
	bool		looked;			/* the rest is filled */
	SlTruth		truth;
	SlStampCounts stamps;
	SlDriftCounts drifts;
} SlReport;

/* How much of it is wanted. */
typedef enum SlReportDepth
{
	SL_REPORT_HISTORY,			/* and requirements, but no facts */
	SL_REPORT_VERDICT,			/* no further than the verdict needs */
	SL_REPORT_ALL
} SlReportDepth;

/* in report.c */
extern SlReport *sl_report_make(const char *expected, SlReportDepth depth);
extern bool sl_stamp_is_wanted(const SlReport *report,
							   const SlStampFinding *finding);

/* in status.c */
extern Jsonb *sl_status_document(const SlReport *report,
								 const char *expected);

/* in assert.c */
extern void sl_assert_report(const SlReport *report);

/* in finding.c */
struct SlDocument;
extern char *sl_drift_text(const SlDriftFinding *finding);
extern char *sl_stamp_text(const SlStampFinding *finding);
extern char *sl_value_cut(const char *value, const char *other, int shown);

/* From 0, what is worst, to 3. */
extern int	sl_drift_weight(const SlDriftFinding *finding);
extern void sl_json_drift(struct SlDocument *document, const SlReport *report);
extern void sl_json_stamp_drift(struct SlDocument *document,
							   const SlReport *report);

/* in assert.c */
extern char *sl_findings_text(const SlReport *report,
							  const char *const *names);

/* in verify.c */
extern bool sl_verdict_is_unknown(const SlVerdict *verdict);
extern bool sl_ready_of(const SlReport *report, const char *expected);
extern bool sl_ready_now(const char *expected);

/* in lock.c */
extern char *sl_lock_holder_text(void);

/* in require.c */
extern bool sl_error_must_pass(const ErrorData *error);

#endif							/* SL_STATUS_H */
