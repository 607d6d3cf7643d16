/*-------------------------------------------------------------------------
 *
 * follow.c
 *	  What a statement will have done, for those that come after it.
 *
 * Only what rules ask about.  What a statement does besides, or what only a
 * run could tell, leaves the live catalog to be believed.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/lint/follow.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/varlena.h"

#include "lint/lint_private.h"

typedef void (*Follower) (SlLint *lint, Node *stmt);

/* A copy of names (String) as char *. */
static List *
copy_names(List *names)
{
	List	   *result = NIL;
	ListCell   *cell;

	foreach(cell, names)
		if (IsA(lfirst(cell), String))
			result = lappend(result, pstrdup(strVal(lfirst(cell))));
	return result;
}

/* The schemas that a fresh session of the caller looks into (char *). */
List *
sl_lint_fresh_path(void)
{
	const char *path = GetConfigOptionResetString("search_path");
	char	   *copy = pstrdup(path != NULL ? path : "");
	List	   *names;

	if (!SplitIdentifierString(copy, ',', &names))
		return NIL;
	return names;
}

/* Look for names in these schemas (char *) from now on. */
void
sl_lint_follow_path(SlLint *lint, List *names)
{
	MemoryContext caller = MemoryContextSwitchTo(lint->context);
	ListCell   *cell;

	lint->script.path = NIL;
	foreach(cell, names)
	{
		const char *name = lfirst(cell);

		if (strcmp(name, "$user") == 0)
			name = GetUserNameFromId(GetUserId(), false);
		/* temporary tables are met last, whatever the path says */
		if (*name != '\0' && strcmp(name, "pg_temp") != 0)
			lint->script.path = lappend(lint->script.path, pstrdup(name));
	}
	MemoryContextSwitchTo(caller);
}

static void
add_index(SlTable *table, const char *name, List *columns, bool unique)
{
	SlIndex    *index = palloc0_object(SlIndex);

	index->name = name != NULL ? pstrdup(name) : NULL;
	index->valid = true;
	index->unique = unique;
	index->columns = columns;
	table->indexes = lappend(table->indexes, index);
}

static void
set_not_null(SlLint *lint, SlTable *table, const char *name, bool not_null)
{
	SlColumn   *column = sl_lint_column(lint, table, name);

	if (column != NULL)
		column->not_null = not_null;
}

/* A constraint of a table, or of its column 'of'. */
static void
add_constraint(SlLint *lint, SlTable *table, Constraint *constraint,
			   const char *of)
{
	SlCheck    *check = palloc0_object(SlCheck);
	List	   *columns = of != NULL ? list_make1(pstrdup(of)) :
		copy_names(constraint->contype == CONSTR_FOREIGN ?
				   constraint->fk_attrs : constraint->keys);
	SlIndex    *index;
	ListCell   *cell;

	/* what is live has to be read before it is added to */
	(void) sl_lint_checks(lint, table);
	(void) sl_lint_indexes(lint, table);
	if (constraint->conname != NULL)
		check->name = pstrdup(constraint->conname);
	check->valid = !constraint->skip_validation;
	check->added_in = lint->script.transaction;
	check->columns = columns;
	switch (constraint->contype)
	{
		case CONSTR_CHECK:
			check->type = CONSTRAINT_CHECK;
			check->not_null = sl_lint_not_null_columns(constraint->raw_expr);
			break;
		case CONSTR_FOREIGN:
			check->type = CONSTRAINT_FOREIGN;
			break;
		case CONSTR_NOTNULL:
			check->type = 'n';
			if (check->valid)
				foreach(cell, columns)
					set_not_null(lint, table, lfirst(cell), true);
			break;
		case CONSTR_EXCLUSION:
			check->type = CONSTRAINT_EXCLUSION;
			break;
		case CONSTR_PRIMARY:
		case CONSTR_UNIQUE:
			check->type = constraint->contype == CONSTR_PRIMARY ?
				CONSTRAINT_PRIMARY : CONSTRAINT_UNIQUE;
			if (constraint->indexname != NULL)
			{
				index = sl_lint_index(lint, table, constraint->indexname);
				if (index != NULL)
					columns = check->columns = index->columns;
				if (index != NULL && constraint->conname != NULL)
					index->name = pstrdup(constraint->conname);
			}
			else
				add_index(table, constraint->conname, columns, true);
			if (constraint->contype == CONSTR_PRIMARY)
				foreach(cell, columns)
					if (lfirst(cell) != NULL)
						set_not_null(lint, table, lfirst(cell), true);
			break;
		default:
			return;
	}
	table->checks = lappend(table->checks, check);
}

