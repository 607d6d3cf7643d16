/*-------------------------------------------------------------------------
 *
 * attributes.c
 *	  Attributes that many classes have: comments, owners, privileges.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/attributes.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_description.h"
#include "catalog/pg_type.h"
#include "commands/comment.h"
#include "commands/tablespace.h"
#include "fmgr.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "catalog/catalog_private.h"

/* what the server itself writes into the options of columns */
#define SERVER_MARK "pg_attver="

typedef struct CommentEntry
{
	struct
	{
		Oid			object;
		Oid			catalog;
		int32		sub;
	}			key;
	const char *text;
} CommentEntry;

/* Read all comments; there are few, and there is no cache of them. */
static void
read_comments(SlScan *scan)
{
	HASHCTL		ctl;
	Relation	catalog;
	SysScanDesc rows;
	HeapTuple	tuple;
	MemoryContext before = MemoryContextSwitchTo(scan->cxt);

	ctl.keysize = sizeof(((CommentEntry *) 0)->key);
	ctl.entrysize = sizeof(CommentEntry);
	ctl.hcxt = scan->cxt;
	scan->comments = hash_create("comments", 256, &ctl,
								 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	catalog = table_open(DescriptionRelationId, AccessShareLock);
	rows = systable_beginscan(catalog, InvalidOid, false, scan->snapshot, 0,
							  NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(rows)))
	{
		Form_pg_description form = (Form_pg_description) GETSTRUCT(tuple);
		CommentEntry *entry;
		CommentEntry wanted;
		Datum		datum;
		bool		isnull;

		datum = heap_getattr(tuple, Anum_pg_description_description,
							RelationGetDescr(catalog), &isnull);
		wanted.key.object = form->objoid;
		wanted.key.catalog = form->classoid;
		wanted.key.sub = form->objsubid;
		entry = hash_search(scan->comments, &wanted.key, HASH_ENTER, NULL);
		entry->text = isnull ? NULL : TextDatumGetCString(datum);
	}
	systable_endscan(rows);
	table_close(catalog, AccessShareLock);
	MemoryContextSwitchTo(before);
}

/* A comment, as the attribute of that name. */
void
sl_put_comment_as(SlScan *scan, const char *name, Oid catalog, Oid object,
				  int sub)
{
	CommentEntry wanted;
	CommentEntry *entry;

	if (!scan->full)
	{
		sl_put(scan, name, GetComment(object, catalog, sub));
		return;
	}
	if (scan->comments == NULL)
		read_comments(scan);
	wanted.key.object = object;
	wanted.key.catalog = catalog;
	wanted.key.sub = sub;
	entry = hash_search(scan->comments, &wanted.key, HASH_FIND, NULL);
	if (entry != NULL)
		sl_put(scan, name, entry->text);
}

void
sl_put_comment(SlScan *scan, Oid catalog, Oid object, int sub)
{
	sl_put_comment_as(scan, "comment", catalog, object, sub);
}

void
sl_put_owner(SlScan *scan, Oid owner)
{
	if (scan->options->owners)
		sl_put(scan, "owner", sl_role_name(owner));
}

static const struct
{
	AclMode		mode;
	const char *name;
}			privilege_names[] = {
	{ACL_INSERT, "insert"},
	{ACL_SELECT, "select"},
	{ACL_UPDATE, "update"},
	{ACL_DELETE, "delete"},
	{ACL_TRUNCATE, "truncate"},
	{ACL_REFERENCES, "references"},
	{ACL_TRIGGER, "trigger"},
	{ACL_EXECUTE, "execute"},
	{ACL_USAGE, "usage"},
	{ACL_CREATE, "create"},
	{ACL_CONNECT, "connect"},
	{ACL_CREATE_TEMP, "temporary"},
	{ACL_SET, "set"},
	{ACL_ALTER_SYSTEM, "alter system"},
#ifdef ACL_MAINTAIN
	{ACL_MAINTAIN, "maintain"},
#endif
};

