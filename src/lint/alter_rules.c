/*-------------------------------------------------------------------------
 *
 * alter_rules.c
 *	  Rules: what makes the server read or write all of a table, while
 *	  nobody else can use it.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/lint/alter_rules.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"

#include "lint/lint_private.h"

/* "column public.t.a" without the word */
static char *
column_text(const SlTable *table, const char *column)
{
	return psprintf("%s.%s", sl_lint_table_text(table),
					quote_identifier(column));
}

static Constraint *
column_constraint(const ColumnDef *column, ConstrType type)
{
	ListCell   *cell;

	foreach(cell, column->constraints)
		if (lfirst_node(Constraint, cell)->contype == type)
			return lfirst(cell);
	return NULL;
}

/* It has rows of its own that would be read or written. */
static bool
is_stored(const SlTable *table)
{
	return table->relkind == 0 || table->relkind == RELKIND_RELATION ||
		table->relkind == RELKIND_PARTITIONED_TABLE ||
		table->relkind == RELKIND_MATVIEW;
}

static bool
is_added_column(const SlSubject *subject)
{
	return subject->cmd != NULL && subject->cmd->subtype == AT_AddColumn &&
		is_stored(subject->table);
}

static void
changing_column_type(SlLint *lint, const SlSubject *subject)
{
	AlterTableCmd *cmd = subject->cmd;
	ColumnDef  *wanted = (ColumnDef *) cmd->def;
	SlColumn   *column;

	if (cmd->subtype != AT_AlterColumnType || !is_stored(subject->table))
		return;
	column = sl_lint_column(lint, subject->table, cmd->name);
	if (sl_lint_retype_rewrites(lint, column, wanted))
		sl_lint_find(lint, sl_lint_weigh(subject->table, SL_ERROR),
					 psprintf(_("changing the type of column %s to %s rewrites the table under ACCESS EXCLUSIVE"),
							  column_text(subject->table, cmd->name),
							  sl_lint_type_text(wanted->typeName)));
	else
		sl_lint_find_hint(lint, sl_lint_weigh(subject->table, SL_INFO),
						  psprintf(_("changing the type of column %s to %s rewrites nothing, but prepared statements that return it fail once"),
								   column_text(subject->table, cmd->name),
								   sl_lint_type_text(wanted->typeName)),
						  gettext_noop("See that clients prepare again after \"cached plan must not change result type\", or restart them."));
}

static void
adding_field_with_default(SlLint *lint, const SlSubject *subject)
{
	ColumnDef  *column = subject->column;
	Constraint *constraint;
	const char *part;

	if (!is_added_column(subject))
		return;
	constraint = column_constraint(column, CONSTR_DEFAULT);
	part = constraint == NULL ? NULL :
		sl_lint_volatile_part(lint, constraint->raw_expr);
	if (part != NULL)
		sl_lint_find(lint, sl_lint_weigh(subject->table, SL_ERROR),
					 psprintf(_("the default of column %s is volatile (%s): the table is rewritten under ACCESS EXCLUSIVE"),
							  column_text(subject->table, column->colname),
							  part));
	else if (column->typeName != NULL &&
			 sl_lint_domain_has_constraints(lint, column->typeName))
		sl_lint_find_hint(lint, sl_lint_weigh(subject->table, SL_ERROR),
						  psprintf(_("column %s is of a domain with constraints: the table is rewritten under ACCESS EXCLUSIVE"),
								   column_text(subject->table,
											   column->colname)),
						  gettext_noop("Add the column with the domain's base type, and the check as a constraint NOT VALID that is validated later."));
}

static void
adding_serial_column(SlLint *lint, const SlSubject *subject)
{
	ColumnDef  *column = subject->column;

	if (is_added_column(subject) && column->typeName != NULL &&
		(sl_lint_is_serial(column->typeName) ||
		 column_constraint(column, CONSTR_IDENTITY) != NULL))
		sl_lint_find(lint, sl_lint_weigh(subject->table, SL_ERROR),
					 psprintf(_("column %s numbers the rows that are there: the table is rewritten under ACCESS EXCLUSIVE"),
							  column_text(subject->table, column->colname)));
}

static void
adding_generated_column(SlLint *lint, const SlSubject *subject)
{
	ColumnDef  *column = subject->column;
	Constraint *constraint;

	if (!is_added_column(subject))
		return;
	constraint = column_constraint(column, CONSTR_GENERATED);
	if (constraint != NULL &&
		sl_generated_kind(constraint) == ATTRIBUTE_GENERATED_STORED)
		sl_lint_find(lint, sl_lint_weigh(subject->table, SL_ERROR),
					 psprintf(_("column %s is generated and stored: the table is rewritten under ACCESS EXCLUSIVE"),
							  column_text(subject->table, column->colname)));
}

