/*-------------------------------------------------------------------------
 *
 * runner.h
 *	  Running revisions: locks, clean room, statements, bookkeeping.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/runner/runner.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_RUNNER_H
#define SL_RUNNER_H

#include "postgres.h"

#include "fmgr.h"
#include "storage/lock.h"
#include "utils/guc.h"

#include "common/extension.h"
#include "common/sl_compat.h"
#include "common/sl_errors.h"
#include "graph/graph.h"
#include "ledger/ledger.h"
#include "script/script.h"

struct SlChange;

typedef enum SlDirection
{
	SL_UP,
	SL_DOWN
} SlDirection;

/* in identity.c */

/*
 * How a script may run, from who registered it and who calls: with all the
 * rights of the caller, or as the caller with no way to become another.
 */
typedef enum SlConfinement
{
	SL_UNCONFINED,
	SL_CONFINED
} SlConfinement;

extern SlConfinement sl_confinement(const char *revision, Oid registrar,
									const char *registrar_name);
extern bool sl_may_run_scripts_of(Oid registrar);
extern bool sl_can_login(Oid role);
extern void sl_confine(SlConfinement confinement, SlIdentity *before);
extern void sl_unconfine(const SlIdentity *before);
extern void sl_act_for_table(Oid owner, SlIdentity *before);
extern Oid	sl_worker_login(const char *revision, Oid registrar,
							const char *registrar_name);
extern Oid	sl_worker_login_for_nobody(const char *function);
extern Oid	sl_worker_login_for_own(const char *function);

/* in lock.c */

/*
 * The keys of the migration lock, as they were set when a call began: what is
 * released must be what was taken, whatever a SET did in between.
 */
typedef struct SlLockKeys
{
	int			count;
	int64		keys[FLEXIBLE_ARRAY_MEMBER];
} SlLockKeys;

/* Who has the lock that we wanted. */
typedef struct SlHolder
{
	bool		worker;			/* it is a worker of ours that is left over */
	bool		exclusive;		/* and not one of those who only look */
	int64		key;
	int			pid;			/* 0: a prepared transaction, or gone */
	TransactionId prepared_xid; /* of that, else invalid */
} SlHolder;

/* how long those who only look may hold the lock, ms */
#define SL_LOCK_SHARERS_MS 200

extern SlLockKeys *sl_lock_keys(void);
extern bool sl_lock_try(const SlLockKeys *keys, LOCKMODE mode, bool session,
						SlHolder *holder);
extern void sl_lock_release(const SlLockKeys *keys, LOCKMODE mode);
extern bool sl_lock_await(const SlLockKeys *keys);
extern void sl_lock_for_transaction(void);
extern bool sl_lock_look(SlHolder *holder, SlHolder *worker);
pg_noreturn extern void sl_lock_report_busy(const SlHolder *holder);
extern bool sl_worker_lock_try(LOCKMODE mode, SlHolder *holder);
extern void sl_worker_lock_release(LOCKMODE mode);

/* in fence.c */
extern void sl_fence_init(void);
extern bool sl_fence_is_up(void);

typedef struct SlFence SlFence;

extern SlFence *sl_fence_raise(int lock_timeout, bool open,
							   bool may_open_cursors);
extern void sl_fence_after_statement(SlFence *fence);
extern void sl_fence_note_rows(Oid relid);
extern void sl_fence_lower(SlFence *fence);
extern void sl_fence_abandon(void);
extern void sl_fence_watch(void);

/* in session.c */
extern int	sl_fence_open(int lock_timeout);
extern void sl_fence_close(int nest_level);
extern void sl_session_put_pg_temp_last(GucAction action);

/* in constraints.c */
extern List *sl_deferrable_constraints(bool initially, bool to_defer);
extern void sl_set_constraints(List *names, bool deferred);

/* in execute.c */

/* A script at work; also what the error context speaks of. */
typedef struct SlRun SlRun;

/* Who runs a statement: sl_execute_statement, or somebody around it. */
typedef void (*SlExecutor) (SlRun *run, const SlStatement *statement,
							void *arg);

