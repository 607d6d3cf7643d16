/*-------------------------------------------------------------------------
 *
 * document.c
 *	  Sets of facts, and the document that holds one.
 *
 *	{"format": "sl-snapshot-1", "server": 15,
 *	 "facts": {"table": {"public.t": {"persistence": "permanent", ...}}}}
 *
 * "schemas", "owners" and "privileges" are there if facts of these schemas
 * only, or with those attributes, were asked for: the live facts that it is
 * held against are to be the same.
 *
 * A document comes from anywhere: every part of it is looked at before it is
 * believed, and what is wrong is named by its path.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/drift/document.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/numeric.h"

#include "common/sl_compat.h"
#include "common/sl_errors.h"
#include "drift/drift.h"

#define SNAPSHOT_FORMAT "sl-snapshot-1"

/* Where in the document we are: "$.facts.table.\"public.t\"". */
typedef struct Place
{
	const char *argument;
	const char *class;
	const char *identity;
	const char *attribute;
} Place;

/* Add a copy of a fact; a SlFactSink. */
void
sl_fact_set_add(const SlFact *fact, void *arg)
{
	SlFactSet  *set = arg;

	if (set->count == set->space)
	{
		set->space = Max(64, set->space * 2);
		set->facts = set->facts == NULL ?
			palloc_array(SlFact *, set->space) :
			repalloc_huge(set->facts, sizeof(SlFact *) * set->space);
	}
	set->facts[set->count++] = sl_fact_copy(fact);
}

static int
compare_facts(const void *a, const void *b)
{
	return sl_fact_compare(*(SlFact *const *) a, *(SlFact *const *) b);
}

void
sl_fact_set_sort(SlFactSet *set)
{
	if (set->count > 1)
		qsort(set->facts, set->count, sizeof(SlFact *), compare_facts);
}

/* The fact in a sorted set, or NULL. */
const SlFact *
sl_fact_set_find(const SlFactSet *set, const char *class,
				 const char *identity)
{
	SlFact		key;
	const SlFact *wanted = &key;
	SlFact	  **found;

	if (set->count == 0)
		return NULL;
	key.class = class;
	key.identity = identity;
	found = bsearch(&wanted, set->facts, set->count, sizeof(SlFact *),
					compare_facts);
	return found == NULL ? NULL : *found;
}

/* One step of a path; quoted, unless it is a plain word. */
static void
append_step(StringInfo path, const char *step)
{
	appendStringInfoChar(path, '.');
	if (strspn(step, "abcdefghijklmnopqrstuvwxyz_") == strlen(step))
		appendStringInfoString(path, step);
	else
		escape_json(path, step);
}

static void
bad_document(const Place *place, const char *step, const char *detail)
{
	StringInfoData path;

	initStringInfo(&path);
	appendStringInfoChar(&path, '$');
	if (step != NULL)
		append_step(&path, step);
	if (place->class != NULL)
		append_step(&path, place->class);
	if (place->identity != NULL)
		append_step(&path, place->identity);
	if (place->attribute != NULL)
		append_step(&path, place->attribute);
	ereport(ERROR,
			(errcode(SL_ERR_BAD_INPUT),
			 errmsg("\"%s\" is not a snapshot of facts: %s", place->argument,
					path.data),
			 errdetail("%s", detail),
			 errhint("Documents of this form come from sl_snapshot().")));
}

static char *
string_of(const JsonbValue *value)
{
	return pnstrdup(value->val.string.val, value->val.string.len);
}

/* The items of an array of texts; the iterator is behind its beginning. */
static void
parse_list(JsonbIterator **it, const Place *place, SlAttribute *attribute)
{
	JsonbValue	value;
	JsonbIteratorToken token;
	int			space = 4;

	attribute->kind = SL_ATTRIBUTE_LIST;
	attribute->items = palloc_array(const char *, space);
	while ((token = JsonbIteratorNext(it, &value, true)) != WJB_END_ARRAY)
	{
		if (token != WJB_ELEM || value.type != jbvString)
			bad_document(place, "facts",
						 _("The items of a list must be strings."));
		if (attribute->nitems == space)
		{
			space *= 2;
			attribute->items = repalloc(attribute->items,
										sizeof(char *) * space);
		}
		attribute->items[attribute->nitems++] = string_of(&value);
	}
}

static int
compare_attributes(const void *a, const void *b)
{
	return strcmp(((const SlAttribute *) a)->name,
				  ((const SlAttribute *) b)->name);
}

