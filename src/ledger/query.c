/*-------------------------------------------------------------------------
 *
 * query.c
 *	  How the ledger talks to its tables.
 *
 * A query runs as the extension's owner, under search_path = pg_catalog,
 * pg_temp, with a plan that is kept for the session.  Plans belong to one
 * incarnation of the extension: after DROP and CREATE EXTENSION, or after its
 * schema was renamed, they are made anew.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/ledger/query.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "common/invalidation.h"
#include "ledger/ledger.h"
#include "ledger/query.h"

/* The text of a query with the extension's schema put in for "@.". */
static char *
query_text(const char *text, const char *schema)
{
	const char *quoted = quote_identifier(schema);
	StringInfoData buf;
	const char *p;

	initStringInfo(&buf);
	for (p = text; *p != '\0'; p++)
	{
		if (p[0] == '@' && p[1] == '.')
			appendStringInfoString(&buf, quoted);
		else
			appendStringInfoChar(&buf, *p);
	}
	return buf.data;
}

/* Open a table or an index of ours: a DROP EXTENSION may have come between. */
Relation
sl_own_relation_open(const SlExtension *extension, const char *name,
					 LOCKMODE mode)
{
	Oid			relid = get_relname_relid(name, extension->schema);
	Relation	rel = NULL;

	if (OidIsValid(relid))
		rel = try_relation_open(relid, mode);
	if (rel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("the extension's own relation \"%s\" is gone", name),
				 errhint("Restore it from a dump, or drop the extension and create it again.")));
	return rel;
}

/*
 * Refuse to write to a table that carries somebody's code: the books are kept
 * as the owner, and no trigger, rule or policy may run as that.
 */
static void
require_plain_table(const SlExtension *extension, const char *table)
{
	Relation	rel = sl_own_relation_open(extension, table,
										   RowExclusiveLock);

	if (rel->trigdesc != NULL || rel->rd_rules != NULL ||
		rel->rd_rel->relrowsecurity)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the extension's own table \"%s\" has a trigger, a rule or row security",
						table),
				 errdetail("It would run with the rights of the extension's owner."),
				 errhint("Remove it: nothing but the extension's functions may act on this table.")));
	relation_close(rel, NoLock);
}

/*
 * The same for all own tables: asked at the end of a run, whose scripts may
 * have been at them since they were written to.
 */
void
sl_ledger_require_plain(void)
{
	static const char *const tables[] = {
		"sl_registry", "sl_applied", "sl_log", "sl_journal", "sl_setting",
		"sl_evidence", "sl_footprint", "sl_accepted", "sl_requirement",
		"sl_version_table", "sl_scratch", "sl_ddl_event", "sl_verdict",
		"sl_boot_end"
	};
	SlExtension extension;
	int			i;

	sl_extension_get(&extension);
	for (i = 0; i < (int) lengthof(tables); i++)
		require_plain_table(&extension, tables[i]);
}

/* Make or renew the kept plan.  SPI is connected, the path is pinned. */
static void
prepare_query(SlQuery *query, const SlExtension *extension)
{
	char	   *schema = get_namespace_name(extension->schema);
	SPIPlanPtr	plan;
	char	   *text;

	if (schema == NULL)
		elog(ERROR, "cache lookup failed for schema %u", extension->schema);
	if (query->plan != NULL && query->extension == extension->oid &&
		strcmp(query->schema, schema) == 0)
		return;

	if (query->plan != NULL)
	{
		SPI_freeplan(query->plan);
		query->plan = NULL;
		pfree(query->schema);
	}
	text = query_text(query->text, schema);

	/* a row by its key, or all rows: no value would make another plan */
	plan = SPI_prepare_cursor(text, query->nargs, query->argtypes,
							  CURSOR_OPT_GENERIC_PLAN);
	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", text,
			 SPI_result_code_string(SPI_result));
	query->schema = MemoryContextStrdup(TopMemoryContext, schema);
	if (SPI_keepplan(plan) != 0)
		elog(ERROR, "could not keep the plan of \"%s\"", text);
	query->extension = extension->oid;
	query->plan = plan;
}

