/*-------------------------------------------------------------------------
 *
 * image_inspect.c
 *	  What an image holds, for its tests.
 *
 * Not in the install script: the tests declare these functions themselves.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/image_inspect.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "catalog/image_private.h"

PG_FUNCTION_INFO_V1(sl_inspect_image);
PG_FUNCTION_INFO_V1(sl_inspect_image_errors);
PG_FUNCTION_INFO_V1(sl_inspect_image_facts);

/* (schemas text[], owners boolean, privileges boolean) */
static void
options_of(FunctionCallInfo fcinfo, SlCatalogOptions *options)
{
	Datum	   *elements;
	int			count;
	int			i;

	memset(options, 0, sizeof(*options));
	options->owners = PG_ARGISNULL(1) || PG_GETARG_BOOL(1);
	options->privileges = PG_ARGISNULL(2) || PG_GETARG_BOOL(2);
	if (PG_ARGISNULL(0))
		return;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), TEXTOID, -1, false,
					  TYPALIGN_INT, &elements, NULL, &count);
	for (i = 0; i < count; i++)
		options->schemas = lappend(options->schemas,
								   TextDatumGetCString(elements[i]));
	options->no_schemas = count == 0;
}

/*
 * sl_inspect_image(schemas text[] DEFAULT NULL, owners boolean DEFAULT true,
 *		privileges boolean DEFAULT true, OUT count bigint, OUT effort text,
 *		OUT generation bigint, OUT moved boolean)
 */
Datum
sl_inspect_image(PG_FUNCTION_ARGS)
{
	SlCatalogOptions options;
	SlImage    *image;
	TupleDesc	desc;
	Datum		values[4];
	bool		nulls[4] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	options_of(fcinfo, &options);
	image = sl_image_get(&options);
	values[0] = Int64GetDatum(sl_image_count(image));
	values[1] = CStringGetTextDatum(sl_image_effort(image));
	values[2] = Int64GetDatum(sl_image_generation(image));
	values[3] = BoolGetDatum(sl_image_moved(image));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc),
													  values, nulls)));
}

typedef struct Check
{
	ReturnSetInfo *result;
	SlImage    *image;
	HTAB	   *seen;
} Check;

static void
report(Check *check, const char *problem, const char *class,
	   const char *identity)
{
	Datum		values[3];
	bool		nulls[3] = {false};

	values[0] = CStringGetTextDatum(problem);
	values[1] = CStringGetTextDatum(class);
	values[2] = CStringGetTextDatum(identity);
	tuplestore_putvalues(check->result->setResult, check->result->setDesc,
						 values, nulls);
}

static void
check_fact(const SlFact *fact, void *arg)
{
	Check	   *check = arg;
	SlCatalogOptions all = {NIL, false, true, true};
	const SlEntry *entry;
	SlFactHash	found;
	SlEntry		live;

	sl_entry_make(fact, &live);
	(void) hash_search(check->seen, &live.key, HASH_ENTER, NULL);
	if (!sl_image_find(check->image, &live.key, &found))
	{
		report(check, "not in the image", fact->class, fact->identity);
		return;
	}
	entry = sl_entries_find(&check->image->entries, &live.key);
	if (!sl_fact_hash_equal(&found, &live.hash, &all))
		report(check, "another hash", fact->class, fact->identity);
	else if (memcmp(entry, &live, sizeof(SlEntry)) != 0)
		report(check, "another address", fact->class, fact->identity);
}

/*
 * sl_inspect_image_errors(schemas text[] DEFAULT NULL,
 *		owners boolean DEFAULT true, privileges boolean DEFAULT true,
 *		OUT problem text, OUT class text, OUT identity text)
 *		RETURNS SETOF record
 *
 * The image, brought up to date, held against a full scan.
 */
Datum
sl_inspect_image_errors(PG_FUNCTION_ARGS)
{
	SlCatalogOptions options;
	HASHCTL		ctl;
	Check		check;
	const SlFactKey *key;
	const SlFactHash *hash;
	uint64		position = 0;

	InitMaterializedSRF(fcinfo, 0);
	options_of(fcinfo, &options);
	check.result = (ReturnSetInfo *) fcinfo->resultinfo;
	check.image = sl_image_get(&options);
	ctl.keysize = sizeof(SlFactKey);
	ctl.entrysize = sizeof(SlFactKey);
	ctl.hcxt = CurrentMemoryContext;
	check.seen = hash_create("seen", 1024, &ctl,
							 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	sl_catalog_scan(&options, check_fact, &check);
	while (sl_image_next(check.image, &position, &key, &hash))
	{
		const SlEntry *entry = sl_entries_find(&check.image->entries, key);

		if (hash_search(check.seen, key, HASH_FIND, NULL) == NULL)
			report(&check, "not in the catalog",
				   psprintf("%u", entry->catalog),
				   psprintf("%u %d", entry->object, entry->sub));
	}
	if (sl_image_count(check.image) != hash_get_num_entries(check.seen))
		report(&check, "another count", "", "");
	return (Datum) 0;
}

static void
return_fact(const SlFact *fact, void *arg)
{
	ReturnSetInfo *result = arg;
	Datum		values[3];
	bool		nulls[3] = {false};

	values[0] = CStringGetTextDatum(fact->class);
	values[1] = CStringGetTextDatum(fact->identity);
	values[2] = JsonbPGetDatum(sl_fact_definition(fact));
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * sl_inspect_image_facts(schemas text[], owners boolean, privileges boolean,
 *		classes text[], identities text[], OUT class text, OUT identity text,
 *		OUT definition jsonb) RETURNS SETOF record
 *
 * Read these by way of the image.
 */
Datum
sl_inspect_image_facts(PG_FUNCTION_ARGS)
{
	SlCatalogOptions options;
	SlFactKey  *keys;
	Datum	   *classes;
	Datum	   *identities;
	int			count;
	int			i;

	InitMaterializedSRF(fcinfo, 0);
	options_of(fcinfo, &options);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(3), TEXTOID, -1, false,
					  TYPALIGN_INT, &classes, NULL, &count);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(4), TEXTOID, -1, false,
					  TYPALIGN_INT, &identities, NULL, &count);
	keys = palloc_array(SlFactKey, Max(count, 1));
	for (i = 0; i < count; i++)
		sl_fact_key(TextDatumGetCString(classes[i]),
					TextDatumGetCString(identities[i]), &keys[i]);
	sl_image_facts(sl_image_get(&options), keys, count, return_fact,
				   fcinfo->resultinfo);
	return (Datum) 0;
}
