/*-------------------------------------------------------------------------
 *
 * ledger.h
 *	  The extension's own books: the only area that reads or writes its
 *	  tables.
 *
 * Every function here acts as the extension's owner for as long as it runs,
 * under a pinned search_path, with parameters and never with built text.
 * A table with a trigger, a rule or row security on it is refused: nobody's
 * code may run while the books are kept.
 *
 * Results are allocated in the memory context that was current at the call.
 *
 * "fresh" reads see everything committed by now, also in a REPEATABLE READ
 * or SERIALIZABLE transaction: use them after the migration lock is taken.
 * Other reads use the active snapshot, as any query of the caller would.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/ledger/ledger.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_LEDGER_H
#define SL_LEDGER_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"
#include "utils/jsonb.h"

typedef enum SlKind
{
	SL_KIND_VERSIONED,
	SL_KIND_REPEATABLE,
	SL_KIND_SEED,
	SL_KIND_BASELINE
} SlKind;

/* in query.c */
extern void sl_ledger_require_plain(void);

/* in registry.c */

/* What the graph needs of a revision: no script. */
typedef struct SlRevisionRow
{
	char	   *revision;
	SlKind		kind;
	int			nparents;
	char	  **parents;
	int			nreplaces;
	char	  **replaces;		/* ids and ranges a..b */
	bool		external;
	bool		linear;
	bool		transactional;
	char	   *offender;		/* NULL if transactional, or declared so */
	bool		has_data;		/* facts cannot prove that it ran */
	int64		size;			/* bytes of both scripts */
	bool		has_down;
	bool		down_transactional;
	bool		changed;		/* a candidate waits: SL003 */
	bool		settled;
	bool		applied;		/* repeatable: its last run was this content;
								 * seed: this content ran once */
	bool		claimed;		/* there is a row in sl_applied */
	bool		failed;			/* last word 'fail', or an open journal */
	char	   *description;
	char	   *format;
	Oid			registrar;		/* InvalidOid when that role is gone */
	char	   *registrar_name;
} SlRevisionRow;

/* All of the registry by id in byte order; *applied_unknown: ids that are
 * applied but not registered (char *). */
extern SlRevisionRow *sl_registry_read(bool fresh, int *nrows,
									   List **applied_unknown);

/*
 * Is there nothing to do and nothing to check?  True when no row is
 * unsettled: one probe of a partial index, whatever the registry's size.
 */
extern bool sl_registry_is_settled(bool fresh);

/* Did any revision come in one of these formats?  The last one is NULL. */
extern bool sl_registry_has_format(const char *const *formats);

/* Everything about one revision. */
typedef struct SlRegistryEntry
{
	char	   *revision;
	SlKind		kind;
	int			nparents;
	char	  **parents;
	int			nreplaces;
	char	  **replaces;
	bool		linear;
	char	   *up;				/* NULL: external */
	int			up_line;
	char	   *down;			/* NULL: none */
	int			down_line;
	int			statements;
	bool		transactional;
	char	   *offender;
	bool		down_transactional;
	bool		has_data;
	char		checksum[65];
	char		meaning[65];
	char	   *description;
	char	   *format;
	char	   *source;
	char	   *file;
	int			nignores;
	char	  **ignores;
	char	   *candidate;
	char	   *candidate_file;
	char	   *noted;
	/* filled by sl_registry_get only */
	bool		applied;		/* as in SlRevisionRow */
	bool		claimed;
	bool		journal_open;	/* partly run outside a transaction */
	Oid			registrar;		/* InvalidOid when that role is gone */
	char	   *registrar_name;
} SlRegistryEntry;

extern SlRegistryEntry *sl_registry_get(const char *revision, bool fresh);

/*
 * Only what a run needs, and always fresh: kind, scripts and their lines,
 * statements, has_data, meaning, registrar.
 */
extern SlRegistryEntry *sl_registry_get_script(const char *revision);

/* The same for several, SlRegistryEntry pointers in no order. */
extern List *sl_registry_get_scripts(List *revisions);

/*
 * Insert, or overwrite by id, with the current user as the registrar and
 * settled = false.
 */
extern void sl_registry_put(const SlRegistryEntry *entry);

/*
 * The same for a revision that is not there: false if another transaction
 * registered it meanwhile; then its row is locked, and to be read again.
 */
extern bool sl_registry_add(const SlRegistryEntry *entry);

/* Lock the row, so that what is read next stays true. */
extern void sl_registry_lock(const char *revision);
extern void sl_registry_lock_all(List *revisions);
extern void sl_registry_delete(const char *revision);

