/*-------------------------------------------------------------------------
 *
 * dry_run_row.c
 *	  The rows that sl_dry_run returns.
 *
 * Of the locks of a statement the strongest mode is shown, and the relations
 * that it was taken on.  A relation that the same revision has made comes
 * only where there is no other: nobody else can want it, and its lock would
 * hide the one on the table that everybody wants.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/rehearsal/dry_run_row.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/index.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "storage/lock.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "catalog/trace.h"
#include "common/sl_compat.h"
#include "ledger/ledger.h"
#include "rehearsal/dry_run_row.h"

#define NCOLUMNS 10

typedef enum Column
{
	COLUMN_REVISION,
	COLUMN_STATEMENT,
	COLUMN_LINE,
	COLUMN_COMMAND,
	COLUMN_ELAPSED,
	COLUMN_LOCK_MODE,
	COLUMN_LOCK_RELATIONS,
	COLUMN_REWRITES,
	COLUMN_CHANGES,
	COLUMN_OUTCOME
} Column;

struct SlDryRows
{
	ReturnSetInfo *rsinfo;
	MemoryContext context;
	List	   *sequences;		/* char *, which went on */
	List	   *written;		/* char *, tables with dead rows */
};

/* A row on its way. */
typedef struct Tuple
{
	Datum		values[NCOLUMNS];
	bool		nulls[NCOLUMNS];
} Tuple;

SlDryRows *
sl_dry_rows_begin(ReturnSetInfo *rsinfo)
{
	SlDryRows  *rows = palloc0_object(SlDryRows);

	rows->rsinfo = rsinfo;
	rows->context = CurrentMemoryContext;
	return rows;
}

static void
set_value(Tuple *tuple, Column column, Datum value)
{
	tuple->values[column] = value;
	tuple->nulls[column] = false;
}

static void
set_text(Tuple *tuple, Column column, const char *text)
{
	if (text != NULL)
		set_value(tuple, column, CStringGetTextDatum(text));
}

static int
compare_texts(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/* Names (char *), in the order of their bytes, each once. */
static void
set_names(Tuple *tuple, Column column, List *names)
{
	Datum	   *datums = palloc_array(Datum, list_length(names) + 1);
	const char *last = NULL;
	int			count = 0;
	ListCell   *cell;

	list_sort(names, compare_texts);
	foreach(cell, names)
	{
		const char *name = lfirst(cell);

		if (last == NULL || strcmp(name, last) != 0)
			datums[count++] = CStringGetTextDatum(name);
		last = name;
	}
	set_value(tuple, column,
			  PointerGetDatum(construct_array(datums, count, TEXTOID, -1,
											  false, TYPALIGN_INT)));
}

static void
begin_tuple(Tuple *tuple, const SlDryRow *row)
{
	memset(tuple->nulls, true, sizeof(tuple->nulls));
	set_text(tuple, COLUMN_REVISION, row->revision);
	set_text(tuple, COLUMN_OUTCOME, row->outcome);
	set_text(tuple, COLUMN_COMMAND, row->command);
	if (row->statement > 0)
	{
		set_value(tuple, COLUMN_STATEMENT, Int32GetDatum(row->statement));
		set_value(tuple, COLUMN_LINE, Int32GetDatum(row->line));
	}
	if (row->elapsed >= 0)
		set_value(tuple, COLUMN_ELAPSED,
				  IntervalPGetDatum(sl_make_interval(row->elapsed)));
}

static void
put_tuple(SlDryRows *rows, Tuple *tuple)
{
	tuplestore_putvalues(rows->rsinfo->setResult, rows->rsinfo->setDesc,
						 tuple->values, tuple->nulls);
}

/*-------------------------------------------------------------------------
 * Locks
 *-------------------------------------------------------------------------
 */

static LOCKMODE
strongest(LOCKMASK mask)
{
	LOCKMODE	mode = AccessExclusiveLock;

	while (mode > NoLock && (mask & LOCKBIT_ON(mode)) == 0)
		mode--;
	return mode;
}

static void
set_locks(Tuple *tuple, LOCKMODE mode, List *names)
{
	set_text(tuple, COLUMN_LOCK_MODE, mode == NoLock ? NULL :
			 GetLockmodeName(DEFAULT_LOCKMETHOD, mode));
	set_names(tuple, COLUMN_LOCK_RELATIONS, names);
}

static const char *
name_of(const SlHeld *held)
{
	const char *name = sl_relation_name(held->relid);

	return name != NULL ? name : held->name;
}

static const SlHeld *
find_taken(List *taken, Oid relid)
{
	ListCell   *cell;

	foreach(cell, taken)
		if (((SlHeld *) lfirst(cell))->relid == relid)
			return lfirst(cell);
	return NULL;
}

/*
 * Is it one to be named?  'own': also of what the revision has made.  A new
 * index goes without saying where its table is locked.
 */
static bool
is_shown(List *taken, const SlHeld *held, bool own)
{
	if (held->kind == RELKIND_TOASTVALUE || (held->own && !own) ||
		name_of(held) == NULL)
		return false;
	return !held->own || !OidIsValid(held->table) ||
		find_taken(taken, held->table) == NULL;
}

/* And an old one, where its table is named for the same lock. */
static bool
goes_with_table(List *taken, const SlHeld *held, LOCKMODE mode)
{
	const SlHeld *table = find_taken(taken, held->table);

	return table != NULL && strongest(table->taken) == mode;
}

static void
set_taken(Tuple *tuple, List *taken)
{
	LOCKMODE	mode = NoLock;
	List	   *names = NIL;
	bool		own = false;
	ListCell   *cell;

	for (;;)
	{
		foreach(cell, taken)
		{
			const SlHeld *held = lfirst(cell);

			if (is_shown(taken, held, own))
				mode = Max(mode, strongest(held->taken));
		}
		if (mode != NoLock || own)
			break;
		own = true;
	}
	foreach(cell, taken)
	{
		const SlHeld *held = lfirst(cell);

		if (is_shown(taken, held, own) && strongest(held->taken) == mode &&
			!goes_with_table(taken, held, mode))
			names = lappend(names, (void *) name_of(held));
	}
	set_locks(tuple, mode, names);
}

/* Tables that got a new file, and those that were read from end to end. */
static void
set_rewrites(Tuple *tuple, List *taken)
{
	List	   *names = NIL;
	ListCell   *cell;

	foreach(cell, taken)
	{
		const SlHeld *held = lfirst(cell);
		const SlHeld *table = find_taken(taken, held->table);
		const char *name = name_of(held);

		if (name == NULL || (!held->rewritten && !held->scanned) ||
			(table != NULL && table->rewritten))
			continue;
		names = lappend(names, held->rewritten ? pstrdup(name) :
						psprintf("%s (scanned)", name));
	}
	set_names(tuple, COLUMN_REWRITES, names);
}

/*-------------------------------------------------------------------------
 * Changes
 *-------------------------------------------------------------------------
 */

static void
push_text(JsonbParseState **state, JsonbIteratorToken token, const char *text)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = unconstify(char *, text);
	value.val.string.len = strlen(text);
	(void) pushJsonbValue(state, token, &value);
}

