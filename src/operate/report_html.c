/*-------------------------------------------------------------------------
 *
 * report_html.c
 *	  A report as one HTML page that needs nothing else: no script, no file,
 *	  no network.
 *
 * The page is ASCII whatever the database's encoding: all else is written by
 * its number, so that a page is right however it was saved.  Everything that
 * comes from the database goes through sl_html_append.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/operate/report_html.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "common/sl_compat.h"
#include "operate/report.h"

/* a name is broken after so many characters, if nowhere before */
#define LONGEST_RUN	32

static const char style[] =
":root{color-scheme:light dark;--page:#f4f6f8;--card:#fff;--ink:#17202a;"
"--soft:#566573;--line:#d9e0e7;--code:#eef2f6;"
"--good:#12704a;--good-fill:#e1f4ea;--doubt:#875a00;--doubt-fill:#fdf0cf;"
"--bad:#b3261e;--bad-fill:#fce6e4;--plain:#4b5a69;--plain-fill:#e8edf2}\n"
"@media (prefers-color-scheme:dark){:root{--page:#0f1419;--card:#182028;"
"--ink:#e3e9ef;--soft:#9aa8b6;--line:#2c3742;--code:#222c36;"
"--good:#5fd39b;--good-fill:#12352a;--doubt:#f0c05a;--doubt-fill:#3a2e10;"
"--bad:#ff9a92;--bad-fill:#431d1b;--plain:#aab8c5;--plain-fill:#27323d}}\n"
"*{box-sizing:border-box}\n"
"body{margin:0;background:var(--page);color:var(--ink);"
"font:15px/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,\"DejaVu Sans\",sans-serif}\n"
"main{max-width:76rem;margin:0 auto;padding:1.5rem 1rem 3rem}\n"
"code,td.name{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"
"\"DejaVu Sans Mono\",monospace;font-size:.92em}\n"
"section,.verdict{background:var(--card);border:1px solid var(--line);"
"border-radius:10px;margin:0 0 1.25rem;padding:1.1rem 1.25rem}\n"
"h2{font-size:1.1rem;margin:0 0 .35rem}\n"
"p{margin:.3rem 0 .8rem}\n"
".verdict{border-left:10px solid var(--tone);background:var(--fill)}\n"
".verdict h1{font-size:2.6rem;line-height:1.15;margin:0;color:var(--tone)}\n"
".verdict .over{margin:0;color:var(--soft);overflow-wrap:anywhere}\n"
".verdict .means{font-size:1.15rem;margin:.4rem 0 0}\n"
".verdict .todo{margin:.5rem 0 0}\n"
".good{--tone:var(--good);--fill:var(--good-fill)}\n"
".doubt{--tone:var(--doubt);--fill:var(--doubt-fill)}\n"
".bad{--tone:var(--bad);--fill:var(--bad-fill)}\n"
".plain{--tone:var(--plain);--fill:var(--plain-fill)}\n"
"dl{margin:0}\n"
".facts{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1.25rem;"
"margin:0 0 1.25rem;padding:0 .25rem}\n"
".facts dt{color:var(--soft)}\n"
".facts dd{margin:0;overflow-wrap:anywhere}\n"
".counts{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));"
"gap:.75rem;margin:0 0 1.25rem}\n"
".counts div{background:var(--card);border:1px solid var(--line);"
"border-top:4px solid var(--tone);border-radius:8px;padding:.55rem .8rem}\n"
".counts dt{color:var(--soft);font-size:.9rem}\n"
".counts dd{margin:0;font-size:1.45rem;font-weight:600}\n"
".wide{overflow-x:auto}\n"
"table{border-collapse:collapse;width:100%;font-size:.93rem}\n"
"th{text-align:left;font:inherit;font-weight:600;color:var(--soft);"
"white-space:nowrap}\n"
"th,td{padding:.35rem .9rem .35rem 0;border-bottom:1px solid var(--line);"
"vertical-align:top}\n"
"tbody tr:last-child td{border-bottom:0}\n"
"td{overflow-wrap:break-word;unicode-bidi:plaintext}\n"
"td.text{min-width:11rem}\n"
"td.time{white-space:nowrap;font-variant-numeric:tabular-nums;color:var(--soft)}\n"
"td.number,th.number{text-align:right;white-space:nowrap;"
"font-variant-numeric:tabular-nums}\n"
".word{display:inline-block;white-space:nowrap;color:var(--tone);"
"background:var(--fill);border-radius:5px;padding:0 .45rem;font-size:.9em}\n"
".word.plain{background:none;padding:0}\n"
".more{color:var(--soft);margin:.6rem 0 0}\n"
"footer{color:var(--soft);font-size:.9rem;padding:0 .25rem}\n"
"svg{display:block;margin:.5rem auto 0}\n"
"svg text{fill:var(--ink);font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,"
"\"DejaVu Sans Mono\",monospace}\n"
"svg .under{fill:var(--tone);font-size:11px;"
"font-family:system-ui,-apple-system,\"Segoe UI\",Roboto,\"DejaVu Sans\",sans-serif}\n"
"svg .box{fill:var(--fill);stroke:var(--tone);stroke-width:1.2}\n"
"svg .head .box{stroke-width:3}\n"
"svg .fold .box{stroke-dasharray:2 3}\n"
"svg .unknown .box,svg .pending .box{stroke-dasharray:6 4}\n"
"svg .link{fill:none;stroke:var(--soft);stroke-width:1.3}\n"
"svg .replaced{stroke-dasharray:2 4}\n"
"svg .back{stroke:var(--bad);stroke-width:2}\n"
"svg .tip{fill:var(--soft)}\n"
"svg .back-tip{fill:var(--bad)}\n"
"@media print{body{background:none}section,.verdict{break-inside:avoid}}\n";

