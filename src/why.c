#include "pg.h"

#include "account_edit.h"
#include "audit.h"
#include "caller.h"
#include "compose.h"
#include "errors.h"
#include "ids.h"
#include "key.h"
#include "outcome.h"
#include "root.h"
#include "settings.h"
#include "throttle.h"

PG_FUNCTION_INFO_V1(users_why);
PG_FUNCTION_INFO_V1(users_throttled_until);

/* What one call has found out. */
typedef struct Why
{
	ReturnSetInfo *result;
	UsersAccount account;
	UsersClient client;
	const UsersClient *from; /* NULL: not said */
	char *identifier;
	MemoryContext context;
} Why;

static void
report(const Why *why, const char *name, bool ok, const char *detail)
{
	Datum values[] = { CStringGetTextDatum(name), BoolGetDatum(ok),
					   CStringGetTextDatum(detail) };
	bool nulls[] = { false, false, false };

	tuplestore_putvalues(why->result->setResult, why->result->setDesc, values,
						 nulls);
}

static char *
id_text(const pg_uuid_t *id)
{
	return DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(id)));
}

/* ---- what holds for everybody ---- */

/* Whether identifiers can be looked up at all. */
static bool
check_root_key(const Why *why)
{
	bool generated;
	bool missing;
	const char *trouble = users_root_trouble(&generated, &missing);

	if (trouble != NULL)
		report(why, "root_key", false,
			   psprintf("%s: nobody can sign in; see users_health()", trouble));
	else
		report(why, "root_key", true,
			   missing ? "none yet; the first sign-in makes one"
					   : "it can be used");
	return trouble == NULL;
}

static void
check_signing_key(const Why *why)
{
	bool active = users_has_active_key();
	bool can_make = !RecoveryInProgress();

	report(why, "signing_key", active || can_make,
		   active	  ? "there is an active one"
		   : can_make ? "none is active; the next sign-in makes one"
					  : "none is active, and this is a standby");
}

/* ---- what holds for the account ---- */

/* Whether somebody has the identifier; else who had it, or how one gets it. */
static void
check_exists(const Why *why)
{
	const char *registration =
		users_settings.registration == USERS_REGISTRATION_OPEN
			? "open"
			: "not open, see users.registration";
	TimestampTz deleted_at;
	pg_uuid_t user_id;

	if (why->account.exists)
		report(why, "exists", true, id_text(&why->account.user_id));
	else if (users_find_deleted(why->identifier, &user_id, &deleted_at))
		report(why, "exists", false,
			   psprintf("deleted at %s: users_restore_user('%s')",
						users_readable_time(deleted_at), id_text(&user_id)));
	else
		report(
			why, "exists", false,
			psprintf("nobody has this address or username; registration is %s",
					 registration));
}

static void
check_status(const Why *why)
{
	bool enabled = why->account.status == USERS_ENABLED;
	char *reason = users_disabled_reason(&why->account.user_id, why->context);

	report(why, "status", enabled,
		   enabled ? "enabled"
				   : psprintf("disabled%s%s: users_enable_user(user_id)",
							  reason == NULL ? "" : ", ",
							  reason == NULL ? "" : reason));
}

static void
check_password(const Why *why)
{
	const UsersAccount *account = &why->account;
	bool set = account->password_hash != NULL;
	bool verified = account->verified || !users_settings.require_verified_email;

	report(why, "password", set,
		   set ? "there is one"
			   : "none was ever set: users_issue_reset(user_id)");
	report(
		why, "reset_required", !account->reset_required,
		account->reset_required
			? "the password has to be reset first: users_issue_reset(user_id)"
			: "it may be used");
	report(
		why, "verified", verified,
		account->verified ? "the address is verified"
		: verified
			? "the address is not verified, and need not be"
			: "the address is not verified: users_update_account(user_id, email_verified => true)");
}

/* The most common reason cannot be seen but guessed: a wrong password. */
static void
check_attempts(const Why *why)
{
	TimestampTz day = users_after(GetCurrentTimestamp(), -SECS_PER_DAY);
	TimestampTz last;
	int64 count = users_count_failures(&why->account.user_id, day, &last);

	report(why, "attempts", count == 0,
		   count == 0
			   ? "none has failed in the last day, or since the last sign-in"
			   : psprintf("%lld failed in the last day, the last at %s",
						  (long long) count, users_readable_time(last)));
}

/* ---- the budgets ---- */

static void
report_wait(const Why *why, const char *name, TimestampTz until,
			const char *remedy)
{
	report(why, name, until == 0,
		   until == 0
			   ? "not throttled"
			   : psprintf("until %s: %s", users_readable_time(until), remedy));
}

static void
check_throttle(const Why *why)
{
	UsersThrottled seen;

	users_look_at_throttle(&seen, &why->account.user_id, why->from);
	report_wait(why, "throttle_account_and_address", seen.together,
				why->from == NULL
					? "from one address or more; users_unlock(user_id)"
					: "users_unlock(user_id, client_address)");
	report_wait(why, "throttle_account", seen.account,
				"from everywhere; users_unlock(user_id)");
	if (why->from != NULL)
		report_wait(why, "throttle_address", seen.client,
					"whoever it is; users_unlock(client_address => ...)");
}

static void
explain(Why *why)
{
	bool usable = check_root_key(why);

	check_signing_key(why);
	if (!usable)
		return;
	if (!users_find_identifier(&why->account, why->identifier,
							   strlen(why->identifier)))
		users_raise_busy();
	check_exists(why);
	if (why->account.exists)
	{
		users_load_account(&why->account, why->context);
		check_status(why);
		check_password(why);
		check_attempts(why);
	}
	check_throttle(why);
}

/* users_why(identifier text, client_address inet) SETOF users_check_result */
Datum
users_why(PG_FUNCTION_ARGS)
{
	UsersCall call;
	Why why = { .result = (ReturnSetInfo *) fcinfo->resultinfo };

	users_begin(&call, "users_why", USERS_READS);
	users_require_administrator(&call);
	why.context = call.context;
	why.identifier = users_trimmed_argument(fcinfo, 0);
	if (!PG_ARGISNULL(1))
	{
		if (!users_client_from_inet(&why.client, PG_GETARG_INET_PP(1)))
			users_raise_detail(USERS_E_WORD, "client_address",
							   "It is one address, or a /64 of IPv6.");
		why.from = &why.client;
	}
	InitMaterializedSRF(fcinfo, 0);
	users_enter_owner(&call);
	explain(&why);
	users_leave_owner(&call);
	PG_RETURN_VOID();
}

/* users.throttled_until(user_id uuid) timestamptz: one look at the table for
 * all rows of a statement. */
Datum
users_throttled_until(PG_FUNCTION_ARGS)
{
	UsersCall call;
	FmgrInfo *info = fcinfo->flinfo;
	TimestampTz until;

	users_begin(&call, "users.throttled_until", USERS_READS);
	users_require_administrator(&call);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (info->fn_extra == NULL)
		info->fn_extra = users_list_throttled(info->fn_mcxt);
	until = users_listed_until(info->fn_extra, PG_GETARG_UUID_P(0));
	if (until == 0)
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(until);
}
