/*-------------------------------------------------------------------------
 *
 * footprint.c
 *	  What revisions did to the facts (sl_evidence, sl_footprint), and the
 *	  differences that somebody accepted (sl_accepted).
 *
 * An evidence is one run that was watched; its rows are the facts that it
 * added, replaced, changed and removed.  Whatever the number of rows, writing
 * them is a few statements, and reading them keeps none in memory.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/ledger/footprint.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "common/sl_compat.h"
#include "ledger/ledger.h"
#include "ledger/query.h"

/* so many rows go into one statement, or come out of one */
#define APPEND_ROWS 2000
#define FETCH_ROWS 10000

static SlQuery last_evidence = {
	"SELECT e.id FROM @.sl_evidence AS e"
	" ORDER BY e.id USING OPERATOR(pg_catalog.>) LIMIT 1",
};

/* The id of the next one; the caller holds the migration lock. */
int64
sl_evidence_next_id(void)
{
	SlResult	result;
	int64		id = 0;

	sl_query_open(&last_evidence, SL_READ_FRESH, NULL, NULL, &result);
	if (result.nrows > 0)
		id = sl_result_bigint(&result, 0, 1);
	sl_query_close(&result);
	return id + 1;
}

static Datum
text_array(Datum *elems, bool *nulls, int count)
{
	int			dims[1] = {count};
	int			lower[1] = {1};

	return PointerGetDatum(construct_md_array(elems, nulls, 1, dims, lower,
											  TEXTOID, -1, false,
											  TYPALIGN_INT));
}

static Datum
bytea_array(Datum *elems, bool *nulls, int count)
{
	int			dims[1] = {count};
	int			lower[1] = {1};

	return PointerGetDatum(construct_md_array(elems, nulls, 1, dims, lower,
											  BYTEAOID, -1, false,
											  TYPALIGN_INT));
}

static Datum
bigint_array(Datum *elems, bool *nulls, int count)
{
	int			dims[1] = {count};
	int			lower[1] = {1};

	return PointerGetDatum(construct_md_array(elems, nulls, 1, dims, lower,
											  INT8OID, 8, FLOAT8PASSBYVAL,
											  TYPALIGN_DOUBLE));
}

static SlQuery put_evidence = {
	"INSERT INTO @.sl_evidence (id, revision, evidence, log_id, meaning,"
	" complete, at, registrar, registrar_name, cluster)"
	" SELECT u.id, u.revision, u.evidence, u.log_id, u.meaning, u.complete,"
	" pg_catalog.clock_timestamp(), CASE WHEN u.brought THEN $8 END,"
	" CASE WHEN u.brought THEN $9::pg_catalog.name END,"
	" CASE WHEN u.brought THEN $10 END"
	" FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2),"
	" pg_catalog.unnest($3), pg_catalog.unnest($4), pg_catalog.unnest($5),"
	" pg_catalog.unnest($6), pg_catalog.unnest($7))"
	" AS u (id, revision, evidence, log_id, meaning, complete, brought)",
	"sl_evidence", 10,
	{INT8ARRAYOID, TEXTARRAYOID, TEXTARRAYOID, INT8ARRAYOID, TEXTARRAYOID,
	BOOLARRAYOID, BOOLARRAYOID, OIDOID, TEXTOID, INT8OID}
};

