/*-------------------------------------------------------------------------
 *
 * meaning.c
 *	  Checksums and comparisons of scripts.
 *
 * Two notions of "the same".  The digest is stored and compared years later,
 * by another major version: it is made of tokens, which hardly ever change.
 * The comparison of two texts at hand uses parse trees, which see through
 * more (the spelling of a type, parentheses, escapes), but live only within
 * one server.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/script/meaning.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/cryptohash.h"
#include "common/sha2.h"
#include "common/sl_errors.h"
#include "lib/stringinfo.h"
#include "nodes/nodes.h"
#include "script/slice.h"
#include "utils/memutils.h"

/* Tokens are handed to the hash in pieces of about this size. */
#define SL_DIGEST_BYTES 8192

/*
 * The digest of a script is the hash over the hashes of its statements, each
 * followed by the hash of its data.  A statement counts only when
 * sl_digest_statement is called for it: BEGIN and COMMIT never are.
 */
struct SlDigest
{
	pg_cryptohash_ctx *script;
	pg_cryptohash_ctx *statement;
	StringInfoData buffer;
};

static pg_cryptohash_ctx *start_hash(void);
static void hash_init(pg_cryptohash_ctx *hash);
static void hash_update(pg_cryptohash_ctx *hash, const void *data,
						Size length);
static void hash_final(pg_cryptohash_ctx *hash, uint8 *result);
static void hash_hex(pg_cryptohash_ctx *hash, char out[65]);
static void hash_lines(pg_cryptohash_ctx *hash, const char *data,
					   int length);
static void flush_tokens(SlDigest *digest);
static int	compare(const char *a, const char *b, bool *same);
static bool compare_next(SlScanner *a, SlScanner *b, bool *same);
static bool same_data(const SlStatement *a, const SlStatement *b);
static const char *next_line(const char *at, const char *end, int *length);

/* See script.h. */
void
sl_sha256_hex(const void *data, Size length, char out[65])
{
	pg_cryptohash_ctx *hash = start_hash();

	hash_init(hash);
	hash_update(hash, data, length);
	hash_hex(hash, out);
	pg_cryptohash_free(hash);
}

/*
 * A digest, to be set as the hook of a scanner.  The caller frees it on
 * errors too: the hash may hold memory of another library.
 */
SlDigest *
sl_digest_create(void)
{
	SlDigest   *digest = palloc0(sizeof(SlDigest));

	initStringInfo(&digest->buffer);
	digest->script = start_hash();
	digest->statement = start_hash();
	hash_init(digest->script);
	hash_init(digest->statement);
	return digest;
}

void
sl_digest_free(SlDigest *digest)
{
	pg_cryptohash_free(digest->script);
	pg_cryptohash_free(digest->statement);
	pfree(digest->buffer.data);
	pfree(digest);
}

/*
 * Token hook: a class, the length, and the value.  The length keeps two
 * tokens from looking like one.  This is what stored digests are made of:
 * a change here makes every applied script look changed.
 */
