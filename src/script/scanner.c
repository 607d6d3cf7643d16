/*-------------------------------------------------------------------------
 *
 * scanner.c
 *	  The statements of a script, parsed, one after the other.
 *
 * On top of slice.c: each slice is given to the server's own parser, COPY
 * gets its data, and transaction control is taken off or refused.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/script/scanner.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "script/slice.h"
#include "tcop/utility.h"

static bool next_parsed(SlScanner *scanner, SlStatement *statement,
						SlPosition *start);
static void take_off(SlScanner *scanner, const TransactionStmt *stmt,
					 const SlPosition *start);

/* See script.h. */
void
sl_scan_leniently(SlScanner *scanner)
{
	scanner->lenient = true;
}

/*
 * See script.h.
 */
bool
sl_scan_next(SlScanner *scanner, SlStatement *statement)
{
	SlPosition	start;

	while (next_parsed(scanner, statement, &start))
	{
		Node	   *stmt = statement->tree->stmt;

		if (!IsA(stmt, TransactionStmt))
		{
			statement->ordinal = ++scanner->ordinal;
			return true;
		}
		if (scanner->lenient)
		{
			statement->ordinal = scanner->ordinal;
			return true;
		}
		take_off(scanner, (TransactionStmt *) stmt, &start);
	}

	if (scanner->begin.line > 0)
		sl_script_complain(&scanner->origin, &scanner->begin,
						   "BEGIN without COMMIT at the end of the script",
						   "End the script with COMMIT, or remove BEGIN.");
	return false;
}

/* The next statement, whatever it is. */
static bool
next_parsed(SlScanner *scanner, SlStatement *statement, SlPosition *start)
{
	SlSlice		slice;

	if (!sl_slice_next(scanner, &slice))
		return false;

	memset(statement, 0, sizeof(SlStatement));
	*start = slice.start;
	statement->start = slice.start.offset;
	statement->length = slice.length;
	statement->line = slice.start.line;
	statement->column = slice.start.column;
	statement->text = pnstrdup(scanner->text + slice.start.offset,
							   slice.length);
	statement->tree = sl_slice_parse(scanner, &slice, statement->text);
	if (sl_slice_has_data(statement->tree))
		sl_slice_take_data(scanner, &statement->data, &statement->data_length,
						   &statement->data_line);
	scanner->slices++;
	return true;
}

/*
 * A BEGIN as the first statement and a COMMIT as the last one say what is
 * done anyway, and are passed over.  All else would end the transaction that
 * the script, its facts and its history are recorded in.
 */
static void
take_off(SlScanner *scanner, const TransactionStmt *stmt,
		 const SlPosition *start)
{
	const char *message;
	const char *hint = "Remove it, or put what follows into a revision of its own.";
	SlSlice		rest;

	switch (stmt->kind)
	{
		case TRANS_STMT_BEGIN:
		case TRANS_STMT_START:
			if (scanner->slices > 1)
				message = "BEGIN in the middle of the script";
			else if (stmt->options != NIL)
			{
				message = "BEGIN with options";
				hint = "The runner chooses the transaction's mode; write BEGIN alone, or nothing.";
			}
			else
			{
				scanner->begin = *start;
				return;
			}
			break;
		case TRANS_STMT_COMMIT:
			if (scanner->begin.line == 0)
				message = "COMMIT without BEGIN as the first statement";
			else if (stmt->chain)
				message = "COMMIT AND CHAIN";
			else if (sl_slice_next(scanner, &rest))
				message = "COMMIT in the middle of the script";
			else
			{
				scanner->begin.line = 0;
				return;
			}
			break;
		default:
			message = psprintf("%s is transaction control",
							   CreateCommandName((Node *) stmt));
			break;
	}
	sl_script_complain(&scanner->origin, start, message, hint);
}
