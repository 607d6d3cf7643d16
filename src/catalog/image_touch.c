/*-------------------------------------------------------------------------
 *
 * image_touch.c
 *	  Whose facts may have changed when an object did?
 *
 * The text of an object has names in it that belong to others: a renamed
 * column changes views, checks, foreign keys, policies, defaults and indexes,
 * none of whose own rows move.  pg_depend knows them all, as they could not
 * be dropped otherwise.  What it does not know of (objects of the system, the
 * default operator class of a type, commutators) makes witness.c ask for all.
 *
 * An object may also be part of what has the fact: the index of a constraint,
 * the sequence of an identity column, the rule of a view, the default of a
 * column.  Those are internal dependencies, followed the other way.
 *
 * Rather one too many is described again than one too few.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/image_touch.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/pg_amop.h"
#include "catalog/pg_amproc.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_publication.h"
#include "catalog/pg_publication_namespace.h"
#include "catalog/pg_publication_rel.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "catalog/image_private.h"

/* In the current memory context. */
void
sl_touched_init(SlMovedSet *set)
{
	HASHCTL		ctl;

	memset(set, 0, sizeof(*set));
	set->cxt = CurrentMemoryContext;
	ctl.keysize = sizeof(ObjectAddress);
	ctl.entrysize = sizeof(SlMoved);
	ctl.hcxt = set->cxt;
	set->table = hash_create("touched objects", 64, &ctl,
							 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

void
sl_touch(SlMovedSet *set, Oid class, Oid object, int sub, int flags)
{
	ObjectAddress address;
	SlMoved  *touched;
	MemoryContext before;
	bool		found;

	ObjectAddressSubSet(address, class, object, sub);
	touched = hash_search(set->table, &address, HASH_ENTER, &found);
	if (!found)
	{
		touched->flags = 0;
		touched->forward = touched->backward = touched->seen = false;
	}
	else if ((touched->flags & flags) == flags)
		return;
	touched->flags |= flags;
	before = MemoryContextSwitchTo(set->cxt);
	set->queue = lappend(set->queue, touched);
	MemoryContextSwitchTo(before);
}

/* Is it but a part of its owner, which has the fact? */
static bool
is_part(Oid class)
{
	return class == AttrDefaultRelationId ||
		class == AccessMethodOperatorRelationId ||
		class == AccessMethodProcedureRelationId ||
		class == OperatorClassRelationId ||
		class == PublicationRelRelationId ||
		class == PublicationNamespaceRelationId;
}

/* What the object is part of. */
static void
touch_owners(SlMovedSet *set, Relation depend, const SlMoved *touched,
			 Snapshot snapshot)
{
	const ObjectAddress *address = &touched->address;
	bool		automatic = is_part(address->classId);
	ScanKeyData keys[2];
	SysScanDesc rows;
	HeapTuple	tuple;

	/* the index that identifies the rows of a table is named there */
	if ((address->classId == RelationRelationId ||
		 address->classId == ConstraintRelationId) &&
		(touched->flags & SL_TOUCH_SPREAD))
		automatic = true;
	/* a composite type has its comment, and its relation the fact */
	if (address->classId == TypeRelationId)
	{
		Oid			relid = get_typ_typrelid(address->objectId);

		if (OidIsValid(relid))
			sl_touch(set, RelationRelationId, relid, 0,
					 SL_TOUCH_DESCRIBE | (touched->flags & SL_TOUCH_DEEP));
	}
	ScanKeyInit(&keys[0], Anum_pg_depend_classid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(address->classId));
	ScanKeyInit(&keys[1], Anum_pg_depend_objid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(address->objectId));
	rows = systable_beginscan(depend, DependDependerIndexId, true, snapshot,
							  2, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(rows)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);

		if (form->deptype == DEPENDENCY_INTERNAL ||
			(automatic && form->deptype == DEPENDENCY_AUTO))
		{
			sl_touch(set, form->refclassid, form->refobjid,
					 form->refobjsubid, SL_TOUCH_DESCRIBE);
			if (form->refclassid == RelationRelationId &&
				form->refobjsubid != 0)
				sl_touch(set, form->refclassid, form->refobjid, 0,
						 SL_TOUCH_DESCRIBE);
		}
	}
	systable_endscan(rows);
}

/* Operators name each other, and depend on each other in nothing. */
static void
touch_partners(SlMovedSet *set, const SlMoved *touched)
{
	Oid			oper = touched->address.objectId;
	Oid			partner;

	if (touched->address.classId != OperatorRelationId)
		return;
	partner = get_commutator(oper);
	if (OidIsValid(partner))
		sl_touch(set, OperatorRelationId, partner, 0, SL_TOUCH_DESCRIBE);
	partner = get_negator(oper);
	if (OidIsValid(partner))
		sl_touch(set, OperatorRelationId, partner, 0, SL_TOUCH_DESCRIBE);
}

/* Those that may mention the object. */
static void
touch_dependents(SlMovedSet *set, Relation depend,
				 const SlMoved *touched, Snapshot snapshot)
{
	ScanKeyData keys[2];
	SysScanDesc rows;
	HeapTuple	tuple;

	/* members have nothing of their extension in them */
	if (touched->address.classId == ExtensionRelationId)
		return;
	touch_partners(set, touched);
	/* constants of a composite type are written as it is made */
	if (touched->address.classId == RelationRelationId)
	{
		Oid			type = get_rel_type_id(touched->address.objectId);

		if (OidIsValid(type))
			sl_touch(set, TypeRelationId, type, 0,
					 SL_TOUCH_DESCRIBE | SL_TOUCH_SPREAD);
	}
	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(touched->address.classId));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(touched->address.objectId));
	rows = systable_beginscan(depend, DependReferenceIndexId, true, snapshot,
							  2, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(rows)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);
		int			flags = SL_TOUCH_DESCRIBE;

		/*
		 * Arrays, domains and rows of it have names made of its own; the
		 * names of functions and operators have types in them.
		 */
		if (form->classid == TypeRelationId ||
			form->classid == ProcedureRelationId ||
			form->classid == OperatorRelationId || set->spread_on)
			flags |= SL_TOUCH_SPREAD;
		sl_touch(set, form->classid, form->objid, form->objsubid, flags);
	}
	systable_endscan(rows);
}

/* Add all whose facts may have changed. */
void
sl_touched_close(SlMovedSet *set, Snapshot snapshot)
{
	Relation	depend = table_open(DependRelationId, AccessShareLock);

	while (set->queue != NIL)
	{
		List	   *queue = set->queue;
		ListCell   *cell;

		set->queue = NIL;
		foreach(cell, queue)
		{
			SlMoved  *touched = lfirst(cell);

			CHECK_FOR_INTERRUPTS();
			if (touched->flags == SL_TOUCH_REMOVE)
				continue;
			if (!touched->forward || (touched->flags & SL_TOUCH_SPREAD &&
									  !touched->backward))
			{
				touched->forward = true;
				touch_owners(set, depend, touched, snapshot);
			}
			if ((touched->flags & SL_TOUCH_SPREAD) && !touched->backward)
			{
				touched->backward = true;
				touch_dependents(set, depend, touched, snapshot);
			}
		}
		list_free(queue);
	}
	table_close(depend, AccessShareLock);
}
