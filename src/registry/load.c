/*-------------------------------------------------------------------------
 *
 * load.c
 *	  A push: files to sources, their order and parents, registration of all.
 *
 * Registration goes by the ids' byte order, whatever the order of the files:
 * two pushes at once take their row locks in the same order, so the second
 * waits for the first and never deadlocks with it.
 *
 * The registry is read once a push, not once a file.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/registry/load.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "common/extension.h"
#include "common/sl_errors.h"
#include "registry/loader.h"

PG_FUNCTION_INFO_V1(sl_load);

/* One thing that a push does to the registry. */
typedef struct PushItem
{
	const char *revision;
	SlSource   *source;			/* pushed; else ... */
	SlRegistryEntry *entry;		/* ... registered before, in the chain */
	const char *order;
	bool		withdraw;
	bool		relink;			/* 'entry' gets the parents of 'parent' */
	const char *parent;
	SlOutcome	outcome;
	char	   *detail;
} PushItem;

static const char *const outcome_names[] = {
	[SL_ADDED] = "added",
	[SL_UNCHANGED] = "unchanged",
	[SL_UPDATED] = "updated",
	[SL_CHANGED] = "changed",
	[SL_WITHDRAWN] = "withdrawn",
};

static int
compare_revisions(const void *a, const void *b)
{
	const PushItem *x = *(PushItem *const *) a;
	const PushItem *y = *(PushItem *const *) b;

	return strcmp(x->revision, y->revision);
}

static SlKind
kind_of(const PushItem *item)
{
	return item->source ? item->source->kind : item->entry->kind;
}

/*
 * The tool's order; a baseline stands behind the revision of its own number;
 * the file's name breaks ties, so that the order never depends on the push.
 */
static int
compare_order(const void *a, const void *b, void *arg)
{
	const PushItem *x = *(PushItem *const *) a;
	const PushItem *y = *(PushItem *const *) b;
	const SlFormat *format = arg;
	SlKind		xkind = kind_of(x);
	SlKind		ykind = kind_of(y);
	int			result = format->compare(x->order, y->order);

	if (result != 0)
		return result;
	if (xkind != ykind)
		return xkind == SL_KIND_BASELINE ? 1 : -1;
	return strcmp(x->revision, y->revision);
}

static bool
in_chain(SlKind kind)
{
	return sl_kind_runs_once(kind);
}

/* Two files of one id: which is meant cannot be known. */
static void
refuse_duplicates(PushItem **sorted, int count)
{
	int			i;

	for (i = 1; i < count; i++)
	{
		if (strcmp(sorted[i - 1]->revision, sorted[i]->revision) != 0)
			continue;
		if (sorted[i - 1]->source->file == sorted[i]->source->file)
			ereport(ERROR,
					(errcode(SL_ERR_BAD_INPUT),
					 errmsg("revision \"%s\" is twice in file \"%s\"",
							sorted[i]->revision, sorted[i]->source->file)));
		else
			ereport(ERROR,
					(errcode(SL_ERR_BAD_INPUT),
					 errmsg("revision \"%s\" is in two files, \"%s\" and \"%s\"",
							sorted[i]->revision,
							sorted[i - 1]->source->file,
							sorted[i]->source->file)));
	}
}

/*
 * The same in the tool's own comparison: Flyway's 1 and 1.0, in two files, or
 * in a file that was renamed since it was registered.
 */
static void
refuse_equal_orders(const SlFormat *format, PushItem **chain, int count)
{
	int			i;

	for (i = 1; i < count; i++)
	{
		const PushItem *a = chain[i - 1];
		const PushItem *b = chain[i];

		if ((a->source == NULL && b->source == NULL) ||
			(kind_of(a) == SL_KIND_BASELINE) !=
			(kind_of(b) == SL_KIND_BASELINE) ||
			format->compare(a->order, b->order) != 0)
			continue;
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("revisions \"%s\" and \"%s\" have the same place in the order of format %s",
						a->revision, b->revision, format->name),
				 a->source && b->source ?
				 errdetail("They are in \"%s\" and \"%s\".",
						   a->source->file, b->source->file) :
				 errdetail("\"%s\" is registered, and \"%s\" is in \"%s\".",
						   a->source ? b->revision : a->revision,
						   a->source ? a->revision : b->revision,
						   a->source ? a->source->file : b->source->file)));
	}
}

static bool
is_pushed(PushItem **sorted, int count, const char *revision)
{
	PushItem		key;
	PushItem	   *pointer = &key;

	key.revision = revision;
	return bsearch(&pointer, sorted, count, sizeof(PushItem *),
				   compare_revisions) != NULL;
}

