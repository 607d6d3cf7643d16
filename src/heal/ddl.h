/*-------------------------------------------------------------------------
 *
 * ddl.h
 *	  From facts to the statements that bring them about.
 *
 * Names in facts are qualified and quoted, and texts of definitions are the
 * server's own under the search_path "pg_catalog, pg_temp": the statements
 * made here mean what they should under that path, and under no other.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/heal/ddl.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SL_DDL_H
#define SL_DDL_H

#include "postgres.h"

#include "lib/stringinfo.h"
#include "nodes/pg_list.h"

#include "catalog/catalog.h"
#include "common/sl_compat.h"

/* Facts that a statement may need beside its own: a table's columns. */
typedef struct SlDdlFacts
{
	/* SlFact pointers: missing columns of a relation, in their order */
	List	   *(*columns) (const char *relation, void *arg);
	/* a fact that differs or is missing, as it should be; or NULL */
	const SlFact *(*find) (const char *class, const char *identity,
						   void *arg);
	void	   *arg;
} SlDdlFacts;

/* Statements in the making. */
typedef struct SlDdl
{
	const SlDdlFacts *facts;
	bool		online;			/* outside a transaction: CONCURRENTLY */
	bool		owners;			/* are compared: to be set at any price */
	bool		privileges;		/* the same */
	List	   *statements;		/* char * */
	bool		unsafe;			/* it is not to run by itself */
	bool		looks;			/* rows may be in the way */
	bool		apart;			/* online: each statement by itself */
	const char *reason;			/* why it is unsafe */
	List	   *otherwise;		/* char *: where the server refuses those */
} SlDdl;

typedef void (*SlDdlAlter) (SlDdl *ddl, const SlFact *expected,
							const SlFact *actual);

/* How an attribute is changed; several may share a function. */
typedef struct SlDdlAttribute
{
	const char *name;
	SlDdlAlter	alter;
} SlDdlAttribute;

typedef struct SlDdlClass
{
	const char *class;
	int			rank;			/* of its creation, see order.c */
	const char *noun;			/* as COMMENT ON and DROP say it */
	const char *grant;			/* as GRANT says it; NULL: no privileges */
	bool		owned;			/* ALTER ... OWNER TO */
	bool		replaceable;	/* to drop it loses nothing but its text */
	void		(*create) (SlDdl *ddl, const SlFact *fact);
	const SlDdlAttribute *attributes;	/* ends with a NULL name */
} SlDdlClass;

/* in ddl.c */
extern bool sl_ddl_knows(const char *class);
extern const SlDdlClass *sl_ddl_class(const char *class);
extern void sl_ddl_create(SlDdl *ddl, const SlDdlClass *class,
						  const SlFact *fact);
extern void sl_ddl_replace(SlDdl *ddl, const SlDdlClass *class,
						   const SlFact *expected, const SlFact *actual);
extern SlDdlAlter sl_ddl_alter(const SlDdlClass *class, const char *attribute);
extern char *sl_ddl_drop_text(const SlFact *fact);
extern const char *sl_ddl_no_statement(const char *class,
									   const char *attribute);

/* what the files of the groups use */
extern void sl_ddl_add(SlDdl *ddl, const char *format,...)
			sl_attribute_printf(2, 3);
extern void sl_ddl_refuse(SlDdl *ddl, const char *reason);
extern const SlAttribute *sl_fact_get(const SlFact *fact, const char *name);
extern const char *sl_fact_text(const SlFact *fact, const char *name);
extern bool sl_fact_is(const SlFact *fact, const char *name,
					   const char *text);
extern bool sl_fact_true(const SlFact *fact, const char *name);
extern void sl_ddl_join(StringInfo out, const SlAttribute *list,
						const char *separator);
extern void sl_ddl_storage_options(StringInfo out, const SlAttribute *list);
extern void sl_ddl_generic_options(StringInfo out, const SlAttribute *list);
extern void sl_ddl_alter_storage_options(SlDdl *ddl, const char *what,
										 const SlAttribute *expected,
										 const SlAttribute *actual);
extern void sl_ddl_alter_generic_options(SlDdl *ddl, const char *what,
										 const SlAttribute *expected,
										 const SlAttribute *actual);
extern bool sl_list_has(const SlAttribute *list, const char *item);
extern char *sl_ddl_address(const SlFact *fact);
extern void sl_ddl_comment(SlDdl *ddl, const SlFact *fact);

/* in ddl_whole.c */
extern bool sl_ddl_is_whole(const SlFact *fact);

/* in ddl_made.c */
extern void sl_ddl_check_made(const SlDdl *ddl, const SlFact *fact,
							  List *statements);

