/*-------------------------------------------------------------------------
 *
 * ddl_privileges.c
 *	  Owners and privileges.
 *
 * They are facts of every footprint, and compared only where the database is
 * set so.  An object that is made again gets them back in any case, as far as
 * the caller can give them: where they are not compared, a role that is gone
 * or an owner that the caller cannot make one is passed over.
 *
 * Copyright (c) 2026, schema_lifecycle contributors
 *
 * IDENTIFICATION
 *	  src/heal/ddl_privileges.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/varlena.h"

#include "heal/ddl.h"

/* One privilege: "bob: select with grant option by alice" */
typedef struct Privilege
{
	char	   *grantee;		/* quoted, or public */
	char	   *name;
	bool		grantable;
	char	   *grantor;
} Privilege;

/* The role of a quoted name; InvalidOid if there is none. */
static Oid
role_of(const char *quoted)
{
	char	   *copy = pstrdup(quoted);
	List	   *names;

	if (!SplitIdentifierString(copy, '.', &names) || list_length(names) != 1)
		return InvalidOid;
	return get_role_oid(linitial(names), true);
}

static bool
is_me(const char *quoted)
{
	return role_of(quoted) == GetUserId();
}

/* Can the caller give an object to that role? */
static bool
can_give_to(const char *quoted)
{
	Oid			role = role_of(quoted);

	return OidIsValid(role) && is_member_of_role(GetUserId(), role);
}

static void
owner_statement(SlDdl *ddl, const SlFact *fact, const char *owner)
{
	sl_ddl_add(ddl, "ALTER %s %s OWNER TO %s", sl_ddl_class(fact->class)->noun,
			   sl_ddl_address(fact), owner);
}

/* The owner of a new object. */
void
sl_ddl_owner(SlDdl *ddl, const SlFact *fact)
{
	const char *owner = sl_fact_text(fact, "owner");

	if (owner == NULL || is_me(owner))
		return;
	if (ddl->owners || can_give_to(owner))
		owner_statement(ddl, fact, owner);
}

void
sl_alter_owner(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	const char *owner = sl_fact_text(expected, "owner");

	if (owner == NULL || !sl_ddl_class(expected->class)->owned)
		sl_ddl_refuse(ddl, sl_ddl_no_statement(expected->class, "owner"));
	else
		owner_statement(ddl, expected, owner);
}

static bool
parse_privilege(const char *text, Privilege *privilege)
{
	const char *colon = sl_find_outside(text, ": ");
	const char *by = NULL;
	const char *p;
	char	   *word;

	if (colon == NULL)
		return false;
	for (p = colon; (p = sl_find_outside(p + 1, " by ")) != NULL;)
		by = p;
	if (by == NULL)
		return false;
	privilege->grantee = pnstrdup(text, colon - text);
	privilege->grantor = pstrdup(by + 4);
	word = pnstrdup(colon + 2, by - colon - 2);
	p = strstr(word, " with grant option");
	privilege->grantable = p != NULL;
	privilege->name = p == NULL ? word : pnstrdup(word, p - word);
	return true;
}

/* TABLE public.t, or of a column (a) ON TABLE public.t */
static void
append_object(StringInfo out, const SlFact *fact)
{
	const char *noun = sl_ddl_class(fact->class)->grant;

	if (strcmp(fact->class, "column") == 0)
		appendStringInfo(out, " (%s) ON TABLE %s",
						 sl_name_last(fact->identity),
						 sl_name_owner(fact->identity));
	else
		appendStringInfo(out, " ON %s %s", noun, fact->identity);
}

static void
grant_statement(SlDdl *ddl, const SlFact *fact, const Privilege *privilege)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "GRANT %s", privilege->name);
	append_object(&text, fact);
	sl_ddl_add(ddl, "%s TO %s%s", text.data, privilege->grantee,
			   privilege->grantable ? " WITH GRANT OPTION" : "");
}

static void
revoke_statement(SlDdl *ddl, const SlFact *fact, const char *name,
				 const char *grantee)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "REVOKE %s", name);
	append_object(&text, fact);
	sl_ddl_add(ddl, "%s FROM %s", text.data, grantee);
}

/* What everybody may do with a new object of this class. */
static const char *
given_to_public(const char *class)
{
	static const struct
	{
		const char *class;
		const char *privilege;
	}			given[] = {
		{"aggregate", "execute"},
		{"base type", "usage"},
		{"composite type", "usage"},
		{"domain", "usage"},
		{"enum", "usage"},
		{"function", "execute"},
		{"language", "usage"},
		{"procedure", "execute"},
		{"range", "usage"},
	};
	int			i;

	for (i = 0; i < (int) lengthof(given); i++)
		if (strcmp(given[i].class, class) == 0)
			return given[i].privilege;
	return NULL;
}

