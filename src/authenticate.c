#include "pg.h"

#include "access.h"
#include "authenticate.h"
#include "errors.h"
#include "guard.h"
#include "identity.h"
#include "outcome.h"
#include "person.h"
#include "rights.h"

PG_FUNCTION_INFO_V1(users_authenticate);
PG_FUNCTION_INFO_V1(users_validate_token);

static UsersIdentity
take_on(const UsersAccess *access)
{
	UsersIdentity identity = { .user_id = access->user_id,
							   .session_id = access->session_id,
							   .expires_at = access->expires_at,
							   .is_admin = access->is_admin };

	/* The role first: it raises when the login may not switch to it. */
	(void) set_config_option("role", users_role_name(access->is_admin),
							 superuser() ? PGC_SUSET : PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
	users_identity_set(&identity);
	return identity;
}

UsersIdentity
users_sign_on(UsersCall *call, const char *token, size_t len)
{
	UsersAccess access;

	if (call->in_definer || call->restricted)
		users_raise(USERS_E_RESTRICTED, NULL);
	users_check_login();
	users_refuse_held_cursors();
	switch (users_verify_access(&access, call, token, len))
	{
		case USERS_TOKEN_ELSEWHERE:
			users_raise(USERS_E_ASK_PRIMARY, NULL);
		case USERS_TOKEN_INVALID:
			users_raise(USERS_E_BAD_TOKEN, NULL);
		case USERS_TOKEN_VALID:
			break;
	}
	return take_on(&access);
}

/* users_authenticate(token text) uuid */
Datum
users_authenticate(PG_FUNCTION_ARGS)
{
	UsersCall call;
	UsersIdentity identity;
	pg_uuid_t *user_id = palloc(sizeof(pg_uuid_t));

	users_begin(&call, "users_authenticate", USERS_SECRET);
	if (PG_ARGISNULL(0))
		identity = users_sign_on(&call, "", 0);
	else
	{
		text *token = PG_GETARG_TEXT_PP(0);

		identity =
			users_sign_on(&call, VARDATA_ANY(token), VARSIZE_ANY_EXHDR(token));
	}
	*user_id = identity.user_id;
	PG_RETURN_UUID_P(user_id);
}

/* users_validate_token(token text) users_claims */
Datum
users_validate_token(PG_FUNCTION_ARGS)
{
	static const char *const words[] = { "ok", "invalid_token", "ask_primary" };
	UsersCall call;
	UsersAccess access;
	char *username = NULL;
	UsersTokenVerdict verdict = USERS_TOKEN_INVALID;
	Datum values[8] = { 0 };
	bool nulls[8];

	users_begin(&call, "users_validate_token", USERS_SECRET);
	users_require_service(&call);
	if (!PG_ARGISNULL(0))
	{
		text *token = PG_GETARG_TEXT_PP(0);

		verdict = users_verify_access(&access, &call, VARDATA_ANY(token),
									  VARSIZE_ANY_EXHDR(token));
		if (verdict == USERS_TOKEN_VALID &&
			(username = users_present_username(&access.user_id)) == NULL)
			verdict = USERS_TOKEN_INVALID;
	}
	memset(nulls, verdict != USERS_TOKEN_VALID, sizeof(nulls));
	values[0] = CStringGetTextDatum(words[verdict]);
	nulls[0] = false;
	if (verdict == USERS_TOKEN_VALID)
	{
		values[1] = UUIDPGetDatum(&access.user_id);
		values[2] = UUIDPGetDatum(&access.session_id);
		values[3] = CStringGetTextDatum(username);
		values[4] = CStringGetTextDatum(users_role_name(access.is_admin));
		values[5] = TimestampTzGetDatum(access.authenticated_at);
		values[6] = TimestampTzGetDatum(access.issued_at);
		values[7] = TimestampTzGetDatum(access.expires_at);
	}
	users_http_answer(words[verdict], 0, USERS_SIGNED_IN);
	return users_row(fcinfo, values, nulls, lengthof(values));
}
