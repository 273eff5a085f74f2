#include <sodium.h>

#include "base64url.h"
#include "refresh.h"

#include "tap.h"

#define SECOND INT64_C(1000000)

static const uint8_t key[USERS_KEY_BYTES] = { 1, 2, 3 };
static const uint8_t nonce[USERS_SESSION_NONCE] = { 4, 5, 6 };

static UsersRefresh
sample(uint64_t counter)
{
	UsersRefresh token;

	memset(token.user_id.bytes, 0xa1, 16);
	memset(token.session_id.bytes, 0xb2, 16);
	token.counter = counter;
	memset(token.random, 0xc3, sizeof(token.random));
	return token;
}

static UsersStatus
parse(UsersRefresh *token, uint8_t mac[USERS_REFRESH_MAC], const char *text,
	  size_t len)
{
	char *copy = tap_exact(text, len);
	UsersStatus status = users_refresh_parse(token, mac, copy, len);

	free(copy);
	return status;
}

static bool
same_token(const UsersRefresh *a, const UsersRefresh *b)
{
	return memcmp(&a->user_id, &b->user_id, 16) == 0 &&
		   memcmp(&a->session_id, &b->session_id, 16) == 0 &&
		   a->counter == b->counter && memcmp(a->random, b->random, 16) == 0;
}

static void
test_round_trip(void)
{
	static const uint64_t counters[] = {
		1, 2, 255, 256, UINT64_C(0x0102030405060708), UINT64_MAX
	};
	uint8_t bytes[88];
	size_t n;

	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
	{
		UsersRefresh token = sample(counters[i]);
		char *text = tap_exact("", 0);
		uint8_t mac[USERS_REFRESH_MAC];
		UsersRefresh back;

		text = realloc(text, USERS_REFRESH_TEXT);
		users_refresh_mint(text, &token, nonce, key);
		ok(parse(&back, mac, text, USERS_REFRESH_TEXT) == USERS_OK &&
			   same_token(&back, &token) &&
			   users_refresh_verify(&back, mac, nonce, key) == USERS_OK,
		   "a token with counter %llu comes back",
		   (unsigned long long) counters[i]);
		if (i == 4)
			ok(users_base64url_decode(bytes, 88, &n, text, 118) == USERS_OK &&
				   n == 88 && memcmp(bytes, token.user_id.bytes, 16) == 0 &&
				   memcmp(bytes + 16, token.session_id.bytes, 16) == 0 &&
				   memcmp(bytes + 32, "\1\2\3\4\5\6\7\10", 8) == 0 &&
				   memcmp(bytes + 40, token.random, 16) == 0,
			   "the fields are in their order");
		free(text);
	}
}

/* The tag as it is defined, made here once more. */
static void
test_tag(void)
{
	UsersRefresh token = sample(1);
	uint8_t fields[56];
	uint8_t wanted[USERS_REFRESH_MAC];
	uint8_t mac[USERS_REFRESH_MAC];
	char text[USERS_REFRESH_TEXT];
	const UsersPart parts[] = { { "refresh", 7 },
								{ fields, sizeof(fields) },
								{ nonce, sizeof(nonce) } };

	memset(fields, 0xa1, 16);
	memset(fields + 16, 0xb2, 16);
	memcpy(fields + 32, "\0\0\0\0\0\0\0\1", 8);
	memset(fields + 40, 0xc3, 16);
	users_keyed_hash(wanted, sizeof(wanted), key, parts, 3);
	users_refresh_mint(text, &token, nonce, key);
	ok(parse(&token, mac, text, sizeof(text)) == USERS_OK &&
		   memcmp(mac, wanted, sizeof(mac)) == 0,
	   "the tag covers the word, the fields and the nonce");
}

