/*-------------------------------------------------------------------------
 *
 * lint_private.h
 *	  What rules are asked, and what they can ask; for this area alone.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/lint/lint_private.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_LINT_PRIVATE_H
#define SL_LINT_PRIVATE_H

#include "postgres.h"

#include "nodes/parsenodes.h"
#include "storage/lockdefs.h"
#include "utils/hsearch.h"

#include "common/sl_compat.h"
#include "lint/lint.h"
#include "script/script.h"

/*
 * The schema as the script will find it: the live catalog, and over it what
 * earlier revisions and statements will have done, as far as their text says.
 */
typedef struct SlColumn
{
	const char *name;
	bool		gone;
	Oid			type;			/* InvalidOid: not known */
	int32		typmod;
	bool		not_null;
	bool		has_default;
} SlColumn;

typedef struct SlIndex
{
	const char *name;			/* NULL: the server will choose one */
	bool		gone;
	bool		valid;
	bool		unique;
	bool		partial;
	List	   *columns;		/* char *; NULL for an expression */
} SlIndex;

typedef struct SlCheck			/* a constraint of any kind */
{
	const char *name;			/* NULL: the server will choose one */
	bool		gone;
	char		type;			/* as in pg_constraint */
	bool		valid;
	bool		unknown;		/* of a table that nobody knows */
	int			added_in;		/* number of the script's transaction, or 0 */
	List	   *columns;		/* char *, of a foreign key: its own side */
	List	   *not_null;		/* char *, of a check: that it proves so */
} SlCheck;

typedef struct SlTable SlTable;

struct SlTable
{
	const char *schema;			/* NULL: not known */
	const char *name;
	char		relkind;		/* 0: not known */
	Oid			relid;			/* live, else InvalidOid */
	bool		temporary;
	bool		gone;			/* dropped, or has another name now */
	bool		made;			/* by this script or a pending one before */
	SlTable    *owner;			/* of an index: its table */
	bool		sized;			/* the next is known */
	bool		few_rows;
	bool		has_rows;
	List	   *columns;		/* SlColumn */
	List	   *indexes;		/* SlIndex */
	List	   *checks;			/* SlCheck */
	bool		columns_read;
	bool		indexes_read;
	bool		checks_read;
	int			altered_in;		/* script that altered it last */
	int			alter_told;		/* script in which that was told */
};

/* A type or routine that a script makes. */
typedef struct SlMade
{
	const char *name;
	bool		is_type;
	bool		is_enum;
	bool		is_domain;
	bool		volatile_;		/* a function */
	int			script;
	List	   *values;			/* char *: of an enum, those added in ... */
	int			values_in;		/* this transaction */
} SlMade;

/* What is known of the script at work. */
typedef struct SlLintScript
{
	int			number;			/* counts up */
	MemoryContext context;		/* gone at its end */
	List	   *found;			/* what was found in it */
	const char *revision;		/* NULL: a text */
	SlKind		kind;
	bool		applied;		/* the live catalog has it already */
	bool		transactional;	/* in one transaction */
	bool		wrapped;		/* BEGIN and COMMIT stand around it */
	int			transaction;	/* number; counts up */
	int			statement;		/* at work; 0 at the end */
	int			line;			/* of the statement, or within it */
	bool		in_block;		/* of DO: may or may not run */
	bool		in_body;		/* of a routine: runs later, if at all */
	bool		in_procedure;	/* which may commit */
	const char *lock_timeout;	/* what the script set, or NULL */
	const char *statement_timeout;
	bool		has_ddl;
	int			data_statement; /* changes rows of a table that was there */
	int			data_line;		/* 0: none did */
	bool		data_few;		/* which are few */
	const char *loner;			/* a command that commits by itself, or NULL */
	int			loner_statement;
	int			loner_line;
	int			others;			/* statements that could be in a transaction */
	List	   *dropped;		/* char *: names in DROP IF EXISTS */
	List	   *dropped_tables; /* char *: tables that were there before */
	bool		told_lock_timeout;
	bool		told_statement_timeout;
	bool		told_held;
	SlTable    *held;			/* under ACCESS EXCLUSIVE, or NULL */
	List	   *path;			/* char *: where names are looked for */
	List	   *foreign_keys;	/* SlForeignKey: looked at in the end */
	List	   *ignores;		/* SlIgnore */
	const char *text;
	int			first_line;
	const char *slice;			/* the statement's text, or NULL */
	List	   *starts;			/* int: the line of each statement */
	int			statements;
	int			total;			/* statements, transaction control included */
	int			seen;			/* of those, so far */
} SlLintScript;

