/*-------------------------------------------------------------------------
 *
 * dry_run.c
 *	  sl_dry_run: what is pending, run for real, measured and taken back.
 *
 * All of it happens in one subtransaction of the caller's transaction, in the
 * clean room of the runner, and is rolled back at the end, the migration lock
 * included.  No claim is made and no history written, for they would be rolled
 * back, too.  Around each statement is run_statement().
 *
 * A dry run on a live database must not stop it.  It waits for a lock no
 * longer than a migration would; and from the first statement on that may keep
 * others from their rows a timer runs, which ends it, in the middle of a
 * statement if need be (dry_run_hold).  The timer cancels the statement as a
 * user would, and leaves a mark by which the two are told apart.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/rehearsal/dry_run.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "access/xact.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "catalog/trace.h"
#include "rehearsal/dry_run.h"
#include "rehearsal/dry_run_row.h"
#include "runner/runner.h"

PG_FUNCTION_INFO_V1(sl_dry_run);

/* A statement that was not run, for what comes behind it. */
typedef struct Skipped
{
	const char *revision;
	int			statement;
	List	   *names;			/* char *, what it would make or drop */
	bool		unique;			/* it would have made a unique index */
} Skipped;

/* A dry run at work.  It outlives the subtransaction. */
typedef struct DryRun
{
	MemoryContext context;
	MemoryContext per_revision; /* reset for each */
	const char *target;
	const SlOptions *options;
	SlDryRows  *rows;
	SlOwnLocks *locks;
	List	   *skipped;		/* Skipped * */

	/* the revision at work */
	const SlPlanItem *item;
	bool		at_work;		/* errors are the script's */
	bool		declared;		/* a header says no-transaction */
	List	   *journal;		/* SlJournalStep *, of an earlier attempt */
	int			statements;

	/* the statement at work */
	SlDryRow	row;
	const char *text;
	TimestampTz began;
	SlKnownLocks known;
	SlLockNow  *failed_with;	/* locks at an error */
	int			nfailed_with;	/* -1: not known */

	bool		holding;		/* the timer runs */
	bool		caught;			/* a script caught its cancel */
} DryRun;

static DryRun *running = NULL;

static TimeoutId hold_timeout = MAX_TIMEOUTS;
static volatile sig_atomic_t hold_expired = false;

static ProcessUtility_hook_type prev_process_utility = NULL;
static object_access_hook_type prev_object_access = NULL;

/*-------------------------------------------------------------------------
 * The timer
 *-------------------------------------------------------------------------
 */

/* In a signal handler: end the statement as a cancel would. */
static void
end_hold(void)
{
	hold_expired = true;
	QueryCancelPending = true;
	InterruptPending = true;
	SetLatch(MyLatch);
}

static void
start_hold(DryRun *dry)
{
	if (dry->holding || dry->options->dry_run_hold == 0)
		return;
	dry->holding = true;
	enable_timeout_after(hold_timeout, dry->options->dry_run_hold);
}

/* A cancel that was ours and reached nobody is taken back. */
static void
stop_hold(DryRun *dry)
{
	if (!dry->holding)
		return;
	dry->holding = false;
	disable_timeout(hold_timeout, false);
	if (hold_expired)
		QueryCancelPending = false;
}

/* May a statement keep others from their rows? */
static bool
may_hold_up(DryRun *dry, Node *stmt)
{
	SlKnownLocks known;
	ListCell   *cell;

	sl_known_locks(stmt, &known);
	if (known.others)
		return true;
	foreach(cell, known.locks)
	{
		SlKnownLock *lock = lfirst(cell);
		Oid			relid;

		if ((LOCKBIT_ON(lock->mode) & SL_STRONG_LOCKS) == 0)
			continue;
		relid = sl_known_relation(lock->relation);
		if (OidIsValid(relid) && !sl_own_locks_is_made(dry->locks, relid))
			return true;
	}
	return false;
}

/* At any depth: functions and DO blocks run statements, too. */
static void
dry_process_utility(PlannedStmt *pstmt, const char *query, bool read_only,
					ProcessUtilityContext context, ParamListInfo params,
					QueryEnvironment *env, DestReceiver *dest,
					QueryCompletion *qc)
{
	if (running != NULL && !running->holding &&
		may_hold_up(running, pstmt->utilityStmt))
		start_hold(running);

	if (prev_process_utility)
		prev_process_utility(pstmt, query, read_only, context, params, env,
							 dest, qc);
	else
		standard_ProcessUtility(pstmt, query, read_only, context, params, env,
								dest, qc);
}

