/*-------------------------------------------------------------------------
 *
 * rehearse.c
 *	  CALL sl_rehearse: which revisions, and what becomes of their footprints.
 *
 * The scripts are read here, in the database that they belong to, a few at a
 * time, and sent to the worker that runs them; the footprints come back the
 * same way and are written down as evidence.  The migration lock is held only
 * for that: others may migrate while scripts are rehearsed.
 *
 * What is recorded already is run too, since what follows builds on it, but
 * not recorded again.  Where nothing is missing nothing is run at all.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/rehearsal/rehearse.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "ledger/scratch.h"
#include "rehearsal/rehearsal_private.h"
#include "runner/call.h"
#include "runner/worker.h"

PG_FUNCTION_INFO_V1(sl_rehearse);

/* scripts go out together up to so many, and so many bytes */
#define SEND_COUNT 64
#define SEND_BYTES (256 * 1024)

/* footprints are written down when they take so much */
#define KEEP_BYTES (512 * 1024)

/* waits for the migration lock begin and end with these pauses, in ms */
#define LOCK_POLL_MIN 5
#define LOCK_POLL_MAX 50

/* One revision of the rehearsal. */
typedef struct Revision
{
	char	   *revision;
	bool		transactional;
	bool		wanted;			/* it has no footprint yet */
	int64		size;
	char		meaning[65];	/* of the script that was sent */
} Revision;

/* A footprint that is to be written down. */
typedef struct Gathered
{
	const Revision *revision;
	SlPlayed	played;
} Gathered;

typedef struct Rehearsal
{
	const char *caller;
	const char *target;
	const SlOptions *options;
	SlLockKeys *keys;
	MemoryContext context;		/* lives as long as the call */
	MemoryContext pass;			/* reset with each lot */
	Revision	   *items;			/* in the order of a run */
	int			nitems;
	int			sent;
	int			back;
	StringInfoData lot;			/* what is sent next */
	StringInfoData input;		/* the worker's, an SlPlayInput */
	MemoryContext gathering;
	List	   *gathered;
	SlRehearsed *result;
} Rehearsal;

/*-------------------------------------------------------------------------
 * What there is to do
 *-------------------------------------------------------------------------
 */

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/*
 * The revisions that have a footprint of the script as it is registered now,
 * sorted.
 */
static char **
read_known(int *count)
{
	SlEvidenceRow *rows;
	char	  **names;
	int			nrows;
	int			i;

	PushActiveSnapshot(GetLatestSnapshot());
	rows = sl_evidence_read(&nrows);
	PopActiveSnapshot();
	names = palloc_array(char *, nrows + 1);
	*count = 0;
	for (i = 0; i < nrows; i++)
		if (rows[i].current)
			names[(*count)++] = rows[i].revision;
	if (*count > 1)
		qsort(names, *count, sizeof(char *), compare_names);
	return names;
}

static bool
is_known(char **names, int count, const char *revision)
{
	return count > 0 &&
		bsearch(&revision, names, count, sizeof(char *),
				compare_names) != NULL;
}

/* Nobody migrated here, and there is nothing to be found out about. */
static bool
is_fresh(const SlOptions *options)
{
	return sl_log_is_empty(true) &&
		sl_find_managed_object(options->managed_schemas) == NULL;
}

static void
add_item(Rehearsal *rehearsal, const SlRevisionRow *row, bool wanted)
{
	Revision	   *item = &rehearsal->items[rehearsal->nitems++];

	memset(item, 0, sizeof(*item));
	item->revision = MemoryContextStrdup(rehearsal->context, row->revision);
	item->transactional = row->transactional;
	item->size = row->size;
	item->wanted = wanted;
}

/*
 * Raise, before anything runs, what would be raised by a run as well: SL011
 * and 42501.
 */
static bool
check_rights(const char *revision, bool transactional, Oid registrar,
			 const char *registrar_name)
{
	if (!transactional)
		(void) sl_worker_login(revision, registrar, registrar_name);
	return sl_confinement(revision, registrar, registrar_name) == SL_CONFINED;
}

static void
require_permission(const char *caller)
{
	if (sl_rehearsal_is_permitted())
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied to make a scratch database"),
			 errdetail("%s() runs revisions in a database of its own, as \"%s\".",
					   caller, GetUserNameFromId(GetUserId(), false)),
			 errhint("ALTER ROLE ... CREATEDB, or call it as a role that has that.")));
}

