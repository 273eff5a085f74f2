/*
 * usage: mint ROOT <SESSIONS
 *
 * The first refresh tokens of sessions that nobody was given: of a session's
 * row and the root key ROOT, as the extension derives it. A line has user_id,
 * id, nonce and current_random of users.session in hexadecimal, with tabs
 * between, and is printed again with its token and a tab in front.
 */
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "../src/core/keyring.h"
#include "../src/core/refresh.h"

static int
read_hex(unsigned char *out, size_t size, const char **text)
{
	size_t n;

	if (sodium_hex2bin(out, size, *text, strlen(*text), "-", &n, text) != 0 ||
		n != size)
		return 0;
	*text += **text == '\t';
	return 1;
}

static int
mint(const char *line, const uint8_t key[USERS_KEY_BYTES])
{
	UsersRefresh token = { .counter = 1 };
	uint8_t nonce[USERS_SESSION_NONCE];
	char text[USERS_REFRESH_TEXT + 1];
	const char *rest = line;

	if (!read_hex(token.user_id.bytes, 16, &rest) ||
		!read_hex(token.session_id.bytes, 16, &rest) ||
		!read_hex(nonce, sizeof(nonce), &rest) ||
		!read_hex(token.random, USERS_REFRESH_RANDOM, &rest))
		return 0;
	users_refresh_mint(text, &token, nonce, key);
	return printf("%.*s\t%s", USERS_REFRESH_TEXT, text, line) > 0;
}

int
main(int argc, char **argv)
{
	uint8_t root[USERS_KEY_BYTES];
	uint8_t key[USERS_KEY_BYTES];
	char line[1024];
	const char *text = argc == 2 ? argv[1] : "";

	if (sodium_init() < 0 || !read_hex(root, sizeof(root), &text))
	{
		fprintf(stderr, "usage: mint ROOT <SESSIONS\n");
		return 1;
	}
	users_derive_key(key, root, USERS_KEY_REFRESH);
	while (fgets(line, sizeof(line), stdin) != NULL)
		if (!mint(line, key))
		{
			fprintf(stderr, "mint: this is no session: %s", line);
			return 1;
		}
	return 0;
}
