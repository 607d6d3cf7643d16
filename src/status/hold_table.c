/*-------------------------------------------------------------------------
 *
 * hold_table.c
 *	  Does a requirement hold: columns, constraints and indexes.
 *
 * Of a column, what is not said is not asked.  A constraint or an index is
 * what its statement would make: without ON DELETE it is NO ACTION, without
 * WHERE it has all rows.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/status/hold_table.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_index.h"
#include "catalog/pg_opclass.h"
#include "commands/defrem.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "common/sl_compat.h"
#include "status/require.h"

/* "column public.t.a: type expected ..., actual ..." */
static bool
differs(const SlRequirement *requirement, StringInfo why,
		const char *attribute, const char *expected, const char *actual)
{
	appendStringInfo(why, "column %s.%s: %s expected %s, actual %s",
					 quote_qualified_identifier(requirement->schema,
												requirement->object),
					 quote_identifier(requirement->name), attribute,
					 expected, actual != NULL ? actual : "none");
	return false;
}

/* The row of the column that is named, copied; NULL, and why. */
static HeapTuple
find_column(const SlRequirement *requirement, Oid *relid, StringInfo why)
{
	HeapTuple	tuple;

	*relid = sl_required_table(requirement, why);
	if (!OidIsValid(*relid))
		return NULL;
	tuple = SearchSysCacheCopyAttName(*relid, requirement->name);
	if (!HeapTupleIsValid(tuple) ||
		((Form_pg_attribute) GETSTRUCT(tuple))->attnum < 0)
	{
		appendStringInfo(why, "column %s.%s is missing",
						 quote_qualified_identifier(requirement->schema,
													requirement->object),
						 quote_identifier(requirement->name));
		return NULL;
	}
	return tuple;
}

