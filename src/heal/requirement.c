/*-------------------------------------------------------------------------
 *
 * requirement.c
 *	  Requirements that do not hold, as steps.
 *
 * The statement comes from the grammar (status/grammar.c); the names in it
 * mean what they meant when the requirement was written down, so it runs
 * under the search_path that was stored with it.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/heal/requirement.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_enum.h"
#include "commands/defrem.h"
#include "nodes/makefuncs.h"
#include "parser/parse_type.h"
#include "parser/scansup.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "heal/heal_private.h"
#include "status/require.h"

static SlHealStep *
add_step(List **steps, const SlRequirementRow *row, const char *statement)
{
	SlHealStep *step = palloc0_object(SlHealStep);

	step->action = "requirement";
	step->identity = row->name;
	step->class = "requirement";
	step->requirement = row;
	step->safe = true;
	if (statement != NULL)
		step->statements = list_make1(pstrdup(statement));
	step->sequence = list_length(*steps);
	*steps = lappend(*steps, step);
	return step;
}

static void
refuse(SlHealStep *step, const char *why, const char *reason)
{
	step->safe = false;
	step->reason = psprintf("%s: %s", why, reason);
}

/* Can rows be in the way? */
static bool
rows_matter(const SlRequirement *requirement)
{
	const Node *tree = requirement->tree;
	ListCell   *cell;

	if (strcmp(requirement->form->words, "not null") == 0)
		return true;
	if (tree == NULL)
		return false;
	if (!IsA(tree, ColumnDef))
		return IsA(tree, Constraint);
	foreach(cell, ((const ColumnDef *) tree)->constraints)
		if (lfirst_node(Constraint, cell)->contype == CONSTR_NOTNULL)
			return true;
	return false;
}

/* The table that it is about, or another object, as SQL writes it. */
static const char *
qualified(const SlRequirement *requirement)
{
	return quote_qualified_identifier(requirement->schema,
									  requirement->object);
}

/* The relation of a requirement; InvalidOid if it is not there. */
static Oid
relation_of(const SlRequirement *requirement)
{
	Oid			schema = get_namespace_oid(requirement->schema, true);

	return OidIsValid(schema) ?
		get_relname_relid(requirement->object, schema) : InvalidOid;
}

/*
 * What stands behind DEFAULT in the statement that was parsed: up to what
 * comes next there.  NULL if that cannot be told.
 */
static char *
default_text(const SlRequirement *requirement, const Constraint *constraint)
{
	const ColumnDef *column = (const ColumnDef *) requirement->tree;
	const char *word = "DEFAULT";
	const char *begin = requirement->ddl + constraint->location;
	int			end = strlen(requirement->ddl);
	ListCell   *cell;

	if (constraint->location < 0 ||
		pg_strncasecmp(begin, word, strlen(word)) != 0)
		return NULL;
	foreach(cell, column->constraints)
	{
		int			location = lfirst_node(Constraint, cell)->location;

		if (location > constraint->location && location < end)
			end = location;
	}
	if (column->collClause != NULL &&
		column->collClause->location > constraint->location &&
		column->collClause->location < end)
		end = column->collClause->location;
	while (end > 0 && scanner_isspace(requirement->ddl[end - 1]))
		end--;
	begin += strlen(word);
	return pnstrdup(begin, requirement->ddl + end - begin);
}

/* What is wrong with the column that is there: "type", "not_null", ... */
static bool
differs_in(const SlRequirement *requirement, const char *why,
		   const char *attribute)
{
	char	   *begin = psprintf("column %s.%s: %s expected ",
								 qualified(requirement),
								 quote_identifier(requirement->name),
								 attribute);

	return strncmp(why, begin, strlen(begin)) == 0;
}

/*
 * The column is there and is not as it should be: NOT NULL can be given to it
 * or taken from it, and a default.  Only the first difference is known, and
 * these come last; to give it what it has already does no harm.
 */
