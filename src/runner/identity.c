/*-------------------------------------------------------------------------
 *
 * identity.c
 *	  As whom a script runs.
 *
 * A script runs as the caller.  But a role that the caller may become, and
 * above all the role that logged in, must not be within reach of a text that
 * somebody with fewer rights wrote down: "RESET ROLE" in the script of a
 * developer, run by an administrator who had said SET ROLE, would otherwise
 * make the developer an administrator; and so would RESET SESSION
 * AUTHORIZATION where he had said SET SESSION AUTHORIZATION.  So the rights
 * of the registrar decide, by OID, at the time of the run.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/runner/identity.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_authid.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/syscache.h"

#include "common/settings.h"
#include "runner/runner.h"

static void
refuse_registrar(const char *revision, const char *registrar_name,
				 const char *why, Oid missing)
{
	ereport(ERROR,
			(errcode(SL_ERR_REGISTRAR),
			 errmsg("revision \"%s\" was registered by \"%s\", whose scripts \"%s\" may not run",
					revision, registrar_name,
					GetUserNameFromId(GetUserId(), false)),
			 OidIsValid(missing) ?
			 errdetail("\"%s\" does not have the privileges of \"%s\".",
					   registrar_name, GetUserNameFromId(missing, false)) :
			 errdetail("%s", why),
			 errhint("Register the script again as a role that has them, or let a superuser name \"%s\" in schema_lifecycle.trusted_registrars.",
					 registrar_name)));
}

/*
 * Decide how a script of this registrar runs in this session, or raise SL011.
 * 'registrar' is InvalidOid when the role is gone.
 */
SlConfinement
sl_confinement(const char *revision, Oid registrar,
			   const char *registrar_name)
{
	Oid			caller = GetUserId();

	if (!OidIsValid(registrar))
		refuse_registrar(revision, registrar_name,
						 _("That role no longer exists."), InvalidOid);
	if (sl_is_trusted_registrar(GetUserNameFromId(registrar, false)))
		return SL_UNCONFINED;
	if (!has_privs_of_role(registrar, caller))
		refuse_registrar(revision, registrar_name, NULL, caller);
	if (!has_privs_of_role(registrar, GetSessionUserId()) ||
		!has_privs_of_role(registrar, GetAuthenticatedUserId()))
		return SL_CONFINED;
	return SL_UNCONFINED;
}

/* The same as a question: may the current user run the scripts of this one? */
bool
sl_may_run_scripts_of(Oid registrar)
{
	return OidIsValid(registrar) &&
		(has_privs_of_role(registrar, GetUserId()) ||
		 sl_is_trusted_registrar(GetUserNameFromId(registrar, false)));
}

/* Enter the confinement; sl_unconfine or an abort ends it. */
void
sl_confine(SlConfinement confinement, SlIdentity *before)
{
	GetUserIdAndSecContext(&before->userid, &before->sec_context);
	if (confinement == SL_CONFINED)
		SetUserIdAndSecContext(before->userid,
							   before->sec_context |
							   SECURITY_LOCAL_USERID_CHANGE);
}

/*
 * Leave it.  A script that changed the role (unconfined, it may) was put back
 * by the fence, which must be lowered first.
 */
void
sl_unconfine(const SlIdentity *before)
{
	SetUserIdAndSecContext(before->userid, before->sec_context);
}

/*
 * Write to somebody's table as its owner, with no way to become another and
 * nothing left for later: a trigger on it, a default or a check then runs as
 * who could have had it run anyway, whoever calls.  Left with sl_unconfine,
 * or by an abort.
 */
void
sl_act_for_table(Oid owner, SlIdentity *before)
{
	GetUserIdAndSecContext(&before->userid, &before->sec_context);
	SetUserIdAndSecContext(owner,
						   before->sec_context |
						   SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_RESTRICTED_OPERATION);
}

bool
sl_can_login(Oid role)
{
	HeapTuple	tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(role));
	bool		result;

	if (!HeapTupleIsValid(tuple))
		return false;
	result = ((Form_pg_authid) GETSTRUCT(tuple))->rolcanlogin;
	ReleaseSysCache(tuple);
	return result;
}

/*
 * As whom a worker has to connect to run a script as the current user, or
 * raise SL011 or 42501.  It connects as that user where it can; a role that
 * cannot log in is reached from the session's user by SET ROLE, and then the
 * session's user is within reach of the script: confinement is no way out,
 * since statements that commit inside cannot run confined.
 */
Oid
sl_worker_login(const char *revision, Oid registrar,
				const char *registrar_name)
{
	Oid			caller = GetUserId();
	Oid			session = GetSessionUserId();

	if (sl_can_login(caller))
	{
		/* nobody but the caller is within reach */
		if (!OidIsValid(registrar))
			refuse_registrar(revision, registrar_name,
							 _("That role no longer exists."), InvalidOid);
		if (!sl_is_trusted_registrar(GetUserNameFromId(registrar, false)) &&
			!has_privs_of_role(registrar, caller))
			refuse_registrar(revision, registrar_name, NULL, caller);
		return caller;
	}
	(void) sl_confinement(revision, registrar, registrar_name);
	if (!sl_is_trusted_registrar(GetUserNameFromId(registrar, false)) &&
		!has_privs_of_role(registrar, session))
		refuse_registrar(revision, registrar_name, NULL, session);
	if (!sl_can_login(session))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("revision \"%s\" has to run in a background worker, but \"%s\" cannot log in",
						revision, GetUserNameFromId(caller, false)),
				 errhint("ALTER ROLE ... LOGIN, or call it in a session of a role that can log in and may SET ROLE.")));
	return session;
}

/*
 * As whom a worker connects to become the current user where nobody's text
 * runs, or where each text is looked at by itself.
 */
Oid
sl_worker_login_for_nobody(const char *function)
{
	if (sl_can_login(GetUserId()))
		return GetUserId();
	if (!sl_can_login(GetSessionUserId()))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("%s() needs a background worker, but \"%s\" cannot log in",
						function, GetUserNameFromId(GetUserId(), false)),
				 errhint("ALTER ROLE ... LOGIN, or call it in a session of a role that can log in and may SET ROLE.")));
	return GetSessionUserId();
}

/*
 * The same for statements of our own making.  Nobody's rights are asked for,
 * but the tables that they touch may have code of others on them: the role
 * that connects must be the caller, or one that the caller is anyway.
 */
Oid
sl_worker_login_for_own(const char *function)
{
	Oid			caller = GetUserId();
	Oid			session = GetSessionUserId();

	if (sl_can_login(caller))
		return caller;
	if (!sl_can_login(session) || !has_privs_of_role(caller, session))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("%s() needs a background worker, but \"%s\" cannot log in",
						function, GetUserNameFromId(caller, false)),
				 errhint("ALTER ROLE ... LOGIN, or call it as a role that can log in.")));
	return session;
}
