#include "pg.h"

#include "account_import.h"
#include "actor.h"
#include "audit.h"
#include "errors.h"
#include "field.h"
#include "ids.h"
#include "invitation.h"
#include "outcome.h"
#include "permission.h"
#include "role.h"
#include "scope.h"
#include "settings.h"
#include "shown.h"

PG_FUNCTION_INFO_V1(users_import_domain);
PG_FUNCTION_INFO_V1(users_import_role);
PG_FUNCTION_INFO_V1(users_import_grant);
PG_FUNCTION_INFO_V1(users_import_invitation);

/* Runs what may wait; US016. */
static void
carry_out(void (*work)(void *), void *argument)
{
	if (!users_with_patience(work, argument))
		users_raise_busy();
}

/* The id of argument n, or a new one for NULL. */
static pg_uuid_t
id_or_new(FunctionCallInfo fcinfo, int n)
{
	const pg_uuid_t *given = users_import_id(fcinfo, n, "id");
	pg_uuid_t id;

	if (given != NULL)
		return *given;
	users_new_id(&id);
	return id;
}

/* An id that must be there; US014 for NULL. */
static pg_uuid_t
required_id(FunctionCallInfo fcinfo, int n, const char *argument)
{
	if (PG_ARGISNULL(n))
		users_raise(USERS_E_UNKNOWN, argument);
	return *PG_GETARG_UUID_P(n);
}

/* Who did something there: somebody who is or was registered here, or NULL. */
static const pg_uuid_t *
person_argument(FunctionCallInfo fcinfo, int n, const char *argument)
{
	const pg_uuid_t *id = PG_ARGISNULL(n) ? NULL : PG_GETARG_UUID_P(n);

	if (id != NULL && !users_person_exists(id))
		users_raise(USERS_E_UNKNOWN, argument);
	return id;
}

/* ---- domains ---- */

enum
{
	DOMAIN_ID,
	DOMAIN_NAME,
	DOMAIN_ROUTE,
	DOMAIN_STATUS,
	DOMAIN_TAGS,
	DOMAIN_METADATA,
	DOMAIN_CREATED_AT,
	DOMAIN_CREATED_BY,
	DOMAIN_UPDATED_AT,
	DOMAIN_UPDATED_BY
};

static const char *
read_status(FunctionCallInfo fcinfo)
{
	static const char *const words[] = { "enabled", "disabled", "frozen",
										 "deleted" };
	char *status = users_text_argument(fcinfo, DOMAIN_STATUS);

	for (size_t i = 0; status != NULL && i < lengthof(words); i++)
		if (strcmp(status, words[i]) == 0)
			return words[i];
	users_raise_detail(USERS_E_WORD, "status",
					   "It is enabled, disabled, frozen or deleted.");
}

/* What can be read without looking anything up. */
static void
read_domain(UsersDomainImport *domain, FunctionCallInfo fcinfo)
{
	TimestampTz updated_at = users_import_time(
		fcinfo, DOMAIN_UPDATED_AT, "updated_at", GetCurrentTimestamp());

	domain->id = id_or_new(fcinfo, DOMAIN_ID);
	domain->fields.name = users_name_argument(fcinfo, DOMAIN_NAME, "name");
	domain->fields.route = users_route_argument(fcinfo, DOMAIN_ROUTE);
	domain->status = read_status(fcinfo);
	domain->fields.tags = users_tags_argument(fcinfo, DOMAIN_TAGS);
	domain->fields.metadata = users_metadata_argument(fcinfo, DOMAIN_METADATA);
	domain->created_at =
		users_import_time(fcinfo, DOMAIN_CREATED_AT, "created_at", updated_at);
	domain->updated_at =
		PG_ARGISNULL(DOMAIN_UPDATED_AT) ? domain->created_at : updated_at;
}

static void
insert_domain(void *argument)
{
	const UsersDomainImport *domain = argument;
	UsersDomain other;
	pg_uuid_t admin_id;

	if (users_find_domain(&other, &domain->id, CurrentMemoryContext))
		users_raise(USERS_E_ID_TAKEN, "id");
	if (!users_import_domain_row(domain))
		users_raise(USERS_E_ROUTE_TAKEN, "route");
	users_insert_first_roles(&admin_id, &domain->id, domain->created_at,
							 domain->created_by);
}

/* users_import_domain(id, name, route, status, tags, metadata, created_at,
 * created_by, updated_at, updated_by) users_domains */
Datum
users_import_domain(PG_FUNCTION_ARGS)
{
	UsersCall call;
	UsersDomainImport domain = { .created_at = 0 };
	UsersShown shown;

	users_begin(&call, "users_import_domain", USERS_WRITES);
	users_require_dba(&call);
	read_domain(&domain, fcinfo);
	users_enter_owner(&call);
	domain.created_by =
		person_argument(fcinfo, DOMAIN_CREATED_BY, "created_by");
	domain.updated_by =
		person_argument(fcinfo, DOMAIN_UPDATED_BY, "updated_by");
	carry_out(insert_domain, &domain);
	users_audit_domain("imported", &domain.id, NULL, "what", "domain");
	users_show_domain(&shown, &domain.id, NULL, call.context);
	users_leave_owner(&call);
	return users_row(fcinfo, shown.values, shown.nulls, USERS_DOMAIN_COLUMNS);
}

