/*-------------------------------------------------------------------------
 *
 * ddl_fits.c
 *	  What may stand in a statement that is made here.
 *
 * Names in identities have been looked at (ddl_whole.c), so what begins a
 * statement is certain.  Looked for is what an attribute can put behind that:
 * a clause, an option, another name.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/heal/ddl_fits.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/value.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/varlena.h"

#include "heal/ddl_made.h"

/* What COMMENT, DROP, OWNER TO and GRANT call objects of a class. */
static const struct
{
	const char *class;
	ObjectType	type;
	int			grant;			/* ObjectType, or SL_ANY: no privileges */
}			objects[] = {
	{"access method", OBJECT_ACCESS_METHOD, SL_ANY},
	{"aggregate", OBJECT_AGGREGATE, OBJECT_FUNCTION},
	{"base type", OBJECT_TYPE, OBJECT_TYPE},
	{"cast", OBJECT_CAST, SL_ANY},
	{"collation", OBJECT_COLLATION, SL_ANY},
	{"column", OBJECT_COLUMN, OBJECT_TABLE},
	{"composite type", OBJECT_TYPE, OBJECT_TYPE},
	{"constraint", OBJECT_TABCONSTRAINT, SL_ANY},
	{"conversion", OBJECT_CONVERSION, SL_ANY},
	{"domain", OBJECT_DOMAIN, OBJECT_DOMAIN},
	{"domain constraint", OBJECT_DOMCONSTRAINT, SL_ANY},
	{"enum", OBJECT_TYPE, OBJECT_TYPE},
	{"event trigger", OBJECT_EVENT_TRIGGER, SL_ANY},
	{"extension", OBJECT_EXTENSION, SL_ANY},
	{"foreign data wrapper", OBJECT_FDW, OBJECT_FDW},
	{"foreign table", OBJECT_FOREIGN_TABLE, OBJECT_TABLE},
	{"function", OBJECT_FUNCTION, OBJECT_FUNCTION},
	{"index", OBJECT_INDEX, SL_ANY},
	{"language", OBJECT_LANGUAGE, OBJECT_LANGUAGE},
	{"materialized view", OBJECT_MATVIEW, OBJECT_TABLE},
	{"operator", OBJECT_OPERATOR, SL_ANY},
	{"operator class", OBJECT_OPCLASS, SL_ANY},
	{"operator family", OBJECT_OPFAMILY, SL_ANY},
	{"policy", OBJECT_POLICY, SL_ANY},
	{"procedure", OBJECT_PROCEDURE, OBJECT_PROCEDURE},
	{"publication", OBJECT_PUBLICATION, SL_ANY},
	{"range", OBJECT_TYPE, OBJECT_TYPE},
	{"rule", OBJECT_RULE, SL_ANY},
	{"schema", OBJECT_SCHEMA, OBJECT_SCHEMA},
	{"sequence", OBJECT_SEQUENCE, OBJECT_SEQUENCE},
	{"server", OBJECT_FOREIGN_SERVER, OBJECT_FOREIGN_SERVER},
	{"shell type", OBJECT_TYPE, SL_ANY},
	{"statistics", OBJECT_STATISTIC_EXT, SL_ANY},
	{"subscription", OBJECT_SUBSCRIPTION, SL_ANY},
	{"table", OBJECT_TABLE, OBJECT_TABLE},
	{"text search configuration", OBJECT_TSCONFIGURATION, SL_ANY},
	{"text search dictionary", OBJECT_TSDICTIONARY, SL_ANY},
	{"text search parser", OBJECT_TSPARSER, SL_ANY},
	{"text search template", OBJECT_TSTEMPLATE, SL_ANY},
	{"transform", OBJECT_TRANSFORM, SL_ANY},
	{"trigger", OBJECT_TRIGGER, SL_ANY},
	{"view", OBJECT_VIEW, OBJECT_TABLE},
};

bool
sl_made_for(const SlMade *made, const char *class)
{
	return strcmp(made->fact->class, class) == 0;
}

static ObjectType
type_of(const SlMade *made, int *grant)
{
	int			i;

	for (i = 0; i < (int) lengthof(objects); i++)
		if (sl_made_for(made, objects[i].class))
		{
			*grant = objects[i].grant;
			return objects[i].type;
		}
	*grant = SL_ANY;
	return (ObjectType) SL_ANY;
}

