#include "pg.h"

#include <sodium.h>

#include "attempt.h"
#include "caller.h"
#include "choice.h"
#include "errors.h"
#include "hashing.h"
#include "identity.h"
#include "mail.h"
#include "outcome.h"
#include "role.h"
#include "session.h"
#include "settings.h"

PG_FUNCTION_INFO_V1(users_profile);
PG_FUNCTION_INFO_V1(users_options);
PG_FUNCTION_INFO_V1(users_change_password);
PG_FUNCTION_INFO_V1(users_delete_account);

/* users_profile() users_person */
Datum
users_profile(PG_FUNCTION_ARGS)
{
	UsersCall call;
	Datum values[USERS_PERSON_COLUMNS];
	bool nulls[USERS_PERSON_COLUMNS];
	pg_uuid_t user_id;

	users_begin(&call, "users_profile", USERS_READS);
	user_id = users_require_identity()->user_id;
	users_enter_owner(&call);
	if (!users_profile_row(&user_id, values, nulls, call.context))
		users_raise(USERS_E_NO_IDENTITY, NULL);
	users_leave_owner(&call);
	return users_row(fcinfo, values, nulls, USERS_PERSON_COLUMNS);
}

/* users_options() users_public_options */
Datum
users_options(PG_FUNCTION_ARGS)
{
	static const char *const registrations[] = { "open", "invited", "closed" };
	UsersCall call;
	Datum values[8];
	bool nulls[8] = { false };

	users_begin(&call, "users_options", USERS_READS | USERS_ANYWHERE);
	users_enter_owner(&call);
	values[6] = users_language_names(call.context);
	values[7] = users_theme_names(call.context);
	users_leave_owner(&call);
	values[0] = CStringGetTextDatum(registrations[users_settings.registration]);
	values[1] = BoolGetDatum(users_settings.require_verified_email);
	values[2] = Int32GetDatum(users_settings.password_min_length);
	values[3] = Int32GetDatum(users_settings.password_min_strength);
	values[4] = Int32GetDatum(users_settings.picture_max_size * 1024);
	values[5] = CStringGetTextDatum(users_settings.default_language);
	return users_row(fcinfo, values, nulls, lengthof(values));
}

/* A change of the signed-in person's own account, password given. */
typedef struct OwnChange
{
	UsersAccount account;
	UsersPasswordHash hash;
	bool changed; /* by somebody else, meanwhile */
} OwnChange;

static void
store_password(void *argument)
{
	OwnChange *change = argument;

	change->changed = !users_lock_account(&change->account, true);
	if (change->changed)
		return;
	users_set_password_hash(&change->account.user_id, change->hash);
	(void) users_end_sessions(&change->account.user_id, NULL);
}

static void
audit_own(const char *event, const UsersIdentity *identity,
		  const UsersClient *client)
{
	UsersEvent row = { .event = event,
					   .user_id = identity->user_id,
					   .actor_id = &identity->user_id,
					   .session_id = &identity->session_id };

	users_audit(&row, client);
}

/* Carries out work on a change whose password was right; what to answer. */
static UsersVerdict
carry_out(UsersAttempt *attempt, OwnChange *change, void (*work)(void *),
		  const char *event, UsersMailKind notice,
		  const UsersIdentity *identity)
{
	if (!users_with_patience(work, change))
	{
		attempt->retry_after = USERS_BUSY_RETRY;
		return USERS_TOO_BUSY;
	}
	/* The password that was given is not the account's any more. */
	if (change->changed)
		return USERS_REFUSED;
	audit_own(event, identity, &attempt->client);
	users_write_notice(notice, &change->account);
	return USERS_PASSED;
}

/* users_change_password(current_password, new_password, confirm_password)
 * users_outcome */
Datum
users_change_password(PG_FUNCTION_ARGS)
{
	UsersCall call;
	UsersAttempt attempt;
	OwnChange change = { .changed = false };
	UsersVerdict verdict;
	UsersIdentity identity;
	const UsersPassword *new_password;

	users_begin(&call, "users_change_password", USERS_WRITES | USERS_SECRET);
	identity = *users_require_identity();
	users_begin_attempt(&attempt, "users_change_password");
	users_enter_owner(&call);
	users_find_own(&change.account, &identity, call.context);
	new_password = users_take_new_password(fcinfo, 1, 2, &change.account);
	verdict = users_try_password(
		&attempt, &change.account,
		users_take_password(fcinfo, 0, USERS_PRESENT_PASSWORD), call.context);
	if (verdict == USERS_PASSED)
		verdict = users_hash_governed(&attempt, change.hash, new_password)
					  ? carry_out(&attempt, &change, store_password,
								  "password_changed",
								  USERS_MAIL_PASSWORD_CHANGED, &identity)
					  : USERS_TOO_BUSY;
	users_wipe_passwords();
	sodium_memzero(change.hash, sizeof(change.hash));
	users_leave_owner(&call);
	return users_outcome_row(fcinfo, users_verdict_status(verdict),
							 attempt.retry_after, USERS_SIGNED_IN);
}

static void
delete_account(void *argument)
{
	OwnChange *change = argument;
	const pg_uuid_t *user_id = &change->account.user_id;
	const char *routes;

	if (change->account.is_admin && users_lock_other_admins(user_id) == 0)
		users_raise(USERS_E_LAST_ADMIN, NULL);
	change->changed = !users_lock_account(&change->account, true);
	if (change->changed)
		return;
	/* With the account locked: nobody makes it administrator of a domain. */
	routes = users_domains_left_alone(user_id, CurrentMemoryContext);
	if (routes != NULL)
		users_raise_detail(USERS_E_LAST_ADMIN, NULL, "domains: %s", routes);
	users_set_status(user_id, USERS_DELETED, NULL);
	users_delete_identifiers(&change->account);
	(void) users_end_sessions(user_id, NULL);
}

/* users_delete_account(current_password) users_outcome */
Datum
users_delete_account(PG_FUNCTION_ARGS)
{
	UsersCall call;
	UsersAttempt attempt;
	OwnChange change = { .changed = false };
	UsersVerdict verdict;
	UsersIdentity identity;
	const UsersPassword *password;

	users_begin(&call, "users_delete_account", USERS_WRITES | USERS_SECRET);
	identity = *users_require_identity();
	password = users_take_password(fcinfo, 0, USERS_PRESENT_PASSWORD);
	users_begin_attempt(&attempt, "users_delete_account");
	users_enter_owner(&call);
	users_find_own(&change.account, &identity, call.context);
	verdict =
		users_try_password(&attempt, &change.account, password, call.context);
	users_wipe_passwords();
	if (verdict == USERS_PASSED)
		verdict =
			carry_out(&attempt, &change, delete_account, "account_deleted",
					  USERS_MAIL_ACCOUNT_DELETED, &identity);
	users_leave_owner(&call);
	return users_outcome_row(fcinfo, users_verdict_status(verdict),
							 attempt.retry_after, USERS_SIGNED_IN);
}