/* Note some runs; what they did goes to sl_footprint_append. */
void
sl_evidence_put_many(const SlEvidence *evidences, int count)
{
	Datum	   *elems = palloc_array(Datum, Max(count, 1) * 7);
	bool	   *nulls = palloc0_array(bool, Max(count, 1) * 7);
	Oid			role = GetUserId();
	Datum		values[10];
	int			i;

	if (count == 0)
		return;
	for (i = 0; i < count; i++)
	{
		const SlEvidence *evidence = &evidences[i];

		elems[i] = Int64GetDatum(evidence->id);
		elems[count + i] = CStringGetTextDatum(evidence->revision);
		elems[2 * count + i] = CStringGetTextDatum(evidence->evidence);
		elems[3 * count + i] = Int64GetDatum(evidence->log_id);
		nulls[3 * count + i] = evidence->log_id == 0;
		nulls[4 * count + i] = evidence->meaning == NULL;
		if (evidence->meaning != NULL)
			elems[4 * count + i] = CStringGetTextDatum(evidence->meaning);
		elems[5 * count + i] = BoolGetDatum(evidence->complete);
		elems[6 * count + i] = BoolGetDatum(evidence->brought);
	}
	values[0] = bigint_array(elems, nulls, count);
	values[1] = text_array(elems + count, nulls + count, count);
	values[2] = text_array(elems + 2 * count, nulls + 2 * count, count);
	values[3] = bigint_array(elems + 3 * count, nulls + 3 * count, count);
	values[4] = text_array(elems + 4 * count, nulls + 4 * count, count);
	values[5] = PointerGetDatum(construct_array(elems + 5 * count, count,
												BOOLOID, 1, true,
												TYPALIGN_CHAR));
	values[6] = PointerGetDatum(construct_array(elems + 6 * count, count,
												BOOLOID, 1, true,
												TYPALIGN_CHAR));
	values[7] = ObjectIdGetDatum(role);
	values[8] = CStringGetTextDatum(GetUserNameFromId(role, false));
	values[9] = Int64GetDatum((int64) GetSystemIdentifier());
	sl_query_run(&put_evidence, SL_WRITE, values, NULL);
}

/* One of them. */
void
sl_evidence_put(const SlEvidence *evidence)
{
	sl_evidence_put_many(evidence, 1);
}

static SlQuery read_bringers = {
	"SELECT DISTINCT e.registrar::pg_catalog.int8, e.registrar_name,"
	" e.cluster FROM @.sl_evidence AS e"
	" WHERE e.revision OPERATOR(pg_catalog.=) $1 AND e.complete"
	" AND e.registrar IS NOT NULL AND NOT EXISTS (SELECT"
	" FROM @.sl_evidence AS n"
	" WHERE n.revision OPERATOR(pg_catalog.=) $1 AND n.complete"
	" AND n.registrar IS NULL AND n.id OPERATOR(pg_catalog.>) e.id)",
	NULL, 1, {TEXTOID}
};

/* Who brought facts of a revision, beside who registered its script. */
List *
sl_evidence_bringers(const char *revision)
{
	Datum		values[1];
	SlResult	result;
	List	   *bringers = NIL;
	uint64		i;

	values[0] = CStringGetTextDatum(revision);
	sl_query_open(&read_bringers, SL_READ_FRESH, values, NULL, &result);
	for (i = 0; i < result.nrows; i++)
	{
		MemoryContext before = MemoryContextSwitchTo(result.caller);
		SlBringer  *bringer = palloc_object(SlBringer);

		bringer->name = sl_result_text(&result, i, 2);
		bringer->role = sl_registrar_role(sl_result_bigint(&result, i, 1),
										  bringer->name,
										  sl_result_bigint(&result, i, 3));
		bringers = lappend(bringers, bringer);
		MemoryContextSwitchTo(before);
	}
	sl_query_close(&result);
	return bringers;
}

static SlQuery find_incomplete = {
	"SELECT e.id, COALESCE((SELECT f.ordinal FROM @.sl_footprint AS f"
	" WHERE f.evidence_id OPERATOR(pg_catalog.=) e.id"
	" ORDER BY f.evidence_id USING OPERATOR(pg_catalog.>),"
	" f.ordinal USING OPERATOR(pg_catalog.>) LIMIT 1), 0),"
	" e.meaning IS NULL"
	" FROM @.sl_evidence AS e"
	" WHERE e.revision OPERATOR(pg_catalog.=) $1 AND NOT e.complete"
	" ORDER BY e.id USING OPERATOR(pg_catalog.>) LIMIT 1",
	NULL, 1, {TEXTOID}
};

/*
 * What a script that is half way has left so far; 0: nothing.  *lost: one
 * without a meaning was put, to say that not everything was seen.
 */
int64
sl_evidence_find_incomplete(const char *revision, int *next_ordinal,
							bool *lost)
{
	Datum		values[1];
	SlResult	result;
	int64		id = 0;

	*next_ordinal = 1;
	*lost = false;
	values[0] = CStringGetTextDatum(revision);
	sl_query_open(&find_incomplete, SL_READ_FRESH, values, NULL, &result);
	if (result.nrows > 0)
	{
		id = sl_result_bigint(&result, 0, 1);
		*next_ordinal = sl_result_int(&result, 0, 2) + 1;
		*lost = sl_result_bool(&result, 0, 3);
	}
	sl_query_close(&result);
	return id;
}