static void
add_given(StringInfo buf, const SlGivenRow *row)
{
	if (row->schema == NULL)
		appendStringInfo(buf, "CREATE SCHEMA %s",
						 quote_identifier(row->name));
	else
	{
		appendStringInfo(buf, "CREATE EXTENSION %s ",
						 quote_identifier(row->name));
		appendStringInfo(buf, "SCHEMA %s CASCADE",
						 quote_identifier(row->schema));
	}
	appendStringInfoChar(buf, '\0');
}

/* What the worker is given: bounds, and what scripts may take for granted. */
static void
make_input(Rehearsal *rehearsal)
{
	SlPlayInput head = {0};
	MemoryContext before;
	List	   *givens = sl_scratch_givens();
	ListCell   *cell;

	head.lock_timeout = rehearsal->options->migration_lock_timeout;
	head.statement_timeout = rehearsal->options->migration_statement_timeout;
	before = MemoryContextSwitchTo(rehearsal->context);
	initStringInfo(&rehearsal->input);
	appendBinaryStringInfo(&rehearsal->input, (char *) &head,
						   offsetof(SlPlayInput, givens));
	foreach(cell, givens)
		add_given(&rehearsal->input, lfirst(cell));
	appendStringInfoChar(&rehearsal->input, '\0');
	MemoryContextSwitchTo(before);
}

/* Fill rehearsal->items: up to the last one that is wanted. */
static void
make_plan(void *arg)
{
	Rehearsal  *rehearsal = arg;
	SlGraph    *graph = sl_graph_read(true);
	const char *external = NULL;
	char	  **known;
	List	   *rows;
	ListCell   *cell;
	int			nknown;
	int			last = 0;

	sl_graph_require_sound(graph, true);
	rows = sl_graph_to_rehearse(graph, rehearsal->target,
								is_fresh(rehearsal->options));
	known = read_known(&nknown);
	rehearsal->items = MemoryContextAlloc(rehearsal->context,
										  sizeof(Revision) *
										  (list_length(rows) + 1));
	foreach(cell, rows)
	{
		const SlRevisionRow *row = lfirst(cell);
		bool		wanted = !is_known(known, nknown, row->revision);

		CHECK_FOR_INTERRUPTS();
		if (external == NULL && row->external)
			external = row->revision;
		if (external == NULL)
		{
			(void) check_rights(row->revision, row->transactional,
								row->registrar, row->registrar_name);
			add_item(rehearsal, row, wanted);
			if (wanted)
			{
				last = rehearsal->nitems;
				rehearsal->result->wanted++;
			}
		}
		else if (wanted && rehearsal->result->external == NULL)
			rehearsal->result->external =
				MemoryContextStrdup(rehearsal->context, external);
	}
	rehearsal->nitems = last;
	if (last > 0)
	{
		require_permission(rehearsal->caller);
		make_input(rehearsal);
	}
}

/*-------------------------------------------------------------------------
 * Footprints, into the ledger
 *-------------------------------------------------------------------------
 */

/* The migration lock, until the end of the transaction. */
static void
take_lock(Rehearsal *rehearsal)
{
	TimestampTz deadline =
		TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
									rehearsal->options->lock_wait);
	long		pause = LOCK_POLL_MIN;
	char	   *activity = psprintf("%s: waiting for the migration lock",
									rehearsal->caller);
	SlHolder	holder;

	while (!sl_lock_try(rehearsal->keys, ExclusiveLock, false, &holder))
	{
		if (GetCurrentTimestamp() >= deadline)
			sl_lock_report_busy(&holder);
		/* no snapshot from here on */
		sl_call_commit();
		pgstat_report_activity(STATE_RUNNING, activity);
		sl_call_pause(pause);
		pause = Min(pause * 2, LOCK_POLL_MAX);
	}
	sl_restore_activity();
}

/* Those of which nobody else has found out meanwhile. */
static List *
still_wanted(List *gathered)
{
	List	   *wanted = NIL;
	char	  **known;
	ListCell   *cell;
	int			nknown;

	known = read_known(&nknown);
	foreach(cell, gathered)
	{
		const Gathered *one = lfirst(cell);

		if (!is_known(known, nknown, one->revision->revision))
			wanted = lappend(wanted, lfirst(cell));
	}
	return wanted;
}

