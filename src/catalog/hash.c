/*-------------------------------------------------------------------------
 *
 * hash.c
 *	  Facts as a few bytes: what they are of, and what they say.
 *
 * The hashes are kept in the ledger and travel with dumps, so they are the
 * same on every server and in every encoding: SHA-256, cut, of what fact.c
 * digests.  16 bytes of it leave no chance that two facts of one database
 * are taken for one another; an owner or a list of privileges is compared
 * with what the same object had, and 8 will do.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/hash.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/cryptohash.h"
#include "common/sha2.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "catalog/catalog_private.h"

/* One attribute's bytes, and their hash: the same comes again and again. */
typedef struct Memo
{
	StringInfoData bytes;
	uint8		hash[8];
} Memo;

static pg_cryptohash_ctx *hasher = NULL;
static StringInfoData buffer;
static StringInfoData part;
static Memo owner_memo;
static Memo privileges_memo;

/*
 * The context belongs to the session.  The server wants an owner for it, and
 * complains about what a transaction's owner leaves behind.
 */
static void
prepare(void)
{
	ResourceOwner before = CurrentResourceOwner;
	MemoryContext cxt;
	pg_cryptohash_ctx *created;

	if (hasher != NULL)
		return;
	cxt = MemoryContextSwitchTo(TopMemoryContext);
	initStringInfo(&buffer);
	initStringInfo(&part);
	initStringInfo(&owner_memo.bytes);
	initStringInfo(&privileges_memo.bytes);
	CurrentResourceOwner = ResourceOwnerCreate(NULL,
											   "schema_lifecycle hashes");
	PG_TRY();
	{
		created = pg_cryptohash_create(PG_SHA256);
	}
	PG_FINALLY();
	{
		CurrentResourceOwner = before;
		MemoryContextSwitchTo(cxt);
	}
	PG_END_TRY();
	if (created == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	hasher = created;
}

static void
hash_bytes_of(StringInfo bytes, uint8 *result, Size size)
{
	uint8		sha256[PG_SHA256_DIGEST_LENGTH];

	if (pg_cryptohash_init(hasher) < 0 ||
		pg_cryptohash_update(hasher, (const uint8 *) bytes->data,
							 bytes->len) < 0 ||
		pg_cryptohash_final(hasher, sha256, sizeof(sha256)) < 0)
		elog(ERROR, "could not compute SHA-256: %s",
			 pg_cryptohash_error(hasher));
	memcpy(result, sha256, size);
}

static void
append_utf8(StringInfo bytes, const char *text)
{
	const char *utf8 = text;

	if (GetDatabaseEncoding() != PG_SQL_ASCII)
		utf8 = pg_server_to_any(text, strlen(text), PG_UTF8);
	appendStringInfoString(bytes, utf8);
}

/* SHA-256 of class, a zero byte, and identity. */
void
sl_fact_key(const char *class, const char *identity, SlFactKey *key)
{
	prepare();
	resetStringInfo(&buffer);
	append_utf8(&buffer, class);
	appendStringInfoChar(&buffer, '\0');
	append_utf8(&buffer, identity);
	hash_bytes_of(&buffer, key->bytes, sizeof(key->bytes));
}

static void
hash_alone(const SlAttribute *attribute, Memo *memo, uint8 *result)
{
	resetStringInfo(&part);
	sl_append_attribute(&part, attribute);
	if (part.len != memo->bytes.len ||
		memcmp(part.data, memo->bytes.data, part.len) != 0)
	{
		/* no bytes go with no hash, should what follows fail */
		resetStringInfo(&memo->bytes);
		hash_bytes_of(&part, memo->hash, sizeof(memo->hash));
		appendBinaryStringInfo(&memo->bytes, part.data, part.len);
	}
	memcpy(result, memo->hash, sizeof(memo->hash));
}

void
sl_fact_hash(const SlFact *fact, SlFactHash *hash)
{
	int			i;

	prepare();
	memset(hash, 0, sizeof(*hash));
	resetStringInfo(&buffer);
	for (i = 0; i < fact->nattributes; i++)
	{
		const SlAttribute *attribute = &fact->attributes[i];

		if (strcmp(attribute->name, "owner") == 0)
			hash_alone(attribute, &owner_memo, hash->owner);
		else if (strcmp(attribute->name, "privileges") == 0)
			hash_alone(attribute, &privileges_memo, hash->privileges);
		else
			sl_append_attribute(&buffer, attribute);
	}
	if (buffer.len > 0)
		hash_bytes_of(&buffer, hash->core, sizeof(hash->core));
}

bool
sl_fact_hash_equal(const SlFactHash *a, const SlFactHash *b,
				   const SlCatalogOptions *what)
{
	return memcmp(a->core, b->core, sizeof(a->core)) == 0 &&
		(!what->owners ||
		 memcmp(a->owner, b->owner, sizeof(a->owner)) == 0) &&
		(!what->privileges ||
		 memcmp(a->privileges, b->privileges, sizeof(a->privileges)) == 0);
}
