/* users_protect: does what is missing. */
#include "pg.h"

#include "catalog/pg_inherits.h"
#include "commands/defrem.h"

#include "protect.h"
#include "query.h"

/* The comment of an index that users_unprotect may drop. */
#define INDEX_COMMENT "Made by users_protect."

enum
{
	FIND_DEFAULT,
	MISSING_GRANTS,
	MISSING_SEQUENCES
};

#define ROLES " (VALUES ('users_member'), ('users_admin')) r (name)"

/* clang-format off */
static UsersQuery queries[] = {
	[FIND_DEFAULT] = {
		.sql = "SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid) FROM pg_catalog.pg_attrdef d"
			   " WHERE d.adrelid" EQ "$1 AND d.adnum" EQ "$2",
		.types = { OIDOID, INT2OID } },
	[MISSING_GRANTS] = {
		.sql = "SELECT r.name, p.name FROM" ROLES ","
			   "  (VALUES (1, 'SELECT'), (2, 'INSERT'), (3, 'UPDATE'), (4, 'DELETE')) p (place, name)"
			   " WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class c"
			   "   CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) a"
			   "   WHERE c.oid" EQ "$1 AND a.grantee" EQ "r.name::pg_catalog.regrole::pg_catalog.oid AND a.privilege_type" EQ "p.name)"
			   " ORDER BY r.name DESC, p.place",
		.types = { OIDOID } },
	/* Sequences that belong to a column: of serial and of identity. */
	[MISSING_SEQUENCES] = {
		.sql = "SELECT r.name, t.attname::pg_catalog.text,"
			   "  pg_catalog.format('%I.%I', n.nspname, c.relname)"
			   "  FROM" ROLES ", pg_catalog.pg_depend d, pg_catalog.pg_class c, pg_catalog.pg_namespace n,"
			   "       pg_catalog.pg_attribute t"
			   " WHERE d.classid" EQ "'pg_catalog.pg_class'::pg_catalog.regclass AND d.refclassid" EQ "d.classid"
			   "   AND d.refobjid" EQ "$1 AND d.deptype" EQ "ANY ('{a,i}'::pg_catalog.\"char\"[])"
			   "   AND c.oid" EQ "d.objid AND c.relkind" EQ "'S' AND n.oid" EQ "c.relnamespace"
			   "   AND t.attrelid" EQ "d.refobjid AND t.attnum" EQ "d.refobjsubid"
			   "   AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode(c.relacl) a"
			   "     WHERE a.grantee" EQ "r.name::pg_catalog.regrole::pg_catalog.oid AND a.privilege_type" EQ "'USAGE')"
			   " ORDER BY t.attnum, r.name DESC",
		.types = { OIDOID } },
};
/* clang-format on */

static char *
text_of(uint64 row, int column)
{
	return users_column_text(row, column, CurrentMemoryContext);
}

void
users_wanted(UsersProtection *wanted, const UsersProtecting *work, Oid relation)
{
	memset(wanted, 0, sizeof(*wanted));
	wanted->object_type = pstrdup(work->object_type);
	wanted->actions = work->actions;
	if (work->id != NULL)
		wanted->id = get_attnum(relation, work->id);
	if (work->domain != NULL)
		wanted->domain = get_attnum(relation, work->domain);
	if (work->owner != NULL)
		wanted->owner = get_attnum(relation, work->owner);
}

/* ---- the guard ---- */

static bool
is_guarded_so(const UsersTarget *target, const UsersProtection *wanted)
{
	const UsersProtection *now = &target->now;

	return target->is_protected && now->guarded &&
		   strcmp(now->object_type, wanted->object_type) == 0 &&
		   now->id == wanted->id && now->domain == wanted->domain &&
		   now->owner == wanted->owner;
}

static void
append_distinct(StringInfo when, Oid relation, AttrNumber column)
{
	const char *name;

	if (column == 0)
		return;
	name = quote_identifier(get_attname(relation, column, false));
	appendStringInfo(when, "%sOLD.%s IS DISTINCT FROM NEW.%s",
					 when->len > 0 ? " OR " : "", name, name);
}

/* A trigger of a partitioned table makes one on each partition, where one of
 * that name may not be yet. */
