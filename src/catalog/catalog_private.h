/*-------------------------------------------------------------------------
 *
 * catalog_private.h
 *	  What the files of this area share.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/catalog_private.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_CATALOG_PRIVATE_H
#define SL_CATALOG_PRIVATE_H

#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/objectaddress.h"
#include "lib/stringinfo.h"
#include "nodes/parsenodes.h"
#include "utils/hsearch.h"
#include "utils/snapshot.h"

#include "catalog/catalog.h"
#include "common/sl_compat.h"

/* What is needed of a column to name it in the facts of others. */
typedef struct SlColumn
{
	const char *name;			/* NULL: dropped */
	Oid			type;
	Oid			collation;
	int32		typmod;
} SlColumn;

/* A relation, of any schema. */
typedef struct SlRelation
{
	Oid			oid;			/* hash key */
	Oid			schema;
	Oid			am;
	Oid			tablespace;
	char		kind;
	bool		is_partition;
	bool		has_options;
	bool		managed;		/* its facts are wanted */
	bool		plain;			/* an index without column options */
	int			ncolumns;		/* -1: not read yet */
	SlColumn   *columns;
	const char *name;
	const char *identity;		/* quoted, with its schema */
} SlRelation;

/* One reading of the catalog, or of some objects. */
typedef struct SlScan
{
	const SlCatalogOptions *options;
	bool		full;
	bool		absent;			/* rows without a fact are told of, too */
	bool		columns;		/* of what hangs on an object, only these */
	bool		direct;			/* no subtransactions of ours */
	bool		plain;			/* and the caller is in none either */
	bool		refused;		/* plain, and there is what is not */
	bool		names;			/* only the names of facts are wanted */
	int			nest_level;		/* of the pinned settings */
	int			lock_timeout;	/* the user's, ms; 0: for ever */
	Snapshot	snapshot;
	MemoryContext cxt;			/* of the whole scan */
	MemoryContext batch;		/* of the rows in work, and their facts */
	List	   *ready;			/* facts of the batch */
	ObjectAddress address;		/* of the row in work */
	SlFact	   *fact;			/* in the making */
	int			space;			/* for so many attributes */

	HTAB	   *schemas;
	HTAB	   *relations;
	HTAB	   *defaults;
	HTAB	   *types;
	HTAB	   *members;		/* full only */
	HTAB	   *comments;		/* full only */
	HTAB	   *constraint_indexes; /* full only */
	HTAB	   *not_nulls;		/* full only: relations with a NOT NULL that
								 * is not validated or not inherited */
	HTAB	   *opclasses;
	struct expression_hash *expressions;
	Size		expression_bytes;
	int			views;			/* that were described */
} SlScan;

/*
 * A catalog and what its rows are facts of.  A class of objects is a row of
 * the table in scan.c and a function in the file of its group.
 */
typedef struct SlClass
{
	Oid			catalog;
	Oid			index;			/* of 'key', and of 'key2' if not 0; none:
								 * rows by their owner only */
	AttrNumber	key;
	AttrNumber	key2;			/* pg_attribute: attnum */
	Oid			owner_index;	/* by the object that the rows hang on */
	AttrNumber	owner_key;		/* 0: they hang on nothing */
	Oid			owner_catalog;
	Oid			address;		/* the class in addresses of its rows */
	bool		locks;			/* deparsing takes locks: small batches */
	void		(*row) (SlScan *scan, HeapTuple tuple, TupleDesc desc);
} SlClass;

/* What is to be described. */
typedef struct SlTarget
{
	ObjectAddress address;
	bool		deep;			/* and what hangs on it */
	bool		columns;		/* of that, only columns */
} SlTarget;

/* in scan.c */
extern bool sl_catalog_describe(const SlTarget *targets, int ntargets,
								bool names, bool plain, SlFactSink sink,
								void *arg);
extern void sl_catalog_rows(const SlCatalogOptions *options,
							const ObjectAddress *objects, int nobjects,
							bool deep, SlFactSink sink, void *arg);

