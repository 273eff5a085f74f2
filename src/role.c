#include "pg.h"

#include "holding.h"
#include "ids.h"
#include "query.h"
#include "role.h"

enum
{
	FIND_ROLE,
	INSERT_ROLE,
	NAME_TAKEN,
	SET_ROLE,
	DELETE_ROLE,
	DELETE_UNUSED,
	DELETE_ALL_ASSIGNMENTS,
	DELETE_ALL_ROLES,
	DIFFERING,
	ASSIGN,
	UNASSIGN,
	HAS_ROLE,
	HAS_ANY_ROLE,
	LIST_ASSIGNMENTS,
	UNASSIGN_ALL,
	COUNT_OTHER_ADMINS,
	LOCK_ADMINISTERED,
	LEFT_ALONE
};

/* The domains, not deleted, of which $1 is an administrator. */
#define ADMINISTERED                                                           \
	" d.status" NE "'deleted'"                                                 \
	" AND d.id" EQ "ANY (ARRAY("                                               \
	"     SELECT a.domain_id"                                                  \
	"       FROM users.role_assignment a JOIN users.role r ON r.id" EQ         \
	"a.role_id"                                                                \
	"      WHERE a.user_id" EQ "$1 AND a.object_type" EQ "'' AND r.built_in))"

/* clang-format off */
static UsersQuery queries[] = {
	[FIND_ROLE] = {
		.sql = "SELECT domain_id, name, permissions, built_in FROM users.role WHERE id" EQ "$1",
		.types = { UUIDOID } },
	[INSERT_ROLE] = {
		.sql = "INSERT INTO users.role"
			   " (id, domain_id, name, permissions, built_in, created_at, created_by, updated_at, updated_by)"
			   " VALUES ($1, $2, $3, $4, $5, $6, $7, $6, $7)"
			   " ON CONFLICT (domain_id, pg_catalog.lower(name COLLATE pg_catalog.\"C\")) DO NOTHING",
		.types = { UUIDOID, UUIDOID, TEXTOID, TEXTARRAYOID, BOOLOID, TIMESTAMPTZOID, UUIDOID } },
	[NAME_TAKEN] = {
		.sql = "SELECT 1 FROM users.role"
			   " WHERE domain_id" EQ "$1 AND id" NE "$2"
			   "   AND pg_catalog.lower(name COLLATE pg_catalog.\"C\")" EQ "pg_catalog.lower($3 COLLATE pg_catalog.\"C\")",
		.types = { UUIDOID, UUIDOID, TEXTOID } },
	[SET_ROLE] = {
		.sql = "UPDATE users.role SET name = $2, permissions = $3, updated_at = $4, updated_by = $5"
			   " WHERE id" EQ "$1",
		.types = { UUIDOID, TEXTOID, TEXTARRAYOID, TIMESTAMPTZOID, UUIDOID } },
	[DELETE_ROLE] = {
		.sql = "DELETE FROM users.role WHERE id" EQ "$1",
		.types = { UUIDOID } },
	[DELETE_UNUSED] = {
		.sql = "DELETE FROM users.role r"
			   " WHERE r.domain_id" EQ "$1 AND pg_catalog.lower(r.name COLLATE pg_catalog.\"C\")" EQ "$2"
			   "   AND r.permissions" EQ "$3 AND r.built_in" EQ "$4"
			   "   AND NOT EXISTS (SELECT FROM users.role_assignment a WHERE a.role_id" EQ "r.id)"
			   "   AND NOT EXISTS (SELECT FROM users.invitation i WHERE i.role_id" EQ "r.id)",
		.types = { UUIDOID, TEXTOID, TEXTARRAYOID, BOOLOID } },
	[DELETE_ALL_ASSIGNMENTS] = {
		.sql = "DELETE FROM users.role_assignment WHERE domain_id" EQ "$1",
		.types = { UUIDOID } },
	[DELETE_ALL_ROLES] = {
		.sql = "DELETE FROM users.role WHERE domain_id" EQ "$1",
		.types = { UUIDOID } },
	[DIFFERING] = {
		.sql = "SELECT ARRAY("
			   "  SELECT x.word"
			   "    FROM ((SELECT o.word FROM pg_catalog.unnest($1) o (word)"
			   "           EXCEPT SELECT o.word FROM pg_catalog.unnest($2) o (word))"
			   "          UNION ALL"
			   "          (SELECT o.word FROM pg_catalog.unnest($2) o (word)"
			   "           EXCEPT SELECT o.word FROM pg_catalog.unnest($1) o (word))) x (word)"
			   "   ORDER BY x.word COLLATE pg_catalog.\"C\")",
		.types = { TEXTARRAYOID, TEXTARRAYOID } },
	[ASSIGN] = {
		.sql = "INSERT INTO users.role_assignment"
			   " (user_id, domain_id, role_id, object_type, object_id, granted_at, granted_by)"
			   " VALUES ($1, $2, $3, $4, $5, $6, $7)"
			   " ON CONFLICT (user_id, domain_id, role_id, object_type, object_id) DO NOTHING",
		.types = { UUIDOID, UUIDOID, UUIDOID, TEXTOID, UUIDOID, TIMESTAMPTZOID, UUIDOID } },
	[UNASSIGN] = {
		.sql = "DELETE FROM users.role_assignment"
			   " WHERE user_id" EQ "$1 AND domain_id" EQ "$2 AND role_id" EQ "$3"
			   "   AND object_type" EQ "$4 AND object_id" EQ "$5",
		.types = { UUIDOID, UUIDOID, UUIDOID, TEXTOID, UUIDOID } },
	[HAS_ROLE] = {
		.sql = "SELECT 1 FROM users.role_assignment"
			   " WHERE user_id" EQ "$1 AND role_id" EQ "$2 AND object_type" EQ "$3 AND object_id" EQ "$4",
		.types = { UUIDOID, UUIDOID, TEXTOID, UUIDOID } },
	[HAS_ANY_ROLE] = {
		.sql = "SELECT 1 FROM users.role_assignment"
			   " WHERE user_id" EQ "$1 AND domain_id" EQ "$2 AND object_type" EQ "'' LIMIT 1",
		.types = { UUIDOID, UUIDOID } },
	[LIST_ASSIGNMENTS] = {
		.sql = "SELECT r.id, r.permissions, r.built_in,"
			   "       CASE WHEN a.object_type" NE "'' THEN a.object_type END, a.object_id"
			   "  FROM users.role_assignment a JOIN users.role r ON r.id" EQ "a.role_id"
			   " WHERE a.user_id" EQ "$1 AND a.domain_id" EQ "$2",
		.types = { UUIDOID, UUIDOID } },
	[UNASSIGN_ALL] = {
		.sql = "DELETE FROM users.role_assignment WHERE user_id" EQ "$1 AND domain_id" EQ "$2",
		.types = { UUIDOID, UUIDOID } },
	[COUNT_OTHER_ADMINS] = {
		.sql = "SELECT pg_catalog.count(*)"
			   "  FROM users.role r"
			   "  JOIN users.role_assignment a ON a.role_id" EQ "r.id"
			   "  JOIN users.account c ON c.user_id" EQ "a.user_id"
			   " WHERE r.domain_id" EQ "$1 AND r.built_in AND a.object_type" EQ "''"
			   "   AND a.user_id" NE "$2 AND c.status" EQ "'enabled'",
		.types = { UUIDOID, UUIDOID } },
	[LOCK_ADMINISTERED] = {
		.sql = "SELECT d.id FROM users.domain d WHERE" ADMINISTERED
			   " ORDER BY d.id FOR NO KEY UPDATE",
		.types = { UUIDOID } },
	[LEFT_ALONE] = {
		.sql = "SELECT pg_catalog.string_agg(d.route, ', ' ORDER BY d.route)"
			   "  FROM users.domain d WHERE" ADMINISTERED
			   "   AND NOT EXISTS ("
			   "       SELECT FROM users.role q"
			   "         JOIN users.role_assignment o ON o.role_id" EQ "q.id"
			   "         JOIN users.account c ON c.user_id" EQ "o.user_id"
			   "        WHERE q.domain_id" EQ "d.id AND q.built_in AND o.object_type" EQ "''"
			   "          AND o.user_id" NE "$1 AND c.status" EQ "'enabled')",
		.types = { UUIDOID } },
};
/* clang-format on */