static const char *const tones[] = {
	[SL_TONE_PLAIN] = "plain",
	[SL_TONE_GOOD] = "good",
	[SL_TONE_DOUBTFUL] = "doubt",
	[SL_TONE_BAD] = "bad",
};

static const char *const kinds[] = {
	[SL_COLUMN_TEXT] = "text",
	[SL_COLUMN_NAME] = "name",
	[SL_COLUMN_TIME] = "time",
	[SL_COLUMN_NUMBER] = "number",
	[SL_COLUMN_WORD] = "of-word",
};

const char *
sl_html_tone(SlTone tone)
{
	return tones[tone];
}

/* 'breakable': a line may end behind the signs that are common in names. */
static void
append_escaped(StringInfo out, const char *text, bool breakable)
{
	const char *p = text;
	int			run = 0;

	while (*p != '\0')
	{
		unsigned char c = *p;

		run = c == ' ' ? 0 : run + 1;
		if (breakable && p > text && c != ' ' &&
			(strchr("_./,(", p[-1]) != NULL || run > LONGEST_RUN))
		{
			appendStringInfoString(out, "<wbr>");
			run = 0;
		}
		if (c >= 0x80)
		{
			appendStringInfo(out, "&#%u;",
							 utf8_to_unicode((const unsigned char *) p));
			p += pg_utf_mblen((const unsigned char *) p);
			continue;
		}
		if (c == '<' || c == '>' || c == '&' || c == '"' || c == '\'' ||
			c == '`')
			appendStringInfo(out, "&#%u;", c);
		else
			appendStringInfoChar(out, c);
		p++;
	}
}

static void
append_text(StringInfo out, const char *text, bool breakable)
{
	char	   *printable = sl_printable(text);
	char	   *utf8 = pg_server_to_any(printable, strlen(printable), PG_UTF8);

	append_escaped(out, utf8, breakable);
	if (utf8 != printable)
		pfree(utf8);
	pfree(printable);
}

/* Text of anybody's, for a place between tags or between quotes. */
void
sl_html_append(StringInfo out, const char *text)
{
	append_text(out, text, false);
}

/* What is ours; what stands between backquotes is to be typed. */
static void
append_marked(StringInfo out, const char *text)
{
	const char *p = text;
	bool		code = false;

	for (;;)
	{
		const char *quote = strchr(p, '`');

		sl_html_append(out, quote == NULL ? p : pnstrdup(p, quote - p));
		if (quote == NULL)
			break;
		code = !code;
		appendStringInfoString(out, code ? "<code>" : "</code>");
		p = quote + 1;
	}
	if (code)
		appendStringInfoString(out, "</code>");
}