/* Are the names of a statement those of a text? */
static bool
names_are(List *names, const char *text)
{
	List	   *wanted;
	ListCell   *a;
	ListCell   *b;

	if (!SplitIdentifierString(pstrdup(text), '.', &wanted) ||
		list_length(names) != list_length(wanted))
		return false;
	forboth(a, names, b, wanted)
		if (!IsA(lfirst(a), String) ||
			strcmp(strVal(lfirst(a)), lfirst(b)) != 0)
			return false;
	return true;
}

static bool
name_is(const char *name, const char *text)
{
	return name != NULL &&
		names_are(list_make1(makeString(pstrdup(name))), text);
}

static bool
relation_is(const RangeVar *relation, const char *text)
{
	return relation != NULL && relation->catalogname == NULL &&
		relation->schemaname != NULL &&
		names_are(list_make2(makeString(relation->schemaname),
							 makeString(relation->relname)), text);
}

/*
 * What every class may have
 */

bool
sl_fits_comment(const Node *node, const SlMade *made)
{
	ObjectType	type = ((const CommentStmt *) node)->objtype;
	int			grant;

	if (type == type_of(made, &grant))
		return true;
	/* columns come with their relation, an index with its constraint */
	if (type == OBJECT_COLUMN)
		return sl_made_for(made, "table") ||
			sl_made_for(made, "foreign table") ||
			sl_made_for(made, "view") ||
			sl_made_for(made, "materialized view") ||
			sl_made_for(made, "composite type");
	return type == OBJECT_INDEX && sl_made_for(made, "constraint");
}

bool
sl_fits_owner(const Node *node, const SlMade *made)
{
	int			grant;

	return ((const AlterOwnerStmt *) node)->objectType ==
		type_of(made, &grant);
}

bool
sl_fits_drop(const Node *node, const SlMade *made)
{
	const DropStmt *drop = (const DropStmt *) node;
	int			grant;

	return sl_ddl_class(made->fact->class)->replaceable &&
		drop->removeType == type_of(made, &grant) &&
		drop->behavior == DROP_RESTRICT && list_length(drop->objects) == 1;
}

bool
sl_fits_grant(const Node *node, const SlMade *made)
{
	const GrantStmt *grant = (const GrantStmt *) node;
	int			type;

	(void) type_of(made, &type);
	return (int) grant->objtype == type &&
		grant->targtype == ACL_TARGET_OBJECT &&
		grant->behavior == DROP_RESTRICT &&
		list_length(grant->objects) == 1 &&
		list_length(grant->grantees) == 1 &&
		list_length(grant->privileges) <= 1;
}

/*
 * Columns and tables
 */

/* Has a list of options (DefElem) no other names than these? */
static bool
options_are(List *options, const char *const *names)
{
	ListCell   *cell;

	foreach(cell, options)
	{
		const DefElem *option = lfirst_node(DefElem, cell);
		int			i;

		for (i = 0; names[i] != NULL; i++)
			if (strcmp(names[i], option->defname) == 0)
				break;
		if (names[i] == NULL)
			return false;
	}
	return true;
}

/* Nothing of where a sequence stands, or whose it is. */
static bool
counts(List *options)
{
	static const char *const names[] = {
		"as", "cache", "cycle", "generated", "increment", "maxvalue",
		"minvalue", "sequence_name", "start", NULL
	};

	return options_are(options, names);
}

/* "serial" is no type that a column has: it makes a sequence. */
static bool
makes_sequence(const TypeName *type)
{
	return type != NULL && list_length(type->names) == 1 &&
		strstr(strVal(linitial(type->names)), "serial") != NULL;
}

static bool
is_plain_column(const ColumnDef *column)
{
	ListCell   *cell;

	foreach(cell, column->constraints)
	{
		const Constraint *constraint = lfirst_node(Constraint, cell);

		switch (constraint->contype)
		{
			case CONSTR_DEFAULT:
			case CONSTR_GENERATED:
			case CONSTR_NOTNULL:
				break;
			case CONSTR_IDENTITY:
				if (!counts(constraint->options))
					return false;
				break;
			default:
				return false;
		}
	}
	return !makes_sequence(column->typeName);
}

