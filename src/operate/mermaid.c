/*-------------------------------------------------------------------------
 *
 * mermaid.c
 *	  sl_graph_mermaid(): the graph of revisions as a Mermaid flowchart.
 *
 * Boxes are called by a number, so that no id is ever read as syntax.  In
 * their labels every character that is no letter, digit, blank or one of a
 * few harmless signs is written by its number, the way Mermaid reads it:
 * quotes would end the label, backquotes make it Markdown, brackets HTML, and
 * %% anywhere begins a comment or a directive.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/operate/mermaid.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "common/sl_compat.h"
#include "operate/report.h"

PG_FUNCTION_INFO_V1(sl_graph_mermaid);

/* Mermaid refuses more than 500 links and 50,000 characters by default */
#define LINKS		480
#define BOXES		120
#define BOXES_AT_LEAST	8
#define LABEL_COLUMNS	60

/* The forms of boxes: what stands before and after the label. */
static const struct
{
	const char *open;
	const char *close;
}			forms[] = {
	[SL_KIND_VERSIONED] = {"[\"", "\"]"},
	[SL_KIND_REPEATABLE] = {"[[\"", "\"]]"},
	[SL_KIND_SEED] = {"[(\"", "\")]"},
	[SL_KIND_BASELINE] = {"{{\"", "\"}}"},
};

static void
append_label(StringInfo out, const char *text)
{
	const char *p;

	for (p = sl_cut(sl_printable(text), LABEL_COLUMNS); *p != '\0';
		 p += pg_mblen(p))
	{
		unsigned char c = *p;

		if (c >= 0x80)
			appendBinaryStringInfo(out, p, pg_mblen(p));
		else if (isalnum(c) || c == '_' || c == '-' || c == '.' ||
				 c == ' ' || c == ',')
			appendStringInfoChar(out, c);
		else
			appendStringInfo(out, "#%u;", c);
	}
}

static const char *
class_of(const SlBox *box)
{
	if (box->unregistered)
		return "unregistered";
	if (box->state == NULL)
		return "several";
	return box->state;
}

static void
append_box(StringInfo out, const SlBox *box, int number)
{
	bool		head = box->node != NULL && box->node->head;
	bool		stadium = head && box->kind == SL_KIND_VERSIONED;

	appendStringInfo(out, "    r%d%s", number + 1,
					 stadium ? "([\"" : forms[box->kind].open);
	append_label(out, sl_box_label(box));
	if (box->first != NULL)
	{
		appendStringInfoString(out, "<br/>");
		append_label(out, box->first);
		appendStringInfoString(out, " to ");
		append_label(out, box->last);
	}
	else if (box->what != NULL)
		appendStringInfo(out, "<br/>%s", box->what);
	else if (box->unregistered)
		appendStringInfoString(out, "<br/>not registered");
	if (head)
		appendStringInfoString(out, "<br/>head");
	appendStringInfo(out, "%s:::%s\n",
					 stadium ? "\"])" : forms[box->kind].close, class_of(box));
}

/* Heads have a class more, which gives them a thick border. */
static void
append_heads(StringInfo out, const SlOutline *outline)
{
	int			count = 0;
	int			i;

	for (i = 0; i < outline->nboxes; i++)
	{
		const SlBox *box = &outline->boxes[i];

		if (box->node != NULL && box->node->head)
			appendStringInfo(out, "%sr%d", count++ > 0 ? "," : "    class ",
							 i + 1);
	}
	if (count > 0)
		appendStringInfoString(out, " head\n");
}

/* The registry's graph, in the order of sl_graph. */
Datum
sl_graph_mermaid(PG_FUNCTION_ARGS)
{
	SlGraph    *graph = sl_graph_read(false);
	int			limit = BOXES;
	SlOutline	outline;
	StringInfoData out;
	int			i;

	sl_outline_make(graph, limit, &outline);
	while (outline.nlinks > LINKS && limit > BOXES_AT_LEAST)
	{
		limit = Max(limit / 2, BOXES_AT_LEAST);
		sl_outline_make(graph, limit, &outline);
	}
	initStringInfo(&out);
	appendStringInfoString(&out, "flowchart TD\n");
	for (i = 0; i < outline.nboxes; i++)
		append_box(&out, &outline.boxes[i], i);
	for (i = 0; i < outline.nlinks; i++)
	{
		const SlLink *link = &outline.links[i];

		appendStringInfo(&out, "    r%d %s r%d\n", link->from + 1,
						 link->replaced ? "-. replaced by .->" :
						 link->back ? "== cycle ==>" : "-->", link->to + 1);
	}
	append_heads(&out, &outline);
	appendStringInfoString(&out,
						   "    classDef applied fill:#e1f4ea,stroke:#12704a,color:#10231a\n"
						   "    classDef pending fill:#fdf0cf,stroke:#875a00,color:#2a1f05,stroke-dasharray:6 4\n"
						   "    classDef failed fill:#fce6e4,stroke:#b3261e,color:#2b0a08\n"
						   "    classDef unregistered fill:#fff,stroke:#b3261e,color:#2b0a08,stroke-dasharray:6 4\n"
						   "    classDef several fill:#e8edf2,stroke:#4b5a69,color:#17202a\n"
						   "    classDef head stroke-width:4px\n");
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}
