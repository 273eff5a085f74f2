#include "pg.h"

#include "audit.h"
#include "caller.h"
#include "errors.h"
#include "key.h"
#include "outcome.h"
#include "revocation.h"
#include "root.h"
#include "session.h"
#include "settings.h"

PG_FUNCTION_INFO_V1(users_rotate_key);
PG_FUNCTION_INFO_V1(users_revoke_key);
PG_FUNCTION_INFO_V1(users_renew_root_key);
PG_FUNCTION_INFO_V1(users_jwks);

/* users_rotate_key() users_keys */
Datum
users_rotate_key(PG_FUNCTION_ARGS)
{
	UsersCall call;
	UsersKeyRow row;
	char *kid;
	Datum values[5];
	bool nulls[5] = { false };

	users_begin(&call, "users_rotate_key", USERS_WRITES);
	users_require_administrator(&call);
	users_enter_owner(&call);
	kid = users_rotate_signing_key(call.context);
	users_audit_caller("key_rotated", NULL, "kid", kid);
	if (!users_find_key_row(&row, kid, call.context))
		elog(ERROR, "the new key is not there");
	users_leave_owner(&call);
	values[0] = CStringGetTextDatum(row.kid);
	values[1] = CStringGetTextDatum(row.algorithm);
	values[2] = CStringGetTextDatum(row.state);
	values[3] = TimestampTzGetDatum(row.created_at);
	values[4] = TimestampTzGetDatum(row.retires_at);
	nulls[4] = !row.retires;
	return users_row(fcinfo, values, nulls, lengthof(values));
}

/* users_revoke_key(kid text) boolean */
Datum
users_revoke_key(PG_FUNCTION_ARGS)
{
	UsersCall call;
	UsersKeyRow row;
	char *kid;
	bool revoked;

	users_begin(&call, "users_revoke_key", USERS_WRITES);
	users_require_administrator(&call);
	kid = users_text_argument(fcinfo, 0);
	users_enter_owner(&call);
	if (kid == NULL || !users_find_key_row(&row, kid, call.context))
		users_raise(USERS_E_UNKNOWN, "kid");
	revoked = users_revoke_signing_key(kid);
	if (revoked)
	{
		users_note_revocation();
		users_audit_caller("key_revoked", NULL, "kid", kid);
		/* Not the next sign-in, whose open transaction others would wait for.
		 */
		users_make_keys();
	}
	users_leave_owner(&call);
	PG_RETURN_BOOL(revoked);
}

/* users_renew_root_key() boolean */
Datum
users_renew_root_key(PG_FUNCTION_ARGS)
{
	UsersCall call;

	users_begin(&call, "users_renew_root_key", USERS_WRITES);
	users_require_superuser(&call);
	users_enter_owner(&call);
	users_renew_root();
	users_delete_signing_keys();
	(void) users_end_all_sessions();
	users_make_keys();
	users_audit_caller("root_key_renewed", NULL, NULL, NULL);
	users_leave_owner(&call);
	PG_RETURN_BOOL(true);
}

/* users_jwks() "application/jwk-set+json" */
Datum
users_jwks(PG_FUNCTION_ARGS)
{
	UsersCall call;
	char *keys;

	users_begin(&call, "users_jwks", USERS_READS | USERS_ANYWHERE);
	users_enter_owner(&call);
	keys = users_public_jwks(call.context);
	users_leave_owner(&call);
	PG_RETURN_TEXT_P(cstring_to_text(keys));
}
