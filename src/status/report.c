/*-------------------------------------------------------------------------
 *
 * report.c
 *	  From history, catalog and requirements to one verdict.
 *
 * What the history alone decides comes first: a database that is behind is
 * behind whatever its schema looks like, and only says so with certainty.
 * Then what makes a service fail, then what may, then what is only not known.
 *
 * History, requirements and facts are to be of one moment.  Each is read as it
 * is now, and the numbers that move when any of them is changed are looked at
 * before and after; if they moved, all is read again, a few times.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/status/report.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "parser/scansup.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/resowner.h"

#include "common/invalidation.h"
#include "common/sl_compat.h"
#include "status/status.h"

/* so often is a moving history read */
#define MAX_LOOKS 3

/* so long is waited for a lock that stands in the way of a look: ms */
#define LOCK_WAIT 5000

static bool is_empty(const SlReport *report);
static bool is_unknown_head(const SlReport *report);
static bool is_failed(const SlReport *report);
static bool is_diverged(const SlReport *report);
static bool is_behind(const SlReport *report);
static bool is_stamped(const SlReport *report);
static bool lacks_requirement(const SlReport *report);
static bool is_unknown(const SlReport *report);
static bool is_drifted(const SlReport *report);
static bool is_unverifiable(const SlReport *report);
static bool is_ahead(const SlReport *report);

/*
 * The first that holds is the verdict.  Those up to 'by_history' need no
 * facts.
 */
static const struct
{
	SlVerdict	verdict;
	bool		(*holds) (const SlReport *report);
	bool		by_history;
}			verdicts[] = {
	{{"empty", "down", false, false}, is_empty, true},
	{{"unknown_head", "down", false, false}, is_unknown_head, true},
	{{"failed", "down", false, false}, is_failed, true},
	{{"diverged", "down", false, false}, is_diverged, true},
	{{"behind", "down", false, false}, is_behind, true},
	{{"stamped", "down", false, false}, is_stamped, false},
	{{"requirement", "down", false, false}, lacks_requirement, true},
	{{"unknown", "degraded", false, true}, is_unknown, false},
	{{"drifted", "degraded", true, true}, is_drifted, false},
	{{"unverifiable", "degraded", true, true}, is_unverifiable, false},
	{{"ahead", "ok", true, true}, is_ahead, false},
};

static const SlVerdict ok = {"ok", "ok", true, true};

static bool
is_empty(const SlReport *report)
{
	return report->empty;
}

static bool
is_unknown_head(const SlReport *report)
{
	return report->unknown_names != NIL;
}

static bool
is_failed(const SlReport *report)
{
	return report->standing.failed != NIL;
}

/*
 * The database went another way than to the heads that are expected; or just
 * further, where that is not allowed.
 */
static bool
is_diverged(const SlReport *report)
{
	return report->standing.beyond != NIL &&
		(!report->standing.heads_applied || !report->options.allow_ahead);
}

static bool
is_behind(const SlReport *report)
{
	return !report->standing.heads_applied ||
		report->standing.pending != NIL;
}

/*
 * Does it matter to who expects these heads?  What is stamped beyond them is
 * somebody else's trouble, and drift.
 */
bool
sl_stamp_is_wanted(const SlReport *report, const SlStampFinding *finding)
{
	ListCell   *cell;

	foreach(cell, report->standing.wanted)
	{
		const SlRevisionRow *row = lfirst(cell);

		if (strcmp(row->revision, finding->revision) == 0)
			return true;
	}
	return false;
}

static bool
is_stamped(const SlReport *report)
{
	ListCell   *cell;

	foreach(cell, report->truth.stamp)
	{
		const SlStampFinding *finding = lfirst(cell);

		if (strcmp(finding->verdict, "stamped") == 0 &&
			sl_stamp_is_wanted(report, finding))
			return true;
	}
	return false;
}

static bool
lacks_requirement(const SlReport *report)
{
	ListCell   *cell;

	foreach(cell, report->requirements)
		if (!((const SlRequirementState *) lfirst(cell))->holds)
			return true;
	return false;
}

static bool
is_unknown(const SlReport *report)
{
	return report->unknown;
}

static bool
is_drifted(const SlReport *report)
{
	return report->drifts.errors > 0 || report->drifts.warnings > 0 ||
		report->stamps.stamped > 0 || report->stamps.partial > 0 ||
		report->stamps.altered > 0;
}

static bool
is_unverifiable(const SlReport *report)
{
	return report->truth.unverifiable > 0 &&
		!report->options.allow_unverifiable;
}

static bool
is_ahead(const SlReport *report)
{
	return report->standing.beyond != NIL;
}

/* The first verdict that holds, of those by history alone if 'history'. */
static const SlVerdict *
find_verdict(const SlReport *report, bool history)
{
	int			i;

	for (i = 0; i < (int) lengthof(verdicts); i++)
	{
		if (history && !verdicts[i].by_history)
			continue;
		/* facts of no one moment decide nothing */
		if (report->unknown && !verdicts[i].by_history &&
			verdicts[i].holds != is_unknown)
			continue;
		if (verdicts[i].holds(report))
			return &verdicts[i].verdict;
	}
	return history ? NULL : &ok;
}

/* A name of the comma list, resolved. */
static void
add_expected(SlReport *report, char *name)
{
	int			candidates;
	const SlRevisionRow *row = sl_graph_match(report->graph, name,
											  &candidates);
	ListCell   *cell;

	if (row != NULL)
	{
		report->expected = list_append_unique_ptr(report->expected,
												  (void *) row);
		return;
	}
	foreach(cell, report->unknown_names)
		if (strcmp(lfirst(cell), name) == 0)
			return;
	report->unknown_names = lappend(report->unknown_names, name);
	if (candidates > 1)
		report->ambiguous = lappend(report->ambiguous, name);
}

