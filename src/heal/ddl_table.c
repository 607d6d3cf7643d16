/*-------------------------------------------------------------------------
 *
 * ddl_table.c
 *	  Tables, foreign tables and sequences.
 *
 * A table is made with its columns; its constraints, indexes and what else
 * hangs on it are facts of their own.  What a partition or an heir has from
 * its parents comes by itself.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/heal/ddl_table.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "heal/ddl.h"
#include "heal/ddl_table.h"

/* Does the column come with a parent, and with nothing else? */
static bool
is_inherited(const SlFact *column)
{
	return sl_fact_is(column, "inherited", "true") &&
		!sl_fact_true(column, "local");
}

/* (a integer, b text), and what the columns get afterwards */
static void
append_columns(StringInfo text, List *columns)
{
	bool		first = true;
	ListCell   *cell;

	appendStringInfoString(text, " (");
	foreach(cell, columns)
	{
		const SlFact *column = lfirst(cell);
		int			parts = SL_COLUMN_NOT_NULL;

		if (is_inherited(column))
			continue;
		if (!sl_default_is_apart(column))
			parts |= SL_COLUMN_VALUE;
		appendStringInfo(text, "%s%s", first ? "" : ", ",
						 sl_column_text(column, parts));
		first = false;
	}
	appendStringInfoChar(text, ')');
}

/* Of a typed table: what its columns have beside the type's. */
static void
append_typed_columns(StringInfo text, List *columns)
{
	bool		first = true;
	ListCell   *cell;

	foreach(cell, columns)
	{
		const SlFact *column = lfirst(cell);
		const char *value = sl_fact_text(column, "default");

		if (sl_default_is_apart(column))
			value = NULL;
		if (value == NULL && !sl_fact_true(column, "not_null"))
			continue;
		appendStringInfo(text, "%s%s WITH OPTIONS", first ? " (" : ", ",
						 sl_name_last(column->identity));
		if (value != NULL)
			appendStringInfo(text, " DEFAULT %s", value);
		if (sl_fact_true(column, "not_null"))
			appendStringInfoString(text, " NOT NULL");
		first = false;
	}
	if (!first)
		appendStringInfoChar(text, ')');
}

/* What comes between the name and the storage. */
static void
append_shape(StringInfo text, const SlFact *fact, List *columns)
{
	const char *parent = sl_fact_text(fact, "partition_of");
	const char *type = sl_fact_text(fact, "of_type");
	const SlAttribute *parents = sl_fact_get(fact, "inherits");

	if (parent != NULL)
		appendStringInfo(text, " PARTITION OF %s %s", parent,
						 sl_fact_text(fact, "partition_bound"));
	else if (type != NULL)
	{
		appendStringInfo(text, " OF %s", type);
		append_typed_columns(text, columns);
	}
	else
		append_columns(text, columns);
	if (parents != NULL && parents->nitems > 0)
	{
		appendStringInfoString(text, " INHERITS (");
		sl_ddl_join(text, parents, ", ");
		appendStringInfoChar(text, ')');
	}
}

static void
add_column_details(SlDdl *ddl, List *columns)
{
	ListCell   *cell;

	foreach(cell, columns)
		sl_column_details(ddl, lfirst(cell));
}

static void
set_row_security(SlDdl *ddl, const SlFact *fact)
{
	if (sl_fact_true(fact, "row_security"))
		sl_ddl_add(ddl, "ALTER TABLE %s ENABLE ROW LEVEL SECURITY",
				   fact->identity);
	if (sl_fact_true(fact, "force_row_security"))
		sl_ddl_add(ddl, "ALTER TABLE %s FORCE ROW LEVEL SECURITY",
				   fact->identity);
}

