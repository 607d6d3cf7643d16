/*-------------------------------------------------------------------------
 *
 * source.c
 *	  One revision as text: its own headers, and what may be registered.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/registry/source.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/sl_errors.h"
#include "registry/loader.h"
#include "script/script.h"

/* where a header may stand, and whether it has a value */
#define OWN_FORMAT_ONLY		0x01	/* elsewhere the tool's own form says it */
#define BEFORE_STATEMENTS	0x02
#define IN_DOWN				0x04	/* also in the down script */
#define NEEDS_VALUE			0x08
#define NO_VALUE			0x10
#define RESERVED			0x20

typedef struct HeaderRule
{
	const char *name;
	int			flags;
	void		(*apply) (SlSource *source, const SlHeader *header,
						  bool in_down);
} HeaderRule;

static void header_revision(SlSource *source, const SlHeader *header,
							bool in_down);
static void header_parents(SlSource *source, const SlHeader *header,
						   bool in_down);
static void header_kind(SlSource *source, const SlHeader *header,
						bool in_down);
static void header_no_transaction(SlSource *source, const SlHeader *header,
								  bool in_down);
static void header_replaces(SlSource *source, const SlHeader *header,
							bool in_down);
static void header_ignore(SlSource *source, const SlHeader *header,
						  bool in_down);
static void header_down(SlSource *source, const SlHeader *header,
						bool in_down);

static const HeaderRule header_rules[] = {
	{"revision", OWN_FORMAT_ONLY | BEFORE_STATEMENTS | NEEDS_VALUE,
	header_revision},
	{"parents", BEFORE_STATEMENTS, header_parents},
	{"kind", BEFORE_STATEMENTS | NEEDS_VALUE, header_kind},
	{"no-transaction", BEFORE_STATEMENTS | NO_VALUE | IN_DOWN,
	header_no_transaction},
	{"replaces", BEFORE_STATEMENTS | NEEDS_VALUE, header_replaces},
	{"ignore", NEEDS_VALUE | IN_DOWN, header_ignore},
	{"down", OWN_FORMAT_ONLY | NO_VALUE, header_down},
	{"only", RESERVED, NULL},
	{"always", RESERVED, NULL},
	{"role", RESERVED, NULL},
	{"project", RESERVED, NULL},
};

/*
 * How a message begins, as those about scripts do, or what is known of it:
 * 'file "003.sql", line 12: '.
 */
char *
sl_place(const char *file, const char *revision, int line)
{
	if (file && line > 0)
		return psprintf("file \"%s\", line %d: ", file, line);
	if (file)
		return psprintf("file \"%s\": ", file);
	if (revision && line > 0)
		return psprintf("revision \"%s\", line %d: ", revision, line);
	return pstrdup("");
}

void
sl_file_context(void *arg)
{
	errcontext("file \"%s\"", (const char *) arg);
}

/* A source with nothing in it yet but the file that it comes from. */
SlSource *
sl_source_new(SlPush *push, const SlFile *file, const char *revision)
{
	SlSource   *source = palloc0(sizeof(SlSource));

	source->revision = pstrdup(revision);
	source->kind = SL_KIND_VERSIONED;
	source->up_line = 1;
	source->down_line = 1;
	source->file = file->name;
	source->order = source->revision;
	push->sources = lappend(push->sources, source);
	return source;
}

/* Name the parents, each once: the file before it is none any more. */
void
sl_source_set_parents(SlSource *source, List *parents)
{
	ListCell   *cell;

	source->linear = false;
	source->nparents = 0;
	source->parents = palloc(sizeof(char *) * (list_length(parents) + 1));
	foreach(cell, parents)
	{
		char	   *parent = lfirst(cell);
		int			i;

		for (i = 0; i < source->nparents; i++)
		{
			if (strcmp(source->parents[i], parent) == 0)
				break;
		}
		if (i == source->nparents)
			source->parents[source->nparents++] = parent;
	}
}

static void
header_revision(SlSource *source, const SlHeader *header, bool in_down)
{
	source->revision = pstrdup(header->value);
}

static void
header_parents(SlSource *source, const SlHeader *header, bool in_down)
{
	sl_source_set_parents(source, sl_split_list(header->value, ','));
}

static void
header_kind(SlSource *source, const SlHeader *header, bool in_down)
{
	if (!sl_kind_parse(header->value, &source->kind))
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%sunknown kind \"%s\"",
						sl_place(source->file, source->revision, header->line),
						header->value),
				 errhint("The kinds are versioned, repeatable, seed and baseline.")));
}

static void
header_no_transaction(SlSource *source, const SlHeader *header, bool in_down)
{
	if (in_down)
		source->down_outside = true;
	else
		source->outside = true;
}

