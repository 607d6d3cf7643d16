/*-------------------------------------------------------------------------
 *
 * recover.c
 *	  What the catalog says of a statement that commits by itself.
 *
 * For each command that cannot run in a transaction: is it done already, is
 * there debris of an earlier attempt to clear away, and, afterwards, did it
 * really do it?  "Already" is only believed of a step that the journal knows
 * as begun, or where the statement itself says IF NOT EXISTS; in all other
 * cases the statement runs and says itself what is in its way.
 *
 * Commands without a row here can simply run again.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/runner/recover.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "catalog/index.h"
#include "catalog/partition.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_subscription.h"
#include "commands/dbcommands.h"
#include "commands/tablespace.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "storage/lmgr.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/resowner.h"
#include "utils/syscache.h"

#include "runner/runner.h"

/*-------------------------------------------------------------------------
 * CREATE INDEX CONCURRENTLY
 *-------------------------------------------------------------------------
 */

static char *
qualified_name(Oid relid)
{
	char	   *name = get_rel_name(relid);
	char	   *schema = name == NULL ? NULL :
		get_namespace_name(get_rel_namespace(relid));

	if (schema == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u vanished", relid)));
	return quote_qualified_identifier(schema, name);
}

static char *
drop_statement(Oid indexid)
{
	return psprintf("DROP INDEX CONCURRENTLY %s", qualified_name(indexid));
}

/* Is the index usable, all of it? */
static bool
index_is_valid(Oid indexid)
{
	HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(indexid));
	Form_pg_index form;
	bool		valid;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_index) GETSTRUCT(tuple);
	valid = form->indisvalid && form->indisready && form->indislive;
	ReleaseSysCache(tuple);
	return valid;
}

/* The table that an index is on; InvalidOid if it is no index. */
static Oid
table_of_index(Oid indexid)
{
	return get_rel_relkind(indexid) == RELKIND_INDEX ?
		IndexGetRelation(indexid, true) : InvalidOid;
}

/*
 * The definition of an index without its name and its table: what follows
 * USING, which nothing before it can hold unquoted, and UNIQUE.
 */
static char *
index_body(Oid indexid)
{
	Oid			relid = IndexGetRelation(indexid, false);
	Datum		datum = DirectFunctionCall1(pg_get_indexdef,
											ObjectIdGetDatum(indexid));
	char	   *definition = TextDatumGetCString(datum);
	char	   *head;
	bool		unique;

	head = psprintf("INDEX %s ON %s USING ",
					quote_identifier(get_rel_name(indexid)),
					qualified_name(relid));
	unique = strncmp(definition, "CREATE UNIQUE ", 14) == 0;
	definition += unique ? 14 : 7;
	if (strncmp(definition, head, strlen(head)) != 0)
		elog(ERROR, "unexpected definition of index %u: %s", indexid,
			 definition);
	return psprintf("%sUSING %s", unique ? "UNIQUE " : "",
					definition + strlen(head));
}

static void
run_utility(Node *stmt, const char *text)
{
	PlannedStmt *planned = makeNode(PlannedStmt);

	planned->commandType = CMD_UTILITY;
	planned->utilityStmt = stmt;
	planned->stmt_location = -1;
	ProcessUtility(planned, text, false, PROCESS_UTILITY_QUERY, NULL, NULL,
				   None_Receiver, NULL);
}

/* CREATE TABLE schema.twin (LIKE relation) */
static CreateStmt *
make_twin_statement(char *schema, char *twin, Oid relid)
{
	CreateStmt *create = makeNode(CreateStmt);
	TableLikeClause *like = makeNode(TableLikeClause);

	like->relation = makeRangeVar(get_namespace_name(get_rel_namespace(relid)),
								  get_rel_name(relid), -1);
	create->relation = makeRangeVar(schema, twin, -1);
	create->tableElts = list_make1(like);
	create->oncommit = ONCOMMIT_NOOP;
	return create;
}

/*
 * What the index would be if the statement ran on an empty twin of the table:
 * made in a subtransaction that is rolled back.  As the current user, who
 * needs CREATE on the schema for the statement itself, too.
 */
