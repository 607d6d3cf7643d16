/*-------------------------------------------------------------------------
 *
 * manifest.c
 *	  The graph and the footprints as one document: recorded where the
 *	  migrations have run (in CI), checked where they are said to have run.
 *
 *	{"format": "sl-manifest-1", "server": 15,
 *	 "revisions": [{"revision": "001_a", "kind": "versioned", "parents": [],
 *					"replaces": [], "data": false, "meaning": "9f86d0...",
 *					"footprint": [{"change": "added", "class": "table",
 *								   "identity": "public.t",
 *								   "definition": {...}}, ...]}, ...]}
 *
 * Revisions are in byte order of their ids, a footprint in the order in which
 * it came to be: the same registry gives the same bytes, whoever asks, and
 * whether the revisions ran or were rehearsed.  "meaning" says of which script
 * the footprint is; an external revision has none, and its footprint is of
 * what carries that id.
 *
 * A document comes from anywhere: every part of it is looked at before
 * anything is written, and what is wrong is named by its path.  What it says
 * is known here as the word of who imported it.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/drift/manifest.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/snapmgr.h"

#include "common/sl_compat.h"
#include "drift/drift_private.h"
#include "runner/runner.h"

PG_FUNCTION_INFO_V1(sl_manifest);
PG_FUNCTION_INFO_V1(sl_import_manifest);

#define MANIFEST_FORMAT "sl-manifest-1"
#define EVIDENCE_IMPORTED "imported"

/* What a row of a footprint did, in the document's words. */
static const struct
{
	char		change;
	const char *word;
}			changes[] = {
	{'a', "added"},
	{'c', "changed"},
	{'d', "dropped"},
	{'r', "replaced"},
};

/*-------------------------------------------------------------------------
 * Making one
 *-------------------------------------------------------------------------
 */

static void
push_string(JsonbParseState **state, JsonbIteratorToken token,
			const char *string)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.len = strlen(string);
	value.val.string.val = unconstify(char *, string);
	pushJsonbValue(state, token, &value);
}

static void
push_text(JsonbParseState **state, const char *key, const char *text)
{
	push_string(state, WJB_KEY, key);
	push_string(state, WJB_VALUE, text);
}

static void
push_texts(JsonbParseState **state, const char *key, char **texts, int count)
{
	int			i;

	push_string(state, WJB_KEY, key);
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (i = 0; i < count; i++)
		push_string(state, WJB_ELEM, texts[i]);
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

static const char *
word_of(char change)
{
	int			i;

	for (i = 0; i < (int) lengthof(changes); i++)
		if (changes[i].change == change)
			return changes[i].word;
	return NULL;
}

static char *
hex_of(const uint8 *bytes, int length)
{
	char	   *hex = palloc(length * 2 + 1);

	(void) hex_encode((const char *) bytes, length, hex);
	hex[length * 2] = '\0';
	return hex;
}

/* Where the rows of an evidence are, and what each was before. */
typedef struct Rows
{
	MemoryContext cxt;
	const int64 *ids;			/* of the evidences that are wanted, sorted */
	int			nids;
	SlFootprintPlace *places;
	char	  **before;			/* in hexadecimal; NULL: none */
	int			count;
	int			space;
} Rows;

static void
take_row(const SlFootprintKey *row, void *arg)
{
	Rows	   *rows = arg;
	MemoryContext before = MemoryContextSwitchTo(rows->cxt);
	int			low = 0;
	int			high = rows->nids;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (rows->ids[middle] < row->evidence_id)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < rows->nids && rows->ids[low] == row->evidence_id)
	{
		if (rows->count == rows->space)
		{
			rows->space = Max(1024, rows->space * 2);
			rows->places = rows->places == NULL ?
				palloc_array(SlFootprintPlace, rows->space) :
				repalloc_huge(rows->places,
							  sizeof(SlFootprintPlace) * rows->space);
			rows->before = rows->before == NULL ?
				palloc_array(char *, rows->space) :
				repalloc_huge(rows->before, sizeof(char *) * rows->space);
		}
		rows->places[rows->count].evidence_id = row->evidence_id;
		rows->places[rows->count].ordinal = row->ordinal;
		rows->before[rows->count++] = row->before == NULL ? NULL :
			hex_of(row->before, SL_HASH_LENGTH);
	}
	MemoryContextSwitchTo(before);
}