static SlQuery complete_evidence = {
	"UPDATE @.sl_evidence AS e SET complete = true, log_id = $2,"
	" meaning = $3, at = pg_catalog.clock_timestamp()"
	" WHERE e.id OPERATOR(pg_catalog.=) $1",
	"sl_evidence", 3, {INT8OID, INT8OID, TEXTOID}
};

/*
 * What a script made in one statement and dropped in another it did not make:
 * the first row of the fact is 'a', and the last one 'd'.
 */
static SlQuery forget_passing = {
	"DELETE FROM @.sl_footprint AS f"
	" WHERE f.evidence_id OPERATOR(pg_catalog.=) $1"
	" AND f.key OPERATOR(pg_catalog.=) ANY (SELECT a.key"
	" FROM @.sl_footprint AS a JOIN @.sl_footprint AS d"
	" ON d.evidence_id OPERATOR(pg_catalog.=) a.evidence_id"
	" AND d.key OPERATOR(pg_catalog.=) a.key"
	" WHERE a.evidence_id OPERATOR(pg_catalog.=) $1"
	" AND a.change OPERATOR(pg_catalog.=) 'a'"
	" AND d.change OPERATOR(pg_catalog.=) 'd'"
	" AND NOT EXISTS (SELECT FROM @.sl_footprint AS e"
	" WHERE e.evidence_id OPERATOR(pg_catalog.=) a.evidence_id"
	" AND e.key OPERATOR(pg_catalog.=) a.key"
	" AND (e.ordinal OPERATOR(pg_catalog.<) a.ordinal"
	" OR e.ordinal OPERATOR(pg_catalog.>) d.ordinal)))",
	"sl_footprint", 1, {INT8OID}
};

/* The same for an evidence that was written down at once. */
void
sl_footprint_forget_passing(int64 id)
{
	Datum		values[1];

	values[0] = Int64GetDatum(id);
	sl_query_run(&forget_passing, SL_WRITE, values, NULL);
}

/* The script has come to its end, with this meaning. */
void
sl_evidence_complete(int64 id, int64 log_id, const char *meaning)
{
	Datum		values[3];

	values[0] = Int64GetDatum(id);
	values[1] = Int64GetDatum(log_id);
	values[2] = CStringGetTextDatum(meaning);
	sl_query_run(&complete_evidence, SL_WRITE, values, NULL);
	sl_query_run(&forget_passing, SL_WRITE, values, NULL);
}

static SlQuery forget_rows = {
	"DELETE FROM @.sl_footprint AS f"
	" WHERE f.evidence_id OPERATOR(pg_catalog.=) ANY ($1)",
	"sl_footprint", 1, {INT8ARRAYOID}
};

/* Run a query that deletes evidences, and delete their rows. */
static void
forget(SlQuery *query, const Datum *values)
{
	SlResult	result;
	Datum	   *ids;
	bool	   *nulls;
	Datum		array[1];
	int			count;
	int			i;

	sl_query_open(query, SL_WRITE, values, NULL, &result);
	count = (int) result.nrows;
	ids = MemoryContextAlloc(result.caller, sizeof(Datum) * Max(count, 1));
	for (i = 0; i < count; i++)
		ids[i] = Int64GetDatum(sl_result_bigint(&result, i, 1));
	sl_query_close(&result);
	if (count == 0)
		return;
	nulls = palloc0_array(bool, count);
	array[0] = bigint_array(ids, nulls, count);
	sl_query_run(&forget_rows, SL_WRITE, array, NULL);
}

static SlQuery forget_incomplete = {
	"DELETE FROM @.sl_evidence AS e"
	" WHERE e.revision OPERATOR(pg_catalog.=) $1 AND NOT e.complete"
	" RETURNING e.id",
	"sl_evidence", 1, {TEXTOID}
};

/* Nothing of what was begun is there any more, or it is not known what. */
void
sl_evidence_forget_incomplete(const char *revision)
{
	Datum		values[1];

	values[0] = CStringGetTextDatum(revision);
	forget(&forget_incomplete, values);
}

static SlQuery forget_imported = {
	"DELETE FROM @.sl_evidence AS e"
	" WHERE e.revision OPERATOR(pg_catalog.=) $1"
	" AND e.evidence OPERATOR(pg_catalog.=) 'imported' RETURNING e.id",
	"sl_evidence", 1, {TEXTOID}
};