/* Write down what was gathered; a few statements, however many they are. */
static void
write_gathered(void *arg)
{
	Rehearsal  *rehearsal = arg;
	List	   *wanted = still_wanted(rehearsal->gathered);
	List	   *revisions = NIL;
	int			count = list_length(wanted);
	SlEvidence *evidences = palloc0_array(SlEvidence, count + 1);
	SlFootprintRow *rows;
	int64		id;
	int			nrows = 0;
	int			n = 0;
	ListCell   *cell;

	if (wanted == NIL)
		return;
	id = sl_evidence_next_id();
	foreach(cell, wanted)
		nrows += ((Gathered *) lfirst(cell))->played.nrows;
	rows = palloc_array(SlFootprintRow, nrows + 1);
	nrows = 0;
	foreach(cell, wanted)
	{
		const Gathered *gathered = lfirst(cell);
		SlEvidence *evidence = &evidences[n];
		int			i;

		evidence->id = id + n++;
		evidence->revision = gathered->revision->revision;
		evidence->evidence = SL_EVIDENCE_REHEARSED;
		evidence->meaning = gathered->revision->meaning;
		evidence->complete = true;
		revisions = lappend(revisions, gathered->revision->revision);
		for (i = 0; i < gathered->played.nrows; i++)
		{
			rows[nrows] = gathered->played.rows[i];
			rows[nrows++].evidence_id = evidence->id;
		}
	}
	sl_evidence_forget_rehearsed(revisions);
	sl_evidence_put_many(evidences, count);
	if (nrows > 0)
		sl_footprint_append(rows, nrows);

	/* each statement of these was looked at by itself */
	n = 0;
	foreach(cell, wanted)
	{
		if (!((Gathered *) lfirst(cell))->revision->transactional)
			sl_footprint_forget_passing(id + n);
		n++;
	}
}

static void
keep_gathered(Rehearsal *rehearsal)
{
	ErrorData  *error;

	if (rehearsal->gathered == NIL)
		return;
	take_lock(rehearsal);
	error = sl_try_piece(write_gathered, rehearsal, rehearsal->context);
	if (error != NULL)
		ReThrowError(error);
	rehearsal->result->kept += list_length(rehearsal->gathered);
	rehearsal->gathered = NIL;
	MemoryContextReset(rehearsal->gathering);
	sl_call_commit();
}

/*-------------------------------------------------------------------------
 * The worker
 *-------------------------------------------------------------------------
 */

static SlRegistryEntry *
find_entry(List *entries, const char *revision)
{
	ListCell   *cell;

	foreach(cell, entries)
	{
		SlRegistryEntry *entry = lfirst(cell);

		if (strcmp(entry->revision, revision) == 0 && entry->up != NULL)
			return entry;
	}
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("revision \"%s\" was withdrawn while the rehearsal was under way",
					revision),
			 errhint("Call again.")));
}

/* The next scripts, into rehearsal->lot: none at the end. */
static void
make_lot(void *arg)
{
	Rehearsal  *rehearsal = arg;
	List	   *revisions = NIL;
	List	   *entries;
	int64		bytes = 0;
	int			last = rehearsal->sent;
	int			i;

	while (last < rehearsal->nitems)
	{
		const Revision *item = &rehearsal->items[last];

		bytes += item->size;
		if (revisions != NIL && (bytes > SEND_BYTES ||
								 list_length(revisions) >= SEND_COUNT))
			break;
		revisions = lappend(revisions, item->revision);
		last++;
	}
	initStringInfo(&rehearsal->lot);
	pq_sendint32(&rehearsal->lot, list_length(revisions));
	entries = revisions != NIL ? sl_registry_get_scripts(revisions) : NIL;
	for (i = rehearsal->sent; i < last; i++)
	{
		Revision	   *item = &rehearsal->items[i];
		SlRegistryEntry *entry = find_entry(entries, item->revision);
		SlPlayScript script = {0};

		strlcpy(item->meaning, entry->meaning, sizeof(item->meaning));
		script.revision = item->revision;
		script.script = entry->up;
		script.first_line = entry->up_line;
		script.statements = entry->statements;
		script.kind = entry->kind;
		script.transactional = item->transactional;
		script.has_data = entry->has_data;
		script.confined = check_rights(item->revision, item->transactional,
									   entry->registrar,
									   entry->registrar_name);
		script.wanted = item->wanted;
		sl_wire_put_script(&rehearsal->lot, &script);
	}
	rehearsal->sent = last;
}

