/*-------------------------------------------------------------------------
 *
 * privileges.c
 *	  Who may call what: the levels read, deploy and admin.
 *
 * One table gives every function its level; a function without one is
 * nobody's but the owner's, and a test asserts that there is none.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/ledger/privileges.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_proc.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "common/settings.h"
#include "common/sl_compat.h"
#include "common/sl_errors.h"
#include "ledger/ledger.h"
#include "ledger/query.h"

PG_FUNCTION_INFO_V1(sl_grant);
PG_FUNCTION_INFO_V1(sl_revoke);
PG_FUNCTION_INFO_V1(sl_seal);

typedef enum Level
{
	LEVEL_READ,
	LEVEL_DEPLOY,
	LEVEL_ADMIN
} Level;

static const char *const level_names[] = {"read", "deploy", "admin"};

static const struct
{
	const char *name;
	Level		level;
}			levels[] = {
	{"sl_accept", LEVEL_ADMIN},
	{"sl_adopt", LEVEL_ADMIN},
	{"sl_apply_pending", LEVEL_DEPLOY},
	{"sl_assert", LEVEL_READ},
	{"sl_boot", LEVEL_DEPLOY},
	{"sl_catalog", LEVEL_READ},
	{"sl_check_graph", LEVEL_READ},
	{"sl_compare", LEVEL_READ},
	{"sl_configure", LEVEL_ADMIN},
	{"sl_ddl_log", LEVEL_READ},
	{"sl_ddl_log_rows", LEVEL_READ},
	{"sl_detect_drift", LEVEL_READ},
	{"sl_detect_stamp_drift", LEVEL_READ},
	{"sl_dry_run", LEVEL_DEPLOY},
	{"sl_expected", LEVEL_READ},
	{"sl_fingerprint", LEVEL_READ},
	{"sl_grant", LEVEL_ADMIN},
	{"sl_graph", LEVEL_READ},
	{"sl_graph_is_sound", LEVEL_READ},
	{"sl_graph_mermaid", LEVEL_READ},
	{"sl_guard", LEVEL_ADMIN},
	{"sl_guard_deny", LEVEL_ADMIN},
	{"sl_guard_log", LEVEL_ADMIN},
	{"sl_has_no_drift", LEVEL_READ},
	{"sl_has_no_stamp_drift", LEVEL_READ},
	{"sl_heads", LEVEL_READ},
	{"sl_history", LEVEL_READ},
	{"sl_history_rows", LEVEL_READ},
	{"sl_import_manifest", LEVEL_ADMIN},
	{"sl_incident", LEVEL_READ},
	{"sl_incident_rows", LEVEL_READ},
	{"sl_is_verified", LEVEL_READ},
	{"sl_lint", LEVEL_READ},
	{"sl_lint_script", LEVEL_READ},
	{"sl_load", LEVEL_DEPLOY},
	{"sl_load_directory", LEVEL_DEPLOY},
	{"sl_locate", LEVEL_READ},
	{"sl_manifest", LEVEL_READ},
	{"sl_migrate", LEVEL_DEPLOY},
	{"sl_observe", LEVEL_ADMIN},
	{"sl_observe_ddl", LEVEL_ADMIN},
	{"sl_observe_write", LEVEL_ADMIN},
	{"sl_pending", LEVEL_READ},
	{"sl_preflight", LEVEL_READ},
	{"sl_ready", LEVEL_READ},
	{"sl_register", LEVEL_DEPLOY},
	{"sl_rehearse", LEVEL_DEPLOY},
	{"sl_repair", LEVEL_DEPLOY},
	{"sl_repair_online", LEVEL_DEPLOY},
	{"sl_repair_plan", LEVEL_READ},
	{"sl_report", LEVEL_READ},
	{"sl_require", LEVEL_DEPLOY},
	{"sl_resolve", LEVEL_ADMIN},
	{"sl_revert", LEVEL_DEPLOY},
	{"sl_revert_online", LEVEL_DEPLOY},
	{"sl_revision", LEVEL_READ},
	{"sl_revision_rows", LEVEL_READ},
	{"sl_revoke", LEVEL_ADMIN},
	{"sl_script", LEVEL_READ},
	{"sl_settings", LEVEL_READ},
	{"sl_settings_rows", LEVEL_READ},
	{"sl_snapshot", LEVEL_READ},
	{"sl_stamp", LEVEL_ADMIN},
	{"sl_status", LEVEL_READ},
	{"sl_unaccept", LEVEL_ADMIN},
	{"sl_unobserve", LEVEL_ADMIN},
	{"sl_unregister", LEVEL_DEPLOY},
	{"sl_unrequire", LEVEL_DEPLOY},
	{"sl_verify", LEVEL_READ},
	{"sl_version", LEVEL_READ},
	{"sl_wait_ready", LEVEL_READ},
	{"sl_watch", LEVEL_DEPLOY},
};

/* The level of a function or view; false if it has none. */
static bool
level_of(const char *name, Level *level)
{
	int			i;

	for (i = 0; i < (int) lengthof(levels); i++)
	{
		if (strcmp(levels[i].name, name) == 0)
		{
			*level = levels[i].level;
			return true;
		}
	}
	return false;
}