static void
add_column(SlLint *lint, SlTable *table, ColumnDef *definition)
{
	SlColumn   *column = palloc0_object(SlColumn);
	ListCell   *cell;

	(void) sl_lint_columns(lint, table);
	column->name = pstrdup(definition->colname);
	column->typmod = -1;
	if (definition->typeName != NULL)
	{
		column->type = sl_lint_type(lint, definition->typeName);
		column->typmod = sl_lint_typmod(definition->typeName, column->type);
		column->not_null = column->has_default =
			sl_lint_is_serial(definition->typeName);
	}
	table->columns = lappend(table->columns, column);
	foreach(cell, definition->constraints)
	{
		Constraint *constraint = lfirst_node(Constraint, cell);

		switch (constraint->contype)
		{
			case CONSTR_NOTNULL:
				column->not_null = true;
				break;
			case CONSTR_DEFAULT:
				column->has_default = true;
				break;
			case CONSTR_IDENTITY:
				column->not_null = column->has_default = true;
				break;
			case CONSTR_GENERATED:
				column->has_default = true;
				break;
			default:
				add_constraint(lint, table, constraint,
							   definition->colname);
				break;
		}
	}
}

static void
copy_columns(SlLint *lint, SlTable *table, SlTable *source)
{
	ListCell   *cell;

	foreach(cell, sl_lint_columns(lint, source))
	{
		const SlColumn *column = lfirst(cell);
		SlColumn   *copy;

		if (column->gone)
			continue;
		copy = palloc_object(SlColumn);
		*copy = *column;
		table->columns = lappend(table->columns, copy);
	}
}

/* A table that this statement makes; NULL where it finds one. */
static SlTable *
make_table(SlLint *lint, const RangeVar *name, char relkind,
		   bool may_be_there)
{
	SlTable    *table = sl_lint_table_target(lint, name);

	if (OidIsValid(table->relid) && !lint->script.applied &&
		(may_be_there || lint->script.in_block))
		return NULL;
	if (table->made && may_be_there)
		return NULL;
	if (OidIsValid(table->relid))
		table = sl_lint_table_put(lint, table->schema, table->name);
	table->relkind = relkind;
	table->made = true;
	table->temporary = name->relpersistence == RELPERSISTENCE_TEMP;
	table->sized = table->few_rows = true;
	table->has_rows = false;
	table->columns_read = table->indexes_read = table->checks_read = true;
	return table;
}

static void
follow_create(SlLint *lint, Node *node)
{
	CreateStmt *stmt = (CreateStmt *) node;
	SlTable    *table = make_table(lint, stmt->relation,
								   stmt->partspec != NULL ?
								   RELKIND_PARTITIONED_TABLE :
								   RELKIND_RELATION, stmt->if_not_exists);
	ListCell   *cell;

	if (table == NULL)
		return;
	foreach(cell, stmt->inhRelations)
		copy_columns(lint, table, sl_lint_table(lint, lfirst(cell)));
	foreach(cell, stmt->tableElts)
	{
		Node	   *element = lfirst(cell);

		if (IsA(element, ColumnDef))
			add_column(lint, table, (ColumnDef *) element);
		else if (IsA(element, TableLikeClause))
		{
			RangeVar   *source = ((TableLikeClause *) element)->relation;

			copy_columns(lint, table, sl_lint_table(lint, source));
		}
	}
	foreach(cell, stmt->tableElts)
		if (IsA(lfirst(cell), Constraint))
			add_constraint(lint, table, lfirst(cell), NULL);
	foreach(cell, stmt->constraints)
		add_constraint(lint, table, lfirst(cell), NULL);
}

