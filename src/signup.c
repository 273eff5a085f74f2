#include "pg.h"

#include <sodium.h>

#include "caller.h"
#include "choice.h"
#include "core/grammar.h"
#include "device.h"
#include "errors.h"
#include "field.h"
#include "hashing.h"
#include "ids.h"
#include "link.h"
#include "offer.h"
#include "outcome.h"
#include "request.h"
#include "session.h"
#include "settings.h"
#include "signup.h"
#include "text.h"

/* A choice from a table, or NULL. */
static char *
read_choice(FunctionCallInfo fcinfo, int n, bool (*exists)(const char *),
			UsersError error, const char *argument)
{
	char *choice;

	if (n < 0 || PG_ARGISNULL(n))
		return NULL;
	choice = users_text_argument(fcinfo, n);
	if (strlen(choice) > NAMEDATALEN || !exists(choice))
		users_raise(error, argument);
	return choice;
}

void
users_read_new_account(UsersNewAccount *account, FunctionCallInfo fcinfo,
					   const UsersSignupArguments *at)
{
	memset(account, 0, sizeof(*account));
	account->email = users_email_argument(fcinfo, at->email, "email");
	account->username = users_trimmed_argument(fcinfo, at->username);
	if (users_username_check(account->username, strlen(account->username)) !=
		USERS_OK)
		users_raise(USERS_E_USERNAME, "username");
	account->first_name =
		users_name_argument(fcinfo, at->first_name, "first_name");
	account->last_name =
		users_name_argument(fcinfo, at->last_name, "last_name");
	account->language = read_choice(fcinfo, at->language, users_language_exists,
									USERS_E_LANGUAGE, "language");
	account->theme = read_choice(fcinfo, at->theme, users_theme_exists,
								 USERS_E_THEME, "theme");
	account->metadata = users_metadata_argument(fcinfo, at->metadata);
}

void
users_require_strong_for(const UsersNewAccount *account,
						 const UsersPassword *password, const char *argument)
{
	const char *words[] = {
		account->email,		account->username,			 account->first_name,
		account->last_name, users_settings.product_name, NULL
	};

	users_require_strong(password, argument, words);
}

/* Inserts an account, or raises: whatever subtransaction this runs in rolls
 * back, so that nothing of a half-made account remains. */
static void
insert_new(UsersNewAccount *account)
{
	switch (users_insert_account(account))
	{
		case USERS_TAKEN_NOTHING:
			break;
		case USERS_TAKEN_EMAIL:
			users_raise(USERS_E_EMAIL_TAKEN, "email");
		case USERS_TAKEN_USERNAME:
			users_raise(USERS_E_USERNAME_TAKEN, "username");
	}
}

static void
insert_with_patience(void *argument)
{
	insert_new(argument);
}

bool
users_create_account(UsersNewAccount *account)
{
	users_new_id(&account->user_id);
	return users_with_patience(insert_with_patience, account);
}

/* ---- SQL ---- */

enum
{
	EMAIL,
	USERNAME,
	PASSWORD,
	FIRST_NAME,
	LAST_NAME,
	LANGUAGE,
	THEME,
	LABEL,
	METADATA,
	TOKEN
};

/* Whether one may sign up at all, with or without a token; argument is where
 * it would go. */
static void
check_open(bool has_token, const char *argument)
{
	if (users_settings.registration == USERS_REGISTRATION_CLOSED)
		users_raise(USERS_E_CLOSED, NULL);
	if (has_token)
		return;
	if (users_settings.registration == USERS_REGISTRATION_INVITED)
		users_raise(USERS_E_INVITED, argument);
	if (users_settings.require_verified_email)
		users_raise(USERS_E_NEEDS_LINK, argument);
}

/* What a sign-up writes, all or nothing. */
typedef struct Signup
{
	UsersNewAccount *account;
	UsersAttempt *attempt;
	const char *label;
	UsersSignedIn *out;
	MemoryContext context;
	bool has_link;
	UsersLink link;	  /* of a sign-up or an invitation, that was given */
	bool spent;		  /* somebody else was faster with it */
	bool invited;	  /* it is an invitation's, and */
	UsersOffer offer; /* joins its domain */
} Signup;

/* Whether the link that was given still counts, now that nobody can change what
 * it leads to; spends it. */
static bool
use_link(Signup *signup)
{
	if (!signup->has_link)
		return true;
	if (signup->invited &&
		(!users_lock_offer(&signup->offer, signup->context) ||
		 !users_offer_holds(&signup->offer)))
		return false;
	return users_spend_link(&signup->link);
}