/*
 * Registered revisions of the same format and source that this push does not
 * hold: the chain goes through them too, but for those that it withdraws.
 */
static List *
rest_of_chain(const SlPush *push, const SlOptions *options,
			  PushItem **sorted, int count)
{
	List	   *rest = NIL;
	SlRevisionRow *rows;
	List	   *unknown;
	int			nrows;
	int			i;

	rows = sl_registry_read(true, &nrows, &unknown);
	for (i = 0; i < nrows; i++)
	{
		SlRegistryEntry *entry;
		PushItem	   *item;

		CHECK_FOR_INTERRUPTS();
		if (rows[i].format == NULL ||
			strcmp(rows[i].format, push->format->name) != 0 ||
			!in_chain(rows[i].kind) ||
			is_pushed(sorted, count, rows[i].revision))
			continue;
		entry = sl_registry_get(rows[i].revision, true);
		if (entry == NULL || entry->source == NULL ||
			strcmp(entry->source, options->source) != 0)
			continue;
		if (options->prune && !entry->applied && !entry->claimed &&
			!entry->journal_open)
			continue;

		/* scripts of a whole history are not to pile up here */
		if (entry->up)
			pfree(entry->up);
		if (entry->down)
			pfree(entry->down);
		entry->up = entry->down = NULL;
		item = palloc0(sizeof(PushItem));
		item->revision = entry->revision;
		item->entry = entry;
		item->order = push->format->order_of ?
			push->format->order_of(entry) : entry->revision;
		rest = lappend(rest, item);
	}
	return rest;
}

/* A baseline for all that is ordered before it: as a range, first..last. */
static void
cover(SlSource *baseline, const char *first, const char *last)
{
	baseline->nreplaces = 0;
	if (first == NULL)
		return;
	baseline->nreplaces = 1;
	baseline->replaces = palloc(sizeof(char *));
	if (strcmp(first, last) == 0)
		baseline->replaces[0] = pstrdup(first);
	else
		baseline->replaces[0] = psprintf("%s..%s", first, last);
}

/*
 * Give each link of the chain its parent: the versioned revision before it,
 * or the baseline that stands for all of them.
 */
static void
link_chain(PushItem **chain, int count)
{
	const char *first = NULL;
	const char *before = NULL;
	const char *baseline = NULL;
	int			i;

	for (i = 0; i < count; i++)
	{
		PushItem	   *item = chain[i];
		SlSource   *source = item->source;
		const char *parent = before ? before : baseline;

		if (kind_of(item) == SL_KIND_BASELINE)
		{
			if (source)
			{
				source->linear = false;
				if (source->covers_lower)
					cover(source, first, before);
			}
			if (before == NULL)
				baseline = item->revision;
			continue;
		}

		if (source && source->linear)
		{
			source->nparents = parent ? 1 : 0;
			source->parents = palloc(sizeof(char *));
			source->parents[0] = unconstify(char *, parent);
		}
		else if (item->entry && item->entry->linear)
		{
			int			wanted = parent ? 1 : 0;

			item->relink = item->entry->nparents != wanted ||
				(wanted && strcmp(item->entry->parents[0], parent) != 0);
			item->parent = parent;
		}
		if (first == NULL)
			first = item->revision;
		before = item->revision;
	}
}

/*
 * Put the items in the order in which they are reported: the chain first,
 * then what stands outside of it in the order of the files.  Returns the list
 * with the links of the chain that have to be relinked added.
 */
static List *
order_items(const SlPush *push, const SlOptions *options, List *items)
{
	int			count = list_length(items);
	PushItem	  **sorted = palloc(sizeof(PushItem *) * (count + 1));
	PushItem	  **chain;
	List	   *rest;
	List	   *result = NIL;
	int			links = 0;
	int			i = 0;
	ListCell   *cell;

	foreach(cell, items)
		sorted[i++] = lfirst(cell);
	qsort(sorted, count, sizeof(PushItem *), compare_revisions);
	refuse_duplicates(sorted, count);
	if (push->format->compare == NULL)
		return items;

	rest = rest_of_chain(push, options, sorted, count);
	chain = palloc(sizeof(PushItem *) * (count + list_length(rest) + 1));
	foreach(cell, items)
	{
		PushItem	   *item = lfirst(cell);

		if (in_chain(item->source->kind))
			chain[links++] = item;
		else
			item->source->linear = false;
	}
	foreach(cell, rest)
		chain[links++] = lfirst(cell);
	qsort_arg(chain, links, sizeof(PushItem *), compare_order,
			  unconstify(SlFormat *, push->format));
	refuse_equal_orders(push->format, chain, links);
	link_chain(chain, links);

	for (i = 0; i < links; i++)
	{
		if (chain[i]->source || chain[i]->relink)
			result = lappend(result, chain[i]);
	}
	foreach(cell, items)
	{
		PushItem	   *item = lfirst(cell);

		if (!in_chain(item->source->kind))
			result = lappend(result, item);
	}
	return result;
}

