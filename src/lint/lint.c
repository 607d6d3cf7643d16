/*-------------------------------------------------------------------------
 *
 * lint.c
 *	  One script, or a sequence of them, before the rules.
 *
 * Findings of a script are kept until its end: an ignore may stand anywhere
 * in it, and some rules look at the whole.  What a script made is kept for
 * those after it; all else goes with its memory context.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/lint/lint.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "common/sl_errors.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/memutils.h"

#include "lint/lint_private.h"

const char *
sl_lint_severity_name(SlLintSeverity severity)
{
	switch (severity)
	{
		case SL_INFO:
			return "info";
		case SL_WARNING:
			return "warning";
		case SL_ERROR:
			return "error";
		default:
			return "none";
	}
}

static void
keep(SlLint *lint, SlLintSeverity severity, int statement, int line,
	 const char *message, const char *hint)
{
	MemoryContext caller;
	SlLintFinding *finding;

	if (severity == SL_SILENT || lint->sink == NULL)
		return;
	caller = MemoryContextSwitchTo(lint->script.context);
	finding = palloc0_object(SlLintFinding);
	finding->revision = lint->script.revision;
	finding->statement = statement;
	finding->line = line;
	finding->rule = lint->rule->id;
	finding->severity = severity;
	finding->message = pstrdup(message);
	finding->hint = hint;
	lint->script.found = lappend(lint->script.found, finding);
	MemoryContextSwitchTo(caller);
}

/*
 * A finding of the rule at work, at the statement at work, with the rule's
 * own hint.
 */
void
sl_lint_find(SlLint *lint, SlLintSeverity severity, char *message)
{
	keep(lint, severity, lint->script.statement, lint->script.line, message,
		 lint->rule->fix);
}

/* With a hint of its own: a constant. */
void
sl_lint_find_hint(SlLint *lint, SlLintSeverity severity, char *message,
				  const char *hint)
{
	keep(lint, severity, lint->script.statement, lint->script.line, message,
		 hint);
}

/* At another place; statement 0: where that line is. */
void
sl_lint_find_at(SlLint *lint, SlLintSeverity severity, int statement,
				int line, char *message)
{
	if (statement == 0 && line > 0)
	{
		ListCell   *cell;

		foreach(cell, lint->script.starts)
		{
			if (lfirst_int(cell) > line)
				break;
			statement++;
		}
	}
	keep(lint, severity, statement, line, message, lint->rule->fix);
}

/* In the order of the text; what is of the whole script comes last. */
static int
compare_findings(const ListCell *a, const ListCell *b)
{
	const SlLintFinding *first = lfirst(a);
	const SlLintFinding *second = lfirst(b);
	int			difference;

	difference = (first->line == 0) - (second->line == 0);
	if (difference == 0)
		difference = (first->line > second->line) -
			(first->line < second->line);
	if (difference == 0)
		difference = strcmp(first->rule, second->rule);
	if (difference == 0)
		difference = strcmp(first->message, second->message);
	return difference;
}

static bool
is_ignored(SlLint *lint, const SlLintFinding *finding)
{
	ListCell   *cell;

	foreach(cell, lint->script.ignores)
	{
		const SlIgnore *ignore = lfirst(cell);

		if (*ignore->reason != '\0' &&
			(ignore->statement == 0 ||
			 ignore->statement == finding->statement) &&
			strcmp(ignore->rule, finding->rule) == 0)
			return true;
	}
	return false;
}

/* Give the findings of the script away. */
static void
report(SlLint *lint)
{
	const SlLintFinding *last = NULL;
	ListCell   *cell;

	list_sort(lint->script.found, compare_findings);
	foreach(cell, lint->script.found)
	{
		const SlLintFinding *finding = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if (is_ignored(lint, finding))
			continue;

		/* two columns of a statement may say the very same */
		if (last != NULL && last->statement == finding->statement &&
			last->line == finding->line &&
			strcmp(last->rule, finding->rule) == 0 &&
			strcmp(last->message, finding->message) == 0)
			continue;
		lint->sink(finding, lint->sink_arg);
		last = finding;
	}
}