static int
compare_ids(const void *a, const void *b)
{
	int64		x = *(const int64 *) a;
	int64		y = *(const int64 *) b;

	return (x > y) - (x < y);
}

static void
push_row(JsonbParseState **state, const SlFootprintFact *row,
		 const char *before)
{
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	push_text(state, "change", word_of(row->change));
	push_text(state, "class", row->class);
	push_text(state, "identity", row->identity);
	if (row->definition != NULL)
	{
		push_string(state, WJB_KEY, "definition");
		sl_fact_push_definition(sl_fact_parse(row->class, row->identity,
											  row->definition), state);
	}
	if (before != NULL)
		push_text(state, "before", before);
	if (row->change == 'c')
		push_texts(state, "attributes", row->changed, row->nchanged);
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

/* The rows of one evidence, which are side by side. */
static JsonbValue *
push_footprint(JsonbParseState **state, const Rows *rows, int64 id)
{
	SlFootprintFact *facts;
	int			first = 0;
	int			last = rows->count;
	int			count;
	int			i;

	while (first < last)
	{
		int			middle = first + (last - first) / 2;

		if (rows->places[middle].evidence_id < id)
			first = middle + 1;
		else
			last = middle;
	}
	while (last < rows->count && rows->places[last].evidence_id == id)
		last++;
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	facts = sl_footprint_fetch(rows->places + first, last - first, &count);
	if (count != last - first)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("footprints were written while they were read"),
				 errhint("Call again.")));
	for (i = 0; i < count; i++)
		push_row(state, &facts[i], rows->before[first + i]);
	return pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

