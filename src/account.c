#include "pg.h"

#include <sodium.h>

#include "account.h"
#include "caller.h"
#include "identifier.h"
#include "person.h"
#include "query.h"
#include "root.h"
#include "settings.h"

enum
{
	FIND_ACCOUNT,
	LOCK_FOR_USE,
	LOCK_FOR_CHANGE,
	LOCK_TURN,
	INSERT_ID,
	INSERT_ACCOUNT,
	INSERT_PERSON,
	INSERT_CREDENTIAL,
	SET_HASH,
	REHASH,
	NEXT_VERSION,
	SET_STATUS,
	SET_LISTED,
	SET_ADMIN,
	SET_PENDING,
	SET_EMAIL,
	SET_VERIFIED,
	EXPIRE_PASSWORD,
	LOCK_ADMINS,
	PROFILE
};

/* clang-format off */
static UsersQuery queries[] = {
	[FIND_ACCOUNT] = {
		.sql = "SELECT a.status, a.platform_role" EQ "'admin', a.reset_required,"
			   "       a.email_verified_at IS NOT NULL, a.version, a.email, p.username,"
			   "       p.first_name, p.last_name, c.password_hash, a.pending_email, a.language,"
			   "       a.link_version, c.nonce, c.as_typed"
			   "  FROM users.account a"
			   "  JOIN users.person p ON p.user_id" EQ "a.user_id"
			   "  JOIN users.credential c ON c.user_id" EQ "a.user_id"
			   " WHERE a.user_id" EQ "$1",
		.types = { UUIDOID } },
	[LOCK_FOR_USE] = {
		.sql = "SELECT version FROM users.account WHERE user_id" EQ "$1 FOR KEY SHARE",
		.types = { UUIDOID } },
	[LOCK_FOR_CHANGE] = {
		.sql = "SELECT version FROM users.account WHERE user_id" EQ "$1 FOR UPDATE",
		.types = { UUIDOID } },
	[LOCK_TURN] = {
		.sql = "SELECT 1 FROM users.account WHERE user_id" EQ "$1 FOR NO KEY UPDATE",
		.types = { UUIDOID } },
	[INSERT_ID] = {
		.sql = "INSERT INTO users.person_id (user_id) VALUES ($1)",
		.types = { UUIDOID } },
	[INSERT_ACCOUNT] = {
		.sql = "INSERT INTO users.account"
			   " (user_id, email, platform_role, email_verified_at, language, theme, metadata,"
			   "  created_at, updated_at)"
			   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
		.types = { UUIDOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TEXTOID, TEXTOID, JSONBOID,
				   TIMESTAMPTZOID } },
	[INSERT_PERSON] = {
		.sql = "INSERT INTO users.person (user_id, username, first_name, last_name)"
			   " VALUES ($1, $2, $3, $4)",
		.types = { UUIDOID, TEXTOID, TEXTOID, TEXTOID } },
	[INSERT_CREDENTIAL] = {
		.sql = "INSERT INTO users.credential (user_id, password_hash, nonce, changed_at)"
			   " VALUES ($1, $2, $3, $4)",
		.types = { UUIDOID, TEXTOID, BYTEAOID, TIMESTAMPTZOID } },
	[SET_HASH] = {
		.sql = "UPDATE users.credential SET password_hash = $2, as_typed = false, nonce = $3, changed_at = $4"
			   " WHERE user_id" EQ "$1",
		.types = { UUIDOID, TEXTOID, BYTEAOID, TIMESTAMPTZOID } },
	[REHASH] = {
		.sql = "UPDATE users.credential SET password_hash = $3, as_typed = false"
			   " WHERE user_id" EQ "$1 AND password_hash" EQ "$2",
		.types = { UUIDOID, TEXTOID, TEXTOID } },
	[NEXT_VERSION] = {
		.sql = "UPDATE users.account"
			   "   SET version = version" PLUS "1, link_version = link_version" PLUS "1, pending_email = NULL,"
			   "       reset_required = false, updated_at = $2"
			   " WHERE user_id" EQ "$1",
		.types = { UUIDOID, TIMESTAMPTZOID } },
	[SET_STATUS] = {
		.sql = "UPDATE users.account"
			   "   SET status = $2, deleted_at = $4,"
			   "       deleted_from = CASE WHEN $4 IS NOT NULL THEN status END,"
			   "       disabled_reason = CASE WHEN $4 IS NOT NULL THEN disabled_reason ELSE $3 END,"
			   "       version = version" PLUS "1, link_version = link_version" PLUS "1, pending_email = NULL,"
			   "       updated_at = $5"
			   " WHERE user_id" EQ "$1",
		.types = { UUIDOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID } },
	[SET_LISTED] = {
		.sql = "UPDATE users.person SET listed = $2 WHERE user_id" EQ "$1 AND listed" NE "$2",
		.types = { UUIDOID, BOOLOID } },
	[SET_ADMIN] = {
		.sql = "UPDATE users.account"
			   "   SET platform_role = $2, version = version" PLUS "1, link_version = link_version" PLUS "1,"
			   "       updated_at = $3"
			   " WHERE user_id" EQ "$1",
		.types = { UUIDOID, TEXTOID, TIMESTAMPTZOID } },
	[SET_PENDING] = {
		.sql = "UPDATE users.account SET pending_email = $2, updated_at = $3 WHERE user_id" EQ "$1",
		.types = { UUIDOID, TEXTOID, TIMESTAMPTZOID } },
	[SET_EMAIL] = {
		.sql = "UPDATE users.account"
			   "   SET email = $2, email_verified_at = $3, pending_email = NULL, version = version" PLUS "1,"
			   "       link_version = link_version" PLUS "1, updated_at = $3"
			   " WHERE user_id" EQ "$1",
		.types = { UUIDOID, TEXTOID, TIMESTAMPTZOID } },
	[SET_VERIFIED] = {
		.sql = "UPDATE users.account SET email_verified_at = $2, updated_at = $2"
			   " WHERE user_id" EQ "$1 AND email_verified_at IS NULL",
		.types = { UUIDOID, TIMESTAMPTZOID } },
	[EXPIRE_PASSWORD] = {
		.sql = "UPDATE users.account SET reset_required = true, version = version" PLUS "1, updated_at = $2"
			   " WHERE user_id" EQ "$1",
		.types = { UUIDOID, TIMESTAMPTZOID } },
	/* One order for all: two administrators who demote each other cannot both
	 * find the other still there. */
	[LOCK_ADMINS] = {
		.sql = "SELECT user_id FROM users.account"
			   " WHERE platform_role" EQ "'admin' AND status" EQ "'enabled'"
			   " ORDER BY user_id FOR UPDATE" },
	[PROFILE] = {
		.sql = "SELECT a.user_id, a.email, a.pending_email, p.username, p.first_name, p.last_name,"
			   "       a.status, a.email_verified_at, a.platform_role, a.language, a.theme, a.tags,"
			   "       a.metadata, a.admin_metadata, p.picture_type, p.picture_updated_at,"
			   "       a.created_at, a.updated_at"
			   "  FROM users.account a JOIN users.person p ON p.user_id" EQ "a.user_id"
			   " WHERE a.user_id" EQ "$1",
		.types = { UUIDOID } },
};
/* clang-format on */