/* Another manifest takes the place of what was imported. */
void
sl_evidence_forget_imported(const char *revision)
{
	Datum		values[1];

	values[0] = CStringGetTextDatum(revision);
	forget(&forget_imported, values);
}

static SlQuery forget_older = {
	"DELETE FROM @.sl_evidence AS e"
	" WHERE e.revision OPERATOR(pg_catalog.=) ANY ($1)"
	" AND e.evidence OPERATOR(pg_catalog.=) 'applied'"
	" AND e.id OPERATOR(pg_catalog.<) $2"
	" RETURNING e.id",
	"sl_evidence", 2, {TEXTARRAYOID, INT8OID}
};

/* These revisions ran again since: what they did before is no evidence. */
void
sl_evidence_forget_older(List *revisions, int64 before_id)
{
	Datum		values[2];
	char		nulls[2];

	sl_param_list(values, nulls, 0, revisions);
	values[1] = Int64GetDatum(before_id);
	forget(&forget_older, values);
}

static SlQuery forget_rehearsed = {
	"DELETE FROM @.sl_evidence AS e"
	" WHERE e.revision OPERATOR(pg_catalog.=) ANY ($1)"
	" AND e.evidence OPERATOR(pg_catalog.=) 'rehearsed'"
	" RETURNING e.id",
	"sl_evidence", 1, {TEXTARRAYOID}
};

/* These are rehearsed anew: what other scripts of theirs did is the past. */
void
sl_evidence_forget_rehearsed(List *revisions)
{
	Datum		values[1];
	char		nulls[1];

	sl_param_list(values, nulls, 0, revisions);
	forget(&forget_rehearsed, values);
}

/* Names of attributes are plain words: a comma can stand between them. */
static SlQuery append_rows = {
	"INSERT INTO @.sl_footprint (evidence_id, ordinal, class, identity,"
	" change, key, before, after, definition, changed)"
	" SELECT u.evidence_id, u.ordinal, u.class, u.identity, u.change, u.key,"
	" u.before, u.after, u.definition,"
	" pg_catalog.string_to_array(u.changed, ',')"
	" FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2),"
	" pg_catalog.unnest($3), pg_catalog.unnest($4), pg_catalog.unnest($5),"
	" pg_catalog.unnest($6), pg_catalog.unnest($7), pg_catalog.unnest($8),"
	" pg_catalog.unnest($9), pg_catalog.unnest($10))"
	" AS u (evidence_id, ordinal, class, identity, change, key, before,"
	" after, definition, changed)",
	"sl_footprint", 10,
	{INT8ARRAYOID, INT4ARRAYOID, TEXTARRAYOID, TEXTARRAYOID, CHARARRAYOID,
		BYTEAARRAYOID, BYTEAARRAYOID, BYTEAARRAYOID, JSONBARRAYOID,
	TEXTARRAYOID}
};

static Datum
bytes_datum(const uint8 *bytes, int length)
{
	bytea	   *datum = palloc(VARHDRSZ + length);

	SET_VARSIZE(datum, VARHDRSZ + length);
	memcpy(VARDATA(datum), bytes, length);
	return PointerGetDatum(datum);
}

static char *
join_names(const char **names, int count)
{
	StringInfoData buf;
	int			i;

	initStringInfo(&buf);
	for (i = 0; i < count; i++)
		appendStringInfo(&buf, "%s%s", i > 0 ? "," : "", names[i]);
	return buf.data;
}

