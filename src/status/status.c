/*-------------------------------------------------------------------------
 *
 * status.c
 *	  sl_status(): everything at once, as one document.
 *
 * doc/status.schema.json describes it, and a test holds what comes out here
 * against that.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/status/status.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "common/sl_compat.h"
#include "status/document.h"
#include "status/status.h"

PG_FUNCTION_INFO_V1(sl_status);

/* Ids of revisions (SlRevisionRow), and names that are none (char *). */
static void
put_revisions(SlDocument *document, const char *key, List *rows, List *names)
{
	ListCell   *cell;

	sl_json_begin_array(document, key);
	foreach(cell, rows)
		sl_json_string(document, NULL,
					  ((const SlRevisionRow *) lfirst(cell))->revision);
	foreach(cell, names)
		sl_json_string(document, NULL, lfirst(cell));
	sl_json_end_array(document);
}

static void
put_history(SlDocument *document, const SlReport *report)
{
	sl_json_begin_object(document, "history");
	put_revisions(document, "current", report->standing.current, NIL);
	put_revisions(document, "expected", report->expected,
				  report->unknown_names);
	put_revisions(document, "head", report->heads, NIL);
	sl_json_bool(document, "at_head", report->at_head);
	put_revisions(document, "pending", report->standing.pending, NIL);
	put_revisions(document, "failed", report->standing.failed, NIL);
	put_revisions(document, "beyond", NIL, report->standing.beyond);
	sl_json_end_object(document);
}

static void
put_schema(SlDocument *document, const SlReport *report)
{
	ListCell   *cell;

	sl_json_begin_object(document, "schema");
	foreach(cell, report->requirements)
	{
		const SlRequirementState *state = lfirst(cell);

		sl_json_bool(document, state->name, state->holds);
	}
	sl_json_end_object(document);
}

static void
put_coverage(SlDocument *document, const SlReport *report)
{
	if (!report->looked || report->unknown)
	{
		sl_json_null(document, "coverage");
		return;
	}
	sl_json_begin_object(document, "coverage");
	sl_json_number(document, "verified", report->truth.verified);
	sl_json_number(document, "unverifiable", report->truth.unverifiable);
	sl_json_number(document, "untraceable", report->truth.untraceable);
	sl_json_number(document, "forced", report->truth.forced);
	sl_json_end_object(document);
}

/* A report as a document. */
Jsonb *
sl_status_document(const SlReport *report, const char *expected)
{
	SlDocument	document = {NULL, NULL};

	sl_json_begin_object(&document, NULL);
	sl_json_string(&document, "status", report->verdict->status);
	sl_json_string(&document, "verdict", report->verdict->name);
	if (sl_verdict_is_unknown(report->verdict))
		sl_json_null(&document, "migrated");
	else
		sl_json_bool(&document, "migrated", report->verdict->migrated);
	sl_json_bool(&document, "ready", sl_ready_of(report, expected));
	put_history(&document, report);
	put_schema(&document, report);
	put_coverage(&document, report);
	sl_json_drift(&document, report);
	sl_json_stamp_drift(&document, report);
	sl_json_lock(&document);
	sl_json_time(&document, "checked_at", GetCurrentTimestamp());
	sl_json_string(&document, "server_version",
				  GetConfigOptionByName("server_version", NULL, false));
	sl_json_end_object(&document);
	return JsonbValueToJsonb(document.result);
}

/* sl_status(expected_head) */
Datum
sl_status(PG_FUNCTION_ARGS)
{
	char	   *expected = PG_ARGISNULL(0) ? NULL :
		text_to_cstring(PG_GETARG_TEXT_PP(0));
	SlReport   *report = sl_report_make(expected, SL_REPORT_ALL);

	PG_RETURN_JSONB_P(sl_status_document(report, expected));
}