/* in ddl_names.c */
extern char *sl_name_owner(const char *identity);
extern const char *sl_name_last(const char *identity);
extern char *sl_name_routine(const char *identity);
extern char *sl_name_arguments(const char *identity);
extern char *sl_name_operator(const char *identity);
extern const char *sl_name_skip(const char *p);
extern const char *sl_find_outside(const char *text, const char *word);
extern List *sl_split_outside(const char *text, const char *separator);

/* in ddl_privileges.c */
extern void sl_ddl_owner(SlDdl *ddl, const SlFact *fact);
extern void sl_ddl_privileges(SlDdl *ddl, const SlFact *fact);
extern void sl_alter_owner(SlDdl *ddl, const SlFact *expected,
						   const SlFact *actual);
extern void sl_alter_privileges(SlDdl *ddl, const SlFact *expected,
								const SlFact *actual);
extern void sl_create_default_privileges(SlDdl *ddl, const SlFact *fact);

/* in the files of the groups */
#define SL_CREATE(name) \
	extern void name(SlDdl *ddl, const SlFact *fact)

SL_CREATE(sl_create_schema);
SL_CREATE(sl_create_extension);
SL_CREATE(sl_create_language);
SL_CREATE(sl_create_access_method);
SL_CREATE(sl_create_collation);
SL_CREATE(sl_create_conversion);
SL_CREATE(sl_create_cast);
SL_CREATE(sl_create_transform);
SL_CREATE(sl_create_statistics);
SL_CREATE(sl_create_event_trigger);
SL_CREATE(sl_create_table);
SL_CREATE(sl_create_foreign_table);
SL_CREATE(sl_create_column);
SL_CREATE(sl_create_sequence);
SL_CREATE(sl_create_view);
SL_CREATE(sl_create_trigger);
SL_CREATE(sl_create_rule);
SL_CREATE(sl_create_policy);
SL_CREATE(sl_create_constraint);
SL_CREATE(sl_create_domain_constraint);
SL_CREATE(sl_create_index);
SL_CREATE(sl_create_function);
SL_CREATE(sl_create_aggregate);
SL_CREATE(sl_create_enum);
SL_CREATE(sl_create_domain);
SL_CREATE(sl_create_range);
SL_CREATE(sl_create_base_type);
SL_CREATE(sl_create_shell_type);
SL_CREATE(sl_create_composite_type);
SL_CREATE(sl_create_operator);
SL_CREATE(sl_create_operator_class);
SL_CREATE(sl_create_operator_family);
SL_CREATE(sl_create_ts_config);
SL_CREATE(sl_create_ts_dict);
SL_CREATE(sl_create_ts_parser);
SL_CREATE(sl_create_ts_template);
SL_CREATE(sl_create_fdw);
SL_CREATE(sl_create_server);
SL_CREATE(sl_create_user_mapping);
SL_CREATE(sl_create_publication);
SL_CREATE(sl_create_subscription);

extern const SlDdlAttribute sl_extension_attributes[];
extern const SlDdlAttribute sl_statistics_attributes[];
extern const SlDdlAttribute sl_event_trigger_attributes[];
extern const SlDdlAttribute sl_table_attributes[];
extern const SlDdlAttribute sl_foreign_table_attributes[];
extern const SlDdlAttribute sl_column_attributes[];
extern const SlDdlAttribute sl_sequence_attributes[];
extern const SlDdlAttribute sl_view_attributes[];
extern const SlDdlAttribute sl_matview_attributes[];
extern const SlDdlAttribute sl_trigger_attributes[];
extern const SlDdlAttribute sl_rule_attributes[];
extern const SlDdlAttribute sl_constraint_attributes[];
extern const SlDdlAttribute sl_domain_constraint_attributes[];
extern const SlDdlAttribute sl_index_attributes[];
extern const SlDdlAttribute sl_function_attributes[];
extern const SlDdlAttribute sl_aggregate_attributes[];
extern const SlDdlAttribute sl_enum_attributes[];
extern const SlDdlAttribute sl_domain_attributes[];
extern const SlDdlAttribute sl_operator_attributes[];
extern const SlDdlAttribute sl_operator_family_attributes[];
extern const SlDdlAttribute sl_ts_config_attributes[];
extern const SlDdlAttribute sl_ts_dict_attributes[];
extern const SlDdlAttribute sl_fdw_attributes[];
extern const SlDdlAttribute sl_server_attributes[];
extern const SlDdlAttribute sl_publication_attributes[];

#endif							/* SL_DDL_H */
