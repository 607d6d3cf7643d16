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
 * What is passed over may have made other statements possible: for a role
 * that would be there by now the current one stands in, and that is told as
 * well.  Where that, or a statement that is passed over, would have changed
 * facts, the footprint of the revision is not what it should be, and not kept.
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
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_shdepend.h"
#include "commands/proclang.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "rehearsal/rehearsal_private.h"

typedef enum Verdict
{
	RUN,
	PASS_OVER,					/* changes no facts */
	PASS_OVER_FACTS,			/* may have changed some */
	PASS_OVER_ROLE				/* the same, for want of a role */
} Verdict;

/* What is known of the revision at work. */
static char *current_revision = NULL;
static bool partial = false;
static int	told_ordinal = 0;
static char *told_what = NULL;
static MemoryContext names_context = NULL;

/* Names of roles whose creation was passed over. */
static List *missing_roles = NIL;

static ProcessUtility_hook_type prev_process_utility = NULL;

/*
 * Say once of a statement of the script what of it is passed over: a loop may
 * come by a thousand times.  'facts': it may have changed some.
 */
void
sl_pass_over_tell(const char *what, const char *why, bool facts)
{
	const SlStatement *statement = sl_statement_at_work();

	partial |= facts;
	if (statement == NULL || current_revision == NULL ||
		(told_what != NULL && told_ordinal == statement->ordinal &&
		 strcmp(told_what, what) == 0))
		return;
	if (told_what != NULL)
		pfree(told_what);
	told_what = MemoryContextStrdup(names_context, what);
	told_ordinal = statement->ordinal;
	ereport(WARNING,
			(errmsg("revision \"%s\", statement %d (line %d): %s is passed over in a rehearsal",
					current_revision, statement->ordinal, statement->line,
					what),
			 errdetail("%s", why)));
}

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

/*
 * The places in which statements name roles, RoleSpec *: those whose roles
 * were made by a statement before them, as often as not.
 */
static List *
roles_of_grant(Node *node)
{
	return castNode(GrantStmt, node)->grantees;
}

static List *
roles_of_default_privileges(Node *node)
{
	AlterDefaultPrivilegesStmt *stmt =
		castNode(AlterDefaultPrivilegesStmt, node);
	List	   *roles = list_copy(stmt->action->grantees);
	ListCell   *cell;

	foreach(cell, stmt->options)
	{
		DefElem    *option = lfirst_node(DefElem, cell);

		if (strcmp(option->defname, "roles") == 0)
			roles = list_concat(roles, (List *) option->arg);
	}
	return roles;
}

static List *
roles_of_owner(Node *node)
{
	return list_make1(castNode(AlterOwnerStmt, node)->newowner);
}

static List *
roles_of_alter_table(Node *node)
{
	List	   *roles = NIL;
	ListCell   *cell;

	foreach(cell, castNode(AlterTableStmt, node)->cmds)
	{
		AlterTableCmd *command = lfirst_node(AlterTableCmd, cell);

		if (command->newowner != NULL)
			roles = lappend(roles, command->newowner);
	}
	return roles;
}

/* Without a name, the schema has that of the role. */
static List *
roles_of_schema(Node *node)
{
	CreateSchemaStmt *stmt = castNode(CreateSchemaStmt, node);

	if (stmt->authrole == NULL)
		return NIL;
	if (stmt->schemaname == NULL && is_missing_role(stmt->authrole))
		stmt->schemaname = pstrdup(stmt->authrole->rolename);
	return list_make1(stmt->authrole);
}

static List *
roles_of_policy(Node *node)
{
	return castNode(CreatePolicyStmt, node)->roles;
}

static List *
roles_of_changed_policy(Node *node)
{
	return castNode(AlterPolicyStmt, node)->roles;
}

static List *
roles_of_mapping(Node *node)
{
	return list_make1(castNode(CreateUserMappingStmt, node)->user);
}

static List *
roles_of_changed_mapping(Node *node)
{
	return list_make1(castNode(AlterUserMappingStmt, node)->user);
}

static List *
roles_of_dropped_mapping(Node *node)
{
	return list_make1(castNode(DropUserMappingStmt, node)->user);
}

static const struct
{
	NodeTag		tag;
	List	   *(*roles) (Node *node);
}			places[] = {
	{T_AlterDefaultPrivilegesStmt, roles_of_default_privileges},
	{T_AlterOwnerStmt, roles_of_owner},
	{T_AlterPolicyStmt, roles_of_changed_policy},
	{T_AlterTableStmt, roles_of_alter_table},
	{T_AlterUserMappingStmt, roles_of_changed_mapping},
	{T_CreatePolicyStmt, roles_of_policy},
	{T_CreateSchemaStmt, roles_of_schema},
	{T_CreateUserMappingStmt, roles_of_mapping},
	{T_DropUserMappingStmt, roles_of_dropped_mapping},
	{T_GrantStmt, roles_of_grant},
};

/*
 * Have the current user stand in for roles that are missing, in a statement
 * that is a copy.  Returns the name of one of them; NULL: there is none.
 */
