#include "pg.h"

#include "batch.h"
#include "core/grammar.h"
#include "core/uuid.h"
#include "identifier.h"
#include "root.h"

/* "username:" and an address of the greatest length fit. */
#define IDENTIFIER_MAX (USERS_EMAIL_MAX + 16)

enum
{
	FIND_IDENTIFIER,
	INSERT_IDENTIFIER,
	INSERT_IDENTIFIERS,
	DELETE_IDENTIFIER
};

/* clang-format off */
static UsersQuery queries[] = {
	[FIND_IDENTIFIER] = {
		.sql = "SELECT user_id FROM users.identifier WHERE identifier" EQ "$1",
		.types = { TEXTOID } },
	[INSERT_IDENTIFIER] = {
		.sql = "INSERT INTO users.identifier (identifier, kind, user_id) VALUES ($1, $2, $3)"
			   " ON CONFLICT DO NOTHING",
		.types = { TEXTOID, TEXTOID, UUIDOID } },
	[INSERT_IDENTIFIERS] = {
		.sql = "INSERT INTO users.identifier (identifier, kind, user_id)"
			   " SELECT n.identifier, n.kind, n.user_id"
			   "   FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3))"
			   "     n (identifier, kind, user_id)"
			   " ON CONFLICT DO NOTHING",
		.types = { TEXTARRAYOID, TEXTARRAYOID, UUIDARRAYOID } },
	[DELETE_IDENTIFIER] = {
		.sql = "DELETE FROM users.identifier WHERE identifier" EQ "$1 AND user_id" EQ "$2",
		.types = { TEXTOID, UUIDOID } },
};
/* clang-format on */

/* "kind:identifier" in lower case; its length. out has IDENTIFIER_MAX. */
static size_t
make_identifier(char *out, const char *kind, const char *text, size_t len)
{
	size_t prefix = strlen(kind);

	memcpy(out, kind, prefix);
	out[prefix] = ':';
	users_fold(out + prefix + 1, text, len);
	return prefix + 1 + len;
}

/* The identifier that was typed, as the table has it; of what cannot be one,
 * something that is in no table. Addresses have an @, usernames never. */
static size_t
read_identifier(char *out, const char *typed, size_t len)
{
	users_trim(&typed, &len);
	if (len <= USERS_EMAIL_MAX && users_email_check(typed, len) == USERS_OK)
		return make_identifier(out, "email", typed, len);
	if (len <= USERS_USERNAME_MAX &&
		users_username_check(typed, len) == USERS_OK)
		return make_identifier(out, "username", typed, len);
	return make_identifier(out, "nobody", typed, Min(len, USERS_EMAIL_MAX));
}

static Datum
text_datum(const char *text, size_t len)
{
	return PointerGetDatum(cstring_to_text_with_len(text, (int) len));
}

static bool
find_identifier(Datum identifier, pg_uuid_t *user_id)
{
	return users_read(&queries[FIND_IDENTIFIER], &identifier, NULL) > 0 &&
		   users_column_uuid(0, 1, user_id);
}

bool
users_look_up(const char *typed, size_t len, pg_uuid_t *user_id,
			  uint8 subject[USERS_SUBJECT_BYTES])
{
	char identifier[IDENTIFIER_MAX];
	size_t identifier_len = read_identifier(identifier, typed, len);
	Datum value = text_datum(identifier, identifier_len);
	UsersUuid derived;
	UsersUncounted uncounted;
	bool found;

	users_identifier_hash(subject, identifier, identifier_len);
	users_uuid_v8(&derived, subject);
	memcpy(user_id, &derived, sizeof(*user_id));
	users_stop_counting(&uncounted);
	found = find_identifier(value, user_id);
	users_count_again(&uncounted);
	return found;
}

void
users_username_subject(uint8 subject[USERS_SUBJECT_BYTES], const char *username)
{
	char identifier[IDENTIFIER_MAX];
	size_t len =
		make_identifier(identifier, "username", username, strlen(username));

	users_identifier_hash(subject, identifier, len);
}

bool
users_take_identifier(const pg_uuid_t *user_id, const char *kind,
					  const char *text)
{
	char identifier[IDENTIFIER_MAX];
	size_t len = make_identifier(identifier, kind, text, strlen(text));
	Datum values[] = { text_datum(identifier, len), CStringGetTextDatum(kind),
					   UUIDPGetDatum(user_id) };
	pg_uuid_t owner;

	/* Somebody who only spells their own address anew has it already. */
	return users_write(&queries[INSERT_IDENTIFIER], values, NULL) > 0 ||
		   (find_identifier(values[0], &owner) &&
			memcmp(&owner, user_id, sizeof(owner)) == 0);
}

char *
users_identifier_key(const char *kind, const char *text)
{
	char identifier[IDENTIFIER_MAX];
	size_t len = make_identifier(identifier, kind, text, strlen(text));

	return pnstrdup(identifier, len);
}

int64
users_take_identifiers(const UsersTaking *takings, int n)
{
	UsersBatch batch;

	users_begin_batch(&batch, &queries[INSERT_IDENTIFIERS], n);
	for (int i = 0; i < n; i++)
	{
		users_put_text(&batch, takings[i].key);
		users_put_text(&batch, takings[i].kind);
		users_put_cell(&batch, UUIDPGetDatum(takings[i].user_id));
	}
	return users_write_batch(&batch);
}

void
users_free_identifier(const pg_uuid_t *user_id, const char *kind,
					  const char *text)
{
	char identifier[IDENTIFIER_MAX];
	size_t len = make_identifier(identifier, kind, text, strlen(text));
	Datum values[] = { text_datum(identifier, len), UUIDPGetDatum(user_id) };

	(void) users_write(&queries[DELETE_IDENTIFIER], values, NULL);
}

void
users_init_identifier(void)
{
	users_register_queries(queries, lengthof(queries));
}