static void
follow_create_as(SlLint *lint, Node *node)
{
	CreateTableAsStmt *stmt = (CreateTableAsStmt *) node;
	SlTable    *table = make_table(lint, stmt->into->rel,
								   stmt->objtype == OBJECT_MATVIEW ?
								   RELKIND_MATVIEW : RELKIND_RELATION,
								   stmt->if_not_exists);

	if (table != NULL)
		table->has_rows = !stmt->into->skipData;
}

static void
follow_view(SlLint *lint, Node *node)
{
	ViewStmt   *stmt = (ViewStmt *) node;

	(void) make_table(lint, stmt->view, RELKIND_VIEW, stmt->replace);
}

static void
follow_sequence(SlLint *lint, Node *node)
{
	CreateSeqStmt *stmt = (CreateSeqStmt *) node;

	(void) make_table(lint, stmt->sequence, RELKIND_SEQUENCE,
					  stmt->if_not_exists);
}

static void
follow_index(SlLint *lint, Node *node)
{
	IndexStmt  *stmt = (IndexStmt *) node;
	SlTable    *table = sl_lint_table(lint, stmt->relation);
	List	   *columns = NIL;
	SlIndex    *index;
	ListCell   *cell;

	if (stmt->if_not_exists && stmt->idxname != NULL &&
		sl_lint_index(lint, table, stmt->idxname) != NULL)
		return;
	foreach(cell, stmt->indexParams)
	{
		IndexElem  *element = lfirst_node(IndexElem, cell);

		columns = lappend(columns, element->name != NULL ?
						  pstrdup(element->name) : NULL);
	}
	(void) sl_lint_indexes(lint, table);
	add_index(table, stmt->idxname, columns, stmt->unique);
	index = llast(table->indexes);
	index->partial = stmt->whereClause != NULL;
	if (stmt->idxname != NULL)
	{
		SlTable    *relation = sl_lint_table_put(lint, table->schema,
												 stmt->idxname);

		relation->relkind = RELKIND_INDEX;
		relation->made = true;
		relation->owner = table;
	}
}

static void
drop_type(SlLint *lint, List *names)
{
	SlMade	   *made = sl_lint_made_type(lint, sl_lint_last(names));

	if (made != NULL)
		lint->made = list_delete_ptr(lint->made, made);
}

static void
follow_drop(SlLint *lint, Node *node)
{
	DropStmt   *stmt = (DropStmt *) node;
	ListCell   *cell;

	foreach(cell, stmt->objects)
	{
		SlTable    *table;

		switch (stmt->removeType)
		{
			case OBJECT_TABLE:
			case OBJECT_VIEW:
			case OBJECT_MATVIEW:
			case OBJECT_SEQUENCE:
			case OBJECT_FOREIGN_TABLE:
			case OBJECT_INDEX:
				table = sl_lint_table_of_names(lint, lfirst(cell));
				table->gone = true;
				if (table->owner != NULL)
				{
					SlIndex    *index = sl_lint_index(lint, table->owner,
													  table->name);

					if (index != NULL)
						index->gone = true;
				}
				break;
			case OBJECT_TYPE:
			case OBJECT_DOMAIN:
				drop_type(lint, ((TypeName *) lfirst(cell))->names);
				break;
			default:
				return;
		}
	}
}

