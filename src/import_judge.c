#include "pg.h"

#include "batch.h"
#include "core/grammar.h"
#include "import_judge.h"
#include "person.h"

enum
{
	FIND_OWNERS,
	FIND_DELETED_TWIN
};

/* clang-format off */
static UsersQuery queries[] = {
	/* Not joins: of tables that were vacuumed while they were empty the planner
	 * would read all for each row. */
	[FIND_OWNERS] = {
		.sql = "SELECT (SELECT e.user_id FROM users.identifier e WHERE e.identifier" EQ "n.email),"
			   "       (SELECT e.user_id FROM users.identifier e WHERE e.identifier" EQ "n.username),"
			   "       (SELECT i.user_id FROM users.person_id i WHERE i.user_id" EQ "n.id) IS NOT NULL,"
			   "       (SELECT a.email FROM users.account a WHERE a.user_id" EQ "n.id)"
			   "  FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3))"
			   "       n (email, username, id)",
		.types = { TEXTARRAYOID, TEXTARRAYOID, UUIDARRAYOID } },
	[FIND_DELETED_TWIN] = {
		.sql = "SELECT 1 FROM users.account a JOIN users.person p ON p.user_id" EQ "a.user_id"
			   " WHERE pg_catalog.lower(a.email)" EQ "pg_catalog.lower($1) AND a.status" EQ "'deleted'"
			   "   AND pg_catalog.lower(p.username)" EQ "pg_catalog.lower($2) LIMIT 1",
		.types = { TEXTOID, TEXTOID } },
};
/* clang-format on */

/* What stands in an account's way; of the table's, or of one before it. */
typedef struct Owners
{
	bool has_email;
	pg_uuid_t email_owner;
	bool has_username;
	pg_uuid_t username_owner;
	bool knows_id;
	const char *email; /* of the account with this id; NULL: purged, or none */
	const char *username;
	bool has_twin; /* it is deleted, without an id, and there */
} Owners;

/* An identifier or id that an account of the slice has got. */
#define CLAIM_MAX (USERS_EMAIL_MAX + USERS_USERNAME_MAX + 32)

typedef struct Claim
{
	char key[CLAIM_MAX]; /* hash key */
	const UsersImport *import;
} Claim;

