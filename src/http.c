#include "pg.h"

#include "core/grammar.h"
#include "http.h"

/* A setting of the transaction; NULL when it is not set, or empty, as
 * PostgREST's are once a transaction has ended. */
static const char *
setting(const char *name)
{
	const char *value = GetConfigOption(name, true, false);

	return value == NULL || value[0] == '\0' ? NULL : value;
}

bool
users_http_request(void)
{
	return setting("request.method") != NULL;
}

bool
users_http_is_get(void)
{
	const char *method = setting("request.method");

	return method != NULL &&
		   (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0);
}

/* The JSON object in a setting; NULL when there is none. */
static Jsonb *
object_in(const char *name)
{
	const char *text = setting(name);
	Jsonb *object;

	if (text == NULL || text[0] != '{')
		return NULL;
	object =
		DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
	return JB_ROOT_IS_OBJECT(object) ? object : NULL;
}

/* A text member of it. */
static char *
member(Jsonb *object, const char *key)
{
	JsonbValue value;
	JsonbValue *found;

	if (object == NULL)
		return NULL;
	found = getKeyJsonValueFromContainer(&object->root, key, (int) strlen(key),
										 &value);
	if (found == NULL || found->type != jbvString)
		return NULL;
	return pnstrdup(found->val.string.val, (Size) found->val.string.len);
}

char *
users_http_header(const char *name)
{
	char *lower = pstrdup(name);

	users_fold(lower, name, strlen(name));
	return member(object_in("request.headers"), lower);
}

char *
users_http_cookie(const char *name)
{
	return member(object_in("request.cookies"), name);
}

void
users_http_claimed_ids(char **user_id, char **session_id)
{
	Jsonb *claims = object_in("request.jwt.claims");

	*user_id = member(claims, "sub");
	*session_id = member(claims, "sid");
}

void
users_set_local(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_LOCAL, true, 0, false);
}

void
users_http_set_status(int status)
{
	char text[12];

	if (!users_http_request())
		return;
	snprintf(text, sizeof(text), "%d", status);
	users_set_local("response.status", text);
}

/* The headers are a JSON array of objects with one member each; the
 * application's own stay. A function that writes nothing may be called twice
 * for one answer: what is there already is not added again. */
void
users_http_add_header(const char *name, const char *value)
{
	const char *before = setting("response.headers");
	size_t len = before == NULL ? 0 : strlen(before);
	StringInfoData header;
	StringInfoData all;

	if (!users_http_request())
		return;
	initStringInfo(&header);
	appendStringInfoChar(&header, '{');
	escape_json(&header, name);
	appendStringInfoChar(&header, ':');
	escape_json(&header, value);
	appendStringInfoChar(&header, '}');
	if (before != NULL && strstr(before, header.data) != NULL)
		return;
	while (len > 0 && before[len - 1] != ']')
		len--;
	initStringInfo(&all);
	if (len > 1)
		appendBinaryStringInfo(&all, before, (int) len - 1);
	else
		appendStringInfoChar(&all, '[');
	if (strchr(all.data, '{') != NULL)
		appendStringInfoChar(&all, ',');
	appendStringInfo(&all, "%s]", header.data);
	users_set_local("response.headers", all.data);
}

/* Statuses of the words; 0: as for a wrong secret. */
static const struct
{
	const char *word;
	int status;
} statuses[] = {
	{ "ok", 200 },
	{ "accepted", 202 },
	{ "invalid_credentials", 0 },
	{ "invalid_token", 0 },
	{ "disabled", 403 },
	{ "unverified", 403 },
	{ "reset_required", 403 },
	{ "throttled", 429 },
	{ "busy", 503 },
	{ "ask_primary", 503 },
};

static int
status_of(const char *word, UsersAudience audience)
{
	for (size_t i = 0; i < lengthof(statuses); i++)
		if (strcmp(statuses[i].word, word) == 0 && statuses[i].status != 0)
			return statuses[i].status;
	return audience == USERS_SIGNED_IN ? 403 : 401;
}

void
users_http_answer(const char *status, int retry_after, UsersAudience audience)
{
	int number;

	if (!users_http_request())
		return;
	number = status_of(status, audience);
	users_http_set_status(number);
	if (number == 401)
		users_http_add_header("WWW-Authenticate", "Bearer");
	if (retry_after > 0)
	{
		char seconds[12];

		snprintf(seconds, sizeof(seconds), "%d", retry_after);
		users_http_add_header("Retry-After", seconds);
	}
}

void
users_http_no_store(void)
{
	users_http_add_header("Cache-Control", "no-store");
}
