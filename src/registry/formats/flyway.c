/*-------------------------------------------------------------------------
 *
 * flyway.c
 *	  Flyway's files: V<version>__<name>.sql, U (the down script),
 *	  R__<name>.sql (repeatable), B (a baseline for all up to its version),
 *	  <file>.conf.
 *
 * The id is what flyway_schema_history holds in version: the version with dots
 * for underscores, leading zeros kept.  In that table version is NULL for a
 * repeatable, and the V's for a baseline; here they are R__<name> and
 * B<version>.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/registry/formats/flyway.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/sl_errors.h"
#include "registry/loader.h"

/*
 * Flyway calls these files by their names, at moments that have no meaning
 * here; to pass over one in silence would be to lose what it does.
 */
static const char *const callbacks[] = {
	"beforeMigrate", "beforeRepeatables", "beforeEachMigrate",
	"beforeEachMigrateStatement", "afterEachMigrateStatement",
	"afterEachMigrateStatementError", "afterEachMigrate",
	"afterEachMigrateError", "afterMigrate", "afterMigrateApplied",
	"afterVersioned", "afterMigrateError", "beforeUndo", "beforeEachUndo",
	"beforeEachUndoStatement", "afterEachUndoStatement",
	"afterEachUndoStatementError", "afterEachUndo", "afterEachUndoError",
	"afterUndo", "afterUndoError", "beforeClean", "afterClean",
	"afterCleanError", "beforeInfo", "afterInfo", "afterInfoError",
	"beforeValidate", "afterValidate", "afterValidateError",
	"beforeBaseline", "afterBaseline", "afterBaselineError",
	"beforeRepair", "afterRepair", "afterRepairError",
	"afterMigrateOperationFinish", "afterUndoOperationFinish",
	"afterCleanOperationFinish", "afterInfoOperationFinish",
	"afterValidateOperationFinish", "afterBaselineOperationFinish",
	"afterRepairOperationFinish", "beforeConnect", "afterConnect",
	"createSchema", "beforeCreateSchema", "beforeDeploy", "afterDeploy",
};

#define FORM "V<version>__<name>.sql, U<version>__<name>.sql, " \
	"B<version>__<name>.sql or R__<name>.sql"

typedef struct FlywayName
{
	char		prefix;			/* V, U, B or R */
	char	   *version;		/* NULL for R */
	char	   *name;			/* behind the separator; may be empty */
} FlywayName;

/* [0-9]+([._][0-9]+)* */
static bool
is_version(const char *text, int length)
{
	bool		digit = false;
	int			i;

	for (i = 0; i < length; i++)
	{
		bool		here = text[i] >= '0' && text[i] <= '9';

		if (!here && !(digit && (text[i] == '.' || text[i] == '_')))
			return false;
		digit = here;
	}
	return digit;
}

/* Cut a name up; false if Flyway would not take it for a migration. */
static bool
split_name(const char *base, FlywayName *name)
{
	int			length = strlen(base) - strlen(".sql");
	const char *separator;
	int			before;
	char	   *at;

	if (!sl_has_suffix(base, ".sql") || strchr("VUBR", base[0]) == NULL)
		return false;
	separator = strstr(base, "__");
	before = separator ? (int) (separator - base) : length;
	name->prefix = base[0];
	name->version = NULL;
	name->name = separator ?
		sl_slice(separator + 2, 0, length - before - 2) : pstrdup("");
	if (name->prefix == 'R')
		return before == 1 && name->name[0] != '\0';
	if (!is_version(base + 1, before - 1))
		return false;
	name->version = sl_slice(base, 1, before);
	for (at = name->version; *at; at++)
	{
		if (*at == '_')
			*at = '.';
	}
	return true;
}

static bool
flyway_claims(const SlFile *file)
{
	FlywayName	name;

	return split_name(file->base, &name) && name.name[0] != '\0';
}

/* Versions compare part by part, as numbers; a missing part is zero. */
static int
flyway_compare(const char *a, const char *b)
{
	while (*a || *b)
	{
		int			alen = strcspn(a, ".");
		int			blen = strcspn(b, ".");
		int			result = sl_compare_numbers(a, alen, b, blen);

		if (result != 0)
			return result;
		a += alen + (a[alen] == '.');
		b += blen + (b[blen] == '.');
	}
	return 0;
}

static const char *
flyway_order_of(const SlRegistryEntry *entry)
{
	if (entry->kind == SL_KIND_BASELINE && entry->revision[0] == 'B')
		return entry->revision + 1;
	return entry->revision;
}

/* Flyway puts values in for these anywhere in the text; here are none. */
static void
refuse_placeholders(const SlFile *file)
{
	const char *at = strstr(file->body, "${");
	const char *end;

	if (at == NULL)
		return;
	end = strchr(at, '}');
	ereport(ERROR,
			(errcode(SL_ERR_BAD_INPUT),
			 errmsg("%splaceholder \"%s\" has no value here",
					sl_place(file->name, NULL,
							 1 + sl_count_lines(file->body, at - file->body)),
					sl_slice(at, 0, end && end - at < 64 ?
							 (int) (end - at) + 1 : 2)),
			 errhint("Put the value into the file before the push.")));
}