static void
header_replaces(SlSource *source, const SlHeader *header, bool in_down)
{
	List	   *members = sl_split_list(header->value, ',');

	source->replaces = sl_list_to_texts(members, &source->nreplaces);
	source->covers_lower = false;
}

static void
header_ignore(SlSource *source, const SlHeader *header, bool in_down)
{
	int			n = source->nignores;

	if (strpbrk(header->value, " \t") == NULL)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%sheader \"sl:ignore\" needs a rule and a reason",
						sl_place(source->file, source->revision,
								 header->line))));
	if (n == 0)
		source->ignores = palloc(sizeof(char *));
	else
		source->ignores = repalloc(source->ignores, sizeof(char *) * (n + 1));
	source->ignores[source->nignores++] = pstrdup(header->value);
}

/* All behind this line is the down script. */
static void
header_down(SlSource *source, const SlHeader *header, bool in_down)
{
	const char *text = source->up;

	if (source->down != NULL)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%sa second down script",
						sl_place(source->file, source->revision,
								 header->line))));
	source->down = text + header->end;
	source->down_line = header->line + 1;
	source->up = sl_slice(text, 0, header->start);
}

/*
 * Is this the name of a header, but for its case?  '*bare': it takes no
 * value.
 */
const char *
sl_header_name(const char *word, int length, bool *bare)
{
	int			i;

	for (i = 0; i < (int) lengthof(header_rules); i++)
	{
		const char *name = header_rules[i].name;

		if ((int) strlen(name) != length ||
			pg_strncasecmp(name, word, length) != 0)
			continue;
		*bare = (header_rules[i].flags & NO_VALUE) != 0;
		return name;
	}
	return NULL;
}

/* Find the rule for a header, and refuse it where it must not stand. */
static const HeaderRule *
header_rule(const SlSource *source, const SlHeader *header, bool own_format,
			bool in_down)
{
	const HeaderRule *rule = NULL;
	const char *file = in_down && source->down_file ?
		source->down_file : source->file;
	int			i;

	for (i = 0; i < (int) lengthof(header_rules); i++)
	{
		if (strcmp(header->name, header_rules[i].name) == 0)
			rule = &header_rules[i];
	}
	if (rule == NULL)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%sunknown header \"sl:%s\"",
						sl_place(file, source->revision, header->line),
						header->name),
				 errhint("The headers are revision, parents, kind, no-transaction, down, replaces and ignore.")));
	if (rule->flags & RESERVED)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%sheader \"sl:%s\" is reserved, not supported yet",
						sl_place(file, source->revision, header->line),
						header->name)));
	if ((rule->flags & OWN_FORMAT_ONLY) && !own_format)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%sheader \"sl:%s\" is for plain files only",
						sl_place(file, source->revision, header->line),
						header->name)));
	if (in_down && !(rule->flags & IN_DOWN))
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%sheader \"sl:%s\" in a down script",
						sl_place(file, source->revision, header->line),
						header->name)));
	if ((rule->flags & BEFORE_STATEMENTS) && !header->leading)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%sheader \"sl:%s\" must stand before the first statement",
						sl_place(file, source->revision, header->line),
						header->name)));
	if ((rule->flags & NEEDS_VALUE) && header->value[0] == '\0')
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%sheader \"sl:%s\" needs a value",
						sl_place(file, source->revision, header->line),
						header->name)));
	if ((rule->flags & NO_VALUE) && header->value[0] != '\0')
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%sheader \"sl:%s\" takes no value",
						sl_place(file, source->revision, header->line),
						header->name)));
	return rule;
}

/*
 * Take the own headers of the up script, then of the down script, which may
 * just have been cut off from it.  A text that cannot hold one is not lexed.
 */
void
sl_source_headers(SlSource *source, bool own_format)
{
	SlOrigin	origin;
	ListCell   *cell;

	source->foreign = !own_format;
	sl_source_markers(source, own_format);
	origin.file = source->file;
	origin.revision = source->revision;
	origin.first_line = source->up_line;
	if (source->up && strstr(source->up, "sl:") != NULL)
	{
		foreach(cell, sl_script_headers(source->up, strlen(source->up),
										&origin))
		{
			const SlHeader *header = lfirst(cell);

			header_rule(source, header, own_format, false)->apply(source,
																  header,
																  false);
			if (strcmp(header->name, "down") == 0)
				break;
		}
	}

	if (source->down && strstr(source->down, "sl:") != NULL)
	{
		if (source->down_file)
			origin.file = source->down_file;
		origin.first_line = source->down_line;
		foreach(cell, sl_script_headers(source->down, strlen(source->down),
										&origin))
		{
			const SlHeader *header = lfirst(cell);

			header_rule(source, header, own_format, true)->apply(source,
																 header,
																 true);
		}
	}
}

