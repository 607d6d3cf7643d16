/*-------------------------------------------------------------------------
 *
 * adopt.c
 *	  sl_adopt: another tool's history becomes ours.
 *
 * The version table is a word, and the catalog is what is true.  What the
 * table says is applied is claimed, each revision, and then held against the
 * catalog like every other claim; where that says otherwise the row of the
 * result, the history and sl_detect_stamp_drift() all say so.  Such a revision
 * is claimed nevertheless.  Left out, it would be pending, and the next run
 * would make an empty table in the place of one whose loss nobody had noticed;
 * and our history would disagree with the other tool's, in which it stands.
 *
 * Without a version table, or with an empty one on a database that is not
 * empty, the catalog decides alone: it is at a revision exactly, or nothing is
 * adopted.  Revisions with statements on data are then not claimed, for facts
 * cannot prove that these ran: a row says so, their place in the history is
 * kept, and sl_resolve() fills it.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/adapters/adopt.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "adapters/adapters_private.h"
#include "common/sl_compat.h"
#include "drift/drift.h"

PG_FUNCTION_INFO_V1(sl_adopt);

/* so many findings of a revision, ids or places are told */
#define TOLD 10

/* A revision at work. */
typedef struct Taken
{
	const SlRevisionRow *row;
	SlAdopted  *adopted;
	const char *checksum;		/* as the table has it; NULL: none */
	List	   *findings;		/* const SlStampFinding * */
	bool		claim;
} Taken;

typedef struct Adoption
{
	SlAdoption *result;
	SlVersionTable *table;		/* NULL: there is none */
	SlGraph    *graph;
	SlLineage	lineage;
	bool	   *known;			/* by place in the lineage */
	Taken	   *items;			/* in the order in which they are claimed */
	int			nitems;
	int			space;
	Taken	  **by_name;
	List	   *columns;		/* char *, of tables that are missing */
} Adoption;

static Taken *
add_item(Adoption *adoption, const SlRevisionRow *row)
{
	Taken	   *item;

	if (adoption->nitems == adoption->space)
	{
		adoption->space = Max(64, adoption->space * 2);
		adoption->items = adoption->items == NULL ?
			palloc_array(Taken, adoption->space) :
			repalloc_huge(adoption->items, sizeof(Taken) * adoption->space);
	}
	item = &adoption->items[adoption->nitems++];
	memset(item, 0, sizeof(*item));
	item->row = row;
	item->claim = true;
	item->adopted = palloc0_object(SlAdopted);
	item->adopted->revision = row->revision;
	return item;
}

static int
compare_items(const void *a, const void *b)
{
	return strcmp((*(Taken *const *) a)->row->revision,
				  (*(Taken *const *) b)->row->revision);
}

static void
index_items(Adoption *adoption)
{
	int			i;

	adoption->by_name = palloc_array(Taken *, adoption->nitems + 1);
	for (i = 0; i < adoption->nitems; i++)
		adoption->by_name[i] = &adoption->items[i];
	if (adoption->nitems > 1)
		qsort(adoption->by_name, adoption->nitems, sizeof(Taken *),
			  compare_items);
}

static Taken *
find_item(const Adoption *adoption, const char *revision)
{
	int			low = 0;
	int			high = adoption->nitems;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;
		int			order = strcmp(adoption->by_name[middle]->row->revision,
								   revision);

		if (order == 0)
			return adoption->by_name[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/*-------------------------------------------------------------------------
 * What the table says
 *-------------------------------------------------------------------------
 */

/* What was begun and not finished is nothing that we can take over. */
static void
refuse_failed(const SlVersionTable *table, const SlWord *word)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("\"%s\" says that \"%s\" has failed, or is under way",
					table->title, word->revision),
			 errdetail("%s began it and did not come to its end: what it left is not known.",
					   table->adapter->name),
			 table->adapter->failed_hint == NULL ? 0 :
			 errhint(table->adapter->failed_hint, word->revision)));
}

static void
refuse_unknown(const SlVersionTable *table, const List *unknown)
{
	StringInfoData names;
	ListCell   *cell;
	int			n = 0;

	initStringInfo(&names);
	foreach(cell, unknown)
	{
		if (++n > TOLD)
			break;
		appendStringInfo(&names, "%s\"%s\"", n > 1 ? ", " : "",
						 (char *) lfirst(cell));
	}
	if (n > TOLD)
		appendStringInfo(&names, _(" and %d more"),
						 list_length(unknown) - TOLD);
	ereport(ERROR,
			(errcode(SL_ERR_REVISION_UNKNOWN),
			 errmsg("\"%s\" names revisions that are not registered: %s",
					table->title, names.data),
			 errdetail("What comes before them, and what they did, is not known here."),
			 errhint("Push the files of %s that have them, slctl push DIR, and call again.",
					 table->adapter->name)));
}

