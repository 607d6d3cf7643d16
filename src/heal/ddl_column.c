/*-------------------------------------------------------------------------
 *
 * ddl_column.c
 *	  Columns of tables, views and composite types.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/heal/ddl_column.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

#include "common/sl_compat.h"
#include "heal/ddl.h"
#include "heal/ddl_table.h"

/*
 * A relation that is there, by its identity; InvalidOid if it is not.  Not as
 * a name is looked up: to know of a plan nobody needs USAGE of the schema.
 */
Oid
sl_live_relation(const char *identity)
{
	List	   *names;
	Oid			schema;

	if (!SplitIdentifierString(pstrdup(identity), '.', &names) ||
		list_length(names) != 2)
		return InvalidOid;
	schema = get_namespace_oid(linitial(names), true);
	return OidIsValid(schema) ? get_relname_relid(lsecond(names), schema) :
		InvalidOid;
}

/* The kind of a relation that is there; '\0' if it is not. */
char
sl_live_relation_kind(const char *identity)
{
	Oid			relid = sl_live_relation(identity);

	return OidIsValid(relid) ? get_rel_relkind(relid) : '\0';
}

/* The identities of what a relation that is there inherits from. */
List *
sl_live_parents(const char *identity)
{
	Oid			relid = sl_live_relation(identity);
	Relation	catalog;
	ScanKeyData key;
	SysScanDesc rows;
	HeapTuple	tuple;
	List	   *parents = NIL;

	if (!OidIsValid(relid))
		return NIL;
	catalog = table_open(InheritsRelationId, AccessShareLock);
	ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(relid));
	rows = systable_beginscan(catalog, InheritsRelidSeqnoIndexId, true, NULL,
							  1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(rows)))
	{
		Oid			parent = ((Form_pg_inherits) GETSTRUCT(tuple))->inhparent;
		char	   *name = get_rel_name(parent);
		char	   *schema = get_namespace_name(get_rel_namespace(parent));

		if (name != NULL && schema != NULL)
			parents = lappend(parents,
							  quote_qualified_identifier(schema, name));
	}
	systable_endscan(rows);
	table_close(catalog, AccessShareLock);
	return parents;
}

/* Is it a table of a type, whose columns are that's? */
static bool
is_typed(const char *identity)
{
	Oid			relid = sl_live_relation(identity);
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	bool		result;

	if (!HeapTupleIsValid(tuple))
		return false;
	result = OidIsValid(((Form_pg_class) GETSTRUCT(tuple))->reloftype);
	ReleaseSysCache(tuple);
	return result;
}

/* GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME ... ) */
static void
append_identity(StringInfo text, const SlFact *column)
{
	const char *sequence = sl_fact_text(column, "identity_sequence");

	appendStringInfo(text, " GENERATED %s AS IDENTITY",
					 sl_fact_is(column, "identity", "always") ?
					 "ALWAYS" : "BY DEFAULT");
	if (sequence == NULL)
		return;
	appendStringInfo(text, " (SEQUENCE NAME %s START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s%s)",
					 sequence,
					 sl_fact_text(column, "identity_start"),
					 sl_fact_text(column, "identity_increment"),
					 sl_fact_text(column, "identity_minimum"),
					 sl_fact_text(column, "identity_maximum"),
					 sl_fact_text(column, "identity_cache"),
					 sl_fact_true(column, "identity_cycle") ? " CYCLE" : "");
}

/* STORED AS (...), and what a default is */
static void
append_value(StringInfo text, const SlFact *column)
{
	const char *expression = sl_fact_text(column, "expression");
	const char *value = sl_fact_text(column, "default");

	if (expression != NULL)
		appendStringInfo(text, " GENERATED ALWAYS AS (%s) %s", expression,
						 sl_fact_is(column, "generated", "virtual") ?
						 "VIRTUAL" : "STORED");
	else if (sl_fact_text(column, "identity") != NULL)
		append_identity(text, column);
	else if (value != NULL)
		appendStringInfo(text, " DEFAULT %s", value);
}

/* A column as in CREATE TABLE and ADD COLUMN. */
char *
sl_column_text(const SlFact *column, int parts)
{
	const SlAttribute *foreign = sl_fact_get(column, "foreign_options");
	const char *compression = sl_fact_text(column, "compression");
	const char *collation = sl_fact_text(column, "collation");
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "%s %s", sl_name_last(column->identity),
					 sl_fact_text(column, "type"));
	if (compression != NULL)
		appendStringInfo(&text, " COMPRESSION %s", compression);
	if (foreign != NULL)
	{
		appendStringInfoString(&text, " OPTIONS (");
		sl_ddl_generic_options(&text, foreign);
		appendStringInfoChar(&text, ')');
	}
	if (collation != NULL)
		appendStringInfo(&text, " COLLATE %s", collation);
	if (parts & SL_COLUMN_VALUE)
		append_value(&text, column);
	if ((parts & SL_COLUMN_NOT_NULL) && sl_fact_true(column, "not_null") &&
		!sl_fact_is(column, "not_null_validated", "false") &&
		!sl_fact_true(column, "not_null_no_inherit"))
		appendStringInfoString(&text, " NOT NULL");
	return text.data;
}

