/* Results of the API as rows of their named types. */
#ifndef USERS_OUTCOME_H
#define USERS_OUTCOME_H

#include <stdbool.h>

#include "http.h"

/* A row of the function's result type from its first n columns; later columns
 * are NULL. */
extern Datum users_row(FunctionCallInfo fcinfo, const Datum *values,
					   const bool *nulls, int n);

/* users_outcome, and what is said of it over HTTP; retry_after of 0 is NULL. */
extern Datum users_outcome_row(FunctionCallInfo fcinfo, const char *status,
							   int retry_after, UsersAudience audience);

/* How a refresh token travels over HTTP: a successor goes the way that its
 * token came. */
typedef enum UsersTokenWay
{
	USERS_AS_REQUESTED, /* in a cookie where one may be set */
	USERS_IN_ANSWER,
	USERS_IN_COOKIE
} UsersTokenWay;

/* users_ticket, and what is said of it over HTTP; ticket may be NULL,
 * retry_after of 0 is NULL. */
extern Datum users_ticket_row(FunctionCallInfo fcinfo, const char *status,
							  const char *ticket, int retry_after);

/* users_session. Only status and retry_after count unless signed_in. */
typedef struct UsersSignedIn
{
	const char *status;
	int retry_after;
	bool signed_in;
	bool registered; /* an account was made: 201 over HTTP */
	UsersTokenWay way;
	pg_uuid_t user_id;
	pg_uuid_t session_id;
	bool is_admin;
	char *access_token;
	TimestampTz expires_at;
	int expires_in;
	char *refresh_token;
	TimestampTz refresh_expires_at;
} UsersSignedIn;

/* The row, and what is said of it over HTTP: with the cookie that is set, or
 * cleared because its token was refused. */
extern Datum users_session_row(FunctionCallInfo fcinfo,
							   const UsersSignedIn *result);

/* A text argument as a C string in the present context; NULL for NULL. */
extern char *users_text_argument(FunctionCallInfo fcinfo, int n);

/* Likewise with white space taken off its ends; "" for NULL. */
extern char *users_trimmed_argument(FunctionCallInfo fcinfo, int n);

/* A label for a session: printable, at most 255 bytes, NULL when nothing is
 * left. */
extern char *users_label_argument(FunctionCallInfo fcinfo, int n);

#endif
