/*-------------------------------------------------------------------------
 *
 * pass_over.c
 *	  What a rehearsal does not do: statements that reach outside the scratch
 *	  database.
 *
 * Roles, databases, tablespaces and settings of the server belong to
 * everybody; programs and files are outside of the server, and so is what a
 * subscription connects to.  Statements on them are passed over and told, at
 * any depth: in functions, DO blocks and scripts of extensions as well.
 *
 * What is passed over may have made other statements possible: a role that
 * would be there by now is left out of what is granted, and told as well.
 * Where a statement that is passed over would have changed facts, the
 * footprint of its revision is not complete, and not kept.
 *
 * A function cannot be passed over.  Those of languages that are not trusted
 * may do anything, and are an error.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/rehearsal/pass_over.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_shdepend.h"
#include "commands/defrem.h"
#include "commands/user.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "rehearsal/rehearsal_private.h"

typedef enum Verdict
{
	RUN,
	PASS_OVER,					/* changes no facts */
	PASS_OVER_FACTS				/* may have changed some */
} Verdict;

/* What is known of the revision at work. */
static char *current_revision = NULL;
static bool partial = false;
static MemoryContext names_context = NULL;

/* Names of roles whose creation was passed over. */
static List *missing_roles = NIL;

static ProcessUtility_hook_type prev_process_utility = NULL;
static needs_fmgr_hook_type prev_needs_fmgr = NULL;

/*-------------------------------------------------------------------------
 * Roles that would be there
 *-------------------------------------------------------------------------
 */

static bool
is_missing_role(const RoleSpec *role)
{
	ListCell   *cell;

	if (role == NULL || role->roletype != ROLESPEC_CSTRING ||
		OidIsValid(get_role_oid(role->rolename, true)))
		return false;
	foreach(cell, missing_roles)
		if (strcmp(lfirst(cell), role->rolename) == 0)
			return true;
	return false;
}

static bool
any_missing_role(List *roles)
{
	ListCell   *cell;

	foreach(cell, roles)
		if (is_missing_role(lfirst_node(RoleSpec, cell)))
			return true;
	return false;
}

/* The same list without them. */
static List *
without_missing_roles(List *roles)
{
	List	   *rest = NIL;
	ListCell   *cell;

	foreach(cell, roles)
		if (!is_missing_role(lfirst_node(RoleSpec, cell)))
			rest = lappend(rest, lfirst(cell));
	return rest;
}

/*-------------------------------------------------------------------------
 * The statements
 *-------------------------------------------------------------------------
 */

static Verdict
look_always(Node *node)
{
	return PASS_OVER;
}

static Verdict
look_always_facts(Node *node)
{
	return PASS_OVER_FACTS;
}

static Verdict
look_create_role(Node *node)
{
	MemoryContext before = MemoryContextSwitchTo(names_context);

	missing_roles = lappend(missing_roles,
							pstrdup(castNode(CreateRoleStmt, node)->role));
	MemoryContextSwitchTo(before);
	return PASS_OVER;
}

static bool
is_shared(ObjectType type)
{
	return type == OBJECT_DATABASE || type == OBJECT_ROLE ||
		type == OBJECT_TABLESPACE || type == OBJECT_PARAMETER_ACL;
}

static Verdict
look_by_type(ObjectType type)
{
	if (is_shared(type))
		return PASS_OVER;
	return type == OBJECT_SUBSCRIPTION ? PASS_OVER_FACTS : RUN;
}

static Verdict
look_comment(Node *node)
{
	return look_by_type(castNode(CommentStmt, node)->objtype);
}

static Verdict
look_label(Node *node)
{
	return look_by_type(castNode(SecLabelStmt, node)->objtype);
}

static Verdict
look_rename(Node *node)
{
	return look_by_type(castNode(RenameStmt, node)->renameType);
}

static Verdict
look_owner(Node *node)
{
	AlterOwnerStmt *stmt = castNode(AlterOwnerStmt, node);

	if (is_missing_role(stmt->newowner))
		return PASS_OVER_FACTS;
	return look_by_type(stmt->objectType);
}

static Verdict
look_grant(Node *node)
{
	GrantStmt  *stmt = castNode(GrantStmt, node);

	if (is_shared(stmt->objtype))
		return PASS_OVER;
	return any_missing_role(stmt->grantees) ? PASS_OVER_FACTS : RUN;
}

