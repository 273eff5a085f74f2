#include "pg.h"

#include "errors.h"
#include "http.h"

#define US(n) MAKE_SQLSTATE('U', 'S', '0', '0' + (n) / 10, '0' + (n) % 10)

typedef struct ErrorRow
{
	int sqlstate;
	const char *message;
	const char *hint;
	const char *constraint;
} ErrorRow;

/* HTTP statuses that PostgREST would not give by itself. */
static const struct
{
	int sqlstate;
	int status;
	const char *headers; /* of a JSON object */
} over_http[] = {
	{ ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, 401,
	  "\"WWW-Authenticate\":\"Bearer error=\\\"invalid_token\\\"\"" },
	{ US(10), 409, "" },
	{ US(11), 409, "" },
	{ US(12), 403, "" },
	{ US(13), 503, "" },
	{ US(14), 404, "" },
	{ US(16), 503, "\"Retry-After\":\"" CppAsString2(USERS_BUSY_RETRY) "\"" },
};

/* PostgREST answers as the two texts of this one say. */
#define SQLSTATE_PGRST MAKE_SQLSTATE('P', 'G', 'R', 'S', 'T')

static const ErrorRow rows[USERS_ERROR_COUNT] = {
	[USERS_E_EMAIL] = { US(1), "invalid email address",
						"Give an address such as ann@example.org, of at most 254 octets." },
	[USERS_E_USERNAME] = { US(2), "invalid username",
						   "Use 1 to 32 of the characters A-Z a-z 0-9 _ - . beginning with a letter or digit, with single dots and none at the end." },
	[USERS_E_WEAK_PASSWORD] = { US(3), "password is too weak",
								"Choose a longer password, or one that is harder to guess: several unrelated words will do." },
	[USERS_E_CONFIRM] = { US(4), "passwords do not match",
						  "Type the new password twice, the same each time." },
	[USERS_E_NAME] = { US(5), "invalid name",
					   "Use 1 to 100 characters, none of them a control character." },
	[USERS_E_REASON] = { US(5), "invalid reason",
						 "Use at most 500 characters, none of them a control character." },
	[USERS_E_METADATA] = { US(5), "invalid metadata",
						   "Give a JSON object of at most 16 kB." },
	[USERS_E_TAGS] = { US(5), "invalid tags",
					   "Give at most 32 of them, each of 1 to 64 characters, none of them a control character." },
	[USERS_E_PICTURE] = { US(6), "invalid picture",
						  "Give a whole PNG, JPEG, GIF or WebP file with nothing behind its end, as bytea." },
	[USERS_E_LANGUAGE] = { US(7), "unknown language",
						   "The view users_languages lists the languages." },
	[USERS_E_THEME] = { US(7), "unknown theme",
						"The view users_themes lists the themes." },
	[USERS_E_ROUTE] = { US(8), "invalid route",
						"Use 1 to 36 of the characters A-Z a-z 0-9 _ - beginning with a letter or digit." },
	[USERS_E_PERMISSION] = { US(9), "unknown permission",
							 "Give object_type:action, or object_type:* for all of them; the view users_object_types lists both." },
	[USERS_E_OBJECT_TYPE] = { US(9), "unknown object type",
							  "The view users_object_types lists the types." },
	[USERS_E_LAST_ADMIN] = { US(10), "the last administrator must stay",
							 "Make somebody else an administrator first." },
	[USERS_E_STATE] = { US(11), "not possible in this state",
						"Bring it into a state first in which this is possible." },
	[USERS_E_CLOSED] = { US(12), "registration is closed",
						 "Ask an administrator for an account." },
	[USERS_E_INVITED] = { US(12), "registration is by invitation",
						  "Call users_register with the token of an invitation, or ask an administrator for an account." },
	[USERS_E_NEEDS_LINK] = { US(12), "registration needs a token",
							 "Call users_request_registration(email) for a sign-up link, or use the link of an invitation." },
	[USERS_E_ASK_PRIMARY] = { US(13), "this standby cannot know yet",
							  "Ask the primary, or try again in a moment." },
	[USERS_E_UNKNOWN] = { US(14), "no such thing",
						  "users_id(identifier) finds an account; the views users_domains, users_roles and users_keys list what there is." },
	[USERS_E_SITE] = { US(15), "unknown site",
					   "Leave site out, or name one of the view users_sites." },
	[USERS_E_BUSY] = { US(16), "too much at once, come back later",
					   "Repeat the call after that time. A transaction that stays open on the same account is idle in pg_stat_activity." },
	[USERS_E_EMAIL_TAKEN] = { ERRCODE_UNIQUE_VIOLATION,
							  "this email address is taken",
							  "Sign in with it, or reset its password.",
							  "users_email_key" },
	[USERS_E_USERNAME_TAKEN] = { ERRCODE_UNIQUE_VIOLATION,
								 "this username is taken",
								 "Choose another one.", "users_username_key" },
	[USERS_E_ROUTE_TAKEN] = { ERRCODE_UNIQUE_VIOLATION, "this route is taken",
							  "Choose another one; a deleted domain keeps its route.",
							  "users_domain_route_key" },
	[USERS_E_ROLE_TAKEN] = { ERRCODE_UNIQUE_VIOLATION,
							 "this name of a role is taken",
							 "Choose another one, or update the role of that name.",
							 "users_role_name_key" },
	[USERS_E_HOLDS_ROLE] = { ERRCODE_UNIQUE_VIOLATION,
							 "this person holds the role already",
							 "The view users_members lists who holds which role." },
	[USERS_E_ID_TAKEN] = { ERRCODE_UNIQUE_VIOLATION, "this id is taken",
						   "An id is used once, that of a purged account too." },
	[USERS_E_INVITED_ALREADY] = { ERRCODE_UNIQUE_VIOLATION,
								  "there is such an invitation already",
								  "The view users_invitations lists the pending ones." },
	[USERS_E_NO_IDENTITY] = { ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
							  "nobody is signed in",
							  "Call users_authenticate(token) first, in the same transaction." },
	[USERS_E_BAD_TOKEN] = { ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
							"the access token is not valid",
							"Refresh it with users_refresh, or sign in again." },
	[USERS_E_NOT_PERMITTED] = { ERRCODE_INSUFFICIENT_PRIVILEGE, "not permitted",
								"It is not there, or it needs a permission that you do not hold on it, or gives one: users_permissions(domain_id) shows what you hold." },
	[USERS_E_NOT_ADMIN] = { ERRCODE_INSUFFICIENT_PRIVILEGE,
							"only administrators may do this",
							"Authenticate with an administrator's token, or call it as a member of users_dba without SET ROLE and outside of other people's functions." },
	[USERS_E_NOT_SERVICE] = { ERRCODE_INSUFFICIENT_PRIVILEGE,
							  "only services and administrators may do this",
							  "Connect as a member of users_service." },
	[USERS_E_NOT_SUPERUSER] = { ERRCODE_INSUFFICIENT_PRIVILEGE,
								"only superusers may do this",
								"Connect as a superuser, without a token." },
	[USERS_E_NOT_DBA] = { ERRCODE_INSUFFICIENT_PRIVILEGE,
						  "only a DBA may do this",
						  "Call it as a superuser or a member of users_dba, without a token." },
	[USERS_E_OTHER_ADMIN] = { ERRCODE_INSUFFICIENT_PRIVILEGE,
							  "an administrator's account is changed by DBAs only",
							  "Call it as a superuser or a member of users_dba, without a token." },
	[USERS_E_RESTRICTED] = { ERRCODE_INSUFFICIENT_PRIVILEGE,
							 "not possible here",
							 "Call the function directly, not from an index, a materialized view or a SECURITY DEFINER function." },
	[USERS_E_WORD] = { ERRCODE_INVALID_PARAMETER_VALUE,
					   "not one of the allowed words",
					   "The function's comment says which there are: \\df+ in psql." },
	[USERS_E_NEEDS_DOMAIN] = { ERRCODE_INVALID_PARAMETER_VALUE,
							   "an object of this type needs its domain",
							   "The type has no table that says in which domain an object lies: give domain_id too, or name its table with users_define_object_type." },
	[USERS_E_URL] = { ERRCODE_INVALID_PARAMETER_VALUE,
					  "invalid address of a page",
					  "Give one such as https://example.org/reset?token={token}; {token} stands for the token." },
	[USERS_E_SENDER] = { ERRCODE_INVALID_PARAMETER_VALUE, "invalid sender",
						 "Give an address, or a name and an address as in Example <mail@example.org>." },
	[USERS_E_TEMPLATE] = { ERRCODE_INVALID_PARAMETER_VALUE,
						   "invalid mail template",
						   "doc/mail.md lists the placeholders of each kind; the view users_templates shows the built-in texts." },
	[USERS_E_RANGE] = { ERRCODE_INVALID_PARAMETER_VALUE, "value out of range",
						"The function's comment says what is allowed: \\df+ in psql." },
	[USERS_E_TYPE_NAME] = { ERRCODE_INVALID_PARAMETER_VALUE,
							"invalid name of an object type or action",
							"Use 1 to 32 of the characters a-z 0-9 _ beginning with a letter." },
	[USERS_E_LANGUAGE_CODE] = { ERRCODE_INVALID_PARAMETER_VALUE,
								"invalid language code",
								"Give one such as en, pt-BR or zh-Hant, of at most 35 characters." },
	[USERS_E_HASH] = { ERRCODE_INVALID_PARAMETER_VALUE,
					   "this password hash cannot be used",
					   "Give Argon2id in the PHC string format or bcrypt, neither beyond the caps in doc/security.md; without a hash the person resets the password." },
	[USERS_E_STAGING] = { ERRCODE_INVALID_PARAMETER_VALUE,
						  "this table cannot be imported",
						  "Give an ordinary table with columns that are named like arguments of users_import, email and username among them, and have their types or text." },
	[USERS_E_NO_PRELOAD] = { ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
							 "the library \"users\" was not loaded at server start",
							 "Add users to shared_preload_libraries in postgresql.conf, as in shared_preload_libraries = 'users', and restart the server." },
	[USERS_E_ROOT_KEY] = { ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
						   "the root key cannot be used",
						   "Look at users_health(); doc/operation.md says what to do about a lost key file." },
	[USERS_E_POSITION] = { ERRCODE_INVALID_PARAMETER_VALUE,
						   "not a position of users_events",
						   "Give the position of a row that users_events returned, or NULL to begin with." },
	[USERS_E_POSITION_LOST] = { US(11), "this position holds no longer",
								"Events after it may be missing: read everything anew, and begin with after => NULL." },
};

