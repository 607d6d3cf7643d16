/*-------------------------------------------------------------------------
 *
 * fact.c
 *	  Facts: made, compared, written as jsonb, digested.
 *
 * The digest of a fact counts every byte with its length and its kind before
 * it, so that no two facts can be taken for one another, and texts count in
 * UTF-8, so that databases of different encodings agree.  The digest of many
 * is that of their digests in the order of their bytes: facts may come in
 * any order, and none has to be kept.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/fact.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/cryptohash.h"
#include "common/sha2.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/memutils.h"

#include "catalog/catalog_private.h"

typedef struct Sha256
{
	uint8		bytes[PG_SHA256_DIGEST_LENGTH];
} Sha256;

struct SlFactDigest
{
	MemoryContext cxt;
	pg_cryptohash_ctx *hash;
	StringInfoData buffer;
	Size		count;
	Size		space;
	Sha256	   *digests;
};

/*
 * Begin a fact, in the batch's memory.  False: nothing but its name is
 * wanted, and that is done.
 */
bool
sl_fact_begin(SlScan *scan, const char *class, const char *identity)
{
	scan->fact = palloc_object(SlFact);
	scan->fact->class = class;
	scan->fact->identity = identity;
	scan->fact->address = scan->address;
	scan->fact->nattributes = 0;
	scan->fact->attributes = NULL;
	if (scan->names)
	{
		sl_fact_end(scan);
		return false;
	}
	scan->space = 8;
	scan->fact->attributes = palloc_array(SlAttribute, scan->space);
	return true;
}

/* Room for one attribute, where its name belongs. */
static SlAttribute *
new_attribute(SlScan *scan, const char *name)
{
	SlFact	   *fact = scan->fact;
	int			i;

	if (fact->nattributes == scan->space)
	{
		scan->space *= 2;
		fact->attributes = repalloc(fact->attributes,
									sizeof(SlAttribute) * scan->space);
	}
	for (i = fact->nattributes; i > 0; i--)
	{
		if (strcmp(fact->attributes[i - 1].name, name) < 0)
			break;
		fact->attributes[i] = fact->attributes[i - 1];
	}
	fact->nattributes++;
	memset(&fact->attributes[i], 0, sizeof(SlAttribute));
	fact->attributes[i].name = name;
	return &fact->attributes[i];
}

/* An attribute; NULL is none.  Neither name nor text is copied. */
void
sl_put(SlScan *scan, const char *name, const char *text)
{
	SlAttribute *attribute;

	if (text == NULL)
		return;
	attribute = new_attribute(scan, name);
	attribute->kind = SL_ATTRIBUTE_TEXT;
	attribute->text = text;
}

void
sl_put_bool(SlScan *scan, const char *name, bool value)
{
	SlAttribute *attribute = new_attribute(scan, name);

	attribute->kind = SL_ATTRIBUTE_BOOL;
	attribute->text = value ? "true" : "false";
}

/* A property that most objects have not. */
void
sl_put_true(SlScan *scan, const char *name, bool value)
{
	if (value)
		sl_put_bool(scan, name, true);
}

void
sl_put_int(SlScan *scan, const char *name, int64 value)
{
	sl_put(scan, name, psprintf(INT64_FORMAT, value));
}

/* A list of char *, in its order; an empty one is none. */
void
sl_put_list(SlScan *scan, const char *name, List *items)
{
	SlAttribute *attribute;
	ListCell   *cell;

	if (items == NIL)
		return;
	attribute = new_attribute(scan, name);
	attribute->kind = SL_ATTRIBUTE_LIST;
	attribute->items = palloc_array(const char *, list_length(items));
	foreach(cell, items)
		attribute->items[attribute->nitems++] = lfirst(cell);
}

static int
compare_texts(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/* A list whose order means nothing. */
void
sl_put_sorted(SlScan *scan, const char *name, List *items)
{
	list_sort(items, compare_texts);
	sl_put_list(scan, name, items);
}

/* The elements of a text array whose order means nothing: options. */
void
sl_put_array(SlScan *scan, const char *name, Datum array, bool isnull)
{
	Datum	   *elements;
	int			count;
	List	   *items = NIL;
	int			i;

	if (isnull)
		return;
	deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false,
					  TYPALIGN_INT, &elements, NULL, &count);
	for (i = 0; i < count; i++)
		items = lappend(items, TextDatumGetCString(elements[i]));
	sl_put_sorted(scan, name, items);
}

/* The fact is complete. */
void
sl_fact_end(SlScan *scan)
{
	scan->ready = lappend(scan->ready, scan->fact);
}

