/* users_health: whether tables are still as users_protect left them. */
#include "pg.h"

#include "protect.h"
#include "query.h"

enum
{
	LIST_PROTECTED,
	LIST_TRACES
};

#define HAS_GUARD(relation)                                                    \
	" EXISTS (SELECT FROM pg_catalog.pg_trigger g WHERE g.tgrelid" EQ relation \
	"  AND g.tgfoid" EQ "'users.guard_row'::pg_catalog.regproc)"

/* clang-format off */
static UsersQuery queries[] = {
	[LIST_PROTECTED] = {
		.sql = "SELECT c.oid::pg_catalog.int8, pg_catalog.format('%I.%I', n.nspname, c.relname), c.relrowsecurity,"
			   "  pg_catalog.split_part(pg_catalog.encode(t.tgargs, 'escape'), E'\\\\000', 1),"
			   "  pg_catalog.split_part(pg_catalog.encode(t.tgargs, 'escape'), E'\\\\000', 2),"
			   "  t.tgqual::pg_catalog.text, t.tgname" EQ "'~users_guard'::pg_catalog.name"
			   "    AND t.tgenabled" EQ "ANY ('{O,A}'::pg_catalog.\"char\"[]),"
			   "  (SELECT pg_catalog.min(l.tgname::pg_catalog.text COLLATE pg_catalog.\"C\") FROM pg_catalog.pg_trigger l"
			   "    WHERE l.tgrelid" EQ "c.oid AND l.tgname" GT "t.tgname"
			   /* BEFORE UPDATE FOR EACH ROW */
			   "      AND l.tgtype OPERATOR(pg_catalog.&) 19::pg_catalog.int2" EQ "19::pg_catalog.int2)"
			   "  FROM pg_catalog.pg_trigger t, pg_catalog.pg_class c, pg_catalog.pg_namespace n"
			   " WHERE t.tgfoid" EQ "'users.guard_row'::pg_catalog.regproc AND c.oid" EQ "t.tgrelid AND n.oid" EQ "c.relnamespace"
			   " ORDER BY 2" },
	/* Of a protected table: what it left behind without its guard, and parts
	 * that came later. */
	[LIST_TRACES] = {
		.sql = "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c, pg_catalog.pg_namespace n"
			   " WHERE n.oid" EQ "c.relnamespace AND c.relkind" EQ "ANY ('{r,p}'::pg_catalog.\"char\"[])"
			   "   AND NOT" HAS_GUARD("c.oid")
			   "   AND (EXISTS (SELECT FROM pg_catalog.pg_policy p WHERE p.polrelid" EQ "c.oid AND p.polname" EQ "'users_read'"
			   "          AND pg_catalog.starts_with(pg_catalog.obj_description(p.oid, 'pg_policy'), 'Made by users_protect'))"
			   "     OR EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid" EQ "c.oid AND" HAS_GUARD("i.inhparent") "))"
			   " ORDER BY 1" },
};
/* clang-format on */

/* A row of LIST_PROTECTED. */
typedef struct Protected
{
	Oid relation;
	char *texts[5]; /* name, type, layout, WHEN, a later trigger */
	bool row_security;
	bool guarded;
} Protected;

static void
take_protected(Protected *out, uint64 row)
{
	static const int columns[] = { 2, 4, 5, 6, 8 };

	out->relation = (Oid) users_column_int64(row, 1, 0);
	out->row_security = users_column_bool(row, 3, false);
	out->guarded = users_column_bool(row, 7, false);
	for (size_t i = 0; i < lengthof(columns); i++)
		out->texts[i] =
			users_column_text(row, columns[i], CurrentMemoryContext);
}

/* What is wrong with one, NULL: nothing. */
static char *
fault_of(const Protected *table, const char *schema)
{
	UsersProtection protection;
	UsersPolicy policies[USERS_POLICIES];
	UsersPolicyState states[USERS_POLICIES];

	if (!table->row_security)
		return psprintf("%s has no row security", table->texts[0]);
	if (!table->guarded || table->texts[3] == NULL ||
		!users_protection_parse(&protection, table->relation, table->texts[1],
								table->texts[2], table->texts[3]))
		return psprintf("%s has no working guard", table->texts[0]);
	if (table->texts[4] != NULL)
		return psprintf("the trigger %s on %s fires after the guard",
						quote_identifier(table->texts[4]), table->texts[0]);
	protection.actions = users_protecting_actions(protection.object_type);
	users_expected_policies(policies, &protection, table->relation, schema);
	users_compare_policies(states, policies, table->relation);
	for (int i = 0; i < USERS_POLICIES; i++)
		if (states[i] != USERS_POLICY_THERE)
			return psprintf("%s has another policy %s", table->texts[0],
							policies[i].name);
	return NULL;
}

List *
users_protection_faults(void)
{
	List *faults = NIL;
	uint64 count;
	Protected *tables;
	int level = users_fix_search_path();
	char *schema = users_api_schema();

	count = users_read(&queries[LIST_PROTECTED], NULL, NULL);
	tables = palloc(sizeof(Protected) * (count + 1));
	for (uint64 i = 0; i < count; i++)
		take_protected(&tables[i], i);
	for (uint64 i = 0; i < count; i++)
	{
		char *fault = fault_of(&tables[i], schema);

		if (fault != NULL)
			faults = lappend(faults, fault);
	}
	count = users_read(&queries[LIST_TRACES], NULL, NULL);
	for (uint64 i = 0; i < count; i++)
		faults = lappend(
			faults, psprintf("%s has no guard",
							 users_column_text(i, 1, CurrentMemoryContext)));
	AtEOXact_GUC(true, level);
	return faults;
}

void
users_init_protect_health(void)
{
	users_register_queries(queries, lengthof(queries));
}