bool
sl_fits_column(const Node *node, const SlMade *made)
{
	const AlterTableCmd *command = (const AlterTableCmd *) node;

	return is_plain_column(castNode(ColumnDef, command->def));
}

bool
sl_fits_identity(const Node *node, const SlMade *made)
{
	const Node *def = ((const AlterTableCmd *) node)->def;

	return counts(IsA(def, Constraint) ?
				  ((const Constraint *) def)->options : (List *) def);
}

/* Are they columns alone, and none but those that are known? */
static bool
are_known_columns(List *elements, const SlMade *made)
{
	List	   *known = made->facts->columns(made->fact->identity,
											 made->facts->arg);
	ListCell   *cell;
	ListCell   *other;

	foreach(cell, elements)
	{
		const ColumnDef *column = lfirst(cell);
		bool		found = false;

		if (!IsA(column, ColumnDef) || !is_plain_column(column))
			return false;
		foreach(other, known)
		{
			const SlFact *fact = lfirst(other);

			found |= name_is(column->colname, sl_name_last(fact->identity));
		}
		if (!found)
			return false;
	}
	return true;
}

bool
sl_fits_table(const Node *node, const SlMade *made)
{
	/* the foreign one begins with the other */
	const CreateStmt *create = (const CreateStmt *) node;
	const SlFact *fact = made->fact;
	bool		partition = sl_fact_text(fact, "partition_of") != NULL;

	return relation_is(create->relation, fact->identity) &&
		(create->partbound != NULL) == partition &&
		(!partition || create->tableElts == NIL) &&
		(create->partspec != NULL) ==
		(sl_fact_text(fact, "partition_key") != NULL) &&
		create->oncommit == ONCOMMIT_NOOP &&
		are_known_columns(create->tableElts, made);
}

bool
sl_fits_composite(const Node *node, const SlMade *made)
{
	return are_known_columns(((const CompositeTypeStmt *) node)->coldeflist,
							 made);
}

/* Of which kind is the constraint to be? */
bool
sl_fits_constraint(const Node *node, const SlMade *made)
{
	static const struct
	{
		const char *kind;
		ConstrType	type;
	}			kinds[] = {
		{"check", CONSTR_CHECK},
		{"exclude", CONSTR_EXCLUSION},
		{"foreign key", CONSTR_FOREIGN},
		{"primary key", CONSTR_PRIMARY},
		{"unique", CONSTR_UNIQUE},
	};
	const Constraint *constraint = (const Constraint *)
		((const AlterTableCmd *) node)->def;
	int			i;

	for (i = 0; i < (int) lengthof(kinds); i++)
		if (kinds[i].type == constraint->contype)
			return sl_fact_is(made->fact, "kind", kinds[i].kind);
	return false;
}

/* ALTER TABLE t ADD NOT NULL a, of what only 18 has */
bool
sl_fits_not_null(const Node *node, const SlMade *made)
{
	const Constraint *constraint = (const Constraint *)
		((const AlterTableCmd *) node)->def;

	return constraint->contype == CONSTR_NOTNULL;
}

bool
sl_fits_default_of_domain(const Node *node, const SlMade *made)
{
	return strchr("TNO", ((const AlterDomainStmt *) node)->subtype) != NULL;
}

bool
sl_fits_check_of_domain(const Node *node, const SlMade *made)
{
	const AlterDomainStmt *alter = (const AlterDomainStmt *) node;

	if (alter->subtype == 'C')
		return castNode(Constraint, alter->def)->contype == CONSTR_CHECK;
	return alter->subtype == 'V' ||
		(alter->subtype == 'X' && alter->behavior == DROP_RESTRICT);
}

bool
sl_fits_domain(const Node *node, const SlMade *made)
{
	ListCell   *cell;

	foreach(cell, ((const CreateDomainStmt *) node)->constraints)
	{
		ConstrType	type = lfirst_node(Constraint, cell)->contype;

		if (type != CONSTR_DEFAULT && type != CONSTR_NOTNULL)
			return false;
	}
	return true;
}

/*
 * Sequences
 */