/* The same table under another name. */
static void
move_table(SlLint *lint, SlTable *table, const char *schema,
		   const char *name)
{
	SlTable    *moved = sl_lint_table_put(lint, schema, name);
	const char *new_schema = moved->schema;
	const char *new_name = moved->name;

	*moved = *table;
	moved->schema = new_schema;
	moved->name = new_name;
	moved->gone = false;
	table->gone = true;
}

/* In the place of one name another. */
static void
rename_in(List *names, const char *before, const char *after)
{
	ListCell   *cell;

	foreach(cell, names)
		if (lfirst(cell) != NULL && strcmp(lfirst(cell), before) == 0)
			lfirst(cell) = pstrdup(after);
}

/* Checks and indexes follow the column, whatever it is called. */
static void
rename_column(SlLint *lint, SlTable *table, const char *before,
			  const char *after)
{
	SlColumn   *column = sl_lint_column(lint, table, before);
	ListCell   *cell;

	if (column == NULL)
		return;
	column->name = pstrdup(after);
	foreach(cell, sl_lint_checks(lint, table))
	{
		rename_in(((SlCheck *) lfirst(cell))->columns, before, after);
		rename_in(((SlCheck *) lfirst(cell))->not_null, before, after);
	}
	foreach(cell, sl_lint_indexes(lint, table))
		rename_in(((SlIndex *) lfirst(cell))->columns, before, after);
}

static void
follow_rename(SlLint *lint, Node *node)
{
	RenameStmt *stmt = (RenameStmt *) node;
	SlTable    *table;
	SlCheck    *check;
	SlIndex    *index;

	if (stmt->relation == NULL)
		return;
	table = sl_lint_table(lint, stmt->relation);
	switch (stmt->renameType)
	{
		case OBJECT_TABLE:
		case OBJECT_VIEW:
		case OBJECT_MATVIEW:
		case OBJECT_SEQUENCE:
		case OBJECT_FOREIGN_TABLE:
		case OBJECT_INDEX:
			if (table->owner != NULL)
			{
				index = sl_lint_index(lint, table->owner, table->name);
				if (index != NULL)
					index->name = pstrdup(stmt->newname);
			}
			move_table(lint, table, table->schema, stmt->newname);
			break;
		case OBJECT_COLUMN:
			rename_column(lint, table, stmt->subname, stmt->newname);
			break;
		case OBJECT_TABCONSTRAINT:
			check = sl_lint_check(lint, table, stmt->subname);
			if (check != NULL)
				check->name = pstrdup(stmt->newname);
			break;
		default:
			break;
	}
}

static void
follow_move(SlLint *lint, Node *node)
{
	AlterObjectSchemaStmt *stmt = (AlterObjectSchemaStmt *) node;

	if (stmt->relation != NULL)
	{
		SlTable    *table = sl_lint_table(lint, stmt->relation);

		move_table(lint, table, stmt->newschema, table->name);
	}
}

static SlMade *
add_made(SlLint *lint, List *names, bool is_type)
{
	SlMade	   *made = palloc0_object(SlMade);

	made->name = pstrdup(sl_lint_last(names));
	made->is_type = is_type;
	made->script = lint->script.number;
	lint->made = lappend(lint->made, made);
	return made;
}

static void
follow_enum(SlLint *lint, Node *node)
{
	add_made(lint, ((CreateEnumStmt *) node)->typeName, true)->is_enum = true;
}

static void
follow_domain(SlLint *lint, Node *node)
{
	CreateDomainStmt *stmt = (CreateDomainStmt *) node;

	if (stmt->constraints != NIL)
		add_made(lint, stmt->domainname, true)->is_domain = true;
}

static void
follow_add_value(SlLint *lint, Node *node)
{
	AlterEnumStmt *stmt = (AlterEnumStmt *) node;
	SlMade	   *made;

	if (stmt->oldVal != NULL || stmt->newVal == NULL)
		return;
	made = sl_lint_made_type(lint, sl_lint_last(stmt->typeName));
	if (made == NULL)
	{
		made = add_made(lint, stmt->typeName, true);
		made->is_enum = true;
		made->script = 0;
	}
	if (made->values_in != lint->script.transaction)
		made->values = NIL;
	made->values_in = lint->script.transaction;
	made->values = lappend(made->values, pstrdup(stmt->newVal));
}

