/*-------------------------------------------------------------------------
 *
 * sl_compat.h
 *	  One spelling for PostgreSQL 15 to 18: the newest API is what the code
 *	  says, older majors get shims here and nowhere else.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/common/sl_compat.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_COMPAT_H
#define SL_COMPAT_H

#include "postgres.h"

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 190000
#error "schema_lifecycle supports PostgreSQL 15 to 18"
#endif

/* 16 hides in a module what is not marked, and marks functions for SQL */
#if PG_VERSION_NUM < 160000
#include "fmgr.h"
#undef PGDLLEXPORT
#define PGDLLEXPORT __attribute__((visibility("default")))
#undef PG_FUNCTION_INFO_V1
#define PG_FUNCTION_INFO_V1(funcname) \
extern PGDLLEXPORT Datum funcname(PG_FUNCTION_ARGS); \
extern PGDLLEXPORT const Pg_finfo_record * \
CppConcat(pg_finfo_,funcname)(void); \
const Pg_finfo_record * \
CppConcat(pg_finfo_,funcname) (void) \
{ \
	static const Pg_finfo_record my_finfo = { 1 }; \
	return &my_finfo; \
} \
extern int no_such_variable
#endif

/* 16 moved the memory of GUC extras from malloc to a context of its own */
#if PG_VERSION_NUM < 160000
#define guc_malloc(elevel, size) malloc(size)
#define guc_free(pointer) free(pointer)
#endif

/* 16 brought typed allocation, and late minor releases of 15 some of it */
#include "storage/shmem.h"
#ifndef palloc_object
#define palloc_object(type) ((type *) palloc(sizeof(type)))
#define palloc0_object(type) ((type *) palloc0(sizeof(type)))
#endif
#ifndef palloc_array
#define palloc_array(type, count) \
	((type *) palloc(mul_size(sizeof(type), (count))))
#define palloc0_array(type, count) \
	((type *) palloc0(mul_size(sizeof(type), (count))))
#endif

/*
 * 16 made the list of settings a copy with its length, and 18 has settings
 * that RESET does not touch.
 */
#include "utils/guc_tables.h"
#if PG_VERSION_NUM >= 160000
#define sl_guc_variables(count) get_guc_variables(count)
#define SL_GUC_NO_RESET GUC_NO_RESET
#else
#define sl_guc_variables(count) \
	(*(count) = GetNumConfigOptions(), get_guc_variables())
#define SL_GUC_NO_RESET 0
#endif

/*
 * The xid of the prepared transaction that has a lock.  It carries the virtual
 * transaction id of the session that prepared it or, after a restart, none and
 * the xid in its place.  17 put both into a struct.
 */
#include "access/twophase.h"
#include "storage/lock.h"
static inline TransactionId
sl_lock_instance_prepared_xid(const LockInstanceData *instance)
{
	VirtualTransactionId vxid;
	bool		have_more;

#if PG_VERSION_NUM >= 170000
	vxid = instance->vxid;
	if (vxid.procNumber == INVALID_PROC_NUMBER)
		return vxid.localTransactionId;
#else
	vxid.backendId = instance->backend;
	vxid.localTransactionId = instance->lxid;
	if (vxid.backendId == InvalidBackendId)
		return vxid.localTransactionId;
#endif
	return TwoPhaseGetXidByVirtualXID(vxid, &have_more);
}

/* 18 dropped execute_once */
#include "executor/executor.h"
#if PG_VERSION_NUM < 180000
#define ExecutorRun(desc, direction, count) \
	ExecutorRun(desc, direction, count, true)
#endif

/* 17 bounds transactions, too: a CALL is many of them */
#include "utils/timeout.h"
#if PG_VERSION_NUM >= 170000
#define sl_disable_transaction_timeout() \
	disable_timeout(TRANSACTION_TIMEOUT, false)
#else
#define sl_disable_transaction_timeout() ((void) 0)
#endif

