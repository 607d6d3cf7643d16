/*-------------------------------------------------------------------------
 *
 * adapters_private.h
 *	  The table of adapters and what an adapter has at hand: for the files of
 *	  this folder only.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/adapters/adapters_private.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_ADAPTERS_PRIVATE_H
#define SL_ADAPTERS_PRIVATE_H

#include "adapters/adapters.h"

#include "access/attnum.h"
#include "lib/stringinfo.h"
#include "storage/lock.h"

#include "drift/drift.h"
#include "graph/graph.h"
#include "ledger/version_table.h"
#include "runner/runner.h"

struct SlAdapter;

/* A column of a version table that its tool cannot do without. */
typedef enum SlColumnKind
{
	SL_COLUMN_TEXT,				/* varchar or text */
	SL_COLUMN_NUMBER,			/* int or bigint */
	SL_COLUMN_BOOL,
	SL_COLUMN_TIME				/* timestamp, with or without time zone */
} SlColumnKind;

typedef struct SlToolColumn
{
	const char *name;
	SlColumnKind kind;
} SlToolColumn;

#define SL_TOOL_COLUMNS_MAX 16

/* A version table that was found, and whose it is. */
typedef struct SlVersionTable
{
	const struct SlAdapter *adapter;
	Oid			relid;
	Oid			owner;
	char	   *schema;
	char	   *name;
	char	   *title;			/* schema.name, quoted */
	AttrNumber	columns[SL_TOOL_COLUMNS_MAX];	/* as in the adapter */
	bool		written;		/* it should be in step: no write is left */
} SlVersionTable;

/* What a row says. */
typedef enum SlWordKind
{
	SL_WORD_APPLIED,
	SL_WORD_ALL_BEFORE,			/* it, or what there is of it, and all that
								 * comes before it in the tool's order */
	SL_WORD_FAILED,				/* begun and not finished, or failed */
	SL_WORD_UNDONE				/* takes an earlier word back */
} SlWordKind;

typedef struct SlWord
{
	SlWordKind	kind;
	char	   *revision;		/* as the registry would have it */
	char	   *checksum;		/* as the tool writes it; NULL: none */
	int64		order;			/* when it came to be; 0: the table does not
								 * say */
} SlWord;

/* The graph, as far as a tool knows it. */
typedef struct SlReach
{
	const struct SlAdapter *adapter;
	SlGraph    *graph;
	SlLineage	lineage;
	bool	   *known;			/* by place in the lineage: by the tool */
	struct SlReachPlace *places;
} SlReach;

typedef void (*SlReachSink) (const SlRevisionRow *row, const SlWord *word,
							 void *arg);

/* in reach.c */
extern void sl_reach_init(SlReach *reach, const struct SlAdapter *adapter);
extern int	sl_reach_place(const SlReach *reach, const SlRevisionRow *row);
extern bool sl_reach_word(const SlReach *reach, const SlWord *word,
						  SlReachSink sink, void *arg);

/* A revision that is taken over. */
typedef struct SlTaken
{
	const SlRevisionRow *row;
	SlAdopted  *adopted;
	const char *checksum;		/* as the table has it; NULL: none */
	bool		changed;		/* that is not the registered script's */
	bool		seen;			/* it ran before our eyes */
	int			place;			/* in the lineage */
	List	   *findings;		/* SlStampFinding *, of the catalog */
} SlTaken;

typedef struct SlTaking
{
	SlTaken    *items;			/* in the order in which they are claimed */
	int			count;
	int			space;
	SlTaken   **by_name;
	List	   *columns;		/* char *, of tables that are missing */
} SlTaking;

/* in taking.c */
extern SlTaken *sl_taking_add(SlTaking *taking, const SlRevisionRow *row);
extern void sl_taking_claim(SlTaking *taking, int64 first_id);
extern void sl_truth_now(SlTruth *truth);
extern void sl_taking_judge(SlTaking *taking, const SlTruth *truth);
extern char *sl_taking_describe(const SlTaking *taking,
								const List *findings);
extern void sl_taking_record(SlTaking *taking, int64 first_id,
							 const char *reason);

/* What an adapter needs to bring its table in step. */
typedef struct SlSync
{
	const SlVersionTable *table;
	SlReach		reach;
	List	   *words;			/* as the table is */
	const SlRecord *records;	/* what was recorded just now, in the order
								 * of sl_compare_records */
	int			nrecords;
} SlSync;

