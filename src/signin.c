#include "pg.h"

#include <sodium.h>

#include "attempt.h"
#include "caller.h"
#include "device.h"
#include "errors.h"
#include "hashing.h"
#include "identity.h"
#include "outcome.h"
#include "session.h"
#include "settings.h"
#include "standby.h"
#include "ticket.h"

PG_FUNCTION_INFO_V1(users_login);
PG_FUNCTION_INFO_V1(users_verify_password);
PG_FUNCTION_INFO_V1(users_login_ticket);
PG_FUNCTION_INFO_V1(users_confirm_password);

/* The right password was given, and yet: why there is no session, or NULL. */
static const char *
refusal_of(const UsersAccount *account)
{
	if (account->status == USERS_DISABLED)
		return "disabled";
	if (account->reset_required)
		return "reset_required";
	if (users_settings.require_verified_email && !account->verified)
		return "unverified";
	return NULL;
}

static void
audit_login(const UsersAttempt *attempt, const UsersAccount *account,
			const char *refusal, const pg_uuid_t *session_id)
{
	UsersEvent event = { .event = refusal == NULL ? "login" : "login_failed",
						 .failure = refusal != NULL,
						 .user_id = account->user_id,
						 .session_id = session_id,
						 .detail_name = refusal == NULL ? NULL : "status",
						 .detail_value = refusal };

	users_audit(&event, &attempt->client);
}

/* The right password, and yet: where no event can be written, a line in the
 * log. */
static void
note_refusal(const UsersAttempt *attempt, const UsersAccount *account,
			 const char *refusal)
{
	if (users_can_write())
		audit_login(attempt, account, refusal, NULL);
	else
		users_log_attempt(attempt, account, refusal);
}

/* Opens the session of an account whose password was right, of an id or (NULL)
 * a new one. */
static UsersOpening
open_session(UsersSignedIn *out, UsersAttempt *attempt,
			 const UsersAccount *account, const pg_uuid_t *id,
			 const char *label, MemoryContext context)
{
	UsersOpening opening =
		users_open_session(out, account, id, label, &attempt->client, context);

	out->signed_in = opening == USERS_OPENED;
	if (opening == USERS_OPENED)
	{
		audit_login(attempt, account, NULL, &out->session_id);
		users_note_device(account, label, &attempt->client, false);
	}
	return opening;
}

/* The status of who gave the right password, signed in where it is ok. */
static const char *
sign_in(UsersSignedIn *out, UsersAttempt *attempt, const UsersAccount *account,
		const char *label, MemoryContext context)
{
	const char *refusal = refusal_of(account);

	if (refusal != NULL)
	{
		note_refusal(attempt, account, refusal);
		return refusal;
	}
	switch (open_session(out, attempt, account, NULL, label, context))
	{
		case USERS_OPENED:
			return "ok";
		case USERS_OPEN_CHANGED:
		case USERS_OPEN_SPENT:
			/* Password, status or role changed while we hashed: what was right
			 * a moment ago is not any more. */
			return "invalid_credentials";
		case USERS_OPEN_BUSY:
			break;
	}
	attempt->retry_after = USERS_BUSY_RETRY;
	return "busy";
}

/* Whether a password is that of the account of an identifier, which is then
 * filled in; the same for everybody. Wipes the password. */
static UsersVerdict
try_identifier(UsersAccount *account, UsersAttempt *attempt, const text *typed,
			   const UsersPassword *password, MemoryContext context)
{
	UsersVerdict verdict = USERS_TOO_BUSY;

	if (users_find_identifier(account, VARDATA_ANY(typed),
							  VARSIZE_ANY_EXHDR(typed)))
		verdict = users_try_password(attempt, account, password, context);
	else
		attempt->retry_after = USERS_BUSY_RETRY;
	users_wipe_passwords();
	return verdict;
}

/* users_login(identifier text, password text, label text) users_session */
Datum
users_login(PG_FUNCTION_ARGS)
{
	UsersCall call;
	UsersAttempt attempt;
	UsersAccount account;
	UsersSignedIn out = { 0 };
	UsersVerdict verdict;
	const UsersPassword *password;
	text *typed = cstring_to_text("");
	char *label;

	users_begin(&call, "users_login", USERS_WRITES | USERS_SECRET);
	password = users_take_password(fcinfo, 1, USERS_PRESENT_PASSWORD);
	label = users_label_argument(fcinfo, 2);
	if (!PG_ARGISNULL(0))
		typed = PG_GETARG_TEXT_PP(0);
	users_begin_attempt(&attempt, "users_login");
	users_enter_owner(&call);
	verdict = try_identifier(&account, &attempt, typed, password, call.context);
	out.status = verdict == USERS_PASSED
					 ? sign_in(&out, &attempt, &account, label, call.context)
					 : users_verdict_status(verdict);
	users_leave_owner(&call);
	out.retry_after = attempt.retry_after;
	return users_session_row(fcinfo, &out);
}

/* ---- the same in two steps: where the cores are, and on the primary ---- */

/* The status of who gave the right password, with a ticket where it is ok. */
static const char *
vouch(UsersTicketText ticket, const UsersAttempt *attempt,
	  const UsersAccount *account)
{
	const char *refusal = refusal_of(account);

	if (refusal != NULL)
		note_refusal(attempt, account, refusal);
	else
		users_mint_ticket(ticket, account);
	return refusal == NULL ? "ok" : refusal;
}

