#include "pg.h"

#include "account.h"
#include "actor.h"
#include "audit.h"
#include "errors.h"
#include "holding.h"
#include "outcome.h"
#include "role.h"
#include "scope.h"
#include "shown.h"

PG_FUNCTION_INFO_V1(users_grant_role);
PG_FUNCTION_INFO_V1(users_revoke_role);
PG_FUNCTION_INFO_V1(users_remove_member);

enum
{
	ROLE_ID,
	USER_ID,
	ON_TYPE
};

/* Somebody is put into a role, or taken out of it. */
typedef struct Membership
{
	UsersChange base;
	UsersRole role;
	UsersAccount person; /* of a grant; of others the id alone */
	UsersScope scope;
} Membership;

/* ---- arguments ---- */

/* Reads what grant and revoke are given, and works as the owner. */
static void
begin_change(Membership *change, UsersCall *call, FunctionCallInfo fcinfo)
{
	users_begin_actor(&change->base.actor, call);
	change->base.context = call->context;
	change->base.argument = "role_id";
	users_scope_argument(&change->scope, fcinfo, ON_TYPE);
	users_enter_owner(call);
	users_check_scope_type(&change->scope);
	if (PG_ARGISNULL(ROLE_ID))
		users_refuse(&change->base.actor, "role_id");
	if (PG_ARGISNULL(USER_ID))
		users_refuse(&change->base.actor, "user_id");
	change->role.id = *PG_GETARG_UUID_P(ROLE_ID);
	change->person.user_id = *PG_GETARG_UUID_P(USER_ID);
}

/* ---- judging ---- */

/* Reads the role; whether the actor may put people into it, and take them out
 * of it, on the object or the whole domain. */
static void
judge_role(UsersChange *base)
{
	Membership *change = (Membership *) base;

	if (!users_find_role(&change->role, &change->role.id, base->context))
		users_refuse(&base->actor, "role_id");
	base->domain_id = change->role.domain_id;
	if (base->actor.administrator)
		users_judge_domain(base, NULL);
	else if (!users_may_assign(&base->actor.id, &change->role,
							   change->scope.object_type,
							   users_scope_object(&change->scope)))
		users_refuse(&base->actor, "role_id");
}

/* Whom: anybody who is enabled, but on a whole domain only its members; others
 * are invited. That somebody is not there sounds the same. */
static void
judge_person(UsersChange *base)
{
	Membership *change = (Membership *) base;
	UsersAccount *person = &change->person;
	pg_uuid_t user_id = person->user_id;
	bool found = users_find_account(person, &user_id, base->context);

	if (base->actor.administrator)
	{
		if (!found)
			users_raise(USERS_E_UNKNOWN, "user_id");
		if (person->status != USERS_ENABLED)
			users_raise_detail(USERS_E_STATE, "user_id",
							   "The account is not enabled.");
		return;
	}
	found = found && person->status == USERS_ENABLED;
	if (found && (change->scope.object_type != NULL ||
				  users_has_any_role(&person->user_id, &base->domain_id)))
		return;
	if (change->scope.object_type != NULL)
		users_refuse(&base->actor, "user_id");
	users_raise_detail(USERS_E_NOT_PERMITTED, NULL,
					   "Who is not a member yet is invited: users_invite.");
}

static void
judge_grant(UsersChange *base)
{
	judge_role(base);
	judge_person(base);
}

/* Raises US010 when nobody else who is enabled holds the built-in role. */
static void
keep_last_admin(const UsersChange *base, const pg_uuid_t *user_id)
{
	UsersDomain domain;

	/* Nobody reaches a deleted one, so anybody may leave it. */
	if (users_find_domain(&domain, &base->domain_id, CurrentMemoryContext) &&
		strcmp(domain.status, "deleted") != 0 &&
		users_count_other_domain_admins(&base->domain_id, user_id) == 0)
		users_raise(USERS_E_LAST_ADMIN, "user_id");
}

/* ---- granting and revoking ---- */

static void
audit_membership(const char *event, const Membership *change)
{
	users_audit_object(event, &change->base.domain_id, &change->person.user_id,
					   change->scope.object_type,
					   users_scope_object(&change->scope), "role_id",
					   DatumGetCString(DirectFunctionCall1(
						   uuid_out, UUIDPGetDatum(&change->role.id))));
}

static void
apply_grant(UsersChange *base)
{
	const Membership *change = (const Membership *) base;

	base->changed = users_assign(
		&change->person.user_id, &change->role, change->scope.object_type,
		users_scope_object(&change->scope), users_actor_id(&base->actor));
}

/* The account first, as in deleting it: so neither waits for the other in a
 * circle, and nobody is given a role while they go. */
static void
grant(void *argument)
{
	Membership *change = argument;

	if (!users_lock_account(&change->person, false))
		users_raise_busy();
	users_judge_and_apply(&change->base);
}

/* users_grant_role(role_id, user_id, object_type, object_id)
 * users_role_members */
