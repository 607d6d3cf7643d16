/*-------------------------------------------------------------------------
 *
 * scan.c
 *	  Reads the catalog: all of it, or some objects.
 *
 * Each catalog is read once, with one snapshot for all of them, and each of
 * its rows is made into facts by the function of its class.  What those look
 * up on the way comes from the syscache, which may be newer: an object that
 * is dropped or changed meanwhile can fail to be described, with the errors
 * of the functions that describe it.  So rows are worked on in batches, each
 * in a subtransaction; when one fails, its rows are tried one by one, read
 * again if they are still there, and passed over if they are not.
 *
 * The subtransactions are always rolled back.  That gives back the locks on
 * tables that the description of a view or of a rule takes, and for those
 * lock_timeout is short: we wait for a lock while we hold none.  Nothing is
 * written, so that no transaction id is assigned and a standby will do.
 *
 * Nothing of the user's is executed.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/scan.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_am.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_cast.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_conversion.h"
#include "catalog/pg_default_acl.h"
#include "catalog/pg_event_trigger.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_foreign_data_wrapper.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_index.h"
#include "catalog/pg_language.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_opfamily.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_publication.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_statistic_ext.h"
#include "catalog/pg_subscription.h"
#include "catalog/pg_transform.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_ts_config.h"
#include "catalog/pg_ts_dict.h"
#include "catalog/pg_ts_parser.h"
#include "catalog/pg_ts_template.h"
#include "catalog/pg_type.h"
#include "catalog/pg_user_mapping.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "catalog/catalog_private.h"

/* rows that are described in one subtransaction, and those that take locks */
#define BATCH_ROWS 1000
#define BATCH_ROWS_LOCKING 64

/* how long a batch waits for a lock, and we between two tries: ms */
#define LOCK_WAIT 50

/* how often an object that is there is tried */
#define MAX_TRIES 5

