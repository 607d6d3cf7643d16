/*-------------------------------------------------------------------------
 *
 * registry.c
 *	  The revisions that the database knows: table sl_registry.
 *
 * A row is "settled" once it is applied and a whole graph with it in was
 * found sound; every change of the row takes that back.  A session with
 * nothing to do finds no unsettled row in the partial index, and reads
 * nothing else.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/ledger/registry.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "common/sl_compat.h"
#include "ledger/ledger.h"
#include "ledger/peek.h"
#include "ledger/query.h"

PG_FUNCTION_INFO_V1(sl_revision_rows);

static const char *const kind_names[] = {
	[SL_KIND_VERSIONED] = "versioned",
	[SL_KIND_REPEATABLE] = "repeatable",
	[SL_KIND_SEED] = "seed",
	[SL_KIND_BASELINE] = "baseline",
};

bool
sl_kind_runs_once(SlKind kind)
{
	return kind == SL_KIND_VERSIONED || kind == SL_KIND_BASELINE;
}

const char *
sl_kind_name(SlKind kind)
{
	return kind_names[kind];
}

bool
sl_kind_parse(const char *name, SlKind *kind)
{
	int			i;

	for (i = 0; i < (int) lengthof(kind_names); i++)
	{
		if (strcmp(name, kind_names[i]) == 0)
		{
			*kind = i;
			return true;
		}
	}
	return false;
}

static SlKind
kind_from_ledger(const char *name)
{
	SlKind		kind;

	if (!sl_kind_parse(name, &kind))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("unknown kind \"%s\" in the registry", name)));
	return kind;
}

/*
 * "applied" is what the kind makes of the books: a versioned revision is
 * claimed; a repeatable's last run had this meaning; a seed's meaning ran
 * at any time.  "failed": nothing came after the last failure, or a journal
 * is open.  What is applied without one is not: its failure was that of a
 * revert, which left it as it was, or of another text.
 */
#define APPLIED_SQL \
	"CASE r.kind WHEN 'repeatable' THEN a.meaning IS NOT DISTINCT FROM r.meaning" \
	" AND a.revision IS NOT NULL" \
	" WHEN 'seed' THEN EXISTS (SELECT FROM @.sl_log AS l" \
	" WHERE l.revision OPERATOR(pg_catalog.=) r.revision" \
	" AND l.meaning OPERATOR(pg_catalog.=) r.meaning" \
	" AND l.outcome OPERATOR(pg_catalog.<>) 'failed')" \
	" ELSE a.revision IS NOT NULL END"

static SlQuery read_all = {
	"SELECT r.revision, r.kind, r.parents, r.replaces, r.up IS NULL, r.linear,"
	" r.transactional, r.offender, r.candidate IS NOT NULL, r.settled, "
	APPLIED_SQL ", a.revision IS NOT NULL,"
	" (f.revision IS NOT NULL AND NOT (" APPLIED_SQL ")"
	" AND NOT EXISTS (SELECT FROM @.sl_log AS l"
	" WHERE l.revision OPERATOR(pg_catalog.=) r.revision"
	" AND l.id OPERATOR(pg_catalog.>) f.id)) OR j.revision IS NOT NULL,"
	" r.description, r.format, r.registrar::pg_catalog.int8,"
	" r.registrar_name, r.cluster, r.down IS NOT NULL, r.down_transactional,"
	" COALESCE(pg_catalog.octet_length(r.up), 0)::pg_catalog.int8"
	" OPERATOR(pg_catalog.+) COALESCE(pg_catalog.octet_length(r.down), 0),"
	" r.has_data FROM @.sl_registry AS r"
	" LEFT JOIN @.sl_applied AS a"
	" ON a.revision OPERATOR(pg_catalog.=) r.revision"
	" LEFT JOIN (SELECT revision, pg_catalog.max(id) AS id FROM @.sl_log"
	" WHERE action OPERATOR(pg_catalog.=) 'fail' GROUP BY revision) AS f"
	" ON f.revision OPERATOR(pg_catalog.=) r.revision"
	" LEFT JOIN (SELECT DISTINCT revision FROM @.sl_journal) AS j"
	" ON j.revision OPERATOR(pg_catalog.=) r.revision"
	" ORDER BY r.revision USING OPERATOR(pg_catalog.<)",
};

