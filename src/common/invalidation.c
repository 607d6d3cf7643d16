/*-------------------------------------------------------------------------
 *
 * invalidation.c
 *	  When may what was read before no longer be so?
 *
 * A change of the catalog sends messages when it commits, to all sessions and
 * to standbys.  A session has room for 64 syscache callbacks and 10 relcache
 * callbacks, for all libraries together, and one that wants more than there
 * are dies: here are all that this extension has, 16 and 1, registered when
 * they are first wanted.  The catalogs that they do not tell of (casts,
 * languages, text search, ...) are changed rarely: for those, any message is
 * taken for theirs.  So it is for comments and dependencies: there is no
 * cache of them, but old snapshots are called off by messages.  The count of
 * messages also has those of other databases and those of VACUUM and ANALYZE.
 *
 * The extension's own tables have no messages of their own, only their rows
 * change.  Whoever writes to them invalidates the relcache entry of a
 * composite type that exists for this and that no query uses: the server
 * sends that message at the commit, forgets it at a rollback, keeps it with a
 * prepared transaction and replays it on standbys.
 *
 * Messages are sent just after a transaction has become visible: what is read
 * in between is new under an old number, which costs another reading.  It is
 * never old under a new one, unless the reader's snapshot is old.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/common/invalidation.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "storage/sinval.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "common/extension.h"
#include "common/invalidation.h"

/* the composite type whose message means: the ledger was written to */
#define LEDGER_MARK "sl_generation"

static const struct
{
	int			cache;
	SlCatalogGroup group;
}			caches[] = {
	{AUTHOID, SL_GROUP_ROLE},
	{NAMESPACEOID, SL_GROUP_SCHEMA},
	{TYPEOID, SL_GROUP_TYPE},
	{ENUMOID, SL_GROUP_ENUM},
	{PROCOID, SL_GROUP_ROUTINE},
	{OPEROID, SL_GROUP_OPERATOR},
	{CLAOID, SL_GROUP_OPERATOR_CLASS},
	{COLLOID, SL_GROUP_COLLATION},
	{CONSTROID, SL_GROUP_CONSTRAINT},
	{SEQRELID, SL_GROUP_SEQUENCE},
	{STATEXTOID, SL_GROUP_STATISTICS},
	{EVENTTRIGGEROID, SL_GROUP_EVENT_TRIGGER},
	{FOREIGNSERVEROID, SL_GROUP_SERVER},
	{USERMAPPINGOID, SL_GROUP_USER_MAPPING},
	{DEFACLROLENSPOBJ, SL_GROUP_DEFAULT_ACL},
	{PUBLICATIONOID, SL_GROUP_PUBLICATION},
};

StaticAssertDecl(lengthof(caches) <= 16,
				 "other libraries want callbacks, too");

static bool registered = false;
static uint64 generations[SL_GROUPS];
static uint64 ledger_generation = 1;
static uint64 callbacks = 0;		/* calls that were not the ledger's */
static Oid	ledger_mark = InvalidOid;	/* as far as is known */

static void
relation_changed(Datum arg, Oid relid)
{
	if (OidIsValid(relid) && relid == ledger_mark)
	{
		ledger_generation++;
		return;
	}
	generations[SL_GROUP_RELATION]++;
	callbacks++;
	if (!OidIsValid(relid))
	{
		/* messages were lost, or all are meant */
		ledger_mark = InvalidOid;
		ledger_generation++;
	}
}

static void
row_changed(Datum arg, int cache, uint32 hash)
{
	generations[DatumGetInt32(arg)]++;
	callbacks++;
}

static void
register_callbacks(void)
{
	int			i;

	if (registered)
		return;
	registered = true;
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	for (i = 0; i < (int) lengthof(caches); i++)
		CacheRegisterSyscacheCallback(caches[i].cache, row_changed,
									  Int32GetDatum(caches[i].group));
}

/*
 * Learn which relation stands for the ledger.  A message that drops it, or
 * moves it, is about it and makes us look again.
 */
static bool
find_ledger_mark(void)
{
	SlExtension extension;

	if (OidIsValid(ledger_mark) &&
		get_rel_namespace(ledger_mark) != InvalidOid)
		return true;
	ledger_mark = InvalidOid;
	/* whatever came before was not known to be the ledger's */
	ledger_generation++;
	if (sl_extension_find(&extension))
		ledger_mark = get_relname_relid(LEDGER_MARK, extension.schema);
	return OidIsValid(ledger_mark);
}

/* Up to date as of now. */
static void
catch_up(void)
{
	register_callbacks();
	AcceptInvalidationMessages();
	generations[SL_GROUP_OTHER] = SharedInvalidMessageCounter;
}

uint64
sl_catalog_generation(void)
{
	catch_up();
	return SharedInvalidMessageCounter + callbacks;
}

const uint64 *
sl_catalog_generations(void)
{
	catch_up();
	return generations;
}

/*
 * Without the mark (the extension is not there, or is being created) there is
 * no telling: then the number moves with each call.
 */
uint64
sl_ledger_generation(void)
{
	catch_up();
	(void) find_ledger_mark();
	return ledger_generation;
}

void
sl_ledger_touch(void)
{
	register_callbacks();
	if (find_ledger_mark())
		CacheInvalidateRelcacheByRelid(ledger_mark);
}

bool
sl_transaction_writes(void)
{
	return TransactionIdIsValid(GetTopTransactionIdIfAny());
}

/*
 * A transaction that one sees may not have sent its messages yet: then what
 * is in the caches is older than the rows.  The callbacks are called for this,
 * too; it means nothing to those who keep something, unless messages came in
 * between.
 */
void
sl_caches_forget(void)
{
	uint64		kept[SL_GROUPS];
	uint64		kept_callbacks = callbacks;
	uint64		kept_ledger = ledger_generation;
	Oid			kept_mark = ledger_mark;
	uint64		messages = SharedInvalidMessageCounter;

	memcpy(kept, generations, sizeof(kept));
	InvalidateSystemCaches();
	if (messages != SharedInvalidMessageCounter)
		return;
	memcpy(generations, kept, sizeof(kept));
	callbacks = kept_callbacks;
	ledger_generation = kept_ledger;
	ledger_mark = kept_mark;
}