/* One text for each privilege of an ACL: "bob: select with grant option" */
static List *
acl_texts(Acl *acl)
{
	AclItem    *items = ACL_DAT(acl);
	List	   *texts = NIL;
	int			i;
	int			j;

	for (i = 0; i < ACL_NUM(acl); i++)
	{
		AclMode		granted = ACLITEM_GET_PRIVS(items[i]);
		AclMode		options = ACLITEM_GET_GOPTIONS(items[i]);
		char	   *grantee = sl_role_name(items[i].ai_grantee);

		for (j = 0; j < (int) lengthof(privilege_names); j++)
			if (granted & privilege_names[j].mode)
				texts = lappend(texts,
								psprintf("%s: %s%s by %s", grantee,
										 privilege_names[j].name,
										 options & privilege_names[j].mode ?
										 " with grant option" : "",
										 sl_role_name(items[i].ai_grantor)));
	}
	return texts;
}

/*
 * Privileges, those that come with the object included: NULL in the catalog
 * and the same privileges written out are one thing.
 */
void
sl_put_acl(SlScan *scan, ObjectType type, Oid owner, Datum acl, bool isnull)
{
	if (!scan->options->privileges)
		return;
	if (isnull)
	{
		if (type == OBJECT_COLUMN)
			return;
		sl_put_sorted(scan, "privileges", acl_texts(acldefault(type, owner)));
		return;
	}
	sl_put_sorted(scan, "privileges", acl_texts(DatumGetAclPCopy(acl)));
}

/* Those of a default: as they are. */
void
sl_put_acl_items(SlScan *scan, Datum acl)
{
	sl_put_sorted(scan, "privileges", acl_texts(DatumGetAclPCopy(acl)));
}

/* A tablespace that is not the database's. */
void
sl_put_tablespace(SlScan *scan, const char *name, Oid tablespace)
{
	char	   *text;

	if (!OidIsValid(tablespace))
		return;
	text = get_tablespace_name(tablespace);
	if (text == NULL)
		sl_vanished();
	sl_put(scan, name, quote_identifier(text));
}

/*
 * The options of a column or of an operator class.  Late minor releases keep
 * a mark of their own among them, with the WAL position at which the column
 * was made: that is nobody's schema.
 */
List *
sl_column_options(Datum array, bool isnull)
{
	Datum	   *elements;
	List	   *options = NIL;
	int			count;
	int			i;

	if (isnull)
		return NIL;
	deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false,
					  TYPALIGN_INT, &elements, NULL, &count);
	for (i = 0; i < count; i++)
	{
		char	   *option = TextDatumGetCString(elements[i]);

		if (strncmp(option, SERVER_MARK, strlen(SERVER_MARK)) != 0)
			options = lappend(options, option);
	}
	return options;
}

/* Does a row of pg_attribute have any? */
bool
sl_has_column_options(HeapTuple tuple, TupleDesc desc)
{
	bool		isnull;
	Datum		array = heap_getattr(tuple, Anum_pg_attribute_attoptions,
									 desc, &isnull);

	return sl_column_options(array, isnull) != NIL;
}

/*
 * Call a built-in function that makes a text.  NULL stays NULL.
 */
char *
sl_call_text(Oid function, int nargs, Datum arg1, Datum arg2, Datum arg3)
{
	LOCAL_FCINFO(fcinfo, 3);
	FmgrInfo	flinfo;
	Datum		result;

	fmgr_info(function, &flinfo);
	InitFunctionCallInfoData(*fcinfo, &flinfo, nargs, InvalidOid, NULL, NULL);
	fcinfo->args[0].value = arg1;
	fcinfo->args[0].isnull = false;
	fcinfo->args[1].value = arg2;
	fcinfo->args[1].isnull = false;
	fcinfo->args[2].value = arg3;
	fcinfo->args[2].isnull = false;
	result = FunctionCallInvoke(fcinfo);
	return fcinfo->isnull ? NULL : sl_settle_text(TextDatumGetCString(result));
}
