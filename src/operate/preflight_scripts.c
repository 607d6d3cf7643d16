/*-------------------------------------------------------------------------
 *
 * preflight_scripts.c
 *	  What the parse trees of pending scripts tell before they run: relations
 *	  that only their owner may change, and schemas that are made into.
 *
 * Names are looked up as the caller's search_path has them now, without
 * asking for privileges.  What a script makes itself is not there yet, and
 * what it does in a DO block or by a function is not seen.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/operate/preflight_scripts.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "commands/dbcommands.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/parsenodes.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "common/sl_compat.h"
#include "operate/preflight.h"
#include "runner/runner.h"
#include "script/script.h"

typedef struct Walk
{
	SlPreflight *preflight;
	const char *revision;
	int			line;
	List	   *relations;		/* those that were looked at */
	List	   *schemas;		/* the same */
	bool		nowhere;		/* it was said that the path leads nowhere */
	MemoryContext context;		/* of these lists */
} Walk;

static const char *
my_name(void)
{
	return quote_identifier(GetUserNameFromId(GetUserId(), false));
}

static List *
remember(Walk *walk, List *oids, Oid oid)
{
	MemoryContext before = MemoryContextSwitchTo(walk->context);

	oids = lappend_oid(oids, oid);
	MemoryContextSwitchTo(before);
	return oids;
}

static Oid
find_relation(const RangeVar *name)
{
	Oid			schema;

	if (name->schemaname == NULL)
		return RelnameGetRelid(name->relname);
	schema = get_namespace_oid(name->schemaname, true);
	return OidIsValid(schema) ?
		get_relname_relid(name->relname, schema) : InvalidOid;
}

/* A relation that the statement changes. */
static void
look_at_relation(Walk *walk, const RangeVar *name)
{
	Oid			relid = name != NULL ? find_relation(name) : InvalidOid;
	HeapTuple	tuple;
	Form_pg_class form;

	if (!OidIsValid(relid) || list_member_oid(walk->relations, relid))
		return;
	walk->relations = remember(walk, walk->relations, relid);
	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	if (!HeapTupleIsValid(tuple))
		return;
	form = (Form_pg_class) GETSTRUCT(tuple);
	if (form->relpersistence != RELPERSISTENCE_TEMP &&
		!has_privs_of_role(GetUserId(), form->relowner))
	{
		char	   *relation =
			quote_qualified_identifier(get_namespace_name(form->relnamespace),
									   NameStr(form->relname));
		char	   *owner =
			pstrdup(quote_identifier(GetUserNameFromId(form->relowner,
													   false)));
		const char *me = my_name();

		sl_preflight_found(walk->preflight,
						   psprintf(_("%s belongs to %s, and revision %s changes it (line %d)"),
									relation, owner, walk->revision,
									walk->line),
						   psprintf(_("GRANT %s TO %s, or run it as %s"),
									owner, me, owner));
	}
	ReleaseSysCache(tuple);
}

static void
look_at_names(Walk *walk, List *names)
{
	if (list_length(names) > 0 && list_length(names) <= 3)
		look_at_relation(walk, makeRangeVarFromNameList(names));
}

static void
owner_drop(Walk *walk, Node *node)
{
	DropStmt   *stmt = (DropStmt *) node;
	ListCell   *cell;

	switch (stmt->removeType)
	{
		case OBJECT_TABLE:
		case OBJECT_INDEX:
		case OBJECT_VIEW:
		case OBJECT_MATVIEW:
		case OBJECT_SEQUENCE:
		case OBJECT_FOREIGN_TABLE:
			foreach(cell, stmt->objects)
				look_at_names(walk, lfirst(cell));
			break;
		case OBJECT_TRIGGER:
		case OBJECT_RULE:
		case OBJECT_POLICY:
			foreach(cell, stmt->objects)
			{
				List	   *names = lfirst(cell);

				look_at_names(walk, list_truncate(list_copy(names),
												  list_length(names) - 1));
			}
			break;
		default:
			break;
	}
}

static void
owner_comment(Walk *walk, Node *node)
{
	CommentStmt *stmt = (CommentStmt *) node;
	List	   *names;

	if (stmt->object == NULL || !IsA(stmt->object, List))
		return;
	names = (List *) stmt->object;
	switch (stmt->objtype)
	{
		case OBJECT_TABLE:
		case OBJECT_INDEX:
		case OBJECT_VIEW:
		case OBJECT_MATVIEW:
		case OBJECT_SEQUENCE:
		case OBJECT_FOREIGN_TABLE:
			look_at_names(walk, names);
			break;
		case OBJECT_COLUMN:
		case OBJECT_TABCONSTRAINT:
		case OBJECT_TRIGGER:
		case OBJECT_RULE:
		case OBJECT_POLICY:
			look_at_names(walk, list_truncate(list_copy(names),
											  list_length(names) - 1));
			break;
		default:
			break;
	}
}

