#include "pg.h"

#include "audit.h"
#include "caller.h"
#include "errors.h"
#include "ids.h"
#include "invitation_mail.h"
#include "mail.h"
#include "resolve.h"

#define REQUESTS_AT_ONCE 100

static bool
write_link_mail(UsersMailKind kind, const UsersAccount *account,
				const UsersMailRequest *request, const char *recipient)
{
	UsersLink link;
	UsersMail mail = { .kind = kind,
					   .account = account,
					   .recipient = recipient,
					   .site = request->site,
					   .link = &link,
					   .by_relay = true };

	if (!users_mail_kind_is_on(kind))
		return false;
	users_make_link(&link, kind, account, recipient, request->created_at,
					CurrentMemoryContext);
	users_write_mail(&mail);
	return true;
}

static bool
write_reset(const UsersAccount *account, const UsersMailRequest *request)
{
	UsersEvent event = { .event = "reset_requested",
						 .user_id = account->user_id,
						 .by_relay = true };

	if (!account->exists || account->status != USERS_ENABLED)
		return false;
	users_audit(&event, &request->client);
	return write_link_mail(USERS_MAIL_RESET_PASSWORD, account, request,
						   account->email);
}

/* The notice goes to the address as its owner spells it. */
static bool
write_already_registered(const UsersAccount *owner,
						 const UsersMailRequest *request)
{
	UsersMail mail = { .kind = USERS_MAIL_ALREADY_REGISTERED,
					   .account = owner,
					   .site = request->site,
					   .by_relay = true };

	users_write_mail(&mail);
	return true;
}

/* Somebody signed in wants this address: unless it is taken, and if they still
 * want it. */
static bool
write_change(const UsersAccount *owner, const UsersMailRequest *request)
{
	UsersAccount account;

	if (!users_find_account(&account, &request->user_id,
							CurrentMemoryContext) ||
		account.status != USERS_ENABLED || account.pending_email == NULL ||
		strcmp(account.pending_email, request->email) != 0)
		return false;
	if (owner->exists &&
		memcmp(&owner->user_id, &account.user_id, sizeof(pg_uuid_t)) != 0)
		return write_already_registered(owner, request);
	return write_link_mail(USERS_MAIL_VERIFY_EMAIL, &account, request,
						   request->email);
}

/* Whether it became a mail. */
static bool
resolve(const UsersMailRequest *request)
{
	UsersAccount account;

	if (!users_find_identifier(&account, request->email,
							   strlen(request->email)))
		users_raise_busy();
	users_load_account(&account, CurrentMemoryContext);
	switch ((int) request->kind)
	{
		case USERS_MAIL_RESET_PASSWORD:
			return write_reset(&account, request);
		case USERS_MAIL_REGISTRATION:
			return account.exists
					   ? write_already_registered(&account, request)
					   : write_link_mail(USERS_MAIL_REGISTRATION, &account,
										 request, request->email);
		case USERS_MAIL_VERIFY_EMAIL:
			if (request->has_user)
				return write_change(&account, request);
			return account.exists && account.status == USERS_ENABLED &&
				   !account.verified &&
				   write_link_mail(USERS_MAIL_VERIFY_EMAIL, &account, request,
								   account.email);
		case USERS_MAIL_INVITATION:
			return users_mail_invitation(request, &account);
		default:
			return false;
	}
}

int
users_resolve_requests(UsersMailClass mail_class, int n, int max)
{
	TimestampTz oldest =
		users_after(GetCurrentTimestamp(), -USERS_UNCLAIMED_MAX);
	int seen = 0;
	int made = 0;
	int taken = 1;

	while (taken > 0 && seen < max && made < n)
	{
		UsersMailRequest *requests;

		taken = users_take_requests(&requests, mail_class, REQUESTS_AT_ONCE,
									CurrentMemoryContext);
		for (int i = 0; i < taken; i++)
			if (requests[i].created_at >= oldest)
				made += resolve(&requests[i]);
		seen += taken;
	}
	return seen;
}
