/*-------------------------------------------------------------------------
 *
 * requirement.c
 *	  What must be so, by name: table sl_requirement.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/ledger/requirement.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "common/sl_compat.h"
#include "ledger/ledger.h"
#include "ledger/query.h"

static SlQuery read_all = {
	"SELECT r.name, r.requirement, r.path, r.registrar::pg_catalog.int8,"
	" r.registrar_name, r.cluster FROM @.sl_requirement AS r"
	" ORDER BY r.position USING OPERATOR(pg_catalog.<),"
	" r.name USING OPERATOR(pg_catalog.<)",
};

/* All of them, SlRequirementRow pointers, in the order of their coming. */
List *
sl_requirements_read(bool fresh)
{
	SlResult	result;
	List	   *rows = NIL;
	uint64		i;

	sl_query_open(&read_all, fresh ? SL_READ_FRESH : SL_READ, NULL, NULL,
				  &result);
	for (i = 0; i < result.nrows; i++)
	{
		MemoryContext before = MemoryContextSwitchTo(result.caller);
		SlRequirementRow *row = palloc0_object(SlRequirementRow);

		row->name = sl_result_text(&result, i, 1);
		row->requirement = sl_result_text(&result, i, 2);
		row->path = sl_result_texts(&result, i, 3, &row->npath);
		row->registrar_name = sl_result_text(&result, i, 5);
		row->registrar =
			sl_registrar_role(sl_result_bigint(&result, i, 4),
							  row->registrar_name,
							  sl_result_bigint(&result, i, 6));
		rows = lappend(rows, row);
		MemoryContextSwitchTo(before);
	}
	sl_query_close(&result);
	return rows;
}

static SlQuery put_one = {
	"INSERT INTO @.sl_requirement (name, requirement, path, position,"
	" registrar, registrar_name, cluster, at)"
	" SELECT $1, $2, $3, COALESCE(pg_catalog.max(r.position), 0)"
	" OPERATOR(pg_catalog.+) 1, $4, $5::pg_catalog.name, $6,"
	" pg_catalog.clock_timestamp() FROM @.sl_requirement AS r"
	" ON CONFLICT (name) DO UPDATE SET requirement = EXCLUDED.requirement,"
	" path = EXCLUDED.path, registrar = EXCLUDED.registrar,"
	" registrar_name = EXCLUDED.registrar_name, cluster = EXCLUDED.cluster,"
	" at = EXCLUDED.at",
	"sl_requirement", 6,
	{TEXTOID, TEXTOID, TEXTARRAYOID, OIDOID, TEXTOID, INT8OID}
};

/* Add one, or replace what had the name; the current user answers for it. */
void
sl_requirement_put(const char *name, const char *requirement, char **path,
				   int npath)
{
	Oid			role = GetUserId();
	Datum		values[6];
	char		nulls[6];

	memset(nulls, ' ', sizeof(nulls));
	sl_param_text(values, nulls, 0, name);
	sl_param_text(values, nulls, 1, requirement);
	sl_param_texts(values, nulls, 2, path, npath);
	values[3] = ObjectIdGetDatum(role);
	sl_param_text(values, nulls, 4, GetUserNameFromId(role, false));
	values[5] = Int64GetDatum((int64) GetSystemIdentifier());
	sl_query_run(&put_one, SL_WRITE, values, nulls);
}

static SlQuery drop_one = {
	"DELETE FROM @.sl_requirement AS r"
	" WHERE r.name OPERATOR(pg_catalog.=) $1",
	"sl_requirement", 1, {TEXTOID}
};

/* Forget one; false if there is none of that name. */
bool
sl_requirement_drop(const char *name)
{
	Datum		values[1];

	values[0] = CStringGetTextDatum(name);
	return sl_query_run(&drop_one, SL_WRITE, values, NULL) > 0;
}
