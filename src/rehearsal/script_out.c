/*-------------------------------------------------------------------------
 *
 * script_out.c
 *	  sl_script: what a run would run, as a script for psql.
 *
 * Each revision is set up as the runner's clean room has it, as far as SQL can
 * say so, and records itself by sl_resolve, a word for one revision alone:
 * sl_stamp would speak for its ancestors and descendants, too.  Footprints
 * come from hooks in the session of a run, and there are none of a text.
 *
 * Statements are written one by one as the runner cuts them, so psql lines
 * and a BEGIN and COMMIT around all are left out, as in a run.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/rehearsal/script_out.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "common/extension.h"
#include "common/settings.h"
#include "graph/graph.h"
#include "runner/runner.h"
#include "script/script.h"

PG_FUNCTION_INFO_V1(sl_script);

typedef struct Writer
{
	StringInfoData text;
	SlDirection direction;
	const char *target;			/* as it was given, or NULL */
	const char *schema;			/* of the extension, quoted */
	int			lock_timeout;	/* ms */
	int			statement_timeout;	/* ms */
	MemoryContext revision;		/* reset for each */
} Writer;

/* On one line, as a comment has to be. */
static void
put_comment(Writer *writer, const char *words)
{
	const char *at;

	appendStringInfoString(&writer->text, "-- ");
	for (at = words; *at != '\0'; at++)
		appendStringInfoChar(&writer->text,
							 (unsigned char) *at < ' ' ? ' ' : *at);
	appendStringInfoChar(&writer->text, '\n');
}

/* A block, between dollar quotes that it does not hold. */
static void
put_block(Writer *writer, const char *block)
{
	char	   *quote = pstrdup("$sl$");
	int			i;

	for (i = 1; strstr(block, quote) != NULL; i++)
		quote = psprintf("$sl%d$", i);
	appendStringInfo(&writer->text, "DO %s\n%s%s;\n", quote, block, quote);
}

static const char *
word_of(const Writer *writer)
{
	return writer->direction == SL_UP ? "applied" : "rolled_back";
}

/*-------------------------------------------------------------------------
 * Around the revisions
 *-------------------------------------------------------------------------
 */

static void
put_head(Writer *writer)
{
	const char *call = writer->direction == SL_UP ? "sl_migrate" :
		"sl_revert_online";

	put_comment(writer,
				psprintf("What CALL %s(%s) would run, for psql -X -f.", call,
						 writer->target == NULL ? "" :
						 quote_literal_cstr(writer->target)));
	put_comment(writer, "The extension has to know these revisions, and the role needs sl_grant(..., 'admin').");
	put_comment(writer, "Text leaves no footprints: CALL sl_rehearse() makes them afterwards.");
	appendStringInfoString(&writer->text,
						   "\\set ON_ERROR_STOP on\n"
						   "\\set AUTOCOMMIT on\n\n");
}

/* The migration lock for the session; psql must not wait in a snapshot. */
static void
put_lock(Writer *writer)
{
	StringInfoData block;
	int			i;

	initStringInfo(&block);
	appendStringInfoString(&block, "BEGIN\n");
	for (i = 0; i < sl_lock_key_count(); i++)
		appendStringInfo(&block,
						 "\tIF NOT pg_catalog.pg_try_advisory_lock(%lld) THEN\n"
						 "\t\tRAISE EXCEPTION 'another migration is running' USING ERRCODE = 'SL007';\n"
						 "\tEND IF;\n", (long long) sl_lock_key(i));
	appendStringInfoString(&block, "END ");
	put_block(writer, block.data);
	appendStringInfoChar(&writer->text, '\n');
}

static void
put_unlock(Writer *writer)
{
	int			i;

	appendStringInfoString(&writer->text, "\n");
	for (i = 0; i < sl_lock_key_count(); i++)
		appendStringInfo(&writer->text,
						 "SELECT pg_catalog.pg_advisory_unlock(%lld);\n",
						 (long long) sl_lock_key(i));
}

/*
 * Are these still the revisions that this was written from, and still to be
 * run?  Asked once, under the lock.
 */