static void
append_items(StringInfo out, List *items, bool counts)
{
	ListCell   *cell;

	appendStringInfo(out, "<dl class=\"%s\">\n", counts ? "counts" : "facts");
	foreach(cell, items)
	{
		const SlItem *item = lfirst(cell);

		if (counts)
			appendStringInfo(out, "<div class=\"%s\">", tones[item->tone]);
		appendStringInfoString(out, "<dt>");
		sl_html_append(out, item->label);
		appendStringInfoString(out, "</dt><dd>");
		sl_html_append(out, item->value);
		appendStringInfo(out, "</dd>%s\n", counts ? "</div>" : "");
	}
	appendStringInfoString(out, "</dl>\n");
}

static void
html_begin(StringInfo out, const SlHeadline *headline)
{
	appendStringInfoString(out,
						   "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
						   "<meta charset=\"utf-8\">\n"
						   "<meta http-equiv=\"Content-Security-Policy\" "
						   "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
						   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
						   "<title>");
	sl_html_append(out, headline->database);
	appendStringInfoString(out, ": ");
	sl_html_append(out, headline->verdict);
	appendStringInfo(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n"
					 "<main>\n<header class=\"verdict %s\">\n"
					 "<p class=\"over\">Schema of database ", style,
					 tones[headline->tone]);
	appendStringInfoString(out, "<code>");
	sl_html_append(out, headline->database);
	appendStringInfoString(out, "</code></p>\n<h1>");
	sl_html_append(out, headline->verdict);
	appendStringInfoString(out, "</h1>\n<p class=\"means\">");
	append_marked(out, headline->meaning);
	appendStringInfoString(out, "</p>\n");
	if (headline->remedy != NULL)
	{
		appendStringInfoString(out,
							   "<p class=\"todo\"><strong>What to do:</strong> ");
		append_marked(out, headline->remedy);
		appendStringInfoString(out, "</p>\n");
	}
	appendStringInfoString(out, "</header>\n");
	append_items(out, headline->facts, false);
	append_items(out, headline->counts, true);
}

static void
html_section(StringInfo out, const char *title, const char *lead)
{
	appendStringInfoString(out, "<section>\n<h2>");
	sl_html_append(out, title);
	appendStringInfoString(out, "</h2>\n");
	if (lead == NULL)
		return;
	appendStringInfoString(out, "<p>");
	append_marked(out, lead);
	appendStringInfoString(out, "</p>\n");
}

static void
append_cell(StringInfo out, SlColumnKind kind, const char *text)
{
	appendStringInfo(out, "<td class=\"%s\">", kinds[kind]);
	if (text != NULL && kind == SL_COLUMN_WORD)
		appendStringInfo(out, "<span class=\"word %s\">",
						 tones[sl_tone_of(text)]);
	if (text != NULL)
		append_text(out, text,
					kind == SL_COLUMN_TEXT || kind == SL_COLUMN_NAME);
	appendStringInfo(out, "%s</td>",
					 text != NULL && kind == SL_COLUMN_WORD ? "</span>" : "");
}

static void
html_table(StringInfo out, const SlTable *table)
{
	ListCell   *cell;
	int			c;

	appendStringInfoString(out, "<div class=\"wide\"><table>\n<thead><tr>");
	for (c = 0; c < table->ncolumns; c++)
	{
		appendStringInfo(out, "<th class=\"%s\">",
						 kinds[table->columns[c].kind]);
		sl_html_append(out, table->columns[c].title);
		appendStringInfoString(out, "</th>");
	}
	appendStringInfoString(out, "</tr></thead>\n<tbody>\n");
	foreach(cell, table->rows)
	{
		const char **row = lfirst(cell);

		appendStringInfoString(out, "<tr>");
		for (c = 0; c < table->ncolumns; c++)
			append_cell(out, table->columns[c].kind, row[c]);
		appendStringInfoString(out, "</tr>\n");
	}
	appendStringInfoString(out, "</tbody>\n</table></div>\n");
	if (table->more > 0)
		appendStringInfo(out, "<p class=\"more\">... and %s more</p>\n",
						 sl_grouped(table->more));
}

static void
html_end_section(StringInfo out)
{
	appendStringInfoString(out, "</section>\n");
}

static void
html_end(StringInfo out)
{
	appendStringInfoString(out,
						   "<footer>Made by <code>sl_report()</code> of schema_lifecycle; "
						   "<code>sl_report('text')</code> is the same for a terminal.</footer>\n"
						   "</main>\n</body>\n</html>\n");
}

const SlReportForm sl_form_html = {
	"html", html_begin, html_section, html_table, sl_drawing_append,
	html_end_section, html_end
};
