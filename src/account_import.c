#include "pg.h"

#include <sodium.h>

#include "account_import.h"
#include "batch.h"
#include "caller.h"
#include "errors.h"
#include "identifier.h"
#include "import_judge.h"

enum
{
	INSERT_IDS,
	INSERT_ACCOUNTS,
	INSERT_PEOPLE,
	INSERT_CREDENTIALS,
	FIND_PERSON
};

/* clang-format off */
static UsersQuery queries[] = {
	[INSERT_IDS] = {
		.sql = "INSERT INTO users.person_id (user_id) SELECT n.id FROM pg_catalog.unnest($1) n (id)"
			   " ON CONFLICT DO NOTHING",
		.types = { UUIDARRAYOID } },
	[INSERT_ACCOUNTS] = {
		.sql = "INSERT INTO users.account"
			   " (user_id, email, status, platform_role, email_verified_at, language, theme, tags, metadata,"
			   "  admin_metadata, created_at, updated_at, deleted_at, deleted_from)"
			   " SELECT n.user_id, n.email, n.status, n.platform_role, n.verified_at, n.language, n.theme,"
			   "        coalesce(n.tags::pg_catalog.text[], '{}'), n.metadata, coalesce(n.admin_metadata, '{}'),"
			   "        n.created_at, n.updated_at, n.deleted_at, CASE WHEN n.deleted_at IS NOT NULL THEN 'enabled' END"
			   "   FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3),"
			   "                   pg_catalog.unnest($4), pg_catalog.unnest($5), pg_catalog.unnest($6),"
			   "                   pg_catalog.unnest($7), pg_catalog.unnest($8), pg_catalog.unnest($9),"
			   "                   pg_catalog.unnest($10), pg_catalog.unnest($11), pg_catalog.unnest($12),"
			   "                   pg_catalog.unnest($13))"
			   "     n (user_id, email, status, platform_role, verified_at, language, theme, tags, metadata,"
			   "        admin_metadata, created_at, updated_at, deleted_at)",
		.types = { UUIDARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TIMESTAMPTZARRAYOID, TEXTARRAYOID,
				   TEXTARRAYOID, TEXTARRAYOID, JSONBARRAYOID, JSONBARRAYOID, TIMESTAMPTZARRAYOID,
				   TIMESTAMPTZARRAYOID, TIMESTAMPTZARRAYOID } },
	[INSERT_PEOPLE] = {
		.sql = "INSERT INTO users.person (user_id, username, first_name, last_name, listed)"
			   " SELECT n.user_id, n.username, n.first_name, n.last_name, n.listed"
			   "   FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3),"
			   "                   pg_catalog.unnest($4), pg_catalog.unnest($5))"
			   "     n (user_id, username, first_name, last_name, listed)",
		.types = { UUIDARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, BOOLARRAYOID } },
	[INSERT_CREDENTIALS] = {
		.sql = "INSERT INTO users.credential (user_id, password_hash, as_typed, nonce, changed_at)"
			   " SELECT n.user_id, n.password_hash, n.password_hash IS NOT NULL, n.nonce, n.changed_at"
			   "   FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3),"
			   "                   pg_catalog.unnest($4))"
			   "     n (user_id, password_hash, nonce, changed_at)",
		.types = { UUIDARRAYOID, TEXTARRAYOID, BYTEAARRAYOID, TIMESTAMPTZARRAYOID } },
	[FIND_PERSON] = {
		.sql = "SELECT 1 FROM users.person_id WHERE user_id" EQ "$1",
		.types = { UUIDOID } },
};
/* clang-format on */

/* Somebody was faster since the look: the slice is rolled back, and looked at
 * anew. */
static void
require_all(int64 written, int64 wanted)
{
	if (written != wanted)
		users_raise_busy();
}

static void
insert_ids(const UsersImport *const *imports, int n)
{
	UsersBatch batch;

	users_begin_batch(&batch, &queries[INSERT_IDS], n);
	for (int i = 0; i < n; i++)
		users_put_cell(&batch, UUIDPGetDatum(&imports[i]->user_id));
	require_all(users_write_batch(&batch), n);
}

/* Addresses before usernames, as a sign-up does it. */
static void
insert_identifiers(const UsersImportSlice *slice)
{
	UsersTaking *takings = palloc(sizeof(UsersTaking) * 2 * (Size) slice->n);
	int n = 0;

	for (int i = 0; i < slice->n; i++)
		if (slice->verdicts[i] == USERS_IMPORTED &&
			slice->email_keys[i] != NULL)
			takings[n++] = (UsersTaking){ &slice->imports[i]->user_id, "email",
										  slice->email_keys[i] };
	for (int i = 0; i < slice->n; i++)
		if (slice->verdicts[i] == USERS_IMPORTED &&
			slice->username_keys[i] != NULL)
			takings[n++] = (UsersTaking){ &slice->imports[i]->user_id,
										  "username", slice->username_keys[i] };
	require_all(users_take_identifiers(takings, n), n);
}

static void
put_time(UsersBatch *batch, bool known, TimestampTz time)
{
	if (known)
		users_put_cell(batch, TimestampTzGetDatum(time));
	else
		users_put_null(batch);
}

static void
put_tags(UsersBatch *batch, Datum tags)
{
	if (ARR_NDIM(DatumGetArrayTypeP(tags)) == 0)
		users_put_null(batch);
	else
		users_put_text(batch, OidOutputFunctionCall(F_ARRAY_OUT, tags));
}