static void
put_check(Writer *writer, List *rows)
{
	StringInfoData block;
	ListCell   *cell;

	initStringInfo(&block);
	appendStringInfoString(&block,
						   "DECLARE\n\twrong text;\nBEGIN\n"
						   "\tSELECT pg_catalog.string_agg(w.revision, ', ' ORDER BY w.ordinal)\n"
						   "\t  INTO wrong\n\t  FROM (VALUES\n");
	foreach(cell, rows)
	{
		const SlRevisionRow *row = lfirst(cell);
		SlRegistryEntry *entry = sl_registry_get(row->revision, false);

		appendStringInfo(&block, "\t\t(%d, %s, '%s')%s\n",
						 foreach_current_index(cell) + 1,
						 quote_literal_cstr(row->revision),
						 entry == NULL ? "" : entry->checksum,
						 lnext(rows, cell) == NULL ? ")" : ",");
	}
	appendStringInfo(&block,
					 "\t\tAS w (ordinal, revision, checksum)\n"
					 "\t  LEFT JOIN %s.sl_revision AS r\n"
					 "\t\tON r.revision OPERATOR(pg_catalog.=) w.revision\n"
					 "\t   AND r.checksum OPERATOR(pg_catalog.=) w.checksum\n"
					 "\t  LEFT JOIN %s.sl_graph() AS g\n"
					 "\t\tON g.revision OPERATOR(pg_catalog.=) w.revision\n"
					 "\t   AND g.state OPERATOR(pg_catalog.<>) '%s'\n"
					 "\t WHERE r.revision IS NULL OR g.revision IS NULL;\n"
					 "\tIF wrong IS NOT NULL THEN\n"
					 "\t\tRAISE EXCEPTION 'not as they were when this script was written: %%', wrong\n"
					 "\t\t\tUSING ERRCODE = 'SL003', HINT = 'Write it again with sl_script().';\n"
					 "\tEND IF;\nEND ",
					 writer->schema, writer->schema,
					 writer->direction == SL_UP ? "applied" : "pending");
	put_block(writer, block.data);
}

static void
put_external(Writer *writer, const SlRevisionRow *row)
{
	const char *message = psprintf("revision \"%s\" is external: another tool has to run it",
								   row->revision);

	appendStringInfoChar(&writer->text, '\n');
	put_block(writer,
			  psprintf("BEGIN\n"
					   "\tRAISE EXCEPTION '%%', %s USING ERRCODE = 'SL004';\n"
					   "END ", quote_literal_cstr(message)));
}

/*-------------------------------------------------------------------------
 * A revision
 *-------------------------------------------------------------------------
 */

/*
 * The settings of a fresh session, with pg_temp last, and nothing left of the
 * script before.
 */
static void
put_clean_room(Writer *writer, bool transactional)
{
	appendStringInfo(&writer->text,
					 "RESET SESSION AUTHORIZATION;\n"
					 "RESET ROLE;\n"
					 "RESET ALL;\n"
					 "DISCARD TEMP;\n"
					 "DEALLOCATE ALL;\n"
					 "SET standard_conforming_strings = on;\n"
					 "SET lock_timeout = %d;\n"
					 "SET statement_timeout = %d;\n"
					 "DO $sl$\nBEGIN\n"
					 "\tIF pg_catalog.cardinality(pg_catalog.current_schemas(false)) OPERATOR(pg_catalog.>) 0\n"
					 "\t\tAND pg_catalog.current_setting('search_path') OPERATOR(pg_catalog.!~) '\\mpg_temp\\M' THEN\n"
					 "\t\tPERFORM pg_catalog.set_config('search_path',\n"
					 "\t\t\tpg_catalog.current_setting('search_path') OPERATOR(pg_catalog.||) ', pg_temp', false);\n"
					 "\tEND IF;\nEND $sl$;\n",
					 transactional ? writer->lock_timeout : 0,
					 writer->statement_timeout);
}

/* The text has been converted for the client, whose encoding it must keep. */
static bool
sets_client_encoding(Node *stmt)
{
	VariableSetStmt *set = (VariableSetStmt *) stmt;

	return IsA(stmt, VariableSetStmt) && set->name != NULL &&
		pg_strcasecmp(set->name, "client_encoding") == 0;
}

static bool
is_finished(List *journal, int statement)
{
	ListCell   *cell;

	foreach(cell, journal)
	{
		const SlJournalStep *step = lfirst(cell);

		if (step->statement == statement)
			return step->finished;
	}
	return false;
}

static void
put_statement(Writer *writer, const SlStatement *statement, List *journal)
{
	Node	   *stmt = statement->tree->stmt;

	if (sets_client_encoding(stmt))
		put_comment(writer, "left out: a change of client_encoding, which this text is in already");
	else if (is_finished(journal, statement->ordinal) &&
			 !IsA(stmt, VariableSetStmt) && !IsA(stmt, PrepareStmt))
		put_comment(writer,
					psprintf("left out: statement %d ran in an earlier attempt",
							 statement->ordinal));
	else
	{
		appendStringInfo(&writer->text, "%s;\n", statement->text);
		if (statement->data == NULL)
			return;
		appendBinaryStringInfo(&writer->text, statement->data,
							   statement->data_length);
		if (statement->data_length > 0 &&
			statement->data[statement->data_length - 1] != '\n')
			appendStringInfoChar(&writer->text, '\n');
		appendStringInfoString(&writer->text, "\\.\n");
	}
}

static void
put_statements(Writer *writer, const SlRegistryEntry *entry, List *journal)
{
	bool		up = writer->direction == SL_UP;
	const char *script = up ? entry->up : entry->down;
	SlOrigin	origin = {NULL, entry->revision, 1};
	MemoryContext outer = CurrentMemoryContext;
	MemoryContext context;
	SlScanner  *scanner;
	SlStatement statement;

	context = AllocSetContextCreate(outer, "schema_lifecycle statement",
									ALLOCSET_DEFAULT_SIZES);
	origin.first_line = up ? entry->up_line : entry->down_line;
	scanner = sl_scan_begin(script, strlen(script), &origin);
	for (;;)
	{
		MemoryContextReset(context);
		MemoryContextSwitchTo(context);
		if (!sl_scan_next(scanner, &statement))
			break;
		put_statement(writer, &statement, journal);
	}
	sl_scan_end(scanner);
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(context);
}

