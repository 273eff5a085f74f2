/* Asking for a mail by address: the same for everybody, whoever has it. */
#ifndef USERS_REQUEST_H
#define USERS_REQUEST_H

#include "attempt.h"
#include "mail.h"

/*
 * Argument n, an email address, trimmed; US001, also for NULL. In the present
 * memory context.
 */
extern char *users_email_argument(FunctionCallInfo fcinfo, int n,
								  const char *argument);

/* Charges a request to its address and to the client; false, with
 * attempt->retry_after, when it is throttled. */
extern bool users_charge_request(UsersAttempt *attempt, UsersCharge *charge,
								 const UsersMailRequest *request);

/*
 * Charges a request and writes it: "accepted", or "throttled" and "busy" with
 * attempt->retry_after. Nobody is looked up. Inside users_enter_owner.
 */
extern const char *users_request(UsersAttempt *attempt,
								 const UsersMailRequest *request);

/* All of a function whose arguments are an address and a site, for a kind of
 * mail; the row of users_outcome. */
extern Datum users_request_function(FunctionCallInfo fcinfo,
									const char *function, UsersMailKind kind);

#endif