static void
test_tampering(void)
{
	UsersRefresh token = sample(7);
	uint8_t other_key[USERS_KEY_BYTES];
	uint8_t other_nonce[USERS_SESSION_NONCE];
	uint8_t mac[USERS_REFRESH_MAC];
	char text[USERS_REFRESH_TEXT];
	uint8_t bytes[88];
	bool caught = true;
	size_t n;

	memcpy(other_key, key, sizeof(key));
	memcpy(other_nonce, nonce, sizeof(nonce));
	other_key[31] ^= 1;
	other_nonce[15] ^= 1;
	users_refresh_mint(text, &token, nonce, key);
	ok(parse(&token, mac, text, sizeof(text)) == USERS_OK &&
		   users_refresh_verify(&token, mac, nonce, key) == USERS_OK,
	   "genuine");
	is(users_refresh_verify(&token, mac, nonce, other_key), USERS_FORGED,
	   "another key");
	is(users_refresh_verify(&token, mac, other_nonce, key), USERS_FORGED,
	   "another session's nonce");
	if (users_base64url_decode(bytes, 88, &n, text, sizeof(text)) != USERS_OK)
		abort();
	for (unsigned bit = 0; bit < 88 * 8; bit++)
	{
		bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
		users_base64url_encode(text, bytes, 88);
		caught = caught && parse(&token, mac, text, 118) == USERS_OK &&
				 users_refresh_verify(&token, mac, nonce, key) == USERS_FORGED;
		bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
	}
	ok(caught, "each bit flipped is found");
}

static void
test_parse_refusals(void)
{
	static const UsersRefresh wiped;
	static const uint8_t no_mac[USERS_REFRESH_MAC];
	UsersRefresh token = sample(1);
	uint8_t mac[USERS_REFRESH_MAC];
	char text[USERS_REFRESH_TEXT + 2];
	bool lengths = true;
	bool characters = true;
	unsigned spellings = 0;
	char last;

	memset(text, 'A', sizeof(text));
	users_refresh_mint(text, &token, nonce, key);
	for (size_t len = 0; len <= sizeof(text); len++)
	{
		memset(&token, 0x55, sizeof(token));
		memset(mac, 0x55, sizeof(mac));
		if (parse(&token, mac, text, len) == USERS_OK)
			lengths = lengths && len == USERS_REFRESH_TEXT;
		else
			lengths = lengths && len != USERS_REFRESH_TEXT &&
					  memcmp(&token, &wiped, sizeof(token)) == 0 &&
					  memcmp(mac, no_mac, sizeof(mac)) == 0;
	}
	ok(lengths, "any other length is refused and leaves nothing");
	for (size_t at = 0; at < USERS_REFRESH_TEXT; at++)
	{
		static const char foreign[] = "= \n+/.\0\x80\xff";
		char right = text[at];

		for (size_t i = 0; i < sizeof(foreign); i++)
		{
			text[at] = foreign[i];
			characters =
				characters && parse(&token, mac, text, 118) == USERS_MALFORMED;
		}
		text[at] = right;
	}
	ok(characters, "foreign characters are refused at every place");
	last = text[117];
	for (int c = 0; c < 256; c++)
	{
		text[117] = (char) c;
		if (parse(&token, mac, text, 118) == USERS_OK)
			spellings++;
	}
	text[117] = last;
	is(spellings, 4, "the last character has two bits");
	token = sample(0);
	users_refresh_mint(text, &token, nonce, key);
	is(parse(&token, mac, text, 118), USERS_MALFORMED, "a counter of 0");
}

typedef struct Judgement
{
	const char *name;
	uint64_t counter;
	char random; /* c: the current one, p: the previous, x: neither */
	uint64_t state;
	int64_t elapsed;
	int64_t grace;
	UsersRefreshVerdict verdict;
} Judgement;

