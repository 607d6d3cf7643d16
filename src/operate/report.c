/*-------------------------------------------------------------------------
 *
 * report.c
 *	  sl_report(): the state of a database, for people.
 *
 * All is read as sl_status() reads it.  What is wrong comes first, then what
 * is to be done, then how it came about.  A report has a size whatever the
 * size of what it is about: every table is cut, and says how much is missing.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/operate/report.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "commands/dbcommands.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "common/extension.h"
#include "common/sl_compat.h"
#include "common/sl_errors.h"
#include "ledger/tail.h"
#include "lint/lint.h"
#include "operate/report.h"
#include "runner/runner.h"
#include "status/status.h"

PG_FUNCTION_INFO_V1(sl_report);

/* so many rows of each table are shown */
#define FINDINGS_SHOWN	100
#define PENDING_SHOWN	50
#define HISTORY_SHOWN	50
#define INCIDENTS_SHOWN	20
#define FAILURES_SHOWN	10

/* so many pending revisions are looked at by lint */
#define LINTED			200

/* so many names stand in one line */
#define NAMES_SHOWN		5

/* and so much of a value: bytes */
#define VALUE_SHOWN		300
#define NAME_SHOWN		400

typedef struct Writer
{
	StringInfo	out;
	const SlReportForm *form;
	const SlReport *report;
	bool		failing;		/* a revision has failed, and not run since */
} Writer;

/* What a verdict means, and what to do. */
static const struct
{
	const char *verdict;
	const char *meaning;
	const char *remedy;
}			meanings[] = {
	{"ok", "Everything is applied, and the schema is what the revisions made of it.", NULL},
	{"ahead", "Everything that is registered is applied, and more: revisions that this registry does not know.",
	"nothing, if they belong to newer files that are deployed elsewhere; else push those: `slctl push DIR`."},
	{"empty", "No revision is registered: nothing is known of this schema.",
	"register the files with `slctl push DIR` or `sl_load()`, then `CALL sl_boot()`."},
	{"unknown_head", "A revision that is expected is not registered.",
	"push the files: `slctl push DIR`."},
	{"failed", "The last run of a revision failed, and nobody has run it again.",
	"put the cause right (see Failures), and `CALL sl_migrate()` again."},
	{"diverged", "The database went another way than the registered heads.",
	"see the graph: either the files or the database are of another branch."},
	{"behind", "Not all that is registered is applied: services that need it will fail.",
	"`CALL sl_migrate()`; `sl_dry_run()` shows what it would do."},
	{"stamped", "A revision is recorded as applied, and nothing of it is in the schema.",
	"`sl_repair_plan()` shows what brings it about; `CALL sl_boot()` or `sl_repair()` does it."},
	{"requirement", "Something that was required of this schema does not hold.",
	"`sl_repair_plan()` shows what brings it about; `CALL sl_boot()` or `sl_repair()` does it."},
	{"unknown", "History or schema were being changed while they were read, or a lock stood in the way.",
	"ask again when the migration is through."},
	{"drifted", "The schema is not what the applied revisions made of it: somebody changed it past them.",
	"`sl_repair_plan()` shows the way back. What is meant to stay is for a new revision, or `sl_accept()`."},
	{"unverifiable", "Revisions are applied of which nobody knows what they did: nothing proves that they ran.",
	"`CALL sl_rehearse()` finds out what they do; `sl_configure('allow_unverifiable', 'on')` is for a past that stays unknown."},
};

static List *
add_item(List *items, const char *label, const char *value, SlTone tone)
{
	SlItem	   *item = palloc_object(SlItem);

	item->label = label;
	item->value = value;
	item->tone = tone;
	return lappend(items, item);
}

/* Without fractions of a second, in the session's time zone. */
static char *
time_text(TimestampTz at)
{
	return pstrdup(timestamptz_to_str(at - at % USECS_PER_SEC));
}