/* The columns of some rows, each an array. */
static void
append_some(const SlFootprintRow *rows, int count)
{
	Datum	   *elems = palloc_array(Datum, count * 10);
	bool	   *nulls = palloc0_array(bool, count * 10);
	int			dims[1] = {count};
	int			lower[1] = {1};
	Datum		values[10];
	int			i;

#define ELEM(column) elems[(column) * count + i]
#define ISNULL(column) nulls[(column) * count + i]
	for (i = 0; i < count; i++)
	{
		const SlFootprintRow *row = &rows[i];

		ELEM(0) = Int64GetDatum(row->evidence_id);
		ELEM(1) = Int32GetDatum(row->ordinal);
		ELEM(2) = CStringGetTextDatum(row->class);
		ELEM(3) = CStringGetTextDatum(row->identity);
		ELEM(4) = CharGetDatum(row->change);
		ELEM(5) = bytes_datum(row->key, SL_KEY_LENGTH);
		ISNULL(6) = row->before == NULL;
		if (row->before != NULL)
			ELEM(6) = bytes_datum(row->before, SL_HASH_LENGTH);
		ISNULL(7) = row->after == NULL;
		if (row->after != NULL)
			ELEM(7) = bytes_datum(row->after, SL_HASH_LENGTH);
		ISNULL(8) = row->definition == NULL;
		if (row->definition != NULL)
			ELEM(8) = JsonbPGetDatum(row->definition);
		ISNULL(9) = row->changed == NULL;
		if (row->changed != NULL)
			ELEM(9) = CStringGetTextDatum(join_names(row->changed,
													 row->nchanged));
	}
#undef ELEM
#undef ISNULL
	values[0] = bigint_array(elems, nulls, count);
	values[1] = PointerGetDatum(construct_array(elems + count, count,
												INT4OID, 4, true,
												TYPALIGN_INT));
	values[2] = text_array(elems + 2 * count, nulls, count);
	values[3] = text_array(elems + 3 * count, nulls, count);
	values[4] = PointerGetDatum(construct_array(elems + 4 * count, count,
												CHAROID, 1, true,
												TYPALIGN_CHAR));
	values[5] = bytea_array(elems + 5 * count, nulls, count);
	values[6] = bytea_array(elems + 6 * count, nulls + 6 * count, count);
	values[7] = bytea_array(elems + 7 * count, nulls + 7 * count, count);
	values[8] = PointerGetDatum(construct_md_array(elems + 8 * count,
												   nulls + 8 * count, 1, dims,
												   lower, JSONBOID, -1, false,
												   TYPALIGN_INT));
	values[9] = text_array(elems + 9 * count, nulls + 9 * count, count);
	sl_query_run(&append_rows, SL_WRITE, values, NULL);
}

/* Append to footprints; rows of several evidences may be among them. */
void
sl_footprint_append(const SlFootprintRow *rows, int count)
{
	MemoryContext cxt = AllocSetContextCreate(CurrentMemoryContext,
											  "schema_lifecycle footprint",
											  ALLOCSET_DEFAULT_SIZES);
	MemoryContext before = MemoryContextSwitchTo(cxt);
	int			i;

	for (i = 0; i < count; i += APPEND_ROWS)
	{
		append_some(rows + i, Min(APPEND_ROWS, count - i));
		MemoryContextReset(cxt);
	}
	MemoryContextSwitchTo(before);
	MemoryContextDelete(cxt);
}

static SlQuery read_claims = {
	"SELECT a.revision, a.log_id, r.kind, a.action OPERATOR(pg_catalog.=)"
	" 'apply', a.forced, r.has_data FROM @.sl_applied AS a"
	" LEFT JOIN @.sl_registry AS r"
	" ON r.revision OPERATOR(pg_catalog.=) a.revision"
	" ORDER BY a.log_id USING OPERATOR(pg_catalog.<),"
	" a.revision USING OPERATOR(pg_catalog.<)",
};

/* What is applied, in the order in which that came to be. */
SlClaimRow *
sl_claims_read(int *count)
{
	SlResult	result;
	SlClaimRow *rows;
	uint64		i;

	sl_query_open(&read_claims, SL_READ, NULL, NULL, &result);
	rows = MemoryContextAllocHuge(result.caller, sizeof(SlClaimRow) *
								  Max(result.nrows, 1));
	for (i = 0; i < result.nrows; i++)
	{
		SlClaimRow *row = &rows[i];
		char	   *kind = sl_result_text(&result, i, 3);

		CHECK_FOR_INTERRUPTS();
		row->revision = sl_result_text(&result, i, 1);
		row->log_id = sl_result_bigint(&result, i, 2);
		row->registered = kind != NULL;
		if (kind == NULL || !sl_kind_parse(kind, &row->kind))
			row->kind = SL_KIND_VERSIONED;
		row->by_run = sl_result_bool(&result, i, 4);
		row->forced = sl_result_bool(&result, i, 5);
		row->has_data = sl_result_bool(&result, i, 6);
	}
	*count = (int) result.nrows;
	sl_query_close(&result);
	return rows;
}