#define LOOK_AT(name, type, field) \
static void \
name(Walk *walk, Node *node) \
{ \
	look_at_relation(walk, ((type *) node)->field); \
}

LOOK_AT(owner_alter_table, AlterTableStmt, relation)
LOOK_AT(owner_index, IndexStmt, relation)
LOOK_AT(owner_rename, RenameStmt, relation)
LOOK_AT(owner_set_schema, AlterObjectSchemaStmt, relation)
LOOK_AT(owner_sequence, AlterSeqStmt, sequence)
LOOK_AT(owner_rule, RuleStmt, relation)
LOOK_AT(owner_create_policy, CreatePolicyStmt, table)
LOOK_AT(owner_alter_policy, AlterPolicyStmt, table)
LOOK_AT(owner_refresh, RefreshMatViewStmt, relation)

/* CREATE OR REPLACE */
static void
owner_view(Walk *walk, Node *node)
{
	if (((ViewStmt *) node)->replace)
		look_at_relation(walk, ((ViewStmt *) node)->view);
}

typedef struct Look
{
	NodeTag		tag;
	void		(*look) (Walk *walk, Node *node);
} Look;

static const Look owners[] = {
	{T_AlterObjectSchemaStmt, owner_set_schema},
	{T_AlterPolicyStmt, owner_alter_policy},
	{T_AlterSeqStmt, owner_sequence},
	{T_AlterTableStmt, owner_alter_table},
	{T_CommentStmt, owner_comment},
	{T_CreatePolicyStmt, owner_create_policy},
	{T_DropStmt, owner_drop},
	{T_IndexStmt, owner_index},
	{T_RefreshMatViewStmt, owner_refresh},
	{T_RenameStmt, owner_rename},
	{T_RuleStmt, owner_rule},
	{T_ViewStmt, owner_view},
};

/* A schema that the statement makes something in. */
static void
look_at_schema(Walk *walk, const char *name)
{
	Oid			schema = InvalidOid;

	if (name != NULL)
		schema = get_namespace_oid(name, true);
	else
	{
		List	   *path = fetch_search_path(false);

		if (path != NIL)
			schema = linitial_oid(path);
		else
		{
			if (!walk->nowhere)
				sl_preflight_found(walk->preflight,
								   psprintf(_("no schema of the search_path is there to make something in (revision %s, line %d)"),
											walk->revision, walk->line),
								   pstrdup(_("see search_path of the role and the database")));
			walk->nowhere = true;
			return;
		}
	}
	/* one that is not there may be made by a script */
	if (!OidIsValid(schema) || list_member_oid(walk->schemas, schema) ||
		isAnyTempNamespace(schema))
		return;
	walk->schemas = remember(walk, walk->schemas, schema);
	if (!sl_may_create_in_schema(schema))
	{
		char	   *quoted =
			pstrdup(quote_identifier(get_namespace_name(schema)));
		const char *me = my_name();

		sl_preflight_found(walk->preflight,
						   psprintf(_("role %s may not create in schema %s, and revision %s does (line %d)"),
									me, quoted, walk->revision, walk->line),
						   psprintf("GRANT USAGE, CREATE ON SCHEMA %s TO %s",
									quoted, me));
	}
}

static void
schema_of_relation(Walk *walk, const RangeVar *name)
{
	if (name->relpersistence != RELPERSISTENCE_TEMP)
		look_at_schema(walk, name->schemaname);
}

static void
schema_of_names(Walk *walk, List *names)
{
	look_at_schema(walk, list_length(names) > 1 ?
				   strVal(list_nth(names, list_length(names) - 2)) : NULL);
}

static void
schema_index(Walk *walk, Node *node)
{
	Oid			relid = find_relation(((IndexStmt *) node)->relation);

	if (OidIsValid(relid))
		look_at_schema(walk, get_namespace_name(get_rel_namespace(relid)));
}

static void
schema_schema(Walk *walk, Node *node)
{
	CreateSchemaStmt *stmt = (CreateSchemaStmt *) node;
	const char *me = my_name();
	char	   *database;

	if (sl_may_create_schemas() ||
		(stmt->if_not_exists && stmt->schemaname != NULL &&
		 OidIsValid(get_namespace_oid(stmt->schemaname, true))))
		return;
	database = get_database_name(MyDatabaseId);
	sl_preflight_found(walk->preflight,
					   psprintf(_("role %s may not create schemas, and revision %s does (line %d)"),
								me, walk->revision, walk->line),
					   psprintf("GRANT CREATE ON DATABASE %s TO %s",
								quote_identifier(database),
								me));
}

#define SCHEMA_OF(name, function, type, field) \
static void \
name(Walk *walk, Node *node) \
{ \
	function(walk, ((type *) node)->field); \
}