static const char *
status_name(UsersAccountStatus status)
{
	static const char *const names[] = { "enabled", "disabled", "deleted" };

	return names[status];
}

static UsersAccountStatus
status_of(const char *name)
{
	if (strcmp(name, "enabled") == 0)
		return USERS_ENABLED;
	return strcmp(name, "disabled") == 0 ? USERS_DISABLED : USERS_DELETED;
}

/* Fills all but id and subject; false when there is no such account. */
static bool
read_account(UsersAccount *account, MemoryContext context)
{
	Datum value = UUIDPGetDatum(&account->user_id);

	account->loaded = true;
	account->exists = users_read(&queries[FIND_ACCOUNT], &value, NULL) > 0;
	if (!account->exists)
		return false;
	account->status = status_of(users_column_text(0, 1, context));
	account->is_admin = users_column_bool(0, 2, false);
	account->reset_required = users_column_bool(0, 3, false);
	account->verified = users_column_bool(0, 4, false);
	account->version = users_column_int64(0, 5, 0);
	account->email = users_column_text(0, 6, context);
	account->username = users_column_text(0, 7, context);
	account->first_name = users_column_text(0, 8, context);
	account->last_name = users_column_text(0, 9, context);
	account->password_hash = users_column_text(0, 10, context);
	account->pending_email = users_column_text(0, 11, context);
	account->language = users_column_text(0, 12, context);
	account->link_version = users_column_int64(0, 13, 0);
	(void) users_column_bytes(0, 14, account->nonce, sizeof(account->nonce));
	account->hash_as_typed = users_column_bool(0, 15, false);
	return true;
}

bool
users_find_account(UsersAccount *account, const pg_uuid_t *user_id,
				   MemoryContext context)
{
	memset(account, 0, sizeof(*account));
	account->user_id = *user_id;
	return read_account(account, context);
}