static SlQuery read_unknown = {
	"SELECT a.revision FROM @.sl_applied AS a WHERE NOT EXISTS"
	" (SELECT FROM @.sl_registry AS r"
	" WHERE r.revision OPERATOR(pg_catalog.=) a.revision)"
	" ORDER BY a.revision USING OPERATOR(pg_catalog.<)",
};

/*
 * Who registered: the OID is the truth in the system where it was written;
 * in a database restored elsewhere (or upgraded) only the name can say.
 */
Oid
sl_registrar_role(int64 oid, const char *name, int64 cluster)
{
	Oid			registrar = (Oid) oid;

	if ((uint64) cluster == GetSystemIdentifier())
		return GetUserNameFromId(registrar, true) != NULL ?
			registrar : InvalidOid;
	return get_role_oid(name, true);
}

/* Read the whole registry without its scripts. */
SlRevisionRow *
sl_registry_read(bool fresh, int *nrows, List **applied_unknown)
{
	SlQueryMode mode = fresh ? SL_READ_FRESH : SL_READ;
	SlResult	result;
	SlRevisionRow *rows;
	uint64		i;

	sl_query_open(&read_all, mode, NULL, NULL, &result);
	rows = MemoryContextAllocHuge(result.caller,
								  sizeof(SlRevisionRow) *
								  Max(result.nrows, 1));
	for (i = 0; i < result.nrows; i++)
	{
		SlRevisionRow *row = &rows[i];
		char	   *kind;

		CHECK_FOR_INTERRUPTS();
		row->revision = sl_result_text(&result, i, 1);
		kind = sl_result_text(&result, i, 2);
		row->kind = kind_from_ledger(kind);
		pfree(kind);
		row->parents = sl_result_texts(&result, i, 3, &row->nparents);
		row->replaces = sl_result_texts(&result, i, 4, &row->nreplaces);
		row->external = sl_result_bool(&result, i, 5);
		row->linear = sl_result_bool(&result, i, 6);
		row->transactional = sl_result_bool(&result, i, 7);
		row->offender = sl_result_text(&result, i, 8);
		row->changed = sl_result_bool(&result, i, 9);
		row->settled = sl_result_bool(&result, i, 10);
		row->applied = sl_result_bool(&result, i, 11);
		row->claimed = sl_result_bool(&result, i, 12);
		row->failed = sl_result_bool(&result, i, 13);
		row->description = sl_result_text(&result, i, 14);
		row->format = sl_result_text(&result, i, 15);
		row->size = sl_result_bigint(&result, i, 21);
		row->has_data = sl_result_bool(&result, i, 22);
		row->has_down = sl_result_bool(&result, i, 19);
		row->down_transactional = sl_result_bool(&result, i, 20);
		row->registrar_name = sl_result_text(&result, i, 17);
		row->registrar = sl_registrar_role(sl_result_bigint(&result, i, 16),
										   row->registrar_name,
										   sl_result_bigint(&result, i, 18));
	}
	*nrows = (int) result.nrows;
	sl_query_close(&result);

	sl_query_open(&read_unknown, mode, NULL, NULL, &result);
	*applied_unknown = sl_result_list(&result, 1);
	sl_query_close(&result);

	return rows;
}

/* Is there nothing to do and nothing to check? */
bool
sl_registry_is_settled(bool fresh)
{
	static const SlPeek unsettled = {
		"sl_registry", "sl_registry_unsettled", ForwardScanDirection
	};

	return !sl_peek(&unsettled, fresh, NULL, NULL);
}

static SlQuery any_of_formats = {
	"SELECT FROM @.sl_registry AS r"
	" WHERE r.format OPERATOR(pg_catalog.=) ANY ($1) LIMIT 1",
	NULL, 1, {TEXTARRAYOID}
};