/* How rows are identified; that of an index waits for the index. */
static bool
set_replica_identity(SlDdl *ddl, const SlFact *fact, bool by_index)
{
	const char *how = sl_fact_text(fact, "replica_identity");

	if (how != NULL && strncmp(how, "index ", 6) == 0)
	{
		if (by_index)
			sl_ddl_add(ddl, "ALTER TABLE %s REPLICA IDENTITY USING INDEX %s",
					   fact->identity, how + 6);
		return by_index;
	}
	if (by_index)
		return false;
	if (how != NULL)
		sl_ddl_add(ddl, "ALTER TABLE %s REPLICA IDENTITY %s", fact->identity,
				   strcmp(how, "full") == 0 ? "FULL" : "NOTHING");
	return how != NULL;
}

bool
sl_replica_identity_apart(SlDdl *ddl, const SlFact *fact)
{
	return set_replica_identity(ddl, fact, true);
}

void
sl_create_table(SlDdl *ddl, const SlFact *fact)
{
	List	   *columns = ddl->facts->columns(fact->identity,
											  ddl->facts->arg);
	const SlAttribute *options = sl_fact_get(fact, "options");
	const char *key = sl_fact_text(fact, "partition_key");
	const char *method = sl_fact_text(fact, "access_method");
	const char *tablespace = sl_fact_text(fact, "tablespace");
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "CREATE %sTABLE %s",
					 sl_fact_is(fact, "persistence", "unlogged") ?
					 "UNLOGGED " : "", fact->identity);
	append_shape(&text, fact, columns);
	if (key != NULL)
		appendStringInfo(&text, " PARTITION BY %s", key);
	if (method != NULL && strcmp(method, "heap") != 0)
		appendStringInfo(&text, " USING %s", method);
	if (options != NULL)
	{
		appendStringInfoString(&text, " WITH (");
		sl_ddl_storage_options(&text, options);
		appendStringInfoChar(&text, ')');
	}
	if (tablespace != NULL)
		appendStringInfo(&text, " TABLESPACE %s", tablespace);
	sl_ddl_add(ddl, "%s", text.data);
	if (sl_fact_text(fact, "partition_of") != NULL)
		ddl->looks = true;		/* at the default partition */
	add_column_details(ddl, columns);
	set_row_security(ddl, fact);
	(void) set_replica_identity(ddl, fact, false);
}

void
sl_create_foreign_table(SlDdl *ddl, const SlFact *fact)
{
	List	   *columns = ddl->facts->columns(fact->identity,
											  ddl->facts->arg);
	const SlAttribute *options = sl_fact_get(fact, "options");
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "CREATE FOREIGN TABLE %s", fact->identity);
	append_shape(&text, fact, columns);
	appendStringInfo(&text, " SERVER %s", sl_fact_text(fact, "server"));
	if (options != NULL)
	{
		appendStringInfoString(&text, " OPTIONS (");
		sl_ddl_generic_options(&text, options);
		appendStringInfoChar(&text, ')');
	}
	sl_ddl_add(ddl, "%s", text.data);
	add_column_details(ddl, columns);
}

/*
 * Attributes of tables that differ
 */

static void
alter_persistence(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	bool		logged = sl_fact_is(expected, "persistence", "permanent");

	sl_ddl_add(ddl, "ALTER TABLE %s SET %s", expected->identity,
			   logged ? "LOGGED" : "UNLOGGED");
	if (!logged)
		sl_ddl_refuse(ddl, _("an unlogged table loses its rows in a crash"));
}

static void
alter_access_method(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	sl_ddl_add(ddl, "ALTER TABLE %s SET ACCESS METHOD %s", expected->identity,
			   sl_fact_text(expected, "access_method"));
	sl_ddl_refuse(ddl, _("the whole table would be written again"));
}

static void
alter_tablespace(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	const char *tablespace = sl_fact_text(expected, "tablespace");

	sl_ddl_add(ddl, "ALTER TABLE %s SET TABLESPACE %s", expected->identity,
			   tablespace != NULL ? tablespace : "pg_default");
	sl_ddl_refuse(ddl, _("all its files would be moved"));
}

