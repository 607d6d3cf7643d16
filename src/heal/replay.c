/*-------------------------------------------------------------------------
 *
 * replay.c
 *	  Revisions that the history has and of which nothing is there, run as
 *	  they should have been.
 *
 * That is better than statements from facts where it can be had: the script
 * brings its rows, and its columns in their order.  It counts only if it
 * leaves exactly the footprint that it is known by; else it is rolled back,
 * and its facts are brought about one by one.
 *
 * A script that takes something away is a person's to run, and so is one with
 * statements on data that ran here before: its objects are gone, but what it
 * did to others may be there.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/heal/replay.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/timestamp.h"

#include "catalog/trace.h"
#include "heal/heal_private.h"
#include "ledger/repair.h"
#include "runner/call.h"

/* Revisions of which something was here once, and is gone: their keys. */
HTAB *
sl_replay_existed(const SlTruth *truth)
{
	HASHCTL		ctl;
	HTAB	   *existed;
	ListCell   *cell;

	ctl.keysize = sizeof(SlFactKey);
	ctl.entrysize = sizeof(SlFactKey);
	ctl.hcxt = CurrentMemoryContext;
	existed = hash_create("existed", 64, &ctl,
						  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	foreach(cell, truth->differences)
	{
		const SlDifference *difference = lfirst(cell);
		SlFactKey	key;

		if (!difference->existed)
			continue;
		sl_fact_key("", difference->maker, &key);
		(void) hash_search(existed, &key, HASH_ENTER, NULL);
	}
	return existed;
}

static bool
existed_here(HTAB *existed, const char *revision)
{
	SlFactKey	key;

	sl_fact_key("", revision, &key);
	return hash_search(existed, &key, HASH_FIND, NULL) != NULL;
}

/* NULL if there is no step for it at all. */
SlHealStep *
sl_replay_step(HTAB *existed, const char *revision)
{
	SlRegistryEntry *entry = sl_registry_get(revision, true);
	SlHealStep *step;
	const char *taker;

	/* what cannot run here, or what may run more than once, goes by facts */
	if (entry == NULL || entry->up == NULL || !entry->transactional ||
		!sl_kind_runs_once(entry->kind) || entry->journal_open)
		return NULL;
	if (existed_here(existed, revision))
		return NULL;
	step = palloc0_object(SlHealStep);
	step->action = "replay";
	step->revision = entry->revision;
	step->statements = list_make1(entry->up);
	step->setters = list_make1(entry->revision);
	step->safe = true;
	taker = sl_find_taker(entry, false);
	if (taker != NULL)
	{
		step->safe = false;
		step->reason = psprintf(_("its script holds %s, which may take something away"),
								taker);
	}
	else if (entry->has_data)
		step->reason = _("nothing of it is there: its statements on data run, too");
	return step;
}

/* The relation that a statement puts rows into or changes them in, or NULL. */
static RangeVar *
filled_relation(Node *tree)
{
	if (IsA(tree, InsertStmt))
		return ((InsertStmt *) tree)->relation;
	if (IsA(tree, UpdateStmt))
		return ((UpdateStmt *) tree)->relation;
	if (IsA(tree, CopyStmt) && ((CopyStmt *) tree)->is_from)
		return ((CopyStmt *) tree)->relation;
	return NULL;
}

/*
 * The relations that a script of such statements alone is about, RangeVar *;
 * NIL if there is another statement in it.
 */
List *
sl_replay_filled_relations(const char *revision)
{
	SlRegistryEntry *entry = sl_registry_get(revision, true);
	SlOrigin	origin = {NULL, revision, 1};
	List	   *relations = NIL;
	SlStatement statement;
	SlScanner  *scanner;

	if (entry == NULL || entry->up == NULL)
		return NIL;
	scanner = sl_scan_begin(entry->up, strlen(entry->up), &origin);
	while (sl_scan_next(scanner, &statement))
	{
		RangeVar   *relation = filled_relation(statement.tree->stmt);

		CHECK_FOR_INTERRUPTS();
		if (relation == NULL)
		{
			relations = NIL;
			break;
		}
		relations = lappend(relations, copyObject(relation));
	}
	sl_scan_end(scanner);
	return relations;
}

/* One change against what the footprint has of it. */
static bool
is_same(const SlChange *change, const SlLeftRow *row,
		const SlCatalogOptions *what)
{
	SlFactHash	hash;

	if (strcmp(change->class, row->class) != 0 ||
		strcmp(change->identity, row->identity) != 0 ||
		(change->after == NULL) != (row->after == NULL))
		return false;
	if (change->after == NULL)
		return true;
	sl_fact_hash(change->after, &hash);
	return sl_fact_hash_equal(&hash, (const SlFactHash *) row->after, what);
}

/* Did it leave what it is known to leave?  If not, the first thing. */
static char *
find_deviation(const char *revision, List *changes, const SlOptions *options)
{
	SlCatalogOptions what = {NIL, false, options->compare_owners,
	options->compare_privileges};
	int			count;
	SlLeftRow  *rows = sl_footprint_of_claim(revision, &count);
	ListCell   *cell;

	foreach(cell, changes)
	{
		const SlChange *change = lfirst(cell);
		int			i = foreach_current_index(cell);

		if (i >= count || !is_same(change, &rows[i], &what))
			return psprintf("%s %s", change->class, change->identity);
	}
	if (list_length(changes) < count)
		return psprintf("%s %s", rows[list_length(changes)].class,
						rows[list_length(changes)].identity);
	return NULL;
}

static void
record(const SlRegistryEntry *entry, List *changes, int statements,
	   int64 elapsed, int64 log_id)
{
	SlFootprints *footprints = sl_footprints_begin();
	SlLogEntry	log = {0};

	log.action = "repair";
	log.revision = entry->revision;
	log.outcome = "ok";
	log.statements = statements;
	log.elapsed = elapsed;
	log.evidence = SL_EVIDENCE_APPLIED;
	log.reason = "replayed";
	sl_log_append(log_id, &log);
	sl_footprints_add(footprints, entry, log_id, changes);
	sl_footprints_flush(footprints);
	sl_claim_prove(entry->revision);
}

typedef struct Replay
{
	SlHealStep *step;
	const SlHealOrder *order;
	const SlOptions *options;
	int64		log_id;
} Replay;

/* Run the script; an error if it does not leave its footprint. */
static void
run(void *arg)
{
	const Replay *replay = arg;
	SlHealStep *step = replay->step;
	SlRegistryEntry *entry = sl_registry_get_script(step->revision);
	TimestampTz started = GetCurrentTimestamp();
	List	   *changes = NIL;
	const char *taker = sl_find_taker(entry, true);
	char	   *deviation;
	int			statements;

	/* somebody has made since what was not there */
	if (taker != NULL)
		ereport(ERROR,
				(errcode(SL_ERR_NOT_AT_HEAD),
				 errmsg("its script holds %s, which may take something away",
						taker)));
	statements = sl_run_script(entry, SL_UP, replay->order->caller,
							   replay->options, false, &changes);
	deviation = find_deviation(step->revision, changes, replay->options);
	if (deviation != NULL)
		ereport(ERROR,
				(errcode(SL_ERR_NOT_AT_HEAD),
				 errmsg("it does not leave the footprint that it is known by: %s",
						deviation)));
	step->elapsed = GetCurrentTimestamp() - started;
	record(entry, changes, statements, step->elapsed, replay->log_id);
	if (replay->order->notices)
		ereport(NOTICE,
				(errmsg_plural("%s replayed, %d statement, %.0f ms",
							   "%s replayed, %d statements, %.0f ms",
							   statements, step->revision, statements,
							   step->elapsed / 1000.0)));
}

static bool
must_pass(const ErrorData *error)
{
	int			category = ERRCODE_TO_CATEGORY(error->sqlerrcode);

	return category == ERRCODE_OPERATOR_INTERVENTION ||
		category == ERRCODE_INSUFFICIENT_RESOURCES ||
		category == ERRCODE_TRANSACTION_ROLLBACK ||
		category == ERRCODE_INTERNAL_ERROR ||
		error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE ||
		error->sqlerrcode == ERRCODE_INSUFFICIENT_PRIVILEGE;
}

/* One revision, in a subtransaction. */
void
sl_replay(SlHealStep *step, const SlHealOrder *order,
		  const SlOptions *options)
{
	Replay		replay = {step, order, options, sl_log_next_id()};
	ErrorData  *error = sl_try_piece(run, &replay, CurrentMemoryContext);

	if (error == NULL)
		step->outcome = "done";
	else if (must_pass(error))
		ReThrowError(error);
	else
		sl_heal_skip(step, error->message);
}
