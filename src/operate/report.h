/*-------------------------------------------------------------------------
 *
 * report.h
 *	  Reports for people: what is said, and the forms in which it is.
 *
 * What there is to say is gathered once, as titles, facts and tables; a form
 * writes them down.  The graph is reduced to what a person can look at.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/operate/report.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_OPERATE_REPORT_H
#define SL_OPERATE_REPORT_H

#include "postgres.h"

#include "lib/stringinfo.h"

#include "graph/graph.h"

/* in report_outline.c */

/* What one box of a drawing stands for. */
typedef struct SlBox
{
	const SlPictureNode *node;	/* NULL: several */
	int			folded;			/* so many, where it is several */
	const char *first;			/* of a chain that was folded, else NULL */
	const char *last;
	const char *what;			/* of others: what they are */
	const char *state;			/* that all have; NULL: they differ */
	SlKind		kind;
	bool		unregistered;
} SlBox;

typedef struct SlLink
{
	int			from;			/* boxes */
	int			to;
	bool		replaced;		/* by the baseline "to" */
	bool		back;			/* against the order: of a cycle */
} SlLink;

/*
 * Boxes in the order of the graph: what is versioned, what is not registered,
 * then repeatables and seeds.
 */
typedef struct SlOutline
{
	int			nboxes;
	SlBox	   *boxes;
	int			nversioned;		/* boxes of those, and of the unregistered */
	int			nlinks;
	SlLink	   *links;			/* by "from" and "to", each once */
} SlOutline;

extern void sl_outline_make(SlGraph *graph, int limit, SlOutline *outline);
extern char *sl_box_label(const SlBox *box);

/* in report_words.c */
extern char *sl_printable(const char *text);
extern int	sl_fitting(const char *text, int columns, int *used);
extern int	sl_width(const char *text);
extern char *sl_cut(const char *text, int columns);
extern char *sl_grouped(int64 number);

/* How a value is to be seen. */
typedef enum SlTone
{
	SL_TONE_PLAIN,
	SL_TONE_GOOD,
	SL_TONE_DOUBTFUL,
	SL_TONE_BAD
} SlTone;

typedef enum SlColumnKind
{
	SL_COLUMN_TEXT,
	SL_COLUMN_NAME,				/* of objects, statements: fixed width */
	SL_COLUMN_TIME,				/* not to be broken */
	SL_COLUMN_NUMBER,			/* the same, to the right */
	SL_COLUMN_WORD				/* one of few, with a tone */
} SlColumnKind;

typedef struct SlColumn
{
	const char *title;
	SlColumnKind kind;
} SlColumn;

/* So many rows of a table are shown; the others are counted. */
typedef struct SlTable
{
	int			ncolumns;
	const SlColumn *columns;
	List	   *rows;			/* const char **: a cell may be NULL */
	int64		more;
} SlTable;

extern SlTone sl_tone_of(const char *word);

/* A thing to know, in few words. */
typedef struct SlItem
{
	const char *label;
	const char *value;
	SlTone		tone;
} SlItem;

/* What stands at the top. */
typedef struct SlHeadline
{
	const char *database;
	const char *verdict;
	SlTone		tone;
	const char *meaning;
	const char *remedy;			/* NULL: nothing is to be done */
	List	   *facts;			/* SlItem *: where and when */
	List	   *counts;			/* SlItem *: how much of what */
} SlHeadline;

/* A form in which a report is written. */
typedef struct SlReportForm
{
	const char *name;
	void		(*begin) (StringInfo out, const SlHeadline *headline);
	void		(*section) (StringInfo out, const char *title,
							const char *lead);
	void		(*table) (StringInfo out, const SlTable *table);
	void		(*graph) (StringInfo out, SlGraph *graph);
	void		(*end_section) (StringInfo out);
	void		(*end) (StringInfo out);
} SlReportForm;

extern const SlReportForm sl_form_text;

/* in report_html.c */
extern const SlReportForm sl_form_html;
extern void sl_html_append(StringInfo out, const char *text);
extern const char *sl_html_tone(SlTone tone);

/* in report_drawing.c */
extern void sl_drawing_append(StringInfo out, SlGraph *graph);

#endif							/* SL_OPERATE_REPORT_H */