/* No matter how many rows: one is enough for it to fail. */
static void
adding_required_field(SlLint *lint, const SlSubject *subject)
{
	ColumnDef  *column = subject->column;

	if (!is_added_column(subject) ||
		(column_constraint(column, CONSTR_NOTNULL) == NULL &&
		 column_constraint(column, CONSTR_PRIMARY) == NULL) ||
		column_constraint(column, CONSTR_DEFAULT) != NULL ||
		column_constraint(column, CONSTR_GENERATED) != NULL ||
		column_constraint(column, CONSTR_IDENTITY) != NULL ||
		(column->typeName != NULL && sl_lint_is_serial(column->typeName)) ||
		!sl_lint_table_may_have_rows(subject->table))
		return;
	sl_lint_find(lint, lint->script.applied ? SL_INFO : SL_ERROR,
				 psprintf(_("column %s is NOT NULL and has no default: this fails where the table has a row, and breaks INSERTs that do not name it"),
						  column_text(subject->table, column->colname)));
}

static void
set_not_null(SlLint *lint, SlTable *table, const char *column)
{
	if (!sl_lint_is_proven_not_null(lint, table, column))
		sl_lint_find_hint(lint, sl_lint_weigh(table, SL_ERROR),
						  psprintf(_("NOT NULL on column %s reads the whole table under ACCESS EXCLUSIVE"),
								   column_text(table, column)),
						  PG_VERSION_NUM >= 180000 ?
						  gettext_noop("Add the constraint NOT NULL with NOT VALID first, and VALIDATE it in a later revision.") :
						  lint->rule->fix);
}

static void
adding_not_nullable_field(SlLint *lint, const SlSubject *subject)
{
	AlterTableCmd *cmd = subject->cmd;
	ListCell   *cell;

	if (!is_stored(subject->table))
		return;
	if (cmd->subtype == AT_SetNotNull)
		set_not_null(lint, subject->table, cmd->name);
	else if (cmd->subtype == AT_AddConstraint)
	{
		Constraint *constraint = (Constraint *) cmd->def;

		if (constraint->contype == CONSTR_NOTNULL &&
			!constraint->skip_validation)
			foreach(cell, constraint->keys)
				set_not_null(lint, subject->table, strVal(lfirst(cell)));
	}
}

static void
rewriting_command(SlLint *lint, const SlSubject *subject)
{
	const char *what;

	switch ((int) subject->cmd->subtype)
	{
		case AT_SetLogged:
			what = "SET LOGGED";
			break;
		case AT_SetUnLogged:
			what = "SET UNLOGGED";
			break;
		case AT_SetAccessMethod:
			what = "SET ACCESS METHOD";
			break;
		case AT_SetTableSpace:
			what = "SET TABLESPACE";
			break;
		case SL_AT_SET_EXPRESSION:
			what = "SET EXPRESSION";
			break;
		default:
			return;
	}
	sl_lint_find(lint, sl_lint_weigh(subject->table, SL_ERROR),
				 psprintf(_("%s writes all of table %s anew under ACCESS EXCLUSIVE"),
						  what, sl_lint_table_text(subject->table)));
}

static void
rewriting_vacuum(SlLint *lint, const SlSubject *subject)
{
	VacuumStmt *stmt = (VacuumStmt *) subject->stmt;
	ListCell   *cell;

	if (!stmt->is_vacuumcmd ||
		!sl_lint_defelem_bool(stmt->options, "full", false))
		return;
	if (stmt->rels == NIL)
		sl_lint_find(lint, SL_ERROR,
					 psprintf(_("VACUUM FULL writes every table anew, each under ACCESS EXCLUSIVE")));
	foreach(cell, stmt->rels)
	{
		RangeVar   *name = ((VacuumRelation *) lfirst(cell))->relation;
		SlTable    *table = sl_lint_table(lint, name);

		sl_lint_find(lint, sl_lint_weigh(table, SL_ERROR),
					 psprintf(_("%s writes all of table %s anew under ACCESS EXCLUSIVE"),
							  "VACUUM FULL", sl_lint_table_text(table)));
	}
}

static void
rewriting_cluster(SlLint *lint, const SlSubject *subject)
{
	ClusterStmt *stmt = (ClusterStmt *) subject->stmt;
	SlTable    *table;

	if (stmt->relation == NULL)
	{
		sl_lint_find(lint, SL_ERROR,
					 psprintf(_("CLUSTER writes every clustered table anew, each under ACCESS EXCLUSIVE")));
		return;
	}
	table = sl_lint_table(lint, stmt->relation);
	sl_lint_find(lint, sl_lint_weigh(table, SL_ERROR),
				 psprintf(_("%s writes all of table %s anew under ACCESS EXCLUSIVE"),
						  "CLUSTER", sl_lint_table_text(table)));
}

/* Readers and writers of the parent wait for each other. */
static void
detaching_partition(SlLint *lint, const SlSubject *subject)
{
	if (subject->cmd->subtype == AT_DetachPartition &&
		!((PartitionCmd *) subject->cmd->def)->concurrent)
		sl_lint_find(lint, sl_lint_weigh(subject->table, SL_WARNING),
					 psprintf(_("DETACH PARTITION takes ACCESS EXCLUSIVE on table %s"),
							  sl_lint_table_text(subject->table)));
}

