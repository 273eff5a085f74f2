#include "pg.h"

#include "errors.h"
#include "identity.h"
#include "power.h"
#include "subject.h"

/*
 * A transaction that began with an administrator's token goes on when the
 * account is disabled or demoted meanwhile: it must not undo that.
 */
static void
refuse_self_help(const UsersAccount *account)
{
	const UsersIdentity *identity = users_identity();

	if (identity != NULL &&
		memcmp(&identity->user_id, &account->user_id, sizeof(pg_uuid_t)) == 0 &&
		(account->status != USERS_ENABLED || !account->is_admin))
		users_raise(USERS_E_NOT_DBA, NULL);
}

void
users_find_subject(const UsersCall *call, UsersSubject *subject,
				   FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0) ||
		!users_find_account(&subject->account, PG_GETARG_UUID_P(0),
							call->context))
		users_raise(USERS_E_UNKNOWN, "user_id");
	users_require_power_over(call, &subject->account);
	refuse_self_help(&subject->account);
}

void
users_require_undeleted(const UsersSubject *subject)
{
	if (subject->account.status == USERS_DELETED)
		users_raise_detail(USERS_E_STATE, "user_id", "The account is deleted.");
}

void
users_keep_last_admin(const UsersAccount *account)
{
	if (account->is_admin && account->status == USERS_ENABLED &&
		users_lock_other_admins(&account->user_id) == 0)
		users_raise(USERS_E_LAST_ADMIN, "user_id");
}

bool
users_lock_subject(UsersSubject *subject)
{
	pg_uuid_t user_id = subject->account.user_id;

	subject->outdated =
		!users_lock_account(&subject->account, true) ||
		!users_find_account(&subject->account, &user_id,
							GetMemoryChunkContext(subject->account.email));
	return !subject->outdated;
}

void
users_change_subject(UsersSubject *subject, void (*work)(void *))
{
	if (!users_with_patience(work, subject) || subject->outdated)
		users_raise_busy();
}
