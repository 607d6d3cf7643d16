/*-------------------------------------------------------------------------
 *
 * alembic.c
 *	  Alembic: alembic_version, one row a head.
 *
 * A row stands for all the ancestors of its revision, over down_revision and
 * depends_on.  Where a revision is applied Alembic puts it in the place of a
 * row that it comes after, and takes the others of these away: we write the
 * same.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/adapters/alembic.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "adapters/adapters_private.h"

static const SlToolColumn columns[] = {
	{"version_num", SL_COLUMN_TEXT},
};

static const char *const formats[] = {"alembic", "alembic-sql", NULL};

#define INSERT_ROW "INSERT INTO @ (version_num) VALUES ($1)"
#define DELETE_ROW "DELETE FROM @ WHERE version_num OPERATOR(pg_catalog.=) $1"
#define UPDATE_ROW "UPDATE @ SET version_num = $1" \
	" WHERE version_num OPERATOR(pg_catalog.=) $2"
#define FIND_ROW "SELECT FROM @ WHERE version_num OPERATOR(pg_catalog.=) $1"
#define FIND_ANY "SELECT FROM @ LIMIT 1"

static void
read_row(const char *const *cells, List **words)
{
	if (cells[0] != NULL)
		(void) sl_word_add(words, SL_WORD_ALL_BEFORE, cells[0]);
}

/*
 * The common case: all parents are rows, and so the revision was not there,
 * nor anything after it.
 */
static bool
sync_one(const SlVersionTable *table, const SlRegistryEntry *entry,
		 const SlRecord *record)
{
	const char *values[2];
	SlWriter	writer;
	bool		simple = true;
	int			i;

	sl_writer_begin(&writer, table);
	if (entry->nparents == 0)
		simple = sl_writer_run(&writer, FIND_ANY, NULL, 0) == 0;
	for (i = 0; i < entry->nparents && simple; i++)
	{
		values[0] = entry->parents[i];
		simple = sl_writer_run(&writer, FIND_ROW, values, 1) == 1;
	}
	values[0] = entry->revision;
	if (simple && entry->nparents == 0)
		(void) sl_writer_run(&writer, INSERT_ROW, values, 1);
	for (i = 0; i < entry->nparents && simple; i++)
	{
		bool		last = i == entry->nparents - 1;

		values[last ? 1 : 0] = entry->parents[i];
		if (last)
			values[0] = entry->revision;
		(void) sl_writer_run(&writer, last ? UPDATE_ROW : DELETE_ROW, values,
							 last ? 2 : 1);
	}
	sl_writer_end(&writer);
	return simple;
}

/* What is applied, known to Alembic, and before nothing such: its heads. */
static List *
wanted_heads(const SlSync *sync)
{
	const SlLineage *lineage = &sync->reach.lineage;
	bool	   *covered = palloc0_array(bool, lineage->count + 1);
	List	   *heads = NIL;
	int			i;
	int			p;

	for (i = lineage->count - 1; i >= 0; i--)
	{
		bool		applied = sync->reach.known[i] &&
			sl_graph_is_applied(sync->reach.graph, lineage->rows[i]);

		if (applied && !covered[i])
			heads = lcons(lineage->rows[i]->revision, heads);
		for (p = lineage->parent_start[i]; p < lineage->parent_start[i + 1];
			 p++)
			covered[lineage->parent[p]] |= applied || covered[i];
	}
	return heads;
}

static bool
has_name(const List *names, const char *name)
{
	ListCell   *cell;

	foreach(cell, names)
		if (strcmp(lfirst(cell), name) == 0)
			return true;
	return false;
}

static void
sync_all(const SlSync *sync)
{
	List	   *heads = wanted_heads(sync);
	List	   *rows = NIL;
	List	   *added = NIL;
	List	   *removed = NIL;
	SlWriter	writer;
	ListCell   *cell;

	foreach(cell, sync->words)
		rows = lappend(rows, ((SlWord *) lfirst(cell))->revision);
	foreach(cell, heads)
		if (!has_name(rows, lfirst(cell)))
			added = lappend(added, lfirst(cell));
	foreach(cell, rows)
		if (!has_name(heads, lfirst(cell)))
			removed = lappend(removed, lfirst(cell));
	if (added == NIL && removed == NIL)
		return;

	sl_writer_begin(&writer, sync->table);
	while (list_length(removed) > list_length(added))
	{
		const char *value = linitial(removed);

		(void) sl_writer_run(&writer, DELETE_ROW, &value, 1);
		removed = list_delete_first(removed);
	}
	foreach(cell, added)
	{
		const char *values[2];

		values[0] = lfirst(cell);
		if (removed == NIL)
			(void) sl_writer_run(&writer, INSERT_ROW, values, 1);
		else
		{
			values[1] = linitial(removed);
			(void) sl_writer_run(&writer, UPDATE_ROW, values, 2);
			removed = list_delete_first(removed);
		}
	}
	sl_writer_end(&writer);
}

const SlAdapter sl_adapter_alembic = {
	.name = "alembic",
	.usual_name = "alembic_version",
	.columns = columns,
	.ncolumns = lengthof(columns),
	.formats = formats,
	.command = "alembic upgrade head",
	.read = read_row,
	.sync_one = sync_one,
	.sync = sync_all,
};
