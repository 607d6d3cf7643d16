/*-------------------------------------------------------------------------
 *
 * types.c
 *	  Types as a script names them, and what a change of type costs.
 *
 * The server's own look-ups run a type's typmodin and raise errors; these
 * read rows of catalogs only, and say "not known" instead.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/lint/types.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_cast.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "lint/lint_private.h"

static Oid
type_in(const char *schema, const char *name)
{
	Oid			oid = sl_lint_lookup_schema(schema);

	if (!OidIsValid(oid))
		return InvalidOid;
	return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
						   CStringGetDatum(name), ObjectIdGetDatum(oid));
}

/* InvalidOid: not known, or nothing that a column has. */
Oid
sl_lint_type(SlLint *lint, const TypeName *type)
{
	int			n = list_length(type->names);
	const char *name;
	Oid			oid = InvalidOid;
	ListCell   *cell;

	if (type->typeOid != InvalidOid)
		return type->typeOid;
	if (type->pct_type || type->setof || n == 0)
		return InvalidOid;
	name = sl_lint_last(type->names);
	if (n > 1)
		oid = type_in(strVal(list_nth(type->names, n - 2)), name);
	else
	{
		foreach(cell, sl_lint_lookup_path(lint))
		{
			if (OidIsValid(oid))
				break;
			oid = type_in(lfirst(cell), name);
		}
	}
	if (OidIsValid(oid) && type->arrayBounds != NIL)
		oid = get_array_type(oid);
	return oid;
}

/* The n-th number in parentheses, or 'absent'. */
static int
modifier(const TypeName *type, int n, int absent)
{
	A_Const    *constant;

	if (list_length(type->typmods) <= n)
		return absent;
	constant = list_nth(type->typmods, n);
	if (!IsA(constant, A_Const) || constant->isnull ||
		!IsA(&constant->val, Integer))
		return absent;
	return intVal(&constant->val);
}

/*
 * What typmodin would make of it, for the server's own types that are asked
 * about; -1 for all others.
 */
int32
sl_lint_typmod(const TypeName *type, Oid oid)
{
	if (type->typmods == NIL || type->arrayBounds != NIL)
		return -1;
	switch (oid)
	{
		case VARCHAROID:
		case BPCHAROID:
			return modifier(type, 0, 1) + VARHDRSZ;
		case NUMERICOID:
			return ((modifier(type, 0, 0) << 16) |
					(modifier(type, 1, 0) & 0x7ff)) + VARHDRSZ;
		case BITOID:
		case VARBITOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
		case TIMEOID:
		case TIMETZOID:
			return modifier(type, 0, -1);
		default:
			return -1;
	}
}

/*
 * The name of one of the server's own types, as pg_type has it; NULL for any
 * other.  Written without a schema it could be a user's, but the grammar puts
 * pg_catalog before the names that SQL has words for.
 */
const char *
sl_lint_builtin_type(const TypeName *type)
{
	int			n = list_length(type->names);
	const char *name;

	if (n == 0 || n > 2)
		return NULL;
	name = sl_lint_last(type->names);
	if (n == 2)
		return strcmp(strVal(linitial(type->names)), "pg_catalog") == 0 ?
			name : NULL;
	return OidIsValid(type_in("pg_catalog", name)) ? name : NULL;
}

/* No type at all, but a default, a sequence and NOT NULL. */
bool
sl_lint_is_serial(const TypeName *type)
{
	static const char *const names[] = {
		"serial", "serial2", "serial4", "serial8", "smallserial", "bigserial"
	};
	int			i;

	if (list_length(type->names) != 1 || type->setof || type->pct_type ||
		type->arrayBounds != NIL)
		return false;
	for (i = 0; i < (int) lengthof(names); i++)
		if (strcmp(strVal(linitial(type->names)), names[i]) == 0)
			return true;
	return false;
}

/* The name of a live type; empty if it is gone. */
const char *
sl_lint_type_name(Oid type)
{
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	const char *name;

	if (!HeapTupleIsValid(tuple))
		return "";
	name = pstrdup(NameStr(((Form_pg_type) GETSTRUCT(tuple))->typname));
	ReleaseSysCache(tuple);
	return name;
}

/* For messages: near enough to how it was written. */
char *
sl_lint_type_text(const TypeName *type)
{
	static const struct
	{
		const char *name;
		const char *text;
	}			words[] = {
		{"int2", "smallint"},
		{"int4", "integer"},
		{"int8", "bigint"},
		{"bpchar", "char"},
		{"bool", "boolean"},
	};
	const char *builtin = sl_lint_builtin_type(type);
	StringInfoData text;
	ListCell   *cell;
	int			i;

	initStringInfo(&text);
	if (builtin != NULL)
	{
		for (i = 0; i < (int) lengthof(words); i++)
			if (strcmp(builtin, words[i].name) == 0)
				builtin = words[i].text;
		appendStringInfoString(&text, builtin);
	}
	else
	{
		foreach(cell, type->names)
			appendStringInfo(&text, "%s%s", text.len > 0 ? "." : "",
							 quote_identifier(strVal(lfirst(cell))));
	}
	for (i = 0; i < list_length(type->typmods); i++)
		appendStringInfo(&text, "%s%d", i == 0 ? "(" : ",",
						 modifier(type, i, 0));
	if (i > 0)
		appendStringInfoChar(&text, ')');
	if (type->arrayBounds != NIL)
		appendStringInfoString(&text, "[]");
	return text.data;
}

