/*-------------------------------------------------------------------------
 *
 * image_file.c
 *	  The image in a file, so that a new session need not read everything.
 *
 * The file is a cache outside the database, one for each: nothing is lost
 * with it, and it may be written on a standby.  What is read from it is held
 * against the catalogs row by row before it is used, as an image that this
 * session had all the time is.  So it need not be new.  It must not be of
 * another life of the database, though, in which the same xid wrote other
 * rows:
 *
 * - It is believed only under the postmaster that it was written under.  That
 *   leaves out other servers, copies, restored backups, and restarts.
 * - A crash of one process makes the postmaster start over: what was not
 *   flushed is lost then, and its xids are given out again.  So everything is
 *   flushed before the file is written.  A standby, which flushes nothing,
 *   may come back behind the file and take another way: it looks at the
 *   position and the timeline.
 * - A database that is dropped takes its OID along, for 4 billion others; and
 *   its row in pg_database has another xmin.
 *
 * The file is written under another name and renamed, so that readers find a
 * whole one or none; which of two writers comes last does not matter.  A file
 * that is not exactly as expected is as good as none.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/image_file.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/xlog.h"
#include "access/xlog_internal.h"
#include "access/xlogrecovery.h"
#include "catalog/pg_database.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "port/pg_crc32c.h"
#include "storage/fd.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "catalog/image_private.h"
#include "common/extension.h"

#define FILE_PREFIX "schema_lifecycle_"
#define FILE_MAGIC "SLIMAGE"

/* in the file, so that it is as long with every version */
#define MAGIC_SIZE 8
#define VERSION_SIZE 16

/* to be changed with anything that changes a hash, an entry or a witness */
#define FILE_FORMAT 2

/* after a failure, how long the next one waits: ms */
#define RETRY_AFTER 60000

/* What has to be the same, to the last byte. */
typedef struct FileIdentity
{
	char		magic[MAGIC_SIZE];
	uint32		format;
	uint32		server_version;
	uint32		entry_size;
	uint32		row_size;
	uint32		witnesses;
	Oid			database;
	TransactionId database_xmin;
	uint32		timeline;
	uint64		system;
	TimestampTz postmaster_start;
	uint64		recovery;		/* was it in recovery? */
	char		version[VERSION_SIZE];	/* of the extension */
} FileIdentity;

typedef struct FileHeader
{
	FileIdentity identity;
	uint64		position;		/* in the WAL */
	uint64		next_xid;
	uint32		options_size;	/* with the NUL at its end */
	uint32		entries;
	pg_crc32c	crc;			/* of all that follows, and of the above */
	uint32		unused;
} FileHeader;

static TimestampTz failed_at = 0;

static void
file_path(char *path, bool temporary)
{
	if (temporary)
		snprintf(path, MAXPGPATH, "%s/%s%u.%d.tmp", PG_STAT_TMP_DIR,
				 FILE_PREFIX, MyDatabaseId, MyProcPid);
	else
		snprintf(path, MAXPGPATH, "%s/%s%u", PG_STAT_TMP_DIR, FILE_PREFIX,
				 MyDatabaseId);
}

/* Where this server is now; false if it changes at this moment. */
static bool
make_identity(FileIdentity *identity, XLogRecPtr *position)
{
	HeapTuple	tuple;
	TimeLineID	timeline = 0;

	memset(identity, 0, sizeof(*identity));
	strlcpy(identity->magic, FILE_MAGIC, sizeof(identity->magic));
	identity->format = FILE_FORMAT;
	identity->server_version = PG_VERSION_NUM;
	identity->entry_size = sizeof(SlEntry);
	identity->row_size = sizeof(SlWitnessRow);
	identity->witnesses = sl_witness_count;
	identity->database = MyDatabaseId;
	identity->system = GetSystemIdentifier();
	identity->postmaster_start = PgStartTime;
	strlcpy(identity->version, SL_EXTENSION_VERSION,
			sizeof(identity->version));
	if (RecoveryInProgress())
	{
		identity->recovery = 1;
		*position = GetXLogReplayRecPtr(&timeline);
	}
	else
	{
		timeline = GetWALInsertionTimeLine();
		*position = GetXLogInsertRecPtr();
	}
	identity->timeline = timeline;
	tuple = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(MyDatabaseId));
	if (!HeapTupleIsValid(tuple))
		return false;
	identity->database_xmin = HeapTupleHeaderGetRawXmin(tuple->t_data);
	ReleaseSysCache(tuple);
	return true;
}