/* Columns that refer to another table. */
typedef struct SlForeignKey
{
	const char *schema;			/* NULL: not known */
	const char *name;
	List	   *columns;		/* char * */
	int			statement;
	int			line;
} SlForeignKey;

typedef struct SlIgnore
{
	const char *rule;
	const char *reason;
	int			line;
	int			statement;		/* for this one alone; 0: the whole script */
} SlIgnore;

/* What a rule is asked about. */
typedef struct SlSubject
{
	Node	   *stmt;
	AlterTableCmd *cmd;			/* of ALTER TABLE, else NULL */
	SlTable    *table;			/* of the column, constraint or command */
	ColumnDef  *column;			/* that is made, or NULL */
	Constraint *constraint;
	TypeName   *type;			/* of a column that is made or retyped */
	bool		creating;		/* with its table */
} SlSubject;

/* The last part of a name: a list of String. */
static inline char *
sl_lint_last(List *names)
{
	return strVal(llast(names));
}

typedef enum SlAspect
{
	SL_ON_STATEMENT,			/* every statement */
	SL_ON_COMMAND,				/* a subcommand of ALTER TABLE */
	SL_ON_COLUMN,				/* a column definition */
	SL_ON_CONSTRAINT,			/* a constraint, of a column or a table */
	SL_ON_TYPE,					/* the type of a column */
	SL_ON_END					/* the script as a whole */
} SlAspect;

typedef struct SlLint SlLint;
typedef struct SlLintRule SlLintRule;

#define SL_IN_BODIES	1		/* also of code that runs later */
#define SL_NOT_IN_DO	2		/* not of what may or may not run */

struct SlLintRule
{
	const char *id;
	SlLintSeverity	severity;		/* at most */
	SlAspect	aspect;
	NodeTag		tag;			/* of the statement; T_Invalid: any */
	int			flags;
	void		(*check) (SlLint *lint, const SlSubject *subject);
	const char *fix;			/* what to do instead */
};

struct SlLint
{
	MemoryContext context;		/* what is known from script to script */
	HTAB	   *tables;			/* by schema and name */
	List	   *made;			/* SlMade */
	List	   *schemas;		/* char *: that scripts made */
	SlLintScript script;
	const SlLintRule *rule;			/* at work */
	int			depth;			/* of bodies in bodies */
	SlLintSink sink;			/* NULL: nobody wants to hear */
	void	   *sink_arg;
};

/* in lint.c */
extern void sl_lint_find(SlLint *lint, SlLintSeverity severity, char *message);
extern void sl_lint_find_hint(SlLint *lint, SlLintSeverity severity,
							  char *message, const char *hint);
extern void sl_lint_find_at(SlLint *lint, SlLintSeverity severity,
							int statement, int line, char *message);
extern SlLint *sl_lint_begin(SlLintSink sink, void *arg);
extern void sl_lint_end(SlLint *lint);
extern void sl_lint_text(SlLint *lint, const char *revision, SlKind kind,
						 bool applied, bool declared, const char *text,
						 int first_line, char **ignores, int nignores);

/* in present.c */
extern void sl_lint_present(SlLint *lint, Node *stmt);
extern void sl_lint_present_end(SlLint *lint);

/* in routine_rules.c */
extern void sl_lint_opaque(SlLint *lint, const char *what);
extern void sl_lint_bad_body(SlLint *lint, const char *error);

/* in rules.c */
extern const SlLintRule *sl_lint_rule(int i);
extern int	sl_lint_rule_count(void);
extern const SlLintRule *sl_lint_rule_find(const char *id);

/* in follow.c: what statements do to what is known */
extern void sl_lint_follow_statement(SlLint *lint, Node *stmt);
extern void sl_lint_follow_command(SlLint *lint, SlTable *table,
							  AlterTableCmd *cmd);