static const Judgement table[] = {
	{ "the first token", 1, 'c', 1, 0, 10, USERS_REFRESH_CURRENT },
	{ "the current token", 5, 'c', 5, 0, 10, USERS_REFRESH_CURRENT },
	{ "the current token, late", 5, 'c', 5, 99999, 10, USERS_REFRESH_CURRENT },
	{ "the current token, no grace", 5, 'c', 5, 1, 0, USERS_REFRESH_CURRENT },
	{ "current counter, other random", 5, 'x', 5, 0, 10, USERS_REFRESH_LOST },
	{ "current counter, previous random", 5, 'p', 5, 0, 10,
	  USERS_REFRESH_LOST },
	{ "first counter, other random", 1, 'x', 1, 0, 10, USERS_REFRESH_LOST },
	{ "the previous token, at once", 4, 'p', 5, 0, 10, USERS_REFRESH_AGAIN },
	{ "the previous token, in time", 4, 'p', 5, 9, 10, USERS_REFRESH_AGAIN },
	{ "the previous token, at the end of the grace", 4, 'p', 5, 10, 10,
	  USERS_REFRESH_REUSED },
	{ "the previous token, too late", 4, 'p', 5, 11, 10, USERS_REFRESH_REUSED },
	{ "the previous token, no grace", 4, 'p', 5, 0, 0, USERS_REFRESH_REUSED },
	{ "the previous token, clock put back", 4, 'p', 5, -50, 10,
	  USERS_REFRESH_AGAIN },
	{ "the previous token, clock put back, no grace", 4, 'p', 5, -50, 0,
	  USERS_REFRESH_REUSED },
	{ "the first token after one rotation", 1, 'p', 2, 1, 10,
	  USERS_REFRESH_AGAIN },
	{ "previous counter, other random", 4, 'x', 5, 0, 10, USERS_REFRESH_LOST },
	{ "previous counter, current random", 4, 'c', 5, 0, 10,
	  USERS_REFRESH_LOST },
	{ "previous counter, other random, late", 4, 'x', 5, 99, 10,
	  USERS_REFRESH_LOST },
	{ "an older token", 3, 'x', 5, 0, 10, USERS_REFRESH_REUSED },
	{ "an older token with the previous random", 3, 'p', 5, 0, 10,
	  USERS_REFRESH_REUSED },
	{ "an older token with the current random", 3, 'c', 5, 0, 10,
	  USERS_REFRESH_REUSED },
	{ "the first token much later", 1, 'x', 1000, 0, 10, USERS_REFRESH_REUSED },
	{ "a token ahead", 6, 'x', 5, 0, 10, USERS_REFRESH_LOST },
	{ "a token ahead with the current random", 6, 'c', 5, 0, 10,
	  USERS_REFRESH_LOST },
	{ "a counter of 0, which no token has", 0, 'p', 1, 0, 10,
	  USERS_REFRESH_LOST },
	{ "a token far ahead", UINT64_MAX, 'x', 5, 0, 10, USERS_REFRESH_LOST },
	{ "the greatest counter", UINT64_MAX, 'c', UINT64_MAX, 0, 10,
	  USERS_REFRESH_CURRENT },
	{ "one before the greatest", UINT64_MAX - 1, 'p', UINT64_MAX, 0, 10,
	  USERS_REFRESH_AGAIN },
};

static void
test_judge(void)
{
	const int64_t rotated_at = INT64_C(1700000000) * SECOND;
	UsersRefreshState state;
	UsersRefresh token = sample(4);

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
	{
		memset(state.current, 'c', sizeof(state.current));
		memset(state.previous, 'p', sizeof(state.previous));
		state.counter = table[i].state;
		state.rotated_at = rotated_at;
		token.counter = table[i].counter;
		memset(token.random, table[i].random, sizeof(token.random));
		is(users_refresh_judge(&token, &state,
							   rotated_at + table[i].elapsed * SECOND,
							   table[i].grace * SECOND),
		   table[i].verdict, table[i].name);
	}
	state.counter = 5;
	token.counter = 4;
	memset(token.random, 'p', sizeof(token.random));
	state.rotated_at = INT64_MIN;
	is(users_refresh_judge(&token, &state, INT64_MAX, INT64_MAX),
	   USERS_REFRESH_REUSED, "from one end of time to the other");
	state.rotated_at = INT64_MAX;
	is(users_refresh_judge(&token, &state, INT64_MIN, SECOND),
	   USERS_REFRESH_REUSED, "and back");
	token.random[15] ^= 1;
	is(users_refresh_judge(&token, &state, INT64_MAX, SECOND),
	   USERS_REFRESH_LOST, "all of the random part counts");
}

int
main(void)
{
	if (sodium_init() < 0)
		return 1;
	test_round_trip();
	test_tag();
	test_tampering();
	test_parse_refusals();
	test_judge();
	return tap_done();
}