static bool
same_id(const pg_uuid_t *a, const pg_uuid_t *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* ---- who is there ---- */

static char *
id_key(const UsersImport *import)
{
	return import->has_id ? DatumGetCString(DirectFunctionCall1(
								uuid_out, UUIDPGetDatum(&import->user_id)))
						  : NULL;
}

/* Of who is deleted and has no id: what tells it from others. */
static char *
twin_key(const UsersImport *import)
{
	char *key;

	if (import->has_id || import->status != USERS_DELETED)
		return NULL;
	key = psprintf("%s %s", import->email, import->username);
	users_fold(key, key, strlen(key));
	return key;
}

static const UsersImport *
claimed(const UsersImportSlice *slice, const char *key)
{
	const Claim *claim = NULL;

	if (key != NULL)
		claim = hash_search(slice->claims, key, HASH_FIND, NULL);
	return claim == NULL ? NULL : claim->import;
}

static void
claim(const UsersImportSlice *slice, const char *key, const UsersImport *import)
{
	Claim *claim;

	if (key == NULL)
		return;
	claim = hash_search(slice->claims, key, HASH_ENTER, NULL);
	claim->import = import;
}

/* Of the accounts that are there, their usernames. */
static void
find_usernames(Owners *owners, const UsersImportSlice *slice)
{
	for (int i = 0; i < slice->n; i++)
		if (owners[i].email != NULL)
			owners[i].username =
				users_present_username(&slice->imports[i]->user_id);
}

/* Of the tables, for all of the slice. */
static Owners *
find_owners(const UsersImportSlice *slice)
{
	Owners *owners = palloc0(sizeof(Owners) * (Size) slice->n);
	UsersBatch batch;

	users_begin_batch(&batch, &queries[FIND_OWNERS], slice->n);
	for (int i = 0; i < slice->n; i++)
	{
		users_put_text(&batch, slice->email_keys[i]);
		users_put_text(&batch, slice->username_keys[i]);
		users_put_cell(&batch, UUIDPGetDatum(&slice->imports[i]->user_id));
	}
	if (users_read(batch.query, users_batch_arrays(&batch), NULL) !=
		(uint64) slice->n)
		elog(ERROR, "not every account was looked for");
	for (int i = 0; i < slice->n; i++)
	{
		Owners *owner = &owners[i];

		owner->has_email = users_column_uuid(i, 1, &owner->email_owner);
		owner->has_username = users_column_uuid(i, 2, &owner->username_owner);
		owner->knows_id = users_column_bool(i, 3, false);
		owner->email = users_column_text(i, 4, CurrentMemoryContext);
	}
	find_usernames(owners, slice);
	return owners;
}

static bool
find_deleted_twin(const UsersImport *import)
{
	Datum values[] = { CStringGetTextDatum(import->email),
					   CStringGetTextDatum(import->username) };

	return users_read(&queries[FIND_DELETED_TWIN], values, NULL) > 0;
}

/* Adds what accounts before it in the slice have got. */
static void
add_claims(Owners *owners, const UsersImportSlice *slice, int i)
{
	const UsersImport *import = slice->imports[i];
	const UsersImport *by_email = claimed(slice, slice->email_keys[i]);
	const UsersImport *by_username = claimed(slice, slice->username_keys[i]);
	const UsersImport *by_id = claimed(slice, id_key(import));
	const char *twin = twin_key(import);

	if (by_email != NULL)
		owners->email_owner = by_email->user_id;
	owners->has_email = owners->has_email || by_email != NULL;
	if (by_username != NULL)
		owners->username_owner = by_username->user_id;
	owners->has_username = owners->has_username || by_username != NULL;
	if (by_id != NULL)
	{
		owners->knows_id = true;
		owners->email = by_id->email;
		owners->username = by_id->username;
	}
	owners->has_twin = twin != NULL && (claimed(slice, twin) != NULL ||
										find_deleted_twin(import));
}

/* Which of the two it is when something is taken. */
static UsersImportVerdict
judge(const UsersImport *import, const Owners *owners)
{
	if (owners->has_twin)
		return USERS_IMPORTED_BEFORE;
	if (owners->knows_id)
		return owners->email != NULL && owners->username != NULL &&
					   pg_strcasecmp(owners->email, import->email) == 0 &&
					   pg_strcasecmp(owners->username, import->username) == 0
				   ? USERS_IMPORTED_BEFORE
				   : USERS_IMPORT_ID_TAKEN;
	if (owners->has_email && owners->has_username && !import->has_id &&
		same_id(&owners->email_owner, &owners->username_owner))
		return USERS_IMPORTED_BEFORE;
	if (owners->has_email)
		return USERS_IMPORT_EMAIL_TAKEN;
	return owners->has_username ? USERS_IMPORT_USERNAME_TAKEN : USERS_IMPORTED;
}

void
users_judge_imports(UsersImportSlice *slice)
{
	HASHCTL control = { .keysize = CLAIM_MAX,
						.entrysize = sizeof(Claim),
						.hcxt = CurrentMemoryContext };
	Owners *owners = find_owners(slice);

	slice->claims = hash_create("users import", slice->n * 3, &control,
								HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	for (int i = 0; i < slice->n; i++)
	{
		const UsersImport *import = slice->imports[i];

		add_claims(&owners[i], slice, i);
		slice->verdicts[i] = judge(import, &owners[i]);
		if (slice->verdicts[i] != USERS_IMPORTED)
			continue;
		claim(slice, slice->email_keys[i], import);
		claim(slice, slice->username_keys[i], import);
		claim(slice, id_key(import), import);
		claim(slice, twin_key(import), import);
	}
}

void
users_init_import_judge(void)
{
	users_register_queries(queries, lengthof(queries));
}