static void
alter_column(List **steps, const SlRequirementRow *row,
			 const SlRequirement *requirement, const char *why)
{
	const ColumnDef *column = (const ColumnDef *) requirement->tree;
	SlHealStep *step = add_step(steps, row, NULL);
	char	   *alter;
	ListCell   *cell;

	alter = psprintf("ALTER TABLE %s ALTER COLUMN %s",
					 qualified(requirement),
					 quote_identifier(requirement->name));
	if (differs_in(requirement, why, "not_null") ||
		differs_in(requirement, why, "default"))
		foreach(cell, column->constraints)
		{
			const Constraint *constraint = lfirst_node(Constraint, cell);
			char	   *text;

			if (constraint->contype == CONSTR_NOTNULL ||
				constraint->contype == CONSTR_NULL)
				step->statements =
					lappend(step->statements,
							psprintf("%s %s NOT NULL", alter,
									 constraint->contype == CONSTR_NULL ?
									 "DROP" : "SET"));
			else if (constraint->contype == CONSTR_DEFAULT &&
					 (text = default_text(requirement, constraint)) != NULL)
				step->statements = lcons(psprintf("%s SET DEFAULT%s", alter,
												  text), step->statements);
			step->looks |= constraint->contype == CONSTR_NOTNULL;
		}
	if (step->statements == NIL)
		refuse(step, why, _("the column is there, and is another one"));
	else if (step->looks)
		step->reason = _("sl_repair() looks at the rows first");
}

/* Labels that an enum lacks, behind those that it has. */
static void
add_labels(List **steps, const SlRequirementRow *row,
		   const SlRequirement *requirement, Oid type)
{
	const CreateEnumStmt *wanted = (const CreateEnumStmt *) requirement->tree;
	SlHealStep *step = add_step(steps, row, NULL);
	const char *name = qualified(requirement);
	const char *last = NULL;
	ListCell   *cell;

	foreach(cell, wanted->vals)
	{
		const char *label = strVal(lfirst(cell));

		if (!SearchSysCacheExists2(ENUMTYPOIDNAME, ObjectIdGetDatum(type),
								   CStringGetDatum(label)))
			step->statements =
				lappend(step->statements,
						psprintf("ALTER TYPE %s ADD VALUE %s%s%s", name,
								 quote_literal_cstr(label),
								 last != NULL ? " AFTER " : "",
								 last != NULL ? quote_literal_cstr(last) :
								 ""));
		last = label;
	}
	if (step->statements == NIL)
		refuse(step, row->requirement,
			   _("labels of an enum cannot change places"));
}

/* Is the thing itself there, so that it is another one than is asked for? */
static Oid
existing_type(const SlRequirement *requirement)
{
	Oid			schema = get_namespace_oid(requirement->schema, true);

	if (!OidIsValid(schema))
		return InvalidOid;
	return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
						   CStringGetDatum(requirement->object),
						   ObjectIdGetDatum(schema));
}

/* A name for an index that was given none, as the server would choose it. */
static char *
choose_index_name(const SlRequirement *requirement)
{
	const IndexStmt *index = (const IndexStmt *) requirement->tree;
	StringInfoData columns;
	ListCell   *cell;

	initStringInfo(&columns);
	foreach(cell, index->indexParams)
	{
		const IndexElem *elem = lfirst_node(IndexElem, cell);

		appendStringInfo(&columns, "%s%s", columns.len > 0 ? "_" : "",
						 elem->name != NULL ? elem->name : "expr");
	}
	return ChooseRelationName(requirement->object, columns.data, "idx",
							  get_namespace_oid(requirement->schema, false),
							  false);
}

/* The index that 'why' says is not valid, as SQL writes it; or NULL. */
static char *
invalid_index(const char *why)
{
	const char *begin = "index ";
	const char *end = " is not valid";
	int			length = strlen(why) - strlen(begin) - strlen(end);

	if (length <= 0 || strncmp(why, begin, strlen(begin)) != 0 ||
		strcmp(why + strlen(begin) + length, end) != 0)
		return NULL;
	return pnstrdup(why + strlen(begin), length);
}

/*
 * The statement with a name, and CONCURRENTLY: what is left of the index when
 * rows make it impossible has to be found.
 */
