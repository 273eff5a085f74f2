/* users_unprotect: takes back what users_protect did, and nothing else. */
#include "pg.h"

#include "errors.h"
#include "protect.h"
#include "query.h"

enum
{
	OUR_INDEXES,
	OUR_SEQUENCES,
	OUR_POLICIES,
	OTHER_POLICIES
};

/* clang-format off */
static UsersQuery queries[] = {
	[OUR_INDEXES] = {
		.sql = "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), i.indkey[0]::pg_catalog.int8"
			   "  FROM pg_catalog.pg_index i, pg_catalog.pg_class c, pg_catalog.pg_namespace n"
			   " WHERE i.indrelid" EQ "$1 AND c.oid" EQ "i.indexrelid AND n.oid" EQ "c.relnamespace"
			   "   AND NOT c.relispartition"
			   "   AND pg_catalog.obj_description(c.oid, 'pg_class')" EQ "'Made by users_protect.' ORDER BY 1",
		.types = { OIDOID } },
	[OUR_SEQUENCES] = {
		.sql = "SELECT t.attname::pg_catalog.text, pg_catalog.format('%I.%I', n.nspname, c.relname)"
			   "  FROM pg_catalog.pg_depend d, pg_catalog.pg_class c, pg_catalog.pg_namespace n, pg_catalog.pg_attribute t"
			   " WHERE d.classid" EQ "'pg_catalog.pg_class'::pg_catalog.regclass AND d.refclassid" EQ "d.classid"
			   "   AND d.refobjid" EQ "$1 AND d.deptype" EQ "ANY ('{a,i}'::pg_catalog.\"char\"[])"
			   "   AND c.oid" EQ "d.objid AND c.relkind" EQ "'S' AND n.oid" EQ "c.relnamespace"
			   "   AND t.attrelid" EQ "d.refobjid AND t.attnum" EQ "d.refobjsubid ORDER BY t.attnum",
		.types = { OIDOID } },
	[OUR_POLICIES] = {
		.sql = "SELECT p.polname::pg_catalog.text FROM pg_catalog.pg_policy p WHERE p.polrelid" EQ "$1"
			   "   AND p.polname" EQ "ANY ('{users_read,users_create,users_update,users_delete,users_all}'::pg_catalog.name[]) ORDER BY 1",
		.types = { OIDOID } },
	[OTHER_POLICIES] = {
		.sql = "SELECT 1 FROM pg_catalog.pg_policy p WHERE p.polrelid" EQ "$1 LIMIT 1",
		.types = { OIDOID } },
};
/* clang-format on */

/* The first column of every row. */
static char **
list_names(UsersQuery *query, Oid relation, uint64 *count)
{
	Datum value = ObjectIdGetDatum(relation);
	char **names;

	*count = users_read(query, &value, NULL);
	names = palloc(sizeof(char *) * (*count + 1));
	for (uint64 i = 0; i < *count; i++)
		names[i] = users_column_text(i, 1, CurrentMemoryContext);
	return names;
}

void
users_drop_guard(UsersProtecting *work, const UsersTarget *target)
{
	if (!target->is_protected)
		return;
	if (target->now.from_above)
		users_raise_detail(USERS_E_STATE, "relation",
						   "%s is protected as a part of a partitioned table.",
						   target->name);
	users_run(work, psprintf("DROP TRIGGER \"%s\" ON %s", USERS_GUARD_NAME,
							 target->name));
}

void
users_drop_indexes(UsersProtecting *work, const UsersTarget *target,
				   const UsersProtection *wanted)
{
	uint64 count;
	char **names = list_names(&queries[OUR_INDEXES], target->oid, &count);
	AttrNumber *columns = palloc(sizeof(AttrNumber) * (count + 1));

	for (uint64 i = 0; i < count; i++)
		columns[i] = (AttrNumber) users_column_int64(i, 2, 0);
	for (uint64 i = 0; i < count; i++)
		if (wanted == NULL ||
			(columns[i] != wanted->id && columns[i] != wanted->domain &&
			 columns[i] != wanted->owner))
			users_run(work, psprintf("DROP INDEX %s", names[i]));
}

