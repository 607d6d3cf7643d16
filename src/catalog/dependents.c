/*-------------------------------------------------------------------------
 *
 * dependents.c
 *	  What hangs together with what, for the trace.
 *
 * Many rows of the catalog are no facts of their own: a default is its
 * column's, the index of a constraint the constraint's, a label its enum's.
 * And the text of a fact has the names of others in it, so that a rename
 * changes it, too.  What those are is known from pg_depend.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/dependents.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/dependency.h"
#include "catalog/index.h"
#include "catalog/indexing.h"
#include "catalog/pg_am.h"
#include "catalog/pg_amop.h"
#include "catalog/pg_amproc.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_cast.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_conversion.h"
#include "catalog/pg_default_acl.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_event_trigger.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_foreign_data_wrapper.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_foreign_table.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_language.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_opfamily.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_publication.h"
#include "catalog/pg_publication_namespace.h"
#include "catalog/pg_publication_rel.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_statistic_ext.h"
#include "catalog/pg_subscription.h"
#include "catalog/pg_transform.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_ts_config.h"
#include "catalog/pg_ts_config_map.h"
#include "catalog/pg_ts_dict.h"
#include "catalog/pg_ts_parser.h"
#include "catalog/pg_ts_template.h"
#include "catalog/pg_type.h"
#include "catalog/pg_user_mapping.h"
#include "miscadmin.h"
#include "rewrite/rewriteSupport.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "catalog/catalog_private.h"

/* The classes whose objects are facts; 'member': of extensions, too. */
static const struct
{
	Oid			catalog;
	bool		member;
}			fact_classes[] = {
	{RelationRelationId, false},
	{ConstraintRelationId, false},
	{TypeRelationId, true},
	{ProcedureRelationId, true},
	{TriggerRelationId, false},
	{PolicyRelationId, false},
	{RewriteRelationId, false},
	{StatisticExtRelationId, false},
	{NamespaceRelationId, false},
	{ExtensionRelationId, false},
	{LanguageRelationId, true},
	{AccessMethodRelationId, true},
	{CollationRelationId, false},
	{ConversionRelationId, false},
	{OperatorRelationId, true},
	{OperatorFamilyRelationId, true},
	{OperatorClassRelationId, true},
	{CastRelationId, true},
	{TransformRelationId, false},
	{TSParserRelationId, true},
	{TSTemplateRelationId, true},
	{TSDictionaryRelationId, true},
	{TSConfigRelationId, true},
	{EventTriggerRelationId, false},
	{ForeignDataWrapperRelationId, false},
	{ForeignServerRelationId, false},
	{UserMappingRelationId, false},
	{PublicationRelationId, false},
	{SubscriptionRelationId, false},
	{DefaultAclRelationId, false},
};

bool
sl_has_facts(Oid catalog)
{
	int			i;

	for (i = 0; i < (int) lengthof(fact_classes); i++)
		if (fact_classes[i].catalog == catalog)
			return true;
	return false;
}

/* Is what an extension's script makes of this class always the extension's? */
bool
sl_can_be_member(Oid catalog)
{
	int			i;

	for (i = 0; i < (int) lengthof(fact_classes); i++)
		if (fact_classes[i].catalog == catalog)
			return fact_classes[i].member;
	return false;
}

/*
 * The row with this OID, a copy; NULL for none.  With SnapshotSelf, also one
 * that the current command has made.
 */
static HeapTuple
fetch_row(Oid catalog, Oid index, AttrNumber key, Oid oid, Snapshot snapshot)
{
	Relation	relation = table_open(catalog, AccessShareLock);
	ScanKeyData keys[1];
	SysScanDesc rows;
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], key, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(oid));
	rows = systable_beginscan(relation, index, true, snapshot, 1, keys);
	tuple = systable_getnext(rows);
	if (HeapTupleIsValid(tuple))
		tuple = heap_copytuple(tuple);
	systable_endscan(rows);
	table_close(relation, AccessShareLock);
	return tuple;
}

/* An index counts as itself, or as the constraint that it belongs to. */
static bool
relation_carrier(ObjectAddress *address, Snapshot snapshot)
{
	HeapTuple	tuple;
	Form_pg_class form;
	Oid			other;
	int32		column;
	bool		result = true;

	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(address->objectId));
	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_class) GETSTRUCT(tuple);
	if (form->relpersistence == RELPERSISTENCE_TEMP ||
		form->relkind == RELKIND_TOASTVALUE ||
		form->relnamespace == PG_CATALOG_NAMESPACE)
		result = false;
	else if (form->relkind == RELKIND_INDEX ||
			 form->relkind == RELKIND_PARTITIONED_INDEX)
	{
		other = get_index_constraint(address->objectId);
		if (OidIsValid(other))
			ObjectAddressSet(*address, ConstraintRelationId, other);
		else
			address->objectSubId = 0;
	}
	else if (form->relkind == RELKIND_SEQUENCE)
	{
		address->objectSubId = 0;
		if (sequenceIsOwned(address->objectId, DEPENDENCY_INTERNAL, &other,
							&column))
			ObjectAddressSubSet(*address, RelationRelationId, other, column);
	}
	ReleaseSysCache(tuple);
	return result;
}

