/*-------------------------------------------------------------------------
 *
 * ddl_constraint.c
 *	  Constraints of tables and domains, and indexes.
 *
 * Outside a transaction an index is built CONCURRENTLY and gives a key to a
 * constraint afterwards; checks and foreign keys are made NOT VALID and
 * validated by a statement of its own.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/heal/ddl_constraint.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "heal/ddl.h"
#include "heal/ddl_table.h"

/* An index lives in its table's schema. */
static char *
index_name(const SlFact *constraint)
{
	char	   *table = sl_name_owner(constraint->identity);

	return psprintf("%s.%s", sl_name_owner(table),
					sl_name_last(constraint->identity));
}

static void
append_action(StringInfo text, const char *on, const char *action)
{
	if (action == NULL)
		return;
	appendStringInfo(text, " ON %s ", on);
	for (; *action != '\0'; action++)
		appendStringInfoChar(text, pg_toupper((unsigned char) *action));
}

static void
append_list(StringInfo text, const char *before, const SlAttribute *list,
			const char *after)
{
	if (list == NULL)
		return;
	appendStringInfoString(text, before);
	sl_ddl_join(text, list, ", ");
	appendStringInfoString(text, after);
}

static void
append_foreign_key(StringInfo text, const SlFact *fact)
{
	const char *match = sl_fact_text(fact, "match");
	bool		period = sl_fact_true(fact, "period");
	const SlAttribute *lists[2];
	int			i;

	lists[0] = sl_fact_get(fact, "columns");
	lists[1] = sl_fact_get(fact, "referenced_columns");
	for (i = 0; i < 2; i++)
	{
		int			n;

		appendStringInfoString(text, i == 0 ? "FOREIGN KEY (" :
							   psprintf(") REFERENCES %s (",
										sl_fact_text(fact, "references")));
		for (n = 0; lists[i] != NULL && n < lists[i]->nitems; n++)
			appendStringInfo(text, "%s%s%s", n > 0 ? ", " : "",
							 period && n == lists[i]->nitems - 1 ?
							 "PERIOD " : "", lists[i]->items[n]);
	}
	appendStringInfoChar(text, ')');
	if (match != NULL)
		appendStringInfo(text, " MATCH %s",
						 strcmp(match, "full") == 0 ? "FULL" : "PARTIAL");
	append_action(text, "UPDATE", sl_fact_text(fact, "on_update"));
	append_action(text, "DELETE", sl_fact_text(fact, "on_delete"));
	append_list(text, " (", sl_fact_get(fact, "on_delete_columns"), ")");
}

/* What the index of a key has. */
static void
append_key_storage(StringInfo text, const SlFact *fact)
{
	const SlAttribute *options = sl_fact_get(fact, "options");
	const char *tablespace = sl_fact_text(fact, "tablespace");

	append_list(text, " INCLUDE (", sl_fact_get(fact, "include"), ")");
	if (options != NULL)
	{
		appendStringInfoString(text, " WITH (");
		sl_ddl_storage_options(text, options);
		appendStringInfoChar(text, ')');
	}
	if (tablespace != NULL)
		appendStringInfo(text, " USING INDEX TABLESPACE %s", tablespace);
}

static void
append_key(StringInfo text, const SlFact *fact)
{
	appendStringInfoString(text, sl_fact_is(fact, "kind", "primary key") ?
						   "PRIMARY KEY" : "UNIQUE");
	if (sl_fact_true(fact, "nulls_not_distinct"))
		appendStringInfoString(text, " NULLS NOT DISTINCT");
	append_list(text, " (", sl_fact_get(fact, "columns"),
				sl_fact_true(fact, "period") ? " WITHOUT OVERLAPS)" : ")");
	append_key_storage(text, fact);
}

static void
append_deferral(StringInfo text, const SlFact *fact)
{
	if (sl_fact_true(fact, "deferrable"))
		appendStringInfoString(text, " DEFERRABLE");
	if (sl_fact_true(fact, "deferred"))
		appendStringInfoString(text, " INITIALLY DEFERRED");
	if (sl_fact_is(fact, "enforced", "false"))
		appendStringInfoString(text, " NOT ENFORCED");
}

