#include "pg.h"

#include <sodium.h>

#include "caller.h"
#include "core/base64url.h"
#include "errors.h"
#include "ids.h"
#include "key.h"
#include "notify.h"
#include "query.h"
#include "root.h"
#include "settings.h"

/* A retired key verifies for so long after the last token it can have signed.
 */
#define RETIRE_MARGIN 60

enum
{
	FIND_ACTIVE,
	FIND_NEXT,
	INSERT_KEY,
	ACTIVATE_KEY,
	RETIRE_OTHERS,
	DELETE_NEXT,
	DELETE_KEYS,
	REVOKE_KEY,
	LIST_PUBLIC,
	LIST_VERIFYING,
	FIND_KEY_ROW
};

#define STATE_OF_KEY                                                           \
	" CASE WHEN k.revoked_at IS NOT NULL THEN 'revoked'"                       \
	"      WHEN k.retires_at IS NULL THEN 'active'"                            \
	"      WHEN k.retires_at" GT "$2 THEN 'retiring' ELSE 'retired' END"

/* Those that verify now, or will: the next one is known before it signs. */
#define VERIFIES                                                               \
	" revoked_at IS NULL AND (retires_at IS NULL OR retires_at" GT "$1)"       \
	" ORDER BY created_at DESC, kid"

/* clang-format off */
static UsersQuery queries[] = {
	[FIND_ACTIVE] = {
		.sql = "SELECT kid, public_key, sealed_secret FROM users.signing_key"
			   " WHERE algorithm" EQ "$1 AND activated_at IS NOT NULL AND retires_at IS NULL AND revoked_at IS NULL"
			   " ORDER BY activated_at DESC, kid LIMIT 1",
		.types = { TEXTOID } },
	[FIND_NEXT] = {
		.sql = "SELECT kid, public_key, sealed_secret FROM users.signing_key"
			   " WHERE algorithm" EQ "$1 AND activated_at IS NULL AND revoked_at IS NULL"
			   " ORDER BY created_at DESC, kid LIMIT 1",
		.types = { TEXTOID } },
	[INSERT_KEY] = {
		.sql = "INSERT INTO users.signing_key (kid, algorithm, public_key, sealed_secret, created_at)"
			   " VALUES ($1, $2, $3, $4, $5)",
		.types = { TEXTOID, TEXTOID, BYTEAOID, BYTEAOID, TIMESTAMPTZOID } },
	[ACTIVATE_KEY] = {
		.sql = "UPDATE users.signing_key SET activated_at = $2 WHERE kid" EQ "$1",
		.types = { TEXTOID, TIMESTAMPTZOID } },
	[RETIRE_OTHERS] = {
		.sql = "UPDATE users.signing_key SET retires_at = $2"
			   " WHERE kid" NE "$1 AND activated_at IS NOT NULL AND retires_at IS NULL",
		.types = { TEXTOID, TIMESTAMPTZOID } },
	/* It has signed nothing. */
	[DELETE_NEXT] = {
		.sql = "DELETE FROM users.signing_key WHERE activated_at IS NULL AND revoked_at IS NULL" },
	[DELETE_KEYS] = {
		.sql = "DELETE FROM users.signing_key" },
	[REVOKE_KEY] = {
		.sql = "UPDATE users.signing_key SET revoked_at = $2, retires_at = coalesce(retires_at, $3)"
			   " WHERE kid" EQ "$1 AND revoked_at IS NULL",
		.types = { TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID } },
	[LIST_PUBLIC] = {
		.sql = "SELECT kid, public_key FROM users.signing_key"
			   " WHERE algorithm" EQ "'EdDSA' AND activated_at IS NOT NULL AND" VERIFIES,
		.types = { TIMESTAMPTZOID } },
	[LIST_VERIFYING] = {
		.sql = "SELECT kid, public_key, sealed_secret, algorithm" EQ "'HS256' FROM users.signing_key WHERE" VERIFIES,
		.types = { TIMESTAMPTZOID } },
	[FIND_KEY_ROW] = {
		.sql = "SELECT k.kid, k.algorithm," STATE_OF_KEY ", k.created_at, k.retires_at"
			   "  FROM users.signing_key k WHERE k.kid" EQ "$1",
		.types = { TEXTOID, TIMESTAMPTZOID } },
};
/* clang-format on */