typedef struct Place
{
	const SlRevisionRow *row;
	int			place;
} Place;

static int
compare_places(const void *a, const void *b)
{
	const SlRevisionRow *x = ((const Place *) a)->row;
	const SlRevisionRow *y = ((const Place *) b)->row;

	return (x > y) - (x < y);
}

/* Where the rows are in the lineage. */
static Place *
sorted_places(const SlLineage *lineage)
{
	Place	   *places = palloc_array(Place, lineage->count + 1);
	int			i;

	for (i = 0; i < lineage->count; i++)
	{
		places[i].row = lineage->rows[i];
		places[i].place = i;
	}
	qsort(places, lineage->count, sizeof(Place), compare_places);
	return places;
}

static void
want_row(Adoption *adoption, const Place *places, bool *wanted,
		 const SlRevisionRow *row, const char *checksum)
{
	Place		key = {row};
	const Place *found = bsearch(&key, places, adoption->lineage.count,
								 sizeof(Place), compare_places);

	/* not in the lineage: a repeatable, and those come last */
	if (found != NULL && wanted[found->place])
		return;
	if (found != NULL)
		wanted[found->place] = true;
	if (!sl_graph_is_applied(adoption->graph, row))
		add_item(adoption, row)->checksum = checksum;
}

/* All that a row stands for. */
static bool
want_word(Adoption *adoption, const Place *places, bool *wanted,
		  const SlWord *word)
{
	const SlAdapter *adapter = adoption->table->adapter;
	const SlRevisionRow *row = sl_graph_find(adoption->graph,
											 word->revision);
	ListCell   *cell;
	int			i;

	if (word->kind == SL_WORD_ALL_BEFORE && adapter->is_before != NULL)
	{
		for (i = 0; i < adoption->lineage.count; i++)
			if (adoption->known[i] &&
				adoption->lineage.rows[i]->kind == SL_KIND_VERSIONED &&
				adapter->is_before(adoption->lineage.rows[i]->revision,
								   word->revision))
				want_row(adoption, places, wanted,
						 adoption->lineage.rows[i], NULL);
		return true;
	}
	if (row == NULL)
		return false;
	if (word->kind == SL_WORD_APPLIED)
		want_row(adoption, places, wanted, row, word->checksum);
	else
		foreach(cell, sl_graph_with_ancestors(adoption->graph, row))
			want_row(adoption, places, wanted, lfirst(cell), NULL);
	return true;
}

/*
 * What the table says is applied, and is not claimed yet.  A checksum that is
 * another than that of the file says that a repeatable is not as the file is.
 */
static void
take_words(Adoption *adoption, const List *words, bool **wanted)
{
	Place	   *places = sorted_places(&adoption->lineage);
	List	   *unknown = NIL;
	ListCell   *cell;

	*wanted = palloc0_array(bool, adoption->lineage.count + 1);
	foreach(cell, words)
	{
		const SlWord *word = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if (word->kind == SL_WORD_FAILED)
			refuse_failed(adoption->table, word);
		if (word->kind != SL_WORD_UNDONE &&
			!want_word(adoption, places, *wanted, word))
			unknown = lappend(unknown, word->revision);
	}
	if (unknown != NIL)
		refuse_unknown(adoption->table, unknown);
}

/*-------------------------------------------------------------------------
 * What the catalog says
 *-------------------------------------------------------------------------
 */

/* The kind of evidence that there is for each. */
static void
find_evidence(Adoption *adoption)
{
	SlEvidenceRow *rows;
	int			count;
	int			i;

	PushActiveSnapshot(GetLatestSnapshot());
	rows = sl_evidence_read(&count);
	PopActiveSnapshot();
	for (i = 0; i < count; i++)
	{
		Taken	   *item = find_item(adoption, rows[i].revision);

		if (item != NULL && rows[i].current)
			item->adopted->evidence = rows[i].evidence;
	}
}

