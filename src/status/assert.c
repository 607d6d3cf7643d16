/*-------------------------------------------------------------------------
 *
 * assert.c
 *	  sl_assert(): nothing, or an error that says all that is wrong.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/status/assert.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "common/sl_compat.h"
#include "common/sl_errors.h"
#include "lint/lint.h"
#include "status/status.h"

PG_FUNCTION_INFO_V1(sl_assert);

/* so many findings are written out */
#define FINDINGS_SHOWN 20

typedef struct Findings
{
	StringInfoData text;		/* a line each, the first FINDINGS_SHOWN */
	char	   *first;
	int			count;
	const char *hint;			/* what to do about the first */
	bool		stamp;			/* both checks are made, and have to say */
	bool		drift;			/* each thing once */
} Findings;

static void check_graph(const SlReport *report, Findings *findings);
static void check_head(const SlReport *report, Findings *findings);
static void check_stamp(const SlReport *report, Findings *findings);
static void check_drift(const SlReport *report, Findings *findings);
static void check_requirements(const SlReport *report, Findings *findings);
static void check_pending(const SlReport *report, Findings *findings);
static void check_unexpected(const SlReport *report, Findings *findings);
static void check_unverifiable(const SlReport *report, Findings *findings);
static void check_lint(const SlReport *report, Findings *findings);

/* The checks, in the order in which they are made. */
static const struct
{
	const char *name;
	bool		by_default;
	bool		facts;			/* it needs the facts, else only the history */
	void		(*check) (const SlReport *report, Findings *findings);
	const char *hint;
}			checks[] = {
	{"graph", true, false, check_graph,
	"See sl_check_graph(); runs are stopped until the graph is sound."},
	{"head", true, false, check_head,
	"CALL sl_migrate(); see sl_pending() for what it would run."},
	{"stamp", true, true, check_stamp,
	"See sl_detect_stamp_drift(); sl_repair_plan() shows what sl_repair() does about it."},
	{"requirements", true, false, check_requirements,
	"See the object \"schema\" of sl_status(); sl_repair_plan() shows what sl_repair() does about it."},
	{"drift", true, true, check_drift,
	"See sl_detect_drift(); sl_repair_plan() shows what sl_repair() does about it, and sl_accept() is for a difference that is meant."},
	{"pending", false, false, check_pending,
	"CALL sl_migrate(); see sl_pending() for what it would run."},
	{"unexpected", false, true, check_unexpected,
	"See sl_detect_drift(): write a revision for what is to stay, or sl_accept() it."},
	{"unverifiable", false, true, check_unverifiable,
	"CALL sl_rehearse() finds out what they do; sl_configure('allow_unverifiable', 'on') is for those that it cannot run."},
	{"lint", false, false, check_lint,
	"See sl_lint(): change the revision, or write \"-- sl:ignore RULE REASON\" above the statement."},
};

static void
add(Findings *findings, char *line)
{
	if (findings->count == 0)
		findings->first = line;
	if (findings->count < FINDINGS_SHOWN)
		appendStringInfo(&findings->text, "%s%s",
						 findings->count > 0 ? "\n" : "", line);
	findings->count++;
}

static void
check_graph(const SlReport *report, Findings *findings)
{
	ListCell   *cell;

	foreach(cell, report->problems)
	{
		const SlProblem *problem = lfirst(cell);

		if (problem->error)
			add(findings, psprintf(_("revision %s: %s: %s"),
								   problem->revision, problem->problem,
								   problem->detail));
	}
}

static bool
is_member(List *names, const char *name)
{
	ListCell   *cell;

	foreach(cell, names)
		if (strcmp(lfirst(cell), name) == 0)
			return true;
	return false;
}

static void
check_head(const SlReport *report, Findings *findings)
{
	ListCell   *cell;

	if (report->empty || report->unknown_names != NIL)
		findings->hint = "sl_load() and slctl push register revisions; see sl_graph() for those that are.";
	if (report->empty)
		add(findings, pstrdup(_("no revision is registered")));
	else
		foreach(cell, report->unknown_names)
			add(findings,
				psprintf(is_member(report->ambiguous, lfirst(cell)) ?
						 _("revision \"%s\" is ambiguous") :
						 _("revision \"%s\" is not registered"),
						 (char *) lfirst(cell)));
	foreach(cell, report->standing.failed)
		add(findings, psprintf(_("revision %s failed in its last run"),
							   ((SlRevisionRow *) lfirst(cell))->revision));
	foreach(cell, report->expected)
		if (!sl_graph_is_applied(report->graph, lfirst(cell)))
			add(findings,
				psprintf(_("revision %s is not applied"),
						 ((SlRevisionRow *) lfirst(cell))->revision));
	if (!report->options.allow_ahead)
		foreach(cell, report->standing.beyond)
			add(findings,
				psprintf(_("revision %s is applied, beyond what is expected"),
						 (char *) lfirst(cell)));
}

