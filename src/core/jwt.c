#include <string.h>

#include <sodium.h>

#include "base64url.h"
#include "grammar.h"
#include "json.h"
#include "jwt.h"

#define ED25519_BYTES 64
#define HS256_BYTES	  32
#define MEMBERS_MAX	  64
#define TIME_MAX	  ((INT64_C(1) << 53) - 1)
#define HEADER_MAX	  512
#define BODY_MAX	  (USERS_JWT_MAX / 4 * 3)

static size_t
signature_len(UsersAlgorithm algorithm)
{
	return algorithm == USERS_EDDSA ? ED25519_BYTES : HS256_BYTES;
}

void
users_jwt_complete_key(UsersSigningKey *key)
{
	uint8_t pair[crypto_sign_ed25519_SECRETKEYBYTES];

	if (key->algorithm != USERS_EDDSA)
		return;
	crypto_sign_ed25519_seed_keypair(key->public_key, pair, key->secret);
	sodium_memzero(pair, sizeof(pair));
}

/* Copies a string member to out, which has room for max bytes and NUL. Texts
 * with NUL inside are refused: behind it they could say anything. */
static bool
take_text(char *out, size_t max, const UsersJsonMember *member)
{
	size_t len;

	if (member == NULL || member->type != USERS_JSON_STRING ||
		users_json_decode(out, max, &len, &member->value) != USERS_OK ||
		memchr(out, '\0', len) != NULL)
		return false;
	out[len] = '\0';
	return true;
}

static bool
take_uuid(UsersUuid *uuid, const UsersJsonMember *member)
{
	char text[USERS_UUID_TEXT];
	size_t len;

	return member != NULL && member->type == USERS_JSON_STRING &&
		   users_json_decode(text, sizeof(text), &len, &member->value) ==
			   USERS_OK &&
		   users_uuid_parse(uuid, text, len) == USERS_OK;
}

/* A number written with digits alone: no sign, fraction or exponent. */
static bool
take_time(int64_t *time, const UsersJsonMember *member)
{
	int64_t value = 0;

	if (member == NULL || member->type != USERS_JSON_NUMBER ||
		member->value.len > 16)
		return false;
	for (size_t i = 0; i < member->value.len; i++)
	{
		char c = member->value.data[i];

		if (c < '0' || c > '9')
			return false;
		value = value * 10 + (c - '0');
	}
	*time = value;
	return value <= TIME_MAX;
}

/* The protected header. It has room for three members and must hold these
 * three: nothing in it can carry or point to a key, or ask for an extension. */
static UsersStatus
read_header(UsersJwt *jwt, const char *text, size_t len)
{
	UsersJsonMember members[3];
	const UsersJsonMember *alg;
	const UsersJsonMember *typ;
	size_t n;

	if (users_json_object(members, 3, &n, text, len) != USERS_OK)
		return USERS_MALFORMED;
	alg = users_json_find(members, n, "alg");
	typ = users_json_find(members, n, "typ");
	if (alg == NULL || alg->type != USERS_JSON_STRING || typ == NULL ||
		typ->type != USERS_JSON_STRING ||
		!users_json_is(&typ->value, "at+jwt") ||
		!take_text(jwt->kid, USERS_JWT_KID_MAX,
				   users_json_find(members, n, "kid")) ||
		jwt->kid[0] == '\0')
		return USERS_MALFORMED;
	if (users_json_is(&alg->value, "EdDSA"))
		jwt->algorithm = USERS_EDDSA;
	else if (users_json_is(&alg->value, "HS256"))
		jwt->algorithm = USERS_HS256;
	else
		return USERS_UNSUPPORTED;
	return USERS_OK;
}

