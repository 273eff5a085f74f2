/* UUIDs (RFC 9562), as 16 bytes. */
#ifndef USERS_UUID_H
#define USERS_UUID_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

#define USERS_UUID_TEXT 36

typedef struct UsersUuid
{
	uint8_t bytes[16];
} UsersUuid;

/* Version 7 of unix_ms (milliseconds since 1970, below 2^48) and ten random
 * bytes: ids in order of their making keep the indexes' right edge warm. */
void users_uuid_v7(UsersUuid *uuid, uint64_t unix_ms, const uint8_t random[10]);

/* Version 8 of a hash: an id that looks like any other and is the same for
 * the same hash, for identifiers that are nobody's. */
void users_uuid_v8(UsersUuid *uuid, const uint8_t hash[16]);

/* Writes exactly USERS_UUID_TEXT characters in lower case, no NUL. */
void users_uuid_format(char *out, const UsersUuid *uuid);

/* Accepts only what users_uuid_format writes: one token has one spelling. */
UsersStatus users_uuid_parse(UsersUuid *uuid, const char *text,
							 size_t len) USERS_CHECKED;

#endif