static SlQuery read_evidence = {
	"SELECT e.id, e.revision, e.evidence, e.log_id,"
	" r.revision IS NULL OR e.meaning IS NOT DISTINCT FROM r.meaning,"
	" r.has_data FROM @.sl_evidence AS e LEFT JOIN @.sl_registry AS r"
	" ON r.revision OPERATOR(pg_catalog.=) e.revision"
	" WHERE e.complete ORDER BY e.id USING OPERATOR(pg_catalog.<)",
};

static const char *const evidence_names[] = {
	"applied", "imported", "observed", "rehearsed",
};

/* The kind of evidence without a copy for each row. */
static const char *
evidence_name(SlResult *result, uint64 row, int column)
{
	char	   *name = sl_result_text(result, row, column);
	int			i;

	for (i = 0; i < (int) lengthof(evidence_names); i++)
	{
		if (strcmp(name, evidence_names[i]) == 0)
		{
			pfree(name);
			return evidence_names[i];
		}
	}
	return name;
}

/* All evidences that are complete, by id. */
SlEvidenceRow *
sl_evidence_read(int *count)
{
	SlResult	result;
	SlEvidenceRow *rows;
	uint64		i;

	sl_query_open(&read_evidence, SL_READ, NULL, NULL, &result);
	rows = MemoryContextAllocHuge(result.caller, sizeof(SlEvidenceRow) *
								  Max(result.nrows, 1));
	for (i = 0; i < result.nrows; i++)
	{
		SlEvidenceRow *row = &rows[i];

		CHECK_FOR_INTERRUPTS();
		row->id = sl_result_bigint(&result, i, 1);
		row->revision = sl_result_text(&result, i, 2);
		row->evidence = evidence_name(&result, i, 3);
		row->log_id = sl_result_bigint(&result, i, 4);
		row->current = sl_result_bool(&result, i, 5);
		row->has_data = sl_result_bool(&result, i, 6);
	}
	*count = (int) result.nrows;
	sl_query_close(&result);
	return rows;
}

static SlQuery read_footprint = {
	"SELECT f.evidence_id, f.ordinal, f.change, f.key, f.before, f.after,"
	" CASE WHEN f.changed IS NOT NULL"
	" THEN pg_catalog.array_to_string(f.changed, ',') END,"
	" f.class, f.identity FROM @.sl_footprint AS f"
	" ORDER BY f.evidence_id USING OPERATOR(pg_catalog.<),"
	" f.ordinal USING OPERATOR(pg_catalog.<)",
};

typedef struct FootprintReader
{
	SlFootprintSink sink;
	void	   *arg;
} FootprintReader;

static const char *
slot_bytes(TupleTableSlot *slot, int column, int *length)
{
	struct varlena *value;

	*length = 0;
	if (slot->tts_isnull[column])
		return NULL;
	value = PG_DETOAST_DATUM_PACKED(slot->tts_values[column]);
	*length = VARSIZE_ANY_EXHDR(value);
	return VARDATA_ANY(value);
}

/* A hash has its length, or the books were written by somebody else. */
static const uint8 *
slot_hash(TupleTableSlot *slot, int column, int wanted)
{
	int			length;
	const char *bytes = slot_bytes(slot, column, &length);

	if (bytes != NULL && length != wanted)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("a hash in \"%s\" has %d bytes instead of %d",
						"sl_footprint", length, wanted)));
	return (const uint8 *) bytes;
}

static void
read_footprint_row(TupleTableSlot *slot, void *arg)
{
	FootprintReader *reader = arg;
	SlFootprintKey row;

	row.evidence_id = DatumGetInt64(slot->tts_values[0]);
	row.ordinal = DatumGetInt32(slot->tts_values[1]);
	row.change = DatumGetChar(slot->tts_values[2]);
	row.key = slot_hash(slot, 3, SL_KEY_LENGTH);
	row.before = slot_hash(slot, 4, SL_HASH_LENGTH);
	row.after = slot_hash(slot, 5, SL_HASH_LENGTH);
	row.changed = slot_bytes(slot, 6, &row.changed_length);
	row.class = slot_bytes(slot, 7, &row.class_length);
	row.identity = slot_bytes(slot, 8, &row.identity_length);
	reader->sink(&row, reader->arg);
}