bool
sl_fits_sequence(const Node *node, const SlMade *made)
{
	return counts(((const CreateSeqStmt *) node)->options);
}

bool
sl_fits_alter_sequence(const Node *node, const SlMade *made)
{
	List	   *options = ((const AlterSeqStmt *) node)->options;

	if (list_length(options) == 1 &&
		strcmp(linitial_node(DefElem, options)->defname, "owned_by") == 0)
		return true;
	return counts(options);
}

bool
sl_fits_rename(const Node *node, const SlMade *made)
{
	return ((const RenameStmt *) node)->renameType == OBJECT_SEQUENCE;
}

/* The arguments of a plain call of one of the server's own functions. */
static List *
arguments_of(const Node *node, const char *function)
{
	const FuncCall *call = (const FuncCall *) node;

	if (node == NULL || !IsA(node, FuncCall) ||
		!names_are(call->funcname, function) || call->agg_order != NIL ||
		call->agg_filter != NULL || call->over != NULL ||
		call->agg_distinct || call->func_variadic)
		return NIL;
	return call->args;
}

/* pg_catalog.max(a), or min */
static bool
is_end_of_column(const Node *node)
{
	List	   *arguments = arguments_of(node, "pg_catalog.max");

	if (arguments == NIL)
		arguments = arguments_of(node, "pg_catalog.min");
	return list_length(arguments) == 1 && IsA(linitial(arguments), ColumnRef);
}

/* What sl_ddl_catch_up() writes: SELECT setval(...) FROM t HAVING ... */
bool
sl_fits_catch_up(const Node *node, const SlMade *made)
{
	const SelectStmt *select = (const SelectStmt *) node;
	const A_Expr *having = (const A_Expr *) select->havingClause;
	List	   *arguments;

	if (select->op != SETOP_NONE || select->distinctClause != NIL ||
		select->intoClause != NULL || select->whereClause != NULL ||
		select->groupClause != NIL || select->windowClause != NIL ||
		select->valuesLists != NIL || select->sortClause != NIL ||
		select->limitOffset != NULL || select->limitCount != NULL ||
		select->lockingClause != NIL || select->withClause != NULL ||
		list_length(select->targetList) != 1 ||
		list_length(select->fromClause) != 1 ||
		!IsA(linitial(select->fromClause), RangeVar) ||
		having == NULL || !IsA(having, A_Expr) || having->kind != AEXPR_OP)
		return false;
	arguments = arguments_of(linitial_node(ResTarget,
										   select->targetList)->val,
							 "pg_catalog.setval");
	return list_length(arguments) == 2 && IsA(linitial(arguments), A_Const) &&
		is_end_of_column(lsecond(arguments)) &&
		is_end_of_column(having->lexpr) && list_length(having->name) == 2 &&
		strcmp(strVal(linitial(having->name)), "pg_catalog") == 0 &&
		having->rexpr != NULL && IsA(having->rexpr, A_Const);
}

/*
 * Views, and what hangs on relations
 */

static bool
is_query(const Node *node)
{
	return IsA(node, SelectStmt) &&
		((const SelectStmt *) node)->intoClause == NULL;
}

bool
sl_fits_view(const Node *node, const SlMade *made)
{
	const ViewStmt *view = (const ViewStmt *) node;

	return view->withCheckOption == NO_CHECK_OPTION && is_query(view->query);
}

bool
sl_fits_matview(const Node *node, const SlMade *made)
{
	const CreateTableAsStmt *create = (const CreateTableAsStmt *) node;

	return create->objtype == OBJECT_MATVIEW && is_query(create->query);
}

bool
sl_fits_trigger(const Node *node, const SlMade *made)
{
	const CreateTrigStmt *create = (const CreateTrigStmt *) node;
	const char *identity = made->fact->identity;

	return !create->replace &&
		relation_is(create->relation, sl_name_owner(identity)) &&
		name_is(create->trigname, sl_name_last(identity));
}

bool
sl_fits_rule(const Node *node, const SlMade *made)
{
	const RuleStmt *create = (const RuleStmt *) node;
	const char *identity = made->fact->identity;

	return !create->replace &&
		relation_is(create->relation, sl_name_owner(identity)) &&
		name_is(create->rulename, sl_name_last(identity));
}