/* "ALTER TABLE t ALTER COLUMN a" */
static char *
alter_text(const SlFact *column)
{
	return psprintf("ALTER TABLE %s ALTER COLUMN %s",
					sl_name_owner(column->identity),
					sl_name_last(column->identity));
}

/* What 18 can say of NOT NULL beyond yes or no. */
static void
add_not_null(SlDdl *ddl, const SlFact *column)
{
	bool		validated = !sl_fact_is(column, "not_null_validated",
										"false");

	if (validated && !sl_fact_true(column, "not_null_no_inherit"))
		sl_ddl_add(ddl, "%s SET NOT NULL", alter_text(column));
	else
		sl_ddl_add(ddl, "ALTER TABLE %s ADD NOT NULL %s%s%s",
				   sl_name_owner(column->identity),
				   sl_name_last(column->identity),
				   sl_fact_true(column, "not_null_no_inherit") ?
				   " NO INHERIT" : "",
				   validated ? "" : " NOT VALID");
}

/* What a column gets only when it is there. */
void
sl_column_details(SlDdl *ddl, const SlFact *column)
{
	const SlAttribute *options = sl_fact_get(column, "options");
	const char *storage = sl_fact_text(column, "storage");
	const char *statistics = sl_fact_text(column, "statistics");

	if (sl_fact_true(column, "not_null") &&
		(sl_fact_is(column, "not_null_validated", "false") ||
		 sl_fact_true(column, "not_null_no_inherit")))
		add_not_null(ddl, column);
	if (storage != NULL)
		sl_ddl_add(ddl, "%s SET STORAGE %s", alter_text(column), storage);
	if (statistics != NULL)
		sl_ddl_add(ddl, "%s SET STATISTICS %s", alter_text(column),
				   statistics);
	if (options != NULL)
		sl_ddl_alter_storage_options(ddl, alter_text(column), options, NULL);
	if (sl_fact_text(column, "comment") != NULL)
		sl_ddl_comment(ddl, column);
	sl_ddl_privileges(ddl, column);
}

/* Does the default call somebody's function?  It may not be there yet. */
bool
sl_default_is_apart(const SlFact *column)
{
	const char *text = sl_fact_text(column, "default");
	const char *p;

	if (text == NULL || sl_fact_text(column, "expression") != NULL)
		return false;
	for (p = text; *p != '\0'; p = sl_name_skip(p))
		if (*p == '.' && strncmp(text, "nextval(", 8) != 0)
			return true;
	return false;
}

void
sl_column_default_apart(SlDdl *ddl, const SlFact *column)
{
	sl_ddl_add(ddl, "%s SET DEFAULT %s", alter_text(column),
			   sl_fact_text(column, "default"));
}

/*
 * A sequence that is made again begins where the rows that are there end:
 * its position is no fact, but from its start on it would give what is taken.
 */
static void
catch_up(SlDdl *ddl, const SlFact *column)
{
	const char *increment = sl_fact_text(column, "identity_increment");

	sl_ddl_catch_up(ddl, sl_fact_text(column, "identity_sequence"),
					column->identity, sl_fact_text(column, "identity_start"),
					increment != NULL && increment[0] == '-');
}

static bool
has_children(const char *identity)
{
	Oid			relid = sl_live_relation(identity);

	return OidIsValid(relid) && has_subclass(relid);
}

/* Heirs get the column, and count for themselves: nobody can say both. */
static void
add_identity_column(SlDdl *ddl, const SlFact *fact)
{
	StringInfoData text;

	initStringInfo(&text);
	append_identity(&text, fact);
	sl_ddl_add(ddl, "ALTER TABLE %s ADD COLUMN %s",
			   sl_name_owner(fact->identity),
			   sl_column_text(fact, SL_COLUMN_NOT_NULL));
	sl_ddl_add(ddl, "%s ADD%s", alter_text(fact), text.data);
}

/*
 * A column of a relation that is there.  NOT NULL comes apart where rows
 * would have nothing in it.
 */
