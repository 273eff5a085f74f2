#include "pg.h"

#include <sodium.h>

#include "attempt.h"
#include "audit.h"
#include "caller.h"
#include "errors.h"
#include "handover.h"
#include "hashing.h"
#include "identity.h"
#include "link.h"
#include "mail.h"
#include "outcome.h"
#include "power.h"
#include "request.h"
#include "session.h"
#include "site.h"

PG_FUNCTION_INFO_V1(users_request_reset);
PG_FUNCTION_INFO_V1(users_reset_password);
PG_FUNCTION_INFO_V1(users_issue_reset);

/* users_request_reset(email text, site text) users_outcome */
Datum
users_request_reset(PG_FUNCTION_ARGS)
{
	return users_request_function(fcinfo, "users_request_reset",
								  USERS_MAIL_RESET_PASSWORD);
}

/* ---- redeeming ---- */

typedef struct Reset
{
	UsersLink link;
	UsersAccount account;
	UsersPasswordHash hash;
	bool done;
	bool verified; /* the address, by this link */
} Reset;

/* Whoever comes second finds the account changed. For users_with_patience. */
static void
store_reset(void *argument)
{
	Reset *reset = argument;
	const pg_uuid_t *user_id = &reset->account.user_id;

	reset->done = users_lock_account(&reset->account, true) &&
				  users_spend_link(&reset->link);
	if (!reset->done)
		return;
	users_set_password_hash(user_id, reset->hash);
	(void) users_end_sessions(user_id, NULL);
	/* A link that was handed over has been in no mailbox. */
	reset->verified =
		strcmp(reset->link.recipient, reset->account.email) == 0 &&
		users_set_verified(user_id);
}

static void
record_reset(const Reset *reset, const UsersClient *client)
{
	UsersEvent event = { .event = "password_reset",
						 .user_id = reset->account.user_id };

	users_audit(&event, client);
	event.event = "email_verified";
	if (reset->verified)
		users_audit(&event, client);
	users_write_notice(USERS_MAIL_PASSWORD_CHANGED, &reset->account);
	(void) users_lift_throttle(&reset->account.user_id, NULL);
}

/* Sets the new password of an account whose link was found good. */
static const char *
reset_password(Reset *reset, UsersAttempt *attempt,
			   const UsersPassword *password)
{
	if (!users_hash_governed(attempt, reset->hash, password))
		return "busy";
	if (!users_try_to_write(attempt, store_reset, reset))
		return "busy";
	if (!reset->done)
		return "invalid_token";
	record_reset(reset, &attempt->client);
	return "ok";
}

/* users_reset_password(token, new_password, confirm_password) users_outcome */
Datum
users_reset_password(PG_FUNCTION_ARGS)
{
	UsersCall call;
	UsersAttempt attempt;
	Reset reset = { .done = false };
	const char *status = "invalid_token";

	users_begin(&call, "users_reset_password", USERS_WRITES | USERS_SECRET);
	users_begin_attempt(&attempt, "users_reset_password");
	users_enter_owner(&call);
	if (users_find_link(&reset.link, &reset.account, fcinfo, 0,
						USERS_MAIL_RESET_PASSWORD, USERS_MAIL_WELCOME,
						call.context))
		status = reset_password(
			&reset, &attempt,
			users_take_new_password(fcinfo, 1, 2, &reset.account));
	users_wipe_passwords();
	sodium_memzero(reset.hash, sizeof(reset.hash));
	users_leave_owner(&call);
	return users_outcome_row(fcinfo, status, attempt.retry_after,
							 USERS_ANYBODY);
}

/* ---- an administrator's ---- */

typedef struct Expiry
{
	UsersAccount account;
	bool changed; /* by somebody else, meanwhile */
} Expiry;

static void
expire_password(void *argument)
{
	Expiry *expiry = argument;

	expiry->changed = !users_lock_account(&expiry->account, true);
	if (expiry->changed)
		return;
	users_expire_password(&expiry->account.user_id);
	(void) users_end_sessions(&expiry->account.user_id, NULL);
}

/* A token is not enough to take over its own account: a link for oneself goes
 * to one's mailbox. */
static void
require_mailed(const UsersCall *call, const UsersAccount *account,
			   bool send_mail)
{
	const UsersIdentity *identity = users_identity();

	if (!send_mail && identity != NULL &&
		memcmp(&identity->user_id, &account->user_id, sizeof(pg_uuid_t)) == 0)
		users_raise(USERS_E_NOT_DBA, "send_mail");
}

/* users_issue_reset(user_id, send_mail, expire_password, site) users_link */
Datum
users_issue_reset(PG_FUNCTION_ARGS)
{
	UsersCall call;
	Expiry expiry = { .changed = false };
	bool send_mail = PG_ARGISNULL(1) || PG_GETARG_BOOL(1);
	bool expire = !PG_ARGISNULL(2) && PG_GETARG_BOOL(2);
	char *site;
	Datum values[USERS_LINK_COLUMNS] = { 0 };
	bool nulls[USERS_LINK_COLUMNS];

	users_begin(&call, "users_issue_reset", USERS_WRITES | USERS_SECRET);
	users_require_administrator(&call);
	users_enter_owner(&call);
	site = users_site_argument(fcinfo, 3);
	if (PG_ARGISNULL(0) ||
		!users_find_account(&expiry.account, PG_GETARG_UUID_P(0), call.context))
		users_raise(USERS_E_UNKNOWN, "user_id");
	users_require_power_over(&call, &expiry.account);
	require_mailed(&call, &expiry.account, send_mail);
	if (expiry.account.status != USERS_ENABLED)
		users_raise_detail(USERS_E_STATE, "user_id",
						   "The account is not enabled.");
	if (expire &&
		(!users_with_patience(expire_password, &expiry) || expiry.changed))
		users_raise_busy();
	users_give_link(values, nulls, USERS_MAIL_RESET_PASSWORD, &expiry.account,
					send_mail, site, call.context);
	users_audit_caller("reset_issued", &expiry.account.user_id, NULL, NULL);
	users_leave_owner(&call);
	users_http_no_store();
	return users_row(fcinfo, values, nulls, USERS_LINK_COLUMNS);
}