void
users_load_account(UsersAccount *account, MemoryContext context)
{
	UsersUncounted uncounted;

	if (account->loaded)
		return;
	users_stop_counting(&uncounted);
	(void) read_account(account, context);
	users_count_again(&uncounted);
}

static void
load_root(void *argument)
{
	users_load_root();
}

bool
users_find_identifier(UsersAccount *account, const char *typed, size_t len)
{
	memset(account, 0, sizeof(*account));
	if (!users_with_patience(load_root, NULL))
		return false;
	account->exists =
		users_look_up(typed, len, &account->user_id, account->subject);
	return true;
}

void
users_identify_account(UsersAccount *account)
{
	users_username_subject(account->subject, account->username);
}

const char *
users_first_name(const UsersAccount *account)
{
	return account->first_name[0] != '\0' ? account->first_name
										  : users_full_name(account);
}

const char *
users_full_name(const UsersAccount *account)
{
	const char *first = account->first_name;
	const char *last = account->last_name;

	if (first[0] == '\0' && last[0] == '\0')
		return account->username;
	return psprintf("%s%s%s", first,
					first[0] == '\0' || last[0] == '\0' ? "" : " ", last);
}

void
users_password_context(const char *words[6], const UsersAccount *account)
{
	words[0] = account->email;
	words[1] = account->username;
	words[2] = account->first_name;
	words[3] = account->last_name;
	words[4] = users_settings.product_name;
	words[5] = NULL;
}

bool
users_lock_account(const UsersAccount *account, bool for_change)
{
	Datum value = UUIDPGetDatum(&account->user_id);
	int query = for_change ? LOCK_FOR_CHANGE : LOCK_FOR_USE;

	return users_write(&queries[query], &value, NULL) > 0 &&
		   users_column_int64(0, 1, -1) == account->version;
}

void
users_lock_turn(const pg_uuid_t *user_id)
{
	Datum value = UUIDPGetDatum(user_id);

	(void) users_write(&queries[LOCK_TURN], &value, NULL);
}

/* A nonce of the credential: whatever is bound to it is void with it. */
static Datum
new_nonce(void)
{
	uint8 nonce[16];

	randombytes_buf(nonce, sizeof(nonce));
	return users_bytes_datum(nonce, sizeof(nonce));
}

