/*-------------------------------------------------------------------------
 *
 * scratch.c
 *	  Making a scratch database, and dropping it, whatever happens.
 *
 * A worker makes the database, waits while it is used, and drops it.  It is
 * there until the end, so that the database goes also when the session that
 * asked for it goes first.  What a crash leaves is known from sl_scratch, and
 * dropped at the next call.
 *
 * That a rehearsal is alive shows by a lock of a class that no SQL function
 * can name, held in share mode by the session and by the worker.  Who gets it
 * exclusively has found a left-over.  Its name has 128 random bits, and its
 * comment is a mark that is written down in sl_scratch: a database that does
 * not bear both is never dropped.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/rehearsal/scratch.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/indexing.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_database.h"
#include "catalog/pg_shdescription.h"
#include "catalog/pg_tablespace.h"
#include "commands/dbcommands.h"
#include "commands/tablespace.h"
#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "ledger/scratch.h"
#include "rehearsal/rehearsal_private.h"
#include "runner/call.h"
#include "runner/worker.h"

PGDLLEXPORT void sl_job_keep(Datum main_arg);

/* field4 of the lock tag, see runner/lock.c */
#define SL_LOCK_CLASS_SCRATCH 0x534d

#define RANDOM_BYTES 16

/* One use of a scratch database, from the side of the session. */
typedef struct Scratch
{
	const char *caller;
	MemoryContext context;		/* lives through the commits */
	SlScratchUser user;
	void	   *user_arg;
	SlScratchRow *own;			/* NULL: none is wanted */
	List	   *leftovers;		/* SlScratchRow; their locks are ours */
	ErrorData  *error;			/* of the user */
} Scratch;

/* May the current user make databases? */
bool
sl_rehearsal_is_permitted(void)
{
	HeapTuple	tuple = SearchSysCache1(AUTHOID,
										ObjectIdGetDatum(GetUserId()));
	Form_pg_authid role;
	bool		result;

	if (!HeapTupleIsValid(tuple))
		return false;
	role = (Form_pg_authid) GETSTRUCT(tuple);
	result = role->rolcreatedb || role->rolsuper;
	ReleaseSysCache(tuple);
	return result;
}

/*-------------------------------------------------------------------------
 * The lock
 *-------------------------------------------------------------------------
 */

static void
scratch_tag(const char *name, LOCKTAG *tag)
{
	uint64		hash = hash_bytes_extended((const unsigned char *) name,
										   (int) strlen(name), 0);

	SET_LOCKTAG_ADVISORY(*tag, MyDatabaseId, (uint32) (hash >> 32),
						 (uint32) hash, SL_LOCK_CLASS_SCRATCH);
}

static bool
scratch_lock_try(const char *name, LOCKMODE mode)
{
	LOCKTAG		tag;

	scratch_tag(name, &tag);
	return LockAcquire(&tag, mode, true, true) != LOCKACQUIRE_NOT_AVAIL;
}

static void
scratch_lock_release(const char *name, LOCKMODE mode)
{
	LOCKTAG		tag;

	scratch_tag(name, &tag);
	(void) LockRelease(&tag, mode, true);
}

/*-------------------------------------------------------------------------
 * What the catalog says of a database
 *-------------------------------------------------------------------------
 */