static PushItem **
sort_items(List *items)
{
	int			count = list_length(items);
	PushItem  **sorted = palloc(sizeof(PushItem *) * (count + 1));
	int			i = 0;
	ListCell   *cell;

	foreach(cell, items)
		sorted[i++] = lfirst(cell);
	qsort(sorted, count, sizeof(PushItem *), compare_revisions);
	return sorted;
}

/*
 * A push that shares nothing with what its source has is of something else:
 * another service's folder, most likely, whose caller did not say so.
 */
static void
require_common(const SlOptions *options, const SlSourceRow *rows, int nrows,
			   PushItem **sorted, int count)
{
	int			i;

	for (i = 0; i < nrows; i++)
	{
		if (is_pushed(sorted, count, rows[i].revision))
			return;
	}
	ereport(ERROR,
			(errcode(SL_ERR_BAD_INPUT),
			 errmsg("this push has no revision in common with source \"%s\": nothing is withdrawn",
					options->source),
			 errhint("If it is another history, give it a name of its own with the option source (slctl push --source); if it is meant to replace this one, push it without prune first.")));
}

/* With {"prune": true}: pending revisions of this source that are gone. */
static List *
add_withdrawn(List *items, const SlOptions *options, PushItem **pushed,
			  int npushed)
{
	int			count = list_length(items);
	PushItem  **sorted = sort_items(items);
	SlSourceRow *rows;
	bool		checked = false;
	int			nrows;
	int			i;

	rows = sl_registry_of_source(options->source, &nrows);
	for (i = 0; i < nrows; i++)
	{
		PushItem   *item;

		if (rows[i].claimed ||
			is_pushed(sorted, count, rows[i].revision))
			continue;
		if (!checked)
			require_common(options, rows, nrows, pushed, npushed);
		checked = true;
		item = palloc0(sizeof(PushItem));
		item->revision = rows[i].revision;
		item->withdraw = true;
		items = lappend(items, item);
	}
	return items;
}

/* Forget a pending revision, unless it ran since it was looked for. */
static void
withdraw_item(PushItem *item)
{
	SlRegistryEntry *entry;

	sl_registry_lock(item->revision);
	entry = sl_registry_get(item->revision, true);
	if (entry && (entry->applied || entry->claimed || entry->journal_open))
	{
		item->outcome = SL_UNCHANGED;
		item->detail = pstrdup(entry->journal_open ?
							   "kept: partly applied" : "has run meanwhile");
		return;
	}
	sl_registry_delete(item->revision);
	sl_registry_unsettle_children(item->revision);
	item->outcome = SL_WITHDRAWN;
}

static void
register_item(PushItem *item)
{
	if (item->source)
		item->outcome = sl_source_register(item->source, true, &item->detail);
	else if (item->withdraw)
		withdraw_item(item);
	else
	{
		char	   *parent = unconstify(char *, item->parent);

		sl_registry_relink(item->revision, &parent, parent ? 1 : 0, true,
						   item->entry->description);
		item->outcome = SL_UPDATED;
		item->detail = pstrdup("parents changed");
	}
}

static void
register_items(List *items)
{
	int			count = list_length(items);
	PushItem  **sorted = sort_items(items);
	MemoryContext work;
	int			i;

	/* what one script took to parse is given back before the next */
	work = AllocSetContextCreate(CurrentMemoryContext,
								 "schema_lifecycle push",
								 ALLOCSET_DEFAULT_SIZES);
	for (i = 0; i < count; i++)
	{
		MemoryContext before = MemoryContextSwitchTo(work);

		CHECK_FOR_INTERRUPTS();
		register_item(sorted[i]);
		MemoryContextSwitchTo(before);
		if (sorted[i]->detail)
			sorted[i]->detail = pstrdup(sorted[i]->detail);
		MemoryContextReset(work);
	}
	MemoryContextDelete(work);
}

/* by meaning; the rest by id, so that always the same one is named */
static int
compare_meanings(const void *a, const void *b)
{
	const SlSourceRow *x = *(SlSourceRow *const *) a;
	const SlSourceRow *y = *(SlSourceRow *const *) b;
	int			result = strcmp(x->meaning, y->meaning);

	return result != 0 ? result : strcmp(x->revision, y->revision);
}

