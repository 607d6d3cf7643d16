/*-------------------------------------------------------------------------
 *
 * watch.c
 *	  What happens in a transaction of an observed tool.
 *
 * An event trigger loads this library before the first statement that could
 * change the catalog, and a trace is on from then.  A trigger on the version
 * table, before each statement that writes to it, takes what the table said
 * until then, and what has changed.  When the transaction is about to commit,
 * behind all deferred triggers, one verdict is given over all of it.
 *
 * A tool that says "begun" in one transaction and "done" in another is seen
 * as a whole, as long as it is one session.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/adapters/watch.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_extension.h"
#include "commands/event_trigger.h"
#include "commands/extension.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "nodes/value.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"

#include "adapters/adapters_private.h"
#include "catalog/trace.h"
#include "common/invalidation.h"
#include "common/settings.h"

PG_FUNCTION_INFO_V1(sl_observe_ddl);
PG_FUNCTION_INFO_V1(sl_observe_write);

/* so many words are kept in a transaction, to tell its revisions apart */
#define MAX_WORDS 200000

/* A transaction that is watched. */
typedef struct Watch
{
	MemoryContext cxt;
	List	   *writes;			/* SlWrites * */
	int			nwords;
	bool		tracing;		/* a trace of ours should be on */
	bool		lost;			/* it was not, for a while */
	bool		touched;		/* there was DDL */
} Watch;

static Watch *watch = NULL;

/* What the session keeps across transactions. */
static bool session_touched = false;	/* DDL since the last verdict */
static bool session_writes = false; /* it has written to a version table */
static MemoryContext carried_cxt = NULL;
static SlWrites *carried = NULL;	/* of a tool that is under way */
static bool verdict_given = false;

static void end_watch(void);

/*-------------------------------------------------------------------------
 * From one transaction to the next
 *-------------------------------------------------------------------------
 */

static void
drop_carried(void)
{
	carried = NULL;
	if (carried_cxt != NULL)
		MemoryContextReset(carried_cxt);
}

static List *
copy_changes(const List *changes)
{
	List	   *copy = NIL;
	ListCell   *cell;

	foreach(cell, changes)
	{
		const SlChange *change = lfirst(cell);
		SlChange   *made = palloc_object(SlChange);

		made->kind = change->kind;
		made->class = pstrdup(change->class);
		made->identity = pstrdup(change->identity);
		made->before = change->before == NULL ? NULL :
			sl_fact_copy(change->before);
		made->after = change->after == NULL ? NULL :
			sl_fact_copy(change->after);
		copy = lappend(copy, made);
	}
	return copy;
}

static List *
copy_words(const List *words)
{
	List	   *copy = NIL;
	ListCell   *cell;

	foreach(cell, words)
	{
		const SlWord *word = lfirst(cell);
		SlWord	   *made = sl_word_add(&copy, word->kind,
									   pstrdup(word->revision));

		made->order = word->order;
	}
	return copy;
}

/* The tool is under way: keep what was seen so far. */
static void
carry(const SlWrites *writes)
{
	MemoryContext before;
	ListCell   *cell;
	SlWrites   *made;

	if (carried_cxt == NULL)
		carried_cxt = AllocSetContextCreate(TopMemoryContext,
											"schema_lifecycle observed tool",
											ALLOCSET_DEFAULT_SIZES);
	before = MemoryContextSwitchTo(carried_cxt);
	made = palloc0_object(SlWrites);
	made->relid = writes->relid;
	made->lost = writes->lost;
	made->touched = writes->touched;
	foreach(cell, writes->pieces)
	{
		const SlPiece *piece = lfirst(cell);
		SlPiece    *copy = palloc0_object(SlPiece);

		copy->words = copy_words(piece->words);
		copy->changes = copy_changes(piece->changes);
		made->pieces = lappend(made->pieces, copy);
	}
	made->rest = copy_changes(writes->rest);
	MemoryContextSwitchTo(before);
	carried = made;
}

/* Put what was carried before what was written now. */
static void
take_carried(SlWrites *writes)
{
	SlPiece    *first = linitial(writes->pieces);

	if (carried == NULL || carried->relid != writes->relid)
		return;
	first->changes = list_concat(copy_changes(carried->rest),
								 first->changes);
	writes->pieces = list_concat(list_copy(carried->pieces), writes->pieces);
	writes->lost |= carried->lost;
	writes->touched |= carried->touched;
}