bool
sl_fits_statistics(const Node *node, const SlMade *made)
{
	const CreateStatsStmt *create = (const CreateStatsStmt *) node;

	return !create->if_not_exists &&
		names_are(create->defnames, made->fact->identity);
}

/*
 * The rest
 */

bool
sl_fits_schema(const Node *node, const SlMade *made)
{
	const CreateSchemaStmt *create = (const CreateSchemaStmt *) node;

	return create->schemaElts == NIL && create->authrole == NULL;
}

bool
sl_fits_extension(const Node *node, const SlMade *made)
{
	static const char *const names[] = {"schema", "new_version", NULL};

	return options_are(((const CreateExtensionStmt *) node)->options, names);
}

bool
sl_fits_schema_of_extension(const Node *node, const SlMade *made)
{
	return ((const AlterObjectSchemaStmt *) node)->objectType ==
		OBJECT_EXTENSION;
}

/* The routine that an identity names; NULL: it names none. */
static const ObjectWithArgs *
routine_of(const SlMade *made)
{
	const char *noun = sl_ddl_class(made->fact->class)->noun;
	List	   *trees = raw_parser(psprintf("COMMENT ON %s %s IS NULL", noun,
											sl_ddl_address(made->fact)),
								   RAW_PARSE_DEFAULT);
	const CommentStmt *comment = (const CommentStmt *)
		linitial_node(RawStmt, trees)->stmt;

	if (list_length(trees) != 1 || !IsA(comment, CommentStmt) ||
		!IsA(comment->object, ObjectWithArgs))
		return NULL;
	return (const ObjectWithArgs *) comment->object;
}

/* Is it of that name, and called with these parameters (FunctionParameter)? */
static bool
routine_is(const SlMade *made, List *names, List *parameters)
{
	const ObjectWithArgs *routine = routine_of(made);
	List	   *types = NIL;
	ListCell   *cell;

	foreach(cell, parameters)
	{
		const FunctionParameter *parameter = lfirst_node(FunctionParameter,
														 cell);

		if (parameter->mode != FUNC_PARAM_OUT &&
			parameter->mode != FUNC_PARAM_TABLE)
			types = lappend(types, parameter->argType);
	}
	return routine != NULL && list_length(names) == 2 &&
		equal(routine->objname, names) && equal(routine->objargs, types);
}

bool
sl_fits_function(const Node *node, const SlMade *made)
{
	const CreateFunctionStmt *create = (const CreateFunctionStmt *) node;

	return create->is_procedure == sl_made_for(made, "procedure") &&
		routine_is(made, create->funcname, create->parameters);
}

bool
sl_fits_aggregate(const Node *node, const SlMade *made)
{
	const DefineStmt *define = (const DefineStmt *) node;

	return !define->oldstyle &&
		routine_is(made, define->defnames,
				   linitial_node(List, define->args));
}

/* An operator's own name is none that can be split. */
bool
sl_fits_operator(const Node *node, const SlMade *made)
{
	return list_length(((const DefineStmt *) node)->defnames) == 2;
}

bool
sl_fits_operator_class(const Node *node, const SlMade *made)
{
	List	   *items = ((const CreateOpClassStmt *) node)->items;

	return list_length(items) == 1 &&
		linitial_node(CreateOpClassItem, items)->itemtype ==
		OPCLASS_ITEM_STORAGETYPE;
}

bool
sl_fits_operator_family(const Node *node, const SlMade *made)
{
	return list_length(((const AlterOpFamilyStmt *) node)->items) == 1;
}

bool
sl_fits_index_again(const Node *node, const SlMade *made)
{
	return ((const ReindexStmt *) node)->kind == REINDEX_OBJECT_INDEX;
}

bool
sl_fits_user_mapping(const Node *node, const SlMade *made)
{
	return made->unsafe ||
		((const CreateUserMappingStmt *) node)->options == NIL;
}

bool
sl_fits_default_privileges(const Node *node, const SlMade *made)
{
	const GrantStmt *grant =
		((const AlterDefaultPrivilegesStmt *) node)->action;

	return grant->behavior == DROP_RESTRICT &&
		list_length(grant->privileges) <= 1 &&
		list_length(grant->grantees) <= (grant->is_grant ? 1 : 2);
}