/* Every row of every footprint, by evidence and ordinal. */
void
sl_footprint_read(SlFootprintSink sink, void *arg)
{
	FootprintReader reader = {sink, arg};

	sl_query_stream(&read_footprint, NULL, NULL, read_footprint_row, &reader);
}

static SlQuery read_one = {
	"SELECT f.evidence_id, f.ordinal, f.change, f.key, f.before, f.after,"
	" CASE WHEN f.changed IS NOT NULL"
	" THEN pg_catalog.array_to_string(f.changed, ',') END,"
	" f.class, f.identity FROM @.sl_footprint AS f"
	" WHERE f.evidence_id OPERATOR(pg_catalog.=) $1"
	" ORDER BY f.ordinal USING OPERATOR(pg_catalog.<)",
	NULL, 1, {INT8OID}
};

/* Every row of one footprint. */
void
sl_footprint_read_one(int64 id, SlFootprintSink sink, void *arg)
{
	FootprintReader reader = {sink, arg};
	Datum		values[1];

	values[0] = Int64GetDatum(id);
	sl_query_stream(&read_one, values, NULL, read_footprint_row, &reader);
}

static SlQuery fetch_rows = {
	"SELECT f.evidence_id, f.ordinal, f.change, f.class, f.identity,"
	" f.definition, f.changed"
	" FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2))"
	" AS u (evidence_id, ordinal) JOIN @.sl_footprint AS f"
	" ON f.evidence_id OPERATOR(pg_catalog.=) u.evidence_id"
	" AND f.ordinal OPERATOR(pg_catalog.=) u.ordinal",
	NULL, 2, {INT8ARRAYOID, INT4ARRAYOID}
};

/* One lot of them; returns how many were there. */
static int
fetch_some(const SlFootprintPlace *places, int nplaces,
		   SlFootprintFact *facts)
{
	Datum	   *ids = palloc_array(Datum, nplaces);
	Datum	   *ordinals = palloc_array(Datum, nplaces);
	bool	   *nulls = palloc0_array(bool, nplaces);
	Datum		values[2];
	SlResult	result;
	int			count;
	int			i;

	for (i = 0; i < nplaces; i++)
	{
		ids[i] = Int64GetDatum(places[i].evidence_id);
		ordinals[i] = Int32GetDatum(places[i].ordinal);
	}
	values[0] = bigint_array(ids, nulls, nplaces);
	values[1] = PointerGetDatum(construct_array(ordinals, nplaces, INT4OID, 4,
												true, TYPALIGN_INT));
	sl_query_open(&fetch_rows, SL_READ, values, NULL, &result);
	count = Min((int) result.nrows, nplaces);
	for (i = 0; i < count; i++)
	{
		SlFootprintFact *fact = &facts[i];
		bool		isnull;

		CHECK_FOR_INTERRUPTS();
		fact->place.evidence_id = sl_result_bigint(&result, i, 1);
		fact->place.ordinal = sl_result_int(&result, i, 2);
		fact->change = DatumGetChar(SPI_getbinval(SPI_tuptable->vals[i],
												  SPI_tuptable->tupdesc, 3,
												  &isnull));
		fact->class = sl_result_text(&result, i, 4);
		fact->identity = sl_result_text(&result, i, 5);
		fact->definition = sl_result_jsonb(&result, i, 6);
		fact->changed = sl_result_texts(&result, i, 7, &fact->nchanged);
	}
	sl_query_close(&result);
	pfree(ids);
	pfree(ordinals);
	pfree(nulls);
	pfree(DatumGetPointer(values[0]));
	pfree(DatumGetPointer(values[1]));
	return count;
}

static int
compare_places(const void *a, const void *b)
{
	const SlFootprintPlace *x = &((const SlFootprintFact *) a)->place;
	const SlFootprintPlace *y = &((const SlFootprintFact *) b)->place;

	if (x->evidence_id != y->evidence_id)
		return x->evidence_id < y->evidence_id ? -1 : 1;
	return (x->ordinal > y->ordinal) - (x->ordinal < y->ordinal);
}

/* The rows at these places, whole. */
SlFootprintFact *
sl_footprint_fetch(const SlFootprintPlace *places, int nplaces, int *count)
{
	SlFootprintFact *facts =
		MemoryContextAllocHuge(CurrentMemoryContext,
							   sizeof(SlFootprintFact) * Max(nplaces, 1));
	int			i;

	*count = 0;
	for (i = 0; i < nplaces; i += FETCH_ROWS)
		*count += fetch_some(places + i, Min(FETCH_ROWS, nplaces - i),
							 facts + *count);
	if (*count > 1)
		qsort(facts, *count, sizeof(SlFootprintFact), compare_places);
	return facts;
}

