/*-------------------------------------------------------------------------
 *
 * misc.c
 *	  Schemas, extensions, languages, collations, conversions, casts,
 *	  transforms, access methods, extended statistics, default privileges.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/misc.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_am.h"
#include "catalog/pg_cast.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_conversion.h"
#include "catalog/pg_default_acl.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_language.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_statistic_ext.h"
#include "catalog/pg_transform.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/syscache.h"

#include "catalog/catalog_private.h"
#include "common/extension.h"

static const char *const provider_words[] = {
	"d", "default", "c", "libc", "i", "icu", "b", "builtin", NULL
};
static const char *const context_words[] = {
	"e", "explicit", "a", "assignment", "i", "implicit", NULL
};
static const char *const method_words[] = {
	"f", "function", "b", "binary", "i", "inout", NULL
};
static const char *const am_words[] = {
	"i", "index", "t", "table", NULL
};
static const char *const default_words[] = {
	"r", "tables", "S", "sequences", "f", "functions", "T", "types",
	"n", "schemas", "L", "large objects", NULL
};

/* A row of pg_namespace. */
void
sl_row_schema(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_namespace form = (Form_pg_namespace) GETSTRUCT(tuple);
	Datum		acl;
	bool		isnull;

	/* its own schema is what decides */
	if (!sl_is_managed(scan, NamespaceRelationId, form->oid, form->oid))
		return;
	if (!sl_fact_begin(scan, "schema",
					   pstrdup(quote_identifier(NameStr(form->nspname)))))
		return;
	sl_put_comment(scan, NamespaceRelationId, form->oid, 0);
	sl_put_owner(scan, form->nspowner);
	acl = SL_GET(Anum_pg_namespace_nspacl);
	sl_put_acl(scan, OBJECT_SCHEMA, form->nspowner, acl, isnull);
	sl_fact_end(scan);
}

/* A row of pg_extension; our own is no part of anybody's schema. */
void
sl_row_extension(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_extension form = (Form_pg_extension) GETSTRUCT(tuple);
	Datum		datum;
	bool		isnull;

	if (strcmp(NameStr(form->extname), SL_EXTENSION_NAME) == 0)
		return;
	if (!sl_fact_begin(scan, "extension",
					   pstrdup(quote_identifier(NameStr(form->extname)))))
		return;
	datum = SL_GET(Anum_pg_extension_extversion);
	if (!isnull)
		sl_put(scan, "version", TextDatumGetCString(datum));
	sl_put(scan, "schema",
		   pstrdup(quote_identifier(sl_schema_name(scan,
												   form->extnamespace))));
	sl_put_comment(scan, ExtensionRelationId, form->oid, 0);
	sl_put_owner(scan, form->extowner);
	sl_fact_end(scan);
}

/* A row of pg_language. */
void
sl_row_language(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_language form = (Form_pg_language) GETSTRUCT(tuple);
	Datum		acl;
	bool		isnull;

	if (!sl_is_users(scan, LanguageRelationId, form->oid))
		return;
	if (!sl_fact_begin(scan, "language",
					   pstrdup(quote_identifier(NameStr(form->lanname)))))
		return;
	sl_put_bool(scan, "trusted", form->lanpltrusted);
	sl_put(scan, "handler", sl_function_name(scan, form->lanplcallfoid));
	sl_put(scan, "inline", sl_function_name(scan, form->laninline));
	sl_put(scan, "validator", sl_function_name(scan, form->lanvalidator));
	sl_put_comment(scan, LanguageRelationId, form->oid, 0);
	sl_put_owner(scan, form->lanowner);
	acl = SL_GET(Anum_pg_language_lanacl);
	sl_put_acl(scan, OBJECT_LANGUAGE, form->lanowner, acl, isnull);
	sl_fact_end(scan);
}

/*
 * A row of pg_collation.  Its version is that of a library of the server, and
 * left out: it says how data was sorted.
 */
