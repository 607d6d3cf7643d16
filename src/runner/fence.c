/*-------------------------------------------------------------------------
 *
 * fence.c
 *	  The clean room that a script runs in.
 *
 * A script meets the settings of a fresh session of the caller, with pg_temp
 * last in the search_path, and whatever it changes in the session is put back
 * before the next one: settings and roles by a GUC nest, temporary objects,
 * prepared statements and cursors by name.  What could not be put back is
 * refused while the fence is up, at any depth, by hooks: LISTEN, DISCARD,
 * other people's prepared statements and cursors, session-level advisory
 * locks.
 *
 * A third hook watches for statements that may leave deferred triggers
 * behind.  These have to run before the fence is lowered: at the commit they
 * would run with no confinement, within reach of the role that logged in.
 *
 * There is at most one fence in a session.  sl_fence_abandon, from the
 * handler of an error, forgets it; the abort of the transaction has put
 * settings and role back by then, or will.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/runner/fence.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "commands/prepare.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/parsetree.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/rel.h"
#include "utils/varlena.h"

#include "runner/runner.h"

/* more tables than these are not told one from the other */
#define MAX_CHANGED 100

struct SlFence
{
	int			nest_level;
	Oid			userid;			/* of the caller, asserted at the end */
	Oid			session_userid;
	Oid			temp_namespace; /* InvalidOid: there was none */
	List	   *temp_before;	/* ObjectAddress *, what was in it */
	List	   *prepared;		/* char *, statements the script prepared */
	List	   *cursors;		/* char *, cursors the script declared */
	bool		cursors_known;	/* cursors_before is filled */
	List	   *cursors_before; /* char *, cursors of the session */
	bool		watching;		/* no nest: see sl_fence_watch */
	List	   *changed;		/* OIDs of tables that the script changed */
	bool		changing;		/* it changed one since this was cleared */
	bool		deferred;		/* constraints were set, or tables changed
								 * that are not among these */
	bool		all_deferred;	/* the script's last word on constraints was
								 * SET CONSTRAINTS ALL DEFERRED */
	bool		constraints_made;	/* since then, there may be new ones */
	MemoryContext context;
};

/* The fence that is up; the hooks do nothing without one. */
static SlFence *fence_up = NULL;

static ProcessUtility_hook_type prev_process_utility = NULL;
static object_access_hook_type prev_object_access = NULL;
static ExecutorStart_hook_type prev_executor_start = NULL;

static SPIPlanPtr cursors_plan = NULL;

/*-------------------------------------------------------------------------
 * What is refused or noted while the fence is up
 *-------------------------------------------------------------------------
 */

static void
refuse(const char *command, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("%s is not allowed in a migration", command),
			 errdetail("It would reach beyond the script, into the session that runs it."),
			 hint != NULL ? errhint("%s", hint) : 0));
}

static bool
list_has(List *names, const char *name)
{
	ListCell   *cell;

	foreach(cell, names)
		if (strcmp(lfirst(cell), name) == 0)
			return true;
	return false;
}

static List *
add_name(List *names, const char *name)
{
	MemoryContext before = MemoryContextSwitchTo(fence_up->context);

	names = lappend(names, pstrdup(name));
	MemoryContextSwitchTo(before);
	return names;
}

/* One of that name that is there already is another's, and makes it fail. */
static void
check_prepare(Node *node)
{
	const char *name = castNode(PrepareStmt, node)->name;

	if (FetchPreparedStatement(name, false) == NULL)
		fence_up->prepared = add_name(fence_up->prepared, name);
}

static void
check_declare(Node *node)
{
	DeclareCursorStmt *stmt = castNode(DeclareCursorStmt, node);

	if (stmt->options & CURSOR_OPT_HOLD)
		refuse("DECLARE CURSOR WITH HOLD", NULL);
	fence_up->cursors = add_name(fence_up->cursors, stmt->portalname);
}

static void
check_deallocate(Node *node)
{
	DeallocateStmt *stmt = castNode(DeallocateStmt, node);

	if (stmt->name == NULL)
		refuse("DEALLOCATE ALL", NULL);
	if (!list_has(fence_up->prepared, stmt->name))
		refuse("DEALLOCATE of a statement that the script did not prepare",
			   NULL);
}

