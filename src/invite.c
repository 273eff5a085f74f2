#include "pg.h"

#include "actor.h"
#include "audit.h"
#include "errors.h"
#include "ids.h"
#include "invitation_mail.h"
#include "outcome.h"
#include "query.h"
#include "settings.h"
#include "site.h"
#include "throttle.h"

#define INVITE_COLUMNS 3
#define INFO_COLUMNS   9

PG_FUNCTION_INFO_V1(users_invite);
PG_FUNCTION_INFO_V1(users_withdraw_invitation);
PG_FUNCTION_INFO_V1(users_invitation);

static void
record(const char *event, const pg_uuid_t *domain_id, const pg_uuid_t *id)
{
	users_audit_domain(
		event, domain_id, NULL, "invitation",
		DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(id))));
}

/* ---- inviting ---- */

typedef struct Invite
{
	UsersChange base;
	pg_uuid_t role_id;
	UsersRole role;
	UsersInvitation invitation; /* as it is to be */
	UsersClient client;
	const char *status;
	int retry_after;
} Invite;

/* Raises unless the actor may give the role, in an enabled domain; and for a
 * username that holds it. */
static void
judge_invite(UsersChange *change)
{
	Invite *invite = (Invite *) change;
	const UsersInvitation *invitation = &invite->invitation;
	UsersUncounted uncounted;
	bool holds = false;

	if (!users_find_role(&invite->role, &invite->role_id, change->context) ||
		!users_find_domain(&change->domain, &invite->role.domain_id,
						   change->context))
		users_refuse(&change->actor, change->argument);
	change->domain_id = change->domain.id;
	if (!change->actor.administrator &&
		!users_may_assign(&change->actor.id, &invite->role, NULL, NULL))
		users_refuse(&change->actor, change->argument);
	if (strcmp(change->domain.status, "enabled") != 0)
		users_raise_detail(USERS_E_STATE, change->argument,
						   "The domain is not enabled.");
	if (invitation->by_email)
		return;
	users_stop_counting(&uncounted);
	holds =
		users_has_role(&invitation->invitee_id, &invite->role_id, NULL, NULL);
	users_count_again(&uncounted);
	if (holds)
		users_raise(USERS_E_HOLDS_ROLE, "invitee");
}

/* Whether the inviter has sent as many in the last day as one may; then
 * retry_after says when the first of these is a day old. What the same person
 * sends at this very moment in other domains does not count yet. */
static bool
sent_enough(Invite *invite)
{
	const pg_uuid_t *inviter = users_actor_id(&invite->base.actor);
	int limit = users_settings.max_invitations;
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz first = now;

	if (inviter == NULL)
		return false;
	if (limit > 0)
		first = users_time_of_event(inviter, "invitation_sent", limit,
									users_after(now, -SECS_PER_DAY));
	if (first == 0)
		return false;
	invite->retry_after =
		(int) Max(SECS_PER_DAY - (now - first) / USECS_PER_SEC, 1);
	return true;
}

/* Known or not, by name or by address: one row here, one request, one event.
 * Whose it is, is looked at when the relay claims the mail. */
static void
apply_invite(UsersChange *change)
{
	Invite *invite = (Invite *) change;
	UsersInvitation *invitation = &invite->invitation;
	UsersMailRequest request = { .kind = USERS_MAIL_INVITATION,
								 .email = invitation->invitee,
								 .site = invitation->site,
								 .client = invite->client,
								 .has_invitation = true };
	bool renew;

	invite->status = "throttled";
	if (sent_enough(invite))
		return;
	invitation->domain_id = change->domain_id;
	invitation->role_id = invite->role_id;
	renew = users_find_pending_invitation(&invitation->id, &invitation->role_id,
										  invitation->invitee);
	if (!renew)
		users_new_id(&invitation->id);
	request.invitation_id = invitation->id;
	if (!users_write_request(&request))
		users_raise_busy();
	users_put_invitation(invitation, renew);
	record("invitation_sent", &change->domain_id, &invitation->id);
	invite->status = "ok";
}

/* What may wait, or be too much. */
static void
send_invitation(Invite *invite)
{
	const char *invitee = invite->invitation.invitee;
	UsersCharge charge;
	/* Whoever invites has a budget of their own, wherever they are. */
	UsersClient anywhere = { .known = false };
	UsersThrottleAnswer answer =
		users_charge_mail(&charge, users_mail_kinds[USERS_MAIL_INVITATION].name,
						  invitee, strlen(invitee), &anywhere);

	if (answer.refused)
	{
		invite->status = "throttled";
		invite->retry_after = answer.retry_after;
		return;
	}
	if (!users_with_patience(users_judge_and_apply, &invite->base))
	{
		invite->status = "busy";
		invite->retry_after = USERS_BUSY_RETRY;
	}
	if (strcmp(invite->status, "ok") != 0)
		users_charge_refund(&charge);
}