/* The stored default of a column, or what generates it; NULL for none. */
static Node *
stored_default(Oid relid, AttrNumber attnum)
{
	Relation	rel = table_open(AttrDefaultRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	Node	   *result = NULL;

	ScanKeyInit(&keys[0], Anum_pg_attrdef_adrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(relid));
	ScanKeyInit(&keys[1], Anum_pg_attrdef_adnum, BTEqualStrategyNumber,
				F_INT2EQ, Int16GetDatum(attnum));
	scan = systable_beginscan(rel, AttrDefaultIndexId, true, NULL, 2, keys);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		bool		isnull;
		Datum		tree = heap_getattr(tuple, Anum_pg_attrdef_adbin,
										RelationGetDescr(rel), &isnull);

		if (!isnull)
			result = stringToNode(TextDatumGetCString(tree));
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return result;
}

/* DEFAULT or GENERATED ALWAYS AS, as it was asked for. */
static bool
default_holds(const SlRequirement *requirement, Oid relid,
			  Form_pg_attribute form, const Constraint *wanted,
			  StringInfo why)
{
	bool		generated = wanted->contype == CONSTR_GENERATED;
	const char *what = generated ? "expression" : "default";
	SlExpressionUse use;
	Node	   *actual = NULL;
	char	   *text = NULL;

	if (generated ? form->attgenerated == sl_generated_kind(wanted) :
		form->attgenerated == '\0')
		actual = stored_default(relid, form->attnum);
	if (actual != NULL)
		text = sl_expression_text(relid, actual);

	/* DEFAULT NULL is none at all */
	if (!generated && IsA(wanted->raw_expr, A_Const) &&
		((A_Const *) wanted->raw_expr)->isnull)
		return actual == NULL ||
			differs(requirement, why, what, "none", text);
	use.kind = generated ? EXPR_KIND_GENERATED_COLUMN :
		EXPR_KIND_COLUMN_DEFAULT;
	use.relid = relid;
	use.type = form->atttypid;
	use.typmod = form->atttypmod;
	return (actual != NULL &&
			sl_expression_is(&use, copyObject(wanted->raw_expr), actual)) ||
		differs(requirement, why, what,
				sl_expression_meant(&use, wanted->raw_expr), text);
}

static bool
not_null_holds(const SlRequirement *requirement, Oid relid,
			   Form_pg_attribute form, bool wanted, StringInfo why)
{
	if (form->attnotnull != wanted)
		return differs(requirement, why, "not_null",
					   wanted ? "true" : "false", wanted ? "false" : "true");
	if (wanted && !sl_not_null_is_validated(relid, form->attnum))
		return differs(requirement, why, "not_null_validated", "true",
					   "false");
	return true;
}

/* One of the things that are said behind the type. */
static bool
column_has(const SlRequirement *requirement, Oid relid,
		   Form_pg_attribute form, const Constraint *wanted, StringInfo why)
{
	switch (wanted->contype)
	{
		case CONSTR_NULL:
		case CONSTR_NOTNULL:
			return not_null_holds(requirement, relid, form,
								  wanted->contype == CONSTR_NOTNULL, why);
		case CONSTR_DEFAULT:
		case CONSTR_GENERATED:
			return default_holds(requirement, relid, form, wanted, why);
		default:				/* CONSTR_IDENTITY */
			return form->attidentity == wanted->generated_when ||
				differs(requirement, why, "identity",
						wanted->generated_when == ATTRIBUTE_IDENTITY_ALWAYS ?
						"always" : "by default",
						form->attidentity == '\0' ? "none" :
						form->attidentity == ATTRIBUTE_IDENTITY_ALWAYS ?
						"always" : "by default");
	}
}

/* t.a type ... */
bool
sl_holds_column(const SlRequirement *requirement, StringInfo why)
{
	ColumnDef  *wanted = (ColumnDef *) requirement->tree;
	Oid			relid;
	HeapTuple	tuple = find_column(requirement, &relid, why);
	Form_pg_attribute form;
	Oid			type;
	int32		typmod;
	ListCell   *cell;

	if (tuple == NULL)
		return false;
	form = (Form_pg_attribute) GETSTRUCT(tuple);
	type = sl_required_type(wanted->typeName, &typmod, why);
	if (!OidIsValid(type))
		return false;
	if (type != form->atttypid || typmod != form->atttypmod)
		return differs(requirement, why, "type",
					   format_type_with_typemod(type, typmod),
					   format_type_with_typemod(form->atttypid,
												form->atttypmod));
	if (wanted->collClause != NULL &&
		get_collation_oid(wanted->collClause->collname, true) !=
		form->attcollation)
		return differs(requirement, why, "collation",
					   NameListToString(wanted->collClause->collname),
					   OidIsValid(form->attcollation) ?
					   get_collation_name(form->attcollation) : NULL);
	foreach(cell, wanted->constraints)
		if (!column_has(requirement, relid, form,
						lfirst_node(Constraint, cell), why))
			return false;
	return true;
}

/* not null t.a, nullable t.a */
bool
sl_holds_not_null(const SlRequirement *requirement, StringInfo why)
{
	Oid			relid;
	HeapTuple	tuple = find_column(requirement, &relid, why);

	return tuple != NULL &&
		not_null_holds(requirement, relid,
					   (Form_pg_attribute) GETSTRUCT(tuple),
					   strcmp(requirement->form->words, "not null") == 0,
					   why);
}

/* The numbers of columns in a constraint's row. */
static List *
row_columns(HeapTuple tuple, AttrNumber column)
{
	bool		isnull;
	Datum		datum = SysCacheGetAttr(CONSTROID, tuple, column, &isnull);
	ArrayType  *array;
	List	   *numbers = NIL;
	int16	   *values;
	int			i;

	if (isnull)
		return NIL;
	array = DatumGetArrayTypeP(datum);
	values = (int16 *) ARR_DATA_PTR(array);
	for (i = 0; i < ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)); i++)
		numbers = lappend_int(numbers, values[i]);
	return numbers;
}

/* The same of a list of names; a missing one is number 0. */
static List *
named_columns(Oid relid, List *names)
{
	List	   *numbers = NIL;
	ListCell   *cell;

	foreach(cell, names)
		numbers = lappend_int(numbers,
							  get_attnum(relid, strVal(lfirst(cell))));
	return numbers;
}

static bool
same_set(List *a, List *b)
{
	return list_length(a) == list_length(b) &&
		list_difference_int(a, b) == NIL && list_difference_int(b, a) == NIL;
}

