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

PG_FUNCTION_INFO_V1(sl_adopt);

/* so many ids are told */
#define TOLD 10

typedef struct Adoption
{
	SlAdoption *result;
	SlVersionTable *table;		/* NULL: there is none */
	SlReach		reach;
	bool	   *wanted;			/* by place: the table stands for it */
	SlTaking	taking;
} Adoption;

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

static void
want_row(const SlRevisionRow *row, const SlWord *word, void *arg)
{
	Adoption   *adoption = arg;
	int			place = sl_reach_place(&adoption->reach, row);
	SlTaken    *taken;

	if (place >= 0 && adoption->wanted[place])
		return;
	if (place >= 0)
		adoption->wanted[place] = true;
	if (sl_graph_is_applied(adoption->reach.graph, row))
		return;
	taken = sl_taking_add(&adoption->taking, row);
	if (word->kind == SL_WORD_APPLIED)
		taken->checksum = word->checksum;

	/* repeatables come last */
	taken->place = place >= 0 ? place : adoption->reach.lineage.count;
}

static int
compare_taken(const void *a, const void *b)
{
	return ((const SlTaken *) a)->place - ((const SlTaken *) b)->place;
}

/* In a set of revisions there may be some whose files are long gone. */
static void
list_unknown(Adoption *adoption, const List *unknown)
{
	ListCell   *cell;

	foreach(cell, unknown)
	{
		SlAdopted  *adopted = palloc0_object(SlAdopted);

		adopted->revision = lfirst(cell);
		adopted->outcome = "unknown";
		adopted->detail =
			psprintf(_("%s has it, and it is not registered: nothing can be said of it"),
					 adoption->table->title);
		adoption->result->rows = lappend(adoption->result->rows, adopted);
	}
}

/*
 * A checksum is that of the script which ran: if the registered one has
 * another, a repeatable is pending, and of the others it is said.
 */
static void
compare_checksums(Adoption *adoption)
{
	const SlAdapter *adapter = adoption->table->adapter;
	int			kept = 0;
	int			i;

	if (adapter->same_checksum == NULL)
		return;
	for (i = 0; i < adoption->taking.count; i++)
	{
		SlTaken    *taken = &adoption->taking.items[i];
		SlRegistryEntry *entry;

		CHECK_FOR_INTERRUPTS();
		if (taken->checksum != NULL)
		{
			entry = sl_registry_get(taken->row->revision, true);
			taken->changed = entry != NULL && entry->up != NULL &&
				!adapter->same_checksum(taken->checksum, entry);
		}
		if (!taken->changed || sl_kind_runs_once(taken->row->kind))
			adoption->taking.items[kept++] = *taken;
	}
	adoption->taking.count = kept;
}

/* What the table says is applied, and is not claimed yet. */
static void
take_words(Adoption *adoption, const List *words)
{
	List	   *unknown = NIL;
	bool		set = false;
	ListCell   *cell;

	adoption->wanted = palloc0_array(bool,
									 adoption->reach.lineage.count + 1);
	foreach(cell, words)
	{
		const SlWord *word = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if (word->kind == SL_WORD_FAILED)
			refuse_failed(adoption->table, word);
		set |= word->kind == SL_WORD_APPLIED;
		if (!sl_reach_word(&adoption->reach, word, want_row, adoption))
			unknown = lappend(unknown, word->revision);
	}
	if (unknown != NIL &&
		(!set || list_length(unknown) == list_length(words)))
		refuse_unknown(adoption->table, unknown);
	list_unknown(adoption, unknown);
	if (!adoption->table->adapter->ordered && adoption->taking.count > 1)
		qsort(adoption->taking.items, adoption->taking.count, sizeof(SlTaken),
			  compare_taken);
	compare_checksums(adoption);
}

/* For the caller. */
static void
tell_result(Adoption *adoption)
{
	SlAdoption *result = adoption->result;
	int			i;

	for (i = 0; i < adoption->taking.count; i++)
	{
		SlAdopted  *adopted = adoption->taking.items[i].adopted;

		result->rows = lappend(result->rows, adopted);
		if (strcmp(adopted->outcome, "adopted") == 0)
			result->adopted++;
		else if (strcmp(adopted->outcome, "unverifiable") == 0)
			result->unverifiable++;
		else if (strcmp(adopted->outcome, "unresolved") == 0)
			result->unresolved++;
		else
			result->contradicted++;
	}
}

