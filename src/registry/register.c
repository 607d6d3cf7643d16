/*-------------------------------------------------------------------------
 *
 * register.c
 *	  One revision into the ledger: what a new text may change.
 *
 * A script that is applied is a fact: another meaning is refused.  The same
 * meaning in other bytes (comments, white space, the case of keywords) is
 * taken and noted.  A script that ran in part, outside a transaction, may
 * change behind its last finished statement.  Everything else is free.
 *
 * Who registers a text is answerable for it: what runs later runs with no
 * more than the registrar's rights.  So whoever writes a script here becomes
 * its registrar, and whoever changes only the graph around a script that
 * they did not bring does not.
 *
 * Registration takes row locks and nothing else, never the migration lock.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/registry/register.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"

#include "common/extension.h"
#include "common/sl_errors.h"
#include "graph/graph.h"
#include "registry/loader.h"
#include "script/script.h"

PG_FUNCTION_INFO_V1(sl_register);
PG_FUNCTION_INFO_V1(sl_unregister);

static bool
same_text(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

static bool
same_texts(char **a, int na, char **b, int nb)
{
	int			i;

	if (na != nb)
		return false;
	for (i = 0; i < na; i++)
	{
		if (strcmp(a[i], b[i]) != 0)
			return false;
	}
	return true;
}

/* Does every text of 'some' occur in 'all'? */
static bool
texts_within(char **some, int nsome, char **all, int nall)
{
	int			i;
	int			j;

	for (i = 0; i < nsome; i++)
	{
		for (j = 0; j < nall; j++)
		{
			if (strcmp(some[i], all[j]) == 0)
				break;
		}
		if (j == nall)
			return false;
	}
	return true;
}

/*
 * Check the down script.  In a history that another tool wrote there are down
 * scripts that never worked, since nobody ever ran them; those must not keep
 * the history out.  Such a one is left out, so that a revert is refused
 * before it begins, and what is wrong with it is returned.
 */
static char *
check_down(const SlSource *source, SlRegistryEntry *entry)
{
	MemoryContext caller = CurrentMemoryContext;
	char	   *volatile problem = NULL;
	SlOrigin	origin;
	SlScriptInfo info;

	origin.file = source->down_file ? source->down_file : source->file;
	origin.revision = source->revision;
	origin.first_line = source->down_line;
	PG_TRY();
	{
		sl_script_check(source->down, strlen(source->down), &origin, &info);
		entry->down_transactional = info.transactional &&
			!source->down_outside;
	}
	PG_CATCH();
	{
		ErrorData  *edata;

		/* the parser touches memory alone: nothing else is to be undone */
		if (!source->foreign || geterrcode() != SL_ERR_BAD_INPUT)
			PG_RE_THROW();
		MemoryContextSwitchTo(caller);
		edata = CopyErrorData();
		FlushErrorState();
		problem = edata->message;
	}
	PG_END_TRY();

	if (problem == NULL)
		return NULL;
	entry->down = NULL;
	ereport(WARNING,
			(errmsg("revision \"%s\" is registered without its down script",
					source->revision),
			 errdetail_internal("%s", problem)));
	return psprintf("no down script: %s", problem);
}

/*
 * A script without any statement is mostly a file that was not written to the
 * end.  Where two branches meet there is often nothing to do.
 */
static bool
is_empty(const SlSource *source, const SlRegistryEntry *entry)
{
	return source->up != NULL && entry->statements == 0 &&
		source->nparents < 2;
}

static void
warn_if_empty(const SlSource *source, const SlRegistryEntry *entry)
{
	if (is_empty(source, entry) && !source->reported)
		ereport(WARNING,
				(errmsg("%sthe script of revision \"%s\" has no statements",
						sl_place(source->file, NULL, 0), source->revision)));
}

/*
 * What the registry would hold.  Both scripts are parsed, so that a push is
 * refused here and not when the revision is needed.  '*problem': what is to
 * be said of it whatever it changes.
 */
