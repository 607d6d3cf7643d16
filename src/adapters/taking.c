/*-------------------------------------------------------------------------
 *
 * taking.c
 *	  Revisions that are taken over: claimed, held against the catalog, and
 *	  written down.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/adapters/taking.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "adapters/adapters_private.h"
#include "common/sl_compat.h"

/* so many findings of a revision are told */
#define TOLD 10

SlTaken *
sl_taking_add(SlTaking *taking, const SlRevisionRow *row)
{
	SlTaken	   *item;

	if (taking->count == taking->space)
	{
		taking->space = Max(64, taking->space * 2);
		taking->items = taking->items == NULL ?
			palloc_array(SlTaken, taking->space) :
			repalloc_huge(taking->items, sizeof(SlTaken) * taking->space);
	}
	item = &taking->items[taking->count++];
	memset(item, 0, sizeof(*item));
	item->row = row;
	item->adopted = palloc0_object(SlAdopted);
	item->adopted->revision = row->revision;
	return item;
}

static int
compare_items(const void *a, const void *b)
{
	return strcmp((*(SlTaken *const *) a)->row->revision,
				  (*(SlTaken *const *) b)->row->revision);
}

static void
index_items(SlTaking *taking)
{
	int			i;

	taking->by_name = palloc_array(SlTaken *, taking->count + 1);
	for (i = 0; i < taking->count; i++)
		taking->by_name[i] = &taking->items[i];
	if (taking->count > 1)
		qsort(taking->by_name, taking->count, sizeof(SlTaken *),
			  compare_items);
}