/* All claims, ours among them, against the catalog. */
static void
look(SlTruth *truth)
{
	sl_truth_look(truth);
	if (truth->moved)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("the schema is being changed while it is looked at"),
				 errhint("Call again.")));
}

typedef struct ColumnReader
{
	MemoryContext cxt;
	const List *tables;			/* char *, identities */
	List	   *columns;		/* char *, identities */
} ColumnReader;

static bool
is_of_table(const SlFootprintKey *row, const char *table)
{
	int			length = strlen(table);

	return row->identity_length > length + 1 &&
		memcmp(row->identity, table, length) == 0 &&
		row->identity[length] == '.';
}

static void
take_column(const SlFootprintKey *row, void *arg)
{
	ColumnReader *reader = arg;
	MemoryContext before;
	ListCell   *cell;

	if (row->class_length != 6 || memcmp(row->class, "column", 6) != 0 ||
		(row->change != 'a' && row->change != 'r'))
		return;
	foreach(cell, reader->tables)
	{
		if (!is_of_table(row, lfirst(cell)))
			continue;
		before = MemoryContextSwitchTo(reader->cxt);
		reader->columns = lappend(reader->columns,
								  pnstrdup(row->identity,
										   row->identity_length));
		MemoryContextSwitchTo(before);
		return;
	}
}

/* Which columns would the tables have that are missing? */
static void
find_columns(Adoption *adoption)
{
	ColumnReader reader = {CurrentMemoryContext};
	List	   *tables = NIL;
	ListCell   *cell;
	int			i;

	for (i = 0; i < adoption->nitems; i++)
	{
		foreach(cell, adoption->items[i].findings)
		{
			const SlStampFinding *finding = lfirst(cell);

			if (finding->class != NULL &&
				strcmp(finding->class, "table") == 0 &&
				strcmp(finding->problem, "missing") == 0)
				tables = lappend(tables, unconstify(char *,
													finding->identity));
		}
	}
	if (tables == NIL)
		return;
	reader.tables = tables;
	PushActiveSnapshot(GetLatestSnapshot());
	sl_footprint_read(take_column, &reader);
	PopActiveSnapshot();
	adoption->columns = reader.columns;
}

static char *
document(Jsonb *value)
{
	return JsonbToCString(NULL, &value->root, VARSIZE(value));
}

/* (id, user_id), or nothing */
static void
append_columns(const Adoption *adoption, StringInfo detail,
			   const char *table)
{
	List	   *told = NIL;
	int			length = strlen(table);
	ListCell   *cell;
	ListCell   *other;

	foreach(cell, adoption->columns)
	{
		char	   *column = lfirst(cell);
		bool		again = false;

		if (strncmp(column, table, length) != 0 || column[length] != '.')
			continue;
		column += length + 1;
		foreach(other, told)
			again |= strcmp(lfirst(other), column) == 0;
		if (again)
			continue;
		appendStringInfo(detail, "%s%s", told == NIL ? " (" : ", ", column);
		told = lappend(told, column);
	}
	if (told != NIL)
		appendStringInfoChar(detail, ')');
}

static void
append_finding(const Adoption *adoption, StringInfo detail,
			   const SlStampFinding *finding)
{
	if (detail->len > 0)
		appendStringInfoString(detail, "; ");
	appendStringInfo(detail, "%s %s", finding->class, finding->identity);
	if (strcmp(finding->class, "table") == 0 &&
		strcmp(finding->problem, "missing") == 0)
		append_columns(adoption, detail, finding->identity);
	appendStringInfo(detail, _(" is %s"), finding->problem);
	if (finding->expected != NULL && finding->actual != NULL)
		appendStringInfo(detail, _(": expected %s, actual %s"),
						 document(finding->expected),
						 document(finding->actual));
}

static char *
describe_findings(const Adoption *adoption, const List *findings)
{
	StringInfoData detail;
	ListCell   *cell;
	int			n = 0;

	initStringInfo(&detail);
	foreach(cell, findings)
	{
		if (n++ < TOLD)
			append_finding(adoption, &detail, lfirst(cell));
	}
	if (n > TOLD)
		appendStringInfo(&detail, _("; and %d more"), n - TOLD);
	return detail.data;
}