static SlRegistryEntry *
entry_of(const SlSource *source, char **problem)
{
	SlRegistryEntry *entry = palloc0(sizeof(SlRegistryEntry));
	SlOrigin	origin;
	SlScriptInfo info;

	entry->revision = source->revision;
	entry->kind = source->kind;
	entry->nparents = source->nparents;
	entry->parents = source->parents;
	entry->nreplaces = source->nreplaces;
	entry->replaces = source->replaces;
	entry->linear = source->linear;
	entry->up = unconstify(char *, source->up);
	entry->up_line = source->up_line;
	entry->down = unconstify(char *, source->down);
	entry->down_line = source->down_line;
	entry->transactional = true;
	entry->down_transactional = true;
	entry->description = source->description;
	entry->format = unconstify(char *, source->format);
	entry->source = unconstify(char *, source->source);
	entry->file = unconstify(char *, source->file);
	entry->nignores = source->nignores;
	entry->ignores = source->ignores;

	origin.file = source->file;
	origin.revision = source->revision;
	if (source->up)
	{
		size_t		length = strlen(source->up);

		origin.first_line = source->up_line;
		sl_script_check(source->up, length, &origin, &info);
		entry->statements = info.statements;
		entry->transactional = info.transactional && !source->outside;
		if (!source->outside)
			entry->offender = unconstify(char *, info.offender);
		entry->has_data = info.has_data;
		strlcpy(entry->checksum, info.checksum, sizeof(entry->checksum));
		strlcpy(entry->meaning, info.meaning, sizeof(entry->meaning));
	}
	*problem = source->down ? check_down(source, entry) : NULL;
	if (is_empty(source, entry))
		*problem = *problem ? psprintf("no statements, %s", *problem) :
			pstrdup("no statements");
	return entry;
}

/*
 * Leave the scripts as they are, and what was found in them: this push knows
 * only the graph.
 */
static void
keep_scripts(SlRegistryEntry *entry, const SlRegistryEntry *old)
{
	entry->kind = old->kind;
	entry->up = old->up;
	entry->up_line = old->up_line;
	entry->down = old->down;
	entry->down_line = old->down_line;
	entry->statements = old->statements;
	entry->transactional = old->transactional;
	entry->offender = old->offender;
	entry->down_transactional = old->down_transactional;
	entry->has_data = old->has_data;
	entry->nreplaces = old->nreplaces;
	entry->replaces = old->replaces;
	entry->nignores = old->nignores;
	entry->ignores = old->ignores;
	strlcpy(entry->checksum, old->checksum, sizeof(entry->checksum));
	strlcpy(entry->meaning, old->meaning, sizeof(entry->meaning));
	entry->format = old->format;
	entry->source = old->source;
	entry->file = old->file;
	entry->noted = old->noted;
	entry->candidate = old->candidate;
}

/*
 * A revision that was loaded from a file, registered again by hand: it stays
 * where it belongs as far as its text is still the file's.
 */
static void
keep_origin(SlRegistryEntry *entry, const SlRegistryEntry *old)
{
	entry->format = old->format;
	entry->source = old->source;
	if (same_text(entry->up, old->up) && same_text(entry->down, old->down))
	{
		entry->file = old->file;
		entry->up_line = old->up_line;
		entry->down_line = old->down_line;
	}
	if (same_texts(entry->parents, entry->nparents,
				   old->parents, old->nparents))
		entry->linear = old->linear;
}

static int
finished_steps(const char *revision, const char *direction)
{
	int			finished = 0;
	ListCell   *cell;

	foreach(cell, sl_journal_read(revision, direction))
	{
		const SlJournalStep *step = lfirst(cell);

		if (step->finished && step->statement > finished)
			finished = step->statement;
	}
	return finished;
}

static bool
same_meaning(const SlRegistryEntry *a, const SlRegistryEntry *b)
{
	return strcmp(a->meaning, b->meaning) == 0 ||
		sl_script_same_meaning(a->up, b->up);
}

/*
 * Why the new text must not take the place of the old one, as a sentence;
 * NULL if it may.
 */