static void
dry_object_access(ObjectAccessType access, Oid catalog, Oid object, int sub,
				  void *arg)
{
	if (prev_object_access)
		prev_object_access(access, catalog, object, sub, arg);

	if (running != NULL && access == OAT_POST_CREATE &&
		catalog == RelationRelationId && sub == 0)
		sl_own_locks_made(running->locks, object);
}

/* Install the hooks; called once, by _PG_init. */
void
sl_dry_run_init(void)
{
	prev_process_utility = ProcessUtility_hook;
	ProcessUtility_hook = dry_process_utility;
	prev_object_access = object_access_hook;
	object_access_hook = dry_object_access;
}

/*-------------------------------------------------------------------------
 * What is not run
 *-------------------------------------------------------------------------
 */

/* Its rows are outside of the database, and no rollback reaches there. */
static bool
reaches_outside(Node *stmt)
{
	CopyStmt   *copy = (CopyStmt *) stmt;

	return IsA(stmt, CopyStmt) &&
		(copy->is_program || (copy->filename != NULL && !copy->is_from));
}

static bool
is_finished(const DryRun *dry, int statement)
{
	ListCell   *cell;

	foreach(cell, dry->journal)
	{
		const SlJournalStep *step = lfirst(cell);

		if (step->statement == statement)
			return step->finished;
	}
	return false;
}

/* Why a statement is not run; NULL: it is.  May name the command better. */
static const char *
find_obstacle(DryRun *dry, const SlStatement *statement)
{
	Node	   *stmt = statement->tree->stmt;
	const char *command;

	if (reaches_outside(stmt))
		return "it reaches outside of the database";
	if (dry->item->transactional)
		return NULL;
	if (is_finished(dry, statement->ordinal))
		return "it ran in an earlier attempt";
	if (!sl_statement_is_transactional(stmt, &command))
	{
		dry->row.command = command;
		return "cannot run in a transaction";
	}
	if (dry->declared && (IsA(stmt, CallStmt) || IsA(stmt, DoStmt)))
		return "it may commit by itself";
	return NULL;
}

/* The names that a statement behind this one may fail for. */
static List *
names_of(Node *stmt)
{
	List	   *names = NIL;

	if (IsA(stmt, IndexStmt) && ((IndexStmt *) stmt)->idxname != NULL)
		names = lappend(names, pstrdup(((IndexStmt *) stmt)->idxname));
	else if (IsA(stmt, DropStmt))
	{
		ListCell   *cell;

		foreach(cell, ((DropStmt *) stmt)->objects)
			if (IsA(lfirst(cell), List))
				names = lappend(names,
								pstrdup(strVal(llast((List *) lfirst(cell)))));
	}
	return names;
}

static void
skip_statement(DryRun *dry, Node *stmt)
{
	MemoryContext before = MemoryContextSwitchTo(dry->context);
	Skipped    *skipped = palloc_object(Skipped);

	skipped->revision = dry->item->revision;
	skipped->statement = dry->row.statement;
	skipped->names = names_of(stmt);
	skipped->unique = IsA(stmt, IndexStmt) && ((IndexStmt *) stmt)->unique;
	dry->skipped = lappend(dry->skipped, skipped);
	MemoryContextSwitchTo(before);
}

static bool
is_name_char(char c)
{
	return IS_HIGHBIT_SET(c) || isalnum((unsigned char) c) || c == '_' ||
		c == '$';
}

/* Is the name in the text, not as a part of another? */
static bool
mentions(const char *text, const char *name)
{
	size_t		length = strlen(name);
	const char *at;

	if (text == NULL)
		return false;
	for (at = strstr(text, name); at != NULL; at = strstr(at + 1, name))
		if ((at == text || !is_name_char(at[-1])) &&
			!is_name_char(at[length]))
			return true;
	return false;
}

