/* Every success and failure: a row, and for failures a line in the log. */
#ifndef USERS_AUDIT_H
#define USERS_AUDIT_H

#include <stdbool.h>

#include "client.h"

typedef struct UsersEvent
{
	const char *event; /* one of the contract's */
	bool failure;
	bool nobody; /* user_id is derived from an unknown identifier */
	pg_uuid_t user_id;
	const pg_uuid_t *actor_id; /* NULL: the user, or a DBA without a token */
	const pg_uuid_t *session_id;
	const pg_uuid_t *domain_id; /* NULL: of no domain */
	const char *object_type;	/* NULL: of no object */
	const pg_uuid_t *object_id;
	bool by_relay; /* nobody is notified: it would tell that an address is known
					*/
	/* One member of detail, or NULL: words of ours, never what was typed. */
	const char *detail_name;
	const char *detail_value;
} UsersEvent;

/* Writes the row, as owner. Successes also note the transaction, for
 * users_events. */
extern void users_audit(const UsersEvent *event, const UsersClient *client);

/* A success of who is signed in, or of a DBA, on somebody's account or (NULL)
 * on nobody's, with one member of detail or NULL. */
extern void users_audit_caller(const char *event, const pg_uuid_t *user_id,
							   const char *name, const char *value);

/* When the n-th newest success of an event of somebody was (1: the last one),
 * if that was after a time; 0 otherwise. */
extern TimestampTz users_time_of_event(const pg_uuid_t *user_id,
									   const char *event, int n,
									   TimestampTz after);

/*
 * Likewise of a domain. person is whom it is about, a member that was added or
 * removed; NULL: whoever does it.
 */
extern void users_audit_domain(const char *event, const pg_uuid_t *domain_id,
							   const pg_uuid_t *person, const char *name,
							   const char *value);
/* On one object of a type; object_id NULL: on the whole domain. */
extern void users_audit_object(const char *event, const pg_uuid_t *domain_id,
							   const pg_uuid_t *person, const char *object_type,
							   const pg_uuid_t *object_id, const char *name,
							   const char *value);

/* Deletes events from before a time, and nobody's after a week, at most max.
 * Those that somebody else has locked wait for the next time. */
extern int64 users_purge_audit(TimestampTz before, int max);

/* Sign-ins of somebody that have failed since a time, and since the last one
 * that did not; *last is when the last of them was. */
extern int64 users_count_failures(const pg_uuid_t *user_id, TimestampTz after,
								  TimestampTz *last);

/*
 * The line of a failure: stays whatever the caller rolls back, and no setting
 * of the client's shows it to the client. what is "login failed" and its like;
 * of the identifier only its keyed hash is named: people type passwords there.
 */
#define USERS_SUBJECT_BYTES 16
extern void users_log_failure(const char *what,
							  const uint8 subject[USERS_SUBJECT_BYTES],
							  const UsersClient *client);

extern void users_init_audit(void);

#endif
