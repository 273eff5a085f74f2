/*
 * The HTTP side of a call that PostgREST makes: it tells about the request in
 * settings of the transaction, and takes status and headers of the answer from
 * two others. Whoever sets them by hand deceives nobody but themselves; what a
 * header says of the client is for client.c to believe or not.
 */
#ifndef USERS_HTTP_H
#define USERS_HTTP_H

#include <stdbool.h>

/* Whether this transaction is a request of PostgREST's. */
extern bool users_http_request(void);

/* Whether it asks by GET or HEAD, with the arguments in its address. */
extern bool users_http_is_get(void);

/* A header of the request, its name in any case, in the present context; NULL
 * without one. */
extern char *users_http_header(const char *name);

/* A cookie of the request, likewise. */
extern char *users_http_cookie(const char *name);

/* Whose session PostgREST has read in the request's token, as text; NULL where
 * it has read none. */
extern void users_http_claimed_ids(char **user_id, char **session_id);

/* Sets a setting for the transaction, as SET LOCAL does. */
extern void users_set_local(const char *name, const char *value);

/* Sets the status of the answer; nothing without a request. */
extern void users_http_set_status(int status);

/* Adds a header to the answer: name and value are ASCII without control
 * characters, quotation marks and backslashes in the value are escaped. Nothing
 * without a request. */
extern void users_http_add_header(const char *name, const char *value);

/* Who may call a function: a client that repeats after 401, with a new token,
 * must not repeat a wrong password. */
typedef enum UsersAudience
{
	USERS_ANYBODY,
	USERS_SIGNED_IN
} UsersAudience;

/* Status and headers of the answer for a status word of the API; retry_after
 * (seconds) of 0 is none. Nothing without a request. */
extern void users_http_answer(const char *status, int retry_after,
							  UsersAudience audience);

/* The answer holds a token or a link: nobody may keep it. */
extern void users_http_no_store(void);

#endif
