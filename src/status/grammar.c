/*-------------------------------------------------------------------------
 *
 * grammar.c
 *	  The text of a requirement.
 *
 *	[column] t.a type [COLLATE c] [NOT NULL] [DEFAULT x] [GENERATED ...]
 *	not null t.a, nullable t.a
 *	table t, view v, materialized view v, foreign table t, sequence s
 *	[unique] index [name ON] t [USING m] (...) [INCLUDE (...)] [WHERE ...]
 *	check t [name] (expression), check t name
 *	unique t [name] (a, b), primary key t [name] (a)
 *	foreign key t [name] (a) references u [(b)] [ON DELETE ...]
 *	schema s, extension e, type t, domain d, enum t ('a', 'b')
 *	function f(int) [returns type], procedure p(int), aggregate g(int)
 *	trigger name on t, policy name on t, row security t
 *
 * The names at the beginning are read here, so that they can be qualified;
 * what follows them is put behind the beginning of a statement as it stands,
 * and the server's parser reads that.  What it makes of it must be one
 * statement that does the one thing, so that nothing else can hide in it.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/status/grammar.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "parser/parser.h"
#include "parser/scansup.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "common/sl_compat.h"
#include "common/sl_errors.h"
#include "status/require.h"

/* A part of the user's text inside the statement. */
typedef struct Piece
{
	int			statement;		/* byte offset there */
	int			text;			/* and here */
	int			length;
} Piece;

#define MAX_PIECES 4

typedef struct SlReader
{
	const char *text;
	int			at;				/* byte offset */
	int			end;
	List	   *path;
	StringInfoData canonical;
	StringInfoData statement;
	Piece		pieces[MAX_PIECES];
	int			npieces;
	bool		spaced;			/* a blank stands before a bracket */
} SlReader;

static void read_object(SlReader *reader, SlRequirement *requirement);
static void read_column(SlReader *reader, SlRequirement *requirement);
static void read_not_null(SlReader *reader, SlRequirement *requirement);
static void read_index(SlReader *reader, SlRequirement *requirement);
static void read_constraint(SlReader *reader, SlRequirement *requirement);
static void read_enum(SlReader *reader, SlRequirement *requirement);
static void read_routine(SlReader *reader, SlRequirement *requirement);
static void read_member(SlReader *reader, SlRequirement *requirement);
static void read_row_security(SlReader *reader, SlRequirement *requirement);

/* A form whose words begin another one's stands behind it. */
static const SlForm forms[] = {
	{"aggregate", read_routine, sl_holds_routine, "a"},
	{"check", read_constraint, sl_holds_constraint, "CHECK"},
	{"column", read_column, sl_holds_column, NULL},
	{"domain", read_object, sl_holds_type, "d"},
	{"enum", read_enum, sl_holds_enum, NULL},
	{"extension", read_object, sl_holds_extension, "CREATE EXTENSION"},
	{"foreign key", read_constraint, sl_holds_constraint, "FOREIGN KEY"},
	{"foreign table", read_object, sl_holds_relation, "f"},
	{"function", read_routine, sl_holds_routine, "fw"},
	{"index", read_index, sl_holds_index, "CREATE INDEX"},
	{"materialized view", read_object, sl_holds_relation, "m"},
	{"not null", read_not_null, sl_holds_not_null, "SET NOT NULL"},
	{"nullable", read_not_null, sl_holds_not_null, "DROP NOT NULL"},
	{"policy", read_member, sl_holds_policy, NULL},
	{"primary key", read_constraint, sl_holds_constraint, "PRIMARY KEY"},
	{"procedure", read_routine, sl_holds_routine, "p"},
	{"row security", read_row_security, sl_holds_row_security, NULL},
	{"schema", read_object, sl_holds_schema, "CREATE SCHEMA"},
	{"sequence", read_object, sl_holds_relation, "S"},
	{"table", read_object, sl_holds_relation, "rp"},
	{"trigger", read_member, sl_holds_trigger, NULL},
	{"type", read_object, sl_holds_type, ""},
	{"unique index", read_index, sl_holds_index, "CREATE UNIQUE INDEX"},
	{"unique", read_constraint, sl_holds_constraint, "UNIQUE"},
	{"view", read_object, sl_holds_relation, "v"},
};

/* the one that needs no word */
static const SlForm column_form =
{"column", read_column, sl_holds_column, NULL};

