/*-------------------------------------------------------------------------
 *
 * check.c
 *	  One pass over a script: what it is, and whether it may run at all.
 *
 * Refused is what would reach beyond the script: into the session of whoever
 * called, into locks that outlive the transaction, or into how the rest of
 * the script is read.  It is refused when it is registered, with the line,
 * rather than in the middle of a run.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/script/check.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "script/slice.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

/* A statement that is refused: the reason, and what to do. */
typedef struct SlRefusal
{
	const char *message;
	const char *hint;
} SlRefusal;

typedef bool (*SlRefusalTest) (Node *stmt, SlRefusal *refusal);

static void judge(SlScanner *scanner, const SlStatement *statement,
				  SlScriptInfo *info);
static bool is_refused(Node *stmt, SlRefusal *refusal);
static bool refuse_discard(Node *stmt, SlRefusal *refusal);
static bool refuse_listen(Node *stmt, SlRefusal *refusal);
static bool refuse_unlisten(Node *stmt, SlRefusal *refusal);
static bool refuse_deallocate(Node *stmt, SlRefusal *refusal);
static bool refuse_close(Node *stmt, SlRefusal *refusal);
static bool refuse_declare(Node *stmt, SlRefusal *refusal);
static bool refuse_set(Node *stmt, SlRefusal *refusal);
static bool refuse_calls(Node *stmt, SlRefusal *refusal);
static bool refuse_call(Node *stmt, SlRefusal *refusal);
static bool refuse_create_as(Node *stmt, SlRefusal *refusal);
static bool refuse_explain(Node *stmt, SlRefusal *refusal);
static bool refuse_prepare(Node *stmt, SlRefusal *refusal);
static bool refuse_copy(Node *stmt, SlRefusal *refusal);
static bool call_walker(Node *node, void *context);
static bool is_session_lock(const FuncCall *call);
static bool is_off(Node *value);

static const struct
{
	NodeTag		tag;
	SlRefusalTest test;
}			refusals[] =
{
	{T_DiscardStmt, refuse_discard},
	{T_ListenStmt, refuse_listen},
	{T_UnlistenStmt, refuse_unlisten},
	{T_DeallocateStmt, refuse_deallocate},
	{T_ClosePortalStmt, refuse_close},
	{T_DeclareCursorStmt, refuse_declare},
	{T_VariableSetStmt, refuse_set},
	{T_SelectStmt, refuse_calls},
	{T_InsertStmt, refuse_calls},
	{T_UpdateStmt, refuse_calls},
	{T_DeleteStmt, refuse_calls},
	{T_MergeStmt, refuse_calls},
	{T_CallStmt, refuse_call},
	{T_CreateTableAsStmt, refuse_create_as},
	{T_ExplainStmt, refuse_explain},
	{T_PrepareStmt, refuse_prepare},
	{T_CopyStmt, refuse_copy},
};

/* See script.h. */
void
sl_script_check(const char *text, Size length, const SlOrigin *origin,
				SlScriptInfo *info)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext each;
	SlScanner  *scanner;
	SlDigest   *digest;
	SlStatement statement;

	memset(info, 0, sizeof(SlScriptInfo));
	info->transactional = true;
	sl_sha256_hex(text, length, info->checksum);

	scanner = sl_scan_begin(text, length, origin);
	each = AllocSetContextCreate(caller, "schema_lifecycle statements",
								 ALLOCSET_DEFAULT_SIZES);
	digest = sl_digest_create();
	scanner->hook = sl_digest_token;
	scanner->hook_arg = digest;

	PG_TRY();
	{
		MemoryContextSwitchTo(each);
		while (sl_scan_next(scanner, &statement))
		{
			judge(scanner, &statement, info);
			info->statements = statement.ordinal;
			sl_digest_statement(digest, &statement);
			MemoryContextReset(each);
		}
		MemoryContextSwitchTo(caller);
		sl_digest_hex(digest, info->meaning);
	}
	PG_FINALLY();
	{
		sl_digest_free(digest);
	}
	PG_END_TRY();

	MemoryContextDelete(each);
	sl_scan_end(scanner);
}

