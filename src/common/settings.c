/*-------------------------------------------------------------------------
 *
 * settings.c
 *	  The session's settings, schema_lifecycle.*
 *
 * Settings of the database as a whole are not here but in the ledger
 * (sl_configure): they must be the same for every session.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/common/settings.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/varlena.h"

#include "common/settings.h"
#include "common/sl_compat.h"

/* the key that is ours when nothing else is set: "schema_l" in ASCII */
#define SL_DEFAULT_LOCK_KEY "8314604121892151148"

int			sl_lock_wait = 60000;
int			sl_migration_lock_timeout = 5000;
int			sl_migration_statement_timeout = 0;
int			sl_lock_retries = 5;
int			sl_dry_run_hold = 2000;
char	   *sl_trusted_registrars = NULL;
bool		sl_guard_bypass = false;

static char *lock_keys_text = NULL;

/* lock_keys, parsed by its check hook; the extra belongs to the GUC */
typedef struct LockKeys
{
	int			count;
	int64		keys[FLEXIBLE_ARRAY_MEMBER];
} LockKeys;

static const LockKeys *lock_keys = NULL;

const SlIntSetting sl_int_settings[] = {
	{"lock_wait",
		"How long a CALL waits for the migration lock, 0 not at all.",
	&sl_lock_wait, 60000, 0, INT_MAX, GUC_UNIT_MS},
	{"migration_lock_timeout",
		"How long a statement of a migration waits for a lock, 0 for ever.",
	&sl_migration_lock_timeout, 5000, 0, INT_MAX, GUC_UNIT_MS},
	{"migration_statement_timeout",
		"How long a statement of a migration may run in a CALL, 0 for ever.",
	&sl_migration_statement_timeout, 0, 0, INT_MAX, GUC_UNIT_MS},
	{"lock_retries",
		"How often a CALL runs a revision again that met migration_lock_timeout.",
	&sl_lock_retries, 5, 0, 1000, 0},
	{"dry_run_hold",
		"How long a dry run may hold a strong lock.",
	&sl_dry_run_hold, 2000, 0, INT_MAX, GUC_UNIT_MS},
};
const int	sl_int_settings_count = lengthof(sl_int_settings);

const SlTextSetting sl_superuser_settings[] = {
	{"lock_keys", SL_DEFAULT_LOCK_KEY,
	"Advisory lock keys, the first is ours, the others keep other tools out."},
	{"trusted_registrars", "",
	"Roles whose scripts anybody may run unconfined."},
	{"guard_bypass", "off",
	"DDL of this session is not held against the guard."},
};
const int	sl_superuser_settings_count = lengthof(sl_superuser_settings);

/*
 * Parse the list of bigint keys into 'extra'; duplicates are dropped, since a
 * key taken twice would only have to be released twice.
 */
static bool
check_lock_keys(char **newval, void **extra, GucSource source)
{
	char	   *copy = pstrdup(*newval);
	List	   *parts;
	ListCell   *cell;
	LockKeys   *parsed;

	if (!SplitIdentifierString(copy, ',', &parts) || parts == NIL)
	{
		GUC_check_errdetail("A list of integers is needed, such as \"73219011, 42424242\".");
		return false;
	}
	parsed = guc_malloc(LOG, offsetof(LockKeys, keys) +
						sizeof(int64) * list_length(parts));
	if (parsed == NULL)
		return false;
	parsed->count = 0;
	foreach(cell, parts)
	{
		char	   *part = lfirst(cell);
		char	   *end;
		int64		key;
		int			i;

		errno = 0;
		key = strtoi64(part, &end, 10);
		if (errno != 0 || end == part || *end != '\0')
		{
			GUC_check_errdetail("\"%s\" is not a bigint.", part);
			guc_free(parsed);
			return false;
		}
		for (i = 0; i < parsed->count; i++)
			if (parsed->keys[i] == key)
				break;
		if (i == parsed->count)
			parsed->keys[parsed->count++] = key;
	}
	*extra = parsed;
	return true;
}

static void
assign_lock_keys(const char *newval, void *extra)
{
	lock_keys = extra;
}

/* The number of advisory keys a run takes. */
int
sl_lock_key_count(void)
{
	return lock_keys->count;
}

/* Key i of them; 0 is ours. */
int64
sl_lock_key(int i)
{
	Assert(i >= 0 && i < lock_keys->count);
	return lock_keys->keys[i];
}

/* Is the role named in trusted_registrars? */
bool
sl_is_trusted_registrar(const char *rolename)
{
	char	   *copy = pstrdup(sl_trusted_registrars);
	List	   *parts;
	ListCell   *cell;
	bool		found = false;

	if (SplitIdentifierString(copy, ',', &parts))
	{
		foreach(cell, parts)
			found |= strcmp(lfirst(cell), rolename) == 0;
	}
	pfree(copy);
	return found;
}

int
sl_own_ddl_begin(void)
{
	int			nest_level = NewGUCNestLevel();

	(void) set_config_option("schema_lifecycle.guard_bypass", "on",
							 PGC_SUSET, PGC_S_SESSION, GUC_ACTION_SAVE, true,
							 0, false);
	return nest_level;
}

void
sl_own_ddl_end(int nest_level)
{
	AtEOXact_GUC(false, nest_level);
}

/* A list of role names, checked for its syntax only: roles come and go. */
static bool
check_trusted_registrars(char **newval, void **extra, GucSource source)
{
	char	   *copy = pstrdup(*newval);
	List	   *parts;
	bool		ok = SplitIdentifierString(copy, ',', &parts);

	if (!ok)
		GUC_check_errdetail("List syntax is invalid.");
	pfree(copy);
	return ok;
}

/* Define the settings; called once, by _PG_init. */
void
sl_settings_init(void)
{
	int			i;

	for (i = 0; i < sl_int_settings_count; i++)
	{
		const SlIntSetting *setting = &sl_int_settings[i];
		char	   *name = MemoryContextStrdup(TopMemoryContext,
											   psprintf("schema_lifecycle.%s",
														setting->name));

		DefineCustomIntVariable(name, setting->description, NULL,
								setting->variable, setting->boot,
								setting->min, setting->max, PGC_USERSET,
								setting->unit, NULL, NULL, NULL);
	}
	DefineCustomStringVariable("schema_lifecycle.lock_keys",
							   sl_superuser_settings[0].description, NULL,
							   &lock_keys_text, SL_DEFAULT_LOCK_KEY,
							   PGC_SUSET, GUC_LIST_INPUT,
							   check_lock_keys, assign_lock_keys, NULL);
	DefineCustomStringVariable("schema_lifecycle.trusted_registrars",
							   sl_superuser_settings[1].description, NULL,
							   &sl_trusted_registrars, "",
							   PGC_SUSET, GUC_LIST_INPUT,
							   check_trusted_registrars, NULL, NULL);
	DefineCustomBoolVariable("schema_lifecycle.guard_bypass",
							 sl_superuser_settings[2].description, NULL,
							 &sl_guard_bypass, false, PGC_SUSET, 0,
							 NULL, NULL, NULL);
	MarkGUCPrefixReserved("schema_lifecycle");
}
