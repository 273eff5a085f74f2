#include <stdbool.h>
#include <string.h>

#include <sodium.h>

#include "base64url.h"

#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define BLOCK	48 /* bytes, a multiple of 3: only the last may be ragged */
#define GROUP	64 /* characters, a multiple of 4 */

#define BYTES_OF(n) ((n) / 4 * 3 + (n) % 4 * 6 / 8)

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

/*
 * Decoding is our own: libsodium's takes some seventy instructions for a
 * character, most of what reading a token costs, and its 1.0.18 takes every
 * byte that is not ASCII for the last character of the alphabet, which would
 * give one token many spellings. As there, nothing branches on a character or
 * looks it up in a table, since caches would tell of it.
 */

/* -1 where c lies between low and high, else 0. */
static inline int16_t
between(int16_t c, int16_t low, int16_t high)
{
	uint16_t both = (uint16_t) ((low - 1 - c) & (c - high - 1));

	return (int16_t) - (both >> 15);
}

/* The values of GROUP characters, -1 for a foreign one; returns whether there
 * is none. Without a branch, the compiler takes eight at a time. */
static bool
values_of(int16_t *values, const unsigned char *text)
{
	int16_t all = 0;

	for (size_t i = 0; i < GROUP; i++)
	{
		int16_t c = text[i];
		int16_t value = (int16_t) ((between(c, 'A', 'Z') & (c - 'A' + 1)) |
								   (between(c, 'a', 'z') & (c - 'a' + 27)) |
								   (between(c, '0', '9') & (c - '0' + 53)) |
								   (between(c, '-', '-') & 63) |
								   (between(c, '_', '_') & 64));

		values[i] = (int16_t) (value - 1);
		all |= values[i];
	}
	return all >= 0;
}

static inline uint32_t
word_of(const int16_t *values)
{
	return (uint32_t) values[0] << 18 | (uint32_t) values[1] << 12 |
		   (uint32_t) values[2] << 6 | (uint32_t) values[3];
}

/* Four values are three bytes; of the last group there may be fewer. */
static void
pack(uint8_t *out, const int16_t *values, size_t bytes)
{
	uint32_t word;

	for (; bytes >= 3; bytes -= 3, values += 4)
	{
		word = word_of(values);
		*out++ = (uint8_t) (word >> 16);
		*out++ = (uint8_t) (word >> 8);
		*out++ = (uint8_t) word;
	}
	if (bytes == 0)
		return;
	word = word_of(values);
	*out++ = (uint8_t) (word >> 16);
	if (bytes == 2)
		*out = (uint8_t) (word >> 8);
}

/* Decodes len characters, a length that is possible, into out, which has room.
 * False for a foreign character or trailing bits that are not zero. */
static bool
decode(uint8_t *out, const char *in, size_t len)
{
	unsigned char group[GROUP];
	int16_t values[GROUP];
	bool good = true;

	while (len > 0)
	{
		size_t characters = len < GROUP ? len : GROUP;
		size_t bytes = BYTES_OF(characters);

		memset(group, 'A', GROUP);
		memcpy(group, in, characters);
		good &= values_of(values, group);
		pack(out, values, bytes);
		if (characters % 4 != 0)
			good &= (values[characters - 1] &
					 (characters % 4 == 2 ? 0xf : 0x3)) == 0;
		in += characters;
		len -= characters;
		out += bytes;
	}
	sodium_memzero(group, sizeof(group));
	sodium_memzero(values, sizeof(values));
	return good;
}

UsersStatus
users_base64url_decode(uint8_t *out, size_t cap, size_t *n, const char *in,
					   size_t len)
{
	UsersStatus status = USERS_MALFORMED;

	*n = BYTES_OF(len);
	if (len % 4 != 1 && *n > cap)
		status = USERS_TOO_LONG;
	else if (len % 4 != 1 && decode(out, in, len))
		return USERS_OK;
	sodium_memzero(out, cap);
	*n = 0;
	return status;
}
