#include "pg.h"

#include "held.h"
#include "lookup.h"

/* Columns of the lookups, as they stand in UsersFound. */
enum
{
	ACCOUNT_STATUS = 1,
	ACCOUNT_ROLE
};

enum
{
	ASSIGNED_DOMAIN = 1,
	ASSIGNED_TYPE,
	ASSIGNED_OBJECT,
	ASSIGNED_ROLE
};

enum
{
	ROLE_DOMAIN = 1,
	ROLE_BUILT_IN,
	ROLE_PERMISSIONS
};

enum
{
	DOMAIN_STATUS = 1
};

/* Tables that others own, against the rule: this runs for every request. */
static UsersLookup accounts = {
	.table = "account",
	.columns = { "user_id", "status", "platform_role" },
	.key_columns = 1,
	.equal = { F_UUID_EQ },
};

static UsersLookup assignments = {
	.table = "role_assignment",
	.columns = { "user_id", "domain_id", "object_type", "object_id",
				 "role_id" },
	.key_columns = 4,
	.equal = { F_UUID_EQ, F_UUID_EQ, F_TEXTEQ, F_UUID_EQ },
};

static UsersLookup roles = {
	.table = "role",
	.columns = { "id", "domain_id", "built_in", "permissions" },
	.key_columns = 1,
	.equal = { F_UUID_EQ },
};

static UsersLookup domains = {
	.table = "domain",
	.columns = { "id", "status" },
	.key_columns = 1,
	.equal = { F_UUID_EQ },
};

static bool
is_word(Datum text_datum, const char *word)
{
	const text *given = DatumGetTextPP(text_datum);
	size_t len = strlen(word);

	return VARSIZE_ANY_EXHDR(given) == len &&
		   memcmp(VARDATA_ANY(given), word, len) == 0;
}

void
users_read_standing(UsersStanding *standing, const pg_uuid_t *user_id,
					Snapshot snapshot)
{
	UsersFound found;
	Datum key = UUIDPGetDatum(user_id);

	standing->user_id = *user_id;
	standing->enabled = users_lookup(&found, &accounts, &key, snapshot) &&
						is_word(found.values[ACCOUNT_STATUS], "enabled");
	standing->is_admin =
		standing->enabled && is_word(found.values[ACCOUNT_ROLE], "admin");
}

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
users_held_add(UsersHeld *held, const UsersHeldRow *row)
{
	held->enabled = row->enabled;
	held->everything |= row->everything;
	held->words =
		held->words == NULL ? row->words : bms_union(held->words, row->words);
}

/* ---- assignments one after the other, with role and domain of each ---- */

typedef struct Reading
{
	UsersScan assignments;
	UsersScan roles;
	UsersScan domains;
	/* Assignments come domain by domain. */
	bool domain_known;
	pg_uuid_t domain_id;
	bool reached;
	bool enabled;
	/* Of many roles the permissions are the same. */
	ArrayType *permissions;
	Bitmapset *words;
} Reading;

static void
open_reading(Reading *reading, const Datum *key, int keys, Snapshot snapshot)
{
	memset(reading, 0, sizeof(*reading));
	users_scan_open(&reading->assignments, &assignments, keys, snapshot);
	users_scan_open(&reading->roles, &roles, 1, snapshot);
	users_scan_open(&reading->domains, &domains, 1, snapshot);
	users_scan_find(&reading->assignments, key);
}

static void
close_reading(Reading *reading)
{
	users_scan_close(&reading->domains);
	users_scan_close(&reading->roles);
	users_scan_close(&reading->assignments);
}

/* Whether the domain can be reached by anybody. */
static bool
read_domain(Reading *reading, const pg_uuid_t *domain_id)
{
	UsersFound found;
	Datum key = UUIDPGetDatum(domain_id);

	if (reading->domain_known &&
		memcmp(&reading->domain_id, domain_id, sizeof(*domain_id)) == 0)
		return reading->reached;
	reading->reached = false;
	if (users_scan_get(&reading->domains, &found, &key))
	{
		reading->enabled = is_word(found.values[DOMAIN_STATUS], "enabled");
		reading->reached = reading->enabled ||
						   is_word(found.values[DOMAIN_STATUS], "disabled");
	}
	reading->domain_id = *domain_id;
	reading->domain_known = true;
	return reading->reached;
}