/* The first of those that mean this; NULL if there is none. */
static SlSourceRow *
find_meaning(SlSourceRow **sorted, int count, const char *meaning)
{
	int			low = 0;
	int			high = count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (strcmp(sorted[middle]->meaning, meaning) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && strcmp(sorted[low]->meaning, meaning) == 0 ?
		sorted[low] : NULL;
}

/*
 * A linear file that is renamed is another revision: what ran would run once
 * more.  So look for new ones that mean the same as one that is applied and
 * not pushed any more.
 */
static void
warn_of_renames(List *items, const SlOptions *options, PushItem **pushed,
				int npushed)
{
	PushItem  **sorted = sort_items(items);
	int			count = list_length(items);
	SlSourceRow *rows;
	SlSourceRow **gone;
	int			nrows;
	int			ngone = 0;
	int			i;
	int			j;

	for (i = 0; i < count; i++)
	{
		if (sorted[i]->outcome == SL_ADDED)
			break;
	}
	if (i == count)
		return;

	rows = sl_registry_of_source(options->source, &nrows);
	gone = palloc(sizeof(SlSourceRow *) * (nrows + 1));
	for (i = 0; i < nrows; i++)
	{
		/* what says nothing, or has no script, is alike without being so */
		if (rows[i].claimed && rows[i].statements > 0 && rows[i].linear &&
			!is_pushed(pushed, npushed, rows[i].revision))
			gone[ngone++] = &rows[i];
	}
	qsort(gone, ngone, sizeof(SlSourceRow *), compare_meanings);

	for (i = 0, j = 0; i < count && ngone > 0; i++)
	{
		SlSourceRow *old;

		if (sorted[i]->outcome != SL_ADDED || !sorted[i]->source->linear)
			continue;
		/* both lists are by id */
		while (j < nrows &&
			   strcmp(rows[j].revision, sorted[i]->revision) < 0)
			j++;
		if (j == nrows || strcmp(rows[j].revision, sorted[i]->revision) != 0)
			continue;
		old = find_meaning(gone, ngone, rows[j].meaning);
		if (old == NULL)
			continue;
		ereport(WARNING,
				(errmsg("revision \"%s\" looks like a rename of \"%s\", which is applied: it would run again",
						rows[j].revision, old->revision),
				 errhint("Rename the file back, or record it as applied: SELECT sl_resolve(%s, 'applied', 'renamed').",
						 quote_literal_cstr(rows[j].revision))));
	}
}

/* The rows of a load function. */
static void
return_items(FunctionCallInfo fcinfo, List *items)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	foreach(cell, items)
	{
		const PushItem *item = lfirst(cell);
		Datum		values[3];
		bool		nulls[3] = {false, false, false};

		values[0] = CStringGetTextDatum(item->revision);
		values[1] = CStringGetTextDatum(outcome_names[item->outcome]);
		if (item->detail)
			values[2] = CStringGetTextDatum(item->detail);
		else
			nulls[2] = true;
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc,
							 values, nulls);
	}
}

/* Names are for people and for messages: what could forge those is refused. */
static void
check_names(const SlPush *push)
{
	int			i;

	for (i = 0; i < push->nfiles; i++)
	{
		if (push->files[i].base[0] == '\0')
			ereport(ERROR,
					(errcode(SL_ERR_BAD_INPUT),
					 errmsg("file %d has no name", i + 1)));
		if (sl_bad_character(push->files[i].name, false))
			ereport(ERROR,
					(errcode(SL_ERR_BAD_INPUT),
					 errmsg("the name of file %d holds a control character",
							i + 1)));
	}
}

/* Nothing was found: say what was looked at. */
static void
refuse_nothing(const SlPush *push)
{
	if (push->nfiles == 0)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("no migration files found"),
				 errdetail("There are no files.")));
	ereport(ERROR,
			(errcode(SL_ERR_BAD_INPUT),
			 errmsg("no migration files found"),
			 errdetail_plural("There is %d file, the first is \"%s\".",
							  "There are %d files, the first is \"%s\".",
							  push->nfiles, push->nfiles,
							  push->files[0].name)));
}

/*
 * Any *.sql file can be plain, also the output of a tool that wrote nothing.
 * So an empty file alone is none, and neither is a push of a source whose
 * revisions all came in another format.
 */