/* A member of the extension, as GRANT and REVOKE name it. */
typedef struct Member
{
	char	   *name;
	char	   *target;			/* FUNCTION s.f(args), TABLE s.v */
	List	   *grantees;		/* char *, quoted, beside the owner */
} Member;

static char *
quoted_role(Oid role)
{
	return pstrdup(quote_identifier(GetUserNameFromId(role, false)));
}

/* Who has privileges in an ACL, quoted for a statement; PUBLIC too. */
static List *
acl_grantees(Datum datum, bool isnull, Oid owner)
{
	List	   *grantees = list_make1(pstrdup("PUBLIC"));
	Acl		   *acl;
	AclItem    *items;
	int			i;

	if (isnull)
		return grantees;
	acl = DatumGetAclP(datum);
	items = ACL_DAT(acl);
	for (i = 0; i < ACL_NUM(acl); i++)
	{
		Oid			grantee = items[i].ai_grantee;

		if (grantee != ACL_ID_PUBLIC && grantee != owner)
			grantees = lappend(grantees, quoted_role(grantee));
	}
	return grantees;
}

static Member *
make_member(Oid classid, Oid objid)
{
	Member	   *member = palloc0_object(Member);
	HeapTuple	tuple;
	Datum		acl;
	bool		isnull;

	if (classid == ProcedureRelationId)
	{
		Form_pg_proc form;

		tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(objid));
		if (!HeapTupleIsValid(tuple))
			return NULL;
		form = (Form_pg_proc) GETSTRUCT(tuple);
		member->name = pstrdup(NameStr(form->proname));
		member->target = psprintf("ROUTINE %s",
								  format_procedure_qualified(objid));
		acl = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_proacl, &isnull);
		member->grantees = acl_grantees(acl, isnull, form->proowner);
	}
	else
	{
		Form_pg_class form;
		char	   *schema;

		tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(objid));
		if (!HeapTupleIsValid(tuple))
			return NULL;
		form = (Form_pg_class) GETSTRUCT(tuple);
		member->name = pstrdup(NameStr(form->relname));
		schema = get_namespace_name(form->relnamespace);
		member->target = psprintf("TABLE %s",
								  quote_qualified_identifier(schema,
															 member->name));
		acl = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_relacl, &isnull);
		member->grantees = acl_grantees(acl, isnull, form->relowner);
	}
	ReleaseSysCache(tuple);
	return member;
}

