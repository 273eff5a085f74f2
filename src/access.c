#include "pg.h"

#include <sodium.h>

#include "access.h"
#include "caller.h"
#include "core/keyring.h"
#include "identity.h"
#include "ids.h"
#include "key.h"
#include "lookup.h"
#include "outcome.h"
#include "query.h"
#include "rights.h"
#include "settings.h"
#include "sight.h"

/* Clocks of other machines may be so far ahead, in seconds. */
#define SKEW 30

/* Columns of the two lookups, as they stand in UsersFound. */
enum
{
	KEY_KID,
	KEY_RETIRES_AT,
	KEY_REVOKED_AT,
	KEY_ALGORITHM,
	KEY_PUBLIC,
	KEY_SEALED
};

enum
{
	SESSION_USER_ID,
	SESSION_ID,
	SESSION_ENDED_AT,
	SESSION_AUTHENTICATED_AT
};

/* Two tables that others own, against the rule: this runs for every request. */
static UsersLookup key_lookup = {
	.table = "signing_key",
	.columns = { "kid", "retires_at", "revoked_at", "algorithm", "public_key",
				 "sealed_secret" },
	.key_columns = 1,
	.equal = { F_TEXTEQ },
};

static UsersLookup session_lookup = {
	.table = "session",
	.columns = { "user_id", "id", "ended_at", "authenticated_at" },
	.key_columns = 2,
	.equal = { F_UUID_EQ, F_UUID_EQ },
};

/* ---- tokens that this backend has verified ---- */

#define CACHE_SLOTS 512
#define CACHE_HASH	crypto_shorthash_siphashx24_BYTES

/* What a token says, once its form, issuer and audience have been checked. */
typedef struct Claimed
{
	char kid[USERS_JWT_KID_MAX + 1];
	pg_uuid_t user_id;
	pg_uuid_t session_id;
	bool is_admin;
	int64 issued_at; /* seconds since 1970 */
	int64 expires_at;
} Claimed;

/* What the rows of key and session say of a token that they let pass. */
typedef struct Validity
{
	TimestampTz key_retires_at; /* DT_NOEND: not that we know */
	TimestampTz authenticated_at;
} Validity;

/* A token whose signature was found right, by its keyed hash: taking it apart
 * costs as much as all the rest, and Ed25519 ten times that. Times are checked
 * on every use all the same, and key and session are read again whenever
 * somebody has committed something. */
typedef struct Verified
{
	uint8 hash[CACHE_HASH];
	uint32 generation; /* of issuer and audience */
	uint64 sight;	   /* which has shown the validity */
	Claimed claimed;
	Validity validity;
} Verified;

static Verified cache[CACHE_SLOTS];

/* The place of a token in the cache, and its hash. */
static Verified *
cache_slot(uint8 hash[CACHE_HASH], const char *token, size_t len)
{
	static uint8 key[crypto_shorthash_siphashx24_KEYBYTES];
	static bool ready = false;
	uint32 index;

	if (!ready)
	{
		randombytes_buf(key, sizeof(key));
		ready = true;
	}
	(void) crypto_shorthash_siphashx24(hash, (const uint8 *) token, len, key);
	memcpy(&index, hash, sizeof(index));
	return &cache[index % CACHE_SLOTS];
}

static bool
is_known(const Verified *slot, const uint8 hash[CACHE_HASH])
{
	return slot->generation == users_claims_generation &&
		   sodium_memcmp(slot->hash, hash, CACHE_HASH) == 0;
}

static void
remember(Verified *slot, const uint8 hash[CACHE_HASH], const Claimed *claimed)
{
	memcpy(slot->hash, hash, CACHE_HASH);
	slot->generation = users_claims_generation;
	slot->sight = 0;
	slot->claimed = *claimed;
}

/* ---- verifying ---- */