/* A transaction between two of the tool's writes. */
static void
carry_changes(List *changes)
{
	MemoryContext before = MemoryContextSwitchTo(carried_cxt);

	carried->rest = list_concat(carried->rest, copy_changes(changes));
	carried->touched = true;
	MemoryContextSwitchTo(before);
}

/*-------------------------------------------------------------------------
 * The transaction
 *-------------------------------------------------------------------------
 */

/* What was changed since the trace began; it is off then. */
static List *
take_changes(void)
{
	List	   *changes = NIL;

	if (watch->tracing && sl_trace_is_on())
		changes = sl_trace_end();
	else if (watch->tracing)
		watch->lost = true;		/* a run of ours, in the same transaction */
	watch->tracing = false;
	return changes;
}

static void
watch_transaction(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			if (watch != NULL)
				end_watch();
			break;
		case XACT_EVENT_PRE_PREPARE:
			if (watch != NULL && watch->writes != NIL)
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("cannot PREPARE a transaction that has written to an observed version table"),
						 errhint("COMMIT it, or sl_unobserve() the table.")));
			break;
		case XACT_EVENT_COMMIT:
			if (watch != NULL)
				session_touched = watch->touched || session_touched;
			if (verdict_given)
				session_touched = false;
			watch = NULL;
			verdict_given = false;
			break;
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			watch = NULL;
			verdict_given = false;
			break;
		default:
			break;
	}
}

/* What a subtransaction wrote goes with its abort. */
static void
forget_pieces(int level)
{
	ListCell   *cell;

	foreach(cell, watch->writes)
	{
		SlWrites   *writes = lfirst(cell);

		while (writes->pieces != NIL &&
			   ((SlPiece *) llast(writes->pieces))->level >= level)
		{
			writes->pieces = list_delete_last(writes->pieces);
			writes->lost = true;
		}
		if (writes->pieces == NIL)
			watch->writes = foreach_delete_current(watch->writes, cell);
	}
}

static void
watch_subtransaction(SubXactEvent event, SubTransactionId subid,
					 SubTransactionId parent, void *arg)
{
	int			level = GetCurrentTransactionNestLevel();
	ListCell   *cell;
	ListCell   *other;

	if (watch == NULL || watch->writes == NIL)
		return;
	if (event == SUBXACT_EVENT_ABORT_SUB)
		forget_pieces(level);
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
		foreach(cell, watch->writes)
			foreach(other, ((SlWrites *) lfirst(cell))->pieces)
			{
				SlPiece    *piece = lfirst(other);

				piece->level = Min(piece->level, level - 1);
			}
}

static void
begin_watch(void)
{
	static bool registered = false;
	MemoryContext cxt;

	if (!registered)
	{
		RegisterXactCallback(watch_transaction, NULL);
		RegisterSubXactCallback(watch_subtransaction, NULL);
		registered = true;
	}
	if (watch != NULL)
		return;
	cxt = AllocSetContextCreate(TopTransactionContext,
								"schema_lifecycle watch",
								ALLOCSET_DEFAULT_SIZES);
	watch = MemoryContextAllocZero(cxt, sizeof(Watch));
	watch->cxt = cxt;
}

static const SlVersionTableRow *
find_row(List *rows, const char *schema, const char *name)
{
	ListCell   *cell;

	foreach(cell, rows)
	{
		const SlVersionTableRow *row = lfirst(cell);

		if (row->observe != NULL && strcmp(row->schema, schema) == 0 &&
			strcmp(row->name, name) == 0)
			return row;
	}
	return NULL;
}

/* The table, as it is known to be observed; NULL: it is not. */
static SlVersionTable *
find_observed(Oid relid, const char **mode)
{
	char	   *schema = get_namespace_name(get_rel_namespace(relid));
	char	   *name = get_rel_name(relid);
	const SlVersionTableRow *row;
	SlVersionTable *table;
	char	   *title;

	if (schema == NULL || name == NULL)
		return NULL;
	row = find_row(sl_version_tables_read(true), schema, name);
	if (row == NULL)
	{
		title = quote_qualified_identifier(schema, name);
		ereport(WARNING,
				(errmsg("table \"%s\" has the trigger of sl_observe(), and is not known as observed",
						title),
				 errdetail("It was renamed, or copied from elsewhere."),
				 errhint("SELECT sl_observe(%s), or drop the trigger.",
						 quote_literal_cstr(title))));
		return NULL;
	}
	table = sl_version_table_known(row);
	if (table == NULL)
		ereport(WARNING,
				(errmsg("version table \"%s.%s\" is no table of %s any more, and is not observed",
						schema, name, row->tool)));
	*mode = row->observe;
	return table;
}