static const char *
algorithm_name(UsersAlgorithm algorithm)
{
	return algorithm == USERS_HS256 ? "HS256" : "EdDSA";
}

#define REMEMBERED 8

/* Unsealed keys by kid. A kid is never used for another key. */
static UsersSigningKey remembered[REMEMBERED];
static int next_remembered = 0;

static const UsersSigningKey *
recall(const char *kid)
{
	for (int i = 0; i < REMEMBERED; i++)
		if (remembered[i].kid[0] != '\0' && strcmp(remembered[i].kid, kid) == 0)
			return &remembered[i];
	return NULL;
}

/* Unseals key->secret and remembers the key. */
static void
unseal(UsersSigningKey *key, const uint8 *sealed, size_t sealed_len)
{
	const UsersSigningKey *known = recall(key->kid);

	if (known != NULL)
	{
		*key = *known;
		return;
	}
	if (sealed_len != USERS_SEED_BYTES + USERS_SEAL_OVERHEAD ||
		users_unseal(key->secret, sealed, sealed_len, key->kid,
					 strlen(key->kid),
					 users_purpose_key(USERS_KEY_SEAL)) != USERS_OK)
		users_raise_detail(USERS_E_ROOT_KEY, NULL,
						   "a signing key is not sealed with it.");
	users_jwt_complete_key(key);
	remembered[next_remembered] = *key;
	next_remembered = (next_remembered + 1) % REMEMBERED;
}

void
users_key_from_row(UsersSigningKey *key, const char *kid,
				   UsersAlgorithm algorithm, const uint8 *public_key,
				   const uint8 *sealed, size_t sealed_len)
{
	memset(key, 0, sizeof(*key));
	key->algorithm = algorithm;
	strlcpy(key->kid, kid, sizeof(key->kid));
	if (algorithm == USERS_EDDSA && public_key != NULL)
		memcpy(key->public_key, public_key, USERS_PUBLIC_KEY_BYTES);
	else
		unseal(key, sealed, sealed_len);
}

/* Makes and stores a key; its kid is 16 characters. */
static void
insert_key(UsersSigningKey *key)
{
	uint8 random[12];
	uint8 nonce[USERS_SEAL_NONCE];
	uint8 sealed[USERS_SEED_BYTES + USERS_SEAL_OVERHEAD];
	Datum values[5];
	char nulls[] = "     ";

	memset(key, 0, sizeof(*key));
	key->algorithm = (UsersAlgorithm) users_settings.signing_algorithm;
	randombytes_buf(random, sizeof(random));
	users_base64url_encode(key->kid, random, sizeof(random));
	randombytes_buf(key->secret, sizeof(key->secret));
	users_jwt_complete_key(key);
	randombytes_buf(nonce, sizeof(nonce));
	users_seal(sealed, key->secret, sizeof(key->secret), key->kid,
			   strlen(key->kid), nonce, users_purpose_key(USERS_KEY_SEAL));
	values[0] = CStringGetTextDatum(key->kid);
	values[1] = CStringGetTextDatum(algorithm_name(key->algorithm));
	values[2] = users_bytes_datum(key->public_key, sizeof(key->public_key));
	nulls[2] = key->algorithm == USERS_EDDSA ? ' ' : 'n';
	values[3] = users_bytes_datum(sealed, sizeof(sealed));
	values[4] = TimestampTzGetDatum(GetCurrentTimestamp());
	(void) users_write(&queries[INSERT_KEY], values, nulls);
}

/* When a key that signs until now may be forgotten. */
static TimestampTz
last_token_dead(void)
{
	return users_after(GetCurrentTimestamp(),
					   users_settings.access_token_ttl + RETIRE_MARGIN);
}

/* Finds a key of the algorithm in use, by one of the first two queries; false
 * when there is none. */
