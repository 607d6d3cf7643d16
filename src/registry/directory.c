/*-------------------------------------------------------------------------
 *
 * directory.c
 *	  sl_load_directory: the files of a push, read on the server.
 *
 * Reads with the server's rights, so the caller needs pg_read_server_files,
 * and nothing leads out of the directory: symbolic links are refused, as is
 * "..".  Bytes are checked before they become text; the files are UTF-8.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/registry/directory.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog/pg_authid.h"
#include "common/string.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "port.h"
#include "storage/fd.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "common/extension.h"
#include "common/sl_errors.h"
#include "registry/loader.h"

PG_FUNCTION_INFO_V1(sl_load_directory);

/* what formats look at; other files are not opened */
static const char *const suffixes[] = {".sql", ".sql.conf", ".toml", ".py"};

static bool
is_wanted(const char *name)
{
	int			i;

	for (i = 0; i < (int) lengthof(suffixes); i++)
	{
		if (sl_has_suffix(name, suffixes[i]))
			return true;
	}
	return false;
}

/*
 * Refuse bytes that no text can hold, by file and offset, and convert the rest
 * to the encoding of the database.
 */
static char *
text_of_bytes(const char *bytes, int length, const char *path)
{
	int			encoding = GetDatabaseEncoding();
	int			from = encoding == PG_SQL_ASCII ? PG_SQL_ASCII : PG_UTF8;
	int			valid = pg_encoding_verifymbstr(from, bytes, length);
	ErrorContextCallback context;
	char	   *text;

	if (valid < length)
		ereport(ERROR,
				(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				 bytes[valid] == '\0' ?
				 errmsg("file \"%s\" has a NUL byte at offset %d",
						path, valid) :
				 errmsg("file \"%s\" is not UTF-8 at offset %d",
						path, valid),
				 errhint("Migration files are read as UTF-8, whatever the encoding of the database.")));
	if (from == encoding)
		return unconstify(char *, bytes);

	/* a byte order mark belongs to the encoding that is left behind */
	bytes += sl_skip_bom(bytes);
	context.callback = sl_file_context;
	context.arg = unconstify(char *, path);
	context.previous = error_context_stack;
	error_context_stack = &context;
	text = pg_any_to_server(bytes, strlen(bytes), from);
	error_context_stack = context.previous;
	return text;
}

/*
 * Read a file.  It is judged by its descriptor: a name may lead somewhere
 * else by the time that it is opened.
 */
static void
read_one(const char *path, SlFile *file)
{
	struct stat st;
	char	   *bytes;
	Size		got = 0;
	int			fd;

	fd = OpenTransientFile(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
						   PG_BINARY);
	if (fd < 0 && errno != ELOOP)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not open file \"%s\" for reading: %m", path)));
	if (fd < 0 || (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode)))
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("\"%s\" is not a regular file", path),
				 errdetail("Symbolic links and special files are not read.")));
	if (st.st_size >= (off_t) (MaxAllocSize - VARHDRSZ))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("file \"%s\" is too large", path),
				 errdetail("A script can have at most %zu bytes.",
						   (Size) (MaxAllocSize - VARHDRSZ - 1))));
	bytes = palloc((Size) st.st_size + 1);
	while (got < (Size) st.st_size)
	{
		ssize_t		n = read(fd, bytes + got, (Size) st.st_size - got);

		CHECK_FOR_INTERRUPTS();
		if (n < 0)
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not read file \"%s\": %m", path)));
		if (n == 0)
			break;
		got += n;
	}
	CloseTransientFile(fd);
	bytes[got] = '\0';
	file->body = text_of_bytes(bytes, (int) got, path);
	file->length = strlen(file->body);
}

/*
 * Collect the files of a directory and of those below it.  'prefix' is the
 * name of this directory relative to the first, with a slash at the end.
 */
static List *
collect(List *files, const char *path, const char *prefix)
{
	DIR		   *directory;
	struct dirent *entry;

	check_stack_depth();
	directory = AllocateDir(path);
	while ((entry = ReadDir(directory, path)) != NULL)
	{
		char	   *child;
		struct stat st;
		SlFile	   *file;

		CHECK_FOR_INTERRUPTS();

		/* hidden files, and the directory itself and its parent */
		if (entry->d_name[0] == '.')
			continue;
		child = psprintf("%s/%s", path, entry->d_name);
		if (lstat(child, &st) < 0)
		{
			/* gone since the directory was read */
			if (errno == ENOENT)
				continue;
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not stat file \"%s\": %m", child)));
		}
		if (S_ISDIR(st.st_mode))
		{
			files = collect(files, child,
							psprintf("%s%s/", prefix, entry->d_name));
			continue;
		}
		if (!is_wanted(entry->d_name))
			continue;
		file = palloc0(sizeof(SlFile));
		file->name = text_of_bytes(psprintf("%s%s", prefix, entry->d_name),
								   strlen(prefix) + strlen(entry->d_name),
								   child);
		read_one(child, file);
		files = lappend(files, file);
	}
	FreeDir(directory);
	return files;
}

static int
compare_files(const void *a, const void *b)
{
	return strcmp(((const SlFile *) a)->name, ((const SlFile *) b)->name);
}

/* Is ".." one of the path's members?  Before that is resolved. */
static bool
leads_up(const char *path)
{
	const char *at = path;

	while ((at = strstr(at, "..")) != NULL)
	{
		if ((at == path || at[-1] == '/') &&
			(at[2] == '/' || at[2] == '\0'))
			return true;
		at++;
	}
	return false;
}

/* The path as given, if it leads where it says. */
static char *
checked_path(const char *given)
{
	char	   *path = pstrdup(given);
	struct stat st;

	if (!is_absolute_path(path))
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("path \"%s\" is not absolute", given)));
	if (leads_up(path))
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("path \"%s\" contains \"..\"", given)));
	canonicalize_path(path);
	if (lstat(path, &st) < 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not stat directory \"%s\": %m", path)));
	if (!S_ISDIR(st.st_mode))
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("\"%s\" is not a directory", path),
				 S_ISLNK(st.st_mode) ?
				 errdetail("Symbolic links are not followed.") : 0));
	return path;
}

/* sl_load_directory(path, format, options) */
Datum
sl_load_directory(PG_FUNCTION_ARGS)
{
	List	   *found;
	SlFile	   *files;
	int			count = 0;
	ListCell   *cell;

	sl_require_writer("sl_load_directory");
	if (!has_privs_of_role(GetUserId(), ROLE_PG_READ_SERVER_FILES))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to read files of the server"),
				 errdetail("Only roles with privileges of pg_read_server_files may do so."),
				 errhint("Push the files with sl_load() or slctl push.")));
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("path must not be NULL")));

	found = collect(NIL,
					checked_path(text_to_cstring(PG_GETARG_TEXT_PP(0))), "");

	/* a directory has no order of its own */
	files = palloc(sizeof(SlFile) * (list_length(found) + 1));
	foreach(cell, found)
		files[count++] = *(SlFile *) lfirst(cell);
	qsort(files, count, sizeof(SlFile), compare_files);
	sl_load_files(fcinfo, count, files,
				  PG_ARGISNULL(1) ? "auto" :
				  text_to_cstring(PG_GETARG_TEXT_PP(1)),
				  PG_ARGISNULL(2) ? NULL : PG_GETARG_JSONB_P(2));
	return (Datum) 0;
}
