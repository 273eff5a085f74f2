#include "pg.h"

#include "errors.h"
#include "outcome.h"
#include "permission.h"
#include "place.h"
#include "scope.h"

const pg_uuid_t *
users_scope_object(const UsersScope *scope)
{
	return scope->object_type == NULL ? NULL : &scope->object_id;
}

void
users_scope_argument(UsersScope *scope, FunctionCallInfo fcinfo, int n)
{
	static const char both[] =
		"Give both object_type and object_id, or neither.";
	static const pg_uuid_t nil;

	scope->object_type = users_text_argument(fcinfo, n);
	if (PG_ARGISNULL(n + 1))
	{
		if (scope->object_type != NULL)
			users_raise_detail(USERS_E_WORD, "object_id", "%s", both);
		return;
	}
	if (scope->object_type == NULL)
		users_raise_detail(USERS_E_WORD, "object_type", "%s", both);
	scope->object_id = *PG_GETARG_UUID_P(n + 1);
	if (memcmp(&scope->object_id, &nil, sizeof(nil)) == 0)
		users_raise_detail(USERS_E_WORD, "object_id",
						   "The nil UUID is no object.");
}

void
users_check_scope_type(const UsersScope *scope)
{
	if (scope->object_type == NULL)
		return;
	if (strlen(scope->object_type) > USERS_PERMISSION_MAX ||
		!users_object_type_exists(scope->object_type))
		users_raise(USERS_E_OBJECT_TYPE, "object_type");
	/* A domain is no object in a domain: roles on it are roles on the whole. */
	if (strcmp(scope->object_type, "domain") == 0)
		users_raise_detail(USERS_E_OBJECT_TYPE, "object_type",
						   "For the whole domain leave object_type and "
						   "object_id out.");
}

void
users_check_scope_place(const UsersScope *scope, const UsersActor *actor,
						const pg_uuid_t *domain_id)
{
	UsersPlace place;
	UsersPlaceAnswer answer;

	if (scope->object_type == NULL)
		return;
	answer =
		users_find_place(&place, scope->object_type, &scope->object_id, true);
	if (answer == USERS_PLACE_NO_ROW)
		users_refuse(actor, "object_id");
	if (answer == USERS_PLACE_FOUND &&
		(!place.has_domain ||
		 memcmp(&place.domain_id, domain_id, sizeof(pg_uuid_t)) != 0))
		users_raise(USERS_E_NOT_PERMITTED, NULL);
}
