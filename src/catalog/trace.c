/*-------------------------------------------------------------------------
 *
 * trace.c
 *	  Which facts a script changes, while it runs.
 *
 * What a script touches is known from two hooks.  object_access_hook tells of
 * what is made, altered and dropped, at any depth and by any way; the hook for
 * utility statements sees those whose effects nobody tells of, and those that
 * change the text of other objects (trace_statement.c).
 *
 * The first time that an object is touched, its facts are read as they are
 * before: the statement has not begun, or, in the middle of a command, its
 * changes are not visible yet, for OAT_POST_ALTER comes before the command
 * counter moves.  At the end all that was touched is read once more, and the
 * two are held against each other.  Of what is dropped only the name is left
 * to be read, because what hung on it is gone by then.
 *
 * Reading is done in subtransactions that are rolled back: that gives back
 * every lock, and an error is nobody's.  An object that cannot be read before
 * counts as made again.  Only tables that we have changed, and what hangs on
 * them, are read without.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/trace.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_amop.h"
#include "catalog/pg_amproc.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_publication_namespace.h"
#include "catalog/pg_publication_rel.h"
#include "commands/extension.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "catalog/catalog_private.h"
#include "catalog/trace.h"

/* described in one subtransaction: the locks that views take add up */
#define CHUNK 64

typedef enum SeenState
{
	SEEN_NEW,					/* made in this trace */
	SEEN_BEFORE,				/* 'before' is known; NULL: it had no fact */
	SEEN_UNKNOWN,				/* what it was could not be read */
	SEEN_DROPPED				/* only the name in 'before' is known */
} SeenState;

/* What is known of one object. */
typedef struct Seen
{
	ObjectAddress address;		/* hash key */
	SeenState	state;
	bool		deep;			/* and of what hung on it */
	bool		dropped;		/* by somebody who said so */
	bool		alive;			/* it has a fact at the end */
	SlFact	   *before;
} Seen;

/* What is known of one fact, at the end. */
typedef struct Known
{
	SlFact	   *name;			/* hash key: class and identity */
	SlFact	   *before;
	SlFact	   *after;
	bool		dropped;
	bool		unknown;
} Known;

typedef struct Trace
{
	MemoryContext cxt;			/* of the changes */
	MemoryContext work;			/* of what is only needed until the end */
	MemoryContextCallback gone;
	HTAB	   *seen;
	bool		drops;			/* the statement in work says so itself */
	bool		everything;		/* all facts before are known */
	bool		reading;		/* the hooks see our own doing */
	bool		unknown;		/* what is read now was not known before */
	HTAB	   *known;			/* at the end only */
} Trace;

/* The trace that is on; the hooks do nothing without one. */
static Trace *trace = NULL;

static ProcessUtility_hook_type prev_process_utility = NULL;
static object_access_hook_type prev_object_access = NULL;

/* Reading */

/*
 * Do something in a subtransaction that is rolled back.  False if it failed.
 * What the user, or an operator, wants to stop is stopped.
 */