/*
 * What our history has and the table has not would be written into it: not
 * unless it is there.
 */
static void
require_borne_out(const Adoption *adoption, const SlTruth *truth)
{
	const SlLineage *lineage = &adoption->reach.lineage;
	ListCell   *cell;
	int			i;

	for (i = 0; i < lineage->count; i++)
	{
		if (adoption->wanted[i] || !adoption->reach.known[i] ||
			!lineage->rows[i]->applied)
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

	take_words(adoption, words);
	if (adoption->taking.count > 0)
		sl_taking_claim(&adoption->taking, first_id);
	if (adoption->taking.count > 0 || mirror)
		sl_truth_now(&truth);
	if (mirror)
		require_borne_out(adoption, &truth);
	if (adoption->taking.count == 0)
		return;
	sl_taking_judge(&adoption->taking, &truth);
	sl_taking_record(&adoption->taking, first_id,
					 psprintf(_("%s has it"), adoption->table->title));
	tell_result(adoption);
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
	foreach(cell, sl_graph_with_ancestors(adoption->reach.graph,
										  sl_graph_find(adoption->reach.graph,
														best->revision)))
		if (!sl_graph_is_applied(adoption->reach.graph, lfirst(cell)))
			(void) sl_taking_add(&adoption->taking, lfirst(cell));
	if (adoption->taking.count == 0)
		return;
	sl_taking_claim(&adoption->taking, first_id);
	sl_taking_judge(&adoption->taking, NULL);
	for (i = 0; i < adoption->taking.count; i++)
	{
		SlTaken    *taken = &adoption->taking.items[i];

		if (!taken->row->has_data)
			continue;
		taken->adopted->claimed = false;
		(void) sl_unclaim(taken->row->revision);
	}
	sl_taking_record(&adoption->taking, first_id,
					 psprintf(_("the catalog is at %s"), best->revision));
	tell_result(adoption);
}

/*-------------------------------------------------------------------------
 * All of it
 *-------------------------------------------------------------------------
 */

/* One of a tool's, unless the first is gone. */
static void
refuse_second(const SlVersionTableRow *first)
{
	SlVersionTable *table = sl_version_table_known(first);

	if (table == NULL)
		(void) sl_version_table_drop(first->schema, first->name);
	else
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("\"%s\" is kept in step for %s already",
						table->title, table->adapter->name),
				 errhint("sl_adopt(version_table => %s, mirror => false) ends that.",
						 quote_literal_cstr(table->title))));
}

/*
 * From now on we know that table, and what it is to us.  Returns whether that
 * ends its being kept in step.
 */
static bool
know_table(const SlVersionTable *table, bool mirror)
{
	SlVersionTableRow row = {0};
	bool		ends = false;
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
		{
			row.observe = other->observe;
			ends = other->mirror && !mirror;
		}
		else if (mirror && other->mirror &&
				 strcmp(other->tool, row.tool) == 0)
			refuse_second(other);
	}
	if (mirror && row.observe != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("\"%s\" is observed: %s runs the migrations",
						table->title, table->adapter->name),
				 errhint("sl_unobserve(%s) first, or sl_adopt(mirror => false).",
						 quote_literal_cstr(table->title))));
	sl_version_table_put(&row);
	return ends;
}

static bool
is_anything_applied(const Adoption *adoption)
{
	int			i;

	for (i = 0; i < adoption->reach.lineage.count; i++)
		if (adoption->reach.lineage.rows[i]->claimed)
			return true;
	return false;
}

static void
adopt(Adoption *adoption, bool mirror)
{
	SlVersionTable *table = adoption->table;
	SlOptions	options;
	List	   *words = NIL;
	bool		ends = false;

	sl_reach_init(&adoption->reach, table == NULL ? NULL : table->adapter);
	sl_graph_require_sound(adoption->reach.graph, true);
	if (table != NULL)
	{
		adoption->result->tool = table->adapter->name;
		adoption->result->version_table = table->title;
		if (mirror)
			sl_version_table_require_writable(table);
		ends = know_table(table, mirror);
		words = sl_version_table_words(table);
	}
	sl_options_resolve(&options, NULL);
	if (words != NIL)
		adopt_words(adoption, words, mirror);
	else if (!ends && !is_anything_applied(adoption) &&
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
				 errhint("Name it, sl_adopt(%s, 'schema.table'), or leave out the tool: the catalog decides then.",
						 quote_literal_cstr(tool))));
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