/* SL009, with the place in the user's text. */
static void
complain(SlReader *reader, int offset, const char *detail)
{
	int			position = pg_mbstrlen_with_len(reader->text, offset) + 1;

	ereport(ERROR,
			(errcode(SL_ERR_BAD_INPUT),
			 errmsg("requirement \"%s\" cannot be read", reader->text),
			 errdetail("At character %d: %s.", position, detail),
			 errhint("Forms are \"t.a varchar(64) not null\", \"index t(a, b)\", \"check t name (a > 0)\" and others, see doc/status.md.")));
}

static bool
at_end(const SlReader *reader)
{
	return reader->at >= reader->end;
}

static void
skip_space(SlReader *reader)
{
	while (!at_end(reader) && scanner_isspace(reader->text[reader->at]))
		reader->at++;
}

static bool
begins_name(unsigned char c)
{
	return IS_HIGHBIT_SET(c) || c == '_' || (c >= 'a' && c <= 'z') ||
		(c >= 'A' && c <= 'Z');
}

static bool
continues_name(unsigned char c)
{
	return begins_name(c) || c == '$' || (c >= '0' && c <= '9');
}

/*
 * Pass over these words, with a blank or a sign between them and what comes
 * after; false, and stay, if they are not there.
 */
static bool
take_words(SlReader *reader, const char *words)
{
	int			before = reader->at;
	const char *word = words;

	skip_space(reader);
	while (*word != '\0')
	{
		int			length = strcspn(word, " ");

		if (reader->end - reader->at < length ||
			pg_strncasecmp(reader->text + reader->at, word, length) != 0 ||
			(reader->at + length < reader->end &&
			 continues_name(reader->text[reader->at + length])))
		{
			reader->at = before;
			return false;
		}
		reader->at += length;
		skip_space(reader);
		word += length;
		word += strspn(word, " ");
	}
	return true;
}

/* One name, quoted or not; NULL, and stay, if there is none. */
static char *
take_name(SlReader *reader)
{
	const char *text = reader->text;
	int			start = reader->at;
	StringInfoData name;

	if (at_end(reader))
		return NULL;
	if (text[start] != '"')
	{
		if (!begins_name(text[start]))
			return NULL;
		while (!at_end(reader) && continues_name(text[reader->at]))
			reader->at++;
		return downcase_truncate_identifier(text + start, reader->at - start,
											false);
	}
	initStringInfo(&name);
	for (reader->at++;; reader->at++)
	{
		if (at_end(reader))
			complain(reader, start, _("the name has no closing quote"));
		if (text[reader->at] == '"')
		{
			reader->at++;
			if (at_end(reader) || text[reader->at] != '"')
				break;
		}
		appendStringInfoChar(&name, text[reader->at]);
	}
	if (name.len == 0)
		complain(reader, start, _("the name is empty"));
	truncate_identifier(name.data, name.len, false);
	return name.data;
}

/* A name with dots in it: at least 'min' parts, at most 'max'. */
static List *
take_names(SlReader *reader, int min, int max, const char *what)
{
	List	   *names = NIL;
	int			start;

	skip_space(reader);
	start = reader->at;
	for (;;)
	{
		char	   *name = take_name(reader);

		if (name == NULL)
			complain(reader, reader->at, psprintf(_("%s is expected"), what));
		names = lappend(names, name);
		if (at_end(reader) || reader->text[reader->at] != '.')
			break;
		reader->at++;
	}
	if (list_length(names) < min || list_length(names) > max)
		complain(reader, start, psprintf(_("%s is expected"), what));
	return names;
}

/* Is there an object of this name, for the form, in the schema? */
static bool
is_in_schema(const SlRequirement *requirement, Oid schema, const char *name)
{
	if (requirement->form->holds == sl_holds_routine)
	{
		CatCList   *list;
		bool		found = false;
		int			i;

		list = SearchSysCacheList1(PROCNAMEARGSNSP, CStringGetDatum(name));
		for (i = 0; i < list->n_members; i++)
		{
			Form_pg_proc form;

			form = (Form_pg_proc) GETSTRUCT(&list->members[i]->tuple);
			if (form->pronamespace == schema)
				found = true;
		}
		ReleaseSysCacheList(list);
		return found;
	}
	if (requirement->form->holds == sl_holds_type ||
		requirement->form->holds == sl_holds_enum)
		return SearchSysCacheExists2(TYPENAMENSP, CStringGetDatum(name),
									 ObjectIdGetDatum(schema));
	return OidIsValid(get_relname_relid(name, schema));
}

