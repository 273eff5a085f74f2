#include "jwt.h"

#include "jwt_make.h"
#include "tap.h"

static UsersClaims
sample_claims(void)
{
	UsersClaims claims;

	memset(&claims, 0, sizeof(claims));
	strcpy(claims.issuer, "https://login.example.org/\"\\\x01\x1f\x7f\xc3\xa4");
	strcpy(claims.audience, "app");
	strcpy(claims.role, "authenticated");
	memset(claims.user_id.bytes, 0xa5, 16);
	memset(claims.session_id.bytes, 0x5a, 16);
	claims.issued_at = 1700000000;
	claims.expires_at = 1700000900;
	claims.authenticated_at = 1699990000;
	return claims;
}

/* Parses a copy whose end the sanitizer watches. */
static UsersStatus
parse(UsersJwt *jwt, const char *token, size_t len)
{
	char *copy = tap_exact(token, len);
	UsersStatus status = users_jwt_parse(jwt, copy, len);

	free(copy);
	return status;
}

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

/* Signs, parses and checks claims; false if anything differs. */
static bool
goes_round(const UsersClaims *claims, const UsersSigningKey *key)
{
	char token[USERS_JWT_MAX];
	UsersJwt jwt;
	size_t len;

	return users_jwt_sign(token, sizeof(token), &len, claims, key) ==
			   USERS_OK &&
		   parse(&jwt, token, len) == USERS_OK &&
		   jwt.algorithm == key->algorithm && strcmp(jwt.kid, key->kid) == 0 &&
		   memchr(token, '\0', len) == NULL &&
		   same_claims(&jwt.claims, claims) &&
		   users_jwt_verify(&jwt, token, key) == USERS_OK;
}

static void
test_round_trip(UsersAlgorithm algorithm)
{
	UsersClaims claims = sample_claims();
	UsersSigningKey key = make_key(algorithm, 7);
	bool good = true;

	ok(goes_round(&claims, &key), "a token comes back");
	claims.audience[0] = '\0';
	ok(goes_round(&claims, &key), "without an audience");
	claims.issuer[0] = '\0';
	ok(goes_round(&claims, &key), "with an empty issuer");
	for (size_t len = 1; len <= USERS_JWT_TEXT_MAX; len++)
	{
		memset(claims.issuer, 'i', len);
		claims.issuer[len] = '\0';
		memset(claims.audience, 'a', len);
		claims.audience[len] = '\0';
		memset(claims.role, 'r', USERS_JWT_ROLE_MAX);
		claims.role[len < USERS_JWT_ROLE_MAX ? len : USERS_JWT_ROLE_MAX] = '\0';
		memset(key.kid, 'k', USERS_JWT_KID_MAX);
		key.kid[len < USERS_JWT_KID_MAX ? len : USERS_JWT_KID_MAX] = '\0';
		good = good && goes_round(&claims, &key);
	}
	ok(good, "texts of every length");
	claims = sample_claims();
	claims.issued_at = 0;
	claims.expires_at = (INT64_C(1) << 53) - 1;
	claims.authenticated_at = 9;
	ok(goes_round(&claims, &key), "the least and the greatest time");
	memset(key.kid, '"', USERS_JWT_KID_MAX);
	ok(goes_round(&claims, &key), "a kid of quotation marks");
	memset(key.kid, '\x01', USERS_JWT_KID_MAX);
	ok(goes_round(&claims, &key), "a kid of control characters");
}

static void
test_fixed_token(void)
{
	UsersSigningKey key = make_key(USERS_HS256, 7);
	UsersClaims claims = sample_claims();
	char token[USERS_JWT_MAX];
	uint8_t text[USERS_JWT_MAX];
	size_t len;
	size_t n;
	size_t dot;
	static const char wanted[] =
		"{\"iss\":\"https://login.example.org/\\\"\\\\\\u0001\\u001f\x7f\xc3"
		"\xa4\",\"sub\":\"a5a5a5a5-a5a5-a5a5-a5a5-a5a5a5a5a5a5\",\"aud\":"
		"\"app\",\"exp\":1700000900,\"iat\":1700000000,\"auth_time\":"
		"1699990000,\"sid\":\"5a5a5a5a-5a5a-5a5a-5a5a-5a5a5a5a5a5a\","
		"\"role\":\"authenticated\"}";

	is(users_jwt_sign(token, sizeof(token), &len, &claims, &key), USERS_OK,
	   "signed");
	dot = strcspn(token, ".");
	ok(users_base64url_decode(text, sizeof(text), &n, token, dot) == USERS_OK &&
		   n == strlen(MAKE_HS_HEADER) && memcmp(text, MAKE_HS_HEADER, n) == 0,
	   "the header, to the letter");
	ok(users_base64url_decode(text, sizeof(text), &n, token + dot + 1,
							  strcspn(token + dot + 1, ".")) == USERS_OK &&
		   n == strlen(wanted) && memcmp(text, wanted, n) == 0,
	   "the payload, to the letter");
}

