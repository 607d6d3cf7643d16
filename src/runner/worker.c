/*-------------------------------------------------------------------------
 *
 * worker.c
 *	  A background worker for scripts that run outside a transaction.
 *
 * The committed ledger is the message: the worker gets a revision's id and
 * reads the script itself.  Its errors and notices come back through a shared
 * memory queue, as those of parallel workers do, and are raised again by the
 * session that waits, which holds no snapshot meanwhile.
 *
 * An error ends the worker: what is left is an open journal, the same as
 * after a crash, and the next run continues from it.  When the waiting
 * session is cancelled, fails or exits, it takes the worker with it; until
 * that is gone its lock (sl_worker_lock_try) keeps other runs away.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/runner/worker.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "libpq/pqformat.h"
#include "libpq/pqmq.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/dsm.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "storage/shm_mq.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "runner/runner.h"

PGDLLEXPORT void sl_worker_main(Datum main_arg);

#define QUEUE_SIZE 65536

/* What the two sides share; the queue and the revision's id follow. */
typedef struct WorkerShared
{
	Oid			database;
	Oid			login;			/* connects */
	Oid			role;			/* runs: SET ROLE if another */
	Oid			registrar;		/* whose script it was when it was checked */
	char		checksum[65];	/* and what it was */
	SlDirection direction;
	int			lock_timeout;
	int			statement_timeout;
	/* written by the worker */
	bool		in_doubt;		/* see SlOrder */
	bool		done;
	int			statements;
	Size		queue;			/* offsets in the segment */
	Size		revision;
	Size		settings;
} WorkerShared;

/* The waiting side. */
typedef struct Launch
{
	dsm_segment *segment;
	WorkerShared *shared;
	BackgroundWorkerHandle *handle; /* NULL until it is registered */
	shm_mq_handle *queue;
	ErrorData  *error;			/* what the worker died of */
	SlOutcome  *outcome;
} Launch;

/*
 * What the client asked for when it connected (PGOPTIONS and the like), and
 * its application_name: the worker's session is to be like a fresh one of the
 * same client.  NUL-terminated names and values in turn, a letter before each
 * name for the rights it was asked for with, and an empty name at the end.
 */
static void
collect_settings(StringInfo buf)
{
	int			count;
	struct config_generic **variables = sl_guc_variables(&count);
	int			i;

	for (i = 0; i < count; i++)
	{
		struct config_generic *variable = variables[i];

		if (variable->reset_source != PGC_S_CLIENT ||
			(variable->context != PGC_USERSET &&
			 variable->context != PGC_SUSET) ||
			(variable->flags & (GUC_NO_RESET_ALL | GUC_SUPERUSER_ONLY)) != 0 ||
			strcmp(variable->name, "client_encoding") == 0 ||
			strcmp(variable->name, "default_transaction_read_only") == 0 ||
			strcmp(variable->name, "application_name") == 0)
			continue;
		/* with the rights it was asked for with, see take_settings */
		appendStringInfoChar(buf, variable->reset_scontext == PGC_SU_BACKEND ?
							 's' : 'u');
		appendStringInfoString(buf, variable->name);
		appendStringInfoChar(buf, '\0');
		appendStringInfoString(buf,
							   GetConfigOptionResetString(variable->name));
		appendStringInfoChar(buf, '\0');
	}
	appendStringInfoString(buf, "uapplication_name");
	appendStringInfoChar(buf, '\0');
	appendStringInfoString(buf, application_name);
	appendStringInfoChar(buf, '\0');
	appendStringInfoChar(buf, '\0');
}

/*
 * With the rights that the client had when it asked: a placeholder of a
 * library that is not loaded yet says nothing of what it will need, and the
 * worker must not have what the session would have been refused.
 */
static void
take_settings(const char *settings)
{
	while (*settings != '\0')
	{
		const char *name = settings + 1;
		const char *value = name + strlen(name) + 1;

		(void) set_config_option(name, value,
								 settings[0] == 's' ? PGC_SUSET : PGC_USERSET,
								 PGC_S_CLIENT, GUC_ACTION_SET, true, WARNING,
								 false);
		settings = value + strlen(value) + 1;
	}
}

