#include "pg.h"

#include <sodium.h>

#include "access.h"
#include "account.h"
#include "caller.h"
#include "core/keyring.h"
#include "errors.h"
#include "guard.h"
#include "identity.h"
#include "ids.h"
#include "key.h"
#include "outcome.h"
#include "query.h"
#include "settings.h"

/* Clocks of other machines may be so far ahead, in seconds. */
#define SKEW 30

enum
{
	FIND_KEY_AND_SESSION,
	FIND_DANGEROUS_ROLE
};

/* clang-format off: one clause a line */
static UsersQuery queries[] = {
	/* Two tables in one statement, against the rule that each module has its
	 * own: this one runs for every request. */
	[FIND_KEY_AND_SESSION] = { .sql =
								   "SELECT k.algorithm" EQ
								   "'HS256', k.public_key, k.sealed_secret,"
								   "       k.revoked_at IS NOT NULL OR k.retires_at" LT
								   "$4,"
								   "       s.id IS NOT NULL, s.ended_at IS NOT NULL, s.authenticated_at"
								   "  FROM users.signing_key k"
								   "  LEFT JOIN users.session s ON s.user_id" EQ
								   "$2 AND s.id" EQ "$3"
								   " WHERE k.kid" EQ "$1",
							   .types = { TEXTOID, UUIDOID, UUIDOID,
										  TIMESTAMPTZOID } },
	[FIND_DANGEROUS_ROLE] = { .sql =
								  "WITH RECURSIVE held (oid) AS ("
								  "  SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname" EQ
								  "$1"
								  "  UNION"
								  "  SELECT m.roleid FROM pg_catalog.pg_auth_members m, held h WHERE m.member" EQ
								  "h.oid)"
								  " SELECT 1 FROM held h, pg_catalog.pg_roles r"
								  "  WHERE r.oid" EQ "h.oid"
								  "    AND (r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb"
								  "         OR r.rolreplication OR r.rolcanlogin"
								  "         OR r.rolname OPERATOR(pg_catalog.~) '^pg_'"
								  "         OR r.rolname" EQ
								  "ANY ('{users_owner,users_relay,users_service,users_dba,users_proxy}'::pg_catalog.name[]))",
							  .types = { NAMEOID } },
};
/* clang-format on */

/* ---- signatures that this backend has verified ---- */

#define CACHE_SLOTS 512
#define CACHE_HASH	16

static uint8 cache[CACHE_SLOTS][CACHE_HASH];
static uint8 cache_key[USERS_KEY_BYTES];

static uint8 *
cache_slot(uint8 hash[CACHE_HASH], const char *token, size_t len)
{
	static bool ready = false;
	uint32 index;

	if (!ready)
	{
		randombytes_buf(cache_key, sizeof(cache_key));
		ready = true;
	}
	(void) crypto_generichash(hash, CACHE_HASH, (const uint8 *) token, len,
							  cache_key, sizeof(cache_key));
	memcpy(&index, hash, sizeof(index));
	return cache[index % CACHE_SLOTS];
}

/* Whether the signature is the key's. Ed25519 costs ten times what all the
 * rest does, so what was verified once is remembered by its keyed hash. */
static bool
signature_holds(const UsersJwt *jwt, const char *token, size_t len,
				const UsersSigningKey *key)
{
	uint8 hash[CACHE_HASH];
	uint8 *slot;

	if (jwt->algorithm != key->algorithm)
		return false;
	if (key->algorithm == USERS_HS256)
		return users_jwt_verify(jwt, token, key) == USERS_OK;
	slot = cache_slot(hash, token, len);
	if (sodium_memcmp(slot, hash, CACHE_HASH) == 0)
		return true;
	if (users_jwt_verify(jwt, token, key) != USERS_OK)
		return false;
	memcpy(slot, hash, CACHE_HASH);
	return true;
}

/* ---- verifying ---- */

/* Issuer, audience, times and role: what needs no look-up. */
static bool
claims_fit(const UsersClaims *claims)
{
	int64 now = users_unix_time(GetCurrentTimestamp());

	return strcmp(claims->issuer, users_settings.issuer) == 0 &&
		   strcmp(claims->audience, users_settings.audience) == 0 &&
		   users_jwt_times(claims, now, SKEW) == USERS_OK &&
		   (strcmp(claims->role, "users_member") == 0 ||
			strcmp(claims->role, "users_admin") == 0);
}

/* The key of the row that FIND_KEY_AND_SESSION gave. */
static void
row_key(UsersSigningKey *key, const char *kid)
{
	uint8 public_key[USERS_PUBLIC_KEY_BYTES];
	uint8 sealed[USERS_SEED_BYTES + USERS_SEAL_OVERHEAD];
	bool hs256 = users_column_bool(0, 1, false);

	if (!hs256 && users_column_bytes(0, 2, public_key, sizeof(public_key)))
	{
		users_key_from_row(key, kid, USERS_EDDSA, public_key, NULL, 0);
		return;
	}
	if (!users_column_bytes(0, 3, sealed, sizeof(sealed)))
		memset(sealed, 0, sizeof(sealed));
	users_key_from_row(key, kid, hs256 ? USERS_HS256 : USERS_EDDSA, NULL,
					   sealed, sizeof(sealed));
}