/* Does a failure come from what was not run before?  From what? */
static const Skipped *
find_cause(const DryRun *dry, const ErrorData *error)
{
	ListCell   *cell;
	ListCell   *name;

	foreach(cell, dry->skipped)
	{
		const Skipped *skipped = lfirst(cell);

		/* ON CONFLICT and foreign keys do not name the index they want */
		if (skipped->unique &&
			(error->sqlerrcode == ERRCODE_INVALID_COLUMN_REFERENCE ||
			 error->sqlerrcode == ERRCODE_INVALID_FOREIGN_KEY))
			return skipped;
		foreach(name, skipped->names)
			if (mentions(error->message, lfirst(name)) ||
				mentions(dry->text, lfirst(name)))
				return skipped;
	}
	return NULL;
}

/*-------------------------------------------------------------------------
 * Statements
 *-------------------------------------------------------------------------
 */

/* The locks that a failed statement leaves to the abort. */
static void
note_locks(DryRun *dry)
{
	if (dry->nfailed_with >= 0 || !sl_own_locks_are_readable())
		return;
	dry->nfailed_with = sl_own_locks_now(dry->locks, &dry->failed_with);
}

/* What fails for being in a transaction would not, outside of one. */
static bool
fails_inside_only(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_UNSAFE_NEW_ENUM_VALUE_USAGE ||
		error->sqlerrcode == ERRCODE_INVALID_TRANSACTION_TERMINATION ||
		error->sqlerrcode == ERRCODE_ACTIVE_SQL_TRANSACTION ||
		error->sqlerrcode == ERRCODE_OBJECT_IN_USE;
}

/*
 * A statement of a script that would run outside of a transaction, and which
 * can be in one by itself, but perhaps not behind the others.  False: it
 * cannot, and is taken back.
 */