static void
push_revision(JsonbParseState **state, const SlRevisionRow *row,
			  const char *meaning, const Rows *rows, int64 evidence)
{
	JsonbValue	flag;

	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	push_text(state, "revision", row->revision);
	push_text(state, "kind", sl_kind_name(row->kind));
	push_texts(state, "parents", row->parents, row->nparents);
	push_texts(state, "replaces", row->replaces, row->nreplaces);
	push_string(state, WJB_KEY, "data");
	flag.type = jbvBool;
	flag.val.boolean = row->has_data;
	pushJsonbValue(state, WJB_VALUE, &flag);
	if (meaning != NULL && meaning[0] != '\0')
		push_text(state, "meaning", meaning);
	if (evidence != 0)
	{
		push_string(state, WJB_KEY, "footprint");
		(void) push_footprint(state, rows, evidence);
	}
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

static Jsonb *
make_manifest(void)
{
	JsonbParseState *state = NULL;
	SlRevisionRow *revisions;
	SlEvidenceRow *evidences;
	List	   *unknown;
	Rows		rows = {CurrentMemoryContext};
	JsonbValue	server;
	int64	   *best;
	int64	   *sorted;
	int			nrevisions;
	int			nevidences;
	int			i;

	revisions = sl_registry_read(false, &nrevisions, &unknown);
	evidences = sl_evidence_sorted(&nevidences);
	best = palloc0_array(int64, nrevisions + 1);
	sorted = palloc_array(int64, nrevisions + 1);
	for (i = 0; i < nrevisions; i++)
	{
		SlEvidenceRange range = sl_evidence_of(evidences, nevidences,
											   revisions[i].revision);
		const SlEvidenceRow *row = sl_evidence_best(&range, 0);

		if (row == NULL)
			continue;
		best[i] = row->id;
		sorted[rows.nids++] = row->id;
	}
	qsort(sorted, rows.nids, sizeof(int64), compare_ids);
	rows.ids = sorted;
	sl_footprint_read(take_row, &rows);

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	push_text(&state, "format", MANIFEST_FORMAT);
	push_string(&state, WJB_KEY, "server");
	server.type = jbvNumeric;
	server.val.numeric = int64_to_numeric(PG_VERSION_NUM / 10000);
	pushJsonbValue(&state, WJB_VALUE, &server);
	push_string(&state, WJB_KEY, "revisions");
	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	for (i = 0; i < nrevisions; i++)
	{
		SlRegistryEntry *entry = sl_registry_get(revisions[i].revision,
												 false);

		CHECK_FOR_INTERRUPTS();
		push_revision(&state, &revisions[i],
					  entry == NULL || entry->up == NULL ? NULL :
					  entry->meaning, &rows, best[i]);
	}
	pushJsonbValue(&state, WJB_END_ARRAY, NULL);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* sl_manifest() */
Datum
sl_manifest(PG_FUNCTION_ARGS)
{
	Jsonb	   *manifest;

	/* all of it as of one moment */
	PushActiveSnapshot(GetLatestSnapshot());
	manifest = make_manifest();
	PopActiveSnapshot();
	PG_RETURN_JSONB_P(manifest);
}

/*-------------------------------------------------------------------------
 * Reading one
 *-------------------------------------------------------------------------
 */

static void
bad_manifest(const char *path, const char *detail)
{
	ereport(ERROR,
			(errcode(SL_ERR_BAD_INPUT),
			 errmsg("this is not a manifest: %s", path),
			 errdetail("%s", detail),
			 errhint("Documents of this form come from sl_manifest().")));
}

/* What is under a key; NULL: nothing is. */
static JsonbValue *
value_of(JsonbContainer *object, const char *key)
{
	return getKeyJsonValueFromContainer(object, key, strlen(key), NULL);
}

static char *
string_of(const JsonbValue *value)
{
	return pnstrdup(value->val.string.val, value->val.string.len);
}

static char *
text_at(JsonbContainer *object, const char *path, const char *key,
		bool missing_ok)
{
	JsonbValue *value = value_of(object, key);

	if (value == NULL && missing_ok)
		return NULL;
	if (value == NULL || value->type != jbvString ||
		value->val.string.len == 0)
		bad_manifest(psprintf("%s.%s", path, key),
					 _("It must be a string with something in it."));
	return string_of(value);
}

/* An array, or with missing_ok NULL. */
static JsonbContainer *
array_at(JsonbContainer *object, const char *path, const char *key,
		 bool missing_ok)
{
	JsonbValue *value = value_of(object, key);

	if (value == NULL && missing_ok)
		return NULL;
	if (value == NULL || value->type != jbvBinary ||
		!JsonContainerIsArray(value->val.binary.data) ||
		JsonContainerIsScalar(value->val.binary.data))
		bad_manifest(psprintf("%s.%s", path, key), _("It must be a list."));
	return value->val.binary.data;
}

static JsonbContainer *
object_in(JsonbContainer *array, uint32 i, const char *path)
{
	JsonbValue *value = getIthJsonbValueFromContainer(array, i);

	if (value == NULL || value->type != jbvBinary ||
		!JsonContainerIsObject(value->val.binary.data))
		bad_manifest(path, _("It must be an object."));
	return value->val.binary.data;
}

static char **
texts_at(JsonbContainer *object, const char *path, const char *key,
		 int *count)
{
	JsonbContainer *array = array_at(object, path, key, false);
	char	  **texts;
	uint32		i;

	*count = JsonContainerSize(array);
	texts = palloc_array(char *, *count + 1);
	for (i = 0; i < (uint32) *count; i++)
	{
		JsonbValue *value = getIthJsonbValueFromContainer(array, i);

		if (value->type != jbvString || value->val.string.len == 0)
			bad_manifest(psprintf("%s.%s[%u]", path, key, i),
						 _("It must be a string with something in it."));
		texts[i] = string_of(value);
	}
	return texts;
}

/* The attributes of a fact: as sl_fact_parse() wants them. */
static Jsonb *
definition_at(JsonbContainer *object, const char *path)
{
	JsonbValue *value = value_of(object, "definition");
	JsonbIterator *it;
	JsonbValue	item;
	Jsonb	   *definition;
	char	   *key = NULL;
	JsonbIteratorToken token;

	if (value == NULL || value->type != jbvBinary ||
		!JsonContainerIsObject(value->val.binary.data))
		bad_manifest(psprintf("%s.definition", path),
					 _("It must be an object."));
	definition = JsonbValueToJsonb(value);
	it = JsonbIteratorInit(&definition->root);
	(void) JsonbIteratorNext(&it, &item, false);
	while ((token = JsonbIteratorNext(&it, &item, false)) != WJB_END_OBJECT)
	{
		if (token == WJB_KEY)
			key = string_of(&item);
		else if (token == WJB_END_ARRAY || token == WJB_BEGIN_ARRAY)
			continue;
		else if (token == WJB_BEGIN_OBJECT ||
				 (item.type != jbvString &&
				  (token == WJB_ELEM || item.type != jbvBool)))
			bad_manifest(psprintf("%s.definition.%s", path, key),
						 _("An attribute must be a string, a boolean or a list of strings."));
	}
	return definition;
}

static const uint8 *
hash_at(JsonbContainer *object, const char *path)
{
	char	   *hex = text_at(object, path, "before", false);
	uint8	   *bytes = palloc(SL_HASH_LENGTH);

	if (strlen(hex) != SL_HASH_LENGTH * 2 ||
		strspn(hex, "0123456789abcdef") != SL_HASH_LENGTH * 2)
		bad_manifest(psprintf("%s.before", path),
					 psprintf(_("It must be %d bytes in hexadecimal."),
							  SL_HASH_LENGTH));
	(void) hex_decode(hex, SL_HASH_LENGTH * 2, (char *) bytes);
	return bytes;
}

static char
change_at(JsonbContainer *object, const char *path)
{
	char	   *word = text_at(object, path, "change", false);
	int			i;

	for (i = 0; i < (int) lengthof(changes); i++)
		if (strcmp(changes[i].word, word) == 0)
			return changes[i].change;
	bad_manifest(psprintf("%s.change", path),
				 _("It must be added, replaced, changed or dropped."));
	return 0;					/* keep the compiler quiet */
}

/* One row of a footprint. */
static void
parse_row(JsonbContainer *object, const char *path, SlFootprintRow *row)
{
	SlFactKey  *key = palloc_object(SlFactKey);
	char	  **names;
	int			i;

	memset(row, 0, sizeof(*row));
	row->change = change_at(object, path);
	row->class = text_at(object, path, "class", false);
	row->identity = text_at(object, path, "identity", false);
	sl_fact_key(row->class, row->identity, key);
	row->key = key->bytes;
	if (row->change != 'd')
	{
		SlFactHash *hash = palloc_object(SlFactHash);

		row->definition = definition_at(object, path);
		sl_fact_hash(sl_fact_parse(row->class, row->identity,
								   row->definition), hash);
		row->after = (const uint8 *) hash;
	}
	if (row->change != 'c')
		return;
	row->before = hash_at(object, path);
	names = texts_at(object, path, "attributes", &row->nchanged);
	for (i = 0; i < row->nchanged; i++)
		if (strspn(names[i], "abcdefghijklmnopqrstuvwxyz_") !=
			strlen(names[i]))
			bad_manifest(psprintf("%s.attributes[%d]", path, i),
						 _("It must be the name of an attribute."));
	row->changed = (const char **) names;
}

/* A revision of the document. */
typedef struct Entry
{
	const char *revision;
	const char *meaning;		/* NULL: external */
	JsonbContainer *footprint;	/* NULL: there is none */
	SlFootprintRow *rows;
	int			nrows;
} Entry;

static void
parse_footprint(Entry *entry, const char *path)
{
	int			i;

	entry->nrows = JsonContainerSize(entry->footprint);
	entry->rows = MemoryContextAllocHuge(CurrentMemoryContext,
										 sizeof(SlFootprintRow) *
										 (entry->nrows + 1));
	for (i = 0; i < entry->nrows; i++)
	{
		char	   *where = psprintf("%s.footprint[%d]", path, i);

		CHECK_FOR_INTERRUPTS();
		parse_row(object_in(entry->footprint, i, where), where,
				  &entry->rows[i]);
	}
}

static void
parse_entry(JsonbContainer *object, const char *path, Entry *entry)
{
	JsonbValue *data = value_of(object, "data");
	char	   *kind = text_at(object, path, "kind", false);
	SlKind		parsed;
	int			count;

	memset(entry, 0, sizeof(*entry));
	entry->revision = text_at(object, path, "revision", false);
	if (!sl_kind_parse(kind, &parsed))
		bad_manifest(psprintf("%s.kind", path),
					 _("It must be versioned, repeatable, seed or baseline."));
	(void) texts_at(object, path, "parents", &count);
	(void) texts_at(object, path, "replaces", &count);
	if (data == NULL || data->type != jbvBool)
		bad_manifest(psprintf("%s.data", path), _("It must be a boolean."));
	entry->meaning = text_at(object, path, "meaning", true);
	entry->footprint = array_at(object, path, "footprint", true);
	if (entry->footprint != NULL)
		parse_footprint(entry, path);
}

static int
compare_entries(const void *a, const void *b)
{
	return strcmp(((const Entry *) a)->revision,
				  ((const Entry *) b)->revision);
}

static bool
is_this_server(Numeric number)
{
	Numeric		major = int64_to_numeric(PG_VERSION_NUM / 10000);

	return DatumGetBool(DirectFunctionCall2(numeric_eq,
											NumericGetDatum(number),
											NumericGetDatum(major)));
}

static void
check_head(Jsonb *manifest)
{
	JsonbContainer *root = &manifest->root;
	JsonbValue *server;

	if (!JB_ROOT_IS_OBJECT(manifest))
		bad_manifest("$", _("It must be an object."));
	if (strcmp(text_at(root, "$", "format", false), MANIFEST_FORMAT) != 0)
		bad_manifest("$.format", _("It must be \"sl-manifest-1\"."));
	server = value_of(root, "server");
	if (server == NULL || server->type != jbvNumeric)
		bad_manifest("$.server",
					 _("It must be the server's major version, a number."));
	if (!is_this_server(server->val.numeric))
		bad_manifest("$.server",
					 psprintf(_("It comes from another major version of PostgreSQL, which may write the same facts differently; this is %d."),
							  PG_VERSION_NUM / 10000));
}

/* All of it, by revision; SL009 if it is none. */
static Entry *
parse_manifest(Jsonb *manifest, int *count)
{
	JsonbContainer *array;
	Entry	   *entries;
	int			i;

	check_head(manifest);
	array = array_at(&manifest->root, "$", "revisions", false);
	*count = JsonContainerSize(array);
	entries = palloc_array(Entry, *count + 1);
	for (i = 0; i < *count; i++)
	{
		char	   *path = psprintf("$.revisions[%d]", i);

		parse_entry(object_in(array, i, path), path, &entries[i]);
	}
	qsort(entries, *count, sizeof(Entry), compare_entries);
	for (i = 1; i < *count; i++)
		if (strcmp(entries[i - 1].revision, entries[i].revision) == 0)
			bad_manifest("$.revisions",
						 psprintf(_("Revision \"%s\" is in it twice."),
								  entries[i].revision));
	return entries;
}

/*-------------------------------------------------------------------------
 * Importing one
 *-------------------------------------------------------------------------
 */

/* Does an evidence say the same as the document? */
static bool
is_same_footprint(const Entry *entry, int64 id)
{
	MemoryContext cxt = AllocSetContextCreate(CurrentMemoryContext,
											  "schema_lifecycle manifest",
											  ALLOCSET_DEFAULT_SIZES);
	MemoryContext before = MemoryContextSwitchTo(cxt);
	JsonbParseState *state = NULL;
	Rows		rows = {cxt};
	Jsonb	   *known;
	bool		result;

	rows.ids = &id;
	rows.nids = 1;
	sl_footprint_read_one(id, take_row, &rows);
	known = JsonbValueToJsonb(push_footprint(&state, &rows, id));
	result = compareJsonbContainers(&known->root, entry->footprint) == 0;
	MemoryContextSwitchTo(before);
	MemoryContextDelete(cxt);
	return result;
}

static void
put_footprint(Entry *entry, const char *meaning, int64 id)
{
	SlEvidence	evidence = {0};
	int			i;

	evidence.id = id;
	evidence.revision = entry->revision;
	evidence.evidence = EVIDENCE_IMPORTED;
	evidence.meaning = meaning;
	evidence.complete = true;
	evidence.brought = true;
	sl_evidence_put(&evidence);
	for (i = 0; i < entry->nrows; i++)
	{
		entry->rows[i].evidence_id = id;
		entry->rows[i].ordinal = i + 1;
	}
	if (entry->nrows > 0)
		sl_footprint_append(entry->rows, entry->nrows);
}

/*
 * Take one over, and say what became of it.  What is known better here, from
 * a run or a rehearsal, stays; and of another script nothing is believed.
 */
static const char *
import_entry(Entry *entry, const SlEvidenceRow *evidences, int nevidences,
			 int64 *next_id)
{
	SlRegistryEntry *registered = sl_registry_get(entry->revision, true);
	SlEvidenceRange range = sl_evidence_of(evidences, nevidences,
										   entry->revision);
	const SlEvidenceRow *best = sl_evidence_best(&range, 0);
	const char *meaning = entry->meaning == NULL ? "" : entry->meaning;
	bool		imported;

	if (entry->footprint == NULL)
		return "no_footprint";
	if (registered != NULL && registered->up == NULL)
		meaning = registered->meaning;
	else if (registered != NULL && strcmp(registered->meaning, meaning) != 0)
		return "other_script";
	imported = best != NULL && strcmp(best->evidence, EVIDENCE_IMPORTED) == 0;
	if (best != NULL && is_same_footprint(entry, best->id))
		return imported ? "unchanged" : "known";
	if (best != NULL && !imported)
		return "differs";
	if (imported)
		sl_evidence_forget_imported(entry->revision);
	put_footprint(entry, meaning, (*next_id)++);
	return imported ? "updated" : "imported";
}

/* sl_import_manifest(manifest) */
Datum
sl_import_manifest(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SlEvidenceRow *evidences;
	Entry	   *entries;
	int64		next_id;
	int			nevidences;
	int			count;
	int			i;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		bad_manifest("$", _("It must not be null."));
	sl_words_begin("sl_import_manifest");
	entries = parse_manifest(PG_GETARG_JSONB_P(0), &count);
	PushActiveSnapshot(GetLatestSnapshot());
	evidences = sl_evidence_sorted(&nevidences);
	PopActiveSnapshot();
	next_id = sl_evidence_next_id();
	for (i = 0; i < count; i++)
	{
		Datum		values[2];
		bool		nulls[2] = {false, false};

		CHECK_FOR_INTERRUPTS();
		values[0] = CStringGetTextDatum(entries[i].revision);
		PushActiveSnapshot(GetLatestSnapshot());
		values[1] = CStringGetTextDatum(import_entry(&entries[i], evidences,
													 nevidences, &next_id));
		PopActiveSnapshot();
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}