static void
set_in_nest(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

/* Act as the owner, connect to SPI, and have the plan ready. */
static void
open_query(SlQuery *query, SlQueryMode mode, SlResult *result)
{
	SlExtension extension;

	result->caller = CurrentMemoryContext;
	sl_extension_get(&extension);
	if (mode == SL_WRITE || mode == SL_WRITE_ASIDE)
		require_plain_table(&extension, query->table);
	if (mode == SL_WRITE)
		sl_ledger_touch();

	sl_become_owner(&extension, &result->before);
	result->nest_level = NewGUCNestLevel();
	set_in_nest("search_path", "pg_catalog, pg_temp");

	/*
	 * The tables may never have been analyzed: do not let the planner read
	 * all the scripts where an index has the answer.
	 */
	set_in_nest("enable_seqscan", "off");

	/* with that, estimates are high enough for the compiler to be called */
	set_in_nest("jit", "off");

	/* values may be toasted: a snapshot has to outlast the reading of them */
	result->pushed_snapshot = !ActiveSnapshotSet();
	if (result->pushed_snapshot)
		PushActiveSnapshot(GetTransactionSnapshot());
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	prepare_query(query, &extension);
}

/* Run a query and leave its result open. */
void
sl_query_open(SlQuery *query, SlQueryMode mode, const Datum *values,
			  const char *nulls, SlResult *result)
{
	int			rc;

	open_query(query, mode, result);
	if (mode == SL_READ_FRESH)
		rc = SPI_execute_snapshot(query->plan, (Datum *) values, nulls,
								  GetLatestSnapshot(), InvalidSnapshot,
								  true, false, 0);
	else
		rc = SPI_execute_plan(query->plan, (Datum *) values, nulls,
							  mode == SL_READ, 0);
	if (rc < 0)
		elog(ERROR, "could not run \"%s\": %s", query->text,
			 SPI_result_code_string(rc));
	result->nrows = SPI_processed;
}

/* Done with the result. */
void
sl_query_close(SlResult *result)
{
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "could not disconnect from SPI");
	if (result->pushed_snapshot)
		PopActiveSnapshot();
	AtEOXact_GUC(false, result->nest_level);
	sl_become_again(&result->before);
}

/* A receiver that hands rows on. */
typedef struct RowReceiver
{
	DestReceiver pub;
	SlRowSink	sink;
	void	   *arg;
	MemoryContext row;
} RowReceiver;

static bool
receive_row(TupleTableSlot *slot, DestReceiver *self)
{
	RowReceiver *receiver = (RowReceiver *) self;
	MemoryContext before;

	CHECK_FOR_INTERRUPTS();
	before = MemoryContextSwitchTo(receiver->row);
	slot_getallattrs(slot);
	receiver->sink(slot, receiver->arg);
	MemoryContextSwitchTo(before);
	MemoryContextReset(receiver->row);
	return true;
}

static void
receiver_startup(DestReceiver *self, int operation, TupleDesc typeinfo)
{
}

static void
receiver_end(DestReceiver *self)
{
}

/* The values of a query as the executor wants them. */
static ParamListInfo
query_params(const SlQuery *query, const Datum *values, const char *nulls)
{
	ParamListInfo params;
	int			i;

	if (query->nargs == 0)
		return NULL;
	params = makeParamList(query->nargs);
	for (i = 0; i < query->nargs; i++)
	{
		params->params[i].value = values[i];
		params->params[i].isnull = nulls != NULL && nulls[i] == 'n';
		params->params[i].pflags = PARAM_FLAG_CONST;
		params->params[i].ptype = query->argtypes[i];
	}
	return params;
}

/* Run a query that reads, with the active snapshot; no row is kept. */
void
sl_query_stream(SlQuery *query, const Datum *values, const char *nulls,
				SlRowSink sink, void *arg)
{
	RowReceiver receiver = {{0}};
	SPIExecuteOptions options = {0};
	SlResult	result;
	int			rc;

	open_query(query, SL_READ, &result);
	receiver.pub.receiveSlot = receive_row;
	receiver.pub.rStartup = receiver_startup;
	receiver.pub.rShutdown = receiver_end;
	receiver.pub.rDestroy = receiver_end;
	receiver.pub.mydest = DestNone;
	receiver.sink = sink;
	receiver.arg = arg;
	receiver.row = AllocSetContextCreate(CurrentMemoryContext,
										 "schema_lifecycle row",
										 ALLOCSET_DEFAULT_SIZES);
	options.params = query_params(query, values, nulls);
	options.read_only = true;
	options.dest = &receiver.pub;
	rc = SPI_execute_plan_extended(query->plan, &options);
	if (rc < 0)
		elog(ERROR, "could not run \"%s\": %s", query->text,
			 SPI_result_code_string(rc));
	sl_query_close(&result);
}

/* Run a query whose rows nobody reads; returns how many there were. */
uint64
sl_query_run(SlQuery *query, SlQueryMode mode, const Datum *values,
			 const char *nulls)
{
	SlResult	result;

	sl_query_open(query, mode, values, nulls, &result);
	sl_query_close(&result);
	return result.nrows;
}