static bool
try_statement(DryRun *dry, SlRun *run, const SlStatement *statement)
{
	MemoryContext before = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(before);
	PG_TRY();
	{
		sl_execute_statement(run, statement);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(before);
		error = CopyErrorData();
		FlushErrorState();
		note_locks(dry);
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(before);
	CurrentResourceOwner = owner;
	if (error == NULL)
		return true;
	if (!fails_inside_only(error))
		ReThrowError(error);
	dry->nfailed_with = -1;
	dry->row.outcome = psprintf(_("not run: cannot run in a transaction: %s"),
								sl_dry_error(error));
	return false;
}

/* What a statement names, before it can drop it. */
static void
note_named(DryRun *dry)
{
	ListCell   *cell;

	foreach(cell, dry->known.locks)
	{
		Oid			relid;

		relid = sl_known_relation(((SlKnownLock *) lfirst(cell))->relation);
		if (OidIsValid(relid))
			sl_own_locks_note(dry->locks, relid);
	}
}

static void
begin_row(DryRun *dry, const char *revision)
{
	memset(&dry->row, 0, sizeof(dry->row));
	dry->row.revision = revision;
	dry->row.elapsed = -1;
}

static void
begin_statement(DryRun *dry, const SlStatement *statement)
{
	begin_row(dry, dry->item->revision);
	dry->row.statement = statement->ordinal;
	dry->row.line = statement->line;
	dry->row.command = sl_command_name(statement);
	dry->text = statement->text;
	dry->nfailed_with = -1;
	dry->statements++;
	sl_known_locks(statement->tree->stmt, &dry->known);
	dry->began = GetCurrentTimestamp();
}

static void
end_statement(DryRun *dry)
{
	begin_row(dry, dry->item->revision);
	dry->text = NULL;
	dry->known.locks = NIL;
	dry->began = 0;
}

/* A statement of the script, in the place of sl_execute_statement. */
static void
run_statement(SlRun *run, const SlStatement *statement, void *arg)
{
	DryRun	   *dry = arg;
	const char *obstacle;
	List	   *taken;
	bool		strong;
	bool		done = true;

	begin_statement(dry, statement);
	obstacle = find_obstacle(dry, statement);
	if (obstacle != NULL)
	{
		dry->row.outcome = psprintf(_("not run: %s"), _(obstacle));
		if (is_finished(dry, statement->ordinal))
			sl_dry_row_bare(dry->rows, &dry->row);
		else
		{
			sl_dry_row_known(dry->rows, &dry->row, &dry->known);
			skip_statement(dry, statement->tree->stmt);
		}
		end_statement(dry);
		return;
	}

	note_named(dry);
	sl_trace_begin(CurrentMemoryContext);
	dry->began = GetCurrentTimestamp();
	if (dry->item->transactional)
		sl_execute_statement(run, statement);
	else
		done = try_statement(dry, run, statement);
	dry->row.elapsed = GetCurrentTimestamp() - dry->began;

	/* it may have caught the cancel itself */
	if (hold_expired)
	{
		dry->caught = true;
		ereport(ERROR,
				(errcode(ERRCODE_QUERY_CANCELED),
				 errmsg("the dry run is cut off")));
	}
	taken = sl_own_locks_look(dry->locks, &strong);
	if (done)
	{
		dry->row.outcome = "ok";
		sl_dry_row_ran(dry->rows, &dry->row, taken, sl_trace_end());
	}
	else
	{
		sl_trace_abandon();
		sl_dry_row_known(dry->rows, &dry->row, &dry->known);
		skip_statement(dry, statement->tree->stmt);
	}
	end_statement(dry);
	if (strong)
		start_hold(dry);
	else
	{
		stop_hold(dry);
		hold_expired = false;
	}
	/* what the trace has read is not the next statement's */
	list_free(sl_own_locks_look(dry->locks, &strong));
}

/*-------------------------------------------------------------------------
 * Revisions
 *-------------------------------------------------------------------------
 */

/* What is known of a script that runs outside of a transaction. */
static void
look_at_steps(DryRun *dry, const SlRegistryEntry *entry)
{
	SlOrigin	origin = {NULL, entry->revision, 1};
	SlScriptInfo info;

	sl_script_check(entry->up, strlen(entry->up), &origin, &info);
	dry->declared = info.transactional;
	if (entry->journal_open)
		dry->journal = sl_journal_read(entry->revision, "up");
}

static void
run_item(DryRun *dry, SlScripts *scripts, ListCell *at)
{
	SlRegistryEntry *fetched = sl_scripts_get(scripts, at);
	SlRegistryEntry entry = *fetched;

	MemoryContextReset(dry->per_revision);
	MemoryContextSwitchTo(dry->per_revision);
	dry->declared = false;
	dry->journal = NIL;
	dry->statements = 0;
	dry->item = lfirst(at);
	if (!dry->item->transactional)
	{
		look_at_steps(dry, &entry);
		entry.journal_open = false;
	}
	begin_row(dry, dry->item->revision);
	sl_own_locks_next(dry->locks);
	running = dry;
	dry->at_work = true;
	(void) sl_run_script_by(&entry, SL_UP, "sl_dry_run", dry->options, true,
							run_statement, dry);
	dry->at_work = false;
	running = NULL;
	if (dry->statements == 0)
	{
		dry->row.outcome = "ok";
		sl_dry_row_bare(dry->rows, &dry->row);
	}
}

/* Another tool has to run this one; nobody knows what comes behind it. */
static void
put_external(DryRun *dry, const SlPlan *plan)
{
	const char *command = sl_plan_external_command(plan);

	begin_row(dry, plan->external);
	dry->row.outcome = command != NULL ?
		psprintf(_("not run: external, another tool has to run it (%s %s)"),
				 command, plan->external) :
		_("not run: external, another tool has to run it");
	sl_dry_row_bare(dry->rows, &dry->row);
}

/* All of it, inside the subtransaction. */
static void
run_all(DryRun *dry)
{
	SlPlan	   *plan;
	SlScripts  *scripts;
	int			nest_level;
	ListCell   *cell;

	sl_lock_for_transaction();
	plan = sl_plan_make(dry->target, SL_UP, dry->options);
	if (plan == NULL)
		return;
	scripts = sl_scripts_begin(plan);
	nest_level = sl_fence_open(dry->options->migration_lock_timeout);
	foreach(cell, plan->items)
	{
		MemoryContextSwitchTo(dry->context);
		run_item(dry, scripts, cell);
	}
	sl_fence_close(nest_level);
	MemoryContextSwitchTo(dry->context);
	if (plan->external != NULL)
		put_external(dry, plan);
}

/*-------------------------------------------------------------------------
 * The end
 *-------------------------------------------------------------------------
 */

/* Did it hold what keeps others from their rows, when it was cut off? */
static bool
held_strong(const DryRun *dry)
{
	int			i;

	for (i = 0; i < dry->nfailed_with; i++)
	{
		const SlLockNow *lock = &dry->failed_with[i];

		if ((lock->mask & SL_STRONG_LOCKS &
			 ~sl_own_locks_base(dry->locks, lock->relid)) != 0 &&
			!sl_own_locks_is_made(dry->locks, lock->relid))
			return true;
	}
	return false;
}

/* What the statement that failed had taken; for a cut, all that is held. */
static void
put_last(DryRun *dry, bool cut)
{
	int			n = 0;
	int			i;

	if (dry->began != 0)
		dry->row.elapsed = GetCurrentTimestamp() - dry->began;
	for (i = 0; i < dry->nfailed_with; i++)
	{
		SlLockNow	lock = dry->failed_with[i];

		lock.mask &= cut ? ~sl_own_locks_base(dry->locks, lock.relid) :
			~sl_own_locks_before(dry->locks, lock.relid);
		if (lock.mask != 0)
			dry->failed_with[n++] = lock;
	}
	sl_dry_row_locked(dry->rows, &dry->row, dry->failed_with, n, &dry->known);
}

/* After the rollback: the last row, or an error that is none of a script. */
static void
put_failure(DryRun *dry, ErrorData *error)
{
	bool		cut = hold_expired &&
		error->sqlerrcode == ERRCODE_QUERY_CANCELED;
	const Skipped *cause;

	if (!cut && (!dry->at_work ||
				 ERRCODE_TO_CATEGORY(error->sqlerrcode) ==
				 ERRCODE_OPERATOR_INTERVENTION))
		ReThrowError(error);
	cause = find_cause(dry, error);
	if (cut)
		dry->row.outcome = held_strong(dry) || dry->nfailed_with < 0 ||
			dry->caught ?
			psprintf(_("cut off: strong locks were held for %d ms (dry_run_hold)"),
					 dry->options->dry_run_hold) :
			psprintf(_("cut off: others queued behind its wait for a lock for %d ms (dry_run_hold)"),
					 dry->options->dry_run_hold);
	else if (cause != NULL)
		dry->row.outcome = psprintf(_("not run: depends on statement %d of revision \"%s\", which was not run: %s"),
									cause->statement, cause->revision,
									sl_dry_error(error));
	else
		dry->row.outcome = psprintf(_("failed: %s"), sl_dry_error(error));
	put_last(dry, cut);
}

/* Run, measure, and take everything back. */
static void
run_and_roll_back(DryRun *dry)
{
	MemoryContext outer = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	hold_expired = false;
	if (hold_timeout == MAX_TIMEOUTS)
		hold_timeout = RegisterTimeout(USER_TIMEOUT, end_hold);
	dry->locks = sl_own_locks_begin();

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(dry->context);
	PG_TRY();
	{
		run_all(dry);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(dry->context);
		error = CopyErrorData();
		FlushErrorState();
		note_locks(dry);
	}
	PG_END_TRY();
	running = NULL;
	stop_hold(dry);
	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(dry->context);
	CurrentResourceOwner = owner;
	sl_restore_activity();
	if (error != NULL)
		put_failure(dry, error);
	sl_dry_rows_end(dry->rows);
	MemoryContextSwitchTo(outer);
}

/* sl_dry_run(target, options) */
Datum
sl_dry_run(PG_FUNCTION_ARGS)
{
	SlOptions	options;
	DryRun		dry = {0};
	MemoryContext outer;

	InitMaterializedSRF(fcinfo, 0);
	sl_require_writer("sl_dry_run");
	if (sl_fence_is_up())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s() cannot be called by a migration",
						"sl_dry_run")));
	if (!PG_ARGISNULL(0))
		dry.target = text_to_cstring(PG_GETARG_TEXT_PP(0));
	sl_options_resolve(&options,
					   PG_ARGISNULL(1) ? NULL : PG_GETARG_JSONB_P(1));
	/* here the caller's own statement_timeout bounds what runs */
	options.migration_statement_timeout = 0;
	dry.options = &options;
	if (sl_plan_nothing_to_do(dry.target, SL_UP))
		return (Datum) 0;

	dry.context = AllocSetContextCreate(CurrentMemoryContext,
										"schema_lifecycle dry run",
										ALLOCSET_DEFAULT_SIZES);
	outer = MemoryContextSwitchTo(dry.context);
	dry.per_revision = AllocSetContextCreate(dry.context,
												 "schema_lifecycle revision",
												 ALLOCSET_DEFAULT_SIZES);
	dry.rows = sl_dry_rows_begin((ReturnSetInfo *) fcinfo->resultinfo);
	run_and_roll_back(&dry);
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(dry.context);
	return (Datum) 0;
}
