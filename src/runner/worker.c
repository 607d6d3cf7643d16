/*-------------------------------------------------------------------------
 *
 * worker.c
 *	  Jobs in background workers.
 *
 * A job is a C function that runs in a process of its own, connected to a
 * database as a role: what commits by itself, and what has to happen in
 * another database, cannot be done by the session that is asked for it.
 *
 * A segment of shared memory carries what the job is given, an area that it
 * may write its results to, and the settings of the client.  Errors and
 * notices come back through a queue, as those of parallel workers do, and are
 * raised again by the session that waits, which holds no snapshot meanwhile.
 * Messages of the job's own come the same way, and a second queue takes the
 * answers; the session answers only when it was asked, so that never both
 * sides wait for room.
 *
 * An error ends the worker.  When the waiting session is cancelled, fails or
 * exits, it takes the worker with it.
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
#include "utils/guc.h"
#include "utils/memutils.h"

#include "runner/call.h"
#include "runner/worker.h"

#define QUEUE_SIZE 65536

/* the type of a job's own messages: no other comes through the queue */
#define OWN_MESSAGE 'd'

/* What the two sides share; what the offsets name follows. */
typedef struct WorkerShared
{
	Oid			database;
	Oid			login;			/* connects */
	Oid			role;			/* runs: SET ROLE if another */
	bool		alone;			/* see SlWorkerTask */
	bool		done;			/* written by the worker */
	Size		queue;			/* offsets in the segment */
	Size		answers;
	Size		settings;
	Size		input;
	Size		input_size;
	Size		output;
} WorkerShared;

/* The waiting side. */
struct SlWorker
{
	const SlWorkerTask *task;
	dsm_segment *segment;
	WorkerShared *shared;
	BackgroundWorkerHandle *handle; /* NULL until it is registered */
	shm_mq_handle *queue;
	shm_mq_handle *answers;
	ErrorData  *error;			/* what the worker died of */
	ErrorContextCallback *outer_context;
};

/*
 * Does a fresh session of the client have it from there?  What the database
 * and the roles ask for a worker finds by itself, unless it connects to
 * another database, or as another role.
 */
static bool
is_wanted_source(GucSource source, bool all)
{
	return source == PGC_S_CLIENT ||
		(all && (source == PGC_S_DATABASE || source == PGC_S_USER ||
				 source == PGC_S_DATABASE_USER));
}

/* A superuser asked, or ALTER DATABASE or ALTER ROLE, where rights were. */
static bool
is_superusers(GucContext context)
{
	return context == PGC_SU_BACKEND || context == PGC_SUSET;
}

/*
 * What the client asked for when it connected (PGOPTIONS and the like), and
 * its application_name: the worker's session is to be like a fresh one of the
 * same client.  NUL-terminated names and values in turn, a letter before each
 * name for the rights it was asked for with, and an empty name at the end.
 */