static void
build_apart(SlHealStep *step, const SlRequirement *requirement,
			const char *invalid)
{
	const char *begin = requirement->form->detail;
	const char *rest = requirement->ddl + strlen(begin) + 1;
	const char *name;

	if (requirement->name != NULL)
	{
		name = quote_identifier(requirement->name);
		rest += strlen(name);
	}
	else if (invalid != NULL)
		name = sl_name_last(invalid);
	else
		name = quote_identifier(choose_index_name(requirement));
	step->apart = true;
	step->index = psprintf("%s.%s", quote_identifier(requirement->schema),
						   name);
	step->statements = list_make1(psprintf("%s CONCURRENTLY %s%s", begin,
										   name, rest));
}

/* It is missing, or what is left of it is of no use, and is built again. */
static void
make_index(List **steps, const SlRequirementRow *row,
		   const SlRequirement *requirement, const char *why, bool online)
{
	SlHealStep *step = add_step(steps, row, requirement->ddl);
	Oid			relid = relation_of(requirement);
	char		kind = OidIsValid(relid) ? get_rel_relkind(relid) : '\0';
	char	   *invalid = invalid_index(why);

	step->looks = ((const IndexStmt *) requirement->tree)->unique;
	if (step->looks)
		step->reason = _("sl_repair() looks at the rows first");
	online = online && (kind == RELKIND_RELATION || kind == RELKIND_MATVIEW);
	if (online)
		build_apart(step, requirement, invalid);
	if (invalid != NULL)
		step->statements =
			lcons(psprintf("DROP INDEX %s%s", online ? "CONCURRENTLY " : "",
						   invalid), step->statements);
	else if (strstr(why, "is missing") == NULL)
		refuse(step, why, _("it is there, and is another one"));
}

static void
append_names(StringInfo text, const char *before, List *names)
{
	ListCell   *cell;

	foreach(cell, names)
		appendStringInfo(text, "%s%s",
						 foreach_current_index(cell) == 0 ? before : ", ",
						 quote_identifier(strVal(lfirst(cell))));
	if (names != NIL)
		appendStringInfoChar(text, ')');
}

/* PRIMARY KEY, UNIQUE: the index is built beside writers, and given to it. */
static void
make_key_apart(SlHealStep *step, const SlRequirement *requirement)
{
	const Constraint *key = (const Constraint *) requirement->tree;
	bool		primary = key->contype == CONSTR_PRIMARY;
	const char *table = qualified(requirement);
	char	   *name = requirement->name;
	StringInfoData text;

	if (key->options != NIL || key->indexspace != NULL || key->deferrable ||
		key->indexname != NULL || sl_constraint_has_period(key))
		return;
	initStringInfo(&text);
	if (name == NULL && !primary)
	{
		ListCell   *cell;

		foreach(cell, key->keys)
			appendStringInfo(&text, "%s%s", text.len > 0 ? "_" : "",
							 strVal(lfirst(cell)));
	}
	if (name == NULL)
		name = ChooseRelationName(requirement->object,
								  primary ? NULL : text.data,
								  primary ? "pkey" : "key",
								  get_namespace_oid(requirement->schema,
													false), true);
	resetStringInfo(&text);
	appendStringInfo(&text, "CREATE UNIQUE INDEX CONCURRENTLY %s ON %s",
					 quote_identifier(name), table);
	append_names(&text, " (", key->keys);
	append_names(&text, " INCLUDE (", key->including);
	if (key->nulls_not_distinct)
		appendStringInfoString(&text, " NULLS NOT DISTINCT");
	step->apart = true;
	step->index = quote_qualified_identifier(requirement->schema, name);
	step->statements =
		list_make2(text.data,
				   psprintf("ALTER TABLE %s ADD CONSTRAINT %s %s USING INDEX %s",
							table, quote_identifier(name),
							primary ? "PRIMARY KEY" : "UNIQUE",
							quote_identifier(name)));
}

static char *
validate_text(const SlRequirement *requirement)
{
	return psprintf("ALTER TABLE %s VALIDATE CONSTRAINT %s",
					qualified(requirement),
					quote_identifier(requirement->name));
}

/*
 * Outside a transaction.  What has no name could not be found again, were it
 * left NOT VALID, and is made at once.
 */
