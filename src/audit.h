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
