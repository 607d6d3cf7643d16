/*-------------------------------------------------------------------------
 *
 * finding.c
 *	  Findings in words and in jsonb.
 *
 *	column public.agents.agent_id: not_null expected false, actual true
 *	(revision i9d0e1f2g3h4)
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/status/finding.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "common/sl_compat.h"
#include "status/document.h"
#include "status/status.h"

/* so many of each kind are in sl_status() */
#define FINDINGS_SHOWN 20

/* and so much of a value, in bytes */
#define VALUE_SHOWN 500

/*
 * No answer is a place for the whole text of a definition: what is longer than
 * so many bytes is cut, to where it differs from the other.
 */
char *
sl_value_cut(const char *value, const char *other, int shown)
{
	int			length;
	int			from = 0;
	int			to;

	if (value == NULL)
		return NULL;
	length = strlen(value);
	if (length <= shown)
		return pstrdup(value);
	if (other != NULL)
		while (value[from] != '\0' && value[from] == other[from])
			from++;
	from = Min(from, length - shown);
	from = pg_mbcliplen(value, length, Max(from - shown / 10, 0));
	to = from + pg_mbcliplen(value + from, length - from, shown);
	return psprintf("%s%.*s%s", from > 0 ? "... " : "", to - from,
					value + from, to < length ? " ..." : "");
}

char *
sl_drift_text(const SlDriftFinding *finding)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "%s %s: ", finding->class, finding->identity);
	if (finding->attribute == NULL)
		appendStringInfoString(&text, finding->problem);
	else
		appendStringInfo(&text, _("%s expected %s, actual %s"),
						 finding->attribute,
						 finding->expected ? finding->expected : _("none"),
						 finding->actual ? finding->actual : _("none"));
	if (finding->revision != NULL)
		appendStringInfo(&text, _(" (revision %s)"), finding->revision);
	return text.data;
}

/* What a row of stamp drift means, by the verdict on its revision. */
static const struct
{
	const char *verdict;
	const char *text;
}			stamp_texts[] = {
	{"stamped", gettext_noop("revision %s is recorded as applied, but nothing of it is there: %s %s is %s")},
	{"partial", gettext_noop("revision %s is recorded as applied, but is not all there: %s %s is %s")},
	{"altered", gettext_noop("revision %s is not as it was applied: %s %s is %s")},
};

char *
sl_stamp_text(const SlStampFinding *finding)
{
	int			i;

	for (i = 0; i < (int) lengthof(stamp_texts); i++)
		if (finding->class != NULL &&
			strcmp(stamp_texts[i].verdict, finding->verdict) == 0)
			return psprintf(_(stamp_texts[i].text), finding->revision,
							finding->class, finding->identity,
							finding->problem);
	return psprintf(_("revision %s cannot be verified: there is no evidence of what it did"),
					finding->revision);
}

static void
put_drift(SlDocument *document, const SlDriftFinding *finding)
{
	sl_json_begin_object(document, NULL);
	sl_json_string(document, "severity", finding->severity);
	sl_json_string(document, "class", finding->class);
	sl_json_string(document, "identity", finding->identity);
	sl_json_string(document, "problem", finding->problem);
	sl_json_string(document, "attribute", finding->attribute);
	sl_json_string(document, "expected",
				   sl_value_cut(finding->expected, finding->actual,
								VALUE_SHOWN));
	sl_json_string(document, "actual",
				   sl_value_cut(finding->actual, finding->expected,
								VALUE_SHOWN));
	sl_json_string(document, "revision", finding->revision);
	sl_json_end_object(document);
}

/* What is worse comes first; what nobody expected after what is wrong. */
int
sl_drift_weight(const SlDriftFinding *finding)
{
	if (strcmp(finding->severity, "info") == 0)
		return 3;
	if (strcmp(finding->problem, "unexpected") == 0)
		return 2;
	return strcmp(finding->severity, "error") == 0 ? 0 : 1;
}

/* The object "drift". */
void
sl_json_drift(SlDocument *document, const SlReport *report)
{
	int			shown = 0;
	int			level;
	ListCell   *cell;

	if (!report->looked || report->unknown)
	{
		sl_json_null(document, "drift");
		return;
	}
	sl_json_begin_object(document, "drift");
	sl_json_number(document, "errors", report->drifts.errors);
	sl_json_number(document, "warnings", report->drifts.warnings);
	sl_json_number(document, "unexpected", report->drifts.unexpected);
	sl_json_number(document, "infos", report->drifts.infos);
	sl_json_begin_array(document, "findings");
	for (level = 0; level <= 3; level++)
	{
		foreach(cell, report->truth.drift)
		{
			if (sl_drift_weight(lfirst(cell)) != level)
				continue;
			if (shown++ == FINDINGS_SHOWN)
				break;
			put_drift(document, lfirst(cell));
		}
		if (shown > FINDINGS_SHOWN)
			break;
	}
	sl_json_end_array(document);
	sl_json_end_object(document);
}

static void
put_stamp(SlDocument *document, const SlStampFinding *finding)
{
	sl_json_begin_object(document, NULL);
	sl_json_string(document, "revision", finding->revision);
	sl_json_string(document, "verdict", finding->verdict);
	sl_json_string(document, "class", finding->class);
	sl_json_string(document, "identity", finding->identity);
	sl_json_string(document, "problem", finding->problem);
	sl_json_string(document, "evidence", finding->evidence);
	sl_json_end_object(document);
}

/* The object "stamp_drift"; its counts are revisions. */
void
sl_json_stamp_drift(SlDocument *document, const SlReport *report)
{
	int			shown = 0;
	ListCell   *cell;

	if (!report->looked || report->unknown)
	{
		sl_json_null(document, "stamp_drift");
		return;
	}
	sl_json_begin_object(document, "stamp_drift");
	sl_json_number(document, "stamped", report->stamps.stamped);
	sl_json_number(document, "partial", report->stamps.partial);
	sl_json_number(document, "altered", report->stamps.altered);
	sl_json_number(document, "unverifiable", report->stamps.unverifiable);
	sl_json_begin_array(document, "findings");
	foreach(cell, report->truth.stamp)
	{
		if (shown++ == FINDINGS_SHOWN)
			break;
		put_stamp(document, lfirst(cell));
	}
	sl_json_end_array(document);
	sl_json_end_object(document);
}