extern void sl_lint_follow_path(SlLint *lint, List *names);
extern List *sl_lint_fresh_path(void);

/* in tables.c */
extern SlTable *sl_lint_table(SlLint *lint, const RangeVar *name);
extern SlTable *sl_lint_table_of_names(SlLint *lint, List *names);
extern SlTable *sl_lint_table_target(SlLint *lint, const RangeVar *name);
extern SlTable *sl_lint_table_put(SlLint *lint, const char *schema,
							 const char *name);
extern bool sl_lint_table_is_new(const SlTable *table);
extern bool sl_lint_table_is_known(const SlTable *table);
extern bool sl_lint_table_is_absent(const SlTable *table);
extern char *sl_lint_table_text(const SlTable *table);
extern List *sl_lint_columns(SlLint *lint, SlTable *table);
extern SlColumn *sl_lint_column(SlLint *lint, SlTable *table,
								const char *name);
extern List *sl_lint_indexes(SlLint *lint, SlTable *table);
extern SlIndex *sl_lint_index(SlLint *lint, SlTable *table, const char *name);
extern List *sl_lint_checks(SlLint *lint, SlTable *table);
extern SlCheck *sl_lint_check(SlLint *lint, SlTable *table, const char *name);
extern bool sl_lint_is_proven_not_null(SlLint *lint, SlTable *table,
								  const char *column);
extern List *sl_lint_lookup_path(SlLint *lint);
extern const char *sl_lint_creation_schema(SlLint *lint);
extern Oid	sl_lint_lookup_schema(const char *name);

/* in size.c */
extern void sl_lint_table_measure(SlTable *table);
extern bool sl_lint_table_has_few_rows(SlTable *table);
extern bool sl_lint_table_may_have_rows(SlTable *table);
extern SlLintSeverity sl_lint_weigh(SlTable *table, SlLintSeverity severity);

/* in types.c */
extern Oid	sl_lint_type(SlLint *lint, const TypeName *type);
extern int32 sl_lint_typmod(const TypeName *type, Oid oid);
extern const char *sl_lint_builtin_type(const TypeName *type);
extern bool sl_lint_is_serial(const TypeName *type);
extern const char *sl_lint_type_name(Oid type);
extern char *sl_lint_type_text(const TypeName *type);
extern SlMade *sl_lint_made_type(SlLint *lint, const char *name);
extern bool sl_lint_domain_has_constraints(SlLint *lint, const TypeName *type);
extern bool sl_lint_retype_rewrites(SlLint *lint, const SlColumn *column,
							   const ColumnDef *wanted);

/* in expression.c */
extern const char *sl_lint_volatile_part(SlLint *lint, Node *expression);
extern List *sl_lint_not_null_columns(Node *expression);
extern const char *sl_lint_constant_text(Node *node);
extern const char *sl_lint_set_value(const VariableSetStmt *set);
extern bool sl_lint_defelem_bool(List *options, const char *name, bool absent);

/* in locks.c */
typedef void (*SlLockVisitor) (SlLint *lint, SlTable *table, LOCKMODE mode,
							   void *arg);

extern void sl_lint_locks_of(SlLint *lint, Node *stmt, SlLockVisitor visit,
						void *arg);
extern char *sl_lint_locked_text(const SlTable *table);
extern const char *sl_lint_lock_name(LOCKMODE mode);

/* the tables of rules, each with a row without id at its end */
extern const SlLintRule sl_lint_alter_rules[];
extern const SlLintRule sl_lint_lock_rules[];
extern const SlLintRule sl_lint_index_rules[];
extern const SlLintRule sl_lint_constraint_rules[];
extern const SlLintRule sl_lint_type_rules[];
extern const SlLintRule sl_lint_breaking_rules[];
extern const SlLintRule sl_lint_transaction_rules[];
extern const SlLintRule sl_lint_data_rules[];
extern const SlLintRule sl_lint_name_rules[];
extern const SlLintRule sl_lint_repeat_rules[];
extern const SlLintRule sl_lint_routine_rules[];
extern const SlLintRule sl_lint_ignore_rules[];

#endif							/* SL_LINT_PRIVATE_H */
