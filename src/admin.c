#include "pg.h"

#include <sodium.h>

#include "attempt.h"
#include "caller.h"
#include "errors.h"
#include "handover.h"
#include "hashing.h"
#include "key.h"
#include "outcome.h"
#include "session.h"
#include "signup.h"
#include "site.h"
#include "subject.h"

PG_FUNCTION_INFO_V1(users_create_user);
PG_FUNCTION_INFO_V1(users_set_platform_role);
PG_FUNCTION_INFO_V1(users_unlock);
PG_FUNCTION_INFO_V1(users_id);

/* platform_role: whether it is admin; 22023 for another word. */
static bool
read_platform_role(FunctionCallInfo fcinfo, int n)
{
	char *word = users_text_argument(fcinfo, n);

	if (word != NULL && strcmp(word, "admin") == 0)
		return true;
	if (word == NULL || strcmp(word, "user") != 0)
		users_raise_detail(USERS_E_WORD, "platform_role",
						   "It is user or admin.");
	return false;
}

/* ---- making ---- */

enum
{
	EMAIL,
	USERNAME,
	FIRST_NAME,
	LAST_NAME,
	PASSWORD,
	LANGUAGE,
	PLATFORM_ROLE,
	METADATA,
	SEND_MAIL,
	SITE
};

/* Hashes the password and inserts the account. */
static void
create_with_password(UsersNewAccount *account, const UsersPassword *password)
{
	UsersAttempt attempt;
	UsersPasswordHash hash;

	users_begin_attempt(&attempt, "users_create_user");
	users_require_strong_for(account, password, "password");
	if (!users_hash_governed(&attempt, hash, password))
		users_raise_busy();
	users_wipe_passwords();
	account->password_hash = hash;
	if (!users_create_account(account))
		users_raise_busy();
	account->password_hash = NULL;
	sodium_memzero(hash, sizeof(hash));
}

/* Inserts an account that has no password yet, and gives a link for one. */
static void
create_with_link(Datum values[USERS_LINK_COLUMNS],
				 bool nulls[USERS_LINK_COLUMNS], UsersNewAccount *account,
				 bool send_mail, const char *site, MemoryContext context)
{
	UsersAccount made;

	if (!users_create_account(account))
		users_raise_busy();
	if (!users_find_account(&made, &account->user_id, context))
		elog(ERROR, "the new account is not there");
	users_give_link(values, nulls, USERS_MAIL_WELCOME, &made, send_mail, site,
					context);
}

/* users_create_user(email, username, first_name, last_name, password, language,
 * platform_role, metadata, send_mail, site) users_link */
Datum
users_create_user(PG_FUNCTION_ARGS)
{
	static const UsersSignupArguments at = { EMAIL,		USERNAME, FIRST_NAME,
											 LAST_NAME, LANGUAGE, -1,
											 METADATA };
	UsersCall call;
	UsersNewAccount account;
	Datum values[USERS_LINK_COLUMNS] = { 0 };
	bool nulls[USERS_LINK_COLUMNS] = { false, true, true };
	bool send_mail = PG_ARGISNULL(SEND_MAIL) || PG_GETARG_BOOL(SEND_MAIL);
	char *site;

	users_begin(&call, "users_create_user", USERS_WRITES | USERS_SECRET);
	users_require_administrator(&call);
	if (!PG_ARGISNULL(PASSWORD) && !users_is_dba(&call))
		users_raise(USERS_E_NOT_DBA, "password");
	users_enter_owner(&call);
	users_read_new_account(&account, fcinfo, &at);
	account.is_admin = read_platform_role(fcinfo, PLATFORM_ROLE);
	site = users_site_argument(fcinfo, SITE);
	if (PG_ARGISNULL(PASSWORD))
		create_with_link(values, nulls, &account, send_mail, site,
						 call.context);
	else
		create_with_password(&account, users_take_password(fcinfo, PASSWORD,
														   USERS_NEW_PASSWORD));
	users_make_keys();
	users_audit_caller("account_created", &account.user_id, NULL, NULL);
	users_leave_owner(&call);
	values[0] = UUIDPGetDatum(&account.user_id);
	users_http_no_store();
	return users_row(fcinfo, values, nulls, USERS_LINK_COLUMNS);
}

/* ---- changing ---- */

typedef struct Change
{
	UsersSubject subject;
	bool is_admin;
} Change;

static void
change_platform_role(void *argument)
{
	Change *change = argument;
	const UsersAccount *account = &change->subject.account;

	if (!change->is_admin)
		users_keep_last_admin(account);
	if (!users_lock_subject(&change->subject))
		return;
	users_set_admin(&account->user_id, change->is_admin);
	(void) users_end_sessions(&account->user_id, NULL);
}

/* users_set_platform_role(user_id uuid, platform_role text) boolean */
Datum
users_set_platform_role(PG_FUNCTION_ARGS)
{
	UsersCall call;
	Change change = { .is_admin = false };
	const UsersAccount *account = &change.subject.account;
	bool needed;

	users_begin(&call, "users_set_platform_role", USERS_WRITES);
	users_require_administrator(&call);
	change.is_admin = read_platform_role(fcinfo, 1);
	users_enter_owner(&call);
	users_find_subject(&call, &change.subject, fcinfo);
	users_require_undeleted(&change.subject);
	needed = account->is_admin != change.is_admin;
	if (needed)
	{
		users_change_subject(&change.subject, change_platform_role);
		users_audit_caller("platform_role_changed", &account->user_id,
						   "platform_role", change.is_admin ? "admin" : "user");
	}
	users_leave_owner(&call);
	PG_RETURN_BOOL(needed);
}

/* users_unlock(user_id uuid, client_address inet) boolean */
Datum
users_unlock(PG_FUNCTION_ARGS)
{
	UsersCall call;
	UsersClient client = { .known = false };
	pg_uuid_t *user_id = PG_ARGISNULL(0) ? NULL : PG_GETARG_UUID_P(0);
	bool by_address = !PG_ARGISNULL(1);
	bool lifted = false;

	users_begin(&call, "users_unlock", USERS_WRITES);
	users_require_administrator(&call);
	if (by_address && !users_client_from_inet(&client, PG_GETARG_INET_PP(1)))
		users_raise_detail(USERS_E_WORD, "client_address",
						   "It is one address, or a /64 of IPv6.");
	if (user_id == NULL && !by_address)
		PG_RETURN_BOOL(false);
	users_enter_owner(&call);
	lifted = users_lift_throttle(user_id, by_address ? &client : NULL);
	if (lifted)
		users_audit_caller("account_unlocked", user_id, NULL, NULL);
	users_leave_owner(&call);
	PG_RETURN_BOOL(lifted);
}

/* users_id(identifier text) uuid */
Datum
users_id(PG_FUNCTION_ARGS)
{
	UsersCall call;
	UsersAccount account;
	pg_uuid_t *result;
	text *typed;

	users_begin(&call, "users_id", USERS_READS);
	users_require_administrator(&call);
	if (PG_ARGISNULL(0))
		users_raise(USERS_E_UNKNOWN, "identifier");
	typed = PG_GETARG_TEXT_PP(0);
	users_enter_owner(&call);
	if (!users_find_identifier(&account, VARDATA_ANY(typed),
							   VARSIZE_ANY_EXHDR(typed)))
		users_raise_busy();
	users_leave_owner(&call);
	if (!account.exists)
		users_raise(USERS_E_UNKNOWN, "identifier");
	result = palloc(sizeof(pg_uuid_t));
	*result = account.user_id;
	PG_RETURN_UUID_P(result);
}
