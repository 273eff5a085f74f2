#include "pg.h"

#include <sodium.h>

#include "access.h"
#include "caller.h"
#include "core/keyring.h"
#include "core/refresh.h"
#include "ids.h"
#include "key.h"
#include "query.h"
#include "revocation.h"
#include "root.h"
#include "session.h"
#include "settings.h"

enum
{
	INSERT_SESSION,
	FIND_SESSION,
	ROTATE,
	END_ONE,
	END_OTHERS,
	END_ALL,
	TOUCH,
	FIND_OWNER,
	LOCK_OVER,
	NOTE_LOGIN,
	PURGE
};

/* clang-format off */
static UsersQuery queries[] = {
	[INSERT_SESSION] = {
		.sql = "INSERT INTO users.session"
			   " (user_id, id, label, client_address, user_agent, created_at, authenticated_at,"
			   "  refreshed_at, expires_at, ends_at, nonce, counter, current_random)"
			   " VALUES ($1, $2, $3, $4, $5, $6, $6, $6, $7, $8, $9, 1, $10)"
			   " ON CONFLICT (user_id, id) DO NOTHING",
		.types = { UUIDOID, UUIDOID, TEXTOID, INETOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID,
				   TIMESTAMPTZOID, BYTEAOID, BYTEAOID } },
	[FIND_SESSION] = {
		.sql = "SELECT nonce, counter, current_random, previous_random, refreshed_at, expires_at,"
			   "       ends_at, ended_at IS NOT NULL, authenticated_at"
			   "  FROM users.session WHERE user_id" EQ "$1 AND id" EQ "$2",
		.types = { UUIDOID, UUIDOID } },
	[ROTATE] = {
		.sql = "UPDATE users.session"
			   "   SET counter = counter" PLUS "1, previous_random = current_random, current_random = $4,"
			   "       refreshed_at = $5, expires_at = $6"
			   " WHERE user_id" EQ "$1 AND id" EQ "$2 AND current_random" EQ "$3 AND ended_at IS NULL",
		.types = { UUIDOID, UUIDOID, BYTEAOID, BYTEAOID, TIMESTAMPTZOID, TIMESTAMPTZOID } },
	[END_ONE] = {
		.sql = "UPDATE users.session SET ended_at = $3"
			   " WHERE user_id" EQ "$1 AND id" EQ "$2 AND ended_at IS NULL AND expires_at" GT "$3",
		.types = { UUIDOID, UUIDOID, TIMESTAMPTZOID } },
	[END_OTHERS] = {
		.sql = "UPDATE users.session SET ended_at = $3"
			   " WHERE user_id" EQ "$1 AND id" NE "$2 AND ended_at IS NULL AND expires_at" GT "$3",
		.types = { UUIDOID, UUIDOID, TIMESTAMPTZOID } },
	[END_ALL] = {
		.sql = "UPDATE users.session SET ended_at = $1 WHERE ended_at IS NULL",
		.types = { TIMESTAMPTZOID } },
	[TOUCH] = {
		.sql = "UPDATE users.session SET authenticated_at = $3"
			   " WHERE user_id" EQ "$1 AND id" EQ "$2 AND ended_at IS NULL",
		.types = { UUIDOID, UUIDOID, TIMESTAMPTZOID } },
	[FIND_OWNER] = {
		.sql = "SELECT user_id FROM users.session WHERE id" EQ "$1",
		.types = { UUIDOID } },
	/* By id, which is by age: an index on expires_at would have to be written at
	 * every refresh. */
	[LOCK_OVER] = {
		.sql = "SELECT ARRAY(SELECT id FROM users.session"
			   "              WHERE id" LT "$1 AND (ended_at" LT "$2 OR expires_at" LT "$2)"
			   "              ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED)",
		.types = { UUIDOID, TIMESTAMPTZOID, INT8OID } },
	/* Sign-ins pass this lock; who changes the account does not, and goes
	 * first. */
	[NOTE_LOGIN] = {
		.sql = "UPDATE users.account a SET last_login_at = l.created_at"
			   "  FROM (SELECT s.user_id, pg_catalog.max(s.created_at) AS created_at FROM users.session s"
			   "         WHERE s.id" EQ "ANY ($1) GROUP BY s.user_id) l"
			   " WHERE a.user_id" EQ "l.user_id AND coalesce(a.last_login_at" LT "l.created_at, true)"
			   "   AND a.user_id" EQ "ANY (ARRAY(SELECT b.user_id FROM users.account b"
			   "        WHERE b.user_id" EQ "ANY (ARRAY(SELECT s.user_id FROM users.session s WHERE s.id" EQ "ANY ($1)))"
			   "          FOR NO KEY UPDATE SKIP LOCKED))",
		.types = { UUIDARRAYOID } },
	[PURGE] = {
		.sql = "DELETE FROM users.session s USING users.account a"
			   " WHERE s.id" EQ "ANY ($1) AND a.user_id" EQ "s.user_id AND s.created_at" LE "a.last_login_at",
		.types = { UUIDARRAYOID } },
};
/* clang-format on */