static char *
elapsed_text(int64 microseconds)
{
	if (microseconds < 0)
		return NULL;
	if (microseconds < 10000)
		return psprintf("%.1f ms", microseconds / 1000.0);
	if (microseconds < 10 * USECS_PER_SEC)
		return psprintf("%s ms", sl_grouped(microseconds / 1000));
	if (microseconds < 10 * USECS_PER_MINUTE)
		return psprintf("%s s", sl_grouped(microseconds / USECS_PER_SEC));
	return psprintf("%s min", sl_grouped(microseconds / USECS_PER_MINUTE));
}

/* Lines are told apart by a semicolon. */
static char *
in_one_line(const char *text)
{
	StringInfoData line;

	if (text == NULL)
		return NULL;
	initStringInfo(&line);
	for (; *text != '\0'; text++)
	{
		if (*text != '\n')
			appendStringInfoChar(&line, *text);
		else if (text[1] != '\0')
			appendStringInfoString(&line, "; ");
	}
	return line.data;
}

/* Ids of revisions (SlRevisionRow): a, b and 3 more. */
static char *
names_of(List *rows)
{
	StringInfoData text;
	ListCell   *cell;
	int			count = 0;

	initStringInfo(&text);
	foreach(cell, rows)
	{
		if (count++ < NAMES_SHOWN)
			appendStringInfo(&text, "%s%s", count > 1 ? ", " : "",
							 ((const SlRevisionRow *) lfirst(cell))->revision);
	}
	if (count > NAMES_SHOWN)
		appendStringInfo(&text, " and %s more",
						 sl_grouped(count - NAMES_SHOWN));
	return count == 0 ? pstrdup("none") : text.data;
}

/* Who migrates; NULL if nobody does. */
static char *
holder_text(void)
{
	SlHolder	holder;
	SlHolder	worker;
	SlActivity *activity;

	if (RecoveryInProgress() || !sl_lock_look(&holder, &worker))
		return NULL;
	if (holder.pid == 0)
		return pstrdup("a prepared transaction has the migration lock");
	activity = sl_activity_of(holder.pid);
	if (activity == NULL)
		return NULL;
	return psprintf("process %d (%s, %s) has the migration lock, at work since %s",
					holder.pid, activity->application_name != NULL &&
					activity->application_name[0] != '\0' ?
					activity->application_name : "no name", activity->client,
					activity->since_at != 0 ? time_text(activity->since_at) :
					"an unknown time");
}

static List *
gather_facts(const SlReport *report)
{
	List	   *facts = NIL;
	char	   *holder = holder_text();
	const char *cluster = GetConfigOptionByName("cluster_name", NULL, false);

	facts = add_item(facts, "Database",
					 get_database_name(MyDatabaseId), SL_TONE_PLAIN);
	facts = add_item(facts, "Server",
					 psprintf("PostgreSQL %s, %s%s%s",
							  GetConfigOptionByName("server_version", NULL,
													false),
							  RecoveryInProgress() ? "standby" : "primary",
							  cluster[0] != '\0' ? ", " : "", cluster),
					 SL_TONE_PLAIN);
	facts = add_item(facts, "Extension",
					 SL_EXTENSION_NAME " " SL_EXTENSION_VERSION,
					 SL_TONE_PLAIN);
	facts = add_item(facts, "Checked at", time_text(GetCurrentTimestamp()),
					 SL_TONE_PLAIN);
	facts = add_item(facts, "Is at", names_of(report->standing.current),
					 SL_TONE_PLAIN);
	facts = add_item(facts, "Heads", names_of(report->heads), SL_TONE_PLAIN);
	if (holder != NULL)
		facts = add_item(facts, "Running", holder, SL_TONE_PLAIN);
	return facts;
}

static List *
add_count(List *counts, const SlReport *report, const char *label,
		  int64 count, SlTone tone)
{
	if (!report->looked || report->unknown)
		return add_item(counts, label, "not known", SL_TONE_PLAIN);
	return add_item(counts, label, sl_grouped(count),
					count > 0 ? tone : SL_TONE_GOOD);
}

