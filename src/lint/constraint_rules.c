/*-------------------------------------------------------------------------
 *
 * constraint_rules.c
 *	  Rules: constraints.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/lint/constraint_rules.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "lint/lint_private.h"


/* ADD CONSTRAINT to a table that is there. */
static bool
is_added(const SlSubject *subject, ConstrType type)
{
	return subject->cmd != NULL && subject->constraint->contype == type &&
		subject->table->relkind != RELKIND_FOREIGN_TABLE;
}

static char *
constraint_text(const Constraint *constraint)
{
	return constraint->conname == NULL ? pstrdup("") :
		psprintf(" %s", quote_identifier(constraint->conname));
}

static void
check_not_valid(SlLint *lint, const SlSubject *subject)
{
	Constraint *constraint = subject->constraint;

	if (!is_added(subject, CONSTR_CHECK) || constraint->skip_validation ||
		!sl_constraint_wants_enforcement(constraint))
		return;
	sl_lint_find(lint, sl_lint_weigh(subject->table, SL_ERROR),
				 psprintf(_("check constraint%s is held against every row of table %s under ACCESS EXCLUSIVE"),
						  constraint_text(constraint),
						  sl_lint_table_text(subject->table)));
}

/*
 * Rows that are there are not looked at for a new column that is null in all
 * of them; the locks are taken all the same.
 */
static void
foreign_key(SlLint *lint, const SlSubject *subject)
{
	Constraint *constraint = subject->constraint;
	SlTable    *table = subject->table;
	SlTable    *other;
	bool		has_default = false;
	ListCell   *cell;

	if (!is_added(subject, CONSTR_FOREIGN) || constraint->skip_validation ||
		!sl_constraint_wants_enforcement(constraint))
		return;
	other = sl_lint_table(lint, constraint->pktable);
	if (subject->column != NULL)
		foreach(cell, subject->column->constraints)
			has_default |= lfirst_node(Constraint, cell)->contype ==
				CONSTR_DEFAULT;
	if (subject->column != NULL && !has_default)
		sl_lint_find_hint(lint, sl_lint_weigh(table, SL_INFO),
						  psprintf(_("a column of table %s that refers to %s keeps writers out of both for a moment"),
								   sl_lint_table_text(table),
								   sl_lint_table_text(other)),
						  gettext_noop("Nothing, if lock_timeout is short; else add the foreign key NOT VALID in a revision of its own."));
	else if (!sl_lint_table_is_new(table))
		sl_lint_find(lint, sl_lint_weigh(table, SL_ERROR),
					 psprintf(_("foreign key%s is held against every row of table %s, while writers are kept out of it and of %s"),
							  constraint_text(constraint),
							  sl_lint_table_text(table),
							  sl_lint_table_text(other)));
}

static void
unique_constraint(SlLint *lint, const SlSubject *subject)
{
	Constraint *constraint = subject->constraint;

	if (is_added(subject, CONSTR_UNIQUE) && constraint->indexname == NULL)
		sl_lint_find(lint, sl_lint_weigh(subject->table, SL_ERROR),
					 psprintf(_("unique constraint%s builds its index under ACCESS EXCLUSIVE on table %s"),
							  constraint_text(constraint),
							  sl_lint_table_text(subject->table)));
}

static void
primary_key(SlLint *lint, const SlSubject *subject)
{
	Constraint *constraint = subject->constraint;

	if (is_added(subject, CONSTR_PRIMARY) && constraint->indexname == NULL)
		sl_lint_find(lint, sl_lint_weigh(subject->table, SL_ERROR),
					 psprintf(_("primary key%s builds its index under ACCESS EXCLUSIVE on table %s"),
							  constraint_text(constraint),
							  sl_lint_table_text(subject->table)));
}

/* The columns become NOT NULL, for which all rows are read if they are not. */
static void
primary_key_using_index(SlLint *lint, const SlSubject *subject)
{
	Constraint *constraint = subject->constraint;
	SlIndex    *index;
	ListCell   *cell;

	if (!is_added(subject, CONSTR_PRIMARY) || constraint->indexname == NULL)
		return;
	index = sl_lint_index(lint, subject->table, constraint->indexname);
	if (index == NULL)
	{
		sl_lint_find(lint, sl_lint_weigh(subject->table, SL_WARNING),
					 psprintf(_("a primary key using an index sets NOT NULL on its columns: all rows of table %s are read where they are not yet"),
							  sl_lint_table_text(subject->table)));
		return;
	}
	foreach(cell, index->columns)
		if (lfirst(cell) != NULL &&
			!sl_lint_is_proven_not_null(lint, subject->table, lfirst(cell)))
			sl_lint_find(lint, sl_lint_weigh(subject->table, SL_ERROR),
						 psprintf(_("the primary key sets NOT NULL on column %s.%s: all rows are read under ACCESS EXCLUSIVE"),
								  sl_lint_table_text(subject->table),
								  quote_identifier(lfirst(cell))));
}

static void
exclusion_constraint(SlLint *lint, const SlSubject *subject)
{
	if (is_added(subject, CONSTR_EXCLUSION))
		sl_lint_find(lint, sl_lint_weigh(subject->table, SL_ERROR),
					 psprintf(_("exclusion constraint%s builds its index under ACCESS EXCLUSIVE on table %s"),
							  constraint_text(subject->constraint),
							  sl_lint_table_text(subject->table)));
}