static const char *
stand_in(Node *node)
{
	const char *missing = NULL;
	List	   *roles = NIL;
	ListCell   *cell;
	int			i;

	for (i = 0; i < (int) lengthof(places); i++)
		if (nodeTag(node) == places[i].tag)
			roles = places[i].roles(node);
	foreach(cell, roles)
	{
		RoleSpec   *role = lfirst_node(RoleSpec, cell);

		if (!is_missing_role(role))
			continue;
		missing = role->rolename;
		role->roletype = ROLESPEC_CURRENT_USER;
		role->rolename = NULL;
	}
	return missing;
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

static void
add_missing_role(const char *name)
{
	MemoryContext before = MemoryContextSwitchTo(names_context);

	missing_roles = lappend(missing_roles, pstrdup(name));
	MemoryContextSwitchTo(before);
}

static Verdict
look_create_role(Node *node)
{
	add_missing_role(castNode(CreateRoleStmt, node)->role);
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
	RenameStmt *stmt = castNode(RenameStmt, node);

	if (stmt->renameType == OBJECT_ROLE)
		add_missing_role(stmt->newname);
	return look_by_type(stmt->renameType);
}

static Verdict
look_owner(Node *node)
{
	return look_by_type(castNode(AlterOwnerStmt, node)->objectType);
}

static Verdict
look_grant(Node *node)
{
	return look_by_type(castNode(GrantStmt, node)->objtype);
}

/* SET ROLE and SET SESSION AUTHORIZATION to one that is missing. */
static Verdict
look_set(Node *node)
{
	VariableSetStmt *stmt = castNode(VariableSetStmt, node);
	A_Const    *value;
	RoleSpec	role = {T_RoleSpec};

	if (stmt->kind != VAR_SET_VALUE || list_length(stmt->args) != 1 ||
		(strcmp(stmt->name, "role") != 0 &&
		 strcmp(stmt->name, "session_authorization") != 0))
		return RUN;
	value = linitial_node(A_Const, stmt->args);
	if (!IsA(&value->val, String))
		return RUN;
	role.roletype = ROLESPEC_CSTRING;
	role.rolename = strVal(&value->val);
	return is_missing_role(&role) ? PASS_OVER_ROLE : RUN;
}

static bool
is_foreign(const RangeVar *name)
{
	Oid			relid = RangeVarGetRelid(name, NoLock, true);

	return OidIsValid(relid) &&
		get_rel_relkind(relid) == RELKIND_FOREIGN_TABLE;
}

/* A file that is read is as it was; anything else is outside. */
static Verdict
look_copy(Node *node)
{
	CopyStmt   *stmt = castNode(CopyStmt, node);

	if (stmt->is_program || (stmt->filename != NULL && !stmt->is_from))
		return PASS_OVER;
	if (stmt->is_from && stmt->relation != NULL && is_foreign(stmt->relation))
		return PASS_OVER;
	return RUN;
}

static Verdict
look_truncate(Node *node)
{
	TruncateStmt *stmt = castNode(TruncateStmt, node);
	ListCell   *cell;

	foreach(cell, stmt->relations)
		if (is_foreign(lfirst_node(RangeVar, cell)))
			return PASS_OVER;
	return RUN;
}


static Verdict
look_do(Node *node)
{
	DoStmt	   *stmt = castNode(DoStmt, node);
	ListCell   *cell;

	foreach(cell, stmt->args)
	{
		DefElem    *option = lfirst_node(DefElem, cell);

		if (strcmp(option->defname, "language") == 0 &&
			sl_is_untrusted_language(get_language_oid(strVal(option->arg),
													  true)))
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
			return PASS_OVER_ROLE;
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
		return PASS_OVER_ROLE;
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
	{T_TruncateStmt, look_truncate},
	{T_VariableSetStmt, look_set},
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

/* COPY with inline data is no utility statement by then. */
static bool
pass_over_copy(const CopyStmt *stmt)
{
	if (!is_foreign(stmt->relation))
		return false;
	sl_pass_over_tell("COPY", _("It reaches outside the scratch database."),
					  false);
	return true;
}

static void
pass_over_utility(PlannedStmt *pstmt, const char *query_string,
				  bool read_only_tree, ProcessUtilityContext context,
				  ParamListInfo params, QueryEnvironment *environment,
				  DestReceiver *dest, QueryCompletion *completion)
{
	Verdict		verdict = look_at(pstmt->utilityStmt);

	if (verdict != RUN)
	{
		sl_pass_over_tell(CreateCommandName(pstmt->utilityStmt),
						  verdict == PASS_OVER_ROLE ?
						  _("It names a role that is not there, because its creation was passed over.") :
						  _("It reaches outside the scratch database."),
						  verdict != PASS_OVER);
		return;
	}
	if (missing_roles != NIL)
	{
		PlannedStmt *copy = copyObject(pstmt);
		const char *missing = stand_in(copy->utilityStmt);

		if (missing != NULL)
		{
			sl_pass_over_tell(psprintf("role \"%s\"", missing),
							  _("It is not there, because its creation was passed over; the current role stands in."),
							  true);
			pstmt = copy;
			read_only_tree = false;
		}
	}
	if (prev_process_utility)
		prev_process_utility(pstmt, query_string, read_only_tree, context,
							 params, environment, dest, completion);
	else
		standard_ProcessUtility(pstmt, query_string, read_only_tree, context,
								params, environment, dest, completion);
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
	sl_copy_is_passed_over = pass_over_copy;
	sl_outside_begin();
}

/* The next revision begins. */
void
sl_pass_over_revision(const char *revision)
{
	if (current_revision != NULL)
		pfree(current_revision);
	current_revision = MemoryContextStrdup(names_context, revision);
	partial = false;
	told_ordinal = 0;
}

/* Was something of it passed over that may have changed facts? */
bool
sl_pass_over_was_partial(void)
{
	return partial;
}