static UsersStatus
read_payload(UsersClaims *claims, const char *text, size_t len)
{
	UsersJsonMember members[MEMBERS_MAX];
	const UsersJsonMember *audience;
	const UsersJsonMember *not_before;
	int64_t earliest;
	size_t n;

	if (users_json_object(members, MEMBERS_MAX, &n, text, len) != USERS_OK ||
		!take_text(claims->issuer, USERS_JWT_TEXT_MAX,
				   users_json_find(members, n, "iss")) ||
		!take_uuid(&claims->user_id, users_json_find(members, n, "sub")) ||
		!take_uuid(&claims->session_id, users_json_find(members, n, "sid")) ||
		!take_text(claims->role, USERS_JWT_ROLE_MAX,
				   users_json_find(members, n, "role")) ||
		claims->role[0] == '\0' ||
		!take_time(&claims->issued_at, users_json_find(members, n, "iat")) ||
		!take_time(&claims->expires_at, users_json_find(members, n, "exp")) ||
		!take_time(&claims->authenticated_at,
				   users_json_find(members, n, "auth_time")))
		return USERS_MALFORMED;
	/* An empty audience would be taken for an absent one. */
	audience = users_json_find(members, n, "aud");
	if (audience != NULL &&
		(!take_text(claims->audience, USERS_JWT_TEXT_MAX, audience) ||
		 claims->audience[0] == '\0'))
		return USERS_MALFORMED;
	not_before = users_json_find(members, n, "nbf");
	if (not_before != NULL &&
		(!take_time(&earliest, not_before) || earliest > claims->issued_at))
		return USERS_MALFORMED;
	return USERS_OK;
}

/* Finds the two dots. What the signature's length cannot be is refused before
 * anything is decoded. */
static bool
split_token(const char **body, const char **signature, const char *token,
			size_t len)
{
	const char *end = token + len;
	const char *dot = memchr(token, '.', len);
	size_t rest;

	if (dot == NULL)
		return false;
	*body = dot + 1;
	dot = memchr(*body, '.', (size_t) (end - *body));
	if (dot == NULL)
		return false;
	*signature = dot + 1;
	rest = (size_t) (end - *signature);
	return rest == USERS_BASE64URL_LEN(ED25519_BYTES) ||
		   rest == USERS_BASE64URL_LEN(HS256_BYTES);
}

/* users_jwt_parse without the wiping. */
static UsersStatus
read_token(UsersJwt *jwt, const char *token, size_t len)
{
	uint8_t bytes[BODY_MAX];
	const char *body;
	const char *signature;
	UsersStatus status;
	size_t n;

	if (len > USERS_JWT_MAX)
		return USERS_TOO_LONG;
	if (!split_token(&body, &signature, token, len))
		return USERS_MALFORMED;
	jwt->signed_len = (size_t) (signature - 1 - token);
	if (users_base64url_decode(bytes, sizeof(bytes), &n, token,
							   (size_t) (body - 1 - token)) != USERS_OK)
		return USERS_MALFORMED;
	status = read_header(jwt, (const char *) bytes, n);
	if (status != USERS_OK)
		return status;
	if (users_base64url_decode(
			jwt->signature, signature_len(jwt->algorithm), &n, signature,
			(size_t) (token + len - signature)) != USERS_OK ||
		n != signature_len(jwt->algorithm))
		return USERS_MALFORMED;
	if (users_base64url_decode(bytes, sizeof(bytes), &n, body,
							   (size_t) (signature - 1 - body)) != USERS_OK)
		return USERS_MALFORMED;
	return read_payload(&jwt->claims, (const char *) bytes, n);
}

UsersStatus
users_jwt_parse(UsersJwt *jwt, const char *token, size_t len)
{
	UsersStatus status;

	memset(jwt, 0, sizeof(*jwt));
	status = read_token(jwt, token, len);
	if (status != USERS_OK)
		sodium_memzero(jwt, sizeof(*jwt));
	return status;
}

/* Whether the tag over the signed part is what the secret makes of it. */
static bool
check_hmac(const UsersJwt *jwt, const uint8_t *message,
		   const UsersSigningKey *key)
{
	uint8_t tag[crypto_auth_hmacsha256_BYTES];
	bool same;

	crypto_auth_hmacsha256(tag, message, jwt->signed_len, key->secret);
	same = sodium_memcmp(tag, jwt->signature, sizeof(tag)) == 0;
	sodium_memzero(tag, sizeof(tag));
	return same;
}

UsersStatus
users_jwt_verify(const UsersJwt *jwt, const char *token,
				 const UsersSigningKey *key)
{
	const uint8_t *message = (const uint8_t *) token;
	bool genuine = false;

	/* The key says which algorithm, never the token alone: else a public key
	 * could be passed off as a shared secret. */
	if (jwt->algorithm == key->algorithm &&
		strncmp(jwt->kid, key->kid, sizeof(jwt->kid)) == 0)
	{
		if (key->algorithm == USERS_EDDSA)
			genuine = crypto_sign_ed25519_verify_detached(
						  jwt->signature, message, jwt->signed_len,
						  key->public_key) == 0;
		else if (key->algorithm == USERS_HS256)
			genuine = check_hmac(jwt, message, key);
	}
	return genuine ? USERS_OK : USERS_FORGED;
}