/* Lay out the segment. */
static void
create_segment(Launch *launch, const SlRegistryEntry *entry,
			   SlDirection direction, const SlOptions *options)
{
	Size		revision_size = strlen(entry->revision) + 1;
	Size		queue = MAXALIGN(sizeof(WorkerShared));
	Size		revision = queue + QUEUE_SIZE;
	Size		settings = revision + MAXALIGN(revision_size);
	const char *script = direction == SL_UP ? entry->up : entry->down;
	StringInfoData buf;
	WorkerShared *shared;
	shm_mq	   *mq;

	initStringInfo(&buf);
	collect_settings(&buf);
	launch->segment = dsm_create(settings + buf.len, 0);

	/* it outlives the transaction that made it */
	dsm_pin_mapping(launch->segment);
	shared = dsm_segment_address(launch->segment);
	memset(shared, 0, sizeof(WorkerShared));
	shared->database = MyDatabaseId;
	shared->role = GetUserId();
	shared->login = sl_worker_login(entry->revision, entry->registrar,
									entry->registrar_name);
	shared->registrar = entry->registrar;
	sl_sha256_hex(script, strlen(script), shared->checksum);
	shared->direction = direction;
	shared->lock_timeout = options->migration_lock_timeout;
	shared->statement_timeout = options->migration_statement_timeout;
	shared->queue = queue;
	shared->revision = revision;
	shared->settings = settings;
	memcpy((char *) shared + revision, entry->revision, revision_size);
	memcpy((char *) shared + settings, buf.data, buf.len);
	launch->shared = shared;

	mq = shm_mq_create((char *) shared + queue, QUEUE_SIZE);
	shm_mq_set_receiver(mq, MyProc);
}

static void
register_worker(Launch *launch, const SlRegistryEntry *entry)
{
	BackgroundWorker worker;
	shm_mq	   *mq;

	memset(&worker, 0, sizeof(worker));
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS |
		BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	strlcpy(worker.bgw_library_name, SL_EXTENSION_NAME,
			sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, "sl_worker_main",
			sizeof(worker.bgw_function_name));
	snprintf(worker.bgw_name, BGW_MAXLEN, "schema_lifecycle worker of %d",
			 MyProcPid);
	strlcpy(worker.bgw_type, "schema_lifecycle worker", BGW_MAXLEN);
	worker.bgw_main_arg =
		UInt32GetDatum(dsm_segment_handle(launch->segment));
	worker.bgw_notify_pid = MyProcPid;

	if (!RegisterDynamicBackgroundWorker(&worker, &launch->handle))
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("no background worker is free to run revision \"%s\"",
						entry->revision),
				 errhint("Call again, or increase max_worker_processes and restart the server.")));
	mq = (shm_mq *) ((char *) launch->shared + launch->shared->queue);
	launch->queue = shm_mq_attach(mq, launch->segment, launch->handle);
}

/*
 * An error is kept until the worker is gone, the rest is passed on.  What is
 * allocated for the rest goes when the caller resets 'scratch'.
 */
static void
take_message(Launch *launch, MemoryContext scratch, char *data, Size length)
{
	MemoryContext outer = CurrentMemoryContext;
	StringInfoData message;
	ErrorData	report;
	char		type;

	/* an error is kept: it is allocated where we stay */
	if (data[0] != 'E')
		MemoryContextSwitchTo(scratch);
	initStringInfo(&message);
	appendBinaryStringInfo(&message, data, length);
	type = pq_getmsgbyte(&message);
	if (type == 'E' || type == 'N')
	{
		pq_parse_errornotice(&message, &report);

		/* what ends a worker must not end this session */
		report.elevel = Min(report.elevel, ERROR);
		if (report.elevel < ERROR)
			ThrowErrorData(&report);
		else if (launch->error == NULL)
		{
			launch->error = palloc_object(ErrorData);
			*launch->error = report;
		}
	}
	MemoryContextSwitchTo(outer);
}

/* Wait for the end of the worker, without a snapshot. */
static void
wait_for_worker(Launch *launch)
{
	MemoryContext scratch;

	scratch = AllocSetContextCreate(CurrentMemoryContext,
									"schema_lifecycle message",
									ALLOCSET_SMALL_SIZES);
	for (;;)
	{
		Size		length;
		void	   *data;
		shm_mq_result result;

		CHECK_FOR_INTERRUPTS();
		result = shm_mq_receive(launch->queue, &length, &data, true);
		if (result == SHM_MQ_SUCCESS)
		{
			take_message(launch, scratch, data, length);
			MemoryContextReset(scratch);
			continue;
		}
		if (result == SHM_MQ_DETACHED)
			break;
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH, -1,
						 PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
	}
	(void) WaitForBackgroundWorkerShutdown(launch->handle);
}

/* For errors of the waiting session: the worker's have their own context. */
static void
wait_error_callback(void *arg)
{
	errcontext("revision \"%s\", in a background worker", (char *) arg);
}

/*
 * The session fails or exits while its worker is at work: stop that, too.  At
 * an exit there is no waiting; the worker's lock guards what is left of it.
 */