static void
push_pair(JsonbParseState **state, const char *key, const char *text)
{
	push_text(state, WJB_KEY, key);
	push_text(state, WJB_VALUE, text);
}

static void
push_change(JsonbParseState **state, const char *class, const char *identity,
			const char *change, const char **attributes, int nattributes)
{
	int			i;

	(void) pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	push_pair(state, "class", class);
	push_pair(state, "identity", identity);
	push_pair(state, "change", change);
	if (attributes != NULL)
	{
		push_text(state, WJB_KEY, "attributes");
		(void) pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
		for (i = 0; i < nattributes; i++)
			push_text(state, WJB_ELEM, attributes[i]);
		(void) pushJsonbValue(state, WJB_END_ARRAY, NULL);
	}
	(void) pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

static List *
remember(SlDryRows *rows, List *names, const char *name)
{
	MemoryContext before;
	ListCell   *cell;

	foreach(cell, names)
		if (strcmp(lfirst(cell), name) == 0)
			return names;
	before = MemoryContextSwitchTo(rows->context);
	names = lappend(names, pstrdup(name));
	MemoryContextSwitchTo(before);
	return names;
}

/*
 * What no rollback takes back: nextval() and setval() of a sequence, and rows
 * that were written, which are dead then.
 */
static void
push_lasting(SlDryRows *rows, JsonbParseState **state, List *taken)
{
	ListCell   *cell;

	foreach(cell, taken)
	{
		const SlHeld *held = lfirst(cell);
		const char *name = name_of(held);

		if (held->made || name == NULL ||
			(held->taken & LOCKBIT_ON(RowExclusiveLock)) == 0)
			continue;
		if (held->kind == RELKIND_RELATION)
			rows->written = remember(rows, rows->written, name);
		else if (held->kind == RELKIND_SEQUENCE)
		{
			rows->sequences = remember(rows, rows->sequences, name);
			push_change(state, "sequence", name, "advanced", NULL, 0);
		}
	}
}

static Jsonb *
changes_document(SlDryRows *rows, List *taken, List *changes)
{
	static const char *const kinds[] = {
		[SL_FACT_ADDED] = "added",
		[SL_FACT_REPLACED] = "replaced",
		[SL_FACT_CHANGED] = "changed",
		[SL_FACT_REMOVED] = "removed",
	};
	JsonbParseState *state = NULL;
	ListCell   *cell;

	(void) pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	foreach(cell, changes)
	{
		const SlChange *change = lfirst(cell);
		const char **attributes = NULL;
		int			nattributes = 0;

		if (change->kind == SL_FACT_CHANGED)
			attributes = sl_fact_differences(change->before, change->after,
											 &nattributes);
		push_change(&state, change->class, change->identity,
					kinds[change->kind], attributes, nattributes);
	}
	push_lasting(rows, &state, taken);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL));
}

