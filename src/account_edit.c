#include "pg.h"

#include "account_edit.h"
#include "query.h"

enum
{
	SET_FIELDS,
	SET_NAMES,
	RESTORE,
	LIST_AGAIN,
	LOCK_DELETED,
	FIRST_DELETION,
	DELETE_ACCOUNTS,
	FIND_DELETED,
	DISABLED_REASON
};

/* clang-format off */
static UsersQuery queries[] = {
	/* version: a sign-in under way with another address or username opens no
	 * session. */
	[SET_FIELDS] = {
		.sql = "UPDATE users.account"
			   "   SET email = coalesce($2, email),"
			   "       pending_email = CASE WHEN $2 IS NULL THEN pending_email END,"
			   "       link_version = link_version" PLUS "CASE WHEN $2 IS NULL THEN 0 ELSE 1 END,"
			   "       version = version" PLUS "CASE WHEN $3 THEN 1 ELSE 0 END,"
			   "       email_verified_at = CASE WHEN NOT $4 THEN NULL"
			   "                                WHEN $2 IS NULL THEN coalesce(email_verified_at, CASE WHEN $4 THEN $10 END)"
			   "                                WHEN $4 THEN $10 END,"
			   "       language = coalesce($5, language), theme = coalesce($6, theme), tags = coalesce($7, tags),"
			   "       metadata = coalesce($8, metadata), admin_metadata = coalesce($9, admin_metadata),"
			   "       updated_at = $10"
			   " WHERE user_id" EQ "$1",
		.types = { UUIDOID, TEXTOID, BOOLOID, BOOLOID, TEXTOID, TEXTOID, TEXTARRAYOID, JSONBOID, JSONBOID,
				   TIMESTAMPTZOID } },
	[SET_NAMES] = {
		.sql = "UPDATE users.person"
			   "   SET username = coalesce($2, username), first_name = coalesce($3, first_name),"
			   "       last_name = coalesce($4, last_name)"
			   " WHERE user_id" EQ "$1",
		.types = { UUIDOID, TEXTOID, TEXTOID, TEXTOID } },
	[RESTORE] = {
		.sql = "UPDATE users.account"
			   "   SET status = coalesce(deleted_from, 'enabled'), deleted_from = NULL, deleted_at = NULL,"
			   "       version = version" PLUS "1, link_version = link_version" PLUS "1, updated_at = $2"
			   " WHERE user_id" EQ "$1",
		.types = { UUIDOID, TIMESTAMPTZOID } },
	[LIST_AGAIN] = {
		.sql = "UPDATE users.person SET listed = true WHERE user_id" EQ "$1",
		.types = { UUIDOID } },
	[LOCK_DELETED] = {
		.sql = "SELECT user_id FROM users.account WHERE deleted_at" LT "$1"
			   " ORDER BY deleted_at LIMIT $2 FOR UPDATE SKIP LOCKED",
		.types = { TIMESTAMPTZOID, INT8OID } },
	[FIRST_DELETION] = {
		.sql = "SELECT pg_catalog.min(deleted_at) FROM users.account WHERE user_id" EQ "ANY ($1)",
		.types = { UUIDARRAYOID } },
	[DELETE_ACCOUNTS] = {
		.sql = "DELETE FROM users.account WHERE user_id" EQ "ANY ($1)",
		.types = { UUIDARRAYOID } },
	[FIND_DELETED] = {
		.sql = "SELECT a.user_id, a.deleted_at FROM users.account a"
			   " WHERE a.deleted_at IS NOT NULL"
			   "   AND (a.user_id" EQ "ANY (ARRAY(SELECT b.user_id FROM users.account b"
			   "                                   WHERE pg_catalog.lower(b.email)" EQ "pg_catalog.lower($1)))"
			   "     OR a.user_id" EQ "ANY (ARRAY(SELECT p.user_id FROM users.person p"
			   "                                   WHERE pg_catalog.lower(p.username)" EQ "pg_catalog.lower($1))))"
			   " ORDER BY a.deleted_at DESC LIMIT 1",
		.types = { TEXTOID } },
	[DISABLED_REASON] = {
		.sql = "SELECT disabled_reason FROM users.account WHERE user_id" EQ "$1",
		.types = { UUIDOID } },
};
/* clang-format on */