void
sl_row_collation(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_collation form = (Form_pg_collation) GETSTRUCT(tuple);
	Datum		datum;
	bool		isnull;

	if (!sl_is_managed(scan, CollationRelationId, form->oid,
					   form->collnamespace))
		return;
	if (!sl_fact_begin(scan, "collation",
					   sl_qualified(scan, form->collnamespace,
									NameStr(form->collname))))
		return;
	sl_put(scan, "provider", sl_char_word(provider_words,
										  form->collprovider));
	sl_put_bool(scan, "deterministic", form->collisdeterministic);
	if (form->collencoding >= 0)
		sl_put(scan, "encoding",
			   pg_encoding_to_char(form->collencoding));
	datum = SL_GET(Anum_pg_collation_collcollate);
	if (!isnull)
		sl_put(scan, "collate", TextDatumGetCString(datum));
	datum = SL_GET(Anum_pg_collation_collctype);
	if (!isnull)
		sl_put(scan, "ctype", TextDatumGetCString(datum));
	datum = SL_GET(SL_ANUM_COLLATION_LOCALE);
	if (!isnull)
		sl_put(scan, "locale", TextDatumGetCString(datum));
#if PG_VERSION_NUM >= 160000
	datum = SL_GET(Anum_pg_collation_collicurules);
	if (!isnull)
		sl_put(scan, "rules", TextDatumGetCString(datum));
#endif
	sl_put_comment(scan, CollationRelationId, form->oid, 0);
	sl_put_owner(scan, form->collowner);
	sl_fact_end(scan);
}

/* A row of pg_conversion. */
void
sl_row_conversion(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_conversion form = (Form_pg_conversion) GETSTRUCT(tuple);

	if (!sl_is_managed(scan, ConversionRelationId, form->oid,
					   form->connamespace))
		return;
	if (!sl_fact_begin(scan, "conversion",
					   sl_qualified(scan, form->connamespace,
									NameStr(form->conname))))
		return;
	sl_put(scan, "source", pg_encoding_to_char(form->conforencoding));
	sl_put(scan, "target", pg_encoding_to_char(form->contoencoding));
	sl_put(scan, "function", sl_function_name(scan, form->conproc));
	sl_put_bool(scan, "default", form->condefault);
	sl_put_comment(scan, ConversionRelationId, form->oid, 0);
	sl_put_owner(scan, form->conowner);
	sl_fact_end(scan);
}

/* A row of pg_cast. */
void
sl_row_cast(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_cast form = (Form_pg_cast) GETSTRUCT(tuple);

	if (!sl_is_users(scan, CastRelationId, form->oid))
		return;
	/* from a range to its multirange: it comes with the type */
	if (OidIsValid(form->castfunc) && sl_is_range_constructor(form->castfunc))
		return;
	if (!sl_fact_begin(scan, "cast",
					   psprintf("(%s AS %s)",
								sl_type_name(scan, form->castsource, -1),
								sl_type_name(scan, form->casttarget, -1))))
		return;
	sl_put(scan, "method", sl_char_word(method_words, form->castmethod));
	sl_put(scan, "function", sl_function_identity(scan, form->castfunc));
	sl_put(scan, "context", sl_char_word(context_words, form->castcontext));
	sl_put_comment(scan, CastRelationId, form->oid, 0);
	sl_fact_end(scan);
}

/* A row of pg_transform. */
void
sl_row_transform(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_transform form = (Form_pg_transform) GETSTRUCT(tuple);

	if (!sl_is_users(scan, TransformRelationId, form->oid))
		return;
	if (!sl_fact_begin(scan, "transform",
					   psprintf("FOR %s LANGUAGE %s",
								sl_type_name(scan, form->trftype, -1),
								sl_catalog_name(LANGOID, form->trflang,
												Anum_pg_language_lanname))))
		return;
	sl_put(scan, "from_sql", sl_function_identity(scan, form->trffromsql));
	sl_put(scan, "to_sql", sl_function_identity(scan, form->trftosql));
	sl_put_comment(scan, TransformRelationId, form->oid, 0);
	sl_fact_end(scan);
}

/* A row of pg_am. */
void
sl_row_access_method(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_am	form = (Form_pg_am) GETSTRUCT(tuple);

	if (!sl_is_users(scan, AccessMethodRelationId, form->oid))
		return;
	if (!sl_fact_begin(scan, "access method",
					   pstrdup(quote_identifier(NameStr(form->amname)))))
		return;
	sl_put(scan, "type", sl_char_word(am_words, form->amtype));
	sl_put(scan, "handler", sl_function_name(scan, form->amhandler));
	sl_put_comment(scan, AccessMethodRelationId, form->oid, 0);
	sl_fact_end(scan);
}