/* What is to be said of one that is claimed. */
static void
judge(const Adoption *adoption, Taken *item)
{
	SlAdopted  *adopted = item->adopted;
	const SlStampFinding *finding = item->findings == NIL ? NULL :
		linitial(item->findings);

	adopted->claimed = true;
	if (finding == NULL && !item->row->has_data)
		adopted->outcome = "adopted";
	else if (finding == NULL)
	{
		adopted->outcome = "unresolved";
		adopted->detail =
			psprintf(_("it has statements on data, and facts cannot prove that these ran: sl_resolve('%s', 'applied', reason) or sl_resolve('%s', 'run', reason)"),
					 adopted->revision, adopted->revision);
	}
	else
	{
		adopted->outcome = finding->verdict;
		adopted->detail = finding->class == NULL ?
			_("there is no footprint of it to hold against the catalog: CALL sl_rehearse()") :
			describe_findings(adoption, item->findings);
	}
}

static void
count_outcome(SlAdoption *result, const SlAdopted *adopted)
{
	if (strcmp(adopted->outcome, "adopted") == 0)
		result->adopted++;
	else if (strcmp(adopted->outcome, "unverifiable") == 0)
		result->unverifiable++;
	else if (strcmp(adopted->outcome, "unresolved") == 0)
		result->unresolved++;
	else
		result->contradicted++;
}

/*-------------------------------------------------------------------------
 * The books
 *-------------------------------------------------------------------------
 */

static void
claim_items(Adoption *adoption, int64 first_id)
{
	List	   *revisions = NIL;
	int			i;

	for (i = 0; i < adoption->nitems; i++)
	{
		const SlRevisionRow *row = adoption->items[i].row;

		/* what was half way here is over: the other tool has run it */
		if (row->failed)
		{
			sl_journal_clear(row->revision);
			sl_evidence_forget_incomplete(row->revision);
		}
		revisions = lappend(revisions, row->revision);
	}
	if (sl_claim_adopted(revisions, first_id) != adoption->nitems)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("revisions were applied or withdrawn by another session"),
				 errhint("Call again.")));
}

/* Write down what was said of each, and give it to the caller. */
static void
record_items(Adoption *adoption, int64 first_id, const char *reason)
{
	SlAdoptedRow *rows = palloc_array(SlAdoptedRow, adoption->nitems + 1);
	List	   *unproven = NIL;
	int			i;

	for (i = 0; i < adoption->nitems; i++)
	{
		SlAdopted  *adopted = adoption->items[i].adopted;

		rows[i].revision = adopted->revision;
		rows[i].outcome = strcmp(adopted->outcome, "adopted") == 0 ?
			"ok" : adopted->outcome;
		rows[i].evidence = adopted->evidence;
		rows[i].reason = adopted->detail == NULL ? reason :
			psprintf("%s; %s", reason, adopted->detail);
		if (adopted->claimed && strcmp(adopted->outcome, "adopted") != 0)
			unproven = lappend(unproven, unconstify(char *,
													adopted->revision));
		count_outcome(adoption->result, adopted);
		adoption->result->rows = lappend(adoption->result->rows, adopted);
	}
	sl_claim_unproven(unproven);
	sl_log_adopted(first_id, rows, adoption->nitems);
}

/* The findings of each item. */
static void
sort_findings(Adoption *adoption, const SlTruth *truth)
{
	ListCell   *cell;

	foreach(cell, truth->stamp)
	{
		SlStampFinding *finding = lfirst(cell);
		Taken	   *item = find_item(adoption, finding->revision);

		if (item != NULL)
			item->findings = lappend(item->findings, finding);
	}
}

/*
 * What our history has and the table has not would be written into it: not
 * unless it is there.
 */
static void
require_borne_out(const Adoption *adoption, const bool *wanted,
				  const SlTruth *truth)
{
	const SlLineage *lineage = &adoption->lineage;
	ListCell   *cell;
	int			i;

	for (i = 0; i < lineage->count; i++)
	{
		if (wanted[i] || !adoption->known[i] || !lineage->rows[i]->applied)
			continue;
		foreach(cell, truth->stamp)
		{
			const SlStampFinding *finding = lfirst(cell);

			if (finding->class == NULL ||
				strcmp(finding->revision, lineage->rows[i]->revision) != 0)
				continue;
			ereport(ERROR,
					(errcode(SL_ERR_STAMP_REFUSED),
					 errmsg("revision \"%s\" is in the history here, and neither in \"%s\" nor in the catalog",
							finding->revision, adoption->table->title),
					 errdetail("%s %s is %s.", finding->class,
							   finding->identity, finding->problem),
					 errhint("Free it with sl_stamp() at a revision before it, and call again; or sl_adopt(mirror => false) to leave the table as it is.")));
		}
	}
}

