#include "pg.h"

#include "core/uuid.h"
#include "invitation_mail.h"
#include "site.h"
#include "utils/json.h"

const char *
users_inviter_name(const UsersOffer *offer)
{
	UsersSite site;

	if (offer->inviter.exists)
		return users_full_name(&offer->inviter);
	users_find_site(&site, offer->invitation.site, CurrentMemoryContext);
	return site.product_name;
}

/* What a template may name, as JSON: domain, role and a person. */
static char *
name_all(const UsersOffer *offer, const char *person, const char *name)
{
	StringInfoData data;

	initStringInfo(&data);
	appendStringInfoString(&data, "{\"domain_name\": ");
	escape_json(&data, offer->domain.name);
	appendStringInfoString(&data, ", \"role_name\": ");
	escape_json(&data, offer->role.name);
	appendStringInfo(&data, ", \"%s\": ", person);
	escape_json(&data, name);
	appendStringInfoChar(&data, '}');
	return data.data;
}

/* ---- to who is invited ---- */

/*
 * The link and the mail. An invitation by address is the mailbox's, whoever's
 * account has that address: its link is nobody's, and no change of an account
 * ends it. One by username is the account's, and so is its link.
 */
static void
write_invitation(const UsersMailRequest *request, const UsersOffer *offer,
				 const UsersAccount *account, const char *recipient)
{
	UsersAccount mailbox = { .exists = false };
	UsersLink link;
	UsersMail mail = { .kind = USERS_MAIL_INVITATION,
					   .account = account,
					   .recipient = recipient,
					   .site = request->site,
					   .link = &link,
					   .by_relay = true };

	if (offer->invitation.by_email)
	{
		UsersUuid derived;

		users_uuid_v8(&derived, account->subject);
		memcpy(&mailbox.user_id, &derived, sizeof(mailbox.user_id));
		mail.account = &mailbox;
		mail.language = account->exists ? account->language : NULL;
	}
	users_make_invitation_link(&link, mail.account, recipient,
							   &offer->invitation.id, request->created_at,
							   CurrentMemoryContext);
	mail.data = name_all(offer, "inviter_name", users_inviter_name(offer));
	users_write_mail(&mail);
}

bool
users_mail_invitation(const UsersMailRequest *request,
					  const UsersAccount *account)
{
	UsersOffer offer = { .has_link = false };
	const UsersInvitation *invitation = &offer.invitation;
	UsersAccount named;

	if (!users_read_offer(&offer, &request->invitation_id,
						  CurrentMemoryContext) ||
		!users_offer_holds(&offer) ||
		!users_mail_kind_is_on(USERS_MAIL_INVITATION))
		return false;
	if (!invitation->by_email)
	{
		/* Who bore the name when they were invited, whoever does now. Whoever
		 * reads an unverified mailbox must not answer in their place. */
		account = &named;
		if (!users_find_account(&named, &invitation->invitee_id,
								CurrentMemoryContext) ||
			!named.verified)
			return false;
	}
	if (account->exists &&
		(account->status != USERS_ENABLED ||
		 users_has_role(&account->user_id, &invitation->role_id, NULL, NULL)))
		return false;
	write_invitation(request, &offer, account,
					 account->exists ? account->email : invitation->invitee);
	return true;
}

bool
users_bind_to_invitation(UsersLink *link, MemoryContext context)
{
	UsersOffer offer = { .has_link = true, .link = *link };

	if (link->kind != USERS_MAIL_INVITATION)
		return true;
	if (!link->has_invitation ||
		!users_read_offer(&offer, &link->invitation_id, context) ||
		!users_offer_holds(&offer))
		return false;
	link->ends_by = offer.invitation.expires_at;
	return true;
}

/* ---- to the inviter ---- */

void
users_mail_answer(UsersMailKind kind, const UsersOffer *offer,
				  const UsersAccount *account)
{
	UsersMail mail = { .kind = kind,
					   .account = &offer->inviter,
					   .site = offer->invitation.site,
					   .data = name_all(offer, "invitee_name",
										users_full_name(account)) };

	if (offer->inviter.exists && offer->inviter.status == USERS_ENABLED)
		users_write_mail(&mail);
}