/* Read so much, or say no. */
static bool
read_part(int file, void *buffer, Size size, pg_crc32c *crc)
{
	char	   *p = buffer;
	Size		rest = size;

	while (rest > 0)
	{
		ssize_t		done = read(file, p, Min(rest, 64 * 1024 * 1024));

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		p += done;
		rest -= done;
	}
	COMP_CRC32C(*crc, buffer, size);
	return true;
}

static bool
read_header(int file, FileHeader *header, pg_crc32c *crc)
{
	FileIdentity expected;
	XLogRecPtr	position;
	pg_crc32c	ignored;

	if (!make_identity(&expected, &position) ||
		!read_part(file, header, sizeof(*header), &ignored) ||
		memcmp(&header->identity, &expected, sizeof(expected)) != 0 ||
		header->position > position ||
		header->next_xid >
		U64FromFullTransactionId(ReadNextFullTransactionId()))
		return false;
	INIT_CRC32C(*crc);
	COMP_CRC32C(*crc, header, offsetof(FileHeader, crc));
	return true;
}

/* Is the file as long as the counts say?  Before anything is allocated. */
static bool
size_fits(int file, const FileHeader *header, const uint32 *counts)
{
	struct stat st;
	uint64		size = sizeof(FileHeader) +
		sizeof(uint32) * (uint64) sl_witness_count + header->options_size +
		sizeof(SlEntry) * (uint64) header->entries;
	int			i;

	for (i = 0; i < sl_witness_count; i++)
		size += sizeof(SlWitnessRow) * (uint64) counts[i];
	return fstat(file, &st) == 0 && S_ISREG(st.st_mode) &&
		(uint64) st.st_size == size;
}

static bool
read_body(int file, SlImage *image, const FileHeader *header, pg_crc32c *crc)
{
	uint32	   *counts = palloc_array(uint32, sl_witness_count);
	Size		options_size = strlen(image->options_text) + 1;
	char	   *options = palloc(options_size);
	int			i;

	if (header->options_size != options_size ||
		!read_part(file, counts, sizeof(uint32) * sl_witness_count, crc) ||
		!size_fits(file, header, counts) ||
		!read_part(file, options, options_size, crc) ||
		strcmp(options, image->options_text) != 0)
		return false;
	image->witnesses = MemoryContextAllocZero(image->cxt, sizeof(SlWitness) *
											  sl_witness_count);
	for (i = 0; i < sl_witness_count; i++)
	{
		SlWitness  *witness = &image->witnesses[i];
		Size		size = sizeof(SlWitnessRow) * counts[i];

		witness->rows = MemoryContextAllocHuge(image->cxt, Max(size, 1));
		witness->count = counts[i];
		if (!read_part(file, witness->rows, size, crc))
			return false;
	}
	sl_entries_init(&image->entries, image->cxt, header->entries);
	if (!read_part(file, image->entries.entries,
				   sizeof(SlEntry) * header->entries, crc))
		return false;
	FIN_CRC32C(*crc);
	if (!EQ_CRC32C(*crc, header->crc))
		return false;
	image->entries.count = header->entries;
	sl_entries_index(&image->entries);
	image->next_xid = FullTransactionIdFromU64(header->next_xid);
	return true;
}

/*
 * Fill an image with options and nothing else from the file.  False: it
 * cannot be, and the image is to be thrown away.
 */
bool
sl_image_file_read(SlImage *image)
{
	char		path[MAXPGPATH];
	FileHeader	header;
	pg_crc32c	crc;
	int			file;
	bool		result;

	file_path(path, false);
	file = OpenTransientFile(path, O_RDONLY | PG_BINARY);
	if (file < 0)
		return false;
	result = read_header(file, &header, &crc) &&
		read_body(file, image, &header, &crc);
	(void) CloseTransientFile(file);
	if (!result)
		elog(DEBUG1, "\"%s\" does not fit", path);
	return result;
}

static bool
write_part(int file, const void *buffer, Size size)
{
	const char *p = buffer;

	while (size > 0)
	{
		ssize_t		done;

		errno = 0;
		done = write(file, p, Min(size, 64 * 1024 * 1024));
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
		{
			if (errno == 0)
				errno = ENOSPC;
			return false;
		}
		p += done;
		size -= done;
	}
	return true;
}

static void
finish_header(FileHeader *header, const SlImage *image, const uint32 *counts)
{
	pg_crc32c	crc;
	int			i;

	INIT_CRC32C(crc);
	COMP_CRC32C(crc, header, offsetof(FileHeader, crc));
	COMP_CRC32C(crc, counts, sizeof(uint32) * sl_witness_count);
	COMP_CRC32C(crc, image->options_text, header->options_size);
	for (i = 0; i < sl_witness_count; i++)
		COMP_CRC32C(crc, image->witnesses[i].rows,
					sizeof(SlWitnessRow) * counts[i]);
	COMP_CRC32C(crc, image->entries.entries,
				sizeof(SlEntry) * header->entries);
	FIN_CRC32C(crc);
	header->crc = crc;
}

