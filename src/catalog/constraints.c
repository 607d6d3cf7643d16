/*-------------------------------------------------------------------------
 *
 * constraints.c
 *	  Constraints of tables and of domains.
 *
 * What a partition or an inheriting table has from its parent is the parent's
 * alone.  The index of a constraint is part of it.  Constraint triggers are
 * triggers; NOT NULL is the column's.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/constraints.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/syscache.h"

#include "catalog/catalog_private.h"

static const char *const kind_words[] = {
	"p", "primary key", "u", "unique", "f", "foreign key", "c", "check",
	"x", "exclude", NULL
};
static const char *const action_words[] = {
	"r", "restrict", "c", "cascade", "n", "set null", "d", "set default", NULL
};
static const char *const match_words[] = {
	"f", "full", "p", "partial", NULL
};

static void
put_foreign_key(SlScan *scan, SlRelation *rel, HeapTuple tuple,
				TupleDesc desc)
{
	Form_pg_constraint form = (Form_pg_constraint) GETSTRUCT(tuple);
	SlRelation *other = sl_relation(scan, form->confrelid);
	Datum		datum;
	bool		isnull;

	sl_put(scan, "references", other->identity);
	datum = SL_GET(Anum_pg_constraint_confkey);
	sl_put_list(scan, "referenced_columns",
				sl_column_names(scan, other, datum, isnull));
	if (form->confmatchtype != FKCONSTR_MATCH_SIMPLE)
		sl_put(scan, "match", sl_char_word(match_words, form->confmatchtype));
	if (form->confupdtype != FKCONSTR_ACTION_NOACTION)
		sl_put(scan, "on_update", sl_char_word(action_words,
											   form->confupdtype));
	if (form->confdeltype != FKCONSTR_ACTION_NOACTION)
		sl_put(scan, "on_delete", sl_char_word(action_words,
											   form->confdeltype));
	datum = SL_GET(Anum_pg_constraint_confdelsetcols);
	sl_put_list(scan, "on_delete_columns",
				sl_column_names(scan, rel, datum, isnull));
}

/* What is kept for each kind. */
static void
put_details(SlScan *scan, SlRelation *rel, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_constraint form = (Form_pg_constraint) GETSTRUCT(tuple);
	Datum		datum;
	bool		isnull;

	if (form->contype == CONSTRAINT_CHECK)
	{
		datum = SL_GET(Anum_pg_constraint_conbin);
		if (!isnull)
			sl_put(scan, "expression", sl_expression(scan, datum, rel));
		sl_put_true(scan, "no_inherit", form->connoinherit);
	}
	else if (form->contype == CONSTRAINT_EXCLUSION)
		sl_put(scan, "definition",
			   sl_call_text(F_PG_GET_CONSTRAINTDEF_OID, 1,
							ObjectIdGetDatum(form->oid), 0, 0));
	else if (rel != NULL)
	{
		datum = SL_GET(Anum_pg_constraint_conkey);
		sl_put_list(scan, "columns",
					sl_column_names(scan, rel, datum, isnull));
	}
	if (form->contype == CONSTRAINT_FOREIGN)
		put_foreign_key(scan, rel, tuple, desc);
	else if (OidIsValid(form->conindid))
		sl_put_constraint_index(scan, form->conindid);
	if (form->contype == CONSTRAINT_FOREIGN ||
		form->contype == CONSTRAINT_CHECK)
		sl_put_bool(scan, "validated", form->convalidated);
#if PG_VERSION_NUM >= 180000
	if (!form->conenforced)
		sl_put_bool(scan, "enforced", false);
	sl_put_true(scan, "period", form->conperiod);
#endif
}

/* A row of pg_constraint. */
void
sl_row_constraint(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_constraint form = (Form_pg_constraint) GETSTRUCT(tuple);
	SlRelation *rel = NULL;
	const char *owner;

	if (scan->full && OidIsValid(form->conindid) &&
		form->contype != CONSTRAINT_FOREIGN)
		(void) hash_search(scan->constraint_indexes, &form->conindid,
						   HASH_ENTER, NULL);
#if PG_VERSION_NUM >= 180000
	if (scan->full && form->contype == CONSTRAINT_NOTNULL &&
		(!form->convalidated || form->connoinherit))
		(void) hash_search(scan->not_nulls, &form->conrelid, HASH_ENTER,
						   NULL);
#endif
	if (strchr("pufcx", form->contype) == NULL)
		return;
	if (OidIsValid(form->conparentid) || !form->conislocal)
		return;
	if (OidIsValid(form->conrelid))
	{
		rel = hash_search(scan->relations, &form->conrelid, HASH_FIND, NULL);
		if (rel == NULL && !scan->full)
			rel = sl_relation(scan, form->conrelid);
		if (rel == NULL || !rel->managed)
			return;
		owner = rel->identity;
	}
	else
	{
		HeapTuple	row;
		Form_pg_type type;
		bool		managed;

		row = SearchSysCache1(TYPEOID, ObjectIdGetDatum(form->contypid));
		if (!HeapTupleIsValid(row))
			sl_vanished();
		type = (Form_pg_type) GETSTRUCT(row);
		managed = sl_is_managed(scan, TypeRelationId, type->oid,
								type->typnamespace);
		owner = sl_qualified(scan, type->typnamespace,
							 NameStr(type->typname));
		ReleaseSysCache(row);
		if (!managed)
			return;
	}
	if (!sl_fact_begin(scan, rel != NULL ? "constraint" : "domain constraint",
					   sl_within(owner, NameStr(form->conname))))
		return;
	sl_put(scan, "kind", sl_char_word(kind_words, form->contype));
	sl_put_true(scan, "deferrable", form->condeferrable);
	sl_put_true(scan, "deferred", form->condeferred);
	put_details(scan, rel, tuple, desc);
	sl_put_comment(scan, ConstraintRelationId, form->oid, 0);
	sl_fact_end(scan);
}