/*-------------------------------------------------------------------------
 * Rows
 *-------------------------------------------------------------------------
 */

/* See dry_run_row.h. */
void
sl_dry_row_ran(SlDryRows *rows, const SlDryRow *row, List *taken,
			   List *changes)
{
	Tuple		tuple;

	begin_tuple(&tuple, row);
	set_taken(&tuple, taken);
	set_rewrites(&tuple, taken);
	set_value(&tuple, COLUMN_CHANGES,
			  JsonbPGetDatum(changes_document(rows, taken, changes)));
	put_tuple(rows, &tuple);
}

/* See dry_run_row.h. */
void
sl_dry_row_known(SlDryRows *rows, const SlDryRow *row,
				 const SlKnownLocks *known)
{
	LOCKMODE	mode = NoLock;
	List	   *names = NIL;
	Tuple		tuple;
	ListCell   *cell;

	begin_tuple(&tuple, row);
	foreach(cell, known->locks)
		mode = Max(mode, ((SlKnownLock *) lfirst(cell))->mode);
	foreach(cell, known->locks)
	{
		const SlKnownLock *lock = lfirst(cell);
		Oid			relid = sl_known_relation(lock->relation);
		char	   *name = NULL;

		if (lock->mode != mode)
			continue;
		if (OidIsValid(relid))
			name = sl_relation_name(relid);
		if (name == NULL)
			name = quote_qualified_identifier(lock->relation->schemaname,
											  lock->relation->relname);
		names = lappend(names, name);
	}
	if (mode != NoLock)
		set_locks(&tuple, mode, names);
	put_tuple(rows, &tuple);
}

/* Is it one to be named after an error, when less is known? */
static bool
is_table(Oid relid)
{
	char		kind = get_rel_relkind(relid);

	return kind != '\0' && kind != RELKIND_TOASTVALUE &&
		kind != RELKIND_INDEX && kind != RELKIND_PARTITIONED_INDEX;
}

/* See dry_run_row.h. */
void
sl_dry_row_locked(SlDryRows *rows, const SlDryRow *row,
				  const SlLockNow *locks, int nlocks,
				  const SlKnownLocks *known)
{
	LOCKMODE	mode = NoLock;
	List	   *names = NIL;
	Tuple		tuple;
	int			i;

	for (i = 0; i < nlocks; i++)
		if (is_table(locks[i].relid))
			mode = Max(mode, strongest(locks[i].mask));
	if (mode == NoLock)
	{
		sl_dry_row_known(rows, row, known);
		return;
	}
	for (i = 0; i < nlocks; i++)
		if (is_table(locks[i].relid) && strongest(locks[i].mask) == mode)
			names = lappend(names, sl_relation_name(locks[i].relid));
	begin_tuple(&tuple, row);
	set_locks(&tuple, mode, names);
	put_tuple(rows, &tuple);
}

/* See dry_run_row.h. */
void
sl_dry_row_bare(SlDryRows *rows, const SlDryRow *row)
{
	Tuple		tuple;

	begin_tuple(&tuple, row);
	put_tuple(rows, &tuple);
}

static void
append_names(StringInfo buf, const char *head, List *names)
{
	ListCell   *cell;

	if (names == NIL)
		return;
	list_sort(names, compare_texts);
	if (buf->len > 0)
		appendStringInfoChar(buf, '\n');
	appendStringInfoString(buf, head);
	foreach(cell, names)
		appendStringInfo(buf, "%s%s",
						 cell == list_head(names) ? " " : ", ",
						 (char *) lfirst(cell));
	appendStringInfoChar(buf, '.');
}

/* See dry_run_row.h. */
void
sl_dry_rows_end(SlDryRows *rows)
{
	StringInfoData detail;

	initStringInfo(&detail);
	append_names(&detail, _("Sequences that went on:"), rows->sequences);
	append_names(&detail,
				 _("Tables that were written to, whose dead rows wait for VACUUM:"),
				 rows->written);
	if (detail.len > 0)
		ereport(NOTICE,
				(errmsg("a rollback does not take back everything"),
				 errdetail("%s", detail.data)));
}

/* See dry_run_row.h. */
char *
sl_dry_error(const ErrorData *error)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "%s: %s", unpack_sql_state(error->sqlerrcode),
					 error->message != NULL ? error->message : "");
	if (error->detail != NULL)
		appendStringInfo(&buf, "\nDETAIL: %s", error->detail);
	if (error->hint != NULL)
		appendStringInfo(&buf, "\nHINT: %s", error->hint);
	return buf.data;
}