static char *
reason_to_refuse(const SlRegistryEntry *old, const SlRegistryEntry *new)
{
	bool		fixed = old->applied && (old->kind == SL_KIND_VERSIONED ||
										 old->kind == SL_KIND_BASELINE);

	if (old->up == NULL)
		return NULL;

	if ((fixed || old->claimed || old->applied) && old->kind != new->kind)
		return psprintf("It is applied as %s and cannot become %s.",
						sl_kind_name(old->kind), sl_kind_name(new->kind));

	if (old->journal_open)
	{
		int			done = finished_steps(old->revision, "up");
		int			undone = finished_steps(old->revision, "down");

		if (done > 0 && new->transactional)
			return psprintf("%d of its statements are finished outside a transaction, so the rest cannot run in one.",
							done);
		if (done > 0 && !same_text(old->up, new->up))
		{
			int			common = sl_script_common_prefix(old->up, new->up);

			if (common < done)
				return psprintf("Statement %d differs, and the script is finished up to statement %d.",
								common + 1, done);
		}
		if (undone > 0 && !same_text(old->down, new->down))
		{
			int			common = old->down && new->down ?
				sl_script_common_prefix(old->down, new->down) : 0;

			if (common < undone)
				return psprintf("Statement %d of the down script differs, and that is finished up to statement %d.",
								common + 1, undone);
		}
		if (undone > 0 && new->down_transactional)
			return psprintf("%d statements of its down script are finished outside a transaction, so the rest cannot run in one.",
							undone);
	}

	if (fixed && !same_text(old->up, new->up) && !same_meaning(old, new))
		return psprintf("Statement %d differs from what ran.",
						sl_script_common_prefix(old->up, new->up) + 1);
	return NULL;
}

/* Name what an accepted text changes; empty if nothing. */
static void
describe_change(StringInfo what, const SlRegistryEntry *old,
				SlRegistryEntry *new)
{
	const char *names[16];
	int			n = 0;
	int			i;

	if (!same_text(old->up, new->up))
	{
		if (old->up == NULL)
			names[n++] = "script filled in";
		else if (same_meaning(old, new))
			names[n++] = "comments or white space only";
		else
			names[n++] = "script changed";
	}
	if (!same_text(old->down, new->down))
		names[n++] = "down script changed";
	if (!same_texts(old->parents, old->nparents, new->parents, new->nparents))
		names[n++] = "parents changed";
	else if (old->linear != new->linear)
		names[n++] = new->linear ? "parent by order" : "parent by name";
	if (old->kind != new->kind)
		names[n++] = "kind changed";
	if (!same_texts(old->replaces, old->nreplaces,
					new->replaces, new->nreplaces))
		names[n++] = "replaces changed";
	if (old->transactional != new->transactional ||
		old->down_transactional != new->down_transactional)
		names[n++] = "transaction mode changed";
	if (!same_text(old->description, new->description))
		names[n++] = "description changed";
	if (!same_texts(old->ignores, old->nignores, new->ignores, new->nignores))
		names[n++] = "ignored rules changed";
	if (!same_text(old->file, new->file))
		names[n++] = "file changed";
	if (!same_text(old->source, new->source))
		names[n++] = "source changed";
	if (!same_text(old->format, new->format))
		names[n++] = "format changed";
	if (old->candidate && !new->candidate)
		names[n++] = "refused change taken back";
	if (n == 0 && (old->up_line != new->up_line ||
				   (new->down && old->down_line != new->down_line)))
		names[n++] = "line numbers changed";

	for (i = 0; i < n; i++)
		appendStringInfo(what, "%s%s", i > 0 ? ", " : "", names[i]);
}

/*
 * Refuse a change of what is applied: an error for a single revision; in a
 * push, which may hold a hundred good ones, a row, and runs are blocked until
 * the original text is pushed again.
 */
static SlOutcome
refuse_change(const SlSource *source, const SlRegistryEntry *old,
			  char *reason, bool from_push, char **detail)
{
	if (!from_push && !old->applied)
	{
		int			done = finished_steps(source->revision, "up");

		ereport(ERROR,
				(errcode(SL_ERR_SCRIPT_CHANGED),
				 errmsg_plural("revision \"%s\" is partly applied (%d statement finished), its script cannot change",
							   "revision \"%s\" is partly applied (%d statements finished), its script cannot change",
							   done, source->revision, done),
				 errdetail("%s", reason),
				 errhint("It can change behind its last finished statement only. Or say how it stands: SELECT sl_resolve(%s, ...).",
						 quote_literal_cstr(source->revision))));
	}
	if (!from_push)
		ereport(ERROR,
				(errcode(SL_ERR_SCRIPT_CHANGED),
				 errmsg("revision \"%s\" is applied, its script cannot change",
						source->revision),
				 errdetail("%s", reason),
				 errhint("Put the old text back into the file, and the change into a new revision.")));

	if (!same_text(old->candidate, source->up) ||
		!same_text(old->candidate_file, source->file))
		sl_registry_set_candidate(source->revision, source->up, source->file);

	/* a column is no place for a sentence */
	reason[0] = pg_tolower((unsigned char) reason[0]);
	reason[strlen(reason) - 1] = '\0';
	*detail = reason;
	return SL_CHANGED;
}