const char *
users_error_message(UsersError error, int *sqlstate)
{
	*sqlstate = rows[error].sqlstate;
	return rows[error].message;
}

static void
append_member(StringInfo text, const char *name, const char *value)
{
	appendStringInfo(text, "%s\"%s\":", text->len == 1 ? "" : ",", name);
	if (value == NULL)
		appendStringInfoString(text, "null");
	else
		escape_json(text, value);
}

/*
 * The same error in the form in which PostgREST takes an HTTP status; the one
 * in the log says the SQLSTATE. Raises nothing when there is no request, or
 * PostgREST's own status is right.
 */
static void
raise_over_http(const ErrorRow *row, const char *detail)
{
	StringInfoData body;
	size_t i = 0;

	while (i < lengthof(over_http) && over_http[i].sqlstate != row->sqlstate)
		i++;
	if (i == lengthof(over_http) || !users_http_request())
		return;
	initStringInfo(&body);
	appendStringInfoChar(&body, '{');
	append_member(&body, "code", unpack_sql_state(row->sqlstate));
	append_member(&body, "message", row->message);
	append_member(&body, "details", detail);
	append_member(&body, "hint", row->hint);
	appendStringInfoChar(&body, '}');
	ereport(ERROR,
			(errcode(SQLSTATE_PGRST), errmsg_internal("%s", body.data),
			 errdetail_internal("{\"status\":%d,\"headers\":{%s}}",
								over_http[i].status, over_http[i].headers),
			 errdetail_log("SQLSTATE %s", unpack_sql_state(row->sqlstate)),
			 users_errhide()));
}