/* Facts that never stood still are no proof of anything. */
static bool
is_unknown(const SlReport *report, Findings *findings)
{
	if (report->unknown && findings->count == 0)
	{
		add(findings, pstrdup(_("history and schema could not be read as of one moment")));
		findings->hint = "They are being changed, or somebody holds a lock on a view that has to be read: try again, see sl_status()->'lock' and pg_locks.";
	}
	return report->unknown;
}

/* Does the other kind of drift have the same object among its findings? */
static bool
has_drift(const SlReport *report, const SlStampFinding *finding)
{
	ListCell   *cell;

	foreach(cell, report->truth.drift)
	{
		const SlDriftFinding *drift = lfirst(cell);

		if (strcmp(drift->severity, "info") != 0 &&
			strcmp(drift->class, finding->class) == 0 &&
			strcmp(drift->identity, finding->identity) == 0)
			return true;
	}
	return false;
}

static bool
has_stamp(const SlReport *report, const SlDriftFinding *finding)
{
	ListCell   *cell;

	foreach(cell, report->truth.stamp)
	{
		const SlStampFinding *stamp = lfirst(cell);

		if (stamp->class != NULL &&
			strcmp(stamp->problem, "missing") == 0 &&
			strcmp(stamp->class, finding->class) == 0 &&
			strcmp(stamp->identity, finding->identity) == 0)
			return true;
	}
	return false;
}

static void
check_stamp(const SlReport *report, Findings *findings)
{
	ListCell   *cell;

	if (is_unknown(report, findings))
		return;
	foreach(cell, report->truth.stamp)
	{
		const SlStampFinding *finding = lfirst(cell);

		/* what became of a fact is told in full by the other check */
		if (finding->class != NULL &&
			!(findings->drift && strcmp(finding->problem, "missing") != 0 &&
			  has_drift(report, finding)))
			add(findings, sl_stamp_text(finding));
	}
}

static void
check_requirements(const SlReport *report, Findings *findings)
{
	ListCell   *cell;

	foreach(cell, report->requirements)
	{
		const SlRequirementState *state = lfirst(cell);

		if (!state->holds)
			add(findings, psprintf(_("requirement \"%s\": %s"), state->name,
								   state->why));
	}
}

/* Findings of the whole schema, but for what is only informative. */
static void
add_drift(const SlReport *report, Findings *findings, bool unexpected)
{
	ListCell   *cell;

	if (is_unknown(report, findings))
		return;
	foreach(cell, report->truth.drift)
	{
		const SlDriftFinding *finding = lfirst(cell);

		if (strcmp(finding->severity, "info") != 0 &&
			(strcmp(finding->problem, "unexpected") == 0) == unexpected &&
			!(findings->stamp && strcmp(finding->problem, "missing") == 0 &&
			  has_stamp(report, finding)))
			add(findings, sl_drift_text(finding));
	}
}

static void
check_drift(const SlReport *report, Findings *findings)
{
	add_drift(report, findings, false);
}

static void
check_unexpected(const SlReport *report, Findings *findings)
{
	add_drift(report, findings, true);
}

static void
check_pending(const SlReport *report, Findings *findings)
{
	ListCell   *cell;

	foreach(cell, report->standing.pending)
		add(findings, psprintf(_("revision %s is pending"),
							   ((SlRevisionRow *) lfirst(cell))->revision));
}

static void
check_unverifiable(const SlReport *report, Findings *findings)
{
	ListCell   *cell;

	if (is_unknown(report, findings))
		return;
	foreach(cell, report->truth.stamp)
	{
		const SlStampFinding *finding = lfirst(cell);

		if (finding->class == NULL)
			add(findings, sl_stamp_text(finding));
	}
}

/* Only what would fail, or stop others. */
static void
add_lint(const SlLintFinding *finding, void *arg)
{
	Findings   *findings = (Findings *) arg;
	MemoryContext caller;

	if (finding->severity != SL_ERROR)
		return;

	/* this is called in a memory context that ends with the script */
	caller = MemoryContextSwitchTo(GetMemoryChunkContext(findings->text.data));
	if (finding->line > 0)
		add(findings,
			psprintf(_("revision %s, line %d: %s: %s"),
					 finding->revision, finding->line, finding->rule,
					 finding->message));
	else
		add(findings,
			psprintf(_("revision %s: %s: %s"), finding->revision,
					 finding->rule, finding->message));
	MemoryContextSwitchTo(caller);
}

static void
check_lint(const SlReport *report, Findings *findings)
{
	sl_lint_revisions(report->standing.pending, NULL, add_lint, findings);
}

