/*-------------------------------------------------------------------------
 *
 * recover.c
 *	  What the catalog says of a statement that commits by itself.
 *
 * For each command that cannot run in a transaction: is it done already, is
 * there debris of an earlier attempt to clear away, and, afterwards, did it
 * really do it?  "Already" is only believed of a step that the journal knows
 * as begun, and whose object was not there (or, of a DROP, was) when it began;
 * or where the statement itself says IF NOT EXISTS.  In all other cases the
 * statement runs and says itself what is in its way.
 *
 * Debris is an INVALID index on the statement's own table, with the very
 * definition that the statement has, once nobody can be building it any more.
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

#include <ctype.h>

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
#include "utils/json.h"
#include "utils/jsonb.h"
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

	/* ON ONLY; CREATE INDEX CONCURRENTLY never makes one of these */
	if (get_rel_relkind(indexid) == RELKIND_PARTITIONED_INDEX)
		return definition;
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

	/* as a part of another command: nobody's event triggers are fired */
	ProcessUtility(planned, text, false, PROCESS_UTILITY_SUBCOMMAND, NULL,
				   NULL, None_Receiver, NULL);
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

/* Make the twin and the index, and read the definition. */
static char *
build_twin(IndexStmt *stmt, Oid relid, MemoryContext context)
{
	char	   *schema = get_namespace_name(get_rel_namespace(relid));
	char	   *twin = psprintf("sl_twin_%d_%u", MyProcPid, relid);
	IndexStmt  *copy = copyObject(stmt);
	MemoryContext before;
	List	   *indexes;
	Relation	rel;
	char	   *body;

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
	before = MemoryContextSwitchTo(context);
	body = index_body(linitial_oid(indexes));
	MemoryContextSwitchTo(before);
	return body;
}

/* Is it the statement that the server objects to, and not the moment? */
static bool
cannot_be_made(int sqlerrcode)
{
	int			category = ERRCODE_TO_CATEGORY(sqlerrcode);

	return category == ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION ||
		category == ERRCODE_FEATURE_NOT_SUPPORTED;
}

/*
 * What the index would be if the statement ran on an empty twin of the table:
 * made in a subtransaction that is rolled back.  As the current user, who
 * needs CREATE on the schema for the statement itself, too.  NULL where there
 * can be no twin, as for an expression on the whole row, whose type it is not.
 */
static char *
index_body_of_statement(IndexStmt *stmt, Oid relid)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	char	   *volatile body = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		body = build_twin(stmt, relid, context);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();

		/* a time-out, a cancel, a full disk say nothing of the twin */
		if (!cannot_be_made(error->sqlerrcode))
			ReThrowError(error);
		ereport(DEBUG1,
				(errmsg_internal("no twin of relation %u: %s", relid,
								 error->message)));
	}
	PG_END_TRY();
	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return body;
}

/*
 * What was there before a step began, as a JSON array of names: OIDs would not
 * outlive a dump and restore.
 */
static char *
names_of(List *relids)
{
	StringInfoData buf;
	ListCell   *cell;

	initStringInfo(&buf);
	appendStringInfoChar(&buf, '[');
	foreach(cell, relids)
	{
		/* dropped in this moment */
		if (get_rel_name(lfirst_oid(cell)) == NULL)
			continue;
		if (buf.len > 1)
			appendStringInfoString(&buf, ", ");
		escape_json(&buf, qualified_name(lfirst_oid(cell)));
	}
	appendStringInfoChar(&buf, ']');
	return buf.data;
}

static bool
was_there(const char *before, Oid relid)
{
	StringInfoData name;

	if (before == NULL)
		return false;
	initStringInfo(&name);
	escape_json(&name, qualified_name(relid));
	return strstr(before, name.data) != NULL;
}

/*
 * The indexes of a table, the dead ones too, which the relcache does not list:
 * a DROP INDEX CONCURRENTLY that was stopped leaves such a one.
 */