/* The schema of what was named without one. */
static char *
find_schema(SlReader *reader, const SlRequirement *requirement,
			const char *name)
{
	ListCell   *cell;

	/* the server, too, looks there first */
	if (is_in_schema(requirement, PG_CATALOG_NAMESPACE, name))
		return pstrdup("pg_catalog");
	foreach(cell, reader->path)
	{
		Oid			schema = get_namespace_oid(lfirst(cell), true);

		if (OidIsValid(schema) && is_in_schema(requirement, schema, name))
			return pstrdup(lfirst(cell));
	}
	return pstrdup(reader->path == NIL ? "public" : linitial(reader->path));
}

/* A name of one or two parts, to schema and object. */
static void
take_object(SlReader *reader, SlRequirement *requirement, const char *what)
{
	List	   *names = take_names(reader, 1, 2, what);

	requirement->object = llast(names);
	requirement->schema = list_length(names) == 2 ? linitial(names) :
		find_schema(reader, requirement, requirement->object);
}

/* A name of two or three, to schema, object and name. */
static void
take_column(SlReader *reader, SlRequirement *requirement)
{
	List	   *names = take_names(reader, 2, 3,
								   _("the name of a column, table.column,"));

	requirement->name = llast(names);
	requirement->object = list_nth(names, list_length(names) - 2);
	requirement->schema = list_length(names) == 3 ? linitial(names) :
		find_schema(reader, requirement, requirement->object);
}

static const char *
qualified(const SlRequirement *requirement)
{
	return quote_qualified_identifier(requirement->schema,
									  requirement->object);
}

/* Put the user's text up to 'end' into statement and canonical text. */
static void
copy_to(SlReader *reader, int end)
{
	Piece	   *piece = &reader->pieces[reader->npieces];
	int			length = end - reader->at;

	Assert(reader->npieces < MAX_PIECES);
	appendStringInfoChar(&reader->statement, ' ');
	piece->statement = reader->statement.len;
	piece->text = reader->at;
	piece->length = length;
	reader->npieces++;
	appendBinaryStringInfo(&reader->statement, reader->text + reader->at,
						   length);
	if (length > 0 && (reader->text[reader->at] != '(' || reader->spaced))
		appendStringInfoChar(&reader->canonical, ' ');
	appendBinaryStringInfo(&reader->canonical, reader->text + reader->at,
						   length);
	reader->at = end;
}

/* All that is left. */
static void
copy_rest(SlReader *reader)
{
	skip_space(reader);
	copy_to(reader, reader->end);
}

static void
expect_end(SlReader *reader)
{
	skip_space(reader);
	if (!at_end(reader))
		complain(reader, reader->at, _("nothing more is expected"));
}

/* The place behind the bracket that closes the one that is next. */
static int
closing_bracket(SlReader *reader)
{
	int			depth = 0;
	char		quote = '\0';
	int			i;

	skip_space(reader);
	if (at_end(reader) || reader->text[reader->at] != '(')
		complain(reader, reader->at, _("an opening bracket is expected"));
	for (i = reader->at; i < reader->end; i++)
	{
		char		c = reader->text[i];

		if (quote != '\0')
		{
			if (c == quote)
				quote = '\0';
		}
		else if (c == '\'' || c == '"')
			quote = c;
		else if (c == '(')
			depth++;
		else if (c == ')' && --depth == 0)
			return i + 1;
	}
	complain(reader, reader->at, _("the bracket is not closed"));
	return 0;					/* keep the compiler quiet */
}

/* What the parser says of the statement, at its place in the text. */
static void
complain_as_parser(SlReader *reader, MemoryContext cxt)
{
	ErrorData  *error;
	int			offset = reader->end;
	int			category;

	MemoryContextSwitchTo(cxt);
	error = CopyErrorData();
	category = ERRCODE_TO_CATEGORY(error->sqlerrcode);
	if (category != ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION &&
		category != ERRCODE_DATA_EXCEPTION &&
		category != ERRCODE_FEATURE_NOT_SUPPORTED)
		PG_RE_THROW();
	FlushErrorState();
	if (error->cursorpos > 0)
	{
		int			place = pg_mbcharcliplen(reader->statement.data,
											 reader->statement.len,
											 error->cursorpos - 1);
		int			i;

		for (i = 0; i < reader->npieces; i++)
		{
			Piece	   *piece = &reader->pieces[i];

			if (place >= piece->statement &&
				place < piece->statement + piece->length)
				offset = piece->text + place - piece->statement;
		}
	}
	complain(reader, offset, error->message);
}