static void
test_sign_refusals(void)
{
	const UsersClaims good = sample_claims();
	const UsersSigningKey good_key = make_key(USERS_EDDSA, 7);
	UsersSigningKey key = good_key;
	UsersClaims claims = good;
	char token[USERS_JWT_MAX];
	size_t len;

#define REFUSES(status, name)                                                  \
	ok(users_jwt_sign(token, sizeof(token), &len, &claims, &key) ==            \
			   (status) &&                                                     \
		   len == 0,                                                           \
	   "not signed: %s", name);                                                \
	claims = good;                                                             \
	key = good_key

	claims.role[0] = '\0';
	REFUSES(USERS_MALFORMED, "no role");
	key.kid[0] = '\0';
	REFUSES(USERS_MALFORMED, "no kid");
	strcpy(claims.issuer, "\xff");
	REFUSES(USERS_MALFORMED, "an issuer that is not UTF-8");
	strcpy(claims.audience, "\xed\xa0\x80");
	REFUSES(USERS_MALFORMED, "an audience that is not UTF-8");
	strcpy(claims.role, "\xc3");
	REFUSES(USERS_MALFORMED, "a role that is not UTF-8");
	memset(claims.issuer, 'i', sizeof(claims.issuer));
	REFUSES(USERS_MALFORMED, "an issuer without its end");
	memset(claims.role, 'r', sizeof(claims.role));
	REFUSES(USERS_MALFORMED, "a role without its end");
	memset(key.kid, 'k', sizeof(key.kid));
	REFUSES(USERS_MALFORMED, "a kid without its end");
	claims.issued_at = -1;
	REFUSES(USERS_MALFORMED, "a negative iat");
	claims.expires_at = INT64_C(1) << 53;
	REFUSES(USERS_MALFORMED, "an exp of 2^53");
	claims.authenticated_at = INT64_MIN;
	REFUSES(USERS_MALFORMED, "the least auth_time");
	key.public_key[31] ^= 1;
	REFUSES(USERS_FORGED, "a public key that is not the seed's");
	key.algorithm = (UsersAlgorithm) 0;
	REFUSES(USERS_UNSUPPORTED, "no algorithm");
	key.algorithm = (UsersAlgorithm) 3;
	REFUSES(USERS_UNSUPPORTED, "an unknown algorithm");
	memset(claims.issuer, 1, USERS_JWT_TEXT_MAX);
	memset(claims.audience, 1, USERS_JWT_TEXT_MAX);
	claims.audience[USERS_JWT_TEXT_MAX] = '\0';
	REFUSES(USERS_TOO_LONG, "texts that are longer when escaped");
#undef REFUSES
}

static void
test_sign_room(void)
{
	const UsersClaims claims = sample_claims();
	const UsersSigningKey key = make_key(USERS_EDDSA, 7);
	char token[2 * USERS_JWT_MAX];
	UsersClaims long_claims = claims;
	size_t len;

	memset(long_claims.issuer, 1, USERS_JWT_TEXT_MAX);
	memset(long_claims.audience, 1, 215);
	long_claims.audience[215] = '\0';
	is(users_jwt_sign(token, sizeof(token), &len, &long_claims, &key),
	   USERS_TOO_LONG, "what could not be parsed is not written");
	long_claims.audience[100] = '\0';
	is(users_jwt_sign(token, sizeof(token), &len, &long_claims, &key), USERS_OK,
	   "a little less is");
	for (size_t cap = 0, whole = USERS_JWT_MAX; cap <= whole; cap++)
	{
		char *room = tap_exact(token, cap);
		UsersStatus status = users_jwt_sign(room, cap, &len, &claims, &key);

		free(room);
		if (status == USERS_OK)
		{
			ok(len == cap, "fits where there is exactly enough room");
			return;
		}
		if (status != USERS_TOO_LONG)
			break;
	}
	ok(false, "fits in no room at all");
}

