#include "pg.h"

#include <sodium.h>

#include "authenticate.h"
#include "caller.h"
#include "errors.h"
#include "http.h"
#include "identity.h"
#include "key.h"

PG_FUNCTION_INFO_V1(users_pre_request);
PG_FUNCTION_INFO_V1(users_pre_config);

/* ---- before each request ---- */

/* The token of an Authorization header, as RFC 6750, 2.1 has it and PostgREST
 * reads it: the scheme in any case, spaces; NULL: another scheme. */
static const char *
bearer_token(const char *header)
{
	static const char scheme[] = "bearer ";

	if (pg_strncasecmp(header, scheme, sizeof(scheme) - 1) != 0)
		return NULL;
	header += sizeof(scheme) - 1;
	while (*header == ' ')
		header++;
	return header;
}

static bool
is_another(const char *claimed, const pg_uuid_t *id)
{
	Datum text = DirectFunctionCall1(uuid_out, UUIDPGetDatum(id));

	return claimed != NULL && strcmp(claimed, DatumGetCString(text)) != 0;
}

/* Of several Authorization headers PostgREST reads the first and hands on the
 * last: the application would be told of one person in request.jwt.claims,
 * whose session nobody has looked at, and of another by us. */
static void
refuse_other_claims(const UsersIdentity *identity)
{
	char *user_id;
	char *session_id;

	users_http_claimed_ids(&user_id, &session_id);
	if (is_another(user_id, &identity->user_id) ||
		is_another(session_id, &identity->session_id))
		users_raise(USERS_E_BAD_TOKEN, NULL);
}

/* users_pre_request() void
 *
 * PostgREST has checked a signature and switched to the role that the token
 * claims. What it cannot know is whether the session is still there: so the
 * token is verified anew, and what it says, not the claims that PostgREST
 * hands on, is who is signed in. */
Datum
users_pre_request(PG_FUNCTION_ARGS)
{
	UsersCall call;
	const char *header;
	const char *token = NULL;

	users_begin(&call, "users_pre_request", USERS_SECRET);
	header = users_http_header("authorization");
	if (header != NULL)
		token = bearer_token(header);
	if (token != NULL)
	{
		UsersIdentity identity = users_sign_on(&call, token, strlen(token));

		refuse_other_claims(&identity);
	}
	else if (has_privs_of_role(call.caller, users_role("users_member")) &&
			 !superuser_arg(call.caller))
		/* Whoever is a member shows a token: this one only has the role. */
		users_raise(USERS_E_BAD_TOKEN, NULL);
	PG_RETURN_VOID();
}

/* ---- its configuration ---- */

/* A set without a key, as unpublished as one with some. */
static char *
no_keys(void)
{
	uint8 random[24];
	char text[2 * sizeof(random) + 1];

	randombytes_buf(random, sizeof(random));
	(void) sodium_bin2hex(text, sizeof(text), random, sizeof(random));
	return psprintf("{\"keys\":[],\"unpublished\":\"%s\"}", text);
}

/* PostgREST serves nobody when its configuration fails; without keys it serves
 * those who need none. */
static const char *
keys_or_none(UsersCall *call)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	char *volatile keys = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		users_enter_owner(call);
		keys = users_verifying_jwks(context);
		users_leave_owner(call);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData *error = users_take_back(context, owner);

		ereport(WARNING, (errcode(error->sqlerrcode),
						  errmsg("PostgREST is given no key to verify with"),
						  errdetail("%s", error->message), users_errhide()));
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return keys != NULL ? keys : no_keys();
}

/* users_pre_config() void */
Datum
users_pre_config(PG_FUNCTION_ARGS)
{
	UsersCall call;
	Oid schema = get_func_namespace(fcinfo->flinfo->fn_oid);

	users_begin(&call, "users_pre_config", USERS_SECRET | USERS_ANYWHERE);
	users_set_local("pgrst.jwt_secret", keys_or_none(&call));
	users_set_local("pgrst.jwt_secret_is_base64", "false");
	users_set_local("pgrst.db_anon_role", "users_anon");
	users_set_local(
		"pgrst.db_pre_request",
		psprintf("%s.users_pre_request", get_namespace_name(schema)));
	PG_RETURN_VOID();
}