struct SlRun
{
	const char *caller;			/* sl_apply_pending, ...: for activity */
	const char *revision;
	const char *script;
	SlOrigin	origin;
	int			total;			/* statements, for activity */
	int			statement_timeout;	/* ms, armed for each statement, or 0 */
	const SlStatement *statement;	/* the one at work, or NULL */
	SlExecutor	executor;		/* NULL: sl_execute_statement */
	void	   *executor_arg;
};

extern void sl_run_context_push(SlRun *run, ErrorContextCallback *callback);
extern void sl_execute_statement(SlRun *run, const SlStatement *statement);
extern int	sl_execute_script(SlRun *run, SlFence *fence);
extern const char *sl_command_name(const SlStatement *statement);
extern const SlStatement *sl_statement_at_work(void);
extern void sl_report_activity(const SlRun *run);
extern void sl_restore_activity(void);

/* in copy.c */
extern bool (*sl_copy_is_passed_over) (const CopyStmt *stmt);
extern void sl_execute_copy(const SlStatement *statement);

/* in footprint.c: what scripts did to the facts, see there */
typedef struct SlFootprints SlFootprints;
typedef struct SlStepPlan SlStepPlan;

extern SlFootprints *sl_footprints_begin(void);
extern void sl_footprints_add(SlFootprints *footprints,
							  const SlRegistryEntry *entry, int64 log_id,
							  List *changes);
extern void sl_footprints_flush(SlFootprints *footprints);
extern void sl_footprint_make_row(const struct SlChange *change,
								  int64 evidence_id, int ordinal,
								  SlFootprintRow *row);
extern void sl_footprint_add_step(const SlRegistryEntry *entry,
								  List *changes);
extern const char *sl_footprint_finish_steps(const SlRegistryEntry *entry,
											 int64 log_id);
extern void sl_footprint_lose(const char *revision);
extern List *sl_footprint_of_finished(const SlStepPlan *plan);

/* in revision.c */

typedef struct SlOutcome
{
	const char *outcome;		/* applied, reverted */
	int			statements;
	int64		elapsed;		/* microseconds */
	bool		in_doubt;		/* failed, and only a person can say how far
								 * it came */
} SlOutcome;

extern void sl_run_revision(const SlRegistryEntry *entry,
							SlDirection direction, const char *caller,
							const SlOptions *options, int64 log_id,
							SlOutcome *outcome);
extern int	sl_run_script(const SlRegistryEntry *entry, SlDirection direction,
						  const char *caller, const SlOptions *options,
						  bool open, List **changes);
extern int	sl_run_script_by(const SlRegistryEntry *entry,
							 SlDirection direction, const char *caller,
							 const SlOptions *options, bool open,
							 SlExecutor executor, void *executor_arg);
extern int	sl_run_script_only(const SlRegistryEntry *entry,
							   SlConfinement confinement, const char *caller,
							   const SlOptions *options, List **changes);
extern void sl_record_done(const SlRegistryEntry *entry,
						   SlDirection direction, int64 log_id,
						   const SlOutcome *outcome, const char *evidence);
extern void sl_claim_for_run(const SlRegistryEntry *entry,
							 SlDirection direction, int64 log_id);
extern void sl_notice_done(const SlRegistryEntry *entry,
						   const SlOutcome *outcome);
extern void sl_fill_outcome(SlOutcome *outcome, SlDirection direction,
							int statements, TimestampTz started);

/* in record.c */

/* What was recorded, for who keeps other books in step with ours. */
typedef struct SlRecord
{
	const char *revision;
	SlDirection direction;
	int64		elapsed;		/* microseconds; -1: it did not run */
} SlRecord;

/*
 * Called in the transaction that records, after it has, and as the caller;
 * once for all that a run in one transaction records.  An error undoes it.
 */
typedef void (*SlRecordHook) (const SlRecord *records, int count);

extern void sl_record_hook_set(SlRecordHook hook);
extern void sl_recorded(const SlRecord *records, int count);
extern void sl_recorded_one(const char *revision, SlDirection direction,
							int64 elapsed);
extern void sl_recorded_words(List *revisions, SlDirection direction);

/* in plan.c */

