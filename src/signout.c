#include "pg.h"

#include "account.h"
#include "audit.h"
#include "caller.h"
#include "cookie.h"
#include "errors.h"
#include "identity.h"
#include "outcome.h"
#include "power.h"
#include "refresh.h"
#include "session.h"

PG_FUNCTION_INFO_V1(users_logout);
PG_FUNCTION_INFO_V1(users_logout_all);
PG_FUNCTION_INFO_V1(users_revoke_session);

/* What a call ends: one session (id), or all of a user's but keep. */
typedef struct Ending
{
	pg_uuid_t user_id;
	pg_uuid_t id;
	const pg_uuid_t *keep;
	int64 count;
} Ending;

static void
end_one(void *argument)
{
	Ending *ending = argument;

	ending->count = users_end_session(&ending->user_id, &ending->id);
}

static void
end_others(void *argument)
{
	Ending *ending = argument;

	ending->count = users_end_sessions(&ending->user_id, ending->keep);
}

/* The session of a token that refresh would take; false: it is none. */
static bool
session_of_token(Ending *ending, const text *given)
{
	UsersRefresh token;
	UsersSession session;
	UsersRefreshVerdict verdict;

	if (!users_find_genuine(&session, &token, VARDATA_ANY(given),
							VARSIZE_ANY_EXHDR(given)))
		return false;
	verdict = users_judge_refresh(&session, &token);
	ending->user_id = session.user_id;
	ending->id = session.id;
	return verdict == USERS_REFRESH_CURRENT || verdict == USERS_REFRESH_AGAIN;
}

static bool
present_session(Ending *ending)
{
	const UsersIdentity *identity = users_identity();

	if (identity == NULL)
		return false;
	ending->user_id = identity->user_id;
	ending->id = identity->session_id;
	return true;
}

/* Records that sessions of a user have ended; session_id NULL: several. */
static void
audit_end(const char *event, const Ending *ending, bool one)
{
	const UsersIdentity *identity = users_identity();
	UsersClient client;
	UsersEvent row = { .event = event,
					   .user_id = ending->user_id,
					   .actor_id = identity == NULL ? NULL : &identity->user_id,
					   .session_id = one ? &ending->id : NULL };
	char count[32];

	if (!one)
	{
		snprintf(count, sizeof(count), INT64_FORMAT, ending->count);
		row.detail_name = "sessions";
		row.detail_value = count;
	}
	users_client(&client);
	users_audit(&row, &client);
}

/* Ends the session and records it; false when a lock did not come. */
static bool
sign_out(Ending *ending)
{
	ending->count = 0;
	if (!users_with_patience(end_one, ending))
		return false;
	if (ending->count > 0)
		audit_end("logout", ending, true);
	return true;
}

/* users_logout(refresh_token text) users_outcome */
Datum
users_logout(PG_FUNCTION_ARGS)
{
	UsersCall call;
	Ending ending;
	text *given = NULL;
	text *cookie = NULL;
	bool done = true;

	users_begin(&call, "users_logout", USERS_WRITES | USERS_SECRET);
	if (PG_ARGISNULL(0))
		cookie = users_cookie_token();
	else
		given = PG_GETARG_TEXT_PP(0);
	users_enter_owner(&call);
	if (given != NULL)
		done = !session_of_token(&ending, given) || sign_out(&ending);
	else
	{
		/* A browser's access token and its cookie can be of two sessions. */
		if (cookie != NULL && session_of_token(&ending, cookie))
			done = sign_out(&ending);
		if (done && present_session(&ending))
			done = sign_out(&ending);
	}
	users_leave_owner(&call);
	if (!done)
		return users_outcome_row(fcinfo, "busy", USERS_BUSY_RETRY,
								 USERS_ANYBODY);
	users_cookie_clear();
	return users_outcome_row(fcinfo, "ok", 0, USERS_ANYBODY);
}

/* users_logout_all(keep_current boolean, user_id uuid) integer */
Datum
users_logout_all(PG_FUNCTION_ARGS)
{
	bool keep = !PG_ARGISNULL(0) && PG_GETARG_BOOL(0);
	UsersCall call;
	UsersAccount account;
	const UsersIdentity *identity;
	Ending ending = { .count = 0 };

	users_begin(&call, "users_logout_all", USERS_WRITES);
	if (PG_ARGISNULL(1))
		ending.user_id = users_require_identity()->user_id;
	else
	{
		ending.user_id = *PG_GETARG_UUID_P(1);
		if (users_identity() == NULL)
			users_require_administrator(&call);
	}
	identity = users_identity();
	if (keep && identity != NULL)
		ending.keep = &identity->session_id;
	users_enter_owner(&call);
	if (!users_find_account(&account, &ending.user_id, call.context))
	{
		users_require_administrator(&call);
		users_raise(USERS_E_UNKNOWN, "user_id");
	}
	users_require_power_over(&call, &account);
	if (!users_with_patience(end_others, &ending))
		users_raise_busy();
	if (ending.count > 0)
		audit_end("session_revoked", &ending, false);
	users_leave_owner(&call);
	PG_RETURN_INT32((int32) ending.count);
}

/* users_revoke_session(session_id uuid) boolean */
Datum
users_revoke_session(PG_FUNCTION_ARGS)
{
	UsersCall call;
	UsersAccount account;
	const UsersIdentity *identity;
	Ending ending = { .count = 0 };

	users_begin(&call, "users_revoke_session", USERS_WRITES);
	identity = users_identity();
	if (identity == NULL && !users_is_administrator(&call))
		(void) users_require_identity();
	if (PG_ARGISNULL(0))
		PG_RETURN_BOOL(false);
	ending.id = *PG_GETARG_UUID_P(0);
	if (identity != NULL)
		ending.user_id = identity->user_id;
	users_enter_owner(&call);
	if (users_is_administrator(&call) &&
		users_find_session_owner(&ending.id, &ending.user_id) &&
		users_find_account(&account, &ending.user_id, call.context))
		users_require_power_over(&call, &account);
	if (!users_with_patience(end_one, &ending))
		users_raise_busy();
	if (ending.count > 0)
		audit_end("session_revoked", &ending, true);
	users_leave_owner(&call);
	PG_RETURN_BOOL(ending.count > 0);
}
