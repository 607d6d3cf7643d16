/*-------------------------------------------------------------------------
 *
 * require.h
 *	  What must be so: facts of the catalog in a grammar of their own.
 *
 * A requirement is a text, "index conversions(user_id)".  It is read by
 * writing down the statement that would make it true and giving that to the
 * server's parser; nothing of it is run.  Whether it holds is found out by
 * looking at the catalog.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/status/require.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_REQUIRE_H
#define SL_REQUIRE_H

#include "postgres.h"

#include "lib/stringinfo.h"
#include "nodes/parsenodes.h"
#include "parser/parse_node.h"

#include "ledger/ledger.h"

typedef struct SlRequirement
{
	const struct SlForm *form;
	char	   *schema;			/* of the object; NULL: it is in none */
	char	   *object;			/* a table, mostly */
	char	   *name;			/* of what hangs on it; NULL: not given */
	char	   *text;			/* as it is stored: relations qualified */
	char	   *ddl;			/* makes it true; NULL: nobody knows */
	Node	   *tree;			/* what the parser made of the rest, or NULL */
	TypeName   *result;			/* of a function; NULL: any */
} SlRequirement;

/*
 * Does it hold?  If not, 'why' gets what is wrong, in the words of a finding.
 * Called as the extension's owner, under the requirement's own search_path
 * and in a subtransaction: whatever goes wrong in there is a no.
 */
typedef bool (*SlHolds) (const SlRequirement *requirement, StringInfo why);

struct SlReader;

/* A kind of requirement: what it looks like, and how to find out. */
typedef struct SlForm
{
	const char *words;			/* that it begins with */
	void		(*read) (struct SlReader *reader, SlRequirement *requirement);
	SlHolds		holds;
	const char *detail;			/* of the form, for both */
} SlForm;

/* in grammar.c */

/*
 * SL009 if the text is none.  'path': the schemas (char *) in which relations
 * without one are looked for; where there is none yet, it will be in the
 * first, or in public.
 */
extern SlRequirement *sl_requirement_parse(const char *text, List *path);

/* in hold.c: for the table of forms */
extern bool sl_holds_relation(const SlRequirement *requirement,
							  StringInfo why);
extern bool sl_holds_schema(const SlRequirement *requirement, StringInfo why);
extern bool sl_holds_extension(const SlRequirement *requirement,
							   StringInfo why);
extern bool sl_holds_type(const SlRequirement *requirement, StringInfo why);
extern bool sl_holds_enum(const SlRequirement *requirement, StringInfo why);
extern bool sl_holds_routine(const SlRequirement *requirement,
							 StringInfo why);
extern bool sl_holds_trigger(const SlRequirement *requirement,
							 StringInfo why);
extern bool sl_holds_policy(const SlRequirement *requirement, StringInfo why);
extern bool sl_holds_row_security(const SlRequirement *requirement,
								  StringInfo why);

/* in hold_table.c: the same, of what a table is made of */
extern bool sl_holds_column(const SlRequirement *requirement, StringInfo why);
extern bool sl_holds_not_null(const SlRequirement *requirement,
							  StringInfo why);
extern bool sl_holds_constraint(const SlRequirement *requirement,
								StringInfo why);

/* in hold_index.c */
extern bool sl_holds_index(const SlRequirement *requirement, StringInfo why);
extern List *sl_indexes_of(Oid relid);

/* in hold.c: what they share */
extern Oid	sl_required_table(const SlRequirement *requirement,
							  StringInfo why);
extern Oid	sl_required_type(const TypeName *name, int32 *typmod,
							 StringInfo why);

/* in expression.c */

/* What an expression is for. */
typedef struct SlExpressionUse
{
	ParseExprKind kind;
	Oid			relid;			/* whose columns it may name */
	Oid			type;			/* of the column whose default it is */
	int32		typmod;
} SlExpressionUse;

extern bool sl_expression_is(const SlExpressionUse *use, Node *raw,
							 Node *actual);
extern char *sl_expression_meant(const SlExpressionUse *use, Node *raw);
extern char *sl_expression_text(Oid relid, Node *expression);

/* in require.c */

/* A requirement, and whether it holds. */
typedef struct SlRequirementState
{
	char	   *name;
	char	   *requirement;
	bool		holds;
	char	   *why;			/* NULL if it does */
} SlRequirementState;

/* All of them, as of now: SlRequirementState pointers. */
extern List *sl_requirements_look(void);

/* Does a stored one hold now?  *why is NULL if it does. */
extern bool sl_requirement_holds(const SlRequirementRow *row, char **why);

/* The DDL for a stored one, NULL if there is none for its form. */
extern char *sl_requirement_ddl(const SlRequirementRow *row);

#endif							/* SL_REQUIRE_H */