static Bitmapset *
read_words(Reading *reading, Datum permissions)
{
	ArrayType *array = DatumGetArrayTypeP(permissions);

	if (reading->permissions == NULL ||
		VARSIZE(reading->permissions) != VARSIZE(array) ||
		memcmp(reading->permissions, array, VARSIZE(array)) != 0)
	{
		reading->permissions = DatumGetArrayTypePCopy(PointerGetDatum(array));
		reading->words = users_words(PointerGetDatum(array));
	}
	return reading->words;
}

/* False when the role is none of this domain. */
static bool
read_role(UsersHeldRow *row, Reading *reading, Datum role_id)
{
	UsersFound found;

	if (!users_scan_get(&reading->roles, &found, &role_id) ||
		memcmp(DatumGetUUIDP(found.values[ROLE_DOMAIN]), &row->domain_id,
			   sizeof(pg_uuid_t)) != 0)
		return false;
	row->everything = DatumGetBool(found.values[ROLE_BUILT_IN]);
	row->words = read_words(reading, found.values[ROLE_PERMISSIONS]);
	return true;
}

/* The next one that gives something; in the present memory context. */
static bool
next_row(UsersHeldRow *row, Reading *reading)
{
	UsersFound found;

	while (users_scan_next(&reading->assignments, &found))
	{
		const text *type = DatumGetTextPP(found.values[ASSIGNED_TYPE]);

		row->domain_id = *DatumGetUUIDP(found.values[ASSIGNED_DOMAIN]);
		if (!read_domain(reading, &row->domain_id) ||
			!read_role(row, reading, found.values[ASSIGNED_ROLE]))
			continue;
		row->enabled = reading->enabled;
		row->object_id = *DatumGetUUIDP(found.values[ASSIGNED_OBJECT]);
		row->type =
			users_word_of_type(VARDATA_ANY(type), VARSIZE_ANY_EXHDR(type));
		return true;
	}
	return false;
}

/* All of one domain or object; NULL for none. */
static UsersHeld *
gather(const Datum *key, int keys, Snapshot snapshot, MemoryContext context)
{
	Reading reading;
	UsersHeldRow row;
	UsersHeld *held = NULL;
	MemoryContext old;

	open_reading(&reading, key, keys, snapshot);
	old = MemoryContextSwitchTo(context);
	while (next_row(&row, &reading))
	{
		if (held == NULL)
			held = palloc0(sizeof(UsersHeld));
		users_held_add(held, &row);
	}
	MemoryContextSwitchTo(old);
	close_reading(&reading);
	return held;
}

UsersHeld *
users_read_held_in(const UsersStanding *standing, const pg_uuid_t *domain_id,
				   Snapshot snapshot, MemoryContext context)
{
	Datum key[] = { UUIDPGetDatum(&standing->user_id), UUIDPGetDatum(domain_id),
					PointerGetDatum(cstring_to_text_with_len("", 0)) };

	return standing->enabled ? gather(key, lengthof(key), snapshot, context)
							 : NULL;
}

UsersHeld *
users_read_held_on(const UsersStanding *standing, const pg_uuid_t *domain_id,
				   int type, const pg_uuid_t *object_id, Snapshot snapshot,
				   MemoryContext context)
{
	Datum key[] = { UUIDPGetDatum(&standing->user_id), UUIDPGetDatum(domain_id),
					PointerGetDatum(cstring_to_text_with_len(
						users_word_text(type), users_word_type_len(type))),
					UUIDPGetDatum(object_id) };

	return standing->enabled ? gather(key, lengthof(key), snapshot, context)
							 : NULL;
}

int
users_read_all_held(UsersHeldRow **rows, const UsersStanding *standing,
					Snapshot snapshot)
{
	Datum key = UUIDPGetDatum(&standing->user_id);
	Reading reading;
	int room = 32;
	int count = 0;

	*rows = palloc(sizeof(UsersHeldRow) * (Size) room);
	if (!standing->enabled)
		return 0;
	open_reading(&reading, &key, 1, snapshot);
	while (next_row(&(*rows)[count], &reading))
		if (++count == room)
		{
			room *= 2;
			*rows = repalloc_huge(*rows, sizeof(UsersHeldRow) * (Size) room);
		}
	close_reading(&reading);
	return count;
}

void
users_init_held(void)
{
	users_register_lookup(&accounts);
	users_register_lookup(&assignments);
	users_register_lookup(&roles);
	users_register_lookup(&domains);
}
