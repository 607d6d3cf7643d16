/*-------------------------------------------------------------------------
 *
 * expressions.c
 *	  The text of stored expressions: defaults, checks, predicates.
 *
 * pg_get_expr() opens the relation that an expression is about, only to learn
 * the names of its columns: a relation cache entry for each of 10,000 tables.
 * Here the names come from what the scan has read already, by way of a made
 * up range table entry, and an expression that occurs again with the same
 * column names is not deparsed again.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/expressions.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_attrdef.h"
#include "common/hashfn.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/plannodes.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/ruleutils.h"

#include "catalog/catalog_private.h"

/* what is remembered of expressions, at most */
#define MEMO_LIMIT (32 * 1024 * 1024)

typedef struct ExpressionEntry
{
	const char *key;
	char	   *text;
	uint32		status;
	uint32		hash;
} ExpressionEntry;

#define SH_PREFIX expression
#define SH_ELEMENT_TYPE ExpressionEntry
#define SH_KEY_TYPE const char *
#define SH_KEY key
#define SH_HASH_KEY(tb, key) \
	hash_bytes((const unsigned char *) (key), strlen(key))
#define SH_EQUAL(tb, a, b) (strcmp(a, b) == 0)
#define SH_STORE_HASH
#define SH_GET_HASH(tb, a) (a)->hash
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

typedef struct DefaultEntry
{
	struct
	{
		Oid			relid;
		int32		attnum;
	}			key;
	const char *text;
} DefaultEntry;

/*
 * What decides the text of an expression: its tree without the positions in
 * the source text, and the names of the columns that it mentions.  NULL if
 * there is more to it: a whole row, a system column, a subquery.
 *
 * A blank that is part of a name stands behind a backslash, so what is looked
 * for here is never inside a name.
 */
static char *
memo_key(SlScan *scan, const char *tree, SlRelation *rel, bool *system_column)
{
	StringInfoData key;
	StringInfoData names;
	const char *p = tree;

	*system_column = false;
	if (strstr(tree, "{QUERY") != NULL)
	{
		/* nested levels have columns of their own */
		*system_column = strstr(tree, " :varattno -") != NULL;
		return NULL;
	}
	initStringInfo(&key);
	initStringInfo(&names);
	while (*p != '\0')
	{
		const char *next = strstr(p, " :");
		long		number;

		if (next == NULL)
			break;
		appendBinaryStringInfo(&key, p, next - p);
		if (strncmp(next, " :location ", 11) == 0)
		{
			p = next + 11;
			while (*p == '-' || (*p >= '0' && *p <= '9'))
				p++;
			continue;
		}
		if (strncmp(next, " :varattno ", 11) == 0)
		{
			number = strtol(next + 11, NULL, 10);
			if (number < 0)
				*system_column = true;
			if (number <= 0 || rel == NULL)
				return NULL;
			appendStringInfo(&names, " %s",
							 quote_identifier(sl_column_name(scan, rel,
															 number)));
		}
		appendBinaryStringInfo(&key, " :", 2);
		p = next + 2;
	}
	appendStringInfoString(&key, p);
	appendStringInfoString(&key, names.data);
	pfree(names.data);
	return key.data;
}

/*
 * A context in which the variables of relation 1 have the names of these
 * columns.  Like any relation of a plan, it needs no lock and no cache entry.
 */
static List *
make_context(SlScan *scan, SlRelation *rel)
{
	PlannedStmt *statement;
	RangeTblEntry *rte;
	List	   *names = NIL;
	int			i;

	if (rel == NULL)
		return NIL;
	sl_need_columns(scan, rel);
	for (i = 0; i < rel->ncolumns; i++)
	{
		const char *name = rel->columns[i].name;

		/* an empty name: dropped */
		names = lappend(names, makeString(pstrdup(name ? name : "")));
	}
	rte = makeNode(RangeTblEntry);
	rte->rtekind = RTE_VALUES;
	rte->eref = makeAlias(rel->name, names);
	rte->inFromCl = true;
	statement = makeNode(PlannedStmt);
	statement->rtable = list_make1(rte);
	return deparse_context_for_plan_tree(statement,
										 list_make1(pstrdup(rel->name)));
}