/* The attributes of one fact; the iterator is behind its beginning. */
static SlFact *
parse_fact(JsonbIterator **it, Place *place)
{
	SlFact	   *fact = palloc0_object(SlFact);
	JsonbValue	value;
	int			space = 8;

	fact->class = place->class;
	fact->identity = place->identity;
	fact->attributes = palloc_array(SlAttribute, space);
	while (JsonbIteratorNext(it, &value, true) != WJB_END_OBJECT)
	{
		SlAttribute *attribute;
		JsonbIteratorToken token;

		if (fact->nattributes == space)
		{
			space *= 2;
			fact->attributes = repalloc(fact->attributes,
										sizeof(SlAttribute) * space);
		}
		attribute = &fact->attributes[fact->nattributes++];
		memset(attribute, 0, sizeof(*attribute));
		attribute->name = place->attribute = string_of(&value);
		token = JsonbIteratorNext(it, &value, false);
		if (token == WJB_BEGIN_ARRAY)
			parse_list(it, place, attribute);
		else if (token == WJB_VALUE && value.type == jbvString)
			attribute->text = string_of(&value);
		else if (token == WJB_VALUE && value.type == jbvBool)
		{
			attribute->kind = SL_ATTRIBUTE_BOOL;
			attribute->text = value.val.boolean ? "true" : "false";
		}
		else
			bad_document(place, "facts",
						 _("An attribute must be a string, a boolean or a list of strings."));
	}
	place->attribute = NULL;
	/* jsonb keeps keys by their length first */
	qsort(fact->attributes, fact->nattributes, sizeof(SlAttribute),
		  compare_attributes);
	return fact;
}

/* A fact from its definition; it has no copy of its class and identity. */
SlFact *
sl_fact_parse(const char *class, const char *identity, Jsonb *definition)
{
	Place		place = {"definition", class, identity, NULL};
	JsonbIterator *it;
	JsonbValue	value;

	if (!JB_ROOT_IS_OBJECT(definition))
		bad_document(&place, NULL, _("An object is needed."));
	it = JsonbIteratorInit(&definition->root);
	(void) JsonbIteratorNext(&it, &value, false);
	return parse_fact(&it, &place);
}

/* All classes; the iterator is before the object. */
static void
parse_facts(JsonbContainer *container, Place *place, SlFactSet *set)
{
	JsonbIterator *it = JsonbIteratorInit(container);
	JsonbValue	value;

	(void) JsonbIteratorNext(&it, &value, false);
	while (JsonbIteratorNext(&it, &value, true) != WJB_END_OBJECT)
	{
		CHECK_FOR_INTERRUPTS();
		place->class = string_of(&value);
		if (JsonbIteratorNext(&it, &value, false) != WJB_BEGIN_OBJECT)
			bad_document(place, "facts",
						 _("A class must be an object of facts."));
		while (JsonbIteratorNext(&it, &value, true) != WJB_END_OBJECT)
		{
			place->identity = string_of(&value);
			if (JsonbIteratorNext(&it, &value, false) != WJB_BEGIN_OBJECT)
				bad_document(place, "facts",
							 _("A fact must be an object of attributes."));
			if (set->count == set->space)
			{
				set->space = Max(64, set->space * 2);
				set->facts = set->facts == NULL ?
					palloc_array(SlFact *, set->space) :
					repalloc_huge(set->facts, sizeof(SlFact *) * set->space);
			}
			set->facts[set->count++] = parse_fact(&it, place);
			place->identity = NULL;
		}
		place->class = NULL;
	}
}

static JsonbValue *
value_of(Jsonb *document, const char *key)
{
	return getKeyJsonValueFromContainer(&document->root, key, strlen(key),
										NULL);
}