/* Give a text to the parser, with what it depends on made certain. */
static List *
parse(SlReader *reader, const char *text, RawParseMode mode)
{
	MemoryContext cxt = CurrentMemoryContext;
	int			nest_level = NewGUCNestLevel();
	List	   *volatile trees = NIL;

	(void) set_config_option("standard_conforming_strings", "on",
							 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
							 true, 0, false);
	(void) set_config_option("backslash_quote", "safe_encoding",
							 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
							 true, 0, false);
	PG_TRY();
	{
		trees = raw_parser(text, mode);
	}
	PG_CATCH();
	{
		complain_as_parser(reader, cxt);
	}
	PG_END_TRY();
	AtEOXact_GUC(true, nest_level);
	return trees;
}

/* Parse the statement, which must be one, and of one kind. */
static Node *
parse_statement(SlReader *reader, NodeTag tag)
{
	List	   *trees = parse(reader, reader->statement.data,
							  RAW_PARSE_DEFAULT);
	Node	   *statement;

	if (list_length(trees) != 1)
		complain(reader, reader->pieces[0].text,
				 _("there is more than one thing in it"));
	statement = linitial_node(RawStmt, trees)->stmt;
	if (nodeTag(statement) != tag)
		complain(reader, reader->pieces[0].text,
				 _("there is something else in it"));
	return statement;
}

/* The same for ALTER TABLE with one command. */
static AlterTableCmd *
parse_alter(SlReader *reader, AlterTableType subtype)
{
	AlterTableStmt *statement = (AlterTableStmt *)
		parse_statement(reader, T_AlterTableStmt);
	AlterTableCmd *command = linitial_node(AlterTableCmd, statement->cmds);

	if (list_length(statement->cmds) != 1 || command->subtype != subtype)
		complain(reader, reader->pieces[0].text,
				 _("there is more than one thing in it"));
	return command;
}

/* table t, extension e: a name and nothing else */
static void
read_object(SlReader *reader, SlRequirement *requirement)
{
	const SlForm *form = requirement->form;

	if (form->holds == sl_holds_schema || form->holds == sl_holds_extension)
	{
		requirement->object = linitial(take_names(reader, 1, 1,
												  _("one name")));
		appendStringInfo(&reader->canonical, " %s",
						 quote_identifier(requirement->object));
		requirement->ddl = psprintf("%s %s", form->detail,
									quote_identifier(requirement->object));
	}
	else
	{
		take_object(reader, requirement, _("a name"));
		appendStringInfo(&reader->canonical, " %s", qualified(requirement));
		if (form->holds == sl_holds_relation && form->detail[0] == 'S')
			requirement->ddl = psprintf("CREATE SEQUENCE %s",
										qualified(requirement));
	}
	expect_end(reader);
}

/* What can be asked of a column, and is no object of its own. */
static bool
is_of_column(const Constraint *constraint)
{
	return constraint->contype == CONSTR_NOTNULL ||
		constraint->contype == CONSTR_NULL ||
		constraint->contype == CONSTR_DEFAULT ||
		constraint->contype == CONSTR_IDENTITY ||
		constraint->contype == CONSTR_GENERATED;
}

static bool
is_serial(const TypeName *type)
{
	static const char *const names[] = {
		"serial", "serial2", "serial4", "serial8", "bigserial", "smallserial"
	};
	int			i;

	if (list_length(type->names) != 1)
		return false;
	for (i = 0; i < (int) lengthof(names); i++)
		if (strcmp(strVal(linitial(type->names)), names[i]) == 0)
			return true;
	return false;
}

static void
check_type(SlReader *reader, const TypeName *type)
{
	int			place = reader->pieces[0].text;

	if (type->pct_type)
		complain(reader, place, _("the type has to be named itself"));
	if (is_serial(type))
		complain(reader, place,
				 _("serial is no type: write integer default nextval('...')"));
}