/*
 * Give a revision other parents and another description, and leave its
 * scripts with the role that registered them.
 */
extern void sl_registry_relink(const char *revision, char **parents,
							   int nparents, bool linear,
							   const char *description);

/* Write down a refused change of an applied script; NULL takes it back. */
extern void sl_registry_set_candidate(const char *revision,
									  const char *candidate,
									  const char *file);

/* Mark as settled: what is applied, once a whole graph was found sound. */
extern void sl_registry_settle(List *revisions);

/* Take that back for one. */
extern void sl_registry_unsettle(const char *revision);

/* Unsettle what names 'revision' as a parent. */
extern void sl_registry_unsettle_children(const char *revision);

/* What a push has to know of the revisions of its source. */
typedef struct SlSourceRow
{
	char	   *revision;
	SlKind		kind;
	char	   *format;
	bool		linear;
	int			statements;
	char	   *meaning;		/* NULL or empty: external */
	bool		claimed;
	bool		journal_open;
} SlSourceRow;

extern SlSourceRow *sl_registry_of_source(const char *source, int *nrows);

/* Repeatables and seeds run again, and are told by their content. */
extern bool sl_kind_runs_once(SlKind kind);
extern Oid	sl_registrar_role(int64 oid, const char *name, int64 cluster);
extern const char *sl_kind_name(SlKind kind);
extern bool sl_kind_parse(const char *name, SlKind *kind);

/* in history.c */

typedef struct SlLogEntry
{
	const char *action;			/* apply, revert, stamp, resolve, fail, ... */
	const char *revision;
	const char *outcome;		/* ok, failed, forced, ... */
	int			statements;		/* -1: NULL */
	int64		elapsed;		/* microseconds; -1: NULL */
	const char *evidence;
	const char *sqlstate;
	const char *error;
	const char *reason;
	const char *meaning;		/* repeatables and seeds only */
} SlLogEntry;

/*
 * The id that the next row takes, and the row.  The caller holds the
 * migration lock from before the first to the end of its transaction, which
 * is what makes the ids an order.
 */
extern int64 sl_log_next_id(void);
extern void sl_log_append(int64 id, const SlLogEntry *entry);
extern bool sl_log_is_empty(bool fresh);
extern bool sl_log_is_ahead_of_snapshot(void);
extern Interval *sl_make_interval(int64 microseconds);

/*
 * Claim a revision: false if somebody else has it.  The unique key decides,
 * not the lock.
 */
extern bool sl_claim(const char *revision, int64 log_id, const char *action,
					 bool forced, const char *meaning);
extern bool sl_claim_set(const char *revision, int64 log_id,
						 const char *action, bool forced,
						 const char *meaning);
extern bool sl_unclaim(const char *revision);

/* The same for a run that is one transaction, at its begin and its end. */
typedef struct SlLogRow
{
	const char *revision;
	TimestampTz at;
	int			statements;
	int64		elapsed;		/* microseconds */
} SlLogRow;

extern uint64 sl_claim_many(List *revisions, int64 first_id);
extern uint64 sl_unclaim_many(List *revisions);
extern void sl_log_append_many(int64 first_id, const char *action,
							   const char *evidence, const SlLogRow *rows,
							   int count);

/* in activity.c: what the server knows of other sessions */

typedef struct SlActivity
{
	char	   *application_name;
	char	   *client;			/* address, or "local" */
	char	   *since;			/* start of its transaction or statement */
	char	   *query;
	TimestampTz since_at;		/* the same start; 0: not known */
	char	   *waiting_for;	/* "Lock: relation", or NULL */
	int			nblockers;
	int		   *blocked_by;		/* pids */
} SlActivity;

extern SlActivity *sl_activity_of(int pid);
extern char *sl_prepared_transaction_gid(TransactionId xid);

/*
 * Does a managed schema hold an object that is no extension's?  Returns one
 * of them, described, or NULL.
 */
extern char *sl_find_managed_object(List *managed_schemas);

/* in journal.c */

typedef struct SlJournalStep
{
	int			statement;
	bool		finished;
	char	   *text;
	char	   *before;			/* jsonb text: what the step found, or NULL */
} SlJournalStep;

extern List *sl_journal_open_revisions(const char *direction);
extern List *sl_journal_read(const char *revision, const char *direction);
extern void sl_journal_start(const char *revision, const char *direction,
							 int statement, const char *text,
							 const char *before);
extern void sl_journal_finish(const char *revision, const char *direction,
							  int statement, const char *text);
extern void sl_journal_forget_step(const char *revision,
								   const char *direction, int statement);
extern void sl_journal_clear(const char *revision);

/* in requirement.c */