typedef struct SlAdapter
{
	const char *name;
	const char *usual_name;		/* of its table */
	bool		by_name;		/* other tables have such columns, too: found
								 * by itself only under its usual name */
	bool		ordered;		/* the table says in which order it was */
	const SlToolColumn *columns;
	int			ncolumns;
	const char *const *formats; /* of its files in the registry, up to NULL */
	const char *command;		/* that runs what is pending */
	const char *failed_hint;	/* what to do about a failed row; a %s is the
								 * revision */

	/* NULL: the columns are enough */
	bool		(*fits) (Oid relid);

	/* one row; cells by column, NULL: null */
	void		(*read) (const char *const *cells, List **words);

	/* could that be an id of the tool's?  NULL: any is */
	bool		(*could_be) (const char *revision);

	/*
	 * Does a revision come at or before another, in the tool's order?  NULL:
	 * it is the graph that says so.
	 */
	bool		(*is_before) (const char *revision, const char *other);

	/* whether a checksum is that of the script; NULL: there is none */
	bool		(*same_checksum) (const char *checksum,
								  const SlRegistryEntry *entry);

	/* one revision that ran up; false: bring all in step.  NULL: always all */
	bool		(*sync_one) (const SlVersionTable *table,
							 const SlRegistryEntry *entry,
							 const SlRecord *record);
	void		(*sync) (const SlSync *sync);
} SlAdapter;

/* in write.c: writing to a version table, as its owner */
typedef struct SlWriter
{
	const SlVersionTable *table;
	SlIdentity	before;
	int			nest_level;
	ErrorContextCallback context;
} SlWriter;

extern void sl_writer_begin(SlWriter *writer, const SlVersionTable *table);
extern uint64 sl_writer_run(SlWriter *writer, const char *statement,
							const char *const *values, int nvalues);
extern void sl_writer_end(SlWriter *writer);

/* in adapters.c */
extern const SlAdapter *const sl_adapters[];
extern const int sl_adapters_count;
extern const SlAdapter *sl_adapter_find(const char *name);
extern char *sl_adapter_names(void);
extern bool sl_adapter_has_format(const SlAdapter *adapter,
								  const char *format);

/* the tools, a file each */
extern const SlAdapter sl_adapter_alembic;
extern const SlAdapter sl_adapter_dbmate;
extern const SlAdapter sl_adapter_flyway;
extern const SlAdapter sl_adapter_golang_migrate;
extern const SlAdapter sl_adapter_prisma;
extern const SlAdapter sl_adapter_rails;

/* in words.c: what several of them need */
extern SlWord *sl_word_add(List **words, SlWordKind kind,
						   const char *revision);
extern List *sl_words_settle(List *words);
extern int	sl_compare_digits(const char *a, const char *b);
extern bool sl_is_digits(const char *text);

/* What is to be put into a table that has a row for each revision, or taken
 * out of it. */
typedef void (*SlSyncRow) (SlWriter *writer, const SlRegistryEntry *entry,
						   const char *revision, int64 elapsed);
extern int	sl_compare_records(const void *a, const void *b);
extern void sl_sync_rows(const SlSync *sync, SlSyncRow insert,
						 SlSyncRow remove);

/* where the column that names the revision is called "version" */
extern void sl_version_row_remove(SlWriter *writer,
								  const SlRegistryEntry *entry,
								  const char *revision, int64 elapsed);
extern bool sl_version_row_sync(const SlVersionTable *table,
								const SlRegistryEntry *entry,
								const SlRecord *record, SlSyncRow insert);

/* in table.c */
extern SlVersionTable *sl_version_table_find(const char *tool,
											 const char *name);
extern SlVersionTable *sl_version_table_known(const SlVersionTableRow *row);
extern bool sl_version_table_lock(const SlVersionTable *table,
								  LOCKMODE mode);
extern List *sl_version_table_words(const SlVersionTable *table);
extern bool sl_version_table_is_plain(const SlVersionTable *table);
extern void sl_version_table_require_writable(const SlVersionTable *table);

/* in mirror.c */
extern void sl_mirror_sync(const SlVersionTable *table,
						   const SlRecord *records, int count);

/* What led to one write to an observed version table. */
typedef struct SlPiece
{
	List	   *words;			/* SlWord *, before the write */
	List	   *changes;		/* SlChange *, of the catalog, since the piece
								 * before */
	int			level;			/* of the subtransaction that wrote */
} SlPiece;

/* A version table that was written to. */
typedef struct SlWrites
{
	Oid			relid;
	List	   *pieces;			/* SlPiece *, the first one first */
	List	   *rest;			/* SlChange *, after the last one */
	bool		lost;			/* there were changes that were not seen */
	bool		touched;		/* this session has changed the catalog since
								 * it last wrote */
} SlWrites;

/* in observe.c */
extern void sl_observe_bind(const SlExtension *extension);

/* in verdict.c: false: the tool is under way, and nothing can be said yet */
extern bool sl_verdict(const SlVersionTable *table, const char *mode,
					   const SlWrites *writes);
extern bool sl_words_unfinished(const List *words);

/*
 * What the table said before anybody observed it: recorded as sl_adopt() would
 * have it.  Left out it would be pending, and a run would do it again.  The
 * caller holds the migration lock.
 */
extern void sl_verdict_catch_up(const SlVersionTable *table);

#endif							/* SL_ADAPTERS_PRIVATE_H */