static void
collect_settings(StringInfo buf, bool all)
{
	int			count;
	struct config_generic **variables = sl_guc_variables(&count);
	int			i;

	for (i = 0; i < count; i++)
	{
		struct config_generic *variable = variables[i];

		if (!is_wanted_source(variable->reset_source, all) ||
			(variable->context != PGC_USERSET &&
			 variable->context != PGC_SUSET) ||
			(variable->flags & (GUC_NO_RESET_ALL | GUC_SUPERUSER_ONLY)) != 0 ||
			strcmp(variable->name, "client_encoding") == 0 ||
			strcmp(variable->name, "default_transaction_read_only") == 0 ||
			strcmp(variable->name, "application_name") == 0)
			continue;
		/* with the rights it was asked for with, see take_settings */
		appendStringInfoChar(buf, is_superusers(variable->reset_scontext) ?
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
create_segment(SlWorker *worker)
{
	const SlWorkerTask *task = worker->task;
	StringInfoData settings;
	WorkerShared *shared;
	Size		queue = MAXALIGN(sizeof(WorkerShared));
	Size		answers = queue + QUEUE_SIZE;
	Size		output = answers + QUEUE_SIZE;
	Size		input = output + MAXALIGN(task->output_size);
	Size		end = input + MAXALIGN(task->input_size);
	shm_mq	   *mq;

	initStringInfo(&settings);
	collect_settings(&settings, task->all_settings);
	worker->segment = dsm_create(end + settings.len, 0);

	/* it outlives the transaction that made it */
	dsm_pin_mapping(worker->segment);
	shared = dsm_segment_address(worker->segment);
	memset(shared, 0, sizeof(WorkerShared));
	shared->database = OidIsValid(task->database) ?
		task->database : MyDatabaseId;
	shared->login = task->login;
	shared->role = GetUserId();
	shared->alone = task->alone;
	shared->queue = queue;
	shared->answers = answers;
	shared->settings = end;
	shared->input = input;
	shared->input_size = task->input_size;
	shared->output = output;
	if (task->input_size > 0)
		memcpy((char *) shared + input, task->input, task->input_size);
	if (task->output_size > 0)
		memcpy((char *) shared + output, task->output, task->output_size);
	memcpy((char *) shared + end, settings.data, settings.len);
	pfree(settings.data);
	worker->shared = shared;

	mq = shm_mq_create((char *) shared + queue, QUEUE_SIZE);
	shm_mq_set_receiver(mq, MyProc);
	mq = shm_mq_create((char *) shared + answers, QUEUE_SIZE);
	shm_mq_set_sender(mq, MyProc);
}

static void
register_worker(SlWorker *worker)
{
	BackgroundWorker background;
	char	   *shared = (char *) worker->shared;

	memset(&background, 0, sizeof(background));
	background.bgw_flags = BGWORKER_SHMEM_ACCESS |
		BGWORKER_BACKEND_DATABASE_CONNECTION;
	background.bgw_start_time = BgWorkerStart_RecoveryFinished;
	background.bgw_restart_time = BGW_NEVER_RESTART;
	strlcpy(background.bgw_library_name, SL_EXTENSION_NAME,
			sizeof(background.bgw_library_name));
	strlcpy(background.bgw_function_name, worker->task->job,
			sizeof(background.bgw_function_name));
	snprintf(background.bgw_name, BGW_MAXLEN, "schema_lifecycle worker of %d",
			 MyProcPid);
	strlcpy(background.bgw_type, "schema_lifecycle worker", BGW_MAXLEN);
	background.bgw_main_arg =
		UInt32GetDatum(dsm_segment_handle(worker->segment));
	background.bgw_notify_pid = MyProcPid;

	if (!RegisterDynamicBackgroundWorker(&background, &worker->handle))
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("no background worker is free to run %s",
						worker->task->subject),
				 errhint("Call again, or increase max_worker_processes and restart the server.")));
	worker->queue =
		shm_mq_attach((shm_mq *) (shared + worker->shared->queue),
					  worker->segment, worker->handle);
	worker->answers =
		shm_mq_attach((shm_mq *) (shared + worker->shared->answers),
					  worker->segment, worker->handle);
}

/*
 * An error is kept until the worker is gone, the rest is passed on.  What is
 * allocated for the rest goes when the caller resets 'scratch'.
 */
static void
take_message(SlWorker *worker, MemoryContext scratch, char *data, Size length)
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
		else if (worker->error == NULL)
		{
			worker->error = palloc_object(ErrorData);
			*worker->error = report;
		}
	}
	else if (type == OWN_MESSAGE && worker->task->receive != NULL)
	{
		ErrorContextCallback *waiting = error_context_stack;

		/* what it does is no wait */
		error_context_stack = worker->outer_context;
		worker->task->receive(worker, &message, worker->task->receive_arg);
		error_context_stack = waiting;
	}
	MemoryContextSwitchTo(outer);
}

/* Wait for the end of the worker, without a snapshot. */
static void
wait_for_worker(SlWorker *worker)
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
		result = shm_mq_receive(worker->queue, &length, &data, true);
		if (result == SHM_MQ_SUCCESS)
		{
			take_message(worker, scratch, data, length);
			MemoryContextReset(scratch);
			continue;
		}
		if (result == SHM_MQ_DETACHED)
			break;
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH, -1,
						 PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
	}
	(void) WaitForBackgroundWorkerShutdown(worker->handle);
}

/*
 * Answer the worker, which waits for that in sl_worker_ask.  One that has
 * gone says why by itself.
 */
void
sl_worker_answer(SlWorker *worker, const char *data, Size length)
{
	(void) shm_mq_send(worker->answers, length, data, false, true);
}

/* For errors of the waiting session: the worker's have their own context. */
static void
wait_error_callback(void *arg)
{
	errcontext("%s, in a background worker", (char *) arg);
}

/* Take what the job has written; the segment is gone then. */
static void
take_output(SlWorker *worker)
{
	dsm_segment *segment = worker->segment;
	const SlWorkerTask *task = worker->task;

	/* a second cancel, while we wait, must not find it again */
	worker->segment = NULL;
	if (segment == NULL)
		return;
	if (worker->shared != NULL && task->output_size > 0)
		memcpy(task->output,
			   (char *) worker->shared + worker->shared->output,
			   task->output_size);
	dsm_detach(segment);
}

