/*-------------------------------------------------------------------------
 *
 * foreign.c
 *	  Foreign data wrappers, servers and user mappings.
 *
 * A user mapping's options hold passwords, and whoever may read facts may not
 * therefore read those: only the names of its options are facts.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/catalog/foreign.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_foreign_data_wrapper.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_type.h"
#include "catalog/pg_user_mapping.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

#include "catalog/catalog_private.h"

/* A row of pg_foreign_data_wrapper. */
void
sl_row_fdw(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_foreign_data_wrapper form =
		(Form_pg_foreign_data_wrapper) GETSTRUCT(tuple);
	Datum		datum;
	bool		isnull;

	if (!sl_is_users(scan, ForeignDataWrapperRelationId, form->oid))
		return;
	if (!sl_fact_begin(scan, "foreign data wrapper",
					   pstrdup(quote_identifier(NameStr(form->fdwname)))))
		return;
	sl_put(scan, "handler", sl_function_name(scan, form->fdwhandler));
	sl_put(scan, "validator", sl_function_name(scan, form->fdwvalidator));
	datum = SL_GET(Anum_pg_foreign_data_wrapper_fdwoptions);
	sl_put_array(scan, "options", datum, isnull);
	sl_put_comment(scan, ForeignDataWrapperRelationId, form->oid, 0);
	sl_put_owner(scan, form->fdwowner);
	datum = SL_GET(Anum_pg_foreign_data_wrapper_fdwacl);
	sl_put_acl(scan, OBJECT_FDW, form->fdwowner, datum, isnull);
	sl_fact_end(scan);
}

/* A row of pg_foreign_server. */
void
sl_row_server(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_foreign_server form = (Form_pg_foreign_server) GETSTRUCT(tuple);
	Datum		datum;
	bool		isnull;

	if (!sl_is_users(scan, ForeignServerRelationId, form->oid))
		return;
	if (!sl_fact_begin(scan, "server",
					   pstrdup(quote_identifier(NameStr(form->srvname)))))
		return;
	sl_put(scan, "wrapper",
		   sl_catalog_name(FOREIGNDATAWRAPPEROID, form->srvfdw,
						   Anum_pg_foreign_data_wrapper_fdwname));
	datum = SL_GET(Anum_pg_foreign_server_srvtype);
	if (!isnull)
		sl_put(scan, "type", TextDatumGetCString(datum));
	datum = SL_GET(Anum_pg_foreign_server_srvversion);
	if (!isnull)
		sl_put(scan, "version", TextDatumGetCString(datum));
	datum = SL_GET(Anum_pg_foreign_server_srvoptions);
	sl_put_array(scan, "options", datum, isnull);
	sl_put_comment(scan, ForeignServerRelationId, form->oid, 0);
	sl_put_owner(scan, form->srvowner);
	datum = SL_GET(Anum_pg_foreign_server_srvacl);
	sl_put_acl(scan, OBJECT_FOREIGN_SERVER, form->srvowner, datum, isnull);
	sl_fact_end(scan);
}

/* A row of pg_user_mapping. */
void
sl_row_user_mapping(SlScan *scan, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_user_mapping form = (Form_pg_user_mapping) GETSTRUCT(tuple);
	char	   *server;
	List	   *names = NIL;
	Datum		datum;
	Datum	   *elements;
	bool		isnull;
	int			count = 0;
	int			i;

	if (!sl_is_users(scan, UserMappingRelationId, form->oid))
		return;
	server = sl_catalog_name(FOREIGNSERVEROID, form->umserver,
							 Anum_pg_foreign_server_srvname);
	if (!sl_fact_begin(scan, "user mapping",
					   psprintf("%s SERVER %s", sl_role_name(form->umuser),
								server)))
		return;
	datum = SL_GET(Anum_pg_user_mapping_umoptions);
	if (!isnull)
		deconstruct_array(DatumGetArrayTypeP(datum), TEXTOID, -1, false,
						  TYPALIGN_INT, &elements, NULL, &count);
	for (i = 0; i < count; i++)
	{
		char	   *name = TextDatumGetCString(elements[i]);
		char	   *equals = strchr(name, '=');

		if (equals != NULL)
			*equals = '\0';
		names = lappend(names, name);
	}
	sl_put_sorted(scan, "options", names);
	sl_fact_end(scan);
}