/* ---- roles ---- */

enum
{
	ROLE_ID,
	ROLE_DOMAIN_ID,
	ROLE_NAME,
	ROLE_PERMISSIONS,
	ROLE_CREATED_AT
};

typedef struct RoleImport
{
	UsersRole role;
	TimestampTz created_at;
} RoleImport;

/* What it holds. The role admin holds everything: nobody says what. */
static void
read_permissions(UsersRole *role, FunctionCallInfo fcinfo)
{
	role->built_in = pg_strcasecmp(role->name, "admin") == 0;
	if (!role->built_in)
		role->permissions =
			users_permissions_argument(fcinfo, ROLE_PERMISSIONS);
	else if (PG_ARGISNULL(ROLE_PERMISSIONS))
	{
		role->name = pstrdup("admin");
		role->permissions = PointerGetDatum(construct_empty_array(TEXTOID));
	}
	else
		users_raise_detail(
			USERS_E_ROLE_TAKEN, "name",
			"The role admin is built in and holds every permission: give another name, or NULL for permissions to give it this id.");
}

static void
insert_role(void *argument)
{
	RoleImport *import = argument;
	const UsersRole *role = &import->role;
	UsersRole other;

	if (!users_lock_domain(&role->domain_id))
		users_raise(USERS_E_UNKNOWN, "domain_id");
	if (users_find_role(&other, &role->id, CurrentMemoryContext))
		users_raise(USERS_E_ID_TAKEN, "id");
	(void) users_drop_unused_first_role(&role->domain_id, role->name,
										role->built_in);
	if (!users_import_role_row(role, import->created_at, NULL))
		users_raise(USERS_E_ROLE_TAKEN, "name");
}

/* users_import_role(id, domain_id, name, permissions, created_at) users_roles
 */
Datum
users_import_role(PG_FUNCTION_ARGS)
{
	UsersCall call;
	RoleImport import = { .created_at = 0 };
	UsersRole *role = &import.role;
	UsersShown shown;

	users_begin(&call, "users_import_role", USERS_WRITES);
	users_require_dba(&call);
	role->id = id_or_new(fcinfo, ROLE_ID);
	role->domain_id = required_id(fcinfo, ROLE_DOMAIN_ID, "domain_id");
	role->name = users_name_argument(fcinfo, ROLE_NAME, "name");
	import.created_at = users_import_time(fcinfo, ROLE_CREATED_AT, "created_at",
										  GetCurrentTimestamp());
	users_enter_owner(&call);
	read_permissions(role, fcinfo);
	carry_out(insert_role, &import);
	users_audit_domain("imported", &role->domain_id, NULL, "what", "role");
	users_show_role(&shown, &role->id, call.context);
	users_leave_owner(&call);
	return users_row(fcinfo, shown.values, shown.nulls, USERS_ROLE_COLUMNS);
}

/* ---- who holds them ---- */

enum
{
	GRANT_ROLE_ID,
	GRANT_USER_ID,
	GRANT_OBJECT_TYPE,
	GRANT_OBJECT_ID,
	GRANT_GRANTED_AT,
	GRANT_GRANTED_BY
};

typedef struct GrantImport
{
	UsersActor actor;
	UsersRole role;
	UsersAccount person;
	UsersScope scope;
	TimestampTz granted_at;
	const pg_uuid_t *granted_by;
	bool changed; /* it was not held already */
} GrantImport;

/* What it is about, whatever the status of account and domain. */
static void
find_grant(GrantImport *import, FunctionCallInfo fcinfo, MemoryContext context)
{
	pg_uuid_t role_id = required_id(fcinfo, GRANT_ROLE_ID, "role_id");
	pg_uuid_t user_id = required_id(fcinfo, GRANT_USER_ID, "user_id");

	users_check_scope_type(&import->scope);
	if (!users_find_role(&import->role, &role_id, context))
		users_raise(USERS_E_UNKNOWN, "role_id");
	if (!users_find_account(&import->person, &user_id, context))
		users_raise(USERS_E_UNKNOWN, "user_id");
	import->granted_by =
		person_argument(fcinfo, GRANT_GRANTED_BY, "granted_by");
}

/* The account before the domain, as everywhere. */
static void
insert_grant(void *argument)
{
	GrantImport *import = argument;

	if (!users_lock_account(&import->person, false))
		users_raise_busy();
	if (!users_lock_domain(&import->role.domain_id))
		users_raise(USERS_E_UNKNOWN, "role_id");
	import->changed =
		users_assign_at(import->granted_at, &import->person.user_id,
						&import->role, import->scope.object_type,
						users_scope_object(&import->scope), import->granted_by);
}

