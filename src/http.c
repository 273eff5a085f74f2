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

/* A text member of a JSON object in a setting. */
static char *
member(const char *name, const char *key)
{
	const char *text = setting(name);
	Datum json;
	Jsonb *object;
	JsonbValue value;
	JsonbValue *found;

	if (text == NULL || text[0] != '{')
		return NULL;
	json = DirectFunctionCall1(jsonb_in, CStringGetDatum(text));
	object = DatumGetJsonbP(json);
	if (!JB_ROOT_IS_OBJECT(object))
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
	return member("request.headers", lower);
}

char *
users_http_cookie(const char *name)
{
	return member("request.cookies", name);
}

char *
users_http_claim(const char *name)
{
	return member("request.jwt.claims", name);
}

/* As SET LOCAL does. */
static void
set_local(const char *name, const char *value)
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
	set_local("response.status", text);
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
	set_local("response.headers", all.data);
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