static bool
find_key(UsersSigningKey *key, int query)
{
	UsersAlgorithm algorithm =
		(UsersAlgorithm) users_settings.signing_algorithm;
	Datum value = CStringGetTextDatum(algorithm_name(algorithm));
	uint8 sealed[USERS_SEED_BYTES + USERS_SEAL_OVERHEAD];
	char *kid;

	if (users_read(&queries[query], &value, NULL) == 0)
		return false;
	kid = users_column_text(0, 1, CurrentMemoryContext);
	memset(key, 0, sizeof(*key));
	key->algorithm = algorithm;
	strlcpy(key->kid, kid, sizeof(key->kid));
	if (!users_column_bytes(0, 3, sealed, sizeof(sealed)))
		memset(sealed, 0, sizeof(sealed));
	unseal(key, sealed, sizeof(sealed));
	return true;
}

static void
activate(const UsersSigningKey *key)
{
	Datum values[] = { CStringGetTextDatum(key->kid),
					   TimestampTzGetDatum(GetCurrentTimestamp()) };

	(void) users_write(&queries[ACTIVATE_KEY], values, NULL);
	values[1] = TimestampTzGetDatum(last_token_dead());
	(void) users_write(&queries[RETIRE_OTHERS], values, NULL);
}

/* One for after the key that signs now: PostgREST has heard of it before it
 * signs. */
static void
provide_next(void)
{
	UsersSigningKey next;

	(void) users_write(&queries[DELETE_NEXT], NULL, NULL);
	insert_key(&next);
	sodium_memzero(&next, sizeof(next));
	users_notify_keys();
}

/* The next key signs from now on, the others retire; for users_with_patience.
 * The root row's lock keeps two of these apart. */
static void
replace_key(void *argument)
{
	UsersSigningKey *key = argument;

	users_lock_root();
	if (!find_key(key, FIND_NEXT))
		insert_key(key);
	activate(key);
	provide_next();
}

/* A first key, unless another transaction has just made one. */
static void
make_first_key(void *argument)
{
	UsersSigningKey *key = argument;

	users_lock_root();
	if (!find_key(key, FIND_ACTIVE))
		replace_key(key);
}

void
users_minting_key(UsersSigningKey *key)
{
	users_load_root();
	if (!find_key(key, FIND_ACTIVE) &&
		!users_with_patience(make_first_key, key))
		users_raise_busy();
}

/* For users_with_patience. */
static void
make_next_key(void *argument)
{
	UsersSigningKey next;

	users_lock_root();
	if (!find_key(&next, FIND_NEXT))
		provide_next();
	sodium_memzero(&next, sizeof(next));
}

void
users_make_keys(void)
{
	UsersSigningKey key;

	users_minting_key(&key);
	if (!find_key(&key, FIND_NEXT) && !users_with_patience(make_next_key, NULL))
		users_raise_busy();
	sodium_memzero(&key, sizeof(key));
}

char *
users_rotate_signing_key(MemoryContext context)
{
	UsersSigningKey key;

	users_load_root();
	if (!users_with_patience(replace_key, &key))
		users_raise_busy();
	sodium_memzero(key.secret, sizeof(key.secret));
	return MemoryContextStrdup(context, key.kid);
}

void
users_delete_signing_keys(void)
{
	(void) users_write(&queries[DELETE_KEYS], NULL, NULL);
}

bool
users_revoke_signing_key(const char *kid)
{
	TimestampTz now = GetCurrentTimestamp();
	Datum values[] = { CStringGetTextDatum(kid), TimestampTzGetDatum(now),
					   TimestampTzGetDatum(last_token_dead()) };

	return users_write(&queries[REVOKE_KEY], values, NULL) > 0;
}

bool
users_find_key_row(UsersKeyRow *row, const char *kid, MemoryContext context)
{
	Datum values[] = { CStringGetTextDatum(kid),
					   TimestampTzGetDatum(GetCurrentTimestamp()) };

	if (users_read(&queries[FIND_KEY_ROW], values, NULL) == 0)
		return false;
	row->kid = users_column_text(0, 1, context);
	row->algorithm = users_column_text(0, 2, context);
	row->state = users_column_text(0, 3, context);
	row->created_at = users_column_int64(0, 4, 0);
	row->retires = !users_column_is_null(0, 5);
	row->retires_at = users_column_int64(0, 5, 0);
	return true;
}

