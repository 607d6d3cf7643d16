/*-------------------------------------------------------------------------
 *
 * size.c
 *	  Has a table few rows?
 *
 * As the planner does: how long the table's file is by now, times the rows
 * on a page when it was last vacuumed or analyzed.  The file is asked for its
 * length without opening the relation, which would take a lock.  A table
 * that is not known has many rows: where there is no table to look at, a
 * linter says what it would say of a large one.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/lint/size.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/stat.h>

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_tablespace.h"
#include "miscadmin.h"
#include "storage/bufpage.h"
#include "utils/syscache.h"

#include "lint/lint_private.h"

/* What is scanned in the time of a few statements. */
#define FEW_ROWS	10000
#define FEW_PAGES	1000

/* rows of a page that nobody has counted */
#define ROWS_PER_PAGE 60

/* The pages of one relation, no more than are few; -1: it has no file. */
static double
count_pages(Form_pg_class form)
{
	Oid			tablespace = form->reltablespace;
	struct stat status;

	if (form->relfilenode == InvalidOid)
		return -1;
	if (!OidIsValid(tablespace))
		tablespace = MyDatabaseTableSpace;
	if (stat(sl_relation_path(MyDatabaseId, tablespace, form->relfilenode),
			 &status) != 0)
		return -1;

	/* a segment is far more than few pages */
	return (double) (status.st_size / BLCKSZ);
}

/* What is stored beside the rows is written anew with them. */
static double
count_toast_pages(Oid toast)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(toast));
	double		pages;

	if (!HeapTupleIsValid(tuple))
		return 0;
	pages = count_pages((Form_pg_class) GETSTRUCT(tuple));
	ReleaseSysCache(tuple);
	return Max(pages, 0);
}

static void
measure_one(Oid relid, double *rows, double *pages, bool *known)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Form_pg_class form;
	double		length;

	if (!HeapTupleIsValid(tuple))
		return;
	form = (Form_pg_class) GETSTRUCT(tuple);
	length = count_pages(form);
	if (length >= 0)
	{
		*known = true;
		*pages += length + count_toast_pages(form->reltoastrelid);
		*rows += form->reltuples >= 0 && form->relpages > 0 ?
			length * form->reltuples / form->relpages :
			length * ROWS_PER_PAGE;
	}
	else if (RELKIND_HAS_STORAGE(form->relkind))
	{
		/* dropped, rewritten, or out of reach */
		*known = true;
		*pages += form->relpages;
		*rows += Max(form->reltuples, 0);
	}
	ReleaseSysCache(tuple);
}

/* Fill in what the rules ask about the rows of a table. */
void
sl_lint_table_measure(SlTable *table)
{
	double		rows = 0;
	double		pages = 0;
	bool		known = false;
	ListCell   *cell;

	if (table->sized)
		return;
	table->sized = true;
	table->has_rows = true;
	if (!OidIsValid(table->relid))
		return;

	/* ALTER TABLE goes down to partitions and children */
	foreach(cell, find_all_inheritors(table->relid, NoLock, NULL))
		measure_one(lfirst_oid(cell), &rows, &pages, &known);

	/* without a partition it has none */
	if (table->relkind == RELKIND_PARTITIONED_TABLE)
		known = true;
	if (!known)
		return;
	table->has_rows = pages > 0;
	table->few_rows = rows <= FEW_ROWS && pages <= FEW_PAGES;
}

bool
sl_lint_table_has_few_rows(SlTable *table)
{
	sl_lint_table_measure(table);
	return table->few_rows;
}

/* May there be a row at all? */
bool
sl_lint_table_may_have_rows(SlTable *table)
{
	sl_lint_table_measure(table);
	return table->has_rows;
}

/*
 * How bad is it, what would be so bad of a large table in use?  No matter
 * where nobody can be waiting for it, and no alarm where it is over at once.
 */
SlLintSeverity
sl_lint_weigh(SlTable *table, SlLintSeverity severity)
{
	if (sl_lint_table_is_new(table))
		return SL_SILENT;
	if (sl_lint_table_has_few_rows(table))
		return Min(severity, SL_INFO);
	return severity;
}
