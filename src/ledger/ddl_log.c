/*-------------------------------------------------------------------------
 *
 * ddl_log.c
 *	  The DDL that was seen outside migrations: table sl_ddl_event.
 *
 * Rows are written inside other people's transactions, so nothing here may
 * wait for anybody: the key has the process in it, and rows that are too old
 * are passed over where somebody else is deleting them.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/ledger/ddl_log.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "common/sl_compat.h"
#include "ledger/ddl_log.h"
#include "ledger/ledger.h"
#include "ledger/query.h"

PG_FUNCTION_INFO_V1(sl_ddl_log_rows);

/* a session looks so often for rows that are too old, ms, and deletes some */
#define CLEAN_EVERY 3600000

static SlQuery put_row = {
	"INSERT INTO @.sl_ddl_event (at, pid, ordinal, role, application_name,"
	" client, command, class, identity, statement)"
	" VALUES ($1, $2, $3, $4::pg_catalog.name, $5,"
	" COALESCE(pg_catalog.host(pg_catalog.inet_client_addr()), 'local'),"
	" $6, $7, $8, $9)",
	"sl_ddl_event", 9,
	{TIMESTAMPTZOID, INT4OID, INT8OID, TEXTOID, TEXTOID, TEXTOID, TEXTOID,
	TEXTOID, TEXTOID}
};

static SlQuery drop_old = {
	"DELETE FROM @.sl_ddl_event AS d WHERE (d.at, d.pid, d.ordinal)"
	" OPERATOR(pg_catalog.=) ANY (SELECT o.at, o.pid, o.ordinal"
	" FROM @.sl_ddl_event AS o WHERE o.at OPERATOR(pg_catalog.<) $1"
	" LIMIT 1000 FOR UPDATE SKIP LOCKED)",
	"sl_ddl_event", 1, {TIMESTAMPTZOID}
};

static void
clean_up(TimestampTz now, int retention_days)
{
	static TimestampTz next = 0;
	Datum		values[1];

	if (retention_days == 0 || now < next)
		return;
	next = TimestampTzPlusMilliseconds(now, CLEAN_EVERY);
	values[0] = TimestampTzGetDatum(now - (int64) retention_days *
									USECS_PER_DAY);
	(void) sl_query_run(&drop_old, SL_WRITE_ASIDE, values, NULL);
}

/* Who logged in, not as whom he acts now. */
void
sl_ddl_log_put(const SlDdlRow *rows, int count, int retention_days)
{
	static int64 ordinal = 0;
	TimestampTz now = GetCurrentTimestamp();
	char	   *role = GetUserNameFromId(GetSessionUserId(), true);
	int			i;

	clean_up(now, retention_days);
	for (i = 0; i < count; i++)
	{
		Datum		values[9];
		char		nulls[9];

		CHECK_FOR_INTERRUPTS();
		memset(nulls, ' ', sizeof(nulls));
		values[0] = TimestampTzGetDatum(now);
		values[1] = Int32GetDatum(MyProcPid);
		values[2] = Int64GetDatum(++ordinal);
		sl_param_text(values, nulls, 3, role != NULL ? role : "?");
		sl_param_text(values, nulls, 4, application_name);
		sl_param_text(values, nulls, 5, rows[i].command);
		sl_param_text(values, nulls, 6, rows[i].class);
		sl_param_text(values, nulls, 7, rows[i].identity);
		sl_param_text(values, nulls, 8, rows[i].statement);
		(void) sl_query_run(&put_row, SL_WRITE_ASIDE, values, nulls);
	}
}

/*
 * The revision that had last set the object when the statement came, of those
 * that are applied.  Found when somebody reads, and not when the statement
 * runs: that would make every statement wait for it.
 */
static SlQuery rows = {
	"SELECT l.at, l.role::pg_catalog.text, l.application_name, l.client,"
	" l.command, l.class, l.identity, r.revision, l.statement"
	" FROM @.sl_ddl_event AS l LEFT JOIN ("
	"SELECT DISTINCT ON (k.at, k.pid, k.ordinal) k.at, k.pid, k.ordinal,"
	" e.revision"
	" FROM @.sl_ddl_event AS k"
	" JOIN @.sl_footprint AS f ON f.identity OPERATOR(pg_catalog.=) k.identity"
	" JOIN @.sl_evidence AS e ON e.id OPERATOR(pg_catalog.=) f.evidence_id"
	" JOIN @.sl_applied AS a ON a.revision OPERATOR(pg_catalog.=) e.revision"
	" WHERE e.at OPERATOR(pg_catalog.<=) k.at"
	" AND (f.class OPERATOR(pg_catalog.=) k.class"
	" OR k.class OPERATOR(pg_catalog.=) 'type' AND f.class"
	" OPERATOR(pg_catalog.=) ANY ('{enum,domain,range,composite type,base type,shell type}'))"
	" ORDER BY k.at USING OPERATOR(pg_catalog.<),"
	" k.pid USING OPERATOR(pg_catalog.<),"
	" k.ordinal USING OPERATOR(pg_catalog.<),"
	" e.id USING OPERATOR(pg_catalog.>)) AS r"
	" ON r.at OPERATOR(pg_catalog.=) l.at"
	" AND r.pid OPERATOR(pg_catalog.=) l.pid"
	" AND r.ordinal OPERATOR(pg_catalog.=) l.ordinal"
	" ORDER BY l.at USING OPERATOR(pg_catalog.<),"
	" l.pid USING OPERATOR(pg_catalog.<),"
	" l.ordinal USING OPERATOR(pg_catalog.<)",
};

/* The rows of the view sl_ddl_log. */
Datum
sl_ddl_log_rows(PG_FUNCTION_ARGS)
{
	sl_query_return(&rows, NULL, fcinfo);
	return (Datum) 0;
}
