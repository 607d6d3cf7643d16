/*-------------------------------------------------------------------------
 *
 * extension.c
 *	  Where the extension lives, and acting as its owner.
 *
 * Nothing is cached: the extension may be dropped, created again elsewhere,
 * or its creation rolled back, at any time, and one indexed look-up costs a
 * few microseconds.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/common/extension.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_extension.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"

#include "common/extension.h"
#include "common/sl_compat.h"

PG_FUNCTION_INFO_V1(sl_version);

/*
 * Find the extension in this database.  Returns false if it is not there.
 * *version, if wanted, is the installed version, palloc'd.
 */
static bool
find_extension(const char *name, SlExtension *extension, char **version)
{
	Relation	rel;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	rel = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber,
				F_NAMEEQ, CStringGetDatum(name));
	scan = systable_beginscan(rel, ExtensionNameIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		Form_pg_extension form = (Form_pg_extension) GETSTRUCT(tuple);

		extension->oid = form->oid;
		extension->schema = form->extnamespace;
		extension->owner = form->extowner;
		if (version != NULL)
		{
			bool		isnull;
			Datum		datum = heap_getattr(tuple,
											 Anum_pg_extension_extversion,
											 RelationGetDescr(rel), &isnull);

			*version = isnull ? pstrdup("") : TextDatumGetCString(datum);
		}
		found = true;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);

	return found;
}

/* Is the extension installed in this database, and where? */
bool
sl_extension_find(SlExtension *extension)
{
	return find_extension(SL_EXTENSION_NAME, extension, NULL);
}

/* The same of any other extension. */
bool
sl_extension_find_other(const char *name, SlExtension *extension)
{
	return find_extension(name, extension, NULL);
}

/* Is it installed, and at the version that this library is for? */
bool
sl_extension_is_current(SlExtension *extension)
{
	char	   *version;

	return find_extension(SL_EXTENSION_NAME, extension, &version) &&
		strcmp(version, SL_EXTENSION_VERSION) == 0;
}

/*
 * The first, or an error: also if the catalog holds another version than this
 * library was built for, because the tables may then differ.
 */
void
sl_extension_get(SlExtension *extension)
{
	char	   *version;

	if (!find_extension(SL_EXTENSION_NAME, extension, &version))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("extension \"%s\" is not installed in this database",
						SL_EXTENSION_NAME),
				 errhint("CREATE EXTENSION %s;", SL_EXTENSION_NAME)));
	if (strcmp(version, SL_EXTENSION_VERSION) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("extension \"%s\" is at version %s, its library at %s",
						SL_EXTENSION_NAME, version, SL_EXTENSION_VERSION),
				 errhint("ALTER EXTENSION %s UPDATE; or, after an update of the library, start a new session.",
						 SL_EXTENSION_NAME)));
	pfree(version);
}

/*
 * Act as the extension's owner until sl_become_again.  The local-user-id flag
 * keeps SET ROLE and SET SESSION AUTHORIZATION out; the restricted flag is
 * not wanted, since own tables have nobody else's code on them.  An error in
 * between is undone by the abort of the (sub)transaction.
 */
void
sl_become_owner(const SlExtension *extension, SlIdentity *before)
{
	GetUserIdAndSecContext(&before->userid, &before->sec_context);
	SetUserIdAndSecContext(extension->owner,
						   before->sec_context | SECURITY_LOCAL_USERID_CHANGE);
}

/* Back to who was acting before. */
void
sl_become_again(const SlIdentity *before)
{
	SetUserIdAndSecContext(before->userid, before->sec_context);
}

/*
 * Refuse to write where nothing may be written, or where the current user is
 * not the one who asks: a definer function would lend its owner's name, as
 * the registrar, to a text that anybody may have passed to it.
 */
void
sl_require_writer(const char *function)
{
	if (RecoveryInProgress())
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("cannot execute %s() on a standby", function),
				 errhint("Connect to the primary.")));
	if (XactReadOnly)
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("cannot execute %s() in a read-only transaction",
						function)));
	if (InLocalUserIdChange() || InSecurityRestrictedOperation())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot execute %s() in a SECURITY DEFINER function or a security-restricted operation",
						function),
				 errhint("Call it directly, as the role that is to run the migrations.")));
}

/* sl_version(): of the library, and of what is installed. */
Datum
sl_version(PG_FUNCTION_ARGS)
{
	TupleDesc	tupdesc;
	HeapTuple	tuple;
	Datum		values[2];
	bool		nulls[2] = {false, false};
	SlExtension extension;
	char	   *version;

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = CStringGetTextDatum(SL_EXTENSION_VERSION);
	if (find_extension(SL_EXTENSION_NAME, &extension, &version))
		values[1] = CStringGetTextDatum(version);
	else
		nulls[1] = true;
	tuple = heap_form_tuple(tupdesc, values, nulls);
	PG_RETURN_DATUM(HeapTupleGetDatum(tuple));
}
