/*-------------------------------------------------------------------------
 *
 * config.c
 *	  What a call works with: session settings, under them the database's
 *	  (sl_setting), over them the call's own options.
 *
 * Every name is a row of a table: to add a setting is to add a row.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/ledger/config.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/varlena.h"

#include "common/settings.h"
#include "common/sl_compat.h"
#include "common/sl_errors.h"
#include "ledger/ledger.h"
#include "ledger/query.h"

PG_FUNCTION_INFO_V1(sl_configure);
PG_FUNCTION_INFO_V1(sl_settings_rows);

typedef enum ValueType
{
	VALUE_BOOL,
	VALUE_NAMES,				/* comma list, stored as List of char * */
	VALUE_TEXT,
	VALUE_PATTERNS,				/* text: see sl_split_patterns */
	VALUE_DAYS,
	VALUE_SAFE					/* safe or off, stored as bool */
} ValueType;

typedef struct DatabaseSetting
{
	const char *name;
	ValueType	type;
	const char *boot;
	size_t		offset;			/* in SlOptions */
	bool		configurable;	/* else an option of a call only */
	const char *description;
} DatabaseSetting;

static const DatabaseSetting database_settings[] = {
	{"allow_ahead", VALUE_BOOL, "on",
		offsetof(SlOptions, allow_ahead), true,
	"A database that is ahead of the expected head is healthy."},
	{"allow_unverifiable", VALUE_BOOL, "off",
		offsetof(SlOptions, allow_unverifiable), true,
	"An applied revision without evidence is healthy."},
	{"boot_repair", VALUE_SAFE, "safe",
		offsetof(SlOptions, boot_repair), true,
	"What sl_boot repairs: safe, what loses nothing and never was here, or off."},
	{"compare_owners", VALUE_BOOL, "off",
		offsetof(SlOptions, compare_owners), true,
	"Owners of objects are compared."},
	{"compare_privileges", VALUE_BOOL, "off",
		offsetof(SlOptions, compare_privileges), true,
	"Privileges on objects are compared."},
	{"guard_allow_applications", VALUE_NAMES, "",
		offsetof(SlOptions, guard_allow_applications), true,
	"Applications (application_name) whose DDL the guard lets pass."},
	{"guard_allow_extensions", VALUE_NAMES, "",
		offsetof(SlOptions, guard_allow_extensions), true,
	"Extensions whose functions and objects the guard lets pass."},
	{"guard_allow_roles", VALUE_NAMES, "",
		offsetof(SlOptions, guard_allow_roles), true,
	"Roles whose DDL the guard lets pass."},
	{"guard_allow_schemas", VALUE_NAMES, "",
		offsetof(SlOptions, guard_allow_schemas), true,
	"Schemas in which the guard lets DDL pass."},
	{"log_retention_days", VALUE_DAYS, "90",
		offsetof(SlOptions, log_retention_days), true,
	"How long rows of the DDL log and the incidents are kept."},
	{"managed_schemas", VALUE_NAMES, "",
		offsetof(SlOptions, managed_schemas), true,
	"The schemas that the migrations own; empty: all but system, temporary and extension schemas."},
	{"ignore", VALUE_PATTERNS, "",
		offsetof(SlOptions, ignore), true,
	"Objects that are never compared, class:identity-glob[.attribute]."},
	{"out_of_order", VALUE_BOOL, "off",
		offsetof(SlOptions, out_of_order), true,
	"A file that arrives below an applied one may run."},
	{"prune", VALUE_BOOL, "off",
		offsetof(SlOptions, prune), false,
	"sl_load: pending revisions of this source that are gone are withdrawn."},
	{"replay", VALUE_BOOL, "on",
		offsetof(SlOptions, replay), false,
	"sl_repair: revisions of which nothing is there are run again, where that is safe."},
	{"source", VALUE_TEXT, "",
		offsetof(SlOptions, source), false,
	"sl_load: the name of the push that the revisions belong to."},
};

static SlQuery read_settings = {
	"SELECT s.name, s.value FROM @.sl_setting AS s",
};

static SlQuery put_setting = {
	"INSERT INTO @.sl_setting (name, value) VALUES ($1, $2)"
	" ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value",
	"sl_setting", 2, {TEXTOID, TEXTOID}
};

static SlQuery drop_setting = {
	"DELETE FROM @.sl_setting AS s"
	" WHERE s.name OPERATOR(pg_catalog.=) $1",
	"sl_setting", 1, {TEXTOID}
};