static void
fill_access(UsersAccess *access, const UsersClaims *claims,
			TimestampTz authenticated_at)
{
	memcpy(&access->user_id, &claims->user_id, sizeof(access->user_id));
	memcpy(&access->session_id, &claims->session_id,
		   sizeof(access->session_id));
	access->is_admin = strcmp(claims->role, "users_admin") == 0;
	access->issued_at = users_from_unix_time(claims->issued_at);
	access->expires_at = users_from_unix_time(claims->expires_at);
	access->authenticated_at = authenticated_at;
}

UsersTokenVerdict
users_verify_access(UsersAccess *access, const char *token, size_t len)
{
	UsersTokenVerdict unknown =
		RecoveryInProgress() ? USERS_TOKEN_ELSEWHERE : USERS_TOKEN_INVALID;
	UsersJwt jwt;
	UsersSigningKey key;
	Datum values[4];
	bool has_session;
	bool ended;
	bool holds;
	TimestampTz authenticated_at;

	if (len > USERS_JWT_MAX || users_jwt_parse(&jwt, token, len) != USERS_OK ||
		!claims_fit(&jwt.claims))
		return USERS_TOKEN_INVALID;
	values[0] = CStringGetTextDatum(jwt.kid);
	values[1] = UUIDPGetDatum((pg_uuid_t *) &jwt.claims.user_id);
	values[2] = UUIDPGetDatum((pg_uuid_t *) &jwt.claims.session_id);
	values[3] = TimestampTzGetDatum(GetCurrentTimestamp());
	if (users_read(&queries[FIND_KEY_AND_SESSION], values, NULL,
				   USERS_READ_LATEST) == 0)
		return unknown;
	if (users_column_bool(0, 4, false))
		return USERS_TOKEN_INVALID;
	has_session = users_column_bool(0, 5, false);
	ended = users_column_bool(0, 6, true);
	authenticated_at = users_column_int64(0, 7, 0);
	row_key(&key, jwt.kid);
	holds = signature_holds(&jwt, token, len, &key);
	sodium_memzero(&key, sizeof(key));
	if (!holds)
		return USERS_TOKEN_INVALID;
	if (!has_session)
		return unknown;
	if (ended)
		return USERS_TOKEN_INVALID;
	fill_access(access, &jwt.claims, authenticated_at);
	return USERS_TOKEN_VALID;
}

/* ---- minting ---- */

/* Roles found harmless, [0] users_member and [1] users_admin; forgotten when
 * any role or membership changes. */
static bool role_is_harmless[2] = { false, false };

static void
forget_roles(Datum arg, int cache_id, uint32 hash)
{
	role_is_harmless[0] = role_is_harmless[1] = false;
}

/* A grant made later must not reach whoever holds a token (security.md 58). */
static void
check_token_role(bool is_admin)
{
	const char *name = users_role_name(is_admin);
	NameData role;
	Datum value = NameGetDatum(&role);

	if (role_is_harmless[is_admin])
		return;
	(void) users_role(name);
	namestrcpy(&role, name);
	/* Set first: a change while the statement runs resets it. */
	role_is_harmless[is_admin] = true;
	if (users_read(&queries[FIND_DANGEROUS_ROLE], &value, NULL,
				   USERS_READ_LATEST) == 0)
		return;
	role_is_harmless[is_admin] = false;
	ereport(
		ERROR,
		(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		 errmsg("no token can be made for the role \"%s\"", name),
		 errdetail(
			 "The role, or one that it is a member of, may log in, has an attribute such as SUPERUSER or CREATEROLE, or is one of PostgreSQL's predefined roles."),
		 errhint("Revoke that membership or attribute."), users_errhide()));
}

void
users_mint_access(UsersSignedIn *out, TimestampTz authenticated_at,
				  TimestampTz session_expires_at, MemoryContext context)
{
	TimestampTz now = GetCurrentTimestamp();
	UsersSigningKey key;
	UsersClaims claims = { .issued_at = users_unix_time(now) };
	TimestampTz expires_at = Min(
		users_after(now, users_settings.access_token_ttl), session_expires_at);
	char token[USERS_JWT_MAX];
	size_t len;
	UsersStatus status;

	check_token_role(out->is_admin);
	strlcpy(claims.issuer, users_settings.issuer, sizeof(claims.issuer));
	strlcpy(claims.audience, users_settings.audience, sizeof(claims.audience));
	strlcpy(claims.role, users_role_name(out->is_admin), sizeof(claims.role));
	memcpy(&claims.user_id, &out->user_id, sizeof(claims.user_id));
	memcpy(&claims.session_id, &out->session_id, sizeof(claims.session_id));
	claims.expires_at = users_unix_time(expires_at);
	claims.authenticated_at = users_unix_time(authenticated_at);
	users_minting_key(&key);
	status = users_jwt_sign(token, sizeof(token), &len, &claims, &key);
	sodium_memzero(&key, sizeof(key));
	if (status != USERS_OK)
		elog(ERROR, "could not sign a token");
	out->access_token = MemoryContextAlloc(context, len + 1);
	memcpy(out->access_token, token, len);
	out->access_token[len] = '\0';
	out->expires_at = users_from_unix_time(claims.expires_at);
	out->expires_in = (int) (claims.expires_at - claims.issued_at);
}

