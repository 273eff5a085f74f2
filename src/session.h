/* The table session: opened by a sign-in, rotated by refresh, ended. All of
 * these work inside users_enter_owner. */
#ifndef USERS_SESSION_H
#define USERS_SESSION_H

#include "account.h"
#include "core/refresh.h"
#include "outcome.h"

/* A session's row, and where its refresh tokens stand. */
typedef struct UsersSession
{
	pg_uuid_t user_id;
	pg_uuid_t id;
	uint8 nonce[USERS_SESSION_NONCE];
	UsersRefreshState state;
	TimestampTz expires_at;
	TimestampTz ends_at;
	TimestampTz authenticated_at;
	bool ended;
} UsersSession;

/*
 * Opens a session for an account whose password was found right (or that was
 * just made) and fills out with status ok and its tokens, texts in context. id
 * is what it is to be called, once, or NULL: a new one.
 * USERS_OPEN_CHANGED when the account has changed since it was read (password,
 * status, role): judge anew. USERS_OPEN_SPENT when there is one of this id,
 * even one that has ended. USERS_OPEN_BUSY when a row's lock did not come.
 */
typedef enum UsersOpening
{
	USERS_OPENED,
	USERS_OPEN_CHANGED,
	USERS_OPEN_SPENT,
	USERS_OPEN_BUSY
} UsersOpening;

extern UsersOpening users_open_session(UsersSignedIn *out,
									   const UsersAccount *account,
									   const pg_uuid_t *id, const char *label,
									   const UsersClient *client,
									   MemoryContext context);

/* The session that a refresh token names, its tag not looked at; false when
 * there is none. */
extern bool users_find_session(UsersSession *session,
							   const UsersRefresh *token);

/* Spends the present refresh token: *rotated false, somebody else was faster.
 * The result is false when the row's lock did not come. */
extern bool users_rotate_session(UsersSession *session, bool *rotated);

/* The session's present refresh token and a new access token, in context. */
extern void users_mint_tokens(UsersSignedIn *out, const UsersSession *session,
							  bool is_admin, MemoryContext context);

/*
 * End sessions: one; all of a user's, but for the one of keep (may be NULL);
 * everybody's. They wait for row locks (users_with_patience), and make the
 * commit wait for standbys. How many were live.
 */
extern int64 users_end_session(const pg_uuid_t *user_id, const pg_uuid_t *id);
extern int64 users_end_sessions(const pg_uuid_t *user_id,
								const pg_uuid_t *keep);
extern int64 users_end_all_sessions(void);
/* One whose spent token came again. This commit does not wait for standbys,
 * or anybody with a spent token could hang connections. */
extern int64 users_end_reused(const pg_uuid_t *user_id, const pg_uuid_t *id);

/* The password was asked for again: authenticated_at is now. False when the
 * session has ended. */
extern bool users_touch_session(const pg_uuid_t *user_id, const pg_uuid_t *id);

/* Whose session it is; false when there is none. */
extern bool users_find_session_owner(const pg_uuid_t *id, pg_uuid_t *user_id);

/* Deletes rows of what ended, whatever way, before a time, at most max; the
 * account then remembers when it last signed in. What somebody else has locked
 * waits for the next time. */
extern int64 users_purge_sessions(TimestampTz before, int max);

extern void users_init_session(void);

#endif