/* Only the server can tell whether a check proves the bounds. */
static void
attaching_partition(SlLint *lint, const SlSubject *subject)
{
	PartitionCmd *partition;
	SlTable    *table;
	ListCell   *cell;

	if (subject->cmd->subtype != AT_AttachPartition)
		return;
	partition = (PartitionCmd *) subject->cmd->def;
	table = sl_lint_table(lint, partition->name);
	if (table->relkind == RELKIND_INDEX ||
		table->relkind == RELKIND_PARTITIONED_INDEX ||
		partition->bound == NULL)
		return;
	foreach(cell, sl_lint_checks(lint, table))
	{
		SlCheck    *check = lfirst(cell);

		if (!check->gone && check->valid && check->type == CONSTRAINT_CHECK)
			return;
	}
	sl_lint_find(lint, sl_lint_weigh(table, SL_WARNING),
				 psprintf(_("ATTACH PARTITION reads all of table %s under ACCESS EXCLUSIVE, as no check constraint proves the bounds"),
						  sl_lint_table_text(table)));
}

static void
multiple_alter_table(SlLint *lint, const SlSubject *subject)
{
	AlterTableStmt *stmt = (AlterTableStmt *) subject->stmt;
	SlTable    *table;

	if (stmt->objtype != OBJECT_TABLE)
		return;
	table = sl_lint_table(lint, stmt->relation);
	if (table->altered_in != lint->script.number ||
		table->alter_told == lint->script.number ||
		!lint->script.transactional)
		return;
	table->alter_told = lint->script.number;
	sl_lint_find(lint, sl_lint_weigh(table, SL_INFO),
				 psprintf(_("table %s was altered before in this script: each ALTER TABLE may read it once more"),
						  sl_lint_table_text(table)));
}

const SlLintRule sl_lint_alter_rules[] = {
	{"changing-column-type", SL_ERROR, SL_ON_COMMAND, T_Invalid, 0,
		changing_column_type,
	gettext_noop("Add a column of the new type, fill it in batches, let clients write both, then swap them.")},
	{"adding-field-with-default", SL_ERROR, SL_ON_COLUMN, T_Invalid, 0,
		adding_field_with_default,
	gettext_noop("Add the column without a default, set the default after that, and fill the rows in batches.")},
	{"adding-serial-column", SL_ERROR, SL_ON_COLUMN, T_Invalid, 0,
		adding_serial_column,
	gettext_noop("Add a plain bigint column with a sequence of its own, fill the rows in batches, then set the default and NOT NULL.")},
	{"adding-generated-column", SL_ERROR, SL_ON_COLUMN, T_Invalid, 0,
		adding_generated_column,
	gettext_noop("Add a plain column, keep it up to date by a trigger, and fill the rows in batches; or use a view.")},
	{"adding-required-field", SL_ERROR, SL_ON_COLUMN, T_Invalid, 0,
		adding_required_field,
	gettext_noop("Give it a default, or add it without NOT NULL, fill the rows, and set NOT NULL in a later revision.")},
	{"adding-not-nullable-field", SL_ERROR, SL_ON_COMMAND, T_Invalid, 0,
		adding_not_nullable_field,
	gettext_noop("Add CHECK (column IS NOT NULL) NOT VALID, VALIDATE it in a later revision, then SET NOT NULL, which believes it, and drop the check.")},
	{"rewriting-table", SL_ERROR, SL_ON_COMMAND, T_AlterTableStmt, 0,
		rewriting_command,
	gettext_noop("Do it in a maintenance window, or with pg_repack or pg_squeeze, which let others work.")},
	{"rewriting-table", SL_ERROR, SL_ON_STATEMENT, T_VacuumStmt, 0,
		rewriting_vacuum,
	gettext_noop("Do it in a maintenance window, or with pg_repack or pg_squeeze, which let others work.")},
	{"rewriting-table", SL_ERROR, SL_ON_STATEMENT, T_ClusterStmt, 0,
		rewriting_cluster,
	gettext_noop("Do it in a maintenance window, or with pg_repack or pg_squeeze, which let others work.")},
	{"require-concurrent-partition-detach", SL_WARNING, SL_ON_COMMAND,
		T_Invalid, 0, detaching_partition,
	gettext_noop("DETACH PARTITION ... CONCURRENTLY, in its own revision.")},
	{"attaching-partition", SL_WARNING, SL_ON_COMMAND, T_Invalid, 0,
		attaching_partition,
	gettext_noop("Add a check constraint with the bounds NOT VALID, VALIDATE it, then attach.")},
	{"multiple-alter-table", SL_INFO, SL_ON_STATEMENT, T_AlterTableStmt, 0,
		multiple_alter_table,
	gettext_noop("Put the subcommands into one ALTER TABLE, with commas between.")},
	{NULL}
};
