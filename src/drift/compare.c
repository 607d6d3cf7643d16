/*-------------------------------------------------------------------------
 *
 * compare.c
 *	  What differs between two sets of facts, and how bad that is.
 *
 * An error is a difference that can make somebody's statement fail: one that
 * was written for the expected schema and meets the actual one.  Comments,
 * storage, costs and the like are info, all else is a warning.
 *
 * What hangs on an object that is missing, or that nobody expected, is not
 * reported beside it.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/drift/compare.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "drift/drift.h"

static const char *const error = "error";
static const char *const warning = "warning";
static const char *const info = "info";

/* Classes whose absence no reader or writer need notice. */
static const char *const harmless_classes[] = {
	"constraint", "default privileges", "domain constraint", "event trigger",
	"index", "policy", "publication", "rule", "statistics", "subscription",
	"trigger",
};

/* Attributes that change nothing of what a statement means. */
static const char *const info_attributes[] = {
	"clustered", "comment", "compression", "cost", "index_comment",
	"options", "parallel", "rows", "statistics", "storage", "support", "tablespace",
};

/* Options that are none of storage: {class, attribute} stays a warning. */
static const char *const meaningful_options[] = {
	"foreign data wrapper", "foreign table", "server",
	"text search dictionary", "user mapping", "view",
};

/* Attributes whose change breaks statements, whatever the new value is. */
static const struct
{
	const char *class;
	const char *attribute;
}			breaking[] = {
	{"column", "type"},
	{"column", "generated"},
	{"column", "identity"},
	{"composite type", "type"},
	{"domain", "type"},
	{"enum", "labels"},
	{"function", "result"},
	{"function", "arguments"},
	{"procedure", "arguments"},
	{"aggregate", "result"},
	{"constraint", "columns"},
	{"constraint", "definition"},
	{"constraint", "expression"},
	{"constraint", "kind"},
	{"constraint", "referenced_columns"},
	{"constraint", "references"},
	{"domain constraint", "expression"},
	{"index", "unique"},
	{"operator", "result"},
	{"range", "subtype"},
	{"table", "partition_bound"},
	{"table", "partition_key"},
	{"table", "partition_of"},
};

static bool
is_one_of(const char *text, const char *const *list, int count)
{
	int			i;

	for (i = 0; i < count; i++)
		if (strcmp(text, list[i]) == 0)
			return true;
	return false;
}

static const SlAttribute *
attribute_of(const SlFact *fact, const char *name)
{
	int			i;

	for (i = 0; i < fact->nattributes; i++)
		if (strcmp(fact->attributes[i].name, name) == 0)
			return &fact->attributes[i];
	return NULL;
}

static bool
has_text(const SlFact *fact, const char *name, const char *text)
{
	const SlAttribute *attribute = attribute_of(fact, name);

	return attribute != NULL && attribute->kind != SL_ATTRIBUTE_LIST &&
		strcmp(attribute->text, text) == 0;
}

/* The identity of what something hangs on: all but the last name. */
static char *
owner_identity(const char *identity)
{
	const char *end = identity + strlen(identity);
	const char *p = end;

	if (p > identity && p[-1] == '"')
	{
		/* a quote inside a name is doubled */
		p--;
		while (p > identity)
		{
			p--;
			if (*p != '"')
				continue;
			if (p > identity && p[-1] == '"')
			{
				p--;
				continue;
			}
			break;
		}
	}
	else
	{
		while (p > identity && p[-1] != '.')
			p--;
	}
	if (p == identity || p[-1] != '.')
		return NULL;
	return pnstrdup(identity, p - 1 - identity);
}

/* What others hang on. */
static const char *const owner_classes[] = {
	"table", "view", "materialized view", "foreign table",
	"composite type", "domain",
};

/* Is there a relation, or a domain, of that name? */
static const SlFact *
find_owner(const SlFactSet *set, const char *identity)
{
	const SlFact *found = NULL;
	int			i;

	for (i = 0; i < (int) lengthof(owner_classes) && found == NULL; i++)
		found = sl_fact_set_find(set, owner_classes[i], identity);
	return found;
}

/* The same, also where the set does not hold all that there is. */
static bool
has_owner(const SlFactSet *set, const char *identity)
{
	int			i;

	if (set->knows == NULL)
		return find_owner(set, identity) != NULL;
	for (i = 0; i < (int) lengthof(owner_classes); i++)
		if (set->knows(owner_classes[i], identity, set->arg))
			return true;
	return false;
}