/* One revision of a plan. */
typedef struct SlPlanItem
{
	char	   *revision;
	SlKind		kind;
	bool		transactional;
	int64		size;			/* bytes of its scripts */
} SlPlanItem;

/* What a call is to do, checked: nothing has run yet. */
typedef struct SlPlan
{
	SlDirection direction;
	List	   *items;			/* SlPlanItem, in the order of the run */
	bool		locked;			/* their rows, by sl_plan_lock */
	char	   *external;		/* stop here: another tool's; NULL if none */
	char	   *external_format;
} SlPlan;

extern bool sl_plan_nothing_to_do(const char *target, SlDirection direction);
extern SlPlan *sl_plan_make(const char *target, SlDirection direction,
							const SlOptions *options);
pg_noreturn extern void sl_plan_report_external(const SlPlan *plan,
												bool atomic);
extern void sl_plan_lock(SlPlan *plan);
extern SlRegistryEntry *sl_plan_fetch(const SlPlan *plan,
									  const char *revision);
extern void sl_plan_settle(void);
extern const char *sl_plan_external_command(const SlPlan *plan);

/* in scripts.c */
typedef struct SlScripts SlScripts;

extern SlScripts *sl_scripts_begin(const SlPlan *plan);
extern SlRegistryEntry *sl_scripts_get(SlScripts *scripts, ListCell *at);
extern void sl_scripts_end(SlScripts *scripts);

/* in steps.c: scripts that run outside a transaction */

/* What a worker is to run: as it was when its rights were checked. */
typedef struct SlOrder
{
	const char *revision;
	SlDirection direction;
	Oid			registrar;
	const char *checksum;		/* of the script's bytes */
	bool	   *in_doubt;		/* set while a statement is at work that
								 * nobody can ask how far it came */
} SlOrder;

extern void sl_run_top_level(RawStmt *tree, const char *text);
extern void sl_run_steps(const SlOrder *order, const SlOptions *options,
						 SlOutcome *outcome);
/*
 * The same for a rehearsal: no books, nothing left of earlier attempts.  The
 * changes of each statement go to 'sink'; NULL: nobody wants to know.
 */
typedef void (*SlChangeSink) (List *changes, void *arg);

extern int	sl_run_steps_only(const SlRegistryEntry *entry,
							  const char *caller, const SlOptions *options,
							  SlChangeSink sink, void *arg);
extern void sl_record_steps_done(const SlRegistryEntry *entry,
								 SlDirection direction,
								 const SlOutcome *outcome);

/* in recover.c */

/* What the catalog says of a statement that commits by itself. */
struct SlStepPlan
{
	Oid			wait_for;		/* a table whose builders have to be through
								 * before anything can be said; then look
								 * again */
	bool		done;			/* it is there already: do not run it */
	List	   *cleanup;		/* char *: statements to run first, each by
								 * itself */
	bool		only_cleanup;	/* which is all that is left to do */
	char	   *before;			/* jsonb text for the journal, or NULL */

	/* where an earlier attempt did the work, or a part of it: */
	List	   *made;			/* ObjectAddress *, what it made or changed */
	const char *gone_class;		/* the fact that it removed, or NULL */
	const char *gone_identity;
};

extern void sl_step_look(Node *stmt, const SlJournalStep *step,
						 SlStepPlan *plan);
extern void sl_step_verify(Node *stmt);

/* in jobs.c: what background workers do; worker.h has what they are */
extern void sl_run_in_worker(const SlRegistryEntry *entry,
							 SlDirection direction, const char *caller,
							 const SlOptions *options, SlOutcome *outcome);
extern void sl_run_statements_in_worker(List *statements, const char *caller,
										const SlOptions *options,
										int *finished);

/* in stamp.c */
extern void sl_words_begin(const char *function);
extern void sl_stamp_claim(const SlRevisionRow *row, int64 log_id,
						   bool forced);
extern void sl_stamp_free(const SlRevisionRow *row);
extern void sl_stamp_log(const SlRevisionRow *row, int64 log_id,
						 const char *outcome, const char *evidence,
						 const char *reason);

/* in apply.c */
extern void sl_forbid_prepare(void);

#endif							/* SL_RUNNER_H */
