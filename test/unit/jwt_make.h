/* Tokens and keys for tests: what users_jwt_sign would never write, signed as
 * if it had. */
#ifndef TEST_JWT_MAKE_H
#define TEST_JWT_MAKE_H

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base64url.h"
#include "jwt.h"

#include "tap.h"

#define MAKE_MAX	   16384
#define MAKE_HEADER	   "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"k1\"}"
#define MAKE_HS_HEADER "{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":\"k1\"}"
#define MAKE_SUB	   "\"sub\":\"017f22e2-79b0-7cc3-98c4-dc0c0c07398f\""
#define MAKE_SID	   "\"sid\":\"017f22e2-79b0-7cc3-98c4-dc0c0c073990\""
#define MAKE_IDS	   MAKE_SUB "," MAKE_SID
#define MAKE_TEXTS	   "\"iss\":\"i\"," MAKE_IDS ",\"role\":\"r\""
#define MAKE_TIMES	   "\"iat\":100,\"exp\":200,\"auth_time\":50"
#define MAKE_PAYLOAD   "{" MAKE_TEXTS "," MAKE_TIMES "}"

/* A key whose secret is that byte over and over. */
static inline UsersSigningKey
make_key(UsersAlgorithm algorithm, uint8_t byte)
{
	UsersSigningKey key;

	memset(&key, 0, sizeof(key));
	key.algorithm = algorithm;
	strcpy(key.kid, "k1");
	memset(key.secret, byte, sizeof(key.secret));
	users_jwt_complete_key(&key);
	return key;
}

/* Signs the first len characters of out and returns the length of the whole. */
static inline size_t
make_signed(char *out, size_t len, const UsersSigningKey *key)
{
	uint8_t public_key[32];
	uint8_t pair[64];
	uint8_t signature[64];
	size_t bytes = key->algorithm == USERS_EDDSA ? 64 : 32;

	if (key->algorithm == USERS_EDDSA)
	{
		crypto_sign_ed25519_seed_keypair(public_key, pair, key->secret);
		crypto_sign_ed25519_detached(signature, NULL, (const uint8_t *) out,
									 len, pair);
	}
	else
		crypto_auth_hmacsha256(signature, (const uint8_t *) out, len,
							   key->secret);
	out[len] = '.';
	users_base64url_encode(out + len + 1, signature, bytes);
	return len + 1 + USERS_BASE64URL_LEN(bytes);
}

/* Writes a genuine token of any header and payload; returns its length. */
static inline size_t
make_token_of(char *out, const void *header, size_t header_len,
			  const void *payload, size_t payload_len,
			  const UsersSigningKey *key)
{
	size_t len = USERS_BASE64URL_LEN(header_len);

	users_base64url_encode(out, header, header_len);
	out[len++] = '.';
	users_base64url_encode(out + len, payload, payload_len);
	return make_signed(out, len + USERS_BASE64URL_LEN(payload_len), key);
}

static inline size_t
make_token(char *out, const char *header, const char *payload,
		   const UsersSigningKey *key)
{
	return make_token_of(out, header, strlen(header), payload, strlen(payload),
						 key);
}

/* Parses a copy whose end the sanitizer watches, and if the token is accepted
 * also verifies it. Refused, it must leave nothing behind. */
static inline UsersStatus
make_judged(const char *token, size_t len, const UsersSigningKey *key)
{
	static const UsersJwt wiped;
	char *copy = tap_exact(token, len);
	UsersStatus status;
	UsersJwt jwt;

	memset(&jwt, 0x55, sizeof(jwt));
	status = users_jwt_parse(&jwt, copy, len);
	if (status == USERS_OK)
		status = users_jwt_verify(&jwt, copy, key);
	else if (memcmp(&jwt, &wiped, sizeof(jwt)) != 0)
		status = USERS_FAILED;
	free(copy);
	return status;
}

#endif