/* Was the cursor made by the script, by DECLARE or by a function? */
static bool
is_own_cursor(const char *name)
{
	return list_has(fence_up->cursors, name) ||
		(fence_up->cursors_known &&
		 !list_has(fence_up->cursors_before, name));
}

static void
check_close(Node *node)
{
	ClosePortalStmt *stmt = castNode(ClosePortalStmt, node);

	if (stmt->portalname == NULL)
		refuse("CLOSE ALL", NULL);
	if (!is_own_cursor(stmt->portalname))
		refuse("CLOSE of a cursor that the script did not declare", NULL);
}

static void
check_fetch(Node *node)
{
	FetchStmt  *stmt = castNode(FetchStmt, node);

	if (!is_own_cursor(stmt->portalname))
		refuse("FETCH or MOVE of a cursor that the script did not declare",
			   NULL);
}

/*
 * COPY fills tables without the executor; to the client it would speak in the
 * middle of the call's own result.
 */
static void
check_copy(Node *node)
{
	CopyStmt   *stmt = castNode(CopyStmt, node);

	if (!stmt->is_from && stmt->filename == NULL)
		refuse("COPY TO STDOUT", NULL);
	fence_up->deferred |= stmt->is_from;
}

/* In a worker settings last, and its journal has to be written. */
static void
check_set(Node *node)
{
	VariableSetStmt *stmt = castNode(VariableSetStmt, node);

	if (fence_up->watching && stmt->name != NULL &&
		pg_strcasecmp(stmt->name, "default_transaction_read_only") == 0)
		refuse("SET default_transaction_read_only", NULL);
}

static void
check_set_constraints(Node *node)
{
	ConstraintsSetStmt *stmt = castNode(ConstraintsSetStmt, node);

	fence_up->deferred = true;
	fence_up->all_deferred = stmt->constraints == NIL && stmt->deferred;
	fence_up->constraints_made = false;
}

/* ALL means those to come, too. */
static void
check_makes_constraints(Node *node)
{
	fence_up->constraints_made = true;
}

static void
check_discard(Node *node)
{
	DiscardStmt *stmt = castNode(DiscardStmt, node);

	if (stmt->target == DISCARD_ALL)
		refuse("DISCARD ALL", NULL);
	if (stmt->target == DISCARD_TEMP)
		refuse("DISCARD TEMP",
			   _("Temporary objects of the script are dropped at its end."));
}

static void
check_listen(Node *node)
{
	refuse("LISTEN", NULL);
}

static void
check_unlisten(Node *node)
{
	refuse("UNLISTEN", NULL);
}

static void
check_drop(Node *node)
{
	DropStmt   *stmt = castNode(DropStmt, node);
	ListCell   *cell;

	if (stmt->removeType != OBJECT_EXTENSION)
		return;
	foreach(cell, stmt->objects)
		if (strcmp(strVal(lfirst(cell)), SL_EXTENSION_NAME) == 0)
			refuse("DROP EXTENSION schema_lifecycle",
				   _("It is what runs the migration."));
}

static const struct
{
	NodeTag		tag;
	void		(*check) (Node *node);
}			statement_checks[] = {
	{T_AlterTableStmt, check_makes_constraints},
	{T_ClosePortalStmt, check_close},
	{T_ConstraintsSetStmt, check_set_constraints},
	{T_CopyStmt, check_copy},
	{T_CreateStmt, check_makes_constraints},
	{T_CreateTrigStmt, check_makes_constraints},
	{T_DeallocateStmt, check_deallocate},
	{T_DeclareCursorStmt, check_declare},
	{T_DiscardStmt, check_discard},
	{T_DropStmt, check_drop},
	{T_FetchStmt, check_fetch},
	{T_ListenStmt, check_listen},
	{T_PrepareStmt, check_prepare},
	{T_UnlistenStmt, check_unlisten},
	{T_VariableSetStmt, check_set},
};