static const DatabaseSetting *
find_database_setting(const char *name)
{
	int			i;

	for (i = 0; i < (int) lengthof(database_settings); i++)
		if (strcmp(database_settings[i].name, name) == 0)
			return &database_settings[i];
	return NULL;
}

static void
bad_value(const char *name, const char *value, const char *wanted)
{
	ereport(ERROR,
			(errcode(SL_ERR_BAD_INPUT),
			 errmsg("invalid value for \"%s\": \"%s\"", name, value),
			 errhint("%s", wanted)));
}

/* Add what is between two commas, without the space around it. */
static List *
add_pattern(List *patterns, const char *begin, const char *end)
{
	while (begin < end && isspace((unsigned char) *begin))
		begin++;
	while (end > begin && isspace((unsigned char) end[-1]))
		end--;
	if (begin < end)
		patterns = lappend(patterns, pnstrdup(begin, end - begin));
	return patterns;
}

/* Does a class and a colon stand here? */
static bool
begins_pattern(const char *p)
{
	while (*p == ' ')
		p++;
	return *p != ':' &&
		p[strspn(p, "abcdefghijklmnopqrstuvwxyz *?")] == ':';
}

/*
 * The patterns of "ignore", char *.  A parenthesis need not be closed, for
 * the rest may be a star.
 */
List *
sl_split_patterns(const char *text)
{
	List	   *patterns = NIL;
	const char *begin = text;
	const char *p;
	bool		quoted = false;
	int			depth = 0;

	for (p = text; *p != '\0'; p++)
	{
		if (*p == '"')
			quoted = !quoted;
		else if (quoted)
			continue;
		else if (*p == '(')
			depth++;
		else if (*p == ')')
			depth--;
		else if (*p == ',' && (depth <= 0 || begins_pattern(p + 1)))
		{
			patterns = add_pattern(patterns, begin, p);
			begin = p + 1;
			depth = 0;
		}
	}
	return add_pattern(patterns, begin, p);
}

static void
check_patterns(const char *name, const char *value)
{
	ListCell   *cell;

	foreach(cell, sl_split_patterns(value))
	{
		const char *pattern = lfirst(cell);
		const char *colon = strchr(pattern, ':');

		if (colon == NULL || colon == pattern || colon[1] == '\0')
			bad_value(name, value,
					  _("A comma list of class:identity or class:identity.attribute is needed, with * and ? as in file names."));
	}
}

/* Put a value where its setting keeps it. */
static void
store_value(SlOptions *options, const DatabaseSetting *setting,
			const char *value)
{
	char	   *place = (char *) options + setting->offset;
	char	   *copy;
	List	   *names;
	int			days;

	switch (setting->type)
	{
		case VALUE_BOOL:
			if (!parse_bool(value, (bool *) place))
				bad_value(setting->name, value,
						  _("Available values: on, off."));
			break;
		case VALUE_NAMES:
			copy = pstrdup(value);
			if (!SplitIdentifierString(copy, ',', &names))
				bad_value(setting->name, value,
						  _("A comma list of names is needed, quoted where they would be in SQL."));
			*(List **) place = names;
			break;
		case VALUE_PATTERNS:
			check_patterns(setting->name, value);
			*(char **) place = pstrdup(value);
			break;
		case VALUE_TEXT:
			*(char **) place = pstrdup(value);
			break;
		case VALUE_DAYS:
			if (!parse_int(value, &days, 0, NULL) || days < 0)
				bad_value(setting->name, value,
						  _("A number of days is needed, 0 for all."));
			*(int *) place = days;
			break;
		case VALUE_SAFE:
			if (strcmp(value, "safe") != 0 && strcmp(value, "off") != 0)
				bad_value(setting->name, value,
						  _("Available values: safe, off."));
			*(bool *) place = value[0] == 's';
			break;
	}
}

static int *
int_option(SlOptions *options, int i)
{
	/* in the order of sl_int_settings */
	int		   *places[] = {
		&options->lock_wait,
		&options->migration_lock_timeout,
		&options->migration_statement_timeout,
		&options->lock_retries,
		&options->dry_run_hold,
	};

	Assert(lengthof(places) == sl_int_settings_count);
	return places[i];
}