static void
alter_partition(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	const char *parent = sl_fact_text(expected, "partition_of");
	const char *now = sl_fact_text(actual, "partition_of");

	if (now != NULL)
	{
		sl_ddl_add(ddl, "ALTER TABLE %s DETACH PARTITION %s", now,
				   expected->identity);
		sl_ddl_refuse(ddl, _("its rows would leave the partitioned table that it is in"));
	}
	if (parent != NULL)
	{
		sl_ddl_add(ddl, "ALTER TABLE %s ATTACH PARTITION %s %s", parent,
				   expected->identity,
				   sl_fact_text(expected, "partition_bound"));
		ddl->looks = true;
	}
}

static void
alter_inherits(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	const SlAttribute *want = sl_fact_get(expected, "inherits");
	const SlAttribute *have = sl_fact_get(actual, "inherits");
	int			i;

	for (i = 0; have != NULL && i < have->nitems; i++)
	{
		if (sl_list_has(want, have->items[i]))
			continue;
		sl_ddl_add(ddl, "ALTER TABLE %s NO INHERIT %s", expected->identity,
				   have->items[i]);
		sl_ddl_refuse(ddl, _("its rows would leave the table that it inherits from"));
	}
	for (i = 0; want != NULL && i < want->nitems; i++)
	{
		if (sl_list_has(have, want->items[i]))
			continue;
		sl_ddl_add(ddl, "ALTER TABLE %s INHERIT %s", expected->identity,
				   want->items[i]);
		sl_ddl_refuse(ddl, _("its columns would stay declared in it, too, which no statement takes back"));
	}
	if (ddl->statements == NIL)
		sl_ddl_refuse(ddl, _("the order of its parents is another"));
}

static void
alter_of_type(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	const char *type = sl_fact_text(expected, "of_type");

	sl_ddl_add(ddl, "ALTER TABLE %s %s%s", expected->identity,
			   type != NULL ? "OF " : "NOT OF", type != NULL ? type : "");
}

static void
alter_row_security(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	sl_ddl_add(ddl, "ALTER TABLE %s %s ROW LEVEL SECURITY, %s ROW LEVEL SECURITY",
			   expected->identity,
			   sl_fact_true(expected, "row_security") ? "ENABLE" : "DISABLE",
			   sl_fact_true(expected, "force_row_security") ?
			   "FORCE" : "NO FORCE");
}

static void
alter_replica_identity(SlDdl *ddl, const SlFact *expected,
					   const SlFact *actual)
{
	if (!set_replica_identity(ddl, expected, false) &&
		!set_replica_identity(ddl, expected, true))
		sl_ddl_add(ddl, "ALTER TABLE %s REPLICA IDENTITY DEFAULT",
				   expected->identity);
}

static void
alter_options(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	sl_ddl_alter_storage_options(ddl, psprintf("ALTER TABLE %s",
											   expected->identity),
								 sl_fact_get(expected, "options"),
								 sl_fact_get(actual, "options"));
}

const SlDdlAttribute sl_table_attributes[] = {
	{"access_method", alter_access_method},
	{"force_row_security", alter_row_security},
	{"inherits", alter_inherits},
	{"of_type", alter_of_type},
	{"options", alter_options},
	{"partition_bound", alter_partition},
	{"partition_of", alter_partition},
	{"persistence", alter_persistence},
	{"replica_identity", alter_replica_identity},
	{"row_security", alter_row_security},
	{"tablespace", alter_tablespace},
	{NULL, NULL}
};

static void
alter_foreign_options(SlDdl *ddl, const SlFact *expected,
					  const SlFact *actual)
{
	sl_ddl_alter_generic_options(ddl, psprintf("ALTER FOREIGN TABLE %s",
											   expected->identity),
								 sl_fact_get(expected, "options"),
								 sl_fact_get(actual, "options"));
}

