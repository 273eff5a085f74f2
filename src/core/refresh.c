#include <stdbool.h>
#include <string.h>

#include <sodium.h>

#include "base64url.h"
#include "refresh.h"

#define FIELDS_BYTES (16 + 16 + 8 + USERS_REFRESH_RANDOM)
#define TOKEN_BYTES	 (FIELDS_BYTES + USERS_REFRESH_MAC)

_Static_assert(USERS_BASE64URL_LEN(TOKEN_BYTES) == USERS_REFRESH_TEXT,
			   "the text's length follows from the fields");

/* The fields in their order; the counter's most significant byte first. */
static void
pack_fields(uint8_t out[FIELDS_BYTES], const UsersRefresh *token)
{
	memcpy(out, token->user_id.bytes, 16);
	memcpy(out + 16, token->session_id.bytes, 16);
	for (unsigned i = 0; i < 8; i++)
		out[32 + i] = (uint8_t) (token->counter >> (56 - 8 * i));
	memcpy(out + 40, token->random, USERS_REFRESH_RANDOM);
}

static void
unpack_fields(UsersRefresh *token, const uint8_t in[FIELDS_BYTES])
{
	memcpy(token->user_id.bytes, in, 16);
	memcpy(token->session_id.bytes, in + 16, 16);
	token->counter = 0;
	for (unsigned i = 0; i < 8; i++)
		token->counter = token->counter << 8 | in[32 + i];
	memcpy(token->random, in + 40, USERS_REFRESH_RANDOM);
}

static void
make_tag(uint8_t mac[USERS_REFRESH_MAC], const uint8_t fields[FIELDS_BYTES],
		 const uint8_t nonce[USERS_SESSION_NONCE],
		 const uint8_t key[USERS_KEY_BYTES])
{
	const UsersPart parts[] = { { "refresh", 7 },
								{ fields, FIELDS_BYTES },
								{ nonce, USERS_SESSION_NONCE } };

	users_keyed_hash(mac, USERS_REFRESH_MAC, key, parts, 3);
}

void
users_refresh_mint(char *out, const UsersRefresh *token,
				   const uint8_t nonce[USERS_SESSION_NONCE],
				   const uint8_t key[USERS_KEY_BYTES])
{
	uint8_t bytes[TOKEN_BYTES];

	pack_fields(bytes, token);
	make_tag(bytes + FIELDS_BYTES, bytes, nonce, key);
	users_base64url_encode(out, bytes, sizeof(bytes));
	sodium_memzero(bytes, sizeof(bytes));
}

UsersStatus
users_refresh_parse(UsersRefresh *token, uint8_t mac[USERS_REFRESH_MAC],
					const char *text, size_t len)
{
	uint8_t bytes[TOKEN_BYTES];
	size_t n;

	if (len == USERS_REFRESH_TEXT &&
		users_base64url_decode(bytes, sizeof(bytes), &n, text, len) == USERS_OK)
	{
		unpack_fields(token, bytes);
		memcpy(mac, bytes + FIELDS_BYTES, USERS_REFRESH_MAC);
		sodium_memzero(bytes, sizeof(bytes));
		if (token->counter > 0)
			return USERS_OK;
	}
	sodium_memzero(token, sizeof(*token));
	sodium_memzero(mac, USERS_REFRESH_MAC);
	return USERS_MALFORMED;
}

UsersStatus
users_refresh_verify(const UsersRefresh *token,
					 const uint8_t mac[USERS_REFRESH_MAC],
					 const uint8_t nonce[USERS_SESSION_NONCE],
					 const uint8_t key[USERS_KEY_BYTES])
{
	uint8_t fields[FIELDS_BYTES];
	uint8_t expected[USERS_REFRESH_MAC];
	bool same;

	pack_fields(fields, token);
	make_tag(expected, fields, nonce, key);
	same = sodium_memcmp(expected, mac, sizeof(expected)) == 0;
	sodium_memzero(expected, sizeof(expected));
	sodium_memzero(fields, sizeof(fields));
	return same ? USERS_OK : USERS_FORGED;
}

static bool
same_random(const UsersRefresh *token,
			const uint8_t random[USERS_REFRESH_RANDOM])
{
	return sodium_memcmp(token->random, random, USERS_REFRESH_RANDOM) == 0;
}

/* A clock that went back does not shorten the grace; one that went back below
 * what an int64_t can tell apart ends it. */
static bool
within_grace(int64_t rotated_at, int64_t now, int64_t grace)
{
	int64_t elapsed;

	if (__builtin_sub_overflow(now, rotated_at, &elapsed))
		return false;
	return (elapsed > 0 ? elapsed : 0) < grace;
}

UsersRefreshVerdict
users_refresh_judge(const UsersRefresh *token, const UsersRefreshState *state,
					int64_t now, int64_t grace)
{
	/* A rotation that was rolled back, or lost with a failed-over server, left
	 * a genuine token that the session's row knows nothing of. */
	if (token->counter > state->counter || token->counter == 0)
		return USERS_REFRESH_LOST;
	if (token->counter == state->counter)
		return same_random(token, state->current) ? USERS_REFRESH_CURRENT
												  : USERS_REFRESH_LOST;
	/* Of older tokens only the last one's random part is still known. */
	if (token->counter + 1 < state->counter)
		return USERS_REFRESH_REUSED;
	if (!same_random(token, state->previous))
		return USERS_REFRESH_LOST;
	return within_grace(state->rotated_at, now, grace) ? USERS_REFRESH_AGAIN
													   : USERS_REFRESH_REUSED;
}
