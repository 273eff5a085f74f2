#include "pg.h"

#include "caller.h"
#include "core/grammar.h"
#include "errors.h"
#include "outcome.h"
#include "request.h"
#include "site.h"

char *
users_email_argument(FunctionCallInfo fcinfo, int n, const char *argument)
{
	char *email = users_trimmed_argument(fcinfo, n);

	if (users_email_check(email, strlen(email)) != USERS_OK)
		users_raise(USERS_E_EMAIL, argument);
	return email;
}

bool
users_charge_request(UsersAttempt *attempt, UsersCharge *charge,
					 const UsersMailRequest *request)
{
	const char *kind =
		request->has_user ? "change" : users_mail_kinds[request->kind].name;
	UsersThrottleAnswer answer = users_charge_mail(
		charge, kind, request->email, strlen(request->email), &attempt->client);

	if (answer.refused)
		attempt->retry_after = answer.retry_after;
	return !answer.refused;
}

const char *
users_request(UsersAttempt *attempt, const UsersMailRequest *request)
{
	UsersCharge charge;

	if (!users_charge_request(attempt, &charge, request))
		return "throttled";
	if (users_write_request(request))
		return "accepted";
	users_charge_refund(&charge);
	attempt->retry_after = USERS_BUSY_RETRY;
	return "busy";
}

Datum
users_request_function(FunctionCallInfo fcinfo, const char *function,
					   UsersMailKind kind)
{
	UsersCall call;
	UsersAttempt attempt;
	UsersMailRequest request = { .kind = kind };
	const char *status;

	users_begin(&call, function, USERS_WRITES | USERS_SECRET);
	request.email = users_email_argument(fcinfo, 0, "email");
	users_begin_attempt(&attempt, function);
	request.client = attempt.client;
	users_enter_owner(&call);
	request.site = users_site_argument(fcinfo, 1);
	status = users_request(&attempt, &request);
	users_leave_owner(&call);
	return users_outcome_row(fcinfo, status, attempt.retry_after,
							 USERS_ANYBODY);
}