/* An id as the registry takes it, and as a comma list can hold it. */
static void
validate_id(const SlSource *source, const char *id)
{
	size_t		length = strlen(id);

	if (length == 0)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%sa revision's id must not be empty",
						sl_place(source->file, source->revision, 0))));
	if (length > SL_MAX_REVISION)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%sa revision's id must not be longer than %d bytes",
						sl_place(source->file, NULL, 0),
						SL_MAX_REVISION),
				 errdetail("This one has %zu bytes.", length)));
	if (sl_bad_character(id, false))
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%sa revision's id must not hold control characters",
						sl_place(source->file, NULL, 0))));
	if (strcmp(id, "heads") == 0 || strcmp(id, "base") == 0)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%s\"%s\" cannot be a revision's id",
						sl_place(source->file, NULL, 0), id),
				 errdetail("As a target it means something else.")));
	if (strpbrk(id, ":,") != NULL)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%sa revision's id must not hold a colon or a comma: \"%s\"",
						sl_place(source->file, NULL, 0),
						id)));
	if (sl_is_blank(id, 1) || sl_is_blank(id + length - 1, 1))
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%sa revision's id must not begin or end with a blank: \"%s\"",
						sl_place(source->file, NULL, 0),
						id)));
}

/*
 * What no registry can hold.  Unknown parents and cycles are no matter of
 * one revision: they are accepted here and refused at a run.
 */
void
sl_source_validate(const SlSource *source)
{
	int			i;

	validate_id(source, source->revision);
	for (i = 0; i < source->nparents; i++)
		validate_id(source, source->parents[i]);

	if (source->nparents > 0 &&
		(source->kind == SL_KIND_REPEATABLE || source->kind == SL_KIND_SEED))
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%srevision \"%s\" of kind %s cannot have parents",
						sl_place(source->file, NULL, 0),
						source->revision, sl_kind_name(source->kind))));
	if (source->nreplaces > 0 && source->kind != SL_KIND_BASELINE)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%srevision \"%s\" of kind %s cannot replace others",
						sl_place(source->file, NULL, 0),
						source->revision, sl_kind_name(source->kind)),
				 errhint("Add a line \"-- sl:kind baseline\".")));
	for (i = 0; i < source->nreplaces; i++)
	{
		const char *member = source->replaces[i];
		const char *dots = strstr(member, "..");

		if (member[0] == '\0' ||
			(dots && (dots == member || dots[2] == '\0')))
			ereport(ERROR,
					(errcode(SL_ERR_BAD_INPUT),
					 errmsg("%srevision \"%s\" replaces \"%s\", which is neither an id nor a range a..b",
							sl_place(source->file, NULL, 0),
							source->revision, member)));
	}
	if (source->up == NULL && source->kind != SL_KIND_VERSIONED)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%srevision \"%s\" of kind %s needs a script",
						sl_place(source->file, NULL, 0),
						source->revision, sl_kind_name(source->kind)),
				 errdetail("Only a versioned revision can be run by another tool.")));
	if (source->up == NULL && source->down != NULL)
		ereport(ERROR,
				(errcode(SL_ERR_BAD_INPUT),
				 errmsg("%srevision \"%s\" has a down script and no up script",
						sl_place(source->down_file ? source->down_file :
								 source->file, NULL, 0),
						source->revision)));
	if (source->description)
	{
		if (strlen(source->description) > SL_MAX_DESCRIPTION)
			ereport(ERROR,
					(errcode(SL_ERR_BAD_INPUT),
					 errmsg("%sthe description of revision \"%s\" must not be longer than %d bytes",
							sl_place(source->file, NULL, 0),
							source->revision, SL_MAX_DESCRIPTION)));
		if (sl_bad_character(source->description, true))
			ereport(ERROR,
					(errcode(SL_ERR_BAD_INPUT),
					 errmsg("%sthe description of revision \"%s\" must not hold control characters",
							sl_place(source->file, NULL, 0),
							source->revision)));
	}
}

/*
 * A file that does not fit the format: if another one decided for it, the
 * caller may not even know which one it is.  Else the hint is 'otherwise'.
 */
const char *
sl_format_hint(const SlPush *push, const SlFile *file, const char *otherwise)
{
	if (push->decided_by == NULL ||
		strcmp(push->decided_by, file->name) == 0)
		return otherwise;
	return psprintf("The push is read as %s because of \"%s\"; pass the format to say otherwise.",
					push->format->name, push->decided_by);
}

/* A file that the format cannot read as a revision, and must not pass over. */
void
sl_file_unnamed(const SlPush *push, const SlFile *file, const char *form)
{
	ereport(ERROR,
			(errcode(SL_ERR_BAD_INPUT),
			 errmsg("\"%s\" is not a file of format %s", file->name,
					push->format->name),
			 errdetail("A file of this format is named %s.", form),
			 errhint("%s", sl_format_hint(push, file,
										  "Take it out of the push, or rename it, or pass another format."))));
}
