#include "pg.h"

#include "caller.h"
#include "circle.h"
#include "errors.h"
#include "identity.h"
#include "outcome.h"
#include "settings.h"

#define QUERY_MIN 3	  /* characters: fewer would list everybody bit by bit */
#define QUERY_MAX 256 /* characters: longer than any two names */
#define ROWS_MAX  50

PG_FUNCTION_INFO_V1(users_search);

/* Finds people into the result. domains NULL: among everybody. */
static void
search(UsersCall *call, ReturnSetInfo *result, const char *query,
	   ArrayType *domains, int rows)
{
	uint64 count;

	users_enter_owner(call);
	count = users_find_people(query, domains, rows);
	for (uint64 i = 0; i < count; i++)
		tuplestore_puttuple(result->setResult, SPI_tuptable->vals[i]);
	users_leave_owner(call);
}

/* users_search(query text, max_rows integer) SETOF users_found_person */
Datum
users_search(PG_FUNCTION_ARGS)
{
	UsersCall call;
	const UsersIdentity *identity;
	ArrayType *domains = NULL;
	char *query;
	int chars;
	int rows = PG_ARGISNULL(1) ? 10 : PG_GETARG_INT32(1);

	users_begin(&call, "users_search", USERS_READS);
	identity = users_identity();
	if (identity == NULL && !users_is_administrator(&call))
		users_raise(USERS_E_NO_IDENTITY, NULL);
	if (rows < 1)
		users_raise_detail(USERS_E_RANGE, "max_rows", "It is 1 to %d.",
						   ROWS_MAX);
	query = users_trimmed_argument(fcinfo, 0);
	InitMaterializedSRF(fcinfo, 0);
	chars = pg_mbstrlen(query);
	if (chars < QUERY_MIN || chars > QUERY_MAX)
		return (Datum) 0;
	if (identity != NULL && !users_is_administrator(&call) &&
		users_settings.search_scope == USERS_SEARCH_SHARED)
		domains = users_circle_domains(&identity->user_id);
	if (domains == NULL || ARR_NDIM(domains) > 0)
		search(&call, (ReturnSetInfo *) fcinfo->resultinfo, query, domains,
			   Min(rows, ROWS_MAX));
	return (Datum) 0;
}