#define BY_OID(catalog, index, row) \
	{catalog##RelationId, index, 1, 0, InvalidOid, 0, InvalidOid, \
		catalog##RelationId, false, row}
#define BY_OID_LOCKING(catalog, index, row) \
	{catalog##RelationId, index, 1, 0, InvalidOid, 0, InvalidOid, \
		catalog##RelationId, true, row}

/*
 * Every class.  Defaults and constraints come before the columns and the
 * indexes that want to know of them.  The OID is the first column of every
 * catalog that has one.
 */
static const SlClass classes[] = {
	BY_OID(Namespace, NamespaceOidIndexId, sl_row_schema),
	BY_OID(Extension, ExtensionOidIndexId, sl_row_extension),
	BY_OID(Language, LanguageOidIndexId, sl_row_language),
	BY_OID(AccessMethod, AmOidIndexId, sl_row_access_method),
	BY_OID(Collation, CollationOidIndexId, sl_row_collation),
	BY_OID(Conversion, ConversionOidIndexId, sl_row_conversion),
	BY_OID(Type, TypeOidIndexId, sl_row_type),
	BY_OID_LOCKING(Procedure, ProcedureOidIndexId, sl_row_routine),
	BY_OID(Operator, OperatorOidIndexId, sl_row_operator),
	BY_OID(OperatorFamily, OpfamilyOidIndexId, sl_row_operator_family),
	BY_OID(OperatorClass, OpclassOidIndexId, sl_row_operator_class),
	BY_OID(Cast, CastOidIndexId, sl_row_cast),
	BY_OID(Transform, TransformOidIndexId, sl_row_transform),
	BY_OID(TSParser, TSParserOidIndexId, sl_row_ts_parser),
	BY_OID(TSTemplate, TSTemplateOidIndexId, sl_row_ts_template),
	BY_OID(TSDictionary, TSDictionaryOidIndexId, sl_row_ts_dict),
	BY_OID(TSConfig, TSConfigOidIndexId, sl_row_ts_config),
	BY_OID_LOCKING(Relation, ClassOidIndexId, sl_row_relation),
	{AttrDefaultRelationId, AttrDefaultOidIndexId, Anum_pg_attrdef_oid, 0,
		AttrDefaultIndexId, Anum_pg_attrdef_adrelid, RelationRelationId,
	AttrDefaultRelationId, false, sl_row_default},
	{ConstraintRelationId, ConstraintOidIndexId, Anum_pg_constraint_oid, 0,
		ConstraintRelidTypidNameIndexId, Anum_pg_constraint_conrelid,
		RelationRelationId,
	ConstraintRelationId, false, sl_row_constraint},
	{ConstraintRelationId, InvalidOid, 0, 0,
		ConstraintTypidIndexId, Anum_pg_constraint_contypid, TypeRelationId,
	ConstraintRelationId, false, sl_row_constraint},
	{AttributeRelationId, AttributeRelidNumIndexId,
		Anum_pg_attribute_attrelid, Anum_pg_attribute_attnum,
		AttributeRelidNumIndexId, Anum_pg_attribute_attrelid,
		RelationRelationId,
	RelationRelationId, false, sl_row_column},
	{IndexRelationId, IndexRelidIndexId, Anum_pg_index_indexrelid, 0,
		IndexIndrelidIndexId, Anum_pg_index_indrelid, RelationRelationId,
	RelationRelationId, false, sl_row_index},
	{TriggerRelationId, TriggerOidIndexId, Anum_pg_trigger_oid, 0,
		TriggerRelidNameIndexId, Anum_pg_trigger_tgrelid, RelationRelationId,
	TriggerRelationId, true, sl_row_trigger},
	{RewriteRelationId, RewriteOidIndexId, Anum_pg_rewrite_oid, 0,
		RewriteRelRulenameIndexId, Anum_pg_rewrite_ev_class,
		RelationRelationId,
	RewriteRelationId, true, sl_row_rule},
	{PolicyRelationId, PolicyOidIndexId, Anum_pg_policy_oid, 0,
		PolicyPolrelidPolnameIndexId, Anum_pg_policy_polrelid,
		RelationRelationId,
	PolicyRelationId, true, sl_row_policy},
	{StatisticExtRelationId, StatisticExtOidIndexId,
		Anum_pg_statistic_ext_oid, 0,
		StatisticExtRelidIndexId, Anum_pg_statistic_ext_stxrelid,
		RelationRelationId,
	StatisticExtRelationId, false, sl_row_statistics},
	BY_OID(EventTrigger, EventTriggerOidIndexId, sl_row_event_trigger),
	BY_OID(ForeignDataWrapper, ForeignDataWrapperOidIndexId, sl_row_fdw),
	BY_OID(ForeignServer, ForeignServerOidIndexId, sl_row_server),
	BY_OID(UserMapping, UserMappingOidIndexId, sl_row_user_mapping),
	BY_OID(Publication, PublicationObjectIndexId, sl_row_publication),
	BY_OID(Subscription, SubscriptionObjectIndexId, sl_row_subscription),
	BY_OID(DefaultAcl, DefaultAclOidIndexId, sl_row_default_privileges),
};

/* Everything that the text of a definition depends on. */
static const struct
{
	const char *name;
	const char *value;
}			pinned[] = {
	/* temporary objects last, so that they hide nothing */
	{"search_path", "pg_catalog, pg_temp"},
	{"DateStyle", "ISO, MDY"},
	{"TimeZone", "UTC"},
	{"IntervalStyle", "postgres"},
	{"extra_float_digits", "1"},
	{"bytea_output", "hex"},
	{"lc_monetary", "C"},
	{"quote_all_identifiers", "off"},
	{"standard_conforming_strings", "on"},
};

/* Pin them; returns the level to go back to. */
static int
pin_settings(void)
{
	int			nest_level = NewGUCNestLevel();
	int			i;

	for (i = 0; i < (int) lengthof(pinned); i++)
	{
		const char *value = GetConfigOption(pinned[i].name, false, false);

		/* most are as they should be, and to look costs less than to set */
		if (strcmp(value, pinned[i].value) == 0)
			continue;
		(void) set_config_option(pinned[i].name, pinned[i].value,
								 PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	}
	return nest_level;
}

/* For locks on tables.  Whoever wants a catalog waits as the user would. */
static bool
waits_too_long(void)
{
	return LockTimeout == 0 || LockTimeout > LOCK_WAIT;
}

/* A row of pg_class whose fact, if any, comes from that of pg_index. */
static bool
is_index(HeapTuple tuple)
{
	char		kind = ((Form_pg_class) GETSTRUCT(tuple))->relkind;

	return kind == RELKIND_INDEX || kind == RELKIND_PARTITIONED_INDEX;
}

/* The facts of one row, into scan->ready. */
static void
describe(SlScan *scan, const SlClass *class, HeapTuple tuple, TupleDesc desc)
{
	Oid			oid;
	int			sub = 0;

	CHECK_FOR_INTERRUPTS();
	/* the OID, or that of the relation, is the first column of each */
	memcpy(&oid, GETSTRUCT(tuple), sizeof(Oid));
	if (class->catalog == AttributeRelationId)
		sub = ((Form_pg_attribute) GETSTRUCT(tuple))->attnum;
	ObjectAddressSubSet(scan->address, class->address, oid, sub);
	scan->fact = NULL;
	class->row(scan, tuple, desc);
	if (scan->absent && scan->fact == NULL &&
		!(class->catalog == RelationRelationId && is_index(tuple)))
	{
		SlFact	   *none = palloc0_object(SlFact);

		none->address = scan->address;
		scan->ready = lappend(scan->ready, none);
	}
}

/*
 * Describe some rows in a subtransaction.  NULL if that went well, and
 * scan->ready has their facts; else the error.
 */
static ErrorData *
describe_rows(SlScan *scan, const SlClass *class, HeapTuple *tuples,
			  int count, TupleDesc desc)
{
	MemoryContext before = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	scan->ready = NIL;
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(scan->batch);
	/* the setting itself, for so short a time: there are many batches */
	if (waits_too_long())
		LockTimeout = LOCK_WAIT;
	PG_TRY();
	{
		int			i;

		for (i = 0; i < count; i++)
			describe(scan, class, tuples[i], desc);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(scan->batch);
		error = CopyErrorData();
		FlushErrorState();
		scan->ready = NIL;
	}
	PG_END_TRY();
	LockTimeout = scan->lock_timeout;
	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(before);
	CurrentResourceOwner = owner;
	return error;
}

/*
 * Could the error come from an object that went away, or from a lock?  What
 * the functions of the server say of a missing object is XX000 mostly.
 */
static bool
is_passing(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_INTERNAL_ERROR ||
		error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE ||
		error->sqlerrcode == ERRCODE_T_R_DEADLOCK_DETECTED ||
		ERRCODE_TO_CATEGORY(error->sqlerrcode) ==
		ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION ||
		error->sqlerrcode == ERRCODE_INVALID_SCHEMA_NAME;
}

/* The row as it is now; NULL if it is gone. */
static HeapTuple
read_again(SlScan *scan, const SlClass *class, Relation catalog,
		   HeapTuple tuple)
{
	TupleDesc	desc = RelationGetDescr(catalog);
	AttrNumber	columns[2];
	ScanKeyData keys[2];
	SysScanDesc rows;
	HeapTuple	result;
	Oid			index = class->index;
	int			nkeys = class->key2 != 0 ? 2 : 1;
	bool		isnull;

	columns[0] = class->key;
	columns[1] = class->key2;
	if (!OidIsValid(index))
	{
		/* a second way to the rows of a catalog that has an OID */
		index = ConstraintOidIndexId;
		columns[0] = Anum_pg_constraint_oid;
	}
	ScanKeyInit(&keys[0], columns[0], BTEqualStrategyNumber, F_OIDEQ,
				heap_getattr(tuple, columns[0], desc, &isnull));
	if (nkeys == 2)
		ScanKeyInit(&keys[1], columns[1], BTEqualStrategyNumber, F_INT2EQ,
					heap_getattr(tuple, columns[1], desc, &isnull));
	rows = systable_beginscan(catalog, index, true, NULL, nkeys, keys);
	result = systable_getnext(rows);
	if (HeapTupleIsValid(result))
		result = heap_copytuple(result);
	systable_endscan(rows);
	return result;
}

/* Names may be older than the rows that are read again. */
static void
forget_columns(SlScan *scan)
{
	HASH_SEQ_STATUS status;
	SlRelation *rel;

	hash_seq_init(&status, scan->relations);
	while ((rel = hash_seq_search(&status)) != NULL)
		rel->ncolumns = -1;
}

static void
wait_a_little(void)
{
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
					 LOCK_WAIT, PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}

/* Hand over the facts that are ready. */
static void
hand_over(SlScan *scan, SlFactSink sink, void *arg)
{
	ListCell   *cell;

	foreach(cell, scan->ready)
		sink(lfirst(cell), arg);
	scan->ready = NIL;
}

/*
 * Describe one row.  When it was read again, everything else is to be as new,
 * too: the rows of other catalogs, and the rules that the server looks up.
 */
static ErrorData *
describe_row(SlScan *scan, const SlClass *class, HeapTuple tuple,
			 TupleDesc desc, bool again)
{
	Snapshot	before = scan->snapshot;
	ErrorData  *error;

	if (!again)
		return describe_rows(scan, class, &tuple, 1, desc);
	InvalidateCatalogSnapshot();
	scan->snapshot =
		RegisterSnapshot(GetCatalogSnapshot(RelationRelationId));
	PushActiveSnapshot(scan->snapshot);
	error = describe_rows(scan, class, &tuple, 1, desc);
	PopActiveSnapshot();
	UnregisterSnapshot(scan->snapshot);
	scan->snapshot = before;
	return error;
}

/*
 * Describe a row that could not be described with others: now, after a while,
 * or not at all if it is gone.
 */
static void
describe_alone(SlScan *scan, const SlClass *class, Relation catalog,
			   HeapTuple tuple, SlFactSink sink, void *arg)
{
	TimestampTz begin = GetCurrentTimestamp();
	ErrorData  *error;
	int			tries = 0;
	bool		again = false;

	for (;; again = true)
	{
		error = describe_row(scan, class, tuple, RelationGetDescr(catalog),
							 again);
		if (error == NULL)
			break;
		if (!is_passing(error))
			ReThrowError(error);
		AcceptInvalidationMessages();
		tuple = read_again(scan, class, catalog, tuple);
		if (tuple == NULL)
			return;
		if (error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE)
		{
			/* as long as the user would have waited */
			if (scan->lock_timeout > 0 &&
				TimestampDifferenceExceeds(begin, GetCurrentTimestamp(),
										   scan->lock_timeout))
				ReThrowError(error);
			wait_a_little();
			continue;
		}
		if (++tries >= MAX_TRIES)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("could not read an object of the catalog: %s",
							error->message),
					 errdetail("It is in \"%s\", and its definition cannot be written down.",
							   RelationGetRelationName(catalog)),
					 errhint("If the schema is being changed right now, try again.")));
		forget_columns(scan);
		wait_a_little();
	}
	hand_over(scan, sink, arg);
}

static void
describe_batch(SlScan *scan, const SlClass *class, Relation catalog,
			   HeapTuple *tuples, int count, SlFactSink sink, void *arg)
{
	ErrorData  *error;
	int			i;

	if (count == 0)
		return;
	error = describe_rows(scan, class, tuples, count,
						  RelationGetDescr(catalog));
	if (error == NULL)
		hand_over(scan, sink, arg);
	/* too many locks for a batch may be few enough for one */
	else if (is_passing(error) ||
			 error->sqlerrcode == ERRCODE_OUT_OF_MEMORY)
	{
		for (i = 0; i < count; i++)
			describe_alone(scan, class, catalog, tuples[i], sink, arg);
	}
	else
		ReThrowError(error);
	MemoryContextReset(scan->batch);
}

/* Describe the rows that the keys find; all, without keys. */
static void
describe_class(SlScan *scan, const SlClass *class, Oid index, int nkeys,
			   ScanKey keys, SlFactSink sink, void *arg)
{
	Relation	catalog = table_open(class->catalog, AccessShareLock);
	int			space = class->locks ? BATCH_ROWS_LOCKING : BATCH_ROWS;
	HeapTuple  *tuples;
	HeapTuple	tuple;
	SysScanDesc rows;
	MemoryContext before;
	int			count = 0;

	tuples = palloc_array(HeapTuple, space);
	rows = systable_beginscan(catalog, index, nkeys > 0, scan->snapshot,
							  nkeys, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(rows)))
	{
		before = MemoryContextSwitchTo(scan->batch);
		tuples[count++] = heap_copytuple(tuple);
		MemoryContextSwitchTo(before);
		if (count == space)
		{
			describe_batch(scan, class, catalog, tuples, count, sink, arg);
			count = 0;
		}
	}
	describe_batch(scan, class, catalog, tuples, count, sink, arg);
	systable_endscan(rows);
	table_close(catalog, AccessShareLock);
	pfree(tuples);
}