static Datum
nullable_uuid(const pg_uuid_t *uuid, char *null)
{
	*null = uuid == NULL ? 'n' : ' ';
	return uuid == NULL ? (Datum) 0 : UUIDPGetDatum(uuid);
}

/* An array of column (from 1) of a row of the last result, in context. */
static Datum
copy_array(uint64 row, int column, MemoryContext context)
{
	bool isnull;
	Datum value = users_column(row, column, &isnull);
	MemoryContext old = MemoryContextSwitchTo(context);

	Assert(!isnull);
	value = datumCopy(value, false, -1);
	MemoryContextSwitchTo(old);
	return value;
}

/* ---- roles ---- */

bool
users_find_role(UsersRole *role, const pg_uuid_t *id, MemoryContext context)
{
	Datum value = UUIDPGetDatum(id);

	role->id = *id;
	if (users_read(&queries[FIND_ROLE], &value, NULL) == 0)
		return false;
	(void) users_column_uuid(0, 1, &role->domain_id);
	role->name = users_column_text(0, 2, context);
	role->permissions = copy_array(0, 3, context);
	role->built_in = users_column_bool(0, 4, false);
	return true;
}

bool
users_import_role_row(const UsersRole *role, TimestampTz created_at,
					  const pg_uuid_t *actor)
{
	char nulls[] = "       ";
	Datum values[7];

	values[0] = UUIDPGetDatum(&role->id);
	values[1] = UUIDPGetDatum(&role->domain_id);
	values[2] = CStringGetTextDatum(role->name);
	values[3] = role->permissions;
	values[4] = BoolGetDatum(role->built_in);
	values[5] = TimestampTzGetDatum(created_at);
	values[6] = nullable_uuid(actor, &nulls[6]);
	return users_write(&queries[INSERT_ROLE], values, nulls) > 0;
}

