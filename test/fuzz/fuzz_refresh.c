/* A token's text and its fields say the same, and only the key makes the tag.
 */
#include <sodium.h>

#include "base64url.h"
#include "refresh.h"

#include "fuzz.h"

#define TOKEN_BYTES 88

static const uint8_t key[USERS_KEY_BYTES] = { 1 };
static const uint8_t nonce[USERS_SESSION_NONCE] = { 2 };

/* What the verdict is made of, seen from the other side. */
static void
check_verdict(const UsersRefresh *token, const uint8_t *data, size_t size)
{
	UsersRefreshState state;
	int64_t times[2] = { 0, 0 };

	memset(&state, 0, sizeof(state));
	memcpy(&state, data, size < sizeof(state) ? size : sizeof(state));
	memcpy(times, data + size / 2,
		   size / 2 < sizeof(times) ? size / 2 : sizeof(times));
	if (size % 3 == 0)
		state.counter = token->counter + size % 4;
	switch (users_refresh_judge(token, &state, times[0], times[1]))
	{
		case USERS_REFRESH_CURRENT:
			MUST(token->counter == state.counter &&
				 memcmp(token->random, state.current, 16) == 0);
			break;
		case USERS_REFRESH_AGAIN:
			MUST(token->counter + 1 == state.counter && times[1] > 0 &&
				 memcmp(token->random, state.previous, 16) == 0);
			break;
		case USERS_REFRESH_REUSED:
			MUST(token->counter < state.counter);
			break;
		case USERS_REFRESH_LOST:
			MUST(token->counter >= state.counter ||
				 (token->counter + 1 == state.counter &&
				  memcmp(token->random, state.previous, 16) != 0));
			break;
	}
}

static void
check_accepted(const UsersRefresh *token, const uint8_t *mac, const char *text)
{
	uint8_t bytes[TOKEN_BYTES];
	char again[USERS_REFRESH_TEXT];
	uint8_t own_mac[USERS_REFRESH_MAC];
	UsersRefresh back;

	MUST(token->counter > 0);
	memcpy(bytes, token->user_id.bytes, 16);
	memcpy(bytes + 16, token->session_id.bytes, 16);
	for (unsigned i = 0; i < 8; i++)
		bytes[32 + i] = (uint8_t) (token->counter >> (56 - 8 * i));
	memcpy(bytes + 40, token->random, 16);
	memcpy(bytes + 56, mac, 32);
	users_base64url_encode(again, bytes, sizeof(bytes));
	MUST(memcmp(again, text, sizeof(again)) == 0);
	users_refresh_mint(again, token, nonce, key);
	MUST(users_refresh_parse(&back, own_mac, again, sizeof(again)) == USERS_OK);
	MUST(memcmp(&back, token, sizeof(back)) == 0);
	MUST(users_refresh_verify(&back, own_mac, nonce, key) == USERS_OK);
	MUST((users_refresh_verify(token, mac, nonce, key) == USERS_OK) ==
		 (memcmp(own_mac, mac, sizeof(own_mac)) == 0));
	own_mac[bytes[0] % sizeof(own_mac)] ^= 1;
	MUST(users_refresh_verify(&back, own_mac, nonce, key) == USERS_FORGED);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const UsersRefresh wiped;
	uint8_t mac[USERS_REFRESH_MAC];
	char text[USERS_REFRESH_TEXT];
	UsersRefresh token;

	memset(&token, 0x55, sizeof(token));
	if (users_refresh_parse(&token, mac, (const char *) data, size) == USERS_OK)
	{
		MUST(size == USERS_REFRESH_TEXT);
		check_accepted(&token, mac, (const char *) data);
	}
	else
		MUST(memcmp(&token, &wiped, sizeof(token)) == 0);
	if (size < TOKEN_BYTES)
		return 0;
	/* As bytes, which are a token unless the counter is zero. */
	users_base64url_encode(text, data, TOKEN_BYTES);
	if (users_refresh_parse(&token, mac, text, sizeof(text)) == USERS_OK)
	{
		check_accepted(&token, mac, text);
		check_verdict(&token, data, size);
	}
	else
		MUST(memcmp(data + 32, "\0\0\0\0\0\0\0\0", 8) == 0);
	return 0;
}