/* 18 dropped run_once */
#include "tcop/pquery.h"
#if PG_VERSION_NUM < 180000
#define PortalRun(portal, count, top, dest, altdest, qc) \
	PortalRun(portal, count, top, true, dest, altdest, qc)
#endif

/* 16 took the privileges that a query needs out of the range table */
#include "parser/parse_node.h"
#if PG_VERSION_NUM >= 160000
typedef RTEPermissionInfo SlPermissions;
#define sl_item_permissions(item) ((item)->p_perminfo)
#define sl_check_permissions(pstate) \
	((void) ExecCheckPermissions((pstate)->p_rtable, \
								 (pstate)->p_rteperminfos, true))
#else
typedef RangeTblEntry SlPermissions;
#define sl_item_permissions(item) ((item)->p_rte)
#define sl_check_permissions(pstate) \
	((void) ExecCheckRTPerms((pstate)->p_rtable, true))
#endif

/* 16 made one function of the checks for each class */
#include "catalog/pg_namespace.h"
#include "miscadmin.h"
#include "utils/acl.h"
#if PG_VERSION_NUM >= 160000
#define sl_may_use_schema(schema) \
	(object_aclcheck(NamespaceRelationId, schema, GetUserId(), \
					 ACL_USAGE) == ACLCHECK_OK)
#else
#define sl_may_use_schema(schema) \
	(pg_namespace_aclcheck(schema, GetUserId(), ACL_USAGE) == ACLCHECK_OK)
#endif

/* 18 has C11's place for it, before the declaration. */
#if PG_VERSION_NUM < 180000
#define pg_noreturn pg_attribute_noreturn()
#endif

/*
 * 16 made the statistics target of a column smaller; 17 made it NULL, and not
 * -1, by default
 */
#include "access/htup_details.h"
#include "catalog/pg_attribute.h"
#if PG_VERSION_NUM >= 160000
#define SL_STATISTICS_TARGET(datum) DatumGetInt16(datum)
#else
#define SL_STATISTICS_TARGET(datum) DatumGetInt32(datum)
#endif
static inline int
sl_statistics_target(HeapTuple tuple, TupleDesc desc)
{
#if PG_VERSION_NUM >= 170000
	bool		isnull;
	Datum		target = heap_getattr(tuple, Anum_pg_attribute_attstattarget,
									  desc, &isnull);

	return isnull ? -1 : DatumGetInt16(target);
#else
	return ((Form_pg_attribute) GETSTRUCT(tuple))->attstattarget;
#endif
}

/* 17 has locales of its own, and so the column of ICU's became everybody's */
#include "catalog/pg_collation.h"
#if PG_VERSION_NUM >= 170000
#define SL_ANUM_COLLATION_LOCALE Anum_pg_collation_colllocale
#else
#define SL_ANUM_COLLATION_LOCALE Anum_pg_collation_colliculocale
#endif

/* 16 lets CREATE TABLE say how a column is stored */
#include "nodes/parsenodes.h"
#if PG_VERSION_NUM >= 160000
#define sl_column_storage_name(column) ((column)->storage_name)
#else
#define sl_column_storage_name(column) ((const char *) NULL)
#endif

/* 18 has NOT NULL constraints that are not validated */
#include "catalog/pg_constraint.h"
static inline bool
sl_not_null_is_validated(Oid relid, AttrNumber attnum)
{
#if PG_VERSION_NUM >= 180000
	HeapTuple	tuple = findNotNullConstraintAttnum(relid, attnum);
	bool		validated = true;

	if (HeapTupleIsValid(tuple))
	{
		validated = ((Form_pg_constraint) GETSTRUCT(tuple))->convalidated;
		heap_freetuple(tuple);
	}
	return validated;
#else
	return true;
#endif
}

