/*
 * The refresh token as a cookie (users.refresh_cookie), which no script can
 * read: `__Host-users_refresh`, Secure, HttpOnly, SameSite=Strict. It is set,
 * read and cleared only when the request says that a page of the same origin
 * made it (Sec-Fetch-Site) or has a header that no form can send
 * (X-Requested-With): a foreign page must not sign anybody in or out.
 */
#ifndef USERS_COOKIE_H
#define USERS_COOKIE_H

#include <stdbool.h>

/* Whether this request's token may travel as a cookie. */
extern bool users_cookie_allowed(void);

/* The token in the cookie, in the present context; NULL when there is none, or
 * it may not be read. */
extern text *users_cookie_token(void);

/* Sets the cookie until the token's end. */
extern void users_cookie_set(const char *token, TimestampTz expires_at);

/* Has the browser forget it, where it may be touched. */
extern void users_cookie_clear(void);

#endif
