#include "pg.h"

#include <sodium.h>

#include "core/uuid.h"
#include "ids.h"

/* Seconds from 1970 to PostgreSQL's epoch, 2000. */
#define EPOCH_OFFSET                                                           \
	((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY)

StaticAssertDecl(sizeof(pg_uuid_t) == sizeof(UsersUuid), "a UUID is a UUID");

void
users_new_id(pg_uuid_t *id)
{
	uint8 random[10];
	TimestampTz now = GetCurrentTimestamp();
	UsersUuid uuid;

	randombytes_buf(random, sizeof(random));
	users_uuid_v7(&uuid, (uint64) (now / 1000 + EPOCH_OFFSET * 1000), random);
	memcpy(id, &uuid, sizeof(*id));
}

void
users_id_of_time(pg_uuid_t *id, TimestampTz time)
{
	static const uint8 zeros[10];
	UsersUuid uuid;

	users_uuid_v7(&uuid, (uint64) (time / 1000 + EPOCH_OFFSET * 1000), zeros);
	memcpy(id, &uuid, sizeof(*id));
}

int64
users_unix_time(TimestampTz time)
{
	int64 seconds = time / USECS_PER_SEC;

	if (time % USECS_PER_SEC < 0)
		seconds--;
	return seconds + EPOCH_OFFSET;
}

TimestampTz
users_from_unix_time(int64 seconds)
{
	return (seconds - EPOCH_OFFSET) * USECS_PER_SEC;
}

TimestampTz
users_after(TimestampTz time, int64 seconds)
{
	return time + seconds * USECS_PER_SEC;
}