void
sl_digest_token(void *arg, const SlScanner *scanner, const SlToken *token)
{
	SlDigest   *digest = (SlDigest *) arg;
	const char *value = token->value;
	int			length = token->value_length;
	char		class;

	switch (token->kind)
	{
		case SL_TOKEN_WORD:
			class = 'w';

			/*
			 * N'x' comes as the word n and a string.  It means NCHAR 'x', and
			 * not what n 'x' does.
			 */
			if (length == 1 && value[0] == 'n' &&
				token->end < scanner->length &&
				scanner->text[token->end] == '\'')
			{
				value = "nchar";
				length = 5;
			}
			break;
		case SL_TOKEN_NAME:
			class = 'q';
			break;
		case SL_TOKEN_UNICODE_NAME:
			class = 'U';
			break;
		case SL_TOKEN_STRING:
			class = 's';
			break;
		case SL_TOKEN_UNICODE_STRING:
			class = 'u';
			break;
		case SL_TOKEN_BITS:
			class = 'b';
			break;
		case SL_TOKEN_NUMBER:
			class = 'n';
			break;
		case SL_TOKEN_PARAM:
			class = 'p';
			break;
		case SL_TOKEN_CHAR:
		case SL_TOKEN_OPERATOR:
			class = 'o';
			/* two spellings of one operator */
			if (length == 2 && memcmp(value, "!=", 2) == 0)
				value = "<>";
			break;
		default:
			return;
	}

	if (token->first)
	{
		/* what came before was not wanted, or is already in */
		resetStringInfo(&digest->buffer);
		hash_init(digest->statement);
	}

	appendStringInfoChar(&digest->buffer, class);
	appendStringInfoChar(&digest->buffer, (char) ((length >> 24) & 0xFF));
	appendStringInfoChar(&digest->buffer, (char) ((length >> 16) & 0xFF));
	appendStringInfoChar(&digest->buffer, (char) ((length >> 8) & 0xFF));
	appendStringInfoChar(&digest->buffer, (char) (length & 0xFF));
	if (length < SL_DIGEST_BYTES)
		appendBinaryStringInfo(&digest->buffer, value, length);
	else
	{
		flush_tokens(digest);
		hash_update(digest->statement, value, length);
	}
	if (digest->buffer.len >= SL_DIGEST_BYTES)
		flush_tokens(digest);
}

/* The statement whose tokens came last belongs to the script. */
void
sl_digest_statement(SlDigest *digest, const SlStatement *statement)
{
	uint8		result[PG_SHA256_DIGEST_LENGTH];

	flush_tokens(digest);
	hash_final(digest->statement, result);
	hash_update(digest->script, "S", 1);
	hash_update(digest->script, result, sizeof(result));
	if (statement->data == NULL)
		return;

	hash_init(digest->statement);
	hash_lines(digest->statement, statement->data, statement->data_length);
	hash_final(digest->statement, result);
	hash_update(digest->script, "D", 1);
	hash_update(digest->script, result, sizeof(result));
}

void
sl_digest_hex(SlDigest *digest, char out[65])
{
	hash_hex(digest->script, out);
}

static void
flush_tokens(SlDigest *digest)
{
	hash_update(digest->statement, digest->buffer.data, digest->buffer.len);
	resetStringInfo(&digest->buffer);
}

/* See script.h. */
bool
sl_script_same_meaning(const char *a, const char *b)
{
	bool		same;

	(void) compare(a, b, &same);
	return same;
}

/* See script.h. */
int
sl_script_common_prefix(const char *a, const char *b)
{
	bool		same;

	return compare(a, b, &same);
}

/*
 * Walk two scripts in step; returns the number of statements until they
 * differ.  A script that cannot be read differs from then on; what else goes
 * wrong (a cancel, out of memory) is raised.
 */
static int
compare(const char *a, const char *b, bool *same)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context;
	MemoryContext each;
	volatile int count = 0;
	volatile bool equal_so_far = true;

	context = AllocSetContextCreate(caller, "schema_lifecycle comparison",
									ALLOCSET_DEFAULT_SIZES);
	each = AllocSetContextCreate(context, "schema_lifecycle statements",
								 ALLOCSET_DEFAULT_SIZES);
	PG_TRY();
	{
		SlScanner  *scan_a;
		SlScanner  *scan_b;
		bool		one_equal;

		MemoryContextSwitchTo(context);
		scan_a = sl_scan_begin(a, strlen(a), NULL);
		scan_b = sl_scan_begin(b, strlen(b), NULL);
		MemoryContextSwitchTo(each);
		while (compare_next(scan_a, scan_b, &one_equal))
		{
			count++;
			MemoryContextReset(each);
		}
		equal_so_far = one_equal;
	}
	PG_CATCH();
	{
		if (geterrcode() != SL_ERR_BAD_INPUT)
			PG_RE_THROW();
		MemoryContextSwitchTo(caller);
		FlushErrorState();
		equal_so_far = false;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);

	*same = equal_so_far;
	return count;
}