static bool
type_carrier(ObjectAddress *address, Snapshot snapshot)
{
	HeapTuple	tuple;
	Form_pg_type form;
	bool		result = true;

	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(address->objectId));
	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_type) GETSTRUCT(tuple);
	if (form->typtype == TYPTYPE_COMPOSITE)
	{
		ObjectAddressSet(*address, RelationRelationId, form->typrelid);
		result = relation_carrier(address, snapshot);
	}
	ReleaseSysCache(tuple);
	return result;
}

static bool
constraint_carrier(ObjectAddress *address, Snapshot snapshot)
{
	HeapTuple	tuple;
	Form_pg_constraint form;
	ObjectAddress owner;
	bool		result = true;

	tuple = fetch_row(ConstraintRelationId, ConstraintOidIndexId,
					  Anum_pg_constraint_oid, address->objectId, snapshot);
	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_constraint) GETSTRUCT(tuple);
	if (OidIsValid(form->conrelid))
	{
		ObjectAddressSet(owner, RelationRelationId, form->conrelid);
		result = relation_carrier(&owner, snapshot);
#if PG_VERSION_NUM >= 180000
		if (result && form->contype == CONSTRAINT_NOTNULL)
			ObjectAddressSubSet(*address, RelationRelationId, form->conrelid,
								extractNotNullColumn(tuple));
#endif
	}
	heap_freetuple(tuple);
	return result;
}

#if PG_VERSION_NUM >= 180000
/* Is the constraint, which may just have been made, a NOT NULL? */
bool
sl_is_not_null(Oid constraint)
{
	HeapTuple	tuple = fetch_row(ConstraintRelationId, ConstraintOidIndexId,
								  Anum_pg_constraint_oid, constraint,
								  SnapshotSelf);

	return HeapTupleIsValid(tuple) &&
		((Form_pg_constraint) GETSTRUCT(tuple))->contype == CONSTRAINT_NOTNULL;
}
#endif

static bool
default_carrier(ObjectAddress *address, Snapshot snapshot)
{
	HeapTuple	tuple = fetch_row(AttrDefaultRelationId, AttrDefaultOidIndexId,
								  Anum_pg_attrdef_oid, address->objectId,
								  snapshot);
	Form_pg_attrdef form;
	AttrNumber	column;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_attrdef) GETSTRUCT(tuple);
	column = form->adnum;
	ObjectAddressSet(*address, RelationRelationId, form->adrelid);
	heap_freetuple(tuple);
	if (!relation_carrier(address, snapshot))
		return false;
	address->objectSubId = column;
	return true;
}

/* The rule of a view is the view. */
static bool
rule_carrier(ObjectAddress *address, Snapshot snapshot)
{
	HeapTuple	tuple = fetch_row(RewriteRelationId, RewriteOidIndexId,
								  Anum_pg_rewrite_oid, address->objectId,
								  snapshot);
	Form_pg_rewrite form;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_rewrite) GETSTRUCT(tuple);
	if (strcmp(NameStr(form->rulename), ViewSelectRuleName) == 0)
		ObjectAddressSet(*address, RelationRelationId, form->ev_class);
	heap_freetuple(tuple);
	return address->classId != RelationRelationId ||
		relation_carrier(address, snapshot);
}

static bool
amop_carrier(ObjectAddress *address, Snapshot snapshot)
{
	HeapTuple	tuple = fetch_row(AccessMethodOperatorRelationId,
								  AccessMethodOperatorOidIndexId,
								  Anum_pg_amop_oid, address->objectId,
								  snapshot);

	if (!HeapTupleIsValid(tuple))
		return false;
	ObjectAddressSet(*address, OperatorFamilyRelationId,
					 ((Form_pg_amop) GETSTRUCT(tuple))->amopfamily);
	return true;
}

static bool
amproc_carrier(ObjectAddress *address, Snapshot snapshot)
{
	HeapTuple	tuple = fetch_row(AccessMethodProcedureRelationId,
								  AccessMethodProcedureOidIndexId,
								  Anum_pg_amproc_oid, address->objectId,
								  snapshot);

	if (!HeapTupleIsValid(tuple))
		return false;
	ObjectAddressSet(*address, OperatorFamilyRelationId,
					 ((Form_pg_amproc) GETSTRUCT(tuple))->amprocfamily);
	return true;
}