/* A copy in the current memory context. */
SlFact *
sl_fact_copy(const SlFact *fact)
{
	SlFact	   *copy = palloc_object(SlFact);
	int			i;
	int			j;

	copy->class = pstrdup(fact->class);
	copy->identity = pstrdup(fact->identity);
	copy->address = fact->address;
	copy->nattributes = fact->nattributes;
	copy->attributes = palloc_array(SlAttribute, fact->nattributes + 1);
	for (i = 0; i < fact->nattributes; i++)
	{
		SlAttribute *attribute = &copy->attributes[i];

		*attribute = fact->attributes[i];
		attribute->name = pstrdup(attribute->name);
		if (attribute->text != NULL)
			attribute->text = pstrdup(attribute->text);
		if (attribute->kind != SL_ATTRIBUTE_LIST)
			continue;
		attribute->items = palloc_array(const char *, attribute->nitems + 1);
		for (j = 0; j < attribute->nitems; j++)
			attribute->items[j] = pstrdup(fact->attributes[i].items[j]);
	}
	return copy;
}

/* By class and identity, by bytes. */
int
sl_fact_compare(const SlFact *a, const SlFact *b)
{
	int			result = strcmp(a->class, b->class);

	return result != 0 ? result : strcmp(a->identity, b->identity);
}

bool
sl_attribute_equal(const SlAttribute *a, const SlAttribute *b)
{
	int			i;

	if (a->kind != b->kind)
		return false;
	if (a->kind != SL_ATTRIBUTE_LIST)
		return strcmp(a->text, b->text) == 0;
	if (a->nitems != b->nitems)
		return false;
	for (i = 0; i < a->nitems; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}

/* Do two facts of one name say the same? */
bool
sl_fact_equal(const SlFact *a, const SlFact *b)
{
	int			i;

	if (a->nattributes != b->nattributes || sl_fact_compare(a, b) != 0)
		return false;
	for (i = 0; i < a->nattributes; i++)
		if (strcmp(a->attributes[i].name, b->attributes[i].name) != 0 ||
			!sl_attribute_equal(&a->attributes[i], &b->attributes[i]))
			return false;
	return true;
}

/* The names of the attributes in which two versions of a fact differ. */
const char **
sl_fact_differences(const SlFact *before, const SlFact *after, int *count)
{
	const char **names = palloc_array(const char *, before->nattributes +
									  after->nattributes);
	int			i = 0;
	int			j = 0;

	*count = 0;
	while (i < before->nattributes || j < after->nattributes)
	{
		const SlAttribute *was = &before->attributes[i];
		const SlAttribute *is = &after->attributes[j];
		int			order;

		if (i == before->nattributes)
			order = 1;
		else if (j == after->nattributes)
			order = -1;
		else
			order = strcmp(was->name, is->name);
		if (order != 0 || !sl_attribute_equal(was, is))
			names[(*count)++] = pstrdup(order <= 0 ? was->name : is->name);
		i += order <= 0;
		j += order >= 0;
	}
	return names;
}

/* As people read it: a list is a JSON array. */
char *
sl_attribute_text(const SlAttribute *attribute)
{
	StringInfoData text;
	int			i;

	if (attribute->kind != SL_ATTRIBUTE_LIST)
		return pstrdup(attribute->text);
	initStringInfo(&text);
	appendStringInfoChar(&text, '[');
	for (i = 0; i < attribute->nitems; i++)
	{
		if (i > 0)
			appendStringInfoString(&text, ", ");
		escape_json(&text, attribute->items[i]);
	}
	appendStringInfoChar(&text, ']');
	return text.data;
}

static void
push_string(JsonbParseState **state, JsonbIteratorToken token,
			const char *text)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.len = strlen(text);
	value.val.string.val = unconstify(char *, text);
	pushJsonbValue(state, token, &value);
}

