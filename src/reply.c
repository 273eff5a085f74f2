#include "pg.h"

#include "caller.h"
#include "errors.h"
#include "identity.h"
#include "offer.h"
#include "outcome.h"

PG_FUNCTION_INFO_V1(users_accept_invitation);
PG_FUNCTION_INFO_V1(users_reject_invitation);

/* What somebody signed in says to an invitation. */
typedef struct Reply
{
	UsersOffer offer;
	UsersAccount account;
	UsersIdentity identity;
	UsersClient client;
	MemoryContext context;
	bool done;
} Reply;

/* Whether it is theirs to answer: by a token always, since it shows the
 * mailbox; by id when it was made for this account. */
static bool
is_theirs(const Reply *reply)
{
	return reply->offer.has_link ||
		   users_invitation_is_for(&reply->offer.invitation, &reply->account);
}

static bool
can_accept(const Reply *reply)
{
	return users_offer_holds(&reply->offer) && is_theirs(reply);
}

static bool
can_reject(const Reply *reply)
{
	return users_offer_waits(&reply->offer) && is_theirs(reply);
}

/* Locks the account and then the domain, as deleting an account does, and reads
 * both again. */
static bool
lock_all(Reply *reply)
{
	pg_uuid_t user_id = reply->account.user_id;

	/* Changed since: what it says is not true any more. */
	if (!users_lock_account(&reply->account, false) ||
		!users_find_account(&reply->account, &user_id, reply->context))
		users_raise_busy();
	return users_lock_offer(&reply->offer, reply->context);
}

static bool
spend(const Reply *reply)
{
	return !reply->offer.has_link || users_spend_link(&reply->offer.link);
}

/* For users_with_patience: whoever comes second finds it answered. */
static void
take(void *argument)
{
	Reply *reply = argument;

	reply->done = lock_all(reply) && can_accept(reply) && spend(reply);
	if (reply->done)
		users_take_offer(&reply->offer, &reply->account, &reply->client,
						 &reply->identity.session_id);
}

static void
decline(void *argument)
{
	Reply *reply = argument;

	reply->done = lock_all(reply) && can_reject(reply) && spend(reply);
	if (reply->done)
		users_decline_offer(&reply->offer, &reply->account, &reply->client,
							&reply->identity.session_id);
}

/* The invitation of the arguments: of the token, if there is one, which the id
 * must not contradict; else of the id. */
static bool
find_asked(Reply *reply, FunctionCallInfo fcinfo)
{
	UsersOffer *offer = &reply->offer;

	if (PG_ARGISNULL(1))
		return !PG_ARGISNULL(0) &&
			   users_read_offer(offer, PG_GETARG_UUID_P(0), reply->context);
	return users_find_offer(offer, fcinfo, 1, reply->context) &&
		   (PG_ARGISNULL(0) ||
			memcmp(&offer->invitation.id, PG_GETARG_UUID_P(0),
				   sizeof(pg_uuid_t)) == 0);
}

static Datum
answer(FunctionCallInfo fcinfo, const char *function,
	   bool (*can)(const Reply *reply), void (*work)(void *argument))
{
	UsersCall call;
	Reply reply = { .done = false };
	const char *status = "invalid_token";
	int retry_after = 0;

	users_begin(&call, function, USERS_WRITES | USERS_SECRET);
	reply.identity = *users_require_identity();
	reply.context = call.context;
	users_client(&reply.client);
	users_enter_owner(&call);
	if (!users_find_account(&reply.account, &reply.identity.user_id,
							call.context))
		users_raise(USERS_E_NO_IDENTITY, NULL);
	/* Seen once without a lock: no stranger makes a domain wait. */
	if (find_asked(&reply, fcinfo) && can(&reply))
	{
		if (!users_with_patience(work, &reply))
		{
			status = "busy";
			retry_after = USERS_BUSY_RETRY;
		}
		else if (reply.done)
			status = "ok";
	}
	users_leave_owner(&call);
	return users_outcome_row(fcinfo, status, retry_after, USERS_SIGNED_IN);
}

/* users_accept_invitation(invitation_id uuid, token text) users_outcome */
Datum
users_accept_invitation(PG_FUNCTION_ARGS)
{
	return answer(fcinfo, "users_accept_invitation", can_accept, take);
}

/* users_reject_invitation(invitation_id uuid, token text) users_outcome */
Datum
users_reject_invitation(PG_FUNCTION_ARGS)
{
	return answer(fcinfo, "users_reject_invitation", can_reject, decline);
}