/* users_verify_password(identifier text, password text) users_ticket */
Datum
users_verify_password(PG_FUNCTION_ARGS)
{
	UsersCall call;
	UsersAttempt attempt;
	UsersAccount account;
	UsersVerdict verdict;
	UsersTicketText ticket = "";
	const UsersPassword *password;
	const char *status;
	text *typed = cstring_to_text("");
	XLogRecPtr received = users_received();

	users_begin(&call, "users_verify_password", USERS_SECRET | USERS_POSTED);
	if (call.restricted)
		users_raise(USERS_E_RESTRICTED, NULL);
	password = users_take_password(fcinfo, 1, USERS_PRESENT_PASSWORD);
	if (!PG_ARGISNULL(0))
		typed = PG_GETARG_TEXT_PP(0);
	users_begin_attempt(&attempt, "users_verify_password");
	users_enter_owner(&call);
	verdict = try_identifier(&account, &attempt, typed, password, call.context);
	status = verdict == USERS_PASSED ? vouch(ticket, &attempt, &account)
									 : users_verdict_status(verdict);
	users_leave_owner(&call);
	/* A ticket is judged once more by the primary. No is said here alone, so
	 * not while what has arrived may say otherwise. */
	if (verdict <= USERS_REFUSED && ticket[0] == '\0' &&
		users_is_behind(received))
		users_raise(USERS_E_ASK_PRIMARY, NULL);
	return users_ticket_row(fcinfo, status, ticket[0] == '\0' ? NULL : ticket,
							attempt.retry_after);
}

/* Spends the ticket of argument 0: the session that it names can be opened once
 * only. The status. */
static const char *
redeem(UsersSignedIn *out, UsersAttempt *attempt, FunctionCallInfo fcinfo,
	   const char *label, MemoryContext context)
{
	UsersAccount account;
	pg_uuid_t session_id;

	if (!users_find_ticket(&account, &session_id, fcinfo, 0, context))
		return "invalid_token";
	users_identify_account(&account);
	/* Only now: whoever has no ticket cannot use up anybody's attempts. */
	if (users_charge_attempt(attempt, &account) != USERS_PASSED)
		return users_verdict_status(USERS_THROTTLED);
	if (refusal_of(&account) != NULL)
	{
		note_refusal(attempt, &account, refusal_of(&account));
		return "invalid_token";
	}
	switch (open_session(out, attempt, &account, &session_id, label, context))
	{
		case USERS_OPENED:
			users_charge_succeeded(&attempt->charge);
			return "ok";
		case USERS_OPEN_BUSY:
			return users_verdict_status(users_attempt_busy(attempt));
		case USERS_OPEN_SPENT:
			(void) users_attempt_refused(attempt, &account);
			break;
		case USERS_OPEN_CHANGED:
			break;
	}
	return "invalid_token";
}

/* users_login_ticket(ticket text, label text) users_session */
Datum
users_login_ticket(PG_FUNCTION_ARGS)
{
	UsersCall call;
	UsersAttempt attempt;
	UsersSignedIn out = { 0 };
	char *label;

	users_begin(&call, "users_login_ticket", USERS_WRITES | USERS_SECRET);
	label = users_label_argument(fcinfo, 1);
	users_begin_attempt(&attempt, "users_login_ticket");
	users_enter_owner(&call);
	out.status = redeem(&out, &attempt, fcinfo, label, call.context);
	users_leave_owner(&call);
	out.retry_after = attempt.retry_after;
	return users_session_row(fcinfo, &out);
}

/* ---- asking again ---- */

/* Whose session's row says when the password was asked for. */
typedef struct Touch
{
	UsersIdentity identity;
	bool touched;
} Touch;

static void
touch(void *argument)
{
	Touch *touch = argument;

	touch->touched = users_touch_session(&touch->identity.user_id,
										 &touch->identity.session_id);
}

/* Notes a confirmation; not when the password was changed meanwhile, which
 * ended the session. */
static UsersVerdict
confirm(UsersAttempt *attempt, const UsersIdentity *identity)
{
	Touch work = { .identity = *identity };
	UsersEvent event = { .event = "password_confirmed",
						 .user_id = identity->user_id,
						 .actor_id = &identity->user_id,
						 .session_id = &identity->session_id };

	if (!users_with_patience(touch, &work))
	{
		attempt->retry_after = USERS_BUSY_RETRY;
		return USERS_TOO_BUSY;
	}
	if (!work.touched)
		return USERS_REFUSED;
	users_audit(&event, &attempt->client);
	return USERS_PASSED;
}

/* users_confirm_password(password text) users_outcome */
Datum
users_confirm_password(PG_FUNCTION_ARGS)
{
	UsersCall call;
	UsersAttempt attempt;
	UsersAccount account;
	UsersVerdict verdict;
	UsersIdentity identity;
	const UsersPassword *password;

	users_begin(&call, "users_confirm_password", USERS_WRITES | USERS_SECRET);
	identity = *users_require_identity();
	password = users_take_password(fcinfo, 0, USERS_PRESENT_PASSWORD);
	users_begin_attempt(&attempt, "users_confirm_password");
	users_enter_owner(&call);
	users_find_own(&account, &identity, call.context);
	verdict = users_try_password(&attempt, &account, password, call.context);
	users_wipe_passwords();
	if (verdict == USERS_PASSED)
		verdict = confirm(&attempt, &identity);
	users_leave_owner(&call);
	return users_outcome_row(fcinfo, users_verdict_status(verdict),
							 attempt.retry_after, USERS_SIGNED_IN);
}
