#include "pg.h"

#include "cookie.h"
#include "core/grammar.h"
#include "identity.h"
#include "outcome.h"
#include "text.h"

#define COLUMNS_MAX 32
#define LABEL_MAX	256

Datum
users_row(FunctionCallInfo fcinfo, const Datum *values, const bool *nulls,
		  int n)
{
	TupleDesc desc;
	Datum all_values[COLUMNS_MAX];
	bool all_nulls[COLUMNS_MAX];

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE ||
		desc->natts > COLUMNS_MAX || desc->natts < n)
		elog(ERROR, "unexpected result type");
	for (int i = 0; i < desc->natts; i++)
	{
		all_nulls[i] = i >= n || nulls[i];
		all_values[i] = all_nulls[i] ? (Datum) 0 : values[i];
	}
	desc = BlessTupleDesc(desc);
	return HeapTupleGetDatum(heap_form_tuple(desc, all_values, all_nulls));
}

Datum
users_outcome_row(FunctionCallInfo fcinfo, const char *status, int retry_after,
				  UsersAudience audience)
{
	Datum values[] = { CStringGetTextDatum(status),
					   Int32GetDatum(retry_after) };
	bool nulls[] = { false, retry_after == 0 };

	users_http_answer(status, retry_after, audience);
	return users_row(fcinfo, values, nulls, lengthof(values));
}

Datum
users_ticket_row(FunctionCallInfo fcinfo, const char *status,
				 const char *ticket, int retry_after)
{
	bool nulls[] = { false, ticket == NULL, retry_after == 0 };
	Datum values[] = { CStringGetTextDatum(status),
					   ticket == NULL ? (Datum) 0 : CStringGetTextDatum(ticket),
					   Int32GetDatum(retry_after) };

	users_http_answer(status, retry_after, USERS_ANYBODY);
	users_http_no_store();
	return users_row(fcinfo, values, nulls, lengthof(values));
}

/* What is said over HTTP of a session; whether its refresh token has gone into
 * a cookie. */
static bool
answer_session(const UsersSignedIn *result)
{
	bool by_cookie = result->way == USERS_IN_COOKIE ||
					 (result->way == USERS_AS_REQUESTED && result->signed_in &&
					  users_cookie_allowed());

	if (!users_http_request())
		return false;
	users_http_answer(result->status, result->retry_after, USERS_ANYBODY);
	users_http_no_store();
	if (result->registered)
		users_http_set_status(201);
	if (by_cookie && result->signed_in)
		users_cookie_set(result->refresh_token, result->refresh_expires_at);
	else if (by_cookie && result->retry_after == 0)
		users_cookie_clear();
	return by_cookie;
}

Datum
users_session_row(FunctionCallInfo fcinfo, const UsersSignedIn *result)
{
	Datum values[11] = { 0 };
	bool nulls[11];
	bool by_cookie = answer_session(result);

	memset(nulls, !result->signed_in, sizeof(nulls));
	values[0] = CStringGetTextDatum(result->status);
	nulls[0] = false;
	values[10] = Int32GetDatum(result->retry_after);
	nulls[10] = result->retry_after == 0;
	if (result->signed_in)
	{
		values[1] = UUIDPGetDatum(&result->user_id);
		values[2] = UUIDPGetDatum(&result->session_id);
		values[3] = CStringGetTextDatum(users_role_name(result->is_admin));
		values[4] = CStringGetTextDatum(result->access_token);
		values[5] = CStringGetTextDatum("Bearer");
		values[6] = TimestampTzGetDatum(result->expires_at);
		values[7] = Int32GetDatum(result->expires_in);
		values[8] = CStringGetTextDatum(result->refresh_token);
		nulls[8] = by_cookie;
		values[9] = TimestampTzGetDatum(result->refresh_expires_at);
	}
	return users_row(fcinfo, values, nulls, lengthof(values));
}

char *
users_text_argument(FunctionCallInfo fcinfo, int n)
{
	if (PG_ARGISNULL(n))
		return NULL;
	return text_to_cstring(PG_GETARG_TEXT_PP(n));
}

char *
users_trimmed_argument(FunctionCallInfo fcinfo, int n)
{
	text *given;
	const char *start;
	size_t len;

	if (PG_ARGISNULL(n))
		return pstrdup("");
	given = PG_GETARG_TEXT_PP(n);
	start = VARDATA_ANY(given);
	len = VARSIZE_ANY_EXHDR(given);
	users_trim(&start, &len);
	return pnstrdup(start, len);
}

char *
users_label_argument(FunctionCallInfo fcinfo, int n)
{
	char *label;
	text *given;
	const char *start;
	size_t len;

	if (PG_ARGISNULL(n))
		return NULL;
	given = PG_GETARG_TEXT_PP(n);
	start = VARDATA_ANY(given);
	len = VARSIZE_ANY_EXHDR(given);
	users_trim(&start, &len);
	label = palloc(LABEL_MAX);
	if (users_printable_text(label, LABEL_MAX, start, len) == 0)
		return NULL;
	return label;
}