/*
 * The session fails or exits while its worker is at work: stop that, too.  At
 * an exit there is no waiting; a worker that is to be alone is guarded by its
 * lock, and one that lingers sees that nobody listens.
 */
static void
stop_worker(int code, Datum arg)
{
	SlWorker   *worker = (SlWorker *) DatumGetPointer(arg);

	if (worker->handle != NULL &&
		!(worker->task->lingers && proc_exit_inprogress))
		TerminateBackgroundWorker(worker->handle);
	take_output(worker);
	if (worker->handle != NULL && !proc_exit_inprogress)
		(void) WaitForBackgroundWorkerShutdown(worker->handle);
}

/*
 * Run a job in a worker, as the current user, and wait for its end; raises
 * what the worker raised, with task->output filled in any case.  To be called
 * by a non-atomic procedure, connected to SPI: commits.
 */
void
sl_worker_run(const SlWorkerTask *task)
{
	SlWorker   *worker = palloc0_object(SlWorker);
	ErrorContextCallback callback;
	bool		done;

	worker->task = task;
	worker->outer_context = error_context_stack;
	PG_ENSURE_ERROR_CLEANUP(stop_worker, PointerGetDatum(worker));
	{
		create_segment(worker);
		pgstat_report_activity(STATE_RUNNING,
							   psprintf("%s: %s, in a background worker",
										task->caller, task->subject));

		/* from here on no snapshot, and no lock on a relation */
		sl_call_commit();
		callback.callback = wait_error_callback;
		callback.arg = unconstify(char *, task->subject);
		callback.previous = error_context_stack;
		error_context_stack = &callback;
		register_worker(worker);
		wait_for_worker(worker);
		error_context_stack = callback.previous;
	}
	PG_END_ENSURE_ERROR_CLEANUP(stop_worker, PointerGetDatum(worker));

	done = worker->shared->done;
	take_output(worker);
	sl_restore_activity();
	if (worker->error != NULL)
		ThrowErrorData(worker->error);
	if (!done)
		ereport(ERROR,
				(errcode(ERRCODE_ADMIN_SHUTDOWN),
				 errmsg("the background worker of %s ended before its time",
						task->subject),
				 errdetail("The server's log says why."),
				 errhint("%s", task->died_hint != NULL ? task->died_hint :
						 _("Call again."))));
}

/*-------------------------------------------------------------------------
 * The worker
 *-------------------------------------------------------------------------
 */

static dsm_segment *own_segment = NULL;
static shm_mq_handle *own_answers = NULL;

/*
 * Connect this process, as what launched it said, and run the job.  What the
 * C function of a job consists of.
 */
void
sl_worker_main(Datum main_arg, void (*job) (const SlWorkerSelf *self))
{
	WorkerShared *shared;
	SlWorkerSelf self;
	shm_mq	   *mq;

	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();

	/* it ends with the process */
	own_segment = dsm_attach(DatumGetUInt32(main_arg));
	if (own_segment == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the session that launched this worker is gone")));
	shared = dsm_segment_address(own_segment);

	/* errors of the connection itself go through the queue, too */
	mq = (shm_mq *) ((char *) shared + shared->answers);
	shm_mq_set_receiver(mq, MyProc);
	own_answers = shm_mq_attach(mq, own_segment, NULL);
	mq = (shm_mq *) ((char *) shared + shared->queue);
	shm_mq_set_sender(mq, MyProc);
	pq_redirect_to_shm_mq(own_segment,
						  shm_mq_attach(mq, own_segment, NULL));

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
	if (shared->alone && !sl_worker_lock_try(ExclusiveLock, NULL))
		ereport(ERROR,
				(errcode(SL_ERR_LOCK_BUSY),
				 errmsg("a worker of an earlier run is still there"),
				 errhint("Call again.")));

	self.input = (char *) shared + shared->input;
	self.input_size = shared->input_size;
	self.output = (char *) shared + shared->output;
	job(&self);
	shared->done = true;
}

/*
 * Send the session that waits a message of the job's own.  Whether it is still
 * there shows when it is to answer.
 */
void
sl_worker_tell(const char *data, Size length)
{
	StringInfoData message;

	pq_beginmessage(&message, OWN_MESSAGE);
	pq_sendbytes(&message, data, (int) length);
	pq_endmessage(&message);
}

/*
 * Wait for its answer, which is good until the next one.  NULL: the session
 * is gone.
 */
const char *
sl_worker_hear(Size *length)
{
	void	   *data;

	if (shm_mq_receive(own_answers, length, &data, false) != SHM_MQ_SUCCESS)
		return NULL;
	return data;
}
