/*-------------------------------------------------------------------------
 *
 * rules.c
 *	  Whose DDL the guard lets pass.
 *
 * The rules are settings of the database (sl_configure): they are kept for as
 * long as no session writes to the ledger.
 *
 * A function of an extension is on the way when the call stack names it: that
 * is what a procedural language tells of itself when an error comes, and
 * needs no hook, which would have to be there before the function begins.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/guard/rules.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_proc.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "common/invalidation.h"
#include "common/settings.h"
#include "common/sl_compat.h"
#include "guard/guard.h"
#include "guard/guard_private.h"
#include "runner/runner.h"

SlGuardObserved sl_guard_observed = NULL;

static MemoryContext rules_cxt = NULL;
static SlOptions kept_rules;
static uint64 kept_generation;

/* The settings of the database, as they are now. */
const SlOptions *
sl_guard_rules(void)
{
	uint64		generation = sl_ledger_generation();
	MemoryContext cxt;
	MemoryContext before;
	SlOptions	rules;

	if (rules_cxt != NULL && kept_generation == generation)
		return &kept_rules;
	cxt = AllocSetContextCreate(CurrentMemoryContext,
								"schema_lifecycle guard",
								ALLOCSET_SMALL_SIZES);
	before = MemoryContextSwitchTo(cxt);
	sl_options_resolve(&rules, NULL);
	MemoryContextSwitchTo(before);

	/* nothing fails from here on */
	if (rules_cxt != NULL)
		MemoryContextDelete(rules_cxt);
	MemoryContextSetParent(cxt, TopMemoryContext);
	rules_cxt = cxt;
	kept_rules = rules;
	kept_generation = generation;
	return &kept_rules;
}

static bool
list_names(List *names, const char *name)
{
	ListCell   *cell;

	if (name != NULL)
		foreach(cell, names)
			if (strcmp(lfirst(cell), name) == 0)
				return true;
	return false;
}

/*
 * May the bare name stand for this function?  The stack has the schema where
 * it was not in the search_path when the function was compiled: that may have
 * been another path.
 */
static bool
is_known_by_name(Oid function, const char *name, Oid extension)
{
	CatCList   *others;
	bool		alone = true;
	int			i;

	if (FunctionIsVisible(function))
		return true;
	others = SearchSysCacheList1(PROCNAMEARGSNSP, CStringGetDatum(name));
	for (i = 0; i < others->n_members && alone; i++)
	{
		HeapTuple	tuple = &others->members[i]->tuple;
		Oid			other = ((Form_pg_proc) GETSTRUCT(tuple))->oid;

		alone = getExtensionOfObject(ProcedureRelationId,
									 other) == extension;
	}
	ReleaseSysCacheList(others);
	return alone;
}

/* Does the call stack name this function?  A parenthesis stands behind it. */
static bool
stack_names(const char *stack, Oid function, Oid extension)
{
	char	   *name = get_func_name(function);
	char	   *schema = get_namespace_name(get_func_namespace(function));
	const char *call;
	const char *p;
	Size		length;

	if (name == NULL || schema == NULL)
		return false;
	call = psprintf("%s(", quote_identifier(name));
	schema = psprintf("%s.", quote_identifier(schema));
	length = strlen(schema);
	for (p = strstr(stack, call); p != NULL; p = strstr(p + 1, call))
	{
		if (p > stack && p[-1] == ' ' &&
			is_known_by_name(function, name, extension))
			return true;
		if (p >= stack + length && strncmp(p - length, schema, length) == 0)
			return true;
	}
	return false;
}

static bool
stack_names_member(const char *stack, Oid extension)
{
	Relation	depend = table_open(DependRelationId, AccessShareLock);
	ScanKeyData key[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	ScanKeyInit(&key[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(ExtensionRelationId));
	ScanKeyInit(&key[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(extension));
	scan = systable_beginscan(depend, DependReferenceIndexId, true, NULL, 2,
							  key);
	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);

		found = form->deptype == DEPENDENCY_EXTENSION &&
			form->classid == ProcedureRelationId &&
			stack_names(stack, form->objid, extension);
	}
	systable_endscan(scan);
	table_close(depend, AccessShareLock);
	return found;
}

/* Is a function of such an extension on the way? */
static bool
calls_extension(const SlOptions *rules)
{
	char	   *stack;
	ListCell   *cell;

	if (rules->guard_allow_extensions == NIL || error_context_stack == NULL)
		return false;
	stack = GetErrorContextStack();
	if (stack == NULL || strchr(stack, '(') == NULL)
		return false;
	foreach(cell, rules->guard_allow_extensions)
	{
		Oid			extension = get_extension_oid(lfirst(cell), true);

		if (OidIsValid(extension) && stack_names_member(stack, extension))
			return true;
	}
	return false;
}

/* Whatever the statement is about. */
bool
sl_guard_lets_session_pass(const SlOptions *rules)
{
	return list_names(rules->guard_allow_roles,
					  GetUserNameFromId(GetSessionUserId(), true)) ||
		list_names(rules->guard_allow_roles,
				   GetUserNameFromId(GetUserId(), true)) ||
		list_names(rules->guard_allow_applications, application_name) ||
		calls_extension(rules);
}

bool
sl_guard_lets_schema_pass(const SlOptions *rules, const char *schema)
{
	return list_names(rules->guard_allow_schemas, schema);
}

bool
sl_guard_lets_extension_pass(const SlOptions *rules, const char *extension)
{
	return list_names(rules->guard_allow_extensions, extension);
}

/* Does the object belong to such an extension? */
bool
sl_guard_lets_member_pass(const SlOptions *rules, Oid catalog, Oid object)
{
	Oid			extension;

	if (rules->guard_allow_extensions == NIL || !OidIsValid(object))
		return false;
	extension = getExtensionOfObject(catalog, object);
	return OidIsValid(extension) &&
		list_names(rules->guard_allow_extensions,
				   get_extension_name(extension));
}

bool
sl_guard_lets_object_pass(const SlOptions *rules, const SlGuardObject *object)
{
	if (object->temporary)
		return true;
	if (strcmp(object->class, "extension") == 0 &&
		sl_guard_lets_extension_pass(rules, object->identity))
		return true;
	if (sl_guard_lets_schema_pass(rules, object->schema) &&
		(object->new_schema == NULL ||
		 sl_guard_lets_schema_pass(rules, object->new_schema)))
		return true;
	return sl_guard_lets_member_pass(rules, object->catalog, object->object);
}
