/*-------------------------------------------------------------------------
 *
 * loader.h
 *	  From pushed files to registered revisions; private to the area.
 *
 * A push goes through four steps: a format turns files into sources (one a
 * revision, nothing checked yet), the loader puts linear sources in order and
 * gives them their parents, register.c decides what each one changes, and
 * the ledger writes it.  All of it is one statement of the caller: an error
 * keeps nothing.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/registry/loader.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_LOADER_H
#define SL_LOADER_H

#include "postgres.h"

#include "fmgr.h"
#include "nodes/pg_list.h"
#include "utils/jsonb.h"

#include "common/sl_compat.h"
#include "ledger/ledger.h"

/* limits of what a name may be, in bytes */
#define SL_MAX_REVISION		255
#define SL_MAX_DESCRIPTION	(1024 * 1024)

/* A pushed file. */
typedef struct SlFile
{
	const char *name;			/* relative, separated by '/' */
	const char *base;			/* behind the last '/' */
	const char *body;			/* NUL-terminated, byte order mark included */
	int			length;
} SlFile;

/*
 * What a format makes of its files: one revision, as text.  Everything in it
 * lives as long as the push.
 */
typedef struct SlSource
{
	char	   *revision;
	SlKind		kind;
	bool		linear;			/* the parent is the file before it */
	int			nparents;
	char	  **parents;
	bool		parents_partial;	/* the format cannot tell all of them */
	int			nreplaces;
	char	  **replaces;
	bool		keep_down;		/* a NULL 'down' leaves the registered one */
	bool		reported;		/* that it is empty, by the format */
	bool		covers_lower;	/* a baseline for all that is ordered before */
	const char *up;				/* NULL: external */
	int			up_line;
	const char *down;
	int			down_line;
	bool		foreign;		/* another tool's file, not to be rewritten */
	bool		outside;		/* declared: not in a transaction */
	bool		down_outside;
	char	   *description;	/* NULL: keep what is known */
	const char *format;
	const char *source;
	const char *file;			/* NULL: not from a file */
	const char *down_file;
	const char *order;			/* what the format's compare() looks at */
	int			nignores;
	char	  **ignores;
} SlSource;

typedef struct SlFormat SlFormat;

/* A push at work. */
typedef struct SlPush
{
	const SlFormat *format;
	int			nfiles;
	SlFile	   *files;
	List	   *sources;		/* SlSource pointers */
	const char *decided_by;		/* the file that the format was found by, or
								 * NULL: the caller said it */
} SlPush;

/*
 * A file format.  A new one is a file in formats/ and a row in
 * formats/formats.c.
 */
struct SlFormat
{
	const char *name;

	/* what revisions of this format belong to if the caller does not say */
	const char *source;

	/*
	 * The tool's own order, for formats whose files do not name their
	 * parents; NULL for the others.
	 */
	int			(*compare) (const char *a, const char *b);

	/*
	 * What compare() looks at, for a revision that is registered but not
	 * part of the push; NULL when that is its id.
	 */
	const char *(*order_of) (const SlRegistryEntry *entry);

	/* Is this file of the format beyond doubt?  By name first. */
	bool		(*claims) (const SlFile *file);

	/* Append the sources; refuse *.sql files that mean nothing here. */
	void		(*parse) (SlPush *push);
};

typedef enum SlOutcome
{
	SL_ADDED,
	SL_UNCHANGED,
	SL_UPDATED,
	SL_CHANGED,
	SL_WITHDRAWN
} SlOutcome;

/* in formats/formats.c */
extern const SlFormat *sl_format_find(const char *name);
extern const SlFormat *sl_format_detect(SlPush *push);

/* in formats/<tool>.c */
extern const SlFormat sl_format_plain;
extern const SlFormat sl_format_pairs;
extern const SlFormat sl_format_diesel;
extern const SlFormat sl_format_prisma;
extern const SlFormat sl_format_flyway;
extern const SlFormat sl_format_dbmate;
extern const SlFormat sl_format_alembic_sql;
extern const SlFormat sl_format_alembic;

/* in text.c */
extern bool sl_has_suffix(const char *text, const char *suffix);
extern char *sl_folder_of(const SlFile *file);
extern int	sl_count_lines(const char *text, int length);
extern int	sl_skip_bom(const char *text);
extern bool sl_is_blank(const char *text, int length);
extern void sl_blank(char *text, int start, int end);
extern int	sl_line_end(const char *text, int length, int start);
extern int	sl_next_line(const char *text, int length, int start);
extern char *sl_slice(const char *text, int start, int end);
extern char *sl_trimmed(const char *text, int length);
extern char *sl_words_of(const char *name, int length);
extern int	sl_compare_natural(const char *a, const char *b);
extern int	sl_compare_numbers(const char *a, int alen,
							   const char *b, int blen);
extern List *sl_split_list(const char *text, char separator);
extern char **sl_list_to_texts(List *list, int *count);
extern bool sl_bad_character(const char *text, bool multiline);

/* in lexer.c */

typedef enum SlLexemeType
{
	SL_LEXEME_END,
	SL_LEXEME_WORD,				/* unquoted identifier, keyword or number */
	SL_LEXEME_NAME,				/* "quoted identifier" */
	SL_LEXEME_STRING,			/* any string literal */
	SL_LEXEME_COMMENT,			/* to the end of a line; others are skipped */
	SL_LEXEME_OTHER				/* one character */
} SlLexemeType;

typedef struct SlLexeme
{
	SlLexemeType type;
	int			start;
	int			end;
	int			line;			/* from 1 */
} SlLexeme;

/* Cuts SQL text into lexemes; set up by { text, length, 0, 1 }. */
typedef struct SlLexer
{
	const char *text;
	int			length;
	int			at;
	int			line;
} SlLexer;

extern void sl_lexeme_next(SlLexer *lexer, SlLexeme *lexeme);
extern bool sl_lexeme_is(const SlLexer *lexer, const SlLexeme *lexeme,
						const char *word);
extern char *sl_lexeme_value(const SlLexer *lexer, const SlLexeme *lexeme);

/* in source.c */
extern SlSource *sl_source_new(SlPush *push, const SlFile *file,
							   const char *revision);
extern void sl_source_set_parents(SlSource *source, List *parents);
extern void sl_source_headers(SlSource *source, bool own_format);
extern void sl_source_validate(const SlSource *source);
extern const char *sl_format_hint(const SlPush *push, const SlFile *file,
								  const char *otherwise);
pg_noreturn extern void sl_file_unnamed(const SlPush *push,
										const SlFile *file,
										const char *form);

extern const char *sl_header_name(const char *word, int length, bool *bare);

/* in marker.c */
extern void sl_source_markers(const SlSource *source, bool own_format);

/* in source.c */

/*
 * How the message of an error begins: the file, or the revision if there is
 * none, and the line, or 0.
 */
extern char *sl_place(const char *file, const char *revision, int line);

/* Error context for what the server itself raises; 'arg' is the name. */
extern void sl_file_context(void *arg);

/* in register.c */
extern SlOutcome sl_source_register(const SlSource *source, bool from_push,
									char **detail);

/* in load.c */
extern void sl_load_files(FunctionCallInfo fcinfo, int nfiles, SlFile *files,
						  const char *format, Jsonb *options);

#endif							/* SL_LOADER_H */