/* The roles whose defaults they are stand among the options. */
static Verdict
look_default_privileges(Node *node)
{
	AlterDefaultPrivilegesStmt *stmt =
		castNode(AlterDefaultPrivilegesStmt, node);
	ListCell   *cell;

	foreach(cell, stmt->options)
	{
		DefElem    *option = lfirst_node(DefElem, cell);

		if (strcmp(option->defname, "roles") == 0 &&
			any_missing_role((List *) option->arg))
			return PASS_OVER_FACTS;
	}
	return any_missing_role(stmt->action->grantees) ? PASS_OVER_FACTS : RUN;
}

/* A file that is read is as it was; anything else is outside. */
static Verdict
look_copy(Node *node)
{
	CopyStmt   *stmt = castNode(CopyStmt, node);

	if (stmt->is_program || (stmt->filename != NULL && !stmt->is_from))
		return PASS_OVER;
	return RUN;
}

static bool
is_untrusted_language(HeapTuple tuple)
{
	Form_pg_language form = (Form_pg_language) GETSTRUCT(tuple);

	return form->lanispl && !form->lanpltrusted;
}

static Verdict
look_do(Node *node)
{
	DoStmt	   *stmt = castNode(DoStmt, node);
	ListCell   *cell;

	foreach(cell, stmt->args)
	{
		DefElem    *option = lfirst_node(DefElem, cell);
		HeapTuple	tuple;
		bool		untrusted;

		if (strcmp(option->defname, "language") != 0)
			continue;
		tuple = SearchSysCache1(LANGNAME,
								CStringGetDatum(strVal(option->arg)));
		if (!HeapTupleIsValid(tuple))
			continue;
		untrusted = is_untrusted_language(tuple);
		ReleaseSysCache(tuple);
		if (untrusted)
			return PASS_OVER_FACTS;
	}
	return RUN;
}

/*
 * Does a role own what all databases share, or have privileges on it?  The
 * scratch database itself is such a thing, too.
 */