/* The version table speaks. */
static void
adopt_words(Adoption *adoption, const List *words, bool mirror)
{
	int64		first_id = sl_log_next_id();
	SlTruth		truth = {0};
	bool	   *wanted;
	int			i;

	take_words(adoption, words, &wanted);
	index_items(adoption);
	if (adoption->nitems > 0)
		claim_items(adoption, first_id);
	if (adoption->nitems > 0 || mirror)
		look(&truth);
	if (mirror)
		require_borne_out(adoption, wanted, &truth);
	if (adoption->nitems == 0)
		return;
	sort_findings(adoption, &truth);
	find_columns(adoption);
	find_evidence(adoption);
	for (i = 0; i < adoption->nitems; i++)
		judge(adoption, &adoption->items[i]);
	record_items(adoption, first_id,
				 psprintf(_("%s has it"), adoption->table->title));
}

/* "016", and what differs there. */
static List *
describe_places(const List *places)
{
	List	   *candidates = NIL;
	ListCell   *cell;

	foreach(cell, places)
	{
		const SlPlace *place = lfirst(cell);

		if (list_length(candidates) == 3)
			break;
		candidates = lappend(candidates,
							 psprintf(_("%s: %d missing, %d altered, %d unexpected"),
									  place->revision, place->missing,
									  place->altered, place->unexpected));
	}
	return candidates;
}

/*
 * The catalog alone decides.  That it is at the revision exactly is the proof
 * of each that comes before it; data is another matter.
 */
static void
adopt_location(Adoption *adoption)
{
	SlAdoption *result = adoption->result;
	int64		first_id = sl_log_next_id();
	List	   *places = sl_places();
	const SlPlace *best = places == NIL ? NULL : linitial(places);
	ListCell   *cell;
	int			i;

	if (best == NULL || !best->exact)
	{
		result->nowhere = true;
		result->candidates = describe_places(places);
		return;
	}
	result->located = best->revision;
	foreach(cell, sl_graph_with_ancestors(adoption->graph,
										  sl_graph_find(adoption->graph,
														best->revision)))
		if (!sl_graph_is_applied(adoption->graph, lfirst(cell)))
			(void) add_item(adoption, lfirst(cell));
	index_items(adoption);
	find_evidence(adoption);
	for (i = 0; i < adoption->nitems; i++)
	{
		Taken	   *item = &adoption->items[i];

		judge(adoption, item);
		item->adopted->claimed = !item->row->has_data;
	}
	if (adoption->nitems == 0)
		return;
	claim_items(adoption, first_id);
	record_items(adoption, first_id,
				 psprintf(_("the catalog is at %s"), best->revision));
	for (i = 0; i < adoption->nitems; i++)
		if (!adoption->items[i].adopted->claimed)
			(void) sl_unclaim(adoption->items[i].row->revision);
}

/*-------------------------------------------------------------------------
 * All of it
 *-------------------------------------------------------------------------
 */

/* From now on we know that table, and what it is to us. */
static void
know_table(const SlVersionTable *table, bool mirror)
{
	SlVersionTableRow row = {0};
	ListCell   *cell;

	row.schema = table->schema;
	row.name = table->name;
	row.tool = unconstify(char *, table->adapter->name);
	row.mirror = mirror;
	foreach(cell, sl_version_tables_read(true))
	{
		const SlVersionTableRow *other = lfirst(cell);

		if (strcmp(other->schema, row.schema) == 0 &&
			strcmp(other->name, row.name) == 0)
			row.observe = other->observe;
		else if (mirror && other->mirror &&
				 strcmp(other->tool, row.tool) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("\"%s.%s\" is kept in step for %s already",
							other->schema, other->name, other->tool),
					 errhint("sl_adopt(version_table => '%s.%s', mirror => false) ends that.",
							 other->schema, other->name)));
	}
	if (mirror && row.observe != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("\"%s\" is observed: %s runs the migrations",
						table->title, table->adapter->name),
				 errhint("sl_unobserve('%s') first, or sl_adopt(mirror => false).",
						 table->title)));
	sl_version_table_put(&row);
}

static bool
is_anything_applied(const Adoption *adoption)
{
	int			i;

	for (i = 0; i < adoption->lineage.count; i++)
		if (adoption->lineage.rows[i]->claimed)
			return true;
	return false;
}

