/*-------------------------------------------------------------------------
 *
 * preflight.c
 *	  sl_preflight(): what would stand in the way of a run.
 *
 * A check is a row of a table: it says that all is fine, or what is not, a
 * row each, with what to do.  Nothing is run, written or locked, and nothing
 * here is an error that a run would raise: that is what the rows are for.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/operate/preflight.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "storage/proc.h"

#include "common/extension.h"
#include "common/settings.h"
#include "common/sl_compat.h"
#include "operate/preflight.h"
#include "runner/runner.h"
#include "status/status.h"

PG_FUNCTION_INFO_V1(sl_preflight);

static void
put_row(SlPreflight *preflight, bool ok, const char *detail,
		const char *remedy)
{
	Datum		values[4];
	bool		nulls[4] = {false, false, false, false};

	values[0] = CStringGetTextDatum(preflight->check);
	values[1] = BoolGetDatum(ok);
	values[2] = CStringGetTextDatum(detail);
	if (remedy != NULL)
		values[3] = CStringGetTextDatum(remedy);
	else
		nulls[3] = true;
	tuplestore_putvalues(preflight->result->setResult,
						 preflight->result->setDesc, values, nulls);
}

/* Something that is as it should be; said unless something was not. */
void
sl_preflight_fine(SlPreflight *preflight, char *detail)
{
	if (!preflight->found)
		put_row(preflight, true, detail, NULL);
}

void
sl_preflight_found(SlPreflight *preflight, char *detail, char *remedy)
{
	preflight->found = true;
	put_row(preflight, false, detail, remedy);
}

static const char *
my_name(void)
{
	return quote_identifier(GetUserNameFromId(GetUserId(), false));
}

static void
check_writable(SlPreflight *preflight)
{
	if (RecoveryInProgress())
		sl_preflight_found(preflight, pstrdup(_("this is a standby")),
						   pstrdup(_("connect to the primary")));
	else if (XactReadOnly)
		sl_preflight_found(preflight,
						   pstrdup(_("this transaction is read-only")),
						   pstrdup(_("see default_transaction_read_only of the role, the database and the server")));
	else
		sl_preflight_fine(preflight,
						  pstrdup(_("this server and this transaction take writes")));
}

static void
check_graph(SlPreflight *preflight)
{
	ListCell   *cell;

	foreach(cell, preflight->problems)
	{
		const SlProblem *problem = lfirst(cell);

		if (problem->error)
			sl_preflight_found(preflight,
							   psprintf("%s: %s (%s)", problem->revision,
										problem->problem, problem->detail),
							   pstrdup("SELECT * FROM sl_check_graph()"));
	}
	sl_preflight_fine(preflight,
					  psprintf(_("the graph is sound, pending: %d"),
							   list_length(preflight->pending)));
}

/* May the caller execute one of our functions? */
static bool
may_call(const SlExtension *extension, const char *name)
{
	CatCList   *list = SearchSysCacheList1(PROCNAMEARGSNSP,
										   CStringGetDatum(name));
	bool		may = false;
	int			i;

	for (i = 0; i < list->n_members; i++)
	{
		Form_pg_proc form =
			(Form_pg_proc) GETSTRUCT(&list->members[i]->tuple);

		if (form->pronamespace == extension->schema)
			may |= sl_may_execute(form->oid);
	}
	ReleaseSysCacheList(list);
	return may;
}

static void
check_level(SlPreflight *preflight)
{
	static const char *const names[] = {
		"sl_load", "sl_register", "sl_apply_pending", "sl_migrate"
	};
	SlExtension extension;
	int			i;

	sl_extension_get(&extension);
	for (i = 0; i < (int) lengthof(names); i++)
		if (!may_call(&extension, names[i]))
		{
			sl_preflight_found(preflight,
							   psprintf(_("role %s may not execute %s()"),
										my_name(), names[i]),
							   psprintf("SELECT sl_grant(%s, 'deploy')",
										quote_literal_cstr(my_name())));
			return;
		}
	sl_preflight_fine(preflight,
					  psprintf(_("role %s may push and run"), my_name()));
}

/* Another tool's, whose scripts only that one runs. */
static void
check_external(SlPreflight *preflight)
{
	ListCell   *cell;

	foreach(cell, preflight->pending)
	{
		const SlRevisionRow *row = lfirst(cell);

		if (!row->external)
			continue;
		sl_preflight_found(preflight,
						   psprintf(_("revision %s has no script here: another tool runs it"),
									row->revision),
						   pstrdup(_("run it there, or push its script; a run stops before it")));
		return;
	}
	sl_preflight_fine(preflight, pstrdup(_("all that is pending has a script")));
}

