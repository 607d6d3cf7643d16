/*-------------------------------------------------------------------------
 *
 * image.c
 *	  All live facts as hashes, kept up to date by what moved.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/image.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "catalog/image_private.h"

/*
 * Objects that are described one by one cost more than in a scan of all, and
 * those with all that hangs on them so many times more.  Up to which share of
 * all entries is it still less?
 */
#define DEEP_COST 20
#define MIN_COST 200
#define COST_SHARE 10

/* how often what moved meanwhile is described again, in rounds for some */
#define MAX_EFFORT 10
#define FULL_EFFORT 3

/* the file is written again when so large a share of it has changed */
#define FILE_SHARE 64

/* the session's, and that of a transaction with an xid */
static SlImage *session_image = NULL;
static SlImage *transaction_image = NULL;

static uint64 last_generation = 0;

static int
compare_names(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/* Options as a text, the same for the same. */
static char *
options_text(const SlCatalogOptions *options)
{
	StringInfoData text;
	List	   *schemas = list_copy(options->schemas);
	ListCell   *cell;

	initStringInfo(&text);
	appendStringInfo(&text, "%s %s %s", options->owners ? "owners" : "-",
					 options->privileges ? "privileges" : "-",
					 options->no_schemas ? "none" :
					 schemas == NIL ? "all" : "some");
	list_sort(schemas, compare_names);
	foreach(cell, schemas)
		appendStringInfo(&text, " %s", quote_identifier(lfirst(cell)));
	return text.data;
}

static SlImage *
create_image(const SlCatalogOptions *options, const char *text)
{
	MemoryContext cxt = AllocSetContextCreate(CurrentMemoryContext,
											  "schema_lifecycle image",
											  ALLOCSET_DEFAULT_SIZES);
	MemoryContext before = MemoryContextSwitchTo(cxt);
	SlImage    *image = palloc0_object(SlImage);
	ListCell   *cell;

	image->cxt = cxt;
	image->options = *options;
	image->options.schemas = NIL;
	foreach(cell, options->schemas)
		image->options.schemas = lappend(image->options.schemas,
										 pstrdup(lfirst(cell)));
	image->options_text = pstrdup(text);
	MemoryContextSwitchTo(before);
	return image;
}

static void
insert_fact(const SlFact *fact, void *arg)
{
	SlImage    *image = arg;
	SlEntry		entry;

	sl_entry_make(fact, &entry);
	sl_entries_insert(&image->entries, &entry);
}

static void
set_effort(SlImage *image, const char *format, unsigned int count)
{
	/* what led to it stands before */
	if (image->effort[0] != '\0')
		strlcat(image->effort, " ", sizeof(image->effort));
	snprintf(image->effort + strlen(image->effort),
			 sizeof(image->effort) - strlen(image->effort), format, count);
}

/*
 * The snapshot for one reading, and how many transactions had ended by then.
 * Not one that was taken before: a transaction that sends no message would
 * never be seen.
 */
static Snapshot
take_snapshot(uint64 *completed)
{
	Snapshot	snapshot;

	InvalidateCatalogSnapshot();
	snapshot = GetCatalogSnapshot(RelationRelationId);
	*completed = snapshot->snapXactCompletionCount;
	return RegisterSnapshot(snapshot);
}

/* Everything, with a witness that is not younger. */
static void
read_all(SlImage *image)
{
	Snapshot	snapshot;

	if (image->witnesses == NULL)
		image->witnesses = MemoryContextAllocZero(image->cxt,
												  sizeof(SlWitness) *
												  sl_witness_count);
	memcpy(image->seen, sl_catalog_generations(), sizeof(image->seen));
	snapshot = take_snapshot(&image->completed);
	sl_witness_read(image->witnesses, image->cxt, snapshot, PG_UINT32_MAX,
					NULL);
	UnregisterSnapshot(snapshot);
	sl_caches_forget();
	sl_entries_free(&image->entries);
	sl_entries_init(&image->entries, image->cxt, 0);
	sl_catalog_scan(&image->options, insert_fact, image);
	image->generation = ++last_generation;
	image->changes = image->entries.count + 1;
	set_effort(image, "full", 0);
}

/* What is described again, and what becomes of it. */
typedef struct Update
{
	SlImage    *image;
	SlMovedSet *set;
	uint32		changes;
} Update;

static void
put_fact(const SlFact *fact, void *arg)
{
	Update	   *update = arg;
	SlMoved  *touched;
	SlEntry		entry;
	bool		changed;

	touched = hash_search(update->set->table, &fact->address, HASH_FIND,
						  NULL);
	if (touched != NULL)
		touched->seen = true;
	if (fact->class == NULL)
		changed = sl_entries_remove(&update->image->entries, &fact->address);
	else
	{
		sl_entry_make(fact, &entry);
		changed = sl_entries_put(&update->image->entries, &entry);
	}
	if (changed)
		update->changes++;
}

/*
 * May the object have a fact?  Temporary objects come and go all the time,
 * and to describe them is not for nothing: caches are emptied for it.
 */
static bool
may_have_fact(const ObjectAddress *address)
{
	Form_pg_class form;
	HeapTuple	tuple;
	bool		result;
	Oid			relid;

	switch (address->classId)
	{
		case RelationRelationId:
			tuple = SearchSysCache1(RELOID,
									ObjectIdGetDatum(address->objectId));
			if (!HeapTupleIsValid(tuple))
				return false;
			form = (Form_pg_class) GETSTRUCT(tuple);
			result = form->relpersistence != RELPERSISTENCE_TEMP &&
				form->relkind != RELKIND_TOASTVALUE;
			ReleaseSysCache(tuple);
			return result;
		case TypeRelationId:
			tuple = SearchSysCache1(TYPEOID,
									ObjectIdGetDatum(address->objectId));
			if (!HeapTupleIsValid(tuple))
				return false;
			result = !isAnyTempNamespace(((Form_pg_type)
										  GETSTRUCT(tuple))->typnamespace);
			ReleaseSysCache(tuple);
			return result;
		case ConstraintRelationId:
			tuple = SearchSysCache1(CONSTROID,
									ObjectIdGetDatum(address->objectId));
			if (!HeapTupleIsValid(tuple))
				return false;
			relid = ((Form_pg_constraint) GETSTRUCT(tuple))->conrelid;
			ReleaseSysCache(tuple);
			return !OidIsValid(relid) ||
				get_rel_persistence(relid) != RELPERSISTENCE_TEMP;
		case AttrDefaultRelationId:
			/* its column is touched with it */
			return false;
		default:
			return true;
	}
}

/* The addresses with this flag, or without it. */
static ObjectAddress *
addresses_of(SlMovedSet *set, bool deep, int *count)
{
	ObjectAddress *result;
	HASH_SEQ_STATUS status;
	SlMoved  *touched;

	*count = 0;
	result = palloc_array(ObjectAddress,
						  Max(hash_get_num_entries(set->table), 1));
	hash_seq_init(&status, set->table);
	while ((touched = hash_seq_search(&status)) != NULL)
		if ((touched->flags & SL_TOUCH_DESCRIBE) &&
			deep == ((touched->flags & SL_TOUCH_DEEP) != 0))
			result[(*count)++] = touched->address;
	return result;
}

/* Leave out of the set what is not worth a look; how much is left? */
static int
sift(SlMovedSet *set)
{
	HASH_SEQ_STATUS status;
	SlMoved  *touched;
	int			cost = 0;

	hash_seq_init(&status, set->table);
	while ((touched = hash_seq_search(&status)) != NULL)
	{
		if (!(touched->flags & SL_TOUCH_DESCRIBE))
			continue;
		if (!may_have_fact(&touched->address))
			touched->flags = SL_TOUCH_REMOVE;
		else
			cost += touched->flags & SL_TOUCH_DEEP ? DEEP_COST : 1;
	}
	return cost;
}

/* Remove what was touched and found nowhere. */
static void
remove_gone(Update *update)
{
	HASH_SEQ_STATUS status;
	SlMoved  *touched;

	hash_seq_init(&status, update->set->table);
	while ((touched = hash_seq_search(&status)) != NULL)
		if (!touched->seen &&
			(touched->flags & (SL_TOUCH_REMOVE | SL_TOUCH_DESCRIBE)) &&
			sl_entries_remove(&update->image->entries, &touched->address))
			update->changes++;
}

/*
 * Describe what was touched.  False: too much for that, or nobody knows what.
 */
static bool
apply(SlImage *image, SlMovedSet *set, Snapshot snapshot, bool *described)
{
	Update		update = {image, set, 0};
	ObjectAddress *addresses;
	int			count;
	int			cost;

	*described = false;
	if (set->all == NULL)
		sl_touched_close(set, snapshot);
	if (set->all != NULL)
		return false;
	cost = sift(set);
	if (cost > MIN_COST + image->entries.count / COST_SHARE)
		return false;
	if (cost > 0)
	{
		*described = true;
		sl_caches_forget();
		addresses = addresses_of(set, false, &count);
		if (count > 0)
			sl_catalog_rows(&image->options, addresses, count, false,
							put_fact, &update);
		addresses = addresses_of(set, true, &count);
		if (count > 0)
			sl_catalog_rows(&image->options, addresses, count, true,
							put_fact, &update);
	}
	remove_gone(&update);
	if (update.changes > 0)
	{
		image->generation = ++last_generation;
		image->changes += update.changes;
	}
	if (cost > 0 || update.changes > 0)
		set_effort(image, "some %u", update.changes);
	return true;
}

/* Account for all messages by now; the groups that they came for. */
static uint32
take_messages(SlImage *image)
{
	const uint64 *now = sl_catalog_generations();
	uint32		groups = 0;
	int			i;

	for (i = 0; i < SL_GROUPS; i++)
		if (now[i] != image->seen[i])
			groups |= 1u << i;
	memcpy(image->seen, now, sizeof(image->seen));
	return groups;
}

typedef enum Round
{
	ROUND_NOTHING,				/* what moved has no facts */
	ROUND_SOME,					/* some were described, */
	ROUND_FULL					/* or all: which may have changed meanwhile */
} Round;

/*
 * One round: look what moved, in all catalogs or where messages tell, and
 * describe it.
 */
static Round
refresh_once(SlImage *image, bool all)
{
	MemoryContext cxt;
	MemoryContext before;
	SlMovedSet set;
	Snapshot	snapshot;
	uint64		completed;
	uint32		groups;
	bool		described = false;
	Round		round;

	cxt = AllocSetContextCreate(CurrentMemoryContext,
								"schema_lifecycle refresh",
								ALLOCSET_DEFAULT_SIZES);
	before = MemoryContextSwitchTo(cxt);
	sl_touched_init(&set);
	/* messages first: one that comes later is accounted for the next time */
	groups = take_messages(image);
	/* most is read for any of these, and that of all lets us be sure */
	if (groups & ~(1u << SL_GROUP_OTHER))
		all = true;
	snapshot = take_snapshot(&completed);
	sl_witness_read(image->witnesses, image->cxt, snapshot,
					all ? PG_UINT32_MAX : groups, &set);
	image->completed = all ? completed : 0;
	if (hash_get_num_entries(set.table) == 0 && set.all == NULL)
		round = ROUND_NOTHING;
	else if (apply(image, &set, snapshot, &described))
		round = described ? ROUND_SOME : ROUND_NOTHING;
	else
	{
		elog(DEBUG1, "reading all facts: %s moved",
			 set.all != NULL ? set.all : "much");
		read_all(image);
		round = ROUND_FULL;
	}
	UnregisterSnapshot(snapshot);
	MemoryContextSwitchTo(before);
	MemoryContextDelete(cxt);
	return round;
}

/* Has no transaction ended since all was read? */
static bool
is_quiet(SlImage *image)
{
	uint64		completed;

	UnregisterSnapshot(take_snapshot(&completed));
	return image->completed != 0 && image->completed == completed;
}

/*
 * Until a round finds nothing to describe: then all that was described is of
 * the time between two equal readings.
 */
static void
refresh(SlImage *image, bool all)
{
	int			effort = 0;
	Round		round;

	image->torn = true;
	image->moved = false;
	while ((round = refresh_once(image, all)) != ROUND_NOTHING)
	{
		if (is_quiet(image))
			break;
		effort += round == ROUND_FULL ? FULL_EFFORT : 1;
		if (effort >= MAX_EFFORT)
		{
			image->moved = true;
			break;
		}
		all = true;
	}
	image->next_xid = ReadNextFullTransactionId();
	image->torn = false;
	if (image->effort[0] == '\0')
		set_effort(image, "none", 0);
}

/* Is an xid that was seen then still the same? */
static bool
is_too_old(const SlImage *image)
{
	return U64FromFullTransactionId(ReadNextFullTransactionId()) -
		U64FromFullTransactionId(image->next_xid) > PG_UINT32_MAX / 2;
}

/* A new one: from the file, if there is one that will do, or from nothing. */
static SlImage *
make_image(const SlCatalogOptions *options, const char *text)
{
	SlImage    *image = create_image(options, text);

	if (sl_image_file_read(image) && !is_too_old(image))
	{
		image->generation = ++last_generation;
		set_effort(image, "file", 0);
		refresh(image, true);
		return image;
	}
	MemoryContextDelete(image->cxt);
	image = create_image(options, text);
	read_all(image);
	image->next_xid = ReadNextFullTransactionId();
	/* and what came in between */
	if (!is_quiet(image))
		refresh(image, true);
	return image;
}

/* Is it worth a new file? */
static void
save(SlImage *image)
{
	if (image->changes == 0 || image->moved ||
		image->changes < image->entries.count / FILE_SHARE)
		return;
	if (sl_image_file_write(image))
		image->changes = 0;
}

static SlImage *
copy_image(const SlImage *from)
{
	SlImage    *image = create_image(&from->options, from->options_text);
	int			i;

	image->generation = from->generation;
	image->next_xid = from->next_xid;
	image->witnesses = MemoryContextAllocZero(image->cxt, sizeof(SlWitness) *
											  sl_witness_count);
	for (i = 0; i < sl_witness_count; i++)
	{
		Size		size = sizeof(SlWitnessRow) * from->witnesses[i].count;

		image->witnesses[i].count = from->witnesses[i].count;
		image->witnesses[i].rows = MemoryContextAllocHuge(image->cxt,
														  Max(size, 1));
		memcpy(image->witnesses[i].rows, from->witnesses[i].rows, size);
	}
	sl_entries_init(&image->entries, image->cxt, from->entries.count);
	image->entries.count = from->entries.count;
	memcpy(image->entries.entries, from->entries.entries,
		   sizeof(SlEntry) * from->entries.count);
	sl_entries_index(&image->entries);
	return image;
}

static void
forget_transaction_image(void *arg)
{
	transaction_image = NULL;
}

static bool
is_usable(const SlImage *image, const char *text)
{
	return image != NULL && !image->torn &&
		strcmp(image->options_text, text) == 0 && !is_too_old(image);
}

static void
drop_image(SlImage **image)
{
	SlImage    *dropped = *image;

	*image = NULL;
	if (dropped != NULL)
		MemoryContextDelete(dropped->cxt);
}

/*
 * In a transaction with an xid: what it changed itself comes without a
 * message, so all is looked at each time.
 */
static SlImage *
get_in_transaction(const SlCatalogOptions *options, const char *text)
{
	MemoryContextCallback *callback;
	SlImage    *image;

	if (is_usable(transaction_image, text))
	{
		transaction_image->effort[0] = '\0';
		refresh(transaction_image, true);
		return transaction_image;
	}
	drop_image(&transaction_image);
	if (is_usable(session_image, text))
	{
		image = copy_image(session_image);
		refresh(image, true);
	}
	else
		image = make_image(options, text);
	callback = MemoryContextAllocZero(image->cxt, sizeof(*callback));
	callback->func = forget_transaction_image;
	MemoryContextRegisterResetCallback(image->cxt, callback);
	MemoryContextSetParent(image->cxt, TopTransactionContext);
	transaction_image = image;
	return image;
}

SlImage *
sl_image_get(const SlCatalogOptions *options)
{
	char	   *text = options_text(options);
	SlImage    *image;

	if (sl_transaction_writes())
		return get_in_transaction(options, text);
	if (is_usable(session_image, text))
	{
		image = session_image;
		image->effort[0] = '\0';
		/* nobody did anything, or let us see what the messages say */
		if (is_quiet(image))
			set_effort(image, "none", 0);
		else
			refresh(image, false);
		save(image);
		return image;
	}
	drop_image(&session_image);
	image = make_image(options, text);
	MemoryContextSetParent(image->cxt, TopMemoryContext);
	session_image = image;
	save(image);
	return image;
}

uint64
sl_image_count(const SlImage *image)
{
	return image->entries.count;
}

bool
sl_image_find(const SlImage *image, const SlFactKey *key, SlFactHash *hash)
{
	const SlEntry *entry = sl_entries_find(&image->entries, key);

	if (entry != NULL && hash != NULL)
		*hash = entry->hash;
	return entry != NULL;
}

bool
sl_image_next(const SlImage *image, uint64 *position, const SlFactKey **key,
			  const SlFactHash **hash)
{
	const SlEntry *entry;

	if (*position >= image->entries.count)
		return false;
	entry = &image->entries.entries[(*position)++];
	*key = &entry->key;
	*hash = &entry->hash;
	return true;
}

/* Some facts of a full scan. */
typedef struct Chosen
{
	HTAB	   *keys;
	SlFactSink	sink;
	void	   *arg;
} Chosen;

static void
pass_chosen(const SlFact *fact, void *arg)
{
	Chosen	   *chosen = arg;
	SlFactKey	key;

	sl_fact_key(fact->class, fact->identity, &key);
	if (hash_search(chosen->keys, &key, HASH_FIND, NULL) != NULL)
		chosen->sink(fact, chosen->arg);
}

/* So many that it takes less to read all of them. */
static void
read_chosen(SlImage *image, const SlFactKey *keys, int nkeys,
			SlFactSink sink, void *arg)
{
	HASHCTL		ctl;
	Chosen		chosen;
	int			i;

	ctl.keysize = sizeof(SlFactKey);
	ctl.entrysize = sizeof(SlFactKey);
	ctl.hcxt = CurrentMemoryContext;
	chosen.keys = hash_create("chosen facts", nkeys, &ctl,
							  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	for (i = 0; i < nkeys; i++)
		(void) hash_search(chosen.keys, &keys[i], HASH_ENTER, NULL);
	chosen.sink = sink;
	chosen.arg = arg;
	sl_catalog_scan(&image->options, pass_chosen, &chosen);
	hash_destroy(chosen.keys);
}

void
sl_image_facts(SlImage *image, const SlFactKey *keys, int nkeys,
			   SlFactSink sink, void *arg)
{
	ObjectAddress *addresses;
	int			count = 0;
	int			i;

	if (nkeys > MIN_COST + image->entries.count / COST_SHARE)
	{
		read_chosen(image, keys, nkeys, sink, arg);
		return;
	}
	addresses = palloc_array(ObjectAddress, Max(nkeys, 1));
	for (i = 0; i < nkeys; i++)
	{
		const SlEntry *entry = sl_entries_find(&image->entries, &keys[i]);

		if (entry != NULL)
			sl_entry_address(entry, &addresses[count++]);
	}
	if (count > 0)
		sl_catalog_objects(&image->options, addresses, count, false, sink,
						   arg);
	pfree(addresses);
}

uint64
sl_image_generation(const SlImage *image)
{
	return image->generation;
}

bool
sl_image_moved(const SlImage *image)
{
	return image->moved;
}

void
sl_image_doubt(void)
{
	if (session_image == NULL)
		return;
	memset(session_image->seen, 0xff, sizeof(session_image->seen));
	session_image->completed = 0;
}

const char *
sl_image_effort(const SlImage *image)
{
	return image->effort;
}
