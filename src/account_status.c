#include "pg.h"

#include "account_edit.h"
#include "audit.h"
#include "caller.h"
#include "core/grammar.h"
#include "errors.h"
#include "mail.h"
#include "outcome.h"
#include "purge.h"
#include "session.h"
#include "subject.h"
#include "text.h"

#define REASON_MAX 500 /* characters */

PG_FUNCTION_INFO_V1(users_disable_user);
PG_FUNCTION_INFO_V1(users_enable_user);
PG_FUNCTION_INFO_V1(users_delete_user);
PG_FUNCTION_INFO_V1(users_restore_user);
PG_FUNCTION_INFO_V1(users_purge_user);

typedef struct Change
{
	UsersSubject subject;
	UsersAccountStatus status; /* wanted */
	const char *reason;
} Change;

static void
change_status(void *argument)
{
	Change *change = argument;
	const UsersAccount *account = &change->subject.account;

	if (change->status != USERS_ENABLED)
		users_keep_last_admin(account);
	if (!users_lock_subject(&change->subject))
		return;
	users_set_status(&account->user_id, change->status, change->reason);
	if (change->status == USERS_DELETED)
		users_delete_identifiers(account);
	(void) users_end_sessions(&account->user_id, NULL);
}

/* Disables or enables the account of argument 0; whether that was needed. */
static bool
bring_into(UsersCall *call, FunctionCallInfo fcinfo, Change *change,
		   const char *event)
{
	const UsersAccount *account = &change->subject.account;
	bool needed;

	users_enter_owner(call);
	users_find_subject(call, &change->subject, fcinfo);
	users_require_undeleted(&change->subject);
	needed = account->status != change->status;
	if (needed)
	{
		users_change_subject(&change->subject, change_status);
		users_audit_caller(event, &account->user_id, NULL, NULL);
	}
	users_leave_owner(call);
	return needed;
}

/* users_disable_user(user_id uuid, reason text) boolean */
Datum
users_disable_user(PG_FUNCTION_ARGS)
{
	UsersCall call;
	Change change = { .status = USERS_DISABLED };
	char *reason;

	users_begin(&call, "users_disable_user", USERS_WRITES);
	users_require_administrator(&call);
	reason = users_text_argument(fcinfo, 1);
	if (reason != NULL && reason[0] != '\0' &&
		!users_is_name(reason, REASON_MAX))
		users_raise(USERS_E_REASON, "reason");
	change.reason = reason != NULL && reason[0] != '\0' ? reason : NULL;
	PG_RETURN_BOOL(bring_into(&call, fcinfo, &change, "account_disabled"));
}

/* users_enable_user(user_id uuid) boolean */
Datum
users_enable_user(PG_FUNCTION_ARGS)
{
	UsersCall call;
	Change change = { .status = USERS_ENABLED };

	users_begin(&call, "users_enable_user", USERS_WRITES);
	users_require_administrator(&call);
	PG_RETURN_BOOL(bring_into(&call, fcinfo, &change, "account_enabled"));
}

/* users_delete_user(user_id uuid) boolean */
Datum
users_delete_user(PG_FUNCTION_ARGS)
{
	UsersCall call;
	Change change = { .status = USERS_DELETED };
	const UsersAccount *account = &change.subject.account;
	bool needed;

	users_begin(&call, "users_delete_user", USERS_WRITES);
	users_require_administrator(&call);
	users_enter_owner(&call);
	users_find_subject(&call, &change.subject, fcinfo);
	needed = account->status != USERS_DELETED;
	if (needed)
	{
		users_change_subject(&change.subject, change_status);
		users_audit_caller("account_deleted", &account->user_id, NULL, NULL);
		users_write_notice(USERS_MAIL_ACCOUNT_DELETED, account);
	}
	users_leave_owner(&call);
	PG_RETURN_BOOL(needed);
}

/* Takes address and username again, address first as sign-up does, or raises:
 * nothing of it remains then. */
static void
restore(void *argument)
{
	UsersSubject *subject = argument;
	const UsersAccount *account = &subject->account;

	if (!users_lock_subject(subject))
		return;
	if (!users_take_identifier(&account->user_id, "email", account->email))
		users_raise_detail(USERS_E_STATE, "user_id",
						   "taken: email\nThe address is somebody else's now.");
	if (!users_take_identifier(&account->user_id, "username",
							   account->username))
		users_raise_detail(
			USERS_E_STATE, "user_id",
			"taken: username\nThe username is somebody else's now.");
	users_restore_status(&account->user_id);
}

/* users_restore_user(user_id uuid) boolean */
Datum
users_restore_user(PG_FUNCTION_ARGS)
{
	UsersCall call;
	UsersSubject subject = { .outdated = false };
	bool needed;

	users_begin(&call, "users_restore_user", USERS_WRITES);
	users_require_administrator(&call);
	users_enter_owner(&call);
	users_find_subject(&call, &subject, fcinfo);
	needed = subject.account.status == USERS_DELETED;
	if (needed)
	{
		users_change_subject(&subject, restore);
		users_audit_caller("account_restored", &subject.account.user_id, NULL,
						   NULL);
	}
	users_leave_owner(&call);
	PG_RETURN_BOOL(needed);
}

static void
purge(void *argument)
{
	UsersSubject *subject = argument;

	if (users_lock_subject(subject))
		(void) users_purge_accounts_of(&subject->account.user_id, 1);
}

/* users_purge_user(user_id uuid) boolean */
Datum
users_purge_user(PG_FUNCTION_ARGS)
{
	UsersCall call;
	UsersSubject subject = { .outdated = false };

	users_begin(&call, "users_purge_user", USERS_WRITES);
	users_require_administrator(&call);
	users_enter_owner(&call);
	users_find_subject(&call, &subject, fcinfo);
	if (subject.account.status != USERS_DELETED)
		users_raise_detail(USERS_E_STATE, "user_id",
						   "The account is not deleted.");
	users_change_subject(&subject, purge);
	users_audit_caller("account_purged", &subject.account.user_id, NULL, NULL);
	users_leave_owner(&call);
	PG_RETURN_BOOL(true);
}
