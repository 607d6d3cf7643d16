/*-------------------------------------------------------------------------
 *
 * ddl_made.c
 *	  Is a statement one that is made here?
 *
 * Facts of a manifest are somebody's text, and their attributes stand in
 * statements as they are.  So a statement is parsed, and must be one of those
 * that are made for facts of its class: one alone, that changes one thing,
 * with no clause that is never written (ddl_fits.c).  What is not in the
 * table is refused: a generator that learns a new statement adds it here.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/heal/ddl_made.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "parser/parser.h"
#include "tcop/utility.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "common/sl_errors.h"
#include "heal/ddl_made.h"

/*
 * A statement, or a command of ALTER TABLE, that facts of a class are brought
 * about by.
 */
typedef struct Shape
{
	const char *class;			/* NULL: any */
	NodeTag		tag;
	int			kind;			/* AlterTableType, or ObjectType of DEFINE;
								 * SL_ANY: there are no kinds */
	bool		unsafe;			/* only where it does not run by itself */
	SlFits		fits;			/* NULL: nothing more to look at */
} Shape;

#define COMMAND T_AlterTableStmt

static const Shape shapes[] = {
	{NULL, COMMAND, AT_ChangeOwner, false, NULL},
	{NULL, T_AlterOwnerStmt, SL_ANY, false, sl_fits_owner},
	{NULL, T_CommentStmt, SL_ANY, false, sl_fits_comment},
	{NULL, T_DropStmt, SL_ANY, false, sl_fits_drop},
	{NULL, T_GrantStmt, SL_ANY, false, sl_fits_grant},

	{"access method", T_CreateAmStmt, SL_ANY, false, NULL},
	{"aggregate", T_DefineStmt, OBJECT_AGGREGATE, false, sl_fits_aggregate},
	{"base type", T_DefineStmt, OBJECT_TYPE, false, NULL},
	{"cast", T_CreateCastStmt, SL_ANY, false, NULL},
	{"collation", T_DefineStmt, OBJECT_COLLATION, false, NULL},

	{"column", COMMAND, AT_AddColumn, false, sl_fits_column},
	{"column", COMMAND, AT_AddConstraint, false, sl_fits_not_null},
	{"column", COMMAND, AT_AddIdentity, false, sl_fits_identity},
	{"column", COMMAND, AT_AlterColumnGenericOptions, false, NULL},
	{"column", COMMAND, AT_AlterColumnType, true, NULL},
	{"column", COMMAND, AT_ColumnDefault, false, NULL},
	{"column", COMMAND, AT_DropColumn, true, NULL},
	{"column", COMMAND, AT_DropExpression, false, NULL},
	{"column", COMMAND, AT_DropIdentity, true, NULL},
	{"column", COMMAND, AT_DropNotNull, false, NULL},
	{"column", COMMAND, AT_ResetOptions, false, NULL},
	{"column", COMMAND, AT_SetCompression, false, NULL},
#if PG_VERSION_NUM >= 170000
	{"column", COMMAND, AT_SetExpression, false, NULL},
#endif
	{"column", COMMAND, AT_SetIdentity, false, sl_fits_identity},
	{"column", COMMAND, AT_SetNotNull, false, NULL},
	{"column", COMMAND, AT_SetOptions, false, NULL},
	{"column", COMMAND, AT_SetStatistics, false, NULL},
	{"column", COMMAND, AT_SetStorage, false, NULL},
	{"column", T_RenameStmt, SL_ANY, false, sl_fits_rename},
	{"column", T_SelectStmt, SL_ANY, false, sl_fits_catch_up},

	{"composite type", T_CompositeTypeStmt, SL_ANY, false, sl_fits_composite},

	{"constraint", COMMAND, AT_AddConstraint, false, sl_fits_constraint},
	{"constraint", COMMAND, AT_ClusterOn, false, NULL},
	{"constraint", COMMAND, AT_DropCluster, false, NULL},
	{"constraint", COMMAND, AT_DropConstraint, false, NULL},
	{"constraint", COMMAND, AT_ResetRelOptions, false, NULL},
	{"constraint", COMMAND, AT_SetRelOptions, false, NULL},
	{"constraint", COMMAND, AT_SetTableSpace, true, NULL},
	{"constraint", COMMAND, AT_ValidateConstraint, false, NULL},
	{"constraint", T_IndexStmt, SL_ANY, false, NULL},
	{"constraint", T_ReindexStmt, SL_ANY, false, sl_fits_index_again},

	{"conversion", T_CreateConversionStmt, SL_ANY, false, NULL},
	{"default privileges", T_AlterDefaultPrivilegesStmt, SL_ANY, false,
	sl_fits_default_privileges},
	{"domain", T_AlterDomainStmt, SL_ANY, false, sl_fits_default_of_domain},
	{"domain", T_CreateDomainStmt, SL_ANY, false, sl_fits_domain},
	{"domain constraint", T_AlterDomainStmt, SL_ANY, false,
	sl_fits_check_of_domain},
	{"enum", T_AlterEnumStmt, SL_ANY, false, NULL},
	{"enum", T_CreateEnumStmt, SL_ANY, false, NULL},
	{"event trigger", T_AlterEventTrigStmt, SL_ANY, false, NULL},
	{"event trigger", T_CreateEventTrigStmt, SL_ANY, false, NULL},
	{"extension", T_AlterExtensionStmt, SL_ANY, true, NULL},
	{"extension", T_AlterObjectSchemaStmt, SL_ANY, false,
	sl_fits_schema_of_extension},
	{"extension", T_CreateExtensionStmt, SL_ANY, false, sl_fits_extension},
	{"foreign data wrapper", T_AlterFdwStmt, SL_ANY, false, NULL},
	{"foreign data wrapper", T_CreateFdwStmt, SL_ANY, false, NULL},

	{"foreign table", COMMAND, AT_AddConstraint, false, sl_fits_not_null},
	{"foreign table", COMMAND, AT_AddInherit, true, NULL},
	{"foreign table", COMMAND, AT_AttachPartition, false, NULL},
	{"foreign table", COMMAND, AT_DetachPartition, true, NULL},
	{"foreign table", COMMAND, AT_DropInherit, true, NULL},
	{"foreign table", COMMAND, AT_GenericOptions, false, NULL},
	{"foreign table", COMMAND, AT_SetOptions, false, NULL},
	{"foreign table", COMMAND, AT_SetStatistics, false, NULL},
	{"foreign table", COMMAND, AT_SetStorage, false, NULL},
	{"foreign table", T_CreateForeignTableStmt, SL_ANY, false, sl_fits_table},

	{"function", T_CreateFunctionStmt, SL_ANY, false, sl_fits_function},

	{"index", COMMAND, AT_ClusterOn, false, NULL},
	{"index", COMMAND, AT_DropCluster, false, NULL},
	{"index", COMMAND, AT_ResetRelOptions, false, NULL},
	{"index", COMMAND, AT_SetRelOptions, false, NULL},
	{"index", COMMAND, AT_SetStatistics, false, NULL},
	{"index", COMMAND, AT_SetTableSpace, true, NULL},
	{"index", T_IndexStmt, SL_ANY, false, NULL},

	{"language", T_CreatePLangStmt, SL_ANY, false, NULL},

	{"materialized view", COMMAND, AT_ResetRelOptions, false, NULL},
	{"materialized view", COMMAND, AT_SetRelOptions, false, NULL},
	{"materialized view", COMMAND, AT_SetStatistics, false, NULL},
	{"materialized view", COMMAND, AT_SetTableSpace, true, NULL},
	{"materialized view", T_CreateTableAsStmt, SL_ANY, false, sl_fits_matview},

	{"operator", T_AlterOperatorStmt, SL_ANY, false, NULL},
	{"operator", T_DefineStmt, OBJECT_OPERATOR, false, sl_fits_operator},
	{"operator class", T_CreateOpClassStmt, SL_ANY, false,
	sl_fits_operator_class},
	{"operator family", T_AlterOpFamilyStmt, SL_ANY, false,
	sl_fits_operator_family},
	{"operator family", T_CreateOpFamilyStmt, SL_ANY, false, NULL},
	{"policy", T_CreatePolicyStmt, SL_ANY, false, NULL},
	{"procedure", T_CreateFunctionStmt, SL_ANY, false, sl_fits_function},
	{"publication", T_AlterPublicationStmt, SL_ANY, false, NULL},
	{"publication", T_CreatePublicationStmt, SL_ANY, false, NULL},
	{"range", T_CreateRangeStmt, SL_ANY, false, NULL},
	{"range", T_DefineStmt, OBJECT_TYPE, false, NULL},

	{"rule", COMMAND, AT_DisableRule, false, NULL},
	{"rule", COMMAND, AT_EnableAlwaysRule, false, NULL},
	{"rule", COMMAND, AT_EnableReplicaRule, false, NULL},
	{"rule", COMMAND, AT_EnableRule, false, NULL},
	{"rule", T_RuleStmt, SL_ANY, false, sl_fits_rule},

	{"schema", T_CreateSchemaStmt, SL_ANY, false, sl_fits_schema},

	{"sequence", COMMAND, AT_SetLogged, false, NULL},
	{"sequence", COMMAND, AT_SetUnLogged, false, NULL},
	{"sequence", T_AlterSeqStmt, SL_ANY, false, sl_fits_alter_sequence},
	{"sequence", T_CreateSeqStmt, SL_ANY, false, sl_fits_sequence},
	{"sequence", T_SelectStmt, SL_ANY, false, sl_fits_catch_up},

	{"server", T_AlterForeignServerStmt, SL_ANY, false, NULL},
	{"server", T_CreateForeignServerStmt, SL_ANY, false, NULL},
	{"shell type", T_DefineStmt, OBJECT_TYPE, false, NULL},
	{"statistics", T_AlterStatsStmt, SL_ANY, false, NULL},
	{"statistics", T_CreateStatsStmt, SL_ANY, false, sl_fits_statistics},
	{"subscription", T_CreateSubscriptionStmt, SL_ANY, true, NULL},

	{"table", COMMAND, AT_AddConstraint, false, sl_fits_not_null},
	{"table", COMMAND, AT_AddInherit, true, NULL},
	{"table", COMMAND, AT_AddOf, false, NULL},
	{"table", COMMAND, AT_AttachPartition, false, NULL},
	{"table", COMMAND, AT_DetachPartition, true, NULL},
	{"table", COMMAND, AT_DisableRowSecurity, false, NULL},
	{"table", COMMAND, AT_DropInherit, true, NULL},
	{"table", COMMAND, AT_DropOf, false, NULL},
	{"table", COMMAND, AT_EnableRowSecurity, false, NULL},
	{"table", COMMAND, AT_ForceRowSecurity, false, NULL},
	{"table", COMMAND, AT_NoForceRowSecurity, false, NULL},
	{"table", COMMAND, AT_ReplicaIdentity, false, NULL},
	{"table", COMMAND, AT_ResetRelOptions, false, NULL},
	{"table", COMMAND, AT_SetAccessMethod, true, NULL},
	{"table", COMMAND, AT_SetLogged, false, NULL},
	{"table", COMMAND, AT_SetOptions, false, NULL},
	{"table", COMMAND, AT_SetRelOptions, false, NULL},
	{"table", COMMAND, AT_SetStatistics, false, NULL},
	{"table", COMMAND, AT_SetStorage, false, NULL},
	{"table", COMMAND, AT_SetTableSpace, true, NULL},
	{"table", COMMAND, AT_SetUnLogged, true, NULL},
	{"table", T_CreateStmt, SL_ANY, false, sl_fits_table},

	{"text search configuration", T_AlterTSConfigurationStmt, SL_ANY, false,
	NULL},
	{"text search configuration", T_DefineStmt, OBJECT_TSCONFIGURATION,
	false, NULL},
	{"text search dictionary", T_AlterTSDictionaryStmt, SL_ANY, false, NULL},
	{"text search dictionary", T_DefineStmt, OBJECT_TSDICTIONARY, false,
	NULL},
	{"text search parser", T_DefineStmt, OBJECT_TSPARSER, false, NULL},
	{"text search template", T_DefineStmt, OBJECT_TSTEMPLATE, false, NULL},
	{"transform", T_CreateTransformStmt, SL_ANY, false, NULL},

	{"trigger", COMMAND, AT_DisableTrig, false, NULL},
	{"trigger", COMMAND, AT_EnableAlwaysTrig, false, NULL},
	{"trigger", COMMAND, AT_EnableReplicaTrig, false, NULL},
	{"trigger", COMMAND, AT_EnableTrig, false, NULL},
	{"trigger", T_CreateTrigStmt, SL_ANY, false, sl_fits_trigger},

	{"user mapping", T_CreateUserMappingStmt, SL_ANY, false,
	sl_fits_user_mapping},

	{"view", COMMAND, AT_ColumnDefault, false, NULL},
	{"view", COMMAND, AT_ResetRelOptions, false, NULL},
	{"view", COMMAND, AT_SetRelOptions, false, NULL},
	{"view", COMMAND, AT_SetStatistics, false, NULL},
	{"view", T_ViewStmt, SL_ANY, false, sl_fits_view},
};