/* What was asked for when the document was made. */
static void
parse_options(Jsonb *document, Place *place, SlCatalogOptions *options)
{
	JsonbValue *value;
	JsonbValue	item;
	JsonbIterator *it;
	JsonbIteratorToken token;

	value = value_of(document, "owners");
	if (value != NULL && value->type != jbvBool)
		bad_document(place, "owners", _("It must be a boolean."));
	options->owners = value != NULL && value->val.boolean;
	value = value_of(document, "privileges");
	if (value != NULL && value->type != jbvBool)
		bad_document(place, "privileges", _("It must be a boolean."));
	options->privileges = value != NULL && value->val.boolean;
	value = value_of(document, "schemas");
	if (value == NULL)
		return;
	if (value->type != jbvBinary ||
		!JsonContainerIsArray(value->val.binary.data))
		bad_document(place, "schemas", _("It must be a list of strings."));
	it = JsonbIteratorInit(value->val.binary.data);
	(void) JsonbIteratorNext(&it, &item, true);
	while ((token = JsonbIteratorNext(&it, &item, true)) != WJB_END_ARRAY)
	{
		if (token != WJB_ELEM || item.type != jbvString)
			bad_document(place, "schemas",
						 _("It must be a list of strings."));
		options->schemas = lappend(options->schemas, string_of(&item));
	}
	options->no_schemas = options->schemas == NIL;
}

/* The facts of a document, sorted; SL009 if it is none. */
SlFactSet *
sl_snapshot_parse(Jsonb *document, const char *argument)
{
	SlFactSet  *set = palloc0_object(SlFactSet);
	Place		place = {argument, NULL, NULL, NULL};
	JsonbValue *value;

	if (!JB_ROOT_IS_OBJECT(document))
		bad_document(&place, NULL, _("An object is needed."));
	value = value_of(document, "format");
	if (value == NULL || value->type != jbvString ||
		value->val.string.len != strlen(SNAPSHOT_FORMAT) ||
		memcmp(value->val.string.val, SNAPSHOT_FORMAT,
			   strlen(SNAPSHOT_FORMAT)) != 0)
		bad_document(&place, "format",
					 _("It must be \"sl-snapshot-1\"."));
	value = value_of(document, "server");
	if (value == NULL || value->type != jbvNumeric)
		bad_document(&place, "server",
					 _("It must be the server's major version, a number."));
	value = value_of(document, "facts");
	if (value == NULL || value->type != jbvBinary ||
		!JsonContainerIsObject(value->val.binary.data))
		bad_document(&place, "facts",
					 _("It must be an object of classes."));
	parse_options(document, &place, &set->options);
	parse_facts(value->val.binary.data, &place, set);
	sl_fact_set_sort(set);
	return set;
}

static void
push_key(JsonbParseState **state, const char *key)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.len = strlen(key);
	value.val.string.val = unconstify(char *, key);
	pushJsonbValue(state, WJB_KEY, &value);
}

static void
push_true(JsonbParseState **state, const char *key, bool value)
{
	JsonbValue	flag;

	if (!value)
		return;
	push_key(state, key);
	flag.type = jbvBool;
	flag.val.boolean = true;
	pushJsonbValue(state, WJB_VALUE, &flag);
}

static void
push_schemas(JsonbParseState **state, const SlCatalogOptions *options)
{
	ListCell   *cell;

	if (options->schemas == NIL && !options->no_schemas)
		return;
	push_key(state, "schemas");
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	foreach(cell, options->schemas)
	{
		JsonbValue	name;

		name.type = jbvString;
		name.val.string.val = lfirst(cell);
		name.val.string.len = strlen(name.val.string.val);
		pushJsonbValue(state, WJB_ELEM, &name);
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

/* The document of a sorted set. */
Jsonb *
sl_snapshot_make(const SlFactSet *set)
{
	JsonbParseState *state = NULL;
	JsonbValue	value;
	const char *class = NULL;
	int			i;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	push_key(&state, "format");
	value.type = jbvString;
	value.val.string.len = strlen(SNAPSHOT_FORMAT);
	value.val.string.val = SNAPSHOT_FORMAT;
	pushJsonbValue(&state, WJB_VALUE, &value);
	push_key(&state, "server");
	value.type = jbvNumeric;
	value.val.numeric = int64_to_numeric(PG_VERSION_NUM / 10000);
	pushJsonbValue(&state, WJB_VALUE, &value);
	push_schemas(&state, &set->options);
	push_true(&state, "owners", set->options.owners);
	push_true(&state, "privileges", set->options.privileges);
	push_key(&state, "facts");
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (i = 0; i < set->count; i++)
	{
		const SlFact *fact = set->facts[i];

		if (class == NULL || strcmp(class, fact->class) != 0)
		{
			if (class != NULL)
				pushJsonbValue(&state, WJB_END_OBJECT, NULL);
			class = fact->class;
			push_key(&state, class);
			pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
		}
		push_key(&state, fact->identity);
		sl_fact_push_definition(fact, &state);
	}
	if (class != NULL)
		pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}