static SlQuery read_accepted = {
	"SELECT a.class, a.identity, a.attribute FROM @.sl_accepted AS a"
	" WHERE a.until IS NULL OR a.until OPERATOR(pg_catalog.>)"
	" pg_catalog.clock_timestamp()"
	" ORDER BY a.class USING OPERATOR(pg_catalog.<),"
	" a.identity USING OPERATOR(pg_catalog.<),"
	" a.attribute USING OPERATOR(pg_catalog.<)",
};

/* What is accepted now. */
SlAccepted *
sl_accepted_read(int *count)
{
	SlResult	result;
	SlAccepted *rows;
	uint64		i;

	sl_query_open(&read_accepted, SL_READ, NULL, NULL, &result);
	rows = MemoryContextAllocHuge(result.caller, sizeof(SlAccepted) *
								  Max(result.nrows, 1));
	for (i = 0; i < result.nrows; i++)
	{
		SlAccepted *row = &rows[i];

		row->class = sl_result_text(&result, i, 1);
		row->identity = sl_result_text(&result, i, 2);
		row->attribute = sl_result_text(&result, i, 3);
		if (row->attribute[0] == '\0')
			row->attribute = NULL;
	}
	*count = (int) result.nrows;
	sl_query_close(&result);
	return rows;
}

static SlQuery put_accepted = {
	"INSERT INTO @.sl_accepted (class, identity, attribute, reason, until,"
	" role, at)"
	" VALUES ($1, $2, COALESCE($3, ''), $4, $5, $6::pg_catalog.name,"
	" pg_catalog.clock_timestamp())"
	" ON CONFLICT (class, identity, attribute) DO UPDATE"
	" SET reason = EXCLUDED.reason, until = EXCLUDED.until,"
	" role = EXCLUDED.role, at = EXCLUDED.at",
	"sl_accepted", 6,
	{TEXTOID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TEXTOID}
};

/* Accept a difference, or change the words about it. */
void
sl_accepted_put(const char *class, const char *identity,
				const char *attribute, const char *reason, bool has_until,
				TimestampTz until)
{
	Datum		values[6];
	char		nulls[6];

	sl_param_text(values, nulls, 0, class);
	sl_param_text(values, nulls, 1, identity);
	sl_param_text(values, nulls, 2, attribute);
	sl_param_text(values, nulls, 3, reason);
	values[4] = TimestampTzGetDatum(until);
	nulls[4] = has_until ? ' ' : 'n';
	sl_param_text(values, nulls, 5, GetUserNameFromId(GetUserId(), false));
	sl_query_run(&put_accepted, SL_WRITE, values, nulls);
}

static SlQuery delete_accepted = {
	"DELETE FROM @.sl_accepted AS a"
	" WHERE a.class OPERATOR(pg_catalog.=) $1"
	" AND a.identity OPERATOR(pg_catalog.=) $2"
	" AND a.attribute OPERATOR(pg_catalog.=) COALESCE($3, '')",
	"sl_accepted", 3, {TEXTOID, TEXTOID, TEXTOID}
};

/* Accept it no longer; false if nobody did. */
bool
sl_accepted_delete(const char *class, const char *identity,
				   const char *attribute)
{
	Datum		values[3];
	char		nulls[3];

	sl_param_text(values, nulls, 0, class);
	sl_param_text(values, nulls, 1, identity);
	sl_param_text(values, nulls, 2, attribute);
	return sl_query_run(&delete_accepted, SL_WRITE, values, nulls) == 1;
}

static SlQuery next_end = {
	"SELECT pg_catalog.min(a.until) FROM @.sl_accepted AS a"
	" WHERE a.until OPERATOR(pg_catalog.>) pg_catalog.clock_timestamp()",
};

TimestampTz
sl_accepted_next_end(void)
{
	SlResult	result;
	TimestampTz end = 0;

	sl_query_open(&next_end, SL_READ_FRESH, NULL, NULL, &result);
	if (result.nrows > 0)
		end = sl_result_bigint(&result, 0, 1);
	sl_query_close(&result);
	return end;
}