bool
sl_registry_has_format(const char *const *formats)
{
	Datum		values[1];
	char		nulls[1];
	List	   *list = NIL;

	for (; *formats != NULL; formats++)
		list = lappend(list, unconstify(char *, *formats));
	sl_param_list(values, nulls, 0, list);
	return sl_query_run(&any_of_formats, SL_READ_FRESH, values, nulls) > 0;
}

static SlQuery read_one = {
	"SELECT r.kind, r.parents, r.replaces, r.linear, r.up, r.up_line, r.down,"
	" r.down_line, r.statements, r.transactional, r.offender,"
	" r.down_transactional, r.has_data, r.checksum, r.meaning, r.description,"
	" r.format, r.source, r.file, r.ignores, r.candidate, r.candidate_file,"
	" r.noted, " APPLIED_SQL ", EXISTS (SELECT FROM @.sl_journal AS j"
	" WHERE j.revision OPERATOR(pg_catalog.=) r.revision),"
	" r.registrar::pg_catalog.int8, r.registrar_name, r.cluster,"
	" a.revision IS NOT NULL"
	" FROM @.sl_registry AS r LEFT JOIN @.sl_applied AS a"
	" ON a.revision OPERATOR(pg_catalog.=) r.revision"
	" WHERE r.revision OPERATOR(pg_catalog.=) $1",
	NULL, 1, {TEXTOID}
};

/* Read one revision with its scripts; NULL if it is not registered. */
SlRegistryEntry *
sl_registry_get(const char *revision, bool fresh)
{
	Datum		values[1];
	SlResult	result;
	SlRegistryEntry *entry = NULL;

	values[0] = CStringGetTextDatum(revision);
	sl_query_open(&read_one, fresh ? SL_READ_FRESH : SL_READ, values, NULL,
				  &result);
	if (result.nrows > 0)
	{
		char	   *kind = sl_result_text(&result, 0, 1);

		entry = MemoryContextAllocZero(result.caller,
									   sizeof(SlRegistryEntry));
		entry->revision = MemoryContextStrdup(result.caller, revision);
		entry->kind = kind_from_ledger(kind);
		entry->parents = sl_result_texts(&result, 0, 2, &entry->nparents);
		entry->replaces = sl_result_texts(&result, 0, 3, &entry->nreplaces);
		entry->linear = sl_result_bool(&result, 0, 4);
		entry->up = sl_result_text(&result, 0, 5);
		entry->up_line = sl_result_int(&result, 0, 6);
		entry->down = sl_result_text(&result, 0, 7);
		entry->down_line = sl_result_int(&result, 0, 8);
		entry->statements = sl_result_int(&result, 0, 9);
		entry->transactional = sl_result_bool(&result, 0, 10);
		entry->offender = sl_result_text(&result, 0, 11);
		entry->down_transactional = sl_result_bool(&result, 0, 12);
		entry->has_data = sl_result_bool(&result, 0, 13);
		strlcpy(entry->checksum, sl_result_text(&result, 0, 14),
				sizeof(entry->checksum));
		strlcpy(entry->meaning, sl_result_text(&result, 0, 15),
				sizeof(entry->meaning));
		entry->description = sl_result_text(&result, 0, 16);
		entry->format = sl_result_text(&result, 0, 17);
		entry->source = sl_result_text(&result, 0, 18);
		entry->file = sl_result_text(&result, 0, 19);
		entry->ignores = sl_result_texts(&result, 0, 20, &entry->nignores);
		entry->candidate = sl_result_text(&result, 0, 21);
		entry->candidate_file = sl_result_text(&result, 0, 22);
		entry->noted = sl_result_text(&result, 0, 23);
		entry->applied = sl_result_bool(&result, 0, 24);
		entry->journal_open = sl_result_bool(&result, 0, 25);
		entry->registrar_name = sl_result_text(&result, 0, 27);
		entry->registrar = sl_registrar_role(sl_result_bigint(&result, 0, 26),
											 entry->registrar_name,
											 sl_result_bigint(&result, 0, 28));
		entry->claimed = sl_result_bool(&result, 0, 29);
	}
	sl_query_close(&result);
	return entry;
}