static SlTaken *
find_item(const SlTaking *taking, const char *revision)
{
	int			low = 0;
	int			high = taking->count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;
		int			order = strcmp(taking->by_name[middle]->row->revision,
								   revision);

		if (order == 0)
			return taking->by_name[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* The kind of evidence that there is for each. */
static void
find_evidence(SlTaking *taking)
{
	SlEvidenceRow *rows;
	int			count;
	int			i;

	PushActiveSnapshot(GetLatestSnapshot());
	rows = sl_evidence_read(&count);
	PopActiveSnapshot();
	for (i = 0; i < count; i++)
	{
		SlTaken	   *item = find_item(taking, rows[i].revision);

		if (item != NULL && rows[i].current)
			item->adopted->evidence = rows[i].evidence;
	}
}

/* All claims, ours among them, against the catalog. */
void
sl_truth_now(SlTruth *truth)
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
find_columns(SlTaking *taking)
{
	ColumnReader reader = {CurrentMemoryContext};
	List	   *tables = NIL;
	ListCell   *cell;
	int			i;

	for (i = 0; i < taking->count; i++)
	{
		foreach(cell, taking->items[i].findings)
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
	taking->columns = reader.columns;
}

static char *
document(Jsonb *value)
{
	return JsonbToCString(NULL, &value->root, VARSIZE(value));
}

/* (id, user_id), or nothing */
static void
append_columns(const SlTaking *taking, StringInfo detail,
			   const char *table)
{
	List	   *told = NIL;
	int			length = strlen(table);
	ListCell   *cell;
	ListCell   *other;

	foreach(cell, taking->columns)
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
append_finding(const SlTaking *taking, StringInfo detail,
			   const SlStampFinding *finding)
{
	if (detail->len > 0)
		appendStringInfoString(detail, "; ");
	appendStringInfo(detail, "%s %s", finding->class, finding->identity);
	if (strcmp(finding->class, "table") == 0 &&
		strcmp(finding->problem, "missing") == 0)
		append_columns(taking, detail, finding->identity);
	appendStringInfo(detail, _(" is %s"), finding->problem);
	if (finding->expected != NULL && finding->actual != NULL)
		appendStringInfo(detail, _(": expected %s, actual %s"),
						 document(finding->expected),
						 document(finding->actual));
}

char *
sl_taking_describe(const SlTaking *taking, const List *findings)
{
	StringInfoData detail;
	ListCell   *cell;
	int			n = 0;

	initStringInfo(&detail);
	foreach(cell, findings)
	{
		if (n++ < TOLD)
			append_finding(taking, &detail, lfirst(cell));
	}
	if (n > TOLD)
		appendStringInfo(&detail, _("; and %d more"), n - TOLD);
	return detail.data;
}

/* What is to be said of one that is claimed. */
static void
judge(const SlTaking *taking, SlTaken *item)
{
	SlAdopted  *adopted = item->adopted;
	const SlStampFinding *finding = item->findings == NIL ? NULL :
		linitial(item->findings);

	adopted->claimed = true;
	if (finding == NULL && (!item->row->has_data || item->seen))
		adopted->outcome = "adopted";
	else if (finding == NULL)
	{
		adopted->outcome = "unresolved";
		adopted->detail =
			psprintf(_("it has statements on data, and facts cannot prove that these ran: sl_resolve(%s, 'applied', reason) or sl_resolve(%s, 'run', reason)"),
					 quote_literal_cstr(adopted->revision),
					 quote_literal_cstr(adopted->revision));
	}
	else
	{
		adopted->outcome = finding->verdict;
		if (finding->class != NULL)
			adopted->detail = sl_taking_describe(taking, item->findings);
		else
			adopted->detail = item->row->external ?
				_("there is no footprint of it to hold against the catalog, and no script to rehearse: push one, or sl_import_manifest()") :
				_("there is no footprint of it to hold against the catalog: CALL sl_rehearse()");
	}
	if (item->changed)
		adopted->detail =
			psprintf(_("%s%sthe script that ran had the checksum %s, which is not that of the registered one"),
					 adopted->detail == NULL ? "" : adopted->detail,
					 adopted->detail == NULL ? "" : "; ", item->checksum);
}

/* Claim all, under ids that count up from this one. */
void
sl_taking_claim(SlTaking *taking, int64 first_id)
{
	List	   *revisions = NIL;
	int			i;

	for (i = 0; i < taking->count; i++)
	{
		const SlRevisionRow *row = taking->items[i].row;

		/* what was half way here is over: the other tool has run it */
		if (row->failed)
		{
			sl_journal_clear(row->revision);
			sl_evidence_forget_incomplete(row->revision);
		}
		revisions = lappend(revisions, row->revision);
	}
	if (sl_claim_adopted(revisions, first_id) != taking->count)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("revisions were applied or withdrawn by another session"),
				 errhint("Call again.")));
}

/* Write down what was said of each. */
void
sl_taking_record(SlTaking *taking, int64 first_id, const char *reason)
{
	SlAdoptedRow *rows = palloc_array(SlAdoptedRow, taking->count + 1);
	List	   *unproven = NIL;
	int			i;

	for (i = 0; i < taking->count; i++)
	{
		SlAdopted  *adopted = taking->items[i].adopted;

		rows[i].revision = adopted->revision;
		rows[i].outcome = strcmp(adopted->outcome, "adopted") == 0 ?
			"ok" : adopted->outcome;
		rows[i].evidence = adopted->evidence;
		rows[i].reason = adopted->detail == NULL ? reason :
			psprintf("%s; %s", reason, adopted->detail);
		if (adopted->claimed && strcmp(adopted->outcome, "adopted") != 0)
			unproven = lappend(unproven, unconstify(char *,
													adopted->revision));
	}
	sl_claim_unproven(unproven);
	sl_log_adopted(first_id, rows, taking->count);
}

/* The findings of each. */
static void
sort_findings(SlTaking *taking, const SlTruth *truth)
{
	ListCell   *cell;

	foreach(cell, truth->stamp)
	{
		SlStampFinding *finding = lfirst(cell);
		SlTaken	   *item = find_item(taking, finding->revision);

		if (item != NULL)
			item->findings = lappend(item->findings, finding);
	}
}


/*
 * What is to be said of each, from what the catalog says; NULL: it says that
 * all of it is there.
 */
void
sl_taking_judge(SlTaking *taking, const SlTruth *truth)
{
	int			i;

	index_items(taking);
	find_evidence(taking);
	if (truth != NULL)
	{
		sort_findings(taking, truth);
		find_columns(taking);
	}
	for (i = 0; i < taking->count; i++)
		judge(taking, &taking->items[i]);
}
