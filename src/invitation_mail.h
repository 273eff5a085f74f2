/* What invitations mail: to who is invited, when the relay claims it, and to
 * the inviter. Inside users_enter_owner. */
#ifndef USERS_INVITATION_MAIL_H
#define USERS_INVITATION_MAIL_H

#include "mail.h"
#include "offer.h"

/*
 * Writes the mail that users_invite asked for, and says so, or nothing: when
 * the invitation does not hold any more, nobody bears the username or not with
 * a verified address, or whose account it is holds the role. account is whose
 * the request's identifier is now, or nobody's.
 */
extern bool users_mail_invitation(const UsersMailRequest *request,
								  const UsersAccount *account);

/* Whether a link of a claimed mail still leads to an invitation that holds; it
 * then ends by the invitation's end. True for other kinds of links. */
extern bool users_bind_to_invitation(UsersLink *link, MemoryContext context);

/* Tells the inviter, if there is one and enabled, what the account answered. */
extern void users_mail_answer(UsersMailKind kind, const UsersOffer *offer,
							  const UsersAccount *account);

/* Who invites, as the invited read it: first and last name, or the product's
 * name for a DBA. In the present memory context, or of the settings. */
extern const char *users_inviter_name(const UsersOffer *offer);

#endif
