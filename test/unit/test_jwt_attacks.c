/* Tokens that must not pass though their signature is genuine: each differs
 * from a good one in the one thing it is named for. (S31 S32) */
#include "jwt.h"

#include "jwt_make.h"
#include "tap.h"

typedef struct Attack
{
	const char *name;
	const char *header;
	const char *payload;
	UsersStatus status;
} Attack;

#define HEADER(members) "{" members "}"
#define PAYLOAD(times)	"{" MAKE_TEXTS "," times "}"
#define EXP(exp)		PAYLOAD("\"iat\":100,\"exp\":" exp ",\"auth_time\":50")
#define EDDSA			"\"alg\":\"EdDSA\""
#define TYP				"\"typ\":\"at+jwt\""
#define KID				"\"kid\":\"k1\""
#define ALG(alg)		HEADER("\"alg\":" alg "," TYP "," KID)
#define EXTRA(member)	HEADER(EDDSA "," TYP "," KID "," member)
#define TEXTS(texts)	"{" texts "," MAKE_TIMES "}"

static const Attack header_attacks[] = {
	{ "nothing wrong", MAKE_HEADER, MAKE_PAYLOAD, USERS_OK },
	{ "white space, another order", "\r\n{ " KID " ,\t" TYP ",\n" EDDSA " } ",
	  MAKE_PAYLOAD, USERS_OK },
	{ "escapes", "{\"\\u0061lg\":\"Ed\\u0044SA\"," TYP "," KID "}",
	  MAKE_PAYLOAD, USERS_OK },
	{ "alg none", ALG("\"none\""), MAKE_PAYLOAD, USERS_UNSUPPORTED },
	{ "alg None", ALG("\"None\""), MAKE_PAYLOAD, USERS_UNSUPPORTED },
	{ "alg NONE", ALG("\"NONE\""), MAKE_PAYLOAD, USERS_UNSUPPORTED },
	{ "alg nOnE", ALG("\"nOnE\""), MAKE_PAYLOAD, USERS_UNSUPPORTED },
	{ "alg none in escapes", ALG("\"n\\u006fne\""), MAKE_PAYLOAD,
	  USERS_UNSUPPORTED },
	{ "alg empty", ALG("\"\""), MAKE_PAYLOAD, USERS_UNSUPPORTED },
	{ "alg eddsa", ALG("\"eddsa\""), MAKE_PAYLOAD, USERS_UNSUPPORTED },
	{ "alg EDDSA", ALG("\"EDDSA\""), MAKE_PAYLOAD, USERS_UNSUPPORTED },
	{ "alg Ed25519", ALG("\"Ed25519\""), MAKE_PAYLOAD, USERS_UNSUPPORTED },
	{ "alg with a space", ALG("\"EdDSA \""), MAKE_PAYLOAD, USERS_UNSUPPORTED },
	{ "alg with NUL", ALG("\"EdDSA\\u0000\""), MAKE_PAYLOAD,
	  USERS_UNSUPPORTED },
	{ "alg hs256", ALG("\"hs256\""), MAKE_PAYLOAD, USERS_UNSUPPORTED },
	{ "alg HS384", ALG("\"HS384\""), MAKE_PAYLOAD, USERS_UNSUPPORTED },
	{ "alg HS512", ALG("\"HS512\""), MAKE_PAYLOAD, USERS_UNSUPPORTED },
	{ "alg RS256", ALG("\"RS256\""), MAKE_PAYLOAD, USERS_UNSUPPORTED },
	{ "alg ES256", ALG("\"ES256\""), MAKE_PAYLOAD, USERS_UNSUPPORTED },
	{ "alg PS256", ALG("\"PS256\""), MAKE_PAYLOAD, USERS_UNSUPPORTED },
	{ "alg HS256 with an EdDSA signature", ALG("\"HS256\""), MAKE_PAYLOAD,
	  USERS_MALFORMED },
	{ "alg null", ALG("null"), MAKE_PAYLOAD, USERS_MALFORMED },
	{ "alg false", ALG("false"), MAKE_PAYLOAD, USERS_MALFORMED },
	{ "alg 0", ALG("0"), MAKE_PAYLOAD, USERS_MALFORMED },
	{ "alg array", ALG("[\"EdDSA\"]"), MAKE_PAYLOAD, USERS_MALFORMED },
	{ "alg object", ALG("{\"EdDSA\":1}"), MAKE_PAYLOAD, USERS_MALFORMED },
	{ "no alg", HEADER(TYP "," KID), MAKE_PAYLOAD, USERS_MALFORMED },
	{ "alg in capitals", HEADER("\"ALG\":\"EdDSA\"," TYP "," KID), MAKE_PAYLOAD,
	  USERS_MALFORMED },
	{ "jwk", EXTRA("\"jwk\":{\"kty\":\"OKP\"}"), MAKE_PAYLOAD,
	  USERS_MALFORMED },
	{ "jku", EXTRA("\"jku\":\"https://evil.example/\""), MAKE_PAYLOAD,
	  USERS_MALFORMED },
	{ "x5u", EXTRA("\"x5u\":\"https://evil.example/\""), MAKE_PAYLOAD,
	  USERS_MALFORMED },
	{ "x5c", EXTRA("\"x5c\":[\"MIIB\"]"), MAKE_PAYLOAD, USERS_MALFORMED },
	{ "x5t", EXTRA("\"x5t\":\"AAAA\""), MAKE_PAYLOAD, USERS_MALFORMED },
	{ "x5t#S256", EXTRA("\"x5t#S256\":\"AAAA\""), MAKE_PAYLOAD,
	  USERS_MALFORMED },
	{ "jwk null", EXTRA("\"jwk\":null"), MAKE_PAYLOAD, USERS_MALFORMED },
	{ "jwk in escapes", EXTRA("\"\\u006awk\":{}"), MAKE_PAYLOAD,
	  USERS_MALFORMED },
	{ "crit empty", EXTRA("\"crit\":[]"), MAKE_PAYLOAD, USERS_MALFORMED },
	{ "crit of an unknown one", EXTRA("\"crit\":[\"exp\"]"), MAKE_PAYLOAD,
	  USERS_MALFORMED },
	{ "crit of a known one", EXTRA("\"crit\":[\"alg\"]"), MAKE_PAYLOAD,
	  USERS_MALFORMED },
	{ "b64 false", EXTRA("\"b64\":false"), MAKE_PAYLOAD, USERS_MALFORMED },
	{ "b64 false with crit", EXTRA("\"b64\":false,\"crit\":[\"b64\"]"),
	  MAKE_PAYLOAD, USERS_MALFORMED },
	{ "b64 true", EXTRA("\"b64\":true"), MAKE_PAYLOAD, USERS_MALFORMED },
	{ "cty", EXTRA("\"cty\":\"JWT\""), MAKE_PAYLOAD, USERS_MALFORMED },
	{ "zip", EXTRA("\"zip\":\"DEF\""), MAKE_PAYLOAD, USERS_MALFORMED },
	{ "enc", EXTRA("\"enc\":\"A256GCM\""), MAKE_PAYLOAD, USERS_MALFORMED },
	{ "an unknown member", EXTRA("\"x\":1"), MAKE_PAYLOAD, USERS_MALFORMED },
	{ "typ JWT", HEADER(EDDSA "," KID ",\"typ\":\"JWT\""), MAKE_PAYLOAD,
	  USERS_MALFORMED },
	{ "typ AT+JWT", HEADER(EDDSA "," KID ",\"typ\":\"AT+JWT\""), MAKE_PAYLOAD,
	  USERS_MALFORMED },
	{ "typ application/at+jwt",
	  HEADER(EDDSA "," KID ",\"typ\":\"application/at+jwt\""), MAKE_PAYLOAD,
	  USERS_MALFORMED },
	{ "typ refresh", HEADER(EDDSA "," KID ",\"typ\":\"rt+jwt\""), MAKE_PAYLOAD,
	  USERS_MALFORMED },
	{ "typ null", HEADER(EDDSA "," KID ",\"typ\":null"), MAKE_PAYLOAD,
	  USERS_MALFORMED },
	{ "no typ", HEADER(EDDSA "," KID), MAKE_PAYLOAD, USERS_MALFORMED },
	{ "no kid", HEADER(EDDSA "," TYP), MAKE_PAYLOAD, USERS_MALFORMED },
	{ "no typ but another member", HEADER(EDDSA "," KID ",\"x\":1"),
	  MAKE_PAYLOAD, USERS_MALFORMED },
	{ "kid empty", HEADER(EDDSA "," TYP ",\"kid\":\"\""), MAKE_PAYLOAD,
	  USERS_MALFORMED },
	{ "kid null", HEADER(EDDSA "," TYP ",\"kid\":null"), MAKE_PAYLOAD,
	  USERS_MALFORMED },
	{ "kid a number", HEADER(EDDSA "," TYP ",\"kid\":1"), MAKE_PAYLOAD,
	  USERS_MALFORMED },
	{ "kid with NUL", HEADER(EDDSA "," TYP ",\"kid\":\"k1\\u0000\""),
	  MAKE_PAYLOAD, USERS_MALFORMED },
	{ "kid beginning with NUL", HEADER(EDDSA "," TYP ",\"kid\":\"\\u0000\""),
	  MAKE_PAYLOAD, USERS_MALFORMED },
	{ "kid of 65 bytes",
	  HEADER(EDDSA "," TYP ",\"kid\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
				   "aaaaaaaaaaaaaaaaaaaaaaaaaaa\""),
	  MAKE_PAYLOAD, USERS_MALFORMED },
	{ "alg twice", HEADER(EDDSA "," EDDSA "," TYP "," KID), MAKE_PAYLOAD,
	  USERS_MALFORMED },
	{ "alg twice, once as none", HEADER("\"alg\":\"none\"," EDDSA "," KID),
	  MAKE_PAYLOAD, USERS_MALFORMED },
	{ "alg twice, once in escapes",
	  HEADER("\"\\u0061lg\":\"none\"," EDDSA "," TYP), MAKE_PAYLOAD,
	  USERS_MALFORMED },
	{ "kid twice", HEADER(KID "," EDDSA "," KID), MAKE_PAYLOAD,
	  USERS_MALFORMED },
	{ "header an array", "[" MAKE_HEADER "]", MAKE_PAYLOAD, USERS_MALFORMED },
	{ "header a string", "\"alg\"", MAKE_PAYLOAD, USERS_MALFORMED },
	{ "header a number", "1", MAKE_PAYLOAD, USERS_MALFORMED },
	{ "header null", "null", MAKE_PAYLOAD, USERS_MALFORMED },
	{ "header empty", "", MAKE_PAYLOAD, USERS_MALFORMED },
	{ "header an empty object", "{}", MAKE_PAYLOAD, USERS_MALFORMED },
	{ "header with something behind", MAKE_HEADER "x", MAKE_PAYLOAD,
	  USERS_MALFORMED },
	{ "header with a byte order mark", "\xef\xbb\xbf" MAKE_HEADER, MAKE_PAYLOAD,
	  USERS_MALFORMED },
	{ "header with invalid UTF-8", HEADER(EDDSA "," TYP ",\"kid\":\"\xff\""),
	  MAKE_PAYLOAD, USERS_MALFORMED },
	{ "header with half a pair", HEADER(EDDSA "," TYP ",\"kid\":\"\\ud800\""),
	  MAKE_PAYLOAD, USERS_MALFORMED },
};