static List *
gather_counts(const SlReport *report)
{
	List	   *counts = NIL;
	int			pending = list_length(report->standing.pending);
	int			required = list_length(report->requirements);
	int			hold = 0;
	ListCell   *cell;

	foreach(cell, report->requirements)
		if (((const SlRequirementState *) lfirst(cell))->holds)
			hold++;
	counts = add_item(counts, "Pending", sl_grouped(pending),
					  pending > 0 ? SL_TONE_DOUBTFUL : SL_TONE_GOOD);
	counts = add_count(counts, report, "Stamped", report->stamps.stamped,
					   SL_TONE_BAD);
	counts = add_count(counts, report, "Partial or altered",
					   report->stamps.partial + report->stamps.altered,
					   SL_TONE_DOUBTFUL);
	counts = add_count(counts, report, "Drift: errors",
					   report->drifts.errors, SL_TONE_BAD);
	counts = add_count(counts, report, "Drift: warnings",
					   report->drifts.warnings, SL_TONE_DOUBTFUL);
	counts = add_count(counts, report, "Unexpected",
					   report->drifts.unexpected, SL_TONE_DOUBTFUL);
	counts = add_count(counts, report, "Unverifiable",
					   report->truth.unverifiable, SL_TONE_DOUBTFUL);
	if (required > 0)
		counts = add_item(counts, "Requirements",
						  psprintf("%d of %d", hold, required),
						  hold < required ? SL_TONE_BAD : SL_TONE_GOOD);
	return counts;
}

static void
write_headline(Writer *writer)
{
	const SlReport *report = writer->report;
	SlHeadline	headline = {0};
	int			i;

	headline.database = get_database_name(MyDatabaseId);
	headline.verdict = report->verdict->name;
	headline.tone = sl_verdict_is_unknown(report->verdict) ? SL_TONE_PLAIN :
		sl_tone_of(report->verdict->status);
	for (i = 0; i < (int) lengthof(meanings); i++)
	{
		if (strcmp(meanings[i].verdict, report->verdict->name) == 0)
		{
			headline.meaning = meanings[i].meaning;
			headline.remedy = meanings[i].remedy;
		}
	}
	if (headline.meaning == NULL)
		elog(ERROR, "verdict \"%s\" has no meaning", report->verdict->name);
	headline.facts = gather_facts(report);
	headline.counts = gather_counts(report);
	writer->form->begin(writer->out, &headline);
}

/* A row of so many cells, in the current memory context. */
static const char **
new_row(SlTable *table)
{
	const char **row = palloc0_array(const char *, table->ncolumns);

	table->rows = lappend(table->rows, row);
	return row;
}

/* True if there is room for a row; else it is only counted. */
static bool
has_room(SlTable *table, int limit)
{
	if (list_length(table->rows) < limit)
		return true;
	table->more++;
	return false;
}

/* A section that is one table, if there is anything in it. */
static void
write_section(Writer *writer, const char *title, const char *lead,
			  const SlTable *table)
{
	if (table->rows == NIL)
		return;
	writer->form->section(writer->out, title, lead);
	writer->form->table(writer->out, table);
	writer->form->end_section(writer->out);
}