static bool
has_shape(const Node *node, NodeTag tag, int kind, const SlMade *made)
{
	int			i;

	for (i = 0; i < (int) lengthof(shapes); i++)
	{
		const Shape *shape = &shapes[i];

		if (shape->tag == tag && shape->kind == kind &&
			(shape->class == NULL || sl_made_for(made, shape->class)) &&
			(made->unsafe || !shape->unsafe))
			return shape->fits == NULL || shape->fits(node, made);
	}
	return false;
}

/* One change; but row security is two, that are set together. */
static bool
fits_alter_table(const AlterTableStmt *alter, const SlMade *made)
{
	ListCell   *cell;

	foreach(cell, alter->cmds)
	{
		const AlterTableCmd *command = lfirst_node(AlterTableCmd, cell);

		if (list_length(alter->cmds) > 1 &&
			command->subtype != AT_EnableRowSecurity &&
			command->subtype != AT_DisableRowSecurity &&
			command->subtype != AT_ForceRowSecurity &&
			command->subtype != AT_NoForceRowSecurity)
			return false;
		if (!has_shape((const Node *) command, COMMAND, command->subtype,
					   made))
			return false;
	}
	return !alter->missing_ok;
}

static bool
is_made(const Node *node, const SlMade *made)
{
	if (IsA(node, AlterTableStmt))
		return fits_alter_table((const AlterTableStmt *) node, made);
	return has_shape(node, nodeTag(node), IsA(node, DefineStmt) ?
					 (int) ((const DefineStmt *) node)->kind : SL_ANY, made);
}