/* t.a type ... */
static void
read_column(SlReader *reader, SlRequirement *requirement)
{
	ColumnDef  *column;
	ListCell   *cell;

	take_column(reader, requirement);
	resetStringInfo(&reader->canonical);
	appendStringInfo(&reader->canonical, "%s.%s", qualified(requirement),
					 quote_identifier(requirement->name));
	skip_space(reader);
	if (at_end(reader))
		complain(reader, reader->at, _("the column's type is expected"));
	appendStringInfo(&reader->statement, "ALTER TABLE %s ADD COLUMN %s",
					 qualified(requirement),
					 quote_identifier(requirement->name));
	copy_rest(reader);
	column = castNode(ColumnDef, parse_alter(reader, AT_AddColumn)->def);
	check_type(reader, column->typeName);
	if (column->typeName->setof)
		complain(reader, reader->pieces[0].text,
				 _("a column cannot be a set"));
	if (column->fdwoptions != NIL || column->compression != NULL ||
		sl_column_storage_name(column) != NULL)
		complain(reader, reader->pieces[0].text,
				 _("options, compression and storage cannot be required"));
	foreach(cell, column->constraints)
	{
		if (!is_of_column(lfirst_node(Constraint, cell)))
			complain(reader, reader->pieces[0].text,
					 _("a constraint is a requirement of its own, \"unique t(a)\""));
	}
	requirement->tree = (Node *) column;
	requirement->ddl = reader->statement.data;
}

/* not null t.a, nullable t.a */
static void
read_not_null(SlReader *reader, SlRequirement *requirement)
{
	take_column(reader, requirement);
	expect_end(reader);
	appendStringInfo(&reader->canonical, " %s.%s", qualified(requirement),
					 quote_identifier(requirement->name));
	requirement->ddl = psprintf("ALTER TABLE %s ALTER COLUMN %s %s",
								qualified(requirement),
								quote_identifier(requirement->name),
								requirement->form->detail);
}

/* [unique] index [name on] t (...) */
static void
read_index(SlReader *reader, SlRequirement *requirement)
{
	IndexStmt  *index;
	int			before;
	char	   *name;

	skip_space(reader);
	before = reader->at;
	name = take_name(reader);
	if (name != NULL && take_words(reader, "on"))
	{
		requirement->name = name;
		appendStringInfo(&reader->canonical, " %s on",
						 quote_identifier(name));
	}
	else
		reader->at = before;
	take_object(reader, requirement, _("the name of a table"));
	appendStringInfo(&reader->canonical, " %s", qualified(requirement));
	appendStringInfo(&reader->statement, "%s %s ON %s",
					 requirement->form->detail,
					 name != NULL && requirement->name != NULL ?
					 quote_identifier(name) : "",
					 qualified(requirement));
	copy_rest(reader);
	index = (IndexStmt *) parse_statement(reader, T_IndexStmt);
	if (index->options != NIL || index->tableSpace != NULL)
		complain(reader, reader->pieces[0].text,
				 _("options and tablespaces cannot be required"));
	requirement->tree = (Node *) index;
	requirement->ddl = reader->statement.data;
}

/* The table that a foreign key refers to: its schema is made certain. */
static void
read_references(SlReader *reader, SlRequirement *requirement)
{
	SlRequirement other = *requirement;

	copy_to(reader, closing_bracket(reader));
	if (!take_words(reader, "references"))
		complain(reader, reader->at, _("\"references\" is expected"));
	take_object(reader, &other, _("the name of a table"));
	appendStringInfo(&reader->statement, " REFERENCES %s", qualified(&other));
	appendStringInfo(&reader->canonical, " references %s",
					 qualified(&other));
}

/* check t [name] (...), and the other constraints */
static void
read_constraint(SlReader *reader, SlRequirement *requirement)
{
	const char *kind = requirement->form->detail;
	AlterTableCmd *command;
	int			before;

	take_object(reader, requirement, _("the name of a table"));
	appendStringInfo(&reader->canonical, " %s", qualified(requirement));
	appendStringInfo(&reader->statement, "ALTER TABLE %s ADD",
					 qualified(requirement));
	skip_space(reader);
	before = reader->at;
	if (!take_words(reader, "nulls not distinct") &&
		!take_words(reader, "nulls distinct"))
	{
		requirement->name = take_name(reader);
		skip_space(reader);
		before = reader->at;
		reader->spaced = requirement->name != NULL;
	}
	reader->at = before;
	if (requirement->name != NULL)
	{
		appendStringInfo(&reader->canonical, " %s",
						 quote_identifier(requirement->name));
		appendStringInfo(&reader->statement, " CONSTRAINT %s",
						 quote_identifier(requirement->name));
		if (at_end(reader))
			return;
	}
	appendStringInfo(&reader->statement, " %s", kind);
	if (strcmp(kind, "FOREIGN KEY") == 0)
		read_references(reader, requirement);
	copy_rest(reader);
	command = parse_alter(reader, AT_AddConstraint);
	requirement->tree = command->def;
	requirement->ddl = reader->statement.data;
}

