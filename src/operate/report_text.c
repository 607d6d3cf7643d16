/*-------------------------------------------------------------------------
 *
 * report_text.c
 *	  A report as plain text: lines of at most 100 columns.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/operate/report_text.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/sl_compat.h"
#include "operate/report.h"

#define LINE_WIDTH	100

/* between the columns of a table */
#define GAP			2

/* no column of a table gets less, if there is enough for all of them */
#define LEAST		8

/* boxes of the graph */
#define GRAPH_ROWS	24

static void
append_line(StringInfo out, const char *text)
{
	int			length = strlen(text);

	while (length > 0 && text[length - 1] == ' ')
		length--;
	appendBinaryStringInfo(out, text, length);
	appendStringInfoChar(out, '\n');
}

static void
append_rule(StringInfo out, char c, int width)
{
	while (width-- > 0)
		appendStringInfoChar(out, c);
	appendStringInfoChar(out, '\n');
}

/*
 * How much of a text goes into a line of so many columns: up to the last blank
 * in it, if there is one, else as much as fits.  *next is where the next line
 * begins.
 */
static int
break_line(const char *text, int columns, int *next)
{
	int			used;
	int			fits = sl_fitting(text, columns, &used);
	int			i;

	*next = fits;
	if (text[fits] == '\0')
		return fits;
	/* one character at least, however wide it is */
	if (fits == 0)
		fits = *next = sl_fitting(text, 2, &used);
	for (i = fits; i > 0; i--)
	{
		if (text[i] == ' ')
		{
			*next = i + 1;
			return i;
		}
	}
	return fits;
}

/* What is ours, without the marks of what is to be typed. */
static char *
unmarked(const char *text)
{
	char	   *copy = pstrdup(text);
	char	   *to = copy;

	for (; *text != '\0'; text++)
		if (*text != '`')
			*to++ = *text;
	*to = '\0';
	return copy;
}

/* A paragraph whose second and further lines are indented. */
static void
append_paragraph(StringInfo out, const char *text, int indent)
{
	const char *p = text;
	bool		first = true;

	do
	{
		int			next;
		int			length = break_line(p, LINE_WIDTH - (first ? 0 : indent),
										&next);

		if (!first)
			appendStringInfo(out, "%*s", indent, "");
		append_line(out, pnstrdup(p, length));
		p += next;
		first = false;
	} while (*p != '\0');
}

static void
append_items(StringInfo out, List *items)
{
	ListCell   *cell;
	int			width = 0;

	foreach(cell, items)
		width = Max(width, sl_width(((SlItem *) lfirst(cell))->label));
	foreach(cell, items)
	{
		const SlItem *item = lfirst(cell);

		append_paragraph(out,
						 psprintf("%s%*s  %s", item->label,
								  width - sl_width(item->label), "",
								  sl_printable(item->value)),
						 width + 2);
	}
}

static void
text_begin(StringInfo out, const SlHeadline *headline)
{
	append_rule(out, '=', LINE_WIDTH);
	appendStringInfo(out, "%s: %s\n",
					 sl_cut(sl_printable(headline->database), 60),
					 headline->verdict);
	append_rule(out, '=', LINE_WIDTH);
	append_paragraph(out, unmarked(headline->meaning), 0);
	if (headline->remedy != NULL)
		append_paragraph(out, psprintf("What to do: %s",
								  unmarked(headline->remedy)),
						 12);
	appendStringInfoChar(out, '\n');
	append_items(out, headline->facts);
	appendStringInfoChar(out, '\n');
	append_items(out, headline->counts);
}

static void
text_section(StringInfo out, const char *title, const char *lead)
{
	appendStringInfo(out, "\n%s\n", title);
	append_rule(out, '-', strlen(title));
	if (lead != NULL)
		append_paragraph(out, unmarked(lead), 0);
}

/* A cell as it is printed. */
static const char *
cell_text(const SlTable *table, const char *const *row, int column)
{
	return row[column] == NULL ? "" : row[column];
}

/* How much too wide a column is: words are broken before names are. */
static int
excess(SlColumnKind kind, int width)
{
	if (width <= LEAST)
		return 0;
	switch (kind)
	{
		case SL_COLUMN_TEXT:
			return width * 3;
		case SL_COLUMN_NAME:
			return width * 2;
		default:
			return 0;
	}
}

/*
 * Columns as wide as what is in them.  Where that is too much, the widest give
 * way, and their cells take several lines.
 */
static int *
column_widths(const SlTable *table)
{
	int		   *widths = palloc_array(int, table->ncolumns);
	int			total = GAP * (table->ncolumns - 1);
	ListCell   *cell;
	int			c;

	for (c = 0; c < table->ncolumns; c++)
	{
		widths[c] = sl_width(table->columns[c].title);
		foreach(cell, table->rows)
			widths[c] = Max(widths[c],
							Min(sl_width(cell_text(table, lfirst(cell), c)),
								LINE_WIDTH));
		total += widths[c];
	}
	while (total > LINE_WIDTH)
	{
		int			widest = -1;
		int			most = 0;

		for (c = 0; c < table->ncolumns; c++)
		{
			int			much = excess(table->columns[c].kind, widths[c]);

			if (much > most)
			{
				most = much;
				widest = c;
			}
		}
		if (widest < 0)
			break;
		widths[widest]--;
		total--;
	}
	return widths;
}