/*
 * Does the description of the row open the tables that it is about, which
 * takes locks and may fail?
 */
static bool
opens_tables(const SlClass *class, HeapTuple tuple)
{
	if (!class->locks)
		return false;
	if (class->catalog == RelationRelationId)
	{
		char		kind = ((Form_pg_class) GETSTRUCT(tuple))->relkind;

		return kind == RELKIND_VIEW || kind == RELKIND_MATVIEW;
	}
	if (class->catalog == TriggerRelationId)
		return !((Form_pg_trigger) GETSTRUCT(tuple))->tgisinternal;
	return true;
}

/* The same without subtransactions: see sl_catalog_describe. */
static void
describe_directly(SlScan *scan, const SlClass *class, Oid index, int nkeys,
				  ScanKey keys)
{
	Relation	catalog = table_open(class->catalog, AccessShareLock);
	SysScanDesc rows;
	HeapTuple	tuple;

	rows = systable_beginscan(catalog, index, true, scan->snapshot, nkeys,
							  keys);
	while (!scan->refused &&
		   HeapTupleIsValid(tuple = systable_getnext(rows)))
	{
		if (scan->plain && opens_tables(class, tuple))
			scan->refused = true;
		else
			describe(scan, class, tuple, RelationGetDescr(catalog));
	}
	systable_endscan(rows);
	table_close(catalog, AccessShareLock);
}