/* The functions, tables and views that belong to the extension. */
static List *
extension_members(const SlExtension *extension)
{
	Relation	depend = table_open(DependRelationId, AccessShareLock);
	ScanKeyData key[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *members = NIL;

	ScanKeyInit(&key[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(ExtensionRelationId));
	ScanKeyInit(&key[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(extension->oid));
	scan = systable_beginscan(depend, DependReferenceIndexId, true, NULL, 2,
							  key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);
		Member	   *member;

		if (form->deptype != DEPENDENCY_EXTENSION ||
			(form->classid != ProcedureRelationId &&
			 form->classid != RelationRelationId))
			continue;
		member = make_member(form->classid, form->objid);
		if (member != NULL)
			members = lappend(members, member);
	}
	systable_endscan(scan);
	table_close(depend, AccessShareLock);
	return members;
}

/* Run a GRANT or REVOKE; SPI is connected, the owner acts. */
static void
run_statement(const char *statement)
{
	int			rc = SPI_execute(statement, false, 0);

	if (rc != SPI_OK_UTILITY)
		elog(ERROR, "could not run \"%s\": %s", statement,
			 SPI_result_code_string(rc));
}

static Level
parse_level(const char *name)
{
	int			i;

	for (i = 0; i < (int) lengthof(level_names); i++)
		if (strcmp(level_names[i], name) == 0)
			return i;
	ereport(ERROR,
			(errcode(SL_ERR_BAD_INPUT),
			 errmsg("unknown level \"%s\"", name),
			 errhint("Available levels: read, deploy, admin; each holds those before it.")));
	return LEVEL_READ;			/* keep the compiler quiet */
}

/*
 * Give the role every function up to the level, or take from it every one
 * from the level on.
 */
static void
change_level(Oid role, const char *level_name, bool grant)
{
	Level		wanted = parse_level(level_name);
	char	   *grantee = quoted_role(role);
	SlExtension extension;
	SlIdentity	before;
	List	   *members;
	char	   *schema;
	ListCell   *cell;
	int			nest_level;

	/*
	 * The server's GRANT takes no lock: two at once, or one and a DROP
	 * EXTENSION, would end in "tuple concurrently updated".
	 */
	sl_extension_get(&extension);
	LockDatabaseObject(ExtensionRelationId, extension.oid, 0,
					   ShareRowExclusiveLock);
	sl_extension_get(&extension);
	members = extension_members(&extension);
	schema = get_namespace_name(extension.schema);
	sl_become_owner(&extension, &before);
	nest_level = sl_own_ddl_begin();
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	if (grant)
		run_statement(psprintf("GRANT USAGE ON SCHEMA %s TO %s",
							   quote_identifier(schema), grantee));
	foreach(cell, members)
	{
		Member	   *member = lfirst(cell);
		bool		routine = strncmp(member->target, "ROUTINE", 7) == 0;
		Level		level;

		if (!level_of(member->name, &level) ||
			(grant ? level > wanted : level < wanted))
			continue;
		run_statement(psprintf("%s %s ON %s %s %s",
							   grant ? "GRANT" : "REVOKE",
							   routine ? "EXECUTE" : "SELECT",
							   member->target,
							   grant ? "TO" : "FROM", grantee));
	}
	SPI_finish();
	sl_own_ddl_end(nest_level);
	sl_become_again(&before);
}

/* sl_grant(role, level) */
Datum
sl_grant(PG_FUNCTION_ARGS)
{
	sl_require_writer("sl_grant");
	change_level(PG_GETARG_OID(0), text_to_cstring(PG_GETARG_TEXT_PP(1)),
				 true);
	PG_RETURN_VOID();
}

/* sl_revoke(role, level) */
Datum
sl_revoke(PG_FUNCTION_ARGS)
{
	sl_require_writer("sl_revoke");
	change_level(PG_GETARG_OID(0), text_to_cstring(PG_GETARG_TEXT_PP(1)),
				 false);
	PG_RETURN_VOID();
}

/*
 * sl_seal(): called by the install script and dropped by it.  Takes every
 * privilege on every member from everybody but the owner, also what the
 * default privileges of the installing role gave away.
 */
Datum
sl_seal(PG_FUNCTION_ARGS)
{
	SlExtension extension;
	ListCell   *cell;
	ListCell   *grantee;

	sl_extension_get(&extension);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	foreach(cell, extension_members(&extension))
	{
		Member	   *member = lfirst(cell);

		foreach(grantee, member->grantees)
			run_statement(psprintf("REVOKE ALL ON %s FROM %s", member->target,
								   (char *) lfirst(grantee)));
	}
	SPI_finish();
	PG_RETURN_VOID();
}