static List *
indexes_of(Oid relid)
{
	Relation	rel = table_open(IndexRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *indexes = NIL;

	ScanKeyInit(&key, Anum_pg_index_indrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	scan = systable_beginscan(rel, IndexIndrelidIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		indexes = lappend_oid(indexes,
							  ((Form_pg_index) GETSTRUCT(tuple))->indexrelid);
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return indexes;
}

/*
 * The indexes that may be the statement's own: the one with its name or,
 * where it has none, all that appeared since the step began.
 */
static List *
candidate_indexes(IndexStmt *stmt, Oid relid, const SlJournalStep *step)
{
	List	   *found = NIL;
	ListCell   *cell;

	foreach(cell, indexes_of(relid))
	{
		Oid			indexid = lfirst_oid(cell);
		char	   *name = get_rel_name(indexid);

		if (name == NULL)
			continue;
		if (stmt->idxname != NULL ? strcmp(name, stmt->idxname) == 0 :
			(step != NULL && !was_there(step->before, indexid)))
			found = lappend_oid(found, indexid);
	}
	return found;
}

/* An index with the statement's name is there, and is not what it wants. */
static void
refuse_other_index(IndexStmt *stmt, Oid indexid, const char *wanted)
{
	ereport(ERROR,
			(errcode(ERRCODE_DUPLICATE_TABLE),
			 wanted != NULL ?
			 errmsg("index %s exists with another definition",
					qualified_name(indexid)) :
			 errmsg("index %s exists, and cannot be compared with the script",
					qualified_name(indexid)),
			 wanted != NULL ?
			 errdetail("The script wants: %s. The database has: %s.",
					   wanted, index_body(indexid)) :
			 errdetail("The database has: %s.", index_body(indexid)),
			 errhint("Drop or rename that index, or change the script.")));
}

/* What an earlier attempt made. */
static void
put_made(SlStepPlan *plan, Oid catalog, Oid object)
{
	ObjectAddress *address = palloc_object(ObjectAddress);

	ObjectAddressSet(*address, catalog, object);
	plan->made = lappend(plan->made, address);
}

static void
look_create_index(Node *node, const SlJournalStep *step, SlStepPlan *plan)
{
	IndexStmt  *stmt = castNode(IndexStmt, node);
	Oid			relid = RangeVarGetRelid(stmt->relation, NoLock, true);
	List	   *candidates;
	List	   *debris = NIL;
	ListCell   *cell;
	char	   *wanted;

	if (!OidIsValid(relid))
		return;					/* the statement says so better */
	candidates = candidate_indexes(stmt, relid, step);
	plan->before = step != NULL && step->before != NULL ?
		step->before : names_of(indexes_of(relid));
	if (candidates == NIL)
		return;

	wanted = index_body_of_statement(stmt, relid);
	foreach(cell, candidates)
	{
		Oid			indexid = lfirst_oid(cell);
		bool		same = wanted != NULL &&
			strcmp(wanted, index_body(indexid)) == 0;

		if (!index_is_valid(indexid) && same)
		{
			plan->wait_for = relid;
			plan->cleanup = lappend(plan->cleanup, drop_statement(indexid));
			debris = lappend_oid(debris, indexid);
		}
		else if (index_is_valid(indexid) && same &&
				 (stmt->if_not_exists ||
				  (step != NULL && !was_there(step->before, indexid))))
		{
			ereport(NOTICE,
					(errmsg("index %s is there and valid: statement taken as done",
							qualified_name(indexid))));
			plan->done = true;
			put_made(plan, RelationRelationId, indexid);
		}
		else if (stmt->idxname != NULL && stmt->if_not_exists)
			refuse_other_index(stmt, indexid, wanted);
	}
	if (plan->done)
		plan->cleanup = NIL;

	/* what is cleared away before the step is not there when it begins */
	if (debris != NIL && (step == NULL || step->before == NULL))
		plan->before = names_of(list_difference_oid(indexes_of(relid),
													debris));
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
	if (!OidIsValid(indexid) || table_of_index(indexid) != relid ||
		!index_is_valid(indexid))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("there is no valid index \"%s\" on table \"%s\" after CREATE INDEX CONCURRENTLY",
						stmt->idxname, stmt->relation->relname),
				 errhint("Something else has that name, or the index was dropped meanwhile. Look at it, and call again.")));
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

/*
 * Steps whose object is either there or not: was it, when the step began, and
 * is it now?  Before the first run only the first is written down.
 */
#define THERE "[\"there\"]"
#define ABSENT "[]"

static void
look_at_presence(bool there, bool wanted, const SlJournalStep *step,
				 SlStepPlan *plan)
{
	bool		was;

	if (step == NULL || step->before == NULL)
	{
		plan->before = there ? THERE : ABSENT;
		return;
	}
	was = strcmp(step->before, ABSENT) != 0;
	plan->before = step->before;
	plan->done = was != wanted && there == wanted;
}

/* The name that stands in the journal alone. */
static char *
name_before(const SlJournalStep *step)
{
	Datum		datum = DirectFunctionCall1(jsonb_in,
											CStringGetDatum(step->before));
	Jsonb	   *array = DatumGetJsonbP(datum);
	JsonbValue *name = getIthJsonbValueFromContainer(&array->root, 0);

	if (name == NULL || name->type != jbvString)
		return NULL;
	return pnstrdup(name->val.string.val, name->val.string.len);
}

static void
look_drop(Node *node, const SlJournalStep *step, SlStepPlan *plan)
{
	DropStmt   *stmt = castNode(DropStmt, node);
	RangeVar   *name;
	Oid			relid;

	if (list_length(stmt->objects) != 1)
		return;
	name = makeRangeVarFromNameList(linitial(stmt->objects));
	relid = RangeVarGetRelid(name, NoLock, true);
	look_at_presence(OidIsValid(relid), false, step, plan);
	if (OidIsValid(relid) && (step == NULL || step->before == NULL))
		plan->before = names_of(list_make1_oid(relid));
	if (plan->done)
	{
		plan->gone_class = "index";
		plan->gone_identity = name_before(step);
	}
}

/*
 * Indexes that REINDEX CONCURRENTLY makes on its way have these endings, with
 * or without a number, and stay behind, invalid, when it fails.
 */
static bool
is_reindex_debris(const char *name)
{
	const char *end = name + strlen(name);

	while (end > name && isdigit((unsigned char) end[-1]))
		end--;
	return end - name > 6 && (strncmp(end - 6, "_ccnew", 6) == 0 ||
							  strncmp(end - 6, "_ccold", 6) == 0);
}

/* The table that REINDEX is about, if it is about one. */
static Oid
reindexed_table(ReindexStmt *stmt)
{
	Oid			relid;

	if (stmt->relation == NULL)
		return InvalidOid;
	relid = RangeVarGetRelid(stmt->relation, NoLock, true);
	if (OidIsValid(relid) && stmt->kind == REINDEX_OBJECT_INDEX)
		return table_of_index(relid);
	return relid;
}

/*
 * Of REINDEX SCHEMA and DATABASE nothing is cleared away: which tables they
 * had come to is not known, and other sessions may be at work there.
 */
static void
look_reindex(Node *node, const SlJournalStep *step, SlStepPlan *plan)
{
	Oid			relid = reindexed_table(castNode(ReindexStmt, node));
	List	   *debris = NIL;
	ListCell   *cell;

	if (!OidIsValid(relid))
		return;
	foreach(cell, indexes_of(relid))
	{
		char	   *name = get_rel_name(lfirst_oid(cell));

		if (name != NULL && is_reindex_debris(name) &&
			!index_is_valid(lfirst_oid(cell)))
			debris = lappend_oid(debris, lfirst_oid(cell));
	}
	if (step == NULL || step->before == NULL)
	{
		plan->before = names_of(debris);
		return;
	}
	plan->before = step->before;
	foreach(cell, debris)
	{
		if (was_there(step->before, lfirst_oid(cell)))
			continue;
		plan->wait_for = relid;
		plan->cleanup = lappend(plan->cleanup,
								drop_statement(lfirst_oid(cell)));
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
	put_made(plan, RelationRelationId, child);
}

/*-------------------------------------------------------------------------
 * Databases, tablespaces, subscriptions
 *-------------------------------------------------------------------------
 */

static void
look_createdb(Node *node, const SlJournalStep *step, SlStepPlan *plan)
{
	CreatedbStmt *stmt = castNode(CreatedbStmt, node);

	look_at_presence(OidIsValid(get_database_oid(stmt->dbname, true)), true,
					 step, plan);
}

static void
look_dropdb(Node *node, const SlJournalStep *step, SlStepPlan *plan)
{
	DropdbStmt *stmt = castNode(DropdbStmt, node);

	look_at_presence(OidIsValid(get_database_oid(stmt->dbname, true)), false,
					 step, plan);
}

static void
look_create_tablespace(Node *node, const SlJournalStep *step,
					   SlStepPlan *plan)
{
	CreateTableSpaceStmt *stmt = castNode(CreateTableSpaceStmt, node);

	look_at_presence(OidIsValid(get_tablespace_oid(stmt->tablespacename,
												   true)),
					 true, step, plan);
}

static void
look_drop_tablespace(Node *node, const SlJournalStep *step, SlStepPlan *plan)
{
	DropTableSpaceStmt *stmt = castNode(DropTableSpaceStmt, node);

	look_at_presence(OidIsValid(get_tablespace_oid(stmt->tablespacename,
												   true)),
					 false, step, plan);
}

static void
look_create_subscription(Node *node, const SlJournalStep *step,
						 SlStepPlan *plan)
{
	CreateSubscriptionStmt *stmt = castNode(CreateSubscriptionStmt, node);

	look_at_presence(OidIsValid(get_subscription_oid(stmt->subname, true)),
					 true, step, plan);
	if (plan->done)
		put_made(plan, SubscriptionRelationId,
				 get_subscription_oid(stmt->subname, false));
}

static void
look_drop_subscription(Node *node, const SlJournalStep *step,
					   SlStepPlan *plan)
{
	DropSubscriptionStmt *stmt = castNode(DropSubscriptionStmt, node);

	look_at_presence(OidIsValid(get_subscription_oid(stmt->subname, true)),
					 false, step, plan);
	if (plan->done)
	{
		plan->gone_class = "subscription";
		plan->gone_identity = pstrdup(quote_identifier(stmt->subname));
	}
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
