/*-------------------------------------------------------------------------
 *
 * constraints.c
 *	  Which constraints can be deferred, and setting them by name.
 *
 * SET CONSTRAINTS ALL would also rule over constraints that later scripts
 * make, and cannot be taken back; so ALL is said by names here.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/runner/constraints.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_constraint.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "runner/runner.h"

/*
 * Does a constraint that is not deferrable have this name, too?  Names are
 * unique in a table only, but SET CONSTRAINTS takes all that a schema has.
 */
static bool
is_shared_name(Relation rel, Form_pg_constraint constraint)
{
	ScanKeyData key[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		shared = false;

	ScanKeyInit(&key[0], Anum_pg_constraint_conname, BTEqualStrategyNumber,
				F_NAMEEQ, NameGetDatum(&constraint->conname));
	ScanKeyInit(&key[1], Anum_pg_constraint_connamespace,
				BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(constraint->connamespace));
	scan = systable_beginscan(rel, ConstraintNameNspIndexId, true, NULL, 2,
							  key);
	while (!shared && HeapTupleIsValid(tuple = systable_getnext(scan)))
		shared = !((Form_pg_constraint) GETSTRUCT(tuple))->condeferrable;
	systable_endscan(scan);
	return shared;
}

/*
 * SET CONSTRAINTS needs USAGE of the schema.  Other sessions' temporary
 * tables are no loss; what a definer's function left in a schema of its own
 * is checked at the commit, unless the script is confined: there it would run
 * without.
 */
static void
refuse_unsettled(Form_pg_constraint constraint)
{
	if (InLocalUserIdChange() &&
		((OidIsValid(constraint->conrelid) &&
		  AfterTriggerPendingOnRel(constraint->conrelid)) ||
		 (OidIsValid(constraint->confrelid) &&
		  AfterTriggerPendingOnRel(constraint->confrelid))))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("deferred triggers of constraint \"%s\" cannot run before the script ends",
						NameStr(constraint->conname)),
				 errdetail("The script may not use the schema of the constraint.")));
}

/*
 * The deferrable constraints of the database as SET CONSTRAINTS names them;
 * 'initially': only those that are deferred when a transaction begins.
 * 'to_defer': only those that can be named for that, see is_shared_name.  The
 * others are checked at once, which is the stricter side.
 */
List *
sl_deferrable_constraints(bool initially, bool to_defer)
{
	Relation	rel = table_open(ConstraintRelationId, AccessShareLock);
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *names = NIL;

	scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_constraint form = (Form_pg_constraint) GETSTRUCT(tuple);
		char	   *schema;

		if (!form->condeferrable || (initially && !form->condeferred) ||
			(to_defer && is_shared_name(rel, form)))
			continue;
		if (!sl_may_use_schema(form->connamespace))
		{
			refuse_unsettled(form);
			continue;
		}
		schema = get_namespace_name(form->connamespace);
		if (schema != NULL)
		{
			char	   *name = pstrdup(NameStr(form->conname));

			names = lappend(names, makeRangeVar(schema, name, -1));
		}
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return names;
}

/* SET CONSTRAINTS by name. */
void
sl_set_constraints(List *names, bool deferred)
{
	ConstraintsSetStmt *stmt;

	if (names == NIL)
		return;
	stmt = makeNode(ConstraintsSetStmt);
	stmt->constraints = names;
	stmt->deferred = deferred;
	AfterTriggerSetState(stmt);
}