static Datum
nullable_text(const char *text, char *null)
{
	*null = text == NULL ? 'n' : ' ';
	return text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

static Datum
nullable(Datum value, char *null)
{
	*null = value == (Datum) 0 ? 'n' : ' ';
	return value;
}

void
users_set_fields(const UsersAccount *account, const UsersAccountFields *fields)
{
	char nulls[] = "          ";
	Datum values[10];
	Datum names[4];

	values[0] = UUIDPGetDatum(&account->user_id);
	values[1] = nullable_text(fields->email, &nulls[1]);
	values[2] = BoolGetDatum(fields->email != NULL || fields->username != NULL);
	values[3] = BoolGetDatum(fields->verified);
	nulls[3] = fields->says_verified ? ' ' : 'n';
	values[4] = nullable_text(fields->language, &nulls[4]);
	values[5] = nullable_text(fields->theme, &nulls[5]);
	values[6] = nullable(fields->tags, &nulls[6]);
	values[7] = nullable(fields->metadata, &nulls[7]);
	values[8] = nullable(fields->admin_metadata, &nulls[8]);
	values[9] = TimestampTzGetDatum(GetCurrentTimestamp());
	(void) users_write(&queries[SET_FIELDS], values, nulls);
	if (fields->username == NULL && fields->first_name == NULL &&
		fields->last_name == NULL)
		return;
	memset(nulls, 0, sizeof(nulls));
	names[0] = values[0];
	nulls[0] = ' ';
	names[1] = nullable_text(fields->username, &nulls[1]);
	names[2] = nullable_text(fields->first_name, &nulls[2]);
	names[3] = nullable_text(fields->last_name, &nulls[3]);
	(void) users_write(&queries[SET_NAMES], names, nulls);
}

void
users_restore_status(const pg_uuid_t *user_id)
{
	Datum values[] = { UUIDPGetDatum(user_id),
					   TimestampTzGetDatum(GetCurrentTimestamp()) };

	(void) users_write(&queries[RESTORE], values, NULL);
	(void) users_write(&queries[LIST_AGAIN], values, NULL);
}

int
users_lock_deleted(pg_uuid_t **ids, TimestampTz before, int max,
				   MemoryContext context)
{
	Datum values[] = { TimestampTzGetDatum(before), Int64GetDatum(max) };
	uint64 count = users_write(&queries[LOCK_DELETED], values, NULL);

	*ids = MemoryContextAlloc(context, Max(count, 1) * sizeof(pg_uuid_t));
	for (uint64 i = 0; i < count; i++)
		(void) users_column_uuid(i, 1, &(*ids)[i]);
	return (int) count;
}

TimestampTz
users_first_deletion(Datum user_ids)
{
	(void) users_read(&queries[FIRST_DELETION], &user_ids, NULL);
	return users_column_int64(0, 1, GetCurrentTimestamp());
}

int64
users_delete_accounts(Datum user_ids)
{
	return (int64) users_write(&queries[DELETE_ACCOUNTS], &user_ids, NULL);
}

bool
users_find_deleted(const char *identifier, pg_uuid_t *user_id,
				   TimestampTz *deleted_at)
{
	Datum value = CStringGetTextDatum(identifier);

	if (users_read(&queries[FIND_DELETED], &value, NULL) == 0)
		return false;
	*deleted_at = users_column_int64(0, 2, 0);
	return users_column_uuid(0, 1, user_id);
}

char *
users_disabled_reason(const pg_uuid_t *user_id, MemoryContext context)
{
	Datum value = UUIDPGetDatum(user_id);

	return users_read(&queries[DISABLED_REASON], &value, NULL) == 0
			   ? NULL
			   : users_column_text(0, 1, context);
}

void
users_init_account_edit(void)
{
	users_register_queries(queries, lengthof(queries));
}
