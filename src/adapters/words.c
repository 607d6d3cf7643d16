/*-------------------------------------------------------------------------
 *
 * words.c
 *	  Words of version tables, and the tables that have one for each
 *	  revision.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/adapters/words.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "adapters/adapters_private.h"

SlWord *
sl_word_add(List **words, SlWordKind kind, const char *revision)
{
	SlWord	   *word = palloc0_object(SlWord);

	word->kind = kind;
	word->revision = unconstify(char *, revision);
	*words = lappend(*words, word);
	return word;
}

static int
compare_names(const ListCell *a, const ListCell *b)
{
	const SlWord *x = lfirst(a);
	const SlWord *y = lfirst(b);
	int			result = strcmp(x->revision, y->revision);

	if (result != 0)
		return result;
	return (x->order > y->order) - (x->order < y->order);
}

static int
compare_orders(const ListCell *a, const ListCell *b)
{
	const SlWord *x = lfirst(a);
	const SlWord *y = lfirst(b);

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return strcmp(x->revision, y->revision);
}

/* The last word on each revision, in the order in which they were spoken. */
List *
sl_words_settle(List *words)
{
	List	   *last = NIL;
	ListCell   *cell;
	const SlWord *word;
	int			i = 0;

	list_sort(words, compare_names);
	foreach(cell, words)
	{
		word = lfirst(cell);
		i++;
		if (i < list_length(words) &&
			strcmp(((SlWord *) list_nth(words, i))->revision,
				   word->revision) == 0)
			continue;
		if (word->kind != SL_WORD_UNDONE)
			last = lappend(last, lfirst(cell));
	}
	list_sort(last, compare_orders);
	return last;
}

bool
sl_is_digits(const char *text)
{
	return text[0] != '\0' && strspn(text, "0123456789") == strlen(text);
}

/* Digits as the numbers that they are, whatever their length. */
int
sl_compare_digits(const char *a, const char *b)
{
	size_t		alen;
	size_t		blen;
	int			result;

	while (*a == '0')
		a++;
	while (*b == '0')
		b++;
	alen = strspn(a, "0123456789");
	blen = strspn(b, "0123456789");
	if (alen != blen)
		return alen < blen ? -1 : 1;
	result = strncmp(a, b, alen);
	return (result > 0) - (result < 0);
}

static int
compare_words(const void *a, const void *b)
{
	return strcmp((*(SlWord *const *) a)->revision,
				  (*(SlWord *const *) b)->revision);
}

/* Words by name. */
typedef struct WordIndex
{
	const SlWord **words;
	int			count;
} WordIndex;

static void
index_words(const List *words, WordIndex *index)
{
	ListCell   *cell;

	index->words = palloc_array(const SlWord *, list_length(words) + 1);
	index->count = 0;
	foreach(cell, words)
		index->words[index->count++] = lfirst(cell);
	if (index->count > 1)
		qsort(index->words, index->count, sizeof(SlWord *), compare_words);
}

static const SlWord *
find_word(const WordIndex *index, const char *revision)
{
	SlWord		wanted = {0};
	const SlWord *key = &wanted;
	const SlWord **found;

	wanted.revision = unconstify(char *, revision);
	found = bsearch(&key, index->words, index->count, sizeof(SlWord *),
					compare_words);
	return found == NULL ? NULL : *found;
}

/* In the order of their names, for bsearch. */
int
sl_compare_records(const void *a, const void *b)
{
	return strcmp(((const SlRecord *) a)->revision,
				  ((const SlRecord *) b)->revision);
}

/* How long it took, if it ran just now; else 0. */
static int64
elapsed_of(const SlSync *sync, const char *revision)
{
	SlRecord	wanted = {revision};
	const SlRecord *found = bsearch(&wanted, sync->records, sync->nrecords,
									sizeof(SlRecord), sl_compare_records);

	return found == NULL ? 0 : Max(found->elapsed, 0);
}

/* Is the row that the table has that of the script as it is? */
static bool
is_same(const SlSync *sync, const SlWord *word, const SlRevisionRow *row)
{
	SlRegistryEntry *entry;

	if (sl_kind_runs_once(row->kind) || word->checksum == NULL ||
		sync->table->adapter->same_checksum == NULL)
		return true;
	entry = sl_registry_get(row->revision, true);
	return entry == NULL ||
		sync->table->adapter->same_checksum(word->checksum, entry);
}

static void
sync_row(const SlSync *sync, const WordIndex *index, SlWriter *writer,
		 const SlRevisionRow *row, SlSyncRow insert, SlSyncRow remove)
{
	bool		applied = sl_graph_is_applied(sync->reach.graph, row);
	const SlWord *word = find_word(index, row->revision);

	CHECK_FOR_INTERRUPTS();
	if (applied && (word == NULL || !is_same(sync, word, row)))
		insert(writer, sl_registry_get(row->revision, true), row->revision,
			   elapsed_of(sync, row->revision));
	else if (!applied && word != NULL && sl_kind_runs_once(row->kind))
		remove(writer, NULL, row->revision, 0);
}

/*
 * Rows of revisions that the registry does not have are left alone; and so is
 * what a baseline's row stands for.
 */
void
sl_sync_rows(const SlSync *sync, SlSyncRow insert, SlSyncRow remove)
{
	const SlAdapter *adapter = sync->table->adapter;
	const char *covered = NULL;
	WordIndex	index;
	SlWriter	writer;
	ListCell   *cell;
	int			i;

	index_words(sync->words, &index);
	foreach(cell, sync->words)
	{
		const SlWord *word = lfirst(cell);

		if (word->kind == SL_WORD_ALL_BEFORE &&
			(covered == NULL || adapter->is_before(covered, word->revision)))
			covered = word->revision;
	}
	sl_writer_begin(&writer, sync->table);
	for (i = 0; i < sync->reach.lineage.count; i++)
	{
		const SlRevisionRow *row = sync->reach.lineage.rows[i];

		if (!sync->reach.known[i] || row->kind != SL_KIND_VERSIONED ||
			(covered != NULL && adapter->is_before(row->revision, covered)))
			continue;
		sync_row(sync, &index, &writer, row, insert, remove);
	}
	foreach(cell, sl_graph_repeatables(sync->reach.graph))
	{
		const SlRevisionRow *row = lfirst(cell);

		if (sl_adapter_has_format(adapter, row->format))
			sync_row(sync, &index, &writer, row, insert, remove);
	}
	sl_writer_end(&writer);
}

/* A SlSyncRow: the row of one version is taken out. */
void
sl_version_row_remove(SlWriter *writer, const SlRegistryEntry *entry,
					  const char *revision, int64 elapsed)
{
	(void) sl_writer_run(writer,
						 "DELETE FROM @"
						 " WHERE version OPERATOR(pg_catalog.=) $1",
						 &revision, 1);
}

/* A version was applied: its row is put in, unless it is there. */
bool
sl_version_row_sync(const SlVersionTable *table, const SlRegistryEntry *entry,
					const SlRecord *record, SlSyncRow insert)
{
	SlWriter	writer;
	bool		there;

	sl_writer_begin(&writer, table);
	there = sl_writer_run(&writer,
						  "SELECT FROM @"
						  " WHERE version OPERATOR(pg_catalog.=) $1",
						  (const char *const *) &entry->revision, 1) > 0;
	if (!there)
		insert(&writer, entry, entry->revision, Max(record->elapsed, 0));
	sl_writer_end(&writer);
	return !there;
}