SCHEMA_OF(schema_table, schema_of_relation, CreateStmt, relation)
SCHEMA_OF(schema_table_as, schema_of_relation, CreateTableAsStmt, into->rel)
SCHEMA_OF(schema_view, schema_of_relation, ViewStmt, view)
SCHEMA_OF(schema_sequence, schema_of_relation, CreateSeqStmt, sequence)
SCHEMA_OF(schema_composite, schema_of_relation, CompositeTypeStmt, typevar)
SCHEMA_OF(schema_enum, schema_of_names, CreateEnumStmt, typeName)
SCHEMA_OF(schema_domain, schema_of_names, CreateDomainStmt, domainname)
SCHEMA_OF(schema_function, schema_of_names, CreateFunctionStmt, funcname)

static const Look schemas[] = {
	{T_CompositeTypeStmt, schema_composite},
	{T_CreateDomainStmt, schema_domain},
	{T_CreateEnumStmt, schema_enum},
	{T_CreateForeignTableStmt, schema_table},
	{T_CreateFunctionStmt, schema_function},
	{T_CreateSchemaStmt, schema_schema},
	{T_CreateSeqStmt, schema_sequence},
	{T_CreateStmt, schema_table},
	{T_CreateTableAsStmt, schema_table_as},
	{T_IndexStmt, schema_index},
	{T_ViewStmt, schema_view},
};

/* One script. */
static void
walk_script(Walk *walk, const SlRegistryEntry *entry, const Look *looks,
			int nlooks)
{
	SlOrigin	origin = {entry->file, entry->revision, entry->up_line};
	SlScanner  *scanner = sl_scan_begin(entry->up, strlen(entry->up),
										&origin);
	SlStatement statement;

	walk->revision = entry->revision;
	while (sl_scan_next(scanner, &statement))
	{
		Node	   *node = statement.tree->stmt;
		int			i;

		CHECK_FOR_INTERRUPTS();
		walk->line = statement.line;
		for (i = 0; i < nlooks; i++)
			if (looks[i].tag == nodeTag(node))
				looks[i].look(walk, node);
	}
	sl_scan_end(scanner);
}

/* All pending scripts, one after the other. */
static void
walk_pending(SlPreflight *preflight, const Look *looks, int nlooks)
{
	Walk		walk = {preflight};
	MemoryContext cxt;
	MemoryContext before;
	ListCell   *cell;

	walk.context = CurrentMemoryContext;
	cxt = AllocSetContextCreate(CurrentMemoryContext,
								"schema_lifecycle preflight",
								ALLOCSET_DEFAULT_SIZES);
	foreach(cell, preflight->pending)
	{
		const SlRevisionRow *row = lfirst(cell);
		SlRegistryEntry *entry;

		if (row->external)
			continue;
		before = MemoryContextSwitchTo(cxt);
		entry = sl_registry_get_script(row->revision);
		if (entry != NULL && entry->up != NULL)
			walk_script(&walk, entry, looks, nlooks);
		MemoryContextSwitchTo(before);
		MemoryContextReset(cxt);
	}
	MemoryContextDelete(cxt);
}

void
sl_preflight_owners(SlPreflight *preflight)
{
	walk_pending(preflight, owners, lengthof(owners));
	sl_preflight_fine(preflight,
					  pstrdup(_("what pending scripts change by name belongs to the caller")));
}

void
sl_preflight_schemas(SlPreflight *preflight)
{
	walk_pending(preflight, schemas, lengthof(schemas));
	sl_preflight_fine(preflight,
					  pstrdup(_("the caller may create where pending scripts do")));
}

/*
 * sl_apply_pending() keeps the locks of all scripts until its end.  A
 * statement that makes a table locks it, its index and its type's like; a
 * handful for each is a good guess.
 */
#define LOCKS_PER_STATEMENT 4

void
sl_preflight_lock_table(SlPreflight *preflight)
{
	int64		space = (int64) max_locks_per_xact *
		(MaxBackends + max_prepared_xacts);
	int64		wanted = 0;
	ListCell   *cell;

	foreach(cell, preflight->pending)
	{
		const SlRevisionRow *row = lfirst(cell);
		SlRegistryEntry *entry;

		if (row->external)
			continue;
		entry = sl_registry_get_script(row->revision);
		if (entry != NULL)
		{
			wanted += (int64) entry->statements * LOCKS_PER_STATEMENT;
			pfree(entry);
		}
	}
	if (wanted > space)
		sl_preflight_found(preflight,
						   psprintf(_("pending statements may need %lld locks, and there is room for about %lld"),
									(long long) wanted, (long long) space),
						   pstrdup(_("CALL sl_migrate(), which gives the locks back after each revision, or raise max_locks_per_transaction")));
	else
		sl_preflight_fine(preflight,
						  psprintf(_("room for about %lld locks"),
								   (long long) space));
}