/* ---- opening ---- */

void
users_mint_tokens(UsersSignedIn *out, const UsersSession *session,
				  bool is_admin, MemoryContext context)
{
	UsersRefresh token = { .counter = session->state.counter };

	out->user_id = session->user_id;
	out->session_id = session->id;
	out->is_admin = is_admin;
	out->refresh_expires_at = session->expires_at;
	users_mint_access(out, session->authenticated_at, session->expires_at,
					  context);
	memcpy(&token.user_id, &session->user_id, sizeof(token.user_id));
	memcpy(&token.session_id, &session->id, sizeof(token.session_id));
	memcpy(token.random, session->state.current, sizeof(token.random));
	out->refresh_token =
		MemoryContextAllocZero(context, USERS_REFRESH_TEXT + 1);
	users_refresh_mint(out->refresh_token, &token, session->nonce,
					   users_purpose_key(USERS_KEY_REFRESH));
	/* Last: a caller who catches what was raised above has no tokens. */
	out->status = "ok";
	out->signed_in = true;
}

typedef struct Opening
{
	const UsersAccount *account;
	const char *label;
	const UsersClient *client;
	UsersSession session;
	UsersSignedIn *out;
	MemoryContext context;
	UsersOpening result;
} Opening;

/* False when there is one of this id. */
static bool
insert_session(const Opening *opening, TimestampTz now)
{
	const UsersSession *session = &opening->session;
	Datum values[10];
	char nulls[] = "          ";
	bool isnull;

	values[0] = UUIDPGetDatum(&session->user_id);
	values[1] = UUIDPGetDatum(&session->id);
	nulls[2] = opening->label == NULL ? 'n' : ' ';
	values[2] = opening->label == NULL ? (Datum) 0
									   : CStringGetTextDatum(opening->label);
	values[3] = users_client_inet(opening->client, &isnull);
	nulls[3] = isnull ? 'n' : ' ';
	values[4] = CStringGetTextDatum(opening->client->user_agent);
	nulls[4] = opening->client->user_agent[0] == '\0' ? 'n' : ' ';
	values[5] = TimestampTzGetDatum(now);
	values[6] = TimestampTzGetDatum(session->expires_at);
	values[7] = TimestampTzGetDatum(session->ends_at);
	values[8] = users_bytes_datum(session->nonce, sizeof(session->nonce));
	values[9] = users_bytes_datum(session->state.current,
								  sizeof(session->state.current));
	return users_write(&queries[INSERT_SESSION], values, nulls) > 0;
}

/* Locks the account against changes, and inserts unless it has changed; for
 * users_with_patience. Minting may make the first key, and wait for it. */
static void
open_unless_changed(void *argument)
{
	Opening *opening = argument;

	opening->result = USERS_OPEN_CHANGED;
	if (!users_lock_account(opening->account, false))
		return;
	opening->result = USERS_OPEN_SPENT;
	if (!insert_session(opening, opening->session.authenticated_at))
		return;
	users_mint_tokens(opening->out, &opening->session,
					  opening->account->is_admin, opening->context);
	opening->result = USERS_OPENED;
}

/* When a session refreshed now ends by itself. */
static TimestampTz
idle_end(TimestampTz now, TimestampTz ends_at)
{
	return Min(users_after(now, users_settings.refresh_token_ttl), ends_at);
}

UsersOpening
users_open_session(UsersSignedIn *out, const UsersAccount *account,
				   const pg_uuid_t *id, const char *label,
				   const UsersClient *client, MemoryContext context)
{
	TimestampTz now = GetCurrentTimestamp();
	Opening opening = { .account = account,
						.label = label,
						.client = client,
						.out = out,
						.context = context };
	UsersSession *session = &opening.session;

	session->user_id = account->user_id;
	if (id != NULL)
		session->id = *id;
	else
		users_new_id(&session->id);
	randombytes_buf(session->nonce, sizeof(session->nonce));
	session->state.counter = 1;
	randombytes_buf(session->state.current, sizeof(session->state.current));
	session->authenticated_at = now;
	session->ends_at = users_after(now, users_settings.session_ttl);
	session->expires_at = idle_end(now, session->ends_at);
	if (!users_with_patience(open_unless_changed, &opening))
		return USERS_OPEN_BUSY;
	return opening.result;
}

/* ---- ending ---- */

static int64
end_where(int query, Datum *values, int time_index)
{
	int64 count;

	values[time_index] = TimestampTzGetDatum(GetCurrentTimestamp());
	count = (int64) users_write(&queries[query], values, NULL);
	if (count > 0)
		users_note_revocation();
	return count;
}

int64
users_end_session(const pg_uuid_t *user_id, const pg_uuid_t *id)
{
	Datum values[] = { UUIDPGetDatum(user_id), UUIDPGetDatum(id), 0 };

	return end_where(END_ONE, values, 2);
}

