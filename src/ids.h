/* Ids and times as the server has them. */
#ifndef USERS_IDS_H
#define USERS_IDS_H

/* A new UUIDv7. */
extern void users_new_id(pg_uuid_t *id);

/* The lowest UUIDv7 of a time: ids made before it are lower. */
extern void users_id_of_time(pg_uuid_t *id, TimestampTz time);

/* TimestampTz to seconds since 1970, rounded down, and back. */
extern int64 users_unix_time(TimestampTz time);
extern TimestampTz users_from_unix_time(int64 seconds);

/* A time some seconds later. */
extern TimestampTz users_after(TimestampTz time, int64 seconds);

#endif