static void
refuse_callback(const SlFile *file)
{
	int			length = strlen(file->base) - strlen(".sql");
	const char *separator = strstr(file->base, "__");
	int			i;

	if (separator)
		length = separator - file->base;
	for (i = 0; i < (int) lengthof(callbacks); i++)
	{
		if ((int) strlen(callbacks[i]) == length &&
			strncmp(callbacks[i], file->base, length) == 0)
			ereport(ERROR,
					(errcode(SL_ERR_BAD_INPUT),
					 errmsg("\"%s\" is a Flyway callback, which is not supported",
							file->name),
					 errhint("Take it out of the push, and what it does into a repeatable R__ file.")));
	}
}

/* What <file>.conf says. */
typedef struct FlywayConf
{
	bool		outside;		/* executeInTransaction=false */
	bool		verbatim;		/* placeholderReplacement=false */
} FlywayConf;

static void
conf_line(const SlFile *conf, int line, const char *key, const char *value,
		  FlywayConf *result)
{
	if (strcmp(key, "executeInTransaction") == 0)
		result->outside = pg_strcasecmp(value, "false") == 0;
	else if (strcmp(key, "placeholderReplacement") == 0)
		result->verbatim = pg_strcasecmp(value, "false") == 0;
	else if (strcmp(key, "shouldExecute") == 0)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%s\"shouldExecute\" is not supported",
						sl_place(conf->name, NULL, line))));
}

static void
read_conf(List *confs, const SlFile *script, FlywayConf *result)
{
	size_t		length = strlen(script->name);
	const SlFile *conf = NULL;
	ListCell   *cell;
	int			line = 1;
	int			at;

	memset(result, 0, sizeof(*result));
	foreach(cell, confs)
	{
		const SlFile *one = lfirst(cell);

		if (strncmp(one->name, script->name, length) == 0 &&
			strcmp(one->name + length, ".conf") == 0)
			conf = one;
	}
	if (conf == NULL)
		return;
	for (at = 0; at < conf->length;
		 at = sl_next_line(conf->body, conf->length, at), line++)
	{
		int			end = sl_line_end(conf->body, conf->length, at);
		List	   *parts = sl_split_list(sl_slice(conf->body, at, end), '=');

		if (list_length(parts) == 2)
			conf_line(conf, line, linitial(parts), lsecond(parts), result);
	}
}

typedef struct FlywayFile
{
	FlywayName	name;
	const SlFile *file;
	bool		outside;
} FlywayFile;

/* One V, B or R file. */
static void
add_file(SlPush *push, const FlywayFile *found)
{
	const FlywayName *name = &found->name;
	SlSource   *source;

	if (name->prefix == 'R')
	{
		source = sl_source_new(push, found->file,
							   psprintf("R__%s", name->name));
		source->kind = SL_KIND_REPEATABLE;
	}
	else if (name->prefix == 'B')
	{
		source = sl_source_new(push, found->file,
							   psprintf("B%s", name->version));
		source->kind = SL_KIND_BASELINE;
		source->covers_lower = true;
		source->order = name->version;
	}
	else
	{
		source = sl_source_new(push, found->file, name->version);
		source->linear = true;
	}
	if (name->name[0])
		source->description = sl_words_of(name->name, strlen(name->name));
	source->up = found->file->body;
	source->outside = found->outside;
}

/* A U file is the down script of the V file of its version. */
static void
add_undo(SlPush *push, const FlywayFile *found)
{
	ListCell   *cell;

	foreach(cell, push->sources)
	{
		SlSource   *source = lfirst(cell);

		if (source->kind != SL_KIND_VERSIONED ||
			flyway_compare(source->order, found->name.version) != 0)
			continue;
		if (source->down_file)
			ereport(ERROR,
					(errcode(SL_ERR_BAD_INPUT),
					 errmsg("revision \"%s\" has two down scripts, \"%s\" and \"%s\"",
							source->revision, source->down_file,
							found->file->name)));
		source->down_file = found->file->name;
		source->down = found->file->body;
		source->down_outside = found->outside;
		return;
	}
	ereport(ERROR,
			(errcode(SL_ERR_BAD_INPUT),
			 errmsg("\"%s\" undoes version %s, which is not in the push",
					found->file->name, found->name.version)));
}

static void
flyway_parse(SlPush *push)
{
	FlywayFile *found = palloc0(sizeof(FlywayFile) * (push->nfiles + 1));
	List	   *confs = NIL;
	int			count = 0;
	int			i;
	ListCell   *cell;

	for (i = 0; i < push->nfiles; i++)
	{
		if (sl_has_suffix(push->files[i].base, ".sql.conf"))
			confs = lappend(confs, &push->files[i]);
	}
	for (i = 0; i < push->nfiles; i++)
	{
		const SlFile *file = &push->files[i];
		FlywayConf	conf;

		if (!sl_has_suffix(file->base, ".sql"))
			continue;
		if (!split_name(file->base, &found[count].name))
		{
			refuse_callback(file);
			sl_file_unnamed(push, file, FORM);
		}
		read_conf(confs, file, &conf);
		if (!conf.verbatim)
			refuse_placeholders(file);
		found[count].file = file;
		found[count].outside = conf.outside;
		count++;
	}
	for (i = 0; i < count; i++)
	{
		if (found[i].name.prefix != 'U')
			add_file(push, &found[i]);
	}
	for (i = 0; i < count; i++)
	{
		if (found[i].name.prefix == 'U')
			add_undo(push, &found[i]);
	}
	foreach(cell, push->sources)
		sl_source_headers(lfirst(cell), false);
}

const SlFormat sl_format_flyway = {
	.name = "flyway",
	.source = "flyway",
	.compare = flyway_compare,
	.order_of = flyway_order_of,
	.claims = flyway_claims,
	.parse = flyway_parse,
};
