/*-------------------------------------------------------------------------
 *
 * document.c
 *	  Writing jsonb, a key at a time.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/status/document.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "status/document.h"

static void
push(SlDocument *document, JsonbIteratorToken token, JsonbValue *value)
{
	document->result = pushJsonbValue(&document->state, token, value);
}

static void
push_key(SlDocument *document, const char *key)
{
	JsonbValue	value;

	if (key == NULL)
		return;
	value.type = jbvString;
	value.val.string.len = strlen(key);
	value.val.string.val = pstrdup(key);
	push(document, WJB_KEY, &value);
}

/* A scalar, or a whole document, under a key or in an array. */
static void
put(SlDocument *document, const char *key, JsonbValue *value)
{
	push_key(document, key);
	push(document, key == NULL ? WJB_ELEM : WJB_VALUE, value);
}

void
sl_json_begin_object(SlDocument *document, const char *key)
{
	push_key(document, key);
	push(document, WJB_BEGIN_OBJECT, NULL);
}

void
sl_json_end_object(SlDocument *document)
{
	push(document, WJB_END_OBJECT, NULL);
}

void
sl_json_begin_array(SlDocument *document, const char *key)
{
	push_key(document, key);
	push(document, WJB_BEGIN_ARRAY, NULL);
}

void
sl_json_end_array(SlDocument *document)
{
	push(document, WJB_END_ARRAY, NULL);
}

void
sl_json_null(SlDocument *document, const char *key)
{
	JsonbValue	value;

	value.type = jbvNull;
	put(document, key, &value);
}

/* NULL: null */
void
sl_json_string(SlDocument *document, const char *key, const char *string)
{
	JsonbValue	value;

	if (string == NULL)
	{
		sl_json_null(document, key);
		return;
	}
	value.type = jbvString;
	value.val.string.len = strlen(string);
	value.val.string.val = pstrdup(string);
	put(document, key, &value);
}

void
sl_json_bool(SlDocument *document, const char *key, bool flag)
{
	JsonbValue	value;

	value.type = jbvBool;
	value.val.boolean = flag;
	put(document, key, &value);
}

void
sl_json_number(SlDocument *document, const char *key, int64 number)
{
	JsonbValue	value;

	value.type = jbvNumeric;
	value.val.numeric = int64_to_numeric(number);
	put(document, key, &value);
}

/* 0: nobody, null */
void
sl_json_pid(SlDocument *document, const char *key, int pid)
{
	if (pid == 0)
		sl_json_null(document, key);
	else
		sl_json_number(document, key, pid);
}

/* ISO 8601 in UTC, whatever the session's settings are; 0: null */
void
sl_json_time(SlDocument *document, const char *key, TimestampTz time)
{
	char		buffer[MAXDATELEN + 1];
	int			utc = 0;

	if (time == 0)
	{
		sl_json_null(document, key);
		return;
	}
	JsonEncodeDateTime(buffer, TimestampTzGetDatum(time), TIMESTAMPTZOID,
					   &utc);
	sl_json_string(document, key, buffer);
}