/* 18 has constraints that are not enforced, and columns that are virtual */
#if PG_VERSION_NUM >= 180000
#define sl_constraint_is_enforced(form) ((form)->conenforced)
#define sl_generated_kind(constraint) ((constraint)->generated_kind)
#define sl_constraint_wants_enforcement(constraint) \
	((constraint)->is_enforced)
#define sl_constraint_has_period(constraint) ((constraint)->without_overlaps)
#else
#define sl_constraint_is_enforced(form) (true)
#define sl_generated_kind(constraint) ATTRIBUTE_GENERATED_STORED
#define sl_constraint_wants_enforcement(constraint) (true)
#define sl_constraint_has_period(constraint) (false)
#endif

/* 16 has plain doubly linked lists for what hangs on a process */
#include "storage/proc.h"
static inline PROCLOCK *
sl_first_own_lock(int partition)
{
#if PG_VERSION_NUM >= 160000
	dlist_head *head = &MyProc->myProcLocks[partition];

	return dlist_is_empty(head) ? NULL :
		dlist_head_element(PROCLOCK, procLink, head);
#else
	SHM_QUEUE  *head = &MyProc->myProcLocks[partition];

	return (PROCLOCK *) SHMQueueNext(head, head,
									 offsetof(PROCLOCK, procLink));
#endif
}

static inline PROCLOCK *
sl_next_own_lock(int partition, PROCLOCK *lock)
{
#if PG_VERSION_NUM >= 160000
	dlist_head *head = &MyProc->myProcLocks[partition];

	if (!dlist_has_next(head, &lock->procLink))
		return NULL;
	return dlist_container(PROCLOCK, procLink,
						   dlist_next_node(head, &lock->procLink));
#else
	return (PROCLOCK *) SHMQueueNext(&MyProc->myProcLocks[partition],
									 &lock->procLink,
									 offsetof(PROCLOCK, procLink));
#endif
}

/*
 * 18 has as many fast-path slots as it is configured for.  Three bits a slot
 * are the three weakest modes.
 */
#if PG_VERSION_NUM >= 180000
#define sl_fast_path_slots() FastPathLockSlotsPerBackend()
#define sl_fast_path_bits(slot) \
	((MyProc->fpLockBits[(slot) / FP_LOCK_SLOTS_PER_GROUP] >> \
	  (3 * ((slot) % FP_LOCK_SLOTS_PER_GROUP))) & 7)
#else
#define sl_fast_path_slots() FP_LOCK_SLOTS_PER_BACKEND
#define sl_fast_path_bits(slot) ((MyProc->fpLockBits >> (3 * (slot))) & 7)
#endif

/* 18 may log a lock that was not to be had */
#if PG_VERSION_NUM >= 180000
#define sl_lock_held_already(tag, mode, local) \
	((void) LockAcquireExtended(tag, mode, false, true, false, local, false))
#else
#define sl_lock_held_already(tag, mode, local) \
	((void) LockAcquireExtended(tag, mode, false, true, false, local))
#endif

/* 16 calls the number of a relation's file another name, and the counters */
#include "pgstat.h"
#include "utils/rel.h"
#if PG_VERSION_NUM >= 160000
#define sl_first_file_subid(rel) ((rel)->rd_firstRelfilelocatorSubid)
#define sl_file_number(rel) ((rel)->rd_locator.relNumber)
#define sl_scan_count(status) ((status)->counts.numscans)
#else
#define sl_first_file_subid(rel) ((rel)->rd_firstRelfilenodeSubid)
#define sl_file_number(rel) ((rel)->rd_node.relNode)
#define sl_scan_count(status) ((status)->t_counts.t_numscans)
#endif

/* 17 lets a generated column have another expression */
#if PG_VERSION_NUM >= 170000
#define SL_AT_SET_EXPRESSION AT_SetExpression
#else
#define SL_AT_SET_EXPRESSION (-1)
#endif

