/*-------------------------------------------------------------------------
 *
 * inspect.c
 *	  What this area makes of a script, for its tests.
 *
 * Not in the install script: the tests declare these functions themselves.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/script/inspect.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/sl_compat.h"
#include "fmgr.h"
#include "funcapi.h"
#include "parser/parser.h"
#include "script/script.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(sl_script_statements);
PG_FUNCTION_INFO_V1(sl_script_info);
PG_FUNCTION_INFO_V1(sl_script_same);
PG_FUNCTION_INFO_V1(sl_script_prefix);
PG_FUNCTION_INFO_V1(sl_script_header_lines);
PG_FUNCTION_INFO_V1(sl_script_oracle);
PG_FUNCTION_INFO_V1(sl_script_memory);

static SlOrigin test_origin = {NULL, NULL, 1};

/*
 * sl_script_statements(script text, OUT statement int, OUT line int,
 *		OUT col int, OUT command text, OUT transactional boolean,
 *		OUT has_data boolean, OUT data_line int, OUT data text, OUT text text)
 *		returns setof record
 */
Datum
sl_script_statements(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	text	   *script = PG_GETARG_TEXT_PP(0);
	MemoryContext each;
	MemoryContext caller;
	SlScanner  *scanner;
	SlStatement statement;

	InitMaterializedSRF(fcinfo, 0);

	/* not NUL-terminated, on purpose: it need not be */
	scanner = sl_scan_begin(VARDATA_ANY(script), VARSIZE_ANY_EXHDR(script),
							&test_origin);
	each = AllocSetContextCreate(CurrentMemoryContext, "statements",
								 ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(each);
	while (sl_scan_next(scanner, &statement))
	{
		Node	   *stmt = statement.tree->stmt;
		Datum		values[9];
		bool		nulls[9] = {false};
		const char *command;

		values[0] = Int32GetDatum(statement.ordinal);
		values[1] = Int32GetDatum(statement.line);
		values[2] = Int32GetDatum(statement.column);
		values[4] = BoolGetDatum(sl_statement_is_transactional(stmt,
															   &command));
		nulls[3] = command == NULL;
		values[3] = nulls[3] ? (Datum) 0 : CStringGetTextDatum(command);
		values[5] = BoolGetDatum(sl_statement_has_data(stmt));
		nulls[6] = nulls[7] = statement.data == NULL;
		values[6] = Int32GetDatum(statement.data_line);
		values[7] = nulls[7] ? (Datum) 0 :
			PointerGetDatum(cstring_to_text_with_len(statement.data,
													 statement.data_length));
		values[8] = CStringGetTextDatum(statement.text);
		tuplestore_putvalues(result->setResult, result->setDesc, values,
							 nulls);
		MemoryContextReset(each);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(each);
	sl_scan_end(scanner);
	return (Datum) 0;
}

/*
 * sl_script_info(script text, file text DEFAULT NULL,
 *		revision text DEFAULT NULL, first_line int DEFAULT 1,
 *		OUT statements int, OUT transactional boolean, OUT offender text,
 *		OUT offender_line int, OUT has_data boolean, OUT checksum text,
 *		OUT meaning text)
 */
Datum
sl_script_info(PG_FUNCTION_ARGS)
{
	SlOrigin	origin = {NULL, NULL, 1};
	SlScriptInfo info;
	text	   *script;
	TupleDesc	descriptor;
	HeapTuple	tuple;
	Datum		values[7];
	bool		nulls[7] = {false};

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	script = PG_GETARG_TEXT_PP(0);
	if (!PG_ARGISNULL(1))
		origin.file = text_to_cstring(PG_GETARG_TEXT_PP(1));
	if (!PG_ARGISNULL(2))
		origin.revision = text_to_cstring(PG_GETARG_TEXT_PP(2));
	if (!PG_ARGISNULL(3))
		origin.first_line = PG_GETARG_INT32(3);
	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");

	sl_script_check(VARDATA_ANY(script), VARSIZE_ANY_EXHDR(script), &origin,
					&info);
	values[0] = Int32GetDatum(info.statements);
	values[1] = BoolGetDatum(info.transactional);
	nulls[2] = nulls[3] = info.offender == NULL;
	values[2] = nulls[2] ? (Datum) 0 : CStringGetTextDatum(info.offender);
	values[3] = Int32GetDatum(info.offender_line);
	values[4] = BoolGetDatum(info.has_data);
	values[5] = CStringGetTextDatum(info.checksum);
	values[6] = CStringGetTextDatum(info.meaning);
	tuple = heap_form_tuple(BlessTupleDesc(descriptor), values, nulls);
	PG_RETURN_DATUM(HeapTupleGetDatum(tuple));
}

/* sl_script_same(a text, b text) returns boolean */
Datum
sl_script_same(PG_FUNCTION_ARGS)
{
	char	   *a = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *b = text_to_cstring(PG_GETARG_TEXT_PP(1));

	PG_RETURN_BOOL(sl_script_same_meaning(a, b));
}

/* sl_script_prefix(a text, b text) returns int */
Datum
sl_script_prefix(PG_FUNCTION_ARGS)
{
	char	   *a = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *b = text_to_cstring(PG_GETARG_TEXT_PP(1));

	PG_RETURN_INT32(sl_script_common_prefix(a, b));
}

/*
 * sl_script_header_lines(script text, OUT name text, OUT value text,
 *		OUT line int, OUT leading boolean, OUT source text)
 *		returns setof record
 */
Datum
sl_script_header_lines(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	text	   *script = PG_GETARG_TEXT_PP(0);
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	foreach(cell, sl_script_headers(VARDATA_ANY(script),
									VARSIZE_ANY_EXHDR(script), &test_origin))
	{
		SlHeader   *header = (SlHeader *) lfirst(cell);
		Datum		values[5];
		bool		nulls[5] = {false};
		text	   *source;

		values[0] = CStringGetTextDatum(header->name);
		values[1] = CStringGetTextDatum(header->value);
		values[2] = Int32GetDatum(header->line);
		values[3] = BoolGetDatum(header->leading);
		source = cstring_to_text_with_len(VARDATA_ANY(script) + header->start,
										  header->end - header->start);
		values[4] = PointerGetDatum(source);
		tuplestore_putvalues(result->setResult, result->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}

/*
 * sl_script_oracle(script text) returns int
 *
 * Holds the statements of a script without COPY data, psql lines and
 * transaction control against the server's parser on the whole text: the
 * same trees in the same order, at the same places.  The number of
 * statements, or minus the number of the first that differs.
 */
Datum
sl_script_oracle(PG_FUNCTION_ARGS)
{
	char	   *script = text_to_cstring(PG_GETARG_TEXT_PP(0));
	List	   *trees = raw_parser(script, RAW_PARSE_DEFAULT);
	SlScanner  *scanner = sl_scan_begin(script, strlen(script), NULL);
	SlStatement statement;
	int			n = 0;

	while (sl_scan_next(scanner, &statement))
	{
		RawStmt    *tree;

		if (n >= list_length(trees))
			PG_RETURN_INT32(-(n + 1));
		tree = list_nth_node(RawStmt, trees, n);
		n++;

		/*
		 * Before 18 the server's slice starts behind the last semicolon, so
		 * ours must start within it; its end is the semicolon, or 0.
		 */
		if (!equal(tree->stmt, statement.tree->stmt) ||
			statement.start < tree->stmt_location ||
			(tree->stmt_len > 0 &&
			 statement.start + statement.length >
			 tree->stmt_location + tree->stmt_len))
			PG_RETURN_INT32(-n);
	}
	PG_RETURN_INT32(n == list_length(trees) ? n : -(n + 1));
}

/*
 * sl_script_memory(script text) returns bigint
 *
 * The most that a scan needs at any time beyond the script and the lexer's
 * copy of it, in bytes.
 */
Datum
sl_script_memory(PG_FUNCTION_ARGS)
{
	text	   *script = PG_GETARG_TEXT_PP(0);
	Size		length = VARSIZE_ANY_EXHDR(script);
	MemoryContext context;
	MemoryContext each;
	MemoryContext caller;
	SlScanner  *scanner;
	SlStatement statement;
	int64		most = 0;

	context = AllocSetContextCreate(CurrentMemoryContext, "script",
									ALLOCSET_DEFAULT_SIZES);
	each = AllocSetContextCreate(context, "statements",
								 ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(context);
	scanner = sl_scan_begin(VARDATA_ANY(script), length, NULL);
	MemoryContextSwitchTo(each);
	while (sl_scan_next(scanner, &statement))
	{
		most = Max(most, (int64) MemoryContextMemAllocated(context, true));
		MemoryContextReset(each);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	PG_RETURN_INT64(most - (int64) length);
}