/* What the fact hangs on, by name; NULL for nothing. */
static char *
hangs_on(const SlFact *fact)
{
	static const char *const named_within[] = {
		"column", "constraint", "domain constraint", "policy", "rule",
		"trigger",
	};
	const SlAttribute *attribute;

	if (is_one_of(fact->class, named_within, lengthof(named_within)))
		return owner_identity(fact->identity);
	if (strcmp(fact->class, "index") == 0 ||
		strcmp(fact->class, "statistics") == 0)
	{
		attribute = attribute_of(fact, "table");
		if (attribute != NULL && attribute->kind == SL_ATTRIBUTE_TEXT)
			return pstrdup(attribute->text);
	}
	if (strcmp(fact->class, "sequence") == 0)
	{
		attribute = attribute_of(fact, "owned_by");
		if (attribute != NULL && attribute->kind == SL_ATTRIBUTE_TEXT)
			return owner_identity(attribute->text);
	}
	return NULL;
}

/* What the fact hangs on, if that is in the set. */
const SlFact *
sl_fact_owner(const SlFact *fact, const SlFactSet *set)
{
	char	   *owner = hangs_on(fact);
	const SlFact *found;

	if (owner == NULL)
		return NULL;
	found = find_owner(set, owner);
	pfree(owner);
	return found;
}

/*
 * A copy with what a finding about the whole object rests on, and nothing
 * else: there may be many.
 */
SlFact *
sl_fact_outline(const SlFact *fact)
{
	static const char *const wanted[] = {
		"default", "generated", "identity", "kind", "not_null", "owned_by",
		"partition_of", "table", "unique",
	};
	SlAttribute attributes[lengthof(wanted)];
	SlFact		outline = *fact;
	int			i;

	outline.attributes = attributes;
	outline.nattributes = 0;
	for (i = 0; i < fact->nattributes; i++)
		if (is_one_of(fact->attributes[i].name, wanted, lengthof(wanted)))
			attributes[outline.nattributes++] = fact->attributes[i];
	return sl_fact_copy(&outline);
}

/*
 * Is what the fact hangs on in its own set and not in the other?  Then that
 * is the finding.
 */
static bool
is_told_by_owner(const SlFact *fact, const SlFactSet *own,
				 const SlFactSet *other)
{
	char	   *owner = hangs_on(fact);
	bool		result;

	if (owner == NULL)
		return false;
	result = find_owner(own, owner) != NULL &&
		find_owner(other, owner) == NULL;
	pfree(owner);
	return result;
}

/* Would ON CONFLICT or a foreign key rely on it? */
static bool
is_unique(const SlFact *fact)
{
	return has_text(fact, "unique", "true") ||
		has_text(fact, "kind", "unique") ||
		has_text(fact, "kind", "primary key") ||
		has_text(fact, "kind", "exclude");
}

static const char *
missing_severity(const SlFact *fact)
{
	if (!is_one_of(fact->class, harmless_classes, lengthof(harmless_classes)))
		return error;
	return is_unique(fact) ? error : warning;
}

/* A partition of a table that is expected is how such a table lives. */
static bool
is_partition_of_expected(const SlFact *fact, const SlFactSet *expected)
{
	const SlAttribute *parent = attribute_of(fact, "partition_of");

	return parent != NULL && parent->kind == SL_ATTRIBUTE_TEXT &&
		has_owner(expected, parent->text);
}

/* Can a column that a writer does not know be left out? */
static bool
must_be_given(const SlFact *column)
{
	return has_text(column, "not_null", "true") &&
		attribute_of(column, "default") == NULL &&
		attribute_of(column, "generated") == NULL &&
		attribute_of(column, "identity") == NULL;
}

static const char *
unexpected_severity(const SlFact *fact, const SlFactSet *expected)
{
	if (is_partition_of_expected(fact, expected))
		return info;
	if (strcmp(fact->class, "column") == 0)
		return must_be_given(fact) ? error : warning;
	if (strcmp(fact->class, "constraint") == 0 ||
		strcmp(fact->class, "domain constraint") == 0 || is_unique(fact))
		return error;
	return warning;
}

static bool
all_in(const SlAttribute *some, const SlAttribute *all)
{
	int			i;
	int			j;

	if (some == NULL || all == NULL || some->kind != SL_ATTRIBUTE_LIST ||
		all->kind != SL_ATTRIBUTE_LIST)
		return false;
	for (i = 0; i < some->nitems; i++)
	{
		for (j = 0; j < all->nitems; j++)
			if (strcmp(some->items[i], all->items[j]) == 0)
				break;
		if (j == all->nitems)
			return false;
	}
	return true;
}