static void
write_problems(Writer *writer)
{
	static const SlColumn columns[] = {
		{"severity", SL_COLUMN_WORD},
		{"problem", SL_COLUMN_TIME},
		{"revision", SL_COLUMN_NAME},
		{"detail", SL_COLUMN_TEXT},
	};
	SlTable		table = {lengthof(columns), columns, NIL, 0};
	const SlReport *report = writer->report;
	const SlOptions *options = &report->options;
	List	   *conflicts = sl_graph_conflicts(report->graph,
											   options->compare_owners,
											   options->compare_privileges);
	ListCell   *cell;
	int			errors;

	/* what stops runs comes first */
	for (errors = 1; errors >= 0; errors--)
	{
		foreach(cell, report->problems)
		{
			const SlProblem *problem = lfirst(cell);
			const char **row;

			if (problem->error != (errors == 1) ||
				!has_room(&table, FINDINGS_SHOWN))
				continue;
			row = new_row(&table);
			row[0] = problem->error ? "error" : "warning";
			row[1] = problem->problem;
			row[2] = problem->revision;
			row[3] = sl_value_cut(problem->detail, NULL, VALUE_SHOWN);
		}
	}
	foreach(cell, conflicts)
	{
		const SlProblem *problem = lfirst(cell);
		const char **row;

		if (!has_room(&table, FINDINGS_SHOWN))
			continue;
		row = new_row(&table);
		row[0] = "warning";
		row[1] = problem->problem;
		row[2] = problem->revision;
		row[3] = sl_value_cut(problem->detail, NULL, VALUE_SHOWN);
	}
	write_section(writer, "Problems of the graph",
				  "An error stops every run until it is put right; a warning stops nothing.",
				  &table);
}

static void
write_failures(Writer *writer)
{
	static const SlColumn columns[] = {
		{"at", SL_COLUMN_TIME},
		{"revision", SL_COLUMN_NAME},
		{"is now", SL_COLUMN_WORD},
		{"code", SL_COLUMN_TIME},
		{"error", SL_COLUMN_TEXT},
	};
	SlTable		table = {lengthof(columns), columns, NIL, 0};
	SlGraph    *graph = writer->report->graph;
	int64		total;
	ListCell   *cell;

	foreach(cell, sl_log_tail(true, FAILURES_SHOWN, &total))
	{
		const SlLogTailRow *log = lfirst(cell);
		const SlRevisionRow *revision = sl_graph_find(graph, log->revision);
		const char **row = new_row(&table);

		row[0] = time_text(log->at);
		row[1] = log->revision;
		row[2] = revision == NULL ? "not registered" :
			revision->failed ? "failed" :
			sl_graph_is_applied(graph, revision) ? "applied" : "pending";
		row[3] = log->sqlstate;
		row[4] = in_one_line(log->error);
	}
	table.more = total - list_length(table.rows);
	write_section(writer, "Failures", "The last runs that failed, the latest first.",
				  &table);
}

static void
write_failures_now(Writer *writer)
{
	if (writer->failing)
		write_failures(writer);
}

static void
write_failures_past(Writer *writer)
{
	if (!writer->failing)
		write_failures(writer);
}

static void
write_stamps(Writer *writer)
{
	static const SlColumn columns[] = {
		{"revision", SL_COLUMN_NAME},
		{"verdict", SL_COLUMN_WORD},
		{"object", SL_COLUMN_NAME},
		{"problem", SL_COLUMN_WORD},
		{"evidence", SL_COLUMN_TIME},
	};
	SlTable		table = {lengthof(columns), columns, NIL, 0};
	ListCell   *cell;

	foreach(cell, writer->report->truth.stamp)
	{
		const SlStampFinding *finding = lfirst(cell);
		const char **row;

		if (finding->class == NULL || !has_room(&table, FINDINGS_SHOWN))
			continue;
		row = new_row(&table);
		row[0] = finding->revision;
		row[1] = finding->verdict;
		row[2] = sl_value_cut(psprintf("%s %s", finding->class,
									   finding->identity), NULL, NAME_SHOWN);
		row[3] = finding->problem;
		row[4] = finding->evidence;
	}
	write_section(writer, "Stamp drift",
				  "Recorded as applied, but not there as it was applied. `sl_repair_plan()` shows what brings it back.",
				  &table);
}

