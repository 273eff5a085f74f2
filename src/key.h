/* The keys that sign access tokens. Inside users_enter_owner. */
#ifndef USERS_KEY_H
#define USERS_KEY_H

#include <stdbool.h>

#include "core/jwt.h"
#include "core/keyring.h"

/* The key that signs now, made when there is none of
 * users.signing_algorithm. Wipe it after use. */
extern void users_minting_key(UsersSigningKey *key);

/* Fills key from a row of users.signing_key whose secret is needed only for
 * HS256; unsealed ones are remembered by kid. */
extern void users_key_from_row(UsersSigningKey *key, const char *kid,
							   UsersAlgorithm algorithm,
							   const uint8 *public_key, const uint8 *sealed,
							   size_t sealed_len);

/* Makes root key, first signing key and the one after it unless they are there.
 */
extern void users_make_keys(void);

/* The next key signs from now on, and the old ones retire. Returns its kid, in
 * context. */
extern char *users_rotate_signing_key(MemoryContext context);

/* Revokes a key at once; false when it is unknown or was revoked before. */
extern bool users_revoke_signing_key(const char *kid);

/* A row of the view users_keys. */
typedef struct UsersKeyRow
{
	char *kid;
	char *algorithm;
	char *state;
	TimestampTz created_at;
	bool retires;
	TimestampTz retires_at;
} UsersKeyRow;
extern bool users_find_key_row(UsersKeyRow *row, const char *kid,
							   MemoryContext context);

/* Public keys as a JWK Set, in context; reads no secret. */
extern char *users_public_jwks(MemoryContext context);

/*
 * What PostgREST is to verify with, in context: every key that verifies, those
 * of HS256 with their secret unless the root key is of no use. A text that it
 * cannot read whole it takes for an HS256 secret: so nothing but well-formed
 * keys is in it, and a random member that nobody is shown.
 */
extern char *users_verifying_jwks(MemoryContext context);

/* Whether there is a key that signs now. */
extern bool users_has_active_key(void);

/* All signing keys are gone: the root key that sealed them is. */
extern void users_delete_signing_keys(void);

extern void users_init_key(void);

#endif