static const char *
altered_severity(const SlFinding *finding)
{
	const SlAttribute *was = finding->expected_attribute;
	const SlAttribute *is = finding->actual_attribute;
	const char *name = finding->attribute;
	const char *class = finding->expected->class;
	int			i;

	if (strcmp(name, "options") == 0 &&
		is_one_of(class, meaningful_options, lengthof(meaningful_options)))
		return warning;
	if (is_one_of(name, info_attributes, lengthof(info_attributes)))
		return info;
	/* a stricter column stops writers, a looser one readers at worst later */
	if (strcmp(name, "not_null") == 0)
		return is != NULL && strcmp(is->text, "true") == 0 ? error : warning;
	/* a default that is gone stops those who left the column out */
	if (strcmp(name, "default") == 0)
		return is == NULL && must_be_given(finding->actual) ? error : warning;
	if (strcmp(name, "valid") == 0)
		return is_unique(finding->expected) ? error : warning;
	/* ON CONFLICT names the columns and the predicate of a unique index */
	if ((strcmp(name, "columns") == 0 || strcmp(name, "predicate") == 0) &&
		is_unique(finding->expected))
		return error;
	/* a label more harms nobody who does not know it */
	if (strcmp(name, "labels") == 0 && all_in(was, is))
		return warning;
	for (i = 0; i < (int) lengthof(breaking); i++)
		if (strcmp(breaking[i].class, class) == 0 &&
			strcmp(breaking[i].attribute, name) == 0)
			return error;
	return warning;
}

/* There, but not in force: an index, a constraint that was not checked. */
static bool
is_invalid(const SlFinding *finding)
{
	const SlAttribute *is = finding->actual_attribute;

	return is != NULL && is->kind == SL_ATTRIBUTE_BOOL &&
		(strcmp(is->name, "valid") == 0 ||
		 strcmp(is->name, "validated") == 0 ||
		 strcmp(is->name, "not_null_validated") == 0) &&
		strcmp(is->text, "false") == 0;
}

static void
report_attribute(const SlFact *expected, const SlFact *actual,
				 const char *name, const SlAttribute *was,
				 const SlAttribute *is, SlFindingSink sink, void *arg)
{
	SlFinding	finding = {0};

	finding.expected = expected;
	finding.actual = actual;
	finding.attribute = name;
	finding.expected_attribute = was;
	finding.actual_attribute = is;
	finding.problem = is_invalid(&finding) ? "invalid" : "altered";
	finding.severity = altered_severity(&finding);
	sink(&finding, arg);
}

/* Both have the object: what differs of its attributes. */
void
sl_facts_compare(const SlFact *expected, const SlFact *actual,
				 SlFindingSink sink, void *arg)
{
	int			i = 0;
	int			j = 0;

	while (i < expected->nattributes || j < actual->nattributes)
	{
		const SlAttribute *was = &expected->attributes[i];
		const SlAttribute *is = &actual->attributes[j];
		int			order;

		if (i == expected->nattributes)
			order = 1;
		else if (j == actual->nattributes)
			order = -1;
		else
			order = strcmp(was->name, is->name);
		if (order < 0)
			report_attribute(expected, actual, was->name, was, NULL, sink,
							 arg);
		else if (order > 0)
			report_attribute(expected, actual, is->name, NULL, is, sink,
							 arg);
		else if (!sl_attribute_equal(was, is))
			report_attribute(expected, actual, was->name, was, is, sink,
							 arg);
		i += order <= 0;
		j += order >= 0;
	}
}

/* Both sets are sorted; findings come in the same order. */
void
sl_fact_sets_compare(const SlFactSet *expected, const SlFactSet *actual,
					 SlFindingSink sink, void *arg)
{
	int			i = 0;
	int			j = 0;

	while (i < expected->count || j < actual->count)
	{
		SlFinding	finding = {0};
		int			order;

		CHECK_FOR_INTERRUPTS();
		if (i == expected->count)
			order = 1;
		else if (j == actual->count)
			order = -1;
		else
			order = sl_fact_compare(expected->facts[i], actual->facts[j]);
		if (order == 0)
			sl_facts_compare(expected->facts[i], actual->facts[j], sink,
							 arg);
		else if (order < 0 &&
				 !is_told_by_owner(expected->facts[i], expected, actual))
		{
			finding.expected = expected->facts[i];
			finding.problem = "missing";
			finding.severity = missing_severity(finding.expected);
			sink(&finding, arg);
		}
		else if (order > 0 &&
				 !is_told_by_owner(actual->facts[j], actual, expected))
		{
			finding.actual = actual->facts[j];
			finding.problem = "unexpected";
			finding.severity = unexpected_severity(finding.actual, expected);
			sink(&finding, arg);
		}
		i += order <= 0;
		j += order >= 0;
	}
}