static bool
try_reading(void (*work) (void *), void *arg)
{
	MemoryContext before = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	trace->reading = true;
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(before);
	PG_TRY();
	{
		work(arg);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(before);
		error = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();
	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(before);
	CurrentResourceOwner = owner;
	trace->reading = false;
	if (error == NULL)
		return true;
	if (ERRCODE_TO_CATEGORY(error->sqlerrcode) ==
		ERRCODE_OPERATOR_INTERVENTION)
		ReThrowError(error);
	elog(DEBUG1, "trace: %s", error->message);
	FreeErrorData(error);
	return false;
}

typedef struct Reading
{
	const SlTarget *targets;
	int			ntargets;
	bool		names;
	SlFactSink	sink;
} Reading;

static void
read_targets(void *arg)
{
	Reading    *reading = arg;

	(void) sl_catalog_describe(reading->targets, reading->ntargets,
							   reading->names, false, reading->sink, NULL);
}

static bool
try_targets(const SlTarget *targets, int ntargets, bool names,
			SlFactSink sink)
{
	Reading		reading;

	reading.targets = targets;
	reading.ntargets = ntargets;
	reading.names = names;
	reading.sink = sink;
	return try_reading(read_targets, &reading);
}

static Seen *
find_seen(Oid catalog, Oid object, int sub)
{
	ObjectAddress key;

	ObjectAddressSubSet(key, catalog, object, sub);
	return hash_search(trace->seen, &key, HASH_FIND, NULL);
}

/* Remember an object, if it is not remembered yet. */
static Seen *
see(const ObjectAddress *address, SeenState state)
{
	Seen	   *seen;
	bool		found;

	seen = hash_search(trace->seen, address, HASH_ENTER, &found);
	if (found)
		return seen;
	seen->state = state;
	seen->deep = false;
	seen->dropped = false;
	seen->alive = false;
	seen->before = NULL;
	return seen;
}

/* A column of a relation that was made in this trace is new with it. */
static bool
is_new_column(const ObjectAddress *address)
{
	Seen	   *seen;

	if (address->objectSubId == 0)
		return false;
	seen = find_seen(address->classId, address->objectId, 0);
	return seen != NULL && seen->state == SEEN_NEW;
}

static SlFact *
copy_fact(MemoryContext cxt, const SlFact *fact)
{
	MemoryContext before = MemoryContextSwitchTo(cxt);
	SlFact	   *copy = sl_fact_copy(fact);

	MemoryContextSwitchTo(before);
	return copy;
}

/* A fact as it was before the script. */
static void
take_before(const SlFact *fact, void *arg)
{
	Seen	   *seen = find_seen(fact->address.classId,
								 fact->address.objectId,
								 fact->address.objectSubId);

	if (is_new_column(&fact->address) ||
		(seen != NULL && seen->state != SEEN_DROPPED))
		return;
	/* its drop may have been rolled back */
	seen = see(&fact->address, SEEN_BEFORE);
	seen->state = SEEN_BEFORE;
	seen->before = copy_fact(trace->work, fact);
}

/* Only its name is left. */
static void
take_name(const SlFact *fact, void *arg)
{
	Seen	   *seen = see(&fact->address, SEEN_DROPPED);

	/* columns go with their table, and nobody tells */
	seen->dropped |= trace->drops;
	if (seen->state != SEEN_DROPPED && seen->state != SEEN_UNKNOWN)
		return;
	seen->state = SEEN_DROPPED;
	seen->before = copy_fact(trace->work, fact);
}

/* There it was, and nothing else can be read. */
static void
take_unknown(const SlFact *fact, void *arg)
{
	Seen	   *seen = see(&fact->address, SEEN_UNKNOWN);

	if (seen->state == SEEN_UNKNOWN && seen->before == NULL)
		seen->before = copy_fact(trace->work, fact);
}

/* Is all that is to be known of this before known? */
static bool
is_known(const SlTarget *target)
{
	const ObjectAddress *address = &target->address;
	Seen	   *seen;

	seen = find_seen(address->classId, address->objectId,
					 address->objectSubId);
	if (seen != NULL && seen->state != SEEN_DROPPED)
		return seen->state == SEEN_NEW || seen->deep || !target->deep;
	if (address->objectSubId == 0)
		return false;
	seen = find_seen(address->classId, address->objectId, 0);
	return seen != NULL && (seen->state == SEEN_NEW || seen->deep);
}

static void
take_chunk(const SlTarget *targets, int count)
{
	int			i;

	if (try_targets(targets, count, false, take_before))
	{
		for (i = 0; i < count; i++)
			see(&targets[i].address, SEEN_BEFORE)->deep |= targets[i].deep;
		return;
	}
	for (i = 0; i < count; i++)
	{
		SeenState	state = SEEN_BEFORE;

		if (count == 1 ||
			!try_targets(&targets[i], 1, false, take_before))
		{
			state = SEEN_UNKNOWN;
			(void) try_targets(&targets[i], 1, true, take_unknown);
		}
		see(&targets[i].address, state)->deep |= targets[i].deep;
	}
}

/* Objects are going to change: read what they are. */
static void
take_targets(List *list)
{
	SlTarget	targets[CHUNK];
	int			count = 0;
	ListCell   *cell;

	foreach(cell, list)
	{
		SlTarget   *target = lfirst(cell);

		if (is_known(target))
			continue;
		targets[count++] = *target;
		if (count < CHUNK)
			continue;
		take_chunk(targets, count);
		count = 0;
	}
	if (count > 0)
		take_chunk(targets, count);
}

/* All facts, or those of a target: these wait for what stands in the way. */
static void
read_patiently(const SlTarget *target, SlFactSink sink)
{
	static const SlCatalogOptions whole = {NIL, false, true, true};

	trace->reading = true;
	PG_TRY();
	{
		if (target == NULL)
			sl_catalog_scan(&whole, sink, NULL);
		else
			sl_catalog_objects(&whole, &target->address, 1, target->deep,
							   sink, NULL);
	}
	PG_FINALLY();
	{
		trace->reading = false;
	}
	PG_END_TRY();
}

/* There is no telling what a statement changes: read all there is. */
static void
take_everything(void)
{
	read_patiently(NULL, take_before);
	trace->everything = true;
}

/* One object is being altered, and its changes are not visible yet. */
static void
touch(Oid catalog, Oid object, int sub, Snapshot snapshot)
{
	SlTarget	target;
	List	   *list;

	if (trace->everything)
		return;
	ObjectAddressSubSet(target.address, catalog, object, sub);
	target.deep = target.columns = false;
	if (is_known(&target))
		return;
	if (!sl_carrier(&target.address, snapshot))
		return;
	list = list_make1(&target);
	take_targets(list);
	list_free(list);
}

static void
touch_new(Oid catalog, Oid object, int sub)
{
	ObjectAddress address;

	ObjectAddressSubSet(address, catalog, object, sub);
	if (!is_new_column(&address))
		(void) see(&address, SEEN_NEW);
}

/*
 * OAT_POST_CREATE also comes for what CREATE OR REPLACE replaced, but that was
 * seen before the statement.
 */
static void
touch_created(Oid catalog, Oid object, int sub)
{
	switch (catalog)
	{
		case AttrDefaultRelationId:
		case AccessMethodOperatorRelationId:
		case AccessMethodProcedureRelationId:
		case PublicationRelRelationId:
		case PublicationNamespaceRelationId:
			touch(catalog, object, sub, SnapshotSelf);
			return;
#if PG_VERSION_NUM >= 180000
		case ConstraintRelationId:
			/* NOT NULL is the column's */
			if (sl_is_not_null(object))
			{
				touch(catalog, object, sub, SnapshotSelf);
				return;
			}
			break;
#endif
		default:
			if (!sl_has_facts(catalog))
				return;
	}
	/* what an extension makes is its own, but for what hangs on others */
	if (creating_extension && sl_can_be_member(catalog) && sub == 0)
		return;
	touch_new(catalog, object, sub);
}

static void
touch_dropped(Oid catalog, Oid object, int sub)
{
	SlTarget	target;
	ObjectAddress carrier;
	Seen	   *seen;
	List	   *others = NIL;

	ObjectAddressSubSet(target.address, catalog, object, sub);
	target.deep = catalog == RelationRelationId && sub == 0;
	target.columns = false;
	seen = find_seen(catalog, object, sub);
	if (seen != NULL)
	{
		if (seen->state == SEEN_NEW)
			return;
		if (trace->drops)
			seen->dropped = true;
	}
	if (trace->everything || is_new_column(&target.address))
		return;

	/* what it was a part of stays, mostly */
	carrier = target.address;
	if (!sl_carrier(&carrier, SnapshotSelf))
		return;
	if (carrier.classId != catalog || carrier.objectId != object)
	{
		if (!sl_goes_with(catalog, &carrier))
			touch(carrier.classId, carrier.objectId, carrier.objectSubId,
				  NULL);
		return;
	}
	sl_add_partners(&others, &target.address);
	/* the text of a join can name all columns of its tables */
	if (catalog == RelationRelationId && sub != 0)
		sl_add_readers(&others, object, InvalidAttrNumber);
	take_targets(others);
	list_free_deep(others);
	if (seen == NULL || seen->state == SEEN_UNKNOWN ||
		(target.deep && (!seen->deep || trace->drops)))
		(void) try_targets(&target, 1, true, take_name);
}

static void
trace_object_access(ObjectAccessType access, Oid catalog, Oid object,
					int sub, void *arg)
{
	if (prev_object_access)
		prev_object_access(access, catalog, object, sub, arg);

	if (trace == NULL || trace->reading)
		return;
	if (access == OAT_POST_CREATE)
		touch_created(catalog, object, sub);
	else if (access == OAT_POST_ALTER)
		touch(catalog, object, sub, NULL);
	else if (access == OAT_DROP)
		touch_dropped(catalog, object, sub);
}

typedef struct Naming
{
	Node	   *statement;
	SlTouched	touched;
	MemoryContext cxt;
} Naming;

static void
name_targets(void *arg)
{
	Naming	   *naming = arg;

	MemoryContextSwitchTo(naming->cxt);
	sl_statement_touches(naming->statement, &naming->touched);
}

/* Before a statement: what will it change that nobody tells of? */
static void
trace_statement(Node *statement)
{
	MemoryContext before = CurrentMemoryContext;
	Naming		naming;

	if (trace->everything || !sl_statement_matters(statement))
		return;
	memset(&naming, 0, sizeof(naming));
	naming.statement = statement;
	naming.cxt = AllocSetContextCreate(trace->work,
									   "schema_lifecycle statement",
									   ALLOCSET_SMALL_SIZES);
	MemoryContextSwitchTo(naming.cxt);
	/* what is not there makes the statement fail, not us */
	if (sl_statement_is_plain(statement))
		name_targets(&naming);
	else
		(void) try_reading(name_targets, &naming);
	if (naming.touched.everything)
		take_everything();
	else
		take_targets(naming.touched.targets);
	MemoryContextSwitchTo(before);
	MemoryContextDelete(naming.cxt);
}

static void
trace_process_utility(PlannedStmt *pstmt, const char *query, bool read_only,
					  ProcessUtilityContext context, ParamListInfo params,
					  QueryEnvironment *env, DestReceiver *dest,
					  QueryCompletion *qc)
{
	bool		outer = false;

	if (trace != NULL && !trace->reading)
	{
		trace_statement(pstmt->utilityStmt);
		outer = trace->drops;
		trace->drops = sl_statement_drops(pstmt->utilityStmt);
	}

	if (prev_process_utility)
		prev_process_utility(pstmt, query, read_only, context, params, env,
							 dest, qc);
	else
		standard_ProcessUtility(pstmt, query, read_only, context, params, env,
								dest, qc);

	if (trace != NULL)
		trace->drops = outer;
}

void
sl_trace_init(void)
{
	prev_process_utility = ProcessUtility_hook;
	ProcessUtility_hook = trace_process_utility;
	prev_object_access = object_access_hook;
	object_access_hook = trace_object_access;
}

static void
forget_trace(void *arg)
{
	if (trace == arg)
		trace = NULL;
}

void
sl_trace_begin(MemoryContext cxt)
{
	MemoryContext work = AllocSetContextCreate(cxt, "schema_lifecycle trace",
											   ALLOCSET_DEFAULT_SIZES);
	Trace	   *made = MemoryContextAllocZero(work, sizeof(Trace));
	HASHCTL		ctl;

	sl_trace_abandon();
	made->cxt = cxt;
	made->work = work;
	made->gone.func = forget_trace;
	made->gone.arg = made;
	MemoryContextRegisterResetCallback(made->work, &made->gone);
	ctl.keysize = sizeof(ObjectAddress);
	ctl.entrysize = sizeof(Seen);
	ctl.hcxt = made->work;
	made->seen = hash_create("schema_lifecycle seen", 32, &ctl,
							 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	trace = made;
}

/*
 * The hook for statements has been passed: what it does is done here, and
 * what it takes back behind the statement it will.
 */
void
sl_trace_begin_at(MemoryContext cxt, Node *statement)
{
	sl_trace_begin(cxt);
	trace_statement(statement);
	trace->drops = sl_statement_drops(statement);
}

bool
sl_trace_is_on(void)
{
	return trace != NULL;
}

void
sl_trace_abandon(void)
{
	if (trace != NULL)
		MemoryContextDelete(trace->work);
}

static uint32
hash_name(const void *key, Size size)
{
	const SlFact *fact = *(SlFact *const *) key;

	return hash_combine(hash_bytes((const unsigned char *) fact->class,
								   strlen(fact->class)),
						hash_bytes((const unsigned char *) fact->identity,
								   strlen(fact->identity)));
}

static int
match_name(const void *a, const void *b, Size size)
{
	return sl_fact_compare(*(SlFact *const *) a, *(SlFact *const *) b);
}

static Known *
know(SlFact *fact)
{
	Known	   *known;
	bool		found;

	known = hash_search(trace->known, &fact, HASH_ENTER, &found);
	if (!found)
	{
		known->before = NULL;
		known->after = NULL;
		known->dropped = false;
		known->unknown = false;
	}
	return known;
}

/* A fact as it is at the end. */
static void
take_after(const SlFact *fact, void *arg)
{
	Seen	   *seen = find_seen(fact->address.classId,
								 fact->address.objectId,
								 fact->address.objectSubId);
	SlFact	   *wanted = unconstify(SlFact *, fact);
	Known	   *known;

	if (seen != NULL)
	{
		seen->alive = true;
		/* the end of most that was looked at */
		if (seen->state == SEEN_BEFORE && !seen->dropped &&
			seen->before != NULL && sl_fact_equal(seen->before, fact))
		{
			known = know(seen->before);
			known->after = seen->before;
			return;
		}
	}
	known = hash_search(trace->known, &wanted, HASH_FIND, NULL);
	if (known == NULL)
		known = know(copy_fact(trace->work, fact));
	if (known->after == NULL)
		known->after = known->name;
	known->unknown |= trace->unknown ||
		(seen != NULL && seen->state == SEEN_UNKNOWN);
}

/*
 * Tables and what hangs on them, mostly: those that we have changed are ours,
 * and need no subtransaction, which would cost more than the reading.
 */
static bool
read_plainly(const SlTarget *targets, int count, SlFactSink sink)
{
	bool		result;

	trace->reading = true;
	PG_TRY();
	{
		result = sl_catalog_describe(targets, count, false, true, sink, NULL);
	}
	PG_FINALLY();
	{
		trace->reading = false;
	}
	PG_END_TRY();
	return result;
}

/* Read targets as they are now.  What stands in the way is waited for. */
static void
take_chunk_after(const SlTarget *targets, int count)
{
	int			i;

	if (count == 0 || read_plainly(targets, count, take_after) ||
		try_targets(targets, count, false, take_after))
		return;
	for (i = 0; i < count; i++)
		read_patiently(&targets[i], take_after);
}

/* Is it read with the relation that it hangs on? */
static bool
is_read_with(const Seen *seen)
{
	ObjectAddress owner;
	Seen	   *deep;

	if (!sl_owner(&seen->address, &owner))
		return false;
	deep = find_seen(owner.classId, owner.objectId, 0);
	return deep != NULL && deep->deep;
}

static void
read_after(void)
{
	HASH_SEQ_STATUS status;
	Seen	   *seen;
	SlTarget	targets[CHUNK];
	List	   *addresses = NIL;
	ListCell   *cell;
	int			count = 0;

	if (trace->everything)
	{
		read_patiently(NULL, take_after);
		return;
	}
	hash_seq_init(&status, trace->seen);
	while ((seen = hash_seq_search(&status)) != NULL)
		addresses = lappend(addresses, seen);
	foreach(cell, addresses)
	{
		SlTarget	target;

		seen = lfirst(cell);
		if (is_read_with(seen))
			continue;
		target.address = seen->address;
		/* of what hangs on a new object, only columns come unannounced */
		target.columns = seen->state == SEEN_NEW;
		target.deep = seen->deep || target.columns;
		if (seen->state == SEEN_UNKNOWN)
		{
			trace->unknown = true;
			take_chunk_after(&target, 1);
			trace->unknown = false;
			continue;
		}
		targets[count++] = target;
		if (count < CHUNK)
			continue;
		take_chunk_after(targets, count);
		count = 0;
	}
	take_chunk_after(targets, count);
}

/* Hold what was against what is. */
static void
settle_seen(void)
{
	HASH_SEQ_STATUS status;
	Seen	   *seen;

	hash_seq_init(&status, trace->seen);
	while ((seen = hash_seq_search(&status)) != NULL)
	{
		Known	   *known;

		if (seen->before == NULL)
			continue;
		/* a drop that was rolled back, and nothing else happened */
		if (seen->state == SEEN_DROPPED && seen->alive)
		{
			known = know(seen->before);
			known->before = known->after;
			continue;
		}
		known = know(seen->before);
		if (seen->state == SEEN_BEFORE)
			known->before = seen->before;
		known->dropped |= seen->state == SEEN_UNKNOWN ||
			(!seen->alive &&
			 (seen->state == SEEN_DROPPED || seen->dropped));
	}
}

/* In the caller's memory; NULL: nothing changed. */
static SlChange *
make_change(const Known *known)
{
	SlChange   *change;
	SlChangeKind kind;

	if (known->after == NULL)
	{
		if (known->before == NULL && !known->dropped)
			return NULL;
		kind = SL_FACT_REMOVED;
	}
	else if (known->dropped)
		kind = SL_FACT_REPLACED;
	else if (known->before == NULL)
		kind = known->unknown ? SL_FACT_REPLACED : SL_FACT_ADDED;
	else if (sl_fact_equal(known->before, known->after))
		return NULL;
	else
		kind = SL_FACT_CHANGED;

	change = palloc_object(SlChange);
	change->kind = kind;
	change->class = pstrdup(known->name->class);
	change->identity = pstrdup(known->name->identity);
	change->before = kind != SL_FACT_CHANGED ? NULL :
		sl_fact_copy(known->before);
	change->after = known->after == NULL ? NULL : sl_fact_copy(known->after);
	return change;
}

static int
compare_changes(const ListCell *a, const ListCell *b)
{
	const SlChange *x = lfirst(a);
	const SlChange *y = lfirst(b);
	int			result = strcmp(x->class, y->class);

	return result != 0 ? result : strcmp(x->identity, y->identity);
}

static List *
list_changes(void)
{
	MemoryContext before = MemoryContextSwitchTo(trace->cxt);
	HASH_SEQ_STATUS status;
	Known	   *known;
	List	   *changes = NIL;

	hash_seq_init(&status, trace->known);
	while ((known = hash_seq_search(&status)) != NULL)
	{
		SlChange   *change = make_change(known);

		if (change != NULL)
			changes = lappend(changes, change);
	}
	list_sort(changes, compare_changes);
	MemoryContextSwitchTo(before);
	return changes;
}

List *
sl_trace_end(void)
{
	MemoryContext before;
	HASHCTL		ctl;
	List	   *changes;

	if (trace == NULL)
		elog(ERROR, "no trace is on");
	/* what the last statement did is to be seen */
	CommandCounterIncrement();
	before = MemoryContextSwitchTo(trace->work);
	ctl.keysize = sizeof(SlFact *);
	ctl.entrysize = sizeof(Known);
	ctl.hash = hash_name;
	ctl.match = match_name;
	ctl.hcxt = trace->work;
	trace->known = hash_create("schema_lifecycle facts", 64, &ctl,
							   HASH_ELEM | HASH_FUNCTION | HASH_COMPARE |
							   HASH_CONTEXT);
	read_after();
	settle_seen();
	changes = list_changes();
	MemoryContextSwitchTo(before);
	MemoryContextDelete(trace->work);
	return changes;
}