/* A text column of pg_database; NULL if it is. */
static char *
database_text(HeapTuple tuple, AttrNumber column)
{
	bool		isnull;
	Datum		value = SysCacheGetAttr(DATABASEOID, tuple, column, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

static HeapTuple
database_tuple(Oid database)
{
	HeapTuple	tuple = SearchSysCache1(DATABASEOID,
										ObjectIdGetDatum(database));

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for database %u", database);
	return tuple;
}

/* Its comment; NULL if it has none. */
static char *
database_comment(Oid database)
{
	Relation	rel = table_open(SharedDescriptionRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	char	   *comment = NULL;

	ScanKeyInit(&keys[0], Anum_pg_shdescription_objoid,
				BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(database));
	ScanKeyInit(&keys[1], Anum_pg_shdescription_classoid,
				BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(DatabaseRelationId));
	scan = systable_beginscan(rel, SharedDescriptionObjIndexId, true, NULL, 2,
							  keys);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		bool		isnull;
		Datum		value = heap_getattr(tuple,
										 Anum_pg_shdescription_description,
										 RelationGetDescr(rel), &isnull);

		if (!isnull)
			comment = TextDatumGetCString(value);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return comment;
}

/*-------------------------------------------------------------------------
 * The statements
 *-------------------------------------------------------------------------
 */

static void
add_literal(StringInfo buf, const char *option, const char *value)
{
	if (value != NULL)
		appendStringInfo(buf, " %s %s", option, quote_literal_cstr(value));
}

/*
 * As the current database was made.  Nobody else connects: the limit of
 * connections is for clients, and a worker is none.
 */
static char *
create_command(const char *name)
{
	HeapTuple	tuple = database_tuple(MyDatabaseId);
	Form_pg_database form = (Form_pg_database) GETSTRUCT(tuple);
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "CREATE DATABASE %s TEMPLATE template0",
					 quote_identifier(name));
	add_literal(&buf, "ENCODING", pg_encoding_to_char(form->encoding));
	add_literal(&buf, "LC_COLLATE",
				database_text(tuple, Anum_pg_database_datcollate));
	add_literal(&buf, "LC_CTYPE",
				database_text(tuple, Anum_pg_database_datctype));
	appendStringInfo(&buf, " LOCALE_PROVIDER %s",
					 sl_locale_provider_name(form->datlocprovider));
	if (form->datlocprovider != COLLPROVIDER_LIBC)
		add_literal(&buf, sl_locale_option(form->datlocprovider),
					database_text(tuple, SL_ANUM_DATABASE_LOCALE));
	if (SL_ANUM_DATABASE_ICU_RULES != 0)
		add_literal(&buf, "ICU_RULES",
					database_text(tuple, SL_ANUM_DATABASE_ICU_RULES));
	if (form->dattablespace != DEFAULTTABLESPACE_OID)
	{
		const char *tablespace = get_tablespace_name(form->dattablespace);

		appendStringInfo(&buf, " TABLESPACE %s",
						 quote_identifier(tablespace));
	}
	appendStringInfoString(&buf, " CONNECTION LIMIT 0");
	ReleaseSysCache(tuple);
	return buf.data;
}

static char *
make_name(void)
{
	StringInfoData buf;
	uint8		random[RANDOM_BYTES];
	int			i;

	if (!pg_strong_random(random, RANDOM_BYTES))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random values")));
	initStringInfo(&buf);
	appendStringInfo(&buf, "sl_rehearsal_%u_", MyDatabaseId);
	for (i = 0; i < RANDOM_BYTES; i++)
		appendStringInfo(&buf, "%02x", random[i]);
	Assert(buf.len < NAMEDATALEN);
	return buf.data;
}

static char *
make_mark(void)
{
	return psprintf("schema_lifecycle: scratch database of a rehearsal for database \"%s\" (%u in system " UINT64_FORMAT "), by process %d since %s; the next CALL sl_rehearse() there drops it if that has not",
					get_database_name(MyDatabaseId), MyDatabaseId,
					GetSystemIdentifier(), MyProcPid,
					timestamptz_to_str(GetCurrentTimestamp()));
}

/*-------------------------------------------------------------------------
 * The worker that keeps it
 *-------------------------------------------------------------------------
 */

/* What it is given: texts with a NUL behind each. */
typedef struct KeepInput
{
	const char *name;			/* empty: only drop what is left over */
	const char *create;
	const char *comment;
	const char *leftovers;		/* names, an empty one at the end */
} KeepInput;

static void
append_text(StringInfo buf, const char *text)
{
	appendBinaryStringInfo(buf, text, (int) strlen(text) + 1);
}

static const char *
next_text(const char *text)
{
	return text + strlen(text) + 1;
}

static void
run_command(const char *text)
{
	List	   *trees = pg_parse_query(text);

	sl_run_top_level(linitial_node(RawStmt, trees), text);
}

/* What cannot be dropped now is left to the next call. */
static void
drop_database(MemoryContext context, const char *name)
{
	MemoryContextReset(context);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		run_command(psprintf("DROP DATABASE IF EXISTS %s WITH (FORCE)",
							 quote_identifier(name)));
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		AbortOutOfAnyTransaction();
		MemoryContextSwitchTo(context);
		ereport(WARNING,
				(errmsg("scratch database \"%s\" could not be dropped: %s",
						name, error->message),
				 error->detail != NULL ? errdetail("%s", error->detail) : 0,
				 errhint("The next CALL sl_rehearse() tries again.")));
	}
	PG_END_TRY();
}

static void
do_keep(const SlWorkerSelf *self)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext,
												  "schema_lifecycle keeper",
												  ALLOCSET_DEFAULT_SIZES);
	KeepInput	input;
	const char *leftover;
	const char	ready = 'r';
	Size		length;

	input.name = self->input;
	input.create = next_text(input.name);
	input.comment = next_text(input.create);
	input.leftovers = next_text(input.comment);

	/* notices about IF EXISTS and about forms of locales are for nobody */
	SetConfigOption("client_min_messages", "warning", PGC_USERSET,
					PGC_S_SESSION);
	SetConfigOption("statement_timeout", "0", PGC_USERSET, PGC_S_SESSION);
	SetConfigOption("lock_timeout", "0", PGC_USERSET, PGC_S_SESSION);
	for (leftover = input.leftovers; *leftover != '\0';
		 leftover = next_text(leftover))
		drop_database(context, leftover);
	if (*input.name == '\0')
		return;

	/* share mode is never refused but to one who looks for left-overs */
	if (!scratch_lock_try(input.name, ShareLock))
		ereport(ERROR,
				(errcode(SL_ERR_LOCK_BUSY),
				 errmsg("the lock of scratch database \"%s\" is taken",
						input.name),
				 errhint("Call again.")));

	/* who wants it to end cancels the session: it would be left over */
	pqsignal(SIGINT, SIG_IGN);
	MemoryContextSwitchTo(context);
	run_command(input.create);
	MemoryContextSwitchTo(context);
	run_command(input.comment);
	sl_worker_tell(&ready, 1);

	/* no answer: the session is gone */
	(void) sl_worker_hear(&length);
	drop_database(context, input.name);
}