static void
check_statement(const char *text, const SlMade *made)
{
	List	   *trees = raw_parser(text, RAW_PARSE_DEFAULT);
	Node	   *node;

	if (list_length(trees) != 1)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("it makes more than one statement")));
	node = linitial_node(RawStmt, trees)->stmt;
	if (!is_made(node, made))
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("the %s made of it repairs no fact of class \"%s\"",
						GetCommandTagName(CreateCommandTag(node)),
						made->fact->class)));
}

/*
 * SL009, or an error of the parser, if statements (char *) that were made for
 * a fact are not such as are made here.
 */
void
sl_ddl_check_made(const SlDdl *ddl, const SlFact *fact, List *statements)
{
	SlMade		made = {fact, ddl->facts, ddl->unsafe};
	MemoryContext before = CurrentMemoryContext;
	MemoryContext cxt;
	int			nest_level;
	ListCell   *cell;

	if (statements == NIL)
		return;
	cxt = AllocSetContextCreate(before, "schema_lifecycle trees",
								ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(cxt);
	nest_level = NewGUCNestLevel();
	(void) set_config_option("standard_conforming_strings", "on",
							 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
							 true, 0, false);
	(void) set_config_option("backslash_quote", "safe_encoding",
							 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
							 true, 0, false);
	foreach(cell, statements)
		check_statement(lfirst(cell), &made);
	AtEOXact_GUC(true, nest_level);
	MemoryContextSwitchTo(before);
	MemoryContextDelete(cxt);
}
