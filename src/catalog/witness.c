/*-------------------------------------------------------------------------
 *
 * witness.c
 *	  Which rows of the catalogs moved since they were last seen?
 *
 * A row that is changed gets a new version with the xid of who changed it.
 * So two readings that find the same xmin at the same place have found the
 * same version, and what was made of it the first time holds.
 *
 * - Only rows that are visible to the snapshot count.  Of a row that a
 *   transaction changes several times, others see the last version only, and
 *   an aborted subtransaction's version never; so for others a row and its
 *   xmin say it all, wherever the row is.  Within the transaction itself, the
 *   older versions cannot be removed before it ends, so that their places are
 *   not used again: there it takes the place, too.
 * - Freezing keeps the xmin, and sets a bit that is not looked at.
 * - HOT updates and pruning move line pointers of old versions only; a place
 *   that is used again has a row with another xmin.
 * - VACUUM FULL of a catalog moves all of its rows: all is read again.
 * - Updates in place (statistics, relhasindex, relfrozenxid) change nothing
 *   that a fact says.
 * - An xid comes again after 4 billion of them: image.c does not keep a
 *   witness for longer than half of that.
 * - A scan goes through a catalog in the order of places, and so the rows of
 *   two readings are compared as two sorted lists.
 *
 * What depends on a row is found by its kind.  Where a change could reach
 * objects that nobody can name, or is too rare to deserve better, everything
 * is read again: casts, operators and operator classes decide how other
 * things are written; what belongs to the system has no dependencies; the
 * names of schemas, roles and tablespaces are everywhere.  Of those three,
 * only the name is witnessed here (of schemas, the rest separately).
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/witness.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_am.h"
#include "catalog/pg_amop.h"
#include "catalog/pg_amproc.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_cast.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_conversion.h"
#include "catalog/pg_default_acl.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_description.h"
#include "catalog/pg_enum.h"
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
#include "catalog/pg_partitioned_table.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_publication.h"
#include "catalog/pg_publication_namespace.h"
#include "catalog/pg_publication_rel.h"
#include "catalog/pg_range.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_sequence.h"
#include "catalog/pg_statistic_ext.h"
#include "catalog/pg_subscription.h"
#include "catalog/pg_tablespace.h"
#include "catalog/pg_transform.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_ts_config.h"
#include "catalog/pg_ts_config_map.h"
#include "catalog/pg_ts_dict.h"
#include "catalog/pg_ts_parser.h"
#include "catalog/pg_ts_template.h"
#include "catalog/pg_type.h"
#include "catalog/pg_user_mapping.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "catalog/image_private.h"

/* What a row that moved means. */
typedef enum Meaning
{
	ROW_OBJECT,					/* it is the object: its fact */
	ROW_NAMED,					/* the same, and others mention it */
	ROW_PART,					/* it is part of an object: that one's fact */
	ROW_OF,						/* the same, and others mention that */
	ROW_INDEX,					/* all facts of the table that it is of */
	ROW_LABEL,					/* it is in constants, however nested */
	ROW_ANY,					/* the class of its object is in the row */
	ROW_MEMBER,					/* the same; with all that hangs on it */
	ROW_NAME,					/* a name that may be anywhere */
	ROW_ALL						/* everything is read again */
} Meaning;

#define G(group) (1u << SL_GROUP_##group)
#define RELATION G(RELATION)
#define OTHER G(OTHER)
#define ALWAYS PG_UINT32_MAX

typedef struct Catalog
{
	Oid			catalog;
	uint32		groups;			/* read when one of them moved */
	Meaning		meaning;
	Oid			class;			/* of the object that a row is about */
	Size		object;			/* where its OID is in the row */
	Size		name;			/* ROW_NAME: and where the name is */
} Catalog;