static void
write_requirements(Writer *writer)
{
	static const SlColumn columns[] = {
		{"state", SL_COLUMN_WORD},
		{"name", SL_COLUMN_NAME},
		{"requirement", SL_COLUMN_NAME},
		{"why not", SL_COLUMN_TEXT},
	};
	SlTable		table = {lengthof(columns), columns, NIL, 0};
	ListCell   *cell;
	int			holds;

	for (holds = 0; holds <= 1; holds++)
	{
		foreach(cell, writer->report->requirements)
		{
			const SlRequirementState *state = lfirst(cell);
			const char **row;

			if (state->holds != (holds == 1) ||
				!has_room(&table, FINDINGS_SHOWN))
				continue;
			row = new_row(&table);
			row[0] = state->holds ? "holds" : "violated";
			row[1] = state->name;
			row[2] = sl_value_cut(state->requirement, NULL, NAME_SHOWN);
			row[3] = sl_value_cut(state->why, NULL, VALUE_SHOWN);
		}
	}
	write_section(writer, "Requirements", NULL, &table);
}

/* What a difference is, in one cell. */
static const char *
difference_text(const SlDriftFinding *finding)
{
	char	   *expected;
	char	   *actual;

	if (finding->attribute == NULL)
		return finding->problem;
	expected = sl_value_cut(finding->expected, finding->actual, VALUE_SHOWN);
	actual = sl_value_cut(finding->actual, finding->expected, VALUE_SHOWN);
	return psprintf("%s: expected %s, actual %s", finding->attribute,
					expected != NULL ? expected : "none",
					actual != NULL ? actual : "none");
}

static void
write_drift(Writer *writer)
{
	static const SlColumn columns[] = {
		{"severity", SL_COLUMN_WORD},
		{"object", SL_COLUMN_NAME},
		{"difference", SL_COLUMN_TEXT},
		{"last set by", SL_COLUMN_NAME},
	};
	SlTable		table = {lengthof(columns), columns, NIL, 0};
	ListCell   *cell;
	int			weight;

	for (weight = 0; weight <= 3; weight++)
	{
		foreach(cell, writer->report->truth.drift)
		{
			const SlDriftFinding *finding = lfirst(cell);
			const char **row;

			CHECK_FOR_INTERRUPTS();
			if (sl_drift_weight(finding) != weight ||
				!has_room(&table, FINDINGS_SHOWN))
				continue;
			row = new_row(&table);
			row[0] = finding->severity;
			row[1] = sl_value_cut(psprintf("%s %s", finding->class,
										   finding->identity), NULL,
								  NAME_SHOWN);
			row[2] = difference_text(finding);
			row[3] = finding->revision;
		}
	}
	write_section(writer, "Drift",
				  "The schema against what the history leads to. A difference that is meant is for a new revision, or `sl_accept()`.",
				  &table);
}

static void
write_unverifiable(Writer *writer)
{
	static const SlColumn columns[] = {
		{"revision", SL_COLUMN_NAME},
		{"kind", SL_COLUMN_TIME},
		{"run by", SL_COLUMN_TIME},
		{"description", SL_COLUMN_TEXT},
	};
	SlTable		table = {lengthof(columns), columns, NIL, 0};
	ListCell   *cell;

	foreach(cell, writer->report->truth.stamp)
	{
		const SlStampFinding *finding = lfirst(cell);
		const SlRevisionRow *revision;
		const char **row;

		if (finding->class != NULL || !has_room(&table, FINDINGS_SHOWN))
			continue;
		revision = sl_graph_find(writer->report->graph, finding->revision);
		row = new_row(&table);
		row[0] = finding->revision;
		if (revision == NULL)
			row[3] = "not registered";
		else
		{
			row[1] = sl_kind_name(revision->kind);
			row[2] = revision->external ? "another tool" : NULL;
			row[3] = sl_value_cut(revision->description, NULL, VALUE_SHOWN);
		}
	}
	write_section(writer, "Unverifiable revisions",
				  "Applied, and nobody knows what they did: there is no footprint to look for. `CALL sl_rehearse()` makes one.",
				  &table);
}