static SlWrites *
writes_to(Oid relid)
{
	SlWrites   *writes;
	ListCell   *cell;

	foreach(cell, watch->writes)
	{
		writes = lfirst(cell);
		if (writes->relid == relid)
			return writes;
	}
	writes = palloc0_object(SlWrites);
	writes->relid = relid;
	watch->writes = lappend(watch->writes, writes);
	return writes;
}

/* It is about to be written to: take what led to that. */
static void
note_write(Oid relid)
{
	MemoryContext before = MemoryContextSwitchTo(watch->cxt);
	const char *mode;
	SlVersionTable *table = find_observed(relid, &mode);

	if (table != NULL)
	{
		SlWrites   *writes = writes_to(relid);
		SlPiece    *piece = palloc0_object(SlPiece);

		piece->level = GetCurrentTransactionNestLevel();
		piece->changes = take_changes();

		/* beyond some size nothing is told apart any more */
		if (watch->nwords <= MAX_WORDS)
		{
			piece->words = sl_version_table_words(table);
			watch->nwords += list_length(piece->words);
			writes->pieces = lappend(writes->pieces, piece);
		}
		else
		{
			SlPiece    *last = llast(writes->pieces);

			last->changes = list_concat(last->changes, piece->changes);
			writes->lost = true;
		}
		/* two tools at once: whose changes they are, nobody knows */
		if (list_length(watch->writes) > 1)
			watch->lost = true;
	}
	MemoryContextSwitchTo(before);
}

/*
 * The verdict on one table.  Where it is only to be recorded, what fails in
 * that is none of the tool's business.
 */
static bool
judge_writes(SlWrites *writes)
{
	const char *mode = NULL;
	SlVersionTable *table = find_observed(writes->relid, &mode);

	if (table == NULL)
		return true;
	take_carried(writes);
	writes->lost |= watch->lost;
	writes->touched |= watch->touched || session_touched;
	return sl_verdict(table, mode, writes);
}

static bool
is_denied(SlWrites *writes)
{
	const char *mode = NULL;

	return find_observed(writes->relid, &mode) != NULL &&
		strcmp(mode, "deny") == 0;
}

