/* Tokens that are wrong as a whole: their algorithm, their outline, their size.
 * (S31)
 */
#include "jwt.h"

#include "jwt_make.h"
#include "tap.h"

/* The public key is known to everybody: as a secret it must prove nothing. */
static void
test_confusion(void)
{
	UsersSigningKey key = make_key(USERS_EDDSA, 7);
	UsersSigningKey secret = make_key(USERS_HS256, 0);
	char token[MAKE_MAX];
	size_t len;

	memcpy(secret.secret, key.public_key, 32);
	len = make_token(token, MAKE_HS_HEADER, MAKE_PAYLOAD, &secret);
	is(make_judged(token, len, &secret), USERS_OK, "genuine for the secret");
	is(make_judged(token, len, &key), USERS_FORGED,
	   "the public key is no secret of HS256");
	/* The same with a key record whose secret is the public key. */
	memcpy(key.secret, key.public_key, 32);
	is(make_judged(token, len, &key), USERS_FORGED,
	   "whatever the key record says");
	len = make_token(token, MAKE_HEADER, MAKE_PAYLOAD, &secret);
	is(make_judged(token, len, &key), USERS_MALFORMED,
	   "EdDSA with a signature of 32 bytes");
	len = make_token(token, MAKE_HS_HEADER, MAKE_PAYLOAD, &key);
	is(make_judged(token, len, &secret), USERS_MALFORMED,
	   "HS256 with a signature of 64 bytes");
}

/* Changes to the token's text; the signature stays what it was. */
static void
test_shape(void)
{
	UsersSigningKey key = make_key(USERS_EDDSA, 7);
	char token[MAKE_MAX];
	char changed[MAKE_MAX];
	size_t len = make_token(token, MAKE_HEADER, MAKE_PAYLOAD, &key);
	size_t body = strcspn(token, ".") + 1;
	size_t tail = body + strcspn(token + body, ".") + 1;
	static const char *const insertions[] = { "=",		  "==", " ",   "\n",
											  "\r\n",	  "\t", ".",   "..",
											  "+",		  "/",	"%3D", "\xff",
											  "\xc2\xa0", "~" };

	token[len] = '\0';
	is(make_judged(token, len, &key), USERS_OK, "as it is");
	for (size_t i = 0; i < sizeof(insertions) / sizeof(insertions[0]); i++)
	{
		const size_t places[] = { 0, body - 1, body, tail - 1, tail, len };
		bool good = true;

		for (size_t j = 0; j < 6; j++)
		{
			int changed_len =
				snprintf(changed, sizeof(changed), "%.*s%s%s", (int) places[j],
						 token, insertions[i], token + places[j]);

			good = good && make_judged(changed, (size_t) changed_len, &key) ==
							   USERS_MALFORMED;
		}
		ok(good, "something put in at each border: number %zu", i);
	}
	is(make_judged(token, body - 1, &key), USERS_MALFORMED, "one part");
	is(make_judged(token, tail - 1, &key), USERS_MALFORMED, "two parts");
	is(make_judged(token, tail, &key), USERS_MALFORMED, "no signature");
	is(make_judged(token + body, len - body, &key), USERS_MALFORMED,
	   "no header");
	is(make_judged(token + body - 1, len - body + 1, &key), USERS_MALFORMED,
	   "an empty header");
	is(make_judged("..", 2, &key), USERS_MALFORMED, "two dots");
	is(make_judged("", 0, &key), USERS_MALFORMED, "nothing");
	memcpy(changed, token, len);
	memcpy(changed + len, token + tail - 1, len - tail + 1);
	is(make_judged(changed, 2 * len - tail + 1, &key), USERS_MALFORMED,
	   "four parts");
	memcpy(changed + len, ".a.b", 4);
	is(make_judged(changed, len + 4, &key), USERS_MALFORMED, "five parts");
}

/* How many last characters of a part users_jwt_parse puts up with. */
static unsigned
count_spellings(char *token, size_t len, size_t last)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop"
								   "qrstuvwxyz0123456789-_";
	const char right = token[last];
	unsigned count = 0;
	UsersJwt jwt;

	for (size_t i = 0; i < 64; i++)
	{
		token[last] = alphabet[i];
		if (users_jwt_parse(&jwt, token, len) == USERS_OK)
			count++;
	}
	token[last] = right;
	return count;
}