static const Attack payload_attacks[] = {
	{ "exp 0", MAKE_HEADER, EXP("0"), USERS_OK },
	{ "exp 2^53 - 1", MAKE_HEADER, EXP("9007199254740991"), USERS_OK },
	{ "exp 2^53", MAKE_HEADER, EXP("9007199254740992"), USERS_MALFORMED },
	{ "exp 16 nines", MAKE_HEADER, EXP("9999999999999999"), USERS_MALFORMED },
	{ "exp 2^63", MAKE_HEADER, EXP("9223372036854775808"), USERS_MALFORMED },
	{ "exp 2^64 + 200", MAKE_HEADER, EXP("18446744073709551816"),
	  USERS_MALFORMED },
	{ "exp of 40 digits", MAKE_HEADER,
	  EXP("1000000000000000000000000000000000000000"), USERS_MALFORMED },
	{ "exp null", MAKE_HEADER, EXP("null"), USERS_MALFORMED },
	{ "exp true", MAKE_HEADER, EXP("true"), USERS_MALFORMED },
	{ "exp a string", MAKE_HEADER, EXP("\"200\""), USERS_MALFORMED },
	{ "exp empty", MAKE_HEADER, EXP("\"\""), USERS_MALFORMED },
	{ "exp a fraction", MAKE_HEADER, EXP("200.5"), USERS_MALFORMED },
	{ "exp 200.0", MAKE_HEADER, EXP("200.0"), USERS_MALFORMED },
	{ "exp 1e3", MAKE_HEADER, EXP("1e3"), USERS_MALFORMED },
	{ "exp 1E3", MAKE_HEADER, EXP("1E3"), USERS_MALFORMED },
	{ "exp 1e400", MAKE_HEADER, EXP("1e400"), USERS_MALFORMED },
	{ "exp -1", MAKE_HEADER, EXP("-1"), USERS_MALFORMED },
	{ "exp -0", MAKE_HEADER, EXP("-0"), USERS_MALFORMED },
	{ "exp +1", MAKE_HEADER, EXP("+1"), USERS_MALFORMED },
	{ "exp 0200", MAKE_HEADER, EXP("0200"), USERS_MALFORMED },
	{ "exp 0x200", MAKE_HEADER, EXP("0x200"), USERS_MALFORMED },
	{ "exp NaN", MAKE_HEADER, EXP("NaN"), USERS_MALFORMED },
	{ "exp Infinity", MAKE_HEADER, EXP("Infinity"), USERS_MALFORMED },
	{ "exp an array", MAKE_HEADER, EXP("[200]"), USERS_MALFORMED },
	{ "exp an object", MAKE_HEADER, EXP("{}"), USERS_MALFORMED },
	{ "no exp", MAKE_HEADER, PAYLOAD("\"iat\":100,\"auth_time\":50"),
	  USERS_MALFORMED },
	{ "exp in capitals", MAKE_HEADER,
	  PAYLOAD("\"iat\":100,\"EXP\":200,\"auth_time\":50"), USERS_MALFORMED },
	{ "exp twice", MAKE_HEADER, PAYLOAD("\"exp\":9," MAKE_TIMES),
	  USERS_MALFORMED },
	{ "exp twice, the same", MAKE_HEADER, PAYLOAD("\"exp\":200," MAKE_TIMES),
	  USERS_MALFORMED },
	{ "exp twice, once in escapes", MAKE_HEADER,
	  PAYLOAD(MAKE_TIMES ",\"\\u0065xp\":9"), USERS_MALFORMED },
	{ "another member twice", MAKE_HEADER,
	  PAYLOAD(MAKE_TIMES ",\"x\":1,\"x\":1"), USERS_MALFORMED },
	{ "no iat", MAKE_HEADER, PAYLOAD("\"exp\":200,\"auth_time\":50"),
	  USERS_MALFORMED },
	{ "iat a string", MAKE_HEADER,
	  PAYLOAD("\"iat\":\"1\",\"exp\":200,\"auth_time\":50"), USERS_MALFORMED },
	{ "iat negative", MAKE_HEADER,
	  PAYLOAD("\"iat\":-1,\"exp\":200,\"auth_time\":50"), USERS_MALFORMED },
	{ "no auth_time", MAKE_HEADER, PAYLOAD("\"iat\":100,\"exp\":200"),
	  USERS_MALFORMED },
	{ "auth_time null", MAKE_HEADER,
	  PAYLOAD("\"iat\":100,\"exp\":200,\"auth_time\":null"), USERS_MALFORMED },
	{ "nbf before iat", MAKE_HEADER, PAYLOAD(MAKE_TIMES ",\"nbf\":99"),
	  USERS_OK },
	{ "nbf as iat", MAKE_HEADER, PAYLOAD(MAKE_TIMES ",\"nbf\":100"), USERS_OK },
	{ "nbf behind iat", MAKE_HEADER, PAYLOAD(MAKE_TIMES ",\"nbf\":101"),
	  USERS_MALFORMED },
	{ "nbf a string", MAKE_HEADER, PAYLOAD(MAKE_TIMES ",\"nbf\":\"9\""),
	  USERS_MALFORMED },
	{ "nbf null", MAKE_HEADER, PAYLOAD(MAKE_TIMES ",\"nbf\":null"),
	  USERS_MALFORMED },
	{ "nbf 1e400", MAKE_HEADER, PAYLOAD(MAKE_TIMES ",\"nbf\":1e400"),
	  USERS_MALFORMED },
	{ "aud a string", MAKE_HEADER, PAYLOAD(MAKE_TIMES ",\"aud\":\"a\""),
	  USERS_OK },
	{ "aud empty", MAKE_HEADER, PAYLOAD(MAKE_TIMES ",\"aud\":\"\""),
	  USERS_MALFORMED },
	{ "aud an array", MAKE_HEADER, PAYLOAD(MAKE_TIMES ",\"aud\":[\"a\"]"),
	  USERS_MALFORMED },
	{ "aud null", MAKE_HEADER, PAYLOAD(MAKE_TIMES ",\"aud\":null"),
	  USERS_MALFORMED },
	{ "aud with NUL", MAKE_HEADER, PAYLOAD(MAKE_TIMES ",\"aud\":\"a\\u0000b\""),
	  USERS_MALFORMED },
	{ "other members", MAKE_HEADER,
	  PAYLOAD(MAKE_TIMES ",\"x\":[{\"y\":null}],\"exp2\":\"\",\"\":-1e9"),
	  USERS_OK },
	{ "no iss", MAKE_HEADER, TEXTS(MAKE_IDS ",\"role\":\"r\""),
	  USERS_MALFORMED },
	{ "iss a number", MAKE_HEADER,
	  TEXTS("\"iss\":1," MAKE_IDS ",\"role\":\"r\""), USERS_MALFORMED },
	{ "iss with NUL", MAKE_HEADER,
	  TEXTS("\"iss\":\"i\\u0000\"," MAKE_IDS ",\"role\":\"r\""),
	  USERS_MALFORMED },
	{ "iss empty", MAKE_HEADER,
	  TEXTS("\"iss\":\"\"," MAKE_IDS ",\"role\":\"r\""), USERS_OK },
	{ "no role", MAKE_HEADER, TEXTS("\"iss\":\"i\"," MAKE_IDS),
	  USERS_MALFORMED },
	{ "role null", MAKE_HEADER,
	  TEXTS("\"iss\":\"i\"," MAKE_IDS ",\"role\":null"), USERS_MALFORMED },
	{ "role empty", MAKE_HEADER,
	  TEXTS("\"iss\":\"i\"," MAKE_IDS ",\"role\":\"\""), USERS_MALFORMED },
	{ "role with NUL", MAKE_HEADER,
	  TEXTS("\"iss\":\"i\"," MAKE_IDS ",\"role\":\"dba\\u0000x\""),
	  USERS_MALFORMED },
	{ "role an array", MAKE_HEADER,
	  TEXTS("\"iss\":\"i\"," MAKE_IDS ",\"role\":[\"r\"]"), USERS_MALFORMED },
	{ "role of 64 bytes", MAKE_HEADER,
	  TEXTS("\"iss\":\"i\"," MAKE_IDS
			",\"role\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			"aaaaaaaaaaa\""),
	  USERS_MALFORMED },
	{ "role of 63 bytes in escapes", MAKE_HEADER,
	  TEXTS("\"iss\":\"i\"," MAKE_IDS
			",\"role\":\"\\u20acaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			"aaaaaaaaaaaaaa\""),
	  USERS_OK },
	{ "no sub", MAKE_HEADER, TEXTS("\"iss\":\"i\"," MAKE_SID ",\"role\":\"r\""),
	  USERS_MALFORMED },
	{ "no sid", MAKE_HEADER, TEXTS("\"iss\":\"i\"," MAKE_SUB ",\"role\":\"r\""),
	  USERS_MALFORMED },
	{ "sub in capitals", MAKE_HEADER,
	  TEXTS(
		  "\"iss\":\"i\",\"sub\":\"017F22E2-79B0-7CC3-98C4-DC0C0C07398F\"," MAKE_SID
		  ",\"role\":\"r\""),
	  USERS_MALFORMED },
	{ "sub a number", MAKE_HEADER,
	  TEXTS("\"iss\":\"i\",\"sub\":1," MAKE_SID ",\"role\":\"r\""),
	  USERS_MALFORMED },
	{ "sub empty", MAKE_HEADER,
	  TEXTS("\"iss\":\"i\",\"sub\":\"\"," MAKE_SID ",\"role\":\"r\""),
	  USERS_MALFORMED },
	{ "sub with something behind", MAKE_HEADER,
	  TEXTS(
		  "\"iss\":\"i\",\"sub\":\"017f22e2-79b0-7cc3-98c4-dc0c0c07398f0\"," MAKE_SID
		  ",\"role\":\"r\""),
	  USERS_MALFORMED },
	{ "sid null", MAKE_HEADER,
	  TEXTS("\"iss\":\"i\"," MAKE_SUB ",\"sid\":null,\"role\":\"r\""),
	  USERS_MALFORMED },
	{ "payload an array", MAKE_HEADER, "[" MAKE_PAYLOAD "]", USERS_MALFORMED },
	{ "payload a string", MAKE_HEADER, "\"x\"", USERS_MALFORMED },
	{ "payload null", MAKE_HEADER, "null", USERS_MALFORMED },
	{ "payload empty", MAKE_HEADER, "", USERS_MALFORMED },
	{ "payload an empty object", MAKE_HEADER, "{}", USERS_MALFORMED },
	{ "payload twice", MAKE_HEADER, MAKE_PAYLOAD MAKE_PAYLOAD,
	  USERS_MALFORMED },
	{ "payload with a comma too many", MAKE_HEADER, PAYLOAD(MAKE_TIMES ","),
	  USERS_MALFORMED },
	{ "payload with invalid UTF-8", MAKE_HEADER,
	  PAYLOAD(MAKE_TIMES ",\"x\":\"\xc3\x28\""), USERS_MALFORMED },
	{ "payload with an encoded surrogate", MAKE_HEADER,
	  PAYLOAD(MAKE_TIMES ",\"x\":\"\xed\xa0\x80\""), USERS_MALFORMED },
	{ "payload with half a pair", MAKE_HEADER,
	  PAYLOAD(MAKE_TIMES ",\"x\":\"\\udead\""), USERS_MALFORMED },
	{ "payload with half a pair in depth", MAKE_HEADER,
	  PAYLOAD(MAKE_TIMES ",\"x\":[\"\\ud83d\"]"), USERS_MALFORMED },
	{ "payload nested 16 levels", MAKE_HEADER,
	  PAYLOAD(MAKE_TIMES ",\"x\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"), USERS_OK },
	{ "payload nested 17 levels", MAKE_HEADER,
	  PAYLOAD(MAKE_TIMES ",\"x\":[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]"),
	  USERS_MALFORMED },
};

static void
test_table(const Attack *attacks, size_t n)
{
	UsersSigningKey key = make_key(USERS_EDDSA, 7);

	for (size_t i = 0; i < n; i++)
	{
		char token[MAKE_MAX];
		size_t len =
			make_token(token, attacks[i].header, attacks[i].payload, &key);

		is(make_judged(token, len, &key), attacks[i].status, attacks[i].name);
	}
}

int
main(void)
{
	if (sodium_init() < 0)
		return 1;
	test_table(header_attacks, sizeof(header_attacks) / sizeof(Attack));
	test_table(payload_attacks, sizeof(payload_attacks) / sizeof(Attack));
	return tap_done();
}
