/*-------------------------------------------------------------------------
 *
 * notify.c
 *	  What listeners are told.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/operate/notify.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/async.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "operate/operate.h"
#include "status/document.h"

#define CHANNEL "schema_lifecycle"

/* the server takes up to 8000 bytes, with the end of the string */
#define MAX_PAYLOAD 7999

static void
put_revisions(SlDocument *document, const char *key, List *rows)
{
	ListCell   *cell;

	sl_json_begin_array(document, key);
	foreach(cell, rows)
		sl_json_string(document, NULL,
					   ((const SlRevisionRow *) lfirst(cell))->revision);
	sl_json_end_array(document);
}

static char *
make_payload(const SlReport *report, const char *previous, bool revisions)
{
	SlDocument	document = {NULL, NULL};
	Jsonb	   *jsonb;

	sl_json_begin_object(&document, NULL);
	sl_json_string(&document, "verdict", report->verdict->name);
	sl_json_string(&document, "previous", previous);
	if (revisions)
	{
		put_revisions(&document, "expected", report->expected);
		put_revisions(&document, "current", report->standing.current);
	}
	sl_json_time(&document, "at", GetCurrentTimestamp());
	sl_json_end_object(&document);
	jsonb = JsonbValueToJsonb(document.result);
	return JsonbToCString(NULL, &jsonb->root, VARSIZE(jsonb));
}

void
sl_notify_verdict(const SlReport *report, const char *previous)
{
	char	   *payload = make_payload(report, previous, true);

	/* too many heads for one message: whoever wants them can ask */
	if (strlen(payload) > MAX_PAYLOAD)
		payload = make_payload(report, previous, false);
	Async_Notify(CHANNEL, payload);
}
