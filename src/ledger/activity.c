/*-------------------------------------------------------------------------
 *
 * activity.c
 *	  What the server itself knows: other sessions, prepared transactions,
 *	  and whether there is anything in the schemas that we manage.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/ledger/activity.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"

#include "common/sl_compat.h"
#include "ledger/ledger.h"
#include "ledger/query.h"

static SlQuery read_activity = {
	"SELECT a.application_name,"
	" COALESCE(pg_catalog.host(a.client_addr), 'local'),"
	" COALESCE(a.xact_start, a.query_start)::pg_catalog.text, a.query,"
	" a.usesysid::pg_catalog.int8,"
	" COALESCE(a.xact_start, a.query_start),"
	" CASE WHEN a.wait_event_type OPERATOR(pg_catalog.=) 'Lock'"
	" THEN pg_catalog.concat('Lock: ', a.wait_event) END,"
	" pg_catalog.pg_blocking_pids(a.pid)::pg_catalog.text[]"
	" FROM pg_catalog.pg_stat_activity AS a"
	" WHERE a.pid OPERATOR(pg_catalog.=) $1",
	NULL, 1, {INT4OID}
};

/* What a session is doing; NULL if it is gone. */
SlActivity *
sl_activity_of(int pid)
{
	Datum		values[1];
	SlResult	result;
	SlActivity *activity = NULL;
	Oid			role = InvalidOid;
	char	  **blockers;
	int			i;

	values[0] = Int32GetDatum(pid);
	sl_query_open(&read_activity, SL_READ_FRESH, values, NULL, &result);
	if (result.nrows > 0)
	{
		activity = MemoryContextAllocZero(result.caller, sizeof(SlActivity));
		activity->application_name = sl_result_text(&result, 0, 1);
		activity->client = sl_result_text(&result, 0, 2);
		activity->since = sl_result_text(&result, 0, 3);
		activity->query = sl_result_text(&result, 0, 4);
		role = (Oid) sl_result_bigint(&result, 0, 5);
		activity->since_at = sl_result_bigint(&result, 0, 6);
		activity->waiting_for = sl_result_text(&result, 0, 7);
		blockers = sl_result_texts(&result, 0, 8, &activity->nblockers);
		activity->blocked_by =
			MemoryContextAlloc(result.caller,
							   sizeof(int) * Max(activity->nblockers, 1));
		for (i = 0; i < activity->nblockers; i++)
			activity->blocked_by[i] = pg_strtoint32(blockers[i]);
	}
	sl_query_close(&result);

	/*
	 * The view was read as the owner: what the caller could not read there
	 * himself is not for him, but for what our own runs write.
	 */
	if (activity != NULL && activity->query != NULL &&
		strncmp(activity->query, "sl_", 3) != 0 &&
		!has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS) &&
		!(OidIsValid(role) && has_privs_of_role(GetUserId(), role)))
		activity->query = NULL;
	return activity;
}

static SlQuery read_prepared = {
	"SELECT x.gid FROM pg_catalog.pg_prepared_xacts AS x"
	" WHERE x.transaction OPERATOR(pg_catalog.=) $1",
	NULL, 1, {XIDOID}
};

/* The name of a prepared transaction; NULL if it is gone. */
char *
sl_prepared_transaction_gid(TransactionId xid)
{
	Datum		values[1];
	SlResult	result;
	char	   *gid = NULL;

	values[0] = TransactionIdGetDatum(xid);
	sl_query_open(&read_prepared, SL_READ_FRESH, values, NULL, &result);
	if (result.nrows > 0)
		gid = sl_result_text(&result, 0, 1);
	sl_query_close(&result);
	return gid;
}

/*
 * Relations, functions and types of the managed schemas that belong to no
 * extension and are no version table that we know.  Types are looked at where
 * nothing stands behind them: enums, domains and ranges.
 */
static SlQuery find_object = {
	"WITH managed AS MATERIALIZED (SELECT n.oid FROM pg_catalog.pg_namespace AS n"
	" WHERE CASE WHEN pg_catalog.cardinality($1) OPERATOR(pg_catalog.>) 0"
	" THEN n.nspname::pg_catalog.text OPERATOR(pg_catalog.=) ANY ($1)"
	" ELSE n.nspname OPERATOR(pg_catalog.<>) 'information_schema'"
	" AND n.nspname::pg_catalog.text OPERATOR(pg_catalog.!~) '^pg_'"
	" AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d"
	" WHERE d.classid OPERATOR(pg_catalog.=) 2615"
	" AND d.objid OPERATOR(pg_catalog.=) n.oid"
	" AND d.deptype OPERATOR(pg_catalog.=) 'e') END)"
	" SELECT pg_catalog.pg_describe_object(o.classid, o.objid, 0) FROM ("
	" SELECT 1259::pg_catalog.oid AS classid, c.oid AS objid"
	" FROM pg_catalog.pg_class AS c"
	" WHERE c.relnamespace IN (SELECT m.oid FROM managed AS m)"
	" AND c.relkind OPERATOR(pg_catalog.<>) ALL ('{i,I,t,c}')"
	" UNION ALL SELECT 1255, p.oid FROM pg_catalog.pg_proc AS p"
	" WHERE p.pronamespace IN (SELECT m.oid FROM managed AS m)"
	" UNION ALL SELECT 1247, t.oid FROM pg_catalog.pg_type AS t"
	" WHERE t.typnamespace IN (SELECT m.oid FROM managed AS m)"
	" AND t.typtype OPERATOR(pg_catalog.=) ANY ('{e,d,r}')"
	" ) AS o WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d"
	" WHERE d.classid OPERATOR(pg_catalog.=) o.classid"
	" AND d.objid OPERATOR(pg_catalog.=) o.objid"
	" AND d.deptype OPERATOR(pg_catalog.=) ANY ('{e,i}'))"
	" AND NOT EXISTS (SELECT FROM @.sl_version_table AS v"
	" JOIN pg_catalog.pg_namespace AS n"
	" ON n.nspname::pg_catalog.text OPERATOR(pg_catalog.=) v.schema_name"
	" JOIN pg_catalog.pg_class AS c"
	" ON c.relname::pg_catalog.text OPERATOR(pg_catalog.=) v.table_name"
	" AND c.relnamespace OPERATOR(pg_catalog.=) n.oid"
	" WHERE o.classid OPERATOR(pg_catalog.=) 1259"
	" AND o.objid OPERATOR(pg_catalog.=) c.oid)"
	" ORDER BY o.classid USING OPERATOR(pg_catalog.<),"
	" o.objid USING OPERATOR(pg_catalog.<) LIMIT 1",
	NULL, 1, {TEXTARRAYOID}
};

/* One object of the managed schemas, described, or NULL. */
char *
sl_find_managed_object(List *managed_schemas)
{
	Datum		values[1];
	char		nulls[1];
	char	  **names = palloc_array(char *,
									 Max(list_length(managed_schemas), 1));
	int			count = 0;
	ListCell   *cell;
	SlResult	result;
	char	   *object = NULL;

	foreach(cell, managed_schemas)
		names[count++] = lfirst(cell);
	sl_param_texts(values, nulls, 0, names, count);
	sl_query_open(&find_object, SL_READ_FRESH, values, NULL, &result);
	if (result.nrows > 0)
		object = sl_result_text(&result, 0, 1);
	sl_query_close(&result);
	return object;
}