/* in fact.c: a fact in the making */
extern bool sl_fact_begin(SlScan *scan, const char *class,
						  const char *identity);
extern void sl_put(SlScan *scan, const char *name, const char *text);
extern void sl_put_bool(SlScan *scan, const char *name, bool value);
extern void sl_put_true(SlScan *scan, const char *name, bool value);
extern void sl_put_int(SlScan *scan, const char *name, int64 value);
extern void sl_put_list(SlScan *scan, const char *name, List *items);
extern void sl_put_sorted(SlScan *scan, const char *name, List *items);
extern void sl_put_array(SlScan *scan, const char *name, Datum array,
						 bool isnull);
extern void sl_fact_end(SlScan *scan);
extern void sl_append_text(StringInfo buffer, const char *text);
extern void sl_append_attribute(StringInfo buffer,
								const SlAttribute *attribute);

/* in names.c */
extern void sl_catalog_names_init(SlScan *scan);
extern const char *sl_schema_name(SlScan *scan, Oid schema);
extern bool sl_is_managed(SlScan *scan, Oid catalog, Oid object, Oid schema);
extern bool sl_is_users(SlScan *scan, Oid catalog, Oid object);
extern bool sl_is_member(SlScan *scan, Oid catalog, Oid object);
extern char *sl_qualified(SlScan *scan, Oid schema, const char *name);
extern char *sl_within(const char *owner, const char *name);
extern SlRelation *sl_relation(SlScan *scan, Oid relid);
extern void sl_need_columns(SlScan *scan, SlRelation *rel);
extern const SlColumn *sl_column(SlScan *scan, SlRelation *rel,
								 AttrNumber attnum);
extern const char *sl_column_name(SlScan *scan, SlRelation *rel,
								  AttrNumber attnum);
extern List *sl_column_names(SlScan *scan, SlRelation *rel, Datum array,
							 bool isnull);
extern const char *sl_type_name(SlScan *scan, Oid type, int32 typmod);
extern char *sl_function_name(SlScan *scan, Oid function);
extern char *sl_function_identity(SlScan *scan, Oid function);
extern char *sl_operator_name(SlScan *scan, Oid oper);
extern char *sl_collation_name(SlScan *scan, Oid collation);
extern char *sl_opclass_name(SlScan *scan, Oid opclass);
extern const char *sl_nondefault_opclass(SlScan *scan, Oid opclass,
										 Oid type);
extern char *sl_role_name(Oid role);
extern char *sl_catalog_name(int cache, Oid object, AttrNumber column);
extern const char *sl_char_word(const char *const *words, char letter);
pg_noreturn extern void sl_vanished(void);

/* in attributes.c: what many classes have */
extern void sl_put_comment_as(SlScan *scan, const char *name, Oid catalog,
							  Oid object, int sub);
extern void sl_put_comment(SlScan *scan, Oid catalog, Oid object, int sub);
extern void sl_put_owner(SlScan *scan, Oid owner);
extern void sl_put_acl(SlScan *scan, ObjectType type, Oid owner, Datum acl,
					   bool isnull);
extern void sl_put_acl_items(SlScan *scan, Datum acl);
extern void sl_put_tablespace(SlScan *scan, const char *name, Oid tablespace);
extern List *sl_column_options(Datum array, bool isnull);
extern bool sl_has_column_options(HeapTuple tuple, TupleDesc desc);
extern char *sl_call_text(Oid function, int nargs, Datum arg1, Datum arg2,
						  Datum arg3);

/* in array_cast.c */
extern char *sl_settle_text(char *text);

/* in expressions.c */
extern char *sl_expression(SlScan *scan, Datum tree, SlRelation *rel);
extern List *sl_expressions(SlScan *scan, Datum tree, SlRelation *rel);
extern const char *sl_column_default(SlScan *scan, Oid relid,
									 AttrNumber attnum);

