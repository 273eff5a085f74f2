/*
 * How far a reader of events has come: what a snapshot of the primary saw, and
 * within a window of two snapshots the last event that was delivered. As text
 * it is the reader's to keep; whoever changes it harms his own reading alone.
 */
#ifndef USERS_POSITION_H
#define USERS_POSITION_H

#include <stdbool.h>

/* Transactions below end that are not in running are seen. */
typedef struct UsersSeen
{
	uint64 end;
	int count;
	uint64 *running; /* ascending, all below end */
} UsersSeen;

/* Where transaction ids mean what they meant: all of it must be the same. */
typedef struct UsersOrigin
{
	uint64 system;
	uint32 timeline;
	uint32 database;
	uint32 table; /* made anew by a restore */
} UsersOrigin;

typedef struct UsersPosition
{
	UsersOrigin origin;
	UsersSeen seen;
	/* In a window of which a part was delivered: its end, the last event. */
	bool paging;
	UsersSeen until;
	uint64 xid;
	pg_uuid_t id;
} UsersPosition;

/* Reads what pg_snapshot prints; false when it is not that. */
extern bool users_seen_parse(UsersSeen *seen, const char *text, size_t len);
/* As pg_snapshot reads it. */
extern char *users_seen_text(const UsersSeen *seen);

extern bool users_sees(const UsersSeen *seen, uint64 xid);
/* Whether late sees all that early does. */
extern bool users_sees_all(const UsersSeen *late, const UsersSeen *early);
/* The transaction goes on: it is not seen. */
extern void users_seen_without(UsersSeen *seen, uint64 xid);

/* False when text is no position, wherever from. */
extern bool users_position_parse(UsersPosition *position, const char *text);
extern char *users_position_text(const UsersPosition *position);

#endif
