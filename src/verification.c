#include "pg.h"

#include "attempt.h"
#include "audit.h"
#include "caller.h"
#include "errors.h"
#include "identity.h"
#include "link.h"
#include "mail.h"
#include "outcome.h"
#include "query.h"
#include "request.h"
#include "site.h"

PG_FUNCTION_INFO_V1(users_request_verification);
PG_FUNCTION_INFO_V1(users_verify_email);
PG_FUNCTION_INFO_V1(users_change_email);
PG_FUNCTION_INFO_V1(users_cancel_email_change);

/* ---- wanting another address ---- */

typedef struct Wish
{
	UsersAccount account;
	const char *email;				 /* NULL: the present address stays */
	const UsersMailRequest *request; /* NULL: none */
	bool changed;
} Wish;

/* Links to the address that was wished for before are over, and to the same one
 * too: who cancels a wish or makes it anew may have had a reason. */
static void
store_wish(void *argument)
{
	Wish *wish = argument;
	UsersAccount account;
	UsersUncounted uncounted;
	const pg_uuid_t *user_id = &wish->account.user_id;
	bool unchanged = users_lock_account(&wish->account, true);

	/* The password that was given must still be the account's; giving a wish
	 * up takes none. */
	wish->changed =
		users_find_account(&account, user_id, CurrentMemoryContext) &&
		(wish->email != NULL ? unchanged : account.pending_email != NULL);
	if (!wish->changed)
		return;
	/* To a taken address there was no link, which must not show. */
	users_stop_counting(&uncounted);
	if (account.pending_email != NULL)
		users_end_links(user_id, USERS_MAIL_VERIFY_EMAIL,
						account.pending_email);
	users_count_again(&uncounted);
	users_set_pending_email(user_id, wish->email);
	/* Nothing of it remains, as when a lock does not come. */
	if (wish->request != NULL && !users_write_request(wish->request))
		users_raise_busy();
}

/* Notes a wish and asks for the mail, both or none. "invalid_credentials" when
 * the password that was given is not the account's any more. */
static const char *
request_new(UsersAttempt *attempt, Wish *wish, char *email, char *site)
{
	UsersMailRequest request = { .kind = USERS_MAIL_VERIFY_EMAIL,
								 .email = email,
								 .has_user = true,
								 .user_id = wish->account.user_id,
								 .site = site,
								 .client = attempt->client };
	UsersCharge charge;

	if (!users_charge_request(attempt, &charge, &request))
		return "throttled";
	wish->email = email;
	wish->request = &request;
	if (users_try_to_write(attempt, store_wish, wish))
		return wish->changed ? "accepted" : "invalid_credentials";
	wish->changed = false;
	users_charge_refund(&charge);
	return "busy";
}

/* ---- asking for a link ---- */

/* The address of the signed-in person that waits for it: a new one before the
 * present one. Nothing to do, nothing asked. */
static const char *
request_own(UsersAttempt *attempt, const UsersIdentity *identity, char *site,
			MemoryContext context)
{
	UsersAccount account;
	UsersMailRequest request = { .kind = USERS_MAIL_VERIFY_EMAIL,
								 .site = site,
								 .client = attempt->client };

	users_find_own(&account, identity, context);
	if (account.pending_email == NULL && account.verified)
		return "accepted";
	request.has_user = account.pending_email != NULL;
	request.user_id = account.user_id;
	request.email = request.has_user ? account.pending_email : account.email;
	return users_request(attempt, &request);
}

/* users_request_verification(email text, site text) users_outcome */
Datum
users_request_verification(PG_FUNCTION_ARGS)
{
	static const char name[] = "users_request_verification";
	UsersCall call;
	UsersAttempt attempt;
	UsersIdentity identity;
	const char *status;

	if (!PG_ARGISNULL(0))
		return users_request_function(fcinfo, name, USERS_MAIL_VERIFY_EMAIL);
	users_begin(&call, name, USERS_WRITES | USERS_SECRET);
	identity = *users_require_identity();
	users_begin_attempt(&attempt, name);
	users_enter_owner(&call);
	status = request_own(&attempt, &identity, users_site_argument(fcinfo, 1),
						 call.context);
	users_leave_owner(&call);
	return users_outcome_row(fcinfo, status, attempt.retry_after,
							 USERS_SIGNED_IN);
}

/* ---- redeeming one ---- */

typedef struct Verification
{
	UsersLink link;
	UsersAccount account;
	bool new_address;
	bool done;
} Verification;

/* Whether the link's mailbox is one that the account wants verified; notes
 * which. */
static bool
is_wanted(Verification *verification, const UsersAccount *account)
{
	const char *recipient = verification->link.recipient;

	verification->new_address = strcmp(recipient, account->email) != 0;
	return !verification->new_address ||
		   (account->pending_email != NULL &&
			strcmp(recipient, account->pending_email) == 0);
}

/* Judges again what may have changed, now that nobody can change it. For
 * users_with_patience. */
