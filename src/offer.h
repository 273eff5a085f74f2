/* An invitation with all that decides whether it holds: what accepting by id,
 * by token and by signing up have in common. Inside users_enter_owner. */
#ifndef USERS_OFFER_H
#define USERS_OFFER_H

#include <stdbool.h>

#include "domain.h"
#include "invitation.h"
#include "link.h"
#include "role.h"

typedef struct UsersOffer
{
	UsersInvitation invitation;
	UsersRole role;
	UsersDomain domain;
	UsersAccount inviter; /* of a DBA's or a purged inviter's none exists */
	bool has_link;
	UsersLink link; /* the token that was given */
} UsersOffer;

/* Reads what an invitation is now, all but the link; false when it is gone.
 * Texts in context. */
extern bool users_read_offer(UsersOffer *offer, const pg_uuid_t *invitation_id,
							 MemoryContext context);

/* The offer of the token of argument n; false when the token is not good. */
extern bool users_find_offer(UsersOffer *offer, FunctionCallInfo fcinfo, int n,
							 MemoryContext context);

/* Whether it can be answered: it waits, and the token, if one was given, is
 * one of it as it is now. */
extern bool users_offer_waits(const UsersOffer *offer);

/* Whether it can be accepted at this moment: it waits, its domain is enabled,
 * and the inviter may still give the role. */
extern bool users_offer_holds(const UsersOffer *offer);

/* Locks its domain and reads it again; false when it is gone. For
 * users_with_patience, and only after it was seen once to be good. */
extern bool users_lock_offer(UsersOffer *offer, MemoryContext context);

/* The account takes the role of a locked offer that holds; the link must have
 * been spent. Audit and mail included. */
extern void users_take_offer(const UsersOffer *offer,
							 const UsersAccount *account,
							 const UsersClient *client,
							 const pg_uuid_t *session_id);

/* Likewise it says no to one that waits. */
extern void users_decline_offer(const UsersOffer *offer,
								const UsersAccount *account,
								const UsersClient *client,
								const pg_uuid_t *session_id);

#endif