static void
begin_scan(SlScan *scan, const SlCatalogOptions *options, bool full)
{
	memset(scan, 0, sizeof(*scan));
	scan->options = options;
	scan->full = full;
	scan->lock_timeout = LockTimeout;
	scan->nest_level = pin_settings();
	scan->cxt = AllocSetContextCreate(CurrentMemoryContext,
									  "schema_lifecycle catalog",
									  ALLOCSET_DEFAULT_SIZES);
	scan->batch = AllocSetContextCreate(scan->cxt,
										"schema_lifecycle facts",
										ALLOCSET_DEFAULT_SIZES);
	/*
	 * All that is committed by now, whatever the caller's snapshot says.  The
	 * server keeps a snapshot of the catalog until a message comes, and does
	 * not wait for one from those that send none, such as pg_policy.
	 */
	AcceptInvalidationMessages();
	InvalidateCatalogSnapshot();
	scan->snapshot = RegisterSnapshot(GetCatalogSnapshot(RelationRelationId));
	/* for the queries inside pg_get_viewdef */
	PushActiveSnapshot(scan->snapshot);
	sl_catalog_names_init(scan);
}

static void
end_scan(SlScan *scan)
{
	PopActiveSnapshot();
	UnregisterSnapshot(scan->snapshot);
	MemoryContextDelete(scan->cxt);
	AtEOXact_GUC(true, scan->nest_level);
}