static SlQuery read_scripts = {
	"SELECT r.revision, r.kind, r.up, r.up_line, r.down, r.down_line,"
	" r.statements, r.has_data, r.meaning, r.registrar::pg_catalog.int8,"
	" r.registrar_name, r.cluster, EXISTS (SELECT FROM @.sl_journal AS j"
	" WHERE j.revision OPERATOR(pg_catalog.=) r.revision)"
	" FROM @.sl_registry AS r"
	" WHERE r.revision OPERATOR(pg_catalog.=) ANY ($1)",
	NULL, 1, {TEXTARRAYOID}
};

/*
 * The same for a run, which asks for many: no join, no history.  In no order;
 * what is not registered any more is not among them.
 */
List *
sl_registry_get_scripts(List *revisions)
{
	Datum		values[1];
	char		nulls[1];
	SlResult	result;
	List	   *entries = NIL;
	uint64		i;

	sl_param_list(values, nulls, 0, revisions);
	sl_query_open(&read_scripts, SL_READ_FRESH, values, nulls, &result);
	for (i = 0; i < result.nrows; i++)
	{
		MemoryContext before = MemoryContextSwitchTo(result.caller);
		SlRegistryEntry *entry = palloc0_object(SlRegistryEntry);

		entry->revision = sl_result_text(&result, i, 1);
		entry->kind = kind_from_ledger(sl_result_text(&result, i, 2));
		entry->up = sl_result_text(&result, i, 3);
		entry->up_line = sl_result_int(&result, i, 4);
		entry->down = sl_result_text(&result, i, 5);
		entry->down_line = sl_result_int(&result, i, 6);
		entry->statements = sl_result_int(&result, i, 7);
		entry->has_data = sl_result_bool(&result, i, 8);
		strlcpy(entry->meaning, sl_result_text(&result, i, 9),
				sizeof(entry->meaning));
		entry->registrar_name = sl_result_text(&result, i, 11);
		entry->registrar = sl_registrar_role(sl_result_bigint(&result, i, 10),
											 entry->registrar_name,
											 sl_result_bigint(&result, i, 12));
		entry->journal_open = sl_result_bool(&result, i, 13);
		entries = lappend(entries, entry);
		MemoryContextSwitchTo(before);
	}
	sl_query_close(&result);
	return entries;
}

/* One of them; NULL if it is not registered. */
SlRegistryEntry *
sl_registry_get_script(const char *revision)
{
	List	   *one = list_make1(unconstify(char *, revision));
	List	   *entries = sl_registry_get_scripts(one);

	return entries == NIL ? NULL : linitial(entries);
}