/* Every change to a genuine token is found. */
static void
test_tampering(char *token, size_t len, const UsersSigningKey *key)
{
	const size_t bits = key->algorithm == USERS_EDDSA ? 512 : 256;
	bool caught = true;
	UsersJwt jwt;

	if (users_jwt_parse(&jwt, token, len) != USERS_OK)
		abort();
	for (size_t bit = 0; bit < bits; bit++)
	{
		jwt.signature[bit / 8] ^= (uint8_t) (1 << bit % 8);
		caught = caught && users_jwt_verify(&jwt, token, key) == USERS_FORGED;
		jwt.signature[bit / 8] ^= (uint8_t) (1 << bit % 8);
	}
	ok(caught, "every bit of the signature");
	for (size_t at = 0; at < jwt.signed_len; at++)
	{
		token[at] ^= 1;
		caught = caught && users_jwt_verify(&jwt, token, key) == USERS_FORGED;
		token[at] ^= 1;
	}
	ok(caught, "every character of the signed part");
	for (size_t at = 0; at < len; at++)
	{
		token[at] ^= 4;
		caught = caught && (users_jwt_parse(&jwt, token, len) != USERS_OK ||
							users_jwt_verify(&jwt, token, key) == USERS_FORGED);
		token[at] ^= 4;
	}
	ok(caught, "every character of the token");
}

static void
test_verify(void)
{
	UsersSigningKey keys[2] = { make_key(USERS_EDDSA, 7),
								make_key(USERS_HS256, 7) };
	static const char *const kids[] = { "k2", "k", "k11", "" };
	const UsersClaims claims = sample_claims();

	for (size_t i = 0; i < 2; i++)
	{
		UsersSigningKey other = make_key(keys[i].algorithm, 8);
		char token[USERS_JWT_MAX];
		UsersJwt jwt;
		size_t len;

		ok(users_jwt_sign(token, sizeof(token), &len, &claims, &keys[i]) ==
				   USERS_OK &&
			   users_jwt_parse(&jwt, token, len) == USERS_OK &&
			   users_jwt_verify(&jwt, token, &keys[i]) == USERS_OK,
		   "genuine");
		is(users_jwt_verify(&jwt, token, &other), USERS_FORGED, "another key");
		is(users_jwt_verify(&jwt, token, &keys[1 - i]), USERS_FORGED,
		   "a key of the other algorithm");
		jwt.algorithm = keys[1 - i].algorithm;
		is(users_jwt_verify(&jwt, token, &keys[i]), USERS_FORGED,
		   "a token that names the other algorithm");
		jwt.algorithm = keys[i].algorithm;
		other = keys[i];
		for (size_t j = 0; j < sizeof(kids) / sizeof(kids[0]); j++)
		{
			strcpy(other.kid, kids[j]);
			ok(users_jwt_verify(&jwt, token, &other) == USERS_FORGED,
			   "another kid: \"%s\"", kids[j]);
		}
		test_tampering(token, len, &keys[i]);
		memset(&jwt, 0, sizeof(jwt));
		is(users_jwt_verify(&jwt, token, &keys[i]), USERS_FORGED,
		   "what a failed parse leaves");
	}
}

static void
test_cut(void)
{
	UsersSigningKey key = make_key(USERS_EDDSA, 7);
	const UsersClaims claims = sample_claims();
	static const UsersJwt wiped;
	char token[USERS_JWT_MAX + 1];
	UsersJwt jwt;
	size_t len;
	bool good = true;

	if (users_jwt_sign(token, USERS_JWT_MAX, &len, &claims, &key) != USERS_OK)
		abort();
	for (size_t cut = 0; cut < len; cut++)
	{
		memset(&jwt, 0x55, sizeof(jwt));
		good = good && parse(&jwt, token, cut) != USERS_OK &&
			   memcmp(&jwt, &wiped, sizeof(jwt)) == 0;
	}
	ok(good, "cut off at any place it is refused, and nothing is left");
	token[len] = 'A';
	is(parse(&jwt, token, len + 1), USERS_MALFORMED, "one character too many");
}