void
sl_create_column(SlDdl *ddl, const SlFact *fact)
{
	char	   *owner = sl_name_owner(fact->identity);
	char		kind = sl_live_relation_kind(owner);
	bool		filled = sl_fact_text(fact, "default") != NULL ||
		sl_fact_text(fact, "expression") != NULL ||
		sl_fact_text(fact, "identity") != NULL;

	if (kind == RELKIND_VIEW || kind == RELKIND_MATVIEW)
		return;					/* with its view */
	if (kind == RELKIND_COMPOSITE_TYPE)
	{
		/* typed tables get it, too */
		sl_ddl_add(ddl, "ALTER TYPE %s ADD ATTRIBUTE %s CASCADE", owner,
				   sl_column_text(fact, 0));
		return;
	}
	if (is_typed(owner))
		return;					/* with its type */
	ddl->looks = filled;
	if (sl_fact_text(fact, "identity") != NULL && has_children(owner))
		add_identity_column(ddl, fact);
	else
		sl_ddl_add(ddl, "ALTER TABLE %s ADD COLUMN %s", owner,
				   sl_column_text(fact, SL_COLUMN_VALUE |
								  (filled ? SL_COLUMN_NOT_NULL : 0)));
	sl_column_details(ddl, fact);
}

/* NOT NULL of a column that is added without it. */
bool
sl_column_not_null_apart(SlDdl *ddl, const SlFact *fact)
{
	if (!sl_fact_true(fact, "not_null") ||
		sl_fact_is(fact, "not_null_validated", "false") ||
		sl_fact_true(fact, "not_null_no_inherit") ||
		sl_fact_text(fact, "default") != NULL ||
		sl_fact_text(fact, "expression") != NULL ||
		sl_fact_text(fact, "identity") != NULL)
		return false;
	sl_ddl_add(ddl, "%s SET NOT NULL", alter_text(fact));
	ddl->looks = true;
	return true;
}

/*
 * Attributes that differ
 */

static void
alter_type(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	char	   *owner = sl_name_owner(expected->identity);
	const char *name = sl_name_last(expected->identity);
	const char *type = sl_fact_text(expected, "type");
	const char *collation = sl_fact_text(expected, "collation");
	char		kind = sl_live_relation_kind(owner);

	if (kind == RELKIND_VIEW || kind == RELKIND_MATVIEW)
		return;
	if (kind == RELKIND_COMPOSITE_TYPE)
		sl_ddl_add(ddl, "ALTER TYPE %s ALTER ATTRIBUTE %s TYPE %s%s%s", owner,
				   name, type, collation != NULL ? " COLLATE " : "",
				   collation != NULL ? collation : "");
	else
		sl_ddl_add(ddl, "ALTER TABLE %s ALTER COLUMN %s TYPE %s%s%s USING %s::%s",
				   owner, name, type, collation != NULL ? " COLLATE " : "",
				   collation != NULL ? collation : "", name, type);
	sl_ddl_refuse(ddl, psprintf(_("another type: it is %s, and values may be lost on the way to %s"),
								sl_fact_text(actual, "type"), type));
}

static void
alter_not_null(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	if (sl_fact_true(expected, "not_null"))
	{
		add_not_null(ddl, expected);
		ddl->looks = true;
	}
	else if (sl_fact_text(expected, "identity") == NULL)
		sl_ddl_add(ddl, "%s DROP NOT NULL", alter_text(expected));
}

static void
alter_default(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	const char *value = sl_fact_text(expected, "default");

	if (sl_fact_text(expected, "identity") != NULL)
		return;					/* with the identity */
	if (value != NULL)
		sl_ddl_add(ddl, "%s SET DEFAULT %s", alter_text(expected), value);
	else
		sl_ddl_add(ddl, "%s DROP DEFAULT", alter_text(expected));
}

static void
alter_generated(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	const char *expression = sl_fact_text(expected, "expression");

	if (expression == NULL)
	{
		sl_ddl_add(ddl, "%s DROP EXPRESSION", alter_text(expected));
		return;
	}
#if PG_VERSION_NUM >= 170000
	if (sl_fact_text(actual, "expression") != NULL &&
		sl_fact_is(actual, "generated", sl_fact_text(expected, "generated")))
	{
		sl_ddl_add(ddl, "%s SET EXPRESSION AS (%s)", alter_text(expected),
				   expression);
		return;
	}
#endif
	sl_ddl_add(ddl, "ALTER TABLE %s DROP COLUMN %s",
			   sl_name_owner(expected->identity),
			   sl_name_last(expected->identity));
	sl_ddl_add(ddl, "ALTER TABLE %s ADD COLUMN %s",
			   sl_name_owner(expected->identity),
			   sl_column_text(expected, SL_COLUMN_VALUE |
							  SL_COLUMN_NOT_NULL));
	sl_ddl_refuse(ddl, _("a generated column is made by dropping what is there, with its values"));
}