static SlQuery put_entry = {
	"INSERT INTO @.sl_registry (revision, kind, parents, replaces, linear, up,"
	" up_line, down, down_line, statements, transactional, offender,"
	" down_transactional, has_data, checksum, meaning, description, format,"
	" source, file, ignores, candidate, candidate_file, noted, settled,"
	" registrar, registrar_name, cluster, registered_at)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,"
	" $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, false,"
	" $25::pg_catalog.oid, $26::pg_catalog.name, $27,"
	" pg_catalog.clock_timestamp())"
	" ON CONFLICT (revision) DO UPDATE SET kind = EXCLUDED.kind,"
	" parents = EXCLUDED.parents, replaces = EXCLUDED.replaces,"
	" linear = EXCLUDED.linear, up = EXCLUDED.up, up_line = EXCLUDED.up_line,"
	" down = EXCLUDED.down, down_line = EXCLUDED.down_line,"
	" statements = EXCLUDED.statements,"
	" transactional = EXCLUDED.transactional, offender = EXCLUDED.offender,"
	" down_transactional = EXCLUDED.down_transactional,"
	" has_data = EXCLUDED.has_data, checksum = EXCLUDED.checksum,"
	" meaning = EXCLUDED.meaning, description = EXCLUDED.description,"
	" format = EXCLUDED.format, source = EXCLUDED.source,"
	" file = EXCLUDED.file, ignores = EXCLUDED.ignores,"
	" candidate = EXCLUDED.candidate,"
	" candidate_file = EXCLUDED.candidate_file, noted = EXCLUDED.noted,"
	" settled = false, registrar = EXCLUDED.registrar,"
	" registrar_name = EXCLUDED.registrar_name, cluster = EXCLUDED.cluster,"
	" registered_at = EXCLUDED.registered_at WHERE $28",
	"sl_registry", 28,
	{TEXTOID, TEXTOID, TEXTARRAYOID, TEXTARRAYOID, BOOLOID, TEXTOID, INT4OID,
		TEXTOID, INT4OID, INT4OID, BOOLOID, TEXTOID, BOOLOID, BOOLOID, TEXTOID,
		TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTARRAYOID, TEXTOID,
	TEXTOID, TEXTOID, INT8OID, TEXTOID, INT8OID, BOOLOID}
};

/*
 * Insert, and overwrite what is there if that is wanted; else it is locked.
 * Returns whether the row is the entry's now.
 */
static bool
put(const SlRegistryEntry *entry, bool overwrite)
{
	Datum		values[28];
	char		nulls[28];
	Oid			registrar = GetUserId();

	memset(nulls, ' ', sizeof(nulls));
	sl_param_text(values, nulls, 0, entry->revision);
	sl_param_text(values, nulls, 1, sl_kind_name(entry->kind));
	sl_param_texts(values, nulls, 2, entry->parents, entry->nparents);
	sl_param_texts(values, nulls, 3, entry->replaces, entry->nreplaces);
	values[4] = BoolGetDatum(entry->linear);
	sl_param_text(values, nulls, 5, entry->up);
	values[6] = Int32GetDatum(entry->up_line);
	sl_param_text(values, nulls, 7, entry->down);
	values[8] = Int32GetDatum(entry->down_line);
	values[9] = Int32GetDatum(entry->statements);
	values[10] = BoolGetDatum(entry->transactional);
	sl_param_text(values, nulls, 11, entry->offender);
	values[12] = BoolGetDatum(entry->down_transactional);
	values[13] = BoolGetDatum(entry->has_data);
	sl_param_text(values, nulls, 14, entry->checksum);
	sl_param_text(values, nulls, 15, entry->meaning);
	sl_param_text(values, nulls, 16, entry->description);
	sl_param_text(values, nulls, 17, entry->format);
	sl_param_text(values, nulls, 18, entry->source);
	sl_param_text(values, nulls, 19, entry->file);
	sl_param_texts(values, nulls, 20, entry->ignores, entry->nignores);
	sl_param_text(values, nulls, 21, entry->candidate);
	sl_param_text(values, nulls, 22, entry->candidate_file);
	sl_param_text(values, nulls, 23, entry->noted);
	values[24] = Int64GetDatum((int64) registrar);
	sl_param_text(values, nulls, 25, GetUserNameFromId(registrar, false));
	values[26] = Int64GetDatum((int64) GetSystemIdentifier());
	values[27] = BoolGetDatum(overwrite);
	return sl_query_run(&put_entry, SL_WRITE, values, nulls) > 0;
}

/* Insert or overwrite, in the current user's name. */
void
sl_registry_put(const SlRegistryEntry *entry)
{
	(void) put(entry, true);
}

/* Insert; false if somebody was faster, and then the row is locked. */
bool
sl_registry_add(const SlRegistryEntry *entry)
{
	return put(entry, false);
}

static SlQuery lock_entry = {
	"SELECT FROM @.sl_registry AS r"
	" WHERE r.revision OPERATOR(pg_catalog.=) $1 FOR NO KEY UPDATE",
	"sl_registry", 1, {TEXTOID}
};

