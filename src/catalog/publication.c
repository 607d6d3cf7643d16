/*-------------------------------------------------------------------------
 *
 * publication.c
 *	  Publications and subscriptions.
 *
 * How a subscription connects is a secret, and where it connects to belongs
 * to the server and not to the schema: neither is a fact.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/publication.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/pg_publication.h"
#include "catalog/pg_publication_namespace.h"
#include "catalog/pg_publication_rel.h"
#include "catalog/pg_subscription.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"

#include "catalog/catalog_private.h"

static int
compare_names(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/* Published tables, with their columns and filters. */
static void
put_tables(SlScan *scan, Oid publication)
{
	Relation	catalog = table_open(PublicationRelRelationId,
									 AccessShareLock);
	TupleDesc	desc = RelationGetDescr(catalog);
	ScanKeyData key;
	SysScanDesc rows;
	HeapTuple	tuple;
	List	   *tables = NIL;

	ScanKeyInit(&key, Anum_pg_publication_rel_prpubid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(publication));
	rows = systable_beginscan(catalog, PublicationRelPrpubidIndexId, true,
							  scan->snapshot, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(rows)))
	{
		Form_pg_publication_rel form =
			(Form_pg_publication_rel) GETSTRUCT(tuple);
		SlRelation *rel = sl_relation(scan, form->prrelid);
		StringInfoData text;
		List	   *columns;
		ListCell   *cell;
		Datum		datum;
		bool		isnull;

		initStringInfo(&text);
		appendStringInfoString(&text, rel->identity);
		datum = SL_GET(Anum_pg_publication_rel_prattrs);
		columns = sl_column_names(scan, rel, datum, isnull);
		/* the server has them in the order of the table, which is no fact */
		list_sort(columns, compare_names);
		foreach(cell, columns)
			appendStringInfo(&text, "%s%s",
							 cell == list_head(columns) ? " (" : ", ",
							 (char *) lfirst(cell));
		if (columns != NIL)
			appendStringInfoChar(&text, ')');
		datum = SL_GET(Anum_pg_publication_rel_prqual);
		if (!isnull)
			appendStringInfo(&text, " WHERE %s",
							 sl_expression(scan, datum, rel));
		tables = lappend(tables, text.data);
	}
	systable_endscan(rows);
	table_close(catalog, AccessShareLock);
	sl_put_sorted(scan, "tables", tables);
}

static void
put_schemas(SlScan *scan, Oid publication)
{
	Relation	catalog = table_open(PublicationNamespaceRelationId,
									 AccessShareLock);
	SysScanDesc rows;
	HeapTuple	tuple;
	List	   *schemas = NIL;

	/* few rows, and no index that begins with the publication */
	rows = systable_beginscan(catalog, InvalidOid, false, scan->snapshot, 0,
							  NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(rows)))
	{
		Form_pg_publication_namespace form =
			(Form_pg_publication_namespace) GETSTRUCT(tuple);
		const char *name;

		if (form->pnpubid != publication)
			continue;
		name = sl_schema_name(scan, form->pnnspid);
		schemas = lappend(schemas, pstrdup(quote_identifier(name)));
	}
	systable_endscan(rows);
	table_close(catalog, AccessShareLock);
	sl_put_sorted(scan, "schemas", schemas);
}

/* A row of pg_publication. */
void
sl_row_publication(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_publication form = (Form_pg_publication) GETSTRUCT(tuple);
	List	   *published = NIL;

	if (!sl_is_users(scan, PublicationRelationId, form->oid))
		return;
	if (!sl_fact_begin(scan, "publication",
					   pstrdup(quote_identifier(NameStr(form->pubname)))))
		return;
	if (form->pubinsert)
		published = lappend(published, "insert");
	if (form->pubupdate)
		published = lappend(published, "update");
	if (form->pubdelete)
		published = lappend(published, "delete");
	if (form->pubtruncate)
		published = lappend(published, "truncate");
	sl_put_list(scan, "publish", published);
	sl_put_true(scan, "all_tables", form->puballtables);
	sl_put_true(scan, "via_partition_root", form->pubviaroot);
#if PG_VERSION_NUM >= 180000
	sl_put_true(scan, "generated_columns", form->pubgencols != 'n');
#endif
	put_tables(scan, form->oid);
	put_schemas(scan, form->oid);
	sl_put_comment(scan, PublicationRelationId, form->oid, 0);
	sl_put_owner(scan, form->pubowner);
	sl_fact_end(scan);
}

static const char *
streaming_word(Form_pg_subscription form)
{
#if PG_VERSION_NUM >= 160000
	static const char *const words[] = {
		"f", "off", "t", "on", "p", "parallel", NULL
	};

	return sl_char_word(words, form->substream);
#else
	return form->substream ? "on" : "off";
#endif
}

/* A row of pg_subscription, which all databases share. */
void
sl_row_subscription(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_subscription form = (Form_pg_subscription) GETSTRUCT(tuple);
	Datum		datum;
	bool		isnull;

	if (form->subdbid != MyDatabaseId ||
		!sl_is_users(scan, SubscriptionRelationId, form->oid))
		return;
	if (!sl_fact_begin(scan, "subscription",
					   pstrdup(quote_identifier(NameStr(form->subname)))))
		return;
	sl_put_bool(scan, "enabled", form->subenabled);
	sl_put_true(scan, "binary", form->subbinary);
	sl_put(scan, "streaming", streaming_word(form));
	/* pending and enabled are two states of one wish */
	sl_put_true(scan, "two_phase", form->subtwophasestate != 'd');
	sl_put_true(scan, "disable_on_error", form->subdisableonerr);
	datum = SL_GET(Anum_pg_subscription_subslotname);
	if (!isnull)
		sl_put(scan, "slot", pstrdup(NameStr(*DatumGetName(datum))));
	datum = SL_GET(Anum_pg_subscription_subsynccommit);
	if (!isnull)
		sl_put(scan, "synchronous_commit", TextDatumGetCString(datum));
	datum = SL_GET(Anum_pg_subscription_subpublications);
	sl_put_array(scan, "publications", datum, isnull);
#if PG_VERSION_NUM >= 160000
	sl_put_true(scan, "run_as_owner", form->subrunasowner);
	sl_put_bool(scan, "password_required", form->subpasswordrequired);
	datum = SL_GET(Anum_pg_subscription_suborigin);
	if (!isnull)
		sl_put(scan, "origin", TextDatumGetCString(datum));
#endif
#if PG_VERSION_NUM >= 170000
	sl_put_true(scan, "failover", form->subfailover);
#endif
	sl_put_comment(scan, SubscriptionRelationId, form->oid, 0);
	sl_put_owner(scan, form->subowner);
	sl_fact_end(scan);
}
