#include <stdbool.h>
#include <string.h>

#include <sodium.h>

#include "base64url.h"

#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define BLOCK	48 /* a multiple of 3: only the last block may be ragged */

void
users_base64url_encode(char *out, const uint8_t *in, size_t n)
{
	char block[BLOCK / 3 * 4 + 1];

	/* The library ends what it writes with NUL, for which out has no room. */
	while (n > 0)
	{
		size_t bytes = n < BLOCK ? n : BLOCK;
		size_t characters = USERS_BASE64URL_LEN(bytes);

		sodium_bin2base64(block, sizeof(block), in, bytes, VARIANT);
		memcpy(out, block, characters);
		in += bytes;
		n -= bytes;
		out += characters;
	}
	sodium_memzero(block, sizeof(block));
}

/* Whether all bytes are ASCII. libsodium 1.0.18 takes every other byte for the
 * last character of the alphabet, which would give one token many spellings. */
static bool
is_ascii(const char *text, size_t len)
{
	unsigned char all = 0;

	for (size_t i = 0; i < len; i++)
		all |= (unsigned char) text[i];
	return all < 0x80;
}

UsersStatus
users_base64url_decode(uint8_t *out, size_t cap, size_t *n, const char *in,
					   size_t len)
{
	size_t bytes = len / 4 * 3 + (len % 4 * 6) / 8;
	UsersStatus status = USERS_MALFORMED;

	*n = 0;
	if (len % 4 != 1 && bytes > cap)
		status = USERS_TOO_LONG;
	/* Without a pointer for the end the library insists on using every
	 * character; it refuses trailing bits that are not zero by itself. */
	else if (len % 4 != 1 && is_ascii(in, len) &&
			 sodium_base642bin(out, cap, in, len, NULL, n, NULL, VARIANT) == 0)
		return USERS_OK;
	sodium_memzero(out, cap);
	*n = 0;
	return status;
}