void
sl_job_keep(Datum main_arg)
{
	sl_worker_main(main_arg, do_keep);
}

/*-------------------------------------------------------------------------
 * The session
 *-------------------------------------------------------------------------
 */

/*
 * Is this database one that a rehearsal left, which the current user may
 * drop?  *forget: the row is of no use any more.
 */
static bool
is_leftover(const SlScratchRow *row, bool *forget)
{
	Oid			database = get_database_oid(row->name, true);
	HeapTuple	tuple;
	Form_pg_database form;
	char	   *comment;
	Oid			owner;
	int			limit;

	*forget = !OidIsValid(database);
	if (*forget)
		return false;
	tuple = database_tuple(database);
	form = (Form_pg_database) GETSTRUCT(tuple);
	owner = form->datdba;
	limit = form->datconnlimit;
	ReleaseSysCache(tuple);

	/*
	 * A crash may have come before the comment; the limit is what it was made
	 * with, or what a DROP that did not come to its end has left.
	 */
	comment = database_comment(database);
	if (comment != NULL ? strcmp(comment, row->mark) != 0 :
		limit != 0 && limit != -2)
	{
		ereport(WARNING,
				(errmsg("database \"%s\" does not bear the mark of its rehearsal any more, and is left alone",
						row->name)));
		*forget = true;
		return false;
	}
	if (!has_privs_of_role(GetUserId(), owner))
	{
		ereport(NOTICE,
				(errmsg("a crash has left scratch database \"%s\", which belongs to \"%s\"",
						row->name, GetUserNameFromId(owner, true)),
				 errhint("It is dropped when that role, or a superuser, calls sl_rehearse().")));
		return false;
	}
	return true;
}

/* What crashed rehearsals have left; the locks of what is found are taken. */
static void
find_leftovers(void *arg)
{
	Scratch    *scratch = arg;
	ListCell   *cell;

	foreach(cell, sl_scratch_read())
	{
		SlScratchRow *row = lfirst(cell);
		bool		forget = false;

		if (!row->own)
		{
			sl_scratch_remove(row->name);
			continue;
		}
		/* else it is alive */
		if (!scratch_lock_try(row->name, ExclusiveLock))
			continue;
		if (is_leftover(row, &forget))
		{
			MemoryContext before = MemoryContextSwitchTo(scratch->context);
			SlScratchRow *copy = palloc_object(SlScratchRow);

			copy->name = pstrdup(row->name);
			copy->mark = NULL;
			scratch->leftovers = lappend(scratch->leftovers, copy);
			MemoryContextSwitchTo(before);
			continue;
		}
		if (forget)
			sl_scratch_remove(row->name);
		scratch_lock_release(row->name, ExclusiveLock);
	}
}

static void
write_down(void *arg)
{
	Scratch    *scratch = arg;

	sl_scratch_add(scratch->own->name, scratch->own->mark);
}