static void
write_pending(Writer *writer)
{
	static const SlColumn columns[] = {
		{"", SL_COLUMN_NUMBER},
		{"revision", SL_COLUMN_NAME},
		{"kind", SL_COLUMN_TIME},
		{"how", SL_COLUMN_TEXT},
		{"description", SL_COLUMN_TEXT},
	};
	SlTable		table = {lengthof(columns), columns, NIL, 0};
	ListCell   *cell;

	foreach(cell, writer->report->standing.pending)
	{
		const SlRevisionRow *revision = lfirst(cell);
		const char **row;

		if (!has_room(&table, PENDING_SHOWN))
			continue;
		row = new_row(&table);
		row[0] = sl_grouped(list_length(table.rows));
		row[1] = revision->revision;
		row[2] = sl_kind_name(revision->kind);
		if (revision->external)
			row[3] = "by another tool";
		else if (revision->transactional)
			row[3] = "in a transaction";
		else if (revision->offender == NULL)
			row[3] = "outside a transaction";
		else
			row[3] = psprintf("outside a transaction: %s",
							  sl_value_cut(revision->offender, NULL,
										   VALUE_SHOWN));
		row[4] = sl_value_cut(revision->description, NULL, VALUE_SHOWN);
	}
	write_section(writer, "Pending", "What a run would do, in this order.",
				  &table);
}

/* Rows of a table by severity, and how many more there are. */
typedef struct LintRows
{
	MemoryContext cxt;			/* in which they are kept */
	SlTable		tables[SL_ERROR + 1];
} LintRows;

static void
add_lint(const SlLintFinding *finding, void *arg)
{
	LintRows   *found = arg;
	SlTable    *table = &found->tables[finding->severity];
	MemoryContext before;
	const char **row;

	if (!has_room(table, FINDINGS_SHOWN))
		return;
	before = MemoryContextSwitchTo(found->cxt);
	row = new_row(table);
	row[0] = sl_lint_severity_name(finding->severity);
	row[1] = pstrdup(finding->revision);
	if (finding->line > 0)
		row[2] = psprintf("%d", finding->line);
	row[3] = pstrdup(finding->rule);
	row[4] = sl_value_cut(finding->message, NULL, VALUE_SHOWN);
	if (finding->hint != NULL)
		row[4] = psprintf("%s. %s", row[4], finding->hint);
	MemoryContextSwitchTo(before);
}

static void
write_lint(Writer *writer)
{
	static const SlColumn columns[] = {
		{"severity", SL_COLUMN_WORD},
		{"revision", SL_COLUMN_NAME},
		{"line", SL_COLUMN_NUMBER},
		{"rule", SL_COLUMN_NAME},
		{"finding", SL_COLUMN_TEXT},
	};
	SlTable		table = {lengthof(columns), columns, NIL, 0};
	List	   *pending = writer->report->standing.pending;
	bool		all = list_length(pending) <= LINTED;
	LintRows	found;
	int			i;

	if (pending == NIL)
		return;
	found.cxt = CurrentMemoryContext;
	for (i = 0; i <= SL_ERROR; i++)
		found.tables[i] = table;
	if (!all)
		pending = list_truncate(list_copy(pending), LINTED);
	sl_lint_revisions(pending, NULL, add_lint, &found);

	/* what is worst comes first */
	for (i = SL_ERROR; i > SL_SILENT; i--)
	{
		table.rows = list_concat(table.rows, found.tables[i].rows);
		table.more += found.tables[i].more;
	}
	if (list_length(table.rows) > FINDINGS_SHOWN)
	{
		table.more += list_length(table.rows) - FINDINGS_SHOWN;
		table.rows = list_truncate(table.rows, FINDINGS_SHOWN);
	}
	write_section(writer, "Lint", all ?
				  "What the pending revisions will do that their authors may not have meant." :
				  "What the first of the pending revisions will do that their authors may not have meant.",
				  &table);
}

static void
write_graph(Writer *writer)
{
	if (writer->report->empty)
		return;
	writer->form->section(writer->out, "Graph", NULL);
	writer->form->graph(writer->out, writer->report->graph);
	writer->form->end_section(writer->out);
}