static void
adopt(Adoption *adoption, bool mirror)
{
	SlVersionTable *table = adoption->table;
	SlOptions	options;
	List	   *words = NIL;

	adoption->graph = sl_graph_read(true);
	sl_graph_require_sound(adoption->graph, true);
	sl_mirror_known(table, adoption->graph, &adoption->lineage,
					&adoption->known);
	if (table != NULL)
	{
		adoption->result->tool = table->adapter->name;
		adoption->result->version_table = table->title;
		if (mirror)
			sl_version_table_require_writable(table);
		know_table(table, mirror);
		words = sl_version_table_words(table);
	}
	sl_options_resolve(&options, NULL);
	if (words != NIL)
		adopt_words(adoption, words, mirror);
	else if (!is_anything_applied(adoption) &&
			 sl_find_managed_object(options.managed_schemas) != NULL)
		adopt_location(adoption);
	if (table != NULL && mirror && !adoption->result->nowhere)
		sl_mirror_sync(table, NULL, 0);
}

/* See adapters.h. */
void
sl_adopt_history(const char *tool, const char *version_table, bool mirror,
				 SlAdoption *result)
{
	Adoption	adoption = {result};

	memset(result, 0, sizeof(*result));
	adoption.table = sl_version_table_find(tool, version_table);
	if (adoption.table == NULL && tool != NULL && strcmp(tool, "auto") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("there is no version table of %s", tool),
				 errhint("Name it, sl_adopt('%s', 'schema.table'), or leave out the tool: the catalog decides then.",
						 tool)));
	if (adoption.table != NULL &&
		!sl_version_table_lock(adoption.table, ShareRowExclusiveLock))
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("version table \"%s\" was dropped meanwhile",
						adoption.table->title),
				 errhint("Call again.")));
	adopt(&adoption, mirror);
}

/* SL010: 'nowhere' */
void
sl_adoption_refuse(const SlAdoption *adoption)
{
	StringInfoData detail;
	ListCell   *cell;

	initStringInfo(&detail);
	foreach(cell, adoption->candidates)
		appendStringInfo(&detail, "%s%s", detail.len > 0 ? "\n" : "",
						 (char *) lfirst(cell));
	ereport(ERROR,
			(errcode(SL_ERR_NO_HISTORY),
			 adoption->version_table == NULL ?
			 errmsg("there is no version table, and the catalog is at no revision exactly") :
			 errmsg("version table \"%s\" is empty, and the catalog is at no revision exactly",
					adoption->version_table),
			 adoption->candidates == NIL ?
			 errdetail("There is no footprint of any revision to hold against it.") :
			 errdetail_internal("%s", detail.data),
			 adoption->candidates == NIL ?
			 errhint("CALL sl_rehearse(), and call again.") :
			 errhint("Put the differences right, or leave them out (sl_configure('ignore', ...)), and call again; what has no footprint yet, CALL sl_rehearse().")));
}

static void
put_row(ReturnSetInfo *rsinfo, const SlAdopted *adopted)
{
	Datum		values[4];
	bool		nulls[4] = {false, false, false, false};

	values[0] = CStringGetTextDatum(adopted->revision);
	values[1] = CStringGetTextDatum(adopted->outcome);
	nulls[2] = adopted->evidence == NULL;
	if (adopted->evidence != NULL)
		values[2] = CStringGetTextDatum(adopted->evidence);
	nulls[3] = adopted->detail == NULL;
	if (adopted->detail != NULL)
		values[3] = CStringGetTextDatum(adopted->detail);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* sl_adopt(tool, version_table, mirror) */
Datum
sl_adopt(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	char	   *tool = NULL;
	char	   *version_table = NULL;
	SlAdoption	adoption;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	if (!PG_ARGISNULL(0))
		tool = text_to_cstring(PG_GETARG_TEXT_PP(0));
	if (!PG_ARGISNULL(1))
		version_table = text_to_cstring(PG_GETARG_TEXT_PP(1));
	if (PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("mirror must be true or false")));
	sl_words_begin("sl_adopt");
	sl_adopt_history(tool, version_table, PG_GETARG_BOOL(2), &adoption);
	if (adoption.nowhere)
		sl_adoption_refuse(&adoption);
	foreach(cell, adoption.rows)
		put_row(rsinfo, lfirst(cell));
	return (Datum) 0;
}
