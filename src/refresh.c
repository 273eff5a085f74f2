#include "pg.h"

#include <sodium.h>

#include "account.h"
#include "audit.h"
#include "caller.h"
#include "cookie.h"
#include "errors.h"
#include "ids.h"
#include "key.h"
#include "outcome.h"
#include "refresh.h"
#include "root.h"
#include "session.h"
#include "settings.h"

bool
users_find_genuine(UsersSession *session, UsersRefresh *token, const char *text,
				   size_t len)
{
	uint8 mac[USERS_REFRESH_MAC];
	bool genuine;

	if (users_refresh_parse(token, mac, text, len) != USERS_OK)
		return false;
	genuine =
		users_find_session(session, token) &&
		users_refresh_verify(token, mac, session->nonce,
							 users_purpose_key(USERS_KEY_REFRESH)) == USERS_OK;
	sodium_memzero(mac, sizeof(mac));
	return genuine;
}

UsersRefreshVerdict
users_judge_refresh(const UsersSession *session, const UsersRefresh *token)
{
	return users_refresh_judge(token, &session->state, GetCurrentTimestamp(),
							   users_settings.refresh_grace * USECS_PER_SEC);
}

static void
end_reused_session(void *argument)
{
	const UsersSession *session = argument;

	(void) users_end_reused(&session->user_id, &session->id);
}

/* A spent token came again: somebody has a copy. */
static const char *
end_reused(UsersSession *session, UsersAccount *account)
{
	UsersClient client;
	UsersEvent event = { .event = "refresh_reuse",
						 .failure = true,
						 .user_id = session->user_id,
						 .session_id = &session->id };

	if (!users_with_patience(end_reused_session, session))
		return "busy";
	users_client(&client);
	users_identify_account(account);
	users_log_failure("users_refresh spent token", account->subject, &client);
	users_audit(&event, &client);
	return "invalid_token";
}

typedef struct Minting
{
	UsersSignedIn *out;
	const UsersSession *session;
	bool is_admin;
	MemoryContext context;
} Minting;

static void
mint(void *argument)
{
	const Minting *minting = argument;

	users_mint_tokens(minting->out, minting->session, minting->is_admin,
					  minting->context);
}

/* A session that ends within this second is over: its token's end, which is in
 * whole seconds, would have passed. */
static bool
session_is_over(const UsersSession *session)
{
	return session->ended || users_unix_time(session->expires_at) <=
								 users_unix_time(GetCurrentTimestamp());
}

/* The status of a genuine token, with tokens minted when it is ok; NULL when
 * another refresh came first and it must be judged anew. */
static const char *
refresh_once(UsersSignedIn *out, UsersSession *session,
			 const UsersRefresh *token, UsersAccount *account,
			 MemoryContext context)
{
	Minting minting;
	bool rotated = true;

	if (account->status == USERS_DISABLED)
		return "disabled";
	if (session_is_over(session) || account->status != USERS_ENABLED)
		return "invalid_token";
	switch (users_judge_refresh(session, token))
	{
		case USERS_REFRESH_CURRENT:
			if (!users_rotate_session(session, &rotated))
				return "busy";
			if (!rotated)
				return NULL;
			break;
		case USERS_REFRESH_AGAIN:
			break;
		case USERS_REFRESH_REUSED:
			return end_reused(session, account);
		case USERS_REFRESH_LOST:
			return "invalid_token";
	}
	/* A key may have to be made. Whoever hears busy here gets the same token
	 * when asking again with the old one, within the grace. */
	minting.out = out;
	minting.session = session;
	minting.is_admin = account->is_admin;
	minting.context = context;
	return users_with_patience(mint, &minting) ? "ok" : "busy";
}

static void
refresh(UsersSignedIn *out, const char *text, size_t len, MemoryContext context)
{
	UsersRefresh token;
	UsersSession session;
	UsersAccount account;
	const char *status = "invalid_token";

	if (users_find_genuine(&session, &token, text, len) &&
		users_find_account(&account, &session.user_id, context))
	{
		status = refresh_once(out, &session, &token, &account, context);
		if (status == NULL && users_find_session(&session, &token))
			status = refresh_once(out, &session, &token, &account, context);
		/* In a transaction with an older snapshot the row that was found with
		 * the newest one cannot be changed. */
		if (status == NULL)
			ereport(
				ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access due to concurrent update"),
				 errhint(
					 "Somebody else refreshed the same session at this moment. Try the transaction again, or call users_refresh at READ COMMITTED."),
				 users_errhide()));
	}
	out->status = status;
	out->retry_after = strcmp(status, "busy") == 0 ? USERS_BUSY_RETRY : 0;
}

/* ---- SQL ---- */

PG_FUNCTION_INFO_V1(users_refresh);

/* users_refresh(refresh_token text) users_session */
Datum
users_refresh(PG_FUNCTION_ARGS)
{
	UsersCall call;
	UsersSignedIn out = { .status = "invalid_token", .way = USERS_IN_ANSWER };
	text *token = NULL;

	users_begin(&call, "users_refresh", USERS_WRITES | USERS_SECRET);
	if (!PG_ARGISNULL(0))
		token = PG_GETARG_TEXT_PP(0);
	else if ((token = users_cookie_token()) != NULL)
		out.way = USERS_IN_COOKIE;
	if (token != NULL)
	{
		users_enter_owner(&call);
		refresh(&out, VARDATA_ANY(token), VARSIZE_ANY_EXHDR(token),
				call.context);
		users_leave_owner(&call);
	}
	return users_session_row(fcinfo, &out);
}