bool
users_insert_role(UsersRole *role, const pg_uuid_t *actor)
{
	users_new_id(&role->id);
	return users_import_role_row(role, GetCurrentTimestamp(), actor);
}

/* What every domain begins with; the words of each sorted, as everywhere. Who
 * else is in the domain neither of the ordinary two shows: where that is
 * wanted, domain:view_members is added to them. */
static const struct
{
	const char *name;
	bool built_in;
	const char *permissions;
} first_roles[] = {
	{ "admin", true, "{}" },
	{ "editor", false,
	  "{channel:connect,channel:create,channel:delete,channel:publish,"
	  "channel:read,channel:subscribe,channel:update,device:connect,"
	  "device:create,device:delete,device:read,device:update,domain:read}" },
	{ "viewer", false,
	  "{channel:read,channel:subscribe,device:read,domain:read}" },
};

static Datum
array_of(const char *literal)
{
	return OidInputFunctionCall(F_ARRAY_IN, unconstify(char *, literal),
								TEXTOID, -1);
}

void
users_insert_first_roles(pg_uuid_t *admin_id, const pg_uuid_t *domain_id,
						 TimestampTz at, const pg_uuid_t *actor)
{
	for (size_t i = 0; i < lengthof(first_roles); i++)
	{
		UsersRole role = { .domain_id = *domain_id,
						   .name = unconstify(char *, first_roles[i].name),
						   .permissions = array_of(first_roles[i].permissions),
						   .built_in = first_roles[i].built_in };

		users_new_id(&role.id);
		if (!users_import_role_row(&role, at, actor))
			elog(ERROR, "a new domain has a role already");
		if (role.built_in)
			*admin_id = role.id;
	}
}