/* The strong lock of the one is held while the other reads. */
static void
validate_in_same_transaction(SlLint *lint, const SlSubject *subject)
{
	SlCheck    *check;

	if (subject->cmd->subtype != AT_ValidateConstraint)
		return;
	check = sl_lint_check(lint, subject->table, subject->cmd->name);
	if (check != NULL && !check->valid &&
		check->added_in == lint->script.transaction)
		sl_lint_find(lint, sl_lint_weigh(subject->table, SL_ERROR),
					 psprintf(_("constraint %s is validated in the transaction that adds it: table %s is read while it is locked"),
							  quote_identifier(subject->cmd->name),
							  sl_lint_table_text(subject->table)));
}

static void
create_domain(SlLint *lint, const SlSubject *subject)
{
	CreateDomainStmt *stmt = (CreateDomainStmt *) subject->stmt;
	const char *name = sl_lint_last(stmt->domainname);
	ListCell   *cell;

	foreach(cell, stmt->constraints)
	{
		ConstrType	type = lfirst_node(Constraint, cell)->contype;

		if (type != CONSTR_CHECK && type != CONSTR_NOTNULL)
			continue;
		sl_lint_find(lint, SL_INFO,
					 psprintf(_("domain %s has a constraint: to change it, all tables that use it are read, and a new column of it rewrites its table"),
							  quote_identifier(name)));
		return;
	}
}

/* Does a column of any table that is there have this type? */
static bool
is_used(Oid type)
{
	Relation	rel = table_open(DependRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(TypeRelationId));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(type));
	scan = systable_beginscan(rel, DependReferenceIndexId, true, NULL, 2,
							  keys);
	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);

		found = form->classid == RelationRelationId && form->objsubid > 0;

		/* other domains and composite types of it may be, in its stead */
		if (form->classid == TypeRelationId &&
			form->deptype != DEPENDENCY_INTERNAL)
			found = true;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

static void
alter_domain(SlLint *lint, const SlSubject *subject)
{
	AlterDomainStmt *stmt = (AlterDomainStmt *) subject->stmt;
	SlMade	   *made;
	Oid			type;

	/* 'C' adds a constraint, 'O' sets NOT NULL, 'V' validates */
	if ((stmt->subtype != 'C' && stmt->subtype != 'O') ||
		(stmt->subtype == 'C' &&
		 ((Constraint *) stmt->def)->skip_validation))
		return;
	made = sl_lint_made_type(lint, sl_lint_last(stmt->typeName));
	if (made != NULL && made->script == lint->script.number)
		return;
	type = sl_lint_type(lint, makeTypeNameFromNameList(stmt->typeName));
	sl_lint_find(lint, OidIsValid(type) && !is_used(type) ?
				 SL_INFO : SL_WARNING,
				 psprintf(_("a constraint on domain %s is held against every row of every table that uses it, under SHARE"),
						  quote_identifier(sl_lint_last(stmt->typeName))));
}

const SlLintRule sl_lint_constraint_rules[] = {
	{"constraint-missing-not-valid", SL_ERROR, SL_ON_CONSTRAINT, T_Invalid, 0,
		check_not_valid,
	gettext_noop("Add it NOT VALID, and VALIDATE CONSTRAINT in a later revision.")},
	{"adding-foreign-key-constraint", SL_ERROR, SL_ON_CONSTRAINT, T_Invalid, 0,
		foreign_key,
	gettext_noop("Add it NOT VALID, and VALIDATE CONSTRAINT in a later revision.")},
	{"disallowed-unique-constraint", SL_ERROR, SL_ON_CONSTRAINT, T_Invalid, 0,
		unique_constraint,
	gettext_noop("CREATE UNIQUE INDEX CONCURRENTLY first, then ADD CONSTRAINT ... UNIQUE USING INDEX.")},
	{"adding-primary-key", SL_ERROR, SL_ON_CONSTRAINT, T_Invalid, 0,
		primary_key,
	gettext_noop("CREATE UNIQUE INDEX CONCURRENTLY on columns that are NOT NULL, then ADD PRIMARY KEY USING INDEX.")},
	{"primary-key-using-index", SL_ERROR, SL_ON_CONSTRAINT, T_Invalid, 0,
		primary_key_using_index,
	gettext_noop("Prove the columns NOT NULL first: a check NOT VALID, validated in a later revision.")},
	{"exclusion-constraint", SL_ERROR, SL_ON_CONSTRAINT, T_Invalid, 0,
		exclusion_constraint,
	gettext_noop("There is no way around the lock: a maintenance window, or a new table that takes the old one's place.")},
	{"validate-in-same-transaction", SL_ERROR, SL_ON_COMMAND, T_Invalid, 0,
		validate_in_same_transaction,
	gettext_noop("VALIDATE CONSTRAINT in a later revision, which locks neither readers nor writers out.")},
	{"ban-create-domain-with-constraint", SL_INFO, SL_ON_STATEMENT,
		T_CreateDomainStmt, 0, create_domain,
	gettext_noop("Put the check on the columns.")},
	{"ban-alter-domain-with-add-constraint", SL_WARNING, SL_ON_STATEMENT,
		T_AlterDomainStmt, 0, alter_domain,
	gettext_noop("ALTER DOMAIN ... ADD CONSTRAINT ... NOT VALID, and VALIDATE CONSTRAINT in a later revision; or put the check on the columns.")},
	{NULL}
};
