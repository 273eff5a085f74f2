#include "pg.h"

#include "account_edit.h"
#include "audit.h"
#include "caller.h"
#include "choice.h"
#include "core/grammar.h"
#include "errors.h"
#include "field.h"
#include "identity.h"
#include "link.h"
#include "mail.h"
#include "outcome.h"
#include "request.h"
#include "settings.h"
#include "shown.h"
#include "subject.h"

PG_FUNCTION_INFO_V1(users_update_account);

enum
{
	USER_ID,
	EMAIL,
	USERNAME,
	FIRST_NAME,
	LAST_NAME,
	LANGUAGE,
	THEME,
	EMAIL_VERIFIED,
	TAGS,
	METADATA,
	ADMIN_METADATA
};

typedef struct Update
{
	UsersSubject subject;
	UsersAccountFields fields;
} Update;

/* Reads and checks what is to change. Inside users_enter_owner. */
static void
read_fields(UsersAccountFields *fields, FunctionCallInfo fcinfo)
{
	if (!PG_ARGISNULL(EMAIL))
		fields->email = users_email_argument(fcinfo, EMAIL, "email");
	if (!PG_ARGISNULL(USERNAME))
	{
		fields->username = users_trimmed_argument(fcinfo, USERNAME);
		if (users_username_check(fields->username, strlen(fields->username)) !=
			USERS_OK)
			users_raise(USERS_E_USERNAME, "username");
	}
	if (!PG_ARGISNULL(FIRST_NAME))
		fields->first_name =
			users_name_argument(fcinfo, FIRST_NAME, "first_name");
	if (!PG_ARGISNULL(LAST_NAME))
		fields->last_name = users_name_argument(fcinfo, LAST_NAME, "last_name");
	fields->language = users_language_argument(fcinfo, LANGUAGE);
	fields->theme = users_theme_argument(fcinfo, THEME);
	fields->says_verified = !PG_ARGISNULL(EMAIL_VERIFIED);
	fields->verified = fields->says_verified && PG_GETARG_BOOL(EMAIL_VERIFIED);
	if (!PG_ARGISNULL(TAGS))
		fields->tags = users_tags_argument(fcinfo, TAGS);
	fields->metadata = users_object_argument(fcinfo, METADATA, "metadata");
	fields->admin_metadata =
		users_object_argument(fcinfo, ADMIN_METADATA, "admin_metadata");
}

/*
 * What is as it was already is no change. A token is not enough to take over
 * its own account: one's own address is changed with the password.
 */
static void
settle_fields(Update *update)
{
	const UsersIdentity *identity = users_identity();
	const UsersAccount *account = &update->subject.account;
	UsersAccountFields *fields = &update->fields;
	bool own = identity != NULL && memcmp(&identity->user_id, &account->user_id,
										  sizeof(pg_uuid_t)) == 0;

	if (fields->email != NULL && strcmp(fields->email, account->email) == 0)
		fields->email = NULL;
	if (fields->username != NULL &&
		strcmp(fields->username, account->username) == 0)
		fields->username = NULL;
	if (own && fields->email != NULL)
		users_raise(USERS_E_NOT_DBA, "email");
	if (own && fields->says_verified && fields->verified != account->verified)
		users_raise(USERS_E_NOT_DBA, "email_verified");
}

/* Takes a new identifier and gives the old one back, unless the two differ in
 * case only. */
static void
exchange(const pg_uuid_t *user_id, const char *kind, const char *old_text,
		 const char *new_text, UsersError taken)
{
	if (new_text == NULL)
		return;
	if (!users_take_identifier(user_id, kind, new_text))
		users_raise(taken, kind);
	if (pg_strcasecmp(old_text, new_text) != 0)
		users_free_identifier(user_id, kind, old_text);
}

static void
store(void *argument)
{
	Update *update = argument;
	const UsersAccount *account = &update->subject.account;
	const UsersAccountFields *fields = &update->fields;

	if (!users_lock_subject(&update->subject))
		return;
	/* Address before username, as sign-up does. */
	exchange(&account->user_id, "email", account->email, fields->email,
			 USERS_E_EMAIL_TAKEN);
	exchange(&account->user_id, "username", account->username, fields->username,
			 USERS_E_USERNAME_TAKEN);
	users_set_fields(account, fields);
}

/* Both addresses hear of the change; the new one gets a link too where nobody
 * signs in without having shown it. */
static void
mail_change(const UsersAccount *before, MemoryContext context)
{
	UsersAccount after;
	UsersLink link;
	UsersMail mail = { .kind = USERS_MAIL_VERIFY_EMAIL,
					   .account = &after,
					   .link = &link };

	users_write_notice(USERS_MAIL_EMAIL_CHANGED, before);
	if (!users_find_account(&after, &before->user_id, context))
		return;
	users_write_notice(USERS_MAIL_EMAIL_CHANGED, &after);
	if (after.verified || !users_settings.require_verified_email)
		return;
	users_make_link(&link, USERS_MAIL_VERIFY_EMAIL, &after, after.email,
					GetCurrentTimestamp(), context);
	users_write_mail(&mail);
}

static void
record(const Update *update, MemoryContext context)
{
	const UsersAccount *before = &update->subject.account;
	const pg_uuid_t *user_id = &before->user_id;

	users_audit_caller("account_updated", user_id, NULL, NULL);
	if (update->fields.username != NULL)
		users_audit_caller("username_changed", user_id, NULL, NULL);
	if (update->fields.email == NULL)
		return;
	users_audit_caller("email_changed", user_id, NULL, NULL);
	mail_change(before, context);
}

/* users_update_account(user_id, email, username, first_name, last_name,
 * language, theme, email_verified, tags, metadata, admin_metadata)
 * users_accounts */
Datum
users_update_account(PG_FUNCTION_ARGS)
{
	UsersCall call;
	Update update = { .subject = { .outdated = false } };
	UsersShown shown;
	bool anything = false;

	users_begin(&call, "users_update_account", USERS_WRITES);
	users_require_administrator(&call);
	for (int i = EMAIL; i <= ADMIN_METADATA; i++)
		anything |= !PG_ARGISNULL(i);
	users_enter_owner(&call);
	users_find_subject(&call, &update.subject, fcinfo);
	users_require_undeleted(&update.subject);
	read_fields(&update.fields, fcinfo);
	settle_fields(&update);
	if (anything)
	{
		users_change_subject(&update.subject, store);
		record(&update, call.context);
	}
	users_show_account(&shown, &update.subject.account.user_id, call.context);
	users_leave_owner(&call);
	return users_row(fcinfo, shown.values, shown.nulls, USERS_ACCOUNT_COLUMNS);
}
