/* The table invitation. Inside users_enter_owner. Whoever changes one holds the
 * lock of its domain (users_lock_domain). */
#ifndef USERS_INVITATION_H
#define USERS_INVITATION_H

#include <stdbool.h>

#include "account.h"

typedef struct UsersInvitation
{
	pg_uuid_t id;
	pg_uuid_t domain_id;
	pg_uuid_t role_id;
	bool has_inviter; /* false: a DBA without a token */
	pg_uuid_t inviter_id;
	char *invitee; /* as it was written, checked by its grammar */
	bool by_email; /* else by username */
	/* By username: who bore it, or a derived id of nobody's. */
	pg_uuid_t invitee_id;
	char *site; /* NULL: none */
	bool pending;
	TimestampTz expires_at;
} UsersInvitation;

/* Read with the latest snapshot; false when there is none. Texts in context. */
extern bool users_find_invitation(UsersInvitation *invitation,
								  const pg_uuid_t *id, MemoryContext context);

/* The pending one, expired or not, of a role and an invitee in any case. */
extern bool users_find_pending_invitation(pg_uuid_t *id,
										  const pg_uuid_t *role_id,
										  const char *invitee);

/* Whether it can still be answered: pending, and in time by the clock. */
extern bool users_invitation_waits(const UsersInvitation *invitation);

/* Whether it was made for this account: for who bore the username when it was
 * sent, or for the account's verified address. */
extern bool users_invitation_is_for(const UsersInvitation *invitation,
									const UsersAccount *account);

/* Argument n, a username or an email address, checked: US001 US002. */
extern void users_invitee_argument(UsersInvitation *invitation,
								   FunctionCallInfo fcinfo, int n);

/* Finds who bears the username now, or an id of nobody's: the same work for
 * both. False when somebody else is making the root key. */
extern bool users_find_bearer(UsersInvitation *invitation);

/* Inserts a pending one that was made at a time and ends at its expires_at. */
extern void users_insert_invitation(const UsersInvitation *invitation,
									TimestampTz created_at);

/* Inserts a pending one, or (renew) brings the pending one of that id up to
 * date. Its time begins now; expires_at is filled in. */
extern void users_put_invitation(UsersInvitation *invitation, bool renew);

/* It was accepted by somebody, rejected or withdrawn (accepted_by NULL). */
extern void users_settle_invitation(const pg_uuid_t *id, const char *status,
									const pg_uuid_t *accepted_by);

/* Deletes those that ended, or would have, before a time; at most max. */
extern int64 users_purge_invitations(TimestampTz before, int max);

/* Deletes invitations that some users, uuid[], sent, got or accepted, or that
 * name what was their address, text[] in lower case, from before a time. How
 * many. */
extern int64 users_forget_invitations(Datum user_ids, Datum emails,
									  TimestampTz before);

extern void users_init_invitation(void);

#endif