/* The heads that are asked for: NULL is all that there are. */
static void
take_expected(SlReport *report, const char *expected)
{
	const char *p = expected;

	if (expected == NULL || strcmp(expected, "heads") == 0)
	{
		report->expected = report->heads;
		return;
	}
	for (;;)
	{
		const char *end = strchr(p, ',');
		int			length = end == NULL ? strlen(p) : end - p;

		while (length > 0 && scanner_isspace(*p))
		{
			p++;
			length--;
		}
		while (length > 0 && scanner_isspace(p[length - 1]))
			length--;
		add_expected(report, pnstrdup(p, length));
		if (end == NULL)
			break;
		p = end + 1;
	}
}

static bool
has_error(List *problems)
{
	ListCell   *cell;

	foreach(cell, problems)
		if (((const SlProblem *) lfirst(cell))->error)
			return true;
	return false;
}

/* What the history and the requirements say. */
static void
read_history(SlReport *report, const char *expected)
{
	SlStanding	whole;
	bool		sound;

	sl_options_resolve(&report->options, NULL);
	report->graph = sl_graph_read(true);
	report->heads = sl_graph_heads(report->graph);
	report->empty = sl_graph_is_empty(report->graph);
	report->problems = sl_graph_problems(report->graph,
										 report->options.out_of_order);
	sound = !has_error(report->problems);
	take_expected(report, expected);
	sl_graph_standing(report->graph, report->expected,
					  report->expected == report->heads, sound,
					  &report->standing);
	sl_graph_standing(report->graph, report->heads, true, sound, &whole);
	report->at_head = !report->empty && report->unknown_names == NIL &&
		whole.heads_applied && whole.pending == NIL;
	report->requirements = sl_requirements_look();
}

static void
count_stamps(SlReport *report)
{
	const char *before = NULL;
	ListCell   *cell;

	/* the rows of one revision stand together */
	foreach(cell, report->truth.stamp)
	{
		const SlStampFinding *finding = lfirst(cell);
		const struct
		{
			const char *verdict;
			int		   *count;
		}			counts[] = {
			{"stamped", &report->stamps.stamped},
			{"partial", &report->stamps.partial},
			{"altered", &report->stamps.altered},
			{"unverifiable", &report->stamps.unverifiable},
		};
		int			i;

		if (before != NULL && strcmp(before, finding->revision) == 0)
			continue;
		before = finding->revision;
		for (i = 0; i < (int) lengthof(counts); i++)
			if (strcmp(counts[i].verdict, finding->verdict) == 0)
				(*counts[i].count)++;
	}
}

static void
count_drifts(SlReport *report)
{
	ListCell   *cell;

	foreach(cell, report->truth.drift)
	{
		const SlDriftFinding *finding = lfirst(cell);

		if (strcmp(finding->severity, "info") == 0)
			report->drifts.infos++;
		else if (strcmp(finding->problem, "unexpected") == 0)
			report->drifts.unexpected++;
		else if (strcmp(finding->severity, "error") == 0)
			report->drifts.errors++;
		else
			report->drifts.warnings++;
	}
}

/*
 * Hold the history against the catalog.  Whoever asks for the state of a
 * database is not to hang on a lock that somebody holds on a view or its
 * tables: then things are as if they moved, and the verdict is "unknown".
 */
static void
look_at_truth(SlTruth *truth)
{
	MemoryContext before = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(before);
	PG_TRY();
	{
		int			nest_level = NewGUCNestLevel();

		if (LockTimeout == 0 || LockTimeout > LOCK_WAIT)
			(void) set_config_option("lock_timeout", CppAsString2(LOCK_WAIT),
									 PGC_USERSET, PGC_S_SESSION,
									 GUC_ACTION_SAVE, true, 0, false);
		sl_truth_look(truth);
		AtEOXact_GUC(true, nest_level);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(before);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(before);
	CurrentResourceOwner = owner;
	if (error == NULL)
		return;
	if (error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE)
		ReThrowError(error);
	FreeErrorData(error);
	memset(truth, 0, sizeof(*truth));
	truth->moved = true;
}

/*
 * Everything as of now.  An error is the reader's: tables of ours that are
 * damaged.
 */
SlReport *
sl_report_make(const char *expected, SlReportDepth depth)
{
	SlReport   *report = NULL;
	int			look;

	for (look = 0; look < MAX_LOOKS; look++)
	{
		uint64		before;

		CHECK_FOR_INTERRUPTS();
		before = sl_ledger_generation();
		report = palloc0_object(SlReport);
		read_history(report, expected);
		report->verdict = find_verdict(report, true);

		/* without a revision nothing is expected */
		if (!report->empty && depth != SL_REPORT_HISTORY &&
			(report->verdict == NULL || depth == SL_REPORT_ALL))
		{
			look_at_truth(&report->truth);
			report->looked = true;
			report->unknown = report->truth.moved;
		}
		if (sl_ledger_generation() == before)
			break;
		/* the last look, too, was overtaken */
		if (look == MAX_LOOKS - 1)
			report->unknown = true;
	}
	if (!report->unknown)
	{
		count_stamps(report);
		count_drifts(report);
	}
	report->verdict = find_verdict(report, false);
	return report;
}