/* Keep others from changing a revision until the end of the transaction. */
void
sl_registry_lock(const char *revision)
{
	Datum		values[1];

	values[0] = CStringGetTextDatum(revision);
	sl_query_run(&lock_entry, SL_WRITE, values, NULL);
}

static SlQuery lock_entries = {
	"SELECT FROM @.sl_registry AS r"
	" WHERE r.revision OPERATOR(pg_catalog.=) ANY ($1)"
	" ORDER BY r.revision USING OPERATOR(pg_catalog.<) FOR NO KEY UPDATE",
	"sl_registry", 1, {TEXTARRAYOID}
};

/* The same for many, in one query. */
void
sl_registry_lock_all(List *revisions)
{
	Datum		v[1];
	char		n[1];
	char	  **ids = palloc_array(char *, Max(list_length(revisions), 1));
	int			i = 0;
	ListCell   *cell;

	foreach(cell, revisions)
		ids[i++] = lfirst(cell);
	sl_param_texts(v, n, 0, ids, i);
	sl_query_run(&lock_entries, SL_WRITE, v, n);
}

static SlQuery relink = {
	"UPDATE @.sl_registry AS r SET parents = $2, linear = $3,"
	" description = $4, settled = false"
	" WHERE r.revision OPERATOR(pg_catalog.=) $1",
	"sl_registry", 4, {TEXTOID, TEXTARRAYOID, BOOLOID, TEXTOID}
};

/*
 * Change what is around a script and not the script: its registrar stays
 * answerable for it, so that a privileged caller who brings only the graph
 * does not lend their rights to somebody else's text.
 */
void
sl_registry_relink(const char *revision, char **parents, int nparents,
				   bool linear, const char *description)
{
	Datum		values[4];
	char		nulls[4];

	memset(nulls, ' ', sizeof(nulls));
	sl_param_text(values, nulls, 0, revision);
	sl_param_texts(values, nulls, 1, parents, nparents);
	values[2] = BoolGetDatum(linear);
	sl_param_text(values, nulls, 3, description);
	sl_query_run(&relink, SL_WRITE, values, nulls);
}

static SlQuery delete_entry = {
	"DELETE FROM @.sl_registry AS r"
	" WHERE r.revision OPERATOR(pg_catalog.=) $1",
	"sl_registry", 1, {TEXTOID}
};

void
sl_registry_delete(const char *revision)
{
	Datum		values[1];

	values[0] = CStringGetTextDatum(revision);
	sl_query_run(&delete_entry, SL_WRITE, values, NULL);
}

static SlQuery set_candidate = {
	"UPDATE @.sl_registry AS r SET candidate = $2, candidate_file = $3,"
	" settled = false WHERE r.revision OPERATOR(pg_catalog.=) $1",
	"sl_registry", 3, {TEXTOID, TEXTOID, TEXTOID}
};

void
sl_registry_set_candidate(const char *revision, const char *candidate,
						  const char *file)
{
	Datum		values[3];
	char		nulls[3];

	sl_param_text(values, nulls, 0, revision);
	sl_param_text(values, nulls, 1, candidate);
	sl_param_text(values, nulls, 2, file);
	sl_query_run(&set_candidate, SL_WRITE, values, nulls);
}

static SlQuery settle = {
	"UPDATE @.sl_registry AS r SET settled = true"
	" WHERE NOT r.settled AND r.candidate IS NULL"
	" AND r.revision OPERATOR(pg_catalog.=) ANY ($1)",
	"sl_registry", 1, {TEXTARRAYOID}
};

void
sl_registry_settle(List *revisions)
{
	Datum		values[1];
	char		nulls[1];
	char	  **ids = palloc_array(char *, Max(list_length(revisions), 1));
	int			i = 0;
	ListCell   *cell;

	if (revisions == NIL)
		return;
	foreach(cell, revisions)
		ids[i++] = lfirst(cell);
	sl_param_texts(values, nulls, 0, ids, i);
	sl_query_run(&settle, SL_WRITE, values, nulls);
}

