/*-------------------------------------------------------------------------
 *
 * schema_migrations.c
 *	  The tools whose table is called schema_migrations: Rails, dbmate,
 *	  golang-migrate.
 *
 * They are told by their columns.  Rails and dbmate have a row for each
 * version, and the same columns; Rails has ar_internal_metadata beside it.
 * golang-migrate has one row in all: the version that it is at, which stands
 * for all before it, and whether it got there ("dirty").
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/adapters/schema_migrations.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "adapters/adapters_private.h"

#define USUAL_NAME "schema_migrations"

static const SlToolColumn version_columns[] = {
	{"version", SL_COLUMN_TEXT},
};

static const char *const rails_formats[] = {"rails", NULL};
static const char *const dbmate_formats[] = {"dbmate", NULL};

/* No other column: others have a table of that name, and more in it. */
static bool
has_one_column(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	int			columns = 0;
	int			number;

	if (!HeapTupleIsValid(tuple))
		return false;
	number = ((Form_pg_class) GETSTRUCT(tuple))->relnatts;
	ReleaseSysCache(tuple);
	for (; number > 0; number--)
	{
		tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(relid),
								Int16GetDatum(number));
		if (!HeapTupleIsValid(tuple))
			continue;
		columns += !((Form_pg_attribute) GETSTRUCT(tuple))->attisdropped;
		ReleaseSysCache(tuple);
	}
	return columns == 1;
}

static bool
is_of_rails(Oid relid)
{
	Oid			metadata =
		get_relname_relid(sl_version_table_companion("rails"),
						  get_rel_namespace(relid));

	return OidIsValid(metadata) && has_one_column(relid) &&
		get_attnum(metadata, "key") != InvalidAttrNumber &&
		get_attnum(metadata, "value") != InvalidAttrNumber;
}

static bool
is_of_dbmate(Oid relid)
{
	return has_one_column(relid) && !is_of_rails(relid);
}

static void
read_version(const char *const *cells, List **words)
{
	if (cells[0] != NULL)
		(void) sl_word_add(words, SL_WORD_APPLIED, cells[0]);
}

static void
insert_version(SlWriter *writer, const SlRegistryEntry *entry,
			   const char *revision, int64 elapsed)
{
	(void) sl_writer_run(writer, "INSERT INTO @ (version) VALUES ($1)",
						 &revision, 1);
}

static void
sync_versions(const SlSync *sync)
{
	sl_sync_rows(sync, insert_version, sl_version_row_remove);
}

static bool
sync_version(const SlVersionTable *table, const SlRegistryEntry *entry,
			 const SlRecord *record)
{
	return sl_version_row_sync(table, entry, record, insert_version);
}

const SlAdapter sl_adapter_rails = {
	.name = "rails",
	.usual_name = USUAL_NAME,
	.by_name = true,
	.columns = version_columns,
	.ncolumns = lengthof(version_columns),
	.formats = rails_formats,
	.command = "rails db:migrate",
	.fits = is_of_rails,
	.read = read_version,
	.could_be = sl_is_digits,
	.sync_one = sync_version,
	.sync = sync_versions,
};

const SlAdapter sl_adapter_dbmate = {
	.name = "dbmate",
	.usual_name = USUAL_NAME,
	.by_name = true,
	.columns = version_columns,
	.ncolumns = lengthof(version_columns),
	.formats = dbmate_formats,
	.command = "dbmate up",
	.fits = is_of_dbmate,
	.read = read_version,
	.could_be = sl_is_digits,
	.sync_one = sync_version,
	.sync = sync_versions,
};

/*
 * golang-migrate
 */

static const SlToolColumn dirty_columns[] = {
	{"version", SL_COLUMN_NUMBER},
	{"dirty", SL_COLUMN_BOOL},
};

static const char *const golang_formats[] = {"pairs", NULL};

static bool
is_not_after(const char *revision, const char *other)
{
	return sl_compare_digits(revision, other) <= 0;
}

/* -1 is its word for nothing */
static void
read_dirty(const char *const *cells, List **words)
{
	if (cells[0] != NULL && cells[0][0] != '-')
		(void) sl_word_add(words, cells[1] == NULL || cells[1][0] == 't' ?
						   SL_WORD_FAILED : SL_WORD_ALL_BEFORE, cells[0]);
}

/*
 * The last version up to which all is applied: what it has jumped over it
 * would never run.
 */
static const char *
version_reached(const SlSync *sync)
{
	const char *reached = NULL;
	const char *gap = NULL;
	int			i;

	for (i = 0; i < sync->reach.lineage.count; i++)
	{
		const SlRevisionRow *row = sync->reach.lineage.rows[i];

		if (sync->reach.known[i] && row->kind == SL_KIND_VERSIONED &&
			!sl_graph_is_applied(sync->reach.graph, row) &&
			(gap == NULL || sl_compare_digits(row->revision, gap) < 0))
			gap = row->revision;
	}
	for (i = 0; i < sync->reach.lineage.count; i++)
	{
		const SlRevisionRow *row = sync->reach.lineage.rows[i];

		if (sync->reach.known[i] && row->kind == SL_KIND_VERSIONED &&
			sl_graph_is_applied(sync->reach.graph, row) &&
			(gap == NULL || sl_compare_digits(row->revision, gap) < 0) &&
			(reached == NULL ||
			 sl_compare_digits(row->revision, reached) > 0))
			reached = row->revision;
	}
	return reached;
}

static void
sync_dirty(const SlSync *sync)
{
	const char *reached = version_reached(sync);
	const SlWord *word = sync->words == NIL ? NULL : linitial(sync->words);
	SlWriter	writer;

	if (list_length(sync->words) <= 1 && (word == NULL) == (reached == NULL) &&
		(word == NULL || (word->kind == SL_WORD_ALL_BEFORE &&
						  sl_compare_digits(word->revision, reached) == 0)))
		return;
	sl_writer_begin(&writer, sync->table);
	(void) sl_writer_run(&writer, "DELETE FROM @", NULL, 0);
	if (reached != NULL)
		(void) sl_writer_run(&writer,
							 "INSERT INTO @ (version, dirty)"
							 " VALUES ($1::pg_catalog.int8, false)",
							 &reached, 1);
	sl_writer_end(&writer);
}

/* From one version to the next, which is all that happens mostly. */
static bool
step_dirty(const SlVersionTable *table, const SlRegistryEntry *entry,
		   const SlRecord *record)
{
	const char *values[2];
	SlWriter	writer;
	bool		done;

	if (entry->nparents != 1 || !sl_is_digits(entry->revision) ||
		!sl_is_digits(entry->parents[0]))
		return false;
	values[0] = entry->revision;
	values[1] = entry->parents[0];
	sl_writer_begin(&writer, table);
	done = sl_writer_run(&writer,
						 "UPDATE @ SET version = $1::pg_catalog.int8"
						 " WHERE version OPERATOR(pg_catalog.=)"
						 " $2::pg_catalog.int8 AND NOT dirty",
						 values, 2) == 1;
	sl_writer_end(&writer);
	return done;
}

const SlAdapter sl_adapter_golang_migrate = {
	.name = "golang-migrate",
	.usual_name = USUAL_NAME,
	.columns = dirty_columns,
	.ncolumns = lengthof(dirty_columns),
	.formats = golang_formats,
	.command = "migrate up",
	.failed_hint = "Look at what it left, say with \"migrate force VERSION\" at which version the database is, before %s or at it, and call again.",
	.read = read_dirty,
	.could_be = sl_is_digits,
	.is_before = is_not_after,
	.sync_one = step_dirty,
	.sync = sync_dirty,
};