static void
apply_guard(UsersProtecting *work, List *targets, const UsersTarget *target,
			const UsersProtection *wanted)
{
	StringInfoData when;
	List *below;
	ListCell *cell;

	if (is_guarded_so(target, wanted))
		return;
	below = find_all_inheritors(target->oid, NoLock, NULL);
	foreach (cell, targets)
	{
		const UsersTarget *other = lfirst(cell);

		if (other->oid == target->oid ||
			(!other->top && !other->now.from_above &&
			 list_member_oid(below, other->oid)))
			users_drop_guard(work, other);
	}
	initStringInfo(&when);
	append_distinct(&when, target->oid, wanted->id);
	append_distinct(&when, target->oid, wanted->domain);
	append_distinct(&when, target->oid, wanted->owner);
	users_run(
		work,
		psprintf(
			"CREATE TRIGGER \"%s\" BEFORE UPDATE ON %s FOR EACH ROW WHEN (%s) EXECUTE FUNCTION users.guard_row('%s', '%s')",
			USERS_GUARD_NAME, target->name, when.data, wanted->object_type,
			users_protection_layout(wanted)));
}

/* ---- row security, policies, default ---- */

static void
apply_flags(UsersProtecting *work, UsersTarget *target)
{
	if (!target->row_security)
	{
		users_run(work, psprintf("ALTER TABLE %s ENABLE ROW LEVEL SECURITY",
								 target->name));
		users_note(target, "enabled");
	}
	if (work->force && !target->forced)
	{
		users_run(work, psprintf("ALTER TABLE %s FORCE ROW LEVEL SECURITY",
								 target->name));
		users_note(target, "forced");
	}
	else if (!work->force && target->forced && users_did(target, "forced"))
	{
		users_run(work, psprintf("ALTER TABLE %s NO FORCE ROW LEVEL SECURITY",
								 target->name));
		users_unnote(target, "forced");
	}
}

static void
apply_policies(UsersProtecting *work, const UsersTarget *target,
			   const UsersProtection *wanted)
{
	UsersPolicy policies[USERS_POLICIES];
	UsersPolicyState states[USERS_POLICIES];

	users_expected_policies(policies, wanted, target->oid, work->schema);
	users_compare_policies(states, policies, target->oid);
	for (int i = 0; i < USERS_POLICIES; i++)
	{
		const UsersPolicy *policy = &policies[i];
		StringInfoData text;

		if (states[i] == USERS_POLICY_THERE)
			continue;
		if (states[i] == USERS_POLICY_OTHER)
			users_run(work, psprintf("DROP POLICY %s ON %s", policy->name,
									 target->name));
		initStringInfo(&text);
		appendStringInfo(&text, "CREATE POLICY %s ON %s FOR %s TO %s",
						 policy->name, target->name, policy->command,
						 policy->role);
		if (policy->using_clause != NULL)
			appendStringInfo(&text, " USING (%s)", policy->using_clause);
		if (policy->check_clause != NULL)
			appendStringInfo(&text, " WITH CHECK (%s)", policy->check_clause);
		users_run(work, text.data);
	}
}

/* What a column's default is, or NULL. */
static char *
find_default(Oid relation, AttrNumber column)
{
	Datum values[] = { ObjectIdGetDatum(relation), Int16GetDatum(column) };

	if (users_read(&queries[FIND_DEFAULT], values, NULL) == 0)
		return NULL;
	return text_of(0, 1);
}

static void
apply_default(UsersProtecting *work, UsersTarget *target,
			  const UsersProtection *wanted)
{
	char *ours = psprintf("%s.users_current_user_id()", work->schema);
	char *present;

	if (target->is_protected && target->now.owner != wanted->owner)
		users_restore_default(work, target);
	if (wanted->owner == 0)
		return;
	present = find_default(target->oid, wanted->owner);
	if (present != NULL && strcmp(present, ours) == 0)
		return;
	if (users_default_deed(target) == NULL)
		users_note(target, present == NULL ? "default"
										   : psprintf("default %s", present));
	users_run_default(work, target, wanted->owner, ours);
}

/* ---- indexes ---- */