static SlQuery unsettle_children = {
	"UPDATE @.sl_registry AS r SET settled = false"
	" WHERE r.settled AND $1 OPERATOR(pg_catalog.=) ANY (r.parents)",
	"sl_registry", 1, {TEXTOID}
};

void
sl_registry_unsettle_children(const char *revision)
{
	Datum		values[1];

	values[0] = CStringGetTextDatum(revision);
	sl_query_run(&unsettle_children, SL_WRITE, values, NULL);
}

static SlQuery unsettle_one = {
	"UPDATE @.sl_registry AS r SET settled = false"
	" WHERE r.revision OPERATOR(pg_catalog.=) $1",
	"sl_registry", 1, {TEXTOID}
};

void
sl_registry_unsettle(const char *revision)
{
	Datum		values[1];

	values[0] = CStringGetTextDatum(revision);
	sl_query_run(&unsettle_one, SL_WRITE, values, NULL);
}

static SlQuery of_source = {
	"SELECT r.revision, r.kind, r.format, r.linear, r.statements, r.meaning,"
	" a.revision IS NOT NULL, EXISTS (SELECT FROM @.sl_journal AS j"
	" WHERE j.revision OPERATOR(pg_catalog.=) r.revision)"
	" FROM @.sl_registry AS r LEFT JOIN @.sl_applied AS a"
	" ON a.revision OPERATOR(pg_catalog.=) r.revision"
	" WHERE r.source OPERATOR(pg_catalog.=) $1"
	" ORDER BY r.revision USING OPERATOR(pg_catalog.<)",
	NULL, 1, {TEXTOID}
};

/* What belongs to a source, without its scripts, by id. */
SlSourceRow *
sl_registry_of_source(const char *source, int *nrows)
{
	Datum		values[1];
	SlResult	result;
	SlSourceRow *rows;
	uint64		i;

	values[0] = CStringGetTextDatum(source);
	sl_query_open(&of_source, SL_READ_FRESH, values, NULL, &result);
	rows = MemoryContextAllocHuge(result.caller, sizeof(SlSourceRow) *
								  Max(result.nrows, 1));
	for (i = 0; i < result.nrows; i++)
	{
		SlSourceRow *row = &rows[i];

		CHECK_FOR_INTERRUPTS();
		row->revision = sl_result_text(&result, i, 1);
		row->kind = kind_from_ledger(sl_result_text(&result, i, 2));
		row->format = sl_result_text(&result, i, 3);
		row->linear = sl_result_bool(&result, i, 4);
		row->statements = sl_result_int(&result, i, 5);
		row->meaning = sl_result_text(&result, i, 6);
		row->claimed = sl_result_bool(&result, i, 7);
		row->journal_open = sl_result_bool(&result, i, 8);
	}
	*nrows = (int) result.nrows;
	sl_query_close(&result);
	return rows;
}

static SlQuery revision_rows = {
	"SELECT r.revision, r.kind, r.parents, r.checksum,"
	" CASE WHEN o.oid IS NULL"
	" THEN pg_catalog.concat(r.registrar_name, ' (dropped)')"
	" ELSE o.rolname::pg_catalog.text END,"
	" r.source, r.description, r.registered_at"
	" FROM @.sl_registry AS r LEFT JOIN pg_catalog.pg_roles AS o"
	" ON CASE WHEN r.cluster OPERATOR(pg_catalog.=) $1"
	" THEN o.oid OPERATOR(pg_catalog.=) r.registrar"
	" ELSE o.rolname OPERATOR(pg_catalog.=) r.registrar_name END"
	" ORDER BY r.revision USING OPERATOR(pg_catalog.<)",
	NULL, 1, {INT8OID}
};

/* The rows of the view sl_revision. */
Datum
sl_revision_rows(PG_FUNCTION_ARGS)
{
	Datum		values[1];

	values[0] = Int64GetDatum((int64) GetSystemIdentifier());
	sl_query_return(&revision_rows, values, fcinfo);
	return (Datum) 0;
}