typedef struct SlRequirementRow
{
	char	   *name;
	char	   *requirement;	/* relations with their schema */
	char	  **path;			/* where other names are looked for */
	int			npath;
	Oid			registrar;		/* InvalidOid when that role is gone */
	char	   *registrar_name;
} SlRequirementRow;

extern List *sl_requirements_read(bool fresh);
extern void sl_requirement_put(const char *name, const char *requirement,
							   char **path, int npath);
extern bool sl_requirement_drop(const char *name);

/* in footprint.c */

/* A run that left a footprint, if only an empty one. */
#define SL_EVIDENCE_APPLIED "applied"
#define SL_EVIDENCE_REHEARSED "rehearsed"

typedef struct SlEvidence
{
	int64		id;				/* from sl_evidence_next_id, counting up */
	const char *revision;
	const char *evidence;		/* applied, rehearsed, observed, imported */
	int64		log_id;			/* of that run; 0: none */
	const char *meaning;		/* of the script that ran; NULL: unknown */
	bool		complete;		/* false: half way, outside a transaction */
	bool		brought;		/* the facts come from the current user, and
								 * not from the script of the revision */
} SlEvidence;

/*
 * What a run did to one fact.  Hashes are bytes here: whoever reads them
 * knows what they are of.
 */
#define SL_KEY_LENGTH	16
#define SL_HASH_LENGTH	32

typedef struct SlFootprintRow
{
	int64		evidence_id;
	int			ordinal;		/* in the evidence, from 1; grows as it ran */
	char		change;			/* 'a'dded, 'r'eplaced, 'c'hanged, 'd'ropped */
	const char *class;
	const char *identity;
	const uint8 *key;			/* SL_KEY_LENGTH */
	const uint8 *before;		/* SL_HASH_LENGTH, 'c' only */
	const uint8 *after;			/* SL_HASH_LENGTH, NULL for 'd' */
	Jsonb	   *definition;		/* after; NULL for 'd' */
	const char **changed;		/* attributes that differ, 'c' only */
	int			nchanged;
} SlFootprintRow;

/* The caller holds the migration lock from here to its transaction's end. */
extern int64 sl_evidence_next_id(void);
extern void sl_evidence_put(const SlEvidence *evidence);
extern void sl_evidence_put_many(const SlEvidence *evidences, int count);
extern void sl_footprint_append(const SlFootprintRow *rows, int count);

/*
 * A script that runs outside a transaction leaves its footprint piece by
 * piece: the id of what it has so far, or 0; *next_ordinal is where its next
 * piece begins.  *lost: a piece is missing, and no more is to be added.
 */
extern int64 sl_evidence_find_incomplete(const char *revision,
										 int *next_ordinal, bool *lost);
extern void sl_evidence_complete(int64 id, int64 log_id, const char *meaning);
extern void sl_evidence_forget_incomplete(const char *revision);
extern void sl_evidence_forget_imported(const char *revision);

/*
 * Versioned revisions have one 'applied' evidence: forget those with ids
 * before this one.
 */
extern void sl_evidence_forget_older(List *revisions, int64 before_id);

extern void sl_evidence_forget_rehearsed(List *revisions);

/*
 * What a script made in one statement and dropped in another, each of which
 * was seen by itself, it did not make: take it out of the footprint.
 */
extern void sl_footprint_forget_passing(int64 id);

/*
 * What follows reads with the active snapshot: the caller pushes a fresh one
 * if it wants one, and the same for all that belongs together.
 */

/* A claim, as far as the facts want to know. */
typedef struct SlClaimRow
{
	char	   *revision;
	int64		log_id;
	SlKind		kind;			/* versioned, if it is not registered */
	bool		registered;
	bool		by_run;			/* its action is 'apply' */
	bool		forced;
	bool		has_data;
} SlClaimRow;

/* All of them, as they were made. */
extern SlClaimRow *sl_claims_read(int *count);

/* Who brought facts of a revision. */
typedef struct SlBringer
{
	Oid			role;			/* InvalidOid when that role is gone */
	char	   *name;
} SlBringer;

/* SlBringer pointers, of all its evidences. */
extern List *sl_evidence_bringers(const char *revision);

/* A complete evidence. */
typedef struct SlEvidenceRow
{
	int64		id;
	char	   *revision;
	const char *evidence;
	int64		log_id;			/* 0: none */
	bool		current;		/* of the script that is registered now */
	bool		has_data;		/* that script */
} SlEvidenceRow;

/* All of them, by id. */
extern SlEvidenceRow *sl_evidence_read(int *count);