#define AT(catalog, column) offsetof(FormData_##catalog, column)
#define OBJECT(catalog, groups, meaning) \
	{catalog##RelationId, groups, meaning, catalog##RelationId, 0, 0}

/*
 * Every catalog that a fact has something of.  Their order has to stay, and
 * their number: the cache file has it in its header.
 */
static const Catalog catalogs[] = {
	OBJECT(Namespace, G(SCHEMA), ROW_OBJECT),
	{NamespaceRelationId, G(SCHEMA), ROW_NAME, NamespaceRelationId, 0,
	AT(pg_namespace, nspname)},
	{AuthIdRelationId, G(ROLE), ROW_NAME, AuthIdRelationId, 0,
	AT(pg_authid, rolname)},
	{TableSpaceRelationId, OTHER, ROW_NAME, TableSpaceRelationId, 0,
	AT(pg_tablespace, spcname)},
	/* 15 has no cache of it and so no message */
	OBJECT(Extension, ALWAYS, ROW_OBJECT),
	{DependRelationId, OTHER, ROW_MEMBER, InvalidOid,
	AT(pg_depend, objid), 0},
	{DescriptionRelationId, OTHER, ROW_ANY, InvalidOid,
	AT(pg_description, objoid), 0},
	OBJECT(Language, OTHER, ROW_ALL),
	OBJECT(AccessMethod, OTHER, ROW_ALL),
	OBJECT(Cast, OTHER, ROW_ALL),
	OBJECT(Transform, OTHER, ROW_ALL),
	OBJECT(Operator, G(OPERATOR), ROW_ALL),
	OBJECT(OperatorFamily, OTHER, ROW_ALL),
	OBJECT(OperatorClass, G(OPERATOR_CLASS), ROW_ALL),
	OBJECT(AccessMethodOperator, OTHER, ROW_ALL),
	OBJECT(AccessMethodProcedure, OTHER, ROW_ALL),
	OBJECT(Collation, G(COLLATION), ROW_NAMED),
	OBJECT(Conversion, OTHER, ROW_OBJECT),
	OBJECT(Type, G(TYPE), ROW_NAMED),
	{RangeRelationId, G(TYPE), ROW_OF, TypeRelationId,
	AT(pg_range, rngtypid), 0},
	{EnumRelationId, G(ENUM), ROW_LABEL, TypeRelationId,
	AT(pg_enum, enumtypid), 0},
	OBJECT(Procedure, G(ROUTINE), ROW_NAMED),
	{AggregateRelationId, G(ROUTINE), ROW_PART, ProcedureRelationId,
	AT(pg_aggregate, aggfnoid), 0},
	OBJECT(TSParser, OTHER, ROW_NAMED),
	OBJECT(TSTemplate, OTHER, ROW_NAMED),
	OBJECT(TSDictionary, OTHER, ROW_NAMED),
	OBJECT(TSConfig, OTHER, ROW_NAMED),
	{TSConfigMapRelationId, OTHER, ROW_PART, TSConfigRelationId,
	AT(pg_ts_config_map, mapcfg), 0},
	OBJECT(Relation, RELATION, ROW_NAMED),
	{AttributeRelationId, RELATION, ROW_OF, RelationRelationId,
	AT(pg_attribute, attrelid), 0},
	{AttrDefaultRelationId, RELATION, ROW_PART, RelationRelationId,
	AT(pg_attrdef, adrelid), 0},
	OBJECT(Constraint, RELATION | G(CONSTRAINT), ROW_NAMED),
	{IndexRelationId, RELATION, ROW_INDEX, RelationRelationId,
	AT(pg_index, indrelid), 0},
	{InheritsRelationId, RELATION, ROW_PART, RelationRelationId,
	AT(pg_inherits, inhrelid), 0},
	{PartitionedRelationId, RELATION, ROW_PART, RelationRelationId,
	AT(pg_partitioned_table, partrelid), 0},
	{ForeignTableRelationId, RELATION, ROW_PART, RelationRelationId,
	AT(pg_foreign_table, ftrelid), 0},
	{SequenceRelationId, RELATION | G(SEQUENCE), ROW_PART,
	RelationRelationId, AT(pg_sequence, seqrelid), 0},
	OBJECT(Trigger, RELATION, ROW_OBJECT),
	OBJECT(Rewrite, RELATION, ROW_OBJECT),
	OBJECT(Policy, RELATION, ROW_OBJECT),
	OBJECT(StatisticExt, RELATION | G(STATISTICS), ROW_OBJECT),
	OBJECT(EventTrigger, G(EVENT_TRIGGER), ROW_OBJECT),
	OBJECT(ForeignDataWrapper, OTHER, ROW_NAMED),
	OBJECT(ForeignServer, G(SERVER), ROW_NAMED),
	OBJECT(UserMapping, G(USER_MAPPING), ROW_OBJECT),
	OBJECT(Publication, G(PUBLICATION), ROW_OBJECT),
	{PublicationRelRelationId, OTHER, ROW_PART, PublicationRelationId,
	AT(pg_publication_rel, prpubid), 0},
	{PublicationNamespaceRelationId, OTHER, ROW_PART, PublicationRelationId,
	AT(pg_publication_namespace, pnpubid), 0},
	OBJECT(Subscription, OTHER, ROW_OBJECT),
	OBJECT(DefaultAcl, G(DEFAULT_ACL), ROW_OBJECT),
};

const int	sl_witness_count = lengthof(catalogs);

/* One reading of a catalog, held against the last. */
typedef struct Reading
{
	const Catalog *catalog;
	Relation	relation;
	MemoryContext cxt;
	const SlWitness *last;
	uint32		next;			/* of the last: not met yet */
	SlWitness	now;
	uint32		space;
	SlMovedSet *set;			/* NULL: nobody asks what moved */
} Reading;

static int
compare_rows(const void *a, const void *b)
{
	const SlWitnessRow *row1 = a;
	const SlWitnessRow *row2 = b;

	return ItemPointerCompare(unconstify(ItemPointerData *, &row1->place),
							  unconstify(ItemPointerData *, &row2->place));
}

static void
touch_all(SlMovedSet *set, Relation relation)
{
	if (set->all == NULL)
		set->all = MemoryContextStrdup(set->cxt,
									   RelationGetRelationName(relation));
}

/*
 * A row is new, or an old one is gone; a changed one is both.
 */
static void
row_moved(Reading *reading, const SlWitnessRow *row, bool gone)
{
	SlMovedSet *set = reading->set;
	Meaning		meaning = reading->catalog->meaning;
	int			flags = gone ? SL_TOUCH_REMOVE : SL_TOUCH_DESCRIBE;
	int			sub = row->class == ProcedureRelationId ? 0 : row->sub;

	if (set == NULL || set->all != NULL)
		return;
	/* what is new cannot have been mentioned */
	if (meaning == ROW_NAME && !gone)
		return;
	if (meaning == ROW_NAME || meaning == ROW_ALL ||
		/* how other functions are called depends on those of the system */
		(row->class == ProcedureRelationId && row->sub != 0) ||
		/* what is in a schema is a member with it */
		(meaning == ROW_MEMBER && row->class == NamespaceRelationId) ||
		(row->object < FirstNormalObjectId && meaning != ROW_OBJECT &&
		 meaning != ROW_ANY))
	{
		touch_all(set, reading->relation);
		return;
	}
	switch (meaning)
	{
		case ROW_OBJECT:
			break;
		case ROW_NAMED:
			flags |= SL_TOUCH_SPREAD;
			if (!gone)
				flags |= SL_TOUCH_DEEP;
			break;
		case ROW_PART:
		case ROW_ANY:
			flags = SL_TOUCH_DESCRIBE;
			break;
		case ROW_LABEL:
			set->spread_on = true;
			flags = SL_TOUCH_DESCRIBE | SL_TOUCH_SPREAD;
			break;
		case ROW_OF:
			/* a column, and the table that it is of */
			if (gone && sub != 0)
				sl_touch(set, row->class, row->object, sub, SL_TOUCH_REMOVE);
			sub = 0;
			flags = SL_TOUCH_DESCRIBE | SL_TOUCH_DEEP | SL_TOUCH_SPREAD;
			break;
		case ROW_INDEX:
		case ROW_MEMBER:
			flags = SL_TOUCH_DESCRIBE | SL_TOUCH_DEEP;
			break;
		default:
			break;
	}
	sl_touch(set, row->class, row->object, sub, flags);
}

/* One more row, behind all others. */
static void
add_row(Reading *reading, const SlWitnessRow *row)
{
	const SlWitness *last = reading->last;

	if (reading->now.count == reading->space)
	{
		reading->space += reading->space / 2;
		reading->now.rows = repalloc_huge(reading->now.rows,
										  sizeof(SlWitnessRow) *
										  reading->space);
	}
	reading->now.rows[reading->now.count++] = *row;
	while (reading->next < last->count)
	{
		const SlWitnessRow *old = &last->rows[reading->next];
		int			order = compare_rows(old, row);

		if (order > 0)
			break;
		reading->next++;
		/* VACUUM FULL may have put another of the same transaction there */
		if (order == 0 && old->xmin == row->xmin &&
			old->object == row->object && old->class == row->class &&
			old->sub == row->sub)
			return;
		row_moved(reading, old, true);
	}
	row_moved(reading, row, false);
}

/* The row of a tuple; false if it is of no interest. */
static bool
make_row(const Catalog *catalog, HeapTuple tuple, SlWitnessRow *row)
{
	const char *data = (const char *) GETSTRUCT(tuple);

	row->sub = 0;
	row->class = catalog->class;
	row->unused = 0;
	memcpy(&row->object, data + catalog->object, sizeof(Oid));
	switch (catalog->catalog)
	{
		case AttributeRelationId:
			/* system columns come with the table and stay as they are */
			row->sub = ((Form_pg_attribute) data)->attnum;
			if (row->sub <= 0)
				return false;
			break;
		case AttrDefaultRelationId:
			row->sub = ((Form_pg_attrdef) data)->adnum;
			break;
		case ProcedureRelationId:
			row->sub = ((Form_pg_proc) data)->pronamespace ==
				PG_CATALOG_NAMESPACE;
			break;
		case DescriptionRelationId:
			row->class = ((Form_pg_description) data)->classoid;
			row->sub = ((Form_pg_description) data)->objsubid;
			if (row->object < FirstNormalObjectId &&
				row->class != NamespaceRelationId &&
				row->class != ExtensionRelationId)
				return false;
			break;
		case DependRelationId:
			row->class = ((Form_pg_depend) data)->classid;
			if (((Form_pg_depend) data)->deptype != DEPENDENCY_EXTENSION)
				return false;
			break;
		default:
			break;
	}
	if (catalog->meaning == ROW_NAME)
	{
		/* not the row but its name, at a place that its OID makes */
		const char *name = NameStr(*(const NameData *) (data + catalog->name));
		uint64		hash = hash_bytes_extended((const unsigned char *) name,
											   strlen(name), 0);

		row->xmin = (TransactionId) hash;
		ItemPointerSet(&row->place, row->object, (OffsetNumber) (hash >> 32));
		return true;
	}
	row->place = tuple->t_self;
	row->xmin = HeapTupleHeaderGetRawXmin(tuple->t_data);
	return true;
}

/* Read what does not come in the order of places. */
static void
read_unordered(Reading *reading, SysScanDesc rows)
{
	SlWitnessRow row;
	SlWitnessRow *found;
	HeapTuple	tuple;
	uint32		count = 0;
	uint32		space = 256;
	uint32		i;

	found = palloc_array(SlWitnessRow, space);
	while (HeapTupleIsValid(tuple = systable_getnext(rows)))
	{
		if (!make_row(reading->catalog, tuple, &row))
			continue;
		if (count == space)
		{
			space *= 2;
			found = repalloc_huge(found, sizeof(SlWitnessRow) * space);
		}
		found[count++] = row;
	}
	qsort(found, count, sizeof(SlWitnessRow), compare_rows);
	for (i = 0; i < count; i++)
		add_row(reading, &found[i]);
	pfree(found);
}

static void
read_catalog(Reading *reading, Snapshot snapshot)
{
	bool		depend = reading->catalog->catalog == DependRelationId;
	SysScanDesc rows;
	ScanKeyData key;
	HeapTuple	tuple;
	SlWitnessRow row;

	if (depend)
		ScanKeyInit(&key, Anum_pg_depend_refclassid, BTEqualStrategyNumber,
					F_OIDEQ, ObjectIdGetDatum(ExtensionRelationId));
	rows = systable_beginscan(reading->relation,
							  depend ? DependReferenceIndexId : InvalidOid,
							  depend, snapshot, depend ? 1 : 0, &key);
	if (depend || reading->catalog->meaning == ROW_NAME)
		read_unordered(reading, rows);
	else
	{
		while (HeapTupleIsValid(tuple = systable_getnext(rows)))
			if (make_row(reading->catalog, tuple, &row))
				add_row(reading, &row);
	}
	systable_endscan(rows);
	while (reading->next < reading->last->count)
		row_moved(reading, &reading->last->rows[reading->next++], true);
}

/*
 * Read the catalogs of these groups, put what is there now in the place of
 * what was, and touch what moved, if somebody asks.
 */
void
sl_witness_read(SlWitness *witnesses, MemoryContext cxt, Snapshot snapshot,
				uint32 groups, SlMovedSet *set)
{
	int			i;

	for (i = 0; i < sl_witness_count; i++)
	{
		Reading		reading;

		CHECK_FOR_INTERRUPTS();
		if ((catalogs[i].groups & groups) == 0 &&
			catalogs[i].groups != ALWAYS)
			continue;
		memset(&reading, 0, sizeof(reading));
		reading.catalog = &catalogs[i];
		reading.last = &witnesses[i];
		reading.set = set;
		reading.space = Max(witnesses[i].count + witnesses[i].count / 16, 64);
		reading.now.rows = MemoryContextAllocHuge(cxt, sizeof(SlWitnessRow) *
												  reading.space);
		reading.relation = table_open(catalogs[i].catalog, AccessShareLock);
		read_catalog(&reading, snapshot);
		table_close(reading.relation, AccessShareLock);
		if (witnesses[i].rows != NULL)
			pfree(witnesses[i].rows);
		witnesses[i] = reading.now;
	}
}
