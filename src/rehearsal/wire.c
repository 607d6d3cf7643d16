/*-------------------------------------------------------------------------
 *
 * wire.c
 *	  Scripts and footprints on their way through shared memory.
 *
 * Both ends are processes of one server and databases of one encoding, so
 * texts are bytes with a length, and values that the server keeps in one
 * piece stay as they are.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/rehearsal/wire.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "libpq/pqformat.h"

#include "rehearsal/rehearsal_private.h"

/* Bytes with their length; NULL is a length of -1. */
static void
put_bytes(StringInfo buf, const void *bytes, int length)
{
	pq_sendint32(buf, bytes == NULL ? (uint32) -1 : (uint32) length);
	if (bytes != NULL)
		appendBinaryStringInfo(buf, bytes, length);
}

static void
put_text(StringInfo buf, const char *text)
{
	put_bytes(buf, text, text == NULL ? 0 : (int) strlen(text));
}

/* A copy with a NUL behind it; NULL if it was. */
static char *
get_bytes(StringInfo message)
{
	int			length = (int) pq_getmsgint(message, 4);
	char	   *bytes;

	if (length < 0)
		return NULL;
	bytes = palloc((Size) length + 1);
	memcpy(bytes, pq_getmsgbytes(message, length), length);
	bytes[length] = '\0';
	return bytes;
}

void
sl_wire_put_script(StringInfo buf, const SlPlayScript *script)
{
	put_text(buf, script->revision);
	put_text(buf, script->script);
	pq_sendint32(buf, script->first_line);
	pq_sendint32(buf, script->statements);
	pq_sendbyte(buf, script->kind);
	pq_sendbyte(buf, script->transactional);
	pq_sendbyte(buf, script->has_data);
	pq_sendbyte(buf, script->confined);
	pq_sendbyte(buf, script->wanted);
}

void
sl_wire_get_script(StringInfo message, SlPlayScript *script)
{
	script->revision = get_bytes(message);
	script->script = get_bytes(message);
	script->first_line = (int) pq_getmsgint(message, 4);
	script->statements = (int) pq_getmsgint(message, 4);
	script->kind = (SlKind) pq_getmsgbyte(message);
	script->transactional = pq_getmsgbyte(message) != 0;
	script->has_data = pq_getmsgbyte(message) != 0;
	script->confined = pq_getmsgbyte(message) != 0;
	script->wanted = pq_getmsgbyte(message) != 0;
}

/* One row of a footprint. */
void
sl_wire_put_row(StringInfo rows, const SlFootprintRow *row)
{
	int			i;

	pq_sendbyte(rows, row->change);
	put_text(rows, row->class);
	put_text(rows, row->identity);
	put_bytes(rows, row->key, SL_KEY_LENGTH);
	put_bytes(rows, row->before, SL_HASH_LENGTH);
	put_bytes(rows, row->after, SL_HASH_LENGTH);
	put_bytes(rows, row->definition,
			  row->definition == NULL ? 0 : (int) VARSIZE(row->definition));
	pq_sendint32(rows, row->changed == NULL ? (uint32) -1 :
				 (uint32) row->nchanged);
	for (i = 0; row->changed != NULL && i < row->nchanged; i++)
		put_text(rows, row->changed[i]);
}

static void
get_row(StringInfo message, SlFootprintRow *row)
{
	int			i;

	memset(row, 0, sizeof(*row));
	row->change = (char) pq_getmsgbyte(message);
	row->class = get_bytes(message);
	row->identity = get_bytes(message);
	row->key = (uint8 *) get_bytes(message);
	row->before = (uint8 *) get_bytes(message);
	row->after = (uint8 *) get_bytes(message);
	row->definition = (Jsonb *) get_bytes(message);
	row->nchanged = (int) pq_getmsgint(message, 4);
	if (row->nchanged < 0)
	{
		row->nchanged = 0;
		return;
	}
	row->changed = palloc_array(const char *, Max(row->nchanged, 1));
	for (i = 0; i < row->nchanged; i++)
		row->changed[i] = get_bytes(message);
}

/* What became of a script; its rows are made already. */
void
sl_wire_put_played(StringInfo buf, const SlPlayed *played, StringInfo rows)
{
	put_text(buf, played->revision);
	pq_sendint32(buf, played->statements);
	pq_sendint64(buf, played->elapsed);
	pq_sendbyte(buf, played->partial);
	pq_sendint32(buf, played->nrows);
	appendBinaryStringInfo(buf, rows->data, rows->len);
}

void
sl_wire_get_played(StringInfo message, SlPlayed *played)
{
	int			i;

	played->revision = get_bytes(message);
	played->statements = (int) pq_getmsgint(message, 4);
	played->elapsed = pq_getmsgint64(message);
	played->partial = pq_getmsgbyte(message) != 0;
	played->nrows = (int) pq_getmsgint(message, 4);
	played->rows = palloc_array(SlFootprintRow, Max(played->nrows, 1));
	for (i = 0; i < played->nrows; i++)
	{
		CHECK_FOR_INTERRUPTS();
		get_row(message, &played->rows[i]);
		played->rows[i].ordinal = i + 1;
	}
}