/* A row of a footprint; strings have no end but their length. */
typedef struct SlFootprintKey
{
	int64		evidence_id;
	int			ordinal;
	char		change;
	const uint8 *key;
	const uint8 *before;		/* NULL: none */
	const uint8 *after;			/* NULL: none */
	const char *changed;		/* names with commas between; NULL: none */
	int			changed_length;
	const char *class;
	int			class_length;
	const char *identity;
	int			identity_length;
} SlFootprintKey;

typedef void (*SlFootprintSink) (const SlFootprintKey *row, void *arg);

/*
 * Every row, by evidence and ordinal; nothing is kept, and the row is gone
 * after the call.  The sink is called as the extension's owner: it computes
 * and looks up nothing.
 */
extern void sl_footprint_read(SlFootprintSink sink, void *arg);
extern void sl_footprint_read_one(int64 id, SlFootprintSink sink, void *arg);

/* Which row. */
typedef struct SlFootprintPlace
{
	int64		evidence_id;
	int			ordinal;
} SlFootprintPlace;

typedef struct SlFootprintFact
{
	SlFootprintPlace place;
	char		change;
	char	   *class;
	char	   *identity;
	Jsonb	   *definition;		/* NULL for 'd' */
	char	  **changed;
	int			nchanged;
} SlFootprintFact;

/*
 * The rows at these places, as a sorted array in the current memory context;
 * what is not there any more is not in it.
 */
extern SlFootprintFact *sl_footprint_fetch(const SlFootprintPlace *places,
										   int nplaces, int *count);

/* in conflicts.c */

/* Two revisions left the same fact differently. */
typedef struct SlConflictRow
{
	char	   *first;
	char	   *second;
	char	   *class;
	char	   *identity;
	char	   *attribute;		/* NULL: the whole object */
} SlConflictRow;

/*
 * What these revisions set differently, each pair of them once a fact; with
 * the latest evidence of each.
 */
extern SlConflictRow *sl_footprint_conflicts(List *revisions, bool owners,
											 bool privileges, int *count);

/* All that ever set these facts, as pairs of a number of a row and a name. */
typedef struct SlSetterRow
{
	int			conflict;		/* index in the array */
	char	   *revision;
} SlSetterRow;

extern SlSetterRow *sl_footprint_setters(const SlConflictRow *conflicts,
										 int nconflicts, int *count);

/* in footprint.c */

/* Differences that somebody knows of. */
typedef struct SlAccepted
{
	char	   *class;
	char	   *identity;
	char	   *attribute;		/* NULL: the whole object */
} SlAccepted;

/* Those that hold now, by class, identity and attribute, in byte order. */
extern SlAccepted *sl_accepted_read(int *count);

/* When the first of them ends; 0: none does. */
extern TimestampTz sl_accepted_next_end(void);
extern void sl_accepted_put(const char *class, const char *identity,
							const char *attribute, const char *reason,
							bool has_until, TimestampTz until);
extern bool sl_accepted_delete(const char *class, const char *identity,
							   const char *attribute);

/* in config.c */

/*
 * What a call works with: the session's settings (schema_lifecycle.*), over
 * them the database's (sl_configure), over them the call's own options.
 */
typedef struct SlOptions
{
	int			lock_wait;		/* ms */
	int			migration_lock_timeout; /* ms, 0: none */
	int			migration_statement_timeout;	/* ms, 0: none */
	int			lock_retries;
	int			dry_run_hold;	/* ms */
	bool		out_of_order;
	bool		allow_ahead;
	bool		allow_unverifiable;
	bool		boot_repair;	/* sl_boot repairs what is safe */
	bool		compare_owners;
	bool		compare_privileges;
	List	   *managed_schemas;	/* char *; NIL: all but system, temporary
									 * and extension schemas */
	char	   *ignore;
	List	   *guard_allow_applications;	/* char *, as those that follow */
	List	   *guard_allow_extensions;
	List	   *guard_allow_roles;
	List	   *guard_allow_schemas;
	int			log_retention_days;
	bool		prune;			/* sl_load */
	bool		replay;			/* sl_repair */
	char	   *source;			/* sl_load; empty: the format's name */
	bool		objects_are_known;	/* no setting: the caller has looked at
									 * what there is without a history */
} SlOptions;

/*
 * The patterns of "ignore", char *: class:identity, with commas between that
 * are outside of quotes and parentheses, as identities of functions have them.
 */
extern List *sl_split_patterns(const char *text);

/* An unknown key or a bad value: SL009. */
extern void sl_options_resolve(SlOptions *options, Jsonb *given);
extern void sl_options_resolve_call(SlOptions *options, Jsonb *given);

#endif							/* SL_LEDGER_H */
