#include "pg.h"

#include "actor.h"
#include "audit.h"
#include "errors.h"
#include "field.h"
#include "holding.h"
#include "outcome.h"
#include "permission.h"
#include "role.h"
#include "shown.h"

PG_FUNCTION_INFO_V1(users_create_role);
PG_FUNCTION_INFO_V1(users_update_role);
PG_FUNCTION_INFO_V1(users_delete_role);

/* A change of a role; it is made, or found under an id. */
typedef struct RoleChange
{
	UsersChange base;
	UsersRole role;
	char *name;		   /* NULL: stays */
	Datum permissions; /* 0: stay */
} RoleChange;

/* Raises unless the actor holds all of these words on the whole domain: nobody
 * gives or takes what they do not have. */
static void
require_words(const UsersChange *base, Datum permissions)
{
	if (!base->actor.administrator &&
		!users_holds_all_now(&base->actor.id, permissions, false,
							 &base->domain_id, NULL, NULL))
		users_raise(USERS_E_NOT_PERMITTED, NULL);
}

static void
audit_role(const char *event, const RoleChange *change)
{
	users_audit_domain(event, &change->base.domain_id, NULL, "role_id",
					   DatumGetCString(DirectFunctionCall1(
						   uuid_out, UUIDPGetDatum(&change->role.id))));
}

/* Ends it, with the role's row. */
static Datum
end_with_row(const RoleChange *change, UsersCall *call, FunctionCallInfo fcinfo)
{
	UsersShown shown;

	users_show_role(&shown, &change->role.id, call->context);
	users_leave_owner(call);
	return users_row(fcinfo, shown.values, shown.nulls, USERS_ROLE_COLUMNS);
}

/* ---- making ---- */

static void
judge_create(UsersChange *base)
{
	users_judge_domain(base, "domain:manage_roles");
	require_words(base, ((RoleChange *) base)->permissions);
}

static void
apply_create(UsersChange *base)
{
	RoleChange *change = (RoleChange *) base;

	change->role.domain_id = base->domain_id;
	change->role.name = change->name;
	change->role.permissions = change->permissions;
	if (!users_insert_role(&change->role, users_actor_id(&base->actor)))
		users_raise(USERS_E_ROLE_TAKEN, "name");
}

/* users_create_role(domain_id uuid, name text, permissions text[]) users_roles
 */
Datum
users_create_role(PG_FUNCTION_ARGS)
{
	UsersCall call;
	RoleChange change = { .base = { .judge = judge_create,
									.apply = apply_create,
									.argument = "domain_id" } };

	users_begin(&call, "users_create_role", USERS_WRITES);
	users_begin_actor(&change.base.actor, &call);
	change.base.context = call.context;
	change.name = users_name_argument(fcinfo, 1, "name");
	users_enter_owner(&call);
	change.permissions = users_permissions_argument(fcinfo, 2);
	if (PG_ARGISNULL(0))
		users_refuse(&change.base.actor, "domain_id");
	change.base.domain_id = *PG_GETARG_UUID_P(0);
	users_carry_out(&change.base);
	audit_role("role_created", &change);
	return end_with_row(&change, &call, fcinfo);
}

/* ---- changing and deleting ---- */

/* Reads the role, and judges whether the actor may change the roles of its
 * domain; US011 for the built-in one. */
static void
judge_role(UsersChange *base)
{
	RoleChange *change = (RoleChange *) base;

	if (!users_find_role(&change->role, &change->role.id, base->context))
		users_refuse(&base->actor, base->argument);
	base->domain_id = change->role.domain_id;
	users_judge_domain(base, "domain:manage_roles");
	if (change->role.built_in)
		users_raise_detail(USERS_E_STATE, "role_id",
						   "The role admin cannot be changed or deleted.");
}

static void
begin_change(RoleChange *change, UsersCall *call, FunctionCallInfo fcinfo)
{
	change->base.context = call->context;
	change->base.argument = "role_id";
	users_enter_owner(call);
	if (PG_ARGISNULL(0))
		users_refuse(&change->base.actor, "role_id");
	change->role.id = *PG_GETARG_UUID_P(0);
}

static void
judge_update(UsersChange *base)
{
	const RoleChange *change = (const RoleChange *) base;

	judge_role(base);
	if (change->permissions != (Datum) 0)
		require_words(base, users_differing_permissions(
								change->role.permissions, change->permissions,
								base->context));
}

static void
apply_update(UsersChange *base)
{
	RoleChange *change = (RoleChange *) base;

	if (change->name != NULL)
		change->role.name = change->name;
	if (change->permissions != (Datum) 0)
		change->role.permissions = change->permissions;
	if (!users_set_role(&change->role, users_actor_id(&base->actor)))
		users_raise(USERS_E_ROLE_TAKEN, "name");
}

/* users_update_role(role_id uuid, name text, permissions text[]) users_roles */
Datum
users_update_role(PG_FUNCTION_ARGS)
{
	UsersCall call;
	RoleChange change = { .base = { .judge = judge_update,
									.apply = apply_update } };

	users_begin(&call, "users_update_role", USERS_WRITES);
	users_begin_actor(&change.base.actor, &call);
	if (!PG_ARGISNULL(1))
		change.name = users_name_argument(fcinfo, 1, "name");
	begin_change(&change, &call, fcinfo);
	if (!PG_ARGISNULL(2))
		change.permissions = users_permissions_argument(fcinfo, 2);
	if (change.name == NULL && change.permissions == (Datum) 0)
		judge_update(&change.base);
	else
	{
		users_carry_out(&change.base);
		audit_role("role_updated", &change);
	}
	return end_with_row(&change, &call, fcinfo);
}

/* Deleting it takes it from all who hold it. */
static void
judge_delete(UsersChange *base)
{
	judge_role(base);
	require_words(base, ((RoleChange *) base)->role.permissions);
}

static void
apply_delete(UsersChange *base)
{
	users_delete_role_row(&((RoleChange *) base)->role.id);
}

/* users_delete_role(role_id uuid) boolean */
Datum
users_delete_role(PG_FUNCTION_ARGS)
{
	UsersCall call;
	RoleChange change = { .base = { .judge = judge_delete,
									.apply = apply_delete } };

	users_begin(&call, "users_delete_role", USERS_WRITES);
	users_begin_actor(&change.base.actor, &call);
	begin_change(&change, &call, fcinfo);
	users_carry_out(&change.base);
	audit_role("role_deleted", &change);
	users_leave_owner(&call);
	PG_RETURN_BOOL(true);
}