/* users_import_grant(role_id, user_id, object_type, object_id, granted_at,
 * granted_by) users_role_members */
Datum
users_import_grant(PG_FUNCTION_ARGS)
{
	UsersCall call;
	GrantImport import = { .actor = { .administrator = true } };
	const pg_uuid_t *user_id = &import.person.user_id;
	UsersShown shown;

	users_begin(&call, "users_import_grant", USERS_WRITES);
	users_require_dba(&call);
	users_scope_argument(&import.scope, fcinfo, GRANT_OBJECT_TYPE);
	import.granted_at = users_import_time(fcinfo, GRANT_GRANTED_AT,
										  "granted_at", GetCurrentTimestamp());
	users_enter_owner(&call);
	find_grant(&import, fcinfo, call.context);
	users_leave_owner(&call);
	users_check_scope_place(&import.scope, &import.actor,
							&import.role.domain_id);
	users_enter_owner(&call);
	carry_out(insert_grant, &import);
	if (import.changed)
		users_audit_object("imported", &import.role.domain_id, user_id,
						   import.scope.object_type,
						   users_scope_object(&import.scope), "what", "grant");
	users_show_role_member(&shown, &import.role.id, user_id,
						   import.scope.object_type,
						   users_scope_object(&import.scope), call.context);
	users_leave_owner(&call);
	return users_row(fcinfo, shown.values, shown.nulls,
					 USERS_ROLE_MEMBER_COLUMNS);
}

/* ---- invitations ---- */

enum
{
	INVITATION_ID,
	INVITATION_ROLE_ID,
	INVITATION_INVITEE,
	INVITATION_INVITER_ID,
	INVITATION_CREATED_AT,
	INVITATION_EXPIRES_AT
};

typedef struct InvitationImport
{
	UsersInvitation invitation;
	TimestampTz created_at;
} InvitationImport;

static void
insert_invitation(void *argument)
{
	InvitationImport *import = argument;
	const UsersInvitation *invitation = &import->invitation;
	UsersInvitation other;
	pg_uuid_t pending;

	if (!users_lock_domain(&invitation->domain_id))
		users_raise(USERS_E_UNKNOWN, "role_id");
	if (users_find_invitation(&other, &invitation->id, CurrentMemoryContext))
		users_raise(USERS_E_ID_TAKEN, "id");
	if (users_find_pending_invitation(&pending, &invitation->role_id,
									  invitation->invitee))
		users_raise(USERS_E_INVITED_ALREADY, "invitee");
	if (!invitation->by_email &&
		users_has_role(&invitation->invitee_id, &invitation->role_id, NULL,
					   NULL))
		users_raise(USERS_E_HOLDS_ROLE, "invitee");
	users_insert_invitation(invitation, import->created_at);
}

/* The role, the inviter, and who is invited. */
static void
find_invitation(UsersInvitation *invitation, FunctionCallInfo fcinfo,
				MemoryContext context)
{
	const pg_uuid_t *inviter;
	UsersRole role;

	invitation->role_id = required_id(fcinfo, INVITATION_ROLE_ID, "role_id");
	if (!users_find_role(&role, &invitation->role_id, context))
		users_raise(USERS_E_UNKNOWN, "role_id");
	invitation->domain_id = role.domain_id;
	inviter = person_argument(fcinfo, INVITATION_INVITER_ID, "inviter_id");
	invitation->has_inviter = inviter != NULL;
	if (inviter != NULL)
		invitation->inviter_id = *inviter;
	if (!users_find_bearer(invitation))
		users_raise_busy();
}

/* users_import_invitation(id, role_id, invitee, inviter_id, created_at,
 * expires_at) users_invitations */
Datum
users_import_invitation(PG_FUNCTION_ARGS)
{
	UsersCall call;
	InvitationImport import = { .created_at = 0 };
	UsersInvitation *invitation = &import.invitation;
	TimestampTz now = GetCurrentTimestamp();
	UsersShown shown;

	users_begin(&call, "users_import_invitation", USERS_WRITES | USERS_SECRET);
	users_require_dba(&call);
	invitation->id = id_or_new(fcinfo, INVITATION_ID);
	users_invitee_argument(invitation, fcinfo, INVITATION_INVITEE);
	import.created_at =
		users_import_time(fcinfo, INVITATION_CREATED_AT, "created_at", now);
	invitation->expires_at =
		users_import_time(fcinfo, INVITATION_EXPIRES_AT, "expires_at",
						  users_after(now, users_settings.invitation_ttl));
	users_enter_owner(&call);
	find_invitation(invitation, fcinfo, call.context);
	carry_out(insert_invitation, &import);
	users_audit_domain("imported", &invitation->domain_id, NULL, "what",
					   "invitation");
	users_show_invitation(&shown, &invitation->id, call.context);
	users_leave_owner(&call);
	return users_row(fcinfo, shown.values, shown.nulls,
					 USERS_INVITATION_COLUMNS);
}