/* Functions that take or give up what belongs to the session. */
static const Oid session_lock_functions[] = {
	F_PG_ADVISORY_LOCK_INT8,
	F_PG_ADVISORY_LOCK_INT4_INT4,
	F_PG_ADVISORY_LOCK_SHARED_INT8,
	F_PG_ADVISORY_LOCK_SHARED_INT4_INT4,
	F_PG_TRY_ADVISORY_LOCK_INT8,
	F_PG_TRY_ADVISORY_LOCK_INT4_INT4,
	F_PG_TRY_ADVISORY_LOCK_SHARED_INT8,
	F_PG_TRY_ADVISORY_LOCK_SHARED_INT4_INT4,
	F_PG_ADVISORY_UNLOCK_INT8,
	F_PG_ADVISORY_UNLOCK_INT4_INT4,
	F_PG_ADVISORY_UNLOCK_SHARED_INT8,
	F_PG_ADVISORY_UNLOCK_SHARED_INT4_INT4,
	F_PG_ADVISORY_UNLOCK_ALL,
};

static void
fence_object_access(ObjectAccessType access, Oid classid, Oid objid,
					int subid, void *arg)
{
	if (prev_object_access)
		prev_object_access(access, classid, objid, subid, arg);

	if (fence_up != NULL && access == OAT_FUNCTION_EXECUTE)
	{
		int			i;

		for (i = 0; i < (int) lengthof(session_lock_functions); i++)
			if (objid == session_lock_functions[i])
				refuse("a session-level advisory lock or unlock",
					   _("Use pg_advisory_xact_lock, which ends with the transaction."));
	}
}

/*-------------------------------------------------------------------------
 * Deferred constraints
 *-------------------------------------------------------------------------
 */

/*
 * Has the script set constraints, or left events behind on a table that it
 * changed?  The look at pg_constraint that would follow is too dear for every
 * script that inserts a row.
 */
static bool
may_be_deferred(void)
{
	ListCell   *cell;

	if (fence_up->deferred)
		return true;
	foreach(cell, fence_up->changed)
		if (AfterTriggerPendingOnRel(lfirst_oid(cell)))
			return true;
	return false;
}

/*
 * Check what is deferred, and leave every constraint as it is in a fresh
 * transaction.  SET CONSTRAINTS ALL would not do: it also rules over
 * constraints that later scripts make, and cannot be taken back.
 */
static void
settle_constraints(void)
{
	if (!may_be_deferred())
		return;

	/* a trigger may make another constraint, and leave an event for it */
	do
	{
		CHECK_FOR_INTERRUPTS();
		fence_up->deferred = false;
		fence_up->changing = false;
		CommandCounterIncrement();
		sl_set_constraints(sl_deferrable_constraints(false, false), false);
	} while (fence_up->changing && may_be_deferred());
	sl_set_constraints(sl_deferrable_constraints(true, true), true);
}

static void
fence_process_utility(PlannedStmt *pstmt, const char *query, bool read_only,
					  ProcessUtilityContext context, ParamListInfo params,
					  QueryEnvironment *env, DestReceiver *dest,
					  QueryCompletion *qc)
{
	if (fence_up != NULL)
	{
		Node	   *node = pstmt->utilityStmt;
		int			i;

		for (i = 0; i < (int) lengthof(statement_checks); i++)
			if (nodeTag(node) == statement_checks[i].tag)
				statement_checks[i].check(node);

		/* ALL by name, see settle_constraints */
		if (IsA(node, ConstraintsSetStmt) &&
			((ConstraintsSetStmt *) node)->constraints == NIL)
		{
			bool		defer = ((ConstraintsSetStmt *) node)->deferred;
			List	   *names = sl_deferrable_constraints(false, defer);

			if (names == NIL)
				return;
			pstmt = copyObject(pstmt);
			((ConstraintsSetStmt *) pstmt->utilityStmt)->constraints = names;
		}
	}

	if (prev_process_utility)
		prev_process_utility(pstmt, query, read_only, context, params, env,
							 dest, qc);
	else
		standard_ProcessUtility(pstmt, query, read_only, context, params, env,
								dest, qc);
}

/*
 * A table gets rows: its triggers may be deferred.  Which partition a row of a
 * partitioned table goes to is not known here.
 */
static void
note_changed(Oid relid)
{
	MemoryContext before = MemoryContextSwitchTo(fence_up->context);

	fence_up->changing = true;
	if (get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE ||
		list_length(fence_up->changed) >= MAX_CHANGED)
		fence_up->deferred = true;
	else
		fence_up->changed = list_append_unique_oid(fence_up->changed, relid);
	MemoryContextSwitchTo(before);
}