static void
check_registrars(SlPreflight *preflight)
{
	List	   *seen = NIL;
	ListCell   *cell;

	foreach(cell, preflight->pending)
	{
		const SlRevisionRow *row = lfirst(cell);

		if (row->external || sl_may_run_scripts_of(row->registrar) ||
			list_member_oid(seen, row->registrar))
			continue;
		seen = lappend_oid(seen, row->registrar);
		sl_preflight_found(preflight,
						   psprintf(_("revision %s was registered by %s, whose scripts %s may not run"),
									row->revision,
									quote_identifier(row->registrar_name),
									my_name()),
						   psprintf(_("push it as a role that has the privileges of %s, or let a superuser name %s in schema_lifecycle.trusted_registrars"),
									my_name(),
									quote_identifier(row->registrar_name)));
	}
	sl_preflight_fine(preflight,
					  psprintf(_("role %s may run all that is pending"),
							   my_name()));
}

static bool
needs_worker(const SlPreflight *preflight)
{
	ListCell   *cell;

	foreach(cell, preflight->pending)
	{
		const SlRevisionRow *row = lfirst(cell);

		if (!row->external && !row->transactional)
			return true;
	}
	return false;
}

/* Background workers that run now, anybody's. */
static int
count_workers(void)
{
	int			n = pgstat_fetch_stat_numbackends();
	int			count = 0;
	int			i;

	for (i = 1; i <= n; i++)
	{
		LocalPgBackendStatus *local = pgstat_get_local_beentry_by_index(i);

		if (local != NULL &&
			local->backendStatus.st_backendType == B_BG_WORKER)
			count++;
	}
	return count;
}

static void
check_workers(SlPreflight *preflight)
{
	int			used = count_workers();

	if (needs_worker(preflight) && !sl_can_login(GetUserId()) &&
		!sl_can_login(GetSessionUserId()))
		sl_preflight_found(preflight,
						   psprintf(_("role %s cannot log in, and what is pending needs a background worker"),
									my_name()),
						   psprintf("ALTER ROLE %s LOGIN", my_name()));
	if (used >= max_worker_processes)
		sl_preflight_found(preflight,
						   psprintf(_("all %d background workers are in use"),
									max_worker_processes),
						   pstrdup(_("raise max_worker_processes: scripts outside a transaction, and rehearsals, need one")));
	sl_preflight_fine(preflight,
					  psprintf(_("%d of %d background workers are free"),
							   max_worker_processes - used,
							   max_worker_processes));
}

static void
check_createdb(SlPreflight *preflight)
{
	HeapTuple	tuple = SearchSysCache1(AUTHOID,
										ObjectIdGetDatum(GetUserId()));
	bool		may = superuser_arg(GetUserId());

	if (HeapTupleIsValid(tuple))
	{
		may |= ((Form_pg_authid) GETSTRUCT(tuple))->rolcreatedb;
		ReleaseSysCache(tuple);
	}
	if (!may)
		sl_preflight_found(preflight,
						   psprintf(_("role %s may not create databases, so nothing can be rehearsed"),
									my_name()),
						   psprintf("ALTER ROLE %s CREATEDB", my_name()));
	else
		sl_preflight_fine(preflight,
						  psprintf(_("role %s may create a scratch database"),
								   my_name()));
}

static void
check_event_triggers(SlPreflight *preflight)
{
	SlExtension extension;
	char	   *owner;

	sl_extension_get(&extension);
	owner = pstrdup(quote_identifier(GetUserNameFromId(extension.owner,
													   false)));
	if (!superuser_arg(extension.owner))
		sl_preflight_found(preflight,
						   psprintf(_("the extension belongs to %s, who is no superuser: sl_guard() cannot be switched on"),
									owner),
						   psprintf("ALTER ROLE %s SUPERUSER", owner));
	else
		sl_preflight_fine(preflight,
						  psprintf(_("the extension belongs to the superuser %s"),
								   owner));
}