void
sl_catalog_scan(const SlCatalogOptions *options, SlFactSink sink, void *arg)
{
	SlScan		scan;
	int			i;

	begin_scan(&scan, options, true);
	for (i = 0; i < (int) lengthof(classes); i++)
		if (OidIsValid(classes[i].index))
			describe_class(&scan, &classes[i], InvalidOid, 0, NULL, sink,
						   arg);
	end_scan(&scan);
}

static void
describe_keyed(SlScan *scan, const SlClass *class, Oid index, int nkeys,
			   ScanKey keys, SlFactSink sink, void *arg)
{
	if (scan->direct)
		describe_directly(scan, class, index, nkeys, keys);
	else
		describe_class(scan, class, index, nkeys, keys, sink, arg);
}

/* The rows of all classes that belong to one address. */
static void
describe_object(SlScan *scan, const ObjectAddress *object, bool deep,
				SlFactSink sink, void *arg)
{
	ScanKeyData keys[2];
	int			i;

	for (i = 0; i < (int) lengthof(classes); i++)
	{
		const SlClass *class = &classes[i];
		bool		sub = object->objectSubId != 0;
		bool		of_columns = class->catalog == AttributeRelationId ||
			class->catalog == AttrDefaultRelationId;

		/* a column wants its table's defaults, and then itself */
		if (class->owner_catalog == object->classId &&
			(sub ? class->catalog == AttrDefaultRelationId : deep) &&
			(!scan->columns || of_columns) &&
			(!scan->names || class->catalog == AttributeRelationId))
		{
			ScanKeyInit(&keys[0], class->owner_key, BTEqualStrategyNumber,
						F_OIDEQ, ObjectIdGetDatum(object->objectId));
			/* the index of defaults goes on with the column */
			if (sub)
				ScanKeyInit(&keys[1], Anum_pg_attrdef_adnum,
							BTEqualStrategyNumber, F_INT2EQ,
							Int16GetDatum(object->objectSubId));
			describe_keyed(scan, class, class->owner_index, sub ? 2 : 1,
						   keys, sink, arg);
		}
		if (class->address == object->classId && OidIsValid(class->index) &&
			(class->key2 != 0) == sub)
		{
			ScanKeyInit(&keys[0], class->key, BTEqualStrategyNumber, F_OIDEQ,
						ObjectIdGetDatum(object->objectId));
			if (sub)
				ScanKeyInit(&keys[1], class->key2, BTEqualStrategyNumber,
							F_INT2EQ, Int16GetDatum(object->objectSubId));
			describe_keyed(scan, class, class->index, sub ? 2 : 1, keys,
						   sink, arg);
		}
	}
}

