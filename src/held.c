#include "pg.h"

#include "held.h"
#include "query.h"

/* The columns of all three statements. */
enum
{
	ROW_DOMAIN = 1,
	ROW_ENABLED,
	ROW_EVERYTHING,
	ROW_PERMISSIONS,
	ROW_TYPE,
	ROW_OBJECT
};

enum
{
	LOAD,
	LOAD_IN,
	LOAD_ON,
	FIND_ADMIN
};

/* clang-format off */
/* Role and domain are looked up by key, row by row (OFFSET 0 keeps the planner
 * from joining whole tables): what one user's question costs does not depend on
 * how many domains there are. */
#define SELECT_HELD \
	"SELECT s.domain_id, d.enabled, r.built_in, r.permissions, s.object_type, s.object_id" \
	" FROM users.role_assignment s" \
	" CROSS JOIN LATERAL (SELECT x.built_in, x.permissions FROM users.role x" \
	" WHERE x.id" EQ "s.role_id AND x.domain_id" EQ "s.domain_id OFFSET 0) r" \
	" CROSS JOIN LATERAL (SELECT x.status" EQ "'enabled' AS enabled FROM users.domain x" \
	" WHERE x.id" EQ "s.domain_id AND x.status" EQ "ANY ('{enabled,disabled}') OFFSET 0) d" \
	" WHERE s.user_id" EQ "$1" \
	" AND EXISTS (SELECT 1 FROM users.account a WHERE a.user_id" EQ "$1 AND a.status" EQ "'enabled')"

static UsersQuery queries[] = {
	[LOAD] = {
		.sql = SELECT_HELD,
		.types = { UUIDOID } },
	[LOAD_IN] = {
		.sql = SELECT_HELD " AND s.domain_id" EQ "$2 AND s.object_type" EQ "''",
		.types = { UUIDOID, UUIDOID } },
	[LOAD_ON] = {
		.sql = SELECT_HELD " AND s.domain_id" EQ "$2 AND s.object_type" EQ "$3 AND s.object_id" EQ "$4",
		.types = { UUIDOID, UUIDOID, TEXTOID, UUIDOID } },
	[FIND_ADMIN] = {
		.sql = "SELECT 1 FROM users.account WHERE user_id" EQ "$1 AND status" EQ "'enabled' AND platform_role" EQ "'admin'",
		.types = { UUIDOID } },
};
/* clang-format on */

/* The number of domain:enable, which opens a disabled domain. */
static int
enable_word(void)
{
	static int word = -1;

	if (word < 0)
	{
		UsersPermission permission;

		(void) users_permission_parse(&permission, "domain:enable",
									  strlen("domain:enable"));
		word = users_word(&permission);
	}
	return word;
}

bool
users_held_opens(const UsersHeld *held)
{
	return held->enabled || users_held_has(held, enable_word());
}

void
users_held_add(UsersHeld *held, uint64 row, UsersHeldMemo *memo)
{
	bool isnull;
	const ArrayType *array =
		DatumGetArrayTypeP(users_column(row, ROW_PERMISSIONS, &isnull));

	held->enabled = users_column_bool(row, ROW_ENABLED, false);
	held->everything |= users_column_bool(row, ROW_EVERYTHING, false);
	if (memo->array == NULL || VARSIZE(memo->array) != VARSIZE(array) ||
		memcmp(memo->array, array, VARSIZE(array)) != 0)
	{
		memo->array = array;
		memo->words = users_words(PointerGetDatum(array));
	}
	held->words =
		held->words == NULL ? memo->words : bms_union(held->words, memo->words);
}

/* All rows of the last result, of one domain or object; NULL for none. */
static UsersHeld *
gather(uint64 count, MemoryContext context)
{
	MemoryContext old;
	UsersHeldMemo memo = { 0 };
	UsersHeld *held;

	if (count == 0)
		return NULL;
	old = MemoryContextSwitchTo(context);
	held = palloc0(sizeof(UsersHeld));
	for (uint64 row = 0; row < count; row++)
		users_held_add(held, row, &memo);
	MemoryContextSwitchTo(old);
	return held;
}

static uint64
read_rows(UsersQuery *query, const Datum *values, bool now)
{
	return now ? users_read(query, values, NULL)
			   : users_read_seen(query, values, NULL, 0);
}

UsersHeld *
users_read_held_in(const pg_uuid_t *user_id, const pg_uuid_t *domain_id,
				   bool now, MemoryContext context)
{
	Datum values[] = { UUIDPGetDatum(user_id), UUIDPGetDatum(domain_id) };

	return gather(read_rows(&queries[LOAD_IN], values, now), context);
}

UsersHeld *
users_read_held_on(const pg_uuid_t *user_id, const pg_uuid_t *domain_id,
				   int type, const pg_uuid_t *object_id, bool now,
				   MemoryContext context)
{
	Datum values[] = { UUIDPGetDatum(user_id), UUIDPGetDatum(domain_id),
					   PointerGetDatum(cstring_to_text_with_len(
						   users_word_text(type), users_word_type_len(type))),
					   UUIDPGetDatum(object_id) };

	return gather(read_rows(&queries[LOAD_ON], values, now), context);
}

uint64
users_read_all_held(const pg_uuid_t *user_id, long limit)
{
	Datum value = UUIDPGetDatum(user_id);

	return users_read_seen(&queries[LOAD], &value, NULL, limit);
}

void
users_held_row(UsersHeldRow *out, uint64 row)
{
	bool isnull;
	const text *type = DatumGetTextPP(users_column(row, ROW_TYPE, &isnull));

	(void) users_column_uuid(row, ROW_DOMAIN, &out->domain_id);
	(void) users_column_uuid(row, ROW_OBJECT, &out->object_id);
	out->enabled = users_column_bool(row, ROW_ENABLED, false);
	out->type = users_word_of_type(VARDATA_ANY(type), VARSIZE_ANY_EXHDR(type));
}

bool
users_read_is_admin(const pg_uuid_t *user_id)
{
	Datum value = UUIDPGetDatum(user_id);

	return users_read_seen(&queries[FIND_ADMIN], &value, NULL, 1) > 0;
}

void
users_init_held(void)
{
	users_register_queries(queries, lengthof(queries));
}
