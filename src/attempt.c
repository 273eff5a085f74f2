#include "pg.h"

#include <sodium.h>

#include "attempt.h"
#include "caller.h"
#include "errors.h"
#include "hashing.h"

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

/* A failed attempt: a line in the log, a row in the audit. */
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

	users_audit(&row, &attempt->client);
}

static void
log_failure(const UsersAttempt *attempt, const UsersAccount *account,
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
	log_failure(attempt, account, "throttled");
	/* Rows for all of them would let anybody fill the disk. */
	if (answer->first)
		record_failure(attempt, account, "login_throttled");
	return USERS_THROTTLED;
}

/* A hash of old parameters, made again with today's. */
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
static bool
judge(const UsersAccount *account, const UsersPassword *password,
	  Rehash *rehash)
{
	bool alive = account->exists && account->status != USERS_DELETED;
	const char *hash = alive ? account->password_hash : NULL;

	if (!users_verify_hash(hash, password))
		return false;
	if (users_hash_is_old(hash))
		users_hash_password(rehash->hash, password);
	return true;
}

UsersVerdict
users_try_password(UsersAttempt *attempt, const UsersAccount *account,
				   const UsersPassword *password)
{
	UsersCharge charge;
	UsersThrottleAnswer answer =
		users_charge_login(&charge, &account->user_id, &attempt->client);
	Rehash rehash = { .account = account };
	bool right;

	if (answer.refused)
		return throttled(attempt, account, &answer);
	if (!users_hashing_enter(&attempt->client))
	{
		users_charge_refund(&charge);
		attempt->retry_after = USERS_BUSY_RETRY;
		return USERS_TOO_BUSY;
	}
	right = judge(account, password, &rehash);
	users_hashing_leave();
	if (!right)
	{
		log_failure(attempt, account, "failed");
		record_failure(attempt, account, "login_failed");
		return USERS_REFUSED;
	}
	users_charge_succeeded(&charge);
	/* When the row is locked just now, the next sign-in does it. */
	if (rehash.hash[0] != '\0')
		(void) users_with_patience(store_rehash, &rehash);
	return USERS_PASSED;
}

bool
users_hash_governed(UsersAttempt *attempt, UsersPasswordHash out,
					const UsersPassword *password)
{
	if (!users_hashing_enter(&attempt->client))
	{
		attempt->retry_after = USERS_BUSY_RETRY;
		return false;
	}
	users_hash_password(out, password);
	users_hashing_leave();
	return true;
}