static bool
published_table_carrier(ObjectAddress *address, Snapshot snapshot)
{
	HeapTuple	tuple = fetch_row(PublicationRelRelationId,
								  PublicationRelObjectIndexId,
								  Anum_pg_publication_rel_oid,
								  address->objectId, snapshot);

	if (!HeapTupleIsValid(tuple))
		return false;
	ObjectAddressSet(*address, PublicationRelationId,
					 ((Form_pg_publication_rel) GETSTRUCT(tuple))->prpubid);
	return true;
}

static bool
published_schema_carrier(ObjectAddress *address, Snapshot snapshot)
{
	HeapTuple	tuple = fetch_row(PublicationNamespaceRelationId,
								  PublicationNamespaceObjectIndexId,
								  Anum_pg_publication_namespace_oid,
								  address->objectId, snapshot);
	Form_pg_publication_namespace form;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_publication_namespace) GETSTRUCT(tuple);
	ObjectAddressSet(*address, PublicationRelationId, form->pnpubid);
	return true;
}

/* Addresses by the OID of the relation, the index or the configuration. */
static bool
relation_row_carrier(ObjectAddress *address, Snapshot snapshot)
{
	ObjectAddressSet(*address, RelationRelationId, address->objectId);
	return relation_carrier(address, snapshot);
}

static bool
ts_map_carrier(ObjectAddress *address, Snapshot snapshot)
{
	ObjectAddressSet(*address, TSConfigRelationId, address->objectId);
	return true;
}

static const struct
{
	Oid			catalog;
	bool		(*find) (ObjectAddress *address, Snapshot snapshot);
}			carriers[] = {
	{RelationRelationId, relation_carrier},
	{ConstraintRelationId, constraint_carrier},
	{TypeRelationId, type_carrier},
	{AttrDefaultRelationId, default_carrier},
	{RewriteRelationId, rule_carrier},
	{IndexRelationId, relation_row_carrier},
	{InheritsRelationId, relation_row_carrier},
	{ForeignTableRelationId, relation_row_carrier},
	{AccessMethodOperatorRelationId, amop_carrier},
	{AccessMethodProcedureRelationId, amproc_carrier},
	{PublicationRelRelationId, published_table_carrier},
	{PublicationNamespaceRelationId, published_schema_carrier},
	{TSConfigMapRelationId, ts_map_carrier},
};

/*
 * The address whose fact shows this object.  False: there is none, or it is
 * nobody's business.
 */
bool
sl_carrier(ObjectAddress *address, Snapshot snapshot)
{
	int			i;

	for (i = 0; i < (int) lengthof(carriers); i++)
		if (carriers[i].catalog == address->classId)
			return carriers[i].find(address, snapshot);
	return sl_has_facts(address->classId);
}

/* When it is dropped, does what shows it go, too? */
bool
sl_goes_with(Oid catalog, const ObjectAddress *carrier)
{
	return catalog == TypeRelationId || catalog == RewriteRelationId ||
		(catalog == RelationRelationId &&
		 carrier->classId == ConstraintRelationId);
}

/* The relation with which an object is read. */
bool
sl_owner(const ObjectAddress *address, ObjectAddress *owner)
{
	Oid			relid = InvalidOid;

	if (address->classId == RelationRelationId)
	{
		if (address->objectSubId != 0)
			relid = address->objectId;
		else
		{
			char		kind = get_rel_relkind(address->objectId);

			if (kind == RELKIND_INDEX || kind == RELKIND_PARTITIONED_INDEX)
				relid = IndexGetRelation(address->objectId, true);
		}
	}
	else if (address->classId == ConstraintRelationId)
	{
		HeapTuple	tuple;

		tuple = SearchSysCache1(CONSTROID,
								ObjectIdGetDatum(address->objectId));
		if (HeapTupleIsValid(tuple))
		{
			relid = ((Form_pg_constraint) GETSTRUCT(tuple))->conrelid;
			ReleaseSysCache(tuple);
		}
	}
	ObjectAddressSet(*owner, RelationRelationId, relid);
	return OidIsValid(relid);
}

void
sl_add_target(List **targets, Oid catalog, Oid object, int sub, bool deep)
{
	SlTarget   *target = palloc_object(SlTarget);

	ObjectAddressSubSet(target->address, catalog, object, sub);
	target->deep = deep;
	target->columns = false;
	*targets = lappend(*targets, target);
}