/* Takes a token apart and checks what needs neither key nor clock. */
static bool
read_claims(Claimed *claimed, UsersJwt *jwt, const char *token, size_t len)
{
	const UsersClaims *claims = &jwt->claims;

	if (users_jwt_parse(jwt, token, len) != USERS_OK ||
		strcmp(claims->issuer, users_settings.issuer) != 0 ||
		strcmp(claims->audience, users_settings.audience) != 0)
		return false;
	claimed->is_admin = strcmp(claims->role, users_role_name(true)) == 0;
	if (!claimed->is_admin && strcmp(claims->role, users_role_name(false)) != 0)
		return false;
	strlcpy(claimed->kid, jwt->kid, sizeof(claimed->kid));
	memcpy(&claimed->user_id, &claims->user_id, sizeof(claimed->user_id));
	memcpy(&claimed->session_id, &claims->session_id,
		   sizeof(claimed->session_id));
	claimed->issued_at = claims->issued_at;
	claimed->expires_at = claims->expires_at;
	return true;
}

/* Copies exactly size bytes of a column; false when it is NULL or another
 * size. */
static bool
found_bytes(const UsersFound *found, int column, void *out, size_t size)
{
	bytea *bytes;

	if (found->nulls[column])
		return false;
	bytes = DatumGetByteaPP(found->values[column]);
	if (VARSIZE_ANY_EXHDR(bytes) != size)
		return false;
	memcpy(out, VARDATA_ANY(bytes), size);
	return true;
}

/* The key of a row. Only an HS256 key that this backend has not met needs the
 * root key, which is the owner's to read. */
static void
row_key(UsersSigningKey *key, const char *kid, const UsersFound *found,
		UsersCall *call)
{
	uint8 public_key[USERS_PUBLIC_KEY_BYTES];
	uint8 sealed[USERS_SEED_BYTES + USERS_SEAL_OVERHEAD] = { 0 };
	bool hs256 =
		strcmp(TextDatumGetCString(found->values[KEY_ALGORITHM]), "HS256") == 0;

	if (!hs256 &&
		found_bytes(found, KEY_PUBLIC, public_key, sizeof(public_key)))
	{
		users_key_from_row(key, kid, USERS_EDDSA, public_key, NULL, 0);
		return;
	}
	(void) found_bytes(found, KEY_SEALED, sealed, sizeof(sealed));
	users_enter_owner(call);
	users_key_from_row(key, kid, hs256 ? USERS_HS256 : USERS_EDDSA, NULL,
					   sealed, sizeof(sealed));
	users_leave_owner(call);
}

static bool
signature_holds(const UsersJwt *jwt, const char *token, const UsersFound *found,
				UsersCall *call)
{
	UsersSigningKey key;
	bool holds;

	row_key(&key, jwt->kid, found, call);
	holds = users_jwt_verify(jwt, token, &key) == USERS_OK;
	sodium_memzero(&key, sizeof(key));
	return holds;
}

static bool
find_key(UsersFound *key, const Claimed *claimed, Snapshot snapshot)
{
	Datum kid = CStringGetTextDatum(claimed->kid);

	return users_lookup(key, &key_lookup, &kid, snapshot);
}

static bool
find_session(UsersFound *session, const Claimed *claimed, Snapshot snapshot)
{
	Datum id[] = { UUIDPGetDatum(&claimed->user_id),
				   UUIDPGetDatum(&claimed->session_id) };

	return users_lookup(session, &session_lookup, id, snapshot);
}

static void
fill_access(UsersAccess *access, const Claimed *claimed,
			const Validity *validity)
{
	access->user_id = claimed->user_id;
	access->session_id = claimed->session_id;
	access->is_admin = claimed->is_admin;
	access->issued_at = users_from_unix_time(claimed->issued_at);
	access->expires_at = users_from_unix_time(claimed->expires_at);
	access->authenticated_at = validity->authenticated_at;
}

/* Whether now is a time at which the token counts. */
static bool
is_current(const Claimed *claimed)
{
	UsersClaims times = { .issued_at = claimed->issued_at,
						  .expires_at = claimed->expires_at };

	return users_jwt_times(&times, users_unix_time(GetCurrentTimestamp()),
						   SKEW) == USERS_OK;
}