/* What changes rows may leave deferred triggers behind. */
static void
fence_executor_start(QueryDesc *desc, int flags)
{
	if (fence_up != NULL)
	{
		ListCell   *cell;

		foreach(cell, desc->plannedstmt->resultRelations)
			note_changed(rt_fetch(lfirst_int(cell),
								  desc->plannedstmt->rtable)->relid);
	}

	if (prev_executor_start)
		prev_executor_start(desc, flags);
	else
		standard_ExecutorStart(desc, flags);
}

/* The same for rows that come past the executor. */
void
sl_fence_note_rows(Oid relid)
{
	if (fence_up != NULL)
		note_changed(relid);
}

/* Install the hooks; called once, by _PG_init. */
void
sl_fence_init(void)
{
	prev_process_utility = ProcessUtility_hook;
	ProcessUtility_hook = fence_process_utility;
	prev_object_access = object_access_hook;
	object_access_hook = fence_object_access;
	prev_executor_start = ExecutorStart_hook;
	ExecutorStart_hook = fence_executor_start;
}

/*-------------------------------------------------------------------------
 * Cursors
 *-------------------------------------------------------------------------
 */

/* The names of the cursors that are open. */
static List *
open_cursors(void)
{
	MemoryContext caller = CurrentMemoryContext;
	List	   *names = NIL;
	uint64		i;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	if (cursors_plan == NULL)
	{
		SPIPlanPtr	plan = SPI_prepare("SELECT c.name FROM pg_catalog.pg_cursor() AS c",
									   0, NULL);

		if (plan == NULL || SPI_keepplan(plan) != 0)
			elog(ERROR, "could not prepare the query for open cursors");
		cursors_plan = plan;
	}
	if (SPI_execute_plan(cursors_plan, NULL, NULL, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the open cursors");
	for (i = 0; i < SPI_processed; i++)
	{
		char	   *name = SPI_getvalue(SPI_tuptable->vals[i],
										SPI_tuptable->tupdesc, 1);
		MemoryContext before = MemoryContextSwitchTo(caller);

		names = lappend(names, pstrdup(name));
		MemoryContextSwitchTo(before);
	}
	SPI_finish();
	return names;
}

/* Close what the script opened; what it closed cannot be opened again. */
static void
settle_cursors(SlFence *fence)
{
	List	   *now = fence->cursors;
	ListCell   *cell;

	if (fence->cursors_known)
	{
		now = open_cursors();
		foreach(cell, fence->cursors_before)
			if (!list_has(now, lfirst(cell)))
				refuse("CLOSE of a cursor that the script did not declare",
					   NULL);
	}
	foreach(cell, now)
	{
		Portal		portal = GetPortalByName(lfirst(cell));

		if (PortalIsValid(portal) && is_own_cursor(lfirst(cell)))
			PortalDrop(portal, false);
	}
}

/*-------------------------------------------------------------------------
 * Temporary objects
 *-------------------------------------------------------------------------
 */

/* What lies in a namespace: ObjectAddress pointers. */
static List *
namespace_members(Oid namespace)
{
	Relation	depend = table_open(DependRelationId, AccessShareLock);
	ScanKeyData key[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *members = NIL;

	ScanKeyInit(&key[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(NamespaceRelationId));
	ScanKeyInit(&key[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(namespace));
	scan = systable_beginscan(depend, DependReferenceIndexId, true, NULL, 2,
							  key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);
		ObjectAddress *address = palloc_object(ObjectAddress);

		ObjectAddressSubSet(*address, form->classid, form->objid,
							form->objsubid);
		members = lappend(members, address);
	}
	systable_endscan(scan);
	table_close(depend, AccessShareLock);
	return members;
}

static int
compare_addresses(const ListCell *a, const ListCell *b)
{
	const ObjectAddress *x = lfirst(a);
	const ObjectAddress *y = lfirst(b);

	if (x->classId != y->classId)
		return x->classId < y->classId ? -1 : 1;
	if (x->objectId != y->objectId)
		return x->objectId < y->objectId ? -1 : 1;
	return 0;
}

/* Drop what the script left in pg_temp; what was there before stays. */
static void
drop_temporary(SlFence *fence)
{
	Oid			namespace = LookupExplicitNamespace("pg_temp", true);
	ObjectAddresses *leftovers;
	List	   *now;
	ListCell   *old;
	ListCell   *cell;

	if (!OidIsValid(namespace))
		return;
	CommandCounterIncrement();
	now = namespace_members(namespace);
	list_sort(now, compare_addresses);
	list_sort(fence->temp_before, compare_addresses);

	leftovers = new_object_addresses();
	old = list_head(fence->temp_before);
	foreach(cell, now)
	{
		while (old != NULL && compare_addresses(old, cell) < 0)
			old = lnext(fence->temp_before, old);
		if (old == NULL || compare_addresses(old, cell) != 0)
			add_exact_object_address(lfirst(cell), leftovers);
	}
	/* what is permanent and rests on it is an error of the script */
	performMultipleDeletions(leftovers, DROP_RESTRICT,
							 PERFORM_DELETION_INTERNAL |
							 PERFORM_DELETION_QUIETLY);
	free_object_addresses(leftovers);
}

/*-------------------------------------------------------------------------
 * The fence
 *-------------------------------------------------------------------------
 */

bool
sl_fence_is_up(void)
{
	return fence_up != NULL;
}

/*
 * Put the fence up around one script.  The caller confines the identity
 * before, and must lower or abandon the fence.  'may_open_cursors': it calls
 * functions, which need no DECLARE for that.
 */
SlFence *
sl_fence_raise(int lock_timeout, bool open, bool may_open_cursors)
{
	SlFence    *fence = palloc0_object(SlFence);

	Assert(fence_up == NULL);
	fence->context = CurrentMemoryContext;
	fence->userid = GetUserId();
	fence->session_userid = GetSessionUserId();
	fence->temp_namespace = LookupExplicitNamespace("pg_temp", true);
	if (OidIsValid(fence->temp_namespace))
		fence->temp_before = namespace_members(fence->temp_namespace);
	if (may_open_cursors)
		fence->cursors_before = open_cursors();
	fence->cursors_known = may_open_cursors;
	fence->nest_level = open ? NewGUCNestLevel() :
		sl_fence_open(lock_timeout);
	fence_up = fence;
	return fence;
}

/* To be called after every statement: the script may have set the path. */
void
sl_fence_after_statement(SlFence *fence)
{
	/* LOCAL: over what the script may have SET in this nest */
	sl_session_put_pg_temp_last(GUC_ACTION_LOCAL);
	if (fence->all_deferred && fence->constraints_made)
	{
		CommandCounterIncrement();
		sl_set_constraints(sl_deferrable_constraints(false, true), true);
		fence->constraints_made = false;
	}
}

/* Safe in a failed transaction, too: it only frees memory. */
static void
drop_prepared(SlFence *fence)
{
	ListCell   *cell;

	foreach(cell, fence->prepared)
		DropPreparedStatement(lfirst(cell), false);
}

/* The script is done: check what it deferred, take back what it left. */
void
sl_fence_lower(SlFence *fence)
{
	Assert(fence_up == fence);
	settle_constraints();
	settle_cursors(fence);
	drop_prepared(fence);
	drop_temporary(fence);

	/* false: a plain SET of the script ends here, too */
	AtEOXact_GUC(false, fence->nest_level);
	fence_up = NULL;
	if (GetUserId() != fence->userid ||
		GetSessionUserId() != fence->session_userid)
		elog(ERROR, "the script changed the role of the session");
}

/*
 * Only watch, without a nest: in a worker, whose session ends with its
 * script, and where settings have to last from statement to statement.
 */
void
sl_fence_watch(void)
{
	MemoryContext before = MemoryContextSwitchTo(TopMemoryContext);

	Assert(fence_up == NULL);
	fence_up = palloc0_object(SlFence);
	fence_up->context = TopMemoryContext;
	fence_up->watching = true;
	MemoryContextSwitchTo(before);
}

/* After an error: prepared statements outlive the abort, the rest does not. */
void
sl_fence_abandon(void)
{
	if (fence_up != NULL)
		drop_prepared(fence_up);
	fence_up = NULL;
}
