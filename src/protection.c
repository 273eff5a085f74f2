#include "pg.h"

#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "nodes/primnodes.h"
#include "rewrite/prs2lock.h"

#include "permission.h"
#include "protection.h"
#include "query.h"

#define GUARD_ARGUMENTS 2

enum
{
	LIST_POLICIES,
	API_SCHEMA
};

/* clang-format off */
static UsersQuery queries[] = {
	[LIST_POLICIES] = {
		/* The role is NULL for several, and for a restrictive policy. */
		.sql = "SELECT p.polname::pg_catalog.text, p.polcmd::pg_catalog.text,"
			   "  CASE WHEN p.polpermissive AND pg_catalog.array_length(p.polroles, 1)" EQ "1 THEN"
			   "    (SELECT r.rolname::pg_catalog.text FROM pg_catalog.pg_roles r WHERE r.oid" EQ "p.polroles[1]) END,"
			   "  pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)"
			   "  FROM pg_catalog.pg_policy p WHERE p.polrelid" EQ "$1",
		.types = { OIDOID } },
	[API_SCHEMA] = {
		.sql = "SELECT pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_extension e, pg_catalog.pg_namespace n"
			   " WHERE e.extname" EQ "'users' AND n.oid" EQ "e.extnamespace" },
};
/* clang-format on */

/* ---- the guard's trigger ---- */

static bool
is_guard(const Trigger *trigger)
{
	const char *function;

	if (strcmp(trigger->tgname, USERS_GUARD_NAME) != 0 ||
		trigger->tgnargs != GUARD_ARGUMENTS || trigger->tgqual == NULL ||
		trigger->tgnattr != 0 ||
		(trigger->tgtype & ~TRIGGER_TYPE_ROW) !=
			(TRIGGER_TYPE_BEFORE | TRIGGER_TYPE_UPDATE))
		return false;
	function = get_func_name(trigger->tgfoid);
	return function != NULL && strcmp(function, "guard_row") == 0 &&
		   get_func_namespace(trigger->tgfoid) ==
			   get_namespace_oid("users", true);
}

bool
users_protection(UsersProtection *protection, Relation relation)
{
	/* A copy: looking a function up may bring the table's own anew. */
	const TriggerDesc *triggers = CopyTriggerDesc(relation->trigdesc);

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];

		if (!is_guard(trigger) ||
			!users_protection_parse(protection, RelationGetRelid(relation),
									trigger->tgargs[0], trigger->tgargs[1],
									trigger->tgqual))
			continue;
		protection->guarded = trigger->tgenabled == TRIGGER_FIRES_ON_ORIGIN ||
							  trigger->tgenabled == TRIGGER_FIRES_ALWAYS;
		protection->from_above = trigger->tgisclone;
		return true;
	}
	return false;
}

/* The columns that OLD.c IS DISTINCT FROM NEW.c compares, in the order in which
 * they stand. */
typedef struct Columns
{
	AttrNumber numbers[3];
	int count;
} Columns;

/* Whether a node is a column of the row before (or after) an update. */
static bool
is_column(const Node *node, int row, AttrNumber *number)
{
	const Var *var = (const Var *) node;

	if (!IsA(node, Var) || var->varno != row || var->varlevelsup != 0)
		return false;
	*number = var->varattno;
	return true;
}

/* Anybody who owns a table can write such a trigger: what is no uuid would be
 * taken for an address. */
static bool
take_comparison(Columns *columns, const Node *node, Oid relation)
{
	const DistinctExpr *comparison = (const DistinctExpr *) node;
	AttrNumber old;
	AttrNumber new;

	if (!IsA(node, DistinctExpr) || list_length(comparison->args) != 2 ||
		columns->count == lengthof(columns->numbers) ||
		!is_column(linitial(comparison->args), PRS2_OLD_VARNO, &old) ||
		!is_column(lsecond(comparison->args), PRS2_NEW_VARNO, &new) ||
		old != new || old <= 0 || get_atttype(relation, old) != UUIDOID)
		return false;
	columns->numbers[columns->count++] = old;
	return true;
}

