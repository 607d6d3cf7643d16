/*-------------------------------------------------------------------------
 *
 * hold.c
 *	  Does a requirement hold: objects, and what is simple to find.
 *
 * All by look-ups in the catalog: no relation is opened, so that no lock
 * taken by anybody is waited for.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/status/hold.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "commands/trigger.h"
#include "parser/parse_type.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "common/sl_compat.h"
#include "status/require.h"

static const struct
{
	char		kind;
	const char *word;
}			relation_words[] = {
	{RELKIND_RELATION, "table"},
	{RELKIND_PARTITIONED_TABLE, "table"},
	{RELKIND_VIEW, "view"},
	{RELKIND_MATVIEW, "materialized view"},
	{RELKIND_FOREIGN_TABLE, "foreign table"},
	{RELKIND_SEQUENCE, "sequence"},
	{RELKIND_INDEX, "index"},
	{RELKIND_PARTITIONED_INDEX, "index"},
	{RELKIND_COMPOSITE_TYPE, "composite type"},
};

static const char *
relation_word(char kind)
{
	int			i;

	for (i = 0; i < (int) lengthof(relation_words); i++)
		if (relation_words[i].kind == kind)
			return relation_words[i].word;
	return "relation";
}

static const char *
identity(const SlRequirement *requirement)
{
	return quote_qualified_identifier(requirement->schema,
									  requirement->object);
}

/* The OID of schema and relation; InvalidOid if either is missing. */
static Oid
find_relation(const SlRequirement *requirement)
{
	Oid			schema = get_namespace_oid(requirement->schema, true);

	return OidIsValid(schema) ?
		get_relname_relid(requirement->object, schema) : InvalidOid;
}

/*
 * The table, or whatever has columns, that the requirement is about;
 * InvalidOid if it is missing.
 */
Oid
sl_required_table(const SlRequirement *requirement, StringInfo why)
{
	Oid			relid = find_relation(requirement);

	if (!OidIsValid(relid))
		appendStringInfo(why, "table %s is missing", identity(requirement));
	return relid;
}

/* table, view, materialized view, foreign table, sequence */
bool
sl_holds_relation(const SlRequirement *requirement, StringInfo why)
{
	Oid			relid = find_relation(requirement);
	char		kind = OidIsValid(relid) ? get_rel_relkind(relid) : '\0';

	if (kind == '\0')
		appendStringInfo(why, "%s %s is missing", requirement->form->words,
						 identity(requirement));
	else if (strchr(requirement->form->detail, kind) == NULL)
		appendStringInfo(why, "%s is a %s, not a %s", identity(requirement),
						 relation_word(kind), requirement->form->words);
	else
		return true;
	return false;
}

bool
sl_holds_schema(const SlRequirement *requirement, StringInfo why)
{
	if (OidIsValid(get_namespace_oid(requirement->object, true)))
		return true;
	appendStringInfo(why, "schema %s is missing",
					 quote_identifier(requirement->object));
	return false;
}

bool
sl_holds_extension(const SlRequirement *requirement, StringInfo why)
{
	if (OidIsValid(get_extension_oid(requirement->object, true)))
		return true;
	appendStringInfo(why, "extension %s is missing",
					 quote_identifier(requirement->object));
	return false;
}

/* The type's OID and its typtype; a shell counts as missing. */
static Oid
find_type(const SlRequirement *requirement, char *typtype)
{
	Oid			schema = get_namespace_oid(requirement->schema, true);
	HeapTuple	tuple;
	Oid			type = InvalidOid;

	tuple = SearchSysCache2(TYPENAMENSP,
							CStringGetDatum(requirement->object),
							ObjectIdGetDatum(schema));
	if (HeapTupleIsValid(tuple))
	{
		Form_pg_type form = (Form_pg_type) GETSTRUCT(tuple);

		if (form->typisdefined)
		{
			type = form->oid;
			*typtype = form->typtype;
		}
		ReleaseSysCache(tuple);
	}
	return type;
}