/*
 * Refuse one statement, or add what it is to 'info'.
 */
static void
judge(SlScanner *scanner, const SlStatement *statement, SlScriptInfo *info)
{
	Node	   *stmt = statement->tree->stmt;
	ErrorContextCallback callback;
	SlPosition	at;
	SlRefusal	refusal;
	const char *command;
	bool		refused;

	/* the scanner may be behind the data already */
	at.offset = statement->start;
	at.line = statement->line;
	at.column = statement->column;

	/* trees can be too deep for the stack: say where */
	callback.callback = sl_script_context;
	callback.arg = scanner;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	refused = is_refused(stmt, &refusal);
	(void) sl_statement_is_transactional(stmt, &command);
	info->has_data = info->has_data || sl_statement_has_data(stmt);
	error_context_stack = callback.previous;

	if (refused)
		sl_script_complain(&scanner->origin, &at, refusal.message,
						   refusal.hint);
	if (command == NULL)
		return;

	/* the author asked for one transaction, which cannot be had */
	if (scanner->begin.line > 0)
		sl_script_complain(&scanner->origin, &at,
						   psprintf("%s cannot run between BEGIN and COMMIT",
									command),
						   "Remove BEGIN and COMMIT, or put the statement into a revision of its own.");
	if (info->transactional)
	{
		info->transactional = false;
		info->offender = command;
		info->offender_line = statement->line;
	}
}

/* See script.h. */
bool
sl_statement_is_refused(Node *stmt, const char **message, const char **hint)
{
	SlRefusal	refusal;

	if (!is_refused(stmt, &refusal))
		return false;
	*message = refusal.message;
	*hint = refusal.hint;
	return true;
}

static bool
is_refused(Node *stmt, SlRefusal *refusal)
{
	int			i;

	for (i = 0; i < (int) lengthof(refusals); i++)
	{
		if (nodeTag(stmt) == refusals[i].tag)
			return refusals[i].test(stmt, refusal);
	}
	return false;
}

static bool
refuse_discard(Node *stmt, SlRefusal *refusal)
{
	switch (((DiscardStmt *) stmt)->target)
	{
		case DISCARD_ALL:
			refusal->message = "DISCARD ALL would drop the state and the locks of the session";
			break;
		case DISCARD_TEMP:
			refusal->message = "DISCARD TEMP would drop the temporary tables of the session";
			break;
		default:
			return false;
	}
	refusal->hint = "Remove it: each script starts clean.";
	return true;
}

static bool
refuse_listen(Node *stmt, SlRefusal *refusal)
{
	(void) stmt;
	refusal->message = "LISTEN would outlive the script";
	refusal->hint = "Listen in the session that is to be notified.";
	return true;
}

static bool
refuse_unlisten(Node *stmt, SlRefusal *refusal)
{
	(void) stmt;
	refusal->message = "UNLISTEN would reach into the session that runs the script";
	refusal->hint = "Remove it: a script cannot listen.";
	return true;
}

static bool
refuse_deallocate(Node *stmt, SlRefusal *refusal)
{
	if (((DeallocateStmt *) stmt)->name != NULL)
		return false;
	refusal->message = "DEALLOCATE ALL would drop the prepared statements of the session";
	refusal->hint = "Deallocate what the script prepared by its name.";
	return true;
}

static bool
refuse_close(Node *stmt, SlRefusal *refusal)
{
	if (((ClosePortalStmt *) stmt)->portalname != NULL)
		return false;
	refusal->message = "CLOSE ALL would close the cursors of the session";
	refusal->hint = "Close what the script declared by its name.";
	return true;
}

static bool
refuse_declare(Node *stmt, SlRefusal *refusal)
{
	DeclareCursorStmt *declare = (DeclareCursorStmt *) stmt;

	if ((declare->options & CURSOR_OPT_HOLD) == 0)
		return refuse_calls(declare->query, refusal);
	refusal->message = "a cursor WITH HOLD would outlive the script";
	refusal->hint = "Declare it WITHOUT HOLD.";
	return true;
}

/* The text was cut with the setting on, and functions it makes rely on it. */
static void
refuse_strings(SlRefusal *refusal)
{
	refusal->message = "standard_conforming_strings = off would change how the script is read";
	refusal->hint = "Write strings with backslashes as E'...', and remove the setting.";
}