int64
users_end_reused(const pg_uuid_t *user_id, const pg_uuid_t *id)
{
	Datum values[] = { UUIDPGetDatum(user_id), UUIDPGetDatum(id),
					   TimestampTzGetDatum(GetCurrentTimestamp()) };

	return (int64) users_write(&queries[END_ONE], values, NULL);
}

int64
users_end_sessions(const pg_uuid_t *user_id, const pg_uuid_t *keep)
{
	static const pg_uuid_t none = { { 0 } };
	Datum values[] = { UUIDPGetDatum(user_id),
					   UUIDPGetDatum(keep == NULL ? &none : keep), 0 };

	return end_where(END_OTHERS, values, 2);
}

int64
users_end_all_sessions(void)
{
	Datum value = 0;

	return end_where(END_ALL, &value, 0);
}

bool
users_touch_session(const pg_uuid_t *user_id, const pg_uuid_t *id)
{
	Datum values[] = { UUIDPGetDatum(user_id), UUIDPGetDatum(id),
					   TimestampTzGetDatum(GetCurrentTimestamp()) };

	return users_write(&queries[TOUCH], values, NULL) > 0;
}

bool
users_find_session_owner(const pg_uuid_t *id, pg_uuid_t *user_id)
{
	Datum value = UUIDPGetDatum(id);

	return users_read(&queries[FIND_OWNER], &value, NULL) > 0 &&
		   users_column_uuid(0, 1, user_id);
}

/* ---- refreshing ---- */

bool
users_find_session(UsersSession *session, const UsersRefresh *token)
{
	Datum values[2];
	uint64 count;

	memset(session, 0, sizeof(*session));
	memcpy(&session->user_id, &token->user_id, sizeof(session->user_id));
	memcpy(&session->id, &token->session_id, sizeof(session->id));
	values[0] = UUIDPGetDatum(&session->user_id);
	values[1] = UUIDPGetDatum(&session->id);
	count = users_read(&queries[FIND_SESSION], values, NULL);
	if (count == 0)
		return false;
	if (!users_column_bytes(0, 1, session->nonce, sizeof(session->nonce)) ||
		!users_column_bytes(0, 3, session->state.current,
							sizeof(session->state.current)))
		elog(ERROR, "a session's row is damaged");
	session->state.counter = (uint64) users_column_int64(0, 2, 0);
	(void) users_column_bytes(0, 4, session->state.previous,
							  sizeof(session->state.previous));
	session->state.rotated_at = users_column_int64(0, 5, 0);
	session->expires_at = users_column_int64(0, 6, 0);
	session->ends_at = users_column_int64(0, 7, 0);
	session->ended = users_column_bool(0, 8, true);
	session->authenticated_at = users_column_int64(0, 9, 0);
	return true;
}

typedef struct Rotation
{
	UsersSession *session;
	uint8 next[USERS_REFRESH_RANDOM];
	TimestampTz now;
	TimestampTz expires_at;
	bool rotated;
} Rotation;

/* One UPDATE, which finds nothing when another refresh came first. */
static void
rotate(void *argument)
{
	Rotation *rotation = argument;
	const UsersSession *session = rotation->session;
	Datum values[6];

	values[0] = UUIDPGetDatum(&session->user_id);
	values[1] = UUIDPGetDatum(&session->id);
	values[2] = users_bytes_datum(session->state.current,
								  sizeof(session->state.current));
	values[3] = users_bytes_datum(rotation->next, sizeof(rotation->next));
	values[4] = TimestampTzGetDatum(rotation->now);
	values[5] = TimestampTzGetDatum(rotation->expires_at);
	rotation->rotated = users_write(&queries[ROTATE], values, NULL) > 0;
}

bool
users_rotate_session(UsersSession *session, bool *rotated)
{
	Rotation rotation = { .session = session, .now = GetCurrentTimestamp() };

	rotation.expires_at = idle_end(rotation.now, session->ends_at);
	randombytes_buf(rotation.next, sizeof(rotation.next));
	if (!users_with_patience(rotate, &rotation))
		return false;
	*rotated = rotation.rotated;
	if (rotation.rotated)
	{
		session->state.counter++;
		memcpy(session->state.current, rotation.next, sizeof(rotation.next));
		session->expires_at = rotation.expires_at;
	}
	return true;
}

/* ---- maintenance ---- */

int64
users_purge_sessions(TimestampTz before, int max)
{
	pg_uuid_t id;
	Datum values[] = { UUIDPGetDatum(&id), TimestampTzGetDatum(before),
					   Int64GetDatum(max) };
	Datum over;
	bool isnull;

	users_id_of_time(&id, before);
	(void) users_write(&queries[LOCK_OVER], values, NULL);
	over = datumCopy(users_column(0, 1, &isnull), false, -1);
	if (ArrayGetNItems(ARR_NDIM(DatumGetArrayTypeP(over)),
					   ARR_DIMS(DatumGetArrayTypeP(over))) == 0)
		return 0;
	(void) users_write(&queries[NOTE_LOGIN], &over, NULL);
	return (int64) users_write(&queries[PURGE], &over, NULL);
}

void
users_init_session(void)
{
	users_register_queries(queries, lengthof(queries));
}