static void
store_verification(void *argument)
{
	Verification *verification = argument;
	UsersAccount *account = &verification->account;
	pg_uuid_t user_id = account->user_id;

	verification->done =
		users_lock_account(account, true) &&
		users_find_account(account, &user_id, CurrentMemoryContext) &&
		is_wanted(verification, account) &&
		users_link_lives(&verification->link, account) &&
		users_spend_link(&verification->link);
	if (!verification->done)
		return;
	if (!verification->new_address)
	{
		(void) users_set_verified(&user_id);
		/* Who wished for the address they have waits for it no more. */
		if (account->pending_email != NULL &&
			strcmp(account->pending_email, account->email) == 0)
			users_set_pending_email(&user_id, NULL);
	}
	else
		/* Taken meanwhile: the link has done its work, and is of no use. */
		verification->done =
			users_set_email(account, verification->link.recipient);
}

static void
record_verification(const Verification *verification,
					const UsersAttempt *attempt)
{
	const UsersAccount *account = &verification->account;
	UsersEvent event = { .event = verification->new_address ? "email_changed"
															: "email_verified",
						 .user_id = account->user_id };

	users_audit(&event, &attempt->client);
	/* To the address that was. */
	if (verification->new_address)
		users_write_notice(USERS_MAIL_EMAIL_CHANGED, account);
}

/* Whether the link is enough: it shows the mailbox. Who reads it is shown by
 * the password; for the present address a session of the account will do. */
static bool
needs_password(const Verification *verification)
{
	const UsersIdentity *identity = users_identity();

	return verification->new_address || identity == NULL ||
		   memcmp(&identity->user_id, &verification->account.user_id,
				  sizeof(pg_uuid_t)) != 0;
}

static const char *
verify(Verification *verification, UsersAttempt *attempt,
	   FunctionCallInfo fcinfo, MemoryContext context)
{
	UsersVerdict verdict = USERS_PASSED;

	if (needs_password(verification))
	{
		if (PG_ARGISNULL(1))
			return "invalid_credentials";
		users_identify_account(&verification->account);
		verdict = users_try_password(
			attempt, &verification->account,
			users_take_password(fcinfo, 1, USERS_PRESENT_PASSWORD), context);
		users_wipe_passwords();
	}
	if (verdict != USERS_PASSED)
		return users_verdict_status(verdict);
	if (!users_try_to_write(attempt, store_verification, verification))
		return "busy";
	if (!verification->done)
		return "invalid_token";
	record_verification(verification, attempt);
	return "ok";
}

/* users_verify_email(token text, password text) users_outcome */
Datum
users_verify_email(PG_FUNCTION_ARGS)
{
	UsersCall call;
	UsersAttempt attempt;
	Verification verification = { .done = false };
	const char *status = "invalid_token";

	users_begin(&call, "users_verify_email", USERS_WRITES | USERS_SECRET);
	users_begin_attempt(&attempt, "users_verify_email");
	users_enter_owner(&call);
	if (users_find_link(&verification.link, &verification.account, fcinfo, 0,
						USERS_MAIL_VERIFY_EMAIL, USERS_MAIL_VERIFY_EMAIL,
						call.context) &&
		is_wanted(&verification, &verification.account))
		status = verify(&verification, &attempt, fcinfo, call.context);
	users_leave_owner(&call);
	return users_outcome_row(fcinfo, status, attempt.retry_after,
							 USERS_ANYBODY);
}

/* ---- changing the address ---- */

static void
record_wish(const Wish *wish, const UsersIdentity *identity,
			const UsersAttempt *attempt)
{
	UsersEvent event = { .event = "email_change_requested",
						 .user_id = identity->user_id,
						 .actor_id = &identity->user_id,
						 .session_id = &identity->session_id };

	users_audit(&event, &attempt->client);
	users_write_notice(USERS_MAIL_EMAIL_CHANGE_REQUESTED, &wish->account);
}

/* users_change_email(current_password, new_email, site) users_outcome */
Datum
users_change_email(PG_FUNCTION_ARGS)
{
	UsersCall call;
	UsersAttempt attempt;
	Wish wish = { .changed = false };
	UsersVerdict verdict;
	UsersIdentity identity;
	const char *status;
	char *new_email;
	char *site;

	users_begin(&call, "users_change_email", USERS_WRITES | USERS_SECRET);
	identity = *users_require_identity();
	new_email = users_email_argument(fcinfo, 1, "new_email");
	users_begin_attempt(&attempt, "users_change_email");
	users_enter_owner(&call);
	site = users_site_argument(fcinfo, 2);
	users_find_own(&wish.account, &identity, call.context);
	verdict = users_try_password(
		&attempt, &wish.account,
		users_take_password(fcinfo, 0, USERS_PRESENT_PASSWORD), call.context);
	users_wipe_passwords();
	status = verdict == USERS_PASSED
				 ? request_new(&attempt, &wish, new_email, site)
				 : users_verdict_status(verdict);
	if (wish.changed)
		record_wish(&wish, &identity, &attempt);
	users_leave_owner(&call);
	return users_outcome_row(fcinfo, status, attempt.retry_after,
							 USERS_SIGNED_IN);
}

/* users_cancel_email_change() boolean */
Datum
users_cancel_email_change(PG_FUNCTION_ARGS)
{
	UsersCall call;
	Wish wish = { .email = NULL };
	UsersIdentity identity;

	users_begin(&call, "users_cancel_email_change", USERS_WRITES);
	identity = *users_require_identity();
	users_enter_owner(&call);
	users_find_own(&wish.account, &identity, call.context);
	if (!users_with_patience(store_wish, &wish))
		users_raise_busy();
	users_leave_owner(&call);
	PG_RETURN_BOOL(wish.changed);
}