/* Inserts the account and signs it in; for users_with_patience. */
static void
make_and_sign_in(void *argument)
{
	Signup *signup = argument;
	UsersAccount account;
	UsersEvent event = { .event = "register" };

	signup->spent = !use_link(signup);
	if (signup->spent)
		return;
	insert_new(signup->account);
	/* Others to this mailbox are of no use any more. */
	if (signup->has_link)
		users_end_links(&signup->link.user_id, USERS_MAIL_REGISTRATION, NULL);
	if (!users_find_account(&account, &signup->account->user_id,
							signup->context))
		elog(ERROR, "the new account is not there");
	if (users_open_session(signup->out, &account, NULL, signup->label,
						   &signup->attempt->client,
						   signup->context) != USERS_OPENED)
		ereport(ERROR,
				(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
				 errmsg("the session's lock did not come"), users_errhide()));
	event.user_id = account.user_id;
	event.session_id = &signup->out->session_id;
	users_audit(&event, &signup->attempt->client);
	if (signup->invited)
		users_take_offer(&signup->offer, &account, &signup->attempt->client,
						 &signup->out->session_id);
	users_note_device(&account, signup->label, &signup->attempt->client, true);
}

/* What an invitation's link leads to: false when that does not hold. */
static bool
take_offer(Signup *signup)
{
	UsersOffer *offer = &signup->offer;

	signup->invited = signup->link.kind == USERS_MAIL_INVITATION;
	if (!signup->invited)
		return true;
	offer->has_link = true;
	offer->link = signup->link;
	return signup->link.has_invitation &&
		   users_read_offer(offer, &signup->link.invitation_id,
							signup->context) &&
		   users_offer_holds(offer);
}

/* The link whose token was given: false when it is not good; US011 when it was
 * mailed to another address. It has shown that the mailbox is theirs. */
static bool
take_link(Signup *signup, FunctionCallInfo fcinfo)
{
	UsersAccount nobody;

	if (PG_ARGISNULL(TOKEN))
		return true;
	signup->has_link =
		users_find_link(&signup->link, &nobody, fcinfo, TOKEN,
						USERS_MAIL_REGISTRATION, USERS_MAIL_INVITATION,
						signup->context) &&
		take_offer(signup);
	if (signup->has_link &&
		pg_strcasecmp(signup->link.recipient, signup->account->email) != 0)
		users_raise_detail(USERS_E_STATE, "email",
						   "The token was mailed to another address.");
	signup->account->verified = signup->has_link;
	return signup->has_link;
}

/* Throttle, hash, account, session; the status. */
static const char *
sign_up(Signup *signup, const UsersPassword *password)
{
	UsersAttempt *attempt = signup->attempt;
	UsersCharge charge;
	UsersThrottleAnswer answer =
		users_charge_registration(&charge, &attempt->client);
	UsersPasswordHash hash;
	bool done;

	if (answer.refused)
	{
		attempt->retry_after = answer.retry_after;
		return "throttled";
	}
	if (!users_hash_governed(attempt, hash, password))
	{
		users_charge_refund(&charge);
		return "busy";
	}
	signup->account->password_hash = hash;
	users_new_id(&signup->account->user_id);
	done = users_try_to_write(attempt, make_and_sign_in, signup);
	sodium_memzero(hash, sizeof(hash));
	if (!done)
		return "busy";
	return signup->spent ? "invalid_token" : "ok";
}

PG_FUNCTION_INFO_V1(users_register);
PG_FUNCTION_INFO_V1(users_request_registration);

/* users_register(email, username, password, first_name, last_name, language,
 * theme, label, metadata, token) users_session */
Datum
users_register(PG_FUNCTION_ARGS)
{
	static const UsersSignupArguments at = { EMAIL,		USERNAME, FIRST_NAME,
											 LAST_NAME, LANGUAGE, THEME,
											 METADATA };
	UsersCall call;
	UsersAttempt attempt;
	UsersNewAccount account;
	UsersSignedIn out = { 0 };
	Signup signup = { .account = &account, .attempt = &attempt, .out = &out };
	const UsersPassword *password;

	users_begin(&call, "users_register", USERS_WRITES | USERS_SECRET);
	check_open(!PG_ARGISNULL(TOKEN), "token");
	signup.label = users_label_argument(fcinfo, LABEL);
	signup.context = call.context;
	users_begin_attempt(&attempt, "users_register");
	users_enter_owner(&call);
	users_read_new_account(&account, fcinfo, &at);
	password = users_take_password(fcinfo, PASSWORD, USERS_NEW_PASSWORD);
	users_require_strong_for(&account, password, "password");
	out.status = take_link(&signup, fcinfo) ? sign_up(&signup, password)
											: "invalid_token";
	users_wipe_passwords();
	users_leave_owner(&call);
	out.signed_in = out.registered = strcmp(out.status, "ok") == 0;
	out.retry_after = attempt.retry_after;
	return users_session_row(fcinfo, &out);
}

/* users_request_registration(email text, site text) users_outcome */
Datum
users_request_registration(PG_FUNCTION_ARGS)
{
	if (users_preloaded)
		check_open(users_settings.registration == USERS_REGISTRATION_OPEN,
				   NULL);
	return users_request_function(fcinfo, "users_request_registration",
								  USERS_MAIL_REGISTRATION);
}