static bool
has_shared_objects(Oid role)
{
	Relation	rel = table_open(SharedDependRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	ScanKeyInit(&keys[0], Anum_pg_shdepend_refclassid,
				BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(AuthIdRelationId));
	ScanKeyInit(&keys[1], Anum_pg_shdepend_refobjid,
				BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(role));
	scan = systable_beginscan(rel, SharedDependReferenceIndexId, true, NULL,
							  2, keys);
	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
		found = ((Form_pg_shdepend) GETSTRUCT(tuple))->dbid == InvalidOid;
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

/* They reach what is shared, if there is any of it. */
static Verdict
look_owned(List *roles)
{
	ListCell   *cell;

	foreach(cell, roles)
	{
		RoleSpec   *spec = lfirst_node(RoleSpec, cell);
		Oid			role;

		if (is_missing_role(spec))
			return PASS_OVER_FACTS;
		role = get_rolespec_oid(spec, true);
		if (OidIsValid(role) && has_shared_objects(role))
			return PASS_OVER_FACTS;
	}
	return RUN;
}

static Verdict
look_drop_owned(Node *node)
{
	return look_owned(castNode(DropOwnedStmt, node)->roles);
}

static Verdict
look_reassign(Node *node)
{
	ReassignOwnedStmt *stmt = castNode(ReassignOwnedStmt, node);

	if (is_missing_role(stmt->newrole))
		return PASS_OVER_FACTS;
	return look_owned(stmt->roles);
}

static const struct
{
	NodeTag		tag;
	Verdict		(*look) (Node *node);
}			statements[] = {
	{T_AlterDatabaseRefreshCollStmt, look_always},
	{T_AlterDatabaseSetStmt, look_always},
	{T_AlterDatabaseStmt, look_always},
	{T_AlterDefaultPrivilegesStmt, look_default_privileges},
	{T_AlterOwnerStmt, look_owner},
	{T_AlterRoleSetStmt, look_always},
	{T_AlterRoleStmt, look_always},
	{T_AlterSubscriptionStmt, look_always_facts},
	{T_AlterSystemStmt, look_always},
	{T_AlterTableSpaceOptionsStmt, look_always},
	{T_CommentStmt, look_comment},
	{T_CopyStmt, look_copy},
	{T_CreateRoleStmt, look_create_role},
	{T_CreateSubscriptionStmt, look_always_facts},
	{T_CreateTableSpaceStmt, look_always},
	{T_CreatedbStmt, look_always},
	{T_DoStmt, look_do},
	{T_DropOwnedStmt, look_drop_owned},
	{T_DropRoleStmt, look_always},
	{T_DropSubscriptionStmt, look_always_facts},
	{T_DropTableSpaceStmt, look_always},
	{T_DropdbStmt, look_always},
	{T_GrantRoleStmt, look_always},
	{T_GrantStmt, look_grant},
	{T_ReassignOwnedStmt, look_reassign},
	{T_RenameStmt, look_rename},
	{T_SecLabelStmt, look_label},
};

static Verdict
look_at(Node *node)
{
	int			i;

	for (i = 0; i < (int) lengthof(statements); i++)
		if (nodeTag(node) == statements[i].tag)
			return statements[i].look(node);
	return RUN;
}

/* What is left of a grant: to those who are there. */
static List *
grantees_left(Node *node)
{
	if (IsA(node, GrantStmt) && !is_shared(((GrantStmt *) node)->objtype))
		return without_missing_roles(((GrantStmt *) node)->grantees);
	return NIL;
}

static void
tell(Node *node)
{
	ereport(NOTICE,
			(errmsg("%s: %s is passed over in a rehearsal",
					current_revision != NULL ? current_revision : "",
					CreateCommandName(node)),
			 errdetail("It reaches outside the scratch database.")));
}

static void
pass_over_utility(PlannedStmt *pstmt, const char *query_string,
				  bool read_only_tree, ProcessUtilityContext context,
				  ParamListInfo params, QueryEnvironment *environment,
				  DestReceiver *dest, QueryCompletion *completion)
{
	Node	   *node = pstmt->utilityStmt;
	Verdict		verdict = look_at(node);

	if (verdict != RUN)
	{
		List	   *left = grantees_left(node);

		tell(node);
		partial |= verdict == PASS_OVER_FACTS;
		if (left == NIL)
			return;
		pstmt = copyObject(pstmt);
		((GrantStmt *) pstmt->utilityStmt)->grantees = left;
		read_only_tree = false;
	}
	if (prev_process_utility)
		prev_process_utility(pstmt, query_string, read_only_tree, context,
							 params, environment, dest, completion);
	else
		standard_ProcessUtility(pstmt, query_string, read_only_tree, context,
								params, environment, dest, completion);
}

/*-------------------------------------------------------------------------
 * Functions
 *-------------------------------------------------------------------------
 */

/* Asked for each function that is looked up to be called. */
static bool
pass_over_needs_fmgr(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Oid			language = InvalidOid;
	bool		untrusted = false;

	if (HeapTupleIsValid(tuple))
	{
		language = ((Form_pg_proc) GETSTRUCT(tuple))->prolang;
		ReleaseSysCache(tuple);
	}
	/* the server's own, and C, are what extensions are made of */
	if (language >= FirstNormalObjectId)
	{
		tuple = SearchSysCache1(LANGOID, ObjectIdGetDatum(language));
		if (HeapTupleIsValid(tuple))
		{
			untrusted = is_untrusted_language(tuple);
			ReleaseSysCache(tuple);
		}
	}
	if (untrusted)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("function \"%s\" is not called in a rehearsal",
						get_func_name(function)),
				 errdetail("Its language is not trusted: it may reach outside the scratch database."),
				 errhint("Say with sl_resolve() or sl_stamp() what is there, or apply the revision without a rehearsal.")));
	return prev_needs_fmgr != NULL && prev_needs_fmgr(function);
}

/* From here on, in this worker alone, whose process ends with its job. */
void
sl_pass_over_begin(void)
{
	names_context = AllocSetContextCreate(TopMemoryContext,
										  "schema_lifecycle names",
										  ALLOCSET_SMALL_SIZES);
	prev_process_utility = ProcessUtility_hook;
	ProcessUtility_hook = pass_over_utility;
	prev_needs_fmgr = needs_fmgr_hook;
	needs_fmgr_hook = pass_over_needs_fmgr;
}

/* The next revision begins. */
void
sl_pass_over_revision(const char *revision)
{
	if (current_revision != NULL)
		pfree(current_revision);
	current_revision = MemoryContextStrdup(names_context, revision);
	partial = false;
}

/* Was something of it passed over that may have changed facts? */
bool
sl_pass_over_was_partial(void)
{
	return partial;
}
