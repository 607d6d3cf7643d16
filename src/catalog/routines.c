/*-------------------------------------------------------------------------
 *
 * routines.c
 *	  Functions, procedures and aggregates: the rows of pg_proc.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/routines.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_aggregate.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/syscache.h"

#include "catalog/catalog_private.h"

static const char *const volatility_words[] = {
	"i", "immutable", "s", "stable", "v", "volatile", NULL
};
static const char *const parallel_words[] = {
	"s", "safe", "r", "restricted", NULL
};
static const char *const modify_words[] = {
	"r", "read_only", "s", "shareable", "w", "read_write", NULL
};
static const char *const aggregate_words[] = {
	"n", "normal", "o", "ordered-set", "h", "hypothetical-set", NULL
};

static char *
float_text(float4 value)
{
	return DatumGetCString(DirectFunctionCall1(float4out,
											   Float4GetDatum(value)));
}

/* Everything about an aggregate that pg_proc does not say. */
static void
put_aggregate(SlScan *scan, Oid function)
{
	HeapTuple	tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(function));
	Form_pg_aggregate form;
	Datum		datum;
	bool		isnull;

	if (!HeapTupleIsValid(tuple))
		sl_vanished();
	form = (Form_pg_aggregate) GETSTRUCT(tuple);
	sl_put(scan, "kind", sl_char_word(aggregate_words, form->aggkind));
	sl_put(scan, "transition", sl_function_identity(scan, form->aggtransfn));
	sl_put(scan, "transition_type",
		   sl_type_name(scan, form->aggtranstype, -1));
	if (form->aggtransspace != 0)
		sl_put_int(scan, "transition_space", form->aggtransspace);
	sl_put(scan, "final", sl_function_identity(scan, form->aggfinalfn));
	sl_put_true(scan, "final_extra", form->aggfinalextra);
	sl_put(scan, "final_modify", sl_char_word(modify_words,
											  form->aggfinalmodify));
	sl_put(scan, "combine", sl_function_identity(scan, form->aggcombinefn));
	sl_put(scan, "serialize", sl_function_identity(scan, form->aggserialfn));
	sl_put(scan, "deserialize",
		   sl_function_identity(scan, form->aggdeserialfn));
	if (OidIsValid(form->aggmtransfn))
	{
		sl_put(scan, "moving_transition",
			   sl_function_identity(scan, form->aggmtransfn));
		sl_put(scan, "moving_inverse",
			   sl_function_identity(scan, form->aggminvtransfn));
		sl_put(scan, "moving_final",
			   sl_function_identity(scan, form->aggmfinalfn));
		sl_put_true(scan, "moving_final_extra", form->aggmfinalextra);
		sl_put(scan, "moving_final_modify",
			   sl_char_word(modify_words, form->aggmfinalmodify));
		sl_put(scan, "moving_transition_type",
			   sl_type_name(scan, form->aggmtranstype, -1));
		if (form->aggmtransspace != 0)
			sl_put_int(scan, "moving_transition_space",
					   form->aggmtransspace);
	}
	sl_put(scan, "sort_operator", sl_operator_name(scan, form->aggsortop));
	datum = SysCacheGetAttr(AGGFNOID, tuple, Anum_pg_aggregate_agginitval,
							&isnull);
	if (!isnull)
		sl_put(scan, "initial", TextDatumGetCString(datum));
	datum = SysCacheGetAttr(AGGFNOID, tuple, Anum_pg_aggregate_aggminitval,
							&isnull);
	if (!isnull)
		sl_put(scan, "moving_initial", TextDatumGetCString(datum));
	ReleaseSysCache(tuple);
}

/* Types for which the function asks for a transform. */
static void
put_transforms(SlScan *scan, Datum array)
{
	Datum	   *elements;
	int			count;
	List	   *types = NIL;
	int			i;

	deconstruct_array(DatumGetArrayTypeP(array), OIDOID, sizeof(Oid), true,
					  TYPALIGN_INT, &elements, NULL, &count);
	for (i = 0; i < count; i++)
	{
		Oid			type = DatumGetObjectId(elements[i]);

		types = lappend(types, pstrdup(sl_type_name(scan, type, -1)));
	}
	sl_put_sorted(scan, "transforms", types);
}