static void
test_times(void)
{
	const int64_t max = (INT64_C(1) << 53) - 1;
	UsersClaims claims;

	memset(&claims, 0, sizeof(claims));
	claims.issued_at = 1000;
	claims.expires_at = 2000;
	is(users_jwt_times(&claims, 1000, 0), USERS_OK, "at once");
	is(users_jwt_times(&claims, 999, 0), USERS_FORGED, "before, without skew");
	is(users_jwt_times(&claims, 970, 30), USERS_OK, "before, within skew");
	is(users_jwt_times(&claims, 969, 30), USERS_FORGED, "before the skew");
	is(users_jwt_times(&claims, 1999, 0), USERS_OK, "in the last second");
	is(users_jwt_times(&claims, 2000, 0), USERS_FORGED, "expired");
	is(users_jwt_times(&claims, 2000, 30), USERS_FORGED,
	   "skew does not make it last longer");
	is(users_jwt_times(&claims, INT64_MAX, max), USERS_FORGED, "far later");
	is(users_jwt_times(&claims, INT64_MIN, max), USERS_FORGED, "far before");
	is(users_jwt_times(&claims, 1000 - max, max), USERS_OK, "great skew");
	claims.issued_at = 0;
	claims.expires_at = 0;
	is(users_jwt_times(&claims, 0, 0), USERS_FORGED, "never valid");
	claims.issued_at = max;
	claims.expires_at = max;
	is(users_jwt_times(&claims, max - 1, 1), USERS_OK, "the last second");
}

static void
test_jwk(void)
{
	UsersSigningKey key = make_key(USERS_EDDSA, 7);
	char out[512];
	size_t len;
	size_t x;
	static const char rfc[] =
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"
		"\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\",\"kid\":\"\\\"a\","
		"\"use\":\"sig\",\"alg\":\"EdDSA\"}";

	/* RFC 8037, appendix A.1 */
	if (users_base64url_decode(key.secret, 32, &x,
							   "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
							   43) != USERS_OK)
		abort();
	users_jwt_complete_key(&key);
	strcpy(key.kid, "\"a");
	ok(users_jwk_format(out, 256, &len, &key) == USERS_OK &&
		   len == strlen(rfc) && memcmp(out, rfc, len) == 0,
	   "the public key of RFC 8037 A.2");
	ok(users_jwk_format(out, len, &x, &key) == USERS_OK && x == len,
	   "exactly enough room");
	ok(users_jwk_format(out, len - 1, &x, &key) == USERS_TOO_LONG && x == 0,
	   "too little room");
	ok(users_jwk_format(out, 0, &x, &key) == USERS_TOO_LONG && x == 0,
	   "no room");
	strcpy(key.kid, "\xff");
	ok(users_jwk_format(out, 256, &x, &key) == USERS_MALFORMED && x == 0,
	   "a kid that is not UTF-8");
	memset(key.kid, 'k', USERS_JWT_KID_MAX);
	is(users_jwk_format(out, 256, &x, &key), USERS_OK, "the longest kid");
	ok(users_jwk_shared(out, 256, &x, &key) == USERS_UNSUPPORTED && x == 0,
	   "no secret of a key pair is written");
	key = make_key(USERS_HS256, 7);
	ok(users_jwk_format(out, 256, &x, &key) == USERS_UNSUPPORTED && x == 0,
	   "never of a secret");
}

static void
test_shared_jwk(void)
{
	UsersSigningKey key = { .algorithm = USERS_HS256, .kid = "k" };
	char out[256];
	size_t len;
	size_t x;
	/* RFC 7515, appendix A.1 has a key of 64 bytes; these are its first 32. */
	static const char expected[] =
		"{\"kty\":\"oct\",\"k\":"
		"\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr8\",\"kid\":\"k\","
		"\"use\":\"sig\",\"alg\":\"HS256\"}";

	if (users_base64url_decode(key.secret, 32, &x,
							   "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr8",
							   43) != USERS_OK)
		abort();
	ok(users_jwk_shared(out, 256, &len, &key) == USERS_OK &&
		   len == strlen(expected) && memcmp(out, expected, len) == 0,
	   "a shared key");
	ok(users_jwk_shared(out, len - 1, &x, &key) == USERS_TOO_LONG && x == 0,
	   "too little room for it");
	strcpy(key.kid, "\xff");
	ok(users_jwk_shared(out, 256, &x, &key) == USERS_MALFORMED && x == 0,
	   "its kid is UTF-8 too");
}

int
main(void)
{
	if (sodium_init() < 0)
		return 1;
	test_round_trip(USERS_EDDSA);
	test_round_trip(USERS_HS256);
	test_fixed_token();
	test_sign_refusals();
	test_sign_room();
	test_verify();
	test_cut();
	test_times();
	test_jwk();
	test_shared_jwk();
	return tap_done();
}