bool
users_drop_unused_first_role(const pg_uuid_t *domain_id, const char *name,
							 bool built_in)
{
	for (size_t i = 0; i < lengthof(first_roles); i++)
	{
		Datum values[] = { UUIDPGetDatum(domain_id),
						   CStringGetTextDatum(first_roles[i].name),
						   array_of(first_roles[i].permissions),
						   BoolGetDatum(built_in) };

		if (pg_strcasecmp(first_roles[i].name, name) == 0)
			return users_write(&queries[DELETE_UNUSED], values, NULL) > 0;
	}
	return false;
}

bool
users_set_role(const UsersRole *role, const pg_uuid_t *actor)
{
	char nulls[] = "     ";
	Datum taken[] = { UUIDPGetDatum(&role->domain_id), UUIDPGetDatum(&role->id),
					  CStringGetTextDatum(role->name) };
	Datum values[5];

	/* The domain is locked: nobody else makes a role in it. */
	if (users_read(&queries[NAME_TAKEN], taken, NULL) > 0)
		return false;
	values[0] = UUIDPGetDatum(&role->id);
	values[1] = taken[2];
	values[2] = role->permissions;
	values[3] = TimestampTzGetDatum(GetCurrentTimestamp());
	values[4] = nullable_uuid(actor, &nulls[4]);
	(void) users_write(&queries[SET_ROLE], values, nulls);
	return true;
}

void
users_delete_role_row(const pg_uuid_t *id)
{
	Datum value = UUIDPGetDatum(id);

	(void) users_write(&queries[DELETE_ROLE], &value, NULL);
}

int64
users_delete_all_roles(const pg_uuid_t *domain_id)
{
	Datum value = UUIDPGetDatum(domain_id);
	int64 rows;

	/* First, since a cascade would not say how many there were. */
	rows = (int64) users_write(&queries[DELETE_ALL_ASSIGNMENTS], &value, NULL);
	return rows + (int64) users_write(&queries[DELETE_ALL_ROLES], &value, NULL);
}

Datum
users_differing_permissions(Datum one, Datum other, MemoryContext context)
{
	Datum values[] = { one, other };

	(void) users_read(&queries[DIFFERING], values, NULL);
	return copy_array(0, 1, context);
}

/* ---- who holds them ---- */

void
users_scope_values(Datum *values, int at, const char *object_type,
				   const pg_uuid_t *object_id)
{
	static const pg_uuid_t nil;

	values[at] = CStringGetTextDatum(object_id == NULL ? "" : object_type);
	values[at + 1] = UUIDPGetDatum(object_id == NULL ? &nil : object_id);
}

bool
users_may_assign(const pg_uuid_t *user_id, const UsersRole *role,
				 const char *object_type, const pg_uuid_t *object_id)
{
	const char *need = object_id == NULL
						   ? "domain:manage_members"
						   : psprintf("%s:manage_roles", object_type);

	return users_holds_now(user_id, need, &role->domain_id, object_id) &&
		   users_holds_all_now(
			   user_id, role->permissions, role->built_in, &role->domain_id,
			   object_id == NULL ? NULL : object_type, object_id);
}

bool
users_assign_at(TimestampTz granted_at, const pg_uuid_t *user_id,
				const UsersRole *role, const char *object_type,
				const pg_uuid_t *object_id, const pg_uuid_t *granted_by)
{
	char nulls[] = "       ";
	Datum values[7];

	values[0] = UUIDPGetDatum(user_id);
	values[1] = UUIDPGetDatum(&role->domain_id);
	values[2] = UUIDPGetDatum(&role->id);
	users_scope_values(values, 3, object_type, object_id);
	values[5] = TimestampTzGetDatum(granted_at);
	values[6] = nullable_uuid(granted_by, &nulls[6]);
	return users_write(&queries[ASSIGN], values, nulls) > 0;
}

