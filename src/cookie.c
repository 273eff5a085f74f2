#include "pg.h"

#include "cookie.h"
#include "http.h"
#include "settings.h"

/* RFC 6265bis 4.1.3.2: with this prefix no other host can have set it. */
#define COOKIE	   "__Host-users_refresh"
#define ATTRIBUTES "; Path=/; Secure; HttpOnly; SameSite=Strict"

bool
users_cookie_allowed(void)
{
	const char *site;

	if (!users_settings.refresh_cookie || !users_http_request())
		return false;
	site = users_http_header("sec-fetch-site");
	if (site != NULL && strcmp(site, "same-origin") == 0)
		return true;
	return users_http_header("x-requested-with") != NULL;
}

text *
users_cookie_token(void)
{
	char *token = users_cookie_allowed() ? users_http_cookie(COOKIE) : NULL;

	return token == NULL ? NULL : cstring_to_text(token);
}

void
users_cookie_set(const char *token, TimestampTz expires_at)
{
	long seconds = (long) Max(
		(expires_at - GetCurrentTimestamp()) / USECS_PER_SEC, INT64CONST(0));

	users_http_add_header(
		"Set-Cookie",
		psprintf(COOKIE "=%s" ATTRIBUTES "; Max-Age=%ld", token, seconds));
}

void
users_cookie_clear(void)
{
	if (users_cookie_allowed())
		users_http_add_header("Set-Cookie",
							  COOKIE "=" ATTRIBUTES "; Max-Age=0");
}
