/*-------------------------------------------------------------------------
 *
 * index_rules.c
 *	  Rules: indexes.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/lint/index_rules.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "lib/stringinfo.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"

#include "lint/lint_private.h"


static void
create_index(SlLint *lint, const SlSubject *subject)
{
	IndexStmt  *stmt = (IndexStmt *) subject->stmt;
	SlTable    *table = sl_lint_table(lint, stmt->relation);
	char	   *message;

	if (stmt->concurrent)
		return;
	message = psprintf(_("CREATE INDEX on table %s keeps writers out while it is built"),
					   sl_lint_table_text(table));
	if (table->relkind == RELKIND_PARTITIONED_TABLE)
		sl_lint_find_hint(lint, sl_lint_weigh(table, SL_ERROR), message,
						  gettext_noop("CREATE INDEX ON ONLY the parent, CREATE INDEX CONCURRENTLY on each partition, then ALTER INDEX ... ATTACH PARTITION."));
	else
		sl_lint_find(lint, sl_lint_weigh(table, SL_ERROR), message);
}

static void
drop_index(SlLint *lint, const SlSubject *subject)
{
	DropStmt   *stmt = (DropStmt *) subject->stmt;
	ListCell   *cell;

	if (stmt->removeType != OBJECT_INDEX || stmt->concurrent)
		return;
	foreach(cell, stmt->objects)
	{
		SlTable    *index = sl_lint_table_of_names(lint, lfirst(cell));

		if (stmt->missing_ok && sl_lint_table_is_absent(index))
			continue;

		/* one of this script may be of a table that is not */
		sl_lint_find(lint, index->made ? SL_SILENT :
					 sl_lint_weigh(index->owner != NULL ? index->owner : index,
								   SL_WARNING),
					 psprintf(_("DROP INDEX %s takes ACCESS EXCLUSIVE on its table"),
							  sl_lint_table_text(index)));
	}
}

static void
reindex(SlLint *lint, const SlSubject *subject)
{
	ReindexStmt *stmt = (ReindexStmt *) subject->stmt;
	SlTable    *table;

	if (sl_lint_defelem_bool(stmt->params, "concurrently", false))
		return;
	if (stmt->relation == NULL)
	{
		sl_lint_find(lint, SL_ERROR,
					 psprintf(_("REINDEX without CONCURRENTLY keeps writers out of each table, and readers from its indexes")));
		return;
	}
	table = sl_lint_table(lint, stmt->relation);
	sl_lint_find(lint,
				 sl_lint_weigh(table->owner != NULL ? table->owner : table,
							   SL_ERROR),
				 psprintf(_("REINDEX of %s keeps writers out, and readers from the index"),
						  sl_lint_table_text(table)));
}

/*
 * An index that a failed run left behind INVALID counts as existing: nothing
 * is built, nothing is said, and nothing ever uses it.
 */
static void
concurrently_if_not_exists(SlLint *lint, const SlSubject *subject)
{
	IndexStmt  *stmt = (IndexStmt *) subject->stmt;
	SlTable    *table;
	SlIndex    *index;

	if (!stmt->concurrent || !stmt->if_not_exists)
		return;
	table = sl_lint_table(lint, stmt->relation);
	index = stmt->idxname != NULL ?
		sl_lint_index(lint, table, stmt->idxname) : NULL;
	if (index != NULL && !index->valid)
		sl_lint_find_hint(lint, SL_ERROR,
						  psprintf(_("index %s is there and INVALID: IF NOT EXISTS leaves it so"),
								   quote_identifier(stmt->idxname)),
						  gettext_noop("DROP INDEX CONCURRENTLY first, and leave IF NOT EXISTS out."));
	else
		sl_lint_find(lint, SL_WARNING,
					 psprintf(_("IF NOT EXISTS with CONCURRENTLY takes an INVALID index that a failed attempt left for a good one")));
}

static void
wide_index(SlLint *lint, const SlSubject *subject)
{
	IndexStmt  *stmt = (IndexStmt *) subject->stmt;

	if (!stmt->unique && !stmt->primary &&
		list_length(stmt->indexParams) > 3)
		sl_lint_find(lint, SL_INFO,
					 psprintf(_("an index on %d columns is rarely used for more than the first ones"),
							  list_length(stmt->indexParams)));
}

