/*-------------------------------------------------------------------------
 *
 * ddl_text.c
 *	  Text search.
 *
 * Facts name token types by number, statements by name; the names are known
 * to a function of the parser.  It is called where it is one of the server's
 * own, and nobody else's.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/heal/ddl_text.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_ts_parser.h"
#include "commands/defrem.h"
#include "tsearch/ts_public.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

#include "heal/ddl.h"
#include "heal/ddl_table.h"

/* What lists the token types of a parser that is there. */
static Oid
live_lister(const char *parser)
{
	List	   *names;
	Oid			schema;
	HeapTuple	tuple;
	Oid			function;

	if (!SplitIdentifierString(pstrdup(parser), '.', &names) ||
		list_length(names) != 2)
		return InvalidOid;
	schema = get_namespace_oid(linitial(names), true);
	tuple = SearchSysCache2(TSPARSERNAMENSP, CStringGetDatum(lsecond(names)),
							ObjectIdGetDatum(schema));
	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	function = ((Form_pg_ts_parser) GETSTRUCT(tuple))->prslextype;
	ReleaseSysCache(tuple);
	return function;
}

/* The same of one that is to be made; only the server's own is asked. */
static Oid
expected_lister(SlDdl *ddl, const char *parser)
{
	const SlFact *fact = ddl->facts->find("text search parser", parser,
										  ddl->facts->arg);

	return fact != NULL &&
		sl_fact_is(fact, "token_types", "pg_catalog.prsd_lextype") ?
		F_PRSD_LEXTYPE : InvalidOid;
}

/* The name of a token type; NULL if nobody may be asked. */
static const char *
token_name(Oid lister, int number)
{
	LexDescr   *list;

	if (lister != F_PRSD_LEXTYPE)
		return NULL;
	list = (LexDescr *) DatumGetPointer(OidFunctionCall1(lister,
														 (Datum) 0));
	for (; list != NULL && list->lexid != 0; list++)
		if (list->lexid == number)
			return list->alias;
	return NULL;
}

static Oid
lister_of(SlDdl *ddl, const SlFact *config)
{
	const char *parser = sl_fact_text(config, "parser");
	Oid			lister = live_lister(parser);

	return OidIsValid(lister) ? lister : expected_lister(ddl, parser);
}

/* "1: pg_catalog.simple, public.d" */
static void
add_mapping(SlDdl *ddl, const SlFact *config, Oid lister, const char *item,
			const char *how)
{
	const char *colon = strchr(item, ':');
	const char *name = token_name(lister, atoi(item));

	if (name == NULL)
	{
		sl_ddl_refuse(ddl, _("the names of its tokens are known only to a function of its parser"));
		return;
	}
	if (strcmp(how, "DROP") == 0)
		sl_ddl_add(ddl, "ALTER TEXT SEARCH CONFIGURATION %s DROP MAPPING FOR %s",
				   config->identity, quote_identifier(name));
	else
		sl_ddl_add(ddl, "ALTER TEXT SEARCH CONFIGURATION %s %s MAPPING FOR %s WITH %s",
				   config->identity, how, quote_identifier(name), colon + 2);
}

void
sl_create_ts_config(SlDdl *ddl, const SlFact *fact)
{
	const SlAttribute *mappings = sl_fact_get(fact, "mappings");
	Oid			lister = lister_of(ddl, fact);
	int			i;

	sl_ddl_add(ddl, "CREATE TEXT SEARCH CONFIGURATION %s (PARSER = %s)",
			   fact->identity, sl_fact_text(fact, "parser"));
	for (i = 0; mappings != NULL && i < mappings->nitems; i++)
		add_mapping(ddl, fact, lister, mappings->items[i], "ADD");
}

/* Is a token type of that number in the list? */
static bool
maps(const SlAttribute *mappings, const char *item)
{
	int			i;

	for (i = 0; mappings != NULL && i < mappings->nitems; i++)
		if (atoi(mappings->items[i]) == atoi(item))
			return true;
	return false;
}

static void
alter_mappings(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	const SlAttribute *want = sl_fact_get(expected, "mappings");
	const SlAttribute *have = sl_fact_get(actual, "mappings");
	Oid			lister = lister_of(ddl, expected);
	int			i;

	for (i = 0; have != NULL && i < have->nitems; i++)
		if (!maps(want, have->items[i]))
			add_mapping(ddl, expected, lister, have->items[i], "DROP");
	for (i = 0; want != NULL && i < want->nitems; i++)
		if (!sl_list_has(have, want->items[i]))
			add_mapping(ddl, expected, lister, want->items[i],
						maps(have, want->items[i]) ? "ALTER" : "ADD");
}

const SlDdlAttribute sl_ts_config_attributes[] = {
	{"mappings", alter_mappings},
	{NULL, NULL}
};

void
sl_create_ts_dict(SlDdl *ddl, const SlFact *fact)
{
	const char *options = sl_fact_text(fact, "options");

	sl_ddl_add(ddl, "CREATE TEXT SEARCH DICTIONARY %s (TEMPLATE = %s%s%s)",
			   fact->identity, sl_fact_text(fact, "template"),
			   options != NULL ? ", " : "", options != NULL ? options : "");
}

/* The options that are to go, as names alone. */
static void
alter_dict_options(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	const char *want = sl_fact_text(expected, "options");
	const char *have = sl_fact_text(actual, "options");
	List	   *wanted = want == NULL ? NIL :
		deserialize_deflist(CStringGetTextDatum(want));
	StringInfoData text;
	ListCell   *cell;

	initStringInfo(&text);
	if (have != NULL)
	{
		foreach(cell, deserialize_deflist(CStringGetTextDatum(have)))
		{
			const DefElem *option = lfirst_node(DefElem, cell);
			bool		stays = false;
			ListCell   *other;

			foreach(other, wanted)
				stays |= strcmp(lfirst_node(DefElem, other)->defname,
								option->defname) == 0;
			if (!stays)
				appendStringInfo(&text, "%s%s", text.len > 0 ? ", " : "",
								 quote_identifier(option->defname));
		}
	}
	if (want != NULL)
		appendStringInfo(&text, "%s%s", text.len > 0 ? ", " : "", want);
	sl_ddl_add(ddl, "ALTER TEXT SEARCH DICTIONARY %s (%s)",
			   expected->identity, text.data);
}

const SlDdlAttribute sl_ts_dict_attributes[] = {
	{"options", alter_dict_options},
	{NULL, NULL}
};

void
sl_create_ts_parser(SlDdl *ddl, const SlFact *fact)
{
	const char *headline = sl_fact_text(fact, "headline");

	sl_ddl_add(ddl, "CREATE TEXT SEARCH PARSER %s (START = %s, GETTOKEN = %s, END = %s, LEXTYPES = %s%s%s)",
			   fact->identity, sl_fact_text(fact, "start"),
			   sl_fact_text(fact, "token"), sl_fact_text(fact, "end"),
			   sl_fact_text(fact, "token_types"),
			   headline != NULL ? ", HEADLINE = " : "",
			   headline != NULL ? headline : "");
}

void
sl_create_ts_template(SlDdl *ddl, const SlFact *fact)
{
	const char *init = sl_fact_text(fact, "init");

	sl_ddl_add(ddl, "CREATE TEXT SEARCH TEMPLATE %s (%s%s%sLEXIZE = %s)",
			   fact->identity, init != NULL ? "INIT = " : "",
			   init != NULL ? init : "", init != NULL ? ", " : "",
			   sl_fact_text(fact, "lexize"));
}