/* Of a part's last character only some bits count; the others are zero. */
static void
test_trailing_bits(void)
{
	UsersSigningKey key = make_key(USERS_EDDSA, 7);
	char token[MAKE_MAX];
	size_t len;

	for (int spaces = 0; spaces < 3; spaces++)
	{
		char header[64];
		int bytes =
			snprintf(header, sizeof(header), "%*s" MAKE_HEADER, spaces, "");

		len = make_token(token, header, MAKE_PAYLOAD, &key);
		if (bytes % 3 != 0)
			ok(count_spellings(token, len, strcspn(token, ".") - 1) == 1,
			   "a header of %d bytes is spelled in one way", bytes);
	}
	/* 86 characters have room for 516 bits, 43 for 258. */
	is(count_spellings(token, len, len - 1), 4,
	   "a signature's last character has two bits");
	key = make_key(USERS_HS256, 7);
	len = make_token(token, MAKE_HS_HEADER, MAKE_PAYLOAD, &key);
	is(count_spellings(token, len, len - 1), 16,
	   "a tag's last character has four bits");
}

/* Tokens of every length around the greatest one. */
static void
test_size(void)
{
	UsersSigningKey key = make_key(USERS_EDDSA, 7);
	char header[64];
	char payload[MAKE_MAX];
	char token[MAKE_MAX];
	unsigned at_limit = 0;
	bool good = true;

	for (int spaces = 0; spaces < 3; spaces++)
		for (int pad = 2700; pad < 2900; pad++)
		{
			size_t len;
			UsersStatus status;

			snprintf(header, sizeof(header), "%*s" MAKE_HEADER, spaces, "");
			snprintf(payload, sizeof(payload),
					 "{" MAKE_TEXTS "," MAKE_TIMES ",\"x\":\"%*s\"}", pad, "");
			len = make_token(token, header, payload, &key);
			status = make_judged(token, len, &key);
			good = good &&
				   status == (len > USERS_JWT_MAX ? USERS_TOO_LONG : USERS_OK);
			if (len == USERS_JWT_MAX || len == USERS_JWT_MAX + 1)
				at_limit |= len == USERS_JWT_MAX ? 1 : 2;
		}
	ok(good, "accepted up to %d characters", USERS_JWT_MAX);
	is(at_limit, 3, "just that many and one more were among them");
	memset(token, 'A', sizeof(token));
	is(make_judged(token, sizeof(token), &key), USERS_TOO_LONG,
	   "four times that");
}

static void
test_members(void)
{
	UsersSigningKey key = make_key(USERS_EDDSA, 7);
	char payload[MAKE_MAX];
	char token[MAKE_MAX];
	size_t len;

	/* The good payload has 7 members. */
	for (int count = 7; count <= 65; count += count == 7 ? 57 : 1)
	{
		size_t used = (size_t) sprintf(payload, "{" MAKE_TEXTS "," MAKE_TIMES);

		for (int i = 7; i < count; i++)
			used += (size_t) sprintf(payload + used, ",\"%d\":%d", i, i);
		sprintf(payload + used, "}");
		len = make_token(token, MAKE_HEADER, payload, &key);
		ok(make_judged(token, len, &key) ==
			   (count > 64 ? USERS_MALFORMED : USERS_OK),
		   "%d members", count);
	}
	len = make_token_of(token, MAKE_HEADER, strlen(MAKE_HEADER),
						MAKE_PAYLOAD "\0", strlen(MAKE_PAYLOAD) + 1, &key);
	is(make_judged(token, len, &key), USERS_MALFORMED,
	   "NUL behind the payload");
	len = make_token_of(token, MAKE_HEADER "\0", strlen(MAKE_HEADER) + 1,
						MAKE_PAYLOAD, strlen(MAKE_PAYLOAD), &key);
	is(make_judged(token, len, &key), USERS_MALFORMED, "NUL behind the header");
}

int
main(void)
{
	if (sodium_init() < 0)
		return 1;
	test_confusion();
	test_shape();
	test_trailing_bits();
	test_size();
	test_members();
	return tap_done();
}