void
users_init_access(void)
{
	users_register_queries(queries, lengthof(queries));
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, forget_roles, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHOID, forget_roles, (Datum) 0);
}

/* ---- SQL ---- */

/* A login that inherits a member's rights has them before it authenticates. */
static void
check_login(void)
{
	Oid login = GetSessionUserId();
	Oid dba = get_role_oid("users_dba", true);

	if (superuser_arg(login) ||
		(OidIsValid(dba) && is_member_of_role_nosuper(login, dba)) ||
		!has_privs_of_role(login, users_role("users_member")))
		return;
	ereport(
		ERROR,
		(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		 errmsg("this login inherits the rights of \"users_member\""),
		 errdetail(
			 "A request that forgets to authenticate would have them too."),
		 errhint(
			 "Prepare the login with users_setup_login, which says what to change."),
		 users_errhide()));
}

static void
take_on(const UsersAccess *access)
{
	UsersIdentity identity = { .user_id = access->user_id,
							   .session_id = access->session_id,
							   .expires_at = access->expires_at,
							   .is_admin = access->is_admin };

	/* The role first: it raises when the login may not switch to it. */
	(void) set_config_option("role", users_role_name(access->is_admin),
							 superuser() ? PGC_SUSET : PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
	users_identity_set(&identity);
}

PG_FUNCTION_INFO_V1(users_authenticate);
PG_FUNCTION_INFO_V1(users_validate_token);

/* users_authenticate(token text) uuid */
Datum
users_authenticate(PG_FUNCTION_ARGS)
{
	UsersCall call;
	UsersAccess access;
	UsersTokenVerdict verdict = USERS_TOKEN_INVALID;
	pg_uuid_t *user_id;

	users_begin(&call, "users_authenticate", USERS_SECRET);
	if (call.in_definer || call.restricted)
		users_raise(USERS_E_RESTRICTED, NULL);
	check_login();
	users_refuse_held_cursors();
	if (!PG_ARGISNULL(0))
	{
		text *token = PG_GETARG_TEXT_PP(0);

		users_enter_owner(&call);
		verdict = users_verify_access(&access, VARDATA_ANY(token),
									  VARSIZE_ANY_EXHDR(token));
		users_leave_owner(&call);
	}
	if (verdict == USERS_TOKEN_ELSEWHERE)
		users_raise(USERS_E_ASK_PRIMARY, NULL);
	if (verdict != USERS_TOKEN_VALID)
		users_raise(USERS_E_BAD_TOKEN, NULL);
	take_on(&access);
	user_id = palloc(sizeof(pg_uuid_t));
	*user_id = access.user_id;
	PG_RETURN_UUID_P(user_id);
}

/* users_validate_token(token text) users_claims */
Datum
users_validate_token(PG_FUNCTION_ARGS)
{
	static const char *const words[] = { "ok", "invalid_token", "ask_primary" };
	UsersCall call;
	UsersAccess access;
	UsersAccount account;
	UsersTokenVerdict verdict = USERS_TOKEN_INVALID;
	Datum values[8] = { 0 };
	bool nulls[8];

	users_begin(&call, "users_validate_token", USERS_SECRET);
	users_require_service(&call);
	if (!PG_ARGISNULL(0))
	{
		text *token = PG_GETARG_TEXT_PP(0);

		users_enter_owner(&call);
		verdict = users_verify_access(&access, VARDATA_ANY(token),
									  VARSIZE_ANY_EXHDR(token));
		if (verdict == USERS_TOKEN_VALID &&
			!users_find_account(&account, &access.user_id, call.context))
			verdict = USERS_TOKEN_INVALID;
		users_leave_owner(&call);
	}
	memset(nulls, verdict != USERS_TOKEN_VALID, sizeof(nulls));
	values[0] = CStringGetTextDatum(words[verdict]);
	nulls[0] = false;
	if (verdict == USERS_TOKEN_VALID)
	{
		values[1] = UUIDPGetDatum(&access.user_id);
		values[2] = UUIDPGetDatum(&access.session_id);
		values[3] = CStringGetTextDatum(account.username);
		values[4] = CStringGetTextDatum(users_role_name(access.is_admin));
		values[5] = TimestampTzGetDatum(access.authenticated_at);
		values[6] = TimestampTzGetDatum(access.issued_at);
		values[7] = TimestampTzGetDatum(access.expires_at);
	}
	return users_row(fcinfo, values, nulls, lengthof(values));
}