static void
put_revision(Writer *writer, const SlRevisionRow *row)
{
	bool		up = writer->direction == SL_UP;
	bool		transactional = up ? row->transactional :
		row->down_transactional;
	SlRegistryEntry *entry = sl_registry_get(row->revision, false);
	List	   *journal = NIL;

	if (entry == NULL || (up ? entry->up : entry->down) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("revision \"%s\" has no %s script", row->revision,
						up ? "up" : "down")));
	if (!transactional && entry->journal_open)
		journal = sl_journal_read(row->revision, up ? "up" : "down");

	appendStringInfoChar(&writer->text, '\n');
	put_comment(writer, entry->description == NULL ? row->revision :
				psprintf("%s: %s", row->revision, entry->description));
	put_clean_room(writer, transactional);
	if (transactional)
		appendStringInfoString(&writer->text, "BEGIN;\n");
	put_statements(writer, entry, journal);
	appendStringInfo(&writer->text,
					 "RESET SESSION AUTHORIZATION;\n"
					 "RESET ROLE;\n"
					 "SELECT %s.sl_resolve(%s, '%s', 'by the text of sl_script()');\n",
					 writer->schema, quote_literal_cstr(row->revision),
					 word_of(writer));
	if (transactional)
		appendStringInfoString(&writer->text, "COMMIT;\n");
}

/*-------------------------------------------------------------------------
 * The function
 *-------------------------------------------------------------------------
 */

/* What a run would run: SlRevisionRow pointers, up to an external one. */
static List *
list_rows(Writer *writer, const SlOptions *options,
		  const SlRevisionRow **external)
{
	SlGraph    *graph = sl_graph_read(false);
	List	   *rows = NIL;
	ListCell   *cell;

	*external = NULL;
	sl_graph_require_sound(graph, options->out_of_order);
	if (writer->direction == SL_DOWN)
		return sl_graph_to_revert(graph, writer->target);
	foreach(cell, sl_graph_pending(graph, writer->target))
	{
		const SlRevisionRow *row = ((SlStep *) lfirst(cell))->row;

		if (row->external)
		{
			*external = row;
			break;
		}
		rows = lappend(rows, unconstify(SlRevisionRow *, row));
	}
	return rows;
}

static void
put_all(Writer *writer, const SlOptions *options)
{
	MemoryContext outer = CurrentMemoryContext;
	const SlRevisionRow *external;
	List	   *rows = list_rows(writer, options, &external);
	ListCell   *cell;

	put_head(writer);
	if (rows == NIL && external == NULL)
	{
		put_comment(writer, "Nothing is to do.");
		return;
	}
	put_lock(writer);
	if (rows != NIL)
		put_check(writer, rows);
	foreach(cell, rows)
	{
		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(writer->revision);
		MemoryContextSwitchTo(writer->revision);
		put_revision(writer, lfirst(cell));
		MemoryContextSwitchTo(outer);
	}
	if (external != NULL)
		put_external(writer, external);
	put_unlock(writer);
}

static SlDirection
parse_direction(const char *name)
{
	if (strcmp(name, "up") == 0)
		return SL_UP;
	if (strcmp(name, "down") == 0)
		return SL_DOWN;
	ereport(ERROR,
			(errcode(SL_ERR_BAD_INPUT),
			 errmsg("unknown direction \"%s\"", name),
			 errhint("Available directions: up, down.")));
	return SL_UP;				/* keep the compiler quiet */
}

/* sl_script(target, direction) */
Datum
sl_script(PG_FUNCTION_ARGS)
{
	SlExtension extension;
	SlOptions	options;
	Writer		writer;

	memset(&writer, 0, sizeof(writer));
	initStringInfo(&writer.text);
	writer.direction = parse_direction(PG_ARGISNULL(1) ? "up" :
									   text_to_cstring(PG_GETARG_TEXT_PP(1)));
	if (!PG_ARGISNULL(0))
		writer.target = text_to_cstring(PG_GETARG_TEXT_PP(0));
	else if (writer.direction == SL_DOWN)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("the target of a revert must be named"),
				 errhint("'base' reverts everything.")));
	sl_options_resolve(&options, NULL);
	sl_extension_get(&extension);
	writer.schema = quote_identifier(get_namespace_name(extension.schema));
	writer.lock_timeout = options.migration_lock_timeout;
	writer.statement_timeout = options.migration_statement_timeout;
	writer.revision = AllocSetContextCreate(CurrentMemoryContext,
											"schema_lifecycle revision",
											ALLOCSET_DEFAULT_SIZES);
	put_all(&writer, &options);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(writer.text.data,
											  writer.text.len));
}