static bool
write_image(int file, const SlImage *image, const FileHeader *header,
			const uint32 *counts)
{
	int			i;

	if (!write_part(file, header, sizeof(*header)) ||
		!write_part(file, counts, sizeof(uint32) * sl_witness_count) ||
		!write_part(file, image->options_text, header->options_size))
		return false;
	for (i = 0; i < sl_witness_count; i++)
		if (!write_part(file, image->witnesses[i].rows,
						sizeof(SlWitnessRow) * counts[i]))
			return false;
	return write_part(file, image->entries.entries,
					  sizeof(SlEntry) * header->entries);
}

/*
 * Flush what the image may have seen.  The insert position behind the header
 * of a page that nothing was written to yet is more than can be flushed.
 */
static void
flush_to(XLogRecPtr position)
{
	if (XLogSegmentOffset(position, wal_segment_size) == SizeOfXLogLongPHD ||
		position % XLOG_BLCKSZ == SizeOfXLogShortPHD)
		position -= position % XLOG_BLCKSZ;
	XLogFlush(position);
}

/* Remove what was left by databases and processes that are no more. */
static void
remove_leftovers(void)
{
	DIR		   *dir = AllocateDir(PG_STAT_TMP_DIR);
	struct dirent *entry;

	if (dir == NULL)
		return;
	while ((entry = ReadDirExtended(dir, PG_STAT_TMP_DIR, DEBUG1)) != NULL)
	{
		char		path[MAXPGPATH * 2];
		char		rest;
		unsigned int database;
		int			pid;
		int			parts;
		bool		gone;

		parts = sscanf(entry->d_name, FILE_PREFIX "%u.%d.tm%c", &database,
					   &pid, &rest);
		if (parts == 3 && rest == 'p')
			gone = pid != MyProcPid && kill(pid, 0) != 0 && errno == ESRCH;
		else if (parts == 1)
			gone = database != MyDatabaseId &&
				!SearchSysCacheExists1(DATABASEOID,
									   ObjectIdGetDatum(database));
		else
			continue;
		if (!gone)
			continue;
		snprintf(path, sizeof(path), "%s/%s", PG_STAT_TMP_DIR, entry->d_name);
		(void) unlink(path);
	}
	FreeDir(dir);
}

/*
 * Write the image to the file.  Whoever asks for facts need not know if that
 * fails; it costs the next session some time.
 */
bool
sl_image_file_write(const SlImage *image)
{
	char		path[MAXPGPATH];
	char		temporary[MAXPGPATH];
	FileHeader	header;
	uint32	   *counts;
	XLogRecPtr	position;
	const char *action = "create";
	int			file;
	int			flags = O_WRONLY | O_CREAT | O_EXCL | PG_BINARY;
	int			i;

	if (failed_at != 0 &&
		!TimestampDifferenceExceeds(failed_at, GetCurrentTimestamp(),
									RETRY_AFTER))
		return false;
	memset(&header, 0, sizeof(header));
	if (!make_identity(&header.identity, &position))
		return false;
	if (!header.identity.recovery)
		flush_to(position);
	header.position = position;
	header.next_xid = U64FromFullTransactionId(image->next_xid);
	header.options_size = strlen(image->options_text) + 1;
	header.entries = image->entries.count;
	counts = palloc_array(uint32, sl_witness_count);
	for (i = 0; i < sl_witness_count; i++)
		counts[i] = image->witnesses[i].count;
	finish_header(&header, image, counts);

	file_path(path, false);
	file_path(temporary, true);
	file = OpenTransientFile(temporary, flags);
	if (file < 0 && errno == EEXIST)
	{
		/* of a process that had our pid */
		(void) unlink(temporary);
		file = OpenTransientFile(temporary, flags);
	}
	if (file >= 0)
	{
		bool		written = write_image(file, image, &header, counts);
		int			save = errno;

		action = "write";
		if (CloseTransientFile(file) != 0 && written)
		{
			save = errno;
			written = false;
		}
		if (written && rename(temporary, path) == 0)
		{
			failed_at = 0;
			pfree(counts);
			remove_leftovers();
			return true;
		}
		if (written)
			save = errno;
		(void) unlink(temporary);
		errno = save;
	}
	failed_at = GetCurrentTimestamp();
	pfree(counts);
	ereport(LOG,
			(errcode_for_file_access(),
			 errmsg("could not %s file \"%s\": %m", action, temporary)));
	return false;
}