/* Behind a name, quoted or not, that begins a text. */
static const char *
skip_name(const char *p)
{
	if (*p != '"')
		return p + strcspn(p, ", ");
	for (p++; *p != '\0'; p++)
	{
		if (*p != '"')
			continue;
		if (p[1] != '"')
			return p + 1;
		p++;
	}
	return p;
}

static int
compare_names(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/*
 * The server keeps the columns of statistics in the order that they have in
 * their table, which is no fact: here they come by name.
 */
static char *
sort_columns(char *definition, int ncolumns)
{
	const char *on = definition;
	const char *p;
	List	   *names = NIL;
	ListCell   *cell;
	StringInfoData text;

	/* "CREATE STATISTICS s.n (kinds) ON": the name may hold that, quoted */
	while (*on != '\0' && strncmp(on, " ON ", 4) != 0)
		on = *on == '"' ? skip_name(on) : on + 1;
	if (*on == '\0' || ncolumns < 2)
		return definition;
	p = on + 4;
	while (list_length(names) < ncolumns)
	{
		const char *end = skip_name(p);

		names = lappend(names, pnstrdup(p, end - p));
		p = end;
		if (list_length(names) < ncolumns)
			p += 2;
	}
	list_sort(names, compare_names);
	initStringInfo(&text);
	appendBinaryStringInfo(&text, definition, on + 4 - definition);
	foreach(cell, names)
		appendStringInfo(&text, "%s%s",
						 cell == list_head(names) ? "" : ", ",
						 (char *) lfirst(cell));
	appendStringInfoString(&text, p);
	return text.data;
}

/* A row of pg_statistic_ext. */
void
sl_row_statistics(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_statistic_ext form = (Form_pg_statistic_ext) GETSTRUCT(tuple);
	SlRelation *rel;
	char	   *definition;
	Datum		datum;
	bool		isnull;

	if (!sl_is_managed(scan, StatisticExtRelationId, form->oid,
					   form->stxnamespace))
		return;
	rel = sl_relation(scan, form->stxrelid);
	if (!sl_fact_begin(scan, "statistics",
					   sl_qualified(scan, form->stxnamespace,
									NameStr(form->stxname))))
		return;
	sl_put(scan, "table", rel->identity);
	definition = sl_call_text(F_PG_GET_STATISTICSOBJDEF, 1,
							  ObjectIdGetDatum(form->oid), 0, 0);
	if (definition == NULL)
		sl_vanished();
	sl_put(scan, "definition",
		   sort_columns(definition, form->stxkeys.dim1));
	datum = SL_GET(Anum_pg_statistic_ext_stxstattarget);
	if (!isnull && SL_STATISTICS_TARGET(datum) >= 0)
		sl_put_int(scan, "statistics", SL_STATISTICS_TARGET(datum));
	sl_put_comment(scan, StatisticExtRelationId, form->oid, 0);
	sl_put_owner(scan, form->stxowner);
	sl_fact_end(scan);
}

/* A row of pg_default_acl: privileges, so only where those are wanted. */
void
sl_row_default_privileges(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_default_acl form = (Form_pg_default_acl) GETSTRUCT(tuple);
	const char *schema = "";
	const char *kind;
	Datum		acl;
	bool		isnull;

	if (!scan->options->privileges)
		return;
	if (OidIsValid(form->defaclnamespace))
	{
		if (!sl_is_managed(scan, DefaultAclRelationId, form->oid,
						   form->defaclnamespace))
			return;
		schema = sl_schema_name(scan, form->defaclnamespace);
		schema = psprintf(" IN SCHEMA %s", quote_identifier(schema));
	}
	kind = sl_char_word(default_words, form->defaclobjtype);
	if (!sl_fact_begin(scan, "default privileges",
					   psprintf("FOR ROLE %s%s ON %s",
								sl_role_name(form->defaclrole), schema,
								kind)))
		return;
	acl = SL_GET(Anum_pg_default_acl_defaclacl);
	if (!isnull)
		sl_put_acl_items(scan, acl);
	sl_fact_end(scan);
}