/* To be looked at when the script's own indexes are known. */
static void
note_foreign_key(SlLint *lint, const SlSubject *subject)
{
	Constraint *constraint = subject->constraint;
	MemoryContext caller;
	SlForeignKey *key;
	ListCell   *cell;

	if (constraint->contype != CONSTR_FOREIGN)
		return;
	caller = MemoryContextSwitchTo(lint->script.context);
	key = palloc0_object(SlForeignKey);
	key->schema = subject->table->schema;
	key->name = subject->table->name;
	key->statement = lint->script.statement;
	key->line = lint->script.line;
	if (subject->column != NULL)
		key->columns = list_make1(pstrdup(subject->column->colname));
	foreach(cell, constraint->fk_attrs)
		key->columns = lappend(key->columns, pstrdup(strVal(lfirst(cell))));
	lint->script.foreign_keys = lappend(lint->script.foreign_keys, key);
	MemoryContextSwitchTo(caller);
}

/* Do the first columns of an index hold these, in any order? */
static bool
is_leading(const SlIndex *index, List *columns)
{
	int			n = list_length(columns);
	ListCell   *cell;

	if (index->gone || !index->valid || index->partial ||
		list_length(index->columns) < n)
		return false;
	foreach(cell, columns)
	{
		bool		found = false;
		int			i;

		for (i = 0; i < n; i++)
		{
			const char *name = list_nth(index->columns, i);

			found |= name != NULL && strcmp(name, lfirst(cell)) == 0;
		}
		if (!found)
			return false;
	}
	return true;
}

static char *
columns_text(List *columns)
{
	StringInfoData text;
	ListCell   *cell;

	initStringInfo(&text);
	foreach(cell, columns)
		appendStringInfo(&text, "%s%s", text.len > 0 ? ", " : "",
						 quote_identifier(lfirst(cell)));
	return text.data;
}

static void
foreign_key_without_index(SlLint *lint, const SlSubject *subject)
{
	ListCell   *cell;
	ListCell   *item;

	foreach(cell, lint->script.foreign_keys)
	{
		SlForeignKey *key = lfirst(cell);
		RangeVar   *name = makeRangeVar(unconstify(char *, key->schema),
										unconstify(char *, key->name), -1);
		SlTable    *table = sl_lint_table(lint, name);
		bool		found = false;

		foreach(item, sl_lint_indexes(lint, table))
			found |= is_leading(lfirst(item), key->columns);
		if (!found)
			sl_lint_find_at(lint, !sl_lint_table_is_new(table) &&
							sl_lint_table_has_few_rows(table) ?
							SL_INFO : SL_WARNING,
							key->statement, key->line,
							psprintf(_("no index of table %s begins with (%s), which refers to another table"),
									 sl_lint_table_text(table),
									 columns_text(key->columns)));
	}
}

const SlLintRule sl_lint_index_rules[] = {
	{"require-concurrent-index-creation", SL_ERROR, SL_ON_STATEMENT,
		T_IndexStmt, 0, create_index,
	gettext_noop("CREATE INDEX CONCURRENTLY, in a revision of its own.")},
	{"require-concurrent-index-deletion", SL_WARNING, SL_ON_STATEMENT,
		T_DropStmt, 0, drop_index,
	gettext_noop("DROP INDEX CONCURRENTLY, in a revision of its own.")},
	{"require-concurrent-reindex", SL_ERROR, SL_ON_STATEMENT, T_ReindexStmt, 0,
		reindex,
	gettext_noop("REINDEX ... CONCURRENTLY, in a revision of its own.")},
	{"concurrently-if-not-exists", SL_ERROR, SL_ON_STATEMENT, T_IndexStmt, 0,
		concurrently_if_not_exists,
	gettext_noop("Leave IF NOT EXISTS out: the run finds and removes what its own failed attempt left.")},
	{"wide-index", SL_INFO, SL_ON_STATEMENT, T_IndexStmt, 0, wide_index,
	gettext_noop("Begin with the columns that narrow the result down most, and stop there; or INCLUDE the rest.")},
	{"foreign-key-without-index", SL_WARNING, SL_ON_CONSTRAINT, T_Invalid, 0,
		note_foreign_key,
	gettext_noop("Make one: without it, each DELETE or UPDATE of a key in the other table reads all of this one.")},
	{"foreign-key-without-index", SL_WARNING, SL_ON_END, T_Invalid, 0,
		foreign_key_without_index,
	gettext_noop("Make one: without it, each DELETE or UPDATE of a key in the other table reads all of this one.")},
	{NULL}
};