static char *
index_body_of_statement(IndexStmt *stmt, Oid relid)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	char	   *schema = get_namespace_name(get_rel_namespace(relid));
	char	   *twin = psprintf("sl_twin_%d_%u", MyProcPid, relid);
	IndexStmt  *copy = copyObject(stmt);
	List	   *indexes;
	Relation	rel;
	char	   *body;

	BeginInternalSubTransaction(NULL);
	run_utility((Node *) make_twin_statement(schema, twin, relid),
				"CREATE TABLE for an empty twin of the table");
	CommandCounterIncrement();
	copy->relation = makeRangeVar(schema, twin, -1);
	copy->idxname = NULL;
	copy->concurrent = false;
	copy->if_not_exists = false;
	run_utility((Node *) copy, "CREATE INDEX on an empty twin of the table");
	CommandCounterIncrement();

	rel = table_openrv(copy->relation, AccessShareLock);
	indexes = RelationGetIndexList(rel);
	if (list_length(indexes) != 1)
		elog(ERROR, "the twin has %d indexes", list_length(indexes));
	table_close(rel, NoLock);
	MemoryContextSwitchTo(context);
	body = index_body(linitial_oid(indexes));
	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return body;
}

/* The names of a table's indexes, as a JSON array: sorted, quoted. */
static char *
index_names(Oid relid)
{
	Relation	rel = table_open(relid, AccessShareLock);
	List	   *indexes = RelationGetIndexList(rel);
	StringInfoData buf;
	ListCell   *cell;

	initStringInfo(&buf);
	appendStringInfoChar(&buf, '[');
	foreach(cell, indexes)
		appendStringInfo(&buf, "%s\"%u\"", buf.len > 1 ? ", " : "",
						 lfirst_oid(cell));
	appendStringInfoChar(&buf, ']');
	table_close(rel, AccessShareLock);
	return buf.data;
}

static bool
was_there(const char *before, Oid indexid)
{
	return before != NULL &&
		strstr(before, psprintf("\"%u\"", indexid)) != NULL;
}

/*
 * An index under the statement's name or, where it has none, one that
 * appeared since the step began.
 */
static Oid
find_built_index(IndexStmt *stmt, Oid relid, const SlJournalStep *step)
{
	Relation	rel;
	List	   *indexes;
	ListCell   *cell;
	Oid			found = InvalidOid;

	if (stmt->idxname != NULL)
	{
		found = get_relname_relid(stmt->idxname, get_rel_namespace(relid));
		return OidIsValid(found) && table_of_index(found) == relid ?
			found : InvalidOid;
	}
	if (step == NULL)
		return InvalidOid;
	rel = table_open(relid, AccessShareLock);
	indexes = RelationGetIndexList(rel);
	foreach(cell, indexes)
		if (!was_there(step->before, lfirst_oid(cell)))
			found = lfirst_oid(cell);
	table_close(rel, AccessShareLock);
	return found;
}

/*
 * An invalid index is debris, but also what another session is building just
 * now.  That one holds this lock on the table until it is through.
 */
static void
wait_for_builders(Oid relid)
{
	LockRelationOid(relid, ShareUpdateExclusiveLock);
	AcceptInvalidationMessages();
}

static void
look_create_index(Node *node, const SlJournalStep *step, SlStepPlan *plan)
{
	IndexStmt  *stmt = castNode(IndexStmt, node);
	Oid			relid = RangeVarGetRelid(stmt->relation, NoLock, true);
	Oid			indexid;
	char	   *wanted;
	char	   *actual;

	if (!OidIsValid(relid))
		return;					/* the statement says so better */
	plan->before = step != NULL && step->before != NULL ?
		step->before : index_names(relid);
	indexid = find_built_index(stmt, relid, step);
	if (!OidIsValid(indexid))
		return;
	if (!index_is_valid(indexid))
	{
		wait_for_builders(relid);
		indexid = find_built_index(stmt, relid, step);
		if (!OidIsValid(indexid))
			return;
	}
	if (!index_is_valid(indexid))
	{
		ereport(NOTICE,
				(errmsg("index %s is invalid, left by an attempt that failed: it is dropped and built again",
						qualified_name(indexid))));
		plan->cleanup = list_make1(drop_statement(indexid));
		return;
	}
	if (step == NULL && !stmt->if_not_exists)
		return;					/* "already exists" is the right answer */

	wanted = index_body_of_statement(stmt, relid);
	actual = index_body(indexid);
	if (strcmp(wanted, actual) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_TABLE),
				 errmsg("index %s exists with another definition",
						qualified_name(indexid)),
				 errdetail("The script wants: %s. The database has: %s.",
						   wanted, actual),
				 errhint("Drop or rename that index, or change the script.")));
	ereport(NOTICE,
			(errmsg("index %s is there and valid: statement taken as done",
					qualified_name(indexid))));
	plan->done = true;
}