/*
 * True if both have one more statement and these are equal; when false,
 * 'same' tells whether both scripts ended.
 */
static bool
compare_next(SlScanner *a, SlScanner *b, bool *same)
{
	SlStatement in_a;
	SlStatement in_b;
	bool		more_a = sl_scan_next(a, &in_a);
	bool		more_b = sl_scan_next(b, &in_b);

	*same = !more_a && !more_b;
	return more_a && more_b &&
		equal(in_a.tree->stmt, in_b.tree->stmt) &&
		same_data(&in_a, &in_b);
}

/* Line by line, so that line ends do not count, as in the digest. */
static bool
same_data(const SlStatement *a, const SlStatement *b)
{
	const char *at_a = a->data;
	const char *at_b = b->data;
	const char *end_a;
	const char *end_b;

	if (a->data == NULL || b->data == NULL)
		return a->data == b->data;

	end_a = at_a + a->data_length;
	end_b = at_b + b->data_length;
	while (at_a < end_a && at_b < end_b)
	{
		int			length_a;
		int			length_b;
		const char *next_a = next_line(at_a, end_a, &length_a);
		const char *next_b = next_line(at_b, end_b, &length_b);

		if (length_a != length_b || memcmp(at_a, at_b, length_a) != 0)
			return false;
		at_a = next_a;
		at_b = next_b;
	}
	return at_a == end_a && at_b == end_b;
}

/* The start of the next line; 'length' is this one's without its end. */
static const char *
next_line(const char *at, const char *end, int *length)
{
	const char *eol = memchr(at, '\n', end - at);
	const char *next = (eol != NULL) ? eol + 1 : end;

	if (eol == NULL)
		eol = end;
	if (eol > at && eol[-1] == '\r')
		eol--;
	*length = eol - at;
	return next;
}

/* COPY takes either kind of line end, and none at the end of the data. */
static void
hash_lines(pg_cryptohash_ctx *hash, const char *data, int length)
{
	const char *end = data + length;

	while (data < end)
	{
		int			line;
		const char *next = next_line(data, end, &line);

		hash_update(hash, data, line);
		hash_update(hash, "\n", 1);
		data = next;
	}
}

static pg_cryptohash_ctx *
start_hash(void)
{
	pg_cryptohash_ctx *hash = pg_cryptohash_create(PG_SHA256);

	if (hash == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	return hash;
}

static void
hash_init(pg_cryptohash_ctx *hash)
{
	if (pg_cryptohash_init(hash) < 0)
		elog(ERROR, "could not initialize SHA-256: %s",
			 pg_cryptohash_error(hash));
}

static void
hash_update(pg_cryptohash_ctx *hash, const void *data, Size length)
{
	if (pg_cryptohash_update(hash, (const uint8 *) data, length) < 0)
		elog(ERROR, "could not update SHA-256: %s", pg_cryptohash_error(hash));
}

static void
hash_final(pg_cryptohash_ctx *hash, uint8 *result)
{
	if (pg_cryptohash_final(hash, result, PG_SHA256_DIGEST_LENGTH) < 0)
		elog(ERROR, "could not finish SHA-256: %s", pg_cryptohash_error(hash));
}

static void
hash_hex(pg_cryptohash_ctx *hash, char out[65])
{
	static const char digits[] = "0123456789abcdef";
	uint8		result[PG_SHA256_DIGEST_LENGTH];
	int			i;

	hash_final(hash, result);
	for (i = 0; i < PG_SHA256_DIGEST_LENGTH; i++)
	{
		out[2 * i] = digits[result[i] >> 4];
		out[2 * i + 1] = digits[result[i] & 0x0F];
	}
	out[2 * PG_SHA256_DIGEST_LENGTH] = '\0';
}