/* The version tables of other tools, by their well-known names. */
static void
check_version_tables(SlPreflight *preflight)
{
	static const struct
	{
		const char *name;
		const char *tool;
	}			tables[] = {
		{"alembic_version", "Alembic"},
		{"flyway_schema_history", "Flyway"},
		{"schema_version", "Flyway"},
		{"schema_migrations", "Rails, dbmate, golang-migrate"},
		{"_prisma_migrations", "Prisma"},
		{"__drizzle_migrations", "Drizzle"},
		{"__diesel_schema_migrations", "Diesel"},
		{"_sqlx_migrations", "sqlx"},
		{"goose_db_version", "goose"},
		{"gorp_migrations", "sql-migrate"},
		{"databasechangelog", "Liquibase"},
		{"django_migrations", "Django"},
		{"knex_migrations", "Knex"},
		{"pgmigrations", "node-pg-migrate"},
		{"atlas_schema_revisions", "Atlas"},
		{"SequelizeMeta", "Sequelize"},
	};
	List	   *path = fetch_search_path(false);
	bool		empty = sl_log_is_empty(false);
	StringInfoData buf;
	ListCell   *cell;
	int			i;

	initStringInfo(&buf);
	foreach(cell, path)
		for (i = 0; i < (int) lengthof(tables); i++)
		{
			Oid			relid = get_relname_relid(tables[i].name,
												  lfirst_oid(cell));
			char	   *schema;
			char	   *table;

			if (!OidIsValid(relid) ||
				get_rel_relkind(relid) != RELKIND_RELATION)
				continue;
			schema = get_namespace_name(lfirst_oid(cell));
			table = psprintf("%s (%s)",
							 quote_qualified_identifier(schema,
														tables[i].name),
							 tables[i].tool);
			if (empty)
				sl_preflight_found(preflight,
								   psprintf(_("%s is there, and no history here"),
											table),
								   pstrdup("SELECT * FROM sl_adopt()"));
			appendStringInfo(&buf, "%s%s", buf.len > 0 ? ", " : "", table);
		}
	sl_preflight_fine(preflight, buf.len > 0 ?
					  psprintf(_("beside the history here: %s"), buf.data) :
					  pstrdup(_("no other tool's version table in the search_path")));
}

static void
check_lock(SlPreflight *preflight)
{
	char	   *holder = sl_lock_holder_text();

	if (holder != NULL)
		sl_preflight_found(preflight, holder,
						   pstrdup(_("wait: CALL sl_wait_ready()")));
	else
		sl_preflight_fine(preflight,
						  pstrdup(_("nobody holds the migration lock")));
}

/* Settings that make a run wait for ever, or that end it. */
static void
check_settings(SlPreflight *preflight)
{
	if (sl_migration_lock_timeout == 0)
		sl_preflight_found(preflight,
						   pstrdup(_("schema_lifecycle.migration_lock_timeout is 0: a statement that waits for a lock holds up everybody behind it, for ever")),
						   pstrdup("SET schema_lifecycle.migration_lock_timeout = '5s'"));
	if (StatementTimeout > 0)
		sl_preflight_found(preflight,
						   psprintf(_("statement_timeout is %s: SELECT sl_apply_pending() is one statement"),
									GetConfigOptionByName("statement_timeout",
														  NULL, false)),
						   pstrdup(_("CALL sl_migrate() suspends it; or SET statement_timeout = 0")));
	sl_preflight_fine(preflight,
					  psprintf(_("a statement of a migration waits for a lock for %s"),
							   GetConfigOptionByName("schema_lifecycle.migration_lock_timeout",
													 NULL, false)));
}

static const struct
{
	const char *name;
	void		(*check) (SlPreflight *preflight);
	bool		of_pending;		/* nobody knows what is pending in a graph
								 * that is not sound */
}			checks[] = {
	{"writable", check_writable, false},
	{"privileges", check_level, false},
	{"graph", check_graph, false},
	{"external", check_external, true},
	{"registrars", check_registrars, true},
	{"ownership", sl_preflight_owners, true},
	{"schemas", sl_preflight_schemas, true},
	{"migration_lock", check_lock, false},
	{"settings", check_settings, false},
	{"lock_table", sl_preflight_lock_table, true},
	{"workers", check_workers, false},
	{"createdb", check_createdb, false},
	{"event_triggers", check_event_triggers, false},
	{"version_tables", check_version_tables, false},
};

static void
read_pending(SlPreflight *preflight, const char *target)
{
	ListCell   *cell;

	sl_options_resolve(&preflight->options, NULL);
	preflight->graph = sl_graph_read(false);
	preflight->problems = sl_graph_problems(preflight->graph,
											preflight->options.out_of_order);
	preflight->sound = true;
	foreach(cell, preflight->problems)
		if (((const SlProblem *) lfirst(cell))->error)
			preflight->sound = false;
	if (!preflight->sound ||
		(target == NULL && sl_graph_is_empty(preflight->graph)))
		return;
	foreach(cell, sl_graph_pending(preflight->graph, target))
		preflight->pending = lappend(preflight->pending,
									 (void *) ((SlStep *) lfirst(cell))->row);
}

/* sl_preflight(target) */
Datum
sl_preflight(PG_FUNCTION_ARGS)
{
	SlPreflight preflight = {0};
	int			i;

	InitMaterializedSRF(fcinfo, 0);
	preflight.result = (ReturnSetInfo *) fcinfo->resultinfo;
	read_pending(&preflight, PG_ARGISNULL(0) ? NULL :
				 text_to_cstring(PG_GETARG_TEXT_PP(0)));
	for (i = 0; i < (int) lengthof(checks); i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (checks[i].of_pending && !preflight.sound)
			continue;
		preflight.check = checks[i].name;
		preflight.found = false;
		checks[i].check(&preflight);
	}
	return (Datum) 0;
}