/*
 * Two sources whose numbers collide (two services that both count from 1)
 * would take each other's scripts away.  The same script may change hands.
 */
static void
refuse_other_source(const SlRegistryEntry *old, const SlRegistryEntry *new)
{
	if (old->source == NULL || new->source == NULL || old->up == NULL ||
		strcmp(old->source, new->source) == 0 || same_text(old->up, new->up))
		return;
	ereport(ERROR,
			(errcode(SL_ERR_BAD_INPUT),
			 errmsg("%srevision \"%s\" belongs to source \"%s\" and has another script there",
					sl_place(new->file, NULL, 0), new->revision,
					old->source),
			 errhint("Give it another id, or unregister what is there.")));
}

/*
 * Can the one who registered it still answer for it before whoever registers
 * it now?  If not, the same text again makes the latter answerable: that is
 * what a run that refused it (SL011) asks for.
 */
static bool
can_answer(const SlRegistryEntry *old)
{
	/* nothing of it will run any more */
	if (old->applied && old->down == NULL)
		return true;
	return OidIsValid(old->registrar) &&
		has_privs_of_role(old->registrar, GetUserId());
}

/*
 * What a source changes in what is registered already.  Unless the row is
 * locked nothing is written: '*again' asks for another try with the lock, so
 * that only changes wait for others.
 */
static SlOutcome
change_entry(const SlSource *source, SlRegistryEntry *old,
			 SlRegistryEntry *new, bool from_push, bool locked,
			 bool *again, char **detail)
{
	StringInfoData what;
	bool		kept = new->up == NULL && old->up != NULL;
	char	   *reason;

	if (kept)
		keep_scripts(new, old);
	else if (source->keep_down && old->down)
	{
		new->down = old->down;
		new->down_line = old->down_line;
		new->down_transactional = old->down_transactional;
	}
	if (!kept && !from_push)
		keep_origin(new, old);
	if (new->description == NULL)
		new->description = old->description;
	if (source->parents_partial &&
		texts_within(new->parents, new->nparents,
					 old->parents, old->nparents))
	{
		new->parents = old->parents;
		new->nparents = old->nparents;
	}
	if (!kept)
		refuse_other_source(old, new);

	reason = kept ? NULL : reason_to_refuse(old, new);
	initStringInfo(&what);
	if (reason == NULL)
	{
		describe_change(&what, old, new);
		if (what.len == 0 && !kept && !can_answer(old))
			appendStringInfoString(&what, "registrar changed");
		if (what.len == 0)
			return SL_UNCHANGED;
	}
	*again = !locked;
	if (*again)
		return SL_UPDATED;
	if (reason)
		return refuse_change(source, old, reason, from_push, detail);

	*detail = what.data;
	if (kept)
	{
		sl_registry_relink(new->revision, new->parents, new->nparents,
						   new->linear, new->description);
		return SL_UPDATED;
	}

	/* the note outlives later pushes of the same bytes */
	new->noted = old->noted;
	if (old->applied && old->up && !same_text(old->up, new->up) &&
		same_meaning(old, new))
		new->noted = pstrdup("comments or white space only");
	sl_registry_put(new);
	return SL_UPDATED;
}

/*
 * Register one source.  '*detail' says what changed, or stays NULL.  Errors
 * name the file and the line.
 *
 * A revision may be registered, changed or applied by others at any moment,
 * so what is decided from an unlocked row is decided again once it is locked.
 */