static Datum
nullable_text(const char *text, char *null)
{
	*null = text == NULL ? 'n' : ' ';
	return text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

static void
insert_account_row(const UsersNewAccount *account, Datum now)
{
	Datum values[8];
	char nulls[] = "        ";

	values[0] = UUIDPGetDatum(&account->user_id);
	values[1] = CStringGetTextDatum(account->email);
	values[2] = CStringGetTextDatum(account->is_admin ? "admin" : "user");
	values[3] = now;
	nulls[3] = account->verified ? ' ' : 'n';
	values[4] = nullable_text(account->language, &nulls[4]);
	values[5] = nullable_text(account->theme, &nulls[5]);
	values[6] = account->metadata;
	values[7] = now;
	(void) users_write(&queries[INSERT_ACCOUNT], values, nulls);
}

UsersTaken
users_insert_account(const UsersNewAccount *account)
{
	Datum now = TimestampTzGetDatum(GetCurrentTimestamp());
	Datum id = UUIDPGetDatum(&account->user_id);
	Datum person[] = { id, CStringGetTextDatum(account->username),
					   CStringGetTextDatum(account->first_name),
					   CStringGetTextDatum(account->last_name) };
	char nulls[] = "    ";
	Datum credential[] = { id, 0, new_nonce(), now };

	/* Address before username, always: no two sign-ups wait in a circle. */
	if (!users_take_identifier(&account->user_id, "email", account->email))
		return USERS_TAKEN_EMAIL;
	if (!users_take_identifier(&account->user_id, "username",
							   account->username))
		return USERS_TAKEN_USERNAME;
	(void) users_write(&queries[INSERT_ID], &id, NULL);
	insert_account_row(account, now);
	(void) users_write(&queries[INSERT_PERSON], person, NULL);
	credential[1] = nullable_text(account->password_hash, &nulls[1]);
	(void) users_write(&queries[INSERT_CREDENTIAL], credential, nulls);
	return USERS_TAKEN_NOTHING;
}

void
users_set_password_hash(const pg_uuid_t *user_id, const char *hash)
{
	Datum now = TimestampTzGetDatum(GetCurrentTimestamp());
	Datum values[] = { UUIDPGetDatum(user_id), CStringGetTextDatum(hash),
					   new_nonce(), now };
	Datum version[] = { UUIDPGetDatum(user_id), now };

	(void) users_write(&queries[SET_HASH], values, NULL);
	(void) users_write(&queries[NEXT_VERSION], version, NULL);
}

void
users_rehash(const pg_uuid_t *user_id, const char *old_hash, const char *hash)
{
	Datum values[] = { UUIDPGetDatum(user_id), CStringGetTextDatum(old_hash),
					   CStringGetTextDatum(hash) };

	(void) users_write(&queries[REHASH], values, NULL);
}

void
users_set_status(const pg_uuid_t *user_id, UsersAccountStatus status,
				 const char *reason)
{
	Datum now = TimestampTzGetDatum(GetCurrentTimestamp());
	char nulls[] = "     ";
	Datum values[5];
	Datum listed[2];

	values[0] = UUIDPGetDatum(user_id);
	values[1] = CStringGetTextDatum(status_name(status));
	values[2] = nullable_text(reason, &nulls[2]);
	values[3] = now;
	nulls[3] = status == USERS_DELETED ? ' ' : 'n';
	values[4] = now;
	(void) users_write(&queries[SET_STATUS], values, nulls);
	listed[0] = values[0];
	listed[1] = BoolGetDatum(status != USERS_DELETED);
	(void) users_write(&queries[SET_LISTED], listed, NULL);
}

void
users_set_admin(const pg_uuid_t *user_id, bool is_admin)
{
	Datum values[] = { UUIDPGetDatum(user_id),
					   CStringGetTextDatum(is_admin ? "admin" : "user"),
					   TimestampTzGetDatum(GetCurrentTimestamp()) };

	(void) users_write(&queries[SET_ADMIN], values, NULL);
}

void
users_set_pending_email(const pg_uuid_t *user_id, const char *email)
{
	char nulls[] = "   ";
	Datum values[3];

	values[0] = UUIDPGetDatum(user_id);
	values[1] = nullable_text(email, &nulls[1]);
	values[2] = TimestampTzGetDatum(GetCurrentTimestamp());
	(void) users_write(&queries[SET_PENDING], values, nulls);
}

bool
users_set_email(const UsersAccount *account, const char *email)
{
	Datum values[] = { UUIDPGetDatum(&account->user_id),
					   CStringGetTextDatum(email),
					   TimestampTzGetDatum(GetCurrentTimestamp()) };

	if (!users_take_identifier(&account->user_id, "email", email))
		return false;
	if (pg_strcasecmp(account->email, email) != 0)
		users_free_identifier(&account->user_id, "email", account->email);
	(void) users_write(&queries[SET_EMAIL], values, NULL);
	return true;
}

bool
users_set_verified(const pg_uuid_t *user_id)
{
	Datum values[] = { UUIDPGetDatum(user_id),
					   TimestampTzGetDatum(GetCurrentTimestamp()) };

	return users_write(&queries[SET_VERIFIED], values, NULL) > 0;
}

void
users_expire_password(const pg_uuid_t *user_id)
{
	Datum values[] = { UUIDPGetDatum(user_id),
					   TimestampTzGetDatum(GetCurrentTimestamp()) };

	(void) users_write(&queries[EXPIRE_PASSWORD], values, NULL);
}

void
users_delete_identifiers(const UsersAccount *account)
{
	/* A username changes without a new version: account may have the old one.
	 */
	const char *username = users_present_username(&account->user_id);

	users_free_identifier(&account->user_id, "email", account->email);
	if (username != NULL)
		users_free_identifier(&account->user_id, "username", username);
}

int64
users_lock_other_admins(const pg_uuid_t *user_id)
{
	uint64 count = users_write(&queries[LOCK_ADMINS], NULL, NULL);
	int64 others = 0;

	for (uint64 i = 0; i < count; i++)
	{
		pg_uuid_t admin;

		(void) users_column_uuid(i, 1, &admin);
		if (memcmp(&admin, user_id, sizeof(admin)) != 0)
			others++;
	}
	return others;
}

bool
users_profile_row(const pg_uuid_t *user_id, Datum *values, bool *nulls,
				  MemoryContext context)
{
	Datum value = UUIDPGetDatum(user_id);
	MemoryContext old;
	HeapTuple copy;

	if (users_read(&queries[PROFILE], &value, NULL) == 0)
		return false;
	old = MemoryContextSwitchTo(context);
	copy = heap_copytuple(SPI_tuptable->vals[0]);
	heap_deform_tuple(copy, CreateTupleDescCopy(SPI_tuptable->tupdesc), values,
					  nulls);
	MemoryContextSwitchTo(old);
	return true;
}

void
users_init_account(void)
{
	users_register_queries(queries, lengthof(queries));
}
