/*-------------------------------------------------------------------------
 *
 * document.h
 *	  Writing jsonb, a key at a time.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/status/document.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_DOCUMENT_H
#define SL_DOCUMENT_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "utils/jsonb.h"

typedef struct SlDocument
{
	JsonbParseState *state;
	JsonbValue *result;
} SlDocument;

/* A NULL key: an element of the array that is open. */
extern void sl_json_begin_object(SlDocument *document, const char *key);
extern void sl_json_end_object(SlDocument *document);
extern void sl_json_begin_array(SlDocument *document, const char *key);
extern void sl_json_end_array(SlDocument *document);
extern void sl_json_string(SlDocument *document, const char *key,
						   const char *value);
extern void sl_json_bool(SlDocument *document, const char *key,
						 bool value);
extern void sl_json_null(SlDocument *document, const char *key);
extern void sl_json_number(SlDocument *document, const char *key,
						   int64 value);
extern void sl_json_pid(SlDocument *document, const char *key, int pid);
extern void sl_json_time(SlDocument *document, const char *key,
						 TimestampTz value);

/* in lock.c */
extern void sl_json_lock(SlDocument *document);

#endif							/* SL_DOCUMENT_H */