static JsonbValue *
push_definition(const SlFact *fact, JsonbParseState **state)
{
	int			i;
	int			j;

	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	for (i = 0; i < fact->nattributes; i++)
	{
		const SlAttribute *attribute = &fact->attributes[i];
		JsonbValue	value;

		push_string(state, WJB_KEY, attribute->name);
		switch (attribute->kind)
		{
			case SL_ATTRIBUTE_TEXT:
				push_string(state, WJB_VALUE, attribute->text);
				break;
			case SL_ATTRIBUTE_BOOL:
				value.type = jbvBool;
				value.val.boolean = strcmp(attribute->text, "true") == 0;
				pushJsonbValue(state, WJB_VALUE, &value);
				break;
			case SL_ATTRIBUTE_LIST:
				pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
				for (j = 0; j < attribute->nitems; j++)
					push_string(state, WJB_ELEM, attribute->items[j]);
				pushJsonbValue(state, WJB_END_ARRAY, NULL);
				break;
		}
	}
	return pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

/* The attributes as an object in a document that is being built. */
void
sl_fact_push_definition(const SlFact *fact, JsonbParseState **state)
{
	(void) push_definition(fact, state);
}

/* The attributes as a document of their own. */
Jsonb *
sl_fact_definition(const SlFact *fact)
{
	JsonbParseState *state = NULL;

	return JsonbValueToJsonb(push_definition(fact, &state));
}

/* An empty digest, in the current memory context. */
SlFactDigest *
sl_fact_digest_create(void)
{
	SlFactDigest   *digest = palloc0_object(SlFactDigest);

	digest->cxt = CurrentMemoryContext;
	digest->hash = pg_cryptohash_create(PG_SHA256);
	initStringInfo(&digest->buffer);
	digest->space = 1024;
	digest->digests = palloc_array(Sha256, digest->space);
	return digest;
}

static void
hash_bytes_of(SlFactDigest *digest, const void *bytes, Size length,
			  uint8 *result)
{
	if (pg_cryptohash_init(digest->hash) < 0 ||
		pg_cryptohash_update(digest->hash, bytes, length) < 0 ||
		pg_cryptohash_final(digest->hash, result,
							PG_SHA256_DIGEST_LENGTH) < 0)
		elog(ERROR, "could not compute SHA-256: %s",
			 pg_cryptohash_error(digest->hash));
}

/* A text with its length before it, in UTF-8. */
void
sl_append_text(StringInfo buffer, const char *text)
{
	int			length = strlen(text);
	const char *utf8 = text;
	uint32		header;

	/* a database without an encoding can only be taken as it is */
	if (GetDatabaseEncoding() != PG_SQL_ASCII)
	{
		utf8 = pg_server_to_any(text, length, PG_UTF8);
		if (utf8 != text)
			length = strlen(utf8);
	}
	header = pg_hton32(length);
	appendBinaryStringInfo(buffer, (const char *) &header, sizeof(header));
	appendBinaryStringInfo(buffer, utf8, length);
}

/* An attribute as it is digested. */
void
sl_append_attribute(StringInfo buffer, const SlAttribute *attribute)
{
	uint32		count;
	int			i;

	appendStringInfoCharMacro(buffer, "tbl"[attribute->kind]);
	sl_append_text(buffer, attribute->name);
	if (attribute->kind != SL_ATTRIBUTE_LIST)
	{
		sl_append_text(buffer, attribute->text);
		return;
	}
	count = pg_hton32(attribute->nitems);
	appendBinaryStringInfo(buffer, (const char *) &count, sizeof(count));
	for (i = 0; i < attribute->nitems; i++)
		sl_append_text(buffer, attribute->items[i]);
}

/* Count a fact; a SlFactSink. */
void
sl_fact_digest_add(const SlFact *fact, void *arg)
{
	SlFactDigest   *digest = arg;
	StringInfo	buffer = &digest->buffer;
	int			i;

	resetStringInfo(buffer);
	sl_append_text(buffer, fact->class);
	sl_append_text(buffer, fact->identity);
	for (i = 0; i < fact->nattributes; i++)
		sl_append_attribute(buffer, &fact->attributes[i]);
	if (digest->count == digest->space)
	{
		digest->space *= 2;
		digest->digests = repalloc_huge(digest->digests,
										sizeof(Sha256) * digest->space);
	}
	hash_bytes_of(digest, buffer->data, buffer->len,
				  digest->digests[digest->count++].bytes);
}

static int
compare_digests(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(Sha256));
}

/* The digest of all, as hex; the digest is used up. */
char *
sl_fact_digest_final(SlFactDigest *digest)
{
	Sha256		result;
	char	   *hex = palloc0(PG_SHA256_DIGEST_STRING_LENGTH);

	qsort(digest->digests, digest->count, sizeof(Sha256), compare_digests);
	hash_bytes_of(digest, digest->digests, sizeof(Sha256) * digest->count,
				  result.bytes);
	hex_encode((const char *) result.bytes, sizeof(result), hex);
	pg_cryptohash_free(digest->hash);
	pfree(digest->digests);
	pfree(digest->buffer.data);
	return hex;
}