static char *
deparse(SlScan *scan, Node *node, SlRelation *rel, bool system_column)
{
	List	   *context;

	if (system_column && rel != NULL)
		context = deparse_context_for(rel->name, rel->oid);
	else
		context = make_context(scan, rel);
	return sl_settle_text(deparse_expression(node, context, false, false));
}

/*
 * The text of a pg_node_tree with one expression about 'rel', or about
 * nothing.  Nothing is evaluated.
 */
char *
sl_expression(SlScan *scan, Datum tree, SlRelation *rel)
{
	char	   *nodes = TextDatumGetCString(tree);
	ExpressionEntry *entry;
	char	   *key;
	char	   *text;
	Size		bytes;
	bool		system_column;
	bool		found;

	CHECK_FOR_INTERRUPTS();
	key = memo_key(scan, nodes, rel, &system_column);
	if (scan->expressions == NULL)
		scan->expressions = expression_create(scan->cxt, 256, NULL);
	if (key != NULL)
	{
		entry = expression_lookup(scan->expressions, key);
		if (entry != NULL)
		{
			pfree(nodes);
			pfree(key);
			return entry->text;
		}
	}
	text = deparse(scan, stringToNode(nodes), rel, system_column);
	if (key == NULL)
		return text;
	bytes = strlen(key) + strlen(text) + 2;
	if (scan->expression_bytes + bytes < MEMO_LIMIT)
	{
		scan->expression_bytes += bytes;
		text = MemoryContextStrdup(scan->cxt, text);
		key = MemoryContextStrdup(scan->cxt, key);
		entry = expression_insert(scan->expressions, key, &found);
		entry->text = text;
	}
	return text;
}

/* A pg_node_tree with a list of them. */
List *
sl_expressions(SlScan *scan, Datum tree, SlRelation *rel)
{
	char	   *nodes = TextDatumGetCString(tree);
	List	   *texts = NIL;
	ListCell   *cell;
	bool		system_column = strstr(nodes, " :varattno -") != NULL;

	foreach(cell, (List *) stringToNode(nodes))
		texts = lappend(texts, deparse(scan, lfirst(cell), rel,
									   system_column));
	return texts;
}

/* A row of pg_attrdef makes no fact: it is remembered for its column. */
void
sl_row_default(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_attrdef form = (Form_pg_attrdef) GETSTRUCT(tuple);
	SlRelation *rel = sl_relation(scan, form->adrelid);
	DefaultEntry *entry;
	DefaultEntry wanted;
	Datum		tree;
	char	   *text;
	bool		isnull;

	if (!rel->managed)
		return;
	if (scan->defaults == NULL)
	{
		HASHCTL		ctl;

		ctl.keysize = sizeof(wanted.key);
		ctl.entrysize = sizeof(DefaultEntry);
		ctl.hcxt = scan->cxt;
		scan->defaults = hash_create("defaults", 256, &ctl,
									 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	tree = SL_GET(Anum_pg_attrdef_adbin);
	text = sl_expression(scan, tree, rel);
	if (GetMemoryChunkContext(text) != scan->cxt)
		text = MemoryContextStrdup(scan->cxt, text);
	wanted.key.relid = form->adrelid;
	wanted.key.attnum = form->adnum;
	entry = hash_search(scan->defaults, &wanted.key, HASH_ENTER, NULL);
	entry->text = text;
}

/* The text of a column's default or of what generates it; NULL for none. */
const char *
sl_column_default(SlScan *scan, Oid relid, AttrNumber attnum)
{
	DefaultEntry wanted;
	DefaultEntry *entry;

	if (scan->defaults == NULL)
		return NULL;
	wanted.key.relid = relid;
	wanted.key.attnum = attnum;
	entry = hash_search(scan->defaults, &wanted.key, HASH_FIND, NULL);
	return entry == NULL ? NULL : entry->text;
}
