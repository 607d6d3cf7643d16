/*-------------------------------------------------------------------------
 *
 * verify.c
 *	  sl_verify() and sl_ready(): yes or no, and never an error.
 *
 * A health check asks this thousands of times a second, and the answer hardly
 * ever changes.  So the last answers of the session are kept, each with the
 * numbers that move when anything is changed that it rests on: rows of the
 * catalog, the extension's own tables, and what a clock makes of them.  An
 * answer is believed only while all of them stand still.  A transaction that
 * has written anything believes no answer, and leaves none behind.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/status/verify.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"

#include "common/invalidation.h"
#include "common/sl_compat.h"
#include "status/status.h"

PG_FUNCTION_INFO_V1(sl_verify);
PG_FUNCTION_INFO_V1(sl_ready);

/* answers that are kept: a service asks one question, a pooled session few */
#define ANSWERS 8

/* Numbers that stand still as long as nothing changed. */
typedef struct Witness
{
	uint64		ledger;
	uint64		catalog;
} Witness;

/* What was asked, and what came out of it. */
typedef struct Answer
{
	char	   *expected;		/* NULL: of all heads */
	bool		used;
	bool		verified;
	bool		ready;
	bool		lasting;		/* else only 'ready' is of use, as the last */
	Witness		witness;
	TimestampTz until;			/* an accepted difference ends then */
} Answer;

static Answer answers[ANSWERS];
static int	next_answer = 0;
static MemoryContext answers_cxt = NULL;

static void
look_at_witness(Witness *witness)
{
	witness->ledger = sl_ledger_generation();
	witness->catalog = sl_catalog_generation();
}

static Answer *
find_answer(const char *expected)
{
	int			i;

	for (i = 0; i < ANSWERS; i++)
	{
		Answer	   *answer = &answers[i];

		if (answer->used &&
			(expected == NULL ? answer->expected == NULL :
			 answer->expected != NULL &&
			 strcmp(answer->expected, expected) == 0))
			return answer;
	}
	return NULL;
}

/* A place for the answer to a question. */
static Answer *
make_answer(const char *expected)
{
	Answer	   *answer = find_answer(expected);

	if (answer != NULL)
		return answer;
	answer = &answers[next_answer];
	next_answer = (next_answer + 1) % ANSWERS;
	if (answers_cxt == NULL)
		answers_cxt = AllocSetContextCreate(TopMemoryContext,
											"schema_lifecycle answers",
											ALLOCSET_SMALL_SIZES);
	if (answer->used && answer->expected != NULL)
		pfree(answer->expected);
	memset(answer, 0, sizeof(*answer));
	if (expected != NULL)
		answer->expected = MemoryContextStrdup(answers_cxt, expected);
	answer->used = true;
	return answer;
}

bool
sl_verdict_is_unknown(const SlVerdict *verdict)
{
	return strcmp(verdict->name, "unknown") == 0;
}

/*
 * May a service work?  While nothing can be known, what was known last: true
 * if this session never asked, since all that the history says is true.
 */
bool
sl_ready_of(const SlReport *report, const char *expected)
{
	const Answer *answer;

	if (!sl_verdict_is_unknown(report->verdict))
		return report->verdict->ready;
	answer = find_answer(expected);
	return answer == NULL || answer->ready;
}

/* The answer, by looking; and keep it, if it is one that can be kept. */
static void
answer_by_looking(const char *expected, bool *verified, bool *ready)
{
	Witness		before;
	Witness		after;
	SlReport   *report;
	Answer	   *answer;

	look_at_witness(&before);
	report = sl_report_make(expected, SL_REPORT_VERDICT);
	*verified = strcmp(report->verdict->status, "ok") == 0;
	*ready = sl_ready_of(report, expected);
	look_at_witness(&after);
	if (sl_transaction_writes())
		return;
	answer = make_answer(expected);
	answer->verified = *verified;
	answer->ready = *ready;
	answer->witness = before;
	answer->until = sl_accepted_next_end();
	answer->lasting = memcmp(&before, &after, sizeof(Witness)) == 0 &&
		!sl_verdict_is_unknown(report->verdict);
}

/*
 * The same without an error: no answer is a no.  A cancel and what the server
 * has no memory for are not ours to keep.  Who did not get a lock in time does
 * not know; a service goes on as before, then.
 */
static void
answer_safely(const char *expected, bool *verified, bool *ready)
{
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	MemoryContext cxt = AllocSetContextCreate(caller, "schema_lifecycle verify",
											  ALLOCSET_DEFAULT_SIZES);

	BeginInternalSubTransaction(NULL);
	PG_TRY();
	{
		MemoryContextSwitchTo(cxt);
		answer_by_looking(expected, verified, ready);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		const Answer *answer;
		ErrorData  *error;

		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		CurrentResourceOwner = owner;
		if (sl_error_must_pass(error))
			ReThrowError(error);
		*verified = *ready = false;
		answer = find_answer(expected);
		if (error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE && answer != NULL)
			*ready = answer->ready;
		FreeErrorData(error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	CurrentResourceOwner = owner;
	MemoryContextDelete(cxt);
}

/* The kept answer, if nothing moved since; NULL if it cannot be believed. */
static const Answer *
kept_answer(const char *expected)
{
	const Answer *answer;
	Witness		now;

	/* first of all, since this is what hears of changes */
	look_at_witness(&now);
	if (sl_transaction_writes())
		return NULL;
	answer = find_answer(expected);
	if (answer == NULL || !answer->lasting ||
		memcmp(&answer->witness, &now, sizeof(Witness)) != 0 ||
		(answer->until != 0 && GetCurrentTimestamp() >= answer->until))
		return NULL;
	return answer;
}

static void
answer_question(const char *expected, bool *verified, bool *ready)
{
	const Answer *answer = kept_answer(expected);

	if (answer != NULL)
	{
		*verified = answer->verified;
		*ready = answer->ready;
	}
	else
		answer_safely(expected, verified, ready);
}

/* sl_ready(), for who asks it again and again */
bool
sl_ready_now(const char *expected)
{
	bool		verified = false;
	bool		ready = false;

	answer_question(expected, &verified, &ready);
	return ready;
}

static char *
expected_argument(FunctionCallInfo fcinfo)
{
	return PG_ARGISNULL(0) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(0));
}

/* sl_verify(expected_head) */
Datum
sl_verify(PG_FUNCTION_ARGS)
{
	bool		verified = false;
	bool		ready = false;

	answer_question(expected_argument(fcinfo), &verified, &ready);
	PG_RETURN_BOOL(verified);
}

/* sl_ready(expected_head) */
Datum
sl_ready(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(sl_ready_now(expected_argument(fcinfo)));
}
