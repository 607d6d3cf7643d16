/*-------------------------------------------------------------------------
 *
 * worker.h
 *	  Jobs in background workers.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/runner/worker.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_WORKER_H
#define SL_WORKER_H

#include "postgres.h"

#include "lib/stringinfo.h"

#include "runner/runner.h"

/* The side that waits, while its worker is at work. */
typedef struct SlWorker SlWorker;

/* A message of the job's own; gone when the function returns. */
typedef void (*SlWorkerReceiver) (SlWorker *worker, StringInfo message,
								  void *arg);

/*
 * What a worker is to do.  A job is a C function of this library, exported,
 * that takes a Datum and calls sl_worker_main with what it does:
 *
 *		PGDLLEXPORT void sl_job_x(Datum main_arg);
 *
 *		void
 *		sl_job_x(Datum main_arg)
 *		{
 *			sl_worker_main(main_arg, do_x);
 *		}
 */
typedef struct SlWorkerTask
{
	const char *job;			/* the name of that function */
	const char *subject;		/* "revision \"a\"": for messages */
	const char *caller;			/* sl_migrate, ...: for activity */
	Oid			database;		/* InvalidOid: the session's */
	Oid			login;			/* who connects; runs as the current user */
	bool		alone;			/* it holds the lock of a worker that is at
								 * work (sl_worker_lock_try): no run of
								 * revisions begins before it is gone */
	bool		all_settings;	/* the settings of the session's database and
								 * roles are given to it, too */
	bool		lingers;		/* when the session exits it ends by itself */
	const void *input;			/* the bytes that the job is given */
	Size		input_size;
	void	   *output;			/* what it may write to, both ways: its bytes
								 * are copied there and, at its end or after
								 * an error, back */
	Size		output_size;
	SlWorkerReceiver receive;	/* NULL: the job sends no messages */
	void	   *receive_arg;
	const char *died_hint;		/* NULL: call again */
} SlWorkerTask;

extern void sl_worker_run(const SlWorkerTask *task);

/* From a receiver, to a worker that waits in sl_worker_hear. */
extern void sl_worker_answer(SlWorker *worker, const char *data, Size length);

/* What the job sees of it. */
typedef struct SlWorkerSelf
{
	const char *input;
	Size		input_size;
	void	   *output;
} SlWorkerSelf;

extern void sl_worker_main(Datum main_arg,
						   void (*job) (const SlWorkerSelf *self));
extern void sl_worker_tell(const char *data, Size length);
extern const char *sl_worker_hear(Size *length);

#endif							/* SL_WORKER_H */
