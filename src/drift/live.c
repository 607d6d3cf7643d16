/*-------------------------------------------------------------------------
 *
 * live.c
 *	  The live facts, as hashes, and some of them in full.
 *
 * The facts are always read whole: what is compared is decided when they are
 * compared.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/drift/live.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "common/extension.h"
#include "common/sl_compat.h"
#include "drift/drift_private.h"

typedef struct LiveFact
{
	SlFactKey	key;
	SlFactHash	hash;
	char		status;
} LiveFact;

static inline uint32
key_hash(const SlFactKey *key)
{
	uint32		hash;

	memcpy(&hash, key->bytes, sizeof(hash));
	return hash;
}

#define SH_PREFIX live
#define SH_ELEMENT_TYPE LiveFact
#define SH_KEY_TYPE SlFactKey
#define SH_KEY key
#define SH_HASH_KEY(tb, key) key_hash(&(key))
#define SH_EQUAL(tb, a, b) (memcmp((a).bytes, (b).bytes, SL_KEY_LENGTH) == 0)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

struct SlLive
{
	live_hash  *facts;
};

static void
add_fact(const SlFact *fact, void *arg)
{
	SlLive	   *live = arg;
	SlFactKey	key;
	bool		found;

	sl_fact_key(fact->class, fact->identity, &key);
	sl_fact_hash(fact, &live_insert(live->facts, key, &found)->hash);
}

/* All of them, in the current memory context. */
SlLive *
sl_live_read(void)
{
	SlLive	   *live = palloc_object(SlLive);
	SlCatalogOptions options = {NIL, false, true, true};

	live->facts = live_create(CurrentMemoryContext, 1024, NULL);
	sl_catalog_scan(&options, add_fact, live);
	return live;
}

int
sl_live_count(const SlLive *live)
{
	return live->facts->members;
}

const SlFactHash *
sl_live_find(const SlLive *live, const SlFactKey *key)
{
	LiveFact   *fact = live_lookup(live->facts, *key);

	return fact == NULL ? NULL : &fact->hash;
}

void
sl_live_each(SlLive *live, SlLiveSink sink, void *arg)
{
	live_iterator it;
	LiveFact   *fact;

	live_start_iterate(live->facts, &it);
	while ((fact = live_iterate(live->facts, &it)) != NULL)
		sink(&fact->key, &fact->hash, arg);
}

typedef struct Wanted
{
	live_hash  *keys;
	SlFactSink	sink;
	void	   *arg;
} Wanted;

static void
pass_wanted(const SlFact *fact, void *arg)
{
	Wanted	   *wanted = arg;
	SlFactKey	key;

	sl_fact_key(fact->class, fact->identity, &key);
	if (live_lookup(wanted->keys, key) != NULL)
		wanted->sink(fact, wanted->arg);
}

/*
 * The facts of these keys as they are now, in full, as far as they are
 * wanted; they are gone after the call.
 */
void
sl_live_facts(SlLive *live, const SlFactKey *keys, int nkeys,
			  const SlCatalogOptions *options, SlFactSink sink, void *arg)
{
	Wanted		wanted = {NULL, sink, arg};
	bool		found;
	int			i;

	if (nkeys == 0)
		return;
	wanted.keys = live_create(CurrentMemoryContext, nkeys, NULL);
	for (i = 0; i < nkeys; i++)
		(void) live_insert(wanted.keys, keys[i], &found);
	sl_catalog_scan(options, pass_wanted, &wanted);
	live_destroy(wanted.keys);
}

void
sl_given_read(SlGiven *given)
{
	SlExtension extension;
	char	   *schema = NULL;

	sl_fact_key("schema", "public", &given->keys[0]);
	sl_fact_key("extension", "plpgsql", &given->keys[1]);
	given->count = 2;
	sl_extension_get(&extension);
	schema = get_namespace_name(extension.schema);
	if (schema != NULL)
		sl_fact_key("schema", quote_identifier(schema),
					&given->keys[given->count++]);
}

bool
sl_is_given(const SlGiven *given, const SlFactKey *key)
{
	int			i;

	for (i = 0; i < given->count; i++)
		if (memcmp(&given->keys[i], key, sizeof(SlFactKey)) == 0)
			return true;
	return false;
}
