/*-------------------------------------------------------------------------
 *
 * mirror.c
 *	  Version tables of other tools, kept in step with the history.
 *
 * In the transaction that writes the history, so that there is never one
 * without the other: dropping the extension leaves a tool that knows where it
 * is.  What a table of the tool cannot hold (revisions that come from
 * elsewhere) it does not get.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/adapters/mirror.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/guc.h"
#include "utils/memutils.h"

#include "adapters/adapters_private.h"
#include "common/settings.h"

static void
sync_all(const SlVersionTable *table, const SlRecord *records, int count)
{
	SlSync		sync = {table};
	SlRecord   *sorted = palloc_array(SlRecord, count + 1);

	sl_reach_init(&sync.reach, table->adapter);
	sync.words = sl_version_table_words(table);
	if (count > 0)
	{
		memcpy(sorted, records, sizeof(SlRecord) * count);
		qsort(sorted, count, sizeof(SlRecord), sl_compare_records);
	}
	sync.records = sorted;
	sync.nrecords = count;
	table->adapter->sync(&sync);
}

/*
 * Bring a table in step with what is applied now.  Where code of somebody's
 * hangs on it, it is read again, and has to need nothing more: a tool that
 * goes by a table that is wrong runs what has run.
 */
void
sl_mirror_sync(const SlVersionTable *table, const SlRecord *records,
			   int count)
{
	SlVersionTable written = *table;

	sync_all(table, records, count);
	if (sl_version_table_is_plain(table))
		return;
	written.written = true;
	sync_all(&written, NULL, 0);
}

/* Is it one that the tool knows?  See sl_reach_init, which looks at all. */
static bool
is_known(const SlAdapter *adapter, const SlRegistryEntry *entry)
{
	if (sl_adapter_has_format(adapter, entry->format))
		return true;
	return (adapter->could_be == NULL ||
			adapter->could_be(entry->revision)) &&
		!sl_registry_has_format(adapter->formats);
}

/* One revision of the tool's that ran up needs no look at the others. */
static bool
sync_one(const SlVersionTable *table, const SlRecord *record)
{
	SlRegistryEntry *entry;

	if (table->adapter->sync_one == NULL || record->direction != SL_UP)
		return false;
	entry = sl_registry_get(record->revision, true);
	return entry != NULL && entry->kind == SL_KIND_VERSIONED &&
		is_known(table->adapter, entry) &&
		table->adapter->sync_one(table, entry, record);
}

static void
mirror_one(const SlVersionTableRow *row, const SlRecord *records, int count)
{
	SlVersionTable *table = sl_version_table_known(row);

	if (table == NULL ||
		!sl_version_table_lock(table, ShareRowExclusiveLock))
	{
		(void) sl_version_table_drop(row->schema, row->name);
		ereport(WARNING,
				(errmsg("version table \"%s.%s\" is gone, or is no table of %s any more",
						row->schema, row->name, row->tool),
				 errdetail("It is not kept in step from now on.")));
		return;
	}
	if (count != 1 || !sl_version_table_is_plain(table) ||
		!sync_one(table, &records[0]))
		sl_mirror_sync(table, records, count);
}

/* This transaction has recorded something. */
static void
mirror_records(const SlRecord *records, int count)
{
	MemoryContext cxt = AllocSetContextCreate(CurrentMemoryContext,
											  "schema_lifecycle mirror",
											  ALLOCSET_DEFAULT_SIZES);
	MemoryContext before = MemoryContextSwitchTo(cxt);
	int			nest_level = NewGUCNestLevel();
	ListCell   *cell;

	/* the tool may be at work there, and we have locked what we migrated */
	(void) set_config_option("lock_timeout",
							 psprintf("%d", sl_migration_lock_timeout),
							 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
							 true, 0, false);
	foreach(cell, sl_version_tables_read(true))
	{
		const SlVersionTableRow *row = lfirst(cell);

		if (row->mirror)
			mirror_one(row, records, count);
	}
	AtEOXact_GUC(false, nest_level);
	MemoryContextSwitchTo(before);
	MemoryContextDelete(cxt);
}

void
sl_mirror_init(void)
{
	sl_record_hook_set(mirror_records);
}
