/*-------------------------------------------------------------------------
 *
 * textsearch.c
 *	  Text search configurations, dictionaries, parsers and templates.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/textsearch.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/pg_ts_config.h"
#include "catalog/pg_ts_config_map.h"
#include "catalog/pg_ts_dict.h"
#include "catalog/pg_ts_parser.h"
#include "catalog/pg_ts_template.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "catalog/catalog_private.h"

/* The qualified name in a row of a syscache keyed by OID. */
static char *
name_in(SlScan *scan, int cache, Oid oid, AttrNumber name,
		AttrNumber namespace)
{
	HeapTuple	tuple = SearchSysCache1(cache, ObjectIdGetDatum(oid));
	Datum		datum;
	Oid			schema;
	char	   *result;
	bool		isnull;

	if (!HeapTupleIsValid(tuple))
		sl_vanished();
	schema = DatumGetObjectId(SysCacheGetAttr(cache, tuple, namespace,
											  &isnull));
	datum = SysCacheGetAttr(cache, tuple, name, &isnull);
	result = sl_qualified(scan, schema, NameStr(*DatumGetName(datum)));
	ReleaseSysCache(tuple);
	return result;
}

/*
 * For each token type its dictionaries, in their order.  Token types go by
 * number: their names are known to a function of the parser alone, which may
 * be anybody's and is not called.
 */
static void
put_mappings(SlScan *scan, Oid config)
{
	Relation	catalog = table_open(TSConfigMapRelationId, AccessShareLock);
	Relation	index = index_open(TSConfigMapIndexId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc rows;
	HeapTuple	tuple;
	List	   *mappings = NIL;
	StringInfoData text;
	int			last = -1;

	initStringInfo(&text);
	ScanKeyInit(&key, Anum_pg_ts_config_map_mapcfg, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(config));
	rows = systable_beginscan_ordered(catalog, index, scan->snapshot, 1,
									  &key);
	while (HeapTupleIsValid(tuple =
							systable_getnext_ordered(rows,
													 ForwardScanDirection)))
	{
		Form_pg_ts_config_map form = (Form_pg_ts_config_map) GETSTRUCT(tuple);
		char	   *name = name_in(scan, TSDICTOID, form->mapdict,
								   Anum_pg_ts_dict_dictname,
								   Anum_pg_ts_dict_dictnamespace);

		if (form->maptokentype == last)
		{
			appendStringInfo(&text, ", %s", name);
			continue;
		}
		if (last >= 0)
			mappings = lappend(mappings, pstrdup(text.data));
		last = form->maptokentype;
		resetStringInfo(&text);
		appendStringInfo(&text, "%d: %s", last, name);
	}
	if (last >= 0)
		mappings = lappend(mappings, pstrdup(text.data));
	systable_endscan_ordered(rows);
	index_close(index, AccessShareLock);
	table_close(catalog, AccessShareLock);
	sl_put_list(scan, "mappings", mappings);
}

/* A row of pg_ts_config. */
void
sl_row_ts_config(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_ts_config form = (Form_pg_ts_config) GETSTRUCT(tuple);

	if (!sl_is_managed(scan, TSConfigRelationId, form->oid,
					   form->cfgnamespace))
		return;
	if (!sl_fact_begin(scan, "text search configuration",
					   sl_qualified(scan, form->cfgnamespace,
									NameStr(form->cfgname))))
		return;
	sl_put(scan, "parser", name_in(scan, TSPARSEROID, form->cfgparser,
								   Anum_pg_ts_parser_prsname,
								   Anum_pg_ts_parser_prsnamespace));
	put_mappings(scan, form->oid);
	sl_put_comment(scan, TSConfigRelationId, form->oid, 0);
	sl_put_owner(scan, form->cfgowner);
	sl_fact_end(scan);
}

/* A row of pg_ts_dict. */
void
sl_row_ts_dict(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_ts_dict form = (Form_pg_ts_dict) GETSTRUCT(tuple);
	Datum		datum;
	bool		isnull;

	if (!sl_is_managed(scan, TSDictionaryRelationId, form->oid,
					   form->dictnamespace))
		return;
	if (!sl_fact_begin(scan, "text search dictionary",
					   sl_qualified(scan, form->dictnamespace,
									NameStr(form->dictname))))
		return;
	sl_put(scan, "template", name_in(scan, TSTEMPLATEOID, form->dicttemplate,
									 Anum_pg_ts_template_tmplname,
									 Anum_pg_ts_template_tmplnamespace));
	datum = SL_GET(Anum_pg_ts_dict_dictinitoption);
	if (!isnull)
		sl_put(scan, "options", TextDatumGetCString(datum));
	sl_put_comment(scan, TSDictionaryRelationId, form->oid, 0);
	sl_put_owner(scan, form->dictowner);
	sl_fact_end(scan);
}

/* A row of pg_ts_parser. */
void
sl_row_ts_parser(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_ts_parser form = (Form_pg_ts_parser) GETSTRUCT(tuple);

	if (!sl_is_managed(scan, TSParserRelationId, form->oid,
					   form->prsnamespace))
		return;
	if (!sl_fact_begin(scan, "text search parser",
					   sl_qualified(scan, form->prsnamespace,
									NameStr(form->prsname))))
		return;
	sl_put(scan, "start", sl_function_name(scan, form->prsstart));
	sl_put(scan, "token", sl_function_name(scan, form->prstoken));
	sl_put(scan, "end", sl_function_name(scan, form->prsend));
	sl_put(scan, "headline", sl_function_name(scan, form->prsheadline));
	sl_put(scan, "token_types", sl_function_name(scan, form->prslextype));
	sl_put_comment(scan, TSParserRelationId, form->oid, 0);
	sl_fact_end(scan);
}

/* A row of pg_ts_template. */
void
sl_row_ts_template(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_ts_template form = (Form_pg_ts_template) GETSTRUCT(tuple);

	if (!sl_is_managed(scan, TSTemplateRelationId, form->oid,
					   form->tmplnamespace))
		return;
	if (!sl_fact_begin(scan, "text search template",
					   sl_qualified(scan, form->tmplnamespace,
									NameStr(form->tmplname))))
		return;
	sl_put(scan, "init", sl_function_name(scan, form->tmplinit));
	sl_put(scan, "lexize", sl_function_name(scan, form->tmpllexize));
	sl_put_comment(scan, TSTemplateRelationId, form->oid, 0);
	sl_fact_end(scan);
}
