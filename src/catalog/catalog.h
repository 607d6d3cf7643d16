/*-------------------------------------------------------------------------
 *
 * catalog.h
 *	  Facts from the live catalog: what every other area may know of it.
 *
 * A fact is one object of the catalog with its attributes, in a form that
 * depends on nothing but the schema: not on OIDs, the order of creation,
 * dropped columns, the session's settings, the locale or the encoding.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/catalog.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_CATALOG_H
#define SL_CATALOG_H

#include "postgres.h"

#include "catalog/objectaddress.h"
#include "nodes/pg_list.h"
#include "utils/jsonb.h"

typedef enum SlAttributeKind
{
	SL_ATTRIBUTE_TEXT,
	SL_ATTRIBUTE_BOOL,			/* text is "true" or "false" */
	SL_ATTRIBUTE_LIST
} SlAttributeKind;

typedef struct SlAttribute
{
	const char *name;
	SlAttributeKind kind;
	const char *text;
	int			nitems;			/* SL_ATTRIBUTE_LIST */
	const char **items;
} SlAttribute;

/* Attributes are sorted by name; one that is absent has its default. */
typedef struct SlFact
{
	const char *class;
	const char *identity;
	ObjectAddress address;		/* where it was read; of a column with its
								 * number, of an index its pg_class row */
	int			nattributes;
	SlAttribute *attributes;
} SlFact;

typedef struct SlCatalogOptions
{
	List	   *schemas;		/* char *; NIL: all but system schemas */
	bool		no_schemas;		/* an empty list was given: not one */
	bool		owners;			/* attribute "owner" */
	bool		privileges;		/* attribute "privileges", and the class
								 * "default privileges" */
} SlCatalogOptions;

/*
 * Called with each fact, outside any subtransaction, in no order.  The fact
 * is gone after the call: copy what is to stay.
 */
typedef void (*SlFactSink) (const SlFact *fact, void *arg);

/* in scan.c */

/* Every fact of the database. */
extern void sl_catalog_scan(const SlCatalogOptions *options, SlFactSink sink,
							void *arg);

/*
 * The facts of some objects: of each ObjectAddress itself (or, with a column
 * number, of that column), and, if 'deep', of what hangs on it: a table's
 * columns, constraints, indexes, triggers, rules, policies, statistics.  An
 * object that is not there, or has no facts, has none.
 */
extern void sl_catalog_objects(const SlCatalogOptions *options,
							   const ObjectAddress *objects,
							   int nobjects, bool deep, SlFactSink sink,
							   void *arg);

/* in fact.c */
extern SlFact *sl_fact_copy(const SlFact *fact);
extern int	sl_fact_compare(const SlFact *a, const SlFact *b);
extern bool sl_fact_equal(const SlFact *a, const SlFact *b);
extern bool sl_attribute_equal(const SlAttribute *a, const SlAttribute *b);
extern const char **sl_fact_differences(const SlFact *before,
										const SlFact *after, int *count);
extern char *sl_attribute_text(const SlAttribute *attribute);
extern void sl_fact_push_definition(const SlFact *fact,
									JsonbParseState **state);
extern Jsonb *sl_fact_definition(const SlFact *fact);

/*
 * The SHA-256 of facts, whatever the order in which they come.
 */
typedef struct SlFactDigest SlFactDigest;

extern SlFactDigest *sl_fact_digest_create(void);
extern void sl_fact_digest_add(const SlFact *fact, void *digest);
extern char *sl_fact_digest_final(SlFactDigest *digest);

/*
 * A fact as a few bytes.  A key stands for class and identity; a hash for the
 * attributes, in parts, so that one hash serves whether owners and privileges
 * are compared or not.  A part without attributes is zero.
 */
typedef struct SlFactKey
{
	uint8		bytes[16];
} SlFactKey;

typedef struct SlFactHash
{
	uint8		core[16];		/* all attributes but those below */
	uint8		owner[8];
	uint8		privileges[8];
} SlFactHash;

/* in hash.c */
extern void sl_fact_key(const char *class, const char *identity,
						SlFactKey *key);
extern void sl_fact_hash(const SlFact *fact, SlFactHash *hash);
extern bool sl_fact_hash_equal(const SlFactHash *a, const SlFactHash *b,
							   const SlCatalogOptions *what);

#endif							/* SL_CATALOG_H */