/* in dependents.c: what hangs together with what */
extern bool sl_has_facts(Oid catalog);
extern bool sl_can_be_member(Oid catalog);
extern bool sl_carrier(ObjectAddress *address, Snapshot snapshot);
extern bool sl_goes_with(Oid catalog, const ObjectAddress *carrier);
extern bool sl_owner(const ObjectAddress *address, ObjectAddress *owner);
extern void sl_add_target(List **targets, Oid catalog, Oid object, int sub,
						  bool deep);
extern void sl_add_partners(List **targets, const ObjectAddress *object);
extern void sl_add_readers(List **targets, Oid relid, AttrNumber column);
extern bool sl_add_dependents(List **targets, Oid catalog, Oid object);
#if PG_VERSION_NUM >= 180000
extern bool sl_is_not_null(Oid constraint);
#endif

/* in trace_statement.c: what a utility statement will change */
typedef struct SlTouched
{
	List	   *targets;		/* SlTarget * */
	bool		everything;		/* there is no telling */
} SlTouched;

/* in trace_table.c */
extern Oid	sl_named_relation(const RangeVar *name);
extern List *sl_relation_family(Oid relid);
extern void sl_touch_family(SlTouched *touched, Oid relid);
extern void sl_touch_names(SlTouched *touched, Oid relid);
extern void sl_touch_typed_tables(SlTouched *touched, Oid relid);
extern void sl_touch_views(SlTouched *touched, Oid relid);
extern void sl_touch_reindexed(SlTouched *touched, Oid relid);
extern void sl_touch_rewritten(SlTouched *touched, Oid relid);
extern void sl_touch_alter_table(Node *node, SlTouched *touched);
extern void sl_touch_create_index(Node *node, SlTouched *touched);

extern bool sl_statement_matters(Node *statement);
extern bool sl_statement_drops(Node *statement);
extern bool sl_statement_is_plain(Node *statement);
extern void sl_statement_touches(Node *statement, SlTouched *touched);

/* in the files of the groups */
#define SL_ROW(name) \
	extern void name(SlScan *scan, HeapTuple tuple, TupleDesc desc)

SL_ROW(sl_row_relation);
SL_ROW(sl_row_default);
SL_ROW(sl_row_column);
SL_ROW(sl_row_constraint);
SL_ROW(sl_row_index);
SL_ROW(sl_row_routine);
SL_ROW(sl_row_type);
SL_ROW(sl_row_trigger);
SL_ROW(sl_row_rule);
SL_ROW(sl_row_policy);
SL_ROW(sl_row_event_trigger);
SL_ROW(sl_row_operator);
SL_ROW(sl_row_operator_class);
SL_ROW(sl_row_operator_family);
SL_ROW(sl_row_ts_config);
SL_ROW(sl_row_ts_dict);
SL_ROW(sl_row_ts_parser);
SL_ROW(sl_row_ts_template);
SL_ROW(sl_row_fdw);
SL_ROW(sl_row_server);
SL_ROW(sl_row_user_mapping);
SL_ROW(sl_row_publication);
SL_ROW(sl_row_subscription);
SL_ROW(sl_row_schema);
SL_ROW(sl_row_extension);
SL_ROW(sl_row_language);
SL_ROW(sl_row_collation);
SL_ROW(sl_row_conversion);
SL_ROW(sl_row_cast);
SL_ROW(sl_row_transform);
SL_ROW(sl_row_access_method);
SL_ROW(sl_row_statistics);
SL_ROW(sl_row_default_privileges);

extern void sl_put_identity_sequence(SlScan *scan, Oid relid,
									 AttrNumber attnum);
extern bool sl_is_range_constructor(Oid function);
extern void sl_put_constraint_index(SlScan *scan, Oid index);
extern void sl_put_relation_options(SlScan *scan, SlRelation *rel);

/* the attribute of a row that may be NULL */
#define SL_GET(anum) heap_getattr(tuple, anum, desc, &isnull)

#endif							/* SL_CATALOG_PRIVATE_H */