static bool
try_judge(SlWrites *writes)
{
	MemoryContext cxt = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;
	volatile bool done = true;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(cxt);
	PG_TRY();
	{
		PushActiveSnapshot(GetLatestSnapshot());
		done = judge_writes(writes);
		PopActiveSnapshot();
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(cxt);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(cxt);
	CurrentResourceOwner = owner;
	if (error == NULL)
		return done;
	if (ERRCODE_TO_CATEGORY(error->sqlerrcode) ==
		ERRCODE_OPERATOR_INTERVENTION)
		ReThrowError(error);
	ereport(WARNING,
			(errmsg("what this transaction wrote to an observed version table is not recorded: %s",
					error->message),
			 error->detail == NULL ? 0 :
			 errdetail_internal("%s", error->detail),
			 errhint("SELECT * FROM sl_adopt(mirror => false) records it.")));
	return true;
}

/* The transaction is about to commit. */
static void
end_watch(void)
{
	Watch	   *ended = watch;
	MemoryContext before = MemoryContextSwitchTo(ended->cxt);
	List	   *rest = NIL;
	bool		denied = false;
	bool		done = true;
	SlExtension extension;
	ListCell   *cell;

	if (ended->writes == NIL && carried == NULL)
	{
		/* DDL, and no tool had to do with it */
		if (ended->tracing && sl_trace_is_on())
			sl_trace_abandon();
		ended->tracing = false;
		MemoryContextSwitchTo(before);
		return;
	}
	if (!sl_extension_is_current(&extension))
	{
		MemoryContextSwitchTo(before);
		return;
	}
	/* what the last statement did is to be seen */
	CommandCounterIncrement();
	PushActiveSnapshot(GetLatestSnapshot());
	rest = take_changes();
	if (ended->writes == NIL)
		carry_changes(rest);
	foreach(cell, ended->writes)
	{
		SlWrites   *writes = lfirst(cell);

		writes->rest = rest;
		denied = is_denied(writes);
		done = denied ? judge_writes(writes) : try_judge(writes);
		if (!done)
			carry(writes);
		else if (carried != NULL && carried->relid == writes->relid)
			drop_carried();
	}
	PopActiveSnapshot();
	if (ended->writes != NIL)
	{
		verdict_given = done;
		session_writes = true;
	}
	MemoryContextSwitchTo(before);
}

/*-------------------------------------------------------------------------
 * The triggers
 *-------------------------------------------------------------------------
 */

/* DROP EXTENSION, of ours */
static bool
drops_us(Node *statement)
{
	DropStmt   *stmt = (DropStmt *) statement;
	ListCell   *cell;

	if (!IsA(statement, DropStmt) || stmt->removeType != OBJECT_EXTENSION)
		return false;
	foreach(cell, stmt->objects)
		if (strcmp(strVal(lfirst(cell)), SL_EXTENSION_NAME) == 0)
			return true;
	return false;
}

static bool
alters_us(Node *statement)
{
	return (IsA(statement, AlterExtensionStmt) &&
			strcmp(((AlterExtensionStmt *) statement)->extname,
				   SL_EXTENSION_NAME) == 0) ||
		(IsA(statement, CreateExtensionStmt) &&
		 strcmp(((CreateExtensionStmt *) statement)->extname,
				SL_EXTENSION_NAME) == 0);
}

/* Nothing of what goes on now is another tool's. */
static bool
is_ours(void)
{
	return IsBinaryUpgrade || creating_extension || sl_fence_is_up() ||
		sl_guard_bypass;
}

/* The event trigger, at the start of a statement. */
Datum
sl_observe_ddl(PG_FUNCTION_ARGS)
{
	EventTriggerData *data;
	SlExtension extension;

	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("this function is for the event trigger of sl_observe()")));
	data = (EventTriggerData *) fcinfo->context;
	if (drops_us(data->parsetree))
	{
		/* a restore brings the trigger, and not that it goes along */
		if (sl_extension_find(&extension))
			sl_observe_bind(&extension);
		PG_RETURN_NULL();
	}
	if (is_ours() || alters_us(data->parsetree))
		PG_RETURN_NULL();
	begin_watch();
	watch->touched = true;
	if (sl_trace_is_on())
		PG_RETURN_NULL();
	if (watch->tracing)
		watch->lost = true;
	sl_trace_begin_at(watch->cxt, data->parsetree);
	watch->tracing = true;
	PG_RETURN_NULL();
}

/* The trigger on the version table, before each statement that writes. */
Datum
sl_observe_write(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	SlExtension extension;

	if (!CALLED_AS_TRIGGER(fcinfo) ||
		!TRIGGER_FIRED_BEFORE(data->tg_event) ||
		!TRIGGER_FIRED_FOR_STATEMENT(data->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("this function is for the trigger of sl_observe()")));
	if (is_ours() || !sl_extension_is_current(&extension))
		return PointerGetDatum(NULL);
	begin_watch();
	note_write(RelationGetRelid(data->tg_relation));
	return PointerGetDatum(NULL);
}

/*
 * Does this transaction have to do with a version table that is observed?  It
 * has read it, or the session has written to one before.
 */
bool
sl_observe_is_tool(void)
{
	/* the guard asks with each statement: mostly nothing is observed at all */
	static bool nothing = false;
	static uint64 known_at;
	uint64		generation;
	bool		none = true;
	ListCell   *cell;

	if (session_writes || carried != NULL ||
		(watch != NULL && watch->writes != NIL))
		return true;
	generation = sl_ledger_generation();
	if (nothing && known_at == generation)
		return false;
	nothing = false;
	foreach(cell, sl_version_tables_read(true))
	{
		const SlVersionTableRow *row = lfirst(cell);
		SlVersionTable *table = row->observe == NULL ? NULL :
			sl_version_table_known(row);

		none = none && row->observe == NULL;
		if (table != NULL &&
			CheckRelationOidLockedByMe(table->relid, AccessShareLock,
									   true))
			return true;
	}
	nothing = none;
	known_at = generation;
	return false;
}
