/*
 * Signs and verifies tokens for comparison with another implementation.
 *
 *   jwt_tool sign ALGORITHM SECRET KID ISSUER AUDIENCE ROLE SUB SID IAT EXP
 * AUTH jwt_tool jwk SECRET KID jwt_tool verify ALGORITHM SECRET KID TOKEN
 *
 * SECRET is the seed or the shared secret in hexadecimal, ALGORITHM EdDSA or
 * HS256. sign prints the token, jwk the public key, verify the claims, a line
 * each. Exit status 1: refused; 2: called in a wrong way.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "jwt.h"

static void
wrong_call(void)
{
	fprintf(stderr, "jwt_tool: wrong arguments\n");
	exit(2);
}

static void
copy_text(char *out, size_t size, const char *text)
{
	if (strlen(text) >= size)
		wrong_call();
	strcpy(out, text);
}

static UsersSigningKey
read_key(const char *algorithm, const char *secret, const char *kid)
{
	UsersSigningKey key;
	size_t n;

	memset(&key, 0, sizeof(key));
	if (strcmp(algorithm, "EdDSA") == 0)
		key.algorithm = USERS_EDDSA;
	else if (strcmp(algorithm, "HS256") == 0)
		key.algorithm = USERS_HS256;
	else
		wrong_call();
	if (sodium_hex2bin(key.secret, sizeof(key.secret), secret, strlen(secret),
					   NULL, &n, NULL) != 0 ||
		n != sizeof(key.secret))
		wrong_call();
	copy_text(key.kid, sizeof(key.kid), kid);
	users_jwt_complete_key(&key);
	return key;
}

static int
sign(char **arguments)
{
	UsersSigningKey key = read_key(arguments[0], arguments[1], arguments[2]);
	char token[USERS_JWT_MAX];
	UsersClaims claims;
	size_t len;

	memset(&claims, 0, sizeof(claims));
	copy_text(claims.issuer, sizeof(claims.issuer), arguments[3]);
	copy_text(claims.audience, sizeof(claims.audience), arguments[4]);
	copy_text(claims.role, sizeof(claims.role), arguments[5]);
	if (users_uuid_parse(&claims.user_id, arguments[6], strlen(arguments[6])) !=
			USERS_OK ||
		users_uuid_parse(&claims.session_id, arguments[7],
						 strlen(arguments[7])) != USERS_OK)
		wrong_call();
	claims.issued_at = strtoll(arguments[8], NULL, 10);
	claims.expires_at = strtoll(arguments[9], NULL, 10);
	claims.authenticated_at = strtoll(arguments[10], NULL, 10);
	if (users_jwt_sign(token, sizeof(token), &len, &claims, &key) != USERS_OK)
		return 1;
	printf("%.*s\n", (int) len, token);
	return 0;
}

static int
write_jwk(char **arguments)
{
	UsersSigningKey key = read_key("EdDSA", arguments[0], arguments[1]);
	char jwk[512];
	size_t len;

	if (users_jwk_format(jwk, sizeof(jwk), &len, &key) != USERS_OK)
		return 1;
	printf("%.*s\n", (int) len, jwk);
	return 0;
}

static int
verify(char **arguments)
{
	UsersSigningKey key = read_key(arguments[0], arguments[1], arguments[2]);
	const char *token = arguments[3];
	char user_id[USERS_UUID_TEXT];
	char session_id[USERS_UUID_TEXT];
	UsersJwt jwt;

	if (users_jwt_parse(&jwt, token, strlen(token)) != USERS_OK ||
		users_jwt_verify(&jwt, token, &key) != USERS_OK)
		return 1;
	users_uuid_format(user_id, &jwt.claims.user_id);
	users_uuid_format(session_id, &jwt.claims.session_id);
	printf("%s\n%s\n%s\n", jwt.claims.issuer, jwt.claims.audience,
		   jwt.claims.role);
	printf("%.*s\n%.*s\n", USERS_UUID_TEXT, user_id, USERS_UUID_TEXT,
		   session_id);
	printf("%" PRId64 "\n%" PRId64 "\n%" PRId64 "\n", jwt.claims.issued_at,
		   jwt.claims.expires_at, jwt.claims.authenticated_at);
	return 0;
}

int
main(int argc, char **argv)
{
	if (sodium_init() < 0)
		return 2;
	if (argc == 13 && strcmp(argv[1], "sign") == 0)
		return sign(argv + 2);
	if (argc == 4 && strcmp(argv[1], "jwk") == 0)
		return write_jwk(argv + 2);
	if (argc == 6 && strcmp(argv[1], "verify") == 0)
		return verify(argv + 2);
	wrong_call();
}
