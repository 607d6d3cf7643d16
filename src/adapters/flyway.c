/*-------------------------------------------------------------------------
 *
 * flyway.c
 *	  Flyway: flyway_schema_history, one row each time that a script ran.
 *
 * The last word on a version counts; one on a repeatable has the checksum of
 * what ran.  A BASELINE row stands for all versions up to its own, a DELETE or
 * UNDO row takes its version back.  Where we revert a version its row goes, as
 * with "flyway undo" it would be taken back.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/adapters/flyway.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/pg_crc.h"

#include "adapters/adapters_private.h"

enum
{
	INSTALLED_RANK,
	VERSION,
	DESCRIPTION,
	TYPE,
	SCRIPT,
	CHECKSUM,
	INSTALLED_BY,
	INSTALLED_ON,
	EXECUTION_TIME,
	SUCCESS
};

static const SlToolColumn columns[] = {
	[INSTALLED_RANK] = {"installed_rank", SL_COLUMN_NUMBER},
	[VERSION] = {"version", SL_COLUMN_TEXT},
	[DESCRIPTION] = {"description", SL_COLUMN_TEXT},
	[TYPE] = {"type", SL_COLUMN_TEXT},
	[SCRIPT] = {"script", SL_COLUMN_TEXT},
	[CHECKSUM] = {"checksum", SL_COLUMN_NUMBER},
	[INSTALLED_BY] = {"installed_by", SL_COLUMN_TEXT},
	[INSTALLED_ON] = {"installed_on", SL_COLUMN_TIME},
	[EXECUTION_TIME] = {"execution_time", SL_COLUMN_NUMBER},
	[SUCCESS] = {"success", SL_COLUMN_BOOL},
};

static const char *const formats[] = {"flyway", NULL};

/* A version without a value ends a comparison: 1 and 1.0 are the same. */
static int
compare_versions(const char *a, const char *b)
{
	while (*a != '\0' || *b != '\0')
	{
		int			result = sl_compare_digits(a, b);

		if (result != 0)
			return result;
		a += strcspn(a, ".");
		b += strcspn(b, ".");
		a += *a == '.';
		b += *b == '.';
	}
	return 0;
}

static bool
is_before(const char *revision, const char *other)
{
	return compare_versions(revision, other) <= 0;
}

static bool
could_be(const char *revision)
{
	return revision[0] >= '0' && revision[0] <= '9' &&
		strspn(revision, "0123456789.") == strlen(revision);
}

/* The id of a script without a version: its file's name without .sql. */
static char *
name_of_script(const char *script)
{
	const char *base = strrchr(script, '/');
	char	   *name;
	int			length;

	base = base == NULL ? script : base + 1;
	name = pstrdup(base);
	length = strlen(name);
	if (length > 4 && strcmp(name + length - 4, ".sql") == 0)
		name[length - 4] = '\0';
	return name;
}

static SlWordKind
kind_of_row(const char *type, const char *success)
{
	if (strcmp(success, "t") != 0)
		return SL_WORD_FAILED;
	if (strcmp(type, "DELETE") == 0 || strncmp(type, "UNDO", 4) == 0)
		return SL_WORD_UNDONE;
	return strcmp(type, "BASELINE") == 0 ?
		SL_WORD_ALL_BEFORE : SL_WORD_APPLIED;
}

static void
read_row(const char *const *cells, List **words)
{
	const char *revision = cells[VERSION];
	SlWord	   *word;

	if (cells[INSTALLED_RANK] == NULL || cells[TYPE] == NULL ||
		cells[SCRIPT] == NULL || cells[SUCCESS] == NULL ||
		strcmp(cells[TYPE], "SCHEMA") == 0)
		return;
	if (revision == NULL)
		revision = name_of_script(cells[SCRIPT]);
	else if (strcmp(cells[TYPE], "SQL_BASELINE") == 0)
		revision = psprintf("B%s", revision);
	word = sl_word_add(words, kind_of_row(cells[TYPE], cells[SUCCESS]),
					   revision);
	word->checksum = unconstify(char *, cells[CHECKSUM]);

	/* what an undone version's checksum is nobody asks */
	word->order = strtoll(cells[INSTALLED_RANK], NULL, 10);
}

