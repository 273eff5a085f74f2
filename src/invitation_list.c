#include "pg.h"

#include "account.h"
#include "caller.h"
#include "holding.h"
#include "identity.h"
#include "invitation_list.h"
#include "query.h"

#define VIEW_MEMBERS "domain:view_members"
#define INVITERS_MAX 16

enum
{
	RECEIVED,
	INVITER
};

/* The tables invitation, domain, role and person together: a list is one
 * statement. The conditions of RECEIVED are those of users_invitation_is_for,
 * each with an index of its own. */
/* clang-format off */
static UsersQuery queries[] = {
	[RECEIVED] = {
		.sql = "SELECT i.id, i.domain_id, d.name, d.route, i.role_id, r.name, i.inviter_id,"
			   "       " USERS_FULL_NAME ","
			   "       CASE WHEN i.status" EQ "'accepted' THEN i.accepted_by ELSE $1 END,"
			   "       i.invitee, i.status, i.created_at, i.expires_at, i.answered_at"
			   "  FROM users.invitation i"
			   "  JOIN users.domain d ON d.id" EQ "i.domain_id"
			   "  JOIN users.role r ON r.id" EQ "i.role_id"
			   "  LEFT JOIN users.person p ON p.user_id" EQ "i.inviter_id AND p.listed"
			   " WHERE d.status" NE "'deleted'"
			   "   AND (NOT i.by_email AND i.invitee_id" EQ "$1"
			   "        OR i.by_email AND i.invitee_key" EQ "pg_catalog.lower($2 COLLATE pg_catalog.\"C\")"
			   "        OR i.accepted_by" EQ "$1)",
		.types = { UUIDOID, TEXTOID } },
	/* Not the name of every id that somebody asks for. */
	[INVITER] = {
		.sql = "SELECT " USERS_FULL_NAME
			   "  FROM users.person p"
			   " WHERE p.user_id" EQ "$1 AND p.listed"
			   "   AND EXISTS (SELECT FROM users.invitation i WHERE i.inviter_id" EQ "$1 AND i.domain_id" EQ "$2)",
		.types = { UUIDOID, UUIDOID } },
};
/* clang-format on */

PG_FUNCTION_INFO_V1(users_received_invitations);
PG_FUNCTION_INFO_V1(users_inviter_of);

/* Every invitation that is somebody's, into the result. */
static void
list_received(ReturnSetInfo *result, const pg_uuid_t *user_id,
			  MemoryContext context)
{
	UsersAccount account;
	Datum values[2] = { UUIDPGetDatum(user_id) };
	uint64 count;

	if (!users_find_account(&account, user_id, context))
		return;
	values[1] = CStringGetTextDatum(account.email);
	/* An address that is not verified is not theirs yet. */
	count =
		users_read(&queries[RECEIVED], values, account.verified ? NULL : " n");
	for (uint64 i = 0; i < count; i++)
		tuplestore_puttuple(result->setResult, SPI_tuptable->vals[i]);
}

/* users.received_invitations() SETOF users.received_invitation */
Datum
users_received_invitations(PG_FUNCTION_ARGS)
{
	UsersCall call;
	const UsersIdentity *identity;
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	users_begin(&call, "users_invitations", USERS_READS | USERS_ANYWHERE);
	InitMaterializedSRF(fcinfo, 0);
	identity = users_identity();
	if (identity != NULL)
	{
		users_enter_owner(&call);
		list_received(result, &identity->user_id, call.context);
		users_leave_owner(&call);
	}
	return (Datum) 0;
}

/* Whether the caller sees who is in a domain, and who was invited. */
static bool
sees_members(const UsersCall *call, const pg_uuid_t *domain_id)
{
	const UsersIdentity *identity = users_identity();
	UsersPermission permission;

	if (users_is_administrator(call))
		return true;
	return identity != NULL &&
		   users_permission_parse(&permission, VIEW_MEMBERS,
								  strlen(VIEW_MEMBERS)) &&
		   users_holds_in(&identity->user_id, &permission, domain_id);
}

/* A name that this statement has asked for; invitations have few inviters. */
typedef struct Inviter
{
	pg_uuid_t id;
	pg_uuid_t domain_id;
	char *name; /* NULL: none */
} Inviter;

typedef struct Inviters
{
	Inviter list[INVITERS_MAX];
	int count; /* of all; the oldest gives way */
} Inviters;

/* What the statement remembers. */
static Inviters *
inviters_of(FunctionCallInfo fcinfo)
{
	FmgrInfo *info = fcinfo->flinfo;

	if (info->fn_extra == NULL)
		info->fn_extra =
			MemoryContextAllocZero(info->fn_mcxt, sizeof(Inviters));
	return info->fn_extra;
}

static const Inviter *
recall(const Inviters *inviters, const Inviter *wanted)
{
	for (int i = 0; i < Min(inviters->count, INVITERS_MAX); i++)
		if (memcmp(&inviters->list[i].id, &wanted->id, sizeof(pg_uuid_t)) ==
				0 &&
			memcmp(&inviters->list[i].domain_id, &wanted->domain_id,
				   sizeof(pg_uuid_t)) == 0)
			return &inviters->list[i];
	return NULL;
}

static const Inviter *
look_up(Inviters *inviters, UsersCall *call, const Inviter *wanted,
		MemoryContext context)
{
	Inviter *found = &inviters->list[inviters->count % INVITERS_MAX];
	Datum values[] = { UUIDPGetDatum(&wanted->id),
					   UUIDPGetDatum(&wanted->domain_id) };
	char *name = NULL;

	users_enter_owner(call);
	if (users_read(&queries[INVITER], values, NULL) > 0)
		name = users_column_text(0, 1, context);
	users_leave_owner(call);
	if (inviters->count >= INVITERS_MAX && found->name != NULL)
		pfree(found->name);
	*found = *wanted;
	found->name = name;
	inviters->count++;
	return found;
}

/* users.inviter_of(inviter_id uuid, domain_id uuid) text */
Datum
users_inviter_of(PG_FUNCTION_ARGS)
{
	UsersCall call;
	Inviter wanted = { .name = NULL };
	const Inviter *found;
	Inviters *inviters;

	users_begin(&call, "users_invitations", USERS_READS | USERS_ANYWHERE);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) ||
		!sees_members(&call, PG_GETARG_UUID_P(1)))
		PG_RETURN_NULL();
	wanted.id = *PG_GETARG_UUID_P(0);
	wanted.domain_id = *PG_GETARG_UUID_P(1);
	inviters = inviters_of(fcinfo);
	found = recall(inviters, &wanted);
	if (found == NULL)
		found = look_up(inviters, &call, &wanted, fcinfo->flinfo->fn_mcxt);
	if (found->name == NULL)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(CStringGetTextDatum(found->name));
}

void
users_init_invitation_list(void)
{
	users_register_queries(queries, lengthof(queries));
}