/* type, domain */
bool
sl_holds_type(const SlRequirement *requirement, StringInfo why)
{
	const char *wanted = requirement->form->detail;
	char		typtype = '\0';

	if (!OidIsValid(find_type(requirement, &typtype)))
		appendStringInfo(why, "%s %s is missing", requirement->form->words,
						 identity(requirement));
	else if (*wanted != '\0' && typtype != *wanted)
		appendStringInfo(why, "type %s is not a %s", identity(requirement),
						 requirement->form->words);
	else
		return true;
	return false;
}

/* The labels of an enum in their order. */
static List *
enum_labels(Oid type)
{
	Relation	rel = table_open(EnumRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *labels = NIL;

	ScanKeyInit(&key, Anum_pg_enum_enumtypid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(type));
	scan = systable_beginscan(rel, EnumTypIdSortOrderIndexId, true, NULL, 1,
							  &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_enum form = (Form_pg_enum) GETSTRUCT(tuple);

		labels = lappend(labels, pstrdup(NameStr(form->enumlabel)));
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return labels;
}

/*
 * enum t ('a', 'b'): has these labels in this order.  One more is no harm to
 * who needs those.
 */
bool
sl_holds_enum(const SlRequirement *requirement, StringInfo why)
{
	CreateEnumStmt *statement = (CreateEnumStmt *) requirement->tree;
	char		typtype = '\0';
	Oid			type = find_type(requirement, &typtype);
	List	   *labels;
	ListCell   *wanted;
	ListCell   *cell;

	if (!OidIsValid(type) || typtype != TYPTYPE_ENUM)
	{
		appendStringInfo(why, "enum %s is missing", identity(requirement));
		return false;
	}
	labels = enum_labels(type);
	cell = list_head(labels);
	foreach(wanted, statement->vals)
	{
		while (cell != NULL &&
			   strcmp(lfirst(cell), strVal(lfirst(wanted))) != 0)
			cell = lnext(labels, cell);
		if (cell == NULL)
		{
			appendStringInfo(why, "enum %s: label \"%s\" is missing, or not in its place",
							 identity(requirement), strVal(lfirst(wanted)));
			return false;
		}
		cell = lnext(labels, cell);
	}
	return true;
}

/*
 * What type a name means.  The input function of its modifiers runs, which
 * is written in C: it could take no cstring otherwise.
 */
Oid
sl_required_type(const TypeName *name, int32 *typmod, StringInfo why)
{
	Type		tuple = LookupTypeName(NULL, name, typmod, true);
	Oid			type = InvalidOid;

	if (tuple == NULL)
		appendStringInfo(why, "type %s is missing", TypeNameToString(name));
	else
	{
		if (((Form_pg_type) GETSTRUCT(tuple))->typisdefined)
			type = ((Form_pg_type) GETSTRUCT(tuple))->oid;
		else
			appendStringInfo(why, "type %s is only a shell",
							 TypeNameToString(name));
		ReleaseSysCache(tuple);
	}
	return type;
}

/* function f(int), procedure, aggregate */
bool
sl_holds_routine(const SlRequirement *requirement, StringInfo why)
{
	ObjectWithArgs *object = (ObjectWithArgs *) requirement->tree;
	const char *words = requirement->form->words;
	int			count = list_length(object->objargs);
	Oid		   *types = palloc_array(Oid, Max(count, 1));
	oidvector  *vector;
	Oid			schema;
	ListCell   *cell;
	HeapTuple	tuple;
	Form_pg_proc form;
	bool		holds = false;
	int			i = 0;

	foreach(cell, object->objargs)
	{
		int32		typmod;

		types[i] = sl_required_type(lfirst_node(TypeName, cell), &typmod,
									why);
		if (!OidIsValid(types[i++]))
			return false;
	}
	vector = buildoidvector(types, count);
	schema = get_namespace_oid(requirement->schema, true);
	tuple = SearchSysCache3(PROCNAMEARGSNSP,
							CStringGetDatum(requirement->object),
							PointerGetDatum(vector),
							ObjectIdGetDatum(schema));
	if (!HeapTupleIsValid(tuple))
	{
		appendStringInfo(why, "%s %s is missing", words, requirement->text +
						 strlen(words) + 1);
		return false;
	}
	form = (Form_pg_proc) GETSTRUCT(tuple);
	if (strchr(requirement->form->detail, form->prokind) == NULL)
		appendStringInfo(why, "%s is not a %s", identity(requirement), words);
	else if (requirement->result != NULL)
	{
		int32		typmod;
		Oid			result = sl_required_type(requirement->result, &typmod,
											  why);

		if (OidIsValid(result) && (result != form->prorettype ||
								   requirement->result->setof !=
								   form->proretset))
			appendStringInfo(why, "%s %s: result expected %s%s, actual %s%s",
							 words, identity(requirement),
							 requirement->result->setof ? "SETOF " : "",
							 format_type_be(result),
							 form->proretset ? "SETOF " : "",
							 format_type_be(form->prorettype));
		else
			holds = OidIsValid(result);
	}
	else
		holds = true;
	ReleaseSysCache(tuple);
	return holds;
}

/*
 * The row of a catalog that hangs on a table and has a name, copied; NULL if
 * there is none.  'index' is on both columns.
 */
static HeapTuple
find_member(Oid catalog, Oid index, AttrNumber owner, AttrNumber name,
			Oid relid, const char *wanted)
{
	Relation	rel = table_open(catalog, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], owner, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	ScanKeyInit(&keys[1], name, BTEqualStrategyNumber, F_NAMEEQ,
				CStringGetDatum(wanted));
	scan = systable_beginscan(rel, index, true, NULL, 2, keys);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		tuple = heap_copytuple(tuple);
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return tuple;
}

/* trigger name on t: there, and enabled */
bool
sl_holds_trigger(const SlRequirement *requirement, StringInfo why)
{
	Oid			relid = sl_required_table(requirement, why);
	HeapTuple	tuple;
	Form_pg_trigger form;

	if (!OidIsValid(relid))
		return false;
	tuple = find_member(TriggerRelationId, TriggerRelidNameIndexId,
						Anum_pg_trigger_tgrelid, Anum_pg_trigger_tgname,
						relid, requirement->name);
	form = HeapTupleIsValid(tuple) ? (Form_pg_trigger) GETSTRUCT(tuple) :
		NULL;
	if (form == NULL || form->tgisinternal)
		appendStringInfo(why, "trigger %s.%s is missing",
						 identity(requirement),
						 quote_identifier(requirement->name));
	else if (form->tgenabled != TRIGGER_FIRES_ON_ORIGIN &&
			 form->tgenabled != TRIGGER_FIRES_ALWAYS)
		appendStringInfo(why, "trigger %s.%s is not enabled",
						 identity(requirement),
						 quote_identifier(requirement->name));
	else
		return true;
	return false;
}

/* policy name on t */
bool
sl_holds_policy(const SlRequirement *requirement, StringInfo why)
{
	Oid			relid = sl_required_table(requirement, why);

	if (!OidIsValid(relid))
		return false;
	if (HeapTupleIsValid(find_member(PolicyRelationId,
									 PolicyPolrelidPolnameIndexId,
									 Anum_pg_policy_polrelid,
									 Anum_pg_policy_polname, relid,
									 requirement->name)))
		return true;
	appendStringInfo(why, "policy %s.%s is missing", identity(requirement),
					 quote_identifier(requirement->name));
	return false;
}

/* row security t */
bool
sl_holds_row_security(const SlRequirement *requirement, StringInfo why)
{
	Oid			relid = sl_required_table(requirement, why);
	HeapTuple	tuple;
	bool		enabled = false;

	if (!OidIsValid(relid))
		return false;
	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	if (HeapTupleIsValid(tuple))
	{
		enabled = ((Form_pg_class) GETSTRUCT(tuple))->relrowsecurity;
		ReleaseSysCache(tuple);
	}
	if (!enabled)
		appendStringInfo(why, "table %s: row_security expected true, actual false",
						 identity(requirement));
	return enabled;
}
