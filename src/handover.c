#include "pg.h"

#include <sodium.h>

#include "errors.h"
#include "handover.h"
#include "mail.h"
#include "site.h"

static void
mail_link(UsersMailKind kind, const UsersAccount *account, const char *site)
{
	UsersLink link;
	UsersMail mail = {
		.kind = kind, .account = account, .site = site, .link = &link
	};

	users_make_link(&link, kind, account, account->email, GetCurrentTimestamp(),
					CurrentMemoryContext);
	users_write_mail(&mail);
}

void
users_give_link(Datum values[USERS_LINK_COLUMNS],
				bool nulls[USERS_LINK_COLUMNS], UsersMailKind kind,
				const UsersAccount *account, bool send_mail, const char *site,
				MemoryContext context)
{
	UsersLink link;
	UsersLinkToken token;
	UsersSite pages;
	MemoryContext old;

	values[0] = UUIDPGetDatum(&account->user_id);
	nulls[0] = false;
	nulls[1] = nulls[2] = send_mail;
	if (send_mail && !users_mail_kind_is_on(kind))
		users_raise_detail(
			USERS_E_STATE, "send_mail",
			"Mails of this kind are off in users.mail_kinds_off.");
	if (send_mail)
	{
		mail_link(kind, account, site);
		return;
	}
	users_make_link(&link, kind, account, "", GetCurrentTimestamp(), context);
	users_hand_out_link(&link, token);
	users_find_site(&pages, site, context);
	old = MemoryContextSwitchTo(context);
	values[1] = CStringGetTextDatum(users_site_link(&pages, kind, token));
	MemoryContextSwitchTo(old);
	values[2] = TimestampTzGetDatum(link.expires_at);
	sodium_memzero(token, sizeof(token));
}
