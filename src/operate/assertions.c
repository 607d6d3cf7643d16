/*-------------------------------------------------------------------------
 *
 * assertions.c
 *	  Tests of pgTAP: one each, with what was found as its diagnostics.
 *
 * The extension does not need pgTAP, so it is looked for when a test is made,
 * in the schema that it was installed in.  Its own ok() counts the test and
 * writes the line; that is done as the caller, who could have called it
 * himself.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/operate/assertions.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "parser/parse_func.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

#include "common/extension.h"
#include "common/sl_compat.h"
#include "status/status.h"

PG_FUNCTION_INFO_V1(sl_is_verified);
PG_FUNCTION_INFO_V1(sl_has_no_drift);
PG_FUNCTION_INFO_V1(sl_has_no_stamp_drift);
PG_FUNCTION_INFO_V1(sl_graph_is_sound);

#define PGTAP "pgtap"

/* The functions of pgTAP that a test is made of. */
typedef struct Pgtap
{
	SlExtension extension;
	char	   *schema;
	Oid			ok;				/* ok(boolean, text) */
	Oid			diag;			/* diag(text) */
} Pgtap;

/* A function of pgTAP's own, which nobody else can have put there. */
static Oid
find_function(const Pgtap *pgtap, char *name, int nargs, const Oid *types)
{
	List	   *names = list_make2(makeString(pgtap->schema),
								   makeString(name));
	Oid			function = LookupFuncName(names, nargs, types, true);

	if (!OidIsValid(function) ||
		getExtensionOfObject(ProcedureRelationId, function) !=
		pgtap->extension.oid)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("extension \"%s\" has no function \"%s\" for a test",
						PGTAP, name),
				 errhint("ALTER EXTENSION %s UPDATE;", PGTAP)));
	if (!sl_may_execute(function))
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_FUNCTION,
					   psprintf("%s.%s", pgtap->schema, name));
	return function;
}

/* pgTAP, or an error that says how to get it. */
static void
find_pgtap(Pgtap *pgtap, const char *function)
{
	static const Oid ok_types[] = {BOOLOID, TEXTOID};
	static const Oid diag_types[] = {TEXTOID};

	if (!sl_extension_find_other(PGTAP, &pgtap->extension))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s() needs extension \"%s\"", function, PGTAP),
				 errhint("It is a test of pgTAP: CREATE EXTENSION pgtap; or ask sl_verify(), sl_assert().")));
	pgtap->schema = get_namespace_name(pgtap->extension.schema);
	pgtap->ok = find_function(pgtap, "ok", 2, ok_types);
	pgtap->diag = find_function(pgtap, "diag", 1, diag_types);
}

/*
 * One test of pgTAP: ok(passed, description), and the findings as comments.
 * Its functions call each other without a schema, so theirs is the path.
 */
static Datum
make_test(const Pgtap *pgtap, bool passed, const char *description,
		  const char *findings)
{
	int			nest_level = NewGUCNestLevel();
	StringInfoData out;
	Datum		line;

	(void) set_config_option("search_path",
							 psprintf("%s, pg_temp",
									  quote_identifier(pgtap->schema)),
							 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
							 true, 0, false);
	line = OidFunctionCall2Coll(pgtap->ok, DEFAULT_COLLATION_OID,
								BoolGetDatum(passed),
								CStringGetTextDatum(description));
	initStringInfo(&out);
	appendStringInfoString(&out, TextDatumGetCString(line));
	if (findings != NULL)
	{
		line = OidFunctionCall1Coll(pgtap->diag, DEFAULT_COLLATION_OID,
									CStringGetTextDatum(findings));
		appendStringInfo(&out, "\n%s", TextDatumGetCString(line));
	}
	AtEOXact_GUC(true, nest_level);
	return PointerGetDatum(cstring_to_text_with_len(out.data, out.len));
}

static char *
description_of(FunctionCallInfo fcinfo, int argument, const char *usual)
{
	return PG_ARGISNULL(argument) ? pstrdup(usual) :
		text_to_cstring(PG_GETARG_TEXT_PP(argument));
}

/* Facts that were never looked at say nothing; this is why they were not. */
static const char *
why_nothing_is_known(const SlReport *report)
{
	if (report->empty)
		return "no revision is registered\nsl_load() and slctl push register revisions.";
	return NULL;
}

/* sl_is_verified(expected_head, description) */
Datum
sl_is_verified(PG_FUNCTION_ARGS)
{
	static const char *const checks[] = {
		"head", "pending", "stamp", "requirements", "drift", NULL
	};
	static const char *const all[] = {
		"head", "pending", "stamp", "requirements", "drift", "unverifiable",
		NULL
	};
	char	   *expected = PG_ARGISNULL(0) ? NULL :
		text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *description =
		description_of(fcinfo, 1, expected == NULL ?
					   "The database should be verified at its heads" :
					   psprintf("The database should be verified at %s",
								expected));
	Pgtap		pgtap;
	SlReport   *report;
	bool		passed;
	char	   *findings = NULL;

	find_pgtap(&pgtap, "sl_is_verified");
	report = sl_report_make(expected, SL_REPORT_ALL);
	passed = strcmp(report->verdict->status, "ok") == 0;
	if (!passed)
	{
		findings = sl_findings_text(report,
									report->options.allow_unverifiable ?
									checks : all);
		findings = psprintf("verdict: %s%s%s", report->verdict->name,
							findings != NULL ? "\n" : "",
							findings != NULL ? findings : "");
	}
	return make_test(&pgtap, passed, description, findings);
}

/* sl_has_no_drift(description) */
Datum
sl_has_no_drift(PG_FUNCTION_ARGS)
{
	static const char *const checks[] = {"drift", NULL};
	char	   *description = description_of(fcinfo, 0,
											 "The schema should have no drift");
	Pgtap		pgtap;
	SlReport   *report;
	const char *findings;

	find_pgtap(&pgtap, "sl_has_no_drift");
	report = sl_report_make(NULL, SL_REPORT_ALL);
	findings = why_nothing_is_known(report);
	if (findings == NULL)
		findings = sl_findings_text(report, checks);
	return make_test(&pgtap, findings == NULL, description, findings);
}

/* sl_has_no_stamp_drift(description) */
Datum
sl_has_no_stamp_drift(PG_FUNCTION_ARGS)
{
	static const char *const checks[] = {"stamp", NULL};
	static const char *const all[] = {"stamp", "unverifiable", NULL};
	char	   *description =
		description_of(fcinfo, 0, "The history should have no stamp drift");
	Pgtap		pgtap;
	SlReport   *report;
	const char *findings;

	find_pgtap(&pgtap, "sl_has_no_stamp_drift");
	report = sl_report_make(NULL, SL_REPORT_ALL);
	findings = why_nothing_is_known(report);
	if (findings == NULL)
		findings = sl_findings_text(report,
									report->options.allow_unverifiable ?
									checks : all);
	return make_test(&pgtap, findings == NULL, description, findings);
}

/* sl_graph_is_sound(description): warnings stop no run, and fail no test */
Datum
sl_graph_is_sound(PG_FUNCTION_ARGS)
{
	static const char *const checks[] = {"graph", NULL};
	char	   *description =
		description_of(fcinfo, 0, "The graph of revisions should be sound");
	Pgtap		pgtap;
	SlReport   *report;
	char	   *findings;

	find_pgtap(&pgtap, "sl_graph_is_sound");
	report = sl_report_make(NULL, SL_REPORT_HISTORY);
	findings = sl_findings_text(report, checks);
	return make_test(&pgtap, findings == NULL, description, findings);
}
