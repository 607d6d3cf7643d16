/*-------------------------------------------------------------------------
 *
 * script.h
 *	  From the text of a migration to statements the server can run.
 *
 * Nothing here knows of revisions, of the catalog or of the ledger: the area
 * takes text and gives statements, classes, checksums and errors.
 *
 * Statement boundaries come from the server's own lexer (core_yylex), trees
 * from its own parser (raw_parser), so a script means here exactly what it
 * means to the server it runs on.  Statements are produced one at a time: a
 * script of 100 MB costs its text, the lexer's copy of it, and one statement.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/script/script.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_SCRIPT_H
#define SL_SCRIPT_H

#include "nodes/parsenodes.h"
#include "nodes/pg_list.h"

/*
 * Where a script came from, for messages: 'file' when it was loaded from one
 * (else NULL), 'revision' when that is known (else NULL).  'first_line' is
 * the line of the file at which the text begins: a section of a dbmate file
 * starts at line 2 or later, and messages speak of lines of the file.
 */
typedef struct SlOrigin
{
	const char *file;
	const char *revision;
	int			first_line;		/* 1 for a whole file */
} SlOrigin;

/* One statement of a script. */
typedef struct SlStatement
{
	int			ordinal;		/* from 1; a taken-off BEGIN or COMMIT and
								 * psql lines that are skipped do not count */
	int			start;			/* byte offset of the first token */
	int			length;			/* in bytes, without the semicolon and without
								 * trailing blanks and comments */
	int			line;			/* of the first token, origin included */
	int			column;			/* of the first token, in characters, from 1 */
	const char *text;			/* NUL-terminated copy of the slice */
	RawStmt    *tree;			/* raw parse tree of 'text'; its locations are
								 * byte offsets into 'text' */
	const char *data;			/* inline data of COPY ... FROM stdin: points
								 * into the script; NULL for any other
								 * statement */
	int			data_length;	/* without the line with backslash-dot */
	int			data_line;		/* line of the first data line */
} SlStatement;

typedef struct SlScanner SlScanner;

/*
 * Iterate over the statements of a script.  The scanner keeps a pointer to
 * 'text', which must stay, and need not be NUL-terminated.  sl_scan_next
 * allocates the statement in the current memory context, which may be reset
 * between calls, while the scanner itself lives in the context that was
 * current at sl_scan_begin.
 *
 * Taken care of: a UTF-8 byte order mark at the start; psql's \restrict and
 * \unrestrict lines (skipped); COPY data; one BEGIN ... COMMIT around all of
 * the script (both taken off); BEGIN ATOMIC bodies; CREATE RULE's
 * parentheses.  Raised as SL009 with file and line: lexical and syntax
 * errors (the server's message kept), other psql commands, transaction
 * control anywhere else, and what sl_script_check documents.
 */
extern SlScanner *sl_scan_begin(const char *text, Size length,
								const SlOrigin *origin);
extern bool sl_scan_next(SlScanner *scanner, SlStatement *statement);
extern void sl_scan_end(SlScanner *scanner);

/*
 * For a script that is only looked at: transaction control comes like any
 * other statement, with the ordinal of the one before it, and the parser's
 * notices are not sent.  To be called before the first sl_scan_next.
 */
extern void sl_scan_leniently(SlScanner *scanner);

/* What one pass over a script tells. */
typedef struct SlScriptInfo
{
	int			statements;
	bool		transactional;	/* every statement can run in a transaction */
	const char *offender;		/* the first that cannot: its command, such as
								 * CREATE INDEX CONCURRENTLY; else NULL */
	int			offender_line;
	bool		has_data;		/* a data revision: DML, COPY, DO, CALL, or
								 * function calls; facts cannot prove it */
	char		checksum[65];	/* SHA-256 of the bytes, hex */
	char		meaning[65];	/* SHA-256 of the tokens, hex: blind to
								 * comments, white space, keyword case, line
								 * ends, and \restrict keys; the same on every
								 * major version */
} SlScriptInfo;

/*
 * Parse the whole script, refuse what must never run (SL009 with file and
 * line: transaction control in the middle, DISCARD ALL and TEMP, LISTEN and
 * UNLISTEN, DEALLOCATE ALL, CLOSE ALL, cursors WITH HOLD, session-level
 * advisory locks and unlocks, standard_conforming_strings = off, COPY TO
 * STDOUT, psql commands, what cannot run in a transaction between BEGIN and
 * COMMIT), and fill 'info'.
 */
extern void sl_script_check(const char *text, Size length,
							const SlOrigin *origin, SlScriptInfo *info);

/* The class of one statement, from its raw tree alone. */
extern bool sl_statement_is_transactional(Node *stmt, const char **command);
extern bool sl_statement_has_data(Node *stmt);

/* Would sl_script_check refuse it?  Then why, and what to do. */
extern bool sl_statement_is_refused(Node *stmt, const char **message,
									const char **hint);

/*
 * Do two scripts mean the same: the same statements by raw parse tree without
 * locations, and the same COPY data?
 */
extern bool sl_script_same_meaning(const char *a, const char *b);

/* How many leading statements do two scripts share, compared the same way? */
extern int	sl_script_common_prefix(const char *a, const char *b);

/*
 * Own headers: comment lines "-- sl:name value" outside of literals and COPY
 * data, in the order of the text.  The text is lexed, not parsed: a syntax
 * error is no obstacle, but an unterminated literal raises SL009.
 */
typedef struct SlHeader
{
	const char *name;			/* "revision", "parents", "down", ...; empty
								 * if nothing follows the colon */
	const char *value;			/* rest of the line, trimmed; may be empty */
	int			start;			/* byte offset of the line's first byte */
	int			end;			/* byte offset after the line's newline */
	int			line;			/* origin included */
	bool		leading;		/* stands before the first statement */
} SlHeader;

extern List *sl_script_headers(const char *text, Size length,
							   const SlOrigin *origin);

/* The same for all comments that begin with two dashes. */
typedef struct SlComment
{
	const char *text;			/* with the dashes, without blanks behind */
	int			line;			/* origin included */
	bool		alone;			/* nothing stands before it on its line */
} SlComment;

extern List *sl_script_comments(const char *text, Size length,
								const SlOrigin *origin);

/*
 * Names that the server will cut, as they are longer than an identifier may
 * be: in the order of the text, what is quoted without its quotes.
 */
typedef struct SlLongName
{
	const char *name;
	int			line;			/* origin included */
} SlLongName;

extern List *sl_script_long_names(const char *text, Size length,
								  const SlOrigin *origin);

/*
 * The SQL statements in the body of a PL/pgSQL routine or DO block.  What
 * cannot be told from the text (EXECUTE of a computed string, and whatever
 * is not understood) comes without a tree.
 */
typedef struct SlEmbedded
{
	int			line;			/* first_line included */
	RawStmt    *tree;			/* NULL: opaque */
	const char *what;			/* then its first word, in upper case */
} SlEmbedded;

extern List *sl_block_statements(const char *body, int first_line);

/* Hex SHA-256 of bytes. */
extern void sl_sha256_hex(const void *data, Size length, char out[65]);

#endif							/* SL_SCRIPT_H */