SlOutcome
sl_source_register(const SlSource *source, bool from_push, char **detail)
{
	SlRegistryEntry *checked;
	char	   *problem;
	bool		locked = false;

	*detail = NULL;
	sl_source_validate(source);
	checked = entry_of(source, &problem);
	for (;;)
	{
		SlRegistryEntry *old = sl_registry_get(source->revision, true);
		SlRegistryEntry new = *checked;
		bool		again = false;
		SlOutcome	outcome;

		CHECK_FOR_INTERRUPTS();
		if (old == NULL)
		{
			if (sl_registry_add(&new))
			{
				warn_if_empty(source, checked);
				*detail = problem;
				return SL_ADDED;
			}
			locked = true;
			continue;
		}
		outcome = change_entry(source, old, &new, from_push, locked,
							   &again, detail);
		if (!again)
		{
			if (*detail == NULL)
				*detail = problem;
			else if (problem)
				*detail = psprintf("%s, %s", *detail, problem);
			if (outcome != SL_UNCHANGED)
				warn_if_empty(source, checked);
			return outcome;
		}
		sl_registry_lock(source->revision);
		locked = true;
	}
}

/*
 * A text[] argument as a list.  NULL members and more than one dimension are
 * refused.
 */
static List *
list_of_array(ArrayType *array, const char *argument)
{
	List	   *members = NIL;
	Datum	   *values;
	bool	   *nulls;
	int			count;
	int			i;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%s must be an array of one dimension", argument)));
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT,
					  &values, &nulls, &count);
	for (i = 0; i < count; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(SL_ERR_BAD_INPUT),
					 errmsg("%s must not hold NULL", argument)));
		members = lappend(members, TextDatumGetCString(values[i]));
	}
	return members;
}

/*
 * Revisions may be registered before their parents.  So the head may descend
 * from the one that is only registered now, which would close a cycle.
 */
static bool
descends_from(SlGraph *graph, const SlRevisionRow *row, const char *ancestor)
{
	HASHCTL		control = {0};
	HTAB	   *seen;
	List	   *open = list_make1(unconstify(SlRevisionRow *, row));
	bool		found = false;

	control.keysize = sizeof(SlRevisionRow *);
	control.entrysize = sizeof(SlRevisionRow *);
	control.hcxt = CurrentMemoryContext;
	seen = hash_create("schema_lifecycle ancestors", 64, &control,
					   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	while (open != NIL && !found)
	{
		const SlRevisionRow *at = llast(open);
		bool		again;
		int			i;

		CHECK_FOR_INTERRUPTS();
		open = list_delete_last(open);
		(void) hash_search(seen, &at, HASH_ENTER, &again);
		for (i = 0; i < at->nparents && !again; i++)
		{
			const SlRevisionRow *parent = sl_graph_find(graph,
														at->parents[i]);

			found = found || strcmp(at->parents[i], ancestor) == 0;
			if (parent)
				open = lappend(open, unconstify(SlRevisionRow *, parent));
		}
	}
	hash_destroy(seen);
	return found;
}

/*
 * The parents of a revision whose caller names none: those that it has, or
 * the registry's single head.
 */
static void
default_parents(SlSource *source)
{
	SlRegistryEntry *old;
	SlGraph    *graph;
	List	   *heads;
	StringInfoData names;
	ListCell   *cell;

	if (source->kind == SL_KIND_REPEATABLE || source->kind == SL_KIND_SEED)
		return;
	old = sl_registry_get(source->revision, true);
	if (old)
	{
		source->parents = old->parents;
		source->nparents = old->nparents;
		source->linear = old->linear;
		return;
	}
	if (source->kind == SL_KIND_BASELINE)
		return;

	graph = sl_graph_read(true);
	heads = sl_graph_heads(graph);
	if (list_length(heads) <= 1)
	{
		List	   *parents = NIL;

		foreach(cell, heads)
		{
			const SlRevisionRow *head = lfirst(cell);

			if (descends_from(graph, head, source->revision))
				ereport(ERROR,
						(errcode(SL_ERR_BAD_INPUT),
						 errmsg("revision \"%s\" has no parents given, and the head \"%s\" descends from it",
								source->revision, head->revision),
						 errhint("Name the parents, or pass '{}' for a root.")));
			parents = lappend(parents, head->revision);
		}
		sl_source_set_parents(source, parents);
		return;
	}
	initStringInfo(&names);
	foreach(cell, heads)
		appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "",
						 ((const SlRevisionRow *) lfirst(cell))->revision);
	ereport(ERROR,
			(errcode(SL_ERR_REVISION_UNKNOWN),
			 errmsg("revision \"%s\" has no parents given, and there are several heads",
					source->revision),
			 errdetail("The heads are: %s.", names.data),
			 errhint("Name the parents, or pass '{}' for a root.")));
}