/* What the index of a constraint has, after it was made. */
static void
add_index_details(SlDdl *ddl, const SlFact *fact)
{
	const char *comment = sl_fact_text(fact, "index_comment");

	if (sl_fact_true(fact, "clustered"))
		sl_ddl_add(ddl, "ALTER TABLE %s CLUSTER ON %s",
				   sl_name_owner(fact->identity),
				   sl_name_last(fact->identity));
	if (comment != NULL)
		sl_ddl_add(ddl, "COMMENT ON INDEX %s IS %s", index_name(fact),
				   quote_literal_cstr(comment));
}

/* A key whose index was built beside it. */
static bool
add_key_online(SlDdl *ddl, const SlFact *fact)
{
	const SlAttribute *options = sl_fact_get(fact, "options");
	char	   *table = sl_name_owner(fact->identity);
	bool		primary = sl_fact_is(fact, "kind", "primary key");
	StringInfoData text;

	if (sl_fact_true(fact, "period") ||
		sl_live_relation_kind(table) != RELKIND_RELATION)
		return false;
	ddl->apart = true;
	initStringInfo(&text);
	appendStringInfo(&text, "CREATE UNIQUE INDEX CONCURRENTLY %s ON %s",
					 sl_name_last(fact->identity), table);
	append_list(&text, " (", sl_fact_get(fact, "columns"), ")");
	append_list(&text, " INCLUDE (", sl_fact_get(fact, "include"), ")");
	if (sl_fact_true(fact, "nulls_not_distinct"))
		appendStringInfoString(&text, " NULLS NOT DISTINCT");
	if (options != NULL)
	{
		appendStringInfoString(&text, " WITH (");
		sl_ddl_storage_options(&text, options);
		appendStringInfoChar(&text, ')');
	}
	if (sl_fact_text(fact, "tablespace") != NULL)
		appendStringInfo(&text, " TABLESPACE %s",
						 sl_fact_text(fact, "tablespace"));
	sl_ddl_add(ddl, "%s", text.data);
	resetStringInfo(&text);
	appendStringInfo(&text, "ALTER TABLE %s ADD CONSTRAINT %s %s USING INDEX %s",
					 table, sl_name_last(fact->identity),
					 primary ? "PRIMARY KEY" : "UNIQUE",
					 sl_name_last(fact->identity));
	append_deferral(&text, fact);
	sl_ddl_add(ddl, "%s", text.data);
	add_index_details(ddl, fact);
	return true;
}

void
sl_create_constraint(SlDdl *ddl, const SlFact *fact)
{
	const char *kind = sl_fact_text(fact, "kind");
	char	   *table = sl_name_owner(fact->identity);
	const char *name = sl_name_last(fact->identity);
	bool		key = strcmp(kind, "primary key") == 0 ||
		strcmp(kind, "unique") == 0;
	bool		by_rows = strcmp(kind, "check") == 0 ||
		strcmp(kind, "foreign key") == 0;
	bool		validated = !sl_fact_is(fact, "validated", "false");
	bool		later = ddl->online && by_rows && validated &&
		sl_live_relation_kind(table) == RELKIND_RELATION;
	StringInfoData text;

	ddl->looks = validated;
	ddl->apart = later;
	if (key && ddl->online && add_key_online(ddl, fact))
		return;
	initStringInfo(&text);
	appendStringInfo(&text, "ALTER TABLE %s ADD CONSTRAINT %s ", table, name);
	if (key)
		append_key(&text, fact);
	else if (strcmp(kind, "check") == 0)
		appendStringInfo(&text, "CHECK (%s)%s",
						 sl_fact_text(fact, "expression"),
						 sl_fact_true(fact, "no_inherit") ?
						 " NO INHERIT" : "");
	else if (strcmp(kind, "foreign key") == 0)
		append_foreign_key(&text, fact);
	else
		appendStringInfoString(&text, sl_fact_text(fact, "definition"));
	if (strcmp(kind, "exclude") != 0)
		append_deferral(&text, fact);
	if (by_rows && (!validated || later) &&
		!sl_fact_is(fact, "enforced", "false"))
		appendStringInfoString(&text, " NOT VALID");
	sl_ddl_add(ddl, "%s", text.data);
	if (later)
		sl_ddl_add(ddl, "ALTER TABLE %s VALIDATE CONSTRAINT %s", table, name);
	if (!by_rows)
		add_index_details(ddl, fact);
}