static void
write_history(Writer *writer)
{
	static const SlColumn columns[] = {
		{"at", SL_COLUMN_TIME},
		{"action", SL_COLUMN_TIME},
		{"revision", SL_COLUMN_NAME},
		{"outcome", SL_COLUMN_WORD},
		{"by", SL_COLUMN_TEXT},
		{"took", SL_COLUMN_NUMBER},
		{"note", SL_COLUMN_TEXT},
	};
	SlTable		table = {lengthof(columns), columns, NIL, 0};
	int64		total;
	ListCell   *cell;

	foreach(cell, sl_log_tail(false, HISTORY_SHOWN, &total))
	{
		const SlLogTailRow *log = lfirst(cell);
		const char **row = new_row(&table);

		row[0] = time_text(log->at);
		row[1] = log->action;
		row[2] = log->revision;
		row[3] = log->outcome;
		row[4] = log->application_name == NULL ||
			log->application_name[0] == '\0' ? log->role :
			psprintf("%s (%s)", log->role, log->application_name);
		row[5] = elapsed_text(log->elapsed);
		row[6] = sl_value_cut(in_one_line(log->error != NULL ? log->error :
										  log->reason), NULL, VALUE_SHOWN);
	}
	table.more = total - list_length(table.rows);
	write_section(writer, "History", "The latest first.", &table);
}

static void
write_incidents(Writer *writer)
{
	static const SlColumn columns[] = {
		{"at", SL_COLUMN_TIME},
		{"verdict", SL_COLUMN_WORD},
		{"before", SL_COLUMN_WORD},
		{"pending", SL_COLUMN_NUMBER},
		{"stamped", SL_COLUMN_NUMBER},
		{"drift: errors", SL_COLUMN_NUMBER},
		{"warnings", SL_COLUMN_NUMBER},
	};
	SlTable		table = {lengthof(columns), columns, NIL, 0};
	int64		total;
	ListCell   *cell;

	foreach(cell, sl_verdict_tail(INCIDENTS_SHOWN, &total))
	{
		const SlVerdictTailRow *seen = lfirst(cell);
		const char **row = new_row(&table);

		row[0] = time_text(seen->at);
		row[1] = seen->verdict;
		row[2] = seen->previous;
		row[3] = sl_grouped(seen->pending);
		row[4] = seen->stamped;
		row[5] = seen->errors;
		row[6] = seen->warnings;
	}
	table.more = total - list_length(table.rows);
	write_section(writer, "Incidents",
				  "Changes of the verdict that `sl_watch()` saw, the latest first.",
				  &table);
}

/* The parts of a report, in their order; each leaves itself out if empty. */
static void (*const sections[]) (Writer *writer) = {
	write_headline,
	write_failures_now,
	write_problems,
	write_stamps,
	write_requirements,
	write_drift,
	write_unverifiable,
	write_pending,
	write_lint,
	write_graph,
	write_history,
	write_failures_past,
	write_incidents,
};

static const SlReportForm *const forms[] = {&sl_form_html, &sl_form_text};

static const SlReportForm *
find_form(const char *name)
{
	int			i;

	for (i = 0; i < (int) lengthof(forms); i++)
		if (strcmp(forms[i]->name, name) == 0)
			return forms[i];
	ereport(ERROR,
			(errcode(SL_ERR_BAD_INPUT),
			 errmsg("unknown format \"%s\"", name),
			 errhint("Available formats: html, text.")));
	return NULL;				/* keep the compiler quiet */
}

/* sl_report(format) */
Datum
sl_report(PG_FUNCTION_ARGS)
{
	StringInfoData out;
	Writer		writer;
	int			i;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("\"%s\" must not be null", "format"),
				 errhint("Available formats: html, text.")));
	writer.form = find_form(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	writer.report = sl_report_make(NULL, SL_REPORT_ALL);
	writer.failing = writer.report->standing.failed != NIL;
	initStringInfo(&out);
	writer.out = &out;
	for (i = 0; i < (int) lengthof(sections); i++)
		sections[i] (&writer);
	writer.form->end(&out);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}