static bool
leads_an_index(Relation relation, AttrNumber column)
{
	List *indexes = RelationGetIndexList(relation);
	ListCell *cell;
	bool found = false;

	foreach (cell, indexes)
	{
		Relation index = index_open(lfirst_oid(cell), AccessShareLock);

		found = found || (index->rd_rel->relam == BTREE_AM_OID &&
						  index->rd_index->indisvalid &&
						  index->rd_index->indkey.values[0] == column &&
						  heap_attisnull(index->rd_indextuple,
										 Anum_pg_index_indpred, NULL));
		index_close(index, AccessShareLock);
	}
	list_free(indexes);
	return found;
}

static void
apply_index(UsersProtecting *work, const UsersTarget *target, AttrNumber column)
{
	Relation relation;
	const char *name;
	const char *column_name;
	char *schema;
	bool there;

	if (column == 0)
		return;
	relation = table_open(target->oid, NoLock);
	there = leads_an_index(relation, column);
	column_name = get_attname(target->oid, column, false);
	schema = get_namespace_name(RelationGetNamespace(relation));
	name = ChooseRelationName(
		psprintf("users_%s", RelationGetRelationName(relation)), column_name,
		"idx", RelationGetNamespace(relation), false);
	table_close(relation, NoLock);
	if (there)
		return;
	users_run(work,
			  psprintf("CREATE INDEX %s ON %s (%s)", quote_identifier(name),
					   target->name, quote_identifier(column_name)));
	users_run_quietly(psprintf("COMMENT ON INDEX %s IS '%s'",
							   quote_qualified_identifier(schema, name),
							   INDEX_COMMENT));
}

/* ---- rights ---- */

static void
apply_grants(UsersProtecting *work, UsersTarget *target)
{
	Datum value = ObjectIdGetDatum(target->oid);
	uint64 count = users_read(&queries[MISSING_GRANTS], &value, NULL);
	char **roles = palloc(sizeof(char *) * (count + 1));
	char **words = palloc(sizeof(char *) * (count + 1));

	for (uint64 i = 0; i < count; i++)
	{
		roles[i] = text_of(i, 1);
		words[i] = text_of(i, 2);
	}
	for (uint64 i = 0; i < count;)
	{
		StringInfoData list;
		const char *role = roles[i];

		initStringInfo(&list);
		for (; i < count && strcmp(roles[i], role) == 0; i++)
		{
			appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "", words[i]);
			users_note(target, psprintf("grant %s %s", role, words[i]));
		}
		users_run(work, psprintf("GRANT %s ON %s TO %s", list.data,
								 target->name, role));
	}
}

static void
apply_sequences(UsersProtecting *work, UsersTarget *target)
{
	Datum value = ObjectIdGetDatum(target->oid);
	uint64 count = users_read(&queries[MISSING_SEQUENCES], &value, NULL);
	char **statements = palloc(sizeof(char *) * (count + 1));

	for (uint64 i = 0; i < count; i++)
	{
		char *role = text_of(i, 1);

		users_note(target, psprintf("sequence %s %s", role, text_of(i, 2)));
		statements[i] =
			psprintf("GRANT USAGE ON SEQUENCE %s TO %s", text_of(i, 3), role);
	}
	for (uint64 i = 0; i < count; i++)
		users_run(work, statements[i]);
}

void
users_apply(UsersProtecting *work, List *targets)
{
	ListCell *cell;

	foreach (cell, targets)
	{
		UsersTarget *target = lfirst(cell);
		UsersProtection wanted;

		users_wanted(&wanted, work, target->oid);
		apply_flags(work, target);
		apply_policies(work, target, &wanted);
		apply_default(work, target, &wanted);
		if (target->top)
		{
			apply_guard(work, targets, target, &wanted);
			apply_index(work, target, wanted.id);
			apply_index(work, target, wanted.domain);
			apply_index(work, target, wanted.owner);
			users_drop_indexes(work, target, &wanted);
		}
		if (target->oid == work->root)
		{
			apply_grants(work, target);
			apply_sequences(work, target);
		}
		users_keep_deeds(target);
	}
}

void
users_init_apply(void)
{
	users_register_queries(queries, lengthof(queries));
}