bool
users_is_busy_error(const ErrorData *error)
{
	return error->sqlerrcode == US(16) ||
		   (error->sqlerrcode == SQLSTATE_PGRST && error->detail_log != NULL &&
			strcmp(error->detail_log, "SQLSTATE US016") == 0);
}

void
users_raise_detail(UsersError error, const char *argument, const char *detail,
				   ...)
{
	const ErrorRow *row = &rows[error];
	StringInfoData text;

	initStringInfo(&text);
	if (argument != NULL)
		appendStringInfo(&text, "argument: %s", argument);
	if (detail != NULL)
	{
		va_list args;
		int needed;

		if (text.len > 0)
			appendStringInfoChar(&text, '\n');
		do
		{
			va_start(args, detail);
			needed = appendStringInfoVA(&text, detail, args);
			va_end(args);
			if (needed > 0)
				enlargeStringInfo(&text, needed);
		} while (needed > 0);
	}
	raise_over_http(row, text.len > 0 ? text.data : NULL);
	ereport(ERROR,
			(errcode(row->sqlstate), errmsg("%s", row->message),
			 text.len > 0 ? errdetail("%s", text.data) : 0,
			 row->hint != NULL ? errhint("%s", row->hint) : 0,
			 argument != NULL
				 ? err_generic_string(PG_DIAG_COLUMN_NAME, argument)
				 : 0,
			 row->constraint != NULL
				 ? err_generic_string(PG_DIAG_CONSTRAINT_NAME, row->constraint)
				 : 0,
			 users_errhide()));
	pg_unreachable();
}

void
users_raise_busy(void)
{
	users_raise_detail(USERS_E_BUSY, NULL, "retry_after: %d", USERS_BUSY_RETRY);
}