UsersStatus
users_jwt_times(const UsersClaims *claims, int64_t now, int64_t skew)
{
	/* Not now + skew: the claims are below 2^53, now may be anything. */
	if (now < claims->expires_at && now >= claims->issued_at - skew)
		return USERS_OK;
	return USERS_FORGED;
}

/* A text that grows in a buffer of fixed size; once it did not fit, it is of
 * no use any more. */
typedef struct Writer
{
	char *out;
	size_t cap;
	size_t len;
	bool full;
} Writer;

static void
put_bytes(Writer *writer, const char *bytes, size_t n)
{
	if (n > writer->cap - writer->len)
		writer->full = true;
	if (writer->full)
		return;
	memcpy(writer->out + writer->len, bytes, n);
	writer->len += n;
}

static void
put(Writer *writer, const char *text)
{
	put_bytes(writer, text, strlen(text));
}

/* A JSON string with its quotes. */
static void
put_string(Writer *writer, const char *text)
{
	static const char digits[] = "0123456789abcdef";

	put(writer, "\"");
	for (; *text != '\0'; text++)
	{
		unsigned char c = (unsigned char) *text;

		if (c < 0x20)
		{
			put(writer, "\\u00");
			put_bytes(writer, &digits[c >> 4], 1);
			put_bytes(writer, &digits[c & 0x0f], 1);
			continue;
		}
		if (c == '"' || c == '\\')
			put(writer, "\\");
		put_bytes(writer, text, 1);
	}
	put(writer, "\"");
}

static void
put_uuid(Writer *writer, const UsersUuid *uuid)
{
	char text[USERS_UUID_TEXT];

	users_uuid_format(text, uuid);
	put(writer, "\"");
	put_bytes(writer, text, sizeof(text));
	put(writer, "\"");
}

static void
put_time(Writer *writer, int64_t time)
{
	char text[20];
	size_t at = sizeof(text);

	do
	{
		text[--at] = (char) ('0' + time % 10);
		time /= 10;
	} while (time > 0);
	put_bytes(writer, text + at, sizeof(text) - at);
}

/* Whether a text of at most size - 1 bytes, of valid UTF-8, ends within its
 * buffer. */
static bool
is_text(const char *text, size_t size)
{
	const char *end = memchr(text, '\0', size);
	size_t characters;

	return end != NULL && users_utf8_count(&characters, text,
										   (size_t) (end - text)) == USERS_OK;
}

static bool
is_time(int64_t time)
{
	return time >= 0 && time <= TIME_MAX;
}

/* Whether users_jwt_parse will accept what is about to be written. */
static bool
is_presentable(const UsersClaims *claims, const UsersSigningKey *key)
{
	return is_text(claims->issuer, sizeof(claims->issuer)) &&
		   is_text(claims->audience, sizeof(claims->audience)) &&
		   is_text(claims->role, sizeof(claims->role)) &&
		   claims->role[0] != '\0' && is_text(key->kid, sizeof(key->kid)) &&
		   key->kid[0] != '\0' && is_time(claims->issued_at) &&
		   is_time(claims->expires_at) && is_time(claims->authenticated_at);
}

static void
write_payload(Writer *writer, const UsersClaims *claims)
{
	put(writer, "{\"iss\":");
	put_string(writer, claims->issuer);
	put(writer, ",\"sub\":");
	put_uuid(writer, &claims->user_id);
	if (claims->audience[0] != '\0')
	{
		put(writer, ",\"aud\":");
		put_string(writer, claims->audience);
	}
	put(writer, ",\"exp\":");
	put_time(writer, claims->expires_at);
	put(writer, ",\"iat\":");
	put_time(writer, claims->issued_at);
	put(writer, ",\"auth_time\":");
	put_time(writer, claims->authenticated_at);
	put(writer, ",\"sid\":");
	put_uuid(writer, &claims->session_id);
	put(writer, ",\"role\":");
	put_string(writer, claims->role);
	put(writer, "}");
}

/* Signs message. The pair is derived from the seed each time: a signature made
 * with a public key that is not the seed's would give the seed away. */