/* users_invite(role_id uuid, invitee text, site text) users_invite_result */
Datum
users_invite(PG_FUNCTION_ARGS)
{
	UsersCall call;
	Invite invite = { .base = { .argument = "role_id",
								.judge = judge_invite,
								.apply = apply_invite },
					  .status = "busy",
					  .retry_after = USERS_BUSY_RETRY };
	UsersInvitation *invitation = &invite.invitation;
	Datum values[INVITE_COLUMNS];
	bool nulls[INVITE_COLUMNS];

	users_begin(&call, "users_invite", USERS_WRITES | USERS_SECRET);
	users_begin_actor(&invite.base.actor, &call);
	users_invitee_argument(invitation, fcinfo, 1);
	users_client(&invite.client);
	invite.base.context = call.context;
	invitation->has_inviter = invite.base.actor.has_id;
	invitation->inviter_id = invite.base.actor.id;
	users_enter_owner(&call);
	invitation->site = users_site_argument(fcinfo, 2);
	if (PG_ARGISNULL(0))
		users_refuse(&invite.base.actor, "role_id");
	invite.role_id = *PG_GETARG_UUID_P(0);
	if (users_find_bearer(invitation))
	{
		judge_invite(&invite.base);
		invite.retry_after = 0;
		send_invitation(&invite);
	}
	users_leave_owner(&call);
	values[0] = CStringGetTextDatum(invite.status);
	nulls[0] = false;
	values[1] = UUIDPGetDatum(&invitation->id);
	nulls[1] = strcmp(invite.status, "ok") != 0;
	values[2] = Int32GetDatum(invite.retry_after);
	nulls[2] = invite.retry_after == 0;
	users_http_answer(invite.status, invite.retry_after, USERS_SIGNED_IN);
	return users_row(fcinfo, values, nulls, INVITE_COLUMNS);
}

/* ---- withdrawing ---- */

typedef struct Withdrawal
{
	UsersChange base;
	pg_uuid_t id;
	UsersInvitation invitation;
} Withdrawal;

static void
judge_withdrawal(UsersChange *change)
{
	Withdrawal *withdrawal = (Withdrawal *) change;

	if (!users_find_invitation(&withdrawal->invitation, &withdrawal->id,
							   change->context))
		users_refuse(&change->actor, change->argument);
	change->domain_id = withdrawal->invitation.domain_id;
	users_judge_domain(change, "domain:manage_members");
}

static void
apply_withdrawal(UsersChange *change)
{
	Withdrawal *withdrawal = (Withdrawal *) change;

	change->changed = users_invitation_waits(&withdrawal->invitation);
	if (!change->changed)
		return;
	users_settle_invitation(&withdrawal->id, "withdrawn", NULL);
	record("invitation_withdrawn", &change->domain_id, &withdrawal->id);
}

/* users_withdraw_invitation(invitation_id uuid) boolean */
Datum
users_withdraw_invitation(PG_FUNCTION_ARGS)
{
	UsersCall call;
	Withdrawal withdrawal = { .base = { .argument = "invitation_id",
										.judge = judge_withdrawal,
										.apply = apply_withdrawal } };

	users_begin(&call, "users_withdraw_invitation", USERS_WRITES);
	users_begin_actor(&withdrawal.base.actor, &call);
	withdrawal.base.context = call.context;
	if (PG_ARGISNULL(0))
		users_refuse(&withdrawal.base.actor, "invitation_id");
	withdrawal.id = *PG_GETARG_UUID_P(0);
	users_enter_owner(&call);
	users_carry_out(&withdrawal.base);
	users_leave_owner(&call);
	PG_RETURN_BOOL(withdrawal.base.changed);
}

/* ---- looking at one by its token ---- */

/* The row's columns but status and retry_after; false when it must be asked for
 * again. The texts must outlive SPI: in the caller's context. */
static bool
describe_offer(Datum *values, const UsersOffer *offer, MemoryContext context)
{
	const UsersLink *link = &offer->link;
	UsersAccount account;
	const char *inviter = users_inviter_name(offer);
	MemoryContext old;

	/* Only who reads the mailbox hears it, and they could ask for a reset. */
	if (!users_find_identifier(&account, link->recipient,
							   strlen(link->recipient)))
		return false;
	old = MemoryContextSwitchTo(context);
	values[1] = UUIDPGetDatum(&offer->invitation.id);
	values[2] = CStringGetTextDatum(offer->domain.name);
	values[3] = CStringGetTextDatum(offer->role.name);
	values[4] = CStringGetTextDatum(inviter);
	values[5] = CStringGetTextDatum(link->recipient);
	values[6] = TimestampTzGetDatum(
		Min(link->expires_at, offer->invitation.expires_at));
	values[7] = BoolGetDatum(account.exists);
	MemoryContextSwitchTo(old);
	return true;
}

/* users_invitation(token text) users_invitation_info */
Datum
users_invitation(PG_FUNCTION_ARGS)
{
	UsersCall call;
	UsersOffer offer = { .has_link = false };
	Datum values[INFO_COLUMNS] = { 0 };
	bool nulls[INFO_COLUMNS];
	const char *status = "invalid_token";

	users_begin(&call, "users_invitation", USERS_READS | USERS_SECRET);
	users_enter_owner(&call);
	if (users_find_offer(&offer, fcinfo, 0, call.context) &&
		users_offer_holds(&offer))
		status = describe_offer(values, &offer, call.context) ? "ok" : "busy";
	users_leave_owner(&call);
	memset(nulls, strcmp(status, "ok") != 0, sizeof(nulls));
	values[0] = CStringGetTextDatum(status);
	nulls[0] = false;
	values[8] = Int32GetDatum(USERS_BUSY_RETRY);
	nulls[8] = strcmp(status, "busy") != 0;
	users_http_answer(status, nulls[8] ? 0 : USERS_BUSY_RETRY, USERS_ANYBODY);
	users_http_no_store();
	return users_row(fcinfo, values, nulls, INFO_COLUMNS);
}