/* "rule reason" */
static SlIgnore *
add_ignore(SlLint *lint, const char *value, int line, int statement)
{
	SlIgnore   *ignore = palloc0_object(SlIgnore);
	int			length = strcspn(value, " \t");

	ignore->rule = pnstrdup(value, length);
	ignore->reason = pstrdup(value + length + strspn(value + length, " \t"));
	ignore->line = line;
	ignore->statement = statement;
	lint->script.ignores = lappend(lint->script.ignores, ignore);
	return ignore;
}

/* Is there nothing but lines of comments between two places? */
static bool
is_right_above(const char *text, int from, int to)
{
	while (from < to)
	{
		const char *eol = memchr(text + from, '\n', to - from);

		while (from < to && (text[from] == ' ' || text[from] == '\t'))
			from++;
		if (from == to)
			return true;
		if (to - from < 2 || text[from] != '-' || text[from + 1] != '-' ||
			eol == NULL)
			return false;
		from = (int) (eol - text) + 1;
	}
	return true;
}

/* The headers "-- sl:ignore" that stand right above this statement. */
static ListCell *
take_ignores(SlLint *lint, List *headers, ListCell *next, int start,
			 int statement)
{
	while (next != NULL)
	{
		const SlHeader *header = lfirst(next);

		if (header->start >= start)
			break;
		if (strcmp(header->name, "ignore") == 0)
			add_ignore(lint, header->value, header->line,
					   statement > 0 &&
					   is_right_above(lint->script.text, header->end, start) ?
					   statement : 0);
		next = lnext(headers, next);
	}
	return next;
}

/*
 * Those that the registry has and the text has not: where a format keeps
 * them outside of the section that runs.
 */
static void
add_registered_ignores(SlLint *lint, char **ignores, int nignores)
{
	ListCell   *cell;
	int			i;

	for (i = 0; i < nignores; i++)
	{
		int			length = strcspn(ignores[i], " \t");
		bool		found = false;

		foreach(cell, lint->script.ignores)
		{
			const SlIgnore *ignore = lfirst(cell);

			found |= (int) strlen(ignore->rule) == length &&
				strncmp(ignore->rule, ignores[i], length) == 0;
		}
		if (!found)
			add_ignore(lint, ignores[i], 0, 0);
	}
}

/*
 * For a text that nobody has checked: in how many statements does it come,
 * and is it one transaction?
 */