/* The rows of what is gone go, too. */
static void
cross_out(void *arg)
{
	Scratch    *scratch = arg;
	ListCell   *cell;

	foreach(cell, scratch->leftovers)
	{
		SlScratchRow *row = lfirst(cell);

		if (!OidIsValid(get_database_oid(row->name, true)))
			sl_scratch_remove(row->name);
	}
	if (scratch->own != NULL &&
		!OidIsValid(get_database_oid(scratch->own->name, true)))
		sl_scratch_remove(scratch->own->name);
}

static void
release_locks(Scratch *scratch)
{
	ListCell   *cell;

	foreach(cell, scratch->leftovers)
		scratch_lock_release(((SlScratchRow *) lfirst(cell))->name,
							 ExclusiveLock);
	if (scratch->own != NULL)
		scratch_lock_release(scratch->own->name, ShareLock);
	scratch->leftovers = NIL;
	scratch->own = NULL;
}

/* Do it, and raise what it raised: the state of the procedure is sound. */
static void
try_piece(Scratch *scratch, void (*piece) (void *arg))
{
	ErrorData  *error = sl_try_piece(piece, scratch, scratch->context);

	if (error != NULL)
		ReThrowError(error);
}

/* The database is there: have it used, and tell the keeper. */
static void
on_ready(SlWorker *worker, StringInfo message, void *arg)
{
	Scratch    *scratch = arg;
	Oid			database;

	PG_TRY();
	{
		database = get_database_oid(scratch->own->name, false);
		scratch->user(database, scratch->user_arg);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(scratch->context);
		scratch->error = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();
	if (scratch->error != NULL)
		sl_call_rollback();
	sl_worker_answer(worker, "", 1);
}

/* The worker that drops what is left over, and makes what is wanted. */
static void
keep(Scratch *scratch)
{
	SlWorkerTask task = {0};
	StringInfoData input;
	ListCell   *cell;

	initStringInfo(&input);
	append_text(&input, scratch->own != NULL ? scratch->own->name : "");
	append_text(&input, scratch->own != NULL ?
				create_command(scratch->own->name) : "");
	append_text(&input, scratch->own != NULL ?
				psprintf("COMMENT ON DATABASE %s IS %s",
						 quote_identifier(scratch->own->name),
						 quote_literal_cstr(scratch->own->mark)) : "");
	foreach(cell, scratch->leftovers)
		append_text(&input, ((SlScratchRow *) lfirst(cell))->name);
	append_text(&input, "");

	task.job = "sl_job_keep";
	task.subject = "a scratch database";
	task.caller = scratch->caller;
	task.login = sl_worker_login_for_nobody(scratch->caller);
	task.lingers = true;
	task.input = input.data;
	task.input_size = input.len;
	task.receive = on_ready;
	task.receive_arg = scratch;
	sl_worker_run(&task);
}

/*
 * Drop what crashed rehearsals have left, and, if one is wanted, make a
 * scratch database, have it used, and drop it.  Raises what its user raised,
 * once it is dropped.  For a non-atomic procedure; commits.
 */
void
sl_scratch_with(SlScratchUser user, void *arg, const char *caller,
				bool wanted)
{
	Scratch    *scratch = palloc0_object(Scratch);

	scratch->caller = caller;
	scratch->context = CurrentMemoryContext;
	scratch->user = user;
	scratch->user_arg = arg;
	PG_TRY();
	{
		try_piece(scratch, find_leftovers);
		if (wanted)
		{
			SlScratchRow *own = palloc_object(SlScratchRow);

			own->name = make_name();
			own->mark = make_mark();
			if (!scratch_lock_try(own->name, ShareLock))
				elog(ERROR, "the lock of \"%s\" is taken", own->name);
			scratch->own = own;
			try_piece(scratch, write_down);
		}
		if (wanted || scratch->leftovers != NIL)
			keep(scratch);
		try_piece(scratch, cross_out);
		sl_call_commit();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(scratch->context);
		error = CopyErrorData();
		FlushErrorState();
		sl_call_rollback();

		/* a second error says nothing new; what stays is dropped next time */
		(void) sl_try_piece(cross_out, scratch, scratch->context);
		release_locks(scratch);
		sl_call_commit();
		ReThrowError(error);
	}
	PG_END_TRY();
	release_locks(scratch);
	if (scratch->error != NULL)
		ReThrowError(scratch->error);
}