static void
refuse_fallback(const SlPush *push, const SlOptions *options)
{
	const SlFile *first = NULL;
	SlSourceRow *rows;
	const char *format = NULL;
	int			nsql = 0;
	int			nrows;
	int			i;

	for (i = 0; i < push->nfiles; i++)
	{
		if (!sl_has_suffix(push->files[i].base, ".sql"))
			continue;
		if (nsql++ == 0)
			first = &push->files[i];
	}
	if (nsql == 1 && sl_is_blank(first->body, first->length))
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%sthe file is empty, and nothing else says which format it has",
						sl_place(first->name, NULL, 0)),
				 errhint("If a tool wrote it, look at the tool's exit status; if it is meant, pass the format.")));
	if (options->source == NULL || options->source[0] == '\0')
		return;

	rows = sl_registry_of_source(options->source, &nrows);
	for (i = 0; i < nrows; i++)
	{
		if (rows[i].format == NULL)
			continue;
		if (strcmp(rows[i].format, push->format->name) == 0)
			return;
		format = rows[i].format;
	}
	if (format)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%snothing says which format it has, and source \"%s\" has revisions of format %s",
						sl_place(first->name, NULL, 0), options->source,
						format),
				 errhint("If it is of another format now, pass the format.")));
}

/*
 * Load files: the work of sl_load and sl_load_directory.  'base' of the files
 * is filled in here.
 */
void
sl_load_files(FunctionCallInfo fcinfo, int nfiles, SlFile *files,
			  const char *format, Jsonb *given)
{
	SlPush		push;
	SlOptions	options;
	List	   *items = NIL;
	PushItem  **pushed;
	int			npushed;
	ListCell   *cell;
	int			i;

	push.nfiles = nfiles;
	push.files = files;
	push.sources = NIL;
	push.format = NULL;
	push.decided_by = NULL;
	for (i = 0; i < nfiles; i++)
	{
		const char *slash = strrchr(files[i].name, '/');

		files[i].base = slash ? slash + 1 : files[i].name;
	}
	check_names(&push);
	sl_options_resolve(&options, given);

	if (strcmp(format, "auto") == 0)
	{
		push.format = sl_format_detect(&push);
		if (push.format == &sl_format_plain)
			refuse_fallback(&push, &options);
	}
	else
		push.format = sl_format_find(format);
	if (push.format == NULL)
		refuse_nothing(&push);
	push.format->parse(&push);
	if (push.sources == NIL)
		refuse_nothing(&push);

	if (options.source == NULL || options.source[0] == '\0')
		options.source = unconstify(char *, push.format->source);
	foreach(cell, push.sources)
	{
		SlSource   *source = lfirst(cell);
		PushItem	   *item = palloc0(sizeof(PushItem));

		source->format = push.format->name;
		source->source = options.source;
		item->revision = source->revision;
		item->source = source;
		item->order = source->order;
		items = lappend(items, item);
	}

	npushed = list_length(items);
	pushed = sort_items(items);
	items = order_items(&push, &options, items);
	if (options.prune)
		items = add_withdrawn(items, &options, pushed, npushed);
	register_items(items);
	if (push.format->compare)
		warn_of_renames(items, &options, pushed, npushed);
	return_items(fcinfo, items);
}

/* The members of an array argument that must not be NULL. */
static Datum *
array_members(FunctionCallInfo fcinfo, int argument, const char *name,
			  int *count)
{
	ArrayType  *array;
	Datum	   *values;
	bool	   *nulls;
	int			i;

	if (PG_ARGISNULL(argument))
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%s must not be NULL", name)));
	array = PG_GETARG_ARRAYTYPE_P(argument);
	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%s must be an array of one dimension", name)));
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT,
					  &values, &nulls, count);
	for (i = 0; i < *count; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(SL_ERR_BAD_INPUT),
					 errmsg("%s must not hold NULL", name)));
	}
	return values;
}

/* sl_load(names, bodies, format, options) */
Datum
sl_load(PG_FUNCTION_ARGS)
{
	Datum	   *names;
	Datum	   *bodies;
	int			nnames;
	int			nbodies;
	SlFile	   *files;
	int			i;

	sl_require_writer("sl_load");
	names = array_members(fcinfo, 0, "names", &nnames);
	bodies = array_members(fcinfo, 1, "bodies", &nbodies);
	if (nnames != nbodies)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("names has %d members and bodies has %d",
						nnames, nbodies)));

	files = palloc0(sizeof(SlFile) * (nnames + 1));
	for (i = 0; i < nnames; i++)
	{
		files[i].name = TextDatumGetCString(names[i]);
		files[i].body = TextDatumGetCString(bodies[i]);
		files[i].length = strlen(files[i].body);
	}
	sl_load_files(fcinfo, nnames, files,
				  PG_ARGISNULL(2) ? "auto" :
				  text_to_cstring(PG_GETARG_TEXT_PP(2)),
				  PG_ARGISNULL(3) ? NULL : PG_GETARG_JSONB_P(3));
	return (Datum) 0;
}