/* CRC-32 of the lines, without what separates them, as a signed number. */
static int32
checksum_of_lines(const char *text)
{
	pg_crc32	crc;

	INIT_TRADITIONAL_CRC32(crc);
	while (*text != '\0')
	{
		size_t		length = strcspn(text, "\r\n");

		COMP_TRADITIONAL_CRC32(crc, text, length);
		text += length;
		text += strspn(text, "\r\n");
	}
	FIN_TRADITIONAL_CRC32(crc);
	return (int32) crc;
}

static int32
checksum_of_bytes(const char *text)
{
	pg_crc32	crc;

	INIT_TRADITIONAL_CRC32(crc);
	COMP_TRADITIONAL_CRC32(crc, text, strlen(text));
	FIN_TRADITIONAL_CRC32(crc);
	return (int32) crc;
}

/* Some versions of Flyway took the line ends in. */
static bool
same_checksum(const char *checksum, const SlRegistryEntry *entry)
{
	int64		wanted = strtoll(checksum, NULL, 10);

	return entry->up != NULL &&
		(wanted == checksum_of_lines(entry->up) ||
		 wanted == checksum_of_bytes(entry->up));
}

static char *
script_of(const SlRegistryEntry *entry)
{
	const char *base = entry->file == NULL ? NULL :
		strrchr(entry->file, '/');

	if (entry->file != NULL)
		return pstrdup(base == NULL ? entry->file : base + 1);
	return psprintf("V%s__%s.sql", entry->revision,
					entry->description == NULL ? "" : entry->description);
}

static void
insert_row(SlWriter *writer, const SlRegistryEntry *entry,
		   const char *revision, int64 elapsed)
{
	const char *values[6];

	if (entry == NULL)
		return;
	values[0] = entry->kind == SL_KIND_VERSIONED ? revision : NULL;
	values[1] = entry->description == NULL ? "" : entry->description;
	values[2] = script_of(entry);
	values[3] = entry->up == NULL ? NULL :
		psprintf("%d", checksum_of_lines(entry->up));
	values[4] = GetUserNameFromId(writer->before.userid, false);
	values[5] = psprintf(INT64_FORMAT, Min(elapsed / 1000, PG_INT32_MAX));
	(void) sl_writer_run(writer,
						 "INSERT INTO @ (installed_rank, version,"
						 " description, type, script, checksum,"
						 " installed_by, execution_time, success)"
						 " SELECT COALESCE(pg_catalog.max(h.installed_rank),"
						 " 0) OPERATOR(pg_catalog.+) 1, $1,"
						 " pg_catalog.left($2, 200), 'SQL',"
						 " pg_catalog.left($3, 1000), $4::pg_catalog.int4,"
						 " pg_catalog.left($5, 100), $6::pg_catalog.int4,"
						 " true FROM @ AS h", values, 6);
}

static void
sync_all(const SlSync *sync)
{
	sl_sync_rows(sync, insert_row, sl_version_row_remove);
}

static bool
sync_one(const SlVersionTable *table, const SlRegistryEntry *entry,
		  const SlRecord *record)
{
	return sl_version_row_sync(table, entry, record, insert_row);
}

const SlAdapter sl_adapter_flyway = {
	.name = "flyway",
	.usual_name = "flyway_schema_history",
	.ordered = true,
	.columns = columns,
	.ncolumns = lengthof(columns),
	.formats = formats,
	.command = "flyway migrate",
	.failed_hint = "Look at what it left, and \"flyway repair\", which removes the row; then call again.",
	.read = read_row,
	.could_be = could_be,
	.is_before = is_before,
	.same_checksum = same_checksum,
	.sync_one = sync_one,
	.sync = sync_all,
};