static void
stop_worker(int code, Datum arg)
{
	Launch	   *launch = (Launch *) DatumGetPointer(arg);

	dsm_segment *segment = launch->segment;

	if (launch->handle != NULL)
		TerminateBackgroundWorker(launch->handle);

	/* a second cancel, while we wait, must not find it again */
	launch->segment = NULL;
	if (segment != NULL)
	{
		launch->outcome->in_doubt = launch->shared != NULL &&
			launch->shared->in_doubt && !launch->shared->done;
		dsm_detach(segment);
	}
	if (launch->handle != NULL && !proc_exit_inprogress)
		(void) WaitForBackgroundWorkerShutdown(launch->handle);
}

/*
 * Run a script in a worker and wait for its end; raises what the worker
 * raised.  To be called by a non-atomic procedure: commits.
 */
void
sl_run_in_worker(const SlRegistryEntry *entry, SlDirection direction,
				 const char *caller, const SlOptions *options,
				 SlOutcome *outcome)
{
	TimestampTz started = GetCurrentTimestamp();
	Launch	   *launch = palloc0_object(Launch);
	ErrorContextCallback callback;
	WorkerShared shared;

	launch->outcome = outcome;
	PG_ENSURE_ERROR_CLEANUP(stop_worker, PointerGetDatum(launch));
	{
		create_segment(launch, entry, direction, options);
		pgstat_report_activity(STATE_RUNNING,
							   psprintf("%s: revision \"%s\", in a background worker",
										caller, entry->revision));

		/* from here on no snapshot, and no lock on a relation */
		sl_call_commit();
		callback.callback = wait_error_callback;
		callback.arg = entry->revision;
		callback.previous = error_context_stack;
		error_context_stack = &callback;
		register_worker(launch, entry);
		wait_for_worker(launch);
		error_context_stack = callback.previous;
	}
	PG_END_ENSURE_ERROR_CLEANUP(stop_worker, PointerGetDatum(launch));

	shared = *launch->shared;
	dsm_detach(launch->segment);
	outcome->in_doubt = shared.in_doubt && !shared.done;
	sl_restore_activity();
	if (launch->error != NULL)
		ThrowErrorData(launch->error);
	if (!shared.done)
		ereport(ERROR,
				(errcode(ERRCODE_ADMIN_SHUTDOWN),
				 errmsg("the background worker of revision \"%s\" ended before its time",
						entry->revision),
				 errdetail("The server's log says why."),
				 errhint("Call again: the run continues behind the last finished statement.")));
	sl_fill_outcome(outcome, direction, shared.statements, started);
}

/* The worker. */
void
sl_worker_main(Datum main_arg)
{
	dsm_segment *segment;
	WorkerShared *shared;
	shm_mq	   *mq;
	SlOptions	options;
	SlOutcome	outcome;
	SlOrder		order;

	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();

	/* it ends with the process */
	segment = dsm_attach(DatumGetUInt32(main_arg));
	if (segment == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the session that launched this worker is gone")));
	shared = dsm_segment_address(segment);

	/* errors of the connection itself go through the queue, too */
	mq = (shm_mq *) ((char *) shared + shared->queue);
	shm_mq_set_sender(mq, MyProc);
	pq_redirect_to_shm_mq(segment, shm_mq_attach(mq, segment, NULL));

	BackgroundWorkerInitializeConnectionByOid(shared->database,
											  shared->login, 0);
	(void) SetClientEncoding(GetDatabaseEncoding());
	take_settings((char *) shared + shared->settings);
	if (shared->role != shared->login)
	{
		StartTransactionCommand();
		SetConfigOption("role", GetUserNameFromId(shared->role, false),
						PGC_USERSET, PGC_S_SESSION);
		CommitTransactionCommand();
	}
	if (!sl_worker_lock_try(ExclusiveLock, NULL))
		ereport(ERROR,
				(errcode(SL_ERR_LOCK_BUSY),
				 errmsg("a worker of an earlier run is still there"),
				 errhint("Call again.")));

	memset(&options, 0, sizeof(options));
	options.migration_lock_timeout = shared->lock_timeout;
	options.migration_statement_timeout = shared->statement_timeout;
	memset(&order, 0, sizeof(order));
	order.revision = (char *) shared + shared->revision;
	order.direction = shared->direction;
	order.registrar = shared->registrar;
	order.checksum = shared->checksum;
	order.in_doubt = &shared->in_doubt;
	sl_run_steps(&order, &options, &outcome);
	shared->statements = outcome.statements;
	shared->done = true;
}
