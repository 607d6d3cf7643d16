/*-------------------------------------------------------------------------
 *
 * triggers.c
 *	  Triggers, rules, policies and event triggers.
 *
 * A trigger that a partition has from its parent is the parent's; those that
 * enforce constraints belong to the constraints.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/triggers.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/dependency.h"
#include "catalog/pg_event_trigger.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "rewrite/rewriteSupport.h"

#include "catalog/catalog_private.h"
#include "common/extension.h"

static const char *const enabled_words[] = {
	"O", "origin", "D", "disabled", "R", "replica", "A", "always", NULL
};
static const char *const command_words[] = {
	"r", "select", "a", "insert", "w", "update", "d", "delete", "*", "all",
	NULL
};

/* The relation that something hangs on; NULL if that is not wanted. */
static SlRelation *
wanted_relation(SlScan *scan, Oid relid)
{
	SlRelation *rel = hash_search(scan->relations, &relid, HASH_FIND, NULL);

	if (rel == NULL && !scan->full)
		rel = sl_relation(scan, relid);
	return rel != NULL && rel->managed ? rel : NULL;
}

/* A row of pg_trigger. */
void
sl_row_trigger(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_trigger form = (Form_pg_trigger) GETSTRUCT(tuple);
	SlRelation *rel;
	char	   *definition;

	if (form->tgisinternal || OidIsValid(form->tgparentid))
		return;
	rel = wanted_relation(scan, form->tgrelid);
	if (rel == NULL)
		return;
	if (!sl_fact_begin(scan, "trigger", sl_within(rel->identity,
												  NameStr(form->tgname))))
		return;
	definition = sl_call_text(F_PG_GET_TRIGGERDEF_OID, 1,
							  ObjectIdGetDatum(form->oid), 0, 0);
	if (definition == NULL)
		sl_vanished();
	sl_put(scan, "definition", definition);
	sl_put(scan, "enabled", sl_char_word(enabled_words, form->tgenabled));
	sl_put_comment(scan, TriggerRelationId, form->oid, 0);
	sl_fact_end(scan);
}

/* A row of pg_rewrite; what makes a view a view is its definition. */
void
sl_row_rule(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_rewrite form = (Form_pg_rewrite) GETSTRUCT(tuple);
	SlRelation *rel;
	char	   *definition;

	if (strcmp(NameStr(form->rulename), ViewSelectRuleName) == 0)
		return;
	rel = wanted_relation(scan, form->ev_class);
	if (rel == NULL)
		return;
	if (!sl_fact_begin(scan, "rule", sl_within(rel->identity,
											   NameStr(form->rulename))))
		return;
	definition = sl_call_text(F_PG_GET_RULEDEF_OID, 1,
							  ObjectIdGetDatum(form->oid), 0, 0);
	if (definition == NULL || definition[0] == '\0')
		sl_vanished();
	sl_put(scan, "definition", definition);
	sl_put(scan, "enabled", sl_char_word(enabled_words, form->ev_enabled));
	sl_put_comment(scan, RewriteRelationId, form->oid, 0);
	sl_fact_end(scan);
}

/* A row of pg_policy. */
void
sl_row_policy(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_policy form = (Form_pg_policy) GETSTRUCT(tuple);
	SlRelation *rel = wanted_relation(scan, form->polrelid);
	List	   *roles = NIL;
	Datum		datum;
	Datum	   *elements;
	bool		isnull;
	int			count = 0;
	int			i;

	if (rel == NULL)
		return;
	if (!sl_fact_begin(scan, "policy", sl_within(rel->identity,
												 NameStr(form->polname))))
		return;
	sl_put(scan, "command", sl_char_word(command_words, form->polcmd));
	sl_put_bool(scan, "permissive", form->polpermissive);
	datum = SL_GET(Anum_pg_policy_polroles);
	if (!isnull)
		deconstruct_array(DatumGetArrayTypeP(datum), OIDOID, sizeof(Oid),
						  true, TYPALIGN_INT, &elements, NULL, &count);
	for (i = 0; i < count; i++)
		roles = lappend(roles, sl_role_name(DatumGetObjectId(elements[i])));
	sl_put_sorted(scan, "roles", roles);
	datum = SL_GET(Anum_pg_policy_polqual);
	if (!isnull)
		sl_put(scan, "using", sl_expression(scan, datum, rel));
	datum = SL_GET(Anum_pg_policy_polwithcheck);
	if (!isnull)
		sl_put(scan, "check", sl_expression(scan, datum, rel));
	sl_put_comment(scan, PolicyRelationId, form->oid, 0);
	sl_fact_end(scan);
}

/*
 * Is it the guard's?  It belongs to whoever switched the guard on, and is no
 * part of the schema.
 */
static bool
is_of_the_guard(Oid function)
{
	Oid			extension = get_extension_oid(SL_EXTENSION_NAME, true);

	return OidIsValid(extension) &&
		getExtensionOfObject(ProcedureRelationId, function) == extension;
}

/* A row of pg_event_trigger. */
void
sl_row_event_trigger(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_event_trigger form = (Form_pg_event_trigger) GETSTRUCT(tuple);
	Datum		datum;
	bool		isnull;

	if (!sl_is_users(scan, EventTriggerRelationId, form->oid) ||
		is_of_the_guard(form->evtfoid))
		return;
	if (!sl_fact_begin(scan, "event trigger",
					   pstrdup(quote_identifier(NameStr(form->evtname)))))
		return;
	sl_put(scan, "event", pstrdup(NameStr(form->evtevent)));
	sl_put(scan, "function", sl_function_name(scan, form->evtfoid));
	sl_put(scan, "enabled", sl_char_word(enabled_words, form->evtenabled));
	datum = SL_GET(Anum_pg_event_trigger_evttags);
	sl_put_array(scan, "tags", datum, isnull);
	sl_put_comment(scan, EventTriggerRelationId, form->oid, 0);
	sl_put_owner(scan, form->evtowner);
	sl_fact_end(scan);
}
