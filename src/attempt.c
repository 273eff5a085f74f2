#include "pg.h"

#include <sodium.h>

#include "attempt.h"
#include "caller.h"
#include "errors.h"
#include "hashing.h"

void
users_find_own(UsersAccount *account, const UsersIdentity *identity,
			   MemoryContext context)
{
	if (!users_find_account(account, &identity->user_id, context))
		users_raise(USERS_E_NO_IDENTITY, NULL);
	users_identify_account(account);
}

void
users_begin_attempt(UsersAttempt *attempt, const char *function)
{
	attempt->function = function;
	attempt->retry_after = 0;
	users_client(&attempt->client);
}

const char *
users_verdict_status(UsersVerdict verdict)
{
	static const char *const words[] = { "ok", "invalid_credentials",
										 "throttled", "busy" };

	return words[verdict];
}

/* A failed attempt: a row in the audit, where one can be written. */
static void
record_failure(const UsersAttempt *attempt, const UsersAccount *account,
			   const char *event)
{
	UsersEvent row = { .event = event,
					   .failure = true,
					   .nobody = !account->exists,
					   .user_id = account->user_id,
					   .detail_name = "function",
					   .detail_value = attempt->function };

	if (users_can_write())
		users_audit(&row, &attempt->client);
}

void
users_log_attempt(const UsersAttempt *attempt, const UsersAccount *account,
				  const char *what)
{
	char line[NAMEDATALEN + 32];

	snprintf(line, sizeof(line), "%s %s", attempt->function, what);
	users_log_failure(line, account->subject, &attempt->client);
}

static UsersVerdict
throttled(UsersAttempt *attempt, const UsersAccount *account,
		  const UsersThrottleAnswer *answer)
{
	attempt->retry_after = answer->retry_after;
	users_log_attempt(attempt, account, "throttled");
	/* Rows for all of them would let anybody fill the disk. */
	if (answer->first)
		record_failure(attempt, account, "login_throttled");
	return USERS_THROTTLED;
}

UsersVerdict
users_charge_attempt(UsersAttempt *attempt, const UsersAccount *account)
{
	UsersThrottleAnswer answer = users_charge_login(
		&attempt->charge, &account->user_id, &attempt->client);

	return answer.refused ? throttled(attempt, account, &answer) : USERS_PASSED;
}

UsersVerdict
users_attempt_busy(UsersAttempt *attempt)
{
	users_charge_refund(&attempt->charge);
	attempt->retry_after = USERS_BUSY_RETRY;
	return USERS_TOO_BUSY;
}

UsersVerdict
users_attempt_refused(const UsersAttempt *attempt, const UsersAccount *account)
{
	users_log_attempt(attempt, account, "failed");
	record_failure(attempt, account, "login_failed");
	return USERS_REFUSED;
}

/* A hash of old parameters or of another program, made again as today's. */
typedef struct Rehash
{
	const UsersAccount *account;
	UsersPasswordHash hash;
} Rehash;

static void
store_rehash(void *argument)
{
	const Rehash *rehash = argument;

	users_rehash(&rehash->account->user_id, rehash->account->password_hash,
				 rehash->hash);
}

/* Whether the password is the account's; makes the new hash while the slot is
 * held. */
static UsersMatch
judge(const UsersAccount *account, const UsersPassword *password,
	  Rehash *rehash)
{
	bool alive = account->exists && account->status != USERS_DELETED;
	const char *hash = alive ? account->password_hash : NULL;
	UsersMatch match =
		users_verify_hash(hash, account->hash_as_typed, password);

	if (match == USERS_MATCH && users_can_write() &&
		(account->hash_as_typed || users_hash_is_old(hash)) &&
		!users_hash_password(rehash->hash, password))
		rehash->hash[0] = '\0';
	return match;
}

UsersVerdict
users_try_password(UsersAttempt *attempt, UsersAccount *account,
				   const UsersPassword *password, MemoryContext context)
{
	Rehash rehash = { .account = account };
	UsersMatch match;

	if (users_charge_attempt(attempt, account) != USERS_PASSED)
		return USERS_THROTTLED;
	users_load_account(account, context);
	if (!users_hashing_enter(&attempt->client))
		return users_attempt_busy(attempt);
	match = judge(account, password, &rehash);
	users_hashing_leave();
	if (match == USERS_MATCH_UNKNOWN)
		return users_attempt_busy(attempt);
	if (match == USERS_NO_MATCH)
		return users_attempt_refused(attempt, account);
	users_charge_succeeded(&attempt->charge);
	/* When the row is locked just now, the next sign-in does it. */
	if (rehash.hash[0] != '\0')
		(void) users_with_patience(store_rehash, &rehash);
	return USERS_PASSED;
}

bool
users_hash_governed(UsersAttempt *attempt, UsersPasswordHash out,
					const UsersPassword *password)
{
	bool done = users_hashing_enter(&attempt->client);

	if (done)
	{
		done = users_hash_password(out, password);
		users_hashing_leave();
	}
	if (!done)
		attempt->retry_after = USERS_BUSY_RETRY;
	return done;
}

bool
users_try_to_write(UsersAttempt *attempt, void (*work)(void *), void *argument)
{
	bool done = users_with_patience(work, argument);

	if (!done)
		attempt->retry_after = USERS_BUSY_RETRY;
	return done;
}

const UsersPassword *
users_take_new_password(FunctionCallInfo fcinfo, int n, int confirmation,
						const UsersAccount *account)
{
	const UsersPassword *password =
		users_take_password(fcinfo, n, USERS_NEW_PASSWORD);
	const UsersPassword *again =
		users_take_password(fcinfo, confirmation, USERS_PRESENT_PASSWORD);
	const char *words[6];

	if (!users_same_password(password, again))
	{
		users_wipe_passwords();
		users_raise(USERS_E_CONFIRM, "confirm_password");
	}
	users_password_context(words, account);
	users_require_strong(password, "new_password", words);
	return password;
}
