/*-------------------------------------------------------------------------
 *
 * lint.h
 *	  What a script will do that its author may not have meant.
 *
 * Rules look at the raw parse trees of a script, one statement after the
 * other, and at the live catalog: a lock on a table of twenty rows is no
 * alarm, nor is one on a table that the script made itself.  Nothing runs, no
 * relation is opened or locked, nothing is written.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/lint/lint.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_LINT_H
#define SL_LINT_H

#include "graph/graph.h"

typedef enum SlLintSeverity
{
	SL_SILENT,					/* no finding at all */
	SL_INFO,
	SL_WARNING,
	SL_ERROR
} SlLintSeverity;

typedef struct SlLintFinding
{
	const char *revision;		/* NULL: of a text */
	int			statement;		/* its ordinal; 0: of the whole script */
	int			line;			/* 0: of the whole script */
	const char *rule;
	SlLintSeverity	severity;
	const char *message;
	const char *hint;			/* NULL: none */
} SlLintFinding;

typedef void (*SlLintSink) (const SlLintFinding *finding, void *arg);

/* in lint.c */
extern const char *sl_lint_severity_name(SlLintSeverity severity);

/*
 * Lint revisions in the order in which they would run, each with what those
 * before it will have made.  With 'only', findings of that one alone.  The
 * finding is gone after the call of the sink.
 */
extern void sl_lint_revisions(List *rows, const SlRevisionRow *only,
							  SlLintSink sink, void *arg);

#endif							/* SL_LINT_H */