/*
 * Attributes of constraints that differ: the rest makes them again
 */

static void
alter_validated(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	if (sl_fact_is(expected, "validated", "false"))
	{
		sl_ddl_add(ddl, "%s", sl_ddl_drop_text(actual));
		sl_ddl_create(ddl, sl_ddl_class(expected->class), expected);
		return;
	}
	sl_ddl_add(ddl, "ALTER TABLE %s VALIDATE CONSTRAINT %s",
			   sl_name_owner(expected->identity),
			   sl_name_last(expected->identity));
	ddl->looks = true;
}

static void
alter_index_comment(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	const char *comment = sl_fact_text(expected, "index_comment");

	sl_ddl_add(ddl, "COMMENT ON INDEX %s IS %s", index_name(expected),
			   comment != NULL ? quote_literal_cstr(comment) : "NULL");
}

/* The index itself, or that of the constraint. */
static char *
index_of(const SlFact *fact)
{
	return strcmp(fact->class, "index") == 0 ? pstrdup(fact->identity) :
		index_name(fact);
}

static char *
table_of(const SlFact *fact)
{
	return strcmp(fact->class, "index") == 0 ?
		pstrdup(sl_fact_text(fact, "table")) : sl_name_owner(fact->identity);
}

static void
alter_clustered(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	/* at most one of a table's is: where it is not, another one may be */
	if (sl_fact_true(expected, "clustered"))
		sl_ddl_add(ddl, "ALTER TABLE %s CLUSTER ON %s", table_of(expected),
				   sl_name_last(expected->identity));
	else
		sl_ddl_add(ddl, "ALTER TABLE %s SET WITHOUT CLUSTER",
				   table_of(expected));
}

static void
alter_options(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	sl_ddl_alter_storage_options(ddl, psprintf("ALTER INDEX %s",
											   index_of(expected)),
								 sl_fact_get(expected, "options"),
								 sl_fact_get(actual, "options"));
}

static void
alter_tablespace(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	const char *tablespace = sl_fact_text(expected, "tablespace");

	sl_ddl_add(ddl, "ALTER INDEX %s SET TABLESPACE %s", index_of(expected),
			   tablespace != NULL ? tablespace : "pg_default");
	sl_ddl_refuse(ddl, _("all its files would be moved"));
}

static void
alter_key_valid(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	ddl->apart = ddl->online;
	sl_ddl_add(ddl, "REINDEX INDEX %s%s", ddl->online ? "CONCURRENTLY " : "",
			   index_name(expected));
	ddl->looks = true;
}

const SlDdlAttribute sl_constraint_attributes[] = {
	{"clustered", alter_clustered},
	{"index_comment", alter_index_comment},
	{"options", alter_options},
	{"tablespace", alter_tablespace},
	{"valid", alter_key_valid},
	{"validated", alter_validated},
	{NULL, NULL}
};

void
sl_create_domain_constraint(SlDdl *ddl, const SlFact *fact)
{
	bool		validated = !sl_fact_is(fact, "validated", "false");

	sl_ddl_add(ddl, "ALTER DOMAIN %s ADD CONSTRAINT %s CHECK (%s)%s",
			   sl_name_owner(fact->identity), sl_name_last(fact->identity),
			   sl_fact_text(fact, "expression"),
			   validated ? "" : " NOT VALID");
	ddl->looks = validated;
}

static void
alter_domain_validated(SlDdl *ddl, const SlFact *expected,
					   const SlFact *actual)
{
	if (sl_fact_is(expected, "validated", "false"))
	{
		sl_ddl_add(ddl, "%s", sl_ddl_drop_text(actual));
		sl_ddl_create(ddl, sl_ddl_class(expected->class), expected);
		return;
	}
	sl_ddl_add(ddl, "ALTER DOMAIN %s VALIDATE CONSTRAINT %s",
			   sl_name_owner(expected->identity),
			   sl_name_last(expected->identity));
	ddl->looks = true;
}