bool
users_assign(const pg_uuid_t *user_id, const UsersRole *role,
			 const char *object_type, const pg_uuid_t *object_id,
			 const pg_uuid_t *granted_by)
{
	return users_assign_at(GetCurrentTimestamp(), user_id, role, object_type,
						   object_id, granted_by);
}

bool
users_unassign(const pg_uuid_t *user_id, const UsersRole *role,
			   const char *object_type, const pg_uuid_t *object_id)
{
	Datum values[5];

	values[0] = UUIDPGetDatum(user_id);
	values[1] = UUIDPGetDatum(&role->domain_id);
	values[2] = UUIDPGetDatum(&role->id);
	users_scope_values(values, 3, object_type, object_id);
	return users_write(&queries[UNASSIGN], values, NULL) > 0;
}

bool
users_has_role(const pg_uuid_t *user_id, const pg_uuid_t *role_id,
			   const char *object_type, const pg_uuid_t *object_id)
{
	Datum values[4];

	values[0] = UUIDPGetDatum(user_id);
	values[1] = UUIDPGetDatum(role_id);
	users_scope_values(values, 2, object_type, object_id);
	return users_read(&queries[HAS_ROLE], values, NULL) > 0;
}

bool
users_has_any_role(const pg_uuid_t *user_id, const pg_uuid_t *domain_id)
{
	Datum values[] = { UUIDPGetDatum(user_id), UUIDPGetDatum(domain_id) };

	return users_read(&queries[HAS_ANY_ROLE], values, NULL) > 0;
}

int
users_list_assignments(UsersAssignment **list, const pg_uuid_t *user_id,
					   const pg_uuid_t *domain_id, MemoryContext context)
{
	Datum values[] = { UUIDPGetDatum(user_id), UUIDPGetDatum(domain_id) };
	int count = (int) users_read(&queries[LIST_ASSIGNMENTS], values, NULL);

	*list =
		MemoryContextAllocZero(context, sizeof(UsersAssignment) * (count + 1));
	for (int i = 0; i < count; i++)
	{
		UsersAssignment *found = &(*list)[i];

		(void) users_column_uuid(i, 1, &found->role.id);
		found->role.domain_id = *domain_id;
		found->role.permissions = copy_array(i, 2, context);
		found->role.built_in = users_column_bool(i, 3, false);
		found->object_type = users_column_text(i, 4, context);
		(void) users_column_uuid(i, 5, &found->object_id);
	}
	return count;
}

int64
users_unassign_all(const pg_uuid_t *user_id, const pg_uuid_t *domain_id)
{
	Datum values[] = { UUIDPGetDatum(user_id), UUIDPGetDatum(domain_id) };

	return (int64) users_write(&queries[UNASSIGN_ALL], values, NULL);
}

int64
users_count_other_domain_admins(const pg_uuid_t *domain_id,
								const pg_uuid_t *user_id)
{
	Datum values[] = { UUIDPGetDatum(domain_id), UUIDPGetDatum(user_id) };

	(void) users_read(&queries[COUNT_OTHER_ADMINS], values, NULL);
	return users_column_int64(0, 1, 0);
}

char *
users_domains_left_alone(const pg_uuid_t *user_id, MemoryContext context)
{
	Datum value = UUIDPGetDatum(user_id);

	(void) users_write(&queries[LOCK_ADMINISTERED], &value, NULL);
	(void) users_read(&queries[LEFT_ALONE], &value, NULL);
	return users_column_text(0, 1, context);
}

void
users_init_role(void)
{
	users_register_queries(queries, lengthof(queries));
}