/* What the function does, and in which language. */
static void
put_body(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_proc form = (Form_pg_proc) GETSTRUCT(tuple);
	Datum		datum;
	bool		isnull;

	sl_put(scan, "language", sl_catalog_name(LANGOID, form->prolang,
											 Anum_pg_language_lanname));
	datum = SL_GET(Anum_pg_proc_prosqlbody);
	if (!isnull)
	{
		char	   *body = sl_call_text(F_PG_GET_FUNCTION_SQLBODY, 1,
										ObjectIdGetDatum(form->oid), 0, 0);

		if (body == NULL)
			sl_vanished();
		sl_put(scan, "body", body);
	}
	else
	{
		datum = SL_GET(Anum_pg_proc_prosrc);
		if (!isnull)
			sl_put(scan, "source", TextDatumGetCString(datum));
	}
	datum = SL_GET(Anum_pg_proc_probin);
	if (!isnull)
		sl_put(scan, "library", TextDatumGetCString(datum));
	if (form->prokind != PROKIND_PROCEDURE)
	{
		sl_put(scan, "volatility", sl_char_word(volatility_words,
												form->provolatile));
		sl_put_true(scan, "strict", form->proisstrict);
		sl_put_true(scan, "leakproof", form->proleakproof);
		sl_put_true(scan, "window", form->prokind == PROKIND_WINDOW);
		if (form->proparallel != PROPARALLEL_UNSAFE)
			sl_put(scan, "parallel", sl_char_word(parallel_words,
												  form->proparallel));
		sl_put(scan, "cost", float_text(form->procost));
		if (form->proretset)
			sl_put(scan, "rows", float_text(form->prorows));
		sl_put(scan, "support", sl_function_name(scan, form->prosupport));
	}
	sl_put_true(scan, "security_definer", form->prosecdef);
	datum = SL_GET(Anum_pg_proc_protrftypes);
	if (!isnull)
		put_transforms(scan, datum);
	datum = SL_GET(Anum_pg_proc_proconfig);
	sl_put_array(scan, "settings", datum, isnull);
}

/*
 * Is it one of the functions that make values of a range type?  They come
 * with the type, and go with it.
 */
bool
sl_is_range_constructor(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc form;
	Datum		datum;
	bool		isnull;
	bool		result = false;

	if (!HeapTupleIsValid(tuple))
		sl_vanished();
	form = (Form_pg_proc) GETSTRUCT(tuple);
	if (form->prolang == INTERNALlanguageId)
	{
		datum = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosrc, &isnull);
		if (!isnull)
		{
			char	   *source = TextDatumGetCString(datum);

			result = strncmp(source, "range_constructor", 17) == 0 ||
				strncmp(source, "multirange_constructor", 22) == 0;
		}
	}
	ReleaseSysCache(tuple);
	return result;
}

/* A row of pg_proc. */
void
sl_row_routine(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_proc form = (Form_pg_proc) GETSTRUCT(tuple);
	StringInfoData identity;
	const char *class;
	char	   *text;
	Datum		acl;
	bool		isnull;
	int			i;

	if (!sl_is_managed(scan, ProcedureRelationId, form->oid,
					   form->pronamespace) ||
		sl_is_range_constructor(form->oid))
		return;
	initStringInfo(&identity);
	appendStringInfo(&identity, "%s(",
					 sl_qualified(scan, form->pronamespace,
								  NameStr(form->proname)));
	for (i = 0; i < form->proargtypes.dim1; i++)
		appendStringInfo(&identity, "%s%s", i > 0 ? ", " : "",
						 sl_type_name(scan, form->proargtypes.values[i], -1));
	appendStringInfoChar(&identity, ')');

	if (form->prokind == PROKIND_PROCEDURE)
		class = "procedure";
	else if (form->prokind == PROKIND_AGGREGATE)
		class = "aggregate";
	else
		class = "function";
	if (!sl_fact_begin(scan, class, identity.data))
		return;
	text = sl_call_text(F_PG_GET_FUNCTION_ARGUMENTS, 1,
						ObjectIdGetDatum(form->oid), 0, 0);
	if (text == NULL)
		sl_vanished();
	sl_put(scan, "arguments", text);
	if (form->prokind != PROKIND_PROCEDURE)
		sl_put(scan, "result",
			   sl_call_text(F_PG_GET_FUNCTION_RESULT, 1,
							ObjectIdGetDatum(form->oid), 0, 0));
	if (form->prokind == PROKIND_AGGREGATE)
	{
		put_aggregate(scan, form->oid);
		if (form->proparallel != PROPARALLEL_UNSAFE)
			sl_put(scan, "parallel", sl_char_word(parallel_words,
												  form->proparallel));
	}
	else
		put_body(scan, tuple, desc);
	sl_put_comment(scan, ProcedureRelationId, form->oid, 0);
	sl_put_owner(scan, form->proowner);
	acl = SL_GET(Anum_pg_proc_proacl);
	sl_put_acl(scan, OBJECT_FUNCTION, form->proowner, acl, isnull);
	sl_fact_end(scan);
}