static void
follow_function(SlLint *lint, Node *node)
{
	CreateFunctionStmt *stmt = (CreateFunctionStmt *) node;
	SlMade	   *made = add_made(lint, stmt->funcname, false);
	ListCell   *cell;

	made->volatile_ = true;
	foreach(cell, stmt->options)
	{
		DefElem    *option = (DefElem *) lfirst(cell);

		if (strcmp(option->defname, "volatility") == 0)
			made->volatile_ = strcmp(strVal(option->arg), "volatile") == 0;
	}
}

static void
follow_setting(SlLint *lint, const char *name, const char *value)
{
	if (pg_strcasecmp(name, "lock_timeout") == 0)
		lint->script.lock_timeout = value;
	else if (pg_strcasecmp(name, "statement_timeout") == 0)
		lint->script.statement_timeout = value;
}

static void
follow_set(SlLint *lint, Node *node)
{
	VariableSetStmt *stmt = (VariableSetStmt *) node;
	const char *value = sl_lint_set_value(stmt);
	List	   *names = NIL;
	ListCell   *cell;

	if (stmt->name == NULL)
		return;

	/* where each statement is a transaction, it is over already */
	if (stmt->is_local && !lint->script.transactional)
		return;
	follow_setting(lint, stmt->name, value != NULL ? pstrdup(value) : NULL);
	if (pg_strcasecmp(stmt->name, "search_path") != 0)
		return;
	if (stmt->kind == VAR_SET_VALUE)
	{
		foreach(cell, stmt->args)
		{
			const char *name = sl_lint_constant_text(lfirst(cell));

			if (name != NULL)
				names = lappend(names, (char *) name);
		}
		sl_lint_follow_path(lint, names);
	}
	else
		sl_lint_follow_path(lint, sl_lint_fresh_path());
}

/* set_config() stands at the top of every dump. */
static void
follow_select(SlLint *lint, Node *node)
{
	SelectStmt *stmt = (SelectStmt *) node;
	ListCell   *cell;

	if (stmt->intoClause != NULL)
	{
		SlTable    *table = make_table(lint, stmt->intoClause->rel,
									   RELKIND_RELATION, false);

		if (table != NULL)
			table->has_rows = true;
		return;
	}
	foreach(cell, stmt->targetList)
	{
		FuncCall   *call = (FuncCall *) ((ResTarget *) lfirst(cell))->val;
		const char *name;
		const char *value;
		List	   *names;

		if (call == NULL || !IsA(call, FuncCall) ||
			list_length(call->args) != 3 ||
			strcmp(sl_lint_last(call->funcname), "set_config") != 0)
			continue;
		name = sl_lint_constant_text(linitial(call->args));
		value = sl_lint_constant_text(lsecond(call->args));
		if (name == NULL || value == NULL)
			continue;
		follow_setting(lint, name, pstrdup(value));
		if (pg_strcasecmp(name, "search_path") == 0 &&
			SplitIdentifierString(pstrdup(value), ',', &names))
			sl_lint_follow_path(lint, names);
	}
}

static void
add_rows(SlLint *lint, const RangeVar *name)
{
	SlTable    *table = sl_lint_table(lint, name);

	sl_lint_table_measure(table);
	table->has_rows = true;
}

static void
follow_insert(SlLint *lint, Node *node)
{
	add_rows(lint, ((InsertStmt *) node)->relation);
}

static void
follow_copy(SlLint *lint, Node *node)
{
	CopyStmt   *stmt = (CopyStmt *) node;

	if (stmt->is_from && stmt->relation != NULL)
		add_rows(lint, stmt->relation);
}