/* One key of the call's options. */
static void
take_option(SlOptions *options, const char *name, const char *value)
{
	const DatabaseSetting *setting;
	int			i;

	for (i = 0; i < sl_int_settings_count; i++)
	{
		const SlIntSetting *number = &sl_int_settings[i];
		const char *hint = NULL;
		int			parsed;

		if (strcmp(number->name, name) != 0)
			continue;
		if (!parse_int(value, &parsed, number->unit, &hint))
			bad_value(name, value, hint != NULL ? _(hint) :
					  _("A number is needed."));
		if (parsed < number->min || parsed > number->max)
			bad_value(name, value,
					  psprintf(_("The range is %d to %d."),
							   number->min, number->max));
		*int_option(options, i) = parsed;
		return;
	}
	setting = find_database_setting(name);
	if (setting != NULL)
	{
		store_value(options, setting, value);
		return;
	}
	for (i = 0; i < sl_superuser_settings_count; i++)
		if (strcmp(sl_superuser_settings[i].name, name) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("\"%s\" cannot be an option of a call", name),
					 errhint("It is a setting for superusers: SET schema_lifecycle.%s.",
							 name)));
	ereport(ERROR,
			(errcode(SL_ERR_BAD_INPUT),
			 errmsg("unknown option \"%s\"", name),
			 errhint("The names are those of the view sl_settings.")));
}

/* What the database says (sl_configure), over the defaults. */
static void
take_database_settings(SlOptions *options)
{
	SlResult	result;
	uint64		i;

	/* in a parallel query there is one snapshot for all */
	sl_query_open(&read_settings,
				  IsInParallelMode() ? SL_READ : SL_READ_FRESH, NULL, NULL,
				  &result);
	for (i = 0; i < result.nrows; i++)
	{
		char	   *name = sl_result_text(&result, i, 1);
		char	   *value = sl_result_text(&result, i, 2);
		const DatabaseSetting *setting = find_database_setting(name);
		MemoryContext before = MemoryContextSwitchTo(result.caller);

		/* a name that a newer version wrote is not ours to judge */
		if (setting != NULL)
			store_value(options, setting, value);
		MemoryContextSwitchTo(before);
	}
	sl_query_close(&result);
}

/* The text of a jsonb scalar; lists of strings become comma lists. */
static char *
option_text(const char *name, JsonbValue *value)
{
	Datum		number;

	switch (value->type)
	{
		case jbvString:
			return pnstrdup(value->val.string.val, value->val.string.len);
		case jbvNumeric:
			number = NumericGetDatum(value->val.numeric);
			return DatumGetCString(DirectFunctionCall1(numeric_out, number));
		case jbvBool:
			return pstrdup(value->val.boolean ? "on" : "off");
		default:
			ereport(ERROR,
					(errcode(SL_ERR_BAD_INPUT),
					 errmsg("option \"%s\" must be a string, a number or a boolean",
							name)));
	}
	return NULL;				/* keep the compiler quiet */
}

/* What is set without the database's or the call's doing. */
static void
take_defaults(SlOptions *options)
{
	int			i;

	memset(options, 0, sizeof(SlOptions));
	for (i = 0; i < sl_int_settings_count; i++)
		*int_option(options, i) = *sl_int_settings[i].variable;
	for (i = 0; i < (int) lengthof(database_settings); i++)
		store_value(options, &database_settings[i],
					database_settings[i].boot);
}

/* What the call says, over all else. */
static void
take_given(SlOptions *options, Jsonb *given)
{
	JsonbIterator *iterator;
	JsonbValue	value;
	JsonbIteratorToken token;

	if (given == NULL)
		return;

	if (!JB_ROOT_IS_OBJECT(given))
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("options must be a JSON object"),
				 errhint("For example {\"lock_wait\": \"5 s\"}.")));
	iterator = JsonbIteratorInit(&given->root);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		char	   *name;

		if (token != WJB_KEY)
			continue;
		name = pnstrdup(value.val.string.val, value.val.string.len);
		(void) JsonbIteratorNext(&iterator, &value, true);
		take_option(options, name, option_text(name, &value));
	}
}

/* Fill 'options' for one call. */
void
sl_options_resolve(SlOptions *options, Jsonb *given)
{
	take_defaults(options);
	take_database_settings(options);
	take_given(options, given);
}

/* The same for a call that only waits so far: no table is read. */
void
sl_options_resolve_call(SlOptions *options, Jsonb *given)
{
	take_defaults(options);
	take_given(options, given);
}

/*
 * A schema may be made later.  But one that is mistyped leaves nothing that is
 * compared, and then nothing is ever found.
 */