/* 18 returns the path of a file in a struct */
#include "common/relpath.h"
static inline char *
sl_relation_path(Oid database, Oid tablespace, Oid file)
{
#if PG_VERSION_NUM >= 180000
	return pstrdup(GetRelationPath(database, tablespace, file,
								   INVALID_PROC_NUMBER, MAIN_FORKNUM).str);
#elif PG_VERSION_NUM >= 170000
	return GetRelationPath(database, tablespace, file, INVALID_PROC_NUMBER,
						   MAIN_FORKNUM);
#else
	return GetRelationPath(database, tablespace, file, InvalidBackendId,
						   MAIN_FORKNUM);
#endif
}

/* The same as sl_may_use_schema, for what makes objects and runs functions. */
#include "catalog/pg_database.h"
#include "catalog/pg_proc.h"
#if PG_VERSION_NUM >= 160000
#define sl_may_create_in_schema(schema) \
	(object_aclcheck(NamespaceRelationId, schema, GetUserId(), \
					 ACL_CREATE) == ACLCHECK_OK)
#define sl_may_create_schemas() \
	(object_aclcheck(DatabaseRelationId, MyDatabaseId, GetUserId(), \
					 ACL_CREATE) == ACLCHECK_OK)
#define sl_may_execute(function) \
	(object_aclcheck(ProcedureRelationId, function, GetUserId(), \
					 ACL_EXECUTE) == ACLCHECK_OK)
#else
#define sl_may_create_in_schema(schema) \
	(pg_namespace_aclcheck(schema, GetUserId(), ACL_CREATE) == ACLCHECK_OK)
#define sl_may_create_schemas() \
	(pg_database_aclcheck(MyDatabaseId, GetUserId(), \
						  ACL_CREATE) == ACLCHECK_OK)
#define sl_may_execute(function) \
	(pg_proc_aclcheck(function, GetUserId(), ACL_EXECUTE) == ACLCHECK_OK)
#endif

/* 16 says in the name that the number counts the entries */
#include "utils/backend_status.h"
#if PG_VERSION_NUM < 160000
#define pgstat_get_local_beentry_by_index(index) \
	pgstat_fetch_stat_local_beentry(index)
#endif

/*
 * How a database says where its locale comes from: 16 has rules of ICU, and 17
 * a provider of its own, with one column for all of them.
 */
#include "catalog/pg_database.h"
#if PG_VERSION_NUM >= 170000
#define SL_ANUM_DATABASE_LOCALE Anum_pg_database_datlocale
#else
#define SL_ANUM_DATABASE_LOCALE Anum_pg_database_daticulocale
#endif
#if PG_VERSION_NUM >= 160000
#define SL_ANUM_DATABASE_ICU_RULES Anum_pg_database_daticurules
#else
#define SL_ANUM_DATABASE_ICU_RULES 0
#endif
static inline const char *
sl_locale_provider_name(char provider)
{
	return provider == COLLPROVIDER_LIBC ? "libc" :
		provider == COLLPROVIDER_ICU ? "icu" : "builtin";
}
static inline const char *
sl_locale_option(char provider)
{
	return provider == COLLPROVIDER_ICU ? "ICU_LOCALE" : "BUILTIN_LOCALE";
}

/* The columns of an entry of FROM; 18 wants to know of OLD and NEW */
#include "parser/parse_relation.h"
#if PG_VERSION_NUM >= 180000
#define sl_expand_rte(rte, columns) \
	expandRTE(rte, 1, 0, VAR_RETURNING_DEFAULT, -1, true, NULL, columns)
#else
#define sl_expand_rte(rte, columns) \
	expandRTE(rte, 1, 0, -1, true, NULL, columns)
#endif

/* clang does not know gcc's name for the format of the C library */
#ifdef __clang__
#define sl_attribute_printf(f, a) __attribute__((format(printf, f, a)))
#else
#define sl_attribute_printf(f, a) pg_attribute_printf(f, a)
#endif

#endif							/* SL_COMPAT_H */
