/*
 * A token that is accepted has one spelling, one key that verifies it, and
 * claims that can be signed again. Input: 't' and a token, or 'j' and a header
 * and a payload with a byte 0xff between them, which are then signed.
 */
#include <stdbool.h>

#include <sodium.h>

#include "base64url.h"
#include "jwt.h"

#include "fuzz.h"

#define TOKEN_MAX 16384

static bool
same_claims(const UsersClaims *a, const UsersClaims *b)
{
	return strcmp(a->issuer, b->issuer) == 0 &&
		   strcmp(a->audience, b->audience) == 0 &&
		   strcmp(a->role, b->role) == 0 &&
		   memcmp(&a->user_id, &b->user_id, 16) == 0 &&
		   memcmp(&a->session_id, &b->session_id, 16) == 0 &&
		   a->issued_at == b->issued_at && a->expires_at == b->expires_at &&
		   a->authenticated_at == b->authenticated_at;
}

static UsersSigningKey
make_key(UsersAlgorithm algorithm, const char *kid)
{
	UsersSigningKey key;

	memset(&key, 0, sizeof(key));
	key.algorithm = algorithm;
	memset(key.secret, 7, sizeof(key.secret));
	strcpy(key.kid, kid);
	users_jwt_complete_key(&key);
	return key;
}

/* Each part's text is what encoding its bytes gives. */
static void
check_spelling(const char *token, size_t len)
{
	unsigned parts = 0;

	for (size_t at = 0; at <= len; parts++)
	{
		const char *dot = memchr(token + at, '.', len - at);
		size_t part_len = dot == NULL ? len - at : (size_t) (dot - token) - at;
		uint8_t bytes[USERS_JWT_MAX];
		char text[USERS_JWT_MAX + 2];
		size_t n;

		MUST(users_base64url_decode(bytes, sizeof(bytes), &n, token + at,
									part_len) == USERS_OK);
		users_base64url_encode(text, bytes, n);
		MUST(USERS_BASE64URL_LEN(n) == part_len &&
			 memcmp(text, token + at, part_len) == 0);
		at += part_len + 1;
	}
	MUST(parts == 3);
}

static void
check_accepted(const UsersJwt *jwt, const char *token, size_t len)
{
	UsersSigningKey key = make_key(jwt->algorithm, jwt->kid);
	char again[USERS_JWT_MAX];
	UsersStatus status;
	UsersJwt back;
	size_t again_len;

	MUST(len <= USERS_JWT_MAX && jwt->signed_len < len);
	MUST(token[jwt->signed_len] == '.');
	MUST(jwt->kid[0] != '\0' && jwt->claims.role[0] != '\0');
	check_spelling(token, len);
	status =
		users_jwt_sign(again, sizeof(again), &again_len, &jwt->claims, &key);
	/* Escapes may take more room than the characters took before. */
	MUST(status == USERS_OK || status == USERS_TOO_LONG);
	if (status != USERS_OK)
		return;
	MUST(users_jwt_parse(&back, again, again_len) == USERS_OK);
	MUST(back.algorithm == jwt->algorithm && strcmp(back.kid, jwt->kid) == 0);
	MUST(same_claims(&back.claims, &jwt->claims));
	MUST(users_jwt_verify(&back, again, &key) == USERS_OK);
	again[len % back.signed_len] ^= 1;
	MUST(users_jwt_verify(&back, again, &key) == USERS_FORGED);
}

static void
check_token(const char *token, size_t len, const UsersSigningKey *key)
{
	static const UsersJwt wiped;
	UsersJwt jwt;
	UsersStatus status;

	memset(&jwt, 0x55, sizeof(jwt));
	status = users_jwt_parse(&jwt, token, len);
	if (status != USERS_OK)
	{
		MUST(memcmp(&jwt, &wiped, sizeof(jwt)) == 0);
		return;
	}
	check_accepted(&jwt, token, len);
	if (key != NULL && strcmp(jwt.kid, key->kid) == 0)
		MUST(users_jwt_verify(&jwt, token, key) ==
			 (jwt.algorithm == key->algorithm ? USERS_OK : USERS_FORGED));
}

/* Signs header and payload as they are. */
static void
check_json(const uint8_t *header, size_t header_len, const uint8_t *payload,
		   size_t payload_len)
{
	static const UsersAlgorithm algorithms[] = { USERS_EDDSA, USERS_HS256 };
	char token[TOKEN_MAX];
	size_t dot = USERS_BASE64URL_LEN(header_len);
	size_t len = dot + 1 + USERS_BASE64URL_LEN(payload_len);

	users_base64url_encode(token, header, header_len);
	token[dot] = '.';
	users_base64url_encode(token + dot + 1, payload, payload_len);
	token[len] = '.';
	for (size_t i = 0; i < 2; i++)
	{
		UsersSigningKey key = make_key(algorithms[i], "k1");
		uint8_t pair[crypto_sign_ed25519_SECRETKEYBYTES];
		uint8_t signature[USERS_SIGNATURE_MAX];
		size_t bytes = i == 0 ? 64 : 32;

		memcpy(pair, key.secret, 32);
		memcpy(pair + 32, key.public_key, 32);
		if (i == 0)
			crypto_sign_ed25519_detached(signature, NULL,
										 (const uint8_t *) token, len, pair);
		else
			crypto_auth_hmacsha256(signature, (const uint8_t *) token, len,
								   key.secret);
		users_base64url_encode(token + len + 1, signature, bytes);
		check_token(token, len + 1 + USERS_BASE64URL_LEN(bytes), &key);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > USERS_JWT_MAX + 64)
		return 0;
	if (data[0] == 'j')
	{
		const uint8_t *header = data + 1;
		const uint8_t *border = memchr(header, 0xff, size - 1);

		if (border != NULL)
			check_json(header, (size_t) (border - header), border + 1,
					   (size_t) (data + size - border - 1));
	}
	else if (data[0] == 't')
		check_token((const char *) data + 1, size - 1, NULL);
	return 0;
}
