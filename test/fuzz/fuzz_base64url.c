/* Decoding and encoding undo one another; nothing has two spellings. */
#include "base64url.h"

#include "fuzz.h"

#define SIZE_MAX_HERE 4096

static void
check_bytes(const uint8_t *data, size_t size)
{
	char text[USERS_BASE64URL_LEN(SIZE_MAX_HERE)];
	uint8_t back[SIZE_MAX_HERE];
	size_t len = USERS_BASE64URL_LEN(size);
	size_t n;

	users_base64url_encode(text, data, size);
	MUST(users_base64url_decode(back, size, &n, text, len) == USERS_OK);
	MUST(n == size && memcmp(back, data, size) == 0);
	if (size == 0)
		return;
	MUST(users_base64url_decode(back, size - 1, &n, text, len) ==
		 USERS_TOO_LONG);
	MUST(n == 0);
}

static void
check_text(const char *text, size_t len)
{
	uint8_t bytes[SIZE_MAX_HERE];
	char back[SIZE_MAX_HERE];
	size_t n;
	UsersStatus status =
		users_base64url_decode(bytes, sizeof(bytes), &n, text, len);

	MUST(status == USERS_OK || status == USERS_MALFORMED);
	if (status == USERS_OK)
	{
		MUST(USERS_BASE64URL_LEN(n) == len);
		users_base64url_encode(back, bytes, n);
		MUST(memcmp(back, text, len) == 0);
		return;
	}
	MUST(n == 0);
	for (size_t i = 0; i < sizeof(bytes); i++)
		MUST(bytes[i] == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > SIZE_MAX_HERE)
		return 0;
	check_bytes(data, size);
	check_text((const char *) data, size);
	return 0;
}