static bool
refuse_set(Node *stmt, SlRefusal *refusal)
{
	VariableSetStmt *set = (VariableSetStmt *) stmt;

	if (set->kind != VAR_SET_VALUE || list_length(set->args) != 1 ||
		pg_strcasecmp(set->name, "standard_conforming_strings") != 0 ||
		!is_off((Node *) linitial(set->args)))
		return false;
	refuse_strings(refusal);
	return true;
}

/* A query, or anything else that the walker of raw trees knows. */
static bool
refuse_calls(Node *stmt, SlRefusal *refusal)
{
	return call_walker(stmt, refusal);
}

static bool
refuse_call(Node *stmt, SlRefusal *refusal)
{
	return call_walker((Node *) ((CallStmt *) stmt)->funccall, refusal);
}

/* These hold a statement, which need not be a query: EXECUTE, say. */
static bool
refuse_create_as(Node *stmt, SlRefusal *refusal)
{
	return is_refused(((CreateTableAsStmt *) stmt)->query, refusal);
}

static bool
refuse_explain(Node *stmt, SlRefusal *refusal)
{
	return is_refused(((ExplainStmt *) stmt)->query, refusal);
}

static bool
refuse_prepare(Node *stmt, SlRefusal *refusal)
{
	return is_refused(((PrepareStmt *) stmt)->query, refusal);
}

static bool
refuse_copy(Node *stmt, SlRefusal *refusal)
{
	CopyStmt   *copy = (CopyStmt *) stmt;
	Node	   *query = copy->query;

	if (query != NULL && is_refused(query, refusal))
		return true;
	if (copy->is_from || copy->filename != NULL)
		return false;
	refusal->message = "COPY TO STDOUT has no client to send to";
	refusal->hint = "Remove it, or copy to a file of the server.";
	return true;
}

/* Look for calls that have the effect of a refused statement. */
static bool
call_walker(Node *node, void *context)
{
	SlRefusal  *refusal = (SlRefusal *) context;

	if (node == NULL)
		return false;
	if (IsA(node, FuncCall))
	{
		FuncCall   *call = (FuncCall *) node;
		const char *name = strVal(llast(call->funcname));

		if (is_session_lock(call))
		{
			refusal->message = psprintf("%s() takes or frees locks of the session",
										name);
			refusal->hint = "Use pg_advisory_xact_lock(), which ends with the transaction.";
			return true;
		}
		if (strcmp(name, "set_config") == 0 && list_length(call->args) >= 2)
		{
			A_Const    *variable = (A_Const *) linitial(call->args);

			if (IsA(variable, A_Const) && !variable->isnull &&
				IsA(&variable->val, String) &&
				pg_strcasecmp(strVal(&variable->val),
							  "standard_conforming_strings") == 0 &&
				is_off((Node *) lsecond(call->args)))
			{
				refuse_strings(refusal);
				return true;
			}
		}
	}
	return raw_expression_tree_walker(node, call_walker, context);
}

static bool
is_session_lock(const FuncCall *call)
{
	static const char *const names[] = {
		"pg_advisory_lock", "pg_advisory_lock_shared",
		"pg_try_advisory_lock", "pg_try_advisory_lock_shared",
		"pg_advisory_unlock", "pg_advisory_unlock_shared",
		"pg_advisory_unlock_all"
	};
	const char *name = strVal(llast(call->funcname));
	int			i;

	if (list_length(call->funcname) > 1 &&
		strcmp(strVal(linitial(call->funcname)), "pg_catalog") != 0)
		return false;
	for (i = 0; i < (int) lengthof(names); i++)
	{
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

/* A constant that the server would take for false. */
static bool
is_off(Node *value)
{
	A_Const    *constant = (A_Const *) value;
	bool		on;

	if (!IsA(value, A_Const) || constant->isnull)
		return false;
	if (IsA(&constant->val, Integer))
		return intVal(&constant->val) == 0;
	return IsA(&constant->val, String) &&
		parse_bool(strVal(&constant->val), &on) && !on;
}