/*
 * Objects that name this one, and change with it, though nothing depends on
 * anything there: the commutator and the negator of an operator, and the table
 * whose rows an index identifies.
 */
void
sl_add_partners(List **targets, const ObjectAddress *object)
{
	HeapTuple	tuple;

	if (object->classId == OperatorRelationId)
	{
		Form_pg_operator form;

		tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(object->objectId));
		if (!HeapTupleIsValid(tuple))
			return;
		form = (Form_pg_operator) GETSTRUCT(tuple);
		if (OidIsValid(form->oprcom) && form->oprcom != object->objectId)
			sl_add_target(targets, OperatorRelationId, form->oprcom, 0, false);
		if (OidIsValid(form->oprnegate) && form->oprnegate != object->objectId)
			sl_add_target(targets, OperatorRelationId, form->oprnegate, 0,
						  false);
		ReleaseSysCache(tuple);
	}
	else if (object->classId == RelationRelationId &&
			 object->objectSubId == 0)
	{
		Form_pg_index form;

		tuple = SearchSysCache1(INDEXRELID,
								ObjectIdGetDatum(object->objectId));
		if (!HeapTupleIsValid(tuple))
			return;
		form = (Form_pg_index) GETSTRUCT(tuple);
		if (form->indisreplident)
			sl_add_target(targets, RelationRelationId, form->indrelid, 0,
						  false);
		ReleaseSysCache(tuple);
	}
}

/*
 * Does a stored query give names to columns that depend on which others there
 * are?  It does where it merges columns of a join, lists aliases of columns,
 * or names a join.
 */
static bool
has_column_aliases(const char *tree)
{
	const char *p;

	if (strstr(tree, " :usingClause (") != NULL)
		return true;
	for (p = tree; (p = strstr(p, " :alias {ALIAS ")) != NULL; p++)
	{
		const char *names = strstr(p, " :colnames ");
		const char *kind = strstr(p, " :rtekind ");

		if (names == NULL || names[11] == '(' ||
			kind == NULL || kind[10] == '2')
			return true;
	}
	return false;
}

/* The same of an attribute of a row; one that is not there has none. */
static bool
may_have_aliases(Oid catalog, Oid index, AttrNumber key, Oid oid,
				 AttrNumber attribute)
{
	Relation	relation = table_open(catalog, AccessShareLock);
	HeapTuple	tuple = fetch_row(catalog, index, key, oid, NULL);
	Datum		tree;
	bool		isnull = true;
	bool		result = false;

	if (HeapTupleIsValid(tuple))
		tree = heap_getattr(tuple, attribute, RelationGetDescr(relation),
							&isnull);
	if (!isnull)
	{
		char	   *nodes = TextDatumGetCString(tree);

		result = has_column_aliases(nodes);
		pfree(nodes);
	}
	table_close(relation, AccessShareLock);
	return result;
}

/* Is it a query that a change of any of its columns may change the text of? */
static bool
is_sensitive(Oid catalog, Oid object)
{
	if (catalog == RewriteRelationId)
		return may_have_aliases(catalog, RewriteOidIndexId,
								Anum_pg_rewrite_oid, object,
								Anum_pg_rewrite_ev_action);
	if (catalog == ProcedureRelationId)
		return may_have_aliases(catalog, ProcedureOidIndexId,
								Anum_pg_proc_oid, object,
								Anum_pg_proc_prosqlbody);
	return catalog == PolicyRelationId;
}

/*
 * Queries that read a relation, and whose text a new column of it, or one that
 * is dropped, may change; with a column, also all that depends on that.
 */
void
sl_add_readers(List **targets, Oid relid, AttrNumber column)
{
	Relation	catalog = table_open(DependRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc rows;
	HeapTuple	tuple;
	ObjectAddress last = InvalidObjectAddress;

	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(RelationRelationId));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(relid));
	rows = systable_beginscan(catalog, DependReferenceIndexId, true, NULL, 2,
							  keys);
	while (HeapTupleIsValid(tuple = systable_getnext(rows)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);
		ObjectAddress address;

		ObjectAddressSubSet(address, form->classid, form->objid,
							form->objsubid);
		if (address.classId == last.classId &&
			address.objectId == last.objectId &&
			address.objectSubId == last.objectSubId)
			continue;
		if ((column == InvalidAttrNumber || form->refobjsubid != column) &&
			!is_sensitive(form->classid, form->objid))
			continue;
		last = address;
		if (sl_carrier(&address, NULL) && address.objectId != relid)
			sl_add_target(targets, address.classId, address.objectId,
						  address.objectSubId, false);
	}
	systable_endscan(rows);
	table_close(catalog, AccessShareLock);
}