const SlDdlAttribute sl_domain_constraint_attributes[] = {
	{"validated", alter_domain_validated},
	{NULL, NULL}
};

/*
 * Indexes
 */

static void
add_statistics(SlDdl *ddl, const SlFact *fact, const SlAttribute *list,
			   bool forget)
{
	int			i;

	for (i = 0; list != NULL && i < list->nitems; i++)
	{
		const char *blank = strchr(list->items[i], ' ');

		sl_ddl_add(ddl, "ALTER INDEX %s ALTER COLUMN %s SET STATISTICS %s",
				   fact->identity,
				   pnstrdup(list->items[i], blank - list->items[i]),
				   forget ? "-1" : blank + 1);
	}
}

void
sl_create_index(SlDdl *ddl, const SlFact *fact)
{
	const char *table = sl_fact_text(fact, "table");
	const char *predicate = sl_fact_text(fact, "predicate");
	const char *tablespace = sl_fact_text(fact, "tablespace");
	const SlAttribute *options = sl_fact_get(fact, "options");
	char		kind = sl_live_relation_kind(table);
	bool		online = ddl->online &&
		(kind == RELKIND_RELATION || kind == RELKIND_MATVIEW);
	StringInfoData text;

	ddl->apart = online;
	initStringInfo(&text);
	appendStringInfo(&text, "CREATE %sINDEX %s%s ON %s USING %s (",
					 sl_fact_true(fact, "unique") ? "UNIQUE " : "",
					 online ? "CONCURRENTLY " : "",
					 sl_name_last(fact->identity), table,
					 sl_fact_text(fact, "method"));
	sl_ddl_join(&text, sl_fact_get(fact, "columns"), ", ");
	appendStringInfoChar(&text, ')');
	append_list(&text, " INCLUDE (", sl_fact_get(fact, "include"), ")");
	if (sl_fact_true(fact, "nulls_not_distinct"))
		appendStringInfoString(&text, " NULLS NOT DISTINCT");
	if (options != NULL)
	{
		appendStringInfoString(&text, " WITH (");
		sl_ddl_storage_options(&text, options);
		appendStringInfoChar(&text, ')');
	}
	if (tablespace != NULL)
		appendStringInfo(&text, " TABLESPACE %s", tablespace);
	if (predicate != NULL)
		appendStringInfo(&text, " WHERE (%s)", predicate);
	sl_ddl_add(ddl, "%s", text.data);
	ddl->looks = sl_fact_true(fact, "unique");
	if (sl_fact_true(fact, "clustered"))
		sl_ddl_add(ddl, "ALTER TABLE %s CLUSTER ON %s", table,
				   sl_name_last(fact->identity));
	add_statistics(ddl, fact, sl_fact_get(fact, "statistics"), false);
}

/* Left over by a build that failed, or that of a partitioned table. */
static void
alter_valid(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	if (sl_fact_is(expected, "valid", "false"))
	{
		sl_ddl_refuse(ddl, _("an index that is not valid is nothing to bring about"));
		return;
	}
	sl_ddl_add(ddl, "DROP INDEX %s%s", ddl->online &&
			   get_rel_relkind(actual->address.objectId) == RELKIND_INDEX ?
			   "CONCURRENTLY " : "", actual->identity);
	sl_ddl_create(ddl, sl_ddl_class(expected->class), expected);
}

static void
alter_statistics(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	add_statistics(ddl, expected, sl_fact_get(actual, "statistics"), true);
	add_statistics(ddl, expected, sl_fact_get(expected, "statistics"), false);
}

const SlDdlAttribute sl_index_attributes[] = {
	{"clustered", alter_clustered},
	{"options", alter_options},
	{"statistics", alter_statistics},
	{"tablespace", alter_tablespace},
	{"valid", alter_valid},
	{NULL, NULL}
};
