/*-------------------------------------------------------------------------
 *
 * peek.c
 *	  A look at one row of an own table, without a plan.
 *
 * Fifty processes that start together ask in new sessions whether there is
 * anything to do.  To plan a query costs such a session ten times what it
 * costs to read the row, so what all of them ask is read directly.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/ledger/peek.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/pg_class.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "ledger/peek.h"
#include "ledger/query.h"

/* Nobody but a superuser can have changed the table, but he may have. */
static void
require_columns(const SlPeek *peek, Relation rel, Relation index)
{
	TupleDesc	desc = RelationGetDescr(rel);
	bool		fits = rel->rd_rel->relkind == RELKIND_RELATION &&
		desc->natts >= peek->ncolumns && index->rd_index != NULL &&
		index->rd_index->indrelid == RelationGetRelid(rel) &&
		index->rd_index->indisvalid;
	int			i;

	for (i = 0; i < peek->ncolumns && fits; i++)
		fits = TupleDescAttr(desc, i)->atttypid == peek->types[i];
	if (!fits)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the extension's own table \"%s\" is not as the extension made it",
						peek->table),
				 errhint("Restore it from a dump, or drop the extension and create it again.")));
}

bool
sl_peek(const SlPeek *peek, bool fresh, Datum *values, bool *nulls)
{
	SlExtension extension;
	Relation	rel;
	Relation	index;
	Snapshot	snapshot;
	SysScanDesc scan;
	HeapTuple	tuple;
	int			i;

	sl_extension_get(&extension);
	rel = sl_own_relation_open(&extension, peek->table, AccessShareLock);
	index = sl_own_relation_open(&extension, peek->index, AccessShareLock);
	require_columns(peek, rel, index);
	snapshot = RegisterSnapshot(fresh ? GetLatestSnapshot() :
								GetActiveSnapshot());
	scan = systable_beginscan_ordered(rel, index, snapshot, 0, NULL);
	tuple = systable_getnext_ordered(scan, peek->direction);
	for (i = 0; i < peek->ncolumns && HeapTupleIsValid(tuple); i++)
	{
		Form_pg_attribute column = TupleDescAttr(RelationGetDescr(rel), i);

		values[i] = heap_getattr(tuple, i + 1, RelationGetDescr(rel),
								 &nulls[i]);
		if (!nulls[i])
			values[i] = datumCopy(values[i], column->attbyval,
								  column->attlen);
	}
	systable_endscan_ordered(scan);
	UnregisterSnapshot(snapshot);
	relation_close(index, AccessShareLock);
	relation_close(rel, AccessShareLock);
	return HeapTupleIsValid(tuple);
}