static void
follow_schema(SlLint *lint, Node *node)
{
	CreateSchemaStmt *stmt = (CreateSchemaStmt *) node;

	if (stmt->schemaname != NULL)
		lint->schemas = lappend(lint->schemas, pstrdup(stmt->schemaname));
}

static const struct
{
	NodeTag		tag;
	Follower	follow;
}			followers[] =
{
	{T_CreateSchemaStmt, follow_schema},
	{T_CreateStmt, follow_create},
	{T_CreateForeignTableStmt, follow_create},
	{T_CreateTableAsStmt, follow_create_as},
	{T_ViewStmt, follow_view},
	{T_CreateSeqStmt, follow_sequence},
	{T_IndexStmt, follow_index},
	{T_DropStmt, follow_drop},
	{T_RenameStmt, follow_rename},
	{T_AlterObjectSchemaStmt, follow_move},
	{T_CreateEnumStmt, follow_enum},
	{T_CreateDomainStmt, follow_domain},
	{T_AlterEnumStmt, follow_add_value},
	{T_CreateFunctionStmt, follow_function},
	{T_VariableSetStmt, follow_set},
	{T_SelectStmt, follow_select},
	{T_InsertStmt, follow_insert},
	{T_CopyStmt, follow_copy},
};

/* ALTER TABLE comes command by command, below. */
void
sl_lint_follow_statement(SlLint *lint, Node *stmt)
{
	MemoryContext caller = MemoryContextSwitchTo(lint->context);
	int			i;

	for (i = 0; i < (int) lengthof(followers); i++)
		if (nodeTag(stmt) == followers[i].tag)
			followers[i].follow(lint, stmt);
	MemoryContextSwitchTo(caller);
}

void
sl_lint_follow_command(SlLint *lint, SlTable *table, AlterTableCmd *cmd)
{
	MemoryContext caller = MemoryContextSwitchTo(lint->context);
	SlColumn   *column = cmd->name != NULL ?
		sl_lint_column(lint, table, cmd->name) : NULL;
	SlCheck    *check;
	SlIndex    *index;
	ListCell   *cell;

	switch (cmd->subtype)
	{
		case AT_AddColumn:
			if (sl_lint_column(lint, table,
							   ((ColumnDef *) cmd->def)->colname) == NULL)
				add_column(lint, table, (ColumnDef *) cmd->def);
			break;
		case AT_DropColumn:
			if (column != NULL)
				column->gone = true;
			break;
		case AT_AlterColumnType:
			if (column == NULL)
				break;
			column->type = sl_lint_type(lint,
										((ColumnDef *) cmd->def)->typeName);
			column->typmod = sl_lint_typmod(((ColumnDef *) cmd->def)->typeName,
											column->type);
			break;
		case AT_SetNotNull:
		case AT_DropNotNull:
			if (column != NULL)
				column->not_null = cmd->subtype == AT_SetNotNull;
			break;
		case AT_ColumnDefault:
			if (column != NULL)
				column->has_default = cmd->def != NULL;
			break;
		case AT_AddConstraint:
			add_constraint(lint, table, (Constraint *) cmd->def, NULL);
			break;
		case AT_ValidateConstraint:
			check = sl_lint_check(lint, table, cmd->name);
			if (check == NULL && !sl_lint_table_is_known(table))
			{
				check = palloc0_object(SlCheck);
				check->name = pstrdup(cmd->name);
				check->unknown = true;
				table->checks = lappend(table->checks, check);
			}
			if (check == NULL)
				break;
			check->valid = true;
			if (check->type == 'n')
				foreach(cell, check->columns)
					set_not_null(lint, table, lfirst(cell), true);
			break;
		case AT_DropConstraint:
			check = sl_lint_check(lint, table, cmd->name);
			if (check != NULL)
				check->gone = true;
			index = sl_lint_index(lint, table, cmd->name);
			if (index != NULL)
				index->gone = true;
			break;
		default:
			break;
	}
	MemoryContextSwitchTo(caller);
}