static void
send_lot(Rehearsal *rehearsal, SlWorker *worker)
{
	MemoryContext before;
	ErrorData  *error;

	MemoryContextReset(rehearsal->pass);
	before = MemoryContextSwitchTo(rehearsal->pass);
	error = sl_try_piece(make_lot, rehearsal, rehearsal->context);
	if (error != NULL)
		ReThrowError(error);
	/* wait for the worker without the snapshot that the scripts took */
	sl_call_commit();
	sl_worker_answer(worker, rehearsal->lot.data, rehearsal->lot.len);
	MemoryContextSwitchTo(before);
}

static void
take_played(Rehearsal *rehearsal, StringInfo message)
{
	MemoryContext before = MemoryContextSwitchTo(rehearsal->gathering);
	Gathered   *gathered = palloc0_object(Gathered);
	SlPlayed   *played = &gathered->played;

	sl_wire_get_played(message, played);
	gathered->revision = &rehearsal->items[rehearsal->back++];
	Assert(strcmp(gathered->revision->revision, played->revision) == 0);
	if (gathered->revision->wanted && !played->partial)
		rehearsal->gathered = lappend(rehearsal->gathered, gathered);
	MemoryContextSwitchTo(before);
	if (!gathered->revision->wanted)
		return;
	ereport(NOTICE,
			(errmsg_plural("%s rehearsed, %d statement, %.0f ms",
						   "%s rehearsed, %d statements, %.0f ms",
						   played->statements, played->revision,
						   played->statements, played->elapsed / 1000.0)));
	if (played->partial)
		ereport(WARNING,
				(errmsg("the footprint of revision \"%s\" is not kept",
						played->revision),
				 errdetail("What was passed over would have changed facts.")));
	if (MemoryContextMemAllocated(rehearsal->gathering, true) > KEEP_BYTES)
		keep_gathered(rehearsal);
}

static void
on_message(SlWorker *worker, StringInfo message, void *arg)
{
	Rehearsal  *rehearsal = arg;

	if (pq_getmsgbyte(message) == SL_PLAY_NEXT)
		send_lot(rehearsal, worker);
	else
		take_played(rehearsal, message);
}

/* Run the scripts in this database, and keep what comes back. */
static void
use_scratch(Oid database, void *arg)
{
	Rehearsal  *rehearsal = arg;
	SlWorkerTask task = {0};

	task.job = SL_JOB_PLAY;
	task.subject = "a rehearsal";
	task.caller = rehearsal->caller;
	task.database = database;
	task.login = sl_worker_login_for_nobody(rehearsal->caller);
	task.all_settings = true;
	task.input = rehearsal->input.data;
	task.input_size = rehearsal->input.len;
	task.receive = on_message;
	task.receive_arg = rehearsal;
	sl_worker_run(&task);
	keep_gathered(rehearsal);
}

/*-------------------------------------------------------------------------
 * The call
 *-------------------------------------------------------------------------
 */

/* What a script raised, with what it means for the rehearsal. */
static void
raise_again(Rehearsal *rehearsal, ErrorData *error)
{
	if (error->hint == NULL)
		error->hint =
			psprintf(_("It failed in a scratch database, and nothing was changed here; footprints kept: %d of %d. That database begins with schemas and extensions alone: what no script makes is not in it."),
					 rehearsal->result->kept, rehearsal->result->wanted);
	ReThrowError(error);
}

