/*-------------------------------------------------------------------------
 *
 * ddl_made.h
 *	  What a statement that was made from facts is held against.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/heal/ddl_made.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_DDL_MADE_H
#define SL_DDL_MADE_H

#include "postgres.h"

#include "nodes/parsenodes.h"

#include "heal/ddl.h"

typedef struct SlMade
{
	const SlFact *fact;
	const SlDdlFacts *facts;
	bool		unsafe;			/* it is shown, and does not run by itself */
} SlMade;

/*
 * Has the statement, or the command of ALTER TABLE, no clause but those that
 * are written for the fact?  What the node is, is known already.
 */
typedef bool (*SlFits) (const Node *node, const SlMade *made);

#define SL_ANY (-1)				/* where there are no kinds */

/* in ddl_fits.c */
extern bool sl_made_for(const SlMade *made, const char *class);
extern bool sl_fits_aggregate(const Node *node, const SlMade *made);
extern bool sl_fits_alter_sequence(const Node *node, const SlMade *made);
extern bool sl_fits_catch_up(const Node *node, const SlMade *made);
extern bool sl_fits_check_of_domain(const Node *node, const SlMade *made);
extern bool sl_fits_column(const Node *node, const SlMade *made);
extern bool sl_fits_comment(const Node *node, const SlMade *made);
extern bool sl_fits_composite(const Node *node, const SlMade *made);
extern bool sl_fits_constraint(const Node *node, const SlMade *made);
extern bool sl_fits_default_of_domain(const Node *node, const SlMade *made);
extern bool sl_fits_default_privileges(const Node *node, const SlMade *made);
extern bool sl_fits_domain(const Node *node, const SlMade *made);
extern bool sl_fits_drop(const Node *node, const SlMade *made);
extern bool sl_fits_extension(const Node *node, const SlMade *made);
extern bool sl_fits_function(const Node *node, const SlMade *made);
extern bool sl_fits_grant(const Node *node, const SlMade *made);
extern bool sl_fits_identity(const Node *node, const SlMade *made);
extern bool sl_fits_index_again(const Node *node, const SlMade *made);
extern bool sl_fits_matview(const Node *node, const SlMade *made);
extern bool sl_fits_not_null(const Node *node, const SlMade *made);
extern bool sl_fits_operator(const Node *node, const SlMade *made);
extern bool sl_fits_operator_class(const Node *node, const SlMade *made);
extern bool sl_fits_operator_family(const Node *node, const SlMade *made);
extern bool sl_fits_owner(const Node *node, const SlMade *made);
extern bool sl_fits_rename(const Node *node, const SlMade *made);
extern bool sl_fits_rule(const Node *node, const SlMade *made);
extern bool sl_fits_schema(const Node *node, const SlMade *made);
extern bool sl_fits_schema_of_extension(const Node *node, const SlMade *made);
extern bool sl_fits_sequence(const Node *node, const SlMade *made);
extern bool sl_fits_statistics(const Node *node, const SlMade *made);
extern bool sl_fits_table(const Node *node, const SlMade *made);
extern bool sl_fits_trigger(const Node *node, const SlMade *made);
extern bool sl_fits_user_mapping(const Node *node, const SlMade *made);
extern bool sl_fits_view(const Node *node, const SlMade *made);

#endif							/* SL_DDL_MADE_H */