static bool
is_listed(const SlAttribute *list, const char *grantee, const char *name)
{
	int			i;

	for (i = 0; list != NULL && i < list->nitems; i++)
	{
		Privilege	privilege;

		if (parse_privilege(list->items[i], &privilege) &&
			strcmp(privilege.grantee, grantee) == 0 &&
			strcmp(privilege.name, name) == 0)
			return true;
	}
	return false;
}

/* Can a statement give it, as the owner? */
static bool
is_givable(SlDdl *ddl, const Privilege *privilege, const char *owner)
{
	if (strcmp(privilege->grantee, "public") != 0 && !ddl->privileges &&
		!OidIsValid(role_of(privilege->grantee)))
		return false;
	/* columns do not say whose they are */
	return owner == NULL || strcmp(privilege->grantor, owner) == 0;
}

/* The privileges of a new object, beside those that come with it. */
void
sl_ddl_privileges(SlDdl *ddl, const SlFact *fact)
{
	const SlAttribute *list = sl_fact_get(fact, "privileges");
	const char *owner = sl_fact_text(fact, "owner");
	const char *given = given_to_public(fact->class);
	bool		owner_has_any = owner == NULL;
	int			i;

	if (list == NULL || list->kind != SL_ATTRIBUTE_LIST)
	{
		/* an owner who took everything from everybody */
		if (ddl->privileges && owner != NULL)
			revoke_statement(ddl, fact, "ALL", owner);
		if (ddl->privileges && given != NULL)
			revoke_statement(ddl, fact, "ALL", "public");
		return;
	}
	if (given != NULL && !is_listed(list, "public", given))
		revoke_statement(ddl, fact, "ALL", "public");
	for (i = 0; i < list->nitems; i++)
	{
		Privilege	privilege;

		if (!parse_privilege(list->items[i], &privilege))
			continue;
		if (owner != NULL && strcmp(privilege.grantee, owner) == 0)
		{
			owner_has_any = true;
			continue;
		}
		if (given != NULL && strcmp(privilege.grantee, "public") == 0 &&
			strcmp(privilege.name, given) == 0 && !privilege.grantable)
			continue;
		if (is_givable(ddl, &privilege, owner))
			grant_statement(ddl, fact, &privilege);
	}
	if (!owner_has_any)
		revoke_statement(ddl, fact, "ALL", owner);
}

/* Privileges that differ, where they are compared. */
void
sl_alter_privileges(SlDdl *ddl, const SlFact *expected, const SlFact *actual)
{
	const SlAttribute *want = sl_fact_get(expected, "privileges");
	const SlAttribute *have = sl_fact_get(actual, "privileges");
	const char *owner = sl_fact_text(expected, "owner");
	int			i;

	for (i = 0; have != NULL && i < have->nitems; i++)
	{
		Privilege	privilege;

		if (sl_list_has(want, have->items[i]) ||
			!parse_privilege(have->items[i], &privilege))
			continue;
		if (owner != NULL && strcmp(privilege.grantor, owner) != 0 &&
			strcmp(privilege.grantee, owner) != 0)
			sl_ddl_refuse(ddl, _("privileges that another role than the owner gave"));
		revoke_statement(ddl, expected, privilege.name, privilege.grantee);
	}
	for (i = 0; want != NULL && i < want->nitems; i++)
	{
		Privilege	privilege;

		if (sl_list_has(have, want->items[i]) ||
			!parse_privilege(want->items[i], &privilege))
			continue;
		if (owner != NULL && strcmp(privilege.grantor, owner) != 0)
			sl_ddl_refuse(ddl, _("privileges that another role than the owner gave"));
		grant_statement(ddl, expected, &privilege);
	}
}

/* FOR ROLE r [IN SCHEMA s] ON kind */
void
sl_create_default_privileges(SlDdl *ddl, const SlFact *fact)
{
	const SlAttribute *list = sl_fact_get(fact, "privileges");
	const char *on = NULL;
	const char *p = fact->identity;
	char	   *where;
	char	   *role;
	int			i;

	while ((p = sl_find_outside(p + 1, " ON ")) != NULL)
		on = p;
	if (on == NULL || list == NULL)
	{
		sl_ddl_refuse(ddl, sl_ddl_no_statement(fact->class, "privileges"));
		return;
	}
	where = pnstrdup(fact->identity, on - fact->identity);
	/* without a schema, the list is all there is: begin with nothing */
	if (sl_find_outside(where, " IN SCHEMA ") == NULL)
	{
		role = where + strlen("FOR ROLE ");
		sl_ddl_add(ddl, "ALTER DEFAULT PRIVILEGES %s REVOKE ALL ON %s FROM public, %s",
				   where, on + 4, role);
	}
	for (i = 0; i < list->nitems; i++)
	{
		Privilege	privilege;

		if (parse_privilege(list->items[i], &privilege))
			sl_ddl_add(ddl, "ALTER DEFAULT PRIVILEGES %s GRANT %s ON %s TO %s%s",
					   where, privilege.name, on + 4, privilege.grantee,
					   privilege.grantable ? " WITH GRANT OPTION" : "");
	}
}