/* Exactly one comparison, or several with OR between them. */
static bool
collect_columns(Columns *columns, const Node *when, Oid relation)
{
	const BoolExpr *any = (const BoolExpr *) when;
	ListCell *cell;

	if (when == NULL || !IsA(when, BoolExpr))
		return when != NULL && take_comparison(columns, when, relation);
	if (any->boolop != OR_EXPR)
		return false;
	foreach (cell, any->args)
		if (!take_comparison(columns, lfirst(cell), relation))
			return false;
	return true;
}

bool
users_protection_parse(UsersProtection *protection, Oid relation,
					   const char *object_type, const char *layout,
					   const char *when)
{
	static const char *const words[] = { "id", "domain", "owner" };
	AttrNumber *const targets[] = { &protection->id, &protection->domain,
									&protection->owner };
	Columns columns = { .count = 0 };
	int taken = 0;

	memset(protection, 0, sizeof(*protection));
	if (!collect_columns(&columns, stringToNode(when), relation))
		return false;
	for (size_t i = 0; i < lengthof(words); i++)
	{
		size_t len = strlen(words[i]);

		if (strncmp(layout, words[i], len) != 0)
			continue;
		if (taken == columns.count)
			return false;
		*targets[i] = columns.numbers[taken++];
		layout += len;
		layout += *layout == ' ';
	}
	protection->object_type = pstrdup(object_type);
	return *layout == '\0' && taken == columns.count &&
		   (protection->domain != 0 || protection->owner != 0);
}

char *
users_protection_layout(const UsersProtection *protection)
{
	return psprintf(
		"%s%s%s%s%s", protection->id != 0 ? "id" : "",
		protection->id != 0 ? " " : "", protection->domain != 0 ? "domain" : "",
		protection->domain != 0 && protection->owner != 0 ? " " : "",
		protection->owner != 0 ? "owner" : "");
}

/* ---- the policies ---- */

/* A column's name, quoted; NULL for none. */
static const char *
column_name(Oid relation, AttrNumber column)
{
	const char *name = column == 0 ? NULL : get_attname(relation, column, true);

	return name == NULL ? NULL : quote_identifier(name);
}

/* What policies are put together from. */
typedef struct Words
{
	const char *schema;
	const char *type;
	const char *id;
	const char *domain;
	const char *owner;
	int actions;
} Words;

static const char *const actions[] = { "read", "create", "update", "delete" };

int
users_protecting_actions(const char *object_type)
{
	int found = 0;

	for (size_t i = 0; i < lengthof(actions); i++)
	{
		UsersPermission permission;
		char *word = psprintf("%s:%s", object_type, actions[i]);

		if (users_permission_parse(&permission, word, strlen(word)) &&
			users_permission_exists(&permission))
			found |= 1 << i;
	}
	return found;
}

/* Predicates know no permission that is not defined, and nobody holds it. */
static bool
has_action(const Words *w, const char *action)
{
	for (size_t i = 0; i < lengthof(actions); i++)
		if (strcmp(actions[i], action) == 0)
			return (w->actions & (1 << i)) != 0;
	return false;
}

static char *
can_in(const Words *w, const char *action)
{
	return psprintf("%s.users_can_in('%s:%s'::text, %s)", w->schema, w->type,
					action, w->domain);
}

static char *
is_owner(const Words *w)
{
	return psprintf(
		"(%s = ( SELECT %s.users_current_user_id() AS users_current_user_id))",
		w->owner, w->schema);
}

/* Arms with OR between them, as PostgreSQL writes them. */
static char *
any_of(const List *arms)
{
	StringInfoData text;
	ListCell *cell;

	if (arms == NIL)
		return pstrdup("false");
	if (list_length(arms) == 1)
		return linitial(arms);
	initStringInfo(&text);
	foreach (cell, arms)
		appendStringInfo(&text, "%s%s", text.len == 0 ? "(" : " OR ",
						 (char *) lfirst(cell));
	appendStringInfoChar(&text, ')');
	return text.data;
}

/* Who reaches a row: by a role on its domain, by one on the row, as its owner.
 */
