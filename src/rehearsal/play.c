/*-------------------------------------------------------------------------
 *
 * play.c
 *	  The worker in the scratch database: one script after the other.
 *
 * It asks for scripts, runs each as a run of the runner would, in a
 * transaction or outside, under a trace, and sends back what that found.  The
 * extension itself is not installed where it works: there are no books.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/rehearsal/play.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "commands/async.h"
#include "commands/prepare.h"
#include "commands/sequence.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "catalog/trace.h"
#include "rehearsal/rehearsal_private.h"
#include "runner/worker.h"

PGDLLEXPORT void sl_job_play(Datum main_arg);

/* The rows of one footprint, as they come. */
typedef struct Rows
{
	MemoryContext context;
	StringInfoData buf;
	int			count;
} Rows;

typedef struct Play
{
	SlOptions	options;
	char	   *role;			/* who runs; as in "role" */
	MemoryContext batch;		/* some scripts */
	MemoryContext script;		/* one */
} Play;

static void
add_rows(List *changes, void *arg)
{
	Rows	   *rows = arg;
	MemoryContext before = MemoryContextSwitchTo(rows->context);
	ListCell   *cell;

	foreach(cell, changes)
	{
		SlFootprintRow row;

		CHECK_FOR_INTERRUPTS();
		sl_footprint_make_row(lfirst(cell), 0, 0, &row);
		sl_wire_put_row(&rows->buf, &row);
		rows->count++;
	}
	MemoryContextSwitchTo(before);
}

/*
 * A script outside a transaction has the session to itself: leave nothing of
 * it to the next one.
 */
static void
clean_session(const Play *play)
{
	StartTransactionCommand();
	PortalHashTableDeleteAll();
	SetConfigOption("session_authorization", NULL, PGC_USERSET,
					PGC_S_SESSION);
	ResetAllOptions();
	SetConfigOption("role", play->role, PGC_USERSET, PGC_S_SESSION);
	DropAllPreparedStatements();
	Async_UnlistenAll();
	LockReleaseAll(USER_LOCKMETHOD, true);
	ResetPlanCache();
	ResetTempTableNamespace();
	ResetSequenceCaches();
	CommitTransactionCommand();
}

static int
play_inside(const Play *play, const SlRegistryEntry *entry,
			const SlPlayScript *script, Rows *rows)
{
	List	   *changes = NIL;
	int			flush = synchronous_commit;
	int			statements;

	StartTransactionCommand();
	MemoryContextSwitchTo(play->script);

	/* in a session it would be the portal of the call that has one */
	PushActiveSnapshot(GetTransactionSnapshot());
	statements = sl_run_script_only(entry, script->confined ?
									SL_CONFINED : SL_UNCONFINED,
									"sl_rehearse", &play->options,
									script->wanted ? &changes : NULL);
	PopActiveSnapshot();
	add_rows(changes, rows);

	/* nobody needs the database after a crash: do not wait for the disk */
	synchronous_commit = SYNCHRONOUS_COMMIT_OFF;
	CommitTransactionCommand();
	synchronous_commit = flush;
	MemoryContextSwitchTo(play->script);
	return statements;
}

static int
play_outside(const Play *play, const SlRegistryEntry *entry,
			 const SlPlayScript *script, Rows *rows)
{
	int			statements;

	statements = sl_run_steps_only(entry, "sl_rehearse", &play->options,
								   script->wanted ? add_rows : NULL, rows);
	clean_session(play);
	MemoryContextSwitchTo(play->script);
	return statements;
}

static void
play_script(Play *play, const SlPlayScript *script)
{
	TimestampTz started = GetCurrentTimestamp();
	SlRegistryEntry entry = {0};
	SlPlayed	played = {0};
	Rows		rows = {0};
	StringInfoData message;

	entry.revision = script->revision;
	entry.kind = script->kind;
	entry.up = script->script;
	entry.up_line = script->first_line;
	entry.statements = script->statements;
	entry.has_data = script->has_data;
	rows.context = CurrentMemoryContext;
	initStringInfo(&rows.buf);

	sl_pass_over_revision(script->revision);
	played.revision = script->revision;
	played.statements = (script->transactional ? play_inside : play_outside)
		(play, &entry, script, &rows);
	played.elapsed = GetCurrentTimestamp() - started;
	played.partial = sl_pass_over_was_partial();
	played.nrows = rows.count;

	initStringInfo(&message);
	pq_sendbyte(&message, SL_PLAY_PLAYED);
	sl_wire_put_played(&message, &played, &rows.buf);
	sl_worker_tell(message.data, message.len);
}

/* Ask for scripts and run them; false: that was all. */
static bool
play_batch(Play *play)
{
	const char	next = SL_PLAY_NEXT;
	StringInfoData message;
	const char *data;
	Size		length;
	int			count;

	MemoryContextReset(play->batch);
	MemoryContextSwitchTo(play->batch);
	sl_worker_tell(&next, 1);
	data = sl_worker_hear(&length);
	if (data == NULL)
		return false;
	initStringInfo(&message);
	appendBinaryStringInfo(&message, data, (int) length);
	count = (int) pq_getmsgint(&message, 4);
	if (count == 0)
		return false;
	while (count-- > 0)
	{
		SlPlayScript script;

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(play->script);
		MemoryContextSwitchTo(play->script);
		sl_wire_get_script(&message, &script);
		play_script(play, &script);
	}
	return true;
}

/* It may be that the caller may not. */
static void
make_given(const Play *play, const char *text)
{
	MemoryContextReset(play->batch);
	MemoryContextSwitchTo(play->batch);
	PG_TRY();
	{
		List	   *trees = pg_parse_query(text);

		sl_run_top_level(linitial_node(RawStmt, trees), text);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(play->batch);
		error = CopyErrorData();
		FlushErrorState();
		AbortOutOfAnyTransaction();
		MemoryContextSwitchTo(play->batch);
		ereport(WARNING,
				(errmsg("the scratch database is without something that is here: %s: %s",
						text, error->message),
				 errdetail("No script makes it.")));
	}
	PG_END_TRY();
}

/*
 * What the scripts may take for granted, because it is there where they are
 * to run and none of them makes it.
 */
static void
make_givens(const Play *play, const char *givens)
{
	while (*givens != '\0')
	{
		make_given(play, givens);
		givens += strlen(givens) + 1;
	}
}

static void
do_play(const SlWorkerSelf *self)
{
	const SlPlayInput *input = (const SlPlayInput *) self->input;
	Play		play = {{0}};

	play.options.migration_lock_timeout = input->lock_timeout;
	play.options.migration_statement_timeout = input->statement_timeout;
	play.role = MemoryContextStrdup(TopMemoryContext,
									GetConfigOption("role", false, false));
	play.batch = AllocSetContextCreate(TopMemoryContext,
									   "schema_lifecycle scripts",
									   ALLOCSET_DEFAULT_SIZES);
	play.script = AllocSetContextCreate(TopMemoryContext,
										"schema_lifecycle script",
										ALLOCSET_DEFAULT_SIZES);
	sl_pass_over_begin();
	make_givens(&play, input->givens);
	while (play_batch(&play))
		 /* more */ ;
}

void
sl_job_play(Datum main_arg)
{
	sl_worker_main(main_arg, do_play);
}