/* A walk over what depends on something. */
typedef struct Walk
{
	HTAB	   *met;			/* ObjectAddress */
	List	   *work;			/* ObjectAddress *, whose names change */
	List	  **targets;
} Walk;

static bool
meet(Walk *walk, const ObjectAddress *address)
{
	bool		found;

	(void) hash_search(walk->met, address, HASH_ENTER, &found);
	return !found;
}

/* Its name changes: so does what depends on it. */
static void
add_work(Walk *walk, Oid catalog, Oid object)
{
	ObjectAddress address;

	if (!OidIsValid(object))
		return;
	ObjectAddressSet(address, catalog, object);
	if (meet(walk, &address))
	{
		ObjectAddress *work = palloc_object(ObjectAddress);

		*work = address;
		walk->work = lappend(walk->work, work);
	}
}

static void
add_depender(Walk *walk, Form_pg_depend form)
{
	ObjectAddress address;

	ObjectAddressSubSet(address, form->classid, form->objid, form->objsubid);
	/* types of arguments are part of the name */
	if (form->classid == ProcedureRelationId ||
		form->classid == OperatorRelationId ||
		(form->classid == RelationRelationId && form->objsubid == 0 &&
		 get_rel_relkind(form->objid) == RELKIND_SEQUENCE))
	{
		add_work(walk, form->classid, form->objid);
		return;
	}
	if (!sl_carrier(&address, NULL) || !meet(walk, &address))
		return;
	sl_add_target(walk->targets, address.classId, address.objectId,
				  address.objectSubId, false);
	if (address.classId == OperatorClassRelationId)
	{
		Datum		oid = ObjectIdGetDatum(address.objectId);
		HeapTuple	tuple = SearchSysCache1(CLAOID, oid);

		if (!HeapTupleIsValid(tuple))
			return;
		sl_add_target(walk->targets, OperatorFamilyRelationId,
					  ((Form_pg_opclass) GETSTRUCT(tuple))->opcfamily, 0,
					  false);
		ReleaseSysCache(tuple);
	}
}

/* The types that share the name of a type or of a relation. */
static void
add_types(Walk *walk, const ObjectAddress *object)
{
	if (object->classId == RelationRelationId)
		add_work(walk, TypeRelationId, get_rel_type_id(object->objectId));
	else if (object->classId == TypeRelationId)
	{
		Oid			range = get_multirange_range(object->objectId);

		add_work(walk, TypeRelationId, get_array_type(object->objectId));
		if (OidIsValid(range))
			sl_add_target(walk->targets, TypeRelationId, range, 0, false);
	}
}

static void
walk_object(Walk *walk, const ObjectAddress *object)
{
	ObjectAddress carrier = *object;
	Relation	catalog;
	ScanKeyData keys[2];
	SysScanDesc rows;
	HeapTuple	tuple;

	if (sl_carrier(&carrier, NULL))
		sl_add_target(walk->targets, carrier.classId, carrier.objectId,
					  carrier.objectSubId,
					  carrier.objectSubId == 0 &&
					  (carrier.classId == RelationRelationId ||
					   carrier.classId == TypeRelationId));
	sl_add_partners(walk->targets, object);
	add_types(walk, object);

	catalog = table_open(DependRelationId, AccessShareLock);
	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(object->classId));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(object->objectId));
	rows = systable_beginscan(catalog, DependReferenceIndexId, true, NULL, 2,
							  keys);
	while (HeapTupleIsValid(tuple = systable_getnext(rows)))
		add_depender(walk, (Form_pg_depend) GETSTRUCT(tuple));
	systable_endscan(rows);
	table_close(catalog, AccessShareLock);
}

/*
 * An object, and everything whose text has its name in it.  False: the server
 * does not keep account of what depends on it.
 */
bool
sl_add_dependents(List **targets, Oid catalog, Oid object)
{
	HASHCTL		ctl;
	Walk		walk;

	if (object < FirstNormalObjectId)
		return false;
	ctl.keysize = sizeof(ObjectAddress);
	ctl.entrysize = sizeof(ObjectAddress);
	ctl.hcxt = CurrentMemoryContext;
	walk.met = hash_create("schema_lifecycle dependents", 64, &ctl,
						   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	walk.work = NIL;
	walk.targets = targets;
	add_work(&walk, catalog, object);
	while (walk.work != NIL)
	{
		ObjectAddress *next = linitial(walk.work);

		CHECK_FOR_INTERRUPTS();
		walk.work = list_delete_first(walk.work);
		walk_object(&walk, next);
	}
	hash_destroy(walk.met);
	return true;
}