/* One row, on as many lines as its longest cell takes. */
static void
append_row(StringInfo out, const SlTable *table, const int *widths,
		   const char **cells)
{
	bool		more;

	do
	{
		StringInfoData line;
		int			c;

		initStringInfo(&line);
		more = false;
		for (c = 0; c < table->ncolumns; c++)
		{
			bool		last = c == table->ncolumns - 1;
			int			next;
			int			length = break_line(cells[c], widths[c], &next);
			char	   *piece = pnstrdup(cells[c], length);
			int			pad = Max(widths[c] - sl_width(piece), 0);

			if (table->columns[c].kind == SL_COLUMN_NUMBER)
				appendStringInfo(&line, "%*s%s%*s", pad, "", piece,
								 last ? 0 : GAP, "");
			else
				appendStringInfo(&line, "%s%*s", piece,
								 last ? 0 : pad + GAP, "");
			cells[c] += next;
			more |= *cells[c] != '\0';
		}
		append_line(out, line.data);
		pfree(line.data);
	} while (more);
}

static void
text_table(StringInfo out, const SlTable *table)
{
	SlTable		shown = *table;
	const char **cells = palloc_array(const char *, table->ncolumns);
	ListCell   *cell;
	int		   *widths;
	int			c;

	shown.rows = NIL;
	foreach(cell, table->rows)
	{
		const char **row = lfirst(cell);
		const char **printed = palloc_array(const char *, table->ncolumns);

		for (c = 0; c < table->ncolumns; c++)
			printed[c] = row[c] == NULL ? NULL : sl_printable(row[c]);
		shown.rows = lappend(shown.rows, printed);
	}
	widths = column_widths(&shown);
	for (c = 0; c < table->ncolumns; c++)
		cells[c] = table->columns[c].title;
	append_row(out, &shown, widths, cells);
	for (c = 0; c < table->ncolumns; c++)
	{
		StringInfoData rule;
		int			i;

		initStringInfo(&rule);
		for (i = 0; i < widths[c]; i++)
			appendStringInfoChar(&rule, '-');
		cells[c] = rule.data;
	}
	append_row(out, &shown, widths, cells);
	foreach(cell, shown.rows)
	{
		for (c = 0; c < table->ncolumns; c++)
			cells[c] = cell_text(&shown, lfirst(cell), c);
		append_row(out, &shown, widths, cells);
	}
	if (table->more > 0)
		appendStringInfo(out, "... and %s more\n", sl_grouped(table->more));
}

/* Parents of a box, but the one that stands right above it. */
static char *
parents_text(const SlOutline *outline, int box)
{
	StringInfoData text;
	int			count = 0;
	int			l;

	initStringInfo(&text);
	for (l = 0; l < outline->nlinks; l++)
	{
		const SlLink *link = &outline->links[l];

		if (link->to != box || link->replaced)
			continue;
		if (link->from != box - 1)
			count = Max(count, 1);
		appendStringInfo(&text, "%s%s", text.len > 0 ? ", " : "",
						 sl_box_label(&outline->boxes[link->from]));
		count++;
	}
	return count > 1 ? text.data : NULL;
}

static void
text_graph(StringInfo out, SlGraph *graph)
{
	static const SlColumn columns[] = {
		{"revision", SL_COLUMN_NAME},
		{"state", SL_COLUMN_WORD},
		{"kind", SL_COLUMN_WORD},
		{"head", SL_COLUMN_WORD},
		{"parents, if not the one above", SL_COLUMN_NAME},
	};
	SlTable		table = {lengthof(columns), columns, NIL, 0};
	SlOutline	outline;
	int			i;

	sl_outline_make(graph, GRAPH_ROWS, &outline);
	for (i = 0; i < outline.nboxes; i++)
	{
		const SlBox *box = &outline.boxes[i];
		const char **row = palloc0_array(const char *, lengthof(columns));

		row[0] = sl_box_label(box);
		row[1] = box->state;
		row[2] = box->node == NULL ? box->what :
			box->unregistered ? "not registered" :
			box->kind == SL_KIND_VERSIONED ? NULL : sl_kind_name(box->kind);
		row[3] = box->node != NULL && box->node->head ? "head" : NULL;
		row[4] = i < outline.nversioned ? parents_text(&outline, i) : NULL;
		table.rows = lappend(table.rows, row);
	}
	if (table.rows != NIL)
		text_table(out, &table);
}

static void
text_end_section(StringInfo out)
{
}

static void
text_end(StringInfo out)
{
}

const SlReportForm sl_form_text = {
	"text", text_begin, text_section, text_table, text_graph,
	text_end_section, text_end
};