void
users_restore_default(UsersProtecting *work, UsersTarget *target)
{
	const char *deed = users_default_deed(target);

	if (deed == NULL || target->now.owner == 0)
		return;
	if (strcmp(deed, "default") == 0)
		users_run(work,
				  psprintf("ALTER TABLE ONLY %s ALTER COLUMN %s DROP DEFAULT",
						   target->name,
						   quote_identifier(get_attname(
							   target->oid, target->now.owner, false))));
	else
		users_run_default(work, target, target->now.owner,
						  deed + strlen("default "));
	users_unnote(target, deed);
}

static void
drop_policies(UsersProtecting *work, const UsersTarget *target)
{
	uint64 count;
	char **names = list_names(&queries[OUR_POLICIES], target->oid, &count);

	for (uint64 i = 0; i < count; i++)
		users_run(work,
				  psprintf("DROP POLICY %s ON %s", names[i], target->name));
}

/* The flags go back once the policies are gone. */
static void
undo_flags(UsersProtecting *work, const UsersTarget *target)
{
	Datum value = ObjectIdGetDatum(target->oid);

	if (users_did(target, "forced") && target->forced)
		users_run(work, psprintf("ALTER TABLE %s NO FORCE ROW LEVEL SECURITY",
								 target->name));
	if (users_did(target, "enabled") && target->row_security &&
		users_read(&queries[OTHER_POLICIES], &value, NULL) == 0)
		users_run(work, psprintf("ALTER TABLE %s DISABLE ROW LEVEL SECURITY",
								 target->name));
}

static const char *const roles[] = { "users_member", "users_admin" };

static void
undo_grants(UsersProtecting *work, const UsersTarget *target)
{
	static const char *const privileges[] = { "SELECT", "INSERT", "UPDATE",
											  "DELETE" };

	for (size_t r = 0; r < lengthof(roles); r++)
	{
		StringInfoData list;

		initStringInfo(&list);
		for (size_t p = 0; p < lengthof(privileges); p++)
			if (users_did(target,
						  psprintf("grant %s %s", roles[r], privileges[p])))
				appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "",
								 privileges[p]);
		if (list.len > 0)
			users_run(work, psprintf("REVOKE %s ON %s FROM %s", list.data,
									 target->name, roles[r]));
	}
}

static void
undo_sequences(UsersProtecting *work, const UsersTarget *target)
{
	uint64 count;
	char **columns = list_names(&queries[OUR_SEQUENCES], target->oid, &count);
	char **sequences = palloc(sizeof(char *) * (count + 1));

	for (uint64 i = 0; i < count; i++)
		sequences[i] = users_column_text(i, 2, CurrentMemoryContext);
	for (uint64 i = 0; i < count; i++)
		for (size_t r = 0; r < lengthof(roles); r++)
			if (users_did(target,
						  psprintf("sequence %s %s", roles[r], columns[i])))
				users_run(work, psprintf("REVOKE USAGE ON SEQUENCE %s FROM %s",
										 sequences[i], roles[r]));
}

static void
undo_target(UsersProtecting *work, UsersTarget *target)
{
	if (target->top)
		users_drop_guard(work, target);
	drop_policies(work, target);
	users_restore_default(work, target);
	undo_flags(work, target);
	undo_grants(work, target);
	undo_sequences(work, target);
	if (target->top)
		users_drop_indexes(work, target, NULL);
}

void
users_undo(UsersProtecting *work, List *targets)
{
	ListCell *cell;

	foreach (cell, targets)
	{
		UsersTarget *target = lfirst(cell);

		if (target->is_protected || target->has_comment)
			undo_target(work, target);
	}
}

void
users_init_undo(void)
{
	users_register_queries(queries, lengthof(queries));
}