static List *
ways(const Words *w, const char *action)
{
	List *arms = NIL;

	if (w->domain == NULL)
		return list_make1(is_owner(w));
	if (has_action(w, action))
	{
		arms = lappend(arms, can_in(w, action));
		if (w->id != NULL)
			arms = lappend(
				arms, psprintf("%s.users_can_on('%s:%s'::text, %s, %s)",
							   w->schema, w->type, action, w->domain, w->id));
	}
	if (w->owner != NULL)
		arms = lappend(arms, psprintf("(%s AND %s.users_is_member(%s))",
									  is_owner(w), w->schema, w->domain));
	return arms;
}

static char *
reach(const Words *w, const char *action)
{
	return any_of(ways(w, action));
}

/* Who may make a row: what is made belongs to its maker. */
static char *
creation(const Words *w)
{
	if (w->domain == NULL)
		return is_owner(w);
	if (!has_action(w, "create"))
		return pstrdup("false");
	if (w->owner == NULL)
		return can_in(w, "create");
	return psprintf("(%s AND %s)", can_in(w, "create"), is_owner(w));
}

/* The new row of an update lies where one may update, or, if it has been moved,
 * where one may create; the guard judges moving itself. */
static char *
update_check(const Words *w)
{
	List *arms = ways(w, "update");

	if (w->domain != NULL && has_action(w, "create"))
		arms = lappend(arms, can_in(w, "create"));
	return any_of(arms);
}

void
users_expected_policies(UsersPolicy policies[USERS_POLICIES],
						const UsersProtection *protection, Oid relation,
						const char *schema)
{
	Words w = { .schema = schema,
				.type = protection->object_type,
				.id = column_name(relation, protection->id),
				.domain = column_name(relation, protection->domain),
				.owner = column_name(relation, protection->owner),
				.actions = protection->actions };
	UsersPolicy expected[USERS_POLICIES] = {
		{ "users_read", "SELECT", 'r', "users_member", reach(&w, "read"),
		  NULL },
		{ "users_create", "INSERT", 'a', "users_member", NULL, creation(&w) },
		{ "users_update", "UPDATE", 'w', "users_member", reach(&w, "update"),
		  update_check(&w) },
		{ "users_delete", "DELETE", 'd', "users_member", reach(&w, "delete"),
		  NULL },
		{ "users_all", "ALL", '*', "users_admin",
		  psprintf("( SELECT %s.users_is_admin() AS users_is_admin)", schema),
		  NULL },
	};

	memcpy(policies, expected, sizeof(expected));
}

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

void
users_compare_policies(UsersPolicyState states[USERS_POLICIES],
					   const UsersPolicy policies[USERS_POLICIES], Oid relation)
{
	Datum value = ObjectIdGetDatum(relation);
	uint64 count = users_read(&queries[LIST_POLICIES], &value, NULL);

	for (int i = 0; i < USERS_POLICIES; i++)
		states[i] = USERS_POLICY_MISSING;
	for (uint64 row = 0; row < count; row++)
	{
		char *columns[5];

		for (int c = 0; c < 5; c++)
			columns[c] = users_column_text(row, c + 1, CurrentMemoryContext);
		for (int i = 0; i < USERS_POLICIES; i++)
			if (strcmp(columns[0], policies[i].name) == 0)
				states[i] =
					columns[1][0] == policies[i].kind &&
							same_text(columns[2], policies[i].role) &&
							same_text(columns[3], policies[i].using_clause) &&
							same_text(columns[4], policies[i].check_clause)
						? USERS_POLICY_THERE
						: USERS_POLICY_OTHER;
	}
}

char *
users_api_schema(void)
{
	(void) users_read(&queries[API_SCHEMA], NULL, NULL);
	return users_column_text(0, 1, CurrentMemoryContext);
}

int
users_fix_search_path(void)
{
	int level = NewGUCNestLevel();

	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	/* Shows in what pg_get_expr writes. */
	(void) set_config_option("quote_all_identifiers", "off", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	return level;
}

void
users_init_protection(void)
{
	users_register_queries(queries, lengthof(queries));
}