static void
make_constraint_apart(SlHealStep *step, const SlRequirement *requirement)
{
	const Constraint *constraint = (const Constraint *) requirement->tree;
	Oid			relid = relation_of(requirement);

	if (!OidIsValid(relid) || get_rel_relkind(relid) != RELKIND_RELATION)
		return;
	if (constraint->contype == CONSTR_PRIMARY ||
		constraint->contype == CONSTR_UNIQUE)
		make_key_apart(step, requirement);
	else if (requirement->name != NULL && !constraint->skip_validation &&
			 sl_constraint_wants_enforcement(constraint))
	{
		step->apart = true;
		step->statements = list_make2(psprintf("%s NOT VALID",
											   requirement->ddl),
									  validate_text(requirement));
	}
}

/* It is there, and only its rows have not been looked at. */
static bool
is_not_validated(const SlRequirement *requirement, const char *why)
{
	if (requirement->form->holds != sl_holds_constraint ||
		requirement->name == NULL)
		return false;
	return strcmp(why, psprintf("constraint %s.%s is not validated",
								qualified(requirement),
								quote_identifier(requirement->name))) == 0;
}

static void
make_step(List **steps, const SlRequirementRow *row, const char *why,
		  bool online)
{
	SlRequirement *requirement = sl_requirement_parse(row->requirement, NIL);
	Node	   *tree = requirement->tree;
	SlHealStep *step;
	Oid			relid;
	Oid			type;

	if (tree != NULL && IsA(tree, ColumnDef))
	{
		relid = relation_of(requirement);
		if (OidIsValid(relid) &&
			get_attnum(relid, requirement->name) != InvalidAttrNumber)
		{
			alter_column(steps, row, requirement, why);
			return;
		}
	}
	if (tree != NULL && IsA(tree, CreateEnumStmt))
	{
		type = existing_type(requirement);
		if (OidIsValid(type) && get_typtype(type) == TYPTYPE_ENUM)
		{
			add_labels(steps, row, requirement, type);
			return;
		}
	}
	if (tree != NULL && IsA(tree, IndexStmt))
	{
		make_index(steps, row, requirement, why, online);
		return;
	}
	step = add_step(steps, row, requirement->ddl);
	if (is_not_validated(requirement, why))
	{
		step->statements = list_make1(validate_text(requirement));
		step->looks = true;
		step->reason = _("sl_repair() looks at the rows first");
		return;
	}
	step->looks = rows_matter(requirement);
	if (step->looks)
		step->reason = _("sl_repair() looks at the rows first");
	if (online && tree != NULL && IsA(tree, Constraint))
		make_constraint_apart(step, requirement);
	if (requirement->ddl == NULL)
		refuse(step, why, _("what it should be made of is not in the requirement"));
	else if (strstr(why, "is missing") == NULL &&
			 strstr(why, "is null") == NULL &&
			 strcmp(requirement->form->words, "not null") != 0 &&
			 strcmp(requirement->form->words, "nullable") != 0 &&
			 strcmp(requirement->form->words, "row security") != 0)
		refuse(step, why, _("it is there, and is another one"));
}

static const SlRequirementState *
state_of(List *states, const SlRequirementRow *row)
{
	ListCell   *cell;

	foreach(cell, states)
	{
		const SlRequirementState *state = lfirst(cell);

		if (strcmp(state->name, row->name) == 0)
			return state;
	}
	return NULL;
}

/* Steps for those that do not hold now. */
List *
sl_requirement_steps(bool online)
{
	List	   *steps = NIL;
	List	   *states = sl_requirements_look();
	ListCell   *cell;

	foreach(cell, sl_requirements_read(true))
	{
		const SlRequirementRow *row = lfirst(cell);
		const SlRequirementState *state = state_of(states, row);

		if (state != NULL && !state->holds)
			make_step(&steps, row, state->why, online);
	}
	return steps;
}

/* The search_path under which names mean what they meant. */
char *
sl_heal_path(const SlRequirementRow *row)
{
	StringInfoData value;
	int			i;

	initStringInfo(&value);
	for (i = 0; i < row->npath; i++)
		appendStringInfo(&value, "%s, ", quote_identifier(row->path[i]));
	appendStringInfoString(&value, "pg_temp");
	return value.data;
}

/* It is set in the settings' nest. */
void
sl_heal_set_path(const SlRequirementRow *row)
{
	(void) set_config_option("search_path", sl_heal_path(row), PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}