void
sl_catalog_objects(const SlCatalogOptions *options,
				   const ObjectAddress *objects, int nobjects, bool deep,
				   SlFactSink sink, void *arg)
{
	SlScan		scan;
	int			i;

	begin_scan(&scan, options, false);
	for (i = 0; i < nobjects; i++)
		describe_object(&scan, &objects[i], deep, sink, arg);
	end_scan(&scan);
}

/*
 * The same, and for each row that makes no fact one without class: it says
 * that its address has none.
 */
void
sl_catalog_rows(const SlCatalogOptions *options,
				const ObjectAddress *objects, int nobjects, bool deep,
				SlFactSink sink, void *arg)
{
	SlScan		scan;
	int			i;

	begin_scan(&scan, options, false);
	scan.absent = true;
	for (i = 0; i < nobjects; i++)
		describe_object(&scan, &objects[i], deep, sink, arg);
	end_scan(&scan);
}

/*
 * The same, or only the names, of whole facts, all at once and with no
 * subtransaction of its own: the caller is in one, handles errors, and rolls
 * it back.  Of what hangs on a relation that is being dropped, only columns
 * are there still.
 *
 * 'plain': the caller is not in one.  Then nothing is described, and false
 * returned, if there is anything that takes locks: what needs none is read
 * from rows that the dependencies of this object hold in their place, and
 * does not fail while we hold the object itself.
 */
bool
sl_catalog_describe(const SlTarget *targets, int ntargets, bool names,
					bool plain, SlFactSink sink, void *arg)
{
	static const SlCatalogOptions whole = {NIL, false, true, true};
	MemoryContext before = CurrentMemoryContext;
	SlScan		scan;
	int			i;

	begin_scan(&scan, &whole, false);
	scan.direct = true;
	scan.plain = plain;
	scan.names = names;
	if (!plain && waits_too_long())
		(void) set_config_option("lock_timeout",
								 CppAsString2(LOCK_WAIT),
								 PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	MemoryContextSwitchTo(scan.batch);
	for (i = 0; i < ntargets && !scan.refused; i++)
	{
		scan.columns = targets[i].columns;
		describe_object(&scan, &targets[i].address, targets[i].deep, sink,
						arg);
	}
	MemoryContextSwitchTo(before);
	if (!scan.refused)
		hand_over(&scan, sink, arg);
	end_scan(&scan);
	return !scan.refused;
}