/*
 * Run a query and return its rows as the result of a set-returning SQL
 * function with the same columns.
 */
void
sl_query_return(SlQuery *query, const Datum *values, FunctionCallInfo fcinfo)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SlResult	result;
	uint64		i;

	InitMaterializedSRF(fcinfo, 0);
	sl_query_open(query, SL_READ, values, NULL, &result);
	for (i = 0; i < result.nrows; i++)
		tuplestore_puttuple(rsinfo->setResult, SPI_tuptable->vals[i]);
	sl_query_close(&result);
}

static Datum
result_datum(uint64 row, int column, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc,
						 column, isnull);
}

char *
sl_result_text(SlResult *result, uint64 row, int column)
{
	bool		isnull;
	Datum		datum = result_datum(row, column, &isnull);
	MemoryContext before;
	char	   *string;

	if (isnull)
		return NULL;
	before = MemoryContextSwitchTo(result->caller);
	if (SPI_gettypeid(SPI_tuptable->tupdesc, column) == NAMEOID)
		string = pstrdup(NameStr(*DatumGetName(datum)));
	else
		string = TextDatumGetCString(datum);
	MemoryContextSwitchTo(before);
	return string;
}

/* The texts of a column, char *, in the caller's context. */
List *
sl_result_list(SlResult *result, int column)
{
	List	   *texts = NIL;
	uint64		i;

	for (i = 0; i < result->nrows; i++)
	{
		char	   *text = sl_result_text(result, i, column);
		MemoryContext before = MemoryContextSwitchTo(result->caller);

		texts = lappend(texts, text);
		MemoryContextSwitchTo(before);
	}
	return texts;
}

bool
sl_result_bool(SlResult *result, uint64 row, int column)
{
	bool		isnull;
	Datum		datum = result_datum(row, column, &isnull);

	return !isnull && DatumGetBool(datum);
}

int32
sl_result_int(SlResult *result, uint64 row, int column)
{
	bool		isnull;
	Datum		datum = result_datum(row, column, &isnull);

	return isnull ? 0 : DatumGetInt32(datum);
}

int64
sl_result_bigint(SlResult *result, uint64 row, int column)
{
	bool		isnull;
	Datum		datum = result_datum(row, column, &isnull);

	return isnull ? 0 : DatumGetInt64(datum);
}

Jsonb *
sl_result_jsonb(SlResult *result, uint64 row, int column)
{
	bool		isnull;
	Datum		datum = result_datum(row, column, &isnull);
	MemoryContext before;
	Jsonb	   *jsonb;

	if (isnull)
		return NULL;
	before = MemoryContextSwitchTo(result->caller);
	jsonb = DatumGetJsonbPCopy(datum);
	MemoryContextSwitchTo(before);
	return jsonb;
}

char **
sl_result_texts(SlResult *result, uint64 row, int column, int *count)
{
	bool		isnull;
	Datum		datum = result_datum(row, column, &isnull);
	Datum	   *elems;
	int			nelems;
	char	  **texts = NULL;
	int			i;

	*count = 0;
	if (isnull)
		return NULL;
	deconstruct_array(DatumGetArrayTypeP(datum), TEXTOID, -1, false,
					  TYPALIGN_INT, &elems, NULL, &nelems);
	if (nelems > 0)
	{
		MemoryContext before = MemoryContextSwitchTo(result->caller);

		texts = palloc_array(char *, nelems);
		for (i = 0; i < nelems; i++)
			texts[i] = TextDatumGetCString(elems[i]);
		MemoryContextSwitchTo(before);
	}
	*count = nelems;
	return texts;
}

void
sl_param_text(Datum *values, char *nulls, int i, const char *text)
{
	nulls[i] = text == NULL ? 'n' : ' ';
	values[i] = text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

/* A list of strings. */
void
sl_param_list(Datum *values, char *nulls, int i, List *texts)
{
	char	  **strings = palloc_array(char *, Max(list_length(texts), 1));
	int			count = 0;
	ListCell   *cell;

	foreach(cell, texts)
		strings[count++] = lfirst(cell);
	sl_param_texts(values, nulls, i, strings, count);
}

void
sl_param_texts(Datum *values, char *nulls, int i, char **texts, int count)
{
	Datum	   *elems = palloc_array(Datum, Max(count, 1));
	int			k;

	for (k = 0; k < count; k++)
		elems[k] = CStringGetTextDatum(texts[k]);
	nulls[i] = ' ';
	values[i] = PointerGetDatum(construct_array(elems, count, TEXTOID, -1,
												false, TYPALIGN_INT));
}
