#include "pg.h"

#include "audit.h"
#include "invitation_mail.h"
#include "offer.h"

bool
users_read_offer(UsersOffer *offer, const pg_uuid_t *invitation_id,
				 MemoryContext context)
{
	UsersInvitation *invitation = &offer->invitation;
	pg_uuid_t id = *invitation_id; /* may be the one that is overwritten */

	memset(&offer->inviter, 0, sizeof(offer->inviter));
	if (!users_find_invitation(invitation, &id, context) ||
		!users_find_role(&offer->role, &invitation->role_id, context) ||
		!users_find_domain(&offer->domain, &invitation->domain_id, context))
		return false;
	if (invitation->has_inviter)
		(void) users_find_account(&offer->inviter, &invitation->inviter_id,
								  context);
	return true;
}

bool
users_find_offer(UsersOffer *offer, FunctionCallInfo fcinfo, int n,
				 MemoryContext context)
{
	UsersAccount account;

	offer->has_link =
		users_find_link(&offer->link, &account, fcinfo, n,
						USERS_MAIL_INVITATION, USERS_MAIL_INVITATION, context);
	return offer->has_link && offer->link.has_invitation &&
		   users_read_offer(offer, &offer->link.invitation_id, context);
}

/* The token leads to this invitation. One by username that was renewed may be
 * somebody else's by now: a link to who bore the name before is over. */
static bool
link_is_of(const UsersLink *link, const UsersInvitation *invitation)
{
	return memcmp(&link->invitation_id, &invitation->id, sizeof(pg_uuid_t)) ==
			   0 &&
		   (invitation->by_email ||
			memcmp(&link->user_id, &invitation->invitee_id,
				   sizeof(pg_uuid_t)) == 0);
}

bool
users_offer_waits(const UsersOffer *offer)
{
	return users_invitation_waits(&offer->invitation) &&
		   (!offer->has_link || link_is_of(&offer->link, &offer->invitation));
}

bool
users_offer_holds(const UsersOffer *offer)
{
	const UsersAccount *inviter = &offer->inviter;

	if (!users_offer_waits(offer) ||
		strcmp(offer->domain.status, "enabled") != 0)
		return false;
	if (!offer->invitation.has_inviter)
		return true;
	return inviter->exists && inviter->status == USERS_ENABLED &&
		   (inviter->is_admin ||
			users_may_assign(&inviter->user_id, &offer->role, NULL, NULL));
}

bool
users_lock_offer(UsersOffer *offer, MemoryContext context)
{
	return users_lock_domain(&offer->invitation.domain_id) &&
		   users_read_offer(offer, &offer->invitation.id, context);
}

/* ---- answering ---- */

static void
record(const char *name, const UsersOffer *offer, const UsersAccount *account,
	   const UsersClient *client, const pg_uuid_t *session_id)
{
	Datum id = UUIDPGetDatum(&offer->invitation.id);
	UsersEvent event = { .event = name,
						 .user_id = account->user_id,
						 .actor_id = &account->user_id,
						 .session_id = session_id,
						 .domain_id = &offer->domain.id,
						 .detail_name = "invitation",
						 .detail_value = DatumGetCString(
							 DirectFunctionCall1(uuid_out, id)) };

	users_audit(&event, client);
}

void
users_take_offer(const UsersOffer *offer, const UsersAccount *account,
				 const UsersClient *client, const pg_uuid_t *session_id)
{
	const UsersInvitation *invitation = &offer->invitation;
	const pg_uuid_t *granter =
		invitation->has_inviter ? &invitation->inviter_id : NULL;
	/* Somebody may have given them the role meanwhile. */
	bool granted =
		users_assign(&account->user_id, &offer->role, NULL, NULL, granter);

	users_settle_invitation(&invitation->id, "accepted", &account->user_id);
	record("invitation_accepted", offer, account, client, session_id);
	if (granted)
		record("role_granted", offer, account, client, session_id);
	users_mail_answer(USERS_MAIL_INVITATION_ACCEPTED, offer, account);
}

void
users_decline_offer(const UsersOffer *offer, const UsersAccount *account,
					const UsersClient *client, const pg_uuid_t *session_id)
{
	users_settle_invitation(&offer->invitation.id, "rejected", NULL);
	record("invitation_rejected", offer, account, client, session_id);
	users_mail_answer(USERS_MAIL_INVITATION_REJECTED, offer, account);
}