static void
rehearse(Rehearsal *rehearsal)
{
	ErrorData  *volatile error = NULL;

	PG_TRY();
	{
		sl_scratch_with(use_scratch, rehearsal, rehearsal->caller,
						rehearsal->nitems > 0);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(rehearsal->context);
		error = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();
	if (error == NULL)
		return;

	/* what came back before the error is kept */
	sl_call_rollback();
	PG_TRY();
	{
		keep_gathered(rehearsal);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(rehearsal->context);
		FlushErrorState();
		sl_call_rollback();
	}
	PG_END_TRY();
	raise_again(rehearsal, error);
}

void
sl_rehearse_revisions(const char *target, const char *caller,
					  const SlOptions *options, SlRehearsed *result)
{
	MemoryContext outer = CurrentMemoryContext;
	Rehearsal  *rehearsal;
	ErrorData  *error;
	MemoryContext context;

	memset(result, 0, sizeof(*result));
	context = AllocSetContextCreate(outer, "schema_lifecycle rehearsal",
									ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(context);
	rehearsal = palloc0_object(Rehearsal);
	rehearsal->caller = caller;
	rehearsal->target = target;
	rehearsal->options = options;
	rehearsal->keys = sl_lock_keys();
	rehearsal->context = context;
	rehearsal->pass = AllocSetContextCreate(context,
											"schema_lifecycle scripts",
											ALLOCSET_DEFAULT_SIZES);
	rehearsal->gathering = AllocSetContextCreate(context,
												 "schema_lifecycle footprints",
												 ALLOCSET_DEFAULT_SIZES);
	rehearsal->result = result;

	/* what the look at the graph takes is not needed any more afterwards */
	MemoryContextSwitchTo(rehearsal->pass);
	error = sl_try_piece(make_plan, rehearsal, context);
	sl_call_commit();
	MemoryContextSwitchTo(context);
	MemoryContextReset(rehearsal->pass);

	/* what a crash has left is dropped in any case */
	if (error != NULL)
		rehearsal->nitems = 0;
	rehearse(rehearsal);
	if (error != NULL)
		ReThrowError(error);
	MemoryContextSwitchTo(outer);
	if (result->external != NULL)
		result->external = pstrdup(result->external);
	MemoryContextDelete(context);
}

void
sl_rehearsal_clear(const char *caller)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		sl_scratch_with(NULL, NULL, caller, false);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		sl_call_rollback();
		if (ERRCODE_TO_CATEGORY(error->sqlerrcode) ==
			ERRCODE_OPERATOR_INTERVENTION)
			ReThrowError(error);
		ereport(WARNING,
				(errcode(error->sqlerrcode),
				 errmsg("scratch databases of earlier rehearsals could not be dropped: %s",
						error->message)));
	}
	PG_END_TRY();
}

static void
report_external(const SlRehearsed *result)
{
	ereport(ERROR,
			(errcode(SL_ERR_NOT_AT_HEAD),
			 errmsg("revision \"%s\" is external: it has no script to rehearse",
					result->external),
			 result->kept > 0 ?
			 errdetail("What comes before it was rehearsed.") :
			 errdetail("What comes after it cannot be rehearsed without it."),
			 errhint("Push its script: for Alembic the output of \"alembic upgrade --sql\".")));
}

/* CALL sl_rehearse(target, options) */
Datum
sl_rehearse(PG_FUNCTION_ARGS)
{
	TimestampTz started = GetCurrentTimestamp();
	MemoryContext context;
	MemoryContext outer;
	SlOptions	options;
	SlRehearsed result;
	char	   *target = NULL;

	if (sl_fence_is_up())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("sl_rehearse() cannot be called by a migration")));
	sl_call_require_top_level(fcinfo, "sl_rehearse",
						 _("It commits the footprints that it finds."), NULL);
	sl_require_writer("sl_rehearse");
	context = AllocSetContextCreate(PortalContext, "schema_lifecycle call",
									ALLOCSET_DEFAULT_SIZES);
	outer = MemoryContextSwitchTo(context);
	if (!PG_ARGISNULL(0))
		target = text_to_cstring(PG_GETARG_TEXT_PP(0));
	sl_options_resolve(&options,
					   PG_ARGISNULL(1) ? NULL : PG_GETARG_JSONB_P(1));

	/* the caller's bounds one statement, and this is many */
	disable_timeout(STATEMENT_TIMEOUT, false);
	sl_disable_transaction_timeout();

	if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	MemoryContextSwitchTo(context);
	sl_rehearse_revisions(target, "sl_rehearse", &options, &result);
	if (result.wanted > 0)
		ereport(NOTICE,
				(errmsg_plural("%d footprint kept after %.0f ms",
							   "%d footprints kept after %.0f ms",
							   result.kept, result.kept,
							   (GetCurrentTimestamp() - started) / 1000.0)));
	else if (result.external == NULL)
		ereport(NOTICE,
				(errmsg("nothing to rehearse: all revisions have a footprint")));
	SPI_finish();
	if (result.external != NULL)
		report_external(&result);
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(context);
	PG_RETURN_NULL();
}