/*
 * An argument of sl_register and a header in its script that contradict each
 * other: nobody can say which is meant.
 */
static void
require_same(bool same, const char *header, const char *argument)
{
	if (!same)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("header \"sl:%s\" contradicts the argument %s",
						header, argument)));
}

/* sl_register(revision, up, down, parents, kind, description) */
Datum
sl_register(PG_FUNCTION_ARGS)
{
	static const char *const words[] = {"added", "unchanged", "updated"};
	SlSource	source;
	char	   *revision;
	SlKind		kind;
	const char *down = NULL;
	bool		named = false;
	char	   *detail;

	sl_require_writer("sl_register");
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("revision must not be NULL")));
	if (PG_ARGISNULL(4))
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("kind must not be NULL")));

	memset(&source, 0, sizeof(source));
	revision = text_to_cstring(PG_GETARG_TEXT_PP(0));
	source.revision = revision;
	source.up_line = 1;
	source.down_line = 1;
	if (!PG_ARGISNULL(1))
		source.up = text_to_cstring(PG_GETARG_TEXT_PP(1));
	if (!PG_ARGISNULL(2))
		down = text_to_cstring(PG_GETARG_TEXT_PP(2));
	source.keep_down = down == NULL;
	/* NULL says nothing, an empty text says that there is none */
	if (down && !sl_is_blank(down, strlen(down)))
		source.down = down;
	if (!sl_kind_parse(text_to_cstring(PG_GETARG_TEXT_PP(4)), &kind))
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("unknown kind \"%s\"",
						text_to_cstring(PG_GETARG_TEXT_PP(4))),
				 errhint("The kinds are versioned, repeatable, seed and baseline.")));
	source.kind = kind;
	if (!PG_ARGISNULL(5))
		source.description = text_to_cstring(PG_GETARG_TEXT_PP(5));

	/* parents stays NULL as long as nobody has named any */
	sl_source_headers(&source, true);
	named = source.parents != NULL;
	require_same(strcmp(source.revision, revision) == 0,
				 "revision", "revision");
	require_same(kind == SL_KIND_VERSIONED || source.kind == kind,
				 "kind", "kind");
	if (!PG_ARGISNULL(3))
	{
		char	  **header_parents = source.parents;
		int			header_count = source.nparents;

		sl_source_set_parents(&source,
							  list_of_array(PG_GETARG_ARRAYTYPE_P(3),
											"parents"));
		if (named)
			require_same(same_texts(header_parents, header_count,
									source.parents, source.nparents),
						 "parents", "parents");
		named = true;
	}
	if (!named)
		default_parents(&source);

	PG_RETURN_TEXT_P(cstring_to_text(words[sl_source_register(&source, false,
															  &detail)]));
}

/* sl_unregister(revision): forget what never ran. */
Datum
sl_unregister(PG_FUNCTION_ARGS)
{
	const char *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	SlRegistryEntry *entry;

	sl_require_writer("sl_unregister");
	entry = sl_registry_get(name, true);
	if (entry == NULL)
		name = sl_graph_resolve(sl_graph_read(true), name, false)->revision;
	sl_registry_lock(name);
	entry = sl_registry_get(name, true);
	if (entry == NULL)
		ereport(ERROR,
				(errcode(SL_ERR_REVISION_UNKNOWN),
				 errmsg("revision \"%s\" is not registered", name)));
	if (entry->applied || entry->claimed)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("revision \"%s\" has run, it cannot be unregistered",
						entry->revision),
				 entry->kind == SL_KIND_VERSIONED ||
				 entry->kind == SL_KIND_BASELINE ?
				 errhint("Revert it first, SELECT * FROM sl_revert(...); or, if nothing of it is there any more, say so: sl_resolve(%s, 'rolled_back', reason).",
						 quote_literal_cstr(entry->revision)) :
				 errhint("A revert leaves it; register an empty script in its place.")));
	if (entry->journal_open)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("revision \"%s\" is partly applied, it cannot be unregistered",
						entry->revision),
				 errhint("Finish it with CALL sl_migrate(), or say how it stands with sl_resolve().")));

	sl_registry_delete(entry->revision);
	sl_registry_unsettle_children(entry->revision);
	PG_RETURN_TEXT_P(cstring_to_text("withdrawn"));
}