/* The constraints of a table: copied rows of pg_constraint. */
static List *
constraints_of(Oid relid)
{
	Relation	rel = table_open(ConstraintRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *rows = NIL;

	ScanKeyInit(&key, Anum_pg_constraint_conrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(relid));
	scan = systable_beginscan(rel, ConstraintRelidTypidNameIndexId, true,
							  NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		rows = lappend(rows, heap_copytuple(tuple));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return rows;
}

/* A row of pg_index, copied; NULL if it is gone. */
static HeapTuple
index_row(Oid index)
{
	return SearchSysCacheCopy1(INDEXRELID, ObjectIdGetDatum(index));
}

static bool
nulls_not_distinct(Oid index)
{
	HeapTuple	tuple = index_row(index);

	return HeapTupleIsValid(tuple) &&
		((Form_pg_index) GETSTRUCT(tuple))->indnullsnotdistinct;
}

static bool
check_holds(Oid relid, HeapTuple tuple, const Constraint *wanted)
{
	Form_pg_constraint form = (Form_pg_constraint) GETSTRUCT(tuple);
	SlExpressionUse use = {EXPR_KIND_CHECK_CONSTRAINT, relid, InvalidOid, -1};
	bool		isnull;
	Datum		tree = SysCacheGetAttr(CONSTROID, tuple,
									   Anum_pg_constraint_conbin, &isnull);

	return !isnull && form->connoinherit == wanted->is_no_inherit &&
		sl_expression_is(&use, copyObject(wanted->raw_expr),
						 stringToNode(TextDatumGetCString(tree)));
}

static bool
key_holds(Oid relid, HeapTuple tuple, const Constraint *wanted)
{
	Form_pg_constraint form = (Form_pg_constraint) GETSTRUCT(tuple);

	/* the order of the columns says nothing about what is unique */
	return same_set(row_columns(tuple, Anum_pg_constraint_conkey),
					named_columns(relid, wanted->keys)) &&
		nulls_not_distinct(form->conindid) == wanted->nulls_not_distinct;
}

/* What a foreign key refers to if it does not say so. */
static List *
primary_key_of(Oid relid)
{
	ListCell   *cell;

	foreach(cell, constraints_of(relid))
	{
		HeapTuple	tuple = lfirst(cell);

		if (((Form_pg_constraint) GETSTRUCT(tuple))->contype ==
			CONSTRAINT_PRIMARY)
			return row_columns(tuple, Anum_pg_constraint_conkey);
	}
	return NIL;
}

/* Are these the same pairs, in any order? */
static bool
same_pairs(List *a, List *a2, List *b, List *b2)
{
	ListCell   *cell;
	ListCell   *cell2;

	if (list_length(a) != list_length(b) ||
		list_length(a2) != list_length(b2) ||
		list_length(a) != list_length(a2))
		return false;
	forboth(cell, a, cell2, a2)
	{
		ListCell   *other;
		ListCell   *other2;
		bool		found = false;

		forboth(other, b, other2, b2)
			found |= lfirst_int(cell) == lfirst_int(other) &&
			lfirst_int(cell2) == lfirst_int(other2);
		if (!found)
			return false;
	}
	return true;
}

static bool
foreign_key_holds(Oid relid, HeapTuple tuple, const Constraint *wanted)
{
	Form_pg_constraint form = (Form_pg_constraint) GETSTRUCT(tuple);
	Oid			schema = get_namespace_oid(wanted->pktable->schemaname, true);
	Oid			other = get_relname_relid(wanted->pktable->relname, schema);
	List	   *columns = row_columns(tuple, Anum_pg_constraint_conkey);
	List	   *referenced = row_columns(tuple, Anum_pg_constraint_confkey);

	return OidIsValid(other) && form->confrelid == other &&
		same_pairs(columns, referenced,
				   named_columns(relid, wanted->fk_attrs),
				   wanted->pk_attrs == NIL ? primary_key_of(other) :
				   named_columns(other, wanted->pk_attrs)) &&
		form->confmatchtype == wanted->fk_matchtype &&
		form->confupdtype == wanted->fk_upd_action &&
		form->confdeltype == wanted->fk_del_action &&
		same_set(row_columns(tuple, Anum_pg_constraint_confdelsetcols),
				 named_columns(relid, wanted->fk_del_set_cols));
}

/* The kinds of constraints, by the words of their form. */
static const struct
{
	const char *words;
	char		contype;
	bool		(*holds) (Oid relid, HeapTuple tuple,
						  const Constraint *wanted);
}			constraint_kinds[] = {
	{"check", CONSTRAINT_CHECK, check_holds},
	{"foreign key", CONSTRAINT_FOREIGN, foreign_key_holds},
	{"primary key", CONSTRAINT_PRIMARY, key_holds},
	{"unique", CONSTRAINT_UNIQUE, key_holds},
};

/* Whether it is in force, and how; 'wanted' is NULL if only its name is. */
static const char *
constraint_defect(Form_pg_constraint form, const Constraint *wanted)
{
	if (!form->convalidated && (wanted == NULL || !wanted->skip_validation))
		return "is not validated";
	if (!sl_constraint_is_enforced(form))
		return "is not enforced";
	if (wanted != NULL && (form->condeferrable != wanted->deferrable ||
						   form->condeferred != wanted->initdeferred))
		return form->condeferrable ? "is deferrable, or not as required" :
			"is not deferrable";
	return NULL;
}

/* A unique index is as good as a constraint that nobody asked for by name. */
static bool
unique_index_holds(Oid relid, const Constraint *wanted)
{
	List	   *columns = named_columns(relid, wanted->keys);
	ListCell   *cell;

	foreach(cell, sl_indexes_of(relid))
	{
		HeapTuple	tuple = lfirst(cell);
		Form_pg_index form = (Form_pg_index) GETSTRUCT(tuple);
		List	   *numbers = NIL;
		int			i;

		if (!form->indisunique || !form->indisvalid || !form->indisready ||
			!form->indislive || !form->indimmediate ||
			form->indnullsnotdistinct != wanted->nulls_not_distinct ||
			!heap_attisnull(tuple, Anum_pg_index_indpred, NULL))
			continue;
		for (i = 0; i < form->indnkeyatts; i++)
			numbers = lappend_int(numbers, form->indkey.values[i]);
		if (same_set(numbers, columns))
			return true;
	}
	return false;
}

/* check, unique, primary key, foreign key */
bool
sl_holds_constraint(const SlRequirement *requirement, StringInfo why)
{
	const Constraint *wanted = (const Constraint *) requirement->tree;
	const char *words = requirement->form->words;
	const char *table = quote_qualified_identifier(requirement->schema,
												   requirement->object);
	const char *defect = NULL;
	Oid			relid = sl_required_table(requirement, why);
	bool		other = false;
	int			kind = 0;
	ListCell   *cell;

	if (!OidIsValid(relid))
		return false;
	while (strcmp(constraint_kinds[kind].words, words) != 0)
		kind++;
	foreach(cell, constraints_of(relid))
	{
		HeapTuple	tuple = lfirst(cell);
		Form_pg_constraint form = (Form_pg_constraint) GETSTRUCT(tuple);

		if (form->contype != constraint_kinds[kind].contype ||
			(requirement->name != NULL &&
			 strcmp(NameStr(form->conname), requirement->name) != 0))
			continue;
		if (wanted != NULL &&
			!constraint_kinds[kind].holds(relid, tuple, wanted))
		{
			other = requirement->name != NULL;
			continue;
		}
		defect = constraint_defect(form, wanted);
		if (defect == NULL)
			return true;
	}
	if (defect == NULL && requirement->name == NULL && !wanted->deferrable &&
		constraint_kinds[kind].contype == CONSTRAINT_UNIQUE &&
		unique_index_holds(relid, wanted))
		return true;
	if (requirement->name != NULL)
		appendStringInfo(why, "constraint %s.%s %s", table,
						 quote_identifier(requirement->name),
						 defect != NULL ? defect :
						 other ? "is another one" : "is missing");
	else
		appendStringInfo(why, "table %s: the %s constraint %s", table, words,
						 defect != NULL ? defect : "is missing");
	return false;
}