static UsersStatus
make_signature(uint8_t signature[USERS_SIGNATURE_MAX], const char *message,
			   size_t len, const UsersSigningKey *key)
{
	uint8_t public_key[crypto_sign_ed25519_PUBLICKEYBYTES];
	uint8_t pair[crypto_sign_ed25519_SECRETKEYBYTES];
	UsersStatus status = USERS_OK;

	if (key->algorithm == USERS_HS256)
	{
		crypto_auth_hmacsha256(signature, (const uint8_t *) message, len,
							   key->secret);
		return USERS_OK;
	}
	crypto_sign_ed25519_seed_keypair(public_key, pair, key->secret);
	if (sodium_memcmp(public_key, key->public_key, sizeof(public_key)) != 0)
		status = USERS_FORGED;
	else
		crypto_sign_ed25519_detached(signature, NULL, (const uint8_t *) message,
									 len, pair);
	sodium_memzero(pair, sizeof(pair));
	return status;
}

UsersStatus
users_jwt_sign(char *out, size_t cap, size_t *len, const UsersClaims *claims,
			   const UsersSigningKey *key)
{
	char header_text[HEADER_MAX];
	char body_text[BODY_MAX];
	Writer header = { header_text, sizeof(header_text), 0, false };
	Writer body = { body_text, sizeof(body_text), 0, false };
	uint8_t signature[USERS_SIGNATURE_MAX];
	size_t signature_at;
	size_t total;
	UsersStatus status;

	*len = 0;
	if (key->algorithm != USERS_EDDSA && key->algorithm != USERS_HS256)
		return USERS_UNSUPPORTED;
	if (!is_presentable(claims, key))
		return USERS_MALFORMED;
	put(&header, key->algorithm == USERS_EDDSA ? "{\"alg\":\"EdDSA\""
											   : "{\"alg\":\"HS256\"");
	put(&header, ",\"typ\":\"at+jwt\",\"kid\":");
	put_string(&header, key->kid);
	put(&header, "}");
	write_payload(&body, claims);
	signature_at =
		USERS_BASE64URL_LEN(header.len) + 1 + USERS_BASE64URL_LEN(body.len) + 1;
	total = signature_at + USERS_BASE64URL_LEN(signature_len(key->algorithm));
	if (header.full || body.full || total > USERS_JWT_MAX || total > cap)
		return USERS_TOO_LONG;
	users_base64url_encode(out, (const uint8_t *) header_text, header.len);
	out[USERS_BASE64URL_LEN(header.len)] = '.';
	users_base64url_encode(out + USERS_BASE64URL_LEN(header.len) + 1,
						   (const uint8_t *) body_text, body.len);
	out[signature_at - 1] = '.';
	status = make_signature(signature, out, signature_at - 1, key);
	if (status == USERS_OK)
	{
		users_base64url_encode(out + signature_at, signature,
							   signature_len(key->algorithm));
		*len = total;
	}
	sodium_memzero(signature, sizeof(signature));
	return status;
}

/* The JWK of a key of the one algorithm, from the beginning of an object on. */
static UsersStatus
format_jwk(char *out, size_t cap, size_t *len, const UsersSigningKey *key,
		   UsersAlgorithm algorithm, const char *beginning,
		   const uint8_t bytes[USERS_SEED_BYTES], const char *ending)
{
	Writer writer = { out, cap, 0, false };
	char text[USERS_BASE64URL_LEN(USERS_SEED_BYTES)];

	*len = 0;
	if (key->algorithm != algorithm)
		return USERS_UNSUPPORTED;
	if (!is_text(key->kid, sizeof(key->kid)))
		return USERS_MALFORMED;
	users_base64url_encode(text, bytes, USERS_SEED_BYTES);
	put(&writer, beginning);
	put_bytes(&writer, text, sizeof(text));
	put(&writer, "\",\"kid\":");
	put_string(&writer, key->kid);
	put(&writer, ending);
	sodium_memzero(text, sizeof(text));
	*len = writer.full ? 0 : writer.len;
	return writer.full ? USERS_TOO_LONG : USERS_OK;
}

UsersStatus
users_jwk_format(char *out, size_t cap, size_t *len, const UsersSigningKey *key)
{
	return format_jwk(out, cap, len, key, USERS_EDDSA,
					  "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"",
					  key->public_key, ",\"use\":\"sig\",\"alg\":\"EdDSA\"}");
}

UsersStatus
users_jwk_shared(char *out, size_t cap, size_t *len, const UsersSigningKey *key)
{
	return format_jwk(out, cap, len, key, USERS_HS256,
					  "{\"kty\":\"oct\",\"k\":\"", key->secret,
					  ",\"use\":\"sig\",\"alg\":\"HS256\"}");
}