static void
look_ahead(SlLint *lint, const SlOrigin *origin, Size length)
{
	SlScanner  *scanner = sl_scan_begin(lint->script.text, length, origin);
	MemoryContext each = AllocSetContextCreate(CurrentMemoryContext,
											   "schema_lifecycle statements",
											   ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(each);
	SlStatement statement;
	bool		begun = false;
	bool		ended = false;

	sl_scan_leniently(scanner);
	while (sl_scan_next(scanner, &statement))
	{
		Node	   *stmt = statement.tree->stmt;
		TransactionStmtKind kind = IsA(stmt, TransactionStmt) ?
			((TransactionStmt *) stmt)->kind : TRANS_STMT_SAVEPOINT;

		lint->script.total++;
		if (lint->script.total == 1)
			begun = kind == TRANS_STMT_BEGIN || kind == TRANS_STMT_START;
		ended = kind == TRANS_STMT_COMMIT;
		if (!sl_statement_is_transactional(stmt, NULL))
			lint->script.transactional = false;
		MemoryContextReset(each);
	}
	lint->script.wrapped = begun && ended;
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(each);
	sl_scan_end(scanner);
}

/* All statements, one after the other. */
static void
scan(SlLint *lint, const SlOrigin *origin, Size length)
{
	List	   *headers = sl_script_headers(lint->script.text, length, origin);
	ListCell   *next = list_head(headers);
	SlScanner  *scanner = sl_scan_begin(lint->script.text, length, origin);
	MemoryContext each = AllocSetContextCreate(CurrentMemoryContext,
											   "schema_lifecycle statements",
											   ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = CurrentMemoryContext;

	sl_scan_leniently(scanner);
	for (;;)
	{
		SlStatement statement;
		bool		found;

		MemoryContextSwitchTo(each);
		found = sl_scan_next(scanner, &statement);
		MemoryContextSwitchTo(caller);
		if (!found)
			break;
		next = take_ignores(lint, headers, next, statement.start,
							statement.ordinal);
		lint->script.seen++;
		lint->script.line = statement.line;
		lint->script.slice = statement.text;
		if (IsA(statement.tree->stmt, TransactionStmt))
			lint->script.statement = 0;
		else
		{
			lint->script.statement = statement.ordinal;
			lint->script.statements = statement.ordinal;
			lint->script.starts = lappend_int(lint->script.starts,
											  statement.line);
		}
		MemoryContextSwitchTo(each);
		sl_lint_present(lint, statement.tree->stmt);
		MemoryContextSwitchTo(caller);
		lint->script.slice = NULL;

		/* each is a transaction of its own */
		if (!lint->script.transactional)
		{
			lint->script.transaction++;
			lint->script.held = NULL;
		}
		MemoryContextReset(each);
	}
	(void) take_ignores(lint, headers, next, (int) length + 1, 0);
	MemoryContextDelete(each);
	sl_scan_end(scanner);
}

/*
 * Lint one script.  'declared': a header says that it has to run outside a
 * transaction, or one of its statements does; of a text (no revision) that is
 * found out.
 */
void
sl_lint_text(SlLint *lint, const char *revision, SlKind kind, bool applied,
			 bool declared, const char *text, int first_line, char **ignores,
			 int nignores)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context;
	SlOrigin	origin = {NULL, NULL, 1};
	SlLintScript script = {0};
	Size		length = strlen(text);

	context = AllocSetContextCreate(caller, "schema_lifecycle lint of script",
									ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(context);
	origin.revision = revision;
	origin.first_line = first_line;

	script.number = lint->script.number + 1;
	script.transaction = lint->script.transaction + 1;
	script.revision = revision;
	script.kind = kind;
	script.applied = applied;
	script.transactional = !declared;
	script.text = text;
	script.first_line = first_line;
	script.context = context;
	lint->script = script;
	sl_lint_follow_path(lint, sl_lint_fresh_path());
	if (revision == NULL)
		look_ahead(lint, &origin, length);
	scan(lint, &origin, length);
	add_registered_ignores(lint, ignores, nignores);
	lint->script.statement = 0;
	lint->script.line = 0;
	sl_lint_present_end(lint);
	if (lint->sink != NULL)
		report(lint);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	lint->script.context = NULL;
}

/* Begin with what is live. */
SlLint *
sl_lint_begin(SlLintSink sink, void *arg)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "schema_lifecycle lint",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	SlLint	   *lint = palloc0_object(SlLint);
	HASHCTL		ctl;

	lint->context = context;
	lint->sink = sink;
	lint->sink_arg = arg;
	ctl.keysize = 2 * sizeof(NameData);
	ctl.entrysize = 2 * sizeof(NameData) + sizeof(SlTable *);
	ctl.hcxt = context;
	lint->tables = hash_create("schema_lifecycle lint tables", 128, &ctl,
							   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	MemoryContextSwitchTo(caller);
	return lint;
}

void
sl_lint_end(SlLint *lint)
{
	MemoryContextDelete(lint->context);
}

/* Another tool has its script. */
static void
report_external(SlLint *lint, const char *revision)
{
	SlLintFinding finding = {0};

	finding.revision = revision;
	finding.rule = "opaque";
	finding.severity = SL_INFO;
	finding.message = _("the revision is external: its script is not here, and was not looked into");
	if (lint->sink != NULL)
		lint->sink(&finding, lint->sink_arg);
}

/* See lint.h. */
void
sl_lint_revisions(List *rows, const SlRevisionRow *only, SlLintSink sink,
				  void *arg)
{
	SlLint	   *lint = sl_lint_begin(NULL, arg);
	MemoryContext each = AllocSetContextCreate(CurrentMemoryContext,
											   "schema_lifecycle revision",
											   ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = CurrentMemoryContext;
	ListCell   *cell;

	foreach(cell, rows)
	{
		const SlRevisionRow *row = lfirst(cell);
		SlRegistryEntry *entry;

		CHECK_FOR_INTERRUPTS();
		MemoryContextSwitchTo(each);
		entry = sl_registry_get(row->revision, false);
		lint->sink = only == NULL || row == only ? sink : NULL;
		if (entry != NULL && entry->up == NULL)
			report_external(lint, entry->revision);
		else if (entry != NULL)
			sl_lint_text(lint, entry->revision, entry->kind,
						 row->applied || entry->journal_open,
						 !entry->transactional, entry->up, entry->up_line,
						 entry->ignores, entry->nignores);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(each);
		if (row == only)
			break;
	}
	MemoryContextDelete(each);
	sl_lint_end(lint);
}