/* What is known of a token after it has been read. */
typedef struct Judged
{
	Claimed claimed;
	UsersJwt jwt;
	const char *token;
	uint8 hash[CACHE_HASH];
	Verified *slot;
	bool known; /* verified before: jwt is not filled */
} Judged;

/* Form, issuer, audience and times. */
static bool
read_token(Judged *judged, const char *token, size_t len)
{
	if (len > USERS_JWT_MAX)
		return false;
	judged->token = token;
	judged->slot = cache_slot(judged->hash, token, len);
	judged->known = is_known(judged->slot, judged->hash);
	if (judged->known)
		judged->claimed = judged->slot->claimed;
	else if (!read_claims(&judged->claimed, &judged->jwt, token, len))
		return false;
	return is_current(&judged->claimed);
}

static TimestampTz
time_of(const UsersFound *found, int column, TimestampTz otherwise)
{
	return found->nulls[column] ? otherwise
								: DatumGetTimestampTz(found->values[column]);
}

/* Key and session, as one snapshot sees them. */
static UsersTokenVerdict
read_validity(Validity *validity, Judged *judged, UsersCall *call,
			  Snapshot snapshot)
{
	UsersTokenVerdict unknown =
		RecoveryInProgress() ? USERS_TOKEN_ELSEWHERE : USERS_TOKEN_INVALID;
	UsersFound key;
	UsersFound session;

	if (!find_key(&key, &judged->claimed, snapshot))
		return unknown;
	if (!key.nulls[KEY_REVOKED_AT])
		return USERS_TOKEN_INVALID;
	validity->key_retires_at = time_of(&key, KEY_RETIRES_AT, DT_NOEND);
	if (validity->key_retires_at < GetCurrentTimestamp())
		return USERS_TOKEN_INVALID;
	if (!judged->known)
	{
		if (!signature_holds(&judged->jwt, judged->token, &key, call))
			return USERS_TOKEN_INVALID;
		remember(judged->slot, judged->hash, &judged->claimed);
	}
	if (!find_session(&session, &judged->claimed, snapshot))
		return unknown;
	if (!session.nulls[SESSION_ENDED_AT])
		return USERS_TOKEN_INVALID;
	validity->authenticated_at =
		DatumGetTimestampTz(session.values[SESSION_AUTHENTICATED_AT]);
	return USERS_TOKEN_VALID;
}

/* The same, but not read again while nothing can have changed. */
static UsersTokenVerdict
judge_token(UsersAccess *access, Judged *judged, UsersCall *call,
			Snapshot snapshot)
{
	Verified *slot = judged->slot;
	uint64 sight = users_sight(snapshot)->number;

	if (!judged->known || slot->sight != sight ||
		slot->validity.key_retires_at < GetCurrentTimestamp())
	{
		Validity validity;
		UsersTokenVerdict verdict =
			read_validity(&validity, judged, call, snapshot);

		if (verdict != USERS_TOKEN_VALID)
			return verdict;
		slot->validity = validity;
		slot->sight = sight;
	}
	fill_access(access, &judged->claimed, &slot->validity);
	return USERS_TOKEN_VALID;
}

UsersTokenVerdict
users_verify_access(UsersAccess *access, UsersCall *call, const char *token,
					size_t len)
{
	Judged judged;
	Snapshot snapshot;
	UsersTokenVerdict verdict;

	if (!read_token(&judged, token, len))
		return USERS_TOKEN_INVALID;
	snapshot = users_latest_snapshot();
	verdict = judge_token(access, &judged, call, snapshot);
	UnregisterSnapshot(snapshot);
	return verdict;
}

/* ---- minting ---- */

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

	users_check_token_role(out->is_admin);
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
	users_register_lookup(&key_lookup);
	users_register_lookup(&session_lookup);
}
