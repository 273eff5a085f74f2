#include <string.h>

#include "kind.h"

#define COMMON "product_name", "email"
#define NAMES  "first_name", "last_name", "username"
#define LINK   "link", "expires_at"

static const char *const to_person_with_link[] = { COMMON, NAMES, LINK, NULL };
static const char *const to_stranger[] = { COMMON, LINK, NULL };
static const char *const notice[] = { COMMON, NAMES, "time", NULL };
static const char *const invitation[] = { COMMON,		  LINK,
										  "domain_name",  "role_name",
										  "inviter_name", NULL };
static const char *const answer[] = {
	COMMON, NAMES, "time", "domain_name", "role_name", "invitee_name", NULL
};
static const char *const sign_in[] = { COMMON,			 NAMES,
									   "time",			 "device",
									   "client_address", NULL };

const UsersMailKindInfo users_mail_kinds[USERS_MAIL_KINDS] = {
	[USERS_MAIL_WELCOME] = { "welcome", USERS_CLASS_VERIFICATION, true,
							 to_person_with_link },
	[USERS_MAIL_REGISTRATION] = { "registration", USERS_CLASS_VERIFICATION,
								  true, to_stranger },
	[USERS_MAIL_VERIFY_EMAIL] = { "verify_email", USERS_CLASS_VERIFICATION,
								  true, to_person_with_link },
	[USERS_MAIL_RESET_PASSWORD] = { "reset_password", USERS_CLASS_SECURITY,
									true, to_person_with_link },
	[USERS_MAIL_PASSWORD_CHANGED] = { "password_changed", USERS_CLASS_SECURITY,
									  false, notice },
	[USERS_MAIL_EMAIL_CHANGE_REQUESTED] = { "email_change_requested",
											USERS_CLASS_SECURITY, false,
											notice },
	[USERS_MAIL_EMAIL_CHANGED] = { "email_changed", USERS_CLASS_SECURITY, false,
								   notice },
	[USERS_MAIL_ALREADY_REGISTERED] = { "already_registered",
										USERS_CLASS_VERIFICATION, false,
										notice },
	[USERS_MAIL_INVITATION] = { "invitation", USERS_CLASS_INVITATION, true,
								invitation },
	[USERS_MAIL_INVITATION_ACCEPTED] = { "invitation_accepted",
										 USERS_CLASS_INVITATION, false,
										 answer },
	[USERS_MAIL_INVITATION_REJECTED] = { "invitation_rejected",
										 USERS_CLASS_INVITATION, false,
										 answer },
	[USERS_MAIL_ACCOUNT_DELETED] = { "account_deleted", USERS_CLASS_SECURITY,
									 false, notice },
	[USERS_MAIL_NEW_SIGN_IN] = { "new_sign_in", USERS_CLASS_SECURITY, false,
								 sign_in },
};

UsersMailKind
users_mail_kind(const char *name, size_t len)
{
	int kind;

	for (kind = 0; kind < USERS_MAIL_KINDS; kind++)
	{
		const char *candidate = users_mail_kinds[kind].name;

		if (strlen(candidate) == len && memcmp(candidate, name, len) == 0)
			break;
	}
	return (UsersMailKind) kind;
}

/* The next word of a list and its length, 0 at the end; moves *list past it. */
static const char *
next_word(const char **list, size_t *len)
{
	const char *word = *list + strspn(*list, ", ");

	*len = strcspn(word, ", ");
	*list = word + *len;
	return word;
}

bool
users_mail_kind_listed(const char *list, UsersMailKind kind)
{
	size_t len;
	const char *word;

	while ((word = next_word(&list, &len)), len > 0)
		if (users_mail_kind(word, len) == kind)
			return true;
	return false;
}

bool
users_mail_kinds_valid(const char *list)
{
	size_t len;
	const char *word;

	while ((word = next_word(&list, &len)), len > 0)
		if (users_mail_kind(word, len) == USERS_MAIL_KINDS)
			return false;
	return true;
}