/* enum t ('a', 'b') */
static void
read_enum(SlReader *reader, SlRequirement *requirement)
{
	take_object(reader, requirement, _("the name of a type"));
	appendStringInfo(&reader->canonical, " %s", qualified(requirement));
	reader->spaced = true;
	appendStringInfo(&reader->statement, "CREATE TYPE %s AS ENUM",
					 qualified(requirement));
	copy_rest(reader);
	requirement->tree = parse_statement(reader, T_CreateEnumStmt);
	requirement->ddl = reader->statement.data;
}

/* function f(int) [returns type]: parsed as an object that is commented on */
static void
read_routine(SlReader *reader, SlRequirement *requirement)
{
	CommentStmt *statement;
	const char *words = requirement->form->words;

	take_object(reader, requirement, _("the name of a routine"));
	appendStringInfo(&reader->canonical, " %s", qualified(requirement));
	appendStringInfo(&reader->statement, "COMMENT ON %s %s", words,
					 qualified(requirement));
	copy_to(reader, closing_bracket(reader));
	appendStringInfo(&reader->statement, " IS NULL");
	statement = (CommentStmt *) parse_statement(reader, T_CommentStmt);
	requirement->tree = statement->object;
	if (strcmp(words, "function") == 0 && take_words(reader, "returns"))
	{
		List	   *types;

		resetStringInfo(&reader->statement);
		reader->npieces = 0;
		appendStringInfoString(&reader->canonical, " returns");
		copy_rest(reader);
		types = parse(reader, reader->statement.data, RAW_PARSE_TYPE_NAME);
		requirement->result = linitial_node(TypeName, types);
		check_type(reader, requirement->result);
	}
	expect_end(reader);
}

/* trigger name on t */
static void
read_member(SlReader *reader, SlRequirement *requirement)
{
	requirement->name = linitial(take_names(reader, 1, 1, _("one name")));
	if (!take_words(reader, "on"))
		complain(reader, reader->at, _("\"on\" is expected"));
	take_object(reader, requirement, _("the name of a table"));
	expect_end(reader);
	appendStringInfo(&reader->canonical, " %s on %s",
					 quote_identifier(requirement->name),
					 qualified(requirement));
}

/* row security t */
static void
read_row_security(SlReader *reader, SlRequirement *requirement)
{
	take_object(reader, requirement, _("the name of a table"));
	expect_end(reader);
	appendStringInfo(&reader->canonical, " %s", qualified(requirement));
	requirement->ddl = psprintf("ALTER TABLE %s ENABLE ROW LEVEL SECURITY",
								qualified(requirement));
}

SlRequirement *
sl_requirement_parse(const char *text, List *path)
{
	SlRequirement *requirement = palloc0_object(SlRequirement);
	SlReader	reader;
	int			i;

	memset(&reader, 0, sizeof(reader));
	reader.text = text;
	reader.end = strlen(text);
	reader.path = path;
	initStringInfo(&reader.canonical);
	initStringInfo(&reader.statement);
	while (reader.end > 0 && (scanner_isspace(text[reader.end - 1]) ||
							  text[reader.end - 1] == ';'))
		reader.end--;
	skip_space(&reader);
	if (at_end(&reader))
		complain(&reader, 0, _("it is empty"));

	requirement->form = &column_form;
	for (i = 0; i < (int) lengthof(forms); i++)
	{
		int			before = reader.at;

		/* "check.a int" is a column of a table of that name */
		if (!take_words(&reader, forms[i].words))
			continue;
		if (!at_end(&reader) && text[reader.at] == '.')
		{
			reader.at = before;
			continue;
		}
		requirement->form = &forms[i];
		appendStringInfoString(&reader.canonical, forms[i].words);
		break;
	}
	requirement->form->read(&reader, requirement);
	requirement->text = reader.canonical.data;
	return requirement;
}