const SlDdlAttribute sl_foreign_table_attributes[] = {
	{"inherits", alter_inherits},
	{"options", alter_foreign_options},
	{"partition_bound", alter_partition},
	{"partition_of", alter_partition},
	{NULL, NULL}
};

/*
 * Sequences
 */

/*
 * Where rows hold values of a sequence that is new, it continues behind them.
 */
void
sl_ddl_catch_up(SlDdl *ddl, const char *sequence, const char *column,
				const char *start, bool downwards)
{
	const char *last = downwards ? "min" : "max";
	const char *name = sl_name_last(column);

	if (sequence == NULL || start == NULL)
		return;
	sl_ddl_add(ddl, "SELECT pg_catalog.setval(%s, pg_catalog.%s(%s)) FROM %s HAVING pg_catalog.%s(%s) OPERATOR(pg_catalog.%s) %s",
			   quote_literal_cstr(sequence), last, name,
			   sl_name_owner(column), last, name, downwards ? "<=" : ">=",
			   start);
}

static void
append_counter(StringInfo text, const SlFact *fact)
{
	appendStringInfo(text, " AS %s START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s %s",
					 sl_fact_text(fact, "type"), sl_fact_text(fact, "start"),
					 sl_fact_text(fact, "increment"),
					 sl_fact_text(fact, "minimum"),
					 sl_fact_text(fact, "maximum"),
					 sl_fact_text(fact, "cache"),
					 sl_fact_true(fact, "cycle") ? "CYCLE" : "NO CYCLE");
}

/* 15 brought sequences that are unlogged. */
void
sl_create_sequence(SlDdl *ddl, const SlFact *fact)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "CREATE %sSEQUENCE %s",
					 sl_fact_is(fact, "persistence", "unlogged") ?
					 "UNLOGGED " : "", fact->identity);
	append_counter(&text, fact);
	sl_ddl_add(ddl, "%s", text.data);
}

static bool
is_integer(const SlFact *column)
{
	return column != NULL && (sl_fact_is(column, "type", "smallint") ||
							  sl_fact_is(column, "type", "integer") ||
							  sl_fact_is(column, "type", "bigint"));
}

/* The column that a new sequence belongs to, which may be new, too. */
bool
sl_sequence_owner_apart(SlDdl *ddl, const SlFact *fact)
{
	const char *column = sl_fact_text(fact, "owned_by");
	const char *increment = sl_fact_text(fact, "increment");

	if (column == NULL)
		return false;
	sl_ddl_add(ddl, "ALTER SEQUENCE %s OWNED BY %s", fact->identity, column);
	if (is_integer(ddl->facts->find("column", column, ddl->facts->arg)))
		sl_ddl_catch_up(ddl, fact->identity, column,
						sl_fact_text(fact, "start"), increment[0] == '-');
	return true;
}

static void
alter_owned_by(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	const char *column = sl_fact_text(expected, "owned_by");

	sl_ddl_add(ddl, "ALTER SEQUENCE %s OWNED BY %s", expected->identity,
			   column != NULL ? column : "NONE");
}

static void
alter_counter(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	StringInfoData text;

	initStringInfo(&text);
	append_counter(&text, expected);
	sl_ddl_add(ddl, "ALTER SEQUENCE %s%s", expected->identity, text.data);
}

static void
alter_sequence_persistence(SlDdl *ddl, const SlFact *expected,
						   const SlFact *actual)
{
	sl_ddl_add(ddl, "ALTER SEQUENCE %s SET %s", expected->identity,
			   sl_fact_is(expected, "persistence", "permanent") ?
			   "LOGGED" : "UNLOGGED");
}

const SlDdlAttribute sl_sequence_attributes[] = {
	{"cache", alter_counter},
	{"cycle", alter_counter},
	{"increment", alter_counter},
	{"maximum", alter_counter},
	{"minimum", alter_counter},
	{"owned_by", alter_owned_by},
	{"persistence", alter_sequence_persistence},
	{"start", alter_counter},
	{"type", alter_counter},
	{NULL, NULL}
};