Datum
users_grant_role(PG_FUNCTION_ARGS)
{
	UsersCall call;
	Membership change = { .base = { .judge = judge_grant,
									.apply = apply_grant } };
	UsersShown shown;

	users_begin(&call, "users_grant_role", USERS_WRITES);
	begin_change(&change, &call, fcinfo);
	judge_grant(&change.base);
	users_leave_owner(&call);
	users_check_scope_place(&change.scope, &change.base.actor,
							&change.base.domain_id);
	users_enter_owner(&call);
	if (!users_with_patience(grant, &change))
		users_raise_busy();
	if (change.base.changed)
		audit_membership("role_granted", &change);
	users_show_role_member(&shown, &change.role.id, &change.person.user_id,
						   change.scope.object_type,
						   users_scope_object(&change.scope), call.context);
	users_leave_owner(&call);
	return users_row(fcinfo, shown.values, shown.nulls,
					 USERS_ROLE_MEMBER_COLUMNS);
}

static void
apply_revoke(UsersChange *base)
{
	const Membership *change = (const Membership *) base;
	const pg_uuid_t *user_id = &change->person.user_id;

	if (change->role.built_in && change->scope.object_type == NULL &&
		users_has_role(user_id, &change->role.id, NULL, NULL))
		keep_last_admin(base, user_id);
	base->changed =
		users_unassign(user_id, &change->role, change->scope.object_type,
					   users_scope_object(&change->scope));
}

/* users_revoke_role(role_id, user_id, object_type, object_id) boolean */
Datum
users_revoke_role(PG_FUNCTION_ARGS)
{
	UsersCall call;
	Membership change = { .base = { .judge = judge_role,
									.apply = apply_revoke } };

	users_begin(&call, "users_revoke_role", USERS_WRITES);
	begin_change(&change, &call, fcinfo);
	users_carry_out(&change.base);
	if (change.base.changed)
		audit_membership("role_revoked", &change);
	users_leave_owner(&call);
	PG_RETURN_BOOL(change.base.changed);
}

/* ---- removing and leaving ---- */

typedef struct Removal
{
	UsersChange base;
	pg_uuid_t user_id;
	bool leaves; /* by oneself, which needs nothing */
	UsersAssignment *held;
	int count;
	int64 taken;
} Removal;

/* Nobody takes what they do not hold there themselves. */
static void
require_power_over_held(const Removal *change)
{
	const UsersActor *actor = &change->base.actor;

	if (actor->administrator || change->leaves)
		return;
	for (int i = 0; i < change->count; i++)
	{
		const UsersAssignment *held = &change->held[i];

		if (!users_holds_all_now(
				&actor->id, held->role.permissions, held->role.built_in,
				&change->base.domain_id, held->object_type,
				held->object_type == NULL ? NULL : &held->object_id))
			users_refuse(actor, "user_id");
	}
}

static void
judge_removal(UsersChange *base)
{
	Removal *change = (Removal *) base;

	if (!change->leaves)
		users_judge_domain(base, "domain:manage_members");
	change->count = users_list_assignments(&change->held, &change->user_id,
										   &base->domain_id, base->context);
	require_power_over_held(change);
}

static void
apply_removal(UsersChange *base)
{
	Removal *change = (Removal *) base;

	for (int i = 0; i < change->count; i++)
		if (change->held[i].role.built_in &&
			change->held[i].object_type == NULL)
			keep_last_admin(base, &change->user_id);
	change->taken = users_unassign_all(&change->user_id, &base->domain_id);
}

/* Whose roles go: the second argument's, else the actor's own. */
static void
read_person(Removal *change, FunctionCallInfo fcinfo)
{
	const UsersActor *actor = &change->base.actor;

	if (PG_ARGISNULL(1) && !actor->has_id)
		users_raise(USERS_E_NO_IDENTITY, "user_id");
	change->user_id = PG_ARGISNULL(1) ? actor->id : *PG_GETARG_UUID_P(1);
	change->leaves = actor->has_id && memcmp(&change->user_id, &actor->id,
											 sizeof(pg_uuid_t)) == 0;
}

/* users_remove_member(domain_id uuid, user_id uuid) integer */
Datum
users_remove_member(PG_FUNCTION_ARGS)
{
	UsersCall call;
	Removal change = { .base = { .judge = judge_removal,
								 .apply = apply_removal,
								 .argument = "domain_id" } };

	users_begin(&call, "users_remove_member", USERS_WRITES);
	users_begin_actor(&change.base.actor, &call);
	change.base.context = call.context;
	read_person(&change, fcinfo);
	users_enter_owner(&call);
	if (PG_ARGISNULL(0))
		users_refuse(&change.base.actor, "domain_id");
	change.base.domain_id = *PG_GETARG_UUID_P(0);
	judge_removal(&change.base);
	/* Who has nothing there makes nobody wait. */
	if (change.count > 0 &&
		!users_with_patience(users_judge_and_apply, &change.base))
		users_raise_busy();
	if (change.taken > 0)
		users_audit_domain("member_removed", &change.base.domain_id,
						   &change.user_id, NULL, NULL);
	users_leave_owner(&call);
	PG_RETURN_INT32((int32) change.taken);
}
