/*-------------------------------------------------------------------------
 *
 * prisma.c
 *	  Prisma: _prisma_migrations, one row each time that a migration was
 *	  begun.
 *
 * It is applied when it is finished and not rolled back; begun and neither, it
 * has failed.  What we revert is marked as rolled back.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/adapters/prisma.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/cryptohash.h"
#include "common/sha2.h"
#include "utils/builtins.h"

#include "adapters/adapters_private.h"

enum
{
	ID,
	CHECKSUM,
	FINISHED_AT,
	MIGRATION_NAME,
	ROLLED_BACK_AT,
	STARTED_AT,
	APPLIED_STEPS_COUNT
};

static const SlToolColumn columns[] = {
	[ID] = {"id", SL_COLUMN_TEXT},
	[CHECKSUM] = {"checksum", SL_COLUMN_TEXT},
	[FINISHED_AT] = {"finished_at", SL_COLUMN_TIME},
	[MIGRATION_NAME] = {"migration_name", SL_COLUMN_TEXT},
	[ROLLED_BACK_AT] = {"rolled_back_at", SL_COLUMN_TIME},
	[STARTED_AT] = {"started_at", SL_COLUMN_TIME},
	[APPLIED_STEPS_COUNT] = {"applied_steps_count", SL_COLUMN_NUMBER},
};

static const char *const formats[] = {"prisma", NULL};

static void
read_row(const char *const *cells, List **words)
{
	SlWordKind	kind = SL_WORD_APPLIED;
	SlWord	   *word;

	if (cells[MIGRATION_NAME] == NULL || cells[STARTED_AT] == NULL)
		return;
	if (cells[ROLLED_BACK_AT] != NULL)
		kind = SL_WORD_UNDONE;
	else if (cells[FINISHED_AT] == NULL)
		kind = SL_WORD_FAILED;
	word = sl_word_add(words, kind, cells[MIGRATION_NAME]);
	word->checksum = unconstify(char *, cells[CHECKSUM]);
	word->order = strtoll(cells[STARTED_AT], NULL, 10);
}

/* SHA-256 of the file, in hexadecimal */
static char *
checksum_of(const char *text)
{
	static const char digits[] = "0123456789abcdef";
	pg_cryptohash_ctx *context = pg_cryptohash_create(PG_SHA256);
	uint8		bytes[PG_SHA256_DIGEST_LENGTH];
	StringInfoData hex;
	int			i;

	if (context == NULL || pg_cryptohash_init(context) < 0 ||
		pg_cryptohash_update(context, (const uint8 *) text,
							 strlen(text)) < 0 ||
		pg_cryptohash_final(context, bytes, sizeof(bytes)) < 0)
		elog(ERROR, "could not compute a SHA-256");
	pg_cryptohash_free(context);
	initStringInfo(&hex);
	for (i = 0; i < (int) sizeof(bytes); i++)
	{
		appendStringInfoChar(&hex, digits[bytes[i] >> 4]);
		appendStringInfoChar(&hex, digits[bytes[i] & 15]);
	}
	return hex.data;
}

/* Very old rows lack leading zeros of bytes, and have another length. */
static bool
same_checksum(const char *checksum, const SlRegistryEntry *entry)
{
	return entry->up != NULL &&
		(strlen(checksum) != 2 * PG_SHA256_DIGEST_LENGTH ||
		 strcmp(checksum, checksum_of(entry->up)) == 0);
}

static void
insert_row(SlWriter *writer, const SlRegistryEntry *entry,
		   const char *revision, int64 elapsed)
{
	const char *values[2];

	values[0] = revision;
	values[1] = checksum_of(entry != NULL && entry->up != NULL ?
							entry->up : "");
	(void) sl_writer_run(writer,
						 "INSERT INTO @ (id, checksum, finished_at,"
						 " migration_name, started_at, applied_steps_count)"
						 " VALUES (pg_catalog.gen_random_uuid()::pg_catalog.text,"
						 " $2, pg_catalog.clock_timestamp(), $1,"
						 " pg_catalog.clock_timestamp(), 1)", values, 2);
}

static void
remove_row(SlWriter *writer, const SlRegistryEntry *entry,
		   const char *revision, int64 elapsed)
{
	(void) sl_writer_run(writer,
						 "UPDATE @ SET rolled_back_at ="
						 " pg_catalog.clock_timestamp()"
						 " WHERE migration_name OPERATOR(pg_catalog.=) $1"
						 " AND rolled_back_at IS NULL", &revision, 1);
}

static void
sync_all(const SlSync *sync)
{
	sl_sync_rows(sync, insert_row, remove_row);
}

const SlAdapter sl_adapter_prisma = {
	.name = "prisma",
	.usual_name = "_prisma_migrations",
	.ordered = true,
	.columns = columns,
	.ncolumns = lengthof(columns),
	.formats = formats,
	.command = "prisma migrate deploy",
	.failed_hint = "Look at what it left, and say with \"prisma migrate resolve --applied %s\" or --rolled-back what it is; then call again.",
	.read = read_row,
	.same_checksum = same_checksum,
	.sync = sync_all,
};
