/*-------------------------------------------------------------------------
 *
 * slice.h
 *	  Cutting a script into statements, for the files of this area alone.
 *
 * The scanner of script.h stands on this: a pass over the tokens of the
 * server's lexer that knows where statements, COPY data and psql lines
 * begin and end.  Whoever needs the tokens themselves hooks in here, so that
 * boundaries are decided in one place.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/script/slice.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_SLICE_H
#define SL_SLICE_H

#include "postgres.h"

#include "common/sl_compat.h"
#include "nodes/parsenodes.h"
#include "parser/scanner.h"
#include "script/script.h"

typedef enum SlTokenKind
{
	SL_TOKEN_END,				/* the end of the text */
	SL_TOKEN_TERMINATOR,		/* a semicolon that ends a statement */
	SL_TOKEN_PSQL,				/* the backslash of a skipped psql line */
	SL_TOKEN_CHAR,				/* any other single character */
	SL_TOKEN_WORD,				/* keyword or unquoted identifier */
	SL_TOKEN_NAME,				/* quoted identifier */
	SL_TOKEN_UNICODE_NAME,		/* U&"...", escapes not resolved */
	SL_TOKEN_STRING,			/* '...', E'...', $$...$$ */
	SL_TOKEN_UNICODE_STRING,	/* U&'...', escapes not resolved */
	SL_TOKEN_BITS,				/* b'...' and x'...' */
	SL_TOKEN_NUMBER,
	SL_TOKEN_PARAM,
	SL_TOKEN_OPERATOR
} SlTokenKind;

typedef struct SlToken
{
	SlTokenKind kind;
	bool		first;			/* the first of its statement */
	int			start;			/* byte offset in the text */
	int			end;			/* byte offset after the last byte */
	const char *value;			/* as the lexer resolved it (folded, unquoted,
								 * unescaped), else the source; not always
								 * NUL-terminated; good until the next token */
	int			value_length;
} SlToken;

/* A place in the text; only ever moved forward, so that counting is linear. */
typedef struct SlPosition
{
	int			offset;
	int			line;
	int			column;
} SlPosition;

/*
 * Called for each token.  What lies between scanner->gap and token->start is
 * white space and comments.
 */
typedef void (*SlTokenHook) (void *arg, const SlScanner *scanner,
							 const SlToken *token);

struct SlScanner
{
	const char *text;
	int			length;
	SlOrigin	origin;
	int			base;			/* length of the byte order mark */
	MemoryContext context;		/* holds the scanner */
	MemoryContext token_context;	/* what the lexer allocates */
	Size		token_bytes;	/* since the last reset of that */
	core_yyscan_t lexer;
	core_yy_extra_type extra;
	int			location;		/* where the lexer is, less 'base' */
	SlPosition	position;		/* start of the statement or its data */
	int			gap;			/* end of what came before the next token */
	int			terminator;		/* offset of the last statement's semicolon,
								 * or of the end of the text */
	bool		at_end;
	int			cursor;			/* where the parser saw an error; 0: nowhere */
	SlTokenHook hook;
	void	   *hook_arg;
	bool		lenient;		/* see sl_scan_leniently */

	/* of the layer above: statements */
	int			slices;			/* with BEGIN and COMMIT */
	int			ordinal;
	SlPosition	begin;			/* the BEGIN taken off; line 0: none */
};

/* One statement, not parsed. */
typedef struct SlSlice
{
	SlPosition	start;
	int			length;
	bool		is_copy;		/* starts with the word COPY */
} SlSlice;

/* in slice.c */
extern bool sl_slice_next(SlScanner *scanner, SlSlice *slice);
extern RawStmt *sl_slice_parse(SlScanner *scanner, const SlSlice *slice,
							   const char *text);
extern bool sl_slice_has_data(const RawStmt *tree);
extern void sl_slice_take_data(SlScanner *scanner, const char **data,
							   int *length, int *line);
extern void sl_slice_read_all(SlScanner *scanner);

/* in position.c */
extern void sl_position_move(const char *text, SlPosition *position, int to);
pg_noreturn extern void sl_script_complain(const SlOrigin *origin,
										   const SlPosition *position,
										   const char *message,
										   const char *hint);
pg_noreturn extern void sl_script_rethrow(const SlScanner *scanner,
										  MemoryContext caller,
										  const SlSlice *slice);
extern void sl_script_context(void *arg);

/* in meaning.c */
typedef struct SlDigest SlDigest;

extern SlDigest *sl_digest_create(void);
extern void sl_digest_token(void *arg, const SlScanner *scanner,
							const SlToken *token);
extern void sl_digest_statement(SlDigest *digest,
								const SlStatement *statement);
extern void sl_digest_hex(SlDigest *digest, char out[65]);
extern void sl_digest_free(SlDigest *digest);

#endif							/* SL_SLICE_H */
