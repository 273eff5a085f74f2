#include <stdbool.h>
#include <string.h>

#include "uuid.h"

/* Version in the high half of byte 6, variant in the two high bits of byte 8.
 */
static void
set_version(UsersUuid *uuid, unsigned version)
{
	uuid->bytes[6] = (uint8_t) ((version << 4) | (uuid->bytes[6] & 0x0f));
	uuid->bytes[8] = (uint8_t) (0x80 | (uuid->bytes[8] & 0x3f));
}

void
users_uuid_v7(UsersUuid *uuid, uint64_t unix_ms, const uint8_t random[10])
{
	for (unsigned i = 0; i < 6; i++)
		uuid->bytes[i] = (uint8_t) (unix_ms >> (40 - 8 * i));
	memcpy(uuid->bytes + 6, random, 10);
	set_version(uuid, 7);
}

void
users_uuid_v8(UsersUuid *uuid, const uint8_t hash[16])
{
	memcpy(uuid->bytes, hash, 16);
	set_version(uuid, 8);
}

/* Whether a hyphen stands before the byte of that number. */
static bool
hyphen_before(size_t byte)
{
	return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void
users_uuid_format(char *out, const UsersUuid *uuid)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < sizeof(uuid->bytes); i++)
	{
		if (hyphen_before(i))
			*out++ = '-';
		*out++ = digits[uuid->bytes[i] >> 4];
		*out++ = digits[uuid->bytes[i] & 0x0f];
	}
}

/* The value of a lower-case hexadecimal digit, 16 for anything else. */
static unsigned
digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned) (c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned) (c - 'a') + 10;
	return 16;
}

UsersStatus
users_uuid_parse(UsersUuid *uuid, const char *text, size_t len)
{
	bool good = len == USERS_UUID_TEXT;

	for (size_t i = 0; good && i < sizeof(uuid->bytes); i++)
	{
		unsigned high;
		unsigned low;

		if (hyphen_before(i))
			good = *text++ == '-';
		high = digit_value(*text++);
		low = digit_value(*text++);
		good = good && high < 16 && low < 16;
		uuid->bytes[i] = (uint8_t) (high << 4 | low);
	}
	if (good)
		return USERS_OK;
	memset(uuid, 0, sizeof(*uuid));
	return USERS_MALFORMED;
}
