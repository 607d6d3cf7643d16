/*-------------------------------------------------------------------------
 *
 * lock.c
 *	  The object "lock" of sl_status(): who migrates, since when, and what
 *	  holds him up.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/status/lock.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "ledger/ledger.h"
#include "runner/runner.h"
#include "status/document.h"
#include "status/status.h"

/*
 * The revision in what a run shows of itself, sl_migrate: revision "a",
 * statement 1 of 2 (ALTER TABLE); NULL if there is none.  *rest is what
 * comes after it.
 */
static char *
revision_of(const char *query, const char **rest)
{
	static const char before[] = ": revision \"";
	const char *begin;
	const char *end;

	*rest = NULL;
	if (query == NULL || strncmp(query, "sl_", 3) != 0)
		return NULL;
	begin = strstr(query, before);
	if (begin == NULL)
		return NULL;
	begin += sizeof(before) - 1;
	/* a name may have a quote in it, what follows has none */
	end = strrchr(begin, '"');
	if (end == NULL)
		return NULL;
	if (end[1] == ',' && end[2] == ' ')
		*rest = end + 3;
	return pnstrdup(begin, end - begin);
}

/* The one who is at work: the worker, where there is one. */
static void
put_activity(SlDocument *document, int pid, int worker)
{
	SlActivity *activity = pid != 0 ? sl_activity_of(pid) : NULL;
	SlActivity *busy = worker != 0 ? sl_activity_of(worker) : activity;
	const char *statement = NULL;
	char	   *revision = NULL;
	int			i;

	if (busy != NULL)
		revision = revision_of(busy->query, &statement);
	if (revision == NULL && activity != NULL)
		revision = revision_of(activity->query, &statement);
	sl_json_time(document, "since",
				activity != NULL ? activity->since_at : 0);
	sl_json_string(document, "application_name",
				  activity != NULL ? activity->application_name : NULL);
	sl_json_string(document, "client",
				  activity != NULL ? activity->client : NULL);
	sl_json_string(document, "revision", revision);
	sl_json_string(document, "statement", statement);
	sl_json_string(document, "waiting_for",
				  busy != NULL ? busy->waiting_for : NULL);
	sl_json_begin_array(document, "blocked_by");
	for (i = 0; busy != NULL && i < busy->nblockers; i++)
		sl_json_number(document, NULL, busy->blocked_by[i]);
	sl_json_end_array(document);
}

/* A standby has no locks of the primary: null. */
void
sl_json_lock(SlDocument *document)
{
	SlHolder	holder;
	SlHolder	worker;
	bool		held;
	char	   *gid = NULL;

	if (RecoveryInProgress())
	{
		sl_json_string(document, "lock", NULL);
		return;
	}
	held = sl_lock_look(&holder, &worker);
	/* a run looks for a worker that is left over by taking its lock */
	if (worker.pid == holder.pid)
		worker.pid = 0;
	if (TransactionIdIsValid(holder.prepared_xid))
		gid = sl_prepared_transaction_gid(holder.prepared_xid);
	sl_json_begin_object(document, "lock");
	sl_json_bool(document, "held", held);
	sl_json_pid(document, "pid", holder.pid);
	sl_json_pid(document, "worker", worker.pid);
	sl_json_string(document, "prepared_transaction", gid);
	put_activity(document, holder.pid, worker.pid);
	sl_json_end_object(document);
}

/*
 * Who migrates what since when, as a sentence; NULL if nobody does.
 */
char *
sl_lock_holder_text(void)
{
	SlHolder	holder;
	SlHolder	worker;
	SlActivity *activity;
	SlActivity *busy;
	const char *statement = NULL;
	char	   *revision = NULL;
	StringInfoData buf;

	if (RecoveryInProgress() || !sl_lock_look(&holder, &worker))
		return NULL;
	if (TransactionIdIsValid(holder.prepared_xid))
	{
		char	   *gid = sl_prepared_transaction_gid(holder.prepared_xid);

		return psprintf(_("The migration lock is held by prepared transaction \"%s\"."),
						gid != NULL ? gid : "?");
	}
	activity = sl_activity_of(holder.pid != 0 ? holder.pid : worker.pid);
	if (activity == NULL)
		return NULL;
	busy = worker.pid != 0 ? sl_activity_of(worker.pid) : NULL;
	if (busy != NULL)
		revision = revision_of(busy->query, &statement);
	if (revision == NULL)
		revision = revision_of(activity->query, &statement);
	initStringInfo(&buf);
	appendStringInfo(&buf,
					 _("Process %d holds the migration lock since %s, application \"%s\", client %s"),
					 holder.pid != 0 ? holder.pid : worker.pid,
					 activity->since != NULL ? activity->since : "?",
					 activity->application_name != NULL ?
					 activity->application_name : "",
					 activity->client);
	if (revision != NULL)
		appendStringInfo(&buf, _(", and runs revision \"%s\""), revision);
	if (statement != NULL)
		appendStringInfo(&buf, ", %s", statement);
	appendStringInfoChar(&buf, '.');
	return buf.data;
}
