/*
 * Who is signed in: set by a verified token, kept in backend memory, never in
 * a setting. Moves with the role through savepoints, and ends with the
 * transaction or the token. A parallel worker has its leader's.
 */
#ifndef USERS_IDENTITY_H
#define USERS_IDENTITY_H

#include <stdbool.h>

typedef struct UsersIdentity
{
	pg_uuid_t user_id;
	pg_uuid_t session_id;
	TimestampTz expires_at;
	bool is_admin; /* the token's role: users_admin or users_member */
} UsersIdentity;

/* What users_identity goes by. */
typedef struct UsersPresence
{
	const UsersIdentity *identity; /* expired or not */
	bool was_read;				   /* since it was set */
} UsersPresence;

extern UsersPresence users_presence;

/* What a parallel worker has from its leader; NULL elsewhere. */
extern const UsersIdentity *users_leaders_identity(void);

/* The present identity, expired or not; NULL without one. Here, as the next one
 * is, since policies ask with every row. */
static inline const UsersIdentity *
users_present_identity(void)
{
	users_presence.was_read = true;
	return likely(users_presence.identity != NULL) ? users_presence.identity
												   : users_leaders_identity();
}

/* The present identity; NULL without one, and once its token had expired at
 * the start of the statement. */
static inline const UsersIdentity *
users_identity(void)
{
	const UsersIdentity *identity = users_present_identity();

	/* By the statement's start, which a worker has from its leader: by the
	 * clock, a scan would be cut short. */
	if (identity == NULL ||
		unlikely(identity->expires_at <= GetCurrentStatementStartTimestamp()))
		return NULL;
	return identity;
}

/* Whether there is one, expired or not. */
static inline bool
users_identity_present(void)
{
	return users_present_identity() != NULL;
}

/* The present identity, or 28000. */
extern const UsersIdentity *users_require_identity(void);

/* Takes one on, at the present nesting level of the transaction; not in
 * parallel mode. */
extern void users_identity_set(const UsersIdentity *identity);

/* Database role of a token. */
extern const char *users_role_name(bool is_admin);

/* The shared memory from which parallel workers read it: size in bytes, for
 * shmem_request_hook; and the start, under AddinShmemInitLock. */
extern Size users_identity_shmem_size(void);
extern void users_identity_shmem_start(void);

/* Registers the transaction callbacks; called once, by _PG_init. */
extern void users_init_identity(void);

#endif
