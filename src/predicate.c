#include "pg.h"

#include "caller.h"
#include "errors.h"
#include "holder.h"
#include "holding.h"
#include "identity.h"
#include "predicate.h"

/* The permission that was asked for last at a call in a statement. */
typedef struct Asked
{
	bool known;
	bool constant; /* known, and stands in the query */
	int word;
	size_t len;
	char text[USERS_PERMISSION_MAX];
} Asked;

static int
find_word(const char *text, size_t len)
{
	UsersPermission permission;
	int word = -1;

	if (len <= USERS_PERMISSION_MAX &&
		users_permission_parse(&permission, text, len))
		word = users_find_word(&permission);
	if (word < 0)
		users_raise(USERS_E_PERMISSION, "permission");
	return word;
}

static bool
is_constant(FunctionCallInfo fcinfo, int n)
{
	const Node *call = fcinfo->flinfo->fn_expr;

	return call != NULL && IsA(call, FuncExpr) &&
		   IsA(list_nth(((const FuncExpr *) call)->args, n), Const);
}

static int
find_asked(FunctionCallInfo fcinfo, int n)
{
	const text *argument = PG_GETARG_TEXT_PP(n);
	const char *word = VARDATA_ANY(argument);
	size_t len = VARSIZE_ANY_EXHDR(argument);
	Asked *asked = fcinfo->flinfo->fn_extra;

	/* By what it says: the memory of a variable is used again. */
	if (asked != NULL && asked->known && asked->len == len &&
		memcmp(asked->text, word, len) == 0)
		return asked->word;
	if (asked == NULL)
	{
		asked = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(Asked));
		fcinfo->flinfo->fn_extra = asked;
	}
	asked->known = false;
	asked->word = find_word(word, len);
	memcpy(asked->text, word, len);
	asked->len = len;
	asked->constant = is_constant(fcinfo, n);
	asked->known = true;
	return asked->word;
}

int
users_word_argument(FunctionCallInfo fcinfo, int n)
{
	const Asked *asked = fcinfo->flinfo->fn_extra;

	return likely(asked != NULL && asked->constant) ? asked->word
													: find_asked(fcinfo, n);
}

PG_FUNCTION_INFO_V1(users_can_in);
PG_FUNCTION_INFO_V1(users_can_on);
PG_FUNCTION_INFO_V1(users_is_member);
PG_FUNCTION_INFO_V1(users_permitted_domains);
PG_FUNCTION_INFO_V1(users_permitted_objects);
PG_FUNCTION_INFO_V1(users_member_domains);

/* users_can_in(permission text, domain_id uuid) boolean */
Datum
users_can_in(PG_FUNCTION_ARGS)
{
	const UsersIdentity *identity = users_identity();
	int word;

	if (PG_ARGISNULL(0))
		PG_RETURN_BOOL(false);
	/* With nobody and for no domain, too: a policy with a mistyped word does
	 * not wait for its first visitor. */
	word = users_word_argument(fcinfo, 0);
	if (identity == NULL || PG_ARGISNULL(1))
		PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(
		users_holds_word_in(&identity->user_id, word, PG_GETARG_UUID_P(1)));
}

/* users_can_on(permission text, domain_id uuid, object_id uuid) boolean */
Datum
users_can_on(PG_FUNCTION_ARGS)
{
	const UsersIdentity *identity = users_identity();
	int word;

	if (PG_ARGISNULL(0))
		PG_RETURN_BOOL(false);
	word = users_word_argument(fcinfo, 0);
	if (identity == NULL || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(users_holds_word_on(
		&identity->user_id, word, PG_GETARG_UUID_P(1), PG_GETARG_UUID_P(2)));
}

/* users_is_member(domain_id uuid) boolean */
Datum
users_is_member(PG_FUNCTION_ARGS)
{
	const UsersIdentity *identity = users_identity();

	if (identity == NULL || PG_ARGISNULL(0))
		PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(users_is_member_of(&identity->user_id, PG_GETARG_UUID_P(0)));
}

/* Whose permissions are asked for by argument n, user_id; NULL: nobody's.
 * Somebody else's are for services and administrators. */
static const pg_uuid_t *
asked_user(FunctionCallInfo fcinfo, int n, const char *function)
{
	const UsersIdentity *identity = users_identity();
	UsersCall call;

	if (PG_ARGISNULL(n))
		return identity == NULL ? NULL : &identity->user_id;
	if (identity == NULL ||
		memcmp(PG_GETARG_UUID_P(n), &identity->user_id, sizeof(pg_uuid_t)) != 0)
	{
		users_begin(&call, function, USERS_READS | USERS_ANYWHERE);
		users_require_service(&call);
	}
	return PG_GETARG_UUID_P(n);
}

static Datum
permitted(FunctionCallInfo fcinfo, const char *function, bool of_objects)
{
	const pg_uuid_t *user_id = asked_user(fcinfo, 1, function);
	int word = PG_ARGISNULL(0) ? -1 : users_word_argument(fcinfo, 0);

	if (word < 0 || user_id == NULL)
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(UUIDOID));
	PG_RETURN_ARRAYTYPE_P(
		users_holder_list(users_holder(user_id), word, of_objects));
}

/* users_permitted_domains(permission text, user_id uuid) uuid[] */
Datum
users_permitted_domains(PG_FUNCTION_ARGS)
{
	return permitted(fcinfo, "users_permitted_domains", false);
}

/* users_permitted_objects(permission text, user_id uuid) uuid[] */
Datum
users_permitted_objects(PG_FUNCTION_ARGS)
{
	return permitted(fcinfo, "users_permitted_objects", true);
}

/* users.member_domains() uuid[]: what users_is_member becomes in an index. */
Datum
users_member_domains(PG_FUNCTION_ARGS)
{
	const UsersIdentity *identity = users_identity();

	PG_RETURN_ARRAYTYPE_P(
		identity == NULL
			? construct_empty_array(UUIDOID)
			: users_holder_list(users_holder(&identity->user_id), -1, false));
}