/* CREATE INDEX CONCURRENTLY that ended well left a valid index. */
static void
verify_create_index(Node *node)
{
	IndexStmt  *stmt = castNode(IndexStmt, node);
	Oid			relid = RangeVarGetRelid(stmt->relation, NoLock, true);
	Oid			indexid = InvalidOid;

	if (stmt->idxname == NULL)
		return;
	if (OidIsValid(relid))
		indexid = get_relname_relid(stmt->idxname, get_rel_namespace(relid));
	if (!OidIsValid(indexid) || !index_is_valid(indexid))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("index \"%s\" is not valid after CREATE INDEX CONCURRENTLY",
						stmt->idxname),
				 errhint("Call again: it is dropped and built anew.")));
}

/*-------------------------------------------------------------------------
 * DROP INDEX CONCURRENTLY, REINDEX CONCURRENTLY
 *-------------------------------------------------------------------------
 */

/*
 * A step that makes an object, or does away with one, is done if the object
 * was not as it is now when the step began.  An error is a beginning, too: the
 * statement that met an object in its way, or missed it, did nothing.
 */
static void
look_at_object(Oid now, bool makes, const SlJournalStep *step,
			   SlStepPlan *plan)
{
	if (step == NULL || step->before == NULL)
	{
		plan->before = OidIsValid(now) ? psprintf("[\"%u\"]", now) :
			pstrdup("[]");
		return;
	}
	plan->before = step->before;
	plan->done = OidIsValid(now) == makes &&
		(strcmp(step->before, "[]") == 0) == makes;
}

static void
look_drop(Node *node, const SlJournalStep *step, SlStepPlan *plan)
{
	DropStmt   *stmt = castNode(DropStmt, node);
	RangeVar   *name;

	if (list_length(stmt->objects) != 1)
		return;
	name = makeRangeVarFromNameList(linitial(stmt->objects));
	look_at_object(RangeVarGetRelid(name, NoLock, true), false, step, plan);
}

/*
 * Indexes that REINDEX CONCURRENTLY makes on its way carry these endings, and
 * stay behind, invalid, when it fails.
 */
static bool
is_reindex_debris(const char *name)
{
	return strstr(name, "_ccnew") != NULL || strstr(name, "_ccold") != NULL;
}