/* Both are identity columns: what their sequences differ in. */
static void
alter_counter(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	const char *old = sl_fact_text(actual, "identity_sequence");
	const char *new = sl_fact_text(expected, "identity_sequence");

	if (!sl_fact_is(actual, "identity", sl_fact_text(expected, "identity")))
		sl_ddl_add(ddl, "%s SET GENERATED %s", alter_text(expected),
				   sl_fact_is(expected, "identity", "always") ?
				   "ALWAYS" : "BY DEFAULT");
	if (old == NULL || new == NULL)
		return;
	sl_ddl_add(ddl, "%s SET START WITH %s SET INCREMENT BY %s SET MINVALUE %s SET MAXVALUE %s SET CACHE %s SET %sCYCLE",
			   alter_text(expected),
			   sl_fact_text(expected, "identity_start"),
			   sl_fact_text(expected, "identity_increment"),
			   sl_fact_text(expected, "identity_minimum"),
			   sl_fact_text(expected, "identity_maximum"),
			   sl_fact_text(expected, "identity_cache"),
			   sl_fact_true(expected, "identity_cycle") ? "" : "NO ");
	if (strcmp(sl_name_last(old), sl_name_last(new)) != 0)
		sl_ddl_add(ddl, "ALTER SEQUENCE %s RENAME TO %s", old,
				   sl_name_last(new));
}

static void
alter_identity(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	StringInfoData text;

	if (sl_fact_text(expected, "identity") == NULL)
	{
		sl_ddl_add(ddl, "%s DROP IDENTITY", alter_text(expected));
		sl_ddl_refuse(ddl, _("the sequence of the column would be dropped, and its position lost"));
		return;
	}
	if (sl_fact_text(actual, "identity") != NULL)
	{
		alter_counter(ddl, expected, actual);
		return;
	}
	if (sl_fact_text(actual, "default") != NULL)
		sl_ddl_add(ddl, "%s DROP DEFAULT", alter_text(expected));
	initStringInfo(&text);
	append_identity(&text, expected);
	sl_ddl_add(ddl, "%s ADD%s", alter_text(expected), text.data);
	catch_up(ddl, expected);
}

/* What the type says, where the column says nothing. */
static const char *
storage_of_type(const SlFact *actual)
{
	Oid			type = get_atttype(actual->address.objectId,
								   actual->address.objectSubId);

	if (!OidIsValid(type))
		return NULL;
	switch (get_typstorage(type))
	{
		case TYPSTORAGE_PLAIN:
			return "PLAIN";
		case TYPSTORAGE_EXTERNAL:
			return "EXTERNAL";
		case TYPSTORAGE_MAIN:
			return "MAIN";
		default:
			return "EXTENDED";
	}
}

static void
alter_storage(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	const char *storage = sl_fact_text(expected, "storage");

	if (storage == NULL)
		storage = storage_of_type(actual);
	if (storage != NULL)
		sl_ddl_add(ddl, "%s SET STORAGE %s", alter_text(expected), storage);
}

static void
alter_compression(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	const char *compression = sl_fact_text(expected, "compression");

	sl_ddl_add(ddl, "%s SET COMPRESSION %s", alter_text(expected),
			   compression != NULL ? compression : "DEFAULT");
}

static void
alter_statistics(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	const char *statistics = sl_fact_text(expected, "statistics");

	sl_ddl_add(ddl, "%s SET STATISTICS %s", alter_text(expected),
			   statistics != NULL ? statistics : "-1");
}

static void
alter_options(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	sl_ddl_alter_storage_options(ddl, alter_text(expected),
								 sl_fact_get(expected, "options"),
								 sl_fact_get(actual, "options"));
}

static void
alter_foreign_options(SlDdl *ddl, const SlFact *expected,
					  const SlFact *actual)
{
	char	   *owner = sl_name_owner(expected->identity);
	const char *name = sl_name_last(expected->identity);

	sl_ddl_alter_generic_options(ddl, psprintf("ALTER FOREIGN TABLE %s ALTER COLUMN %s",
											   owner, name),
								 sl_fact_get(expected, "foreign_options"),
								 sl_fact_get(actual, "foreign_options"));
}

/* It follows from what the table inherits. */
static void
alter_with_parents(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
}

const SlDdlAttribute sl_column_attributes[] = {
	{"collation", alter_type},
	{"compression", alter_compression},
	{"default", alter_default},
	{"expression", alter_generated},
	{"foreign_options", alter_foreign_options},
	{"generated", alter_generated},
	{"identity", alter_identity},
	{"identity_cache", alter_identity},
	{"identity_cycle", alter_identity},
	{"identity_increment", alter_identity},
	{"identity_maximum", alter_identity},
	{"identity_minimum", alter_identity},
	{"identity_sequence", alter_identity},
	{"identity_start", alter_identity},
	{"inherited", alter_with_parents},
	{"local", alter_with_parents},
	{"not_null", alter_not_null},
	{"not_null_no_inherit", alter_not_null},
	{"not_null_validated", alter_not_null},
	{"options", alter_options},
	{"statistics", alter_statistics},
	{"storage", alter_storage},
	{"type", alter_type},
	{NULL, NULL}
};