/* A type that a script made, by its bare name. */
SlMade *
sl_lint_made_type(SlLint *lint, const char *name)
{
	ListCell   *cell;

	foreach(cell, lint->made)
	{
		SlMade	   *made = lfirst(cell);

		if (made->is_type && strcmp(made->name, name) == 0)
			return made;
	}
	return NULL;
}

static bool
has_constraint(Oid domain)
{
	Relation	rel = table_open(ConstraintRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	bool		found;

	ScanKeyInit(&key, Anum_pg_constraint_contypid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(domain));
	scan = systable_beginscan(rel, ConstraintTypidIndexId, true, NULL, 1,
							  &key);
	found = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

/* The same as DomainHasConstraints, from rows alone. */
static bool
live_domain_has_constraints(Oid oid)
{
	for (;;)
	{
		HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(oid));
		Form_pg_type form;
		bool		domain;
		bool		not_null;
		Oid			base;

		if (!HeapTupleIsValid(tuple))
			return false;
		form = (Form_pg_type) GETSTRUCT(tuple);
		domain = form->typtype == TYPTYPE_DOMAIN;
		not_null = form->typnotnull;
		base = form->typbasetype;
		ReleaseSysCache(tuple);
		if (!domain)
			return false;
		if (not_null || has_constraint(oid))
			return true;
		oid = base;
	}
}

/* A column of that type has to be checked row by row. */
bool
sl_lint_domain_has_constraints(SlLint *lint, const TypeName *type)
{
	Oid			oid = sl_lint_type(lint, type);

	if (OidIsValid(oid))
		return live_domain_has_constraints(oid);
	if (type->names != NIL)
	{
		SlMade	   *made = sl_lint_made_type(lint,
											 sl_lint_last(type->names));

		/* what is in it was not kept: it is a domain for a reason */
		return made != NULL && made->is_domain;
	}
	return false;
}

/* Is it what the column is made from, so that nothing has to be computed? */
static bool
is_column_itself(Node *expression, const char *column)
{
	ColumnRef  *ref;

	while (IsA(expression, TypeCast))
		expression = ((TypeCast *) expression)->arg;
	ref = (ColumnRef *) expression;
	return IsA(ref, ColumnRef) && IsA(llast(ref->fields), String) &&
		strcmp(sl_lint_last(ref->fields), column) == 0;
}

/* The time zone of a fresh session is UTC. */
static bool
is_utc(void)
{
	const char *zone = GetConfigOptionResetString("TimeZone");

	return zone != NULL && (pg_strcasecmp(zone, "UTC") == 0 ||
							pg_strcasecmp(zone, "Etc/UTC") == 0 ||
							pg_strcasecmp(zone, "GMT") == 0);
}

/*
 * A longer or freer form of the same type: the server leaves the function
 * that would cut the value out.  What its support functions know, in 15.
 */
static bool
is_wider(Oid type, int32 from, int32 to)
{
	if (to < 0 || from == to)
		return true;
	switch (type)
	{
		case VARCHAROID:
		case VARBITOID:
			return from >= 0 && to >= from;
		case NUMERICOID:
			if (from < (int32) VARHDRSZ)
				return false;
			/* the scale, in the lower bits, must be the same */
			return ((from - VARHDRSZ) & 0x7ff) == ((to - VARHDRSZ) & 0x7ff) &&
				((to - VARHDRSZ) >> 16) >= ((from - VARHDRSZ) >> 16);
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
		case TIMEOID:
		case TIMETZOID:
			return to >= (from < 0 ? MAX_TIMESTAMP_PRECISION : from);
		default:
			return false;
	}
}

/* Is a value of one type a value of the other as it stands? */
static bool
is_binary(Oid from, Oid to)
{
	HeapTuple	tuple;
	bool		result;

	if (from == to)
		return true;
	tuple = SearchSysCache2(CASTSOURCETARGET, ObjectIdGetDatum(from),
							ObjectIdGetDatum(to));
	if (!HeapTupleIsValid(tuple))
		return false;
	result = ((Form_pg_cast) GETSTRUCT(tuple))->castmethod ==
		COERCION_METHOD_BINARY;
	ReleaseSysCache(tuple);
	return result;
}

/*
 * Does ALTER COLUMN TYPE write the table anew?  Yes, if in doubt: the column
 * is not known, nor is the type.
 */
bool
sl_lint_retype_rewrites(SlLint *lint, const SlColumn *column,
						const ColumnDef *wanted)
{
	Oid			to = sl_lint_type(lint, wanted->typeName);
	Oid			base;
	int32		typmod;

	if (column == NULL || !OidIsValid(column->type) || !OidIsValid(to))
		return true;
	if (wanted->raw_default != NULL &&
		!is_column_itself(wanted->raw_default, column->name))
		return true;
	if (live_domain_has_constraints(to) && to != column->type)
		return true;
	typmod = sl_lint_typmod(wanted->typeName, to);
	base = getBaseType(column->type);
	to = getBaseType(to);
	if ((base == TIMESTAMPOID && to == TIMESTAMPTZOID) ||
		(base == TIMESTAMPTZOID && to == TIMESTAMPOID))
		return !(is_utc() && is_wider(to, column->typmod, typmod));
	if (!is_binary(base, to))
		return true;

	/* the length of the old type says something of the new one in these */
	if (base == to || (base == VARCHAROID && to == VARCHAROID))
		return !is_wider(to, column->typmod, typmod);
	return typmod >= 0;
}