static void
notice_missing_schemas(const List *schemas)
{
	const ListCell *cell;

	foreach(cell, schemas)
		if (!OidIsValid(get_namespace_oid(lfirst(cell), true)))
			ereport(NOTICE,
					(errmsg("schema \"%s\" does not exist",
							(char *) lfirst(cell))));
}

/*
 * sl_configure(name, value): NULL takes the setting back to its default.
 */
Datum
sl_configure(PG_FUNCTION_ARGS)
{
	char	   *name;
	const DatabaseSetting *setting;
	SlOptions	checked;
	Datum		values[2];

	sl_require_writer("sl_configure");
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("the name of the setting must not be null")));
	name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	setting = find_database_setting(name);
	if (setting == NULL || !setting->configurable)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("\"%s\" is not a setting of the database", name),
				 errhint("See the view sl_settings; a setting of the session is set with SET schema_lifecycle.name.")));

	values[0] = CStringGetTextDatum(name);
	if (PG_ARGISNULL(1))
		sl_query_run(&drop_setting, SL_WRITE, values, NULL);
	else
	{
		char	   *value = text_to_cstring(PG_GETARG_TEXT_PP(1));

		memset(&checked, 0, sizeof(checked));
		store_value(&checked, setting, value);
		notice_missing_schemas(checked.managed_schemas);
		values[1] = CStringGetTextDatum(value);
		sl_query_run(&put_setting, SL_WRITE, values, NULL);
	}
	PG_RETURN_VOID();
}

static void
put_settings_row(ReturnSetInfo *rsinfo, const char *name, const char *value,
				 const char *boot, const char *source,
				 const char *description)
{
	Datum		values[5];
	bool		nulls[5] = {false, false, false, false, false};

	values[0] = CStringGetTextDatum(name);
	values[1] = CStringGetTextDatum(value);
	values[2] = CStringGetTextDatum(boot);
	values[3] = CStringGetTextDatum(source);
	values[4] = CStringGetTextDatum(description);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* Where the value of a GUC comes from, in the words of pg_settings. */
static const char *
guc_source(const char *name)
{
	int			count;
	struct config_generic **variables = sl_guc_variables(&count);
	int			i;

	for (i = 0; i < count; i++)
		if (strcmp(variables[i]->name, name) == 0)
			return GucSource_Names[variables[i]->source];
	return "default";
}

/* One of our GUCs; a superuser-only one is shown to everybody. */
static void
put_guc_row(ReturnSetInfo *rsinfo, const char *name, const char *boot,
			const char *description)
{
	char	   *guc = psprintf("schema_lifecycle.%s", name);

	put_settings_row(rsinfo, name, GetConfigOptionByName(guc, NULL, false),
					 boot, guc_source(guc), description);
}

/* A number of milliseconds in the largest unit that fits, as SHOW has it. */
static char *
format_setting(int value, int unit)
{
	if (unit != GUC_UNIT_MS || value == 0)
		return psprintf("%d", value);
	if (value % 60000 == 0)
		return psprintf("%dmin", value / 60000);
	if (value % 1000 == 0)
		return psprintf("%ds", value / 1000);
	return psprintf("%dms", value);
}

/* The rows of the view sl_settings, by name within each group. */
Datum
sl_settings_rows(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SlResult	result;
	int			i;
	uint64		row;

	InitMaterializedSRF(fcinfo, 0);
	for (i = 0; i < sl_int_settings_count; i++)
	{
		const SlIntSetting *setting = &sl_int_settings[i];

		put_guc_row(rsinfo, setting->name,
					format_setting(setting->boot, setting->unit),
					setting->description);
	}
	for (i = 0; i < sl_superuser_settings_count; i++)
		put_guc_row(rsinfo, sl_superuser_settings[i].name,
					sl_superuser_settings[i].boot,
					sl_superuser_settings[i].description);

	sl_query_open(&read_settings, SL_READ, NULL, NULL, &result);
	for (i = 0; i < (int) lengthof(database_settings); i++)
	{
		const DatabaseSetting *setting = &database_settings[i];
		const char *value = NULL;

		if (!setting->configurable)
			continue;
		for (row = 0; row < result.nrows; row++)
			if (strcmp(sl_result_text(&result, row, 1), setting->name) == 0)
				value = sl_result_text(&result, row, 2);
		put_settings_row(rsinfo, setting->name,
						 value != NULL ? value : setting->boot, setting->boot,
						 value != NULL ? "database" : "default",
						 setting->description);
	}
	sl_query_close(&result);
	return (Datum) 0;
}
