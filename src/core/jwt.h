/*
 * Access tokens: JWTs (RFC 7519) as JWS compact serialisation (RFC 7515) with
 * EdDSA over Ed25519 (RFC 8037) or HS256, profiled as RFC 9068 ("at+jwt") and
 * read as strictly as RFC 8725 asks.
 */
#ifndef USERS_JWT_H
#define USERS_JWT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "status.h"
#include "uuid.h"

#define USERS_JWT_MAX		   4096 /* characters of a whole token */
#define USERS_JWT_TEXT_MAX	   255	/* bytes of issuer and of audience */
#define USERS_JWT_KID_MAX	   64	/* bytes of a key's id */
#define USERS_JWT_ROLE_MAX	   63	/* bytes of a role's name */
#define USERS_SIGNATURE_MAX	   64	/* Ed25519; HS256 has 32 */
#define USERS_SEED_BYTES	   32	/* Ed25519 seed, and the HS256 secret */
#define USERS_PUBLIC_KEY_BYTES 32

typedef enum UsersAlgorithm
{
	USERS_EDDSA = 1,
	USERS_HS256 = 2
} UsersAlgorithm;

/* The claims, all of them: no other ever gets into a token. Texts are
 * NUL-terminated UTF-8; an empty audience means that the claim is absent. */
typedef struct UsersClaims
{
	char issuer[USERS_JWT_TEXT_MAX + 1];
	char audience[USERS_JWT_TEXT_MAX + 1];
	char role[USERS_JWT_ROLE_MAX + 1];
	UsersUuid user_id;
	UsersUuid session_id;
	int64_t issued_at; /* seconds since 1970, as all times here */
	int64_t expires_at;
	int64_t authenticated_at;
} UsersClaims;

/* A token taken apart, its signature NOT yet checked. */
typedef struct UsersJwt
{
	UsersAlgorithm algorithm;
	char kid[USERS_JWT_KID_MAX + 1];
	size_t signed_len; /* characters before the second dot */
	uint8_t signature[USERS_SIGNATURE_MAX];
	UsersClaims claims;
} UsersJwt;

/* What signs and checks. For EdDSA secret is the seed and public_key is set;
 * for HS256 only secret is used. */
typedef struct UsersSigningKey
{
	UsersAlgorithm algorithm;
	char kid[USERS_JWT_KID_MAX + 1];
	uint8_t secret[USERS_SEED_BYTES];
	uint8_t public_key[USERS_PUBLIC_KEY_BYTES];
} UsersSigningKey;

/* Fills public_key from secret (EdDSA); nothing for HS256. */
void users_jwt_complete_key(UsersSigningKey *key);

/*
 * Takes a token apart. Exactly three parts of strict base64url; header and
 * payload are JSON objects (RFC 8259, UTF-8, white space allowed, no duplicate
 * members at the top, at most 64 of them); header: alg EdDSA or HS256 to the
 * letter, typ "at+jwt", kid not empty, nothing else: crit, b64, and members
 * that are a key or point to one (jwk jku x5u x5c x5t ...) are refused with all
 * others. Payload: iss, sub, sid, role (not empty), iat, exp, auth_time
 * required, aud optional and a string that is not empty, nbf optional and not
 * later than iat, others ignored; the times are integers from 0 to 2^53 - 1
 * written with digits alone; sub and sid are UUIDs. No text holds NUL. The
 * signature's length must be its algorithm's. USERS_TOO_LONG for more than
 * USERS_JWT_MAX characters, USERS_UNSUPPORTED for a header whose only fault is
 * another alg, USERS_MALFORMED for the rest. On failure *jwt is wiped.
 */
UsersStatus users_jwt_parse(UsersJwt *jwt, const char *token,
							size_t len) USERS_CHECKED;

/* Whether the signature is the key's. The algorithm must be the key's own and
 * the kid the same (else USERS_FORGED). Constant time in the tag. */
UsersStatus users_jwt_verify(const UsersJwt *jwt, const char *token,
							 const UsersSigningKey *key) USERS_CHECKED;

/* USERS_OK when now is before exp and not more than skew seconds before iat,
 * else USERS_FORGED. nbf needs no look: parse saw that it is not later than
 * iat. The claims are parse's, skew is 0 to 2^53. */
UsersStatus users_jwt_times(const UsersClaims *claims, int64_t now,
							int64_t skew) USERS_CHECKED;

/* Writes a token of *len characters to out (no NUL; cap at least
 * USERS_JWT_MAX). Members in a fixed order; texts are escaped. USERS_MALFORMED
 * for claims or a kid that users_jwt_parse would not accept, USERS_TOO_LONG
 * when it does not fit, USERS_FORGED when public_key is not the seed's. On
 * failure *len is 0. */
UsersStatus users_jwt_sign(char *out, size_t cap, size_t *len,
						   const UsersClaims *claims,
						   const UsersSigningKey *key) USERS_CHECKED;

/* Writes one public key as a JWK (RFC 8037) of *len characters: kty, crv, x,
 * kid, use, alg. cap at least 256 (a kid full of quotation marks takes more:
 * USERS_TOO_LONG). Never for HS256 (USERS_UNSUPPORTED). */
UsersStatus users_jwk_format(char *out, size_t cap, size_t *len,
							 const UsersSigningKey *key) USERS_CHECKED;

/* Likewise a key of HS256 with its secret (RFC 7518, 6.4): kty, k, kid, use,
 * alg. For nobody but who verifies with it. USERS_UNSUPPORTED for others. */
UsersStatus users_jwk_shared(char *out, size_t cap, size_t *len,
							 const UsersSigningKey *key) USERS_CHECKED;

#endif