static List *
reindex_debris(void)
{
	Relation	rel = table_open(IndexRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0,
										  NULL);
	HeapTuple	tuple;
	List	   *found = NIL;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_index form = (Form_pg_index) GETSTRUCT(tuple);
		char	   *name;

		if (form->indisvalid)
			continue;
		name = get_rel_name(form->indexrelid);
		if (name != NULL && is_reindex_debris(name))
			found = lappend_oid(found, form->indexrelid);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

static void
look_reindex(Node *node, const SlJournalStep *step, SlStepPlan *plan)
{
	List	   *debris = reindex_debris();
	StringInfoData buf;
	ListCell   *cell;

	if (step == NULL)
	{
		initStringInfo(&buf);
		appendStringInfoChar(&buf, '[');
		foreach(cell, debris)
			appendStringInfo(&buf, "%s\"%u\"", buf.len > 1 ? ", " : "",
							 lfirst_oid(cell));
		appendStringInfoChar(&buf, ']');
		plan->before = buf.data;
		return;
	}
	plan->before = step->before;
	foreach(cell, debris)
	{
		Oid			indexid = lfirst_oid(cell);

		if (!was_there(step->before, indexid) &&
			get_rel_namespace(indexid) != PG_TOAST_NAMESPACE)
			plan->cleanup = lappend(plan->cleanup, drop_statement(indexid));
	}
}

/*-------------------------------------------------------------------------
 * ALTER TABLE ... DETACH PARTITION CONCURRENTLY
 *-------------------------------------------------------------------------
 */

static void
look_detach(Node *node, const SlJournalStep *step, SlStepPlan *plan)
{
	AlterTableStmt *stmt = castNode(AlterTableStmt, node);
	AlterTableCmd *cmd = linitial_node(AlterTableCmd, stmt->cmds);
	PartitionCmd *partition;
	Oid			parent;
	Oid			child;

	if (cmd->subtype != AT_DetachPartition)
		return;
	partition = castNode(PartitionCmd, cmd->def);
	parent = RangeVarGetRelid(stmt->relation, NoLock, true);
	child = RangeVarGetRelid(partition->name, NoLock, true);
	if (!OidIsValid(parent) || !OidIsValid(child))
		return;
	look_at_object(get_rel_relispartition(child) ? child : InvalidOid, false,
				   step, plan);
	if (step != NULL && !plan->done && get_rel_relispartition(child) &&
		PartitionHasPendingDetach(child))
	{
		plan->cleanup = list_make1(psprintf("ALTER TABLE %s DETACH PARTITION %s FINALIZE",
											qualified_name(parent),
											qualified_name(child)));
		plan->only_cleanup = true;
	}
}

/*-------------------------------------------------------------------------
 * Databases, tablespaces, subscriptions: begun and there, or begun and gone
 *-------------------------------------------------------------------------
 */

static void
look_createdb(Node *node, const SlJournalStep *step, SlStepPlan *plan)
{
	CreatedbStmt *stmt = castNode(CreatedbStmt, node);

	look_at_object(get_database_oid(stmt->dbname, true), true, step, plan);
}

static void
look_dropdb(Node *node, const SlJournalStep *step, SlStepPlan *plan)
{
	DropdbStmt *stmt = castNode(DropdbStmt, node);

	look_at_object(get_database_oid(stmt->dbname, true), false, step, plan);
}

static void
look_create_tablespace(Node *node, const SlJournalStep *step,
					   SlStepPlan *plan)
{
	CreateTableSpaceStmt *stmt = castNode(CreateTableSpaceStmt, node);

	look_at_object(get_tablespace_oid(stmt->tablespacename, true), true, step,
				   plan);
}

static void
look_drop_tablespace(Node *node, const SlJournalStep *step, SlStepPlan *plan)
{
	DropTableSpaceStmt *stmt = castNode(DropTableSpaceStmt, node);

	look_at_object(get_tablespace_oid(stmt->tablespacename, true), false, step,
				   plan);
}

static void
look_create_subscription(Node *node, const SlJournalStep *step,
						 SlStepPlan *plan)
{
	CreateSubscriptionStmt *stmt = castNode(CreateSubscriptionStmt, node);

	look_at_object(get_subscription_oid(stmt->subname, true), true, step,
				   plan);
}

static void
look_drop_subscription(Node *node, const SlJournalStep *step,
					   SlStepPlan *plan)
{
	DropSubscriptionStmt *stmt = castNode(DropSubscriptionStmt, node);

	look_at_object(get_subscription_oid(stmt->subname, true), false, step,
				   plan);
}

/*-------------------------------------------------------------------------
 * The table
 *-------------------------------------------------------------------------
 */

static const struct
{
	NodeTag		tag;
	void		(*look) (Node *stmt, const SlJournalStep *step,
						 SlStepPlan *plan);
	void		(*verify) (Node *stmt);
}			recognisers[] = {
	{T_AlterTableStmt, look_detach, NULL},
	{T_CreateSubscriptionStmt, look_create_subscription, NULL},
	{T_CreateTableSpaceStmt, look_create_tablespace, NULL},
	{T_CreatedbStmt, look_createdb, NULL},
	{T_DropStmt, look_drop, NULL},
	{T_DropSubscriptionStmt, look_drop_subscription, NULL},
	{T_DropTableSpaceStmt, look_drop_tablespace, NULL},
	{T_DropdbStmt, look_dropdb, NULL},
	{T_IndexStmt, look_create_index, verify_create_index},
	{T_ReindexStmt, look_reindex, NULL},
};

/*
 * Before a statement runs: 'step' is its row in the journal, NULL if it never
 * began.  In a transaction with a snapshot.
 */
void
sl_step_look(Node *stmt, const SlJournalStep *step, SlStepPlan *plan)
{
	int			i;

	for (i = 0; i < (int) lengthof(recognisers); i++)
		if (nodeTag(stmt) == recognisers[i].tag)
			recognisers[i].look(stmt, step, plan);
}

/* After it ran, in a new transaction. */
void
sl_step_verify(Node *stmt)
{
	int			i;

	for (i = 0; i < (int) lengthof(recognisers); i++)
		if (nodeTag(stmt) == recognisers[i].tag &&
			recognisers[i].verify != NULL)
			recognisers[i].verify(stmt);
}