static void
insert_accounts(const UsersImport *const *imports, int n)
{
	static const char *const words[] = { [USERS_ENABLED] = "enabled",
										 [USERS_DISABLED] = "disabled",
										 [USERS_DELETED] = "deleted" };
	TimestampTz now = GetCurrentTimestamp();
	UsersBatch batch;

	users_begin_batch(&batch, &queries[INSERT_ACCOUNTS], n);
	for (int i = 0; i < n; i++)
	{
		const UsersImport *import = imports[i];

		users_put_cell(&batch, UUIDPGetDatum(&import->user_id));
		users_put_text(&batch, import->email);
		users_put_text(&batch, words[import->status]);
		users_put_text(&batch, import->is_admin ? "admin" : "user");
		put_time(&batch, import->verified, import->verified_at);
		users_put_text(&batch, import->language);
		users_put_text(&batch, import->theme);
		put_tags(&batch, import->tags);
		users_put_cell(&batch, import->metadata);
		if (import->admin_metadata == (Datum) 0)
			users_put_null(&batch);
		else
			users_put_cell(&batch, import->admin_metadata);
		users_put_cell(&batch, TimestampTzGetDatum(import->created_at));
		users_put_cell(&batch, TimestampTzGetDatum(import->updated_at));
		/* The grace begins here: what it was there nobody knows. */
		put_time(&batch, import->status == USERS_DELETED, now);
	}
	(void) users_write_batch(&batch);
}

static void
insert_people(const UsersImport *const *imports, int n)
{
	UsersBatch batch;

	users_begin_batch(&batch, &queries[INSERT_PEOPLE], n);
	for (int i = 0; i < n; i++)
	{
		users_put_cell(&batch, UUIDPGetDatum(&imports[i]->user_id));
		users_put_text(&batch, imports[i]->username);
		users_put_text(&batch, imports[i]->first_name);
		users_put_text(&batch, imports[i]->last_name);
		users_put_cell(&batch,
					   BoolGetDatum(imports[i]->status != USERS_DELETED));
	}
	(void) users_write_batch(&batch);
}

static void
insert_credentials(const UsersImport *const *imports, int n)
{
	UsersBatch batch;

	users_begin_batch(&batch, &queries[INSERT_CREDENTIALS], n);
	for (int i = 0; i < n; i++)
	{
		uint8 nonce[16];

		randombytes_buf(nonce, sizeof(nonce));
		users_put_cell(&batch, UUIDPGetDatum(&imports[i]->user_id));
		users_put_text(&batch, imports[i]->password_hash);
		users_put_cell(&batch, users_bytes_datum(nonce, sizeof(nonce)));
		users_put_cell(&batch, TimestampTzGetDatum(imports[i]->created_at));
	}
	(void) users_write_batch(&batch);
}

/* Judges a slice and inserts what can be; for users_with_patience. */
static void
judge_and_insert(void *argument)
{
	UsersImportSlice *slice = argument;
	const UsersImport **chosen =
		palloc(sizeof(UsersImport *) * (Size) slice->n);
	int n = 0;

	users_judge_imports(slice);
	for (int i = 0; i < slice->n; i++)
		if (slice->verdicts[i] == USERS_IMPORTED)
			chosen[n++] = slice->imports[i];
	if (n == 0)
		return;
	insert_identifiers(slice);
	insert_ids(chosen, n);
	insert_accounts(chosen, n);
	insert_people(chosen, n);
	insert_credentials(chosen, n);
}

static void
make_keys(UsersImportSlice *slice)
{
	slice->email_keys = palloc0(sizeof(char *) * (Size) slice->n);
	slice->username_keys = palloc0(sizeof(char *) * (Size) slice->n);
	for (int i = 0; i < slice->n; i++)
	{
		const UsersImport *import = slice->imports[i];

		if (import->status == USERS_DELETED)
			continue;
		slice->email_keys[i] = users_identifier_key("email", import->email);
		slice->username_keys[i] =
			users_identifier_key("username", import->username);
	}
}

/* Inserts a slice in one go; false when somebody else is in its way. */
static bool
insert_slice(const UsersImport *const *imports, UsersImportVerdict *verdicts,
			 int n)
{
	UsersImportSlice slice = { .imports = imports,
							   .verdicts = verdicts,
							   .n = n };
	MemoryContext context = AllocSetContextCreate(
		CurrentMemoryContext, "users import slice", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	bool done;

	make_keys(&slice);
	done = users_with_patience(judge_and_insert, &slice);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return done;
}

void
users_import_accounts(UsersImportVerdict *verdicts,
					  const UsersImport *const *imports, int n)
{
	int half = n / 2;

	if (n == 0 || insert_slice(imports, verdicts, n))
		return;
	/* Somebody who holds one address keeps out nobody but its bearer. Who was
	 * faster is seen the second time. */
	if (n == 1)
	{
		if (!insert_slice(imports, verdicts, 1))
			verdicts[0] = USERS_IMPORT_BUSY;
		return;
	}
	users_import_accounts(verdicts, imports, half);
	users_import_accounts(verdicts + half, imports + half, n - half);
}

bool
users_person_exists(const pg_uuid_t *user_id)
{
	Datum value = UUIDPGetDatum(user_id);

	return users_read(&queries[FIND_PERSON], &value, NULL) > 0;
}

void
users_init_account_import(void)
{
	users_register_queries(queries, lengthof(queries));
}
