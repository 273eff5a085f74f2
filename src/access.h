/* Access tokens: minted for sessions, verified against key and session. */
#ifndef USERS_ACCESS_H
#define USERS_ACCESS_H

#include <stdbool.h>

#include "caller.h"
#include "core/jwt.h"
#include "outcome.h"

typedef enum UsersTokenVerdict
{
	USERS_TOKEN_VALID,
	USERS_TOKEN_INVALID,
	USERS_TOKEN_ELSEWHERE /* a standby that has not heard of it yet */
} UsersTokenVerdict;

typedef struct UsersAccess
{
	pg_uuid_t user_id;
	pg_uuid_t session_id;
	bool is_admin;
	TimestampTz issued_at;
	TimestampTz expires_at;
	TimestampTz authenticated_at; /* of the session, now */
} UsersAccess;

/* Verifies a token: form, key, signature, issuer, audience, times, and the
 * session's row, read with the latest snapshot. Outside of enter_owner. */
extern UsersTokenVerdict users_verify_access(UsersAccess *access,
											 UsersCall *call, const char *token,
											 size_t len);

/*
 * Mints a token for a session that ends at session_expires_at: fills
 * access_token (in context), expires_at and expires_in. Raises 55000 when the
 * token's role has got more rights than a token may give. Inside enter_owner.
 */
extern void users_mint_access(UsersSignedIn *out, TimestampTz authenticated_at,
							  TimestampTz session_expires_at,
							  MemoryContext context);

extern void users_init_access(void);

#endif
