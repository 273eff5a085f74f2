/* One attempt with a password: throttle, hash, audit, the same for everybody
 * whether the account exists or not. */
#ifndef USERS_ATTEMPT_H
#define USERS_ATTEMPT_H

#include "account.h"
#include "identity.h"
#include "password.h"
#include "throttle.h"

typedef enum UsersVerdict
{
	USERS_PASSED,
	USERS_REFUSED,
	USERS_THROTTLED,
	USERS_TOO_BUSY
} UsersVerdict;

typedef struct UsersAttempt
{
	const char *function; /* for the log and the audit */
	UsersClient client;
	UsersCharge charge;
	int retry_after; /* seconds, unless passed or refused */
} UsersAttempt;

/* The account of who is signed in, with its subject; 28000 when it is gone. */
extern void users_find_own(UsersAccount *account, const UsersIdentity *identity,
						   MemoryContext context);

/* Begins an attempt in a function: asks who the client is. */
extern void users_begin_attempt(UsersAttempt *attempt, const char *function);

/* Charges an attempt to sign in as account, before anything is judged: passed,
 * or throttled, which is then in the log. */
extern UsersVerdict users_charge_attempt(UsersAttempt *attempt,
										 const UsersAccount *account);

/* The line of an attempt in the log: failed, throttled or a status. */
extern void users_log_attempt(const UsersAttempt *attempt,
							  const UsersAccount *account, const char *what);

/* Nothing was judged: gives the charge back, and says busy. */
extern UsersVerdict users_attempt_busy(UsersAttempt *attempt);

/* What was given is not the account's: a line in the log, and where something
 * can be written a row in the audit. */
extern UsersVerdict users_attempt_refused(const UsersAttempt *attempt,
										  const UsersAccount *account);

/*
 * Charges the attempt, reads the account unless it has been read, hashes, and
 * records a failure; gives the charge back when the password is the account's.
 * A refusal by the throttle reads no account. Rehashes a hash of old
 * parameters or of another program, where something can be written. A deleted
 * account is nobody's.
 */
extern UsersVerdict users_try_password(UsersAttempt *attempt,
									   UsersAccount *account,
									   const UsersPassword *password,
									   MemoryContext context);

/* Hashes a new password under the governor; false when the attempt must be
 * answered with busy. */
extern bool users_hash_governed(UsersAttempt *attempt, UsersPasswordHash out,
								const UsersPassword *password);

/* users_with_patience for an attempt; false, nothing done, when it must be
 * answered with busy. */
extern bool users_try_to_write(UsersAttempt *attempt, void (*work)(void *),
							   void *argument);

/* The new password of argument n, given twice: US004 when the two differ, US003
 * when it is weak for the account. Uses both slots. */
extern const UsersPassword *
users_take_new_password(FunctionCallInfo fcinfo, int n, int confirmation,
						const UsersAccount *account);

/* The status word of a verdict, for outcomes: ok for USERS_PASSED. */
extern const char *users_verdict_status(UsersVerdict verdict);

#endif