/* Which checks are asked for: an array of the size of the table. */
static bool *
parse_checks(ArrayType *array)
{
	bool	   *wanted = palloc0_array(bool, lengthof(checks));
	Datum	   *names;
	bool	   *nulls;
	int			count;
	int			i;
	int			c;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &names,
					  &nulls, &count);
	if (count == 0)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("there is nothing to check"),
				 errhint("Leave \"checks\" out for the usual ones.")));
	for (i = 0; i < count; i++)
	{
		char	   *name = nulls[i] ? pstrdup("") :
			TextDatumGetCString(names[i]);

		for (c = 0; c < (int) lengthof(checks); c++)
			if (strcmp(checks[c].name, name) == 0)
				break;
		if (c == (int) lengthof(checks))
			ereport(ERROR,
					(errcode(SL_ERR_BAD_INPUT),
					 errmsg("unknown check \"%s\"", name),
					 errhint("Available checks: graph, head, stamp, drift, requirements, pending, unexpected, unverifiable, lint.")));
		wanted[c] = true;
	}
	return wanted;
}

/* What the wanted checks find. */
static void
look_for_findings(const SlReport *report, const bool *wanted,
				  Findings *findings)
{
	int			i;

	initStringInfo(&findings->text);
	for (i = 0; i < (int) lengthof(checks); i++)
	{
		findings->stamp |= wanted[i] && checks[i].check == check_stamp;
		findings->drift |= wanted[i] && checks[i].check == check_drift;
	}
	for (i = 0; i < (int) lengthof(checks); i++)
	{
		if (!wanted[i])
			continue;
		checks[i].check(report, findings);
		if (findings->count > 0 && findings->hint == NULL)
			findings->hint = checks[i].hint;
	}
	if (findings->count > FINDINGS_SHOWN)
		appendStringInfo(&findings->text, _("\nand %d more"),
						 findings->count - FINDINGS_SHOWN);
}

/*
 * What these checks find, a line each, the first lines of many, and what to
 * do in the last; NULL if they find nothing.  'names' ends with NULL.
 */
char *
sl_findings_text(const SlReport *report, const char *const *names)
{
	bool	   *wanted = palloc0_array(bool, lengthof(checks));
	Findings	findings = {{0}};
	int			i;

	for (; *names != NULL; names++)
		for (i = 0; i < (int) lengthof(checks); i++)
			wanted[i] |= strcmp(checks[i].name, *names) == 0;
	look_for_findings(report, wanted, &findings);
	if (findings.count == 0)
		return NULL;
	return psprintf("%s\n%s", findings.text.data, _(findings.hint));
}

/* Make the checks; SL004 with what they found. */
static void
make_checks(const SlReport *report, const bool *wanted)
{
	Findings	findings = {{0}};

	look_for_findings(report, wanted, &findings);
	if (findings.count == 0)
		return;
	ereport(ERROR,
			(errcode(SL_ERR_NOT_AT_HEAD),
			 findings.count == 1 ?
			 errmsg("%s", findings.first) :
			 errmsg_plural("%s, and %d other finding",
						   "%s, and %d other findings",
						   findings.count - 1, findings.first,
						   findings.count - 1),
			 findings.count == 1 ? 0 :
			 errdetail_internal("%s", findings.text.data),
			 errhint("%s", _(findings.hint))));
}

static bool *
default_checks(void)
{
	bool	   *wanted = palloc0_array(bool, lengthof(checks));
	int			i;

	for (i = 0; i < (int) lengthof(checks); i++)
		wanted[i] = checks[i].by_default;
	return wanted;
}

/*
 * SL004 with all that keeps a report, of SL_REPORT_ALL, from being right.
 * Returns if it is.
 */
void
sl_assert_report(const SlReport *report)
{
	bool	   *wanted = default_checks();
	int			i;

	for (i = 0; i < (int) lengthof(checks); i++)
		if (checks[i].check == check_pending ||
			(checks[i].check == check_unverifiable &&
			 !report->options.allow_unverifiable))
			wanted[i] = true;
	make_checks(report, wanted);
}

/* sl_assert(expected_head, checks) */
Datum
sl_assert(PG_FUNCTION_ARGS)
{
	char	   *expected = PG_ARGISNULL(0) ? NULL :
		text_to_cstring(PG_GETARG_TEXT_PP(0));
	bool	   *wanted = PG_ARGISNULL(1) ? default_checks() :
		parse_checks(PG_GETARG_ARRAYTYPE_P(1));
	SlReportDepth depth = SL_REPORT_HISTORY;
	int			i;

	for (i = 0; i < (int) lengthof(checks); i++)
		if (wanted[i] && checks[i].facts)
			depth = SL_REPORT_ALL;
	make_checks(sl_report_make(expected, depth), wanted);
	PG_RETURN_VOID();
}