/* Appends a key to a set, unless it cannot be written. */
static void
append_jwk(StringInfo text, const UsersSigningKey *key)
{
	char jwk[512];
	size_t len;
	UsersStatus status = key->algorithm == USERS_HS256
							 ? users_jwk_shared(jwk, sizeof(jwk), &len, key)
							 : users_jwk_format(jwk, sizeof(jwk), &len, key);

	if (status == USERS_OK)
		appendStringInfo(text, "%s%.*s",
						 text->data[text->len - 1] == '[' ? "" : ",", (int) len,
						 jwk);
	sodium_memzero(jwk, sizeof(jwk));
}

/* The key of a row of one of the two lists; false when it is damaged. */
static bool
read_listed(UsersSigningKey *key, uint64 row)
{
	memset(key, 0, sizeof(*key));
	key->algorithm = USERS_EDDSA;
	strlcpy(key->kid, users_column_text(row, 1, CurrentMemoryContext),
			sizeof(key->kid));
	return users_column_bytes(row, 2, key->public_key, sizeof(key->public_key));
}

char *
users_public_jwks(MemoryContext context)
{
	Datum value = TimestampTzGetDatum(GetCurrentTimestamp());
	uint64 count = users_read(&queries[LIST_PUBLIC], &value, NULL);
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoString(&text, "{\"keys\":[");
	for (uint64 i = 0; i < count; i++)
	{
		UsersSigningKey key;

		if (read_listed(&key, i))
			append_jwk(&text, &key);
	}
	appendStringInfoString(&text, "]}");
	return MemoryContextStrdup(context, text.data);
}

/* The key that signing keys are sealed with; false when the root key is of no
 * use. */
static bool
find_sealing_key(uint8 key[USERS_KEY_BYTES])
{
	bool generated;
	bool missing;

	if (users_root_trouble(&generated, &missing) != NULL || missing)
		return false;
	memcpy(key, users_purpose_key(USERS_KEY_SEAL), USERS_KEY_BYTES);
	return true;
}

/* The secret of an HS256 key of a row; false when it cannot be unsealed. */
static bool
read_shared(UsersSigningKey *key, uint64 row,
			const uint8 sealing[USERS_KEY_BYTES])
{
	uint8 sealed[USERS_SEED_BYTES + USERS_SEAL_OVERHEAD];

	(void) read_listed(key, row);
	key->algorithm = USERS_HS256;
	return users_column_bytes(row, 3, sealed, sizeof(sealed)) &&
		   users_unseal(key->secret, sealed, sizeof(sealed), key->kid,
						strlen(key->kid), sealing) == USERS_OK;
}

char *
users_verifying_jwks(MemoryContext context)
{
	Datum value = TimestampTzGetDatum(GetCurrentTimestamp());
	uint8 sealing[USERS_KEY_BYTES];
	bool can_unseal = find_sealing_key(sealing);
	uint64 count = users_read(&queries[LIST_VERIFYING], &value, NULL);
	uint8 random[24];
	char unpublished[USERS_BASE64URL_LEN(sizeof(random)) + 1] = { 0 };
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoString(&text, "{\"keys\":[");
	for (uint64 i = 0; i < count; i++)
	{
		UsersSigningKey key;

		if (users_column_bool(i, 4, false)
				? can_unseal && read_shared(&key, i, sealing)
				: read_listed(&key, i))
			append_jwk(&text, &key);
		sodium_memzero(&key, sizeof(key));
	}
	sodium_memzero(sealing, sizeof(sealing));
	randombytes_buf(random, sizeof(random));
	users_base64url_encode(unpublished, random, sizeof(random));
	appendStringInfo(&text, "],\"unpublished\":\"%s\"}", unpublished);
	return MemoryContextStrdup(context, text.data);
}

bool
users_has_active_key(void)
{
	Datum value = CStringGetTextDatum(
		algorithm_name((UsersAlgorithm) users_settings.signing_algorithm));

	return users_read(&queries[FIND_ACTIVE], &value, NULL) > 0;
}

void
users_init_key(void)
{
	users_register_queries(queries, lengthof(queries));
}
